//! Somebody who has never seen the program, with a meter on the table: from the window that opens to a live trend with an alarm,
//! by the keyboard alone, and by the mouse alone where nothing is typed.

use crate::meter::Meter;
use crate::stage::{PATIENCE, Stage, now};
use crate::tree::Node;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(8);

/// What a stranger has for it is ten minutes; by a test that knows the way it is this, on a busy machine too.
const ALL_OF_IT: Duration = Duration::from_secs(40);

#[test]
fn a_meter_is_on_a_live_trend_with_an_alarm_by_the_keyboard_alone() {
    let meter = Meter::start();
    let mut stage = Stage::new("begin-keys");
    stage.open(&[]);
    stage.wait("the demo plant", PATIENCE, |tree| tree.named("Open display Overview").next().map(|_| ()));
    let began = now();
    stage.key("ctrl+n");
    stage.wait("the first page", SOON, |tree| tree.named("Step 1 of 4, Device").next().map(|_| ()));
    stage.key("Return");
    stage.wait("the second page", SOON, |tree| tree.named("Step 2 of 4, Connection").next().map(|_| ()));
    stage.text(&meter.address.to_string());
    stage.key("Return");
    stage.wait_for("What answered", "Unit 1 answers", SOON);
    stage.picture("begin-connection");
    stage.key("Return");
    stage.wait_for("What the device says", "231.4 V, 230.9 V, 232.0 V: does that look right?", SOON);
    stage.picture("begin-values");
    stage.key("Return");
    stage.wait("the last page", SOON, |tree| tree.named("Step 4 of 4, Save").next().map(|_| ()));
    stage.text("Town hall");
    stage.wait_for("Text of the project", "name = \"Town hall\"", SOON);
    // Of what, above or below, limit: no faster than a hand, for a frame knows one of them.
    stage.tool("xdotool", &["key", "--clearmodifiers", "--delay", "300", "Tab", "Tab", "Tab", "sleep", "0.3"]);
    stage.text("230");
    stage.wait_for("Text of the project", "limit = 230", SOON);
    stage.picture("begin-save");
    assert!(!stage.home().join("town_hall.toml").exists(), "nothing is written before it was seen");
    stage.key("ctrl+Return");
    stage.wait_for("meter.l1.voltage", "231.4 V", SOON);
    stage.wait("a trend of it", SOON, |tree| tree.showing("trend meter.l1.voltage").next().map(|_| ()));
    stage.wait("its alarm", SOON, |tree| tree.named("Acknowledge meter.l1.voltage/high").next().map(|_| ()));
    let took = began.elapsed();
    assert!(took < ALL_OF_IT, "it took {took:?}");
    stage.picture("begin-done");
    assert!(stage.title().starts_with("Town hall"), "{}", stage.title());
    let text = fs::read_to_string(stage.home().join("town_hall.toml")).unwrap();
    let check = stage.command().args(["check", "town_hall.toml"]).status().unwrap();
    assert!(check.success(), "{text}");
    let again = stage.command().args(["fmt", "--check", "town_hall.toml"]).status().unwrap();
    assert!(again.success(), "{text}");
}

/// What is seen under this name and can be pressed with the mouse: not the words above a field.
fn pressed(stage: &mut Stage, name: &str) {
    let node: Node = stage.wait(&format!("`{name}` is seen"), SOON, |tree| {
        let mut nodes = tree.named(name).filter(|node| node.role != "label" && node.place.is_some());
        nodes.next().cloned()
    });
    stage.click_with_mouse(&node);
}

#[test]
fn from_a_project_that_cannot_be_opened_the_mouse_alone_leads_to_the_meter() {
    let meter = Meter::start();
    let mut stage = Stage::new("begin-mouse");
    stage.open(&["nothing.toml"]);
    pressed(&mut stage, "New project…");
    pressed(&mut stage, "Modbus over the network");
    pressed(&mut stage, "Address");
    stage.text(&meter.address.to_string());
    pressed(&mut stage, "Next");
    // It was not tried: nobody has said what it is.
    pressed(&mut stage, "Eastron SDM630");
    stage.wait_for("What the device says", "does that look right?", SOON);
    pressed(&mut stage, "Next");
    pressed(&mut stage, "Limit");
    stage.text("253");
    stage.wait_for("Text of the project", "limit = 253", SOON);
    pressed(&mut stage, "Save and open");
    stage.wait_for("meter.l1.voltage", "231.4 V", SOON);
    assert!(stage.title().starts_with("Meter"), "{}", stage.title());
    stage.picture("begin-mouse");
}

/// A broker, and what publishes there.
struct Broker {
    port: u16,
    programs: Vec<Child>,
}

impl Broker {
    /// Two masts that tell their wind, and a gate, some times a second.
    fn start(stage: &mut Stage) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let rules = stage.write("broker.conf", &format!("listener {port} 127.0.0.1\nallow_anonymous true\n"));
        let publish = format!(
            "while :; do for m in north:12.5 south:9; do \
             mosquitto_pub -p {port} -t site/${{m%:*}}/state -m '{{\"wind\": '${{m#*:}}'}}'; done; \
             mosquitto_pub -p {port} -t site/gate/open -m true; sleep 0.2; done"
        );
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).env("PATH", &path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap_or_else(|error| panic!("could not run {program}: {error}; tests/all.sh installs it"))
        };
        let mut broker = Self { port, programs: vec![run("mosquitto", &["-c", rules.to_str().unwrap()])] };
        stage.wait_until("the broker", PATIENCE, |_| TcpStream::connect(("127.0.0.1", port)).is_ok());
        broker.programs.push(run("sh", &["-c", &publish]));
        broker
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        for program in self.programs.iter_mut().rev() {
            if program.kill().is_ok() {
                program.wait().expect("a killed process ends");
            }
        }
    }
}

#[test]
fn topics_of_a_broker_become_a_family_on_a_live_trend_with_an_alarm_by_the_keyboard_alone() {
    let mut stage = Stage::new("begin-mqtt");
    let broker = Broker::start(&mut stage);
    stage.open(&[]);
    stage.wait("the demo plant", PATIENCE, |tree| tree.named("Open display Overview").next().map(|_| ()));
    stage.key("ctrl+n");
    stage.wait("the first page", SOON, |tree| tree.named("Step 1 of 4, Device").next().map(|_| ()));
    pressed_by_key(&mut stage, "An MQTT broker");
    stage.wait("the second page", SOON, |tree| tree.named("Step 2 of 4, Connection").next().map(|_| ()));
    stage.text(&format!("127.0.0.1:{}", broker.port));
    stage.key("Return");
    stage.wait_for("What answered", "The broker is reached", PATIENCE);
    stage.picture("begin-mqtt-connection");
    stage.wait("all that was heard", PATIENCE, |tree| {
        let told = tree.named("Next").any(|node| node.focused);
        told.then_some(())
    });
    stage.key("Return");
    pressed_by_key(&mut stage, "Topic of site.north.state.wind");
    pressed_by_key(&mut stage, "Any north");
    stage.wait_for("Family of topics", "{1}.wind from site/+/state, $.wind; 2 topics that were heard match", SOON);
    pressed_by_key(&mut stage, "Take the family");
    stage.wait_for("What the device says", "12.5", SOON);
    stage.picture("begin-mqtt-values");
    stage.key("ctrl+Return");
    stage.wait("the last page", SOON, |tree| tree.named("Step 4 of 4, Save").next().map(|_| ()));
    stage.text("Masts");
    stage.wait_for("Text of the project", "topic = \"site/+/state\"", SOON);
    stage.tool("xdotool", &["key", "--clearmodifiers", "--delay", "300", "Tab", "Tab", "Tab", "sleep", "0.3"]);
    stage.text("10");
    stage.wait_for("Text of the project", "limit = 10", SOON);
    stage.picture("begin-mqtt-save");
    stage.key("ctrl+Return");
    for opened in ["saved", "reopened"] {
        stage.wait_for("north.wind", "12.5", PATIENCE);
        stage.wait_for("south.wind", "9", SOON);
        stage.wait("a trend of both", SOON, |tree| tree.showing("trend north.wind, south.wind").next().map(|_| ()));
        stage.wait("the one alarm", SOON, |tree| tree.named("Acknowledge north.wind/high").next().map(|_| ()));
        assert_eq!(stage.tree().named("Acknowledge south.wind/high").count(), 0);
        stage.picture(&format!("begin-mqtt-{opened}"));
        stage.signal("TERM");
        assert!(stage.ended(PATIENCE).success());
        if opened == "saved" {
            let check = stage.command().args(["check", "masts.toml"]).status().unwrap();
            assert!(check.success(), "{}", fs::read_to_string(stage.home().join("masts.toml")).unwrap());
            stage.open(&["masts.toml"]);
        }
    }
}

/// Goes to what has this name, and presses it with the space bar.
fn pressed_by_key(stage: &mut Stage, name: &str) {
    stage.focus(name);
    stage.wait(&format!("`{name}` has the keys"), SOON, |tree| tree.named(name).any(|node| node.focused).then_some(()));
    stage.key("space");
}
