//! `export` as its users call it: on a real history, as a child process.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "export/bundle.rs"]
mod bundle;
#[path = "export/scenario.rs"]
mod scenario;
mod support;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use support::{Running, ended, watchkeeper};
use tempfile::TempDir;
use watchkeeper::engine::{Quality, Value};
use watchkeeper::historian::history::runs::Run;
use watchkeeper::historian::history::seal::Sealing;
use watchkeeper::historian::history::store::Store;
use watchkeeper::historian::history::{Columns, Recent, Sample, SeriesId, TagRow, frame};
use watchkeeper::time::Utc;

const SECOND: i64 = 1_000_000;

/// A project with a history: part of each tag's samples in chunks, the rest in the log.
struct Plant {
    folder: TempDir,
    store: Store,
    recent: Recent,
    run: Run,
    /// Rows of tags that were written.
    named: i64,
}

impl Plant {
    fn new(zone: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "watchkeeper = 1\nname = \"Export\"\ntime-zone = \"{zone}\"\n\n[[tag]]\nname = \"new.flow\"\nwas = \"old.flow\"\nformula = \"1\"\n\n[[tag]]\nname = \"never.seen\"\nformula = \"2\"\n"
        );
        fs::write(folder.path().join("plant.toml"), text).unwrap();
        let data = folder.path().join("plant.data");
        fs::create_dir(&data).unwrap();
        let store = Store::open(&data, Utc(0)).unwrap();
        Self { folder, store, recent: Recent::default(), run: Run::next(None, Utc(0)), named: 0 }
    }

    fn project(&self) -> String {
        self.folder.path().join("plant.toml").to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tag(&mut self, series: u32, name: &str, unit: &str) {
        let (name, unit) = (name.to_owned(), unit.to_owned());
        self.named += 1;
        let row = TagRow { series: SeriesId(series), since: Utc(self.named), name, unit, data_type: "f64".into() };
        self.store.commit(&[row], &[], &[&self.run]).unwrap();
    }

    /// Commits to the log, as the recorder does.
    fn record(&mut self, series: u32, samples: &[Sample]) {
        let columns: Columns = samples.iter().cloned().collect();
        let last = samples.iter().map(|s| s.time).max().unwrap_or_default();
        self.run.alive = self.run.alive.max(last);
        let columns = columns.into_canonical().0;
        let frame = frame::encode([(SeriesId(series), &columns)].into_iter());
        self.store.commit(&[], &[frame], &[&self.run]).unwrap();
        self.recent.add([(SeriesId(series), &columns)].into_iter());
    }

    fn seal(&mut self) {
        let mut sealing = Sealing::begin(&self.store, &self.recent);
        while !sealing.step(&mut self.store, &self.recent).unwrap() {}
    }

    fn export(&self, arguments: &[&str]) -> (i32, String, String) {
        ended(&[&["export", &self.project()], arguments].concat())
    }

    /// Standard output of an export that does what it should.
    fn told(&self, arguments: &[&str]) -> String {
        let (code, out, error) = self.export(arguments);
        assert_eq!(code, 0, "{arguments:?}: {error}");
        out
    }
}

fn utc(text: &str) -> Utc {
    Utc::parse_rfc3339(text).unwrap()
}

fn good(time: &str, value: f64) -> Sample {
    Sample::good(utc(time), value)
}

fn small() -> Plant {
    let mut plant = Plant::new("Europe/Amsterdam");
    plant.tag(1, "old.flow", "m³/h");
    plant.tag(1, "new.flow", "m³/h");
    plant.tag(2, "pump.starts", "");
    plant.record(1, &[good("2026-11-20T10:00:00Z", 12.5), good("2026-11-20T10:00:01.000001Z", 1e300)]);
    plant.seal();
    let lost = Sample::bad(utc("2026-11-20T10:01:00Z"), Quality::NO_COMMUNICATION, Some("refused".into()));
    plant.record(1, &[lost, good("2026-11-20T10:02:00Z", 3.0)]);
    let starts = Sample::new(utc("2026-11-20T11:00:00Z"), Some(Value::U64(u64::MAX)), Quality::GOOD, None);
    plant.record(2, &[starts]);
    plant
}

#[test]
fn samples_of_chunks_and_log_come_out_in_order_with_the_columns_of_the_contract() {
    let plant = small();
    let all = "tag,time,value,quality\n\
               new.flow,2026-11-20T10:00:00.000Z,12.5,good\n\
               new.flow,2026-11-20T10:00:01.000001Z,1e300,good\n\
               new.flow,2026-11-20T10:01:00.000Z,,bad:no-communication\n\
               new.flow,2026-11-20T10:02:00.000Z,3,good\n\
               pump.starts,2026-11-20T11:00:00.000Z,18446744073709551615,good\n";
    assert_eq!(plant.told(&["--format", "csv"]), all);
    assert_eq!(plant.told(&[]), all);
    // From is in it, to is not; a tag may be asked for by an earlier name, in any case.
    let some =
        plant.told(&["--tag", "OLD.flow", "--from", "2026-11-20T11:00:01.000001", "--to", "2026-11-20T10:02:00Z"]);
    assert_eq!(some.lines().count(), 3, "{some}");
    let json = plant.told(&["--format", "jsonl", "--tag", "new.flow", "--tag", "new.flow"]);
    let lines: Vec<serde_json::Value> = json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4, "a tag named twice is told once");
    assert_eq!(lines[2]["detail"], "refused");
    assert_eq!((&lines[2]["value"], &lines[0]["unit"]), (&serde_json::Value::Null, &"m³/h".into()));
    let local = plant.told(&["--local", "--tag", "pump.starts"]);
    assert!(local.ends_with("Z,18446744073709551615,good,2026-11-20T12:00:00.000+01:00\n"), "{local}");
}

#[test]
fn steps_follow_the_days_of_the_plant_on_both_days_that_change_the_clock() {
    for (zone, midnight, hours) in [
        ("Europe/Amsterdam", "2026-03-28T23:00:00Z", 23),
        ("Europe/Amsterdam", "2026-10-24T22:00:00Z", 25),
        ("America/New_York", "2026-03-08T05:00:00Z", 23),
        ("America/New_York", "2026-11-01T04:00:00Z", 25),
    ] {
        let mut plant = Plant::new(zone);
        plant.tag(1, "a.count", "");
        let start = utc(midnight).0;
        let samples: Vec<Sample> = (0..48).map(|h| Sample::good(Utc(start + h * 3_600 * SECOND), h as f64)).collect();
        plant.record(1, &samples[..30]);
        plant.seal();
        plant.record(1, &samples[30..]);
        let out = plant.told(&["--every", "1d", "--local"]);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0], "tag,time,first,min,max,mean,last,quality,count,good,local");
        let mean = f64::from(hours - 1) / 2.0;
        let last = hours - 1;
        let day = Utc(start).to_rfc3339();
        assert!(lines[1].starts_with(&format!("a.count,{day},0,0,{last},{mean},{last},good,{hours},1,")), "{out}");
        assert!(lines[1].contains("T00:00:00.000"), "the zone's midnight: {out}");
        let next = Utc(start + i64::from(hours) * 3_600 * SECOND).to_rfc3339();
        assert!(lines[2].starts_with(&format!("a.count,{next},{hours},{hours},")), "{out}");
    }
}

#[test]
fn hours_of_the_days_that_change_the_clock_are_each_there_once_and_the_doubled_one_bears_its_offset() {
    for (zone, midnight, hours, doubled, offsets) in [
        ("Europe/Amsterdam", "2026-03-28T23:00:00Z", 23, None, ["+01:00", "+02:00"]),
        ("Europe/Amsterdam", "2026-10-24T22:00:00Z", 25, Some("2026-10-25T02:00:00.000"), ["+02:00", "+01:00"]),
        ("America/New_York", "2026-03-08T05:00:00Z", 23, None, ["-05:00", "-04:00"]),
        ("America/New_York", "2026-11-01T04:00:00Z", 25, Some("2026-11-01T01:00:00.000"), ["-04:00", "-05:00"]),
    ] {
        let mut plant = Plant::new(zone);
        plant.tag(1, "a.count", "");
        let start = utc(midnight).0;
        // Every ten minutes, which none of the hours may miss or tell twice.
        let samples: Vec<Sample> =
            (0..6 * hours).map(|n| Sample::good(Utc(start + n * 600 * SECOND), n as f64)).collect();
        plant.record(1, &samples);
        let end = Utc(start + hours * 3_600 * SECOND).to_rfc3339();
        let out = plant.told(&["--every", "1h", "--local", "--from", midnight, "--to", &end]);
        let rows: Vec<Vec<&str>> = out.lines().skip(1).map(|line| line.split(',').collect()).collect();
        assert_eq!(rows.len() as i64, hours, "{zone}: {out}");
        for (n, row) in (0..).zip(&rows) {
            assert_eq!(row[1], Utc(start + n * 3_600 * SECOND).to_rfc3339(), "an hour has sixty minutes: {out}");
            let (first, last) = ((n * 6).to_string(), (n * 6 + 5).to_string());
            assert_eq!((row[2], row[6]), (first.as_str(), last.as_str()), "{out}");
            assert_eq!(row[8], "6", "{out}");
        }
        let local: Vec<&str> = rows.iter().map(|row| row[10]).collect();
        assert!(local[0].ends_with(&format!("T00:00:00.000{}", offsets[0])), "{out}");
        assert!(local[rows.len() - 1].ends_with(&format!("T23:00:00.000{}", offsets[1])), "{out}");
        let once: std::collections::BTreeSet<&str> = local.iter().copied().collect();
        assert_eq!(once.len(), local.len(), "with its offset each is another: {out}");
        if let Some(doubled) = doubled {
            let told: Vec<&str> = local.iter().copied().filter(|at| at.starts_with(doubled)).collect();
            assert_eq!(told, offsets.map(|offset| format!("{doubled}{offset}")), "{out}");
        }
    }
}

#[test]
fn a_file_is_there_whole_or_not_at_all() {
    let plant = small();
    let target = plant.file("out.jsonl");
    let path = target.to_str().unwrap();
    let (code, out, error) = plant.export(&["-o", path]);
    assert_eq!((code, out.as_str()), (0, ""), "{error}");
    assert!(error.contains("5 rows of 2 tags"), "{error}");
    let text = fs::read_to_string(&target).unwrap();
    assert!(text.starts_with('{') && text.lines().count() == 5, "its name says what kind it is: {text}");
    // Again: the new one takes its place.
    assert_eq!(plant.export(&["-o", path, "--tag", "pump.starts"]).0, 0);
    assert_eq!(fs::read_to_string(&target).unwrap().lines().count(), 1);
    let parquet = plant.file("out.parquet");
    assert_eq!(plant.export(&["-o", parquet.to_str().unwrap()]).0, 0);
    let bytes = fs::read(parquet).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    // The project, its data, a folder: none of them is replaced.
    for (name, words) in [
        ("plant.toml", "belongs to the project"),
        ("plant.data/history.sqlite", "belongs to the project"),
        ("plant.data", "is a folder"),
    ] {
        let (code, _, error) = plant.export(&["-o", plant.file(name).to_str().unwrap()]);
        assert_eq!(code, 2, "{error}");
        assert!(error.contains(words), "{error}");
    }
    let (code, _, error) = plant.export(&["-o", plant.file("no/such/out.csv").to_str().unwrap()]);
    assert!(code == 3 && error.contains("could not write"), "{error}");
    let names = |folder: &Path| fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
    let left = names(plant.folder.path());
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{left:?}");
}

#[test]
fn what_is_at_fault_in_the_call_is_told() {
    let plant = small();
    for (arguments, words) in [
        (&["--tag", "no.such"][..], "no tag \"no.such\""),
        (&["--tag", "never.seen"], "nothing has been recorded of"),
        (&["--from", "2h", "--to", "now-3h"], "is not before"),
        (&["--from", "yesterday"], "is no time"),
        (&["--every", "0s"], "has no length"),
        (&["--every", "60"], "60s"),
    ] {
        let (code, out, error) = plant.export(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {error}");
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("plant.toml");
    fs::write(&project, "watchkeeper = 1\nname = \"Nothing\"\n").unwrap();
    let (code, _, error) = ended(&["export", project.to_str().unwrap()]);
    assert!(code == 3 && error.contains("no history") && error.contains("run the project first"), "{error}");
}

#[test]
fn a_damaged_part_is_a_gap_that_is_told_and_the_rest_comes_out() {
    let mut plant = Plant::new("UTC");
    plant.tag(1, "a.count", "");
    let samples: Vec<Sample> = (0..20_000).map(|i| Sample::good(Utc(i * SECOND), i as f64)).collect();
    plant.record(1, &samples);
    plant.seal();
    let file = rusqlite::Connection::open(plant.file("plant.data/history.sqlite")).unwrap();
    let damage = "UPDATE body SET samples = zeroblob(length(samples)) WHERE id = (SELECT min(id) FROM body)";
    assert_eq!(file.execute(damage, []).unwrap(), 1);
    let (code, out, error) = plant.export(&[]);
    assert_eq!(code, 3, "{error}");
    assert!(error.contains("1 parts of the history are damaged"), "{error}");
    let bad: Vec<&str> = out.lines().filter(|line| line.ends_with(",,bad:damaged")).collect();
    assert_eq!(bad.len(), 2, "from its beginning to its end");
    assert!(out.ends_with("a.count,1970-01-01T05:33:19.000Z,19999,good\n"), "what is whole is there");
}

#[test]
fn a_signal_ends_it_even_where_nobody_reads_what_it_writes() {
    let mut plant = Plant::new("UTC");
    plant.tag(1, "a.count", "");
    let samples: Vec<Sample> = (0..20_000).map(|i| Sample::good(Utc(i * SECOND), i as f64)).collect();
    plant.record(1, &samples);
    let mut running = Running::start(watchkeeper(&["export", &plant.project()]));
    let mut out = running.child().stdout.take().unwrap();
    out.read_exact(&mut [0; 3]).unwrap();
    // The pipe is full by now or will be: nine hundred kilobytes do not fit.
    let (code, _, error) = running.terminate();
    assert_eq!(code, 0, "{error}");
    assert!(error.contains("the export is not complete"), "{error}");
    drop(out);
}

/// Samples of every kind, also at the same time, and out of order.
fn any_samples() -> impl Strategy<Value = Vec<Sample>> {
    let value = prop_oneof![
        any::<f64>().prop_map(Value::F64),
        any::<i64>().prop_map(Value::I64),
        any::<u64>().prop_map(Value::U64),
        any::<bool>().prop_map(Value::Bool),
        "[ -~äöüß\n\"]{0,12}".prop_map(|text| Value::Text(text.into())),
    ];
    let quality = prop::sample::select(vec![Quality::GOOD, Quality::STALE, Quality::PAYLOAD]);
    let sample = (0_i64..4_000_000_000_000_000, prop::option::of(value), quality)
        .prop_map(|(time, value, quality)| Sample::new(Utc(time), value, quality, None));
    prop::collection::vec(sample, 1..60)
}

#[test]
fn what_is_exported_as_json_reads_back_to_the_last_bit_in_whatever_order_it_came() {
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&(any_samples(), 0_usize..60), |(samples, sealed)| {
        let mut plant = Plant::new("UTC");
        plant.tag(1, "a.b", "");
        let sealed = sealed.min(samples.len());
        plant.record(1, &samples[..sealed]);
        plant.seal();
        plant.record(1, &samples[sealed..]);
        let out = plant.told(&["--format", "jsonl"]);
        let columns: Columns = samples.iter().cloned().collect();
        let expected: Vec<String> = columns
            .into_canonical()
            .0
            .iter()
            .map(|s| {
                let value = match s.value {
                    None => "null".to_owned(),
                    Some(Value::Text(text)) => serde_json::to_string(text.as_ref()).unwrap(),
                    Some(Value::F64(v)) => serde_json::to_string(&v).unwrap(),
                    Some(other) => other.to_string(),
                };
                let time = s.time.to_rfc3339_exact();
                format!(r#"{{"tag":"a.b","time":"{time}","value":{value},"quality":"{}"}}"#, s.quality)
            })
            .collect();
        prop_assert_eq!(out.lines().collect::<Vec<_>>(), expected);
        Ok(())
    });
    checked.unwrap();
}
