//! What one commit writes beside the samples that were handed over, and its rows of the log.

use super::block::Block;
use super::columns::Columns;
use super::frame;
use super::queue::{Batch, LostOf, mark_of_lost};
use super::sample::{Sample, SeriesId};
use std::collections::BTreeMap;

/// Weight of one row of the log. Small, so that its bytes are no block of memory that is large beside what is kept.
const FRAME_WEIGHT: usize = 4_096;

/// Rows of the log, none of them much heavier than [`FRAME_WEIGHT`] where tags allow.
pub(super) fn frames(block: &Block) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut open = frame::Writer::new();
    let mut weight = 0;
    for group in block.groups() {
        open.put(group.series, group.samples());
        weight += group.weight();
        if weight >= FRAME_WEIGHT {
            frames.push(std::mem::take(&mut open).finish());
            weight = 0;
        }
    }
    if weight > 0 {
        frames.push(open.finish());
    }
    frames
}

/// What has to be told of what was lost, and how many of the lost are recorded after all: where nothing of a tag came after it,
/// its newest. `block`: all that came.
pub(super) fn told_of_lost(block: &Block, batch: &Batch, why: Option<&str>) -> (Vec<(SeriesId, Sample)>, u64) {
    let mut told = Vec::new();
    let mut found = 0;
    for (series, LostOf { since, count, newest }) in &batch.lost {
        let mut count = *count;
        if block.of(*series).is_empty() {
            told.push((*series, newest.clone()));
            (count, found) = (count - 1, found + 1);
        }
        if count > 0 {
            told.push((*series, mark_of_lost(*since, count, why)));
        }
    }
    (told, found)
}

/// Samples by tag as a list.
pub(super) fn listed(columns: &BTreeMap<SeriesId, Columns>) -> impl Iterator<Item = (SeriesId, Sample)> {
    columns.iter().flat_map(|(series, columns)| columns.iter().map(|sample| (*series, sample)))
}

#[cfg(test)]
mod tests {
    use super::super::block::Group;
    use super::super::columns::tests::any_sample;
    use super::super::recent::Recent;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_and_what_is_kept_is_every_sample_of_every_tag(
            samples in proptest::collection::vec(((0_u32..5).prop_map(SeriesId), any_sample()), 0..60),
            cut in 0_usize..60,
        ) {
            let (one, other) = samples.split_at(cut.min(samples.len()));
            let mut block = Block::default();
            block.extend(one.iter().cloned());
            block.extend(other.iter().cloned());
            let mut wanted = BTreeMap::<SeriesId, Columns>::new();
            for (series, sample) in &samples {
                wanted.entry(*series).or_default().push(sample.clone());
            }
            let weight: usize = wanted.values().map(Columns::weight).sum();
            prop_assert_eq!((block.len(), block.weight()), (samples.len(), weight));
            prop_assert_eq!(block.groups().map(Group::weight).sum::<usize>(), weight);
            let wanted: BTreeMap<_, _> = wanted.into_iter().map(|(s, c)| (s, c.into_canonical().0)).collect();
            let newest: Vec<_> = wanted.iter().filter_map(|(s, c)| Some((*s, c.last_time()?))).collect();
            let told: Vec<_> = block.groups().filter_map(|group| Some((group.series, group.last_time()?))).collect();
            prop_assert_eq!(told, newest);
            let mut logged = BTreeMap::<SeriesId, Columns>::new();
            for frame in frames(&block) {
                frame::decode(&frame, |series, sample| logged.entry(series).or_default().push(sample)).unwrap();
            }
            let logged: BTreeMap<_, _> = logged.into_iter().map(|(s, c)| (s, c.into_canonical().0)).collect();
            prop_assert_eq!(&logged, &wanted);
            let recent = Recent::default();
            recent.add_block(block);
            prop_assert_eq!(recent.move_to_new_file(), wanted);
        }
    }
}
