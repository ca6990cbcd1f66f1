//! Samples that are in the log and not yet in chunks, sorted, shared with readers.
//!
//! While they are sealed they stay here, apart from what comes meanwhile, until the log has let go of them: a reader that
//! copies them first and looks into the chunks afterwards misses none, and what it finds twice is one.
//! Invariant: what is here is exactly what the log's rows hold, so that memory does not grow with the age of the history.

use super::columns::Columns;
use super::mend::Spot;
use super::sample::{Sample, SeriesId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The unsealed samples of all tags.
#[derive(Debug, Default)]
pub struct Recent {
    /// A plain lock, held for moments by the recorder and readers, never across I/O.
    inner: RwLock<Inner>,
    /// What readers and the scan found damaged and the recorder has not yet mended. A plain lock, held for moments. Full: what
    /// comes then is found again by the next who reads it.
    suspects: Mutex<BTreeSet<Spot>>,
}

/// Suspects that may wait.
const MOST_SUSPECTS: usize = 1_024;

#[derive(Debug, Default)]
struct Inner {
    open: HashMap<SeriesId, Columns>,
    sealing: Arc<BTreeMap<SeriesId, Columns>>,
    weight: usize,
    file: u64,
}

impl Recent {
    /// Those of one tag with a time from `from` to before `to` in microseconds, in canonical order.
    pub fn samples(&self, series: SeriesId, from: i64, to: i64) -> Columns {
        let part = |columns: Option<&Columns>| columns.map(|c| c.slice(c.range(from, to))).unwrap_or_default();
        let inner = self.read();
        let (sealing, open) = (part(inner.sealing.get(&series)), part(inner.open.get(&series)));
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
        [last(inner.sealing.get(&series)), last(inner.open.get(&series))].into_iter().flatten().max_by(Sample::order)
    }

    /// Time of the newest of a tag, in microseconds.
    pub fn newest(&self, series: SeriesId) -> Option<i64> {
        let inner = self.read();
        let last = |columns: Option<&Columns>| columns.and_then(Columns::last_time);
        last(inner.sealing.get(&series)).max(last(inner.open.get(&series)))
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

    /// Takes what was committed. Returns how many were left out, see [`Columns::into_canonical`].
    pub fn add<'a>(&self, tags: impl Iterator<Item = (SeriesId, &'a Columns)>) -> u64 {
        let mut inner = self.write();
        let mut left_out = 0;
        for (series, columns) in tags {
            let known = inner.open.remove(&series).unwrap_or_default();
            let before = known.weight();
            let (merged, out) = known.merged(columns);
            inner.weight = inner.weight + merged.weight() - before;
            left_out += out;
            inner.open.insert(series, merged);
        }
        left_out
    }

    /// Sets all aside for sealing, or says what still is.
    pub fn begin_sealing(&self) -> Arc<BTreeMap<SeriesId, Columns>> {
        let mut inner = self.write();
        if inner.sealing.is_empty() {
            inner.sealing = Arc::new(std::mem::take(&mut inner.open).into_iter().collect());
            inner.weight = 0;
        }
        inner.sealing.clone()
    }

    /// Lets go of what was sealed, after the log has.
    pub fn end_sealing(&self) {
        let sealed = std::mem::take(&mut self.write().sealing);
        // Freed outside of the lock: it may be millions.
        drop(sealed);
    }

    /// Everything, as a new file takes it over from a damaged one.
    pub fn move_to_new_file(&self) -> BTreeMap<SeriesId, Columns> {
        let mut inner = self.write();
        inner.file += 1;
        inner.weight = 0;
        let mut all = Arc::unwrap_or_clone(std::mem::take(&mut inner.sealing));
        for (series, columns) in std::mem::take(&mut inner.open).into_iter().collect::<BTreeMap<_, _>>() {
            let known = all.remove(&series).unwrap_or_default();
            all.insert(series, known.merged(&columns).0);
        }
        all
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
    fn what_is_being_sealed_stays_readable_until_the_log_has_let_go_of_it() {
        let recent = Recent::default();
        add(&recent, &[1, 2, 3]);
        assert_eq!(recent.begin_sealing()[&TAG].len(), 3);
        assert_eq!(recent.weight(), 0);
        add(&recent, &[2, 4]);
        assert_eq!(recent.begin_sealing()[&TAG].len(), 3, "what came meanwhile waits for the next time");
        assert_eq!(times(&recent, 2, 9), [2, 3, 4]);
        assert_eq!((recent.newest(TAG), recent.before(TAG, 4)), (Some(4), Some(Sample::good(Utc(3), 3.0))));
        recent.end_sealing();
        assert_eq!(times(&recent, 0, 9), [2, 4]);
        assert_eq!(recent.weight(), 2);
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
