//! Histories made by the million: walks of tenths, as a plant's slow values are, through the store's own sealing.

use std::path::Path;
use watchkeeper::historian::history::runs::Run;
use watchkeeper::historian::history::seal::Sealing;
use watchkeeper::historian::history::{Columns, Recent, Sample, SeriesId, Store, TagRow, frame};
use watchkeeper::time::Utc;

pub const SECOND: i64 = 1_000_000;
pub const DAY: i64 = 86_400 * SECOND;

/// Samples that are sealed at once.
const BATCH: usize = 800_000;
/// What the recorder seals at.
const SEAL_WEIGHT: usize = 250_000;

/// A history that is being made.
pub struct Filling {
    store: Store,
    recent: Recent,
    waiting: usize,
    random: fastrand::Rng,
    /// Where each tag's walk stands, in tenths.
    walks: Vec<i64>,
    /// The greatest value, in tenths.
    pub top: i64,
}

impl Filling {
    /// Of these tags, recorded from one instant to another.
    pub fn new(folder: &Path, names: &[String], from: i64, to: i64) -> Self {
        std::fs::create_dir(folder).expect("a folder");
        let mut store = Store::open(folder, Utc(from)).expect("a store");
        let row = |(tag, name): (usize, &String)| TagRow {
            series: series(tag),
            since: Utc(from),
            name: name.clone(),
            unit: "m³/h".to_owned(),
            data_type: "f64".to_owned(),
        };
        let rows: Vec<TagRow> = names.iter().enumerate().map(row).collect();
        let run = Run { alive: Utc(to), ..Run::next(None, Utc(from)) };
        store.commit(&rows, &[], &[&run]).expect("a commit");
        let (recent, random) = (Recent::default(), fastrand::Rng::with_seed(1));
        Self { store, recent, waiting: 0, random, walks: vec![200; names.len()], top: 5_000 }
    }

    /// A tag's samples, one each `every` microseconds and some milliseconds, straight into chunks.
    pub fn fill(&mut self, tag: usize, from: i64, every: i64, count: i64) {
        let mut done = 0;
        while done < count {
            let some = (count - done).min(BATCH as i64);
            let columns = self.walk(tag, from + done * every, every, some);
            self.recent.add([(series(tag), &columns)].into_iter());
            done += some;
            self.waiting += some as usize;
            if self.waiting >= BATCH {
                self.seal();
            }
        }
    }

    /// Samples of all tags interleaved, so many of each, as the recorder takes them: each hundredth of them a commit, sealed
    /// when there is enough.
    pub fn record(&mut self, from: i64, every: i64, count: i64) {
        let mut done = 0;
        while done < count {
            let some = (count - done).min((count / 100).max(1));
            let tags = (0..self.walks.len()).map(|tag| (series(tag), self.walk(tag, from + done * every, every, some)));
            let tags: Vec<(SeriesId, Columns)> = tags.collect();
            let each = || tags.iter().map(|(series, columns)| (*series, columns));
            self.store.commit(&[], &[frame::encode(each())], &[]).expect("a commit");
            self.recent.add(each());
            done += some;
            if self.recent.weight() >= SEAL_WEIGHT {
                self.seal();
            }
        }
        self.seal();
    }

    fn walk(&mut self, tag: usize, from: i64, every: i64, count: i64) -> Columns {
        let Self { random, walks, top, .. } = self;
        let value = &mut walks[tag];
        let sample = |i| {
            *value = (*value + random.i64(-3..=3)).clamp(0, *top);
            Sample::good(Utc(from + i * every + random.i64(0..15) * 1_000), *value as f64 / 10.0)
        };
        (0..count).map(sample).collect()
    }

    /// Brings all that waits into chunks.
    pub fn seal(&mut self) {
        let mut sealing = Sealing::begin(&self.store, &self.recent);
        while !sealing.step(&mut self.store, &self.recent).expect("a disk that takes it") {}
        self.waiting = 0;
    }

    /// All in chunks and in the file: bytes on the disk.
    pub fn settle(&mut self) -> u64 {
        self.seal();
        self.store.checkpoint().expect("a checkpoint");
        self.store.bytes()
    }
}

pub fn series(tag: usize) -> SeriesId {
    SeriesId(tag as u32 + 1)
}

/// Names of so many tags: a letter and a number.
pub fn names(letter: char, tags: usize) -> Vec<String> {
    (0..tags).map(|tag| format!("{letter}{tag}")).collect()
}
