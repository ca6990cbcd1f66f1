//! A broker that this project did not write, and a client that sends to it over its deaths.

use super::support::{Running, free_address, until};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// A mosquitto on a free port of loopback; it ends when dropped.
pub struct Broker {
    pub address: SocketAddr,
    folder: tempfile::TempDir,
    running: Running,
    /// While it is held, messages are sent.
    wanted: Arc<()>,
}

impl Broker {
    pub fn start() -> Self {
        let address = free_address();
        let folder = tempfile::tempdir().expect("a folder");
        // Started by root, it would become another user, who cannot read this folder.
        let lines = format!(
            "listener {} 127.0.0.1\npersistence false\nuser root\nallow_anonymous true\nlog_type none\n",
            address.port()
        );
        std::fs::write(folder.path().join("broker.conf"), lines).expect("a configuration");
        let mut broker = Self { address, folder, running: Running::none(), wanted: Arc::default() };
        broker.up();
        broker
    }

    /// Starts it and waits until it listens.
    pub fn up(&mut self) {
        let sbin = Path::new("/usr/sbin/mosquitto");
        let mut command = Command::new(if sbin.exists() { sbin } else { Path::new("mosquitto") });
        command.arg("-c").arg(self.folder.path().join("broker.conf")).stdout(Stdio::null()).stderr(Stdio::null());
        self.running = Running::start(command);
        until("mosquitto", || TcpStream::connect(self.address).ok());
    }

    /// As a power cut does.
    pub fn kill(&mut self) {
        std::mem::replace(&mut self.running, Running::none()).kill();
    }

    /// Sends one message of one of `topics` topics (`soak/0` and so on) in turn, one each `every`, over its deaths.
    pub fn publish(&self, topics: u32, every: Duration) {
        let (address, wanted) = (self.address, Arc::downgrade(&self.wanted));
        let mut turn = 0_u32;
        let sending = move || {
            while wanted.strong_count() > 0 {
                // An error is the broker's death.
                let _lost = session(address, topics, every, &mut turn);
                std::thread::sleep(Duration::from_millis(200));
            }
        };
        std::thread::Builder::new().name("publisher".to_owned()).spawn(sending).expect("a thread");
    }
}

/// One connection of MQTT 3.1.1, without keep-alive.
fn session(broker: SocketAddr, topics: u32, every: Duration, turn: &mut u32) -> std::io::Result<()> {
    let mut socket = TcpStream::connect(broker)?;
    socket.set_nodelay(true)?;
    socket.write_all(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04soak")?;
    socket.read_exact(&mut [0; 4])?;
    loop {
        *turn = turn.wrapping_add(1);
        let (topic, payload) = (format!("soak/{}", *turn % topics), format!("{{\"v\": {}}}", *turn % 1_000));
        let length = (2 + topic.len() + payload.len()) as u8;
        let mut packet = vec![0x30, length, 0, topic.len() as u8];
        packet.extend(topic.bytes().chain(payload.bytes()));
        socket.write_all(&packet)?;
        std::thread::sleep(every);
    }
}
