//! What a tag's value and quality, or a device's link, say of the alarms that hang on them.
//!
//! Bad quality holds the limit and state alarms of a tag where they are and pauses their delays; a value that is not bad
//! resumes or resets them. While a device is gone its one no-answer alarm stands for the quality alarms of its tags.

use super::alarm::Limit;
use super::alarming::Verdict;
use super::core::{Due, Engine};
use super::effect::Effect;
use super::input::LinkState;
use super::plan::{AlarmId, AlarmPlan, Condition, Plan, Subject, TagId, TagPlan};
use super::{Quality, Value};
use crate::project::{Direction, When};
use crate::time::Now;
use std::sync::Arc;

/// What is known of a tag, as its alarms look at it.
#[derive(Debug, Clone)]
struct Reading {
    quality: Quality,
    /// Of values that are numbers or truths.
    value: Option<Value>,
    number: Option<f64>,
}

/// What an alarm makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Verdict(Verdict),
    /// It cannot be said now: the alarm stays where it is, and its delay stands still.
    Hold,
    /// This is no value for such an alarm.
    Nothing,
}

impl Judgement {
    /// What a number says against a limit that it must stay below.
    fn above(number: f64, limit: f64, deadband: f64) -> Self {
        Self::Verdict(if number >= limit {
            Verdict::Comes
        } else if number < limit - deadband {
            Verdict::Goes
        } else {
            Verdict::Between
        })
    }

    fn below(number: f64, limit: f64, deadband: f64) -> Self {
        Self::Verdict(if number <= limit {
            Verdict::Comes
        } else if number > limit + deadband {
            Verdict::Goes
        } else {
            Verdict::Between
        })
    }

    fn of(holds: Option<bool>) -> Self {
        holds.map_or(Self::Nothing, |holds| Self::Verdict(Verdict::of(holds)))
    }
}

impl Engine {
    fn reading(&self, id: TagId) -> Reading {
        let view = self.view(id);
        let number = view.value.as_ref().and_then(Value::as_f64);
        Reading { quality: view.quality, value: view.value.clone().filter(|_| number.is_some()), number }
    }

    /// Judges all alarms of a tag whose value or quality is another. Tells whether a condition came or went, be its delay
    /// over or not.
    pub(super) fn judge_tag(&mut self, now: Now, id: TagId, tag: &TagPlan, effects: &mut Vec<Effect>) -> bool {
        if self.is_calm(id, tag) {
            return false;
        }
        let plan = Arc::clone(&self.plan);
        let reading = self.reading(id);
        let mut crossed = false;
        for index in tag.alarms.clone() {
            let Some(rule) = plan.alarm(AlarmId(index)) else { continue };
            crossed |= self.judge_by(now, AlarmId(index), rule, &plan, tag, &reading, effects);
        }
        self.keep_calm(id, tag);
        crossed
    }

    /// Judges one alarm of a tag anew: by another limit, another tag's value, or because time went by.
    pub(super) fn judge_alarm(&mut self, now: Now, alarm: AlarmId, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(rule) = plan.alarm(alarm) else { return };
        let Subject::Tag(id) = rule.subject else { return };
        let Some(tag) = plan.tag(id) else { return };
        let reading = self.reading(id);
        self.forget_calm(rule);
        if self.judge_by(now, alarm, rule, &plan, tag, &reading, effects) {
            self.keep_newest(id, effects);
        }
    }

    fn judge_by(
        &mut self,
        now: Now,
        alarm: AlarmId,
        rule: &AlarmPlan,
        plan: &Plan,
        tag: &TagPlan,
        reading: &Reading,
        effects: &mut Vec<Effect>,
    ) -> bool {
        match self.judgement(now, alarm, rule, plan, tag, reading) {
            Judgement::Verdict(verdict) => self.decide(now, now, alarm, rule, verdict, effects),
            Judgement::Hold => {
                self.hold(now, alarm);
                false
            }
            Judgement::Nothing => false,
        }
    }

    fn judgement(
        &mut self,
        now: Now,
        alarm: AlarmId,
        rule: &AlarmPlan,
        plan: &Plan,
        tag: &TagPlan,
        reading: &Reading,
    ) -> Judgement {
        let bad = reading.quality.is_bad();
        let limit = self.alarms[alarm.index()].limit;
        if rule.condition == Condition::Quality {
            return self.quality_verdict(plan, tag, reading.quality).map_or(Judgement::Hold, Judgement::Verdict);
        }
        // Its past is kept in every state, so that there is a rate when there is a limit again.
        let rate = self.rate_of(now, alarm, rule, reading);
        if rule.condition.limit().is_some() && limit == Limit::Off {
            return Judgement::Verdict(Verdict::Goes);
        }
        if bad {
            return Judgement::Hold;
        }
        let limit = limit.number().unwrap_or(f64::INFINITY);
        match rule.condition {
            Condition::AtOrAbove { deadband, .. } => {
                reading.number.map_or(Judgement::Nothing, |v| Judgement::above(v, limit, deadband))
            }
            Condition::AtOrBelow { deadband, .. } => {
                reading.number.map_or(Judgement::Nothing, |v| Judgement::below(v, limit, deadband))
            }
            Condition::Rate { deadband, .. } => {
                rate.map_or(Judgement::Hold, |rate| Judgement::above(rate, limit, deadband))
            }
            Condition::Deviation { deadband, from, .. } => {
                let other = self.view(from);
                if other.quality.is_bad() {
                    return Judgement::Hold;
                }
                let other = other.value.as_ref().and_then(Value::as_f64);
                let distance = reading.number.zip(other).map(|(a, b)| (a - b).abs());
                distance.map_or(Judgement::Nothing, |distance| Judgement::above(distance, limit, deadband))
            }
            Condition::State(When::Bool(state)) => {
                Judgement::of(reading.value.as_ref().and_then(Value::as_bool).map(|v| v == state))
            }
            Condition::State(When::Int(state)) => {
                Judgement::of(reading.value.as_ref().and_then(Value::as_state).map(|v| v == state))
            }
            Condition::Quality
            | Condition::NoAnswer
            | Condition::ProjectFaults
            | Condition::Recording
            | Condition::DiskSpace
            | Condition::SilentHorn
            | Condition::Certificate(_) => Judgement::Nothing,
        }
    }

    /// The rate in the direction that counts, of rate alarms; asks to be called again when it is another by itself.
    fn rate_of(&mut self, now: Now, alarm: AlarmId, rule: &AlarmPlan, reading: &Reading) -> Option<f64> {
        let Condition::Rate { over, direction, .. } = rule.condition else { return None };
        let cell = self.alarms.get_mut(alarm.index())?;
        let window = cell.rate.get_or_insert_default();
        window.push(now.mono, reading.number.filter(|_| !reading.quality.is_bad()), over);
        let rate = window.rate(now.mono, over);
        if let Some(at) = window.next_change(now.mono, over)
            && cell.rate_queued.is_none_or(|queued| queued > at)
        {
            cell.rate_queued = Some(at);
            self.expect_at(at, Due::Rate(alarm));
        }
        rate.map(|rate| match direction {
            Direction::Rising => rate,
            Direction::Falling => -rate,
            Direction::Either => rate.abs(),
        })
    }

    /// The value that held `over` ago is another.
    pub(super) fn rate_may_change(&mut self, then: Now, alarm: AlarmId, effects: &mut Vec<Effect>) {
        if let Some(cell) = self.alarms.get_mut(alarm.index()) {
            cell.rate_queued = None;
        }
        self.judge_alarm(then, alarm, effects);
    }

    /// What was measured, of kinds that do not judge the value as it is: `rate 0.83 %/s`, `deviation 7.2 %`.
    pub(super) fn measured(&self, alarm: AlarmId, rule: &AlarmPlan) -> Option<Arc<str>> {
        let Subject::Tag(id) = rule.subject else { return None };
        let unit = self.limit_unit(rule);
        let value = self.view(id).value.as_ref()?.as_f64()?;
        let (word, number) = match rule.condition {
            Condition::Rate { over, .. } => {
                let window = self.alarms.get(alarm.index())?.rate.as_ref()?;
                ("rate", window.newest_rate(over)?)
            }
            Condition::Deviation { from, .. } => ("deviation", value - self.view(from).value.as_ref()?.as_f64()?),
            _ => return None,
        };
        // Six digits: a difference of decimal numbers has many that nobody measured.
        let number: f64 = format!("{number:.5e}").parse().unwrap_or(number);
        Some(format!("{word} {}", Limit::At(number).words(&unit)).into())
    }

    /// The unit of an alarm's limit.
    pub(super) fn limit_unit(&self, rule: &AlarmPlan) -> String {
        let Subject::Tag(id) = rule.subject else { return String::new() };
        let unit = self.plan.tag(id).map_or("", |tag| tag.unit.as_ref());
        match rule.condition {
            Condition::Rate { .. } => format!("{unit}/s"),
            _ => unit.to_owned(),
        }
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

    /// The alarm stays where it is and its delay stands still.
    pub(super) fn hold(&mut self, now: Now, alarm: AlarmId) {
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
}
