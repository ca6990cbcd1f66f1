//! The engine alone: 10,000 tags with two limit alarms each (and the quality alarm that comes with them), all changing.
//!
//! `cargo bench --bench engine` prints samples per second; the figure to reach is 5 million on one core, and no
//! allocation for a sample in steady state, which is counted before the clock runs; without and with every sample recorded, and
//! with alarms that stand, whose tags are judged rule by rule.
//!
//! Then alarms in their masses: 100,000 limit alarms that are judged at every change, 5,000 acknowledged at once and 60,000
//! raised in a minute, these two with the real journal on the disk of the temporary folder.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench measures and prints")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use watchkeeper::engine::{
    Actor, AlarmRef, AlarmState, Command, DeviceStatus, Effect, Engine, EngineOptions, Event, Generation, Input,
    LinkState, Mode, Plan, Raw, Report, Sample, TagId, Value,
};
use watchkeeper::historian::{Journal, JournalReader, Verdict, Writer};
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
    deployed(&project_text(), EngineOptions { tail_points: 0, record, restarted: false }, now)
}

/// An engine with this project, its one device connected.
fn deployed(text: &str, options: EngineOptions, now: Now) -> Engine {
    let (project, issues) = file::read(text.as_bytes());
    assert!(issues.is_empty(), "{}", issues[0]);
    let (plan, issues) = Plan::compile(Arc::new(project), Generation(1), Mode::Live);
    assert!(issues.is_empty(), "{}", issues[0]);
    let mut engine = Engine::new(options, BTreeMap::new());
    let mut effects = Vec::new();
    engine.apply(now, Input::Deploy(Arc::new(plan)), &mut effects);
    let status = DeviceStatus { state: LinkState::Connected, ..DeviceStatus::new(now) };
    let link =
        Input::Link { generation: Generation(1), device: watchkeeper::engine::DeviceId(0), status: Box::new(status) };
    engine.apply(now, link, &mut effects);
    engine
}

/// Above this and below 65,536 a value is in alarm, and in its range.
const IN_ALARM: u32 = 60_000;

/// One scan: a report for each block of registers, every value other than in the scan before. None is in alarm, or the first
/// so many of each block are, and stay so.
fn scan(now: Now, turn: u32, in_alarm: u32) -> Vec<Input> {
    (0..TAGS / BLOCK)
        .map(|block| {
            let samples = (0..BLOCK).map(|i| {
                let number = (block * BLOCK + i) * 7 + turn * 13;
                let raw = if i < in_alarm { IN_ALARM + number % 5_000 } else { 20_000 + number % 20_000 };
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
    applied(criterion, false, 0);
    applied(criterion, false, BLOCK / 10);
    applied(criterion, true, 0);
    masses(criterion);
}

/// Alarms that are judged at every change of the 100,000 tags.
const MASS: u32 = 100_000;

/// A plant of topics, each with a high alarm at 6,000 (and the quality alarm that comes with it).
fn topics(count: u32) -> Engine {
    use std::fmt::Write as _;
    let mut text = String::from(
        "watchkeeper = 1\n[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://127.0.0.1\"\n",
    );
    for i in 0..count {
        write!(
            text,
            "[[tag]]\nname = \"t{i}\"\ndevice = \"site\"\ntopic = \"t{i}\"\nstale-after = \"1h\"\nrange = [0, 7000]\n\
             [[tag.alarm]]\nkind = \"high\"\nlimit = 6000\ndeadband = 10\npriority = \"low\"\n"
        )
        .expect("writing to a string");
    }
    deployed(&text, EngineOptions::default(), START)
}

const START: Now = Now { mono: Mono(0), utc: Utc(1_800_000_000_000_000) };

/// A report with these values of the tags from `first` on.
fn values(now: Now, first: u32, values: impl Iterator<Item = f64>) -> Input {
    let samples = values.enumerate().map(|(i, v)| Sample::good(TagId(first + i as u32), Value::F64(v), Raw::NONE));
    Input::Report(Report { generation: Generation(1), received: now, samples: samples.collect() })
}

fn masses(criterion: &mut Criterion) {
    let mut engine = topics(MASS);
    let mut effects = Vec::new();
    let mut turn = 0_u32;
    let mut next = || {
        turn += 1;
        let now = START + Span::from_millis(i64::from(turn) * 100);
        let value = |i: u32| f64::from(1_000 + (i * 7 + turn * 13) % 4_000);
        let block = |b: u32| values(now, b * BLOCK, (b * BLOCK..(b + 1) * BLOCK).map(value));
        ((0..MASS / BLOCK).map(block).collect::<Vec<_>>(), now)
    };
    let mut group = criterion.benchmark_group("alarms");
    group.sample_size(20);
    group.throughput(Throughput::Elements(u64::from(MASS)));
    group.bench_function("100,000 judged at a change each", |bencher| {
        bencher.iter_batched(
            &mut next,
            |(inputs, now)| {
                for input in inputs {
                    engine.apply(now, black_box(input), &mut effects);
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
    assert!(!effects.iter().any(|e| matches!(e, Effect::Journal(..))), "none of them came");
    drop(engine);
    acknowledge_many();
    raise_many();
}

/// The engine with the real journal, as the main loop has them.
struct Journaled {
    engine: Engine,
    writer: Writer,
    answers: mpsc::Receiver<Input>,
    folder: tempfile::TempDir,
}

impl Journaled {
    fn new(alarms: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::open(folder.path(), START.utc).expect("a journal");
        let (answer, answers) = mpsc::channel(1_024);
        let writer = Writer::start(journal, answer, watchkeeper::runtime::clock::system_clock()).expect("a thread");
        Self { engine: topics(alarms), writer, answers, folder }
    }

    fn apply(&mut self, now: Now, input: Input) {
        let mut effects = Vec::new();
        self.engine.apply(now, input, &mut effects);
        let entries = effects.into_iter().filter_map(|effect| match effect {
            Effect::Journal(ticket, entry) => Some((Some(ticket), *entry)),
            Effect::Record(_) => None,
        });
        let entries: Vec<_> = entries.collect();
        if !entries.is_empty() {
            self.writer.queue().push_all(entries);
        }
    }

    /// Hears the journal until it has nothing to say for now.
    fn hear(&mut self, now: Now) {
        while let Ok(answer) = self.answers.try_recv() {
            self.apply(now, answer);
        }
    }

    fn in_state(&mut self, now: Now, state: AlarmState) -> usize {
        self.engine.snapshot(now).alarms.iter().filter(|a| a.state == state).count()
    }

    /// Ends it, and reads what is on disk: how many entries of each event, after the hash chain was verified.
    fn events(self) -> BTreeMap<&'static str, u64> {
        let Self { writer, folder, answers, .. } = self;
        drop(answers);
        writer.close(Duration::from_mins(1)).expect("it ends in order");
        let reader = JournalReader::open(folder.path()).expect("a journal").expect("a file");
        let verdict = reader.verify().expect("it can be read");
        assert!(matches!(verdict, Verdict::Whole { .. }), "the chain holds: {verdict:?}");
        let mut events = BTreeMap::new();
        let count = |row: watchkeeper::historian::Row| {
            if let Some(entry) = row.to_entry() {
                *events.entry(entry.event.word()).or_default() += 1;
            }
            ControlFlow::Continue(())
        };
        reader.read(None, None, count).expect("it can be read");
        events
    }
}

/// From the command to the last of them on disk and shown as acknowledged.
fn acknowledge_many() {
    const MANY: u32 = 5_000;
    let mut plant = Journaled::new(MANY);
    let now = START + Span::from_secs(1);
    plant.apply(now, values(now, 0, (0..MANY).map(|_| 6_500.0)));
    assert_eq!(plant.in_state(now, AlarmState::Unacknowledged), MANY as usize);
    // What was raised is on disk first: the figure is that of the act.
    std::thread::sleep(Duration::from_secs(1));
    plant.hear(now);
    let by = Actor { user: "ada".into(), computer: "control1".into(), desk: None };
    let alarms: Vec<AlarmRef> =
        (0..MANY).map(|i| AlarmRef { alarm: format!("t{i}/high").into(), occurrence: 1 }).collect();
    let began = Instant::now();
    plant.apply(now, Input::Command(Command::Acknowledge { by, alarms, note: None }));
    let mut transactions = 0;
    while plant.in_state(now, AlarmState::Acknowledged) < MANY as usize {
        match plant.answers.blocking_recv() {
            Some(answer) => {
                transactions += u32::from(matches!(answer, Input::Durable(_)));
                plant.apply(now, answer);
            }
            None => panic!("the journal ended"),
        }
    }
    let took = began.elapsed();
    let events = plant.events();
    assert_eq!(events.get(Event::Acknowledged.word()), Some(&u64::from(MANY)), "an entry each");
    assert_eq!(transactions, 1, "and one transaction");
    println!("5,000 acknowledged at once, on disk in one transaction: {:.0} ms", took.as_secs_f64() * 1e3);
}

/// A thousand raised in each of sixty seconds, in ten answers a second, in real time: what the loop and the journal need.
fn raise_many() {
    const EACH: u32 = 100;
    const ANSWERS: u32 = 600;
    let mut plant = Journaled::new(EACH * ANSWERS);
    // A tag that waits for its first value for more than ten seconds has an alarm of its own.
    plant.apply(START, values(START, 0, (0..EACH * ANSWERS).map(|_| 1_000.0)));
    let began = Instant::now();
    let (mut slowest, mut busy) = (Duration::ZERO, Duration::ZERO);
    for answer in 0..ANSWERS {
        let now = START + Span::from_millis(i64::from(answer) * 100);
        let due = began + Duration::from_millis(u64::from(answer) * 100);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let started = Instant::now();
        plant.apply(now, values(now, answer * EACH, (0..EACH).map(|_| 6_500.0)));
        plant.hear(now);
        let snapshot = plant.engine.snapshot(now);
        assert_eq!(snapshot.alarms.len() as u32, (answer + 1) * EACH);
        assert!(snapshot.horn.is_some(), "it sounds from the first on");
        slowest = slowest.max(started.elapsed());
        busy += started.elapsed();
    }
    let waiting = plant.writer.queue();
    let took = began.elapsed();
    let events = plant.events();
    drop(waiting);
    assert_eq!(events.get(Event::Raised.word()), Some(&u64::from(EACH * ANSWERS)), "none is lost");
    println!(
        "1,000 raised a second for a minute: none lost; the engine and its snapshots took {:.1} % of a core, at most {:.0} ms at a time ({:.0} s in all)",
        busy.as_secs_f64() / took.as_secs_f64() * 100.0,
        slowest.as_secs_f64() * 1e3,
        took.as_secs_f64()
    );
}

fn applied(criterion: &mut Criterion, record: bool, in_alarm: u32) {
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
        (scan(now, turn, in_alarm), now)
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
    let stand = if in_alarm > 0 { ", a tenth of the tags in alarm" } else { "" };
    group.bench_function(format!("10,000 samples, two limit alarms each{stand}"), |bencher| {
        bencher.iter_batched(&mut next, |(inputs, now)| run_scan(&mut engine, inputs, now), BatchSize::LargeInput);
    });
    group.finish();
    if record || in_alarm > 0 {
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
