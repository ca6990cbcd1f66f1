//! Reading a history beside whoever writes it: raw samples, steps, pictures.
//!
//! Order of reading, so that there is no seam: unsealed samples are copied first, then the chunks are looked at. What was
//! sealed in between is found in both, and identical samples are one.

use super::super::super::FileError;
use super::super::columns::Columns;
use super::super::recent::Recent;
use super::super::sample::{Sample, SeriesId};
use super::super::{rows, schema, tags};
use super::cache::ChunkCache;
use super::grid::Grid;
use super::log::LogCopy;
use super::picture::{Picture, Sketch};
use super::steps::{Step, Stepper};
use super::walk::{Part, Walk};
use crate::engine::Quality;
use crate::time::Utc;
use rusqlite::{Connection, OptionalExtension as _, Transaction};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Memory of a reader that brings no cache of its own: a few chunks, for one pass.
const SMALL_CACHE_BYTES: usize = 4 << 20;

/// A tag that the history knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagInfo {
    /// Its permanent number.
    pub series: SeriesId,
    /// Its present name.
    pub name: String,
    /// Names that it bore before, the oldest first.
    pub earlier: Vec<String>,
    /// Its present unit; empty where it has none.
    pub unit: String,
    /// The project's word for its present type: `f32`, `bool`.
    pub data_type: String,
}

/// How a reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Not broken off, neither by the flag nor by whoever took the parts.
    pub complete: bool,
    /// Chunks that could not be read; a gap stands for each.
    pub damaged: u64,
}

/// A history, open for reading alone. For a thread that may wait for a disk.
pub struct HistoryReader {
    connection: Connection,
    path: PathBuf,
    recent: Option<Arc<Recent>>,
    log: LogCopy,
    cache: Arc<ChunkCache>,
}

impl fmt::Debug for HistoryReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryReader").field("path", &self.path).finish_non_exhaustive()
    }
}

impl HistoryReader {
    /// Opens a data folder's history. `recent`: the recorder's unsealed samples, where it is in this process; without them
    /// the log is read. `None`: there is no history yet.
    pub fn open(folder: &Path, recent: Option<Arc<Recent>>) -> Result<Option<Self>, FileError> {
        Self::open_with_cache(folder, recent, Arc::new(ChunkCache::new(SMALL_CACHE_BYTES)))
    }

    /// The same, with decoded chunks that outlive this reader. With `recent`, readers of one file may share them.
    pub fn open_with_cache(
        folder: &Path,
        recent: Option<Arc<Recent>>,
        cache: Arc<ChunkCache>,
    ) -> Result<Option<Self>, FileError> {
        let Some((connection, path)) = schema::open_to_read(folder)? else { return Ok(None) };
        connection.set_prepared_statement_cache_capacity(32);
        let mut reader = Self { connection, path, recent, log: LogCopy::default(), cache };
        reader.refresh()?;
        Ok(Some(reader))
    }

    /// Looks again what was recorded, where that is read from the log.
    pub fn refresh(&mut self) -> Result<(), FileError> {
        if self.recent.is_none() {
            self.log.refresh(&self.connection).map_err(|e| sqlite(&self.path, e))?;
        }
        Ok(())
    }

    /// All tags that have ever been recorded, by number.
    pub fn tags(&self) -> Result<Vec<TagInfo>, FileError> {
        let rows = tags::rows(&self.connection).map_err(|e| sqlite(&self.path, e))?;
        let mut tags = BTreeMap::<SeriesId, TagInfo>::new();
        for row in rows {
            let tags::TagRow { series, name, unit, data_type, since: _ } = row;
            let mut earlier = Vec::new();
            if let Some(before) = tags.remove(&series) {
                earlier = before.earlier;
                if before.name != name {
                    earlier.push(before.name);
                }
            }
            tags.insert(series, TagInfo { series, name, earlier, unit, data_type });
        }
        Ok(tags.into_values().collect())
    }

    /// What all tags were called, and since when: by number, each one's oldest first.
    pub(in crate::historian) fn tag_rows(&self) -> Result<Vec<tags::TagRow>, FileError> {
        tags::rows(&self.connection).map_err(|e| sqlite(&self.path, e))
    }

    /// Changes whenever a tag comes, or is renamed.
    pub fn names_version(&self) -> Result<(i64, i64), FileError> {
        let ask = || {
            let query = "SELECT count(*), coalesce(max(since), 0) FROM tag";
            self.connection.prepare_cached(query)?.query_row([], |r| Ok((r.get(0)?, r.get(1)?)))
        };
        ask().map_err(|e| sqlite(&self.path, e))
    }

    /// How far is recorded: up to then a value that was recorded last is known to have held.
    pub fn recorded_to(&self) -> Result<Option<Utc>, FileError> {
        self.connection
            .query_row("SELECT coalesce(ended, alive) FROM run ORDER BY id DESC LIMIT 1", [], |r| r.get(0).map(Utc))
            .optional()
            .map_err(|e| sqlite(&self.path, e))
    }

    /// Time of the first and of the last sample of a tag. `None`: it has none.
    pub fn extent(&self, series: SeriesId) -> Result<Option<(Utc, Utc)>, FileError> {
        let unsealed = self.unsealed(series, i64::MIN, i64::MAX);
        let ask = || -> rusqlite::Result<Option<(i64, i64)>> {
            let newest = rows::newest_summaries(&self.connection, series, rows::CHUNK_LEVEL, 1)?;
            let Some(newest) = newest.first() else { return Ok(None) };
            let query = "SELECT first FROM summary WHERE tag = ?1 AND level = 0 ORDER BY first LIMIT 1";
            let first = self.connection.prepare_cached(query)?.query_row([series.0], |r| r.get(0))?;
            // One that does not fit its checksum is mended later; its key is right.
            let last = if newest.is_sound() { newest.summary.last } else { newest.summary.first };
            Ok(Some((first, last)))
        };
        let sealed = ask().map_err(|e| sqlite(&self.path, e))?;
        let ends = unsealed.first_time().zip(unsealed.last_time());
        let both = [sealed, ends].into_iter().flatten().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        Ok(both.map(|(first, last)| (Utc(first), Utc(last))))
    }

    /// The last sample before an instant: what held then.
    pub fn before(&self, series: SeriesId, time: Utc) -> Result<Option<Sample>, FileError> {
        let unsealed = match &self.recent {
            Some(recent) => recent.before(series, time.0),
            None => {
                let columns = self.log.of(series);
                columns.and_then(|c| c.range(i64::MIN, time.0).last().map(|i| c.sample(i)))
            }
        };
        let stop = AtomicBool::new(false);
        let sealed = self.walk(series, Columns::new(), None, &stop).sealed_before(time.0);
        let sealed = sealed.map_err(|e| sqlite(&self.path, e))?;
        Ok([unsealed, sealed].into_iter().flatten().max_by(Sample::order))
    }

    /// Hands out all samples of a tag with a time in the range, in canonical order. Memory does not grow with the range.
    pub fn samples(
        &self,
        series: SeriesId,
        range: Range<Utc>,
        stop: &AtomicBool,
        mut each: impl FnMut(&Sample) -> ControlFlow<()>,
    ) -> Result<Outcome, FileError> {
        self.parts(series, range, stop, &mut |_, _| false, &mut |part| match part {
            Part::Samples(columns, range) => range.into_iter().try_for_each(|index| each(&columns.sample(index))),
            Part::Run(_) | Part::Sum(_) => ControlFlow::Continue(()),
        })
    }

    /// Hands out the steps of a range in which something is known of a tag, in order.
    pub fn steps(
        &self,
        series: SeriesId,
        range: Range<Utc>,
        grid: Grid,
        stop: &AtomicBool,
        mut each: impl FnMut(Step) -> ControlFlow<()>,
    ) -> Result<Outcome, FileError> {
        let until = self.recorded_to()?.unwrap_or(range.start);
        let mut whole = grid.clone();
        let asked = range.clone();
        let mut stepper = Stepper::new(grid, range.start, range.end);
        if let Some(held) = self.before(series, range.start)? {
            // Before the range, it completes no step.
            let _none = stepper.sample(held.time, held.value.as_ref(), held.quality, &mut each);
        }
        let mut sums = |first, last| Stepper::holds(&mut whole, &asked, first, last);
        let mut outcome = self.parts(series, range, stop, &mut sums, &mut |part| match part {
            Part::Samples(columns, range) => range.into_iter().try_for_each(|index| {
                let value = columns.value(index);
                stepper.sample(Utc(columns.times()[index]), value.as_ref(), columns.qualities()[index], &mut each)
            }),
            Part::Sum(run) => stepper.run(run, &mut each),
            Part::Run(_) => ControlFlow::Continue(()),
        })?;
        if outcome.complete {
            outcome.complete = stepper.finish(until, &mut each).is_continue();
        }
        Ok(outcome)
    }

    /// What a pen draws of a range in so many columns. `None`: it was broken off.
    pub fn picture(
        &self,
        series: SeriesId,
        range: Range<Utc>,
        columns: usize,
        stop: &AtomicBool,
    ) -> Result<Option<Picture>, FileError> {
        let recent = self.unsealed(series, range.start.0, range.end.0);
        // One view of the file for all of it, and short: readers that stay make the write-ahead log grow.
        let (transaction, version) = self.view().map_err(|e| sqlite(&self.path, e))?;
        let held = self.before(series, range.start)?;
        let until = self.recorded_to()?.unwrap_or(range.start).min(range.end);
        let mut sketch = Sketch::new(range.start, range.end, columns);
        if let Some(held) = held {
            sketch.sample(held.time, held.number(), held.quality, held.detail.as_ref());
        }
        let width = sketch.column_micros();
        let mut walk = self.walk(series, recent, version, stop);
        let walked = walk.rough(range.start.0, range.end.0, width, &mut |part| {
            match part {
                Part::Run(run) => sketch.run(&run),
                Part::Samples(columns, range) => draw(&mut sketch, columns, range),
                Part::Sum(_) => {}
            }
            ControlFlow::Continue(())
        });
        if walked.map_err(|e| sqlite(&self.path, e))?.is_break() {
            return Ok(None);
        }
        drop(transaction);
        if let Some(next) = self.after(series, range.end)? {
            sketch.sample(next.time, next.number(), next.quality, next.detail.as_ref());
        }
        Ok(Some(sketch.finish(until)))
    }

    /// The first sample at or after an instant.
    fn after(&self, series: SeriesId, time: Utc) -> Result<Option<Sample>, FileError> {
        let mut found = None;
        let stop = AtomicBool::new(false);
        self.samples(series, time..Utc(i64::MAX), &stop, |sample| {
            found = Some(sample.clone());
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    fn parts(
        &self,
        series: SeriesId,
        range: Range<Utc>,
        stop: &AtomicBool,
        sums: &mut dyn FnMut(i64, i64) -> bool,
        each: &mut dyn FnMut(Part<'_>) -> ControlFlow<()>,
    ) -> Result<Outcome, FileError> {
        let recent = self.unsealed(series, range.start.0, range.end.0);
        let mut walk = self.walk(series, recent, None, stop);
        let walked = walk.samples(range.start.0, range.end.0, sums, each);
        let complete = walked.map_err(|e| sqlite(&self.path, e))?.is_continue();
        Ok(Outcome { complete, damaged: walk.damaged + self.log.damaged })
    }

    fn walk<'a>(&'a self, series: SeriesId, recent: Columns, version: Option<u64>, stop: &'a AtomicBool) -> Walk<'a> {
        let mut walk = Walk::new(&self.connection, series, recent, &self.cache, version, stop);
        walk.mender = self.recent.as_deref();
        walk
    }

    /// A view of the file, and which version of its chunks it shows; `None`: one between two.
    fn view(&self) -> rusqlite::Result<(Transaction<'_>, Option<u64>)> {
        let before = self.recent.as_ref().map(|recent| recent.chunks_version());
        let transaction = self.connection.unchecked_transaction()?;
        // The first statement that reads makes the view. Where the recorder is elsewhere, every commit of its counts.
        let commits: i64 = transaction.pragma_query_value(None, "data_version", |r| r.get(0))?;
        let version = match &self.recent {
            None => Some(commits as u64),
            Some(recent) => before.flatten().filter(|version| recent.chunks_version() == Some(*version)),
        };
        Ok((transaction, version))
    }

    fn unsealed(&self, series: SeriesId, from: i64, to: i64) -> Columns {
        match &self.recent {
            Some(recent) => recent.samples(series, from, to),
            None => self.log.of(series).map(|c| c.slice(c.range(from, to))).unwrap_or_default(),
        }
    }
}

fn draw(sketch: &mut Sketch, columns: &Columns, range: Range<usize>) {
    let numbers = columns.numbers();
    let (times, qualities) = (columns.times(), columns.qualities());
    if qualities[range.clone()].iter().all(|quality| *quality == Quality::GOOD) {
        return sketch.good_samples(&times[range.clone()], &numbers[range]);
    }
    for index in range {
        let detail = columns.details().get(index).and_then(Option::as_ref);
        sketch.sample(Utc(times[index]), numbers[index], qualities[index], detail);
    }
}

fn sqlite(path: &Path, source: rusqlite::Error) -> FileError {
    FileError::Sqlite { path: path.to_owned(), source }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
