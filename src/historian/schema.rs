//! The journal's file: its tables, and when it counts as damaged. docs/journal-format.md describes it for other programs.

use super::file::{Fault, Kind, OpenedFile};
use super::{JOURNAL_FILE, JournalError};
use crate::time::Utc;
use rusqlite::Connection;
use std::fs;
use std::path::{Path, PathBuf};

/// A longer file is checked at start only when the program was not stopped in order: reading all of it takes seconds.
const ALWAYS_CHECKED_BYTES: u64 = 64 << 20;

/// What a journal's file is.
pub const KIND: Kind = Kind {
    word: "journal",
    file: JOURNAL_FILE,
    application_id: 0x574B_4A52, // "WKJR"
    format: 1,
    tables: TABLES,
    upgrades: &[],
    page_bytes: 4_096,
    shrinks: false,
    wal_bytes: 4 << 20,
};

const TABLES: &str = "
CREATE TABLE entry (
    seq        INTEGER PRIMARY KEY,
    time       INTEGER NOT NULL,
    event      TEXT NOT NULL,
    alarm      TEXT,
    occurrence INTEGER,
    priority   TEXT,
    value_type TEXT,
    value      ANY,
    quality    INTEGER,
    unit       TEXT,
    user       TEXT,
    computer   TEXT,
    desk       TEXT,
    note       TEXT,
    began      INTEGER,
    until      INTEGER,
    subject    TEXT,
    hash       BLOB NOT NULL,
    previous   BLOB NOT NULL
) STRICT;
CREATE INDEX entry_time ON entry (time);
CREATE INDEX entry_checkpoint ON entry (seq) WHERE event = 'checkpoint';
CREATE TRIGGER entry_is_append_only_1 BEFORE UPDATE ON entry BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER entry_is_append_only_2 BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE anchor (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE identity (
    kind  TEXT NOT NULL CHECK (kind IN ('tag', 'alarm')),
    id    INTEGER NOT NULL,
    name  TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (kind, id, since, name)
) STRICT, WITHOUT ROWID;
";

/// From the first cut of retention on: what the anchor says was cut may go, and nothing else.
pub(super) const ONLY_CUT_UP_TO_THE_ANCHOR: &str = "
DROP TRIGGER IF EXISTS entry_is_append_only_2;
CREATE TRIGGER IF NOT EXISTS entry_is_append_only_3 BEFORE DELETE ON entry
WHEN OLD.seq > ifnull((SELECT seq FROM anchor), 0)
BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
";

/// Opens a data folder's journal for writing, or begins it.
pub fn open(folder: &Path, now: Utc) -> Result<OpenedFile, JournalError> {
    KIND.open(folder, now, examine)
}

/// Opens a journal for reading beside its writer. `None`: there is none yet.
pub fn open_to_read(folder: &Path) -> Result<Option<(Connection, PathBuf)>, JournalError> {
    KIND.open_to_read(folder)
}

/// Looks at an existing file without changing it.
fn examine(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let sort = |source| Fault::from_sqlite(path, source);
    let last: Option<String> = connection
        .query_row("SELECT event FROM entry ORDER BY seq DESC LIMIT 1", [], |r| r.get(0))
        .map(Some)
        .or_else(|e| if matches!(e, rusqlite::Error::QueryReturnedNoRows) { Ok(None) } else { Err(e) })
        .map_err(sort)?;
    let in_order = last.as_deref() == Some("checkpoint") || last.as_deref() == Some("stopped");
    if !in_order || fs::metadata(path).is_ok_and(|m| m.len() <= ALWAYS_CHECKED_BYTES) {
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |r| r.get(0)).map_err(sort)?;
        if verdict != "ok" {
            return Err(Fault::Damaged(verdict));
        }
    }
    Ok(())
}
