//! What putting another plan into force will do to tags and alarms, told beforehand from the very rules that
//! [`Engine`](super::Engine) follows then.
//!
//! Invariant: pure. It looks at two plans, and at no value: what it says holds whatever the plant shows at that time.

use super::adopting::is_of_the_same;
use super::deploying::goes_on;
use super::plan::{AlarmPlan, Condition, Plan, SourcePlan, Subject, TagId, TagPlan, reads_the_same};
use crate::project::diff::{Change, Of, What};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What becomes of tags and alarms. What goes on as it was is in neither list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Impact {
    /// Of tags, in the order of the new plan; those that are gone behind them.
    pub tags: Vec<Affected<TagFate>>,
    /// Of alarms, likewise.
    pub alarms: Vec<Affected<AlarmFate>>,
}

/// Something that does not simply go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected<F> {
    /// What it is called, or was where it is gone.
    pub name: Arc<str>,
    /// The name that it bore before, where that was another: what was known of it follows.
    pub was: Option<Arc<str>>,
    /// What becomes of it.
    pub fate: F,
}

/// What becomes of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagFate {
    /// Its value, its age and its recording go on.
    GoesOn,
    /// Its value is computed anew at once: by another formula, or of tags that have no value yet.
    Recomputed,
    /// Its value is forgotten, and it waits for the next one; its history stays its own. Why.
    Anew(String),
    /// It does not run, and did. Why.
    Stops(Arc<str>),
    /// It was not there.
    New,
    /// It is no longer there; its history stays.
    Gone,
}

/// What becomes of an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmFate {
    /// State, occurrence and delays go on.
    GoesOn,
    /// It is judged by these keys anew, at once. An occurrence that stands stands until it returns by the new rule; a delay
    /// that runs goes on where its condition is the same.
    Anew(Vec<&'static str>),
    /// It was not there.
    New,
    /// It is no longer watched. What is known of it is kept, and is its own again should it come back.
    Gone,
}

impl Impact {
    /// Of `after` in the place of `before`. `changes`: what is another between the projects of the two.
    pub fn of(before: &Plan, after: &Plan, changes: &[Change]) -> Self {
        let texts = texts(changes);
        let (tags, anew) = tags(before, after, &texts);
        Self { tags, alarms: alarms(before, after, &texts, &anew) }
    }
}

/// Keys of tags and alarms whose texts are others, by kind and name in lower case.
type Texts = HashMap<(Of, String), Vec<&'static str>>;

fn texts(changes: &[Change]) -> Texts {
    let mut texts = Texts::new();
    for change in changes {
        if let What::Key { key, .. } = change.what {
            texts.entry((change.of, change.name.to_lowercase())).or_default().push(key);
        }
    }
    texts
}

/// Also which ids of the new plan begin anew.
fn tags(before: &Plan, after: &Plan, texts: &Texts) -> (Vec<Affected<TagFate>>, HashSet<TagId>) {
    let (mut kept, mut anew) = (HashSet::new(), HashSet::new());
    let mut unsettled = HashSet::new();
    let mut affected = Vec::new();
    for (index, tag) in after.tags.iter().enumerate() {
        let known = before.tag_id(&tag.name).or_else(|| tag.tag.was.as_deref().and_then(|was| before.tag_id(was)));
        let Some((id, old)) = known.and_then(|id| Some((id, before.tag(id)?))) else {
            affected.push(Affected { name: Arc::clone(&tag.name), was: None, fate: TagFate::New });
            continue;
        };
        kept.insert(id);
        let is_fault = |tag: &TagPlan| matches!(tag.source, SourcePlan::Fault(_));
        let fate = match &tag.source {
            SourcePlan::Fault(_) if is_fault(old) => TagFate::GoesOn,
            SourcePlan::Fault(why) => TagFate::Stops(Arc::clone(why)),
            _ if is_fault(old) => TagFate::Anew("it did not run before".to_owned()),
            _ if !goes_on(before, old, after, tag) => TagFate::Anew(why_anew(before, old, after, tag)),
            SourcePlan::Formula(_) if has(texts, Of::Tag, &tag.name, "formula") => TagFate::Recomputed,
            _ => TagFate::GoesOn,
        };
        if matches!(fate, TagFate::Anew(_)) {
            anew.insert(TagId(index as u32));
        }
        if matches!(fate, TagFate::Anew(_) | TagFate::Stops(_)) {
            unsettled.insert(TagId(index as u32));
        }
        let was = (old.name != tag.name).then(|| Arc::clone(&old.name));
        if fate != TagFate::GoesOn || was.is_some() {
            affected.push(Affected { name: Arc::clone(&tag.name), was, fate });
        }
    }
    for id in &after.formula_order {
        let Some(tag) = after.tag(*id) else { continue };
        let SourcePlan::Formula(formula) = &tag.source else { continue };
        if !formula.inputs().iter().any(|input| unsettled.contains(input)) {
            continue;
        }
        unsettled.insert(*id);
        match affected.iter_mut().find(|one| one.name == tag.name) {
            Some(one) if one.fate == TagFate::GoesOn => one.fate = TagFate::Recomputed,
            Some(_) => {}
            None => affected.push(Affected { name: Arc::clone(&tag.name), was: None, fate: TagFate::Recomputed }),
        }
    }
    let gone = before.tags.iter().enumerate().filter(|(index, _)| !kept.contains(&TagId(*index as u32)));
    affected.extend(gone.map(|(_, tag)| Affected { name: Arc::clone(&tag.name), was: None, fate: TagFate::Gone }));
    (affected, anew)
}

fn has(texts: &Texts, of: Of, name: &str, key: &str) -> bool {
    texts.get(&(of, name.to_lowercase())).is_some_and(|keys| keys.contains(&key))
}

fn why_anew(before: &Plan, old: &TagPlan, after: &Plan, tag: &TagPlan) -> String {
    let device = |plan: &Plan, tag: &TagPlan| {
        tag.source.device().and_then(|id| plan.device(id)).map(|device| Arc::clone(&device.name))
    };
    if !reads_the_same(old, tag) {
        return "it comes from elsewhere, or is read in another way".to_owned();
    }
    if old.scaling != tag.scaling || old.tag.scale_register != tag.tag.scale_register {
        return "it is scaled otherwise".to_owned();
    }
    match (device(before, old), device(after, tag)) {
        (Some(one), Some(other)) if one == other => format!("{other} is asked in another way"),
        _ => "it is of another device".to_owned(),
    }
}

fn alarms(before: &Plan, after: &Plan, texts: &Texts, anew: &HashSet<TagId>) -> Vec<Affected<AlarmFate>> {
    let mut former: HashMap<String, &AlarmPlan> =
        before.alarms.iter().map(|rule| (rule.name.to_lowercase(), rule)).collect();
    let mut affected = Vec::new();
    for rule in &after.alarms {
        let Some(old) = after.names_of(rule).iter().find_map(|name| former.remove(name)) else {
            affected.push(Affected { name: Arc::clone(&rule.name), was: None, fate: AlarmFate::New });
            continue;
        };
        let mut keys = other_rules(old, rule, texts);
        let starts_anew = matches!(rule.subject, Subject::Tag(tag) if anew.contains(&tag));
        if starts_anew || !is_of_the_same(before, old, after, rule) {
            keys.push("what it looks at");
        }
        let was = (old.name != rule.name).then(|| Arc::clone(&old.name));
        let fate = if keys.is_empty() { AlarmFate::GoesOn } else { AlarmFate::Anew(keys) };
        if fate != AlarmFate::GoesOn || was.is_some() {
            affected.push(Affected { name: Arc::clone(&rule.name), was, fate });
        }
    }
    let gone = before.alarms.iter().filter(|rule| former.contains_key(&rule.name.to_lowercase()));
    affected.extend(gone.map(|rule| Affected { name: Arc::clone(&rule.name), was: None, fate: AlarmFate::Gone }));
    affected
}

/// The keys by which two rules of one alarm judge differently.
fn other_rules(old: &AlarmPlan, rule: &AlarmPlan, texts: &Texts) -> Vec<&'static str> {
    let deadband = |condition: Condition| match condition {
        Condition::AtOrAbove { deadband, .. }
        | Condition::AtOrBelow { deadband, .. }
        | Condition::Rate { deadband, .. }
        | Condition::Deviation { deadband, .. } => Some(deadband),
        _ => None,
    };
    let rate = |condition: Condition| match condition {
        Condition::Rate { over, direction, .. } => Some((over, direction)),
        _ => None,
    };
    let state = |condition: Condition| match condition {
        Condition::State(when) => Some(when),
        _ => None,
    };
    let (a, b) = (old.condition, rule.condition);
    let text = |key| has(texts, Of::Alarm, &rule.name, key);
    let differs = [
        ("kind", old.kind != rule.kind),
        ("limit", a.limit() != b.limit()),
        ("when", state(a) != state(b)),
        ("over", rate(a).map(|r| r.0) != rate(b).map(|r| r.0)),
        ("direction", rate(a).map(|r| r.1) != rate(b).map(|r| r.1)),
        ("from", text("from")),
        ("limits", text("limits")),
        ("deadband", deadband(a) != deadband(b)),
        ("on-delay", old.on_delay != rule.on_delay),
        ("off-delay", old.off_delay != rule.off_delay),
        ("latch", old.latch != rule.latch),
        ("suppress-when", text("suppress-when")),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}
