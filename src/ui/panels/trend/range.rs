//! Which part of time is shown, and the hands that move it: wheel, drag, keys. There is no mode: what reaches now is live.

use crate::time::{Span, Utc};
use eframe::egui::{EventFilter, Key, PointerButton, Rect, Response, Ui};

/// Shortest and longest time that can be shown.
pub const SHORTEST: Span = Span::from_millis(50);
pub const LONGEST: Span = Span(3_653 * DAY);
const DAY: i64 = 86_400_000_000;

/// Ranges at the keys 1 to 9: a minute, ten, an hour, eight, a day, a week, a month, a year, five years.
pub const RANGES: [Span; 9] = [
    Span::from_secs(60),
    Span::from_secs(600),
    Span::from_secs(3_600),
    Span::from_secs(8 * 3_600),
    Span(DAY),
    Span(7 * DAY),
    Span(30 * DAY),
    Span(365 * DAY),
    Span(1_826 * DAY),
];

const KEYS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// A part of time that a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its right edge; `None`: now.
    pub to: Option<Utc>,
    /// Its length.
    pub span: Span,
}

impl Window {
    /// Its ends, at this instant.
    pub fn ends(self, now: Utc) -> (Utc, Utc) {
        let to = self.to.unwrap_or(now);
        (to + Span(-self.span.0.clamp(SHORTEST.0, LONGEST.0)), to)
    }

    /// With this right edge; what reaches now is live.
    fn ending(to: Utc, span: Span, now: Utc) -> Self {
        Self { to: (to < now).then_some(to), span }
    }

    /// Moved by so much to the right.
    fn moved(self, by: Span, now: Utc) -> Self {
        // Nothing was recorded before 1970, and sums stay far from their ends.
        Self::ending((self.to.unwrap_or(now) + by).max(Utc(self.span.0)), self.span, now)
    }

    /// Shorter (above 1) or longer by a factor; what lies at this share of its length stays there.
    fn zoomed(self, by: f64, share: f64, now: Utc) -> Self {
        let (from, to) = self.ends(now);
        let length = (to - from).0 as f64;
        let wanted = (length / by).clamp(SHORTEST.0 as f64, LONGEST.0 as f64);
        let edge = from.0 as f64 + share * length + (1.0 - share) * wanted;
        Self::ending(Utc(edge as i64), Span(wanted as i64), now)
    }

    /// Of another length: live stays live, of the past the middle stays.
    fn of_length(self, span: Span, now: Utc) -> Self {
        match self.to {
            None => Self { to: None, span },
            Some(to) => Self::ending(to + Span((span.0 - self.span.0) / 2), span, now),
        }
    }
}

/// What the hands want in this frame. `None`: the live end over the time that the project says.
///
/// Wheel: zoom at the pointer. Drag: pan. Double click, Home, Esc: back to live. 1 to 9: ranges. With the focus,
/// Left and Right pan by a tenth, Page Up and Page Down by a whole, + and - zoom.
pub fn handle(
    ui: &Ui,
    response: &Response,
    plot: Rect,
    window: Option<Window>,
    written: Span,
    now: Utc,
) -> Option<Window> {
    if response.double_clicked() && !ui.input(|i| i.modifiers.shift) {
        return None;
    }
    let live = Window { to: None, span: written };
    let mut wanted = window.unwrap_or(live);
    let width = f64::from(plot.width().max(1.0));
    let drag = f64::from(response.drag_delta().x);
    if response.dragged_by(PointerButton::Primary) && !ui.input(|i| i.modifiers.shift) && drag != 0.0 {
        wanted = wanted.moved(Span((-drag / width * wanted.span.0 as f64) as i64), now);
    }
    if let Some(pointer) = response.hover_pos() {
        let zoom = ui.input_mut(|i| {
            let scroll = i.smooth_scroll_delta.y;
            // The wheel belongs to what is under the pointer; the grid must not scroll as well.
            i.smooth_scroll_delta.y = 0.0;
            i.zoom_delta() * (scroll / 200.0).exp()
        });
        if (zoom - 1.0).abs() > 1e-3 {
            let share = (f64::from(pointer.x - plot.left()) / width).clamp(0.0, 1.0);
            // At the live edge now stays where it is, and zooming in on now is no way into the past.
            let share = if wanted.to.is_none() && share > 0.9 { 1.0 } else { share };
            wanted = wanted.zoomed(f64::from(zoom), share, now);
        }
    }
    // No bare key acts while a person types elsewhere.
    if (response.hovered() || response.has_focus()) && !ui.ctx().text_edit_focused() {
        let pressed =
            |key: Key| ui.input_mut(|i| i.modifiers.is_none() && i.consume_key(eframe::egui::Modifiers::NONE, key));
        if pressed(Key::Home) || (window.is_some() && pressed(Key::Escape)) {
            return None;
        }
        if let Some(span) = KEYS.iter().zip(RANGES).find(|(key, _)| pressed(**key)).map(|(_, span)| span) {
            wanted = wanted.of_length(span, now);
        }
        for (key, whole) in [(Key::PageUp, -1), (Key::PageDown, 1)] {
            if pressed(key) {
                wanted = wanted.moved(Span(wanted.span.0 * whole), now);
            }
        }
    }
    if response.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|m| m.set_focus_lock_filter(response.id, filter));
        let pressed = |key: Key| ui.input(|i| i.modifiers.is_none() && i.key_pressed(key));
        for (key, way) in [(Key::ArrowLeft, -1), (Key::ArrowRight, 1)] {
            if pressed(key) {
                wanted = wanted.moved(Span(wanted.span.0 / 10 * way), now);
            }
        }
        for (keys, factor) in [([Key::Plus, Key::Equals], 1.25), ([Key::Minus, Key::Minus], 0.8)] {
            if keys.into_iter().any(pressed) {
                wanted = wanted.zoomed(factor, if wanted.to.is_none() { 1.0 } else { 0.5 }, now);
            }
        }
    }
    (wanted != live).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Utc = Utc(1_800_000_000_000_000);
    const HOUR: Span = Span::from_secs(3_600);

    fn live(span: Span) -> Window {
        Window { to: None, span }
    }

    #[test]
    fn what_reaches_now_is_live_and_what_does_not_is_past() {
        let back = live(HOUR).moved(Span(-HOUR.0 / 2), NOW);
        assert_eq!(back, Window { to: Some(Utc(NOW.0 - HOUR.0 / 2)), span: HOUR });
        assert_eq!(back.moved(HOUR, NOW), live(HOUR), "there is nothing to see of the future");
    }

    #[test]
    fn what_lies_under_the_pointer_stays_there_while_the_wheel_turns() {
        let window = Window { to: Some(Utc(NOW.0 - 9 * HOUR.0)), span: Span(8 * HOUR.0) };
        let at = |w: Window| {
            let (from, to) = w.ends(NOW);
            from.0 + (to - from).0 / 4
        };
        for by in [0.5, 0.9, 1.1, 7.0] {
            assert!((at(window.zoomed(by, 0.25, NOW)) - at(window)).abs() <= 2, "{by}");
        }
        assert_eq!(live(HOUR).zoomed(2.0, 1.0, NOW), live(Span(HOUR.0 / 2)));
        assert_eq!(live(HOUR).zoomed(0.5, 0.3, NOW), live(Span(HOUR.0 * 2)), "the live end has no future beyond it");
    }

    #[test]
    fn a_range_is_never_longer_than_ten_years_nor_shorter_than_what_can_be_told() {
        assert_eq!(live(HOUR).zoomed(1e-12, 0.5, NOW).span, LONGEST);
        assert_eq!(live(HOUR).zoomed(1e12, 0.5, NOW).span, SHORTEST);
        assert!(RANGES.is_sorted() && RANGES.iter().all(|r| (SHORTEST..=LONGEST).contains(r)));
    }

    #[test]
    fn another_length_keeps_the_middle_of_the_past() {
        let window = Window { to: Some(Utc(NOW.0 - 24 * HOUR.0)), span: Span(8 * HOUR.0) };
        assert_eq!(window.of_length(HOUR, NOW), Window { to: Some(Utc(NOW.0 - 55 * HOUR.0 / 2)), span: HOUR });
        assert_eq!(live(HOUR).of_length(RANGES[0], NOW), live(RANGES[0]));
    }
}
