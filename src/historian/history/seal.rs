//! Sealing: the log's samples become chunks, tag by tag, in small transactions; then the log lets go of them.
//!
//! What comes in order is added after a tag's last chunk; a last chunk that is not full is taken along where it is small
//! beside what comes, so that a slow tag's samples are written again a few times only, and end in full chunks. What comes
//! late is merged into the chunks it falls into.
//! Invariant: chunks of one tag never overlap, and none begins at the time at which another ends.
//! Invariant: rows of a higher level sum up whole rows of the level below and never overlap. Where there is none, the level
//! below tells: a reader loses speed and nothing else.

use super::super::file::FileError;
use super::chunk::{self, FULL, cuts, even_cuts};
use super::columns::Columns;
use super::levels;
use super::mend::{self, Spot};
use super::recent::Recent;
use super::rows::{self, CHUNK_LEVEL, SummaryRow};
use super::sample::SeriesId;
use super::store::Store;
use crate::time::Utc;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Weight of samples, or bytes of chunks that wait to be written, after which a step's transaction is committed: a slow tag
/// brings few samples and rewrites many.
const STEP_WEIGHT: usize = 65_536;
const STEP_BYTES: usize = 1 << 20;

/// Tags of one transaction.
const STEP_TAGS: usize = 256;

/// A last chunk is taken along where it has at most so many times the samples that come.
const TAKEN_ALONG_TIMES: u64 = 2;

/// Why sealing stopped.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The disk refused; the same step is tried again.
    #[error(transparent)]
    File(#[from] FileError),
    /// A chunk that samples fall into, or its summary, is damaged: to be mended, and the same step tried again.
    #[error("a chunk from {} on is damaged", Utc(.0.first).to_rfc3339())]
    Damaged(Spot),
}

/// A sealing under way.
#[derive(Debug)]
pub struct Sealing {
    /// The last tag that is done.
    done: Option<SeriesId>,
    /// The last commit of the log whose samples these are.
    up_to: i64,
    /// Samples left out, see [`Columns::into_canonical`].
    left_out: u64,
}

/// What became of one tag's samples.
#[derive(Debug, Default)]
struct Rewrite {
    /// Chunks that go.
    replaced: Vec<SummaryRow>,
    /// What stands there instead.
    chunks: Vec<chunk::Encoded>,
    /// Both are the end of the tag, and none is full: no summary above them knows them.
    ends_open: bool,
}

impl Sealing {
    /// Begins with all that the log holds now.
    pub fn begin(store: &Store, recent: &Recent) -> Self {
        recent.begin_sealing();
        Self { done: None, up_to: store.last_seq(), left_out: 0 }
    }

    /// Seals some tags. Returns whether all is done, and the log forgotten. After an error it can be called again.
    pub fn step(&mut self, store: &mut Store, recent: &Recent) -> Result<bool, SealError> {
        let mut last = self.done;
        let mut tags = recent.sealing_after(last);
        let mut rewrites = Vec::new();
        let (mut weight, mut bytes, mut left_out) = (0, 0, 0);
        // One for all that is read: each query by itself would lock the file, twice.
        let reading = store.connection.unchecked_transaction().map_err(|e| store.sqlite(e))?;
        while weight < STEP_WEIGHT
            && bytes < STEP_BYTES
            && rewrites.len() < STEP_TAGS
            && let Some((series, columns)) = tags.next()
        {
            let (columns, out) = columns.into_canonical();
            left_out += out;
            // Compressing is done before the transaction begins, so that the lock on the file is held for moments.
            let rewrite = rewrite(store, series, &columns, &mut left_out)?;
            weight += columns.weight();
            bytes += rewrite.chunks.iter().map(|c| c.body.len() + c.digest.len()).sum::<usize>();
            rewrites.push((series, rewrite));
            last = Some(series);
        }
        drop(reading);
        let Some(sealed) = last.filter(|_| !rewrites.is_empty()) else {
            store.forget_log(self.up_to)?;
            recent.all_sealed();
            return Ok(true);
        };
        let changing = recent.changing_chunks();
        write_all(store, &rewrites)?;
        drop(changing);
        self.done = Some(sealed);
        self.left_out += left_out;
        recent.sealed(sealed);
        Ok(false)
    }

    /// How many samples were left out, see [`Columns::into_canonical`].
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// Takes samples in that come from elsewhere than the log, as those that come late, in one transaction. Returns how many
/// were left out.
pub(super) fn take_in(store: &mut Store, samples: &BTreeMap<SeriesId, Columns>) -> Result<u64, SealError> {
    let mut left_out = 0;
    let mut rewrites = Vec::new();
    for (series, columns) in samples {
        rewrites.push((*series, rewrite(store, *series, columns, &mut left_out)?));
    }
    write_all(store, &rewrites)?;
    Ok(left_out)
}

fn write_all(store: &mut Store, rewrites: &[(SeriesId, Rewrite)]) -> Result<(), FileError> {
    let mut bodies: Vec<i64> = rewrites.iter().flat_map(|(_, r)| &r.chunks).map(|_| store.take_body()).collect();
    bodies.reverse();
    store.transact(|transaction| {
        rewrites.iter().try_for_each(|(series, rewrite)| write(transaction, *series, rewrite, &mut bodies))
    })
}

/// Decides which chunks of a tag go and what comes for them.
fn rewrite(store: &Store, series: SeriesId, columns: &Columns, left_out: &mut u64) -> Result<Rewrite, SealError> {
    let (Some(first), Some(last)) = (columns.first_time(), columns.last_time()) else { return Ok(Rewrite::default()) };
    let connection = &store.connection;
    let sqlite = |e| SealError::File(store.sqlite(e));
    let (mut late, mut count) = (false, columns.len() as u64);
    let mut along = Vec::new();
    let mut damaged = Ok(());
    let look = |row: SummaryRow| {
        damaged = sound(series, &row);
        late |= row.summary.last >= first;
        if damaged.is_err() || late || row.summary.count >= FULL as u64 || row.summary.count > count * TAKEN_ALONG_TIMES
        {
            return ControlFlow::Break(());
        }
        count += row.summary.count;
        along.push(row);
        ControlFlow::Continue(())
    };
    rows::newest_first(connection, series, CHUNK_LEVEL, look).map_err(sqlite)?;
    damaged?;
    if !late {
        return append(store, series, columns, along, left_out);
    }
    let mut chunks = Vec::new();
    let take = |row| {
        chunks.push(row);
        Ok(())
    };
    rows::summaries(connection, series, CHUNK_LEVEL, first, last.saturating_add(1), take).map_err(sqlite)?;
    chunks.iter().try_for_each(|row| sound(series, row))?;
    let mut rewrite = Rewrite::default();
    let mut start = 0;
    // Samples before the first chunk that they touch, then those from each chunk's begin to the next one's.
    for i in 0..=chunks.len() {
        let until = chunks.get(i).map_or(columns.len(), |next| columns.range(i64::MIN, next.summary.first).end);
        let run = columns.slice(start..until.max(start));
        start = until.max(start);
        if run.is_empty() {
            continue;
        }
        let chunk = i.checked_sub(1).map(|before| chunks[before]);
        let joins = |row: &SummaryRow| {
            run.first_time().is_some_and(|t| t <= row.summary.last) || row.summary.count as usize + run.len() <= FULL
        };
        let mut merged = Columns::new();
        if let Some(row) = chunk.filter(joins) {
            merged = read(store, series, row)?;
            rewrite.replaced.push(row);
        }
        let (merged, out) = merged.merged(&run);
        *left_out += out;
        encode(&merged, &even_cuts(&merged), &mut rewrite.chunks);
    }
    Ok(rewrite)
}

/// The samples come after all that the tag has; its last chunks `along`, the newest first, are taken along.
fn append(
    store: &Store,
    series: SeriesId,
    columns: &Columns,
    along: Vec<SummaryRow>,
    left_out: &mut u64,
) -> Result<Rewrite, SealError> {
    let mut all = Columns::new();
    for row in along.iter().rev() {
        all.append(&read(store, series, *row)?);
    }
    let (all, out) = all.merged(columns);
    *left_out += out;
    let mut rewrite = Rewrite { replaced: along, ..Rewrite::default() };
    encode(&all, &cuts(&all), &mut rewrite.chunks);
    rewrite.ends_open = rewrite.chunks.iter().all(|chunk| chunk.summary.count < FULL as u64);
    Ok(rewrite)
}

fn read(store: &Store, series: SeriesId, row: SummaryRow) -> Result<Columns, SealError> {
    let samples = mend::readable(&store.connection, series, &row).map_err(|e| store.sqlite(e))?;
    samples.ok_or(SealError::Damaged(Spot { series, level: CHUNK_LEVEL, first: row.summary.first }))
}

/// A row that is not what was written says nothing of where its chunk ends.
fn sound(series: SeriesId, row: &SummaryRow) -> Result<(), SealError> {
    let spot = Spot { series, level: CHUNK_LEVEL, first: row.summary.first };
    if row.is_sound() { Ok(()) } else { Err(SealError::Damaged(spot)) }
}

fn encode(columns: &Columns, cuts: &[usize], chunks: &mut Vec<chunk::Encoded>) {
    let mut start = 0;
    chunks.reserve_exact(cuts.len());
    for end in cuts {
        chunks.extend(chunk::encode(&columns.slice(start..*end)));
        start = *end;
    }
}

/// Writes what was decided, chunks and levels; the numbers of the chunks are taken from the end of `bodies`.
fn write(connection: &Connection, series: SeriesId, rewrite: &Rewrite, bodies: &mut Vec<i64>) -> rusqlite::Result<()> {
    let changed = rewrite.replaced.iter().map(|row| row.summary).chain(rewrite.chunks.iter().map(|c| c.summary));
    let Some((lo, hi)) = changed.map(|s| (s.first, s.last)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else {
        return Ok(());
    };
    remove(connection, series, &rewrite.replaced)?;
    for chunk in &rewrite.chunks {
        let Some(body) = bodies.pop() else { break };
        rows::insert_chunk(connection, series, body, chunk)?;
    }
    if rewrite.ends_open { Ok(()) } else { levels::update(connection, series, lo, hi) }
}

/// Takes chunks out, rows and bodies.
pub(super) fn remove(connection: &Connection, series: SeriesId, chunks: &[SummaryRow]) -> rusqlite::Result<()> {
    let mut row = connection.prepare_cached("DELETE FROM summary WHERE tag = ?1 AND level = ?2 AND first = ?3")?;
    let mut body = connection.prepare_cached("DELETE FROM body WHERE id = ?1")?;
    for chunk in chunks {
        row.execute(params![series.0, CHUNK_LEVEL, chunk.summary.first])?;
        body.execute([chunk.body])?;
    }
    Ok(())
}
