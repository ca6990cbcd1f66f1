//! A lamp: one state of a few, told by a word and by a lit or unlit disc. Colour stays with alarms.

use super::symbol::Symbol;
use super::{Brush, Reading, forced, hatch, press, tell, text};
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use eframe::egui::{Align2, Id, Rect, Response, Role, Stroke, Ui, pos2, vec2};

/// Least height of a lamp's row.
pub const LEAST_ROW: f32 = 16.0;
/// Greatest height of a lamp's row.
pub const GREATEST_ROW: f32 = 34.0;

/// Paints a lamp as a row: disc, name, word, and the mark of its alarm.
pub fn lamp_ui(ui: &Ui, rect: Rect, id: Id, title: &str, reading: &Reading<'_>, brush: &Brush<'_>) -> Response {
    let response = press(ui, rect, id, brush, 3.0);
    tell(&response, Role::Button, reading.name, || reading.spoken());
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let theme = brush.theme;
    let painter = ui.painter_at(rect);
    let inner = rect.shrink2(vec2(STEP, 0.0));
    let center = pos2(inner.left() + 7.0, inner.center().y);
    if reading.is_bad() {
        painter.circle_stroke(center, 6.0, Stroke::new(1.0, theme.muted));
        hatch::cross(&painter, center, 6.0, theme.text);
    } else {
        let lit = reading.number.is_some_and(|n| n != 0.0);
        let (fill, edge) = if lit { (theme.normal, theme.text) } else { (theme.track, theme.muted) };
        painter.circle(center, 6.0, fill, Stroke::new(1.0, edge));
    }
    let mut right = inner.right();
    if let Some(alarm) = reading.alarm {
        Symbol::from_tag(alarm).paint(&painter, theme, pos2(right - 9.0, inner.center().y), 12.0, brush.blink_on);
        right -= 18.0 + STEP;
    }
    let words = Rect::from_min_max(pos2(inner.left() + 20.0, inner.top()), pos2(right, inner.bottom()));
    // The name first, then why the state is not good, then the state: what does not fit is the reason's end.
    let body = || fonts::regular(size::BODY);
    let state = text::paint(
        &painter,
        words,
        Align2::RIGHT_CENTER,
        reading.text.as_deref().unwrap_or("—"),
        body(),
        reading.ink(theme),
    );
    if reading.is_bad() && reading.text.is_some() {
        hatch::hatch(&painter, state.expand2(vec2(2.0, 0.0)), theme.muted.gamma_multiply(0.6), 6.0);
    }
    let left = words.with_max_x(state.left() - 2.0 * STEP);
    let name = text::paint(&painter, left, Align2::LEFT_CENTER, title, body(), theme.muted);
    if !reading.quality.is_good() {
        let age = reading.age.as_ref().map(|a| format!(", {a}")).unwrap_or_default();
        let why = left.with_min_x(name.right() + 2.0 * STEP);
        text::paint(&painter, why, Align2::RIGHT_CENTER, format!("{}{age}", reading.reason()), body(), theme.text);
    }
    if reading.quality.is_made_up() {
        forced::frame(&painter, rect, theme);
    }
    response
}
