//! Any order of arrival gives the same history.

use super::support::*;
use proptest::prelude::*;
use watchkeeper::engine::{Quality, Value};
use watchkeeper::historian::history::{Sample, SeriesId};

/// Runs of samples: enough for chunks to fill, few enough instants for them to meet.
fn runs() -> impl Strategy<Value = Vec<Vec<Sample>>> {
    let run = (0_i64..40_000, 1_i64..9_000, 1_i64..4, 0_u8..4);
    proptest::collection::vec(run, 1..7).prop_map(|runs| {
        let sample = |t: i64, kind: u8| match kind {
            0 => good(t),
            1 => Sample::good(at(t), 0.5),
            2 => Sample::new(at(t), Some(Value::I64(t)), Quality::STALE, None),
            _ => Sample::bad(at(t), Quality::NO_COMMUNICATION, Some("connection refused".into())),
        };
        runs.iter()
            .map(|(start, count, step, kind)| (0..*count).map(|i| sample(start + i * step, *kind)).collect())
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn any_order_of_arrival_and_any_sealing_in_between_gives_the_same_history(
        runs in runs(), seed: u64, seals in proptest::collection::vec(any::<bool>(), 7),
    ) {
        let expected = canonical(runs.iter().flatten().cloned());
        let mut shuffled = runs;
        let mut random = fastrand::Rng::with_seed(seed);
        random.shuffle(&mut shuffled);
        let folder = tempfile::tempdir().unwrap();
        let (mut store, recent) = open(folder.path());
        for (run, seals) in shuffled.iter().zip(&seals) {
            let mut run = run.clone();
            random.shuffle(&mut run);
            commit(&mut store, &recent, &[(TAG, canonical(run))].into());
            if *seals {
                seal(&mut store, &recent);
            }
        }
        prop_assert!(all(folder.path())[&TAG] == expected);
        seal(&mut store, &recent);
        prop_assert!(all(folder.path())[&TAG] == expected);
        prop_assert_eq!(recent.newest(TAG), None, "what is sealed takes no memory");
    }
}

#[test]
fn chunks_fill_up_however_slowly_a_tag_comes_and_levels_rise_above_them() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, recent) = open(folder.path());
    let mut next = 0;
    let mut some = |count: i64| {
        next += count;
        canonical((next - count..next).map(good))
    };
    // A slow tag, sealed every hour with sixty samples.
    for _ in 0..300 {
        commit(&mut store, &recent, &[(SeriesId(2), some(60))].into());
        seal(&mut store, &recent);
    }
    let slow = rows_of_level(folder.path(), 0);
    assert!(slow <= 2 + 8, "{slow} chunks for 18,000 samples");
    // And a fast one, past eight rows of level 1.
    for _ in 0..11 {
        commit(&mut store, &recent, &[(TAG, some(100_000))].into());
        seal(&mut store, &recent);
    }
    assert_eq!(rows_of_level(folder.path(), 1), 8);
    assert_eq!(all(folder.path())[&TAG].len(), 1_100_000);
    // Late samples into a chunk that is summed up: the level follows.
    let late = canonical([Sample::good(half_after(30_000), 1e6)]);
    commit(&mut store, &recent, &[(TAG, late)].into());
    seal(&mut store, &recent);
    assert_eq!(rows_of_level(folder.path(), 1), 8);
    assert_eq!(all(folder.path())[&TAG].len(), 1_100_001);
}

/// Half a second after the `n`th.
fn half_after(n: i64) -> watchkeeper::time::Utc {
    watchkeeper::time::Utc(at(n).0 + SECOND / 2)
}
