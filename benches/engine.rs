//! The engine alone: 10,000 tags with two limit alarms each (and the quality alarm that comes with them), all changing.
//!
//! `cargo bench --bench engine` prints samples per second; the figure to reach is 5 million on one core, and no
//! allocation for a sample in steady state, which is counted before the clock runs; without and with every sample recorded.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use watchkeeper::engine::{
    DeviceStatus, Engine, EngineOptions, Generation, Input, LinkState, Mode, Plan, Raw, Report, Sample, TagId, Value,
};
use watchkeeper::project::file;
use watchkeeper::time::{Mono, Now, Span, Utc};

const TAGS: u32 = 10_000;
const BLOCK: u32 = 100;

fn project_text() -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "watchkeeper = 1\nname = \"bench\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"127.0.0.1:502\"\n",
    );
    for i in 0..TAGS {
        write!(
            text,
            "[[tag]]\nname = \"t{i}\"\ndevice = \"plc1\"\nregister = \"holding:{i}\"\ntype = \"u16\"\nscale = 0.1\nrange = [0, 7000]\n\
             [[tag.alarm]]\nkind = \"high\"\nlimit = 6000\npriority = \"low\"\n[[tag.alarm]]\nkind = \"low\"\nlimit = 1\npriority = \"low\"\n"
        )
        .expect("writing to a string");
    }
    text
}

fn engine(now: Now, record: bool) -> Engine {
    let (project, issues) = file::read(project_text().as_bytes());
    assert!(issues.is_empty(), "{}", issues[0]);
    let (plan, issues) = Plan::compile(Arc::new(project), Generation(1), Mode::Live);
    assert!(issues.is_empty(), "{}", issues[0]);
    let mut engine =
        Engine::new(EngineOptions { tail_points: 0, record, restarted: false }, std::collections::BTreeMap::new());
    let mut effects = Vec::new();
    engine.apply(now, Input::Deploy(Arc::new(plan)), &mut effects);
    let status = DeviceStatus { state: LinkState::Connected, ..DeviceStatus::new(now) };
    let link =
        Input::Link { generation: Generation(1), device: watchkeeper::engine::DeviceId(0), status: Box::new(status) };
    engine.apply(now, link, &mut effects);
    engine
}

/// One scan: a report for each block of registers, every value other than in the scan before, none in alarm.
fn scan(now: Now, turn: u32) -> Vec<Input> {
    (0..TAGS / BLOCK)
        .map(|block| {
            let samples = (0..BLOCK).map(|i| {
                let raw = 20_000 + ((block * BLOCK + i) * 7 + turn * 13) % 20_000;
                Sample::good(
                    TagId(block * BLOCK + i),
                    Value::U64(u64::from(raw)),
                    Raw::new(&(raw as u16).to_be_bytes()),
                )
            });
            Input::Report(Report { generation: Generation(1), received: now, samples: samples.collect() })
        })
        .collect()
}

fn engine_benches(criterion: &mut Criterion) {
    applied(criterion, false);
    applied(criterion, true);
}

fn applied(criterion: &mut Criterion, record: bool) {
    let start = Now { mono: Mono(0), utc: Utc(1_800_000_000_000_000) };
    let mut engine = engine(start, record);
    let mut effects = Vec::new();
    let mut turn = 0;
    let mut run_scan = |engine: &mut Engine, inputs: Vec<Input>, now: Now| {
        for input in inputs {
            engine.apply(now, black_box(input), &mut effects);
        }
        effects.clear();
    };
    let mut next = || {
        turn += 1;
        let now = start + Span::from_millis(i64::from(turn) * 100);
        (scan(now, turn), now)
    };
    for _ in 0..100 {
        let (inputs, now) = next();
        run_scan(&mut engine, inputs, now);
    }
    let (inputs, now) = next();
    let allocated = allocation_counter::measure(|| run_scan(&mut engine, inputs, now)).count_total;
    assert!(allocated < 10, "{allocated} allocations for {TAGS} samples in steady state");

    let mut group = criterion.benchmark_group(if record { "engine, recording" } else { "engine" });
    group.sample_size(20);
    group.throughput(Throughput::Elements(u64::from(TAGS)));
    group.bench_function("10,000 samples, two limit alarms each", |bencher| {
        bencher.iter_batched(&mut next, |(inputs, now)| run_scan(&mut engine, inputs, now), BatchSize::LargeInput);
    });
    group.finish();
    if record {
        return;
    }
    let mut group = criterion.benchmark_group("snapshot");
    let (inputs, now) = next();
    run_scan(&mut engine, inputs, now);
    let mut shown = engine.snapshot(now);
    group.bench_function("of 10,000 tags", |bencher| bencher.iter(|| shown = engine.snapshot(black_box(now))));
    group.bench_function("of 10,000 tags, and all change under it", |bencher| {
        bencher.iter_batched(
            &mut next,
            |(inputs, now)| {
                run_scan(&mut engine, inputs, now);
                shown = engine.snapshot(now);
            },
            BatchSize::LargeInput,
        );
    });
    drop(shown);
    group.finish();
}

criterion_group!(benches, engine_benches);
criterion_main!(benches);
