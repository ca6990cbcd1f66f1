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
//! ```

pub mod bytes;
pub mod chunk;
mod codes;
pub mod columns;
pub mod digest;
pub mod sample;
pub mod summary;

pub use columns::{Columns, Values};
pub use sample::{Sample, SeriesId};
pub use summary::Summary;
