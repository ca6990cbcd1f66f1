//! The demo plant: a simulated pumping station behind real devices on loopback.
//!
//! The simulation ([`plant`]) is pure. Around it stand a Modbus TCP server ([`modbus`]) and an MQTT broker with
//! publishers ([`mqtt`]); what they serve is computed in [`registers`] and [`messages`]. The demo *project* is an
//! ordinary file that connects to them over sockets, like any other client.
//! Invariant: no value takes a shorter road than a plant's does.

pub mod energy;
pub mod faults;
pub mod instruments;
pub mod messages;
pub mod modbus;
pub mod mqtt;
pub mod plant;
pub mod pumps;
pub mod registers;
pub mod tanks;
pub mod weather;

use crate::time::Clock;
use messages::Publisher;
use plant::Plant;
use registers::Units;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The demo project as it lies in `projects/`, with the default addresses.
pub const PROJECT: &str = crate::project::new::DEMO;

/// Where plc1 and the meters are served unless told otherwise.
pub const MODBUS_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5020);
/// Where plc2 is served then.
pub const PLC2_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5021);
/// Where the broker listens then.
pub const MQTT_ADDR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1884);

/// Real time between two steps of the plant.
const BEAT: Duration = Duration::from_millis(250);
/// Most real time that one step makes up for; what a sleeping computer missed beyond it did not happen.
const MOST_CAUGHT_UP_SECS: f64 = 2.0;
/// Fastest plant, in seconds of plant time a second; beyond it one core would not keep up.
const MOST_SPEED: f64 = 1_000.0;

/// How to serve the demo plant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemoOptions {
    /// plc1 and the meters; plc2 gets the port after it. Port 0, or a port that is taken: a free one.
    pub modbus: SocketAddr,
    /// The broker; likewise.
    pub mqtt: SocketAddr,
    /// Which story is told.
    pub seed: u64,
    /// Seconds of plant time in a second, above 0 up to 1000.
    pub speed: f64,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { modbus: MODBUS_ADDR, mqtt: MQTT_ADDR, seed: 1, speed: 1.0 }
    }
}

/// The plant at one instant with what its units serve; made once a beat, shared by all connections.
#[derive(Debug)]
pub struct Scene {
    /// The plant.
    pub plant: Plant,
    /// Its registers.
    pub units: Units,
}

impl Scene {
    /// The scene of a plant.
    pub fn of(plant: Plant) -> Self {
        Self { units: Units::of(&plant), plant }
    }
}

/// A demo plant that is being served; dropping it closes its ports and hangs up on everyone.
#[derive(Debug)]
pub struct Demo {
    /// Where plc1 (unit 1) and the meters (units 10 and 11) answer.
    pub modbus_addr: SocketAddr,
    /// Where plc2 (unit 2) answers, when it does.
    pub plc2_addr: SocketAddr,
    /// Where the broker listens.
    pub mqtt_addr: SocketAddr,
    /// The plant as it is now, for tests and prints; devices are read over their sockets.
    pub scenes: watch::Receiver<Arc<Scene>>,
    parts: Parts,
}

/// The tasks of a demo plant; dropping them stops them.
#[derive(Debug)]
struct Parts(JoinSet<io::Result<()>>);

impl Parts {
    /// Starts a part. If it fails, the log says so, whether or not anybody waits in [`Demo::run`].
    fn add(&mut self, name: &'static str, part: impl Future<Output = io::Result<()>> + Send + 'static) {
        self.0.spawn(async move {
            part.await.inspect_err(|error| tracing::error!(part = name, %error, "a part of the demo plant failed"))
        });
    }
}

impl Demo {
    /// Waits until one of its parts fails.
    ///
    /// # Errors
    /// Which failed, and why. It goes on without that part if it is polled again.
    pub async fn run(&mut self) -> io::Result<()> {
        while let Some(ended) = self.parts.0.join_next().await {
            ended.map_err(|e| io::Error::other(format!("a part of the demo plant died: {e}")))??;
        }
        Ok(())
    }
}

/// Opens the ports and begins to live: all well, the first fault half a minute away.
///
/// # Errors
/// A port could not be opened at all.
pub async fn serve(options: DemoOptions, clock: Clock) -> io::Result<Demo> {
    let plc1 = listen(options.modbus).await?;
    let modbus_addr = plc1.local_addr()?;
    let after = if options.modbus.port() == 0 { 0 } else { modbus_addr.port().checked_add(1).unwrap_or(0) };
    let plc2 = listen(SocketAddr::new(modbus_addr.ip(), after)).await?;
    let plc2_addr = plc2.local_addr()?;
    let broker = listen(options.mqtt).await?;
    let mqtt_addr = broker.local_addr()?;

    let plant = Plant::new(options.seed);
    let (stage, scenes) = watch::channel(Arc::new(Scene::of(plant.clone())));
    let speed = if options.speed.is_finite() { options.speed.clamp(0.01, MOST_SPEED) } else { 1.0 };

    let mut parts = Parts(JoinSet::new());
    parts.add("plc1", modbus::serve(modbus::Port::Plc1, plc1, scenes.clone()));
    parts.add("plc2", modbus::serve(modbus::Port::Plc2, plc2, scenes.clone()));
    parts.add("broker", mqtt::serve(broker));
    let broker = SocketAddr::new(reachable(mqtt_addr.ip()), mqtt_addr.port());
    for publisher in Publisher::ALL {
        parts.add(publisher.client_id(), mqtt::publish(publisher, broker, scenes.clone(), clock.clone()));
    }
    parts.add("plant", live(plant, stage, speed, clock));
    Ok(Demo { modbus_addr, plc2_addr, mqtt_addr, scenes, parts })
}

/// Steps the plant with the clock and shows each scene.
async fn live(mut plant: Plant, stage: watch::Sender<Arc<Scene>>, speed: f64, clock: Clock) -> io::Result<()> {
    let mut before = clock.now().mono;
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !stage.is_closed() {
        beat.tick().await;
        let now = clock.now().mono;
        let passed_secs = (now - before).as_secs_f64().clamp(0.0, MOST_CAUGHT_UP_SECS);
        before = now;
        plant.step(passed_secs * speed);
        stage.send_replace(Arc::new(Scene::of(plant.clone())));
    }
    Ok(())
}

/// Listens on `address`, or on a free port of the same host where that is taken.
async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let opened = match TcpListener::bind(address).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && address.port() != 0 => {
            tracing::info!(%address, "the demo plant takes a free port instead: this one is taken");
            TcpListener::bind(SocketAddr::new(address.ip(), 0)).await
        }
        opened => opened,
    };
    opened.map_err(|e| io::Error::new(e.kind(), format!("could not open the demo plant's port {address}: {e}")))
}

/// Where a client on this computer finds what listens on `ip`.
const fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    }
}

/// The demo project's text with the addresses at which `demo` is really served.
pub fn project(demo: &Demo) -> Vec<u8> {
    project_at(demo.modbus_addr, demo.plc2_addr, demo.mqtt_addr).into_bytes()
}

/// The demo project's text with these addresses in the place of the default ones.
pub fn project_at(modbus: SocketAddr, plc2: SocketAddr, mqtt: SocketAddr) -> String {
    let defaults = [MODBUS_ADDR, PLC2_ADDR, MQTT_ADDR].map(|a| a.to_string());
    let real = [modbus, plc2, mqtt].map(|a| SocketAddr::new(reachable(a.ip()), a.port()).to_string());
    // In one pass, so that a real address that equals another's default is not replaced again.
    let mut text = String::with_capacity(PROJECT.len());
    let mut rest = PROJECT;
    while let Some((at, which)) = (0..3).filter_map(|n| rest.find(&defaults[n]).map(|at| (at, n))).min() {
        text.push_str(&rest[..at]);
        text.push_str(&real[which]);
        rest = &rest[at + defaults[which].len()..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_addresses_take_the_place_of_the_default_ones() {
        let swapped = project_at(PLC2_ADDR, MODBUS_ADDR, SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 40_000));
        let lines = |text: &str, address: &str| text.lines().filter(|l| l.contains(address)).count();
        assert_eq!(lines(&swapped, "127.0.0.1:5021"), lines(PROJECT, "127.0.0.1:5020"));
        assert_eq!(lines(&swapped, "127.0.0.1:5020"), lines(PROJECT, "127.0.0.1:5021"));
        assert_eq!(lines(&swapped, "127.0.0.1:40000"), lines(PROJECT, "127.0.0.1:1884"));
        assert!(lines(PROJECT, "127.0.0.1:5020") > 0 && !swapped.contains("1884"));
    }
}
