//! What lies over everything: one dialog at a time, and what its answer leads to.

use super::forgetting::{self, Forgetting};
use super::savedisplay::{Outcome, SaveDisplay};
use super::{Place, Shell, Wishes};
use crate::drivers::monitor::Monitor;
use crate::link::{DeskRequest, Refused};
use crate::project::Project;
use crate::time::Now;
use crate::ui::ask::{self, Ask};
use crate::ui::dialogs::{question_ui, sheet_ui};
use crate::ui::forcing::{self, Forcing};
use crate::ui::frames::{self, Frames};
use crate::ui::importing::{self, Importing};
use crate::ui::palette::{self, Finder};
use crate::ui::preferences::{self, Preferences};
use crate::ui::simulating::Simulating;
use crate::ui::theme::STEP;
use crate::ui::trying::{self, Trial};
use crate::ui::wizard::Surroundings;
use crate::ui::words::say;
use crate::ui::{Action, Frame, Outbox, faults, fonts, help, scanner, share, states, stretch};
use eframe::egui::{Label, RichText, Ui};
use fonts::size;
use std::sync::Arc;

/// What lies over everything.
#[derive(Debug)]
pub(super) enum Dialog {
    Finder(Box<Finder>),
    Help,
    Faults,
    Settings(Box<Preferences>),
    /// Words for an act on alarms.
    Act(Box<Ask>),
    /// A value for a tag.
    Force(Box<Forcing>),
    /// A device that is not there.
    Simulate(Box<Simulating>),
    /// What is forced.
    Forced,
    /// The last exchange of a tag.
    Frames(Box<Frames>),
    /// Other settings of an alarm; made in the frame that opens it.
    Try(Arc<str>, Option<Box<Trial>>),
    /// Looking for devices.
    Scan,
    /// A bundle for a colleague.
    Share,
    /// A scenario of what was recorded.
    Stretch,
    /// A file of another program.
    Import(Box<Importing>),
    /// Another project could not be opened.
    Refused(Arc<Refused>),
    /// Saves a trend as a display.
    Save(Box<SaveDisplay>),
    /// Forgets the topic of a tag that was found.
    Forget(Box<Forgetting>),
    /// The question before the window closes.
    Quit,
    /// The question before another project is opened.
    Leave(DeskRequest),
}

impl Shell {
    pub(super) fn dialogs_ui(
        &mut self,
        ui: &Ui,
        frame: Option<&Frame<'_>>,
        now: Now,
        outbox: &mut Outbox,
        wishes: &mut Wishes,
    ) {
        let Some(mut dialog) = self.dialog.take() else { return };
        let theme = self.theme.clone();
        let keep = match (&mut dialog, frame) {
            (Dialog::Finder(finder), Some(frame)) => palette::finder_ui(ui, frame, finder, outbox),
            (Dialog::Help, Some(frame)) => sheet_ui(ui, &theme, "Keys", |ui| help::help_ui(ui, frame)),
            (Dialog::Faults, Some(frame)) => sheet_ui(ui, &theme, say::FAULTS, |ui| faults::faults_ui(ui, frame)),
            (Dialog::Refused(refused), Some(frame)) => {
                let name = frame.snapshot.plan.project.name.as_str();
                let name = if name.is_empty() { "This plant" } else { name };
                let goes_on = match &frame.about.bundle {
                    None => format!("{name} goes on being watched"),
                    Some(_) => format!("The bundle of {name} stays open"),
                };
                sheet_ui(ui, &theme, "It could not be opened", |ui| {
                    states::refused_ui(ui, &theme, &refused.what, &refused.why);
                    ui.add_space(2.0 * STEP);
                    ui.add(Label::new(RichText::new(goes_on).font(fonts::strong(size::BODY))).wrap());
                })
            }
            (Dialog::Force(state), Some(frame)) => {
                let mut done = false;
                let open = sheet_ui(ui, &theme, &state.title(), |ui| done = state.ui(ui, frame, outbox));
                open && !done
            }
            (Dialog::Simulate(state), Some(frame)) => {
                let mut done = false;
                let open = sheet_ui(ui, &theme, &state.title(), |ui| done = state.ui(ui, frame, outbox));
                open && !done
            }
            (Dialog::Forced, Some(frame)) => {
                sheet_ui(ui, &theme, "Forced values", |ui| forcing::list_ui(ui, frame, outbox))
            }
            (Dialog::Act(ask), Some(frame)) => ask::ask_ui(ui, frame, ask, outbox),
            (Dialog::Save(state), Some(frame)) => {
                let mut outcome = Outcome::Open;
                let open = sheet_ui(ui, &theme, "Save the trend", |ui| outcome = state.ui(ui, frame));
                match outcome {
                    Outcome::Open => open,
                    Outcome::Ask(request) => {
                        wishes.request = Some(request);
                        true
                    }
                    Outcome::Saved(said, name) => {
                        self.notice = Some((frame.snapshot.now, said));
                        // The plan that is shown may have it already.
                        let displays = &frame.snapshot.plan.displays;
                        match displays.iter().position(|d| d.display.name == name) {
                            Some(display) => outbox.action(Action::OpenDisplay(display)),
                            None => self.awaited = Some(name),
                        }
                        false
                    }
                }
            }
            (Dialog::Forget(state), Some(frame)) => {
                let mut outcome = forgetting::Outcome::Open;
                let open = sheet_ui(ui, &theme, &state.title(), |ui| outcome = state.ui(ui, frame));
                match outcome {
                    forgetting::Outcome::Open => open,
                    forgetting::Outcome::Keep => false,
                    forgetting::Outcome::Ask(request) => {
                        wishes.request = Some(request);
                        true
                    }
                    forgetting::Outcome::Gone(said) => {
                        self.notice = Some((frame.snapshot.now, said));
                        false
                    }
                }
            }
            (Dialog::Frames(state), Some(frame)) => {
                sheet_ui(ui, &theme, &state.title(), |ui| frames::frames_ui(ui, frame, state))
            }
            (Dialog::Try(alarm, trial), Some(frame)) => {
                let plan = &frame.snapshot.plan;
                if trial.is_none() {
                    *trial = plan.alarm_id(alarm).and_then(|id| Trial::new(frame, id)).map(Box::new);
                }
                trial
                    .as_mut()
                    .is_some_and(|trial| sheet_ui(ui, &theme, &trial.title(), |ui| trying::trial_ui(ui, frame, trial)))
            }
            (Dialog::Scan, frame) => {
                let scanner = &mut self.scanner;
                let none = Project::default();
                let project = frame.map_or(&none, |frame| &*frame.snapshot.plan.project);
                let nobody = Monitor::default();
                let monitor = frame.map_or(&nobody, |frame| &frame.about.monitor);
                let open = sheet_ui(ui, &theme, scanner::TITLE, |ui| scanner.ui(ui, &theme, project, monitor));
                if !open {
                    // Nothing goes on where nobody sees it; what was found is there when it is opened again.
                    scanner.stop();
                }
                open
            }
            (Dialog::Share, Some(frame)) => {
                let share = &mut self.share;
                sheet_ui(ui, &theme, share::TITLE, |ui| share.ui(ui, frame))
            }
            (Dialog::Stretch, Some(frame)) => {
                let display = match self.place {
                    Place::Display(display) => Some(display),
                    _ => None,
                };
                let stretch = &mut self.stretch;
                sheet_ui(ui, &theme, stretch::TITLE, |ui| stretch.ui(ui, frame, display, outbox))
            }
            (Dialog::Import(state), frame) => {
                let folder = self.wizard.folder(self.settings.recent.first().map(AsRef::as_ref));
                let around = Surroundings { theme: &theme, zone: &self.zone.1, now, folder: &folder };
                let begin = self.wizard.begin_link();
                let mut outcome = importing::Outcome::Open;
                let open = sheet_ui(ui, &theme, &state.title(), |ui| {
                    outcome = state.ui(ui, around, frame, begin, outbox);
                });
                open && outcome == importing::Outcome::Open
            }
            (Dialog::Settings(state), frame) => {
                let now = preferences::InForce {
                    theme: &theme,
                    settings: &self.settings,
                    horn: &self.horn,
                    notes_fault: self.notes_fault.as_deref(),
                    frame,
                };
                sheet_ui(ui, &theme, "Settings", |ui| preferences::preferences_ui(ui, now, state, outbox))
            }
            (Dialog::Quit, Some(frame)) => match question_ui(ui, &theme, frame) {
                Some(true) => {
                    wishes.close = true;
                    false
                }
                Some(false) => false,
                None => true,
            },
            (Dialog::Leave(request), Some(frame)) => match question_ui(ui, &theme, frame) {
                Some(true) => {
                    wishes.request = Some(request.clone());
                    false
                }
                Some(false) => false,
                None => true,
            },
            (_, None) => false,
        };
        if keep {
            self.dialog = Some(dialog);
        }
    }
}
