//! The sheet that tries other settings of an alarm on what was recorded: fields, the verdict, and both rules drawn under
//! the curve. It changes nothing; what was found good is copied and written into the project.

use super::Frame;
use super::dialogs;
use super::fonts::{self, size};
use super::past::{Need, Past, PendingTrial, Trying};
use super::theme::{LINE, PEN, STEP};
use super::widgets::pen::{Trace, View};
use super::widgets::scale::span_of;
use super::widgets::{self, hatch};
use super::{wake, words};
use crate::engine::plan::{AlarmPlan, Subject, TagPlan};
use crate::engine::trial::{Run, Settings};
use crate::engine::{AlarmId, TagId};
use crate::historian::backtest::Backtest;
use crate::historian::backtest::told::rough;
use crate::project::{Alarm, DataType, Deadband, Priority};
use crate::time::{Span, Utc};
use eframe::egui::{
    Align2, Button, Grid, Label, Rect, RichText, Role, ScrollArea, Sense, Shape, Stroke, StrokeKind, TextEdit, Ui,
    WidgetInfo, pos2, vec2,
};
use std::fmt::Write as _;
use std::sync::Arc;

/// Times to try on, in days.
const PERIODS: [(i64, &str); 5] = [(1, "1 day"), (7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "1 year")];
/// Height of the curve, and of a rule's lane below it.
const CURVE: f32 = 130.0;
const LANE: f32 = 16.0;
/// Room left of the lanes for their names.
const NAMES: f32 = 66.0;
/// Rows of what people acted on.
const MOST_ACTED_ON: usize = 5;

/// The sheet while it is open.
#[derive(Debug)]
pub struct Trial {
    alarm: Arc<str>,
    limit: String,
    deadband: String,
    on_delay: String,
    off_delay: String,
    days: i64,
    /// Right end of the time, fixed when the sheet was opened: a verdict does not creep while it is read.
    to: Utc,
    /// What was asked for last, and what came of it.
    asked: Option<(Settings, i64)>,
    pending: Option<Box<dyn PendingTrial>>,
    verdict: Option<Result<Backtest, String>>,
    trace: Trace,
    past: Past,
}

/// Whether an alarm has settings to try.
pub fn can_be_tried(alarm: &AlarmPlan) -> bool {
    alarm.written.is_some() && matches!(alarm.subject, Subject::Tag(_))
}

impl Trial {
    /// Of this alarm, with its settings as they are; `None`: it has none to try.
    pub fn new(frame: &Frame<'_>, id: AlarmId) -> Option<Self> {
        let alarm = frame.snapshot.plan.alarm(id).filter(|alarm| can_be_tried(alarm))?;
        let written = alarm.written.as_deref()?;
        Some(Self {
            alarm: Arc::clone(&alarm.name),
            limit: written.kind.limit().map(|limit| limit.to_string()).unwrap_or_default(),
            deadband: written.deadband.to_string(),
            on_delay: delay(written.on_delay),
            off_delay: delay(written.off_delay),
            days: 30,
            to: frame.snapshot.now.utc,
            asked: None,
            pending: None,
            verdict: None,
            trace: Trace::default(),
            past: Past::default(),
        })
    }

    /// The heading.
    pub fn title(&self) -> String {
        format!("Try settings of {}", self.alarm)
    }

    /// What the fields say, or which of them says nothing.
    fn settings(&self, written: &Alarm) -> Result<Settings, String> {
        let limit = match written.kind.limit() {
            None => None,
            Some(_) => {
                let number = self.limit.trim().replace(',', ".").parse::<f64>().ok().filter(|limit| limit.is_finite());
                Some(number.ok_or_else(|| format!("\"{}\" is no limit; write a number", self.limit))?)
            }
        };
        Ok(Settings {
            limit,
            deadband: Some(Deadband::parse(&self.deadband)?),
            on_delay: Some(Span::parse(&self.on_delay)?),
            off_delay: Some(Span::parse(&self.off_delay)?),
        })
    }

    /// The lines of a project file that say the same.
    fn lines(&self, written: &Alarm) -> String {
        let Ok(settings) = self.settings(written) else { return String::new() };
        let mut lines = String::new();
        if let Some(limit) = settings.limit {
            let _written = writeln!(lines, "limit = {limit:?}");
        }
        if let Some(deadband) = settings.deadband {
            let value = match deadband {
                Deadband::Units(units) => format!("{units:?}"),
                Deadband::Percent(_) => format!("\"{deadband}\""),
            };
            let _written = writeln!(lines, "deadband = {value}");
        }
        for (key, delay) in [("on-delay", settings.on_delay), ("off-delay", settings.off_delay)] {
            if let Some(delay) = delay {
                let _written = writeln!(lines, "{key} = \"{}\"", self::delay(delay));
            }
        }
        lines
    }

    fn ask(&mut self, ui: &Ui, frame: &Frame<'_>, settings: Settings) {
        if self.asked == Some((settings, self.days)) {
            return;
        }
        self.asked = Some((settings, self.days));
        let Some(history) = frame.history else {
            self.verdict = Some(Err("this program has no history of the plant".to_owned()));
            return;
        };
        let wake = wake::on_answer(ui.ctx());
        let project = Arc::clone(&frame.snapshot.plan.project);
        let range = self.from()..self.to;
        let trying = Trying { project, alarm: Arc::clone(&self.alarm), settings, range };
        self.pending = Some(history.backtest(trying, wake));
    }

    fn from(&self) -> Utc {
        self.to + Span::from_secs(-86_400 * self.days)
    }
}

/// As people write it.
fn delay(span: Span) -> String {
    if span == Span::ZERO { "0s".to_owned() } else { span.to_string() }
}

/// The sheet's content.
pub fn trial_ui(ui: &mut Ui, frame: &Frame<'_>, trial: &mut Trial) {
    let plan = &frame.snapshot.plan;
    let found = plan.alarm_id(&trial.alarm).and_then(|id| plan.alarm(id));
    let Some((alarm, written)) = found.and_then(|alarm| Some((alarm, alarm.written.as_deref()?))) else {
        ui.label("The project has this alarm no longer");
        return;
    };
    let Subject::Tag(tag_id) = alarm.subject else { return };
    let Some(tag) = plan.tag(tag_id) else { return };
    if let Some(verdict) = trial.pending.as_mut().and_then(|pending| pending.take()) {
        (trial.verdict, trial.pending) = (Some(verdict), None);
    }
    let height = (dialogs::room(ui.ctx()).y - 130.0).max(120.0);
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
        fields_ui(ui, trial, written, tag);
        match trial.settings(written) {
            Ok(settings) => trial.ask(ui, frame, settings),
            Err(why) => {
                let label = ui.add(Label::new(fonts::bold(why.clone())).wrap());
                widgets::tell(&label, Role::Alert, "Not tried", || why.clone());
            }
        }
        ui.add_space(2.0 * STEP);
        verdict_ui(ui, frame, trial, alarm);
        ui.add_space(2.0 * STEP);
        picture_ui(ui, frame, trial, (tag_id, tag), alarm, written);
        ui.add_space(2.0 * STEP);
        acted_on_ui(ui, frame, trial);
        foot_ui(ui, frame, trial, written);
    });
}

fn fields_ui(ui: &mut Ui, trial: &mut Trial, written: &Alarm, tag: &TagPlan) {
    let alarm = Arc::clone(&trial.alarm);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0 * STEP, STEP);
        let unit = if tag.unit.is_empty() { String::new() } else { format!(" {}", tag.unit) };
        let limited = written.kind.limit().is_some();
        for (shown, label, words, hint) in [
            (limited, format!("Limit{unit}"), &mut trial.limit, "85"),
            (true, "Deadband".to_owned(), &mut trial.deadband, "2 or 2%"),
            (true, "On-delay".to_owned(), &mut trial.on_delay, "5s"),
            (true, "Off-delay".to_owned(), &mut trial.off_delay, "0s"),
        ] {
            if !shown {
                continue;
            }
            ui.vertical(|ui| {
                ui.set_width(96.0);
                ui.label(RichText::new(&label).font(fonts::regular(size::SMALL)));
                let edit = ui.add(TextEdit::singleline(words).hint_text(hint).desired_width(92.0).char_limit(32));
                edit.widget_info(|| WidgetInfo {
                    current_text_value: Some(words.clone()),
                    ..WidgetInfo::labeled(Role::TextInput, true, format!("{label} of {alarm} to try"))
                });
            });
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("On the last").font(fonts::regular(size::SMALL)));
        for (days, words) in PERIODS {
            let here = trial.days == days;
            let button = ui.add(Button::selectable(here, words));
            button.widget_info(|| {
                WidgetInfo::selected(Role::RadioButton, true, here, format!("Try on the last {words}"))
            });
            if button.clicked() {
                trial.days = days;
            }
        }
    });
}

fn verdict_ui(ui: &mut Ui, frame: &Frame<'_>, trial: &Trial, alarm: &AlarmPlan) {
    let theme = frame.theme;
    let words = match &trial.verdict {
        _ if trial.pending.is_some() => "Playing what was recorded…".to_owned(),
        None => String::new(),
        Some(Err(why)) => why.clone(),
        Some(Ok(found)) => found.summary(),
    };
    let label = ui.add(Label::new(RichText::new(&words).font(fonts::strong(size::TITLE))).wrap());
    widgets::tell(&label, Role::Status, &format!("Verdict on {}", alarm.name), || words.clone());
    let Some(Ok(found)) = &trial.verdict else { return };
    let outcome = &found.outcome;
    let longest = |run: &Run| run.occurrences.iter().map(|o| o.lasted(outcome.end)).max().unwrap_or(Span::ZERO);
    let (present, tried) = (&outcome.present, &outcome.trial);
    Grid::new("rules compared").num_columns(3).spacing(vec2(6.0 * STEP, STEP)).show(ui, |ui| {
        let mut row = |name: &str, as_it_is: String, other: String| {
            ui.label(RichText::new(name).color(theme.muted));
            ui.label(as_it_is);
            ui.label(other);
            ui.end_row();
        };
        row("", "as it is".to_owned(), "tried".to_owned());
        row("Occurrences", words::count(present.count), words::count(tried.count));
        row("Stood in all", rough(present.stood(outcome.end)), rough(tried.stood(outcome.end)));
        row("Longest", rough(longest(present)), rough(longest(tried)));
    });
    let known = format!(
        "Of {} that are recorded, the value was known for {}",
        rough(found.range.end - found.range.start),
        rough(outcome.known)
    );
    ui.add(Label::new(RichText::new(known).color(theme.muted)).wrap());
    for doubt in found.doubts() {
        ui.add(Label::new(fonts::bold(doubt)).wrap());
    }
}

/// The curve with both limits, and below it when each rule stood.
fn picture_ui(
    ui: &mut Ui,
    frame: &Frame<'_>,
    trial: &mut Trial,
    (id, tag): (TagId, &TagPlan),
    alarm: &AlarmPlan,
    written: &Alarm,
) {
    let theme = frame.theme;
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), CURVE + 2.0 * LANE + 18.0), Sense::hover());
    let plot = Rect::from_min_max(rect.min + vec2(NAMES, 0.0), pos2(rect.right(), rect.top() + CURVE));
    let painter = ui.painter();
    painter.rect(plot, 2.0, theme.track, Stroke::new(LINE, theme.line), StrokeKind::Inside);
    let (from, to) = (trial.from(), trial.to);
    let columns = (plot.width() * ui.pixels_per_point()) as usize;
    let tail = frame.snapshot.tails.get(&id);
    let pens = [(tag.name.as_ref(), tail.map(|t| &**t))];
    trial.past.follow(ui.ctx(), frame.history, &Need { pens: &pens, from, to, columns, now: to });
    let known = trial.past.known(0, tail, from);
    let tried = trial.settings(written).ok().and_then(|settings| settings.limit);
    // Limits of a rate or a deviation lie on another axis.
    let present = written.kind.limit().filter(|_| alarm.condition.is_of_value());
    let tried = tried.filter(|_| alarm.condition.is_of_value());
    let points = known.within(from, to).filter(|p| !p.quality.is_bad()).map(|p| p.value);
    let [low, high] = span_of(points.chain(present).chain(tried));
    let view = View { rect: plot.shrink(2.0), from, to, low, high };
    for (limit, ink, width) in [(present, theme.muted, LINE), (tried, theme.select, 1.5 * LINE)] {
        let Some(y) = limit.map(|limit| view.y(limit)).filter(|y| plot.y_range().contains(*y)) else { continue };
        let line = [pos2(plot.left(), y), pos2(plot.right(), y)];
        painter.extend(Shape::dashed_line(&line, Stroke::new(width, ink), 4.0, 3.0));
    }
    let small = fonts::regular(size::SMALL);
    if known.first().is_some() {
        let steps = tag.tag.data_type == DataType::Bool || !tag.tag.labels.0.is_empty();
        trial.trace.follow(&known, &view, to, steps);
        for gap in &trial.trace.gaps {
            let (left, right) = (view.x(gap.from).max(plot.left()), view.x(gap.to).min(plot.right()));
            hatch::hatch(
                painter,
                Rect::from_x_y_ranges(left..=right, plot.bottom() - 8.0..=plot.bottom()),
                theme.muted,
                4.0,
            );
        }
        trial.trace.paint(painter, &view, Stroke::new(PEN, theme.text));
    } else {
        let words = if trial.past.is_asked() { words::say::READING } else { "Nothing recorded in this time" };
        painter.text(plot.center(), Align2::CENTER_CENTER, words, small.clone(), theme.muted);
    }
    for (y, align, value) in [(plot.top(), Align2::RIGHT_TOP, high), (plot.bottom(), Align2::RIGHT_BOTTOM, low)] {
        let words = words::limit(value, &tag.tag);
        painter.text(pos2(plot.left() - STEP, y), align, words, small.clone(), theme.muted);
    }
    let verdict = trial.verdict.as_ref().and_then(|verdict| verdict.as_ref().ok());
    for (place, name, run) in
        [(0.0, "as it is", verdict.map(|v| &v.outcome.present)), (1.0, "tried", verdict.map(|v| &v.outcome.trial))]
    {
        let top = plot.bottom() + 2.0 + place * LANE;
        let lane = Rect::from_x_y_ranges(plot.x_range(), top..=top + LANE - 3.0);
        painter.rect_filled(lane, 1.0, theme.track);
        painter.text(lane.left_center() - vec2(STEP, 0.0), Align2::RIGHT_CENTER, name, small.clone(), theme.text);
        if let (Some(run), Some(found)) = (run, verdict) {
            lane_ui(ui, frame, lane, &view, run, found.outcome.end, alarm.priority);
        }
    }
    for (at, align, time) in
        [(pos2(plot.left(), rect.bottom()), Align2::LEFT_BOTTOM, from), (rect.right_bottom(), Align2::RIGHT_BOTTOM, to)]
    {
        let words = words::instant(time, frame.snapshot.now.utc, frame.zone);
        ui.painter().text(at, align, words, small.clone(), theme.muted);
    }
    let spoken = verdict.map(Backtest::summary).unwrap_or_default();
    widgets::tell(&response, Role::Image, &format!("trend {}, both rules below", tag.name), || spoken.clone());
}

/// When a rule stood; never less than a pixel wide, so that none of a year is lost.
fn lane_ui(ui: &Ui, frame: &Frame<'_>, lane: Rect, view: &View, run: &Run, end: Utc, priority: Priority) {
    let ink = frame.theme.priority_words(priority);
    let mut last = f32::NEG_INFINITY;
    for occurrence in &run.occurrences {
        let left = view.x(occurrence.raised).max(lane.left());
        let right = view.x(occurrence.ended.unwrap_or(end)).min(lane.right()).max(left + 1.0);
        // What would fall on the pixel that is filled already needs no shape of its own.
        if right > last {
            ui.painter().rect_filled(Rect::from_x_y_ranges(left.max(last)..=right, lane.y_range()), 0.0, ink);
            last = right;
        }
    }
}

fn acted_on_ui(ui: &mut Ui, frame: &Frame<'_>, trial: &Trial) {
    let Some(Ok(found)) = &trial.verdict else { return };
    for act in found.acted_on.iter().rev().take(MOST_ACTED_ON) {
        let when = words::instant(act.raised, frame.snapshot.now.utc, frame.zone);
        let would = match act.trial {
            None => "would not have come".to_owned(),
            Some(at) => format!("would have come {}", crate::historian::backtest::told::shift(at - act.raised)),
        };
        ui.add(Label::new(format!("{when}, acknowledged by {}: {would}", act.by)).wrap());
    }
    if found.acted_on.len() > MOST_ACTED_ON {
        let more = words::count((found.acted_on.len() - MOST_ACTED_ON) as u64);
        let words = format!("and {more} earlier ones");
        ui.label(RichText::new(words).color(frame.theme.muted));
    }
}

fn foot_ui(ui: &mut Ui, frame: &Frame<'_>, trial: &Trial, written: &Alarm) {
    ui.add_space(2.0 * STEP);
    let lines = trial.lines(written);
    ui.horizontal_wrapped(|ui| {
        let copy = ui.add_enabled(!lines.is_empty(), Button::new("Copy as lines of the project file"));
        widgets::tell(&copy, Role::Button, &format!("Copy settings of {}", trial.alarm), String::new);
        if copy.on_hover_text(&lines).clicked() {
            ui.ctx().copy_text(lines.clone());
        }
        ui.label(RichText::new("Nothing is changed by trying").color(frame.theme.muted));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::AlarmKind;

    fn trial(limit: &str, deadband: &str, on_delay: &str) -> Trial {
        Trial {
            alarm: "tank1.level/high".into(),
            limit: limit.to_owned(),
            deadband: deadband.to_owned(),
            on_delay: on_delay.to_owned(),
            off_delay: "0s".to_owned(),
            days: 30,
            to: Utc(0),
            asked: None,
            pending: None,
            verdict: None,
            trace: Trace::default(),
            past: Past::default(),
        }
    }

    fn written() -> Alarm {
        let text = "watchkeeper = 1\nname = \"T\"\n[[tag]]\nname = \"a\"\nformula = \"1\"\n[[tag.alarm]]\nkind = \"high\"\nlimit = 80.0\npriority = \"low\"\n";
        let (project, _issues) = crate::project::file::read(text.as_bytes());
        let alarm = project.alarms[0].as_ref().clone();
        assert_eq!(alarm.kind, AlarmKind::High(80.0));
        alarm
    }

    #[test]
    fn what_was_found_good_is_copied_as_lines_of_the_project() {
        let lines = trial("85", "2%", "5s").lines(&written());
        assert_eq!(lines, "limit = 85.0\ndeadband = \"2%\"\non-delay = \"5s\"\noff-delay = \"0s\"\n");
    }

    #[test]
    fn a_field_that_says_nothing_is_told_and_not_tried() {
        let told = |trial: Trial| trial.settings(&written()).unwrap_err();
        assert!(told(trial("high", "2", "5s")).contains("is no limit"));
        assert!(told(trial("85", "two", "5s")).contains("is no deadband"));
        assert!(told(trial("85", "2", "5")).contains("5s"));
        assert!(trial("85,5", "2", "5s").settings(&written()).is_ok(), "a decimal comma is understood");
    }
}
