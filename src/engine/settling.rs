//! What happens in one instant is judged as one: first all values are taken, then formulas are computed, then the state of
//! the plant says what is suppressed and which limits hold, and only then are alarms judged. So a pump that stops and a
//! flow that ends in the same answer of a device raise no alarm of low flow, whichever stands first in it; and a value and
//! its setpoint that move together never lie apart.
//!
//! Invariant: two values of one tag are never judged as one; the first is settled before the second is taken.

use super::Value;
use super::core::Engine;
use super::effect::{Effect, Event};
use super::plan::{TagId, TagPlan};
use super::recording::Stamp;
use super::snapshot::Mode;
use super::tail::Point;
use crate::time::Now;
use std::sync::Arc;

impl Engine {
    /// A tag is about to change: where it has changed in this instant already, that is judged first.
    pub(super) fn before_change(&mut self, now: Now, id: TagId, effects: &mut Vec<Effect>) {
        if self.cells[id.index()].changed_in == self.settlings {
            self.settle(now, effects);
        }
    }

    /// A tag's value or quality is another: alarms, formulas, the tail and the record are to hear of it.
    /// Beneath a forced value nobody hears of it.
    pub(super) fn changed(&mut self, id: TagId, tag: &TagPlan, stamp: Stamp) {
        if !self.cells[id.index()].forced {
            self.shown_changed(id, tag, stamp);
        }
    }

    /// The same of the value that is shown.
    pub(super) fn shown_changed(&mut self, id: TagId, tag: &TagPlan, stamp: Stamp) {
        if self.tail_cap > 0 {
            let view = self.view(id);
            let value = if view.quality.is_bad() {
                f64::NAN
            } else {
                view.value.as_ref().and_then(Value::as_f64).unwrap_or(f64::NAN)
            };
            let point = Point { time: stamp.time(), value, quality: view.quality };
            self.tails[id.index()].push(point, self.tail_cap);
        }
        self.changed_tags.push((id, stamp));
        let cell = &mut self.cells[id.index()];
        cell.changed_in = self.settlings;
        if cell.is_read {
            for dependent in &tag.dependents {
                if let Some(rank) = self.formula_rank.get(dependent) {
                    self.formulas_due.insert(*rank);
                }
            }
            self.states_due.extend(self.steered_by.get(&id).into_iter().flatten());
            self.alarms_due.extend(self.compared_by.get(&id).into_iter().flatten());
        }
    }

    /// Judges all that changed in this instant; see the module.
    pub(super) fn settle(&mut self, now: Now, effects: &mut Vec<Effect>) {
        if self.plan.mode == Mode::Bundle {
            // There is nothing to judge by: what the journal says of it stands.
            self.changed_tags.clear();
            self.formulas_due.clear();
            self.states_due.clear();
            self.alarms_due.clear();
            return;
        }
        if self.changed_tags.is_empty()
            && self.formulas_due.is_empty()
            && self.states_due.is_empty()
            && self.alarms_due.is_empty()
        {
            return;
        }
        self.settle_formulas(now, effects);
        let ending = self.settle_states(now, effects);
        let plan = Arc::clone(&self.plan);
        let mut changed = std::mem::take(&mut self.changed_tags);
        for (id, stamp) in changed.drain(..) {
            let Some(tag) = plan.tag(id) else { continue };
            let crossed = !tag.alarms.is_empty() && self.judge_tag(now, id, tag, effects);
            self.record_present(now, id, stamp, crossed, effects);
        }
        self.changed_tags = changed;
        self.judge_due_alarms(now, effects);
        for alarm in ending {
            self.end_hiding(now, alarm, Event::Unsuppressed, effects);
        }
        self.settlings = self.settlings.wrapping_add(1);
    }

    /// Judges the alarms that something else than their own tag has moved.
    pub(super) fn judge_due_alarms(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while let Some(alarm) = self.alarms_due.pop_first() {
            self.judge_alarm(now, alarm, effects);
        }
    }
}
