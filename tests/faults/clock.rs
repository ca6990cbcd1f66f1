//! The computer's clock steps under the running program, an hour and a year, ahead and back.

use crate::program::{Modbus, Running, ended, project, until, watchkeeper};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use watchkeeper::time::Utc;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600;
const YEAR: i64 = 365 * 24 * HOUR;

/// The library that comes between a program and its wall clock.
fn libfaketime() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
    found.expect("libfaketime is missing; tests/all.sh installs it")
}

/// A plant that runs on a wall clock of its own.
struct Plant {
    running: Running,
    modbus: Modbus,
    clock: PathBuf,
    project: PathBuf,
    /// By how many seconds its clock is ahead of ours.
    ahead: i64,
    next: u16,
}

impl Plant {
    fn start(folder: &Path) -> Self {
        let modbus = Modbus::start(10);
        let project = project(folder, modbus.address);
        let text = std::fs::read_to_string(&project).unwrap();
        // What must not move with the wall clock: a delay, and the age of values.
        let text = text.replace("scale = 0.5\n", "scale = 0.5\nstale-after = \"5s\"\n");
        let text = text.replace("limit = 95.0\n", "limit = 95.0\n  on-delay = \"3s\"\n");
        std::fs::write(&project, text).unwrap();
        let clock = folder.join("clock");
        std::fs::write(&clock, "+0").unwrap();
        let mut command = watchkeeper(&["run"]);
        command.arg(&project).env("LD_PRELOAD", libfaketime()).env("FAKETIME_TIMESTAMP_FILE", &clock);
        // Both names: the one has come for the other.
        command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1");
        let running = Running::start(command);
        let mut plant = Self { running, modbus, clock, project, ahead: 0, next: 0 };
        plant.values(1);
        plant
    }

    fn step_to(&mut self, ahead: i64) {
        let new = self.clock.with_extension("new");
        std::fs::write(&new, format!("{ahead:+}")).unwrap();
        std::fs::rename(new, &self.clock).unwrap();
        self.ahead = ahead;
    }

    /// Values that the device has one after the other, each until it was read. Each is another.
    fn values(&mut self, count: u16) -> Vec<f64> {
        let values: Vec<u16> = (self.next..self.next + count).collect();
        self.next += count;
        for value in &values {
            self.read(value * 2);
        }
        values.into_iter().map(f64::from).collect()
    }

    fn read(&self, word: u16) {
        self.modbus.set(0, &[word]);
        let before = self.modbus.requests();
        // One may have been under way.
        until("the device to be read", || (self.modbus.requests() >= before + 3).then_some(()));
    }

    fn journal(&self) -> Vec<serde_json::Value> {
        let (code, out, error) = ended(&["journal", "--format", "jsonl", self.project.to_str().unwrap()]);
        assert_eq!(code, 0, "{error}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn events(&self, event: &str) -> Vec<serde_json::Value> {
        self.journal().into_iter().filter(|entry| entry["event"] == event).collect()
    }

    /// What is recorded of the level: seconds from `start`, value or reason.
    fn exported(&self, start: Utc) -> Vec<(f64, Result<f64, String>)> {
        let (code, out, error) = ended(&["export", self.project.to_str().unwrap(), "--tag", "tank1.level"]);
        assert_eq!(code, 0, "{error}");
        let row = |line: &str| {
            let [_, time, value, quality] = line.split(',').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let second = (Utc::parse_rfc3339(time).unwrap().0 - start.0) as f64 / SECOND as f64;
            (second, value.parse().map_err(|_error| quality.to_owned()))
        };
        out.lines().skip(1).map(row).collect()
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "real time, against which the stepped one is held")]
fn a_clock_that_steps_loses_no_sample_moves_no_delay_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let start = Utc(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros() as i64);
    let mut plant = Plant::start(folder.path());
    // Values of each time, and by how much the clock is ahead in it.
    let mut eras = vec![(0, plant.values(8))];
    for ahead in [HOUR, 0, YEAR, 0] {
        plant.step_to(ahead);
        let steps = eras.len();
        until("the step in the journal", || (plant.events("clock-stepped").len() == steps).then_some(()));
        eras.push((ahead, plant.values(8)));
    }

    // A delay of three seconds is three seconds, though the clock leaps an hour within it; and no value grows stale.
    plant.read(196);
    let begun = Instant::now();
    plant.step_to(HOUR);
    let raised = until("the alarm", || plant.events("raised").into_iter().find(|e| e["alarm"] == "tank1.level/high"));
    let took = begun.elapsed();
    assert!((Duration::from_secs(2)..Duration::from_secs(12)).contains(&took), "{took:?}: {raised}");
    plant.read(100);
    plant.step_to(0);
    until("the last step in the journal", || (plant.events("clock-stepped").len() == 6).then_some(()));

    let steps = plant.events("clock-stepped");
    let by = |entry: &serde_json::Value| {
        let note = entry["note"].as_str().unwrap();
        note.strip_prefix("by ").unwrap().strip_suffix(" s").unwrap().parse::<f64>().unwrap().round() as i64
    };
    let near = |one: i64, other: i64| (one - other).abs() <= 1;
    let expected = [HOUR, -HOUR, YEAR, -YEAR, HOUR, -HOUR];
    assert!(steps.iter().map(by).zip(expected).all(|(told, step)| near(told, step)), "{steps:?}");

    let Plant { running, modbus, clock, project, ahead, next } = plant;
    let (code, _, error) = running.terminate();
    assert_eq!(code, 0, "{error}");
    let plant = Plant { running: Running::none(), modbus, clock, project, ahead, next };
    let (code, out, error) = ended(&["journal", "--verify", plant.project.to_str().unwrap()]);
    assert_eq!(code, 0, "{out}{error}");

    let all = plant.exported(start);
    assert!(all.windows(2).all(|pair| pair[0].0 <= pair[1].0), "in order of time");
    for (ahead, values) in &eras {
        // Each of them, in its order, at the time that the clock told then.
        let mut from = *ahead as f64 - 1.0;
        for value in values {
            let found = all.iter().find(|(second, v)| *second >= from && v.as_ref() == Ok(value));
            let Some((second, _)) = found else { panic!("{value} of {values:?}, {ahead} s ahead, is lost: {all:?}") };
            assert!(*second < *ahead as f64 + 120.0, "{value} at {second}, {ahead} s ahead");
            from = *second;
        }
    }
    let reasons: Vec<&str> = all.iter().filter_map(|(_, value)| value.as_ref().err().map(String::as_str)).collect();
    assert!(!reasons.iter().any(|reason| reason.contains("stale") || reason.contains("communication")), "{reasons:?}");
    // What was recorded a year ahead ends there, and the end of the program stands where it ended.
    let behind = all.iter().rfind(|(second, _)| (*second - YEAR as f64).abs() < 120.0).unwrap();
    assert!(behind.1.is_err(), "{behind:?}");
    assert!(
        all.iter().any(|(second, value)| *second < 300.0 && *value == Err("bad:not-running".to_owned())),
        "{all:?}"
    );
    // A value that stands is not written down fifty times: reads of 50 ms, for many seconds.
    assert!(all.len() < 250, "{} samples", all.len());
    let connection = rusqlite::Connection::open(folder.path().join("plant.data/history.sqlite")).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}
