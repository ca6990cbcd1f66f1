//! What the horn has to say, and whether it can be heard.

use super::core::Engine;
use super::effect::{Effect, Entry, Event};
use crate::project::Priority;
use crate::time::{Mono, Now};
use std::sync::Arc;

/// Whether the horn of this program can be heard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum HornState {
    /// This program sounds nothing: a look, a rehearsal, a plant that another process watches.
    #[default]
    Absent,
    /// It has not been tried yet.
    Trying,
    /// The last sound was played.
    Ready {
        /// By which program: `pw-play`.
        player: Arc<str>,
    },
    /// Nothing can be heard; why, in words: `aplay: no soundcards found`.
    Silent(Arc<str>),
    /// Switched off; by whom or how, in words.
    Off(Arc<str>),
}

/// What wants to be heard: of each priority the instant at which the newest alarm was raised that waits for a person and was
/// not silenced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Annunciation {
    /// By priority, the most urgent first; `None`: nothing of this priority.
    pub newest: [Option<Mono>; 4],
}

impl Annunciation {
    /// The most urgent priority that wants to be heard.
    pub fn most_urgent(&self) -> Option<Priority> {
        Priority::ALL.into_iter().find(|priority| self.newest[*priority as usize].is_some())
    }
}

impl Engine {
    /// What wants to be heard now. Goes through the alarms that stand: for a pace of some times a second.
    pub fn annunciation(&self) -> Annunciation {
        let mut wanted = Annunciation::default();
        for alarm in &self.standing {
            let Some(rule) = self.plan.alarm(*alarm) else { continue };
            let cell = &self.alarms[alarm.index()];
            if cell.memory.state(rule.latch).needs_acknowledgement() && !cell.silenced {
                let newest = &mut wanted.newest[rule.priority as usize];
                *newest = (*newest).max(Some(cell.raised_mono));
            }
        }
        wanted
    }

    /// How the horn fares: what changes for a person is journaled, and that nothing can be heard is an alarm.
    pub(super) fn take_horn(&mut self, now: Now, state: HornState, effects: &mut Vec<Effect>) {
        let before = std::mem::replace(&mut self.horn, state);
        if before == self.horn {
            return;
        }
        let told = match (&before, &self.horn) {
            // Another reason of the same fault is seen on the screen; the journal tells that it began.
            (HornState::Silent(_), HornState::Silent(_)) => None,
            (_, HornState::Silent(why)) => Some((Event::HornSilent, Arc::clone(why))),
            (_, HornState::Off(how)) => Some((Event::HornOff, Arc::clone(how))),
            (HornState::Silent(_) | HornState::Off(_), HornState::Ready { player }) => {
                Some((Event::HornReady, format!("played by {player}").into()))
            }
            (_, HornState::Absent | HornState::Trying | HornState::Ready { .. }) => None,
        };
        if let Some((event, note)) = told {
            let mut entry = Entry::new(now.utc, event);
            entry.note = Some(note);
            self.write(entry, effects);
        }
        self.judge_systems(now, effects);
    }
}
