//! Back-test of an alarm over a month of a tag that changed every second: 2.6 million samples from the disk through the
//! engine. To reach: under one second.
//!
//! `cargo bench --bench backtest`

use criterion::{Criterion, criterion_group, criterion_main};
use std::fs;
use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use watchkeeper::engine::trial::Settings;
use watchkeeper::historian::backtest::backtest;
use watchkeeper::historian::history::query::HistoryReader;
use watchkeeper::historian::history::runs::Run;
use watchkeeper::historian::history::seal::Sealing;
use watchkeeper::historian::history::store::Store;
use watchkeeper::historian::history::{Columns, Recent, Sample, SeriesId, TagRow, frame};
use watchkeeper::project::file::read;
use watchkeeper::time::Utc;

const SECONDS: i64 = 30 * 86_400;
const SECOND: i64 = 1_000_000;

const PROJECT: &str = "watchkeeper = 1\nname = \"Month\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"127.0.0.1:1\"\n[[tag]]\nname = \"tank1.level\"\ndevice = \"plc1\"\nregister = \"holding:0\"\ntype = \"f32\"\nrange = [0, 100]\n[[tag.alarm]]\nkind = \"high\"\nlimit = 80.0\ndeadband = 1.0\npriority = \"high\"\n";

/// Waves of some minutes and hours with noise of a tenth: it comes and goes some hundred times.
fn level(second: i64) -> f64 {
    let noise = fastrand::Rng::with_seed(second as u64).f64();
    let waves = (second as f64 / 437.0).sin() * 20.0 + (second as f64 / 9_000.0).sin() * 25.0;
    ((50.0 + waves + noise) * 10.0).round() / 10.0
}

fn month(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("plant.data");
    fs::create_dir(&data).expect("a folder");
    let mut store = Store::open(&data, Utc(0)).expect("a history");
    let mut run = Run::next(None, Utc(0));
    let (name, data_type) = ("tank1.level".to_owned(), "f32".to_owned());
    let tag = TagRow { series: SeriesId(1), since: Utc(0), name, unit: String::new(), data_type };
    store.commit(&[tag], &[], &[&run]).expect("a tag");
    let recent = Recent::default();
    for day in 0..30 {
        let seconds = day * 86_400..(day + 1) * 86_400;
        let columns: Columns = seconds.map(|s| Sample::good(Utc(s * SECOND), level(s))).collect();
        run.alive = Utc((day + 1) * 86_400 * SECOND);
        let row = frame::encode([(SeriesId(1), &columns)].into_iter());
        store.commit(&[], &[row], &[&run]).expect("a commit");
        recent.add([(SeriesId(1), &columns)].into_iter());
        let mut sealing = Sealing::begin(&store, &recent);
        while !sealing.step(&mut store, &recent).expect("a chunk") {}
    }
    let (project, _issues) = read(PROJECT.as_bytes());
    let settings = Settings { limit: Some(85.0), ..Settings::default() };
    let mut group = criterion.benchmark_group("backtest");
    group.sample_size(10);
    group.bench_function("a month of a 1 s tag, opened anew", |bencher| {
        bencher.iter(|| {
            let history = HistoryReader::open(&data, None).expect("a history").expect("a history");
            let all = Utc(i64::MIN)..Utc(i64::MAX);
            let stop = AtomicBool::new(false);
            let found = backtest(&history, None, &project, "tank1.level/high", &settings, all, &stop);
            let found = found.expect("a verdict").expect("an end");
            assert_eq!(found.samples, SECONDS as u64);
            black_box(found.outcome.trial.count)
        });
    });
    group.finish();
}

criterion_group!(benches, month);
criterion_main!(benches);
