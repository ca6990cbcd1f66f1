//! What keys do where a row of the list has the focus. None of them acts while a field or a dialog has it.

use super::order::Line;
use super::{AlarmList, row};
use crate::ui::ask::{Asked, What};
use crate::ui::{Action, Frame, Outbox, acts};
use eframe::egui::{Id, Key, Modifiers, Ui};

impl AlarmList {
    /// Moves the choice, folds, asks for a shelving; before the rows are painted, so that they show it in this frame.
    pub(super) fn keys(&mut self, ui: &Ui, key: Id, frame: &Frame<'_>, full: bool, out: &mut Outbox) {
        let Some(lead) = self.choice.lead() else { return };
        if !acts::keys_are_ours(ui) || !ui.memory(|m| m.has_focus(of(key, lead))) {
            return;
        }
        let page = ((self.height / row::HEIGHT) as isize - 1).max(1);
        let all = self.shown.lines.len() as isize;
        let steps = [
            (Key::ArrowUp, -1),
            (Key::ArrowDown, 1),
            (Key::PageUp, -page),
            (Key::PageDown, page),
            (Key::Home, -all),
            (Key::End, all),
        ];
        for (pressed, by) in steps {
            for (modifiers, extends) in [(Modifiers::SHIFT, true), (Modifiers::NONE, false)] {
                if ui.input_mut(|i| i.consume_key(modifiers, pressed))
                    && let Some(at) = self.choice.step(by, extends, &self.shown.lines)
                {
                    let line = self.shown.lines[at];
                    self.find = Some(line);
                    ui.memory_mut(|m| m.request_focus(of(key, line)));
                    ui.ctx().request_repaint();
                }
            }
        }
        if ui.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::A)) {
            let seen = (self.offset / row::HEIGHT).ceil() as usize;
            let rows = (self.height / row::HEIGHT) as usize;
            let visible = self.shown.lines.iter().skip(seen).take(rows);
            let visible: Vec<_> = visible
                .filter_map(|line| match line {
                    Line::Alarm(id) => Some(*id),
                    Line::Group(_) => None,
                })
                .collect();
            self.choice.all(visible.into_iter());
        }
        if full && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::G)) {
            self.fold = self.fold.next();
            self.open.clear();
        }
        if ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::S)) && acts::not_here(frame.about).is_none() {
            let alarms = self.chosen_as_seen(&frame.snapshot.plan);
            if !alarms.is_empty() {
                out.action(Action::AskForAct(Asked { what: What::Shelve, alarms, because: "" }));
            }
        }
    }
}

/// For the focus of a line.
pub fn of(key: Id, line: Line) -> Id {
    match line {
        Line::Group(part) => key.with(part),
        Line::Alarm(id) => key.with(id.0),
    }
}
