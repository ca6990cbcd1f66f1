//! Samples of many tags in memory as one list of plain rows, by tag and time: one commit of the log, or some small ones.
//!
//! Of fifty thousand tags each brings a sample a second. Lists of their own for each of them would be written to at fifty
//! thousand places a second, each far from the others and grown again and again; here all of that is one place, written
//! once and read from front to back.
//! Limitation: samples of one tag at one instant lie in the order in which they came, and twins among them are all here.
//! Whoever takes a tag's samples out of blocks puts them in canonical order, see [`super::Columns::into_canonical`].

use super::sample::{LEAST_WEIGHT, Sample, SeriesId};
use crate::engine::{Quality, Value};
use crate::time::Utc;

/// A sample, or where it lies.
#[derive(Debug, Clone, Copy)]
struct Row {
    time: i64,
    /// Of the value, by its kind.
    bits: u64,
    series: SeriesId,
    quality: Quality,
    kind: Kind,
}

/// What a row's bits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing: the quality is bad.
    None,
    F64,
    I64,
    U64,
    Bool,
    /// The place of the whole sample beside the rows: it has a text or a reason.
    Aside,
}

/// See the module.
#[derive(Debug, Clone, Default)]
pub struct Block {
    rows: Vec<Row>,
    /// Samples that are no plain row.
    aside: Vec<Sample>,
    weight: usize,
}

/// One tag's samples in a block.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    /// Whose.
    pub series: SeriesId,
    rows: &'a [Row],
    block: &'a Block,
}

impl Block {
    /// Adds samples, each in its place.
    pub fn extend(&mut self, samples: impl Iterator<Item = (SeriesId, Sample)>) {
        let least = samples.size_hint().0;
        if self.rows.is_empty() {
            self.rows.reserve_exact(least);
        }
        for (series, sample) in samples {
            self.weight += sample.weight();
            let (time, quality) = (sample.time.0, sample.quality);
            let (kind, bits) = match (&sample.value, &sample.detail) {
                (None, None) => (Kind::None, 0),
                (Some(Value::F64(v)), None) => (Kind::F64, v.to_bits()),
                (Some(Value::I64(v)), None) => (Kind::I64, *v as u64),
                (Some(Value::U64(v)), None) => (Kind::U64, *v),
                (Some(Value::Bool(v)), None) => (Kind::Bool, u64::from(*v)),
                (Some(Value::Text(_)), _) | (_, Some(_)) => {
                    self.aside.push(sample);
                    (Kind::Aside, self.aside.len() as u64 - 1)
                }
            };
            self.rows.push(Row { time, bits, series, quality, kind });
        }
        if self.rows.capacity() / 5 > self.rows.len() / 4 {
            self.rows.shrink_to_fit();
        }
        self.sort();
    }

    /// By tag and time. Costs little more than a look where long runs are in order, as devices send them.
    fn sort(&mut self) {
        self.rows.sort_by_key(|row| (row.series, row.time));
    }

    /// Adds all of another one, in their place.
    pub fn append(&mut self, other: &Self) {
        let behind = self.aside.len() as u64;
        self.rows.reserve_exact(other.rows.len());
        self.rows.extend(other.rows.iter().map(|row| match row.kind {
            Kind::Aside => Row { bits: row.bits + behind, ..*row },
            _ => *row,
        }));
        self.aside.extend_from_slice(&other.aside);
        self.weight += other.weight;
        self.sort();
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What they take together, see [`Sample::weight`].
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Tag by tag.
    pub fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        let groups = self.rows.chunk_by(|one, other| one.series == other.series);
        groups.filter_map(|rows| Some(Group { series: rows.first()?.series, rows, block: self }))
    }

    /// The samples of one tag; there may be none.
    pub fn of(&self, series: SeriesId) -> Group<'_> {
        let rows = self.rows.get(self.rows.partition_point(|row| row.series < series)..).unwrap_or_default();
        let rows = rows.get(..rows.partition_point(|row| row.series == series)).unwrap_or_default();
        Group { series, rows, block: self }
    }

    /// Where the samples behind those of a tag begin.
    pub fn place_behind(&self, series: SeriesId) -> usize {
        self.rows.partition_point(|row| row.series <= series)
    }

    /// Whose sample lies there. `None`: that is the end.
    pub fn series_at(&self, place: usize) -> Option<SeriesId> {
        self.rows.get(place).map(|row| row.series)
    }

    /// The samples from there on that are of the same tag as the first of them.
    pub fn group_at(&self, place: usize) -> Group<'_> {
        let rows = self.rows.get(place..).unwrap_or_default();
        let series = rows.first().map_or(SeriesId(0), |row| row.series);
        let count = rows.iter().take_while(|row| row.series == series).count();
        Group { series, rows: rows.get(..count).unwrap_or_default(), block: self }
    }

    fn sample(&self, row: &Row) -> Sample {
        let value = match row.kind {
            Kind::None => None,
            Kind::F64 => Some(Value::F64(f64::from_bits(row.bits))),
            Kind::I64 => Some(Value::I64(row.bits as i64)),
            Kind::U64 => Some(Value::U64(row.bits)),
            Kind::Bool => Some(Value::Bool(row.bits != 0)),
            Kind::Aside => match self.aside.get(row.bits as usize) {
                Some(sample) => return sample.clone(),
                None => None,
            },
        };
        Sample { time: Utc(row.time), value, quality: row.quality, detail: None }
    }
}

impl<'a> Group<'a> {
    /// How many.
    pub fn len(self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.rows.is_empty()
    }

    /// They in order of time.
    pub fn samples(self) -> impl DoubleEndedIterator<Item = Sample> + ExactSizeIterator + 'a {
        self.rows.iter().map(|row| self.block.sample(row))
    }

    /// Those with a time from `from` to before `to` in microseconds.
    #[must_use]
    pub fn within(self, from: i64, to: i64) -> Self {
        let first = self.rows.partition_point(|row| row.time < from);
        let end = self.rows.partition_point(|row| row.time < to).max(first);
        Self { rows: self.rows.get(first..end).unwrap_or_default(), ..self }
    }

    /// Time of the last, in microseconds.
    pub fn last_time(self) -> Option<i64> {
        self.rows.last().map(|row| row.time)
    }

    /// What they take, see [`Sample::weight`].
    pub fn weight(self) -> usize {
        let weight = |row: &Row| match row.kind {
            Kind::Aside => self.block.aside.get(row.bits as usize).map_or(LEAST_WEIGHT, Sample::weight),
            _ => LEAST_WEIGHT,
        };
        self.rows.iter().map(weight).sum()
    }
}
