//! A device's link and figures, told at once when the link changes and at most once a second otherwise.

use crate::drivers::Field;
use crate::drivers::monitor::DeviceLog;
use crate::drivers::roundtrip::RoundTripMeter;
use crate::drivers::stream::Tap;
use crate::drivers::tls::Seen;
use crate::engine::{DeviceId, DeviceStatus, LinkState};
use crate::time::{Mono, Now, Span};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The shortest time between two reports of figures alone.
const FIGURES_EVERY: Span = Span::from_secs(1);

/// What is known of one connection, and what of it was told.
#[derive(Debug)]
pub struct Status {
    device: DeviceId,
    field: Field,
    tap: Arc<Tap>,
    /// Over TLS.
    certificates: Option<Arc<Seen>>,
    log: Arc<DeviceLog>,
    now: DeviceStatus,
    trips: RoundTripMeter,
    told: Option<(Mono, DeviceStatus)>,
    ping_sent: Option<Mono>,
    connections: u64,
    refused: BTreeSet<usize>,
}

impl Status {
    /// Nothing was tried and nothing told yet.
    pub fn new(device: DeviceId, field: Field, tap: Arc<Tap>, certificates: Option<Arc<Seen>>) -> Self {
        let began = field.clock.now();
        let (now, trips) = (DeviceStatus::new(began), RoundTripMeter::new(began));
        let log = field.monitor.device(device);
        Self {
            device,
            field,
            tap,
            certificates,
            log,
            now,
            trips,
            told: None,
            ping_sent: None,
            connections: 0,
            refused: BTreeSet::new(),
        }
    }

    /// The figures, for counting.
    pub fn figures_mut(&mut self) -> &mut DeviceStatus {
        &mut self.now
    }

    /// Where its topics are kept for who asks.
    pub fn log(&self) -> &DeviceLog {
        &self.log
    }

    /// Goes into a state and tells it. `false`: the plant is gone.
    pub async fn enter(&mut self, state: LinkState) -> bool {
        let at = self.field.clock.now();
        if std::mem::discriminant(&state) != std::mem::discriminant(&self.now.state) {
            self.now.since = at;
        }
        self.now.state = state;
        self.tell(at).await
    }

    /// The sign-in is over, one way or the other: its password is not kept among the raw bytes.
    pub fn forget_sign_in(&self) {
        self.tap.forget();
    }

    /// The broker serves. `false`: the plant is gone.
    pub async fn connected(&mut self) -> bool {
        self.now.reconnects = self.connections;
        self.connections += 1;
        self.ping_sent = None;
        self.enter(LinkState::Connected).await
    }

    /// The broker refused these topics; one that it refuses on every connection counts once.
    pub fn refused(&mut self, topics: impl IntoIterator<Item = usize>) {
        self.refused.extend(topics);
        self.now.refused_topics = self.refused.len() as u64;
    }

    /// Tells figures that have changed, where the last telling is a second ago. `false`: the plant is gone.
    pub async fn tell_figures(&mut self, at: Now) -> bool {
        let due = self.told.as_ref().is_none_or(|(told_at, _)| at.mono - *told_at >= FIGURES_EVERY);
        if !due {
            return true;
        }
        self.sum_up(at);
        if self.told.as_ref().is_some_and(|(_, told)| *told == self.now) {
            return !self.field.inputs.is_closed();
        }
        self.tell(at).await
    }

    /// The broker was pinged.
    pub fn ping_sent(&mut self, at: Now) {
        // Under load a second ping may go out before the first is answered.
        self.ping_sent.get_or_insert(at.mono);
    }

    /// The broker answered a ping: the round trip, smoothed over about ten.
    pub fn ping_answered(&mut self, at: Now) {
        let Some(sent) = self.ping_sent.take() else { return };
        let trip = (at.mono - sent).0;
        self.trips.answered(at, Span(trip), self.now.errors());
        self.now.round_trip = Some(Span(self.now.round_trip.map_or(trip, |smooth| smooth.0 + (trip - smooth.0) / 5)));
    }

    async fn tell(&mut self, at: Now) -> bool {
        self.sum_up(at);
        self.told = Some((at.mono, self.now.clone()));
        self.field.link(self.device, self.now.clone()).await
    }

    fn sum_up(&mut self, at: Now) {
        if let Some(seen) = &self.certificates {
            self.now.certificate = seen.first_to_expire().or_else(|| self.now.certificate.take());
        }
        self.now.round_trips = self.trips.sum_up(at, self.now.errors());
        self.now.bytes_in = self.tap.bytes_in();
        self.now.bytes_out = self.tap.bytes_out();
    }
}
