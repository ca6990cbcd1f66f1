//! What a history costs: bytes a sample on disk, samples a second from the queue into sealed chunks, a core's share at ten
//! thousand a second, and the start beside a large file.
//!
//! `cargo bench --bench history -- [FOLDER]`. FOLDER holds measured series (`skab-anomaly-free.csv`,
//! `nab-machine-temperature.csv`); without one, seeded series of the same kind are made. To reach: 2.2 and 4.2 bytes a
//! sample, 500,000 samples a second, 3 % of a core, 0.2 s.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use watchkeeper::engine::{HistoryState, Input};
use watchkeeper::historian::history::seal::Sealing;
use watchkeeper::historian::history::{
    Columns, HistoryRecorder, Pace, Recent, Retention, Sample, SeriesId, SeriesTag, Store, chunk, frame,
};
use watchkeeper::time::{Clock, Mono, Now, Utc};

/// Each series so many times over as tags of their own, so that pages fill.
const TIMES_OVER: u32 = 100;
/// Rows of a series that one commit holds.
const ROWS_A_COMMIT: usize = 60;
const SEAL_WEIGHT: usize = 500_000;
const TAGS: usize = 1_000;
const PATIENCE: Duration = Duration::from_mins(1);
/// Ticks a second in /proc/self/stat; the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

/// Instants, and at each a value for every sensor.
type Series = Vec<(Utc, Vec<f64>)>;

fn main() {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let measured = |name: &str| folder.as_deref().map(|folder| read(&folder.join(name)));
    let valve = measured("skab-anomaly-free.csv").unwrap_or_else(|| made(9_405, 8, 1));
    let machine = measured("nab-machine-temperature.csv").unwrap_or_else(|| made(22_695, 1, 300));
    let kind = if folder.is_some() { "measured" } else { "made" };
    size(&format!("valve rig, {kind}, 8 sensors, 1 s"), &valve, 2.2);
    size(&format!("machine temperature, {kind}, 5 min"), &machine, 4.2);
    coding(&valve);
    sustained(20_000_000);
    share(10_000, Duration::from_mins(1));
    start();
}

fn read(path: &Path) -> Series {
    let text = fs::read_to_string(path).expect("the series");
    let row = |line: &str| {
        let mut fields = line.split([';', ',']);
        let time = format!("{}Z", fields.next()?.replacen(' ', "T", 1));
        Some((Utc::parse_rfc3339(&time)?, fields.map(|field| field.parse().expect("a number")).collect()))
    };
    text.lines().filter_map(row).collect()
}

/// Random walks of six digits, with noise and missing instants, as sensors have.
fn made(rows: i64, sensors: usize, seconds: i64) -> Series {
    let mut random = fastrand::Rng::with_seed(42);
    let mut levels = vec![100.0; sensors];
    let row = |i: i64| {
        let mut value = |level: &mut f64| {
            *level += random.f64() - 0.5;
            ((*level + random.f64()) * 1e3).round() / 1e3
        };
        (Utc((i + i / 97) * seconds * 1_000_000), levels.iter_mut().map(&mut value).collect())
    };
    (0..rows).map(row).collect()
}

fn at_once(series: &[(Utc, Vec<f64>)]) -> BTreeMap<SeriesId, Columns> {
    let sensors = series[0].1.len() as u32;
    let columns: Vec<Columns> = (0..sensors as usize)
        .map(|i| series.iter().map(|(time, values)| Sample::good(*time, values[i])).collect::<Columns>())
        .map(|columns| columns.into_canonical().0)
        .collect();
    (0..TIMES_OVER * sensors).map(|n| (SeriesId(n), columns[(n % sensors) as usize].clone())).collect()
}

fn seal(store: &mut Store, recent: &Recent) {
    let mut sealing = Sealing::begin(store, recent);
    while !sealing.step(store, recent).expect("sealing") {}
}

/// Bytes a sample when all is in chunks, as the recorder would have put it there.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn size(name: &str, series: &Series, reach: f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(folder.path(), Utc(0)).expect("a history");
    let recent = Recent::default();
    let start = Instant::now();
    let mut samples = 0;
    for part in series.chunks(ROWS_A_COMMIT) {
        let groups = at_once(part);
        let each = || groups.iter().map(|(series, columns)| (*series, columns));
        samples += groups.values().map(Columns::len).sum::<usize>();
        store.commit(&[], &[frame::encode(each())], &[]).expect("a commit");
        recent.add(each());
        if recent.weight() >= SEAL_WEIGHT {
            seal(&mut store, &recent);
        }
    }
    seal(&mut store, &recent);
    store.give_back(u32::MAX >> 1).expect("free pages");
    store.checkpoint().expect("a checkpoint");
    let bytes = store.bytes() as f64 / samples as f64;
    let rate = samples as f64 / start.elapsed().as_secs_f64();
    println!(
        "{name}: {samples} samples, {bytes:.3} bytes a sample, all included (to reach: {reach}); {rate:.0} a second"
    );
}

/// How fast one chunk is made and read.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn coding(series: &Series) {
    let columns: Columns =
        series.iter().take(chunk::FULL).map(|(time, values)| Sample::good(*time, values[0])).collect();
    let columns = columns.into_canonical().0;
    let rounds = 200;
    let start = Instant::now();
    let encoded: Vec<_> = (0..rounds).filter_map(|_| chunk::encode(std::hint::black_box(&columns))).collect();
    let encode = (columns.len() * rounds) as f64 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    for chunk in &encoded {
        assert_eq!(chunk::decode(&chunk.body).expect("a chunk").len(), columns.len());
    }
    let decode = (columns.len() * rounds) as f64 / start.elapsed().as_secs_f64();
    println!("one chunk: made at {:.1}, read at {:.1} million samples a second", encode / 1e6, decode / 1e6);
}

/// A recorder on a thousand tags, fed with random walks of one decimal.
struct Plant {
    recorder: HistoryRecorder,
    answers: mpsc::Receiver<Input>,
    state: HistoryState,
    random: fastrand::Rng,
    values: Vec<f64>,
    pushed: usize,
    /// Seconds that making the samples took.
    making: f64,
}

impl Plant {
    #[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
    fn begin(folder: &Path) -> Self {
        let start = Instant::now();
        let clock = Clock::new(move || {
            let micros = start.elapsed().as_micros() as i64;
            Now { mono: Mono(micros), utc: Utc(micros) }
        });
        let (sender, answers) = mpsc::channel(64);
        let tag = |n: usize| SeriesTag {
            name: format!("t{n}").into(),
            was: None,
            unit: "".into(),
            data_type: "f64",
            keep: None,
        };
        let tags: Vec<_> = (0..TAGS).map(tag).collect();
        let store = Store::open(folder, Utc(0)).expect("a history");
        let (retention, pace) = (Retention::default(), Pace::default());
        let recorder = HistoryRecorder::start_on(store, &tags, retention, clock, sender, pace).expect("a recorder");
        let (state, random) = (HistoryState::default(), fastrand::Rng::with_seed(42));
        Self { recorder, answers, state, random, values: vec![50.0; TAGS], pushed: 0, making: 0.0 }
    }

    /// One sample of each tag.
    #[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
    fn push(&mut self) {
        let start = Instant::now();
        let second = (self.pushed / TAGS) as i64 * 1_000_000;
        let samples: Vec<_> = (0..TAGS)
            .map(|i| {
                let step = [0.0, 0.0, 0.1, -0.1, 0.1, -0.1][self.random.usize(0..6)];
                self.values[i] = ((self.values[i] + step) * 10.0).round() / 10.0;
                let jitter = self.random.i64(0..15) * 1_000;
                (self.recorder.series()[i], Sample::good(Utc(second + jitter), self.values[i]))
            })
            .collect();
        self.making += start.elapsed().as_secs_f64();
        self.recorder.queue().push_all(samples);
        self.pushed += TAGS;
        while let Ok(answer) = self.answers.try_recv() {
            if let Input::History(state) = answer {
                self.state = state;
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn sustained(samples: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let start = Instant::now();
    let mut plant = Plant::begin(folder.path());
    while plant.pushed < samples {
        plant.push();
        while plant.pushed as u64 > plant.state.samples + 700_000 {
            if let Some(Input::History(state)) = plant.answers.blocking_recv() {
                plant.state = state;
            }
        }
    }
    let Plant { recorder, state, .. } = plant;
    recorder.close(PATIENCE).expect("an end in order");
    let rate = samples as f64 / start.elapsed().as_secs_f64();
    println!(
        "recording, {TAGS} tags interleaved: {rate:.0} samples a second into chunks, {} lost (to reach: 500000, 0)",
        state.lost
    );
}

/// Percent of a core, making of the samples left out.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn share(a_second: usize, long: Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut plant = Plant::begin(folder.path());
    let (start, before) = (Instant::now(), cpu_seconds());
    while start.elapsed() < long {
        plant.push();
        let due = Duration::try_from_secs_f64(plant.pushed as f64 / a_second as f64).unwrap_or_default();
        std::thread::sleep(due.saturating_sub(start.elapsed()));
    }
    let spent = cpu_seconds() - before - plant.making;
    let percent = spent / start.elapsed().as_secs_f64() * 100.0;
    println!("recording {a_second} samples a second: {percent:.2} % of a core (to reach: 3 %)");
    plant.recorder.close(PATIENCE).expect("an end in order");
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).map(|t| t.parse::<f64>().unwrap_or_default());
    ticks.sum::<f64>() / TICKS
}

/// The start beside no history, and beside one of 10 GB: chunks of one tag, written again and again under other numbers.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn start() {
    let open = |folder: &Path| {
        let start = Instant::now();
        let mut store = Store::open(folder, Utc(0)).expect("a history");
        assert!(store.take_found().unsealed.samples.is_empty() && store.set_aside().is_none());
        start.elapsed().as_secs_f64() * 1e3
    };
    let folder = tempfile::tempdir().expect("a folder");
    let none = open(folder.path());
    let (connection, path) =
        watchkeeper::historian::history::schema::open_to_read(folder.path()).expect("a history").expect("a file");
    drop(connection);
    let columns: Columns =
        made(chunk::FULL as i64, 1, 1).iter().map(|(time, values)| Sample::good(*time, values[0])).collect();
    let encoded = chunk::encode(&columns.into_canonical().0).expect("a chunk");
    let mut connection = rusqlite::Connection::open(&path).expect("the file");
    let gigabytes = 10;
    let chunks = gigabytes * 1_000_000_000 / encoded.body.len() as i64;
    for part in 0..=chunks / 10_000 {
        let transaction = connection.transaction().expect("a transaction");
        for id in part * 10_000..((part + 1) * 10_000).min(chunks) {
            let put = "INSERT INTO body (id, digest, samples) VALUES (?1, ?2, ?3)";
            let row = rusqlite::params![id + 1, encoded.digest, encoded.body];
            transaction.prepare_cached(put).expect("a statement").execute(row).expect("a row");
            let put = "INSERT INTO summary VALUES (?1,0,?2,?2,1,0,0,0,0,0.0,0.0,0.0,0.0,0.0,0.0,0,0,?3,NULL)";
            let row = rusqlite::params![id % 1_000, id, id + 1];
            transaction.prepare_cached(put).expect("a statement").execute(row).expect("a row");
        }
        transaction.commit().expect("a commit");
    }
    drop(connection);
    let bytes = fs::metadata(&path).map_or(0, |m| m.len());
    let large = open(folder.path());
    println!(
        "start: {none:.1} ms with no history, {large:.1} ms with one of {:.1} GB (to reach: within 200 ms)",
        bytes as f64 / 1e9
    );
}
