//! What a screen may see: one immutable picture of the plant at one instant.
//!
//! Invariant: whatever one frame shows of values, alarms and live ends of trends comes from one snapshot.

pub use super::alarm::Hiding;
use super::alarm::Limit;
use super::load;
use super::plan::{AlarmId, DeviceId, Plan, TagId};
use super::{DeviceStatus, ForcedView, HornState, Quality, Raw, SimulatedView, TailView, Value};
use crate::project::Priority;
use crate::time::{Mono, Now, Span, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tags in one copied-on-write page.
pub const PAGE: usize = 256;

/// The plant at one instant.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When it was taken.
    pub now: Now,
    /// The plan in force.
    pub plan: Arc<Plan>,
    /// Tags in pages of [`PAGE`]; see [`Snapshot::tag`].
    pub pages: Vec<Arc<Vec<TagView>>>,
    /// Alarms that are not normal, those hidden among them: unacknowledged first, then priority, then newest.
    pub alarms: Arc<Vec<AlarmView>>,
    /// Totals over `alarms`.
    pub counts: Counts,
    /// Alarms that are judged by another limit than the one written, because of the state of the plant; see
    /// [`Snapshot::limit`].
    pub limits_by_state: Arc<BTreeMap<AlarmId, Limit>>,
    /// Tags that a person has forced, the newest first; see [`super::forcing`].
    pub forced: Arc<Vec<ForcedView>>,
    /// Devices that a person simulates; see [`super::Command::Simulate`].
    pub simulated: Arc<Vec<SimulatedView>>,
    /// Devices in the plan's order.
    pub devices: Arc<Vec<DeviceView>>,
    /// The recent past of tags, by tag; only where it is kept.
    pub tails: Arc<BTreeMap<TagId, Arc<TailView>>>,
    /// Whether the horn should sound, for the most urgent priority not silenced.
    pub horn: Option<Priority>,
    /// Whether it can be heard.
    pub horn_state: HornState,
    /// How the journal fares.
    pub journal: JournalState,
    /// How the recording of samples fares; `None`: this program records none.
    pub history: Option<HistoryState>,
    /// What kind of plant this is.
    pub mode: Mode,
    /// The last refusals, newest last, at most sixteen; those of an alarm go when its state changes.
    pub refusals: Arc<Vec<Refusal>>,
    /// Inputs dropped because they belonged to an older plan or to no tag.
    pub dropped_inputs: u64,
}

/// Whether what is shown is a plant at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// A plant.
    #[default]
    Live,
    /// The demo plant: every window and picture says DEMO.
    Demo,
    /// A scenario in virtual time.
    Rehearsal,
    /// What was recorded of a plant, as one picture of its end.
    Bundle,
}

/// A tag at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct TagView {
    /// The value; while the quality is bad, the last good one. `None`: there never was one.
    pub value: Option<Value>,
    /// How far to be trusted.
    pub quality: Quality,
    /// Why it is not good, in words, where more is known than the quality says.
    pub detail: Option<Arc<str>>,
    /// When `value` was received, for ages; `None`: never.
    pub received: Option<Now>,
    /// Time the value bears: the source's where it gives one, else of receipt.
    pub time: Option<Utc>,
    /// Since when the quality is this one.
    pub quality_since: Now,
    /// The bytes `value` was decoded from.
    pub raw: Raw,
    /// The most urgent alarm of this tag that is active or unacknowledged, if any, and not hidden.
    pub alarm: Option<TagAlarm>,
}

/// The mark a tile bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagAlarm {
    /// The most urgent.
    pub priority: Priority,
    /// Whether one that urgent holds, by its condition or a latch; else it went by itself and waits to be seen.
    pub active: bool,
    /// Whether any of this tag's shown alarms waits for acknowledgement.
    pub unacknowledged: bool,
}

impl TagView {
    /// How old the value is; `None`: there is none.
    pub fn age(&self, now: Mono) -> Option<Span> {
        self.received.map(|r| now - r.mono)
    }
}

/// States of the table in alarms.md, derived from what is remembered, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table in docs/alarms says what each means")]
pub enum AlarmState {
    Normal,
    Unacknowledged,
    Acknowledged,
    Returned,
    Latched,
    LatchedAcknowledged,
    Shelved,
    Suppressed,
    OutOfService,
}

impl AlarmState {
    /// As on the command line and the screen.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Unacknowledged => "unacknowledged",
            Self::Acknowledged => "acknowledged",
            Self::Returned => "returned",
            Self::Latched => "latched",
            Self::LatchedAcknowledged => "latched-acknowledged",
            Self::Shelved => "shelved",
            Self::Suppressed => "suppressed",
            Self::OutOfService => "out-of-service",
        }
    }

    /// Whether a person has still to acknowledge it.
    pub const fn needs_acknowledgement(self) -> bool {
        matches!(self, Self::Unacknowledged | Self::Returned | Self::Latched)
    }

    /// Whether what it tells of is there, by its condition or a latch; else it went by itself and waits to be seen.
    pub const fn stands(self) -> bool {
        matches!(self, Self::Unacknowledged | Self::Acknowledged | Self::Latched | Self::LatchedAcknowledged)
    }

    /// Whether it is on a list of its own rather than the alarm list.
    pub const fn is_hidden(self) -> bool {
        matches!(self, Self::Shelved | Self::Suppressed | Self::OutOfService)
    }
}

/// An alarm that is not normal.
#[derive(Debug, Clone, PartialEq)]
pub struct AlarmView {
    /// Which; see [`Plan::alarm`].
    pub id: AlarmId,
    /// Its state.
    pub state: AlarmState,
    /// Which occurrence.
    pub occurrence: u64,
    /// When it was raised.
    pub raised: Utc,
    /// The same on the monotonic clock, for "how long"; after a restart derived from `raised`.
    pub raised_mono: Mono,
    /// When its condition began; earlier than `raised` by the on-delay.
    pub began: Utc,
    /// The value when it was raised.
    pub value: Option<Value>,
    /// Whether the condition holds now, whatever the state.
    pub active: bool,
    /// Input is bad: since when the alarm is held where it is.
    pub held_since: Option<Utc>,
    /// By whom and when it was acknowledged.
    pub acknowledged: Option<(Arc<str>, Utc)>,
    /// An act on it waits for the disk: "being recorded".
    pub recording: bool,
    /// First of its group, until the group is normal; those of one scan share the mark.
    pub first_out: bool,
    /// Three occurrences within 60 s.
    pub chattering: bool,
    /// While it is chattering: occurrences since that began, three at least; else 0.
    pub chatter: u32,
    /// End of its shelving.
    pub shelved_until: Option<Utc>,
    /// Who hid it, when and why, as its state says: shelved, suppressed or out of service.
    pub hidden: Option<HiddenBy>,
    /// It came back from being hidden, and nobody has acknowledged it since.
    pub back: Option<Hiding>,
    /// When its condition last went; `None`: it holds, or never did.
    pub returned: Option<Utc>,
    /// Why this occurrence came, where that is not simply its value: `found at start`; `shelving ended, 2 came meanwhile`;
    /// `limit now 80 m³/h, by state`; `rate 1.5 %/s`.
    pub why: Option<Arc<str>>,
    /// While hidden: occurrences that came since it was. After: those that came while it was hidden last.
    pub came_hidden: u32,
    /// Its sound was quieted, by silence or by an acknowledgement under way.
    pub silenced: bool,
}

impl AlarmView {
    /// Whether its condition has held for over 24 hours.
    pub fn is_stale(&self, now: Mono) -> bool {
        self.active && now - self.raised_mono > load::STALE
    }

    /// Whether it came and went by itself within seconds, and waits to be seen.
    pub fn is_fleeting(&self) -> bool {
        self.state == AlarmState::Returned && self.returned.is_some_and(|at| at - self.raised < load::FLEETING)
    }
}

/// Who hid an alarm, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenBy {
    /// Who; `None`: its formula, by design.
    pub by: Option<Arc<str>>,
    /// When.
    pub at: Utc,
    /// Why, as the person wrote it.
    pub reason: Option<Arc<str>>,
}

/// A device at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceView {
    /// Which; see [`Plan::device`].
    pub id: DeviceId,
    /// Its link and figures.
    pub status: Arc<DeviceStatus>,
}

/// Totals over the alarms of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// By priority: unacknowledged ones shown in the list.
    pub unacknowledged: [u32; 4],
    /// By priority: all shown in the list.
    pub shown: [u32; 4],
    /// Shelved, suppressed, out of service.
    pub hidden: u32,
    /// Of those hidden: shown as shelved.
    pub shelved: u32,
    /// Of those hidden: shown as suppressed.
    pub suppressed: u32,
    /// Of those hidden: shown as out of service.
    pub out_of_service: u32,
    /// Of those shown: chattering.
    pub chattering: u32,
    /// Of those shown: their condition has held for over 24 hours.
    pub stale: u32,
    /// Annunciated in the last ten minutes; counted up to [`Counts::MOST_ANNUNCIATED`].
    pub annunciated: u32,
    /// More than ten annunciated in ten minutes, and not yet under five.
    pub flood: bool,
    /// Since when there is a flood.
    pub flood_since: Option<Now>,
}

impl Counts {
    /// So many annunciated alarms are counted; more are as many.
    pub const MOST_ANNUNCIATED: u32 = load::FLOOD_REMEMBERED as u32;
}

/// How the journal fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalState {
    /// Entries in it.
    pub entries: u64,
    /// Entries that wait for the disk.
    pub waiting: u64,
    /// Entries lost because too many waited.
    pub lost: u64,
    /// Why it cannot write now.
    pub fault: Option<Arc<str>>,
    /// Its size on disk.
    pub bytes: u64,
}

/// How the recording of samples fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryState {
    /// Samples recorded since the start of the program.
    pub samples: u64,
    /// Samples that wait for the disk.
    pub waiting: u64,
    /// Samples lost since the start of the program: the queue was full, or the disk refused for too long.
    pub lost: u64,
    /// Why nothing can be recorded now.
    pub fault: Option<Arc<str>>,
    /// Size on disk.
    pub bytes: u64,
    /// Free space where it lies, for this user; `None`: not known.
    pub free_bytes: Option<u64>,
    /// Size of the disk where it lies; `None`: not known.
    pub disk_bytes: Option<u64>,
    /// Every sample handed over up to here is on disk, or counted as lost.
    pub recorded_to: Option<Utc>,
    /// Chunks and commits of the log that were found damaged since the start of the program: each is a gap now.
    pub damaged: u64,
    /// What was found damaged last, in words.
    pub damage: Option<Arc<str>>,
    /// A history that was found damaged while it was written, and set aside: under which name, and why. One that was
    /// found so at the start is told by the recorder itself.
    pub set_aside: Option<Arc<str>>,
    /// What was brought back of a history that was set aside, in words.
    pub salvaged: Option<Arc<str>>,
}

/// A command that was refused, for the row it was given on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// When.
    pub at: Now,
    /// On which alarm.
    pub alarm: Arc<str>,
    /// Why, in words.
    pub reason: Arc<str>,
}

impl Snapshot {
    /// The limit that an alarm is judged by now: by the state of the plant, where a formula says which. `None`: its kind
    /// has none, or there is none in this state.
    pub fn limit(&self, id: AlarmId) -> Option<f64> {
        match self.limits_by_state.get(&id) {
            Some(limit) => limit.number(),
            None => self.plan.alarm(id)?.condition.limit(),
        }
    }

    /// The force that stands over a tag; `None`: there is none.
    pub fn forced(&self, id: TagId) -> Option<&ForcedView> {
        self.forced.iter().find(|forced| forced.tag == id)
    }

    /// The simulation of a device; `None`: it speaks for itself.
    pub fn simulated(&self, device: &str) -> Option<&SimulatedView> {
        self.simulated.iter().find(|simulated| simulated.device.eq_ignore_ascii_case(device))
    }

    /// A tag's picture. Ids are of this snapshot's own plan; one beyond it has no picture.
    pub fn tag(&self, id: TagId) -> Option<&TagView> {
        self.pages.get(id.index() / PAGE)?.get(id.index() % PAGE)
    }
}
