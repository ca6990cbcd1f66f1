//! What was last said between the devices and us, kept where it happens and read only where somebody asks.
//!
//! Pictures of the plant are made twenty times a second and go to every screen; what lies here is copied when one tag or
//! device is looked at, and never else. Invariant: bounded for each device, and no driver waits for a reader longer than
//! the copy of a few hundred lines takes.

mod bench;
mod exchanges;
mod topics;

pub use bench::{Bench, BenchView, MOST, Refused, SHORTEST, Wanted};
pub use exchanges::{Exchange, ExchangeLog, Outcome, Request};
pub use topics::{Message, TopicLog, TopicView};

use super::modbus::guest::Door;
use super::trace::Trace;
use crate::engine::DeviceId;
use crate::project::Transport;
use crate::time::Mono;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// The logs of all devices of a plant, by the numbers that drivers call them: see
/// [`Plan::follow`](crate::engine::Plan::follow). A clone is the same.
#[derive(Debug, Clone)]
pub struct Monitor {
    devices: Arc<Mutex<BTreeMap<DeviceId, Arc<DeviceLog>>>>,
    /// Counts the wishes of workbenches that are new; lines wait for the next one.
    wishes: Arc<watch::Sender<u64>>,
    /// Ways into lines that are polled, by what the devices of one line have in common.
    doors: Arc<Mutex<BTreeMap<String, Door>>>,
    trace: Option<Trace>,
}

impl Default for Monitor {
    fn default() -> Self {
        Self { devices: Arc::default(), wishes: Arc::new(watch::Sender::new(0)), doors: Arc::default(), trace: None }
    }
}

impl Monitor {
    /// One that has every byte written to a file, too.
    pub fn tracing(trace: Trace) -> Self {
        Self { trace: Some(trace), ..Self::default() }
    }

    /// Where every byte goes, too.
    pub fn trace(&self) -> Option<Trace> {
        self.trace.clone()
    }

    /// The log of a device, whether or not anything was said yet.
    pub fn device(&self, device: DeviceId) -> Arc<DeviceLog> {
        Arc::clone(lock(&self.devices).entry(device).or_default())
    }

    /// Wants to see these registers of a device, for the next seconds: to be said again while somebody looks.
    pub fn want(&self, device: DeviceId, wanted: Wanted, now: Mono) {
        let is_new = self.device(device).bench().want(wanted, now);
        if is_new {
            self.wishes.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Tries a read at once that was refused.
    pub fn try_again(&self, device: DeviceId, now: Mono) {
        self.device(device).bench().try_again(now);
        self.wishes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A line is polled, and guests come in here.
    pub(super) fn open(&self, line: String, door: Door) {
        lock(&self.doors).insert(line, door);
    }

    /// The way into a line that is polled, where no second connection to it is to be made.
    pub fn door(&self, transport: &Transport) -> Option<Door> {
        lock(&self.doors).get(&transport.line()).filter(|door| !door.is_closed()).cloned()
    }

    /// Tells of every new wish.
    pub fn wishes(&self) -> watch::Receiver<u64> {
        self.wishes.subscribe()
    }

    /// The device of this number is gone, or is another by now.
    pub fn forget(&self, device: DeviceId) {
        lock(&self.devices).remove(&device);
    }
}

/// What was said with one device.
#[derive(Debug, Default)]
pub struct DeviceLog {
    exchanges: Mutex<ExchangeLog>,
    topics: Mutex<TopicLog>,
    bench: Mutex<Bench>,
}

impl DeviceLog {
    /// Requests and their answers (Modbus). Hold it no longer than a copy takes: the driver waits.
    pub fn exchanges(&self) -> MutexGuard<'_, ExchangeLog> {
        lock(&self.exchanges)
    }

    /// What somebody wants to see of its registers, and what was read (Modbus).
    pub fn bench(&self) -> MutexGuard<'_, Bench> {
        lock(&self.bench)
    }

    /// Topics and their messages (MQTT). Hold it no longer than a copy takes: the driver waits.
    pub fn topics(&self) -> MutexGuard<'_, TopicLog> {
        lock(&self.topics)
    }
}

/// A panic elsewhere cannot leave half a line: each is whole before its guard goes.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
