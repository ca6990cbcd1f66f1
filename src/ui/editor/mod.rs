//! The engineer's bench: the project's text in sheets that work like a spreadsheet, beside the plant that runs.
//!
//! ```text
//! grid    cells, keys, clipboard: a spreadsheet that holds no rows      select  which cells are chosen
//! sheets  entities of a draft as rows, keys as columns                  form    every key of one entity
//! judge   what is wrong, read and compiled on a thread of its own       replace find and replace, with its preview
//! review  what would change in the plant, before it is written          clipboard  cells as Excel exchanges them
//! ```
//!
//! Invariant: the file is the truth. Whatever is done here is an edit of its text, which can be undone; nothing reaches the
//! file or the plant before a person says so.

mod clipboard;
mod form;
mod grid;
mod judge;
mod replace;
mod review;
mod select;
mod sheets;

use super::fonts::{self, size};
use super::theme::{STEP, TOUCH, Theme};
use super::{Action, Frame, Outbox};
use crate::engine::Mode;
use crate::link::{
    DeployAsk, DeployPlan, DeskRequest, EditAnswer, EditJob, EditLink, FoundDraft, Opened, ReadAsk, SaveError,
};
use crate::project::Severity;
use crate::project::edit::{Draft, Edit, EntityId, EntityKind, KeyPath, Refusal, Value};
use crate::text::visible;
use eframe::egui::{
    Align, Button, Context, Id, Key, Label, Layout, Memory, Modifiers, Panel, RichText, Role, ScrollArea, TextEdit, Ui,
    WidgetInfo,
};
use grid::{Grid, Wish};
use judge::Judged;
use replace::Replace;
use review::{Changed, Review, Wanted};
use sheets::{Rows, SheetKind, View};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The answer is looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Width of the form beside a sheet, and the least room that a sheet keeps.
const FORM: f32 = 300.0;
const LEAST_SHEET: f32 = 480.0;

/// The bench of one project.
#[derive(Debug, Default)]
pub struct Editor {
    /// The disk; none where this program cannot edit.
    link: Option<EditLink>,
    /// Whether the window is told of what comes from there.
    is_told: bool,
    /// The file that is open; another one has another draft.
    path: Option<PathBuf>,
    state: State,
    sheet: SheetKind,
    sheets: BTreeMap<&'static str, (View, Grid)>,
    judged: Judged,
    /// The version that is read and kept.
    followed: Option<u64>,
    saving: Option<Saving>,
    /// A version that is being put into force.
    applying: Option<Told>,
    over: Over,
    /// What there is to say of the last act.
    said: Option<String>,
    /// The file says what the plant does not do yet.
    not_in_force: bool,
}

/// The answer of the plant, once it is there.
type Told = Arc<OnceLock<Result<Arc<DeployPlan>, String>>>;

/// A save on its way.
#[derive(Debug)]
struct Saving {
    /// What is written.
    bytes: Arc<[u8]>,
    version: u64,
    apply: bool,
}

/// Whether there is a draft.
#[derive(Debug, Default)]
enum State {
    /// It was not asked for.
    #[default]
    Closed,
    /// It is being read.
    Reading,
    /// It is there.
    Open(Box<Draft>),
    /// It cannot be edited: why.
    Failed(String),
}

/// What lies over the sheet.
#[derive(Debug, Default)]
enum Over {
    #[default]
    Nothing,
    Review(Box<Review>),
    Replace(Box<Replace>),
    Faults,
    /// A draft that an earlier run left.
    Found(Box<FoundDraft>),
    /// The file was changed by somebody else.
    Changed(Box<Changed>),
}

impl Editor {
    /// A bench without a project, on this disk.
    pub fn new(link: Option<EditLink>) -> Self {
        Self { link, ..Self::default() }
    }

    /// The middle of the window.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, outbox: &mut Outbox) {
        if let Some(why) = impossible(frame) {
            ui.add(Label::new(fonts::bold(why)).wrap());
            return;
        }
        self.follow(ui.ctx(), frame, outbox);
        if !matches!(self.state, State::Open(_)) {
            let words = match &self.state {
                State::Failed(why) => format!("The project cannot be edited here: {why}"),
                _ => "The project's file is being read".to_owned(),
            };
            ui.add(Label::new(fonts::bold(words)).wrap());
            return;
        }
        self.keys(ui.ctx(), outbox, frame);
        self.tools_ui(ui, frame, outbox);
        self.over_ui(ui, frame, outbox);
        let theme = frame.theme;
        if ui.available_width() - FORM > LEAST_SHEET {
            let area = eframe::egui::Frame::new().inner_margin(8);
            Panel::right("form").frame(area).exact_size(FORM).resizable(false).show(ui, |ui| self.form_ui(ui, theme));
        }
        self.sheet_ui(ui, theme);
    }

    /// Another project has another draft; what has come from disk and plant is taken up.
    fn follow(&mut self, ctx: &Context, frame: &Frame<'_>, outbox: &mut Outbox) {
        if self.path != frame.about.path {
            *self = Self {
                link: self.link.take(),
                is_told: self.is_told,
                path: frame.about.path.clone(),
                ..Self::default()
            };
        }
        let (Some(link), Some(path)) = (self.link.clone(), self.path.clone()) else {
            self.state = State::Failed("this program was started without a way to edit".to_owned());
            return;
        };
        if !std::mem::replace(&mut self.is_told, true) {
            let ctx = ctx.clone();
            link.when_told(move || ctx.request_repaint());
        }
        if matches!(self.state, State::Closed) {
            self.state = match link.ask(EditJob::Open(path.clone())) {
                Ok(()) => State::Reading,
                Err(why) => State::Failed(why),
            };
        }
        while let Some(answer) = link.answer() {
            self.take(answer, frame, outbox);
        }
        if let Some(answer) = self.applying.as_ref().map(|told| told.get().cloned()) {
            match answer {
                None => ctx.request_repaint_after(LOOK_EVERY),
                Some(answer) => self.applied(answer),
            }
        }
        let State::Open(draft) = &mut self.state else { return };
        if self.followed != Some(draft.version()) {
            self.followed = Some(draft.version());
            let text = Arc::clone(draft.text());
            link.read(ReadAsk { version: draft.version(), text, path: Some(path.clone()) });
            if !matches!(self.over, Over::Found(_)) {
                link.keep(path, draft.kept());
            }
        }
        if let Some(reading) = link.reading() {
            self.judged.follow(draft, &reading);
        }
    }

    /// What came from the disk.
    fn take(&mut self, answer: EditAnswer, frame: &Frame<'_>, outbox: &mut Outbox) {
        match answer {
            EditAnswer::Opened(path, opened) if Some(&path) == self.path.as_ref() => self.opened(opened),
            EditAnswer::Saved(path, saved) if Some(&path) == self.path.as_ref() => self.saved(saved, frame, outbox),
            EditAnswer::NotKept(why) => self.said = Some(format!("The draft is not kept for the next start: {why}")),
            EditAnswer::Opened(..) | EditAnswer::Saved(..) | EditAnswer::Snapshots(_) | EditAnswer::Snapshot(..) => {}
        }
    }

    fn opened(&mut self, opened: Result<Opened, String>) {
        let opened = opened.and_then(|opened| {
            let draft = Draft::open(&opened.text).map_err(|refusal| refusal.to_string())?;
            Ok((draft, opened.draft))
        });
        match opened {
            Ok((draft, found)) => {
                self.state = State::Open(Box::new(draft));
                self.over = found.map_or(Over::Nothing, |found| Over::Found(Box::new(found)));
            }
            Err(why) => self.state = State::Failed(why),
        }
    }

    fn saved(&mut self, saved: Result<(), SaveError>, frame: &Frame<'_>, outbox: &mut Outbox) {
        let Some(saving) = self.saving.take() else { return };
        match saved {
            Ok(()) => {
                if let State::Open(draft) = &mut self.state
                    && draft.version() == saving.version
                {
                    draft.mark_saved();
                }
                self.not_in_force = true;
                self.said = Some("Saved; the plant runs on as it was".to_owned());
                if saving.apply {
                    self.apply(saving.bytes, frame, outbox);
                }
            }
            Err(SaveError::Changed(_, theirs)) => self.changed(&theirs),
            Err(error) => self.said = Some(format!("Not saved: {error}")),
        }
    }

    /// Puts what stands in the file into force.
    fn apply(&mut self, text: Arc<[u8]>, frame: &Frame<'_>, outbox: &mut Outbox) {
        let answer = Told::default();
        self.applying = Some(Arc::clone(&answer));
        let ask = DeployAsk { text, apply: true, by: frame.actor(), answer };
        outbox.action(Action::AskDesk(DeskRequest::Deploy(Box::new(ask))));
    }

    fn applied(&mut self, answer: Result<Arc<DeployPlan>, String>) {
        self.applying = None;
        self.over = Over::Nothing;
        self.said = Some(match answer {
            Ok(plan) => {
                self.not_in_force = false;
                if let State::Open(draft) = &mut self.state {
                    draft.mark_in_force();
                }
                format!("Saved, and in force: {}", plan.summary)
            }
            // It is written: from here on there is nothing to refuse, only when it counts.
            Err(why) => format!("Saved; it counts at the next start: {why}"),
        });
    }

    /// Somebody else wrote the file: what they wrote is not lost, and neither is what is here.
    fn changed(&mut self, theirs: &[u8]) {
        let State::Open(draft) = &self.state else { return };
        match Changed::new(draft, theirs) {
            Ok(changed) => self.over = Over::Changed(Box::new(changed)),
            Err(refusal) => {
                self.said = Some(format!(
                    "Not saved: the file was changed by somebody else, and cannot be read now: {refusal}"
                ));
            }
        }
    }

    /// Whether the file is being written, or put into force.
    const fn is_busy(&self) -> bool {
        self.saving.is_some() || self.applying.is_some()
    }

    /// Writes the file; `apply`: and puts it into force.
    fn save(&mut self, frame: &Frame<'_>, apply: bool, outbox: &mut Outbox) {
        let (State::Open(draft), Some(link), Some(path)) = (&self.state, &self.link, &self.path) else { return };
        if self.is_busy() {
            self.said = Some("It is being saved already".to_owned());
            return;
        }
        let bytes: Arc<[u8]> = draft.bytes().into();
        if !draft.is_changed() {
            if apply {
                self.apply(bytes, frame, outbox);
            }
            return;
        }
        let job = EditJob::Save { path: path.clone(), before: draft.saved_bytes(), after: bytes.to_vec() };
        let saving = Saving { bytes, version: draft.version(), apply };
        match link.ask(job) {
            Ok(()) => self.saving = Some(saving),
            Err(why) => self.said = Some(format!("Not saved: {why}")),
        }
    }

    fn keys(&mut self, ctx: &Context, outbox: &mut Outbox, frame: &Frame<'_>) {
        let pressed = |modifiers: Modifiers, key: Key| ctx.input_mut(|i| i.consume_key(modifiers, key));
        let State::Open(draft) = &mut self.state else { return };
        // A field that is typed into takes back and makes again what is typed there.
        let sheet = sheet_id(self.sheet);
        if ctx.memory(Memory::focused).is_none_or(|id| id == sheet) {
            let again = pressed(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z) || pressed(Modifiers::COMMAND, Key::Y);
            if again {
                self.said = draft.redo().map(|name| format!("Made again: {name}"));
            } else if pressed(Modifiers::COMMAND, Key::Z) {
                self.said = draft.undo().map(|name| format!("Taken back: {name}"));
            }
        }
        if pressed(Modifiers::COMMAND, Key::H) {
            self.over = Over::Replace(Box::default());
        }
        if pressed(Modifiers::COMMAND, Key::S) {
            self.save(frame, false, outbox);
        } else if pressed(Modifiers::COMMAND, Key::Enter) {
            self.open_review(frame, outbox);
        }
    }

    fn open_review(&mut self, frame: &Frame<'_>, outbox: &mut Outbox) {
        let State::Open(draft) = &self.state else { return };
        let answer = Told::default();
        let ask =
            DeployAsk { text: draft.bytes().into(), apply: false, by: frame.actor(), answer: Arc::clone(&answer) };
        outbox.action(Action::AskDesk(DeskRequest::Deploy(Box::new(ask))));
        self.over = Over::Review(Box::new(Review { plan: answer }));
    }

    /// Tabs, and what can be done with the whole.
    fn tools_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, outbox: &mut Outbox) {
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

    fn sheet_ui(&mut self, ui: &mut Ui, theme: &Theme) {
        let State::Open(draft) = &self.state else { return };
        let (view, grid) = self.sheets.entry(self.sheet.title()).or_default();
        view.follow(self.sheet, draft);
        let rows = Rows { kind: self.sheet, draft, judged: &self.judged, view };
        if view.all == 0 {
            let words =
                format!("No {} yet: press Insert, or paste rows from a spreadsheet", self.sheet.entity().noun().1);
            ui.label(RichText::new(words).color(theme.muted));
        }
        let wishes = grid.ui(ui, theme, sheet_id(self.sheet), &rows);
        self.carry_out(wishes);
    }

    /// Every key of the entity that has the cursor.
    fn form_ui(&mut self, ui: &mut Ui, theme: &Theme) {
        let State::Open(draft) = &self.state else { return };
        let (view, grid) = self.sheets.entry(self.sheet.title()).or_default();
        view.follow(self.sheet, draft);
        let Some(id) = view.ids.get(grid.selection.cursor.row).copied() else { return };
        let edits = ScrollArea::vertical()
            .auto_shrink([false, false])
            .show(ui, |ui| form::form_ui(ui, theme, draft, &self.judged, self.sheet, id))
            .inner;
        if let Some((group, edits)) = edits {
            self.edit(Some(group), &edits);
        }
    }

    fn carry_out(&mut self, wishes: Vec<Wish>) {
        for wish in wishes {
            let State::Open(draft) = &self.state else { return };
            let (view, grid) = self.sheets.entry(self.sheet.title()).or_default();
            let rows = Rows { kind: self.sheet, draft, judged: &self.judged, view };
            let chosen = |range: &std::ops::Range<usize>| -> Vec<EntityId> {
                view.ids.iter().skip(range.start).take(range.len()).copied().collect()
            };
            let edits: Vec<Edit> = match wish {
                Wish::Put(cells) => rows.edits(&cells),
                Wish::Add(behind) => rows.added(behind).into_iter().collect(),
                Wish::Duplicate(range) => {
                    chosen(&range).into_iter().map(|of| Edit::Duplicate { of, name: rows.copy_name(of) }).collect()
                }
                Wish::Remove(range) => chosen(&range).into_iter().map(|of| Edit::Remove { of }).collect(),
                Wish::Sort(column) => {
                    view.sort_by(column);
                    continue;
                }
                Wish::Refused(why) => {
                    self.said = Some(why);
                    continue;
                }
            };
            let _ = grid;
            if edits.is_empty() {
                self.said = Some("Nothing to change here".to_owned());
                continue;
            }
            let added = self.edit(None, &edits);
            self.show(added.first().copied());
        }
    }

    /// Puts the cursor on an entity that has just come.
    fn show(&mut self, id: Option<EntityId>) {
        let (Some(id), State::Open(draft)) = (id, &self.state) else { return };
        let (view, grid) = self.sheets.entry(self.sheet.title()).or_default();
        view.follow(self.sheet, draft);
        if let Some(row) = view.row_of(id) {
            grid.go_to(select::At { row, column: grid.selection.cursor.column });
        }
    }

    /// Makes edits, and says why not where they cannot be made. Gives back what is new.
    fn edit(&mut self, group: Option<u64>, edits: &[Edit]) -> Vec<EntityId> {
        let State::Open(draft) = &mut self.state else { return Vec::new() };
        let made = with_renames(draft, edits).and_then(|edits| draft.edit_as(None, group, &edits));
        match made {
            Ok(done) => {
                self.said = None;
                done.added
            }
            Err(refusal) => {
                self.said = Some(refused(&refusal));
                Vec::new()
            }
        }
    }

    /// What lies over the sheet.
    fn over_ui(&mut self, ui: &Ui, frame: &Frame<'_>, outbox: &mut Outbox) {
        let over = std::mem::take(&mut self.over);
        let State::Open(draft) = &mut self.state else { return };
        let theme = frame.theme;
        self.over = match over {
            Over::Nothing => Over::Nothing,
            Over::Review(review) => match review.ui(ui, theme, &self.judged, self.is_busy()) {
                review::Outcome::Open => Over::Review(review),
                review::Outcome::Close => Over::Nothing,
                review::Outcome::Apply => {
                    self.save(frame, true, outbox);
                    Over::Review(review)
                }
            },
            Over::Replace(mut replace) => match replace.ui(ui, theme, draft, self.sheet) {
                replace::Outcome::Open => Over::Replace(replace),
                replace::Outcome::Close => Over::Nothing,
                replace::Outcome::Replace(hits) => {
                    self.said = draft.replace(&hits).err().map(|refusal| refused(&refusal));
                    Over::Nothing
                }
            },
            Over::Faults => {
                let mut go_to = None;
                let open = super::dialogs::sheet_ui(ui, theme, "Faults of the draft", |ui| {
                    go_to = faults_ui(ui, theme, &self.judged);
                });
                if let Some((id, key)) = go_to {
                    self.go_to(id, &key);
                    Over::Nothing
                } else if open {
                    Over::Faults
                } else {
                    Over::Nothing
                }
            }
            Over::Found(found) => match review::found_ui(ui, theme, &found) {
                None => Over::Found(found),
                Some(review::Taken::Up) => {
                    match Draft::take_up(&found.base, &found.text) {
                        Ok(taken) => {
                            let file = draft.saved_bytes();
                            **draft = taken;
                            if found.file_changed {
                                // Both count, as with any other change from outside.
                                self.changed(&file);
                                return;
                            }
                        }
                        Err(refusal) => self.said = Some(refused(&refusal)),
                    }
                    Over::Nothing
                }
                Some(review::Taken::Later) => Over::Nothing,
                Some(review::Taken::Never) => {
                    if let (Some(link), Some(path)) = (&self.link, &self.path) {
                        self.said = link.ask(EditJob::GiveUp(path.clone())).err();
                    }
                    Over::Nothing
                }
            },
            Over::Changed(mut changed) => match changed.ui(ui, theme) {
                None => Over::Changed(changed),
                Some(Wanted::Later) => Over::Nothing,
                Some(Wanted::Merge) => {
                    self.said = changed.take(draft).err().map(|refusal| refused(&refusal));
                    self.said.get_or_insert_with(|| "Both are in the draft now: look at it, then save".to_owned());
                    Over::Nothing
                }
            },
        };
    }

    /// Shows an entity in its sheet, with the cursor on a key.
    fn go_to(&mut self, id: EntityId, key: &str) {
        let State::Open(draft) = &self.state else { return };
        let Some(sheet) = draft.index().block(id).and_then(|block| SheetKind::of(block.kind)) else { return };
        self.sheet = sheet;
        let (view, grid) = self.sheets.entry(sheet.title()).or_default();
        view.filter.clear();
        view.follow(sheet, draft);
        let column = view.keys.iter().position(|other| *other == key).unwrap_or(0);
        if let Some(row) = view.row_of(id) {
            grid.go_to(select::At { row, column });
        }
    }
}

fn sheet_id(sheet: SheetKind) -> Id {
    Id::unique("sheet of the editor").with(sheet.title())
}

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

/// A name that changes is a rename: whoever bears it follows, and history does.
fn with_renames(draft: &Draft, edits: &[Edit]) -> Result<Vec<Edit>, Refusal> {
    let name = KeyPath::from("name");
    let renamed = |edit: &Edit| match edit {
        Edit::Set { of, key, value: Value::Text(new) } if *key == name => {
            let kind = draft.index().block(*of)?.kind;
            let follows = matches!(kind, EntityKind::Tag | EntityKind::Device | EntityKind::Display);
            (follows && draft.shown(*of, &name).is_some()).then(|| (*of, new.clone()))
        }
        _ => None,
    };
    let wanted: Vec<(EntityId, String)> = edits.iter().filter_map(renamed).collect();
    if wanted.is_empty() {
        return Ok(edits.to_vec());
    }
    let rest = edits.iter().filter(|edit| renamed(edit).is_none()).cloned();
    Ok(draft.rename_edits(&wanted)?.into_iter().chain(rest).collect())
}

fn refused(refusal: &Refusal) -> String {
    format!("Not changed: {refusal}")
}

/// Why nothing can be edited here at all.
fn impossible(frame: &Frame<'_>) -> Option<String> {
    if frame.snapshot.mode != Mode::Live || frame.about.path.is_none() {
        return Some(super::words::say::NO_FILE.to_owned());
    }
    let holder = frame.about.held_by.as_ref()?;
    Some(format!("This plant is watched by {holder}: edit its project there"))
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

/// The list; a press goes to the field.
fn faults_ui(ui: &mut Ui, theme: &Theme, judged: &Judged) -> Option<(EntityId, String)> {
    let mut go_to = None;
    let height = (ui.ctx().content_rect().height() - 190.0).max(120.0);
    let row = 40.0;
    ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show_rows(
        ui,
        row,
        judged.issues.len(),
        |ui, rows| {
            for nth in rows {
                let Some(issue) = judged.issues.get(nth) else { continue };
                let kind = if issue.severity == Severity::Error { "fault" } else { "warning" };
                let words = format!("{kind}, line {}: {}", issue.place.line, issue.message);
                let response = ui
                    .scope(|ui| {
                        ui.set_height(row - 6.0);
                        ui.spacing_mut().item_spacing.y = 0.0;
                        let press = ui.add(Button::new(RichText::new(&words)).truncate().frame(false));
                        let mend = format!("{} {}", issue.subject, issue.mend);
                        ui.add(Label::new(RichText::new(mend.trim()).color(theme.muted)).truncate());
                        press
                    })
                    .inner;
                if response.on_hover_text(issue.to_string()).clicked() {
                    go_to = judged.entity_of(nth).map(|(id, key)| (id, key.to_owned()));
                }
            }
        },
    );
    go_to
}

/// A row of buttons at the right of a dialog.
fn answers_ui<T: Copy>(ui: &mut Ui, answers: &[(&str, bool, T)]) -> Option<T> {
    let mut answer = None;
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        for (label, enabled, value) in answers {
            if ui.add_enabled(*enabled, Button::new(*label)).clicked() {
                answer = Some(*value);
            }
        }
    });
    answer
}

/// The size of words in a form.
const SMALL: f32 = size::SMALL;
