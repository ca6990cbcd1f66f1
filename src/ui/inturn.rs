//! What was pressed and typed within one slow frame, in its order: egui moves the focus at a frame's beginning, so that what was
//! typed before a Tab would go into the field behind it, and a click would take the words of the field that is left.
//!
//! A key that moves the focus or takes up a field, and a press of the pointer, have a frame of their own behind what came
//! before; what comes behind waits for the next. Frames follow at once, and nothing is lost.

use eframe::egui::{Context, Event, Key, Plugin, RawInput, ViewportId};
use std::collections::{BTreeMap, VecDeque};

/// Events that may wait in a window; where there are more, all of them come at once.
const MOST: usize = 1_000;

/// See the module. One of it is in each context; each window has its own events.
#[derive(Debug, Default)]
pub struct InTurn {
    waiting: BTreeMap<ViewportId, VecDeque<Event>>,
}

impl Plugin for InTurn {
    fn debug_name(&self) -> &'static str {
        "in turn"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        let window = input.viewport_id;
        let mut events = self.waiting.remove(&window).unwrap_or_default();
        events.extend(input.events.drain(..));
        input.events = next(&mut events);
        if !events.is_empty() {
            ctx.request_repaint_of(window);
            self.waiting.insert(window, events);
        }
    }
}

/// What an event is to the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// It may move the focus, or end what is typed.
    Turn,
    /// It is typed, or pressed.
    Typed,
    /// It belongs to whatever stands before it.
    Other,
}

const fn sort(event: &Event) -> Sort {
    match event {
        Event::Key { key: Key::Tab | Key::Enter | Key::Escape, pressed: true, .. }
        | Event::PointerButton { pressed: true, .. } => Sort::Turn,
        Event::Key { pressed: true, .. } | Event::Text(_) | Event::Paste(_) | Event::Cut | Event::Copy => Sort::Typed,
        _ => Sort::Other,
    }
}

/// The events of the next frame.
fn next(events: &mut VecDeque<Event>) -> Vec<Event> {
    if events.len() > MOST {
        return events.drain(..).collect();
    }
    let (mut taken, mut begun, mut turned) = (Vec::new(), false, false);
    while let Some(event) = events.pop_front() {
        let sort = sort(&event);
        let ends = match sort {
            Sort::Turn => begun || turned,
            Sort::Typed => turned,
            Sort::Other => false,
        };
        if ends {
            events.push_front(event);
            break;
        }
        begun |= sort == Sort::Typed;
        turned |= sort == Sort::Turn;
        taken.push(event);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::{Modifiers, PointerButton, Pos2};

    fn key(key: Key, pressed: bool) -> Event {
        Event::Key { key, physical_key: None, pressed, repeat: false, modifiers: Modifiers::NONE }
    }

    fn text(typed: &str) -> Event {
        Event::Text(typed.to_owned())
    }

    fn frames(events: impl IntoIterator<Item = Event>) -> Vec<Vec<Event>> {
        let mut events: VecDeque<Event> = events.into_iter().collect();
        let mut frames = Vec::new();
        while !events.is_empty() {
            frames.push(next(&mut events));
        }
        frames
    }

    #[test]
    fn what_moves_the_focus_stands_alone_between_what_was_typed() {
        let tab = [key(Key::Tab, true), key(Key::Tab, false)];
        let (a, b) = ([key(Key::A, true), text("a"), key(Key::A, false)], [key(Key::B, true), text("b")]);
        let all = frames([a.as_slice(), &tab, &tab, &b].concat());
        assert_eq!(all, [a.to_vec(), tab.to_vec(), tab.to_vec(), b.to_vec()]);
        assert_eq!(frames([a.as_slice(), &b].concat()).len(), 1, "what is typed comes at once");
    }

    #[test]
    fn a_click_takes_no_words_along() {
        let press = |pressed| Event::PointerButton {
            pos: Pos2::ZERO,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        let moved = Event::PointerMoved(Pos2::ZERO);
        let click = [moved, press(true), press(false)];
        assert_eq!(frames(click.clone()), [click.to_vec()]);
        let all = frames([&[text("a")], click.as_slice(), &[text("b")]].concat());
        assert_eq!(all, [vec![text("a"), click[0].clone()], click[1..].to_vec(), vec![text("b")]]);
    }

    #[test]
    fn of_more_than_can_wait_all_come() {
        let all = frames((0..=MOST).map(|_| key(Key::Tab, true)));
        assert_eq!(all.len(), 1);
    }
}
