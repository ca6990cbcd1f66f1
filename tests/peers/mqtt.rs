//! MQTT against mosquitto, from the project's text to the snapshot; messages are sent by mosquitto's own client.

#[path = "../mqtt/clock.rs"]
pub(super) mod clock;
#[path = "../mqtt/plant.rs"]
pub(super) mod plant;

use crate::support::free_address;
use plant::Plant;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use watchkeeper::engine::LinkState;
use watchkeeper::secrets::Secret;

/// Runs a program of mosquitto's packages.
pub(super) fn program(name: &str) -> Command {
    let sbin = Path::new("/usr/sbin").join(name);
    Command::new(if sbin.exists() { sbin.as_os_str().to_owned() } else { name.into() })
}

pub(super) fn missing(name: &str, error: &std::io::Error) -> ! {
    panic!("{name} cannot be started ({error}); run tests/all.sh, which installs it")
}

/// A mosquitto of this test alone.
pub(super) struct Broker {
    pub(super) port: u16,
    pub(super) folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Broker {
    /// Starts it on a free loopback port; `more` are lines of its configuration.
    pub(super) fn start(more: &str) -> Self {
        let port = free_address().port();
        let folder = tempfile::tempdir().unwrap();
        // Started by root, mosquitto would become another user, who cannot read this folder.
        let config = format!("listener {port} 127.0.0.1\npersistence false\nuser root\n{more}\n");
        Self::configured(port, folder, &config)
    }

    /// Starts it with this configuration.
    pub(super) fn configured(port: u16, folder: tempfile::TempDir, config: &str) -> Self {
        std::fs::write(folder.path().join("broker.conf"), config).unwrap();
        let mut broker = Self { port, folder, child: None };
        broker.up();
        broker
    }

    pub(super) fn up(&mut self) {
        let config = self.folder.path().join("broker.conf");
        let mut mosquitto = program("mosquitto");
        mosquitto.arg("-c").arg(config).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(mosquitto.spawn().unwrap_or_else(|e| missing("mosquitto", &e)));
        for _ in 0..400 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("mosquitto does not listen on port {}", self.port);
    }

    pub(super) fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// `STOP` or `CONT`: it hangs, its connections still open, or goes on.
    pub(super) fn signal(&self, name: &str) {
        super::modbus::signal(self.child.as_ref().unwrap().id(), name);
    }

    /// Publishes one message.
    pub(super) fn publish(&self, topic: &str, payload: &str, more: &[&str]) {
        let file = self.folder.path().join("payload");
        std::fs::write(&file, payload).unwrap();
        let mut client = program("mosquitto_pub");
        client
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-q", "1", "-t", topic, "-f"])
            .arg(file)
            .args(more);
        let status = client.status().unwrap_or_else(|e| missing("mosquitto_pub", &e));
        assert!(status.success(), "mosquitto_pub ended with {status}");
    }

    /// Ends it as a service manager does.
    pub(super) fn terminate(&mut self) {
        let mut child = self.child.take().unwrap();
        let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        child.wait().unwrap();
    }

    /// A project with this broker as the device `site`.
    pub(super) fn project(&self, device: &str, tags: &str) -> String {
        let address = format!("mqtt://127.0.0.1:{}", self.port);
        format!("[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"{address}\"\n{device}\n{tags}")
    }

    /// That project, running.
    pub(super) fn plant(&self, device: &str, tags: &str) -> Plant {
        Plant::open(&self.project(device, tags))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.down();
    }
}

/// A tag of the broker.
pub(super) fn tag(name: &str, topic: &str, more: &str) -> String {
    format!("[[tag]]\nname = \"{name}\"\ndevice = \"site\"\ntopic = \"{topic}\"\n{more}\n")
}

/// The subscriptions stand: a first live value of this tag is there.
pub(super) async fn live(broker: &Broker, plant: &mut Plant, name: &str, topic: &str) {
    for _ in 0..50 {
        broker.publish(topic, "1", &[]);
        plant.run_for(Duration::from_millis(100)).await;
        if plant.tag(name) == "1 good" {
            return;
        }
    }
    plant.shows(name, "1 good").await;
}

#[tokio::test]
async fn mosquitto_retained_and_live_messages_are_told_apart() {
    let broker = Broker::start("allow_anonymous true");
    broker.publish("tank/state", r#"{"level": 71.5, "ts": "2026-11-20T14:03:22.125Z"}"#, &["-r"]);
    let level = tag("tank.level", "tank/state", "path = \"$.level\"\ntime = \"$.ts\"");
    let mut plant = broker.plant("", &level);
    plant.shows("tank.level", "71.5 uncertain:retained").await;
    broker.publish("tank/state", r#"{"level": 72}"#, &["-r"]);
    plant.shows("tank.level", "72 good").await;
}

#[tokio::test]
async fn values_die_with_mosquitto_and_come_back_with_it() {
    let mut broker = Broker::start("allow_anonymous true");
    let mut plant = broker.plant("", &tag("a", "a", ""));
    live(&broker, &mut plant, "a", "a").await;
    broker.down();
    plant.until("a lost link", |p| matches!(p.link().state, LinkState::NoAnswer(_))).await;
    assert!(plant.tag("a").starts_with("bad:no-communication"), "{}", plant.tag("a"));
    let refused = LinkState::NoAnswer("connection refused".into());
    plant.until("a refused connection", |p| p.link().state == refused).await;
    broker.up();
    plant.shows("a", "bad:waiting").await;
    live(&broker, &mut plant, "a", "a").await;
    assert_eq!(plant.link().reconnects, 1);
}

#[tokio::test]
async fn mosquitto_lets_in_who_has_the_password() {
    const PASSWORD: &str = "correct horse";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passwords");
    let made = program("mosquitto_passwd").args(["-b", "-c"]).arg(&file).args(["control-room", PASSWORD]).status();
    assert!(made.unwrap_or_else(|e| missing("mosquitto_passwd", &e)).success());
    let broker = Broker::start(&format!("allow_anonymous false\npassword_file {}", file.display()));

    let a = tag("a", "a", "");
    broker.plant("", &a).shows("a", "bad:no-communication: not authorised").await;

    let signed = broker.project("user = \"control-room\"\npassword = { secret = \"site\" }", &a);
    let mut wrong =
        Plant::open_with(&signed, |connection| connection.secrets = |_| Ok(Secret::new("wrong".to_owned()).unwrap()));
    wrong.shows("a", "bad:no-communication: not authorised").await;
    drop(wrong);

    let secret = |name: &str| {
        assert_eq!(name, "site");
        Ok(Secret::new(PASSWORD.to_owned()).unwrap())
    };
    let mut known = Plant::open_with(&signed, |connection| connection.secrets = secret);
    known.until("a connection", |plant| plant.link().state == LinkState::Connected).await;
}

#[tokio::test]
async fn a_message_of_300_kb_passes_mosquitto() {
    let broker = Broker::start("allow_anonymous true");
    let mut plant = broker.plant("", &[tag("big", "big", "path = \"$.v\""), tag("a", "a", "")].concat());
    live(&broker, &mut plant, "a", "a").await;
    broker.publish("big", &format!(r#"{{"fill": "{}", "v": 5}}"#, "x".repeat(300_000)), &[]);
    plant.shows("big", "5 good").await;
}

#[tokio::test]
async fn a_retained_message_too_long_does_not_hammer_mosquitto() {
    let broker = Broker::start("allow_anonymous true");
    broker.publish("big", &"x".repeat(50_000), &["-r"]);
    let mut plant = broker.plant("max-packet = \"20KiB\"", &tag("big", "big", ""));
    plant.until("a lost link", |p| matches!(p.link().state, LinkState::NoAnswer(_))).await;
    let why = plant.tag("big");
    assert!(why.ends_with("is longer than max-packet allows (20480 bytes)"), "{why}");
    plant.run_for(Duration::from_secs(3)).await;
    assert!(plant.link().reconnects <= 3, "{:?}", plant.link());
}

#[tokio::test]
async fn what_is_no_json_is_bad_until_it_is_again() {
    let broker = Broker::start("allow_anonymous true");
    let mut plant = broker.plant("", &[tag("v", "v", "path = \"$.v\""), tag("a", "a", "")].concat());
    live(&broker, &mut plant, "a", "a").await;
    for (payload, shown) in [
        (r#"{"v": 1}"#, "1 good"),
        ("oops", "bad:payload: no JSON: expected value at line 1 column 1"),
        (r#"{"v": 2}"#, "2 good"),
        (r#"{"w": 2}"#, "bad:payload: no value at $.v"),
        (r#"{"v": "3"}"#, "3 good"),
        ("", "bad:payload: the payload is empty"),
    ] {
        broker.publish("v", payload, &[]);
        plant.shows("v", shown).await;
    }
    plant.until("three bad payloads counted", |p| p.link().bad_payloads == 3).await;
}

#[tokio::test]
async fn a_topic_that_stops_is_stale_while_the_link_stands() {
    let broker = Broker::start("allow_anonymous true");
    let tags = [tag("a", "a", "stale-after = \"1s\""), tag("b", "b", "")].concat();
    let mut plant = broker.plant("keep-alive = \"1s\"", &tags);
    live(&broker, &mut plant, "a", "a").await;
    broker.publish("b", "2", &[]);
    plant.shows("a", "1 uncertain:stale").await;
    plant.shows("b", "2 good").await;
    plant.until("a ping's round trip", |p| p.link().round_trip.is_some()).await;
    assert_eq!(plant.link().state, LinkState::Connected);
    broker.publish("a", "3", &[]);
    plant.shows("a", "3 good").await;
}

#[tokio::test]
async fn a_sender_that_is_offline_is_shown_so_until_it_sends_again() {
    let broker = Broker::start("allow_anonymous true");
    let availability = "availability = { topic = \"s/availability\", online = \"online\", offline = \"offline\" }";
    let mut plant = broker.plant("", &tag("a", "s", availability));
    live(&broker, &mut plant, "a", "s").await;
    broker.publish("s/availability", r#"{"state":"offline"}"#, &["-r"]);
    plant.shows("a", "bad:no-communication: s/availability says offline").await;
    broker.publish("s/availability", r#"{"state":"online"}"#, &["-r"]);
    plant.shows("a", "bad:waiting: s/availability says online, and no value has come since").await;
    broker.publish("s", "4", &[]);
    plant.shows("a", "4 good").await;
}
