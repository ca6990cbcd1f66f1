//! What was last said between the devices and us, kept where it happens and read only where somebody asks.
//!
//! Pictures of the plant are made twenty times a second and go to every screen; what lies here is copied when one tag or
//! device is looked at, and never else. Invariant: bounded for each device, and no driver waits for a reader longer than
//! the copy of a few hundred lines takes.

mod exchanges;
mod topics;

pub use exchanges::{Exchange, ExchangeLog, Outcome, Request};
pub use topics::{Message, TopicLog, TopicView};

use super::trace::Trace;
use crate::engine::DeviceId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The logs of all devices of a plant. A clone is the same.
#[derive(Debug, Clone, Default)]
pub struct Monitor {
    devices: Arc<Mutex<BTreeMap<DeviceId, Arc<DeviceLog>>>>,
    trace: Option<Trace>,
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

    /// This number is another device's from now on.
    pub fn forget(&self, device: DeviceId) {
        lock(&self.devices).remove(&device);
    }
}

/// What was said with one device.
#[derive(Debug, Default)]
pub struct DeviceLog {
    exchanges: Mutex<ExchangeLog>,
    topics: Mutex<TopicLog>,
}

impl DeviceLog {
    /// Requests and their answers (Modbus). Hold it no longer than a copy takes: the driver waits.
    pub fn exchanges(&self) -> MutexGuard<'_, ExchangeLog> {
        lock(&self.exchanges)
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
