//! How the program lives and ends: without a display, idle, closed, stopped.

use crate::bench::{self, entries, journal};
use crate::stage::{PATIENCE, Stage, now};
use crate::support::Modbus;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

#[test]
fn without_a_display_it_says_so_in_one_sentence_and_watches_on() {
    let device = bench::device();
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
    device.set(0, &[900]);
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
    let device = bench::device();
    let (mut stage, path) = bench::stage("idle", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    std::thread::sleep(Duration::from_secs(3));
    let (before, from) = (stage.ticks(), now());
    std::thread::sleep(Duration::from_secs(8));
    let percent = (stage.ticks() - before) as f64 / from.elapsed().as_secs_f64();
    println!("idle window: {percent:.1} % of a core, software GL, {:?}", stage.size());
    // A debug build paints several times slower than a release; a window that paints without need takes a whole core.
    assert!(percent < 40.0, "an idle window takes {percent:.0} % of a core");
}

#[test]
fn a_thousand_tags_are_live_soon_after_the_start() {
    let device = Modbus::start(1_000);
    device.set(0, &[7; 1_000]);
    let mut stage = Stage::new("thousand");
    let mut text = format!(
        "watchkeeper = 1\nname = \"Thousand\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"{}\"\n",
        device.address
    );
    for number in 0..1_000 {
        write!(
            text,
            "[[tag]]\nname = \"t{number}\"\ndevice = \"plc1\"\nregister = \"holding:{number}\"\ntype = \"u16\"\n"
        )
        .unwrap();
    }
    let path = stage.write("thousand.toml", &text);
    let from = now();
    stage.open(&[path.to_str().unwrap()]);
    stage.wait("a value", PATIENCE, |tree| tree.named("t0").find(|node| node.told() == "7").map(|_| ()));
    let took = from.elapsed();
    println!("1,000 tags, start to the first value read from the window: {:.2} s", took.as_secs_f64());
    assert!(took < Duration::from_secs(10), "{took:?}");
    stage.picture("thousand");
}

#[test]
fn closing_asks_while_an_alarm_stands_and_no_is_the_default() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("closing", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    device.set(0, &[900]);
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
    let device = bench::device();
    let (mut stage, path) = bench::stage("closing-quiet", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    stage.key("alt+F4");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
}

#[test]
fn sigterm_ends_it_cleanly_and_asks_nothing() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("sigterm", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    device.set(0, &[900]);
    stage.wait_for("alarm tank1.level/high", "unacknowledged", SOON);
    stage.signal("TERM");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
    // What stood unacknowledged stands so again, and sounds again.
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("alarm tank1.level/high", "unacknowledged", PATIENCE);
    assert_eq!(entries(&journal(&path), "raised", "tank1.level/high").len(), 1);
}
