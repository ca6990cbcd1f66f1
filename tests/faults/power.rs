//! A power cut: what the disk was told and had not yet synced may be there, in part, or not at all.
//!
//! A recorder runs in a child process under strace, which writes down every write, sync and cut to the history's files
//! and every line in which the child told what is recorded, in their true order. From that the disk is built as a power
//! cut at any instant may leave it: what was synced, and of the rest nothing, all, or any sectors of it.

use crate::support::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::sync::mpsc;
use watchkeeper::historian::history::runs::Run;
use watchkeeper::historian::history::{
    Columns, HISTORY_FILE, HistoryRecorder, Pace, Retention, SeriesId, Store, schema,
};
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::time::Utc;

const CHILD: &str = "WATCHKEEPER_TEST_FAULTS_CHILD";

/// How many rounds the child does; each is a commit of fifty samples of a tag, and of one of another.
const ROUNDS: i64 = 400;
const A_ROUND: i64 = 50;
const OTHER: SeriesId = SeriesId(2);

/// What a disk tears: the smallest piece that is written whole.
const SECTOR: usize = 512;

/// What the child does: hands samples over, and tells on standard output how many of the first ones are recorded.
#[test]
fn child_that_records() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let (sender, mut answers) = mpsc::channel(16);
    let pace =
        Pace { commit_every: Duration::from_millis(5), most_waiting: 1_000_000, seal_weight: 4_000, ..Pace::default() };
    let store = Store::open(Path::new(&folder), system_clock().now().utc).unwrap();
    assert_eq!(store.set_aside(), None);
    let tags = [tag("a"), tag("b")];
    let recorder = HistoryRecorder::start_on(store, &tags, Retention::default(), system_clock(), sender, pace).unwrap();
    for round in 0..ROUNDS {
        let first = round * A_ROUND;
        recorder.queue().push_all((first..first + A_ROUND).map(|n| (TAG, good(n))));
        let state = told(&mut answers, |state| state.samples >= (first + A_ROUND) as u64 && state.fault.is_none());
        println!("recorded {} {}", state.samples, state.recorded_to.unwrap().0);
    }
    // Whoever traces it ends it: a recorder that ends in order would hide what a cut leaves.
    std::process::abort();
}

/// The child under strace, with these arguments more. Returns the trace.
fn traced(folder: &Path, trace: &Path, more: &[&str]) -> Vec<u8> {
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-xx", "-s", "8388608", "-o"]).arg(trace);
    command
        .args(["-e", "trace=write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,fallocate,unlink,rename"]);
    command.args(more).arg(std::env::current_exe().unwrap());
    command.args(["--exact", "power::child_that_records", "--nocapture", "--test-threads=1"]);
    let said = command.env(CHILD, folder).stdin(Stdio::null()).output();
    let said = said.unwrap_or_else(|why| panic!("cannot start strace: {why}; tests/all.sh installs it"));
    let text = String::from_utf8_lossy(&said.stdout);
    let last = text.lines().filter_map(|line| line.split("recorded ").nth(1)).next_back();
    let all = (ROUNDS * A_ROUND).to_string();
    assert!(last.is_some_and(|l| l.starts_with(&all)), "{text}\n{}", String::from_utf8_lossy(&said.stderr));
    std::fs::read(trace).unwrap()
}

/// What reached the kernel, in order.
#[derive(Debug)]
enum Event {
    Write {
        file: PathBuf,
        at: usize,
        bytes: Vec<u8>,
    },
    Cut {
        file: PathBuf,
        length: usize,
    },
    Sync {
        file: PathBuf,
    },
    Remove {
        file: PathBuf,
    },
    /// The child told that so many samples are recorded, up to then.
    Told {
        samples: i64,
        recorded_to: i64,
    },
}

fn unhexed(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|pair| u8::from_str_radix(&pair[..2], 16).unwrap()).collect()
}

/// The events of a trace. A call that another thread interrupted counts where it ended: a sync is only then one, and so is
/// a write for whoever relies on it.
fn events(trace: &[u8], folder: &Path) -> Vec<Event> {
    let mut open = BTreeMap::<&str, String>::new();
    let mut events = Vec::new();
    for line in std::str::from_utf8(trace).unwrap().lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix(" <unfinished ...>") {
            open.insert(thread, begun.to_owned());
            continue;
        }
        let call = match call.split_once(" resumed>") {
            Some((_, rest)) => [open.remove(thread).unwrap().as_str(), rest].concat(),
            None => call.to_owned(),
        };
        events.extend(event(&call, folder));
    }
    events
}

fn event(call: &str, folder: &Path) -> Option<Event> {
    let (name, rest) = call.split_once('(')?;
    assert!(!matches!(name, "pwritev" | "pwritev2" | "fallocate" | "rename"), "a call that is not understood: {call}");
    if name == "unlink" {
        let (_, path) = rest.split_once('"')?;
        let file = PathBuf::from(String::from_utf8(unhexed(path.split_once('"')?.0)).unwrap());
        return (file.starts_with(folder) && rest.ends_with("= 0")).then_some(Event::Remove { file });
    }
    let (_, path) = rest.split_once('<')?;
    let (path, rest) = path.split_once('>')?;
    let file = PathBuf::from(String::from_utf8(unhexed(path)).unwrap());
    let (arguments, result) = rest.rsplit_once(" = ")?;
    if name == "write" && !file.starts_with(folder) {
        let (_, text) = arguments.split_once('"')?;
        let text = String::from_utf8(unhexed(text.split_once('"')?.0)).ok()?;
        let mut numbers = text.split("recorded ").nth(1)?.split_whitespace().map(|n| n.parse().unwrap());
        return Some(Event::Told { samples: numbers.next()?, recorded_to: numbers.next()? });
    }
    // What is common memory of the connections says nothing after a power cut.
    if !file.starts_with(folder) || file.extension().is_some_and(|e| e == "sqlite-shm") || result.starts_with('-') {
        return None;
    }
    match name {
        "pwrite64" => {
            let (_, bytes) = arguments.split_once('"')?;
            let (bytes, rest) = bytes.split_once('"')?;
            let at = rest.trim_end_matches(')').rsplit(", ").next()?.trim().parse().unwrap();
            let mut bytes = unhexed(bytes);
            bytes.truncate(result.parse().unwrap());
            Some(Event::Write { file, at, bytes })
        }
        "ftruncate" => {
            let length = arguments.trim_end_matches(')').rsplit(", ").next()?.trim().parse().unwrap();
            Some(Event::Cut { file, length })
        }
        "fsync" | "fdatasync" => Some(Event::Sync { file }),
        other => panic!("a call that is not understood: {other} of {}", file.display()),
    }
}

/// Where, and what is written there; nothing: the file is cut to that length.
type Piece = (usize, Option<Vec<u8>>);

/// A disk as it is after a power cut.
#[derive(Debug, Default)]
struct Surface {
    /// What is certain to be there.
    synced: BTreeMap<PathBuf, Vec<u8>>,
    /// What was written since, by file: sectors and cuts.
    pending: BTreeMap<PathBuf, Vec<Piece>>,
    /// What was removed and may yet be there: their folder was not synced since.
    removed: BTreeSet<PathBuf>,
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Nothing,
    Everything,
    AnySector,
}

fn apply(bytes: &mut Vec<u8>, (at, what): &Piece) {
    match what {
        None => bytes.resize(*at, 0),
        Some(piece) => {
            bytes.resize(bytes.len().max(at + piece.len()), 0);
            bytes[*at..at + piece.len()].copy_from_slice(piece);
        }
    }
}

impl Surface {
    fn take(&mut self, event: &Event) {
        match event {
            Event::Write { file, at, bytes } => {
                self.removed.remove(file);
                let pending = self.pending.entry(file.clone()).or_default();
                pending.extend(bytes.chunks(SECTOR).zip(0..).map(|(part, n)| (at + n * SECTOR, Some(part.to_vec()))));
            }
            Event::Cut { file, length } => self.pending.entry(file.clone()).or_default().push((*length, None)),
            // A folder's sync makes no content certain, and what was removed gone.
            Event::Sync { file } if file.extension().is_none() => {
                for file in std::mem::take(&mut self.removed) {
                    self.synced.remove(&file);
                    self.pending.remove(&file);
                }
            }
            Event::Remove { file } => drop(self.removed.insert(file.clone())),
            Event::Sync { file } => {
                let synced = self.synced.entry(file.clone()).or_default();
                for piece in self.pending.remove(file).unwrap_or_default() {
                    apply(synced, &piece);
                }
            }
            Event::Told { .. } => {}
        }
    }

    /// Writes the files into a folder.
    fn write(&self, folder: &Path, fate: Fate, random: &mut fastrand::Rng) {
        let mut files = self.synced.clone();
        for (file, pieces) in &self.pending {
            if !files.contains_key(file) && !matches!(fate, Fate::Everything) {
                continue;
            }
            let bytes = files.entry(file.clone()).or_default();
            let stays = |_: &&_| match fate {
                Fate::Nothing => false,
                Fate::Everything => true,
                Fate::AnySector => random.bool(),
            };
            pieces.iter().filter(stays).for_each(|piece| apply(bytes, piece));
        }
        for (file, bytes) in files {
            let gone = self.removed.contains(&file);
            if gone && (matches!(fate, Fate::Everything) || matches!(fate, Fate::AnySector) && random.bool()) {
                continue;
            }
            std::fs::write(folder.join(file.file_name().unwrap()), bytes).unwrap();
        }
    }
}

/// All that was told is there, in order, once; nothing is there that was not handed over; the next start finds it whole.
fn check(folder: &Path, samples: i64, recorded_to: i64, what: &str) {
    let store = Store::open(folder, NOON).unwrap();
    assert_eq!(store.set_aside(), None, "{what}");
    assert_eq!(store.integrity().unwrap(), "ok", "{what}");
    drop(store);
    let kept = all(folder).remove(&TAG).unwrap_or_default();
    assert!(kept.len() as i64 >= samples, "{what}: {} of {samples} samples that were told as recorded", kept.len());
    assert!(kept == expected(kept.len() as i64), "{what}: none missing, none twice");
    if samples > 0 {
        let (connection, _) = schema::open_to_read(folder).unwrap().unwrap();
        let run = Run::last(&connection).unwrap().unwrap();
        assert!(run.alive >= Utc(recorded_to), "{what}: alive until {:?}, told {recorded_to}", run.alive);
        assert!(run.tags.contains(&TAG), "{what}: the next start must know what to mark");
        assert!(!run.tags.contains(&OTHER));
    }
}

fn expected(count: i64) -> Columns {
    canonical((0..count).map(good))
}

#[test]
fn a_power_cut_at_any_instant_takes_nothing_that_was_told_as_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let trace = traced(&data, &folder.path().join("trace"), &[]);
    let events = events(&trace, &data);
    let syncs = |name: &str| {
        let of = |e: &&Event| matches!(e, Event::Sync { file } if file.file_name().is_some_and(|n| n == name));
        events.iter().filter(of).count()
    };
    // What this rests on: commits are synced one by one, and the write-ahead log came into the file meanwhile.
    assert!(syncs("history.sqlite-wal") as i64 >= ROUNDS, "{} syncs", syncs("history.sqlite-wal"));
    assert!(syncs(HISTORY_FILE) >= 2, "{} checkpoints", syncs(HISTORY_FILE));
    let mut random = fastrand::Rng::with_seed(3);
    // A long run takes a thousand.
    let count = std::env::var("WATCHKEEPER_TEST_CUTS").map_or(60, |cuts| cuts.parse().unwrap());
    let mut cuts: Vec<usize> = std::iter::repeat_with(|| random.usize(..events.len())).take(count).collect();
    // And just before and after what happens seldom: the file itself is written and synced.
    let of_file = |e: &Event| matches!(e, Event::Sync { file } if file.ends_with(HISTORY_FILE));
    let checkpoints = (0..events.len()).filter(|i| of_file(&events[*i]));
    cuts.extend(checkpoints.flat_map(|i| [i.saturating_sub(3), i, i + 1, i + 2]).take(40));
    cuts.sort_unstable();
    cuts.dedup();
    let mut surface = Surface::default();
    let (mut samples, mut recorded_to, mut done) = (0, 0, 0);
    for cut in cuts {
        for event in &events[done..cut.min(events.len())] {
            surface.take(event);
            if let Event::Told { samples: s, recorded_to: t } = event {
                (samples, recorded_to) = (*s, *t);
            }
        }
        done = cut.min(events.len());
        for fate in [Fate::Nothing, Fate::Everything, Fate::AnySector] {
            let image = tempfile::tempdir().unwrap();
            surface.write(image.path(), fate, &mut random);
            check(image.path(), samples, recorded_to, &format!("cut {cut} of {}, {fate:?}", events.len()));
        }
    }
    assert!(samples > ROUNDS * A_ROUND / 2);
}

#[test]
fn writes_and_syncs_that_fail_now_and_then_lose_and_double_nothing() {
    for (call, error) in [("fsync", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("ftruncate", "EIO")] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        // Not among the first ones, with which the file is made: a start may fail.
        let inject = format!("inject={call}:error={error}:when=60+37");
        traced(&data, &folder.path().join("trace"), &["-e", &inject]);
        let (store, _) = open(&data);
        assert_eq!(store.integrity().unwrap(), "ok");
        drop(store);
        let kept = all(&data).remove(&TAG).unwrap();
        assert!(kept == expected(ROUNDS * A_ROUND), "{call} that failed with {error}: {} samples", kept.len());
    }
}
