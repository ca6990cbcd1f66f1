//! How the program lives and ends: without a display, idle, closed, stopped.

use crate::bench::{self, WELL, entries, journal};
use crate::field::Device;
use crate::stage::{PATIENCE, now};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

#[test]
fn without_a_display_it_says_so_in_one_sentence_and_watches_on() {
    let device = Device::new(&WELL);
    let (stage, path) = bench::stage("no-display", &device);
    let mut child =
        stage.command().arg(&path).env_remove("DISPLAY").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        said.push_str(&line);
        said.push('\n');
        if line.contains("no display") {
            assert!(line.contains("watchkeeper run") || line.contains("desktop session"), "with its mend: {line}");
            break;
        }
    }
    assert!(said.contains("no display"), "{said}");
    // It watches, though nobody listens to its messages any more: the alarm that comes now is in the journal.
    device.set(0, 900);
    let from = now();
    while entries(&journal(&path), "raised", "tank1.level/high").is_empty() {
        assert!(from.elapsed() < PATIENCE, "no alarm was raised without a display");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(child.try_wait().unwrap().is_none(), "it goes on");
    let stopped = std::process::Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap();
    assert!(stopped.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_plant_that_does_not_change_costs_one_frame_a_second() {
    let device = Device::new(&WELL);
    let (mut stage, path) = bench::stage("idle", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    std::thread::sleep(Duration::from_secs(3));
    let (before, from) = (stage.ticks(), now());
    std::thread::sleep(Duration::from_secs(8));
    let percent = (stage.ticks() - before) as f64 / from.elapsed().as_secs_f64();
    println!("idle window: {percent:.1} % of a core, debug build, software GL, {:?}", stage.size());
    // A debug build paints several times slower than a release; a window that paints without need takes a whole core.
    assert!(percent < 40.0, "an idle window takes {percent:.0} % of a core");
}

#[test]
fn closing_asks_while_an_alarm_stands_and_no_is_the_default() {
    let device = Device::new(&WELL);
    let (mut stage, path) = bench::stage("closing", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    device.set(0, 900);
    stage.wait_for("alarm tank1.level/high", "unacknowledged", SOON);

    stage.key("alt+F4");
    stage.wait("the question", SOON, |tree| tree.showing("Stop watching Bench? 1 critical stands").next().map(|_| ()));
    stage.picture("closing");
    // Enter is the default, and the default is no.
    stage.key("Return");
    stage.wait("it goes on", SOON, |tree| tree.showing("Stop watching Bench?").next().is_none().then_some(()));
    std::thread::sleep(Duration::from_millis(500));
    assert!(stage.runs());

    stage.key("alt+F4");
    stage.click("Stop watching");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
    let said = journal(&path);
    assert!(said.iter().any(|entry| entry.to_string().contains("window")), "the closing is journaled: {said:#?}");
}

#[test]
fn closing_a_quiet_plant_asks_nothing() {
    let device = Device::new(&WELL);
    let (mut stage, path) = bench::stage("closing-quiet", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    stage.key("alt+F4");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
}

#[test]
fn sigterm_ends_it_cleanly_and_asks_nothing() {
    let device = Device::new(&WELL);
    let (mut stage, path) = bench::stage("sigterm", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    device.set(0, 900);
    stage.wait_for("alarm tank1.level/high", "unacknowledged", SOON);
    stage.signal("TERM");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
    // What stood unacknowledged stands so again, and sounds again.
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("alarm tank1.level/high", "unacknowledged", PATIENCE);
    assert_eq!(entries(&journal(&path), "raised", "tank1.level/high").len(), 1);
}
