//! What a journal of ten million entries costs: writing it, indexing it, and the first page of every kind of search.
//!
//! `cargo bench --bench journal` makes one in a temporary folder, which takes minutes and 4 GB. `JOURNAL=FOLDER` keeps it there and
//! finds it again the next time; `ENTRIES=1000000` makes a smaller one.
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a bench measures and prints")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use watchkeeper::engine::{Actor, Entry, Event, EventKind, Quality, Value};
use watchkeeper::historian::journal::index;
use watchkeeper::historian::read::{OccurrencesOf, Order};
use watchkeeper::historian::{Journal, JournalReader, Search};
use watchkeeper::project::Priority;
use watchkeeper::time::{Span, Utc};

/// 2026-01-01T00:00:00Z.
const START: Utc = Utc(1_767_225_600_000_000);
/// Ten years of ten million entries.
const STEP: Span = Span(31_557_600);
/// The target, for a page in a reader that was just opened.
const TARGET: Duration = Duration::from_millis(50);

fn main() {
    let entries: u64 = std::env::var("ENTRIES").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000_000);
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = std::env::var_os("JOURNAL").map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("a folder");
    make(&folder, entries);
    let began = Instant::now();
    index::catch_up(&folder).expect("an index");
    let index_bytes = std::fs::metadata(folder.join(index::INDEX_FILE)).map_or(0, |m| m.len());
    println!(
        "indexed in {:.1} s, {:.1} bytes an entry",
        began.elapsed().as_secs_f64(),
        index_bytes as f64 / entries as f64
    );
    let mut slow = 0;
    for (what, search) in searches(entries) {
        for order in [Order::NewestFirst, Order::OldestFirst] {
            slow += u32::from(!page(&folder, what, &search, order));
        }
    }
    let of = OccurrencesOf {
        names: vec!["area17.pump3.flow".into()],
        from: Some(at(entries / 2)),
        to: Some(at(entries / 2 + entries / 20)),
        most: 1_000,
    };
    let began = Instant::now();
    let reader = JournalReader::open(&folder).expect("a journal").expect("a file");
    let found = reader.occurrences(&of, &AtomicBool::new(false)).expect("an answer").expect("wanted");
    println!("{:7.1} ms  {:4} occurrences of a tag in half a year", began.elapsed().as_secs_f64() * 1e3, found.len());
    println!("{slow} pages took longer than {} ms", TARGET.as_millis());
}

fn page(folder: &Path, what: &str, search: &Search, order: Order) -> bool {
    let began = Instant::now();
    let reader = JournalReader::open(folder).expect("a journal").expect("a file");
    let page = reader.page(search, order, None, 200, &AtomicBool::new(false)).expect("a page").expect("wanted");
    let took = began.elapsed();
    println!("{:7.1} ms  {:4} rows, {order:?}: {what}", took.as_secs_f64() * 1e3, page.rows.len());
    took <= TARGET
}

fn searches(entries: u64) -> Vec<(&'static str, Search)> {
    let kind = |kind| {
        let mut search = Search::default();
        search.add_kind(kind);
        search
    };
    let text = |text: &str| Search { text: text.into(), ..Search::default() };
    let tag = || vec![Arc::from("area17.pump3.flow")];
    let period = (Some(at(entries / 3)), Some(at(entries / 3 + entries / 120)));
    vec![
        ("everything", Search::default()),
        ("a tag", Search { names: tag(), ..Search::default() }),
        ("a tag in a month", Search { names: tag(), from: period.0, to: period.1, ..Search::default() }),
        ("a month", Search { from: period.0, to: period.1, ..Search::default() }),
        ("a word that is everywhere", text("flow")),
        ("a word that is once in 100,000", text("bearing")),
        ("a word that is nowhere", text("unheard")),
        ("a word of the first year alone", text("commissioning")),
        ("the beginning of a word, everywhere in the first year", text("comm")),
        ("two words, each often there, together in a thousandth", text("pump7 connection")),
        ("a letter", text("b")),
        ("a person", Search { by: "dora".into(), ..Search::default() }),
        ("a person's words", Search { by: "dora".into(), text: "bearing".into(), ..Search::default() }),
        ("a priority", Search { priorities: vec![Priority::Critical], ..Search::default() }),
        (
            "critical and one person",
            Search { priorities: vec![Priority::Critical], by: "dora".into(), ..Search::default() },
        ),
        ("acts", kind(EventKind::Act)),
        ("system", kind(EventKind::System)),
    ]
}

fn at(number: u64) -> Utc {
    START + Span(number as i64 * STEP.0)
}

fn make(folder: &Path, entries: u64) {
    let mut journal = Journal::open(folder, START).expect("a journal");
    let began = Instant::now();
    let first = journal.entries();
    while journal.entries() < entries {
        let next = journal.entries() + 1;
        let batch: Vec<Entry> = (next..(next + 2_000).min(entries + 1)).map(entry).collect();
        journal.append(&batch.iter().collect::<Vec<_>>()).expect("room on the disk");
        if journal.checkpoint_due() {
            journal.checkpoint(at(next)).expect("room on the disk");
        }
    }
    let made = journal.entries() - first;
    let bytes = journal.bytes() as f64 / journal.entries() as f64;
    println!("{made} entries written in {:.1} s, {bytes:.1} bytes an entry", began.elapsed().as_secs_f64());
}

/// Five thousand alarms of five hundred tags by the hundred, people who act, links that are lost.
fn entry(number: u64) -> Entry {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let (area, pump, short) =
        (mixed % 50, mixed / 50 % 20, ["high", "low", "high-high", "quality", "rate"][(mixed / 1_000 % 5) as usize]);
    let event = match mixed / 5_000 % 100 {
        0..40 => Event::Raised,
        40..70 => Event::Cleared,
        70..97 => Event::Acknowledged,
        97..99 => Event::LinkDown,
        _ => Event::LinkUp,
    };
    let mut entry = Entry::new(at(number), event);
    if event.kind() == EventKind::System {
        entry.subject = Some(format!("plc{area}").into());
        entry.note = Some("connection refused".into());
        return entry;
    }
    entry.alarm = Some(format!("area{area}.pump{pump}.flow/{short}").into());
    entry.occurrence = Some(number / 5_000 + 1);
    entry.priority = Some(match mixed / 500_000 % 200 {
        0 => Priority::Critical,
        1..10 => Priority::High,
        10..40 => Priority::Medium,
        _ => Priority::Low,
    });
    entry.value = Some(Value::F64(number as f64 / 7.0));
    entry.quality = Some(Quality::GOOD);
    entry.unit = Some("m³/h".into());
    if event == Event::Acknowledged {
        let user = ["anna", "bert", "cees", "dora"][(mixed / 100_000_000 % 1_000).min(3) as usize];
        let user = if mixed / 100_000_000 % 1_000 < 999 && user == "dora" { "anna" } else { user };
        entry.by = Some(Actor { user: user.into(), computer: "control-1".into(), desk: None });
        entry.note = match number {
            _ if number % 100_000 < 4 => Some("bearing is hot, told the fitter".into()),
            _ if number < 1_000_000 => Some("commissioning".into()),
            _ => None,
        };
    }
    entry
}
