//! The one writing connection of a journal: append, checkpoint, and what the alarms remember at its end.
//!
//! Invariant: `head` and `memories` are those of the last committed entry; a refused transaction changes neither.
//! Invariant: a start reads from the last checkpoint on, so it costs at most [`CHECKPOINT_EVERY`] entries (or as many
//! as there are alarms, if those are more) however long the plant has run.

pub mod ask;
pub mod index;
pub mod keep;

use super::chain::{self, Hash};
use super::file::{OpenedFile, bytes_on_disk, transact};
use super::place::Place;
use super::row::{COLUMNS, Row};
use super::{JournalError, schema};
use crate::engine::alarm::{AlarmMemory, remember};
use crate::engine::{Entry, Event};
use crate::time::Utc;
use keep::Keeper;
use rusqlite::{Connection, Transaction, params};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Entries between two checkpoints.
pub const CHECKPOINT_EVERY: u64 = 1_000;

/// What the alarms of a plant remember, by the alarm's name.
pub type Memories = BTreeMap<Arc<str>, AlarmMemory>;

/// A journal, open for writing.
#[derive(Debug)]
pub struct Journal {
    pub(super) connection: Connection,
    path: PathBuf,
    place: Place,
    head: Head,
    memories: Memories,
    since_checkpoint: u64,
    set_aside: Option<(PathBuf, String)>,
    last: Option<(Arc<str>, Utc)>,
    /// The last entry that retention has cut off.
    anchor: u64,
    keeper: Keeper,
}

/// The last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub seq: u64,
    pub hash: Hash,
}

impl Default for Head {
    /// Nothing was written yet.
    fn default() -> Self {
        Self { seq: 0, hash: chain::FIRST }
    }
}

impl Journal {
    /// Opens a data folder's journal, or begins it, and reads what the alarms remember. The folder must be owned
    /// (see [`super::DataFolder`]).
    pub fn open(folder: &Path, now: Utc) -> Result<Self, JournalError> {
        let OpenedFile { connection, path, set_aside } = schema::open(folder, now)?;
        let sqlite = |source| JournalError::Sqlite { path: path.clone(), source };
        let head = read_head(&connection).map_err(sqlite)?;
        let (memories, since_checkpoint) = read_memories(&connection).map_err(sqlite)?;
        let last = connection
            .query_row("SELECT event, time FROM entry WHERE event <> 'checkpoint' ORDER BY seq DESC LIMIT 1", [], |r| {
                Ok((r.get(0)?, Utc(r.get(1)?)))
            })
            .map(Some)
            .or_else(none_where_no_row)
            .map_err(sqlite)?;
        let anchor = connection
            .query_row("SELECT seq FROM anchor", [], |r| r.get::<_, i64>(0))
            .or_else(|error| none_where_no_row(error).map(|none| none.unwrap_or(0)))
            .map_err(sqlite)? as u64;
        let place = Place::of(&path);
        let keeper = Keeper::new(keep::DEFAULT_KEEP);
        Ok(Self { connection, path, place, head, memories, since_checkpoint, set_aside, last, anchor, keeper })
    }

    /// What the alarms remember at the journal's end.
    pub fn memories(&self) -> &Memories {
        &self.memories
    }

    /// The event and time of the last entry that this journal held when it was opened, checkpoints left out.
    pub fn last_at_open(&self) -> Option<(&str, Utc)> {
        self.last.as_ref().map(|(event, time)| (event.as_ref(), *time))
    }

    /// A damaged journal that was set aside when this one was opened: its new name, and what was wrong with it.
    pub fn set_aside(&self) -> Option<(&Path, &str)> {
        self.set_aside.as_ref().map(|(path, why)| (path.as_path(), why.as_str()))
    }

    /// How many entries it holds.
    pub fn entries(&self) -> u64 {
        self.head.seq.saturating_sub(self.anchor)
    }

    /// Size on disk, its write-ahead log included.
    pub fn bytes(&self) -> u64 {
        bytes_on_disk(&self.path)
    }

    /// Whether the files are still those in the data folder.
    ///
    /// # Errors
    /// [`JournalError::Gone`], until the journal is opened again.
    pub fn check_place(&mut self) -> Result<(), JournalError> {
        self.place.check()
    }

    /// Writes these entries in one transaction; when it returns, they are on disk, in the file that the next start reads.
    pub fn append(&mut self, entries: &[&Entry]) -> Result<(), JournalError> {
        let head = self.head;
        self.head = self.transact(|transaction| append_in(transaction, head, entries.iter().copied()))?;
        for entry in entries {
            remember(&mut self.memories, entry);
        }
        self.since_checkpoint += entries.len() as u64;
        Ok(())
    }

    /// Goes on here with what the alarms remember of another journal, which `note` tells of.
    pub(super) fn go_on_from(&mut self, note: &Entry, memories: Memories, now: Utc) -> Result<(), JournalError> {
        self.append(&[note])?;
        self.memories = memories;
        self.checkpoint(now)
    }

    /// Whether a checkpoint is worth its bytes.
    pub fn checkpoint_due(&self) -> bool {
        self.since_checkpoint >= CHECKPOINT_EVERY.max(self.memories.len() as u64)
    }

    /// Writes down all that the alarms remember.
    pub fn checkpoint(&mut self, now: Utc) -> Result<(), JournalError> {
        if self.since_checkpoint == 0 {
            return Ok(());
        }
        let entry = checkpoint_entry(&self.memories, now);
        let head = self.head;
        self.head = self.transact(|transaction| append_in(transaction, head, [&entry]))?;
        self.since_checkpoint = 0;
        Ok(())
    }

    /// Takes over renamed alarms and says so in a checkpoint, in the transaction that `record` writes in.
    pub(super) fn rename(
        &mut self,
        memories: Memories,
        now: Utc,
        record: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), JournalError> {
        let head = self.head;
        let entry = (memories != self.memories).then(|| checkpoint_entry(&memories, now));
        self.head = self.transact(|transaction| {
            record(transaction)?;
            append_in(transaction, head, entry.as_ref())
        })?;
        if entry.is_some() {
            self.memories = memories;
            self.since_checkpoint = 0;
        }
        Ok(())
    }

    fn transact<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, JournalError> {
        let Self { connection, path, place, .. } = self;
        let sqlite = |source| JournalError::Sqlite { path: path.clone(), source };
        place.check()?;
        let result = transact(connection, path, |transaction| work(transaction).map_err(sqlite))?;
        // Once more: it may have gone while the disk was written, and then nobody finds what was.
        place.check()?;
        Ok(result)
    }

    pub(super) fn sqlite(&self, source: rusqlite::Error) -> JournalError {
        JournalError::Sqlite { path: self.path.clone(), source }
    }
}

fn checkpoint_entry(memories: &Memories, now: Utc) -> Entry {
    let mut entry = Entry::new(now, Event::Checkpoint);
    // A map of plain structs with text keys always serializes; were it not so, replay would start one checkpoint earlier.
    let by_name: BTreeMap<&str, &AlarmMemory> = memories.iter().map(|(name, memory)| (name.as_ref(), memory)).collect();
    entry.note = serde_json::to_string(&by_name).ok().map(Into::into);
    entry
}

pub(super) fn append_in<'a>(
    transaction: &Transaction<'_>,
    mut head: Head,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> rusqlite::Result<Head> {
    let mut insert = transaction.prepare_cached(&format!(
        "INSERT INTO entry ({COLUMNS}, hash, previous) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)"
    ))?;
    let mut any = false;
    for entry in entries {
        let row = Row::from_entry(head.seq + 1, entry);
        let hash = chain::hash(&head.hash, &row);
        let (kind, value) = row.value_columns();
        insert.execute(params![
            row.seq as i64,
            row.time,
            row.event,
            row.alarm,
            row.occurrence.map(|v| v as i64),
            row.priority,
            kind,
            value,
            row.quality,
            row.unit,
            row.user,
            row.computer,
            row.desk,
            row.note,
            row.began,
            row.until,
            row.subject,
            hash,
            head.hash,
        ])?;
        head = Head { seq: row.seq, hash };
        any = true;
    }
    if any {
        transaction
            .prepare_cached("INSERT INTO head (one, seq, hash) VALUES (1, ?1, ?2) ON CONFLICT (one) DO UPDATE SET seq = ?1, hash = ?2")?
            .execute(params![head.seq as i64, head.hash])?;
    }
    Ok(head)
}

/// The last entry. Where the end was cut off, `head` still knows the number and hash of what was written last, and new
/// entries follow that: the missing ones stay visible to verification for ever.
fn read_head(connection: &Connection) -> rusqlite::Result<Head> {
    let read = |query: &str| {
        connection
            .query_row(query, [], |r| Ok(Head { seq: r.get::<_, i64>(0)? as u64, hash: r.get(1)? }))
            .map(Some)
            .or_else(none_where_no_row)
    };
    let last = read("SELECT seq, hash FROM entry ORDER BY seq DESC LIMIT 1")?;
    let written = read("SELECT seq, hash FROM head")?;
    let newest = [last, written].into_iter().flatten().max_by_key(|head| head.seq);
    Ok(newest.unwrap_or_default())
}

/// What the alarms remember at the end: the last checkpoint that can be read, and every entry after it. Also says how many
/// those are.
pub(super) fn read_memories(connection: &Connection) -> rusqlite::Result<(Memories, u64)> {
    read_memories_before(connection, i64::MAX)
}

/// What the alarms remembered before this entry.
pub(super) fn read_memories_before(connection: &Connection, before: i64) -> rusqlite::Result<(Memories, u64)> {
    let mut checkpoints =
        connection.prepare("SELECT seq, note FROM entry WHERE event = 'checkpoint' AND seq < ?1 ORDER BY seq DESC")?;
    let mut rows = checkpoints.query([before])?;
    let (mut memories, mut from) = (Memories::new(), 0_i64);
    while let Some(row) = rows.next()? {
        let (seq, note): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
        if let Some(read) = note.and_then(|note| serde_json::from_str::<BTreeMap<String, AlarmMemory>>(&note).ok()) {
            memories = read.into_iter().map(|(name, memory)| (name.into(), memory)).collect();
            from = seq;
            break;
        }
    }
    let mut replay =
        connection.prepare(&format!("SELECT {COLUMNS} FROM entry WHERE seq > ?1 AND seq < ?2 ORDER BY seq"))?;
    let mut rows = replay.query([from, before])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        if let Some(entry) = Row::read(row)?.to_entry() {
            remember(&mut memories, &entry);
        }
        count += 1;
    }
    Ok((memories, count))
}

pub(super) fn none_where_no_row<T>(error: rusqlite::Error) -> rusqlite::Result<Option<T>> {
    if matches!(error, rusqlite::Error::QueryReturnedNoRows) { Ok(None) } else { Err(error) }
}
