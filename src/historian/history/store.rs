//! The one writing connection of a history: commits to the log, and what keeps the file small and the write-ahead log
//! short.
//!
//! Invariant: what [`Store::commit`] returned for is on the disk, synced.
//! Invariant: the log's rows and the chunks never miss a sample between them: chunks are written first, and rows are taken
//! out of the log after them. A crash between leaves samples in both, which are one to every reader.

use super::super::file::{self, BUSY, FileError, OpenedFile, bytes_on_disk, is_damage};
use super::super::place::Place;
use super::super::tenure::Tenure;
use super::columns::Columns;
use super::mend::Spot;
use super::query::ChunkCache;
use super::query::walk::Walk;
use super::rows::CHUNK_LEVEL;
use super::runs::Run;
use super::sample::SeriesId;
use super::schema;
use super::tags::{self, TagRow};
use super::unsealed::{LostCommit, Reading, Unsealed};
use super::{chunk, digest};
use crate::time::{Now, Utc};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Asked before each commit to the disk. A refusal is what a failing disk says; tests give one at the instant they choose.
pub type Gate = Box<dyn FnMut() -> Result<(), String> + Send>;

/// Bytes of the write-ahead log from which on it is cut by force; readers are waited for a moment then.
const LONG_WAL_BYTES: u64 = 64 << 20;

/// How long a checkpoint waits for readers.
const CHECKPOINT_PATIENCE: Duration = Duration::from_millis(50);

/// What a history held when it was opened.
#[derive(Debug, Default)]
pub struct Found {
    /// All names that tags had.
    pub tags: Vec<TagRow>,
    /// The run before this one.
    pub last_run: Option<Run>,
    /// What the log holds.
    pub unsealed: Unsealed,
    /// The last chunk, where it is damaged.
    pub suspect: Option<Spot>,
}

/// A history, open for writing.
pub struct Store {
    pub(super) connection: Connection,
    path: PathBuf,
    place: Place,
    /// Number of the last commit in the log.
    last_seq: i64,
    /// Number of the next chunk. It only grows while the program runs, so that a reader may remember chunks by it.
    next_body: i64,
    found: Found,
    set_aside: Option<(PathBuf, String)>,
    gate: Option<Gate>,
    tenure: Option<Tenure>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, last_seq, next_body, set_aside, place: _, connection: _, found: _, gate: _, tenure: _ } = self;
        f.debug_struct("Store")
            .field("path", path)
            .field("last_seq", last_seq)
            .field("next_body", next_body)
            .field("set_aside", set_aside)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a data folder's history, or begins it, and reads what the recorder goes on from: names, the last run and the
    /// log. The folder must be owned (see [`super::super::DataFolder`]).
    pub fn open(folder: &Path, now: Utc) -> Result<Self, FileError> {
        let OpenedFile { connection, path, set_aside } = schema::open(folder, now)?;
        match Self::from_connection(connection, path.clone(), set_aside, now) {
            Err(FileError::Sqlite { source, .. }) if is_damage(&source) => {
                Self::begin_beside(&path, &source.to_string(), now)
            }
            outcome => outcome,
        }
    }

    fn from_connection(
        connection: Connection,
        path: PathBuf,
        set_aside: Option<(PathBuf, String)>,
        now: Utc,
    ) -> Result<Self, FileError> {
        let sqlite = |source| FileError::Sqlite { path: path.clone(), source };
        let last = |query: &str| {
            connection.query_row(query, [], |r| r.get::<_, Option<i64>>(0)).map(Option::unwrap_or_default)
        };
        let last_seq = last("SELECT max(seq) FROM log").map_err(sqlite)?;
        let next_body = last("SELECT max(id) FROM body").map_err(sqlite)?.saturating_add(1);
        let last_run = Run::last(&connection).map_err(sqlite)?;
        let unsealed = read_log(&connection, last_run.as_ref()).map_err(sqlite)?;
        let tags = tags::rows(&connection).map_err(sqlite)?;
        let suspect = suspect_of_last_chunk(&connection).map_err(sqlite)?;
        let found = Found { tags, last_run, unsealed, suspect };
        connection.set_prepared_statement_cache_capacity(32);
        if let Some((aside, _)) = &set_aside {
            let file = aside.file_name().unwrap_or_default().to_string_lossy();
            let query = "INSERT OR IGNORE INTO salvage (file, begun) VALUES (?1, ?2)";
            connection.execute(query, params![file, now.0]).map_err(sqlite)?;
        }
        let place = Place::of(&path);
        Ok(Self { connection, path, place, last_seq, next_body, found, set_aside, gate: None, tenure: None })
    }

    fn begin_beside(path: &Path, why: &str, now: Utc) -> Result<Self, FileError> {
        let aside = schema::KIND.move_aside(path, now)?;
        let connection = schema::KIND.connect(path)?;
        Self::from_connection(connection, path.to_owned(), Some((aside, why.to_owned())), now)
    }

    /// Lets `gate` refuse commits from now on.
    #[must_use]
    pub fn with_gate(mut self, gate: Gate) -> Self {
        self.gate = Some(gate);
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A damaged history that was set aside when this one was begun: its new name, and what was wrong with it.
    pub fn set_aside(&self) -> Option<(&Path, &str)> {
        self.set_aside.as_ref().map(|(path, why)| (path.as_path(), why.as_str()))
    }

    /// Sets this file aside as damaged and begins a new one. What is known of tags and unsealed samples is carried over by
    /// the recorder, which has it in memory.
    pub fn begin_anew(self, why: &str, now: Utc) -> Result<Self, FileError> {
        let Self { connection, path, gate, tenure, .. } = self;
        drop(connection);
        let store = Self::begin_beside(&path, why, now)?;
        Ok(Self { gate, tenure, ..store })
    }

    /// Lets the history be opened again where its folder is deleted or moved.
    #[must_use]
    pub fn with_tenure(mut self, tenure: Tenure) -> Self {
        self.tenure = Some(tenure);
        self
    }

    /// The history of a folder that was made anew because it was gone, and what was recorded last of each of these tags in the
    /// one of before.
    ///
    /// # Errors
    /// As long as there is none. To be tried again.
    pub fn renewed(&mut self, tags: &[SeriesId], now: Now) -> Result<(Self, BTreeMap<SeriesId, Columns>), FileError> {
        let folder = self.path.parent().unwrap_or(&self.path).to_owned();
        let Some(tenure) = &self.tenure else { return Err(FileError::Gone { folder }) };
        let refused = |why: String| FileError::Io { path: folder.clone(), source: std::io::Error::other(why) };
        tenure.renew(now).map_err(|e| refused(e.to_string()))?;
        // A file that is gone is there for whoever has it open.
        let (cache, stop) = (ChunkCache::new(0), AtomicBool::new(false));
        let mut last = BTreeMap::new();
        for series in tags {
            let walk =
                Walk::new(&self.connection, *series, Columns::new(), &cache, None, &stop).sealed_before(i64::MAX);
            if let Ok(Some(sample)) = walk {
                last.insert(*series, std::iter::once(sample).collect());
            }
        }
        let store = Self::open(&folder, now.utc)?.with_tenure(tenure.clone());
        Ok((Self { gate: self.gate.take(), ..store }, last))
    }

    /// Whether the file is still that in the data folder.
    ///
    /// # Errors
    /// [`FileError::Gone`], see [`Self::renewed`].
    pub fn check_place(&mut self) -> Result<(), FileError> {
        self.place.check()
    }

    /// What was in the file when it was opened. Handed out once: it may be large.
    pub fn take_found(&mut self) -> Found {
        std::mem::take(&mut self.found)
    }

    /// Number of the last commit in the log: what [`Self::forget_log`] takes.
    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }

    /// Writes new names of tags, samples and how far this run has come; when it returns, they are on disk.
    pub fn commit(&mut self, tags: &[TagRow], frames: &[Vec<u8>], runs: &[&Run]) -> Result<(), FileError> {
        let first = self.last_seq + 1;
        self.transact(|transaction| {
            for tag in tags {
                tag.insert(transaction)?;
            }
            let mut insert = transaction.prepare_cached("INSERT INTO log (seq, body) VALUES (?1, ?2)")?;
            for (seq, frame) in (first..).zip(frames) {
                insert.execute(params![seq, frame])?;
            }
            runs.iter().try_for_each(|run| run.write(transaction))
        })?;
        self.last_seq += frames.len() as i64;
        Ok(())
    }

    /// Takes commits out of the log, up to this one: their samples are in chunks.
    pub fn forget_log(&mut self, up_to: i64) -> Result<(), FileError> {
        self.transact(|transaction| {
            transaction.prepare_cached("DELETE FROM log WHERE seq <= ?1")?.execute([up_to]).map(drop)
        })
    }

    /// Takes commits that cannot be read out of the log; their bytes are kept beside it.
    pub fn lay_aside(&mut self, lost: &[LostCommit], now: Utc) -> Result<(), FileError> {
        self.transact(|transaction| {
            for LostCommit { seq, at } in lost {
                transaction.execute(
                    "INSERT INTO damaged (found, first, last, samples) SELECT ?2, ?3, ?3, body FROM log WHERE seq = ?1",
                    params![seq, now.0, at.0],
                )?;
                transaction.execute("DELETE FROM log WHERE seq = ?1", [seq])?;
            }
            Ok(())
        })
    }

    /// A file that was set aside for this one and whose contents are still to come back.
    pub(super) fn to_salvage(&self) -> Result<Option<PathBuf>, FileError> {
        let query = "SELECT file FROM salvage WHERE ended IS NULL ORDER BY file LIMIT 1";
        let file = self.connection.query_row(query, [], |r| r.get::<_, String>(0)).optional();
        Ok(file.map_err(|e| self.sqlite(e))?.map(|file| self.path.with_file_name(file)))
    }

    /// All that could be brought back of a file is here.
    pub(super) fn salvaged(&mut self, file: &Path, now: Utc, note: &str) -> Result<(), FileError> {
        let file = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let query = "UPDATE salvage SET ended = ?2, note = ?3 WHERE file = ?1";
        self.transact(|transaction| transaction.execute(query, params![file, now.0, note]).map(drop))
    }

    /// Number for the next chunk.
    pub(super) fn take_body(&mut self) -> i64 {
        self.next_body += 1;
        self.next_body - 1
    }

    /// Does `work` in one transaction, all of it or nothing.
    pub(super) fn transact<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, FileError> {
        let Self { connection, path, place, gate, .. } = self;
        place.check()?;
        let result = file::transact(connection, path, |transaction| {
            let result = work(transaction).map_err(|source| FileError::Sqlite { path: path.clone(), source })?;
            match gate.as_mut().map_or(Ok(()), |gate| gate()) {
                Ok(()) => Ok(result),
                Err(why) => Err(FileError::Io { path: path.clone(), source: std::io::Error::other(why) }),
            }
        })?;
        // Once more: it may have gone while the disk was written, and then nobody finds what was.
        place.check()?;
        Ok(result)
    }

    /// Size on disk, its write-ahead log included.
    pub fn bytes(&self) -> u64 {
        bytes_on_disk(&self.path)
    }

    /// Bytes of the pages that hold something.
    pub fn bytes_used(&self) -> Result<u64, FileError> {
        let pragma = |name: &str| self.connection.pragma_query_value(None, name, |r| r.get::<_, i64>(0));
        let used = || Ok((pragma("page_count")? - pragma("freelist_count")?) * pragma("page_size")?);
        used().map(|bytes: i64| bytes.max(0) as u64).map_err(|e| self.sqlite(e))
    }

    /// Brings a long write-ahead log into the file and cuts it. A reader that stays in it only puts that off.
    pub fn shorten_wal(&self) -> Result<(), FileError> {
        if self.bytes().saturating_sub(std::fs::metadata(&self.path).map_or(0, |m| m.len())) > LONG_WAL_BYTES {
            self.checkpoint()?;
        }
        Ok(())
    }

    /// Brings the write-ahead log into the file and cuts it to nothing, where no reader holds it. A reader is waited for a
    /// moment alone: commits are due every second.
    pub fn checkpoint(&self) -> Result<(), FileError> {
        let checkpoint = || {
            self.connection.busy_timeout(CHECKPOINT_PATIENCE)?;
            let outcome = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            self.connection.busy_timeout(BUSY)?;
            outcome
        };
        checkpoint().map_err(|e| self.sqlite(e))
    }

    /// Gives back at most so many free pages to the disk. Returns whether there are more.
    pub fn give_back(&self, most_pages: u32) -> Result<bool, FileError> {
        let give = || {
            let mut statement = self.connection.prepare(&format!("PRAGMA incremental_vacuum({most_pages})"))?;
            let mut rows = statement.query([])?;
            // Each step frees a page.
            while rows.next()?.is_some() {}
            self.connection.pragma_query_value(None, "freelist_count", |r| r.get::<_, i64>(0))
        };
        give().map(|free| free > 0).map_err(|e| self.sqlite(e))
    }

    /// What SQLite says of the whole file: `ok`, or what is damaged. Reads all of it.
    pub fn integrity(&self) -> Result<String, FileError> {
        let ask = || self.connection.query_row("PRAGMA integrity_check", [], |r| r.get(0)).optional();
        ask().map(Option::unwrap_or_default).map_err(|e| self.sqlite(e))
    }

    pub(super) fn sqlite(&self, source: rusqlite::Error) -> FileError {
        FileError::Sqlite { path: self.path.clone(), source }
    }
}

fn read_log(connection: &Connection, last_run: Option<&Run>) -> rusqlite::Result<Unsealed> {
    let mut reading = Reading::default();
    let mut statement = connection.prepare("SELECT seq, body FROM log ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let seq = row.get(0)?;
        reading.skipped_to(seq);
        if let Err(why) = reading.take(seq, row.get_ref(1)?.as_blob()?) {
            tracing::error!("commit {seq} of the history's log cannot be read: {why}");
        }
    }
    Ok(reading.finish(last_run.map_or(Utc(0), |run| run.alive)))
}

/// The chunk that was written last, where it does not fit its checksums: a disk that lost power while it wrote.
fn suspect_of_last_chunk(connection: &Connection) -> rusqlite::Result<Option<Spot>> {
    let query = "SELECT id, tag, digest, samples FROM body ORDER BY id DESC LIMIT 1";
    let damaged = |row: &rusqlite::Row<'_>| {
        let whole =
            digest::decode(row.get_ref(2)?.as_blob()?).is_ok() && chunk::decode(row.get_ref(3)?.as_blob()?).is_ok();
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<u32>>(1)?, whole))
    };
    match connection.query_row(query, [], damaged).optional()? {
        Some((body, Some(tag), false)) => connection
            .query_row(
                "SELECT first FROM summary WHERE tag = ?1 AND level = 0 AND body = ?2",
                [i64::from(tag), body],
                |r| Ok(Spot { series: SeriesId(tag), level: CHUNK_LEVEL, first: r.get(0)? }),
            )
            .optional(),
        // Of format 1, which does not say whose it is: the scan finds it.
        _ => Ok(None),
    }
}
