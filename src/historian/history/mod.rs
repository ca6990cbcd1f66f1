//! The samples of every tag, for years: an append log that is committed once a second, sealed in the background into
//! compressed chunks with summaries above them. docs/history-format.md describes the file for other programs.
//!
//! ```text
//! sample    one (time, value, quality, detail), and the one order that samples have
//! columns   samples of one tag as columns; merging them in canonical order
//! bytes     varints, sections and checksums
//! codes     columns of small numbers, most of them alike
//! chunk     columns as compressed bytes
//! digest    what each few samples of a chunk come to
//! summary   what is known of a run of samples without looking at them
//! schema    the file: its tables, when it counts as damaged
//! rows      rows of the tables as values
//! tags      permanent numbers of tags, and the history of their names
//! frame     one commit of the log as bytes
//! recent    what is in the log and not yet in chunks, sorted, shared with readers
//! query     reading: pictures of a few points a pixel, steps of the plant's own clock
//! ```

pub mod bytes;
pub mod chunk;
mod codes;
pub mod columns;
pub mod digest;
pub mod frame;
pub mod query;
pub mod recent;
pub mod rows;
pub mod sample;
pub mod schema;
pub mod summary;
pub mod tags;

pub use columns::{Columns, Values};
pub use recent::Recent;
pub use rows::SummaryRow;
pub use sample::{Sample, SeriesId};
pub use schema::HISTORY_FILE;
pub use summary::Summary;
pub use tags::{Registry, SeriesTag, TagRow};
