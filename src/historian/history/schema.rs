//! The history's file: its tables, and when it counts as damaged. docs/history-format.md describes it for other programs.

use super::super::file::{Fault, FileError, Kind, OpenedFile, Upgrade};
use super::pages::log_is_damaged;
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
    format: 3,
    tables: TABLES,
    upgrades: &[TO_2, TO_3],
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
CREATE TABLE tag_copy (
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
    crc           INTEGER,
    PRIMARY KEY (tag, level, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE body (id INTEGER PRIMARY KEY, digest BLOB NOT NULL, samples BLOB NOT NULL, tag INTEGER) STRICT;
CREATE TABLE damaged (
    id      INTEGER PRIMARY KEY,
    found   INTEGER NOT NULL,
    tag     INTEGER,
    first   INTEGER,
    last    INTEGER,
    digest  BLOB,
    samples BLOB
) STRICT;
CREATE TABLE salvage (file TEXT PRIMARY KEY, begun INTEGER NOT NULL, ended INTEGER, note TEXT) STRICT, WITHOUT ROWID;
";

/// Format 2: summaries with a checksum, chunks that know their tag, names twice, and places for what is damaged. Rows of before have
/// neither, and are not touched: there may be millions.
const TO_2: Upgrade = Upgrade {
    write: "
ALTER TABLE summary ADD COLUMN crc INTEGER;
ALTER TABLE body ADD COLUMN tag INTEGER;
CREATE TABLE tag_copy (
    id    INTEGER NOT NULL,
    since INTEGER NOT NULL,
    name  TEXT NOT NULL,
    unit  TEXT NOT NULL,
    type  TEXT NOT NULL,
    PRIMARY KEY (id, since, name, unit, type)
) STRICT, WITHOUT ROWID;
INSERT INTO tag_copy SELECT id, since, name, unit, type FROM tag;
CREATE TABLE damaged (
    id      INTEGER PRIMARY KEY,
    found   INTEGER NOT NULL,
    tag     INTEGER,
    first   INTEGER,
    last    INTEGER,
    digest  BLOB,
    samples BLOB
) STRICT;
CREATE TABLE salvage (file TEXT PRIMARY KEY, begun INTEGER NOT NULL, ended INTEGER, note TEXT) STRICT, WITHOUT ROWID;
",
    read: "
CREATE TEMP VIEW summary AS SELECT *, NULL AS crc FROM main.summary;
CREATE TEMP VIEW body AS SELECT *, NULL AS tag FROM main.body;
",
};

/// Format 3: short columns of numbers as distances. The tables are as they were, and so is all that was written before.
const TO_3: Upgrade = Upgrade { write: "", read: "" };

/// Opens a data folder's history for writing, or begins it.
pub fn open(folder: &Path, now: Utc) -> Result<OpenedFile, FileError> {
    KIND.open(folder, now, examine)
}

/// Opens a history for reading beside its writer. `None`: there is none yet.
pub fn open_to_read(folder: &Path) -> Result<Option<(Connection, PathBuf)>, FileError> {
    KIND.open_to_read(folder)
}

/// Looks at the ends of every table, however large the file is: the start must not wait for what the background scan finds
/// anyway. What is damaged within a chunk or a commit of the log alone is no reason to set the file aside, see
/// [`super::mend`].
fn examine(connection: &Connection, path: &Path) -> Result<(), Fault> {
    if log_is_damaged(path) {
        return Err(Fault::Damaged("its write-ahead log lost what was synced".to_owned()));
    }
    let looked = [
        "SELECT * FROM body ORDER BY id DESC LIMIT 1",
        "SELECT * FROM log ORDER BY seq ASC LIMIT 1",
        "SELECT * FROM log ORDER BY seq DESC LIMIT 1",
        "SELECT * FROM run ORDER BY id DESC LIMIT 1",
        "SELECT * FROM summary LIMIT 1",
        "SELECT * FROM tag LIMIT 1",
    ];
    for query in looked {
        let every_column = |row: &rusqlite::Row<'_>| {
            (0..row.as_ref().column_count()).try_for_each(|column| row.get_ref(column).map(drop))
        };
        connection.query_row(query, [], every_column).optional().map_err(|e| Fault::from_sqlite(path, e))?;
    }
    Ok(())
}
