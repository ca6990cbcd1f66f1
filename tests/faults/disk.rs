//! Real small disks: one that fills and is freed again, and one that cannot be written.

use crate::program::{Modbus, project, told as told_by, until, watchkeeper};
use crate::support::*;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc;
use watchkeeper::engine::{Actor, AlarmState, HistoryState, Mode, Quality, Value};
use watchkeeper::historian::history::{HistoryRecorder, Pace, Retention, SeriesId, Store};
use watchkeeper::link::PlantLink;
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::{Station, StationConfig, WhenHeld, field_runtime, load};

/// A disk of its own, in memory; gone with its test.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let said = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(folder.path()).output();
        let said = said.unwrap();
        let why = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "these tests mount small disks, and so need root: {why}");
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all room there is. Removing the file gives it back.
    fn fill(&self) -> PathBuf {
        let path = self.path().join("filler");
        let mut file = File::create(&path).unwrap();
        for piece in [65_536, 4_096] {
            while file.write_all(&vec![0x55; piece]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Where a file is still open, it goes when that is closed.
        let _gone = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

fn config(plant: &Path, data: &Path) -> StationConfig {
    StationConfig {
        loaded: load(plant).unwrap(),
        mode: Mode::Live,
        data_folder: Some(data.to_owned()),
        record: true,
        when_held: WhenHeld::Show,
        tail_points: 0,
        client_id_suffix: None,
        actor: Actor { user: "anna".into(), computer: "desk-1".into(), desk: None },
        clock: system_clock(),
    }
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

fn raised(link: &PlantLink, name: &str) -> Option<()> {
    let snapshot = link.snapshots.borrow().clone();
    let id = snapshot.plan.alarm_id(name)?;
    snapshot.alarms.iter().find(|a| a.id == id && a.state == AlarmState::Unacknowledged).map(drop)
}

#[test]
fn a_plant_whose_disk_fills_is_watched_all_the_same_and_recorded_again_when_there_is_room() {
    let disk = SmallDisk::mount("size=3m");
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let data = disk.path().join("data");
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&plant, &data), runtime.handle()).unwrap();
    let link = station.link();
    modbus.set(0, &[20]);
    shows(&link, 10.0);
    state(&link, "samples on the disk", |s| s.samples > 0 && s.fault.is_none());
    let filler = disk.fill();
    // The write-ahead log has some room of its own, so that it takes a few commits.
    let mut word = 20;
    until("the fault to be told", || {
        word = 20 + (word + 1) % 80;
        modbus.set(0, &[word]);
        link.snapshots.borrow().history.clone().filter(|s| s.fault.is_some())
    });
    until("the alarm of the recorder", || raised(&link, "system.history/recording"));
    modbus.set(0, &[196]);
    shows(&link, 98.0);
    until("an alarm of the plant", || raised(&link, "tank1.level/high"));
    std::fs::remove_file(filler).unwrap();
    let resumed = state(&link, "recording again", |s| s.fault.is_none() && s.waiting == 0);
    assert_eq!(resumed.lost, 0);
    modbus.set(0, &[42]);
    shows(&link, 21.0);
    assert_eq!(station.stop(), Vec::<String>::new());
    let level: Vec<f64> = all(&data)[&TAG].iter().filter(|s| !s.quality.is_bad()).map(|s| s.number()).collect();
    assert!(level.contains(&98.0), "what came while the disk was full waited: {level:?}");
    assert_eq!(level.last(), Some(&21.0));
}

#[test]
fn what_a_full_disk_and_a_full_memory_could_not_take_is_counted_and_marked() {
    let disk = SmallDisk::mount("size=2m");
    let (sender, mut answers) = mpsc::channel(16);
    let store = Store::open(disk.path(), NOON).unwrap();
    let pace = Pace { commit_every: Duration::from_millis(20), most_waiting: 200, ..Pace::default() };
    let tags = [tag("a"), tag("b")];
    let recorder = HistoryRecorder::start_on(store, &tags, Retention::default(), system_clock(), sender, pace).unwrap();
    recorder.queue().push_all([(TAG, good(0)), (SeriesId(2), good(0))]);
    told(&mut answers, |s| s.samples == 2);
    let filler = disk.fill();
    // Until the disk refuses, each is told as recorded.
    let mut next = 1;
    let failing = loop {
        recorder.queue().push_all((next..next + 100).map(|n| (TAG, good(n))));
        next += 100;
        let waits = |s: &HistoryState| s.fault.is_some() || s.samples == next as u64 + 1;
        let state = told(&mut answers, waits);
        if state.fault.is_some() {
            break state;
        }
    };
    let recorded = failing.samples as i64 - 1;
    recorder.queue().push_all((next..next + 1_000).map(|n| (TAG, good(n))));
    next += 1_000;
    let full = told(&mut answers, |s| s.waiting == 200);
    assert_eq!(full.lost as i64, next - recorded - 200);
    std::fs::remove_file(filler).unwrap();
    let resumed = told(&mut answers, |s| s.fault.is_none() && s.waiting == 0);
    assert_eq!(resumed.lost, full.lost);
    recorder.close(Duration::from_secs(20)).unwrap();
    let stored = all(disk.path()).remove(&TAG).unwrap();
    let mark = stored.iter().find(|s| s.quality == Quality::NOT_RECORDED).unwrap();
    assert_eq!(mark.time, at(recorded), "where the first of the lost ones would be");
    assert!(mark.detail.unwrap().starts_with(&format!("{} samples lost", full.lost)));
    let good_ones = canonical(stored.iter().filter(|s| s.quality.is_good()));
    assert!(good_ones == canonical((0..recorded).chain(next - 200..next).map(good)));
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_at_the_start_and_the_way_out_is_told() {
    let disk = SmallDisk::mount("size=1m,ro");
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let runtime = field_runtime().unwrap();
    let why = Station::start(config(&plant, disk.path()), runtime.handle()).map(drop).unwrap_err().to_string();
    assert!(why.contains("Read-only file system") && why.contains("[history] path"), "{why}");
    assert_eq!(std::fs::read_dir(disk.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_of_somebody_else_is_refused_and_the_way_out_is_told() {
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let data = folder.path().join("plant.data");
    std::fs::create_dir(&data).unwrap();
    // A program of its own, that anybody may run.
    let program = folder.path().join("watchkeeper");
    std::fs::copy(watchkeeper(&[]).get_program(), &program).unwrap();
    for path in [folder.path(), &data, &program] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program).arg("run").arg(&plant);
    let (code, out, error) = told_by(command.output().unwrap());
    assert_eq!((code, out.as_str()), (3, ""), "{error}");
    assert!(error.contains("Permission denied") && error.contains("[history] path"), "{error}");
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0);
}

#[test]
fn a_bundle_for_which_there_is_no_room_says_so_and_leaves_nothing() {
    let disk = SmallDisk::mount("size=256k");
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let runtime = field_runtime().unwrap();
    let data = folder.path().join("plant.data");
    let station = Station::start(config(&plant, &data), runtime.handle()).unwrap();
    let link = station.link();
    modbus.set(0, &[84]);
    shows(&link, 42.0);
    assert_eq!(station.stop(), Vec::<String>::new());
    let made = |to: &Path, cache: &Path| {
        let (plant, to) = (plant.to_str().unwrap(), to.to_str().unwrap());
        told_by(watchkeeper(&["bundle", plant, "-o", to]).env("XDG_CACHE_HOME", cache).output().unwrap())
    };
    let filler = disk.fill();
    let (code, out, error) = made(&disk.path().join("night.bundle.zip"), &folder.path().join("cache"));
    assert_eq!((code, out.as_str()), (3, ""), "{error}");
    assert!(error.contains("No space left on device") && error.contains("make room"), "{error}");
    let (code, _, error) = made(&folder.path().join("night.bundle.zip"), disk.path());
    assert_eq!(code, 3, "{error}");
    assert!(error.contains("No space left on device") || error.contains("full"), "{error}");
    assert!(!folder.path().join("night.bundle.zip").exists());
    std::fs::remove_file(filler).unwrap();
    let (code, _, error) = made(&disk.path().join("night.bundle.zip"), &folder.path().join("cache"));
    assert_eq!(code, 0, "{error}");
}
