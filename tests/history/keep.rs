//! Retention: what is too old or too much goes, and nothing else.

use super::support::*;
use std::time::Duration;
use tokio::sync::mpsc;
use watchkeeper::historian::history::{HistoryRecorder, Retention, SeriesId, Store};
use watchkeeper::time::Span;

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
