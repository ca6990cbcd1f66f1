//! What is damaged within a file whose structure holds: a chunk, a summary, a commit of the log. It becomes a gap that says
//! so, in the data itself, and all the rest stays where it is. What cannot be read is kept in the table `damaged`, byte by
//! byte, for whoever wants to try by hand.
//!
//! Only damage of the structure (header, tables, the trees of pages) sets the whole file aside, see `salvage`.
//! Invariant: what is mended once is whole: the next scan finds nothing there, so that damage is told once.

use super::super::file::FileError;
use super::columns::Columns;
use super::rows::{self, CHUNK_LEVEL, Check, SummaryRow};
use super::sample::{Sample, SeriesId};
use super::store::Store;
use super::summary::Summary;
use super::{chunk, digest, levels};
use crate::engine::Quality;
use crate::time::Utc;
use rusqlite::{Connection, params};

/// Where a row of `summary`, or the chunk that it is of, does not fit its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// Of which tag.
    pub series: SeriesId,
    /// 0: a chunk or its summary; above: a coarser summary.
    pub level: u8,
    /// When it begins: the row's key.
    pub first: i64,
}

/// What became of a spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mended {
    /// It can be read after all, or is no longer there.
    Whole,
    /// What is known of the samples was computed anew from them; nothing is lost.
    Computed,
    /// The samples cannot be read; from the first to the last of them is a gap.
    Lost(Utc, Utc),
}

/// Looks again, and mends what is damaged, all of it in one transaction.
pub fn mend(store: &mut Store, spot: Spot, now: Utc) -> Result<Mended, FileError> {
    let Spot { series, level, first } = spot;
    let sqlite = |error| store.sqlite(error);
    let Some(row) = rows::summary_at(&store.connection, series, level, first).map_err(sqlite)? else {
        return Ok(Mended::Whole);
    };
    if level > CHUNK_LEVEL {
        if row.is_sound() {
            return Ok(Mended::Whole);
        }
        store.transact(|transaction| {
            remove_row(transaction, spot)?;
            levels::update(transaction, series, first, first)
        })?;
        return Ok(Mended::Computed);
    }
    let samples = readable(&store.connection, series, &row).map_err(sqlite)?;
    let summary = samples.as_ref().and_then(|samples| Summary::of(samples, 0..samples.len()));
    if let (Some(samples), Some(summary)) = (samples, summary) {
        let blocks = row.body.map(|body| rows::digest_bytes(&store.connection, body)).transpose().map_err(sqlite)?;
        let digest_fits = blocks.flatten().is_some_and(|bytes| digest::decode(&bytes).is_ok());
        if digest_fits && row.is_sound() && (row.check == Check::Fits || row.says(&summary)) {
            return Ok(Mended::Whole);
        }
        store.transact(|transaction| {
            remove_row(transaction, spot)?;
            SummaryRow::new(summary, row.body).insert(transaction, series, CHUNK_LEVEL)?;
            let blocks = digest::encode(&digest::blocks(&samples));
            transaction.execute("UPDATE body SET digest = ?2 WHERE id = ?1", params![row.body, blocks])?;
            levels::update(transaction, series, first, summary.last)
        })?;
        return Ok(Mended::Computed);
    }
    lose(store, spot, &row, now)
}

/// The samples of a chunk, where they can be read and are certainly those of this row: several tags may have a chunk that
/// begins at the same instant.
pub(super) fn readable(
    connection: &Connection,
    series: SeriesId,
    row: &SummaryRow,
) -> rusqlite::Result<Option<Columns>> {
    let Some(body) = row.body else { return Ok(None) };
    let bytes = rows::chunk_bytes(connection, body)?;
    let samples = bytes.and_then(|bytes| chunk::decode(&bytes).ok());
    let ours = samples.filter(|samples| samples.first_time() == Some(row.summary.first));
    if row.check == Check::Differs && rows::series_of_chunk(connection, body)? != Some(series) {
        return Ok(None);
    }
    Ok(ours)
}

/// A gap takes the place of a chunk.
fn lose(store: &mut Store, spot: Spot, row: &SummaryRow, now: Utc) -> Result<Mended, FileError> {
    let Spot { series, first, .. } = spot;
    let last = if row.is_sound() { row.summary.last.max(first) } else { first };
    let gap = gap(first, last);
    let body = store.take_body();
    store.transact(|transaction| {
        let ours = row.is_sound() || rows::series_of_chunk(transaction, row.body.unwrap_or(-1))? == Some(series);
        if let Some(damaged) = row.body.filter(|_| ours) {
            transaction.execute(
                "INSERT INTO damaged (found, tag, first, last, digest, samples)
                 SELECT ?2, ?3, ?4, ?5, digest, samples FROM body WHERE id = ?1",
                params![damaged, now.0, series.0, first, last],
            )?;
            transaction.execute("DELETE FROM body WHERE id = ?1", [damaged])?;
        }
        remove_row(transaction, spot)?;
        if let Some(chunk) = chunk::encode(&gap) {
            rows::insert_chunk(transaction, series, body, &chunk)?;
        }
        levels::update(transaction, series, first, last)
    })?;
    Ok(Mended::Lost(Utc(first), Utc(last)))
}

/// What stands for samples that cannot be read, from the first to the last of them.
pub(super) fn gap(first: i64, last: i64) -> Columns {
    let mark = |time| Sample::bad(Utc(time), Quality::DAMAGED, None);
    let mut gap = Columns::new();
    gap.push(mark(first));
    if last > first {
        gap.push(mark(last));
    }
    gap
}

fn remove_row(connection: &Connection, spot: Spot) -> rusqlite::Result<()> {
    let Spot { series, level, first } = spot;
    let query = "DELETE FROM summary WHERE tag = ?1 AND level = ?2 AND first = ?3";
    connection.prepare_cached(query)?.execute(params![series.0, level, first]).map(drop)
}
