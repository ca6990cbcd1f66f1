//! From value to frame: what was asked for a tag, what came back, and how the bytes became the number.
//!
//! Nothing is worked out here a second time: the bytes go through the driver's own decoder and the engine's own rules once
//! more, and each step is told.

pub mod frame;

use super::modbus::blocks::{Block, Spot};
use super::modbus::reply::exception_words;
use super::modbus::value;
use super::monitor::{Exchange, Message, Monitor, Outcome, Request};
use super::mqtt::payload::{self, Payload, Reader};
use crate::engine::plan::{SourcePlan, TagPlan};
use crate::engine::{DeviceId, LinkState, Power, Sample, Snapshot, TagId, Value, judge};
use crate::project::{DataType, Order, RegisterSource, TopicSource};
use crate::text::{bounded, rounded, visible};
use crate::time::{Now, Span};
use frame::Field;
use std::fmt::Write as _;

/// Characters of a payload that are shown.
const PAYLOAD_CHARS: usize = 400;

/// All there is to say of a tag's value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explanation {
    /// Where the value comes from, in words.
    pub source: String,
    /// How it became what it is: each step's name and what it says. Empty: nothing was answered yet.
    pub steps: Vec<(&'static str, String)>,
    /// The last exchanges or messages, newest first; at most ten.
    pub last: Vec<Told>,
    /// The last exception that a request for it was answered with.
    pub exception: Option<Told>,
    /// Why there is less than one would expect.
    pub note: Option<String>,
}

/// An exchange, or a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// When it was asked, or came.
    pub at: Now,
    /// How long it took; `None`: nothing was asked.
    pub took: Option<Span>,
    /// What was asked for, or the topic.
    pub what: String,
    /// How it ended, in words.
    pub outcome: String,
    /// Whether it ended well.
    pub well: bool,
    /// How its bytes became the value, as in [`Explanation::steps`]; empty: they did not.
    pub steps: Vec<(&'static str, String)>,
    /// The request, field by field; empty: none was sent.
    pub sent: Vec<Field>,
    /// The answer, field by field, or the payload; empty: none came.
    pub received: Vec<Field>,
}

/// Bytes in hex, two by two as registers: `42BE 6666`.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (i, pair) in bytes.chunks(2).enumerate() {
        if i > 0 {
            text.push(' ');
        }
        for byte in pair {
            let _infallible = write!(text, "{byte:02X}");
        }
    }
    text
}

/// Explains a tag of the snapshot's plan; `None`: there is no such tag.
pub fn explain(snapshot: &Snapshot, monitor: &Monitor, id: TagId) -> Option<Explanation> {
    let plan = &snapshot.plan;
    let tag = plan.tag(id)?;
    let name = |device: DeviceId| plan.device(device).map_or("", |d| &d.name).to_owned();
    let number = |device: DeviceId| plan.device_number(device);
    let mut explanation = match &tag.source {
        SourcePlan::Register { device, source, .. } => {
            let power = tag.exponent.and_then(|id| Some(Power::of(snapshot.tag(id)?, &plan.tag(id)?.name)));
            registers(tag, id, source, power.as_ref(), &name(*device), monitor, number(*device))
        }
        SourcePlan::Topic { device, source } => topic(tag, id, source, &name(*device), monitor, number(*device)),
        SourcePlan::Formula(formula) => Explanation {
            source: "computed by a formula".to_owned(),
            steps: formula_steps(snapshot, tag, formula.inputs()),
            note: Some("nothing is asked for it: look at its inputs".to_owned()),
            ..Explanation::default()
        },
        SourcePlan::Figure { device } => Explanation {
            source: format!("a figure of device {}", name(*device)),
            note: Some("counted by the program itself, and told once a second".to_owned()),
            ..Explanation::default()
        },
        SourcePlan::Fault(why) => Explanation {
            source: "at fault in the project".to_owned(),
            note: Some(why.to_string()),
            ..Explanation::default()
        },
    };
    if matches!(tag.source, SourcePlan::Register { .. } | SourcePlan::Topic { .. })
        && explanation.last.is_empty()
        && let (Some(note), Some(device)) = (&mut explanation.note, tag.source.device())
        && let Some(why) = snapshot.devices.get(device.index()).and_then(|view| silence(&view.status.state))
    {
        note.push_str(": ");
        note.push_str(&visible(&why));
    }
    Some(explanation)
}

/// Why a device may have said nothing.
fn silence(state: &LinkState) -> Option<String> {
    match state {
        LinkState::Connecting => Some("the device is being connected".to_owned()),
        LinkState::Connected => None,
        LinkState::Held(who) => Some(format!("{who} asks the device, not this program")),
        LinkState::NoAnswer(why) | LinkState::Unserved(why) => Some(why.to_string()),
    }
}

fn formula_steps(snapshot: &Snapshot, tag: &TagPlan, inputs: &[TagId]) -> Vec<(&'static str, String)> {
    let mut steps = Vec::new();
    if let crate::project::Source::Formula(text) = &tag.tag.source {
        steps.push(("formula", text.clone()));
    }
    for id in inputs {
        let (Some(input), Some(view)) = (snapshot.plan.tag(*id), snapshot.tag(*id)) else { continue };
        let value = view.value.as_ref().map_or_else(|| "no value".to_owned(), Value::to_string);
        steps.push(("input", format!("{} = {value} {}, {}", input.name, input.unit, view.quality)));
    }
    steps
}

fn order_word(order: Order) -> &'static str {
    match order {
        Order::Abcd => "ABCD",
        Order::Cdab => "CDAB",
        Order::Badc => "BADC",
        Order::Dcba => "DCBA",
    }
}

fn registers(
    tag: &TagPlan,
    id: TagId,
    source: &RegisterSource,
    power: Option<&Power>,
    device: &str,
    monitor: &Monitor,
    of: DeviceId,
) -> Explanation {
    let width = if source.area.is_bits() { 1 } else { tag.tag.data_type.registers(source.length) };
    let log = monitor.device(of);
    let (last, exception) = {
        let log = log.exchanges();
        (log.of(source.area, source.address, width), log.last_exception(source.area, source.address, width))
    };
    let told = |(request, exchange): &(Request, Exchange)| {
        let steps = match exchange.outcome {
            Outcome::Answered => register_steps(tag, id, source, power, width, *request, exchange),
            Outcome::Exception(_) | Outcome::Failed(_) => Vec::new(),
        };
        told(source, width, *request, exchange, steps)
    };
    let last: Vec<Told> = last.iter().rev().map(told).collect();
    let steps = newest_steps(&last);
    let place = format!("{}:{}", source.area.word(), source.address);
    let note = match (last.is_empty(), steps.is_empty()) {
        (true, _) => Some("nothing was asked for it yet".to_owned()),
        (false, true) => Some("no answer with its value is among the last exchanges".to_owned()),
        _ => None,
    };
    Explanation {
        source: format!(
            "{device}, {place} (Modicon {}), {}",
            source.area.modicon(source.address),
            tag.tag.data_type.word()
        ),
        steps,
        last,
        exception: exception.as_ref().map(told),
        note,
    }
}

fn told(
    source: &RegisterSource,
    width: u16,
    request: Request,
    exchange: &Exchange,
    steps: Vec<(&'static str, String)>,
) -> Told {
    let own = frame::own_bytes(source.area, source.address - request.start.min(source.address), width);
    let block = Block { area: request.area, start: request.start, count: request.count, spots: Vec::new() };
    Told {
        at: exchange.asked,
        took: Some(exchange.took),
        what: block.to_string(),
        outcome: match &exchange.outcome {
            Outcome::Answered => "answered".to_owned(),
            Outcome::Exception(code) => exception_words(*code),
            Outcome::Failed(why) => why.to_string(),
        },
        well: exchange.outcome == Outcome::Answered,
        steps,
        sent: frame::request(&exchange.sent),
        received: frame::reply(&exchange.sent, &exchange.received, &own),
    }
}

/// Those of the newest that has some.
fn newest_steps(last: &[Told]) -> Vec<(&'static str, String)> {
    last.iter().find(|told| !told.steps.is_empty()).map(|told| told.steps.clone()).unwrap_or_default()
}

/// The way from the bytes of an answer to the value.
fn register_steps(
    tag: &TagPlan,
    id: TagId,
    source: &RegisterSource,
    power: Option<&Power>,
    width: u16,
    request: Request,
    exchange: &Exchange,
) -> Vec<(&'static str, String)> {
    let Some(data) = frame::data(&exchange.sent, &exchange.received) else { return Vec::new() };
    let offset = source.address - request.start.min(source.address);
    let cell = value::cell(source, tag.tag.data_type);
    let spots = vec![Spot { tag: id, offset, width, cell }];
    let block = Block { area: request.area, start: request.start, count: request.count, spots };
    let Some(sample) = value::samples(&block, data).pop() else { return Vec::new() };
    let own = data.get(frame::own_bytes(source.area, offset, width)).unwrap_or_default();
    let mut steps = Vec::new();
    if source.area.is_bits() {
        steps.push(("byte", format!("{}, the one that its bit lies in", hex(own))));
        let (bit, on) = (offset % 8, sample.value == Some(Value::Bool(true)));
        steps.push(("bit", format!("bit {bit}, the least significant is 0: {}", if on { "on" } else { "off" })));
    } else {
        let last = source.address + (width - 1);
        let range = if width > 1 { format!("{} to {last}", source.address) } else { source.address.to_string() };
        steps.push(("registers", format!("{} {range}: {}", source.area.word(), hex(own))));
        let ordered = value::in_order(cell, own);
        if ordered != own {
            steps.push(("order", format!("{}, most significant first: {}", order_word(source.order), hex(&ordered))));
        } else if width > 1 && tag.tag.data_type != DataType::String {
            steps.push(("order", "ABCD: they came most significant first".to_owned()));
        }
        if let Some(bit) = source.bit {
            let on = sample.value == Some(Value::Bool(true));
            steps.push(("bit", format!("bit {bit}, the least significant is 0: {}", if on { "on" } else { "off" })));
        } else if matches!(tag.tag.data_type, DataType::U8 | DataType::I8) {
            let half = if source.byte == Some(crate::project::ByteHalf::High) { "high" } else { "low" };
            steps.push(("byte", format!("the {half} one")));
        }
    }
    ending(tag, &sample, power, &mut steps);
    steps
}

/// From the raw value on: scale, rules, and what comes out.
fn ending(tag: &TagPlan, sample: &Sample, power: Option<&Power>, steps: &mut Vec<(&'static str, String)>) {
    let word = tag.tag.data_type.word();
    match &sample.value {
        Some(value) => steps.push(("raw", format!("as {word}: {}", visible(&value.to_string())))),
        None => steps.push(("raw", format!("no {word}: {}", sample.detail.as_deref().unwrap_or("not understood")))),
    }
    if let (Some(power), Some((area, address)), Some(_)) = (power, tag.tag.scale_register, &sample.value) {
        let place = format!("{}:{address}", area.word());
        steps.push(match (power.exponent, &power.detail) {
            (Some(exponent), _) => ("scale register", format!("{place} says {exponent} now: raw × 10^{exponent}")),
            (None, why) => ("scale register", format!("{place}: {}", why.as_deref().unwrap_or("not known yet"))),
        });
    }
    if let (Some(scaling), Some(_)) = (tag.scaling, &sample.value) {
        let from = match (tag.tag.raw, tag.tag.range) {
            (Some([low, high]), Some([least, most])) => format!("raw {low} to {high} onto {least} to {most}: "),
            _ => String::new(),
        };
        let sign = if scaling.offset < 0.0 { '−' } else { '+' };
        steps.push(("scale", format!("{from}raw × {} {sign} {}", scaling.scale, scaling.offset.abs())));
    }
    let (value, quality, detail) = judge(tag, sample, power);
    let rules = rules(tag);
    let why = detail.map(|why| format!(", {why}")).unwrap_or_default();
    let checked = if rules.is_empty() { String::new() } else { format!(" ({})", rules.join(", ")) };
    steps.push(("quality", format!("{quality}{why}{checked}")));
    if let Some(value) = value {
        let number = match &value {
            Value::F64(number) => rounded(*number, None),
            other => other.to_string(),
        };
        let label = match &value {
            Value::Bool(on) => tag.tag.labels.word(i64::from(*on)),
            Value::U64(n) => i64::try_from(*n).ok().and_then(|n| tag.tag.labels.word(n)),
            Value::I64(n) => tag.tag.labels.word(*n),
            _ => None,
        };
        let label = label.map(|word| format!(": {word}")).unwrap_or_default();
        steps.push(("value", format!("{} {}{label}", visible(&number), tag.unit).trim_end().to_owned()));
    }
}

/// The rules that a value is held against.
fn rules(tag: &TagPlan) -> Vec<String> {
    let tag = &tag.tag;
    let span = |name: &str, [low, high]: [f64; 2]| format!("{name} {low} to {high}");
    let bad = (!tag.bad_values.is_empty()).then(|| {
        let values: Vec<String> = tag.bad_values.iter().map(f64::to_string).collect();
        format!("no value: raw {}", values.join(", "))
    });
    bad.into_iter().chain(tag.valid.map(|v| span("valid", v))).chain(tag.range.map(|r| span("range", r))).collect()
}

fn topic(tag: &TagPlan, id: TagId, source: &TopicSource, device: &str, monitor: &Monitor, of: DeviceId) -> Explanation {
    let last = monitor.device(of).topics().messages(TopicSource::bare(&source.topic));
    let told = |message: &Message| message_told(source, message, message_steps(tag, id, source, message));
    let last: Vec<Told> = last.iter().rev().map(told).collect();
    let steps = newest_steps(&last);
    Explanation {
        source: format!("{device}, topic {}", visible(&source.topic)),
        note: steps.is_empty().then(|| "no message of its topic has come yet".to_owned()),
        steps,
        last,
        exception: None,
    }
}

fn message_told(source: &TopicSource, message: &Message, steps: Vec<(&'static str, String)>) -> Told {
    let kept = if message.retained { ", retained" } else { "" };
    let cut = message.bytes - message.head.len();
    let more = if cut > 0 { format!(", and {cut} bytes more") } else { String::new() };
    let text = String::from_utf8_lossy(&message.head);
    let field = Field {
        name: "payload",
        bytes: message.head.clone(),
        means: format!("{}{more}", visible(bounded(&text, PAYLOAD_CHARS).0)),
        own: source.path.is_none(),
    };
    Told {
        at: message.at,
        took: None,
        what: TopicSource::bare(&source.topic).to_owned(),
        outcome: match &message.fault {
            Some(why) => format!("{} bytes{kept}: {why}", message.bytes),
            None => format!("{} bytes{kept}", message.bytes),
        },
        well: message.fault.is_none(),
        steps,
        sent: Vec::new(),
        received: if message.head.is_empty() { Vec::new() } else { vec![field] },
    }
}

fn message_steps(tag: &TagPlan, id: TagId, source: &TopicSource, message: &Message) -> Vec<(&'static str, String)> {
    let text = String::from_utf8_lossy(&message.head);
    let mut steps = vec![("payload", visible(bounded(&text, PAYLOAD_CHARS).0).into_owned())];
    if message.bytes > message.head.len() {
        steps.push(("raw", format!("only the first {} of {} bytes are kept", message.head.len(), message.bytes)));
        return steps;
    }
    steps.push(("path", source.path.clone().unwrap_or_else(|| "none: the payload is the value".to_owned())));
    let Ok(reader) = Reader::new(source, tag.tag.data_type) else { return steps };
    match reader.read(&Payload::new(&message.head)) {
        payload::Outcome::Value { value, source_time, raw, detail, quality } => {
            if let Some(path) = &source.time {
                let time = source_time
                    .map_or_else(|| "none told, that of receipt counts".to_owned(), crate::time::Utc::to_rfc3339);
                steps.push(("time", format!("{path}: {time}")));
            }
            ending(tag, &Sample { tag: id, value: Some(value), quality, source_time, raw, detail }, None, &mut steps);
        }
        payload::Outcome::Bad(why) => steps.push(("raw", why.to_string())),
        payload::Outcome::Keep => {
            steps.push(("raw", "the payload does not speak of it: the last value stays".to_owned()));
        }
    }
    steps
}
