//! The time axis: round instants of the plant's own clock and calendar, from milliseconds to years.
//!
//! Steps of a day and more stand at midnights, those over an hour at the zone's clock, those up to an hour at whole
//! elapsed ones, so that labels are true on both days that change the clock.

use super::axes::{LINE_STEP, font, styled};
use crate::historian::history::query::Grid;
use crate::time::{Span, Utc};
use crate::ui::fonts::{self, size};
use crate::ui::theme::Theme;
use crate::ui::widgets::text;
use crate::ui::words;
use eframe::egui::{Color32, Galley, Painter, Rect, pos2};
use egui_plot::{AxisHints, GridMark};
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Room for a label; one with milliseconds needs more.
const LABEL: f32 = 76.0;
const LONG_LABEL: f32 = 108.0;
/// More ticks than any plot has room for.
const MOST: usize = 200;

const MILLI: i64 = 1_000;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// From tick to tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Microseconds, up to days of the plant.
    Of(i64),
    /// Months of the calendar; twelve are a year.
    Months(i32),
}

const STEPS: [Step; 38] = [
    Step::Of(MILLI),
    Step::Of(2 * MILLI),
    Step::Of(5 * MILLI),
    Step::Of(10 * MILLI),
    Step::Of(20 * MILLI),
    Step::Of(50 * MILLI),
    Step::Of(100 * MILLI),
    Step::Of(200 * MILLI),
    Step::Of(500 * MILLI),
    Step::Of(SECOND),
    Step::Of(2 * SECOND),
    Step::Of(5 * SECOND),
    Step::Of(10 * SECOND),
    Step::Of(15 * SECOND),
    Step::Of(30 * SECOND),
    Step::Of(MINUTE),
    Step::Of(2 * MINUTE),
    Step::Of(5 * MINUTE),
    Step::Of(10 * MINUTE),
    Step::Of(20 * MINUTE),
    Step::Of(30 * MINUTE),
    Step::Of(HOUR),
    Step::Of(2 * HOUR),
    Step::Of(3 * HOUR),
    Step::Of(6 * HOUR),
    Step::Of(12 * HOUR),
    Step::Of(DAY),
    Step::Of(2 * DAY),
    Step::Of(7 * DAY),
    Step::Of(14 * DAY),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(24),
    Step::Months(60),
    Step::Months(120),
];

/// The time axis: its marks with their labels.
#[derive(Debug)]
pub struct TimeAxis {
    marks: Vec<(GridMark, String)>,
}

impl TimeAxis {
    /// Round instants of the plant's zone between `from` and `to`, as many as have room in `width`. A label that would
    /// stand over one of a value axis is left out; its line is not.
    pub fn new(painter: &Painter, width: f32, from: Utc, to: Utc, right: bool, zone: &TimeZone) -> Self {
        let step = Step::fitting(to - from, width);
        let per_point = (to - from).0.max(1) as f64 / f64::from(width.max(1.0));
        let marks = step
            .ticks(from, to, zone)
            .into_iter()
            .map(|at| {
                let label = step.label(at, zone);
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

impl Step {
    /// The shortest step whose labels have room.
    fn fitting(span: Span, width: f32) -> Self {
        let fits = |step: &Self| {
            let room = if step.micros() < SECOND { LONG_LABEL } else { LABEL };
            span.0 as f64 / step.micros() as f64 <= f64::from(width / room).max(1.0)
        };
        STEPS.into_iter().find(fits).unwrap_or(STEPS[STEPS.len() - 1])
    }

    /// About how long it is.
    const fn micros(self) -> i64 {
        match self {
            Self::Of(micros) => micros,
            Self::Months(months) => months as i64 * (30 * DAY + 10 * HOUR + 30 * MINUTE),
        }
    }

    /// Its instants in a time.
    fn ticks(self, from: Utc, to: Utc, zone: &TimeZone) -> Vec<Utc> {
        let mut ticks = Vec::new();
        match self {
            Self::Of(micros) => {
                let mut grid = Grid::in_zone(Span(micros), zone.clone());
                let (begin, end) = grid.around(from);
                let mut at = if begin < from { end } else { begin };
                while at <= to && ticks.len() < MOST {
                    ticks.push(at);
                    at = grid.around(at).1;
                }
            }
            Self::Months(months) => {
                let Ok(begin) = Timestamp::from_microsecond(from.0) else { return ticks };
                let begin = begin.to_zoned(zone.clone());
                let mut month =
                    (i32::from(begin.year()) * 12 + i32::from(begin.month()) - 1).div_euclid(months) * months;
                while ticks.len() < MOST {
                    let Some(at) = first_of(month, zone).filter(|at| *at <= to) else { break };
                    if at >= from {
                        ticks.push(at);
                    }
                    month += months;
                }
            }
        }
        ticks
    }

    /// What stands below a tick. A midnight among hours bears its day.
    fn label(self, at: Utc, zone: &TimeZone) -> String {
        match self {
            Self::Of(micros) if micros < SECOND => words::time_with_millis(at, zone),
            Self::Of(micros) if micros < MINUTE => words::time_of_day(at, zone),
            Self::Of(micros) if micros < DAY => {
                let midnight = Grid::in_zone(Span(DAY), zone.clone()).around(at).0 == at;
                if midnight { words::day(at, zone) } else { words::hour_minute(at, zone) }
            }
            Self::Of(_) => words::day(at, zone),
            Self::Months(months) if months < 12 => words::month(at, zone),
            Self::Months(_) => words::year(at, zone),
        }
    }
}

/// The first instant of a month, counted from the year 0.
fn first_of(month: i32, zone: &TimeZone) -> Option<Utc> {
    let (year, month) = (i16::try_from(month.div_euclid(12)).ok()?, month.rem_euclid(12) as i8 + 1);
    if !(1..=9_998).contains(&year) {
        return None;
    }
    Some(Utc(date(year, month, 1).to_zoned(zone.clone()).ok()?.timestamp().as_microsecond()))
}

/// The time at a cursor, on top of its line.
pub fn place_time(painter: &Painter, plot: Rect, x: f32, words: String, colour: Color32) -> (Arc<Galley>, Rect) {
    let galley = text::line(painter, words, fonts::regular(size::SMALL), colour, 180.0);
    let left = (x - galley.size().x / 2.0).clamp(plot.left(), (plot.right() - galley.size().x - 16.0).max(plot.left()));
    let place = Rect::from_min_size(pos2(left, plot.top() - galley.size().y - 1.0), galley.size());
    (galley, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(zone: &str, from: &str, to: &str, width: f32) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let (from, to) = (Utc::parse_rfc3339(from).unwrap(), Utc::parse_rfc3339(to).unwrap());
        let step = Step::fitting(to - from, width);
        step.ticks(from, to, &zone).into_iter().map(|at| step.label(at, &zone)).collect()
    }

    #[test]
    fn ticks_stand_at_whole_steps_of_the_local_day_and_midnight_bears_its_date() {
        let told = labels("Asia/Kolkata", "2026-11-20T06:00:00+05:30", "2026-11-20T14:00:00+05:30", 400.0);
        assert_eq!(told, ["06:00", "08:00", "10:00", "12:00", "14:00"]);
        let told = labels("Asia/Kolkata", "2026-11-20T18:00:00+05:30", "2026-11-21T06:00:00+05:30", 400.0);
        assert_eq!(told, ["18:00", "21:00", "21 Nov", "03:00", "06:00"]);
    }

    #[test]
    fn the_days_that_change_the_clock_are_labelled_as_the_clock_reads() {
        let amsterdam = "Europe/Amsterdam";
        let spring = labels(amsterdam, "2026-03-28T22:00:00Z", "2026-03-29T06:00:00Z", 700.0);
        assert_eq!(spring, ["23:00", "29 Mar", "01:00", "03:00", "04:00", "05:00", "06:00", "07:00", "08:00"]);
        let autumn = labels(amsterdam, "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z", 400.0);
        assert_eq!(autumn, ["01:00", "02:00 +02:00", "02:00 +01:00", "03:00", "04:00"]);
        // Whole days stand at midnight on either side, be the day 23 or 25 hours long.
        let york = labels("America/New_York", "2026-10-30T04:00:00Z", "2026-11-03T05:00:00Z", 400.0);
        assert_eq!(york, ["30 Oct", "31 Oct", "1 Nov", "2 Nov", "3 Nov"]);
    }

    #[test]
    fn labels_go_from_milliseconds_to_years() {
        let utc = |from, to| labels("UTC", from, to, 330.0);
        assert_eq!(
            utc("2026-11-20T14:00:00Z", "2026-11-20T14:00:00.060Z"),
            ["14:00:00.000", "14:00:00.020", "14:00:00.040", "14:00:00.060"]
        );
        assert_eq!(utc("2026-11-20T14:00:00Z", "2026-11-20T14:00:30Z").last().unwrap(), "14:00:30");
        assert_eq!(
            utc("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ["Jan 2026", "Apr 2026", "Jul 2026", "Oct 2026", "Jan 2027"]
        );
        assert_eq!(utc("2016-11-20T00:00:00Z", "2026-11-20T00:00:00Z"), ["2020", "2025"]);
    }

    #[test]
    fn labels_have_room_at_every_span() {
        for power in 0..200 {
            let micros = (60_000.0 * 1.1_f64.powi(power)).min(10.0 * 366.0 * DAY as f64);
            let step = Step::fitting(Span(micros as i64), 400.0);
            assert!(400.0 * step.micros() as f64 / micros >= 75.0, "{micros}: {step:?}");
        }
    }
}
