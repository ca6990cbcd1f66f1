//! What is looked for in a journal, and whether an entry is that.
//!
//! Invariant: `Wanted::takes` alone decides. Indexes only bring fewer entries before it, so that a search finds the same
//! with them and without.

use super::row::Row;
use crate::engine::{Event, EventKind};
use crate::project::Priority;
use crate::time::Utc;
use std::sync::Arc;

/// What is looked for. What is left empty takes everything; what is given must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// First time.
    pub from: Option<Utc>,
    /// Last time, included.
    pub to: Option<Utc>,
    /// Tags, devices or alarms, by their present or earlier names, in any case: any of them. A tag takes all its alarms.
    pub names: Vec<Arc<str>>,
    /// Words, each the beginning of a word of the entry, in any case and order: of its alarm, device, note, event, priority
    /// or person.
    pub text: String,
    /// Words of the person: user, computer or name at the desk, as `text`.
    pub by: String,
    /// Any of them.
    pub priorities: Vec<Priority>,
    /// Any of them; empty: all but checkpoints, which are the program's own.
    pub events: Vec<Event>,
}

impl Search {
    /// Whether everything is wanted.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the events of a kind, but for checkpoints, which are the program's own.
    pub fn add_kind(&mut self, kind: EventKind) {
        let wanted = |event: &Event| event.kind() == kind && *event != Event::Checkpoint;
        self.events.extend(Event::ALL.iter().map(|(event, _)| *event).filter(wanted));
    }
}

/// A search as entries are held against it.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub from: i64,
    pub to: i64,
    /// In lower case, with earlier names.
    pub names: Vec<String>,
    pub text: Vec<String>,
    pub by: Vec<String>,
    pub priorities: Vec<&'static str>,
    pub events: Vec<&'static str>,
}

impl Wanted {
    /// `names`: those of the search and what they were called before.
    pub fn new(search: &Search, names: Vec<String>) -> Self {
        Self {
            from: search.from.map_or(i64::MIN, |t| t.0),
            to: search.to.map_or(i64::MAX, |t| t.0),
            names,
            text: words(&search.text),
            by: words(&search.by),
            priorities: search.priorities.iter().map(|p| p.word()).collect(),
            events: search.events.iter().map(|e| e.word()).collect(),
        }
    }

    /// Whether the entry is wanted.
    pub fn takes(&self, row: &Row) -> bool {
        let any =
            |wanted: &[&str], field: Option<&str>| wanted.is_empty() || field.is_some_and(|f| wanted.contains(&f));
        let event = row.event.as_ref();
        (self.from..=self.to).contains(&row.time)
            && (any(&self.events, Some(event)) && (!self.events.is_empty() || event != Event::Checkpoint.word()))
            && any(&self.priorities, row.priority.as_deref())
            && (self.names.is_empty() || self.names.iter().any(|name| is_of(row, name)))
            && all_begin(&self.by, &people(row))
            && all_begin(&self.text, &fields(row))
    }
}

/// Whether an entry is of this tag, device or alarm; the name in lower case.
fn is_of(row: &Row, name: &str) -> bool {
    [&row.alarm, &row.subject].into_iter().flatten().any(|field| is_of_name(field, name))
}

/// Whether this is the tag, device or alarm of that name, or an alarm of it; the name in lower case.
pub(super) fn is_of_name(field: &str, name: &str) -> bool {
    field.to_lowercase().strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The fields that words are looked for in.
pub(super) fn fields(row: &Row) -> [Option<&str>; 8] {
    let [user, computer, desk] = people(row);
    let note = row.note.as_deref().filter(|_| row.event.as_ref() != Event::Checkpoint.word());
    [
        row.alarm.as_deref(),
        row.subject.as_deref(),
        note,
        Some(row.event.as_ref()),
        row.priority.as_deref(),
        user,
        computer,
        desk,
    ]
}

pub(super) fn people(row: &Row) -> [Option<&str>; 3] {
    [row.user.as_deref(), row.computer.as_deref(), row.desk.as_deref()]
}

/// Words of a text in lower case: what lies between characters that are neither letters nor digits.
pub(super) fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether each of these words begins a word of one of the fields.
fn all_begin(wanted: &[String], fields: &[Option<&str>]) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let there: Vec<String> = fields.iter().flatten().flat_map(|field| words(field)).collect();
    wanted.iter().all(|word| there.iter().any(|there| there.starts_with(word.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Actor, Entry};

    fn row() -> Row {
        let mut entry = Entry::new(Utc(1_000), Event::Acknowledged);
        entry.alarm = Some("Tank1.level/high".into());
        entry.priority = Some(Priority::High);
        entry.by = Some(Actor { user: "anna".into(), computer: "desk-1".into(), desk: Some("Ännchen O'Neil".into()) });
        entry.note = Some("opened the Drain; level falls".into());
        Row::from_entry(1, &entry)
    }

    fn takes(change: impl FnOnce(&mut Search)) -> bool {
        let mut search = Search::default();
        change(&mut search);
        let names = search.names.iter().map(|name| name.to_lowercase()).collect();
        Wanted::new(&search, names).takes(&row())
    }

    #[test]
    fn every_part_of_a_search_must_hold() {
        assert!(takes(|_| {}));
        assert!(takes(|s| s.text = "DRAIN open".into()));
        assert!(takes(|s| s.text = "tank1.lev".into()));
        assert!(!takes(|s| s.text = "rain".into()), "words are found from their beginning");
        assert!(takes(|s| s.by = "änn".into()));
        assert!(takes(|s| s.by = "desk-1".into()));
        assert!(!takes(|s| s.by = "drain".into()));
        assert!(takes(|s| s.priorities = vec![Priority::Critical, Priority::High]));
        assert!(!takes(|s| s.priorities = vec![Priority::Low]));
        assert!(takes(|s| (s.from, s.to) = (Some(Utc(1_000)), Some(Utc(1_000)))));
        assert!(!takes(|s| s.from = Some(Utc(1_001))));
        assert!(!takes(|s| s.to = Some(Utc(999))));
        assert!(takes(|s| s.add_kind(EventKind::Act)));
        assert!(!takes(|s| s.add_kind(EventKind::Alarm)));
        assert!(!takes(|s| (s.text, s.priorities) = ("drain".into(), vec![Priority::Low])));
    }

    #[test]
    fn a_tag_takes_its_alarms_and_no_others() {
        assert!(takes(|s| s.names = vec!["tank1.LEVEL".into()]));
        assert!(takes(|s| s.names = vec!["pump1.flow".into(), "tank1.level/high".into()]));
        assert!(!takes(|s| s.names = vec!["tank1".into()]));
        assert!(!takes(|s| s.names = vec!["tank1.level/high-high".into()]));
    }

    #[test]
    fn checkpoints_are_found_by_their_name_alone() {
        let mut entry = Entry::new(Utc(0), Event::Checkpoint);
        entry.note = Some("{\"tank1.level/high\":{}}".into());
        let row = Row::from_entry(1, &entry);
        let takes = |search: &Search| Wanted::new(search, Vec::new()).takes(&row);
        assert!(!takes(&Search::default()));
        assert!(!takes(&Search { text: "tank1".into(), ..Search::default() }));
        assert!(takes(&Search { events: vec![Event::Checkpoint], ..Search::default() }));
    }
}
