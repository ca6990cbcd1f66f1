//! What would change, in plain words, before the file is written and the plant does it; and what to do where somebody else
//! wrote the file meanwhile.

use super::answers_ui;
use super::judge::Judged;
use crate::link::{DeployPlan, FoundDraft};
use crate::project::edit::{Conflict, Draft, Merge, Refusal, Side};
use crate::ui::dialogs;
use crate::ui::dialogs::sheet_ui;
use crate::ui::fonts;
use crate::ui::theme::{STEP, Theme};
use eframe::egui::{Label, RichText, Role, ScrollArea, Ui, WidgetInfo};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The answer is looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The dialog.
#[derive(Debug)]
pub struct Review {
    /// What the plant would do, as soon as it is known.
    pub plan: Arc<OnceLock<Result<Arc<DeployPlan>, String>>>,
}

/// What came of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Open,
    /// It was closed.
    Close,
    /// The file is to be written and put into force.
    Apply,
}

impl Review {
    /// The dialog's frame. `waits`: it is being written.
    pub fn ui(&self, ui: &Ui, theme: &Theme, judged: &Judged, waits: bool) -> Outcome {
        let mut answer = None;
        let open = sheet_ui(ui, theme, "Review and apply", |ui| {
            let (errors, _) = judged.counts();
            let plan = match self.plan.get() {
                Some(Ok(plan)) => Some(plan),
                Some(Err(why)) => {
                    ui.add(Label::new(fonts::bold(why)).wrap());
                    None
                }
                None => {
                    ui.label("What would change is being worked out");
                    ui.ctx().request_repaint_after(LOOK_EVERY);
                    None
                }
            };
            if let Some(plan) = plan {
                plan_ui(ui, theme, plan);
            }
            if errors > 0 {
                let words = if errors == 1 { "1 fault" } else { &format!("{errors} faults") };
                let words = format!("The draft has {words}: what is at fault will not run, the rest will");
                let label = ui.add(Label::new(fonts::bold(&words)).wrap());
                label.widget_info(|| WidgetInfo::labeled(Role::Alert, true, words.as_str()));
            }
            ui.add_space(2.0 * STEP);
            let possible = !waits && plan.is_some_and(|plan| plan.refused.is_none());
            let label = if waits { "Being written" } else { "Write and apply" };
            answer = answers_ui(ui, &[(label, possible, Outcome::Apply), ("Go on editing", true, Outcome::Close)]);
        });
        answer.unwrap_or(if open { Outcome::Open } else { Outcome::Close })
    }
}

fn plan_ui(ui: &mut Ui, theme: &Theme, plan: &DeployPlan) {
    ui.add(Label::new(fonts::bold(&plan.summary)).wrap());
    if let Some(why) = &plan.refused {
        ui.add(Label::new(fonts::bold(format!("It cannot be put into force while the plant runs: {why}"))).wrap());
    }
    ui.add_space(STEP);
    let height = (dialogs::room(ui.ctx()).y - 260.0).max(120.0);
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
        let part = |ui: &mut Ui, head: &str, lines: &[String]| {
            if lines.is_empty() {
                return;
            }
            ui.add_space(STEP);
            ui.label(RichText::new(head).color(theme.muted));
            for line in lines {
                let label = ui.add(Label::new(line).wrap().selectable(true));
                label.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, line.as_str()));
            }
        };
        part(ui, "What the plant will do", &plan.impact);
        part(ui, "What changes", &plan.changes);
    });
}

/// Both sides of a file that somebody else has written meanwhile.
#[derive(Debug)]
pub struct Changed {
    merge: Merge,
    answers: Vec<Side>,
    theirs: Vec<u8>,
}

/// What a person wants of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Both in one.
    Merge,
    /// To decide later; nothing is written.
    Later,
}

impl Changed {
    /// Of a draft, and what the file says now.
    ///
    /// # Errors
    /// Where the file is no text any more.
    pub fn new(draft: &Draft, theirs: &[u8]) -> Result<Self, Refusal> {
        let merge = draft.merged(theirs)?;
        Ok(Self { answers: vec![Side::Ours; merge.conflicts.len()], merge, theirs: theirs.to_vec() })
    }

    /// Takes both into the draft, as they were chosen.
    ///
    /// # Errors
    /// Where the file is no text any more.
    pub fn take(&self, draft: &mut Draft) -> Result<(), Refusal> {
        draft.take_merge(&self.merge, &self.answers, &self.theirs)
    }

    /// The dialog's frame; none while it goes on.
    pub fn ui(&mut self, ui: &Ui, theme: &Theme) -> Option<Wanted> {
        let mut answer = None;
        let open = sheet_ui(ui, theme, "The file was changed by somebody else", |ui| {
            let clashes = self.merge.conflicts.len();
            let words = match clashes {
                0 => {
                    "Nothing was written. What was changed there and what was changed here do not clash: both can be taken"
                }
                1 => "Nothing was written. One change clashes with one of yours: choose which counts",
                _ => "Nothing was written. Some changes clash with yours: choose which count",
            };
            ui.add(Label::new(fonts::bold(words)).wrap());
            for note in &self.merge.notes {
                ui.add(Label::new(note).wrap());
            }
            let height = (dialogs::room(ui.ctx()).y - 260.0).max(120.0);
            ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(
                ui,
                |ui| {
                    for (nth, conflict) in self.merge.conflicts.iter().enumerate() {
                        if let Some(side) = self.answers.get_mut(nth) {
                            conflict_ui(ui, theme, conflict, side);
                        }
                    }
                },
            );
            ui.add_space(2.0 * STEP);
            let take =
                if self.answers.is_empty() { "Take both into the draft" } else { "Take what is chosen into the draft" };
            let answers = [(take, true, Wanted::Merge), ("Decide later", true, Wanted::Later)];
            answer = answers_ui(ui, &answers);
        });
        answer.or((!open).then_some(Wanted::Later))
    }
}

fn conflict_ui(ui: &mut Ui, theme: &Theme, conflict: &Conflict, side: &mut Side) {
    ui.add_space(STEP);
    ui.label(fonts::bold(&conflict.subject));
    let shown = |text: &str| if text.trim().is_empty() { "taken out".to_owned() } else { text.trim_end().to_owned() };
    ui.radio_value(side, Side::Ours, format!("Here: {}", shown(&conflict.ours)));
    ui.radio_value(side, Side::Theirs, format!("In the file: {}", shown(&conflict.theirs)));
    ui.label(RichText::new(format!("Before: {}", shown(&conflict.base))).color(theme.muted));
}

/// What becomes of a draft that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is edited on.
    Up,
    /// It stays where it is until something else is edited.
    Later,
    /// It is given up.
    Never,
}

/// Offers a draft that an earlier run left; none while it is not answered.
pub fn found_ui(ui: &Ui, theme: &Theme, found: &FoundDraft) -> Option<Taken> {
    let mut answer = None;
    let open = sheet_ui(ui, theme, "A draft was not saved", |ui| {
        let words = "An earlier run of this program ended while the project was edited. The draft was kept; by this it differs from the file:";
        ui.add(Label::new(words).wrap());
        ui.add_space(STEP);
        let height = (dialogs::room(ui.ctx()).y - 260.0).max(120.0);
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(
            ui,
            |ui| {
                if found.changes.is_empty() {
                    ui.label("only comments and layout");
                }
                for change in &found.changes {
                    ui.add(Label::new(change).wrap());
                }
            },
        );
        if found.file_changed {
            ui.add(Label::new(fonts::bold("The file was changed since, too: both will be shown side by side")).wrap());
        }
        ui.add_space(2.0 * STEP);
        let answers = [
            ("Edit the kept draft", true, Taken::Up),
            ("Not now", true, Taken::Later),
            ("Throw the draft away", true, Taken::Never),
        ];
        answer = answers_ui(ui, &answers);
    });
    answer.or((!open).then_some(Taken::Later))
}
