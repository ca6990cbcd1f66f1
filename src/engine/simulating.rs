//! A device that is not there yet is simulated: its tags get values that look like such tags, without a socket, until that
//! is ended.
//!
//! Every value bears `uncertain:simulated`, in the record too. What the device itself says, should it be there after all,
//! goes on beneath, as with a force (see [`super::forcing`]), and its own no-answer alarm tells of the device as ever. A
//! tag that is forced keeps the forced value.
//!
//! Invariant: values depend on the tag's name and on how long it has been simulated, and on nothing else.

use super::alarm::Hand;
use super::command::Actor;
use super::core::{Due, Engine};
use super::effect::{Effect, Entry, Event, Ticket};
use super::forcing::{Kind, kind_of};
use super::plan::{DeviceId, SourcePlan, TagId, TagPlan};
use super::snapshot::TagView;
use super::{Quality, Raw, Value};
use crate::time::{Mono, Now, Span, Utc};
use std::f64::consts::TAU;
use std::sync::Arc;

/// A simulated device says something so often.
const STEP: Span = Span::from_secs(1);

/// Before the name of a device, under which the journal remembers its simulation: no alarm and no tag is called so.
pub(super) const REMEMBERED: &str = "simulation: ";

/// A simulation that waits for the disk, or runs.
#[derive(Debug, Clone)]
pub(super) struct Simulation {
    device: Arc<str>,
    by: Actor,
    at: Utc,
    began: Mono,
    /// When its tags say something else.
    next: Mono,
    reason: Option<Arc<str>>,
}

/// A simulated device, as a screen sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedView {
    /// Its name.
    pub device: Arc<str>,
    /// Who began it.
    pub by: Actor,
    /// When.
    pub at: Utc,
    /// Why.
    pub reason: Option<Arc<str>>,
}

impl Simulation {
    /// What a checkpoint has to keep of it.
    pub(super) fn remembered(&self) -> (Arc<str>, Hand) {
        let hand = Hand::new(Some(&self.by), self.at, self.reason.as_deref());
        (format!("{REMEMBERED}{}", self.device).into(), hand)
    }

    /// That its device is simulated.
    fn entry(&self, now: Now) -> Entry {
        let mut entry = Entry::new(now.utc, Event::Simulated);
        entry.subject = Some(Arc::clone(&self.device));
        entry.by = Some(self.by.clone());
        entry.note.clone_from(&self.reason);
        entry
    }
}

impl Engine {
    /// A device of the plan by its name, as it is written or in other letters.
    fn device_named(&self, name: &str) -> Option<DeviceId> {
        let position = self.plan.devices.iter().position(|device| device.name.eq_ignore_ascii_case(name))?;
        u32::try_from(position).ok().map(DeviceId)
    }

    /// Those of its tags that it would say the values of.
    fn simulated_tags(&self, device: DeviceId) -> Vec<TagId> {
        let says = |id: &TagId| {
            self.plan.tag(*id).is_some_and(|tag| {
                !tag.is_exponent && matches!(tag.source, SourcePlan::Register { .. } | SourcePlan::Topic { .. })
            })
        };
        self.plan.device(device).map(|device| device.tags.iter().copied().filter(says).collect()).unwrap_or_default()
    }

    pub(super) fn simulate(
        &mut self,
        now: Now,
        by: Actor,
        name: &Arc<str>,
        reason: Option<Arc<str>>,
        effects: &mut Vec<Effect>,
    ) {
        let known = self.device_named(name);
        let is = |simulation: &Simulation| simulation.device.eq_ignore_ascii_case(name);
        let refusal = match known {
            None => Some("there is no such device"),
            Some(_) if self.simulations.iter().any(is) => Some("it is simulated already"),
            Some(_) if self.simulating.iter().any(|(_, waiting)| is(waiting)) => Some("that is being recorded"),
            Some(device) if self.simulated_tags(device).is_empty() => Some("no tag is of it"),
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            self.refuse_trying(now, by, name, "simulate", refusal, effects);
            return;
        }
        let (began, next) = (now.mono, now.mono);
        let simulation = Simulation { device: Arc::clone(name), by, at: now.utc, began, next, reason };
        let ticket = self.write(simulation.entry(now), effects);
        self.simulating.push_back((ticket, simulation));
    }

    /// The journal is on disk up to `ticket`: what it says is simulated is so.
    pub(super) fn simulations_are_durable(&mut self, now: Now, ticket: Ticket, effects: &mut Vec<Effect>) {
        while self.simulating.front().is_some_and(|(t, _)| *t <= ticket) {
            if let Some((_, simulation)) = self.simulating.pop_front() {
                self.begin_simulation(now, simulation, effects);
            }
        }
    }

    /// The disk refused the entry of a simulation: there is none. `true`: it was one.
    pub(super) fn simulation_not_recorded(&mut self, now: Now, ticket: Ticket, reason: &str) -> bool {
        let Some(position) = self.simulating.iter().position(|(t, _)| *t == ticket) else { return false };
        if let Some((_, simulation)) = self.simulating.remove(position) {
            self.show_refusal(now, &simulation.device, &format!("it could not be recorded: {reason}"));
        }
        true
    }

    fn begin_simulation(&mut self, now: Now, simulation: Simulation, effects: &mut Vec<Effect>) {
        let Some(device) = self.device_named(&simulation.device) else { return };
        let name = Arc::clone(&simulation.device);
        self.forget_refusals(&name);
        self.simulations.push(simulation);
        for id in self.simulated_tags(device) {
            self.lay_simulated(id);
        }
        self.simulations_view = None;
        self.step_simulation(now, device, effects);
    }

    /// Its tags say something else; asks to be called again.
    pub(super) fn step_simulation(&mut self, now: Now, device: DeviceId, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(name) = plan.device(device).map(|device| Arc::clone(&device.name)) else { return };
        let running = self.simulations.iter_mut().find(|running| running.device.eq_ignore_ascii_case(&name));
        // One that was begun anew, or of a plan before, has its own time.
        let Some(running) = running.filter(|running| running.next <= now.mono) else { return };
        running.next = now.mono + STEP;
        let simulation = running.clone();
        for id in self.simulated_tags(device) {
            if let Some(tag) = plan.tag(id).filter(|_| self.is_simulated_alone(id)) {
                self.say_simulated(now, id, tag, &simulation, effects);
            }
        }
        self.expect_at(simulation.next, Due::Simulate(device));
    }

    /// A tag of a simulated device, no longer forced, says what the simulation does.
    pub(super) fn simulate_tag(&mut self, now: Now, id: TagId, tag: &TagPlan, effects: &mut Vec<Effect>) {
        let name =
            tag.source.device().and_then(|device| self.plan.device(device)).map(|device| Arc::clone(&device.name));
        let is = |running: &&Simulation| name.as_ref().is_some_and(|name| running.device.eq_ignore_ascii_case(name));
        if let Some(simulation) = self.simulations.iter().find(is).cloned() {
            self.say_simulated(now, id, tag, &simulation, effects);
        }
    }

    fn say_simulated(
        &mut self,
        now: Now,
        id: TagId,
        tag: &TagPlan,
        simulation: &Simulation,
        effects: &mut Vec<Effect>,
    ) {
        self.before_change(now, id, effects);
        let shown = self.simulated_view(now, id, tag, simulation);
        let stamp = self.own_stamp(now, id);
        *self.view_mut(id) = shown;
        self.shown_changed(id, tag, stamp);
    }

    fn simulated_view(&self, now: Now, id: TagId, tag: &TagPlan, simulation: &Simulation) -> TagView {
        let before = self.view(id);
        let why = simulation.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        TagView {
            value: Some(signal(tag, now.mono - simulation.began)),
            quality: Quality::SIMULATED,
            detail: Some(format!("by {}{why}", simulation.by).into()),
            received: Some(now),
            time: Some(now.utc),
            quality_since: if before.quality == Quality::SIMULATED { before.quality_since } else { now },
            raw: Raw::NONE,
            alarm: before.alarm,
        }
    }

    /// A person ends the simulation of a device, or of all (`None`). What still waits for the disk never comes.
    pub(super) fn end_simulation(&mut self, now: Now, by: &Actor, name: Option<&Arc<str>>, effects: &mut Vec<Effect>) {
        let is = |simulation: &Simulation| name.is_none_or(|name| simulation.device.eq_ignore_ascii_case(name));
        let waiting = self.simulating.iter().filter(|(_, waiting)| is(waiting)).map(|(_, waiting)| waiting);
        let ending = self.simulations.iter().filter(|running| is(running)).chain(waiting);
        let ending: Vec<Arc<str>> = ending.map(|simulation| Arc::clone(&simulation.device)).collect();
        if let (true, Some(name)) = (ending.is_empty(), name) {
            self.refuse_trying(now, by.clone(), name, "end the simulation", "it is not simulated", effects);
            return;
        }
        self.simulations.retain(|simulation| !is(simulation));
        self.simulating.retain(|(_, simulation)| !is(simulation));
        self.simulations_view = None;
        for device in ending {
            let mut entry = Entry::new(now.utc, Event::SimulationEnded);
            entry.subject = Some(Arc::clone(&device));
            entry.by = Some(by.clone());
            self.write(entry, effects);
            let Some(device) = self.device_named(&device) else { continue };
            for id in self.simulated_tags(device) {
                self.lift_simulated(now, id, effects);
            }
        }
    }

    /// After another plan, before any alarm is judged: devices of the same name go on being simulated; of the others the
    /// journal is told.
    pub(super) fn simulate_again(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        for mut simulation in std::mem::take(&mut self.simulations) {
            self.follow_name(now, &mut simulation, effects);
            let device = self.device_named(&simulation.device);
            let tags = device.map(|device| self.simulated_tags(device)).unwrap_or_default();
            if tags.is_empty() {
                let mut entry = Entry::new(now.utc, Event::SimulationEnded);
                entry.subject = Some(simulation.device);
                entry.note = Some(Arc::from("the project was changed there"));
                self.write(entry, effects);
                continue;
            }
            for id in tags {
                self.lay_simulated(id);
                if let Some(tag) = plan.tag(id).filter(|_| self.is_simulated_alone(id)) {
                    *self.view_mut(id) = self.simulated_view(now, id, tag, &simulation);
                }
            }
            simulation.next = now.mono + STEP;
            self.simulations.push(simulation);
        }
        // Those that wait for the disk, likewise.
        for (ticket, mut simulation) in std::mem::take(&mut self.simulating) {
            let ticket = self.follow_name(now, &mut simulation, effects).unwrap_or(ticket);
            self.simulating.push_back((ticket, simulation));
        }
        self.simulating.make_contiguous().sort_by_key(|(ticket, _)| *ticket);
        self.simulations_view = None;
    }

    /// A device that bears another name now is simulated on under that, and the journal has it so.
    fn follow_name(&mut self, now: Now, simulation: &mut Simulation, effects: &mut Vec<Effect>) -> Option<Ticket> {
        let plan = Arc::clone(&self.plan);
        let device = plan.device(plan.device_that_was(&simulation.device)?)?;
        let was = std::mem::replace(&mut simulation.device, Arc::clone(&device.name));
        // Since when it is known under this name, which is what the journal remembers.
        simulation.at = now.utc;
        let ticket = self.write(simulation.entry(now), effects);
        let mut entry = Entry::new(now.utc, Event::SimulationEnded);
        entry.subject = Some(was);
        entry.note = Some(format!("it is called {} now, and stays simulated under that name", device.name).into());
        self.write(entry, effects);
        Some(ticket)
    }

    /// Their steps, by the numbers that their devices have in the plan in force.
    pub(super) fn expect_simulations(&mut self) {
        let next = self.simulations.iter().filter_map(|s| Some((s.next, self.device_named(&s.device)?)));
        for (at, device) in next.collect::<Vec<_>>() {
            self.expect_at(at, Due::Simulate(device));
        }
    }

    /// Steps that are queued.
    #[cfg(test)]
    pub(super) fn due_simulations(&self) -> usize {
        self.due.iter().filter(|entry| matches!(entry.0.1, Due::Simulate(_))).count()
    }

    /// For the snapshot, in the order of their beginning.
    pub(super) fn view_simulations(&mut self) -> Arc<Vec<SimulatedView>> {
        let simulations = &self.simulations;
        let view =
            self.simulations_view.get_or_insert_with(|| {
                let views = simulations
                    .iter()
                    .cloned()
                    .map(|Simulation { device, by, at, reason, .. }| SimulatedView { device, by, at, reason });
                Arc::new(views.collect())
            });
        Arc::clone(view)
    }
}

/// What a tag of this kind says after so long: numbers swing slowly within their normal band, counters rise, switches change
/// now and then, states come in turn.
fn signal(tag: &TagPlan, after: Span) -> Value {
    let seed = seed_of(&tag.name);
    let seconds = after.as_secs_f64();
    let period = 120.0 + (seed % 480) as f64;
    let turn = |every: f64| ((seconds + (seed % 97) as f64) / every) as u64;
    let labels = &tag.tag.labels.0;
    let state =
        (!labels.is_empty()).then(|| turn(60.0) as usize % labels.len()).and_then(|i| labels.get(i)).map(|l| l.0);
    let kind = kind_of(tag);
    match kind {
        Kind::Text => return Value::Text(Arc::from("simulated")),
        Kind::Truth => return Value::Bool(turn(90.0 + (seed % 60) as f64) % 2 == 1),
        Kind::Whole { .. } | Kind::Number | Kind::Computed => {}
    }
    let band = tag.tag.normal.or_else(|| {
        tag.tag.range.or(tag.tag.valid).map(|[low, high]| {
            let margin = (high - low) * 0.2;
            [low + margin, high - margin]
        })
    });
    let number = match (state, band, kind) {
        (Some(state), ..) => state as f64,
        (None, Some([low, high]), _) => {
            let swing = (TAU * (seconds / period + (seed % 1_000) as f64 / 1_000.0)).sin();
            low + (high - low) * (0.5 + 0.45 * swing)
        }
        // Without a span a whole number is most likely one that counts.
        (None, None, Kind::Whole { .. }) => (seed % 1_000) as f64 + (seconds / 2.0).floor(),
        (None, None, _) => 50.0 + 40.0 * (TAU * (seconds / period + (seed % 1_000) as f64 / 1_000.0)).sin(),
    };
    let [low, high] = tag.tag.valid.unwrap_or([f64::MIN, f64::MAX]);
    let number = number.clamp(low, high);
    match kind {
        Kind::Whole { least, most } => {
            let whole = (number.round() as i128).clamp(least, most);
            if least < 0 {
                i64::try_from(whole).map(Value::I64).unwrap_or(Value::I64(0))
            } else {
                u64::try_from(whole).map(Value::U64).unwrap_or(Value::U64(0))
            }
        }
        _ => Value::F64(number),
    }
}

/// Of a name, the same on every computer (FNV-1a).
fn seed_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
