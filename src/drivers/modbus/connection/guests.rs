//! Requests of guests on the line that polls: they take the time that polls leave, as the workbench's reads do, after those.
//!
//! A unit of the plant is asked as its polls are, so that no late answer is taken for that of another request. One that is
//! gone is not asked. The others are none of the plant's: where the line does not look at the number of the unit in an answer
//! (`ignore-unit-mismatch`), a late one of theirs could be taken for that of a poll, and they are not asked at all.

use super::{Line, PlantGone};
use crate::drivers::modbus::guest::{Guest, Wish};
use crate::drivers::modbus::identity::Identified;
use crate::drivers::modbus::poll::LONGEST;
use crate::drivers::modbus::reply::Tolerance;
use crate::drivers::modbus::unit::What;
use crate::drivers::modbus::wire::{self, Fault, Outcome};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A line that is never free serves one guest after so long.
const STARVED: Duration = Duration::from_secs(2);

/// What an answer is thought to take where none is known yet.
const USUAL: Duration = Duration::from_millis(50);

impl Line {
    /// A guest comes in. Never, while another waits.
    pub(super) async fn let_in(guests: &mut Option<tokio::sync::mpsc::Receiver<Guest>>, waits: bool) -> Guest {
        if let (false, Some(guests)) = (waits, guests)
            && let Some(guest) = guests.recv().await
        {
            return guest;
        }
        std::future::pending().await
    }

    /// When the guest that waits may be asked for, if that is before a poll at `next`.
    pub(super) fn guest_turn(&mut self, next: Option<Instant>) -> Option<Instant> {
        if self.guest.as_ref().is_some_and(|(_, guest)| guest.wish.is_given_up()) {
            self.guest = None;
        }
        let (came, guest) = self.guest.as_ref()?;
        let now = Instant::now();
        let known = self.units.iter().find(|unit| unit.id == guest.unit && unit.probe.is_none());
        let patience = guest.timeout.to_std().min(LONGEST);
        // A unit that nobody knows may be none: it costs all of the patience.
        let answer =
            known.map_or(patience, |unit| unit.score.status.round_trip.map_or(USUAL, |trip| trip.to_std() * 2));
        let on_line = match &guest.wish {
            Wish::Read(block, _) => wire::time_on_line(&self.transport, block).to_std(),
            Wish::Identify(..) => USUAL,
        };
        let rests = known.and_then(|unit| unit.rests_until).map_or(now, |until| until.max(now));
        let needs = answer + on_line + self.pause_between_requests;
        let fits = next.is_none_or(|next| rests + needs <= next);
        (fits || now.saturating_duration_since(*came) >= STARVED).then_some(rests)
    }

    /// Asks for the guest that waits, and tells what came of it.
    pub(super) async fn serve_guest(&mut self) -> Result<(), PlantGone> {
        let Some((_, guest)) = self.guest.take() else { return Ok(()) };
        if let Some(last) = self.last_exchange.filter(|_| !self.pause_between_requests.is_zero()) {
            sleep_until(last + self.pause_between_requests).await;
        }
        let began = Instant::now();
        let takes_any = self.units.iter().any(|unit| unit.settings.ignore_unit_mismatch);
        let Self { wire, units, field, last_exchange, tap, expected, pace, usage, .. } = self;
        let Guest { unit: id, wish, timeout } = guest;
        let index = units.iter().position(|unit| unit.id == id);
        let known = index.and_then(|index| units.get_mut(index));
        let refusal = match (&known, wire.is_some()) {
            (Some(unit), _) if unit.probe.is_some() => Some("it does not answer the plant that polls it either"),
            (None, _) if takes_any => Some("this line takes answers of any unit (ignore-unit-mismatch)"),
            (_, false) => Some("the line is not connected"),
            _ => None,
        };
        if let Some(why) = refusal {
            wish.refuse(Fault::Io(why.to_owned()));
            return Ok(());
        }
        let Some(open) = wire.as_mut() else { return Ok(()) };
        let mut answered = None;
        match wish {
            Wish::Read(block, answer) => {
                let outcome = match known {
                    Some(unit) => {
                        let (outcome, asked) = unit.ask(open, What::Block(&block), field, tap, pace).await;
                        answered = outcome.is_ok().then_some(asked);
                        outcome
                    }
                    None => open.ask(id, &block, timeout, Tolerance::default()).await,
                };
                // Whoever asked may be gone.
                let _unheard: Result<(), Result<Outcome, Fault>> = answer.send(outcome);
            }
            Wish::Identify(object, answer) => {
                let outcome = open.identify(id, object, timeout).await;
                let _unheard: Result<(), Result<Identified, Fault>> = answer.send(outcome);
            }
        }
        *last_exchange = Some(Instant::now());
        // A silent unit says nothing of the line.
        if !open.is_in_step() {
            (*wire, *expected) = (None, false);
        }
        let unit = index.and_then(|index| units.get_mut(index));
        if let (Some(index), Some(unit)) = (index, unit) {
            if let Some(asked) = answered {
                let received = field.clock.now();
                unit.score.answered(field, received, received.mono - asked.mono).await?;
            }
            usage.used(index, began, Instant::now());
        }
        Ok(())
    }

    /// No connection could be made for it.
    pub(super) fn guest_refused(&mut self) {
        if let Some((_, guest)) = self.guest.take() {
            let why = self.refused.as_deref().unwrap_or("no connection");
            guest.wish.refuse(Fault::Io(why.to_owned()));
        }
    }
}
