//! A play in the place of the plant: a window within this one, the bar above it, and the way back.

use super::{Dialog, Shell, Wishes};
use crate::engine::Actor;
use crate::link::{Desk, PlantLink, PlayOf, PlaysLink, Refused};
use crate::time::Now;
use crate::ui::actions;
use crate::ui::playing::{self, Answer, Asked, Bar, PlayStart, Plays, bar_ui};
use crate::ui::settings::Settings;
use eframe::egui::{CentralPanel, Context, Frame as Area, Margin, Panel, Ui, UiBuilder};
use std::path::PathBuf;
use std::sync::Arc;

impl Shell {
    /// The window of a play within another one: what concerns the program is done by that.
    fn of_play(settings: Settings) -> Self {
        let mut shell = Self::new(settings);
        shell.in_play = true;
        shell.styled = true;
        shell
    }

    /// What plays scenarios.
    pub fn set_plays(&mut self, link: Option<PlaysLink>) {
        self.plays = Plays::new(link);
    }

    /// Plays what the program was started for.
    pub fn start_play(&mut self, ctx: &Context, now: Now, start: PlayStart, actor: Actor) {
        let PlayStart { project, scenario, speed } = start;
        let asked = self.plays.ask(ctx, PlayOf::File(project), scenario, Some(speed), actor);
        self.notice = asked.err().map(|why| (now, why)).or(self.notice.take());
    }

    /// Plays a scenario on the plan that runs.
    pub(super) fn play(&mut self, ctx: &Context, plant: Option<&PlantLink>, now: Now, scenario: PathBuf) {
        let Some(plant) = plant else {
            let words = "Open the project first: a scenario is played on its displays";
            self.notice = Some((now, words.to_owned()));
            return;
        };
        let project = Arc::clone(&plant.snapshots.borrow().plan.project);
        let actor = Actor { desk: self.desk_name.clone(), ..plant.about.actor.clone() };
        let asked = self.plays.ask(ctx, PlayOf::Running(project), scenario, None, actor);
        self.notice = asked.err().map(|why| (now, why)).or(self.notice.take());
    }

    /// The desk that is looked at: that of a play, where one is shown.
    pub fn shown_desk(&self, desk: &Desk) -> Desk {
        self.plays.desk().unwrap_or_else(|| desk.clone())
    }

    /// Whether something blinks in what is looked at, of the plant behind it, too.
    pub fn is_blinking(&self, desk: &Desk) -> bool {
        playing::blinks(desk) || self.plays.desk().is_some_and(|desk| playing::blinks(&desk))
    }

    /// Takes a play that has begun, or tells why it has not.
    pub(super) fn follow_plays(&mut self, desk: &Desk, now: Now) {
        match self.plays.answer() {
            Some(Answer::Begun(link)) => self.plays.begin(Self::of_play(self.settings.clone()), link),
            Some(Answer::Refused(what, why)) => {
                if matches!(desk, Desk::Plant(_)) {
                    self.plays.hide();
                    self.dialog = Some(Dialog::Refused(Arc::new(Refused { what, why })));
                } else {
                    self.notice = Some((now, why));
                }
            }
            None => {}
        }
    }

    /// One frame of a play; `None`: none is looked at.
    pub(super) fn play_ui(&mut self, ui: &mut Ui, desk: &Desk, now: Now) -> Option<Wishes> {
        let theme = self.theme.clone();
        let play = self.plays.shown()?;
        let ctx = ui.ctx().clone();
        let (name, standing, behind, failed) = (play.name(), play.standing(), playing::behind(desk), play.has_failed());
        let bar = Bar {
            theme: &theme,
            blink_on: now.utc.0.rem_euclid(1_000_000) < 500_000,
            name: &name,
            standing: &standing,
            behind: &behind,
            failed,
        };
        let lines_open = play.lines_open;
        let area = Area::new().fill(theme.raised).inner_margin(Margin::symmetric(10, 5));
        let mut asked = Panel::top("play").frame(area).show(ui, |ui| bar_ui(ui, &bar, lines_open)).inner;
        play.shell.take_settings(&self.settings);
        let inner = CentralPanel::no_frame().show(ui, |ui| {
            // What the play's window remembers is its own.
            let scope = UiBuilder::new().id_salt("the play").max_rect(ui.max_rect());
            play.shell.ui(&mut ui.new_child(scope), &play.desk(), now)
        });
        let Wishes { toggle_full_screen, for_main, leave, .. } = inner.inner;
        if leave {
            asked.push(Asked::Back);
        }
        for pressed in asked {
            match pressed {
                Asked::Control(control) => {
                    if let Some(play) = self.plays.shown() {
                        play.control(control);
                    }
                }
                Asked::Lines => {
                    if let Some(play) = self.plays.shown() {
                        play.lines_open = !play.lines_open;
                    }
                }
                Asked::Back => self.plays.hide(),
                Asked::End => self.plays.end(),
            }
            ctx.request_repaint();
        }
        let mut wishes = Wishes { toggle_full_screen, ..Wishes::default() };
        let plant = match desk {
            Desk::Plant(plant) => Some(plant),
            Desk::Empty | Desk::Opening(_) | Desk::Failed { .. } => None,
        };
        for action in for_main {
            // What has to be seen in the plant's window is seen there.
            if actions::is_answered_in_the_main_window(&action) {
                self.plays.hide();
            }
            self.act(&ctx, plant, now, action, &mut wishes);
        }
        Some(wishes)
    }
}
