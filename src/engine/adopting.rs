//! A plan is put into force: alarms keep their memories and motions by name. An edit of a text touches no occurrence; a
//! limit that is another one is told, and judged anew.

use super::alarm::{AlarmMemory, Limit};
use super::alarming::AlarmCell;
use super::core::{Due, Engine};
use super::effect::{Effect, Event};
use super::formula::Formula;
use super::groups::Group;
use super::plan::{AlarmId, AlarmPlan, Condition, DeviceId, Plan, Subject, TagId, is_asked_the_same, reads_the_same};
use super::snapshot::{AlarmState, Mode};
use super::steering::now_words;
use crate::project::AlarmKind;
use crate::time::{Now, Span, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names that an entry tells before it says how many more there are.
const MOST_NAMED: usize = 10;

/// An alarm of the plan before.
struct Former<'p> {
    cell: AlarmCell,
    rule: &'p AlarmPlan,
}

impl Engine {
    /// Takes over memories and motions for a new plan; what the new plan does not have is remembered for a later one.
    /// Gives a note for the journal about alarms that stood and are no longer watched.
    pub(super) fn adopt_alarms(&mut self, now: Now, old_plan: &Plan, effects: &mut Vec<Effect>) -> Option<Arc<str>> {
        let plan = Arc::clone(&self.plan);
        let first_time = old_plan.alarms.is_empty();
        let mut former = self.former(old_plan);
        let mut remembered: BTreeMap<String, Arc<str>> =
            self.memories.keys().map(|name| (name.to_lowercase(), Arc::clone(name))).collect();
        let mut renamed: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        let mut other_limits: Vec<(AlarmId, Limit, Limit)> = Vec::new();
        for (index, rule) in plan.alarms.iter().enumerate() {
            let alarm = AlarmId(index as u32);
            let names = plan.names_of(rule);
            let old = names.iter().find_map(|name| former.remove(name));
            let (mut cell, old_limit) = match old {
                Some(Former { cell, rule: old }) => {
                    if old.name != rule.name {
                        renamed.insert(Arc::clone(&old.name), Arc::clone(&rule.name));
                    }
                    let limit = old.condition.limit().map(|_| cell.limit);
                    let same_limit = limit.is_none_or(|limit| limit == Self::limit_to_begin_with(rule, Some(limit)));
                    let mut cell = carried_over(cell, old, rule, is_of_the_same(old_plan, old, &plan, rule));
                    cell.delay = cell.delay.filter(|_| same_limit);
                    (cell, limit)
                }
                None => {
                    let known = names.iter().find_map(|name| remembered.remove(name));
                    let memory = known.and_then(|name| self.memories.remove(&name)).unwrap_or_default();
                    let limit = memory.limit;
                    // One that comes with an edit has its on-delay: nobody was away.
                    (AlarmCell { judged: !first_time, ..AlarmCell::new(memory, now) }, limit)
                }
            };
            if rule.condition.limit().is_some() {
                cell.limit = Self::limit_to_begin_with(rule, old_limit);
                if let Some(old) = old_limit.filter(|old| *old != cell.limit) {
                    other_limits.push((alarm, old, cell.limit));
                }
                if cell.limit == Limit::Off {
                    // Judged whatever its value is, be it bad.
                    self.alarms_due.insert(alarm);
                }
            }
            if cell.memory.active && matches!(rule.subject, Subject::Tag(tag) if self.view(tag).quality.is_bad()) {
                cell.held_since = cell.held_since.or(Some(now.utc));
            }
            self.join_books(now, alarm, rule, &mut cell);
            self.alarms.push(cell);
        }
        self.follow_renames(&renamed);
        let gone = self.remember_the_gone(former);
        for (index, rule) in plan.alarms.iter().enumerate() {
            if self.state_of(AlarmId(index as u32), rule) != AlarmState::Normal {
                self.alarm_changed(AlarmId(index as u32));
            }
        }
        self.resume_episodes();
        if first_time {
            self.resume_load(now);
        }
        for (alarm, old, limit) in other_limits {
            let Some(rule) = plan.alarm(alarm) else { continue };
            let unit = self.limit_unit(rule);
            let why = format!("{}, was {}, by an edit", now_words(limit, &unit), old.words(&unit));
            self.change_limit(now, alarm, rule, limit, &why, &why, effects);
        }
        self.judge_adopted(now, effects);
        gone
    }

    /// Alarms of the plan before, by their names in lower case.
    fn former<'p>(&mut self, old_plan: &'p Plan) -> BTreeMap<String, Former<'p>> {
        self.standing.clear();
        self.steered_by.clear();
        self.compared_by.clear();
        self.states_due.clear();
        self.alarms_due.clear();
        self.changed_tags.clear();
        self.due.retain(|std::cmp::Reverse((_, due))| matches!(due, Due::Flood));
        self.groups.clear();
        self.limits_view = None;
        self.alarms_view = None;
        let cells = std::mem::take(&mut self.alarms);
        let old = old_plan.alarms.iter().zip(cells);
        old.map(|(rule, cell)| (rule.name.to_lowercase(), Former { cell, rule })).collect()
    }

    /// What hangs on the ids of a plan: deadlines, groups, inputs of formulas.
    fn join_books(&mut self, now: Now, alarm: AlarmId, rule: &AlarmPlan, cell: &mut AlarmCell) {
        if let Some(delay) = cell.delay.as_ref().filter(|delay| delay.paused.is_none()) {
            cell.queued = Some(delay.due);
            self.expect_at(delay.due, Due::Delay(alarm));
        }
        if let Some(until) = cell.memory.shelved_until {
            // One that ended while nobody watched ends now.
            let at = *cell.unshelve_at.get_or_insert_with(|| (now.mono + (Utc(until) - now.utc)).max(now.mono));
            self.expect_at(at, Due::Unshelve(alarm));
        }
        if let Some(at) = cell.resound_at {
            self.expect_at(at, Due::Resound(alarm));
        }
        cell.chatter_queued = cell.bout.end(now.mono);
        if let Some(at) = cell.chatter_queued {
            self.expect_at(at, Due::Chatter(alarm));
        }
        if let Some(group) = rule.group {
            let group = group as usize;
            if self.groups.len() <= group {
                self.groups.resize_with(group + 1, Group::default);
            }
            self.groups[group].members.push(alarm);
        }
        let formulas = rule.limits.iter().map(|row| &row.when).chain(rule.suppress_when.as_deref());
        for input in formulas.flat_map(Formula::inputs) {
            let alarms = self.steered_by.entry(*input).or_default();
            if alarms.last() != Some(&alarm) {
                alarms.push(alarm);
            }
            self.mark_read(*input);
        }
        if rule.suppress_when.is_some() || !rule.limits.is_empty() {
            self.states_due.insert(alarm);
        }
        if let Condition::Deviation { from, .. } = rule.condition {
            self.compared_by.entry(from).or_default().push(alarm);
            self.mark_read(from);
        }
    }

    fn mark_read(&mut self, tag: TagId) {
        if let Some(cell) = self.cells.get_mut(tag.index()) {
            cell.is_read = true;
        }
    }

    /// What holds by the new limits is judged at once, where there is a value to judge.
    fn judge_adopted(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        if plan.mode == Mode::Bundle {
            return;
        }
        let ending = self.settle_states(now, effects);
        for (index, tag) in plan.tags.iter().enumerate() {
            let id = TagId(index as u32);
            if !tag.alarms.is_empty() && !self.view(id).quality.is_bad() {
                self.judge_tag(now, id, tag, effects);
            }
        }
        self.judge_due_alarms(now, effects);
        for alarm in ending {
            self.end_hiding(now, alarm, Event::Unsuppressed, effects);
        }
        for (index, rule) in plan.alarms.iter().enumerate() {
            // Its formula is gone.
            let alarm = AlarmId(index as u32);
            if rule.suppress_when.is_none() && self.alarms[alarm.index()].memory.suppressed {
                self.end_hiding(now, alarm, Event::Unsuppressed, effects);
            }
        }
    }

    /// Acts that wait for the disk follow their alarms' names.
    fn follow_renames(&mut self, renamed: &BTreeMap<Arc<str>, Arc<str>>) {
        for (_, act) in &mut self.recording {
            if let Some(name) = renamed.get(&act.alarm) {
                act.alarm = Arc::clone(name);
            }
        }
    }

    /// What the plan does not have any more is kept for a later one; those that stood are named.
    fn remember_the_gone(&mut self, former: BTreeMap<String, Former<'_>>) -> Option<Arc<str>> {
        let mut stood: Vec<Arc<str>> = Vec::new();
        for Former { cell, rule } in former.into_values() {
            if cell.memory.state(rule.latch) != AlarmState::Normal {
                stood.push(Arc::clone(&rule.name));
            }
            if cell.memory != AlarmMemory::default() {
                self.memories.insert(Arc::clone(&rule.name), cell.memory);
            }
        }
        let more = stood.len().saturating_sub(MOST_NAMED);
        let names = stood.iter().take(MOST_NAMED).map(AsRef::as_ref).collect::<Vec<&str>>().join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!stood.is_empty()).then(|| format!("no longer watched, though it stood: {names}{more}").into())
    }
}

/// An alarm's motion under an edited rule. A delay runs on where it is a delay of the same condition, by its new length.
fn carried_over(mut cell: AlarmCell, old: &AlarmPlan, rule: &AlarmPlan, measures_alike: bool) -> AlarmCell {
    cell.queued = None;
    cell.rate_queued = None;
    cell.chatter_queued = None;
    cell.first_out = false;
    cell.in_episode = false;
    let over = |rule: &AlarmPlan| match rule.condition {
        Condition::Rate { over, .. } => Some(over),
        _ => None,
    };
    if !measures_alike || over(old) != over(rule) {
        cell.rate = None;
    }
    let length = |rule: &AlarmPlan| if cell.memory.active { rule.off_delay } else { rule.on_delay };
    let longer = Span(length(rule).0.saturating_sub(length(old).0));
    let same_condition = measures_alike && is_like(old, rule);
    cell.delay = cell.delay.filter(|_| same_condition).map(|mut delay| {
        delay.due = delay.due + longer;
        delay.paused = delay.paused.map(|left| Span(left.0.saturating_add(longer.0)));
        delay
    });
    cell
}

/// Whether what two rules look at gives the same values: a tag of the same source and scaling, a device that is asked the
/// same way.
pub(super) fn is_of_the_same(old_plan: &Plan, old: &AlarmPlan, plan: &Plan, rule: &AlarmPlan) -> bool {
    let device = |plan: &'_ Plan, id: Option<DeviceId>| id.and_then(|id| plan.device(id)).cloned();
    let same_device = |a, b| match (device(old_plan, a), device(plan, b)) {
        (Some(a), Some(b)) => is_asked_the_same(&a, &b),
        (None, None) => true,
        _ => false,
    };
    match (old.subject, rule.subject) {
        (Subject::Tag(a), Subject::Tag(b)) => {
            let (Some(a), Some(b)) = (old_plan.tag(a), plan.tag(b)) else { return false };
            let alike = a.scaling == b.scaling && a.unit == b.unit && reads_the_same(a, b);
            alike && same_device(a.source.device(), b.source.device())
        }
        (Subject::Device(a), Subject::Device(b)) => same_device(Some(a), Some(b)),
        (Subject::System, Subject::System) => true,
        _ => false,
    }
}

/// Whether two rules ask for the same but for their limits, of which the one in force counts. Ids of tags are of two plans,
/// and say nothing.
fn is_like(old: &AlarmPlan, rule: &AlarmPlan) -> bool {
    let from = |rule: &AlarmPlan| match rule.written.as_ref().map(|w| &w.kind) {
        Some(AlarmKind::Deviation { from, .. }) => Some(from.to_lowercase()),
        _ => None,
    };
    alike(old.condition) == alike(rule.condition) && old.kind == rule.kind && from(old) == from(rule)
}

/// A condition without its limit and its ids.
const fn alike(mut condition: Condition) -> Condition {
    match &mut condition {
        Condition::AtOrAbove { limit, .. } | Condition::AtOrBelow { limit, .. } | Condition::Rate { limit, .. } => {
            *limit = 0.0;
        }
        Condition::Deviation { limit, from, .. } => (*limit, *from) = (0.0, TagId(0)),
        _ => {}
    }
    condition
}
