//! The symbol of an alarm: colour, shape and number together, so that none is told by colour alone.
//!
//! Square 1 critical, triangle 2 high, diamond 3 medium, disc 4 low. Filled while the condition holds, hollow once it has
//! returned; low is always hollow, for it is the quietest. A ring says that a person has still to acknowledge it: the
//! ring alone blinks, once a second, and never goes away entirely, so that a picture taken at any instant tells it.

use crate::engine::{AlarmState, snapshot::TagAlarm};
use crate::project::Priority;
use crate::ui::fonts;
use crate::ui::theme::Theme;
use eframe::egui::{self, Align2, Color32, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, Ui, Vec2, pos2, vec2};

/// What a symbol says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbol {
    /// Its colour, shape and number.
    pub priority: Priority,
    /// The condition is gone: hollow.
    pub returned: bool,
    /// Ringed.
    pub unacknowledged: bool,
    /// Painted on a row that is filled with `critical`.
    pub inverse: bool,
}

impl Symbol {
    /// Filled, without a ring.
    pub const fn new(priority: Priority) -> Self {
        Self { priority, returned: false, unacknowledged: false, inverse: false }
    }

    /// Of an alarm in a list.
    pub const fn from_state(priority: Priority, state: AlarmState) -> Self {
        Self {
            priority,
            returned: matches!(state, AlarmState::Returned | AlarmState::Normal),
            unacknowledged: state.needs_acknowledgement(),
            inverse: false,
        }
    }

    /// The mark that a tag bears.
    pub const fn from_tag(alarm: TagAlarm) -> Self {
        Self { priority: alarm.priority, returned: !alarm.active, unacknowledged: alarm.unacknowledged, inverse: false }
    }

    /// On a row filled with `critical`.
    #[must_use]
    pub const fn on_critical(self) -> Self {
        Self { inverse: true, ..self }
    }

    /// Paints it with its shape `size` points high; a ring goes to 1.5 times that.
    pub fn paint(self, painter: &Painter, theme: &Theme, center: Pos2, size: f32, blink_on: bool) {
        let colours = self.colours(theme);
        if self.unacknowledged {
            // Off is the same ring, thin and quiet: what is unacknowledged is told at each instant.
            let stroke = match (blink_on, self.inverse) {
                (true, _) => Stroke::new((size / 10.0).max(1.5), colours.ring),
                (false, true) => Stroke::new(1.0, colours.ring.gamma_multiply(0.45)),
                (false, false) => Stroke::new(1.0, theme.line),
            };
            let ring = Rect::from_center_size(center, Vec2::splat(size * 1.5));
            painter.rect_stroke(ring, size * 0.22, stroke, egui::StrokeKind::Inside);
        }
        let stroke = Stroke::new((size / 10.0).clamp(1.0, 2.5), colours.outline);
        painter.add(shape(self.priority, center, size, colours.fill, stroke));
        if size >= 9.0 {
            // A triangle's middle of mass lies below the middle of its box.
            let drop = if self.priority == Priority::High { size * 0.12 } else { 0.0 };
            let font = fonts::strong(size * 0.68);
            painter.text(center + vec2(0.0, drop), Align2::CENTER_CENTER, digit(self.priority), font, colours.digit);
        }
    }

    fn colours(self, theme: &Theme) -> Colours {
        let index = self.priority as usize;
        let own = theme.priorities[index];
        // Low is hollow by rule; anything that returned is hollow too.
        let hollow = self.returned || self.priority == Priority::Low;
        if self.inverse {
            let (ink, paper) = (theme.inverse, theme.priority(Priority::Critical));
            let (fill, digit) = if hollow { (paper, ink) } else { (ink, paper) };
            return Colours { fill, outline: ink, digit, ring: ink };
        }
        // Yellow and orange on a light panel have too little contrast by themselves: there the outline carries the shape.
        let outline = theme.outlines[index].unwrap_or(own);
        if hollow {
            Colours { fill: theme.panel, outline, digit: outline, ring: outline }
        } else {
            Colours { fill: own, outline, digit: theme.digits[index], ring: outline }
        }
    }
}

/// Paints a symbol into the layout, as high as its row of text, and says nothing to a screen reader: what it stands
/// beside does.
pub fn symbol_ui(ui: &mut Ui, theme: &Theme, symbol: Symbol, size: f32, blink_on: bool) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(size * 1.5), Sense::hover());
    if ui.is_rect_visible(rect) {
        symbol.paint(ui.painter(), theme, rect.center(), size, blink_on);
    }
    response
}

/// The shape alone, without its number.
pub fn mark(painter: &Painter, priority: Priority, center: Pos2, size: f32, colour: Color32, filled: bool) {
    let fill = if filled { colour } else { Color32::TRANSPARENT };
    painter.add(shape(priority, center, size, fill, Stroke::new(1.0, colour)));
}

/// The shape alone, at the end of a limit line: hollow and quiet, in colour only while the limit is violated.
pub fn limit_mark(painter: &Painter, theme: &Theme, priority: Priority, center: Pos2, size: f32, violated: bool) {
    if violated {
        let edge = Stroke::new(1.0, theme.priority_words(priority));
        painter.add(shape(priority, center, size, theme.priority(priority), edge));
    } else {
        mark(painter, priority, center, size, theme.muted, false);
    }
}

/// The number as text, without an allocation.
const fn digit(priority: Priority) -> &'static str {
    match priority {
        Priority::Critical => "1",
        Priority::High => "2",
        Priority::Medium => "3",
        Priority::Low => "4",
    }
}

struct Colours {
    fill: Color32,
    outline: Color32,
    digit: Color32,
    ring: Color32,
}

fn shape(priority: Priority, center: Pos2, size: f32, fill: Color32, stroke: Stroke) -> Shape {
    let half = size / 2.0;
    match priority {
        Priority::Critical => {
            let rect = Rect::from_center_size(center, Vec2::splat(size * 0.94));
            Shape::Rect(egui::epaint::RectShape::new(rect, size * 0.1, fill, stroke, egui::StrokeKind::Inside))
        }
        Priority::High => {
            let points = vec![
                center + vec2(0.0, -half),
                center + vec2(half * 1.08, half * 0.9),
                center + vec2(-half * 1.08, half * 0.9),
            ];
            Shape::convex_polygon(points, fill, stroke)
        }
        Priority::Medium => {
            let reach = half * 1.1;
            let points = vec![
                pos2(center.x, center.y - reach),
                pos2(center.x + reach, center.y),
                pos2(center.x, center.y + reach),
                pos2(center.x - reach, center.y),
            ];
            Shape::convex_polygon(points, fill, stroke)
        }
        Priority::Low => {
            Shape::Circle(egui::epaint::CircleShape { center, radius: half * 0.96 - stroke.width / 2.0, fill, stroke })
        }
    }
}
