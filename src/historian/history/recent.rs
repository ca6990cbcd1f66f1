//! Samples that are in the log and not yet in chunks, sorted, shared with readers.
//!
//! While they are sealed they stay here, apart from what comes meanwhile, until they are in chunks: a reader that copies
//! them first and looks into the chunks afterwards misses none, and what it finds twice is one.
//! Invariant: all that is here is in the log's rows too, so that memory does not grow with the age of the history.

use super::block::{Block, Group};
use super::columns::Columns;
use super::mend::Spot;
use super::newest::Newest;
use super::sample::{Sample, SeriesId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Small commits are joined up to so many samples: who looks for a tag looks into every block.
const JOINED: usize = 8_192;

/// The unsealed samples of all tags.
#[derive(Debug, Default)]
pub struct Recent {
    /// A plain lock, held for moments by the recorder and readers, never across I/O.
    inner: RwLock<Inner>,
    /// Odd while chunks are written or removed, another even number after it.
    chunks: AtomicU64,
    /// What readers and the scan found damaged and the recorder has not yet mended. A plain lock, held for moments. Full: what
    /// comes then is found again by the next who reads it.
    suspects: Mutex<BTreeSet<Spot>>,
}

/// Suspects that may wait.
const MOST_SUSPECTS: usize = 1_024;

#[derive(Debug, Default)]
struct Inner {
    /// In the order in which they were committed.
    open: Vec<Arc<Block>>,
    /// Time of the newest of each tag in them.
    newest: Newest,
    weight: usize,
    /// What is being sealed, and the newest in it.
    sealing: Vec<Arc<Block>>,
    newest_sealing: Newest,
    /// The last tag of it that is in chunks.
    sealed: Option<SeriesId>,
    file: u64,
}

impl Inner {
    /// What holds samples of a tag that are not in chunks, the oldest first.
    fn of(&self, series: SeriesId) -> impl Iterator<Item = &Arc<Block>> {
        let sealing = if self.is_sealed(series) { &[] } else { self.sealing.as_slice() };
        sealing.iter().chain(&self.open)
    }

    /// Whether what is being sealed of a tag is in chunks already.
    fn is_sealed(&self, series: SeriesId) -> bool {
        self.sealed.is_some_and(|sealed| series <= sealed)
    }
}

/// Chunks and their summaries are written or removed as long as this lives.
#[derive(Debug)]
pub struct ChangingChunks<'a>(&'a AtomicU64);

impl Drop for ChangingChunks<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Recent {
    /// To be kept by the one who writes while chunks or summaries change in the file.
    pub fn changing_chunks(&self) -> ChangingChunks<'_> {
        self.chunks.fetch_add(1, Ordering::SeqCst);
        ChangingChunks(&self.chunks)
    }

    /// Which state of the chunks the file is in: while two questions get the same number, it did not change between them.
    /// `None`: it is changing.
    pub fn chunks_version(&self) -> Option<u64> {
        Some(self.chunks.load(Ordering::SeqCst)).filter(|version| version % 2 == 0)
    }

    /// Those of one tag with a time from `from` to before `to` in microseconds, in canonical order.
    pub fn samples(&self, series: SeriesId, from: i64, to: i64) -> Columns {
        // Shared, so that the recorder waits for no copy.
        let blocks: Vec<Arc<Block>> = self.read().of(series).map(Arc::clone).collect();
        let groups: Vec<Group<'_>> = blocks.iter().map(|block| block.of(series).within(from, to)).collect();
        Columns::from_groups(&groups).into_canonical().0
    }

    /// The last one of a tag before `time` in microseconds.
    pub fn before(&self, series: SeriesId, time: i64) -> Option<Sample> {
        let inner = self.read();
        let last = |block: &Arc<Block>| {
            let before = block.of(series).within(i64::MIN, time);
            // Of one instant, the last in canonical order.
            before.within(before.last_time()?, i64::MAX).samples().max_by(Sample::order)
        };
        inner.of(series).filter_map(last).max_by(Sample::order)
    }

    /// Time of the newest of a tag, in microseconds.
    pub fn newest(&self, series: SeriesId) -> Option<i64> {
        let inner = self.read();
        let sealing = inner.newest_sealing.of(series).filter(|_| !inner.is_sealed(series));
        inner.newest.of(series).max(sealing)
    }

    /// Tells the time of the newest of each tag, but for those that are being sealed already.
    pub(super) fn each_newest(&self, mut each: impl FnMut(SeriesId, i64)) {
        self.read().newest.all().iter().for_each(|(series, time)| each(*series, *time));
    }

    /// Counts the files that were begun since the start: a reader whose number differs opens the history anew.
    pub fn file(&self) -> u64 {
        self.read().file
    }

    /// Tells the recorder where something is damaged. Returns whether it is, or was, noted.
    pub fn suspect(&self, spot: Spot) -> bool {
        let mut suspects = self.suspects.lock().unwrap_or_else(PoisonError::into_inner);
        suspects.contains(&spot) || suspects.len() < MOST_SUSPECTS && suspects.insert(spot)
    }

    /// What to mend next.
    pub(super) fn next_suspect(&self) -> Option<Spot> {
        self.suspects.lock().unwrap_or_else(PoisonError::into_inner).pop_first()
    }

    /// What is here and not being sealed, see [`Sample::weight`].
    pub fn weight(&self) -> usize {
        self.read().weight
    }

    /// How many tags that is of.
    pub fn tags(&self) -> usize {
        self.read().newest.all().len()
    }

    /// Takes what was committed, tag by tag.
    pub fn add<'a>(&self, tags: impl Iterator<Item = (SeriesId, &'a Columns)>) {
        let mut block = Block::default();
        block.extend(tags.flat_map(|(series, columns)| columns.iter().map(move |sample| (series, sample))));
        self.add_block(block);
    }

    /// Takes a commit.
    pub fn add_block(&self, block: Block) {
        if block.is_empty() {
            return;
        }
        let mut inner = self.write();
        let Inner { open, newest, weight, .. } = &mut *inner;
        newest.take(block.groups().filter_map(|group| Some((group.series, group.last_time()?))));
        *weight += block.weight();
        match open.last_mut().filter(|last| last.len() + block.len() <= JOINED) {
            // Where a reader has it, it keeps what it was.
            Some(last) => Arc::make_mut(last).append(&block),
            None => open.push(Arc::new(block)),
        }
    }

    /// Sets all aside for sealing, beside what still is from a sealing that was given up.
    pub fn begin_sealing(&self) {
        let mut inner = self.write();
        let Inner { open, newest, weight, sealing, newest_sealing, sealed, file: _ } = &mut *inner;
        sealing.append(open);
        newest_sealing.take(std::mem::take(newest).all().iter().copied());
        (*weight, *sealed) = (0, None);
    }

    /// The tags that are being sealed, from the first one after this on.
    pub fn sealing_after(&self, done: Option<SeriesId>) -> Tags {
        let blocks = self.read().sealing.clone();
        let begin = |block: &Arc<Block>| done.map_or(0, |done| block.place_behind(done));
        Tags { places: blocks.iter().map(begin).collect(), blocks }
    }

    /// Those that were set aside for sealing, up to this tag, are in chunks now.
    pub fn sealed(&self, up_to: SeriesId) {
        self.write().sealed = Some(up_to);
    }

    /// All that was set aside for sealing is in chunks.
    pub fn all_sealed(&self) {
        let mut inner = self.write();
        let sealed = (std::mem::take(&mut inner.sealing), std::mem::take(&mut inner.newest_sealing));
        inner.sealed = None;
        drop(inner);
        // Freed outside of the lock: it may be millions.
        drop(sealed);
    }

    /// Everything, as a new file takes it over from a damaged one.
    pub fn move_to_new_file(&self) -> BTreeMap<SeriesId, Columns> {
        let mut inner = self.write();
        let before = std::mem::take(&mut *inner);
        inner.file = before.file + 1;
        drop(inner);
        let places = before.sealing.iter().map(|block| before.sealed.map_or(0, |done| block.place_behind(done)));
        let places = places.chain(before.open.iter().map(|_| 0)).collect();
        let blocks = before.sealing.into_iter().chain(before.open).collect();
        Tags { blocks, places }.map(|(series, columns)| (series, columns.into_canonical().0)).collect()
    }

    /// A thread that panicked while it held the lock left whole columns at least.
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The samples of blocks tag by tag, those of one tag as they lie in one block after the other.
#[derive(Debug)]
pub struct Tags {
    blocks: Vec<Arc<Block>>,
    /// Where the next tag of each begins.
    places: Vec<usize>,
}

impl Iterator for Tags {
    type Item = (SeriesId, Columns);

    fn next(&mut self) -> Option<Self::Item> {
        let Self { blocks, places } = self;
        let series = blocks.iter().zip(&*places).filter_map(|(block, place)| block.series_at(*place)).min()?;
        let mut groups = Vec::new();
        for (block, place) in blocks.iter().zip(places) {
            if block.series_at(*place) == Some(series) {
                let group = block.group_at(*place);
                *place += group.len();
                groups.push(group);
            }
        }
        Some((series, Columns::from_groups(&groups)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Quality;
    use crate::time::Utc;

    const TAG: SeriesId = SeriesId(1);

    fn add(recent: &Recent, times: &[i64]) {
        let columns: Columns = times.iter().map(|t| Sample::good(Utc(*t), *t as f64)).collect();
        recent.add([(TAG, &columns)].into_iter());
    }

    /// The next tag to be sealed, and the times of its samples.
    fn next(recent: &Recent, done: Option<SeriesId>) -> Option<(SeriesId, Vec<i64>)> {
        recent.sealing_after(done).next().map(|(series, columns)| (series, columns.into_canonical().0.times().to_vec()))
    }

    fn times(recent: &Recent, from: i64, to: i64) -> Vec<i64> {
        recent.samples(TAG, from, to).times().to_vec()
    }

    #[test]
    fn what_is_being_sealed_stays_readable_until_it_is_in_chunks() {
        let other = SeriesId(u32::MAX);
        let recent = Recent::default();
        add(&recent, &[1, 2, 3]);
        recent.add([(other, &[Sample::good(Utc(7), 0.0)].into_iter().collect())].into_iter());
        recent.begin_sealing();
        assert_eq!(next(&recent, None), Some((TAG, vec![1, 2, 3])));
        assert_eq!(recent.weight(), 0);
        add(&recent, &[2, 4]);
        assert_eq!(next(&recent, None), Some((TAG, vec![1, 2, 3])), "what came meanwhile waits for the next time");
        assert_eq!(times(&recent, 2, 9), [2, 3, 4]);
        assert_eq!((recent.newest(TAG), recent.before(TAG, 4)), (Some(4), Some(Sample::good(Utc(3), 3.0))));
        recent.sealed(TAG);
        assert_eq!(times(&recent, 0, 9), [2, 4]);
        assert_eq!(next(&recent, Some(TAG)), Some((other, vec![7])), "the next one is not sealed yet");
        assert_eq!(recent.newest(other), Some(7));
        recent.sealed(other);
        assert!(next(&recent, Some(other)).is_none() && recent.newest(other).is_none());
        recent.all_sealed();
        assert_eq!((next(&recent, None), recent.newest(TAG)), (None, Some(4)));
        assert_eq!(recent.weight(), 2);
    }

    #[test]
    fn a_sealing_that_was_given_up_is_taken_up_by_the_next_with_all_that_came_since() {
        let recent = Recent::default();
        add(&recent, &[1, 3]);
        recent.begin_sealing();
        add(&recent, &[2, 4]);
        recent.begin_sealing();
        assert_eq!(next(&recent, None), Some((TAG, vec![1, 2, 3, 4])));
        assert_eq!(recent.weight(), 0);
    }

    #[test]
    fn late_samples_land_in_their_place() {
        let recent = Recent::default();
        add(&recent, &[10, 20]);
        add(&recent, &[5, 15]);
        assert_eq!(times(&recent, 0, 100), [5, 10, 15, 20]);
        assert_eq!(recent.before(TAG, 5), None);
        assert!(recent.samples(SeriesId(2), 0, 100).is_empty());
    }

    #[test]
    fn small_commits_are_joined_and_a_reader_keeps_what_it_has() {
        let recent = Recent::default();
        let of = |series: u32, second: i64| {
            let text = Sample::new(Utc(second), Some(crate::engine::Value::Text("on".into())), Quality::GOOD, None);
            [(SeriesId(series), text), (SeriesId(series), Sample::good(Utc(second + 1), 0.5))]
        };
        for second in 0..JOINED as i64 {
            let mut block = Block::default();
            block.extend(of(second as u32 % 3, second * 10).into_iter());
            recent.add_block(block);
        }
        let inner = recent.read();
        assert_eq!(inner.open.iter().map(|block| block.len()).collect::<Vec<_>>(), [JOINED, JOINED]);
        assert_eq!((inner.weight, recent.tags()), (2 * JOINED, 3));
        drop(inner);
        let all = recent.samples(SeriesId(1), 0, i64::MAX);
        assert_eq!(all.len(), 2 * JOINED.div_ceil(3));
        assert!(all.is_canonical());
        assert_eq!(all.sample(0), of(1, 10)[0].1);
        let last = all.len() - 1;
        assert_eq!(recent.before(SeriesId(1), i64::MAX), Some(all.sample(last)));
    }

    #[test]
    fn of_one_instant_the_last_in_canonical_order_is_what_stands() {
        let recent = Recent::default();
        let mut block = Block::default();
        let values = [3.0, 1.0, 2.0];
        block.extend(values.into_iter().map(|value| (TAG, Sample::good(Utc(5), value))));
        recent.add_block(block);
        assert_eq!(recent.before(TAG, 6), Some(Sample::good(Utc(5), 3.0)));
        assert_eq!(recent.samples(TAG, 5, 6).numbers().to_vec(), [1.0, 2.0, 3.0]);
    }
}
