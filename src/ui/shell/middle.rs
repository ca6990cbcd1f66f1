//! What stands in the middle of the window: a display, a list, the editor; or what there is to open.

use super::{Place, Shell, Wishes};
use crate::link::Desk;
use crate::time::Now;
use crate::ui::{Frame, Outbox, fonts, hidden, lists, panels, states};
use eframe::egui::{CentralPanel, Frame as Area, Label, Margin, Ui};
use jiff::tz::TimeZone;

impl Shell {
    pub(super) fn middle_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, outbox: &mut Outbox) {
        if self.place != Place::Explorer {
            self.explorer.stop();
        }
        if self.place != Place::New {
            self.wizard.rest();
        }
        match self.place {
            Place::Display(i) if i < frame.snapshot.plan.displays.len() => {
                panels::display_ui(ui, frame, i, &mut self.panels, outbox);
            }
            Place::Display(_) if self.own.is_some() => {
                let own = self.own.as_deref().unwrap_or_default();
                let words = format!("The project has no display {own} any more: close this window, or choose another");
                Area::new().inner_margin(Margin::same(10)).show(ui, |ui| ui.add(Label::new(fonts::bold(words)).wrap()));
            }
            place => {
                Area::new().inner_margin(Margin::same(10)).show(ui, |ui| match place {
                    Place::Display(_) | Place::AllTags => {
                        frame.theme.panel_frame().show(ui, |ui| lists::all_tags_ui(ui, frame, outbox));
                    }
                    Place::Hidden => {
                        frame.theme.panel_frame().show(ui, |ui| hidden::hidden_ui(ui, frame, outbox));
                    }
                    Place::Journal => panels::journal::whole_ui(ui, frame, &mut self.views.journal, outbox),
                    Place::Figures => self.views.figures.ui(ui, frame),
                    Place::Handover => self.views.handover.ui(ui, frame, outbox),
                    Place::Explorer => {
                        frame.theme.panel_frame().show(ui, |ui| self.explorer.ui(ui, frame, outbox));
                    }
                    Place::Workbench => {
                        frame.theme.panel_frame().show(ui, |ui| self.views.workbench.ui(ui, frame, outbox));
                    }
                    Place::Devices => panels::device_list_ui(ui, frame, &mut self.panels, outbox),
                    Place::Trend(number) => panels::free_trend_ui(ui, frame, number, &mut self.panels, outbox),
                    Place::Edit => self.editor.ui(ui, frame, outbox),
                    Place::New => self.wizard_ui(ui, frame.zone, outbox),
                    Place::Alarms => panels::alarm_list_ui(ui, frame, &mut self.panels, outbox),
                });
            }
        }
    }

    pub(super) fn start_ui(&mut self, ui: &mut Ui, desk: &Desk, now: Now, outbox: &mut Outbox, wishes: &mut Wishes) {
        self.explorer.stop();
        self.plan = None;
        self.chosen = None;
        let theme = self.theme.clone();
        self.opening_ui(ui);
        CentralPanel::no_frame().frame(Area::new().fill(theme.ground).inner_margin(Margin::same(10))).show(ui, |ui| {
            if self.place == Place::New {
                self.wizard_ui(ui, &TimeZone::system(), outbox);
                return;
            }
            self.wizard.rest();
            let start = states::Start {
                theme: &theme,
                recent: &self.settings.recent,
                dialog_open: self.project_dialog.is_open(),
                notice: self.notice.as_ref().map(|(_, words)| words.as_str()),
            };
            states::start_ui(ui, desk, start, outbox);
        });
        self.dialogs_ui(ui, None, now, outbox, wishes);
        wishes.leave |= self.escape(ui.ctx());
    }
}
