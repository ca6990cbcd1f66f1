//! Lists over the whole middle: every tag, and every alarm that is hidden.

use super::theme::{LINE, RADIUS, STEP};
use super::tree::heading_ui;
use super::widgets::symbol::Symbol;
use super::widgets::{self, Brush, hatch, reading::Reading, text};
use super::words::{self, say};
use super::{Action, Frame, Outbox, fonts};
use crate::engine::plan::Subject;
use crate::engine::{AlarmView, TagId};
use eframe::egui::{Align2, Color32, Label, Rect, RichText, Role, ScrollArea, Sense, Stroke, Ui, pos2, vec2};
use fonts::size;
use std::fmt::Write as _;

/// Height of a row.
const ROW: f32 = 25.0;

/// Every tag with its value, quality and age. Only the rows in view are laid out.
pub fn all_tags_ui(ui: &mut Ui, frame: &Frame<'_>, outbox: &mut Outbox) {
    let tags = frame.snapshot.plan.tags.len();
    heading_ui(ui, frame, say::ALL_TAGS);
    if frame.snapshot.plan.displays.is_empty() {
        let faulty = frame.about.issues.iter().any(|i| i.severity == crate::project::Severity::Error);
        let hint = if faulty {
            "No display can be shown: the project has none, or it is among the project's faults"
        } else {
            "The project has no displays; add [[display]] with [[display.panel]] to lay out your own"
        };
        ui.add(Label::new(RichText::new(hint).color(frame.theme.muted)).wrap());
    }
    if tags == 0 {
        ui.label("The project has no tags");
        // Then its faults are what there is to see.
        if !frame.about.issues.is_empty() {
            ui.add_space(2.0 * STEP);
            super::faults::faults_ui(ui, frame);
        }
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, ROW, tags, |ui, rows| {
        for i in rows {
            tag_ui(ui, frame, TagId(i as u32), outbox);
        }
    });
}

/// Columns of a row: shares of its width.
struct Cells {
    rest: Rect,
    whole: f32,
}

impl Cells {
    fn next(&mut self, share: f32) -> Rect {
        let width = self.whole * share;
        let cell = Rect::from_min_size(self.rest.min, vec2(width - 2.0 * STEP, self.rest.height()));
        self.rest.min.x += width;
        cell
    }
}

fn tag_ui(ui: &mut Ui, frame: &Frame<'_>, id: TagId, outbox: &mut Outbox) {
    let Some(reading) = Reading::new(frame.snapshot, id) else { return };
    let theme = frame.theme;
    let (rect, response) = row_ui(ui, frame, ("tag", id.0), frame.chosen == Some(id));
    widgets::tell(&response, Role::ListItem, reading.name, || reading.spoken());
    if response.clicked() {
        outbox.action(Action::OpenFaceplate(id));
    }
    let painter = ui.painter();
    let regular = fonts::regular(size::BODY);
    let mark = pos2(rect.left() + 10.0, rect.center().y);
    if let Some(alarm) = reading.alarm {
        Symbol::from_tag(alarm).paint(painter, theme, mark, 12.0, frame.blink_on);
    } else if reading.is_bad() {
        hatch::cross(painter, mark, 8.0, theme.muted);
    }
    let inner = Rect::from_min_max(pos2(rect.left() + 26.0, rect.top()), rect.max);
    let mut cells = Cells { rest: inner, whole: inner.width() };
    text::paint(painter, cells.next(0.19), Align2::LEFT_CENTER, reading.name, fonts::strong(size::BODY), theme.text);
    let number = cells.next(0.19);
    let drawn =
        text::paint(painter, number, Align2::RIGHT_CENTER, reading.text_or_dash(), regular.clone(), reading.ink(theme));
    if reading.is_bad() && drawn.is_positive() {
        hatch::hatch(painter, drawn.expand(2.0).intersect(rect), theme.line, 5.0);
    }
    text::paint(painter, cells.next(0.07), Align2::LEFT_CENTER, reading.unit, regular.clone(), theme.muted);
    let age = reading.age.as_deref().unwrap_or("");
    text::paint(painter, cells.next(0.10), Align2::RIGHT_CENTER, age, regular.clone(), theme.muted);
    cells.next(0.015);
    let quality = words::quality_with_detail(reading.view);
    let ink = if reading.quality.is_good() { theme.muted } else { theme.text };
    // What is wrong is told in full where nothing else needs the room.
    let described = !reading.tag.description.is_empty();
    let room = cells.next(if described { 0.25 } else { 0.435 });
    text::paint(painter, room, Align2::LEFT_CENTER, quality, regular.clone(), ink);
    if described {
        let room = cells.next(0.185);
        text::paint(painter, room, Align2::LEFT_CENTER, reading.tag.description.as_str(), regular, theme.muted);
    }
}

/// Shelved, suppressed, out of service: what is not in the alarm list, and until when.
pub fn hidden_ui(ui: &mut Ui, frame: &Frame<'_>, outbox: &mut Outbox) {
    heading_ui(ui, frame, say::HIDDEN_ALARMS);
    let hidden: Vec<&AlarmView> = frame.snapshot.alarms.iter().filter(|a| a.state.is_hidden()).collect();
    if hidden.is_empty() {
        ui.label(RichText::new("No alarm is shelved, suppressed or out of service").color(frame.theme.muted));
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, ROW, hidden.len(), |ui, rows| {
        for view in hidden.get(rows).unwrap_or_default() {
            hidden_row_ui(ui, frame, view, outbox);
        }
    });
}

fn hidden_row_ui(ui: &mut Ui, frame: &Frame<'_>, view: &AlarmView, outbox: &mut Outbox) {
    let Some(alarm) = frame.snapshot.plan.alarm(view.id) else { return };
    let theme = frame.theme;
    let (rect, response) = row_ui(ui, frame, ("hidden", view.id.0), false);
    widgets::tell(&response, Role::ListItem, &format!("alarm {}", alarm.name), || {
        words::spoken_alarm(frame.snapshot, view, frame.zone)
    });
    if response.clicked()
        && let Subject::Tag(tag) = alarm.subject
    {
        outbox.action(Action::OpenFaceplate(tag));
    }
    let painter = ui.painter();
    widgets::symbol::mark(painter, alarm.priority, pos2(rect.left() + 10.0, rect.center().y), 12.0, theme.muted, false);
    let inner = Rect::from_min_max(pos2(rect.left() + 26.0, rect.top()), rect.max);
    let mut cells = Cells { rest: inner, whole: inner.width() };
    let regular = fonts::regular(size::BODY);
    text::paint(
        painter,
        cells.next(0.28),
        Align2::LEFT_CENTER,
        alarm.name.as_ref(),
        fonts::strong(size::BODY),
        theme.text,
    );
    let mut state = words::state(view).to_owned();
    if let Some(until) = view.shelved_until {
        let _written = write!(state, " until {}", words::instant(until, frame.snapshot.now.utc, frame.zone));
    }
    text::paint(painter, cells.next(0.28), Align2::LEFT_CENTER, state, regular.clone(), theme.text);
    let value = words::alarm_value(frame.snapshot, alarm).text;
    text::paint(painter, cells.next(0.14), Align2::RIGHT_CENTER, value, regular.clone(), theme.text);
    text::paint(painter, cells.next(0.30), Align2::LEFT_CENTER, alarm.message.as_ref(), regular, theme.muted);
}

/// A row that can be pressed, with its line below.
fn row_ui(ui: &mut Ui, frame: &Frame<'_>, id: (&'static str, u32), chosen: bool) -> (Rect, eframe::egui::Response) {
    let theme = frame.theme;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let fill: Color32 = if chosen { theme.raised } else { Color32::TRANSPARENT };
    ui.painter().rect_filled(rect, RADIUS - 1, fill);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(LINE, theme.line));
    let id = ui.scope_id().with(id);
    let response = widgets::press(ui, rect, id, &Brush { theme, blink_on: frame.blink_on }, f32::from(RADIUS - 1));
    (rect, response)
}
