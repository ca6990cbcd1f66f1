//! The Modbus driver against servers made of libmodbus (over TCP, and on a serial line) and of modbus-serial under Node: all four
//! tables, an exception, and their death and return.

use super::modbus::plant::Plant;
use super::modbus::{Server, expected, project};
#[cfg(unix)]
use super::serial::Cable;
use crate::support::free_address;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;
use watchkeeper::engine::Quality;

/// Past all that they serve.
const NOTHING: &str =
    "[[tag]]\nname = \"nothing\"\ndevice = \"pymodbus\"\nregister = \"holding:9000\"\ntype = \"u16\"\n";

/// Compiled once for all tests of this process.
fn libmodbus(transport: &str, place: &str) -> Server {
    static PROGRAM: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, program) = PROGRAM.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let program = folder.path().join("libmodbus_server");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/libmodbus_server.c");
        let mut compiler = Command::new("cc");
        compiler.arg(source).arg("-o").arg(&program).args(["-I/usr/include/modbus", "-lmodbus"]);
        let ended = compiler.status().unwrap_or_else(|why| panic!("cannot start cc: {why}; tests/all.sh installs it"));
        assert!(ended.success(), "libmodbus is missing, it seems; tests/all.sh installs it");
        (folder, program)
    });
    let mut command = Command::new(program);
    command.args([transport, place]);
    Server::of(command)
}

fn node(port: &str) -> Server {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("node");
    command.arg(root.join("tests/peers/node_server.js")).arg(root.join("target/peers-node/node_modules")).arg(port);
    Server::of(command)
}

/// A plant whose good values are all what the server says it holds.
fn plant(server: &Server, text: &str) -> Plant {
    let tags = server.tags.clone();
    Plant::start(&format!("{text}{NOTHING}"), move |plan, sample| {
        if &*plan.name == "nothing" {
            assert_eq!(sample.quality, Quality::DEVICE_FAULT, "{:?}", sample.detail);
            return;
        }
        let tag = &tags[plan.name[1..].parse::<usize>().unwrap()];
        assert_eq!((sample.quality, sample.value.as_ref()), (Quality::GOOD, Some(&expected(tag))), "{tag}");
    })
}

async fn agree_over_its_death_and_return(start: impl Fn(&str) -> Server) {
    let port = free_address().port().to_string();
    let server = start(&port);
    let count = server.tags.len();
    assert!(count > 150, "only {count} tags");
    let mut plant = plant(&server, &project("tcp", &format!("127.0.0.1:{port}"), &server.tags));
    plant.until_within(Duration::from_secs(10), "all values", |p| p.tags.len() == count + 1).await;
    assert_eq!(plant.detail("nothing"), "exception 2: illegal data address");

    drop(server);
    plant.until_within(Duration::from_secs(10), "its death is seen", |p| p.gone(0) == "connection refused").await;
    assert!(plant.shows("t0").starts_with("bad:no-communication: connection refused"));

    let _server = start(&port);
    let good = plant.good("t0");
    plant.until_within(Duration::from_secs(10), "its return", |p| p.connected(0) && p.good("t0") > good + 2).await;
    plant.stop().await;
}

#[tokio::test]
async fn libmodbus_and_we_agree_over_its_death_and_return() {
    agree_over_its_death_and_return(|port| libmodbus("tcp", port)).await;
}

#[tokio::test]
async fn modbus_serial_under_node_and_we_agree_over_its_death_and_return() {
    agree_over_its_death_and_return(node).await;
}

#[cfg(unix)]
#[tokio::test]
async fn libmodbus_and_we_agree_on_a_serial_line_that_is_pulled_out_and_comes_back() {
    let cable = Cable::plug_in(TempDir::new().unwrap());
    let port = cable.name("ours");
    let server = libmodbus("rtu", &cable.name("theirs"));
    let count = server.tags.len();
    let mut plant = plant(&server, &project("rtu", &port, &server.tags));
    plant.until_within(Duration::from_secs(20), "all values", |p| p.tags.len() == count + 1).await;
    assert_eq!(plant.detail("nothing"), "exception 2: illegal data address");

    let folder = cable.pull_out();
    let words = format!("serial port {port} not found: is it plugged in?");
    plant.until_within(Duration::from_secs(5), "it is missed", |p| p.gone(0) == words).await;
    drop(server);

    let cable = Cable::plug_in(folder);
    let _server = libmodbus("rtu", &cable.name("theirs"));
    let good = plant.good("t0");
    plant.until_within(Duration::from_secs(20), "its return", |p| p.connected(0) && p.good("t0") > good + 2).await;
    plant.stop().await;
}
