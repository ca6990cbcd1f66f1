//! The table beside the data: each pen, its value at the cursor, its value now; or what it did between two cursors. Every
//! row opens its tag's faceplate, its swatch hides the pen.

use super::super::{Cx, open_faceplate};
use super::between::Between;
use super::{Layout, Pen};
use crate::engine::{Point, Value};
use crate::project::DataType;
use crate::time::{Span, Utc};
use crate::ui::fonts::{self, size};
use crate::ui::past::Known;
use crate::ui::theme::Theme;
use crate::ui::widgets::symbol::Symbol;
use crate::ui::widgets::{Reading, forced, hatch, press, tell, text};
use crate::ui::{Outbox, words};
use eframe::egui::{Align2, Painter, Rect, Role, Sense, Shape, Stroke, Ui, pos2, vec2};
use std::collections::BTreeSet;

/// Height of a line of the table.
pub const LINE: f32 = 19.0;

/// What a person chose of the pens, by their index.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Not drawn.
    pub hidden: BTreeSet<usize>,
    /// Drawn before all others until another is chosen.
    pub bright: Option<usize>,
    /// Under the pointer in the table, which is as good while it lasts.
    pub pointed: Option<usize>,
    /// A pen was taken off in this frame.
    off: Option<usize>,
}

impl Choice {
    /// A pen is gone; those behind it move up.
    pub fn forget(&mut self, index: usize) {
        let moved = |i: usize| if i > index { i - 1 } else { i };
        self.hidden = self.hidden.iter().filter(|i| **i != index).map(|i| moved(*i)).collect();
        self.bright = self.bright.filter(|i| *i != index).map(moved);
        self.pointed = None;
    }
}

/// What the table tells besides the values of now.
#[derive(Debug, Clone, Copy)]
pub enum Told<'a> {
    /// Nothing.
    Now,
    /// The values at an instant, which is written so.
    At(Utc, &'a str),
    /// What the pens did between two.
    Between([Utc; 2], &'a [Between]),
}

/// Room for the button that takes a pen off, in every row where one pen was added.
const OFF: f32 = 18.0;

/// Paints the table, and makes every pen a thing that can be pressed and dragged. Gives back the pen that is to be taken
/// off.
pub fn ui(
    ui: &Ui,
    layout: &Layout,
    cx: &Cx<'_>,
    pens: &[Pen<'_>],
    told: Told<'_>,
    choice: &mut Choice,
    out: &mut Outbox,
) -> Option<usize> {
    let pointed = choice.pointed.take();
    if let Some(table) = layout.table {
        if layout.beside {
            beside_ui(ui, table, cx, pens, told, choice, out);
        } else {
            below_ui(ui, table, cx, pens, told, choice, out);
        }
    }
    if choice.pointed != pointed {
        ui.ctx().request_repaint();
    }
    choice.off.take()
}

fn beside_ui(
    ui: &Ui,
    table: Rect,
    cx: &Cx<'_>,
    pens: &[Pen<'_>],
    told: Told<'_>,
    choice: &mut Choice,
    out: &mut Outbox,
) {
    let theme = cx.frame.theme;
    let head = Rect::from_min_size(table.min, vec2(table.width(), LINE));
    head_ui(ui, head, cx, told, pens.iter().any(|p| p.twin.is_some()));
    // Three or two lines a pen while they fit, then one.
    let room = table.height() - LINE;
    let lines = if matches!(told, Told::Between(..)) { 3 } else { 2 };
    let tall_height = lines as f32 * LINE + 7.0;
    let tall = pens.len() as f32 * tall_height <= room;
    let row_height = if tall { tall_height } else { LINE + 2.0 };
    let any_added = pens.iter().any(|p| p.added);
    for (i, pen) in pens.iter().enumerate() {
        let top = head.bottom() + row_height * i as f32;
        let row = Rect::from_min_size(pos2(table.left(), top), vec2(table.width(), row_height));
        if row.bottom() > table.bottom() + 2.0 {
            let last = Rect::from_min_max(pos2(table.left(), table.bottom() - LINE), table.max);
            let words = format!("and {} more", pens.len() - i);
            text::paint(ui.painter(), last, Align2::LEFT_CENTER, words, fonts::regular(size::SMALL), theme.muted);
            break;
        }
        pen_row(ui, row, [tall, any_added], cx, pen, told, choice, out);
    }
}

/// What the columns are; of two cursors how far they are apart.
fn head_ui(ui: &Ui, head: Rect, cx: &Cx<'_>, told: Told<'_>, twins: bool) {
    let (painter, muted) = (ui.painter(), cx.frame.theme.muted);
    let small = || fonts::regular(size::SMALL);
    let now = if cx.frame.about.bundle.is_some() { "end" } else { "now" };
    let (left, right) = match told {
        Told::Between([from, to], _) => ("Between the cursors".to_owned(), words::duration_of_range(to - from)),
        Told::At(..) if twins => ("before".to_owned(), now.to_owned()),
        Told::Now | Told::At(..) => ("Pen".to_owned(), now.to_owned()),
    };
    let indent = if twins && matches!(told, Told::At(..)) { 24.0 } else { 0.0 };
    let begin = head.with_min_x(head.left() + indent);
    let ink = text::paint(painter, begin, Align2::LEFT_CENTER, left, small(), muted);
    text::paint(painter, head.with_min_x(ink.right() + 8.0), Align2::RIGHT_CENTER, right, small(), muted);
    if let Told::At(_, at) = told {
        text::paint(painter, head.with_max_x(middle(head)), Align2::RIGHT_CENTER, at, small(), muted);
    }
    let response = ui.interact(head, ui.scope_id().with("head"), Sense::hover());
    let _shown = response.on_hover_text(HINT);
}

/// How the second cursor is set; on the head of the table.
const HINT: &str = "Shift+click on the plot (or M) sets a cursor, and once more a second: the table then tells what the pens did between them. A drag with the right button sets both, Delete takes them away.";

fn middle(table: Rect) -> f32 {
    table.left() + table.width() * 0.66
}

fn pen_row(
    ui: &Ui,
    row: Rect,
    [tall, any_added]: [bool; 2],
    cx: &Cx<'_>,
    pen: &Pen<'_>,
    told: Told<'_>,
    choice: &mut Choice,
    out: &mut Outbox,
) {
    let theme = cx.frame.theme;
    let painter = ui.painter();
    let response = press(ui, row, ui.scope_id().with(("pen", pen.index)), &cx.brush(), 3.0);
    let between = match told {
        Told::Between(ends, list) => list.get(pen.index).map(|between| (ends, between)),
        Told::Now | Told::At(..) => None,
    };
    let at_cursor = match told {
        Told::At(at, _) => Some(value_at(pen, &pen.known, at, cx.frame.snapshot.now.utc)),
        Told::Now | Told::Between(..) => None,
    };
    // The twin's, as long before the cursor as it lies before the pen.
    let earlier = match (told, &pen.twin) {
        (Told::At(at, _), Some((known, by))) => Some(value_at(pen, known, at + Span(-by.0), cx.frame.snapshot.now.utc)),
        _ => None,
    };
    tell(&response, Role::Button, pen.name, || match (&at_cursor, between, &pen.reading) {
        (_, Some((ends, between)), Some(reading)) => between.words(ends, reading.tag),
        (Some(said), ..) => match &earlier {
            Some(earlier) => format!("{}, before {}", said.words, earlier.words),
            None => said.words.clone(),
        },
        (None, _, Some(reading)) => reading.spoken(),
        (None, _, None) => words::no_tag(pen.name, &cx.frame.snapshot.plan),
    });
    open_faceplate(&response, pen.id, out);

    let (whole, mut row) = (row, row);
    if any_added {
        row.max.x -= OFF;
    }
    let first = Rect::from_min_size(row.min + vec2(0.0, 2.0), vec2(row.width(), LINE));
    swatch_ui(ui, first, cx, pen, choice);
    if pen.added {
        off_ui(
            ui,
            Rect::from_min_max(pos2(row.right(), first.top()), pos2(whole.right(), first.bottom())),
            cx,
            pen,
            choice,
        );
    }
    if response.hovered() || response.has_focus() {
        choice.pointed = Some(pen.index);
    }
    let mut name = first.with_min_x(first.left() + 24.0);
    if let Some(alarm) = pen.reading.as_ref().and_then(|r| r.alarm).filter(|_| tall) {
        let center = pos2(name.right() - 8.0, name.center().y);
        let symbol = Symbol { unacknowledged: false, ..Symbol::from_tag(alarm) };
        symbol.paint(painter, theme, center, 11.0, cx.frame.blink_on);
        name.max.x -= 20.0;
    }
    let body = || fonts::regular(size::BODY);
    let name_ink = if pen.hidden { theme.muted } else { theme.text };
    let Some(reading) = &pen.reading else {
        let why = words::no_tag(pen.name, &cx.frame.snapshot.plan);
        if tall {
            text::paint_wrapped(painter, name.with_max_y(name.bottom() + LINE), why, body(), theme.text);
            painter.hline(whole.x_range(), row.bottom() - 2.5, theme.border());
        } else {
            text::paint(painter, name, Align2::LEFT_CENTER, why, body(), theme.text);
        }
        return;
    };
    if let Some((ends, between)) = between {
        between_row(painter, first, name, tall, pen, reading, ends, between, theme);
        if tall {
            painter.hline(whole.x_range(), row.bottom() - 2.5, theme.border());
        }
        let _shown = response.on_hover_text(between.words(ends, reading.tag));
        return;
    }
    let second = if tall { first.translate(vec2(0.0, LINE)) } else { first };
    let now = second.with_min_x(middle(row) + 4.0);
    let shown = reading.text.as_deref().unwrap_or("—");
    let ink = text::paint_number(painter, now, Align2::RIGHT_CENTER, shown, size::BODY, reading.ink(theme));
    if reading.is_bad() {
        if reading.text.is_some() {
            hatch::hatch(painter, ink, theme.muted.gamma_multiply(0.6), 5.0);
        }
        hatch::cross(painter, pos2(ink.left() - 8.0, ink.center().y), 6.0, theme.text);
    }
    if reading.quality.is_made_up() {
        forced::frame(painter, ink.expand2(vec2(4.0, 1.0)), theme);
    }
    if tall {
        text::paint(painter, name, Align2::LEFT_CENTER, pen.name, body(), name_ink);
        let unit = second
            .with_min_x(second.left() + 24.0)
            .with_max_x(middle(row) - if earlier.is_some() { 36.0 } else { 50.0 });
        match earlier {
            Some(earlier) => {
                text::paint_number(painter, unit, Align2::LEFT_CENTER, &earlier.short, size::SMALL, theme.muted);
            }
            None => {
                text::paint(painter, unit, Align2::LEFT_CENTER, reading.unit, fonts::regular(size::SMALL), theme.muted);
            }
        }
        painter.hline(whole.x_range(), row.bottom() - 2.5, theme.border());
    } else {
        let room = if at_cursor.is_some() { middle(row) - 56.0 } else { ink.left() - 16.0 };
        text::paint(painter, name.with_max_x(room), Align2::LEFT_CENTER, pen.name, body(), name_ink);
    }
    if let Some(said) = at_cursor {
        let place = second.with_min_x(middle(row) - 60.0).with_max_x(middle(row));
        let colour = if said.good { theme.text } else { theme.muted };
        text::paint_number(painter, place, Align2::RIGHT_CENTER, &said.short, size::BODY, colour);
    }
}

/// Difference and rate, extremes and mean; in a low row the difference alone.
fn between_row(
    painter: &Painter,
    first: Rect,
    name: Rect,
    tall: bool,
    pen: &Pen<'_>,
    reading: &Reading<'_>,
    ends: [Utc; 2],
    between: &Between,
    theme: &Theme,
) {
    let small = || fonts::regular(size::SMALL);
    let difference = between.difference_words(reading.tag);
    let body = fonts::regular(size::BODY);
    if !tall {
        let ink = text::paint(painter, name, Align2::RIGHT_CENTER, difference, body.clone(), theme.text);
        let name = name.with_max_x(ink.left() - 8.0);
        text::paint(painter, name, Align2::LEFT_CENTER, pen.name, body, theme.text);
        return;
    }
    text::paint(painter, name, Align2::LEFT_CENTER, pen.name, body, theme.text);
    let lines = [
        (difference, between.rate_words(ends, reading.tag)),
        (between.extremes_words(reading.tag), format!("mean {}", between.mean_words(reading.tag))),
    ];
    for (i, (left, right)) in lines.into_iter().enumerate() {
        let line = first.with_min_x(name.left()).translate(vec2(0.0, LINE * (i + 1) as f32));
        let ink = text::paint(painter, line, Align2::RIGHT_CENTER, right, small(), theme.text);
        text::paint(painter, line.with_max_x(ink.left() - 6.0), Align2::LEFT_CENTER, left, small(), theme.text);
    }
}

/// The pen's own line; pressed, it hides the pen or shows it, and with Shift it brings the pen to the front.
fn swatch_ui(ui: &Ui, first: Rect, cx: &Cx<'_>, pen: &Pen<'_>, choice: &mut Choice) {
    let rect = first.with_max_x(first.left() + 22.0);
    let response = press(ui, rect, ui.scope_id().with(("swatch", pen.index)), &cx.brush(), 3.0);
    let verb = if pen.hidden { "Show" } else { "Hide" };
    tell(&response, Role::Button, &format!("{verb} pen {}", pen.name), || {
        if choice.bright == Some(pen.index) { "before all others".to_owned() } else { String::new() }
    });
    if response.clicked() {
        if ui.input(|i| i.modifiers.shift) {
            choice.bright = (choice.bright != Some(pen.index)).then_some(pen.index);
        } else if !choice.hidden.remove(&pen.index) {
            choice.hidden.insert(pen.index);
        }
    }
    swatch(ui.painter(), pos2(first.left() + 2.0, first.center().y), pen, cx.frame.theme);
    let _shown = response.on_hover_text(format!("{verb} this pen; with Shift: before all others, or no longer"));
}

/// Takes a pen off that was added by hand: the button is its mark, too.
fn off_ui(ui: &Ui, rect: Rect, cx: &Cx<'_>, pen: &Pen<'_>, choice: &mut Choice) {
    let response = press(ui, rect, ui.scope_id().with(("off", pen.index)), &cx.brush(), 3.0);
    tell(&response, Role::Button, &format!("Take off pen {}", pen.name), || "added by hand".to_owned());
    let (center, ink) = (rect.center(), if response.hovered() { cx.frame.theme.text } else { cx.frame.theme.muted });
    for (a, b) in [(vec2(-3.5, -3.5), vec2(3.5, 3.5)), (vec2(-3.5, 3.5), vec2(3.5, -3.5))] {
        ui.painter().line_segment([center + a, center + b], Stroke::new(1.2, ink));
    }
    if response.clicked() {
        choice.off = Some(pen.index);
    }
    let _shown = response.on_hover_text("Added by hand; press to take it off");
}

/// Two pens a line, each with one number.
fn below_ui(
    ui: &Ui,
    table: Rect,
    cx: &Cx<'_>,
    pens: &[Pen<'_>],
    told: Told<'_>,
    choice: &mut Choice,
    out: &mut Outbox,
) {
    let width = table.width() / 2.0;
    let any_added = pens.iter().any(|p| p.added);
    for (i, pen) in pens.iter().take(8).enumerate() {
        let min = pos2(table.left() + width * (i % 2) as f32, table.top() + LINE * (i / 2) as f32);
        let row = Rect::from_min_size(min, vec2(width - 8.0, LINE - 2.0));
        pen_row(ui, row, [false, any_added], cx, pen, told, choice, out);
    }
}

/// A piece of the pen's own line, with its dashes; of a hidden one a dot.
fn swatch(painter: &Painter, left: eframe::egui::Pos2, pen: &Pen<'_>, theme: &Theme) {
    let stroke = Stroke::new(3.0, theme.pen(pen.index));
    let ends = [left, left + vec2(17.0, 0.0)];
    if pen.hidden {
        painter.circle_stroke(left + vec2(8.5, 0.0), 2.5, Stroke::new(1.0, theme.muted));
        return;
    }
    match Theme::dashes(pen.index) {
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
fn value_at(pen: &Pen<'_>, known: &Known<'_>, at: Utc, now: Utc) -> Said {
    let point = known.at(at, now);
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
