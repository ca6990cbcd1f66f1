//! What keys and clipboard do on the canvas.

use super::place::{Edges, moved, resized};
use super::{Canvas, Wish, item_id};
use crate::project::edit::Draft;
use eframe::egui::{Context, Event, EventFilter, Key, Memory, Modifiers, Ui};

impl Canvas {
    /// The keys of this frame, where they are meant for the canvas.
    pub(super) fn keys(&mut self, ui: &Ui, draft: &Draft, wishes: &mut Vec<Wish>) {
        if !self.has_focus(ui.ctx()) {
            return;
        }
        if let Some(id) = ui.memory(Memory::focused) {
            // Tab goes from panel to panel, and on to the fields; arrows are for what is chosen.
            let filter = EventFilter { tab: false, horizontal_arrows: true, vertical_arrows: true, escape: true };
            ui.memory_mut(|m| m.set_focus_lock_filter(id, filter));
        }
        for event in ui.input(|i| i.events.clone()) {
            match event {
                Event::Key { key, pressed: true, modifiers, .. } => self.key(ui.ctx(), draft, key, modifiers, wishes),
                Event::Copy => self.copy(ui.ctx(), draft),
                Event::Cut => self.cut(ui.ctx(), draft, wishes),
                Event::Paste(text) => wishes.push(self.inserted(&text, "Paste")),
                _ => {}
            }
        }
    }

    pub(super) fn copy(&self, ctx: &Context, draft: &Draft) {
        if let Some(text) = self.copied(draft) {
            ctx.copy_text(text);
        }
    }

    pub(super) fn cut(&self, ctx: &Context, draft: &Draft, wishes: &mut Vec<Wish>) {
        self.copy(ctx, draft);
        wishes.extend(self.removed("Cut"));
    }

    fn key(&mut self, ctx: &Context, draft: &Draft, key: Key, modifiers: Modifiers, wishes: &mut Vec<Wish>) {
        let control = modifiers.command || modifiers.ctrl;
        let step = match key {
            Key::ArrowLeft => [-1, 0],
            Key::ArrowRight => [1, 0],
            Key::ArrowUp => [0, -1],
            Key::ArrowDown => [0, 1],
            Key::A if control => {
                self.chosen = self.scene.items.iter().map(|item| item.id).collect();
                return;
            }
            Key::D if control => return wishes.extend(self.duplicated(draft)),
            Key::Delete | Key::Backspace => return wishes.extend(self.removed("Remove")),
            Key::Enter if !control && !self.chosen.is_empty() => return wishes.push(Wish::Fields),
            Key::Escape if self.grab.take().is_some() => return,
            Key::Escape if self.chosen.is_empty() => {
                let focused = ctx.memory(Memory::focused);
                return ctx.memory_mut(|m| focused.map_or((), |id| m.surrender_focus(id)));
            }
            Key::Escape => {
                self.chosen.clear();
                return self.focus();
            }
            _ => return,
        };
        if control || self.grab.is_some() {
            return;
        }
        let (ids, places) = self.placed();
        let (verb, done) = if modifiers.shift {
            ("Resize", resized(&places, Edges::FAR, step, self.scene.columns))
        } else {
            ("Move", moved(&places, step, self.scene.columns))
        };
        wishes.extend(self.put(verb, &ids, &done, true));
    }

    /// Gives the keys to the panel that leads, or to the ground, where that was asked for.
    pub(super) fn take_focus(&mut self, ctx: &Context) {
        if std::mem::take(&mut self.wants_focus) {
            self.focused = self.chosen.last().copied();
            let id = self.focused.map_or_else(super::ground_id, item_id);
            ctx.memory_mut(|m| m.request_focus(id));
        }
    }
}
