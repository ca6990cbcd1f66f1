//! Back-testing: what an alarm would have done, as it is and with other settings, over values that were recorded.
//!
//! The project's own plan is compiled once with copies of the alarm beside it, and the one engine plays what was
//! recorded, at the times that were recorded. Nothing here knows how an alarm comes or goes.
//!
//! What was recorded with a deadband of its own (`record-deadband`) is known to within it. Then two more copies tell what
//! is certain: one that comes and goes only where any value within the deadband would ([`Outcome::least`]), and one that
//! does wherever some value within it might ([`Outcome::most`]).
//!
//! **Limitations:** a limit that is tried is the alarm's own; the rows of its limits by state stay as written. Alarms that
//! the program adds by itself (quality, no-answer) have no settings to try. Tags other than the alarm's own, which its
//! formulas read or it is compared with, count as they were recorded, without bounds.

use super::plan::{Condition, RecordPlan, Subject};
use super::{
    DeviceId, DeviceStatus, Effect, Engine, EngineOptions, Event, Formula, Generation, Input, LinkState, Mode, Plan,
    Quality, Raw, Report, Sample, TagId, Value,
};
use crate::project::{Alarm, Deadband, Project};
use crate::time::{Mono, Now, Span, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Occurrences of one rule that are kept one by one; beyond, they are counted.
pub const MOST_KEPT: usize = 100_000;

/// Settings to try; what is `None` stays as the project has it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Settings {
    /// In the tag's unit, or what the kind's limit is in.
    pub limit: Option<f64>,
    /// In units, or percent of the range.
    pub deadband: Option<Deadband>,
    /// The condition must hold this long.
    pub on_delay: Option<Span>,
    /// The condition must be gone this long.
    pub off_delay: Option<Span>,
}

/// Why nothing can be tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrialError {
    /// The project has no such alarm.
    #[error("there is no alarm \"{name}\" in the project{nearest}")]
    NoSuchAlarm {
        /// As asked for.
        name: String,
        /// ` (there is "tank1.level/high")`, or nothing.
        nearest: String,
    },
    /// The program adds it by itself.
    #[error("\"{0}\" is an alarm that the program adds by itself; only those written in the project can be tried")]
    NotWritten(String),
    /// It is at fault in the project.
    #[error("\"{0}\" is at fault in the project and not watched; `check` tells why")]
    AtFault(String),
    /// It has no limit.
    #[error("\"{0}\" is an alarm of kind {1}, which has no limit; try its delays")]
    NoLimit(String, &'static str),
    /// The settings are none.
    #[error("{0}")]
    Nonsense(String),
    /// Its tag is never recorded.
    #[error("{0} is not recorded (record = \"never\"), so that nothing is known of the past")]
    NeverRecorded(Arc<str>),
}

/// One occurrence in a replay.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    /// When its condition began.
    pub began: Utc,
    /// When it was raised: after the on-delay.
    pub raised: Utc,
    /// When its condition was gone; `None`: it still held at the end.
    pub ended: Option<Utc>,
    /// The value when it was raised.
    pub value: Option<Value>,
}

impl Occurrence {
    /// How long it stood, until `end` where it still does.
    pub fn lasted(&self, end: Utc) -> Span {
        self.ended.unwrap_or(end) - self.raised
    }
}

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// Those announced, in order; of more than [`MOST_KEPT`], the first.
    pub occurrences: Vec<Occurrence>,
    /// How many were announced.
    pub count: u64,
    /// Raised while suppressed by its formula: announced to nobody.
    pub suppressed: u64,
    /// The condition held at the very first value, so that its first occurrence began earlier.
    pub held_at_start: bool,
}

impl Run {
    /// How long it stood in all.
    pub fn stood(&self, end: Utc) -> Span {
        Span(self.occurrences.iter().map(|o| o.lasted(end).0.max(0)).sum())
    }
}

/// How far the counts may be trusted.
#[derive(Debug, Clone, PartialEq)]
pub enum Exactness {
    /// Every change of the value was recorded.
    Exact,
    /// The value is known to within this many units; see [`Outcome::least`] and [`Outcome::most`].
    Within(f64),
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The alarm as the project has it.
    pub present: Run,
    /// With the settings tried.
    pub trial: Run,
    /// How far both may be trusted.
    pub exactness: Exactness,
    /// With the settings tried, at least so many; `None`: `trial` is exact, or nothing is certain.
    pub least: Option<u64>,
    /// With the settings tried, at most so many; `None`: `trial` is exact, or there is no telling: the alarm's deadband is
    /// less than twice what the value is known to.
    pub most: Option<u64>,
    /// Of the time played, how long the alarm's tag had a value that was not bad.
    pub known: Span,
    /// The last instant played.
    pub end: Utc,
}

/// Which copy of the alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Copy {
    Present,
    Trial,
    Least,
    Most,
}

impl Copy {
    const ALL: [Self; 4] = [Self::Present, Self::Trial, Self::Least, Self::Most];
}

/// A copy in play.
#[derive(Debug, Default)]
struct Watched {
    name: Option<Arc<str>>,
    run: Run,
    hidden: bool,
    open: bool,
}

/// A replay in progress: hand over what was recorded in the order of time, then [`Trial::finish`].
#[derive(Debug)]
pub struct Trial {
    engine: Engine,
    tag: TagId,
    inputs: Vec<(TagId, Arc<str>)>,
    unrecorded: Vec<Arc<str>>,
    exactness: Exactness,
    watched: [Watched; 4],
    effects: Vec<Effect>,
    started: bool,
    last: Utc,
    /// Since when the value is not bad.
    known_since: Option<Utc>,
    known: Span,
}

impl Trial {
    /// Prepares a replay of `alarm` (`tank1.level/high`) of this project.
    pub fn new(project: &Project, alarm: &str, settings: &Settings) -> Result<Self, TrialError> {
        let written = find(project, alarm)?;
        let name = format!("{}/{}", written.tag, written.name);
        let tried = changed(written, settings, &name)?;
        let (whole, _issues) = Plan::compile(Arc::new(project.clone()), Generation(1), Mode::Rehearsal);
        let rule =
            whole.alarm_id(&name).and_then(|id| whole.alarm(id)).ok_or_else(|| TrialError::AtFault(name.clone()))?;
        let Subject::Tag(tag) = rule.subject else { return Err(TrialError::AtFault(name)) };
        let tag_plan = whole.tag(tag).ok_or_else(|| TrialError::AtFault(name.clone()))?;
        let exactness = match tag_plan.record {
            RecordPlan::Never => return Err(TrialError::NeverRecorded(Arc::clone(&tag_plan.name))),
            RecordPlan::Change { deadband, .. } if deadband > 0.0 => Exactness::Within(deadband),
            RecordPlan::Change { .. } | RecordPlan::Always => Exactness::Exact,
        };
        let span = tag_plan.tag.range.map(|[low, high]| high - low);
        let copies = Copy::ALL.map(|copy| match (copy, &exactness) {
            (Copy::Trial, _) => Some(tried.clone()),
            (Copy::Least, Exactness::Within(doubt)) => widened(&tried, span, *doubt),
            (Copy::Most, Exactness::Within(doubt)) => widened(&tried, span, -*doubt),
            (Copy::Present, _) | (Copy::Least | Copy::Most, Exactness::Exact) => None,
        });
        let mut beside = project.clone();
        let mut watched: [Watched; 4] = std::array::from_fn(|_| Watched::default());
        watched[0].name = Some(name.as_str().into());
        for (place, copy) in copies.into_iter().enumerate() {
            let Some(mut copy) = copy else { continue };
            // No name of a file has a space.
            copy.name = format!("{} trial {place}", written.name);
            copy.group = None;
            watched[place].name = Some(format!("{}/{}", copy.tag, copy.name).into());
            beside.alarms.push(Arc::new(copy));
        }
        let (mut plan, _issues) = Plan::compile(Arc::new(beside), Generation(1), Mode::Rehearsal);
        if let Some(name) = &watched[1].name
            && plan.alarm_id(name).is_none()
        {
            return Err(TrialError::AtFault(name.to_string()));
        }
        let inputs = inputs_of(&plan, tag, &watched);
        let (unrecorded, inputs): (Vec<_>, Vec<_>) =
            inputs.into_iter().partition(|id| plan.tag(*id).is_some_and(|t| t.record == RecordPlan::Never));
        let named = |ids: Vec<TagId>| ids.into_iter().filter_map(|id| Some((id, Arc::clone(&plan.tag(id)?.name))));
        let inputs: Vec<_> = named(inputs).collect();
        let unrecorded = named(unrecorded).map(|(_, name)| name).collect();
        as_recorded(&mut plan, inputs.iter().map(|(id, _)| *id));
        Ok(Self {
            engine: deployed(plan),
            tag,
            inputs,
            unrecorded,
            exactness,
            watched,
            effects: Vec::new(),
            started: false,
            last: Utc(i64::MIN),
            known_since: None,
            known: Span::ZERO,
        })
    }

    /// The tags whose recorded values are wanted, the alarm's own first.
    pub fn inputs(&self) -> &[(TagId, Arc<str>)] {
        &self.inputs
    }

    /// Tags that the alarm's formulas read and that are never recorded: what hangs on them is as if they had no value.
    pub fn unrecorded(&self) -> &[Arc<str>] {
        &self.unrecorded
    }

    /// A recorded sample. One with a time before the last one's counts at the last one's.
    pub fn sample(&mut self, tag: TagId, time: Utc, value: Option<Value>, quality: Quality) {
        let time = time.max(self.last);
        self.follow(tag, time, quality);
        let sample = Sample { tag, value, quality, source_time: None, raw: Raw::NONE, detail: None };
        let received = at(time);
        let input = Input::Report(Report { generation: Generation(1), received, samples: vec![sample] });
        self.apply(time, input);
        self.started = true;
    }

    /// Nothing more was recorded up to here.
    pub fn finish(mut self, end: Utc) -> Outcome {
        let end = end.max(self.last);
        if self.started {
            self.apply(end, Input::Tick);
        }
        if let Some(since) = self.known_since {
            self.known.0 += (end - since).0;
        }
        let [present, trial, least, most] = self.watched;
        let most_is_certain = most.name.is_some();
        Outcome {
            present: present.run,
            trial: trial.run,
            exactness: self.exactness,
            least: least.name.map(|_| least.run.count),
            most: most_is_certain.then_some(most.run.count),
            known: self.known,
            end,
        }
    }

    fn follow(&mut self, tag: TagId, time: Utc, quality: Quality) {
        if tag != self.tag {
            return;
        }
        match (self.known_since, quality.is_bad()) {
            (None, false) => self.known_since = Some(time),
            (Some(since), true) => {
                self.known.0 += (time - since).0;
                self.known_since = None;
            }
            (None, true) | (Some(_), false) => {}
        }
    }

    fn apply(&mut self, time: Utc, input: Input) {
        self.last = time;
        let first = !self.started;
        self.engine.apply(at(time), input, &mut self.effects);
        for effect in self.effects.drain(..) {
            let Effect::Journal(_, entry) = effect else { continue };
            let Some(alarm) = &entry.alarm else { continue };
            let Some(watched) = self.watched.iter_mut().find(|w| w.name.as_ref() == Some(alarm)) else { continue };
            watched.hear(&entry, first);
        }
    }
}

impl Watched {
    fn hear(&mut self, entry: &super::Entry, first: bool) {
        match entry.event {
            Event::Suppressed => self.hidden = true,
            Event::Unsuppressed => self.hidden = false,
            Event::Raised if self.hidden => self.run.suppressed += 1,
            Event::Raised => {
                self.run.held_at_start |= first;
                self.run.count += 1;
                self.open = self.run.occurrences.len() < MOST_KEPT;
                if self.open {
                    self.run.occurrences.push(Occurrence {
                        began: entry.began.unwrap_or(entry.time),
                        raised: entry.time,
                        ended: None,
                        value: entry.value.clone(),
                    });
                }
            }
            Event::Returned | Event::Cleared if std::mem::take(&mut self.open) => {
                if let Some(last) = self.run.occurrences.last_mut() {
                    last.ended = Some(entry.time);
                }
            }
            _ => {}
        }
    }
}

/// Virtual time is the time that was recorded: a clock that was stepped back does not run backward here, because the
/// history is in order.
fn at(time: Utc) -> Now {
    Now { mono: Mono(time.0), utc: time }
}

fn find<'a>(project: &'a Project, name: &str) -> Result<&'a Alarm, TrialError> {
    let full = |alarm: &Alarm| format!("{}/{}", alarm.tag, alarm.name);
    if let Some(alarm) = project.alarms.iter().find(|a| full(a).eq_ignore_ascii_case(name)) {
        return Ok(alarm);
    }
    let (whole, _issues) = Plan::compile(Arc::new(project.clone()), Generation(1), Mode::Rehearsal);
    if whole.alarm_id(name).is_some() {
        return Err(TrialError::NotWritten(name.to_owned()));
    }
    let of_tag = name.split('/').next().unwrap_or(name);
    let others = project.alarms.iter().filter(|a| a.tag.eq_ignore_ascii_case(of_tag)).map(|a| full(a));
    let others: Vec<String> = others.map(|other| format!("\"{other}\"")).collect();
    let nearest =
        if others.is_empty() { String::new() } else { format!("; of that tag there is {}", others.join(", ")) };
    Err(TrialError::NoSuchAlarm { name: name.to_owned(), nearest })
}

fn changed(written: &Alarm, settings: &Settings, name: &str) -> Result<Alarm, TrialError> {
    let mut tried = written.clone();
    if let Some(limit) = settings.limit {
        if !limit.is_finite() {
            return Err(TrialError::Nonsense(format!("a limit of {limit} is none")));
        }
        if limit <= 0.0 && tried.kind.limit().is_some() && !tried.kind.is_of_value() {
            let kind = written.kind.word();
            return Err(TrialError::Nonsense(format!("a {kind} of {limit} would hold always; its limit is above 0")));
        }
        let kind = tried.kind.with_limit(limit);
        tried.kind = kind.ok_or_else(|| TrialError::NoLimit(name.to_owned(), written.kind.word()))?;
    }
    if let Some(deadband) = settings.deadband {
        let (Deadband::Units(size) | Deadband::Percent(size)) = deadband;
        if !(size.is_finite() && size >= 0.0) {
            return Err(TrialError::Nonsense(format!("a deadband of {size} is none; it is 0 or more")));
        }
        tried.deadband = deadband;
    }
    tried.on_delay = settings.on_delay.unwrap_or(tried.on_delay);
    tried.off_delay = settings.off_delay.unwrap_or(tried.off_delay);
    Ok(tried)
}

/// The alarm with its limit `doubt` further in, and a deadband twice that wider: what it announces is certain where a
/// value is known to within `doubt`. With a negative doubt, what it does not announce is certain not to have come.
/// `None`: nothing can be said so (no plain limit, or too narrow a deadband).
fn widened(alarm: &Alarm, span: Option<f64>, doubt: f64) -> Option<Alarm> {
    use crate::project::AlarmKind::{High, HighHigh, Low, LowLow};
    let kind = match alarm.kind {
        HighHigh(limit) => HighHigh(limit + doubt),
        High(limit) => High(limit + doubt),
        Low(limit) => Low(limit - doubt),
        LowLow(limit) => LowLow(limit - doubt),
        _ => return None,
    };
    let deadband = match alarm.deadband {
        Deadband::Units(units) => units,
        Deadband::Percent(percent) => span? * percent / 100.0,
    } + 2.0 * doubt;
    (deadband >= 0.0).then(|| Alarm { kind, deadband: Deadband::Units(deadband), ..alarm.clone() })
}

/// The tags whose values the watched alarms depend on, their own first.
fn inputs_of(plan: &Plan, tag: TagId, watched: &[Watched]) -> Vec<TagId> {
    let mut inputs = vec![tag];
    let rules = watched.iter().filter_map(|w| plan.alarm(plan.alarm_id(w.name.as_deref()?)?));
    for rule in rules {
        let formulas = rule.limits.iter().map(|row| &row.when).chain(rule.suppress_when.as_deref());
        let other = match rule.condition {
            Condition::Deviation { from, .. } => Some(from),
            _ => None,
        };
        for input in formulas.flat_map(Formula::inputs).copied().chain(other) {
            if !inputs.contains(&input) {
                inputs.push(input);
            }
        }
    }
    inputs
}

/// Values come as they were recorded: scaled, judged, and computed. Only these tags are heard of.
fn as_recorded(plan: &mut Plan, inputs: impl Iterator<Item = TagId>) {
    plan.formula_order.clear();
    for id in inputs {
        let Some(tag) = plan.tags.get_mut(id.index()) else { continue };
        (tag.scaling, tag.exponent, tag.stale_after) = (None, None, None);
        tag.dependents.clear();
        if !tag.tag.bad_values.is_empty() || tag.tag.valid.is_some() {
            let written = Arc::make_mut(&mut tag.tag);
            (written.bad_values, written.valid) = (Vec::new(), None);
        }
    }
}

fn deployed(plan: Plan) -> Engine {
    let mut engine = Engine::new(EngineOptions::default(), BTreeMap::new());
    let devices = plan.devices.len();
    let (start, mut unheard) = (at(Utc(i64::MIN / 4)), Vec::new());
    engine.apply(start, Input::Deploy(Arc::new(plan)), &mut unheard);
    for index in 0..devices {
        let status = DeviceStatus { state: LinkState::Connected, ..DeviceStatus::new(start) };
        let link = Input::Link { generation: Generation(1), device: DeviceId(index as u32), status: Box::new(status) };
        engine.apply(start, link, &mut unheard);
    }
    engine
}

#[cfg(test)]
mod tests;
