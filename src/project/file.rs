//! Text to [`Project`]: every fault with its place and mend, all at once.
//!
//! The TOML parser goes on after a fault of syntax and gives the span of every value. Each table is read by one file
//! below, against one list of keys ([`keys`]). What the value of a tag, or the link of a device, hangs on must be without
//! fault for it to run, unknown keys included: a mistyped `scale` must not show a wrong number as a good one. What merely
//! shows or records it falls back to its default.

mod alarm;
pub mod append;
mod device;
mod display;
mod family;
mod item;
pub mod keys;
mod mend;
mod modbus;
mod mqtt;
pub(super) mod name;
pub mod nearest;
mod register;
mod repeat;
mod section;
mod tag;
mod template;
mod text;
mod tls;
mod topic;

use super::{HistorySettings, Issue, Place, Priority, Project, Shift};
use crate::time::Span;
use device::DeviceDefaults;
use modbus::Line;
use section::{Reader, Section, kind_of, shortened, whole_from};
use std::collections::HashMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
pub use template::WrittenOut;
use text::{Decoded, Text, text_from_bytes};
use toml::de::DeTable;

/// The format that this program writes, and the newest that it reads.
pub const FORMAT: i64 = 1;

const PRIORITIES: [(Priority, &str); 4] =
    [(Priority::Critical, "critical"), (Priority::High, "high"), (Priority::Medium, "medium"), (Priority::Low, "low")];

/// Reads a project's bytes. Never fails: what is at fault is told in the issues and left out or marked. Issues come in the
/// order of their places.
pub fn read(bytes: &[u8]) -> (Project, Vec<Issue>) {
    let decoded = text_from_bytes(bytes);
    // No text at all, or one of two bytes a letter: nothing in it can be judged.
    if !decoded.issues.is_empty() && bytes.contains(&0) {
        return (Project::default(), decoded.issues);
    }
    let text: &str = &decoded.text;
    if text.trim().is_empty() {
        let mend = format!("write watchkeeper = {FORMAT} in the first line, then a [[device]] and its [[tag]]s");
        return (Project::default(), vec![Issue::error(Place { line: 1, column: 1 }, "", "the file is empty", mend)]);
    }
    let (document, faults) = DeTable::parse_recoverable(text);
    if faults.is_empty() {
        return interpreted(text, document.get_ref(), &decoded, Vec::new(), &[]);
    }
    let mended = mend::mend(text);
    let (document, _) = DeTable::parse_recoverable(&mended.text);
    interpreted(&mended.text, document.get_ref(), &decoded, mended.issues, &mended.torn_lines)
}

/// What of a file's bytes is no TOML at all; nothing where only what it means may be at fault.
pub fn syntax_faults(bytes: &[u8]) -> Vec<Issue> {
    let decoded = text_from_bytes(bytes);
    if !decoded.issues.is_empty() {
        return decoded.issues;
    }
    let (_document, faults) = DeTable::parse_recoverable(&decoded.text);
    if faults.is_empty() { Vec::new() } else { mend::mend(&decoded.text).issues }
}

/// The tags and alarms that templates make of a file, written out as if by hand.
pub fn made(bytes: &[u8]) -> Vec<WrittenOut> {
    let decoded = text_from_bytes(bytes);
    // Most projects have none: what is no word of theirs is not parsed for it.
    if !decoded.text.contains("template") {
        return Vec::new();
    }
    let (document, faults) = DeTable::parse_recoverable(&decoded.text);
    if faults.is_empty() {
        return template::written_out(&Text::new(&decoded.text), document.get_ref());
    }
    let mended = mend::mend(&decoded.text).text;
    let (document, _) = DeTable::parse_recoverable(&mended);
    template::written_out(&Text::new(&mended), document.get_ref())
}

/// `syntax`: faults of syntax that were told already, and the lines they tore.
fn interpreted(
    text: &str,
    table: &DeTable<'_>,
    decoded: &Decoded<'_>,
    syntax: Vec<Issue>,
    torn_lines: &[usize],
) -> (Project, Vec<Issue>) {
    let text = Text::new(text);
    let sums = template::sums(table);
    if let Some(issue) = refusal(&text, table) {
        // What a newer format may have in it is not judged; a missing key may be missing because of a fault of syntax.
        let syntax = if table.contains_key("watchkeeper") { Vec::new() } else { syntax };
        let told = decoded.issues.iter().cloned().chain(syntax).chain([issue]);
        return (Project::default(), sorted(told.collect()));
    }
    let starts = |lines: &[usize]| lines.iter().map(|line| text.line_start(*line)).collect();
    let (torn, foul) = (starts(torn_lines), starts(&decoded.lines));
    let told = decoded.issues.iter().cloned().chain(syntax).collect();
    let mut reader = Reader::new(text, told, torn, foul);
    let mut context = Context::default();
    let mut expansion = template::expand(table, &sums);
    project(&mut reader, &mut context, table, &mut expansion);
    (context.project, sorted(reader.issues))
}

/// The same for bytes that came from a file, which gives the project its data folder and, where it has none, its name.
pub fn read_named(bytes: &[u8], path: PathBuf) -> (Project, Vec<Issue>) {
    let (mut project, issues) = read(bytes);
    if project.name.is_empty() {
        project.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    }
    project.path = Some(path);
    (project, issues)
}

/// What is gathered while the file is read.
#[derive(Debug, Default)]
struct Context {
    project: Project,
    device_names: HashMap<String, Place>,
    device_defaults: HashMap<String, DeviceDefaults>,
    lines: HashMap<String, Line>,
    tag_names: HashMap<String, Place>,
    /// Index in the project's tags by name in lower case.
    tag_index: HashMap<String, usize>,
    display_names: HashMap<String, Place>,
    /// Which of an array the tag is that is being read.
    repeat: Option<repeat::Repeat>,
}

/// Why this is no project that this program may read.
fn refusal(text: &Text<'_>, table: &DeTable<'_>) -> Option<Issue> {
    let mend = format!("write watchkeeper = {FORMAT} in the first line");
    let Some(item) = table.get("watchkeeper") else {
        let message = "this is no watchkeeper project: the key watchkeeper is missing";
        return Some(Issue::error(Place { line: 1, column: 1 }, "", message, mend));
    };
    let place = text.place(item.span().start);
    match whole_from(item.get_ref()) {
        Some(FORMAT) => None,
        Some(newer) if newer > FORMAT => {
            let message = format!("format {newer} is newer than this program knows ({FORMAT})");
            Some(Issue::error(place, "", message, "open it with a newer watchkeeper; nothing of it was read"))
        }
        Some(other) => Some(Issue::error(place, "", format!("there is no format {other}"), mend)),
        None => Some(Issue::error(place, "", format!("watchkeeper is {}", kind_of(item.get_ref())), mend)),
    }
}

fn project<'i>(
    reader: &mut Reader<'i>,
    context: &mut Context,
    table: &DeTable<'i>,
    made: &mut template::Expansion<'i>,
) {
    let mut section = Section::open(reader, table, keys::PROJECT, &(0..0), "");
    if let Some(name) = section.filled("name") {
        match name::length_fault(&name) {
            Some((message, mend)) => section.error("name", message, mend),
            None => context.project.name = name,
        }
    }
    context.project.time_zone = time_zone(&mut section);
    context.project.history = history(&mut section);
    let shifts = section.tables("shift");
    let devices = section.tables("device");
    let tags = section.tables("tag");
    let alarms = section.tables("alarm");
    let displays = section.tables("display");
    made.tell(&mut section);
    for (table, span) in shifts {
        shift(reader, context, table, &span);
    }
    for (table, span) in devices {
        device::read(reader, context, table, &span);
    }
    for (table, span) in tags {
        tag::read(reader, context, table, &span);
    }
    template::read(reader, &made.tags, |reader, table, span| tag::read(reader, context, table, span));
    for (table, span) in alarms {
        let alarm = alarm::read(reader, context, table, &span, None);
        context.project.alarms.extend(alarm.map(Arc::new));
    }
    template::read(reader, &made.alarms, |reader, table, span| {
        let alarm = alarm::read(reader, context, table, span, None);
        context.project.alarms.extend(alarm.map(Arc::new));
    });
    for (table, span) in displays {
        display::read(reader, context, table, &span, made);
    }
    // Alarms below a tag and alarms of their own, as one list in the file's order.
    context.project.alarms.sort_by_key(|a| a.places.own);
    family::set_apart(&mut context.project);
}

fn time_zone(section: &mut Section<'_, '_, '_>) -> Option<String> {
    let name = section.filled("time-zone")?;
    if jiff::tz::TimeZone::get(&name).is_ok() {
        return Some(name);
    }
    // A computer without any zones cannot judge one; it will show its own.
    if jiff::tz::db().available().next().is_none() {
        section.warning("time-zone", "this computer knows no time zones", "times are shown in its own");
        return Some(name);
    }
    let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
    let mend = nearest::near(&name, known.iter().map(String::as_str))
        .map_or("write it like \"Europe/Amsterdam\"".to_owned(), |zone| format!("did you mean \"{zone}\"?"));
    section.error("time-zone", format!("there is no time zone \"{}\"", shortened(&name)), mend);
    None
}

fn history(section: &mut Section<'_, '_, '_>) -> HistorySettings {
    let Some((table, span)) = section.table("history", "write [history] and its keys below") else {
        return HistorySettings::default();
    };
    let mut inner = section.inner(table, keys::HISTORY, &span);
    HistorySettings {
        path: inner.filled("path"),
        keep: inner.duration("keep", Span::from_secs(1)),
        max_size_bytes: inner.size("max-size", 1024 * 1024..=u64::MAX),
        journal_keep: inner.duration("journal-keep", Span::from_secs(86_400)),
    }
}

fn shift<'i>(reader: &mut Reader<'i>, context: &mut Context, table: &DeTable<'i>, span: &Range<usize>) {
    let subject = table.get("name").and_then(|v| v.get_ref().as_str()).unwrap_or("").to_owned();
    let mut section = Section::open(reader, table, keys::SHIFT, span, &subject);
    let name = section.filled("name");
    if !section.has("name") {
        section.missing("name", "write name = \"Early\"");
    }
    let mend = "write hours and minutes in quotes: start = \"06:00\"";
    if !section.has("start") {
        section.missing("start", mend);
    }
    let start = section.text("start");
    let start_minute = start.as_deref().and_then(|text| {
        let minute = minute_from(text);
        if minute.is_none() {
            section.error("start", format!("\"{}\" is no time of day", shortened(text)), mend);
        }
        minute
    });
    let Some(name) = name else { return };
    if context.project.shifts.iter().any(|s| s.name.eq_ignore_ascii_case(&name)) {
        section.error(
            "name",
            format!("there is a shift \"{}\" already", shortened(&name)),
            "give one of them another name",
        );
        return;
    }
    if let Some(start_minute) = start_minute {
        context.project.shifts.push(Shift { name, start_minute });
    }
}

/// `06:00`, minutes after midnight.
fn minute_from(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':')?;
    if !(1..=2).contains(&hours.len())
        || minutes.len() != 2
        || !(hours.bytes().chain(minutes.bytes())).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn sorted(mut issues: Vec<Issue>) -> Vec<Issue> {
    issues.sort_by(|a, b| (a.place, a.severity, &a.message).cmp(&(b.place, b.severity, &b.message)));
    issues
}
