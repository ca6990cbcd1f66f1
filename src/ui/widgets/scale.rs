//! The scale of a gauge, bar or axis: its span, the band that is normal, limits and setpoint, and round ticks.

use crate::project::Priority;
use crate::ui::theme::Theme;
use eframe::egui::Color32;

/// An alarm limit on a scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LimitMark {
    /// In the tag's unit.
    pub value: f64,
    /// Of its alarm.
    pub priority: Priority,
    /// Its alarm holds now.
    pub violated: bool,
    /// Its alarm waits for acknowledgement.
    pub unacknowledged: bool,
}

impl LimitMark {
    /// Muted; while violated the priority's colour, as it is read on a panel.
    pub fn colour(&self, theme: &Theme) -> Color32 {
        if self.violated { theme.priority_words(self.priority) } else { theme.muted }
    }
}

/// What a value is measured against.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scale {
    /// Ends of the scale.
    pub range: [f64; 2],
    /// The band that is normal.
    pub normal: Option<[f64; 2]>,
    /// Alarm limits.
    pub limits: Vec<LimitMark>,
    /// The setpoint, in words and as a number.
    pub setpoint: Option<(f64, String)>,
}

impl Scale {
    /// Where on the scale a value lies: 0 at its lower end, 1 at its upper one, kept within.
    pub fn share(&self, value: f64) -> f32 {
        let [low, high] = self.range;
        if high > low { (((value - low) / (high - low)) as f32).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// A span that holds all `values`, rounded outwards, for tags whose range nobody wrote.
pub fn span_of(values: impl Iterator<Item = f64>) -> [f64; 2] {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|v| v.is_finite()) {
        low = low.min(value);
        high = high.max(value);
    }
    if low > high {
        return [0.0, 1.0];
    }
    // A scale from zero tells proportions; where the values lie far from it, it would hide their movement.
    if low > 0.0 && low < high * 0.6 {
        low = 0.0;
    }
    if high <= low {
        let reach = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
        (low, high) = (low - reach, high + reach);
    }
    let ticks = Ticks::new(low, high, 5);
    [ticks.low, ticks.high]
}

/// Round steps over a span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ticks {
    /// First tick, at or below the span's lower end.
    pub low: f64,
    /// Last tick, at or above the span's upper end.
    pub high: f64,
    /// From tick to tick.
    pub step: f64,
    /// Steps from `low` to `high`.
    pub count: u32,
}

impl Ticks {
    /// About `wanted` steps of 1, 2, 2.5 or 5 times a power of ten that cover `low` to `high`.
    pub fn new(low: f64, high: f64, wanted: u32) -> Self {
        let wanted = wanted.max(1);
        let step = round_up((high - low) / f64::from(wanted));
        Self::with_step(low, high, step)
    }

    /// Exactly `count` round steps that cover `low` to `high`, so that a second axis shares the first one's grid.
    pub fn exactly(low: f64, high: f64, count: u32) -> Self {
        let count = count.max(1);
        let mut step = round_up((high - low) / f64::from(count));
        for _ in 0..8 {
            let ticks = Self::with_step(low, high, step);
            if ticks.count <= count {
                return Self { high: ticks.low + step * f64::from(count), count, ..ticks };
            }
            step = round_up(step * 1.01);
        }
        Self { low, high, step: (high - low) / f64::from(count), count }
    }

    fn with_step(low: f64, high: f64, step: f64) -> Self {
        // The small allowance takes 0.30000000000000004 for 0.3.
        let first = (low / step + 1e-9).floor() * step;
        let count = (((high - first) / step - 1e-9).ceil()).clamp(1.0, 1_000.0);
        Self { low: first, high: first + step * count, step, count: count as u32 }
    }

    /// Tick `index`, from zero to `count`.
    pub fn at(&self, index: u32) -> f64 {
        self.low + self.step * f64::from(index)
    }

    /// Digits after the point that tell neighbours apart.
    pub fn decimals(&self) -> u8 {
        let mut decimals = 0_u8;
        let mut step = self.step.abs();
        while decimals < 6 && (step - step.round()).abs() > 1e-6 * step.max(1e-9) {
            step *= 10.0;
            decimals += 1;
        }
        decimals
    }
}

/// The least of 1, 2, 2.5, 5 times a power of ten that is not below `step`.
fn round_up(step: f64) -> f64 {
    if !step.is_finite() || step <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(step.log10().floor());
    let share = step / power;
    let round = [1.0, 2.0, 2.5, 5.0].into_iter().find(|r| share <= r * (1.0 + 1e-9)).unwrap_or(10.0);
    round * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_span() {
        let ticks = Ticks::new(0.0, 100.0, 5);
        assert_eq!((ticks.low, ticks.high, ticks.step, ticks.count), (0.0, 100.0, 20.0, 5));
        let ticks = Ticks::new(-3.0, 7.2, 5);
        assert!(ticks.low <= -3.0 && ticks.high >= 7.2 && ticks.count <= 7, "{ticks:?}");
        assert_eq!(Ticks::new(0.0, 0.3, 3).decimals(), 1);
        assert_eq!(Ticks::new(0.0, 10.0, 4).decimals(), 1);
    }

    #[test]
    fn the_second_axis_has_as_many_steps_as_the_first() {
        for (low, high) in [(0.0, 500.0), (-12.0, 37.0), (0.0, 0.71), (3.0, 3.2)] {
            let ticks = Ticks::exactly(low, high, 5);
            assert_eq!(ticks.count, 5);
            assert!(ticks.low <= low + 1e-9 && ticks.at(5) >= high - 1e-9, "{low} to {high}: {ticks:?}");
        }
    }

    #[test]
    fn a_span_of_nothing_or_of_one_value_is_still_a_span() {
        assert_eq!(span_of(std::iter::empty()), [0.0, 1.0]);
        for value in [0.0, 5.0, -3.0, 1e12] {
            let [low, high] = span_of(std::iter::once(value));
            assert!(low < high && low <= value && value <= high, "{value}: {low} to {high}");
        }
        assert_eq!(span_of([f64::NAN, 2.0, 9.0].into_iter())[0], 0.0);
    }

    #[test]
    fn a_value_beyond_the_scale_points_at_its_end() {
        let scale = Scale { range: [0.0, 10.0], ..Scale::default() };
        assert_eq!((scale.share(-5.0), scale.share(5.0), scale.share(50.0)), (0.0, 0.5, 1.0));
    }
}
