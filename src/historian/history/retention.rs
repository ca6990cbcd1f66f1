//! Old samples go in small steps that nobody feels: whole chunks, the oldest first, of each tag after its own time, and of
//! all tags while the history is larger than it may be.
//!
//! A chunk goes when its last sample is too old, so that at most a chunk's length is kept too long and never too short.

use super::super::file::FileError;
use super::levels;
use super::queue::Shared;
use super::recorder::Retention;
use super::rows::{self, CHUNK_LEVEL, SummaryRow};
use super::sample::SeriesId;
use super::seal::remove;
use super::store::Store;
use crate::time::{Span, Utc};
use std::collections::BTreeMap;

/// Chunks that go in one step.
const MOST_CHUNKS: usize = 64;

/// Tags looked at in one step.
const MOST_TAGS: usize = 256;

/// Trimming of what is too old or too much.
#[derive(Debug)]
pub(super) struct Trimming {
    retention: Retention,
    /// Tags still to be looked at in this round.
    left: Vec<SeriesId>,
    keep: BTreeMap<SeriesId, Span>,
    too_large: bool,
}

impl Trimming {
    pub fn new(retention: Retention) -> Self {
        Self { retention, left: Vec::new(), keep: BTreeMap::new(), too_large: false }
    }

    /// Whether more is to be done soon.
    pub fn is_under_way(&self) -> bool {
        self.too_large || !self.left.is_empty()
    }

    /// Removes a few chunks.
    pub fn step(&mut self, store: &mut Store, shared: &Shared, now: Utc) -> Result<(), FileError> {
        if self.left.is_empty() {
            (self.left, self.keep) = (shared.known(), shared.keep());
            if let Some(keep) = self.retention.keep {
                forget_damaged(store, "SELECT id FROM damaged WHERE last < ?1", now.0.saturating_sub(keep.0))?;
            }
            if let Some(most) = self.retention.most_bytes {
                self.too_large = make_smaller(store, &self.left, most)?;
            }
        }
        if self.retention.keep.is_none() && self.keep.is_empty() {
            self.left.clear();
            return Ok(());
        }
        let mut gone = 0;
        for _ in 0..MOST_TAGS {
            let Some(series) = self.left.last().copied() else { return Ok(()) };
            if let Some(keep) = self.keep.get(&series).copied().or(self.retention.keep) {
                let limit = now.0.saturating_sub(keep.0);
                let old = oldest(store, series, MOST_CHUNKS)?
                    .into_iter()
                    .take_while(|row| row.is_sound() && row.summary.last < limit);
                let old: Vec<SummaryRow> = old.collect();
                gone += old.len();
                forget(store, series, &old)?;
                if old.len() == MOST_CHUNKS {
                    return Ok(()); // the same tag again in the next step
                }
            }
            self.left.pop();
            if gone >= MOST_CHUNKS {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Removes the oldest chunks of all tags while there is too much, at most a step's worth. Returns whether there still is.
fn make_smaller(store: &mut Store, tags: &[SeriesId], most_bytes: u64) -> Result<bool, FileError> {
    if store.bytes_used()? <= most_bytes {
        return Ok(false);
    }
    // What nobody can read goes before what somebody can.
    if forget_damaged(store, "SELECT id FROM damaged ORDER BY id LIMIT ?1", MOST_CHUNKS as i64)? > 0 {
        return Ok(true);
    }
    let mut all = Vec::new();
    for series in tags {
        let some = oldest(store, *series, MOST_CHUNKS.div_ceil(tags.len()))?;
        all.extend(some.into_iter().map(|row| (row.summary.last, *series, row)));
    }
    all.sort_by_key(|(last, series, _)| (*last, *series));
    for (_, series, row) in all.into_iter().take(MOST_CHUNKS) {
        forget(store, series, &[row])?;
        if store.bytes_used()? <= most_bytes {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes damaged bytes that were laid aside. Returns how many rows went.
fn forget_damaged(store: &mut Store, which: &str, bound: i64) -> Result<usize, FileError> {
    let any = store.connection.prepare_cached("SELECT 1 FROM damaged LIMIT 1").and_then(|mut s| s.exists([]));
    if !any.map_err(|e| store.sqlite(e))? {
        return Ok(0);
    }
    store.transact(|transaction| transaction.execute(&format!("DELETE FROM damaged WHERE id IN ({which})"), [bound]))
}

/// The oldest chunks of a tag.
fn oldest(store: &Store, series: SeriesId, most: usize) -> Result<Vec<SummaryRow>, FileError> {
    rows::oldest_summaries(&store.connection, series, CHUNK_LEVEL, most).map_err(|e| store.sqlite(e))
}

fn forget(store: &mut Store, series: SeriesId, chunks: &[SummaryRow]) -> Result<(), FileError> {
    let (Some(first), Some(last)) = (chunks.first(), chunks.last()) else { return Ok(()) };
    store.transact(|transaction| {
        remove(transaction, series, chunks)?;
        levels::update(transaction, series, first.summary.first, last.summary.last)
    })
}
