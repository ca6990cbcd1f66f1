//! Quirks of real devices, each against a server that has it: with the key of the project that is there for it, and what happens
//! without.

use super::fault::Fault;
use super::hostile::Hostile;
use super::plant::Plant;
use super::{each, one};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use watchkeeper::engine::LinkState;

/// No error was counted, and the link has never been down.
fn is_well(plant: &Plant, what: &str) {
    assert_eq!(plant.states[0], [LinkState::Connecting, LinkState::Connected], "{what}");
    assert_eq!(plant.status[0].errors(), 0, "{what}: {:?}", plant.status[0]);
}

async fn well(fault: Fault, settings: &str, names: &str) -> (Hostile, Plant) {
    let (server, mut plant) = one(fault, settings, names).await;
    plant.until(settings, |p| names.split(' ').all(|name| p.good(name) > 3)).await;
    plant.until("figures", |p| p.status[0].answers > 3).await;
    is_well(&plant, settings);
    (server, plant)
}

#[tokio::test]
async fn a_small_maximum_is_kept_to_where_it_is_written() {
    let (server, plant) = well(Fault::AtMost(4), "max-registers = 4", "h0 h1 h2 h3 h4 h5 h6 h7 h8 h9").await;
    assert!(server.seen().iter().all(|seen| seen.count <= 4));
    plant.stop().await;
}

#[tokio::test]
async fn a_small_maximum_that_is_not_written_is_found_and_remembered() {
    let names = "h0 h1 h2 h3 h4 h5 h6 h7 h8 h9";
    let (server, mut plant) = one(Fault::AtMost(4), "", names).await;
    plant.until("values", |p| names.split(' ').all(|name| p.good(name) > 3)).await;
    plant.until("figures", |p| p.status[0].exceptions > 0).await;
    // Ten, and its two halves.
    assert_eq!(plant.status[0].exceptions_with(3), 3, "{:?}", plant.status[0]);
    assert_eq!(plant.status[0].last_error.as_deref(), Some("exception 3: illegal data value (holding 5 to 9)"));
    server.forget();
    plant.watch(300).await;
    assert!(!server.seen().is_empty() && server.seen().iter().all(|seen| seen.count <= 4));
    plant.stop().await;
}

#[tokio::test]
async fn a_device_that_answers_for_one_field_alone_is_asked_for_one_at_a_time() {
    let (server, plant) = well(Fault::OneByOne, "one-request-per-tag = true", "h0 h1 h2 i7").await;
    assert!(server.seen().iter().all(|seen| seen.count == 1));
    plant.stop().await;
    // Without the key that is found out with an exception for each block that has to be parted.
    let (_server, mut plant) = one(Fault::OneByOne, "", "h0 h1 h2").await;
    plant.until("values", |p| ["h0", "h1", "h2"].iter().all(|name| p.good(name) > 3)).await;
    plant.until("figures", |p| p.status[0].exceptions_with(2) == 2).await;
    plant.stop().await;
}

#[tokio::test]
async fn a_device_that_is_deaf_at_first_gets_its_pause() {
    let (_server, plant) = well(Fault::DeafAfterConnect(150), "pause-after-connect = \"300ms\"", "h0 h100").await;
    plant.stop().await;
    let (_server, mut plant) = one(Fault::DeafAfterConnect(150), "", "h0").await;
    plant.until("timeouts", |p| p.status[0].timeouts > 1).await;
    assert_eq!(plant.shows("h0"), "bad:no-communication: timeout after 100 ms");
    plant.stop().await;
}

#[tokio::test]
async fn a_device_that_is_deaf_after_each_answer_gets_its_pause() {
    let (_server, plant) = well(Fault::DeafAfterAnswer(30), "pause-between-requests = \"60ms\"", "h0 h100 i5").await;
    plant.stop().await;
    let (_server, mut plant) = one(Fault::DeafAfterAnswer(30), "", "h0 h100 i5").await;
    plant.until("timeouts", |p| p.status[0].timeouts > 1).await;
    plant.stop().await;
}

#[tokio::test]
async fn a_device_that_tires_of_a_connection_gets_a_new_one_for_each_poll() {
    let (server, plant) = well(Fault::Tires(2), "close-after-poll = true", "h0 h100").await;
    assert!(server.connections() > 2);
    assert_eq!(plant.status[0].reconnects, 0, "they are ours");
    plant.stop().await;
    let (_server, mut plant) = one(Fault::Tires(2), "", "h0 h100").await;
    plant.until("timeouts", |p| p.status[0].timeouts > 1).await;
    plant.stop().await;
}

#[tokio::test]
async fn a_connection_that_was_closed_for_being_idle_is_made_anew_in_silence() {
    let (_server, mut plant) = one(Fault::CloseIdle(40), "poll = \"150ms\"\ntimeout = \"3s\"", "h0").await;
    plant.until("values", |p| p.good("h0") > 5 && p.status[0].reconnects > 3).await;
    is_well(&plant, "a close between two polls is no error");
    assert_eq!(plant.status[0].last_error, None);
    plant.stop().await;
}

#[tokio::test]
async fn a_device_that_evicts_its_oldest_connection_is_read_beside_another_client() {
    let (server, mut plant) = one(Fault::Evicts(1), "timeout = \"3s\"", "h0 h100").await;
    plant.until("values", |p| p.good("h100") > 3).await;
    let address = server.addr;
    // Another control room, which comes back just as stubbornly.
    let rival = tokio::spawn(async move {
        let mut answers = 0;
        while answers < 10 {
            let Ok(mut socket) = TcpStream::connect(address).await else { continue };
            let asked = socket.write_all(&[0, 9, 0, 0, 0, 6, 1, 3, 0, 7, 0, 1]).await;
            let mut answer = [0; 11];
            let heard = asked.is_ok() && socket.read_exact(&mut answer).await.is_ok();
            answers += u32::from(heard && answer[9..] == [0, 7]);
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    });
    let good = plant.good("h100");
    plant.until("values beside the rival", |p| p.good("h100") > good + 20).await;
    plant.until("it is counted", |p| p.status[0].reconnects > 1).await;
    assert!(plant.states[0].iter().all(|state| !matches!(state, LinkState::NoAnswer(_))), "{:?}", plant.states[0]);
    rival.await.unwrap();
    plant.stop().await;
}

#[tokio::test]
async fn a_gap_that_corrupts_the_next_answer_is_not_read_unless_the_project_says_so() {
    let (_server, plant) = well(Fault::CorruptsNext(5), "", "h0 h1 h10 h11").await;
    plant.stop().await;
    let (_server, mut plant) = one(Fault::CorruptsNext(5), "max-gap = 20", "h0 h1 h10 h11").await;
    plant.until("mismatches", |p| p.status[0].mismatches > 1).await;
    plant.until_shows(Duration::from_secs(5), "h0", "bad:no-communication: reply of 28 data bytes instead of 24").await;
    plant.stop().await;
}

#[tokio::test]
async fn wrong_echoes_are_taken_where_the_project_says_so() {
    let cases = vec![
        (Fault::WrongUnit, "ignore-unit-mismatch = true"),
        (Fault::WrongTransaction, "ignore-transaction-mismatch = true"),
    ];
    each(cases, |(fault, settings)| async move {
        let (server, plant) = well(fault, settings, "h0 h100").await;
        assert_eq!((server.connections(), plant.status[0].reconnects), (1, 0), "{settings}");
        plant.stop().await;
    })
    .await;
}

#[tokio::test]
async fn pauses_are_as_long_as_the_project_says() {
    let cases = vec!["close-after-poll = true", "pause-between-requests = \"50ms\"", "pause-after-connect = \"80ms\""];
    each(cases, |settings| async move {
        let start = tokio::time::Instant::now();
        let (server, plant) = well(Fault::None, settings, "h0 h100").await;
        let seen = server.seen();
        let shortest = seen.windows(2).map(|w| w[1].at - w[0].at).min().unwrap();
        let expected = if settings.starts_with("close") { 3..100 } else { 1..2 };
        assert!(expected.contains(&server.connections()), "{settings}: {} connections", server.connections());
        assert_eq!(plant.status[0].reconnects, 0, "{settings}");
        if settings.starts_with("pause-between") {
            assert!(shortest >= Duration::from_millis(48), "{shortest:?}");
        }
        if settings.starts_with("pause-after") {
            assert!(seen[0].at - start >= Duration::from_millis(78));
        }
        plant.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_busy_device_is_asked_again_before_its_values_are_marked() {
    let (server, mut plant) = one(Fault::None, "", "h0").await;
    plant.until("values", |p| p.good("h0") > 2).await;
    server.set(Fault::Busy(1));
    let good = plant.good("h0");
    plant.until("values", |p| p.good("h0") > good + 3).await;
    plant.until("figures", |p| p.status[0].exceptions == 1).await;
    assert_eq!(plant.shows("h0"), "0 good");
    assert_eq!(plant.states[0], [LinkState::Connecting, LinkState::Connected]);
    plant.stop().await;
}
