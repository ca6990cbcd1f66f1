//! What the log holds when a history is opened: its samples, and the commits that do not fit their checksum.
//!
//! A commit is a second of all tags. One that cannot be read leaves a mark in the data of every tag that was recorded then,
//! just after what the commit before it held: a value that changed in that second must not seem to have stood.

use super::bytes::Damage;
use super::columns::Columns;
use super::frame;
use super::sample::{Sample, SeriesId};
use crate::engine::Quality;
use crate::time::Utc;
use std::collections::{BTreeMap, BTreeSet};

/// The log's contents.
#[derive(Debug, Default)]
pub struct Unsealed {
    /// Each tag's samples in canonical order.
    pub samples: BTreeMap<SeriesId, Columns>,
    /// Commits that cannot be read.
    pub lost: Vec<LostCommit>,
}

/// A commit that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostCommit {
    /// Its number in the log.
    pub seq: i64,
    /// Where its samples are missing, as nearly as the commits around it tell.
    pub at: Utc,
}

impl Unsealed {
    /// The marks of the commits that are lost, for each of these tags.
    pub fn marks(&self, tags: &BTreeSet<SeriesId>) -> BTreeMap<SeriesId, Columns> {
        if self.lost.is_empty() {
            return BTreeMap::new();
        }
        let detail = Some("a commit of the log could not be read".into());
        let mark = |lost: &LostCommit| Sample::bad(lost.at, Quality::DAMAGED, detail.clone());
        let marks: Columns = self.lost.iter().map(mark).collect();
        tags.iter().chain(self.samples.keys()).map(|series| (*series, marks.clone())).collect()
    }
}

/// Takes up the commits of a log one after the other.
#[derive(Debug, Default)]
pub struct Reading {
    unsealed: Unsealed,
    /// Commits that are lost before the first one that could be read.
    early: Vec<i64>,
    newest: Option<i64>,
    last: Option<i64>,
}

impl Reading {
    /// The commits between the last one and this were there once, and are not any more.
    pub fn skipped_to(&mut self, seq: i64) {
        if let Some(last) = self.last.filter(|last| *last + 1 < seq) {
            self.lose(last + 1);
        }
        self.last = Some(seq);
    }

    /// The next commit. What is wrong with it counts as damage of this commit alone.
    pub fn take(&mut self, seq: i64, body: &[u8]) -> Result<(), Damage> {
        let mut gathered = BTreeMap::<SeriesId, Columns>::new();
        let read = frame::decode(body, |series, sample| gathered.entry(series).or_default().push(sample));
        if let Err(damage) = read {
            self.lose(seq);
            return Err(damage);
        }
        let times = || gathered.values().flat_map(Columns::times).copied();
        for seq in std::mem::take(&mut self.early) {
            let at = Utc(times().min().map_or(0, |first| first.saturating_sub(1)));
            self.unsealed.lost.push(LostCommit { seq, at });
        }
        self.newest = self.newest.max(times().max());
        for (series, columns) in gathered {
            self.unsealed.samples.entry(series).or_default().append(&columns);
        }
        Ok(())
    }

    fn lose(&mut self, seq: i64) {
        match self.newest {
            Some(newest) => self.unsealed.lost.push(LostCommit { seq, at: Utc(newest.saturating_add(1)) }),
            None => self.early.push(seq),
        }
    }

    /// All of it. `alive`: when the program last committed, for a log of which nothing could be read.
    pub fn finish(self, alive: Utc) -> Unsealed {
        let Self { mut unsealed, early, .. } = self;
        unsealed.lost.extend(early.into_iter().map(|seq| LostCommit { seq, at: alive }));
        for columns in unsealed.samples.values_mut() {
            *columns = std::mem::take(columns).into_canonical().0;
        }
        unsealed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: SeriesId = SeriesId(1);
    const OTHER: SeriesId = SeriesId(2);

    fn commit(times: std::ops::Range<i64>) -> Vec<u8> {
        let columns: Columns = times.map(|t| Sample::good(Utc(t), 1.0)).collect();
        frame::encode([(TAG, &columns)].into_iter())
    }

    fn read(commits: &[(i64, Vec<u8>)]) -> Unsealed {
        let mut reading = Reading::default();
        for (seq, body) in commits {
            reading.skipped_to(*seq);
            let _counted = reading.take(*seq, body);
        }
        reading.finish(Utc(99))
    }

    #[test]
    fn a_commit_that_cannot_be_read_or_is_missing_is_marked_in_every_tag_where_it_was() {
        let broken = b"nothing".to_vec();
        let unsealed = read(&[(4, broken.clone()), (5, commit(10..13)), (6, broken), (8, commit(20..22))]);
        let lost = |seq, at| LostCommit { seq, at: Utc(at) };
        assert_eq!(unsealed.lost, [lost(4, 9), lost(6, 13), lost(7, 13)]);
        assert_eq!(unsealed.samples[&TAG].times(), [10, 11, 12, 20, 21]);
        let marks = unsealed.marks(&[OTHER].into());
        assert_eq!(marks.keys().copied().collect::<Vec<_>>(), [TAG, OTHER]);
        assert_eq!(marks[&OTHER].times(), [9, 13, 13]);
        assert!(marks[&TAG].qualities().iter().all(|q| *q == Quality::DAMAGED));
    }

    #[test]
    fn of_a_log_of_which_nothing_is_left_only_the_end_is_known() {
        assert_eq!(read(&[(3, Vec::new())]).lost, [LostCommit { seq: 3, at: Utc(99) }]);
        assert!(read(&[]).marks(&[TAG].into()).is_empty());
    }
}
