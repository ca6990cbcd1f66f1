//! The engineer's bench: the project's text in sheets that work like a spreadsheet, beside the plant that runs.
//!
//! ```text
//! grid    cells, keys, clipboard: a spreadsheet that holds no rows      select  which cells are chosen
//! sheets  entities of a draft as rows, keys as columns                  form    every key of one entity
//! judge   what is wrong, and with whom, as it is read aside             replace find and replace, with its preview
//! review  what would change in the plant, before it is written          clipboard  cells as Excel exchanges them
//! acts    what is done with the draft                                aside  what takes longer than a frame may
//! desk    the way to disk and plant      tools  tabs and buttons above a sheet      over  the dialogs over it
//! earlier texts of earlier saves, and the way back to one
//! made    what templates make, as rows                            uses    what templates are used for, as a sheet
//! canvas  a display with its panels in the hand, as it will be    onto    a template used on a display or mimic
//! wanted  a tag that was found elsewhere in the window
//! ```
//!
//! Invariant: the file is the truth. Whatever is done here is an edit of its text, which can be undone; nothing reaches the
//! file or the plant before a person says so.

mod acts;
mod aside;
mod canvas;
mod clipboard;
mod desk;
mod earlier;
mod form;
mod grid;
mod judge;
mod made;
mod names;
mod onto;
mod over;
mod pens;
mod replace;
mod review;
mod select;
mod sheets;
mod tools;
mod uses;
mod wanted;

pub use wanted::{NewPlace, NewTag};

use super::fonts::{self, size};
use super::importing::Import;
use super::theme::Theme;
use super::{Action, Frame, Outbox};
use crate::engine::Mode;
use crate::link::{DeployAsk, DeployPlan, DeskRequest, EditLink, FoundDraft};
use crate::project::edit::{Draft, EntityId, EntityKind, Kept, KeyPath, Refusal, Step};
use acts::Act;
use aside::Aside;
use canvas::Canvas;
use earlier::{Earlier, Going};
use eframe::egui::{
    Align, Button, Context, Id, Key, Label, Layout, Memory, Modifiers, Panel, RichText, ScrollArea, Ui,
};
use grid::{Grid, Wish, resolved};
use judge::Judged;
use names::Names;
use replace::Replace;
use review::{Changed, Review};
use sheets::{Rows, SheetKind, View};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use uses::{UseRows, Uses};

/// Width of the form beside a sheet, and the least room that a sheet keeps.
const FORM: f32 = 300.0;
const LEAST_SHEET: f32 = 480.0;
/// The least room that the canvas keeps; it scrolls.
const LEAST_CANVAS: f32 = 320.0;

/// Width of the list of tags beside the canvas.
const TAGS: f32 = 180.0;

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
    canvas: Canvas,
    page: Page,
    uses: Uses,
    /// What templates make is left out of the sheets.
    hides_made: bool,
    counts: tools::Counts,
    /// The display that was shown before: the canvas begins with it.
    came_from: Option<String>,
    /// The draft's tags.
    names: Names,
    judged: Arc<Judged>,
    /// A change that is worked out aside.
    aside: Option<Aside>,
    /// The version that is read and kept.
    followed: Option<u64>,
    saving: Option<Saving>,
    /// A version that is being put into force.
    applying: Option<Told>,
    over: Over,
    /// An earlier text on its way from the disk.
    going: Going,
    /// Tags that were found elsewhere and wait for the draft.
    wanted: Vec<NewTag>,
    /// A file of another program that waits for it.
    importing: Option<Import>,
    /// What there is to say of the last act.
    said: Option<String>,
    /// The file says what the plant does not do yet.
    not_in_force: bool,
    /// The version of the file that was last heard of from outside.
    heard_of: Option<String>,
    /// What differs is to be shown as soon as the file is there.
    review_wanted: bool,
}

/// What is shown of the draft.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Page {
    /// One of the sheets.
    #[default]
    Sheet,
    /// A display on the canvas.
    Canvas,
    /// What templates are used for.
    Uses,
}

/// The answer of the plant, once it is there.
type Told = Arc<OnceLock<Result<Arc<DeployPlan>, String>>>;

/// A save on its way.
#[derive(Debug)]
struct Saving {
    /// What is written, whatever is typed meanwhile.
    written: Kept,
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
    Open(Arc<Draft>),
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
    /// Texts of earlier saves.
    Earlier(Box<Earlier>),
}

impl Editor {
    /// A bench without a project, on this disk.
    pub fn new(link: Option<EditLink>) -> Self {
        Self { link, ..Self::default() }
    }

    /// A person comes here from this display.
    pub fn come_from(&mut self, display: Option<String>) {
        self.came_from = display;
    }

    /// What differs between the file and what runs is to be shown.
    pub fn review(&mut self) {
        self.review_wanted = true;
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
        if self.aside.is_none() {
            self.take_review(frame, outbox);
            self.take_wanted(ui);
            self.take_import(ui.ctx());
            self.keys(ui.ctx(), outbox, frame);
        }
        self.wait_ui(ui);
        self.tools_ui(ui, frame, outbox);
        self.over_ui(ui, frame);
        let theme = frame.theme;
        let room = ui.available_width();
        let least = if self.is_on_canvas() { LEAST_CANVAS } else { LEAST_SHEET };
        if room - FORM > least {
            let area = eframe::egui::Frame::new().inner_margin(8);
            Panel::right("form").frame(area).exact_size(FORM).resizable(false).show(ui, |ui| self.form_ui(ui, theme));
        }
        if self.page == Page::Uses {
            self.uses_ui(ui, theme);
        } else if self.is_on_canvas() {
            // Where there is no room for the fields, there is none for the tags.
            if room - FORM - TAGS > LEAST_SHEET {
                let area = eframe::egui::Frame::new().inner_margin(6);
                Panel::left("tags")
                    .frame(area)
                    .exact_size(TAGS)
                    .resizable(false)
                    .show(ui, |ui| self.tags_ui(ui, theme));
            }
            self.canvas_ui(ui, frame);
        } else {
            self.sheet_ui(ui, theme);
        }
    }

    fn keys(&mut self, ctx: &Context, outbox: &mut Outbox, frame: &Frame<'_>) {
        let pressed = |modifiers: Modifiers, key: Key| ctx.input_mut(|i| i.consume_key(modifiers, key));
        // What lies over the sheet is of the draft as it is: what is reviewed is what is written.
        if !matches!(self.over, Over::Nothing) {
            return;
        }
        // A field that is typed into takes back and makes again what is typed there.
        let sheet = if self.page == Page::Uses { Id::unique(USES) } else { sheet_id(self.sheet) };
        if ctx.memory(Memory::focused).is_none_or(|id| id == sheet) || self.canvas.has_focus(ctx) {
            while let Some(act) = ctx.input_mut(acts::step_of_keys) {
                self.act(ctx, act);
                if self.aside.is_some() {
                    return;
                }
            }
        }
        if pressed(Modifiers::COMMAND, Key::H) {
            self.over = Over::Replace(Box::default());
        }
        if pressed(Modifiers::NONE, Key::F9) && !self.is_busy() {
            self.roll_back();
        }
        if pressed(Modifiers::COMMAND, Key::S) {
            self.save(false);
        } else if pressed(Modifiers::COMMAND, Key::Enter) {
            self.open_review(frame, outbox);
        }
    }

    /// Shows what differs, where that was asked for and nothing else is to be answered first.
    fn take_review(&mut self, frame: &Frame<'_>, outbox: &mut Outbox) {
        let State::Open(draft) = &self.state else { return };
        if !self.review_wanted || self.is_busy() || !matches!(self.over, Over::Nothing) {
            return;
        }
        self.review_wanted = false;
        if draft.is_changed() || self.not_in_force {
            self.open_review(frame, outbox);
        } else {
            self.said = Some("Nothing differs: what the file says is what runs".to_owned());
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

    fn sheet_ui(&mut self, ui: &mut Ui, theme: &Theme) {
        let State::Open(draft) = &self.state else { return };
        let (view, grid) = self.sheets.entry(self.sheet.title()).or_default();
        view.follow(self.sheet, draft, &self.judged.made, !self.hides_made);
        let rows = Rows { kind: self.sheet, draft, judged: &self.judged, view };
        if view.all == 0 {
            let words = format!(
                "No {} yet: press Add (Insert), or paste rows from a spreadsheet",
                self.sheet.entity().noun().1
            );
            ui.label(RichText::new(words).color(theme.muted));
        }
        let wishes = grid.ui(ui, theme, sheet_id(self.sheet), &rows);
        self.carry_out(ui.ctx(), wishes);
    }

    fn is_on_canvas(&self) -> bool {
        self.page == Page::Canvas
    }

    /// What templates are used for.
    fn uses_ui(&mut self, ui: &mut Ui, theme: &Theme) {
        let State::Open(draft) = &self.state else { return };
        self.uses.follow(draft);
        let mut grid = std::mem::take(&mut self.uses.grid);
        let rows = UseRows { uses: &self.uses, judged: &self.judged };
        if self.uses.len() == 0 {
            let words = "No template is used yet: choose one in All templates, and use it";
            ui.add(Label::new(RichText::new(words).color(theme.muted)).wrap());
        }
        let wishes = grid.ui(ui, theme, Id::unique(USES), &rows);
        self.uses.grid = grid;
        self.carry_out_uses(wishes);
    }

    fn carry_out_uses(&mut self, wishes: Vec<Wish>) {
        for wish in wishes {
            let (wish, chosen) = resolved(&UseRows { uses: &self.uses, judged: &self.judged }, wish);
            self.uses.grid.selection = chosen.unwrap_or(self.uses.grid.selection);
            match self.uses.edits(&wish) {
                Ok((_, edits)) if edits.is_empty() => self.said = Some("Nothing to change here".to_owned()),
                Ok((name, edits)) => drop(self.edit_as(Some(&name), None, &edits)),
                Err(why) => self.said = Some(why),
            }
        }
    }

    /// Every key of the entity that has the cursor.
    fn form_ui(&mut self, ui: &mut Ui, theme: &Theme) {
        let State::Open(draft) = &self.state else { return };
        if self.page == Page::Uses {
            self.uses.follow(draft);
            self.uses.template_ui(ui, theme, draft);
            return;
        }
        let (view, _) = self.sheets.entry(self.sheet.title()).or_default();
        view.follow(self.sheet, draft, &self.judged.made, !self.hides_made);
        if let Some(made) = self.made_row() {
            self.made_ui(ui, theme, &made);
            return;
        }
        let State::Open(draft) = &self.state else { return };
        let (sheet, ids) = if self.is_on_canvas() {
            // While no panel is chosen, the display itself is.
            match self.canvas.chosen() {
                [] => (SheetKind::Displays, self.canvas.display().into_iter().collect()),
                chosen => (SheetKind::Panels, chosen.to_vec()),
            }
        } else {
            let (view, grid) = self.sheets.entry(self.sheet.title()).or_default();
            (self.sheet, view.id(grid.selection.cursor.row).into_iter().collect())
        };
        // What was chosen may be gone since the last frame.
        let ids: Vec<EntityId> = ids.into_iter().filter(|id| draft.index().block(*id).is_some()).collect();
        if form::names_tags(draft, sheet, &ids) {
            self.names.follow(draft, &self.judged.made);
        }
        let template = ids.last().filter(|_| sheet == SheetKind::Templates && ids.len() == 1).copied();
        let onto = onto::Onto::of(draft, sheet, &ids);
        let form = form::Form { theme, draft, judged: &self.judged, names: &self.names, sheet, ids: &ids };
        let edits = ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            let edits = form::form_ui(ui, form);
            let used = template.filter(|_| ui.button(USE_IT).clicked());
            (edits, used, onto.and_then(|onto| onto::onto_ui(ui, draft, onto)))
        });
        let (edits, used, pressed) = edits.inner;
        if let Some(template) = used {
            self.use_template(template);
        } else if let Some(pressed) = pressed {
            self.carry_out_onto(pressed);
        } else if let Some((group, edits)) = edits {
            self.act(ui.ctx(), Act::Edits(Some(group), edits));
        }
    }

    fn tags_ui(&mut self, ui: &mut Ui, theme: &Theme) {
        let State::Open(draft) = &self.state else { return };
        self.names.follow(draft, &self.judged.made);
        for wish in self.canvas.tags_ui(ui, theme, draft, &self.names) {
            self.carry_out_on_canvas(ui.ctx(), wish);
        }
    }

    fn canvas_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>) {
        let State::Open(draft) = &self.state else { return };
        if let Some(name) = self.came_from.take() {
            self.canvas.show(draft, &name);
        }
        for wish in self.canvas.ui(ui, frame, draft, &self.judged) {
            self.carry_out_on_canvas(ui.ctx(), wish);
        }
    }

    fn carry_out_on_canvas(&mut self, ctx: &Context, wish: canvas::Wish) {
        match wish {
            canvas::Wish::Say(words) => self.said = Some(words),
            canvas::Wish::Use(of, called) => {
                let State::Open(draft) = &self.state else { return };
                self.uses.follow(draft);
                self.go_to_use_row(self.uses.row_called(of, &called));
            }
            canvas::Wish::Fields => {
                if let Some(id) = self.canvas.chosen().last() {
                    ctx.memory_mut(|m| m.request_focus(form::field_id(*id, "kind")));
                }
            }
            canvas::Wish::Edit { name, group, edits } => {
                let added = self.edit_as(Some(&name), group, &edits);
                let State::Open(draft) = &self.state else { return };
                let is_panel =
                    |id: &EntityId| draft.index().block(*id).is_some_and(|block| block.kind == EntityKind::Panel);
                let added: Vec<EntityId> = added.into_iter().filter(is_panel).collect();
                if added.is_empty() {
                    self.canvas.focus();
                } else {
                    self.canvas.choose(&added);
                }
            }
        }
    }

    /// Puts the cursor on an entity that has just come.
    fn show(&mut self, id: Option<EntityId>) {
        let (Some(id), State::Open(draft)) = (id, &self.state) else { return };
        let (view, grid) = self.sheets.entry(self.sheet.title()).or_default();
        view.follow(self.sheet, draft, &self.judged.made, !self.hides_made);
        if let Some(row) = view.row_of(id) {
            grid.go_to(select::At { row, column: grid.selection.cursor.column });
        }
    }

    /// Shows an entity in its sheet, with the cursor on a key.
    fn go_to(&mut self, id: EntityId, key: &str) {
        let State::Open(draft) = &self.state else { return };
        let Some(sheet) = draft.index().block(id).and_then(|block| SheetKind::of(block.kind)) else {
            // A use of a template, perhaps: `with[2]`.
            let nth = KeyPath::from(key).0.into_iter().find_map(|step| match step {
                Step::Nth(nth) => Some(nth),
                Step::Key(_) => None,
            });
            return self.go_to_use(Some((id, nth.unwrap_or(0))));
        };
        self.sheet = sheet;
        self.page = Page::Sheet;
        let (view, grid) = self.sheets.entry(sheet.title()).or_default();
        view.filter.clear();
        view.follow(sheet, draft, &self.judged.made, !self.hides_made);
        let column = view.keys.iter().position(|other| *other == key).unwrap_or(0);
        if let Some(row) = view.row_of(id) {
            grid.go_to(select::At { row, column });
        }
    }
}

/// What the button says that uses a template.
const USE_IT: &str = "Use it once more";

/// What the grid of uses is known by.
const USES: &str = "uses of the editor";

fn sheet_id(sheet: SheetKind) -> Id {
    Id::unique("sheet of the editor").with(sheet.title())
}

fn refused(refusal: &Refusal) -> String {
    format!("Not changed: {refusal}")
}

/// Why nothing can be edited here at all.
pub fn impossible(frame: &Frame<'_>) -> Option<String> {
    if frame.about.bundle.is_some() {
        return Some(super::words::say::ONLY_A_BUNDLE.to_owned());
    }
    if frame.snapshot.mode != Mode::Live || frame.about.path.is_none() {
        return Some(super::words::say::NO_FILE_TO_EDIT.to_owned());
    }
    let holder = frame.about.held_by.as_ref()?;
    Some(format!("This plant is watched by {holder}: edit its project there"))
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
