//! All that can happen to the engine, as one closed list. A log of it is a bug report.

use super::plan::{DeviceId, Generation, Plan, TagId};
use super::roundtrip::RoundTrips;
use super::{Command, Entry, Quality, Raw, Ticket, Value};
use crate::time::{Now, Span, Utc};
use std::sync::Arc;

/// Something that happens to the plant.
#[derive(Debug, Clone)]
pub enum Input {
    /// The project is (again) this one: values and alarm occurrences are carried over by name.
    Deploy(Arc<Plan>),
    /// The same, by somebody or something that the entry names: it goes to the journal.
    Replace(Arc<Plan>, Box<Entry>),
    /// The displays alone are others: all that the plan watches is the same, in the same places. Nothing else changes, and
    /// the entry goes to the journal. A plan that watches anything else is dropped.
    Redraw(Arc<Plan>, Box<Entry>),
    /// A driver read something, or failed to.
    Report(Report),
    /// A device's link: its state and its figures. Changes of state at once, figures at most once a second.
    Link {
        /// Of the plan the driver runs. Of an older one, what has become another device since is dropped.
        generation: Generation,
        /// Which device, by the driver's number: see [`Plan::follow`].
        device: DeviceId,
        /// As it is now.
        status: Box<DeviceStatus>,
    },
    /// A person does something.
    Command(Command),
    /// The journal is on disk up to and including this entry.
    Durable(Ticket),
    /// This entry could not be written; the reason in words.
    JournalFailed(Ticket, Arc<str>),
    /// The journal's own condition changed: how many entries wait in memory, how many were lost, why.
    Journal(super::JournalState),
    /// The historian's condition, told at least when it changes: what is recorded, what waits, what was lost, why.
    History(super::HistoryState),
    /// How the horn fares changed.
    Horn(super::HornState),
    /// Time went by.
    Tick,
}

/// What one exchange with a device brought: a block of registers, a message.
#[derive(Debug, Clone)]
pub struct Report {
    /// Of the plan the driver runs. Of an older one, what has become another tag since is dropped.
    pub generation: Generation,
    /// When the answer was received.
    pub received: Now,
    /// One for each tag concerned.
    pub samples: Vec<Sample>,
}

/// One raw value of one tag, before scaling.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Which tag, by the driver's number: see [`Plan::follow`].
    pub tag: TagId,
    /// The raw value; `None` with a bad quality alone.
    pub value: Option<Value>,
    /// What the driver says of it.
    pub quality: Quality,
    /// Time told by the device.
    pub source_time: Option<Utc>,
    /// The bytes it was decoded from.
    pub raw: Raw,
    /// Why it is not good, in words: `exception 2: illegal data address`.
    pub detail: Option<Arc<str>>,
}

impl Sample {
    /// A good value without a time of its own.
    pub fn good(tag: TagId, value: Value, raw: Raw) -> Self {
        Self { tag, value: Some(value), quality: Quality::GOOD, source_time: None, raw, detail: None }
    }

    /// No value, and why.
    pub fn bad(tag: TagId, quality: Quality, detail: Option<Arc<str>>) -> Self {
        Self { tag, value: None, quality, source_time: None, raw: Raw::NONE, detail }
    }
}

/// Whether a device answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// Nothing was tried yet, or the first try is under way.
    Connecting,
    /// It answers.
    Connected,
    /// It does not; the reason in words: `connection refused`. All its tags are `bad:no-communication`.
    NoAnswer(Arc<str>),
    /// Another process asks it, named here as by the lock of the plant's data; nothing is known of the device. All its
    /// tags are `bad:no-communication`.
    Held(Arc<str>),
    /// It cannot be asked: the project is at fault, or this version does not serve it.
    Unserved(Arc<str>),
}

/// A device's link with its figures since start. Counters only grow.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "counters that say what they count")]
pub struct DeviceStatus {
    pub state: LinkState,
    /// Since when it is in this state.
    pub since: Now,
    /// When it last answered.
    pub last_answer: Option<Now>,
    /// Of the last exchange, smoothed over about ten.
    pub round_trip: Option<Span>,
    /// Percentiles of the last minutes, and their history.
    pub round_trips: RoundTrips,
    /// What its line's time goes to (Modbus); `None`: not measured yet.
    pub line: Option<LineUse>,
    pub requests: u64,
    pub answers: u64,
    pub exceptions: u64,
    /// Of those, how many with each code, by code.
    pub exceptions_by_code: Vec<(u8, u64)>,
    pub timeouts: u64,
    /// Answers that were no answer to the request: wrong length, unit, transaction, function.
    pub mismatches: u64,
    pub reconnects: u64,
    /// Messages received (MQTT).
    pub messages: u64,
    /// Payloads that could not be understood (MQTT).
    pub bad_payloads: u64,
    /// Reports or messages dropped because a queue was full.
    pub dropped: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Topics that the broker refused.
    pub refused_topics: u64,
    /// The last error in words, kept while connected too.
    pub last_error: Option<Arc<str>>,
    /// Over TLS, of the certificates of the newest handshake the one that expires first.
    pub certificate: Option<CertificateStatus>,
}

/// What the time of a Modbus line goes to, of the last ten to twenty seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineUse {
    /// Thousandths of the line's time that are in use, by all of its devices.
    pub load: u16,
    /// Thousandths of the line's time that this device takes.
    pub share: u16,
    /// How often its tags are asked for in fact, those that are asked for most often; smoothed over about ten rounds.
    /// `None`: it does not answer, or has not been asked twice yet.
    pub cycle: Option<Span>,
    /// How often they should be.
    pub asked: Span,
}

/// A certificate that a connection hangs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateStatus {
    /// Whose it is, in words: `the broker's certificate for broker.example`.
    pub which: Arc<str>,
    /// Until when it is valid.
    pub until: Utc,
}

impl CertificateStatus {
    /// So long before its end it is time to have it renewed.
    pub const NOTICE: Span = Span::from_secs(30 * 24 * 3600);

    /// Whether it has expired or is about to.
    pub fn is_due(&self, now: Utc) -> bool {
        self.until - now < Self::NOTICE
    }
}

impl DeviceStatus {
    /// A device nobody has asked yet.
    pub fn new(since: Now) -> Self {
        Self {
            state: LinkState::Connecting,
            since,
            last_answer: None,
            round_trip: None,
            round_trips: RoundTrips::default(),
            line: None,
            requests: 0,
            answers: 0,
            exceptions: 0,
            exceptions_by_code: Vec::new(),
            timeouts: 0,
            mismatches: 0,
            reconnects: 0,
            messages: 0,
            bad_payloads: 0,
            dropped: 0,
            bytes_in: 0,
            bytes_out: 0,
            refused_topics: 0,
            last_error: None,
            certificate: None,
        }
    }

    /// Counts an exception with this code.
    pub fn count_exception(&mut self, code: u8) {
        self.exceptions += 1;
        match self.exceptions_by_code.binary_search_by_key(&code, |(known, _)| *known) {
            Ok(at) => self.exceptions_by_code[at].1 += 1,
            Err(at) => self.exceptions_by_code.insert(at, (code, 1)),
        }
    }

    /// How many exceptions had this code.
    pub fn exceptions_with(&self, code: u8) -> u64 {
        self.exceptions_by_code.iter().find(|(known, _)| *known == code).map_or(0, |(_, count)| *count)
    }

    /// Timeouts, exceptions, mismatches and payloads not understood.
    pub fn errors(&self) -> u64 {
        self.exceptions + self.timeouts + self.mismatches + self.bad_payloads
    }
}
