//! The weather over the catchment, and the water that runs from it into the sewers.

use fastrand::Rng;
use std::f64::consts::TAU;

/// Seconds of a day.
pub const DAY_SECS: f64 = 86_400.0;

/// What the station on the roof would measure if it were exact.
#[derive(Debug, Clone, PartialEq)]
pub struct Weather {
    /// mm/h.
    pub rain_rate: f64,
    /// mm since midnight.
    pub rain_today: f64,
    /// Ten-second mean, m/s.
    pub wind_speed: f64,
    /// m/s.
    pub wind_gust: f64,
    /// Degrees it comes from.
    pub wind_direction: f64,
    /// °C.
    pub temperature: f64,
    /// Percent.
    pub humidity: f64,
    /// hPa.
    pub pressure: f64,
    /// 0 fine, 1 the storm is overhead.
    storminess: f64,
    gustiness: f64,
    drift: f64,
}

impl Weather {
    /// A fair day.
    pub fn new(rng: &mut Rng) -> Self {
        Self {
            rain_rate: 0.0,
            rain_today: 0.4,
            wind_speed: 4.5,
            wind_gust: 6.0,
            wind_direction: 200.0 + 60.0 * rng.f64(),
            temperature: 12.0,
            humidity: 68.0,
            pressure: 1_013.0 + 6.0 * (rng.f64() - 0.5),
            storminess: 0.0,
            gustiness: 0.0,
            drift: 0.0,
        }
    }

    /// `storm_peak`: rain at the height of a storm that is here now, mm/h.
    pub fn step(&mut self, rng: &mut Rng, second_of_day: f64, storm_peak: Option<f64>, secs: f64) {
        let towards = |tau: f64| (secs / tau).min(1.0);
        let goal = if storm_peak.is_some() { 1.0 } else { 0.0 };
        self.storminess += (goal - self.storminess) * towards(if storm_peak.is_some() { 30.0 } else { 55.0 });
        // Gusts wander within about a minute, the day's character within about an hour.
        self.gustiness += -self.gustiness * towards(25.0) + noise(rng) * (secs / 25.0).sqrt();
        self.drift += -self.drift * towards(3_600.0) + noise(rng) * (secs / 3_600.0).sqrt();
        let peak = storm_peak.unwrap_or(16.0);
        self.rain_rate = if self.storminess < 0.03 {
            0.0
        } else {
            (peak * self.storminess * (1.0 + 0.10 * self.gustiness)).max(0.0)
        };
        self.rain_today = if second_of_day < secs { 0.0 } else { self.rain_today + self.rain_rate * secs / 3_600.0 };
        self.wind_speed = (4.6 + 1.2 * self.gustiness + 1.0 * self.drift + 7.5 * self.storminess).max(0.2);
        self.wind_gust = self.wind_speed * (1.28 + 0.1 * self.gustiness.abs()) + 2.0 * self.storminess;
        self.wind_direction = (self.wind_direction + noise(rng) * secs.sqrt() * 0.8).rem_euclid(360.0);
        let warmest = 15.0 * 3_600.0;
        let day = ((second_of_day - warmest) / DAY_SECS * TAU).cos();
        self.temperature = 11.5 + 4.5 * day + 0.6 * self.drift - 2.5 * self.storminess;
        self.humidity = (70.0 - 12.0 * day + 3.0 * self.drift + 22.0 * self.storminess).clamp(25.0, 100.0);
        self.pressure += ((1_013.0 + 4.0 * self.drift - 9.0 * self.storminess) - self.pressure) * towards(300.0);
    }
}

/// Streets and sewers: rain waits in them and runs off slowly.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Catchment {
    /// Rain on its way, m³.
    pub stored: f64,
    wander: f64,
}

impl Catchment {
    /// Paved ground that drains here, m².
    const PAVED_M2: f64 = 9_000.0;
    /// Time of flow, s.
    const DELAY_SECS: f64 = 80.0;
    /// Mean of the dry day, m³/h.
    const DRY_MEAN: f64 = 320.0;

    /// Inflow to the wet well, m³/h.
    pub fn step(&mut self, rng: &mut Rng, second_of_day: f64, rain_rate: f64, secs: f64) -> f64 {
        let hours = secs / 3_600.0;
        self.stored += rain_rate / 1e3 * Self::PAVED_M2 * hours;
        let run_off = self.stored * (secs / Self::DELAY_SECS).min(1.0);
        self.stored -= run_off;
        self.wander += -self.wander * (secs / 90.0) + noise(rng) * (secs / 90.0).sqrt();
        Self::DRY_MEAN * daily_pattern(second_of_day) * (1.0 + 0.028 * self.wander) + run_off / hours
    }
}

/// What a town sends down in the course of a dry day, as a share of its mean: a trough at four, peaks at eight and at
/// eight in the evening.
pub fn daily_pattern(second_of_day: f64) -> f64 {
    let turn = second_of_day / DAY_SECS * TAU;
    1.0 + 0.13 * (turn - TAU * 14.5 / 24.0).cos() + 0.09 * (2.0 * (turn - TAU * 8.5 / 24.0)).cos()
}

/// A number around zero with variance one.
pub fn noise(rng: &mut Rng) -> f64 {
    // Sum of three uniforms on -1..1 has variance one, no tails to explode on.
    (rng.f64() + rng.f64() + rng.f64()) * 2.0 - 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_day_has_its_trough_at_night_and_mean_one() {
        let hourly: Vec<f64> = (0..24).map(|h| daily_pattern(f64::from(h) * 3_600.0)).collect();
        let mean = hourly.iter().sum::<f64>() / 24.0;
        assert!((mean - 1.0).abs() < 1e-9);
        assert!(hourly[3] < 0.85 && hourly[8] > 1.0 && hourly[20] > 1.05, "{hourly:?}");
    }

    #[test]
    fn rain_reaches_the_station_late_and_whole() {
        let mut rng = Rng::with_seed(1);
        let mut catchment = Catchment::default();
        let dry = catchment.step(&mut rng, 0.0, 0.0, 1.0);
        let wet = catchment.step(&mut rng, 0.0, 20.0, 1.0);
        assert!((wet - dry).abs() < 30.0, "the first drop takes its time");
        let mut run_off = 0.0;
        for _ in 0..600 {
            let before = catchment.stored;
            catchment.step(&mut rng, 0.0, 0.0, 1.0);
            run_off += before - catchment.stored;
        }
        assert!(run_off > 0.0 && catchment.stored < 1e-3);
    }
}
