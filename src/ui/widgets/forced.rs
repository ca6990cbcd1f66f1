//! The mark of a value that is no device's, but forced by hand or simulated: a striped frame and the word, so that nobody
//! takes it for the plant's. In no colour of an alarm: told by shape and by word.

use super::text;
use crate::engine::Quality;
use crate::ui::fonts::{self, size};
use crate::ui::theme::Theme;
use crate::ui::words::say;
use eframe::egui::{Align2, Painter, Pos2, Rect, Shape, Stroke, vec2};

/// A frame of bars around a tile, and the word in its lower right corner, where no name and no age stand.
pub fn tile(painter: &Painter, rect: Rect, quality: Quality, theme: &Theme) {
    frame(painter, rect, theme);
    let [width, height] = size_of(quality);
    if rect.width() > 3.6 * width && rect.height() > 3.0 * height {
        plate(painter, rect.right_bottom() - vec2(width / 2.0 + 5.0, height / 2.0 + 5.0), quality, theme);
    }
}

/// The same around a gauge, whose upper left corner is free.
pub fn gauge(painter: &Painter, rect: Rect, quality: Quality, theme: &Theme) {
    frame(painter, rect, theme);
    let [width, height] = size_of(quality);
    if rect.width() > 2.5 * width {
        plate(painter, rect.left_top() + vec2(width / 2.0 + 5.0, height / 2.0 + 5.0), quality, theme);
    }
}

/// Bars and gaps along all four sides.
pub fn frame(painter: &Painter, rect: Rect, theme: &Theme) {
    let rect = rect.shrink(1.0);
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    painter.extend(Shape::dashed_line(&corners, Stroke::new(3.0, theme.text), 9.0, 6.0));
}

/// The word on a plate, around this middle.
fn plate(painter: &Painter, middle: Pos2, quality: Quality, theme: &Theme) {
    let [width, height] = size_of(quality);
    let rect = Rect::from_center_size(middle, vec2(width, height));
    painter.rect_filled(rect, 2.0, theme.text);
    let word = if quality == Quality::SIMULATED { say::SIMULATED } else { say::FORCED };
    text::paint(painter, rect, Align2::CENTER_CENTER, word, fonts::strong(size::SMALL), theme.panel);
}

/// Size of the plate.
const fn size_of(quality: Quality) -> [f32; 2] {
    if matches!(quality, Quality::SIMULATED) { [68.0, 14.0] } else { [50.0, 14.0] }
}
