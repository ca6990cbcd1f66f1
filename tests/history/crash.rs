//! A crash at any instant loses nothing that was told as stored, and doubles nothing.

use super::support::*;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use watchkeeper::historian::history::{Columns, Sample, SeriesId, Store};

/// Three tags: one in order, one late into what is sealed, one new.
fn before() -> All {
    [(SeriesId(1), canonical((0..20_000).map(good))), (SeriesId(2), canonical((0..10_000).map(|i| good(2 * i))))].into()
}

fn after() -> All {
    [
        (SeriesId(1), canonical((19_990..90_000).map(good))),
        (SeriesId(2), canonical((0..5_000).map(|i| good(2 * i + 1)))),
        (SeriesId(3), canonical((0..9_000).map(good))),
    ]
    .into()
}

fn both() -> All {
    let mut both = before();
    for (series, columns) in after() {
        let known = both.remove(&series).unwrap_or_default();
        both.insert(series, known.merged(&columns).0);
    }
    both
}

/// Refuses every commit from the `n`th on: as a process that is gone does.
fn dies_at(store: Store, n: usize) -> Store {
    let mut left = n;
    store.with_gate(Box::new(move || {
        left = left.checked_sub(1).ok_or("gone")?;
        Ok(())
    }))
}

#[test]
fn a_crash_before_any_commit_of_sealing_loses_and_doubles_nothing() {
    let mut completed = false;
    for n in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, recent) = open(folder.path());
        commit(&mut store, &recent, &before());
        seal(&mut store, &recent);
        commit(&mut store, &recent, &after());
        let mut store = dies_at(store, n);
        completed = try_seal(&mut store, &recent).is_ok();
        drop((store, recent));
        assert!(all(folder.path()) == both(), "after a crash at commit {n}");
        let (mut store, recent) = open(folder.path());
        assert_eq!(recent.newest(SeriesId(3)).is_none(), completed, "what is sealed is not in the log");
        seal(&mut store, &recent);
        assert!(all(folder.path()) == both(), "sealed again after a crash at commit {n}");
        if completed {
            assert!(n >= 3, "sealing is more than one transaction");
            break;
        }
    }
    assert!(completed);
}

#[test]
fn a_refused_step_of_sealing_is_done_again_while_recording_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (store, recent) = open(folder.path());
    let disk = Disk::default();
    let mut store = disk.on(store);
    commit(&mut store, &recent, &both());
    let mut sealing = watchkeeper::historian::history::seal::Sealing::begin(&store, &recent);
    let mut late = Columns::new();
    for n in 0..40 {
        disk.refuse((n % 2 == 0).then_some("no space left on device"));
        let step = sealing.step(&mut store, &recent);
        disk.refuse(None);
        if matches!(step, Ok(true)) {
            break;
        }
        let sample = Sample::good(at(1_000_000 - n), 1.0);
        late = late.merged(&canonical([sample.clone()])).0;
        commit(&mut store, &recent, &[(TAG, canonical([sample]))].into());
    }
    let mut expected = both();
    let known = expected.remove(&TAG).unwrap();
    expected.insert(TAG, known.merged(&late).0);
    assert!(all(folder.path()) == expected);
    assert_eq!(
        recent.samples(TAG, i64::MIN, i64::MAX),
        late,
        "what came meanwhile is not forgotten with what was sealed"
    );
}

const CHILD: &str = "WATCHKEEPER_TEST_CRASHING_CHILD";

/// How often it is killed; a long run takes a thousand.
const KILLS: &str = "WATCHKEEPER_TEST_KILLS";

/// What the child does until it is killed: commits, tells each on standard output, and seals now and then.
#[test]
fn child_that_is_killed() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let (mut store, recent) = open(Path::new(&folder));
    let mut next =
        recent.newest(TAG).into_iter().chain(all(Path::new(&folder)).get(&TAG).and_then(Columns::last_time)).max();
    for round in 0_u32.. {
        let first = next.map_or(0, |t| (t - NOON.0) / SECOND + 1);
        commit(&mut store, &recent, &[(TAG, canonical((first..first + 50).map(good)))].into());
        next = Some(at(first + 49).0);
        println!("stored {}", first + 50);
        if round % 5 == 4 {
            seal(&mut store, &recent);
        }
    }
}

#[test]
fn a_process_killed_at_random_instants_has_all_that_it_told_as_stored() {
    let mut random = fastrand::Rng::with_seed(7);
    let mut kills = std::env::var(KILLS).map_or(12, |kills| kills.parse::<u32>().unwrap());
    while kills > 0 {
        // Small ones: what is looked at after each kill is all of it.
        let folder = tempfile::tempdir().unwrap();
        let mut stored = 0;
        for _ in 0..kills.min(25) {
            kills -= 1;
            stored = killed(folder.path(), random.usize(1..60), stored);
        }
        assert!(stored > 500);
    }
}

/// Lets a child commit until it told so many commits, and kills it. Returns how many samples there are now.
fn killed(folder: &Path, commits: usize, before: i64) -> i64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_that_is_killed", "--nocapture", "--test-threads=1"])
        .env(CHILD, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told = lines.map_while(Result::ok).filter_map(|line| line.split("stored ").nth(1)?.parse::<i64>().ok());
    let last = told.take(commits).last().unwrap_or(before);
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = all(folder).remove(&TAG).unwrap();
    assert!(kept.len() as i64 >= last, "{} of {last} samples that were told as stored", kept.len());
    assert!(kept == canonical((0..kept.len() as i64).map(good)), "none missing, none twice");
    kept.len() as i64
}
