//! Reading against a naive reader: whatever the split into log, chunks and summaries, what comes out is the same.

use super::super::super::super::file;
use super::super::super::rows::SummaryRow;
use super::super::super::runs::Run;
use super::super::super::tags::TagRow;
use super::super::super::{chunk, frame};
use super::*;
use crate::engine::{Quality, Value};
use crate::time::Span;
use proptest::prelude::*;
use rusqlite::params;

const TAG: SeriesId = SeriesId(7);
const OTHER: SeriesId = SeriesId(8);

/// A history made by hand: how its samples are split, a property test chooses.
struct Made {
    folder: tempfile::TempDir,
    connection: Connection,
    bodies: i64,
}

impl Made {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file::OpenedFile { connection, .. } = schema::open(folder.path(), Utc(0)).unwrap();
        connection.pragma_update(None, "synchronous", "off").unwrap();
        Self { folder, connection, bodies: 0 }
    }

    /// Chunks of these lengths, and summaries of so many chunks at once on both levels above.
    fn seal(&mut self, columns: &Columns, lengths: &[usize], fanout: usize) {
        let transaction = self.connection.unchecked_transaction().unwrap();
        let mut rows: Vec<SummaryRow> = Vec::new();
        let (mut start, mut lengths) = (0, lengths.iter().cycle());
        while start < columns.len() {
            let mut end = (start + lengths.next().unwrap()).min(columns.len());
            while end < columns.len() && columns.times()[end] == columns.times()[end - 1] {
                end += 1;
            }
            let chunk = chunk::encode(&columns.slice(start..end)).unwrap();
            self.bodies += 1;
            transaction
                .execute(
                    "INSERT INTO body (id, digest, samples) VALUES (?1, ?2, ?3)",
                    params![self.bodies, chunk.digest, chunk.body],
                )
                .unwrap();
            rows.push(SummaryRow::new(chunk.summary, Some(self.bodies)));
            start = end;
        }
        for level in 0..=rows::HIGHEST_LEVEL {
            for row in &rows {
                row.insert(&transaction, TAG, level).unwrap();
            }
            // Not all: the last ones of a level are not summed up yet.
            let groups = rows.chunks_exact(fanout);
            rows = groups
                .map(|group| group.iter().map(|row| row.summary).reduce(|a, b| a.merged(&b)).unwrap())
                .map(|summary| SummaryRow::new(summary, None))
                .collect();
        }
        transaction.commit().unwrap();
    }

    fn log(&self, columns: &Columns) {
        let bytes = frame::encode([(TAG, columns), (OTHER, columns)].into_iter());
        self.connection.execute("INSERT INTO log (body) VALUES (?1)", [bytes]).unwrap();
    }

    fn run(&self, alive: i64) {
        Run { alive: Utc(alive), ..Run::next(None, Utc(0)) }.write(&self.connection).unwrap();
    }

    fn reader(&self) -> HistoryReader {
        HistoryReader::open(self.folder.path(), None).unwrap().unwrap()
    }
}

fn any_samples(most: usize) -> impl Strategy<Value = Vec<Sample>> {
    let sample = (0_i64..40, 0_u8..12, -50_i32..50);
    prop::collection::vec(sample, 1..most).prop_map(|steps| {
        let mut time = -100;
        let mut sample = |(after, kind, number): (i64, u8, i32)| {
            time += after;
            let number = f64::from(number) / 2.0;
            let (value, quality) = match kind {
                0 => (None, Quality::NO_COMMUNICATION),
                1 => (None, Quality::NOT_RUNNING),
                2 => (Some(Value::F64(number)), Quality::STALE),
                3 => (Some(Value::I64(number as i64)), Quality::GOOD),
                _ => (Some(Value::F64(number)), Quality::GOOD),
            };
            let detail = (kind == 0).then(|| "connection refused".into());
            Sample::new(Utc(time), value, quality, detail)
        };
        steps.into_iter().map(&mut sample).collect()
    })
}

fn collected(reader: &HistoryReader, range: Range<Utc>) -> Columns {
    let mut found = Columns::new();
    let outcome = reader.samples(TAG, range, &AtomicBool::new(false), |sample| {
        found.push(sample.clone());
        ControlFlow::Continue(())
    });
    assert_eq!(outcome.unwrap(), Outcome { complete: true, damaged: 0 });
    found
}

fn text(columns: &Columns) -> Vec<String> {
    columns.iter().map(|s| format!("{s:?}")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_split_into_log_chunks_and_summaries_reads_the_same(
        samples in any_samples(600),
        lengths in prop::collection::vec(1_usize..90, 1..6),
        fanout in 2_usize..9,
        // Which samples are still in the log, and which are there although they are in chunks already.
        places in prop::collection::vec(0_u8..10, 1..50),
        late in any::<bool>(),
        (from, length) in (-200_i64..9_000, 1_i64..9_000),
        columns in 1_usize..60,
        every in prop::sample::select(vec![250, 2_000, 9_000]),
    ) {
        let all: Columns = samples.iter().cloned().collect();
        let all = all.into_canonical().0;
        let mut made = Made::new();
        let (mut sealed, mut logged) = (Columns::new(), Columns::new());
        for (i, sample) in all.iter().enumerate() {
            let place = if late { places[i % places.len()] } else { u8::from(i * 5 > all.len() * 4) };
            if place != 1 {
                sealed.push(sample.clone());
            }
            if place == 1 || place == 2 {
                logged.push(sample);
            }
        }
        made.seal(&sealed, &lengths, fanout);
        let half = logged.len() / 2;
        made.log(&logged.slice(half..logged.len()));
        let alive = all.last_time().unwrap_or(0) + 50;
        made.run(alive);
        let mut reader = made.reader();
        made.log(&logged.slice(0..half));
        reader.refresh().unwrap();

        let range = Utc(from)..Utc(from + length);
        let within = all.slice(all.range(from, from + length));
        prop_assert_eq!(text(&collected(&reader, range.clone())), text(&within));
        let held = all.range(i64::MIN, from).last().map(|i| all.sample(i));
        prop_assert_eq!(reader.before(TAG, range.start).unwrap(), held.clone());
        prop_assert_eq!(
            reader.extent(TAG).unwrap().map(|e| (e.0.0, e.1.0)),
            all.first_time().zip(all.last_time())
        );

        let grid = || Grid::new(Span(every), Some("UTC"));
        let mut steps = Vec::new();
        let each = |step| { steps.push(step); ControlFlow::Continue(()) };
        reader.steps(TAG, range.clone(), grid(), &AtomicBool::new(false), each).unwrap();
        let mut naive = Vec::new();
        let mut each = |step| { naive.push(step); ControlFlow::Continue(()) };
        let mut stepper = Stepper::new(grid(), range.start, range.end);
        for s in held.iter().cloned().chain(within.iter()) {
            prop_assert!(stepper.sample(s.time, s.value.as_ref(), s.quality, &mut each).is_continue());
        }
        prop_assert!(stepper.finish(Utc(alive), &mut each).is_continue());
        prop_assert_eq!(steps, naive);

        let drawn = || reader.picture(TAG, range.clone(), columns, &AtomicBool::new(false)).unwrap().unwrap();
        let picture = drawn();
        prop_assert_eq!(format!("{:?}", drawn()), format!("{picture:?}"), "asked again");
        let next = all.range(from + length, i64::MAX).next().map(|i| all.sample(i));
        let mut sketch = Sketch::new(range.start, range.end, columns);
        for s in held.iter().cloned().chain(within.iter()).chain(next) {
            sketch.sample(s.time, s.number(), s.quality, s.detail.as_ref());
        }
        let width = sketch.column_micros();
        let exact = sketch.finish(Utc(alive).min(range.end));
        if picture.exact {
            prop_assert_eq!(format!("{picture:?}"), format!("{exact:?}"));
        }
        prop_assert!(picture.points.windows(2).all(|w| w[0].time <= w[1].time), "out of order");
        prop_assert!(picture.points.len() <= (columns + 2) * super::super::picture::MOST_PER_COLUMN);
        for p in exact.points.iter().filter(|p| range.contains(&p.time)) {
            let near = || picture.points.iter().filter(|r| (r.time.0 - p.time.0).abs() <= 2 * width + 2);
            if p.quality.is_bad() {
                prop_assert!(near().any(|r| r.quality.is_bad()), "a gap at {} is gone", p.time.0);
            } else {
                prop_assert!(near().any(|r| r.value <= p.value), "{} at {} is gone", p.value, p.time.0);
                prop_assert!(near().any(|r| r.value >= p.value), "{} at {} is gone", p.value, p.time.0);
            }
            if !p.quality.is_good() {
                prop_assert!(near().any(|r| !r.quality.is_good()), "a doubt at {} is gone", p.time.0);
            }
        }
        let known: Vec<u64> = all.numbers().iter().map(|v| v.to_bits()).collect();
        prop_assert!(
            picture.points.iter().all(|p| p.value.is_nan() || known.contains(&p.value.to_bits())),
            "a value that never was"
        );
        // Long gaps are told to the microsecond, with their reasons, as long as they are few.
        for gap in exact.gaps.iter().filter(|g| (g.to - g.from).0 > 2 * width) {
            prop_assert!(picture.gaps.contains(gap), "{:?} is not in {:?}", gap, picture.gaps);
        }
    }
}

/// Samples at each second, with one spike.
fn seconds(count: i64, spike_at: i64) -> Columns {
    let value = |i: i64| if i == spike_at { 1e6 } else { (i % 600) as f64 / 10.0 };
    (0..count).map(|i| Sample::good(Utc(i * 1_000_000), value(i))).collect()
}

#[test]
fn a_long_range_is_drawn_from_summaries_and_shows_the_spike_at_its_time() {
    let mut made = Made::new();
    let count = 300_000;
    let spike = 123_457;
    let all = seconds(count, spike);
    made.seal(&all, &[chunk::FULL], 4);
    made.run(count * 1_000_000);
    let reader = made.reader();
    let range = Utc(0)..Utc(count * 1_000_000);
    let picture = reader.picture(TAG, range.clone(), 30, &AtomicBool::new(false)).unwrap().unwrap();
    assert!(!picture.exact);
    let highest = picture.points.iter().max_by(|a, b| a.value.total_cmp(&b.value)).unwrap();
    assert_eq!(highest.value, 1e6);
    assert!((highest.time.0 - spike * 1_000_000).abs() <= 10_000 * 1_000_000, "within a column of its place");
    // Nearer, it is at its time.
    let near = Utc((spike - 300) * 1_000_000)..Utc((spike + 300) * 1_000_000);
    let picture = reader.picture(TAG, near, 2_000, &AtomicBool::new(false)).unwrap().unwrap();
    assert!(picture.exact);
    assert!(picture.points.iter().any(|p| p.value == 1e6 && p.time.0 == spike * 1_000_000));
}

#[test]
fn steps_that_hold_whole_chunks_are_told_without_decoding_them() {
    let mut made = Made::new();
    let count = 300_000;
    let all = seconds(count, 123_457);
    made.seal(&all, &[2_000], 4);
    made.run(count * 1_000_000);
    let reader = made.reader();
    let (from, to) = (Utc(0), Utc(count * 1_000_000));
    let grid = || Grid::new(Span::parse("1d").unwrap(), Some("UTC"));
    let mut steps = Vec::new();
    let each = |step| {
        steps.push(step);
        ControlFlow::Continue(())
    };
    reader.steps(TAG, from..to, grid(), &AtomicBool::new(false), each).unwrap();
    let mut naive = Vec::new();
    let mut each = |step| {
        naive.push(step);
        ControlFlow::Continue(())
    };
    let mut stepper = Stepper::new(grid(), from, to);
    for s in all.iter() {
        assert!(stepper.sample(s.time, s.value.as_ref(), s.quality, &mut each).is_continue());
    }
    assert!(stepper.finish(to, &mut each).is_continue());
    assert_eq!(steps.len(), 4);
    for (told, naive) in steps.iter().zip(&naive) {
        let near = (told.mean.unwrap() - naive.mean.unwrap()).abs() <= 1e-12 * naive.mean.unwrap().abs();
        assert!(near, "{told:?} {naive:?}");
        assert_eq!(told, &Step { mean: told.mean, ..naive.clone() });
    }
    // Those that a day ends in, and that of the first sample.
    assert!(reader.cache.bytes() < 6 * 60_000, "{}", reader.cache.bytes());
}

#[test]
fn what_is_sealed_between_two_questions_is_in_the_second() {
    let mut made = Made::new();
    let all = seconds(40_000, 5);
    let half = all.slice(0..20_000);
    made.seal(&half, &[500], 4);
    made.run(40_000_000_000);
    let recent = Arc::new(Recent::default());
    let reader = HistoryReader::open(made.folder.path(), Some(recent.clone())).unwrap().unwrap();
    let drawn = |reader: &HistoryReader| {
        let range = Utc(0)..Utc(40_000_000_000);
        reader.picture(TAG, range, 20, &AtomicBool::new(false)).unwrap().unwrap().points
    };
    let before = drawn(&reader);
    assert_eq!(drawn(&reader), before);
    assert!(reader.cache.bytes() > 1_000, "summaries are kept");
    let changing = recent.changing_chunks();
    assert_eq!(recent.chunks_version(), None);
    for table in ["summary", "body"] {
        made.connection.execute(&format!("DELETE FROM {table}"), []).unwrap();
    }
    made.seal(&all, &[500], 4);
    assert_eq!(drawn(&reader), drawn(&made.reader()), "while it changes, the file tells");
    drop(changing);
    assert_eq!(drawn(&reader), drawn(&made.reader()));
    assert_ne!(drawn(&reader), before);
}

#[test]
fn nobody_waits_for_a_reading_that_is_not_wanted_any_more() {
    let mut made = Made::new();
    made.seal(&seconds(50_000, 1), &[1_000], 8);
    made.run(1);
    let reader = made.reader();
    let range = Utc(0)..Utc(i64::MAX);
    let stop = AtomicBool::new(true);
    assert_eq!(reader.picture(TAG, range.clone(), 100, &stop).unwrap(), None);
    let mut count = 0;
    let each = |_: &Sample| {
        count += 1;
        ControlFlow::Continue(())
    };
    assert!(!reader.samples(TAG, range.clone(), &stop, each).unwrap().complete);
    assert_eq!(count, 0);
    let mut count = 0;
    let each = |_: &Sample| {
        count += 1;
        if count < 1_500 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    assert!(!reader.samples(TAG, range, &AtomicBool::new(false), each).unwrap().complete);
    assert_eq!(count, 1_500);
}

#[test]
fn a_damaged_chunk_is_a_gap_with_its_reason_and_its_neighbours_are_read() {
    let mut made = Made::new();
    made.seal(&seconds(3_000, 1), &[1_000], 8);
    made.run(3_000_000_000);
    let body: Vec<u8> = made.connection.query_row("SELECT samples FROM body WHERE id = 2", [], |r| r.get(0)).unwrap();
    let damaged: Vec<u8> = body.iter().enumerate().map(|(i, b)| if i == 100 { b ^ 1 } else { *b }).collect();
    made.connection.execute("UPDATE body SET samples = ?1 WHERE id = 2", [damaged]).unwrap();
    let reader = made.reader();
    let mut bad = Vec::new();
    let mut good = 0;
    let outcome = reader.samples(TAG, Utc(0)..Utc(i64::MAX), &AtomicBool::new(false), |sample| {
        if sample.quality.is_bad() {
            bad.push(sample.clone());
        } else {
            good += 1;
        }
        ControlFlow::Continue(())
    });
    assert_eq!((outcome.unwrap().damaged, good, bad.len()), (1, 2_000, 2));
    assert_eq!(bad[0].quality, Quality::DAMAGED);
    let picture = reader.picture(TAG, Utc(0)..Utc(3_000_000_000), 3_000, &AtomicBool::new(false)).unwrap().unwrap();
    assert_eq!(picture.gaps.len(), 1);
    assert_eq!((picture.gaps[0].from, picture.gaps[0].to), (Utc(1_000_000_000), Utc(2_000_000_000)));
}

#[test]
fn tags_are_found_by_every_name_they_had() {
    let made = Made::new();
    let row = |since, name: &str, unit: &str| TagRow {
        series: TAG,
        since: Utc(since),
        name: name.to_owned(),
        unit: unit.to_owned(),
        data_type: "f32".to_owned(),
    };
    for row in [row(1, "old.name", "m"), row(2, "old.name", "cm"), row(3, "new.name", "cm")] {
        row.insert(&made.connection).unwrap();
    }
    let tags = made.reader().tags().unwrap();
    assert_eq!(tags.len(), 1);
    assert_eq!((tags[0].name.as_str(), tags[0].unit.as_str()), ("new.name", "cm"));
    assert_eq!(tags[0].earlier, ["old.name"]);
}

#[test]
fn where_nothing_is_recorded_there_is_nothing_and_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    assert!(HistoryReader::open(folder.path(), None).unwrap().is_none());
    let made = Made::new();
    let reader = made.reader();
    let picture = reader.picture(TAG, Utc(0)..Utc(1_000), 10, &AtomicBool::new(false)).unwrap().unwrap();
    assert_eq!((picture.points.len(), picture.gaps.len()), (0, 0));
    assert_eq!((reader.extent(TAG).unwrap(), reader.recorded_to().unwrap()), (None, None));
}
