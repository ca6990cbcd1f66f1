//! The demo plant: plausible, repeatable, eventful; its project without a fault; every register and topic really served.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod demo_watch;

use demo_watch::{Watch, demo_plan, demo_project};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_modbus::prelude::*;
use watchkeeper::drivers::demo::faults::Fault;
use watchkeeper::drivers::demo::messages::{Message, Publisher, WEATHER_AVAILABILITY};
use watchkeeper::drivers::demo::plant::Plant;
use watchkeeper::drivers::demo::registers::Units;
use watchkeeper::drivers::demo::{self, DemoOptions, Scene};
use watchkeeper::drivers::monitor::Monitor;
use watchkeeper::drivers::{Field, INPUT_QUEUE, demo::modbus, demo::mqtt};
use watchkeeper::engine::{Engine, EngineOptions, Generation, Input, Level, Mode, Plan, TagId};
use watchkeeper::project::{self, Endpoint, Priority, Source, Transport};
use watchkeeper::time::{Clock, Mono, Now, Utc};

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
    for seed in 0..4 {
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
        let Endpoint::Modbus(settings) = &device.endpoint else { panic!("{} is no Modbus device", device.name) };
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
            assert!(column + width <= display.columns, "{}: {panel:?}", display.name);
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
        let tags = snapshot.plan.tags.iter().zip((0..).map(TagId));
        let view = |id| snapshot.tag(id).and_then(|v| v.value.as_ref()?.as_f64());
        tags.filter(|(t, id)| t.tag.normal.zip(view(*id)).is_some_and(|([low, high], v)| v < low || v > high))
            .map(|(t, id)| format!("{} {:?}", t.name, view(id)))
            .collect()
    };
    assert!(outside.is_empty(), "a well plant stands within its normal bands: {outside:?}");
}

#[test]
fn alarms_come_at_the_promised_rate() {
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
    }
}

#[test]
fn an_hour_of_faults_is_what_a_person_can_bear_and_then_all_recovers() {
    let mut watch = Watch::over(Plant::new(1));
    for _ in 0..3_600 {
        watch.second(1.0);
    }
    assert!((12..=45).contains(&watch.raised.len()), "{} in an hour", watch.raised.len());
    watch.plant.script = Plant::without_faults(0).script;
    for _ in 0..1_200 {
        watch.second(1.0);
    }
    assert_eq!(watch.tags_at(Level::Good).len(), watch.plan.tags.len());
    let standing: Vec<_> = watch.snapshot().alarms.iter().filter(|a| a.active).map(|a| a.id).collect();
    assert!(standing.is_empty(), "{standing:?}");
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

/// Waits until `probe` answers with something; half a minute at most, for a busy machine.
async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut probe: impl FnMut() -> F) -> T {
    let search = async {
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), search).await.unwrap_or_else(|_| panic!("never: {what}"))
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
    let listener = tokio::net::TcpListener::bind(ANY_PORT).await.unwrap();
    let address = listener.local_addr().unwrap();
    let broker = tokio::spawn(mqtt::serve(listener));
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
        tokio::time::timeout(Duration::from_secs(30), search)
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
            Endpoint::Modbus(m) => match m.transport {
                Transport::Tcp { port, .. } => port,
                ref other => panic!("{other:?}"),
            },
            Endpoint::Mqtt(m) => m.port,
            other @ Endpoint::Fault(_) => panic!("{other:?}"),
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
    let field = Field { inputs, clock: clock.clone(), generation: Generation(1), monitor: Monitor::default() };
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
            let tags = plan.tags.iter().zip((0..).map(TagId));
            waiting = tags
                .filter(|(_, id)| snapshot.tag(*id).is_some_and(|v| !v.quality.is_good()))
                .map(|(tag, id)| format!("{} {:?}", tag.name, snapshot.tag(id).map(|v| (v.quality, v.detail.clone()))))
                .collect();
            if waiting.is_empty() {
                return;
            }
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), search).await;
    assert!(found.is_ok(), "still waiting for {waiting:#?}");
}
