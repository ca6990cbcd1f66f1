//! A bundle made of a real history and journal, and what is read of it again, as its users call it.

use super::{Plant, SECOND, any_samples, good, utc};
use crate::support::{Running, told, until, watchkeeper};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::fs;
use std::io::Read as _;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use watchkeeper::engine::{Actor, AlarmState, Command, Entry, Event, Mode, Quality, Value};
use watchkeeper::historian::bundle::zip::{self, Archive};
use watchkeeper::historian::history::ask::Question;
use watchkeeper::historian::history::query::HistoryReader;
use watchkeeper::historian::history::slice::Slice;
use watchkeeper::historian::history::{Sample, SeriesId};
use watchkeeper::historian::{FileError, Journal, JournalReader, Verdict, bundle, members};
use watchkeeper::link::{Desk, DeskRequest, PlantLink};
use watchkeeper::project::{Member, Priority};
use watchkeeper::runtime::bundle::Bundle;
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::{Supervisor, field_runtime, load_recorded};
use watchkeeper::time::Utc;

const FROM: &str = "2026-11-20T10:30:00Z";
const TO: &str = "2026-11-20T11:30:00Z";

/// Runs the program with a place of its own for what is unpacked.
fn ended(plant: &Plant, arguments: &[&str]) -> (i32, String, String) {
    told(watchkeeper(arguments).env("XDG_CACHE_HOME", plant.file("cache")).output().unwrap())
}

/// What it leaves of what it unpacked.
fn left_over(plant: &Plant) -> usize {
    fs::read_dir(plant.file("cache/watchkeeper/bundles")).map_or(0, Iterator::count)
}

fn bundled(plant: &Plant, more: &[&str]) -> (i32, String, String) {
    let (project, output) = (plant.project(), plant.file("night.bundle.zip"));
    ended(plant, &[&["bundle", &project, "-o", output.to_str().unwrap()], more].concat())
}

fn entry(minute: i64, event: Event) -> Entry {
    let mut entry = Entry::new(Utc(utc("2026-11-20T10:00:00Z").0 + minute * 60 * SECOND), event);
    entry.alarm = Some("new.flow/high".into());
    entry.occurrence = Some(if minute < 40 { 1 } else { 2 });
    entry.priority = Some(Priority::High);
    entry.value = Some(Value::U64(u64::MAX));
    entry.by =
        (event == Event::Acknowledged).then(|| Actor { user: "anna".into(), computer: "desk-1".into(), desk: None });
    entry
}

/// Two hours of a plant whose writer is there while it is bundled: some samples in chunks, some in the log, and a journal with
/// a checkpoint.
fn plant() -> Plant {
    let mut plant = Plant::new("Europe/Amsterdam");
    let text = fs::read_to_string(plant.project()).unwrap();
    let rules = "[[tag]]\nname = \"pump.state\"\nformula = \"3\"\n\
                 [[alarm]]\ntag = \"new.flow\"\nkind = \"high\"\nlimit = 900\npriority = \"high\"\n\
                 [[alarm]]\ntag = \"never.seen\"\nkind = \"quality\"\npriority = \"low\"\n";
    let display =
        "[[display]]\nname = \"Plant\"\n[[display.panel]]\nkind = \"image\"\nat = [0, 0, 4, 4]\nfile = \"plant.svg\"\n";
    fs::write(plant.project(), [text.as_str(), rules, display].concat()).unwrap();
    fs::write(plant.file("plant.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"8\" height=\"8\"/>").unwrap();
    plant.tag(1, "old.flow", "m³/h");
    plant.tag(1, "new.flow", "m³/h");
    plant.tag(2, "pump.state", "");
    plant.tag(3, "gone.before", "");
    let start = utc("2026-11-20T10:00:00Z").0;
    let flow = |second: i64| Sample::good(Utc(start + second * SECOND), second as f64 / 7.0);
    plant.record(1, &(0..5_000).map(flow).collect::<Vec<_>>());
    plant.record(3, &[good("2026-11-20T10:00:00Z", 1.0)]);
    plant.seal();
    plant.record(1, &(5_000..7_201).map(flow).collect::<Vec<_>>());
    let words = Sample::new(utc("2026-11-20T10:10:00Z"), Some(Value::Text("läuft".into())), Quality::GOOD, None);
    let lost = Sample::bad(utc("2026-11-20T11:00:00Z"), Quality::NO_COMMUNICATION, Some("refused".into()));
    plant.record(2, &[words, lost]);
    let mut journal = Journal::open(&plant.file("plant.data"), Utc(start)).unwrap();
    journal.append(&[&entry(1, Event::Raised), &entry(2, Event::Acknowledged)]).unwrap();
    journal.checkpoint(Utc(start + 180 * SECOND)).unwrap();
    journal.append(&[&entry(20, Event::Returned), &entry(40, Event::Raised), &entry(110, Event::Cleared)]).unwrap();
    plant
}

#[test]
fn what_is_read_of_a_bundle_is_what_is_read_of_the_plant() {
    let plant = plant();
    let (code, out, said) = bundled(&plant, &["--from", FROM, "--to", TO]);
    assert_eq!((code, out.as_str()), (0, ""), "{said}");
    assert!(said.contains("3604 samples of 3 tags and 3 journal entries"), "{said}");
    let bundle = plant.file("night.bundle.zip");
    let bundle = bundle.to_str().unwrap();
    let both = |command: &[&str]| {
        let of = |what: &str| {
            let (code, out, said) = ended(&plant, &[&command[..1], &[what], &command[1..]].concat());
            assert_eq!(code, 0, "{command:?} {what}: {said}");
            out
        };
        let (whole, slice) = (of(&plant.project()), of(bundle));
        assert!(whole == slice, "{command:?}:\n{whole}\nis not\n{slice}");
        slice
    };
    let samples = both(&["export", "--from", FROM, "--to", TO]);
    assert_eq!(samples.lines().count(), 1 + 3_600 + 1, "a row for each, and their head");
    both(&["export", "--from", FROM, "--to", TO, "--every", "10m", "--local"]);
    let held = both(&["export", "--tag", "pump.state", "--from", "2026-11-20T10:05:00Z", "--to", TO]);
    assert!(held.contains("läuft"), "what held when it began is in it: {held}");
    let entries = both(&["journal", "--from", FROM, "--to", TO, "--format", "jsonl"]);
    assert!(entries.contains("\"raised\"") && entries.contains("18446744073709551615"), "{entries}");
    let check = ended(&plant, &["check", bundle]);
    assert_eq!((check.0, check.1.as_str()), (0, ""), "{}", check.2);
    assert_eq!(ended(&plant, &["diff", &plant.project(), bundle]).0, 0);
    let (code, values, said) = ended(&plant, &["values", bundle, "--format", "csv"]);
    let expected = "tag,time,value,quality,unit\n\
                    new.flow,2026-11-20T11:29:59.000Z,771.2857142857143,uncertain:recorded,\n\
                    pump.state,2026-11-20T11:00:00.000Z,läuft,bad:no-communication,\n\
                    never.seen,2026-11-20T11:30:00.000Z,,bad:not-recorded,\n";
    assert_eq!((code, values.as_str()), (0, expected), "{said}");
    // Ago is before its end, whenever it is looked at.
    let (_, last, _) = ended(&plant, &["export", bundle, "--tag", "new.flow", "--from", "10s"]);
    assert_eq!(last.lines().count(), 1 + 10, "{last}");
    assert_eq!(left_over(&plant), 0);
}

#[test]
fn the_chain_of_a_slice_is_checked_and_said_to_be_one() {
    let plant = plant();
    assert_eq!(bundled(&plant, &["--from", FROM, "--to", TO]).0, 0);
    let bundle = plant.file("night.bundle.zip");
    let (code, out, _) = ended(&plant, &["journal", bundle.to_str().unwrap(), "--verify"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("whole: 3 entries") && out.contains("it is a slice that begins at entry 3"), "{out}");
    let (_, head, _) = ended(&plant, &["journal", bundle.to_str().unwrap(), "--head"]);
    let head = head.split_whitespace().next().unwrap();
    let (code, out, _) = ended(&plant, &["journal", &plant.project(), "--verify", "--head", head]);
    assert_eq!(code, 0, "its last entry is one of the plant's: {out}");
    // What the alarms remember at its end is what they remembered then.
    let opened = bundle::open(&bundle, &bundle::Unpacking::default()).unwrap();
    let slice = JournalReader::open(&opened.data_folder).unwrap().unwrap();
    let whole = JournalReader::open(&plant.file("plant.data")).unwrap().unwrap();
    assert_eq!(slice.memories().unwrap(), whole.memories_at(utc(TO)).unwrap().1);
    assert!(matches!(slice.verify().unwrap(), Verdict::Broken { .. }), "taken for a whole journal it has a hole");
}

#[test]
fn it_holds_the_text_as_it_is_the_pictures_and_all_that_is_recorded_where_nothing_is_said() {
    let plant = plant();
    let (code, _, said) = bundled(&plant, &[]);
    assert_eq!(code, 0, "{said}");
    let opened = bundle::open(&plant.file("night.bundle.zip"), &bundle::Unpacking::default()).unwrap();
    assert_eq!(fs::read(&opened.project).unwrap(), fs::read(plant.project()).unwrap());
    assert!(opened.project.with_file_name("plant.svg").exists());
    assert_eq!((opened.to, opened.manifest.samples), (utc("2026-11-20T12:00:00Z"), 7_204));
    assert_eq!(opened.manifest.plant, "Export");
    let folder = opened.data_folder.clone();
    drop(opened);
    assert!(!folder.exists(), "it goes with who opened it");
}

#[test]
fn nothing_is_replaced_unasked_and_nothing_of_the_plant_ever() {
    let plant = plant();
    assert_eq!(bundled(&plant, &["--last", "1h"]).0, 0);
    let before = fs::read(plant.file("night.bundle.zip")).unwrap();
    let (code, _, said) = bundled(&plant, &["--last", "30m"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("is there already") && said.contains("--force"), "{said}");
    assert_eq!(fs::read(plant.file("night.bundle.zip")).unwrap(), before);
    assert_eq!(bundled(&plant, &["--last", "30m", "--force"]).0, 0);
    assert_ne!(fs::read(plant.file("night.bundle.zip")).unwrap(), before);
    for precious in [PathBuf::from(plant.project()), plant.file("plant.data/history.sqlite")] {
        let to = precious.to_str().unwrap();
        let (code, _, said) = ended(&plant, &["bundle", &plant.project(), "-o", to, "--force"]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("belongs to the project"), "{said}");
    }
}

#[test]
fn what_cannot_be_bundled_says_why_and_leaves_nothing() {
    let plant = plant();
    let (code, _, said) = bundled(&plant, &["--from", "2026-11-21"]);
    assert_eq!(code, 3);
    assert!(said.contains("what is recorded ends at 2026-11-20T12:00:00.000Z"), "{said}");
    let text = fs::read_to_string(plant.project()).unwrap();
    let device = "[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://b\"\npassword = \"hunter2\"\n";
    fs::write(plant.project(), [text.as_str(), device].concat()).unwrap();
    let (code, _, said) = bundled(&plant, &[]);
    assert_eq!(code, 1);
    assert!(said.contains("a password may stand in line") && !said.contains("hunter2"), "{said}");
    let alone = plant.file("alone.toml");
    fs::write(&alone, "watchkeeper = 1\nname = \"x\"\n").unwrap();
    let output = plant.file("night.bundle.zip");
    let (code, _, said) = ended(&plant, &["bundle", alone.to_str().unwrap(), "-o", output.to_str().unwrap()]);
    assert_eq!(code, 3);
    assert!(said.contains("there is no history in"), "{said}");
    assert_eq!((output.exists(), left_over(&plant)), (false, 0));
    for command in ["run", "fmt"] {
        fs::write(&output, b"PK\x03\x04").unwrap();
        let (code, _, said) = ended(&plant, &[command, output.to_str().unwrap()]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("is a bundle"), "{said}");
    }
}

#[test]
fn an_opened_bundle_shows_what_was_at_its_end_and_judges_nothing_anew() {
    let plant = plant();
    assert_eq!(bundled(&plant, &["--from", FROM, "--to", TO]).0, 0);
    let loaded = load_recorded(&plant.file("night.bundle.zip")).unwrap();
    let bundle = Bundle::show(loaded, Actor::default(), &system_clock()).unwrap();
    let PlantLink { snapshots, commands, history, about, .. } = bundle.link();
    let snapshot = snapshots.borrow().clone();
    assert_eq!((snapshot.mode, snapshot.now.utc), (Mode::Bundle, utc(TO)));
    let view = |name: &str| snapshot.tag(snapshot.plan.tag_id(name).unwrap()).unwrap().clone();
    let flow = view("new.flow");
    assert_eq!((flow.value.clone(), flow.quality), (Some(Value::F64(5_399.0 / 7.0)), Quality::RECORDED));
    assert_eq!(flow.age(snapshot.now.mono).unwrap().0, SECOND, "against its end");
    let state = view("pump.state");
    let last_good = Some(Value::Text("läuft".into()));
    assert_eq!((state.value, state.quality), (last_good, Quality::NO_COMMUNICATION));
    assert_eq!(state.time, Some(utc("2026-11-20T10:10:00Z")), "with the age of the value");
    assert_eq!(state.detail.as_deref(), Some("refused"));
    assert_eq!(view("never.seen").quality, Quality::NOT_RECORDED);
    // It stood then, whatever the value is beside its limit; what has no value is not raised for that.
    let name = |id| snapshot.plan.alarm(id).unwrap().name.to_string();
    let stood: Vec<_> = snapshot.alarms.iter().map(|a| (name(a.id), a.state)).collect();
    assert_eq!(stood, [("new.flow/high".to_owned(), AlarmState::Unacknowledged)]);
    assert_eq!((snapshot.counts.shown, snapshot.counts.unacknowledged), ([0, 1, 0, 0], [0, 1, 0, 0]));
    assert_eq!(snapshot.horn, None);
    let by = Actor::default();
    assert!(commands.try_send(Command::Silence { by }).is_err(), "nobody takes a command");
    let shown = about.bundle.as_ref().unwrap();
    assert_eq!((shown.from, shown.to, about.file()), (utc(FROM), utc(TO), Some(&plant.file("night.bundle.zip"))));
    assert!(!about.data_folder.join("watchkeeper.lock").exists(), "nobody takes a folder");
    let question = Question { pens: vec!["new.flow".into()], from: utc(FROM), to: utc(TO), columns: 100 };
    let pending = history.unwrap().ask(question, std::sync::Arc::new(|| {}));
    let answer = until("the history", || pending.take());
    assert_eq!(answer.recorded_to, Some(utc(TO)), "to its very end");
    let picture = answer.pens[0].as_ref().unwrap();
    assert_eq!(picture.points.last().map(|point| point.value), Some(5_399.0 / 7.0));
    let folder = about.data_folder.clone();
    drop(bundle);
    assert!(!folder.exists());
}

#[test]
fn a_bundle_on_the_screen_stays_where_another_cannot_be_opened_and_goes_with_the_program() {
    let plant = plant();
    assert_eq!(bundled(&plant, &["--last", "1h"]).0, 0);
    let (bundle, torn) = (plant.file("night.bundle.zip"), plant.file("torn.bundle.zip"));
    let bytes = fs::read(&bundle).unwrap();
    fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
    let runtime = field_runtime().unwrap();
    let first = DeskRequest::Open(bundle.clone());
    let (desk, supervisor) =
        Supervisor::start(first, runtime.handle().clone(), Actor::default(), system_clock(), None).unwrap();
    let shown = |what: &str, wanted: &dyn Fn(&PlantLink) -> bool| {
        until(what, || match &*desk.desk.borrow() {
            Desk::Plant(link) if wanted(link) => Some(link.clone()),
            Desk::Failed { why, .. } => panic!("{why}"),
            _ => None,
        })
    };
    let link = shown("the bundle", &|_| true);
    assert_eq!(link.about.bundle.as_ref().unwrap().file, bundle);
    desk.requests.try_send(DeskRequest::Open(torn)).unwrap();
    let link = shown("the refusal", &|link| link.refused.is_some());
    let refused = link.refused.as_ref().unwrap();
    assert!(refused.why.contains("is damaged: its directory is missing"), "{}", refused.why);
    assert!(link.about.data_folder.join("history.sqlite").exists(), "the one before is there");
    let folder = link.about.data_folder.clone();
    drop(link);
    supervisor.stop();
    assert!(!folder.exists());
    assert_eq!(fs::read(&bundle).unwrap(), bytes, "it was looked at alone");
}

#[cfg(unix)]
#[test]
fn whoever_is_killed_while_making_one_leaves_none_or_a_whole_one_and_what_was_unpacked_goes_with_the_next() {
    let mut plant = plant();
    let start = utc("2026-11-20T13:00:00Z").0;
    plant.record(2, &(0..150_000).map(|n| Sample::good(Utc(start + n * 1_000), n as f64)).collect::<Vec<_>>());
    let output = plant.file("night.bundle.zip");
    let (mut cut, mut whole) = (0, 0);
    for delay in [5, 20, 60, 120, 250, 500] {
        let project = plant.project();
        let mut command = watchkeeper(&["bundle", &project, "-o", output.to_str().unwrap()]);
        command.env("XDG_CACHE_HOME", plant.file("cache"));
        let running = Running::start(command);
        std::thread::sleep(Duration::from_millis(delay));
        running.kill();
        if output.exists() {
            whole += 1;
            assert!(bundle::open(&output, &bundle::Unpacking::default()).is_ok(), "after {delay} ms");
            fs::remove_file(&output).unwrap();
        } else {
            cut += 1;
        }
    }
    assert!(cut > 0, "not one was cut off; {whole} were whole");
    let (code, _, said) = bundled(&plant, &[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(left_over(&plant), 0, "what the killed ones left");
    assert!(Path::new(&output).exists());
}

fn read_all(reader: &HistoryReader, range: Range<Utc>) -> Result<Vec<Sample>, FileError> {
    let mut samples = Vec::new();
    reader.samples(SeriesId(1), range, &AtomicBool::new(false), |sample| {
        samples.push(sample.clone());
        ControlFlow::Continue(())
    })?;
    Ok(samples)
}

#[test]
fn a_slice_of_any_history_holds_what_the_whole_holds_of_that_time_and_what_held_before() {
    let mut runner = TestRunner::new(Config { cases: 16, failure_persistence: None, ..Config::default() });
    let checked = runner.run(&(any_samples(), 0_usize..60, 0_usize..60, 0_usize..60), |(samples, sealed, from, to)| {
        let mut plant = Plant::new("UTC");
        plant.tag(1, "a.b", "");
        let sealed = sealed.min(samples.len());
        plant.record(1, &samples[..sealed]);
        plant.seal();
        plant.record(1, &samples[sealed..]);
        let (from, to) = (samples[from % samples.len()].time, samples[to % samples.len()].time);
        let range = from.min(to)..from.max(to);
        let whole = HistoryReader::open(&plant.file("plant.data"), None).unwrap().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let slice = Slice { range: range.clone(), to: range.end };
        slice.write(&whole, folder.path(), &AtomicBool::new(false), &mut |_, _, _| {}).unwrap().unwrap();
        let slice = HistoryReader::open(folder.path(), None).unwrap().unwrap();
        prop_assert_eq!(read_all(&slice, range.clone()).unwrap(), read_all(&whole, range.clone()).unwrap());
        prop_assert_eq!(
            slice.before(SeriesId(1), range.start).unwrap(),
            whole.before(SeriesId(1), range.start).unwrap()
        );
        prop_assert_eq!(slice.recorded_to().unwrap(), Some(range.end));
        prop_assert!(read_all(&slice, range.end..Utc(i64::MAX)).unwrap().is_empty(), "nothing of later");
        Ok(())
    });
    checked.unwrap();
}

/// The same bundle with other bytes in its databases, and hashes that fit them.
fn forged(bundle: &Path, to: &Path, forge: impl Fn(&str, &mut Vec<u8>)) {
    let mut archive = Archive::open(fs::File::open(bundle).unwrap()).unwrap();
    let mut writer = zip::Writer::new(fs::File::create(to).unwrap(), Utc(0));
    let mut manifest = Vec::new();
    let part = archive.find("manifest.json").unwrap();
    archive.read(part).unwrap().read_to_end(&mut manifest).unwrap();
    let mut manifest: bundle::Manifest = serde_json::from_slice(&manifest).unwrap();
    for row in &mut manifest.parts {
        let mut bytes = Vec::new();
        let part = archive.find(&row.name).unwrap();
        archive.read(part).unwrap().read_to_end(&mut bytes).unwrap();
        forge(&row.name, &mut bytes);
        let hash = writer.add(&row.name, bytes.len() as u64, &mut bytes.as_slice(), &mut || Ok(())).unwrap();
        row.sha256 = watchkeeper::historian::chain::hex(&hash);
    }
    let bytes = serde_json::to_vec(&manifest).unwrap();
    writer.add("manifest.json", bytes.len() as u64, &mut bytes.as_slice(), &mut || Ok(())).unwrap();
    writer.finish().unwrap();
}

#[test]
fn a_bundle_whose_databases_were_forged_byte_by_byte_is_shown_or_told_and_never_ends_the_program() {
    let plant = plant();
    assert_eq!(bundled(&plant, &["--last", "1h"]).0, 0);
    let (whole, other) = (plant.file("night.bundle.zip"), plant.file("forged.bundle.zip"));
    let (mut shown, mut told) = (0, 0);
    for seed in 0..40 {
        forged(&whole, &other, |name, bytes| {
            let mut random = fastrand::Rng::with_seed(seed);
            if name.ends_with(".sqlite") {
                for _ in 0..random.usize(1..20) {
                    let at = random.usize(..bytes.len());
                    bytes[at] = random.u8(..);
                }
            }
        });
        let opened = load_recorded(&other).map_err(|error| error.to_string());
        let opened = opened.and_then(|loaded| {
            let history = HistoryReader::open(&loaded.bundle.as_ref().unwrap().data_folder, None);
            if let Ok(Some(history)) = history {
                let _read_or_told = read_all(&history, Utc(i64::MIN)..Utc(i64::MAX));
            }
            Bundle::show(loaded, Actor::default(), &system_clock())
        });
        match opened {
            Ok(bundle) => {
                shown += 1;
                drop(bundle);
            }
            Err(why) => {
                told += 1;
                assert!(!why.is_empty());
            }
        }
    }
    assert!(shown > 0 && told > 0, "{shown} were shown, {told} told");
}

#[test]
fn an_entry_that_was_changed_on_the_way_is_found_by_the_chain() {
    let plant = plant();
    assert_eq!(bundled(&plant, &["--from", FROM, "--to", TO]).0, 0);
    let (whole, other) = (plant.file("night.bundle.zip"), plant.file("forged.bundle.zip"));
    let file = plant.file("journal.sqlite");
    forged(&whole, &other, |name, bytes| {
        if name == "journal.sqlite" {
            fs::write(&file, &*bytes).unwrap();
            let connection = rusqlite::Connection::open(&file).unwrap();
            let query = "SELECT sql FROM sqlite_schema WHERE name = 'entry_is_append_only_1'";
            let guard: String = connection.query_row(query, [], |row| row.get(0)).unwrap();
            let change = "DROP TRIGGER entry_is_append_only_1; UPDATE entry SET user = 'bert' WHERE seq = 5;";
            connection.execute_batch(&format!("{change} {guard};")).unwrap();
            drop(connection);
            *bytes = fs::read(&file).unwrap();
        }
    });
    let (code, out, said) = ended(&plant, &["journal", other.to_str().unwrap(), "--verify"]);
    assert_eq!(code, 1, "{out}{said}");
    assert!(out.starts_with("broken at entry 5: its content does not fit its hash"), "{out}");
}

#[test]
fn tags_that_were_found_by_their_topics_are_in_it() {
    let mut plant = Plant::new("UTC");
    let text = "watchkeeper = 1\nname = \"Site\"\n[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://b\"\n\
                [[tag]]\nname = \"{1}.wind\"\ndevice = \"site\"\ntopic = \"site/+/state\"\n";
    fs::write(plant.project(), text).unwrap();
    let found = Member { device: "site".into(), topic: "site/north/state".into() };
    members::write(&plant.file("plant.data"), &[found]).unwrap();
    plant.tag(1, "north.wind", "m/s");
    plant.record(1, &[good("2026-11-20T10:00:00Z", 7.5)]);
    plant.record(1, &[good("2026-11-20T10:00:01Z", 8.5)]);
    assert_eq!(bundled(&plant, &["--last", "1h"]).0, 0);
    let (_, values, said) =
        ended(&plant, &["values", plant.file("night.bundle.zip").to_str().unwrap(), "--format", "csv"]);
    assert!(values.contains("north.wind,2026-11-20T10:00:01.000Z,8.5,uncertain:recorded,"), "{values}{said}");
}
