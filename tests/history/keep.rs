//! Retention: what is too old or too much goes, and nothing else.

use super::support::*;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use watchkeeper::historian::history::{HistoryRecorder, Retention, SeriesId, Store, schema};
use watchkeeper::time::{Clock, Mono, Now, Span};

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn what_is_older_than_a_tag_keeps_goes_and_what_is_younger_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, recent) = open(folder.path());
    let samples = canonical((0..100_000).map(good));
    commit(&mut store, &recent, &[(SeriesId(1), samples.clone()), (SeriesId(2), samples.clone())].into());
    seal(&mut store, &recent);
    drop((store, recent));
    let (sender, mut answers) = mpsc::channel(16);
    let hands = Hands::default();
    hands.set(100_000);
    let mut tags = [tag("a"), tag("b")];
    tags[1].keep = Some(Span::from_secs(10_000));
    let retention = Retention { keep: Some(Span::from_secs(50_000)), most_bytes: None };
    let store = Store::open(folder.path(), NOON).unwrap();
    let recorder = HistoryRecorder::start_on(store, &tags, retention, hands.clock(), sender, pace(1_000)).unwrap();
    told(&mut answers, |state| state.recorded_to.is_some());
    recorder.close(PATIENCE).unwrap();
    let stored = all(folder.path());
    for (series, keep) in [(1, 50_000), (2, 10_000)] {
        let kept = &stored[&SeriesId(series)];
        let oldest = (kept.first_time().unwrap() - NOON.0) / SECOND;
        assert!(oldest <= 100_000 - keep && oldest > 100_000 - keep - 9_000, "{oldest}");
        assert_eq!(*kept, samples.slice(oldest as usize..100_000));
    }
}

#[test]
fn a_history_that_is_larger_than_it_may_be_gives_up_its_oldest_chunks() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, recent) = open(folder.path());
    for part in 0..10 {
        let samples = canonical((part * 100_000..(part + 1) * 100_000).map(good));
        commit(&mut store, &recent, &[(TAG, samples)].into());
        seal(&mut store, &recent);
    }
    let before = store.bytes_used().unwrap();
    drop((store, recent));
    let (sender, mut answers) = mpsc::channel(16);
    let hands = Hands::default();
    hands.set(2_000_000);
    let retention = Retention { keep: None, most_bytes: Some(before / 2) };
    let store = Store::open(folder.path(), NOON).unwrap();
    let recorder =
        HistoryRecorder::start_on(store, &[tag("a")], retention, hands.clock(), sender, pace(1_000)).unwrap();
    told(&mut answers, |state| {
        hands.set(2_000_011);
        state.recorded_to.is_some()
    });
    for turn in 1..=4 {
        recorder.queue().push(TAG, good(2_000_000 + turn));
        told(&mut answers, |state| state.samples == turn as u64);
    }
    recorder.close(PATIENCE).unwrap();
    let store = Store::open(folder.path(), NOON).unwrap();
    let used = store.bytes_used().unwrap();
    assert!(used <= before / 2 + 50_000, "{used} of {before}");
    let stored = all(folder.path()).remove(&TAG).unwrap();
    let oldest = (stored.first_time().unwrap() - NOON.0) / SECOND;
    assert!(oldest > 300_000, "{oldest}");
    assert!(stored.len() as i64 >= 1_000_000 - oldest, "no hole was made");
}

/// How many tags have chunks.
fn sealed(folder: &Path) -> u32 {
    let (connection, _) = schema::open_to_read(folder).unwrap().unwrap();
    connection.query_row("SELECT count(DISTINCT tag) FROM summary", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_stop_does_not_wait_for_chunks_and_what_is_in_the_log_alone_is_sealed_after_the_next_start() {
    const TAGS: u32 = 600;
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut answers) = mpsc::channel(16);
    // At the end each look at this clock costs some seconds, so that the time for sealing is over after its first step.
    let (seconds, a_look) = (AtomicI64::new(0), Arc::new(AtomicI64::new(0)));
    let cost = Arc::clone(&a_look);
    let clock = Clock::new(move || {
        let now = seconds.fetch_add(cost.load(Ordering::SeqCst), Ordering::SeqCst);
        Now { mono: Mono(now * SECOND), utc: at(now) }
    });
    let tags: Vec<_> = (0..TAGS).map(|n| tag(&format!("t{n}"))).collect();
    let store = Store::open(folder.path(), NOON).unwrap();
    let recorder = HistoryRecorder::start_on(store, &tags, Retention::default(), clock, sender, pace(10_000)).unwrap();
    let series: Vec<SeriesId> = recorder.series().to_vec();
    for id in &series {
        recorder.queue().push(*id, good(1));
    }
    told(&mut answers, |state| state.samples == u64::from(TAGS));
    a_look.store(3, Ordering::SeqCst);
    recorder.close(PATIENCE).unwrap();
    assert!((1..TAGS).contains(&sealed(folder.path())));
    assert_eq!(all(folder.path()).len(), series.len(), "all is on the disk, in the log where not in chunks");
    let (mut store, recent) = open(folder.path());
    seal(&mut store, &recent);
    drop((store, recent));
    assert_eq!(sealed(folder.path()), TAGS);
    let stored = all(folder.path());
    assert_eq!(stored.len(), series.len());
    for (id, samples) in stored {
        assert_eq!(samples.len(), 2, "{id:?}: its sample, and the mark of the end");
    }
}
