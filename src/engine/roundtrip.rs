//! How long a device took to answer, as its driver sums it up for screens, alarms and metrics.

use crate::time::{Span, Utc};
use std::sync::Arc;

/// The round trips of the last few minutes, and a small history of them. A copy is cheap: the history is shared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoundTrips {
    /// Answers that the percentiles are of.
    pub count: u64,
    /// Half of the answers came within this time; `None`: there were none. Exact to a thirtieth.
    pub p50: Option<Span>,
    /// 99 of 100 answers came within this time.
    pub p99: Option<Span>,
    /// The slowest answer.
    pub longest: Option<Span>,
    /// Oldest first, at most half an hour of them, side by side.
    pub history: Arc<[RoundTripPoint]>,
}

impl RoundTrips {
    /// What one point of the history covers.
    pub const STEP: Span = Span::from_secs(30);
    /// What the percentiles cover: between this and one step less.
    pub const WINDOW: Span = Span::from_secs(300);
    /// Most points of the history.
    pub const POINTS: usize = 60;
}

/// A step of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundTripPoint {
    /// When it began.
    pub from: Utc,
    /// Answers in it.
    pub answers: u32,
    /// Timeouts, exceptions, mismatches and payloads not understood in it.
    pub errors: u32,
    /// As in [`RoundTrips`].
    pub p50: Option<Span>,
    /// As in [`RoundTrips`].
    pub p99: Option<Span>,
}
