//! The background scan: every chunk and summary is read again and held against its checksum, slowly, so that a disk that
//! forgets is noticed before somebody needs what it forgot.
//!
//! It has a connection of its own, reads a little in a statement at a time, and so never holds up the recorder.

use super::super::file::{Fault, FileError};
use super::bytes::unseal;
use super::queue::Shared;
use super::recent::Recent;
use super::schema;
use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// After the start, so that it does not stand in its way.
const FIRST_AFTER: Duration = Duration::from_mins(1);

/// Between two steps: about four megabytes a second are read.
const PAUSE: Duration = Duration::from_millis(50);

/// Between two rounds.
const AGAIN_AFTER: Duration = Duration::from_hours(24);

/// Chunks read in one step, and summaries.
const CHUNKS: u32 = 16;
const SUMMARIES: u32 = 1_024;

/// A scan under way.
#[derive(Debug)]
pub struct Scan {
    connection: Connection,
    path: PathBuf,
    body: i64,
    summary: Option<(i64, i64, i64)>,
    summaries_done: bool,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There is more to read.
    More,
    /// All was read and is whole.
    Whole,
    /// What is damaged.
    Damaged(String),
}

impl Scan {
    /// Of a data folder's history. `None`: there is none yet.
    pub fn begin(folder: &Path) -> Result<Option<Self>, FileError> {
        let Some((connection, path)) = schema::open_to_read(folder)? else { return Ok(None) };
        Ok(Some(Self { connection, path, body: i64::MIN, summary: None, summaries_done: false }))
    }

    /// Reads a little.
    pub fn step(&mut self) -> Result<Step, FileError> {
        let outcome = if self.summaries_done { self.chunks() } else { self.summaries() };
        outcome.or_else(|source| match Fault::from_sqlite(&self.path, source) {
            Fault::Damaged(why) => Ok(Step::Damaged(why)),
            Fault::Refused(error) => Err(error),
        })
    }

    fn summaries(&mut self) -> rusqlite::Result<Step> {
        let (tag, level, first) = self.summary.unwrap_or((i64::MIN, i64::MIN, i64::MIN));
        let mut statement = self.connection.prepare_cached(
            "SELECT tag, level, first, last, count FROM summary WHERE (tag, level, first) > (?1, ?2, ?3)
             ORDER BY tag, level, first LIMIT ?4",
        )?;
        let mut rows = statement.query(params![tag, level, first, SUMMARIES])?;
        let mut any = false;
        while let Some(row) = rows.next()? {
            any = true;
            self.summary = Some((row.get(0)?, row.get(1)?, row.get(2)?));
            let (first, last, count): (i64, i64, i64) = (row.get(2)?, row.get(3)?, row.get(4)?);
            if last < first || count < 1 {
                return Ok(Step::Damaged(format!("a summary from {first} to {last} of {count} samples")));
            }
        }
        self.summaries_done = !any;
        Ok(Step::More)
    }

    fn chunks(&mut self) -> rusqlite::Result<Step> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, digest, samples FROM body WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let mut rows = statement.query(params![self.body, CHUNKS])?;
        let mut any = false;
        while let Some(row) = rows.next()? {
            any = true;
            self.body = row.get(0)?;
            for column in [1, 2] {
                if let Err(why) = unseal(row.get_ref(column)?.as_blob()?) {
                    return Ok(Step::Damaged(format!("chunk {}: {why}", self.body)));
                }
            }
        }
        Ok(if any { Step::More } else { Step::Whole })
    }
}

/// Starts the thread that scans again and again until the recorder closes.
pub(super) fn start(folder: PathBuf, shared: Arc<Shared>, recent: Arc<Recent>) -> std::io::Result<()> {
    let run = move || {
        let mut pause = FIRST_AFTER;
        while !shared.wait_for_end(pause) {
            pause = match round(&folder, &shared, &recent) {
                Ok(()) => AGAIN_AFTER,
                Err(error) => {
                    tracing::warn!("the history could not be looked through: {error}");
                    AGAIN_AFTER
                }
            };
        }
    };
    thread::Builder::new().name("history-scan".to_owned()).spawn(run).map(drop)
}

/// Scans the file once, or until it is another one.
fn round(folder: &Path, shared: &Shared, recent: &Recent) -> Result<(), FileError> {
    let file = recent.file();
    let Some(mut scan) = Scan::begin(folder)? else { return Ok(()) };
    loop {
        match scan.step()? {
            Step::More => {}
            Step::Whole => return Ok(()),
            Step::Damaged(why) => {
                if recent.file() == file {
                    shared.tell_damage(why);
                }
                return Ok(());
            }
        }
        if shared.wait_for_end(PAUSE) || recent.file() != file {
            return Ok(());
        }
    }
}
