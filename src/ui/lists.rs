//! The list of every tag, over the whole middle.

use super::panels::table::{self, Column, column, numbers};
use super::theme::{LINE, RADIUS, STEP};
use super::tree::heading_ui;
use super::widgets::symbol::Symbol;
use super::widgets::{self, Brush, hatch, reading::Reading, text};
use super::words::{self, say};
use super::{Action, Frame, Outbox, fonts, hand};
use crate::engine::TagId;
use eframe::egui::{Align2, Color32, Label, Rect, RichText, Role, ScrollArea, Sense, Stroke, Ui, pos2, vec2};
use fonts::size;

/// Height of a row.
const ROW: f32 = 25.0;
/// Room for the mark before a name.
const MARK: f32 = 26.0;
/// Room that the scroll bar may take.
const SCROLL_BAR: f32 = 10.0;

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
    let names = frame.snapshot.plan.tags.iter().take(200).map(|tag| tag.name.as_ref());
    let places = table::named_places(ui, &TAG_COLUMNS, ui.available_width() - MARK - SCROLL_BAR, names);
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, ROW, tags, |ui, rows| {
        for i in rows {
            tag_ui(ui, frame, TagId(i as u32), &places, outbox);
        }
    });
}

/// Columns of the list of tags: name, number, unit, age, quality, description.
const TAG_COLUMNS: [Column; 6] = [
    column("", 90.0, 0.0, 100),
    Column { grow: 0.2, ..numbers("", 84.0, 99) },
    column("", 44.0, 0.0, 98),
    numbers("", 62.0, 60),
    column("", 110.0, 1.0, 80),
    column("", 120.0, 0.8, 40),
];

fn tag_ui(ui: &mut Ui, frame: &Frame<'_>, id: TagId, places: &[Option<(f32, f32)>; 6], outbox: &mut Outbox) {
    let Some(reading) = Reading::new(frame.snapshot, id) else { return };
    let theme = frame.theme;
    let (rect, response) = row_ui(ui, frame, ("tag", id.0), frame.chosen == Some(id));
    widgets::tell(&response, Role::ListItem, reading.name, || reading.spoken());
    hand::can_be_taken(&response, id);
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
    } else if places[4].is_none() && !reading.quality.is_good() {
        // Where there is no room to say why, there is still no doubt that it is not good.
        painter.text(mark, Align2::CENTER_CENTER, "?", fonts::strong(size::BODY), theme.text);
    }
    let inner = Rect::from_min_max(pos2(rect.left() + MARK, rect.top()), rect.max);
    let put = |column: usize, words: &str, font: &eframe::egui::FontId, ink: Color32| {
        let cell = table::cell(inner, places[column]?);
        Some(text::paint(painter, cell, table::align(&TAG_COLUMNS[column]), words, font.clone(), ink))
    };
    put(0, reading.name, &fonts::strong(size::BODY), theme.text);
    // A number never stands without its unit.
    let folded = places[2].is_none() && reading.text.is_some() && !reading.unit.is_empty();
    let unit = if folded { format!(" {}", reading.unit) } else { String::new() };
    let shown = format!("{}{unit}", reading.text_or_dash());
    if let Some(place) = places[1] {
        // A word has the room of number and unit; a number is never cut.
        let mut cell = table::cell(inner, place);
        let drawn = if reading.number.is_some() && !reading.is_word() {
            text::paint_number(painter, cell, Align2::RIGHT_CENTER, &shown, size::BODY, reading.ink(theme))
        } else {
            cell.max.x = places[2].map_or(cell.right(), |unit| inner.left() + unit.1);
            text::paint(painter, cell, Align2::LEFT_CENTER, shown, regular.clone(), reading.ink(theme))
        };
        if reading.is_bad() && drawn.is_positive() {
            hatch::hatch(painter, drawn.expand(2.0).intersect(rect), theme.line, 5.0);
        }
        if reading.quality.is_made_up() {
            widgets::forced::frame(painter, drawn.expand2(vec2(4.0, 1.0)).intersect(rect), theme);
        }
    }
    put(2, reading.unit, &regular, theme.muted);
    put(3, reading.age.as_deref().unwrap_or(""), &regular, theme.muted);
    let quality = words::quality_with_detail(reading.view);
    let ink = if reading.quality.is_good() { theme.muted } else { theme.text };
    // What is wrong is told in full where nothing else needs the room.
    let described = !reading.tag.description.is_empty();
    if let Some((left, mut right)) = places[4] {
        if let (false, Some(place)) = (described, places[5]) {
            right = place.1;
        }
        text::paint(painter, table::cell(inner, (left, right)), Align2::LEFT_CENTER, quality, regular.clone(), ink);
    }
    if described {
        put(5, reading.tag.description.as_str(), &regular, theme.muted);
    }
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
