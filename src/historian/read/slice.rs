//! A time of a journal as a file of its own: its entries as they are, with their numbers and hashes.

use super::JournalReader;
use crate::historian::journal::none_where_no_row;
use crate::historian::row::COLUMNS;
use crate::historian::schema::KIND;
use crate::historian::{JOURNAL_FILE, JournalError};
use crate::time::Utc;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Entries that are read before it is asked whether to stop.
const STEP: u64 = 1_000;

/// Columns of an entry, its hashes among them.
const ALL_COLUMNS: usize = 19;

impl JournalReader {
    /// It is a part of a journal as [`Self::slice`] writes it: that it begins somewhere is no fault of its chain.
    #[must_use]
    pub const fn of_slice(mut self) -> Self {
        self.is_slice = true;
        self
    }

    /// Writes a journal of this time, both ends included, into an empty folder. It begins with the last checkpoint before, so
    /// that the state of every alarm is known. Returns how many entries it has. `None`: it was to stop.
    ///
    /// # Errors
    /// Where the journal cannot be read, or the slice not be written.
    pub fn slice(&self, from: Utc, to: Utc, folder: &Path, stop: &AtomicBool) -> Result<Option<u64>, JournalError> {
        let path = folder.join(JOURNAL_FILE);
        let theirs = |source| JournalError::Sqlite { path: path.clone(), source };
        let first = self.first_at(from)?;
        let mut slice = KIND.connect(&path)?;
        // It is synced as a part of something larger, or not at all.
        slice.pragma_update(None, "synchronous", "off").map_err(theirs)?;
        let into = slice.transaction().map_err(theirs)?;
        // One view of the journal, whatever is written meanwhile.
        let view = self.connection.unchecked_transaction().map_err(|e| self.sqlite(e))?;
        let (first, last) = bounds(&view, first, to).map_err(|e| self.sqlite(e))?;
        let entries = copy(&view, &into, first, last, stop).map_err(|error| match error {
            Failed::Read(error) => self.sqlite(error),
            Failed::Written(error) => theirs(error),
        })?;
        let Some(entries) = entries else { return Ok(None) };
        drop(view);
        into.commit().map_err(theirs)?;
        // All is in one file then, without a write-ahead log.
        slice.query_row("PRAGMA journal_mode = delete", [], |_| Ok(())).map_err(theirs)?;
        Ok(Some(entries))
    }
}

/// The numbers of its first and last entry.
fn bounds(journal: &Connection, first: u64, to: Utc) -> rusqlite::Result<(i64, i64)> {
    let ask = |query: &str, bound: i64| {
        journal.query_row(query, [bound], |row| row.get::<_, i64>(0)).map(Some).or_else(none_where_no_row)
    };
    let checkpoint =
        ask("SELECT seq FROM entry WHERE event = 'checkpoint' AND seq <= ?1 ORDER BY seq DESC LIMIT 1", first as i64)?;
    let beginning = "SELECT seq FROM entry WHERE seq > ?1 ORDER BY seq LIMIT 1";
    let start = match checkpoint {
        Some(checkpoint) => checkpoint,
        None => ask(beginning, i64::MIN)?.unwrap_or(1),
    };
    let last = ask("SELECT seq FROM entry WHERE time <= ?1 ORDER BY time DESC, seq DESC LIMIT 1", to.0)?;
    Ok((start, last.unwrap_or(start - 1).max(start - 1)))
}

enum Failed {
    Read(rusqlite::Error),
    Written(rusqlite::Error),
}

/// Copies entries as they are, the ends of the chain, and who is who.
fn copy(from: &Connection, into: &Connection, first: i64, last: i64, stop: &AtomicBool) -> Result<Option<u64>, Failed> {
    let mut read = from
        .prepare(&format!("SELECT {COLUMNS}, hash, previous FROM entry WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq"))
        .map_err(Failed::Read)?;
    let places: Vec<String> = (1..=ALL_COLUMNS).map(|place| format!("?{place}")).collect();
    let mut write = into
        .prepare(&format!("INSERT INTO entry ({COLUMNS}, hash, previous) VALUES ({})", places.join(",")))
        .map_err(Failed::Written)?;
    let mut rows = read.query([first, last]).map_err(Failed::Read)?;
    let (mut count, mut head) = (0, None);
    while let Some(row) = rows.next().map_err(Failed::Read)? {
        if count % STEP == 0 && stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let columns: Vec<Value> =
            (0..ALL_COLUMNS).map(|column| row.get(column)).collect::<rusqlite::Result<_>>().map_err(Failed::Read)?;
        if let (0, [Value::Integer(seq), .., previous]) = (count, columns.as_slice())
            && *seq > 1
        {
            let anchor = params![seq - 1, previous];
            into.execute("INSERT INTO anchor (one, seq, hash) VALUES (1, ?1, ?2)", anchor).map_err(Failed::Written)?;
        }
        if let [seq @ Value::Integer(_), .., hash, _previous] = columns.as_slice() {
            head = Some([seq.clone(), hash.clone()]);
        }
        write.execute(params_from_iter(columns)).map_err(Failed::Written)?;
        count += 1;
    }
    if let Some(head) = head {
        let query = "INSERT INTO head (one, seq, hash) VALUES (1, ?1, ?2)";
        into.execute(query, params_from_iter(head)).map_err(Failed::Written)?;
    }
    let mut names = from.prepare("SELECT kind, id, name, since FROM identity").map_err(Failed::Read)?;
    let mut name =
        into.prepare("INSERT INTO identity (kind, id, name, since) VALUES (?1,?2,?3,?4)").map_err(Failed::Written)?;
    let mut rows = names.query([]).map_err(Failed::Read)?;
    while let Some(row) = rows.next().map_err(Failed::Read)? {
        let columns: Vec<Value> =
            (0..4).map(|column| row.get(column)).collect::<rusqlite::Result<_>>().map_err(Failed::Read)?;
        name.execute(params_from_iter(columns)).map_err(Failed::Written)?;
    }
    Ok(Some(count))
}
