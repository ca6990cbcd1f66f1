//! What the instruments say of the plant: a little noise, and their own faults.

use super::faults::Fault;
use super::plant::Plant;
use super::pumps::{PUMPS, PumpState, RATED_RPM};
use super::tanks::TANKS;
use super::weather::noise;
use fastrand::Rng;

/// What a level transmitter on a broken wire reads.
pub const BROKEN_WIRE: f64 = -9999.0;
/// Bar in a metre of water.
const BAR_PER_M: f64 = 0.0981;

/// Readings of one pump's panel.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PumpReadings {
    /// 1/min.
    pub speed_rpm: f64,
    /// 1/min.
    pub speed_setpoint_rpm: f64,
    /// m³/h.
    pub flow: f64,
    /// Discharge, bar.
    pub pressure_bar: f64,
    /// kW.
    pub power_kw: f64,
    /// A.
    pub current_a: f64,
    /// mm/s RMS.
    pub vibration: f64,
    /// °C.
    pub motor_celsius: f64,
}

/// All readings, as the controllers hold them.
#[derive(Debug, Clone)]
pub struct Instruments {
    rng: Rng,
    /// Percent; [`BROKEN_WIRE`] where the wire is broken.
    pub tank_levels: [f64; TANKS],
    /// m³/h.
    pub tank_inflows: [f64; TANKS],
    /// m³/h.
    pub tank_outflows: [f64; TANKS],
    /// m.
    pub well_level_m: f64,
    /// m³/h.
    pub inflow: f64,
    /// Of the water in the well, °C.
    pub water_celsius: f64,
    /// By pump.
    pub pumps: [PumpReadings; PUMPS],
    /// In the well, NTU.
    pub turbidity: f64,
    /// In the well.
    pub acidity_ph: f64,
    /// In the well, µS/cm.
    pub conductivity: f64,
    /// The river outside, m above datum.
    pub river_level_m: f64,
    /// The river gate, percent open.
    pub gate_position: f64,
    /// Air in pump house 1 and 2, °C.
    pub room_celsius: [f64; 2],
    /// Air in pump house 1 and 2, percent.
    pub room_humidity: [f64; 2],
}

/// An empty board; [`Instruments::read`] fills it.
impl Default for Instruments {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Instruments {
    /// Readings before the first step.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed.wrapping_add(0x1257_0000)),
            tank_levels: [0.0; TANKS],
            tank_inflows: [0.0; TANKS],
            tank_outflows: [0.0; TANKS],
            well_level_m: 0.0,
            inflow: 0.0,
            water_celsius: 13.0,
            pumps: [PumpReadings::default(); PUMPS],
            turbidity: 120.0,
            acidity_ph: 7.3,
            conductivity: 880.0,
            river_level_m: 1.42,
            gate_position: 40.0,
            room_celsius: [17.0, 15.0],
            room_humidity: [55.0, 60.0],
        }
    }

    /// Reads the plant as it is now.
    pub fn read(&mut self, plant: &Plant, secs: f64) {
        let script = &plant.script;
        let rng = &mut self.rng;
        // Transmitters damp over some seconds: noise is what is left of ripples.
        let damped = |old: f64, new: f64, tau: f64| old + (new - old) * (secs / tau).min(1.0);
        let first = self.well_level_m == 0.0;
        for (index, tank) in plant.tanks.iter().enumerate() {
            let level = (tank.level() + 0.05 * noise(rng)).clamp(0.0, 100.0);
            if index == 2 && script.has(Fault::LevelWireBroken) {
                self.tank_levels[index] = BROKEN_WIRE;
            } else if index != 1 || !script.has(Fault::LevelFrozen) {
                self.tank_levels[index] = level;
            }
            let beyond = if index == 3 && script.has(Fault::FlowBeyondSpan) { 4.2 } else { 1.0 };
            let inflow = tank.inflow * beyond * (1.0 + 0.004 * noise(rng));
            self.tank_inflows[index] = if first { inflow } else { damped(self.tank_inflows[index], inflow, 2.0) };
            self.tank_outflows[index] = (tank.outflow * (1.0 + 0.003 * noise(rng))).max(0.0);
        }
        self.well_level_m = (plant.well.level_m() + 0.004 * noise(rng)).max(0.0);
        let inflow = plant.inflow * (1.0 + 0.01 * noise(rng));
        self.inflow = if first { inflow } else { damped(self.inflow, inflow, 4.0) };
        for (readings, pump) in self.pumps.iter_mut().zip(&plant.pumps) {
            let turning = if pump.speed > 0.0 { 1.0 } else { 0.0 };
            let flow = (pump.flow * (1.0 + 0.006 * noise(rng))).max(0.0);
            // Behind the check valve of a pump at rest stands the head of the tanks.
            let pressure = if pump.speed > 0.0 { pump.head_m * BAR_PER_M + 0.02 * noise(rng) } else { 4.72 };
            *readings = PumpReadings {
                speed_rpm: (pump.speed * RATED_RPM + 0.8 * turning * noise(rng)).max(0.0),
                speed_setpoint_rpm: pump.speed_setpoint * RATED_RPM,
                flow: damped(readings.flow, flow, 1.5),
                pressure_bar: damped(readings.pressure_bar, pressure, 1.5),
                power_kw: (pump.power_kw * (1.0 + 0.005 * noise(rng))).max(0.0),
                current_a: (pump.current_a * (1.0 + 0.005 * noise(rng))).max(0.0),
                vibration: (pump.vibration + 0.08 * turning * noise(rng)).max(0.0),
                motor_celsius: pump.motor_celsius + 0.05 * noise(rng),
            };
        }
        let rain = plant.weather.rain_rate;
        self.water_celsius = damped(self.water_celsius, 13.0 - 0.05 * rain, 400.0);
        // The first flush is dirty, then rain dilutes.
        self.turbidity = damped(self.turbidity, 120.0 + 9.0 * rain, 60.0) + 0.4 * noise(rng);
        self.acidity_ph = damped(self.acidity_ph, 7.3 - 0.012 * rain, 90.0) + 0.0008 * noise(rng);
        self.conductivity = damped(self.conductivity, 880.0 - 12.0 * rain, 90.0) + 0.3 * noise(rng);
        self.river_level_m = damped(self.river_level_m, 1.42 + 0.03 * rain, 600.0) + 0.0005 * noise(rng);
        self.gate_position = damped(self.gate_position, (40.0 + 2.5 * rain).min(100.0), 30.0);
        let running = plant.pumps.iter().filter(|p| p.state == PumpState::Running).count() as f64;
        for (index, offset) in [3.5, 2.0].into_iter().enumerate() {
            let warm = plant.weather.temperature + offset + running;
            self.room_celsius[index] = damped(self.room_celsius[index], warm, 900.0);
            self.room_humidity[index] = damped(self.room_humidity[index], plant.weather.humidity - 12.0, 900.0);
        }
    }
}
