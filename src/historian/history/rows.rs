//! Rows of the tables as values: what sealing writes and queries read.

use super::chunk::Encoded;
use super::pages::Field;
use super::sample::SeriesId;
use super::summary::Summary;
use crate::engine::Quality;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};
use std::ops::ControlFlow;

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
    /// Whether it can be believed.
    pub check: Check,
}

/// What a row's checksum says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It is what was written.
    Fits,
    /// It is not; its key alone may be right.
    Differs,
    /// It has none: format 1 wrote it.
    None,
}

/// What a row's checksum is of.
const FIELDS: usize = 18;

/// Columns of `summary` but for its key's first two. Statements are put together when the program is built: they are asked for tag
/// by tag.
macro_rules! columns {
    () => {
        "first, last, count, bad, first_quality, last_quality, worst, first_value, last_value, min, max, sum, integral, good, uncertain, body, crc"
    };
}

impl SummaryRow {
    /// One that is to be written.
    pub const fn new(summary: Summary, body: Option<i64>) -> Self {
        Self { summary, body, check: Check::Fits }
    }

    /// Whether nothing speaks against it.
    pub fn is_sound(&self) -> bool {
        self.check != Check::Differs
    }

    fn read(row: &Row<'_>, series: SeriesId, level: u8) -> rusqlite::Result<Self> {
        let number = |i: usize| row.get::<_, Option<f64>>(i).map(|v| v.unwrap_or(f64::NAN));
        let quality = |i: usize| row.get(i).map(Quality::from_number);
        let mut read = Self {
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
            check: Check::None,
        };
        if let Some(crc) = row.get::<_, Option<i64>>(16)? {
            read.check = if crc == read.crc(series, level) { Check::Fits } else { Check::Differs };
        }
        Ok(read)
    }

    /// Whether it says this, to the last bit.
    pub fn says(&self, summary: &Summary) -> bool {
        let crc = |summary| Self { summary, ..*self }.crc(SeriesId(0), CHUNK_LEVEL);
        crc(self.summary) == crc(*summary)
    }

    /// CRC-32 of the key and of every column in their order, each as 8 bytes. No number is the same as none, and -0 as 0:
    /// SQLite keeps neither apart.
    fn crc(&self, series: SeriesId, level: u8) -> i64 {
        let s = &self.summary;
        let bits = |v: f64| if v.is_nan() { -1 } else { (v + 0.0).to_bits() as i64 };
        let fields: [i64; FIELDS] = [
            i64::from(series.0),
            i64::from(level),
            s.first,
            s.last,
            s.count as i64,
            s.bad as i64,
            i64::from(s.first_quality.number()),
            i64::from(s.last_quality.number()),
            i64::from(s.worst.number()),
            bits(s.first_value),
            bits(s.last_value),
            bits(s.min),
            bits(s.max),
            bits(s.sum),
            bits(s.integral),
            s.good,
            s.uncertain,
            self.body.unwrap_or(-1),
        ];
        let mut bytes = [0_u8; FIELDS * 8];
        for (place, field) in bytes.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        i64::from(crc32fast::hash(&bytes))
    }

    /// A chunk's row as it lies in the file, with its tag. `None`: it is none, or not what was written.
    pub(super) fn from_fields(fields: &[Field<'_>]) -> Option<(SeriesId, Self)> {
        let crc = match fields.len() {
            18 => None,
            19 => fields[18].int(),
            _ => return None,
        };
        let int = |i: usize| fields[i].int();
        let number = |i: usize| match fields[i] {
            Field::Int(number) => Some(number as f64),
            Field::Real(number) => Some(number),
            Field::Null => Some(f64::NAN),
            _ => None,
        };
        let quality = |i: usize| u16::try_from(int(i)?).ok().map(Quality::from_number);
        let series = SeriesId(u32::try_from(int(0)?).ok()?);
        let level = u8::try_from(int(1)?).ok().filter(|level| *level == CHUNK_LEVEL)?;
        let summary = Summary {
            first: int(2)?,
            last: int(3)?,
            count: int(4)? as u64,
            bad: int(5)? as u64,
            first_quality: quality(6)?,
            last_quality: quality(7)?,
            worst: quality(8)?,
            first_value: number(9)?,
            last_value: number(10)?,
            min: number(11)?,
            max: number(12)?,
            sum: number(13)?,
            integral: number(14)?,
            good: int(15)?,
            uncertain: int(16)?,
        };
        let row = Self { summary, body: int(17), check: Check::None };
        let fits = crc.is_none_or(|crc| crc == row.crc(series, level)) && summary.first <= summary.last;
        fits.then_some((series, row))
    }

    /// Writes it. NaN lies as null.
    pub fn insert(&self, connection: &Connection, series: SeriesId, level: u8) -> rusqlite::Result<()> {
        let s = &self.summary;
        connection
            .prepare_cached(concat!(
                "INSERT INTO summary (tag, level, ",
                columns!(),
                ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)"
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
                self.crc(series, level),
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
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM summary WHERE tag = ?1 AND level = ?2 AND first < ?4 AND first >= coalesce(
             (SELECT first FROM summary WHERE tag = ?1 AND level = ?2 AND first <= ?3 ORDER BY first DESC LIMIT 1), ?3)
         ORDER BY first"
    ))?;
    let mut rows = statement.query(params![series.0, level, from, to])?;
    while let Some(row) = rows.next()? {
        each(SummaryRow::read(row, series, level)?)?;
    }
    Ok(())
}

/// The row of a tag's level that begins at this instant.
pub fn summary_at(
    connection: &Connection,
    series: SeriesId,
    level: u8,
    first: i64,
) -> rusqlite::Result<Option<SummaryRow>> {
    let query = concat!("SELECT ", columns!(), " FROM summary WHERE tag = ?1 AND level = ?2 AND first = ?3");
    let read = |row: &Row<'_>| SummaryRow::read(row, series, level);
    connection.prepare_cached(query)?.query_row(params![series.0, level, first], read).optional()
}

/// A row's tag, level and beginning.
pub type Key = (SeriesId, u8, i64);

/// The next rows after a key, of all tags and levels in order of their keys, until `each` breaks off.
pub fn summaries_after(
    connection: &Connection,
    after: Option<Key>,
    mut each: impl FnMut(Key, SummaryRow) -> rusqlite::Result<ControlFlow<()>>,
) -> rusqlite::Result<()> {
    let (tag, level, first) = after.map_or((-1, 0, 0), |(series, level, first)| (i64::from(series.0), level, first));
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        ", tag, level FROM summary WHERE (tag, level, first) > (?1, ?2, ?3)
         ORDER BY tag, level, first"
    ))?;
    let mut rows = statement.query(params![tag, level, first])?;
    while let Some(row) = rows.next()? {
        let (series, level) = (SeriesId(row.get(17)?), row.get(18)?);
        let summary = SummaryRow::read(row, series, level)?;
        if each((series, level, summary.summary.first), summary)?.is_break() {
            break;
        }
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
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM summary WHERE tag = ?1 AND level = ?2 AND first < ?4 AND first >= coalesce(
             (SELECT first FROM summary WHERE tag = ?1 AND level = ?2 AND first <= ?3 ORDER BY first DESC LIMIT 1), ?3)
         ORDER BY first LIMIT ?5"
    ))?;
    let read = |row: &Row<'_>| SummaryRow::read(row, series, level);
    statement.query_map(params![series.0, level, from, to, most as i64], read)?.collect()
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
    let newest =
        concat!("SELECT ", columns!(), " FROM summary WHERE tag = ?1 AND level = ?2 ORDER BY first DESC LIMIT ?3");
    some(connection, newest, series, level, most)
}

/// The same, one by one for as long as they are wanted.
pub fn newest_first(
    connection: &Connection,
    series: SeriesId,
    level: u8,
    mut each: impl FnMut(SummaryRow) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM summary WHERE tag = ?1 AND level = ?2 ORDER BY first DESC"
    ))?;
    let mut rows = statement.query(params![series.0, level])?;
    while let Some(row) = rows.next()? {
        if each(SummaryRow::read(row, series, level)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// The first rows of a tag's level, oldest first, at most `most`.
pub fn oldest_summaries(
    connection: &Connection,
    series: SeriesId,
    level: u8,
    most: usize,
) -> rusqlite::Result<Vec<SummaryRow>> {
    let oldest = concat!("SELECT ", columns!(), " FROM summary WHERE tag = ?1 AND level = ?2 ORDER BY first LIMIT ?3");
    some(connection, oldest, series, level, most)
}

fn some(
    connection: &Connection,
    query: &str,
    series: SeriesId,
    level: u8,
    most: usize,
) -> rusqlite::Result<Vec<SummaryRow>> {
    let read = |row: &Row<'_>| SummaryRow::read(row, series, level);
    connection.prepare_cached(query)?.query_map(params![series.0, level, most as i64], read)?.collect()
}

/// A chunk's samples as they lie, see [`super::chunk::decode`]. `None`: there is no such chunk.
pub fn chunk_bytes(connection: &Connection, body: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    blob(connection.prepare_cached("SELECT samples FROM body WHERE id = ?1")?, body)
}

/// A chunk's digest as it lies, see [`super::digest::decode`]. Its samples are not read from the disk.
pub fn digest_bytes(connection: &Connection, body: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    blob(connection.prepare_cached("SELECT digest FROM body WHERE id = ?1")?, body)
}

/// Writes a chunk under this number, its summary with it.
pub(super) fn insert_chunk(
    connection: &Connection,
    series: SeriesId,
    body: i64,
    chunk: &Encoded,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO body (id, digest, samples, tag) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![body, chunk.digest, chunk.body, series.0])?;
    SummaryRow::new(chunk.summary, Some(body)).insert(connection, series, CHUNK_LEVEL)
}

/// Whose samples a chunk has. `None`: there is no such chunk, or format 1 wrote it, which did not say.
pub fn series_of_chunk(connection: &Connection, body: i64) -> rusqlite::Result<Option<SeriesId>> {
    let read = |row: &Row<'_>| row.get::<_, Option<u32>>(0);
    let found = connection.prepare_cached("SELECT tag FROM body WHERE id = ?1")?.query_row([body], read).optional()?;
    Ok(found.flatten().map(SeriesId))
}

fn blob(mut statement: CachedStatement<'_>, body: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    statement.query_row([body], |r| r.get(0)).optional()
}
