//! What a pen did between two cursors: difference, rate, least, greatest, time-weighted mean.
//!
//! A value holds until the next one, as everywhere in the history; time without a value counts neither for nor against
//! the mean.

use crate::project::Tag;
use crate::time::{Span, Utc};
use crate::ui::past::Known;
use crate::ui::words;

/// See the module. Numbers are NaN where there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Between {
    /// The value at the second cursor less that at the first.
    pub difference: f64,
    /// The same in a second.
    pub rate: f64,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// Weighted by how long each value held.
    pub mean: f64,
    /// There is no value for a part of the time.
    pub gaps: bool,
    /// A part of the values is uncertain.
    pub doubt: bool,
    /// Worked out from extremes of pixel columns rather than from every sample.
    pub about: bool,
}

impl Between {
    /// Of the time between two instants, the first before the second.
    pub fn new(known: &Known<'_>, [from, to]: [Utc; 2], now: Utc) -> Self {
        let to = to.min(now);
        let [at_from, at_to] = [from, to].map(|at| {
            let value = known.at(at, now).filter(|p| !p.quality.is_bad() && p.value.is_finite());
            value.map_or(f64::NAN, |p| p.value)
        });
        let mut between = Self {
            difference: at_to - at_from,
            rate: (at_to - at_from) / (to - from).as_secs_f64(),
            min: at_from,
            max: at_from,
            mean: f64::NAN,
            gaps: false,
            doubt: false,
            about: known.is_about(from, to),
        };
        let (mut integral, mut held) = (0.0, 0_i64);
        let mut last = known.at(from, now).map(|p| (p, from));
        let mut hold = |between: &mut Self, last: Option<(crate::engine::Point, Utc)>, until: Utc| {
            let Some((point, since)) = last else { return between.gaps |= until > from };
            let length = until - since;
            if point.quality.is_bad() || !point.value.is_finite() {
                between.gaps |= length > Span::ZERO;
            } else {
                integral += point.value * length.0 as f64;
                held += length.0;
                between.doubt |= !point.quality.is_good();
            }
        };
        for point in known.within(from, to) {
            hold(&mut between, last, point.time);
            last = Some((*point, point.time));
            if !point.quality.is_bad() && point.value.is_finite() {
                between.min = between.min.min(point.value);
                between.max = between.max.max(point.value);
            }
        }
        hold(&mut between, last, to);
        if held > 0 {
            between.mean = integral / held as f64;
        }
        between
    }
}

/// Words; the same in the table, its tooltip and for screen readers.
impl Between {
    /// `−12.3 %`, with a sign.
    pub fn difference_words(&self, tag: &Tag) -> String {
        let sign = if self.difference > 0.0 { "+" } else { "" };
        format!("{sign}{}", Self::number(self.difference, tag))
    }

    /// The difference in a unit of time that suits the length: `−0.41 %/min`.
    pub fn rate_words(&self, [from, to]: [Utc; 2], tag: &Tag) -> String {
        let (seconds, unit) = match (to - from).as_secs_f64() {
            length if length < 120.0 => (1.0, "s"),
            length if length < 7_200.0 => (60.0, "min"),
            length if length < 2.0 * 86_400.0 => (3_600.0, "h"),
            _ => (86_400.0, "d"),
        };
        let rate = self.rate * seconds;
        if !rate.is_finite() {
            return words::say::NO_VALUE.to_owned();
        }
        let sign = if rate > 0.0 { "+" } else { "" };
        format!("{sign}{} {}/{unit}", words::number(rate, None), tag.unit).replace(" /", "/")
    }

    /// `3.2 – 9.1`.
    pub fn extremes_words(&self, tag: &Tag) -> String {
        if self.min.is_nan() {
            return words::say::NO_VALUE.to_owned();
        }
        format!("{} – {}", words::number(self.min, tag.decimals), words::number(self.max, tag.decimals))
    }

    /// The mean; `about` where it is worked out from what is drawn.
    pub fn mean_words(&self, tag: &Tag) -> String {
        format!("{}{}", if self.about { "about " } else { "" }, Self::number(self.mean, tag))
    }

    /// All of it: `change −12.3 %, −0.41 %/min, from 3.2 to 9.1, mean 5.5 %, without its gaps`.
    pub fn words(&self, ends: [Utc; 2], tag: &Tag) -> String {
        let mut said = format!(
            "change {}, {}, {}, mean {}",
            self.difference_words(tag),
            self.rate_words(ends, tag),
            self.extremes_words(tag),
            self.mean_words(tag)
        );
        if self.gaps {
            said.push_str(", gaps left out");
        }
        if self.doubt {
            said.push_str(", some of it uncertain");
        }
        said
    }

    fn number(value: f64, tag: &Tag) -> String {
        let number = words::number(value, tag.decimals);
        if tag.unit.is_empty() || !value.is_finite() { number } else { format!("{number} {}", tag.unit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Point, Quality, TailView};
    use std::sync::Arc;

    fn at(seconds: i64) -> Utc {
        Utc(seconds * 1_000_000)
    }

    fn of(points: &[(i64, f64)], from: i64, to: i64) -> Between {
        let quality = |v: f64| if v.is_nan() { Quality::NO_COMMUNICATION } else { Quality::GOOD };
        let points: Vec<Point> =
            points.iter().map(|(s, v)| Point { time: at(*s), value: *v, quality: quality(*v) }).collect();
        let tail = Arc::new(TailView::new(vec![points.into()]));
        Between::new(&Known { tail: Some(&tail), ..Known::default() }, [at(from), at(to)], at(1_000))
    }

    #[test]
    fn a_value_holds_until_the_next_and_what_held_at_the_beginning_counts() {
        let between = of(&[(0, 10.0), (60, 20.0), (90, 5.0), (400, 99.0)], 30, 120);
        assert_eq!((between.difference, between.min, between.max), (-5.0, 5.0, 20.0));
        assert!((between.rate - -5.0 / 90.0).abs() < 1e-12);
        assert!((between.mean - (10.0 * 30.0 + 20.0 * 30.0 + 5.0 * 30.0) / 90.0).abs() < 1e-9);
        assert!(!between.gaps && !between.about);
    }

    #[test]
    fn time_without_a_value_counts_neither_for_nor_against() {
        let between = of(&[(0, 10.0), (50, f64::NAN), (90, 20.0)], 0, 100);
        assert!((between.mean - (10.0 * 50.0 + 20.0 * 10.0) / 60.0).abs() < 1e-9);
        assert!(between.gaps);
        let between = of(&[(50, 10.0)], 0, 100);
        assert!(between.gaps && between.difference.is_nan(), "nothing was known at the first cursor");
        assert_eq!(between.mean, 10.0);
    }

    #[test]
    fn of_nothing_nothing_is_told() {
        let between = of(&[], 0, 100);
        assert!(between.mean.is_nan() && between.min.is_nan() && between.gaps);
    }
}
