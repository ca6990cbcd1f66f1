//! A whole plant in one process: what survives a kill, who may act, how often a screen is told, what a desk opens.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::{BufRead as _, BufReader};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use support::{Modbus, Running, until};
use watchkeeper::engine::{Actor, AlarmRef, AlarmState, AlarmView, Command, LinkState, Mode, Quality, Value};
use watchkeeper::historian::{JOURNAL_FILE, JournalReader, Row, Verdict};
use watchkeeper::link::{AddDisplay, Desk, DeskRequest, PlantLink};
use watchkeeper::project::{NewDisplay, Pen};
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::{Station, StationConfig, Supervisor, WhenHeld, field_runtime, load};
use watchkeeper::time::{Clock, Now, Span};

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
    let snapshot = link.snapshots.borrow().clone();
    assert_eq!(snapshot.devices[0].status.state, LinkState::Held(who.as_str().into()));
    let level = snapshot.tag(snapshot.plan.tag_id("tank1.level").unwrap()).unwrap();
    assert_eq!(level.quality, Quality::NO_COMMUNICATION, "the project is not at fault");
    assert_eq!(level.detail.as_deref(), Some(format!("asked by {who}").as_str()));
    second.stop();
    holder.stop();
    let refused = Station::start(StationConfig { when_held: WhenHeld::Refuse, ..config(&plant) }, runtime.handle());
    assert!(refused.is_ok(), "free again");
}

#[test]
#[cfg(unix)]
fn a_data_folder_that_is_deleted_is_noticed_and_nothing_counts_as_recorded() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    let raised = in_state(&link, AlarmState::Unacknowledged);
    let data = link.about.data_folder.clone();
    std::fs::remove_dir_all(&data).unwrap();

    let told = "was deleted or moved while it was in use";
    let journal = || link.snapshots.borrow().journal.fault.clone();
    assert!(until("the journal's fault, with nobody acting", journal).contains(told));
    let history = || link.snapshots.borrow().history.as_ref().and_then(|h| h.fault.clone());
    assert!(until("the history's fault", history).contains(told));
    acknowledge(&link, raised.occurrence, "seen");
    let refusal = until("a refusal", || link.snapshots.borrow().refusals.last().cloned());
    assert!(refusal.reason.contains(told), "{}", refusal.reason);
    in_state(&link, AlarmState::Unacknowledged);

    // Another process takes a folder of the same name; the first touches nothing of it when it stops.
    let second = Station::start(config(&plant), runtime.handle()).unwrap();
    assert!(second.about().held_by.is_none());
    let faults = station.stop();
    assert!(!faults.is_empty(), "what could not be recorded is told");
    assert!(data.join("watchkeeper.owner").exists(), "the owner's name is still that of the second");
    second.stop();
    assert!(matches!(verify(&data), Verdict::Whole { .. }));
}

#[test]
#[cfg(unix)]
fn a_data_folder_that_is_deleted_is_made_anew_and_all_goes_on_in_it() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    let raised = in_state(&link, AlarmState::Unacknowledged);
    let data = link.about.data_folder.clone();
    std::fs::remove_dir_all(&data).unwrap();
    let faults = || {
        let snapshot = link.snapshots.borrow();
        [snapshot.journal.fault.clone(), snapshot.history.as_ref().and_then(|h| h.fault.clone())]
    };
    until("both faults", || faults().iter().all(Option::is_some).then_some(()));
    until("both are mended", || faults().iter().all(Option::is_none).then_some(()));

    // Its lock is ours again, and what a person does counts.
    let second = Station::start(config(&plant), runtime.handle()).unwrap();
    assert!(second.about().held_by.is_some());
    second.stop();
    acknowledge(&link, raised.occurrence, "seen");
    in_state(&link, AlarmState::Acknowledged);
    modbus.set(0, &[190]);
    until("the value", || {
        let snapshot = link.snapshots.borrow().clone();
        let value = snapshot.tag(snapshot.plan.tag_id("tank1.level")?)?.value.clone();
        (value == Some(Value::F64(95.0))).then_some(())
    });
    assert_eq!(station.stop(), Vec::<String>::new());
    assert!(matches!(verify(&data), Verdict::Whole { .. }));

    // The next start knows the alarm, and the history what the other tag has been all the while.
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let kept = in_state(&station.link(), AlarmState::Acknowledged);
    assert_eq!(kept.occurrence, raised.occurrence);
    station.stop();
    let (code, out, error) = support::ended(&["export", plant.to_str().unwrap()]);
    assert_eq!(code, 0, "{error}");
    let energy: Vec<&str> =
        out.lines().filter(|line| line.starts_with("meter.energy") && line.ends_with(",0,good")).collect();
    assert!(!energy.is_empty(), "which did not change since: {out}");
    assert!(out.contains(",100,good") && out.contains(",95,good"), "{out}");
}

#[test]
fn an_alarm_keeps_its_state_when_it_and_its_tag_are_renamed() {
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
    let text = text.replace("\"tank1.level\"", "\"tank9.level\"\nwas = \"tank1.level\"");
    // The alarm by another name, too.
    let text = text.replace("kind = \"high\"", "name = \"brim\"\nwas = \"high\"\nkind = \"high\"");
    std::fs::write(&plant, text).unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let snapshot = station.link().snapshots.borrow().clone();
    let id = snapshot.plan.alarm_id("tank9.level/brim").unwrap();
    let kept = snapshot.alarms.iter().find(|a| a.id == id).unwrap();
    assert_eq!((kept.state, kept.occurrence), (AlarmState::Acknowledged, 1));
    station.stop();

    let connection = rusqlite::Connection::open(folder.path().join("plant.data").join(JOURNAL_FILE)).unwrap();
    let mut names = connection.prepare("SELECT kind || ' ' || name FROM identity WHERE id = (SELECT id FROM identity WHERE kind = 'tag' AND name = 'tank1.level') AND kind = 'tag' ORDER BY since").unwrap();
    let names: Vec<String> = names.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(names, ["tag tank1.level", "tag tank9.level"], "one id, two names");
}

#[test]
fn the_journal_says_in_words_what_changed_between_two_starts() {
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), "127.0.0.1:1".parse().unwrap());
    let runtime = field_runtime().unwrap();
    let told_by_a_start = || {
        Station::start(config(&plant), runtime.handle()).unwrap().stop();
        let deployed = rows(&folder.path().join("plant.data")).into_iter().rfind(|r| r.event.as_ref() == "deployed");
        deployed.unwrap().note.unwrap().to_string()
    };
    let note = told_by_a_start();
    assert!(!note.contains("last start"), "nothing to compare with: {note}");
    let note = told_by_a_start();
    assert!(note.ends_with("; as at the last start"), "{note}");
    let text = std::fs::read_to_string(&plant).unwrap();
    std::fs::write(&plant, text.replace("limit = 95.0", "limit = 90.0").replace("\"u64\"", "\"u32\"")).unwrap();
    let note = told_by_a_start();
    let changes = "; since the last start: limit of tank1.level/high 95 → 90; type of meter.energy u64 → u32";
    assert!(note.ends_with(changes), "{note}");
    std::fs::write(&plant, format!("# a word to the reader\n{}", std::fs::read_to_string(&plant).unwrap())).unwrap();
    let note = told_by_a_start();
    assert!(note.ends_with("; written otherwise than at the last start, to the same effect"), "{note}");
}

#[test]
fn a_step_of_the_wall_clock_is_journaled_and_ages_do_not_jump() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let runtime = field_runtime().unwrap();
    let (real, step) = (system_clock(), Arc::new(AtomicI64::new(0)));
    let stepped = step.clone();
    let clock = Clock::new(move || {
        let Now { mono, utc } = real.now();
        Now { mono, utc: utc + Span(stepped.load(Ordering::SeqCst)) }
    });
    let station = Station::start(StationConfig { clock: clock.clone(), ..config(&plant) }, runtime.handle()).unwrap();
    let link = station.link();
    until("a value", || {
        let snapshot = link.snapshots.borrow().clone();
        snapshot.tag(snapshot.plan.tag_id("tank1.level")?)?.value.clone()
    });
    step.store(3_600_000_000, Ordering::SeqCst);
    let data = folder.path().join("plant.data");
    let told = until("the step", || rows(&data).into_iter().find(|r| r.event.as_ref() == "clock-stepped"));
    assert!(told.note.unwrap().starts_with("by +3600."));
    let snapshot = link.snapshots.borrow().clone();
    let level = snapshot.tag(snapshot.plan.tag_id("tank1.level").unwrap()).unwrap();
    assert!(level.age(clock.now().mono).unwrap() < Span::from_secs(60));
    assert!(level.quality.is_good(), "nothing grew stale: {}", level.quality);
    station.stop();
}

#[test]
fn what_a_person_did_just_before_the_end_is_still_journaled() {
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), "127.0.0.1:1".parse().unwrap());
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    link.commands.try_send(Command::Window { by: link.about.actor.clone(), opened: false }).unwrap();
    station.stop();
    let events: Vec<_> = rows(&folder.path().join("plant.data")).iter().map(|r| r.event.to_string()).collect();
    assert_eq!(events[2..], ["window-closed", "stopped", "checkpoint"], "{events:?}");
}

#[test]
fn a_value_that_was_forced_is_live_again_after_a_restart_and_the_window_is_told() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[50]);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    let (by, value) = (link.about.actor.clone(), Some(Value::F64(99.0)));
    let force = Command::Force { by, tag: "tank1.level".into(), value, reason: Some("loop check".into()), until: None };
    link.commands.try_send(force).unwrap();
    until("the force", || Some(()).filter(|()| link.snapshots.borrow().forced.len() == 1));
    in_state(&link, AlarmState::Unacknowledged);
    station.stop();

    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    let notice = link.about.notices.iter().find(|notice| notice.contains("tank1.level")).unwrap();
    assert!(notice.starts_with("Forced or simulated when the last run ended"), "{notice}");
    let level = until("a live value", || {
        let snapshot = link.snapshots.borrow().clone();
        snapshot.tag(snapshot.plan.tag_id("tank1.level")?).filter(|view| view.quality.is_good()).cloned()
    });
    assert_ne!(level.value, Some(Value::F64(99.0)));
    station.stop();
    let data = folder.path().join("plant.data");
    assert!(matches!(verify(&data), Verdict::Whole { .. }));
    let told: Vec<_> = rows(&data).into_iter().filter(|row| row.subject.as_deref() == Some("tank1.level")).collect();
    let told: Vec<String> = told.iter().map(|r| format!("{} {}", r.event, r.note.as_deref().unwrap_or(""))).collect();
    assert_eq!(told, ["forced loop check", "released the program was started anew; it had been forced by anna@desk-1"]);
}

#[test]
fn a_screen_is_told_at_most_twenty_times_a_second_however_fast_the_plant_changes() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let text = std::fs::read_to_string(&plant).unwrap();
    std::fs::write(&plant, text.replace("poll = \"50ms\"", "poll = \"5ms\"")).unwrap();
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant), runtime.handle()).unwrap();
    let mut link = station.link();
    let mut times = Vec::new();
    runtime.block_on(async {
        for word in 0..30 {
            link.snapshots.changed().await.unwrap();
            times.push(link.snapshots.borrow_and_update().now.mono);
            modbus.set(0, &[word]);
        }
    });
    let gaps: Vec<Span> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| *gap >= Span::from_millis(50)), "{gaps:?}");
    station.stop();
}

#[test]
fn a_desk_opens_a_project_and_keeps_it_when_the_next_cannot_be_read() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let missing = folder.path().join("missing.toml");
    let runtime = field_runtime().unwrap();
    let actor = config(&plant).actor;
    let open = |path: &Path| DeskRequest::Open(path.to_owned());
    let (desk, supervisor) =
        Supervisor::start(open(&missing), runtime.handle().clone(), actor, system_clock(), None).unwrap();
    let shown = |what, wanted: fn(&Desk) -> bool| until(what, || Some(desk.desk.borrow().clone()).filter(wanted));

    let failed = shown("a failure", |desk| matches!(desk, Desk::Failed { .. }));
    assert!(matches!(failed, Desk::Failed { what, .. } if what.ends_with("missing.toml")));
    desk.requests.try_send(open(&plant)).unwrap();
    let Desk::Plant(link) = shown("a plant", |desk| matches!(desk, Desk::Plant(_))) else { panic!("no plant") };
    assert_eq!(link.snapshots.borrow().plan.tags.len(), 2);

    let picture = folder.path().join("picture.png");
    std::fs::write(&picture, b"\x89PNG\r\n").unwrap();
    for (wrong, why) in [
        (&missing, "that folder holds \"plant.toml\""),
        (&picture, "nothing in it can run:\n1:1: error: the file is not UTF-8"),
    ] {
        desk.requests.try_send(open(wrong)).unwrap();
        let told = until("a refusal", || match &*desk.desk.borrow() {
            Desk::Plant(plant) => plant.refused.clone().filter(|r| r.what == wrong.display().to_string()),
            _ => None,
        });
        assert!(told.why.contains(why), "{}", told.why);
        assert!(link.snapshots.has_changed().is_ok(), "the plant before still runs");
    }

    supervisor.stopper()();
    until("the desk's end", || desk.desk.has_changed().is_err().then_some(()));
    supervisor.stop();
    let events: Vec<_> = rows(&folder.path().join("plant.data")).iter().map(|r| r.event.to_string()).collect();
    assert_eq!(events.iter().filter(|e| *e == "started").count(), 1, "{events:?}");
    assert_eq!(events[events.len() - 2..], ["stopped", "checkpoint"]);
}

#[test]
fn a_window_takes_the_plant_over_when_its_holder_has_ended_and_says_so_while_it_cannot() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let runtime = field_runtime().unwrap();
    let holder = Station::start(config(&plant), runtime.handle()).unwrap();
    in_state(&holder.link(), AlarmState::Unacknowledged);
    let first = DeskRequest::Open(plant.clone());
    let (desk, supervisor) =
        Supervisor::start(first, runtime.handle().clone(), config(&plant).actor, system_clock(), None).unwrap();
    let link = |wanted: &dyn Fn(&PlantLink) -> bool| {
        until("a plant", || match desk.desk.borrow().clone() {
            Desk::Plant(link) if wanted(&link) => Some(link),
            _ => None,
        })
    };
    let held = link(&|_| true);
    assert!(held.about.held_by.is_some() && held.about.unwatched.is_none());

    let text = std::fs::read_to_string(&plant).unwrap();
    std::fs::remove_file(&plant).unwrap();
    holder.stop();
    let unwatched = link(&|link| link.about.unwatched.is_some()).about.unwatched.clone().unwrap();
    assert!(unwatched.contains("has ended, and this window could not take the plant over"), "{unwatched}");

    std::fs::write(&plant, text).unwrap();
    let own = link(&|link| link.about.held_by.is_none());
    assert!(own.about.notices.iter().any(|n| n.contains("this window has taken it over")), "{:?}", own.about.notices);
    let seen = in_state(&own, AlarmState::Unacknowledged);
    acknowledge(&own, seen.occurrence, "mine now");
    in_state(&own, AlarmState::Acknowledged);
    supervisor.stop();
    let events: Vec<_> = rows(&folder.path().join("plant.data")).iter().map(|r| r.event.to_string()).collect();
    assert_eq!(events.iter().filter(|e| *e == "started").count(), 2, "{events:?}");
}

#[test]
fn a_display_is_saved_into_the_file_and_shown_while_everything_is_watched_on() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let before = std::fs::read_to_string(&plant).unwrap();
    let runtime = field_runtime().unwrap();
    let actor = config(&plant).actor;
    let first = DeskRequest::Open(plant.clone());
    let (desk, supervisor) = Supervisor::start(first, runtime.handle().clone(), actor, system_clock(), None).unwrap();
    let link = until("a plant", || match desk.desk.borrow().clone() {
        Desk::Plant(link) => Some(link),
        _ => None,
    });
    let raised = in_state(&link, AlarmState::Unacknowledged);
    acknowledge(&link, raised.occurrence, "seen");
    in_state(&link, AlarmState::Acknowledged);
    let requests = |link: &PlantLink| link.snapshots.borrow().devices[0].status.reconnects;
    let reconnects = requests(&link);

    let ask = |name: &str| {
        let answer = Arc::default();
        let pens = vec![Pen { tag: "tank1.level".to_owned(), right: false }];
        let display = NewDisplay { name: name.to_owned(), parent: None, span: Span::from_secs(7_200), pens };
        let by = Actor { user: "anna".into(), computer: "desk-1".into(), desk: Some("Anna B.".into()) };
        let asked = AddDisplay { display, by, answer: Arc::clone(&answer) };
        desk.requests.try_send(DeskRequest::AddDisplay(Box::new(asked))).unwrap();
        until("an answer", || answer.get().cloned())
    };
    let said: String = ask("Night watch").unwrap();
    assert!(said.starts_with("Saved as a display in ") && said.ends_with("plant.toml"), "{said}");
    let after = std::fs::read_to_string(&plant).unwrap();
    assert!(after.strip_prefix(before.as_str()).is_some_and(|added| added.contains("name = \"Night watch\"")));
    until("the display", || {
        let snapshot = link.snapshots.borrow().clone();
        snapshot.plan.displays.iter().any(|d| d.display.name == "Night watch").then_some(())
    });
    // The same connection, the same alarm with what was done about it, and values that go on.
    assert_eq!(requests(&link), reconnects);
    let kept = alarm(&link).unwrap();
    assert_eq!((kept.state, kept.occurrence), (AlarmState::Acknowledged, raised.occurrence));
    let answered = link.snapshots.borrow().devices[0].status.answers;
    until("values that go on", || (link.snapshots.borrow().devices[0].status.answers > answered).then_some(()));

    // A name that is taken, a file that somebody else has changed.
    let taken: String = ask("night watch").unwrap_err();
    assert!(taken.starts_with("there is a display \"night watch\" already"), "{taken}");
    std::fs::write(&plant, format!("{after}# a note\n")).unwrap();
    let changed: String = ask("Another").unwrap_err();
    assert!(changed.contains("was changed since it was opened"), "{changed}");
    assert!(std::fs::read_to_string(&plant).unwrap().ends_with("# a note\n"));

    supervisor.stop();
    let rows = rows(&folder.path().join("plant.data"));
    let deployed: Vec<&Row> = rows.iter().filter(|r| r.event.to_string() == "deployed").collect();
    assert_eq!(deployed.len(), 2, "at the start, and with the display");
    let note = deployed[1].note.as_deref().unwrap_or_default();
    assert!(note.starts_with("display \"Night watch\" added, sha256 "), "{note}");
    assert_eq!((deployed[1].user.as_deref(), deployed[1].desk.as_deref()), (Some("anna"), Some("Anna B.")));
}
