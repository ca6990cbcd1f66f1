//! The axes of a trend: values at the left and at the right on one grid, time below in the plant's zone; and what
//! `egui_plot` needs to draw them.
//!
//! The plot's own space is microseconds since 1970 (exact in an `f64`) by values of the left axis. The right axis is
//! the left one under other numbers.

use super::super::index::AlarmIndex;
use super::Pen;
use crate::engine::Snapshot;
use crate::project::DataType;
use crate::time::{Span, Utc};
use crate::ui::fonts::{self, size};
use crate::ui::theme::Theme;
use crate::ui::widgets::scale::{Ticks, span_of};
use crate::ui::widgets::text;
use crate::ui::words;
use eframe::egui::{Color32, FontId, Painter, Rangef, Rect, pos2};
use egui_plot::{AxisHints, GridMark, HPlacement};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Widths of ticks on the time axis, in seconds.
const TIME_STEPS_SECS: [i64; 24] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
    604_800, 1_209_600, 2_592_000, 7_776_000,
];

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

fn font() -> FontId {
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
    pub fn new(pens: &[Pen<'_>], snapshot: &Snapshot, alarms: &AlarmIndex, from: Utc) -> Self {
        let hold = |right: bool| -> Option<[f64; 2]> {
            let own = pens.iter().filter(|p| p.right == right);
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
                let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
                for point in pen.tail.into_iter().flat_map(|t| t.pieces_since(from)).flatten() {
                    if !point.quality.is_bad() && point.value.is_finite() {
                        least = least.min(point.value);
                        greatest = greatest.max(point.value);
                    }
                }
                if least <= greatest {
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
const LINE_STEP: f32 = 1_000.0;
const LABEL_STEP: f32 = 40.0;
/// Marks of a smaller distance get no line.
pub const GRID_SPACING: Rangef = Rangef { min: 60.0, max: 61.0 };

fn styled<'a>(hints: AxisHints<'a>, theme: &Theme) -> AxisHints<'a> {
    hints.label_spacing(Rangef::new(1.0, 2.0)).tick_label_color(theme.muted).tick_label_font(font())
}

/// The time axis: its marks with their labels.
#[derive(Debug)]
pub struct TimeAxis {
    marks: Vec<(GridMark, String)>,
}

impl TimeAxis {
    /// Round instants of the plant's zone between `from` and `to`, as many as have room in `width`. A label that would
    /// stand over one of a value axis is left out; its line is not.
    pub fn new(painter: &Painter, width: f32, from: Utc, to: Utc, right: bool, zone: &jiff::tz::TimeZone) -> Self {
        let (step, with_seconds) = time_step((to - from).0 / 1_000_000, width);
        let per_point = (to - from).0.max(1) as f64 / f64::from(width.max(1.0));
        let label = |at: Utc| {
            if with_seconds {
                words::time_of_day(at, zone)
            } else if step >= 86_400 {
                words::day(at, zone)
            } else {
                words::hour_minute(at, zone)
            }
        };
        let marks = time_ticks(from, to, step, zone)
            .map(|at| {
                let label = label(at);
                let half = painter.layout_no_wrap(label.clone(), font(), Color32::PLACEHOLDER).size().x / 2.0;
                let x = ((at - from).0 as f64 / per_point) as f32;
                let fits = x - half >= -4.0 && x + half <= width + if right { 4.0 } else { 14.0 };
                let mark = GridMark { value: at.0 as f64, step_size: f64::from(LINE_STEP) * per_point };
                (mark, if fits { label } else { String::new() })
            })
            .collect();
        Self { marks }
    }

    /// Where its lines stand.
    pub fn marks(&self) -> Vec<GridMark> {
        self.marks.iter().map(|(mark, _)| *mark).collect()
    }

    /// For `egui_plot`, of this height.
    pub fn hints(&self, height: f32, theme: &Theme) -> AxisHints<'_> {
        let label = |mark: GridMark, _: &RangeInclusive<f64>| {
            self.marks.iter().find(|(m, _)| m.value == mark.value).map_or(String::new(), |(_, label)| label.clone())
        };
        styled(AxisHints::new_x(), theme).min_thickness(height).formatter(label)
    }
}

/// The time at the cursor, on top of its line.
pub fn paint_time(painter: &Painter, plot: Rect, x: f32, at: Utc, zone: &jiff::tz::TimeZone, theme: &Theme) {
    let galley = text::line(painter, words::time_of_day(at, zone), fonts::regular(size::SMALL), theme.text, 120.0);
    let left = (x - galley.size().x / 2.0).clamp(plot.left(), (plot.right() - galley.size().x - 16.0).max(plot.left()));
    painter.galley(pos2(left, plot.top() - galley.size().y - 1.0), galley, theme.text);
}

/// Seconds between ticks so that labels have room, and whether labels need seconds.
fn time_step(span_secs: i64, width: f32) -> (i64, bool) {
    let most = (width / 76.0).max(1.0);
    let step =
        TIME_STEPS_SECS.into_iter().find(|s| span_secs as f32 / *s as f32 <= most).unwrap_or(TIME_STEPS_SECS[23]);
    (step, step < 60)
}

/// Instants at whole steps of the local day, so that ticks of two hours stand at even hours wherever the plant is.
fn time_ticks(from: Utc, to: Utc, step_secs: i64, zone: &jiff::tz::TimeZone) -> impl Iterator<Item = Utc> {
    let offset =
        jiff::Timestamp::from_microsecond(to.0).map_or(0, |t| i64::from(zone.to_offset(t).seconds())) * 1_000_000;
    let step = step_secs.max(1) * 1_000_000;
    let first =
        (from.0 + offset).div_euclid(step) * step + if (from.0 + offset).rem_euclid(step) == 0 { 0 } else { step };
    (0..200).map(move |i| Utc(first - offset) + Span(step * i)).take_while(move |t| *t <= to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_time_stand_at_whole_steps_of_the_local_day() {
        let zone = jiff::tz::TimeZone::get("Asia/Kolkata").unwrap();
        let to = Utc::parse_rfc3339("2026-11-20T14:00:00+05:30").unwrap();
        let from = to + Span::from_secs(-8 * 3_600);
        let labels: Vec<String> = time_ticks(from, to, 7_200, &zone).map(|t| words::hour_minute(t, &zone)).collect();
        assert_eq!(labels, ["06:00", "08:00", "10:00", "12:00", "14:00"]);
    }

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

    #[test]
    fn short_spans_show_seconds_and_labels_have_room() {
        assert_eq!(time_step(60, 500.0), (10, true));
        assert_eq!(time_step(7_200, 420.0), (1_800, false));
        for span in [60, 600, 3_600, 86_400, 30 * 86_400] {
            let (step, _) = time_step(span, 400.0);
            assert!(400.0 * step as f32 / span as f32 >= 70.0, "{span}: {step}");
        }
    }
}
