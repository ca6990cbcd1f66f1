//! The journal on a real disk: its chain, who owns it, what it survives.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::{BufRead as _, BufReader};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use support::{Modbus, Running, until};
use tokio::sync::mpsc;
use watchkeeper::engine::{
    Actor, AlarmRef, AlarmState, AlarmView, Command, Entry, Event, Input, JournalState, LinkState, Mode, Quality,
    Ticket, Value,
};
use watchkeeper::historian::{JOURNAL_FILE, Journal, JournalError, JournalReader, Row, Store, Verdict, Writer};
use watchkeeper::link::PlantLink;
use watchkeeper::project::Priority;
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::{Station, StationConfig, WhenHeld, field_runtime, load};
use watchkeeper::time::{Clock, Now, Utc};

const NOON: Utc = Utc(1_795_348_800_000_000);

fn raised(number: u64) -> Entry {
    let mut entry = Entry::new(Utc(NOON.0 + number as i64), Event::Raised);
    entry.alarm = Some("tank1.level/high".into());
    entry.occurrence = Some(number);
    entry.priority = Some(Priority::High);
    entry.value = Some(Value::F64(96.25));
    entry.quality = Some(Quality::GOOD);
    entry.unit = Some("%".into());
    entry
}

fn acknowledged() -> Entry {
    let mut entry = raised(1);
    entry.event = Event::Acknowledged;
    entry.by = Some(Actor { user: "anna".into(), computer: "desk-1".into(), desk: None });
    entry
}

fn append(journal: &mut Journal, entries: &[Entry]) {
    journal.append(&entries.iter().collect::<Vec<_>>()).unwrap();
}

fn rows(folder: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    let each = |row| {
        rows.push(row);
        ControlFlow::Continue(())
    };
    JournalReader::open(folder).unwrap().unwrap().read(None, None, each).unwrap();
    rows
}

fn verify(folder: &Path) -> Verdict {
    JournalReader::open(folder).unwrap().unwrap().verify().unwrap()
}

/// What somebody with an SQLite shell would do.
fn tamper(folder: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(folder.join(JOURNAL_FILE)).unwrap();
    connection.execute_batch("DROP TRIGGER entry_is_append_only_1; DROP TRIGGER entry_is_append_only_2;").unwrap();
    connection.execute_batch(sql).unwrap();
}

fn ten_entries(folder: &Path) {
    let mut journal = Journal::open(folder, NOON).unwrap();
    append(&mut journal, &(1..=10).map(raised).collect::<Vec<_>>());
}

fn clock() -> Clock {
    Clock::new(|| Now { utc: NOON, ..Now::default() })
}

#[test]
fn entries_come_back_as_they_were_written_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries = vec![raised(1), acknowledged(), Entry::new(NOON, Event::LinkDown)];
    for value in
        [Value::U64(u64::MAX), Value::I64(i64::MIN), Value::Bool(false), Value::Text("ä €".into()), Value::F64(0.1)]
    {
        let mut entry = raised(2);
        (entry.value, entry.note, entry.began, entry.until) =
            (Some(value), Some("note".into()), Some(NOON), Some(NOON));
        entry.subject = Some("plc1".into());
        entries.push(entry);
    }
    append(&mut Journal::open(folder.path(), NOON).unwrap(), &entries);
    let read: Vec<Entry> = rows(folder.path()).iter().filter_map(Row::to_entry).collect();
    assert_eq!(read, entries);
    assert!(matches!(verify(folder.path()), Verdict::Whole { entries: 8, .. }));
}

#[test]
fn a_changed_row_is_named_by_verification() {
    for (sql, seq) in [
        ("UPDATE entry SET value = 12.5 WHERE seq = 4", 4),
        ("UPDATE entry SET note = '' WHERE seq = 7", 7),
        ("UPDATE entry SET time = 'noon' WHERE seq = 2", 2),
        ("UPDATE entry SET hash = zeroblob(32) WHERE seq = 3", 3),
        ("UPDATE entry SET previous = zeroblob(32) WHERE seq = 5", 5),
        ("DELETE FROM entry WHERE seq = 6", 6),
        ("DELETE FROM entry WHERE seq = 1", 1),
        ("DELETE FROM entry WHERE seq > 8", 9),
        ("UPDATE entry SET seq = 11 WHERE seq = 10", 10),
    ] {
        let folder = tempfile::tempdir().unwrap();
        ten_entries(folder.path());
        // A column of the wrong type is refused by the STRICT table itself.
        if sql.contains("noon") {
            let connection = rusqlite::Connection::open(folder.path().join(JOURNAL_FILE)).unwrap();
            connection.execute_batch("DROP TRIGGER entry_is_append_only_1").unwrap();
            assert!(connection.execute_batch(sql).is_err());
            continue;
        }
        tamper(folder.path(), sql);
        let verdict = verify(folder.path());
        assert!(matches!(verdict, Verdict::Broken { seq: found, .. } if found == seq), "{sql}: {verdict:?}");
    }
}

#[test]
fn an_end_that_was_cut_off_stays_visible_after_more_was_written() {
    let folder = tempfile::tempdir().unwrap();
    ten_entries(folder.path());
    tamper(folder.path(), "DELETE FROM entry WHERE seq > 8");
    append(&mut Journal::open(folder.path(), NOON).unwrap(), &[raised(11)]);
    assert!(matches!(verify(folder.path()), Verdict::Broken { seq: 9, .. }));
}

#[test]
fn the_table_itself_refuses_change_and_removal() {
    let folder = tempfile::tempdir().unwrap();
    ten_entries(folder.path());
    let connection = rusqlite::Connection::open(folder.path().join(JOURNAL_FILE)).unwrap();
    for sql in ["UPDATE entry SET note = 'x' WHERE seq = 1", "DELETE FROM entry"] {
        assert!(connection.execute_batch(sql).unwrap_err().to_string().contains("append-only"));
    }
}

#[test]
fn a_newer_journal_is_refused_and_left_untouched() {
    let folder = tempfile::tempdir().unwrap();
    ten_entries(folder.path());
    let path = folder.path().join(JOURNAL_FILE);
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = Journal::open(folder.path(), NOON).unwrap_err();
    assert!(matches!(error, JournalError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("format 99"));
    assert!(matches!(JournalReader::open(folder.path()), Err(JournalError::Newer { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_journal_is_set_aside_and_a_new_one_begun() {
    for damage in ["garbage", "holes", "foreign"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(JOURNAL_FILE);
        match damage {
            "garbage" => std::fs::write(&path, vec![0x5A; 9_000]).unwrap(),
            "holes" => {
                let mut journal = Journal::open(folder.path(), NOON).unwrap();
                append(&mut journal, &(1..=900).map(raised).collect::<Vec<_>>());
                drop(journal);
                let mut bytes = std::fs::read(&path).unwrap();
                let end = bytes.len();
                bytes[end / 2..end / 2 + 40_000].fill(0xFF);
                std::fs::write(&path, bytes).unwrap();
            }
            _ => rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE shopping (item)").unwrap(),
        }
        let damaged = std::fs::read(&path).unwrap();
        let mut journal = Journal::open(folder.path(), NOON).unwrap();
        let (aside, why) = journal.set_aside().unwrap();
        assert!(aside.to_string_lossy().contains("journal.damaged-20261122T120000000Z"), "{}", aside.display());
        assert!(!why.is_empty());
        assert_eq!(std::fs::read(aside).unwrap(), damaged, "{damage}: kept as it was");
        append(&mut journal, &[raised(1)]);
        assert!(matches!(verify(folder.path()), Verdict::Whole { entries: 1, .. }));
    }
}

#[test]
fn a_start_reads_from_the_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), NOON).unwrap();
    append(&mut journal, &(1..=999).map(raised).collect::<Vec<_>>());
    assert!(!journal.checkpoint_due());
    append(&mut journal, &[raised(1_000)]);
    assert!(journal.checkpoint_due());
    journal.checkpoint(NOON).unwrap();
    append(&mut journal, &[raised(1_001)]);
    let memories = journal.memories().clone();
    assert!(!memories.is_empty());
    drop(journal);
    // Everything before the checkpoint may be unreadable, and the memories still come back.
    tamper(folder.path(), "UPDATE entry SET event = 'of a later version', alarm = NULL WHERE seq < 1001");
    assert_eq!(Journal::open(folder.path(), NOON).unwrap().memories(), &memories);
}

/// A disk that refuses while `refuses` says why.
struct Disk {
    journal: Journal,
    refuses: Arc<std::sync::Mutex<Option<String>>>,
}

impl Store for Disk {
    fn append(&mut self, entries: &[&Entry]) -> Result<(), String> {
        match self.refuses.lock().unwrap().clone() {
            Some(why) => Err(why),
            None => Store::append(&mut self.journal, entries),
        }
    }
    fn checkpoint(&mut self, now: Utc, closing: bool) -> Result<(), String> {
        Store::checkpoint(&mut self.journal, now, closing)
    }
    fn entries(&self) -> u64 {
        self.journal.entries()
    }
    fn bytes(&self) -> u64 {
        self.journal.bytes()
    }
}

/// The answer that `wanted` picks; the test's patience is bounded.
fn answer<T>(answers: &mut mpsc::Receiver<Input>, mut wanted: impl FnMut(&Input) -> Option<T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Some(found) = wanted(&answers.recv().await.unwrap()) {
                    return found;
                }
            }
        })
        .await
        .unwrap()
    })
}

fn durable(input: &Input) -> Option<u64> {
    if let Input::Durable(Ticket(number)) = input { Some(*number) } else { None }
}

#[test]
fn an_entry_is_told_durable_after_another_connection_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut answers) = mpsc::channel(16);
    let writer = Writer::start(Journal::open(folder.path(), NOON).unwrap(), sender, clock()).unwrap();
    for number in 1..=50 {
        writer.queue().push(Some(Ticket(number)), raised(number));
    }
    answer(&mut answers, |input| durable(input).filter(|n| *n == 50));
    assert_eq!(rows(folder.path()).len(), 50);
    let state = answer(&mut answers, |i| if let Input::Journal(state) = i { Some(state.clone()) } else { None });
    assert!(matches!(state, JournalState { entries: 50, waiting: 0, lost: 0, fault: None, bytes: 1.. }), "{state:?}");
    writer.close(Duration::from_secs(5)).unwrap();
    assert_eq!(rows(folder.path()).last().unwrap().event.as_ref(), "checkpoint");
}

#[test]
fn while_the_disk_refuses_an_acknowledgement_is_refused_at_once_and_what_happened_waits_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let refuses = Arc::new(std::sync::Mutex::new(Some("no space left on device".to_owned())));
    let disk = Disk { journal: Journal::open(folder.path(), NOON).unwrap(), refuses: refuses.clone() };
    let (sender, mut answers) = mpsc::channel(64);
    let writer = Writer::start(disk, sender, clock()).unwrap();
    let queue = writer.queue();
    queue.push(Some(Ticket(1)), raised(1));
    answer(&mut answers, |i| {
        matches!(i, Input::Journal(JournalState { waiting: 1, fault: Some(_), .. })).then_some(())
    });
    queue.push(Some(Ticket(2)), acknowledged());
    let why =
        answer(&mut answers, |i| if let Input::JournalFailed(Ticket(2), why) = i { Some(why.clone()) } else { None });
    assert_eq!(why.as_ref(), "no space left on device");
    queue.push(Some(Ticket(3)), raised(3));
    *refuses.lock().unwrap() = None;
    answer(&mut answers, |input| durable(input).filter(|n| *n == 3));
    let events: Vec<_> = rows(folder.path()).iter().map(|r| (r.event.to_string(), r.occurrence)).collect();
    assert_eq!(events, [("raised".into(), Some(1)), ("refused".into(), Some(1)), ("raised".into(), Some(3))]);
    let note = rows(folder.path())[1].note.clone().unwrap();
    assert_eq!(note.as_ref(), "acknowledged: could not be recorded: no space left on device");
    writer.close(Duration::from_secs(5)).unwrap();
    assert!(matches!(verify(folder.path()), Verdict::Whole { .. }));
}

#[test]
fn what_finds_no_room_is_counted_and_told_by_one_gap_entry() {
    let folder = tempfile::tempdir().unwrap();
    let refuses = Arc::new(std::sync::Mutex::new(Some("read-only file system".to_owned())));
    let disk = Disk { journal: Journal::open(folder.path(), NOON).unwrap(), refuses: refuses.clone() };
    let (sender, mut answers) = mpsc::channel(64);
    let writer = Writer::start_with_limit(disk, sender, clock(), 3).unwrap();
    let queue = writer.queue();
    for number in 1..=5 {
        queue.push(Some(Ticket(number)), raised(number));
    }
    queue.push(Some(Ticket(6)), acknowledged());
    answer(&mut answers, |i| matches!(i, Input::JournalFailed(Ticket(6), _)).then_some(()));
    answer(&mut answers, |i| matches!(i, Input::Journal(JournalState { lost: 3, .. })).then_some(()));
    *refuses.lock().unwrap() = None;
    answer(&mut answers, |i| matches!(i, Input::Journal(JournalState { fault: None, waiting: 0, .. })).then_some(()));
    queue.push(None, raised(7));
    writer.close(Duration::from_secs(5)).unwrap();
    let told: Vec<_> =
        rows(folder.path()).iter().map(|r| (r.event.to_string(), r.note.clone().unwrap_or_default())).collect();
    let events: Vec<_> = told.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(events, ["raised", "raised", "raised", "gap", "raised", "checkpoint"]);
    assert!(told[3].1.starts_with("3 entries were lost"), "{}", told[3].1);
}

/// What a station in a test runs on.
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

fn alarm(link: &PlantLink) -> Option<AlarmView> {
    let snapshot = link.snapshots.borrow().clone();
    let id = snapshot.plan.alarm_id("tank1.level/high")?;
    snapshot.alarms.iter().find(|a| a.id == id).cloned()
}

fn in_state(link: &PlantLink, state: AlarmState) -> AlarmView {
    until(state.word(), || alarm(link).filter(|a| a.state == state))
}

fn acknowledge(link: &PlantLink, occurrence: u64, note: &str) {
    let by = link.about.actor.clone();
    let alarms = vec![AlarmRef { alarm: "tank1.level/high".into(), occurrence }];
    link.commands.try_send(Command::Acknowledge { by, alarms, note: Some(note.into()) }).unwrap();
}

/// The plant of [`what_was_acknowledged_stays_so_after_a_kill`], in a process that can be killed: acknowledges the alarm,
/// says so, and lives on. Does nothing where nobody asked for it.
#[test]
fn a_plant_to_be_killed() {
    let Some(plant) = std::env::var_os("WATCHKEEPER_TEST_PLANT") else { return };
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(Path::new(&plant)), runtime.handle()).unwrap();
    let link = station.link();
    let raised = in_state(&link, AlarmState::Unacknowledged);
    acknowledge(&link, raised.occurrence, "seen");
    in_state(&link, AlarmState::Acknowledged);
    // On disk before it was shown.
    println!("acknowledged");
    // Longer than any patience: what ends it is the kill.
    std::thread::sleep(Duration::from_hours(1));
}

#[test]
fn what_was_acknowledged_stays_so_after_a_kill() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_plant_to_be_killed", "--nocapture"]).env("WATCHKEEPER_TEST_PLANT", &plant);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let mut child = Running::start(command);
    let lines = BufReader::new(child.child().stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("acknowledged")));
    child.kill();

    let data = folder.path().join("plant.data");
    assert!(matches!(verify(&data), Verdict::Whole { .. }));
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    let kept = in_state(&link, AlarmState::Acknowledged);
    assert_eq!(kept.occurrence, 1);
    assert_eq!(kept.acknowledged.unwrap().0.as_ref(), "anna@desk-1");
    // The condition that still holds is no new alarm; one that returns and comes again is.
    until("a value", || {
        let snapshot = link.snapshots.borrow().clone();
        snapshot.tag(snapshot.plan.tag_id("tank1.level")?)?.value.clone()
    });
    assert_eq!(in_state(&link, AlarmState::Acknowledged).occurrence, 1);
    modbus.set(0, &[20]);
    until("normal", || alarm(&link).is_none().then_some(()));
    modbus.set(0, &[200]);
    assert_eq!(in_state(&link, AlarmState::Unacknowledged).occurrence, 2);
    assert_eq!(station.stop(), Vec::<String>::new());

    let started: Vec<_> = rows(&data).into_iter().filter(|r| r.event.as_ref() == "started").collect();
    assert_eq!(started.len(), 2);
    let note = started[1].note.clone().unwrap();
    assert!(note.contains("the last run ended without a stop"), "{note}");
    assert!(matches!(verify(&data), Verdict::Whole { .. }));
}

#[test]
fn a_run_that_is_killed_again_and_again_loses_nothing_that_was_written() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let data = folder.path().join("plant.data");
    let written = || {
        if data.join(JOURNAL_FILE).exists() {
            JournalReader::open(&data).ok().flatten().map(|_| rows(&data).len())
        } else {
            None
        }
    };
    let mut before = 0;
    for round in 0..5 {
        let mut command = support::watchkeeper(&["run"]);
        command.arg(&plant);
        let child = Running::start(command);
        // The alarm comes and goes as fast as the device is asked.
        until("entries of this run", || {
            modbus.set(0, &[if round % 2 == 0 { 200 } else { 20 }]);
            std::thread::sleep(Duration::from_millis(60));
            modbus.set(0, &[100]);
            written().filter(|n| *n >= before + 3)
        });
        child.kill();
        let after = rows(&data).len();
        assert!(after >= before + 3, "{after} after {before}");
        assert!(matches!(verify(&data), Verdict::Whole { .. }));
        before = after;
    }
}

#[test]
fn a_second_desk_shows_the_alarms_says_who_holds_the_plant_and_acknowledges_nothing() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let runtime = field_runtime().unwrap();
    let holder = Station::start(config(&plant), runtime.handle()).unwrap();
    in_state(&holder.link(), AlarmState::Unacknowledged);

    let second = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = second.link();
    let who = link.about.held_by.clone().unwrap();
    assert!(who.starts_with(&format!("process {} of anna on desk-1", std::process::id())), "{who}");
    let seen = in_state(&link, AlarmState::Unacknowledged);
    acknowledge(&link, seen.occurrence, "seen");
    let refusal = until("a refusal", || link.snapshots.borrow().refusals.last().cloned());
    assert!(refusal.reason.contains("the plant is held by process"), "{}", refusal.reason);
    assert_eq!(in_state(&link, AlarmState::Unacknowledged).occurrence, 1);
    assert!(
        matches!(&link.snapshots.borrow().devices[0].status.state, LinkState::Unserved(why) if why.contains("process"))
    );
    second.stop();
    holder.stop();
    let refused = Station::start(StationConfig { when_held: WhenHeld::Refuse, ..config(&plant) }, runtime.handle());
    assert!(refused.is_ok(), "free again");
}

#[test]
fn an_alarm_keeps_its_state_when_its_tag_is_renamed() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    let raised = in_state(&link, AlarmState::Unacknowledged);
    acknowledge(&link, raised.occurrence, "seen");
    in_state(&link, AlarmState::Acknowledged);
    station.stop();

    let text = std::fs::read_to_string(&plant).unwrap();
    std::fs::write(&plant, text.replace("\"tank1.level\"", "\"tank9.level\"\nwas = \"tank1.level\"")).unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let snapshot = station.link().snapshots.borrow().clone();
    let id = snapshot.plan.alarm_id("tank9.level/high").unwrap();
    let kept = snapshot.alarms.iter().find(|a| a.id == id).unwrap();
    assert_eq!((kept.state, kept.occurrence), (AlarmState::Acknowledged, 1));
    station.stop();

    let connection = rusqlite::Connection::open(folder.path().join("plant.data").join(JOURNAL_FILE)).unwrap();
    let mut names = connection.prepare("SELECT kind || ' ' || name FROM identity WHERE id = (SELECT id FROM identity WHERE kind = 'tag' AND name = 'tank1.level') AND kind = 'tag' ORDER BY since").unwrap();
    let names: Vec<String> = names.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(names, ["tag tank1.level", "tag tank9.level"], "one id, two names");
}
