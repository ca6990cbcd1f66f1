//! Who answers on a Modbus line, and what can be read of them: one request at a time over one connection, with a pause.
//!
//! First each unit is asked for a register or two: any answer means that there is somebody, an exception too, but for a
//! gateway's word that nobody is there. Then each that answered is asked who it is, and its tables are searched
//! ([`super::bisect`]) within a bound on requests.
//! Invariant: no answer is taken for that of another request. Frames of Modbus/TCP bear numbers; where they do not, a unit
//! that was late is let be for as long as its answers may take before it is asked for the same table again.

use super::asked::ModbusRequest;
use super::bisect::{BITS_A_CELL, REGISTERS_A_CELL, Search};
use super::found::{End, Found, Identity, Line, Model, Picture, SunSpec, Table, Unit};
use super::sunspec;
use crate::drivers::modbus::blocks::{Block, MAX_BITS, MAX_REGISTERS, Spot};
use crate::drivers::modbus::guest::Door;
use crate::drivers::modbus::identity::Identified;
use crate::drivers::modbus::reply::exception_words;
use crate::drivers::modbus::value::Cell;
use crate::drivers::modbus::wire::{self, Fault, Outcome, Wire};
use crate::drivers::stream::Tap;
use crate::drivers::tls::{Peer, Tls};
use crate::engine::{TagId, Value};
use crate::project::{Area, ByteHalf, DataType, Transport};
use crate::time::{Clock, Span};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

/// A host may take longer to be reached than a unit to answer.
const CONNECT_WITHIN: Span = Span::from_secs(3);

/// Waits before a connection that was lost is tried again.
const AGAIN_AFTER: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(3)];

/// A device that is busy is asked again so often.
const BUSY_TRIES: u32 = 4;
const BUSY_WAIT: Duration = Duration::from_millis(200);

/// So many reads of a table in a row without an answer: the unit is gone, or does not bear them.
const MOST_SILENT: u32 = 4;

/// From so many units behind TCP on, it is remarkable that all of them answer.
const REMARKABLE: usize = 32;

/// Units whose answers are none, before no more is asked: each costs a connection.
const MOST_ODD: usize = 16;

/// Before a connection that was lost is made anew: a small device needs its time to forget it.
const BEFORE_AGAIN: Duration = Duration::from_millis(200);

/// So many connections in a row that were closed instead of an answer: it is not to be asked any more.
const MOST_HANG_UPS: u32 = 32;

/// Parts of an identification that are asked for.
const MOST_PARTS: usize = 4;

/// Letters of a name that are kept.
const NAME_CHARS: usize = 80;

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said<T> {
    Answer(T),
    Exception(u8),
    /// A gateway says that nobody is there.
    Nobody(u8),
    /// Nothing came, or nothing that is an answer: what, in words.
    Silent(String),
    /// An answer of another.
    Odd(String),
}

/// There is no connection any more: why.
#[derive(Debug)]
struct Lost(String);

/// A unit whose answer may come yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Late {
    unit: u8,
    area: Area,
    until: Instant,
}

struct Asker<'a> {
    request: &'a ModbusRequest,
    /// The way into a line that is polled; `None`: it has a wire of its own.
    door: Option<Door>,
    transport: Transport,
    tls: Option<Tls>,
    tap: Arc<Tap>,
    wire: Option<Wire>,
    last: Option<Instant>,
    late: Vec<Late>,
    hang_ups: u32,
    picture: &'a watch::Sender<Picture>,
}

/// Scans a line.
pub(super) async fn scan(
    request: &ModbusRequest,
    door: Option<Door>,
    clock: &Clock,
    picture: &watch::Sender<Picture>,
) -> End {
    let transport = match request.transport() {
        Ok(transport) => transport,
        Err(why) => return End::Unreachable(why),
    };
    picture.send_modify(|picture| {
        picture.phase = format!("connecting to {transport}");
        picture.found = Found::Modbus(Line::default());
    });
    let tap = wire::tap(clock.clone());
    let tls = match &transport {
        Transport::Tls { tls, .. } => Some(Tls::new(tls.clone(), request.folder.clone(), Peer::Device)),
        Transport::Tcp { .. } | Transport::RtuOverTcp { .. } | Transport::Serial(_) => None,
    };
    let mut asker =
        Asker { request, door, transport, tls, tap, wire: None, last: None, late: Vec::new(), hang_ups: 0, picture };
    if let Err(Lost(why)) = asker.connect().await {
        return End::Unreachable(why);
    }
    match asker.all().await {
        Ok(()) => End::Done,
        Err(Lost(why)) => End::Lost(why),
    }
}

impl Asker<'_> {
    async fn all(&mut self) -> Result<(), Lost> {
        let units = self.request.units.clone();
        self.phase("asking units", units.len() as u64);
        let mut odd: Vec<(u8, String)> = Vec::new();
        for unit in units {
            match self.presence(unit).await? {
                Said::Answer(answered) => self.line(|line| line.units.push(Unit { unit, answered, ..Unit::default() })),
                Said::Odd(why) => odd.push((unit, why)),
                Said::Exception(_) | Said::Nobody(_) | Said::Silent(_) => {}
            }
            self.line(|line| line.asked += 1);
            self.step();
            if odd.len() >= MOST_ODD {
                break;
            }
        }
        if let Some((unit, why)) = odd.first() {
            let count = odd.len();
            let end = if count >= MOST_ODD { "; no more units were asked" } else { "" };
            let note = format!("{count} units sent what is no answer to what they were asked; unit {unit}: {why}{end}");
            self.line(|line| line.notes.push(note));
        }
        let mut found = self.found();
        let all = found.len() == self.request.units.len() && self.transport.has_transactions();
        if all && found.len() >= REMARKABLE {
            let first = found.first().copied().unwrap_or_default();
            let note = format!(
                "all {} units answered: this is probably one device that does not look at the number of the unit; only \
                 unit {first} was looked into",
                found.len()
            );
            self.line(|line| line.notes.push(note));
            found.truncate(1);
        }
        self.phase("asking who they are", found.len() as u64);
        for &unit in &found {
            let identity = self.identity(unit).await?;
            let sunspec = self.sunspec(unit).await?;
            self.unit(unit, |found| {
                found.identity = identity.or_else(|| sunspec.as_ref().and_then(|(_, common)| common.clone()));
                found.sunspec = sunspec.map(|(sunspec, _)| sunspec);
            });
            self.step();
        }
        self.tables(&found).await
    }

    /// Looks into the tables of these units, the requests shared out evenly among what is left.
    async fn tables(&mut self, units: &[u8]) -> Result<(), Lost> {
        let mut left = u64::from(self.request.most_requests);
        let tables = self.request.tables.clone();
        self.phase("looking for readable ranges", left);
        let mut searches = (units.len() * tables.len()) as u64;
        let mut bounded = false;
        for &unit in units {
            for &area in &tables {
                let share = left / searches.max(1);
                let requests = self.table(unit, area, share).await?;
                bounded |= requests >= share;
                left -= requests;
                searches -= 1;
            }
        }
        if bounded {
            let most = self.request.most_requests;
            let note = format!(
                "the bound of {most} requests for ranges was reached; --most-requests raises it, --tables and --registers \
                 ask for less"
            );
            self.line(|line| line.notes.push(note));
        }
        Ok(())
    }

    /// Whether somebody is there.
    async fn presence(&mut self, unit: u8) -> Result<Said<String>, Lost> {
        let mut last = Said::Silent(String::new());
        for area in [Area::Holding, Area::Input] {
            match self.read(unit, area, 0, 1).await? {
                Said::Answer(_) => return Ok(Said::Answer("data".to_owned())),
                Said::Exception(code) => return Ok(Said::Answer(exception_words(code))),
                Said::Nobody(code) => return Ok(Said::Nobody(code)),
                Said::Odd(why) => last = Said::Odd(why),
                Said::Silent(why) if !matches!(last, Said::Odd(_)) => last = Said::Silent(why),
                Said::Silent(_) => {}
            }
        }
        Ok(last)
    }

    /// What the unit says of itself.
    async fn identity(&mut self, unit: u8) -> Result<Option<Identity>, Lost> {
        let mut objects: Vec<(u8, Vec<u8>)> = Vec::new();
        let mut from = 0;
        for _ in 0..MOST_PARTS {
            let Said::Answer(part) = self.identify(unit, from).await? else { break };
            objects.extend(part.objects);
            match part.next {
                Some(next) if next > from => from = next,
                _ => break,
            }
        }
        let name = |id: u8| {
            let bytes = objects.iter().find(|(object, _)| *object == id).map_or(&[][..], |(_, bytes)| bytes);
            name_from(bytes)
        };
        let identity = Identity { vendor: name(0), product: name(1), revision: name(2) };
        Ok((identity != Identity::default()).then_some(identity))
    }

    /// Its `SunSpec` models, and what the common one says of it.
    async fn sunspec(&mut self, unit: u8) -> Result<Option<(SunSpec, Option<Identity>)>, Lost> {
        for base in sunspec::BASES {
            let Said::Answer(words) = self.read(unit, Area::Holding, base, 2).await? else { continue };
            if words != sunspec::MARK {
                continue;
            }
            let mut found = SunSpec { base, models: Vec::new() };
            let mut common = None;
            let mut at = base.checked_add(2);
            while let Some(start) = at.filter(|_| found.models.len() < sunspec::MOST_MODELS) {
                let Said::Answer(words) = self.read(unit, Area::Holding, start, 2).await? else { break };
                let &[id, length] = words.as_slice() else { break };
                if id == sunspec::END {
                    break;
                }
                found.models.push(Model { id, start, length, name: sunspec::model_name(id) });
                if id == 1 && common.is_none() {
                    common = self.common(unit, start).await?;
                }
                at = start.checked_add(2).and_then(|at| at.checked_add(length));
            }
            return Ok(Some((found, common)));
        }
        Ok(None)
    }

    /// Manufacturer, model and version of the common model at `start`.
    async fn common(&mut self, unit: u8, start: u16) -> Result<Option<Identity>, Lost> {
        let Some(first) = start.checked_add(2) else { return Ok(None) };
        let Said::Answer(words) = self.read(unit, Area::Holding, first, 48).await? else { return Ok(None) };
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let text = |from: usize, to: usize| name_from(bytes.get(from..to).unwrap_or_default());
        Ok(Some(Identity { vendor: text(0, 32), product: text(32, 64), revision: text(80, 96) }))
    }

    /// Searches one table in at most `most` requests; how many it took.
    async fn table(&mut self, unit: u8, area: Area, most: u64) -> Result<u64, Lost> {
        let (cell, longest) = if area.is_bits() { (BITS_A_CELL, MAX_BITS) } else { (REGISTERS_A_CELL, MAX_REGISTERS) };
        let mut search = Search::new(self.request.registers, cell, longest);
        let mut says: Option<String> = None;
        let (mut requests, mut silent) = (0, 0);
        while requests < most {
            let Some((start, count)) = search.next_read() else { break };
            requests += 1;
            let said = self.read_when_free(unit, area, start, count).await;
            let said = match said {
                Ok(said) => said,
                Err(lost) => {
                    self.keep(unit, area, &search, says);
                    return Err(lost);
                }
            };
            silent = if matches!(said, Said::Silent(_) | Said::Odd(_) | Said::Nobody(_)) { silent + 1 } else { 0 };
            match said {
                Said::Answer(_) => search.told(true),
                Said::Exception(1) if search.readable().is_empty() => {
                    says = Some(exception_words(1));
                    break;
                }
                Said::Exception(code) | Said::Nobody(code) => {
                    says = Some(exception_words(code));
                    search.told(false);
                }
                Said::Silent(why) | Said::Odd(why) => {
                    says = Some(why);
                    search.told(false);
                }
            }
            self.keep(unit, area, &search, says.clone());
            self.step();
            if silent >= MOST_SILENT {
                let note =
                    format!("unit {unit} answered {silent} reads of {} in a row no more, and was let be", area.word());
                self.line(|line| line.notes.push(note));
                break;
            }
        }
        self.keep(unit, area, &search, says);
        Ok(requests)
    }

    /// Writes down what is known of a table.
    fn keep(&self, unit: u8, area: Area, search: &Search, says: Option<String>) {
        let unserved = says.as_deref() == Some(exception_words(1).as_str()) && search.readable().is_empty();
        let table = Table {
            table: area,
            readable: search.readable(),
            unclear: if unserved { Vec::new() } else { search.unclear() },
            unasked: if unserved { Vec::new() } else { search.unasked() },
            longest: search.learned(),
            says,
        };
        self.unit(unit, |unit| match unit.tables.iter_mut().find(|known| known.table == area) {
            Some(known) => *known = table,
            None => unit.tables.push(table),
        });
    }

    /// A read that is repeated while the device is busy, and once where nothing came.
    async fn read_when_free(&mut self, unit: u8, area: Area, start: u16, count: u16) -> Result<Said<Vec<u16>>, Lost> {
        let mut silent = false;
        for _ in 0..BUSY_TRIES {
            match self.read(unit, area, start, count).await? {
                Said::Exception(5 | 6) => sleep(BUSY_WAIT).await,
                Said::Silent(_) | Said::Odd(_) if !silent => silent = true,
                said => return Ok(said),
            }
        }
        Ok(Said::Exception(6))
    }

    async fn read(&mut self, unit: u8, area: Area, start: u16, count: u16) -> Result<Said<Vec<u16>>, Lost> {
        let block = block(area, start, count);
        self.let_be(unit, area).await;
        let timeout = self.request.timeout;
        let mut tried = false;
        loop {
            let tolerance = self.request.tolerance;
            let (outcome, was_answered) = match self.door().await {
                Some(door) => (door.read(unit, &block, timeout).await.ok_or_else(shut)?, false),
                None => {
                    let (wire, was_answered) = self.wire().await?;
                    (wire.ask(unit, &block, timeout, tolerance).await, was_answered)
                }
            };
            let again = self.asked(&outcome, was_answered);
            let fault = match outcome {
                Ok(Outcome::Samples(samples)) => {
                    let word = |value: Option<Value>| match value {
                        Some(Value::U64(word)) => word as u16,
                        Some(Value::Bool(on)) => u16::from(on),
                        _ => 0,
                    };
                    return Ok(Said::Answer(samples.into_iter().map(|sample| word(sample.value)).collect()));
                }
                Ok(Outcome::Exception(code @ (10 | 11))) => return Ok(Said::Nobody(code)),
                Ok(Outcome::Exception(code)) => return Ok(Said::Exception(code)),
                Err(fault) => fault,
            };
            if !again || tried {
                if !self.transport.has_transactions() {
                    // What waits before it in a converter has its time, too.
                    let before = self.late.iter().filter(|late| late.unit == unit).count() as u32;
                    let until = Instant::now() + timeout.to_std() * (2 + before);
                    self.late.push(Late { unit, area, until });
                }
                return Ok(said_of(&fault));
            }
            tried = true;
        }
    }

    async fn identify(&mut self, unit: u8, object: u8) -> Result<Said<crate::drivers::modbus::identity::Part>, Lost> {
        let timeout = self.request.timeout;
        let (outcome, was_answered) = match self.door().await {
            Some(door) => (door.identify(unit, object, timeout).await.ok_or_else(shut)?, false),
            None => {
                let (wire, was_answered) = self.wire().await?;
                (wire.identify(unit, object, timeout).await, was_answered)
            }
        };
        self.asked(&outcome, was_answered);
        Ok(match outcome {
            Ok(Identified::Part(part)) => Said::Answer(part),
            Ok(Identified::Exception(code)) => Said::Exception(code),
            Err(fault) => said_of(&fault),
        })
    }

    /// Counts a request; whether it is worth asking again, for the device had closed a connection that was idle.
    fn asked<T>(&mut self, outcome: &Result<T, Fault>, was_answered: bool) -> bool {
        self.last = Some(Instant::now());
        self.line(|line| line.requests += 1);
        if self.wire.as_ref().is_some_and(|wire| !wire.is_in_step()) {
            self.wire = None;
        }
        let closed = matches!(outcome, Err(Fault::Closed | Fault::Io(_)));
        self.hang_ups = if closed { self.hang_ups + 1 } else { 0 };
        was_answered && closed
    }

    /// Waits until no late answer of this unit can be taken for one of this table.
    async fn let_be(&mut self, unit: u8, area: Area) {
        let is_like = |late: &Late| late.unit == unit && late.area == area;
        if let Some(until) = self.late.iter().filter(|late| is_like(late)).map(|late| late.until).max() {
            sleep_until(until).await;
        }
        let now = Instant::now();
        self.late.retain(|late| late.until > now);
    }

    /// The way into the line that is polled, when the pause is over.
    async fn door(&mut self) -> Option<Door> {
        let door = self.door.clone()?;
        if let Some(last) = self.last.take() {
            sleep_until(last + self.request.pause.to_std()).await;
        }
        Some(door)
    }

    /// The wire, made anew where it was lost, when the pause is over; and whether it has carried an answer.
    async fn wire(&mut self) -> Result<(&mut Wire, bool), Lost> {
        if let Some(last) = self.last {
            sleep_until(last + self.request.pause.to_std()).await;
        }
        if self.hang_ups >= MOST_HANG_UPS {
            return Err(Lost(format!("it was closed {} times in a row instead of an answer", self.hang_ups)));
        }
        if self.wire.is_none() {
            sleep(BEFORE_AGAIN).await;
            let mut tries = AGAIN_AFTER.iter();
            while let Err(lost) = self.connect().await {
                let Some(wait) = tries.next() else { return Err(lost) };
                sleep(*wait).await;
            }
        }
        let wire = self.wire.as_mut().ok_or_else(|| Lost("there is no connection".to_owned()))?;
        let answered = wire.answered;
        Ok((wire, answered))
    }

    async fn connect(&mut self) -> Result<(), Lost> {
        if self.door.is_some() {
            return Ok(());
        }
        let patience = self.request.timeout.max(CONNECT_WITHIN);
        let tap = Arc::clone(&self.tap);
        let wire = Wire::open(&self.transport, patience, tap, self.tls.as_ref()).await.map_err(Lost)?;
        self.wire = Some(wire);
        sleep(self.request.pause_after_connect.to_std()).await;
        Ok(())
    }

    fn phase(&self, words: &str, of: u64) {
        self.picture.send_modify(|picture| {
            (picture.phase, picture.done, picture.of) = (words.to_owned(), 0, of);
        });
    }

    fn step(&self) {
        self.picture.send_modify(|picture| picture.done += 1);
    }

    fn line(&self, change: impl FnOnce(&mut Line)) {
        self.picture.send_if_modified(|picture| {
            if let Found::Modbus(line) = &mut picture.found {
                change(line);
            }
            false
        });
    }

    fn unit(&self, unit: u8, change: impl FnOnce(&mut Unit)) {
        self.line(|line| {
            if let Some(unit) = line.units.iter_mut().find(|known| known.unit == unit) {
                change(unit);
            }
        });
    }

    /// Units that answered.
    fn found(&self) -> Vec<u8> {
        match &self.picture.borrow().found {
            Found::Modbus(line) => line.units.iter().map(|unit| unit.unit).collect(),
            Found::Nothing | Found::Mqtt(_) => Vec::new(),
        }
    }
}

/// The door of a line that is polled was shut.
fn shut() -> Lost {
    Lost("the plant that polls this line has ended, or asks it no more".to_owned())
}

fn said_of<T>(fault: &Fault) -> Said<T> {
    match fault {
        Fault::Mismatch(mismatch) => Said::Odd(mismatch.to_string()),
        fault => Said::Silent(fault.to_string()),
    }
}

/// A read whose registers come one by one.
fn block(area: Area, start: u16, count: u16) -> Block {
    let cell = Cell {
        data_type: if area.is_bits() { DataType::Bool } else { DataType::U16 },
        swap_bytes: false,
        reverse_words: false,
        bit: None,
        half: ByteHalf::Low,
    };
    let spots = (0..count).map(|offset| Spot { tag: TagId(u32::from(offset)), offset, width: 1, cell }).collect();
    Block { area, start, count, spots }
}

/// A name as devices send it: bytes to the first NUL, trimmed.
fn name_from(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(bytes).trim().chars().take(NAME_CHARS).collect()
}
