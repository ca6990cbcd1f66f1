//! The coarser summaries above the chunks: a row of level 1 sums up about [`FANOUT`] chunks, one of each level above as many
//! of the one below, so that years open as fast as an hour.

use super::chunk::FULL;
use super::rows::{self, CHUNK_LEVEL, HIGHEST_LEVEL, SummaryRow};
use super::sample::SeriesId;
use rusqlite::{Connection, params};

/// Rows of a level that one row above sums up. A picture reads up to as many rows for each of its columns, so this is
/// small: with 64, 2,000 columns of a thousand million samples of one tag would be 120,000 rows, with 16 they are 8,000.
pub const FANOUT: usize = 16;

/// A hole between two rows is filled by one row from so many on.
const LEAST_IN_HOLE: usize = 8;

/// Puts the levels in order after chunks between `lo` and `hi` changed. `grown`: a full chunk came.
pub(super) fn update(connection: &Connection, series: SeriesId, lo: i64, hi: i64, grown: bool) -> rusqlite::Result<()> {
    let (mut lo, mut hi) = (lo, hi);
    let mut grown = grown;
    for level in CHUNK_LEVEL + 1..=HIGHEST_LEVEL {
        let taken = take_out(connection, series, level, lo, hi)?;
        if taken.is_none() && !grown {
            // What is not summed up at this level is not at the next.
            return Ok(());
        }
        if let Some((first, last)) = taken {
            (lo, hi) = (lo.min(first), hi.max(last));
        }
        grown = cover(connection, series, level, lo, hi)? || taken.is_some();
    }
    Ok(())
}

/// Removes the rows of a level that reach into `lo..=hi`. Returns from when to when they reached.
fn take_out(
    connection: &Connection,
    series: SeriesId,
    level: u8,
    lo: i64,
    hi: i64,
) -> rusqlite::Result<Option<(i64, i64)>> {
    let mut reach: Option<(i64, i64)> = None;
    let mut gone = Vec::new();
    rows::summaries(connection, series, level, lo, hi.saturating_add(1), |row| {
        if row.summary.last >= lo {
            let (first, last) = reach.unwrap_or((row.summary.first, row.summary.last));
            reach = Some((first.min(row.summary.first), last.max(row.summary.last)));
            gone.push(row.summary.first);
        }
        Ok(())
    })?;
    let mut delete = connection.prepare_cached("DELETE FROM summary WHERE tag = ?1 AND level = ?2 AND first = ?3")?;
    for first in gone {
        delete.execute(params![series.0, level, first])?;
    }
    Ok(reach)
}

/// Sums up what no row of this level covers around `lo..=hi`, which none reaches into. Returns whether a row was made.
fn cover(connection: &Connection, series: SeriesId, level: u8, lo: i64, hi: i64) -> rusqlite::Result<bool> {
    let neighbour = |query: &str, time: i64| -> rusqlite::Result<Option<i64>> {
        connection.prepare_cached(query)?.query_row(params![series.0, level, time], |r| r.get(0))
    };
    let left = neighbour(
        "SELECT max(last) FROM (SELECT last FROM summary WHERE tag = ?1 AND level = ?2 AND first < ?3 ORDER BY first DESC LIMIT 1)",
        lo,
    )?;
    let right = neighbour("SELECT min(first) FROM summary WHERE tag = ?1 AND level = ?2 AND first > ?3", hi)?;
    let from = left.map_or(i64::MIN, |last| last.saturating_add(1));
    let mut below = Vec::new();
    rows::summaries(connection, series, level - 1, from, right.unwrap_or(i64::MAX), |row| {
        if row.summary.first >= from {
            below.push(row);
        }
        Ok(())
    })?;
    if right.is_none() && level == CHUNK_LEVEL + 1 {
        // Chunks at the end that are not full will be written again.
        while below.last().is_some_and(|row| row.summary.count < FULL as u64) {
            below.pop();
        }
    }
    let mut rest = below.as_slice();
    let mut made = false;
    while !rest.is_empty() {
        let count = match (right, rest.len()) {
            (None, left) if left < FANOUT => break,
            (Some(_), left) if left < LEAST_IN_HOLE => break,
            (Some(_), left) if left < FANOUT * 3 / 2 => left,
            _ => FANOUT,
        };
        let (group, after) = rest.split_at(count);
        rest = after;
        if let Some(summary) = group.iter().map(|row| row.summary).reduce(|a, b| a.merged(&b)) {
            SummaryRow { summary, body: None }.insert(connection, series, level)?;
            made = true;
        }
    }
    Ok(made)
}
