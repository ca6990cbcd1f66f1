//! What a history costs as it grows: the same hundred tags recorded for 3.5 days, for 35 and for 347, which are 10 million,
//! 100 million and 1,000 million samples, asked the same questions by a new process each time.
//!
//! `cargo bench --bench history_growth -- [MILLIONS] [PICTURE.svg]`: up to so many million samples (100 unless told; 1,000 take
//! 2 GB of the disk and a quarter of an hour), and the curve drawn into that file. What was read once lies in the system's page
//! cache; each question is asked of a reader that is opened anew where that is said.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

#[path = "parts/curve.rs"]
mod curve;
#[path = "parts/filling.rs"]
mod filling;

use curve::Curve;
use filling::{DAY, Filling, SECOND, series};
use std::hint::black_box;
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use watchkeeper::historian::history::Store;
use watchkeeper::historian::history::query::{Grid, HistoryReader};
use watchkeeper::time::{Span, Utc};

const START: i64 = 1_735_689_600 * SECOND;
const TAGS: usize = 100;
/// Between two samples of a tag.
const EVERY: i64 = 3 * SECOND;
const COLUMNS: usize = 2_000;
/// Of each size, the last so many samples of each tag are committed and sealed as a recorder does it.
const RECORDED: i64 = 20_000;
/// A full chunk of every tag at a time, so that filling does not write chunks twice.
const ROUND: i64 = 8_192;
/// Marks what the measuring process prints.
const MARK: &str = "measured ";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    if let [ask, folder, each] = arguments.as_slice()
        && ask == "ask"
    {
        return questions(Path::new(folder), each.parse().expect("a number"));
    }
    let most: i64 = arguments.first().map_or(100, |millions| millions.parse().expect("millions of samples"));
    let folder = tempfile::tempdir().expect("a folder");
    let history = folder.path().join("history");
    let mut filling = Filling::new(&history, &filling::names('t', TAGS), START, START + 366 * DAY);
    let mut curve = Curve::new("samples in the history");
    let mut each = 0;
    for millions in [10, 100, 1_000].into_iter().filter(|millions| *millions <= most) {
        let until = millions * 1_000_000 / TAGS as i64;
        let started = Instant::now();
        let plain = until - RECORDED;
        while each < plain {
            let some = ROUND.min(plain - each);
            for tag in 0..TAGS {
                filling.fill(tag, START + each * EVERY, EVERY, some);
            }
            each += some;
        }
        let filled = started.elapsed().as_secs_f64();
        let started = Instant::now();
        filling.record(START + each * EVERY, EVERY, until - each);
        let rate = (until - each) as f64 * TAGS as f64 / started.elapsed().as_secs_f64();
        each = until;
        let bytes = filling.settle();
        let samples = each as f64 * TAGS as f64;
        println!(
            "{millions} million samples of {TAGS} tags, {:.1} days: {:.0} MB, {:.2} bytes a sample, filled in {filled:.0} s",
            (each * EVERY) as f64 / DAY as f64,
            bytes as f64 / 1e6,
            bytes as f64 / samples,
        );
        println!("  committing and sealing 2 million more: {rate:.0} samples a second");
        curve.add("µs", "to commit and seal a sample", samples, 1e6 / rate);
        for (name, number, unit) in asked(&history, each) {
            println!("  {name}: {number:.2} {unit}");
            curve.add(&unit, &name, samples, number);
        }
    }
    if let Some(picture) = arguments.get(1) {
        std::fs::write(picture, curve.svg()).expect("a place for the picture");
    }
}

/// Asks in a process of its own, so that memory and caches are a new one's.
fn asked(folder: &Path, each: i64) -> Vec<(String, f64, String)> {
    let program = std::env::current_exe().expect("this program");
    let output =
        Command::new(program).arg("ask").arg(folder).arg(each.to_string()).output().expect("this program again");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let line = |line: &str| {
        let mut fields = line.strip_prefix(MARK)?.split('\t');
        Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?, fields.next()?.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// The questions, on a history of so many samples of each tag.
fn questions(folder: &Path, each: i64) {
    let end = START + each * EVERY;
    let opened = || HistoryReader::open(folder, None).expect("a history").expect("one that is there");
    let drawn = |reader: &HistoryReader, tag: usize, range: Range<i64>| {
        let range = Utc(range.start)..Utc(range.end);
        let picture = reader.picture(series(tag), range, COLUMNS, &AtomicBool::new(false)).expect("it reads");
        assert!(black_box(picture).is_some_and(|picture| !picture.points.is_empty()));
    };
    // Another tag and another place each time.
    let mut random = fastrand::Rng::with_seed(7);
    let mut somewhere = |length: i64| {
        let from = random.i64(START..(end - length).max(START + 1));
        (random.usize(0..TAGS), from..from + length)
    };
    told("opening to write", 11, || drop(Store::open(folder, Utc(end)).expect("a history")));
    told("a minute of one tag, opened anew", 101, || {
        let (tag, range) = somewhere(60 * SECOND);
        let mut rows = 0;
        let count = |_: &_| {
            rows += 1;
            ControlFlow::Continue(())
        };
        let range = Utc(range.start)..Utc(range.end);
        opened().samples(series(tag), range, &AtomicBool::new(false), count).expect("it reads");
        assert!((19..=21).contains(&rows), "{rows} samples in a minute");
    });
    told("an hour drawn, opened anew", 101, || {
        let (tag, range) = somewhere(3_600 * SECOND);
        drawn(&opened(), tag, range);
    });
    told("a day drawn, opened anew", 51, || {
        let (tag, range) = somewhere(DAY);
        drawn(&opened(), tag, range);
    });
    told("a year drawn, opened anew", 21, || drawn(&opened(), somewhere(0).0, START..START + 365 * DAY));
    let mut reader = opened();
    told("a year drawn again", 51, || drawn(&reader, 0, START..START + 365 * DAY));
    reader = opened();
    let mut tag = 0;
    let mut stepped = |from: i64, to: i64, every: i64| {
        tag = (tag + 37) % TAGS;
        let mut steps = 0;
        let count = |_| {
            steps += 1;
            ControlFlow::Continue(())
        };
        let grid = Grid::new(Span(every), Some("Europe/Amsterdam"));
        let range = Utc(from)..Utc(to);
        reader.steps(series(tag), range, grid, &AtomicBool::new(false), count).expect("it reads");
        assert!(steps > 0);
    };
    told("a day in hourly steps", 11, || stepped(end - DAY, end, DAY / 24));
    told("all of it in daily steps", 5, || stepped(START, end, DAY));
    println!("{MARK}memory of that process\t{:.1}\tMB", peak_megabytes());
}

/// The median of so many turns.
fn told(what: &str, turns: usize, mut work: impl FnMut()) {
    let mut millis: Vec<f64> = (0..turns)
        .map(|_| {
            let started = Instant::now();
            work();
            started.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    millis.sort_by(f64::total_cmp);
    println!("{MARK}{what}\t{}\tms", millis[turns / 2]);
}

/// The most that was ever resident; Linux tells it.
fn peak_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}
