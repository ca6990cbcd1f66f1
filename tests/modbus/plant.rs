//! What a Modbus driver reports, kept as it comes, with one promise checked on every sample, and what an engine makes of it.
#![allow(dead_code, reason = "shared by tests that use different parts of it")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use watchkeeper::drivers::monitor::Monitor;
use watchkeeper::drivers::{Field, INPUT_QUEUE, modbus};
use watchkeeper::engine::plan::TagPlan;
use watchkeeper::engine::{
    AlarmState, DeviceStatus, Engine, EngineOptions, Generation, Input, LinkState, Mode, Plan, Quality, Sample, TagId,
    Value,
};
use watchkeeper::project::{Severity, file};
use watchkeeper::time::{Clock, Mono, Now, Utc};

/// A clock that began with the test.
pub fn clock() -> Clock {
    let start = Instant::now();
    Clock::new(move || {
        let micros = start.elapsed().as_micros() as i64;
        Now { mono: Mono(micros), utc: Utc(1_800_000_000_000_000 + micros) }
    })
}

/// The plan of a project without an error.
pub fn plan(project: &str) -> Plan {
    let (project, mut issues) = file::read(format!("watchkeeper = 1\nname = \"test\"\n{project}").as_bytes());
    let (plan, more) = Plan::compile(Arc::new(project), Generation(7), Mode::Live);
    issues.extend(more);
    let errors: Vec<_> = issues.iter().filter(|issue| issue.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    plan
}

/// What a sample may be; panics where it may not.
type Promise = Box<dyn Fn(&TagPlan, &Sample) + Send>;

/// Receives what the drivers of a plan tell.
pub struct Plant {
    pub plan: Arc<Plan>,
    /// The newest status of each device.
    pub status: Vec<DeviceStatus>,
    /// The newest sample of each tag.
    pub tags: BTreeMap<TagId, Sample>,
    /// Good samples so far, by tag.
    pub good: BTreeMap<TagId, u32>,
    /// Every link state told, by device, without repetitions.
    pub states: Vec<Vec<LinkState>>,
    /// What was said with each device.
    pub monitor: Monitor,
    engine: Engine,
    clock: Clock,
    inputs: mpsc::Receiver<Input>,
    drivers: JoinSet<()>,
    promise: Promise,
}

impl Plant {
    /// Starts the drivers of a project. Every sample has to keep `promise`.
    pub fn start(project: &str, promise: impl Fn(&TagPlan, &Sample) + Send + 'static) -> Self {
        let (plan, clock) = (Arc::new(plan(project)), clock());
        let (sender, inputs) = mpsc::channel(INPUT_QUEUE);
        let monitor = Monitor::default();
        let mut engine = Engine::new(EngineOptions::default(), BTreeMap::new());
        engine.apply(clock.now(), Input::Deploy(Arc::clone(&plan)), &mut Vec::new());
        let field =
            Field { inputs: sender, clock: clock.clone(), generation: plan.generation, monitor: monitor.clone() };
        let mut drivers = JoinSet::new();
        for connection in modbus::connections(&plan) {
            drivers.spawn(modbus::run(connection, field.clone()));
        }
        let status = plan.devices.iter().map(|_| DeviceStatus::new(Now::default())).collect();
        let states = plan.devices.iter().map(|_| Vec::new()).collect();
        let promise = Box::new(promise);
        let (tags, good) = (BTreeMap::new(), BTreeMap::new());
        Self { plan, status, tags, good, states, monitor, engine, clock, inputs, drivers, promise }
    }

    /// The time of the drivers' clock.
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    pub fn tag(&self, name: &str) -> TagId {
        self.plan.tag_id(name).unwrap()
    }

    /// The newest sample of a tag by name.
    pub fn sample(&self, name: &str) -> Option<&Sample> {
        self.tags.get(&self.tag(name))
    }

    pub fn quality(&self, name: &str) -> Option<Quality> {
        self.sample(name).map(|s| s.quality)
    }

    pub fn value(&self, name: &str) -> Option<&Value> {
        self.sample(name).and_then(|s| s.value.as_ref())
    }

    pub fn detail(&self, name: &str) -> &str {
        self.sample(name).and_then(|s| s.detail.as_deref()).unwrap_or_default()
    }

    /// Good samples of a tag so far.
    pub fn good(&self, name: &str) -> u32 {
        self.good.get(&self.tag(name)).copied().unwrap_or(0)
    }

    /// The reason why a device counts as gone; empty where it does not.
    pub fn gone(&self, device: usize) -> &str {
        match &self.status[device].state {
            LinkState::NoAnswer(why) => why,
            _ => "",
        }
    }

    pub fn connected(&self, device: usize) -> bool {
        self.status[device].state == LinkState::Connected
    }

    /// The state of an alarm.
    pub fn alarm(&mut self, name: &str) -> AlarmState {
        let (id, now) = (self.plan.alarm_id(name).unwrap(), self.clock.now());
        self.engine.apply(now, Input::Tick, &mut Vec::new());
        let snapshot = self.engine.snapshot(now);
        snapshot.alarms.iter().find(|view| view.id == id).map_or(AlarmState::Normal, |view| view.state)
    }

    /// A tag as a screen shows it: `21.5 good`, `bad:no-communication: timeout after 1 s`.
    pub fn shows(&mut self, name: &str) -> String {
        let snapshot = self.engine.snapshot(self.clock.now());
        let view = snapshot.tag(self.tag(name)).unwrap();
        match (&view.value, &view.detail) {
            (Some(value), _) if !view.quality.is_bad() => format!("{value} {}", view.quality),
            (_, Some(detail)) => format!("{}: {detail}", view.quality),
            (_, None) => view.quality.to_string(),
        }
    }

    fn take(&mut self, input: Input) {
        self.engine.apply(self.clock.now(), input.clone(), &mut Vec::new());
        match input {
            Input::Report(report) => {
                assert_eq!(report.generation, self.plan.generation);
                assert!(!report.samples.is_empty(), "an empty report");
                for sample in report.samples {
                    let tag = self.plan.tag(sample.tag).unwrap();
                    if sample.quality.is_good() {
                        *self.good.entry(sample.tag).or_default() += 1;
                        assert!(sample.value.is_some(), "good without a value: {}", tag.name);
                    } else {
                        assert!(sample.value.is_none() && sample.detail.is_some(), "{} is {sample:?}", tag.name);
                    }
                    (self.promise)(tag, &sample);
                    self.tags.insert(sample.tag, sample);
                }
            }
            Input::Link { generation, device, status } => {
                assert_eq!(generation, self.plan.generation);
                let states = &mut self.states[device.index()];
                if states.last() != Some(&status.state) {
                    states.push(status.state.clone());
                }
                self.status[device.index()] = *status;
            }
            other => panic!("a driver tells reports and links, not {other:?}"),
        }
    }

    /// Takes what comes until `done`, at most 5 s long.
    pub async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        self.until_within(Duration::from_secs(5), what, done).await;
    }

    /// Takes what comes until `done`; how long that took.
    pub async fn until_within(&mut self, most: Duration, what: &str, done: impl Fn(&Self) -> bool) -> Duration {
        let start = Instant::now();
        while !done(self) {
            let Ok(input) = timeout_at(start + most, self.inputs.recv()).await else {
                panic!("not within {most:?}: {what}; states {:#?}, newest {:#?}", self.states, self.tags)
            };
            self.take(input.unwrap_or_else(|| panic!("the driver ended while waiting for: {what}")));
        }
        start.elapsed()
    }

    /// Takes what comes until a tag shows something that begins so, at most `most` long; how long that took.
    pub async fn until_shows(&mut self, most: Duration, name: &str, wanted: &str) -> Duration {
        let start = Instant::now();
        while !self.shows(name).starts_with(wanted) {
            let Ok(input) = timeout_at(start + most, self.inputs.recv()).await else {
                panic!("not within {most:?}: {wanted}; {name} shows {}; {:#?}", self.shows(name), self.states)
            };
            self.take(input.unwrap_or_else(|| panic!("the driver ended while waiting for: {wanted}")));
        }
        start.elapsed()
    }

    /// Takes what comes for a while.
    pub async fn watch(&mut self, millis: u64) {
        let end = Instant::now() + Duration::from_millis(millis);
        while let Ok(input) = timeout_at(end, self.inputs.recv()).await {
            self.take(input.expect("the driver goes on"));
        }
    }

    /// Stops listening, and waits for the drivers to end.
    pub async fn stop(self) {
        let Self { inputs, mut drivers, .. } = self;
        drop(inputs);
        let end = Instant::now() + Duration::from_secs(5);
        while let Some(ended) = timeout_at(end, drivers.join_next()).await.expect("drivers end when the plant is gone")
        {
            ended.unwrap();
        }
    }
}
