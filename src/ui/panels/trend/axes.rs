//! The axes of values of a trend, at the left and at the right on one grid, and what `egui_plot` needs to draw them.
//!
//! The plot's own space is microseconds since 1970 (exact in an `f64`) by values of the left axis. The right axis is
//! the left one under other numbers.

use super::super::index::AlarmIndex;
use super::Pen;
use crate::engine::Snapshot;
use crate::project::DataType;
use crate::time::Utc;
use crate::ui::fonts::{self, size};
use crate::ui::theme::Theme;
use crate::ui::widgets::scale::{Ticks, span_of};
use crate::ui::words;
use eframe::egui::{Color32, FontId, Painter, Rangef};
use egui_plot::{AxisHints, GridMark, HPlacement};
use std::collections::BTreeMap;

/// Both value axes.
#[derive(Debug, Clone)]
pub struct Axes {
    left: Option<Axis>,
    right: Option<Axis>,
}

/// One axis: round numbers, or the words of states.
#[derive(Debug, Clone)]
struct Axis {
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
            span: [ticks.low, ticks.at(ticks.count)],
            steps: Some(ticks.count),
            labels: (0..=ticks.count).map(label).collect(),
        }
    }

    fn states(labels: Vec<(f64, String)>) -> Self {
        // Air above and below, so that no state lies on the frame.
        let (low, high) = (labels.first().map_or(0.0, |s| s.0), labels.last().map_or(1.0, |s| s.0));
        let air = (high - low).max(1.0) * 0.12;
        Self { span: [low - air, high + air], steps: None, labels }
    }

    /// As wide as its widest label with the margins that `egui_plot` leaves, so that the plot never moves for them.
    fn width(&self, painter: &Painter) -> f32 {
        let width = |label: &str| painter.layout_no_wrap(label.to_owned(), font(), Color32::PLACEHOLDER).size().x;
        self.labels.iter().map(|(_, label)| width(label)).fold(0.0, f32::max).ceil() + 8.0
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

/// The words of the states that all these pens have; `None` where one of them is a number.
fn states(pens: &[Pen<'_>], right: bool) -> Option<Axis> {
    let mut words_of: BTreeMap<i64, String> = BTreeMap::new();
    for pen in pens.iter().filter(|p| p.right == right) {
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

impl Axes {
    /// Axes that hold the ranges of their pens, and their values where these go beyond or no range is written.
    pub fn new(
        pens: &[Pen<'_>],
        snapshot: &Snapshot,
        alarms: &AlarmIndex,
        [from, to]: [Utc; 2],
        earlier: Option<[Utc; 2]>,
    ) -> Self {
        let all_hidden = pens.iter().all(|p| p.hidden);
        let hold = |right: bool| -> Option<[f64; 2]> {
            let own = pens.iter().filter(|p| p.right == right && (!p.hidden || all_hidden));
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
        let (left, right) = (hold(false), hold(true));
        let left =
            left.map(|[low, high]| states(pens, false).unwrap_or_else(|| Axis::numbers(&Ticks::new(low, high, 5))));
        let right = right.map(|[low, high]| {
            states(pens, true).unwrap_or_else(|| match left.as_ref().and_then(|l| l.steps) {
                Some(steps) => Axis::numbers(&Ticks::exactly(low, high, steps)),
                None => Axis::numbers(&Ticks::new(low, high, 5)),
            })
        });
        Self { left, right }
    }

    /// Two axes of numbers.
    #[cfg(test)]
    pub fn of(left: [f64; 2], right: [f64; 2]) -> Self {
        let [left, right] = [left, right].map(|[low, high]| Some(Axis::numbers(&Ticks::exactly(low, high, 5))));
        Self { left, right }
    }

    /// Ends of an axis.
    pub fn span(&self, right: bool) -> [f64; 2] {
        let axis = if right { &self.right } else { &self.left };
        axis.as_ref().map_or([0.0, 1.0], |a| a.span)
    }

    /// Room for the numbers at the left and at the right.
    pub fn widths(&self, painter: &Painter) -> [f32; 2] {
        [&self.left, &self.right].map(|axis| axis.as_ref().map_or(0.0, |a| a.width(painter)))
    }

    /// Axes of values for `egui_plot`, of these widths.
    pub fn hints<'a>(&'a self, [left, right]: [f32; 2], theme: &Theme) -> Vec<AxisHints<'a>> {
        let base = self.span(false);
        let both = [(&self.left, left, HPlacement::Left), (&self.right, right, HPlacement::Right)];
        both.into_iter()
            .filter_map(|(axis, width, placement)| {
                let axis = axis.as_ref()?;
                let hints = styled(AxisHints::new_y(), theme).placement(placement).min_thickness(width);
                Some(hints.formatter(move |mark, _| {
                    let value = rescale(mark.value, base, axis.span);
                    let near = (axis.span[1] - axis.span[0]) * NEAR;
                    axis.labels.iter().find(|(at, _)| (at - value).abs() < near).map_or(String::new(), |l| l.1.clone())
                }))
            })
            .collect()
    }

    /// Where labels of values stand. The grid is the left axis's; the right one shares it, or stands alone.
    pub fn marks(&self, height: f32) -> Vec<GridMark> {
        let base = self.span(false);
        let per_point = (base[1] - base[0]) / f64::from(height.max(1.0));
        let mut marks: Vec<GridMark> = Vec::new();
        for axis in [&self.left, &self.right].into_iter().flatten() {
            let points = if marks.is_empty() { LINE_STEP } else { LABEL_STEP };
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
        let axes = Axes { right: Some(states), ..Axes::of([0.0, 100.0], [0.0, 1.0]) };
        let lines = |m: &&GridMark| m.step_size * 2.0 > f64::from(GRID_SPACING.min);
        let marks = axes.marks(200.0);
        assert_eq!((marks.len(), marks.iter().filter(lines).count()), (8, 6));
    }
}
