//! The journal on a real disk: its chain, who owns it, what it survives.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use watchkeeper::engine::{Actor, Entry, Event, Input, JournalState, Quality, Ticket, Value};
use watchkeeper::historian::{JOURNAL_FILE, Journal, JournalError, JournalReader, Row, Store, Verdict, Writer};
use watchkeeper::project::Priority;
use watchkeeper::time::{Clock, Now, Utc};

const NOON: Utc = Utc(1_795_348_800_000_000);

fn raised(number: u64) -> Entry {
    let mut entry = Entry::new(Utc(NOON.0 + number as i64), Event::Raised);
    entry.alarm = Some("tank1.level/high".into());
    entry.occurrence = Some(number);
    entry.priority = Some(Priority::High);
    entry.value = Some(Value::F64(96.25));
    entry.quality = Some(Quality::GOOD);
    entry.unit = Some("%".into());
    entry
}

fn acknowledged() -> Entry {
    let mut entry = raised(1);
    entry.event = Event::Acknowledged;
    entry.by = Some(Actor { user: "anna".into(), computer: "desk-1".into(), desk: None });
    entry
}

fn append(journal: &mut Journal, entries: &[Entry]) {
    journal.append(&entries.iter().collect::<Vec<_>>()).unwrap();
}

fn rows(folder: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    let each = |row| {
        rows.push(row);
        ControlFlow::Continue(())
    };
    JournalReader::open(folder).unwrap().unwrap().read(None, None, each).unwrap();
    rows
}

fn verify(folder: &Path) -> Verdict {
    JournalReader::open(folder).unwrap().unwrap().verify().unwrap()
}

/// What somebody with an SQLite shell would do.
fn tamper(folder: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(folder.join(JOURNAL_FILE)).unwrap();
    connection.execute_batch("DROP TRIGGER entry_is_append_only_1; DROP TRIGGER entry_is_append_only_2;").unwrap();
    connection.execute_batch(sql).unwrap();
}

fn ten_entries(folder: &Path) {
    let mut journal = Journal::open(folder, NOON).unwrap();
    append(&mut journal, &(1..=10).map(raised).collect::<Vec<_>>());
}

fn clock() -> Clock {
    Clock::new(|| Now { utc: NOON, ..Now::default() })
}

#[test]
fn entries_come_back_as_they_were_written_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries = vec![raised(1), acknowledged(), Entry::new(NOON, Event::LinkDown)];
    for value in
        [Value::U64(u64::MAX), Value::I64(i64::MIN), Value::Bool(false), Value::Text("ä €".into()), Value::F64(0.1)]
    {
        let mut entry = raised(2);
        (entry.value, entry.note, entry.began, entry.until) =
            (Some(value), Some("note".into()), Some(NOON), Some(NOON));
        entry.subject = Some("plc1".into());
        entries.push(entry);
    }
    append(&mut Journal::open(folder.path(), NOON).unwrap(), &entries);
    let read: Vec<Entry> = rows(folder.path()).iter().filter_map(Row::to_entry).collect();
    assert_eq!(read, entries);
    assert!(matches!(verify(folder.path()), Verdict::Whole { entries: 8, .. }));
}

#[test]
fn a_changed_row_is_named_by_verification() {
    for (sql, seq) in [
        ("UPDATE entry SET value = 12.5 WHERE seq = 4", 4),
        ("UPDATE entry SET note = '' WHERE seq = 7", 7),
        ("UPDATE entry SET time = 'noon' WHERE seq = 2", 2),
        ("UPDATE entry SET hash = zeroblob(32) WHERE seq = 3", 3),
        ("UPDATE entry SET previous = zeroblob(32) WHERE seq = 5", 5),
        ("DELETE FROM entry WHERE seq = 6", 6),
        ("DELETE FROM entry WHERE seq = 1", 1),
        ("DELETE FROM entry WHERE seq > 8", 9),
        ("UPDATE entry SET seq = 11 WHERE seq = 10", 10),
    ] {
        let folder = tempfile::tempdir().unwrap();
        ten_entries(folder.path());
        // A column of the wrong type is refused by the STRICT table itself.
        if sql.contains("noon") {
            let connection = rusqlite::Connection::open(folder.path().join(JOURNAL_FILE)).unwrap();
            connection.execute_batch("DROP TRIGGER entry_is_append_only_1").unwrap();
            assert!(connection.execute_batch(sql).is_err());
            continue;
        }
        tamper(folder.path(), sql);
        let verdict = verify(folder.path());
        assert!(matches!(verdict, Verdict::Broken { seq: found, .. } if found == seq), "{sql}: {verdict:?}");
    }
}

#[test]
fn an_end_that_was_cut_off_stays_visible_after_more_was_written() {
    let folder = tempfile::tempdir().unwrap();
    ten_entries(folder.path());
    tamper(folder.path(), "DELETE FROM entry WHERE seq > 8");
    append(&mut Journal::open(folder.path(), NOON).unwrap(), &[raised(11)]);
    assert!(matches!(verify(folder.path()), Verdict::Broken { seq: 9, .. }));
}

#[test]
fn the_table_itself_refuses_change_and_removal() {
    let folder = tempfile::tempdir().unwrap();
    ten_entries(folder.path());
    let connection = rusqlite::Connection::open(folder.path().join(JOURNAL_FILE)).unwrap();
    for sql in ["UPDATE entry SET note = 'x' WHERE seq = 1", "DELETE FROM entry"] {
        assert!(connection.execute_batch(sql).unwrap_err().to_string().contains("append-only"));
    }
}

#[test]
fn a_newer_journal_is_refused_and_left_untouched() {
    let folder = tempfile::tempdir().unwrap();
    ten_entries(folder.path());
    let path = folder.path().join(JOURNAL_FILE);
    rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = Journal::open(folder.path(), NOON).unwrap_err();
    assert!(matches!(error, JournalError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("format 99"));
    assert!(matches!(JournalReader::open(folder.path()), Err(JournalError::Newer { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_journal_is_set_aside_and_a_new_one_begun() {
    for damage in ["garbage", "holes", "foreign"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(JOURNAL_FILE);
        match damage {
            "garbage" => std::fs::write(&path, vec![0x5A; 9_000]).unwrap(),
            "holes" => {
                let mut journal = Journal::open(folder.path(), NOON).unwrap();
                append(&mut journal, &(1..=900).map(raised).collect::<Vec<_>>());
                drop(journal);
                let mut bytes = std::fs::read(&path).unwrap();
                let end = bytes.len();
                bytes[end / 2..end / 2 + 40_000].fill(0xFF);
                std::fs::write(&path, bytes).unwrap();
            }
            _ => rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE shopping (item)").unwrap(),
        }
        let damaged = std::fs::read(&path).unwrap();
        let mut journal = Journal::open(folder.path(), NOON).unwrap();
        let (aside, why) = journal.set_aside().unwrap();
        assert!(aside.to_string_lossy().contains("journal.damaged-20261122T120000000Z"), "{}", aside.display());
        assert!(!why.is_empty());
        assert_eq!(std::fs::read(aside).unwrap(), damaged, "{damage}: kept as it was");
        append(&mut journal, &[raised(1)]);
        assert!(matches!(verify(folder.path()), Verdict::Whole { entries: 1, .. }));
    }
}

#[test]
fn a_start_reads_from_the_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), NOON).unwrap();
    append(&mut journal, &(1..=999).map(raised).collect::<Vec<_>>());
    assert!(!journal.checkpoint_due());
    append(&mut journal, &[raised(1_000)]);
    assert!(journal.checkpoint_due());
    journal.checkpoint(NOON).unwrap();
    append(&mut journal, &[raised(1_001)]);
    let memories = journal.memories().clone();
    assert!(!memories.is_empty());
    drop(journal);
    // Everything before the checkpoint may be unreadable, and the memories still come back.
    tamper(folder.path(), "UPDATE entry SET event = 'of a later version', alarm = NULL WHERE seq < 1001");
    assert_eq!(Journal::open(folder.path(), NOON).unwrap().memories(), &memories);
}

/// A disk that refuses while `refuses` says why.
struct Disk {
    journal: Journal,
    refuses: Arc<std::sync::Mutex<Option<String>>>,
}

impl Store for Disk {
    fn check_place(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn append(&mut self, entries: &[&Entry]) -> Result<(), String> {
        match self.refuses.lock().unwrap().clone() {
            Some(why) => Err(why),
            None => Store::append(&mut self.journal, entries),
        }
    }
    fn checkpoint(&mut self, now: Utc, closing: bool) -> Result<(), String> {
        Store::checkpoint(&mut self.journal, now, closing)
    }
    fn entries(&self) -> u64 {
        self.journal.entries()
    }
    fn bytes(&self) -> u64 {
        self.journal.bytes()
    }
}

/// The answer that `wanted` picks; the test's patience is bounded.
fn answer<T>(answers: &mut mpsc::Receiver<Input>, mut wanted: impl FnMut(&Input) -> Option<T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                if let Some(found) = wanted(&answers.recv().await.unwrap()) {
                    return found;
                }
            }
        })
        .await
        .unwrap()
    })
}

fn durable(input: &Input) -> Option<u64> {
    if let Input::Durable(Ticket(number)) = input { Some(*number) } else { None }
}

#[test]
fn an_entry_is_told_durable_after_another_connection_can_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, mut answers) = mpsc::channel(16);
    let writer = Writer::start(Journal::open(folder.path(), NOON).unwrap(), sender, clock()).unwrap();
    for number in 1..=50 {
        writer.queue().push(Some(Ticket(number)), raised(number));
    }
    answer(&mut answers, |input| durable(input).filter(|n| *n == 50));
    assert_eq!(rows(folder.path()).len(), 50);
    let state = answer(&mut answers, |i| if let Input::Journal(state) = i { Some(state.clone()) } else { None });
    assert!(matches!(state, JournalState { entries: 50, waiting: 0, lost: 0, fault: None, bytes: 1.. }), "{state:?}");
    writer.close(Duration::from_secs(5)).unwrap();
    assert_eq!(rows(folder.path()).last().unwrap().event.as_ref(), "checkpoint");
}

#[test]
fn while_the_disk_refuses_an_acknowledgement_is_refused_at_once_and_what_happened_waits_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let refuses = Arc::new(std::sync::Mutex::new(Some("no space left on device".to_owned())));
    let disk = Disk { journal: Journal::open(folder.path(), NOON).unwrap(), refuses: refuses.clone() };
    let (sender, mut answers) = mpsc::channel(64);
    let writer = Writer::start(disk, sender, clock()).unwrap();
    let queue = writer.queue();
    queue.push(Some(Ticket(1)), raised(1));
    answer(&mut answers, |i| {
        matches!(i, Input::Journal(JournalState { waiting: 1, fault: Some(_), .. })).then_some(())
    });
    queue.push(Some(Ticket(2)), acknowledged());
    let why =
        answer(&mut answers, |i| if let Input::JournalFailed(Ticket(2), why) = i { Some(why.clone()) } else { None });
    assert_eq!(why.as_ref(), "no space left on device");
    queue.push(Some(Ticket(3)), raised(3));
    *refuses.lock().unwrap() = None;
    answer(&mut answers, |input| durable(input).filter(|n| *n == 3));
    let events: Vec<_> = rows(folder.path()).iter().map(|r| (r.event.to_string(), r.occurrence)).collect();
    assert_eq!(events, [("raised".into(), Some(1)), ("refused".into(), Some(1)), ("raised".into(), Some(3))]);
    let note = rows(folder.path())[1].note.clone().unwrap();
    assert_eq!(note.as_ref(), "acknowledged: could not be recorded: no space left on device");
    writer.close(Duration::from_secs(5)).unwrap();
    assert!(matches!(verify(folder.path()), Verdict::Whole { .. }));
}

#[test]
fn what_finds_no_room_is_counted_and_told_by_one_gap_entry() {
    let folder = tempfile::tempdir().unwrap();
    let refuses = Arc::new(std::sync::Mutex::new(Some("read-only file system".to_owned())));
    let disk = Disk { journal: Journal::open(folder.path(), NOON).unwrap(), refuses: refuses.clone() };
    let (sender, mut answers) = mpsc::channel(64);
    let writer = Writer::start_with_limit(disk, sender, clock(), 3).unwrap();
    let queue = writer.queue();
    for number in 1..=5 {
        queue.push(Some(Ticket(number)), raised(number));
    }
    queue.push(Some(Ticket(6)), acknowledged());
    answer(&mut answers, |i| matches!(i, Input::JournalFailed(Ticket(6), _)).then_some(()));
    answer(&mut answers, |i| matches!(i, Input::Journal(JournalState { lost: 3, .. })).then_some(()));
    *refuses.lock().unwrap() = None;
    answer(&mut answers, |i| matches!(i, Input::Journal(JournalState { fault: None, waiting: 0, .. })).then_some(()));
    queue.push(None, raised(7));
    writer.close(Duration::from_secs(5)).unwrap();
    let told: Vec<_> =
        rows(folder.path()).iter().map(|r| (r.event.to_string(), r.note.clone().unwrap_or_default())).collect();
    let events: Vec<_> = told.iter().map(|(event, _)| event.as_str()).collect();
    assert_eq!(events, ["raised", "raised", "raised", "gap", "raised", "checkpoint"]);
    assert!(told[3].1.starts_with("3 entries were lost"), "{}", told[3].1);
}
