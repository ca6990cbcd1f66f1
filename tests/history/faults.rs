//! The recorder and a disk that refuses, forgets, or holds what a later version made.

use super::support::*;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::mpsc;
use watchkeeper::engine::{HistoryState, Input, Quality};
use watchkeeper::historian::history::query::HistoryReader;
use watchkeeper::historian::history::runs::Run;
use watchkeeper::historian::history::{
    HISTORY_FILE, HistoryRecorder, Pace, Retention, Sample, SeriesId, Store, frame, schema,
};
use watchkeeper::historian::{DataFolder, FileError, Holder, Tenure};

const PATIENCE: Duration = Duration::from_secs(20);

fn start(store: Store, hands: &Hands, limit: usize) -> (HistoryRecorder, mpsc::Receiver<Input>) {
    start_at(store, hands, pace(limit))
}

fn start_at(store: Store, hands: &Hands, pace: Pace) -> (HistoryRecorder, mpsc::Receiver<Input>) {
    let (sender, answers) = mpsc::channel(16);
    let tags = [tag("a"), tag("b")];
    let recorder = HistoryRecorder::start_on(store, &tags, Retention::default(), hands.clock(), sender, pace).unwrap();
    assert_eq!(recorder.series(), [SeriesId(1), SeriesId(2)]);
    (recorder, answers)
}

#[test]
fn a_sample_told_as_recorded_can_be_read_by_another_connection_and_lies_in_a_chunk_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Hands::default();
    let (recorder, mut answers) = start(Store::open(folder.path(), NOON).unwrap(), &hands, 1_000);
    hands.set(5);
    recorder.queue().push_all([(SeriesId(1), good(3)), (SeriesId(2), good(4)), (SeriesId(1), good(2))]);
    let state = told(&mut answers, |state| state.samples == 3);
    assert_eq!((state.waiting, state.lost, state.fault, state.recorded_to), (0, 0, None, Some(at(5))));
    assert!(state.bytes > 0);
    #[cfg(unix)]
    assert!(state.free_bytes.unwrap() <= state.disk_bytes.unwrap());
    let stored = all(folder.path());
    assert_eq!(stored[&SeriesId(1)], canonical([good(2), good(3)]));
    assert_eq!(recorder.recent().samples(SeriesId(1), i64::MIN, i64::MAX), stored[&SeriesId(1)]);
    hands.set(9);
    recorder.close(PATIENCE).unwrap();
    assert_eq!(rows_of_level(folder.path(), 0), 2, "the end seals the log");
    let end = Sample::bad(at(9), Quality::NOT_RUNNING, None);
    assert_eq!(all(folder.path())[&SeriesId(1)], canonical([good(2), good(3), end]));
    let (connection, _) = schema::open_to_read(folder.path()).unwrap().unwrap();
    let run = Run::last(&connection).unwrap().unwrap();
    assert_eq!((run.started, run.alive, run.ended), (at(0), at(9), Some(at(9))));
}

#[test]
fn a_run_that_was_killed_is_marked_in_the_data_of_its_tags_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, recent) = open(folder.path());
    commit(&mut store, &recent, &[(SeriesId(1), canonical([good(1), good(70)]))].into());
    let mut run = Run::next(None, at(0));
    (run.alive, run.tags) = (at(60), [SeriesId(1), SeriesId(2)].into());
    store.commit(&[], &[], &[&run]).unwrap();
    drop((store, recent));
    let hands = Hands::default();
    hands.set(500);
    let (recorder, mut answers) = start(Store::open(folder.path(), NOON).unwrap(), &hands, 1_000);
    told(&mut answers, |state| state.recorded_to.is_some());
    let stored = all(folder.path());
    let mark = |time| Sample::bad(time, Quality::NOT_RUNNING, None);
    assert_eq!(stored[&SeriesId(2)], canonical([mark(at(60))]));
    // Its source's clock was ahead: the mark comes after what was recorded, or it would end at once.
    let after = watchkeeper::time::Utc(at(70).0 + 1);
    assert_eq!(stored[&SeriesId(1)], canonical([good(1), good(70), mark(after)]));
    recorder.close(PATIENCE).unwrap();
    let (connection, _) = schema::open_to_read(folder.path()).unwrap().unwrap();
    let ended: i64 = connection.query_row("SELECT ended FROM run WHERE id = 1", [], |r| r.get(0)).unwrap();
    assert_eq!(ended, at(60).0);
    assert_eq!(all(folder.path()), stored, "neither tag was recorded by the second run");
}

#[test]
fn the_end_of_a_killed_run_is_marked_though_the_disk_refused_the_first_try() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, recent) = open(folder.path());
    commit(&mut store, &recent, &[(TAG, canonical([good(1)]))].into());
    let mut run = Run::next(None, at(0));
    (run.alive, run.tags) = (at(60), [TAG].into());
    store.commit(&[], &[], &[&run]).unwrap();
    drop((store, recent));
    let hands = Hands::default();
    // Every other commit is refused: were the disk asked with a few bytes first, the mark would never be written.
    let mut refuses = false;
    let store = Store::open(folder.path(), NOON).unwrap().with_gate(Box::new(move || {
        refuses = !refuses;
        if refuses { Err("no space left on device".to_owned()) } else { Ok(()) }
    }));
    let (recorder, mut answers) = start(store, &hands, 1_000);
    told(&mut answers, |state| state.fault.is_some());
    told(&mut answers, |state| state.fault.is_none());
    assert_eq!(all(folder.path())[&TAG], canonical([good(1), Sample::bad(at(60), Quality::NOT_RUNNING, None)]));
    recorder.close(PATIENCE).unwrap();
}

#[test]
fn a_plant_in_which_nothing_changes_is_written_down_as_running_now_and_then() {
    let folder = tempfile::tempdir().unwrap();
    let hands = Hands::default();
    let (commits, count) =
        (std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0)), std::sync::atomic::Ordering::SeqCst);
    let counted = commits.clone();
    let store = Store::open(folder.path(), NOON).unwrap().with_gate(Box::new(move || {
        counted.fetch_add(1, count);
        Ok(())
    }));
    let (recorder, mut answers) = start(store, &hands, 1_000);
    let alive = || {
        let (connection, _) = schema::open_to_read(folder.path()).unwrap().unwrap();
        Run::last(&connection).unwrap().unwrap().alive
    };
    for second in 0..=4 {
        hands.set(second);
        told(&mut answers, |state| state.recorded_to == Some(at(second)));
    }
    assert_eq!((commits.load(count), alive()), (1, at(0)));
    hands.set(5);
    told(&mut answers, |state| state.recorded_to == Some(at(5)));
    assert_eq!((commits.load(count), alive()), (2, at(5)));
    recorder.close(PATIENCE).unwrap();
}

#[test]
fn a_full_disk_is_told_what_finds_no_room_is_counted_and_marked_and_recording_resumes_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (hands, disk) = (Hands::default(), Disk::default());
    let (recorder, mut answers) = start(disk.on(Store::open(folder.path(), NOON).unwrap()), &hands, 10);
    recorder.queue().push(SeriesId(1), good(0));
    told(&mut answers, |state| state.samples == 1);
    disk.refuse(Some("no space left on device"));
    recorder.queue().push_all((1..=14).map(|n| (SeriesId(1), good(n))));
    let state = told(&mut answers, |state| state.fault.is_some() && state.waiting == 10);
    assert!(state.fault.unwrap().contains("no space left on device"));
    assert_eq!(state.lost, 4);
    disk.refuse(None);
    let state = told(&mut answers, |state| state.fault.is_none());
    assert_eq!((state.samples, state.waiting, state.lost), (11, 0, 4));
    let stored = all(folder.path()).remove(&SeriesId(1)).unwrap();
    let mark = stored.sample(1);
    assert_eq!((mark.time, mark.quality), (at(1), Quality::NOT_RECORDED));
    assert!(mark.detail.unwrap().starts_with("4 samples lost"));
    assert_eq!(stored.len(), 1 + 1 + 10);
    recorder.close(PATIENCE).unwrap();
}

#[test]
fn a_tag_whose_samples_found_no_room_among_those_of_others_has_its_last_one_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (hands, disk) = (Hands::default(), Disk::default());
    let (recorder, mut answers) = start(disk.on(Store::open(folder.path(), NOON).unwrap()), &hands, 10);
    disk.refuse(Some("no space left on device"));
    // Two changes of a slow tag, and nothing more of it: the many of another push them out.
    recorder.queue().push_all([(SeriesId(2), good(1)), (SeriesId(2), good(2))]);
    recorder.queue().push_all((0..20).map(|n| (SeriesId(1), good(n))));
    let state = told(&mut answers, |state| state.fault.is_some() && state.waiting == 10);
    assert_eq!(state.lost, 12);
    disk.refuse(None);
    let state = told(&mut answers, |state| state.fault.is_none());
    assert_eq!((state.samples, state.lost), (11, 11));
    let slow = all(folder.path()).remove(&SeriesId(2)).unwrap();
    assert_eq!((slow.len(), slow.sample(1)), (2, good(2)), "what it is now, and not for ever unknown");
    assert_eq!((slow.sample(0).time, slow.sample(0).quality), (at(1), Quality::NOT_RECORDED));
    assert!(slow.sample(0).detail.unwrap().starts_with("1 sample lost"));
    recorder.close(PATIENCE).unwrap();
}

#[test]
fn a_recorder_that_ends_on_a_full_disk_says_how_much_it_could_not_write() {
    let folder = tempfile::tempdir().unwrap();
    let (hands, disk) = (Hands::default(), Disk::default());
    let (recorder, mut answers) = start(disk.on(Store::open(folder.path(), NOON).unwrap()), &hands, 10);
    disk.refuse(Some("read-only file system"));
    recorder.queue().push(SeriesId(1), good(1));
    let state = told(&mut answers, |state| state.fault.is_some());
    #[cfg(unix)]
    assert!(state.free_bytes.is_some(), "what room there is is looked at when it matters");
    #[cfg(not(unix))]
    drop(state);
    assert_eq!(recorder.close(PATIENCE), Err("1 samples could not be recorded".to_owned()));
}

#[test]
fn a_log_that_cannot_be_sealed_stops_growing_and_goes_on_when_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let (hands, disk) = (Hands::default(), Disk::default());
    let store = Store::open(folder.path(), NOON).unwrap();
    let mut first = true;
    let refusing = disk.clone();
    // The first commit that holds samples is taken, all after it are refused until the disk is well.
    let store = store.with_gate(Box::new(move || {
        let refused = refusing.why();
        if refused.is_some() && std::mem::take(&mut first) { Ok(()) } else { refused.map_or(Ok(()), Err) }
    }));
    let (recorder, mut answers) = start_at(store, &hands, Pace { seal_weight: 10, ..pace(100_000) });
    told(&mut answers, |state| state.recorded_to.is_some());
    disk.refuse(Some("no space left on device"));
    recorder.queue().push_all((0..1_000).map(|n| (TAG, good(n))));
    told(&mut answers, |state| state.samples == 1_000 && state.fault.is_some());
    recorder.queue().push_all((1_000..2_000).map(|n| (TAG, good(n))));
    told(&mut answers, |state| state.waiting == 1_000);
    disk.refuse(None);
    told(&mut answers, |state| state.samples == 2_000 && state.fault.is_none());
    assert!(all(folder.path())[&TAG] == canonical((0..2_000).map(good)));
    recorder.close(PATIENCE).unwrap();
}

#[test]
fn a_newer_history_is_refused_and_left_untouched() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let path = folder.path().join(HISTORY_FILE);
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = Store::open(folder.path(), NOON).unwrap_err();
    assert!(matches!(error, FileError::Newer { kind: "history", found: 99, .. }), "{error}");
    assert!(error.to_string().contains("history format 99"));
    assert!(schema::open_to_read(folder.path()).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_that_is_no_history_is_set_aside_at_the_start_and_a_new_one_begun() {
    for damage in ["garbage", "foreign"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(HISTORY_FILE);
        let (mut store, recent) = open(folder.path());
        commit(&mut store, &recent, &[(TAG, canonical((0..100).map(good)))].into());
        drop(store);
        if damage == "garbage" {
            std::fs::write(&path, vec![0x5A; 9_000]).unwrap();
        } else {
            let connection = rusqlite::Connection::open(&path).unwrap();
            connection.execute_batch("PRAGMA application_id = 7").unwrap();
        }
        let store = Store::open(folder.path(), NOON).unwrap();
        let (aside, why) = store.set_aside().unwrap();
        assert!(aside.to_string_lossy().contains("history.damaged-20261122T120000000Z"), "{}", aside.display());
        assert!(!why.is_empty() && aside.exists());
        assert!(all(folder.path()).is_empty());
    }
}

#[test]
fn a_reader_that_stays_puts_off_the_cutting_of_the_write_ahead_log_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, recent) = open(folder.path());
    commit(&mut store, &recent, &[(TAG, canonical((0..10).map(good)))].into());
    let (reader, _) = schema::open_to_read(folder.path()).unwrap().unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let count = || reader.query_row("SELECT count(*) FROM log", [], |r| r.get::<_, i64>(0)).unwrap();
    assert_eq!(count(), 1);
    for n in 1..50 {
        commit(&mut store, &recent, &[(TAG, canonical((n * 10_000..(n + 1) * 10_000).map(good)))].into());
    }
    assert_eq!(count(), 1, "the reader sees what it began with");
    let wal = folder.path().join(format!("{HISTORY_FILE}-wal"));
    let long = std::fs::metadata(&wal).unwrap().len();
    // Refused by the reader, which is no fault, and not waited for.
    store.checkpoint().unwrap();
    commit(&mut store, &recent, &[(TAG, canonical([good(900_000)]))].into());
    assert!(std::fs::metadata(&wal).unwrap().len() >= long);
    reader.execute_batch("COMMIT").unwrap();
    store.checkpoint().unwrap();
    assert!(long > 1_000_000 && std::fs::metadata(&wal).unwrap().len() == 0);
}

/// Commits of an hour, one a second.
const AN_HOUR: i64 = 3_600;

fn wal_bytes(folder: &std::path::Path) -> u64 {
    std::fs::metadata(folder.join(format!("{HISTORY_FILE}-wal"))).map_or(0, |m| m.len())
}

#[test]
fn an_export_that_nobody_reads_on_for_an_hour_leaves_the_write_ahead_log_as_short_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, recent) = open(folder.path());
    commit(&mut store, &recent, &[(TAG, canonical((0..200_000).map(good)))].into());
    seal(&mut store, &recent);
    store.checkpoint().unwrap();
    // It has the first of its samples, and a reader of a pipe that is full waits within it.
    let (taken, waits) = std::sync::mpsc::channel();
    let (go_on, told) = std::sync::mpsc::channel::<()>();
    let path = folder.path().to_owned();
    let work = move || {
        let reader = HistoryReader::open(&path, None).unwrap().unwrap();
        let mut count = 0;
        let all = watchkeeper::time::Utc(i64::MIN)..watchkeeper::time::Utc(i64::MAX);
        let outcome = reader.samples(TAG, all, &AtomicBool::new(false), |_| {
            count += 1;
            if count == 10_000 {
                taken.send(()).unwrap();
                told.recv().unwrap();
            }
            std::ops::ControlFlow::Continue(())
        });
        (count, outcome.unwrap())
    };
    let reader = std::thread::Builder::new().name("export".to_owned()).spawn(work).unwrap();
    waits.recv().unwrap();
    let mut longest = 0;
    for second in 0..AN_HOUR {
        let first = 200_000 + second * 100;
        commit(&mut store, &recent, &[(TAG, canonical((first..first + 100).map(good)))].into());
        longest = longest.max(wal_bytes(folder.path()));
        store.shorten_wal().unwrap();
    }
    assert!(longest < 16 << 20, "{longest} bytes");
    go_on.send(()).unwrap();
    let (count, outcome) = reader.join().unwrap();
    assert!(outcome.complete && count >= 200_000, "{count}");
    assert_eq!(store.integrity().unwrap(), "ok");
}

#[test]
fn a_foreign_reader_that_stays_for_an_hour_costs_what_is_written_meanwhile_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, recent) = open(folder.path());
    commit(&mut store, &recent, &[(TAG, canonical((0..10).map(good)))].into());
    // As a backup or a shell of SQLite that was left open has it.
    let foreign = rusqlite::Connection::open(folder.path().join(HISTORY_FILE)).unwrap();
    foreign.execute_batch("BEGIN").unwrap();
    let count = || foreign.query_row("SELECT count(*) FROM log", [], |r| r.get::<_, i64>(0)).unwrap();
    assert_eq!(count(), 1);
    let mut run = Run::next(None, at(0));
    for second in 0..AN_HOUR {
        run.alive = at(second);
        let first = 10 + second * 100;
        let frame = frame::encode([(TAG, &canonical((first..first + 100).map(good)))].into_iter());
        store.commit(&[], &[frame], &[&run]).unwrap();
        recent.add([(TAG, &canonical((first..first + 100).map(good)))].into_iter());
        store.shorten_wal().unwrap();
    }
    seal(&mut store, &recent);
    // A page of the log's tree and one of runs for a commit, and what sealing writes.
    let long = wal_bytes(folder.path());
    assert!(long < AN_HOUR as u64 * 5 * 4_120, "{long} bytes");
    assert_eq!(count(), 1, "it sees what it began with");
    foreign.execute_batch("COMMIT").unwrap();
    store.checkpoint().unwrap();
    assert_eq!(wal_bytes(folder.path()), 0);
    assert_eq!(store.integrity().unwrap(), "ok");
    drop(store);
    assert_eq!(all(folder.path())[&TAG].len() as i64, 10 + AN_HOUR * 100);
}

#[test]
fn a_history_that_was_half_made_when_the_power_went_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let (made, cut) = (folder.path().join("made"), folder.path().join("cut"));
    for folder in [&made, &cut] {
        std::fs::create_dir(folder).unwrap();
    }
    // As it is made: before its mode is WAL, a transaction whose first pages are in the file and whose end is not.
    let connection = rusqlite::Connection::open(made.join(HISTORY_FILE)).unwrap();
    connection.execute_batch("CREATE TABLE first (a); PRAGMA cache_size = 2; BEGIN; CREATE TABLE half (a)").unwrap();
    for _ in 0..200 {
        connection.execute("INSERT INTO half VALUES (zeroblob(3000))", []).unwrap();
    }
    for suffix in ["", "-journal"] {
        let name = format!("{HISTORY_FILE}{suffix}");
        std::fs::copy(made.join(&name), cut.join(&name)).unwrap();
    }
    connection.execute_batch("ROLLBACK; DROP TABLE first; VACUUM").unwrap();
    drop(connection);
    let store = Store::open(&cut, NOON).unwrap();
    // It is a database then, but not one of ours, and dated; its journal must not be taken for the new one's.
    assert!(store.set_aside().is_some_and(|(_, why)| why.contains("no history of this program")));
    assert_eq!(store.integrity().unwrap(), "ok");
    drop(store);
    assert!(all(&cut).is_empty());
    assert!(!cut.join(format!("{HISTORY_FILE}-journal")).exists());
}

/// A recorder on a folder that is ours, and its folder, which can be moved.
fn start_in(data: &std::path::Path, hands: &Hands) -> (HistoryRecorder, mpsc::Receiver<Input>) {
    let holder = Holder::this_process("anna", "desk-1", NOON);
    let tenure = Tenure::new(DataFolder::take(data, &holder, None).unwrap());
    let (sender, answers) = mpsc::channel(16);
    let tags = [tag("a"), tag("b")];
    let recorder = HistoryRecorder::start(&tenure, &tags, Retention::default(), hands.clock(), sender).unwrap();
    (recorder, answers)
}

#[test]
#[cfg(unix)]
fn a_folder_that_was_moved_is_gone_on_with_where_an_earlier_state_of_it_is_put_and_not_where_another_plants_is() {
    for foreign in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (data, moved, backup) =
            (folder.path().join("data"), folder.path().join("moved"), folder.path().join("backup"));
        let hands = Hands::default();
        let (recorder, mut answers) = start_in(&data, &hands);
        recorder.queue().push_all([(SeriesId(1), good(1)), (SeriesId(2), good(1))]);
        told(&mut answers, |state| state.samples == 2);
        // As a backup has it: of another plant, or of this one, a while ago.
        std::fs::create_dir(&backup).unwrap();
        if foreign {
            let mut store = Store::open(&backup, NOON).unwrap();
            let names = watchkeeper::historian::history::Registry::default().adopt(&[tag("z")], NOON).1;
            store.commit(&names, &[], &[]).unwrap();
        } else {
            let source = rusqlite::Connection::open(data.join(HISTORY_FILE)).unwrap();
            source.execute("VACUUM INTO ?1", [backup.join(HISTORY_FILE).to_str().unwrap()]).unwrap();
        }
        recorder.queue().push(SeriesId(1), good(9));
        told(&mut answers, |state| state.samples == 3);
        std::fs::rename(&data, &moved).unwrap();
        std::fs::rename(&backup, &data).unwrap();
        hands.set(20);
        recorder.queue().push(SeriesId(1), good(20));
        assert!(told(&mut answers, |state| state.fault.is_some()).fault.unwrap().contains("deleted or moved"));
        hands.set(40);
        if foreign {
            let another =
                |state: &HistoryState| state.fault.as_ref().is_some_and(|why| why.contains("another history"));
            told(&mut answers, another);
            assert!(recorder.close(PATIENCE).is_err(), "what waited is told as lost");
            assert!(all(&data).is_empty(), "and nothing of it is mixed in");
            continue;
        }
        told(&mut answers, |state| state.fault.is_none() && state.waiting == 0 && state.samples == 4);
        recorder.close(PATIENCE).unwrap();
        let stored = all(&data);
        let good_ones: Vec<i64> =
            stored[&SeriesId(1)].iter().filter(|s| s.quality.is_good()).map(|s| (s.time.0 - NOON.0) / SECOND).collect();
        assert_eq!(good_ones, [1, 9, 20], "what was in memory alone, too");
        let lost = stored[&SeriesId(2)].iter().find(|s| s.quality == Quality::NOT_RECORDED).unwrap();
        assert_eq!(lost.time, at(0), "from the last commit on that is in the backup");
        // What was moved is as it was.
        assert_eq!(all(&moved)[&SeriesId(1)].len(), 2);
    }
}
