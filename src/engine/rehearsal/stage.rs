//! The engine of a rehearsal, its virtual time, and what the lines of a scenario do to it.

use super::scenario::Line;
use crate::engine::plan::SourcePlan;
use crate::engine::{
    Actor, AlarmRef, Command, DeviceId, DeviceStatus, Effect, Engine, EngineOptions, Entry, Generation, Input,
    JournalState, LinkState, Mode, Plan, Quality, Raw, Report, Sample, Snapshot, TagId, Value,
};
use crate::project::{DataType, Project};
use crate::time::{Mono, Now, Span, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where virtual time starts: 2000-01-01T00:00:00Z.
pub(super) const START: Now = Now { mono: Mono(0), utc: Utc(946_684_800_000_000) };

/// Verbs that act on an alarm.
const ALARM_VERBS: [&str; 8] =
    ["ack", "shelve", "unshelve", "suppress", "unsuppress", "out-of-service", "in-service", "reset"];

/// A silenced alarm sounds again every five minutes of a scenario's time: ten thousand years of it would never end.
pub(super) const LONGEST: Span = Span::from_secs(366 * 24 * 3600);

/// See the module.
#[derive(Debug)]
pub(super) struct Stage {
    engine: Engine,
    plan: Arc<Plan>,
    pub(super) now: Now,
    /// Tags whose values are floats, for they are scaled, whatever their registers hold.
    scaled: BTreeSet<TagId>,
    /// What devices are taken to go on answering.
    held: BTreeMap<TagId, Sample>,
    /// What was journaled, and nobody has taken yet.
    pub(super) journal: Vec<Entry>,
    /// What was journaled in all.
    pub(super) entries: u64,
}

impl Stage {
    /// A plant that nothing has been heard of, all of whose devices answer.
    pub(super) fn new(project: Arc<Project>, options: EngineOptions) -> Self {
        let (mut plan, _issues) = Plan::compile(project, Generation(1), Mode::Rehearsal);
        let mut scaled = BTreeSet::new();
        for (index, tag) in plan.tags.iter_mut().enumerate() {
            if tag.scaling.is_some() || tag.exponent.is_some() {
                scaled.insert(TagId(index as u32));
            }
            // A scenario speaks in units, not in raw registers.
            (tag.scaling, tag.exponent) = (None, None);
            if !tag.tag.bad_values.is_empty() {
                Arc::make_mut(&mut tag.tag).bad_values.clear();
            }
            for index in tag.alarms.clone() {
                if let Some(alarm) = plan.alarms.get_mut(index as usize) {
                    // `suppress` and `unsuppress` stand for the formula.
                    alarm.suppress_when = None;
                }
            }
        }
        let mut stage = Self {
            engine: Engine::new(options, BTreeMap::new()),
            plan: Arc::new(plan),
            now: START,
            scaled,
            held: BTreeMap::new(),
            journal: Vec::new(),
            entries: 0,
        };
        stage.apply(Input::Deploy(Arc::clone(&stage.plan)));
        for index in 0..stage.plan.devices.len() {
            let status = DeviceStatus { state: LinkState::Connected, ..DeviceStatus::new(START) };
            let device = DeviceId(index as u32);
            stage.apply(Input::Link { generation: Generation(1), device, status: Box::new(status) });
        }
        stage.journal.clear();
        stage.entries = 0;
        stage
    }

    /// The instant of a line.
    ///
    /// # Errors
    /// Where it has none that can be reached.
    pub(super) fn time_of(&self, line: &Line) -> Result<Now, String> {
        let then = START + line.at;
        if then.mono < self.now.mono {
            return Err(format!("time goes back, from {} to {}", self.now.mono - START.mono, line.at));
        }
        if line.at > LONGEST {
            return Err(format!("{} is longer than a scenario may last, {LONGEST}", line.at));
        }
        Ok(then)
    }

    /// Time goes by: what falls due before `then` happens, and devices go on answering. `left`: so much may happen; `false`:
    /// that much did, and there may be more.
    pub(super) fn reach(&mut self, then: Now, left: &mut usize) -> bool {
        while *left > 0 {
            let refresh = self.next_answer();
            let due = self.engine.next_deadline();
            let next = [refresh, due].into_iter().flatten().min().filter(|at| *at < then.mono);
            let Some(at) = next else {
                self.now = then;
                return true;
            };
            *left -= 1;
            self.now = START + (at - START.mono);
            if refresh == Some(at) {
                self.answer();
            }
            self.apply(Input::Tick);
        }
        false
    }

    /// What is due at this very instant happens: no line of it follows.
    pub(super) fn settle(&mut self) {
        self.apply(Input::Tick);
    }

    /// A person does something.
    pub(super) fn command(&mut self, command: Command) {
        self.apply(Input::Command(command));
    }

    /// So many entries are in the journal that is kept of this play.
    pub(super) fn journaled(&mut self, entries: u64) {
        self.apply(Input::Journal(JournalState { entries, ..JournalState::default() }));
    }

    /// As a screen may see it now.
    pub(super) fn snapshot(&mut self) -> Snapshot {
        self.engine.snapshot(self.now)
    }

    /// When the next held value has to be told again so that it does not grow stale.
    fn next_answer(&mut self) -> Option<Mono> {
        let plan = Arc::clone(&self.plan);
        let snapshot = self.engine.snapshot(self.now);
        self.held
            .iter()
            .filter(|(_, sample)| sample.value.is_some())
            .filter_map(|(id, _)| {
                let stale_after = plan.tag(*id)?.stale_after?;
                let received = snapshot.tag(*id)?.received?;
                Some(received.mono + Span(stale_after.0 / 2))
            })
            .min()
    }

    fn answer(&mut self) {
        let samples = self.held.values().filter(|s| s.value.is_some()).cloned().collect();
        self.apply(Input::Report(Report { generation: Generation(1), received: self.now, samples }));
    }

    fn apply(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.engine.apply(self.now, input, &mut effects);
        while !effects.is_empty() {
            let mut more = Vec::new();
            for effect in effects {
                // A rehearsal asks for no samples to be recorded.
                let Effect::Journal(ticket, entry) = effect else { continue };
                self.journal.push(*entry);
                self.entries += 1;
                self.engine.apply(self.now, Input::Durable(ticket), &mut more);
            }
            effects = more;
        }
    }

    /// Does what a line says, whose instant was reached.
    ///
    /// # Errors
    /// Where it is at fault, or expects what is not.
    pub(super) fn play(&mut self, line: &Line) -> Result<(), String> {
        let by = Actor { user: "rehearsal".into(), computer: "virtual".into(), desk: None };
        let note = || Some(line.value.trim()).filter(|v| !v.is_empty()).map(Arc::from);
        match line.verb.as_str() {
            "set" => {
                let id = self.tag(&line.target)?;
                let value = self.value(id, &line.value)?;
                self.hold(Sample::good(id, value, Raw::NONE));
            }
            "quality" => {
                let id = self.tag(&line.target)?;
                let (word, given) = line.value.trim().split_once(' ').unwrap_or((line.value.trim(), ""));
                let quality = Quality::parse(word)
                    .ok_or_else(|| format!("\"{word}\" is no quality; write for example bad:no-communication"))?;
                let value = match given.trim() {
                    "" => self.engine.snapshot(self.now).tag(id).and_then(|v| v.value.clone()),
                    _ if quality.is_bad() => {
                        return Err(format!("{word} is bad, and a bad value has no number: leave it out"));
                    }
                    given => Some(self.value(id, given)?),
                };
                let sample = match value {
                    Some(value) if !quality.is_bad() => Sample { quality, ..Sample::good(id, value, Raw::NONE) },
                    _ => Sample::bad(id, quality, None),
                };
                self.hold(sample);
            }
            "stop" => {
                let id = self.tag(&line.target)?;
                self.held.remove(&id);
            }
            "expect" => {
                self.apply(Input::Tick);
                self.expect(line)?;
            }
            "silence" => self.apply(Input::Command(Command::Silence { by })),
            verb if !ALARM_VERBS.contains(&verb) => {
                return Err(format!(
                    "\"{verb}\" is no verb; use set, quality, stop, expect, silence, {}",
                    ALARM_VERBS.join(", ")
                ));
            }
            verb => {
                let alarm = self.alarm(&line.target)?;
                let command = match verb {
                    "ack" => {
                        let id = self.plan.alarm_id(&alarm);
                        let snapshot = self.engine.snapshot(self.now);
                        let occurrence = snapshot.alarms.iter().find(|a| Some(a.id) == id).map_or(0, |a| a.occurrence);
                        Command::Acknowledge { by, alarms: vec![AlarmRef { alarm, occurrence }], note: note() }
                    }
                    "shelve" => {
                        let (length, reason) = line.value.trim().split_once(' ').unwrap_or((line.value.trim(), ""));
                        let until = self.now.utc + Span::parse(length)?;
                        let reason = Some(reason.trim()).filter(|r| !r.is_empty()).map(Arc::from);
                        Command::Shelve { by, alarm, until, reason }
                    }
                    "unshelve" => Command::Unshelve { by, alarm },
                    "suppress" => Command::Suppress { by, alarm, suppressed: true },
                    "unsuppress" => Command::Suppress { by, alarm, suppressed: false },
                    "out-of-service" => Command::OutOfService { by, alarm, reason: note() },
                    "in-service" => Command::InService { by, alarm },
                    _ => Command::Reset { by, alarm },
                };
                self.apply(Input::Command(command));
            }
        }
        Ok(())
    }

    fn hold(&mut self, sample: Sample) {
        self.held.insert(sample.tag, sample.clone());
        self.apply(Input::Report(Report { generation: Generation(1), received: self.now, samples: vec![sample] }));
    }

    fn expect(&mut self, line: &Line) -> Result<(), String> {
        const STATES: [&str; 9] = [
            "normal",
            "unacknowledged",
            "acknowledged",
            "returned",
            "latched",
            "latched-acknowledged",
            "shelved",
            "suppressed",
            "out-of-service",
        ];
        let expected = line.value.trim();
        let alarm = self.alarm(&line.target)?;
        if !STATES.contains(&expected) {
            return Err(format!("\"{expected}\" is no state; use one of {}", STATES.join(", ")));
        }
        let id = self.plan.alarm_id(&alarm);
        let snapshot = self.engine.snapshot(self.now);
        let state = snapshot.alarms.iter().find(|a| Some(a.id) == id).map_or("normal", |a| a.state.word());
        if state == expected { Ok(()) } else { Err(format!("{alarm} is {state}, expected {expected}")) }
    }

    fn tag(&self, name: &str) -> Result<TagId, String> {
        let id = self.plan.tag_id(name).ok_or_else(|| format!("there is no tag \"{name}\""))?;
        match self.plan.tag(id).map(|t| &t.source) {
            Some(SourcePlan::Formula(_)) => Err(format!("{name} is computed by a formula; set its inputs")),
            Some(SourcePlan::Fault(reason)) => Err(format!("{name} cannot run: {reason}")),
            _ => Ok(id),
        }
    }

    fn alarm(&self, name: &str) -> Result<Arc<str>, String> {
        let id = self.plan.alarm_id(name);
        id.and_then(|id| self.plan.alarm(id))
            .map(|a| Arc::clone(&a.name))
            .ok_or_else(|| format!("there is no alarm \"{name}\""))
    }

    fn value(&self, id: TagId, text: &str) -> Result<Value, String> {
        let text = text.trim();
        let data_type = self.plan.tag(id).map(|t| t.tag.data_type).unwrap_or_default();
        let value = match data_type {
            DataType::String => Some(Value::Text(Arc::from(text))),
            DataType::Bool => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "on" => Some(Value::Bool(true)),
                "false" | "0" | "off" => Some(Value::Bool(false)),
                _ => None,
            },
            DataType::F16 | DataType::F32 | DataType::F64 => None,
            _ if self.scaled.contains(&id) => None,
            _ => text.parse().map(Value::I64).or_else(|_| text.parse().map(Value::U64)).ok(),
        };
        let number = || text.parse::<f64>().ok().filter(|v| v.is_finite()).map(Value::F64);
        let is_number = !matches!(data_type, DataType::String | DataType::Bool);
        value
            .or_else(|| if is_number { number() } else { None })
            .ok_or_else(|| format!("\"{text}\" is no value of type {}", data_type.word()))
    }
}
