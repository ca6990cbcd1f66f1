//! Alarm memory and its rules (alarms.md: after ISA-18.2 and IEC 62682). Pure: no plan, no clock, no journal in here.
//!
//! Three facts are remembered of an alarm — does its condition hold (*active*), is it held by a latch (*held*), has a
//! person seen it (*acknowledged*) — and what hides it. The state of the table is derived from them, never stored.
//!
//! | state | active | held | acknowledged |
//! | --- | --- | --- | --- |
//! | normal | no | no | yes |
//! | unacknowledged | yes | any | no |
//! | acknowledged | yes | any | yes |
//! | returned | no | no | no |
//! | latched | no | yes | no |
//! | latched-acknowledged | no | yes | yes |
//!
//! Out of service is shown before suppressed before shelved before all of these.

use super::effect::{Entry, Event};
use super::snapshot::AlarmState;
use crate::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is remembered of one alarm across a stop, a kill and an edit: rebuilt from the journal alone by [`remember`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmMemory {
    /// Number of the last occurrence; 0: there was none.
    pub occurrence: u64,
    /// The condition held when last seen.
    pub active: bool,
    /// Raised and not cleared since: what a latching alarm is held by.
    pub open: bool,
    /// Nothing waits for a person.
    pub acknowledged: bool,
    /// When the last occurrence was raised; microseconds UTC.
    pub raised: i64,
    /// When its condition began; microseconds UTC.
    pub began: i64,
    /// Who acknowledged it, and when.
    pub acknowledged_by: Option<(String, i64)>,
    /// End of a shelving; microseconds UTC.
    pub shelved_until: Option<i64>,
    /// Hidden by a formula when last seen; the formula decides anew after a start.
    pub suppressed: bool,
    /// Taken out of service by a person.
    pub out_of_service: bool,
}

impl Default for AlarmMemory {
    fn default() -> Self {
        Self {
            occurrence: 0,
            active: false,
            open: false,
            acknowledged: true,
            raised: 0,
            began: 0,
            acknowledged_by: None,
            shelved_until: None,
            suppressed: false,
            out_of_service: false,
        }
    }
}

impl AlarmMemory {
    /// Whether it is on a list of its own rather than the alarm list.
    pub const fn is_hidden(&self) -> bool {
        self.out_of_service || self.suppressed || self.shelved_until.is_some()
    }

    /// The state of the table; `latch`: whether the alarm latches.
    pub const fn state(&self, latch: bool) -> AlarmState {
        if self.out_of_service {
            AlarmState::OutOfService
        } else if self.suppressed {
            AlarmState::Suppressed
        } else if self.shelved_until.is_some() {
            AlarmState::Shelved
        } else {
            match (self.active, latch && self.open, self.acknowledged) {
                (true, _, false) => AlarmState::Unacknowledged,
                (true, _, true) => AlarmState::Acknowledged,
                (false, true, false) => AlarmState::Latched,
                (false, true, true) => AlarmState::LatchedAcknowledged,
                (false, false, false) => AlarmState::Returned,
                (false, false, true) => AlarmState::Normal,
            }
        }
    }

    /// The condition came: a new occurrence. While hidden it is counted and asks for nothing.
    pub fn raise(&mut self, occurrence: u64, raised: Utc, began: Utc) {
        self.occurrence = occurrence;
        self.active = true;
        self.raised = raised.0;
        self.began = began.0;
        if !self.is_hidden() {
            self.open = true;
            self.acknowledged = false;
            self.acknowledged_by = None;
        }
    }

    /// A person saw this occurrence.
    pub fn acknowledge(&mut self, by: String, at: Utc) {
        self.acknowledged = true;
        self.acknowledged_by = Some((by, at.0));
    }

    /// Back to normal, by return, acknowledgement or reset. While hidden only the condition is gone.
    pub fn clear(&mut self) {
        self.active = false;
        if !self.is_hidden() {
            self.open = false;
            self.acknowledged = true;
        }
    }
}

/// Brings memories up to a journal entry. Replaying a journal in order gives the state at its end; entries of a
/// checkpoint are not read here (the journal restores those memories itself).
pub fn remember(memories: &mut BTreeMap<Arc<str>, AlarmMemory>, entry: &Entry) {
    let Some(name) = &entry.alarm else { return };
    let changes_memory = !matches!(entry.event, Event::Refused | Event::Silenced);
    if !changes_memory {
        return;
    }
    let memory = memories.entry(Arc::clone(name)).or_default();
    match entry.event {
        Event::Raised => {
            let occurrence = entry.occurrence.unwrap_or(memory.occurrence + 1);
            memory.raise(occurrence, entry.time, entry.began.unwrap_or(entry.time));
        }
        Event::Acknowledged => {
            if entry.occurrence.is_none_or(|o| o == memory.occurrence) {
                let by = entry.by.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
                memory.acknowledge(by, entry.time);
            }
        }
        Event::Returned => memory.active = false,
        Event::Cleared => memory.clear(),
        Event::Reset => memory.open = false,
        Event::Shelved => memory.shelved_until = entry.until.map(|u| u.0),
        Event::Unshelved => memory.shelved_until = None,
        Event::Suppressed => memory.suppressed = true,
        Event::Unsuppressed => memory.suppressed = false,
        Event::OutOfService => memory.out_of_service = true,
        Event::InService => memory.out_of_service = false,
        Event::Refused
        | Event::Silenced
        | Event::Started
        | Event::Stopped
        | Event::LinkUp
        | Event::LinkDown
        | Event::Deployed
        | Event::ClockStepped
        | Event::WindowOpened
        | Event::WindowClosed
        | Event::Gap
        | Event::RecordingFault
        | Event::RecordingResumed
        | Event::HistorySetAside
        | Event::Checkpoint => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(event: Event, occurrence: u64, at: i64) -> Entry {
        let mut entry = Entry::new(Utc(at), event);
        entry.alarm = Some(Arc::from("tank1.level/high"));
        entry.occurrence = Some(occurrence);
        entry
    }

    fn after(entries: &[Entry], latch: bool) -> AlarmState {
        let mut memories = BTreeMap::new();
        for entry in entries {
            remember(&mut memories, entry);
        }
        memories["tank1.level/high"].state(latch)
    }

    #[test]
    fn the_journal_alone_rebuilds_each_state() {
        let raised = entry(Event::Raised, 1, 10);
        let acked = entry(Event::Acknowledged, 1, 20);
        let returned = entry(Event::Returned, 1, 30);
        let cleared = entry(Event::Cleared, 1, 40);
        assert_eq!(after(std::slice::from_ref(&raised), false), AlarmState::Unacknowledged);
        assert_eq!(after(&[raised.clone(), acked.clone()], false), AlarmState::Acknowledged);
        assert_eq!(after(&[raised.clone(), returned.clone()], false), AlarmState::Returned);
        assert_eq!(after(&[raised.clone(), returned.clone(), acked.clone()], false), AlarmState::Normal);
        assert_eq!(after(&[raised.clone(), acked.clone(), cleared], false), AlarmState::Normal);
        assert_eq!(after(&[raised.clone(), returned.clone()], true), AlarmState::Latched);
        assert_eq!(after(&[raised, acked, returned], true), AlarmState::LatchedAcknowledged);
    }

    #[test]
    fn an_acknowledgement_of_an_older_occurrence_leaves_the_newer_one_unacknowledged() {
        let entries = [entry(Event::Raised, 1, 10), entry(Event::Raised, 2, 20), entry(Event::Acknowledged, 1, 30)];
        assert_eq!(after(&entries, false), AlarmState::Unacknowledged);
    }

    #[test]
    fn what_comes_and_goes_while_hidden_asks_for_nothing() {
        let mut shelved = entry(Event::Shelved, 0, 5);
        shelved.until = Some(Utc(1_000));
        let entries =
            [shelved, entry(Event::Raised, 1, 10), entry(Event::Cleared, 1, 20), entry(Event::Unshelved, 1, 30)];
        assert_eq!(after(&entries[..2], false), AlarmState::Shelved);
        assert_eq!(after(&entries, false), AlarmState::Normal);
    }
}
