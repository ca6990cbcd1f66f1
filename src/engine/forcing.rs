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
//! after an edit that takes the tag or gives it another type, it is released, and the journal says why. A tag that is renamed
//! (`was`) is the same tag: its force stands on, and the journal has it under the new name.

mod typed;

use super::alarm::{AlarmMemory, Hand};
use super::command::Actor;
use super::core::{Due, Engine};
use super::effect::{Effect, Entry, Event, Ticket};
use super::plan::{Plan, SourcePlan, TagId, TagPlan};
use super::simulating::REMEMBERED;
use super::snapshot::TagView;
use super::{Quality, Raw, Value};
use crate::time::{Mono, Now, Span, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;
use typed::misfit;
pub use typed::value_from;
pub(super) use typed::{Kind, kind_of};

/// So many tags may be forced at a time: more is no trying out.
pub const MOST_FORCED: usize = 256;

/// The longest time that a force may be given; without one it stands until it is released.
pub const LONGEST_FORCE: Span = Span::from_secs(24 * 3600);

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
    /// `None`: it is simulated alone.
    force: Option<Force>,
    /// Its device is simulated.
    simulated: bool,
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
            let Force { by, at, reason, .. } = forced.force.as_ref()?;
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

impl Force {
    /// That a tag is forced so.
    fn entry(&self, now: Now, tag: &TagPlan) -> Entry {
        let mut entry = entry_of(now, Event::Forced, tag);
        entry.value.clone_from(&self.value);
        entry.quality = Some(quality_of(self.value.as_ref()));
        entry.by = Some(self.by.clone());
        entry.note.clone_from(&self.reason);
        entry.until = self.until;
        entry
    }
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
        let release_at = length.map(|length| now.mono + length);
        let force = Force { value, by, at: now.utc, reason, until, release_at };
        let ticket = self.write(force.entry(now, tag), effects);
        self.forcing.push_back((ticket, id, force));
    }

    fn is_being_forced(&self, id: TagId) -> bool {
        self.forcing.iter().any(|(_, waiting, _)| *waiting == id)
    }

    /// Those in force and those that wait for the disk.
    fn count_forced(&self) -> usize {
        self.forces.by_tag.values().filter(|forced| forced.force.is_some()).count() + self.forcing.len()
    }

    fn refuse_force(&mut self, now: Now, by: Actor, name: &Arc<str>, reason: &str, effects: &mut Vec<Effect>) {
        self.refuse_trying(now, by, name, "force", reason, effects);
    }

    pub(super) fn refuse_trying(
        &mut self,
        now: Now,
        by: Actor,
        name: &Arc<str>,
        verb: &str,
        reason: &str,
        effects: &mut Vec<Effect>,
    ) {
        let mut entry = Entry::new(now.utc, Event::Refused);
        entry.subject = Some(Arc::clone(name));
        entry.by = Some(by);
        entry.note = Some(format!("{verb}: {reason}").into());
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
        let simulated = self.forces.by_tag.get(&id).is_some_and(|forced| forced.simulated);
        self.forces.by_tag.insert(id, Forced { force: Some(force), simulated, live });
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
        let standing = self.forces.by_tag.iter().filter(|(_, forced)| forced.force.is_some()).map(|(id, _)| *id);
        let mut ids: Vec<TagId> = standing.filter(|id| is_wanted(*id)).collect();
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
        let due = self.forces.by_tag.get(&id).and_then(|forced| forced.force.as_ref()?.release_at);
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
        self.forces.view = None;
        let Some(forced) = self.forces.by_tag.get_mut(&id) else { return };
        if forced.simulated {
            forced.force = None;
            self.simulate_tag(now, id, tag, effects);
            return;
        }
        let Some(forced) = self.forces.by_tag.remove(&id) else { return };
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
        for (id, Forced { force, live, .. }) in std::mem::take(&mut self.forces.by_tag) {
            self.cells[id.index()].forced = false;
            *self.view_mut(id) = live;
            let name = plan.tag(id).map(|tag| Arc::clone(&tag.name));
            lifted.extend(name.zip(force).map(|(name, force)| Lifted { name, force, waiting: None }));
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
        for Lifted { name, mut force, mut waiting } in lifted {
            let known = plan.tag_id(&name).or_else(|| plan.tag_that_was(&name));
            let known = known.and_then(|id| plan.tag(id).map(|tag| (id, tag)));
            let same = known.filter(|(_, tag)| {
                !matches!(tag.source, SourcePlan::Fault(_))
                    && force.value.as_ref().is_none_or(|value| misfit(tag, value).is_none())
            });
            let Some((id, tag)) = same else {
                let mut entry = Entry::new(now.utc, Event::Released);
                entry.subject = Some(name);
                entry.note = Some(Arc::from("the project was changed there"));
                self.write(entry, effects);
                continue;
            };
            let since = Now { mono: now.mono + (force.at - now.utc), utc: force.at };
            if tag.name != name {
                // Since when it is known under this name, which is what the journal remembers.
                force.at = now.utc;
                let ticket = self.write(force.entry(now, tag), effects);
                waiting = waiting.map(|_| ticket);
                let mut entry = Entry::new(now.utc, Event::Released);
                entry.subject = Some(name);
                entry.note = Some(format!("it is called {} now, and stays forced under that name", tag.name).into());
                self.write(entry, effects);
            }
            if let Some(ticket) = waiting {
                self.forcing.push_back((ticket, id, force));
                continue;
            }
            let shown = self.shown(since, id, &force);
            let live = std::mem::replace(self.view_mut(id), shown);
            self.forces.by_tag.insert(id, Forced { force: Some(force), simulated: false, live });
            self.cells[id.index()].forced = true;
        }
        // They become durable in the order of their tickets.
        self.forcing.make_contiguous().sort_by_key(|(ticket, ..)| *ticket);
        for (name, hand) in std::mem::take(&mut self.forces.left) {
            let device = name.strip_prefix(REMEMBERED).map(Arc::from);
            let event = if device.is_some() { Event::SimulationEnded } else { Event::Released };
            let done = if device.is_some() { "simulated" } else { "forced" };
            let mut entry = Entry::new(now.utc, event);
            entry.subject = device.or(Some(name));
            entry.note = Some(format!("the program was started anew; it had been {done} by {}", hand.by).into());
            self.write(entry, effects);
        }
    }

    /// After another plan, behind all that forgets what was due by the one before.
    pub(super) fn expect_trying_to_end(&mut self) {
        let ends = self.forces.by_tag.iter().filter_map(|(id, forced)| Some((forced.force.as_ref()?.release_at?, *id)));
        for (at, id) in ends.collect::<Vec<_>>() {
            self.expect_at(at, Due::Release(id));
        }
        self.expect_simulations();
    }

    /// A tag's device is simulated: what it says goes on beneath.
    pub(super) fn lay_simulated(&mut self, id: TagId) {
        let live = self.live(id).clone();
        let forced = self.forces.by_tag.entry(id).or_insert(Forced { force: None, simulated: true, live });
        forced.simulated = true;
        self.cells[id.index()].forced = true;
    }

    /// Whether its device is simulated, and it is not forced besides.
    pub(super) fn is_simulated_alone(&self, id: TagId) -> bool {
        self.forces.by_tag.get(&id).is_some_and(|forced| forced.simulated && forced.force.is_none())
    }

    /// Its device is simulated no longer: what it says itself stands again, unless the tag is forced.
    pub(super) fn lift_simulated(&mut self, now: Now, id: TagId, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(tag) = plan.tag(id) else { return };
        let Some(forced) = self.forces.by_tag.get_mut(&id) else { return };
        forced.simulated = false;
        if forced.force.is_some() {
            return;
        }
        self.before_change(now, id, effects);
        let Some(forced) = self.forces.by_tag.remove(&id) else { return };
        self.cells[id.index()].forced = false;
        let stamp = self.own_stamp(now, id);
        let alarm = self.view(id).alarm;
        *self.view_mut(id) = TagView { alarm, ..forced.live };
        self.shown_changed(id, tag, stamp);
    }

    /// For the snapshot: the newest first.
    pub(super) fn view_forces(&mut self) -> Arc<Vec<ForcedView>> {
        let Forces { by_tag, view, .. } = &mut self.forces;
        let view = view.get_or_insert_with(|| {
            let views = by_tag.iter().filter_map(|(tag, Forced { force, live, .. })| {
                let Force { by, at, reason, until, .. } = force.clone()?;
                Some(ForcedView { tag: *tag, by, at, reason, until, live: live.clone() })
            });
            let mut views: Vec<ForcedView> = views.collect();
            views.sort_by_key(|view| (std::cmp::Reverse(view.at), view.tag));
            Arc::new(views)
        });
        Arc::clone(view)
    }
}
