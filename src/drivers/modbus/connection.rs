//! One connection and the units behind it: who is asked next, how patiently, and what becomes of the answers.
//!
//! What a fault means, in order of what it costs:
//! - An exception is an answer. It marks the tags of its block (`bad:device-fault`), and the link stays. "Illegal address"
//!   first parts the block, so that one bad register marks its own tags alone; "busy" is asked again shortly after.
//! - A gateway that says that its target is silent (exceptions 10 and 11) speaks of that unit; the wire stays.
//! - Anything else leaves the wire out of step: it is dropped and made anew, and the request repeated `retries` times.
//!   Then the unit is gone, and is probed ever more slowly, so that the others behind the same address keep their rhythm.
//! - Where no wire can be made, all units behind it are gone.
//!
//! Invariant: nothing here can end the task but the plant's end, and it may be aborted at any await.

use super::blocks::{Block, Reads, plan_reads};
use super::poll::{Backoff, LONGEST, Poll};
use super::reply::{Tolerance, exception_words};
use super::score::{PlantGone, Score};
use super::wire::{self, Fault, Outcome, Wire};
use crate::drivers::Field;
use crate::drivers::monitor::{self, DeviceLog};
use crate::drivers::stream::Tap;
use crate::engine::{DeviceId, LinkState, Plan, Quality, Report, Sample};
use crate::project::Endpoint;
use crate::project::device::ModbusSettings;
use crate::time::{Now, Span};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// The longest wait between two probes of a unit that others share a line with: each costs them a timeout.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The longest wait between two attempts to connect, and between two probes of a unit that has its line for itself:
/// nobody else waits for it, and an operator who mended something wants to see it soon.
const LONGEST_WAIT_ALONE: Duration = Duration::from_secs(5);

/// After "busy" a request is repeated this much later.
const BUSY_PAUSE: Duration = Duration::from_millis(100);

/// How urgent a probe of a unit that is gone is, beside polls that are due.
const PROBE_MAY_WAIT: Duration = Duration::from_secs(5);

/// All units behind one address, with the reads planned for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    host: String,
    port: u16,
    units: Vec<UnitPlan>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct UnitPlan {
    device: DeviceId,
    name: Arc<str>,
    settings: ModbusSettings,
    reads: Reads,
}

impl Connection {
    /// `192.168.1.10:502`, for messages.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The devices that it serves.
    pub fn devices(&self) -> impl Iterator<Item = DeviceId> {
        self.units.iter().map(|unit| unit.device)
    }
}

/// The connections of a plan, in the order in which its devices name them.
pub fn connections(plan: &Plan) -> Vec<Connection> {
    let mut connections: Vec<Connection> = Vec::new();
    for (i, device) in plan.devices.iter().enumerate() {
        let Endpoint::ModbusTcp(settings) = &device.device.endpoint else { continue };
        let id = DeviceId(i as u32);
        let reads = plan_reads(plan, id, settings);
        let unit = UnitPlan { device: id, name: Arc::clone(&device.name), settings: settings.clone(), reads };
        match connections.iter_mut().find(|c| c.port == settings.port && c.host.eq_ignore_ascii_case(&settings.host)) {
            Some(connection) => connection.units.push(unit),
            None => {
                connections.push(Connection { host: settings.host.clone(), port: settings.port, units: vec![unit] });
            }
        }
    }
    connections
}

/// Polls all units of `connection` until the plant stops listening.
pub async fn run(connection: Connection, field: Field) {
    let Err(PlantGone) = Line::new(connection, field).serve().await;
}

/// One unit while it runs.
#[derive(Debug)]
struct Unit {
    id: u8,
    settings: ModbusSettings,
    polls: Vec<Poll>,
    score: Score,
    /// What is said with it, for who asks.
    log: Arc<DeviceLog>,
    /// Requests in a row that were not answered.
    failures: u32,
    /// While it is gone.
    probe: Option<Probe>,
}

/// How a unit that is gone is asked whether it is back.
#[derive(Debug)]
struct Probe {
    at: Instant,
    backoff: Backoff,
    /// Which of its polls lends its current block.
    poll: usize,
}

#[derive(Debug)]
struct Line {
    host: String,
    port: u16,
    field: Field,
    tap: Arc<Tap>,
    units: Vec<Unit>,
    wire: Option<Wire>,
    backoff: Backoff,
    /// No attempt to connect before this.
    blocked_until: Option<Instant>,
    /// Whether the next connection is the first, or follows a close of ours: then it is no reconnection.
    expected: bool,
    last_exchange: Option<Instant>,
    pause_between_requests: Duration,
    pause_after_connect: Duration,
    /// Tags that no read can serve, told once at the start.
    unreadable: Vec<Sample>,
}

impl Line {
    fn new(connection: Connection, field: Field) -> Self {
        let now = Instant::now();
        let started = field.clock.now();
        let longest = |pause: fn(&ModbusSettings) -> Span| {
            connection.units.iter().map(|u| pause(&u.settings)).max().unwrap_or_default().to_std().min(LONGEST)
        };
        let pause_between_requests = longest(|s| s.pause_between_requests);
        let pause_after_connect = longest(|s| s.pause_after_connect);
        let mut unreadable = Vec::new();
        let units = connection.units.into_iter().map(|unit| {
            let faults = unit.reads.unreadable;
            unreadable.extend(faults.into_iter().map(|(tag, why)| Sample::bad(tag, Quality::CONFIGURATION, Some(why))));
            Unit {
                id: unit.settings.unit_id,
                settings: unit.settings,
                polls: unit.reads.groups.into_iter().filter_map(|group| Poll::new(group, now)).collect(),
                score: Score::new(unit.device, unit.name, started),
                log: field.monitor.device(unit.device),
                failures: 0,
                probe: None,
            }
        });
        let units = units.collect();
        let tap = wire::tap(field.clock.clone());
        tap.trace_to(field.monitor.trace());
        Self {
            host: connection.host,
            port: connection.port,
            tap,
            field,
            units,
            wire: None,
            backoff: Backoff::new(LONGEST_WAIT_ALONE),
            blocked_until: None,
            expected: true,
            last_exchange: None,
            pause_between_requests,
            pause_after_connect,
            unreadable,
        }
    }

    async fn serve(&mut self) -> Result<Infallible, PlantGone> {
        for unit in &mut self.units {
            let state = if unit.polls.is_empty() {
                LinkState::Unserved("no tag is read from it".into())
            } else {
                LinkState::Connecting
            };
            let since = unit.score.status.since;
            unit.score.enter(&self.field, state, since).await?;
        }
        let unreadable = std::mem::take(&mut self.unreadable);
        if !unreadable.is_empty() {
            tell(&self.field, self.field.clock.now(), unreadable).await?;
        }
        loop {
            let Some((due, unit, poll)) = self.next() else { std::future::pending().await };
            let blocked = if self.wire.is_none() { self.blocked_until } else { None };
            self.wait(blocked.map_or(due, |until| until.max(due))).await?;
            if self.wire.is_none() && !self.connect(unit).await? {
                continue;
            }
            if let Some(last) = self.last_exchange.filter(|_| !self.pause_between_requests.is_zero()) {
                sleep_until(last + self.pause_between_requests).await;
            }
            self.turn(unit, poll).await?;
        }
    }

    /// Whose turn it is: of those that are due, the one whose next round comes first; else the one that is due first.
    fn next(&self) -> Option<(Instant, usize, usize)> {
        let now = Instant::now();
        let candidates = self.units.iter().enumerate().flat_map(|(u, unit)| {
            let probe = unit.probe.as_ref().map(|probe| (probe.at, probe.at + PROBE_MAY_WAIT, u, probe.poll));
            let polls = unit.polls.iter().enumerate().map(move |(p, poll)| (poll.due, poll.deadline(), u, p));
            // A unit that is gone has one candidate, its probe; one without polls has none.
            let polls = polls.filter(move |_| unit.probe.is_none());
            probe.into_iter().chain(polls)
        });
        candidates
            .min_by_key(|&(due, deadline, u, p)| if due <= now { (false, deadline, u, p) } else { (true, due, u, p) })
            .map(|(due, _, u, p)| (due, u, p))
    }

    /// Waits, and tells figures meanwhile.
    async fn wait(&mut self, until: Instant) -> Result<(), PlantGone> {
        loop {
            let now = Instant::now();
            for unit in &mut self.units {
                if unit.score.tell_at().is_some_and(|at| at <= now) {
                    unit.score.tell(&self.field).await?;
                }
            }
            if until <= now {
                return Ok(());
            }
            let tell_at = self.units.iter().filter_map(|unit| unit.score.tell_at()).min();
            sleep_until(tell_at.map_or(until, |at| at.min(until))).await;
        }
    }

    /// Connects, as patiently as the unit that is to be asked wants it. `false`: not now.
    async fn connect(&mut self, asking: usize) -> Result<bool, PlantGone> {
        let began = Instant::now();
        let patience = self.units.get(asking).map_or(Span::from_secs(1), |unit| unit.settings.timeout);
        match Wire::connect(&self.host, self.port, patience, Arc::clone(&self.tap)).await {
            Ok(wire) => {
                self.wire = Some(wire);
                self.blocked_until = None;
                self.backoff.reset();
                if !std::mem::take(&mut self.expected) {
                    self.units.iter_mut().for_each(|unit| unit.score.count(|status| status.reconnects += 1));
                }
                sleep(self.pause_after_connect).await;
                Ok(true)
            }
            Err(why) => {
                let why: Arc<str> = why.into();
                let longest = self.longest_wait();
                let mut hopeful = false;
                for unit in self.units.iter_mut().filter(|unit| !unit.polls.is_empty()) {
                    unit.failures = unit.failures.saturating_add(1);
                    unit.score.error(&why, String::new);
                    if unit.failures > u32::from(unit.settings.retries) {
                        unit.score.gone(&self.field, &why).await?;
                        // As soon as there is a wire; until then the line's own wait counts.
                        unit.probe = Some(Probe { at: began, backoff: Backoff::new(longest), poll: 0 });
                    } else {
                        hopeful = true;
                    }
                }
                let wait = self.backoff.step();
                // While it is not yet known that they are gone, no attempt lasts longer than an answer may.
                let wait = if hopeful { wait.min(patience.to_std().saturating_sub(began.elapsed())) } else { wait };
                self.blocked_until = Some(Instant::now() + wait);
                self.expected = false;
                Ok(false)
            }
        }
    }

    /// One request of one unit, and all that follows from its outcome.
    async fn turn(&mut self, unit: usize, poll: usize) -> Result<(), PlantGone> {
        let longest = self.longest_wait();
        let Self { wire, units, field, last_exchange, tap, expected, .. } = self;
        let (Some(unit), Some(wire)) = (units.get_mut(unit), wire.as_mut()) else { return Ok(()) };
        let now = Instant::now();
        let Some(round) = unit.polls.get_mut(poll) else { return Ok(()) };
        let Some(part) = round.current() else {
            round.restart(now);
            return Ok(());
        };
        if unit.probe.is_none() && part.mute.as_ref().is_some_and(|(until, _)| now < *until) {
            round.advance(now);
            return Ok(());
        }

        let tolerance = Tolerance {
            unit: unit.settings.ignore_unit_mismatch,
            transaction: unit.settings.ignore_transaction_mismatch,
        };
        let (bytes_in, bytes_out) = (tap.bytes_in(), tap.bytes_out());
        let asked = field.clock.now();
        let outcome = wire.ask(unit.id, &part.block, unit.settings.timeout, tolerance).await;
        let received = field.clock.now();
        let now = Instant::now();
        *last_exchange = Some(now);
        unit.score.count(|status| {
            status.requests += 1;
            status.bytes_in += tap.bytes_in() - bytes_in;
            status.bytes_out += tap.bytes_out() - bytes_out;
        });
        keep(&unit.log, &part.block, (asked, received.mono - asked.mono), tap, (bytes_in, bytes_out), &outcome);

        let was_answered = wire.answered;
        let why: Arc<str> = match outcome {
            Ok(Outcome::Exception(code @ (10 | 11))) => {
                unit.score.count(|status| status.count_exception(code));
                if code == 11 { "gateway: target did not respond".into() } else { "gateway: path unavailable".into() }
            }
            Ok(outcome) => {
                unit.score.answered(field, received, received.mono - asked.mono).await?;
                part.suspect = false;
                part.mute = None;
                unit.failures = 0;
                let was_gone = unit.probe.take().is_some();
                let done = match outcome {
                    Outcome::Samples(samples) => {
                        part.busy = 0;
                        tell(field, received, samples).await?;
                        round.advance(now)
                    }
                    Outcome::Exception(code) => {
                        exception(code, unit.settings.retries, &mut unit.score, round, field, now).await?
                    }
                };
                if was_gone {
                    unit.polls.iter_mut().for_each(|poll| poll.restart(now));
                } else if done && unit.settings.close_after_poll {
                    self.rest();
                }
                return Ok(());
            }
            Err(fault) => {
                let quietly = fault == Fault::Closed && was_answered;
                self.wire = None;
                *expected = false;
                if quietly {
                    // Devices close connections that were idle. That is found only by asking; ask again on a new one.
                    return Ok(());
                }
                unit.score.count(|status| match fault {
                    Fault::Timeout(..) => status.timeouts += 1,
                    Fault::Mismatch(_) => status.mismatches += 1,
                    Fault::Closed | Fault::Io(_) => {}
                });
                fault.to_string().into()
            }
        };
        unit.score.error(&why, || exchange_words(tap));
        unit.failed(&why, poll, longest, field, now).await
    }

    /// How slowly a unit that is gone may be probed.
    fn longest_wait(&self) -> Duration {
        if self.units.len() == 1 { LONGEST_WAIT_ALONE } else { LONGEST_WAIT }
    }

    /// The round is done: closes the connection where the device wants it, unless another round is due already.
    fn rest(&mut self) {
        let now = Instant::now();
        if self.next().is_some_and(|(due, ..)| due > now) {
            self.wire = None;
            self.expected = true;
        }
    }
}

impl Unit {
    /// A request was not answered, because of `why`.
    async fn failed(
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
            probe.at = now + probe.backoff.step();
            if round.turn_to_next(now) {
                probe.poll = (probe.poll + 1) % polls;
            }
            return self.score.gone(field, why).await;
        }
        let Some(part) = round.current() else { return Ok(()) };
        if let Some((until, backoff)) = &mut part.mute {
            *until = now + backoff.step();
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
            let mut backoff = Backoff::new(LONGEST_WAIT);
            part.suspect = false;
            part.mute = Some((now + backoff.step(), backoff));
            self.failures = 0;
            let samples = bad(&part.block, Quality::NO_COMMUNICATION, why);
            round.advance(now);
            return tell(field, field.clock.now(), samples).await;
        }
        part.suspect = true;
        round.turn_to_next(now);
        let mut backoff = Backoff::new(longest);
        self.probe = Some(Probe { at: now + backoff.step(), backoff, poll });
        self.score.gone(field, why).await
    }
}

/// An exception that is the unit's own. `true`: the round is done.
async fn exception(
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

async fn tell(field: &Field, received: Now, samples: Vec<Sample>) -> Result<(), PlantGone> {
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

/// The last request and what came after it, in hex, for the log.
fn exchange_words(tap: &Tap) -> String {
    let head = |bytes: &[u8]| bytes.get(..32).unwrap_or(bytes).to_vec();
    tap.with_last_exchange(|sent, received| format!("sent {:02x?}, received {:02x?}", head(sent), head(received)))
}
