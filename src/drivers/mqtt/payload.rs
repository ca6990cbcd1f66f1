//! The bytes of a message to the raw value of a tag. Pure: no socket, no clock.
//!
//! Invariant: a value comes out only where the payload says exactly that value. What is missing, empty, null, `nan`, out
//! of the type's range or of another kind is bad, with the reason in words; it is never 0 and never the value before.

use super::path::Path;
use super::scan::{Place, Wanted};
use crate::engine::{Quality, Raw, Value};
use crate::project::{DataType, Missing, TopicSource};
use crate::time::Utc;
use serde_json::Value as Json;
use std::cell::OnceCell;
use std::sync::Arc;

/// Longest text taken as a value, in bytes: it travels in every snapshot and is drawn on every frame.
pub const LONGEST_TEXT: usize = 4096;

/// One message's bytes; parsed as JSON at the first tag that asks, once for all its tags. Where a scan has found the
/// values of its plain paths, those need no parsing.
#[derive(Debug)]
pub struct Payload<'a> {
    bytes: &'a [u8],
    json: OnceCell<Result<Json, Arc<str>>>,
    places: Option<&'a [Option<Place>]>,
}

/// A value in a payload: its JSON text, or parsed.
enum Found<'a> {
    Text(&'a [u8]),
    Json(&'a Json),
}

impl<'a> Payload<'a> {
    /// Nothing is parsed yet.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, json: OnceCell::new(), places: None }
    }

    /// With what a scan of these bytes has found.
    pub const fn scanned(bytes: &'a [u8], places: &'a [Option<Place>]) -> Self {
        Self { bytes, json: OnceCell::new(), places: Some(places) }
    }

    /// The bytes as received.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    fn json(&self) -> Result<&Json, Arc<str>> {
        let parse = || match serde_json::from_slice(self.bytes) {
            Ok(json) => Ok(json),
            Err(_) if self.bytes.is_empty() => Err("the payload is empty".into()),
            Err(e) => Err(format!("no JSON: {e}").into()),
        };
        self.json.get_or_init(parse).as_ref().map_err(Arc::clone)
    }

    fn first(&self, wanted: &Query) -> Result<Option<Found<'_>>, Arc<str>> {
        if let (Some(places), Some(slot)) = (self.places, wanted.slot) {
            let place = places.get(slot).copied().flatten();
            return Ok(place.and_then(|(start, end)| self.bytes.get(start..end)).map(Found::Text));
        }
        Ok(wanted.path.first(self.json()?).map(Found::Json))
    }
}

/// A path, and its number in the scan of its topic.
#[derive(Debug, Clone)]
struct Query {
    path: Path,
    slot: Option<usize>,
}

impl Query {
    fn new(text: &str) -> Result<Self, String> {
        Ok(Self { path: Path::new(text)?, slot: None })
    }

    fn want(&mut self, wanted: &mut Wanted) {
        self.slot = self.path.steps().map(|steps| wanted.add(steps));
    }
}

/// What a message says of one tag.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A value that was read.
    Value {
        /// The raw value, before scaling.
        value: Value,
        /// Time told in the payload.
        source_time: Option<Utc>,
        /// The payload where it is the value and short.
        raw: Raw,
        /// Why the time told in the payload was not taken.
        detail: Option<Arc<str>>,
        /// Good, or `uncertain:clock` where a time is told and cannot be read. A payload that tells none is taken at its
        /// receipt: devices may have that switched off.
        quality: Quality,
    },
    /// The payload was not understood; why.
    Bad(Arc<str>),
    /// The payload does not speak of this tag, and the project says that the last value stays.
    Keep,
}

/// How one tag is read from a topic's payloads.
#[derive(Debug, Clone)]
pub struct Reader {
    data_type: DataType,
    path: Option<Query>,
    missing: Missing,
    time: Option<Query>,
}

impl Reader {
    /// Compiles the paths of a source.
    ///
    /// # Errors
    /// A path that is no JSONPath.
    pub fn new(source: &TopicSource, data_type: DataType) -> Result<Self, String> {
        Ok(Self {
            data_type,
            path: source.path.as_deref().map(Query::new).transpose()?,
            missing: source.missing,
            time: source.time.as_deref().map(Query::new).transpose()?,
        })
    }

    /// Has its plain paths found by the scan of its topic's payloads.
    pub fn want(&mut self, wanted: &mut Wanted) {
        for query in self.path.iter_mut().chain(&mut self.time) {
            query.want(wanted);
        }
    }

    /// Reads the tag's value.
    pub fn read(&self, payload: &Payload<'_>) -> Outcome {
        match self.value(payload) {
            Ok(Some(value)) => {
                let (source_time, detail, quality) = match self.source_time(payload) {
                    Ok(time) => (time, None, Quality::GOOD),
                    Err((quality, why)) => (None, Some(format!("{why}; the time of receipt is taken").into()), quality),
                };
                let raw = if self.path.is_none() { Raw::new(payload.bytes()) } else { Raw::NONE };
                Outcome::Value { value, source_time, raw, detail, quality }
            }
            Ok(None) => Outcome::Keep,
            Err(why) => Outcome::Bad(why),
        }
    }

    fn value(&self, payload: &Payload<'_>) -> Result<Option<Value>, Arc<str>> {
        let Some(query) = &self.path else {
            return Ok(Some(value_from_payload(payload.bytes(), self.data_type)?));
        };
        match payload.first(query)? {
            Some(Found::Text(text)) => Ok(Some(value_from_json_text(text, self.data_type)?)),
            Some(Found::Json(json)) => Ok(Some(value_from_json(json, self.data_type)?)),
            None if self.missing == Missing::Keep => Ok(None),
            None => Err(format!("no value at {}", query.path.text()).into()),
        }
    }

    /// The source time, or why the time of receipt has to do, and what that makes of the value.
    fn source_time(&self, payload: &Payload<'_>) -> Result<Option<Utc>, (Quality, String)> {
        let Some(query) = &self.time else { return Ok(None) };
        let unread = |why: String| (Quality::CLOCK, why);
        match payload.first(query).map_err(|why| unread(why.to_string()))? {
            Some(Found::Text(text)) => serde_json::from_slice(text)
                .map_err(|e| e.to_string())
                .and_then(|t| time_from_json(&t))
                .map(Some)
                .map_err(unread),
            Some(Found::Json(json)) => time_from_json(json).map(Some).map_err(unread),
            None => Err((Quality::GOOD, format!("no source time at {}", query.path.text()))),
        }
    }
}

/// A payload that is the value itself.
fn value_from_payload(bytes: &[u8], data_type: DataType) -> Result<Value, String> {
    if bytes.is_empty() {
        return Err("the payload is empty".to_owned());
    }
    let text =
        std::str::from_utf8(bytes).map_err(|e| format!("no UTF-8 text: byte {} is at fault", e.valid_up_to() + 1))?;
    value_from_text(text, data_type)
}

/// The text of a JSON value, of which the scan knows that it is one.
fn value_from_json_text(text: &[u8], data_type: DataType) -> Result<Value, String> {
    if let (Some(greatest), Some(float)) = (float_limit(data_type), short_decimal(text)) {
        return value_from_float(float, greatest, data_type);
    }
    let text = std::str::from_utf8(text).map_err(|e| e.to_string())?;
    let inside = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match (inside, text.as_bytes().first()) {
        (Some(inside), _) if !inside.contains('\\') => value_from_text(inside, data_type),
        // As the text has it, to the last bit.
        (None, Some(b'-' | b'0'..=b'9')) if !matches!(data_type, DataType::Bool | DataType::String) => {
            value_from_word(text, data_type)
        }
        _ => value_from_json(&serde_json::from_str(text).map_err(|e| e.to_string())?, data_type),
    }
}

/// A JSON value that a path found.
fn value_from_json(json: &Json, data_type: DataType) -> Result<Value, String> {
    match (json, data_type) {
        (Json::String(text), _) => value_from_text(text, data_type),
        (Json::Bool(state), DataType::Bool) => Ok(Value::Bool(*state)),
        (Json::Number(number), DataType::Bool) => match number.as_f64() {
            Some(1.0) => Ok(Value::Bool(true)),
            Some(0.0) => Ok(Value::Bool(false)),
            _ => Err(format!("{number} is neither true nor false")),
        },
        (Json::Number(number), data_type) if data_type != DataType::String => {
            let number = match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(whole), _, _) => Number::Whole(whole.into()),
                (None, Some(whole), _) => Number::Whole(whole.into()),
                (None, None, float) => Number::Float(float.unwrap_or(f64::NAN)),
            };
            value_from_number(number, data_type)
        }
        (other, data_type) => Err(format!("{} is no {}", kind(other), wanted(data_type))),
    }
}

/// Words, as a payload or in a JSON string.
fn value_from_text(text: &str, data_type: DataType) -> Result<Value, String> {
    if data_type == DataType::String {
        return if text.len() <= LONGEST_TEXT {
            Ok(Value::Text(text.into()))
        } else {
            Err(format!("a text of {} bytes; at most {LONGEST_TEXT} are taken", text.len()))
        };
    }
    let word = text.trim();
    if word.is_empty() {
        return Err("an empty text".to_owned());
    }
    if data_type == DataType::Bool {
        return match word {
            "1" => Ok(Value::Bool(true)),
            "0" => Ok(Value::Bool(false)),
            _ if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("on") => Ok(Value::Bool(true)),
            _ if word.eq_ignore_ascii_case("false") || word.eq_ignore_ascii_case("off") => Ok(Value::Bool(false)),
            _ => Err(format!("\"{}\" is neither true nor false", excerpt(word))),
        };
    }
    value_from_word(word, data_type)
}

/// A number in words.
fn value_from_word(word: &str, data_type: DataType) -> Result<Value, String> {
    let Some(greatest) = float_limit(data_type) else {
        return value_from_number(number_from_word(word)?, data_type);
    };
    value_from_float(float_from_word(word)?, greatest, data_type)
}

/// A number before its type is known: whole ones exact, beyond every 64-bit type.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Number {
    Whole(i128),
    Float(f64),
}

fn number_from_word(word: &str) -> Result<Number, String> {
    if let Ok(whole) = word.parse::<i64>() {
        return Ok(Number::Whole(whole.into()));
    }
    if let Ok(whole) = word.parse::<i128>() {
        return Ok(Number::Whole(whole));
    }
    // "12.0" is a whole number too, and exact beyond what a float can tell apart.
    if let Some((whole, zeros)) = word.split_once('.')
        && zeros.bytes().all(|b| b == b'0')
        && let Ok(whole) = whole.parse::<i128>()
    {
        return Ok(Number::Whole(whole));
    }
    float_from_word(word).map(Number::Float)
}

/// The float next to a decimal of at most 15 digits, `-12.5`; `None` for any other. Its digits as a whole number and the
/// power of ten of its point are exact floats both, so that their quotient is rounded once and is the nearest there is.
fn short_decimal(text: &[u8]) -> Option<f64> {
    const TENS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (sign, text) = text.strip_prefix(b"-").map_or((1.0, text), |rest| (-1.0, rest));
    let mut whole = 0_u64;
    let mut point = None;
    for (i, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' if i < 16 => whole = whole * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(i),
            _ => return None,
        }
    }
    let places = point.map_or(0, |point| text.len() - 1 - point);
    let digits = text.len() - usize::from(point.is_some());
    if !(1..=15).contains(&digits) || point == Some(0) || (point.is_some() && places == 0) {
        return None;
    }
    Some(sign * whole as f64 / TENS.get(places)?)
}

/// The float next to what is written.
fn float_from_word(word: &str) -> Result<f64, String> {
    match word.parse::<f64>() {
        Ok(float) if float.is_finite() => Ok(float),
        Ok(_) => Err(format!("\"{}\" is not finite", excerpt(word))),
        Err(_) => Err(format!("\"{}\" is no number", excerpt(word))),
    }
}

fn value_from_number(number: Number, data_type: DataType) -> Result<Value, String> {
    if let Some(greatest) = float_limit(data_type) {
        let float = match number {
            Number::Whole(whole) => whole as f64,
            Number::Float(float) => float,
        };
        return value_from_float(float, greatest, data_type);
    }
    let whole = match number {
        Number::Whole(whole) => whole,
        // From 2^53 on a float no longer names one whole number.
        Number::Float(float) if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 => float as i128,
        Number::Float(float) => return Err(format!("{float} is no whole number of {}", data_type.word())),
    };
    let (least, greatest) = whole_limits(data_type);
    if !(least..=greatest).contains(&whole) {
        return Err(format!("{whole} is outside {} ({least} to {greatest})", data_type.word()));
    }
    Ok(if least < 0 { Value::I64(whole as i64) } else { Value::U64(whole as u64) })
}

fn value_from_float(float: f64, greatest: f64, data_type: DataType) -> Result<Value, String> {
    if !float.is_finite() {
        Err("a number that is not finite".to_owned())
    } else if float.abs() > greatest {
        Err(format!("{float:e} is outside {} (up to {greatest:e})", data_type.word()))
    } else {
        Ok(Value::F64(float + 0.0)) // Zero has no sign.
    }
}

/// The greatest magnitude of a float type; `None` for the others.
const fn float_limit(data_type: DataType) -> Option<f64> {
    match data_type {
        DataType::F16 => Some(65_504.0),
        DataType::F32 => Some(f32::MAX as f64),
        DataType::F64 => Some(f64::MAX),
        _ => None,
    }
}

/// The least and greatest number of a whole type.
const fn whole_limits(data_type: DataType) -> (i128, i128) {
    match data_type {
        DataType::U8 => (0, u8::MAX as i128),
        DataType::I8 => (i8::MIN as i128, i8::MAX as i128),
        DataType::U16 => (0, u16::MAX as i128),
        DataType::I16 => (i16::MIN as i128, i16::MAX as i128),
        DataType::U32 => (0, u32::MAX as i128),
        DataType::I32 => (i32::MIN as i128, i32::MAX as i128),
        DataType::I64 => (i64::MIN as i128, i64::MAX as i128),
        DataType::Bcd16 => (0, 9_999),
        DataType::Bcd32 => (0, 99_999_999),
        DataType::U64 | DataType::Bool | DataType::F16 | DataType::F32 | DataType::F64 | DataType::String => {
            (0, u64::MAX as i128)
        }
    }
}

/// Source times before this are a clock that was never set; taken at its word, the value would be older than any other.
const EARLIEST_SOURCE_TIME: i64 = 946_684_800_000_000;

fn time_from_json(json: &Json) -> Result<Utc, String> {
    let time = match json {
        Json::String(text) => match Utc::parse_rfc3339(text.trim()) {
            Some(time) => Some(time),
            None => number_from_word(text.trim()).ok().and_then(unix_time),
        },
        Json::Number(number) => {
            number.as_i64().map(|n| Number::Whole(n.into())).or(number.as_f64().map(Number::Float)).and_then(unix_time)
        }
        _ => None,
    };
    match time {
        Some(time) if time.0 >= EARLIEST_SOURCE_TIME => Ok(time),
        Some(time) => Err(format!("the source time {} is before 2000", time.to_rfc3339())),
        None => match json {
            Json::String(text) => Err(format!("the source time \"{}\" is not understood", excerpt(text))),
            other => Err(format!("the source time {} is not understood", excerpt(&other.to_string()))),
        },
    }
}

/// Unix time in s, ms, µs or ns, told apart by its magnitude: as seconds up to the year 5138, as milliseconds from 1973.
fn unix_time(number: Number) -> Option<Utc> {
    let magnitude = match number {
        Number::Whole(whole) => whole as f64,
        Number::Float(float) => float,
    };
    let micros_per_unit = match magnitude {
        m if !m.is_finite() || m < 0.0 => return None,
        m if m < 1e11 => 1e6,
        m if m < 1e14 => 1e3,
        m if m < 1e17 => 1.0,
        m if m < 9.2e18 => 1e-3,
        _ => return None,
    };
    let micros = match number {
        Number::Whole(whole) if micros_per_unit >= 1.0 => i64::try_from(whole * micros_per_unit as i128).ok()?,
        Number::Whole(whole) => i64::try_from(whole / 1_000).ok()?,
        Number::Float(float) => (float * micros_per_unit).round() as i64,
    };
    Some(Utc(micros))
}

const fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(true) => "true",
        Json::Bool(false) => "false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

const fn wanted(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Bool => "true or false",
        DataType::String => "text",
        _ => "number",
    }
}

/// The start of what was received, fit for one line.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
#[path = "payload_tests.rs"]
mod tests;
