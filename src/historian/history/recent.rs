//! Samples that are in the log and not yet in chunks, sorted, shared with readers.
//!
//! While they are sealed they stay here, apart from what comes meanwhile, until they are in chunks: a reader that copies
//! them first and looks into the chunks afterwards misses none, and what it finds twice is one.
//! Invariant: all that is here is in the log's rows too, so that memory does not grow with the age of the history.

use super::columns::Columns;
use super::mend::Spot;
use super::sample::{Sample, SeriesId};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

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
    /// By tag, as commits are: what is added one after another lies side by side.
    open: BTreeMap<SeriesId, Columns>,
    sealing: BTreeMap<SeriesId, Arc<Columns>>,
    weight: usize,
    file: u64,
}

impl Inner {
    /// Takes all out.
    fn all(&mut self) -> BTreeMap<SeriesId, Columns> {
        let mut all = std::mem::take(&mut self.open);
        for (series, columns) in std::mem::take(&mut self.sealing) {
            let open = all.remove(&series).unwrap_or_default();
            all.insert(series, Arc::unwrap_or_clone(columns).merged(&open).0);
        }
        all
    }

    fn sealing(&self, series: SeriesId) -> Option<&Columns> {
        self.sealing.get(&series).map(AsRef::as_ref)
    }
}

/// Takes what was committed.
#[derive(Debug)]
pub struct Adding<'a>(RwLockWriteGuard<'a, Inner>);

impl Adding<'_> {
    /// Takes the samples of a tag, which are in canonical order. Returns how many were left out.
    pub fn add(&mut self, series: SeriesId, columns: &Columns) -> u64 {
        let inner = &mut *self.0;
        let known = inner.open.entry(series).or_default();
        let before = known.weight();
        let (merged, left_out) = std::mem::take(known).merged(columns);
        *known = merged;
        inner.weight = inner.weight + known.weight() - before;
        left_out
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
        let part = |columns: Option<&Columns>| columns.map(|c| c.slice(c.range(from, to))).unwrap_or_default();
        let inner = self.read();
        let (sealing, open) = (part(inner.sealing(series)), part(inner.open.get(&series)));
        drop(inner);
        sealing.merged(&open).0
    }

    /// The last one of a tag before `time` in microseconds.
    pub fn before(&self, series: SeriesId, time: i64) -> Option<Sample> {
        let last = |columns: Option<&Columns>| {
            let columns = columns?;
            columns.range(i64::MIN, time).last().map(|i| columns.sample(i))
        };
        let inner = self.read();
        [last(inner.sealing(series)), last(inner.open.get(&series))].into_iter().flatten().max_by(Sample::order)
    }

    /// Time of the newest of a tag, in microseconds.
    pub fn newest(&self, series: SeriesId) -> Option<i64> {
        let inner = self.read();
        let last = |columns: Option<&Columns>| columns.and_then(Columns::last_time);
        last(inner.sealing(series)).max(last(inner.open.get(&series)))
    }

    /// Tells the time of the newest of each tag, but for those that are being sealed already.
    pub(super) fn each_newest(&self, mut each: impl FnMut(SeriesId, i64)) {
        let inner = self.read();
        inner.open.iter().filter_map(|(series, open)| Some((*series, open.last_time()?))).for_each(|(s, t)| each(s, t));
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
        self.read().open.len()
    }

    /// Takes what was committed. Returns how many were left out, see [`Columns::into_canonical`].
    pub fn add<'a>(&self, tags: impl Iterator<Item = (SeriesId, &'a Columns)>) -> u64 {
        let mut adding = self.adding();
        tags.map(|(series, columns)| adding.add(series, columns)).sum()
    }

    /// The same, tag by tag. Readers wait meanwhile.
    pub fn adding(&self) -> Adding<'_> {
        Adding(self.write())
    }

    /// Sets all aside for sealing, beside what still is from a sealing that was given up.
    pub fn begin_sealing(&self) {
        let mut inner = self.write();
        inner.weight = 0;
        inner.sealing = inner.all().into_iter().map(|(series, c)| (series, Arc::new(c))).collect();
    }

    /// The next tag, after this one, of those that are being sealed.
    pub fn sealing_after(&self, done: Option<SeriesId>) -> Option<(SeriesId, Arc<Columns>)> {
        let from = done.map_or(Bound::Unbounded, Bound::Excluded);
        let inner = self.read();
        inner.sealing.range((from, Bound::Unbounded)).next().map(|(series, columns)| (*series, columns.clone()))
    }

    /// Lets go of those that were set aside for sealing, up to this tag: they are in chunks now.
    pub fn sealed(&self, up_to: SeriesId) {
        let mut inner = self.write();
        let left = SeriesId(up_to.0.saturating_add(1));
        let left = if left > up_to { inner.sealing.split_off(&left) } else { BTreeMap::new() };
        let sealed = std::mem::replace(&mut inner.sealing, left);
        drop(inner);
        // Freed outside of the lock: it may be millions.
        drop(sealed);
    }

    /// Everything, as a new file takes it over from a damaged one.
    pub fn move_to_new_file(&self) -> BTreeMap<SeriesId, Columns> {
        let mut inner = self.write();
        inner.file += 1;
        inner.weight = 0;
        inner.all()
    }

    /// A thread that panicked while it held the lock left whole columns at least.
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Utc;

    const TAG: SeriesId = SeriesId(1);

    fn add(recent: &Recent, times: &[i64]) {
        let columns: Columns = times.iter().map(|t| Sample::good(Utc(*t), *t as f64)).collect();
        assert_eq!(recent.add([(TAG, &columns)].into_iter()), 0);
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
        assert_eq!(recent.sealing_after(None).map(|(series, columns)| (series, columns.len())), Some((TAG, 3)));
        assert_eq!(recent.weight(), 0);
        add(&recent, &[2, 4]);
        assert_eq!(
            recent.sealing_after(None).map(|s| s.1.len()),
            Some(3),
            "what came meanwhile waits for the next time"
        );
        assert_eq!(times(&recent, 2, 9), [2, 3, 4]);
        assert_eq!((recent.newest(TAG), recent.before(TAG, 4)), (Some(4), Some(Sample::good(Utc(3), 3.0))));
        recent.sealed(TAG);
        assert_eq!(times(&recent, 0, 9), [2, 4]);
        assert_eq!(recent.sealing_after(Some(TAG)).map(|s| s.0), Some(other), "the next one is not sealed yet");
        assert_eq!(recent.newest(other), Some(7));
        recent.sealed(other);
        assert!(recent.sealing_after(None).is_none() && recent.newest(other).is_none());
        assert_eq!(recent.weight(), 2);
    }

    #[test]
    fn a_sealing_that_was_given_up_is_taken_up_by_the_next_with_all_that_came_since() {
        let recent = Recent::default();
        add(&recent, &[1, 3]);
        recent.begin_sealing();
        add(&recent, &[2, 4]);
        recent.begin_sealing();
        assert_eq!(recent.sealing_after(None).map(|s| s.1.times().to_vec()), Some(vec![1, 2, 3, 4]));
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
}
