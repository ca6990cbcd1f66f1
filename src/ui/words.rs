//! All words of the screen, and how numbers, ages and times are written. Pure: time and zone come in as arguments.
//!
//! One rule for each kind of thing, so that the same number reads the same on a tile, in a list, in the faceplate and
//! to a screen reader. The fixed sentences are in [`say`].

pub mod say;
#[cfg(test)]
mod tests;

use crate::engine::plan::{Condition, Subject};
use crate::engine::snapshot::Hiding;
use crate::engine::{
    AlarmState, AlarmView, DeviceStatus, HistoryState, LinkState, Plan, Quality, Snapshot, TagView, Value,
    plan::AlarmPlan, plan::TagPlan,
};
use crate::project::{Priority, Tag};
use crate::time::{Now, Span, Utc};
use jiff::tz::{AmbiguousOffset, TimeZone};

/// Between groups of three digits: narrow, and no place for a line to break.
pub const GROUP: char = '\u{202F}';
/// As wide as a digit; a hyphen is easily missed.
pub const MINUS: char = '\u{2212}';
/// Every sign besides ASCII that the screen's own words use; a test finds them in both fonts.
pub const SIGNS: &str =
    "0123456789 ABCXYZabcxyz.,:;/()%+-–—−…×·°³²⁻¹µμΩ≥≤±→←↑↓✓✗⚠▲▼■●◆“”‘’äöüßéñÄÖÜ\u{A0}\u{2009}\u{202F}";

/// A number: digits after the point as written (`decimals`), else as many as it needs, at most three; what is not zero
/// never reads as 0 unasked.
pub fn number(value: f64, decimals: Option<u8>) -> String {
    if !value.is_finite() {
        return say::NO_VALUE.to_owned();
    }
    // Beyond this a 64-bit float has no digits left after the point, and nobody reads sixteen places.
    if value.abs() >= 1e15 {
        return minus(format!("{value:.3e}"));
    }
    let plain = crate::text::rounded(value, decimals);
    if plain.contains('e') { minus(plain) } else { grouped(&plain) }
}

/// A tag that is named and not there.
pub fn no_tag(name: &str, plan: &Plan) -> String {
    match plan.project.awaits(name).and_then(|family| family.source()) {
        Some(source) => format!("waits for \"{name}\": no message of {} yet", source.topic),
        None => format!("no tag \"{name}\" in the project"),
    }
}

/// A whole number, exact.
pub fn count(value: u64) -> String {
    grouped(&value.to_string())
}

/// Sets thin spaces between groups of three digits before the point: `1 450`; four digits are grouped too, so that
/// columns align.
fn grouped(plain: &str) -> String {
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
    let (whole, fraction) = digits.find('.').map_or((digits, ""), |point| digits.split_at(point));
    let mut out = String::with_capacity(plain.len() + 8);
    if !sign.is_empty() {
        out.push(MINUS);
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(GROUP);
        }
        out.push(digit);
    }
    out.push_str(fraction);
    out
}

fn minus(text: String) -> String {
    if text.contains('-') { text.replace('-', "\u{2212}") } else { text }
}

/// A value as it stands on the screen, without its unit: a word for a state, a number, a text.
pub fn value(value: &Value, tag: &Tag) -> String {
    if let Some(word) = value.as_state().and_then(|state| tag.labels.word(state)) {
        return word.to_owned();
    }
    match value {
        Value::F64(v) => number(*v, tag.decimals),
        Value::I64(v) => grouped(&v.to_string()),
        Value::U64(v) => grouped(&v.to_string()),
        Value::Bool(v) => (if *v { say::ON } else { say::OFF }).to_owned(),
        Value::Text(v) => text_words(v),
    }
}

/// A text of a device for one line: what cannot be seen as escapes, and no more of it than a line can hold.
fn text_words(text: &str) -> String {
    const MOST: usize = 400;
    let (shown, more) = crate::text::bounded(text, MOST);
    let shown = crate::text::visible(shown).into_owned();
    if more > 0 { format!("{shown}… ({} characters more)", count(more as u64)) } else { shown }
}

/// Whether a value is shown as a word rather than as a number with a unit.
pub fn is_word(value: &Value, tag: &Tag) -> bool {
    matches!(value, Value::Bool(_) | Value::Text(_)) || value.as_state().is_some_and(|s| tag.labels.word(s).is_some())
}

/// A value with its unit: `12.5 m³/h`, `Running`.
pub fn value_with_unit(v: &Value, tag: &Tag) -> String {
    let text = value(v, tag);
    if tag.unit.is_empty() || is_word(v, tag) { text } else { format!("{text} {}", tag.unit) }
}

/// A limit or an end of a range, written like the values of its tag, with the unit.
pub fn limit(value: f64, tag: &Tag) -> String {
    // A limit may be finer than the decimals shown; what is written in the project is what counts.
    let fine = number(value, None);
    let coarse = number(value, tag.decimals);
    let text = if coarse.len() >= fine.len() { coarse } else { fine };
    if tag.unit.is_empty() { text } else { format!("{text} {}", tag.unit) }
}

/// A length of time, in its two greatest units: `38 s`, `1 m 44 s`, `2 h 43 m`, `3 d 4 h`. From ten minutes on seconds
/// are left out, so that a list of old alarms stands still.
pub fn duration(span: Span) -> String {
    let secs = span.0.max(0) / 1_000_000;
    let (d, h, m, s) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60, secs % 60);
    if d > 0 {
        format!("{d} d {h} h")
    } else if h > 0 {
        format!("{h} h {m} m")
    } else if m >= 10 {
        format!("{m} m")
    } else if m > 0 {
        format!("{m} m {s} s")
    } else {
        format!("{s} s")
    }
}

/// The age of a value: from 2 s on, or where the value is not good, in whole seconds. `None`: not worth a word.
pub fn age(view: &TagView, now: Now) -> Option<String> {
    let age = view.age(now.mono)?;
    (age >= Span::from_secs(2) || !view.quality.is_good()).then(|| duration(age))
}

/// A short time: `4 ms`, `1.2 s`.
pub fn round_trip(span: Span) -> String {
    let millis = span.0 as f64 / 1e3;
    if millis < 1.0 {
        "<1 ms".to_owned()
    } else if millis < 1_000.0 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", millis / 1e3)
    }
}

/// Bytes: `3.1 GB`.
pub fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1_000.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") };
        }
        value /= 1_000.0;
    }
    format!("{value:.1} TB")
}

/// An instant in the zone of the project; `None` where it is beyond every calendar.
fn zoned(utc: Utc, zone: &TimeZone) -> Option<jiff::Zoned> {
    jiff::Timestamp::from_microsecond(utc.0).ok().map(|t| t.to_zoned(zone.clone()))
}

/// Hours, minutes and seconds in the zone; in the hour that comes twice in autumn with its offset from UTC.
pub fn time_of_day(utc: Utc, zone: &TimeZone) -> String {
    clock(utc, zone, "%H:%M:%S")
}

/// The same with milliseconds, for axes and cursors of a short time.
pub fn time_with_millis(utc: Utc, zone: &TimeZone) -> String {
    clock(utc, zone, "%H:%M:%S%.3f")
}

/// Hours and minutes, for axes; in the hour that comes twice with its offset.
pub fn hour_minute(utc: Utc, zone: &TimeZone) -> String {
    clock(utc, zone, "%H:%M")
}

fn clock(utc: Utc, zone: &TimeZone, format: &str) -> String {
    let Some(local) = zoned(utc, zone) else { return say::NO_TIME.to_owned() };
    let time = local.strftime(format);
    if matches!(zone.to_ambiguous_timestamp(local.datetime()).offset(), AmbiguousOffset::Fold { .. }) {
        format!("{time} {}", local.strftime("%:z"))
    } else {
        time.to_string()
    }
}

/// A day, for the ticks of a long axis: `20 Nov`.
pub fn day(utc: Utc, zone: &TimeZone) -> String {
    zoned(utc, zone).map_or_else(|| say::NO_TIME.to_owned(), |local| local.strftime("%-d %b").to_string())
}

/// A month of its year: `Nov 2026`.
pub fn month(utc: Utc, zone: &TimeZone) -> String {
    zoned(utc, zone).map_or_else(|| say::NO_TIME.to_owned(), |local| local.strftime("%b %Y").to_string())
}

/// A year.
pub fn year(utc: Utc, zone: &TimeZone) -> String {
    zoned(utc, zone).map_or_else(|| say::NO_TIME.to_owned(), |local| local.strftime("%Y").to_string())
}

/// The length of a trend: `2 h`, `1 m 30 s`, `1 d 12 h`, in its two greatest units; from a year on in years.
pub fn duration_of_range(span: Span) -> String {
    let secs = span.0.max(0) / 1_000_000;
    if secs >= 365 * 86_400 {
        let years = number(((secs as f64 / (365.25 * 86_400.0)) * 10.0).round() / 10.0, None);
        return format!("{years} {}", if years == "1" { "year" } else { "years" });
    }
    if secs < 10 {
        return format!("{} s", number((span.0 as f64 / 1e4).round() / 1e2, None));
    }
    let parts = [(secs / 86_400, "d"), (secs / 3_600 % 24, "h"), (secs / 60 % 60, "m"), (secs % 60, "s")];
    let words: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).take(2).map(|(n, unit)| format!("{n} {unit}")).collect();
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

/// An instant: the time of day, with the date where it is of another day than now, and the year where of another year.
pub fn instant(utc: Utc, now: Utc, zone: &TimeZone) -> String {
    dated(time_of_day(utc, zone), utc, now, zone)
}

/// An instant under a cursor whose pixels are `column` wide: as fine as a pixel can tell.
pub fn instant_within(column: Span, utc: Utc, now: Utc, zone: &TimeZone) -> String {
    let time = match column {
        c if c < Span::from_millis(100) => time_with_millis(utc, zone),
        c if c < Span::from_secs(60) => time_of_day(utc, zone),
        _ => hour_minute(utc, zone),
    };
    dated(time, utc, now, zone)
}

fn dated(time: String, utc: Utc, now: Utc, zone: &TimeZone) -> String {
    let (Some(then), Some(today)) = (zoned(utc, zone), zoned(now, zone)) else { return time };
    if then.date() == today.date() {
        time
    } else if then.year() == today.year() {
        format!("{} {time}", then.strftime("%-d %b"))
    } else {
        format!("{} {time}", then.strftime("%-d %b %Y"))
    }
}

/// The clock of the status bar: `Fri 20 Nov 14:03:54`.
pub fn date_and_time(utc: Utc, zone: &TimeZone) -> String {
    let Some(local) = zoned(utc, zone) else { return say::NO_TIME.to_owned() };
    format!("{} {}", local.strftime("%a %-d %b"), time_of_day(utc, zone))
}

/// The zone as people call it: `Amsterdam`, or `UTC`, with its offset now.
pub fn zone_name(utc: Utc, zone: &TimeZone) -> String {
    let offset = zoned(utc, zone).map(|local| local.strftime("%:z").to_string()).unwrap_or_default();
    match zone.iana_name() {
        Some(name) => format!("{} {offset}", name.rsplit('/').next().unwrap_or(name).replace('_', " ")),
        None => format!("UTC{offset}"),
    }
}

/// A quality in words: `good`, `bad: no communication`, `uncertain: stale`.
pub fn quality(quality: Quality) -> String {
    let word = quality.to_string();
    match word.split_once(':') {
        Some((level, _)) => format!("{level}: {}", quality.words()),
        None => word,
    }
}

/// Why a value is not good, as fully as is known: `bad: device fault, exception 2: illegal data address`.
pub fn quality_with_detail(view: &TagView) -> String {
    let words = quality(view.quality);
    match &view.detail {
        Some(detail) if !view.quality.is_good() => format!("{words}, {detail}"),
        _ => words,
    }
}

/// A tag as a screen reader tells it: `12.5 m³/h`, or `12.5 m³/h, bad: no communication, 32 s old`.
pub fn spoken_value(view: &TagView, tag: &Tag, now: Now) -> String {
    let mut text = view.value.as_ref().map_or_else(|| say::NO_VALUE.to_owned(), |v| value_with_unit(v, tag));
    if !view.quality.is_good() {
        text.push_str(", ");
        text.push_str(&quality(view.quality));
    }
    if let Some(age) = age(view, now) {
        text.push_str(", ");
        text.push_str(&age);
        text.push_str(" old");
    }
    text
}

/// An alarm row as a screen reader tells it: `unacknowledged, critical, 96.2 %, 14:03:22`.
pub fn spoken_alarm(snapshot: &Snapshot, view: &AlarmView, zone: &TimeZone) -> String {
    let Some(alarm) = snapshot.plan.alarm(view.id) else { return String::new() };
    let value = alarm_value(snapshot, alarm).text;
    let raised = instant(view.raised, snapshot.now.utc, zone);
    let mut text = format!("{}, {}, ", state(view), alarm.priority.word());
    if !value.is_empty() {
        text.push_str(&value);
        text.push_str(", ");
    }
    text.push_str(&raised);
    for mark in marks(view) {
        text.extend([", ", mark.as_str()]);
    }
    text
}

/// What is to be known of an occurrence besides its state, the most important first.
pub fn marks(view: &AlarmView) -> Vec<String> {
    let back = view.back.map(|from| match from {
        Hiding::Shelved => "back from shelving".to_owned(),
        Hiding::Suppressed => "back from suppression".to_owned(),
        Hiding::OutOfService => "back in service".to_owned(),
    });
    let first_out = view.first_out.then(|| "first out".to_owned());
    let chatters = view.chattering.then(|| format!("chattering, {}×", count(u64::from(view.chatter.max(3)))));
    back.into_iter().chain(first_out).chain(chatters).collect()
}

/// A device as a screen reader tells it: `connected, 4 ms, 0 errors`, or `no answer since 14:02:10, connection refused`.
pub fn spoken_device(status: &DeviceStatus, now: Now, zone: &TimeZone) -> String {
    let since = instant(status.since.utc, now.utc, zone);
    match &status.state {
        LinkState::Connecting => say::CONNECTING.to_owned(),
        LinkState::Connected => {
            let errors = status.errors();
            let errors = format!("{} {}", count(errors), if errors == 1 { "error" } else { "errors" });
            match status.round_trip {
                Some(span) => format!("connected, {}, {errors}", round_trip(span)),
                None => format!("connected, {errors}"),
            }
        }
        LinkState::NoAnswer(why) => format!("no answer since {since}, {why}"),
        LinkState::Held(who) => format!("asked by {who}"),
        LinkState::Unserved(why) => format!("not served, {why}"),
    }
}

/// The recording of samples as a screen reader tells it.
pub fn spoken_history(history: &HistoryState, now: Utc, zone: &TimeZone) -> String {
    let samples = |n: u64| format!("{} {}", count(n), if n == 1 { "sample" } else { "samples" });
    let mut text = format!(
        "{} recorded since the start, {} waiting, {} lost; {} on disk",
        samples(history.samples),
        count(history.waiting),
        count(history.lost),
        bytes(history.bytes)
    );
    if let (Some(free), Some(disk)) = (history.free_bytes, history.disk_bytes) {
        text.extend([", ", &bytes(free), " of ", &bytes(disk), " free"]);
    }
    if let Some(to) = history.recorded_to {
        text.extend(["; recorded to ", &instant(to, now, zone)]);
    }
    if let Some(damage) = &history.damage {
        text.extend(["; ", damage]);
    }
    if let Some(fault) = &history.fault {
        text.extend(["; ", fault]);
    }
    text
}

/// The state of an alarm as its row says it, the two-step acknowledgement and a held alarm among it.
pub fn state(view: &AlarmView) -> &'static str {
    if view.recording { say::RECORDING } else { state_word(view.state) }
}

/// The word of a state; the command line's, with spaces for reading.
pub const fn state_word(state: AlarmState) -> &'static str {
    match state {
        AlarmState::LatchedAcknowledged => "latched, acknowledged",
        AlarmState::OutOfService => "out of service",
        other => other.word(),
    }
}

/// What an alarm's subject reads now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlarmValue {
    /// With its unit; for a device how long it has not answered; empty where there is nothing to read.
    pub text: String,
    /// Whether it may be painted like a good number.
    pub good: bool,
    /// Whether it is struck by a hatch: the last good number of one that is bad now.
    pub bad: bool,
}

/// What an alarm's subject reads now, for rows of alarms.
pub fn alarm_value(snapshot: &Snapshot, alarm: &AlarmPlan) -> AlarmValue {
    match alarm.subject {
        Subject::Tag(id) => {
            let (Some(view), Some(tag)) = (snapshot.tag(id), snapshot.plan.tag(id)) else {
                return AlarmValue::default();
            };
            let text = view.value.as_ref().map_or_else(|| say::NO_VALUE.to_owned(), |v| value_with_unit(v, &tag.tag));
            // On a filled row no shade of grey tells old from new: it is said.
            let stale = view.quality == Quality::STALE;
            let text = match view.value {
                Some(_) if stale => format!("{text}, stale"),
                Some(_) if view.quality == Quality::SIMULATED => format!("{text}, simulated"),
                Some(_) if view.quality.is_made_up() => format!("{text}, forced"),
                _ => text,
            };
            AlarmValue { text, good: !view.quality.is_bad() && !stale, bad: view.quality.is_bad() }
        }
        Subject::Device(id) => {
            let status = snapshot.devices.get(id.index()).map(|d| &d.status);
            let silent = status.filter(|s| matches!(s.state, LinkState::NoAnswer(_)));
            AlarmValue {
                text: silent.map(|s| duration(snapshot.now.mono - s.since.mono)).unwrap_or_default(),
                good: true,
                bad: false,
            }
        }
        Subject::System => {
            let history = snapshot.history.as_ref();
            let text = match alarm.condition {
                Condition::Recording => history.filter(|h| h.lost > 0).map(|h| format!("{} lost", count(h.lost))),
                Condition::DiskSpace => history.and_then(|h| h.free_bytes).map(|free| format!("{} free", bytes(free))),
                Condition::Certificate(id) => {
                    let status = snapshot.devices.get(id.index()).map(|d| &d.status);
                    let until = status.and_then(|s| s.certificate.as_ref()).map(|c| c.until.to_rfc3339());
                    until.and_then(|time| time.get(..10).map(|day| format!("until {day}")))
                }
                _ => None,
            };
            AlarmValue { text: text.unwrap_or_default(), good: true, bad: false }
        }
    }
}

/// Where a tag's value comes from: `plc1 holding:100 f32`, `site site/weather/state $.wind.speed`, `= a + b`.
pub fn source(tag: &Tag) -> String {
    use crate::project::Source;
    let kind = tag.data_type.word();
    match &tag.source {
        Source::Register(r) => {
            let bit = r.bit.map(|b| format!(" bit {b}")).unwrap_or_default();
            format!("{} {}:{} {kind}{bit}", r.device, r.area.word(), r.address)
        }
        Source::Topic(t) => {
            let path = t.path.as_deref().map(|p| format!(" {p}")).unwrap_or_default();
            format!("{} {}{path}", t.device, t.topic)
        }
        Source::Formula(text) => format!("= {text}"),
        Source::Figure(device) => format!("figure of {device}'s link"),
        Source::Fault(why) => why.clone(),
    }
}

/// The register in Modicon's notation, `40101`; `None` for what is no register.
pub fn modicon(tag: &Tag) -> Option<String> {
    match &tag.source {
        crate::project::Source::Register(r) => Some(r.area.modicon(r.address)),
        _ => None,
    }
}

/// Name and unit of a tag, for the head of a panel.
pub fn name_and_unit(tag: &TagPlan) -> String {
    if tag.unit.is_empty() { tag.name.to_string() } else { format!("{} {}", tag.name, tag.unit) }
}

/// `1 critical`, `2 high`: for sentences.
pub fn priority_count(priority: Priority, n: u32) -> String {
    format!("{} {}", count(u64::from(n)), priority.word())
}
