//! The demo project watching a demo plant, in virtual time and without sockets: what its units and publishers would say
//! goes through the drivers' own decoding into the engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use watchkeeper::drivers::demo;
use watchkeeper::drivers::demo::faults::Fault;
use watchkeeper::drivers::demo::messages::{Message, Publisher};
use watchkeeper::drivers::demo::plant::Plant;
use watchkeeper::drivers::demo::registers::Units;
use watchkeeper::drivers::modbus::blocks::{Block, plan_reads};
use watchkeeper::drivers::modbus::value::samples;
use watchkeeper::drivers::monitor::DeviceLog;
use watchkeeper::drivers::mqtt::topics::{Reports, Topics};
use watchkeeper::engine::plan::SourcePlan;
use watchkeeper::engine::{
    DeviceId, DeviceStatus, Effect, Engine, EngineOptions, Event, Generation, Input, Level, LinkState, Mode, Plan,
    Quality, Report, Sample, Snapshot, TagId,
};
use watchkeeper::project::{self, Endpoint, Project};
use watchkeeper::time::{Mono, Now, Span, Utc};

/// The demo project, which has no fault.
pub fn demo_project() -> Project {
    let (project, issues) = project::file::read_named(demo::PROJECT.as_bytes(), PathBuf::from("projects/demo.toml"));
    assert!(issues.is_empty(), "{issues:#?}");
    project
}

/// The same, compiled.
pub fn demo_plan() -> Arc<Plan> {
    let (plan, issues) = Plan::compile(Arc::new(demo_project()), Generation(1), Mode::Demo);
    assert!(issues.is_empty(), "{issues:#?}");
    Arc::new(plan)
}

/// The demo project watching a plant of which it is told once a second, without sockets.
pub struct Watch {
    pub plant: Plant,
    pub plan: Arc<Plan>,
    engine: Engine,
    blocks: Vec<(DeviceId, u8, Block)>,
    topics: Topics,
    links: BTreeMap<DeviceId, bool>,
    weather_online: bool,
    now: Now,
    /// Second and name of every alarm raised.
    pub raised: Vec<(i64, String)>,
}

impl Watch {
    /// Watches a plant from now on.
    pub fn over(plant: Plant) -> Self {
        let plan = demo_plan();
        let now = Now { mono: Mono(0), utc: Utc(1_795_255_200_000_000) };
        let (mut blocks, mut topics) = (Vec::new(), Topics::default());
        for (device, id) in plan.devices.iter().zip((0..).map(DeviceId)) {
            if let Endpoint::Modbus(settings) = &device.device.endpoint {
                let reads = plan_reads(&plan, id, settings);
                assert!(reads.unreadable.is_empty());
                blocks.extend(reads.groups.into_iter().flat_map(|g| g.blocks).map(|b| (id, settings.unit_id, b)));
            }
            for &tag in &device.tags {
                let tag_plan = plan.tag(tag).unwrap();
                if let SourcePlan::Topic { source, .. } = &tag_plan.source {
                    topics.add(tag, tag_plan.tag.data_type, source);
                }
            }
        }
        let mut engine =
            Engine::new(EngineOptions { tail_points: 1_000_000, record: false, restarted: false }, BTreeMap::new());
        engine.apply(now, Input::Deploy(Arc::clone(&plan)), &mut Vec::new());
        let (links, raised) = (BTreeMap::new(), Vec::new());
        let mut watch = Self { plant, plan, engine, blocks, topics, links, weather_online: false, now, raised };
        watch.tell(Publisher::ALL.iter().flat_map(|p| p.greetings()).collect());
        watch
    }

    fn device(&self, name: &str) -> DeviceId {
        DeviceId(self.plan.devices.iter().position(|d| &*d.name == name).unwrap() as u32)
    }

    /// One second, in which `plant_secs` go by in the plant.
    pub fn second(&mut self, plant_secs: f64) {
        self.now = self.now + Span::from_secs(1);
        self.plant.step(plant_secs);
        let script = &self.plant.script;
        let plc2_gone = script.has(Fault::Plc2Refuses) || script.has(Fault::Plc2Silent);
        let gone = [(self.device("plc2"), plc2_gone), (self.device("meterB"), script.has(Fault::MeterBGone))];
        for id in (0..self.plan.devices.len() as u32).map(DeviceId) {
            let answers = !gone.contains(&(id, true));
            if self.links.insert(id, answers) != Some(answers) {
                let why = LinkState::NoAnswer("gone".into());
                let state = if answers { LinkState::Connected } else { why };
                let status = Box::new(DeviceStatus { state, ..DeviceStatus::new(self.now) });
                self.apply(Input::Link { generation: Generation(1), device: id, status });
            }
        }
        let units = Units::of(&self.plant);
        for (id, unit, block) in self.blocks.clone() {
            if !self.links[&id] {
                continue;
            }
            let samples = match units.unit(unit).unwrap().read(block.area, block.start, block.count) {
                Ok(words) if block.area.is_bits() => {
                    let mut bytes = vec![0_u8; words.len().div_ceil(8)];
                    words.iter().enumerate().for_each(|(n, w)| bytes[n / 8] |= (*w as u8) << (n % 8));
                    samples(&block, &bytes)
                }
                Ok(words) => samples(&block, &words.iter().flat_map(|w| w.to_be_bytes()).collect::<Vec<u8>>()),
                Err(_) => block.spots.iter().map(|s| Sample::bad(s.tag, Quality::DEVICE_FAULT, None)).collect(),
            };
            self.apply(Input::Report(Report { generation: Generation(1), received: self.now, samples }));
        }
        let online = !Publisher::Weather.is_offline(&self.plant);
        let mut messages = Vec::new();
        if online != self.weather_online {
            self.weather_online = online;
            let (topic, gone) = Publisher::Weather.last_will().unwrap();
            let payload = if online { "Online" } else { gone }.to_owned();
            messages.push(Message { topic, payload, retain: false });
        }
        for publisher in Publisher::ALL.into_iter().filter(|p| !p.is_offline(&self.plant)) {
            messages.extend(publisher.round(&self.plant, self.now.utc));
        }
        self.tell(messages);
        self.apply(Input::Tick);
    }

    fn tell(&mut self, messages: Vec<Message>) {
        let mut reports = Reports::new(Generation(1));
        for m in messages {
            // What is not understood is in the reports.
            drop(self.topics.message(
                m.topic.as_bytes(),
                m.payload.as_bytes(),
                m.retain,
                self.now,
                &mut reports,
                &DeviceLog::default(),
            ));
        }
        for report in reports.take() {
            self.apply(Input::Report(report));
        }
    }

    fn apply(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.engine.apply(self.now, input, &mut effects);
        for effect in effects {
            if let Effect::Journal(_, entry) = effect
                && entry.event == Event::Raised
            {
                self.raised.push((self.now.mono.0 / 1_000_000, entry.alarm.unwrap().to_string()));
            }
        }
    }

    /// What a screen would show.
    pub fn snapshot(&mut self) -> Snapshot {
        self.engine.snapshot(self.now)
    }

    /// Tags whose quality is at this level, with the quality.
    pub fn tags_at(&mut self, level: Level) -> BTreeMap<String, String> {
        let snapshot = self.snapshot();
        let tags = snapshot.plan.tags.iter().zip((0..).map(TagId));
        let seen = tags.map(|(tag, id)| (tag.name.to_string(), snapshot.tag(id).unwrap().quality));
        seen.filter(|(_, q)| q.level() == level).map(|(name, q)| (name, q.to_string())).collect()
    }
}
