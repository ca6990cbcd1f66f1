//! Damage within a history: what cannot be read is a gap that says so, told once, and all the rest stays.

use super::support::*;
use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::mpsc;
use watchkeeper::engine::{Input, Quality};
use watchkeeper::historian::history::mend::{Mended, Spot, mend};
use watchkeeper::historian::history::query::{Grid, HistoryReader, Outcome};
use watchkeeper::historian::history::scrub::{Scan, Step};
use watchkeeper::historian::history::{
    Columns, HISTORY_FILE, HistoryRecorder, Retention, Sample, SeriesId, Store, rows, schema,
};
use watchkeeper::time::{Span, Utc};

const PATIENCE: Duration = Duration::from_secs(20);
const OTHER: SeriesId = SeriesId(2);
const ALL: std::ops::Range<Utc> = Utc(i64::MIN)..Utc(i64::MAX);

/// Two tags with their samples at the same instants, of 20 chunks and a little each, all sealed.
fn sealed(folder: &Path) -> All {
    let (mut store, recent) = open(folder);
    let samples: All =
        [(TAG, canonical((0..170_000).map(noise))), (OTHER, canonical((0..170_000).map(|n| Sample::good(at(n), 0.5))))]
            .into();
    commit(&mut store, &recent, &samples);
    seal(&mut store, &recent);
    store.checkpoint().unwrap();
    samples
}

/// A number that compresses badly, so that a chunk is longer than a page.
fn noise(n: i64) -> Sample {
    Sample::good(at(n), fastrand::Rng::with_seed(n as u64).f64() * 100.0)
}

fn tamper(folder: &Path, sql: &str) {
    let changed = Connection::open(folder.join(HISTORY_FILE)).unwrap().execute(sql, []).unwrap();
    assert!(changed > 0, "{sql}");
}

/// What the scan finds in the whole file.
fn scanned(folder: &Path) -> Vec<Spot> {
    let mut scan = Scan::begin(folder).unwrap().unwrap();
    let mut found = Vec::new();
    loop {
        match scan.step().unwrap() {
            Step::More(spots) => found.extend(spots),
            Step::Done => return found,
            Step::Broken(why) => panic!("{why}"),
        }
    }
}

fn read(folder: &Path, series: SeriesId) -> (Columns, Outcome) {
    let reader = HistoryReader::open(folder, None).unwrap().unwrap();
    let mut found = Columns::new();
    let outcome = reader.samples(series, ALL, &AtomicBool::new(false), |sample| {
        found.push(sample.clone());
        std::ops::ControlFlow::Continue(())
    });
    (found, outcome.unwrap())
}

fn mark(n: i64) -> Sample {
    Sample::bad(at(n), Quality::DAMAGED, None)
}

/// A tag whose samples of these seconds are a gap.
fn with_gap(samples: &Columns, gap: std::ops::Range<i64>) -> Columns {
    let kept = samples.iter().filter(|s| !(at(gap.start)..at(gap.end)).contains(&s.time));
    canonical(kept.chain([mark(gap.start), mark(gap.end - 1)]))
}

const SECOND_CHUNK: &str = "(SELECT body FROM summary WHERE tag = 1 AND level = 0 ORDER BY first LIMIT 1 OFFSET 1)";
const OF_SECOND: std::ops::Range<i64> = 8_192..16_384;

#[test]
fn a_damaged_chunk_is_found_becomes_a_gap_in_all_that_is_asked_and_its_bytes_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let samples = sealed(folder.path());
    assert_eq!(scanned(folder.path()), []);
    // One bit of eight thousand samples.
    let flip = format!(
        "UPDATE body SET samples = CAST(substr(samples, 1, 99) || x'5A' || substr(samples, 101) AS BLOB) WHERE id = {SECOND_CHUNK}"
    );
    tamper(folder.path(), &flip);
    let expected = with_gap(&samples[&TAG], OF_SECOND);
    // Before anybody mended it: never data.
    let (found, outcome) = read(folder.path(), TAG);
    assert_eq!((outcome.damaged, found == expected), (1, true));
    let spot = Spot { series: TAG, level: 0, first: at(OF_SECOND.start).0 };
    assert_eq!(scanned(folder.path()), [spot]);

    let (mut store, _) = open(folder.path());
    assert_eq!(mend(&mut store, spot, at(9)).unwrap(), Mended::Lost(at(OF_SECOND.start), at(OF_SECOND.end - 1)));
    assert_eq!(mend(&mut store, spot, at(9)).unwrap(), Mended::Whole, "told once");
    assert_eq!(store.integrity().unwrap(), "ok");
    drop(store);
    assert_eq!(scanned(folder.path()), []);
    let stored = all(folder.path());
    assert!(stored[&TAG] == expected && stored[&OTHER] == samples[&OTHER]);
    assert_eq!(read(folder.path(), TAG).1.damaged, 0);
    let kept: (i64, i64) = Connection::open(folder.path().join(HISTORY_FILE))
        .unwrap()
        .query_row("SELECT tag, length(samples) FROM damaged", [], |r| Ok((r.get(0)?, r.get(1)?)))
        .unwrap();
    assert!(kept.0 == 1 && kept.1 > 100, "{kept:?}");

    // In a picture of all of it the gap is there, narrower than a pixel or not, and in steps too.
    let reader = HistoryReader::open(folder.path(), None).unwrap().unwrap();
    let never = AtomicBool::new(false);
    for columns in [5, 500] {
        let picture = reader.picture(TAG, at(0)..at(170_000), columns, &never).unwrap().unwrap();
        let gap = picture.gaps.iter().find(|gap| gap.quality == Quality::DAMAGED);
        assert!(gap.is_some(), "{columns} columns: {:?}", picture.gaps);
    }
    let grid = Grid::new(Span::from_secs(1_000), None);
    let mut worst = Vec::new();
    let each = |step: watchkeeper::historian::history::query::Step| {
        worst.push((step.quality, step.count));
        std::ops::ControlFlow::Continue(())
    };
    reader.steps(TAG, at(9_000)..at(12_000), grid, &never, each).unwrap();
    assert!(worst.iter().all(|step| *step == (Quality::DAMAGED, 0)), "{worst:?}");
}

#[test]
fn a_flipped_bit_in_a_summary_is_never_drawn_and_is_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let samples = sealed(folder.path());
    let spike = 1e12;
    for (level, column) in [(1, "max"), (0, "max"), (0, "last"), (1, "last"), (0, "body")] {
        let value = match column {
            "max" => "1e12".to_owned(),
            "last" => i64::MAX.to_string(),
            // That of another tag, which begins at the same instant.
            _ => "(SELECT body FROM summary WHERE tag = 2 AND level = 0 ORDER BY first LIMIT 1 OFFSET 1)".to_owned(),
        };
        let which = format!(
            "tag = 1 AND level = {level} AND first = (SELECT first FROM summary WHERE tag = 1 AND level = {level} ORDER BY first LIMIT 1 OFFSET {})",
            1 - level
        );
        tamper(folder.path(), &format!("UPDATE summary SET {column} = {value} WHERE {which}"));
        let reader = HistoryReader::open(folder.path(), None).unwrap().unwrap();
        let picture = reader.picture(TAG, at(0)..at(170_000), 7, &AtomicBool::new(false)).unwrap().unwrap();
        let highest = picture.points.iter().map(|p| p.value).fold(0.0, f64::max);
        assert!((99.0..spike).contains(&highest), "{level} {column}: {highest}");
        let (found, _) = read(folder.path(), TAG);
        let first = at(if level == 0 { OF_SECOND.start } else { 0 }).0;
        let spot = Spot { series: TAG, level, first };
        assert_eq!(scanned(folder.path()), [spot], "{level} {column}");
        let (mut store, _) = open(folder.path());
        let mended = mend(&mut store, spot, NOON).unwrap();
        drop(store);
        assert_eq!(scanned(folder.path()), []);
        if column == "body" {
            // Nothing says any more which chunk was meant, and another tag's is none.
            assert!(matches!(mended, Mended::Lost(..)));
            let gap = with_gap(&samples[&TAG], OF_SECOND);
            let expected = canonical(gap.iter().filter(|s| s.time != at(OF_SECOND.end - 1)));
            assert!(read(folder.path(), TAG).0 == expected && read(folder.path(), OTHER).0 == samples[&OTHER]);
            return;
        }
        let stored = all(folder.path());
        assert_eq!(mended, Mended::Computed);
        assert!(found == samples[&TAG] && stored == samples, "{level} {column}: nothing is lost");
        assert!(rows_of_level(folder.path(), 1) > 0);
    }
}

#[test]
fn late_samples_that_fall_into_a_damaged_chunk_are_recorded_and_the_gap_around_them_stays() {
    let folder = tempfile::tempdir().unwrap();
    let samples = sealed(folder.path());
    tamper(folder.path(), &format!("UPDATE body SET samples = zeroblob(300) WHERE id = {SECOND_CHUNK}"));
    let (recorder, mut answers, hands) = start(folder.path());
    recorder.queue().push(TAG, good(9_000));
    told(&mut answers, |state| state.samples == 1);
    // An hour later the log is sealed.
    hands.set(200_000);
    let state = told(&mut answers, |state| state.damage.is_some());
    let damage = state.damage.unwrap();
    assert!(damage.contains("a from 2026-11-22T14:16:32.000Z to 2026-11-22T16:33:03.000Z"), "{damage}");
    assert_eq!((state.damaged, state.fault, state.set_aside), (1, None, None));
    recorder.close(PATIENCE).unwrap();
    let stored = all(folder.path());
    let end = Sample::bad(at(200_000), Quality::NOT_RUNNING, None);
    let expected = canonical(with_gap(&samples[&TAG], OF_SECOND).iter().chain([good(9_000), end]));
    assert!(stored[&TAG] == expected);
    assert!(stored[&OTHER] == samples[&OTHER]);
}

#[test]
fn a_commit_of_the_log_that_cannot_be_read_is_a_mark_in_every_tag_of_then() {
    for (lost, at_second) in [(1, 0), (2, 10), (3, 20)] {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, recent) = open(folder.path());
        for n in 0..3 {
            let both = |n: i64| canonical((n * 10..n * 10 + 10).map(good));
            commit(&mut store, &recent, &[(TAG, both(n)), (OTHER, both(n))].into());
        }
        let mut run = watchkeeper::historian::history::runs::Run::next(None, at(0));
        (run.alive, run.ended, run.tags) = (at(30), Some(at(30)), [TAG, OTHER].into());
        store.commit(&[], &[], &[&run]).unwrap();
        drop((store, recent));
        tamper(folder.path(), &format!("UPDATE log SET body = zeroblob(10) WHERE seq = {lost}"));
        let (recorder, mut answers, _) = start(folder.path());
        let state = told(&mut answers, |state| state.damage.is_some());
        assert!(state.damage.unwrap().contains("a commit of all tags"), "told");
        assert_eq!((state.damaged, state.set_aside), (1, None));
        recorder.close(PATIENCE).unwrap();
        for (series, columns) in all(folder.path()) {
            let bad: Vec<Sample> = columns.iter().filter(|s| s.quality == Quality::DAMAGED).collect();
            let [mark] = bad.as_slice() else { panic!("{series:?}: {bad:?}") };
            let expected = if lost == 1 { at(10).0 - 1 } else { at(at_second - 1).0 + 1 };
            assert_eq!(mark.time.0, expected, "{series:?}");
            assert_eq!(columns.iter().filter(|s| s.quality.is_good()).count(), 20);
        }
        let (recorder, mut answers, _) = start(folder.path());
        told(&mut answers, |state| state.recorded_to.is_some() && state.damaged == 0);
        recorder.close(PATIENCE).unwrap();
    }
}

#[test]
fn what_a_trend_finds_damaged_is_mended_and_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let samples = sealed(folder.path());
    tamper(folder.path(), &format!("UPDATE body SET samples = zeroblob(300) WHERE id = {SECOND_CHUNK}"));
    let (recorder, mut answers, _) = start(folder.path());
    told(&mut answers, |state| state.recorded_to.is_some() && state.damage.is_none());
    let reader = HistoryReader::open(folder.path(), Some(recorder.recent())).unwrap().unwrap();
    reader.picture(TAG, at(9_000)..at(9_100), 2_000, &AtomicBool::new(false)).unwrap();
    assert_eq!(told(&mut answers, |state| state.damage.is_some()).damaged, 1);
    recorder.close(PATIENCE).unwrap();
    assert!(all(folder.path())[&TAG] == with_gap(&samples[&TAG], OF_SECOND));
}

#[test]
fn a_history_of_format_1_is_read_as_it_is_and_brought_up_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let samples = sealed(folder.path());
    let path = folder.path().join(HISTORY_FILE);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "ALTER TABLE summary DROP COLUMN crc; ALTER TABLE body DROP COLUMN tag; DROP TABLE damaged; DROP TABLE tag_copy;
             DROP TABLE salvage; PRAGMA user_version = 1",
        )
        .unwrap();
    drop(connection);
    assert!(read(folder.path(), TAG).0 == samples[&TAG], "before it was opened to record");
    let (mut store, recent) = open(folder.path());
    let version = |folder: &Path| {
        let (connection, _) = schema::open_to_read(folder).unwrap().unwrap();
        connection.pragma_query_value(None, "user_version", |r| r.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(version(folder.path()), schema::KIND.format);
    assert_eq!(scanned(folder.path()), [], "what has no checksum is computed again and compared");
    tamper(
        folder.path(),
        "UPDATE summary SET max = 1e12 WHERE tag = 1 AND level = 0 AND first = (SELECT min(first) FROM summary)",
    );
    assert_eq!(scanned(folder.path()), [Spot { series: TAG, level: 0, first: at(0).0 }]);
    commit(&mut store, &recent, &[(TAG, canonical([good(170_000)]))].into());
    seal(&mut store, &recent);
    let (found, outcome) = read(folder.path(), TAG);
    assert_eq!((outcome.damaged, found.len()), (0, 170_001));
    let (connection, _) = schema::open_to_read(folder.path()).unwrap().unwrap();
    let newest = rows::newest_summaries(&connection, TAG, 0, 1).unwrap();
    assert_eq!(newest[0].check, rows::Check::Fits);
}

fn start(folder: &Path) -> (HistoryRecorder, mpsc::Receiver<Input>, Hands) {
    let (sender, answers) = mpsc::channel(64);
    let hands = Hands::default();
    let store = Store::open(folder, NOON).unwrap();
    assert_eq!(store.set_aside(), None);
    let tags = [tag("a"), tag("b")];
    let pace = pace(100_000);
    let recorder = HistoryRecorder::start_on(store, &tags, Retention::default(), hands.clock(), sender, pace).unwrap();
    (recorder, answers, hands)
}

/// A page of a table, told by SQLite itself.
fn pages(folder: &Path, table: &str, kind: &str) -> Vec<u64> {
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(folder.join(HISTORY_FILE), copy.path().join(HISTORY_FILE)).unwrap();
    let folder = copy.path();
    if kind == "first" {
        return vec![1];
    }
    let connection = Connection::open(folder.join(HISTORY_FILE)).unwrap();
    let mut statement =
        connection.prepare("SELECT pageno FROM dbstat WHERE name = ?1 AND pagetype = ?2 ORDER BY path").unwrap();
    statement.query_map([table, kind], |r| r.get::<_, i64>(0)).unwrap().map(|page| page.unwrap() as u64).collect()
}

fn harm(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(file).unwrap();
    change(&mut bytes);
    std::fs::write(file, bytes).unwrap();
}

const PAGE: usize = 4_096;

/// A history as a kill leaves it: two tags sealed, their names, some commits in the log. Its pages are all in the file, or,
/// where `in_wal`, the newest in the write-ahead log.
fn killed(folder: &Path, in_wal: bool) -> All {
    // Made once: it takes seconds.
    static MADE: std::sync::OnceLock<[(tempfile::TempDir, All); 2]> = std::sync::OnceLock::new();
    let made = MADE.get_or_init(|| [false, true].map(make_killed));
    let (made, samples) = &made[usize::from(in_wal)];
    let files = std::fs::read_dir(made.path()).unwrap().map(|entry| entry.unwrap());
    for file in files.filter(|file| file.path().is_file()) {
        std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
    }
    samples.clone()
}

fn make_killed(in_wal: bool) -> (tempfile::TempDir, All) {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    std::fs::create_dir(&made).unwrap();
    // Names come before samples.
    let (mut store, _) = open(&made);
    let names = watchkeeper::historian::history::Registry::default().adopt(&[tag("a"), tag("b")], NOON).1;
    let mut run = watchkeeper::historian::history::runs::Run::next(None, at(0));
    (run.alive, run.tags) = (at(170_120), [TAG, OTHER].into());
    store.commit(&names, &[], &[&run]).unwrap();
    drop(store);
    let mut samples = sealed(&made);
    let (mut store, recent) = open(&made);
    for n in 0..12 {
        let more = canonical((170_000 + n * 10..170_010 + n * 10).map(good));
        commit(&mut store, &recent, &[(TAG, more.clone())].into());
        let known = samples.remove(&TAG).unwrap();
        samples.insert(TAG, known.merged(&more).0);
    }
    if !in_wal {
        store.checkpoint().unwrap();
    }
    // As it lies while it is open: a store that closes in order leaves no log.
    for name in ["history.sqlite", "history.sqlite-wal"] {
        std::fs::copy(made.join(name), folder.path().join(name)).unwrap();
    }
    (folder, samples)
}

/// What a start makes of a history that was harmed: it records at once, whatever the harm, and in the end every sample of
/// before is there, or lies in a gap that says so; none was invented. Returns how many are missing, and whether the file
/// was set aside.
fn survives(folder: &Path, samples: &All, what: &str) -> (usize, bool) {
    let (sender, mut answers) = mpsc::channel(64);
    let hands = Hands::default();
    hands.set(180_000);
    let store = Store::open(folder, NOON).unwrap_or_else(|why| panic!("{what}: {why}"));
    let mut aside = store.set_aside().is_some();
    let tags = [tag("a"), tag("b")];
    let pace = watchkeeper::historian::history::Pace { scan_after: Duration::ZERO, ..pace(100_000) };
    let recorder = HistoryRecorder::start_on(store, &tags, Retention::default(), hands.clock(), sender, pace).unwrap();
    let [a, b] = recorder.series() else { panic!() };
    let (a, b) = (*a, *b);
    recorder.queue().push(a, good(180_000));
    let mut salvaged = false;
    // The scan ends within moments in so small a file: until nothing has been told for a while.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut quiet = 0;
    while quiet < 3 || aside && !salvaged {
        let next = runtime.block_on(async { tokio::time::timeout(Duration::from_millis(400), answers.recv()).await });
        match next {
            Ok(Some(Input::History(state))) => {
                aside |= state.set_aside.is_some();
                salvaged |= state.salvaged.is_some();
                quiet = 0;
            }
            Ok(other) => panic!("{what}: {other:?}"),
            Err(_) => quiet += 1,
        }
        assert!(quiet < 50, "{what}: it never came back");
    }
    recorder.close(PATIENCE).unwrap();
    let stored = all(folder);
    assert_eq!(scanned(folder), [], "{what}");
    let mut missing = 0;
    for (series, before) in [(a, &samples[&TAG]), (b, &samples[&OTHER])] {
        let now = &stored[&series];
        assert!(series == b || now.iter().any(|s| s == good(180_000)), "{what}: what came after it");
        let mut i = 0;
        for sample in before.iter() {
            while i < now.len() && now.times()[i] <= sample.time.0 {
                i += 1;
            }
            let standing = i.checked_sub(1).map(|last| now.sample(last));
            if standing.as_ref() != Some(&sample) {
                missing += 1;
                // Before all that is known, nothing is shown.
                let said = standing.is_none_or(|s| s.quality == Quality::DAMAGED);
                assert!(said, "{what}: {series:?} lost {sample:?} without a word");
            }
        }
        let invented = now.iter().filter(|s| s.quality.is_good() && s.time < at(180_000));
        let known: std::collections::BTreeMap<i64, Sample> = before.iter().map(|s| (s.time.0, s)).collect();
        invented.for_each(|s| assert_eq!(Some(&s), known.get(&s.time.0), "{what}: invented"));
    }
    (missing, aside)
}

#[test]
fn whatever_page_is_lost_the_plant_is_recorded_on_and_every_whole_chunk_comes_back() {
    // Which page, whether its loss breaks the structure, and how many samples may be gone.
    let cases = [
        ("the header and the schema", "first", true, 0),
        ("summary", "internal", true, 0),
        ("summary", "leaf", true, 0),
        ("body", "internal", true, 0),
        ("body", "leaf", true, 2 * 8_192),
        ("body", "overflow", false, 8_192),
        ("log", "leaf", true, 120),
        ("tag", "leaf", true, 0),
    ];
    for (table, kind, breaks, most_missing) in cases {
        for zeroed in [true, false].into_iter().filter(|zeroed| !zeroed || kind == "first" || kind == "leaf") {
            let folder = tempfile::tempdir().unwrap();
            let samples = killed(folder.path(), false);
            let all_pages = pages(folder.path(), table, kind);
            let page = all_pages[all_pages.len() / 2] as usize;
            harm(&folder.path().join(HISTORY_FILE), |bytes| {
                // The rest of a long row begins with the number of the page after it, which is structure.
                let skipped = if kind == "overflow" { 4 } else { 0 };
                let bytes = &mut bytes[(page - 1) * PAGE + skipped..page * PAGE];
                if zeroed {
                    bytes.fill(0);
                } else {
                    for byte in bytes.iter_mut() {
                        *byte ^= 0x5A;
                    }
                }
            });
            let what = format!("{kind} page {page} of {table}, zeroed: {zeroed}");
            let (missing, aside) = survives(folder.path(), &samples, &what);
            assert_eq!(aside, breaks, "{what}: set aside");
            assert!(missing <= most_missing, "{what}: {missing} samples");
        }
    }
}

#[test]
fn a_file_that_was_cut_keeps_what_is_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let samples = killed(folder.path(), false);
    let bodies = pages(folder.path(), "body", "leaf");
    let cut = bodies[bodies.len() / 2] as usize;
    harm(&folder.path().join(HISTORY_FILE), |bytes| bytes.truncate(cut * PAGE - 99));
    let (missing, aside) = survives(folder.path(), &samples, "cut");
    let of_all = samples.values().map(Columns::len).sum::<usize>();
    assert!(aside && missing > 0 && missing < of_all * 3 / 4, "{missing} of {of_all}");
}

#[test]
fn a_write_ahead_log_that_lost_what_was_synced_is_noticed_and_the_rest_of_it_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let samples = killed(folder.path(), true);
    let wal = folder.path().join("history.sqlite-wal");
    let frame = 24 + PAGE;
    let frames = (std::fs::metadata(&wal).unwrap().len() as usize - 32) / frame;
    assert!(frames > 8);
    // A page of the second commit of the log: SQLite alone would begin with the first one again, and say nothing.
    harm(&wal, |bytes| bytes[32 + (frames - 5) * frame + 1_000] ^= 1);
    let (missing, aside) = survives(folder.path(), &samples, "the log");
    assert!(aside && missing <= 20, "{missing}");
}

#[test]
fn one_flipped_bit_anywhere_is_never_shown_as_data() {
    let folder = tempfile::tempdir().unwrap();
    let samples = killed(folder.path(), false);
    let made = folder.path();
    // Names and runs have no checksum of their own.
    let bare: Vec<u64> =
        ["tag", "tag_copy", "run", "salvage", "damaged"].iter().flat_map(|t| pages(made, t, "leaf")).collect();
    let whole = std::fs::read(folder.path().join(HISTORY_FILE)).unwrap();
    let mut random = fastrand::Rng::with_seed(11);
    // A long run takes hundreds.
    let rounds = std::env::var("WATCHKEEPER_TEST_FLIPS").map_or(16, |rounds| rounds.parse().unwrap());
    for round in 0..rounds {
        let bit = loop {
            let bit = random.usize(..whole.len() * 8);
            if !bare.contains(&((bit / 8 / PAGE + 1) as u64)) {
                break bit;
            }
        };
        let here = tempfile::tempdir().unwrap();
        std::fs::write(here.path().join(HISTORY_FILE), &whole).unwrap();
        harm(&here.path().join(HISTORY_FILE), |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        let (missing, _) = survives(here.path(), &samples, &format!("round {round}, bit {bit}"));
        assert!(missing <= 2 * 8_192, "{missing}");
    }
}
