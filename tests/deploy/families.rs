//! Tags whose topic has `+`, in a whole plant: they are made while everything else goes on, and are there after a start.

use crate::support::{self, Modbus, ended, until};
use mqtt5::broker::config::{StorageBackend, StorageConfig};
use mqtt5::broker::{BrokerConfig, MqttBroker};
use rumqttc::{AsyncClient, MqttOptions, PublishOptions, QoS};
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;
use watchkeeper::engine::{Actor, AlarmRef, AlarmState, AlarmView, Command, LinkState, Mode};
use watchkeeper::link::PlantLink;
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::{Station, StationConfig, WhenHeld, field_runtime, load};

/// A broker on a free port, and somebody who publishes.
pub struct Site {
    runtime: Runtime,
    port: u16,
    client: AsyncClient,
}

impl Site {
    pub fn start() -> Self {
        let runtime = field_runtime().unwrap();
        let storage =
            StorageConfig { backend: StorageBackend::Memory, enable_persistence: false, ..StorageConfig::default() };
        let config = BrokerConfig {
            bind_addresses: vec!["127.0.0.1:0".parse().unwrap()],
            storage_config: storage,
            sys_topics_enabled: false,
            ..BrokerConfig::default()
        };
        let mut broker = runtime.block_on(MqttBroker::with_config(config)).unwrap();
        let port = broker.local_addr().unwrap().port();
        runtime.spawn(async move { broker.run().await });
        let mut options = MqttOptions::new("publisher", rumqttc::Broker::tcp("127.0.0.1", port));
        options.set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut events) = AsyncClient::builder(options).capacity(4096).build();
        runtime.spawn(async move { while events.poll().await.is_ok() {} });
        Self { runtime, port, client }
    }

    pub fn send(&self, topic: &str, payload: &str, retain: bool) {
        let options = PublishOptions::new(QoS::AtLeastOnce).retain(retain);
        self.runtime.block_on(self.client.publish(topic, payload.to_owned(), options)).unwrap();
    }

    /// Publishes until it is seen: a subscription may be under way.
    pub fn send_until<T>(&self, topic: &str, payload: &str, mut seen: impl FnMut() -> Option<T>) -> T {
        until(topic, || {
            self.send(topic, payload, false);
            std::thread::sleep(std::time::Duration::from_millis(80));
            seen()
        })
    }
}

fn config(plant: &Path) -> StationConfig {
    StationConfig {
        loaded: load(plant).unwrap(),
        mode: Mode::Live,
        data_folder: None,
        record: true,
        when_held: WhenHeld::Show,
        tail_points: 0,
        client_id_suffix: None,
        actor: anna(),
        clock: system_clock(),
    }
}

fn anna() -> Actor {
    Actor { user: "anna".into(), computer: "desk-1".into(), desk: None }
}

pub fn tag(name: &str, topic: &str, more: &str) -> String {
    format!("\n[[tag]]\nname = \"{name}\"\ndevice = \"site\"\ntopic = \"{topic}\"\n{more}\n")
}

/// The plant of [`support::project`] with a broker beside, and these tags.
pub fn plant(folder: &Path, modbus: &Modbus, site: &Site, tags: &str) -> PathBuf {
    let path = support::project(folder, modbus.address);
    let text = std::fs::read_to_string(&path).unwrap();
    let device = format!(
        "\n[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://127.0.0.1:{}\"\nclient-id = \"station\"\n",
        site.port
    );
    std::fs::write(&path, format!("{text}{device}{tags}")).unwrap();
    path
}

/// `7 good`; empty: there is no such tag.
pub fn shown(link: &PlantLink, tag: &str) -> String {
    let snapshot = link.snapshots.borrow().clone();
    let Some(view) = snapshot.plan.tag_id(tag).and_then(|id| snapshot.tag(id)) else { return String::new() };
    match &view.value {
        Some(value) if !view.quality.is_bad() => format!("{value} {}", view.quality),
        _ => view.quality.to_string(),
    }
}

pub fn shows(link: &PlantLink, tag: &str, wanted: &str) {
    until(&format!("{tag}: {wanted}"), || (shown(link, tag) == wanted).then_some(()));
}

fn alarm(link: &PlantLink, name: &str) -> Option<AlarmView> {
    let snapshot = link.snapshots.borrow().clone();
    let id = snapshot.plan.alarm_id(name)?;
    snapshot.alarms.iter().find(|a| a.id == id).cloned()
}

fn links(link: &PlantLink) -> Vec<(LinkState, u64)> {
    let devices = link.snapshots.borrow().devices.clone();
    devices.iter().map(|device| (device.status.state.clone(), device.status.reconnects)).collect()
}

/// Qualities that were recorded of a tag.
fn qualities(plant: &Path, tag: &str) -> Vec<String> {
    let (code, out, err) = ended(&["export", plant.to_str().unwrap(), "--tag", tag, "--format", "csv"]);
    assert_eq!(code, 0, "{err}");
    let mut all: Vec<String> =
        out.lines().skip(1).map(|line| line.rsplit(',').next().unwrap_or_default().to_owned()).collect();
    all.dedup();
    all
}

const ALARM: &str = "path = \"$.wind\"\nunit = \"m/s\"\nstale-after = \"1h\"\n\
    alarm = [{ kind = \"high\", limit = 20, priority = \"high\", message = \"Storm at {1}\" }]";

#[test]
fn topics_make_tags_while_everything_else_goes_on_and_they_are_there_after_a_start() {
    let (modbus, site) = (Modbus::start(10), Site::start());
    modbus.set(0, &[100]);
    let folder = tempfile::tempdir().unwrap();
    let tags = [
        tag("fixed", "site/fixed", "stale-after = \"1h\""),
        tag("{1}.wind", "site/+/state", ALARM),
        tag("{1}.rain", "site/+/state", "path = \"$.rain\"\nmissing = \"keep\""),
        "\n[[tag]]\nname = \"sum\"\nformula = \"north.wind + 1\"\n".to_owned(),
        "\n[[tag]]\nname = \"scaled\"\ndevice = \"plc1\"\nregister = \"holding:5\"\ntype = \"i16\"\nscale-register = \"holding:6\"\n"
            .to_owned(),
    ]
    .concat();
    let plant = plant(folder.path(), &modbus, &site, &tags);
    let (code, out, err) = ended(&["check", plant.to_str().unwrap()]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(
        out.contains("warning: waits for \"north.wind\": no message of its topic, site/+/state, has come yet"),
        "{out}"
    );
    assert!(err.contains("2 tags stand for many, which are known when their messages come"), "{err}");

    for place in ["north", "south"] {
        site.send(&format!("site/{place}/state"), "{\"wind\": 7, \"rain\": 0}", true);
    }
    let station = Station::start(config(&plant), site.runtime.handle()).unwrap();
    let link = station.link();
    assert_eq!(shown(&link, "sum"), "bad:configuration");
    for name in ["north.wind", "south.wind"] {
        shows(&link, name, "7 uncertain:retained");
    }
    shows(&link, "north.rain", "0 uncertain:retained");
    shows(&link, "sum", "8 uncertain:retained");
    site.send_until("site/fixed", "5", || (shown(&link, "fixed") == "5 good").then_some(()));
    site.send_until("site/north/state", "{\"wind\": 25}", || (shown(&link, "north.wind") == "25 good").then_some(()));
    let raised = until("the alarm", || alarm(&link, "north.wind/high"));
    let message = link.snapshots.borrow().plan.alarm(raised.id).unwrap().message.clone();
    assert_eq!(&*message, "Storm at north");
    let seen = AlarmRef { alarm: "north.wind/high".into(), occurrence: raised.occurrence };
    link.commands.try_send(Command::Acknowledge { by: anna(), alarms: vec![seen], note: None }).unwrap();
    let acknowledged = |a: &AlarmView| a.state == AlarmState::Acknowledged && !a.recording;
    let before = until("acknowledged", || alarm(&link, "north.wind/high").filter(acknowledged));
    let stood = links(&link);
    shows(&link, "scaled", "0 good");
    let since = || link.snapshots.borrow().devices[0].status.since;
    let polled_since = since();
    let generation = link.snapshots.borrow().plan.generation;

    // Another while it runs: from its first message, which comes once.
    site.send("site/west-1/state", "{\"wind\": 3}", false);
    shows(&link, "west_1.wind", "3 good");
    assert_eq!(shown(&link, "west_1.rain"), "bad:waiting");
    assert_eq!(links(&link), stood, "no link was made anew");
    assert_eq!(since(), polled_since, "that with a scale register neither");
    assert_eq!(shown(&link, "scaled"), "0 good");
    assert_eq!((shown(&link, "fixed"), shown(&link, "north.wind")), ("5 good".to_owned(), "25 good".to_owned()));
    let after = alarm(&link, "north.wind/high").unwrap();
    assert_eq!(
        (after.state, after.occurrence, after.raised, after.acknowledged),
        (before.state, before.occurrence, before.raised, before.acknowledged)
    );
    assert_eq!(link.snapshots.borrow().plan.generation.0, generation.0 + 1);
    site.send("site/west-1/state", "{\"wind\": 4, \"rain\": 2}", false);
    shows(&link, "west_1.wind", "4 good");
    shows(&link, "west_1.rain", "2 good");
    modbus.set(0, &[102]);
    shows(&link, "tank1.level", "51 good");

    // A name that another has is told at the device, and makes nothing.
    site.send("site/west_1/state", "{\"wind\": 99}", false);
    let told = until("what makes no tag", || {
        let device = link.snapshots.borrow().devices[1].status.clone();
        device.last_error.clone().filter(|error| error.contains("make no tag"))
    });
    let name_taken = "the tag \"west_1.rain\" is of the topic site/west-1/state; it matches site/+/state";
    assert_eq!(&*told, format!("2 topics of it make no tag, the last site/west_1/state: {name_taken}"));
    assert_eq!(shown(&link, "west_1.wind"), "4 good");
    assert_eq!(links(&link), stood);
    let dropped: u64 = link.snapshots.borrow().dropped_inputs;
    assert_eq!(dropped, 0);
    drop(link);
    assert_eq!(station.stop(), [""; 0]);

    for (tag, all) in [
        ("fixed", ["bad:waiting", "good"].as_slice()),
        ("west_1.rain", &["good"]),
        ("tank1.level", &["bad:waiting", "good"]),
        ("north.wind", &["uncertain:retained", "good"]),
        ("west_1.wind", &["good"]),
    ] {
        let told = qualities(&plant, tag);
        let told: Vec<&str> = told.iter().map(String::as_str).collect();
        // A run ends with a gap.
        assert!(told.starts_with(all) && told.len() <= all.len() + 1, "{tag}: {told:?}");
    }
    let (_, journal, _) = ended(&["journal", plant.to_str().unwrap(), "--format", "jsonl"]);
    assert!(journal.contains("tags found: ") && journal.contains("west_1.wind"), "{journal}");
    assert!(!journal.contains("\"event\":\"link-down\""), "{journal}");

    // What looks at the past knows them too.
    let tried = ["backtest", plant.to_str().unwrap(), "--alarm", "north.wind/high", "--limit", "22", "--from", "1h"];
    let (code, out, err) = ended(&tried);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("north.wind/high"), "{out}");

    // The next start: all of them are there, and wait, and what was acknowledged is.
    for place in ["north", "south"] {
        site.send(&format!("site/{place}/state"), "", true);
    }
    let station = Station::start(config(&plant), site.runtime.handle()).unwrap();
    let link = station.link();
    for name in ["north.wind", "south.rain", "west_1.wind"] {
        assert_eq!(shown(&link, name), "bad:waiting");
    }
    assert_eq!(alarm(&link, "north.wind/high").unwrap().state, AlarmState::Acknowledged);
    site.send_until("site/west-1/state", "{\"wind\": 5}", || (shown(&link, "west_1.wind") == "5 good").then_some(()));
    drop(link);
    assert_eq!(station.stop(), [""; 0]);

    // What is forgotten is there no more at the next start, and nobody takes that start for one after a power cut.
    let plant = plant.to_str().unwrap();
    let (code, out, _) = ended(&["members", plant, "--format", "jsonl"]);
    let south = "{\"device\":\"site\",\"tags\":[\"south.wind\",\"south.rain\"],\"topic\":\"site/south/state\"}\n";
    assert!(code == 0 && out.contains(south) && out.lines().count() == 3, "{out}");
    let (code, _, err) = ended(&["members", plant, "--forget", "south.wind", "--forget", "fixed"]);
    assert!(code == 2 && err.contains("\"fixed\" was not found by a topic"), "{err}");
    assert!(ended(&["members", plant]).1.contains("south.wind"), "all or none");
    let (code, _, err) = ended(&["members", plant, "--forget", "South.Rain"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("topic site/south/state of site forgotten; 2 tags gone: south.wind, south.rain"), "{err}");
    assert!(!ended(&["members", plant]).1.contains("south"));
    let station = Station::start(config(plant.as_ref()), site.runtime.handle()).unwrap();
    let link = station.link();
    assert_eq!((shown(&link, "south.wind"), shown(&link, "north.wind")), (String::new(), "bad:waiting".to_owned()));
    let (code, _, err) = ended(&["members", plant, "--forget", "north.wind"]);
    assert!(code == 3 && err.contains("on the faceplate of the tag"), "{err}");
    drop(link);
    assert_eq!(station.stop(), [""; 0]);
    let (_, journal, _) = ended(&["journal", plant, "--format", "jsonl"]);
    assert!(journal.contains("topic site/south/state of site forgotten"), "{journal}");
    assert!(!journal.contains("ended without a stop"), "{journal}");
    assert!(!qualities(plant.as_ref(), "south.wind").is_empty(), "what was recorded stays");
}

#[test]
fn a_topic_is_forgotten_while_the_plant_runs_and_found_again_by_its_next_message() {
    let (modbus, site) = (Modbus::start(10), Site::start());
    let folder = tempfile::tempdir().unwrap();
    let tags = [tag("{1}.wind", "site/+/state", ALARM), tag("fixed", "site/fixed", "stale-after = \"1h\"")].concat();
    let plant = plant(folder.path(), &modbus, &site, &tags);
    let station = Station::start(config(&plant), site.runtime.handle()).unwrap();
    let link = station.link();
    for (place, value) in [("north", "25"), ("south", "7")] {
        let name = format!("{place}.wind");
        let payload = format!("{{\"wind\": {value}}}");
        let topic = format!("site/{place}/state");
        site.send_until(&topic, &payload, || (shown(&link, &name) == format!("{value} good")).then_some(()));
    }
    until("the alarm", || alarm(&link, "north.wind/high"));
    let of_modbus = links(&link)[0].clone();
    assert_eq!(
        station.forget("south.WIND", anna()).unwrap(),
        "topic site/south/state of site forgotten; 1 tag gone: south.wind"
    );
    assert_eq!(
        station.forget("south.wind", anna()).unwrap_err(),
        "there is no topic \"south.wind\" that was found, and no tag of one"
    );
    assert!(station.forget("fixed", anna()).unwrap_err().contains("it is written"));
    until("it is gone", || shown(&link, "south.wind").is_empty().then_some(()));
    assert!(alarm(&link, "north.wind/high").is_some_and(|a| a.active), "the others' alarms stand");
    assert_eq!(links(&link)[0], of_modbus, "no other link was made anew");
    let file = folder.path().join("plant.data/members.txt");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("site/north/state") && !text.contains("site/south/state"), "{text}");
    site.send_until("site/south/state", "{\"wind\": 9}", || (shown(&link, "south.wind") == "9 good").then_some(()));
    assert!(std::fs::read_to_string(&file).unwrap().contains("site/south/state"));
    drop(link);
    assert_eq!(station.stop(), [""; 0]);
    let (_, journal, _) = ended(&["journal", plant.to_str().unwrap(), "--format", "jsonl"]);
    let line = journal.lines().find(|line| line.contains("topic site/south/state of site forgotten")).unwrap();
    assert!(line.contains("anna"), "{line}");
}

#[test]
fn a_thousand_topics_at_once_are_a_few_changes_and_none_is_lost() {
    let (modbus, site) = (Modbus::start(10), Site::start());
    let folder = tempfile::tempdir().unwrap();
    let plant = plant(folder.path(), &modbus, &site, &tag("n{1}.value", "burst/+", "qos = 1"));
    let station = Station::start(config(&plant), site.runtime.handle()).unwrap();
    let link = station.link();
    let first = until("the first", || {
        site.send("burst/first", "1", false);
        let snapshot = link.snapshots.borrow().clone();
        snapshot.plan.tag_id("nfirst.value").map(|_| snapshot.plan.generation.0)
    });
    for n in 0..1_000 {
        site.send(&format!("burst/{n}"), &n.to_string(), false);
    }
    let all = || (0..1_000).all(|n| shown(&link, &format!("n{n}.value")) == format!("{n} good"));
    until("a thousand values", || all().then_some(()));
    let snapshot = link.snapshots.borrow().clone();
    let changes = snapshot.plan.generation.0 - first;
    assert!((1..=8).contains(&changes), "{changes} changes of the plan");
    let status = &snapshot.devices[1].status;
    assert_eq!((status.dropped, status.bad_payloads, status.reconnects), (0, 0, 0), "{status:?}");
    assert_eq!((snapshot.dropped_inputs, snapshot.plan.tags.len()), (0, 2 + 1_001));
    drop(link);
    assert_eq!(station.stop(), [""; 0]);
    let text = std::fs::read_to_string(folder.path().join("plant.data/members.txt")).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("site\tburst/")).count(), 1_001);
}

#[test]
fn values_and_explain_wait_for_a_tag_that_is_to_be_found_yet() {
    let (modbus, site) = (Modbus::start(10), Site::start());
    let folder = tempfile::tempdir().unwrap();
    let plant = plant(folder.path(), &modbus, &site, &tag("{1}.wind", "site/+/state", "path = \"$.wind\""));
    let plant = plant.to_str().unwrap();
    site.send("site/north/state", "{\"wind\": 7}", true);
    let (code, out, err) = ended(&["values", plant, "north.wind", "--format", "csv", "--timeout", "20s"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.lines().nth(1).unwrap_or_default().starts_with("north.wind,"), "{out}");
    assert!(out.contains(",7,uncertain:retained"), "{out}");
    let (code, out, err) = ended(&["explain", plant, "north.wind", "--timeout", "20s"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("site/north/state") && out.contains("$.wind"), "{out}");
    let (code, _, err) = ended(&["values", plant, "west.wind", "--timeout", "1s"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("no message has come that makes the tag \"west.wind\""), "{err}");
    let (code, _, err) = ended(&["values", plant, "west.rain", "--timeout", "1s"]);
    assert_eq!(code, 2, "{err}");
    assert!(!folder.path().join("plant.data").exists(), "a look keeps nothing");
}
