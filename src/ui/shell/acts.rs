//! What was asked for in a frame is done behind it, where nothing of the frame is read any more.

use super::dialog::Dialog;
use super::forgetting::Forgetting;
use super::savedisplay::SaveDisplay;
use super::{Place, Shell, Wishes};
use crate::engine::{Actor, Command, TagId};
use crate::link::{DeskRequest, PlantLink};
use crate::time::Now;
use crate::ui::ask::Ask;
use crate::ui::dialogs::stands;
use crate::ui::files::Wanted;
use crate::ui::forcing::Forcing;
use crate::ui::frames::Frames;
use crate::ui::importing::Importing;
use crate::ui::palette::Finder;
use crate::ui::preferences::Preferences;
use crate::ui::settings::desk_name_from;
use crate::ui::simulating::Simulating;
use crate::ui::words::say;
use crate::ui::{Action, Outbox, actions, banner, hand, playing};
use eframe::egui::Context;
use std::path::PathBuf;
use std::sync::Arc;

impl Shell {
    /// Does what was asked for in this frame.
    pub(super) fn carry_out(
        &mut self,
        ctx: &Context,
        plant: Option<&PlantLink>,
        now: Now,
        outbox: Outbox,
        wishes: &mut Wishes,
    ) {
        for action in outbox.actions {
            self.act(ctx, plant, now, action, wishes);
        }
        for command in outbox.commands {
            self.send(plant, now, command);
        }
        self.remember_names();
    }

    /// Shows a trend that a person has opened, and nothing over it.
    fn show_trend(&mut self, number: u32) {
        self.place = Place::Trend(number);
        if self.tree.covers {
            self.chosen = None;
        }
    }

    fn tag_name(&self, id: TagId) -> Option<Arc<str>> {
        Some(Arc::clone(&self.plan.as_ref()?.tag(id)?.name))
    }

    fn send(&mut self, plant: Option<&PlantLink>, now: Now, command: Command) {
        if let Some(plant) = plant
            && plant.commands.try_send(command).is_err()
        {
            let a_bundle = plant.about.bundle.as_ref().map(|_| say::ONLY_A_BUNDLE);
            let why = a_bundle.unwrap_or("Refused: the plant does not take commands now; try again");
            self.notice = Some((now, why.to_owned()));
        }
    }

    pub(super) fn act(
        &mut self,
        ctx: &Context,
        plant: Option<&PlantLink>,
        now: Now,
        action: Action,
        wishes: &mut Wishes,
    ) {
        // Whatever is opened is to be seen.
        self.tree.over &= action == Action::ToggleTree;
        let action = match action {
            Action::OpenWindow(None) => match self.place {
                Place::Display(i) => Action::OpenWindow(Some(i)),
                _ => {
                    let words = "Show a display first: that is what goes into a window of its own";
                    self.notice = Some((now, words.to_owned()));
                    return;
                }
            },
            action => action,
        };
        if self.in_play
            && let Some(why) = playing::refusal(&action)
        {
            self.notice = Some((now, why.to_owned()));
            return;
        }
        let asks_devices = matches!(action, Action::OpenExplorer(_) | Action::OpenScan | Action::OpenWorkbench(_));
        if asks_devices && plant.is_some_and(|plant| plant.about.bundle.is_some()) {
            self.notice = Some((now, say::ONLY_A_BUNDLE.to_owned()));
            return;
        }
        if (self.own.is_some() || self.in_play) && actions::is_of_program(&action) {
            wishes.for_main.push(action);
            return;
        }
        match action {
            Action::OpenDisplay(i) => {
                self.place = Place::Display(i);
                if let (Some(own), Some(name)) = (&mut self.own, self.plan.as_ref().and_then(|p| p.displays.get(i))) {
                    own.clone_from(&name.display.name);
                }
            }
            Action::OpenWindow(which) => {
                let display = which.and_then(|i| self.plan.as_ref()?.displays.get(i));
                wishes.windows.extend(display.map(|display| display.display.name.clone()));
            }
            Action::OpenAllTags => self.place = Place::AllTags,
            Action::OpenDevices => self.place = Place::Devices,
            Action::OpenDevice(name) => {
                self.place = Place::Devices;
                self.panels.open_device(name);
            }
            Action::OpenAlarmList => self.place = Place::Alarms,
            Action::OpenHidden => self.place = Place::Hidden,
            Action::OpenFrames(tag) => {
                self.dialog = self.tag_name(tag).map(|name| Dialog::Frames(Box::new(Frames::new(name))));
            }
            Action::Forget(tag) => {
                self.dialog = self.tag_name(tag).map(|name| Dialog::Forget(Box::new(Forgetting::new(name))));
            }
            Action::Force(tag) => {
                // What comes of it is read there.
                self.chosen = Some(tag);
                self.dialog = self.tag_name(tag).map(|name| Dialog::Force(Box::new(Forcing::new(name))));
            }
            Action::ChooseForced => self.dialog = Some(Dialog::Finder(Box::new(Finder::to_force()))),
            Action::Simulate(device) => self.dialog = Some(Dialog::Simulate(Box::new(Simulating::new(device)))),
            Action::OpenForced => self.dialog = Some(Dialog::Forced),
            Action::TrySettings(alarm) => self.dialog = Some(Dialog::Try(alarm, None)),
            Action::OpenJournal => self.place = Place::Journal,
            Action::OpenFigures => self.place = Place::Figures,
            Action::OpenHandover => self.place = Place::Handover,
            Action::AskForAct(asked) => self.dialog = Some(Dialog::Act(Box::new(Ask::new(asked)))),
            Action::ToggleFlood | Action::OpenFlood => {
                let leaves = action == Action::ToggleFlood && self.place == Place::Alarms;
                self.panels.show_flood(leaves);
                self.place = Place::Alarms;
            }
            Action::OpenFaceplate(id) => {
                self.chosen = Some(id);
                self.second_press.after(ctx, id);
            }
            Action::OpenTrend(id) => {
                if let Some(name) = self.tag_name(id) {
                    let number = self.panels.trends().open(name);
                    self.show_trend(number);
                }
            }
            Action::NewTrend => {
                let number = self.panels.trends().new_trend();
                self.show_trend(number);
            }
            Action::ShowTrend(number) => self.show_trend(number),
            Action::CloseTrend(number) => {
                self.panels.trends().close(number);
                self.place = self.home();
            }
            Action::SaveDisplay(display) => self.dialog = Some(Dialog::Save(Box::new(SaveDisplay::new(*display)))),
            Action::ChoosePen(trend) => self.dialog = Some(Dialog::Finder(Box::new(Finder::for_pen(trend)))),
            Action::AddPen(trend, id) => {
                if let Some(name) = self.tag_name(id) {
                    hand::offer(ctx, trend, name);
                }
            }
            Action::CloseFaceplate => self.chosen = None,
            Action::ToggleEdit => {
                if self.place == Place::Edit {
                    // Back to where a person came from, by name: there may be another plan by now.
                    let displays = self.plan.iter().flat_map(|plan| plan.displays.iter());
                    let names = displays.map(|display| Some(&display.display.name));
                    let before = names.enumerate().find(|(_, name)| *name == self.edited_from.as_ref());
                    self.place = Place::Display(before.map_or(0, |(place, _)| place));
                } else {
                    self.edited_from.clone_from(&self.open_names.0);
                    self.editor.come_from(self.edited_from.clone());
                    self.place = Place::Edit;
                }
                // The form has the place of the faceplate.
                self.chosen = None;
            }
            Action::ReviewFile => {
                if self.place != Place::Edit {
                    self.edited_from.clone_from(&self.open_names.0);
                    self.editor.come_from(self.edited_from.clone());
                    self.place = Place::Edit;
                }
                self.chosen = None;
                self.editor.review();
            }
            Action::AskDesk(request) => wishes.request = Some(request),
            Action::OpenWorkbench(device) => {
                self.place = Place::Workbench;
                self.chosen = None;
                if let Some(device) = device {
                    self.views.workbench.open(device);
                }
            }
            Action::OpenExplorer(device) => {
                self.place = Place::Explorer;
                self.chosen = None;
                if let Some(device) = device {
                    self.explorer.open(device);
                }
            }
            Action::MakeTag(tag) => {
                self.place = Place::Edit;
                self.chosen = None;
                self.editor.add_tag(*tag);
            }
            Action::OpenScan => self.dialog = Some(Dialog::Scan),
            Action::OpenFaults => self.dialog = Some(Dialog::Faults),
            Action::OpenHelp => self.dialog = Some(Dialog::Help),
            Action::ToggleTree if self.tree.folded => self.tree.over = !self.tree.over,
            Action::ToggleTree => self.tree.beside = !self.tree.beside,
            Action::OpenSettings => self.dialog = Some(Dialog::Settings(Box::new(Preferences::new(&self.settings)))),
            Action::SetDeskName(typed) => {
                if let Ok(name) = desk_name_from(&typed) {
                    self.desk_name = name.as_deref().map(Arc::from);
                    self.settings.desk_name = name;
                    wishes.save = true;
                }
            }
            Action::OpenPalette => {
                self.dialog = match self.dialog.take() {
                    Some(Dialog::Finder(_)) => None,
                    _ => Some(Dialog::Finder(Box::default())),
                }
            }
            Action::NewProject | Action::OpenExamples => {
                if action == Action::NewProject {
                    self.wizard.show_device();
                } else {
                    self.wizard.show_examples();
                }
                self.place = Place::New;
                self.chosen = None;
            }
            Action::Import(path) => {
                let state = Importing::new(path, self.wizard.begin_link());
                self.dialog = Some(Dialog::Import(Box::new(state)));
            }
            Action::PutImport(import) => {
                self.place = Place::Edit;
                self.chosen = None;
                self.editor.import(*import);
            }
            Action::ChooseProject => self.choose(ctx, now, Wanted::Project),
            Action::OpenPlay => {
                if !self.plays.show() {
                    self.choose(ctx, now, Wanted::Scenario);
                }
            }
            Action::SaveScenario => self.dialog = Some(Dialog::Stretch),
            Action::PlayScenario(path) => {
                self.dialog = None;
                self.play(ctx, plant, now, path);
            }
            Action::SaveTable(table) => {
                self.notice = self.keeper.save(ctx, table).map(|said| (now, said)).or(self.notice.take());
            }
            Action::TakePicture(picture) => self.keeper.picture(ctx, picture),
            Action::ShareBundle => self.dialog = Some(Dialog::Share),
            Action::CopyProject => {
                let about = plant.map(|plant| &plant.about);
                if let Some(text) = about.and_then(|about| about.path.clone()) {
                    self.share.copy(ctx, text, about.and_then(|about| about.file()).map(PathBuf::as_path));
                }
            }
            Action::OpenProject(path) => self.leave_for(plant, DeskRequest::Open(path), wishes),
            Action::OpenDemo => self.leave_for(plant, DeskRequest::OpenDemo, wishes),
            Action::SilenceHorn => {
                if let Some(plant) = plant
                    && let Some(why) = banner::horn_refused(&plant.about)
                {
                    self.notice = Some((now, why));
                } else if let Some(plant) = plant {
                    let by = Actor { desk: self.desk_name.clone(), ..plant.about.actor.clone() };
                    self.send(Some(plant), now, Command::Silence { by });
                }
            }
            Action::TestHorn | Action::SetHorn(_) | Action::SetPlayer(_) | Action::SetNotifications(_) => {
                let by = plant.map(|plant| plant.about.actor.clone()).unwrap_or_default();
                let by = Actor { desk: self.desk_name.clone(), ..by };
                let (said, changed) = self.horn.act(&action, &mut self.settings, &by);
                self.notice = said.map(|said| (now, said)).or(self.notice.take());
                wishes.save |= changed;
            }
            Action::ToggleTheme => {
                self.settings.theme = self.settings.theme.other();
                wishes.save = true;
                wishes.theme_chosen = true;
                ctx.request_repaint();
            }
            Action::TextScale(step) => {
                self.settings.scale_text(step);
                wishes.save = true;
                ctx.request_repaint();
            }
            Action::ToggleFullScreen => wishes.toggle_full_screen = true,
            Action::Quit => match plant {
                Some(plant) if stands(plant) => self.dialog = Some(Dialog::Quit),
                _ => wishes.close = true,
            },
        }
    }

    /// Opens the dialog for a file.
    fn choose(&mut self, ctx: &Context, now: Now, wanted: Wanted) {
        let folder = self.settings.recent.first().and_then(|p| p.parent()).map(PathBuf::from);
        let fault = self.project_dialog.open(ctx, folder.as_deref(), wanted).err();
        self.notice = fault.map(|why| (now, why)).or(self.notice.take());
    }

    /// Another project: asked first while alarms stand, for it stops watching this one.
    fn leave_for(&mut self, plant: Option<&PlantLink>, request: DeskRequest, wishes: &mut Wishes) {
        match plant {
            Some(plant) if stands(plant) => self.dialog = Some(Dialog::Leave(request)),
            _ => wishes.request = Some(request),
        }
    }
}
