//! A plant on paper: snapshots for pictures, tests and benches of the screen. No device, no clock, no disk: a written
//! project is compiled, two hours of made-up input run through the real engine in virtual time, and the last picture of
//! it is kept, so that what is shown is what a plant would show.

mod archive;
mod desk;

use crate::drivers::monitor::{Outcome, Request};
use crate::engine::core::EngineOptions;
use crate::engine::roundtrip::{RoundTripPoint, RoundTrips};
use crate::engine::{
    Actor, AlarmRef, Command, DeviceId, DeviceStatus, Effect, Engine, Entry, Generation, HistoryState, HornState,
    Input, LineUse, LinkState, Mode, Plan, Quality, Raw, Report, Sample as Read, Snapshot, TagId, Ticket, Value,
};
use crate::link::About;
use crate::project::{self, DataType, Project};
use crate::time::{Mono, Now, Span, Utc};
pub use archive::{Archive, Recorded};
pub use desk::{desk, flooded, forced};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// What a window would be given.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The plant.
    pub snapshot: Snapshot,
    /// What does not change.
    pub about: About,
    /// The zone of the project.
    pub zone: jiff::tz::TimeZone,
    /// What was journaled, in order.
    pub journal: Vec<Entry>,
}

/// 14:03:54 on 20 November 2026, in Amsterdam.
const NOW: Utc = Utc(1_795_179_834_000_000);
/// How long the plant has been watched.
const WATCHED_SECS: i64 = 7_200;

/// Riverside, with something wrong of every kind: tank 1 about to overflow, a device gone, a value that was bad for a
/// while, an alarm that returned, others acknowledged.
pub fn riverside() -> Sample {
    storm(include_str!("riverside.toml"))
}

/// The same with one more display, "Broken", on which everything is wrong that can be wrong with a display.
pub fn broken() -> Sample {
    storm(concat!(include_str!("riverside.toml"), include_str!("broken.toml")))
}

/// The same with displays of a test's own, as the project's file writes them.
pub fn riverside_with(displays: &str) -> Sample {
    storm(&format!("{}\n{displays}", include_str!("riverside.toml")))
}

fn storm(text: &str) -> Sample {
    let mut play = Play::new(text);
    let mut at = -WATCHED_SECS;
    while at <= 0 {
        play.step(at, riverside_value);
        // What the shift has dealt with before the picture is taken.
        for (when, alarm) in [(-6_900_i64, "feederA.pf/low"), (-700, "tank1.level/high"), (-840, "station.inflow/high")]
        {
            if when == at {
                play.acknowledge(at, alarm);
            }
        }
        if at == -104 {
            play.lose(at, "plc2", "connection refused");
        }
        at += if at < -1_200 { 10 } else { 1 };
    }
    play.sample()
}

/// Riverside on a quiet night: nothing is wrong, nothing was.
pub fn quiet() -> Sample {
    let mut play = Play::new(include_str!("riverside.toml"));
    let mut at = -600;
    while at <= 0 {
        play.step(at, |tag, at| Some(calm_value(tag, at)));
        at += 5;
    }
    play.sample()
}

/// Riverside in the first second: every tag waits for its first value.
pub fn starting() -> Sample {
    let mut play = Play::new(include_str!("riverside.toml"));
    play.tick(0);
    play.sample()
}

/// A plant of `count` tags, each with one alarm that stands unacknowledged.
pub fn flood(count: usize) -> Sample {
    let mut text = String::from(
        "watchkeeper = 1\nname = \"Flood\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.10:502\"\n",
    );
    for i in 0..count {
        let priority = ["low", "medium", "high", "critical"][i % 4];
        // Writing to a string cannot fail.
        let _written = write!(
            text,
            "[[tag]]\nname = \"area{}.sensor{i}\"\ndevice = \"plc1\"\nregister = \"holding:{}\"\ntype = \"u16\"\nunit = \"bar\"\n\
             alarm = [{{ kind = \"high\", limit = 10.0, priority = \"{priority}\" }}]\n",
            i % 7,
            i % 60_000
        );
    }
    text.push_str("[[display]]\nname = \"All\"\npanel = [{ kind = \"alarms\", at = [0, 0, 24, 15] }]\n");
    let mut play = Play::new(&text);
    play.step(-10, |_, _| Some(20.0));
    play.tick(0);
    play.sample()
}

/// A plant of your own: the project's text, and the value of each tag by its name at so many seconds before now.
pub fn of(text: &str, watched_secs: i64, step_secs: i64, value: impl Fn(&str, i64) -> Option<f64>) -> Sample {
    let mut play = Play::new(text);
    let mut at = -watched_secs;
    while at <= 0 {
        play.step(at, &value);
        at += step_secs.max(1);
    }
    play.sample()
}

/// What Riverside measures; `None`: the value was not understood.
fn riverside_value(tag: &str, at: i64) -> Option<f64> {
    let t = at as f64;
    let rise = ((t + 3_200.0) / 2_900.0).clamp(0.0, 1.0);
    let storm = ((t + 3_500.0) / 1_100.0).clamp(0.0, 1.0);
    Some(match tag {
        "tank1.level" => {
            let climbing = 53.0 + 42.6 * rise.powf(1.15) + wobble(t, 3, 0.5);
            if t > -40.0 { 95.3 } else { climbing.min(94.9) }
        }
        "station.inflow" if (-2_300..-1_871).contains(&at) => return None,
        "station.inflow" => 210.0 + 142.0 * storm + wobble(t, 11, 14.0) + 12.0 * (t / 700.0).sin(),
        "pump3.flow" => 87.0 + wobble(t, 17, 4.0),
        "rain.rate" => 14.2 + 11.0 * (-((t + 900.0) / 420.0).powi(2)).exp() + wobble(t, 29, 0.3),
        "pump2.vibration" => 3.4 + 4.0 * ((t + 1_900.0) / 1_600.0).clamp(0.0, 1.0) + wobble(t, 31, 0.12),
        "feederA.pf" => 0.88,
        "weather.wind" if at > -50 => return None,
        _ => calm_value(tag, at),
    })
}

/// What Riverside measures while nothing is wrong.
fn calm_value(tag: &str, at: i64) -> f64 {
    let t = at as f64;
    match tag {
        "tank1.level" => 53.0 + wobble(t, 3, 0.8),
        "tank2.level" => 62.0 + wobble(t, 5, 1.2),
        "tank3.level" => 58.1 + wobble(t, 7, 0.3),
        "tank4.level" => 71.9 + wobble(t, 9, 0.3),
        "tank5.level" => 66.0 + wobble(t, 10, 0.3),
        "station.flow" => 412.6 + wobble(t, 13, 6.0),
        "station.inflow" => 210.0 + wobble(t, 11, 9.0),
        "pump1.pressure" => 5.82 + wobble(t, 15, 0.06),
        "pump1.speed" | "pump1.speed_setpoint" => 1_450.0,
        "pump1.running" => f64::from(u8::from(!(-1_500..-1_100).contains(&at))),

        "pump2.vibration" => 2.1 + wobble(t, 31, 0.1),
        "pump3.flow" => 92.0 + wobble(t, 17, 3.0),
        "rain.rate" | "valve101.open" => 0.0,
        "weather.wind" => 6.4 + wobble(t, 37, 1.5),
        "feederA.pf" => 0.96,
        "feederA.energy" => 18_446_744_000_000.0 + t * 20.0,
        // Pumps run, valves are open.
        _ => 1.0,
    }
}

/// Unrest without chance: a sum of sines that repeats for no one who looks.
fn wobble(t: f64, seed: i32, size: f64) -> f64 {
    let s = f64::from(seed);
    size * ((t / (83.0 + s)).sin() * 0.3
        + (t / (17.3 + s * 0.31) + s).sin() * 0.12
        + (t / (29.7 + s) * 1.7).sin() * 0.13
        + (t / (301.0 + s * 7.0) + 2.0 * s).sin() * 0.5)
}

/// An engine with its virtual clock.
struct Play {
    engine: Engine,
    plan: Arc<Plan>,
    about: About,
    effects: Vec<Effect>,
    lost: Vec<DeviceId>,
    polls: u64,
    journal: Vec<(Ticket, Entry)>,
}

/// A history of some weeks that fares well.
fn recording() -> HistoryState {
    HistoryState {
        samples: 12_345_678,
        bytes: 94_300_000,
        free_bytes: Some(41_200_000_000),
        disk_bytes: Some(116_600_000_000),
        recorded_to: Some(NOW),
        ..HistoryState::default()
    }
}

impl Play {
    fn new(text: &str) -> Self {
        let (project, mut issues): (Project, _) = project::file::read(text.as_bytes());
        let (plan, more) = Plan::compile(Arc::new(project), Generation(1), Mode::Live);
        issues.extend(more);
        let plan = Arc::new(plan);
        let engine =
            Engine::new(EngineOptions { tail_points: 1_000_000, record: false, restarted: false }, BTreeMap::new());
        let actor = Actor { user: "desk".into(), computer: "control1".into(), desk: None };
        let about = About { issues, actor, data_folder: "riverside.data".into(), ..About::default() };
        let mut play =
            Self { engine, plan, about, effects: Vec::new(), lost: Vec::new(), polls: 0, journal: Vec::new() };
        let plan = Arc::clone(&play.plan);
        play.apply(-WATCHED_SECS - 1, Input::Deploy(plan));
        play.apply(-WATCHED_SECS - 1, Input::History(recording()));
        play.apply(-WATCHED_SECS - 1, Input::Horn(HornState::Ready { player: "pw-play".into() }));
        play
    }

    fn now(at: i64) -> Now {
        Now { mono: Mono((at + 1_000_000) * 1_000_000), utc: NOW + Span::from_secs(at) }
    }

    fn apply(&mut self, at: i64, input: Input) {
        let now = Self::now(at);
        self.engine.apply(now, input, &mut self.effects);
        // The journal of paper is on disk at once.
        while let Some(Effect::Journal(ticket, entry)) = self.effects.pop() {
            self.journal.push((ticket, *entry));
            let mut more = Vec::new();
            self.engine.apply(now, Input::Durable(ticket), &mut more);
            self.effects.extend(more);
        }
    }

    fn tick(&mut self, at: i64) {
        self.apply(at, Input::Tick);
    }

    /// Every device answers at `at`, and every tag reads what `value` says.
    fn step(&mut self, at: i64, value: impl Fn(&str, i64) -> Option<f64>) {
        let plan = Arc::clone(&self.plan);
        self.polls += 1;
        for index in 0..plan.devices.len() {
            let device = DeviceId(index as u32);
            if !self.lost.contains(&device) {
                self.link(at, device, LinkState::Connected);
            }
        }
        let now = Self::now(at);
        let mut samples = Vec::new();
        for (index, tag) in plan.tags.iter().enumerate() {
            if tag.source.device().is_none_or(|d| self.lost.contains(&d)) || tag.name.starts_with("lab.") {
                continue;
            }
            let id = TagId(index as u32);
            match value(&tag.name, at) {
                Some(number) => {
                    let value = match tag.tag.data_type {
                        DataType::Bool => Value::Bool(number != 0.0),
                        DataType::U16 | DataType::U64 => Value::U64(number as u64),
                        DataType::String => Value::Text("Light rain, wind from the west".into()),
                        _ => Value::F64(number),
                    };
                    let raw = Raw::new(&(number as f32).to_be_bytes());
                    samples.push(Read {
                        tag: id,
                        value: Some(value),
                        quality: Quality::GOOD,
                        source_time: None,
                        raw,
                        detail: None,
                    });
                }
                // A sensor that fell silent is not told at all; one whose answer was not understood is.
                None if tag.name.starts_with("weather.") => {}
                None => samples.push(Read::bad(id, Quality::DEVICE_FAULT, Some("exception 4: device failure".into()))),
            }
        }
        self.apply(at, Input::Report(Report { generation: plan.generation, received: now, samples }));
        if let Some(level) = value("tank1.level", at) {
            self.exchange(at, level as f32);
        }
        self.tick(at);
    }

    fn link(&mut self, at: i64, device: DeviceId, state: LinkState) {
        let connected = state == LinkState::Connected;
        let mut status = DeviceStatus::new(Self::now(if connected { -WATCHED_SECS } else { at }));
        status.last_answer = Some(Self::now(at));
        status.round_trip = Some(Span(4_200 + 700 * i64::from(device.0)));
        let mqtt = self.plan.device(device).is_some_and(|d| matches!(d.device.endpoint, project::Endpoint::Mqtt(_)));
        if mqtt {
            status.messages = self.polls * 212;
            status.bad_payloads = 3;
            status.refused_topics = 1;
            self.hear(at, device);
        } else {
            status.requests = self.polls * 6;
            status.answers = self.polls * 6 - u64::from(!connected) * 4;
            status.timeouts = u64::from(!connected) * 4;
            let cycle = connected.then_some(Span(10_000_400));
            status.line = Some(LineUse { load: 3, share: 3, cycle, asked: Span::from_secs(10) });
        }
        status.round_trips = round_trips(at, device, connected);
        if device.0 == 1 {
            (0..7).for_each(|_| status.count_exception(2));
            (0..2).for_each(|_| status.count_exception(6));
        }
        status.reconnects = u64::from(device.0);
        status.bytes_in = self.polls * 1_830;
        status.bytes_out = self.polls * 96;
        if let LinkState::NoAnswer(why) = &state {
            status.last_error = Some(Arc::clone(why));
        }
        status.state = state;
        let generation = self.plan.generation;
        self.apply(at, Input::Link { generation, device, status: Box::new(status) });
    }

    /// How the level of the first tank was read, for whoever asks; the first time the device was busy.
    fn exchange(&self, at: i64, level: f32) {
        let log = self.about.monitor.device(DeviceId(0));
        let transaction = (self.polls as u16).to_be_bytes();
        let head = |rest: &[u8]| [&transaction[..], &[0, 0, 0], rest].concat();
        let sent = head(&[6, 1, 3, 0, 98, 0, 6]);
        let data = [&[0, 17, 0x0B, 0xB8], &level.to_be_bytes()[..], &[0x42, 0x91, 0x33, 0x33]].concat();
        let answered = head(&[&[15, 1, 3, 12], &data[..]].concat());
        let (received, outcome) = match self.polls {
            1 => (head(&[3, 1, 0x83, 6]), Outcome::Exception(6)),
            _ => (answered, Outcome::Answered),
        };
        let request = Request { area: project::Area::Holding, start: 98, count: 6 };
        let took = Span(3_900 + 130 * (at % 7).abs());
        log.exchanges().exchanged(request, (Self::now(at), took), (&sent, &received), outcome);
    }

    /// What a broker said last, for its detail.
    fn hear(&self, at: i64, device: DeviceId) {
        let (now, log) = (Self::now(at), self.about.monitor.device(device));
        let mut topics = log.topics();
        topics.message(
            b"site/weather/state",
            br#"{"wind":{"speed":6.4},"rain":0.2,"outside":9.1}"#,
            false,
            now,
            None,
            1,
        );
        topics.message(b"site/weather/lwt", b"Online", true, Self::now(-WATCHED_SECS), None, 1);
        topics.message(b"site/energy/meter", b"{\"power\":", false, now, Some("not JSON: it ends too early".into()), 1);
        topics.refused("site/private/#");
    }

    /// A device stops answering.
    fn lose(&mut self, at: i64, name: &str, why: &str) {
        let found = self.plan.devices.iter().position(|d| d.name.as_ref() == name);
        if let Some(device) = found.map(|i| DeviceId(i as u32)) {
            self.lost.push(device);
            self.link(at, device, LinkState::NoAnswer(why.into()));
        }
    }

    fn acknowledge(&mut self, at: i64, alarm: &str) {
        let standing = self.engine.snapshot(Self::now(at)).alarms;
        let found = standing.iter().find(|v| self.plan.alarm(v.id).is_some_and(|a| a.name.as_ref() == alarm));
        if let Some(view) = found {
            let alarms = vec![AlarmRef { alarm: alarm.into(), occurrence: view.occurrence }];
            let by = self.about.actor.clone();
            self.apply(at, Input::Command(Command::Acknowledge { by, alarms, note: None }));
        }
    }

    fn sample(mut self) -> Sample {
        self.journal.sort_by_key(|(ticket, _)| *ticket);
        let zone = self.plan.project.time_zone.as_deref().and_then(|name| jiff::tz::TimeZone::get(name).ok());
        Sample {
            snapshot: self.engine.snapshot(Self::now(0)),
            journal: self.journal.into_iter().map(|(_, entry)| entry).collect(),
            about: self.about,
            zone: zone.unwrap_or(jiff::tz::TimeZone::UTC),
        }
    }
}

/// Round trips that a figure of them can be drawn from: a slow hour of the line, and nothing while the device was away.
fn round_trips(at: i64, device: DeviceId, connected: bool) -> RoundTrips {
    let point = |step: i64| {
        let back = RoundTrips::POINTS as i64 - step;
        let silent = !connected && back <= 8;
        let slow = if (20..28).contains(&step) { 6_000 * (step % 5 + 1) } else { 0 };
        let p50 = 3_900 + 700 * i64::from(device.0) + 90 * (step % 7);
        let span = |micros: i64| (!silent).then_some(Span(micros));
        RoundTripPoint {
            from: Play::now(at).utc + Span(-RoundTrips::STEP.0 * back),
            answers: if silent { 0 } else { 60 },
            errors: u32::from(silent || step == 24),
            p50: span(p50),
            p99: span(p50 * 2 + slow + 400 * (step % 3)),
        }
    };
    let history: Vec<_> = (0..RoundTrips::POINTS as i64).map(point).collect();
    let last = history.last().filter(|_| connected);
    RoundTrips {
        count: last.map_or(0, |_| 594),
        p50: last.and_then(|p| p.p50),
        p99: last.and_then(|p| p.p99),
        longest: last.map(|_| Span(41_000)),
        history: history.into(),
    }
}
