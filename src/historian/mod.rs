//! The SQLite edge: the journal, and who owns the data folder.
//!
//! ```text
//! lock      one owner of a data folder; who it is; which project the folder belongs to
//! file      what both files share: opening with the settings that durability hangs on, setting a damaged one aside
//! place     whether open files are still those in the folder
//! tenure    a folder that is deleted under us is made and taken again
//! schema    the journal's file: its tables, and when it counts as damaged
//! row       an entry as it lies in the table
//! chain     the canonical bytes of a row, and its hash
//! journal   the one writing connection: append, checkpoint, what alarms remember; and questions of the window to it
//! identity  permanent ids of tags and alarms, and the history of their names
//! deployed  the text of the project that was put into force last
//! members   topics that made tags by a name pattern
//! writer    the named thread that owns a journal: batches, retries, answers
//! line      an entry as a line of the log
//! search    what is looked for in a journal, and whether an entry is that
//! questions what waits for a reader, and answers on their way to a window
//! read      reading beside a running writer: pages, occurrences, verification of the chain
//! history   the samples of every tag: append log, compressed chunks, queries
//! bundle    one file for a colleague: project, pictures, a time of history and journal
//! backtest  what an alarm would have done on what was recorded
//! export    recorded samples as CSV, JSON Lines and Parquet
//! ```
//! Invariant: an entry is told as durable only after SQLite has committed it with `synchronous = FULL`.
//! Invariant: nothing here blocks the engine; entries wait in memory, bounded, and what is lost is counted.

pub mod backtest;
pub mod bundle;
pub mod chain;
pub mod deployed;
pub mod export;
pub mod file;
pub mod history;
pub mod identity;
pub mod journal;
pub mod line;
pub mod lock;
pub mod members;
pub mod place;
pub mod questions;
pub mod read;
pub mod row;
pub mod schema;
pub mod search;
pub mod tenure;
pub mod writer;

pub use file::FileError;
pub use identity::Rename;
pub use journal::Journal;
pub use journal::ask::JournalLink;
pub use lock::{DataFolder, Holder, LockError};
pub use read::{JournalReader, Verdict};
pub use row::Row;
pub use search::Search;
pub use tenure::Tenure;
pub use writer::{JournalQueue, Store, Writer};

/// Name of the journal inside a data folder.
pub const JOURNAL_FILE: &str = "journal.sqlite";

/// Why a journal could not be opened, read or written.
pub type JournalError = FileError;
