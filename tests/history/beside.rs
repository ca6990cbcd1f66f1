//! A reader beside a recorder that commits and seals: it misses nothing and sees nothing twice, whenever it looks.

use super::support::*;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use watchkeeper::historian::history::query::HistoryReader;
use watchkeeper::time::Utc;

const ALL: std::ops::Range<Utc> = Utc(i64::MIN)..Utc(i64::MAX);

/// The seconds after noon that a reader finds, in its order.
fn seconds(reader: &HistoryReader) -> Vec<i64> {
    let mut found = Vec::new();
    let never = AtomicBool::new(false);
    let each = |sample: &watchkeeper::historian::history::Sample| {
        found.push((sample.time.0 - NOON.0) / SECOND);
        ControlFlow::Continue(())
    };
    reader.samples(TAG, ALL, &never, each).unwrap();
    found
}

#[test]
fn between_what_is_in_memory_and_what_is_in_chunks_there_is_no_seam() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, recent) = open(folder.path());
    let (stored, ended) = (AtomicI64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let writer = || {
            for round in 0..60 {
                let first = stored.load(Ordering::SeqCst);
                commit(&mut store, &recent, &[(TAG, canonical((first..first + 400).map(good)))].into());
                stored.store(first + 400, Ordering::SeqCst);
                if round % 3 == 2 {
                    seal(&mut store, &recent);
                }
            }
            ended.store(true, Ordering::SeqCst);
        };
        std::thread::Builder::new().name("writer".to_owned()).spawn_scoped(scope, writer).unwrap();
        let reader = HistoryReader::open(folder.path(), Some(recent.clone())).unwrap().unwrap();
        let mut looks = 0;
        while !ended.load(Ordering::SeqCst) || looks == 0 {
            let least = stored.load(Ordering::SeqCst);
            let found = seconds(&reader);
            assert!(found.len() as i64 >= least, "{} of {least} that were stored", found.len());
            assert_eq!(found, (0..found.len() as i64).collect::<Vec<_>>());
            looks += 1;
        }
        assert_eq!(seconds(&reader).len(), 60 * 400);
    });
    // Another process has no memory to look into: it reads the log.
    commit(&mut store, &recent, &[(TAG, canonical([good(24_000)]))].into());
    let reader = HistoryReader::open(folder.path(), None).unwrap().unwrap();
    assert_eq!(seconds(&reader), (0..=24_000).collect::<Vec<_>>());
}
