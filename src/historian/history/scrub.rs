//! The background scan: every chunk and summary is read again and held against its checksum, slowly, so that a disk that
//! forgets is noticed before somebody needs what it forgot.
//!
//! It has a connection of its own, reads a little in a statement at a time, and so never holds up the recorder.

use super::super::file::{Fault, FileError};
use super::bytes::unseal;
use super::mend::{self, Spot};
use super::queue::Shared;
use super::recent::Recent;
use super::rows::{self, CHUNK_LEVEL, Check, Key, SummaryRow};
use super::sample::SeriesId;
use super::schema;
use super::summary::Summary;
use rusqlite::Connection;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Between two steps: about four megabytes a second are read.
const PAUSE: Duration = Duration::from_millis(50);

/// How long what is damaged waits where much more is.
const MENDING: Duration = Duration::from_secs(1);

/// Between two rounds.
const AGAIN_AFTER: Duration = Duration::from_hours(24);

/// Chunks read in one step, and rows.
const CHUNKS: usize = 16;
const ROWS: usize = 1_024;

/// A scan under way.
#[derive(Debug)]
pub struct Scan {
    connection: Connection,
    path: PathBuf,
    /// The last row that was looked at.
    done: Option<Key>,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There is more to read; what is damaged so far, and can be mended where it stands.
    More(Vec<Spot>),
    /// All was read.
    Done,
    /// The file's structure is damaged.
    Broken(String),
}

impl Scan {
    /// Of a data folder's history. `None`: there is none yet.
    pub fn begin(folder: &Path) -> Result<Option<Self>, FileError> {
        let Some((connection, path)) = schema::open_to_read(folder)? else { return Ok(None) };
        Ok(Some(Self { connection, path, done: None }))
    }

    /// Reads a little.
    pub fn step(&mut self) -> Result<Step, FileError> {
        self.look().or_else(|source| match Fault::from_sqlite(&self.path, source) {
            Fault::Damaged(why) => Ok(Step::Broken(why)),
            Fault::Refused(error) => Err(error),
        })
    }

    fn look(&mut self) -> rusqlite::Result<Step> {
        // One view of the file: a chunk that is sealed anew meanwhile is not one that is missing.
        let transaction = self.connection.unchecked_transaction()?;
        let (mut rows, mut chunks, mut in_order) = (0, 0, true);
        let mut spots = Vec::new();
        let done = &mut self.done;
        rows::summaries_after(&transaction, *done, |key, row| {
            in_order = done.is_none_or(|done| done < key);
            if !in_order {
                return Ok(ControlFlow::Break(()));
            }
            *done = Some(key);
            rows += 1;
            let (series, level, first) = key;
            let whole = if level == CHUNK_LEVEL {
                chunks += 1;
                is_whole(&transaction, series, &row)?
            } else {
                row.is_sound()
            };
            if !whole {
                spots.push(Spot { series, level, first });
            }
            Ok(if chunks < CHUNKS && rows < ROWS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(match (in_order, rows) {
            (false, _) => Step::Broken("the rows of a table are out of order".to_owned()),
            (true, 0) => Step::Done,
            (true, _) => Step::More(spots),
        })
    }
}

/// Whether a chunk and its summary fit their checksums; where the summary has none, it is computed again.
fn is_whole(connection: &Connection, series: SeriesId, row: &SummaryRow) -> rusqlite::Result<bool> {
    let Some(body) = row.body.filter(|_| row.is_sound()) else { return Ok(false) };
    let fits = |bytes: Option<Vec<u8>>| bytes.is_some_and(|bytes| unseal(&bytes).is_ok());
    if !fits(rows::digest_bytes(connection, body)?) {
        return Ok(false);
    }
    if row.check == Check::Fits {
        return rows::chunk_bytes(connection, body).map(fits);
    }
    let samples = mend::readable(connection, series, row)?;
    let summary = samples.and_then(|samples| Summary::of(&samples, 0..samples.len()));
    Ok(summary.is_some_and(|summary| row.says(&summary)))
}

/// Starts the thread that scans again and again until the recorder closes.
pub(super) fn start(
    folder: PathBuf,
    shared: Arc<Shared>,
    recent: Arc<Recent>,
    first_after: Duration,
) -> std::io::Result<()> {
    let run = move || {
        let mut pause = first_after;
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
            Step::More(spots) => {
                for spot in spots {
                    // The recorder mends some each second.
                    while recent.file() == file && !recent.suspect(spot) {
                        if shared.wait_for_end(MENDING) {
                            return Ok(());
                        }
                    }
                }
            }
            Step::Done => return Ok(()),
            Step::Broken(why) => {
                shared.tell_damage(file, why);
                return Ok(());
            }
        }
        if shared.wait_for_end(PAUSE) || recent.file() != file {
            return Ok(());
        }
    }
}
