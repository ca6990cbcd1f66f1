//! Points of one pen from two sources, as one line: history up to a seam, the snapshot's tail from there on.

use crate::engine::{Point, TailView};
use crate::historian::history::query::Gap;
use crate::time::Utc;
use std::sync::Arc;

/// What is known of one pen.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The recent past in the snapshot.
    pub tail: Option<&'a Arc<TailView>>,
    /// History's points.
    pub points: &'a [Point],
    /// History's gaps, with their reasons.
    pub gaps: &'a [Gap],
    /// The time that history's answer covers; `None`: there is none, and the tail stands alone.
    pub reach: Option<[Utc; 2]>,
    /// Up to here history is complete.
    pub recorded_to: Utc,
    /// Which answer; 0: none.
    pub serial: u64,
    /// Microseconds of history's columns.
    pub column: i64,
    /// Whether history's points are samples at their own times.
    pub exact: bool,
}

/// First, least, greatest and last: a column of fewer points shows all of its samples.
const FULL_COLUMN: usize = 4;

/// An unbroken stretch of knowledge.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    past: &'a [Point],
    tail: Option<&'a TailView>,
    /// The tail is taken from its last point at or before this.
    tail_from: Utc,
    /// The last value is known to hold until here.
    pub until: Utc,
}

impl Default for Known<'_> {
    fn default() -> Self {
        Self {
            tail: None,
            points: &[],
            gaps: &[],
            reach: None,
            recorded_to: Utc(i64::MIN),
            serial: 0,
            column: 1,
            exact: true,
        }
    }
}

impl<'a> Known<'a> {
    /// Its stretches, in order of time: one, or two with a time between them that is not known (yet).
    pub fn parts(&self, now: Utc) -> [Part<'a>; 2] {
        let tail = self.tail.map(|t| &**t).filter(|t| !t.is_empty());
        let nothing = Part { past: &[], tail: None, tail_from: Utc(i64::MIN), until: Utc(i64::MIN) };
        let Some([_, to]) = self.reach else {
            return [Part { tail, until: now, ..nothing }, nothing];
        };
        let Some((tail, seam)) = tail.and_then(|t| Some((t, t.since(self.recorded_to).next()?.time))) else {
            // No tail is kept of it: what was recorded last holds on, where the answer reaches so far.
            let until = if to >= self.recorded_to { now } else { to };
            return [Part { past: self.points, until, ..nothing }, nothing];
        };
        let live = Part { tail: Some(tail), tail_from: seam, until: now, ..nothing };
        if self.points.is_empty() {
            // Nothing of it was recorded in this time, or nothing ever is: the tail is all there is.
            return [Part { tail_from: Utc(i64::MIN), ..live }, nothing];
        }
        if seam <= to {
            let past = self.points.get(..self.points.partition_point(|p| p.time < seam)).unwrap_or_default();
            return [Part { past, ..live }, nothing];
        }
        let until = to.min(self.recorded_to);
        let past = self.points.get(..self.points.partition_point(|p| p.time < seam)).unwrap_or_default();
        [Part { past, until, ..nothing }, live]
    }

    /// Whether points of this time are extremes of pixel columns, rather than every sample.
    pub fn is_about(&self, from: Utc, to: Utc) -> bool {
        let Some([reach, _]) = self.reach else { return false };
        if !self.exact {
            return true;
        }
        // A column that holds this many points may have had more samples than it could show.
        let column = |p: &Point| (p.time - reach).0.div_euclid(self.column.max(1));
        let first = self.points.partition_point(|p| p.time < from);
        let within = self.points.get(first..).unwrap_or_default().iter().take_while(|p| p.time <= to);
        let (mut index, mut count) = (i64::MIN, 0);
        for point in within {
            count = if column(point) == index { count + 1 } else { 1 };
            index = column(point);
            if count >= FULL_COLUMN {
                return true;
            }
        }
        false
    }

    /// All points between two instants, in order of time.
    pub fn within(&self, from: Utc, to: Utc) -> impl Iterator<Item = &'a Point> {
        self.parts(to)
            .into_iter()
            .flat_map(move |part| part.pieces(from))
            .flatten()
            .take_while(move |p| p.time <= to)
            .filter(move |p| p.time >= from)
    }

    /// The least and the greatest value that a picture of this time shows; `None`: no value at all.
    pub fn extent(&self, from: Utc, to: Utc) -> Option<[f64; 2]> {
        let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
        'points: for piece in self.parts(to).into_iter().flat_map(|part| part.pieces(from)) {
            for point in piece {
                if point.time > to {
                    break 'points;
                }
                if !point.quality.is_bad() && point.value.is_finite() {
                    least = least.min(point.value);
                    greatest = greatest.max(point.value);
                }
            }
        }
        (least <= greatest).then_some([least, greatest])
    }

    /// The last point at or before an instant; `None` where nothing is known.
    pub fn at(&self, at: Utc, now: Utc) -> Option<Point> {
        let [first, second] = self.parts(now);
        let found = |part: Part<'a>| {
            let last = part.pieces(at).flatten().take_while(|p| p.time <= at).last().copied()?;
            // The line runs on to the next point, or for as long as the value is known to hold.
            let next = part.pieces(at).flatten().any(|p| p.time > at);
            (next || at <= part.until).then_some(last)
        };
        found(second).or_else(|| found(first))
    }

    /// The first instant of which anything is known.
    pub fn first(&self) -> Option<Utc> {
        let tail = self.tail.and_then(|t| t.points().next());
        self.points.first().into_iter().chain(tail).map(|p| p.time).min()
    }
}

impl<'a> Part<'a> {
    /// Its points from the last one at or before `from` on, so that a line enters the picture from its edge.
    pub fn pieces(self, from: Utc) -> impl Iterator<Item = &'a [Point]> {
        let in_tail = self.tail.is_some() && from >= self.tail_from;
        let skip = self.past.partition_point(|p| p.time <= from).saturating_sub(1);
        let past = if in_tail { &[][..] } else { self.past.get(skip..).unwrap_or_default() };
        let tail = self.tail.into_iter().flat_map(move |t| t.pieces_since(from.max(self.tail_from)));
        std::iter::once(past).chain(tail).filter(|piece| !piece.is_empty())
    }
}
