//! A hand-over: what happened since a time, and what is handed on, from journal entries in their order.
//!
//! Invariant: nothing that stands, is hidden or is out of reach is left out of the numbers; of long lists the first
//! [`MOST`] are told, and how many more there are.

mod html;

use super::alarm::{AlarmMemory, remember};
use super::effect::{Entry, Event};
use super::plan::Plan;
use super::snapshot::AlarmState;
use super::value::Value;
use crate::project::Priority;
use crate::time::Utc;
pub use html::{Heading, html};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Lines of a list at most.
pub const MOST: usize = 300;

/// Alarms told apart; a plant has less.
const MOST_ALARMS: usize = 200_000;

type Memories = BTreeMap<Arc<str>, AlarmMemory>;

/// A list that is cut where nobody would read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The first [`MOST`].
    pub first: Vec<T>,
    /// How many more there are.
    pub more: u64,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { first: Vec::new(), more: 0 }
    }
}

impl<T> Listed<T> {
    fn of(mut all: Vec<T>) -> Self {
        let more = all.len().saturating_sub(MOST) as u64;
        all.truncate(MOST);
        Self { first: all, more }
    }

    fn push(&mut self, item: T) {
        if self.first.len() < MOST {
            self.first.push(item);
        } else {
            self.more += 1;
        }
    }

    /// All of them.
    pub fn all(&self) -> u64 {
        self.first.len() as u64 + self.more
    }
}

/// An alarm with all that the next shift has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// Its full name.
    pub alarm: Arc<str>,
    /// Of the project that is in force, else of its last entry.
    pub priority: Option<Priority>,
    /// What has happened, as the project says.
    pub message: Arc<str>,
    /// What to do, as the project says.
    pub response: Option<Arc<str>>,
    /// As it is now.
    pub state: AlarmState,
    /// Occurrences since the hand-over before.
    pub raised: u64,
    /// When it was last raised.
    pub last_raised: Utc,
    /// The value with which it was raised last, with its unit; where it was not, that of its first entry.
    pub value: String,
    /// Who acknowledged the last occurrence, and when.
    pub acknowledged: Option<(String, Utc)>,
    /// The last words that a person wrote to it since.
    pub note: Option<Arc<str>>,
    /// Of one that is hidden: until when, by whom, why.
    pub hidden: Option<Hidden>,
}

/// Why an alarm is not in the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hidden {
    /// End of a shelving.
    pub until: Option<Utc>,
    /// By whom; nobody, where a formula hides it.
    pub by: Option<String>,
    /// Why, as the person wrote it.
    pub reason: Option<String>,
}

/// What a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When.
    pub time: Utc,
    /// What.
    pub event: Event,
    /// To which alarm.
    pub alarm: Option<Arc<str>>,
    /// Who.
    pub by: String,
    /// What the person wrote, or why it was refused.
    pub note: Option<Arc<str>>,
    /// The value that was seen.
    pub value: String,
}

/// A time in which something was not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// The device; of a gap in the records what was not recorded.
    pub what: Arc<str>,
    /// Beginning. `None`: before the period.
    pub from: Option<Utc>,
    /// End. `None`: it lasts.
    pub to: Option<Utc>,
    /// Why.
    pub why: Arc<str>,
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handover {
    /// What happened from then on is told.
    pub since: Utc,
    /// When it was written.
    pub until: Utc,
    /// Raised since and shown: with what stands first, then by priority.
    pub new: Listed<Handed>,
    /// Stood before, and stands.
    pub standing: Listed<Handed>,
    /// Shelved, suppressed, out of service.
    pub hidden: Listed<Handed>,
    /// Acts with words, and all that hid an alarm or was refused.
    pub acts: Listed<Act>,
    /// Acknowledgements without a word.
    pub silent_acknowledgements: u64,
    /// Links that were lost.
    pub links: Listed<Outage>,
    /// Times in which nothing was recorded or watched.
    pub gaps: Listed<Outage>,
    /// Projects put into force, steps of the clock, what was cut or set aside.
    pub system: Listed<(Utc, Event, Arc<str>)>,
    /// Who acted.
    pub people: BTreeSet<String>,
    /// Occurrences shown since.
    pub annunciated: u64,
}

/// Writes a hand-over. Entries come in the order of the journal.
#[derive(Debug)]
pub struct Writing<'a> {
    plan: &'a Plan,
    handover: Handover,
    memories: Memories,
    seen: BTreeMap<Arc<str>, Seen>,
    /// When the program was last heard of before it stood still.
    stopped: Option<(Utc, Arc<str>)>,
    last: Option<Utc>,
}

/// What entries said of an alarm.
#[derive(Debug, Clone, Default)]
struct Seen {
    raised: u64,
    priority: Option<Priority>,
    value: String,
    note: Option<Arc<str>>,
}

impl<'a> Writing<'a> {
    /// Begins at `since`; `memories`: what the alarms remembered then; `plan`: what the project that is in force says of them.
    pub fn new(since: Utc, memories: Memories, plan: &'a Plan) -> Self {
        Self {
            plan,
            handover: Handover { since, ..Handover::default() },
            memories,
            seen: BTreeMap::new(),
            stopped: None,
            last: None,
        }
    }

    /// The last entry before the first that is taken: it tells whether the program ran then, and how it had ended.
    #[must_use]
    pub fn after(mut self, before: &Entry) -> Self {
        self.stopped = (before.event == Event::Stopped).then(|| (before.time, "stopped".into()));
        self.last = Some(before.time);
        self
    }

    /// Takes the next entry.
    pub fn take(&mut self, entry: &Entry) {
        let hidden_before =
            entry.alarm.as_ref().and_then(|name| self.memories.get(name)).is_some_and(AlarmMemory::is_hidden);
        if entry
            .alarm
            .as_ref()
            .is_some_and(|name| self.memories.contains_key(name) || self.memories.len() < MOST_ALARMS)
        {
            remember(&mut self.memories, entry);
        }
        if let Some(name) = &entry.alarm {
            self.see(name, entry, hidden_before);
        }
        if let Some(by) = &entry.by {
            self.act(&by.to_string(), entry);
        }
        self.system(entry);
        self.last = Some(entry.time);
    }

    fn see(&mut self, name: &Arc<str>, entry: &Entry, hidden_before: bool) {
        if !self.seen.contains_key(name) && self.seen.len() >= MOST_ALARMS {
            return;
        }
        let seen = self.seen.entry(name.clone()).or_default();
        seen.priority = entry.priority.or(seen.priority);
        // It stands beside the time at which it was raised.
        if entry.event == Event::Raised || seen.value.is_empty() {
            seen.value = value_words(self.plan, entry);
        }
        if entry.event == Event::Raised && !hidden_before {
            seen.raised += 1;
            self.handover.annunciated += 1;
        }
        if entry.by.is_some() && entry.note.is_some() && entry.event != Event::Refused {
            seen.note.clone_from(&entry.note);
        }
    }

    fn act(&mut self, by: &str, entry: &Entry) {
        if self.handover.people.len() < MOST {
            self.handover.people.insert(by.to_owned());
        }
        let telling = match entry.event {
            Event::Acknowledged if entry.note.is_none() => {
                self.handover.silent_acknowledgements += 1;
                false
            }
            Event::Acknowledged
            | Event::Refused
            | Event::Shelved
            | Event::Unshelved
            | Event::OutOfService
            | Event::InService
            | Event::Reset
            | Event::Forced
            | Event::Released
            | Event::Simulated
            | Event::SimulationEnded => true,
            _ => false,
        };
        if telling {
            self.handover.acts.push(Act {
                time: entry.time,
                event: entry.event,
                alarm: entry.alarm.clone().or_else(|| entry.subject.clone()),
                by: by.to_owned(),
                note: entry.note.clone(),
                value: value_words(self.plan, entry),
            });
        }
    }

    fn system(&mut self, entry: &Entry) {
        let Handover { links, gaps, system, .. } = &mut self.handover;
        let subject = || entry.subject.clone().unwrap_or_default();
        let why = || entry.note.clone().unwrap_or_default();
        match entry.event {
            Event::LinkDown => {
                links.push(Outage { what: subject(), from: Some(entry.time), to: None, why: why() });
            }
            Event::LinkUp => end(links, &subject(), entry.time, false),
            Event::RecordingFault => {
                gaps.push(Outage { what: SAMPLES.into(), from: Some(entry.time), to: None, why: why() });
            }
            Event::RecordingResumed => end(gaps, SAMPLES, entry.time, true),
            Event::Gap => {
                gaps.push(Outage { what: JOURNAL.into(), from: self.last, to: Some(entry.time), why: why() });
            }
            Event::Stopped => self.stopped = Some((entry.time, "stopped".into())),
            Event::Started => {
                // What was down when the program ended is not known to be so any more.
                let open = links.first.iter_mut().chain(&mut gaps.first).filter(|outage| outage.to.is_none());
                open.for_each(|outage| outage.to = Some(entry.time));
                let ended = self.stopped.take().or_else(|| Some((self.last?, "ended without a stop".into())));
                // Where nothing came before, the plant was not watched yet.
                if let Some((at, why)) = ended {
                    gaps.push(Outage { what: WATCH.into(), from: Some(at), to: Some(entry.time), why });
                }
            }
            Event::Deployed
            | Event::ClockStepped
            | Event::HistorySetAside
            | Event::HistoryDamaged
            | Event::HistorySalvaged
            | Event::Trimmed => {
                system.push((entry.time, entry.event, why()));
            }
            _ => {}
        }
    }

    /// The hand-over as of `until`.
    pub fn finish(mut self, until: Utc) -> Handover {
        let plan = self.plan;
        let (mut new, mut standing, mut hidden) = (Vec::new(), Vec::new(), Vec::new());
        for (name, memory) in &self.memories {
            let seen = self.seen.get(name);
            let rule = plan.alarm_id(name).and_then(|id| plan.alarm(id));
            let state = memory.state(rule.is_some_and(|rule| rule.latch));
            let raised = seen.map_or(0, |seen| seen.raised);
            if raised == 0 && state == AlarmState::Normal {
                continue;
            }
            let handed = Handed {
                alarm: name.clone(),
                priority: rule.map(|rule| rule.priority).or_else(|| seen?.priority),
                message: rule.map(|rule| rule.message.clone()).unwrap_or_default(),
                response: rule.and_then(|rule| rule.response.clone()),
                state,
                raised,
                last_raised: Utc(memory.raised),
                value: seen.map(|seen| seen.value.clone()).unwrap_or_default(),
                acknowledged: memory.acknowledged_by.as_ref().map(|(by, at)| (by.clone(), Utc(*at))),
                note: seen.and_then(|seen| seen.note.clone()),
                hidden: state.is_hidden().then(|| why_hidden(memory)),
            };
            if state.is_hidden() {
                hidden.push(handed);
            } else if raised == 0 {
                standing.push(handed);
            } else {
                new.push(handed);
            }
        }
        let urgency = |handed: &Handed| {
            let rank = match handed.state {
                state if state.needs_acknowledgement() => 0,
                AlarmState::Normal => 2,
                _ => 1,
            };
            (rank, handed.priority, std::cmp::Reverse(handed.last_raised))
        };
        for list in [&mut new, &mut standing, &mut hidden] {
            list.sort_by_key(urgency);
        }
        self.handover.until = until;
        self.handover.new = Listed::of(new);
        self.handover.standing = Listed::of(standing);
        self.handover.hidden = Listed::of(hidden);
        self.handover
    }
}

const SAMPLES: &str = "recording of samples";
const JOURNAL: &str = "journal";
const WATCH: &str = "watch over the plant";

/// Ends the last open outage of `what`; one that began before the period, where `alone` does not say otherwise.
fn end(outages: &mut Listed<Outage>, what: &str, at: Utc, alone: bool) {
    let open = outages.first.iter_mut().rev().find(|outage| outage.what.as_ref() == what);
    match open {
        Some(outage) if outage.to.is_none() => outage.to = Some(at),
        None if alone => {
            outages.push(Outage { what: what.into(), from: None, to: Some(at), why: Arc::default() });
        }
        // There without having been lost: connected for the first time after a start.
        Some(_) | None => {}
    }
}

fn why_hidden(memory: &AlarmMemory) -> Hidden {
    let hand = if memory.out_of_service {
        memory.out_of_service_by.as_ref()
    } else if memory.suppressed {
        None
    } else {
        memory.shelved_by.as_ref()
    };
    Hidden {
        until: memory.shelved_until.filter(|_| !memory.out_of_service && !memory.suppressed).map(Utc),
        by: hand.map(|hand| hand.by.clone()),
        reason: hand.and_then(|hand| hand.reason.clone()),
    }
}

/// The value of an entry with its unit, or the word of its state; a bad one is not told as if it were good.
fn value_words(plan: &Plan, entry: &Entry) -> String {
    let Some(value) = &entry.value else { return String::new() };
    let tag = entry.alarm.as_deref().and_then(|alarm| plan.tag(plan.tag_id(alarm.split_once('/')?.0)?));
    let label = tag.and_then(|tag| tag.tag.labels.word(value.as_state()?));
    let unit = entry.unit.as_deref().filter(|unit| !unit.is_empty());
    let words = match (label, value, unit) {
        (Some(label), ..) => label.to_owned(),
        (None, Value::F64(v), unit) => {
            let number = crate::text::rounded(*v, tag.and_then(|tag| tag.tag.decimals));
            unit.map_or(number.clone(), |unit| format!("{number} {unit}"))
        }
        (None, other, Some(unit)) => format!("{other} {unit}"),
        (None, other, None) => other.to_string(),
    };
    match entry.quality {
        Some(quality) if quality.is_bad() => format!("{words} ({quality})"),
        Some(_) | None => words,
    }
}

#[cfg(test)]
mod tests;
