//! Below the time axis: where a pen has no value, why, and how long.

use super::super::Cx;
use super::{LANE, LANES, Pen, TIME_AXIS};
use crate::engine::Quality;
use crate::time::Utc;
use crate::ui::fonts::{self, size};
use crate::ui::past::gap_at;
use crate::ui::widgets::pen::{self, Trace, View};
use crate::ui::widgets::{hatch, tell, text};
use crate::ui::words;
use eframe::egui::{Align2, Rect, Role, Sense, Stroke, StrokeKind, Ui};
use std::fmt::Write as _;
use std::sync::Arc;

/// A stretch without a value, with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    from: Utc,
    /// `None`: it lasts.
    to: Option<Utc>,
    quality: Quality,
    detail: Option<Arc<str>>,
}

impl Told {
    /// What is known of a gap that was drawn, at this instant within it.
    pub fn new(pen: &Pen<'_>, drawn: &pen::Gap, at: Utc, now: Utc) -> Self {
        let mut told = Self { from: drawn.from, to: Some(drawn.to), quality: drawn.quality, detail: None };
        // The historian knows when it began and ended, where the picture has pixels alone.
        if let Some(gap) = gap_at(&pen.known, at).or_else(|| gap_at(&pen.known, drawn.from)) {
            told = Self { from: gap.from, to: Some(gap.to), quality: gap.quality, detail: gap.detail.clone() };
            if gap.to >= pen.known.recorded_to && gap.quality == drawn.quality {
                told.to = Some(drawn.to.max(gap.to));
            }
        }
        if told.to.is_some_and(|to| to >= now) {
            told.to = None;
            let reading = pen.reading.as_ref().filter(|r| r.quality == told.quality);
            told.detail = told.detail.or_else(|| reading.and_then(|r| r.view.detail.clone()));
        }
        told
    }

    /// What is known of gaps that follow each other without a value between them: as one, of the whole length, with the
    /// reason that lasted longest. A device that is back makes its tags wait for a moment; that is not why they had none.
    fn of_run(pen: &Pen<'_>, run: &[pen::Gap], now: Utc) -> Option<Self> {
        let drawn = Self {
            from: run.first()?.from,
            to: Some(run.last()?.to),
            quality: run.iter().max_by_key(|gap| gap.to - gap.from)?.quality,
            detail: None,
        };
        let (from, to) = (drawn.from, run.last()?.to);
        let recorded = || pen.known.gaps.iter().filter(|gap| gap.from < to && gap.to > from);
        let mut told = drawn;
        let longest_drawn = run.iter().map(|gap| gap.to - gap.from).max()?;
        if let Some(gap) = recorded().max_by_key(|gap| gap.to - gap.from)
            && (gap.quality == told.quality || gap.to - gap.from >= longest_drawn)
        {
            (told.quality, told.detail) = (gap.quality, gap.detail.clone());
        }
        told.from = recorded().map(|gap| gap.from).chain([from]).min()?;
        told.to = recorded().map(|gap| gap.to).chain([to]).max();
        if told.to.is_some_and(|to| to >= now) {
            told.to = None;
            let reading = pen.reading.as_ref().filter(|r| r.quality == told.quality);
            told.detail = told.detail.or_else(|| reading.and_then(|r| r.view.detail.clone()));
        }
        Some(told)
    }

    /// `no communication 14:02:10 – 14:05:31, connection refused`.
    pub fn words(&self, cx: &Cx<'_>) -> String {
        let now = cx.frame.snapshot.now.utc;
        let from = words::instant(self.from, now, cx.frame.zone);
        let mut said = match self.to {
            Some(to) => {
                // The same day is not said twice.
                let to = words::instant(to, self.from, cx.frame.zone);
                format!("{} {from} – {to}", self.quality.words())
            }
            None => format!("{} since {from}", self.quality.words()),
        };
        if let Some(detail) = &self.detail {
            // Writing to a string cannot fail.
            let _written = write!(said, ", {detail}");
        }
        said
    }
}

/// The gap of a pen at an instant, in words.
pub fn words_at(cx: &Cx<'_>, pen: &Pen<'_>, trace: &Trace, at: Utc) -> Option<String> {
    let gap = trace.gaps.iter().find(|gap| gap.from <= at && at < gap.to)?;
    Some(Told::new(pen, gap, at, cx.frame.snapshot.now.utc).words(cx))
}

/// Whether a pen has gaps that are worth a lane.
pub fn has_gaps(trace: &Trace) -> bool {
    pen::runs_of(&trace.gaps).any(pen::is_told)
}

/// One lane for each pen with gaps.
pub fn ui(ui: &Ui, view: &View, lanes: usize, cx: &Cx<'_>, pens: &[Pen<'_>], traces: &[Trace], cursor: Option<Utc>) {
    let with_gaps = pens.iter().zip(traces).filter(|(_, t)| has_gaps(t));
    let more = with_gaps.clone().count().saturating_sub(LANES);
    for (lane, (pen, trace)) in with_gaps.take(lanes).enumerate() {
        let more = if lane + 1 == lanes { more } else { 0 };
        lane_ui(ui, view, view.rect.bottom() + TIME_AXIS + LANE * lane as f32, cx, pen, trace, cursor, more);
    }
}

fn lane_ui(
    ui: &Ui,
    view: &View,
    top: f32,
    cx: &Cx<'_>,
    pen: &Pen<'_>,
    trace: &Trace,
    cursor: Option<Utc>,
    more: usize,
) {
    let (theme, painter, plot) = (cx.frame.theme, ui.painter(), view.rect);
    let now = cx.frame.snapshot.now.utc;
    let marks = paint_marks(ui, view, top, cx, pen, trace);
    let whole = Rect::from_x_y_ranges(plot.x_range(), top..=top + LANE);
    let response = ui.interact(whole, ui.scope_id().with(("lane", pen.index)), Sense::hover());
    // Where the pointer is: a gap too thin to be hit is hit three points beside it.
    let pointed = response.hover_pos().and_then(|pointer| {
        let near = |gap: &&pen::Gap| view.x(gap.from) - 3.0 <= pointer.x && pointer.x <= view.x(gap.to) + 3.0;
        let gap = trace.gaps.iter().find(near)?;
        Some(Told::new(pen, gap, view.time(pointer.x), now).words(cx))
    });
    let at_cursor = || cursor.and_then(|at| words_at(cx, pen, trace, at));
    let runs = pen::runs_of(&trace.gaps).filter(|run| pen::is_told(run));
    let length = |run: &&[pen::Gap]| run.last().zip(run.first()).map(|(last, first)| last.to - first.from);
    let Some(longest) = runs.max_by_key(length).and_then(|run| Told::of_run(pen, run, now)) else { return };
    let said = pointed.or_else(at_cursor);
    let mut words = match &said {
        Some(said) => format!("{}: {said}", pen.name),
        None => {
            let length = words::duration(longest.to.unwrap_or(now) - longest.from);
            let many = if marks.len() > 1 { format!("{} gaps, longest ", marks.len()) } else { String::new() };
            format!("{}: {many}{}, {length}", pen.name, longest.quality.words())
        }
    };
    tell(&response, Role::Status, &format!("gaps of {}", pen.name), || {
        said.clone().unwrap_or_else(|| longest.words(cx))
    });
    if let Some(said) = &said {
        let _shown = response.on_hover_text_at_pointer(said.as_str());
    } else if more > 0 {
        words = format!("{words}; gaps of {more} more");
    }
    // Behind the last gap where there is room, else wherever there is most.
    let edge = plot.right() + 40.0;
    let mut rooms: Vec<[f32; 2]> = marks.windows(2).map(|pair| [pair[0][1], pair[1][0]]).collect();
    rooms.insert(0, [cx.rect.left(), marks.first().map_or(edge, |m| m[0])]);
    let behind = [marks.last().map_or(plot.left(), |m| m[1]), edge];
    let width = |room: &[f32; 2]| room[1] - room[0];
    let widest = rooms.into_iter().max_by(|a, b| width(a).total_cmp(&width(b))).filter(|w| width(w) > width(&behind));
    let (room, align) = match widest {
        Some(room) if width(&behind) < 160.0 => (room, Align2::RIGHT_CENTER),
        _ => (behind, Align2::LEFT_CENTER),
    };
    let row = Rect::from_x_y_ranges(room[0] + 6.0..=(room[1] - 6.0).max(room[0] + 6.0), top..=top + LANE);
    text::paint(painter, row, align, words, fonts::regular(size::SMALL), theme.text);
}

/// The hatches, and where they lie. Those that touch are one.
fn paint_marks(ui: &Ui, view: &View, top: f32, cx: &Cx<'_>, pen: &Pen<'_>, trace: &Trace) -> Vec<[f32; 2]> {
    let (painter, plot, ink) = (ui.painter(), view.rect, cx.frame.theme.pen(pen.index));
    let mut marks: Vec<[f32; 2]> = Vec::new();
    for gap in pen::runs_of(&trace.gaps).filter(|run| pen::is_told(run)).flatten() {
        let (left, right) = (view.x(gap.from).max(plot.left()), view.x(gap.to).min(plot.right()));
        let right = right.max(left + 2.0);
        match marks.last_mut() {
            Some(last) if left - last[1] < 2.0 => last[1] = right,
            _ => marks.push([left, right]),
        }
    }
    for [left, right] in &marks {
        let mark = Rect::from_x_y_ranges(*left..=*right, top + 3.0..=top + LANE - 3.0);
        hatch::hatch(painter, mark, ink, 4.0);
        painter.rect_stroke(mark, 0.0, Stroke::new(1.0, ink), StrokeKind::Inside);
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::historian::history::query;
    use crate::ui::past::Known;

    fn gap(from: i64, to: i64, quality: Quality) -> pen::Gap {
        pen::Gap { from: Utc(from), to: Utc(to), quality }
    }

    fn pen(gaps: &[query::Gap]) -> Pen<'_> {
        let known = Known { gaps, ..Known::default() };
        Pen {
            index: 0,
            name: "tank1.level",
            id: None,
            reading: None,
            tail: None,
            known,
            twin: None,
            right: false,
            axis: 0,
            added: false,
            steps: false,
            hidden: false,
            front: None,
        }
    }

    #[test]
    fn the_moment_before_the_first_value_takes_no_lane_and_any_other_gap_does() {
        let millis = |of: &[(i64, i64, Quality)]| {
            let mut trace = Trace::default();
            trace.gaps = of.iter().map(|(from, to, quality)| gap(from * 1_000, to * 1_000, *quality)).collect();
            trace
        };
        assert!(!has_gaps(&millis(&[])));
        assert!(!has_gaps(&millis(&[(0, 320, Quality::WAITING)])));
        assert!(has_gaps(&millis(&[(0, 1_200, Quality::WAITING)])), "a device that is slow to answer");
        assert!(has_gaps(&millis(&[(0, 320, Quality::NO_COMMUNICATION)])));
        let restart = [(0, 5_000, Quality::NOT_RUNNING), (5_000, 5_300, Quality::WAITING)];
        assert!(has_gaps(&millis(&restart)), "the program did not run: all of it is one gap");
        assert!(has_gaps(&millis(&[(0, 320, Quality::WAITING), (9_000, 9_100, Quality::PAYLOAD)])));
    }

    #[test]
    fn a_run_of_reasons_is_one_gap_with_the_reason_that_lasted_longest() {
        let run = [gap(10, 25, Quality::NO_COMMUNICATION), gap(25, 26, Quality::WAITING)];
        let told = Told::of_run(&pen(&[]), &run, Utc(100)).unwrap();
        assert_eq!(told, Told { from: Utc(10), to: Some(Utc(26)), quality: Quality::NO_COMMUNICATION, detail: None });
    }

    #[test]
    fn what_is_recorded_of_a_gap_tells_its_reason_and_its_length() {
        let why: Arc<str> = "connection refused".into();
        let recorded = [query::Gap {
            from: Utc(9),
            to: Utc(24),
            quality: Quality::NO_COMMUNICATION,
            detail: Some(Arc::clone(&why)),
        }];
        let pen = pen(&recorded);
        let told = Told::of_run(&pen, &[gap(10, 26, Quality::NO_COMMUNICATION)], Utc(100)).unwrap();
        let whole = Told { from: Utc(9), to: Some(Utc(26)), quality: Quality::NO_COMMUNICATION, detail: Some(why) };
        assert_eq!(told, whole);
        let told = Told::of_run(&pen, &[gap(20, 24, Quality::WAITING)], Utc(100)).unwrap();
        assert_eq!((told.quality, told.from), (Quality::NO_COMMUNICATION, Utc(9)));
    }
}
