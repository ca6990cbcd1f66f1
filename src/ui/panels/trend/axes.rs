//! The axes of a trend: values at the left and at the right on one grid, time below in the plant's zone.

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
use eframe::egui::{Align2, Painter, Rect, Stroke, StrokeKind, pos2, vec2};
use std::collections::BTreeMap;

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
enum Axis {
    Numbers(Ticks),
    States(Vec<(f64, String)>),
}

impl Axis {
    fn span(&self) -> [f64; 2] {
        match self {
            Self::Numbers(ticks) => [ticks.low, ticks.at(ticks.count)],
            // Air above and below, so that no state lies on the frame.
            Self::States(states) => {
                let (low, high) = (states.first().map_or(0.0, |s| s.0), states.last().map_or(1.0, |s| s.0));
                let air = (high - low).max(1.0) * 0.12;
                [low - air, high + air]
            }
        }
    }

    /// Its numbers or words with their places.
    fn labels(&self) -> Vec<(f64, String)> {
        match self {
            Self::Numbers(ticks) => {
                (0..=ticks.count).map(|i| (ticks.at(i), words::number(ticks.at(i), Some(ticks.decimals())))).collect()
            }
            Self::States(states) => states.clone(),
        }
    }

    fn label_width(&self) -> f32 {
        let signs = self.labels().iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0);
        (signs as f32 * size::SMALL * 0.62 + 8.0).min(90.0)
    }
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
    (!words_of.is_empty()).then(|| Axis::States(words_of.into_iter().map(|(s, w)| (s as f64, w)).collect()))
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
                let good = pen
                    .tail
                    .into_iter()
                    .flat_map(|t| t.since(from))
                    .filter(|p| !p.quality.is_bad() && p.value.is_finite());
                let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
                for point in good {
                    least = least.min(point.value);
                    greatest = greatest.max(point.value);
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
            left.map(|[low, high]| states(pens, false).unwrap_or_else(|| Axis::Numbers(Ticks::new(low, high, 5))));
        let right = right.map(|[low, high]| {
            states(pens, true).unwrap_or_else(|| match &left {
                Some(Axis::Numbers(left)) => Axis::Numbers(Ticks::exactly(low, high, left.count)),
                _ => Axis::Numbers(Ticks::new(low, high, 5)),
            })
        });
        Self { left, right }
    }

    /// Ends of an axis.
    pub fn span(&self, right: bool) -> [f64; 2] {
        let axis = if right { &self.right } else { &self.left };
        axis.as_ref().map_or([0.0, 1.0], Axis::span)
    }

    /// Room for the numbers at the left.
    pub fn left_width(&self) -> f32 {
        self.left.as_ref().map_or(6.0, Axis::label_width)
    }

    /// Room for the numbers at the right.
    pub fn right_width(&self) -> f32 {
        self.right.as_ref().map_or(14.0, Axis::label_width)
    }

    /// Grid, frame and numbers around `plot`.
    pub fn paint(&self, painter: &Painter, plot: Rect, from: Utc, to: Utc, zone: &jiff::tz::TimeZone, theme: &Theme) {
        let grid = Stroke::new(1.0, theme.line);
        for (axis, is_right) in [(&self.left, false), (&self.right, true)] {
            let Some(axis) = axis else { continue };
            let ([low, high], labels) = (axis.span(), axis.labels());
            // Labels closer than a line and a half of text would not be told apart.
            let every = (labels.len() as f32 * size::SMALL * 1.6 / plot.height().max(1.0)).ceil().max(1.0) as usize;
            for (value, label) in labels.iter().step_by(every) {
                let y = plot.bottom() - plot.height() * ((value - low) / (high - low)) as f32;
                // The grid is the left axis's; the right one shares it, or stands alone.
                if !is_right || self.left.is_none() {
                    painter.hline(plot.x_range(), y.round() + 0.5, grid);
                }
                let width = axis.label_width();
                let (x, align) = if is_right {
                    (plot.right() + 6.0, Align2::LEFT_CENTER)
                } else {
                    (plot.left() - 6.0 - width, Align2::RIGHT_CENTER)
                };
                let place = Rect::from_min_size(pos2(x, y - 8.0), vec2(width, 16.0));
                text::paint(painter, place, align, label.as_str(), fonts::regular(size::SMALL), theme.muted);
            }
        }
        let (step, with_seconds) = time_step((to - from).0 / 1_000_000, plot.width());
        for at in time_ticks(from, to, step, zone) {
            let share = (at - from).0 as f64 / (to - from).0.max(1) as f64;
            let x = (plot.left() + plot.width() * share as f32).round() + 0.5;
            painter.vline(x, plot.y_range(), grid);
            let label = if with_seconds {
                words::time_of_day(at, zone)
            } else if step >= 86_400 {
                words::day(at, zone)
            } else {
                words::hour_minute(at, zone)
            };
            let galley = text::line(painter, label, fonts::regular(size::SMALL), theme.muted, 90.0);
            // A label at the edge leans inwards rather than over the axis of the other side.
            let left = (x - galley.size().x / 2.0).min(plot.right() + 14.0 - galley.size().x).max(plot.left() - 14.0);
            painter.galley(pos2(left, plot.bottom() + 3.0), galley, theme.muted);
        }
        painter.rect_stroke(plot, 0.0, grid, StrokeKind::Middle);
    }
}

/// The cursor: a line over the whole plot with its time on top.
pub fn paint_cursor(painter: &Painter, plot: Rect, x: f32, at: Utc, zone: &jiff::tz::TimeZone, theme: &Theme) {
    painter.vline(x.round() + 0.5, plot.y_range(), Stroke::new(1.0, theme.text));
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
    fn short_spans_show_seconds_and_labels_have_room() {
        assert_eq!(time_step(60, 500.0), (10, true));
        assert_eq!(time_step(7_200, 420.0), (1_800, false));
        for span in [60, 600, 3_600, 86_400, 30 * 86_400] {
            let (step, _) = time_step(span, 400.0);
            assert!(400.0 * step as f32 / span as f32 >= 70.0, "{span}: {step}");
        }
    }
}
