//! What is not known: a diagonal hatch, a cross, a dashed frame. Told by shape, so that grey beside grey is still told.

use eframe::egui::{Color32, Painter, Rect, Shape, Stroke, pos2, vec2};

/// Fills `rect` with lines from lower left to upper right, `step` points apart. The lines are cut by arithmetic rather
/// than by a clip, so that a bank of bad tiles costs no change of clip.
pub fn hatch(painter: &Painter, rect: Rect, colour: Color32, step: f32) {
    let step = step.max(2.0);
    if !rect.is_positive() || !rect.is_finite() || rect.width() + rect.height() > 40_000.0 {
        return;
    }
    let stroke = Stroke::new(1.0, colour);
    // A line of this family is x + y = sum. Sums are multiples of the step, so that neighbours' hatches meet.
    let first = ((rect.left() + rect.top()) / step).ceil() * step;
    let last = rect.right() + rect.bottom();
    let mut sum = first;
    while sum < last {
        let lower = pos2((sum - rect.bottom()).max(rect.left()), (sum - rect.left()).min(rect.bottom()));
        let upper = pos2((sum - rect.top()).min(rect.right()), (sum - rect.right()).max(rect.top()));
        painter.line_segment([lower, upper], stroke);
        sum += step;
    }
}

/// The glyph of a bad value, in a square of `size`.
pub fn cross(painter: &Painter, center: eframe::egui::Pos2, size: f32, colour: Color32) {
    let half = size / 2.0;
    let stroke = Stroke::new((size / 6.0).max(1.2), colour);
    painter.line_segment([center + vec2(-half, -half), center + vec2(half, half)], stroke);
    painter.line_segment([center + vec2(-half, half), center + vec2(half, -half)], stroke);
}

/// The frame of a bad value.
pub fn dashed_frame(painter: &Painter, rect: Rect, colour: Color32) {
    let rect = rect.shrink(0.5);
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    painter.extend(Shape::dashed_line(&corners, Stroke::new(1.0, colour), 4.0, 3.0));
}
