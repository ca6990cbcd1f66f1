//! Alarms in motion: conditions, delays, raising and returning, first-out, chatter and flood.
//!
//! Bad quality holds the limit and state alarms of a tag where they are and pauses their delays; a value that is not bad
//! resumes or resets them. While a device is gone its one no-answer alarm stands for the quality alarms of its tags.

use super::alarm::{AlarmMemory, Hiding};
use super::core::{Due, Engine};
use super::effect::{Effect, Entry, Event};
use super::input::LinkState;
use super::plan::{AlarmId, AlarmPlan, Condition, Plan, Subject, TagId, TagPlan};
use super::snapshot::{AlarmState, TagAlarm};
use super::system;
use super::{Quality, Value};
use crate::project::When;
use crate::time::{Mono, Now, Span, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Three occurrences of one alarm within this are chattering (alarms.md).
const CHATTER: Span = Span::from_secs(60);
/// The window of the flood rule (ISA-18.2: more than ten annunciated in ten minutes).
const FLOOD_WINDOW: Span = Span::from_secs(600);
const FLOOD_BEGINS_ABOVE: usize = 10;
const FLOOD_ENDS_BELOW: usize = 5;
/// Instants remembered for the flood rule; more only say "flood" more loudly.
pub(super) const FLOOD_REMEMBERED: usize = 1_000;

/// A condition that has changed and must stay so until the delay ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delay {
    due: Mono,
    /// Held by bad quality: what was left of it.
    paused: Option<Span>,
    /// When the condition changed.
    began: Utc,
}

/// An alarm in motion.
#[derive(Debug, Clone, Default)]
pub(super) struct AlarmCell {
    pub(super) memory: AlarmMemory,
    delay: Option<Delay>,
    /// The earliest `Due::Delay` in the heap for it.
    queued: Option<Mono>,
    /// A value was judged since the start.
    judged: bool,
    pub(super) held_since: Option<Utc>,
    pub(super) raised_mono: Mono,
    pub(super) value: Option<Value>,
    pub(super) silenced: bool,
    pub(super) first_out: bool,
    /// An act on it waits for the disk.
    pub(super) recording: bool,
    last_raises: [Option<Mono>; 3],
}

impl AlarmCell {
    pub(super) fn is_chattering(&self, now: Mono) -> bool {
        matches!(self.last_raises, [Some(third), _, Some(last)] if last - third <= CHATTER && now - last <= CHATTER)
    }
}

/// What a value, a quality or a link says of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The condition holds.
    Comes,
    /// The condition is gone.
    Goes,
    /// Within the deadband: neither.
    Between,
}

impl Verdict {
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::Comes } else { Self::Goes }
    }
}

/// What a value that is not bad says; `None` where it is no value for this condition.
fn verdict(condition: Condition, number: Option<f64>, value: Option<&Value>) -> Option<Verdict> {
    match condition {
        Condition::AtOrAbove { limit, deadband } => number.map(|v| {
            if v >= limit {
                Verdict::Comes
            } else if v < limit - deadband {
                Verdict::Goes
            } else {
                Verdict::Between
            }
        }),
        Condition::AtOrBelow { limit, deadband } => number.map(|v| {
            if v <= limit {
                Verdict::Comes
            } else if v > limit + deadband {
                Verdict::Goes
            } else {
                Verdict::Between
            }
        }),
        Condition::State(When::Bool(state)) => value?.as_bool().map(|v| Verdict::of(v == state)),
        Condition::State(When::Int(state)) => value?.as_state().map(|v| Verdict::of(v == state)),
        Condition::Quality
        | Condition::NoAnswer
        | Condition::ProjectFaults
        | Condition::Recording
        | Condition::DiskSpace => None,
    }
}

impl Engine {
    /// Judges all alarms of a tag whose value or quality is another. Tells whether a condition came or went, be its delay
    /// over or not.
    pub(super) fn judge_tag(&mut self, now: Now, id: TagId, tag: &TagPlan, effects: &mut Vec<Effect>) -> bool {
        let mut crossed = false;
        let plan = Arc::clone(&self.plan);
        let view = self.view(id);
        let quality = view.quality;
        let number = view.value.as_ref().and_then(Value::as_f64);
        let state_value = view.value.clone().filter(|_| number.is_some());
        for index in tag.alarms.clone() {
            let alarm = AlarmId(index);
            let Some(rule) = plan.alarm(alarm) else { continue };
            if rule.condition == Condition::Quality {
                if let Some(verdict) = self.quality_verdict(&plan, tag, quality) {
                    crossed |= self.decide(now, now, alarm, rule, verdict, effects);
                } else {
                    self.hold(now, alarm);
                }
            } else if quality.is_bad() {
                self.hold(now, alarm);
            } else if let Some(verdict) = verdict(rule.condition, number, state_value.as_ref()) {
                crossed |= self.decide(now, now, alarm, rule, verdict, effects);
            }
        }
        crossed
    }

    /// `None`: the device's own alarm, or the system's, stands for this one.
    fn quality_verdict(&self, plan: &Plan, tag: &TagPlan, quality: Quality) -> Option<Verdict> {
        if quality == Quality::CONFIGURATION {
            return None;
        }
        let device_gone = match tag.source.device() {
            Some(device) => {
                plan.device(device).is_some()
                    && self.devices.get(device.index()).is_some_and(|d| d.status.state != LinkState::Connected)
            }
            // A formula: the device of one of its inputs is gone.
            None => quality == Quality::NO_COMMUNICATION,
        };
        if device_gone && quality.is_bad() {
            return None;
        }
        Some(Verdict::of(quality.is_bad() || quality == Quality::STALE))
    }

    pub(super) fn judge_no_answer(
        &mut self,
        now: Now,
        alarm: AlarmId,
        state: &LinkState,
        since: Now,
        effects: &mut Vec<Effect>,
    ) {
        let plan = Arc::clone(&self.plan);
        let Some(rule) = plan.alarm(alarm) else { return };
        let verdict = match state {
            LinkState::NoAnswer(_) => Verdict::Comes,
            LinkState::Connected => Verdict::Goes,
            LinkState::Connecting | LinkState::Held(_) | LinkState::Unserved(_) => Verdict::Between,
        };
        self.decide(now, since, alarm, rule, verdict, effects);
    }

    /// Bad input: the alarm stays where it is and its delay stands still.
    fn hold(&mut self, now: Now, alarm: AlarmId) {
        let cell = &mut self.alarms[alarm.index()];
        if let Some(delay) = &mut cell.delay
            && delay.paused.is_none()
        {
            delay.paused = Some(delay.due - now.mono);
        }
        if cell.held_since.is_none() {
            cell.held_since = Some(now.utc);
            if cell.memory.active {
                self.alarms_view = None;
            }
        }
    }

    /// Moves an alarm by what its condition says now. `began`: since when it says so. Tells whether it says another thing
    /// than before.
    pub(super) fn decide(
        &mut self,
        now: Now,
        began: Now,
        alarm: AlarmId,
        rule: &AlarmPlan,
        verdict: Verdict,
        effects: &mut Vec<Effect>,
    ) -> bool {
        // A value that is there at the first look came while nobody watched; a link or a quality has only begun.
        let by_value = !matches!(rule.condition, Condition::Quality | Condition::NoAnswer | Condition::Recording);
        let found_at_start = by_value && self.options.restarted && !self.alarms[alarm.index()].judged;
        let cell = &mut self.alarms[alarm.index()];
        cell.judged = true;
        if cell.held_since.take().is_some() && cell.memory.active {
            self.alarms_view = None;
        }
        let (change, length) =
            if cell.memory.active { (Verdict::Goes, rule.off_delay) } else { (Verdict::Comes, rule.on_delay) };
        if verdict != change {
            return cell.delay.take().is_some();
        }
        let crossed = cell.delay.is_none();
        match &mut cell.delay {
            Some(delay) => {
                if let Some(left) = delay.paused.take() {
                    delay.due = now.mono + left;
                }
            }
            None => cell.delay = Some(Delay { due: began.mono + length, paused: None, began: began.utc }),
        }
        let Some(delay) = cell.delay else { return crossed };
        let at_once = length == Span::ZERO || delay.due < now.mono || (found_at_start && !cell.memory.active);
        if at_once {
            self.change_now(now, alarm, rule, delay.began, found_at_start.then_some("found at start"), effects);
        } else if cell.queued.is_none_or(|queued| queued > delay.due) {
            cell.queued = Some(delay.due);
            self.expect_at(delay.due, Due::Delay(alarm));
        }
        crossed
    }

    pub(super) fn delay_ended(&mut self, then: Now, alarm: AlarmId, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let (Some(rule), Some(cell)) = (plan.alarm(alarm), self.alarms.get_mut(alarm.index())) else { return };
        if cell.queued.is_some_and(|queued| queued <= then.mono) {
            cell.queued = None;
        }
        let Some(delay) = cell.delay.filter(|d| d.paused.is_none()) else { return };
        if delay.due > then.mono {
            if cell.queued.is_none_or(|queued| queued > delay.due) {
                cell.queued = Some(delay.due);
                self.expect_at(delay.due, Due::Delay(alarm));
            }
            return;
        }
        self.change_now(then, alarm, rule, delay.began, None, effects);
    }

    fn change_now(
        &mut self,
        now: Now,
        alarm: AlarmId,
        rule: &AlarmPlan,
        began: Utc,
        note: Option<&str>,
        effects: &mut Vec<Effect>,
    ) {
        self.alarms[alarm.index()].delay = None;
        if self.alarms[alarm.index()].memory.active {
            self.return_now(now, alarm, rule, effects);
        } else {
            self.raise(now, alarm, rule, began, note, effects);
        }
    }

    /// A new occurrence.
    pub(super) fn raise(
        &mut self,
        now: Now,
        alarm: AlarmId,
        rule: &AlarmPlan,
        began: Utc,
        note: Option<&str>,
        effects: &mut Vec<Effect>,
    ) {
        let mut entry = self.entry_of(now, Event::Raised, alarm, rule);
        let cell = &mut self.alarms[alarm.index()];
        cell.memory.raise(cell.memory.occurrence + 1, now.utc, began);
        cell.raised_mono = now.mono;
        cell.value.clone_from(&entry.value);
        cell.last_raises = [cell.last_raises[1], cell.last_raises[2], Some(now.mono)];
        entry.occurrence = Some(cell.memory.occurrence);
        entry.began = Some(began);
        entry.note = note.map(Arc::from);
        if !cell.memory.is_hidden() {
            cell.silenced = false;
            let chattering = cell.is_chattering(now.mono);
            self.annunciate(now);
            if chattering {
                self.expect_at(now.mono + CHATTER + Span(1), Due::Flood);
            }
            self.mark_first_out(rule.group, alarm, began);
        }
        self.write(entry, effects);
        self.alarm_changed(alarm);
    }

    fn return_now(&mut self, now: Now, alarm: AlarmId, rule: &AlarmPlan, effects: &mut Vec<Effect>) {
        let memory = &mut self.alarms[alarm.index()].memory;
        let waits = !memory.acknowledged || (rule.latch && memory.open);
        let event = if waits { Event::Returned } else { Event::Cleared };
        if waits {
            memory.active = false;
        } else {
            memory.clear();
        }
        let entry = self.entry_of(now, event, alarm, rule);
        self.write(entry, effects);
        self.alarm_changed(alarm);
    }

    /// After suppression a condition that holds has to last its on-delay again before it is announced.
    pub(super) fn restart_on_delay(&mut self, now: Now, alarm: AlarmId, rule: &AlarmPlan, effects: &mut Vec<Effect>) {
        self.return_now(now, alarm, rule, effects);
        self.decide(now, now, alarm, rule, Verdict::Comes, effects);
    }

    /// An entry with what is known of the alarm now.
    pub(super) fn entry_of(&self, now: Now, event: Event, alarm: AlarmId, rule: &AlarmPlan) -> Entry {
        let mut entry = Entry::new(now.utc, event);
        entry.alarm = Some(Arc::clone(&rule.name));
        entry.occurrence = Some(self.alarms[alarm.index()].memory.occurrence);
        entry.priority = Some(rule.priority);
        match rule.subject {
            Subject::Tag(tag) => {
                let view = self.view(tag);
                entry.value.clone_from(&view.value);
                entry.quality = Some(view.quality);
                entry.unit = self.plan.tag(tag).map(|t| Arc::clone(&t.unit)).filter(|u| !u.is_empty());
            }
            Subject::Device(_) => {}
            Subject::System => {
                entry.value = self.system_value(rule.condition);
                entry.unit = entry.value.as_ref().and_then(|_| system::unit(rule.condition)).map(Arc::from);
            }
        }
        entry
    }

    /// Books that follow an alarm's state: which stand, the mark on the tag, the episode of its group.
    pub(super) fn alarm_changed(&mut self, alarm: AlarmId) {
        let plan = Arc::clone(&self.plan);
        let Some(rule) = plan.alarm(alarm) else { return };
        self.alarms_view = None;
        self.forget_refusals(&rule.name);
        if self.state_of(alarm, rule) == AlarmState::Normal {
            self.standing.remove(&alarm);
            self.end_episode(&plan, rule.group);
        } else {
            self.standing.insert(alarm);
        }
        let Subject::Tag(tag) = rule.subject else { return };
        let Some(tag_plan) = plan.tag(tag) else { return };
        let mut mark: Option<TagAlarm> = None;
        for index in tag_plan.alarms.clone() {
            let Some(rule) = plan.alarm(AlarmId(index)) else { continue };
            let state = self.state_of(AlarmId(index), rule);
            if state == AlarmState::Normal || state.is_hidden() {
                continue;
            }
            let unacknowledged = state.needs_acknowledgement();
            // What a latch holds counts as there, as its row shows it.
            let active = state != AlarmState::Returned;
            mark = Some(match mark {
                None => TagAlarm { priority: rule.priority, active, unacknowledged },
                Some(m) => TagAlarm {
                    priority: m.priority.min(rule.priority),
                    active: match m.priority.cmp(&rule.priority) {
                        std::cmp::Ordering::Less => m.active,
                        std::cmp::Ordering::Equal => m.active || active,
                        std::cmp::Ordering::Greater => active,
                    },
                    unacknowledged: m.unacknowledged || unacknowledged,
                },
            });
        }
        self.view_mut(tag).alarm = mark;
    }

    pub(super) fn state_of(&self, alarm: AlarmId, rule: &AlarmPlan) -> AlarmState {
        self.alarms[alarm.index()].memory.state(rule.latch)
    }

    fn mark_first_out(&mut self, group: Option<u32>, alarm: AlarmId, began: Utc) {
        let Some((members, first)) = group.and_then(|g| self.groups.get_mut(g as usize)) else { return };
        let earlier = first.is_none_or(|f| began.0 < f);
        if earlier {
            *first = Some(began.0);
        }
        let is_first = *first == Some(began.0);
        if earlier {
            for member in members {
                self.alarms[member.index()].first_out = false;
            }
        }
        self.alarms[alarm.index()].first_out = is_first;
    }

    fn end_episode(&mut self, plan: &Plan, group: Option<u32>) {
        let Some((members, _)) = group.and_then(|g| self.groups.get(g as usize)) else { return };
        let all_normal =
            members.iter().all(|m| plan.alarm(*m).is_none_or(|r| self.state_of(*m, r) == AlarmState::Normal));
        if !all_normal {
            return;
        }
        let members = members.clone();
        for member in members {
            self.alarms[member.index()].first_out = false;
        }
        if let Some((_, first)) = group.and_then(|g| self.groups.get_mut(g as usize)) {
            *first = None;
        }
    }

    fn annunciate(&mut self, now: Now) {
        if self.annunciated.len() >= FLOOD_REMEMBERED {
            self.annunciated.pop_front();
        }
        self.annunciated.push_back(now.mono);
        self.judge_flood(now);
    }

    /// Begins and ends a flood by the alarms annunciated in the last ten minutes.
    pub(super) fn judge_flood(&mut self, now: Now) {
        while self.annunciated.front().is_some_and(|at| now.mono - *at >= FLOOD_WINDOW) {
            self.annunciated.pop_front();
        }
        let count = self.annunciated.len();
        let was = self.flood;
        self.flood = if self.flood { count >= FLOOD_ENDS_BELOW } else { count > FLOOD_BEGINS_ABOVE };
        self.alarms_view = None;
        self.flood_since = if self.flood { self.flood_since.or(Some(now)) } else { None };
        if self.flood
            && (!was || count < FLOOD_REMEMBERED)
            && let Some(decisive) = self.annunciated.get(count.saturating_sub(FLOOD_ENDS_BELOW))
        {
            let at = *decisive + FLOOD_WINDOW;
            if at > now.mono {
                self.expect_at(at, Due::Flood);
            }
        }
    }

    /// How many were annunciated in the ten minutes before now; at most as many as are remembered.
    pub(super) fn annunciated_lately(&self, now: Now) -> u32 {
        let gone = self.annunciated.partition_point(|at| now.mono - *at >= FLOOD_WINDOW);
        (self.annunciated.len() - gone) as u32
    }

    /// Judges the suppressions that read this tag.
    pub(super) fn judge_suppression(&mut self, now: Now, tag: TagId, effects: &mut Vec<Effect>) {
        let Some(alarms) = self.suppressed_by.get(&tag) else { return };
        for alarm in alarms.clone() {
            self.judge_suppression_of(now, alarm, effects);
        }
    }

    fn judge_suppression_of(&mut self, now: Now, alarm: AlarmId, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(rule) = plan.alarm(alarm) else { return };
        let Some(formula) = &rule.suppress_when else { return };
        let (value, quality) = formula.eval(&mut |input| {
            let view = self.view(input);
            (view.value.clone().filter(|_| !view.quality.is_bad()), view.quality)
        });
        let was = self.alarms[alarm.index()].memory.suppressed;
        if was && quality == Quality::WAITING {
            return; // Just started: what was suppressed stays so until its inputs have spoken.
        }
        let suppress = !quality.is_bad() && quality != Quality::STALE && value.and_then(|v| v.as_bool()) == Some(true);
        if suppress && !was {
            self.hide_by_design(now, alarm, rule, effects);
        } else if !suppress && was {
            self.end_hiding(now, alarm, Event::Unsuppressed, effects);
        }
    }

    pub(super) fn hide_by_design(&mut self, now: Now, alarm: AlarmId, rule: &AlarmPlan, effects: &mut Vec<Effect>) {
        self.alarms[alarm.index()].memory.suppress(now.utc);
        let entry = self.entry_of(now, Event::Suppressed, alarm, rule);
        self.write(entry, effects);
        self.alarm_changed(alarm);
    }

    /// Takes over memories and motions for a new plan; what the new plan does not have is remembered for a later one.
    pub(super) fn adopt_alarms(&mut self, now: Now, old_plan: &Plan, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let old_cells = std::mem::take(&mut self.alarms);
        let mut old: BTreeMap<Arc<str>, AlarmCell> =
            old_plan.alarms.iter().map(|a| Arc::clone(&a.name)).zip(old_cells).collect();
        self.standing.clear();
        self.suppressed_by.clear();
        self.due.retain(|std::cmp::Reverse((_, due))| matches!(due, Due::Flood));
        self.groups = Vec::new();
        for (index, rule) in plan.alarms.iter().enumerate() {
            let alarm = AlarmId(index as u32);
            let former = match rule.subject {
                Subject::Tag(tag) => {
                    plan.tag(tag).and_then(|t| t.tag.was.as_deref()).map(|was| format!("{was}/{}", rule.short))
                }
                Subject::Device(_) | Subject::System => None,
            };
            let names = [Some(rule.name.as_ref()), former.as_deref()];
            let mut cell = names.into_iter().flatten().find_map(|n| old.remove(n)).unwrap_or_else(|| {
                let memory = names.into_iter().flatten().find_map(|n| self.memories.remove(n)).unwrap_or_default();
                AlarmCell { raised_mono: now.mono + (Utc(memory.raised) - now.utc), memory, ..AlarmCell::default() }
            });
            cell.delay = None;
            cell.queued = None;
            if cell.memory.active && matches!(rule.subject, Subject::Tag(tag) if self.view(tag).quality.is_bad()) {
                cell.held_since = Some(now.utc);
            }
            if let Some(until) = cell.memory.shelved_until {
                self.expect_at(now.mono + (Utc(until) - now.utc), Due::Unshelve(alarm));
            }
            if let Some(group) = rule.group {
                let group = group as usize;
                if self.groups.len() <= group {
                    self.groups.resize(group + 1, (Vec::new(), None));
                }
                self.groups[group].0.push(alarm);
            }
            if let Some(formula) = &rule.suppress_when {
                for input in formula.inputs() {
                    self.suppressed_by.entry(*input).or_default().push(alarm);
                    if let Some(cell) = self.cells.get_mut(input.index()) {
                        cell.is_read = true;
                    }
                }
            } else if cell.memory.suppressed {
                cell.memory.unhide(Hiding::Suppressed, now.utc);
            }
            self.alarms.push(cell);
        }
        let gone = old.into_iter().filter(|(_, c)| c.memory != AlarmMemory::default());
        self.memories.extend(gone.map(|(name, c)| (name, c.memory)));
        for (index, rule) in plan.alarms.iter().enumerate() {
            let alarm = AlarmId(index as u32);
            if self.state_of(alarm, rule) != AlarmState::Normal {
                self.alarm_changed(alarm);
            }
            self.judge_suppression_of(now, alarm, effects);
        }
        // What holds by the new limits is judged at once, where there is a value to judge.
        for (index, tag) in plan.tags.iter().enumerate() {
            let id = TagId(index as u32);
            if !tag.alarms.is_empty() && !self.view(id).quality.is_bad() {
                self.judge_tag(now, id, tag, effects);
            }
        }
    }
}
