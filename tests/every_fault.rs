//! `check` tells every fault of a project in one run, those inside what is doubled or unreadable among them.

use std::sync::Arc;
use watchkeeper::engine::{Generation, Mode, Plan};
use watchkeeper::project::file;

/// Lines with a fault end in `#!` and a part of what must be told on that line; parts of two faults are parted by ` | `.
/// Each kind of entity stands here at fault, and most of them once more under a name that is taken.
const FAULTY: &str = r#"watchkeeper = 1
time-zone = "Europe/Nowhere" #! there is no time zone
colour = "red" #! unknown key "colour"
[history]
keep = 5 #! without a unit of time
[[shift]]
name = "Early"
start = "06:00"
[[shift]]
name = "Early" #! there is a shift "Early" already
start = "6 o'clock" #! is no time of day
[[device]]
name = "plc"
protocol = "modbus-tcp"
address = "10.0.0.1:502"
[[device]]
name = "moved"
was = "PLC" #! names a device that is still there
protocol = "modbus-tcp"
address = "10.0.0.3"
[[device]]
name = "moved too"
was = "plc" #! names a device that is still there | "plc" was moved already
protocol = "modbus-tcp"
address = "10.0.0.4"
[[device]]
name = "PLC" #! there is a device "PLC" already
protocol = "mqtt"
address = "http://x" #! is no scheme of an mqtt device
keep-alive = 3 #! without a unit of time
bogus = 1 #! unknown key "bogus"
no-answer = { priority = "hgih", display = "Nowhere" } #! unknown priority | there is no display "Nowhere"
[[device]] #! a device has no name
protocol = "modbus-tcp"
address = "10.0.0.1:99999" #! is no address
unit-id = 256 #! out of range
[[device]]
name = "bus"
protocol = "modbus-udp" #! unknown protocol
address = "10.0.0.2"
poll = "0s" #! too short
[[tag]]
name = "level"
device = "plc"
register = "holding:1"
type = "u16"
range = [0.0, 100.0]
[[tag.alarm]]
kind = "high"
limit = 90.0
priority = "low"
[[tag.alarm]]
kind = "low"
was = "High" #! names an alarm of its tag that is still there
limit = 1.0
priority = "low"
[[tag.alarm]]
name = "lowest"
was = "a/b" #! /
kind = "low-low"
limit = 0.5
priority = "low"
[[tag.alarm]] #! there is an alarm "level/high" already
kind = "high"
limit = 900.0 #! outside the tag's range
priority = "low"
display = "Missing" #! there is no display "Missing"
suppress-when = "ghost1 > 1" #! there is no tag "ghost1"
[[tag.alarm]]
kind = "hihg" #! unknown kind "hihg"
priority = "low"
display = "Lost" #! there is no display "Lost"
suppress-when = "ghost2 > 1" #! there is no tag "ghost2"
[[tag]]
name = "Level" #! there is a tag "Level" already
device = "ghost-device" #! there is no device "ghost-device"
register = "holding:2"
type = "u16"
scale = 0 #! makes every value the same
setpoint = "ghost3" #! there is no tag "ghost3"
range = [0.0, 10.0]
[[tag.alarm]]
kind = "high"
limit = 20.0 #! outside the tag's range
priority = "urgent" #! unknown priority "urgent"
display = "Gone" #! there is no display "Gone"
[[tag.alarm]]
kind = "low"
limit = nan #! limit is not finite
priority = "low"
[[tag]]
name = "torn"
device = "ghost-line" #! there is no device "ghost-line"
register = "holding:x" #! is no address of a register
type = "u16"
[[tag]]
name = "LEVEL" #! there is a tag "LEVEL" already
formula = "ghost4 + 1" #! there is no tag "ghost4"
[[tag]]
name = "sum"
formula = "ghost5 + 1" #! there is no tag "ghost5"
frobnicate = 2 #! unknown key "frobnicate"
[[alarm]]
tag = "ghost6" #! there is no tag "ghost6"
kind = "high"
limit = 1.0
priority = "low"
display = "Away" #! there is no display "Away"
[[alarm]]
tag = "ghost7" #! there is no tag "ghost7"
kind = "loww" #! unknown kind "loww"
priority = "low"
on-delay = 5 #! without a unit of time
[[display]]
name = "Overview"
columns = 0 #! out of range
[[display.panel]]
kind = "gage" #! unknown kind "gage"
at = [0, 0, 4, 4]
tag = "ghost8" #! there is no tag "ghost8"
[[display]]
name = "overview" #! there is a display "overview" already
parent = "Nothing" #! there is no display "Nothing"
[[display.panel]]
kind = "value"
at = [0, 0, 4, 4]
tag = "ghost9" #! there is no tag "ghost9"
bogus = 1 #! unknown key "bogus"
[[display.panel]]
kind = "trend"
at = [0, 0, 30, 4] #! ends at column 30
pens = [{ tag = "ghost10", axis = "up" }] #! there is no tag "ghost10" | unknown axis "up"
[[display.panel]]
kind = "gage" #! unknown kind "gage"
at = [0, 4, 4, 4]
tag = "ghost11" #! there is no tag "ghost11"
[[display.panel]]
kind = "lamp"
at = [2, 2, 4, 4] #! lies over
tag = "level"
[[display.panel]] #! a panel has no file
kind = "image"
at = [0, 8, 4, 4]
fit = "squeeze" #! unknown fit "squeeze"
[[display.panel]] #! a panel has no drawing
kind = "mimic"
at = [4, 8, 4, 4]
file = "a.png" #! "file" does not belong to a panel of kind mimic
item = [
  { kind = "pmp", tag = "ghost13", at = [1, 1] }, #! unknown kind "pmp" | there is no tag "ghost13"
  { kind = "pump", tag = "ghost14", at = [1] }, #! at is no place on the drawing | there is no tag "ghost14"
  { kind = "value", tag = "ghost15", at = [1, 1] }, #! there is no tag "ghost15"
  { kind = "pipe", tag = "level", points = [1, 1, 2] }, #! points is no place on the drawing
  { kind = "lamp", tag = "level", element = "a", at = [1, 1] }, #! this one has both
  { kind = "valve", tag = "level" }, #! an item has no at
  { kind = "bar", tag = "level", at = [1, 1], on = 1 }, #! "on" does not belong to an item of kind bar
  { kind = "pump", at = [1, 1], on = "x" }, #! an item has no tag | on is text
]
[[template]]
name = "pump"
parameters = ["name", "idle"] #! the parameter "idle" stands nowhere
[[template.tag]]
name = "{name}.flow"
formula = "ghost16" #! there is no tag "ghost16"
unit = "{who}" #! {who} is no parameter
[[use]]
template = "pump"
with = [
  { name = "p1", idle = 1 },
  { name = "p2" }, #! asks for idle
  { name = "p3", idle = 1, busy = 2 }, #! has no parameter "busy"
]
[[use]]
template = "pmup" #! there is no template "pmup"
with = []
"#;

/// Line and message of all that is told.
fn told(text: &[u8]) -> Vec<(u32, String)> {
    let (project, mut issues) = file::read(text);
    issues.extend(Plan::compile(Arc::new(project), Generation(1), Mode::Live).1);
    issues.into_iter().map(|issue| (issue.place.line, issue.message)).collect()
}

/// Every line that has a fault, with what must be told on it.
fn seeded() -> Vec<(u32, &'static str)> {
    let parts = |line: &'static str| line.split_once(" #! ").map(|(_, parts)| parts.split(" | "));
    let numbered = FAULTY.lines().zip(1..);
    numbered.flat_map(|(line, nth)| parts(line).into_iter().flatten().map(move |part| (nth, part))).collect()
}

#[test]
fn every_seeded_fault_is_told_in_one_run_and_no_other() {
    let mut told = told(FAULTY.as_bytes());
    let mut missed = Vec::new();
    for (line, part) in seeded() {
        match told.iter().position(|(at, message)| *at == line && message.contains(part)) {
            Some(found) => drop(told.swap_remove(found)),
            None => missed.push((line, part)),
        }
    }
    assert!(missed.is_empty() && told.is_empty(), "not told: {missed:#?}\ntold besides: {told:#?}");
}
