//! The field edge: one task for each connection, which reads, checks, decodes and reports. It owns no plant state.
//!
//! A driver's connection is an `async fn run(connection, field)` that never returns by itself. `runtime::sources` spawns
//! it, catches its panic (a dead source, shown as such and restarted), and stops it by aborting it at any await.
//! Invariant: never a good value that was not read.

pub mod decode;
pub mod demo;
pub mod explain;
pub mod modbus;
pub mod monitor;
pub mod mqtt;
pub mod roundtrip;
pub mod scan;
pub mod stream;
pub mod tls;
pub mod trace;

use crate::engine::{DeviceId, DeviceStatus, Generation, Input, Report};
use crate::time::Clock;
use monitor::Monitor;
use tokio::sync::mpsc;

/// Inputs that may wait for the engine. Drivers wait while it is full (Modbus: a poll comes later; MQTT: see there).
pub const INPUT_QUEUE: usize = 1024;

/// What every driver is handed.
#[derive(Debug, Clone)]
pub struct Field {
    /// To the engine. Closed: the plant stops, and so does the driver.
    pub inputs: mpsc::Sender<Input>,
    /// Tells the time of receipt.
    pub clock: Clock,
    /// The plan this driver runs for.
    pub generation: Generation,
    /// Where what is said on the wire is kept, for who asks.
    pub monitor: Monitor,
}

impl Field {
    /// Hands on what was read, waiting while the queue is full. `false`: the plant is gone.
    pub async fn report(&self, report: Report) -> bool {
        self.inputs.send(Input::Report(report)).await.is_ok()
    }

    /// Hands on a device's link and figures.
    pub async fn link(&self, device: DeviceId, status: DeviceStatus) -> bool {
        let status = Box::new(status);
        self.inputs.send(Input::Link { generation: self.generation, device, status }).await.is_ok()
    }
}
