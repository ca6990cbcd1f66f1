//! The demo plant: plausible, repeatable, eventful; its project without a fault; every register and topic really served.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_modbus::prelude::*;
use watchkeeper::drivers::demo::faults::Fault;
use watchkeeper::drivers::demo::messages::{Message, Publisher, WEATHER_AVAILABILITY};
use watchkeeper::drivers::demo::plant::Plant;
use watchkeeper::drivers::demo::registers::Units;
use watchkeeper::drivers::demo::{self, DemoOptions, Scene};
use watchkeeper::drivers::modbus::blocks::{Block, plan_reads};
use watchkeeper::drivers::modbus::value::samples;
use watchkeeper::drivers::mqtt::topics::{Reports, Topics};
use watchkeeper::drivers::{Field, INPUT_QUEUE, demo::modbus, demo::mqtt};
use watchkeeper::engine::plan::SourcePlan;
use watchkeeper::engine::{
    DeviceId, DeviceStatus, Effect, Engine, EngineOptions, Event, Generation, Input, Level, LinkState, Mode, Plan,
    Quality, Report, Sample, Snapshot,
};
use watchkeeper::project::{self, Endpoint, Priority, Project, Source};
use watchkeeper::time::{Clock, Mono, Now, Span, Utc};

fn demo_project() -> Project {
    let (project, issues) = project::file::read_named(demo::PROJECT.as_bytes(), PathBuf::from("projects/demo.toml"));
    assert!(issues.is_empty(), "{issues:#?}");
    project
}

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// A clock on which tokio's time passes; its day begins at ten in the morning.
fn clock() -> Clock {
    let start = tokio::time::Instant::now();
    Clock::new(move || {
        let micros = start.elapsed().as_micros() as i64;
        Now { mono: Mono(micros), utc: Utc(1_795_255_200_000_000 + micros) }
    })
}

// ── the simulation, in virtual time ─────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_mass_balance_closes_over_a_day_of_faults() {
    let mut plant = Plant::new(3);
    plant.step(86_400.0);
    let balance = plant.balance;
    assert!(plant.script.begun() > 300, "{} faults", plant.script.begun());
    assert!(balance.total_in > 6_000.0 && balance.total_spilt > 0.0, "{balance:?}");
    assert!(balance.error().abs() < 1e-9 * balance.total_in, "{:e} m³ of {balance:?}", balance.error());
}

#[test]
fn one_seed_gives_one_plant_in_whatever_pieces_time_comes() {
    let run = |seed: u64, piece: f64, pieces: u32| {
        let mut plant = Plant::new(seed);
        for _ in 0..pieces {
            plant.step(piece);
        }
        Units::of(&plant)
    };
    let whole = run(9, 3_600.0, 1);
    assert_eq!(whole, run(9, 0.1, 36_000));
    assert_eq!(whole, run(9, 1.0, 3_600));
    assert_ne!(whole, run(10, 3_600.0, 1));
}

#[test]
fn levels_follow_flows_and_the_trip_of_a_pump_is_felt() {
    let mut plant = Plant::without_faults(4);
    plant.step(60.0);
    let before = (plant.station_flow(), plant.well.level_m(), plant.pumps[0].speed);
    plant.script.begin(Fault::PumpClogged(1));
    plant.step(45.0);
    assert_eq!(plant.pumps[1].flow, 0.0, "{:?}", plant.pumps[1]);
    assert!(plant.station_flow() < before.0 - 20.0);
    plant.step(30.0);
    assert!(plant.well.level_m() > before.1 + 0.02, "less is pumped than comes");
    assert!(plant.pumps[0].speed > before.2 + 0.01, "the others speed up");
    plant.step(600.0);
    assert!(plant.pumps[1].flow > 50.0, "and it comes back");
}

#[test]
fn everything_recovers_by_itself() {
    for seed in 0..8 {
        let mut plant = Plant::new(seed);
        plant.step(1_500.0);
        plant.script = Plant::without_faults(0).script;
        plant.step(1_200.0);
        assert!(plant.tanks.iter().all(|t| (45.0..80.0).contains(&t.level())), "seed {seed}: {:?}", plant.tanks);
        assert!((1.7..2.3).contains(&plant.well.level_m()), "seed {seed}: {}", plant.well.level_m());
        assert!(plant.pumps.iter().all(|p| p.flow > 20.0 && p.vibration < 5.0), "seed {seed}: {:?}", plant.pumps);
        assert!(plant.spill_flow() < 1e-9);
    }
}

// ── the project and what is served ──────────────────────────────────────────────────────────────────────────────────

#[test]
fn every_register_of_the_project_is_served() {
    let (project, units) = (demo_project(), Units::of(&Plant::without_faults(1)));
    let mut checked = 0;
    for tag in &project.tags {
        let Source::Register(source) = &tag.source else { continue };
        let device = project.devices.iter().find(|d| d.name == source.device).unwrap();
        let Endpoint::ModbusTcp(settings) = &device.endpoint else { panic!("{} is no Modbus device", device.name) };
        let count = if source.area.is_bits() { 1 } else { tag.data_type.registers(source.length) };
        let answer = units.unit(settings.unit_id).unwrap().read(source.area, source.address, count);
        assert!(answer.is_ok(), "{}: {answer:?}", tag.name);
        checked += 1;
    }
    assert!(checked > 100, "{checked} registers");
}

#[test]
fn every_topic_of_the_project_is_published() {
    let project = demo_project();
    let plant = Plant::without_faults(1);
    let messages: BTreeMap<&str, Message> = Publisher::ALL
        .iter()
        .flat_map(|p| p.greetings().into_iter().chain(p.round(&plant, Utc(0))))
        .map(|m| (m.topic, m))
        .collect();
    let mut checked = 0;
    for tag in &project.tags {
        let Source::Topic(source) = &tag.source else { continue };
        let message = messages.get(source.topic.as_str()).unwrap_or_else(|| panic!("{}: {}", tag.name, source.topic));
        for path in source.path.iter().chain(&source.time) {
            let value: serde_json::Value = serde_json::from_str(&message.payload).unwrap();
            let path = serde_json_path::JsonPath::parse(path).unwrap();
            assert!(path.query(&value).exactly_one().is_ok(), "{}: {path} in {}", tag.name, message.payload);
        }
        if let Some(availability) = &source.availability {
            assert_eq!(messages[availability.topic.as_str()].payload, availability.online, "{}", tag.name);
        }
        checked += 1;
    }
    assert!(checked > 15, "{checked} topics");
}

#[test]
fn displays_fill_their_grid_without_overlap_or_hole() {
    let project = demo_project();
    assert_eq!(project.displays[0].name, "Overview");
    for display in &project.displays {
        let rows = display.panels.iter().map(|p| p.at[1] + p.at[3]).max().unwrap();
        let mut cells = vec![0; usize::from(rows) * usize::from(display.columns)];
        for panel in &display.panels {
            let [column, row, width, height] = panel.at;
            assert!(column + width <= display.columns && panel.kind.is_served(), "{}: {panel:?}", display.name);
            for y in row..row + height {
                for x in column..column + width {
                    cells[usize::from(y * display.columns + x)] += 1;
                }
            }
        }
        assert!(cells.iter().all(|n| *n == 1), "{}: {cells:?}", display.name);
        assert!((13..=16).contains(&rows), "{}: {rows} rows", display.name);
    }
}

// ── watched by the engine, in virtual time ──────────────────────────────────────────────────────────────────────────

fn demo_plan() -> Arc<Plan> {
    let (plan, issues) = Plan::compile(Arc::new(demo_project()), Generation(1), Mode::Demo);
    assert!(issues.is_empty(), "{issues:#?}");
    Arc::new(plan)
}

/// The demo project watching a plant of which it is told once a second, without sockets.
struct Watch {
    plant: Plant,
    plan: Arc<Plan>,
    engine: Engine,
    blocks: Vec<(DeviceId, u8, Block)>,
    topics: Topics,
    links: BTreeMap<DeviceId, bool>,
    weather_online: bool,
    now: Now,
    raised: Vec<(i64, String)>,
}

impl Watch {
    fn over(plant: Plant) -> Self {
        let plan = demo_plan();
        let now = Now { mono: Mono(0), utc: Utc(1_795_255_200_000_000) };
        let (mut blocks, mut topics) = (Vec::new(), Topics::default());
        for (device, id) in plan.devices.iter().zip((0..).map(DeviceId)) {
            if let Endpoint::ModbusTcp(settings) = &device.device.endpoint {
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
        let mut engine = Engine::new(EngineOptions::default(), BTreeMap::new());
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
    fn second(&mut self, plant_secs: f64) {
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
            drop(self.topics.message(m.topic.as_bytes(), m.payload.as_bytes(), m.retain, self.now, &mut reports));
        }
        for report in reports.take() {
            self.apply(Input::Report(report));
        }
    }

    fn apply(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.engine.apply(self.now, input, &mut effects);
        for Effect::Journal(_, entry) in effects {
            if entry.event == Event::Raised {
                self.raised.push((self.now.mono.0 / 1_000_000, entry.alarm.unwrap().to_string()));
            }
        }
    }

    fn snapshot(&mut self) -> Snapshot {
        self.engine.snapshot(self.now)
    }

    /// Tags whose quality is at this level, with the quality.
    fn tags_at(&mut self, level: Level) -> BTreeMap<String, String> {
        let snapshot = self.snapshot();
        let tags = snapshot.plan.tags.iter().zip((0..).map(watchkeeper::engine::TagId));
        let seen = tags.map(|(tag, id)| (tag.name.to_string(), snapshot.tag(id).unwrap().quality));
        seen.filter(|(_, q)| q.level() == level).map(|(name, q)| (name, q.to_string())).collect()
    }
}

#[test]
fn a_well_plant_raises_no_alarm_in_a_whole_day_and_every_tag_is_good() {
    let mut watch = Watch::over(Plant::without_faults(6));
    for _ in 0..20 {
        watch.second(1.0);
    }
    for _ in 0..1_440 {
        watch.second(60.0);
        assert_eq!(watch.raised, [], "at {} h", watch.plant.seconds / 3_600.0);
    }
    assert_eq!(watch.tags_at(Level::Bad), BTreeMap::new());
    assert_eq!(watch.tags_at(Level::Uncertain), BTreeMap::new());
    let outside: Vec<String> = {
        let snapshot = watch.snapshot();
        let tags = snapshot.plan.tags.iter().zip((0..).map(watchkeeper::engine::TagId));
        let view = |id| snapshot.tag(id).and_then(|v| v.value.as_ref()?.as_f64());
        tags.filter(|(t, id)| t.tag.normal.zip(view(*id)).is_some_and(|([low, high], v)| v < low || v > high))
            .map(|(t, id)| format!("{} {:?}", t.name, view(id)))
            .collect()
    };
    assert!(outside.is_empty(), "a well plant stands within its normal bands: {outside:?}");
}

#[test]
fn alarms_come_at_the_promised_rate_and_all_recovers() {
    for seed in 1..3 {
        let mut watch = Watch::over(Plant::new(seed));
        let (mut bad, mut uncertain) = (BTreeSet::new(), BTreeSet::new());
        for second in 0..600 {
            watch.second(1.0);
            if second == 20 {
                assert_eq!(watch.tags_at(Level::Good).len(), watch.plan.tags.len(), "{:?}", watch.tags_at(Level::Bad));
            }
            if second % 5 == 0 {
                bad.extend(watch.tags_at(Level::Bad).into_values());
                uncertain.extend(watch.tags_at(Level::Uncertain).into_values());
            }
        }
        let first: Vec<&str> = watch.raised.iter().filter(|(at, _)| *at < 180).map(|(_, name)| name.as_str()).collect();
        assert!(first.contains(&"pump2.state/tripped"), "seed {seed}: {:?}", watch.raised);
        let names: BTreeSet<&str> = watch.raised.iter().map(|(_, name)| name.as_str()).collect();
        for wanted in ["tank1.level/high", "tank1.level/high-high", "rain.rate/high", "plc2/no-answer"] {
            assert!(names.contains(wanted), "seed {seed}: no {wanted} in {:?}", watch.raised);
        }
        assert!(bad.len() >= 2 && !uncertain.is_empty(), "seed {seed}: {bad:?} {uncertain:?}");
        let flood = watch.snapshot().counts.flood;
        assert!(watch.raised.len() <= 10 && !flood, "seed {seed}: too many for one person: {:?}", watch.raised);

        // An hour on, the rate is one that a person can bear; then peace.
        watch.raised.clear();
        for _ in 0..3_600 {
            watch.second(1.0);
        }
        assert!((12..=42).contains(&watch.raised.len()), "seed {seed}: {} in an hour", watch.raised.len());
        watch.plant.script = Plant::without_faults(0).script;
        for _ in 0..1_500 {
            watch.second(1.0);
        }
        assert_eq!(watch.tags_at(Level::Good).len(), watch.plan.tags.len());
        let standing: Vec<_> = watch.snapshot().alarms.iter().filter(|a| a.active).map(|a| a.id).collect();
        assert!(standing.is_empty(), "seed {seed}: {standing:?}");
    }
}

#[test]
fn priorities_stand_in_the_proportion_of_the_standard() {
    let plan = demo_plan();
    let count = |p: Priority| plan.alarms.iter().filter(|a| a.written.is_some() && a.priority == p).count();
    let [critical, high, medium, low] = Priority::ALL.map(count);
    let all = (critical + high + medium + low) as f64;
    assert!(critical as f64 <= 0.05 * all && high as f64 <= 0.15 * all, "{critical} {high} {medium} {low}");
    assert!(medium < low, "{critical} {high} {medium} {low}");
    for alarm in plan.alarms.iter().filter(|a| a.written.is_some()) {
        assert!(alarm.response.is_some() && alarm.cause.is_some() && alarm.display.is_some(), "{}", alarm.name);
    }
}

// ── over real sockets ───────────────────────────────────────────────────────────────────────────────────────────────

/// Waits until `probe` answers with something; ten seconds at most.
async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut probe: impl FnMut() -> F) -> T {
    let search = async {
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), search).await.unwrap_or_else(|_| panic!("never: {what}"))
}

fn staged(faults: &[Fault]) -> Arc<Scene> {
    let mut plant = Plant::without_faults(1);
    for fault in faults {
        plant.script.begin(*fault);
    }
    Arc::new(Scene::of(plant))
}

#[tokio::test]
async fn a_controller_that_restarts_refuses_connections_and_opens_its_port_again() {
    let (stage, scenes) = watch::channel(staged(&[]));
    let listener = tokio::net::TcpListener::bind(ANY_PORT).await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(modbus::serve(modbus::Port::Plc2, listener, scenes));
    let mut client = tcp::connect_slave(address, Slave(2)).await.unwrap();
    assert!(client.read_holding_registers(100, 20).await.unwrap().is_ok());
    assert_eq!(client.write_single_register(100, 1).await.unwrap(), Err(ExceptionCode::IllegalFunction));

    stage.send_replace(staged(&[Fault::Plc2Refuses]));
    eventually("refused", || async {
        let error = tokio::net::TcpStream::connect(address).await.err()?;
        (error.kind() == std::io::ErrorKind::ConnectionRefused).then_some(())
    })
    .await;
    assert!(client.read_holding_registers(100, 20).await.is_err(), "those who were connected are hung up on");

    stage.send_replace(staged(&[]));
    let mut client = eventually("open again", || async { tcp::connect_slave(address, Slave(2)).await.ok() }).await;
    assert!(client.read_holding_registers(100, 20).await.unwrap().is_ok());

    stage.send_replace(staged(&[Fault::Plc2Silent]));
    let silence = tokio::time::timeout(Duration::from_millis(300), client.read_holding_registers(100, 20)).await;
    assert!(silence.is_err(), "{silence:?}");
    drop(stage);
    tokio::time::timeout(Duration::from_secs(5), served).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn the_broker_tells_of_a_weather_station_that_is_gone_and_writes_no_file() {
    let (stage, scenes) = watch::channel(staged(&[]));
    let (broker, address) = mqtt::open(ANY_PORT).await.unwrap();
    let broker = tokio::spawn(mqtt::run_broker(broker));
    let publisher = tokio::spawn(mqtt::publish(Publisher::Weather, address, scenes, clock()));

    let options = rumqttc::MqttOptions::new("a-test", (address.ip().to_string(), address.port()));
    let (client, mut events) = rumqttc::AsyncClient::builder(options).capacity(16).build();
    client.subscribe("site/weather/#", rumqttc::QoS::AtLeastOnce).await.unwrap();
    let mut until = async |topic: &str, payload: &str| {
        let search = async {
            loop {
                if let rumqttc::Event::Incoming(rumqttc::Packet::Publish(p)) = events.poll().await.unwrap()
                    && p.topic == topic.as_bytes()
                    && p.payload.starts_with(payload.as_bytes())
                {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), search)
            .await
            .unwrap_or_else(|_| panic!("never {topic} {payload}"));
    };
    until(WEATHER_AVAILABILITY, "Online").await;
    until("site/weather/state", "{").await;
    stage.send_replace(staged(&[Fault::WeatherOffline]));
    until(WEATHER_AVAILABILITY, "Offline").await;
    stage.send_replace(staged(&[]));
    until(WEATHER_AVAILABILITY, "Online").await;
    stage.send_replace(staged(&[Fault::WeatherGarbled]));
    until("site/weather/state", "<html>").await;
    assert!(!std::path::Path::new("mqtt_storage").exists());
    publisher.abort();
    broker.abort();
}

#[tokio::test]
async fn taken_ports_are_replaced_by_free_ones_and_the_project_names_them() {
    let options = DemoOptions { modbus: ANY_PORT, mqtt: ANY_PORT, ..DemoOptions::default() };
    let first = demo::serve(options, clock()).await.unwrap();
    let again = DemoOptions { modbus: first.modbus_addr, mqtt: first.mqtt_addr, ..options };
    let second = demo::serve(again, clock()).await.unwrap();
    assert_ne!(first.modbus_addr, second.modbus_addr);
    assert_ne!(first.mqtt_addr, second.mqtt_addr);
    let (project, issues) = project::file::read(&demo::project(&second));
    assert!(issues.is_empty(), "{issues:?}");
    let ports: Vec<u16> = project
        .devices
        .iter()
        .map(|d| match &d.endpoint {
            Endpoint::ModbusTcp(m) => m.port,
            Endpoint::Mqtt(m) => m.port,
            other => panic!("{other:?}"),
        })
        .collect();
    let (plc1, plc2, broker) = (second.modbus_addr.port(), second.plc2_addr.port(), second.mqtt_addr.port());
    assert_eq!(ports, [plc1, plc2, plc1, plc1, broker]);
    drop(second);
    let gone = || async { tokio::net::TcpStream::connect(("127.0.0.1", plc1)).await.is_err().then_some(()) };
    eventually("closed when dropped", gone).await;
}

#[tokio::test]
async fn the_drivers_find_every_tag_good_within_seconds() {
    let options = DemoOptions { modbus: ANY_PORT, mqtt: ANY_PORT, ..DemoOptions::default() };
    let clock = clock();
    let demo = demo::serve(options, clock.clone()).await.unwrap();
    let (project, _) = project::file::read(&demo::project(&demo));
    let (plan, _) = Plan::compile(Arc::new(project), Generation(1), Mode::Demo);
    let plan = Arc::new(plan);
    let (inputs, mut received) = tokio::sync::mpsc::channel(INPUT_QUEUE);
    let field = Field { inputs, clock: clock.clone(), generation: Generation(1) };
    let mut drivers = tokio::task::JoinSet::new();
    for connection in watchkeeper::drivers::modbus::connection::connections(&plan) {
        drivers.spawn(watchkeeper::drivers::modbus::connection::run(connection, field.clone()));
    }
    for connection in watchkeeper::drivers::mqtt::connection::connections(&plan) {
        drivers.spawn(watchkeeper::drivers::mqtt::connection::run(connection, field.clone()));
    }
    let mut engine = Engine::new(EngineOptions::default(), BTreeMap::new());
    engine.apply(clock.now(), Input::Deploy(Arc::clone(&plan)), &mut Vec::new());
    let mut waiting: Vec<String> = Vec::new();
    let search = async {
        while let Some(input) = received.recv().await {
            engine.apply(clock.now(), input, &mut Vec::new());
            let snapshot = engine.snapshot(clock.now());
            let tags = plan.tags.iter().zip((0..).map(watchkeeper::engine::TagId));
            waiting = tags
                .filter(|(_, id)| snapshot.tag(*id).is_some_and(|v| !v.quality.is_good()))
                .map(|(tag, id)| format!("{} {:?}", tag.name, snapshot.tag(id).map(|v| (v.quality, v.detail.clone()))))
                .collect();
            if waiting.is_empty() {
                return;
            }
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(10), search).await;
    assert!(found.is_ok(), "still waiting for {waiting:#?}");
}
