//! What keys and clipboard do in a sheet.

use super::super::clipboard;
use super::super::select::{At, Selection, Step};
use super::{Grid, ROW, Sheet, Typing, Wish};
use eframe::egui::{Event, Key, Modifiers, Ui};

/// Keys that leave a cell that is typed into.
const LEAVING: [Key; 5] = [Key::Enter, Key::Tab, Key::Escape, Key::ArrowUp, Key::ArrowDown];

/// Whether the keys of this frame are the sheet's, though the field of a cell has them: a Tab, which would give them to whatever
/// is first in the window, where an Enter that follows presses it; or a key that leaves the cell, with more besides.
pub(super) fn are_of_the_sheet(ui: &Ui) -> bool {
    ui.input(|i| {
        let leaves = |event: &&Event| matches!(event, Event::Key { key, pressed: true, .. } if LEAVING.contains(key));
        let typed = |event: &Event| matches!(event, Event::Text(_));
        let leaving = i.events.iter().filter(leaves).count();
        i.key_pressed(Key::Tab) || leaving > 1 || (leaving == 1 && i.events.iter().any(typed))
    })
}

impl Grid {
    /// A key of a cell whose field has not the keys: in the frame in which it begins, or of a hand that is faster than that.
    fn key_of_cell(&mut self, sheet: &impl Sheet, key: Key, modifiers: Modifiers, wishes: &mut Vec<Wish>) {
        match key {
            Key::Enter | Key::ArrowDown => self.leave(sheet, Some(Step::Rows(1)), wishes),
            Key::ArrowUp => self.leave(sheet, Some(Step::Rows(-1)), wishes),
            Key::Tab => self.leave(sheet, Some(Step::Columns(if modifiers.shift { -1 } else { 1 })), wishes),
            Key::Escape => self.editing = None,
            Key::Backspace => {
                if let Some(typing) = &mut self.editing {
                    typing.text.pop();
                }
            }
            _ => {}
        }
    }

    /// Takes what was typed, and goes on; without a step the keys go where they went.
    pub(super) fn leave(&mut self, sheet: &impl Sheet, step: Option<Step>, wishes: &mut Vec<Wish>) {
        let Some(Typing { at, text, .. }) = self.editing.take() else { return };
        if text != sheet.cell(at) {
            wishes.push(Wish::Put(vec![(at, text)]));
        }
        if let Some(step) = step {
            self.selection = self.selection.moved(step, false, sheet.rows(), sheet.columns().len());
            self.focus();
        }
    }

    /// Types into a cell: what stands there, or what was typed over it.
    pub(super) fn begin(&mut self, sheet: &impl Sheet, at: At, typed: Option<&str>, wishes: &mut Vec<Wish>) {
        if at.row >= sheet.rows() {
            return;
        }
        if let Some(why) = sheet.locked(at) {
            wishes.push(Wish::Refused(why.into_owned()));
            return;
        }
        self.selection = Selection::one(at);
        let text = typed.map_or_else(|| sheet.cell(at).into_owned(), str::to_owned);
        self.editing = Some(Typing { at, text, is_new: true, fault: None });
        // The cell that was left in this frame wanted the keys for the sheet; now the field of this one has them.
        self.wants_focus = false;
        self.reveal = true;
    }

    pub(super) fn keys(&mut self, ui: &Ui, sheet: &impl Sheet, height: f32, wishes: &mut Vec<Wish>) {
        let (rows, columns) = (sheet.rows(), sheet.columns().len());
        let page = ((height / ROW) as isize - 1).max(1);
        for event in ui.input(|i| i.events.clone()) {
            match event {
                // A hand may be faster than a frame: what follows the first letter goes into the cell, too.
                Event::Key { key, pressed: true, modifiers, .. } if self.editing.is_some() => {
                    self.key_of_cell(sheet, key, modifiers, wishes);
                }
                Event::Key { key, pressed: true, modifiers, .. } => {
                    self.key(ui, sheet, key, modifiers, page, wishes);
                }
                Event::Text(typed) if !typed.chars().all(char::is_control) => match &mut self.editing {
                    Some(typing) => typing.text.push_str(&typed),
                    None => self.begin(sheet, self.selection.cursor, Some(&typed), wishes),
                },
                Event::Copy => ui.ctx().copy_text(self.copied(sheet)),
                Event::Cut => {
                    ui.ctx().copy_text(self.copied(sheet));
                    wishes.push(Wish::Fill(self.selection, String::new()));
                }
                Event::Paste(pasted) => wishes.push(Wish::Paste(self.selection, pasted)),
                _ => {}
            }
        }
        self.selection = self.selection.within(rows, columns);
    }

    fn key(
        &mut self,
        ui: &Ui,
        sheet: &impl Sheet,
        key: Key,
        modifiers: Modifiers,
        page: isize,
        wishes: &mut Vec<Wish>,
    ) {
        let (rows, columns) = (sheet.rows(), sheet.columns().len());
        let control = modifiers.command || modifiers.ctrl;
        let chosen = *self.selection.rows().start()..(*self.selection.rows().end() + 1).min(rows);
        let step = match (key, control) {
            (Key::ArrowUp, false) => Step::Rows(-1),
            (Key::ArrowDown, false) => Step::Rows(1),
            (Key::ArrowLeft, false) => Step::Columns(-1),
            (Key::ArrowRight, false) => Step::Columns(1),
            (Key::ArrowUp | Key::Home, true) => Step::Top,
            (Key::ArrowDown | Key::End, true) => Step::Bottom,
            (Key::ArrowLeft, true) | (Key::Home, false) => Step::RowStart,
            (Key::ArrowRight, true) | (Key::End, false) => Step::RowEnd,
            (Key::PageUp, _) => Step::Rows(-page),
            (Key::PageDown, _) => Step::Rows(page),
            (Key::Tab, _) => Step::Columns(if modifiers.shift { -1 } else { 1 }),
            (Key::Enter, false) => return self.begin(sheet, self.selection.cursor, None, wishes),
            (Key::A, true) => {
                self.selection = Selection::all(rows, columns);
                return;
            }
            (Key::D, true) => {
                wishes.push(Wish::FillDown(self.selection));
                return;
            }
            (Key::Delete | Key::Backspace, true) => {
                wishes.push(Wish::Remove(chosen));
                return;
            }
            (Key::Delete | Key::Backspace, false) => {
                wishes.push(Wish::Fill(self.selection, String::new()));
                return;
            }
            (Key::Insert, _) => {
                wishes.push(Wish::Add(self.selection.cursor.row));
                return;
            }
            _ => return,
        };
        let extends = modifiers.shift && key != Key::Tab;
        self.selection = self.selection.moved(step, extends, rows, columns);
        self.reveal = true;
        ui.ctx().request_repaint();
    }

    fn copied(&self, sheet: &impl Sheet) -> String {
        let columns = self.selection.columns();
        let rows = self.selection.rows().take_while(|row| *row < sheet.rows());
        clipboard::text(rows.map(|row| columns.clone().map(|column| sheet.cell(At { row, column })).collect()))
    }
}
