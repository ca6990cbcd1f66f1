//! One recorded sample of one tag, and the one order that samples have whatever order they came in.

use crate::engine::{Quality, Value};
use crate::time::Utc;
use std::cmp::Ordering;
use std::sync::Arc;

/// A tag's permanent number in this history. It outlives every plan and every rename.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub u32);

/// Bytes of the longest text that is recorded whole. A longer one is cut, and says so.
pub const LONGEST_TEXT: usize = 64 << 10;

/// What a sample weighs at least, in the unit of [`Sample::weight`].
pub const LEAST_WEIGHT: usize = 1;

/// Bytes of text that weigh as much as a sample without.
const TEXT_PER_WEIGHT: usize = 64;

/// What a tag was at one instant.
///
/// Invariant: there is a value exactly where the quality is not bad, and a float is finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// When.
    pub time: Utc,
    /// `None` exactly where the quality is bad.
    pub value: Option<Value>,
    /// How far to be trusted.
    pub quality: Quality,
    /// The reason in words, where there is more to say than the quality does.
    pub detail: Option<Arc<str>>,
}

impl Sample {
    /// A sample that keeps the invariant: what is not finite is bad, what is bad has no value, and a text beyond
    /// [`LONGEST_TEXT`] is cut and no longer good.
    pub fn new(time: Utc, value: Option<Value>, quality: Quality, detail: Option<Arc<str>>) -> Self {
        let detail = detail.map(|detail| cut(detail).0);
        match value {
            _ if quality.is_bad() => Self { time, value: None, quality, detail },
            None => Self { time, value: None, quality: Quality::BAD, detail },
            Some(Value::F64(v)) if !v.is_finite() => Self { time, value: None, quality: Quality::BAD, detail },
            Some(Value::Text(text)) => match cut(text) {
                (text, None) => Self { time, value: Some(Value::Text(text)), quality, detail },
                (text, Some(bytes)) => Self {
                    time,
                    value: Some(Value::Text(text)),
                    quality: quality.worst(Quality::from_number(0x4000)),
                    detail: Some(format!("the text had {bytes} bytes and was cut").into()),
                },
            },
            Some(value) => Self { time, value: Some(value), quality, detail },
        }
    }

    /// A good number, as most are.
    pub fn good(time: Utc, value: f64) -> Self {
        Self::new(time, Some(Value::F64(value)), Quality::GOOD, None)
    }

    /// No value, and why.
    pub fn bad(time: Utc, quality: Quality, detail: Option<Arc<str>>) -> Self {
        Self::new(time, None, quality, detail)
    }

    /// As a number for drawing; NaN where there is none.
    pub fn number(&self) -> f64 {
        self.value.as_ref().and_then(Value::as_f64).unwrap_or(f64::NAN)
    }

    /// What it takes of memory and disk, where a plain number is one: texts weigh more.
    pub fn weight(&self) -> usize {
        let text = if let Some(Value::Text(text)) = &self.value { text.len() } else { 0 };
        let detail = self.detail.as_ref().map_or(0, |detail| detail.len());
        LEAST_WEIGHT + (text + detail) / TEXT_PER_WEIGHT
    }

    /// The canonical order: time, then kind of value, value, quality, detail. It is total, and equal only for what is
    /// the same to the last bit.
    pub fn order(&self, other: &Self) -> Ordering {
        self.order_without_detail(other).then_with(|| self.detail.cmp(&other.detail))
    }

    /// The canonical order of what counts: two samples that differ in their detail alone are one.
    pub fn order_without_detail(&self, other: &Self) -> Ordering {
        self.time
            .cmp(&other.time)
            .then_with(|| order_of_values(self.value.as_ref(), other.value.as_ref()))
            .then_with(|| self.quality.cmp(&other.quality))
    }
}

fn order_of_values(one: Option<&Value>, other: Option<&Value>) -> Ordering {
    match (one, other) {
        (Some(Value::F64(a)), Some(Value::F64(b))) => a.total_cmp(b),
        (Some(Value::I64(a)), Some(Value::I64(b))) => a.cmp(b),
        (Some(Value::U64(a)), Some(Value::U64(b))) => a.cmp(b),
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        (Some(Value::Text(a)), Some(Value::Text(b))) => a.cmp(b),
        _ => rank(one).cmp(&rank(other)),
    }
}

/// Order of the kinds, and their numbers on disk.
pub(super) fn rank(value: Option<&Value>) -> u8 {
    match value {
        None => 0,
        Some(Value::F64(_)) => 1,
        Some(Value::I64(_)) => 2,
        Some(Value::U64(_)) => 3,
        Some(Value::Bool(_)) => 4,
        Some(Value::Text(_)) => 5,
    }
}

/// A text of at most [`LONGEST_TEXT`] bytes, and how long it was where it was longer.
fn cut(text: Arc<str>) -> (Arc<str>, Option<usize>) {
    if text.len() <= LONGEST_TEXT {
        return (text, None);
    }
    let end = (0..=LONGEST_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    (text[..end].into(), Some(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_value_exactly_where_the_quality_is_not_bad() {
        let at = Utc(7);
        assert_eq!(
            Sample::new(at, Some(Value::F64(f64::NAN)), Quality::GOOD, None),
            Sample::bad(at, Quality::BAD, None)
        );
        assert_eq!(Sample::new(at, None, Quality::STALE, None).quality, Quality::BAD);
        assert_eq!(Sample::new(at, Some(Value::I64(1)), Quality::NO_COMMUNICATION, None).value, None);
        assert_eq!(Sample::good(at, 1.0).value, Some(Value::F64(1.0)));
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_at_a_letter_and_says_so() {
        let long = "é".repeat(LONGEST_TEXT);
        let sample = Sample::new(Utc(1), Some(Value::Text(long.into())), Quality::GOOD, None);
        let Some(Value::Text(kept)) = &sample.value else { panic!("no text") };
        assert_eq!(kept.len(), LONGEST_TEXT);
        assert!(!sample.quality.is_good());
        assert_eq!(sample.detail.as_deref(), Some("the text had 131072 bytes and was cut"));
    }

    #[test]
    fn the_order_tells_apart_what_differs_in_one_bit() {
        let zero = Sample::good(Utc(1), 0.0);
        assert_eq!(Sample::good(Utc(1), -0.0).order(&zero), Ordering::Less);
        assert_eq!(Sample::new(Utc(1), Some(Value::I64(0)), Quality::GOOD, None).order(&zero), Ordering::Greater);
        assert_eq!(Sample::bad(Utc(1), Quality::BAD, None).order(&zero), Ordering::Less);
        assert_eq!(Sample::bad(Utc(2), Quality::BAD, None).order(&zero), Ordering::Greater);
        let told = Sample { detail: Some("why".into()), ..zero.clone() };
        assert_eq!((told.order_without_detail(&zero), told.order(&zero)), (Ordering::Equal, Ordering::Greater));
    }
}
