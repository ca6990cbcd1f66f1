//! Reading a journal beside a running writer.

mod find;
mod occurrences;
mod reports;
mod slice;
mod verify;

pub use find::{MOST_OF_A_PAGE, Order, Page};
pub use occurrences::{Acknowledged, Occurrence, OccurrencesOf};
pub use verify::{ChainHead, Verdict};

use super::journal::index::Index;
use super::journal::{Head, Memories, append_in, none_where_no_row, read_memories, read_memories_before};
use super::row::{COLUMNS, Row};
use super::{JournalError, schema};
use crate::engine::Entry;
use crate::time::Utc;
use rusqlite::{Connection, params};
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// A journal, open for reading alone.
#[derive(Debug)]
pub struct JournalReader {
    connection: Connection,
    path: PathBuf,
    /// Opened when it is first wanted.
    index: RefCell<Option<Index>>,
    /// It is a part of a journal, and what came before is elsewhere; see [`Self::of_slice`].
    is_slice: bool,
}

impl JournalReader {
    /// Opens a data folder's journal. `None`: there is none yet.
    pub fn open(folder: &Path) -> Result<Option<Self>, JournalError> {
        let opened = schema::open_to_read(folder)?;
        Ok(opened.map(|(connection, path)| Self { connection, path, index: RefCell::default(), is_slice: false }))
    }

    /// A journal in memory, which nothing is written in yet.
    pub(super) fn on_paper() -> Result<Self, JournalError> {
        let path = PathBuf::from("paper");
        let make = || {
            let connection = Connection::open_in_memory()?;
            connection.execute_batch(schema::KIND.tables)?;
            Ok(connection)
        };
        match make() {
            Ok(connection) => Ok(Self { connection, path, index: RefCell::default(), is_slice: false }),
            Err(source) => Err(JournalError::Sqlite { path, source }),
        }
    }

    /// Writes more on paper, behind the last entry; gives back the new last one.
    pub(super) fn append_on_paper(&mut self, head: Head, entries: &[Entry]) -> Result<Head, JournalError> {
        let mut append = || {
            let transaction = self.connection.transaction()?;
            let head = append_in(&transaction, head, entries)?;
            transaction.commit()?;
            Ok(head)
        };
        append().map_err(|e| self.sqlite(e))
    }

    /// Works with the index beside the journal, as far as there is one.
    fn with_index<T>(&self, work: impl FnOnce(Option<&Index>) -> T) -> T {
        let mut index = self.index.borrow_mut();
        if index.as_mut().is_none_or(|index| index.refresh().is_none()) {
            *index = self.path.parent().and_then(|folder| Index::open(folder, &self.connection));
        }
        work(index.as_ref())
    }

    /// Hands out the entries of a time, both ends included, in the order they were written. `each` may end it.
    pub fn read(
        &self,
        from: Option<Utc>,
        to: Option<Utc>,
        mut each: impl FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let mut read = || {
            let mut statement = self
                .connection
                .prepare(&format!("SELECT {COLUMNS} FROM entry WHERE time >= ?1 AND time <= ?2 ORDER BY seq"))?;
            let bounds = params![from.map_or(i64::MIN, |t| t.0), to.map_or(i64::MAX, |t| t.0)];
            let mut rows = statement.query(bounds)?;
            while let Some(row) = rows.next()? {
                if each(Row::read(row)?).is_break() {
                    break;
                }
            }
            Ok(())
        };
        read().map_err(|e| self.sqlite(e))
    }

    /// What the alarms remember at its end.
    pub fn memories(&self) -> Result<Memories, JournalError> {
        read_memories(&self.connection).map(|(memories, _)| memories).map_err(|e| self.sqlite(e))
    }

    /// The number of the first entry of this time or later; that after the last, where there is none.
    pub(super) fn first_at(&self, time: Utc) -> Result<u64, JournalError> {
        let read = || {
            let first = "SELECT seq FROM entry WHERE time >= ?1 ORDER BY time, seq LIMIT 1";
            let found =
                self.connection.query_row(first, [time.0], |r| r.get(0)).map(Some).or_else(none_where_no_row)?;
            let behind = || self.connection.query_row("SELECT ifnull(max(seq), 0) + 1 FROM entry", [], |r| r.get(0));
            found.map_or_else(behind, Ok).map(|seq: i64| seq as u64)
        };
        read().map_err(|e| self.sqlite(e))
    }

    /// The number of the first entry of this time or later, and what the alarms remembered just before it.
    pub fn memories_at(&self, time: Utc) -> Result<(u64, Memories), JournalError> {
        let first = self.first_at(time)?;
        let (memories, _) = read_memories_before(&self.connection, first as i64).map_err(|e| self.sqlite(e))?;
        Ok((first, memories))
    }

    fn sqlite(&self, source: rusqlite::Error) -> JournalError {
        JournalError::Sqlite { path: self.path.clone(), source }
    }
}
