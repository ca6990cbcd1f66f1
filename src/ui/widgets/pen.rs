//! From points in time to ink: decimated to pixel columns, broken where nothing is known, dashed by the pen.
//!
//! Invariant: between two points no line is drawn unless both are values; a bad point ends a run at its own time, and
//! what follows it is a [`Gap`] with its reason. Invariant: the least and the greatest value of each pixel column are
//! inked, whatever the pen's dashes, so that zooming out hides no spike.
//!
//! All of a pen is inked into one mesh, see `ink`, which is kept as long as nothing changes and written anew into the
//! same memory when something does.

mod ink;
mod view;

use crate::engine::{Level, Point, Quality, TailView};
use crate::time::{Span, Utc};
use crate::ui::past::Known;
use eframe::egui::epaint::Mesh;
use eframe::egui::{Painter, Pos2, Rect, Shape, Stroke, pos2};
use ink::{Dashes, Ink};
use std::sync::{Arc, Weak};
pub use view::View;

/// A stretch of time without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Since when; may be before the view.
    pub from: Utc,
    /// Until when; of one that lasts, until now. May be behind the view.
    pub to: Utc,
    /// Why.
    pub quality: Quality,
}

/// A start is over within this; what waits longer is told.
const START: Span = Span::from_secs(1);

/// Gaps that follow each other without a value between them.
pub fn runs_of(gaps: &[Gap]) -> impl Iterator<Item = &[Gap]> {
    gaps.chunk_by(|gap, next| next.from <= gap.to)
}

/// Whether such a run is worth a mark. That every tag waits for a moment until it is read for the first time is told by
/// nothing but its beginning.
pub fn is_told(run: &[Gap]) -> bool {
    let length = run.last().zip(run.first()).map_or(Span::ZERO, |(last, first)| last.to - first.from);
    length >= START || run.iter().any(|gap| gap.quality != Quality::WAITING)
}

/// One pixel column of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Column {
    x: f32,
    first: f32,
    low: f32,
    high: f32,
    last: f32,
}

/// An unbroken stretch, drawn as one line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// Uncertain: thinner and dotted.
    doubt: bool,
    columns: Vec<Column>,
    /// Points that went into the columns.
    points: usize,
}

/// Up to so many columns a polyline is drawn, whose corners are finer.
const FEW: usize = 24;

/// What one pen draws in one view. Reused from frame to frame, so that a steady trend allocates little.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    runs: Vec<Run>,
    spare: Vec<Run>,
    /// Where nothing is known, within the view.
    pub gaps: Vec<Gap>,
    /// What the runs were made of; `None`: of points that nobody keeps.
    source: Option<Source>,
    mesh: Arc<Mesh>,
    /// How the mesh was inked; `None`: it is of other runs.
    look: Option<Look>,
}

/// What decides the runs of a trace.
#[derive(Debug, Clone)]
struct Source {
    /// Told by its place in memory, which a weak reference keeps from being given to another; its points are let go.
    tail: Option<Weak<TailView>>,
    /// Which answer of the historian.
    serial: u64,
    view: View,
    /// How far a value may hold within the view.
    until: Utc,
    steps: bool,
}

/// What decides the ink of runs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Look {
    stroke: Stroke,
    dashes: Option<(f32, f32)>,
    pixels_per_point: f32,
    seen: Rect,
}

impl Trace {
    /// Takes up what is known of a pen as [`Trace::fill`] does, where that, the view or the time is another than before.
    pub fn follow(&mut self, known: &Known<'_>, view: &View, now: Utc, steps: bool) {
        let until = now.min(view.to);
        let same = self.source.as_ref().is_some_and(|s| {
            s.tail.as_ref().map(Weak::as_ptr) == known.tail.map(Arc::as_ptr)
                && s.serial == known.serial
                && s.view == *view
                && s.until == until
                && s.steps == steps
        });
        if !same {
            self.begin();
            for part in known.parts(now) {
                self.take(part.pieces(view.from), view, part.until, steps);
            }
            let tail = known.tail.map(Arc::downgrade);
            self.source = Some(Source { tail, serial: known.serial, view: *view, until, steps });
        }
    }

    /// Takes up points in order of time. A value holds until the next point or until `now`; `steps` holds it level
    /// (states), else points are joined.
    pub fn fill<'a>(&mut self, pieces: impl Iterator<Item = &'a [Point]>, view: &View, now: Utc, steps: bool) {
        self.begin();
        self.take(pieces, view, now, steps);
    }

    fn begin(&mut self) {
        (self.source, self.look) = (None, None);
        self.spare.append(&mut self.runs);
        self.gaps.clear();
    }

    /// Takes up an unbroken stretch of points behind those it has.
    fn take<'a>(&mut self, pieces: impl Iterator<Item = &'a [Point]>, view: &View, now: Utc, steps: bool) {
        let places = view.places();
        let until = now.min(view.to);
        let mut last: Option<(Utc, f32, bool)> = None;
        let mut gap: Option<Gap> = None;
        'points: for piece in pieces {
            for point in piece {
                let x = places.x(point.time);
                if point.time > view.to {
                    // The line leaves the picture on its way to the first point beyond it.
                    if let (Some((_, y, _)), false) = (last, point_is_bad(point)) {
                        self.ink(x, if steps { y } else { places.y(point.value) });
                        last = None;
                    }
                    break 'points;
                }
                if point_is_bad(point) {
                    if let Some((_, y, _)) = last.take() {
                        self.ink(x, y);
                    }
                    match &mut gap {
                        Some(open) if open.quality == point.quality => {}
                        open => {
                            close(open.take(), point.time, view, &mut self.gaps);
                            *open = Some(Gap { from: point.time, to: point.time, quality: point.quality });
                        }
                    }
                    continue;
                }
                if gap.is_some() {
                    close(gap.take(), point.time, view, &mut self.gaps);
                }
                let y = places.y(point.value);
                let doubt = point.quality.level() == Level::Uncertain;
                match last {
                    Some((_, previous, before)) if before == doubt => {
                        if steps {
                            self.ink(x, previous);
                        }
                    }
                    Some((_, previous, _)) => {
                        // The doubt begins at this point: up to here the line is what it was.
                        self.ink(x, if steps { previous } else { y });
                        self.start(doubt);
                    }
                    None => self.start(doubt),
                }
                self.ink(x, y);
                last = Some((point.time, y, doubt));
            }
        }
        if let Some((time, y, _)) = last
            && until > time
        {
            self.ink(places.x(until), y);
        }
        close(gap, until, view, &mut self.gaps);
    }

    fn start(&mut self, doubt: bool) {
        let mut run = self.spare.pop().unwrap_or_default();
        run.columns.clear();
        run.points = 0;
        run.doubt = doubt;
        self.runs.push(run);
    }

    #[inline]
    fn ink(&mut self, x: f32, y: f32) {
        let Some(run) = self.runs.last_mut() else { return };
        run.points += 1;
        match run.columns.last_mut() {
            // Columns are one point wide, counted from their first point.
            Some(column) if x - column.x < 1.0 => {
                column.low = column.low.min(y);
                column.high = column.high.max(y);
                column.last = y;
            }
            _ => run.columns.push(Column { x, first: y, low: y, high: y, last: y }),
        }
    }

    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.runs.iter().all(|r| r.columns.is_empty())
    }

    /// The runs of few corners in full lines, each with its corners on the screen and its stroke: a polyline of them is
    /// exact and costs little.
    pub fn lines(&self, stroke: Stroke, dashes: Option<(f32, f32)>) -> impl Iterator<Item = (Vec<Pos2>, Stroke)> {
        self.runs.iter().filter(move |r| r.is_line(stroke, dashes)).map(move |r| (corners(&r.columns), stroke))
    }

    /// Inks all other runs, where anything is another than before. `view` is the one that was filled for.
    pub fn ink_runs(&mut self, view: &View, stroke: Stroke, dashes: Option<(f32, f32)>, pixels_per_point: f32) {
        let look = Look { stroke, dashes, pixels_per_point, seen: view.rect };
        if self.look == Some(look) {
            return;
        }
        self.look = Some(look);
        // The last frame's shapes are gone by now, so that this memory serves again. Where they are not, they keep it.
        if Arc::get_mut(&mut self.mesh).is_none() {
            self.mesh = Arc::default();
        }
        let Some(mesh) = Arc::get_mut(&mut self.mesh) else { return };
        mesh.clear();
        let mut ink = Ink::new(mesh, 0.5 / pixels_per_point, view.rect.x_range());
        for run in self.runs.iter().filter(|r| !r.is_line(stroke, dashes)) {
            let (stroke, dashes) = run.style(stroke, dashes);
            // Dashes hang on time, not on the edge of the picture, so that they wander with the line they belong to.
            let dashes = dashes.map(|(dash, gap)| {
                let period = f64::from(dash + gap);
                let phase = (view.from.0 as f64 * view.x_scale()).rem_euclid(period) as f32;
                Dashes { origin: view.rect.left() - phase, dash, period: dash + gap }
            });
            ink.run(&run.columns, stroke, dashes);
        }
    }

    /// What was inked last.
    pub fn mesh(&self) -> &Arc<Mesh> {
        &self.mesh
    }

    /// Paints the runs as solid lines, within `view` alone.
    pub fn paint(&mut self, painter: &Painter, view: &View, stroke: Stroke) {
        let room = view.rect.expand2(eframe::egui::vec2(0.0, stroke.width));
        let painter = painter.with_clip_rect(room.intersect(painter.clip_rect()));
        self.ink_runs(view, stroke, None, painter.pixels_per_point());
        painter.add(Shape::Mesh(Arc::clone(&self.mesh)));
        painter.extend(self.lines(stroke, None).map(|(corners, stroke)| Shape::line(corners, stroke)));
    }
}

impl Run {
    /// A run in doubt is thinner and dotted, whatever its pen.
    fn style(&self, stroke: Stroke, dashes: Option<(f32, f32)>) -> (Stroke, Option<(f32, f32)>) {
        if self.doubt {
            (Stroke::new((stroke.width * 0.66).max(1.0), stroke.color), Some((1.5, 3.0)))
        } else {
            (stroke, dashes)
        }
    }

    /// Whether it is full and of few corners.
    fn is_line(&self, stroke: Stroke, dashes: Option<(f32, f32)>) -> bool {
        let columns = self.columns.len();
        self.style(stroke, dashes).1.is_none() && columns > 1 && columns <= FEW && self.points <= columns + columns / 4
    }
}

/// Whether a point is no value.
fn point_is_bad(point: &Point) -> bool {
    point.quality.is_bad() || !point.value.is_finite()
}

fn close(gap: Option<Gap>, at: Utc, view: &View, gaps: &mut Vec<Gap>) {
    if let Some(gap) = gap {
        let gap = Gap { to: at, ..gap };
        if gap.to.min(view.to) > gap.from.max(view.from) {
            gaps.push(gap);
        }
    }
}

fn corners(columns: &[Column]) -> Vec<Pos2> {
    let mut corners = Vec::with_capacity(columns.len() + columns.len() / 2);
    for column in columns {
        push(&mut corners, pos2(column.x, column.first));
        if column.low < column.first.min(column.last) {
            push(&mut corners, pos2(column.x, column.low));
        }
        if column.high > column.first.max(column.last) {
            push(&mut corners, pos2(column.x, column.high));
        }
        push(&mut corners, pos2(column.x, column.last));
    }
    corners
}

fn push(corners: &mut Vec<Pos2>, corner: Pos2) {
    // Two corners in one place have no direction between them, and a tessellator needs one.
    if corners.last().is_none_or(|last| last.distance_sq(corner) > 1e-4) {
        corners.push(corner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn view() -> View {
        let rect = Rect::from_min_max(pos2(100.0, 0.0), pos2(200.0, 50.0));
        View { rect, from: Utc(0), to: Utc(100 * SECOND), low: 0.0, high: 100.0 }
    }

    fn point(seconds: i64, value: f64, quality: Quality) -> Point {
        Point { time: Utc(seconds * SECOND), value, quality }
    }

    fn trace(points: &[Point], now: i64, steps: bool) -> Trace {
        let mut trace = Trace::default();
        trace.fill([points].into_iter(), &view(), Utc(now * SECOND), steps);
        trace
    }

    fn ends(run: &Run) -> (f32, f32) {
        (run.columns.first().unwrap().x, run.columns.last().unwrap().x)
    }

    #[test]
    fn a_bad_point_breaks_the_line_and_is_a_gap_with_its_reason_and_length() {
        let points = [
            point(10, 50.0, Quality::GOOD),
            point(20, 60.0, Quality::GOOD),
            point(30, f64::NAN, Quality::NO_COMMUNICATION),
            point(50, 70.0, Quality::GOOD),
        ];
        let trace = trace(&points, 80, false);
        assert_eq!(
            trace.gaps,
            [Gap { from: Utc(30 * SECOND), to: Utc(50 * SECOND), quality: Quality::NO_COMMUNICATION }]
        );
        assert_eq!(trace.runs.iter().map(ends).collect::<Vec<_>>(), [(110.0, 130.0), (150.0, 180.0)]);
    }

    #[test]
    fn a_bad_point_that_bears_the_last_good_value_is_a_gap_all_the_same() {
        let points = [point(10, 50.0, Quality::GOOD), point(30, 50.0, Quality::PAYLOAD)];
        let trace = trace(&points, 80, false);
        assert_eq!(trace.gaps[0].to, Utc(80 * SECOND));
        assert_eq!(trace.runs.iter().map(ends).collect::<Vec<_>>(), [(110.0, 130.0)]);
    }

    #[test]
    fn a_change_of_reason_is_a_gap_of_its_own() {
        let points = [point(10, f64::NAN, Quality::WAITING), point(30, f64::NAN, Quality::PAYLOAD)];
        assert_eq!(trace(&points, 50, false).gaps.len(), 2);
    }

    #[test]
    fn doubt_begins_a_run_of_its_own_and_leaves_no_hole() {
        let points = [point(10, 50.0, Quality::GOOD), point(20, 50.0, Quality::STALE), point(40, 60.0, Quality::GOOD)];
        let trace = trace(&points, 60, false);
        let runs: Vec<_> = trace.runs.iter().map(|r| (r.doubt, ends(r))).collect();
        assert_eq!(runs, [(false, (110.0, 120.0)), (true, (120.0, 140.0)), (false, (140.0, 160.0))]);
        assert!(trace.gaps.is_empty());
    }

    #[test]
    fn a_spike_among_thousands_of_points_keeps_its_height() {
        let mut points: Vec<Point> =
            (0..10_000).map(|i| Point { time: Utc(i * 10_000), value: 10.0, quality: Quality::GOOD }).collect();
        points[5_003].value = 95.0;
        let trace = trace(&points, 100, false);
        assert!(trace.runs[0].columns.len() <= 101, "at most one column a point of the screen");
        let top = trace.runs[0].columns.iter().map(|c| c.low).fold(f32::MAX, f32::min);
        assert_eq!(top, view().y(95.0));
        let mut trace = trace;
        trace.ink_runs(&view(), Stroke::new(1.0, eframe::egui::Color32::WHITE), None, 1.0);
        let inked = trace.mesh().vertices.iter().map(|v| v.pos.y).fold(f32::MAX, f32::min);
        assert!(inked <= top && inked >= top - 1.0, "{inked}");
    }

    #[test]
    fn states_are_held_level_until_they_change() {
        let points = [point(10, 0.0, Quality::GOOD), point(30, 100.0, Quality::GOOD)];
        let trace = trace(&points, 50, true);
        let corners = corners(&trace.runs[0].columns);
        assert!(corners.contains(&pos2(130.0, 50.0)), "{corners:?}");
        assert!(corners.iter().any(|c| c.y == 0.0 && c.x >= 130.0), "{corners:?}");
    }

    #[test]
    fn a_tail_is_taken_up_once_and_its_ink_made_once_until_something_changes() {
        let tail = |value: f64| {
            let points: Vec<Point> = (0..100).map(|i| point(i, (i % 9) as f64 + value, Quality::GOOD)).collect();
            Arc::new(TailView::new(vec![points.into()]))
        };
        let (mut trace, stroke) = (Trace::default(), Stroke::new(1.5, eframe::egui::Color32::WHITE));
        let mut ink = |tail: &Arc<TailView>, view: &View, stroke: Stroke| {
            let known = Known { tail: Some(tail), ..Known::default() };
            trace.follow(&known, view, Utc(100 * SECOND), false);
            trace.ink_runs(view, stroke, None, 1.0);
            Arc::clone(trace.mesh())
        };
        let (first, view) = (tail(5.0), view());
        let mesh = ink(&first, &view, stroke);
        assert!(!mesh.is_empty());
        assert!(Arc::ptr_eq(&mesh, &ink(&first, &view, stroke)), "nothing changed");
        assert!(Arc::ptr_eq(&mesh, &ink(&Arc::clone(&first), &view, stroke)), "nothing changed");
        for (tail, view, stroke) in [
            (&tail(20.0), view, stroke),
            (&first, View { high: 50.0, ..view }, stroke),
            (&first, view, Stroke { width: 3.0, ..stroke }),
        ] {
            assert_ne!(*mesh, *ink(tail, &view, stroke));
        }
        assert_eq!(*mesh, *ink(&first, &view, stroke));
    }
}
