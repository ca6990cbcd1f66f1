//! One unit of a line: its polls, its patience, and what its silence and its exceptions mean.

use super::blocks::{Block, Group};
use super::owed::Owed;
use super::pace::Pace;
use super::poll::{Backoff, LONGEST, Poll};
use super::reply::{Tolerance, exception_words};
use super::score::{PlantGone, Score};
use super::wire::{Fault, Outcome, Wire};
use crate::drivers::Field;
use crate::drivers::monitor::{self, DeviceLog};
use crate::drivers::stream::Tap;
use crate::engine::{LineUse, Quality, Report, Sample};
use crate::project::device::ModbusSettings;
use crate::time::{Now, Span};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The longest wait before a unit is probed again while others of its line answer: each probe costs them a timeout.
///
/// With what it may wait for its turn ([`PROBE_MAY_WAIT`](super::connection)) it is asked at least every 30 s, on a line that is
/// asked for more than it carries too.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// After "busy" a request is repeated this much later.
const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// One unit while it runs.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) id: u8,
    pub(super) settings: ModbusSettings,
    pub(super) polls: Vec<Poll>,
    pub(super) score: Score,
    /// What is said with it, for who asks.
    pub(super) log: Arc<DeviceLog>,
    /// Requests in a row that were not answered.
    pub(super) failures: u32,
    /// While it is gone.
    pub(super) probe: Option<Probe>,
    /// How long its answers took when it gave some.
    pace: Pace,
    /// What it may answer yet, on a line that does not tell late answers.
    owed: Owed,
    /// It is not asked before this, so that what is late comes where nobody waits for an answer.
    pub(super) rests_until: Option<Instant>,
}

fn span(duration: Duration) -> Span {
    Span(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}

/// What a unit is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum What<'a> {
    /// The current block of a poll.
    Poll(usize),
    /// A block that is of no poll.
    Block(&'a Block),
}

/// How a unit that is gone is asked whether it is back.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) at: Instant,
    pub(super) backoff: Backoff,
    /// Which of its polls lends its current block.
    pub(super) poll: usize,
    /// How many there have been.
    asked: u32,
}

impl Probe {
    pub(super) const fn new(at: Instant, backoff: Backoff, poll: usize) -> Self {
        Self { at, backoff, poll, asked: 0 }
    }
}

impl Unit {
    pub(super) fn new(
        settings: ModbusSettings,
        groups: Vec<Group>,
        score: Score,
        log: Arc<DeviceLog>,
        now: Instant,
    ) -> Self {
        Self {
            id: settings.unit_id,
            settings,
            polls: groups.into_iter().filter_map(|group| Poll::new(group, now)).collect(),
            score,
            log,
            failures: 0,
            probe: None,
            pace: Pace::default(),
            owed: Owed::default(),
            rests_until: None,
        }
    }

    /// Polls these from now on. What is known of blocks that stay as they are stays known: which were parted, which the unit
    /// ignores, and when they are due.
    pub(super) fn replan(&mut self, groups: Vec<Group>, now: Instant) {
        let mut before = std::mem::take(&mut self.polls);
        for group in groups {
            let interval = group.interval.to_std().min(LONGEST);
            let known = before.iter().position(|poll| poll.interval == interval);
            match known.map(|at| before.swap_remove(at)) {
                Some(poll) => self.polls.extend(poll.replan(group, now)),
                None => self.polls.extend(Poll::new(group, now)),
            }
        }
        match &mut self.probe {
            Some(_) if self.polls.is_empty() => self.probe = None,
            Some(probe) => probe.poll = probe.poll.min(self.polls.len() - 1),
            None => {}
        }
    }

    /// Asks for the current block of a poll, or another; with the outcome comes when it was asked for. Where answers bear no number,
    /// and some are owed that would look the same, it asks so often that the last answer is its own.
    pub(super) async fn ask(
        &mut self,
        wire: &mut Wire,
        what: What<'_>,
        field: &Field,
        tap: &Tap,
        pace: &mut Pace,
    ) -> (Result<Outcome, Fault>, Now) {
        let timeout = match &mut self.probe {
            Some(probe) => {
                probe.asked = probe.asked.wrapping_add(1);
                pace.patience(self.pace, probe.asked.wrapping_sub(1), self.settings.timeout)
            }
            None => self.settings.timeout,
        };
        // By what it may be late, a probe's own does not say.
        let patience = self.settings.timeout.to_std().min(LONGEST);
        let tolerance = Tolerance {
            unit: self.settings.ignore_unit_mismatch,
            transaction: self.settings.ignore_transaction_mismatch,
        };
        let numbered = self.settings.transport.has_transactions() && !tolerance.transaction;
        let mut heard = 0;
        loop {
            let asked = field.clock.now();
            let current = match what {
                What::Poll(poll) => self.polls.get_mut(poll).and_then(Poll::current).map(|part| &part.block),
                What::Block(block) => Some(block),
            };
            let Some(block) = current else {
                return (Err(Fault::Io("nothing is asked for".to_owned())), asked);
            };
            let now = Instant::now();
            self.owed.asking(now, patience);
            self.rests_until = None;
            let (bytes_in, bytes_out) = (tap.bytes_in(), tap.bytes_out());
            let outcome = wire.ask(self.id, block, timeout, tolerance).await;
            self.score.count(|status| {
                status.requests += 1;
                status.bytes_in += tap.bytes_in() - bytes_in;
                status.bytes_out += tap.bytes_out() - bytes_out;
            });
            let took = now.elapsed();
            let round_trip = field.clock.now().mono - asked.mono;
            keep(&self.log, block, (asked, round_trip), tap, (bytes_in, bytes_out), &outcome);
            if outcome.is_ok() {
                pace.answered(took);
            }
            if !matches!(outcome, Err(_) | Ok(Outcome::Exception(10 | 11))) {
                self.pace.answered(took);
            }
            if numbered {
                return (outcome, asked);
            }
            let now = now + took;
            match &outcome {
                Ok(answer) => {
                    let is_exception = matches!(answer, Outcome::Exception(_));
                    if heard < self.owed.before(block, is_exception) {
                        heard += 1;
                        sleep(self.settings.pause_between_requests.to_std().min(LONGEST)).await;
                        continue;
                    }
                    self.owed.answered(block, is_exception);
                }
                Err(_) => self.owed.missed(block, now),
            }
            self.rests_until = self.owed.wants_rest(now, patience);
            return (outcome, asked);
        }
    }

    /// What the line's time goes to, of which these thousandths are known: of all, and of this unit.
    pub(super) fn line_use(&self, thousandths: Option<(u16, u16)>) -> Option<LineUse> {
        let (load, share) = thousandths?;
        let fastest = self.polls.first()?;
        let cycle = fastest.cycle().filter(|_| self.probe.is_none());
        Some(LineUse { load, share, cycle: cycle.map(span), asked: span(fastest.interval) })
    }

    /// A request was not answered, because of `why`.
    pub(super) async fn failed(
        &mut self,
        why: &Arc<str>,
        poll: usize,
        longest: Duration,
        field: &Field,
        now: Instant,
    ) -> Result<(), PlantGone> {
        let polls = self.polls.len();
        let Some(round) = self.polls.get_mut(poll) else { return Ok(()) };
        if let Some(probe) = &mut self.probe {
            probe.at = now + probe.backoff.step(longest);
            if round.turn_to_next(now) {
                probe.poll = (probe.poll + 1) % polls;
            }
            return self.score.gone(field, why).await;
        }
        let Some(part) = round.current() else { return Ok(()) };
        if let Some((until, backoff)) = &mut part.mute {
            *until = now + backoff.step(LONGEST_WAIT);
            round.advance(now);
            return Ok(());
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures <= u32::from(self.settings.retries) {
            // Behind the others that are late by now.
            round.due = now;
            return Ok(());
        }
        if part.suspect {
            // The same block again, and the unit has answered another since: it ignores this one, and is not gone.
            let mut backoff = Backoff::new();
            part.suspect = false;
            part.mute = Some((now + backoff.step(LONGEST_WAIT), backoff));
            self.failures = 0;
            let samples = bad(&part.block, Quality::NO_COMMUNICATION, why);
            round.advance(now);
            return tell(field, field.clock.now(), samples).await;
        }
        part.suspect = true;
        round.turn_to_next(now);
        let mut backoff = Backoff::new();
        let at = now + backoff.step(longest);
        self.probe = Some(Probe::new(at, backoff, poll));
        self.score.gone(field, why).await
    }
}

/// An exception that is the unit's own. `true`: the round is done.
pub(super) async fn exception(
    code: u8,
    retries: u8,
    score: &mut Score,
    round: &mut Poll,
    field: &Field,
    now: Instant,
) -> Result<bool, PlantGone> {
    let Some(part) = round.current() else { return Ok(false) };
    let why: Arc<str> = exception_words(code).into();
    score.count(|status| status.count_exception(code));
    score.error(&format!("{why} ({})", part.block).into(), String::new);
    if matches!(code, 5 | 6) && part.busy < u32::from(retries.max(1)) {
        part.busy += 1;
        round.due = now + BUSY_PAUSE;
        return Ok(false);
    }
    part.busy = 0;
    // An address or a quantity that it does not know; which one, smaller requests will tell.
    if matches!(code, 2 | 3) && round.part(now) {
        return Ok(false);
    }
    let Some(part) = round.current() else { return Ok(false) };
    part.refused = true;
    let samples = bad(&part.block, Quality::DEVICE_FAULT, &why);
    let done = round.advance(now);
    tell(field, field.clock.now(), samples).await?;
    Ok(done)
}

/// Every tag of a block, without a value for one reason.
fn bad(block: &Block, quality: Quality, why: &Arc<str>) -> Vec<Sample> {
    block.spots.iter().map(|spot| Sample::bad(spot.tag, quality, Some(Arc::clone(why)))).collect()
}

pub(super) async fn tell(field: &Field, received: Now, samples: Vec<Sample>) -> Result<(), PlantGone> {
    let report = Report { generation: field.generation, received, samples };
    if field.report(report).await { Ok(()) } else { Err(PlantGone) }
}

/// Keeps an exchange for who asks. `before`: the tap's bytes in and out before it; were none sent since, the tap still
/// shows the exchange before.
fn keep(
    log: &DeviceLog,
    block: &Block,
    when: (Now, Span),
    tap: &Tap,
    before: (u64, u64),
    outcome: &Result<Outcome, Fault>,
) {
    let request = monitor::Request { area: block.area, start: block.start, count: block.count };
    let outcome = match outcome {
        Ok(Outcome::Samples(_)) => monitor::Outcome::Answered,
        Ok(Outcome::Exception(code)) => monitor::Outcome::Exception(*code),
        Err(fault) => monitor::Outcome::Failed(fault.to_string().into()),
    };
    let (some_in, some_out) = (tap.bytes_in() > before.0, tap.bytes_out() > before.1);
    tap.with_last_exchange(|sent, received| {
        let frames = match (some_out, some_in) {
            (true, true) => (sent, received),
            (true, false) => (sent, &[][..]),
            (false, _) => (&[][..], &[][..]),
        };
        log.exchanges().exchanged(request, when, frames, outcome);
    });
}
