//! The engine: owner of the plant's state, and the order in which things happen to it.
//!
//! Invariant: at one instant, inputs come before deadlines. A deadline earlier than an input is carried out before it,
//! with its own time; one at the very same instant waits for [`Input::Tick`] (or a later input), so that a return that
//! arrives at the instant at which a delay ends comes first. What a device answered arrives when it is received, however
//! long it then waits to be heard.

use super::DeviceView;
use super::alarm::{AlarmMemory, Limit};
use super::alarming::AlarmCell;
use super::calm::Calm;
use super::effect::{Effect, Entry, Event, Ticket};
use super::forcing::{Force, Forces};
use super::groups::Group;
use super::horn::HornState;
use super::input::{DeviceStatus, Input, LinkState};
use super::load::Load;
use super::plan::{AlarmId, DeviceId, Plan, TagId};
use super::recording::{Stamp, Thinner};
use super::simulating::{SimulatedView, Simulation};
use super::snapshot::{AlarmView, HistoryState, JournalState, Refusal, TagView};
use super::tail::{Tail, TailView};
use crate::time::{Mono, Now, Utc};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;

/// Refusals that a snapshot shows.
pub(super) const REFUSALS_SHOWN: usize = 16;

/// How an engine is run.
#[derive(Debug, Clone, Copy, Default)]
pub struct EngineOptions {
    /// Points of recent past kept over all tags, for screens; 0 keeps none. A point takes 24 bytes.
    pub tail_points: usize,
    /// Whether samples are asked to be recorded. Where they are not, their rules cost nothing.
    pub record: bool,
    /// The journal knew an earlier run: what holds at the first value came while nobody watched.
    pub restarted: bool,
}

/// What can fall due. Kept in a heap with at most a few entries for each tag and alarm: an entry that comes too early is
/// put back at the true time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// The value that held some time ago is another, and so the rate. What a value says comes before delays end, as an
    /// input does.
    Rate(AlarmId),
    /// A value grows stale.
    Stale(TagId),
    /// A delay of an alarm ends.
    Delay(AlarmId),
    /// A shelving ends.
    Unshelve(AlarmId),
    /// The time of a force is over.
    Release(TagId),
    /// A simulated device says something else.
    Simulate(DeviceId),
    /// A silenced alarm sounds again.
    Resound(AlarmId),
    /// An alarm may chatter no more.
    Chatter(AlarmId),
    /// An annunciation lies ten minutes back: a flood may have ended.
    Flood,
}

/// What the engine keeps of a tag besides its picture.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TagCell {
    /// The earliest `Due::Stale` in the heap for it.
    pub(super) queued: Option<Mono>,
    /// Formula tags, alarms of other tags, or formulas that steer alarms read it.
    pub(super) is_read: bool,
    /// The settling before which it last changed: of one tag no two values are judged as one.
    pub(super) changed_in: u32,
    /// A forced value stands over what its source says.
    pub(super) forced: bool,
    /// The newest time that its source told: what comes with an older one is late.
    pub(super) source_time: Option<Utc>,
    /// Values that its alarms need not be asked about.
    pub(super) calm: Calm,
}

/// The plant as a value. See the module.
#[derive(Debug)]
pub struct Engine {
    pub(super) options: EngineOptions,
    pub(super) plan: Arc<Plan>,
    pub(super) pages: Vec<Arc<Vec<TagView>>>,
    pub(super) cells: Vec<TagCell>,
    pub(super) tails: Vec<Tail>,
    /// By tag; empty where nothing is recorded.
    pub(super) thinners: Vec<Thinner>,
    pub(super) tail_cap: usize,
    pub(super) tail_views: Arc<BTreeMap<TagId, Arc<TailView>>>,
    pub(super) tails_viewed: Option<Mono>,
    pub(super) devices: Vec<DeviceView>,
    pub(super) devices_view: Option<Arc<Vec<DeviceView>>>,
    pub(super) alarms: Vec<AlarmCell>,
    /// Alarms whose state is not normal.
    pub(super) standing: BTreeSet<AlarmId>,
    pub(super) alarms_view: Option<Arc<Vec<AlarmView>>>,
    /// Alarms that formulas of suppression and limits make depend on a tag.
    pub(super) steered_by: BTreeMap<TagId, Vec<AlarmId>>,
    /// Deviation alarms of other tags that a tag is compared by.
    pub(super) compared_by: BTreeMap<TagId, Vec<AlarmId>>,
    /// Tags that changed in this instant and are still to be judged and recorded.
    pub(super) changed_tags: Vec<(TagId, Stamp)>,
    /// When the last input happened.
    pub(super) heard: Mono,
    /// Counts the settlings; see [`super::settling`].
    pub(super) settlings: u32,
    /// Alarms whose suppression or limit is to be worked out anew.
    pub(super) states_due: BTreeSet<AlarmId>,
    /// Alarms that are to be judged anew, though their own tag has not changed.
    pub(super) alarms_due: BTreeSet<AlarmId>,
    /// First-out, by the plan's number of the group.
    pub(super) groups: Vec<Group>,
    /// Limits in force that are not the written ones, as the last snapshot showed them.
    pub(super) limits_view: Option<Arc<BTreeMap<AlarmId, Limit>>>,
    /// Place of each formula tag in the order of computing.
    pub(super) formula_rank: BTreeMap<TagId, u32>,
    pub(super) formulas_due: BTreeSet<u32>,
    /// Memories of alarms that the plan does not have (yet).
    pub(super) memories: BTreeMap<Arc<str>, AlarmMemory>,
    pub(super) due: BinaryHeap<Reverse<(Mono, Due)>>,
    /// Acts that wait for the disk, in the order of their tickets.
    pub(super) recording: VecDeque<(Ticket, super::acts::Act)>,
    pub(super) forces: Forces,
    /// Forces that wait for the disk, in the order of their tickets; at most [`super::forcing::MOST_FORCED`].
    pub(super) forcing: VecDeque<(Ticket, TagId, Force)>,
    pub(super) simulations: Vec<Simulation>,
    /// Simulations that wait for the disk; at most one of each device.
    pub(super) simulating: VecDeque<(Ticket, Simulation)>,
    pub(super) simulations_view: Option<Arc<Vec<SimulatedView>>>,
    pub(super) last_ticket: Ticket,
    pub(super) load: Load,
    /// The `Due::Flood` in the heap.
    pub(super) flood_queued: Option<Mono>,
    pub(super) journal: JournalState,
    pub(super) history: Option<HistoryState>,
    pub(super) horn: HornState,
    /// Samples were lost since the historian's state before.
    pub(super) losing_samples: bool,
    /// Samples lost before the recording fault that is there now.
    pub(super) lost_before_fault: u64,
    pub(super) refusals: Arc<Vec<Refusal>>,
    pub(super) dropped_inputs: u64,
}

impl Engine {
    /// An engine without a plant; the first [`Input::Deploy`] gives it one. `memories`: what the journal remembers.
    pub fn new(options: EngineOptions, mut memories: BTreeMap<Arc<str>, AlarmMemory>) -> Self {
        let forces = Forces::left_in(&mut memories);
        Self {
            options,
            plan: Arc::new(Plan::default()),
            pages: Vec::new(),
            cells: Vec::new(),
            tails: Vec::new(),
            thinners: Vec::new(),
            tail_cap: 0,
            tail_views: Arc::default(),
            tails_viewed: None,
            devices: Vec::new(),
            devices_view: None,
            alarms: Vec::new(),
            standing: BTreeSet::new(),
            alarms_view: None,
            steered_by: BTreeMap::new(),
            compared_by: BTreeMap::new(),
            changed_tags: Vec::new(),
            heard: Mono(i64::MIN),
            settlings: 1,
            states_due: BTreeSet::new(),
            alarms_due: BTreeSet::new(),
            groups: Vec::new(),
            limits_view: None,
            formula_rank: BTreeMap::new(),
            formulas_due: BTreeSet::new(),
            memories,
            due: BinaryHeap::new(),
            recording: VecDeque::new(),
            forces,
            forcing: VecDeque::new(),
            simulations: Vec::new(),
            simulating: VecDeque::new(),
            simulations_view: None,
            last_ticket: Ticket(0),
            load: Load::default(),
            flood_queued: None,
            journal: JournalState::default(),
            history: None,
            horn: HornState::Absent,
            losing_samples: false,
            lost_before_fault: 0,
            refusals: Arc::default(),
            dropped_inputs: 0,
        }
    }

    /// Something happens at `now`. What is asked of the world is added to `effects`.
    ///
    /// What a device answered happened when it was received, if that is not before what was heard already: a value that
    /// waited in a queue while a delay ended came before the delay's end.
    pub fn apply(&mut self, now: Now, input: Input, effects: &mut Vec<Effect>) {
        let is_tick = matches!(input, Input::Tick);
        let at = match &input {
            Input::Report(report) => {
                let mono = report.received.mono.max(self.heard).min(now.mono);
                Now { mono, utc: now.utc + (mono - now.mono) }
            }
            _ => now,
        };
        self.heard = self.heard.max(at.mono);
        self.carry_out_due(at, is_tick, effects);
        match input {
            Input::Deploy(plan) => {
                let entry = Entry::new(now.utc, Event::Deployed);
                self.deploy(now, &plan, entry, effects);
            }
            Input::Replace(plan, entry) => self.deploy(now, &plan, *entry, effects),
            Input::Redraw(plan, entry) if plan.watches_the_same(&self.plan) => {
                self.plan = plan;
                self.write(*entry, effects);
            }
            Input::Redraw(..) => self.dropped_inputs += 1,
            Input::Report(report) => {
                self.take_report(at, &report, effects);
                self.settle(at, effects);
                self.carry_out_due(now, false, effects);
            }
            Input::Link { generation, device, status } => match self.plan.device_numbered(generation, device) {
                Some(device) => self.take_link(now, device, *status, effects),
                None => self.dropped_inputs += 1,
            },
            Input::Command(command) => self.take_command(now, command, effects),
            Input::Durable(ticket) => self.take_durable(now, ticket, effects),
            Input::JournalFailed(ticket, reason) => self.take_journal_failure(now, ticket, &reason),
            Input::Journal(state) => self.journal = state,
            Input::History(state) => self.take_history(now, state, effects),
            Input::Horn(state) => self.take_horn(now, state, effects),
            Input::Tick => {}
        }
        self.settle(now, effects);
        if is_tick {
            self.carry_out_due(now, true, effects);
        }
    }

    /// When [`Input::Tick`] is wanted, if nothing else happens before.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }

    /// What is remembered of every alarm that is not as new, for a checkpoint of the journal.
    pub fn memories(&self) -> BTreeMap<Arc<str>, AlarmMemory> {
        let mut memories = self.memories.clone();
        for (cell, plan) in self.alarms.iter().zip(&self.plan.alarms) {
            if cell.memory != AlarmMemory::default() {
                memories.insert(Arc::clone(&plan.name), cell.memory.clone());
            }
        }
        memories.extend(self.forces.memories(&self.plan));
        memories.extend(self.simulations.iter().map(|simulation| {
            let (name, hand) = simulation.remembered();
            (name, AlarmMemory { forced: Some(Box::new(hand)), ..AlarmMemory::default() })
        }));
        memories
    }

    pub(super) fn write(&mut self, entry: Entry, effects: &mut Vec<Effect>) -> Ticket {
        self.last_ticket = Ticket(self.last_ticket.0 + 1);
        effects.push(Effect::Journal(self.last_ticket, Box::new(entry)));
        self.last_ticket
    }

    pub(super) fn expect_at(&mut self, at: Mono, due: Due) {
        self.due.push(Reverse((at, due)));
    }

    /// Carries out what fell due before `now`, and at it where `inclusive`.
    fn carry_out_due(&mut self, now: Now, inclusive: bool, effects: &mut Vec<Effect>) {
        while let Some(Reverse((at, due))) = self.due.peek().copied() {
            if at > now.mono || (at == now.mono && !inclusive) {
                break;
            }
            if let Due::Stale(tag) = due
                && let Some(later) = self.fresh_until(tag, at)
                && let Some(mut next) = self.due.peek_mut()
            {
                // In its place, because it is so with nearly every one of them: half the work of taking out and putting in.
                *next = Reverse((later, due));
                self.cells[tag.index()].queued = Some(later);
                continue;
            }
            self.due.pop();
            // The instant at which it fell due, on both clocks: an alarm bears the time at which its delay ended.
            let then = Now { mono: at, utc: now.utc + (at - now.mono) };
            match due {
                Due::Delay(alarm) => self.delay_ended(then, alarm, effects),
                Due::Stale(tag) => self.may_be_stale(then, tag),
                Due::Unshelve(alarm) => self.shelving_may_end(then, alarm, effects),
                Due::Simulate(device) => self.step_simulation(then, device, effects),
                Due::Release(tag) => self.force_may_end(then, tag, effects),
                Due::Resound(alarm) => self.resound(then, alarm),
                Due::Rate(alarm) => self.rate_may_change(then, alarm, effects),
                Due::Chatter(alarm) => self.watch_chatter(then, alarm),
                Due::Flood => {
                    self.flood_queued = None;
                    self.judge_flood(then);
                }
            }
            self.settle(then, effects);
        }
    }

    /// A device's link or its figures.
    fn take_link(&mut self, now: Now, device: DeviceId, status: DeviceStatus, effects: &mut Vec<Effect>) {
        let before = Arc::clone(&self.devices[device.index()].status);
        let state = status.state.clone();
        let since = status.since;
        self.devices[device.index()].status = Arc::new(status);
        self.devices_view = None;
        self.take_figures(now, device, effects);
        if self.devices[device.index()].status.certificate.is_some() {
            self.judge_systems(now, effects);
        }
        if before.state == state {
            return;
        }
        let plan = Arc::clone(&self.plan);
        let Some(device_plan) = plan.device(device) else { return };
        if std::mem::discriminant(&before.state) == std::mem::discriminant(&state) {
            // Gone as before, for another reason: tags say the newest, and nothing else happened.
            self.link_changed_tags(now, device, &state, effects);
            return;
        }
        let event = match &state {
            LinkState::Connected => Some(Event::LinkUp),
            LinkState::NoAnswer(_) => Some(Event::LinkDown),
            LinkState::Connecting | LinkState::Held(_) | LinkState::Unserved(_) => None,
        };
        if let Some(event) = event {
            let mut entry = Entry::new(now.utc, event);
            entry.subject = Some(Arc::clone(&device_plan.name));
            if let LinkState::NoAnswer(reason) = &state {
                entry.note = Some(Arc::clone(reason));
            }
            self.write(entry, effects);
        }
        self.link_changed_tags(now, device, &state, effects);
        self.judge_no_answer(now, device_plan.no_answer, &state, since, effects);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Event, Generation, Mode, Raw, Sample, Value};
    use crate::project;

    const TEXT: &str = "watchkeeper = 1\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.1:502\"\n\
        [[tag]]\nname = \"level\"\ndevice = \"plc1\"\nregister = \"input:0\"\ntype = \"u16\"\n\
        alarm = [{ kind = \"high\", limit = 10, priority = \"high\" }]\n";

    fn plan(text: &str) -> Arc<Plan> {
        let (project, _) = project::file::read(text.as_bytes());
        Arc::new(Plan::compile(Arc::new(project), Generation(1), Mode::Live).0)
    }

    #[test]
    fn other_displays_change_nothing_that_is_watched_and_another_plant_is_no_display() {
        let now = Now { mono: Mono(5_000_000), utc: Utc(5_000_000) };
        let options = EngineOptions { tail_points: 10_000, ..EngineOptions::default() };
        let mut engine = Engine::new(options, BTreeMap::new());
        let mut effects = Vec::new();
        let first = plan(TEXT);
        engine.apply(now, Input::Deploy(first.clone()), &mut effects);
        let level = first.tag_id("level").unwrap();
        let report = |value| {
            let samples = vec![Sample::good(level, Value::U64(value), Raw::NONE)];
            Input::Report(crate::engine::Report { generation: Generation(1), received: now, samples })
        };
        engine.apply(now, report(12), &mut effects);
        let before = engine.snapshot(now);
        effects.clear();

        let displays = format!("{TEXT}[[display]]\nname = \"Night\"\n");
        let entry = || Box::new(Entry::new(now.utc, Event::Deployed));
        engine.apply(now, Input::Redraw(plan(&displays), entry()), &mut effects);
        let after = engine.snapshot(now);
        assert_eq!(after.plan.displays.len(), 1);
        assert!(matches!(effects.as_slice(), [Effect::Journal(_, entry)] if entry.event == Event::Deployed));
        let seen = |s: &crate::engine::Snapshot| {
            let view = s.tag(level).unwrap();
            let points: Vec<_> = s.tails[&level].points().map(|p| (p.time, p.value)).collect();
            (view.value.clone(), view.quality, s.alarms.clone(), points)
        };
        assert_eq!(seen(&after), seen(&before));
        // What the drivers send is still taken.
        engine.apply(now, report(13), &mut effects);
        assert_eq!(engine.snapshot(now).tag(level).unwrap().value, Some(Value::U64(13)));

        let other = plan(&TEXT.replace("limit = 10", "limit = 11"));
        engine.apply(now, Input::Redraw(other, entry()), &mut effects);
        assert_eq!(engine.snapshot(now).plan.displays.len(), 1, "dropped");
    }
}
