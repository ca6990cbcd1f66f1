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

mod bench;
mod changing;
mod guests;

pub use changing::{Change, Changes};

use super::blocks::{Reads, plan_reads};
use super::guest::{Door, Guest};
use super::pace::Pace;
use super::poll::{Backoff, LONGEST};
use super::score::{PlantGone, Score};
use super::unit::{LONGEST_WAIT, Probe, Unit, What, exception, tell};
use super::usage::Usage;
use super::wire::{self, Fault, Outcome, Wire};
use crate::drivers::Field;
use crate::drivers::stream::Tap;
use crate::drivers::tls::{self, Tls};
use crate::engine::{DeviceId, Plan, Quality, Sample, TagId};
use crate::project::device::ModbusSettings;
use crate::project::{Endpoint, Transport};
use crate::time::Span;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// The longest from one attempt to connect to the next, and the longest wait between two probes where no unit of the line
/// answers: nobody else waits for it, it costs next to nothing, and an operator who mended something wants to see it soon.
const LONGEST_WAIT_ALONE: Duration = Duration::from_secs(1);

/// After an attempt to connect, or a probe, that took its time there is at least this pause.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// An attempt to connect to units that are gone is given up after this, however patient the project is: a new one asks
/// sooner than the system repeats an old one. One of so many is as patient as the project says.
const ATTEMPT: Span = Span::from_secs(1);
const PATIENT_EVERY: u32 = 4;

/// How urgent a probe of a unit that is gone is, beside polls that are due.
const PROBE_MAY_WAIT: Duration = Duration::from_secs(3);

/// All units behind one address, with the reads planned for each.
#[derive(Debug, Clone)]
pub struct Connection {
    pub(super) transport: Transport,
    /// In the order of their numbers.
    pub(super) units: Vec<UnitPlan>,
    /// What the files of TLS are relative to.
    pub(super) folder: PathBuf,
    /// Where it is told to become another; `None`: it stays what it is.
    pub(super) changes: Option<Changes>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UnitPlan {
    /// By its number.
    pub(super) device: DeviceId,
    pub(super) name: Arc<str>,
    pub(super) settings: ModbusSettings,
    pub(super) reads: Reads,
}

impl Connection {
    /// `192.168.1.10:502`, `/dev/ttyUSB0`, for messages.
    pub fn address(&self) -> String {
        self.transport.to_string()
    }

    /// The devices that it serves, by their numbers.
    pub fn devices(&self) -> impl Iterator<Item = DeviceId> {
        self.units.iter().map(|unit| unit.device)
    }

    /// It becomes another when it is told to.
    pub fn change_by(&mut self, changes: Changes) {
        self.changes = Some(changes);
    }

    /// Whether another reads the same for the same tags, in the same way.
    pub fn does_the_same(&self, other: &Self) -> bool {
        self.can_become(other) && self.units == other.units
    }

    /// Whether this one can become the other while its wire stands.
    pub fn can_become(&self, other: &Self) -> bool {
        self.transport == other.transport && self.folder == other.folder
    }
}

/// The connections of a plan.
pub fn connections(plan: &Plan) -> Vec<Connection> {
    let mut connections: Vec<Connection> = Vec::new();
    for (i, device) in plan.devices.iter().enumerate() {
        let Endpoint::Modbus(settings) = &device.device.endpoint else { continue };
        let id = DeviceId(i as u32);
        let reads = plan_reads(plan, id, settings);
        let unit = UnitPlan {
            device: plan.device_number(id),
            name: Arc::clone(&device.name),
            settings: settings.clone(),
            reads,
        };
        let line = settings.transport.line();
        match connections.iter_mut().find(|c| c.transport.line() == line) {
            Some(connection) => connection.units.push(unit),
            None => {
                let folder = tls::files::folder(&plan.project);
                let transport = settings.transport.clone();
                connections.push(Connection { transport, units: vec![unit], folder, changes: None });
            }
        }
    }
    for connection in &mut connections {
        // Where they stand in the file is of no account.
        connection.units.sort_by_key(|unit| unit.device);
        if let Some(first) = connection.units.first() {
            connection.transport = first.settings.transport.clone();
        }
    }
    connections
}

/// Polls all units of `connection` until the plant stops listening.
pub async fn run(connection: Connection, field: Field) {
    let Err(PlantGone) = Line::new(connection, field).serve().await;
}

#[derive(Debug)]
struct Line {
    transport: Transport,
    field: Field,
    tap: Arc<Tap>,
    tls: Option<Tls>,
    units: Vec<Unit>,
    wire: Option<Wire>,
    backoff: Backoff,
    /// Attempts to connect that failed, in a row.
    failed_attempts: u32,
    /// Why the last one did.
    refused: Option<Arc<str>>,
    /// Where guests come in, and the one that waits, since when; `None`: who looks into this line has a connection of its own.
    guests: Option<mpsc::Receiver<Guest>>,
    guest: Option<(Instant, Guest)>,
    /// New wishes of somebody at a workbench.
    wishes: watch::Receiver<u64>,
    /// No attempt to connect before this.
    blocked_until: Option<Instant>,
    /// Whether the next connection is the first, or follows a close of ours: then it is no reconnection.
    expected: bool,
    last_exchange: Option<Instant>,
    /// What answers take here, of all units.
    pace: Pace,
    pause_between_requests: Duration,
    pause_after_connect: Duration,
    usage: Usage,
    /// Tags that no read can serve, to be told once; and those that were.
    unreadable: Vec<Sample>,
    unreadable_told: BTreeSet<TagId>,
    /// Where it is told to become another.
    changes: Option<Changes>,
}

/// The longest pause of all units counts for the line.
fn longest_pause(units: &[UnitPlan], pause: fn(&ModbusSettings) -> Span) -> Duration {
    units.iter().map(|unit| pause(&unit.settings)).max().unwrap_or_default().to_std().min(LONGEST)
}

impl Line {
    fn new(connection: Connection, mut field: Field) -> Self {
        let now = Instant::now();
        let started = field.clock.now();
        let (connection, generation) = connection.last_told();
        field.generation = generation.unwrap_or(field.generation);
        let pause_between_requests = longest_pause(&connection.units, |s| s.pause_between_requests);
        let pause_after_connect = longest_pause(&connection.units, |s| s.pause_after_connect);
        let mut unreadable = Vec::new();
        let units = connection.units.into_iter().map(|unit| {
            let faults = unit.reads.unreadable;
            unreadable.extend(faults.into_iter().map(|(tag, why)| Sample::bad(tag, Quality::CONFIGURATION, Some(why))));
            let log = field.monitor.device(unit.device);
            let score = Score::new(unit.device, unit.name, started);
            Unit::new(unit.settings, unit.reads.groups, score, log, now)
        });
        let units: Vec<Unit> = units.collect();
        let tap = wire::tap(field.clock.clone());
        tap.trace_to(field.monitor.trace());
        let tls = match &connection.transport {
            Transport::Tls { tls, .. } => Some(Tls::new(tls.clone(), connection.folder, tls::Peer::Device)),
            _ => None,
        };
        let wishes = field.monitor.wishes();
        // Behind others, a second caller is another one; here there can be none, or it would disturb the first.
        let guests = (!connection.transport.has_transactions()).then(|| {
            let (door, guests) = Door::new();
            field.monitor.open(connection.transport.line(), door);
            guests
        });
        Self {
            transport: connection.transport,
            tls,
            tap,
            field,
            usage: Usage::new(units.len(), now),
            units,
            wire: None,
            backoff: Backoff::new(),
            failed_attempts: 0,
            refused: None,
            guests,
            guest: None,
            wishes,
            blocked_until: None,
            expected: true,
            last_exchange: None,
            pace: Pace::default(),
            pause_between_requests,
            pause_after_connect,
            unreadable,
            unreadable_told: BTreeSet::new(),
            changes: connection.changes,
        }
    }

    async fn serve(&mut self) -> Result<Infallible, PlantGone> {
        for unit in &mut self.units {
            unit.begin(&self.field).await?;
        }
        self.tell_unreadable().await?;
        loop {
            self.take_change().await?;
            let next = self.next();
            let due = next.map(|(due, ..)| due);
            let bench = self.bench_turn(due);
            let guest = if bench.is_some() { None } else { self.guest_turn(due) };
            let blocked = if self.wire.is_none() { self.blocked_until } else { None };
            let at = bench.map(|(at, _)| at).or(guest).or(due).map(|at| blocked.map_or(at, |until| until.max(at)));
            // Nobody polls and nobody looks: what was opened to look is closed again.
            let idle = at.is_none() && self.wire.is_some();
            let until = at.or_else(|| idle.then(|| Instant::now() + bench::KEPT_OPEN.to_std()));
            if !self.wait(until).await? {
                continue;
            }
            if idle {
                (self.wire, self.expected) = (None, true);
                continue;
            }
            if let Some((_, unit)) = bench {
                if self.wire.is_some() || self.connect(unit).await? {
                    self.bench(unit).await?;
                } else {
                    self.bench_refused(unit);
                }
                continue;
            }
            if guest.is_some() {
                if self.wire.is_some() || self.connect(0).await? {
                    self.serve_guest().await?;
                } else {
                    self.guest_refused();
                }
                continue;
            }
            let Some((_, unit, poll)) = next else { continue };
            if self.wire.is_none() && !self.connect(unit).await? {
                continue;
            }
            let began = Instant::now();
            if let Some(last) = self.last_exchange.filter(|_| !self.pause_between_requests.is_zero()) {
                sleep_until(last + self.pause_between_requests).await;
            }
            self.turn(unit, poll).await?;
            self.usage.used(unit, began, Instant::now());
        }
    }

    async fn tell_unreadable(&mut self) -> Result<(), PlantGone> {
        let unreadable = std::mem::take(&mut self.unreadable);
        self.unreadable_told.extend(unreadable.iter().map(|sample| sample.tag));
        if unreadable.is_empty() { Ok(()) } else { tell(&self.field, self.field.clock.now(), unreadable).await }
    }

    /// Whose turn it is: of those that are due, the one whose next round comes first; else the one that is due first.
    fn next(&self) -> Option<(Instant, usize, usize)> {
        let now = Instant::now();
        let candidates = self.units.iter().enumerate().flat_map(|(u, unit)| {
            let rested = move |at: Instant| unit.rests_until.map_or(at, |until| until.max(at));
            let probe = unit.probe.as_ref().map(|probe| (rested(probe.at), probe.at + PROBE_MAY_WAIT, u, probe.poll));
            let polls = unit.polls.iter().enumerate().map(move |(p, poll)| (rested(poll.due), poll.deadline(), u, p));
            // A unit that is gone has one candidate, its probe; one without polls has none.
            let polls = polls.filter(move |_| unit.probe.is_none());
            probe.into_iter().chain(polls)
        });
        candidates
            .min_by_key(|&(due, deadline, u, p)| if due <= now { (false, deadline, u, p) } else { (true, due, u, p) })
            .map(|(due, _, u, p)| (due, u, p))
    }

    /// Waits, without an end where there is none, and tells figures meanwhile. `false`: somebody wants to see something else
    /// since, or the line is to become another.
    async fn wait(&mut self, until: Option<Instant>) -> Result<bool, PlantGone> {
        loop {
            let now = Instant::now();
            for (index, unit) in self.units.iter_mut().enumerate() {
                if unit.score.tell_at().is_some_and(|at| at <= now) {
                    unit.score.status.line = unit.line_use(self.usage.thousandths(index, now));
                    unit.score.tell(&self.field).await?;
                }
            }
            if until.is_some_and(|until| until <= now) {
                return Ok(true);
            }
            let tell_at = self.units.iter().filter_map(|unit| unit.score.tell_at()).min();
            let woken = async {
                match [tell_at, until].into_iter().flatten().min() {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = woken => {}
                // The monitor lives as long as this line: there is always somebody who could send.
                Ok(()) = self.wishes.changed() => return Ok(false),
                () = Self::told(&mut self.changes) => return Ok(false),
                guest = Self::let_in(&mut self.guests, self.guest.is_some()) => {
                    self.guest = Some((Instant::now(), guest));
                    return Ok(false);
                }
            }
        }
    }

    /// Connects, as patiently as the unit that is to be asked wants it. `false`: not now.
    async fn connect(&mut self, asking: usize) -> Result<bool, PlantGone> {
        let began = Instant::now();
        let mut patience = self.units.get(asking).map_or(Span::from_secs(1), |unit| unit.settings.timeout);
        if self.no_other_answers(usize::MAX) && !self.failed_attempts.is_multiple_of(PATIENT_EVERY) {
            patience = patience.min(ATTEMPT);
        }
        let opened = Wire::open(&self.transport, patience, Arc::clone(&self.tap), self.tls.as_ref()).await;
        if let Some(certificate) = self.tls.as_ref().and_then(|tls| tls.seen.first_to_expire()) {
            for unit in self.units.iter_mut().filter(|u| u.score.status.certificate.as_ref() != Some(&certificate)) {
                unit.score.count(|status| status.certificate = Some(certificate.clone()));
            }
        }
        match opened {
            Ok(wire) => {
                self.wire = Some(wire);
                self.blocked_until = None;
                self.backoff = Backoff::new();
                self.failed_attempts = 0;
                if !std::mem::take(&mut self.expected) {
                    self.units.iter_mut().for_each(|unit| unit.score.count(|status| status.reconnects += 1));
                }
                sleep(self.pause_after_connect).await;
                Ok(true)
            }
            Err(why) => {
                let why: Arc<str> = why.into();
                self.refused = Some(Arc::clone(&why));
                self.failed_attempts = self.failed_attempts.wrapping_add(1);
                let mut hopeful = false;
                for unit in self.units.iter_mut().filter(|unit| !unit.polls.is_empty()) {
                    unit.failures = unit.failures.saturating_add(1);
                    unit.score.error(&why, String::new);
                    if unit.failures > u32::from(unit.settings.retries) {
                        unit.score.gone(&self.field, &why).await?;
                        // As soon as there is a wire; until then the line's own wait counts.
                        unit.probe = Some(Probe::new(began, Backoff::new(), 0));
                    } else {
                        hopeful = true;
                    }
                }
                let wait = self.backoff.step(LONGEST_WAIT_ALONE);
                // While it is not yet known that they are gone, no attempt lasts longer than an answer may.
                let wait = if hopeful { wait.min(patience.to_std()) } else { wait };
                let shortest = if hopeful { Duration::ZERO } else { SHORTEST_PAUSE };
                self.blocked_until = Some((began + wait).max(Instant::now() + shortest));
                self.expected = false;
                Ok(false)
            }
        }
    }

    /// One request of one unit, and all that follows from its outcome.
    async fn turn(&mut self, unit: usize, poll: usize) -> Result<(), PlantGone> {
        let alone = self.no_other_answers(unit);
        let longest = if alone { LONGEST_WAIT_ALONE } else { LONGEST_WAIT };
        let shared = self.units.len() > 1;
        let Self { wire, units, field, last_exchange, tap, expected, pace, .. } = self;
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

        let was_answered = wire.answered;
        let (outcome, asked) = unit.ask(wire, What::Poll(poll), field, tap, pace).await;
        let received = field.clock.now();
        let took = now.elapsed();
        let now = now + took;
        *last_exchange = Some(now);
        let Some(round) = unit.polls.get_mut(poll) else { return Ok(()) };
        let Some(part) = round.current() else { return Ok(()) };
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
                    if alone {
                        // The line is back, it seems, and all that hangs on it.
                        self.probe_within(now, Duration::ZERO);
                    }
                } else if done && unit.settings.close_after_poll {
                    self.rest();
                }
                return Ok(());
            }
            Err(fault) => {
                if !wire.is_of_use(shared) {
                    self.wire = None;
                    *expected = false;
                }
                if fault == Fault::Closed && was_answered {
                    // Devices close connections that were idle. That is found only by asking; ask again on a new one.
                    return Ok(());
                }
                unit.score.count(|status| match fault {
                    Fault::Timeout(..) => status.timeouts += 1,
                    Fault::Mismatch(_) => status.mismatches += 1,
                    Fault::Closed | Fault::Unplugged | Fault::Io(_) => {}
                });
                fault.to_string().into()
            }
        };
        unit.score.error(&why, || exchange_words(tap));
        unit.failed(&why, poll, longest, field, now).await?;
        if alone {
            // A probe that took its time is not waited after.
            self.probe_within(now, LONGEST_WAIT_ALONE.saturating_sub(took).max(SHORTEST_PAUSE));
        }
        Ok(())
    }

    /// Whether all units but this one are gone, or are not asked for anything.
    fn no_other_answers(&self, unit: usize) -> bool {
        let others = self.units.iter().enumerate().filter(|(other, _)| *other != unit);
        others.into_iter().all(|(_, other)| other.probe.is_some() || other.polls.is_empty())
    }

    /// Brings the probes of all units that are gone forward to within so long.
    fn probe_within(&mut self, now: Instant, wait: Duration) {
        for probe in self.units.iter_mut().filter_map(|unit| unit.probe.as_mut()) {
            probe.at = probe.at.min(now + wait);
        }
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

/// The last request and what came after it, in hex, for the log.
fn exchange_words(tap: &Tap) -> String {
    let head = |bytes: &[u8]| bytes.get(..32).unwrap_or(bytes).to_vec();
    tap.with_last_exchange(|sent, received| format!("sent {:02x?}, received {:02x?}", head(sent), head(received)))
}
