//! A project compiled for running: dense ids, resolved names, nothing left to look up while the plant runs.
//!
//! Invariant: compiling never fails. Each fault is an [`Issue`]; what it concerns is [`SourcePlan::Fault`] or left out
//! and counted in [`Plan::unwatched_alarms`]; everything else runs.

mod alarms;
mod aside;
mod compile;
mod displays;
mod earlier;
mod exponents;
mod families;
mod figures;
mod following;
mod formulas;
mod practice;
mod recording;
mod uses;

use super::alarm::Limit;
use super::devicefigure::DeviceFigure;
use super::formula::Formula;
use super::snapshot::Mode;
use crate::project::{
    Alarm, Device, Direction, Display, Issue, Priority, Project, RegisterSource, Tag, TopicSource, When,
};
use crate::time::Span;
pub use following::Follows;
pub(super) use following::{is_asked_the_same, reads_the_same};
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

/// Which compilation an id belongs to. What a driver reports under an older one is taken by its number: see
/// [`Plan::follow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(pub u32);

/// A tag of one plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagId(pub u32);

/// An alarm of one plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlarmId(pub u32);

/// A device of one plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u32);

impl TagId {
    /// For indexing.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl AlarmId {
    /// For indexing.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl DeviceId {
    /// For indexing.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A project, compiled.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Which compilation this is.
    pub generation: Generation,
    /// Plant, demo or rehearsal.
    pub mode: Mode,
    /// What it was compiled from.
    pub project: Arc<Project>,
    /// By [`TagId`], in the file's order; then scale registers; then the figures of devices that the project names; then
    /// tags of topics that were found, of which more may come.
    pub tags: Vec<TagPlan>,
    /// By [`DeviceId`], in the file's order.
    pub devices: Vec<DevicePlan>,
    /// By [`AlarmId`]: those of a tag side by side, tags in order; then one for each device; then the system's.
    pub alarms: Vec<AlarmPlan>,
    /// Displays in the file's order.
    pub displays: Vec<DisplayPlan>,
    /// Formula tags in the order in which they can be computed.
    pub formula_order: Vec<TagId>,
    /// Whether some of them are scale registers.
    pub has_exponents: bool,
    /// Alarms written in the project that are not watched because of a fault.
    pub unwatched_alarms: u32,
    /// Tags by name in lower case.
    pub tag_index: HashMap<String, TagId>,
    /// Alarms by full name in lower case.
    pub alarm_index: HashMap<String, AlarmId>,
    /// What drivers call its tags and devices, where it came after another plan.
    pub follows: Follows,
}

/// A tag, compiled.
#[derive(Debug, Clone)]
pub struct TagPlan {
    /// As written.
    pub tag: Arc<Tag>,
    /// Its name, shared.
    pub name: Arc<str>,
    /// Its unit, shared.
    pub unit: Arc<str>,
    /// Where it comes from.
    pub source: SourcePlan,
    /// From raw to value; `None`: as it came, integers exact.
    pub scaling: Option<Scaling>,
    /// The tag that holds the power of ten by which the raw value is multiplied before `scaling`.
    pub exponent: Option<TagId>,
    /// Others are scaled by it.
    pub is_exponent: bool,
    /// A value older than this is `uncertain:stale`; `None`: never.
    pub stale_after: Option<Span>,
    /// Its alarms in [`Plan::alarms`].
    pub alarms: Range<u32>,
    /// Formula tags that read it, directly.
    pub dependents: Vec<TagId>,
    /// Shown beside as setpoint.
    pub setpoint: Option<TagId>,
    /// Which of its samples are recorded.
    pub record: RecordPlan,
}

/// Which samples of a tag are recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RecordPlan {
    /// None.
    Never,
    /// Every one.
    Always,
    /// Those that tell something: a change of the value or of its quality, an alarm's coming or going.
    Change {
        /// In units, 0 or more: a change by less is none. Of numbers alone.
        deadband: f64,
        /// A sample that comes this long after the last recorded one is recorded too.
        interval: Option<Span>,
    },
}

impl Default for RecordPlan {
    fn default() -> Self {
        Self::Change { deadband: 0.0, interval: None }
    }
}

/// Where a tag comes from, compiled.
#[derive(Debug, Clone)]
pub enum SourcePlan {
    /// A Modbus device polls it.
    Register {
        /// The device.
        device: DeviceId,
        /// Its own poll interval, or the device's.
        poll: Span,
        /// As written.
        source: RegisterSource,
    },
    /// An MQTT device receives it.
    Topic {
        /// The device.
        device: DeviceId,
        /// As written.
        source: Arc<TopicSource>,
    },
    /// It is a figure of a device's link.
    Figure {
        /// The device.
        device: DeviceId,
    },
    /// It is computed.
    Formula(Arc<Formula>),
    /// It cannot run; why. `bad:configuration`.
    Fault(Arc<str>),
}

impl SourcePlan {
    /// The device it hangs on.
    pub const fn device(&self) -> Option<DeviceId> {
        match self {
            Self::Register { device, .. } | Self::Topic { device, .. } | Self::Figure { device } => Some(*device),
            Self::Formula(_) | Self::Fault(_) => None,
        }
    }
}

/// `value = raw * scale + offset`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// Factor.
    pub scale: f64,
    /// Added after.
    pub offset: f64,
}

/// A device, compiled.
#[derive(Debug, Clone)]
pub struct DevicePlan {
    /// As written.
    pub device: Arc<Device>,
    /// Its name, shared.
    pub name: Arc<str>,
    /// Its tags.
    pub tags: Vec<TagId>,
    /// Tags of its own figures, those that the project names.
    pub figures: Vec<(TagId, DeviceFigure)>,
    /// Its `no-answer` alarm.
    pub no_answer: AlarmId,
}

/// What an alarm hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A tag.
    Tag(TagId),
    /// A device's link.
    Device(DeviceId),
    /// The program itself.
    System,
}

/// What must hold for an alarm to come, compiled. Deadbands are in units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Condition {
    /// `value >= limit`; returns at `value < limit - deadband`. High and high-high.
    AtOrAbove {
        /// In the tag's unit.
        limit: f64,
        /// In the tag's unit.
        deadband: f64,
    },
    /// `value <= limit`; returns at `value > limit + deadband`. Low and low-low.
    AtOrBelow {
        /// In the tag's unit.
        limit: f64,
        /// In the tag's unit.
        deadband: f64,
    },
    /// The value less the one that held `over` ago, in units per second, in this direction: `>= limit`; returns below
    /// `limit - deadband`.
    Rate {
        /// In the tag's unit per second, above 0.
        limit: f64,
        /// In the tag's unit per second.
        deadband: f64,
        /// How far back.
        over: Span,
        /// Which way counts.
        direction: Direction,
    },
    /// The distance from another tag's value: `>= limit`; returns below `limit - deadband`.
    Deviation {
        /// In the tag's unit, above 0.
        limit: f64,
        /// In the tag's unit.
        deadband: f64,
        /// The other tag.
        from: TagId,
    },
    /// The value is this state.
    State(When),
    /// The value is bad or stale, and not because its device is gone.
    Quality,
    /// The device does not answer.
    NoAnswer,
    /// Alarms of the project are not watched because of faults.
    ProjectFaults,
    /// Samples cannot be recorded, or were lost.
    Recording,
    /// The disk that history lies on is filling.
    DiskSpace,
    /// The horn cannot be heard.
    SilentHorn,
    /// A certificate that the connection to this device hangs on is about to expire, or has.
    Certificate(DeviceId),
}

impl Condition {
    /// The limit as written, of the kinds that have one. By state another may be in force: see
    /// [`crate::engine::Snapshot::limit`].
    pub const fn limit(self) -> Option<f64> {
        match self {
            Self::AtOrAbove { limit, .. }
            | Self::AtOrBelow { limit, .. }
            | Self::Rate { limit, .. }
            | Self::Deviation { limit, .. } => Some(limit),
            Self::State(_)
            | Self::Quality
            | Self::NoAnswer
            | Self::ProjectFaults
            | Self::Recording
            | Self::DiskSpace
            | Self::SilentHorn
            | Self::Certificate(_) => None,
        }
    }

    /// Whether the limit is one that the value itself is compared with, and lies on its axis.
    pub const fn is_of_value(self) -> bool {
        matches!(self, Self::AtOrAbove { .. } | Self::AtOrBelow { .. })
    }
}

/// A row of limits by state, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitRowPlan {
    /// True in this state.
    pub when: Formula,
    /// The same as written, for the journal.
    pub text: Arc<str>,
    /// The limit in this state.
    pub limit: Limit,
}

/// An alarm, compiled.
#[derive(Debug, Clone)]
pub struct AlarmPlan {
    /// `tank1.level/high`, shared.
    pub name: Arc<str>,
    /// The part after the slash, shared.
    pub short: Arc<str>,
    /// What it hangs on.
    pub subject: Subject,
    /// When it comes and goes.
    pub condition: Condition,
    /// The kind's word: `high-high`, `no-answer`, `faults`.
    pub kind: &'static str,
    /// The condition must hold this long.
    pub on_delay: Span,
    /// The condition must be gone this long.
    pub off_delay: Span,
    /// How urgent.
    pub priority: Priority,
    /// Stays until reset.
    pub latch: bool,
    /// First-out group: index into the plan's own numbering.
    pub group: Option<u32>,
    /// The limit by state: the first row that is true has the one in force; where none is, it is the condition's.
    pub limits: Arc<[LimitRowPlan]>,
    /// While this is true, the alarm is suppressed by design.
    pub suppress_when: Option<Arc<Formula>>,
    /// What has happened.
    pub message: Arc<str>,
    /// Why.
    pub cause: Option<Arc<str>>,
    /// What comes of it.
    pub consequence: Option<Arc<str>>,
    /// What to do.
    pub response: Option<Arc<str>>,
    /// Index into [`Plan::displays`].
    pub display: Option<usize>,
    /// As written; `None` for those the program adds.
    pub written: Option<Arc<Alarm>>,
}

/// A display, compiled.
#[derive(Debug, Clone)]
pub struct DisplayPlan {
    /// As written.
    pub display: Arc<Display>,
    /// Index of the display above.
    pub parent: Option<usize>,
    /// Steps from the top of the tree, 0 at the top.
    pub depth: u16,
    /// Panels, in the file's order.
    pub panels: Vec<PanelPlan>,
    /// Alarms of the tags shown on it, and those that name it: what the tree counts. Sorted, each once.
    pub alarms: Vec<AlarmId>,
}

/// A panel's names, resolved in their order. `None`: no such tag; the panel says so.
#[derive(Debug, Clone, Default)]
pub struct PanelPlan {
    /// Of `tag` and `tags`.
    pub tags: Vec<Option<TagId>>,
    /// Of `pens`.
    pub pens: Vec<Option<TagId>>,
    /// Of the items of a mimic.
    pub items: Vec<Option<TagId>>,
}

impl Plan {
    /// Compiles a project. Never fails; see the module.
    pub fn compile(project: Arc<Project>, generation: Generation, mode: Mode) -> (Self, Vec<Issue>) {
        compile::compile(project, generation, mode)
    }

    /// All faults of a project's compilation, and of its families' whose members are not known; what concerns each of many
    /// members is told once, of the family.
    pub fn issues(project: &Arc<Project>, mode: Mode) -> Vec<Issue> {
        families::issues(project, mode)
    }

    /// A tag of this plan.
    pub fn tag(&self, id: TagId) -> Option<&TagPlan> {
        self.tags.get(id.index())
    }

    /// An alarm of this plan.
    pub fn alarm(&self, id: AlarmId) -> Option<&AlarmPlan> {
        self.alarms.get(id.index())
    }

    /// A device of this plan.
    pub fn device(&self, id: DeviceId) -> Option<&DevicePlan> {
        self.devices.get(id.index())
    }

    /// Whether a tag is of a topic that was found.
    pub fn is_found(&self, tag: TagId) -> bool {
        (self.tags.len().saturating_sub(self.project.found.tags)..self.tags.len()).contains(&tag.index())
    }

    /// A tag by name, without regard to case.
    pub fn tag_id(&self, name: &str) -> Option<TagId> {
        self.tag_index.get(&name.to_lowercase()).copied()
    }

    /// The devices that a tag's value comes from, through formulas too.
    pub fn devices_of(&self, tag: TagId) -> BTreeSet<DeviceId> {
        let (mut devices, mut seen, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![tag]);
        while let Some(id) = open.pop() {
            let Some(plan) = self.tag(id).filter(|_| seen.insert(id)) else { continue };
            devices.extend(plan.source.device());
            if let SourcePlan::Formula(formula) = &plan.source {
                open.extend(formula.inputs());
            }
        }
        devices
    }

    /// Whether another plan has the same devices, tags and alarms in the same places, so that every id means the same in
    /// both; displays may differ.
    pub fn watches_the_same(&self, other: &Self) -> bool {
        let Project { path, name, time_zone, history, shifts, devices, tags, alarms, unread_alarms, .. } =
            &*self.project;
        let others = &*other.project;
        self.generation == other.generation
            && self.mode == other.mode
            && (path, name, time_zone, history) == (&others.path, &others.name, &others.time_zone, &others.history)
            && (shifts, unread_alarms) == (&others.shifts, &others.unread_alarms)
            && (devices, tags, alarms) == (&others.devices, &others.tags, &others.alarms)
            // A display may name a figure of a device that nothing named before.
            && self.tags.iter().map(|tag| &tag.name).eq(other.tags.iter().map(|tag| &tag.name))
    }

    /// An alarm by its full name, without regard to case.
    pub fn alarm_id(&self, name: &str) -> Option<AlarmId> {
        self.alarm_index.get(&name.to_lowercase()).copied()
    }
}
