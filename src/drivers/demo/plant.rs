//! The pumping station as a pure simulation: sewers and rain fill a wet well, three pumps lift it into five balancing
//! tanks, which feed the treatment works; weather above, energy meters beside.
//!
//! It has no clock and no I/O: time comes in as [`Plant::step`], everything else follows from the seed. Plant time runs
//! in steps of a quarter of a second, whatever pieces it is handed in, so that the same seed gives the same plant.
//! Invariant: what flowed in has flowed out, was spilt, or is held (see [`Balance`]).

use super::energy::Feeder;
use super::faults::{Fault, Script};
use super::instruments::Instruments;
use super::pumps::{self, Controller, Curve, PUMPS, Pump};
use super::tanks::{self, TANKS, Tank, WetWell};
use super::weather::{Catchment, DAY_SECS, Weather};
use fastrand::Rng;

/// One step of plant time, in microseconds.
const STEP_MICROS: i64 = 250_000;
const STEP_SECS: f64 = STEP_MICROS as f64 / 1e6;
/// When the plant's first day begins to be told, s after midnight; ten minutes to ten.
const FIRST_SECOND_OF_DAY: f64 = 9.0 * 3_600.0 + 50.0 * 60.0;
/// Wet well level that the pumps keep, m.
const WELL_SETPOINT_M: f64 = 2.0;
/// Levels that the tanks keep, percent.
const TANK_SETPOINTS: [f64; TANKS] = [55.0, 62.0, 58.0, 68.0, 65.0];

/// All water that came and went since the start, m³.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance {
    /// Held when the plant began.
    pub held_at_start: f64,
    /// Came down the sewers, rain among it.
    pub total_in: f64,
    /// Went to the treatment works.
    pub total_out: f64,
    /// Went over the weir or over a tank's brim.
    pub total_spilt: f64,
    /// Is in the wet well and the tanks now.
    pub held: f64,
}

impl Balance {
    /// What does not add up, m³; nothing but rounding, if the simulation is right.
    pub fn error(&self) -> f64 {
        self.total_in - self.total_out - self.total_spilt - (self.held - self.held_at_start)
    }
}

/// The plant, as it is. What instruments say of it is in [`Plant::instruments`].
#[derive(Debug, Clone)]
pub struct Plant {
    rng: Rng,
    /// Part of a step that is still to come.
    carry_micros: i64,
    /// Since midnight, s.
    pub second_of_day: f64,
    /// Since the start, s.
    pub seconds: f64,
    /// The weather.
    pub weather: Weather,
    /// Streets and sewers.
    pub catchment: Catchment,
    /// Where the sewers end.
    pub well: WetWell,
    /// Pumps 1, 2 (pump house 1) and 3 (pump house 2).
    pub pumps: [Pump; PUMPS],
    /// What runs the pumps.
    pub controller: Controller,
    /// Tanks 1 to 5.
    pub tanks: [Tank; TANKS],
    /// Feeder A (pump house 1), feeder B (pump house 2 and the building).
    pub feeders: [Feeder; 2],
    /// Down the sewers, m³/h.
    pub inflow: f64,
    /// What the works take from each tank while all is in balance, m³/h.
    works_flow: f64,
    /// Mains frequency, Hz.
    frequency: f64,
    /// What came and went, m³.
    pub balance: Balance,
    /// What goes wrong.
    pub script: Script,
    /// What the instruments say.
    pub instruments: Instruments,
}

impl Plant {
    /// A plant of this seed at ten in the morning of its own day, everything in balance, its first fault half a minute
    /// away. Its day is not the wall clock's, so that one seed tells one story at whatever hour it is told.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let large = Curve { shutoff_m: 80.0, droop: 4e-4, best_flow: 170.0, rated_kw: 75.0 };
        let small = Curve { shutoff_m: 80.0, droop: 9e-4, best_flow: 115.0, rated_kw: 55.0 };
        let tanks = TANK_SETPOINTS.map(Tank::new);
        let well = WetWell { volume: WELL_SETPOINT_M * WetWell::AREA_M2, spill_flow: 0.0 };
        let held = well.volume + tanks.iter().map(|t| t.volume).sum::<f64>();
        let mut plant = Self {
            carry_micros: 0,
            second_of_day: FIRST_SECOND_OF_DAY,
            seconds: 0.0,
            weather: Weather::new(&mut rng),
            catchment: Catchment::default(),
            well,
            pumps: [
                Pump::new(large, 11_204.6, 1_873, 0.12),
                Pump::new(large, 10_987.2, 1_790, 0.38),
                Pump::new(small, 4_312.9, 655, 0.06),
            ],
            controller: Controller::new(WELL_SETPOINT_M),
            tanks,
            feeders: [
                Feeder::new(1_284_511_370_250, [1.0, 1.02, 0.98]),
                Feeder::new(402_118_906_400, [1.05, 0.97, 0.98]),
            ],
            inflow: 0.0,
            works_flow: 65.0,
            frequency: 50.0,
            balance: Balance { held_at_start: held, total_in: 0.0, total_out: 0.0, total_spilt: 0.0, held },
            script: Script::quiet(),
            instruments: Instruments::new(seed),
            rng,
        };
        // Ten minutes of quiet first, so that nobody sees controllers find their places.
        plant.step(600.0);
        plant.seconds = 0.0;
        plant.balance = Balance {
            held_at_start: plant.balance.held,
            total_in: 0.0,
            total_out: 0.0,
            total_spilt: 0.0,
            ..plant.balance
        };
        plant.script = Script::new(seed);
        plant
    }

    /// A plant in which nothing ever goes wrong.
    pub fn without_faults(seed: u64) -> Self {
        Self { script: Script::quiet(), ..Self::new(seed) }
    }

    /// Lets `secs` of plant time go by; what is no whole step is kept for the next call.
    pub fn step(&mut self, secs: f64) {
        self.carry_micros = self.carry_micros.saturating_add((secs * 1e6).round() as i64);
        while self.carry_micros >= STEP_MICROS {
            self.carry_micros -= STEP_MICROS;
            self.step_once();
        }
    }

    fn step_once(&mut self) {
        let secs = STEP_SECS;
        self.seconds += secs;
        self.second_of_day = (self.second_of_day + secs).rem_euclid(DAY_SECS);
        self.script.step(secs);
        self.apply_faults(secs);

        let storm_peak = self.script.find(Fault::Storm).map(|s| 15.0 + 6.0 * s.severity);
        self.weather.step(&mut self.rng, self.second_of_day, storm_peak, secs);
        self.inflow = self.catchment.step(&mut self.rng, self.second_of_day, self.weather.rain_rate, secs);
        pumps::step(&mut self.controller, &mut self.pumps, self.well.level_m(), self.weather.temperature, secs);
        self.move_water(secs);

        let base = [3.5, 8.0 + if self.is_dark() { 2.5 } else { 0.0 }];
        let loads = [self.pumps[0].power_kw + self.pumps[1].power_kw, self.pumps[2].power_kw];
        self.frequency +=
            (50.0 - self.frequency) * secs / 20.0 + 0.003 * super::weather::noise(&mut self.rng) * secs.sqrt();
        let capacitors = [!self.script.has(Fault::CapacitorsOut), true];
        for (index, feeder) in self.feeders.iter_mut().enumerate() {
            feeder.step(&mut self.rng, loads[index] + base[index], capacitors[index], self.frequency, secs);
        }
        let mut instruments = std::mem::take(&mut self.instruments);
        instruments.read(self, secs);
        self.instruments = instruments;
    }

    /// What stands in the script, done to the plant.
    fn apply_faults(&mut self, secs: f64) {
        self.tanks[0].inlet.stuck_open = self.script.has(Fault::InletStuck);
        if self.tanks[0].level() > 95.3 {
            // Somebody is on the spot with a wheel key: in a quarter of a minute the valve moves again.
            self.script.relieve(Fault::InletStuck, 15.0);
        }
        for index in 0..PUMPS {
            if self.script.age_secs(Fault::PumpClogged(index)).is_some_and(|age| age < 25.0) {
                self.pumps[index].clogging = (self.pumps[index].clogging + secs / 12.0).min(1.0);
            }
        }
        let (goal, tau) = if self.script.has(Fault::BearingDry) { (1.0, 35.0) } else { (0.0, 20.0) };
        self.pumps[1].bearing += (goal - self.pumps[1].bearing) * secs / tau;
    }

    /// Sewers to well, well to tanks, tanks to works.
    fn move_water(&mut self, secs: f64) {
        let pumped_flow = self.station_flow();
        let (pumped, mut spilt) = self.well.step(self.inflow, pumped_flow, secs);
        self.works_flow += (pumped_flow / TANKS as f64 - self.works_flow) * secs / 45.0;
        let shares = tanks::shares(&self.tanks);
        let mut out = 0.0;
        for (tank, share) in self.tanks.iter_mut().zip(shares) {
            tank.steer(&mut self.rng, self.works_flow, secs);
            let (gone, over) = tank.step(pumped * share, secs);
            out += gone;
            spilt += over;
        }
        let balance = &mut self.balance;
        balance.total_in += self.inflow * secs / 3_600.0;
        balance.total_out += out;
        balance.total_spilt += spilt;
        balance.held = self.well.volume + self.tanks.iter().map(|t| t.volume).sum::<f64>();
    }

    /// All pumps together, m³/h.
    pub fn station_flow(&self) -> f64 {
        self.pumps.iter().map(|p| p.flow).sum()
    }

    /// Over the weir and over the brims, m³/h.
    pub fn spill_flow(&self) -> f64 {
        self.well.spill_flow + self.tanks.iter().map(|t| t.spill_flow).sum::<f64>()
    }

    /// Whether the lamps in the yard burn.
    pub fn is_dark(&self) -> bool {
        !(6.5 * 3_600.0..18.5 * 3_600.0).contains(&self.second_of_day)
    }
}
