//! Looking for devices against pymodbus and mosquitto.

use super::mqtt::Broker;
use crate::support::{ended, free_address};
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Two units that this project did not write; killed when dropped.
struct Units(Child);

impl Units {
    fn start(transport: &str, port: u16) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let python = std::env::var_os("WATCHKEEPER_PEERS_PYTHON")
            .map_or_else(|| root.join("target/peers-venv/bin/python"), PathBuf::from);
        let mut child = Command::new(&python)
            .arg(root.join("tests/peers/modbus_units.py"))
            .args([transport, &port.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|why| panic!("cannot start {}: {why}; tests/all.sh makes it", python.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready", "{} has no working pymodbus; tests/all.sh installs it", python.display());
        // Its port opens a little after that.
        crate::support::until("pymodbus", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        Self(child)
    }
}

impl Drop for Units {
    fn drop(&mut self) {
        // It may be dead already, which is as well.
        let _killed = self.0.kill();
        let _waited = self.0.wait();
    }
}

fn lines(arguments: &[&str]) -> (Vec<Json>, String) {
    let (code, out, said) = ended(arguments);
    assert_eq!(code, 0, "{out}{said}");
    (out.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), said)
}

#[test]
fn pymodbus_is_found_with_its_units_its_name_and_its_holes() {
    for transport in ["tcp", "rtu-over-tcp"] {
        let address = free_address();
        let _units = Units::start(transport, address.port());
        let protocol = format!("modbus-{transport}");
        let address = address.to_string();
        let asked = ["scan", "modbus", &address, "--protocol", &protocol, "--units", "3,17", "--registers", "0-299"];
        let more = ["--pause", "0ms", "--timeout", "3s", "--most-requests", "20000", "--format", "jsonl"];
        let (units, said) = lines(&[&asked[..], &more].concat());
        assert_eq!(units.len(), 2, "{transport}: {said}");
        let readable = |unit: &Json| {
            let tables = unit["tables"].as_array().unwrap();
            tables.iter().map(|t| (t["table"].as_str().unwrap().to_owned(), t["readable"].clone())).collect::<Vec<_>>()
        };
        let expected = |ranges: [Json; 4]| {
            ["holding", "input", "coil", "discrete"].map(str::to_owned).into_iter().zip(ranges).collect::<Vec<_>>()
        };
        assert_eq!(
            readable(&units[0]),
            expected([json!([[0, 99], [200, 249]]), json!([[10, 19]]), json!([[0, 15]]), json!([[16, 47]])]),
            "{transport}"
        );
        assert_eq!(
            readable(&units[1]),
            expected([json!([[5, 5]]), json!([[0, 124]]), json!([[0, 15]]), json!([[0, 15]])]),
            "{transport}"
        );
        let name = json!({"vendor": "Watchkeeper tests", "product": "two units", "revision": "1.0"});
        assert_eq!((&units[0]["unit"], &units[0]["identity"]), (&json!(3), &name), "{transport}");
    }
}

#[test]
fn mosquitto_is_listened_to_and_what_its_topics_hold_is_told() {
    let broker = Broker::start("allow_anonymous true");
    broker.publish("site/weather", "{\"wind\":{\"speed\":4.5},\"from\":\"NW\"}", &["-r"]);
    broker.publish("site/state", "online", &["-r"]);
    let binary = broker.folder.path().join("binary");
    std::fs::write(&binary, b"\x00\xff\x10").unwrap();
    let port = broker.port.to_string();
    let sent = super::mqtt::program("mosquitto_pub")
        .args(["-h", "127.0.0.1", "-p", &port, "-q", "1", "-r", "-t", "site/raw", "-f"])
        .arg(&binary)
        .status();
    assert!(sent.unwrap().success());
    let address = format!("127.0.0.1:{port}");
    let asked = ["scan", "mqtt", &address, "--for", "2s", "--format", "jsonl"];
    let (topics, said) = lines(&asked);
    let names: Vec<&str> = topics.iter().map(|topic| topic["topic"].as_str().unwrap()).collect();
    assert_eq!(names, ["site/raw", "site/state", "site/weather"], "not what was not asked for: {said}");
    let kinds: Vec<&Json> = topics.iter().map(|topic| &topic["kind"]).collect();
    assert_eq!(kinds, ["binary", "text", "json"]);
    assert!(topics.iter().all(|topic| topic["retained"] == 1), "{topics:?}");
    assert_eq!(topics[2]["fields"][1], json!({"path": "$.wind.speed", "kind": "number", "last": "4.5"}));
    let (topics, _) = lines(&[&asked[..], &["--topics", "$SYS/broker/version"]].concat());
    assert_eq!(topics.len(), 1, "{topics:?}");
}

#[test]
fn a_broker_that_wants_a_password_says_so() {
    let broker = Broker::start("allow_anonymous false");
    let (code, out, said) = ended(&["scan", "mqtt", &format!("127.0.0.1:{}", broker.port), "--for", "1s"]);
    assert_eq!((code, out.as_str()), (3, ""), "{said}");
    assert!(said.contains("not reached: not authorised"), "{said}");
}
