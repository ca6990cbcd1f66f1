//! A project that is begun, in the place of the displays; with a plant behind it or without.

use super::Shell;
use crate::time::Now;
use crate::ui::files::{self, Dropped};
use crate::ui::wizard::Surroundings;
use crate::ui::{Action, Outbox};
use eframe::egui::{Context, Ui};
use jiff::tz::TimeZone;

impl Shell {
    /// Files that were dropped, or chosen in a dialog.
    pub(super) fn take_files(&mut self, ctx: &Context, now: Now, outbox: &mut Outbox) {
        self.wizard.now = now;
        let opened = || self.project_dialog.take().map(|chosen| chosen.map(files::chosen));
        match files::dropped(ctx).or_else(opened) {
            Some(Ok(Dropped::Project(path))) => outbox.action(Action::OpenProject(path)),
            Some(Ok(Dropped::Scenario(path))) => outbox.action(Action::PlayScenario(path)),
            Some(Ok(Dropped::Import(path))) => outbox.action(Action::Import(Some(path))),
            Some(Err(why)) => self.notice = Some((now, why)),
            None => {}
        }
    }

    /// What is typed there stays while another view is looked at.
    pub(super) fn wizard_ui(&mut self, ui: &mut Ui, zone: &TimeZone, outbox: &mut Outbox) {
        let folder = self.wizard.folder(self.settings.recent.first().map(AsRef::as_ref));
        let theme = self.theme.clone();
        let now = self.wizard.now;
        let around = Surroundings { theme: &theme, zone, now, folder: &folder };
        let stays = theme.panel_frame().show(ui, |ui| self.wizard.ui(ui, around, outbox)).inner;
        if !stays {
            self.place = self.home();
        }
    }
}
