//! A bar: a pointer on an upright scale with its normal band, limits and setpoint. Side by side, normal ones line up. A tank
//! is the same scale as a vessel that is filled up to its value.

use super::symbol::{self, Symbol};
use super::{Brush, Reading, Scale, forced, hatch, press, tell, text};
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::words;
use eframe::egui::{Align2, Id, Pos2, Rect, Response, Role, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

/// What the scale looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A narrow track with a pointer beside it.
    Bar,
    /// A vessel, filled up to the value.
    Tank,
}

impl Form {
    /// Width of the track within a place of this width.
    fn width(self, place: f32) -> f32 {
        match self {
            Self::Bar => (place * 0.56).clamp(8.0, 26.0),
            Self::Tank => (place * 0.64).clamp(14.0, 84.0),
        }
    }

    /// Rounding of its corners: a vessel has none that are sharp.
    fn radius(self, width: f32) -> f32 {
        match self {
            Self::Bar => 0.0,
            Self::Tank => (width * 0.18).min(10.0),
        }
    }
}

/// Height above the bar for the mark of its alarm.
const ABOVE: f32 = 24.0;
/// Height below it for number and name.
const BELOW: f32 = 38.0;

/// Where the track of a bar lies within its place; the same for all bars of a row, so that they line up.
pub fn track_rows(rect: Rect) -> (f32, f32) {
    (rect.top() + ABOVE, (rect.bottom() - BELOW).max(rect.top() + ABOVE + 20.0))
}

/// The scale's numbers, at the left of a row of bars.
pub fn paint_scale(ui: &Ui, rect: Rect, scale: &Scale, brush: &Brush<'_>) {
    let (top, bottom) = track_rows(rect);
    let [low, high] = scale.range;
    let steps = if bottom - top > 220.0 { 4 } else { 2 };
    for step in 0..=steps {
        let share = f64::from(step) / f64::from(steps);
        let y = bottom - (bottom - top) * share as f32;
        let label = words::number(low + (high - low) * share, None);
        let at = Rect::from_center_size(pos2(rect.center().x, y), vec2(rect.width(), size::SMALL * 1.3));
        text::paint(ui.painter(), at, Align2::RIGHT_CENTER, label, fonts::regular(size::SMALL), brush.theme.muted);
    }
}

/// Paints one bar or tank into `rect`, with its number and `title` below.
pub fn bar_ui(
    ui: &Ui,
    form: Form,
    rect: Rect,
    id: Id,
    title: &str,
    reading: &Reading<'_>,
    scale: &Scale,
    brush: &Brush<'_>,
) -> Response {
    let response = press(ui, rect, id, brush, 3.0);
    tell(&response, Role::Button, reading.name, || reading.spoken());
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let theme = brush.theme;
    let painter = ui.painter_at(rect.expand2(vec2(4.0, 0.0)));
    let (top, bottom) = track_rows(rect);
    let width = form.width(rect.width());
    let radius = form.radius(width);
    let track =
        Rect::from_min_max(pos2(rect.center().x - width / 2.0, top), pos2(rect.center().x + width / 2.0, bottom));
    // The pointer keeps to its own place, however narrow.
    let pointer = ((rect.width() - width) / 2.0).clamp(4.0, 9.0);
    let y = |value: f64| bottom - (bottom - top) * scale.share(value);

    painter.rect(track, radius, theme.track, Stroke::new(1.0, theme.line), StrokeKind::Inside);
    if let (Form::Tank, Some(number), false) = (form, reading.pointer(), reading.is_bad()) {
        // The same outline, cut at the level: a fill with corners of its own would round the surface.
        let full = painter.with_clip_rect(track.with_min_y(y(number)).intersect(painter.clip_rect()));
        full.rect_filled(track.shrink(1.0), radius, theme.normal.gamma_multiply(0.5));
    }
    if let Some([low, high]) = scale.normal {
        // In a vessel the band stands at its wall, or it would be one with the fill.
        let across = match form {
            Form::Bar => track.x_range(),
            Form::Tank => eframe::egui::Rangef::new(track.left(), track.left() + 6.0),
        };
        let band = Rect::from_x_y_ranges(across, y(high)..=y(low));
        painter.rect(band, 0.0, theme.band, Stroke::new(1.0, theme.muted.gamma_multiply(0.7)), StrokeKind::Inside);
    }
    for limit in &scale.limits {
        let at = y(limit.value);
        let colour = limit.colour(theme);
        painter.hline(track.x_range().expand(3.0), at, Stroke::new(if limit.violated { 2.0 } else { 1.0 }, colour));
        if rect.width() >= 44.0 {
            symbol::limit_mark(&painter, theme, limit.priority, pos2(track.left() - 8.0, at), 7.0, limit.violated);
        }
    }
    if let Some((setpoint, _)) = &scale.setpoint {
        let at = y(*setpoint);
        painter.add(triangle(pos2(track.left() - 1.0, at), -7.0, theme.select));
    }
    if reading.is_bad() {
        hatch::hatch(&painter, track, theme.muted.gamma_multiply(0.7), 6.0);
        hatch::dashed_frame(&painter, track.expand(1.0), theme.muted);
    }
    if let Some(number) = reading.pointer() {
        let at = y(number);
        let violated = scale.limits.iter().find(|l| l.violated).filter(|_| !reading.is_bad());
        let ink = violated.map_or(reading.ink(theme), |l| theme.priority_words(l.priority));
        let stroke = Stroke::new(if reading.is_bad() { 1.0 } else { 2.0 }, ink);
        painter.hline(track.left()..=track.right() + 2.0, at, stroke);
        if reading.is_bad() {
            // An outline, not a pointer: this is where it was, not where it is.
            painter.add(Shape::closed_line(corners(pos2(track.right(), at), pointer).to_vec(), Stroke::new(1.0, ink)));
        } else {
            painter.add(triangle(pos2(track.right(), at), pointer, ink));
        }
    }
    if let Some(alarm) = reading.alarm {
        Symbol::from_tag(alarm).paint(&painter, theme, pos2(rect.center().x, rect.top() + 10.0), 13.0, brush.blink_on);
    } else if reading.is_bad() {
        hatch::cross(&painter, pos2(rect.center().x, rect.top() + 12.0), 8.0, theme.text);
    }
    captions(&painter, rect, bottom, title, reading, brush);
    if reading.quality.is_made_up() {
        forced::frame(&painter, rect, theme);
    }
    response
}

/// Number, then name; why a bar is not good is told below the row of bars.
fn captions(
    painter: &eframe::egui::Painter,
    rect: Rect,
    bottom: f32,
    title: &str,
    reading: &Reading<'_>,
    brush: &Brush<'_>,
) {
    let theme = brush.theme;
    let first = Rect::from_min_size(pos2(rect.left(), bottom + STEP), vec2(rect.width(), size::BODY * 1.3));
    let number = reading.text.clone().unwrap_or_else(|| "—".to_owned());
    let ink = text::paint_number(
        painter,
        first.shrink2(vec2(2.0, 0.0)),
        Align2::CENTER_CENTER,
        &number,
        size::BODY,
        reading.ink(theme),
    );
    if reading.is_bad() && reading.text.is_some() {
        hatch::hatch(painter, ink.expand(1.0), theme.muted.gamma_multiply(0.6), 5.0);
    }
    let second = first.translate(vec2(0.0, first.height()));
    text::paint(painter, second, Align2::CENTER_CENTER, title, fonts::regular(size::SMALL), theme.muted);
}

/// A triangle whose tip touches `tip`, pointing left for a positive `length`, right for a negative one.
fn triangle(tip: Pos2, length: f32, colour: eframe::egui::Color32) -> Shape {
    Shape::convex_polygon(corners(tip, length).to_vec(), colour, Stroke::NONE)
}

fn corners(tip: Pos2, length: f32) -> [Pos2; 3] {
    let half = length.abs() * 0.55;
    [tip, tip + vec2(length, -half), tip + vec2(length, half)]
}
