//! What is known of one device's link, told at once where its state changes, and otherwise once a second.

use crate::drivers::Field;
use crate::drivers::roundtrip::RoundTripMeter;
use crate::engine::roundtrip::RoundTrips;
use crate::engine::{DeviceId, DeviceStatus, LinkState};
use crate::time::{Now, Span};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::{info, warn};

/// Figures go out at most this often.
const FIGURES_EVERY: Duration = Duration::from_secs(1);

/// The same device is written of in the log at most this often.
const LOG_EVERY: Duration = Duration::from_mins(1);

/// Nobody listens any more: the plant has stopped.
#[derive(Debug)]
pub(super) struct PlantGone;

/// One device's status and when it was last told.
#[derive(Debug)]
pub(super) struct Score {
    pub(super) device: DeviceId,
    pub(super) status: DeviceStatus,
    trips: RoundTripMeter,
    name: Arc<str>,
    told: Option<Instant>,
    changed: bool,
    logged: Option<Instant>,
    unlogged: u32,
}

impl Score {
    pub(super) fn new(device: DeviceId, name: Arc<str>, now: Now) -> Self {
        let (status, trips) = (DeviceStatus::new(now), RoundTripMeter::new(now));
        Self { device, status, trips, name, told: None, changed: true, logged: None, unlogged: 0 }
    }

    /// It is called something else from now on.
    pub(super) fn rename(&mut self, name: Arc<str>) {
        self.name = name;
    }

    /// Changes figures; they are told with the next status.
    pub(super) fn count(&mut self, change: impl FnOnce(&mut DeviceStatus)) {
        change(&mut self.status);
        self.changed = true;
    }

    /// An answer came, an exception perhaps.
    pub(super) async fn answered(&mut self, field: &Field, received: Now, took: Span) -> Result<(), PlantGone> {
        self.trips.answered(received, took, self.status.errors());
        self.count(|status| {
            status.answers += 1;
            status.last_answer = Some(received);
            status.round_trip =
                Some(status.round_trip.map_or(took, |smooth| Span(smooth.0 + (took.0 - smooth.0) / 10)));
        });
        let before = std::mem::discriminant(&self.status.state);
        if before != std::mem::discriminant(&LinkState::Connected) {
            if matches!(self.status.state, LinkState::NoAnswer(_)) && self.may_log() {
                info!(device = %self.name, "answers again");
            }
            self.enter(field, LinkState::Connected, received).await?;
        }
        Ok(())
    }

    /// The device counts as gone, because of `why`.
    pub(super) async fn gone(&mut self, field: &Field, why: &Arc<str>) -> Result<(), PlantGone> {
        match &self.status.state {
            LinkState::NoAnswer(known) if known == why => Ok(()),
            // Only the reason is another; it is gone since when it was.
            LinkState::NoAnswer(_) => {
                self.status.state = LinkState::NoAnswer(Arc::clone(why));
                self.tell(field).await
            }
            _ => self.enter(field, LinkState::NoAnswer(Arc::clone(why)), field.clock.now()).await,
        }
    }

    /// Enters a state and tells it at once.
    pub(super) async fn enter(&mut self, field: &Field, state: LinkState, now: Now) -> Result<(), PlantGone> {
        self.status.state = state;
        self.status.since = now;
        self.tell(field).await
    }

    /// Notes an error, and writes it to the log where the last line is long enough ago. `raw` are the bytes concerned.
    pub(super) fn error(&mut self, why: &Arc<str>, raw: impl FnOnce() -> String) {
        self.count(|status| status.last_error = Some(Arc::clone(why)));
        let unlogged = self.unlogged;
        if self.may_log() {
            let raw = raw();
            warn!(device = %self.name, unlogged_errors_before = unlogged, raw = %raw, "{why}");
        }
    }

    fn may_log(&mut self) -> bool {
        let now = Instant::now();
        if self.logged.is_some_and(|at| now.duration_since(at) < LOG_EVERY) {
            self.unlogged = self.unlogged.saturating_add(1);
            return false;
        }
        self.logged = Some(now);
        self.unlogged = 0;
        true
    }

    /// When the figures should next be told; `None`: nothing is new. What was measured grows old by itself.
    pub(super) fn tell_at(&self) -> Option<Instant> {
        let every = if self.changed {
            FIGURES_EVERY
        } else if self.status.round_trips.count > 0 {
            RoundTrips::STEP.to_std()
        } else {
            return None;
        };
        Some(self.told.map_or_else(Instant::now, |told| told + every))
    }

    /// Tells all that is known.
    pub(super) async fn tell(&mut self, field: &Field) -> Result<(), PlantGone> {
        self.changed = false;
        self.status.round_trips = self.trips.sum_up(field.clock.now(), self.status.errors());
        self.told = Some(Instant::now());
        if field.link(self.device, self.status.clone()).await { Ok(()) } else { Err(PlantGone) }
    }
}
