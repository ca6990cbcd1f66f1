//! The load that alarms put on an operator: chattering and floods, and from when an alarm counts as stale or fleeting.
//!
//! The numbers are those of docs/alarms.md; whoever computes figures over the journal takes them from here.

use super::core::{Due, Engine};
use crate::time::{Mono, Now, Span};
use std::collections::VecDeque;

/// Three occurrences of one alarm within this are chattering.
pub const CHATTER: Span = Span::from_secs(60);
/// Occurrences within [`CHATTER`] that are chattering.
pub const CHATTER_OCCURRENCES: usize = 3;
/// An alarm whose condition has held for longer is stale.
pub const STALE: Span = Span::from_secs(24 * 3600);
/// One that went by itself sooner than this after it came is fleeting.
pub const FLEETING: Span = Span::from_secs(10);
/// The window of the flood rule (ISA-18.2).
pub const FLOOD_WINDOW: Span = Span::from_secs(600);
/// More annunciated in [`FLOOD_WINDOW`] are a flood.
pub const FLOOD_BEGINS_ABOVE: usize = 10;
/// Fewer annunciated in [`FLOOD_WINDOW`] end it.
pub const FLOOD_ENDS_BELOW: usize = 5;
/// Instants remembered for the flood rule; more only say "flood" more loudly.
pub(super) const FLOOD_REMEMBERED: usize = 1_000;

/// The last occurrences of one alarm.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bout {
    last: [Option<Mono>; CHATTER_OCCURRENCES],
    /// Occurrences since chattering began.
    count: u32,
}

impl Bout {
    /// Another occurrence, annunciated.
    pub(super) fn add(&mut self, now: Mono) {
        let went_on = self.is_chattering(now);
        self.last.rotate_left(1);
        self.last[CHATTER_OCCURRENCES - 1] = Some(now);
        self.count = match (went_on, self.is_chattering(now)) {
            (true, true) => self.count.saturating_add(1),
            (_, chattering) => {
                if chattering {
                    CHATTER_OCCURRENCES as u32
                } else {
                    0
                }
            }
        };
    }

    /// Three within the span, and the last of them no longer ago.
    pub(super) fn is_chattering(&self, now: Mono) -> bool {
        let [Some(first), .., Some(last)] = self.last else { return false };
        last - first <= CHATTER && now - last <= CHATTER
    }

    /// When chattering is over, if no occurrence follows; `None`: it does not chatter.
    pub(super) fn end(&self, now: Mono) -> Option<Mono> {
        self.last[CHATTER_OCCURRENCES - 1].filter(|_| self.is_chattering(now)).map(|last| last + CHATTER + Span(1))
    }

    /// Occurrences since chattering began; 0 where it does not.
    pub(super) fn count(&self, now: Mono) -> u32 {
        if self.is_chattering(now) { self.count } else { 0 }
    }
}

/// Annunciations of the last ten minutes.
#[derive(Debug, Default)]
pub(super) struct Load {
    annunciated: VecDeque<Mono>,
    /// Since when there is a flood.
    pub(super) flood_since: Option<Now>,
}

impl Load {
    /// How many there were in the ten minutes before now; at most as many as are remembered.
    pub(super) fn annunciated(&self, now: Mono) -> u32 {
        let gone = self.annunciated.partition_point(|at| now - *at >= FLOOD_WINDOW);
        (self.annunciated.len() - gone) as u32
    }
}

impl Engine {
    pub(super) fn annunciate(&mut self, now: Now) {
        if self.load.annunciated.len() >= FLOOD_REMEMBERED {
            self.load.annunciated.pop_front();
        }
        self.load.annunciated.push_back(now.mono);
        self.judge_flood(now);
    }

    /// Takes up what was annunciated before this start: one occurrence of each alarm that still waits is known.
    pub(super) fn resume_load(&mut self, now: Now) {
        let recent = |at: &Mono| now.mono - *at < FLOOD_WINDOW && *at <= now.mono;
        let mut before: Vec<Mono> = self
            .alarms
            .iter()
            .filter(|c| c.memory.open && !c.memory.is_hidden())
            .map(|c| c.raised_mono)
            .filter(recent)
            .collect();
        before.sort_unstable();
        self.load.annunciated.extend(before.into_iter().rev().take(FLOOD_REMEMBERED).rev());
        self.judge_flood(now);
    }

    /// Begins and ends a flood by the alarms annunciated in the last ten minutes.
    pub(super) fn judge_flood(&mut self, now: Now) {
        let Load { annunciated, flood_since } = &mut self.load;
        while annunciated.front().is_some_and(|at| now.mono - *at >= FLOOD_WINDOW) {
            annunciated.pop_front();
        }
        let count = annunciated.len();
        let begins = flood_since.is_none() && count > FLOOD_BEGINS_ABOVE;
        if begins {
            *flood_since = Some(now);
        } else if count < FLOOD_ENDS_BELOW {
            *flood_since = None;
        }
        self.alarms_view = None;
        // One deadline stands for the next that leaves the window: the count that is shown is never an old one.
        if let Some(oldest) = annunciated.front()
            && self.flood_queued.is_none_or(|queued| queued > *oldest + FLOOD_WINDOW || queued <= now.mono)
        {
            let at = *oldest + FLOOD_WINDOW;
            self.flood_queued = Some(at);
            self.expect_at(at, Due::Flood);
        }
    }
}
