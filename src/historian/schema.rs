//! The journal's file: opening it with the settings that durability hangs on, its format version, and what happens to one
//! that is damaged. docs/journal-format.md describes the tables for other programs.

use super::{JOURNAL_FILE, JournalError};
use crate::time::Utc;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `PRAGMA user_version` of this version's files. A newer one is refused and left untouched.
pub const FORMAT: i64 = 1;

/// `PRAGMA application_id`: "WKJR".
pub const APPLICATION_ID: i64 = 0x574B_4A52;

/// SQLite before 3.51.3 could corrupt a WAL file when two connections reset it at the same time.
pub const LEAST_SQLITE: i32 = 3_051_003;

/// A longer file is checked at start only when the program was not stopped in order: reading all of it takes seconds.
const ALWAYS_CHECKED_BYTES: u64 = 64 << 20;

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

/// An open journal, and what had to be done for it.
#[derive(Debug)]
pub struct OpenedFile {
    /// For writing.
    pub connection: Connection,
    /// The file.
    pub path: PathBuf,
    /// A damaged one was set aside under this name, and a new one begun: why.
    pub set_aside: Option<(PathBuf, String)>,
}

/// Opens a data folder's journal for writing, or begins it.
pub fn open(folder: &Path, now: Utc) -> Result<OpenedFile, JournalError> {
    check_library()?;
    let path = folder.join(JOURNAL_FILE);
    let mut set_aside = None;
    if fs::metadata(&path).is_ok_and(|m| m.len() > 0) {
        match examine(&path) {
            Ok(()) => {}
            Err(Fault::Refused(error)) => return Err(error),
            Err(Fault::Damaged(why)) => set_aside = Some((move_aside(&path, now)?, why)),
        }
    }
    let connection = connect(&path)?;
    Ok(OpenedFile { connection, path, set_aside })
}

/// Opens a journal for reading beside its writer. `None`: there is none yet.
pub fn open_to_read(folder: &Path) -> Result<Option<(Connection, PathBuf)>, JournalError> {
    check_library()?;
    let path = folder.join(JOURNAL_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let connection = read_only(&path).map_err(|source| JournalError::Sqlite { path: path.clone(), source })?;
    let found = version(&connection).map_err(|source| JournalError::Sqlite { path: path.clone(), source })?;
    match found {
        // Its writer is just making it.
        0 => Ok(None),
        FORMAT => Ok(Some((connection, path))),
        _ => Err(JournalError::Newer { path, found, known: FORMAT }),
    }
}

fn check_library() -> Result<(), JournalError> {
    let found = rusqlite::version_number();
    if found >= LEAST_SQLITE { Ok(()) } else { Err(JournalError::OldLibrary { found, needed: LEAST_SQLITE }) }
}

enum Fault {
    Refused(JournalError),
    Damaged(String),
}

/// Looks at an existing file without changing it.
fn examine(path: &Path) -> Result<(), Fault> {
    let sort = |source: rusqlite::Error| match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Fault::Damaged(source.to_string()),
        _ => Fault::Refused(JournalError::Sqlite { path: path.to_owned(), source }),
    };
    let connection = read_only(path).map_err(sort)?;
    let found = version(&connection).map_err(sort)?;
    if found > FORMAT {
        return Err(Fault::Refused(JournalError::Newer { path: path.to_owned(), found, known: FORMAT }));
    }
    let ours: i64 = connection.pragma_query_value(None, "application_id", |r| r.get(0)).map_err(sort)?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).map_err(sort)?;
    if found == 0 && tables == 0 {
        return Ok(()); // made, and killed before its tables were committed
    }
    if found != FORMAT || ours != APPLICATION_ID {
        return Err(Fault::Damaged("it is a database, but no journal of this program".to_owned()));
    }
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

fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    Ok(connection)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |r| r.get(0))
}

/// Renames a damaged journal and its companions, dated, so that it can be looked into; nothing is deleted.
fn move_aside(path: &Path, now: Utc) -> Result<PathBuf, JournalError> {
    let stamp: String = now.to_rfc3339().chars().filter(char::is_ascii_alphanumeric).collect();
    let name = |suffix: &str| path.with_file_name(format!("journal.damaged-{stamp}.sqlite{suffix}"));
    for suffix in ["-wal", "-shm", ""] {
        let mut from = path.as_os_str().to_owned();
        from.push(suffix);
        match fs::rename(&from, name(suffix)) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(JournalError::Io { path: PathBuf::from(from), source }),
        }
    }
    Ok(name(""))
}

fn connect(path: &Path) -> Result<Connection, JournalError> {
    let sqlite = |source| JournalError::Sqlite { path: path.to_owned(), source };
    let mut connection = Connection::open(path).map_err(sqlite)?;
    // Before every other statement: the mode of a new file, and what a commit means. Nothing is left to defaults.
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |r| r.get(0)).map_err(sqlite)?;
    connection.pragma_update(None, "synchronous", "full").map_err(sqlite)?;
    connection.pragma_update(None, "fullfsync", true).map_err(sqlite)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true).map_err(sqlite)?;
    connection.pragma_update(None, "journal_size_limit", 4 << 20).map_err(sqlite)?;
    connection.pragma_update(None, "trusted_schema", false).map_err(sqlite)?;
    connection.busy_timeout(Duration::from_secs(2)).map_err(sqlite)?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |r| r.get(0)).map_err(sqlite)?;
    if mode != "wal" {
        return Err(JournalError::Setting { setting: "journal_mode = WAL", path: path.to_owned() });
    }
    if synchronous != 2 {
        return Err(JournalError::Setting { setting: "synchronous = FULL", path: path.to_owned() });
    }
    if version(&connection).map_err(sqlite)? == 0 {
        let begin = rusqlite::TransactionBehavior::Immediate;
        let transaction = connection.transaction_with_behavior(begin).map_err(sqlite)?;
        transaction.execute_batch(TABLES).map_err(sqlite)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
        transaction.pragma_update(None, "user_version", FORMAT).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
    }
    Ok(connection)
}
