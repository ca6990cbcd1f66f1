//! A scenario on the real screens: a window within the window, which is not live, and a hand on its time.
//!
//! The play has a [`Shell`] of its own, with the banner, the displays, the journal and the border of what is no plant. Above it
//! stands the bar: what the plant behind it is doing, the way back to that, and the play's own time.
//!
//! Invariant: whoever looks at a play is told of the plant's alarms, and is back at the plant by one key. The play itself makes no
//! sound: what is heard is the plant.

mod bar;

use super::Action;
use super::shell::Shell;
use crate::engine::rehearsal::{Control, Standing};
use crate::engine::{Actor, Mode, Snapshot};
use crate::link::{Desk, PlayAsk, PlayLink, PlayOf, PlaysLink};
use crate::project::Priority;
use crate::text::visible;
pub(super) use bar::{Asked, Bar, bar_ui};
use eframe::egui::{Context, ViewportId};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What was asked to be played when the program was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayStart {
    /// The project's file.
    pub project: PathBuf,
    /// The scenario's.
    pub scenario: PathBuf,
    /// Seconds in a second.
    pub speed: u32,
}

/// The play of a window, if there is one.
#[derive(Debug, Default)]
pub(super) struct Plays {
    link: Option<PlaysLink>,
    asked: Option<Pending>,
    play: Option<Box<Play>>,
}

/// A play that is being begun.
#[derive(Debug)]
struct Pending {
    scenario: PathBuf,
    answer: Arc<OnceLock<Result<PlayLink, String>>>,
}

/// A play.
#[derive(Debug)]
pub(super) struct Play {
    /// Its window.
    pub(super) shell: Shell,
    link: PlayLink,
    /// It is looked at; else the plant is, and the play stands.
    is_shown: bool,
    /// All its lines are seen.
    pub(super) lines_open: bool,
}

/// What there is to say of what has been asked for.
pub(super) enum Answer {
    /// It begins.
    Begun(PlayLink),
    /// It does not: of which scenario, and why.
    Refused(String, String),
}

impl Plays {
    /// Of a program that has what plays, or not.
    pub(super) fn new(link: Option<PlaysLink>) -> Self {
        Self { link, ..Self::default() }
    }

    /// Asks for a play.
    ///
    /// # Errors
    /// Why not, in words for the screen.
    pub(super) fn ask(
        &mut self,
        ctx: &Context,
        of: PlayOf,
        scenario: PathBuf,
        speed: Option<u32>,
        actor: Actor,
    ) -> Result<(), String> {
        let Some(link) = &self.link else { return Err("This program cannot play scenarios".to_owned()) };
        let answer = Arc::new(OnceLock::new());
        let ctx = ctx.clone();
        // One frame, of the main window, from whichever thread: egui paints twice for one that is asked for at once.
        let wake = Arc::new(move || ctx.request_repaint_after_for(Duration::from_millis(1), ViewportId::ROOT));
        let ask = PlayAsk { of, scenario: scenario.clone(), speed, actor, answer: Arc::clone(&answer), wake };
        link.asks.try_send(ask).map_err(|_full_or_closed| "The program is busy; try again".to_owned())?;
        self.asked = Some(Pending { scenario, answer });
        Ok(())
    }

    /// An answer that has come.
    pub(super) fn answer(&mut self) -> Option<Answer> {
        let told = self.asked.as_ref()?.answer.get()?.clone();
        let asked = self.asked.take()?;
        Some(match told {
            Ok(link) => Answer::Begun(link),
            Err(why) => Answer::Refused(visible(&asked.scenario.display().to_string()).into_owned(), why),
        })
    }

    /// Puts a play on the screen, in the place of another.
    pub(super) fn begin(&mut self, shell: Shell, link: PlayLink) {
        self.play = Some(Box::new(Play { shell, link, is_shown: true, lines_open: false }));
    }

    /// The play that is looked at.
    pub(super) fn shown(&mut self) -> Option<&mut Play> {
        self.play.as_deref_mut().filter(|play| play.is_shown)
    }

    /// The desk of the play that is looked at.
    pub(super) fn desk(&self) -> Option<Desk> {
        self.play.as_deref().filter(|play| play.is_shown).map(Play::desk)
    }

    /// Looks at the play again. `false`: there is none.
    pub(super) fn show(&mut self) -> bool {
        if let Some(play) = &mut self.play {
            play.is_shown = true;
        }
        self.play.is_some()
    }

    /// Back to the plant; the play stands, and waits.
    pub(super) fn hide(&mut self) {
        if let Some(play) = self.shown() {
            play.is_shown = false;
            // One that has failed stands, too.
            let _stands = play.link.controls.try_send(Control::Pause);
        }
    }

    /// The play is over.
    pub(super) fn end(&mut self) {
        self.play = None;
    }
}

impl Play {
    pub(super) fn desk(&self) -> Desk {
        self.link.desk.borrow().clone()
    }

    pub(super) fn name(&self) -> Arc<str> {
        Arc::clone(&self.link.name)
    }

    pub(super) fn standing(&self) -> Arc<Standing> {
        self.link.standing.borrow().clone()
    }

    /// Its thread has ended, which it does by itself only where it has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.link.controls.is_closed()
    }

    /// A hand on its time; a full queue is emptied within a moment, and the button is there to be pressed again.
    pub(super) fn control(&self, control: Control) {
        let _full = self.link.controls.try_send(control);
    }
}

/// What an operator must know of the plant behind a play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// In one sentence.
    pub words: String,
    /// The most urgent alarm that waits for a person.
    pub worst: Option<Priority>,
    /// Whether there is one.
    pub is_plant: bool,
}

/// The plant behind a play.
pub(super) fn behind(desk: &Desk) -> Behind {
    let calm = |words: &str| Behind { words: words.to_owned(), worst: None, is_plant: false };
    match desk {
        Desk::Plant(plant) => behind_plant(&plant.snapshots.borrow()),
        Desk::Opening(_) => calm("A project is being opened behind this"),
        Desk::Empty | Desk::Failed { .. } => calm("No plant is watched behind this"),
    }
}

fn behind_plant(snapshot: &Snapshot) -> Behind {
    let what = if snapshot.mode == Mode::Live { "plant" } else { "demo plant" };
    let counts = snapshot.counts.unacknowledged;
    let total: u32 = counts.iter().sum();
    let worst = Priority::ALL.into_iter().find(|priority| counts[*priority as usize] > 0);
    let words = match (total, worst) {
        (0, _) | (_, None) => format!("The {what} behind this goes on: no alarm of it waits"),
        (1, Some(worst)) => format!("The {what} behind this has 1 unacknowledged alarm, {}: go back", worst.word()),
        (n, Some(worst)) => {
            let of_worst = super::words::priority_count(worst, counts[worst as usize]);
            format!("The {what} behind this has {n} unacknowledged alarms, {of_worst}: go back")
        }
    };
    Behind { words, worst, is_plant: true }
}

/// Why something of the plant's cannot be done from a play; `None`: it can, or is done by the plant's window.
pub(super) const fn refusal(action: &Action) -> Option<&'static str> {
    match action {
        Action::Forget(_) | Action::SaveDisplay(_) | Action::MakeTag(_) | Action::AskDesk(_) => {
            Some("That changes the project, and this is a play: go back to the plant first")
        }
        Action::OpenWindow(_) => Some("The plant's displays have windows of their own, not a play's: go back first"),
        Action::SaveScenario => Some("This is a play, and its scenario is a file already: go back to the plant first"),
        Action::OpenPlay => Some("This is the play: end it, then another can be chosen"),
        _ => None,
    }
}

/// How soon the play's next frame is due by the clock alone.
pub(super) fn blinks(desk: &Desk) -> bool {
    matches!(desk, Desk::Plant(plant) if Shell::blinks(&plant.snapshots.borrow()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    #[test]
    fn the_plant_behind_a_play_says_what_waits() {
        let quiet = behind_plant(&sample::quiet().snapshot);
        assert_eq!(quiet.worst, None);
        assert_eq!(quiet.words, "The plant behind this goes on: no alarm of it waits");
        let mut snapshot = sample::riverside().snapshot;
        snapshot.counts.unacknowledged = [0, 2, 1, 0];
        let busy = behind_plant(&snapshot);
        assert_eq!(busy.worst, Some(Priority::High));
        assert_eq!(busy.words, "The plant behind this has 3 unacknowledged alarms, 2 high: go back");
        snapshot.counts.unacknowledged = [1, 0, 0, 0];
        assert_eq!(
            behind_plant(&snapshot).words,
            "The plant behind this has 1 unacknowledged alarm, critical: go back"
        );
    }
}
