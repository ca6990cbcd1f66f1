//! Water in vessels: the wet well, five balancing tanks, and their valves.
//!
//! Invariant: water moves, it is never made. Every volume that leaves one place is added to another or to a total.

use super::weather::noise;
use fastrand::Rng;

/// Balancing tanks of the farm.
pub const TANKS: usize = 5;

/// A motor valve. Positions are 0 (shut) to 1 (open).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Valve {
    /// Where it is.
    pub position: f64,
    /// Where it should be.
    pub command: f64,
    /// It does not follow its command: it has run open and stays there.
    pub stuck_open: bool,
}

impl Valve {
    /// Stroke per second: 40 s from end to end.
    const STROKE_PER_SEC: f64 = 0.025;

    /// A valve at rest.
    pub const fn at(position: f64) -> Self {
        Self { position, command: position, stuck_open: false }
    }

    /// Moves towards the command, or open when stuck.
    fn step(&mut self, command: f64, secs: f64) {
        self.command = command.clamp(0.0, 1.0);
        let goal = if self.stuck_open { 1.0 } else { self.command };
        let most = Self::STROKE_PER_SEC * secs;
        self.position += (goal - self.position).clamp(-most, most);
    }
}

/// The wet well that the sewers run into; what it cannot hold runs over a weir to the river.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WetWell {
    /// m³.
    pub volume: f64,
    /// Over the weir, m³/h.
    pub spill_flow: f64,
}

impl WetWell {
    /// Floor, m².
    pub const AREA_M2: f64 = 12.0;
    /// Height of the weir's crest, m.
    pub const WEIR_M: f64 = 4.2;

    /// m above the floor.
    pub fn level_m(&self) -> f64 {
        self.volume / Self::AREA_M2
    }

    /// Takes in and gives out for `secs`; flows in m³/h. Answers the volume pumped and the volume spilt, m³.
    pub fn step(&mut self, inflow: f64, pumped_flow: f64, secs: f64) -> (f64, f64) {
        let hours = secs / 3_600.0;
        self.volume += inflow * hours;
        let pumped = (pumped_flow * hours).min(self.volume);
        self.volume -= pumped;
        // A broad weir of 1.5 m: Q = 1.7 b h^1.5 in m³/s.
        let over_m = (self.level_m() - Self::WEIR_M).max(0.0);
        let spilt = (1.7 * 1.5 * over_m.powf(1.5) * secs).min(over_m * Self::AREA_M2);
        self.volume -= spilt;
        self.spill_flow = spilt / hours;
        (pumped, spilt)
    }
}

/// A balancing tank: an inlet valve that keeps its level, an outlet that feeds the works.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tank {
    /// m³.
    pub volume: f64,
    /// Level asked for, percent.
    pub level_setpoint: f64,
    /// V-101 to V-105.
    pub inlet: Valve,
    /// V-201 to V-205.
    pub outlet: Valve,
    /// m³/h.
    pub inflow: f64,
    /// m³/h.
    pub outflow: f64,
    /// Over the brim, m³/h.
    pub spill_flow: f64,
    /// How much more or less than its share the works take now, about a tenth.
    draw: f64,
}

impl Tank {
    /// m³.
    pub const CAPACITY: f64 = 19.0;
    /// Inlet position in balance. A valve stuck open so takes four shares of the flow.
    const INLET_REST: f64 = 0.25;
    /// Through an open outlet from a full tank, m³/h.
    const OUTLET_FULL_FLOW: f64 = 210.0;

    /// A tank in balance.
    pub fn new(level_setpoint: f64) -> Self {
        Self {
            volume: level_setpoint / 100.0 * Self::CAPACITY,
            level_setpoint,
            inlet: Valve::at(Self::INLET_REST),
            outlet: Valve::at(0.4),
            inflow: 60.0,
            outflow: 60.0,
            spill_flow: 0.0,
            draw: 0.0,
        }
    }

    /// Percent of the height.
    pub fn level(&self) -> f64 {
        self.volume / Self::CAPACITY * 100.0
    }

    /// Moves both valves. `works_flow` is what the works take from each tank while all is in balance, m³/h.
    pub fn steer(&mut self, rng: &mut Rng, works_flow: f64, secs: f64) {
        self.draw += -self.draw * secs / 100.0 + noise(rng) * (secs / 100.0).sqrt();
        let low_by = self.level_setpoint - self.level();
        self.inlet.step((Self::INLET_REST + 0.012 * low_by).clamp(0.06, 0.6), secs);
        let wish = works_flow * ((1.0 - 0.006 * low_by).clamp(0.85, 1.15) + 0.07 * self.draw);
        self.outlet.step(wish / self.free_outflow().max(1.0), secs);
    }

    /// Through the outlet if it were open: the square root of the height drives it.
    fn free_outflow(&self) -> f64 {
        Self::OUTLET_FULL_FLOW * (self.level() / 100.0).max(0.0).sqrt()
    }

    /// Takes `volume_in` m³ in and lets out for `secs`. Answers volumes out and spilt, m³.
    pub fn step(&mut self, volume_in: f64, secs: f64) -> (f64, f64) {
        let hours = secs / 3_600.0;
        let out = (self.outlet.position * self.free_outflow() * hours).min(self.volume);
        self.volume += volume_in - out;
        let spilt = (self.volume - Self::CAPACITY).max(0.0);
        self.volume -= spilt;
        self.inflow = volume_in / hours;
        self.outflow = out / hours;
        self.spill_flow = spilt / hours;
        (out, spilt)
    }
}

/// The splitter of the farm: each tank gets its share by the opening of its inlet.
pub fn shares(tanks: &[Tank; TANKS]) -> [f64; TANKS] {
    let total: f64 = tanks.iter().map(|t| t.inlet.position).sum();
    tanks.map(|t| if total > 0.0 { t.inlet.position / total } else { 1.0 / TANKS as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_flows_in_is_held_let_out_or_spilt() {
        let mut rng = Rng::with_seed(2);
        let mut tank = Tank::new(90.0);
        let (before, mut fed, mut gone) = (tank.volume, 0.0, 0.0);
        for _ in 0..4_000 {
            tank.steer(&mut rng, 20.0, 0.25);
            let (out, spilt) = tank.step(0.02, 0.25);
            fed += 0.02;
            gone += out + spilt;
        }
        assert!((fed - gone - (tank.volume - before)).abs() < 1e-9 * fed);
        assert!(tank.spill_flow > 0.0, "this much overflows");
        assert!((tank.level() - 100.0).abs() < 1e-9);
    }

    #[test]
    fn the_wet_well_spills_only_over_its_weir() {
        let mut well = WetWell { volume: 2.0 * WetWell::AREA_M2, spill_flow: 0.0 };
        assert_eq!(well.step(300.0, 300.0, 1.0).1, 0.0);
        for _ in 0..3_600 {
            well.step(600.0, 0.0, 1.0);
        }
        assert!(well.level_m() > WetWell::WEIR_M && well.level_m() < 4.5, "{}", well.level_m());
        assert!((well.spill_flow - 600.0).abs() < 1.0);
    }

    #[test]
    fn a_stuck_valve_opens_and_takes_a_bigger_share() {
        let mut rng = Rng::with_seed(2);
        let mut tanks = [Tank::new(60.0); TANKS];
        tanks[0].inlet.stuck_open = true;
        for _ in 0..200 {
            for tank in &mut tanks {
                tank.steer(&mut rng, 60.0, 0.25);
            }
        }
        assert_eq!(tanks[0].inlet.position, 1.0);
        assert!(shares(&tanks)[0] > 0.45, "{:?}", shares(&tanks));
    }
}
