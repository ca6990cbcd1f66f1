//! Trying out: a value that a person forces by hand stands over what the device says, until it is released.
//!
//! What the device says goes on being heard, beneath: it is scaled, judged bad or stale and shown beside, but nothing is
//! computed from it, no alarm looks at it, and it is not recorded. All that is above takes the forced value as it takes any
//! other: formulas, alarms and their delays, trends, and the record, where it bears `uncertain:forced` (or `bad:forced`).
//!
//! Invariant: a value is forced only when the journal has it on disk. It is released at once, whatever the disk does: what
//! returns is the truth.
//!
//! Invariant: no force outlives the run of the program that it was made in, nor the tag as it was: after a start, and
//! after an edit that takes the tag or gives it another type or name, it is released, and the journal says why.

use super::alarm::{AlarmMemory, Hand};
use super::command::Actor;
use super::core::{Due, Engine};
use super::effect::{Effect, Entry, Event, Ticket};
use super::plan::{Plan, SourcePlan, TagId, TagPlan};
use super::snapshot::TagView;
use super::{Quality, Raw, Value};
use crate::project::DataType;
use crate::time::{Mono, Now, Span, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// So many tags may be forced at a time: more is no trying out.
pub const MOST_FORCED: usize = 256;

/// The longest time that a force may be given; without one it stands until it is released.
pub const LONGEST_FORCE: Span = Span::from_secs(24 * 3600);

/// Longest text that can be forced, in bytes.
const LONGEST_TEXT: usize = 1_000;

/// A force that waits for the disk, or is in force.
#[derive(Debug, Clone)]
pub(super) struct Force {
    /// `None`: forced bad.
    value: Option<Value>,
    by: Actor,
    at: Utc,
    reason: Option<Arc<str>>,
    until: Option<Utc>,
    release_at: Option<Mono>,
}

/// A force, and what it stands over.
#[derive(Debug, Clone)]
pub(super) struct Forced {
    force: Force,
    /// What the tag would be.
    live: TagView,
}

/// A force on its way from one plan to the next.
#[derive(Debug)]
pub(super) struct Lifted {
    name: Arc<str>,
    force: Force,
    /// It waits for the disk still.
    waiting: Option<Ticket>,
}

/// A forced tag, as a screen sees it. Its forced value is the tag's own in the snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct ForcedView {
    /// Which tag.
    pub tag: TagId,
    /// Who forced it.
    pub by: Actor,
    /// When.
    pub at: Utc,
    /// Why.
    pub reason: Option<Arc<str>>,
    /// When it is released by itself; `None`: when somebody does.
    pub until: Option<Utc>,
    /// What the tag would be were it not forced.
    pub live: TagView,
}

/// Forces by tag.
#[derive(Debug, Default)]
pub(super) struct Forces {
    by_tag: BTreeMap<TagId, Forced>,
    view: Option<Arc<Vec<ForcedView>>>,
    /// Of a run before, by the tag's name: released with the first plan.
    left: Vec<(Arc<str>, Hand)>,
}

impl Forces {
    /// Takes what the journal remembers as forced out of the memories.
    pub(super) fn left_in(memories: &mut BTreeMap<Arc<str>, AlarmMemory>) -> Self {
        let mut left = Vec::new();
        memories.retain(|name, memory| match memory.forced.take() {
            Some(hand) => {
                left.push((Arc::clone(name), *hand));
                false
            }
            None => true,
        });
        Self { left, ..Self::default() }
    }

    /// What a checkpoint has to keep of it.
    pub(super) fn memories<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = (Arc<str>, AlarmMemory)> + 'a {
        let standing = self.by_tag.iter().filter_map(|(id, forced)| {
            let Force { by, at, reason, .. } = &forced.force;
            let hand = Hand::new(Some(by), *at, reason.as_deref());
            Some((Arc::clone(&plan.tag(*id)?.name), hand))
        });
        let left = self.left.iter().cloned();
        standing
            .chain(left)
            .map(|(name, hand)| (name, AlarmMemory { forced: Some(Box::new(hand)), ..AlarmMemory::default() }))
    }
}

/// An entry about a tag.
fn entry_of(now: Now, event: Event, tag: &TagPlan) -> Entry {
    let mut entry = Entry::new(now.utc, event);
    entry.subject = Some(Arc::clone(&tag.name));
    entry.unit = Some(Arc::clone(&tag.unit)).filter(|unit| !unit.is_empty());
    entry
}

/// The quality that a force gives.
const fn quality_of(value: Option<&Value>) -> Quality {
    if value.is_some() { Quality::FORCED } else { Quality::FORCED_BAD }
}

impl Engine {
    /// What a tag is, or would be were it not forced.
    pub(super) fn live(&self, id: TagId) -> &TagView {
        if self.cells[id.index()].forced
            && let Some(forced) = self.forces.by_tag.get(&id)
        {
            return &forced.live;
        }
        self.view(id)
    }

    /// The same, to be written by whatever comes from the field.
    pub(super) fn live_mut(&mut self, id: TagId) -> &mut TagView {
        if self.cells[id.index()].forced {
            self.forces.view = None;
            // Two looks, because the borrow of the first would reach to the end.
            if self.forces.by_tag.contains_key(&id)
                && let Some(forced) = self.forces.by_tag.get_mut(&id)
            {
                return &mut forced.live;
            }
        }
        super::readings::page_mut(&mut self.pages, id)
    }

    pub(super) fn force(
        &mut self,
        now: Now,
        by: Actor,
        name: &Arc<str>,
        value: Option<Value>,
        reason: Option<Arc<str>>,
        until: Option<Utc>,
        effects: &mut Vec<Effect>,
    ) {
        let plan = Arc::clone(&self.plan);
        let known = plan.tag_id(name).and_then(|id| plan.tag(id).map(|tag| (id, tag)));
        let refusal = match known {
            None => Some("there is no such tag".to_owned()),
            Some((_, tag)) if matches!(tag.source, SourcePlan::Fault(_)) => {
                Some("the project is at fault there; mend that first".to_owned())
            }
            Some((id, _)) if self.is_being_forced(id) => Some("a force of it is being recorded".to_owned()),
            Some((id, _)) if self.count_forced() >= MOST_FORCED && !self.cells[id.index()].forced => {
                Some(format!("{MOST_FORCED} tags are forced already; release some first"))
            }
            Some((_, tag)) => value.as_ref().and_then(|value| misfit(tag, value)),
        };
        let length = until.map(|until| until - now.utc);
        let refusal = refusal.or_else(|| {
            length
                .is_some_and(|length| length <= Span::ZERO || length > LONGEST_FORCE)
                .then(|| "a force takes a time of at most 24 h, or none".to_owned())
        });
        let (Some((id, tag)), None) = (known, &refusal) else {
            self.refuse_force(now, by, name, refusal.as_deref().unwrap_or_default(), effects);
            return;
        };
        let mut entry = entry_of(now, Event::Forced, tag);
        entry.value.clone_from(&value);
        entry.quality = Some(quality_of(value.as_ref()));
        entry.by = Some(by.clone());
        entry.note.clone_from(&reason);
        entry.until = until;
        let ticket = self.write(entry, effects);
        let release_at = length.map(|length| now.mono + length);
        let force = Force { value, by, at: now.utc, reason, until, release_at };
        self.forcing.push_back((ticket, id, force));
    }

    fn is_being_forced(&self, id: TagId) -> bool {
        self.forcing.iter().any(|(_, waiting, _)| *waiting == id)
    }

    /// Those in force and those that wait for the disk.
    fn count_forced(&self) -> usize {
        self.forces.by_tag.len() + self.forcing.len()
    }

    fn refuse_force(&mut self, now: Now, by: Actor, name: &Arc<str>, reason: &str, effects: &mut Vec<Effect>) {
        let mut entry = Entry::new(now.utc, Event::Refused);
        entry.subject = Some(Arc::clone(name));
        entry.by = Some(by);
        entry.note = Some(format!("force: {reason}").into());
        self.write(entry, effects);
        self.show_refusal(now, name, reason);
    }

    /// The journal is on disk up to `ticket`: what it says is forced is so.
    pub(super) fn forces_are_durable(&mut self, now: Now, ticket: Ticket, effects: &mut Vec<Effect>) {
        while self.forcing.front().is_some_and(|(t, _, _)| *t <= ticket) {
            if let Some((_, id, force)) = self.forcing.pop_front() {
                self.lay(now, id, force, effects);
            }
        }
    }

    /// The disk refused the entry of a force: there is none. `true`: it was one.
    pub(super) fn force_not_recorded(&mut self, now: Now, ticket: Ticket, reason: &str) -> bool {
        let Some(position) = self.forcing.iter().position(|(t, _, _)| *t == ticket) else { return false };
        if let Some((_, id, _)) = self.forcing.remove(position)
            && let Some(name) = self.plan.tag(id).map(|tag| Arc::clone(&tag.name))
        {
            self.show_refusal(now, &name, &format!("it could not be recorded: {reason}"));
        }
        true
    }

    fn lay(&mut self, now: Now, id: TagId, force: Force, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(tag) = plan.tag(id) else { return };
        self.before_change(now, id, effects);
        if let Some(at) = force.release_at {
            self.expect_at(at, Due::Release(id));
        }
        let name = Arc::clone(&tag.name);
        self.forget_refusals(&name);
        let live = self.live(id).clone();
        let shown = self.shown(now, id, &force);
        *self.view_mut(id) = shown;
        self.forces.by_tag.insert(id, Forced { force, live });
        self.forces.view = None;
        self.cells[id.index()].forced = true;
        let stamp = self.own_stamp(now, id);
        self.shown_changed(id, tag, stamp);
    }

    /// What a forced tag is shown as.
    fn shown(&self, now: Now, id: TagId, force: &Force) -> TagView {
        let before = self.view(id);
        let why = force.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        TagView {
            // Of a value that is forced bad the last one stays beneath the hatch, as of any other.
            value: force.value.clone().or_else(|| before.value.clone()),
            quality: quality_of(force.value.as_ref()),
            detail: Some(format!("by {}{why}", force.by).into()),
            received: force.value.as_ref().map(|_| now).or(before.received),
            time: force.value.as_ref().map(|_| now.utc).or(before.time),
            quality_since: now,
            raw: Raw::NONE,
            alarm: before.alarm,
        }
    }

    /// A person releases a tag, or all (`None`). What still waits for the disk never comes.
    pub(super) fn release(&mut self, now: Now, by: Actor, name: Option<&Arc<str>>, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let wanted = name.map(|name| plan.tag_id(name));
        let is_wanted = |id: TagId| wanted.is_none_or(|wanted| wanted == Some(id));
        let mut ids: Vec<TagId> = self.forces.by_tag.keys().copied().filter(|id| is_wanted(*id)).collect();
        let waiting = self.forcing.iter().map(|(_, id, _)| *id).filter(|id| is_wanted(*id));
        ids.extend(waiting.collect::<Vec<_>>());
        ids.sort_unstable();
        ids.dedup();
        self.forcing.retain(|(_, id, _)| !is_wanted(*id));
        if ids.is_empty()
            && let Some(name) = name
        {
            self.refuse_force(now, by, name, "it is not forced", effects);
            return;
        }
        for id in ids {
            self.end_force(now, id, Some(by.clone()), None, effects);
        }
    }

    /// The time of a force is over. One that was made anew has a later end, or none.
    pub(super) fn force_may_end(&mut self, then: Now, id: TagId, effects: &mut Vec<Effect>) {
        let due = self.forces.by_tag.get(&id).and_then(|forced| forced.force.release_at);
        if due.is_some_and(|due| due <= then.mono) {
            self.end_force(then, id, None, Some("its time is over"), effects);
        }
    }

    /// The live value stands again, and the journal says so.
    fn end_force(&mut self, now: Now, id: TagId, by: Option<Actor>, note: Option<&str>, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(tag) = plan.tag(id) else { return };
        self.before_change(now, id, effects);
        let live = self.live(id);
        let mut entry = entry_of(now, Event::Released, tag);
        entry.value = live.value.clone().filter(|_| !live.quality.is_bad());
        entry.quality = Some(live.quality);
        entry.by = by;
        entry.note = note.map(Arc::from);
        self.write(entry, effects);
        let Some(forced) = self.forces.by_tag.remove(&id) else { return };
        self.forces.view = None;
        self.cells[id.index()].forced = false;
        let stamp = self.own_stamp(now, id);
        let alarm = self.view(id).alarm;
        *self.view_mut(id) = TagView { alarm, ..forced.live };
        self.shown_changed(id, tag, stamp);
    }

    /// Before another plan: live values stand in their places, so that they are carried over as ever.
    pub(super) fn lift_forces(&mut self) -> Vec<Lifted> {
        let plan = Arc::clone(&self.plan);
        let mut lifted = Vec::new();
        for (id, Forced { force, live }) in std::mem::take(&mut self.forces.by_tag) {
            self.cells[id.index()].forced = false;
            *self.view_mut(id) = live;
            lifted.extend(plan.tag(id).map(|tag| Lifted { name: Arc::clone(&tag.name), force, waiting: None }));
        }
        self.forces.view = None;
        // Those that wait for the disk would be laid on another tag.
        for (ticket, id, force) in std::mem::take(&mut self.forcing) {
            let name = plan.tag(id).map(|tag| Arc::clone(&tag.name));
            lifted.extend(name.map(|name| Lifted { name, force, waiting: Some(ticket) }));
        }
        lifted
    }

    /// After another plan: forces stand again over the tags that are the same, before any alarm is judged. Of the others,
    /// and of those of a run before, the journal is told that they are released.
    pub(super) fn lay_again(&mut self, now: Now, lifted: Vec<Lifted>, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        for Lifted { name, force, waiting } in lifted {
            let known = plan.tag_id(&name).and_then(|id| plan.tag(id).map(|tag| (id, tag)));
            let same = known.filter(|(_, tag)| {
                tag.name == name
                    && !matches!(tag.source, SourcePlan::Fault(_))
                    && force.value.as_ref().is_none_or(|value| misfit(tag, value).is_none())
            });
            let Some((id, _)) = same else {
                let mut entry = Entry::new(now.utc, Event::Released);
                entry.subject = Some(name);
                entry.note = Some(Arc::from("the project was changed there"));
                self.write(entry, effects);
                continue;
            };
            if let Some(ticket) = waiting {
                self.forcing.push_back((ticket, id, force));
                continue;
            }
            let since = Now { mono: now.mono + (force.at - now.utc), utc: force.at };
            let shown = self.shown(since, id, &force);
            if let Some(at) = force.release_at {
                self.expect_at(at, Due::Release(id));
            }
            let live = std::mem::replace(self.view_mut(id), shown);
            self.forces.by_tag.insert(id, Forced { force, live });
            self.cells[id.index()].forced = true;
        }
        for (name, hand) in std::mem::take(&mut self.forces.left) {
            let mut entry = Entry::new(now.utc, Event::Released);
            entry.subject = Some(name);
            entry.note = Some(format!("the program was started anew; it had been forced by {}", hand.by).into());
            self.write(entry, effects);
        }
    }

    /// For the snapshot: the newest first.
    pub(super) fn view_forces(&mut self) -> Arc<Vec<ForcedView>> {
        let Forces { by_tag, view, .. } = &mut self.forces;
        let view = view.get_or_insert_with(|| {
            let views = by_tag.iter().map(|(tag, Forced { force, live })| {
                let Force { by, at, reason, until, .. } = force.clone();
                ForcedView { tag: *tag, by, at, reason, until, live: live.clone() }
            });
            let mut views: Vec<ForcedView> = views.collect();
            views.sort_by_key(|view| (std::cmp::Reverse(view.at), view.tag));
            Arc::new(views)
        });
        Arc::clone(view)
    }
}

/// What is wrong with a value for this tag; `None`: nothing.
fn misfit(tag: &TagPlan, value: &Value) -> Option<String> {
    let fits = match (kind_of(tag), value) {
        (Kind::Truth, Value::Bool(_))
        | (Kind::Text, Value::Text(_))
        | (Kind::Number, Value::F64(_))
        // What a formula gives depends on what it computes.
        | (Kind::Computed, Value::F64(_) | Value::Bool(_)) => true,
        (Kind::Whole { least, most }, Value::I64(v)) => (least..=most).contains(&i128::from(*v)),
        (Kind::Whole { least, most }, Value::U64(v)) => (least..=most).contains(&i128::from(*v)),
        _ => false,
    };
    if !fits {
        return Some(format!("{value} is no value of its type, {}", tag.tag.data_type.word()));
    }
    let number = value.as_f64()?;
    if !number.is_finite() {
        return Some("it takes a finite number".to_owned());
    }
    let [least, most] = tag.tag.valid?;
    (!(least..=most).contains(&number))
        .then(|| format!("{number} is outside the valid {least} to {most}; force it bad instead"))
}

/// What can be forced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Truth,
    Whole { least: i128, most: i128 },
    Number,
    Text,
    Computed,
}

fn kind_of(tag: &TagPlan) -> Kind {
    let whole = |least: i128, most: i128| Kind::Whole { least, most };
    match tag.tag.data_type {
        DataType::String => Kind::Text,
        _ if matches!(tag.source, SourcePlan::Formula(_)) => Kind::Computed,
        DataType::Bool => Kind::Truth,
        _ if tag.scaling.is_some() || tag.exponent.is_some() => Kind::Number,
        DataType::U8 => whole(0, i128::from(u8::MAX)),
        DataType::I8 => whole(i128::from(i8::MIN), i128::from(i8::MAX)),
        DataType::U16 => whole(0, i128::from(u16::MAX)),
        DataType::I16 => whole(i128::from(i16::MIN), i128::from(i16::MAX)),
        DataType::U32 => whole(0, i128::from(u32::MAX)),
        DataType::I32 => whole(i128::from(i32::MIN), i128::from(i32::MAX)),
        DataType::U64 => whole(0, i128::from(u64::MAX)),
        DataType::I64 => whole(i128::from(i64::MIN), i128::from(i64::MAX)),
        DataType::Bcd16 => whole(0, 9_999),
        DataType::Bcd32 => whole(0, 99_999_999),
        DataType::F16 | DataType::F32 | DataType::F64 => Kind::Number,
    }
}

/// A value as a person types it for this tag: one of its words (`Running`), `on` and `off` of a truth, a number in its unit,
/// a text.
///
/// # Errors
/// What is wrong with it, and what would be right.
pub fn value_from(tag: &TagPlan, typed: &str) -> Result<Value, String> {
    let typed = typed.trim();
    let kind = kind_of(tag);
    if kind == Kind::Text {
        return match typed.len() {
            0..=LONGEST_TEXT => Ok(Value::Text(Arc::from(typed))),
            _ => Err(format!("at most {LONGEST_TEXT} bytes")),
        };
    }
    let state = tag.tag.labels.0.iter().find(|(_, word)| word.eq_ignore_ascii_case(typed)).map(|(state, _)| *state);
    let truth = match typed.to_ascii_lowercase().as_str() {
        "true" | "on" => Some(true),
        "false" | "off" => Some(false),
        _ => None,
    };
    let number = || {
        let number = typed.replace(',', ".").parse::<f64>().ok().or(state.map(|state| state as f64));
        number.filter(|number| number.is_finite())
    };
    let value = match kind {
        Kind::Truth => {
            truth.or_else(|| Some(number()? != 0.0).filter(|_| matches!(number(), Some(0.0 | 1.0)))).map(Value::Bool)
        }
        Kind::Whole { least, .. } => {
            let whole = state.map(i128::from).or_else(|| typed.parse::<i128>().ok());
            match (whole, least < 0) {
                (Some(whole), true) => i64::try_from(whole).ok().map(Value::I64),
                (Some(whole), false) => u64::try_from(whole).ok().map(Value::U64),
                (None, _) => None,
            }
        }
        Kind::Computed if truth.is_some() => truth.map(Value::Bool),
        Kind::Number | Kind::Computed => number().map(Value::F64),
        Kind::Text => None,
    };
    let Some(value) = value else {
        let words: Vec<&str> = tag.tag.labels.0.iter().map(|(_, word)| word.as_str()).take(8).collect();
        let right = match kind {
            _ if !words.is_empty() => format!("write one of {}, or its number", words.join(", ")),
            Kind::Truth => "write on or off".to_owned(),
            Kind::Whole { least, most } => format!("write a whole number from {least} to {most}"),
            _ => "write a number".to_owned(),
        };
        return Err(right);
    };
    match misfit(tag, &value) {
        Some(why) => match kind {
            Kind::Whole { least, most } if tag.tag.valid.is_none() => {
                Err(format!("write a whole number from {least} to {most}"))
            }
            _ => Err(why),
        },
        None => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Generation, Mode};

    fn plan(keys: &str) -> Plan {
        let text = format!(
            "watchkeeper = 1\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.1:502\"\n\
             [[tag]]\nname = \"x\"\ndevice = \"plc1\"\nregister = \"holding:0\"\n{keys}\n"
        );
        let (project, _) = crate::project::file::read(text.as_bytes());
        Plan::compile(Arc::new(project), Generation(1), Mode::Live).0
    }

    #[test]
    fn a_value_is_typed_as_the_tag_is_shown() {
        let from = |keys: &str, typed: &str| value_from(&plan(keys).tags[0], typed);
        let states = "type = \"u16\"\nlabels = { 0 = \"Stopped\", 1 = \"Running\" }";
        assert_eq!(from(states, "running"), Ok(Value::U64(1)));
        assert_eq!(from(states, " 3 "), Ok(Value::U64(3)));
        assert_eq!(from(states, "walking"), Err("write one of Stopped, Running, or its number".to_owned()));
        assert_eq!(from("type = \"u16\"", "65536"), Err("write a whole number from 0 to 65535".to_owned()));
        assert_eq!(from("type = \"u16\"", "1.5"), Err("write a whole number from 0 to 65535".to_owned()));
        assert_eq!(from("type = \"i16\"", "-5"), Ok(Value::I64(-5)));
        assert_eq!(from("type = \"u64\"", "18446744073709551615"), Ok(Value::U64(u64::MAX)));
        assert_eq!(from("type = \"u16\"\nscale = 0.1", "23,5"), Ok(Value::F64(23.5)));
        assert_eq!(from("type = \"f32\"", "nan"), Err("write a number".to_owned()));
        assert_eq!(from("type = \"string\"\nlength = 4", " P-101 "), Ok(Value::Text("P-101".into())));
        let bit = "type = \"bool\"\nbit = 0\nlabels = { true = \"Open\", false = \"Shut\" }";
        for (typed, is) in [("on", true), ("Open", true), ("1", true), ("false", false), ("SHUT", false)] {
            assert_eq!(from(bit, typed), Ok(Value::Bool(is)), "{typed}");
        }
        assert!(from(bit, "2").is_err());
        let why = from("type = \"f32\"\nvalid = [0.0, 100.0]", "120").unwrap_err();
        assert_eq!(why, "120 is outside the valid 0 to 100; force it bad instead");
    }
}
