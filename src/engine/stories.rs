//! Stories: an alarm's life told line by line and played through the engine in virtual time.

mod deploys;
mod edits;
mod forces;
mod hiding;
mod horn;
mod impact;
mod life;
mod load;
mod model;
mod properties;
mod quality;
mod restarts;
mod scans;
mod system;

use super::*;
use crate::engine::coming::Coming;
use crate::engine::plan::{AlarmPlan, Condition, DevicePlan, RecordPlan, Scaling, SourcePlan, Subject, TagPlan};
use crate::project::{Area, Device, Endpoint, NoAnswer, Order, Priority, RegisterSource, Source, Tag};
use crate::time::{Mono, Now, Span, Utc};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

pub(crate) fn tag(name: &str) -> Tag {
    Tag {
        name: name.to_owned(),
        was: None,
        description: String::new(),
        source: Source::Fault(String::new()),
        data_type: crate::project::DataType::F64,
        scale: None,
        offset: None,
        raw: None,
        scale_register: None,
        unit: "%".to_owned(),
        range: Some([0.0, 100.0]),
        valid: Some([-50.0, 150.0]),
        bad_values: vec![-9999.0],
        normal: None,
        setpoint: None,
        labels: crate::project::Labels::default(),
        decimals: None,
        stale_after: None,
        record: crate::project::RecordRule::Change,
        record_deadband: None,
        record_interval: None,
        keep: None,
        places: crate::project::Places::default(),
    }
}

fn alarm(name: &str, subject: Subject, condition: Condition) -> AlarmPlan {
    AlarmPlan {
        name: Arc::from(name),
        short: Arc::from(name.rsplit('/').next().unwrap_or(name)),
        subject,
        condition,
        kind: "high",
        on_delay: Span::ZERO,
        off_delay: Span::ZERO,
        priority: Priority::High,
        latch: false,
        group: None,
        limits: Arc::default(),
        suppress_when: None,
        message: Arc::from("level is high"),
        cause: None,
        consequence: None,
        response: None,
        display: None,
        written: None,
    }
}

fn tag_plan(tag: Tag, alarms: std::ops::Range<u32>, stale: Option<Span>) -> TagPlan {
    TagPlan {
        name: Arc::from(tag.name.as_str()),
        unit: Arc::from(tag.unit.as_str()),
        source: SourcePlan::Register {
            device: DeviceId(0),
            poll: Span::from_secs(1),
            source: RegisterSource {
                device: "plc1".to_owned(),
                area: Area::Holding,
                address: 0,
                order: Order::Abcd,
                bit: None,
                byte: None,
                length: 0,
                poll: None,
            },
        },
        exponent: None,
        is_exponent: false,
        scaling: None,
        stale_after: stale,
        alarms,
        dependents: Vec::new(),
        setpoint: None,
        record: RecordPlan::default(),
        tag: Arc::new(tag),
    }
}

/// `level` of device `plc1`: high at 90 with deadband 2, quality after 10 s; `run`: a state; `double`: a formula.
fn plan(change: impl FnOnce(&mut Plan)) -> Arc<Plan> {
    let level = TagId(0);
    let run = TagId(1);
    let high = alarm("level/high", Subject::Tag(level), Condition::AtOrAbove { limit: 90.0, deadband: 2.0 });
    let mut quality = alarm("level/quality", Subject::Tag(level), Condition::Quality);
    quality.on_delay = Span::from_secs(10);
    let stopped = alarm("run/state", Subject::Tag(run), Condition::State(crate::project::When::Bool(false)));
    let mut no_answer = alarm("plc1/no-answer", Subject::Device(DeviceId(0)), Condition::NoAnswer);
    no_answer.on_delay = Span::from_secs(10);
    let faults = alarm("system.project/faults", Subject::System, Condition::ProjectFaults);
    let mut level_plan = tag_plan(tag("level"), 0..2, Some(Span::from_secs(5)));
    level_plan.dependents = vec![TagId(2)];
    let mut double = tag_plan(tag("double"), 3..3, None);
    double.source = SourcePlan::Formula(Arc::new(
        Formula::parse("level * 2 - 100", &mut |name| (name == "level").then_some(level)).unwrap(),
    ));
    let device = Device {
        name: "plc1".to_owned(),
        was: None,
        endpoint: Endpoint::Fault("nobody asks it".to_owned()),
        address: String::new(),
        no_answer: NoAnswer::default(),
        places: crate::project::Places::default(),
    };
    let mut plan = Plan {
        generation: Generation(1),
        tags: vec![level_plan, tag_plan(tag("run"), 2..3, None), double],
        devices: vec![DevicePlan {
            device: Arc::new(device),
            name: Arc::from("plc1"),
            figures: Vec::new(),
            tags: vec![level, run],
            no_answer: AlarmId(3),
        }],
        alarms: vec![high, quality, stopped, no_answer, faults],
        formula_order: vec![TagId(2)],
        ..Plan::default()
    };
    change(&mut plan);
    plan.tag_index = plan.tags.iter().enumerate().map(|(i, t)| (t.name.to_string(), TagId(i as u32))).collect();
    plan.alarm_index = plan.alarms.iter().enumerate().map(|(i, a)| (a.name.to_string(), AlarmId(i as u32))).collect();
    Arc::new(plan)
}

/// A project of one device, `plc1`, with `level` (in %, 0 to 100), `flow` (the same), `run` (a bool), and these lines: keys of
/// the alarms of `level`, then of `flow`.
fn written(level: &str, flow: &str) -> Arc<Plan> {
    written_as(1, level, flow, "")
}

fn text_as(level: &str, flow: &str, more: &str) -> String {
    let alarms = |lines: &str| {
        let blocks = lines.split("--").filter(|block| !block.trim().is_empty());
        blocks.map(|block| format!("[[tag.alarm]]\n{block}\n")).collect::<Vec<_>>().concat()
    };
    format!(
        "watchkeeper = 1\nname = \"Told\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"127.0.0.1\"\n\
         [[tag]]\nname = \"run\"\ndevice = \"plc1\"\nregister = \"coil:0\"\nstale-after = \"1d\"\n\
         [[tag]]\nname = \"level\"\ndevice = \"plc1\"\nregister = \"holding:0\"\ntype = \"f64\"\nunit = \"%\"\nrange = [0, 100]\nstale-after = \"1d\"\n{}\
         [[tag]]\nname = \"flow\"\ndevice = \"plc1\"\nregister = \"holding:4\"\ntype = \"f64\"\nunit = \"%\"\nrange = [0, 100]\nstale-after = \"1d\"\n{}\
         {more}",
        alarms(level),
        alarms(flow),
    )
}

fn written_as(generation: u32, level: &str, flow: &str, more: &str) -> Arc<Plan> {
    let text = text_as(level, flow, more);
    let (project, issues) = crate::project::file::read(text.as_bytes());
    let (plan, more) = Plan::compile(Arc::new(project), Generation(generation), Mode::Live);
    let errors: Vec<String> = issues
        .into_iter()
        .chain(more)
        .filter(|i| i.severity == crate::project::Severity::Error)
        .map(|i| i.to_string())
        .collect();
    assert_eq!(errors, [""; 0], "{text}");
    Arc::new(plan)
}

struct Play {
    engine: Engine,
    plan: Arc<Plan>,
    told: String,
    disk: Disk,
    entries: Vec<Entry>,
    now: Now,
}

#[derive(PartialEq)]
enum Disk {
    Writes,
    Stalls,
    Refuses,
}

const START: i64 = 1_000_000_000_000_000;

impl Play {
    fn new(plan: Arc<Plan>) -> Self {
        Self::with(plan, BTreeMap::new(), false)
    }

    fn restarted(plan: Arc<Plan>, memories: BTreeMap<Arc<str>, AlarmMemory>) -> Self {
        Self::with(plan, memories, true)
    }

    fn with(plan: Arc<Plan>, memories: BTreeMap<Arc<str>, AlarmMemory>, restarted: bool) -> Self {
        let engine = Engine::new(EngineOptions { tail_points: 10_000, record: false, restarted }, memories);
        let now = Now { mono: Mono(0), utc: Utc(START) };
        let mut play =
            Self { engine, plan: Arc::clone(&plan), told: String::new(), disk: Disk::Writes, entries: Vec::new(), now };
        play.apply(Input::Deploy(plan));
        play.link(LinkState::Connected);
        play.told.clear();
        play
    }

    fn apply(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.engine.apply(self.now, input, &mut effects);
        self.settle(effects);
    }

    fn settle(&mut self, mut effects: Vec<Effect>) {
        while !effects.is_empty() {
            let mut more = Vec::new();
            for effect in effects {
                let Effect::Journal(ticket, entry) = effect else { continue };
                let second = (entry.time.0 - START) / 1_000_000;
                let what = entry.alarm.clone().or_else(|| entry.subject.clone()).unwrap_or_else(|| Arc::from("-"));
                write!(self.told, "{second}s {} {what}", entry.event.word()).unwrap();
                if let Some(o) = entry.occurrence.filter(|_| entry.event == Event::Raised) {
                    write!(self.told, " #{o}").unwrap();
                }
                // The limit is told of every occurrence; where it matters, a story looks at the entry itself.
                let note = match (&entry.note, entry.event) {
                    (Some(note), Event::Raised) => Coming { limit: None, ..Coming::parse(note) }.note(""),
                    (note, _) => note.clone(),
                };
                if let Some(note) = note {
                    write!(self.told, " ({note})").unwrap();
                }
                self.told.push('\n');
                self.entries.push(*entry);
                match self.disk {
                    Disk::Writes => self.engine.apply(self.now, Input::Durable(ticket), &mut more),
                    Disk::Refuses => {
                        self.engine.apply(self.now, Input::JournalFailed(ticket, "disk full".into()), &mut more);
                    }
                    Disk::Stalls => {}
                }
            }
            effects = more;
        }
    }

    fn at(&mut self, second: f64) -> &mut Self {
        let then = Now { mono: Mono(0), utc: Utc(START) } + Span((second * 1e6).round() as i64);
        while let Some(due) = self.engine.next_deadline().filter(|due| *due < then.mono) {
            self.now = Now { mono: due, utc: Utc(START) + (due - Mono(0)) };
            self.apply(Input::Tick);
        }
        self.now = then;
        self
    }

    fn sample(&mut self, name: &str, sample: impl FnOnce(TagId) -> Sample) -> &mut Self {
        let number = self.plan.tag_number(self.plan.tag_id(name).unwrap());
        let report = Report { generation: self.plan.generation, received: self.now, samples: vec![sample(number)] };
        self.apply(Input::Report(report));
        self
    }

    /// One answer of the device with all of these.
    fn scan(&mut self, values: &[(&str, f64)]) -> &mut Self {
        let sample = |(name, value): &(&str, f64)| {
            let number = self.plan.tag_number(self.plan.tag_id(name).unwrap());
            Sample::good(number, Value::F64(*value), Raw::NONE)
        };
        let samples = values.iter().map(sample).collect();
        self.apply(Input::Report(Report { generation: self.plan.generation, received: self.now, samples }));
        self
    }

    /// An edit of the project in a running program.
    fn deploy(&mut self, plan: Arc<Plan>) -> &mut Self {
        self.plan = Arc::clone(&plan);
        self.apply(Input::Deploy(plan));
        self
    }

    /// Killed, and started again with this plan: what the journal says is all that is left.
    fn restart(&mut self, plan: Arc<Plan>) -> &mut Self {
        let mut memories = BTreeMap::new();
        for entry in &self.entries {
            alarm::remember(&mut memories, entry);
        }
        self.engine = Engine::new(EngineOptions { restarted: true, ..EngineOptions::default() }, memories);
        self.deploy(plan).link(LinkState::Connected)
    }

    fn shelve(&mut self, alarm: &str, minutes: i64) -> &mut Self {
        let until = self.now.utc + Span::from_secs(minutes * 60);
        self.act(|by| Command::Shelve { by, alarm: alarm.into(), until, reason: None })
    }

    fn alarm(&mut self, alarm: &str) -> AlarmView {
        let id = self.plan.alarm_id(alarm).unwrap();
        let snapshot = self.engine.snapshot(self.now);
        snapshot.alarms.iter().find(|a| a.id == id).unwrap_or_else(|| panic!("{alarm} is normal")).clone()
    }

    fn snapshot(&mut self) -> Snapshot {
        self.engine.snapshot(self.now)
    }

    /// Alarms with the mark of first-out.
    fn first_out(&mut self) -> Vec<String> {
        let snapshot = self.snapshot();
        let marked = snapshot.alarms.iter().filter(|a| a.first_out);
        let mut names: Vec<String> = marked.map(|a| snapshot.plan.alarm(a.id).unwrap().name.to_string()).collect();
        names.sort();
        names
    }

    fn set(&mut self, name: &str, value: f64) -> &mut Self {
        self.sample(name, |id| Sample::good(id, Value::F64(value), Raw::NONE))
    }

    fn bad(&mut self, name: &str, quality: Quality) -> &mut Self {
        self.sample(name, |id| Sample::bad(id, quality, None))
    }

    fn tick(&mut self) -> &mut Self {
        self.apply(Input::Tick);
        self
    }

    fn link(&mut self, state: LinkState) -> &mut Self {
        let status = DeviceStatus { state, ..DeviceStatus::new(self.now) };
        let (generation, device) = (self.plan.generation, self.plan.device_number(DeviceId(0)));
        self.apply(Input::Link { generation, device, status: Box::new(status) });
        self
    }

    fn act(&mut self, command: impl FnOnce(Actor) -> Command) -> &mut Self {
        let by = Actor { user: "op".into(), computer: "desk".into(), desk: None };
        self.apply(Input::Command(command(by)));
        self
    }

    fn ack(&mut self, alarm: &str, occurrence: u64) -> &mut Self {
        let alarms = vec![AlarmRef { alarm: alarm.into(), occurrence }];
        self.act(|by| Command::Acknowledge { by, alarms, note: None })
    }

    fn state(&mut self, alarm: &str) -> &'static str {
        let id = self.plan.alarm_id(alarm).unwrap();
        let snapshot = self.engine.snapshot(self.now);
        snapshot.alarms.iter().find(|a| a.id == id).map_or("normal", |a| a.state.word())
    }

    fn view(&mut self, name: &str) -> TagView {
        let id = self.plan.tag_id(name).unwrap();
        self.engine.snapshot(self.now).tag(id).unwrap().clone()
    }

    fn told(&mut self) -> String {
        std::mem::take(&mut self.told)
    }

    /// The journal alone gives the state that the engine has.
    fn remembers_itself(&self) {
        let mut memories = BTreeMap::new();
        for entry in &self.entries {
            alarm::remember(&mut memories, entry);
        }
        memories.retain(|_, m| *m != AlarmMemory::default());
        let own = self.engine.memories();
        assert_eq!(memories.keys().collect::<Vec<_>>(), own.keys().collect::<Vec<_>>());
        for (name, memory) in &memories {
            assert_eq!(memory.forced, own[name].forced, "{name}");
            if memory.forced.is_some() {
                continue;
            }
            let rule = self.plan.alarm(self.plan.alarm_id(name).unwrap()).unwrap();
            assert_eq!(memory.state(rule.latch), own[name].state(rule.latch), "{name}");
            assert_eq!(memory.occurrence, own[name].occurrence, "{name}");
        }
    }
}
