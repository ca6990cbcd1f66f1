//! Alarms in motion: delays, raising and returning, and the books that follow an alarm's state.

use super::alarm::{AlarmMemory, Limit};
use super::coming::Coming;
use super::core::{Due, Engine};
use super::effect::{Effect, Entry, Event};
use super::load::Bout;
use super::plan::{AlarmId, AlarmPlan, Condition, Subject};
use super::rate::RateWindow;
use super::snapshot::{AlarmState, TagAlarm};
use super::{Value, system};
use crate::time::{Mono, Now, Span, Utc};
use std::sync::Arc;

/// A condition that has changed and must stay so until the delay ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delay {
    pub(super) due: Mono,
    /// Held by bad quality: what was left of it.
    pub(super) paused: Option<Span>,
    /// When the condition changed.
    began: Now,
    /// What made it change, where that was not the value.
    why: Option<Arc<str>>,
}

/// An alarm in motion.
#[derive(Debug, Clone)]
pub(super) struct AlarmCell {
    pub(super) memory: AlarmMemory,
    pub(super) delay: Option<Delay>,
    /// The earliest `Due::Delay` in the heap for it.
    pub(super) queued: Option<Mono>,
    /// A value was judged since the start, or it was not there at the start.
    pub(super) judged: bool,
    pub(super) held_since: Option<Utc>,
    pub(super) raised_mono: Mono,
    pub(super) value: Option<Value>,
    pub(super) silenced: bool,
    /// When it sounds again, silenced and not acknowledged.
    pub(super) resound_at: Option<Mono>,
    /// When its shelving ends: the wall clock may be stepped meanwhile.
    pub(super) unshelve_at: Option<Mono>,
    pub(super) first_out: bool,
    /// Counted among the standing ones of its group.
    pub(super) in_episode: bool,
    /// An act on it waits for the disk.
    pub(super) recording: bool,
    pub(super) bout: Bout,
    /// The `Due::Chatter` in the heap for it.
    pub(super) chatter_queued: Option<Mono>,
    /// The limit in force; of kinds without one `Off`.
    pub(super) limit: Limit,
    /// What the next judgement is to say of itself: that the limit is another one.
    pub(super) why_judged: Option<Arc<str>>,
    /// Of rate alarms.
    pub(super) rate: Option<Box<RateWindow>>,
    /// The earliest `Due::Rate` in the heap for it.
    pub(super) rate_queued: Option<Mono>,
}

impl AlarmCell {
    pub(super) fn new(memory: AlarmMemory, now: Now) -> Self {
        Self {
            raised_mono: now.mono + (Utc(memory.raised) - now.utc),
            memory,
            delay: None,
            queued: None,
            judged: false,
            held_since: None,
            value: None,
            silenced: false,
            resound_at: None,
            unshelve_at: None,
            first_out: false,
            in_episode: false,
            recording: false,
            bout: Bout::default(),
            chatter_queued: None,
            limit: Limit::Off,
            why_judged: None,
            rate: None,
            rate_queued: None,
        }
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

impl Engine {
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
        // A value that is there at the first look came while nobody watched; a link, a quality or a rate has only begun.
        let begins_with_us = matches!(
            rule.condition,
            Condition::Quality
                | Condition::NoAnswer
                | Condition::Recording
                | Condition::SilentHorn
                | Condition::Rate { .. }
        );
        let by_value = !begins_with_us;
        let found_at_start = by_value && self.options.restarted && !self.alarms[alarm.index()].judged;
        let cell = &mut self.alarms[alarm.index()];
        cell.judged = true;
        let why = cell.why_judged.take();
        if cell.held_since.take().is_some() && cell.memory.active {
            self.alarms_view = None;
        }
        let (change, length) =
            if cell.memory.active { (Verdict::Goes, rule.off_delay) } else { (Verdict::Comes, rule.on_delay) };
        if verdict != change {
            return cell.delay.take().is_some();
        }
        let crossed = cell.delay.is_none();
        let delay = cell.delay.get_or_insert_with(|| Delay { due: began.mono + length, paused: None, began, why });
        if let Some(left) = delay.paused.take() {
            delay.due = now.mono + left;
        }
        let due = delay.due;
        let found = found_at_start && !cell.memory.active;
        if length == Span::ZERO || due < now.mono || found {
            if found {
                delay.why = Some("found at start".into());
            }
            self.change_now(now, alarm, rule, effects);
        } else {
            self.watch_delay(alarm, due);
        }
        crossed
    }

    pub(super) fn delay_ended(&mut self, then: Now, alarm: AlarmId, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let (Some(rule), Some(cell)) = (plan.alarm(alarm), self.alarms.get_mut(alarm.index())) else { return };
        if cell.queued.is_some_and(|queued| queued <= then.mono) {
            cell.queued = None;
        }
        let Some(due) = cell.delay.as_ref().filter(|d| d.paused.is_none()).map(|d| d.due) else { return };
        if due > then.mono {
            self.watch_delay(alarm, due);
            return;
        }
        self.change_now(then, alarm, rule, effects);
    }

    /// The delay is over, or there is none.
    fn change_now(&mut self, now: Now, alarm: AlarmId, rule: &AlarmPlan, effects: &mut Vec<Effect>) {
        let cell = &mut self.alarms[alarm.index()];
        let Some(Delay { began, why, .. }) = cell.delay.take() else { return };
        if cell.memory.active {
            self.return_now(now, alarm, rule, why, effects);
        } else {
            self.raise(now, alarm, rule, began, why, effects);
        }
    }

    /// A new occurrence.
    pub(super) fn raise(
        &mut self,
        now: Now,
        alarm: AlarmId,
        rule: &AlarmPlan,
        began: Now,
        why: Option<Arc<str>>,
        effects: &mut Vec<Effect>,
    ) {
        let mut entry = self.entry_of(now, Event::Raised, alarm, rule);
        let hidden = self.alarms[alarm.index()].memory.is_hidden();
        let first_out = !hidden && self.mark_first_out(rule.group, alarm, began.mono);
        let cell = &self.alarms[alarm.index()];
        let while_hidden = hidden.then(|| format!("while {}", cell.memory.state(rule.latch).word()).into());
        let parts: Vec<Arc<str>> = [why, self.measured(alarm, rule), while_hidden].into_iter().flatten().collect();
        let coming = Coming {
            limit: rule.condition.limit().map(|_| cell.limit),
            why: (!parts.is_empty()).then(|| parts.join(", ").into()),
            first_out_of: first_out.then(|| rule.group_name().into()),
        };
        entry.note = coming.note(&self.limit_unit(rule));
        entry.began = Some(began.utc);
        let cell = &mut self.alarms[alarm.index()];
        cell.memory.raise(cell.memory.occurrence + 1, now.utc, began.utc, &coming);
        cell.raised_mono = now.mono;
        cell.value.clone_from(&entry.value);
        entry.occurrence = Some(cell.memory.occurrence);
        if !hidden {
            cell.silenced = false;
            cell.resound_at = None;
            cell.bout.add(now.mono);
            self.watch_chatter(now, alarm);
            self.annunciate(now);
        }
        self.write(entry, effects);
        self.alarm_changed(alarm);
    }

    fn return_now(
        &mut self,
        now: Now,
        alarm: AlarmId,
        rule: &AlarmPlan,
        why: Option<Arc<str>>,
        effects: &mut Vec<Effect>,
    ) {
        let memory = &mut self.alarms[alarm.index()].memory;
        let waits = !memory.acknowledged || (rule.latch && memory.open);
        let event = if waits { Event::Returned } else { Event::Cleared };
        if waits {
            memory.return_at(now.utc);
        } else {
            memory.clear(now.utc);
        }
        let mut entry = self.entry_of(now, event, alarm, rule);
        entry.note = why;
        self.write(entry, effects);
        self.alarm_changed(alarm);
    }

    /// After suppression a condition that holds has to last its on-delay again before it is announced.
    pub(super) fn restart_on_delay(
        &mut self,
        now: Now,
        alarm: AlarmId,
        rule: &AlarmPlan,
        why: Option<Arc<str>>,
        effects: &mut Vec<Effect>,
    ) {
        self.return_now(now, alarm, rule, why.clone(), effects);
        let cell = &mut self.alarms[alarm.index()];
        cell.delay = None;
        cell.why_judged = why;
        match rule.subject {
            // By its present value: within the deadband the alarm stood, and yet none comes.
            Subject::Tag(_) => self.judge_alarm(now, alarm, effects),
            Subject::Device(_) | Subject::System => {
                self.decide(now, now, alarm, rule, Verdict::Comes, effects);
            }
        }
    }

    /// Sees to it that the heap has an entry at or before `due`.
    fn watch_delay(&mut self, alarm: AlarmId, due: Mono) {
        let cell = &mut self.alarms[alarm.index()];
        if cell.queued.is_none_or(|queued| queued > due) {
            cell.queued = Some(due);
            self.expect_at(due, Due::Delay(alarm));
        }
    }

    /// Sees to it that the mark of chattering goes when it is over.
    pub(super) fn watch_chatter(&mut self, now: Now, alarm: AlarmId) {
        let Some(cell) = self.alarms.get_mut(alarm.index()) else { return };
        if cell.chatter_queued.is_some_and(|at| at <= now.mono) {
            cell.chatter_queued = None;
            self.alarms_view = None;
        }
        if let Some(end) = cell.bout.end(now.mono)
            && cell.chatter_queued.is_none()
        {
            cell.chatter_queued = Some(end);
            self.expect_at(end, Due::Chatter(alarm));
        }
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
                entry.value = self.system_value(now, rule.condition);
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
        let state = self.state_of(alarm, rule);
        if state == AlarmState::Normal {
            self.standing.remove(&alarm);
        } else {
            self.standing.insert(alarm);
        }
        self.follow_episode(rule.group, alarm, state);
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
}
