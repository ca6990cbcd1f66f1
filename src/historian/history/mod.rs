//! The samples of every tag, for years: an append log that is committed once a second, sealed in the background into
//! compressed chunks with summaries above them. docs/history-format.md describes the file for other programs.
//!
//! ```text
//! sample    one (time, value, quality, detail), and the one order that samples have
//! columns   samples of one tag as columns; merging them in canonical order
//! newest    time of the newest sample of each tag
//! bytes     varints, sections and checksums
//! codes     columns of small numbers, most of them alike
//! chunk     columns as compressed bytes
//! digest    what each few samples of a chunk come to
//! summary   what is known of a run of samples without looking at them
//! schema    the file: its tables, when it counts as damaged
//! rows      rows of the tables as values
//! tags      permanent numbers of tags, and the history of their names
//! frame     one commit of the log as bytes
//! block     samples of many tags in memory, as plain rows
//! commit    what one commit writes
//! recent    what is in the log and not yet in chunks, sorted, shared with readers
//! query     reading: pictures of a few points a pixel, steps of the plant's own clock
//! ask       questions of the window, answered on threads of their own
//! unsealed  what the log holds when a history is opened
//! store     the one writing connection: commits, checkpoints, space
//! runs      from when to when the program recorded, and which tags
//! seal      the log's samples become chunks
//! levels    coarser summaries above the chunks
//! retention old samples go, in small steps
//! space     room on the disk
//! queue     what is handed to the recorder's thread
//! pages     a file's pages and rows, read without SQLite
//! salvage   what is whole in a file that was set aside comes back, and the walk over its pages
//! bring_back the recorder's end of that
//! recorder  that thread, as seen from outside
//! desk      what it owns, and one turn of its work
//! slice     a time of a history as a file of its own
//! scrub     the background scan for damage
//! mend      a damaged chunk becomes a gap, the rest stays
//! ```

pub mod ask;
mod block;
mod bring_back;
pub mod bytes;
pub mod chunk;
mod codes;
pub mod columns;
mod commit;
mod desk;
pub mod digest;
pub mod frame;
mod levels;
pub mod mend;
mod newest;
mod numbers;
mod pages;
pub mod query;
pub mod queue;
pub mod recent;
pub mod recorder;
mod retention;
pub mod rows;
pub mod runs;
mod salvage;
pub mod sample;
pub mod schema;
pub mod scrub;
pub mod seal;
pub mod slice;
pub mod space;
pub mod store;
pub mod summary;
pub mod tags;
pub mod unsealed;

pub use columns::{Columns, Values};
pub use queue::HistoryQueue;
pub use recent::Recent;
pub use recorder::{HistoryRecorder, Pace, Retention};
pub use rows::SummaryRow;
pub use sample::{Sample, SeriesId};
pub use schema::HISTORY_FILE;
pub use store::Store;
pub use summary::Summary;
pub use tags::{Registry, SeriesTag, TagRow};
