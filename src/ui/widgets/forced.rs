//! The mark of a value that a person has forced: a striped frame and the word, so that nobody takes it for the plant's.
//! In no colour of an alarm: told by shape and by word.

use super::text;
use crate::ui::fonts::{self, size};
use crate::ui::theme::Theme;
use crate::ui::words::say;
use eframe::egui::{Align2, Painter, Pos2, Rect, Shape, Stroke, vec2};

/// Size of the plate.
const PLATE: [f32; 2] = [50.0, 14.0];

/// A frame of bars around a tile, and the word in its lower right corner, where no name and no age stand.
pub fn tile(painter: &Painter, rect: Rect, theme: &Theme) {
    frame(painter, rect, theme);
    if rect.width() > 3.6 * PLATE[0] && rect.height() > 3.0 * PLATE[1] {
        plate(painter, rect.right_bottom() - vec2(PLATE[0] / 2.0 + 5.0, PLATE[1] / 2.0 + 5.0), theme);
    }
}

/// The same around a gauge, whose upper left corner is free.
pub fn gauge(painter: &Painter, rect: Rect, theme: &Theme) {
    frame(painter, rect, theme);
    if rect.width() > 2.5 * PLATE[0] {
        plate(painter, rect.left_top() + vec2(PLATE[0] / 2.0 + 5.0, PLATE[1] / 2.0 + 5.0), theme);
    }
}

/// Bars and gaps along all four sides.
pub fn frame(painter: &Painter, rect: Rect, theme: &Theme) {
    let rect = rect.shrink(1.0);
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    painter.extend(Shape::dashed_line(&corners, Stroke::new(3.0, theme.text), 9.0, 6.0));
}

/// The word on a plate, around this middle.
fn plate(painter: &Painter, middle: Pos2, theme: &Theme) {
    let rect = Rect::from_center_size(middle, vec2(PLATE[0], PLATE[1]));
    painter.rect_filled(rect, 2.0, theme.text);
    text::paint(painter, rect, Align2::CENTER_CENTER, say::FORCED, fonts::strong(size::SMALL), theme.panel);
}
