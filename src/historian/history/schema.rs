//! The history's file: its tables, and when it counts as damaged. docs/history-format.md describes it for other programs.

use super::super::file::{Fault, FileError, Kind, OpenedFile};
use super::{chunk, digest, frame};
use crate::time::Utc;
use rusqlite::{Connection, OptionalExtension as _};
use std::path::{Path, PathBuf};

/// Name of the history inside a data folder.
pub const HISTORY_FILE: &str = "history.sqlite";

/// What a history's file is.
pub const KIND: Kind = Kind {
    word: "history",
    file: HISTORY_FILE,
    application_id: 0x574B_4849, // "WKHI"
    format: 1,
    tables: TABLES,
    page_bytes: 4_096,
    shrinks: true,
    wal_bytes: 16 << 20,
};

const TABLES: &str = "
CREATE TABLE tag (
    id    INTEGER NOT NULL,
    since INTEGER NOT NULL,
    name  TEXT NOT NULL,
    unit  TEXT NOT NULL,
    type  TEXT NOT NULL,
    PRIMARY KEY (id, since, name, unit, type)
) STRICT, WITHOUT ROWID;
CREATE TABLE run (
    id      INTEGER PRIMARY KEY,
    started INTEGER NOT NULL,
    alive   INTEGER NOT NULL,
    ended   INTEGER,
    tags    BLOB NOT NULL
) STRICT;
CREATE TABLE log (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE summary (
    tag           INTEGER NOT NULL,
    level         INTEGER NOT NULL,
    first         INTEGER NOT NULL,
    last          INTEGER NOT NULL,
    count         INTEGER NOT NULL,
    bad           INTEGER NOT NULL,
    first_quality INTEGER NOT NULL,
    last_quality  INTEGER NOT NULL,
    worst         INTEGER NOT NULL,
    first_value   REAL,
    last_value    REAL,
    min           REAL,
    max           REAL,
    sum           REAL,
    integral      REAL,
    good          INTEGER NOT NULL,
    uncertain     INTEGER NOT NULL,
    body          INTEGER,
    PRIMARY KEY (tag, level, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE body (id INTEGER PRIMARY KEY, digest BLOB NOT NULL, samples BLOB NOT NULL) STRICT;
";

/// Opens a data folder's history for writing, or begins it.
pub fn open(folder: &Path, now: Utc) -> Result<OpenedFile, FileError> {
    KIND.open(folder, now, examine)
}

/// Opens a history for reading beside its writer. `None`: there is none yet.
pub fn open_to_read(folder: &Path) -> Result<Option<(Connection, PathBuf)>, FileError> {
    KIND.open_to_read(folder)
}

/// Looks at the last chunk and the log's ends, however large the file is: the start must not wait for what the background
/// scan finds anyway.
fn examine(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let sort = |source| Fault::from_sqlite(path, source);
    let damaged = |what: &str, why| Fault::Damaged(format!("{what}: {why}"));
    let chunk: Option<(Vec<u8>, Vec<u8>)> = connection
        .query_row("SELECT digest, samples FROM body ORDER BY id DESC LIMIT 1", [], |r| Ok((r.get(0)?, r.get(1)?)))
        .optional()
        .map_err(sort)?;
    if let Some((blocks, samples)) = chunk {
        digest::decode(&blocks).map_err(|why| damaged("the last chunk's digest", why))?;
        chunk::decode(&samples).map_err(|why| damaged("the last chunk", why))?;
    }
    for order in ["ASC", "DESC"] {
        let query = format!("SELECT body FROM log ORDER BY seq {order} LIMIT 1");
        let body: Option<Vec<u8>> = connection.query_row(&query, [], |r| r.get(0)).optional().map_err(sort)?;
        if let Some(body) = body {
            frame::decode(&body, |_, _| {}).map_err(|why| damaged("the log", why))?;
        }
    }
    let looked =
        ["SELECT * FROM run ORDER BY id DESC LIMIT 1", "SELECT * FROM summary LIMIT 1", "SELECT * FROM tag LIMIT 1"];
    for query in looked {
        connection.query_row(query, [], |_| Ok(())).optional().map_err(sort)?;
    }
    Ok(())
}
