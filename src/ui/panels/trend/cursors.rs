//! The cursors of a trend: one that follows the pointer (or the arrow keys), and two that a person sets.
//!
//! Shift+click or M sets the first, then the second, then begins anew; a drag with the right button sets both at once.
//! Between two of them (or the first and the pointer) the table tells differences. Delete or Esc takes them away.

use super::time_axis;
use crate::time::{Span, Utc};
use crate::ui::theme::Theme;
use crate::ui::widgets::pen::View;
use eframe::egui::{Key, Modifiers, Painter, PointerButton, Rect, Response, Shape, Stroke, Ui, pos2};

/// What the person has set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursors {
    first: Option<Utc>,
    second: Option<Utc>,
    /// Moved by keys, until the pointer moves.
    by_keys: Option<Utc>,
}

impl Cursors {
    /// Where a value is read in this frame.
    pub fn reading(&self, pointer: Option<Utc>) -> Option<Utc> {
        self.by_keys.or(pointer)
    }

    /// Those that were set.
    pub fn set(&self) -> impl Iterator<Item = Utc> {
        self.first.into_iter().chain(self.second)
    }

    /// The time between two, in order. With one set, the other is the reading cursor.
    pub fn between(&self, reading: Option<Utc>) -> Option<[Utc; 2]> {
        let (one, two) = (self.first?, self.second.or(reading)?);
        (one != two).then(|| [one.min(two), one.max(two)])
    }

    /// Whether both are set: what lies between them stands still.
    pub const fn stand(&self) -> bool {
        self.first.is_some() && self.second.is_some()
    }

    /// Sets the next one.
    fn place(&mut self, at: Utc) {
        match (self.first, self.second) {
            (Some(_), None) => self.second = Some(at),
            _ => (self.first, self.second) = (Some(at), None),
        }
    }

    /// Those that were set, with their times and what lies between them.
    pub fn paint(&self, painter: &Painter, view: &View, theme: &Theme, time: impl Fn(Utc) -> String) {
        let (plot, stroke) = (view.rect, Stroke::new(1.0, theme.select));
        if let (Some(one), Some(two)) = (self.first, self.second) {
            let (left, right) = (view.x(one.min(two)).max(plot.left()), view.x(one.max(two)).min(plot.right()));
            if left < right {
                let band = Rect::from_x_y_ranges(left..=right, plot.y_range());
                painter.rect_filled(band, 0.0, theme.select.gamma_multiply(0.10));
            }
        }
        let mut before: Option<Rect> = None;
        for (at, x) in self.set().map(|at| (at, view.x(at))).filter(|(_, x)| plot.x_range().contains(*x)) {
            let label = time_axis::place_time(painter, plot, x, time(at), theme.select);
            if before.is_none_or(|before| !before.intersects(label.1)) {
                before = Some(label.1);
                painter.galley(label.1.min, label.0, theme.select);
            }
            painter.vline(x, plot.y_range(), stroke);
            let foot = [pos2(x - 4.0, plot.top()), pos2(x + 4.0, plot.top()), pos2(x, plot.top() + 6.0)];
            painter.add(Shape::convex_polygon(foot.to_vec(), theme.select, Stroke::NONE));
        }
    }

    /// What the hands do with them in this frame. To be called before the range is handled: Esc takes cursors first.
    pub fn handle(&mut self, ui: &Ui, response: &Response, view: &View) {
        let within = |x: f32| view.time(x).clamp(view.from, view.to);
        let pointer = response.interact_pointer_pos().or(response.hover_pos()).map(|p| within(p.x));
        let shift = ui.input(|i| i.modifiers.shift);
        if let Some(at) = pointer.filter(|_| response.clicked() && shift) {
            self.place(at);
        }
        if response.drag_started_by(PointerButton::Secondary) {
            let origin = ui.input(|i| i.pointer.press_origin()).map(|p| within(p.x));
            (self.first, self.second) = (origin.or(pointer), None);
        }
        if response.dragged_by(PointerButton::Secondary) || response.drag_stopped_by(PointerButton::Secondary) {
            self.second = pointer.or(self.second);
        }
        if ui.input(|i| i.pointer.delta().length_sq() > 0.0) && response.hovered() {
            self.by_keys = None;
        }
        self.keys(ui, response, view, pointer);
    }

    fn keys(&mut self, ui: &Ui, response: &Response, view: &View, pointer: Option<Utc>) {
        if !(response.hovered() || response.has_focus()) || ui.ctx().text_edit_focused() {
            return;
        }
        let pressed = |modifiers: Modifiers, key: Key| ui.input_mut(|i| i.consume_key(modifiers, key));
        if response.has_focus() {
            for (key, way) in [(Key::ArrowLeft, -1), (Key::ArrowRight, 1)] {
                if pressed(Modifiers::SHIFT, key) {
                    let middle = view.from + Span((view.to - view.from).0 / 2);
                    let step = Span((view.to - view.from).0 / 100 * way);
                    let from = self.by_keys.or(pointer).unwrap_or(middle);
                    self.by_keys = Some((from + step).clamp(view.from, view.to));
                }
            }
        }
        if let Some(at) = self.reading(pointer)
            && pressed(Modifiers::NONE, Key::M)
        {
            self.place(at);
        }
        let any = self.first.is_some() || self.by_keys.is_some();
        if any && (pressed(Modifiers::NONE, Key::Delete) || pressed(Modifiers::NONE, Key::Escape)) {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_the_second_and_anew() {
        let mut cursors = Cursors::default();
        assert_eq!(cursors.between(Some(Utc(5))), None);
        cursors.place(Utc(70));
        assert_eq!(cursors.between(Some(Utc(5))), Some([Utc(5), Utc(70)]), "with the pointer, in order");
        assert_eq!(cursors.between(None), None);
        cursors.place(Utc(90));
        assert_eq!(cursors.between(Some(Utc(5))), Some([Utc(70), Utc(90)]), "the pointer counts no longer");
        cursors.place(Utc(10));
        assert_eq!(cursors.set().collect::<Vec<_>>(), [Utc(10)]);
    }
}
