//! The workbench reads through the connection that polls, in the time that polls leave.

use super::fault::Fault;
use super::line::Line;
use super::plant::Plant;
use super::registers::{is_its_address, line_device};
use super::{hostile::Hostile, one};
use std::time::Duration;
use watchkeeper::drivers::monitor::{BenchView, Refused, Wanted};
use watchkeeper::engine::{DeviceId, LinkState};
use watchkeeper::project::Area;
use watchkeeper::time::Span;

const WANTED: Wanted = Wanted { area: Area::Holding, start: 50, count: 20, every: Span::from_millis(250) };

/// Looks, as a window does, until that is seen.
async fn look(plant: &mut Plant, wanted: Wanted, seen: impl Fn(&BenchView) -> bool) -> BenchView {
    for _ in 0..200 {
        plant.monitor.want(DeviceId(0), wanted, plant.now().mono);
        plant.watch(25).await;
        let view = plant.monitor.device(DeviceId(0)).bench().view();
        if seen(&view) {
            return view;
        }
    }
    panic!("not seen: {:?}", plant.monitor.device(DeviceId(0)).bench().view());
}

#[tokio::test]
async fn registers_are_read_between_polls_on_the_one_connection_and_polls_keep_their_rhythm() {
    let (server, mut plant) = one(Fault::Late(5), "poll = \"100ms\"", "h0").await;
    plant.until("values", |p| p.good("h0") > 1).await;
    server.forget();
    let view = look(&mut plant, WANTED, |view| view.reads > 4).await;
    let (_, words) = view.taken.unwrap();
    assert_eq!(words.to_vec(), (50..70).map(Some).collect::<Vec<_>>(), "each holds its own address");
    assert_eq!(server.connections(), 1, "no second connection");
    let seen = server.seen();
    let benches: Vec<_> = seen.iter().filter(|seen| seen.start == 50).collect();
    let polls: Vec<_> = seen.iter().filter(|seen| seen.start == 0).collect();
    assert!(benches.windows(2).all(|pair| pair[1].at - pair[0].at > Duration::from_millis(200)), "gently");
    let rounds = (polls.last().unwrap().at - polls[0].at).as_millis() / 100;
    assert!(polls.len() as u128 * 10 >= rounds * 8, "{} polls in {rounds} rounds", polls.len());
    // Nobody looks any more.
    plant.watch(3_300).await;
    server.forget();
    plant.watch(600).await;
    assert!(server.seen().iter().all(|seen| seen.start == 0));
    plant.stop().await;
}

#[tokio::test]
async fn a_register_that_is_refused_is_found_and_told_the_others_are_read_and_no_poll_is_touched() {
    let (server, mut plant) = one(Fault::Hole(60, 2), "poll = \"50ms\"", "h0").await;
    plant.until("values", |p| p.good("h0") > 1).await;
    let view = look(&mut plant, WANTED, |view| view.reads > 0).await;
    let known = |address: u16| Some(address).filter(|address| *address != 60);
    assert_eq!(view.taken.unwrap().1.to_vec(), (50..70).map(known).collect::<Vec<_>>());
    let Refused { offset, count, why } = view.refused.into_iter().next().unwrap();
    assert_eq!((offset, count, why.as_ref()), (10, 1, "exception 2: illegal data address"));
    // It is remembered.
    server.forget();
    let view = look(&mut plant, WANTED, |later| later.reads > view.reads + 1).await;
    assert!(server.seen().iter().all(|seen| !(seen.start..seen.start + seen.count).contains(&60)));
    assert!(view.fault.is_none() && plant.connected(0));
    let good = plant.good("h0");
    plant.until("polls go on", |p| p.good("h0") > good).await;
    // Alone it is refused, and that is all that there is to say.
    let view = look(&mut plant, Wanted { start: 60, count: 1, ..WANTED }, |view| view.fault.is_some()).await;
    assert_eq!(view.fault.as_deref(), Some("exception 2: illegal data address"));
    assert!(view.taken.is_none() && plant.connected(0));
    assert_eq!(server.connections(), 1);
    plant.stop().await;
}

#[tokio::test]
async fn a_device_that_no_tag_is_read_from_is_looked_into_all_the_same() {
    let (server, mut plant) = one(Fault::None, "", "").await;
    plant.watch(50).await;
    assert_eq!(server.connections(), 0);
    let view = look(&mut plant, WANTED, |view| view.reads > 1).await;
    assert_eq!((view.taken.unwrap().1[3], server.connections()), (Some(53), 1));
    assert!(matches!(plant.status[0].state, LinkState::Unserved(_)));
    // Nothing is ever told of it that could find that the plant is gone: it is stopped, as sources are.
    drop(plant);

    let server = Hostile::start(Fault::Refusing).await;
    let mut plant = Plant::start(&super::device("plc", server.addr, ""), is_its_address);
    let view = look(&mut plant, WANTED, |view| view.fault.is_some()).await;
    assert_eq!(view.fault.as_deref(), Some("connection refused"));
}

#[tokio::test]
async fn a_line_that_tells_no_late_answers_apart_is_looked_into_by_the_same_rules() {
    let line = Line::start(Fault::None).await;
    let project = format!("{}{}", line_device("plc", line.addr, "poll = \"50ms\""), super::tags("plc", "h0 h1"));
    let mut plant = Plant::start(&project, is_its_address);
    plant.until("values", |p| p.good("h1") > 1).await;
    let view = look(&mut plant, WANTED, |view| view.reads > 2).await;
    assert_eq!((view.taken.unwrap().1[0], line.connections()), (Some(50), 1));
    // A block that the device ignores costs its patience once, and not the polls' values.
    line.set(Fault::Ignored(60));
    let view = look(&mut plant, WANTED, |view| view.fault.is_some()).await;
    assert!(view.fault.unwrap().starts_with("timeout"));
    let good = plant.good("h0");
    plant.until("polls go on", |p| p.good("h0") > good + 3).await;
    plant.stop().await;
}
