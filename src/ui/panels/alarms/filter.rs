//! Which alarms a list shows. A filter is never silent: each part of it is on the screen with a press to clear it, and so
//! is how much it hides.

use super::parts::{Part, Parts};
use crate::engine::plan::AlarmPlan;
use crate::engine::{AlarmState, AlarmView, Plan, Snapshot};
use crate::project::Priority;

/// A state to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A person has still to acknowledge it.
    Waiting,
    /// Acknowledged.
    Acknowledged,
    /// The condition holds.
    Active,
    /// The condition is gone, and it waits to be seen or reset.
    Gone,
    /// Three times within a minute.
    Chattering,
    /// Came back from being hidden.
    Back,
}

impl Standing {
    /// In the menu's order.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Acknowledged, Self::Active, Self::Gone, Self::Chattering, Self::Back];

    /// As the menu and the chip say it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "unacknowledged",
            Self::Acknowledged => "acknowledged",
            Self::Active => "condition holds",
            Self::Gone => "condition gone",
            Self::Chattering => "chattering",
            Self::Back => "back from hiding",
        }
    }

    fn takes(self, view: &AlarmView) -> bool {
        match self {
            Self::Waiting => view.state.needs_acknowledgement(),
            Self::Acknowledged => matches!(view.state, AlarmState::Acknowledged | AlarmState::LatchedAcknowledged),
            Self::Active => view.active,
            Self::Gone => !view.active,
            Self::Chattering => view.chattering,
            Self::Back => view.back.is_some(),
        }
    }
}

/// What is looked for; what is not said does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// By priority: left out.
    pub without: [bool; 4],
    /// In this state alone.
    pub state: Option<Standing>,
    /// Of this device alone.
    pub device: Option<Part>,
    /// Shown on this display alone.
    pub display: Option<Part>,
    /// With these words in name or message.
    pub text: String,
}

/// A part of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clause {
    /// Priorities.
    Priorities,
    /// State.
    State,
    /// Device.
    Device,
    /// Display.
    Display,
    /// Text.
    Text,
}

impl Filter {
    /// Whether it may hide anything.
    pub fn is_active(&self) -> bool {
        !self.clauses().is_empty()
    }

    /// What of it is in force.
    pub fn clauses(&self) -> Vec<Clause> {
        [
            (self.without.contains(&true), Clause::Priorities),
            (self.state.is_some(), Clause::State),
            (self.device.is_some(), Clause::Device),
            (self.display.is_some(), Clause::Display),
            (!self.text.trim().is_empty(), Clause::Text),
        ]
        .into_iter()
        .filter_map(|(set, clause)| set.then_some(clause))
        .collect()
    }

    /// Takes one part of it away.
    pub fn clear(&mut self, clause: Clause) {
        match clause {
            Clause::Priorities => self.without = [false; 4],
            Clause::State => self.state = None,
            Clause::Device => self.device = None,
            Clause::Display => self.display = None,
            Clause::Text => self.text.clear(),
        }
    }

    /// As its chip says it.
    pub fn words(&self, clause: Clause, plan: &Plan) -> String {
        match clause {
            Clause::Priorities => {
                let shown = Priority::ALL.into_iter().filter(|p| !self.without[*p as usize]);
                let shown: Vec<&str> = shown.map(Priority::word).collect();
                if shown.is_empty() { "no priority".to_owned() } else { shown.join(", ") }
            }
            Clause::State => self.state.map_or("", Standing::word).to_owned(),
            Clause::Device | Clause::Display => {
                let part = if clause == Clause::Device { self.device } else { self.display };
                part.map_or_else(String::new, |part| format!("{} {}", part.kind(), part.name(plan)).trim().to_owned())
            }
            Clause::Text => format!("“{}”", self.text.trim()),
        }
    }

    /// Made ready to be asked of many alarms.
    pub fn ready(&self) -> Ready<'_> {
        Ready { filter: self, needles: self.text.split_whitespace().map(str::to_lowercase).collect() }
    }
}

/// A filter with its words in lower case.
#[derive(Debug)]
pub struct Ready<'a> {
    filter: &'a Filter,
    needles: Vec<String>,
}

impl Ready<'_> {
    /// Whether this alarm is shown.
    pub fn takes(&self, snapshot: &Snapshot, parts: &Parts, alarm: &AlarmPlan, view: &AlarmView) -> bool {
        let Filter { without, state, device, display, text: _ } = self.filter;
        !without[alarm.priority as usize]
            && state.is_none_or(|state| state.takes(view))
            && device.is_none_or(|device| parts.device(view.id) == device)
            && display.is_none_or(|display| is_on(&snapshot.plan, parts, view, display))
            && self.finds(alarm)
    }

    fn finds(&self, alarm: &AlarmPlan) -> bool {
        if self.needles.is_empty() {
            return true;
        }
        let (name, message) = (alarm.name.to_lowercase(), alarm.message.to_lowercase());
        self.needles.iter().all(|needle| name.contains(needle) || message.contains(needle))
    }
}

/// Any display that shows it counts, not its own alone.
fn is_on(plan: &Plan, parts: &Parts, view: &AlarmView, display: Part) -> bool {
    match display {
        Part::Display(index) => plan.displays.get(index).is_some_and(|d| d.alarms.binary_search(&view.id).is_ok()),
        part => parts.display(view.id) == part,
    }
}
