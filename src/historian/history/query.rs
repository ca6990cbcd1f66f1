//! Reading what was recorded: raw samples, steps of the plant's own clock, pictures of a few points a pixel.
//!
//! ```text
//! grid      where steps begin and end
//! steps     samples into steps: first, least, time-weighted mean, …
//! picture   samples and runs of them into a few points a pixel
//! walk      unsealed samples, chunks, digests and summaries as one history in order of time
//! log       the unsealed samples for a reader in another process
//! cache     chunks as they were decoded last
//! reader    all of it, for those who ask
//! ```

pub mod cache;
pub mod grid;
mod log;
pub mod picture;
pub mod reader;
pub mod steps;
pub(super) mod walk;

pub use cache::ChunkCache;
pub use grid::Grid;
pub use picture::{Gap, Picture};
pub use reader::{HistoryReader, Outcome, TagInfo};
pub use steps::Step;
