//! The SQLite edge: the journal, and who owns the data folder.
//!
//! ```text
//! lock      one owner of a data folder; who it is; which project the folder belongs to
//! schema    the file: opening, settings, format version, setting a damaged one aside
//! row       an entry as it lies in the table
//! chain     the canonical bytes of a row, and its hash
//! journal   the one writing connection: append, checkpoint, what alarms remember
//! identity  permanent ids of tags and alarms, and the history of their names
//! writer    the named thread that owns a journal: batches, retries, answers
//! read      reading beside a running writer; verification of the chain
//! history   the samples of every tag: append log, compressed chunks, queries
//! ```
//! Invariant: an entry is told as durable only after SQLite has committed it with `synchronous = FULL`.
//! Invariant: nothing here blocks the engine; entries wait in memory, bounded, and what is lost is counted.

pub mod chain;
pub mod history;
pub mod identity;
pub mod journal;
pub mod lock;
pub mod read;
pub mod row;
pub mod schema;
pub mod writer;

use std::path::PathBuf;

pub use identity::Rename;
pub use journal::Journal;
pub use lock::{DataFolder, Holder, LockError};
pub use read::{JournalReader, Verdict};
pub use row::Row;
pub use writer::{JournalQueue, Store, Writer};

/// Name of the journal inside a data folder.
pub const JOURNAL_FILE: &str = "journal.sqlite";

/// Why a journal could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A later version of the program made it. Nothing was touched.
    #[error(
        "{} has journal format {found}, this version knows {known}; open it with the version that made it, or choose another data folder",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The SQLite library is older than the one whose fixes the journal relies on.
    #[error(
        "this program was built with SQLite {found}, and the journal needs {needed}; build it again with the bundled library"
    )]
    OldLibrary {
        /// `sqlite3_libversion_number()`.
        found: i32,
        /// Least number.
        needed: i32,
    },
    /// A setting that durability hangs on was not taken by SQLite.
    #[error("SQLite did not take {setting} on {}; the folder may lie on a file system that cannot hold a journal", path.display())]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// SQLite refused.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}
