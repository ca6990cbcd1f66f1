//! Above a sheet: tabs, what can be done with the whole, the filter, and how the draft stands to file and plant.

use super::acts::Act;
use super::grid::Wish;
use super::sheets::SheetKind;
use super::{Editor, Over, Page, State};
use crate::project::edit::{Draft, EntityKind};
use crate::text::visible;
use crate::ui::theme::{STEP, TOUCH};
use crate::ui::{Frame, Outbox, fonts};
use eframe::egui::{
    Align, Button, Color32, Context, Id, Key, Label, Layout, RichText, Role, Separator, TextEdit, TextWrapMode, Ui,
    WidgetInfo, vec2,
};
use std::collections::BTreeMap;

/// The least room in which it is said beside the buttons what came of the last act.
const LEAST_SAID: f32 = 240.0;

/// What a press of a tool does.
#[derive(Debug, Clone, Copy)]
enum Tool {
    Focus,
    Canvas,
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
        self.counts.follow(draft);
        let mut act = None;
        ui.horizontal_wrapped(|ui| {
            // A button that does not fit goes to the next row whole.
            ui.style_mut().wrap_mode = Some(TextWrapMode::Extend);
            // Close together, so that all of them stand in one row of a usual window.
            ui.spacing_mut().item_spacing.x = STEP / 2.0;
            for sheet in SheetKind::ALL {
                // As many as the sheet has rows: what templates make is among them.
                let made = if self.hides_made { 0 } else { self.judged.made.of(sheet).len() };
                let (own, title) = (self.counts.of(sheet), sheet.title());
                let here = self.sheet == sheet && self.page == Page::Sheet;
                let tab = ui.selectable_label(here, format!("{title} {}", own + made));
                let parts = (made > 0).then(|| format!("{own} in the text, {made} from templates"));
                tab.widget_info(|| WidgetInfo {
                    current_text_value: parts.clone(),
                    ..WidgetInfo::selected(Role::Tab, true, here, title)
                });
                let clicked = tab.clicked();
                if let Some(parts) = parts {
                    tab.on_hover_text(parts);
                }
                if clicked {
                    self.sheet = sheet;
                    self.page = Page::Sheet;
                    act = Some(Tool::Focus);
                }
            }
            let on_canvas = self.page == Page::Canvas;
            let tab = ui.selectable_label(on_canvas, "Canvas");
            tab.widget_info(|| WidgetInfo::selected(Role::Tab, true, on_canvas, "Canvas"));
            if tab.on_hover_text("A display as it will be, with its panels in the hand").clicked() {
                act = Some(Tool::Canvas);
            }
            ui.add(Separator::default().spacing(2.0));
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
            ui.add(Separator::default().spacing(2.0));
            let (duplicate, remove) = if on_canvas {
                ("The chosen panels once more (Ctrl+D)", "Without the chosen panels (Delete)")
            } else {
                ("The chosen rows once more", "Without the chosen rows (Ctrl+Delete)")
            };
            for (label, why, tool) in [
                ("Add", "A new row below the cursor (Insert)", Tool::Add),
                ("Duplicate", duplicate, Tool::Duplicate),
                ("Remove", remove, Tool::Remove),
                ("Replace…", "Find and replace, with a preview (Ctrl+H)", Tool::Replace),
            ] {
                // A new panel has a kind: that is chosen above the canvas.
                if on_canvas && matches!(tool, Tool::Add) {
                    continue;
                }
                if ui.button(label).on_hover_text(why).clicked() {
                    act = Some(tool);
                }
            }
            ui.add(Separator::default().spacing(2.0));
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
        let is_changed = draft.is_changed();
        let here = self.page == Page::Uses || self.page == Page::Sheet && self.sheet.is_of_templates();
        let mut beside = false;
        ui.horizontal_wrapped(|ui| {
            ui.style_mut().wrap_mode = Some(TextWrapMode::Extend);
            let tab = ui.selectable_label(here, format!("Templates {}", self.counts.of(SheetKind::Templates)));
            tab.widget_info(|| WidgetInfo::selected(Role::Tab, true, here, "Templates"));
            if tab.on_hover_text("What is written once and used many times, and what for").clicked() && !here {
                (self.page, self.sheet) = (Page::Sheet, SheetKind::Templates);
                act = Some(Tool::Focus);
            }
            if self.filter_ui(ui, muted) {
                act = Some(Tool::Focus);
            }
            let (errors, warnings) = self.judged.counts();
            let words = faults_in_words(errors, warnings);
            let faults = ui.add_enabled(errors + warnings > 0, Button::new(&words));
            faults.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Faults of the draft: {words}")));
            if faults.clicked() {
                act = Some(Tool::Faults);
            }
            let state = match (is_changed, self.not_in_force) {
                (true, _) => "Not saved",
                (false, true) => "Saved, not in force",
                (false, false) => "As in the file",
            };
            ui.label(fonts::bold(state));
            self.earlier_ui(ui);
            let room = ui.available_size_before_wrap().x;
            beside = room >= LEAST_SAID;
            if beside {
                let line = Layout::left_to_right(Align::Center);
                ui.allocate_ui_with_layout(vec2(room, TOUCH), line, |ui| self.said_ui(ui, muted));
            }
        });
        // What there is to say of the last act is never out of sight.
        if !beside {
            self.said_ui(ui, muted);
        }
        if self.templates_ui(ui) {
            act = Some(Tool::Focus);
        }
        ui.add_space(STEP);
        if let Some(tool) = act {
            self.use_tool(ui.ctx(), tool, frame, outbox);
        }
    }

    /// What there is to say of the last act.
    fn said_ui(&self, ui: &mut Ui, muted: Color32) {
        let Some(said) = &self.said else { return };
        let said = visible(said);
        let label = ui.add(Label::new(RichText::new(said.as_ref()).color(muted)).truncate());
        label.widget_info(|| WidgetInfo::labeled(Role::Status, true, said.as_ref()));
        label.on_hover_text(said.as_ref());
    }

    /// Of templates: what they are, what stands in them, what they are used for. Whether one of these was chosen.
    fn templates_ui(&mut self, ui: &mut Ui) -> bool {
        let State::Open(draft) = &self.state else { return false };
        if self.page != Page::Uses && !(self.page == Page::Sheet && self.sheet.is_of_templates()) {
            return false;
        }
        self.uses.follow(draft);
        let was = (self.page, self.sheet);
        ui.horizontal_wrapped(|ui| {
            ui.style_mut().wrap_mode = Some(TextWrapMode::Extend);
            let here = self.page == Page::Uses;
            let sheets = SheetKind::OF_TEMPLATES.map(|sheet| (sheet.title(), self.counts.of(sheet), Some(sheet)));
            for (title, count, sheet) in sheets.into_iter().chain([("Uses", self.uses.len(), None)]) {
                let chosen = sheet.map_or(here, |sheet| !here && self.sheet == sheet);
                // The sheet of all templates bears the name of the tab above it.
                let name = if sheet == Some(SheetKind::Templates) { "All templates" } else { title };
                let tab = ui.selectable_label(chosen, format!("{name} {count}"));
                tab.widget_info(|| WidgetInfo::selected(Role::Tab, true, chosen, name));
                if tab.clicked() {
                    match sheet {
                        Some(sheet) => (self.page, self.sheet) = (Page::Sheet, sheet),
                        None => self.page = Page::Uses,
                    }
                }
            }
        });
        was != (self.page, self.sheet)
    }

    /// The field above a sheet; whether it was left by Enter.
    fn filter_ui(&mut self, ui: &mut Ui, muted: Color32) -> bool {
        if self.page != Page::Sheet {
            return false;
        }
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
        let shown = if view.filter.is_empty() { String::new() } else { format!("{} of {}", view.rows.len(), view.all) };
        ui.label(RichText::new(shown).color(muted));
        if self.makes_any() {
            let mut shows = !self.hides_made;
            let switch = ui.checkbox(&mut shows, "From templates");
            if switch.on_hover_text("Show what templates make among what is written").changed() {
                self.hides_made = !shows;
            }
        }
        filter.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter))
    }

    /// The canvas, with the display that the cursor of the sheet of displays or panels is on.
    fn open_canvas(&mut self) {
        let State::Open(draft) = &self.state else { return };
        self.page = Page::Canvas;
        self.canvas.focus();
        let (view, grid) = self.sheets.entry(self.sheet.title()).or_default();
        view.follow(self.sheet, draft, &self.judged.made, !self.hides_made);
        let Some(id) = view.id(grid.selection.cursor.row) else { return };
        match self.sheet {
            SheetKind::Displays => {
                self.came_from = None;
                self.canvas.go_to(Some(id));
            }
            SheetKind::Panels => {
                self.came_from = None;
                self.canvas.go_to(draft.index().block(id).and_then(|block| block.parent));
                self.canvas.choose(&[id]);
            }
            _ => {}
        }
    }

    fn use_tool(&mut self, ctx: &Context, tool: Tool, frame: &Frame<'_>, outbox: &mut Outbox) {
        let State::Open(draft) = &mut self.state else { return };
        if self.page == Page::Canvas
            && let Tool::Focus | Tool::Duplicate | Tool::Remove = tool
        {
            let wish = match tool {
                Tool::Duplicate => self.canvas.duplicated(draft),
                Tool::Remove => self.canvas.removed("Remove"),
                _ => return self.canvas.focus(),
            };
            return match wish {
                Some(wish) => self.carry_out_on_canvas(ctx, wish),
                None => self.said = Some("Choose a panel first".to_owned()),
            };
        }
        if self.page == Page::Uses
            && let Tool::Focus | Tool::Add | Tool::Duplicate | Tool::Remove = tool
        {
            let grid = &mut self.uses.grid;
            let rows = *grid.selection.rows().start()..grid.selection.rows().end() + 1;
            return match tool {
                Tool::Add => self.carry_out_uses(vec![Wish::Add(rows.end - 1)]),
                Tool::Duplicate => self.carry_out_uses(vec![Wish::Duplicate(rows)]),
                Tool::Remove => self.carry_out_uses(vec![Wish::Remove(rows)]),
                _ => grid.focus(),
            };
        }
        let (_, grid) = self.sheets.entry(self.sheet.title()).or_default();
        let rows = *grid.selection.rows().start()..grid.selection.rows().end() + 1;
        match tool {
            Tool::Focus => grid.focus(),
            Tool::Canvas => self.open_canvas(),
            Tool::Undo => self.act(ctx, Act::Undo),
            Tool::Redo => self.act(ctx, Act::Redo),
            Tool::Add => {
                let behind = grid.selection.cursor.row;
                self.carry_out(ctx, vec![Wish::Add(behind)]);
            }
            Tool::Duplicate => self.carry_out(ctx, vec![Wish::Duplicate(rows)]),
            Tool::Remove => self.carry_out(ctx, vec![Wish::Remove(rows)]),
            Tool::Replace => self.over = Over::Replace(Box::default()),
            Tool::Faults => self.over = Over::Faults,
            Tool::Save => self.save(false),
            Tool::Review => self.open_review(frame, outbox),
        }
    }
}

/// How many rows the text has for each sheet, counted once for each of its versions.
#[derive(Debug, Default)]
pub struct Counts {
    version: Option<u64>,
    of: BTreeMap<EntityKind, usize>,
}

impl Counts {
    fn follow(&mut self, draft: &Draft) {
        if self.version != Some(draft.version()) {
            self.version = Some(draft.version());
            self.of.clear();
            draft.index().blocks().iter().for_each(|block| *self.of.entry(block.kind).or_default() += 1);
        }
    }

    fn of(&self, sheet: SheetKind) -> usize {
        self.of.get(&sheet.entity()).copied().unwrap_or_default()
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
