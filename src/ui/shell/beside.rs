//! A window beside the main one: it shows a display of its own, and leaves to the main one what concerns the program.

use super::{Place, Shell};
use crate::engine::Plan;
use crate::time::Now;
use crate::ui::Action;
use crate::ui::settings::Settings;
use std::sync::Arc;

impl Shell {
    /// A window beside the main one, for a display. Fonts and style are the main one's.
    pub fn beside(settings: Settings, display: String) -> Self {
        let mut shell = Self::new(settings);
        shell.own = Some(display);
        shell.styled = true;
        shell.tree.beside = false;
        shell
    }

    /// What was chosen in the main window counts in the others.
    pub fn take_settings(&mut self, settings: &Settings) {
        if self.settings != *settings {
            self.settings.clone_from(settings);
            self.desk_name = settings.desk_name.as_deref().map(Arc::from);
        }
    }

    /// Does in the next frame what other windows ask for.
    pub fn ask(&mut self, actions: Vec<Action>) {
        self.asked.extend(actions);
    }

    /// The display that is shown now, or was shown last in a window of its own.
    pub fn shown_display(&self) -> Option<&str> {
        self.open_names.0.as_deref().or(self.own.as_deref())
    }

    /// Tells something at the top of the window for a while.
    pub fn tell(&mut self, now: Now, words: String) {
        self.notice = Some((now, words));
    }

    /// Where Esc leads to in the end: the first display, or that of a window of its own.
    pub(super) fn home(&self) -> Place {
        let Some(own) = &self.own else { return Place::Display(0) };
        let place = self.plan.as_deref().and_then(|plan| place_of(plan, own));
        Place::Display(place.unwrap_or(NOWHERE))
    }
}

/// No display of any plan.
pub(super) const NOWHERE: usize = usize::MAX;

/// Where the display of this name is, or the one that was called so.
pub(super) fn place_of(plan: &Plan, name: &str) -> Option<usize> {
    let now = plan.displays.iter().position(|d| d.display.name == name);
    now.or_else(|| plan.displays.iter().position(|d| d.display.was.as_deref() == Some(name)))
}
