//! Looking for devices: a line of units with holes and manners, the demo plant, a broker, and the command as people call it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "scan/line.rs"]
mod line;
mod support;

use line::{Device, Line, Manner, function};
use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Command;
use std::time::Duration;
use support::{Running, ended, free_address, until, watchkeeper};
use tokio::sync::watch;
use watchkeeper::drivers::demo::{self, DemoOptions};
use watchkeeper::drivers::scan::bisect::Range;
use watchkeeper::drivers::scan::fields::Kind;
use watchkeeper::drivers::scan::snippet::snippet;
use watchkeeper::drivers::scan::topics::Topics;
use watchkeeper::drivers::scan::{self, End, Found, ModbusRequest, MqttRequest, Picture, Request, found};
use watchkeeper::link::Scanning;
use watchkeeper::project::{Area, Protocol};
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::scans;
use watchkeeper::time::Span;

const ALL: [Area; 4] = [Area::Holding, Area::Input, Area::Coil, Area::Discrete];

/// Quick, for a server on loopback.
fn request(line: &Line, units: &[u8]) -> ModbusRequest {
    ModbusRequest {
        units: units.to_vec(),
        registers: (0, 399),
        pause: Span::ZERO,
        timeout: Span::from_millis(100),
        most_requests: 100_000,
        ..ModbusRequest::new(&line.addr.to_string())
    }
}

async fn scanned(request: Request) -> Picture {
    let (sender, _seen) = watch::channel(Picture::default());
    scan::run(&request, &system_clock(), &sender).await;
    sender.send_replace(Picture::default())
}

async fn line_of(request: ModbusRequest) -> (found::Line, End) {
    let picture = scanned(Request::Modbus(request)).await;
    let Found::Modbus(line) = picture.found else { panic!("{picture:?}") };
    (line, picture.end.unwrap())
}

fn readable(unit: &found::Unit, area: Area) -> Vec<Range> {
    unit.tables.iter().find(|table| table.table == area).map(|table| table.readable.clone()).unwrap_or_default()
}

fn meter() -> Device {
    Device::default().with(Area::Holding, &[(0, 99), (200, 249)]).with(Area::Coil, &[(3, 20)])
}

#[tokio::test]
async fn units_names_and_ranges_are_found_by_reads_alone_over_one_connection() {
    let named = Device { identity: Some(["ACME", "PM\u{7}1", "V2.1"]), ..meter() };
    for (manner, rtu) in [(Manner::Silent, false), (Manner::Gateway, false), (Manner::Silent, true)] {
        let line = Line::start([(3, named.clone()), (7, Device::default())], manner, rtu).await;
        let protocol = rtu.then_some(Protocol::ModbusRtuOverTcp);
        let (found, end) = line_of(ModbusRequest { protocol, ..request(&line, &[1, 3, 4, 7]) }).await;
        assert_eq!(end, End::Done);
        assert_eq!(found.units.iter().map(|unit| unit.unit).collect::<Vec<_>>(), [3, 7], "{manner:?} {rtu}");
        let [first, second] = found.units.as_slice() else { panic!("{found:?}") };
        assert_eq!(first.identity.as_ref().unwrap().words(), "ACME, PM\u{7}1, V2.1");
        assert_eq!(readable(first, Area::Holding), [(0, 99), (200, 249)]);
        assert_eq!(readable(first, Area::Coil), [(3, 20)]);
        assert!(first.tables.iter().all(|table| table.unclear.is_empty() && table.unasked.is_empty()));
        assert_eq!(second.answered, "exception 1: illegal function");
        assert_eq!(second.identity, None);
        assert!(second.tables.iter().all(|t| t.readable.is_empty() && t.unasked.is_empty()), "{second:?}");
        assert_eq!((found.asked, found.notes.len()), (4, 0), "{:?}", found.notes);
        let seen = line.seen();
        assert!(seen.functions.iter().all(|function| matches!(function, 1..=4 | 0x2B)), "nothing is ever written");
        assert_eq!((seen.connections, seen.most_open), (1, 1));
        assert_eq!(seen.functions.len() as u64, found.requests);
    }
}

#[tokio::test]
async fn late_answers_are_never_taken_for_those_of_other_registers() {
    for rtu in [false, true] {
        // Of two ranges, each asked for in the same shapes; a late "yes" for the one must not become one for the other.
        let line = Line::start([(1, meter())], Manner::Late(130), rtu).await;
        let request = ModbusRequest {
            protocol: rtu.then_some(Protocol::ModbusRtuOverTcp),
            registers: (80, 129),
            tables: vec![Area::Holding],
            timeout: Span::from_millis(90),
            ..request(&line, &[1])
        };
        let (found, _) = line_of(request).await;
        for (first, last) in readable(&found.units[0], Area::Holding) {
            assert!(first >= 80 && last <= 99, "{found:?}");
        }
    }
}

#[tokio::test]
async fn a_device_that_hangs_up_after_each_answer_is_found_all_the_same() {
    let line = Line::start([(1, meter())], Manner::Closes, false).await;
    let tables = vec![Area::Coil];
    let (found, end) = line_of(ModbusRequest { tables, registers: (0, 31), ..request(&line, &[1]) }).await;
    assert_eq!((end, readable(&found.units[0], Area::Coil)), (End::Done, vec![(3, 20)]));
    assert_eq!(line.seen().most_open, 1, "one connection at a time");
}

#[tokio::test]
async fn answers_of_another_unit_are_none_and_are_told() {
    let line = Line::start((1..=60).map(|unit| (unit, meter())), Manner::Wrong, false).await;
    let (found, end) = line_of(request(&line, &(1..=60).collect::<Vec<_>>())).await;
    assert_eq!((end, found.units.len()), (End::Done, 0));
    assert!(found.asked < 20, "each of them costs a connection: {}", found.asked);
    assert!(found.notes[0].contains("unit 1: reply of unit 99 instead of 1; no more units were asked"), "{found:?}");
}

#[tokio::test]
async fn one_device_that_answers_for_all_units_is_looked_into_once() {
    let line = Line::start((1..=40).map(|unit| (unit, meter())), Manner::Silent, false).await;
    let (found, _) = line_of(request(&line, &(1..=40).collect::<Vec<_>>())).await;
    assert_eq!(found.units.len(), 40);
    assert_eq!(found.units.iter().filter(|unit| !unit.tables.is_empty()).count(), 1);
    assert!(found.notes[0].contains("does not look at the number of the unit"), "{:?}", found.notes);
}

#[tokio::test]
async fn a_sunspec_device_says_its_models() {
    let text = |at: u16, words: &str| {
        let bytes: Vec<u8> = words.bytes().chain([0; 32]).take(32).collect();
        let pairs: Vec<(u16, u16)> =
            bytes.chunks(2).zip(at..).map(|(pair, at)| (at, u16::from_be_bytes([pair[0], pair[1]]))).collect();
        pairs
    };
    let mut holds: Vec<(u16, u16)> = vec![(40_000, 0x5375), (40_001, 0x6E53), (40_002, 1), (40_003, 66)];
    holds.extend(text(40_004, "Sunny"));
    holds.extend(text(40_020, "SB-5"));
    holds.extend(text(40_044, "1.2"));
    holds.extend([(40_070, 103), (40_071, 50), (40_122, 65_535), (40_123, 0)]);
    let device = Device { holds: holds.into_iter().collect(), ..Device::default() };
    let line = Line::start([(126, device.with(Area::Holding, &[(40_000, 40_123)]))], Manner::Silent, false).await;
    let (found, _) = line_of(ModbusRequest { tables: vec![], ..request(&line, &[126]) }).await;
    let unit = &found.units[0];
    assert_eq!(unit.sunspec.as_ref().unwrap().words(), "at holding 40000: 1 common, 103 three phase inverter");
    assert_eq!(unit.identity.as_ref().unwrap().words(), "Sunny, SB-5, 1.2");
}

#[tokio::test]
async fn the_bound_on_requests_is_kept_and_what_was_left_out_is_told() {
    let line = Line::start([(1, meter()), (2, meter())], Manner::Silent, false).await;
    let before = line.seen().functions.len();
    let (found, _) = line_of(ModbusRequest { most_requests: 40, ..request(&line, &[1, 2]) }).await;
    // Two for each unit to see who is there, its name, and three places of SunSpec.
    let others = 2 * (2 + 1 + 3);
    assert!(line.seen().functions.len() - before <= 40 + others, "{}", line.seen().functions.len());
    let holding = |unit: &found::Unit| unit.tables.iter().find(|t| t.table == Area::Holding).unwrap().clone();
    for unit in &found.units {
        let table = holding(unit);
        assert!(!table.unclear.is_empty(), "{table:?}");
    }
    assert!(found.notes[0].contains("the bound of 40 requests"), "{:?}", found.notes);
}

#[tokio::test]
async fn whatever_maps_units_have_is_found_exactly() {
    for seed in 0..4 {
        fastrand::seed(seed);
        let mut devices = Vec::new();
        for unit in [1_u8, 9] {
            let mut device = Device { most: fastrand::bool().then(|| fastrand::u16(4..60)), ..Device::default() };
            for area in ALL {
                let mut ranges = Vec::new();
                let mut at = fastrand::u16(0..10);
                for _ in 0..fastrand::usize(0..4) {
                    let last = at + fastrand::u16(0..26);
                    ranges.push((at, last));
                    at = last + 2 + fastrand::u16(0..12);
                }
                device = device.with(area, &ranges);
            }
            devices.push((unit, device));
        }
        let rtu = fastrand::bool();
        let line = Line::start(devices.clone(), Manner::Gateway, rtu).await;
        let protocol = rtu.then_some(Protocol::ModbusRtuOverTcp);
        let request = ModbusRequest { protocol, registers: (0, 119), ..request(&line, &[1, 2, 9]) };
        let asked = request.clone();
        let picture = scanned(Request::Modbus(request)).await;
        let Found::Modbus(found) = &picture.found else { panic!("{picture:?}") };
        assert_eq!(found.units.len(), 2);
        for ((_, device), unit) in devices.iter().zip(&found.units) {
            for area in ALL {
                assert_eq!(readable(unit, area), device.tables[&function(area)], "{seed} {area:?} {device:?}");
            }
        }
        let (project, issues) = watchkeeper::project::file::read(snippet(&Request::Modbus(asked), &picture).as_bytes());
        assert!(issues.is_empty() && project.devices.len() == 2, "{issues:?}");
    }
}

#[tokio::test]
async fn the_demo_plant_is_found_as_it_is() {
    let loopback = "127.0.0.1:0".parse().unwrap();
    let options = DemoOptions { modbus: loopback, mqtt: loopback, ..DemoOptions::default() };
    let demo = demo::serve(options, system_clock()).await.unwrap();
    let request = ModbusRequest {
        units: (1..=12).collect(),
        registers: (0, 319),
        pause: Span::ZERO,
        // Debug builds on a loaded computer are slow.
        timeout: Span::from_secs(2),
        most_requests: 100_000,
        ..ModbusRequest::new(&demo.modbus_addr.to_string())
    };
    let (found, end) = line_of(request).await;
    assert_eq!((end, found.units.iter().map(|u| u.unit).collect::<Vec<_>>()), (End::Done, vec![1, 10, 11]));
    let scene = demo.scenes.borrow().clone();
    for unit in &found.units {
        let units = scene.units.unit(unit.unit).unwrap();
        for area in ALL {
            let is_there = |address: u16| units.read(area, address, 1).is_ok();
            let found = readable(unit, area);
            for address in 0..320 {
                let said = found.iter().any(|(first, last)| (*first..=*last).contains(&address));
                assert_eq!(said, is_there(address), "unit {} {area:?} {address}", unit.unit);
            }
        }
    }

    let request = MqttRequest { listen: Span::from_secs(4), ..MqttRequest::new(&demo.mqtt_addr.to_string()) };
    let picture = scanned(Request::Mqtt(request.clone())).await;
    assert_eq!(picture.end, Some(End::Done));
    let topics = topics_of(&picture);
    let weather = &topics.topics["site/weather/state"];
    assert_eq!(weather.kind, Kind::Json);
    assert!(weather.fields.iter().any(|f| f.path == "$.wind.speed" && f.kind == Kind::Number), "{weather:?}");
    let (project, issues) = watchkeeper::project::file::read(snippet(&Request::Mqtt(request), &picture).as_bytes());
    assert!(issues.is_empty() && project.tags.len() > 10, "{issues:?}");
}

fn topics_of(picture: &Picture) -> &Topics {
    match &picture.found {
        Found::Mqtt(topics) => topics,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_is_not_there_is_told_why() {
    let nobody = free_address().to_string();
    let (_, end) = line_of(ModbusRequest::new(&nobody)).await;
    assert_eq!(end, End::Unreachable("connection refused".to_owned()));
    let picture = scanned(Request::Mqtt(MqttRequest::new(&nobody))).await;
    assert_eq!(picture.end, Some(End::Unreachable("connection refused".to_owned())));
}

/// What a window asks for runs behind the wire, and ends when it is told to, or when nobody looks any more.
#[tokio::test]
async fn a_scan_of_a_window_is_stopped_and_keeps_what_it_found() {
    let line = Line::start([(1, meter())], Manner::Silent, false).await;
    let link = scans::serve(&tokio::runtime::Handle::current(), system_clock());
    let units: Vec<u8> = (1..=247).collect();
    let mut scanning = link.begin(Request::Modbus(request(&line, &units))).unwrap();
    let answers = |scanning: &Scanning| {
        scanning.with(|picture| matches!(&picture.found, Found::Modbus(line) if line.units.len() == 1))
    };
    while !answers(&scanning) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(scanning.goes_on());
    scanning.stop();
    while scanning.with(|picture| picture.end.is_none()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(answers(&scanning) && !scanning.goes_on());
    assert_eq!(scanning.with(|picture| picture.end.clone()), Some(End::Stopped));
    while line.seen().open > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let second = link.begin(Request::Modbus(request(&line, &units))).unwrap();
    while line.seen().open == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(second);
    while line.seen().open > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The demo plant as a program of its own, with what it goes on to say, and its two addresses.
fn demo_program() -> (Running, impl Iterator<Item = String>, String, String) {
    let mut demo = Running::start(watchkeeper(&["demo", "--modbus", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"]));
    let mut lines = BufReader::new(demo.child().stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut address = |word: &str| {
        let line = lines.find(|line| line.contains(word)).unwrap();
        let found = line.split(|c: char| c.is_whitespace() || c == '/').find(|part| part.starts_with("127.0.0.1:"));
        found.unwrap().to_owned()
    };
    let (modbus, mqtt) = (address("modbus-tcp"), address("mqtt"));
    (demo, lines, modbus, mqtt)
}

#[test]
fn the_command_prints_tables_lines_and_a_project_that_reads_a_first_value() {
    let (_demo, _lines, modbus, mqtt) = demo_program();
    let asked = ["scan", "modbus", &modbus, "--units", "1,10", "--registers", "0-63", "--pause", "0ms"];
    let asked = [&asked[..], &["--timeout", "5s"]].concat();
    let (code, table, said) = ended(&asked);
    assert_eq!(code, 0, "{said}");
    assert!(table.starts_with("unit  what"), "{table}");
    assert!(table.contains("holding   0 to "), "{table}");
    assert!(said.contains("2 units answer of 2 asked"), "{said}");

    let (code, lines, _) = ended(&[&asked[..], &["--format", "jsonl"]].concat());
    let units: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, units.len(), &units[0]["unit"]), (0, 2, &Json::from(1)));
    assert!(units[0]["tables"][0]["readable"][0].is_array(), "{lines}");

    let folder = tempfile::tempdir().unwrap();
    let keep = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (code, project, _) = ended(&[&asked[..], &["--format", "toml"]].concat());
    let path = keep("line.toml", &project);
    assert_eq!((code, ended(&["check", &path]).0), (0, 0), "{project}");
    let (code, values, said) = ended(&["values", &path, "unit1.holding0", "--timeout", "20s", "--format", "csv"]);
    assert!(code == 0 && values.contains("unit1.holding0") && values.contains(",good"), "{values}{said}");

    let asked = ["scan", "mqtt", &mqtt, "--for", "3s"];
    let (code, table, said) = ended(&asked);
    assert!(code == 0 && table.contains("\n  $.wind.speed") && table.contains("site/weather/state"), "{table}{said}");
    let (code, project, _) = ended(&[&asked[..], &["--format", "toml"]].concat());
    assert_eq!((code, ended(&["check", &keep("broker.toml", &project)]).0), (0, 0), "{project}");
    let (code, lines, _) = ended(&[&asked[..], &["--topics", "site/weather/state", "--format", "jsonl"]].concat());
    let topics: Vec<Json> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((code, topics.len(), &topics[0]["topic"]), (0, 1, &Json::from("site/weather/state")), "{lines}");
    assert!(topics[0]["messages"].as_u64().unwrap() > 0 && topics[0]["fields"][0]["path"].is_string(), "{lines}");
}

#[test]
fn who_calls_it_wrongly_or_in_vain_is_told_so() {
    for arguments in [
        &["modbus", "192.168.1.300"][..],
        &["modbus", "host", "--units", "0-300"],
        &["modbus", "/dev/ttyS0", "--units", "0"],
        &["modbus", "host", "--baud", "9600"],
        &["modbus", "host", "--tables", "files"],
        &["modbus", "host", "--timeout", "0ms"],
        &["mqtt", "http://broker"],
        &["mqtt", "broker", "--topics", "a/#/b"],
        &["mqtt", "broker", "--password-secret", "site"],
        &["mqtt", "broker", "--ca", "ca.pem"],
        &["opc", "host"],
        &["modbus"],
    ] {
        let (code, out, said) = ended(&[&["scan"], arguments].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?} {said}");
        assert!(!said.is_empty());
    }
    let nobody = free_address().to_string();
    for arguments in [&["modbus", &nobody][..], &["mqtt", &nobody], &["modbus", "/dev/no-such-port"]] {
        let (code, out, said) = ended(&[&["scan"], arguments].concat());
        assert_eq!((code, out.as_str()), (3, ""), "{arguments:?} {said}");
        assert!(said.contains("not reached: "), "{said}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_and_prints_what_was_found() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let line = runtime.block_on(Line::start([(1, meter())], Manner::Silent, false));
    let mut scan = Running::start(watchkeeper(&["scan", "modbus", &line.addr.to_string(), "--format", "jsonl"]));
    // It listens for an interrupt before it asks anybody; when it asks the second unit, the first has answered.
    until("the second unit is asked", || (line.seen().functions.len() > 1).then_some(()));
    let id = scan.child().id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let mut said = String::new();
    scan.child().stderr.as_mut().unwrap().read_to_string(&mut said).unwrap();
    let mut out = String::new();
    scan.child().stdout.as_mut().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(scan.child().wait().unwrap().code(), Some(0), "{said}");
    assert!(said.contains("stopped; this is what was found before"), "{said}");
    let units: Vec<Json> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((units.len(), &units[0]["unit"]), (1, &Json::from(1)), "{out}");
}
