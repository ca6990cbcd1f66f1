//! A running plant and its history: what the field told lies in `history.sqlite`, and what ails the history is told and
//! stops nothing.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use rusqlite::{Connection, OpenFlags};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use support::{Modbus, Running, until};
use watchkeeper::engine::{Actor, AlarmState, HistoryState, Mode, Quality, Value};
use watchkeeper::historian::history::{Columns, HISTORY_FILE, Sample, SeriesId, Store, chunk, rows};
use watchkeeper::historian::{JournalReader, Row};
use watchkeeper::link::PlantLink;
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::{Station, StationConfig, WhenHeld, field_runtime, load};

fn config(plant: &Path) -> StationConfig {
    StationConfig {
        loaded: load(plant).unwrap(),
        mode: Mode::Live,
        data_folder: None,
        record: true,
        when_held: WhenHeld::Show,
        tail_points: 0,
        client_id_suffix: None,
        actor: Actor { user: "anna".into(), computer: "desk-1".into(), desk: None },
        clock: system_clock(),
    }
}

/// A plant of [`support::project`] with these keys at its level, in a folder of its own.
fn plant(folder: &Path, modbus: &Modbus, keys: &str) -> (PathBuf, PathBuf) {
    let path = support::project(folder, modbus.address);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("scale = 0.5\n", &format!("scale = 0.5\n{keys}\n"))).unwrap();
    (path, folder.join("plant.data"))
}

/// All samples of a tag in a history that was stopped in order, and is therefore sealed.
fn samples(data: &Path, name: &str) -> Vec<Sample> {
    let connection = Connection::open(data.join(HISTORY_FILE)).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let left: i64 = connection.query_row("SELECT count(*) FROM log", [], |r| r.get(0)).unwrap();
    assert_eq!(left, 0, "all is sealed");
    let series = SeriesId(connection.query_row("SELECT id FROM tag WHERE name = ?1", [name], |r| r.get(0)).unwrap());
    let mut columns = Columns::new();
    rows::summaries(&connection, series, rows::CHUNK_LEVEL, i64::MIN, i64::MAX, |row| {
        columns.append(&chunk::decode(&rows::chunk_bytes(&connection, row.body.unwrap())?.unwrap()).unwrap());
        Ok(())
    })
    .unwrap();
    columns.iter().collect()
}

/// Value or quality of each, those that are like the one before left out.
fn steps(samples: &[Sample]) -> Vec<String> {
    let words = |s: &Sample| s.value.as_ref().map_or_else(|| s.quality.to_string(), ToString::to_string);
    let mut steps: Vec<String> = samples.iter().map(words).collect();
    steps.dedup();
    steps
}

fn journal(data: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    let each = |row| {
        rows.push(row);
        ControlFlow::Continue(())
    };
    JournalReader::open(data).unwrap().unwrap().read(None, None, each).unwrap();
    rows
}

fn entry(data: &Path, event: &str) -> Option<Row> {
    journal(data).into_iter().find(|row| row.event.as_ref() == event)
}

fn shows(link: &PlantLink, value: f64) {
    until("the value", || {
        let snapshot = link.snapshots.borrow().clone();
        let view = snapshot.tag(snapshot.plan.tag_id("tank1.level")?)?;
        (view.value == Some(Value::F64(value)) && view.quality.is_good()).then_some(())
    });
}

fn state(link: &PlantLink, what: &str, wanted: impl Fn(&HistoryState) -> bool) -> HistoryState {
    until(what, || link.snapshots.borrow().history.clone().filter(&wanted))
}

fn alarm(link: &PlantLink, name: &str) -> Option<AlarmState> {
    let snapshot = link.snapshots.borrow().clone();
    let id = snapshot.plan.alarm_id(name)?;
    snapshot.alarms.iter().find(|a| a.id == id).map(|a| a.state)
}

#[test]
fn what_the_field_told_lies_in_the_history_from_the_start_of_the_program_to_its_stop() {
    let mut modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let (plant, data) = plant(folder.path(), &modbus, "");
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    for word in [20, 40, 60] {
        modbus.set(0, &[word]);
        shows(&link, f64::from(word) / 2.0);
    }
    modbus.pull_the_plug();
    until("the device to be gone", || {
        let snapshot = link.snapshots.borrow().clone();
        (snapshot.tag(snapshot.plan.tag_id("tank1.level")?)?.quality == Quality::NO_COMMUNICATION).then_some(())
    });
    let told = state(&link, "samples on the disk", |s| s.samples > 0 && s.recorded_to.is_some());
    assert_eq!((told.lost, told.fault), (0, None));
    assert!(told.bytes > 0);
    assert_eq!(station.stop(), Vec::<String>::new());

    let level = samples(&data, "tank1.level");
    let mut steps = steps(&level);
    // Whether the register was read before it was set is chance.
    steps.retain(|step| step != "0");
    assert_eq!(steps, ["bad:waiting", "10", "20", "30", "bad:no-communication", "bad:not-running"]);
    assert!(level.windows(2).all(|pair| pair[0].time < pair[1].time));
    let gone = level.iter().find(|s| s.quality == Quality::NO_COMMUNICATION).unwrap();
    assert!(gone.detail.is_some(), "a gap has its reason in the data");
    let energy = samples(&data, "meter.energy");
    assert!(energy.iter().any(|s| matches!(s.value, Some(Value::U64(_)))), "integers are exact: {energy:?}");
}

#[test]
fn a_tag_that_is_never_recorded_is_not_and_a_second_program_records_nothing() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let (plant, data) = plant(folder.path(), &modbus, "record = \"never\"");
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    shows(&link, 0.0);
    let second = Station::start(config(&plant), runtime.handle()).unwrap();
    assert!(second.about().held_by.is_some());
    assert_eq!(second.link().snapshots.borrow().history, None);
    assert_eq!(second.stop(), Vec::<String>::new());
    state(&link, "samples on the disk", |s| s.samples > 0);
    assert_eq!(station.stop(), Vec::<String>::new());
    assert_eq!(samples(&data, "tank1.level"), []);
    let energy = steps(&samples(&data, "meter.energy"));
    assert_eq!(energy, ["bad:waiting", "0", "bad:not-running"], "one program's, once");
}

#[test]
fn a_program_that_is_killed_loses_nothing_of_what_was_on_the_disk_and_the_gap_says_that_it_did_not_run() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let (plant, data) = plant(folder.path(), &modbus, "");
    let mut command = support::watchkeeper(&["run"]);
    command.arg(&plant);
    let child = Running::start(command);
    // The value that was on the disk last, after some commits of others.
    let mut word = 0;
    let logged = || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(data.join(HISTORY_FILE), flags).ok()?;
        connection.query_row("SELECT count(*) FROM log", [], |r| r.get::<_, i64>(0)).ok()
    };
    until("three commits", || {
        word = (word + 2) % 100;
        modbus.set(0, &[word]);
        logged().filter(|commits| *commits >= 3)
    });
    child.kill();
    let before: Vec<Sample> = {
        let mut store = Store::open(&data, system_clock().now().utc).unwrap();
        assert_eq!(store.set_aside(), None);
        let found = store.take_found();
        let series = found.tags.iter().find(|t| t.name == "tank1.level").unwrap().series;
        found.unsealed.samples[&series].iter().collect()
    };
    assert!(before.len() > 3);

    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    shows(&station.link(), f64::from(word) / 2.0);
    assert_eq!(station.stop(), Vec::<String>::new());
    let all = samples(&data, "tank1.level");
    assert_eq!(all[..before.len()], before);
    let after = steps(&all[before.len()..]);
    let value = (f64::from(word) / 2.0).to_string();
    assert_eq!(after, ["bad:not-running", "bad:waiting", value.as_str(), "bad:not-running"]);
}

#[test]
fn while_the_disk_refuses_values_and_alarms_go_on_and_nothing_is_lost() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let (plant, data) = plant(folder.path(), &modbus, "");
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    state(&link, "samples on the disk", |s| s.samples > 0);
    // Somebody else writes in the file and does not end.
    let intruder = Connection::open(data.join(HISTORY_FILE)).unwrap();
    intruder.execute_batch("BEGIN IMMEDIATE").unwrap();
    modbus.set(0, &[60]);
    let failing = state(&link, "a recording fault", |s| s.fault.is_some());
    assert!(failing.fault.unwrap().contains("locked"));
    until("the system's alarm", || alarm(&link, "system.history/recording"));
    modbus.set(0, &[192]);
    until("an alarm of the plant", || alarm(&link, "tank1.level/high"));
    until("the fault in the journal", || entry(&data, "recording-fault"));
    intruder.execute_batch("ROLLBACK").unwrap();
    drop(intruder);
    let mended = state(&link, "recording again", |s| s.fault.is_none() && s.waiting == 0);
    assert_eq!(mended.lost, 0);
    let resumed = until("the end of the fault in the journal", || entry(&data, "recording-resumed"));
    assert_eq!(resumed.note.as_deref(), Some("nothing was lost"));
    assert_eq!(station.stop(), Vec::<String>::new());
    let level = steps(&samples(&data, "tank1.level"));
    assert!(level.ends_with(&["30", "96", "bad:not-running"].map(str::to_owned)), "{level:?}");
}

#[test]
fn a_history_of_a_newer_version_is_left_alone_and_the_plant_runs_without() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let (plant, data) = plant(folder.path(), &modbus, "");
    let runtime = field_runtime().unwrap();
    Station::start(config(&plant), runtime.handle()).unwrap().stop();
    let file = data.join(HISTORY_FILE);
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&file).unwrap();

    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    modbus.set(0, &[60]);
    shows(&link, 30.0);
    let told = state(&link, "a fault", |s| s.fault.is_some()).fault.unwrap();
    assert!(told.contains("99"), "{told}");
    assert_eq!(alarm(&link, "system.history/recording"), Some(AlarmState::Unacknowledged));
    assert_eq!(station.stop(), Vec::<String>::new());
    let journaled = entry(&data, "recording-fault").unwrap();
    assert_eq!(journaled.note, Some(told));
    assert!(std::fs::read(&file).unwrap() == before, "untouched");
}

#[test]
fn a_history_that_cannot_be_opened_at_the_start_is_begun_as_soon_as_it_can_be() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let (plant, data) = plant(folder.path(), &modbus, "");
    // As a full disk does: the journal is there, and no further file can be made.
    std::fs::create_dir_all(data.join(HISTORY_FILE)).unwrap();
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    modbus.set(0, &[60]);
    shows(&link, 30.0);
    state(&link, "a fault", |s| s.fault.is_some());
    assert_eq!(alarm(&link, "system.history/recording"), Some(AlarmState::Unacknowledged));
    std::fs::remove_dir(data.join(HISTORY_FILE)).unwrap();
    assert_eq!(state(&link, "samples on the disk", |s| s.samples > 0).fault, None);
    until("the end of the fault in the journal", || entry(&data, "recording-resumed"));
    modbus.set(0, &[80]);
    shows(&link, 40.0);
    assert_eq!(station.stop(), Vec::<String>::new());
    assert_eq!(steps(&samples(&data, "tank1.level")), ["30", "40", "bad:not-running"]);
}

#[test]
fn a_damaged_history_is_set_aside_and_a_new_one_begun() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let (plant, data) = plant(folder.path(), &modbus, "");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join(HISTORY_FILE), [b"not what it was".as_slice(); 500].concat()).unwrap();
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    shows(&link, 0.0);
    assert_eq!(state(&link, "samples on the disk", |s| s.samples > 0).fault, None);
    let notice = link.about.notices.iter().find(|n| n.contains("history"));
    assert!(notice.is_some(), "the window says it too: {:?}", link.about.notices);
    assert_eq!(station.stop(), Vec::<String>::new());
    let note = entry(&data, "history-set-aside").unwrap().note.unwrap();
    let aside = std::fs::read_dir(&data).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap());
    let aside: Vec<String> = aside.filter(|name| name.contains("damaged")).collect();
    assert!(matches!(aside.as_slice(), [one] if note.contains(one)), "{aside:?} {note}");
    assert_eq!(steps(&samples(&data, "tank1.level")), ["bad:waiting", "0", "bad:not-running"]);
}
