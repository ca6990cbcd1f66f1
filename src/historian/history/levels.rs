//! The coarser summaries above the chunks: a row of level 1 sums up about [`FANOUT`] chunks, one of each level above as many
//! of the one below, so that years open as fast as an hour.

use super::chunk::FULL;
use super::rows::{self, CHUNK_LEVEL, HIGHEST_LEVEL, SummaryRow};
use super::sample::SeriesId;
use rusqlite::{Connection, params};

/// Rows of a level that one row above sums up. A picture reads up to as many rows for each of its columns, so this is
/// small: with 64, 2,000 columns of a thousand million samples of one tag would be 120,000 rows, with 16 they are 8,000.
pub const FANOUT: usize = 16;

/// Puts the levels in order after chunks between `lo` and `hi` changed.
///
/// A chunk that comes late between two rows of level 1 is summed up by a row of its own: the row of level 2 that spans it
/// must not miss it.
pub(super) fn update(connection: &Connection, series: SeriesId, lo: i64, hi: i64) -> rusqlite::Result<()> {
    let (mut lo, mut hi) = (lo, hi);
    for level in CHUNK_LEVEL + 1..=HIGHEST_LEVEL {
        let taken = take_out(connection, series, level, lo, hi)?;
        if let Some((first, last)) = taken {
            (lo, hi) = (lo.min(first), hi.max(last));
        }
        let made = cover(connection, series, level, lo, hi)?;
        if taken.is_none() && !made {
            // It is behind the last row of this level, and so behind the last of those above.
            return Ok(());
        }
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
            (Some(_), left) if left < FANOUT * 3 / 2 => left,
            _ => FANOUT,
        };
        let (group, after) = rest.split_at(count);
        rest = after;
        if let Some(summary) = group.iter().map(|row| row.summary).reduce(|a, b| a.merged(&b)) {
            SummaryRow::new(summary, None).insert(connection, series, level)?;
            made = true;
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::super::summary::Summary;
    use super::*;
    use crate::engine::Quality;
    use proptest::prelude::*;

    const TAG: SeriesId = SeriesId(3);

    /// A chunk at a place of its own, with a value that no other has.
    fn chunk(place: i64, count: u64) -> SummaryRow {
        let (first, last, value) = (place * 10, place * 10 + 5, place as f64);
        let summary = Summary {
            count,
            bad: 0,
            first,
            last,
            first_quality: Quality::GOOD,
            last_quality: Quality::GOOD,
            worst: Quality::GOOD,
            first_value: value,
            last_value: value,
            min: value,
            max: value,
            sum: value * count as f64,
            integral: value * 5.0,
            good: 5,
            uncertain: 0,
        };
        SummaryRow::new(summary, Some(place))
    }

    fn of_level(connection: &Connection, level: u8) -> Vec<Summary> {
        let mut found = Vec::new();
        let take = |row: SummaryRow| {
            found.push(row.summary);
            Ok(())
        };
        rows::summaries(connection, TAG, level, i64::MIN, i64::MAX, take).unwrap();
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn a_row_says_all_that_is_below_it_however_late_a_chunk_comes(
            late in prop::collection::btree_set(0_i64..700, 0..40), small in 0_i64..700,
        ) {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(super::super::schema::KIND.tables).unwrap();
            let add = |place: i64| {
                let count = if place == small { 9 } else { FULL as u64 };
                let row = chunk(place, count);
                row.insert(&connection, TAG, CHUNK_LEVEL).unwrap();
                update(&connection, TAG, row.summary.first, row.summary.last).unwrap();
            };
            (0..700).filter(|place| !late.contains(place)).for_each(add);
            // As a chunk that was filled late, which is no full one.
            for place in &late {
                let row = chunk(*place, 60);
                row.insert(&connection, TAG, CHUNK_LEVEL).unwrap();
                update(&connection, TAG, row.summary.first, row.summary.last).unwrap();
            }
            let chunks = of_level(&connection, CHUNK_LEVEL);
            prop_assert_eq!(chunks.len(), 700);
            for level in CHUNK_LEVEL + 1..=HIGHEST_LEVEL {
                let rows = of_level(&connection, level);
                prop_assert!(rows.windows(2).all(|w| w[0].last < w[1].first), "they overlap");
                for row in rows {
                    let below = chunks.iter().filter(|c| (row.first..=row.last).contains(&c.first)).copied();
                    let all = below.reduce(|a, b| a.merged(&b)).unwrap();
                    prop_assert_eq!((row.count, row.min, row.max), (all.count, all.min, all.max), "level {}", level);
                }
            }
            prop_assert!(of_level(&connection, 2).len() >= 2);
        }

        #[test]
        fn rows_follow_the_chunks_that_are_no_longer_kept(
            steps in prop::collection::vec((any::<bool>(), 0_i64..700, 1_i64..90), 1..12)
        ) {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(super::super::schema::KIND.tables).unwrap();
            for place in 0..700 {
                chunk(place, FULL as u64).insert(&connection, TAG, CHUNK_LEVEL).unwrap();
            }
            update(&connection, TAG, 0, 7_000).unwrap();
            let mut oldest = 0;
            for (at_end, place, count) in steps {
                // The oldest go, as retention has it; or some within, as a size that is too large may.
                let place = if at_end { oldest } else { place };
                oldest += if at_end { count } else { 0 };
                let (lo, hi) = (place * 10, (place + count) * 10 - 1);
                let delete = "DELETE FROM summary WHERE level = 0 AND first BETWEEN ?1 AND ?2";
                connection.execute(delete, [lo, hi]).unwrap();
                update(&connection, TAG, lo, hi).unwrap();
                let chunks = of_level(&connection, CHUNK_LEVEL);
                for level in CHUNK_LEVEL + 1..=HIGHEST_LEVEL {
                    let rows = of_level(&connection, level);
                    prop_assert!(rows.windows(2).all(|w| w[0].last < w[1].first), "they overlap");
                    for row in rows {
                        let below = chunks.iter().filter(|c| (row.first..=row.last).contains(&c.first)).copied();
                        prop_assert_eq!(below.reduce(|a, b| a.merged(&b)).map(|all| all.count), Some(row.count));
                    }
                }
            }
        }
    }
}
