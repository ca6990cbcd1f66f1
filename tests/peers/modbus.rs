//! The Modbus driver against pymodbus: every type in every byte order, a kill, and a restart.

#[path = "../modbus/plant.rs"]
pub mod plant;

use crate::support::free_address;
use plant::Plant;
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use watchkeeper::engine::{Quality, Value};

/// A server that this project did not write; killed when dropped.
pub struct Server {
    child: Child,
    /// What it serves.
    pub tags: Vec<Json>,
}

impl Server {
    /// Starts it and waits until it says what it serves.
    pub fn start(transport: &str, place: &str) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let python = std::env::var_os("WATCHKEEPER_PEERS_PYTHON")
            .map_or_else(|| root.join("target/peers-venv/bin/python"), PathBuf::from);
        let mut command = Command::new(python);
        command.arg(root.join("tests/peers/modbus_server.py")).args([transport, place]);
        Self::of(command)
    }

    /// Starts a program that prints what it serves as one line of JSON, and then serves it.
    pub fn of(mut command: Command) -> Self {
        let program = command.get_program().to_owned();
        let missing = |what: &dyn std::fmt::Display| -> ! {
            panic!("cannot start {}: {what}; tests/all.sh sees to what it needs", program.display())
        };
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|why| missing(&why));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let tags = serde_json::from_str(&line).unwrap_or_else(|why| missing(&why));
        Self { child, tags }
    }

    /// `STOP` or `CONT`: it hangs, its connections still open, or goes on.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }
}

/// Sends a signal by its name.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status().unwrap();
    assert!(sent.success(), "{name} to {process}");
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already, which is as well.
        let _killed = self.child.kill();
        let _waited = self.child.wait();
    }
}

/// A project that reads all of `tags`.
pub fn project(transport: &str, address: &str, tags: &[Json]) -> String {
    let mut text = format!(
        "[[device]]\nname = \"pymodbus\"\nprotocol = \"modbus-{transport}\"\naddress = \"{address}\"\n\
         poll = \"100ms\"\ntimeout = \"500ms\"\nretries = 1\n"
    );
    for (i, tag) in tags.iter().enumerate() {
        let word = |key: &str| tag[key].as_str().unwrap();
        writeln!(
            text,
            "[[tag]]\nname = \"t{i}\"\ndevice = \"pymodbus\"\nregister = \"{}:{}\"\ntype = \"{}\"",
            word("area"),
            tag["address"],
            word("type")
        )
        .unwrap();
        // The order of a bit or a byte is not to be written.
        if !matches!(word("area"), "coil" | "discrete") {
            writeln!(text, "order = \"{}\"", word("order")).unwrap();
        }
        for key in ["bit", "length", "byte"] {
            if !tag[key].is_null() {
                writeln!(text, "{key} = {}", tag[key]).unwrap();
            }
        }
    }
    text
}

/// The value that the server says it holds.
pub fn expected(tag: &Json) -> Value {
    let value = &tag["value"];
    match tag["type"].as_str().unwrap() {
        "bool" => Value::Bool(value.as_bool().unwrap()),
        "string" => Value::Text(value.as_str().unwrap().into()),
        "f16" | "f32" | "f64" => Value::F64(value.as_str().unwrap().parse().unwrap()),
        "i8" | "i16" | "i32" | "i64" => Value::I64(value.as_i64().unwrap()),
        _ => Value::U64(value.as_u64().unwrap()),
    }
}

#[tokio::test]
async fn pymodbus_and_we_agree_on_every_type_and_order_over_its_death_and_return() {
    agree_over_its_death_and_return("tcp").await;
}

#[tokio::test]
async fn pymodbus_and_we_agree_on_every_type_and_order_in_frames_of_a_serial_line_over_tcp() {
    agree_over_its_death_and_return("rtu-over-tcp").await;
}

async fn agree_over_its_death_and_return(transport: &str) {
    let port = free_address().port();
    let server = Server::start(transport, &port.to_string());
    let tags = server.tags.clone();
    assert!(tags.len() > 300, "only {} tags", tags.len());
    let count = tags.len();
    let mut plant = Plant::start(&project(transport, &format!("127.0.0.1:{port}"), &tags), move |plan, sample| {
        let tag = &tags[plan.name[1..].parse::<usize>().unwrap()];
        assert_eq!((sample.quality, sample.value.as_ref()), (Quality::GOOD, Some(&expected(tag))), "{tag}");
    });
    // Its port opens a little after it has said what it serves.
    plant.until_within(Duration::from_secs(10), "all values", |p| p.tags.len() == count).await;
    assert!(plant.connected(0));

    drop(server);
    let took = plant.until_within(Duration::from_secs(3), "its death is seen", |p| !p.gone(0).is_empty()).await;
    // One poll, two tries of 500 ms, and a little: then all its values are `bad:no-communication`.
    assert!(took < Duration::from_millis(1_400), "{took:?}");
    assert_eq!(plant.gone(0), "connection refused");

    let _server = Server::start(transport, &port.to_string());
    let good = plant.good("t0");
    plant.until_within(Duration::from_secs(10), "its return", |p| p.connected(0) && p.good("t0") > good + 2).await;
    plant.stop().await;
}
