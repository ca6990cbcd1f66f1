//! Reads for the workbench, on the line that polls: they take the time that polls leave.
//!
//! A read goes out where it will be answered before the next poll is due. On a line that has no such gap one goes out every
//! few seconds all the same, so that something is seen, and delays one poll by one request; rounds keep to their grid. A
//! unit that is gone is left to its probe. One that no tag is read from has this alone, and its connection is closed when
//! nobody looks any more.

use super::{Line, PlantGone};
use crate::drivers::modbus::blocks::{Block, Spot};
use crate::drivers::modbus::reply::exception_words;
use crate::drivers::modbus::unit::What;
use crate::drivers::modbus::value::Cell;
use crate::drivers::modbus::wire::{self, Fault, Outcome};
use crate::drivers::monitor::Wanted;
use crate::engine::TagId;
use crate::project::{ByteHalf, DataType};
use crate::time::Span;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A line that is never free serves one read after so long.
const STARVED: Duration = Duration::from_secs(5);

/// What an answer is thought to take where none is known yet.
const USUAL: Duration = Duration::from_millis(50);

impl Line {
    /// The read that is wanted next, if it can go before a poll at `next`: from when on, and of which unit.
    pub(super) fn bench_turn(&self, next: Option<Instant>) -> Option<(Instant, usize)> {
        let (now, mono) = (Instant::now(), self.field.clock.now().mono);
        let wishes =
            self.units.iter().enumerate().filter(|(_, unit)| unit.probe.is_none()).filter_map(|(index, unit)| {
                let (at, wanted) = unit.log.bench().due(mono)?;
                let since = (mono - at).to_std();
                let at = if at > mono { now + (at - mono).to_std() } else { now.checked_sub(since).unwrap_or(now) };
                Some((unit.rests_until.map_or(at, |until| until.max(at)), index, wanted))
            });
        let (at, index, wanted) = wishes.min_by_key(|(at, ..)| *at)?;
        let unit = self.units.get(index)?;
        let round_trip = unit.score.status.round_trip.map_or(USUAL, |trip| trip.to_std() * 2);
        let on_line = wire::time_on_line(&self.transport, &block_of(wanted, unit.settings.max_registers)).to_std();
        let needs = round_trip + on_line + self.pause_between_requests;
        let fits = next.is_none_or(|next| at.max(now) + needs <= next);
        (fits || now.saturating_duration_since(at) >= STARVED).then_some((at, index))
    }

    /// One read for the workbench, and all that follows from its outcome.
    pub(super) async fn bench(&mut self, index: usize) -> Result<(), PlantGone> {
        let began = Instant::now();
        if let Some(last) = self.last_exchange.filter(|_| !self.pause_between_requests.is_zero()) {
            sleep_until(last + self.pause_between_requests).await;
        }
        let shared = self.units.len() > 1;
        let Self { wire, units, field, last_exchange, tap, expected, pace, .. } = self;
        let (Some(unit), Some(open)) = (units.get_mut(index), wire.as_mut()) else { return Ok(()) };
        let mono = field.clock.now().mono;
        let Some((_, wanted)) = unit.log.bench().due(mono) else { return Ok(()) };
        let block = block_of(wanted, unit.settings.max_registers);
        let was_answered = open.answered;
        let (outcome, asked) = unit.ask(open, What::Block(&block), field, tap, pace).await;
        let received = field.clock.now();
        let took = received.mono - asked.mono;
        *last_exchange = Some(Instant::now());
        if outcome.is_ok() {
            if unit.polls.is_empty() {
                // It is still a device that no tag is read from.
                unit.score.count(|status| status.answers += 1);
            } else {
                unit.score.answered(field, received, took).await?;
            }
        }
        match outcome {
            Ok(Outcome::Samples(samples)) => {
                let words: Vec<u16> = samples
                    .iter()
                    .map(|sample| {
                        sample.value.as_ref().and_then(crate::engine::Value::as_f64).unwrap_or_default() as u16
                    })
                    .collect();
                unit.log.bench().read(asked, took, &words);
            }
            Ok(Outcome::Exception(code)) => {
                unit.score.count(|status| status.count_exception(code));
                unit.log.bench().refused(received.mono, code, &exception_words(code));
            }
            Err(fault) => {
                if !open.is_of_use(shared) {
                    *wire = None;
                    *expected = false;
                }
                // Devices close connections that were idle: it is asked again on a new one.
                if fault != Fault::Closed || !was_answered {
                    unit.score.count(|status| match fault {
                        Fault::Timeout(..) => status.timeouts += 1,
                        Fault::Mismatch(_) => status.mismatches += 1,
                        Fault::Closed | Fault::Unplugged | Fault::Io(_) => {}
                    });
                    unit.log.bench().failed(received.mono, &fault.to_string(), false);
                }
            }
        }
        if self.units.get(index).is_some_and(|unit| unit.settings.close_after_poll) {
            self.rest();
        }
        self.usage.used(index, began, Instant::now());
        Ok(())
    }

    /// No connection could be made for it.
    pub(super) fn bench_refused(&self, index: usize) {
        let Some(unit) = self.units.get(index).filter(|unit| unit.polls.is_empty()) else { return };
        let why = self.refused.as_deref().unwrap_or("no connection");
        unit.log.bench().failed(self.field.clock.now().mono, why, true);
    }
}

/// Its registers one by one; no more than the device gives in one answer.
fn block_of(wanted: Wanted, max_registers: u16) -> Block {
    let count = wanted.count.min(max_registers.max(1)).max(1);
    let cell =
        Cell { data_type: DataType::U16, swap_bytes: false, reverse_words: false, bit: None, half: ByteHalf::Low };
    // No tag of the plan: the samples go to the bench alone.
    let spots = (0..count).map(|offset| Spot { tag: TagId(u32::from(offset)), offset, width: 1, cell }).collect();
    Block { area: wanted.area, start: wanted.start, count, spots }
}

/// While nobody polls, a connection that was made for the workbench is kept so long.
pub(super) const KEPT_OPEN: Span = Span::from_secs(5);
