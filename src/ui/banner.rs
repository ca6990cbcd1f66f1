//! The alarm banner, always there: how many of each priority, the three most urgent that wait for a
//! person, each with its button, the horn, and what is hidden.
//!
//! Invariant: under a pointer that is about to click nothing changes place. While the pointer rests on the rows they
//! stay as they are, an acknowledged one among them, for as long as the pointer was moved within `REST`; then the
//! rows are the three most urgent again, for a pointer that lies there forgotten must not hide a new alarm.
//! Invariant: a second click within `DOUBLE` does nothing. Invariant: what the window says of itself comes and goes
//! without moving a row, neither here nor in the display below.

mod head;

pub use head::horn_refused;

use super::acts;
use super::layout::Fold;
use super::panels::alarms::paint_mark;
use super::theme::{LINE, RADIUS, STEP};
use super::widgets::symbol::Symbol;
use super::widgets::{self, Brush, hatch, text};
use super::words::{self, say};
use super::{Action, Frame, Outbox, fonts};
use crate::engine::plan::Subject;
use crate::engine::{AlarmId, AlarmRef, AlarmState, AlarmView, Command, Mode, Plan, Snapshot};
use crate::project::Priority;
use crate::time::{Mono, Span};
use eframe::egui::{
    Align2, Area, Key, Label, Margin, Modifiers, Order, Pos2, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui,
    pos2, vec2,
};
use fonts::size;
use std::sync::Arc;

/// Rows shown where there is room.
pub const ROWS: usize = 3;
/// Height of a row.
pub const ROW: f32 = 25.0;
/// Height of the line of counts and buttons where they stand above the rows.
pub const HEAD: f32 = 32.0;
/// Height of the banner where counts, rows and buttons stand side by side.
pub const HEIGHT: f32 = ROWS as f32 * ROW + 4.0 * STEP;
/// A pointer that has not moved for so long is about to do nothing.
const REST: f32 = 5.0;
/// Clicks that follow each other within this are one.
const DOUBLE: Span = Span::from_millis(500);
/// A refusal is told on its row for so long.
const REFUSAL: Span = Span::from_secs(30);

/// What the banner remembers between frames.
#[derive(Debug, Default)]
pub struct BannerState {
    /// The plan that the rows' alarms are numbered by.
    plan: Option<Arc<Plan>>,
    /// The rows as they stand: alarm and occurrence.
    rows: Vec<(AlarmId, u64)>,
    /// The pointer rests on them.
    held: bool,
    /// Places at the bottom that lines have, or had while the pointer rests.
    taken: usize,
    /// When a button was last pressed.
    pressed: Option<Mono>,
}

impl BannerState {
    /// Brings the rows up to a snapshot: while they are held each stays where it is, and free places below are filled.
    pub fn refresh(&mut self, snapshot: &Snapshot) {
        if !self.held {
            self.rows.clear();
        }
        self.renumber(&snapshot.plan);
        // Of a held row a newer occurrence may have come: the row then shows that one.
        for row in &mut self.rows {
            if let Some(view) = snapshot.alarms.iter().find(|a| a.id == row.0) {
                row.1 = view.occurrence;
            }
        }
        for view in snapshot.alarms.iter().filter(|a| a.state.needs_acknowledgement()) {
            if self.rows.len() >= ROWS {
                break;
            }
            if !self.rows.iter().any(|(id, _)| *id == view.id) {
                self.rows.push((view.id, view.occurrence));
            }
        }
    }

    /// A number means another alarm in another plan, and under a pointer a row stays the alarm that it is.
    fn renumber(&mut self, plan: &Arc<Plan>) {
        let before = self.plan.replace(Arc::clone(plan));
        let Some(before) = before.filter(|before| !Arc::ptr_eq(before, plan)) else { return };
        let now = |id: AlarmId| plan.alarm_id(&before.alarm(id)?.name);
        self.rows = self.rows.iter().filter_map(|(id, occurrence)| Some((now(*id)?, *occurrence))).collect();
    }

    /// Whether a press at this instant is one of its own.
    fn takes_press(&mut self, now: Mono) -> bool {
        if self.pressed.is_some_and(|before| now - before < DOUBLE) {
            return false;
        }
        self.pressed = Some(now);
        true
    }
}

/// What the window has to say for itself, beside the alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// A fault that keeps acts from being recorded; else a notice that passes.
    loud: bool,
    words: String,
}

impl Line {
    /// The name that a screen reader says.
    const fn name(&self) -> &'static str {
        if self.loud { "Journal fault" } else { "Notice" }
    }
}

/// The lines of this frame, the last at the bottom: a fault of the journal is told below whatever passes.
fn lines(snapshot: &Snapshot, notice: Option<&str>) -> Vec<Line> {
    let notice = notice.map(|words| Line { loud: false, words: words.to_owned() });
    let fault = loud_fault(snapshot).map(|words| Line { loud: true, words });
    notice.into_iter().chain(fault).collect()
}

/// The banner. Gives back the lines that found no place in it, for the worst alarm keeps its own: they are for
/// [`overlay_ui`].
pub fn banner_ui(
    ui: &mut Ui,
    frame: &Frame<'_>,
    fold: Fold,
    state: &mut BannerState,
    notice: Option<&str>,
    outbox: &mut Outbox,
) -> Vec<Line> {
    state.refresh(frame.snapshot);
    let lines = lines(frame.snapshot, notice);
    let whole = ui.max_rect();
    if fold.stacked {
        let line = Rect::from_min_size(whole.min, vec2(whole.width(), HEAD)).shrink2(vec2(2.0 * STEP, 2.0));
        head::line_ui(ui, frame, line, outbox);
        let rows = Rect::from_min_max(pos2(whole.left() + 2.0 * STEP, line.bottom() + 2.0), whole.max);
        let rows = rows.with_max_x(rows.right() - 2.0 * STEP);
        return rows_ui(ui, frame, rows.with_max_y(rows.bottom() - 4.0), fold.rows, state, lines, outbox);
    }
    let counts = Rect::from_min_max(whole.min, pos2(whole.left() + 196.0, whole.bottom()));
    let buttons = Rect::from_min_max(pos2(whole.right() - 226.0, whole.top()), whole.max);
    let rows = Rect::from_min_max(
        pos2(counts.right() + 3.0 * STEP, whole.top()),
        pos2(buttons.left() - 3.0 * STEP, whole.bottom()),
    );
    head::counts_ui(ui, frame, counts);
    head::buttons_ui(ui, frame, buttons, outbox);
    rows_ui(ui, frame, rows.shrink2(vec2(0.0, 2.0 * STEP)), ROWS, state, lines, outbox)
}

fn rows_ui(
    ui: &Ui,
    frame: &Frame<'_>,
    rect: Rect,
    places: usize,
    state: &mut BannerState,
    mut lines: Vec<Line>,
    outbox: &mut Outbox,
) -> Vec<Line> {
    let still = ui.input(|i| i.pointer.time_since_last_movement());
    let clicked = ui.input(|i| i.pointer.any_down());
    state.held = ui.rect_contains_pointer(rect) && (still < REST || clicked);
    if state.held {
        // So that the rows are let go in time, even on a plant where nothing else changes.
        ui.ctx().request_repaint_after_secs(REST - still + 0.05);
    }
    // Lines stand at the bottom, in the place of the least urgent rows, so that no row moves because one comes or goes.
    let taken = lines.len().min(places.saturating_sub(1));
    let placed = lines.split_off(lines.len() - taken);
    for (i, line) in placed.iter().enumerate() {
        let top = rect.top() + ROW * (places - taken + i) as f32;
        line_ui(ui, frame, Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), ROW)), line);
    }
    // Where a line went under the pointer its place stays empty until the pointer has gone: no button comes up there.
    state.taken = if state.held { state.taken.max(taken) } else { taken };
    alarms_ui(ui, frame, rect, state, outbox, places - state.taken.min(places.saturating_sub(1)));
    lines
}

/// What keeps acts from being recorded; it has a place as long as it lasts.
fn loud_fault(snapshot: &Snapshot) -> Option<String> {
    let journal = &snapshot.journal;
    if let Some(why) = &journal.fault {
        let waiting = if journal.waiting > 0 {
            format!(" ({} entries wait)", words::count(journal.waiting))
        } else {
            String::new()
        };
        // What it means stands first: the reason may be long, and the line is cut at its end.
        return Some(format!("Acknowledging is refused: the journal cannot be written{waiting}: {why}"));
    }
    (journal.lost > 0)
        .then(|| format!("{} journal entries were lost while the disk refused", words::count(journal.lost)))
}

/// A line in the place of a row.
fn line_ui(ui: &Ui, frame: &Frame<'_>, rect: Rect, line: &Line) {
    let theme = frame.theme;
    let (words, room) = if line.loud {
        let stroke = Stroke::new(2.0 * LINE, theme.text);
        ui.painter().rect_stroke(rect.shrink(0.5), f32::from(RADIUS), stroke, StrokeKind::Inside);
        (format!("⚠ {}", line.words), rect.shrink2(vec2(2.0 * STEP, 0.0)))
    } else {
        (line.words.clone(), rect)
    };
    text::paint(ui.painter(), room, Align2::LEFT_CENTER, words, fonts::strong(size::BODY), theme.text);
    let response = ui.interact(rect, ui.scope_id().with(line.name()), Sense::hover()).on_hover_text(&line.words);
    widgets::tell(&response, Role::Alert, line.name(), || line.words.clone());
}

/// Lines for which a small banner has no place, over the top of what lies below it, from `from` on: nothing there moves,
/// and what they cover cannot be pressed.
pub fn overlay_ui(ui: &Ui, frame: &Frame<'_>, from: Pos2, width: f32, lines: &[Line]) {
    if lines.is_empty() {
        return;
    }
    let theme = frame.theme;
    let area = Area::new(ui.scope_id().with("notices")).order(Order::Middle).fixed_pos(from).constrain(false);
    area.show(ui.ctx(), |ui| {
        let stroke = Stroke::new(2.0 * LINE, theme.text);
        let margin = Margin::symmetric(STEP as i8 * 2, STEP as i8);
        eframe::egui::Frame::new().fill(theme.panel).stroke(stroke).inner_margin(margin).show(ui, |ui| {
            ui.set_width(width - 4.0 * STEP - 4.0 * LINE);
            for line in lines {
                let words = if line.loud { format!("⚠ {}", line.words) } else { line.words.clone() };
                let words = RichText::new(words).font(fonts::strong(size::BODY)).color(theme.text);
                let response = ui.add(Label::new(words).wrap());
                widgets::tell(&response, Role::Alert, line.name(), || line.words.clone());
            }
        });
    });
}

fn alarms_ui(ui: &Ui, frame: &Frame<'_>, rect: Rect, state: &mut BannerState, outbox: &mut Outbox, places: usize) {
    if state.rows.is_empty() {
        let shown: u32 = frame.snapshot.counts.shown.iter().sum();
        let none = super::bundle::no_alarms(frame.snapshot).map_or(say::NO_ALARMS, |[short, _]| short);
        let words = if shown == 0 { none } else { say::ALL_ACKNOWLEDGED };
        let at = Rect::from_min_size(rect.min, vec2(rect.width(), ROW));
        text::paint(ui.painter(), at, Align2::LEFT_CENTER, words, fonts::regular(size::BODY), frame.theme.muted);
        let response = ui.interact(at, ui.scope_id().with("quiet"), Sense::hover());
        widgets::tell(&response, Role::Status, "Alarm banner", || words.to_owned());
        return;
    }
    // A time of another day, or of the doubled hour, needs more room; every row gets the same.
    let longest = frame.snapshot.alarms.iter().filter(|a| state.rows.iter().any(|(id, _)| *id == a.id));
    let longest =
        longest.map(|a| words::instant(a.raised, frame.snapshot.now.utc, frame.zone).len()).max().unwrap_or(8);
    let time_width = 72.0 + 7.0 * longest.saturating_sub(8) as f32;
    // Names are whole wherever they can be, and begin and end alike in all rows.
    let name_of = |(id, _): &(AlarmId, u64)| frame.snapshot.plan.alarm(*id);
    let width = |name: &str| {
        let font = fonts::strong(size::BODY);
        ui.painter().layout_no_wrap(name.to_owned(), font, frame.theme.text).size().x
    };
    let name_width = state.rows.iter().filter_map(name_of).map(|a| width(&a.name)).fold(0.0, f32::max) + 4.0 * STEP;
    let widths = Widths { time: time_width, name: name_width };
    for (i, (id, _)) in state.rows.clone().into_iter().take(places).enumerate() {
        let at = Rect::from_min_size(pos2(rect.left(), rect.top() + ROW * i as f32), vec2(rect.width(), ROW));
        let view = frame.snapshot.alarms.iter().find(|a| a.id == id);
        row_ui(ui, frame, at, id, view, widths, state, outbox);
    }
}

/// Widths that all rows share.
#[derive(Debug, Clone, Copy)]
struct Widths {
    /// Of the longest time.
    time: f32,
    /// Of the longest name, with the space behind it.
    name: f32,
}

/// One alarm: symbol, time, name, message, value now, button. `view` is `None` where it went back to normal under a
/// pointer that holds its row.
fn row_ui(
    ui: &Ui,
    frame: &Frame<'_>,
    rect: Rect,
    id: AlarmId,
    view: Option<&AlarmView>,
    widths: Widths,
    state: &mut BannerState,
    outbox: &mut Outbox,
) {
    let Some(alarm) = frame.snapshot.plan.alarm(id) else { return };
    let theme = frame.theme;
    let waits = view.is_some_and(|v| v.state.needs_acknowledgement());
    let stands = view.is_some_and(|v| v.state == AlarmState::Unacknowledged);
    let inverse = alarm.priority == Priority::Critical && stands;
    let (ink, soft) = if inverse { (theme.inverse, theme.inverse) } else { (theme.text, theme.muted) };
    let ink = if waits { ink } else { theme.muted };
    let row_id = ui.scope_id().with(("row", id.0));
    if inverse {
        ui.painter().rect_filled(rect.shrink2(vec2(0.0, 0.5)), 3.0, theme.priority(Priority::Critical));
    } else {
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(LINE, theme.line));
    }
    let why_not = acts::not_here(frame.about);
    let pressed_at = match frame.snapshot.mode {
        // Of a play that stands, the picture's time stands.
        Mode::Rehearsal => Mono((ui.input(|i| i.time) * 1e6) as i64),
        Mode::Live | Mode::Demo | Mode::Bundle => frame.snapshot.now.mono,
    };
    let acknowledge = |state: &mut BannerState, outbox: &mut Outbox| {
        if let Some(view) = view.filter(|_| waits && why_not.is_none() && state.takes_press(pressed_at)) {
            let alarms = vec![AlarmRef { alarm: alarm.name.clone(), occurrence: view.occurrence }];
            outbox.command(Command::Acknowledge { by: frame.actor(), alarms, note: None });
        }
    };
    // Space on a chosen row acknowledges; it is taken before the row would understand it as a click.
    let has_focus = ui.memory(|m| m.has_focus(row_id));
    if has_focus && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Space)) {
        acknowledge(state, outbox);
    }
    let wide = if rect.width() < 420.0 { 88.0 } else { 110.0 };
    let button =
        Rect::from_min_size(pos2(rect.right() - wide - 2.0, rect.top() + 2.0), vec2(wide, rect.height() - 4.0));
    let body = Rect::from_min_max(rect.min, pos2(button.left() - STEP, rect.bottom()));
    let response = widgets::press(ui, body, row_id, &Brush { theme, blink_on: frame.blink_on }, 3.0);
    widgets::tell(&response, Role::ListItem, &format!("alarm {}", alarm.name), || match view {
        Some(view) => words::spoken_alarm(frame.snapshot, view, frame.zone),
        None => "normal".to_owned(),
    });
    let response = response.on_hover_text(alarm.message.as_ref());
    if response.clicked() {
        match alarm.subject {
            Subject::Tag(tag) => outbox.action(Action::OpenFaceplate(tag)),
            Subject::Device(device) => outbox.action(super::actions::of_device(&frame.snapshot.plan, device)),
            Subject::System => outbox.action(super::actions::of_system(alarm.condition)),
        }
    }

    let painter = ui.painter().with_clip_rect(body.intersect(ui.clip_rect()));
    if let Some(view) = view {
        let mut symbol = Symbol::from_state(alarm.priority, view.state);
        if inverse {
            symbol = symbol.on_critical();
        }
        symbol.paint(&painter, theme, pos2(rect.left() + 13.0, rect.center().y), 14.0, frame.blink_on);
    }
    let mut rest = Rect::from_min_max(pos2(body.left() + 32.0, rect.top()), body.max);
    let cell = |rest: &mut Rect, width: f32| {
        let cell = Rect::from_min_size(rest.min, vec2(width, rest.height()));
        rest.min.x += width;
        cell
    };
    let regular = fonts::regular(size::BODY);
    let refusal = refusal(frame.snapshot, &alarm.name);
    let mut value = words::alarm_value(frame.snapshot, alarm);
    // Where there is little room the message goes first, then the value, then the time; the name stays.
    let value_width = if rest.width() - widths.name > 84.0 { 104.0_f32.min(rest.width() - widths.name) } else { 0.0 };
    let time_width = if rest.width() - widths.name - value_width > widths.time { widths.time } else { 0.0 };
    if time_width > 0.0 {
        let raised = view.map(|v| words::instant(v.raised, frame.snapshot.now.utc, frame.zone)).unwrap_or_default();
        let ink = if waits { ink } else { soft };
        text::paint(&painter, cell(&mut rest, time_width), Align2::LEFT_CENTER, raised, regular.clone(), ink);
    }
    let left = (rest.width() - value_width).max(40.0);
    let told = left - widths.name > 90.0;
    let name_width = if told { widths.name } else { left };
    let name = cell(&mut rest, name_width - 2.0 * STEP);
    text::paint(&painter, name, Align2::LEFT_CENTER, alarm.name.as_ref(), fonts::strong(size::BODY), ink);
    cell(&mut rest, 2.0 * STEP);
    if told {
        let (message, ink) = match (&refusal, view) {
            (Some(reason), _) => (format!("refused: {reason}"), ink),
            (None, Some(view)) if !waits => (words::state(view).to_owned(), theme.muted),
            (None, None) => ("normal".to_owned(), theme.muted),
            _ => (alarm.message.to_string(), ink),
        };
        let mut at = cell(&mut rest, left - name_width - 2.0 * STEP);
        if let Some(mark) = view.filter(|v| v.back.is_some()).and_then(|v| words::marks(v).into_iter().next()) {
            at = paint_mark(&painter, at, &mark, ink);
        }
        text::paint(&painter, at, Align2::LEFT_CENTER, message, regular.clone(), ink);
    } else if refusal.is_some() {
        value = words::AlarmValue { text: "refused".to_owned(), good: true, bad: false };
    }
    if value_width > 0.0 {
        let from = pos2(body.right() - value_width, rect.top());
        let at = Rect::from_min_max(from, pos2(body.right() - 2.0 * STEP, rect.bottom()));
        let ink = if value.good { ink } else { soft };
        let drawn = text::paint_number(&painter, at, Align2::RIGHT_CENTER, &value.text, size::BODY, ink);
        if value.bad {
            hatch::hatch(&painter, drawn, ink.gamma_multiply(0.6), 5.0);
        }
    }

    let Some(view) = view.filter(|_| waits) else { return };
    if view.recording {
        text::paint(ui.painter(), button, Align2::CENTER_CENTER, say::RECORDING, fonts::regular(size::SMALL), ink);
        return;
    }
    let name = format!("{} {}", say::ACKNOWLEDGE, alarm.name);
    let brush = Brush { theme, blink_on: frame.blink_on };
    let id = row_id.with("acknowledge");
    let response = widgets::button_or_why(ui, button, id, [say::ACKNOWLEDGE, &name], why_not.as_deref(), &brush);
    if response.clicked() {
        acknowledge(state, outbox);
    }
}

/// Why an act on this alarm was refused a moment ago.
pub fn refusal(snapshot: &Snapshot, alarm: &str) -> Option<String> {
    let latest = snapshot.refusals.iter().rev().find(|r| r.alarm.as_ref() == alarm)?;
    (snapshot.now.mono - latest.at.mono < REFUSAL).then(|| latest.reason.to_string())
}
