//! What the program tells of its devices: metrics for Prometheus, figures as tags, from value to frame, and the trace.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::{Modbus, Running, ended, free_address, project, until, watchkeeper};

/// Sends `request` and reads to the end; empty where the other side only hung up.
fn ask(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // It may have heard enough before all of it went.
    let _heard_enough = stream.write_all(request);
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

fn status(answer: &str) -> &str {
    answer.lines().next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default()
}

const GET: &[u8] = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";

fn run_with_metrics(plant: &Path) -> (SocketAddr, Running) {
    let address = free_address();
    let mut command = watchkeeper(&["run"]);
    command.arg(plant).args(["--metrics", &address.to_string()]);
    let running = Running::start(command);
    until("the metrics' port", || TcpStream::connect(address).ok());
    (address, running)
}

#[test]
fn metrics_tell_devices_and_alarms_to_a_plain_http_client() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let (address, running) = run_with_metrics(&project(folder.path(), modbus.address));
    let page = until("the alarm", || {
        let page = ask(address, GET);
        page.contains("watchkeeper_alarms{state=\"unacknowledged\",priority=\"critical\"} 1\n").then_some(page)
    });
    let (head, body) = page.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("Content-Type: text/plain; version=0.0.4"), "{head}");
    let length: usize = head.lines().find_map(|l| l.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
    assert_eq!(length, body.len());
    for line in ["watchkeeper_device_connected{device=\"plc1\"} 1", "watchkeeper_tags{quality=\"good\"} 2"] {
        assert!(body.lines().any(|l| l == line), "{line}: {body}");
    }
    let requests = |page: &str| {
        let line = page.lines().find(|l| l.starts_with("watchkeeper_device_requests_total")).unwrap();
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let before = requests(&page);
    until("newer figures", || (requests(&ask(address, GET)) > before).then_some(()));
    let answer = ask(address, b"HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(status(&answer) == "200" && answer.ends_with("\r\n\r\n"), "{answer}");
    let (code, out, error) = running.terminate();
    assert_eq!((code, out.as_str()), (0, ""), "{error}");
}

#[test]
fn callers_that_misbehave_are_told_so_and_are_soon_gone() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let (address, running) = run_with_metrics(&project(folder.path(), modbus.address));
    let huge = [&b"GET /metrics HTTP/1.1\r\nX: "[..], &vec![b'x'; 300_000]].concat();
    for (request, code) in [
        (&b"GET / HTTP/1.1\r\n\r\n"[..], "404"),
        (b"GET /metrics/ HTTP/1.1\r\n\r\n", "404"),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "405"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "400"),
        (b"\xff\xfe\r\n\r\n", "400"),
        (&huge, "431"),
    ] {
        let answer = ask(address, request);
        assert_eq!(status(&answer), code, "{}: {answer}", request[..request.len().min(40)].escape_ascii());
    }
    // Sixteen that say nothing hold every place; who comes then is told, and none of them stays.
    let slow: Vec<TcpStream> = (0..16)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET /met").unwrap();
            stream
        })
        .collect();
    until("a full house", || (status(&ask(address, GET)) == "503").then_some(()));
    until("room again", || (status(&ask(address, GET)) == "200").then_some(()));
    // One or two may have found the house full already: a caller before them was still being heard out.
    let told_slow = slow.into_iter().filter_map(|mut stream| {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        (status(&answer) == "408").then_some(())
    });
    assert!(told_slow.count() >= 12);
    let (code, _, error) = running.terminate();
    assert_eq!(code, 0, "{error}");
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_recorded() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), "127.0.0.1:1".parse().unwrap());
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, error) = ended(&["run", plant.to_str().unwrap(), "--metrics", &address]);
    assert_eq!(code, 3);
    assert!(error.contains(&format!("--metrics {address}: ")), "{error}");
    let (code, ..) = ended(&["run", plant.to_str().unwrap(), "--metrics", "everywhere"]);
    assert_eq!(code, 2);
}

/// The plant of the other tests, with a register more that the device does not have.
fn with_a_gap(folder: &Path, modbus: SocketAddr) -> PathBuf {
    let path = project(folder, modbus);
    let text = std::fs::read_to_string(&path).unwrap();
    let gap = "\n[[tag]]\nname = \"gone\"\ndevice = \"plc1\"\nregister = \"holding:40\"\ntype = \"u16\"\n\
               [[tag]]\nname = \"slow\"\nformula = \"device.plc1.round_trip_p99 > 1000 or not device.plc1.connected\"\n";
    std::fs::write(&path, format!("{text}{gap}")).unwrap();
    path
}

#[test]
fn explain_tells_the_way_from_the_bytes_to_the_value() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[0x0123]);
    let folder = tempfile::tempdir().unwrap();
    let plant = with_a_gap(folder.path(), modbus.address);
    let plant = plant.to_str().unwrap();
    let (code, out, error) = ended(&["explain", plant, "tank1.level"]);
    assert_eq!(code, 0, "{out}{error}");
    let squeezed: Vec<String> = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "tank1.level 145.5 % uncertain:out-of-range",
        "plc1, holding:0 (Modicon 40001), u16",
        "registers holding 0: 0123",
        "raw as u16: 291",
        "scale raw × 0.5 + 0",
        "quality uncertain:out-of-range (range 0 to 100)",
        "value 145.5 %",
        "> function 03 3: read holding registers",
        "> first address 0000 0",
        "<* data 0123 of this tag",
    ] {
        assert!(squeezed.iter().any(|l| l == line), "{line}\n{out}");
    }
    let (code, out, _) = ended(&["explain", plant, "gone", "--for", "1s"]);
    assert_eq!(code, 3, "{out}");
    assert!(out.contains("LAST EXCEPTION") && out.contains("exception 2: illegal data address"), "{out}");
    let rows = out.split("BEFORE, NEWEST FIRST\n").nth(1).unwrap().split("\n\n").next().unwrap();
    assert_eq!(rows.lines().count(), 9, "the last ten: {out}");
    let (code, out, _) = ended(&["explain", plant, "slow"]);
    assert!(code == 0 && out.contains("device.plc1.round_trip_p99 = "), "{out}");
    let (code, out, error) = ended(&["explain", plant, "no.such"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.contains("the project has no tag \"no.such\""), "{error}");
}

#[test]
fn explain_says_so_where_nothing_answers() {
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), free_address());
    let (code, out, error) = ended(&["explain", plant.to_str().unwrap(), "tank1.level", "--timeout", "1s"]);
    assert_eq!(code, 3, "{error}");
    assert!(out.contains("no answer: connection refused") && out.contains("nothing was asked for it yet"), "{out}");
}

#[test]
fn figures_of_a_device_are_tags_where_the_project_names_them() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = with_a_gap(folder.path(), modbus.address);
    let plant = plant.to_str().unwrap();
    let (code, out, error) =
        ended(&["values", plant, "slow", "device.PLC1.connected", "--for", "3s", "--format", "csv"]);
    assert_eq!(code, 0, "{error}");
    let last =
        |tag: &str| out.lines().rev().find(|l| l.starts_with(tag)).unwrap().split(',').nth(2).unwrap().to_owned();
    assert_eq!((last("device.plc1.connected"), last("slow")), ("true".to_owned(), "false".to_owned()), "{out}");
    let (code, _, error) = ended(&["values", plant, "device.plc1.timeouts"]);
    assert_eq!(code, 2, "a figure that nothing names is no tag: {error}");
}

/// Payloads of a capture file with the port they were sent to, in order.
fn payloads(path: &Path) -> Vec<(u16, Vec<u8>)> {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes[..4], 0x0A0D_0D0A_u32.to_le_bytes());
    let mut rest = &bytes[..];
    let mut found = Vec::new();
    while !rest.is_empty() {
        let word = |at: usize| u32::from_le_bytes(rest[at..at + 4].try_into().unwrap()) as usize;
        let (kind, block) = (word(0), word(4));
        if kind == 6 {
            let frame = &rest[28..28 + word(20)];
            found.push((u16::from_be_bytes([frame[36], frame[37]]), frame[54..].to_vec()));
        }
        rest = &rest[block..];
    }
    found
}

#[test]
fn a_trace_holds_every_byte_of_the_wire_and_nothing_of_the_project() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[7]);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let trace = folder.path().join("wire.pcap");
    let plant = plant.to_str().unwrap();
    let (code, _, error) = ended(&["explain", plant, "tank1.level", "--for", "1s", "--trace", trace.to_str().unwrap()]);
    assert_eq!(code, 0, "{error}");
    let payloads = payloads(&trace);
    let (opening, after) = payloads.split_at(3);
    assert!(opening.iter().all(|(_, bytes)| bytes.is_empty()), "a connection opens in three packets");
    let sent: Vec<_> = after.iter().filter(|(port, b)| *port == modbus.address.port() && !b.is_empty()).collect();
    assert!(sent.len() > 5 && sent.iter().all(|(_, b)| b[2..8] == [0, 0, 0, 6, 1, 3]), "{sent:?}");
    let received = after.iter().find(|(port, b)| *port != modbus.address.port() && !b.is_empty()).unwrap();
    assert_eq!(received.1[9..11], [0, 7]);

    let (code, _, error) = ended(&["run", plant, "--for", "1s", "--silent", "--trace", trace.to_str().unwrap()]);
    assert!(code == 0 && std::fs::metadata(&trace).unwrap().len() > 1_000, "{error}");
    let (code, _, error) = ended(&["run", plant, "--trace", plant]);
    assert!(code == 2 && error.contains("names the project itself"), "{error}");
}
