//! The recent past of a tag in memory, bounded: what a live trend draws before the historian answers.
//!
//! Points lie in sealed segments that snapshots share, and one open segment. When there are too many, the older half is
//! thinned to the least and the greatest of each few points, in their order of time; a change of quality is always
//! kept, so that neither a spike nor a gap is lost.

use super::Quality;
use crate::time::Utc;
use std::sync::Arc;

/// Points in a sealed segment.
const SEGMENT: usize = 128;

/// Points that thinning replaces by two.
const THINNED: usize = 4;

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

impl Point {
    /// The same value (NaN is like NaN) of the same quality.
    fn is_like(&self, other: &Self) -> bool {
        self.value.to_bits() == other.value.to_bits() && self.quality == other.quality
    }
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
        self.pieces_since(from).flatten()
    }

    /// The same in pieces, for loops over many points.
    pub fn pieces_since(&self, from: Utc) -> impl Iterator<Item = &[Point]> {
        let first = self.segments.iter().rposition(|s| s.first().is_some_and(|p| p.time <= from)).unwrap_or(0);
        let skip = self.segments.get(first).map_or(0, |s| s.partition_point(|p| p.time <= from).saturating_sub(1));
        let pieces = self.segments.get(first..).unwrap_or_default().iter();
        pieces.enumerate().map(move |(i, s)| if i == 0 { s.get(skip..).unwrap_or_default() } else { s })
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.segments.iter().all(|s| s.is_empty())
    }
}

/// A tag's recent past as the engine keeps it.
#[derive(Debug, Default)]
pub(super) struct Tail {
    sealed: Vec<Arc<[Point]>>,
    open: Vec<Point>,
    /// Changed since the last view.
    pub(super) changed: bool,
}

impl Tail {
    /// Adds a point; one that is older than the last is not taken (late data belongs to the historian). A plateau keeps
    /// its first and last point alone.
    pub(super) fn push(&mut self, point: Point, most_points: usize) {
        let last_time = self.open.last().or_else(|| self.sealed.last().and_then(|s| s.last())).map(|p| p.time);
        if last_time.is_some_and(|t| point.time < t) {
            return;
        }
        self.changed = true;
        if let [.., before, last] = self.open.as_mut_slice()
            && before.is_like(&point)
            && last.is_like(&point)
        {
            last.time = point.time;
            return;
        }
        self.open.push(point);
        if self.open.len() >= SEGMENT {
            self.sealed.push(self.open.as_slice().into());
            self.open.clear();
            if self.sealed.len() * SEGMENT > most_points {
                self.thin(most_points);
            }
        }
    }

    /// What a screen may see now; sealed segments are shared.
    pub(super) fn view(&mut self) -> TailView {
        self.changed = false;
        let mut segments = Vec::with_capacity(self.sealed.len() + 1);
        segments.extend(self.sealed.iter().cloned());
        if !self.open.is_empty() {
            segments.push(self.open.as_slice().into());
        }
        TailView::new(segments)
    }

    /// Thins the older half. Where too little was won (every point a change of quality), the oldest are dropped.
    fn thin(&mut self, most_points: usize) {
        let newer = self.sealed.split_off(self.sealed.len().div_ceil(2));
        let old: Vec<Point> = self.sealed.drain(..).flat_map(|s| s.to_vec()).collect();
        let mut kept = Vec::with_capacity(old.len() / 2 + SEGMENT);
        for group in old.chunks(THINNED) {
            let one_quality = group.windows(2).all(|w| w[0].quality == w[1].quality)
                && kept.last().is_none_or(|p: &Point| p.quality == group[0].quality);
            if !one_quality || group.iter().any(|p| p.value.is_nan()) {
                kept.extend_from_slice(group);
                continue;
            }
            let by_value = |a: &(usize, &Point), b: &(usize, &Point)| a.1.value.total_cmp(&b.1.value);
            let least = group.iter().enumerate().min_by(by_value).map_or(0, |(i, _)| i);
            let greatest = group.iter().enumerate().max_by(by_value).map_or(0, |(i, _)| i);
            kept.push(group[least.min(greatest)]);
            if least != greatest {
                kept.push(group[least.max(greatest)]);
            }
        }
        let room = most_points.saturating_sub(newer.len() * SEGMENT).max(SEGMENT);
        let surplus = kept.len().saturating_sub(room);
        self.sealed = kept[surplus..].chunks(SEGMENT).map(Arc::from).collect();
        self.sealed.extend(newer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: i64, value: f64) -> Point {
        Point { time: Utc(at), value, quality: Quality::GOOD }
    }

    #[test]
    fn a_tail_is_bounded_and_keeps_every_spike_and_every_change_of_quality() {
        let mut tail = Tail::default();
        for i in 0..40_000_i64 {
            let mut p = point(i, (i % 7) as f64);
            if i == 37_000 {
                p.value = 1_000.0;
            }
            if i == 38_001 {
                p.quality = Quality::NO_COMMUNICATION;
                p.value = f64::NAN;
            }
            tail.push(p, 4_000);
        }
        let view = tail.view();
        let points: Vec<&Point> = view.points().collect();
        assert!(points.len() <= 4_000 + 2 * SEGMENT, "{}", points.len());
        assert!(points.iter().any(|p| p.value == 1_000.0), "the spike is there");
        assert!(points.iter().any(|p| p.quality.is_bad()), "the gap is there");
        assert!(points.windows(2).all(|w| w[0].time <= w[1].time), "in order of time");
    }

    #[test]
    fn a_plateau_costs_two_points() {
        let mut tail = Tail::default();
        for i in 0..1_000 {
            tail.push(point(i, 5.0), 4_000);
        }
        let view = tail.view();
        assert_eq!(view.points().count(), 2);
        assert_eq!(view.points().next_back().unwrap().time, Utc(999));
    }

    #[test]
    fn a_view_since_an_instant_enters_from_the_point_before_it() {
        let mut tail = Tail::default();
        for i in 0..1_000_i64 {
            tail.push(point(i * 10, i as f64), 4_000);
        }
        let view = tail.view();
        assert_eq!(view.since(Utc(5_005)).next().unwrap().time, Utc(5_000));
        assert_eq!(view.since(Utc(-1)).next().unwrap().time, Utc(0));
        assert_eq!(TailView::default().since(Utc(0)).count(), 0);
    }

    #[test]
    fn late_data_is_not_taken() {
        let mut tail = Tail::default();
        tail.push(point(100, 1.0), 4_000);
        tail.push(point(50, 2.0), 4_000);
        assert_eq!(tail.view().points().count(), 1);
    }
}
