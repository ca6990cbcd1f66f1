//! To which part of the plant an alarm belongs: its device, and the display that shows it. Worked out once for a plan.

use crate::engine::plan::Subject;
use crate::engine::{AlarmId, DeviceId, Plan};
use std::sync::Arc;

/// A part of the plant that alarms are folded into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// What a device brings, and its own alarm; or what no device brings.
    Of(Owner),
    /// What a display shows.
    Display(usize),
    /// What no display shows.
    Nowhere,
    /// Of this device, on this display; `None`: on none.
    Both(Owner, Option<usize>),
}

/// Whose an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A device's.
    Device(DeviceId),
    /// Computed from other tags.
    Computed,
    /// The program's own.
    Program,
}

impl Part {
    /// As a line of the list says it.
    pub fn name(self, plan: &Plan) -> String {
        match self {
            Self::Of(Owner::Device(id)) => plan.device(id).map_or_else(String::new, |device| device.name.to_string()),
            Self::Of(Owner::Computed) => "Computed tags".to_owned(),
            Self::Of(Owner::Program) => "The program itself".to_owned(),
            Self::Display(index) => plan.displays.get(index).map_or_else(String::new, |d| d.display.name.clone()),
            Self::Nowhere => "On no display".to_owned(),
            Self::Both(owner, display) => {
                let display = display.map(|index| format!(" · {}", Self::Display(index).name(plan)));
                format!("{}{}", Self::Of(owner).name(plan), display.unwrap_or_default())
            }
        }
    }

    /// What kind of part it is; empty where its name says it.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Of(Owner::Device(_)) => "device",
            Self::Display(_) => "display",
            Self::Of(_) | Self::Nowhere | Self::Both(..) => "",
        }
    }
}

/// The parts of every alarm of a plan, by its id.
#[derive(Debug, Default)]
pub struct Parts {
    plan: Option<Arc<Plan>>,
    owners: Vec<Owner>,
    displays: Vec<Option<usize>>,
}

impl Parts {
    /// The plan that they are of.
    pub const fn plan(&self) -> Option<&Arc<Plan>> {
        self.plan.as_ref()
    }

    /// Takes up the plan, where it is another than before. `true`: it is.
    pub fn follow(&mut self, plan: &Arc<Plan>) -> bool {
        if self.plan.as_ref().is_some_and(|known| Arc::ptr_eq(known, plan)) {
            return false;
        }
        self.owners = plan.alarms.iter().map(|alarm| owner_of(plan, alarm.subject)).collect();
        self.displays = vec![None; plan.alarms.len()];
        // A detail tells more than an overview: the display with the fewest alarms counts, unless one is named.
        let mut by_size: Vec<usize> = (0..plan.displays.len()).collect();
        by_size.sort_by_key(|i| std::cmp::Reverse(plan.displays[*i].alarms.len()));
        for index in by_size {
            for alarm in &plan.displays[index].alarms {
                if let Some(part) = self.displays.get_mut(alarm.index()) {
                    *part = Some(index);
                }
            }
        }
        for (part, alarm) in self.displays.iter_mut().zip(&plan.alarms) {
            *part = alarm.display.or(*part);
        }
        self.plan = Some(Arc::clone(plan));
        true
    }

    /// Its device.
    pub fn device(&self, alarm: AlarmId) -> Part {
        Part::Of(self.owner(alarm))
    }

    /// Its display.
    pub fn display(&self, alarm: AlarmId) -> Part {
        self.displays.get(alarm.index()).copied().flatten().map_or(Part::Nowhere, Part::Display)
    }

    /// Its device and its display.
    pub fn both(&self, alarm: AlarmId) -> Part {
        Part::Both(self.owner(alarm), self.displays.get(alarm.index()).copied().flatten())
    }

    fn owner(&self, alarm: AlarmId) -> Owner {
        self.owners.get(alarm.index()).copied().unwrap_or(Owner::Program)
    }
}

/// Whether the parts of two plans have the same numbers: the same devices and displays, in the same order.
pub fn are_numbered_alike(one: &Plan, other: &Plan) -> bool {
    let devices = |plan: &Plan| plan.devices.iter().map(|d| Arc::clone(&d.name)).collect::<Vec<_>>();
    let displays = |plan: &Plan| plan.displays.iter().map(|d| d.display.name.clone()).collect::<Vec<_>>();
    devices(one) == devices(other) && displays(one) == displays(other)
}

fn owner_of(plan: &Plan, subject: Subject) -> Owner {
    match subject {
        Subject::Tag(id) => plan.tag(id).and_then(|tag| tag.source.device()).map_or(Owner::Computed, Owner::Device),
        Subject::Device(id) => Owner::Device(id),
        Subject::System => Owner::Program,
    }
}
