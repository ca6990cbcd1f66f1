//! Years into pixels: of each pixel column the first, least, greatest and last value, and a point of each doubt in it.
//!
//! Invariant: no column has more than [`MOST_PER_COLUMN`] points, however many samples went into it; where it has no more
//! samples than that, its points are the samples. Invariant: the least and the greatest value of a column, its first and
//! last sample, and whether anything in it was bad or uncertain, are always among its points, so that zooming out hides
//! no spike, no gap and no doubt.

use crate::engine::{Level, Point, Quality};
use crate::time::Utc;
use std::sync::Arc;

/// First, least, greatest, last, one that is bad, one that is uncertain.
pub const MOST_PER_COLUMN: usize = 6;

/// More columns than any screen has.
pub const MOST_COLUMNS: usize = 1 << 15;

/// What a pen draws of a range of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Picture {
    /// In order of time, from the sample that held when the range began to the first one after it. NaN where bad.
    pub points: Vec<Point>,
    /// Stretches without a value, in order of time. Of those that lie within one column, the longest of it.
    pub gaps: Vec<Gap>,
    /// Whether every point is a sample at its own time. Else a column is wider than the summaries it was made from,
    /// extremes may lie up to a summary's length beside their time, and gaps shorter than a column may be told whole.
    pub exact: bool,
}

/// A stretch of time without a value, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Since when; may be before the range.
    pub from: Utc,
    /// Until when; of one that lasts, as far as is recorded.
    pub to: Utc,
    /// Why.
    pub quality: Quality,
    /// Why, in words, where more is known.
    pub detail: Option<Arc<str>>,
}

/// What is known of several samples in a row without looking at each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// Of all qualities in it.
    pub worst: Quality,
    /// The first sample; NaN where bad.
    pub first: Point,
    /// The last sample; NaN where bad.
    pub last: Point,
    /// The least value; NaN where there is none.
    pub min: f64,
    /// The greatest value; NaN where there is none.
    pub max: f64,
    /// Whether the least came before the greatest; `None`: that is not known.
    pub min_first: Option<bool>,
}

/// Draws a [`Picture`] from samples and runs in order of time.
#[derive(Debug)]
pub struct Sketch {
    from: i64,
    length: i64,
    columns: i64,
    picture: Picture,
    column: Column,
    open: Option<Gap>,
    /// The longest gap of a column that lies within it: the column, and where in the list.
    small: Option<(i64, usize)>,
    last_time: Utc,
}

/// Points that were not yet given away, with the order in which they came: times may be equal.
type Candidate = Option<(u32, Point)>;

#[derive(Debug, Default)]
struct Column {
    index: i64,
    end: i64,
    count: u32,
    few: [Candidate; MOST_PER_COLUMN],
    /// Whether something in it was a run, which is more than its points.
    runs: bool,
    first: Candidate,
    last: Candidate,
    min: Candidate,
    max: Candidate,
    bad: Candidate,
    doubt: Candidate,
}

impl Sketch {
    /// A picture of `from..to` in so many columns, at least one and at most [`MOST_COLUMNS`].
    pub fn new(from: Utc, to: Utc, columns: usize) -> Self {
        let length = to.0.saturating_sub(from.0).max(1);
        let columns = columns.clamp(1, MOST_COLUMNS) as i64;
        let picture = Picture { exact: true, ..Picture::default() };
        let column = Column { index: i64::MIN, end: i64::MIN, ..Column::default() };
        Self { from: from.0, length, columns, picture, column, open: None, small: None, last_time: Utc(i64::MIN) }
    }

    /// How long a column is, in microseconds.
    pub fn column_micros(&self) -> i64 {
        (self.length / self.columns).max(1)
    }

    /// Takes up a sample. `value`: NaN where there is no number.
    pub fn sample(&mut self, time: Utc, value: f64, quality: Quality, detail: Option<&Arc<str>>) {
        let value = if quality.is_bad() { f64::NAN } else { value };
        let point = Point { time, value, quality };
        self.enter(time);
        self.column.take(point);
        self.follow_gap(point, detail);
    }

    /// Takes up samples in order of time that are good, one and all, without a look at each for what only a doubtful one
    /// has. `values`: as many, NaN where there is no number.
    pub fn good_samples(&mut self, times: &[i64], values: &[f64]) {
        let (mut times, mut values) = (times, values);
        while let Some(&first) = times.first() {
            self.enter(Utc(first));
            self.close_gap(Utc(first));
            let end = self.column.end;
            let within = times.iter().position(|time| *time >= end).unwrap_or(times.len()).max(1);
            let (own_times, own_values) = (&times[..within], &values[..within.min(values.len())]);
            self.column.take_good(own_times, own_values);
            self.last_time = own_times.last().map_or(self.last_time, |last| Utc(*last));
            (times, values) = (&times[within..], &values[own_values.len()..]);
        }
    }

    /// Takes up a run of samples. It belongs to the column that it begins in.
    pub fn run(&mut self, run: &Run) {
        let Run { worst, first, last, min, max, min_first } = *run;
        self.picture.exact = false;
        self.enter(first.time);
        self.column.runs = true;
        self.column.take(first);
        self.follow_gap(first, None);
        let within = |share: i64| Utc(first.time.0 + (last.time.0 - first.time.0) / 4 * share);
        // Of values that are known, none is worse than uncertain.
        let of_values = if worst.level() == Level::Uncertain { worst } else { Quality::GOOD };
        let falls = min_first.unwrap_or((first.value - min) < (max - first.value));
        let inner = |share, value| Point { time: within(share), value, quality: of_values };
        let (one, two) = if falls { (min, max) } else { (max, min) };
        if !one.is_nan() {
            self.column.take(inner(1, one));
        }
        if worst.is_bad() && !first.quality.is_bad() && !last.quality.is_bad() {
            let point = Point { time: within(2), value: f64::NAN, quality: worst };
            self.column.take(point);
        }
        if !two.is_nan() {
            self.column.take(inner(3, two));
        }
        self.column.take(last);
        self.follow_gap(last, None);
    }

    /// The picture; `until`: how far is recorded, where a gap that lasts ends.
    pub fn finish(mut self, until: Utc) -> Picture {
        self.column.give(&mut self.picture.points);
        let until = until.max(self.last_time);
        self.close_gap(until);
        self.picture
    }

    fn enter(&mut self, time: Utc) {
        self.last_time = time;
        if time.0 < self.column.end {
            return;
        }
        self.column.give(&mut self.picture.points);
        let index = self.index_of(time);
        let end = match index {
            -1 => self.from,
            i if i >= self.columns => i64::MAX,
            i => self.begin_of(i + 1),
        };
        self.column = Column { index, end, ..Column::default() };
    }

    /// Which column; before the range -1, behind it as many as there are.
    fn index_of(&self, time: Utc) -> i64 {
        let since = i128::from(time.0) - i128::from(self.from);
        if since < 0 {
            return -1;
        }
        (since * i128::from(self.columns) / i128::from(self.length)).min(i128::from(self.columns)) as i64
    }

    /// The first instant of a column.
    fn begin_of(&self, index: i64) -> i64 {
        let columns = i128::from(self.columns);
        let offset = (i128::from(index) * i128::from(self.length) + columns - 1) / columns;
        (i128::from(self.from) + offset).min(i128::from(i64::MAX)) as i64
    }

    fn follow_gap(&mut self, point: Point, detail: Option<&Arc<str>>) {
        if !point.quality.is_bad() {
            if self.open.is_some() {
                self.close_gap(point.time);
            }
            return;
        }
        if self.open.as_ref().is_some_and(|g| g.quality == point.quality && g.detail.as_ref() == detail) {
            return;
        }
        self.close_gap(point.time);
        self.open = Some(Gap { from: point.time, to: point.time, quality: point.quality, detail: detail.cloned() });
    }

    fn close_gap(&mut self, to: Utc) {
        let Some(mut gap) = self.open.take() else { return };
        gap.to = to;
        let length = |g: &Gap| (g.to - g.from).0;
        let (begin, end) = (self.index_of(gap.from), self.index_of(to));
        let gaps = &mut self.picture.gaps;
        let gaps_before = self.small.filter(|(column, _)| *column == begin);
        if begin != end || begin < 0 || begin >= self.columns {
            gaps.push(gap);
        } else if let Some((_, at)) = gaps_before {
            if length(&gap) > length(&gaps[at]) {
                gaps.remove(at);
                self.small = Some((begin, gaps.len()));
                gaps.push(gap);
            }
        } else {
            self.small = Some((begin, gaps.len()));
            gaps.push(gap);
        }
    }
}

impl Column {
    fn take(&mut self, point: Point) {
        let it = Some((self.count, point));
        if let Some(place) = self.few.get_mut(self.count as usize) {
            *place = it;
        }
        self.count += 1;
        self.first = self.first.or(it);
        self.last = it;
        match point.quality.level() {
            Level::Good => {}
            Level::Uncertain => self.doubt = self.doubt.or(it),
            Level::Bad => self.bad = self.bad.or(it),
        }
        if !point.value.is_nan() {
            if self.min.is_none_or(|(_, least)| point.value < least.value) {
                self.min = it;
            }
            if self.max.is_none_or(|(_, greatest)| point.value > greatest.value) {
                self.max = it;
            }
        }
    }

    /// The same as [`Self::take`] for each.
    fn take_good(&mut self, times: &[i64], values: &[f64]) {
        let good = |i: usize, value: f64| Point { time: Utc(times[i]), value, quality: Quality::GOOD };
        let begun = self.count;
        let counted = |i: usize, value: f64| Some((begun + i as u32, good(i, value)));
        let few = self.few.iter_mut().skip(begun as usize);
        for (place, (i, value)) in few.zip(values.iter().enumerate()) {
            *place = counted(i, *value);
        }
        let value_of = |candidate: Candidate| candidate.map_or(f64::NAN, |(_, point)| point.value);
        let (mut least, mut greatest) = (value_of(self.min), value_of(self.max));
        let (mut min, mut max) = (None, None);
        for (i, &value) in values.iter().enumerate() {
            // What is no number is neither less nor greater than another.
            if value < least || least.is_nan() && !value.is_nan() {
                (least, min) = (value, Some(i));
            }
            if value > greatest || greatest.is_nan() && !value.is_nan() {
                (greatest, max) = (value, Some(i));
            }
        }
        self.min = min.map_or(self.min, |i| counted(i, least));
        self.max = max.map_or(self.max, |i| counted(i, greatest));
        if let (Some(first), Some(last)) = (values.first(), values.last()) {
            self.first = self.first.or_else(|| counted(0, *first));
            self.last = counted(values.len() - 1, *last);
        }
        self.count += values.len() as u32;
    }

    /// Gives its points away, in the order in which they came.
    fn give(&mut self, into: &mut Vec<Point>) {
        let mut chosen = if self.count as usize <= MOST_PER_COLUMN && !self.runs {
            self.few
        } else {
            [self.first, self.last, self.min, self.max, self.bad, self.doubt]
        };
        chosen.sort_unstable_by_key(|c| c.map_or(u32::MAX, |(order, _)| order));
        let mut before = None;
        for (order, point) in chosen.into_iter().flatten() {
            if before.replace(order) != Some(order) {
                into.push(point);
            }
        }
        self.count = 0;
        *self = Self { end: self.end, index: self.index, ..Self::default() };
    }
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
