//! Values that tell a tag's alarms nothing new.
//!
//! While no alarm of a tag stands, waits for a delay, or has something to say of its next judgement, every value between
//! its limits leaves each of them as it is. Between which numbers that is so is kept beside the tag: of a plant where all is
//! well nearly every sample is dealt with by two comparisons, without a look at rules and states of alarms that lie far
//! apart in memory.
//!
//! Invariant: what is kept is what the alarms would say now. Whatever moves an alarm by another road than
//! [`Engine::judge_tag`] forgets it; a debug build works it out anew at each use and compares.

use super::alarm::Limit;
use super::alarming::AlarmCell;
use super::core::Engine;
use super::plan::{AlarmId, AlarmPlan, Condition, Subject, TagId, TagPlan};
use super::{Quality, Value};

/// The numbers above one and below another; both limits themselves are out of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Calm {
    above: f64,
    below: f64,
}

impl Calm {
    /// Every value has to be judged.
    const NOTHING: Self = Self { above: f64::INFINITY, below: f64::NEG_INFINITY };
    const EVERY_NUMBER: Self = Self { above: f64::NEG_INFINITY, below: f64::INFINITY };

    fn has(self, number: f64) -> bool {
        self.above < number && number < self.below
    }
}

impl Default for Calm {
    fn default() -> Self {
        Self::NOTHING
    }
}

impl Engine {
    /// Whether the tag's present value leaves all its alarms as they are.
    pub(super) fn is_calm(&self, id: TagId, tag: &TagPlan) -> bool {
        let kept = self.cells[id.index()].calm;
        let view = self.view(id);
        if view.quality.is_bad() || view.quality == Quality::STALE {
            return false;
        }
        let is_calm = view.value.as_ref().and_then(Value::as_f64).is_some_and(|number| kept.has(number));
        debug_assert!(!is_calm || kept == self.calm_of(tag), "an alarm of {} moved unseen", tag.name);
        is_calm
    }

    /// After all alarms of the tag were judged.
    pub(super) fn keep_calm(&mut self, id: TagId, tag: &TagPlan) {
        self.cells[id.index()].calm = self.calm_of(tag);
    }

    /// An alarm may move though its tag has not changed: all of that tag are to be looked at again.
    pub(super) fn forget_calm(&mut self, rule: &AlarmPlan) {
        if let Subject::Tag(id) = rule.subject
            && let Some(cell) = self.cells.get_mut(id.index())
        {
            cell.calm = Calm::NOTHING;
        }
    }

    fn calm_of(&self, tag: &TagPlan) -> Calm {
        let mut calm = Calm::EVERY_NUMBER;
        for index in tag.alarms.clone() {
            let alarm = AlarmId(index);
            let (Some(rule), Some(cell)) = (self.plan.alarm(alarm), self.alarms.get(alarm.index())) else {
                return Calm::NOTHING;
            };
            if !is_at_rest(cell) {
                return Calm::NOTHING;
            }
            match (rule.condition, cell.limit) {
                // A value that is not bad is no matter of it.
                (Condition::Quality, _) | (Condition::AtOrAbove { .. } | Condition::AtOrBelow { .. }, Limit::Off) => {}
                (Condition::AtOrAbove { .. }, Limit::At(limit)) => calm.below = calm.below.min(limit),
                (Condition::AtOrBelow { .. }, Limit::At(limit)) => calm.above = calm.above.max(limit),
                _ => return Calm::NOTHING,
            }
        }
        calm
    }
}

/// Whether a verdict other than that its condition holds changes nothing of it.
fn is_at_rest(cell: &AlarmCell) -> bool {
    cell.judged && !cell.memory.active && cell.delay.is_none() && cell.held_since.is_none() && cell.why_judged.is_none()
}
