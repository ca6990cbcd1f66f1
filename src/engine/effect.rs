//! All that the engine can ask of the world, as one closed list.

use super::command::Actor;
use super::plan::TagId;
use super::{Quality, Value};
use crate::project::Priority;
use crate::time::Utc;
use std::sync::Arc;

/// Number of a journal entry within this run of the program, in order, from one. The journal gives it its lasting number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ticket(pub u64);

/// A sample to record: what a tag was at one instant, and how far that may be trusted.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Which tag, of the plan in force.
    pub tag: TagId,
    /// Source time where the device gives one that is believed, otherwise time of receipt.
    pub time: Utc,
    /// `None` exactly where the quality is bad.
    pub value: Option<Value>,
    /// How far to be trusted.
    pub quality: Quality,
    /// The reason in words, where there is more to say than the quality does.
    pub detail: Option<Arc<str>>,
}

/// Something the engine asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write this down, synced, and say [`super::Input::Durable`]. Boxed, because samples are a million times as many.
    Journal(Ticket, Box<Entry>),
    /// Record this sample. Nothing is answered.
    Record(Record),
}

/// One line of the journal, before it has its sequence number and hash.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When it happened.
    pub time: Utc,
    /// What happened.
    pub event: Event,
    /// `tank1.level/high`, of alarm events.
    pub alarm: Option<Arc<str>>,
    /// Which occurrence, of alarm events.
    pub occurrence: Option<u64>,
    /// Of alarm events.
    pub priority: Option<Priority>,
    /// The value at that time; of a limit that changed the new one.
    pub value: Option<Value>,
    /// Its quality.
    pub quality: Option<Quality>,
    /// Its unit.
    pub unit: Option<Arc<str>>,
    /// Who did it.
    pub by: Option<Actor>,
    /// What the person wrote, the reason of a refusal, the device and its fault; of a new occurrence the limit, and what
    /// else there is to say of its coming (see [`super::coming`]).
    pub note: Option<Arc<str>>,
    /// When the condition began, where that is not the time of the entry.
    pub began: Option<Utc>,
    /// End of a shelving.
    pub until: Option<Utc>,
    /// Device of a link event; tag of a quality event.
    pub subject: Option<Arc<str>>,
}

impl Entry {
    /// An entry with nothing but its time and event.
    pub const fn new(time: Utc, event: Event) -> Self {
        Self {
            time,
            event,
            alarm: None,
            occurrence: None,
            priority: None,
            value: None,
            quality: None,
            unit: None,
            by: None,
            note: None,
            began: None,
            until: None,
            subject: None,
        }
    }
}

/// An entry as one JSON line, in the order of the contract; what is not known is left out.
#[derive(serde::Serialize)]
struct JsonLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    time: String,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    alarm: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    occurrence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quality: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

impl Entry {
    /// One JSON line as `journal` and `rehearse` print it; `seq`: its lasting number, where it has one.
    pub fn json_line(&self, seq: Option<u64>) -> String {
        let line = JsonLine {
            seq,
            time: self.time.to_rfc3339(),
            event: self.event.word(),
            alarm: self.alarm.as_deref(),
            occurrence: self.occurrence,
            priority: self.priority.map(Priority::word),
            value: self.value.as_ref().map(Value::to_json),
            quality: self.quality.map(|q| q.to_string()),
            unit: self.unit.as_deref(),
            subject: self.subject.as_deref(),
            by: self.by.as_ref().map(ToString::to_string),
            note: self.note.as_deref(),
            began: self.began.map(Utc::to_rfc3339),
            until: self.until.map(Utc::to_rfc3339),
        };
        // Strings, numbers and booleans alone: there is nothing that could fail to become JSON.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// Journal words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A new occurrence.
    Raised,
    /// Seen by a person.
    Acknowledged,
    /// The condition is gone, and the alarm waits for acknowledgement or reset.
    Returned,
    /// Back to normal.
    Cleared,
    /// A person asked for something the alarm does not allow.
    Refused,
    /// Hidden for a time.
    Shelved,
    /// No longer hidden by shelving.
    Unshelved,
    /// Hidden by design.
    Suppressed,
    /// No longer hidden by design.
    Unsuppressed,
    /// Taken out of service.
    OutOfService,
    /// Back in service.
    InService,
    /// A latch was ended.
    Reset,
    /// It is judged by another limit; the value is that limit, none where there is none, and the note says why.
    LimitChanged,
    /// The horn was quieted.
    Silenced,
    /// A person forced a value by hand: the subject is the tag.
    Forced,
    /// A forced tag has its device's value again; the note says why, where no person did it.
    Released,
    /// A person began to simulate a device: the subject.
    Simulated,
    /// A simulated device speaks for itself again; the note says why, where no person did it.
    SimulationEnded,
    /// The program began to watch.
    Started,
    /// The program stopped watching, as asked.
    Stopped,
    /// A device's link came up.
    LinkUp,
    /// A device's link was lost.
    LinkDown,
    /// A project was put into force.
    Deployed,
    /// The wall clock was stepped.
    ClockStepped,
    /// A window was opened.
    WindowOpened,
    /// A window was closed.
    WindowClosed,
    /// Entries were lost because the disk refused; the note says how many.
    Gap,
    /// Samples cannot be recorded; the note says why.
    RecordingFault,
    /// Samples are recorded again; the note says how many were lost.
    RecordingResumed,
    /// The recorded samples could not be read and were set aside; the note says why, and under which name.
    HistorySetAside,
    /// A part of the recorded samples is damaged on the disk and is a gap now; the note says which.
    HistoryDamaged,
    /// What is whole in a history that was set aside is back; the note says how much.
    HistorySalvaged,
    /// The horn cannot be heard; the note says why.
    HornSilent,
    /// The horn is heard again; the note says by which program.
    HornReady,
    /// The horn was switched off; the note says by whom or how.
    HornOff,
    /// Entries older than `journal-keep` were cut off the journal's beginning; the note says how many, and the anchor.
    Trimmed,
    /// All alarm memories, so that a start need not read further back.
    Checkpoint,
}

/// Kinds of events, as a person tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// An alarm came, went, or was hidden by its formula.
    Alarm,
    /// A person did something, or a shelving that a person began has ended.
    Act,
    /// The program, a device's link, the disk or the clock.
    System,
}

impl Event {
    /// Every event with its word.
    pub const ALL: [(Self, &'static str); 37] = [
        (Self::Raised, "raised"),
        (Self::Acknowledged, "acknowledged"),
        (Self::Returned, "returned"),
        (Self::Cleared, "cleared"),
        (Self::Refused, "refused"),
        (Self::Shelved, "shelved"),
        (Self::Unshelved, "unshelved"),
        (Self::Suppressed, "suppressed"),
        (Self::Unsuppressed, "unsuppressed"),
        (Self::OutOfService, "out-of-service"),
        (Self::InService, "in-service"),
        (Self::Reset, "reset"),
        (Self::LimitChanged, "limit-changed"),
        (Self::Silenced, "silenced"),
        (Self::Forced, "forced"),
        (Self::Released, "released"),
        (Self::Simulated, "simulated"),
        (Self::SimulationEnded, "simulation-ended"),
        (Self::Started, "started"),
        (Self::Stopped, "stopped"),
        (Self::LinkUp, "link-up"),
        (Self::LinkDown, "link-down"),
        (Self::Deployed, "deployed"),
        (Self::ClockStepped, "clock-stepped"),
        (Self::WindowOpened, "window-opened"),
        (Self::WindowClosed, "window-closed"),
        (Self::Gap, "gap"),
        (Self::RecordingFault, "recording-fault"),
        (Self::RecordingResumed, "recording-resumed"),
        (Self::HistorySetAside, "history-set-aside"),
        (Self::HistoryDamaged, "history-damaged"),
        (Self::HistorySalvaged, "history-salvaged"),
        (Self::HornSilent, "horn-silent"),
        (Self::HornReady, "horn-ready"),
        (Self::HornOff, "horn-off"),
        (Self::Trimmed, "trimmed"),
        (Self::Checkpoint, "checkpoint"),
    ];

    /// Acts of a person that count only when they are on disk: the engine answers them at `Durable` or `JournalFailed`,
    /// and the journal never writes one later that it has refused.
    pub const fn counts_when_durable(self) -> bool {
        matches!(
            self,
            Self::Acknowledged
                | Self::Reset
                | Self::Shelved
                | Self::Unshelved
                | Self::OutOfService
                | Self::InService
                | Self::Forced
                | Self::Simulated
        )
    }

    /// What kind of thing happened.
    pub const fn kind(self) -> EventKind {
        match self {
            Self::Raised
            | Self::Returned
            | Self::Cleared
            | Self::Suppressed
            | Self::Unsuppressed
            | Self::LimitChanged => EventKind::Alarm,
            Self::Acknowledged
            | Self::Refused
            | Self::Shelved
            | Self::Unshelved
            | Self::OutOfService
            | Self::InService
            | Self::Reset
            | Self::Silenced
            | Self::Forced
            | Self::Released
            | Self::Simulated
            | Self::SimulationEnded
            | Self::WindowOpened
            | Self::WindowClosed => EventKind::Act,
            Self::Started
            | Self::Stopped
            | Self::LinkUp
            | Self::LinkDown
            | Self::Deployed
            | Self::ClockStepped
            | Self::Gap
            | Self::RecordingFault
            | Self::RecordingResumed
            | Self::HistorySetAside
            | Self::HistoryDamaged
            | Self::HistorySalvaged
            | Self::HornSilent
            | Self::HornReady
            | Self::HornOff
            | Self::Trimmed
            | Self::Checkpoint => EventKind::System,
        }
    }

    /// As printed and stored.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(e, _)| *e == self).map_or("", |(_, word)| word)
    }

    /// From its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, w)| *w == word).map(|(e, _)| *e)
    }
}
