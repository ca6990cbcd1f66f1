//! Samples of one tag as columns: a third of the memory of a list of samples, and the shape that compression wants.

use super::block::Group;
use super::sample::{LEAST_WEIGHT, Sample};
use crate::engine::{Quality, Value};
use crate::time::Utc;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

/// Samples that one tag may have at one instant; of more, those first in the canonical order are kept. Two are a fault of
/// the source, thousands are a clock that stands still, and without an end one chunk would grow with them.
pub const MOST_AT_ONE_TIME: usize = 4_096;

/// Samples that a list makes room for at least.
const LEAST_ROOM: usize = 8;

/// The values of samples, by their kind. Where the quality is bad, what stands in the list means nothing.
#[derive(Debug, Clone, Default)]
pub enum Values {
    /// No sample has a value.
    #[default]
    None,
    /// All are floats; NaN where the quality is bad.
    F64(Vec<f64>),
    /// All are signed integers.
    I64(Vec<i64>),
    /// All are unsigned integers.
    U64(Vec<u64>),
    /// All are states of two.
    Bool(Vec<bool>),
    /// All are texts.
    Text(Vec<Arc<str>>),
    /// The tag's type changed among them.
    Mixed(Vec<Option<Value>>),
}

/// Samples of one tag.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    times: Vec<i64>,
    values: Values,
    qualities: Vec<Quality>,
    /// Empty where no sample has one.
    details: Vec<Option<Arc<str>>>,
    weight: usize,
}

impl Columns {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// From their columns, as they are decoded. `None` where the lengths do not fit.
    pub(super) fn from_parts(
        times: Vec<i64>,
        values: Values,
        qualities: Vec<Quality>,
        details: Vec<Option<Arc<str>>>,
    ) -> Option<Self> {
        let values_fit = match &values {
            Values::None => qualities.iter().all(|q| q.is_bad()),
            Values::F64(v) => v.len() == times.len(),
            Values::I64(v) => v.len() == times.len(),
            Values::U64(v) => v.len() == times.len(),
            Values::Bool(v) => v.len() == times.len(),
            Values::Text(v) => v.len() == times.len(),
            Values::Mixed(v) => v.len() == times.len(),
        };
        let fit = values_fit && qualities.len() == times.len() && (details.is_empty() || details.len() == times.len());
        let mut columns = Self { times, values, qualities, details, weight: 0 };
        columns.weight = columns.weigh();
        fit.then_some(columns)
    }

    /// Samples of one tag as they lie in one block after the other.
    pub(super) fn from_groups(groups: &[Group<'_>]) -> Self {
        let count = groups.iter().map(|group| group.len()).sum();
        let (times, qualities) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut columns = Self { times, qualities, ..Self::default() };
        groups.iter().flat_map(|group| group.samples()).for_each(|sample| columns.push(sample));
        columns
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Their times in microseconds.
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// Their qualities.
    pub fn qualities(&self) -> &[Quality] {
        &self.qualities
    }

    /// Their values by kind; look at the quality first.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Their details; empty where no sample has one.
    pub fn details(&self) -> &[Option<Arc<str>>] {
        &self.details
    }

    /// What they take together, see [`Sample::weight`].
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// All of them as numbers for drawing: NaN where there is none.
    pub fn numbers(&self) -> Cow<'_, [f64]> {
        if let Values::F64(values) = &self.values {
            return Cow::Borrowed(values);
        }
        (0..self.len()).map(|i| self.number(i)).collect()
    }

    /// As a number for drawing: NaN where there is none.
    pub fn number(&self, index: usize) -> f64 {
        match &self.values {
            _ if self.qualities[index].is_bad() => f64::NAN,
            Values::None | Values::Text(_) => f64::NAN,
            Values::F64(v) => v[index],
            Values::I64(v) => v[index] as f64,
            Values::U64(v) => v[index] as f64,
            Values::Bool(v) => f64::from(u8::from(v[index])),
            Values::Mixed(v) => v[index].as_ref().and_then(Value::as_f64).unwrap_or(f64::NAN),
        }
    }

    /// The value of one, exact.
    pub fn value(&self, index: usize) -> Option<Value> {
        match &self.values {
            _ if self.qualities[index].is_bad() => None,
            Values::None => None,
            Values::F64(v) => Some(Value::F64(v[index])),
            Values::I64(v) => Some(Value::I64(v[index])),
            Values::U64(v) => Some(Value::U64(v[index])),
            Values::Bool(v) => Some(Value::Bool(v[index])),
            Values::Text(v) => Some(Value::Text(v[index].clone())),
            Values::Mixed(v) => v[index].clone(),
        }
    }

    /// One of them.
    pub fn sample(&self, index: usize) -> Sample {
        Sample {
            time: Utc(self.times[index]),
            value: self.value(index),
            quality: self.qualities[index],
            detail: self.details.get(index).cloned().flatten(),
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Sample> + ExactSizeIterator {
        (0..self.len()).map(|i| self.sample(i))
    }

    /// Time of the first, in microseconds.
    pub fn first_time(&self) -> Option<i64> {
        self.times.first().copied()
    }

    /// Time of the last, in microseconds.
    pub fn last_time(&self) -> Option<i64> {
        self.times.last().copied()
    }

    /// Which of them, in canonical order, have a time from `from` to before `to`.
    pub fn range(&self, from: i64, to: i64) -> Range<usize> {
        let first = self.times.partition_point(|t| *t < from);
        first..self.times.partition_point(|t| *t < to).max(first)
    }

    /// Lets go of all of them; what they lay in serves the next ones.
    pub fn clear(&mut self) {
        let Self { times, values, qualities, details, weight } = self;
        times.clear();
        qualities.clear();
        details.clear();
        *weight = 0;
        match values {
            Values::F64(v) => v.clear(),
            Values::I64(v) => v.clear(),
            Values::U64(v) => v.clear(),
            Values::Bool(v) => v.clear(),
            Values::None | Values::Text(_) | Values::Mixed(_) => *values = Values::None,
        }
    }

    /// Adds one at the end, wherever its time belongs.
    pub fn push(&mut self, sample: Sample) {
        self.weight += sample.weight();
        let Sample { time, value, quality, detail } = sample;
        if detail.is_some() || !self.details.is_empty() {
            self.details.resize(self.times.len(), None);
            self.details.push(detail);
        }
        self.push_value(value);
        self.times.push(time.0);
        self.qualities.push(quality);
    }

    fn push_value(&mut self, value: Option<Value>) {
        let filled = self.times.len();
        if filled == 0 && value.is_none() {
            // What was there before they were cleared says nothing of what comes.
            self.values = Values::None;
        }
        match (&mut self.values, value) {
            (Values::None, None) => {}
            (Values::F64(v), None) => v.push(f64::NAN),
            (Values::F64(v), Some(Value::F64(x))) => v.push(x),
            (Values::I64(v), None) => v.push(0),
            (Values::I64(v), Some(Value::I64(x))) => v.push(x),
            (Values::U64(v), None) => v.push(0),
            (Values::U64(v), Some(Value::U64(x))) => v.push(x),
            (Values::Bool(v), None) => v.push(false),
            (Values::Bool(v), Some(Value::Bool(x))) => v.push(x),
            (Values::Text(v), None) => {
                let empty = v.last().cloned().unwrap_or_else(|| "".into());
                v.push(empty);
            }
            (Values::Text(v), Some(Value::Text(x))) => v.push(x),
            (Values::Mixed(v), value) => v.push(value),
            (Values::None, Some(value)) => {
                /// With as much room as there is for times.
                fn list<T: Clone>(filler: T, filled: usize, room: usize) -> Vec<T> {
                    let mut list = Vec::with_capacity(room.max(filled));
                    list.resize(filled, filler);
                    list
                }
                let room = self.times.capacity();
                self.values = match &value {
                    Value::F64(_) => Values::F64(list(f64::NAN, filled, room)),
                    Value::I64(_) => Values::I64(list(0, filled, room)),
                    Value::U64(_) => Values::U64(list(0, filled, room)),
                    Value::Bool(_) => Values::Bool(list(false, filled, room)),
                    Value::Text(_) => Values::Text(list("".into(), filled, room)),
                };
                self.push_value(Some(value));
            }
            (values, Some(value)) if filled == 0 => {
                *values = Values::None;
                self.push_value(Some(value));
            }
            (_, value) => {
                let mut mixed: Vec<Option<Value>> = (0..filled).map(|i| self.value(i)).collect();
                mixed.push(value);
                self.values = Values::Mixed(mixed);
            }
        }
    }

    /// Adds all of `other` at the end.
    pub fn append(&mut self, other: &Self) {
        if self.is_empty() {
            self.clone_from(other);
            return;
        }
        self.reserve(other.len());
        match (&mut self.values, &other.values) {
            (Values::F64(mine), Values::F64(theirs)) => mine.extend_from_slice(theirs),
            (Values::I64(mine), Values::I64(theirs)) => mine.extend_from_slice(theirs),
            (Values::U64(mine), Values::U64(theirs)) => mine.extend_from_slice(theirs),
            (Values::Bool(mine), Values::Bool(theirs)) => mine.extend_from_slice(theirs),
            (Values::Text(mine), Values::Text(theirs)) => mine.extend_from_slice(theirs),
            _ => {
                for sample in other.iter() {
                    self.push(sample);
                }
                return;
            }
        }
        if !other.details.is_empty() || !self.details.is_empty() {
            self.details.resize(self.times.len(), None);
            self.details.extend_from_slice(&other.details);
            self.details.resize(self.times.len() + other.len(), None);
        }
        self.times.extend_from_slice(&other.times);
        self.qualities.extend_from_slice(&other.qualities);
        self.weight += other.weight;
    }

    /// Makes room for so many more. Room grows by a quarter and not to the double: of ten thousand tags whose samples come
    /// one by one, half of what is recent would be room for more.
    fn reserve(&mut self, more: usize) {
        fn grow<T>(list: &mut Vec<T>, more: usize) {
            if list.capacity() - list.len() < more {
                list.reserve_exact(more.max(list.len() / 4).max(LEAST_ROOM));
            }
        }
        grow(&mut self.times, more);
        grow(&mut self.qualities, more);
        match &mut self.values {
            Values::None => {}
            Values::F64(v) => grow(v, more),
            Values::I64(v) => grow(v, more),
            Values::U64(v) => grow(v, more),
            Values::Bool(v) => grow(v, more),
            Values::Text(v) => grow(v, more),
            Values::Mixed(v) => grow(v, more),
        }
    }

    /// A copy of some.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let values = match &self.values {
            Values::None => Values::None,
            Values::F64(v) => Values::F64(v[range.clone()].to_vec()),
            Values::I64(v) => Values::I64(v[range.clone()].to_vec()),
            Values::U64(v) => Values::U64(v[range.clone()].to_vec()),
            Values::Bool(v) => Values::Bool(v[range.clone()].to_vec()),
            Values::Text(v) => Values::Text(v[range.clone()].to_vec()),
            Values::Mixed(v) => Values::Mixed(v[range.clone()].to_vec()),
        };
        let details = self.details.get(range.clone()).unwrap_or_default();
        let details = if details.iter().all(Option::is_none) { Vec::new() } else { details.to_vec() };
        let (times, qualities) = (self.times[range.clone()].to_vec(), self.qualities[range].to_vec());
        let mut slice = Self { times, values, qualities, details, weight: 0 };
        slice.weight = slice.weigh();
        slice
    }

    fn weigh(&self) -> usize {
        let texts = matches!(self.values, Values::Text(_) | Values::Mixed(_)) || !self.details.is_empty();
        if texts { self.iter().map(|s| s.weight()).sum() } else { self.len() * LEAST_WEIGHT }
    }

    /// Whether every sample comes before the next one in the canonical order, none twice.
    pub fn is_canonical(&self) -> bool {
        (1..self.len()).all(|i| {
            self.times[i - 1] < self.times[i]
                || self.times[i - 1] == self.times[i]
                    && self.sample(i - 1).order_without_detail(&self.sample(i)) == Ordering::Less
        })
    }

    /// The same samples in canonical order: what differs in its detail alone is one (the last detail in order stays), and
    /// no instant has more than [`MOST_AT_ONE_TIME`]. Also says how many were left out for that.
    #[must_use]
    pub fn into_canonical(self) -> (Self, u64) {
        if self.is_canonical() {
            return self.bounded();
        }
        let mut samples: Vec<Sample> = self.iter().collect();
        samples.sort_by(Sample::order);
        let mut out = Self::new();
        let mut samples = samples.into_iter().peekable();
        while let Some(sample) = samples.next() {
            let twin = samples.peek().is_some_and(|next| next.order_without_detail(&sample) == Ordering::Equal);
            if !twin {
                out.push(sample);
            }
        }
        out.bounded()
    }

    /// Both, which are in canonical order, in canonical order. Costs what comes at or after the first of `other`. Also says
    /// how many were left out, see [`Self::into_canonical`].
    #[must_use]
    pub fn merged(mut self, other: &Self) -> (Self, u64) {
        let Some(first) = other.first_time() else { return (self, 0) };
        let kept = self.times.partition_point(|t| *t < first);
        if kept == self.len() {
            self.append(other);
            return (self, 0);
        }
        let mut tail = self.slice(kept..self.len());
        tail.append(other);
        let (tail, left_out) = tail.into_canonical();
        let mut merged = self.slice(0..kept);
        merged.append(&tail);
        (merged, left_out)
    }

    /// Leaves out what is too much at one time.
    fn bounded(self) -> (Self, u64) {
        let crowd = |i: usize| i >= MOST_AT_ONE_TIME && self.times[i - MOST_AT_ONE_TIME] == self.times[i];
        if !(MOST_AT_ONE_TIME..self.len()).any(crowd) {
            return (self, 0);
        }
        let mut kept = Self::new();
        for i in (0..self.len()).filter(|i| !crowd(*i)) {
            kept.push(self.sample(i));
        }
        let left_out = (self.len() - kept.len()) as u64;
        (kept, left_out)
    }
}

impl FromIterator<Sample> for Columns {
    fn from_iter<I: IntoIterator<Item = Sample>>(samples: I) -> Self {
        let mut columns = Self::new();
        for sample in samples {
            columns.push(sample);
        }
        columns
    }
}

/// The same samples in the same order, to the last bit.
impl PartialEq for Columns {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other.iter()).all(|(a, b)| a.order(&b) == Ordering::Equal)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Samples as a plant with every trouble makes them: few times, so that they meet.
    pub fn any_sample() -> impl Strategy<Value = Sample> {
        let value = prop_oneof![
            6 => any::<f64>().prop_map(|v| Some(Value::F64(v))),
            2 => (-3_i64..3).prop_map(|v| Some(Value::F64(v as f64 / 10.0))),
            1 => any::<i64>().prop_map(|v| Some(Value::I64(v))),
            1 => any::<u64>().prop_map(|v| Some(Value::U64(v))),
            1 => any::<bool>().prop_map(|v| Some(Value::Bool(v))),
            1 => "[a-c]{0,3}".prop_map(|v| Some(Value::Text(v.into()))),
            2 => Just(None),
        ];
        let quality = prop_oneof![
            6 => Just(Quality::GOOD),
            1 => Just(Quality::STALE),
            1 => Just(Quality::NO_COMMUNICATION),
            1 => any::<u16>().prop_map(Quality::from_number),
        ];
        let detail = prop_oneof![6 => Just(None), 1 => "[x-z]{0,2}".prop_map(|d| Some(d.into()))];
        let time = prop_oneof![4 => -20_i64..20, 1 => any::<i64>()];
        (time, value, quality, detail).prop_map(|(t, v, q, d)| Sample::new(Utc(t), v, q, d))
    }

    pub fn any_columns(most: usize) -> impl Strategy<Value = Columns> {
        proptest::collection::vec(any_sample(), 0..most).prop_map(|samples| samples.into_iter().collect())
    }

    proptest! {
        #[test]
        fn any_order_of_arrival_gives_the_same_samples(
            samples in proptest::collection::vec(any_sample(), 0..40),
            cut in 0_usize..40,
            seed: u64,
        ) {
            let all: Columns = samples.iter().cloned().collect();
            let (all, _) = all.into_canonical();
            prop_assert!(all.is_canonical());
            let mut shuffled = samples.clone();
            fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
            let cut = cut.min(shuffled.len());
            let (one, two) = shuffled.split_at(cut);
            let (one, _) = one.iter().cloned().collect::<Columns>().into_canonical();
            let (two, _) = two.iter().cloned().collect::<Columns>().into_canonical();
            let (merged, _) = one.merged(&two);
            prop_assert_eq!(&merged, &all);
            prop_assert_eq!(merged.clone().merged(&all).0, all, "merging twice changes nothing");
        }

        #[test]
        fn slices_and_appends_keep_every_sample(columns in any_columns(40), at in 0_usize..40) {
            let at = at.min(columns.len());
            let mut joined = columns.slice(0..at);
            joined.append(&columns.slice(at..columns.len()));
            prop_assert_eq!(joined.weight(), columns.weight());
            prop_assert_eq!(joined, columns);
        }
    }

    #[test]
    fn a_clock_that_stands_still_fills_no_memory() {
        let frozen: Columns = (0..10_000).map(|i| Sample::good(Utc(5), f64::from(i))).collect();
        let (kept, left_out) = frozen.into_canonical();
        assert_eq!((kept.len(), left_out), (MOST_AT_ONE_TIME, 10_000 - MOST_AT_ONE_TIME as u64));
        let last = kept.sample(kept.len() - 1);
        assert_eq!(last.number(), MOST_AT_ONE_TIME as f64 - 1.0);
    }

    #[test]
    fn a_range_is_found_by_time() {
        let columns: Columns = [1, 3, 3, 7].map(|t| Sample::good(Utc(t), 0.0)).into_iter().collect();
        assert_eq!(columns.range(3, 7), 1..3);
        assert_eq!(columns.range(4, 4), 3..3);
        assert_eq!(columns.range(9, 2), 4..4);
    }
}
