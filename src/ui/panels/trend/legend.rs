//! The table beside the data: each pen, its value at the cursor, its value now. Every row opens its tag's faceplate.

use super::super::{Cx, open_faceplate};
use super::{Layout, Pen};
use crate::engine::{Point, Value};
use crate::project::DataType;
use crate::time::Utc;
use crate::ui::fonts::{self, size};
use crate::ui::theme::Theme;
use crate::ui::widgets::symbol::Symbol;
use crate::ui::widgets::{hatch, press, tell, text};
use crate::ui::{Outbox, words};
use eframe::egui::{Align2, Painter, Rect, Role, Shape, Stroke, Ui, pos2, vec2};

/// Height of a line of the table.
pub const LINE: f32 = 19.0;

/// Paints the table, and makes every pen a thing that can be pressed.
pub fn ui(ui: &Ui, layout: &Layout, cx: &Cx<'_>, pens: &[Pen<'_>], cursor: Option<(Utc, &str)>, out: &mut Outbox) {
    let Some(table) = layout.table else { return };
    if layout.beside { beside_ui(ui, table, cx, pens, cursor, out) } else { below_ui(ui, table, cx, pens, cursor, out) }
}

fn beside_ui(ui: &Ui, table: Rect, cx: &Cx<'_>, pens: &[Pen<'_>], cursor: Option<(Utc, &str)>, out: &mut Outbox) {
    let theme = cx.frame.theme;
    let painter = ui.painter();
    let small = || fonts::regular(size::SMALL);
    let head = Rect::from_min_size(table.min, vec2(table.width(), LINE));
    text::paint(painter, head, Align2::LEFT_CENTER, "Pen", small(), theme.muted);
    text::paint(painter, head, Align2::RIGHT_CENTER, "now", small(), theme.muted);
    if let Some((_, at)) = cursor {
        text::paint(painter, head.with_max_x(middle(table)), Align2::RIGHT_CENTER, at, small(), theme.muted);
    }
    // Two lines a pen while they fit, then one.
    let room = table.height() - LINE;
    let tall = pens.len() as f32 * (2.0 * LINE + 7.0) <= room;
    let row_height = if tall { 2.0 * LINE + 7.0 } else { LINE + 2.0 };
    for (i, pen) in pens.iter().enumerate() {
        let top = head.bottom() + row_height * i as f32;
        let row = Rect::from_min_size(pos2(table.left(), top), vec2(table.width(), row_height));
        if row.bottom() > table.bottom() + 2.0 {
            let last = Rect::from_min_max(pos2(table.left(), table.bottom() - LINE), table.max);
            let words = format!("and {} more", pens.len() - i);
            text::paint(painter, last, Align2::LEFT_CENTER, words, small(), theme.muted);
            break;
        }
        pen_row(ui, row, tall, cx, pen, cursor, out);
    }
}

fn middle(table: Rect) -> f32 {
    table.left() + table.width() * 0.66
}

fn pen_row(ui: &Ui, row: Rect, tall: bool, cx: &Cx<'_>, pen: &Pen<'_>, cursor: Option<(Utc, &str)>, out: &mut Outbox) {
    let theme = cx.frame.theme;
    let painter = ui.painter();
    let response = press(ui, row, ui.scope_id().with(("pen", pen.index)), &cx.brush(), 3.0);
    let at_cursor = cursor.map(|(at, _)| value_at(pen, at, cx.frame.snapshot.now.utc));
    tell(&response, Role::Button, pen.name, || match (&at_cursor, &pen.reading) {
        (Some(said), _) => said.words.clone(),
        (None, Some(reading)) => reading.spoken(),
        (None, None) => "no such tag".to_owned(),
    });
    open_faceplate(&response, pen.id, out);

    let first = Rect::from_min_size(row.min + vec2(0.0, 2.0), vec2(row.width(), LINE));
    swatch(painter, pos2(first.left(), first.center().y), pen.index, theme);
    let mut name = first.with_min_x(first.left() + 24.0);
    if let Some(alarm) = pen.reading.as_ref().and_then(|r| r.alarm).filter(|_| tall) {
        let center = pos2(name.right() - 8.0, name.center().y);
        Symbol { unacknowledged: false, ..Symbol::from_tag(alarm) }.paint(
            painter,
            theme,
            center,
            11.0,
            cx.frame.blink_on,
        );
        name.max.x -= 20.0;
    }
    let second = if tall { first.translate(vec2(0.0, LINE)) } else { first };
    let Some(reading) = &pen.reading else {
        text::paint(
            painter,
            name,
            Align2::LEFT_CENTER,
            format!("no tag \"{}\"", pen.name),
            fonts::regular(size::BODY),
            theme.text,
        );
        return;
    };
    let now = second.with_min_x(middle(row) + 4.0);
    let colour = reading.ink(theme);
    let ink = text::paint_number(
        painter,
        now,
        Align2::RIGHT_CENTER,
        reading.text.as_deref().unwrap_or("—"),
        size::BODY,
        colour,
    );
    if reading.is_bad() {
        if reading.text.is_some() {
            hatch::hatch(painter, ink, theme.muted.gamma_multiply(0.6), 5.0);
        }
        hatch::cross(painter, pos2(ink.left() - 8.0, ink.center().y), 6.0, theme.text);
    }
    if tall {
        text::paint(painter, name, Align2::LEFT_CENTER, pen.name, fonts::regular(size::BODY), theme.text);
        let unit = second.with_min_x(second.left() + 24.0).with_max_x(middle(row) - 50.0);
        text::paint(painter, unit, Align2::LEFT_CENTER, reading.unit, fonts::regular(size::SMALL), theme.muted);
        painter.hline(row.x_range(), row.bottom() - 2.5, theme.border());
    } else {
        let room = if at_cursor.is_some() { middle(row) - 56.0 } else { ink.left() - 16.0 };
        text::paint(
            painter,
            name.with_max_x(room),
            Align2::LEFT_CENTER,
            pen.name,
            fonts::regular(size::BODY),
            theme.text,
        );
    }
    if let Some(said) = at_cursor {
        let place = second.with_min_x(middle(row) - 60.0).with_max_x(middle(row));
        let colour = if said.good { theme.text } else { theme.muted };
        text::paint_number(painter, place, Align2::RIGHT_CENTER, &said.short, size::BODY, colour);
    }
}

/// Two pens a line, each with one number.
fn below_ui(ui: &Ui, table: Rect, cx: &Cx<'_>, pens: &[Pen<'_>], cursor: Option<(Utc, &str)>, out: &mut Outbox) {
    let width = table.width() / 2.0;
    for (i, pen) in pens.iter().take(8).enumerate() {
        let min = pos2(table.left() + width * (i % 2) as f32, table.top() + LINE * (i / 2) as f32);
        let row = Rect::from_min_size(min, vec2(width - 8.0, LINE - 2.0));
        pen_row(ui, row, false, cx, pen, cursor, out);
    }
}

/// A piece of the pen's own line, with its dashes.
fn swatch(painter: &Painter, left: eframe::egui::Pos2, index: usize, theme: &Theme) {
    let stroke = Stroke::new(3.0, theme.pen(index));
    let ends = [left, left + vec2(17.0, 0.0)];
    match Theme::dashes(index) {
        Some((dash, gap)) => painter.extend(Shape::dashed_line(&ends, stroke, dash, gap)),
        None => {
            painter.line_segment(ends, stroke);
        }
    }
}

/// What a pen read at an instant.
struct Said {
    short: String,
    words: String,
    good: bool,
}

/// The last point at or before `at`: what the plant had told by then, not what lies between.
fn value_at(pen: &Pen<'_>, at: Utc, now: Utc) -> Said {
    let point = pen.known.at(at, now);
    match (&point, &pen.reading) {
        (Some(point), Some(reading)) if !point.quality.is_bad() && point.value.is_finite() => {
            let value = value_of(point, reading.tag.data_type);
            let short = words::value(&value, reading.tag);
            let doubt =
                if point.quality.is_good() { String::new() } else { format!(", {}", words::quality(point.quality)) };
            let words = format!("{}{doubt}", words::value_with_unit(&value, reading.tag));
            Said { short, words, good: point.quality.is_good() }
        }
        (Some(point), _) => Said { short: "—".to_owned(), words: words::quality(point.quality), good: false },
        (None, _) => Said { short: "—".to_owned(), words: words::say::NO_VALUE.to_owned(), good: false },
    }
}

fn value_of(point: &Point, data_type: DataType) -> Value {
    if data_type == DataType::Bool { Value::Bool(point.value != 0.0) } else { Value::F64(point.value) }
}
