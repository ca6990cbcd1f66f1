//! Project files: what is read from them, and every fault with its place and mend.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/schema.rs"]
mod schema;
#[path = "project/templates.rs"]
mod templates;

use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use watchkeeper::engine::plan::{Condition, RecordPlan, SourcePlan};
use watchkeeper::engine::{Generation, Mode, Plan};
use watchkeeper::project::{Endpoint, Issue, Priority, Project, Severity, Source, TlsSettings, file};
use watchkeeper::time::Span;

/// A project that is whole: two devices, a few tags, alarms and displays. Tests add to it and change it.
const WHOLE: &str = r#"watchkeeper = 1
name = "Riverside"
[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "192.168.1.10:502"
poll = "500ms"
order = "CDAB"
[[device]]
name = "site"
protocol = "mqtt"
address = "mqtt://broker"
[[tag]]
name = "pump1.flow"
device = "plc1"
register = "holding:100"
type = "f32"
unit = "m³/h"
range = [0.0, 500.0]
[[tag.alarm]]
kind = "low"
limit = 50.0
priority = "medium"
[[tag]]
name = "pump1.running"
device = "plc1"
register = "coil:3"
[[tag]]
name = "wind"
device = "site"
topic = "site/weather"
path = "$.wind"
stale-after = "60s"
[[tag]]
name = "double"
formula = "pump1.flow * 2"
[[display]]
name = "Overview"
[[display.panel]]
kind = "value"
at = [0, 0, 6, 4]
tag = "pump1.flow"
"#;

fn compiled(text: &str) -> (Plan, Vec<Issue>) {
    let (project, mut issues) = file::read(text.as_bytes());
    let (plan, more) = Plan::compile(Arc::new(project), Generation(1), Mode::Live);
    issues.extend(more);
    issues.sort_by_key(|i| i.place);
    (plan, issues)
}

/// All faults, as `check` prints them after the path.
fn faults(text: &str) -> Vec<String> {
    compiled(text).1.iter().map(Issue::to_string).collect()
}

/// The faults of the whole project with lines put in behind the one that is `after`, with their lines counted from there:
/// the first line put in is `1`.
fn faults_with(after: &str, lines: &str) -> Vec<String> {
    let at = WHOLE.find(after).unwrap() + after.len();
    let before = WHOLE[..at].matches('\n').count() as u32 + 1;
    let text = format!("{}\n{lines}{}", &WHOLE[..at], &WHOLE[at..]);
    let mut issues = compiled(&text).1;
    for issue in &mut issues {
        issue.place.line -= before;
    }
    issues.iter().map(Issue::to_string).collect()
}

/// The faults of the whole project with a text replaced.
fn faults_when(from: &str, to: &str) -> Vec<String> {
    assert!(WHOLE.contains(from), "{from}");
    faults(&WHOLE.replacen(from, to, 1))
}

const END: &str = "tag = \"pump1.flow\"";

#[test]
fn a_whole_project_has_no_faults() {
    assert_eq!(faults(WHOLE), [""; 0]);
    let (plan, _) = compiled(WHOLE);
    let names: Vec<&str> = plan.alarms.iter().map(|a| &*a.name).collect();
    assert_eq!(
        names,
        [
            "pump1.flow/low",
            "pump1.flow/quality",
            "plc1/no-answer",
            "site/no-answer",
            "system.history/recording",
            "system.history/disk-space",
            "system.horn/silent",
            "system.project/faults"
        ]
    );
    assert_eq!(plan.unwatched_alarms, 0);
}

#[test]
fn a_file_with_byte_order_mark_and_crlf_loads_and_its_columns_are_right() {
    let text = WHOLE.replace('\n', "\r\n").replace("unit = \"m³/h\"", "unit = \"m³/h\" \r\nscael = 1");
    let (_, issues) = file::read(format!("\u{feff}{text}").as_bytes());
    let told: Vec<String> = issues.iter().map(Issue::to_string).collect();
    assert_eq!(told, ["19:1: error: unknown key \"scael\" in a tag; did you mean \"scale\"?"]);
}

#[test]
fn a_file_that_is_not_utf8_is_told_with_its_lines_and_read_on() {
    let text = b"watchkeeper = 1\nname = \"m\xB3\"\n[[tag]]\nname = \"a\"\nformula = \"1\"\n\
        [[tag]]\nname = \"b\"\nformula = \"ghost\"\nunit = \"\xB0C\"\nbogus = 1\n";
    let (project, mut issues) = file::read(text);
    let (plan, more) = Plan::compile(Arc::new(project), Generation(1), Mode::Live);
    issues.extend(more);
    let told: Vec<String> = issues.iter().map(|i| format!("{}: {}", i.place.line, i.message)).collect();
    assert_eq!(
        told,
        [
            "2: the file is not UTF-8: byte 0xB3 cannot stand here",
            "9: the file is not UTF-8: byte 0xB0 cannot stand here",
            "10: unknown key \"bogus\" in a tag",
            "8: there is no tag \"ghost\"",
        ]
    );
    assert_eq!(plan.project.name, "", "a name that could not be read is none");
    assert!(matches!(plan.tags[0].source, SourcePlan::Formula(_)));
    assert!(matches!(plan.tags[1].source, SourcePlan::Fault(_)));
    // No text at all: its bytes are told, and nothing is read into them.
    let (project, issues) = file::read(b"\xFF\xFEw\0a\0");
    assert_eq!(project, Project::default());
    assert_eq!(issues.len(), 1);
}

#[test]
fn the_format_is_asked_first() {
    assert_eq!(
        faults("watchkeeper = 2\n[[tga]]\n x y z"),
        [
            "1:15: error: format 2 is newer than this program knows (1); open it with a newer watchkeeper; nothing of it was read"
        ]
    );
    let missing = "1:1: error: this is no watchkeeper project: the key watchkeeper is missing; write watchkeeper = 1 in the first line";
    assert_eq!(faults("[package]\nname = \"x\"\n"), [missing]);
    for nothing in ["", " \n\t\r\n", "\u{feff}"] {
        let empty = "1:1: error: the file is empty; write watchkeeper = 1 in the first line, then a [[device]] and its [[tag]]s";
        assert_eq!(faults(nothing), [empty]);
    }
    for deep in [format!("x = {}{}", "[".repeat(500), "]".repeat(500)), format!("{}a = 1", "a.".repeat(500))] {
        let told = faults(&format!("watchkeeper = 1\n{deep}\nnmae = \"x\"\n"));
        // It costs its own line, and neither the first nor the one after.
        let [nested, unknown] = &told[..] else { panic!("{told:?}") };
        assert!(nested.starts_with("2:") && nested.contains("nested too deeply to be read; write it"), "{nested}");
        assert!(unknown.starts_with("3:1: error: unknown key \"nmae\""), "{unknown}");
    }
    assert_eq!(
        faults("watchkeeper = 0"),
        ["1:15: error: there is no format 0; write watchkeeper = 1 in the first line"]
    );
    assert_eq!(
        faults("watchkeeper = \"1\""),
        ["1:15: error: watchkeeper is text; write watchkeeper = 1 in the first line"]
    );
}

#[test]
fn an_unknown_key_names_the_nearest_known_one_in_every_table() {
    for (lines, fault) in [
        ("[histroy]\n", "1:2: error: unknown key \"histroy\" in the project; did you mean \"history\"?"),
        ("[history]\nkep = \"1d\"\n", "2:1: error: unknown key \"kep\" in history; did you mean \"keep\"?"),
        (
            "[[shift]]\nname = \"E\"\nstart = \"06:00\"\nend = \"x\"\n",
            "4:1: error: unknown key \"end\" in a shift; its keys are name, start",
        ),
        (
            "[[device]]\nname = \"d\"\nprotocol = \"mqtt\"\naddress = \"mqtt://h\"\nclientid = \"x\"\n",
            "5:1: error: unknown key \"clientid\" in a device; did you mean \"client-id\"?",
        ),
        (
            "[[device]]\nname = \"d\"\nprotocol = \"mqtt\"\naddress = \"mqtt://h\"\nno-answer = { delay = \"5s\" }\n",
            "5:15: error: unknown key \"delay\" in no-answer; its keys are priority, on-delay, off-delay, message, cause, response, display",
        ),
        (
            "[[tag]]\nname = \"t\"\nformula = \"1\"\n  stale_after = \"5s\"\n",
            "4:3: error: unknown key \"stale_after\" in a tag; did you mean \"stale-after\"?",
        ),
        (
            "[[alarm]]\ntag = \"wind\"\nkind = \"high\"\nlimit = 1\npriority = \"low\"\nondelay = \"5s\"\n",
            "6:1: error: unknown key \"ondelay\" in an alarm; did you mean \"on-delay\"?",
        ),
        (
            "[[display]]\nname = \"D\"\ncolums = 3\n",
            "3:1: error: unknown key \"colums\" in a display; did you mean \"columns\"?",
        ),
        (
            "[[display]]\nname = \"D\"\n[[display.panel]]\nkind = \"alarms\"\nat = [0,0,1,1]\ntitel = \"x\"\n",
            "6:1: error: unknown key \"titel\" in a panel; did you mean \"title\"?",
        ),
        (
            "[[display]]\nname = \"D\"\n[[display.panel]]\nkind = \"trend\"\nat = [0,0,1,1]\npens = [{ tag = \"wind\", axes = \"left\" }]\n",
            "6:25: error: unknown key \"axes\" in a pen; did you mean \"axis\"?",
        ),
    ] {
        assert_eq!(faults_with(END, lines), [fault], "{lines}");
    }
}

#[test]
fn wrong_values_of_a_tag_are_told_with_what_would_be_right() {
    let tag = |line: &str| {
        format!("[[tag]]\nname = \"t\"\ndevice = \"plc1\"\nregister = \"holding:1\"\ntype = \"u16\"\n{line}\n")
    };
    for (line, fault) in [
        ("scale = \"x\"", "6:9: error: scale is text; write a number without quotes: scale = 1.5"),
        ("scale = 0", "6:9: error: scale = 0 makes every value the same; write the factor from raw to value"),
        ("scale = inf", "6:9: error: scale is not finite; write a finite number: scale = 1.5"),
        ("range = [5.0, 1.0]", "6:9: error: range = [5, 1] does not rise; write the smaller first: range = [1, 5]"),
        ("range = 5", "6:9: error: range is not two numbers; write range = [0.0, 100.0]"),
        ("raw = [1, 2]", "6:7: error: raw is mapped onto range, and there is no range; write range = [0.0, 100.0]"),
        ("decimals = 12", "6:12: error: decimals = 12 is out of range; write 0 to 9"),
        ("decimals = 1.5", "6:12: error: decimals is a decimal number; write a whole number from 0 to 9"),
        (
            "stale-after = 5",
            "6:15: error: stale-after is a whole number, without a unit of time; write it with its unit: stale-after = \"5s\" for seconds",
        ),
        ("stale-after = \"5\"", "6:15: error: stale-after: the duration \"5\" has no unit; write \"5s\" for seconds"),
        (
            "stale-after = \"5 parsecs\"",
            "6:15: error: stale-after: \"parsecs\" is no unit of time; use ms, s, m, h, d or y",
        ),
        ("stale-after = \"0s\"", "6:15: error: stale-after = \"0s\" is too short; write \"1ms\" or more"),
        (
            "record = \"chnge\"",
            "6:10: error: unknown record \"chnge\"; did you mean \"change\"? it is one of change, always, never",
        ),
        ("record-deadband = -1", "6:19: error: record-deadband = -1 is negative; write 0 or more"),
        (
            "record-deadband = 50\nrange = [0, 50]",
            "6:19: warning: record-deadband = 50 is as wide as the range, 0 to 50; write how far the value must move to be worth recording, in units",
        ),
        (
            "record-interval = \"100ms\"",
            "6:19: warning: record-interval = \"100ms\" is shorter than the poll, \"500ms\"; write \"500ms\" or more; record = \"always\" records every poll",
        ),
        (
            "record-interval = 60",
            "6:19: error: record-interval is a whole number, without a unit of time; write it with its unit: record-interval = \"60s\" for seconds",
        ),
        (
            "record = \"always\"\nrecord-deadband = 1",
            "7:19: warning: record-deadband has no effect: record = \"always\" records every sample; leave one of the two out",
        ),
        (
            "record = \"never\"\nkeep = \"1d\"",
            "7:8: warning: keep has no effect: record = \"never\" records none; leave one of the two out",
        ),
        ("keep = \"10ms\"", "6:8: error: keep = \"10ms\" is too short; write \"1s\" or more"),
        ("bad-values = [\"x\"]", "6:14: error: bad-values is not a list of numbers; write bad-values = [-9999, 65535]"),
        ("labels = { on = \"x\" }", "6:12: error: \"on\" is no state; states are whole numbers, or true and false"),
        ("labels = { 1 = \"x\", true = \"y\" }", "6:21: error: state 1 has two words; true is 1, and false is 0"),
        ("unit = 5", "6:8: error: unit is a whole number; write words in quotes: unit = \"…\""),
        ("bit = 3", "6:7: error: type u16 is no single bit; write type = \"bool\", or leave bit out"),
        (
            "byte = \"low\"",
            "6:8: error: type u16 is no half of a register; write type = \"u8\" or \"i8\", or leave byte out",
        ),
        ("length = 3", "6:10: error: type u16 has a length of its own; leave length out, or write type = \"string\""),
        (
            "order = \"ACBD\"",
            "6:9: error: unknown order \"ACBD\"; did you mean \"ABCD\"? it is one of ABCD, CDAB, BADC, DCBA",
        ),
        ("qos = 1", "6:1: error: \"qos\" does not belong to a tag with a register; leave it out; it belongs to topic"),
        (
            "formula = \"1\"",
            "6:11: error: a tag has one source, and this one has register and formula; leave one of them out",
        ),
        (
            "was = \"wind\"",
            "6:7: error: was = \"wind\" names a tag that is still there; leave was out: history follows a name that is gone",
        ),
        ("setpoint = \"wnd\"", "6:12: error: there is no tag \"wnd\"; did you mean \"wind\"?"),
    ] {
        assert_eq!(faults_with(END, &tag(line)), [fault], "{line}");
    }
}

#[test]
fn a_number_without_end_is_told_to_be_so() {
    for number in ["nan", "-nan", "inf", "-inf", "+inf"] {
        let told = faults_with("name = \"pump1.flow\"", &format!("scale = {number}"));
        assert!(told[0].ends_with("scale is not finite; write a finite number: scale = 1.5"), "{told:?}");
        let told = faults_with("kind = \"low\"", &format!("deadband = {number}"));
        assert!(told[0].contains("deadband is not finite; write deadband = 2.0"), "{told:?}");
        let told = faults_with("name = \"pump1.flow\"", &format!("valid = [0.0, {number}]"));
        assert!(told[0].contains("valid is not two finite numbers; write valid = [0.0, 100.0]"), "{told:?}");
        let told = faults_with("name = \"pump1.flow\"", &format!("bad-values = [{number}]"));
        assert!(told[0].contains("bad-values is not a list of finite numbers; "), "{told:?}");
    }
    let told = faults_with("name = \"pump1.flow\"", "scale = \"1\"");
    assert!(told[0].ends_with("scale is text; write a number without quotes: scale = 1.5"), "{told:?}");
}

#[test]
fn what_a_register_can_hold_is_checked() {
    for (from, to, fault) in [
        (
            "\"holding:100\"",
            "\"holdng:100\"",
            "16:12: error: \"holdng\" is no table of registers; did you mean holding:100?",
        ),
        (
            "\"holding:100\"",
            "\"holding:65535\"",
            "16:12: error: 2 registers from 65535 end behind the last one, 65535; write a lower address, or a shorter type",
        ),
        ("\"holding:100\"", "\"holding:70000\"", "16:12: error: address 70000 is out of range; write 0 to 65535"),
        (
            "\"holding:100\"",
            "\"20101\"",
            "16:12: error: \"20101\" is no register; write holding:100, input:0x64, coil:3, discrete:3, or \"40101\"",
        ),
        (
            "\"holding:100\"",
            "40101",
            "16:12: error: register is a whole number; write words in quotes: register = \"…\"",
        ),
        (
            "\"holding:100\"",
            "\"coil:100\"",
            "17:8: error: type f32 cannot be read from a coil, which is one bit; write type = \"bool\", or read an input: or holding: register",
        ),
        (
            "type = \"f32\"\n",
            "",
            "13:1: error: a tag has no type; write what the registers hold: type = \"u16\", \"f32\", …",
        ),
        (
            "type = \"f32\"\n",
            "type = \"float\"\n",
            "17:8: error: unknown type \"float\"; it is one of bool, u8, i8, u16, i16, u32, i32, u64, i64, f16, f32, f64, bcd16, bcd32, string",
        ),
        (
            "poll = \"500ms\"\n",
            "max-registers = 1\n",
            "17:8: error: 2 registers do not fit into one read: the device's max-registers is 1; raise max-registers, if the device knows more",
        ),
        (
            "device = \"plc1\"\nregister = \"h",
            "device = \"plc\"\nregister = \"h",
            "15:10: error: there is no device \"plc\"; did you mean \"plc1\"?",
        ),
        (
            "device = \"plc1\"\nregister = \"h",
            "device = \"site\"\nregister = \"h",
            "15:10: error: device \"site\" has no registers; name a modbus device, or write topic = \"…\"",
        ),
    ] {
        assert_eq!(faults_when(from, to), [fault], "{to}");
    }
}

#[test]
fn wrong_values_of_a_device_are_told_with_what_would_be_right() {
    for (from, to, fault) in [
        (
            "\"192.168.1.10:502\"",
            "\"192.168.1.300\"",
            "6:11: error: \"192.168.1.300\" is no address; write host and port: address = \"192.168.1.10:502\"",
        ),
        (
            "\"mqtt://broker\"",
            "\"broker:1883\"",
            "12:11: error: \"broker:1883\" does not begin with mqtt://; write mqtt://host:port, or ws://host:port/path: address = \"mqtt://192.168.1.20:1883\"",
        ),
        (
            "\"mqtt://broker\"",
            "\"http://broker\"",
            "12:11: error: \"http://\" is no scheme of an mqtt device; write mqtt://host:port, or ws://host:port/path: address = \"mqtt://192.168.1.20:1883\"",
        ),
        (
            "\"modbus-tcp\"",
            "\"modbus\"",
            "5:12: error: unknown protocol \"modbus\"; did you mean \"modbus-tcp\"? it is one of modbus-tcp, modbus-tls, modbus-rtu-over-tcp, modbus-rtu, mqtt",
        ),
        ("poll = \"500ms\"", "unit-id = 256", "7:11: error: unit-id = 256 is out of range; write 0 to 255"),
        (
            "poll = \"500ms\"",
            "poll = \"soon\"",
            "7:8: error: poll: \"soon\" is no duration; write it like \"250ms\", \"5s\", \"10m\", \"2h\" or \"400d\"",
        ),
        (
            "poll = \"500ms\"",
            "keep-alive = \"5s\"",
            "7:1: error: \"keep-alive\" does not belong to a device of protocol modbus-tcp; leave it out; it belongs to mqtt",
        ),
        (
            "poll = \"500ms\"",
            "no-answer = { priority = \"hihg\" }",
            "7:26: error: unknown priority \"hihg\"; did you mean \"high\"? it is one of critical, high, medium, low",
        ),
        (
            "poll = \"500ms\"",
            "no-answer = { display = \"Overvew\" }",
            "7:13: error: there is no display \"Overvew\"; did you mean \"Overview\"?",
        ),
        (
            "\"mqtt://broker\"",
            "\"mqtt://broker\"\nmax-packet = \"1MB of it\"",
            "13:14: error: max-packet: \"1MB of it\" is no size; write it with its unit, in quotes: max-packet = \"1MiB\" (B, KiB, MiB, GiB, TiB)",
        ),
        (
            "\"mqtt://broker\"",
            "\"mqtt://broker\"\nmqtt-version = \"4\"",
            "13:16: error: unknown mqtt-version \"4\"; did you mean \"5\"? it is one of 3.1.1, 5",
        ),
        (
            "\"mqtt://broker\"",
            "\"mqtt://broker\"\nstatus-topic = \"wk/+\"",
            "13:16: error: \"wk/+\" is no topic to publish to; write words parted by /, without + and #",
        ),
        (
            "\"mqtt://broker\"",
            "\"ws://broker/my path\"",
            "12:11: error: \"/my path\" is no path of a websocket; write it as in ws://broker:8080/mqtt; a letter that is not ASCII as %C3%A9",
        ),
        (
            "\"mqtt://broker\"",
            "\"ws://broker\"\nca = \"ca.pem\"",
            "13:6: error: ca is of TLS, and ws:// sends everything in the clear; write wss:// in address, or leave ca out",
        ),
        (
            "\"mqtt://broker\"",
            "\"mqtt://broker\"\nmax-packet = 5",
            "13:14: error: max-packet is a whole number, without a unit of size; write it with its unit, in quotes: max-packet = \"1MiB\" (B, KiB, MiB, GiB, TiB)",
        ),
    ] {
        let told = faults_when(from, to);
        // Tags and alarms of a device at fault say nothing of their own: the fault was told once.
        assert_eq!(told, [fault], "{to}");
    }
    let twice = WHOLE.replace("address = \"mqtt://broker\"", "address = \"mqtt://broker\"\npassword = \"hunter2\"");
    let told = faults(&twice);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("13:12: error: the password itself must not stand in a project"), "{told:?}");
    assert!(!told[0].contains("hunter2"), "a password is never repeated");
}

#[test]
fn wrong_values_of_an_mqtt_tag_are_told_with_what_would_be_right() {
    for (from, to, fault) in [
        ("\"$.wind\"", "\"wind\"", "32:8: error: path = \"wind\" is no JSONPath: "),
        (
            "\"site/weather\"",
            "\"site/#\"",
            "31:9: error: a tag has one topic, and # stands for many; write the whole topic",
        ),
        (
            "\"site/weather\"",
            "\"$share/weather\"",
            "31:9: error: \"$share/weather\" names no group, or no topic in it; write topic = \"$share/GROUP/TOPIC\"",
        ),
        (
            "stale-after = \"60s\"",
            "stale-after = \"60s\"\nqos = 3",
            "34:7: error: qos = 3 is out of range; write 0 to 2",
        ),
        (
            "stale-after = \"60s\"",
            "stale-after = \"60s\"\nretained = \"god\"",
            "34:12: error: unknown retained \"god\"; did you mean \"good\"? ",
        ),
        (
            "stale-after = \"60s\"",
            "stale-after = \"60s\"\navailability = { topic = \"a\", online = \"x\", offline = \"x\" }",
            "34:55: error: online and offline are the same words; ",
        ),
        (
            "stale-after = \"60s\"",
            "stale-after = \"60s\"\ntype = \"bcd16\"",
            "34:8: error: type bcd16 is of registers alone; ",
        ),
    ] {
        let told = faults_when(from, to);
        assert!(told.len() == 1 && told[0].starts_with(fault), "{to}: {told:?}");
    }
}

#[test]
fn names_are_checked_and_told_twice_without_regard_to_case() {
    for (name, fault) in [
        ("pump 1.flow", "the name \"pump 1.flow\" has a space in it"),
        ("1pump", "the name \"1pump\" has a part that begins with \"1\""),
        ("pump..flow", "the name \"pump..flow\" has an empty part"),
        ("pump-1", "the name \"pump-1\" has \"-\" in it"),
        ("device.plc1", "names that begin with \"device.\" are the program's own"),
        ("System.x", "names that begin with \"system.\" are the program's own"),
        ("PUMP1.Flow", "there is a tag \"PUMP1.Flow\" already, in line 14"),
        ("", "the name is empty"),
    ] {
        let told = faults_with(END, &format!("[[tag]]\nname = \"{name}\"\nformula = \"1\"\n"));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&format!("2:8: error: {fault}")), "{told:?}");
    }
    let device = "[[device]]\nname = \"PLC1\"\nprotocol = \"mqtt\"\naddress = \"mqtt://h\"\n";
    assert!(faults_with(END, device)[0].starts_with("2:8: error: there is a device \"PLC1\" already, in line 4"));
    let display = "[[display]]\nname = \"overview\"\n";
    assert!(faults_with(END, display)[0].starts_with("2:8: error: there is a display \"overview\" already, in line "));
}

#[test]
fn alarms_are_checked_against_their_tags() {
    let alarm = |tag: &str, lines: &str| format!("[[alarm]]\ntag = \"{tag}\"\npriority = \"low\"\n{lines}\n");
    for (tag, lines, fault) in [
        ("pump1.flw", "kind = \"quality\"", "2:7: error: there is no tag \"pump1.flw\"; did you mean \"pump1.flow\"?"),
        ("wind", "kind = \"high\"", "1:1: error: an alarm has no limit; write limit = 95.0, in the tag's unit"),
        (
            "wind",
            "kind = \"hihg\"\nlimit = 1",
            "4:8: error: unknown kind \"hihg\"; did you mean \"high\"? it is one of high-high, high, low, low-low, rate, deviation, state, quality",
        ),
        (
            "wind",
            "limit = 1",
            "1:1: error: an alarm has no kind; write kind = \"high\"; it is one of high-high, high, low, low-low, rate, deviation, state, quality",
        ),
        (
            "wind",
            "kind = \"high\"\nlimit = \"1\"",
            "5:9: error: limit is text; write a number without quotes: limit = 1.5",
        ),
        ("wind", "kind = \"state\"\nwhen = \"on\"", "5:8: error: when is text; write when = true, or when = 3"),
        (
            "pump1.running",
            "kind = \"state\"\nwhen = 1",
            "5:8: error: when does not suit a tag of type bool; write when = true or when = false",
        ),
        (
            "wind",
            "kind = \"state\"\nwhen = true",
            "5:8: error: when does not suit a tag of type f64; write the number of the state: when = 3",
        ),
        (
            "pump1.running",
            "kind = \"high\"\nlimit = 1",
            "4:8: error: a tag of type bool has no limits; write kind = \"state\" with when, or \"quality\"",
        ),
        (
            "wind",
            "kind = \"high\"\nlimit = 1\ndeadband = \"2%\"",
            "6:12: error: a deadband in percent is of the tag's range, and the tag has none; write range at the tag, or the deadband in units",
        ),
        (
            "wind",
            "kind = \"high\"\nlimit = 1\ndeadband = -2",
            "6:12: error: deadband = -2 is negative; write deadband = 2.0 in the tag's unit, or deadband = \"2%\" of its range",
        ),
        (
            "pump1.flow",
            "kind = \"high\"\nlimit = 40",
            "5:9: error: limits are out of order: low = 50 is not below high = 40; they must rise: low-low, low, high, high-high",
        ),
        (
            "pump1.flow",
            "kind = \"high\"\nlimit = 600",
            "5:9: warning: the limit 600 lies outside the tag's range, 0 to 500; check limit and range",
        ),
        (
            "pump1.flow",
            "kind = \"low\"\nlimit = 40",
            "1:1: error: there is an alarm \"pump1.flow/low\" already; give it a name of its own: name = \"…\"",
        ),
        (
            "wind",
            "kind = \"quality\"\nname = \"a/b\"",
            "5:8: error: the name \"a/b\" has \"/\" in it, which parts an alarm from what it hangs on; use another sign",
        ),
        (
            "wind",
            "kind = \"quality\"\ndisplay = \"Overvew\"",
            "5:11: error: there is no display \"Overvew\"; did you mean \"Overview\"?",
        ),
        (
            "wind",
            "kind = \"quality\"\nsuppress-when = \"not pump1.rning\"",
            "5:22: error: there is no tag \"pump1.rning\"; did you mean \"pump1.running\"?",
        ),
        (
            "wind",
            "kind = \"quality\"\nlimit = 5",
            "5:1: error: \"limit\" does not belong to an alarm of kind quality; leave it out; it belongs to high-high, high, low, low-low, rate, deviation",
        ),
    ] {
        assert_eq!(faults_with(END, &alarm(tag, lines)), [fault], "{lines}");
    }
    assert_eq!(
        faults_with(END, "[[alarm]]\ntag = \"wind\"\nkind = \"quality\"\n"),
        [
            "1:1: warning: this alarm has no priority, and is taken as medium; write priority = \"critical\", \"high\", \"medium\" or \"low\""
        ]
    );
    let silent =
        WHOLE.replace("stale-after = \"60s\"", "[[tag.alarm]]\nkind = \"high\"\nlimit = 1\npriority = \"low\"");
    assert_eq!(
        faults(&silent),
        [
            "28:1: warning: this tag has an alarm and no stale-after: when the topic falls silent, nobody is told; write stale-after = \"60s\", longer than it ever is silent"
        ]
    );
}

#[test]
fn rates_deviations_and_limits_by_state_are_checked() {
    let alarm = |lines: &str| format!("[[alarm]]\ntag = \"wind\"\npriority = \"low\"\n{lines}\n");
    let rows = |rows: &str| format!("kind = \"high\"\nlimit = 9\nlimits = [{rows}]");
    for (lines, fault) in [
        (
            "kind = \"rate\"\nlimit = -1",
            "5:9: error: limit = -1 would hold always; a rate's limit is above 0, and direction says which way it goes",
        ),
        (
            "kind = \"rate\"\nlimit = 1\ndirection = \"up\"",
            "6:13: error: unknown direction \"up\"; it is one of rising, falling, either",
        ),
        (
            "kind = \"rate\"\nlimit = 1\nover = 60",
            "6:8: error: over is a whole number, without a unit of time; write it with its unit: over = \"60s\" for seconds",
        ),
        (
            "kind = \"rate\"\nlimit = 1\ndeadband = \"2%\"",
            "6:12: error: a rate has no range that a deadband could be a percentage of; write it in units per second",
        ),
        (
            "kind = \"deviation\"\nlimit = 1",
            "1:1: error: an alarm has no from; write the tag to compare with: from = \"other.tag\"",
        ),
        (
            "kind = \"deviation\"\nlimit = 0\nfrom = \"pump1.flow\"",
            "5:9: error: limit = 0 would hold always; a deviation has no sign, and its limit is above 0",
        ),
        (
            "kind = \"deviation\"\nlimit = 1\nfrom = \"pump1.flw\"",
            "6:8: error: there is no tag \"pump1.flw\"; did you mean \"pump1.flow\"?",
        ),
        (
            "kind = \"deviation\"\nlimit = 1\nfrom = \"Wind\"",
            "6:8: error: a tag lies never far from itself; name the tag to compare with",
        ),
        (
            "kind = \"deviation\"\nlimit = 1\nfrom = \"pump1.running\"",
            "6:8: error: pump1.running is of type bool, and no number to compare with; name a tag that is a number",
        ),
        (
            "kind = \"high\"\nlimit = 1\nfrom = \"pump1.flow\"",
            "6:1: error: \"from\" does not belong to an alarm of kind high; leave it out; it belongs to deviation",
        ),
        (
            &rows("{ when = \"pump1.running\" }"),
            "6:11: error: a row of limits has no limit; write limit = 80.0, or limit = false where this state has none",
        ),
        (
            &rows("{ limit = 1 }"),
            "6:11: error: a row of limits has no when; write the formula that is true in this state: when = \"not pump1.running\"",
        ),
        (
            &rows("{ when = \"pump1.running\", limit = true }"),
            "6:45: error: limit = true names no limit; write limit = 80.0, or limit = false where this state has none",
        ),
        (
            &rows("{ when = \"not pump1.rning\", limit = 1 }"),
            "6:25: error: there is no tag \"pump1.rning\"; did you mean \"pump1.running\"?",
        ),
        (
            &rows("{ when = \"pump1.running\", limit = 1 }, { when = \" pump1.running\", limit = 2 }"),
            "6:59: error: this state has a row already, in line 48; the first true row counts: leave one of the two out",
        ),
        (
            &rows("{ when = \"pump1.running\", limt = 1 }"),
            "6:37: error: unknown key \"limt\" in a row of limits; did you mean \"limit\"?",
        ),
        (
            "kind = \"state\"\nwhen = 3\nlimits = []",
            "6:1: error: \"limits\" does not belong to an alarm of kind state; leave it out; it belongs to high-high, high, low, low-low, rate, deviation",
        ),
    ] {
        let told = faults_with(END, &alarm(lines));
        // A missing key is told beside a misspelt one.
        assert_eq!(told.iter().find(|t| *t == fault).map(String::as_str), Some(fault), "{lines}: {told:?}");
    }
    let of_flow = |lines: &str| format!("[[alarm]]\ntag = \"pump1.flow\"\npriority = \"low\"\n{lines}\n");
    assert_eq!(
        faults_with(
            END,
            &of_flow("kind = \"high\"\nlimit = 400\nlimits = [{ when = \"pump1.running\", limit = 900 }]")
        ),
        ["6:45: warning: the limit 900 lies outside the tag's range, 0 to 500; check limit and range"]
    );
    let rate = of_flow("kind = \"rate\"\nlimit = 2\n");
    let deviation = of_flow("kind = \"deviation\"\nlimit = 5\nfrom = \"WIND\"\ndeadband = \"1%\"\n");
    let (plan, issues) = compiled(&format!("{WHOLE}{rate}{deviation}"));
    assert_eq!(issues, []);
    let condition = |name: &str| plan.alarm(plan.alarm_id(name).unwrap()).unwrap().condition;
    let (over, direction) = (Span::from_secs(60), watchkeeper::project::Direction::Either);
    assert_eq!(condition("pump1.flow/rate"), Condition::Rate { limit: 2.0, deadband: 0.0, over, direction });
    let from = plan.tag_id("wind").unwrap();
    assert_eq!(condition("pump1.flow/deviation"), Condition::Deviation { limit: 5.0, deadband: 5.0, from });
    assert!(plan.alarm_id("wind/quality").is_some(), "a deviation is never held in silence");
}

#[test]
fn bad_practice_is_a_warning_that_says_why_and_what_to_do() {
    let tag =
        "[[tag]]\nname = \"level\"\ndevice = \"plc1\"\nregister = \"holding:900\"\ntype = \"f32\"\nrange = [0, 100]\n";
    let alarm = |lines: &str| format!("[[tag.alarm]]\npriority = \"low\"\n{lines}\n");
    let high = alarm("kind = \"high\"\nlimit = 80");
    let rate = alarm("kind = \"rate\"\nlimit = 0.5\ndirection = \"rising\"");
    for (alarms, warnings) in [
        (
            format!("{high}{}", alarm("kind = \"high-high\"\nlimit = 90\ndeadband = 15")),
            vec![
                "15:12: warning: the deadband 15 is wider than the 10 to high = 80: high-high would still stand when the value is back there; write less than 10; usual are 5 % of the range for flow and level, 2 % for pressure, 1 % for temperature",
            ],
        ),
        (format!("{high}{}", alarm("kind = \"high-high\"\nlimit = 90\ndeadband = \"10%\"")), vec![]),
        (
            alarm("kind = \"high\"\nlimit = 80\ndeadband = 80"),
            vec![
                "11:12: warning: with a deadband of 80 it never returns within the range, 0 to 100; write less than 80",
            ],
        ),
        (
            alarm("kind = \"low\"\nlimit = 20\ndeadband = 90"),
            vec![
                "11:12: warning: with a deadband of 90 it never returns within the range, 0 to 100; write less than 80",
            ],
        ),
        (
            alarm("kind = \"deviation\"\nfrom = \"wind\"\nlimit = 5\ndeadband = 5"),
            vec![
                "12:12: warning: with a deadband of 5 it never returns: a deviation is never below 0; write less than the limit, 5",
            ],
        ),
        (
            "[[tag.alarm]]\nkind = \"high\"\nlimit = 80\npriority = \"critical\"\n".to_owned(),
            vec![
                "10:12: warning: a critical alarm without a response: nobody is told what to do; write response = \"…\"; where there is nothing to do at once, it is not critical",
            ],
        ),
        // Ten percent of a range that is crossed in ten minutes: a minute.
        (
            format!(
                "{}{}",
                alarm("kind = \"high\"\nlimit = 80\non-delay = \"61s\""),
                alarm("kind = \"high-high\"\nlimit = 90")
            ),
            vec![
                "11:12: warning: on-delay = \"61s\" is longer than the 1m that the value needs to high-high = 90 where it crosses its range in 10m: this alarm may come after it; shorten it, or move the limits apart; a rate alarm of the tag says how fast it really may go",
            ],
        ),
        (
            format!(
                "{}{}",
                alarm("kind = \"high\"\nlimit = 80\non-delay = \"60s\""),
                alarm("kind = \"high-high\"\nlimit = 90")
            ),
            vec![],
        ),
        // Half a percent in a second: twenty seconds; a rise says nothing of the fall to the low limit.
        (
            format!(
                "{}{}{rate}",
                alarm("kind = \"high\"\nlimit = 80\non-delay = \"21s\""),
                alarm("kind = \"high-high\"\nlimit = 90")
            ),
            vec![
                "11:12: warning: on-delay = \"21s\" is longer than the 20s that the value needs to high-high = 90 at the limit of its rate alarm: this alarm may come after it; shorten it, or move the limits apart; a rate alarm of the tag says how fast it really may go",
            ],
        ),
        (
            format!(
                "{}{}{rate}",
                alarm("kind = \"low\"\nlimit = 20\non-delay = \"21s\""),
                alarm("kind = \"low-low\"\nlimit = 10")
            ),
            vec![],
        ),
    ] {
        assert_eq!(faults_with(END, &format!("{tag}{alarms}")), warnings, "{alarms}");
    }
    let silent = WHOLE.replace("poll = \"500ms\"", "poll = \"500ms\"\nno-answer = { priority = \"critical\" }");
    assert!(faults(&silent)[0].ends_with(
        "warning: a critical alarm without a response: nobody is told what to do; write response = \"…\" in no-answer"
    ));
    let many = |critical: usize| {
        let one = |i: usize| {
            let priority = if i < critical { "critical" } else { "low" };
            format!(
                "[[tag]]\nname = \"t{i}\"\ndevice = \"plc1\"\nregister = \"coil:{i}\"\n[[tag.alarm]]\nkind = \"state\"\nwhen = true\nresponse = \"Look\"\npriority = \"{priority}\"\n"
            )
        };
        faults(&format!("{WHOLE}{}", (0..39).map(one).collect::<Vec<_>>().concat()))
    };
    assert_eq!(many(2), [""; 0], "two of forty");
    assert!(
        many(3)[0].contains("warning: 3 of 40 alarms are critical, 7 %: when many come, nobody can tell"),
        "{:?}",
        many(3)
    );
}

#[test]
fn formulas_point_into_their_text_and_circles_show_their_path() {
    assert_eq!(
        faults_when("pump1.flow * 2", "pump1.flow * (pump.x + wnd"),
        [
            "36:25: error: a parenthesis is not closed; write ) at its end",
            "36:26: error: there is no tag \"pump.x\"; write the name of a tag of this project",
            "36:35: error: there is no tag \"wnd\"; did you mean \"wind\"?",
        ]
    );
    let circle = "[[tag]]\nname = \"a\"\nformula = \"b + 1\"\n[[tag]]\nname = \"b\"\nformula = \"c\"\n[[tag]]\nname = \"c\"\nformula = \"2 * a\"\n[[tag]]\nname = \"d\"\nformula = \"a + wind\"\n";
    let at = WHOLE.matches('\n').count();
    let text = format!("{WHOLE}{circle}");
    let (plan, issues) = compiled(&text);
    let told: Vec<String> = issues.iter().map(Issue::to_string).collect();
    assert_eq!(
        told,
        [format!(
            "{}:11: error: the formula goes round in a circle: a -> b -> c -> a; take one of them out of the other's formula",
            at + 3
        )]
    );
    let source = |name: &str| &plan.tag(plan.tag_id(name).unwrap()).unwrap().source;
    for name in ["a", "b", "c"] {
        assert!(matches!(source(name), SourcePlan::Fault(_)), "{name}");
    }
    assert!(matches!(source("d"), SourcePlan::Formula(_)), "who reads a circle is no part of it");
    assert_eq!(faults_when("pump1.flow * 2", "double + 1").len(), 1, "a formula that reads itself");
}

#[test]
fn formulas_come_after_what_they_read() {
    let mut text = WHOLE.to_owned();
    for i in 0..2_000 {
        writeln!(text, "[[tag]]\nname = \"f{i}\"\nformula = \"f{} + 1\"", i + 1).unwrap();
    }
    text.push_str("[[tag]]\nname = \"f2000\"\nformula = \"pump1.flow > 5\"\n");
    let (plan, issues) = compiled(&text);
    assert_eq!(issues, []);
    let place = |name: &str| plan.formula_order.iter().position(|id| *id == plan.tag_id(name).unwrap()).unwrap();
    assert!(place("f2000") < place("f1999") && place("f1") < place("f0"));
    let flow = plan.tag(plan.tag_id("pump1.flow").unwrap()).unwrap();
    assert_eq!(flow.dependents.len(), 2);
    let compared = plan.tag(plan.tag_id("f2000").unwrap()).unwrap();
    assert_eq!(compared.tag.data_type.word(), "bool", "a comparison makes its tag a bool");
}

#[test]
fn displays_and_panels_are_checked() {
    let panel = |lines: &str| format!("[[display]]\nname = \"D\"\n[[display.panel]]\n{lines}\n");
    for (lines, fault) in [
        (
            "kind = \"gage\"\nat = [0, 0, 1, 1]",
            "4:8: error: unknown kind \"gage\"; did you mean \"gauge\"? it is one of value, gauge, bar, tank, lamp, spark, trend, alarms, journal, devices, text, image, mimic",
        ),
        (
            "kind = \"alarms\"",
            "3:1: error: a panel has no at; write column, row, width and height in cells: at = [0, 0, 6, 4]",
        ),
        (
            "kind = \"alarms\"\nat = [20, 0, 6, 1]",
            "5:6: error: the panel ends at column 26, and the display has 24; make it narrower, or the display's columns more",
        ),
        (
            "kind = \"alarms\"\nat = [0, 0, 0, 1]",
            "5:6: error: at has a negative place, or no size; write column, row, width and height in cells: at = [0, 0, 6, 4]",
        ),
        (
            "kind = \"value\"\nat = [0, 0, 1, 1]",
            "3:1: error: a panel has no tag; write the tag it shows: tag = \"tank1.level\"",
        ),
        (
            "kind = \"value\"\nat = [0, 0, 1, 1]\ntag = \"wnd\"",
            "6:7: error: there is no tag \"wnd\"; did you mean \"wind\"?",
        ),
        (
            "kind = \"gauge\"\nat = [0, 0, 1, 1]\ntag = \"wind\"\nspan = \"1h\"",
            "7:1: error: \"span\" does not belong to a panel of kind gauge; leave it out; it belongs to trend, spark",
        ),
        (
            "kind = \"trend\"\nat = [0, 0, 1, 1]\npens = [{ tag = \"wnd\" }]",
            "6:8: error: there is no tag \"wnd\"; did you mean \"wind\"?",
        ),
        (
            "kind = \"trend\"\nat = [0, 0, 1, 1]\npens = [\"wind\"]",
            "6:9: error: a pen is text; write pens = [{ tag = \"tank1.level\" }, { tag = \"pump1.flow\", axis = \"right\" }]",
        ),
        (
            "kind = \"alarms\"\nat = [0, 0, 4, 4]\n[[display.panel]]\nkind = \"devices\"\nat = [3, 3, 4, 4]",
            "8:6: warning: this panel lies over the alarms of line 45; move one of them",
        ),
        (
            "kind = \"mimic\"\nat = [0, 0, 4, 4]",
            "3:1: error: a panel has no drawing; write the drawing's file, relative to this one: drawing = \"plant.svg\"",
        ),
    ] {
        assert_eq!(faults_with(END, &panel(lines)), [fault], "{lines}");
    }
    assert_eq!(
        faults_with(
            END,
            "[[display]]\nname = \"A\"\nparent = \"B\"\n[[display]]\nname = \"B\"\nparent = \"A\"\n[[display]]\nname = \"C\"\nparent = \"Overviw\"\n"
        ),
        [
            "3:10: error: the displays are above each other in a circle: A -> B -> A; leave parent out at one of them",
            "9:10: error: there is no display \"Overviw\"; did you mean \"Overview\"?"
        ]
    );
    let (plan, _) = compiled(&format!(
        "{WHOLE}[[display]]\nname = \"B\"\nparent = \"A\"\n[[display]]\nname = \"A\"\nparent = \"overview\"\n"
    ));
    assert_eq!(plan.displays.iter().map(|d| d.depth).collect::<Vec<_>>(), [0, 2, 1]);
    assert_eq!(plan.displays[0].alarms.len(), 2, "the alarms of the tag it shows");
}

#[test]
fn a_topic_with_plus_is_a_family_of_tags_and_its_faults_have_places_and_mends() {
    let many = |name: &str, topic: &str, more: &str| {
        format!("{WHOLE}[[tag]]\nname = \"{name}\"\ndevice = \"site\"\ntopic = \"{topic}\"\n{more}")
    };
    let alarm = "[[tag.alarm]]\nkind = \"high\"\nlimit = 20\npriority = \"low\"\n";
    let (plan, issues) = compiled(&many("a.{1}.wind", "site/+/state", &format!("stale-after = \"1m\"\n{alarm}")));
    assert_eq!(issues, []);
    let (whole, _) = compiled(WHOLE);
    assert_eq!((plan.tags.len(), plan.alarms.len()), (whole.tags.len(), whole.alarms.len()));
    let family = plan.project.families.first().unwrap();
    assert_eq!((family.tag.name.as_str(), family.alarms.len()), ("a.{1}.wind", 1));
    for (name, topic, fault) in [
        (
            "a.wind",
            "site/+/state",
            "the topic stands for many, and {1} is not in the name: several would have the same; write it with {1}: name = \"{1}.value\"",
        ),
        (
            "{1}.wind",
            "+/+/state",
            "the topic stands for many, and {2} is not in the name: several would have the same; write it with {1} and {2}: name = \"{1}.{2}.value\"",
        ),
        (
            "{1}.{2}.wind",
            "site/+/state",
            "the name \"{1}.{2}.wind\" has a part that begins with \"{\"; join parts by dots, each a letter and then letters, digits or _ : \"pump1.flow\"",
        ),
        (
            "{1}.wind",
            "site/#",
            "a tag has one topic, and # stands for many; write the whole topic, or + for one of its levels",
        ),
        (
            "{1}.wind",
            "site/+/#",
            "a tag has one topic, and # stands for many; write the whole topic, or + for one of its levels",
        ),
        (
            "gust",
            "site/a+/state",
            "+ stands for a whole level of a topic, and in \"site/a+/state\" not; write it alone between two /: \"site/+/state\"",
        ),
    ] {
        let (plan, issues) = compiled(&many(name, topic, ""));
        assert!(issues.iter().any(|issue| issue.to_string().ends_with(fault)), "{name} {topic}: {issues:?}");
        assert!(matches!(plan.tags.last().unwrap().source, SourcePlan::Fault(_)), "{name} {topic}");
        assert_eq!(plan.project.families, []);
    }
    // Of a device that is none, or none of its kind, it is told as of any tag.
    let text = many("{1}.wind", "site/+/state", "").replace("device = \"site\"\ntopic", "device = \"sitte\"\ntopic");
    let (plan, issues) = compiled(&text);
    assert!(issues.iter().any(|issue| issue.to_string().contains("there is no device \"sitte\"")), "{issues:?}");
    assert!(matches!(plan.tags.last().unwrap().source, SourcePlan::Fault(_)));
}

#[test]
fn what_is_wrong_with_a_familys_alarms_is_told_before_any_of_its_tags_is_found() {
    let text = format!(
        "{WHOLE}[[tag]]\nname = \"{{1}}.wind\"\ndevice = \"site\"\ntopic = \"site/+/state\"\nrange = [0, 30]\nsetpoint = \"{{1}}.limit\"\nstale-after = \"1m\"\n\
         [[tag.alarm]]\nkind = \"high\"\nlimit = 40\npriority = \"low\"\nsuppress-when = \"not {{1}}.running and no.such.tag\"\n\
         [[tag]]\nname = \"{{1}}.running\"\ndevice = \"site\"\ntopic = \"site/+/state\"\ntype = \"bool\"\n"
    );
    let (project, issues) = watchkeeper::project::file::read(text.as_bytes());
    assert_eq!(issues, []);
    let told = |project: watchkeeper::project::Project| -> Vec<String> {
        let issues = Plan::issues(&Arc::new(project), Mode::Live);
        issues.iter().map(ToString::to_string).collect()
    };
    let all = told(project.clone());
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all.iter().any(|issue| issue.contains("there is no tag \"{1}.limit\"")), "{all:?}");
    assert!(all.iter().any(|issue| issue.contains("there is no tag \"no.such.tag\"")), "{all:?}");
    assert!(all.iter().any(|issue| issue.contains("limit 40") || issue.contains("range")), "{all:?}");
    let members = ["a", "b"].map(|place| watchkeeper::project::Member {
        device: "site".into(),
        topic: format!("site/{place}/state").into(),
    });
    let (expanded, _) = watchkeeper::project::family::expand(&project, &members);
    assert_eq!(told(expanded), all, "each once, and not for every member");
}

#[test]
fn a_topic_that_is_subscribed_by_itself_and_shared_is_told() {
    let tag = |name: &str, topic: &str, more: &str| {
        format!("[[tag]]\nname = \"{name}\"\ndevice = \"d\"\ntopic = \"{topic}\"\n{more}\n")
    };
    let device = "[[device]]\nname = \"d\"\nprotocol = \"mqtt\"\naddress = \"mqtt://h\"\n";
    let life = "availability = { topic = \"b\" }";
    let tags = [tag("one", "$share/g/a", ""), tag("two", "a", ""), tag("three", "$share/g/b", life)].concat();
    let (plan, issues) = compiled(&format!("watchkeeper = 1\n{device}{tags}"));
    let told: Vec<_> = issues.iter().map(|issue| (issue.subject.as_str(), issue.message.as_str())).collect();
    let faults = [
        ("two", "the messages of \"a\" are those of \"$share/g/a\", which is subscribed already"),
        ("three", "the messages of \"$share/g/b\" are those of \"b\", which is subscribed already"),
    ];
    assert_eq!(told, faults);
    let runs: Vec<_> = plan.tags.iter().map(|tag| matches!(tag.source, SourcePlan::Topic { .. })).collect();
    assert_eq!(runs, [true, false, false]);
}

#[test]
fn an_mqtt_address_says_port_tls_and_websocket() {
    for (address, port, tls, websocket) in [
        ("mqtt://broker", 1883, false, None),
        ("mqtts://broker/", 8883, true, None),
        ("ws://broker", 80, false, Some("/mqtt")),
        ("ws://broker/", 80, false, Some("/")),
        ("wss://broker", 443, true, Some("/mqtt")),
        ("wss://[::1]:8443/a/b?key=1%202", 8443, true, Some("/a/b?key=1%202")),
    ] {
        let device = format!("[[device]]\nname = \"d\"\nprotocol = \"mqtt\"\naddress = \"{address}\"\n");
        let (plan, issues) = compiled(&format!("watchkeeper = 1\n{device}"));
        assert_eq!(issues, []);
        let Endpoint::Mqtt(settings) = &plan.devices[0].device.endpoint else { panic!("{:?}", plan.devices[0]) };
        let told = (settings.port, settings.tls.is_some(), settings.websocket.as_deref());
        assert_eq!(told, (port, tls, websocket), "{address}");
        assert_eq!(settings.host, if address.contains("::1") { "::1" } else { "broker" });
    }
}

#[test]
fn a_connection_over_tls_has_its_files_and_an_alarm_for_what_expires() {
    let device = |address: &str, more: &str| {
        format!("[[device]]\nname = \"tls\"\nprotocol = \"mqtt\"\naddress = \"{address}\"\n{more}")
    };
    let whole = device("mqtts://broker", "ca = \"ca.pem\"\ncert = \"me.pem\"\nkey = \"me.key\"\n");
    let (plan, issues) = compiled(&format!("{WHOLE}{whole}"));
    assert_eq!(issues, []);
    let Endpoint::Mqtt(settings) = &plan.devices[2].device.endpoint else { panic!("{:?}", plan.devices[2]) };
    let identity = Some(("me.pem".to_owned(), "me.key".to_owned()));
    assert_eq!(settings.tls, Some(TlsSettings { ca: Some("ca.pem".to_owned()), identity }));
    assert_eq!(settings.port, 8883);
    let names = plan.alarms.iter().map(|a| &*a.name).filter(|name| name.starts_with("system.certificate"));
    assert_eq!(names.collect::<Vec<_>>(), ["system.certificate/tls"]);
    for (address, more, fault) in [
        (
            "mqtt://broker",
            "ca = \"ca.pem\"\n",
            "ca is of TLS, and mqtt:// sends everything in the clear; write mqtts:// in address, or leave ca out",
        ),
        (
            "mqtts://broker",
            "key = \"me.key\"\n",
            "key without cert: a certificate and its key belong together; write cert = \"client-cert.pem\" beside it",
        ),
    ] {
        let (_, issues) = compiled(&format!("{WHOLE}{}", device(address, more)));
        assert_eq!(issues.len(), 1, "{issues:?}");
        assert!(issues[0].to_string().ends_with(fault), "{}", issues[0]);
    }
}

#[test]
fn one_wrong_tag_is_one_red_row_and_its_alarms_are_counted_as_not_watched() {
    let (plan, issues) = compiled(&WHOLE.replace("type = \"f32\"", "type = \"f32\"\nscal = 0.1"));
    assert_eq!(issues.len(), 1);
    let SourcePlan::Fault(reason) = &plan.tags[0].source else { panic!("{:?}", plan.tags[0]) };
    assert_eq!(&**reason, "line 18: unknown key \"scal\" in a tag");
    assert_eq!(plan.unwatched_alarms, 1);
    assert!(plan.alarms.last().unwrap().message.starts_with("1 alarm of the project is not watched"));
    assert!(matches!(plan.tags[1].source, SourcePlan::Register { .. }), "the others run");
    // What only shows a value does not stop it.
    let (plan, issues) = compiled(&WHOLE.replace("type = \"f32\"", "type = \"f32\"\ndecimals = 50"));
    assert_eq!(issues.len(), 1);
    assert!(matches!(plan.tags[0].source, SourcePlan::Register { .. }));
}

#[test]
fn an_array_of_tags_is_one_table_and_its_fault_is_told_once() {
    let array = "[[tag]]\nname = \"string{n}.current\"\ndescription = \"Current of string {n}\"\ndevice = \"plc1\"\nregister = \"holding:1000\"\ntype = \"i16\"\nrepeat = { from = 8, to = 10, step = 10 }\nrange = [0.0, 9.0]\n[[tag.alarm]]\nkind = \"high\"\nlimit = 8.0\npriority = \"low\"\nmessage = \"String {n} is hot\"\n";
    let (plan, issues) = compiled(&format!("{WHOLE}{array}"));
    assert!(issues.is_empty(), "{issues:?}");
    let told = |text: &str| {
        let (project, _) = file::read(format!("{WHOLE}{text}").as_bytes());
        let array = project.tags.iter().filter(|t| t.name.starts_with("string"));
        array
            .map(|tag| match &tag.source {
                Source::Register(source) => format!("{} {} {}", tag.name, source.address, tag.description),
                other => format!("{} {other:?}", tag.name),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told(array),
        [
            "string8.current 1000 Current of string 8",
            "string9.current 1010 Current of string 9",
            "string10.current 1020 Current of string 10"
        ]
    );
    let alarm = plan.alarms.iter().find(|a| &*a.name == "string9.current/high").unwrap();
    assert_eq!(&*alarm.message, "String 9 is hot");
    // Without a step they lie side by side.
    let wide = array.replace(", step = 10", "").replace("i16", "f32");
    assert!(told(&wide)[2].starts_with("string10.current 1004 "), "{:?}", told(&wide));
    for (from, to, faults) in [
        ("limit = 8.0", "limit = \"8\"", vec!["limit is text"]),
        ("\"i16\"", "\"i17\"", vec!["unknown type \"i17\""]),
        ("step = 10", "step = 50000", vec!["the array reaches over the last register, 65535; write a smaller step"]),
        ("from = 8", "from = 11", vec!["to = 10 is less than from = 11"]),
        ("from = 8, ", "", vec!["an array of tags has no from"]),
        ("from = 8", "from = \"8\"", vec!["from is text"]),
        ("to = 10", "to = 20000", vec!["19993 tags of one table; write 10000 at most"]),
        ("string{n}.current", "string.current", vec!["an array of tags, and {n} is not in the name"]),
        ("step = 10", "steps = 10", vec!["unknown key \"steps\" in an array of tags; did you mean \"step\"?"]),
    ] {
        let (_, issues) = compiled(&format!("{WHOLE}{}", array.replace(from, to)));
        let errors: Vec<_> = issues.iter().filter(|i| i.severity == Severity::Error).map(ToString::to_string).collect();
        assert_eq!(errors.len(), faults.len(), "{to}: {errors:#?}");
        for (error, fault) in errors.iter().zip(faults) {
            assert!(error.contains(fault), "{error} tells not {fault}");
        }
    }
}

/// A project of serial units, each with a tag: `unit-id = 1` and the like for the lines of each.
fn serial_units(units: &[&str]) -> String {
    let mut text = "watchkeeper = 1\nname = \"x\"\n".to_owned();
    for (i, lines) in units.iter().enumerate() {
        writeln!(text, "[[device]]\nname = \"u{i}\"").unwrap();
        if !lines.contains("protocol") {
            text += "protocol = \"modbus-rtu\"\naddress = \"/dev/ttyUSB0\"\n";
        }
        writeln!(text, "{lines}").unwrap();
    }
    text
}

#[test]
fn units_of_a_serial_line_agree_on_how_it_is_set() {
    let set = "baud = 9600\nparity = \"even\"\nstop-bits = 1\nunit-id = 1";
    for (units, told) in [
        (vec![set, "baud = 9600\nparity = \"even\"\nunit-id = 2"], vec![]),
        // What is not written is the default: 19200 8N1.
        (vec!["unit-id = 1", "baud = 19200\ndata-bits = 8\nparity = \"none\"\nstop-bits = 1\nunit-id = 2"], vec![]),
        (
            vec![set, "baud = 19200\nparity = \"odd\"\nstop-bits = 2"],
            vec![
                "15:8: error: baud differs from that of \"u0\", which shares the connection; write the same in both",
                "16:10: error: parity differs from that of \"u0\", which shares the connection; write the same in both",
                "17:13: error: stop-bits differs from that of \"u0\", which shares the connection; write the same in both",
            ],
        ),
        (
            vec![set, "unit-id = 2"],
            vec![
                "11:1: error: baud differs from that of \"u0\", which shares the connection; write the same in both",
                "11:1: error: parity differs from that of \"u0\", which shares the connection; write the same in both",
            ],
        ),
        (
            vec![
                "protocol = \"modbus-tcp\"\naddress = \"Gateway:502\"",
                "protocol = \"modbus-rtu-over-tcp\"\naddress = \"gateway\"\nunit-id = 2",
            ],
            vec![
                "9:12: error: protocol differs from that of \"u0\", which shares the connection; write the same in both",
            ],
        ),
        (
            vec!["unit-id = 0", "unit-id = 248"],
            vec![
                "7:11: error: unit 0 is all units of the line at once, and none of them answers; write the number that is set at the device, 1 to 247",
                "12:11: error: unit 248 is none that a serial line has; write the number that is set at the device, 1 to 247",
            ],
        ),
        (
            vec!["protocol = \"modbus-rtu-over-tcp\"\naddress = \"gateway:4001\"\nunit-id = 0"],
            vec![
                "7:11: error: unit 0 is all units of the line at once, and none of them answers; write the number that is set at the device, 1 to 247",
            ],
        ),
        // Over Modbus/TCP, 0 is a device that has its address for itself.
        (vec!["protocol = \"modbus-tcp\"\naddress = \"plc\"\nunit-id = 0"], vec![]),
        (
            vec!["data-bits = 7"],
            vec![
                "7:13: error: 7 data bits cannot carry Modbus RTU, whose frames are whole bytes; write 8, or leave it out; Modbus ASCII, which has 7, is not served",
            ],
        ),
        (
            vec!["protocol = \"modbus-rtu\"\naddress = \"192.168.1.10:502\""],
            vec![
                "6:11: error: \"192.168.1.10:502\" is no serial port; write address = \"/dev/ttyUSB0\" or \"COM3\"; a converter in the network has protocol = \"modbus-rtu-over-tcp\"",
            ],
        ),
        (
            vec!["protocol = \"modbus-rtu-over-tcp\"\naddress = \"gateway\"\nbaud = 9600"],
            vec![
                "7:1: error: \"baud\" does not belong to a device of protocol modbus-rtu-over-tcp; leave it out; it belongs to modbus-rtu",
            ],
        ),
    ] {
        assert_eq!(faults(&serial_units(&units)), told, "{units:?}");
    }
}

#[test]
fn a_device_at_fault_is_not_asked_and_its_tags_say_why() {
    let (plan, issues) = compiled(&WHOLE.replace("poll = \"500ms\"", "unit = 3"));
    assert_eq!(issues.len(), 1);
    assert!(matches!(plan.devices[0].device.endpoint, Endpoint::Fault(_)));
    let SourcePlan::Fault(reason) = &plan.tags[0].source else { panic!("{:?}", plan.tags[0]) };
    assert_eq!(&**reason, "device plc1 is at fault: line 7: unknown key \"unit\" in a device");
}

#[test]
fn a_torn_line_costs_one_entity_and_not_the_file() {
    for (from, to, fault) in [
        (
            "name = \"pump1.running\"",
            "name \"pump1.running\"",
            "25:6: error: this is not TOML: key with no value; expected \"=\"",
        ),
        (
            "name = \"pump1.running\"",
            "name = \"pump1.running",
            "25:22: error: this is not TOML: invalid basic string; expected '\"'",
        ),
        (
            "name = \"pump1.running\"",
            "name = pump1.running",
            "25:8: error: this is not TOML: string values must be quoted; expected literal string",
        ),
        (
            "[[tag]]\nname = \"pump1.running\"",
            "[[tag\nname = \"pump1.running\"",
            "24:6: error: this is not TOML: unclosed array table; expected \"]]\"",
        ),
        (
            "[[tag]]\nname = \"pump1.running\"",
            "[tag]\nname = \"pump1.running\"",
            "24:1: error: [tag] is one table, and there may be many; write [[tag]]",
        ),
        (
            "register = \"coil:3\"",
            "register = ",
            "27:12: error: this is not TOML: string values must be quoted; expected literal string",
        ),
        (
            "register = \"coil:3\"",
            "register = \"coil:3\"\nlabels = { 0 = \"a\"",
            "28:1: error: a table that begins here is not closed; close it before the next key or header",
        ),
        (
            "register = \"coil:3\"",
            "register = \"coil:3\"\nbad-values = [1, 2",
            "28:1: error: a list that begins here is not closed; close it before the next key or header",
        ),
        (
            "register = \"coil:3\"",
            "register = \"\"\"coil:3",
            "27:1: error: a long text that begins here is not closed; close it before the next key or header",
        ),
        (
            "register = \"coil:3\"",
            "register = \"coil:3\"\nregister = \"coil:4\"",
            "28:1: error: the key \"register\" is written twice; keep one",
        ),
    ] {
        let text = WHOLE.replacen(from, to, 1);
        assert_ne!(text, WHOLE, "{from}");
        let (plan, issues) = compiled(&text);
        let told: Vec<String> = issues.iter().map(Issue::to_string).collect();
        assert_eq!(told, [fault], "{to}");
        assert!(plan.tags.len() >= 3, "{to}: {}", plan.tags.len());
        for name in ["pump1.flow", "wind", "double"] {
            let tag = plan.tag(plan.tag_id(name).unwrap()).unwrap();
            assert!(!matches!(tag.source, SourcePlan::Fault(_)), "{to}: {name}");
        }
        if let Some(id) = plan.tag_id("pump1.running") {
            assert!(matches!(plan.tag(id).unwrap().source, SourcePlan::Fault(_)), "{to}: a torn tag does not run");
        }
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_their_places() {
    let text = WHOLE
        .replace("poll = \"500ms\"", "pol = \"500ms\"")
        .replace("limit = 50.0", "limit = \"50\"")
        .replace("pump1.flow * 2", "pump1.flow *")
        .replace("at = [0, 0, 6, 4]", "at = [0, 0, 6]");
    let issues = compiled(&text).1;
    let lines: Vec<u32> = issues.iter().map(|i| i.place.line).collect();
    assert_eq!(lines, [7, 22, 36, 41]);
}

#[test]
fn defaults_are_those_of_the_contract() {
    let (plan, _) = compiled(WHOLE);
    let tag = |name: &str| plan.tag(plan.tag_id(name).unwrap()).unwrap();
    assert_eq!(tag("pump1.flow").stale_after, Some(Span::from_secs(5)));
    assert_eq!(tag("double").stale_after, None);
    let slow = compiled(&WHOLE.replace("poll = \"500ms\"", "poll = \"10s\"")).0;
    assert_eq!(slow.tags[0].stale_after, Some(Span::from_secs(30)));
    let patient = compiled(&WHOLE.replace("poll = \"500ms\"", "poll = \"2s\"\ntimeout = \"4s\"\nretries = 2")).0;
    assert_eq!(patient.tags[0].stale_after, Some(Span::from_secs(14)));
    let quality = plan.alarm(plan.alarm_id("pump1.flow/quality").unwrap()).unwrap();
    assert_eq!((quality.priority, quality.on_delay), (Priority::Medium, Span::from_secs(10)));
    let silent = compiled(&WHOLE.replace("stale-after = \"60s\"\n", "")).0;
    assert_eq!(silent.tags[2].stale_after, None, "an MQTT tag goes stale only where the project says so");
}

#[test]
fn a_deadband_in_percent_is_of_the_range_and_raw_is_mapped_onto_it() {
    let text = WHOLE
        .replace("limit = 50.0", "limit = 50.0\ndeadband = \"2%\"")
        .replace("range =", "raw = [4000, 20000]\nrange =");
    let (plan, issues) = compiled(&text);
    assert_eq!(issues, []);
    assert_eq!(plan.alarms[0].condition, Condition::AtOrBelow { limit: 50.0, deadband: 10.0 });
    let scaling = plan.tags[0].scaling.unwrap();
    assert!((12_000.0 * scaling.scale + scaling.offset - 250.0).abs() < 1e-9);
}

#[test]
fn every_type_and_key_of_a_written_quality_alarm_is_kept() {
    let text = WHOLE.replace(
        "[[tag.alarm]]",
        "[[tag.alarm]]\nkind = \"quality\"\npriority = \"critical\"\nresponse = \"Look at the wire\"\noff-delay = \"3s\"\n[[tag.alarm]]",
    );
    let (plan, issues) = compiled(&text);
    assert_eq!(issues, []);
    assert_eq!(plan.tags[0].alarms, 0..2, "none is added beside the one written");
    assert_eq!(plan.alarms[0].on_delay, Span::from_secs(10), "after 10 s unless it says otherwise");
    assert_eq!(plan.alarms[0].off_delay, Span::from_secs(3));
}

#[test]
fn which_samples_are_recorded_is_compiled_for_each_tag() {
    let record = |lines: &str| {
        let (plan, issues) = compiled(&format!("{WHOLE}[[tag]]\nname = \"a\"\n{lines}\n"));
        (plan.tags.last().unwrap().record, issues.iter().map(Issue::to_string).collect::<Vec<_>>())
    };
    let change = |deadband, interval| RecordPlan::Change { deadband, interval };
    let coil = "device = \"plc1\"\nregister = \"coil:9\"\n";
    let topic = "device = \"site\"\ntopic = \"a\"\npath = \"$.v\"\n";
    for (lines, expected) in [
        (coil.to_owned(), change(0.0, None)),
        (format!("{coil}record = \"always\""), RecordPlan::Always),
        (format!("{coil}record = \"never\""), RecordPlan::Never),
        (format!("{topic}record-deadband = 0.5"), change(0.5, None)),
        (format!("{topic}time = \"$.ts\""), change(0.0, Some(Span::from_secs(60)))),
        (format!("{topic}time = \"$.ts\"\nrecord-interval = \"1h\""), change(0.0, Some(Span::from_secs(3_600)))),
        (
            "formula = \"wind * 2\"\nrecord-deadband = 3\nrecord-interval = \"1s\"".to_owned(),
            change(3.0, Some(Span::from_secs(1))),
        ),
    ] {
        assert_eq!(record(&lines), (expected, Vec::new()), "{lines}");
    }
    for (lines, word) in [
        (coil, "bool"),
        ("formula = \"wind > 5\"\n", "bool"),
        ("device = \"site\"\ntopic = \"a\"\ntype = \"string\"\n", "string"),
    ] {
        let (rule, issues) = record(&format!("{lines}record-deadband = 1"));
        assert_eq!(rule, change(0.0, None));
        let what = format!("error: type {word} has no record-deadband: every change is recorded; leave it out");
        assert!(matches!(issues.as_slice(), [one] if one.ends_with(&what)), "{issues:?}");
    }
}

#[test]
fn ten_thousand_tags_load_without_a_fault() {
    let (plan, issues) = compiled(&ten_thousand());
    assert_eq!(issues, []);
    assert_eq!(plan.tags.len(), 10_000);
    assert_eq!(plan.alarms.len(), 30_005, "two limits and a quality each; the device's one, and the program's four");
}

fn ten_thousand() -> String {
    let mut text =
        "watchkeeper = 1\n[[device]]\nname = \"plc\"\nprotocol = \"modbus-tcp\"\naddress = \"plc\"\n".to_owned();
    for i in 0..10_000 {
        write!(
            text,
            "[[tag]]\nname = \"area{}.pump{i}.flow\"\ndevice = \"plc\"\nregister = \"holding:{i}\"\ntype = \"u16\"\nunit = \"m³/h\"\nrange = [0.0, 100.0]\n\
             [[tag.alarm]]\nkind = \"high\"\nlimit = 90.0\npriority = \"high\"\n[[tag.alarm]]\nkind = \"low\"\nlimit = 5.0\ndeadband = \"2%\"\npriority = \"medium\"\n",
            i / 100
        )
        .unwrap();
    }
    text
}

#[test]
fn the_projects_that_come_along_have_no_faults() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("projects");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(faults(&text), [""; 0], "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 2, "meter and zigbee2mqtt are there");
}

#[test]
fn the_meters_registers_are_where_its_manual_has_them() {
    let text = include_str!("../projects/meter.toml");
    let (project, _) = file::read(text.as_bytes());
    let address = |name: &str| {
        let tag = project.tags.iter().find(|t| t.name == name).unwrap();
        match &tag.source {
            Source::Register(r) => format!("{}:{:#06x} {}", r.area.word(), r.address, tag.data_type.word()),
            other => format!("{other:?}"),
        }
    };
    for (name, place) in [
        ("l1.voltage", "input:0x0000 f32"),
        ("l2.voltage", "input:0x0002 f32"),
        ("l3.voltage", "input:0x0004 f32"),
        ("l1.current", "input:0x0006 f32"),
        ("l1.power", "input:0x000c f32"),
        ("total.power", "input:0x0034 f32"),
        ("frequency", "input:0x0046 f32"),
        ("energy.imported", "input:0x0048 f32"),
        ("energy.exported", "input:0x004a f32"),
    ] {
        assert_eq!(address(name), place, "{name}");
    }
}

/// The document names every key that the reader knows, and no other; and all its examples are read without an error.
#[test]
fn the_document_and_the_reader_know_the_same_keys() {
    let document = include_str!("../docs/project-file.md");
    let mut told: Vec<String> = Vec::new();
    for table in file::keys::TABLES {
        let title = match table.header {
            "" => "### The file".to_owned(),
            header => format!("### `{header}`"),
        };
        let section = document.split(&format!("\n{title}\n")).nth(1).unwrap_or_else(|| panic!("no section {title}"));
        let section = section.split("\n### ").next().unwrap().split("\n## ").next().unwrap();
        let written: Vec<&str> =
            section.lines().filter_map(|l| l.strip_prefix("| `")).filter_map(|l| l.split('`').next()).collect();
        for key in table.keys {
            if !written.contains(&key.name) {
                told.push(format!("{title} does not name {}", key.name));
            }
        }
        for key in written {
            if !table.keys.iter().any(|k| k.name == key) {
                told.push(format!("{title} names {key}, which is no key"));
            }
        }
    }
    assert_eq!(told, [""; 0]);
}

/// What `watchkeeper schema` prints is made of the reader's keys and the document's words. `WATCHKEEPER_WRITE_SCHEMA=1` writes
/// it anew where one of them has changed.
#[test]
fn the_schema_is_what_the_reader_and_the_document_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/watchkeeper.schema.json");
    let made = schema::schema();
    if std::env::var_os("WATCHKEEPER_WRITE_SCHEMA").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == made, "assets/watchkeeper.schema.json is older than the keys; see this test");
    // Each key of each table, and no other.
    let read: serde_json::Value = serde_json::from_str(&kept).unwrap();
    for table in file::keys::TABLES {
        let place = match table.header.trim_matches(['[', ']']).replace('.', "-") {
            whole if whole.is_empty() => &read["properties"],
            name => &read["$defs"][name.as_str()]["properties"],
        };
        let mut known: Vec<&str> = table.keys.iter().map(|key| key.name).collect();
        known.sort_unstable();
        let told: Vec<&str> = place.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(told, known, "{}", table.header);
    }
    for example in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("projects")).unwrap() {
        let path = example.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("#:schema ../assets/watchkeeper.schema.json\n"), "{}", path.display());
        }
    }
}

#[test]
fn the_examples_of_the_document_are_read_without_an_error() {
    let document = include_str!("../docs/project-file.md");
    let examples: Vec<&str> = document.split("```toml\n").skip(1).map(|e| e.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 5, "{}", examples.len());
    for example in examples {
        let text = if example.contains("watchkeeper = 1") {
            example.to_owned()
        } else {
            format!("watchkeeper = 1\n{example}")
        };
        let errors: Vec<String> = file::read(text.as_bytes())
            .1
            .iter()
            .filter(|i| i.severity == Severity::Error)
            .map(Issue::to_string)
            .collect();
        assert_eq!(errors, [""; 0], "{text}");
    }
}

/// Every issue stands in the text: on one of its lines, at most one column behind its end.
fn all_inside(bytes: &[u8]) {
    let (project, mut issues) = file::read(bytes);
    let (_plan, more) = Plan::compile(Arc::new(project), Generation(1), Mode::Live);
    issues.extend(more);
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<usize> = text.trim_start_matches('\u{feff}').split('\n').map(|l| l.chars().count()).collect();
    for issue in issues {
        let (line, column) = (issue.place.line as usize, issue.place.column as usize);
        assert!(line >= 1 && line <= lines.len(), "{issue} of {} lines", lines.len());
        assert!(column >= 1 && column <= lines[line - 1] + 1, "{issue} in a line of {}", lines[line - 1]);
        assert!(!issue.message.contains('\n'), "{issue}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        all_inside(&bytes);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(watchkeeper = 1\n)?(\\PC|\n|\\[|\\]|=|\"|\\{|\\}){0,120}") {
        all_inside(text.as_bytes());
    }

    #[test]
    fn a_whole_file_may_be_cut_and_pasted_anyhow(
        cuts in proptest::collection::vec((0..WHOLE.len(), 0..40_usize, 0..WHOLE.len(), 0..40_usize), 1..6),
    ) {
        let mut text: Vec<u8> = WHOLE.as_bytes().to_vec();
        for (at, length, from, taken) in cuts {
            let pasted: Vec<u8> = WHOLE.as_bytes().iter().skip(from).take(taken).copied().collect();
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            text.splice(at..end, pasted);
        }
        all_inside(&text);
    }

    #[test]
    fn any_value_may_stand_at_any_key(line in 1..40_usize, value in "[0-9]{1,25}|-?[0-9.e]{1,8}|\"\\PC{0,12}\"|true|\\[[0-9, ]{0,9}\\]|\\{ ?\\}|\\{ [a-z-]{1,9} = [0-9] \\}|1979-05-27|inf|nan") {
        let mut lines: Vec<String> = WHOLE.lines().map(str::to_owned).collect();
        if let Some((key, _)) = lines.get(line).and_then(|l| l.split_once(" = ")) {
            lines[line] = format!("{key} = {value}");
        }
        all_inside(lines.join("\n").as_bytes());
    }
}
