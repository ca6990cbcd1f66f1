//! How long a trend waits for the past, on a year of one tag, a week of eight, and 50 million samples of 1,000 tags.
//!
//! `cargo bench --bench history_query` (two minutes, 0.3 GB of disk). What was read once lies in the system's page cache; a
//! reader is opened anew where that is said, and what it decoded before is kept where "again" is.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

#[path = "parts/filling.rs"]
#[expect(dead_code, reason = "each bench takes what it needs")]
mod filling;

use filling::{DAY, Filling, SECOND, names, series};
use std::hint::black_box;
use std::io;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use watchkeeper::historian::export::{Exporter, FileFormat, Of, RowKind};
use watchkeeper::historian::history::Sample;
use watchkeeper::historian::history::ask::{HistoryLink, Question};
use watchkeeper::historian::history::query::{ChunkCache, Grid, HistoryReader, Picture};
use watchkeeper::time::{Span, Utc};

const YEAR: i64 = 365 * DAY;
const START: i64 = 1_735_689_600 * SECOND;
const COLUMNS: usize = 2_000;

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    one_year(&folder.path().join("year"));
    thousand_tags(&folder.path().join("wide"));
}

/// One tag for a year, eight for a week of it, a sample each second.
fn one_year(folder: &Path) {
    let mut filling = Filling::new(folder, &names('t', 9), START, START + YEAR);
    filling.fill(0, START, SECOND, YEAR / SECOND);
    for tag in 1..9 {
        filling.fill(tag, START, SECOND, 7 * 86_400);
    }
    let bytes = filling.settle();
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
    // What it decodes and keeps is bounded as in the window.
    let cache = Arc::new(ChunkCache::new(64 << 20));
    let reader = HistoryReader::open_with_cache(folder, None, cache).expect("a history").expect("one that is there");
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
    let pens: Vec<Arc<str>> = names('t', 9).into_iter().skip(1).map(Into::into).collect();
    told("a week of eight pens, asked as the window does", 20.0, 51, || {
        let (sender, woken) = mpsc::channel();
        let question = Question { pens: pens.clone(), from: Utc(week.start), to: Utc(week.end), columns: COLUMNS };
        let pending = link.ask(question, Arc::new(move || sender.send(()).unwrap_or_default()));
        woken.recv_timeout(Duration::from_mins(1)).expect("an answer");
        pending.take()
    });
    told("daily steps of the year", 2_000.0, 5, || {
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
    let mut filling = Filling::new(folder, &names('t', TAGS), START, START + YEAR);
    for tag in 0..TAGS {
        filling.fill(tag, START, SECOND, 50_000);
    }
    let bytes = filling.settle();
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
