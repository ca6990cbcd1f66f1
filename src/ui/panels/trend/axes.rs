//! The axes of values of a trend, at the left and at the right on one grid, and what `egui_plot` needs to draw them.
//!
//! Each side has an axis for every unit of its pens, so that no two units share a scale. The plot's own space is
//! microseconds since 1970 (exact in an `f64`) by values of the base axis, the first one at the left; every other axis is
//! the base under other numbers.

use super::super::index::AlarmIndex;
use super::Pen;
use crate::engine::Snapshot;
use crate::project::DataType;
use crate::time::Utc;
use crate::ui::fonts::{self, size};
use crate::ui::theme::Theme;
use crate::ui::widgets::scale::{Ticks, span_of};
use crate::ui::widgets::{Reading, text};
use crate::ui::words;
use eframe::egui::{Align2, Color32, FontId, Painter, Rangef, Rect};
use egui_plot::{AxisHints, GridMark, HPlacement};
use std::collections::BTreeMap;

/// The value axes.
#[derive(Debug, Clone)]
pub struct Axes {
    /// By the number that [`Axes::place`] gave their pens; `None`: all of its pens are hidden.
    axes: Vec<Option<Axis>>,
    /// The one with the grid.
    base: Option<usize>,
}

/// Axes on one side, at most; further units share the last.
const MOST: usize = 3;

/// One axis: round numbers, or the words of states.
#[derive(Debug, Clone)]
struct Axis {
    right: bool,
    unit: String,
    span: [f64; 2],
    /// Steps from end to end; `None`: states.
    steps: Option<u32>,
    /// Its numbers or words with their places.
    labels: Vec<(f64, String)>,
}

impl Axis {
    fn numbers(ticks: &Ticks) -> Self {
        let label = |i| (ticks.at(i), words::number(ticks.at(i), Some(ticks.decimals())));
        Self {
            right: false,
            unit: String::new(),
            span: [ticks.low, ticks.at(ticks.count)],
            steps: Some(ticks.count),
            labels: (0..=ticks.count).map(label).collect(),
        }
    }

    fn states(labels: Vec<(f64, String)>) -> Self {
        // Air above and below, so that no state lies on the frame.
        let (low, high) = (labels.first().map_or(0.0, |s| s.0), labels.last().map_or(1.0, |s| s.0));
        let air = (high - low).max(1.0) * 0.12;
        Self { right: false, unit: String::new(), span: [low - air, high + air], steps: None, labels }
    }

    /// As wide as its widest label with the margins that `egui_plot` leaves, so that the plot never moves for them.
    fn width(&self, painter: &Painter, headed: bool) -> f32 {
        let width = |label: &str| painter.layout_no_wrap(label.to_owned(), font(), Color32::PLACEHOLDER).size().x;
        let head = if headed { width(&self.unit) } else { 0.0 };
        self.labels.iter().map(|(_, label)| width(label)).fold(head, f32::max).ceil() + 8.0
    }

    /// Labels closer than a line and a half of text would not be told apart.
    fn thinned(&self, height: f32) -> impl Iterator<Item = &(f64, String)> {
        let every = (self.labels.len() as f32 * size::SMALL * 1.6 / height.max(1.0)).ceil().max(1.0) as usize;
        self.labels.iter().step_by(every)
    }
}

pub fn font() -> FontId {
    fonts::regular(size::SMALL)
}

/// From one span to another, end to end.
fn rescale(value: f64, [low, high]: [f64; 2], [to_low, to_high]: [f64; 2]) -> f64 {
    to_low + (value - low) / (high - low) * (to_high - to_low)
}

/// The words of the states that all pens of an axis have; `None` where one of them is a number.
fn states(pens: &[Pen<'_>], axis: usize) -> Option<Axis> {
    let mut words_of: BTreeMap<i64, String> = BTreeMap::new();
    for pen in pens.iter().filter(|p| p.axis == axis) {
        let tag = pen.reading.as_ref().filter(|_| pen.steps)?.tag;
        let own: Vec<(i64, String)> = match (tag.data_type, tag.labels.0.is_empty()) {
            (DataType::Bool, true) => vec![(0, words::say::OFF.to_owned()), (1, words::say::ON.to_owned())],
            _ => tag.labels.0.clone(),
        };
        for (state, word) in own {
            let said = words_of.entry(state).or_insert_with(|| word.clone());
            if *said != word {
                *said = state.to_string();
            }
        }
    }
    (!words_of.is_empty()).then(|| Axis::states(words_of.into_iter().map(|(s, w)| (s as f64, w)).collect()))
}

/// Room that axes take.
#[derive(Debug, Clone, Default)]
pub struct Widths {
    each: Vec<f32>,
    /// Of all at the left.
    pub left: f32,
    /// Of all at the right.
    pub right: f32,
}

impl Axes {
    /// Gives every pen the number of its axis: one for each unit on each side, states apart from numbers.
    pub fn place<'a>(pens: &mut [Pen<'a>]) {
        let mut axes: Vec<(bool, Option<Kind<'a>>)> = Vec::new();
        for pen in pens {
            let kind = pen.reading.as_ref().map(|r| Kind::of(r, pen.steps));
            let own = |(right, other): &(bool, Option<Kind<'a>>)| {
                *right == pen.right && (kind.is_none() || other.is_none() || *other == kind)
            };
            let last = || (0..axes.len()).rfind(|i| axes[*i].0 == pen.right);
            let full = axes.iter().filter(|(right, _)| *right == pen.right).count() >= MOST;
            pen.axis = match axes.iter().position(own).or_else(|| last().filter(|_| full)) {
                Some(axis) => axis,
                None => axes.len(),
            };
            match axes.get_mut(pen.axis) {
                Some((_, known)) => *known = known.take().or(kind),
                None => axes.push((pen.right, kind)),
            }
        }
    }

    /// Axes that hold the ranges of their pens, and their values where these go beyond or no range is written.
    pub fn new(
        pens: &[Pen<'_>],
        snapshot: &Snapshot,
        alarms: &AlarmIndex,
        [from, to]: [Utc; 2],
        earlier: Option<[Utc; 2]>,
    ) -> Self {
        let all_hidden = pens.iter().all(|p| p.hidden);
        let hold = |axis: usize| -> Option<[f64; 2]> {
            let own = pens.iter().filter(|p| p.axis == axis && (!p.hidden || all_hidden));
            let (mut any, mut low, mut high) = (false, f64::INFINITY, f64::NEG_INFINITY);
            let mut loose = Vec::new();
            for pen in own {
                any = true;
                let range = pen.reading.as_ref().and_then(|r| r.tag.range).filter(|[low, high]| low < high);
                if let Some([a, b]) = range {
                    (low, high) = (low.min(a), high.max(b));
                } else {
                    loose.extend(pen.id.into_iter().flat_map(|id| alarms.limits(snapshot, id)).map(|l| l.value));
                }
                let twin = pen.twin.zip(earlier).and_then(|((known, _), [from, to])| known.extent(from, to));
                let both = pen.known.extent(from, to).into_iter().chain(twin);
                if let Some([least, greatest]) = both.reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])]) {
                    if range.is_some() {
                        (low, high) = (low.min(least), high.max(greatest));
                    } else {
                        loose.extend([least, greatest]);
                    }
                }
            }
            if !loose.is_empty() || low > high {
                let [a, b] = span_of(loose.into_iter());
                (low, high) = (low.min(a), high.max(b));
            }
            any.then_some([low, high])
        };
        let count = pens.iter().map(|p| p.axis + 1).max().unwrap_or(0);
        let spans: Vec<Option<[f64; 2]>> = (0..count).map(hold).collect();
        let of = |axis: usize| pens.iter().find(|p| p.axis == axis);
        let shown = || (0..count).filter(|axis| spans[*axis].is_some());
        let base = shown().find(|axis| of(*axis).is_some_and(|p| !p.right)).or_else(|| shown().next());
        let axis = |axis: usize, steps: Option<u32>| -> Option<Axis> {
            let [low, high] = spans[axis]?;
            let ticks = || steps.map_or_else(|| Ticks::new(low, high, 5), |steps| Ticks::exactly(low, high, steps));
            let made = states(pens, axis).unwrap_or_else(|| Axis::numbers(&ticks()));
            let own = pens.iter().filter(|p| p.axis == axis && made.steps.is_some());
            let mut units: Vec<&str> = own.filter_map(|p| Some(p.reading.as_ref()?.tag.unit.as_str())).collect();
            units.dedup();
            units.retain(|unit| !unit.is_empty());
            Some(Axis { right: of(axis)?.right, unit: units.join(", "), ..made })
        };
        let first = base.and_then(|base| axis(base, None));
        let steps = first.as_ref().and_then(|a| a.steps);
        let axes = (0..count).map(|i| if Some(i) == base { first.clone() } else { axis(i, steps) }).collect();
        Self { axes, base }
    }

    /// Two axes of numbers.
    #[cfg(test)]
    pub fn of(left: [f64; 2], right: [f64; 2]) -> Self {
        let [left, right] = [left, right].map(|[low, high]| Axis::numbers(&Ticks::exactly(low, high, 5)));
        Self { axes: vec![Some(left), Some(Axis { right: true, ..right })], base: Some(0) }
    }

    /// Ends of the base axis, which is the plot's own space.
    pub fn base(&self) -> [f64; 2] {
        self.base.map_or([0.0, 1.0], |base| self.span(base))
    }

    /// Ends of an axis.
    pub fn span(&self, axis: usize) -> [f64; 2] {
        self.axes.get(axis).and_then(Option::as_ref).map_or([0.0, 1.0], |a| a.span)
    }

    /// Whether axes have their units above them: where there is more than one.
    pub fn have_heads(&self) -> bool {
        self.axes.iter().flatten().count() > 1 && self.axes.iter().flatten().any(|a| !a.unit.is_empty())
    }

    /// Room for the numbers at the left and at the right.
    pub fn widths(&self, painter: &Painter) -> Widths {
        let headed = self.have_heads();
        let mut widths = Widths::default();
        for axis in &self.axes {
            let width = axis.as_ref().map_or(0.0, |a| a.width(painter, headed));
            match axis {
                Some(axis) if axis.right => widths.right += width,
                _ => widths.left += width,
            }
            widths.each.push(width);
        }
        widths
    }

    /// Axes of values for `egui_plot`, of these widths; the first of a side is nearest to the plot.
    pub fn hints<'a>(&'a self, widths: &Widths, theme: &Theme) -> Vec<AxisHints<'a>> {
        let base = self.base();
        self.axes
            .iter()
            .zip(&widths.each)
            .filter_map(|(axis, width)| {
                let axis = axis.as_ref()?;
                let placement = if axis.right { HPlacement::Right } else { HPlacement::Left };
                let hints = styled(AxisHints::new_y(), theme).placement(placement).min_thickness(*width);
                Some(hints.formatter(move |mark, _| {
                    let value = rescale(mark.value, base, axis.span);
                    let near = (axis.span[1] - axis.span[0]) * NEAR;
                    axis.labels.iter().find(|(at, _)| (at - value).abs() < near).map_or(String::new(), |l| l.1.clone())
                }))
            })
            .collect()
    }

    /// Paints the units above their axes.
    pub fn paint_heads(&self, painter: &Painter, plot: Rect, widths: &Widths, theme: &Theme) {
        if !self.have_heads() {
            return;
        }
        let (mut left, mut right) = (plot.left(), plot.right());
        for (axis, width) in self.axes.iter().zip(&widths.each) {
            let Some(axis) = axis else { continue };
            let (range, align) = if axis.right {
                right += width;
                (right - width + 4.0..=right, Align2::LEFT_CENTER)
            } else {
                left -= width;
                (left..=left + width - 4.0, Align2::RIGHT_CENTER)
            };
            let row = Rect::from_x_y_ranges(range, plot.top() - HEADS..=plot.top() - HEADS + size::SMALL * 1.2);
            text::paint(painter, row, align, axis.unit.as_str(), font(), theme.muted);
        }
    }

    /// Where labels of values stand. The grid is the base axis's; the others share it, or stand alone.
    pub fn marks(&self, height: f32) -> Vec<GridMark> {
        let base = self.base();
        let per_point = (base[1] - base[0]) / f64::from(height.max(1.0));
        let mut marks: Vec<GridMark> = Vec::new();
        let order = self.base.into_iter().chain((0..self.axes.len()).filter(|i| Some(*i) != self.base));
        for (place, axis) in order.filter_map(|i| self.axes.get(i)?.as_ref()).enumerate() {
            let points = if place == 0 { LINE_STEP } else { LABEL_STEP };
            for (at, _) in axis.thinned(height) {
                let value = rescale(*at, axis.span, base);
                if marks.iter().all(|m| (m.value - value).abs() > (base[1] - base[0]) * NEAR) {
                    marks.push(GridMark { value, step_size: f64::from(points) * per_point });
                }
            }
        }
        marks
    }
}

/// What pens of one axis have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind<'a> {
    /// Words of states.
    States,
    /// Numbers of one unit.
    Numbers(&'a str),
}

impl<'a> Kind<'a> {
    /// Of a pen.
    pub fn of(reading: &Reading<'a>, steps: bool) -> Self {
        if steps { Self::States } else { Self::Numbers(&reading.tag.unit) }
    }
}

/// From the top of the plot up to the units above the axes; their text is 11 points high.
pub const HEADS: f32 = 20.0;

/// Values nearer than this share of an axis are one.
const NEAR: f64 = 1e-6;

/// What `egui_plot` is told of the distance of marks decides what it draws: a line and a label, or a label alone.
pub const LINE_STEP: f32 = 1_000.0;
const LABEL_STEP: f32 = 40.0;
/// Marks of a smaller distance get no line.
pub const GRID_SPACING: Rangef = Rangef { min: 60.0, max: 61.0 };

pub fn styled<'a>(hints: AxisHints<'a>, theme: &Theme) -> AxisHints<'a> {
    hints.label_spacing(Rangef::new(1.0, 2.0)).tick_label_color(theme.muted).tick_label_font(font())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_axes_share_the_lines_of_the_left_one() {
        let axes = Axes::of([0.0, 100.0], [0.0, 500.0]);
        let marks = axes.marks(200.0);
        assert_eq!(marks.iter().map(|m| m.value).collect::<Vec<_>>(), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
    }

    #[test]
    fn a_label_that_only_the_right_axis_has_gets_no_line() {
        let states = Axis::states(vec![(0.0, "Off".to_owned()), (1.0, "On".to_owned())]);
        let mut axes = Axes::of([0.0, 100.0], [0.0, 1.0]);
        axes.axes[1] = Some(Axis { right: true, ..states });
        let lines = |m: &&GridMark| m.step_size * 2.0 > f64::from(GRID_SPACING.min);
        let marks = axes.marks(200.0);
        assert_eq!((marks.len(), marks.iter().filter(lines).count()), (8, 6));
    }
}
