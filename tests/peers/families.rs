//! Tags whose topic has `+`, of a mosquitto: made while the program runs, and there after it was stopped and started.

use super::mqtt::{Broker, tag};
use crate::support::{Running, ended, until, watchkeeper};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::ChildStderr;
use std::sync::mpsc::{Receiver, channel};

/// A program that watches, and what it says.
fn run(plant: &Path) -> (Running, Receiver<String>) {
    let mut running = Running::start(watchkeeper(&["run", plant.to_str().unwrap()]));
    let said: ChildStderr = running.child().stderr.take().unwrap();
    let (sender, lines) = channel();
    let each = move || BufReader::new(said).lines().map_while(Result::ok).try_for_each(|line| sender.send(line));
    std::thread::Builder::new().name("said".to_owned()).spawn(each).unwrap();
    (running, lines)
}

/// Waits for a line that has these words, and gives back all lines until then.
fn says(lines: &Receiver<String>, words: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    until(words, || {
        all.extend(lines.try_iter());
        all.iter().any(|line| line.contains(words)).then_some(())
    });
    all
}

/// What is shown of these tags by a look from beside.
fn values(plant: &Path, tags: &[&str], timeout: &str) -> String {
    let mut arguments = vec!["values", plant.to_str().unwrap()];
    arguments.extend(tags);
    arguments.extend(["--format", "csv", "--timeout", timeout]);
    ended(&arguments).1
}

#[test]
fn topics_of_mosquitto_make_tags_while_it_runs_and_after_a_start() {
    let broker = Broker::start("allow_anonymous true");
    let folder = tempfile::tempdir().unwrap();
    let plant = folder.path().join("plant.toml");
    let tags = [tag("fixed", "site/fixed", ""), tag("{1}.wind", "site/+/state", "path = \"$.wind\"\nqos = 1")].concat();
    std::fs::write(&plant, format!("watchkeeper = 1\nname = \"Site\"\n{}", broker.project("", &tags))).unwrap();
    let (running, lines) = run(&plant);
    says(&lines, "connected");
    broker.publish("site/fixed", "1", &[]);
    let message = |wind: u32| format!("{{\"wind\": {wind}}}");
    for (wind, place) in ["north", "south", "17"].into_iter().enumerate() {
        broker.publish(&format!("site/{place}/state"), &message(wind as u32), &["-r"]);
    }
    let mut said = Vec::new();
    for name in ["north.wind", "south.wind", "x17.wind"] {
        if !said.iter().any(|line: &String| line.contains(name)) {
            said.extend(says(&lines, name));
        }
    }
    let seen = values(&plant, &["north.wind", "south.wind", "x17.wind"], "20s");
    for row in [
        "north.wind,",
        "south.wind,",
        "x17.wind,",
        ",0,uncertain:retained",
        ",1,uncertain:retained",
        ",2,uncertain:retained",
    ] {
        assert!(seen.contains(row), "{row}: {seen}");
    }
    broker.publish("site/north/state", &message(8), &[]);
    broker.publish("site/east/state", &message(9), &[]);
    says(&lines, "east.wind");
    let (code, _, rest) = running.terminate();
    assert_eq!(code, 0);
    let (_, journal, _) = ended(&["journal", plant.to_str().unwrap(), "--format", "jsonl"]);
    assert_eq!(journal.matches("\"event\":\"link-up\"").count(), 1, "one link all the time: {journal}");
    assert!(!journal.contains("link-down"), "{journal} {rest}");
    for (tag, value) in [("fixed", "1"), ("east.wind", "9"), ("north.wind", "8")] {
        let (_, out, _) = ended(&["export", plant.to_str().unwrap(), "--tag", tag, "--format", "csv"]);
        let rows: Vec<&str> = out.lines().skip(1).collect();
        assert!(rows.iter().any(|row| row.ends_with(&format!(",{value},good"))), "{tag}: {out}");
        assert!(!out.contains("no-communication"), "{tag}: {out}");
    }

    // Started again beside a broker that says nothing of the fourth: it is there, and waits.
    let (running, lines) = run(&plant);
    says(&lines, "connected");
    until("the members", || std::fs::read_to_string(folder.path().join("plant.data/members.txt")).ok());
    let seen = values(&plant, &["east.wind", "x17.wind"], "3s");
    assert!(seen.contains("x17.wind,") && seen.contains(",2,uncertain:retained"), "{seen}");
    assert!(seen.lines().any(|row| row.starts_with("east.wind,") && row.contains("bad:waiting")), "{seen}");
    broker.publish("site/east/state", &message(10), &[]);
    broker.publish("site/late/state", &message(11), &[]);
    says(&lines, "late.wind");
    assert_eq!(running.terminate().0, 0);
    let (_, out, _) = ended(&["export", plant.to_str().unwrap(), "--tag", "east.wind", "--format", "csv"]);
    assert!(out.lines().last().is_some_and(|row| !row.is_empty()) && out.contains(",10,good"), "{out}");
}
