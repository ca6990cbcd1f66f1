//! Making and reading histories.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use watchkeeper::engine::{HistoryState, Input};
use watchkeeper::historian::history::seal::Sealing;
use watchkeeper::historian::history::tags::SeriesTag;
use watchkeeper::historian::history::{
    Columns, Pace, Recent, Sample, SeriesId, Store, chunk, digest, frame, rows, schema,
};
use watchkeeper::time::{Clock, Mono, Now, Utc};

pub const NOON: Utc = Utc(1_795_348_800_000_000);
pub const SECOND: i64 = 1_000_000;
pub const TAG: SeriesId = SeriesId(1);

pub type All = BTreeMap<SeriesId, Columns>;

/// The `n`th second after noon.
pub fn at(n: i64) -> Utc {
    Utc(NOON.0 + n * SECOND)
}

pub fn good(n: i64) -> Sample {
    Sample::good(at(n), (n % 997) as f64 / 10.0)
}

pub fn canonical(samples: impl IntoIterator<Item = Sample>) -> Columns {
    samples.into_iter().collect::<Columns>().into_canonical().0
}

pub fn tag(name: &str) -> SeriesTag {
    SeriesTag { name: name.into(), was: None, unit: "m".into(), data_type: "f32", keep: None }
}

/// Commits these samples as the recorder does.
pub fn commit(store: &mut Store, recent: &Recent, samples: &All) {
    try_commit(store, recent, samples).unwrap();
}

pub fn try_commit(store: &mut Store, recent: &Recent, samples: &All) -> Result<(), String> {
    let each = || samples.iter().map(|(series, columns)| (*series, columns));
    store.commit(&[], &[frame::encode(each())], &[]).map_err(|e| e.to_string())?;
    recent.add(each());
    Ok(())
}

pub fn seal(store: &mut Store, recent: &Recent) {
    try_seal(store, recent).unwrap();
}

pub fn try_seal(store: &mut Store, recent: &Recent) -> Result<(), String> {
    let mut sealing = Sealing::begin(store, recent);
    while !sealing.step(store, recent).map_err(|e| e.to_string())? {}
    Ok(())
}

/// Opens a history as a start does.
pub fn open(folder: &Path) -> (Store, Arc<Recent>) {
    let mut store = Store::open(folder, NOON).unwrap();
    assert_eq!(store.set_aside(), None);
    let recent = Arc::new(Recent::default());
    recent.add(store.take_found().unsealed.samples.iter().map(|(series, columns)| (*series, columns)));
    (store, recent)
}

/// All that a history holds, log and chunks. Looks at every promise of the file on the way.
pub fn all(folder: &Path) -> All {
    let (connection, _) = schema::open_to_read(folder).unwrap().unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let mut statement = connection.prepare("SELECT DISTINCT tag FROM summary").unwrap();
    let tags: Vec<u32> = statement.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    let mut all = All::new();
    let mut bodies = 0;
    for series in tags.into_iter().map(SeriesId) {
        let mut columns = Columns::new();
        let mut chunks = Vec::new();
        rows::summaries(&connection, series, rows::CHUNK_LEVEL, i64::MIN, i64::MAX, |row| {
            chunks.push(row);
            Ok(())
        })
        .unwrap();
        for row in &chunks {
            let samples = chunk::decode(&rows::chunk_bytes(&connection, row.body.unwrap()).unwrap().unwrap()).unwrap();
            assert_eq!(row.check, rows::Check::Fits);
            assert_eq!(samples.len() as u64, row.summary.count);
            assert_eq!(samples.first_time(), Some(row.summary.first));
            assert_eq!(samples.last_time(), Some(row.summary.last));
            assert!(columns.last_time().is_none_or(|last| last < row.summary.first), "chunks of a tag overlap");
            let blocks = digest::decode(&rows::digest_bytes(&connection, row.body.unwrap()).unwrap().unwrap()).unwrap();
            assert_eq!(blocks.iter().map(|b| u64::from(b.count)).sum::<u64>(), row.summary.count);
            columns.append(&samples);
            bodies += 1;
        }
        assert!(columns.is_canonical());
        for level in 1..=rows::HIGHEST_LEVEL {
            check_level(&connection, series, level);
        }
        all.insert(series, columns);
    }
    let stored: i64 = connection.query_row("SELECT count(*) FROM body", [], |r| r.get(0)).unwrap();
    assert_eq!(stored, bodies, "a body without a summary");
    let mut statement = connection.prepare("SELECT body FROM log").unwrap();
    for body in statement.query_map([], |r| r.get::<_, Vec<u8>>(0)).unwrap() {
        let mut logged = All::new();
        frame::decode(&body.unwrap(), |series, sample| logged.entry(series).or_default().push(sample)).unwrap();
        for (series, columns) in logged {
            let known = all.remove(&series).unwrap_or_default();
            all.insert(series, known.merged(&columns.into_canonical().0).0);
        }
    }
    all
}

/// Rows of a level sum up whole rows of the one below, and never overlap.
fn check_level(connection: &rusqlite::Connection, series: SeriesId, level: u8) {
    let read = |level| {
        let mut found = Vec::new();
        rows::summaries(connection, series, level, i64::MIN, i64::MAX, |row| {
            found.push(row.summary);
            Ok(())
        })
        .unwrap();
        found
    };
    let (upper, lower) = (read(level), read(level - 1));
    assert!(upper.windows(2).all(|w| w[0].last < w[1].first));
    for row in upper {
        let within: Vec<_> = lower.iter().filter(|l| l.first <= row.last && l.last >= row.first).copied().collect();
        let merged = within.iter().copied().reduce(|a, b| a.merged(&b)).unwrap();
        assert_eq!((merged.first, merged.last, merged.count), (row.first, row.last, row.count));
        assert_eq!((merged.min, merged.max, merged.worst), (row.min, row.max, row.worst));
    }
}

/// How many rows a level has.
pub fn rows_of_level(folder: &Path, level: u8) -> i64 {
    let (connection, _) = schema::open_to_read(folder).unwrap().unwrap();
    connection.query_row("SELECT count(*) FROM summary WHERE level = ?1", [level], |r| r.get(0)).unwrap()
}

/// A clock that stands until a test moves it.
#[derive(Clone, Default)]
pub struct Hands(Arc<AtomicI64>);

impl Hands {
    pub fn clock(&self) -> Clock {
        let hands = self.0.clone();
        Clock::new(move || {
            let seconds = hands.load(Ordering::SeqCst);
            Now { mono: Mono(seconds * SECOND), utc: at(seconds) }
        })
    }

    pub fn set(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
}

/// Many commits a second, so that a test does not wait for them.
pub fn pace(most_waiting: usize) -> Pace {
    Pace { commit_every: Duration::from_millis(10), most_waiting, ..Pace::default() }
}

/// Why a disk refuses, while it does.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<Option<String>>>);

impl Disk {
    pub fn refuse(&self, why: Option<&str>) {
        *self.0.lock().unwrap() = why.map(str::to_owned);
    }

    pub fn why(&self) -> Option<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn on(&self, store: Store) -> Store {
        let disk = self.clone();
        store.with_gate(Box::new(move || disk.why().map_or(Ok(()), Err)))
    }
}

/// Waits until the recorder tells what `wanted` looks for; the test's patience is bounded.
pub fn told(answers: &mut mpsc::Receiver<Input>, mut wanted: impl FnMut(&HistoryState) -> bool) -> HistoryState {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Input::History(state) = answers.recv().await.unwrap()
                    && wanted(&state)
                {
                    return state;
                }
            }
        })
        .await
        .unwrap()
    })
}
