//! What steers an alarm from outside its tag: the formula that suppresses it, and those that say which limit is in force.
//!
//! A bad or stale input never suppresses, and never moves a limit: the row that was in force stays.

use super::alarm::Limit;
use super::core::Engine;
use super::effect::{Effect, Event};
use super::formula::Formula;
use super::plan::{AlarmId, AlarmPlan};
use super::{Quality, Value};
use crate::time::Now;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a formula about the state of the plant says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// An input is bad or stale.
    Unknown,
    /// An input has not spoken since the start.
    Waiting,
}

impl Engine {
    fn ask(&self, formula: &Formula) -> Answer {
        let (value, quality) = formula.eval(&mut |input| {
            let view = self.view(input);
            (view.value.clone().filter(|_| !view.quality.is_bad()), view.quality)
        });
        if quality == Quality::WAITING {
            Answer::Waiting
        } else if quality.is_bad() || quality == Quality::STALE {
            Answer::Unknown
        } else if value.and_then(|v| v.as_bool()) == Some(true) {
            Answer::Yes
        } else {
            Answer::No
        }
    }

    /// Puts the limits and suppressions into force whose inputs changed. Gives the alarms whose suppression ends: they are
    /// shown again when their own values of this instant have been judged.
    pub(super) fn settle_states(&mut self, now: Now, effects: &mut Vec<Effect>) -> Vec<AlarmId> {
        let mut ending = Vec::new();
        let plan = Arc::clone(&self.plan);
        while let Some(alarm) = self.states_due.pop_first() {
            let Some(rule) = plan.alarm(alarm) else { continue };
            if let Some((limit, state)) = self.limit_by_state(alarm, rule) {
                let words = now_words(limit, &self.limit_unit(rule));
                let why = format!("{words}, by state");
                self.change_limit(now, alarm, rule, limit, &format!("{why} ({state})"), &why, effects);
            }
            let Some(formula) = &rule.suppress_when else { continue };
            let was = self.alarms[alarm.index()].memory.suppressed;
            match self.ask(formula) {
                Answer::Yes if !was => self.hide_by_design(now, alarm, rule, effects),
                // Just started: what was suppressed stays so until its inputs have spoken.
                Answer::Yes | Answer::Waiting => {}
                Answer::No | Answer::Unknown => {
                    if was {
                        ending.push(alarm);
                    }
                }
            }
        }
        ending
    }

    /// The limit of the first row that is true, and that row; `None`: it cannot be said, and the one in force stays.
    fn limit_by_state(&self, alarm: AlarmId, rule: &AlarmPlan) -> Option<(Limit, Arc<str>)> {
        if rule.limits.is_empty() {
            return None;
        }
        let decided = rule.limits.iter().find_map(|row| match self.ask(&row.when) {
            Answer::Yes => Some(Some((row.limit, Arc::clone(&row.text)))),
            Answer::No => None,
            Answer::Unknown | Answer::Waiting => Some(None),
        });
        let (limit, state) = match decided {
            Some(row) => row?,
            None => (Limit::of(rule.condition.limit()), "none of its states".into()),
        };
        (limit != self.alarms.get(alarm.index())?.limit).then_some((limit, state))
    }

    /// Puts another limit into force, journals it, and has the alarm judged anew, which then says `why`.
    pub(super) fn change_limit(
        &mut self,
        now: Now,
        alarm: AlarmId,
        rule: &AlarmPlan,
        limit: Limit,
        note: &str,
        why: &str,
        effects: &mut Vec<Effect>,
    ) {
        let mut entry = self.entry_of(now, Event::LimitChanged, alarm, rule);
        entry.value = limit.number().map(Value::F64);
        entry.quality = None;
        entry.unit = Some(self.limit_unit(rule)).filter(|u| !u.is_empty() && entry.value.is_some()).map(Arc::from);
        entry.note = Some(note.into());
        self.write(entry, effects);
        let cell = &mut self.alarms[alarm.index()];
        cell.limit = limit;
        cell.memory.limit = Some(limit);
        cell.why_judged = Some(why.into());
        self.limits_view = None;
        self.forget_calm(rule);
        self.alarms_due.insert(alarm);
    }

    /// The limit in force of the new plan before any input has spoken: the one that was in force, where there still is one
    /// like it.
    pub(super) fn limit_to_begin_with(rule: &AlarmPlan, before: Option<Limit>) -> Limit {
        let written = Limit::of(rule.condition.limit());
        before.filter(|before| rule.limits.iter().any(|row| row.limit == *before)).unwrap_or(written)
    }

    /// Limits in force that are not the written ones, for a snapshot.
    pub(super) fn view_limits(&mut self) -> Arc<BTreeMap<AlarmId, Limit>> {
        let (plan, alarms) = (&self.plan, &self.alarms);
        let by_state = || {
            let rules = plan.alarms.iter().zip(alarms).enumerate();
            rules
                .filter(|(_, (rule, cell))| !rule.limits.is_empty() && cell.limit != Limit::of(rule.condition.limit()))
                .map(|(index, (_, cell))| (AlarmId(index as u32), cell.limit))
                .collect()
        };
        Arc::clone(self.limits_view.get_or_insert_with(|| Arc::new(by_state())))
    }

    pub(super) fn hide_by_design(&mut self, now: Now, alarm: AlarmId, rule: &AlarmPlan, effects: &mut Vec<Effect>) {
        self.alarms[alarm.index()].memory.suppress(now.utc);
        let entry = self.entry_of(now, Event::Suppressed, alarm, rule);
        self.write(entry, effects);
        self.alarm_changed(alarm);
    }
}

/// `limit now 80 m³/h`, `no limit now`.
pub(super) fn now_words(limit: Limit, unit: &str) -> String {
    match limit {
        Limit::At(_) => format!("limit now {}", limit.words(unit)),
        Limit::Off => "no limit now".to_owned(),
    }
}
