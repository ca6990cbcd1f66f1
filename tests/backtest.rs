//! `backtest` as its users call it: on a real history and a real journal, as a child process.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::PathBuf;
use support::ended;
use tempfile::TempDir;
use watchkeeper::engine::{Actor, Entry, Event};
use watchkeeper::historian::Journal;
use watchkeeper::historian::history::runs::Run;
use watchkeeper::historian::history::seal::Sealing;
use watchkeeper::historian::history::store::Store;
use watchkeeper::historian::history::{Columns, Recent, Sample, SeriesId, TagRow, frame};
use watchkeeper::project::Priority;
use watchkeeper::time::{Span, Utc};

const START: Utc = Utc(1_795_348_800_000_000);

fn at(seconds: i64) -> Utc {
    START + Span::from_secs(seconds)
}

/// A plant that recorded a day: a ramp up to 86.4 and back down every 100 minutes, one sample in ten seconds, half of it in
/// chunks and half in the log.
struct Plant(TempDir);

impl Plant {
    fn new(extra: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "watchkeeper = 1\nname = \"Tried\"\ntime-zone = \"UTC\"\n\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"127.0.0.1:1\"\n\n[[tag]]\nname = \"tank1.level\"\ndevice = \"plc1\"\nregister = \"holding:0\"\ntype = \"f32\"\nunit = \"%\"\nrange = [0, 100]\n{extra}\n  [[tag.alarm]]\n  kind = \"high\"\n  limit = 80.0\n  deadband = 2.0\n  priority = \"high\"\n"
        );
        fs::write(folder.path().join("plant.toml"), text).unwrap();
        let data = folder.path().join("plant.data");
        fs::create_dir(&data).unwrap();
        let mut store = Store::open(&data, START).unwrap();
        let mut run = Run::next(None, START);
        let tag = TagRow {
            series: SeriesId(1),
            since: START,
            name: "tank1.level".into(),
            unit: "%".into(),
            data_type: "f32".into(),
        };
        store.commit(&[tag], &[], &[&run]).unwrap();
        let recent = Recent::default();
        for half in 0..2 {
            let samples = (half * 4_320..(half + 1) * 4_320).map(|n| Sample::good(at(n * 10), ramp(n * 10)));
            let columns: Columns = samples.collect();
            run.alive = at((half + 1) * 43_200);
            let row = frame::encode([(SeriesId(1), &columns)].into_iter());
            store.commit(&[], &[row], &[&run]).unwrap();
            recent.add([(SeriesId(1), &columns)].into_iter());
            if half == 0 {
                let mut sealing = Sealing::begin(&store, &recent);
                while !sealing.step(&mut store, &recent).unwrap() {}
            }
        }
        Self(folder)
    }

    /// What the journal of that day has: its first occurrence, at 80, acknowledged.
    fn acknowledge_the_first(&self) {
        let mut entries = Vec::new();
        for (event, seconds) in [(Event::Raised, 2_780), (Event::Acknowledged, 2_800), (Event::Cleared, 3_300)] {
            let mut entry = Entry::new(at(seconds), event);
            entry.alarm = Some("tank1.level/high".into());
            entry.occurrence = Some(1);
            entry.priority = Some(Priority::High);
            if event == Event::Acknowledged {
                entry.by = Some(Actor { user: "anna".into(), computer: "desk-1".into(), desk: None });
            }
            entries.push(entry);
        }
        let mut journal = Journal::open(&self.0.path().join("plant.data"), START).unwrap();
        journal.append(&entries.iter().collect::<Vec<_>>()).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("plant.toml")
    }

    fn backtest(&self, arguments: &[&str]) -> (i32, String, String) {
        ended(&[&["backtest", self.file().to_str().unwrap(), "--from", "2020-01-01"], arguments].concat())
    }
}

/// Up from 0 to 86.4 in 3,000 s, and down again.
fn ramp(seconds: i64) -> f64 {
    let within = seconds % 6_000;
    let up = if within < 3_000 { within } else { 6_000 - within };
    up as f64 * 86.4 / 3_000.0
}

#[test]
fn a_limit_is_tried_on_a_day_and_beside_what_people_did() {
    let plant = Plant::new("");
    plant.acknowledge_the_first();
    let arguments = ["--alarm", "tank1.level/high", "--limit", "85", "--format", "json"];
    let (code, out, error) = plant.backtest(&arguments);
    assert_eq!(code, 0, "{error}");
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    // Fourteen ramps a day reach both limits; the fifteenth is cut off by midnight.
    assert_eq!((&told["present"]["count"], &told["trial"]["count"]), (&14.into(), &14.into()));
    assert_eq!(told["exact"], true);
    assert_eq!(told["samples"], 8_640);
    let act = &told["acted_on"][0];
    assert_eq!(act["by"], "anna@desk-1");
    // 85 is reached 2,951.4 s on the way up, 80 after 2,777.8 s; samples lie ten seconds apart.
    assert_eq!(act["shift_seconds"], 180.0);
    assert_eq!(told["trial"]["occurrences"][0]["raised"], "2026-11-22T12:49:20.000Z");

    let (code, out, _) = plant.backtest(&["--alarm", "tank1.level/high", "--limit", "87"]);
    assert_eq!(code, 0);
    assert!(out.contains("14 → 0 occurrences; of the 1 that were acted on 0 would have come; 1 would not"), "{out}");
    assert!(out.contains("acknowledged by anna@desk-1: would not have come"), "{out}");
    assert!(out.contains("limit 80, deadband 2") && out.contains("limit 87, deadband 2"), "{out}");

    let (_, out, _) = plant.backtest(&["--alarm", "tank1.level/high", "--on-delay", "10m"]);
    assert!(out.contains("14 → 0 occurrences"), "444 s above the limit are less than ten minutes: {out}");
}

#[test]
fn what_was_thinned_has_bounds_and_says_so() {
    let plant = Plant::new("record-deadband = 0.5\n");
    let (code, out, _) = plant.backtest(&["--alarm", "tank1.level/high", "--limit", "86.2"]);
    assert_eq!(code, 0);
    let bounds = "Recorded with record-deadband = 0.5: between 0 and 14 occurrences are certain.";
    assert!(out.contains(bounds), "{out}");
}

#[test]
fn what_cannot_be_answered_says_why() {
    let plant = Plant::new("");
    for (arguments, exit, words) in [
        (&["--alarm", "tank1.level/nix"][..], 2, "of that tag there is \"tank1.level/high\""),
        (&["--alarm", "tank1.level/high", "--deadband", "much"], 2, "write 2 in the tag's unit, or 2% of its range"),
        (&["--alarm", "tank1.level/high", "--to", "2020-01-02"], 3, "nothing was recorded of tank1.level in this time"),
        (&["--alarm", "tank1.level/high", "--to", "2019-01-02"], 2, "is not before --to"),
    ] {
        let (code, _, error) = plant.backtest(arguments);
        assert_eq!(code, exit, "{error}");
        assert!(error.contains(words), "{error}");
    }
    fs::remove_dir_all(plant.0.path().join("plant.data")).unwrap();
    let (code, _, error) = plant.backtest(&["--alarm", "tank1.level/high"]);
    assert!(code == 3 && error.contains("run the project first"), "{error}");
}
