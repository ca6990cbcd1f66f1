//! What one commit writes: samples of all tags as one list, told tag by tag in canonical order.
//!
//! The list is of places in other lists and sorted as it lies. Columns of their own for each of ten thousand tags, made and
//! dropped every second, would cost more memory than the samples that wait for sealing.

use super::columns::Columns;
use super::frame;
use super::queue::{Batch, LostOf, mark_of_lost};
use super::sample::{Sample, SeriesId};
use std::collections::BTreeMap;

/// Weight of one row of the log. Small, so that its bytes are no block of memory that is large beside what is kept.
const FRAME_WEIGHT: usize = 4_096;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Gathered<'a> {
    parts: Vec<&'a [(SeriesId, Sample)]>,
    /// By tag; of each sample in which part it lies and where. Those of one tag in the order in which they were added.
    places: Vec<(SeriesId, u8, u32)>,
}

impl<'a> Gathered<'a> {
    /// Adds some.
    pub fn add(&mut self, samples: &'a [(SeriesId, Sample)]) {
        let part = self.parts.len() as u8;
        self.parts.push(samples);
        self.places.extend((0_u32..).zip(samples).map(|(at, (series, _))| (*series, part, at)));
        self.places.sort_unstable();
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The time of the newest sample of each tag, by tag.
    pub fn newest(&self) -> impl Iterator<Item = (SeriesId, i64)> {
        self.groups().filter_map(|(series, group)| Some((series, self.samples(group).map(|s| s.time.0).max()?)))
    }

    /// Hands out each tag's samples in canonical order. Returns how many were left out, see [`Columns::into_canonical`].
    pub fn each(&self, mut each: impl FnMut(SeriesId, &Columns)) -> u64 {
        let mut left_out = 0;
        let mut columns = Columns::new();
        for (series, group) in self.groups() {
            columns.clear();
            for sample in self.samples(group) {
                columns.push(sample.clone());
            }
            let (canonical, out) = columns.into_canonical();
            columns = canonical;
            left_out += out;
            each(series, &columns);
        }
        left_out
    }

    /// Rows of the log, none of them much heavier than [`FRAME_WEIGHT`] where tags allow.
    pub fn frames(&self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let mut open = frame::Writer::new();
        let mut weight = 0;
        let _left_out = self.each(|series, columns| {
            open.put(series, columns);
            weight += columns.weight();
            if weight >= FRAME_WEIGHT {
                frames.push(std::mem::take(&mut open).finish());
                weight = 0;
            }
        });
        if weight > 0 {
            frames.push(open.finish());
        }
        frames
    }

    fn groups(&self) -> impl Iterator<Item = (SeriesId, &[(SeriesId, u8, u32)])> {
        self.places.chunk_by(|a, b| a.0 == b.0).filter_map(|group| Some((group.first()?.0, group)))
    }

    fn samples(&self, group: &[(SeriesId, u8, u32)]) -> impl Iterator<Item = &'a Sample> {
        let sample = |(_, part, at): &(_, u8, u32)| Some(&self.parts.get(usize::from(*part))?.get(*at as usize)?.1);
        group.iter().filter_map(sample)
    }

    fn has(&self, series: SeriesId) -> bool {
        self.places.binary_search_by_key(&series, |(series, ..)| *series).is_ok()
    }

    /// What has to be told of what was lost, and how many of the lost are recorded after all: where nothing of a tag came
    /// after it, its newest.
    pub fn told_of_lost(&self, batch: &Batch, why: Option<&str>) -> (Vec<(SeriesId, Sample)>, u64) {
        let mut told = Vec::new();
        let mut found = 0;
        for (series, LostOf { since, count, newest }) in &batch.lost {
            let mut count = *count;
            if !self.has(*series) {
                told.push((*series, newest.clone()));
                (count, found) = (count - 1, found + 1);
            }
            if count > 0 {
                told.push((*series, mark_of_lost(*since, count, why)));
            }
        }
        (told, found)
    }
}

/// Samples by tag as a list.
pub(super) fn listed(columns: &BTreeMap<SeriesId, Columns>) -> Vec<(SeriesId, Sample)> {
    columns.iter().flat_map(|(series, columns)| columns.iter().map(|sample| (*series, sample))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::columns::tests::any_sample;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_every_sample_of_every_tag_in_order(
            samples in proptest::collection::vec(((0_u32..5).prop_map(SeriesId), any_sample()), 0..60),
            cut in 0_usize..60,
        ) {
            let (one, other) = samples.split_at(cut.min(samples.len()));
            let mut gathered = Gathered::default();
            gathered.add(one);
            gathered.add(other);
            let mut wanted = BTreeMap::<SeriesId, Columns>::new();
            for (series, sample) in &samples {
                wanted.entry(*series).or_default().push(sample.clone());
            }
            let wanted: BTreeMap<_, _> = wanted.into_iter().map(|(s, c)| (s, c.into_canonical().0)).collect();
            let mut told = BTreeMap::new();
            prop_assert_eq!(gathered.each(|series, columns| drop(told.insert(series, columns.clone()))), 0);
            prop_assert_eq!(&told, &wanted);
            let newest: Vec<_> = wanted.iter().filter_map(|(s, c)| Some((*s, c.last_time()?))).collect();
            prop_assert_eq!(gathered.newest().collect::<Vec<_>>(), newest);
            let mut logged = BTreeMap::<SeriesId, Columns>::new();
            for frame in gathered.frames() {
                frame::decode(&frame, |series, sample| logged.entry(series).or_default().push(sample)).unwrap();
            }
            prop_assert_eq!(logged, wanted);
        }
    }
}
