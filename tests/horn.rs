//! The horn through the running program, with players of the test's own: one that logs its start, one that hangs, one that
//! dies, and what each of them comes to.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::{Modbus, Running, until};
use watchkeeper::engine::{Actor, AlarmRef, AlarmState, Command, HornState, Mode};
use watchkeeper::historian::{JournalReader, Row};
use watchkeeper::link::{HornChoice, HornTest, PlantLink};
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::horn::Horn;
use watchkeeper::runtime::{Station, StationConfig, WhenHeld, field_runtime, load};

/// A sound has to begin within this after its sample (screens.md).
const IN_TIME: Duration = Duration::from_secs(1);

/// A player that does what a file beside it says, and logs each sound that it begins to play.
struct Player {
    folder: tempfile::TempDir,
}

impl Player {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = r#"#!/bin/sh
here=$(dirname "$0")
mode=$(cat "$here/mode")
case "$mode" in
    dies) echo "ALSA lib: nothing here" >&2; echo "no soundcards found..." >&2; exit 1 ;;
esac
name=$(basename "$1" .wav)
echo "$name" >> "$here/log"
case "$mode" in
    hangs) sleep 1000 & echo $! >> "$here/children"; wait ;;
    slow) sleep 1 ;;
esac
"#;
        let path = folder.path().join("player");
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let player = Self { folder };
        player.mode("plays");
        player
    }

    fn path(&self) -> String {
        self.folder.path().join("player").to_string_lossy().into_owned()
    }

    fn mode(&self, mode: &str) {
        // Never half a word for a player that starts at this moment.
        let (new, place) = (self.folder.path().join("mode.new"), self.folder.path().join("mode"));
        fs::write(&new, mode).unwrap();
        fs::rename(new, place).unwrap();
    }

    fn read(&self, file: &str) -> Vec<String> {
        fs::read_to_string(self.folder.path().join(file)).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Names of the sounds that were begun, without the trials in silence.
    fn sounds(&self) -> Vec<String> {
        self.read("log").into_iter().filter(|name| name != "probe").collect()
    }

    /// Waits for one more sound than there were; its name and how long it took.
    fn next(&self, before: usize) -> (String, Duration) {
        let from = now();
        let name = until("a sound", || self.sounds().get(before).cloned());
        (name, from.elapsed())
    }

    /// Children that hang, and still live.
    fn alive(&self) -> usize {
        self.read("children").iter().filter(|id| Path::new("/proc").join(id).exists()).count()
    }
}

#[expect(clippy::disallowed_methods, reason = "a running program is watched with the real clock")]
fn now() -> Instant {
    Instant::now()
}

/// A plant in this process, with its horn.
struct Plant {
    modbus: Modbus,
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Plant {
    fn new() -> Self {
        let modbus = Modbus::start(10);
        modbus.set(0, &[100]);
        let folder = tempfile::tempdir().unwrap();
        let path = support::project(folder.path(), modbus.address);
        Self { modbus, folder, path }
    }

    fn config(&self) -> StationConfig {
        StationConfig {
            loaded: load(&self.path).unwrap(),
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

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let data = self.folder.path().join("plant.data");
        let Ok(Some(reader)) = JournalReader::open(&data) else { return rows };
        let each = |row| {
            rows.push(row);
            std::ops::ControlFlow::Continue(())
        };
        reader.read(None, None, each).unwrap();
        rows
    }

    /// `run` on it, with this player.
    fn run(&self, player: &Player, arguments: &[&str]) -> Running {
        let mut command = support::watchkeeper(&["run"]);
        command.arg(&self.path).args(arguments).env("WATCHKEEPER_PLAYER", player.path());
        command.stderr(std::process::Stdio::null());
        Running::start(command)
    }

    fn entry(&self, event: &str) -> Option<Row> {
        self.rows().into_iter().find(|row| row.event.as_ref() == event)
    }
}

fn choice(player: &Player) -> HornChoice {
    HornChoice { off: None, player: Some(player.path()) }
}

fn state_of(link: &PlantLink, name: &str) -> Option<(AlarmState, u64)> {
    let snapshot = link.snapshots.borrow().clone();
    let id = snapshot.plan.alarm_id(name)?;
    snapshot.alarms.iter().find(|a| a.id == id).map(|a| (a.state, a.occurrence))
}

#[test]
fn run_sounds_within_a_second_again_and_again_and_after_a_kill() {
    let (plant, player) = (Plant::new(), Player::new());
    let running = plant.run(&player, &[]);
    until("the trial at the start", || player.read("log").first().filter(|name| *name == "probe").cloned());
    until("the first value", || plant.entry("link-up"));
    assert_eq!(player.sounds(), [""; 0], "nothing is wrong, nothing sounds");
    plant.modbus.set(0, &[200]);
    let (name, took) = player.next(0);
    println!("run, sample to the player's start: {took:?}");
    assert_eq!(name, "critical");
    assert!(took < IN_TIME, "{took:?}");
    let from = now();
    player.next(1);
    let again = from.elapsed();
    assert!((Duration::from_secs(3)..Duration::from_secs(6)).contains(&again), "again after {again:?}");
    running.kill();
    let before = player.sounds().len();
    let running = plant.run(&player, &[]);
    assert_eq!(player.next(before).0, "critical", "nobody has seen it: it sounds after a restart");
    let (code, ..) = running.terminate();
    assert_eq!(code, 0);
    assert_eq!(plant.entry("raised").unwrap().alarm.as_deref(), Some("tank1.level/high"));
    assert!(plant.entry("horn-silent").is_none());
}

#[test]
fn a_silent_gateway_sounds_nothing_raises_nothing_and_says_so_in_the_journal() {
    let (plant, player) = (Plant::new(), Player::new());
    let running = plant.run(&player, &["--silent"]);
    plant.modbus.set(0, &[200]);
    until("the alarm", || plant.entry("raised"));
    let off = until("the horn's entry", || plant.entry("horn-off"));
    assert_eq!(off.note.as_deref(), Some("run with --silent"));
    running.terminate();
    assert_eq!(player.read("log"), [""; 0]);
}

#[test]
fn silence_and_acknowledgement_stop_the_sound_and_the_next_new_alarm_sounds_again() {
    let (plant, player) = (Plant::new(), Player::new());
    let runtime = field_runtime().unwrap();
    let station = Station::start(plant.config(), runtime.handle()).unwrap();
    let link = station.link();
    let (horn, horn_link) = Horn::start(choice(&player), system_clock()).unwrap();
    horn.attach(station.horn_feed());
    let horn_is = |what: &str, found: &dyn Fn(&HornState) -> bool| {
        until(what, || found(&link.snapshots.borrow().horn_state).then_some(()));
    };
    horn_is("ready", &|state| matches!(state, HornState::Ready { player } if **player == *"player"));
    let by = || link.about.actor.clone();

    plant.modbus.set(0, &[200]);
    let (name, took) = player.next(0);
    assert_eq!(name, "critical");
    assert!(took < IN_TIME, "{took:?}");
    link.commands.try_send(Command::Silence { by: by() }).unwrap();
    until("silence", || link.snapshots.borrow().horn.is_none().then_some(()));
    let quiet = player.sounds().len();
    // Longer than its interval: it would have sounded again.
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(player.sounds().len(), quiet);

    // The same alarm anew is a new occurrence, and is heard.
    plant.modbus.set(0, &[100]);
    until("returned", || state_of(&link, "tank1.level/high").filter(|(state, _)| *state == AlarmState::Returned));
    plant.modbus.set(0, &[200]);
    let (_, took) = player.next(quiet);
    assert!(took < IN_TIME, "{took:?}");

    let (_, occurrence) = state_of(&link, "tank1.level/high").unwrap();
    let alarms = vec![AlarmRef { alarm: "tank1.level/high".into(), occurrence }];
    link.commands.try_send(Command::Acknowledge { by: by(), alarms, note: None }).unwrap();
    until("acknowledged", || state_of(&link, "tank1.level/high").filter(|(s, _)| *s == AlarmState::Acknowledged));
    let quiet = player.sounds().len();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(player.sounds().len(), quiet);

    // The test tone is heard all the same, and its answer comes back; a horn that is switched off says so.
    let test = || {
        let (test, answer) = HornTest::new();
        horn_link.tests.try_send(test).unwrap();
        answer.recv_timeout(Duration::from_secs(10)).unwrap()
    };
    assert_eq!(test().unwrap().as_ref(), "player");
    assert_eq!(player.sounds().last().unwrap(), "test");
    horn_link.choice.send_replace(HornChoice { off: Some("by anna@desk-1".into()), ..choice(&player) });
    horn_is("off", &|state| matches!(state, HornState::Off(how) if **how == *"by anna@desk-1"));
    player.mode("dies");
    assert_eq!(test().unwrap_err(), "player: no soundcards found...");
    assert!(state_of(&link, "system.horn/silent").is_none(), "one that is switched off is no fault");
    drop(horn);
    station.stop();
}

#[test]
fn a_player_that_hangs_or_dies_is_an_alarm_of_the_system_which_returns_when_it_is_heard_again() {
    let (plant, player) = (Plant::new(), Player::new());
    player.mode("hangs");
    let runtime = field_runtime().unwrap();
    let station = Station::start(plant.config(), runtime.handle()).unwrap();
    let link = station.link();
    let (horn, horn_link) = Horn::start(choice(&player), system_clock()).unwrap();
    horn.attach(station.horn_feed());
    let why = || match &link.snapshots.borrow().horn_state {
        HornState::Silent(why) => Some(why.to_string()),
        _ => None,
    };
    // The trial in silence at the start: a tenth of a second, and two seconds more.
    let hung = until("told that it hangs", why);
    assert_eq!(hung, "player did not end within 2.1 s, and was stopped");
    until("the alarm", || {
        state_of(&link, "system.horn/silent").filter(|(state, _)| *state == AlarmState::Unacknowledged)
    });
    until("killed with what it started", || (!player.read("children").is_empty() && player.alive() == 0).then_some(()));
    // That alarm wants to be heard itself: it is tried again, and found to die now.
    player.mode("dies");
    until("told that it dies", || why().filter(|why| why == "player: no soundcards found..."));
    assert_eq!(
        plant.rows().iter().filter(|row| row.event.as_ref() == "horn-silent").count(),
        1,
        "one fault, one entry"
    );
    // Mended: found so by the next try, or at once by the test tone.
    player.mode("plays");
    let (test, answer) = HornTest::new();
    horn_link.tests.try_send(test).unwrap();
    assert_eq!(answer.recv_timeout(Duration::from_secs(15)).unwrap().unwrap().as_ref(), "player");
    until("the alarm has returned", || {
        state_of(&link, "system.horn/silent").filter(|(state, _)| *state == AlarmState::Returned)
    });
    assert!(plant.entry("horn-ready").is_some());

    // What hangs is not left behind by a program that ends.
    player.mode("hangs");
    plant.modbus.set(0, &[200]);
    until("a sound that hangs", || (player.alive() == 1).then_some(()));
    drop(horn);
    until("nothing is left", || (player.alive() == 0).then_some(()));
    station.stop();
}

#[test]
fn where_there_is_no_player_the_horn_says_so_with_a_mend() {
    let choice = HornChoice { off: None, player: Some("no-such-player --loud".to_owned()) };
    let (_horn, link) = Horn::start(choice, system_clock()).unwrap();
    let (test, answer) = HornTest::new();
    link.tests.try_send(test).unwrap();
    let why = answer.recv_timeout(Duration::from_secs(10)).unwrap().unwrap_err();
    assert_eq!(why, "the player \"no-such-player\" was not found");
}

#[test]
fn horn_test_plays_every_sound_and_says_how_it_went() {
    let player = Player::new();
    let (code, said, _) = support::ended(&["horn-test", "--player", &player.path()]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(player.sounds(), ["test", "critical", "high", "medium", "low"]);
    assert_eq!(said.lines().next(), Some("test: played by player"));
    player.mode("dies");
    let (code, said, _) = support::ended(&["horn-test", "--player", &player.path()]);
    assert_eq!(code, 3);
    assert!(said.lines().all(|line| line.ends_with(": cannot be heard: player: no soundcards found...")), "{said}");
}

#[test]
fn the_first_of_a_thousand_alarms_a_second_is_heard_within_a_second() {
    const TAGS: usize = 1_000;
    let player = Player::new();
    player.mode("slow");
    let modbus = Modbus::start(TAGS);
    let folder = tempfile::tempdir().unwrap();
    let mut text = format!(
        "watchkeeper = 1\nname = \"Storm\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"{}\"\npoll = \"250ms\"\n",
        modbus.address
    );
    for number in 0..TAGS {
        write!(
            text,
            "[[tag]]\nname = \"t{number}\"\ndevice = \"plc1\"\nregister = \"holding:{number}\"\ntype = \"u16\"\n\
             [[tag.alarm]]\nkind = \"high\"\nlimit = 50\npriority = \"high\"\nmessage = \"hot\"\n"
        )
        .unwrap();
    }
    let path = folder.path().join("plant.toml");
    fs::write(&path, text).unwrap();
    let plant = Plant { modbus, folder, path };
    let running = plant.run(&player, &[]);
    until("the first values", || plant.entry("link-up"));
    let storm = |round: u16| plant.modbus.set(0, &vec![if round.is_multiple_of(2) { 100 } else { 0 }; TAGS]);
    let from = now();
    storm(0);
    let (name, took) = player.next(0);
    println!("1,000 alarms at once, first sample to the player's start: {took:?}");
    assert_eq!(name, "high");
    assert!(took < IN_TIME, "{took:?}");
    // A thousand a second go on coming: up in one half second, back in the other.
    let mut round = 1;
    while from.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(500));
        storm(round);
        round += 1;
    }
    let heard = player.sounds().len();
    // A second each and a short rest between: without pause, and never two at a time.
    assert!((5..=9).contains(&heard), "{heard} sounds in ten seconds");
    running.terminate();
    let raised = plant.rows().iter().filter(|row| row.event.as_ref() == "raised").count();
    println!("{raised} alarms raised in ten seconds, {heard} sounds");
    assert!(raised > 5_000, "{raised}");
}
