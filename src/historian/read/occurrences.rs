//! Occurrences of alarms: what the entries of one of them tell together.

use super::JournalReader;
use super::find::Order;
use crate::engine::{Event, Value};
use crate::historian::JournalError;
use crate::historian::row::Row;
use crate::historian::search::{Search, Wanted, is_of_name};
use crate::project::Priority;
use crate::time::{Span, Utc};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Occurrences of one answer at most.
pub const MOST_OCCURRENCES: usize = 10_000;

/// Entries of an alarm that are read behind the period for the end of an occurrence.
const MOST_BEHIND: usize = 64;

/// Which occurrences are wanted: those of a trend's pens in what it shows, or the last of one alarm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OccurrencesOf {
    /// Tags, devices or alarms, by their present or earlier names. Empty: of every alarm.
    pub names: Vec<Arc<str>>,
    /// Only what stood at this time or was raised after it.
    pub from: Option<Utc>,
    /// Only what was raised up to this time.
    pub to: Option<Utc>,
    /// So many of the newest; no more than `MOST_OCCURRENCES`.
    pub most: usize,
}

/// One occurrence of an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    /// Number of the entry that raised it.
    pub seq: u64,
    /// The alarm's full name then.
    pub alarm: Arc<str>,
    /// Which occurrence.
    pub occurrence: u64,
    /// Its priority then.
    pub priority: Option<Priority>,
    /// The value that raised it.
    pub value: Option<Value>,
    /// Of the value.
    pub unit: Option<Arc<str>>,
    /// When its condition began.
    pub began: Utc,
    /// When it was raised.
    pub raised: Utc,
    /// When its condition was gone. `None`: it stands, or another occurrence came first.
    pub returned: Option<Utc>,
    /// When, by whom and with what words it was acknowledged.
    pub acknowledged: Option<Acknowledged>,
}

/// An acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// When.
    pub at: Utc,
    /// By whom, as [`crate::engine::Actor`] prints it.
    pub by: String,
    /// What the person wrote.
    pub note: Option<Arc<str>>,
}

/// What tells of an occurrence.
const EVENTS: [Event; 4] = [Event::Raised, Event::Returned, Event::Cleared, Event::Acknowledged];

impl JournalReader {
    /// The occurrences that are wanted, newest first. `None`: `unwanted` was set meanwhile.
    pub fn occurrences(
        &self,
        of: &OccurrencesOf,
        unwanted: &AtomicBool,
    ) -> Result<Option<Vec<Occurrence>>, JournalError> {
        let most = of.most.clamp(1, MOST_OCCURRENCES);
        let names = of.names.clone();
        let search = Search { names, from: of.from, to: of.to, events: EVENTS.to_vec(), ..Search::default() };
        let wanted = self.wanted(&search)?;
        let mut gathering = Gathering::default();
        let walked = self.walk(&wanted, Order::NewestFirst, None, unwanted, &mut |row| {
            gathering.take(&row);
            if gathering.found.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let full = gathering.found.len() >= most;
        if !walked || !(full || self.find_beginnings(&mut gathering, of, &wanted, most, unwanted)?) {
            return Ok(None);
        }
        let mut found = gathering.found;
        found.sort_by_key(|occurrence| std::cmp::Reverse(occurrence.seq));
        let ended = match of.to {
            Some(to) => self.find_ends(&mut found, to, unwanted)?,
            None => true,
        };
        Ok(ended.then_some(found))
    }

    /// What was raised in the period may have ended, or been acknowledged, behind it.
    fn find_ends(&self, found: &mut [Occurrence], to: Utc, unwanted: &AtomicBool) -> Result<bool, JournalError> {
        let beyond = Some(self.first_at(to + Span(1))?.saturating_sub(1));
        let mut newest = HashSet::new();
        for occurrence in found {
            let is_newest = newest.insert(occurrence.alarm.clone());
            if !is_newest || (occurrence.returned.is_some() && occurrence.acknowledged.is_some()) {
                continue;
            }
            let mut left = MOST_BEHIND;
            let walked =
                self.walk(&of_alarm(&occurrence.alarm, &EVENTS), Order::OldestFirst, beyond, unwanted, &mut |row| {
                    left -= 1;
                    if left == 0 || row.occurrence != Some(occurrence.occurrence) {
                        return ControlFlow::Break(());
                    }
                    let mut end = End::default();
                    end.take(&row);
                    occurrence.returned = occurrence.returned.or(end.returned);
                    occurrence.acknowledged = occurrence.acknowledged.take().or(end.acknowledged);
                    ControlFlow::Continue(())
                })?;
            if !walked {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What stood when the period began was raised before it.
    fn find_beginnings(
        &self,
        gathering: &mut Gathering,
        of: &OccurrencesOf,
        wanted: &Wanted,
        most: usize,
        unwanted: &AtomicBool,
    ) -> Result<bool, JournalError> {
        let Some(from) = of.from else { return Ok(true) };
        let (first, memories) = self.memories_at(from)?;
        let standing = memories.into_iter().filter(|(name, memory)| {
            memory.active
                && !memory.is_hidden()
                && (wanted.names.is_empty() || wanted.names.iter().any(|n| is_of_name(name, n)))
        });
        let mut earlier: BTreeMap<(Arc<str>, u64), Option<Occurrence>> =
            gathering.ends.keys().map(|key| (key.clone(), None)).collect();
        for (name, memory) in standing {
            let known = Occurrence {
                seq: 0,
                alarm: name.clone(),
                occurrence: memory.occurrence,
                priority: None,
                value: None,
                unit: None,
                began: Utc(memory.began),
                raised: Utc(memory.raised),
                returned: None,
                acknowledged: memory.acknowledged_by.map(|(by, at)| Acknowledged { at: Utc(at), by, note: None }),
            };
            if !gathering.has(&name, memory.occurrence) {
                earlier.insert((name, memory.occurrence), Some(known));
            }
        }
        for ((alarm, number), known) in earlier {
            if gathering.found.len() >= most {
                break;
            }
            let mut raised = None;
            let mut end = gathering.ends.remove(&(alarm.clone(), number)).unwrap_or_default();
            let of_it = of_alarm(&alarm, &EVENTS);
            let walked = self.walk(&of_it, Order::NewestFirst, Some(first), unwanted, &mut |row| {
                // Only the last before the period can have stood, or waited for a person, when it began.
                if row.occurrence != Some(number) {
                    return ControlFlow::Break(());
                }
                end.take(&row);
                raised = Occurrence::raised_by(&row).filter(|_| row.event.as_ref() == Event::Raised.word());
                if raised.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            if !walked {
                return Ok(false);
            }
            let acknowledged = known.as_ref().and_then(|known| known.acknowledged.clone());
            // Where retention has cut off its beginning, what the alarm remembers of it is left.
            if let Some(mut occurrence) = raised.or(known) {
                occurrence.returned = end.returned;
                occurrence.acknowledged = end.acknowledged.or(acknowledged);
                gathering.found.push(occurrence);
            }
        }
        Ok(true)
    }
}

/// Entries of these events of one alarm.
fn of_alarm(alarm: &str, events: &[Event]) -> Wanted {
    Wanted::new(&Search { events: events.to_vec(), ..Search::default() }, vec![alarm.to_lowercase()])
}

impl Occurrence {
    fn raised_by(row: &Row) -> Option<Self> {
        Some(Self {
            seq: row.seq,
            alarm: row.alarm.clone()?,
            occurrence: row.occurrence?,
            priority: row.priority(),
            value: row.value.clone(),
            unit: row.unit.clone(),
            began: Utc(row.began.unwrap_or(row.time)),
            raised: Utc(row.time),
            returned: None,
            acknowledged: None,
        })
    }
}

/// What comes after the beginning of an occurrence.
#[derive(Debug, Default)]
struct End {
    returned: Option<Utc>,
    acknowledged: Option<Acknowledged>,
}

impl End {
    /// Entries come newest first or oldest first; what counts is the first time that the condition was gone.
    fn take(&mut self, row: &Row) {
        match Event::parse(&row.event) {
            Some(Event::Acknowledged) => {
                let by = row.actor().map(|actor| actor.to_string()).unwrap_or_default();
                self.acknowledged = Some(Acknowledged { at: Utc(row.time), by, note: row.note.clone() });
            }
            Some(Event::Returned | Event::Cleared) => {
                let before = self.returned.map_or(i64::MAX, |t| t.0);
                self.returned = Some(Utc(row.time.min(before)));
            }
            _ => {}
        }
    }
}

/// Entries, newest first, on their way to occurrences.
#[derive(Debug, Default)]
struct Gathering {
    found: Vec<Occurrence>,
    ends: HashMap<(Arc<str>, u64), End>,
}

impl Gathering {
    fn take(&mut self, row: &Row) {
        let (Some(alarm), Some(occurrence)) = (row.alarm.clone(), row.occurrence) else { return };
        if row.event.as_ref() != Event::Raised.word() {
            self.ends.entry((alarm, occurrence)).or_default().take(row);
        } else if let Some(mut raised) = Occurrence::raised_by(row) {
            let end = self.ends.remove(&(alarm, occurrence)).unwrap_or_default();
            (raised.returned, raised.acknowledged) = (end.returned, end.acknowledged);
            self.found.push(raised);
        }
    }

    fn has(&self, alarm: &str, occurrence: u64) -> bool {
        self.found.iter().any(|o| o.occurrence == occurrence && o.alarm.as_ref() == alarm)
    }
}
