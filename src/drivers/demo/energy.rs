//! Two feeders with a three-phase meter each.

use super::weather::noise;
use fastrand::Rng;

/// A feeder as its meter sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Feeder {
    /// Phase to neutral, V.
    pub volts: [f64; 3],
    /// A.
    pub amps: [f64; 3],
    /// kW.
    pub power_kw: f64,
    /// kvar, inductive.
    pub reactive_kvar: f64,
    /// cos φ.
    pub power_factor: f64,
    /// Hz.
    pub frequency: f64,
    /// Energy drawn since the meter was made, Wh.
    pub energy_wh: u64,
    /// Energy not yet a whole watt-hour.
    rest_wh: f64,
    /// How much of the load hangs on each phase; sums to 3.
    balance: [f64; 3],
}

impl Feeder {
    /// A feeder whose meter stands at `energy_wh`.
    pub fn new(energy_wh: u64, balance: [f64; 3]) -> Self {
        Self {
            volts: [230.0; 3],
            amps: [0.0; 3],
            power_kw: 0.0,
            reactive_kvar: 0.0,
            power_factor: 0.95,
            frequency: 50.0,
            energy_wh,
            rest_wh: 0.0,
            balance,
        }
    }

    /// Draws `load_kw` for `secs`. With its capacitors out a feeder's power factor is that of its motors.
    pub fn step(&mut self, rng: &mut Rng, load_kw: f64, capacitors: bool, frequency: f64, secs: f64) {
        let towards = |tau: f64| (secs / tau).min(1.0);
        let goal = if capacitors { 0.955 } else { 0.835 };
        self.power_factor += (goal - self.power_factor) * towards(4.0) + 0.0006 * noise(rng) * secs.sqrt();
        self.power_factor = self.power_factor.clamp(0.5, 1.0);
        self.power_kw = load_kw;
        self.reactive_kvar = load_kw * (1.0 / (self.power_factor * self.power_factor) - 1.0).max(0.0).sqrt();
        self.frequency = frequency;
        let apparent_per_phase = load_kw * 1e3 / self.power_factor / 3.0;
        for phase in 0..3 {
            let open = 231.5 + 0.9 * (phase as f64 - 1.0);
            let droop = 0.012 * self.amps[phase];
            self.volts[phase] += (open - droop - self.volts[phase]) * towards(3.0) + 0.12 * noise(rng) * secs.sqrt();
            self.amps[phase] = apparent_per_phase * self.balance[phase] / self.volts[phase];
        }
        self.rest_wh += load_kw * 1e3 * secs / 3_600.0;
        let whole = self.rest_wh.floor();
        self.energy_wh += whole as u64;
        self.rest_wh -= whole;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_current_and_energy_agree() {
        let mut rng = Rng::with_seed(3);
        let mut feeder = Feeder::new(1_000_000_000_000, [1.0, 1.03, 0.97]);
        for _ in 0..14_400 {
            feeder.step(&mut rng, 60.0, true, 50.0, 0.25);
        }
        assert!((feeder.energy_wh - 1_000_000_000_000).abs_diff(60_000) <= 1, "60 kW for an hour is 60 kWh");
        let apparent: f64 = feeder.volts.iter().zip(feeder.amps).map(|(v, a)| v * a / 1e3).sum();
        assert!((apparent * feeder.power_factor - 60.0).abs() < 0.1, "{apparent}");
    }

    #[test]
    fn without_capacitors_the_power_factor_falls() {
        let mut rng = Rng::with_seed(3);
        let mut feeder = Feeder::new(0, [1.0; 3]);
        for _ in 0..200 {
            feeder.step(&mut rng, 60.0, false, 50.0, 0.25);
        }
        assert!(feeder.power_factor < 0.87);
    }
}
