//! A line that becomes another while its wire stands: it polls what another plan of the project wants, from the next request
//! on.
//!
//! Invariant: it changes between two exchanges, never within one, so that an answer is decoded by the block that asked for it.
//! What a unit may answer late stays known (`owed`), and so does how it fares: it is the same unit.

use super::{Connection, Line, PlantGone, UnitPlan, longest_pause};
use crate::drivers::modbus::score::Score;
use crate::drivers::modbus::unit::Unit;
use crate::drivers::modbus::usage::Usage;
use crate::engine::{Generation, LinkState, Quality, Sample};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// What a running connection is to become. The newest counts, and is kept for one that is started again.
pub type Changes = watch::Receiver<Option<Arc<Change>>>;

/// See [`Changes`].
#[derive(Debug)]
pub struct Change {
    /// Of which plan it is.
    pub generation: Generation,
    /// All of it.
    pub connection: Arc<Connection>,
}

impl Connection {
    /// As it was last told to be, with the generation of that plan where it was told.
    pub(super) fn last_told(mut self) -> (Self, Option<Generation>) {
        let told = self.changes.as_ref().and_then(|changes| changes.borrow().clone());
        let Some(change) = told else { return (self, None) };
        let changes = self.changes.take();
        (Self { changes, ..Self::clone(&change.connection) }, Some(change.generation))
    }
}

impl Line {
    /// Ends when it is told to become another. May be dropped at any time.
    pub(super) async fn told(changes: &mut Option<Changes>) {
        let told = match changes {
            Some(changes) => changes.changed().await.is_ok(),
            None => false,
        };
        if !told {
            std::future::pending::<()>().await;
        }
    }

    /// Becomes what it was told to, if anything.
    pub(super) async fn take_change(&mut self) -> Result<(), PlantGone> {
        let present = self.field.generation;
        let change = self.changes.as_ref().and_then(|changes| changes.borrow().clone());
        let Some(change) = change.filter(|change| change.generation != present) else { return Ok(()) };
        let Connection { units, .. } = Connection::clone(&change.connection);
        self.field.generation = change.generation;
        self.pause_between_requests = longest_pause(&units, |s| s.pause_between_requests);
        self.pause_after_connect = longest_pause(&units, |s| s.pause_after_connect);
        let now = Instant::now();
        let mut before = std::mem::take(&mut self.units);
        let were: Vec<_> = before.iter().map(|unit| unit.score.device).collect();
        for UnitPlan { device, name, settings, reads } in units {
            self.unreadable.extend(
                reads
                    .unreadable
                    .iter()
                    .filter(|(tag, _)| !self.unreadable_told.contains(tag))
                    .map(|(tag, why)| Sample::bad(*tag, Quality::CONFIGURATION, Some(Arc::clone(why)))),
            );
            // A number is one device that is asked in one way.
            if let Some(at) = before.iter().position(|unit| unit.score.device == device) {
                let mut unit = before.swap_remove(at);
                unit.score.rename(name);
                let polled = !unit.polls.is_empty();
                unit.replan(reads.groups, now);
                if polled == unit.polls.is_empty() {
                    unit.begin(&self.field).await?;
                }
                self.units.push(unit);
            } else {
                let log = self.field.monitor.device(device);
                let score = Score::new(device, name, self.field.clock.now());
                let mut unit = Unit::new(settings, reads.groups, score, log, now);
                unit.begin(&self.field).await?;
                self.units.push(unit);
            }
        }
        if !were.iter().copied().eq(self.units.iter().map(|unit| unit.score.device)) {
            self.usage = Usage::new(self.units.len(), now);
        }
        self.tell_unreadable().await
    }
}

impl Unit {
    /// Says how it is when it begins, or when it is read for the first time or no more.
    pub(super) async fn begin(&mut self, field: &crate::drivers::Field) -> Result<(), PlantGone> {
        let state = if self.polls.is_empty() {
            LinkState::Unserved("no tag is read from it".into())
        } else {
            LinkState::Connecting
        };
        self.probe = None;
        self.failures = 0;
        let since = field.clock.now();
        self.score.enter(field, state, since).await
    }
}
