//! Which tags a topic feeds, and what a message makes of them. Pure: messages and instants in, reports out.
//!
//! A sender's life is a state of its own, told by its availability topic:
//!
//! | sender  | `offline` comes           | `online` comes                          | a value comes |
//! |---------|---------------------------|-----------------------------------------|---------------|
//! | unknown | offline, its tags are bad | online                                  | taken         |
//! | online  | offline, its tags are bad | -                                       | taken         |
//! | offline | -                         | online: held values are taken; a tag without one is `bad:waiting` | held |
//!
//! Held, because gateways send a returning device's first value before they call it online; taken at `online`, it keeps
//! the time of its receipt. Only the newest message of each topic is held.

use super::families::{Finder, Found, Growth};
use super::payload::{Outcome, Payload, Reader};
use super::scan::{Place, Wanted};
use super::words::with_reason;
use crate::drivers::monitor::DeviceLog;
use crate::engine::{Generation, Quality, Report, Sample, TagId};
use crate::project::family::captures;
use crate::project::{Availability, DataType, Retained, TopicSource};
use crate::time::{Mono, Now, Span};
use foldhash::fast::RandomState;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

mod growing;

pub use growing::Turn;

/// Longest topic of the protocol, in bytes.
const LONGEST_TOPIC: usize = 65_535;

/// Reports in the order in which their values were received.
#[derive(Debug)]
pub struct Reports {
    generation: Generation,
    list: Vec<Report>,
    /// Samples of the last full report: about as many will come again.
    room: usize,
}

impl Reports {
    /// None yet.
    pub const fn new(generation: Generation) -> Self {
        Self { generation, list: Vec::new(), room: 1 }
    }

    /// Adds a sample to the report of this instant.
    pub fn push(&mut self, received: Now, sample: Sample) {
        match self.list.last_mut() {
            Some(report) if report.received == received => report.samples.push(sample),
            _ => {
                let mut samples = Vec::with_capacity(self.room);
                samples.push(sample);
                self.list.push(Report { generation: self.generation, received, samples });
            }
        }
    }

    /// What is added from now on is of this generation.
    pub fn follow(&mut self, generation: Generation) {
        debug_assert!(self.list.is_empty(), "handed on before");
        self.generation = generation;
    }

    /// Takes all out.
    pub fn take(&mut self) -> Vec<Report> {
        if let Some(last) = self.list.last() {
            self.room = last.samples.len();
        }
        std::mem::take(&mut self.list)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// Everything one connection listens to.
#[derive(Debug, Clone, Default)]
pub struct Topics {
    /// What it was made of.
    made_of: Vec<(TagId, DataType, TopicSource)>,
    list: Vec<Topic>,
    /// A quick hash does: most names are the project's own, and it is seeded at random.
    by_name: HashMap<Box<[u8]>, usize, RandomState>,
    senders: Vec<Sender>,
    faults: Vec<(TagId, Arc<str>)>,
    /// What the scan of the present message has found; kept for its room.
    places: Vec<Option<Place>>,
    crowd: Crowd,
    /// Topics with wildcards, by number: what matches one and is no topic of its own is told to the finder.
    filters: Vec<usize>,
    /// Topics that were found and feed no tag yet.
    found: Found,
    finder: Option<Finder>,
    /// Where more topics come from while the connection stands.
    growth: Option<Growth>,
    /// Of the plan that these are of, where they have grown.
    generation: Option<Generation>,
    /// What their device is called in that.
    called: Option<Arc<str>>,
    /// Topics that are wanted no more: what still comes of them on this connection is no fault.
    left: HashSet<Box<[u8]>, RandomState>,
}

/// From so many messages a second on a broker's log leaves out what follows on a message of the same topic within
/// [`APART_IN_A_CROWD`]: nobody reads a thousand a second, and copying each costs a tenth of what reading it does.
const CROWD: u32 = 5_000;
const APART_IN_A_CROWD: Span = Span::from_millis(50);

/// Whether more come than a log keeps.
#[derive(Debug, Clone, Default)]
struct Crowd {
    second: Option<Mono>,
    count: u32,
    was_one: bool,
}

impl Crowd {
    /// A message came.
    fn is_one(&mut self, now: Mono) -> bool {
        if self.second.is_none_or(|second| now - second >= Span::from_secs(1)) {
            *self = Self { second: Some(now), count: 0, was_one: self.count > CROWD };
        }
        self.count += 1;
        self.was_one || self.count > CROWD
    }
}

#[derive(Debug, Clone)]
struct Topic {
    /// As it is subscribed; its messages bear the [`TopicSource::bare`] name.
    filter: Arc<str>,
    qos: u8,
    readings: Vec<Reading>,
    /// Plain paths of its readings.
    wanted: Wanted,
    /// Senders whose availability it tells.
    tells: Vec<usize>,
    /// A message that was not retained has come on this connection.
    live: bool,
    held: Option<Held>,
    /// It is asked for by name; else a filter brings it.
    asked: bool,
    /// It feeds what was written, matches a filter too, and was not found yet.
    unfound: bool,
    /// It feeds a tag by a filter.
    found: bool,
    /// It was asked for again, for its readings from this one on: what the broker had kept is news for those alone.
    again: Option<usize>,
    /// Messages that the log was not told of yet, and when it was last.
    untold: u64,
    logged: Option<Mono>,
}

impl Topic {
    /// One that feeds nothing and is not asked for, yet.
    fn new(filter: &str, qos: u8) -> Self {
        Self {
            filter: filter.into(),
            qos,
            readings: Vec::new(),
            wanted: Wanted::default(),
            tells: Vec::new(),
            live: false,
            held: None,
            asked: false,
            unfound: false,
            found: false,
            again: None,
            untold: 0,
            logged: None,
        }
    }

    /// Whether anything comes of its messages.
    fn is_of_use(&self) -> bool {
        self.asked || !self.readings.is_empty() || !self.tells.is_empty()
    }
}

#[derive(Debug, Clone)]
struct Reading {
    tag: TagId,
    reader: Reader,
    retained: Retained,
    sender: Option<usize>,
}

/// What came while its sender was said to be offline.
#[derive(Debug, Clone)]
struct Held {
    payload: Box<[u8]>,
    retained: bool,
    received: Now,
}

#[derive(Debug, Clone)]
struct Sender {
    availability: Availability,
    life: Life,
    /// Topic and place of each reading that hangs on it.
    readings: Vec<(usize, usize)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Unknown,
    Online,
    Offline,
}

impl Topics {
    /// Adds a tag. A fault of its topic or path is kept and told by [`Topics::faults`].
    pub fn add(&mut self, tag: TagId, data_type: DataType, source: &TopicSource) {
        if let Some(topic) = self.feed(tag, data_type, source) {
            let unfound = self.filter_of(&source.topic).is_some();
            let topic = &mut self.list[topic];
            (topic.asked, topic.unfound) = (true, unfound && !topic.found);
        }
    }

    /// Adds a tag of a topic that was found, and that a filter brings.
    pub fn add_member(&mut self, tag: TagId, data_type: DataType, source: &TopicSource) {
        if let Some(topic) = self.feed(tag, data_type, source) {
            let brought = self.filter_of(&source.topic).is_some();
            let topic = &mut self.list[topic];
            topic.asked |= !brought;
            (topic.found, topic.unfound) = (true, false);
        }
    }

    /// Adds a reading. Gives back the number of its topic, unless it is at fault.
    fn feed(&mut self, tag: TagId, data_type: DataType, source: &TopicSource) -> Option<usize> {
        self.made_of.push((tag, data_type, source.clone()));
        let checked = self
            .check(&source.topic)
            .and_then(|()| source.availability.as_ref().map_or(Ok(()), |a| self.check(&a.topic)))
            .and_then(|()| Reader::new(source, data_type));
        let mut reader = match checked {
            Ok(reader) => reader,
            Err(why) => {
                self.faults.push((tag, why.into()));
                return None;
            }
        };
        let topic = self.topic(&source.topic, source.qos);
        let reading = self.list[topic].readings.len();
        let sender = source.availability.as_ref().map(|availability| self.sender(availability, source.qos));
        if let Some(sender) = sender {
            self.senders[sender].readings.push((topic, reading));
        }
        reader.want(&mut self.list[topic].wanted);
        self.list[topic].readings.push(Reading { tag, reader, retained: source.retained, sender });
        Some(topic)
    }

    /// A topic that can be subscribed as it stands, and is not subscribed in another way: a message bears its topic alone,
    /// not the group of a shared one.
    fn check(&self, filter: &str) -> Result<(), String> {
        check_topic(filter)?;
        let known = self.by_name.get(TopicSource::bare(filter).as_bytes()).and_then(|index| self.list.get(*index));
        match known {
            Some(known) if &*known.filter != filter => Err(format!(
                "the messages of \"{}\" are those of \"{}\", which is subscribed already",
                filter.escape_debug(),
                known.filter.escape_debug()
            )),
            _ => Ok(()),
        }
    }

    fn topic(&mut self, filter: &str, qos: u8) -> usize {
        let next = self.list.len();
        let index = *self.by_name.entry(TopicSource::bare(filter).as_bytes().into()).or_insert(next);
        if index == next {
            self.list.push(Topic::new(filter, qos));
        }
        self.list[index].qos = self.list[index].qos.max(qos);
        index
    }

    fn sender(&mut self, availability: &Availability, qos: u8) -> usize {
        let topic = self.topic(&availability.topic, qos);
        self.list[topic].asked = true;
        let tells = &mut self.list[topic].tells;
        if let Some(known) = tells.iter().find(|index| self.senders[**index].availability == *availability) {
            return *known;
        }
        let index = self.senders.len();
        tells.push(index);
        self.senders.push(Sender { availability: availability.clone(), life: Life::Unknown, readings: Vec::new() });
        index
    }

    /// Tags that cannot be read at all, and why.
    pub fn faults(&self) -> &[(TagId, Arc<str>)] {
        &self.faults
    }

    /// Says of these tags that they cannot be read.
    pub fn tell_faults(&self, now: Now, reports: &mut Reports) {
        for (tag, why) in &self.faults {
            reports.push(now, Sample::bad(*tag, Quality::CONFIGURATION, Some(Arc::clone(why))));
        }
    }

    /// Number of topics that feed something or find something.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is nothing to listen to.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Whether a topic is to be asked for by its own name.
    pub fn is_asked(&self, topic: usize) -> bool {
        self.list.get(topic).is_some_and(|topic| topic.asked)
    }

    /// Topics by number in the order in which they are to be subscribed: availability first, so that a retained value
    /// of a sender that is gone does not shine for a moment.
    pub fn order(&self) -> Vec<usize> {
        let asked = (0..self.list.len()).filter(|i| self.list[*i].asked);
        let (first, then): (Vec<_>, Vec<_>) = asked.partition(|i| !self.list[*i].tells.is_empty());
        first.into_iter().chain(then).collect()
    }

    /// How a topic is subscribed, and its quality of service.
    pub fn filter(&self, topic: usize) -> Option<(&str, u8)> {
        self.list.get(topic).map(|t| (t.filter.as_ref(), t.qos))
    }

    /// A new connection: what was known of senders and live messages is no longer.
    pub fn connected(&mut self) {
        for topic in &mut self.list {
            topic.live = false;
            topic.held = None;
            topic.again = None;
        }
        self.left.clear();
        for sender in &mut self.senders {
            sender.life = Life::Unknown;
        }
    }

    /// The broker refused a topic; why, empty where no reason was given.
    pub fn refused(&self, topic: usize, why: &str, now: Now, reports: &mut Reports) {
        let why: Arc<str> = with_reason("the broker refused the subscription", why).into();
        let brought = |t: &&Topic| !t.asked && captures(&self.list[topic].filter, &t.filter).is_some();
        let brought = self.list.iter().filter(|_| self.filters.contains(&topic)).filter(brought);
        for reading in self.list.get(topic).into_iter().chain(brought).flat_map(|t| &t.readings) {
            reports.push(now, Sample::bad(reading.tag, Quality::DEVICE_FAULT, Some(Arc::clone(&why))));
        }
    }

    /// A message. `Err`: something in it was not understood; the first reason.
    ///
    /// # Errors
    /// The reason, for counting and for the log; what it means for the tags is in the reports.
    pub fn message(
        &mut self,
        name: &[u8],
        payload: &[u8],
        retained: bool,
        received: Now,
        reports: &mut Reports,
        log: &DeviceLog,
    ) -> Result<(), Arc<str>> {
        let Some(&index) = self.by_name.get(name) else {
            if let Some(result) = self.find(name, payload, retained, received) {
                let why = result.as_ref().err().map(Arc::clone);
                log.topics().message(name, payload, retained, received, why, 1);
                return result;
            }
            if self.left.contains(name) {
                return Ok(());
            }
            let why: Arc<str> =
                format!("a message of a topic that was not asked for: {}", String::from_utf8_lossy(name)).into();
            log.topics().message(name, payload, retained, received, Some(Arc::clone(&why)), 1);
            return Err(why);
        };
        if self.list[index].unfound {
            // Too many of them are told with those that feed nothing.
            let _told = self.find(name, payload, retained, received);
        }
        let result = self.take(index, payload, retained, received, reports);
        let crowded = self.crowd.is_one(received.mono);
        let topic = &mut self.list[index];
        topic.untold += 1;
        let follows = topic.logged.is_some_and(|at| received.mono - at < APART_IN_A_CROWD);
        if !(crowded && follows) || result.is_err() {
            topic.logged = Some(received.mono);
            let untold = std::mem::take(&mut topic.untold);
            let fault = result.as_ref().err().map(Arc::clone);
            log.topics().message(name, payload, retained, received, fault, untold);
        }
        result
    }

    fn take(
        &mut self,
        index: usize,
        payload: &[u8],
        retained: bool,
        received: Now,
        reports: &mut Reports,
    ) -> Result<(), Arc<str>> {
        let mut result = Ok(());
        for place in 0..self.list[index].tells.len() {
            let sender = self.list[index].tells[place];
            result = result.and(self.availability(sender, payload, received, reports));
        }
        result.and(self.feed_readings(index, 0, payload, retained, received, reports))
    }

    /// What a message says of the tags of its topic, from one of them on.
    fn feed_readings(
        &mut self,
        index: usize,
        from: usize,
        payload: &[u8],
        retained: bool,
        received: Now,
        reports: &mut Reports,
    ) -> Result<(), Arc<str>> {
        let mut result = Ok(());
        let topic = &mut self.list[index];
        let again = topic.again.take().filter(|_| retained && from == 0);
        if retained && topic.live && from == 0 && again.is_none() {
            // Sent at the subscription and overtaken by a live message: older than what is known.
            return result;
        }
        let from = again.unwrap_or(from);
        topic.live |= !retained;
        let scanned = !topic.wanted.is_empty() && topic.wanted.scan(payload, &mut self.places);
        let parsed = if scanned { Payload::scanned(payload, &self.places) } else { Payload::new(payload) };
        let mut hold = false;
        for reading in topic.readings.iter().skip(from) {
            if reading.sender.is_some_and(|s| self.senders[s].life == Life::Offline) {
                hold = true;
            } else {
                result = result.and(read(reading, &parsed, retained, received, reports));
            }
        }
        if hold {
            topic.held = Some(Held { payload: payload.into(), retained, received });
        }
        result
    }

    /// A message of an availability topic.
    fn availability(&mut self, index: usize, payload: &[u8], now: Now, reports: &mut Reports) -> Result<(), Arc<str>> {
        let sender = &mut self.senders[index];
        let before = sender.life;
        sender.life = life(&sender.availability, payload)?;
        match (before, sender.life) {
            (Life::Unknown | Life::Online, Life::Offline) => {
                let why: Arc<str> =
                    format!("{} says {}", sender.availability.topic, sender.availability.offline).into();
                for &(topic, reading) in &sender.readings {
                    self.list[topic].held = None;
                    let tag = self.list[topic].readings[reading].tag;
                    reports.push(now, Sample::bad(tag, Quality::NO_COMMUNICATION, Some(Arc::clone(&why))));
                }
                Ok(())
            }
            (Life::Offline, Life::Online) => self.back_online(index, now, reports),
            _ => Ok(()),
        }
    }

    /// Takes what was held; a tag of which nothing came waits.
    fn back_online(&self, index: usize, now: Now, reports: &mut Reports) -> Result<(), Arc<str>> {
        let mut result = Ok(());
        let sender = &self.senders[index];
        for &(topic, reading) in &sender.readings {
            let topic = &self.list[topic];
            let reading = &topic.readings[reading];
            if let Some(held) = &topic.held {
                let payload = Payload::new(&held.payload);
                result = result.and(read(reading, &payload, held.retained, held.received, reports));
            } else {
                let Availability { topic, online, .. } = &sender.availability;
                let why = format!("{topic} says {online}, and no value has come since");
                reports.push(now, Sample::bad(reading.tag, Quality::WAITING, Some(why.into())));
            }
        }
        result
    }
}

/// What a message says of one tag, reported.
fn read(
    reading: &Reading,
    payload: &Payload<'_>,
    retained: bool,
    received: Now,
    reports: &mut Reports,
) -> Result<(), Arc<str>> {
    let quality = match (retained, reading.retained) {
        (true, Retained::Ignore) => return Ok(()),
        (true, Retained::Uncertain) => Quality::RETAINED,
        (true, Retained::Good) | (false, _) => Quality::GOOD,
    };
    match reading.reader.read(payload) {
        Outcome::Value { value, source_time, raw, detail, quality: told } => {
            let quality = quality.worst(told);
            let sample = Sample { tag: reading.tag, value: Some(value), quality, source_time, raw, detail };
            reports.push(received, sample);
            Ok(())
        }
        Outcome::Bad(why) => {
            reports.push(received, Sample::bad(reading.tag, Quality::PAYLOAD, Some(Arc::clone(&why))));
            Err(why)
        }
        Outcome::Keep => Ok(()),
    }
}

/// What an availability message says: the word itself, or as `zigbee2mqtt` has it, `{"state":"online"}`.
fn life(availability: &Availability, payload: &[u8]) -> Result<Life, Arc<str>> {
    let text = std::str::from_utf8(payload).unwrap_or_default().trim();
    let json = if text.starts_with('{') { serde_json::from_str::<serde_json::Value>(text).ok() } else { None };
    let word = json.as_ref().and_then(|json| json.get("state")?.as_str()).unwrap_or(text);
    if word == availability.online {
        Ok(Life::Online)
    } else if word == availability.offline {
        Ok(Life::Offline)
    } else {
        let Availability { topic, online, offline } = availability;
        Err(format!("{topic} says neither \"{online}\" nor \"{offline}\"").into())
    }
}

/// A topic that can be subscribed as it stands: no wildcards, no NUL, not empty, of the protocol's length.
fn check_topic(topic: &str) -> Result<(), String> {
    let fault = if topic.is_empty() {
        "is empty"
    } else if let Some(fault) = TopicSource::share_fault(topic) {
        fault
    } else if topic.contains(['+', '#']) {
        "has a wildcard"
    } else if topic.contains('\0') {
        "has a NUL"
    } else if topic.len() > LONGEST_TOPIC {
        "is longer than 65535 bytes"
    } else {
        return Ok(());
    };
    Err(format!("the topic \"{}\" {fault}", topic.escape_debug()))
}

#[cfg(test)]
#[path = "topics_tests.rs"]
mod tests;
