//! A mosquitto that is killed and started again and again under `run`: every value comes back each time, and nothing is left open.

#![expect(clippy::print_stdout, reason = "a test prints what it measured")]

use crate::mosquitto::Broker;
use crate::support::{Running, free_address, metric, until, watchkeeper};
use std::fmt::Write as _;
use std::process::Stdio;
use std::time::Duration;

const TOPICS: u32 = 50;
const BAD: &str = "tags{quality=\"bad\"}";
const CONNECTED: &str = "device_connected{device=\"site\"}";

fn open_descriptors(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count()
}

fn resident_megabytes(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// Kills and starts it so often.
pub fn restart(times: u32) {
    let mut broker = Broker::start();
    broker.publish(TOPICS, Duration::from_millis(2));
    let folder = tempfile::tempdir().unwrap();
    let mut text = format!(
        "watchkeeper = 1\nname = \"restarts\"\n[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://{}\"\n",
        broker.address
    );
    for topic in 0..TOPICS {
        writeln!(text, "[[tag]]\nname = \"t{topic}\"\ndevice = \"site\"\ntopic = \"soak/{topic}\"\npath = \"$.v\"")
            .unwrap();
    }
    let plant = folder.path().join("plant.toml");
    std::fs::write(&plant, text).unwrap();
    let page = free_address();
    let mut command = watchkeeper(&["run", "--silent", "--metrics", &page.to_string()]);
    command.arg(&plant).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Running::start(command);
    let process = running.child().id();
    let values = |what: &str| {
        until(what, || (metric(page, BAD)? == 0.0).then_some(()));
        assert_eq!(metric(page, CONNECTED), Some(1.0));
    };
    values("values at first");
    let mut figures = Vec::new();
    for time in 0..times {
        broker.kill();
        until("its death is seen", || (metric(page, BAD)? >= f64::from(TOPICS)).then_some(()));
        // It is found to be away before it is back: a broker that is lost over and over and always there is let be for a while.
        std::thread::sleep(Duration::from_millis(1_200));
        broker.up();
        values(&format!("all {TOPICS} values after restart {}", time + 1));
        figures.push((open_descriptors(process), resident_megabytes(process)));
    }
    let reconnects = metric(page, "device_reconnects_total{device=\"site\"}");
    assert!(reconnects >= Some(f64::from(times)), "{reconnects:?}");
    // The first of them warm what is kept. Of descriptors the least count: who asks for figures, or looks through the history
    // at that moment, has some, too.
    let (early, late) = (figures[figures.len() / 4], figures[figures.len() - 1]);
    let (first, last) = figures.split_at(figures.len() / 2);
    let least = |some: &[(usize, f64)]| some.iter().map(|(descriptors, _)| *descriptors).min().unwrap();
    println!(
        "{times} restarts of the broker: all {TOPICS} values back each time; descriptors at least {} then {}, RSS {:.1} MB then {:.1} MB",
        least(first),
        least(last),
        early.1,
        late.1
    );
    assert!(least(last) <= least(first) + 1, "descriptors are left open: {figures:?}");
    assert!(late.1 <= early.1 + 5.0, "memory grows: {figures:?}");
    let (code, _, why) = running.terminate();
    assert_eq!(code, 0, "{why}");
}

#[test]
fn a_broker_that_is_killed_and_started_over_and_over_loses_no_subscription() {
    restart(8);
}
