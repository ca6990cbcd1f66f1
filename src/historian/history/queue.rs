//! What is handed to the recorder's thread: samples, and names of tags.
//!
//! Invariant: [`HistoryQueue::push`] never waits for the disk.
//! Invariant: what waits is bounded; the oldest is dropped for the newest, counted, and told in the data of its tag by a
//! `bad:not-recorded` sample in its place.

use super::sample::{Sample, SeriesId};
use super::tags::{Registry, SeriesTag, TagRow};
use crate::engine::Quality;
use crate::time::{Span, Utc};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Weight (see [`Sample::weight`]) of what may wait in memory for the disk.
pub const MOST_WAITING: usize = 1_000_000;

/// The engine's end: hands samples over without ever waiting for the disk.
#[derive(Debug, Clone)]
pub struct HistoryQueue(pub(super) Arc<Shared>);

/// Between whoever hands over and the recorder's thread.
#[derive(Debug)]
pub(super) struct Shared {
    /// A plain mutex, held for moments, never across I/O.
    inbox: Mutex<Inbox>,
    arrived: Condvar,
    names: Mutex<Names>,
}

#[derive(Debug)]
struct Inbox {
    samples: VecDeque<(SeriesId, Sample)>,
    /// Empty; what the next samples lie in while these are written, so that a second's worth is not allocated every second.
    spare: VecDeque<(SeriesId, Sample)>,
    weight: usize,
    limit: usize,
    lost: Lost,
    lost_in_all: u64,
    closing: bool,
    /// In which file, see [`super::Recent::file`], and what.
    damage: Option<(u64, String)>,
}

/// What was dropped and is not yet told in the data, by tag.
pub(super) type Lost = BTreeMap<SeriesId, LostOf>;

/// What was dropped of one tag.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LostOf {
    /// Time of the first.
    pub since: Utc,
    /// How many.
    pub count: u64,
    /// The one that would stand last. It is recorded where nothing of the tag came after it: a value that does not change
    /// is not handed over again, and the tag would seem unknown for as long as it holds.
    pub newest: Sample,
}

impl LostOf {
    fn join(&mut self, other: Self) {
        self.since = self.since.min(other.since);
        self.count += other.count;
        if self.newest.order(&other.newest).is_lt() {
            self.newest = other.newest;
        }
    }
}

#[derive(Debug, Default)]
struct Names {
    registry: Registry,
    /// Not yet on disk.
    changes: Vec<TagRow>,
    keep: BTreeMap<SeriesId, Span>,
}

/// What the thread takes at a time.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub samples: VecDeque<(SeriesId, Sample)>,
    pub lost: Lost,
}

impl HistoryQueue {
    /// Hands over a sample. Where too much waits, the oldest goes and is counted.
    pub fn push(&self, series: SeriesId, sample: Sample) {
        self.push_all([(series, sample)]);
    }

    /// Hands over several, in their order.
    pub fn push_all(&self, samples: impl IntoIterator<Item = (SeriesId, Sample)>) {
        let mut inbox = self.0.lock();
        for (series, sample) in samples {
            inbox.weight += sample.weight();
            inbox.samples.push_back((series, sample));
            inbox.drop_oldest();
        }
        let urgent = inbox.weight > inbox.limit / 4;
        drop(inbox);
        if urgent {
            self.0.arrived.notify_all();
        }
    }

    /// Gives the tags of a plan their permanent numbers, in their order; new ones and changed names reach the disk with the
    /// next commit, before any sample of theirs.
    pub fn adopt(&self, tags: &[SeriesTag], now: Utc) -> Vec<SeriesId> {
        let mut names = self.0.names();
        let (series, changes) = names.registry.adopt(tags, now);
        names.changes.extend(changes);
        names.keep = series.iter().zip(tags).filter_map(|(series, tag)| Some((*series, tag.keep?))).collect();
        series
    }
}

impl Inbox {
    fn drop_oldest(&mut self) {
        while self.weight > self.limit
            && let Some((series, sample)) = self.samples.pop_front()
        {
            self.weight -= sample.weight();
            self.lost_in_all += 1;
            add(&mut self.lost, series, LostOf { since: sample.time, count: 1, newest: sample });
        }
    }
}

impl Shared {
    pub fn new(registry: Registry, limit: usize) -> Self {
        let inbox = Inbox {
            samples: VecDeque::new(),
            spare: VecDeque::new(),
            weight: 0,
            limit,
            lost: Lost::new(),
            lost_in_all: 0,
            closing: false,
            damage: None,
        };
        let names = Names { registry, ..Names::default() };
        Self { inbox: Mutex::new(inbox), arrived: Condvar::new(), names: Mutex::new(names) }
    }

    /// A thread that panicked while it held the inbox left it whole enough: at worst a sample is counted wrongly.
    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next commit: until so long has passed, much has come, or the end was asked for. Returns whether it was.
    pub fn wait(&self, patience: Duration) -> bool {
        let quiet = |inbox: &mut Inbox| !inbox.closing && inbox.weight <= inbox.limit / 4;
        let inbox = self.lock();
        let (inbox, _) =
            self.arrived.wait_timeout_while(inbox, patience, quiet).unwrap_or_else(PoisonError::into_inner);
        inbox.closing
    }

    /// Waits so long for the end. Returns whether it was asked for.
    pub fn wait_for_end(&self, patience: Duration) -> bool {
        let inbox = self.lock();
        let (inbox, _) = self
            .arrived
            .wait_timeout_while(inbox, patience, |inbox| !inbox.closing)
            .unwrap_or_else(PoisonError::into_inner);
        inbox.closing
    }

    pub fn take(&self) -> Batch {
        let mut inbox = self.lock();
        inbox.weight = 0;
        let spare = std::mem::take(&mut inbox.spare);
        Batch { samples: std::mem::replace(&mut inbox.samples, spare), lost: std::mem::take(&mut inbox.lost) }
    }

    /// This was written; what it lay in serves again, unless there was a rush.
    pub fn recycle(&self, batch: Batch) {
        let mut samples = batch.samples;
        let room = samples.len().saturating_add(samples.len() / 4);
        samples.clear();
        samples.shrink_to(room);
        self.lock().spare = samples;
    }

    /// Puts back what could not be written, before what came meanwhile.
    pub fn put_back(&self, mut batch: Batch) {
        let mut inbox = self.lock();
        batch.samples.append(&mut inbox.samples);
        inbox.samples = batch.samples;
        inbox.weight = inbox.samples.iter().map(|(_, sample)| sample.weight()).sum();
        for (series, lost) in batch.lost {
            add(&mut inbox.lost, series, lost);
        }
        inbox.drop_oldest();
    }

    /// Samples that wait, and that were lost in all.
    pub fn counts(&self) -> (u64, u64) {
        let inbox = self.lock();
        (inbox.samples.len() as u64, inbox.lost_in_all)
    }

    /// Counts what was lost elsewhere.
    pub fn count_lost(&self, count: u64) {
        self.lock().lost_in_all += count;
    }

    /// So many of those that were counted as lost are recorded after all.
    pub fn count_found(&self, count: u64) {
        let mut inbox = self.lock();
        inbox.lost_in_all = inbox.lost_in_all.saturating_sub(count);
    }

    /// Asks for the end. Returns whether it had been asked for before.
    pub fn close(&self) -> bool {
        let was = std::mem::replace(&mut self.lock().closing, true);
        self.arrived.notify_all();
        was
    }

    pub fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// The background scan found this in that file.
    pub fn tell_damage(&self, file: u64, why: String) {
        self.lock().damage = Some((file, why));
    }

    /// What was found in this file. Of one that was set aside meanwhile nothing is to be done any more: the one in its place would
    /// be set aside for it, before all is back in it.
    pub fn take_damage(&self, file: u64) -> Option<String> {
        self.lock().damage.take().filter(|(found, _)| *found == file).map(|(_, why)| why)
    }

    /// Names that are not yet on disk.
    pub fn name_changes(&self) -> Vec<TagRow> {
        self.names().changes.clone()
    }

    /// These are on disk now.
    pub fn names_written(&self, count: usize) {
        let mut names = self.names();
        let count = count.min(names.changes.len());
        names.changes.drain(..count);
        names.changes.shrink_to_fit();
    }

    /// A new file knows no names yet.
    pub fn write_names_again(&self) {
        let mut names = self.names();
        names.changes = names.registry.present().cloned().collect();
    }

    /// Whether another history's tags are these, as far as it knows any: its numbers mean the same.
    pub fn agrees_with(&self, rows: &[TagRow]) -> bool {
        let names = self.names();
        let other = Registry::new(rows.iter().cloned());
        let same = |row: &TagRow| names.registry.find(&row.name) == Some(row.series);
        other.present().all(same)
    }

    /// What a tag is called now.
    pub fn name_of(&self, series: SeriesId) -> String {
        let names = self.names();
        let row = names.registry.present().find(|row| row.series == series);
        row.map_or_else(|| format!("tag {}", series.0), |row| row.name.clone())
    }

    /// The numbers here of the tags of a history that was set aside, by the numbers that they had there.
    pub fn take_over(&self, mut rows: Vec<TagRow>) -> BTreeMap<SeriesId, SeriesId> {
        rows.sort_by_key(|row| (row.series, row.since));
        let mut names = self.names();
        let mut numbers = BTreeMap::new();
        for rows in rows.chunk_by(|one, other| one.series == other.series) {
            if let (Some(there), Some((here, changes))) = (rows.first(), names.registry.take_over(rows)) {
                names.changes.extend(changes);
                numbers.insert(there.series, here);
            }
        }
        numbers
    }

    /// How long each tag's samples are kept, where it has a time of its own.
    pub fn keep(&self) -> BTreeMap<SeriesId, Span> {
        self.names().keep.clone()
    }

    /// All tags that the history has known.
    pub fn known(&self) -> Vec<SeriesId> {
        self.names().registry.present().map(|row| row.series).collect()
    }
}

fn add(all: &mut Lost, series: SeriesId, lost: LostOf) {
    match all.entry(series) {
        Entry::Vacant(place) => {
            place.insert(lost);
        }
        Entry::Occupied(known) => known.into_mut().join(lost),
    }
}

/// The sample that tells in the data what was lost.
pub(super) fn mark_of_lost(since: Utc, count: u64, why: Option<&str>) -> Sample {
    let plural = if count == 1 { "" } else { "s" };
    let detail = match why {
        Some(why) => format!("{count} sample{plural} lost: {why}"),
        None => format!("{count} sample{plural} lost: more came than could be written"),
    };
    Sample::bad(since, Quality::NOT_RECORDED, Some(detail.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: SeriesId = SeriesId(1);

    fn queue(limit: usize) -> HistoryQueue {
        HistoryQueue(Arc::new(Shared::new(Registry::default(), limit)))
    }

    /// So many from second 1 on, the last at this one.
    fn lost(count: u64, newest: i64) -> Lost {
        Lost::from([(TAG, LostOf { since: Utc(1), count, newest: Sample::good(Utc(newest), 0.0) })])
    }

    fn times(batch: &Batch) -> Vec<i64> {
        batch.samples.iter().map(|(_, sample)| sample.time.0).collect()
    }

    #[test]
    fn the_oldest_goes_for_the_newest_and_is_counted() {
        let queue = queue(3);
        queue.push_all((1..=5).map(|t| (TAG, Sample::good(Utc(t), 0.0))));
        assert_eq!(queue.0.counts(), (3, 2));
        let batch = queue.0.take();
        assert_eq!((times(&batch), &batch.lost), (vec![3, 4, 5], &lost(2, 2)));
        queue.push(TAG, Sample::good(Utc(6), 0.0));
        queue.0.put_back(batch);
        assert_eq!(queue.0.counts(), (3, 3), "what was put back is older than what came meanwhile");
        let batch = queue.0.take();
        assert_eq!((times(&batch), batch.lost), (vec![4, 5, 6], lost(3, 3)));
    }

    #[test]
    fn what_was_found_in_a_file_is_not_told_of_the_one_in_its_place() {
        let HistoryQueue(shared) = queue(3);
        shared.tell_damage(0, "a page of it".to_owned());
        assert_eq!(shared.take_damage(1), None);
        shared.tell_damage(1, "another page".to_owned());
        assert_eq!((shared.take_damage(1).as_deref(), shared.take_damage(1)), (Some("another page"), None));
    }

    #[test]
    fn long_texts_fill_it_sooner() {
        let queue = queue(1_000);
        let text = crate::engine::Value::Text("x".repeat(60_000).into());
        queue.push_all((0..3).map(|t| (TAG, Sample::new(Utc(t), Some(text.clone()), Quality::GOOD, None))));
        assert_eq!(queue.0.counts(), (1, 2));
    }
}
