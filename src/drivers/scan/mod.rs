//! Looking for devices: which units answer on a Modbus line and what can be read of them, which topics a broker has and
//! what is in them.
//!
//! ```text
//! asked ── project's own reader ──► endpoint ──► modbus (bisect, sunspec) ─┐
//!                                           └──► mqtt (topics, fields) ────┴──► Picture ──► told (rows), snippet (TOML)
//! ```
//! [`bisect`], [`topics`], [`fields`], [`told`] and [`snippet`] are pure. A scan is a task that may be dropped at any await:
//! what was found so far stands in its [`Picture`].
//! Invariant: nothing is ever written to a device or published to a broker; a scan asks one request at a time over one
//! connection, or listens.

pub mod asked;
pub mod bisect;
pub mod fields;
pub mod found;
mod modbus;
mod mqtt;
pub mod snippet;
mod sunspec;
pub mod told;
pub mod topics;

pub use asked::{ModbusRequest, MqttRequest, Request};
pub use found::{End, Found, Picture};

use super::modbus::guest::Door;
use crate::time::Clock;
use tokio::sync::watch;

/// Carries out a scan to its end, which it writes into the picture last. Dropped before, it has hung up, and the picture
/// holds what was found.
pub async fn run(request: &Request, clock: &Clock, picture: &watch::Sender<Picture>) {
    run_through(request, None, clock, picture).await;
}

/// The same, through a line that a plant polls already, where it has time.
pub async fn run_through(request: &Request, door: Option<Door>, clock: &Clock, picture: &watch::Sender<Picture>) {
    let end = match request {
        Request::Modbus(request) => modbus::scan(request, door, clock, picture).await,
        Request::Mqtt(request) => mqtt::scan(request, clock, picture).await,
    };
    picture.send_modify(|picture| picture.end = Some(end));
}
