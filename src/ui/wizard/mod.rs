//! A project is begun: what is on the table, where it is, what to read of it, and the file that comes of it.
//!
//! ```text
//! table   what is on the table                  place   where it is, and who answers there
//! values  what to read, seen live               save    the name, the alarm, the text, and where it is written
//! gallery the examples                          live    a plant that no file has yet
//! judge   what the reader says of it so far
//! fields  fields with their names and faults    target  where it is written
//! answer  what a look at the device brought     family  many topics, taken as one
//! ```
//! Invariant: nothing is written before the last page has shown the text, and nothing over a file that is there.
//! Invariant: it has no rules of its own: what is wrong is told by the project's reader, and by whoever compiles what that
//! reads.

mod answer;
mod family;
pub(super) mod fields;
mod gallery;
mod judge;
mod live;
mod place;
mod save;
mod table;
pub(super) mod target;
mod values;

use super::fonts::{self, size};
use super::theme::{STEP, Theme};
use super::widgets;
use super::{Action, Outbox};
use crate::link::{BeginLink, ScanLink};
use crate::project::new::NewProject;
use crate::time::Now;
use eframe::egui::{
    Align, Button, Context, Id, Key, Label, Layout, Modifiers, Panel, Popup, RichText, Role, Ui, WidgetInfo, vec2,
};
use gallery::Gallery;
use jiff::tz::TimeZone;
use judge::Judged;
use live::Live;
use place::Place;
use save::Save;
use std::path::{Path, PathBuf};
use values::Values;

/// What stands above it.
pub const TITLE: &str = "New project";

/// What the wizard may read.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Tokens.
    pub theme: &'a Theme,
    /// For times on the screen.
    pub zone: &'a TimeZone,
    /// The instant of this frame.
    pub now: Now,
    /// Where projects of this person lie.
    pub folder: &'a Path,
}

/// A page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Page {
    /// What is on the table.
    #[default]
    Table,
    /// Where it is.
    Place,
    /// What to read.
    Values,
    /// What is written.
    Save,
    /// The examples, instead of all that.
    Examples,
}

/// The pages of a project that is begun with a device.
const STEPS: [(Page, &str); 4] =
    [(Page::Table, "Device"), (Page::Place, "Connection"), (Page::Values, "Values"), (Page::Save, "Save")];

/// What a page wants after a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Stay,
    Next,
}

/// See the module. What is typed stays while another view is looked at.
#[derive(Debug, Default)]
pub struct Wizard {
    /// The instant of this frame; the plant behind may be of another program's.
    pub now: Now,
    scans: Option<ScanLink>,
    begin: Option<BeginLink>,
    page: Page,
    /// The page of the last frame: another one begins with the focus on its first field.
    seen: Option<Page>,
    /// In the last frame something had the focus, which Esc takes away.
    had_focus: bool,
    place: Place,
    values: Values,
    save: Save,
    gallery: Gallery,
    live: Live,
    judged: Judged,
    home: Option<PathBuf>,
}

impl Wizard {
    /// With the program's ways to devices and to the disk, where it has them.
    pub fn new(scans: Option<ScanLink>, begin: Option<BeginLink>) -> Self {
        Self { scans, begin, ..Self::default() }
    }

    /// Where projects of this person lie, who opened `recent` last.
    pub fn folder(&mut self, recent: Option<&Path>) -> PathBuf {
        let beside = recent.and_then(Path::parent).map(Path::to_owned);
        beside.unwrap_or_else(|| {
            let home = || directories::UserDirs::new().map(|dirs| dirs.home_dir().to_owned()).unwrap_or_default();
            self.home.get_or_insert_with(home).clone()
        })
    }

    /// The program's way to the disk.
    pub const fn begin_link(&self) -> Option<&BeginLink> {
        self.begin.as_ref()
    }

    /// Shows the examples.
    pub fn show_examples(&mut self) {
        self.page = Page::Examples;
    }

    /// Begins with the device, where the examples were looked at last.
    pub fn show_device(&mut self) {
        if self.page == Page::Examples {
            self.page = Page::Table;
        }
    }

    /// Nobody looks: no device is asked.
    pub fn rest(&mut self) {
        self.live.rest();
        self.place.stop();
        self.seen = None;
    }

    /// One frame of it; `false`: it is left.
    pub fn ui(&mut self, ui: &mut Ui, around: Surroundings<'_>, out: &mut Outbox) -> bool {
        let ctx = ui.ctx().clone();
        let is_new = self.seen != Some(self.page);
        self.seen = Some(self.page);
        let mut turn = Turn::Stay;
        let back = self.back_pressed(&ctx);
        // Flush with the page between them.
        Panel::top("wizard head")
            .frame(eframe::egui::Frame::new())
            .exact_size(40.0)
            .show_separator_line(false)
            .show(ui, |ui| self.head_ui(ui, around.theme));
        let foot =
            Panel::bottom("wizard foot").frame(eframe::egui::Frame::new()).exact_size(44.0).show_separator_line(false);
        let pressed = foot.show(ui, |ui| self.foot_ui(ui)).inner;
        ui.add_space(STEP);
        match self.page {
            Page::Table => {
                if let Some(chosen) = table::ui(ui, around.theme, is_new) {
                    self.choose(chosen, out);
                }
            }
            Page::Place => {
                self.judge(&self.begun(), around);
                turn = self.place.ui(ui, around, self.scans.as_ref(), &self.judged, is_new);
            }
            Page::Values => {
                let new = self.begun();
                self.judge(&new, around);
                let path = self.save.path(around.folder, &new.name);
                if self.values.is_said() {
                    self.live.follow(&ctx, self.begin.as_ref(), &new, path);
                }
                self.values.ui(ui, around, &self.place, &self.live, &self.judged);
            }
            Page::Save => {
                let mut new = self.begun();
                self.save.add_alarm(&mut new);
                self.judge(&new, around);
                self.save.ui(ui, around, &new, &self.judged, &self.live, is_new);
                if let Some(written) = self.save.written() {
                    return self.finished(written, out);
                }
            }
            Page::Examples => {
                self.gallery.ui(ui, around, self.begin.as_ref(), is_new, out);
                if let Some(written) = self.gallery.written() {
                    return self.finished(written, out);
                }
            }
        }
        if !matches!(self.page, Page::Values | Page::Save) {
            self.live.rest();
        }
        let by_key = ctx.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::Enter));
        if pressed == Some(Pressed::Next) || by_key || turn == Turn::Next {
            self.next(around);
        }
        self.had_focus = ctx.memory(|memory| memory.focused().is_some());
        if back || pressed == Some(Pressed::Back) {
            return self.back();
        }
        true
    }

    /// Esc, where no field takes it.
    fn back_pressed(&self, ctx: &Context) -> bool {
        !self.had_focus
            && !ctx.egui_wants_keyboard_input()
            && !Popup::is_any_open(ctx)
            && ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape))
    }

    /// What it will be a project of, by what is chosen so far.
    fn begun(&self) -> NewProject {
        let mut new = NewProject { name: self.save.name(&self.place), ..NewProject::default() };
        new.device = self.place.device();
        self.values.put_into(&mut new);
        new
    }

    fn judge(&mut self, new: &NewProject, around: Surroundings<'_>) {
        self.judged.follow(&new.written(), self.save.path(around.folder, &new.name));
    }

    fn choose(&mut self, chosen: table::Chosen, out: &mut Outbox) {
        match chosen {
            table::Chosen::Device(sort) => {
                if self.place.sort() != sort {
                    self.values = Values::default();
                }
                self.place.begin(sort);
                self.page = Page::Place;
            }
            table::Chosen::Import => out.action(Action::Import(None)),
            table::Chosen::Examples => self.page = Page::Examples,
        }
    }

    fn next(&mut self, around: Surroundings<'_>) {
        match self.page {
            Page::Table | Page::Examples => {}
            Page::Place => {
                if self.place.is_sound() && self.judged.is_sound() {
                    // The line is free for what is looked at next.
                    self.place.stop();
                    self.values.enter(&self.place);
                    self.page = Page::Values;
                }
            }
            Page::Values => {
                if self.values.chosen() > 0 && self.judged.is_sound() {
                    self.page = Page::Save;
                }
            }
            Page::Save if !self.judged.is_sound() || !self.save.is_free() => {}
            Page::Save => {
                let new = self.begun();
                // The line is free for the plant that comes of it.
                self.live.rest();
                self.save.write(self.begin.as_ref(), new, around.folder);
            }
        }
    }

    /// The page before; `false`: there is none.
    fn back(&mut self) -> bool {
        self.page = match self.page {
            Page::Table => return false,
            Page::Place | Page::Examples => Page::Table,
            Page::Values => Page::Place,
            Page::Save => Page::Values,
        };
        self.place.stop();
        true
    }

    fn finished(&mut self, path: PathBuf, out: &mut Outbox) -> bool {
        out.action(Action::OpenProject(path));
        *self = Self::new(self.scans.take(), self.begin.take());
        false
    }

    fn head_ui(&self, ui: &mut Ui, theme: &Theme) {
        ui.horizontal_centered(|ui| {
            let title = if self.page == Page::Examples { "Examples" } else { TITLE };
            ui.label(RichText::new(title).font(fonts::strong(size::TITLE)));
            if self.page == Page::Examples {
                return;
            }
            ui.add_space(6.0 * STEP);
            let here = STEPS.iter().position(|(page, _)| *page == self.page).unwrap_or(0);
            for (nth, (_, words)) in STEPS.iter().enumerate() {
                let text = format!("{}  {words}", nth + 1);
                let text = if nth == here { fonts::bold(text) } else { RichText::new(text).color(theme.muted) };
                let label = ui.label(text);
                if nth == here {
                    widgets::tell(&label, Role::Status, &format!("Step {} of 4, {words}", nth + 1), String::new);
                }
                ui.add_space(3.0 * STEP);
            }
        });
    }

    fn foot_ui(&self, ui: &mut Ui) -> Option<Pressed> {
        let mut pressed = None;
        ui.horizontal_centered(|ui| {
            let large = vec2(110.0, 30.0);
            let words = if self.page == Page::Table { "Cancel" } else { "Back" };
            if ui.add(Button::new(words).min_size(large)).on_hover_text("Esc").clicked() {
                pressed = Some(Pressed::Back);
            }
            let sound = self.judged.is_sound();
            let next = match self.page {
                Page::Table | Page::Examples => None,
                Page::Place => Some(("Next", self.place.is_sound() && sound, "Say where it is")),
                Page::Values => Some(("Next", self.values.chosen() > 0 && sound, "Choose what is to be read")),
                Page::Save => Some(("Save and open", self.save.is_free() && sound, "Mend what is wrong first")),
            };
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let Some((words, possible, why_not)) = next else { return };
                let button = Button::new(fonts::bold(words)).min_size(large);
                let button = ui.push_id("wizard next", |ui| ui.add_enabled(possible, button)).inner;
                button.widget_info(|| WidgetInfo::labeled(Role::Button, possible, words));
                ui.memory_mut(|memory| memory.data.insert_temp(next_id(), button.id));
                if button.on_hover_text("Ctrl+Enter").on_disabled_hover_text(why_not).clicked() {
                    pressed = Some(Pressed::Next);
                }
                if self.page == Page::Values && self.values.chosen() > 0 {
                    ui.add(Label::new(self.values.summary()).truncate());
                }
            });
        });
        pressed
    }
}

/// Under which the id of the button is kept that leads on.
fn next_id() -> Id {
    Id::unique("wizard's next")
}

/// The focus goes to the button that leads on.
fn focus_next(ctx: &Context) {
    if let Some(id) = ctx.memory(|memory| memory.data.get_temp::<Id>(next_id())) {
        ctx.memory_mut(|memory| memory.request_focus(id));
    }
}

/// A button of the foot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pressed {
    Back,
    Next,
}
