//! Lines whose frames bear no transaction number.

use super::fault::Fault;
use super::line::Line;
use super::plant::Plant;
use super::registers::{is_its_address, line_device, tags};
use std::fmt::Write as _;
use std::time::Duration;
use watchkeeper::engine::Quality;

/// A unit of a line that polls every 20 ms and is patient for 60 ms, twice, where `settings` do not say otherwise.
fn unit(name: &str, line: &Line, settings: &str) -> String {
    line_device(name, line.addr, settings).replace("timeout = \"100ms\"", "timeout = \"60ms\"")
}

async fn one(fault: Fault, settings: &str, names: &str) -> (Line, Plant) {
    let line = Line::start(fault).await;
    let plant = Plant::start(&format!("{}{}", unit("plc", &line, settings), tags("plc", names)), is_its_address);
    (line, plant)
}

#[tokio::test]
async fn a_late_answer_never_becomes_another_registers_value() {
    // All requests look alike, so that nothing but what was asked before tells whose an answer is. A converter keeps what
    // is late over a new connection.
    let names = "h11 h22 h33 h44 h55 i11 i22 c0 c32";
    for (fault, settings) in [
        (Fault::LateNowAndThen(110), "retries = 3"),
        (Fault::LateNowAndThen(200), "retries = 0"),
        (Fault::Mixed, "retries = 2"),
        (Fault::Mixed, "retries = 20"),
    ] {
        let (line, mut plant) = one(fault, settings, names).await;
        // However slow the machine is: enough that many answers were late, and some came in time.
        let among_late = |p: &Plant| line.seen().len() > 12 && p.good.values().sum::<u32>() > 5;
        plant.until_within(Duration::from_mins(1), &format!("values under {fault:?}"), among_late).await;
        line.set(Fault::None);
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
    let (line, mut plant) = one(Fault::Hole(22, 2), "retries = 3", "h11 h22 h33").await;
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
    let line = Line::start(Fault::SilentUnit(2)).await;
    let mut project = String::new();
    for (name, id) in [("plc", 1), ("dead", 2), ("third", 3)] {
        write!(project, "{}{}", unit(name, &line, &format!("unit-id = {id}")), tags(name, "h7 h9")).unwrap();
    }
    let mut plant = Plant::start(&project, is_its_address);
    plant.until("one gone", |p| p.gone(1) == "timeout after 60 ms" && p.connected(0) && p.connected(2)).await;
    plant.watch(1_000).await;
    assert_eq!((line.connections(), plant.status[0].errors(), plant.status[2].errors()), (1, 0, 0));
    line.set(Fault::None);
    plant.until("recovery", |p| p.connected(1) && p.good("dead.h9") > 2).await;
    plant.stop().await;
}
