//! What was found, as the beginning of a project that `check` accepts: the devices, and a tag for what can be read.

use super::asked::{ModbusRequest, MqttRequest, Request};
use super::fields::Kind;
use super::found::{Found, Line, Picture, Table, Unit};
use super::told::type_of;
use super::topics::{Topic, Topics};
use crate::project::Protocol;
use crate::project::file::FORMAT;
use crate::project::import::unique;
use crate::text::{is_unseen, visible};
use std::collections::HashSet;
use std::fmt::Write as _;

/// Most tags that are proposed; what is left out is told in a comment.
pub const MOST_TAGS: usize = 2_000;

/// Letters of a name that are kept; the project's own limit is 200.
const NAME_CHARS: usize = 180;

/// A project with what was found.
pub fn snippet(request: &Request, picture: &Picture) -> String {
    let (command, address) = match request {
        Request::Modbus(request) => ("modbus", &request.address),
        Request::Mqtt(request) => ("mqtt", &request.address),
    };
    let mut text = format!("# Found by: watchkeeper scan {command} {}\n", visible(address));
    match (request, &picture.found) {
        (Request::Modbus(request), Found::Modbus(line)) => of_line(&mut text, request, line),
        (Request::Mqtt(request), Found::Mqtt(topics)) => of_topics(&mut text, request, topics),
        _ => text.push_str("# Nothing was found yet.\n"),
    }
    text
}

/// Writing to a string cannot fail.
macro_rules! put {
    ($text:expr, $($what:tt)*) => {{
        let _written = write!($text, $($what)*);
    }};
}

fn head(text: &mut String, address: &str) {
    put!(text, "watchkeeper = {FORMAT}\nname = {}\n", quoted(&format!("Scan of {address}")));
}

fn of_line(text: &mut String, request: &ModbusRequest, line: &Line) {
    text.push_str(
        "# What a register means stands in the manual of its device: u16 is where to begin, not what it has to be. A value of\n\
         # two registers is one tag: register = \"holding:0\" with type = \"f32\", and order where the words come swapped.\n",
    );
    head(text, &request.address);
    // A serial line carries little; what is asked for has to fit into its poll.
    let serial = !matches!(request.protocol(), Protocol::ModbusTcp | Protocol::ModbusTls);
    let mut left = MOST_TAGS;
    for (index, unit) in line.units.iter().enumerate() {
        let share = left / (line.units.len() - index);
        let before = left;
        left = before - share + of_unit(text, request, unit, share, serial);
    }
    if line.units.is_empty() {
        text.push_str("\n# No unit answered.\n");
    }
}

/// Writes a unit with at most so many tags; how many of them are left.
fn of_unit(text: &mut String, request: &ModbusRequest, unit: &Unit, most: usize, serial: bool) -> usize {
    let name = format!("unit{}", unit.unit);
    let says = unit.identity.as_ref().map_or_else(|| unit.answered.clone(), super::found::Identity::words);
    put!(text, "\n# {}\n[[device]]\nname = \"{name}\"\n{}unit-id = {}\n", visible(&says), request.lines(), unit.unit);
    let longest = |bits: bool| unit.tables.iter().filter(move |t| t.table.is_bits() == bits).filter_map(|t| t.longest);
    // Bits are limited to sixteen times as many.
    if let Some(longest) = longest(false).chain(longest(true).map(|bits| bits.div_ceil(16))).min() {
        put!(text, "max-registers = {}\n", longest.clamp(1, 125));
    }
    if serial {
        text.push_str("poll = \"10s\"\n");
    }
    if let Some(sunspec) = &unit.sunspec {
        put!(text, "# SunSpec {}\n", visible(&sunspec.words()));
    }
    let mut left = most;
    for table in &unit.tables {
        left = of_table(text, &name, table, left);
    }
    left
}

fn of_table(text: &mut String, device: &str, table: &Table, most: usize) -> usize {
    let word = table.table.word();
    let mut left = most;
    for &(start, end) in &table.readable {
        let count = usize::from(end - start) + 1;
        let tags = count.min(left);
        left -= tags;
        if tags > 0 {
            let last = start + (tags - 1) as u16;
            let (number, repeat) = if tags == 1 {
                (start.to_string(), String::new())
            } else {
                ("{n}".to_owned(), format!("repeat = {{ from = {start}, to = {last} }}\n"))
            };
            put!(
                text,
                "\n[[tag]]\nname = \"{device}.{word}{number}\"\ndevice = \"{device}\"\nregister = \"{word}:{start}\"\n\
                 {repeat}type = \"{}\"\n",
                type_of(table.table)
            );
        }
        if tags < count {
            put!(text, "\n# {device}: {word} {} to {end} can be read too.\n", usize::from(start) + tags);
        }
    }
    left
}

fn of_topics(text: &mut String, request: &MqttRequest, topics: &Topics) {
    head(text, &request.address);
    put!(text, "\n[[device]]\nname = \"broker\"\n{}", request.lines());
    let (found, left_out) = candidates(topics);
    for candidate in &found {
        let Candidate { topic, path, tag, last, type_word } = candidate;
        put!(text, "\n# last: {last}\n[[tag]]\nname = \"{tag}\"\ndevice = \"broker\"\ntopic = {}\n", quoted(topic));
        if let Some(path) = path {
            put!(text, "path = {}\n", quoted(path));
        }
        if let Some(word) = type_word {
            put!(text, "type = \"{word}\"\n");
        }
    }
    if left_out > 0 {
        put!(text, "\n# {left_out} values more were found; --topics asks for fewer topics.\n");
    }
    if found.is_empty() {
        text.push_str("\n# No message was heard that a tag could be of.\n");
    }
}

/// A value of a topic that a tag could be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The topic.
    pub topic: String,
    /// Where in its payload; `None`: the payload is the value.
    pub path: Option<String>,
    /// A name for the tag, which no other of them has.
    pub tag: String,
    /// What was heard last.
    pub last: String,
    /// Its type, as a project has it; `None`: a number.
    pub type_word: Option<&'static str>,
}

/// What of the topics that were heard could be tags, and how many more there are.
pub fn candidates(topics: &Topics) -> (Vec<Candidate>, u64) {
    let mut names = HashSet::new();
    let mut found = Vec::new();
    let mut left_out = 0;
    for (name, topic) in &topics.topics {
        for (path, kind, last) in values(topic) {
            let type_word = match kind {
                Kind::Number => None,
                Kind::Bool => Some("bool"),
                Kind::Text => Some("string"),
                Kind::Null | Kind::Json | Kind::Binary | Kind::Empty => continue,
            };
            if found.len() >= MOST_TAGS || name.trim().is_empty() || name.contains(['+', '#', '\0']) {
                left_out += 1;
                continue;
            }
            let tag = unique(&tag_name(name, path), &mut names);
            let (path, last) = (path.map(str::to_owned), last.to_owned());
            found.push(Candidate { topic: name.clone(), path, tag, last, type_word });
        }
    }
    (found, left_out)
}

/// The values of a topic, each with its path, if it has one, what it is, and the last one.
fn values(topic: &Topic) -> Vec<(Option<&str>, Kind, &str)> {
    if topic.kind == Kind::Json || !topic.fields.is_empty() {
        return topic.fields.iter().map(|f| (Some(f.path.as_str()), f.kind, f.last.as_str())).collect();
    }
    vec![(None, topic.kind, topic.last.as_str())]
}

/// A name for a tag: the levels of its topic and the steps of its path, in letters that a name may have.
pub fn tag_name(topic: &str, path: Option<&str>) -> String {
    let steps = path.unwrap_or_default().trim_start_matches('$').replace("['", ".").replace('[', ".");
    let steps = steps.replace("']", "").replace(']', "");
    let parts = topic.split('/').chain(steps.split('.')).filter(|part| !part.is_empty());
    let mut name = String::new();
    for part in parts {
        let part: String = part.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
        if !name.is_empty() {
            name.push('.');
        }
        if !part.starts_with(|c: char| c.is_ascii_alphabetic()) {
            name.push('t');
        }
        name.push_str(&part);
    }
    name.truncate(NAME_CHARS);
    let name = name.trim_end_matches('.').to_owned();
    let first = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    match first.as_str() {
        "" => "value".to_owned(),
        // These are the program's own.
        "device" | "system" => format!("broker.{name}"),
        _ => name,
    }
}

/// A basic string of TOML, nothing in it unseen.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if is_unseen(letter) => put!(quoted, "\\U{:08X}", u32::from(letter)),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::found::{Identity, SunSpec};
    use super::*;
    use crate::project::{Area, Endpoint, Project, file};
    use crate::time::Mono;
    use proptest::prelude::*;

    /// What the project's reader makes of it: not one issue.
    fn read(text: &str) -> Project {
        let (project, issues) = file::read(text.as_bytes());
        assert!(issues.is_empty(), "{issues:?}\n{text}");
        project
    }

    fn table(table: Area, readable: &[(u16, u16)], longest: Option<u16>) -> Table {
        let readable = readable.to_vec();
        Table { table, readable, unclear: Vec::new(), unasked: Vec::new(), longest, says: None }
    }

    fn picture(found: Found) -> Picture {
        Picture { found, ..Picture::default() }
    }

    #[test]
    fn a_line_becomes_devices_and_a_tag_for_each_register() {
        let identity = Identity { vendor: "ACME\u{7}".to_owned(), ..Identity::default() };
        let sunspec = SunSpec { base: 40_000, models: Vec::new() };
        let tables = vec![
            table(Area::Holding, &[(0, 99), (205, 205)], Some(60)),
            table(Area::Coil, &[(0, 15)], None),
            table(Area::Input, &[], None),
        ];
        let units = vec![
            Unit { unit: 1, identity: Some(identity), sunspec: Some(sunspec), tables, ..Unit::default() },
            Unit { unit: 7, answered: "exception 1: illegal function".to_owned(), ..Unit::default() },
        ];
        for address in ["192.168.1.10:502", "/dev/ttyUSB0"] {
            let request = Request::Modbus(ModbusRequest::new(address));
            let line = Line { units: units.clone(), ..Line::default() };
            let project = read(&snippet(&request, &picture(Found::Modbus(line))));
            assert_eq!(project.devices.len(), 2);
            assert!(
                matches!(&project.devices[0].endpoint, Endpoint::Modbus(s) if s.unit_id == 1 && s.max_registers == 60)
            );
            assert_eq!(project.tags.len(), 100 + 1 + 16);
            assert_eq!(project.tags[99].name, "unit1.holding99");
        }
    }

    #[test]
    fn more_than_a_project_should_begin_with_is_left_to_a_comment() {
        let unit = |unit| Unit {
            unit,
            tables: vec![table(Area::Holding, &[(0, 65_535)], None), table(Area::Discrete, &[(3, 4)], None)],
            ..Unit::default()
        };
        let line = Line { units: vec![unit(1), unit(2)], ..Line::default() };
        let text = snippet(&Request::Modbus(ModbusRequest::new("host")), &picture(Found::Modbus(line)));
        assert_eq!(read(&text).tags.len(), MOST_TAGS);
        assert!(text.contains("# unit1: holding 1000 to 65535 can be read too."), "{text}");
    }

    #[test]
    fn topics_become_tags_with_paths_and_types() {
        let mut topics = Topics::new(100);
        for (topic, payload) in [
            ("site/weather/state", &b"{\"wind\":{\"speed\":4.5,\"from\":\"NW\"},\"ok\":true,\"a b\":[1]}"[..]),
            ("site/pump/1", b"17"),
            ("site/pump/on", b"ON"),
            ("site.pump.1", b"18"),
            ("device/x", b"true"),
            ("raw", b"\x00"),
            ("", b"1"),
        ] {
            topics.message(topic.as_bytes(), payload, false, Mono(0));
        }
        let request = MqttRequest { user: Some("me".to_owned()), ..MqttRequest::new("broker") };
        let request = MqttRequest { password_secret: Some("site".to_owned()), ..request };
        let text = snippet(&Request::Mqtt(request), &picture(Found::Mqtt(topics)));
        let project = read(&text);
        let names: Vec<&str> = project.tags.iter().map(|tag| tag.name.as_str()).collect();
        for name in [
            "site.weather.state.wind.speed",
            "site.weather.state.wind.from",
            "site.weather.state.a_b.t0",
            "site.pump.t1",
            "site_pump_1",
            "broker.device.x",
        ] {
            assert!(names.contains(&name), "{name} in {names:?}");
        }
        assert!(text.contains("path = \"$['a b'][0]\"") && !names.iter().any(|name| name.contains("raw")), "{text}");
    }

    proptest! {
        #[test]
        fn whatever_a_broker_sends_becomes_a_project_without_a_fault(
            messages in proptest::collection::vec(("\\PC{1,12}|[a-z/.$]{1,9}|[\u{1}-\u{ff}]{1,6}", prop_oneof![
                Just("1".to_owned()), Just("on".to_owned()), "\\{\"\\PC{0,6}\":[0-9]\\}", "\\{\"[a-z.'\\[\\]]{1,6}\":true\\}",
            ]), 0..12),
        ) {
            let mut topics = Topics::new(100);
            for (topic, payload) in &messages {
                topics.message(topic.as_bytes(), payload.as_bytes(), false, Mono(0));
            }
            read(&snippet(&Request::Mqtt(MqttRequest::new("broker")), &picture(Found::Mqtt(topics))));
        }
    }
}
