//! From value to frame: the last exchange of a tag, field by field, and how its bytes became the number.
//!
//! It is copied out of the driver's hands while this sheet is open, twice a second, and stands still while it is held.

use super::dialogs;
use super::fonts::{self, size};
use super::panels::table::{self, Column, column, numbers};
use super::theme::{RADIUS, STEP, Theme};
use super::tree::heading_ui;
use super::widgets::{self, Brush, hatch, reading::Reading, text};
use super::{Frame, words};
use crate::drivers::explain::frame::Field;
use crate::drivers::explain::{Explanation, Told, explain, hex};
use crate::text::visible;
use crate::time::Mono;
use eframe::egui::{Align2, Label, Rect, RichText, Role, ScrollArea, Sense, Ui, pos2, vec2};
use std::sync::Arc;

/// Asked for again when the picture is another, but no more often than this, in microseconds.
const LOOK_AGAIN: i64 = 500_000;
/// Height of a field, of a step of one line, and of an exchange in the list.
const ROW: f32 = 21.0;
/// Bytes of a field that are shown.
const SHOWN: usize = 16;
/// Width of the names.
const NAMES: f32 = 92.0;
/// From this width on request and answer stand side by side.
const BESIDE: f32 = 520.0;

const LIST: [Column; 4] = [
    column("Time", 92.0, 0.0, 100),
    numbers("Took", 64.0, 80),
    column("Asked", 120.0, 0.6, 70),
    column("Answer", 130.0, 1.0, 90),
];

/// What the sheet remembers.
#[derive(Debug)]
pub struct Frames {
    tag: Arc<str>,
    explanation: Explanation,
    looked: Option<Mono>,
    /// Which of the last exchanges is shown in full, the newest is 0.
    chosen: usize,
    held: bool,
}

impl Frames {
    /// Of a tag.
    pub fn new(tag: Arc<str>) -> Self {
        Self { tag, explanation: Explanation::default(), looked: None, chosen: 0, held: false }
    }

    /// The heading.
    pub fn title(&self) -> String {
        format!("From value to frame: {}", self.tag)
    }

    fn look(&mut self, frame: &Frame<'_>) {
        let now = frame.snapshot.now.mono;
        let fresh = self.looked.is_some_and(|at| (0..LOOK_AGAIN).contains(&(now - at).0));
        if fresh || (self.held && self.looked.is_some()) {
            return;
        }
        self.looked = Some(now);
        let tag = frame.snapshot.plan.tag_id(&self.tag);
        self.explanation = tag.and_then(|id| explain(frame.snapshot, &frame.about.monitor, id)).unwrap_or_else(|| {
            Explanation { note: Some("the project has no such tag any more".to_owned()), ..Explanation::default() }
        });
    }
}

/// Its content.
pub fn frames_ui(ui: &mut Ui, frame: &Frame<'_>, state: &mut Frames) {
    state.look(frame);
    let theme = frame.theme;
    ui.spacing_mut().item_spacing.y = STEP;
    ui.horizontal(|ui| {
        let held = ui.checkbox(&mut state.held, "Hold");
        widgets::tell(&held, Role::CheckBox, "Hold this exchange", || {
            if state.held { "held" } else { "live" }.to_owned()
        });
        held.on_hover_text("Keeps what is shown; else it follows the device");
        let words = frame.snapshot.plan.tag_id(&state.tag).and_then(|id| Reading::new(frame.snapshot, id));
        if let Some(reading) = words {
            let label = ui.add(Label::new(fonts::bold(reading.spoken())).truncate());
            widgets::tell(&label, Role::Status, reading.name, || reading.spoken());
        }
    });
    let height = (dialogs::room(ui.ctx()).y - 150.0).max(120.0);
    let scrolled = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
    scrolled.show(ui, |ui| {
        let explanation = &state.explanation;
        ui.add(Label::new(RichText::new(&explanation.source).color(theme.muted)).wrap());
        if let Some(note) = &explanation.note {
            ui.add(Label::new(note.as_str()).wrap());
        }
        let shown = explanation.last.get(state.chosen).map_or(&explanation.steps, |told| &told.steps);
        if !explanation.steps.is_empty() {
            heading_ui(ui, frame, "From bytes to value");
            for (name, says) in shown {
                step_ui(ui, theme, name, says);
            }
            if shown.is_empty() {
                ui.label("no value came with this one");
            }
        }
        if let Some(told) = explanation.last.get(state.chosen).or(explanation.last.first()) {
            let heading = match (state.chosen, told.took.is_some()) {
                (0, true) => "Last exchange",
                (0, false) => "Last message",
                (_, true) => "An exchange before",
                (_, false) => "A message before",
            };
            heading_ui(ui, frame, heading);
            told_ui(ui, frame, told, heading);
        }
        if explanation.last.len() > 1 {
            heading_ui(ui, frame, "The last ten");
            if let Some(pressed) = list_ui(ui, frame, &explanation.last, state.chosen) {
                // What was pressed is to be read; in a moment it would be another.
                state.held |= pressed > 0;
                state.chosen = pressed;
            }
        }
        if let Some(exception) = &state.explanation.exception {
            heading_ui(ui, frame, "Last exception");
            told_ui(ui, frame, exception, "Last exception");
        }
    });
}

/// A step's name, and beside it what it says.
fn step_ui(ui: &mut Ui, theme: &Theme, name: &str, says: &str) {
    let response = ui
        .horizontal_top(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(NAMES, 17.0), Sense::hover());
            text::paint(ui.painter(), rect, Align2::LEFT_CENTER, name, fonts::regular(size::BODY), theme.muted);
            ui.add(Label::new(says).wrap().selectable(true));
        })
        .response;
    widgets::tell(&response, Role::Status, name, || says.to_owned());
}

fn when(frame: &Frame<'_>, told: &Told) -> String {
    words::time_with_millis(told.at.utc, frame.zone)
}

/// A time that is told to a tenth of a millisecond.
fn took(told: &Told) -> String {
    told.took.map_or_else(String::new, |span| format!("{:.1} ms", span.0 as f64 / 1e3))
}

/// An exchange in full.
fn told_ui(ui: &mut Ui, frame: &Frame<'_>, told: &Told, name: &str) {
    let theme = frame.theme;
    let said: Vec<String> = [when(frame, told), took(told), told.what.clone(), told.outcome.clone()]
        .into_iter()
        .filter(|words| !words.is_empty())
        .map(|words| visible(&words).into_owned())
        .collect();
    let said = said.join(" · ");
    let ink = if told.well { theme.muted } else { theme.text };
    let label = ui.add(Label::new(RichText::new(&said).color(ink)).wrap().selectable(true));
    widgets::tell(&label, Role::Status, name, || said.clone());
    // Of a message nothing is asked.
    if told.took.is_none() {
        fields_ui(ui, theme, "Message", &told.received, "an empty payload");
        return;
    }
    let sides: [(&str, &[Field], &str); 2] =
        [("Request", &told.sent, "nothing could be sent"), ("Answer", &told.received, "nothing came")];
    let beside = if ui.available_width() >= BESIDE { 2 } else { 1 };
    ui.spacing_mut().item_spacing.x = 3.0 * STEP;
    ui.columns(beside, |columns| {
        for (i, (heading, fields, none)) in sides.into_iter().enumerate() {
            fields_ui(&mut columns[i.min(beside - 1)], theme, heading, fields, none);
        }
    });
}

fn fields_ui(ui: &mut Ui, theme: &Theme, heading: &str, fields: &[Field], none: &str) {
    ui.label(RichText::new(heading).font(fonts::strong(size::SMALL)).color(theme.muted));
    if fields.is_empty() {
        ui.label(RichText::new(none).color(theme.text));
    }
    for field in fields {
        field_ui(ui, theme, field);
    }
}

/// A field: name, bytes, meaning. The tag's own stand on a band, with a bar before them.
fn field_ui(ui: &mut Ui, theme: &Theme, field: &Field) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW - STEP), Sense::hover());
    let shown = field.bytes.get(..SHOWN).unwrap_or(&field.bytes);
    let more = if field.bytes.len() > SHOWN { "…" } else { "" };
    let bytes = format!("{}{more}", hex(shown));
    let means = visible(&field.means);
    let own = if field.own { ", of this tag" } else { "" };
    widgets::tell(&response, Role::Row, field.name, || format!("{}, {means}{own}", hex(&field.bytes)));
    if !ui.is_rect_visible(rect) {
        return;
    }
    let painter = ui.painter();
    if field.own {
        painter.rect_filled(rect, f32::from(RADIUS) / 2.0, theme.raised);
        let bar = Rect::from_min_max(rect.min, pos2(rect.left() + 3.0, rect.bottom()));
        painter.rect_filled(bar, 0.0, theme.select);
    }
    let font = if field.own { fonts::strong(size::BODY) } else { fonts::regular(size::BODY) };
    let names =
        Rect::from_min_max(pos2(rect.left() + 2.0 * STEP, rect.top()), pos2(rect.left() + NAMES, rect.bottom()));
    text::paint(painter, names, Align2::LEFT_CENTER, field.name, font, theme.muted);
    let rest = rect.with_min_x(names.right() + 2.0 * STEP);
    let half = rest.with_max_x(rest.left() + rest.width() * 0.6);
    let drawn = text::paint_number(painter, half, Align2::LEFT_CENTER, &bytes, size::BODY, theme.text);
    let after = rest.with_min_x(drawn.right().max(rest.left() + 32.0) + 2.0 * STEP);
    text::paint(painter, after, Align2::LEFT_CENTER, means.clone(), fonts::regular(size::BODY), theme.muted);
    if field.bytes.len() > SHOWN || !field.means.is_empty() {
        response.on_hover_text(format!("{}\n{means}", hex(&field.bytes)));
    }
}

/// The last exchanges; which was pressed.
fn list_ui(ui: &mut Ui, frame: &Frame<'_>, last: &[Told], chosen: usize) -> Option<usize> {
    let theme = frame.theme;
    let places = table::places(&LIST, ui.available_width() - 10.0);
    let brush = Brush { theme, blink_on: frame.blink_on };
    let mut pressed = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    for (i, told) in last.iter().enumerate() {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
        if i == chosen {
            ui.painter().rect_filled(rect, 0.0, theme.raised);
        }
        let response = widgets::press(ui, rect, ui.scope_id().with(("exchange", i)), &brush, 0.0);
        let (when, took) = (when(frame, told), took(told));
        let (what, outcome) = (visible(&told.what), visible(&told.outcome));
        widgets::tell(&response, Role::Row, &format!("exchange {}", i + 1), || {
            format!("{when}, {took}, {what}, {outcome}")
        });
        if response.clicked() {
            pressed = Some(i);
        }
        let painter = ui.painter();
        let put = |column: usize, words: &str, ink| {
            let Some(place) = places[column] else { return };
            let cell = table::cell(rect, place);
            let align = table::align(&LIST[column]);
            if column < 2 {
                text::paint_number(painter, cell, align, words, size::BODY, ink);
            } else {
                text::paint(painter, cell, align, words, fonts::regular(size::BODY), ink);
            }
        };
        put(0, &when, theme.muted);
        put(1, &took, theme.muted);
        put(2, &what, theme.muted);
        put(3, &outcome, if told.well { theme.muted } else { theme.text });
        if let (false, Some(place)) = (told.well, places[3]) {
            let cell = table::cell(rect, place);
            hatch::cross(painter, pos2(cell.left() - 7.0, cell.center().y), 6.0, theme.text);
        }
    }
    pressed
}
