//! What is known of a run of samples without looking at them: count, extremes, sums, durations, worst quality.
//!
//! Each sample holds until the next one of its tag. A time-weighted mean is `integral / (good + uncertain)`: time without a
//! value counts neither for nor against.
//! Invariant: summaries of neighbours merge into the summary of both, and it does not matter in which order they are merged
//! (sums of floats may differ in their last bits).

use super::columns::Columns;
use crate::engine::{Level, Quality};
use std::ops::Range;

/// A summary of one or more samples of one tag. Times are microseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// How many samples.
    pub count: u64,
    /// How many of them are bad.
    pub bad: u64,
    /// Time of the first.
    pub first: i64,
    /// Time of the last.
    pub last: i64,
    /// Quality of the first.
    pub first_quality: Quality,
    /// Quality of the last.
    pub last_quality: Quality,
    /// The worst quality; of equally bad ones the first.
    pub worst: Quality,
    /// Value of the first sample that has a number; NaN: none has.
    pub first_value: f64,
    /// Value of the last sample, if it has a number; else NaN.
    pub last_value: f64,
    /// Least number; NaN: there is none.
    pub min: f64,
    /// Greatest number; NaN: there is none.
    pub max: f64,
    /// Sum of the numbers.
    pub sum: f64,
    /// Sum of number times the microseconds that it held, until the last sample.
    pub integral: f64,
    /// Microseconds of good quality, until the last sample.
    pub good: i64,
    /// Microseconds of uncertain quality, until the last sample.
    pub uncertain: i64,
}

/// A sum that loses nothing to rounding but its last bits (Neumaier's): a year of microseconds has more digits than a float.
#[derive(Debug, Clone, Copy, Default)]
pub struct Total {
    sum: f64,
    lost: f64,
}

impl Total {
    /// Adds a number.
    pub fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        self.lost += if self.sum.abs() >= term.abs() { (self.sum - sum) + term } else { (term - sum) + self.sum };
        self.sum = sum;
    }

    /// What was added.
    pub fn sum(&self) -> f64 {
        // Beyond the largest float what was lost is no number.
        if self.sum.is_finite() { self.sum + self.lost } else { self.sum }
    }
}

impl Summary {
    /// Of these samples, which are in order. `None`: there are none.
    pub fn of(columns: &Columns, range: Range<usize>) -> Option<Self> {
        let times = columns.times().get(range.clone())?;
        let qualities = columns.qualities().get(range.clone())?;
        let (&first, &last) = (times.first()?, times.last()?);
        let mut summary = Self {
            count: range.len() as u64,
            bad: 0,
            first,
            last,
            first_quality: *qualities.first()?,
            last_quality: *qualities.last()?,
            worst: Quality::GOOD,
            first_value: f64::NAN,
            last_value: f64::NAN,
            min: f64::NAN,
            max: f64::NAN,
            sum: 0.0,
            integral: 0.0,
            good: 0,
            uncertain: 0,
        };
        let numbers = columns.numbers();
        let mut worst = Quality::GOOD;
        let mut integral = Total::default();
        for (i, (time, quality)) in times.iter().zip(qualities).enumerate() {
            let number = numbers[range.start + i];
            let held = times.get(i + 1).map_or(0, |next| next.saturating_sub(*time));
            match quality.level() {
                Level::Good => summary.good = summary.good.saturating_add(held),
                Level::Uncertain => summary.uncertain = summary.uncertain.saturating_add(held),
                Level::Bad => summary.bad += 1,
            }
            worst = worst.worst(*quality);
            if !number.is_nan() {
                if summary.first_value.is_nan() {
                    summary.first_value = number;
                }
                // `f64::min` takes the number where the other is NaN.
                summary.min = summary.min.min(number);
                summary.max = summary.max.max(number);
                summary.sum += number;
                integral.add(number * held as f64);
            }
            summary.last_value = number;
        }
        summary.worst = worst;
        summary.integral = integral.sum();
        Some(summary)
    }

    /// Of these samples and the next ones of the same tag. What held at the end of these holds until those begin.
    #[must_use]
    pub fn merged(&self, next: &Self) -> Self {
        let between = next.first.saturating_sub(self.last).max(0);
        let held = |level| if self.last_quality.level() == level { between } else { 0 };
        let bridge = if self.last_value.is_nan() { 0.0 } else { self.last_value * between as f64 };
        Self {
            count: self.count + next.count,
            bad: self.bad + next.bad,
            first: self.first,
            last: next.last,
            first_quality: self.first_quality,
            last_quality: next.last_quality,
            worst: self.worst.worst(next.worst),
            first_value: if self.first_value.is_nan() { next.first_value } else { self.first_value },
            last_value: next.last_value,
            min: self.min.min(next.min),
            max: self.max.max(next.max),
            sum: self.sum + next.sum,
            integral: self.integral + bridge + next.integral,
            good: self.good.saturating_add(held(Level::Good)).saturating_add(next.good),
            uncertain: self.uncertain.saturating_add(held(Level::Uncertain)).saturating_add(next.uncertain),
        }
    }

    /// The time-weighted mean until the last sample; NaN where no number held for any time.
    pub fn mean(&self) -> f64 {
        let held = self.good.saturating_add(self.uncertain);
        if held > 0 && !self.min.is_nan() { self.integral / held as f64 } else { f64::NAN }
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::tests::any_columns;
    use super::super::sample::Sample;
    use super::*;
    use crate::engine::Value;
    use crate::time::Utc;
    use proptest::prelude::*;

    fn near(a: f64, b: f64) -> bool {
        a.to_bits() == b.to_bits() || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
    }

    /// Numbers small enough that sums of them are exact.
    fn tame(columns: &Columns) -> Columns {
        let tame = |v: f64| if v.abs() < 1e6 { (v * 8.0).round() / 8.0 } else { 1.0 };
        let samples = columns.iter().map(|s| {
            let value = s.value.map(|v| v.as_f64().map_or(v, |n| Value::F64(tame(n))));
            Sample { value, time: Utc(s.time.0 % 1_000_000), ..s }
        });
        samples.collect::<Columns>().into_canonical().0
    }

    proptest! {
        #[test]
        fn summaries_of_parts_merge_into_the_summary_of_the_whole(
            columns in any_columns(30), a in 0_usize..30, b in 0_usize..30,
        ) {
            let columns = tame(&columns);
            let (a, b) = (a.min(b).min(columns.len()), a.max(b).min(columns.len()));
            let parts: Vec<Summary> =
                [0..a, a..b, b..columns.len()].into_iter().filter_map(|r| Summary::of(&columns, r)).collect();
            let left = parts.iter().copied().reduce(|x, y| x.merged(&y));
            let right = parts.iter().rev().copied().reduce(|y, x| x.merged(&y));
            let whole = Summary::of(&columns, 0..columns.len());
            for merged in [left, right] {
                let (Some(merged), Some(whole)) = (merged, whole) else {
                    prop_assert!(whole.is_none() && merged.is_none());
                    continue;
                };
                prop_assert!(near(merged.sum, whole.sum) && near(merged.integral, whole.integral));
                let same = Summary { sum: whole.sum, integral: whole.integral, ..merged };
                prop_assert_eq!(format!("{same:?}"), format!("{whole:?}"));
            }
        }
    }

    #[test]
    fn a_mean_is_weighted_by_time_and_a_gap_counts_neither_for_nor_against() {
        let second = |s: i64| Utc(s * 1_000_000);
        let columns: Columns = [
            Sample::good(second(0), 10.0),
            Sample::good(second(9), 20.0),
            Sample::bad(second(10), Quality::NO_COMMUNICATION, None),
            Sample::new(second(100), Some(Value::F64(30.0)), Quality::STALE, None),
            Sample::good(second(110), 0.0),
        ]
        .into_iter()
        .collect();
        let summary = Summary::of(&columns, 0..columns.len()).unwrap();
        assert_eq!(summary.mean(), (10.0 * 9.0 + 20.0 * 1.0 + 30.0 * 10.0) / 20.0);
        assert_eq!((summary.good, summary.uncertain), (10_000_000, 10_000_000));
        assert_eq!((summary.min, summary.max, summary.bad), (0.0, 30.0, 1));
        assert_eq!(summary.worst, Quality::NO_COMMUNICATION);
        assert!(Summary::of(&columns, 2..2).is_none());
    }
}
