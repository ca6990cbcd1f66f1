//! Plain data to Response: each paints one thing in the place it is given and names it for screen readers.
//!
//! Invariant: a value that is not good is never painted like one that is: bad is dimmed, hatched, crossed, framed with
//! dashes and told in words; stale fades while its age runs; uncertain is told in words; forced bears a frame of bars.

pub mod bar;
pub mod forced;
pub mod gauge;
pub mod hatch;
pub mod lamp;
pub mod pen;
pub mod reading;
pub mod scale;
pub mod spark;
pub mod symbol;
pub mod text;
pub mod value;

use crate::ui::fonts::{self, size};
use crate::ui::theme::Theme;
use eframe::egui::{Align2, CursorIcon, Id, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo};
pub use reading::Reading;
pub use scale::{LimitMark, Scale};

/// What every widget paints with.
#[derive(Debug, Clone, Copy)]
pub struct Brush<'a> {
    /// Tokens.
    pub theme: &'a Theme,
    /// What blinks is on.
    pub blink_on: bool,
}

/// Gives a response its name and what is seen, for screen readers and tests. The value is the node's description too,
/// since AT-SPI hands on a value of labels and text fields alone.
pub fn tell(response: &Response, role: Role, name: &str, value: impl Fn() -> String) {
    response.widget_info(|| WidgetInfo {
        current_text_value: Some(value()),
        ..WidgetInfo::labeled(role, response.enabled(), name)
    });
    response.ctx.accesskit_node_builder(response.id, |node| node.set_description(value()));
}

/// A place that opens something when it is pressed, by pointer or by key; it shows that by cursor, hover and focus.
pub fn press(ui: &Ui, rect: Rect, id: Id, brush: &Brush<'_>, corner: f32) -> Response {
    let response = ui.interact(rect, id, Sense::click()).on_hover_cursor(CursorIcon::PointingHand);
    if response.has_focus() {
        let stroke = Stroke::new(2.0, brush.theme.select);
        ui.painter().rect_stroke(rect, corner, stroke, StrokeKind::Inside);
    } else if response.hovered() {
        ui.painter().rect_stroke(rect, corner, Stroke::new(1.0, brush.theme.muted), StrokeKind::Inside);
    }
    response
}

/// A button in a place of its own, so that a row keeps its height. `name` is the verb and its object.
pub fn button(ui: &Ui, rect: Rect, id: Id, label: &str, name: &str, brush: &Brush<'_>) -> Response {
    button_or_why(ui, rect, id, [label, name], None, brush)
}

/// The same, with its label and its name; where `why_not` says why it cannot be pressed now, it is dimmed and tells that
/// reason to whoever points at it or hears it.
pub fn button_or_why(
    ui: &Ui,
    rect: Rect,
    id: Id,
    [label, name]: [&str; 2],
    why_not: Option<&str>,
    brush: &Brush<'_>,
) -> Response {
    let theme = brush.theme;
    let enabled = why_not.is_none();
    let response = ui.interact(rect, id, if enabled { Sense::click() } else { Sense::hover() });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    let edge = if response.has_focus() {
        Stroke::new(2.0, theme.select)
    } else if response.hovered() && enabled {
        Stroke::new(1.0, theme.muted)
    } else {
        theme.border()
    };
    let fill = if response.is_pointer_button_down_on() || !enabled { theme.track } else { theme.raised };
    let ink = if enabled { theme.text } else { theme.muted };
    ui.painter().rect(rect, f32::from(crate::ui::theme::RADIUS - 1), fill, edge, StrokeKind::Inside);
    text::paint(ui.painter(), rect.shrink(2.0), Align2::CENTER_CENTER, label, fonts::regular(size::BODY), ink);
    match why_not {
        Some(why) => {
            response.ctx.accesskit_node_builder(response.id, |node| node.set_description(why));
            response.on_hover_text(why)
        }
        None => response,
    }
}
