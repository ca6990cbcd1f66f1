//! How long a trend waits for the past, on a year of one tag, a week of eight, and 50 million samples of 1,000 tags.
//!
//! `cargo bench --bench history_query` (two minutes, 0.3 GB of disk). What was read once lies in the system's page cache; a
//! reader is opened anew where that is said, and what it decoded before is kept where "again" is.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::hint::black_box;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use watchkeeper::historian::export::{Exporter, FileFormat, Of, RowKind};
use watchkeeper::historian::history::ask::{HistoryLink, Question};
use watchkeeper::historian::history::query::{Grid, HistoryReader, Picture};
use watchkeeper::historian::history::runs::Run;
use watchkeeper::historian::history::seal::Sealing;
use watchkeeper::historian::history::{Columns, Recent, Sample, SeriesId, Store, TagRow};
use watchkeeper::time::{Span, Utc};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
const YEAR: i64 = 365 * DAY;
const START: i64 = 1_735_689_600 * SECOND;
const COLUMNS: usize = 2_000;

/// Samples that are sealed at once.
const BATCH: usize = 500_000;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    one_year(&folder.path().join("year"));
    thousand_tags(&folder.path().join("wide"));
}

/// One tag for a year, eight for a week of it, a sample each second.
fn one_year(folder: &Path) {
    let mut filling = Filling::new(folder, 9);
    filling.fill(0, START, YEAR / SECOND);
    for tag in 1..9 {
        filling.fill(tag, START, 7 * 86_400);
    }
    let bytes = filling.finish();
    println!("31.5 million samples of one tag and a week of eight: {:.1} MB", bytes as f64 / 1e6);

    let year = START..START + YEAR;
    let opened = || HistoryReader::open(folder, None).expect("a history").expect("one that is there");
    let picture = |reader: &HistoryReader, tag: usize, range: &Range<i64>| -> Picture {
        let range = Utc(range.start)..Utc(range.end);
        reader
            .picture(series(tag), range, COLUMNS, &AtomicBool::new(false))
            .expect("it reads")
            .expect("nothing stops it")
    };
    let reader = opened();
    let points = picture(&reader, 0, &year).points.len();
    told("a year into 2,000 columns, opened anew", 30.0, 21, || black_box(picture(&opened(), 0, &year)));
    told("the same again", 5.0, 101, || black_box(picture(&reader, 0, &year)));
    println!("  {points} points");
    for days in [1_i64, 7, 30, 90] {
        let range = START + 100 * DAY..START + (100 + days) * DAY;
        told(&format!("{days} days of it, opened anew"), if days == 1 { 3.0 } else { 30.0 }, 51, || {
            black_box(picture(&opened(), 0, &range))
        });
    }
    let week = START..START + 7 * DAY;
    told("a week of eight pens, opened anew", 20.0, 21, || {
        let reader = opened();
        (1..9).map(|tag| picture(&reader, tag, &week).points.len()).sum::<usize>()
    });
    let mut at = START;
    told("an hour of it, somewhere else each time", 3.0, 101, || {
        at += 3 * DAY;
        black_box(picture(&reader, 0, &(at..at + DAY / 24)))
    });
    let link = HistoryLink::start(folder, None).expect("readers");
    let pens: Vec<Arc<str>> = (1..9).map(|tag| name(tag).into()).collect();
    told("a week of eight pens, asked as the window does", 20.0, 51, || {
        let (sender, woken) = mpsc::channel();
        let question = Question { pens: pens.clone(), from: Utc(week.start), to: Utc(week.end), columns: COLUMNS };
        let pending = link.ask(question, Arc::new(move || sender.send(()).unwrap_or_default()));
        woken.recv_timeout(Duration::from_mins(1)).expect("an answer");
        pending.take()
    });
    told("daily steps of the year", 2_000.0, 3, || {
        let mut steps = 0;
        let each = |_| {
            steps += 1;
            ControlFlow::Continue(())
        };
        let grid = Grid::new(Span(DAY), Some("Europe/Amsterdam"));
        reader.steps(series(0), Utc(year.start)..Utc(year.end), grid, &AtomicBool::new(false), each).expect("it reads");
        steps
    });
    for format in [FileFormat::Csv, FileFormat::Jsonl, FileFormat::Parquet] {
        let started = Instant::now();
        let mut exporter = Exporter::new(io::sink(), format, RowKind::Samples, None).expect("a sink");
        let range = Utc(START)..Utc(START + 30 * DAY);
        let of = Of { tag: "t0", unit: Some("m³/h") };
        let mut rows = 0_u32;
        let each = |sample: &Sample| {
            rows += 1;
            exporter.sample(of, sample).expect("a sink takes all");
            ControlFlow::Continue(())
        };
        reader.samples(series(0), range, &AtomicBool::new(false), each).expect("it reads");
        exporter.finish().expect("a sink takes all");
        let seconds = started.elapsed().as_secs_f64();
        println!("export as {format:?}: {:.2} million samples a second", f64::from(rows) / seconds / 1e6);
    }
}

/// 50 million samples of 1,000 tags.
fn thousand_tags(folder: &Path) {
    const TAGS: usize = 1_000;
    let mut filling = Filling::new(folder, TAGS);
    for tag in 0..TAGS {
        filling.fill(tag, START, 50_000);
    }
    let bytes = filling.finish();
    println!("50 million samples of 1,000 tags: {:.1} MB", bytes as f64 / 1e6);
    let mut tag = 0;
    told("one minute of one tag, another each time, opened anew", 2.0, 101, || {
        tag = (tag + 37) % TAGS;
        let reader = HistoryReader::open(folder, None).expect("a history").expect("one that is there");
        let from = Utc(START + 20_000 * SECOND);
        let mut rows = 0;
        let each = |_: &Sample| {
            rows += 1;
            ControlFlow::Continue(())
        };
        let range = from..from + Span(60 * SECOND);
        reader.samples(series(tag), range, &AtomicBool::new(false), each).expect("it reads");
        assert_eq!(rows, 60);
        rows
    });
}

/// The median of so many turns, and the worst.
fn told<T>(what: &str, reach_millis: f64, turns: usize, mut work: impl FnMut() -> T) {
    let mut millis: Vec<f64> = (0..turns)
        .map(|_| {
            let started = Instant::now();
            black_box(work());
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    millis.sort_by(f64::total_cmp);
    let worst = millis.last().copied().unwrap_or_default();
    println!("{what}: median {:.2} ms, worst {worst:.2} ms (to reach: {reach_millis} ms)", millis[turns / 2]);
}

struct Filling {
    store: Store,
    recent: Recent,
    waiting: usize,
    random: fastrand::Rng,
}

impl Filling {
    fn new(folder: &Path, tags: usize) -> Self {
        std::fs::create_dir(folder).expect("a folder");
        let mut store = Store::open(folder, Utc(START)).expect("a store");
        let row = |tag| TagRow {
            series: series(tag),
            since: Utc(START),
            name: name(tag),
            unit: "m³/h".to_owned(),
            data_type: "f64".to_owned(),
        };
        let rows: Vec<TagRow> = (0..tags).map(row).collect();
        let run = Run { alive: Utc(START + YEAR), ..Run::next(None, Utc(START)) };
        store.commit(&rows, &[], &[&run]).expect("a commit");
        Self { store, recent: Recent::default(), waiting: 0, random: fastrand::Rng::with_seed(1) }
    }

    /// A walk of tenths, a sample each second and some milliseconds.
    fn fill(&mut self, tag: usize, from: i64, count: i64) {
        let mut value = 2_000_i64;
        let mut done = 0;
        while done < count {
            let some = (count - done).min(BATCH as i64);
            let random = &mut self.random;
            let columns: Columns = (done..done + some)
                .map(|i| {
                    value = (value + random.i64(-3..=3)).clamp(0, 5_000);
                    Sample::good(Utc(from + i * SECOND + random.i64(0..15) * 1_000), value as f64 / 10.0)
                })
                .collect();
            assert_eq!(self.recent.add([(series(tag), &columns)].into_iter()), 0);
            done += some;
            self.waiting += some as usize;
            if self.waiting >= BATCH {
                self.seal();
            }
        }
    }

    fn seal(&mut self) {
        let mut sealing = Sealing::begin(&self.store, &self.recent);
        while !sealing.step(&mut self.store, &self.recent).expect("a disk that takes it") {}
        self.waiting = 0;
    }

    /// Bytes on the disk.
    fn finish(mut self) -> u64 {
        self.seal();
        self.store.checkpoint().expect("a checkpoint");
        self.store.bytes()
    }
}

fn series(tag: usize) -> SeriesId {
    SeriesId(tag as u32 + 1)
}

fn name(tag: usize) -> String {
    format!("t{tag}")
}
