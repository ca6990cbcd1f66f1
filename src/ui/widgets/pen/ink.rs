//! From columns to triangles: every run of a pen becomes a part of one mesh.
//!
//! A strip has four vertices at each place, two feathered edges with ink between, so that a line costs the tessellator
//! no more than a copy. Dashes are cut out of the same strip along the time axis, not along the path, which would cut
//! noise to dust; what is steep, where a spike could fall between two dashes, is inked in full.

use super::Column;
use eframe::egui::epaint::{Mesh, Vertex};
use eframe::egui::{Color32, Rangef, Stroke, pos2};

/// Columns nearer than this are neighbours.
const NEAR: f32 = 1.5;

/// What rises or falls by more than this within [`NEXT`] is steep.
const STEEP: f32 = 5.0;
/// See [`STEEP`]; decimated columns stand one to two points apart.
const NEXT: f32 = 2.0;

/// Upper and lower edge of the ink at one place.
type Edge = (f32, Rangef);

/// Dashes along the time axis: where one of them begins, how long each is, and from one to the next, in points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dashes {
    pub(super) origin: f32,
    pub(super) dash: f32,
    pub(super) period: f32,
}

/// The mesh that a pen inks into, with what all its runs share.
pub(super) struct Ink<'a> {
    pub(super) mesh: &'a mut Mesh,
    /// Half the width of what fades at an edge.
    pub(super) feather: f32,
    /// What is seen of the time axis, on the screen.
    pub(super) seen: Rangef,
    /// Kept from run to run for its memory.
    edges: Vec<Edge>,
}

impl<'a> Ink<'a> {
    pub(super) fn new(mesh: &'a mut Mesh, feather: f32, seen: Rangef) -> Self {
        Self { mesh, feather, seen, edges: Vec::new() }
    }

    /// Inks a run.
    pub(super) fn run(&mut self, columns: &[Column], stroke: Stroke, dashes: Option<Dashes>) {
        let mut outline = std::mem::take(&mut self.edges);
        edges(columns, stroke.width, &mut outline);
        match (columns, dashes) {
            // One place alone is as wide as the line.
            ([only], _) => self.piece(&outline, Rangef::point(only.x), stroke.width / 2.0, stroke.color),
            (_, None) => self.strip(&outline, stroke.color),
            (_, Some(dashes)) => {
                let steep = steep(columns);
                for stretch in &steep {
                    self.piece(&outline, *stretch, stroke.width / 2.0, stroke.color);
                }
                for dash in cut(columns, dashes, self.seen) {
                    let before = steep.partition_point(|s| s.min <= dash.min);
                    let inked = before.checked_sub(1).and_then(|i| steep.get(i)).is_some_and(|s| dash.max <= s.max);
                    if !inked {
                        self.piece(&outline, dash, 0.0, stroke.color);
                    }
                }
            }
        }
        self.edges = outline;
    }

    /// The whole outline.
    fn strip(&mut self, edges: &[Edge], colour: Color32) {
        self.mesh.reserve_vertices(4 * edges.len());
        self.mesh.reserve_triangles(6 * edges.len());
        for (i, (x, y)) in edges.iter().enumerate() {
            self.row(*x, *y, colour, i > 0);
        }
    }

    /// The part of the outline within `stretch`, which reaches `beyond` both its ends and fades there.
    fn piece(&mut self, edges: &[Edge], stretch: Rangef, beyond: f32, colour: Color32) {
        let (from, to) = (stretch.min - beyond, stretch.max + beyond);
        let fade = self.feather.min((to - from) / 2.0);
        // Where it begins and ends in full. The fading is no taller, even if it lies on a step.
        let (begin, end) = ((from + fade).max(stretch.min), (to - fade).min(stretch.max));
        let (Some(first), Some(last)) = (at(edges, begin), at(edges, end)) else { return };
        self.row(from - fade, first, Color32::TRANSPARENT, false);
        self.row(from + fade, first, colour, true);
        let within = edges.partition_point(|(x, _)| *x <= begin);
        for (x, y) in edges.iter().skip(within).take_while(|(x, _)| *x < end) {
            self.row(*x, *y, colour, true);
        }
        self.row(to - fade, last, colour, true);
        self.row(to + fade, last, Color32::TRANSPARENT, true);
    }

    /// Four vertices below one another, joined to the four before them.
    fn row(&mut self, x: f32, y: Rangef, colour: Color32, joined: bool) {
        let here = self.mesh.vertices.len() as u32;
        let vertex = |y: f32, colour| Vertex::untextured(pos2(x, y), colour);
        self.mesh.vertices.extend_from_slice(&[
            vertex(y.min - self.feather, Color32::TRANSPARENT),
            vertex(y.min + self.feather, colour),
            vertex(y.max - self.feather, colour),
            vertex(y.max + self.feather, Color32::TRANSPARENT),
        ]);
        if joined && here >= 4 {
            const SQUARES: [u32; 18] = [0, 1, 4, 1, 4, 5, 1, 2, 5, 2, 5, 6, 2, 3, 6, 3, 6, 7];
            self.mesh.indices.extend_from_slice(&SQUARES.map(|corner| here - 4 + corner));
        }
    }
}

/// The ink at `x`; beyond an end, as at that end.
fn at(edges: &[Edge], x: f32) -> Option<Rangef> {
    let after = edges.partition_point(|e| e.0 < x);
    let next = edges.get(after).or(edges.last())?;
    let before = after.checked_sub(1).and_then(|i| edges.get(i)).unwrap_or(next);
    let share = ((x - before.0) / (next.0 - before.0).max(1e-6)).clamp(0.0, 1.0);
    let between = |a: f32, b: f32| a + (b - a) * share;
    Some(Rangef::new(between(before.1.min, next.1.min), between(before.1.max, next.1.max)))
}

/// Where the ink lies from column to column. On a slope a line is taller than it is wide; neighbours reach half way
/// to each other, so that no flank has a hole. What is tall at one place alone (a step, a spike, the foot of a flank)
/// keeps to that place: towards a far neighbour the ink is as thin as the line to it, or it would be a wedge.
fn edges(columns: &[Column], width: f32, edges: &mut Vec<Edge>) {
    let half = width / 2.0;
    edges.clear();
    let flank = |from: &Column, to: &Column| {
        let (dx, dy) = ((to.x - from.x).max(1e-3), (to.first - from.last).abs());
        let slope = dy / dx;
        (half * (slope * slope + 1.0).sqrt()).min(half + dy / 2.0)
    };
    let mut before: Option<&Column> = None;
    let mut to_before = half;
    let mut rest = columns.iter().peekable();
    while let Some(column) = rest.next() {
        let after = rest.peek().copied();
        let (low, high) = (column.low.min(column.first), column.high.max(column.last));
        let tall = high - low > width;
        let (mut up, mut down) = (half, half);
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
        let ink = Rangef::new(low - up, high + down);
        // A spike between near neighbours would be a triangle whose tip may fall between two pixels: it is a column.
        let neighbours = [before, after];
        let beyond = |out: fn(&Column, [f32; 2]) -> bool| {
            neighbours.iter().flatten().all(|n| out(n, [low + width, high - width]))
        };
        let spike = tall && (beyond(|n, [low, _]| low < n.low) || beyond(|n, [_, high]| high > n.high));
        // A step between two levels likewise: it would be a wedge on either side, and half of each is between two pixels.
        let level = |neighbour: Option<&Column>, end: f32| {
            neighbour.is_none_or(|n| n.high - n.low <= width && (n.first - end).abs() <= width)
        };
        let step = tall && level(before, column.first) && level(after, column.last);
        let side = |neighbour: Option<&Column>| {
            let far = neighbour.map(|n| (n.x - column.x).abs())?;
            // Towards a far one as wide as the line, where it has become thin: see above.
            if far > NEAR { tall.then_some(half) } else { (spike || step).then_some((far / 2.0).min(0.5)) }
        };
        let [left, right] = neighbours.map(side);
        edges.extend(left.map(|left| (column.x - left, ink)));
        edges.push((column.x, ink));
        edges.extend(right.map(|right| (column.x + right, ink)));
        if after.is_some_and(|a| a.x - column.x > NEAR && (tall || reach > to_after + half)) {
            edges.push((column.x + half, Rangef::new(column.last - to_after, column.last + to_after)));
        }
        (before, to_before) = (Some(column), to_after);
    }
}

/// Stretches that are inked whatever the dashes: columns that are steep, and steep flanks between two of them.
fn steep(columns: &[Column]) -> Vec<Rangef> {
    let mut stretches: Vec<Rangef> = Vec::new();
    let mut take = |from: f32, to: f32| match stretches.last_mut() {
        Some(last) if from - last.max < NEXT => last.max = to,
        _ => stretches.push(Rangef::new(from, to)),
    };
    let mut before: Option<&Column> = None;
    for column in columns {
        if let Some(before) = before
            && column.x - before.x < NEXT
            && (column.first - before.last).abs() > STEEP
        {
            take(before.x, column.x);
        }
        if column.high - column.low > STEEP {
            take(column.x, column.x);
        }
        before = Some(column);
    }
    stretches
}

/// The dashes of a run, as far as they are seen: its first point may lie a year before the picture.
fn cut(columns: &[Column], dashes: Dashes, seen: Rangef) -> impl Iterator<Item = Rangef> {
    let Dashes { origin, dash, period } = dashes;
    let from = columns.first().map_or(f32::MAX, |c| c.x).max(seen.min - period);
    let to = columns.last().map_or(f32::MIN, |c| c.x).min(seen.max + period);
    let period = period.max(1.0);
    let first = ((from - origin) / period).floor();
    let count = ((to - from) / period).max(0.0) as u32 + 2;
    (0..count).filter_map(move |i| {
        let begin = origin + (first + i as f32) * period;
        let stretch = Rangef::new(begin.max(from), (begin + dash).min(to));
        (stretch.max > stretch.min).then_some(stretch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels<const N: usize>(places: [(f32, f32); N]) -> [Column; N] {
        places.map(|(x, y)| Column { x, first: y, low: y, high: y, last: y })
    }

    fn outline(columns: &[Column], width: f32) -> Vec<Edge> {
        let mut outline = Vec::new();
        edges(columns, width, &mut outline);
        outline
    }

    fn mesh(columns: &[Column], seen: Rangef) -> Mesh {
        let mut mesh = Mesh::default();
        let dashes = Dashes { origin: 0.0, dash: 4.0, period: 10.0 };
        Ink::new(&mut mesh, 0.5, seen).run(columns, Stroke::new(1.5, Color32::WHITE), Some(dashes));
        assert!(mesh.is_valid());
        mesh
    }

    /// Opaque places of a dashed run, from left to right.
    fn inked(columns: &[Column], seen: Rangef) -> Vec<(f32, Rangef)> {
        mesh(columns, seen)
            .vertices
            .chunks(4)
            .filter(|row| row[1].color == Color32::WHITE)
            .map(|row| (row[0].pos.x, Rangef::new(row[0].pos.y, row[3].pos.y)))
            .collect()
    }

    #[test]
    fn a_steep_flank_leaves_no_hole_in_the_ink() {
        let edges = outline(&levels([(0.0, 5.0), (1.0, 90.0)]), 1.0);
        assert!(edges[1].1.min <= edges[0].1.max);
    }

    #[test]
    fn a_step_after_a_long_level_is_upright_and_no_wedge() {
        let level = Column { x: 0.0, first: 50.0, low: 50.0, high: 50.0, last: 50.0 };
        let step = Column { x: 100.0, first: 50.0, low: 0.0, high: 50.0, last: 0.0 };
        let edges = outline(&[level, step], 1.0);
        let (x, y) = edges[1];
        assert!(x > 99.0 && y.span() < 1.01, "{edges:?}");
        // Wherever the middle of a pixel lies, all of the step is inked there.
        let tall: Vec<f32> = edges.iter().filter(|(_, y)| y.span() > 50.0).map(|(x, _)| *x).collect();
        assert_eq!(tall, [99.5, 100.0]);
    }

    #[test]
    fn a_level_before_a_steep_flank_is_no_wedge_and_no_higher_than_its_value() {
        let edges = outline(&levels([(0.0, 50.0), (100.0, 50.0), (101.2, 10.0)]), 2.0);
        let (x, y) = edges[1];
        assert!((99.0..100.0).contains(&x) && y.span() < 2.01, "{edges:?}");
        assert_eq!(edges[2].1.max, 51.0, "a line of width 2 ends half of it below its value");
    }

    #[test]
    fn a_level_line_has_ink_in_its_dashes_alone() {
        let places = inked(&levels([(0.0, 50.0), (30.0, 50.0)]), Rangef::new(0.0, 30.0));
        assert!(!places.is_empty());
        assert!(places.iter().all(|(x, _)| x.rem_euclid(10.0) < 4.0), "{places:?}");
        assert!((0..3).all(|dash| places.iter().any(|(x, _)| (x / 10.0) as i32 == dash)), "{places:?}");
    }

    #[test]
    fn a_spike_between_two_dashes_is_inked_to_its_tip_and_as_wide_as_the_line() {
        let mut columns = levels([(0.0, 50.0), (1.0, 50.0), (7.0, 50.0), (8.0, 50.0), (30.0, 50.0)]);
        columns[2].low = 3.0;
        let places = inked(&columns, Rangef::new(0.0, 30.0));
        let tip: Vec<f32> = places.iter().filter(|(_, y)| y.min < 3.0).map(|(x, _)| *x).collect();
        assert_eq!(
            (tip.first(), tip.last()),
            (Some(&6.75), Some(&7.25)),
            "with half a point that fades on either side"
        );
    }

    #[test]
    fn a_spike_between_near_neighbours_is_a_point_wide_up_to_its_tip() {
        let mut columns = levels([(0.0, 50.0), (1.1, 50.0), (2.3, 50.0), (3.4, 50.0)]);
        columns[2].high = 90.0;
        let edges = outline(&columns, 1.5);
        let tip: Vec<f32> = edges.iter().filter(|(_, y)| y.max > 90.0).map(|(x, _)| *x).collect();
        assert_eq!((tip.first(), tip.last()), (Some(&1.8), Some(&2.8)), "{edges:?}");
        assert!(edges.is_sorted_by(|a, b| a.0 <= b.0), "{edges:?}");
    }

    #[test]
    fn a_step_between_near_neighbours_is_as_tall_a_point_beside_it() {
        let mut columns = levels([(0.0, 50.0), (1.1, 50.0), (2.3, 50.0), (3.4, 90.0)]);
        (columns[2].high, columns[2].last) = (90.0, 90.0);
        let edges = outline(&columns, 1.5);
        let tall: Vec<f32> = edges.iter().filter(|(_, y)| y.span() > 40.0).map(|(x, _)| *x).collect();
        assert_eq!(tall, [1.8, 2.3, 2.8], "{edges:?}");
    }

    #[test]
    fn a_dash_that_begins_on_a_step_is_no_wedge() {
        let level = |x: f32, y: f32| Column { x, first: y, low: y, high: y, last: y };
        for at in [9.0, 9.5, 10.0, 10.5, 12.0, 13.5, 14.0, 14.5] {
            let step = Column { x: at, first: 50.0, low: 0.0, high: 50.0, last: 0.0 };
            let mesh = mesh(&[level(0.0, 50.0), step, level(30.0, 0.0)], Rangef::new(0.0, 30.0));
            let tip = mesh.vertices.iter().filter(|v| v.pos.y < 0.0).map(|v| v.pos.x).fold(f32::MAX, f32::min);
            assert!((tip - at).abs() < 1.3, "step at {at}: its tip is inked at {tip}");
            for corners in mesh.triangles() {
                let corners = corners.map(|i| mesh.vertices[i as usize].pos);
                let span = |along: fn(&eframe::egui::Pos2) -> f32| {
                    let places = corners.iter().map(along);
                    places.clone().fold(f32::MIN, f32::max) - places.fold(f32::MAX, f32::min)
                };
                assert!(span(|p| p.x) < 1.6 || span(|p| p.y) < 10.0, "step at {at}: {corners:?}");
            }
        }
    }

    #[test]
    fn a_point_a_year_ago_costs_no_more_than_one_at_the_edge() {
        let far = inked(&levels([(-3e9, 50.0), (200.0, 50.0)]), Rangef::new(0.0, 200.0));
        assert!(far.len() < 100, "{}", far.len());
        assert!(far.iter().any(|(x, _)| *x > 100.0));
    }
}
