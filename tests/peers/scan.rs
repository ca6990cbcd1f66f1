//! Looking for devices against pymodbus and mosquitto.

use super::modbus_tls::Terminator;
use super::mqtt::{Broker, missing, program};
use super::mqtt_tls::{Authority, LONG};
use super::serial::Cable;
use crate::support::{ended, free_address, told, watchkeeper};
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Two units that this project did not write; killed when dropped.
struct Units(Child);

impl Units {
    fn start(transport: &str, place: &str) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let python = std::env::var_os("WATCHKEEPER_PEERS_PYTHON")
            .map_or_else(|| root.join("target/peers-venv/bin/python"), PathBuf::from);
        let mut child = Command::new(&python)
            .arg(root.join("tests/peers/modbus_units.py"))
            .args([transport, place])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|why| panic!("cannot start {}: {why}; tests/all.sh makes it", python.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready", "{} has no working pymodbus; tests/all.sh installs it", python.display());
        // Its port opens a little after that.
        if let Ok(port) = place.parse::<u16>() {
            crate::support::until("pymodbus", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        }
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
    let authority = Authority::new("Plant CA");
    authority.sign("meter", "IP:127.0.0.1", LONG);
    authority.sign("control-room", "DNS:control-room", LONG);
    let files = ["ca.pem", "control-room.pem", "control-room.key"].map(|file| authority.written(file));
    let tls = ["--ca", &files[0], "--cert", &files[1], "--key", &files[2]];
    let cable = Cable::plug_in(tempfile::tempdir().unwrap());
    for (transport, keys) in [("tcp", &[][..]), ("rtu-over-tcp", &[]), ("tls", &tls), ("rtu", &["--baud", "115200"])] {
        let port = free_address().port();
        let serves = if transport == "tls" { "tcp" } else { transport };
        let place = if transport == "rtu" { cable.name("theirs") } else { port.to_string() };
        let _units = Units::start(serves, &place);
        let _terminator;
        let address = match transport {
            "rtu" => cable.name("ours"),
            "tls" => {
                let terminator = Terminator::start(&authority, "meter", &authority, port);
                let address = format!("127.0.0.1:{}", terminator.port);
                _terminator = terminator;
                address
            }
            _ => format!("127.0.0.1:{port}"),
        };
        let protocol = format!("modbus-{transport}");
        let range = if transport == "tcp" { "0-299" } else { "0-29" };
        let asked = ["scan", "modbus", &address, "--protocol", &protocol, "--units", "3,17", "--registers", range];
        let more = ["--pause", "0ms", "--timeout", "3s", "--most-requests", "20000", "--format", "jsonl"];
        let (units, said) = lines(&[&asked[..], &more, keys].concat());
        assert_eq!(units.len(), 2, "{transport}: {said}");
        let readable = |unit: &Json| {
            let tables = unit["tables"].as_array().unwrap();
            tables.iter().map(|t| (t["table"].as_str().unwrap().to_owned(), t["readable"].clone())).collect::<Vec<_>>()
        };
        // One road is searched far, the others as far as is quick.
        let expected = |far: [Json; 4], near: [Json; 4]| {
            let ranges = if transport == "tcp" { far } else { near };
            ["holding", "input", "coil", "discrete"].map(str::to_owned).into_iter().zip(ranges).collect::<Vec<_>>()
        };
        assert_eq!(
            readable(&units[0]),
            expected(
                [json!([[0, 99], [200, 249]]), json!([[10, 19]]), json!([[0, 15]]), json!([[16, 47]])],
                [json!([[0, 29]]), json!([[10, 19]]), json!([[0, 15]]), json!([[16, 29]])]
            ),
            "{transport}"
        );
        assert_eq!(
            readable(&units[1]),
            expected(
                [json!([[5, 5]]), json!([[0, 124]]), json!([[0, 15]]), json!([[0, 15]])],
                [json!([[5, 5]]), json!([[0, 29]]), json!([[0, 15]]), json!([[0, 15]])]
            ),
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
    let sent = program("mosquitto_pub")
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

/// A broker behind everything that a project can name: TLS with a certificate of ours, a password, and a web server.
#[test]
fn mosquitto_is_listened_to_over_every_road_and_in_both_versions() {
    const PASSWORD: &str = "correct horse";
    let authority = Authority::new("Plant CA");
    authority.sign("broker", "DNS:localhost, IP:127.0.0.1", LONG);
    authority.sign("control-room", "DNS:control-room", LONG);
    let folder = tempfile::tempdir().unwrap();
    let users = folder.path().join("users");
    let made = program("mosquitto_passwd").args(["-b", "-c"]).arg(&users).args(["me", PASSWORD]).status();
    assert!(made.unwrap_or_else(|e| missing("mosquitto_passwd", &e)).success());
    let [plain, secure, web, secure_web] = [(); 4].map(|()| free_address().port());
    let [ca, cert, key] = ["ca.pem", "broker.pem", "broker.key"].map(|file| authority.written(file));
    let tls = format!("cafile {ca}\ncertfile {cert}\nkeyfile {key}\nrequire_certificate true\n");
    let config = format!(
        "per_listener_settings true\npersistence false\nuser root\n\
         listener {plain} 127.0.0.1\nallow_anonymous true\n\
         listener {secure} 127.0.0.1\nallow_anonymous false\npassword_file {users}\n{tls}\
         listener {web} 127.0.0.1\nprotocol websockets\nallow_anonymous true\n\
         listener {secure_web} 127.0.0.1\nprotocol websockets\nallow_anonymous false\npassword_file {users}\n{tls}",
        users = users.display()
    );
    let broker = Broker::configured(plain, folder, &config);
    broker.publish("site/level", "42.5", &["-r"]);
    let [cert, key] = ["control-room.pem", "control-room.key"].map(|file| authority.written(file));
    let keys = ["--ca", &ca, "--cert", &cert, "--key", &key, "--user", "me", "--password-secret", "scan-test"];
    let scan = |address: &str, version: &str, keys: &[&str]| {
        let asked = ["scan", "mqtt", address, "--mqtt-version", version, "--for", "200ms", "--format", "jsonl"];
        let mut command = watchkeeper(&[&asked, keys].concat());
        told(command.env("WATCHKEEPER_SECRET_SCAN_TEST", PASSWORD).output().unwrap())
    };
    for version in ["3.1.1", "5"] {
        for (address, keys) in [
            (format!("mqtts://localhost:{secure}"), &keys[..]),
            (format!("ws://127.0.0.1:{web}"), &[]),
            (format!("wss://127.0.0.1:{secure_web}/mqtt"), &keys),
        ] {
            let (code, out, said) = scan(&address, version, keys);
            assert_eq!(code, 0, "{address} {version}: {said}");
            let topic: Json = serde_json::from_str(&out).unwrap();
            assert_eq!(
                (&topic["topic"], &topic["last"]),
                (&json!("site/level"), &json!("42.5")),
                "{address} {version}"
            );
        }
        // Without our certificate, and without the password.
        let (code, _, said) = scan(&format!("mqtts://localhost:{secure}"), version, &keys[..2]);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("not reached: ") && said.contains("certificate"), "{said}");
        let (code, _, said) = scan(&format!("wss://localhost:{secure_web}"), version, &keys[..6]);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("not reached: not authorised"), "{said}");
    }
    let (code, _, said) = scan(&format!("ws://127.0.0.1:{plain}"), "5", &[]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("closed the connection when it was asked for a websocket"), "{said}");
}
