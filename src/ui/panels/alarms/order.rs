//! The lines of a list: which alarms, in which order, folded into which parts of the plant.

use super::filter::Filter;
use super::parts::{Part, Parts};
use crate::engine::plan::AlarmPlan;
use crate::engine::{AlarmId, AlarmState, AlarmView, Snapshot};
use crate::project::Priority;
use crate::time::Utc;
use crate::ui::widgets::symbol::Symbol;
use crate::ui::words;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// By what a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum By {
    /// Unacknowledged first, then priority, then the newest.
    #[default]
    Urgency,
    /// Priority.
    Priority,
    /// When it was raised.
    Raised,
    /// Its name.
    Name,
    /// Its state.
    State,
    /// What is read now.
    Value,
    /// Its message.
    Message,
}

/// An order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sort {
    /// By what.
    pub by: By,
    /// The other way round.
    pub reversed: bool,
}

impl Sort {
    /// After a press on the head of a column: sorted by it, then the other way round, then by urgency again.
    #[must_use]
    pub fn pressed(self, by: By) -> Self {
        match (self.by == by, self.reversed) {
            (false, _) => Self { by, reversed: false },
            (true, false) => Self { by, reversed: true },
            (true, true) => Self::default(),
        }
    }
}

/// Into what rows are folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// Nothing: each alarm is a row.
    #[default]
    Flat,
    /// Devices.
    Device,
    /// Displays.
    Display,
    /// What a device has on one display.
    Both,
}

impl Fold {
    /// In the menu's order, with its words.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Flat, "one by one"),
        (Self::Device, "by device"),
        (Self::Display, "by display"),
        (Self::Both, "by device and display"),
    ];

    /// The next of them.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Flat => Self::Device,
            Self::Device => Self::Display,
            Self::Display => Self::Both,
            Self::Both => Self::Flat,
        }
    }

    /// The group of an alarm; `None`: there are none.
    pub fn part(self, parts: &Parts, alarm: AlarmId) -> Option<Part> {
        match self {
            Self::Flat => None,
            Self::Device => Some(parts.device(alarm)),
            Self::Display => Some(parts.display(alarm)),
            Self::Both => Some(parts.both(alarm)),
        }
    }
}

/// A line of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {
    /// The head of a group.
    Group(Part),
    /// An alarm.
    Alarm(AlarmId),
}

impl Line {
    /// The same by the numbers of another plan; none where that has no such alarm.
    pub fn renumbered(self, now: &impl Fn(AlarmId) -> Option<AlarmId>) -> Option<Self> {
        match self {
            Self::Alarm(id) => now(id).map(Self::Alarm),
            group @ Self::Group(_) => Some(group),
        }
    }
}

/// What lies beneath the head of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Alarms.
    pub alarms: u32,
    /// Of those, how many wait for a person.
    pub unacknowledged: u32,
    /// Of those, how many chatter.
    pub chattering: u32,
    /// Marked as first of their groups.
    pub first_outs: u32,
    /// The worst: unacknowledged before all, then by priority.
    worst: (bool, Priority, bool),
    /// The alarm whose condition began first, and when.
    pub first: (AlarmId, Utc),
}

impl Group {
    fn new(alarm: &AlarmPlan, view: &AlarmView) -> Self {
        let first = (view.id, view.began);
        let worst = worst_of(alarm, view);
        let mut group = Self { alarms: 0, unacknowledged: 0, chattering: 0, first_outs: 0, worst, first };
        group.add(alarm, view);
        group
    }

    fn add(&mut self, alarm: &AlarmPlan, view: &AlarmView) {
        self.alarms += 1;
        self.unacknowledged += u32::from(view.state.needs_acknowledgement());
        self.chattering += u32::from(view.chattering);
        self.first_outs += u32::from(view.first_out);
        self.worst = self.worst.min(worst_of(alarm, view));
        if (view.began, view.id) < (self.first.1, self.first.0) {
            self.first = (view.id, view.began);
        }
    }

    /// The mark of the group: that of its worst alarm.
    pub fn symbol(&self) -> Symbol {
        let (acknowledged, priority, gone) = self.worst;
        Symbol { returned: gone, unacknowledged: !acknowledged, ..Symbol::new(priority) }
    }
}

/// The least is the worst.
fn worst_of(alarm: &AlarmPlan, view: &AlarmView) -> (bool, Priority, bool) {
    (!view.state.needs_acknowledgement(), alarm.priority, !view.state.stands())
}

/// What a filter keeps from the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Alarms.
    pub alarms: u32,
    /// Of those, how many wait for a person.
    pub unacknowledged: u32,
    /// Of those, how many are critical.
    pub critical: u32,
}

/// How a list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Which alarms.
    pub filter: &'a Filter,
    /// In which order.
    pub sort: Sort,
    /// Folded into what.
    pub fold: Fold,
    /// Groups that are open.
    pub open: &'a BTreeSet<Part>,
}

/// The lines of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// From the top.
    pub lines: Vec<Line>,
    /// The groups among them.
    pub groups: BTreeMap<Part, Group>,
    /// Alarms that the filter takes, folded ones among them, by id.
    pub taken: Vec<AlarmId>,
    /// Those that it does not.
    pub kept: Kept,
}

impl Order {
    /// Of the alarms of a snapshot that are not hidden.
    pub fn new(snapshot: &Snapshot, parts: &Parts, wanted: Wanted<'_>) -> Self {
        let Wanted { filter, sort, fold, open } = wanted;
        let mut order = Self::default();
        let ready = filter.ready();
        let mut rows: Vec<(&AlarmPlan, &AlarmView)> = Vec::new();
        for view in snapshot.alarms.iter().filter(|view| !view.state.is_hidden()) {
            let Some(alarm) = snapshot.plan.alarm(view.id) else { continue };
            if ready.takes(snapshot, parts, alarm, view) {
                rows.push((alarm, view));
            } else {
                let waits = view.state.needs_acknowledgement();
                order.kept.alarms += 1;
                order.kept.unacknowledged += u32::from(waits);
                order.kept.critical += u32::from(waits && alarm.priority == Priority::Critical);
            }
        }
        order.taken = rows.iter().map(|(_, view)| view.id).collect();
        order.taken.sort_unstable();
        sort_rows(&mut rows, snapshot, sort);
        let mut beneath: BTreeMap<Part, Vec<AlarmId>> = BTreeMap::new();
        for (alarm, view) in rows {
            let Some(part) = fold.part(parts, view.id) else {
                order.lines.push(Line::Alarm(view.id));
                continue;
            };
            let group = order.groups.entry(part);
            group.and_modify(|group| group.add(alarm, view)).or_insert_with(|| Group::new(alarm, view));
            beneath.entry(part).or_default().push(view.id);
        }
        let mut heads: Vec<(&Part, &Group)> = order.groups.iter().collect();
        // The worst part of the plant first; of two alike the one where it began.
        heads.sort_by_key(|(part, group)| (group.worst, group.first.1, **part));
        for (part, _) in heads {
            order.lines.push(Line::Group(*part));
            if open.contains(part) {
                order.lines.extend(beneath.remove(part).unwrap_or_default().into_iter().map(Line::Alarm));
            }
        }
        order
    }

    /// The same lines by the numbers of another plan: nothing changes place.
    pub fn renumber(&mut self, now: &impl Fn(AlarmId) -> Option<AlarmId>) {
        self.lines = self.lines.iter().filter_map(|line| line.renumbered(now)).collect();
        self.taken = self.taken.iter().filter_map(|id| now(*id)).collect();
        self.taken.sort_unstable();
        for group in self.groups.values_mut() {
            group.first.0 = now(group.first.0).unwrap_or(group.first.0);
        }
    }

    /// Whether the filter takes this alarm.
    pub fn takes(&self, alarm: AlarmId) -> bool {
        self.taken.binary_search(&alarm).is_ok()
    }

    /// The alarms that have a row.
    pub fn alarms(&self) -> impl Iterator<Item = AlarmId> {
        self.lines.iter().filter_map(|line| match line {
            Line::Alarm(id) => Some(*id),
            Line::Group(_) => None,
        })
    }
}

fn sort_rows(rows: &mut [(&AlarmPlan, &AlarmView)], snapshot: &Snapshot, sort: Sort) {
    match sort.by {
        // As they come.
        By::Urgency => {}
        By::Priority => rows.sort_by_key(|(alarm, view)| (alarm.priority, Reverse(view.raised))),
        By::Raised => rows.sort_by_key(|(_, view)| Reverse((view.raised, view.id))),
        By::Name => rows.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name)),
        By::State => rows.sort_by_key(|(_, view)| state_rank(view.state)),
        By::Value => {
            rows.sort_by_cached_key(|(alarm, _)| words::alarm_value(snapshot, alarm).text);
        }
        By::Message => rows.sort_by(|(a, _), (b, _)| a.message.cmp(&b.message)),
    }
    if sort.reversed {
        rows.reverse();
    }
}

const fn state_rank(state: AlarmState) -> u8 {
    match state {
        AlarmState::Unacknowledged => 0,
        AlarmState::Latched => 1,
        AlarmState::Returned => 2,
        AlarmState::Acknowledged => 3,
        AlarmState::LatchedAcknowledged => 4,
        AlarmState::Normal | AlarmState::Shelved | AlarmState::Suppressed | AlarmState::OutOfService => 5,
    }
}
