//! One window: what is open in it, how it is laid out, its dialogs and its keys. It knows no eframe, so that tests and
//! pictures use the very same window without a screen.

mod acts;
mod beginning;
mod beside;
mod dialog;
mod forgetting;
mod middle;
mod play;
mod savedisplay;

use super::banner::{self, BannerState};
use super::bundle;
use super::dialogs::{self, stands};
use super::editor::Editor;
use super::explorer::Explorer;
use super::faceplate::{self, FaceplateState};
use super::files::{self, FileDialog};
use super::hand::{self, SecondPress};
use super::horn::HornDesk;
use super::keep::Keeper;
use super::layout::Fold;
use super::notlive::{STRIPES, border_ui, mark_ui, mode_word};
use super::opening::opening_ui;
use super::past::History;
use super::playing::Plays;
use super::scanner::Scanner;
use super::settings::Settings;
use super::share::Share;
use super::stretch::Stretch;
use super::theme::Theme;
use super::wizard::{self, Wizard};
use super::words::say;
use super::workbench::Workbench;
use super::{Action, Frame, Outbox, actions, figures, fonts, handover, panels, states, status, tree};
use crate::engine::{Mode, Plan, Snapshot, TagId};
use crate::link::{About, Desk, DeskRequest, EditLink, OpeningReader, PlantLink, Refused};
use crate::text::visible;
use crate::time::{Now, Span};
use beside::{NOWHERE, place_of};
use dialog::Dialog;
use eframe::egui::{
    CentralPanel, Context, Frame as Area, Key, Label, Layout, Margin, Modifiers, Panel, RichText, Ui, UiBuilder,
};
use fonts::size;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// How long a notice of this window stays; what an operator must act on is never told by a notice alone.
const NOTICE: Span = Span::from_secs(30);

/// What the middle shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A display of the plan.
    Display(usize),
    /// Every tag.
    AllTags,
    /// Every device.
    Devices,
    /// Every alarm that is not normal.
    Alarms,
    /// What is shelved, suppressed or out of service.
    Hidden,
    /// What happened and what people did.
    Journal,
    /// How the alarms fare beside their targets.
    Figures,
    /// What the next shift has to know.
    Handover,
    /// A trend that a person has opened, by its number.
    Trend(u32),
    /// The registers of a device.
    Workbench,
    /// The topics of a broker.
    Explorer,
    /// The project, to be changed.
    Edit,
    /// Another project, to be begun.
    New,
}

/// What a window asks of the program around it, after a frame.
#[derive(Debug, Default)]
pub struct Wishes {
    /// Another plant.
    pub request: Option<DeskRequest>,
    /// The window closes.
    pub close: bool,
    /// Fills the screen, or no longer.
    pub toggle_full_screen: bool,
    /// The settings changed and are to be saved.
    pub save: bool,
    /// The theme among them: what the command line said of it counts no longer.
    pub theme_chosen: bool,
    /// Displays that are to have windows of their own, by name.
    pub windows: Vec<String>,
    /// Of a window beside the main one: what that is to do.
    pub for_main: Vec<Action>,
    /// Of a play: back to the plant.
    pub leave: bool,
}

/// One window.
#[derive(Debug)]
pub struct Shell {
    /// What a person chose.
    pub settings: Settings,
    /// The program's horn.
    pub horn: HornDesk,
    /// What looks for devices; it stands where it stood when its sheet was closed.
    pub scanner: Scanner,
    /// What listens to a broker's topics, while it is seen.
    pub explorer: Explorer,
    /// What makes bundles.
    pub share: Share,
    /// What makes scenarios of what was recorded.
    pub stretch: Stretch,
    /// What begins a project; what is typed there stays while something else is looked at.
    pub wizard: Wizard,
    /// Why the desktop took no note of an alarm.
    pub notes_fault: Option<String>,
    theme: Theme,
    styled: bool,
    place: Place,
    chosen: Option<TagId>,
    /// Names of what is open, so that a new plan opens the same.
    open_names: (Option<String>, Option<Arc<str>>),
    plan: Option<Arc<Plan>>,
    zone: (Option<String>, TimeZone),
    dialog: Option<Dialog>,
    project_dialog: FileDialog,
    keeper: Keeper,
    banner: BannerState,
    faceplate: FaceplateState,
    panels: panels::Panels,
    views: Views,
    editor: Editor,
    /// The display to go back to from it.
    edited_from: Option<String>,
    notice: Option<(Now, String)>,
    /// The name typed at this desk, as commands bear it.
    desk_name: Option<Arc<str>>,
    tree: TreeState,
    /// Of the plant shown last.
    about: Option<Arc<About>>,
    /// Its notices were closed; they stay in the list of faults.
    notices_read: bool,
    /// What could not be opened, as told last.
    refused: Option<Arc<Refused>>,
    second_press: SecondPress,
    /// A display that was saved: to be shown as soon as the plan has it.
    awaited: Option<String>,
    /// The display of a window beside the main one; none: this is the main one.
    own: Option<String>,
    /// What other windows ask this one to do.
    asked: Vec<Action>,
    /// A bundle that is being opened meanwhile.
    opening: Option<OpeningReader>,
    /// This is the window of a play, within the main one.
    in_play: bool,
    /// The play that is looked at in the place of the plant, or waits.
    plays: Plays,
}

/// Whether the tree of displays is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TreeState {
    /// Beside the display, where there is room.
    beside: bool,
    /// In the place of the display, where there is none.
    over: bool,
    /// In the last frame there was none.
    folded: bool,
    /// In the last frame a faceplate would have covered the display.
    covers: bool,
}

/// What is made of the journal over the whole middle.
#[derive(Debug, Default)]
struct Views {
    journal: panels::journal::JournalList,
    figures: figures::Figures,
    handover: handover::Handover,
    workbench: Workbench,
}

impl Shell {
    /// A window with these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            theme: settings.theme.theme(),
            desk_name: settings.desk_name.as_deref().map(Arc::from),
            tree: TreeState { beside: true, over: false, folded: false, covers: false },
            about: None,
            notices_read: false,
            refused: None,
            horn: HornDesk::default(),
            scanner: Scanner::default(),
            explorer: Explorer::default(),
            share: Share::default(),
            stretch: Stretch::default(),
            wizard: Wizard::default(),
            notes_fault: None,
            settings,
            styled: false,
            place: Place::Display(0),
            chosen: None,
            open_names: (None, None),
            plan: None,
            zone: (None, TimeZone::UTC),
            dialog: None,
            project_dialog: FileDialog::default(),
            keeper: Keeper::default(),
            banner: BannerState::default(),
            faceplate: FaceplateState::default(),
            panels: panels::Panels::default(),
            views: Views::default(),
            editor: Editor::default(),
            edited_from: None,
            notice: None,
            second_press: SecondPress::default(),
            awaited: None,
            own: None,
            asked: Vec::new(),
            opening: None,
            in_play: false,
            plays: Plays::default(),
        }
    }

    /// Where a bundle is seen that is being opened.
    pub fn set_opening(&mut self, opening: OpeningReader) {
        self.opening = Some(opening);
    }

    /// How far a bundle is that is being opened, below what is at the top.
    pub(super) fn opening_ui(&self, ui: &mut Ui) {
        let opening = self.opening.as_ref().and_then(|opening| opening.borrow().clone());
        if let Some(opening) = opening {
            let area = Area::new().fill(self.theme.raised).inner_margin(Margin::symmetric(14, 6));
            Panel::top("opening").frame(area).show(ui, |ui| opening_ui(ui, &opening));
        }
    }

    /// The disk of the editor.
    pub fn set_editing(&mut self, link: Option<EditLink>) {
        self.editor = Editor::new(link);
    }

    /// Whether something blinks in a picture of this plant.
    pub fn blinks(snapshot: &Snapshot) -> bool {
        snapshot.mode != Mode::Bundle && snapshot.counts.unacknowledged.iter().any(|n| *n > 0)
    }

    /// What stands in the title bar.
    pub fn title(desk: &Desk) -> String {
        match desk {
            Desk::Plant(plant) => {
                let snapshot = plant.snapshots.borrow();
                let name = visible(&snapshot.plan.project.name);
                let mark = mode_word(snapshot.mode).map(|word| format!(" - {word}")).unwrap_or_default();
                if name.is_empty() {
                    format!("{}{mark}", say::PROGRAM)
                } else {
                    format!("{name} - {}{mark}", say::PROGRAM)
                }
            }
            Desk::Opening(what) => format!("Opening {} - {}", visible(what), say::PROGRAM),
            Desk::Empty | Desk::Failed { .. } => say::PROGRAM.to_owned(),
        }
    }

    /// Chooses what the middle shows, and perhaps a faceplate: for tests and pictures.
    pub fn open(&mut self, place: Place, chosen: Option<TagId>) {
        self.place = place;
        self.chosen = chosen;
    }

    /// One frame.
    pub fn ui(&mut self, ui: &mut Ui, desk: &Desk, now: Now) -> Wishes {
        let ctx = ui.ctx().clone();
        self.style(&ctx);
        self.follow_plays(desk, now);
        if let Some(wishes) = self.play_ui(ui, desk, now) {
            return wishes;
        }
        let mut wishes = Wishes::default();
        let mut outbox = Outbox { actions: actions::pressed(&ctx), ..Outbox::default() };
        outbox.actions.append(&mut self.asked);
        self.take_files(&ctx, now, &mut outbox);
        let said = self.keeper.follow(&ctx).or_else(|| self.horn.follow(&ctx)).or_else(|| self.share.follow());
        let said = said.or_else(|| self.stretch.follow());
        self.notice = said.map(|said| (now, said)).or(self.notice.take());
        if self.notice.as_ref().is_some_and(|(at, _)| now.mono - at.mono > NOTICE) {
            self.notice = None;
        }
        if let Desk::Plant(plant) = desk {
            self.notice_changes(plant);
            self.plant_ui(ui, plant, now, &mut outbox, &mut wishes);
        } else {
            self.start_ui(ui, desk, now, &mut outbox, &mut wishes);
        }
        if files::hovering(&ctx) {
            files::drop_ui(ui, &self.theme);
        }
        let plant = match desk {
            Desk::Plant(plant) => Some(plant),
            Desk::Empty | Desk::Opening(_) | Desk::Failed { .. } => None,
        };
        self.carry_out(&ctx, plant, now, outbox, &mut wishes);
        wishes
    }

    /// The person at the desk wants the window closed: it asks first while alarms stand. `true`: it may close now.
    pub fn may_close(&mut self, desk: &Desk) -> bool {
        if matches!(desk, Desk::Plant(plant) if stands(plant)) {
            self.plays.hide();
            self.dialog = Some(Dialog::Quit);
            return false;
        }
        true
    }

    /// Sets fonts and style before the first frame; fonts count from the frame after they were set.
    pub fn install(&mut self, ctx: &Context) {
        self.theme = self.settings.theme.theme();
        self.theme.install(ctx);
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        ctx.set_zoom_factor(self.settings.zoom());
        ctx.add_plugin(super::inturn::InTurn::default());
        self.styled = true;
    }

    fn style(&mut self, ctx: &Context) {
        let theme = self.settings.theme.theme();
        if !self.styled {
            self.install(ctx);
        } else if theme != self.theme {
            theme.apply(ctx);
        }
        self.theme = theme;
        ctx.set_zoom_factor(self.settings.zoom());
    }

    /// Another plant has its own notices; a project that could not be opened is told once, over the plant that goes on.
    fn notice_changes(&mut self, plant: &PlantLink) {
        let known = self.about.as_ref();
        if known.is_some_and(|about| {
            about.path.is_some() && about.path == plant.about.path && about.held_by == plant.about.held_by
        }) {
            // The same plant, perhaps by another version of its project: what is open stays open.
            self.about = Some(plant.about.clone());
        } else if !known.is_some_and(|about| Arc::ptr_eq(about, &plant.about)) {
            if known.is_some_and(|about| about.path != plant.about.path) {
                // A play that waits is of the project before.
                self.plays.end();
            }
            self.about = Some(plant.about.clone());
            self.notices_read = false;
            // What was read of the past is of the plant before, whatever its tags are called.
            self.panels = panels::Panels::default();
            self.views = Views::default();
            self.faceplate = FaceplateState::default();
            // Of a bundle no device is asked, and nothing is edited.
            let asks = matches!(self.place, Place::Explorer | Place::Workbench | Place::Edit);
            if matches!(self.place, Place::Trend(_)) || (asks && plant.about.bundle.is_some()) {
                self.place = Place::Display(0);
            }
        }
        if let Some(refused) = &plant.refused
            && self.own.is_none()
            && !self.refused.as_ref().is_some_and(|told| Arc::ptr_eq(told, refused))
        {
            self.refused = Some(refused.clone());
            self.dialog = Some(Dialog::Refused(refused.clone()));
        }
    }

    fn plant_ui(&mut self, ui: &mut Ui, plant: &PlantLink, now: Now, outbox: &mut Outbox, wishes: &mut Wishes) {
        let newest = plant.snapshots.borrow().clone();
        // The picture of this frame: the newest, at the instant of the frame, so that ages run on while nothing comes.
        // A play's time is its own, and stands where the play does; of a bundle it stays its end.
        let runs_on = !matches!(newest.mode, Mode::Rehearsal | Mode::Bundle);
        let is_older = now.mono > newest.now.mono && runs_on;
        let snapshot = Snapshot { now: if is_older { now } else { newest.now }, ..(*newest).clone() };
        let blinks_by = if newest.mode == Mode::Rehearsal { now } else { snapshot.now };
        self.follow(ui.ctx(), &snapshot);
        let theme = self.theme.clone();
        let zone = self.zone.1.clone();
        let desk_name = self.desk_name.clone();
        let frame = Frame {
            snapshot: &snapshot,
            about: &plant.about,
            theme: &theme,
            zone: &zone,
            blink_on: newest.mode == Mode::Bundle || blinks_by.utc.0.rem_euclid(1_000_000) < 500_000,
            chosen: self.chosen,
            desk: desk_name.as_ref(),
            history: plant.history.as_ref().map(|link| link as &dyn History),
            journal: plant.journal.as_ref(),
        };
        let mark = mode_word(snapshot.mode);
        let margin = if mark.is_some() { STRIPES } else { 0.0 };
        let whole = ui.max_rect();
        let mut inner = ui.new_child(
            UiBuilder::new().max_rect(whole.shrink(margin)).layout(Layout::top_down(eframe::egui::Align::Min)),
        );
        self.layout_ui(&mut inner, &frame, mark, outbox);
        if let Some(mark) = mark {
            border_ui(ui, whole, &theme, mark);
        }
        self.dialogs_ui(ui, Some(&frame), now, outbox, wishes);
        if let Some(tag) = self.second_press.ui(ui.ctx()) {
            outbox.action(Action::OpenTrend(tag));
        }
        hand::ghost_ui(ui.ctx(), &snapshot.plan, &theme);
        wishes.leave |= self.escape(ui.ctx());
    }

    /// Banner above, status below, tree left, faceplate right, the display between; in a small window less of it.
    fn layout_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, mark: Option<&str>, outbox: &mut Outbox) {
        let theme = frame.theme;
        let area = |x: i8, y: i8| Area::new().fill(theme.panel).inner_margin(Margin::symmetric(x, y));
        let held = frame.about.held_by.as_ref();
        let fold = Fold::of(ui.available_size());
        let trends = self.panels.trends().list();
        let tree_beside = fold.tree.filter(|_| self.tree.beside);
        self.tree.folded = fold.tree.is_none();
        let notice = self.notice.as_ref().map(|(_, words)| words.as_str());
        let banner = Panel::top("banner").frame(area(0, 0)).exact_size(fold.banner_height()).show_separator_line(true);
        let banner = banner.show(ui, |ui| {
            dialogs::over_ui(ui, theme, |ui| banner::banner_ui(ui, frame, fold, &mut self.banner, notice, outbox))
        });
        let below = banner.response.rect;
        dialogs::keep_clear(ui.ctx(), below.bottom());
        banner::overlay_ui(ui, frame, below.left_bottom(), below.width(), &banner.inner);
        self.opening_ui(ui);
        if let Some(holder) = held {
            Panel::top("held").frame(area(14, 6)).show(ui, |ui| {
                let words = match &frame.about.unwatched {
                    Some(why) => format!("⚠ Nobody watches this plant: {why}"),
                    None => format!("This window acquires nothing: the plant is watched by {holder}"),
                };
                ui.add(Label::new(RichText::new(words).font(fonts::strong(size::BODY))).wrap());
            });
        }
        if let Some(bundle) = &frame.about.bundle {
            Panel::top("bundle").frame(area(14, 6)).show(ui, |ui| bundle::head_ui(ui, frame, bundle, outbox));
        }
        if !frame.about.notices.is_empty() && !self.notices_read {
            let close = Panel::top("notices").frame(area(14, 6)).show(ui, |ui| states::notices_ui(ui, frame)).inner;
            self.notices_read = close;
        }
        Panel::bottom("status").frame(area(12, 0)).exact_size(status::HEIGHT).show(ui, |ui| {
            // Where the tree does not say that this is no plant, the bar does.
            status::status_ui(ui, frame, mark.filter(|_| tree_beside.is_none()), outbox);
        });
        if let Some(width) = tree_beside {
            Panel::left("tree").frame(area(14, 10)).exact_size(width).resizable(false).show(ui, |ui| {
                if let Some(mark) = mark {
                    mark_ui(ui, theme, mark);
                }
                tree::tree_ui(ui, frame, self.place, &trends, outbox);
            });
        } else {
            Panel::top("place").frame(area(8, 2)).exact_size(26.0).show(ui, |ui| {
                tree::folded_ui(ui, &self.place_name(frame), self.tree.over, outbox);
            });
        }
        let over = self.tree.over && fold.tree.is_none();
        let width = faceplate::WIDTH.min(ui.available_width());
        let covers = Fold::faceplate_covers(ui.available_width(), width);
        self.tree.covers = covers;
        if let Some(id) = self.chosen.filter(|_| !covers && !over) {
            Panel::right("faceplate").frame(area(12, 8)).exact_size(width).resizable(false).show(ui, |ui| {
                faceplate::faceplate_ui(ui, frame, id, &mut self.faceplate, outbox);
            });
        }
        let covering = self.chosen.filter(|_| covers && !over);
        let fill = if over || covering.is_some() { area(12, 6) } else { Area::new().fill(theme.ground) };
        CentralPanel::no_frame().frame(fill).show(ui, |ui| match covering {
            _ if over => tree::tree_ui(ui, frame, self.place, &trends, outbox),
            Some(id) => faceplate::faceplate_ui(ui, frame, id, &mut self.faceplate, outbox),
            None => self.middle_ui(ui, frame, outbox),
        });
    }

    /// What the middle shows, in words.
    fn place_name(&mut self, frame: &Frame<'_>) -> String {
        let displays = &frame.snapshot.plan.displays;
        match self.place {
            Place::Display(i) => displays.get(i).map_or_else(|| say::ALL_TAGS.to_owned(), |d| d.display.name.clone()),
            Place::AllTags => say::ALL_TAGS.to_owned(),
            Place::Devices => say::DEVICES.to_owned(),
            Place::Alarms => say::ALL_ALARMS.to_owned(),
            Place::Hidden => say::HIDDEN_ALARMS.to_owned(),
            Place::Journal => say::JOURNAL.to_owned(),
            Place::Figures => say::FIGURES.to_owned(),
            Place::Handover => say::HANDOVER.to_owned(),
            Place::Workbench => "Decode workbench".to_owned(),
            Place::Explorer => "Topic explorer".to_owned(),
            Place::Edit => say::EDIT.to_owned(),
            Place::New => wizard::TITLE.to_owned(),
            Place::Trend(number) => {
                let mut trends = self.panels.trends().list().into_iter();
                trends.find(|(other, _)| *other == number).map_or_else(String::new, |(_, name)| name)
            }
        }
    }

    /// After a change of plan, what was open stays open where it still exists.
    fn follow(&mut self, ctx: &Context, snapshot: &Snapshot) {
        let plan = &snapshot.plan;
        if self.plan.as_ref().is_some_and(|p| Arc::ptr_eq(p, plan)) {
            return;
        }
        hand::let_go(ctx);
        if self.plan.is_some() {
            let (display, tag) = &self.open_names;
            if matches!(self.place, Place::Display(_)) {
                let place = display.as_ref().and_then(|name| place_of(plan, name));
                self.place = Place::Display(place.unwrap_or(if self.own.is_some() { NOWHERE } else { 0 }));
            }
            self.chosen = tag.as_ref().and_then(|name| plan.tag_id(name));
        }
        let saved = |name: &String| plan.displays.iter().position(|d| d.display.name == *name);
        if let Some(display) = self.awaited.as_ref().and_then(saved) {
            self.place = Place::Display(display);
            self.awaited = None;
        }
        let zone = &plan.project.time_zone;
        if self.plan.is_none() || self.zone.0 != *zone {
            let named = zone.as_deref().and_then(|name| TimeZone::get(name).ok());
            self.zone = (zone.clone(), named.unwrap_or_else(TimeZone::system));
        }
        let is_first = self.plan.is_none();
        self.plan = Some(plan.clone());
        if is_first && self.own.is_some() {
            self.place = self.home();
        }
        self.second_press.forget();
        self.remember_names();
    }

    fn remember_names(&mut self) {
        let Some(plan) = &self.plan else { return };
        self.open_names = (
            match self.place {
                Place::Display(i) => plan.displays.get(i).map(|d| d.display.name.clone()),
                _ => None,
            },
            self.chosen.and_then(|id| plan.tag(id)).map(|tag| tag.name.clone()),
        );
    }

    /// Esc, where no dialog took it, closes the list or the faceplate on top; in a play it leads back to the plant at once.
    fn escape(&mut self, ctx: &Context) -> bool {
        if self.dialog.is_some()
            // There Esc is of the sheet and what lies over it; F2 leaves.
            || matches!(self.place, Place::Edit | Place::New)
            || ctx.egui_wants_keyboard_input()
            || !ctx.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape))
        {
            return false;
        }
        if self.in_play {
            return true;
        }
        if self.tree.over {
            self.tree.over = false;
        } else if self.chosen.take().is_none() && !matches!(self.place, Place::Display(_) | Place::AllTags) {
            self.place = self.home();
        }
        false
    }
}
