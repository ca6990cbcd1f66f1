//! What tells a demo, a rehearsal or a bundle from a plant that is watched, in every window and picture: a word, a striped border, the title.

use super::fonts::{self, size};
use super::theme::{STEP, Theme};
use super::widgets;
use super::words::say;
use crate::engine::Mode;
use eframe::egui::{Painter, Rect, Role, Sense, Shape, Stroke, Ui, pos2, vec2};

/// Width of the striped border.
pub const STRIPES: f32 = 7.0;

/// The word that a window bears whose plant is none.
pub const fn mode_word(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Live => None,
        Mode::Demo => Some(say::DEMO),
        Mode::Rehearsal => Some(say::NOT_LIVE),
        Mode::Bundle => Some(say::BUNDLE),
    }
}

/// The striped border around a plant that is none.
pub fn border_ui(ui: &Ui, whole: Rect, theme: &Theme, mark: &str) {
    let painter = ui.painter();
    for side in [
        Rect::from_min_max(whole.min, pos2(whole.right(), whole.top() + STRIPES)),
        Rect::from_min_max(pos2(whole.left(), whole.bottom() - STRIPES), whole.max),
        Rect::from_min_max(whole.min, pos2(whole.left() + STRIPES, whole.bottom())),
        Rect::from_min_max(pos2(whole.right() - STRIPES, whole.top()), whole.max),
    ] {
        stripes(&painter.with_clip_rect(side), side, theme);
    }
    let response = ui.interact(whole, ui.scope_id().with("border"), Sense::hover());
    widgets::tell(&response, Role::Pane, mark, || not_a_plant(mark).to_owned());
}

fn not_a_plant(mark: &str) -> &'static str {
    if mark == say::BUNDLE { "recorded, not live" } else { "not a real plant" }
}

/// Slanting stripes, as wide as their gaps.
fn stripes(painter: &Painter, rect: Rect, theme: &Theme) {
    painter.rect_filled(rect, 0, theme.ground);
    let width = 9.0;
    let (mut x, down) = (rect.left() - rect.height(), rect.height());
    while x < rect.right() + down {
        let points = vec![
            pos2(x, rect.bottom()),
            pos2(x + down, rect.top()),
            pos2(x + down + width, rect.top()),
            pos2(x + width, rect.bottom()),
        ];
        painter.add(Shape::convex_polygon(points, theme.normal, Stroke::NONE));
        x += 2.0 * width;
    }
}

/// The words themselves, at the head of the tree.
pub fn mark_ui(ui: &mut Ui, theme: &Theme, mark: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::hover());
    let painter = ui.painter().with_clip_rect(rect);
    stripes(&painter, rect, theme);
    let galley = painter.layout_no_wrap(mark.to_owned(), fonts::strong(size::TITLE), theme.text);
    let plate = Rect::from_center_size(rect.center(), galley.size() + vec2(5.0 * STEP, STEP));
    painter.rect_filled(plate, 3, theme.panel);
    painter.galley(plate.center() - galley.size() / 2.0, galley, theme.text);
    widgets::tell(&response, Role::Status, mark, || not_a_plant(mark).to_owned());
    ui.add_space(2.0 * STEP);
}
