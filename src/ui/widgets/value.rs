//! A value tile: name, number, unit, and what there is to say about them; the recent past as a spark beside.

use super::spark::{self, Recent};
use super::symbol::Symbol;
use super::{Brush, Reading, forced, hatch, press, tell, text};

use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use eframe::egui::{Align2, Galley, Id, Pos2, Rect, Response, Role, Stroke, StrokeKind, Ui, pos2, vec2};

/// Paints a tile into `rect`, the whole of which opens the tag's faceplate. `title` stands for the name where the
/// project gives one; a screen reader hears the tag's name all the same.
pub fn tile_ui(
    ui: &Ui,
    rect: Rect,
    id: Id,
    title: &str,
    reading: &Reading<'_>,
    recent: Option<Recent<'_>>,
    brush: &Brush<'_>,
) -> Response {
    let response = press(ui, rect, id, brush, f32::from(crate::ui::theme::RADIUS));
    tell(&response, Role::Button, reading.name, || reading.spoken());
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let theme = brush.theme;
    let painter = ui.painter_at(rect);
    if reading.is_bad() {
        // Over the full line that the grid may have drawn.
        painter.rect_stroke(
            rect,
            f32::from(crate::ui::theme::RADIUS),
            Stroke::new(1.0, theme.panel),
            StrokeKind::Inside,
        );
        hatch::dashed_frame(&painter, rect, theme.muted);
    }
    let inner = rect.shrink2(vec2(2.5 * STEP, 2.0 * STEP));
    // Too low for three lines: name and number share one.
    if inner.height() < 40.0 {
        row(&painter, inner, title, reading, brush);
        if reading.quality.is_made_up() {
            forced::tile(&painter, rect, reading.quality, theme);
        }
        return response;
    }

    let head = head(&painter, inner, title, reading, brush);
    let below = Rect::from_min_max(pos2(inner.left(), head.bottom() + STEP), inner.max);
    let reason = reading.reason();
    let reason_height = if reason.is_empty() { 0.0 } else { size::BODY * 1.35 };
    let number_size = size::VALUE.min((below.height() - reason_height) / 1.2).max(size::BODY);
    // In a tall tile the number keeps to the head, as in its low neighbours, so that a row of tiles reads as one line.
    let number_row = Rect::from_min_size(below.min, vec2(below.width(), number_size * 1.2));
    let ink = number(&painter, number_row, number_size, reading, brush);

    let mut spark_bottom = inner.bottom();
    if !reason.is_empty() {
        let at = Rect::from_min_size(pos2(inner.left(), number_row.bottom() + 1.0), vec2(inner.width(), reason_height));
        if at.bottom() <= inner.bottom() + 4.0 {
            let room = Rect::from_min_max(at.min, inner.max + vec2(0.0, 4.0));
            let ink = text::paint_wrapped(&painter, room, reason, fonts::regular(size::BODY), theme.text);
            let rest = Rect::from_min_max(pos2(at.left(), ink.bottom()), inner.max);
            if let Some(detail) = reading.view.detail.as_deref().filter(|_| rest.height() >= size::SMALL * 1.2) {
                text::paint_wrapped(&painter, rest, detail, fonts::regular(size::SMALL), theme.muted);
            }
            spark_bottom = number_row.bottom();
        }
    }
    if let Some(recent) = recent {
        let left = (ink.right() + 2.0 * STEP).max(inner.left() + inner.width() * 0.48);
        let top = number_row.top() + number_size * 0.25;
        let at = Rect::from_min_max(pos2(left, top), pos2(inner.right(), spark_bottom.min(top + 48.0)));
        if at.width() >= 40.0 && at.height() >= 12.0 {
            spark::paint(&painter, at, theme, recent);
        }
    }
    if reading.quality.is_made_up() {
        forced::tile(&painter, rect, reading.quality, theme);
    }
    response
}

/// Name at the left, behind the glyph of a bad value; age and the mark of the tag's alarm at the right.
pub fn head(
    painter: &eframe::egui::Painter,
    inner: Rect,
    title: &str,
    reading: &Reading<'_>,
    brush: &Brush<'_>,
) -> Rect {
    let theme = brush.theme;
    let line = Rect::from_min_size(inner.min, vec2(inner.width(), size::BODY * 1.35));
    let mut right = inner.right();
    if let Some(alarm) = reading.alarm {
        let symbol = 13.0;
        let center = pos2(right - symbol * 0.75, line.center().y.max(inner.top() + symbol * 0.75 - 2.0));
        Symbol::from_tag(alarm).paint(painter, theme, center, symbol, brush.blink_on);
        right -= symbol * 1.5 + STEP;
    }
    if let Some(age) = &reading.age {
        let at = Rect::from_min_max(line.min, pos2(right, line.bottom()));
        let ink = text::paint(painter, at, Align2::RIGHT_CENTER, age.as_str(), fonts::regular(size::BODY), theme.muted);
        right = ink.left() - 2.0 * STEP;
    }
    let mut left = inner.left();
    if reading.is_bad() {
        hatch::cross(painter, pos2(left + 4.0, line.center().y), 7.0, theme.text);
        left += 13.0;
    }
    let at = Rect::from_min_max(pos2(left, line.top()), pos2(right, line.bottom()));
    text::paint(painter, at, Align2::LEFT_CENTER, title, fonts::regular(size::BODY), theme.text);
    line
}

/// The number with its unit on one base line; struck by a hatch while bad. Gives back where the ink is.
pub fn number(
    painter: &eframe::egui::Painter,
    row: Rect,
    number_size: f32,
    reading: &Reading<'_>,
    brush: &Brush<'_>,
) -> Rect {
    let theme = brush.theme;
    let (shown, font) = match &reading.text {
        // A word needs less height than a number to be read, and is often longer.
        Some(word) if reading.is_word() => (word.as_str(), Some(fonts::regular(number_size * 0.72))),
        Some(number) => (number.as_str(), None),
        None => ("—", None),
    };
    let unit_size = if number_size >= 20.0 { size::BODY } else { size::SMALL };
    let unit = (!reading.unit.is_empty() && reading.text.is_some())
        .then(|| text::line(painter, reading.unit, fonts::regular(unit_size), theme.muted, row.width() * 0.5));
    let unit_room = unit.as_ref().map_or(0.0, |u| u.size().x + 7.0);
    let room = (row.width() - unit_room).max(24.0);
    let galley = match font {
        // Words too long for one large line stand on two small ones.
        Some(font) => {
            let line = text::line(painter, shown, font.clone(), reading.ink(theme), f32::INFINITY);
            if line.size().x <= room {
                line
            } else {
                text::lines(painter, shown, size::BODY, reading.ink(theme), room, 2)
            }
        }
        None => text::number(painter, shown, number_size, reading.ink(theme), room),
    };
    let at = Pos2::new(row.left(), row.center().y - galley.size().y / 2.0);
    let mut ink = Rect::from_min_size(at, galley.size());
    let base = at.y + base_line(&galley);
    painter.galley(at, galley, reading.ink(theme));
    if let Some(unit) = unit {
        let at = Pos2::new(ink.right() + 6.0, base - base_line(&unit));
        ink = ink.union(Rect::from_min_size(at, unit.size()));
        painter.galley(at, unit, theme.muted);
    }
    if reading.is_bad() && reading.text.is_some() {
        hatch::hatch(
            painter,
            ink.expand2(vec2(4.0, -2.0)).intersect(painter.clip_rect()),
            theme.muted.gamma_multiply(0.6),
            6.0,
        );
    }
    ink
}

/// How far below its top the first row's letters stand.
fn base_line(galley: &Galley) -> f32 {
    galley.rows.first().and_then(|row| row.glyphs.first().map(|g| row.pos.y + g.pos.y)).unwrap_or(galley.size().y * 0.8)
}

/// Name, number and reason on one line.
fn row(painter: &eframe::egui::Painter, inner: Rect, title: &str, reading: &Reading<'_>, brush: &Brush<'_>) {
    let theme = brush.theme;
    let line = Rect::from_center_size(inner.center(), vec2(inner.width(), inner.height().min(24.0)));
    let line = if reading.quality.is_good() { line } else { line.translate(vec2(0.0, inner.top() - 4.0 - line.top())) };
    let mut right = line.with_min_x(line.left() + line.width() * 0.45 + STEP);
    if let Some(alarm) = reading.alarm {
        let at = pos2(right.right() - 9.0, right.center().y);
        Symbol::from_tag(alarm).paint(painter, theme, at, 12.0, brush.blink_on);
        right.max.x -= 22.0;
    }
    let unit = if reading.text.is_some() { reading.unit } else { "" };
    let shown = format!("{} {unit}", reading.text.as_deref().unwrap_or("—"));
    let shown = shown.trim_end();
    let ink = if reading.is_word() {
        text::paint(painter, right, Align2::RIGHT_CENTER, shown, fonts::regular(size::BODY), reading.ink(theme))
    } else {
        text::paint_number(painter, right, Align2::RIGHT_CENTER, shown, size::BODY, reading.ink(theme))
    };
    if reading.is_bad() && reading.text.is_some() {
        hatch::hatch(painter, ink, theme.muted.gamma_multiply(0.6), 6.0);
    }
    // The name has all that the number leaves.
    let mut name = line.with_max_x((ink.left() - STEP).max(line.left()));
    if reading.is_bad() {
        hatch::cross(painter, pos2(name.left() + 4.0, name.center().y), 7.0, theme.text);
        name.min.x += 13.0;
    }
    text::paint(painter, name, Align2::LEFT_CENTER, title, fonts::regular(size::BODY), theme.text);
    if !reading.quality.is_good() {
        let below =
            Rect::from_min_max(pos2(inner.left(), line.bottom() - 4.0), pos2(inner.right(), inner.bottom() + 6.0));
        text::paint(painter, below, Align2::LEFT_TOP, reading.reason(), fonts::regular(size::SMALL), theme.text);
    }
}
