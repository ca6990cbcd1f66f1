//! From points in time to ink: decimated to pixel columns, broken where nothing is known, dashed by the pen.
//!
//! Invariant: between two points no line is drawn unless both are values; a bad point ends a run at its own time, and
//! what follows it is a [`Gap`] with its reason. Invariant: the least and the greatest value of each pixel column are
//! inked, whatever the pen's dashes, so that zooming out hides no spike.
//!
//! A run becomes one strip of triangles with four vertices a column, which costs the tessellator nothing.

use crate::engine::{Level, Point, Quality};
use crate::time::{Span, Utc};
use eframe::egui::epaint::Mesh;
use eframe::egui::{Color32, Painter, Pos2, Rangef, Rect, Shape, Stroke, pos2};

/// The part of time and values that a plot shows, and where.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Where, on the screen.
    pub rect: Rect,
    /// Left edge.
    pub from: Utc,
    /// Right edge.
    pub to: Utc,
    /// Value at the lower edge.
    pub low: f64,
    /// Value at the upper edge.
    pub high: f64,
}

impl View {
    /// Points of the screen for a microsecond.
    fn x_scale(&self) -> f64 {
        f64::from(self.rect.width()) / ((self.to - self.from).0.max(1) as f64)
    }

    /// Where an instant lies.
    pub fn x(&self, time: Utc) -> f32 {
        self.rect.left() + ((time - self.from).0 as f64 * self.x_scale()) as f32
    }

    /// Where a value lies. Kept near the picture, so that no value is too large for a tessellator.
    pub fn y(&self, value: f64) -> f32 {
        let share = ((value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE)).clamp(-4.0, 5.0);
        self.rect.bottom() - (share * f64::from(self.rect.height())) as f32
    }

    /// Which value lies at `y`.
    pub fn value(&self, y: f32) -> f64 {
        self.low + f64::from((self.rect.bottom() - y) / self.rect.height().max(1.0)) * (self.high - self.low)
    }

    /// Which instant lies at `x`.
    pub fn time(&self, x: f32) -> Utc {
        self.from + Span((f64::from(x - self.rect.left()) / self.x_scale().max(f64::MIN_POSITIVE)) as i64)
    }
}

/// A stretch of time without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Since when.
    pub from: Utc,
    /// Until when; of one that lasts, until now.
    pub to: Utc,
    /// Why.
    pub quality: Quality,
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

/// Columns nearer than this are neighbours.
const NEAR: f32 = 1.5;

/// What one pen draws in one view. Reused from frame to frame, so that a steady trend allocates little.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    runs: Vec<Run>,
    spare: Vec<Run>,
    /// Where nothing is known, within the view.
    pub gaps: Vec<Gap>,
    /// Time of the first point that was seen, if any.
    pub first: Option<Utc>,
}

impl Trace {
    /// Takes up points in order of time. A value holds until the next point or until `now`; `steps` holds it level
    /// (states), else points are joined.
    pub fn fill<'a>(&mut self, points: impl Iterator<Item = &'a Point>, view: &View, now: Utc, steps: bool) {
        self.spare.append(&mut self.runs);
        self.gaps.clear();
        self.first = None;
        let scale = view.x_scale();
        let until = now.min(view.to);
        let mut last: Option<(Utc, f32, bool)> = None;
        let mut gap: Option<Gap> = None;
        for point in points {
            self.first.get_or_insert(point.time);
            if point.time > view.to {
                // The line leaves the picture on its way to the first point beyond it.
                if let (Some((_, y, _)), false) = (last, point_is_bad(point)) {
                    self.ink(view.x(point.time), if steps { y } else { view.y(point.value) });
                    last = None;
                }
                break;
            }
            let x = view.rect.left() + ((point.time - view.from).0 as f64 * scale) as f32;
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
            close(gap.take(), point.time, view, &mut self.gaps);
            let y = view.y(point.value);
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
        if let Some((time, y, _)) = last
            && until > time
        {
            self.ink(view.x(until), y);
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

    /// The unbroken stretches.
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Paints the runs as solid lines, within `view` alone.
    pub fn paint(&self, painter: &Painter, view: &View, stroke: Stroke) {
        let room = view.rect.expand2(eframe::egui::vec2(0.0, stroke.width));
        let painter = painter.with_clip_rect(room.intersect(painter.clip_rect()));
        let mut shapes = Vec::new();
        for run in &self.runs {
            let (stroke, dashes) = run.style(stroke, None);
            run.ink(view, stroke, dashes, painter.pixels_per_point(), &mut shapes);
        }
        painter.extend(shapes);
    }
}

impl Run {
    /// A run in doubt is thinner and dotted, whatever its pen.
    pub fn style(&self, stroke: Stroke, dashes: Option<(f32, f32)>) -> (Stroke, Option<(f32, f32)>) {
        if self.doubt {
            (Stroke::new((stroke.width * 0.66).max(1.0), stroke.color), Some((1.5, 3.0)))
        } else {
            (stroke, dashes)
        }
    }

    /// Its corners on the screen where they are few, so that a polyline is exact and costs little.
    pub fn few_corners(&self) -> Option<Vec<Pos2>> {
        let columns = self.columns.len();
        (columns > 1 && columns <= FEW && self.points <= columns + columns / 4).then(|| corners(&self.columns))
    }

    /// Its ink as shapes: a strip of triangles, or dashes that hang on time.
    pub fn ink(
        &self,
        view: &View,
        stroke: Stroke,
        dashes: Option<(f32, f32)>,
        pixels_per_point: f32,
        out: &mut Vec<Shape>,
    ) {
        match dashes {
            // Dashes hang on time, not on the edge of the picture, so that they wander with the line they belong to.
            Some((dash, gap)) => {
                let period = f64::from(dash + gap);
                let phase = (view.from.0 as f64 * view.x_scale()).rem_euclid(period) as f32;
                dashed(self, view.rect.left() - phase, dash, dash + gap, stroke, out);
            }
            None => solid(self, stroke, 0.5 / pixels_per_point, out),
        }
    }
}

/// Whether a point is no value.
fn point_is_bad(point: &Point) -> bool {
    point.quality.is_bad() || !point.value.is_finite()
}

fn close(gap: Option<Gap>, at: Utc, view: &View, gaps: &mut Vec<Gap>) {
    if let Some(gap) = gap {
        let gap = Gap { from: gap.from.max(view.from), to: at.min(view.to), quality: gap.quality };
        if gap.to > gap.from {
            gaps.push(gap);
        }
    }
}

fn solid(run: &Run, stroke: Stroke, feather: f32, out: &mut Vec<Shape>) {
    if let [only] = run.columns.as_slice() {
        out.push(upright(only, Rangef::new(only.low - stroke.width / 2.0, only.high + stroke.width / 2.0), stroke));
    } else if let Some(corners) = run.few_corners() {
        out.push(Shape::line(corners, stroke));
    } else {
        out.push(Shape::mesh(strip(&edges(&run.columns, stroke.width), stroke.color, feather)));
    }
}

fn upright(column: &Column, y: Rangef, stroke: Stroke) -> Shape {
    Shape::line_segment([pos2(column.x, y.min), pos2(column.x, y.max)], stroke)
}

/// Upper and lower edge of the ink at one place.
type Edge = (f32, Rangef);

/// Where the ink lies from column to column. On a slope a line is taller than it is wide; neighbours reach half way
/// to each other, so that no flank has a hole. What is tall at one place alone (a step, a spike, the foot of a flank)
/// keeps to that place: towards a far neighbour the ink is as thin as the line to it, or it would be a wedge.
fn edges(columns: &[Column], width: f32) -> Vec<Edge> {
    let half = width / 2.0;
    let mut edges: Vec<Edge> = Vec::with_capacity(columns.len() + 8);
    let flank = |from: &Column, to: &Column| {
        let (dx, dy) = ((to.x - from.x).max(1e-3), (to.first - from.last).abs());
        (half * (dy / dx).hypot(1.0)).min(half + dy / 2.0)
    };
    for (i, column) in columns.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| columns.get(i));
        let after = columns.get(i + 1);
        let (low, high) = (column.low.min(column.first), column.high.max(column.last));
        let tall = high - low > width;
        let (mut up, mut down) = (half, half);
        let to_before = before.map_or(half, |b| flank(b, column));
        let to_after = after.map_or(half, |a| flank(column, a));
        if !tall {
            // Only towards the neighbour: a summit is not higher than its value.
            for (reach, neighbour) in
                before.map(|b| (to_before, b.last)).into_iter().chain(after.map(|a| (to_after, a.first)))
            {
                let side = if neighbour < column.first { &mut up } else { &mut down };
                *side = side.max(reach);
            }
        }
        let reach = up.max(down);
        if let Some(before) = before.filter(|b| column.x - b.x > NEAR && (tall || reach > to_before + half)) {
            let share = (column.x - half - before.x) / (column.x - before.x);
            let y = before.last + (column.first - before.last) * share;
            edges.push((column.x - half, Rangef::new(y - to_before, y + to_before)));
        }
        edges.push((column.x, Rangef::new(low - up, high + down)));
        if after.is_some_and(|a| a.x - column.x > NEAR && (tall || reach > to_after + half)) {
            edges.push((column.x + half, Rangef::new(column.last - to_after, column.last + to_after)));
        }
    }
    edges
}

/// Four vertices a place: ink between two feathered edges.
fn strip(edges: &[Edge], colour: Color32, feather: f32) -> Mesh {
    let mut mesh = Mesh::default();
    mesh.reserve_vertices(4 * edges.len());
    mesh.reserve_triangles(6 * edges.len());
    for (i, (x, y)) in edges.iter().enumerate() {
        mesh.colored_vertex(pos2(*x, y.min - feather), Color32::TRANSPARENT);
        mesh.colored_vertex(pos2(*x, y.min + feather), colour);
        mesh.colored_vertex(pos2(*x, y.max - feather), colour);
        mesh.colored_vertex(pos2(*x, y.max + feather), Color32::TRANSPARENT);
        if i > 0 {
            let here = 4 * i as u32;
            for row in here..here + 3 {
                mesh.add_triangle(row - 4, row - 3, row);
                mesh.add_triangle(row - 3, row, row + 1);
            }
        }
    }
    mesh
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

/// Dashes are cut along the time axis, not along the path, which would cut noise to dust; steep columns, where a spike
/// could fall between two dashes, are inked in full.
fn dashed(run: &Run, origin: f32, dash: f32, period: f32, stroke: Stroke, out: &mut Vec<Shape>) {
    const STEEP: f32 = 5.0;
    let mut piece: Vec<Pos2> = Vec::new();
    let flush = |piece: &mut Vec<Pos2>, out: &mut Vec<Shape>| {
        if piece.len() > 1 {
            out.push(Shape::line(std::mem::take(piece), stroke));
        }
        piece.clear();
    };
    let mut previous: Option<(f32, f32)> = None;
    for column in &run.columns {
        let steep = column.high - column.low > STEEP;
        if let Some((x0, y0)) = previous {
            let (x1, y1) = (column.x, column.first);
            if (y1 - y0).abs() > STEEP && x1 - x0 < 2.0 {
                push(&mut piece, pos2(x0, y0));
                push(&mut piece, pos2(x1, y1));
            } else {
                // Walk the segment from dash to dash.
                let at = |x: f32| pos2(x, y0 + (y1 - y0) * ((x - x0) / (x1 - x0).max(1e-6)));
                let mut x = x0;
                while x < x1 {
                    let into = (x - origin).rem_euclid(period);
                    if into < dash {
                        let end = (x + (dash - into).max(0.05)).min(x1);
                        push(&mut piece, at(x));
                        push(&mut piece, at(end));
                        x = end;
                    } else {
                        flush(&mut piece, out);
                        x += (period - into).max(0.05);
                    }
                }
            }
        }
        if steep {
            // One stroke from end to end: a path that turns back on itself is painted twice as wide.
            flush(&mut piece, out);
            out.push(upright(column, Rangef::new(column.low, column.high), stroke));
        }
        previous = Some((column.x, column.last));
    }
    flush(&mut piece, out);
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
        trace.fill(points.iter(), &view(), Utc(now * SECOND), steps);
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
        assert_eq!(edges(&trace.runs[0].columns, 0.0).iter().map(|(_, y)| y.min).fold(f32::MAX, f32::min), top);
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
    fn a_steep_flank_leaves_no_hole_in_the_ink() {
        let columns = [(0.0, 5.0), (1.0, 90.0)].map(|(x, y)| Column { x, first: y, low: y, high: y, last: y });
        let edges = edges(&columns, 1.0);
        assert!(edges[1].1.min <= edges[0].1.max);
    }

    #[test]
    fn a_step_after_a_long_level_is_upright_and_no_wedge() {
        let level = Column { x: 0.0, first: 50.0, low: 50.0, high: 50.0, last: 50.0 };
        let step = Column { x: 100.0, first: 50.0, low: 0.0, high: 50.0, last: 0.0 };
        let edges = edges(&[level, step], 1.0);
        let (x, y) = edges[1];
        assert!(x > 99.0 && y.span() < 1.01, "{edges:?}");
    }
    #[test]
    fn a_level_before_a_steep_flank_is_no_wedge_and_no_higher_than_its_value() {
        let columns =
            [(0.0, 50.0), (100.0, 50.0), (101.2, 10.0)].map(|(x, y)| Column { x, first: y, low: y, high: y, last: y });
        let edges = edges(&columns, 2.0);
        let (x, y) = edges[1];
        assert!((99.0..100.0).contains(&x) && y.span() < 2.01, "{edges:?}");
        assert_eq!(edges[2].1.max, 51.0, "a line of width 2 ends half of it below its value");
    }
}
