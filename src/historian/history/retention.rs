//! Old samples go in small steps that nobody feels: whole chunks, the oldest first, of each tag after its own time, and of
//! all tags while the history is larger than it may be.
//!
//! A chunk goes when its last sample is too old, so that at most a chunk's length is kept too long and never too short.

use super::super::file::FileError;
use super::levels;
use super::queue::Shared;
use super::recent::Recent;
use super::recorder::Retention;
use super::rows::{self, CHUNK_LEVEL, SummaryRow};
use super::sample::SeriesId;
use super::seal::remove;
use super::store::Store;
use crate::time::{Mono, Now, Span, Utc};
use std::collections::BTreeMap;

/// Chunks that go in one step.
const MOST_CHUNKS: usize = 64;

/// Tags looked at in one step.
const MOST_TAGS: usize = 256;

/// A clock that leaps ahead by more than this is not believed at once: by a year, say, it would make everything too old.
const LEAP: Span = Span::from_secs(3_600);

/// How long it has to stay there until it is: time for somebody to set it right.
const BELIEVED_AFTER: Span = Span::from_secs(24 * 3_600);

/// How old samples are, told by a clock that may leap. Invariant: what is kept is never kept for less time than it should be
/// because of a clock that was ahead for a day or less.
#[derive(Debug)]
struct Calendar {
    /// From the monotonic clock to the wall clock that is believed.
    offset: i64,
    /// A wall clock beyond that, and since when.
    leapt: Option<(i64, Mono)>,
}

impl Calendar {
    /// `last`: when the program last ran. A long while in which it did not is like a leap, and waited out like one.
    fn new(now: Now, last: Option<Utc>) -> Self {
        let known = last.map_or(now.utc, |last| last.min(now.utc));
        Self { offset: known.0 - now.mono.0, leapt: None }
    }

    fn now(&mut self, now: Now) -> Utc {
        let offset = now.utc.0 - now.mono.0;
        if offset - self.offset <= LEAP.0 {
            (self.offset, self.leapt) = (offset, None);
        } else if let Some((_, since)) = self.leapt.filter(|(leapt, _)| (offset - leapt).abs() <= LEAP.0) {
            if now.mono - since >= BELIEVED_AFTER {
                (self.offset, self.leapt) = (offset, None);
            }
        } else {
            self.leapt = Some((offset, now.mono));
        }
        Utc(now.mono.0.saturating_add(self.offset))
    }
}

/// Trimming of what is too old or too much.
#[derive(Debug)]
pub(super) struct Trimming {
    retention: Retention,
    calendar: Calendar,
    /// Tags still to be looked at in this round.
    left: Vec<SeriesId>,
    keep: BTreeMap<SeriesId, Span>,
    too_large: bool,
}

impl Trimming {
    /// `last`: when the program last ran, if it did.
    pub fn new(retention: Retention, now: Now, last: Option<Utc>) -> Self {
        let calendar = Calendar::new(now, last);
        Self { retention, calendar, left: Vec::new(), keep: BTreeMap::new(), too_large: false }
    }

    /// Whether more is to be done soon.
    pub fn is_under_way(&self) -> bool {
        self.too_large || !self.left.is_empty()
    }

    /// Removes a few chunks.
    pub fn step(&mut self, store: &mut Store, recent: &Recent, shared: &Shared, now: Now) -> Result<(), FileError> {
        let now = self.calendar.now(now);
        if self.left.is_empty() {
            (self.left, self.keep) = (shared.known(), shared.keep());
            if let Some(keep) = self.retention.keep {
                forget_damaged(store, "SELECT id FROM damaged WHERE last < ?1", now.0.saturating_sub(keep.0))?;
            }
            if let Some(most) = self.retention.most_bytes {
                self.too_large = make_smaller(store, recent, &self.left, most)?;
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
                forget(store, recent, series, &old)?;
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
fn make_smaller(store: &mut Store, recent: &Recent, tags: &[SeriesId], most_bytes: u64) -> Result<bool, FileError> {
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
        forget(store, recent, series, &[row])?;
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

/// Removes chunks of a tag. Only now are the readers' summaries out of date, not with every look.
fn forget(store: &mut Store, recent: &Recent, series: SeriesId, chunks: &[SummaryRow]) -> Result<(), FileError> {
    let (Some(first), Some(last)) = (chunks.first(), chunks.last()) else { return Ok(()) };
    let _changing = recent.changing_chunks();
    store.transact(|transaction| {
        remove(transaction, series, chunks)?;
        levels::update(transaction, series, first.summary.first, last.summary.last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;
    const YEAR: i64 = 365 * 24 * HOUR;

    fn at(mono: i64, utc: i64) -> Now {
        Now { mono: Mono(mono), utc: Utc(utc) }
    }

    #[test]
    fn a_clock_that_leaps_ahead_makes_nothing_old_until_it_has_stayed_there_for_a_day() {
        let mut calendar = Calendar::new(at(0, YEAR), None);
        assert_eq!(calendar.now(at(HOUR, YEAR + HOUR)), Utc(YEAR + HOUR));
        // An hour of summer time, or of drift, is nothing.
        assert_eq!(calendar.now(at(HOUR, YEAR + 2 * HOUR)), Utc(YEAR + 2 * HOUR));
        assert_eq!(calendar.now(at(HOUR, 2 * YEAR)), Utc(YEAR + 2 * HOUR));
        assert_eq!(calendar.now(at(20 * HOUR, 2 * YEAR + 19 * HOUR)), Utc(YEAR + 21 * HOUR));
        // Another leap, and the day begins anew.
        assert_eq!(calendar.now(at(21 * HOUR, 3 * YEAR)), Utc(YEAR + 22 * HOUR));
        assert_eq!(calendar.now(at(30 * HOUR, 3 * YEAR + 9 * HOUR)), Utc(YEAR + 31 * HOUR));
        // Back: what is believed goes back at once, which keeps more.
        assert_eq!(calendar.now(at(31 * HOUR, YEAR)), Utc(YEAR));
        assert_eq!(calendar.now(at(32 * HOUR, 2 * YEAR)), Utc(YEAR + HOUR));
        assert_eq!(calendar.now(at(56 * HOUR, 2 * YEAR + 24 * HOUR)), Utc(2 * YEAR + 24 * HOUR));
    }

    #[test]
    fn a_start_after_a_long_while_waits_a_day_before_it_believes_how_long_it_was() {
        let mut calendar = Calendar::new(at(0, 2 * YEAR), Some(Utc(YEAR)));
        assert_eq!(calendar.now(at(HOUR, 2 * YEAR + HOUR)), Utc(YEAR + HOUR));
        assert_eq!(calendar.now(at(26 * HOUR, 2 * YEAR + 26 * HOUR)), Utc(2 * YEAR + 26 * HOUR));
        let mut ahead = Calendar::new(at(0, YEAR), Some(Utc(2 * YEAR)));
        assert_eq!(ahead.now(at(1, YEAR + 1)), Utc(YEAR + 1), "the last run's clock had leapt");
    }
}
