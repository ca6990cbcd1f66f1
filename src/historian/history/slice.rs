//! A time of a history as a file of its own, written sample by sample beside whoever records.
//!
//! Of each tag the last sample before that time goes along, because its value held when the time began.
//! Invariant: every reader finds in the slice what it finds in the whole for that time.

use super::super::file::FileError;
use super::columns::Columns;
use super::query::HistoryReader;
use super::runs::Run;
use super::sample::SeriesId;
use super::seal::{SealError, take_in};
use super::store::Store;
use super::tags::TagRow;
use crate::time::Utc;
use std::collections::BTreeMap;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Weight of samples that are written in one transaction.
const STEP_WEIGHT: usize = 65_536;

/// What a slice holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sliced {
    /// Tags of which there is a sample.
    pub tags: u64,
    /// Samples.
    pub samples: u64,
    /// Parts of the whole that are damaged; each is a gap.
    pub damaged: u64,
}

/// What of a history, for how long.
#[derive(Debug, Clone)]
pub struct Slice {
    /// Samples of this time.
    pub range: Range<Utc>,
    /// Up to here values are known to have held.
    pub to: Utc,
}

impl Slice {
    /// Writes a history of that time into an empty folder; `each` is told how many tags are done, of how many, and how many
    /// samples. `None`: it was to stop.
    ///
    /// # Errors
    /// Where the history cannot be read, or the slice not be written.
    pub fn write(
        &self,
        reader: &HistoryReader,
        folder: &Path,
        stop: &AtomicBool,
        each: &mut dyn FnMut(u64, u64, u64),
    ) -> Result<Option<Sliced>, FileError> {
        let mut desk = Desk::begin(folder)?;
        let mut names = BTreeMap::<SeriesId, Vec<TagRow>>::new();
        for row in reader.tag_rows()? {
            names.entry(row.series).or_default().push(row);
        }
        let mut sliced = Sliced::default();
        let mut recorded = Run::next(None, self.range.start.max(Utc(0)));
        let all = names.len() as u64;
        for (done, (series, rows)) in (0..).zip(&names) {
            each(done, all, sliced.samples);
            let before = sliced.samples;
            let mut count = |desk: &mut Desk, sample: &super::Sample| {
                sliced.samples += 1;
                desk.push(*series, sample.clone())
            };
            if let Some(held) = reader.before(*series, self.range.start)? {
                count(&mut desk, &held)?;
            }
            let mut written = Ok(());
            let outcome = reader.samples(*series, self.range.clone(), stop, |sample| {
                written = count(&mut desk, sample);
                if written.is_ok() && !stop.load(Ordering::Relaxed) {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            })?;
            written?;
            sliced.damaged += outcome.damaged;
            if !outcome.complete || stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if sliced.samples > before {
                sliced.tags += 1;
                recorded.tags.insert(*series);
                desk.names.extend_from_slice(rows);
            }
        }
        each(all, all, sliced.samples);
        (recorded.alive, recorded.ended) = (self.to, Some(self.to));
        desk.finish(&recorded)?;
        Ok(Some(sliced))
    }
}

/// A slice that is being written.
struct Desk {
    store: Store,
    /// What the tags were called that have samples.
    names: Vec<TagRow>,
    waiting: BTreeMap<SeriesId, Columns>,
    weight: usize,
}

impl Desk {
    fn begin(folder: &Path) -> Result<Self, FileError> {
        let store = Store::open(folder, Utc(0))?;
        // It is synced as a part of something larger, or not at all.
        store.connection.pragma_update(None, "synchronous", "off").map_err(|e| store.sqlite(e))?;
        Ok(Self { store, names: Vec::new(), waiting: BTreeMap::new(), weight: 0 })
    }

    fn push(&mut self, series: SeriesId, sample: super::Sample) -> Result<(), FileError> {
        self.weight += sample.weight();
        self.waiting.entry(series).or_default().push(sample);
        if self.weight < STEP_WEIGHT { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), FileError> {
        self.weight = 0;
        let waiting = std::mem::take(&mut self.waiting);
        match take_in(&mut self.store, &waiting) {
            Ok(_same_samples_are_one) => Ok(()),
            Err(SealError::File(error)) => Err(error),
            Err(damaged @ SealError::Damaged(_)) => {
                Err(FileError::Io { path: self.store.path().to_owned(), source: io::Error::other(damaged.to_string()) })
            }
        }
    }

    /// All is in one file then, without a write-ahead log.
    fn finish(mut self, run: &Run) -> Result<(), FileError> {
        self.write()?;
        self.store.commit(&self.names, &[], &[run])?;
        let connection = &self.store.connection;
        connection.query_row("PRAGMA journal_mode = delete", [], |_| Ok(())).map_err(|e| self.store.sqlite(e))
    }
}
