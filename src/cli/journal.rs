//! `journal`: alarm and operator events, read beside whoever writes them; and the verification of their chain.

use super::format::{csv_line, table};
use super::when::instant;
use super::{Exit, Format, end_of_output, open_recorded, say};
use crate::engine::{Event, EventKind, Quality};
use crate::historian::chain::{Hash, hex};
use crate::historian::journal::keep::witness_from;
use crate::historian::read::Order;
use crate::historian::{JournalReader, Row, Search, Verdict};
use crate::project::Priority;
use crate::project::file::nearest::near;
use crate::runtime::Loaded;
use crate::text::visible_json;
use crate::time::Utc;
use std::fs;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// `journal`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper journal plant.toml --from 2h --format csv\n  watchkeeper journal plant.toml --tag tank1.level --by anna --event acts\n  watchkeeper journal plant.toml --head > head.txt        keep it elsewhere, and later:\n  watchkeeper journal plant.toml --verify --head head.txt\n\nA time is RFC 3339 (2026-11-20T14:00:00Z), a date or a local time of the project (2026-11-20, 2026-11-20T14:00),\nnow, or how long ago (30m, 2h, 7d)."
)]
pub struct JournalArguments {
    /// Project file, or a bundle
    pub project: PathBuf,
    /// First time
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Last time
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Only of this tag or device, by its present or an earlier name, with its alarms; may be repeated
    #[arg(long, value_name = "TAG")]
    pub tag: Vec<String>,
    /// Only of this alarm, tank1.level/high; may be repeated
    #[arg(long, value_name = "ALARM")]
    pub alarm: Vec<String>,
    /// Only where each of these words begins a word of the entry
    #[arg(long, value_name = "WORDS")]
    pub text: Option<String>,
    /// Only what this person did: user, computer or name at the desk
    #[arg(long, value_name = "WORDS")]
    pub by: Option<String>,
    /// Only of this priority; may be repeated
    #[arg(long, value_name = "PRIORITY")]
    pub priority: Vec<String>,
    /// Only these events: a word of the journal, or alarms, acts or system; may be repeated
    #[arg(long, value_name = "EVENT")]
    pub event: Vec<String>,
    /// Only so many of the newest
    #[arg(long, value_name = "COUNT")]
    pub last: Option<usize>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Walk the hash chain instead, and name the first entry that does not fit
    #[arg(long, conflicts_with_all = SEARCHING)]
    pub verify: bool,
    /// Print number, hash and time of the last entry instead; with --verify: check that the journal still holds this one
    #[arg(long, value_name = "SEQ:HASH|FILE", num_args = 0..=1, default_missing_value = "", conflicts_with_all = SEARCHING)]
    pub head: Option<String>,
}

/// What makes no sense where nothing is printed.
const SEARCHING: [&str; 10] = ["from", "to", "tag", "alarm", "text", "by", "priority", "event", "last", "format"];

const COLUMNS: [&str; 14] = [
    "seq",
    "time",
    "event",
    "alarm",
    "occurrence",
    "priority",
    "value",
    "quality",
    "unit",
    "subject",
    "by",
    "note",
    "began",
    "until",
];

/// Runs the command.
pub fn journal(arguments: &JournalArguments) -> Exit {
    super::start_logging("warn");
    let loaded = match open_recorded(&arguments.project) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let asked = search(arguments, &loaded).and_then(|search| Ok((search, heads(arguments)?)));
    let (search, heads) = match asked {
        Ok(asked) => asked,
        Err(why) => {
            say(&why);
            return Exit::Call;
        }
    };
    let reader = match open_reader(&loaded) {
        Ok(reader) => reader,
        Err(exit) => return exit,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    if arguments.verify {
        return verify(&reader, &heads, loaded.bundle.is_some(), &mut out);
    }
    if arguments.head.is_some() {
        return head(&reader, &mut out);
    }
    print(&reader, &search, arguments.last, arguments.format, &mut out).unwrap_or_else(|e| end_of_output(&e))
}

/// A project's journal; `Err` has told why not.
pub(super) fn open_reader(loaded: &Loaded) -> Result<JournalReader, Exit> {
    let folder = loaded.project.data_folder().unwrap_or_default();
    match JournalReader::open(&folder) {
        Ok(Some(reader)) if loaded.bundle.is_some() => Ok(reader.of_slice()),
        Ok(Some(reader)) => Ok(reader),
        Ok(None) if loaded.bundle.is_some() => {
            say("there is no journal in this bundle");
            Err(Exit::World)
        }
        Ok(None) => {
            say(&format!("there is no journal in {} yet; run the project first", folder.display()));
            Err(Exit::World)
        }
        Err(error) => {
            say(&error.to_string());
            Err(Exit::World)
        }
    }
}

fn search(arguments: &JournalArguments, loaded: &Loaded) -> Result<Search, String> {
    let (zone, now) = (loaded.project.time_zone.as_deref(), loaded.now());
    let mut search = Search {
        from: instant(arguments.from.as_deref(), zone, now)?,
        to: instant(arguments.to.as_deref(), zone, now)?,
        names: arguments.tag.iter().chain(&arguments.alarm).map(|name| name.as_str().into()).collect(),
        text: arguments.text.clone().unwrap_or_default(),
        by: arguments.by.clone().unwrap_or_default(),
        ..Search::default()
    };
    for word in &arguments.priority {
        let known = Priority::ALL.into_iter().find(|p| p.word() == word);
        search.priorities.push(known.ok_or_else(|| unknown("priority", word, Priority::ALL.map(Priority::word)))?);
    }
    for word in &arguments.event {
        match word.as_str() {
            "alarms" => search.add_kind(EventKind::Alarm),
            "acts" => search.add_kind(EventKind::Act),
            "system" => search.add_kind(EventKind::System),
            _ => {
                let known = Event::ALL.map(|(_, word)| word).into_iter().chain(["alarms", "acts", "system"]);
                search.events.push(Event::parse(word).ok_or_else(|| unknown("event", word, known))?);
            }
        }
    }
    Ok(search)
}

fn unknown<'a>(what: &str, word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let meant = near(word, known.iter().copied());
    let mend = meant.map_or_else(|| format!("there are {}", known.join(", ")), |m| format!("did you mean \"{m}\"?"));
    format!("there is no {what} \"{word}\"; {mend}")
}

/// What was kept elsewhere to verify against: itself, or the lines of a file.
fn heads(arguments: &JournalArguments) -> Result<Vec<(u64, Hash)>, String> {
    let Some(text) = arguments.head.as_deref() else { return Ok(Vec::new()) };
    match (text.is_empty(), arguments.verify) {
        (true, false) => return Ok(Vec::new()),
        (true, true) => return Err("--verify --head needs what --head printed, or a file of it".to_owned()),
        (false, false) => return Err("--head alone prints; to check this one write --verify --head".to_owned()),
        (false, true) => {}
    }
    if let Some(head) = witness_from(text) {
        return Ok(vec![head]);
    }
    let lines = fs::read_to_string(text).map_err(|error| format!("\"{text}\" is no SEQ:HASH and no file: {error}"))?;
    let lines = lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(at, line): (usize, &str)| {
        let first = line.split_whitespace().next().unwrap_or_default();
        witness_from(first).ok_or_else(|| format!("{text}:{}: this is not what --head printed", at + 1))
    };
    let heads = lines.map(read).collect::<Result<Vec<_>, _>>()?;
    if heads.is_empty() { Err(format!("\"{text}\" holds no head")) } else { Ok(heads) }
}

fn head(reader: &JournalReader, out: &mut impl Write) -> Exit {
    let written = match reader.head() {
        Ok(Some(head)) => writeln!(out, "{head}").and_then(|()| out.flush()),
        Ok(None) => {
            say("the journal is empty");
            return Exit::World;
        }
        Err(error) => {
            say(&error.to_string());
            return Exit::World;
        }
    };
    written.map_or_else(|error| end_of_output(&error), |()| Exit::Done)
}

fn verify(reader: &JournalReader, heads: &[(u64, Hash)], is_slice: bool, out: &mut impl Write) -> Exit {
    let (line, exit) = match reader.verify_against(heads) {
        Ok(Verdict::Whole { first, entries, hash, unchecked }) => {
            let mut parts = vec![format!("whole: {entries} entries, the last one's hash is {}", hex(&hash))];
            if is_slice {
                parts.push(format!(
                    "it is a slice that begins at entry {first}; the rest is in the plant's own journal"
                ));
            } else if first > 1 {
                parts.push(format!("it begins at entry {first}, those before were cut off by journal-keep"));
            }
            match heads.len() - unchecked.len() {
                0 => {}
                1 => parts.push("the head that was kept elsewhere is in it".to_owned()),
                met => parts.push(format!("the {met} heads that were kept elsewhere are in it")),
            }
            if !unchecked.is_empty() {
                parts.push(format!("{} of entries that were cut off since could not be checked", unchecked.len()));
            }
            (parts.join("; "), Exit::Done)
        }
        Ok(Verdict::Broken { seq, why }) => (format!("broken at entry {seq}: {why}"), Exit::Project),
        Err(error) => {
            say(&error.to_string());
            return Exit::World;
        }
    };
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => exit,
        Err(error) => end_of_output(&error),
    }
}

fn print(
    reader: &JournalReader,
    search: &Search,
    last: Option<usize>,
    format: Format,
    out: &mut impl Write,
) -> io::Result<Exit> {
    let mut rows = vec![["TIME", "EVENT", "ALARM", "PRIORITY", "VALUE", "BY", "NOTE"].map(str::to_owned).to_vec()];
    let mut written = Ok(());
    if format == Format::Csv {
        csv_line(out, &COLUMNS)?;
    }
    let mut each = |row: Row| {
        written = match format {
            Format::Jsonl => writeln!(out, "{}", visible_json(&json_line(&row))),
            Format::Csv => csv(out, &row),
            Format::Table => {
                rows.push(table_row(&row));
                Ok(())
            }
        };
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let wanted = AtomicBool::new(false);
    let read = match last {
        None => reader.find(search, Order::OldestFirst, None, &wanted, &mut each),
        Some(last) => {
            let mut newest = Vec::new();
            let read = reader.find(search, Order::NewestFirst, None, &wanted, &mut |row| {
                if newest.len() < last {
                    newest.push(row);
                }
                if newest.len() < last { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            // What ends it is told by `written`.
            let _ended = newest.into_iter().rev().try_for_each(&mut each);
            read
        }
    };
    written?;
    if let Err(error) = read {
        say(&error.to_string());
        return Ok(Exit::World);
    }
    if format == Format::Table {
        table(out, &[false, false, false, false, true, false, false], &rows)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// As `rehearse` prints it; an event of a later version keeps at least its word and note.
fn json_line(row: &Row) -> String {
    row.to_entry().map_or_else(
        || {
            let (time, event) = (Utc(row.time).to_rfc3339(), row.event.as_ref());
            serde_json::json!({"seq": row.seq, "time": time, "event": event, "note": row.note.as_deref()}).to_string()
        },
        |entry| entry.json_line(Some(row.seq)),
    )
}

fn csv(out: &mut impl Write, row: &Row) -> io::Result<()> {
    let time = |t: i64| Utc(t).to_rfc3339();
    let text = |field: &Option<Arc<str>>| field.as_deref().unwrap_or("").to_owned();
    let fields = [
        row.seq.to_string(),
        time(row.time),
        row.event.to_string(),
        text(&row.alarm),
        row.occurrence.map(|o| o.to_string()).unwrap_or_default(),
        text(&row.priority),
        row.value.as_ref().map(ToString::to_string).unwrap_or_default(),
        row.quality.map(|q| Quality::from_number(q).to_string()).unwrap_or_default(),
        text(&row.unit),
        text(&row.subject),
        row.actor().map(|a| a.to_string()).unwrap_or_default(),
        text(&row.note),
        row.began.map(time).unwrap_or_default(),
        row.until.map(time).unwrap_or_default(),
    ];
    csv_line(out, &fields.each_ref().map(String::as_str))
}

fn table_row(row: &Row) -> Vec<String> {
    let value = row.value.as_ref().map_or_else(String::new, |v| {
        let value = v.to_string();
        row.unit.as_deref().filter(|u| !u.is_empty()).map_or(value.clone(), |unit| format!("{value} {unit}"))
    });
    vec![
        Utc(row.time).to_rfc3339(),
        row.event.to_string(),
        row.alarm.as_deref().or(row.subject.as_deref()).unwrap_or("").to_owned(),
        row.priority.as_deref().unwrap_or("").to_owned(),
        value,
        row.actor().map(|a| a.to_string()).unwrap_or_default(),
        row.note.as_deref().unwrap_or("").to_owned(),
    ]
}
