//! Days of plant time on a clock that is passed in: the engine alone, with everything going on that goes on in a plant, and
//! its memory counted allocation by allocation.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::sync::Arc;
use watchkeeper::engine::{
    Actor, AlarmRef, Command, DeviceId, DeviceStatus, Effect, Engine, EngineOptions, Event, Generation, Input,
    LinkState, Mode, Plan, Raw, Report, Sample, Snapshot, TagId, Value,
};
use watchkeeper::project::file;
use watchkeeper::time::{Mono, Now, Span, Utc};

const REGISTERS: u32 = 500;
const BLOCK: u32 = 100;
const TOPICS: u32 = 100;
const START: Now = Now { mono: Mono(0), utc: Utc(1_800_000_000_000_000) };
const HOUR: i64 = 3_600;

/// The plant as it stands after an hour.
pub struct Hour {
    /// Bytes and allocations of engine, plan and the newest snapshot.
    pub bytes: i64,
    pub allocations: i64,
    /// Since the beginning.
    pub samples: u64,
    pub raised: u64,
    pub journaled: u64,
}

/// So many hours, each with an outage of the device, topics that stop, some hundred alarms, acknowledgements and shelvings; the
/// project is deployed anew every six.
pub fn hours(count: u32, mut told: impl FnMut(u32, &Hour)) -> Vec<Hour> {
    let mut plant = None;
    let (mut bytes, mut allocations) = (0, 0);
    let mut hours = Vec::new();
    for hour in 0..count {
        let grown = allocation_counter::measure(|| {
            plant.get_or_insert_with(Plant::new).run(i64::from(hour));
        });
        bytes += grown.bytes_current;
        allocations += grown.count_current;
        let Some(plant) = &plant else { continue };
        let Plant { samples, raised, journaled, .. } = *plant;
        hours.push(Hour { bytes, allocations, samples, raised, journaled });
        told(hour + 1, &hours[hour as usize]);
    }
    hours
}

struct Plant {
    engine: Engine,
    effects: Vec<Effect>,
    shown: Option<Snapshot>,
    generation: u32,
    status: DeviceStatus,
    samples: u64,
    raised: u64,
    journaled: u64,
}

fn project() -> String {
    let mut text = "watchkeeper = 1\nname = \"soak\"\n\
                    [[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"127.0.0.1\"\n\
                    [[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://127.0.0.1\"\n"
        .to_owned();
    for i in 0..REGISTERS {
        write!(
            text,
            "[[tag]]\nname = \"t{i}\"\ndevice = \"plc1\"\nregister = \"holding:{i}\"\ntype = \"u16\"\nscale = 0.1\n"
        )
        .expect("writing to a string");
        if i.is_multiple_of(10) {
            text.push_str(
                "[[tag.alarm]]\nkind = \"high\"\nlimit = 900\ndeadband = 5\npriority = \"high\"\non-delay = \"3s\"\n\
                 [[tag.alarm]]\nkind = \"low\"\nlimit = 100\npriority = \"low\"\n",
            );
        }
    }
    for i in 0..TOPICS {
        write!(text, "[[tag]]\nname = \"m{i}\"\ndevice = \"site\"\ntopic = \"m/{i}\"\nstale-after = \"1m\"\n")
            .expect("writing to a string");
    }
    for i in 0..20 {
        write!(text, "[[tag]]\nname = \"f{i}\"\nformula = \"t{i} + m{i} * 2\"\n").expect("writing to a string");
    }
    text
}

fn by() -> Actor {
    Actor { user: "ada".into(), computer: "control1".into(), desk: None }
}

impl Plant {
    fn new() -> Self {
        let options = EngineOptions { tail_points: 100_000, record: true, restarted: false };
        let mut plant = Self {
            engine: Engine::new(options, BTreeMap::new()),
            effects: Vec::new(),
            shown: None,
            generation: 0,
            status: DeviceStatus::new(START),
            samples: 0,
            raised: 0,
            journaled: 0,
        };
        plant.deploy(START);
        plant
    }

    fn deploy(&mut self, now: Now) {
        let (project, issues) = file::read(project().as_bytes());
        assert!(issues.is_empty(), "{}", issues[0]);
        self.generation += 1;
        let (plan, issues) = Plan::compile(Arc::new(project), Generation(self.generation), Mode::Live);
        assert!(issues.is_empty(), "{}", issues[0]);
        self.apply(now, Input::Deploy(Arc::new(plan)));
        for device in 0..2 {
            self.link(now, device, LinkState::Connected);
        }
    }

    /// As the main loop does it, with a journal that is on disk at once.
    fn apply(&mut self, now: Now, input: Input) {
        self.engine.apply(now, input, &mut self.effects);
        while !self.effects.is_empty() {
            let mut written = None;
            for effect in self.effects.drain(..) {
                if let Effect::Journal(ticket, entry) = effect {
                    self.journaled += 1;
                    self.raised += u64::from(entry.event == Event::Raised);
                    written = Some(ticket);
                }
            }
            if let Some(ticket) = written {
                self.engine.apply(now, Input::Durable(ticket), &mut self.effects);
            }
        }
    }

    fn link(&mut self, now: Now, device: u32, state: LinkState) {
        self.status.state = state;
        self.status.requests += 5;
        self.status.answers += 5;
        self.status.bytes_in += 1_000;
        let generation = Generation(self.generation);
        self.apply(now, Input::Link { generation, device: DeviceId(device), status: Box::new(self.status.clone()) });
    }

    fn report(&mut self, now: Now, samples: Vec<Sample>) {
        self.samples += samples.len() as u64;
        self.apply(now, Input::Report(Report { generation: Generation(self.generation), received: now, samples }));
    }

    /// One hour, second by second.
    fn run(&mut self, hour: i64) {
        if hour > 0 && hour % 6 == 0 {
            self.deploy(START + Span::from_secs(hour * HOUR));
        }
        for second in 0..HOUR {
            let turn = hour * HOUR + second;
            let now = START + Span::from_secs(turn);
            self.field(now, turn, second);
            self.people(now, second);
            if self.engine.next_deadline().is_some_and(|at| at <= now.mono) {
                self.apply(now, Input::Tick);
            }
            self.shown = Some(self.engine.snapshot(now));
        }
    }

    fn field(&mut self, now: Now, turn: i64, second: i64) {
        // Gone for a minute.
        match second {
            1_800 => self.link(now, 0, LinkState::NoAnswer("connection refused".into())),
            1_801..1_860 => {}
            _ => {
                self.link(now, 0, LinkState::Connected);
                for block in 0..REGISTERS / BLOCK {
                    let each = (block * BLOCK..(block + 1) * BLOCK).map(|register| {
                        let period = f64::from(600 + register % 13 * 100);
                        let wave = (TAU * (turn as f64 + f64::from(register)) / period).sin();
                        let raw = (5_000.0 + 4_500.0 * wave) as u16;
                        Sample::good(TagId(register), Value::U64(u64::from(raw)), Raw::new(&raw.to_be_bytes()))
                    });
                    self.report(now, each.collect());
                }
            }
        }
        // For three minutes nothing comes, and values grow stale.
        if turn % 5 == 0 && !(2_700..2_880).contains(&second) {
            let value = |topic: u32| Value::F64((turn + i64::from(topic)) as f64);
            let samples = (0..TOPICS).map(|topic| Sample::good(TagId(REGISTERS + topic), value(topic), Raw::NONE));
            self.report(now, samples.collect());
        }
    }

    fn people(&mut self, now: Now, second: i64) {
        if second % 600 != 599 {
            return;
        }
        let Some(shown) = self.shown.take() else { return };
        let name = |id| shown.plan.alarm(id).map(|alarm| alarm.name.clone());
        let seen = |alarm: &watchkeeper::engine::AlarmView| {
            Some(AlarmRef { alarm: name(alarm.id)?, occurrence: alarm.occurrence })
        };
        let alarms: Vec<AlarmRef> = shown.alarms.iter().filter_map(seen).collect();
        drop(shown);
        if let Some(first) = alarms.first() {
            let until = now.utc + Span::from_secs(300);
            let shelve = Command::Shelve { by: by(), alarm: first.alarm.clone(), until, reason: Some("soak".into()) };
            self.apply(now, Input::Command(shelve));
        }
        self.apply(now, Input::Command(Command::Acknowledge { by: by(), alarms, note: None }));
    }
}
