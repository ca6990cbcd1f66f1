//! A line that a plant polls is scanned through the plant's own connection, in the time that polls leave.

use super::plant::{Plant, clock};
use super::registers::{is_its_address, line_device, tags};
use super::scan_line::{Device, Line, Manner};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use watchkeeper::drivers::modbus::guest::Door;
use watchkeeper::drivers::scan::{End, Found, ModbusRequest, Picture, Request, run_through};
use watchkeeper::project::{Area, Protocol};
use watchkeeper::time::Span;

/// Units 1 and 9, whose registers hold their addresses, in frames of a serial line.
async fn line() -> Line {
    let device = || Device::default().with(Area::Holding, &[(0, 49)]);
    Line::start([(1, device()), (9, device())], Manner::Silent, true).await
}

fn request(line: &Line) -> ModbusRequest {
    ModbusRequest {
        protocol: Some(Protocol::ModbusRtuOverTcp),
        units: (1..=10).collect(),
        registers: (0, 99),
        tables: vec![Area::Holding],
        pause: Span::from_millis(5),
        timeout: Span::from_millis(40),
        ..ModbusRequest::new(&line.addr.to_string())
    }
}

fn begun(request: ModbusRequest, door: Door) -> (JoinHandle<()>, watch::Receiver<Picture>) {
    let (picture, seen) = watch::channel(Picture::default());
    let task =
        tokio::spawn(async move { run_through(&Request::Modbus(request), Some(door), &clock(), &picture).await });
    (task, seen)
}

fn units(picture: &Picture) -> Vec<u8> {
    let Found::Modbus(line) = &picture.found else { return Vec::new() };
    line.units.iter().map(|unit| unit.unit).collect()
}

fn polled(line: &Line, settings: &str) -> Plant {
    Plant::start(&format!("{}{}", line_device("plc", line.addr, settings), tags("plc", "h7")), is_its_address)
}

#[tokio::test]
async fn a_line_that_is_polled_is_scanned_through_its_one_connection_and_polls_keep_their_rhythm() {
    let line = line().await;
    let mut plant = polled(&line, "poll = \"200ms\"");
    plant.until("values", |p| p.good("h7") > 1).await;
    let request = request(&line);
    let door = plant.monitor.door(&request.transport().unwrap()).unwrap();
    let (before, began) = (plant.good("h7"), plant.now());
    let (task, seen) = begun(request.clone(), door.clone());
    plant.until_within(Duration::from_secs(20), "the scan", |_| task.is_finished()).await;
    let rounds = (plant.now().mono - began.mono).as_millis() as u32 / 200;
    let polls = plant.good("h7") - before;
    assert!(polls * 10 >= rounds * 8, "{polls} polls in {rounds} rounds");
    {
        let picture = seen.borrow();
        assert_eq!((picture.end.as_ref(), units(&picture)), (Some(&End::Done), vec![1, 9]));
        let Found::Modbus(found) = &picture.found else { panic!("{picture:?}") };
        for unit in &found.units {
            assert_eq!(unit.tables[0].readable, [(0, 49)], "{unit:?}");
        }
    }
    let (told, connections) = (&plant.status[0], line.seen().connections);
    assert_eq!((connections, told.timeouts, told.reconnects), (1, 0, 0), "silent units are none of the plant's");
    assert!(plant.connected(0));

    // One that is given up leaves nothing behind, and one whose plant ends says so.
    let (task, _seen) = begun(request.clone(), door.clone());
    plant.watch(100).await;
    task.abort();
    let good = plant.good("h7");
    plant.until("polls go on", |p| p.good("h7") > good + 2).await;
    plant.stop().await;
    let (task, seen) = begun(request, door);
    task.await.unwrap();
    let why = seen.borrow().end.clone().unwrap();
    assert!(matches!(&why, End::Lost(why) if why.starts_with("the plant that polls this line has ended")), "{why:?}");
}

#[tokio::test]
async fn where_answers_of_any_unit_are_taken_no_other_unit_is_asked() {
    let line = line().await;
    let mut plant = polled(&line, "poll = \"100ms\"\nignore-unit-mismatch = true");
    plant.until("values", |p| p.good("h7") > 1).await;
    let request = request(&line);
    let door = plant.monitor.door(&request.transport().unwrap()).unwrap();
    let (task, seen) = begun(request, door);
    plant.until_within(Duration::from_secs(20), "the scan", |_| task.is_finished()).await;
    assert_eq!(units(&seen.borrow()), [1], "a late answer of another could be taken for that of a poll");
    plant.stop().await;
}
