//! Rows of the tables as values: what sealing writes and queries read.

use super::sample::SeriesId;
use super::summary::Summary;
use crate::engine::Quality;
use rusqlite::{CachedStatement, Connection, Row, params};

/// Chunks have this level; each level above sums up several rows of the one below.
pub const CHUNK_LEVEL: u8 = 0;

/// The highest level.
pub const HIGHEST_LEVEL: u8 = 3;

/// A row of `summary`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SummaryRow {
    /// What it says.
    pub summary: Summary,
    /// Of a chunk: its row in `body`.
    pub body: Option<i64>,
}

const COLUMNS: &str = "first, last, count, bad, first_quality, last_quality, worst, first_value, last_value, min, max, \
                       sum, integral, good, uncertain, body";

impl SummaryRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let number = |i: usize| row.get::<_, Option<f64>>(i).map(|v| v.unwrap_or(f64::NAN));
        let quality = |i: usize| row.get(i).map(Quality::from_number);
        Ok(Self {
            summary: Summary {
                first: row.get(0)?,
                last: row.get(1)?,
                count: row.get::<_, i64>(2)? as u64,
                bad: row.get::<_, i64>(3)? as u64,
                first_quality: quality(4)?,
                last_quality: quality(5)?,
                worst: quality(6)?,
                first_value: number(7)?,
                last_value: number(8)?,
                min: number(9)?,
                max: number(10)?,
                sum: number(11)?,
                integral: number(12)?,
                good: row.get(13)?,
                uncertain: row.get(14)?,
            },
            body: row.get(15)?,
        })
    }

    /// Writes it. NaN lies as null.
    pub fn insert(&self, connection: &Connection, series: SeriesId, level: u8) -> rusqlite::Result<()> {
        let s = &self.summary;
        connection
            .prepare_cached(&format!(
                "INSERT INTO summary (tag, level, {COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)"
            ))?
            .execute(params![
                series.0,
                level,
                s.first,
                s.last,
                s.count as i64,
                s.bad as i64,
                s.first_quality.number(),
                s.last_quality.number(),
                s.worst.number(),
                s.first_value,
                s.last_value,
                s.min,
                s.max,
                s.sum,
                s.integral,
                s.good,
                s.uncertain,
                self.body,
            ])?;
        Ok(())
    }
}

/// A tag's rows of one level in order of time, from the last that begins at or before `from` (so that what held then is
/// among them) to the last that begins before `to`. Rows of one level never overlap.
pub fn summaries(
    connection: &Connection,
    series: SeriesId,
    level: u8,
    from: i64,
    to: i64,
    mut each: impl FnMut(SummaryRow) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM summary WHERE tag = ?1 AND level = ?2 AND first < ?4 AND first >= coalesce(
             (SELECT first FROM summary WHERE tag = ?1 AND level = ?2 AND first <= ?3 ORDER BY first DESC LIMIT 1), ?3)
         ORDER BY first"
    ))?;
    let mut rows = statement.query(params![series.0, level, from, to])?;
    while let Some(row) = rows.next()? {
        each(SummaryRow::read(row)?)?;
    }
    Ok(())
}

/// The same, at most `most` of them: for readers, who take years in small pieces.
pub fn some_summaries(
    connection: &Connection,
    series: SeriesId,
    level: u8,
    from: i64,
    to: i64,
    most: usize,
) -> rusqlite::Result<Vec<SummaryRow>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM summary WHERE tag = ?1 AND level = ?2 AND first < ?4 AND first >= coalesce(
             (SELECT first FROM summary WHERE tag = ?1 AND level = ?2 AND first <= ?3 ORDER BY first DESC LIMIT 1), ?3)
         ORDER BY first LIMIT ?5"
    ))?;
    statement.query_map(params![series.0, level, from, to, most as i64], SummaryRow::read)?.collect()
}

/// Whether a chunk of a tag begins in `from..to`.
pub fn any_chunk_begins(connection: &Connection, series: SeriesId, from: i64, to: i64) -> rusqlite::Result<bool> {
    let query = "SELECT 1 FROM summary WHERE tag = ?1 AND level = 0 AND first >= ?2 AND first < ?3 LIMIT 1";
    connection.prepare_cached(query)?.exists(params![series.0, from, to])
}

/// The last rows of a tag's level, newest first, at most `most`.
pub fn newest_summaries(
    connection: &Connection,
    series: SeriesId,
    level: u8,
    most: usize,
) -> rusqlite::Result<Vec<SummaryRow>> {
    some(connection, "DESC", series, level, most)
}

/// The first rows of a tag's level, oldest first, at most `most`.
pub fn oldest_summaries(
    connection: &Connection,
    series: SeriesId,
    level: u8,
    most: usize,
) -> rusqlite::Result<Vec<SummaryRow>> {
    some(connection, "ASC", series, level, most)
}

fn some(
    connection: &Connection,
    order: &str,
    series: SeriesId,
    level: u8,
    most: usize,
) -> rusqlite::Result<Vec<SummaryRow>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM summary WHERE tag = ?1 AND level = ?2 ORDER BY first {order} LIMIT ?3"
    ))?;
    statement.query_map(params![series.0, level, most as i64], SummaryRow::read)?.collect()
}

/// A chunk's samples as they lie, see [`super::chunk::decode`].
pub fn chunk_bytes(connection: &Connection, body: i64) -> rusqlite::Result<Vec<u8>> {
    blob(connection.prepare_cached("SELECT samples FROM body WHERE id = ?1")?, body)
}

/// A chunk's digest as it lies, see [`super::digest::decode`]. Its samples are not read from the disk.
pub fn digest_bytes(connection: &Connection, body: i64) -> rusqlite::Result<Vec<u8>> {
    blob(connection.prepare_cached("SELECT digest FROM body WHERE id = ?1")?, body)
}

fn blob(mut statement: CachedStatement<'_>, body: i64) -> rusqlite::Result<Vec<u8>> {
    statement.query_row([body], |r| r.get(0))
}
