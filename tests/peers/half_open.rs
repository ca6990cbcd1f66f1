//! Peers that hang, their connections still open: nothing is refused, nothing closed, and nothing answered.

use super::modbus::plant::Plant as ModbusPlant;
use super::modbus::{Server, expected, project};
use super::mqtt::{Broker, live, tag};
use crate::support::free_address;
use std::time::Duration;
use tokio::time::Instant;
use watchkeeper::engine::{AlarmState, LinkState};

/// One poll and one second, and what a busy machine adds.
const RECOVERY: Duration = Duration::from_millis(100 + 1_000 + 4_000);

#[tokio::test]
async fn values_of_a_pymodbus_that_hangs_die_with_an_alarm_and_come_back_with_it() {
    let port = free_address().port();
    let server = Server::start("tcp", &port.to_string());
    let tags = server.tags.clone();
    let text = project("tcp", &format!("127.0.0.1:{port}"), &tags)
        .replace("retries = 1", "retries = 1\nno-answer = { on-delay = \"1s\", response = \"Look at it\" }");
    let mut plant = ModbusPlant::start(&text, move |plan, sample| {
        let tag = &tags[plan.name[1..].parse::<usize>().unwrap()];
        assert!(!sample.quality.is_good() || sample.value.as_ref() == Some(&expected(tag)), "{tag}: {sample:?}");
    });
    plant.until_within(Duration::from_secs(10), "values", |p| p.good("t0") > 2).await;
    server.signal("STOP");
    // A poll, and two tries of 500 ms each.
    let dead = Duration::from_millis(100 + 2 * 500 + 3_000);
    plant.until_shows(dead, "t0", "bad:no-communication: timeout after 500 ms").await;
    let good = plant.good("t0");
    // Connections can be made all the while: the system makes them, and nobody behind it answers.
    let end = Instant::now() + Duration::from_secs(20);
    while plant.alarm("pymodbus/no-answer") != AlarmState::Unacknowledged {
        assert!(Instant::now() < end, "no alarm: {:?}", plant.states);
        plant.watch(100).await;
    }
    plant.watch(5_000).await;
    assert_eq!(plant.good("t0"), good, "no good value while it hangs");
    assert!(plant.shows("t0").starts_with("bad:no-communication: "));
    server.signal("CONT");
    plant.until_within(RECOVERY, "recovery", |p| p.connected(0) && p.good("t0") > good).await;
    plant.watch(200).await;
    assert_eq!(plant.alarm("pymodbus/no-answer"), AlarmState::Returned);
    plant.stop().await;
}

#[tokio::test]
async fn values_of_a_mosquitto_that_hangs_die_with_an_alarm_and_come_back_with_it() {
    let broker = Broker::start("allow_anonymous true");
    let device = "keep-alive = \"2s\"\nno-answer = { on-delay = \"1s\", response = \"Look at it\" }";
    let mut plant = broker.plant(device, &tag("a", "a", ""));
    live(&broker, &mut plant, "a", "a").await;
    broker.signal("STOP");
    let began = Instant::now();
    plant.until("its death is seen", |p| matches!(p.link().state, LinkState::NoAnswer(_))).await;
    // One and a half times the keep-alive, as the project's documents say, and what a busy machine adds.
    assert!(began.elapsed() < Duration::from_secs(3 + 3), "{:?}", began.elapsed());
    assert_eq!(plant.tag("a"), "bad:no-communication: the broker does not answer");
    plant.until("the alarm", |p| p.alarm("site/no-answer") == AlarmState::Unacknowledged).await;
    plant.run_for(Duration::from_secs(10)).await;
    assert!(plant.tag("a").starts_with("bad:no-communication: "), "{}", plant.tag("a"));
    broker.signal("CONT");
    let began = Instant::now();
    plant.until("its return", |p| p.link().state == LinkState::Connected).await;
    assert!(began.elapsed() < RECOVERY, "{:?}", began.elapsed());
    plant.shows("a", "bad:waiting").await;
    live(&broker, &mut plant, "a", "a").await;
    assert_eq!(plant.alarm("site/no-answer"), AlarmState::Returned);
}
