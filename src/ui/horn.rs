//! The window's part of the horn: what is chosen for it, its test tone, and how it fares in words. It sounds elsewhere.

use super::Action;
use super::settings::{PLAYER_CHARS, Settings};
use super::status::elided;
use crate::engine::{Actor, HornState, Snapshot};
use crate::link::{About, HornLink, HornTest};
use crate::project::Priority;
use eframe::egui::Context;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

/// Between two looks for the answer of a test.
const LOOK: Duration = Duration::from_millis(100);

/// Most characters of a reason in the status bar; its tooltip has all.
const REASON_CHARS: usize = 40;

/// The horn as this window reaches it.
#[derive(Debug, Default)]
pub struct HornDesk {
    link: Option<HornLink>,
    asked: Option<Receiver<Result<Arc<str>, String>>>,
    /// How the last test went.
    said: Option<String>,
}

impl HornDesk {
    /// With the program's horn, where it has one.
    pub fn new(link: Option<HornLink>) -> Self {
        Self { link, ..Self::default() }
    }

    /// Whether there is one to be tested and chosen for.
    pub const fn is_here(&self) -> bool {
        self.link.is_some()
    }

    /// How the last test went, or that one is under way.
    pub fn said(&self) -> Option<&str> {
        self.said.as_deref()
    }

    /// Does what concerns the horn; gives back what there is to say. `true`: the settings changed.
    pub fn act(&mut self, action: &Action, settings: &mut Settings, by: &Actor) -> (Option<String>, bool) {
        match action {
            Action::TestHorn => return (Some(self.test()), false),
            Action::SetHorn(on) => settings.horn = *on,
            Action::SetPlayer(player) => {
                settings.player =
                    Some(player.trim()).filter(|p| !p.is_empty() && p.len() <= PLAYER_CHARS).map(str::to_owned);
            }
            Action::SetNotifications(on) => settings.notifications = *on,
            _ => return (None, false),
        }
        self.choose(settings, by);
        (None, true)
    }

    /// Hands on what the settings say, where that is news.
    fn choose(&self, settings: &Settings, by: &Actor) {
        let Some(link) = &self.link else { return };
        let choice = settings.horn_choice(Some(by));
        link.choice.send_if_modified(|chosen| {
            let news = chosen.off.is_some() != choice.off.is_some() || chosen.player != choice.player;
            if news {
                *chosen = choice;
            }
            news
        });
    }

    fn test(&mut self) -> String {
        let Some(link) = &self.link else { return "This program has no horn".to_owned() };
        let (test, answer) = HornTest::new();
        let said = if link.tests.try_send(test).is_ok() {
            self.asked = Some(answer);
            "The test tone is played…"
        } else {
            "A test of the horn is under way already"
        };
        self.said = Some(said.to_owned());
        said.to_owned()
    }

    /// To be called once a frame; gives back the answer of a test.
    pub fn follow(&mut self, ctx: &Context) -> Option<String> {
        let said = match self.asked.as_ref()?.try_recv() {
            Ok(Ok(player)) => format!("The test tone was played by {player}; how loud it is, the system's volume says"),
            Ok(Err(why)) => format!("The test tone could not be heard: {why}"),
            Err(TryRecvError::Disconnected) => "The test tone could not be heard: the horn has ended".to_owned(),
            Err(TryRecvError::Empty) => {
                ctx.request_repaint_after(LOOK);
                return None;
            }
        };
        self.asked = None;
        self.said = Some(said.clone());
        Some(said)
    }
}

/// How the horn fares, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HornWords {
    /// For the status bar.
    pub short: String,
    /// All of it.
    pub spoken: String,
    /// Whether a person should know.
    pub loud: bool,
    /// What sounds now.
    pub sounds: Option<Priority>,
}

/// How the horn of this plant fares.
pub fn horn_words(snapshot: &Snapshot, about: &About) -> HornWords {
    let words = |short: &str, spoken: String, loud| HornWords { short: short.to_owned(), spoken, loud, sounds: None };
    if about.bundle.is_some() {
        return words("No horn", "nothing sounds for a bundle".to_owned(), false);
    }
    if let Some(holder) = &about.held_by {
        return words("Horn elsewhere", format!("it sounds where the plant is watched: {holder}"), false);
    }
    let waits = snapshot.counts.unacknowledged.iter().any(|n| *n > 0);
    match &snapshot.horn_state {
        HornState::Absent => words("No horn", "this program sounds nothing".to_owned(), false),
        HornState::Trying => words("Horn: trying", "it is being tried whether a sound can be played".to_owned(), false),
        HornState::Off(how) => words("Horn off", format!("off, {how}; alarms are not heard"), true),
        HornState::Silent(why) => {
            let short = format!("Horn silent: {}", elided(why, REASON_CHARS));
            HornWords { short, ..words("", format!("it cannot be heard: {why}"), true) }
        }
        HornState::Ready { player } => match snapshot.horn {
            Some(Priority::Low) => {
                words("Horn sounded", format!("a low alarm sounded once, played by {player}"), false)
            }
            Some(priority) => HornWords {
                sounds: Some(priority),
                ..words("Horn sounds", format!("sounds for {}, played by {player}", priority.word()), false)
            },
            None if waits => words(
                "Silenced until the next alarm",
                "silenced until the next alarm; a critical or high one that nobody acknowledges sounds again after 5 \
                 minutes"
                    .to_owned(),
                false,
            ),
            None => words("Horn ready", format!("ready, played by {player}"), false),
        },
    }
}
