//! Above a sheet: tabs, what can be done with the whole, the filter, and how the draft stands to file and plant.

use super::grid::Wish;
use super::sheets::SheetKind;
use super::{Editor, Over, State};
use crate::text::visible;
use crate::ui::theme::{STEP, TOUCH};
use crate::ui::{Frame, Outbox, fonts};
use eframe::egui::{Button, Id, Key, Label, RichText, Role, TextEdit, Ui, WidgetInfo};

/// What a press of a tool does.
#[derive(Debug, Clone, Copy)]
enum Tool {
    Focus,
    Undo,
    Redo,
    Add,
    Duplicate,
    Remove,
    Replace,
    Faults,
    Save,
    Review,
}

impl Editor {
    /// Tabs, and what can be done with the whole.
    pub(super) fn tools_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, outbox: &mut Outbox) {
        let waits = self.is_busy();
        let State::Open(draft) = &mut self.state else { return };
        let muted = frame.theme.muted;
        let mut act = None;
        ui.horizontal_wrapped(|ui| {
            for sheet in SheetKind::ALL {
                let count = draft.index().blocks().iter().filter(|block| block.kind == sheet.entity()).count();
                let words = format!("{} {count}", sheet.title());
                let tab = ui.selectable_label(self.sheet == sheet, words);
                tab.widget_info(|| WidgetInfo::selected(Role::Tab, true, self.sheet == sheet, sheet.title()));
                if tab.clicked() {
                    self.sheet = sheet;
                    act = Some(Tool::Focus);
                }
            }
            ui.separator();
            let undo = draft.undo_names().next().map(str::to_owned);
            let redo = draft.redo_names().next().map(str::to_owned);
            for (label, name, key, tool) in [("Undo", undo, "Ctrl+Z", Tool::Undo), ("Redo", redo, "Ctrl+Y", Tool::Redo)]
            {
                let button = ui.add_enabled(name.is_some(), Button::new(label));
                let words = name.map_or_else(|| label.to_owned(), |name| format!("{label}: {name}"));
                button.widget_info(|| WidgetInfo::labeled(Role::Button, button.enabled(), words.as_str()));
                if button.on_hover_text(format!("{words} ({key})")).clicked() {
                    act = Some(tool);
                }
            }
            ui.separator();
            for (label, why, tool) in [
                ("Add", "A new row below the cursor (Insert)", Tool::Add),
                ("Duplicate", "The chosen rows once more", Tool::Duplicate),
                ("Remove", "Without the chosen rows (Ctrl+Delete)", Tool::Remove),
                ("Replace…", "Find and replace, with a preview (Ctrl+H)", Tool::Replace),
            ] {
                if ui.button(label).on_hover_text(why).clicked() {
                    act = Some(tool);
                }
            }
            ui.separator();
            let changed = draft.is_changed();
            let save = ui.add_enabled(changed && !waits, Button::new("Save"));
            if save.on_hover_text("Write the file; the plant runs on as it is (Ctrl+S)").clicked() {
                act = Some(Tool::Save);
            }
            let review = ui.add_enabled((changed || self.not_in_force) && !waits, Button::new("Review and apply…"));
            if review
                .on_hover_text("What would change in the plant, then write the file and put it into force (Ctrl+Enter)")
                .clicked()
            {
                act = Some(Tool::Review);
            }
        });
        ui.horizontal(|ui| {
            let (view, _) = self.sheets.entry(self.sheet.title()).or_default();
            let filter = TextEdit::singleline(&mut view.filter)
                .id(Id::unique("filter of the sheet"))
                .hint_text("Filter")
                .desired_width(f32::INFINITY);
            let filter = ui.add_sized([170.0, TOUCH], filter);
            filter.widget_info(|| WidgetInfo {
                current_text_value: Some(view.filter.clone()),
                ..WidgetInfo::labeled(Role::TextInput, true, "Filter rows")
            });
            if filter.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
                act = Some(Tool::Focus);
            }
            let shown =
                if view.filter.is_empty() { String::new() } else { format!("{} of {}", view.ids.len(), view.all) };
            ui.label(RichText::new(shown).color(muted));
            let (errors, warnings) = self.judged.counts();
            let words = faults_in_words(errors, warnings);
            let faults = ui.add_enabled(errors + warnings > 0, Button::new(&words));
            faults.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Faults of the draft: {words}")));
            if faults.clicked() {
                act = Some(Tool::Faults);
            }
            let state = match (draft.is_changed(), self.not_in_force) {
                (true, _) => "Not saved",
                (false, true) => "Saved, not in force",
                (false, false) => "As in the file",
            };
            ui.label(fonts::bold(state));
            if let Some(said) = &self.said {
                let said = visible(said);
                let label = ui.add(Label::new(RichText::new(said.as_ref()).color(muted)).truncate());
                label.widget_info(|| WidgetInfo::labeled(Role::Status, true, said.as_ref()));
                label.on_hover_text(said.as_ref());
            }
        });
        ui.add_space(STEP);
        if let Some(tool) = act {
            self.act(tool, frame, outbox);
        }
    }

    fn act(&mut self, tool: Tool, frame: &Frame<'_>, outbox: &mut Outbox) {
        let State::Open(draft) = &mut self.state else { return };
        let (_, grid) = self.sheets.entry(self.sheet.title()).or_default();
        let rows = *grid.selection.rows().start()..grid.selection.rows().end() + 1;
        match tool {
            Tool::Focus => grid.focus(),
            Tool::Undo => self.said = draft.undo().map(|name| format!("Taken back: {name}")),
            Tool::Redo => self.said = draft.redo().map(|name| format!("Made again: {name}")),
            Tool::Add => {
                let behind = grid.selection.cursor.row;
                self.carry_out(vec![Wish::Add(behind)]);
            }
            Tool::Duplicate => self.carry_out(vec![Wish::Duplicate(rows)]),
            Tool::Remove => self.carry_out(vec![Wish::Remove(rows)]),
            Tool::Replace => self.over = Over::Replace(Box::default()),
            Tool::Faults => self.over = Over::Faults,
            Tool::Save => self.save(frame, false, outbox),
            Tool::Review => self.open_review(frame, outbox),
        }
    }
}

fn faults_in_words(errors: usize, warnings: usize) -> String {
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    match (errors, warnings) {
        (0, 0) => "No faults".to_owned(),
        (_, 0) => count(errors, "fault", "faults"),
        (0, _) => count(warnings, "warning", "warnings"),
        _ => format!("{}, {}", count(errors, "fault", "faults"), count(warnings, "warning", "warnings")),
    }
}
