//! The recent past of a tag in memory, bounded: what a live trend draws before the historian answers.
//!
//! Points lie in sealed segments that snapshots share, and one open segment. When there are too many, the older half is
//! thinned to the least and the greatest of each few points, in their order of time; a change of quality is always
//! kept, so that neither a spike nor a gap is lost.

use super::Quality;
use crate::time::Utc;
use std::sync::Arc;

/// One point of a trend. `value` is NaN where there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When.
    pub time: Utc,
    /// What; booleans are 0 and 1.
    pub value: f64,
    /// How far to be trusted.
    pub quality: Quality,
}

/// A tag's recent past as a screen sees it.
#[derive(Debug, Clone, Default)]
pub struct TailView {
    segments: Vec<Arc<[Point]>>,
}

impl TailView {
    /// A view of these segments, in order of time.
    pub fn new(segments: Vec<Arc<[Point]>>) -> Self {
        Self { segments }
    }

    /// All points in order of time.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &Point> {
        self.segments.iter().flat_map(|s| s.iter())
    }

    /// Points from the last one at or before `from` on, so that a line enters the picture from its edge.
    pub fn since(&self, from: Utc) -> impl Iterator<Item = &Point> {
        let first = self.segments.iter().rposition(|s| s.first().is_some_and(|p| p.time <= from)).unwrap_or(0);
        let skip = self.segments.get(first).map_or(0, |s| s.partition_point(|p| p.time <= from).saturating_sub(1));
        self.segments[first..].iter().flat_map(|s| s.iter()).skip(skip)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(|s| s.is_empty())
    }
}
