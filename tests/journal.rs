//! The journal on a real disk: its chain, who owns it, what it survives.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::mpsc;
use watchkeeper::engine::{Actor, Entry, Event, EventKind, Input, JournalState, Quality, Ticket, Value};
use watchkeeper::historian::history::ask::Wake;
use watchkeeper::historian::journal::{ask::Pending, index};
use watchkeeper::historian::read::{Occurrence, OccurrencesOf, Order};
use watchkeeper::historian::{
    JOURNAL_FILE, Journal, JournalError, JournalLink, JournalReader, Row, Search, Store, Verdict, Writer,
};
use watchkeeper::project::Priority;
use watchkeeper::time::{Clock, Mono, Now, Span, Utc};

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

/// A waker that tells a channel.
fn wake() -> (Wake, std::sync::mpsc::Receiver<()>) {
    let (sender, receiver) = std::sync::mpsc::channel();
    // Whoever got its answer is gone.
    let wake = move || {
        let _gone = sender.send(());
    };
    (Arc::new(wake), receiver)
}

fn answered<T>(ask: impl FnOnce(Wake) -> Pending<T>) -> Result<T, String> {
    let (wake, told) = wake();
    let pending = ask(wake);
    told.recv_timeout(Duration::from_secs(20)).unwrap();
    pending.take().unwrap()
}

#[test]
fn pages_go_through_the_whole_journal_both_ways_without_a_gap_or_a_double() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), NOON).unwrap();
    // More than a page, and than is looked at in one stretch.
    append(&mut journal, &(1..=12_345).map(raised).collect::<Vec<_>>());
    let link = JournalLink::start(folder.path()).unwrap();
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let (mut seen, mut beyond) = (Vec::new(), None);
        loop {
            let page = answered(|wake| link.entries(Search::default(), order, beyond, 999, wake)).unwrap();
            assert!(page.rows.len() <= 999);
            seen.extend(page.rows.iter().map(|row| row.seq));
            beyond = page.beyond;
            if beyond.is_none() {
                break;
            }
        }
        let mut expected: Vec<u64> = (1..=12_345).collect();
        if order == Order::NewestFirst {
            expected.reverse();
        }
        assert_eq!(seen, expected);
    }
    // What comes while somebody looks is found beyond the newest that was seen.
    append(&mut journal, &[raised(12_346)]);
    let new = answered(|wake| link.entries(Search::default(), Order::OldestFirst, Some(12_345), 10, wake)).unwrap();
    assert_eq!(new.rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [12_346]);
}

#[test]
fn a_link_answers_for_a_journal_that_is_not_there_yet_and_finds_it_when_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let link = JournalLink::start(folder.path()).unwrap();
    let all = |link: &JournalLink| {
        answered(|wake| link.entries(Search::default(), Order::NewestFirst, None, 10, wake)).unwrap().rows.len()
    };
    assert_eq!(all(&link), 0);
    let mut journal = Journal::open(folder.path(), NOON).unwrap();
    append(&mut journal, &[raised(1)]);
    assert_eq!(all(&link), 1);
    // Damaged, set aside, begun anew.
    drop(journal);
    for name in ["-wal", "-shm", ""] {
        drop(std::fs::remove_file(folder.path().join(format!("{JOURNAL_FILE}{name}"))));
    }
    append(&mut Journal::open(folder.path(), NOON).unwrap(), &[raised(1), raised(2)]);
    assert_eq!(all(&link), 2);
}

#[test]
fn a_file_that_cannot_be_read_is_said_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(JOURNAL_FILE), vec![0x5A; 9_000]).unwrap();
    let link = JournalLink::start(folder.path()).unwrap();
    let why = answered(|wake| link.entries(Search::default(), Order::NewestFirst, None, 10, wake)).unwrap_err();
    assert!(why.contains("not a database"), "{why}");
}

/// What befell an alarm, in minutes after noon.
fn told(minute: i64, event: Event, alarm: &str, occurrence: u64) -> Entry {
    let mut entry = Entry::new(Utc(NOON.0 + minute * 60_000_000), event);
    entry.alarm = Some(alarm.into());
    entry.occurrence = Some(occurrence);
    entry.priority = Some(Priority::High);
    entry.value = Some(Value::F64(90.0 + minute as f64));
    if event == Event::Acknowledged {
        entry.by = Some(Actor { user: "anna".into(), computer: "desk-1".into(), desk: None });
        entry.note = Some("seen".into());
    }
    entry
}

fn a_day_of_alarms() -> Vec<Entry> {
    let (high, low) = ("tank1.level/high", "tank1.level/low");
    vec![
        told(0, Event::Raised, high, 1),
        told(1, Event::Raised, "tank2.level/high", 1),
        told(2, Event::Acknowledged, high, 1),
        told(30, Event::Cleared, high, 1),
        told(40, Event::Raised, high, 2),
        told(45, Event::Returned, high, 2),
        told(50, Event::Raised, low, 1),
        told(70, Event::Acknowledged, high, 2),
        told(80, Event::Cleared, low, 1),
        told(90, Event::Raised, high, 3),
    ]
}

#[test]
fn the_occurrences_of_a_period_tell_how_each_began_and_ended_be_it_outside_the_period() {
    let link = JournalLink::on_paper(&a_day_of_alarms()).unwrap();
    let minute = |m: i64| Utc(NOON.0 + m * 60_000_000);
    let of_most = |from: Option<i64>, to: Option<i64>, most| {
        let question =
            OccurrencesOf { names: vec!["TANK1.level".into()], from: from.map(minute), to: to.map(minute), most };
        let found = answered(|wake| link.occurrences(question, wake)).unwrap();
        let in_short = |o: &Occurrence| {
            let minutes = |t: Utc| (t.0 - NOON.0) / 60_000_000;
            let acknowledged = o.acknowledged.as_ref().map(|a| minutes(a.at));
            (o.alarm.to_string(), o.occurrence, minutes(o.raised), o.returned.map(minutes), acknowledged)
        };
        found.iter().map(in_short).collect::<Vec<_>>()
    };
    let of = |from, to| of_most(from, to, 100);
    let (high, low) = ("tank1.level/high".to_owned(), "tank1.level/low".to_owned());
    let [first, second, third] = [
        (high.clone(), 1, 0, Some(30), Some(2)),
        (high.clone(), 2, 40, Some(45), Some(70)),
        (high.clone(), 3, 90, None, None),
    ];
    let lows = (low, 1, 50, Some(80), None);
    assert_eq!(of(None, None), [third.clone(), lows.clone(), second.clone(), first.clone()]);
    assert_eq!(of_most(None, None, 2), [third.clone(), lows.clone()], "the newest");
    // Both stand when the period begins; the acknowledgement of one, and the end of the other, lie behind it.
    assert_eq!(of(Some(42), Some(60)), [lows.clone(), second.clone()]);
    assert_eq!(of(Some(10), Some(20)), std::slice::from_ref(&first), "nothing happened, and it stood");
    assert_eq!(of(Some(55), Some(60)), std::slice::from_ref(&lows), "a returned one does not stand any more");
    assert_eq!(of(Some(60), Some(75)), [lows, second], "it was acknowledged within the period");
    assert_eq!(of(Some(31), Some(39)), []);
    assert_eq!(of(Some(95), None), [third]);
}

/// An entry of a made-up plant; every number gives another one.
fn anything(number: u64) -> Entry {
    let pick = |of: &[&str], salt: u64| -> Arc<str> {
        let mixed = (number + salt).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        of[(mixed % of.len() as u64) as usize].into()
    };
    let (event, _) = Event::ALL[(number.wrapping_mul(7) % (Event::ALL.len() as u64 - 1)) as usize];
    let mut entry = raised(number);
    // A clock that is set back by an hour now and then.
    entry.time = Utc(NOON.0 + number as i64 * 1_000_000 - i64::from(number % 5_000 > 4_000) * 3_600_000_000);
    entry.event = event;
    entry.alarm = Some(pick(&["tank1.level/high", "Tank2.level/low", "pump1.flow/low-low", "plc1/no-answer"], 1));
    entry.priority = Some(Priority::ALL[(number % 4) as usize]);
    entry.note = Some(pick(&["opened the drain", "Überlauf, Ω4", "connection refused", "found at start"], 2));
    entry.subject = number.is_multiple_of(3).then(|| pick(&["plc1", "plc2", "Riverside"], 3));
    let user = pick(&["anna", "Bert", "ünal"], 4);
    entry.by =
        number.is_multiple_of(2).then(|| Actor { user, computer: "desk-1".into(), desk: Some("Ev O'Hara".into()) });
    if number.is_multiple_of(11) {
        // More words that begin alike than are looked for one by one.
        entry.note = Some(format!("valve{} is stuck", number % 50).into());
    }
    if number.is_multiple_of(4_001) {
        entry.note = Some("once in a blue moon".into());
    }
    entry
}

#[test]
fn a_search_finds_the_same_with_an_index_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), NOON).unwrap();
    append(&mut journal, &(1..=21_500).map(anything).collect::<Vec<_>>());
    let hour = |h: i64| Some(Utc(NOON.0 + h * 3_600_000_000));
    let mut searches = vec![
        Search { text: "blue moon".into(), ..Search::default() },
        Search { text: "ü 4".into(), ..Search::default() },
        Search { text: "valve".into(), ..Search::default() },
        Search { text: "valve1 stuck".into(), ..Search::default() },
        Search { text: "valve13".into(), by: "ann".into(), ..Search::default() },
        Search { text: "lev drain".into(), by: "ann".into(), ..Search::default() },
        Search { text: "nothing of the kind".into(), ..Search::default() },
        Search { by: "o'hara".into(), priorities: vec![Priority::Critical], ..Search::default() },
        Search { names: vec!["TANK2.level".into(), "plc1".into()], from: hour(1), to: hour(2), ..Search::default() },
        Search { names: vec!["riverside".into()], events: vec![Event::Gap], ..Search::default() },
        Search { from: hour(2), to: hour(3), ..Search::default() },
        Search { from: hour(100), ..Search::default() },
    ];
    let mut acts = Search { text: "refused".into(), to: hour(1), ..Search::default() };
    acts.add_kind(EventKind::Act);
    searches.push(acts);
    let found = |search: &Search, order| {
        let reader = JournalReader::open(folder.path()).unwrap().unwrap();
        let (mut seen, mut beyond) = (Vec::new(), None);
        loop {
            let page = reader.page(search, order, beyond, 700, &AtomicBool::new(false)).unwrap().unwrap();
            seen.extend(page.rows.iter().map(|row| row.seq));
            beyond = page.beyond;
            if beyond.is_none() {
                return seen;
            }
        }
    };
    let all = || {
        let both = |s| [Order::NewestFirst, Order::OldestFirst].map(|order| found(s, order));
        searches.iter().map(both).collect::<Vec<_>>()
    };
    let scanned = all();
    assert!(scanned[0][0].len() == 5 && scanned[6][0].is_empty() && scanned[11][0].is_empty());
    index::catch_up(folder.path()).unwrap();
    assert!(folder.path().join(index::INDEX_FILE).exists());
    assert_eq!(all(), scanned);
    // Written on, with entries that the index does not have.
    append(&mut journal, &(21_501..=22_900).map(anything).collect::<Vec<_>>());
    let indexed = all();
    std::fs::remove_file(folder.path().join(index::INDEX_FILE)).unwrap();
    assert_eq!(all(), indexed);
}

#[test]
fn an_index_of_another_journal_or_a_damaged_one_is_not_believed_and_made_anew() {
    let search = Search { text: "moon".into(), ..Search::default() };
    for damage in ["another", "garbage", "version"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(index::INDEX_FILE);
        let mut journal = Journal::open(folder.path(), NOON).unwrap();
        append(&mut journal, &(1..=8_100).map(anything).collect::<Vec<_>>());
        index::catch_up(folder.path()).unwrap();
        match damage {
            "another" => {
                drop(journal);
                std::fs::remove_file(folder.path().join(JOURNAL_FILE)).unwrap();
                let mut journal = Journal::open(folder.path(), NOON).unwrap();
                append(&mut journal, &(2..=8_101).map(anything).collect::<Vec<_>>());
            }
            "garbage" => std::fs::write(&path, vec![0x5A; 40_000]).unwrap(),
            _ => rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap(),
        }
        let count = || {
            let reader = JournalReader::open(folder.path()).unwrap().unwrap();
            let page = reader.page(&search, Order::NewestFirst, None, 100, &AtomicBool::new(false)).unwrap().unwrap();
            page.rows.iter().map(|row| row.seq).collect::<Vec<_>>()
        };
        let expected = if damage == "another" { vec![8_001, 4_000] } else { vec![8_002, 4_001] };
        assert_eq!(count(), expected, "{damage}");
        index::catch_up(folder.path()).unwrap();
        assert_eq!(count(), expected, "{damage}");
        let index = rusqlite::Connection::open(&path).unwrap();
        let reach: i64 = index.query_row("SELECT seq FROM reach", [], |r| r.get(0)).unwrap();
        assert_eq!(reach, 8_000, "{damage}");
    }
}

/// A journal of ten entries a day over ten days, with a checkpoint after each.
fn ten_days(folder: &Path) -> Journal {
    let mut journal = Journal::open(folder, NOON).unwrap();
    for day in 0..10 {
        let mut entries: Vec<Entry> =
            (1..=10).map(|i| told(day * 1_440 + i, Event::Raised, "tank1.level/high", i as u64)).collect();
        if day == 0 {
            entries[0].alarm = Some("tank2.level/high".into());
        }
        append(&mut journal, &entries);
        journal.checkpoint(entries[9].time).unwrap();
    }
    journal
}

fn days_after_noon(days: i64) -> Utc {
    Utc(NOON.0 + days * 86_400_000_000)
}

#[test]
fn what_is_older_than_it_is_kept_goes_and_the_chain_is_verified_from_the_anchor_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = ten_days(folder.path());
    let (entries, memories) = (journal.entries(), journal.memories().clone());
    let head = JournalReader::open(folder.path()).unwrap().unwrap().head().unwrap().unwrap();
    journal.set_keep(Span::from_secs(5 * 86_400));
    journal.keep_all(days_after_noon(9)).unwrap();
    // The days 0 to 3 went, each of ten entries and a checkpoint, and one entry tells of it.
    assert_eq!(journal.entries(), entries - 44 + 1);
    let rows = rows(folder.path());
    assert_eq!(rows[0].seq, 45);
    let note = rows.last().unwrap().note.clone().unwrap();
    assert!(
        note.starts_with(
            "44 entries up to 2026-11-25T12:10:00.000Z were cut off, as journal-keep = 5d asks; anchor 44:"
        ),
        "{note}"
    );
    let Verdict::Whole { first: 45, entries: 67, .. } = verify(folder.path()) else {
        panic!("{:?}", verify(folder.path()))
    };
    // An alarm that has stood since the first day is still known, whatever was cut.
    assert!(memories.contains_key("tank2.level/high"));
    assert_eq!(journal.memories(), &memories);
    drop(journal);
    let mut journal = Journal::open(folder.path(), NOON).unwrap();
    assert_eq!(journal.memories(), &memories);
    assert_eq!(journal.entries(), 67);
    // A second time within the same day cuts nothing, and says nothing.
    journal.set_keep(Span::from_secs(5 * 86_400));
    journal.keep_all(days_after_noon(9)).unwrap();
    assert_eq!(journal.entries(), 67);
    append(&mut journal, &[raised(1)]);
    assert!(matches!(verify(folder.path()), Verdict::Whole { first: 45, entries: 68, .. }));
    // A head that was kept elsewhere is found as before; one of what was cut, alone, is nothing to check by.
    let reader = JournalReader::open(folder.path()).unwrap().unwrap();
    let kept = (head.seq, head.hash);
    assert!(
        matches!(reader.verify_against(&[kept, (7, [0; 32])]).unwrap(), Verdict::Whole { unchecked, .. } if unchecked == [7])
    );
    assert!(matches!(reader.verify_against(&[(7, [0; 32])]).unwrap(), Verdict::Broken { seq: 7, .. }));
}

#[test]
fn what_stood_longer_than_everything_is_kept_is_written_down_before_its_entry_goes() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path(), NOON).unwrap();
    append(
        &mut journal,
        &[told(0, Event::Raised, "tank1.level/high", 7), told(1, Event::Acknowledged, "tank1.level/high", 7)],
    );
    let memories = journal.memories().clone();
    journal.set_keep(Span::from_secs(86_400));
    journal.keep_all(days_after_noon(400)).unwrap();
    let events: Vec<String> = rows(folder.path()).iter().map(|row| row.event.to_string()).collect();
    assert_eq!(events, ["checkpoint", "trimmed"]);
    drop(journal);
    assert_eq!(Journal::open(folder.path(), NOON).unwrap().memories(), &memories);
}

#[test]
fn a_cut_that_was_stopped_half_way_is_whole_and_a_beginning_that_somebody_cut_off_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = ten_days(folder.path());
    append(
        &mut journal,
        &(1..=2_000).map(|i| told(9 * 1_440 + 20, Event::Raised, "tank1.level/high", i)).collect::<Vec<_>>(),
    );
    journal.checkpoint(days_after_noon(9)).unwrap();
    journal.set_keep(Span::from_secs(86_400));
    // An hour with a steady clock, and one step.
    let at =
        |minutes: i64| Now { mono: Mono(minutes * 60_000_000), utc: Utc(days_after_noon(30).0 + minutes * 60_000_000) };
    for minutes in [0, 61] {
        journal.keep_step(at(minutes)).unwrap();
    }
    assert!(matches!(verify(folder.path()), Verdict::Whole { first: 501, .. }), "{:?}", verify(folder.path()));
    for minutes in 62..70 {
        journal.keep_step(at(minutes)).unwrap();
    }
    assert!(
        matches!(verify(folder.path()), Verdict::Whole { first: 2_111, entries: 2, .. }),
        "{:?}",
        verify(folder.path())
    );
    drop(journal);

    let folder = tempfile::tempdir().unwrap();
    ten_entries(folder.path());
    let sql = "INSERT INTO anchor SELECT 1, seq, hash FROM entry WHERE seq = 3; DELETE FROM entry WHERE seq <= 3";
    tamper(folder.path(), sql);
    let verdict = verify(folder.path());
    assert!(matches!(&verdict, Verdict::Broken { seq: 4, why } if why.contains("no entry tells")), "{verdict:?}");
}

#[test]
fn the_table_refuses_removal_after_a_cut_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = ten_days(folder.path());
    journal.set_keep(Span::from_secs(5 * 86_400));
    journal.keep_all(days_after_noon(9)).unwrap();
    let connection = rusqlite::Connection::open(folder.path().join(JOURNAL_FILE)).unwrap();
    assert!(
        connection.execute_batch("DELETE FROM entry WHERE seq = 60").unwrap_err().to_string().contains("append-only")
    );
}

#[test]
fn a_head_that_was_kept_elsewhere_tells_a_journal_that_was_written_anew_or_cut() {
    let folder = tempfile::tempdir().unwrap();
    ten_entries(folder.path());
    let reader = || JournalReader::open(folder.path()).unwrap().unwrap();
    let head = reader().head().unwrap().unwrap();
    assert_eq!((head.seq, head.time), (10, Utc(NOON.0 + 10)));
    assert!(head.to_string().ends_with(" 2026-11-22T12:00:00.000Z"), "{head}");
    append(&mut Journal::open(folder.path(), NOON).unwrap(), &[raised(11)]);
    let kept = [(head.seq, head.hash)];
    assert!(matches!(reader().verify_against(&kept).unwrap(), Verdict::Whole { entries: 11, .. }));
    let twice = [(head.seq, head.hash), (head.seq, [1; 32])];
    assert!(matches!(reader().verify_against(&twice).unwrap(), Verdict::Broken { seq: 10, .. }));
    // Its last two entries and its record of them cut off, so that the rest is whole by itself.
    tamper(
        folder.path(),
        "DELETE FROM entry WHERE seq > 9; UPDATE head SET seq = 9, hash = (SELECT hash FROM entry WHERE seq = 9)",
    );
    assert!(matches!(verify(folder.path()), Verdict::Whole { entries: 9, .. }));
    assert!(matches!(reader().verify_against(&kept).unwrap(), Verdict::Broken { seq: 10, .. }));
    // Written anew from the first entry on, every hash right.
    let anew = tempfile::tempdir().unwrap();
    append(&mut Journal::open(anew.path(), NOON).unwrap(), &(2..=12).map(raised).collect::<Vec<_>>());
    let reader = JournalReader::open(anew.path()).unwrap().unwrap();
    assert!(matches!(reader.verify().unwrap(), Verdict::Whole { entries: 11, .. }));
    let verdict = reader.verify_against(&kept).unwrap();
    assert!(matches!(&verdict, Verdict::Broken { seq: 10, why } if why.contains("written anew")), "{verdict:?}");
}
