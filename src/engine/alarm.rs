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

use super::coming::Coming;
use super::command::Actor;
use super::effect::{Entry, Event};
use super::simulating::REMEMBERED;
use super::snapshot::AlarmState;
use super::value::Value;
use crate::time::Utc;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is remembered of one alarm across a stop, a kill and an edit: rebuilt from the journal alone by [`remember`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Who shelved it, while it is shelved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelved_by: Option<Hand>,
    /// Who took it out of service, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_service_by: Option<Hand>,
    /// Since when a formula hides it; microseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_since: Option<i64>,
    /// It came back from being hidden at this time, and nobody has acknowledged it since; microseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Back>,
    /// When its condition last went; microseconds UTC. Older checkpoints do not say.
    #[serde(default)]
    pub returned: i64,
    /// The limit that it was last judged by, as far as the journal says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// The group that the last occurrence was the first of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_out_of: Option<Box<str>>,
    /// What else was told of the last occurrence when it was raised: `found at start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Box<str>>,
    /// Occurrences that came since it was last hidden, while it was.
    #[serde(default)]
    pub came_hidden: u32,
    /// Under the name of a tag, which no alarm bears: it was forced, by whom and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forced: Option<Box<Hand>>,
}

/// Whose hand hid an alarm, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hand {
    /// Who.
    pub by: String,
    /// When; microseconds UTC.
    pub at: i64,
    /// Why, as the person wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Hand {
    /// Of an act as it is journaled.
    pub fn new(by: Option<&Actor>, at: Utc, reason: Option<&str>) -> Self {
        let by = by.map_or_else(|| "unknown".to_owned(), ToString::to_string);
        Self { by, at: at.0, reason: reason.map(str::to_owned) }
    }
}

/// What an alarm came back from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    /// When; microseconds UTC.
    pub at: i64,
    /// Its shelving ended, or its suppression, or it was put back in service.
    pub from: Hiding,
}

/// What hides an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hiding {
    /// A person, for a time.
    Shelved,
    /// A formula, by design.
    Suppressed,
    /// A person, until it is put back.
    OutOfService,
}

/// The limit that an alarm is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Limit {
    /// This one, in the unit of the alarm's kind.
    At(f64),
    /// In this state of the plant there is none: the condition does not hold, whatever the value is.
    Off,
}

impl Limit {
    /// From a row: `false` is none.
    pub const fn of(limit: Option<f64>) -> Self {
        match limit {
            Some(limit) => Self::At(limit),
            None => Self::Off,
        }
    }

    /// The number; `None`: there is no limit.
    pub const fn number(self) -> Option<f64> {
        match self {
            Self::At(limit) => Some(limit),
            Self::Off => None,
        }
    }

    /// With its unit, as the journal says it: `80 m³/h`, `none`.
    pub fn words(self, unit: &str) -> String {
        match self {
            Self::At(_) if !unit.is_empty() => format!("{self} {unit}"),
            Self::At(_) | Self::Off => self.to_string(),
        }
    }
}

/// Exact, without its unit: `80`, `none`. As text, because not every reader of JSON keeps the last bit of a number.
impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::At(limit) => write!(f, "{limit}"),
            Self::Off => f.write_str("none"),
        }
    }
}

impl From<Limit> for String {
    fn from(limit: Limit) -> Self {
        limit.to_string()
    }
}

impl TryFrom<String> for Limit {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("\"{text}\" is no limit"))
    }
}

impl Limit {
    /// From what [`Limit`] is shown as.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "none" {
            return Some(Self::Off);
        }
        text.parse().ok().filter(|limit: &f64| limit.is_finite()).map(Self::At)
    }
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
            shelved_by: None,
            out_of_service_by: None,
            suppressed_since: None,
            back: None,
            returned: 0,
            limit: None,
            first_out_of: None,
            why: None,
            came_hidden: 0,
            forced: None,
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
    pub fn raise(&mut self, occurrence: u64, raised: Utc, began: Utc, coming: &Coming) {
        self.occurrence = occurrence;
        self.active = true;
        self.raised = raised.0;
        self.began = began.0;
        // What comes back is raised at that very time; a later occurrence is one like any other.
        self.back = self.back.filter(|back| back.at == raised.0);
        self.limit = coming.limit.or(self.limit);
        self.first_out_of = coming.first_out_of.as_deref().map(Box::from);
        self.why = coming.why.as_deref().map(Box::from);
        if self.is_hidden() {
            self.came_hidden = self.came_hidden.saturating_add(1);
        } else {
            self.open = true;
            self.acknowledged = false;
            self.acknowledged_by = None;
        }
    }

    /// The condition is gone, and the alarm waits for a person.
    pub fn return_at(&mut self, at: Utc) {
        if self.active {
            self.returned = at.0;
        }
        self.active = false;
    }

    /// A person saw this occurrence.
    pub fn acknowledge(&mut self, by: String, at: Utc) {
        self.acknowledged = true;
        self.acknowledged_by = Some((by, at.0));
        self.back = None;
    }

    /// The first reason to hide it begins a new count of what comes meanwhile.
    const fn begin_hiding(&mut self) {
        if !self.is_hidden() {
            self.came_hidden = 0;
        }
    }

    /// A person hides it until a time.
    pub fn shelve(&mut self, until: Option<Utc>, hand: Hand) {
        self.begin_hiding();
        self.shelved_until = until.map(|u| u.0);
        self.shelved_by = Some(hand);
        self.back = None;
    }

    /// A formula hides it.
    pub const fn suppress(&mut self, at: Utc) {
        self.begin_hiding();
        self.suppressed = true;
        self.suppressed_since = Some(at.0);
        self.back = None;
    }

    /// A person takes it out of service.
    pub fn take_out_of_service(&mut self, hand: Hand) {
        self.begin_hiding();
        self.out_of_service = true;
        self.out_of_service_by = Some(hand);
        self.back = None;
    }

    /// One reason to hide it ends. Where it was the last one, and there is anything to see, it bears the mark of it until
    /// somebody acknowledges it.
    pub fn unhide(&mut self, from: Hiding, at: Utc) {
        match from {
            Hiding::Shelved => (self.shelved_until, self.shelved_by) = (None, None),
            Hiding::Suppressed => (self.suppressed, self.suppressed_since) = (false, None),
            Hiding::OutOfService => (self.out_of_service, self.out_of_service_by) = (false, None),
        }
        let asks = self.active || !self.acknowledged;
        self.back = (!self.is_hidden() && asks).then_some(Back { at: at.0, from });
    }

    /// Back to normal, by return, acknowledgement or reset. While hidden only the condition is gone.
    pub fn clear(&mut self, at: Utc) {
        self.return_at(at);
        if !self.is_hidden() {
            self.open = false;
            self.acknowledged = true;
            self.back = None;
        }
    }
}

/// Brings memories up to a journal entry. Replaying a journal in order gives the state at its end; entries of a
/// checkpoint are not read here (the journal restores those memories itself).
pub fn remember(memories: &mut BTreeMap<Arc<str>, AlarmMemory>, entry: &Entry) {
    match (entry.event, &entry.subject) {
        (Event::Forced, Some(tag)) => {
            let hand = Some(Box::new(hand_of(entry)));
            memories.insert(Arc::clone(tag), AlarmMemory { forced: hand, ..AlarmMemory::default() });
        }
        (Event::Released, Some(tag)) => {
            memories.remove(tag);
        }
        (Event::Simulated, Some(device)) => {
            let hand = Some(Box::new(hand_of(entry)));
            let memory = AlarmMemory { forced: hand, ..AlarmMemory::default() };
            memories.insert(format!("{REMEMBERED}{device}").into(), memory);
        }
        (Event::SimulationEnded, Some(device)) => {
            memories.remove(format!("{REMEMBERED}{device}").as_str());
        }
        _ => {}
    }
    let Some(name) = &entry.alarm else { return };
    let changes_memory = !matches!(entry.event, Event::Refused | Event::Silenced);
    if !changes_memory {
        return;
    }
    let memory = memories.entry(Arc::clone(name)).or_default();
    match entry.event {
        Event::Raised => {
            let occurrence = entry.occurrence.unwrap_or(memory.occurrence + 1);
            let coming = entry.note.as_deref().map(Coming::parse).unwrap_or_default();
            memory.raise(occurrence, entry.time, entry.began.unwrap_or(entry.time), &coming);
        }
        Event::Acknowledged => {
            if entry.occurrence.is_none_or(|o| o == memory.occurrence) {
                let by = entry.by.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
                memory.acknowledge(by, entry.time);
            }
        }
        Event::Returned => memory.return_at(entry.time),
        Event::Cleared => memory.clear(entry.time),
        Event::Reset => memory.open = false,
        Event::Shelved => memory.shelve(entry.until, hand_of(entry)),
        Event::Unshelved => memory.unhide(Hiding::Shelved, entry.time),
        Event::Suppressed => memory.suppress(entry.time),
        Event::Unsuppressed => memory.unhide(Hiding::Suppressed, entry.time),
        Event::OutOfService => memory.take_out_of_service(hand_of(entry)),
        Event::InService => memory.unhide(Hiding::OutOfService, entry.time),
        Event::LimitChanged => memory.limit = Some(Limit::of(entry.value.as_ref().and_then(Value::as_f64))),
        Event::Refused
        | Event::Silenced
        | Event::Forced
        | Event::Released
        | Event::Simulated
        | Event::SimulationEnded
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
        | Event::HistoryDamaged
        | Event::HistorySalvaged
        | Event::HornSilent
        | Event::HornReady
        | Event::HornOff
        | Event::Trimmed
        | Event::Checkpoint => {}
    }
}

fn hand_of(entry: &Entry) -> Hand {
    Hand::new(entry.by.as_ref(), entry.time, entry.note.as_deref())
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

    #[test]
    fn an_alarm_that_is_hidden_knows_by_whom_and_why_and_one_that_comes_back_bears_a_mark_until_it_is_acknowledged() {
        let mut shelved = entry(Event::Shelved, 0, 5);
        (shelved.until, shelved.note) = (Some(Utc(1_000)), Some("chattering".into()));
        shelved.by = Some(Actor { user: "ada".into(), computer: "control1".into(), desk: None });
        let entries =
            [entry(Event::Raised, 1, 1), shelved, entry(Event::Unshelved, 1, 30), entry(Event::Raised, 2, 30)];
        let memory = |entries: &[Entry]| {
            let mut memories = BTreeMap::new();
            for entry in entries {
                remember(&mut memories, entry);
            }
            memories["tank1.level/high"].clone()
        };
        let hand = Hand { by: "ada@control1".to_owned(), at: 5, reason: Some("chattering".to_owned()) };
        assert_eq!(memory(&entries[..2]).shelved_by, Some(hand));
        let back = Some(Back { at: 30, from: Hiding::Shelved });
        let returned = memory(&entries);
        assert_eq!((returned.shelved_by, returned.back), (None, back));
        let with = |more: Entry| memory(&[entries.to_vec(), vec![more]].concat()).back;
        assert_eq!(with(entry(Event::Returned, 2, 40)), back, "it still asks");
        assert_eq!(with(entry(Event::Acknowledged, 2, 40)), None);
        assert_eq!(with(entry(Event::Raised, 3, 50)), None, "a later occurrence is one like any other");
        assert_eq!(memory(&[entry(Event::Shelved, 0, 5), entry(Event::Unshelved, 0, 30)]).back, None, "nothing to see");
    }
}
