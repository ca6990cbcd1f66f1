//! The Modbus driver on a serial port: a pair of pseudo terminals that socat makes, pymodbus at its other end.

use super::modbus::plant::Plant;
use super::modbus::{Server, expected, project};
use crate::support::until;
use std::os::unix::fs::FileTypeExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio_serial::SerialPortBuilderExt as _;
use watchkeeper::engine::{Quality, Value};

/// Two serial ports that are one line, as long as it lives: its end is an adapter that was pulled out.
pub struct Cable {
    socat: Child,
    folder: TempDir,
}

impl Cable {
    pub fn plug_in(folder: TempDir) -> Self {
        let end = |name: &str| format!("pty,rawer,link={}", folder.path().join(name).display());
        let socat = Command::new("socat")
            .args([end("ours"), end("theirs")])
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|why| panic!("cannot start socat: {why}; tests/all.sh installs it"));
        let cable = Self { socat, folder };
        let is_there = |port: PathBuf| std::fs::metadata(port).is_ok_and(|m| m.file_type().is_char_device());
        until("the ports of socat", || (is_there(cable.port("ours")) && is_there(cable.port("theirs"))).then_some(()));
        cable
    }

    fn port(&self, end: &str) -> PathBuf {
        self.folder.path().join(end)
    }

    /// The name of a port as it stands in a project.
    pub fn name(&self, end: &str) -> String {
        self.port(end).display().to_string()
    }

    /// Where it may be plugged in again.
    pub fn pull_out(mut self) -> TempDir {
        self.socat.kill().unwrap();
        self.socat.wait().unwrap();
        // What the system does when an adapter goes.
        for end in ["ours", "theirs"] {
            std::fs::remove_file(self.folder.path().join(end)).unwrap();
        }
        std::mem::replace(&mut self.folder, TempDir::new().unwrap())
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // It may be dead already, which is as well.
        let _killed = self.socat.kill();
        let _waited = self.socat.wait();
    }
}

#[tokio::test]
async fn pymodbus_and_we_agree_on_every_type_and_order_on_a_serial_port_that_is_pulled_out_and_comes_back() {
    let cable = Cable::plug_in(TempDir::new().unwrap());
    let port = cable.name("ours");
    let server = Server::start("rtu", &cable.name("theirs"));
    let tags = server.tags.clone();
    let count = tags.len();
    let text = project("rtu", &port, &tags).replace("retries", "baud = 115200\nstop-bits = 1\nretries");
    let mut plant = Plant::start(&text, move |plan, sample| {
        let tag = &tags[plan.name[1..].parse::<usize>().unwrap()];
        assert_eq!((sample.quality, sample.value.as_ref()), (Quality::GOOD, Some(&expected(tag))), "{tag}");
    });
    plant.until_within(Duration::from_secs(20), "all values", |p| p.tags.len() == count).await;
    assert!(plant.connected(0));

    let folder = cable.pull_out();
    let words = format!("serial port {port} not found: is it plugged in?");
    plant.until_within(Duration::from_secs(5), "it is missed", |p| p.gone(0) == words).await;
    drop(server);

    let cable = Cable::plug_in(folder);
    let _server = Server::start("rtu", &cable.name("theirs"));
    let good = plant.good("t0");
    plant.until_within(Duration::from_secs(20), "its return", |p| p.connected(0) && p.good("t0") > good + 2).await;
    plant.stop().await;
}

#[tokio::test]
async fn a_port_that_another_program_has_is_told_so_and_taken_up_when_it_is_free() {
    let cable = Cable::plug_in(TempDir::new().unwrap());
    let port = cable.name("ours");
    let server = Server::start("rtu", &cable.name("theirs"));
    let other = tokio_serial::new(&port, 9_600).open_native_async().unwrap();
    let tags: Vec<_> = server.tags[..1].to_vec();
    let held = expected(&tags[0]);
    let mut plant = Plant::start(&project("rtu", &port, &tags), move |_, sample| {
        assert_eq!(sample.value.as_ref(), Some(&held));
    });
    let words = format!("serial port {port} is in use by another program");
    plant.until_within(Duration::from_secs(5), "no answer", |p| p.gone(0) == words).await;
    drop(other);
    plant.until_within(Duration::from_secs(10), "values", |p| p.connected(0) && p.good("t0") > 2).await;
    assert!(matches!(plant.value("t0"), Some(Value::U64(_))));
    plant.stop().await;
}
