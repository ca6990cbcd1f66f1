//! A plant from its text to its snapshot: project, plan, MQTT connections and engine, as `runtime` puts them together.
#![allow(dead_code, reason = "shared by tests that use different parts of it")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use watchkeeper::drivers::monitor::{Monitor, TopicView};
use watchkeeper::drivers::{Field, INPUT_QUEUE, mqtt};
use watchkeeper::engine::core::EngineOptions;
use watchkeeper::engine::{AlarmState, DeviceId, DeviceStatus, Engine, Generation, Input, Mode, Plan};
use watchkeeper::project::{Severity, file};
use watchkeeper::time::{Clock, Utc};

use super::clock::clock;

/// Longest wait for what has to come.
const PATIENCE: Duration = Duration::from_secs(15);

/// A running plant. Dropped, its drivers are aborted.
pub struct Plant {
    plan: Arc<Plan>,
    engine: Engine,
    clock: Clock,
    inputs: mpsc::Receiver<Input>,
    monitor: Monitor,
    tasks: Vec<JoinHandle<()>>,
}

impl Plant {
    /// Opens a project that has no errors.
    pub fn open(text: &str) -> Self {
        Self::open_with(text, |_| {})
    }

    /// The same, with something done to each connection before it runs.
    pub fn open_with(text: &str, prepare: impl Fn(&mut mqtt::Connection)) -> Self {
        let (project, issues) = file::read(format!("watchkeeper = 1\n{text}").as_bytes());
        let (plan, more) = Plan::compile(Arc::new(project), Generation(1), Mode::default());
        for issue in issues.iter().chain(&more) {
            assert_ne!(issue.severity, Severity::Error, "{issue}");
        }
        let (plan, clock) = (Arc::new(plan), clock());
        let (sender, inputs) = mpsc::channel(INPUT_QUEUE);
        let mut engine = Engine::new(EngineOptions::default(), BTreeMap::new());
        engine.apply(clock.now(), Input::Deploy(Arc::clone(&plan)), &mut Vec::new());
        let monitor = Monitor::default();
        let field =
            Field { inputs: sender, clock: clock.clone(), generation: plan.generation, monitor: monitor.clone() };
        let run = |mut connection| {
            prepare(&mut connection);
            tokio::spawn(mqtt::run(connection, field.clone()))
        };
        let tasks = mqtt::connections(&plan).into_iter().map(run).collect();
        Self { plan, engine, clock, inputs, monitor, tasks }
    }

    /// A tag as a screen shows it: `21.5 good`, `21.5 uncertain:stale`, `bad:payload: no value at $.v`.
    pub fn tag(&mut self, name: &str) -> String {
        let snapshot = self.engine.snapshot(self.clock.now());
        let view = snapshot.tag(self.plan.tag_id(name).unwrap()).unwrap();
        match (&view.value, &view.detail) {
            (Some(value), _) if !view.quality.is_bad() => format!("{value} {}", view.quality),
            (_, Some(detail)) => format!("{}: {detail}", view.quality),
            (_, None) => view.quality.to_string(),
        }
    }

    /// The time that a tag's value bears.
    pub fn time(&mut self, name: &str) -> Option<Utc> {
        let snapshot = self.engine.snapshot(self.clock.now());
        snapshot.tag(self.plan.tag_id(name).unwrap()).unwrap().time
    }

    /// The first device's link.
    pub fn link(&mut self) -> DeviceStatus {
        DeviceStatus::clone(&self.engine.snapshot(self.clock.now()).devices[0].status)
    }

    /// The first device's topics, as far as they have come.
    pub fn topics(&self) -> Vec<TopicView> {
        self.monitor.device(DeviceId(0)).topics().list()
    }

    /// The state of an alarm.
    pub fn alarm(&mut self, name: &str) -> AlarmState {
        let id = self.plan.alarm_id(name).unwrap();
        let snapshot = self.engine.snapshot(self.clock.now());
        snapshot.alarms.iter().find(|view| view.id == id).map_or(AlarmState::Normal, |view| view.state)
    }

    /// Runs until a tag shows this.
    pub async fn shows(&mut self, name: &str, wanted: &str) {
        self.until(&format!("{name} = {wanted}"), |plant| plant.tag(name) == wanted).await;
    }

    /// Runs until something holds.
    pub async fn until(&mut self, what: &str, holds: impl Fn(&mut Self) -> bool) {
        let end = tokio::time::Instant::now() + PATIENCE;
        while !holds(self) {
            let shown = self.plan.tags.iter().map(|t| t.name.clone()).collect::<Vec<_>>();
            if tokio::time::Instant::now() > end {
                let shown: Vec<_> = shown.iter().map(|name| format!("{name} = {}", self.tag(name))).collect();
                panic!("not within {PATIENCE:?}: {what}; {shown:?}; {:?}", self.link());
            }
            self.step().await;
        }
    }

    /// Runs for a while.
    pub async fn run_for(&mut self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        while tokio::time::Instant::now() < end {
            self.step().await;
        }
    }

    /// One input, or one deadline, or a tenth of a second.
    async fn step(&mut self) {
        let input = tokio::time::timeout(Duration::from_millis(100), self.inputs.recv()).await;
        let input = input.map_or(Input::Tick, |input| input.expect("the drivers run"));
        self.engine.apply(self.clock.now(), input, &mut Vec::new());
    }
}

impl Drop for Plant {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
