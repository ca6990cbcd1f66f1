//! Lines whose frames bear no transaction number.

use super::line::{Line, Wrong};
use super::plant::Plant;
use super::{each, is_its_address, tags};
use std::fmt::Write as _;
use std::time::Duration;
use watchkeeper::engine::{DeviceStatus, LinkState, Quality};

/// A unit of a line that polls every 20 ms and is patient for 60 ms, twice, where `settings` do not say otherwise.
fn unit(name: &str, line: &Line, settings: &str) -> String {
    super::device(name, line.addr, settings)
        .replace("\"modbus-tcp\"", "\"modbus-rtu-over-tcp\"")
        .replace("timeout = \"100ms\"", "timeout = \"60ms\"")
}

async fn one(wrong: Wrong, settings: &str, names: &str) -> (Line, Plant) {
    let line = Line::start(wrong).await;
    let plant = Plant::start(&format!("{}{}", unit("plc", &line, settings), tags("plc", names)), is_its_address);
    (line, plant)
}

#[tokio::test]
async fn what_stands_around_an_answer_costs_nothing() {
    let cases = vec![
        Wrong::Nothing,
        Wrong::Twice,
        Wrong::GarbageBefore,
        Wrong::GarbageAfter,
        Wrong::Echo,
        Wrong::AnotherBefore,
        Wrong::ByteByByte,
        Wrong::Late(15),
    ];
    each(cases, |wrong| async move {
        let (line, mut plant) = one(wrong, "", "h1 h100 h101 i5 i300 c3 c4 d8 d9").await;
        plant.until("values", |p| ["h1", "h101", "i5", "i300", "c4", "d9"].iter().all(|t| p.good(t) > 5)).await;
        assert_eq!(plant.states[0], [LinkState::Connecting, LinkState::Connected], "{wrong:?}");
        assert_eq!((plant.status[0].errors(), line.connections()), (0, 1), "{wrong:?} {:?}", plant.status[0]);
        plant.stop().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_no_answer_makes_the_unit_gone_until_it_answers_again() {
    let timeouts: fn(&DeviceStatus) -> u64 = |s| s.timeouts;
    let mismatches: fn(&DeviceStatus) -> u64 = |s| s.mismatches;
    let cases = vec![
        (Wrong::CheckSum, "reply with a wrong check sum", mismatches),
        (Wrong::Unit, "reply of unit 2 instead of 1", mismatches),
        (Wrong::Function, "reply of function 4 instead of 3", mismatches),
        (Wrong::Half, "timeout after 60 ms, incomplete reply: 6 of 13 bytes", timeouts),
        (Wrong::Silent, "timeout after 60 ms", timeouts),
        (Wrong::Late(300), "timeout after 60 ms", timeouts),
    ];
    each(cases, |(wrong, why, counter)| async move {
        let (line, mut plant) = one(Wrong::Nothing, "", "h0 h1 h2 h3").await;
        plant.until("good values", |p| p.good("h3") > 2).await;
        line.set(wrong);
        plant.until_within(Duration::from_secs(2), &format!("{wrong:?}"), |p| !p.gone(0).is_empty()).await;
        assert_eq!(plant.gone(0), why, "{wrong:?}");
        assert!(counter(&plant.status[0]) >= 2, "{wrong:?}: {:?}", plant.status[0]);
        let good = plant.good("h3");
        line.set(Wrong::Nothing);
        plant.until("recovery", |p| p.connected(0) && p.good("h3") > good + 2).await;
        plant.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_late_answer_never_becomes_another_registers_value() {
    // All requests look alike, so that nothing but what was asked before tells whose an answer is. A converter keeps what
    // is late over a new connection.
    let names = "h11 h22 h33 h44 h55 i11 i22 c0 c32";
    for (wrong, settings) in [
        (Wrong::LateNowAndThen(110), "retries = 3"),
        (Wrong::LateNowAndThen(200), "retries = 0"),
        (Wrong::Mixed, "retries = 2"),
        (Wrong::Mixed, "retries = 20"),
    ] {
        let (line, mut plant) = one(wrong, settings, names).await;
        // However slow the machine is: enough that many answers were late, and some came in time.
        let among_late = |p: &Plant| line.seen().len() > 12 && p.good.values().sum::<u32>() > 5;
        plant.until_within(Duration::from_mins(1), &format!("values under {wrong:?}"), among_late).await;
        line.set(Wrong::Nothing);
        let before: Vec<u32> = names.split(' ').map(|name| plant.good(name)).collect();
        plant
            .until_within(Duration::from_secs(8), "recovery", |p| {
                names.split(' ').zip(&before).all(|(name, before)| p.good(name) > before + 2)
            })
            .await;
        plant.stop().await;
    }
}

#[tokio::test]
async fn a_late_exception_marks_no_other_register() {
    let (line, mut plant) = one(Wrong::Hole(22), "retries = 3", "h11 h22 h33").await;
    plant.until("values", |p| p.good("h33") > 2 && p.quality("h22").is_some()).await;
    for tag in ["h11", "h33"] {
        assert_eq!(plant.quality(tag), Some(Quality::GOOD), "{tag}");
    }
    assert_eq!(plant.detail("h22"), "exception 2: illegal data address");
    assert!(plant.connected(0) && line.connections() == 1);
    plant.stop().await;
}

#[tokio::test]
async fn a_dead_unit_of_a_line_costs_the_others_no_connection() {
    let line = Line::start(Wrong::SilentUnit(2)).await;
    let mut project = String::new();
    for (name, id) in [("plc", 1), ("dead", 2), ("third", 3)] {
        write!(project, "{}{}", unit(name, &line, &format!("unit-id = {id}")), tags(name, "h7 h9")).unwrap();
    }
    let mut plant = Plant::start(&project, is_its_address);
    plant.until("one gone", |p| p.gone(1) == "timeout after 60 ms" && p.connected(0) && p.connected(2)).await;
    plant.watch(1_000).await;
    assert_eq!((line.connections(), plant.status[0].errors(), plant.status[2].errors()), (1, 0, 0));
    line.set(Wrong::Nothing);
    plant.until("recovery", |p| p.connected(1) && p.good("dead.h9") > 2).await;
    plant.stop().await;
}
