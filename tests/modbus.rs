//! The Modbus driver over real sockets, against a server that misbehaves by name and against a well-behaved one.
//!
//! Every register of the hostile servers holds its own address, and every good sample of every test is checked to be it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "modbus/bench.rs"]
mod bench;
#[path = "modbus/fault.rs"]
mod fault;
#[path = "modbus/good.rs"]
mod good;
#[path = "modbus/guests.rs"]
mod guests;
#[path = "modbus/hostile.rs"]
mod hostile;
#[path = "modbus/line.rs"]
mod line;
#[path = "modbus/mixed.rs"]
mod mixed;
#[path = "modbus/named.rs"]
mod named;
#[path = "modbus/plant.rs"]
mod plant;
#[path = "modbus/quirks.rs"]
mod quirks;
#[path = "modbus/registers.rs"]
mod registers;
#[path = "modbus/rtu.rs"]
mod rtu;
#[path = "scan/line.rs"]
mod scan_line;

use fault::Fault;
use hostile::Hostile;
use plant::Plant;
use registers::{device, is_its_address, tags};
use std::time::Duration;
use tokio::task::JoinSet;
use watchkeeper::drivers::monitor::Outcome;
use watchkeeper::engine::{DeviceId, LinkState, Quality, Value};
use watchkeeper::project::Area;
use watchkeeper::time::Span;

async fn one(fault: Fault, settings: &str, names: &str) -> (Hostile, Plant) {
    let server = Hostile::start(fault).await;
    let plant =
        Plant::start(&format!("{}{}", device("plc", server.addr, settings), tags("plc", names)), is_its_address);
    (server, plant)
}

/// Runs the cases of a table beside each other: most of them wait.
async fn each<C: Send + 'static, F: Future<Output = ()> + Send + 'static>(cases: Vec<C>, test: impl Fn(C) -> F) {
    let mut running: JoinSet<()> = cases.into_iter().map(test).collect();
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test]
async fn a_late_reply_is_never_taken_for_the_answer_to_a_later_request() {
    // Two blocks in turn, so that a reply that came to the wrong one would be another address.
    let (_server, mut plant) = one(Fault::LateNowAndThen(160), "retries = 3", "h0 h50 h100").await;
    plant.until("values", |p| p.status[0].timeouts > 3 && p.good("h100") > 1).await;
    plant.stop().await;
}

#[tokio::test]
async fn seconds_of_mixed_faults_give_no_value_that_is_another_registers() {
    let seen = mixed::run(Duration::from_secs(6), mixed::seed()).await;
    assert!(seen.good > 200 && seen.errors > 10 && seen.reconnects > 2);
}

#[tokio::test]
async fn random_replies_never_end_the_driver_and_never_give_a_value_of_another_shape() {
    let server = Hostile::start(Fault::Random).await;
    let project = format!("{}{}", device("plc", server.addr, "retries = 10"), tags("plc", "h0 c0 i9"));
    let mut plant = Plant::start(&project, |tag, sample| match &sample.value {
        Some(Value::U64(v)) => assert!(*v <= 0xFFFF && !tag.name.starts_with('c')),
        Some(Value::Bool(_)) => assert!(tag.name.starts_with('c')),
        Some(other) => panic!("{other:?} from a register"),
        None => {}
    });
    plant.watch(1_500).await;
    server.set(Fault::None);
    plant.until("recovery", |p| p.connected(0) && p.good("i9") > 3 && p.good("h0") > 3).await;
    plant.stop().await;
}

#[tokio::test]
async fn an_exception_marks_its_tags_and_keeps_the_link() {
    let codes = vec![
        (1, "exception 1: illegal function"),
        (2, "exception 2: illegal data address"),
        (3, "exception 3: illegal data value"),
        (4, "exception 4: server device failure"),
        (8, "exception 8: memory parity error"),
        (6, "exception 6: server device busy"),
        (99, "exception 99: not in the standard"),
    ];
    each(codes, |(code, words)| async move {
        let (server, mut plant) = one(Fault::Exception(code), "", "h0 h1").await;
        plant.until("bad values", |p| p.quality("h0").is_some() && p.quality("h1").is_some()).await;
        assert_eq!((plant.quality("h0"), plant.detail("h0")), (Some(Quality::DEVICE_FAULT), words));
        assert!(plant.connected(0), "an exception is an answer");
        server.set(Fault::None);
        plant.until("recovery", |p| p.good("h0") > 2 && p.good("h1") > 2).await;
        assert_eq!(server.connections(), 1);
        plant.until("figures", |p| p.status[0].exceptions > 0).await;
        assert_eq!(plant.status[0].exceptions_with(code), plant.status[0].exceptions, "all of one code");
        let (_, kept) = plant.monitor.device(DeviceId(0)).exchanges().last_exception(Area::Holding, 0, 1).unwrap();
        assert_eq!((kept.outcome, kept.received.last()), (Outcome::Exception(code), Some(&code)));
        assert!(plant.status[0].last_error.as_deref().unwrap().starts_with(words));
        plant.stop().await;
    })
    .await;
}

#[tokio::test]
async fn one_bad_register_marks_its_own_tag_alone() {
    let (server, mut plant) = one(Fault::Hole(3, 2), "", "h0 h1 h2 h3 h4 h5 h6 h7").await;
    plant.until("values", |p| p.good("h7") > 2 && p.quality("h3").is_some()).await;
    assert_eq!(
        (plant.quality("h3"), plant.detail("h3")),
        (Some(Quality::DEVICE_FAULT), "exception 2: illegal data address")
    );
    for tag in ["h0", "h1", "h2", "h4", "h5", "h6", "h7"] {
        assert_eq!(plant.quality(tag), Some(Quality::GOOD), "{tag}");
    }
    assert_eq!((plant.good("h3"), plant.connected(0), server.connections()), (0, true, 1));
    // What was found is remembered: from now on only the register itself is refused.
    server.forget();
    plant.watch(200).await;
    assert!(server.seen().iter().all(|r| !(r.start..r.start + r.count).contains(&3) || r.count == 1));
    plant.stop().await;
}

#[tokio::test]
async fn a_hole_in_a_bridged_gap_costs_no_tag() {
    let (_server, mut plant) = one(Fault::Hole(5, 2), "max-gap = 20", "h0 h1 h10 h11").await;
    plant.until("values", |p| ["h0", "h1", "h10", "h11"].iter().all(|t| p.good(t) > 2)).await;
    assert_eq!(plant.tags.values().filter(|s| !s.quality.is_good()).count(), 0);
    plant.until("figures", |p| p.status[0].exceptions == 1).await;
    plant.stop().await;
}

#[tokio::test]
async fn a_device_that_closes_after_each_answer_is_read_all_the_same() {
    let (server, mut plant) = one(Fault::CloseAfter, "", "h0 h100").await;
    plant.until("values", |p| p.good("h100") > 5).await;
    assert_eq!(plant.states[0], [LinkState::Connecting, LinkState::Connected]);
    assert!(server.connections() > 5);
    plant.stop().await;
}

#[tokio::test]
async fn a_refused_connection_is_told_soon_and_taken_up_again() {
    let server = Hostile::start(Fault::None).await;
    let addr = server.stop().await;
    let mut plant = Plant::start(&format!("{}{}", device("plc", addr, ""), tags("plc", "h0")), is_its_address);
    let took = plant.until_within(Duration::from_secs(1), "no answer", |p| p.gone(0) == "connection refused").await;
    assert!(took < Duration::from_millis(500), "{took:?}");
    assert!(plant.states[0][0] == LinkState::Connecting && plant.tags.is_empty());
    let server = Hostile::start_at(addr, Fault::None).await;
    plant.until("values", |p| p.connected(0) && p.good("h0") > 2).await;
    // It dies once more, with its connections.
    server.stop().await;
    let took = plant.until_within(Duration::from_secs(1), "no answer", |p| !p.gone(0).is_empty()).await;
    assert!(took < Duration::from_millis(500), "{took:?}");
    let _server = Hostile::start_at(addr, Fault::None).await;
    let good = plant.good("h0");
    plant.until("values", |p| p.connected(0) && p.good("h0") > good + 2).await;
    plant.stop().await;
}

#[tokio::test]
async fn a_host_that_has_no_name_is_told_and_asked_for_again_at_leisure() {
    let settings = "[[device]]\nname = \"plc\"\nprotocol = \"modbus-tcp\"\naddress = \"no-such-host.invalid\"\n\
                    poll = \"20ms\"\ntimeout = \"5s\"\nretries = 0\n";
    let mut plant = Plant::start(&format!("{settings}{}", tags("plc", "h0")), is_its_address);
    let told = |p: &Plant| p.gone(0).starts_with("host name \"no-such-host.invalid\" not found: ");
    plant.until("no answer", told).await;
    assert!(plant.tags.is_empty(), "the link tells for all its tags");
    // Asked for over and over, and told once.
    plant.watch(1_500).await;
    assert_eq!(plant.states[0].len(), 2, "{:?}", plant.states[0]);
    plant.stop().await;
}

#[tokio::test]
async fn a_dead_unit_is_gone_alone_and_the_others_keep_their_rhythm() {
    let server = Hostile::start(Fault::SilentUnit(2)).await;
    let project = format!(
        "{}{}{}{}",
        device("plc", server.addr, "unit-id = 1"),
        device("dead", server.addr, "unit-id = 2"),
        tags("plc", "h0"),
        tags("dead", "h0")
    );
    let mut plant = Plant::start(&project, is_its_address);
    plant.until("one gone", |p| p.gone(1) == "timeout after 100 ms" && p.connected(0)).await;
    let good = plant.good("h0");
    plant.watch(2_000).await;
    // 100 polls would be all of them; each probe of the dead unit (three or so) costs five.
    let polls = plant.good("h0") - good;
    assert!((70..=101).contains(&polls), "{polls} polls in 2 s");
    assert!(plant.states[0].iter().all(|s| !matches!(s, LinkState::NoAnswer(_))));
    server.set(Fault::None);
    plant.until("recovery", |p| p.connected(1) && p.good("dead.h0") > 2).await;
    plant.stop().await;
}

#[tokio::test]
async fn a_gateway_that_speaks_for_a_silent_target_keeps_its_connection() {
    let server = Hostile::start(Fault::GatewayUnit(2)).await;
    let project = format!(
        "{}{}{}{}",
        device("plc", server.addr, "unit-id = 1"),
        device("dead", server.addr, "unit-id = 2"),
        tags("plc", "h0"),
        tags("dead", "h0")
    );
    let mut plant = Plant::start(&project, is_its_address);
    plant.until("one gone", |p| p.gone(1) == "gateway: target did not respond" && p.good("h0") > 5).await;
    plant.watch(300).await;
    assert_eq!(server.connections(), 1);
    assert!(plant.connected(0));
    server.set(Fault::None);
    plant.until("recovery", |p| p.connected(1) && p.good("dead.h0") > 2).await;
    plant.stop().await;
}

#[tokio::test]
async fn without_a_connection_all_units_behind_it_are_gone() {
    let server = Hostile::start(Fault::None).await;
    let addr = server.stop().await;
    let project = format!(
        "{}{}{}",
        device("plc", addr, "unit-id = 1"),
        device("b", addr, "unit-id = 2\nretries = 2"),
        tags("plc", "h0")
    );
    let mut plant = Plant::start(&format!("{project}{}", tags("b", "h0")), is_its_address);
    plant.until("all gone", |p| p.gone(0) == "connection refused" && p.gone(1) == "connection refused").await;
    plant.stop().await;
}

#[tokio::test]
async fn a_block_that_a_device_ignores_costs_its_own_tags_alone() {
    let (server, mut plant) = one(Fault::Ignored(100), "", "h0 h100 h200").await;
    plant.until("the others", |p| p.quality("h100").is_some() && p.good("h0") > 5 && p.good("h200") > 5).await;
    assert_eq!(
        (plant.quality("h100"), plant.detail("h100")),
        (Some(Quality::NO_COMMUNICATION), "timeout after 100 ms")
    );
    let states = plant.states[0].len();
    plant.watch(1_000).await;
    assert!(plant.connected(0) && plant.states[0].len() == states, "no flapping: {:?}", plant.states[0]);
    server.set(Fault::None);
    plant.until("recovery", |p| p.good("h100") > 2).await;
    plant.stop().await;
}

#[tokio::test]
async fn polls_keep_to_their_grid_and_do_not_burst_after_a_stall() {
    let (server, mut plant) = one(Fault::Late(60), "poll = \"100ms\"\ntimeout = \"1s\"", "h0").await;
    plant.until("values", |p| p.good("h0") > 1).await;
    server.forget();
    plant.watch(1_500).await;
    // Waiting 100 ms after each answer would give nine.
    let polls = server.seen().len();
    assert!((13..=16).contains(&polls), "{polls} polls of 100 ms, each answered after 60 ms, in 1.5 s");
    server.set(Fault::Late(750));
    plant.watch(150).await;
    server.set(Fault::None);
    let good = plant.good("h0");
    plant.until("the end of the stall", |p| p.good("h0") > good).await;
    server.forget();
    plant.watch(500).await;
    let polls = server.seen().len();
    assert!((3..=6).contains(&polls), "{polls} polls in the 500 ms after a stall of seven");
    assert_eq!(plant.status[0].timeouts, 0);
    plant.stop().await;
}

#[tokio::test]
async fn registers_of_many_tags_come_in_one_request() {
    let (server, mut plant) = one(Fault::None, "max-gap = 2", "h0 h1 h4 h5 i0 c0 c1").await;
    plant.until("values", |p| p.good("c1") > 2).await;
    let round: Vec<_> = server.seen().iter().take(3).map(|r| (r.start, r.count)).collect();
    assert_eq!(round, [(0, 2), (0, 1), (0, 6)]);
    plant.stop().await;
}

#[tokio::test]
async fn the_longest_reads_of_every_table_come_whole() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(good::serve(listener));
    let names: String = (0..300)
        .flat_map(|i| [format!("h{i} "), format!("i{i} "), format!("c{}", i * 9), format!(" d{} ", i * 9)])
        .collect();
    let project = format!("{}{}", device("plc", addr, "max-gap = 8\ntimeout = \"2s\""), tags("plc", &names));
    let mut plant = Plant::start(&project, is_its_address);
    plant.until("a value for every tag", |p| p.good.len() == 1200).await;
    plant.until("figures", |p| p.status[0].answers >= 10).await;
    assert_eq!((plant.status[0].errors(), plant.status[0].reconnects), (0, 0));
    plant.stop().await;
}

#[tokio::test]
async fn a_device_without_tags_is_not_asked_and_says_so() {
    let server = Hostile::start(Fault::None).await;
    let none = device("none", server.addr, "unit-id = 9");
    let mut plant =
        Plant::start(&format!("{}{none}{}", device("plc", server.addr, ""), tags("plc", "h0")), is_its_address);
    plant.until("values", |p| p.good("h0") > 1).await;
    assert_eq!(plant.status[1].state, LinkState::Unserved("no tag is read from it".into()));
    assert!(server.seen().iter().all(|r| r.unit == 1));
    plant.stop().await;
}

#[tokio::test]
async fn figures_are_told_at_most_once_a_second() {
    let (_server, mut plant) = one(Fault::None, "", "h0").await;
    plant.until("figures", |p| p.status[0].answers > 30).await;
    let status = plant.status[0].clone();
    assert!(status.requests >= status.answers && status.answers < 60, "{status:?}");
    assert_eq!(status.bytes_out, status.requests * 12);
    assert_eq!(status.bytes_in, status.answers * 11);
    assert!(status.round_trip.unwrap().0 > 0 && status.last_answer.is_some());
    let trips = &status.round_trips;
    assert_eq!(trips.count, status.answers);
    assert!(trips.p50 <= trips.p99 && trips.p99 <= trips.longest && trips.p50 > Some(Span::ZERO), "{trips:?}");
    let kept = plant.monitor.device(DeviceId(0)).exchanges().of(Area::Holding, 0, 1);
    assert_eq!(kept.len(), 10);
    for (request, exchange) in kept {
        assert_eq!((request.start, request.count, &exchange.outcome), (0, 1, &Outcome::Answered));
        assert_eq!((exchange.sent.len(), exchange.received.len()), (12, 11));
        assert_eq!(exchange.sent[..2], exchange.received[..2], "one transaction");
    }
    plant.stop().await;
}

#[tokio::test]
async fn a_request_that_nobody_answers_is_kept_without_an_answer_of_another() {
    let (server, mut plant) = one(Fault::None, "", "h0").await;
    plant.until("a value", |p| p.good("h0") > 2).await;
    server.set(Fault::Silent);
    plant.until("timeouts", |p| p.status[0].timeouts > 1).await;
    let kept = plant.monitor.device(DeviceId(0)).exchanges().of(Area::Holding, 0, 1);
    let (_, last) = kept.last().unwrap();
    assert_eq!(last.outcome, Outcome::Failed("timeout after 100 ms".into()));
    assert!(last.sent.len() == 12 && last.received.is_empty() && last.took >= Span::from_millis(100), "{last:?}");
    plant.stop().await;
}
