//! The figures of a device as tags: `device.plc1.round_trip_p99` can be shown, trended, alarmed, calculated with, recorded.
//!
//! Such a tag is there where the project names it, and nowhere else: a plant of 200 devices that names none has none, and
//! records none. Its values come with the device's link, at most once a second.

use super::core::Engine;
use super::effect::Effect;
use super::input::{DeviceStatus, LineUse, LinkState, Sample};
use super::plan::DeviceId;
use super::{Quality, Raw, Value};
use crate::project::{DataType, Device, Labels, RecordRule, Source, Tag};
use crate::time::{Now, Span};
use std::borrow::Cow;
use std::sync::Arc;

/// A figure of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of them says what each is")]
pub enum DeviceFigure {
    Connected,
    State,
    RoundTrip,
    RoundTripP50,
    RoundTripP99,
    Cycle,
    LineLoad,
    LineShare,
    Requests,
    Answers,
    Errors,
    Timeouts,
    Mismatches,
    Exceptions,
    /// Those with this code.
    Exception(u8),
    Reconnects,
    Messages,
    BadPayloads,
    RefusedTopics,
    Dropped,
    BytesIn,
    BytesOut,
}

/// Every figure with its name, its unit and what it says; the exceptions of one code, `exception_2`, come beside them.
pub const FIGURES: [(&str, DeviceFigure, &str, &str); 21] = {
    use DeviceFigure as F;
    [
        ("connected", F::Connected, "", "whether it answers"),
        ("state", F::State, "", "0 connecting, 1 connected, 2 no answer, 3 asked elsewhere, 4 not served"),
        ("round_trip", F::RoundTrip, "ms", "time to its answer, smoothed over about ten"),
        ("round_trip_p50", F::RoundTripP50, "ms", "half of the answers of the last 5 minutes came within this"),
        ("round_trip_p99", F::RoundTripP99, "ms", "99 of 100 answers of the last 5 minutes came within this"),
        ("cycle", F::Cycle, "ms", "how often its tags are asked for in fact, those that are asked for most often"),
        ("line_load", F::LineLoad, "%", "part of its line's time that is in use, by all devices of the line"),
        ("line_share", F::LineShare, "%", "part of its line's time that this device takes"),
        ("requests", F::Requests, "", "requests sent, since the start"),
        ("answers", F::Answers, "", "answers, exceptions among them, since the start"),
        ("errors", F::Errors, "", "timeouts, exceptions, mismatches and bad payloads, since the start"),
        ("timeouts", F::Timeouts, "", "requests without an answer in time, since the start"),
        ("mismatches", F::Mismatches, "", "answers that were none to the request, since the start"),
        ("exceptions", F::Exceptions, "", "answers that were exceptions, since the start"),
        ("reconnects", F::Reconnects, "", "connections made anew, since the start"),
        ("messages", F::Messages, "", "messages received, since the start"),
        ("bad_payloads", F::BadPayloads, "", "messages not understood, since the start"),
        ("refused_topics", F::RefusedTopics, "", "topics that the broker refused"),
        ("dropped", F::Dropped, "", "reports dropped because a queue was full, since the start"),
        ("bytes_in", F::BytesIn, "B", "bytes received, since the start"),
        ("bytes_out", F::BytesOut, "B", "bytes sent, since the start"),
    ]
};

/// A change of a round trip by less than this is not recorded, in milliseconds.
const ROUND_TRIP_DEADBAND: f64 = 0.1;

/// The same of a cycle in milliseconds, and of a line's time in percent.
const LINE_DEADBAND: f64 = 1.0;

impl DeviceFigure {
    /// By name, without regard to case.
    pub fn parse(word: &str) -> Option<Self> {
        let lower = word.to_ascii_lowercase();
        if let Some(code) = lower.strip_prefix("exception_") {
            // As it is written back: no second name for the same.
            return code.parse().ok().filter(|number: &u8| number.to_string() == code).map(Self::Exception);
        }
        FIGURES.iter().find(|(known, ..)| *known == lower).map(|(_, figure, ..)| *figure)
    }

    fn row(self) -> Option<&'static (&'static str, Self, &'static str, &'static str)> {
        FIGURES.iter().find(|(_, figure, ..)| *figure == self)
    }

    /// Its name.
    pub fn word(self) -> Cow<'static, str> {
        match self {
            Self::Exception(code) => format!("exception_{code}").into(),
            _ => self.row().map_or("", |row| row.0).into(),
        }
    }

    const fn is_of_line(self) -> bool {
        matches!(self, Self::Cycle | Self::LineLoad | Self::LineShare)
    }

    const fn is_round_trip(self) -> bool {
        matches!(self, Self::RoundTrip | Self::RoundTripP50 | Self::RoundTripP99)
    }

    /// What the status says; `None`: nothing is known of it.
    pub fn read(self, status: &DeviceStatus) -> Option<Value> {
        let state = match &status.state {
            LinkState::Connecting => 0,
            LinkState::Connected => 1,
            LinkState::NoAnswer(_) => 2,
            LinkState::Held(_) => 3,
            LinkState::Unserved(_) => 4,
        };
        if self == Self::State {
            return Some(Value::U64(state));
        }
        if matches!(status.state, LinkState::Held(_) | LinkState::Unserved(_)) {
            return None;
        }
        let millis = |span: Option<Span>| span.map(|span| Value::F64(span.0 as f64 / 1e3));
        let percent = |of: fn(&LineUse) -> u16| status.line.map(|line| Value::F64(f64::from(of(&line)) / 10.0));
        Some(Value::U64(match self {
            Self::Connected => return Some(Value::Bool(state == 1)),
            Self::RoundTrip => return millis(status.round_trip.filter(|_| state == 1)),
            Self::RoundTripP50 => return millis(status.round_trips.p50),
            Self::RoundTripP99 => return millis(status.round_trips.p99),
            Self::Cycle => return millis(status.line.and_then(|line| line.cycle)),
            Self::LineLoad => return percent(|line| line.load),
            Self::LineShare => return percent(|line| line.share),
            Self::State => state,
            Self::Requests => status.requests,
            Self::Answers => status.answers,
            Self::Errors => status.errors(),
            Self::Timeouts => status.timeouts,
            Self::Mismatches => status.mismatches,
            Self::Exceptions => status.exceptions,
            Self::Exception(code) => status.exceptions_with(code),
            Self::Reconnects => status.reconnects,
            Self::Messages => status.messages,
            Self::BadPayloads => status.bad_payloads,
            Self::RefusedTopics => status.refused_topics,
            Self::Dropped => status.dropped,
            Self::BytesIn => status.bytes_in,
            Self::BytesOut => status.bytes_out,
        }))
    }

    /// The tag of this figure of a device, as if it stood in the project.
    pub fn tag(self, name: String, device: &Device) -> Tag {
        let (unit, what) = self.row().map_or(("", ""), |row| (row.2, row.3));
        let what = match self {
            Self::Exception(code) => format!("exceptions of code {code}, since the start").into(),
            _ => Cow::from(what),
        };
        let states = ["connecting", "connected", "no answer", "asked elsewhere", "not served"];
        let labels = match self {
            Self::State => Labels((0..).zip(states.map(str::to_owned)).collect()),
            _ => Labels::default(),
        };
        Tag {
            name,
            was: None,
            description: format!("{}: {what}", device.name),
            source: Source::Figure(device.name.clone()),
            data_type: match self {
                Self::Connected => DataType::Bool,
                _ if self.is_round_trip() || self.is_of_line() => DataType::F64,
                _ => DataType::U64,
            },
            scale: None,
            offset: None,
            raw: None,
            scale_register: None,
            unit: unit.to_owned(),
            range: None,
            valid: None,
            bad_values: Vec::new(),
            normal: None,
            setpoint: None,
            labels,
            decimals: (self.is_round_trip() || self.is_of_line()).then_some(1),
            stale_after: None,
            record: RecordRule::Change,
            record_deadband: match self {
                _ if self.is_round_trip() => Some(ROUND_TRIP_DEADBAND),
                _ if self.is_of_line() => Some(LINE_DEADBAND),
                _ => None,
            },
            record_interval: None,
            keep: None,
            places: device.places.clone(),
        }
    }
}

impl Engine {
    /// The device's figures are told: to the tags that there are of them.
    pub(super) fn take_figures(&mut self, now: Now, device: DeviceId, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(device_plan) = plan.device(device).filter(|d| !d.figures.is_empty()) else { return };
        let status = Arc::clone(&self.devices[device.index()].status);
        let why: Arc<str> = match &status.state {
            LinkState::Held(who) => format!("asked by {who}").into(),
            LinkState::Unserved(why) => Arc::clone(why),
            _ => "nothing was answered in the last 5 minutes".into(),
        };
        for (id, figure) in &device_plan.figures {
            let Some(tag) = plan.tag(*id) else { continue };
            let sample = match figure.read(&status) {
                Some(value) => Sample::good(*id, value, Raw::NONE),
                None if figure.is_of_line() && status.line.is_none() => {
                    let why = "no time of a line is measured for this device yet";
                    Sample::bad(*id, Quality::WAITING, Some(why.into()))
                }
                None => Sample::bad(*id, Quality::NO_COMMUNICATION, Some(Arc::clone(&why))),
            };
            self.take_sample(now, now, (*id, tag), &sample, effects);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_found_by_its_name_and_stands_in_the_document() {
        let document = include_str!("../../docs/project-file.md");
        let section = document.split("### Figures of devices").nth(1).unwrap();
        for (word, figure, ..) in FIGURES {
            assert_eq!(DeviceFigure::parse(&word.to_uppercase()), Some(figure));
            assert_eq!(figure.word(), word);
            assert!(section.contains(&format!("`{word}`")), "{word}");
        }
        assert_eq!(DeviceFigure::parse("exception_2"), Some(DeviceFigure::Exception(2)));
        assert_eq!(DeviceFigure::Exception(2).word(), "exception_2");
        for none in ["exception_02", "exception_256", "exception_", "latency", ""] {
            assert_eq!(DeviceFigure::parse(none), None, "{none}");
        }
    }

    #[test]
    fn a_device_that_is_asked_elsewhere_has_a_state_and_no_figures() {
        let mut status =
            DeviceStatus { state: LinkState::Held("process 7".into()), ..DeviceStatus::new(Now::default()) };
        assert_eq!(DeviceFigure::State.read(&status), Some(Value::U64(3)));
        assert_eq!(DeviceFigure::Connected.read(&status), None);
        status.state = LinkState::NoAnswer("gone".into());
        status.round_trip = Some(Span::from_millis(4));
        status.count_exception(2);
        status.count_exception(2);
        status.count_exception(1);
        assert_eq!(DeviceFigure::Connected.read(&status), Some(Value::Bool(false)));
        assert_eq!(DeviceFigure::RoundTrip.read(&status), None, "of a device that is gone it is no time to an answer");
        assert_eq!(DeviceFigure::Exception(2).read(&status), Some(Value::U64(2)));
        assert_eq!(DeviceFigure::Exceptions.read(&status), Some(Value::U64(3)));
        assert_eq!(status.exceptions_by_code, [(1, 1), (2, 2)]);
    }
}
