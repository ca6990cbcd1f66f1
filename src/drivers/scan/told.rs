//! What was found, as the rows of a table: for a terminal and for the window.

use super::bisect::{Range, ranges_text};
use super::found::{Found, Line, Picture, Table, Unit};
use super::topics::{Topic, Topics};
use crate::project::Area;
use crate::text::{rounded, visible};
use crate::time::Span;

/// Ranges of a table that one row names.
const MOST_RANGES: usize = 12;

/// Pieces that were left over and are named one by one.
const MOST_PIECES: usize = 3;

/// Rows with their heads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rows {
    /// Of the columns.
    pub heads: &'static [&'static str],
    /// Which columns are numbers.
    pub right: &'static [bool],
    /// As many cells as there are heads; nothing in them unseen.
    pub rows: Vec<Vec<String>>,
    /// What else is to be said, each a sentence.
    pub notes: Vec<String>,
}

/// What a picture shows.
pub fn rows(picture: &Picture) -> Rows {
    match &picture.found {
        Found::Nothing => Rows::default(),
        Found::Modbus(line) => of_line(line),
        Found::Mqtt(topics) => of_topics(topics, usize::MAX),
    }
}

/// The same, of a broker the first topics alone: what a window paints anew in each frame.
pub fn first_rows(picture: &Picture, most: usize) -> Rows {
    match &picture.found {
        Found::Mqtt(topics) => of_topics(topics, most),
        Found::Nothing | Found::Modbus(_) => rows(picture),
    }
}

/// In a few words: `3 units of 247 asked, 42 requests`.
pub fn summary(picture: &Picture) -> String {
    match &picture.found {
        Found::Nothing => String::new(),
        Found::Modbus(line) => {
            let units = if line.units.len() == 1 {
                "1 unit answers".to_owned()
            } else {
                format!("{} units answer", line.units.len())
            };
            format!("{units} of {} asked, {} requests", line.asked, line.requests)
        }
        Found::Mqtt(topics) => {
            let count = topics.topics.len();
            let words = if count == 1 { "1 topic".to_owned() } else { format!("{count} topics") };
            let listened = rounded((topics.listened().as_secs_f64() * 10.0).round() / 10.0, None);
            format!("{words}, {} messages in {listened} s", topics.messages)
        }
    }
}

fn of_line(line: &Line) -> Rows {
    let mut rows = Vec::new();
    for unit in &line.units {
        let mut number = unit.unit.to_string();
        for (what, found) in unit_rows(unit) {
            rows.push(vec![std::mem::take(&mut number), what, visible(&found).into_owned()]);
        }
    }
    let notes = line.notes.iter().map(|note| visible(note).into_owned()).collect();
    Rows { heads: &["unit", "what", "found"], right: &[true, false, false], rows, notes }
}

fn unit_rows(unit: &Unit) -> Vec<(String, String)> {
    let row = |what: &str, found: String| (what.to_owned(), found);
    let mut rows = vec![match &unit.identity {
        Some(identity) => row("device", identity.words()),
        None => row("answers", unit.answered.clone()),
    }];
    if let Some(sunspec) = &unit.sunspec {
        rows.push(row("SunSpec", sunspec.words()));
    }
    for table in &unit.tables {
        rows.extend(table_rows(table).into_iter().map(|found| row(table.table.word(), found)));
    }
    rows
}

fn table_rows(table: &Table) -> Vec<String> {
    let ranges = |ranges| ranges_text(ranges, MOST_RANGES);
    let mut rows = Vec::new();
    let says = table.says.as_ref().map(|says| format!(" ({says})")).unwrap_or_default();
    match (table.readable.is_empty(), table.longest) {
        (true, _) => rows.push(format!("nothing readable found{says}")),
        (false, None) => rows.push(ranges(&table.readable)),
        (false, Some(longest)) => {
            let what = if table.table.is_bits() { "bits" } else { "registers" };
            rows.push(format!("{}; at most {longest} {what} in one read", ranges(&table.readable)));
        }
    }
    if !table.unclear.is_empty() {
        rows.push(format!("not looked into closely: {}", left_over(&table.unclear)));
    }
    if !table.unasked.is_empty() {
        rows.push(format!("not asked: {}", ranges(&table.unasked)));
    }
    rows
}

/// What was left over: between single addresses that were asked for there are many pieces.
fn left_over(ranges: &[Range]) -> String {
    let count: usize = ranges.iter().map(|(first, last)| usize::from(last - first) + 1).sum();
    match (ranges.first(), ranges.last()) {
        (Some((first, _)), Some((_, last))) if ranges.len() > MOST_PIECES => {
            format!("{count} addresses from {first} to {last}")
        }
        _ => ranges_text(ranges, MOST_PIECES),
    }
}

fn of_topics(topics: &Topics, most: usize) -> Rows {
    let listened = topics.listened();
    let mut rows = Vec::new();
    for (name, topic) in topics.topics.iter().take(most) {
        rows.extend(topic_rows(name, topic, listened));
    }
    let mut notes: Vec<String> = topics.notes.iter().map(|note| visible(note).into_owned()).collect();
    if topics.topics.len() > most {
        notes.push(format!("and {} topics more", topics.topics.len() - most));
    }
    if topics.left_out > 0 {
        notes.push(format!(
            "{} messages were of topics that were not kept, for there are too many; ask for fewer by a filter of topics",
            topics.left_out
        ));
    }
    Rows {
        heads: &["topic, path", "messages", "a second", "retained", "bytes", "kind", "last"],
        right: &[false, true, true, true, true, false, false],
        rows,
        notes,
    }
}

fn topic_rows(name: &str, topic: &Topic, listened: Span) -> Vec<Vec<String>> {
    let rate = topic.rate(listened);
    let some = |count: u64| if count == 0 { String::new() } else { count.to_string() };
    let mut rows = vec![vec![
        visible(name).into_owned(),
        topic.messages.to_string(),
        if rate > 0.0 { rounded(rate, Some(1)) } else { String::new() },
        some(topic.retained),
        topic.bytes.to_string(),
        topic.kind.word().to_owned(),
        topic.last.clone(),
    ]];
    let field = |path: String, kind: &str, last: String| {
        let nothing = String::new;
        vec![format!("  {path}"), nothing(), nothing(), nothing(), nothing(), kind.to_owned(), last]
    };
    for one in &topic.fields {
        rows.push(field(visible(&one.path).into_owned(), one.kind.word(), one.last.clone()));
    }
    if topic.more_fields > 0 {
        rows.push(field(format!("and {} values more", topic.more_fields), "", String::new()));
    }
    rows
}

/// What of a table a tag would be of: its word in a project.
pub(super) const fn type_of(area: Area) -> &'static str {
    if area.is_bits() { "bool" } else { "u16" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_says_what_can_be_read_and_what_was_left_over() {
        let table = |readable: &[Range], unclear: &[Range], longest| Table {
            table: Area::Holding,
            readable: readable.to_vec(),
            unclear: unclear.to_vec(),
            unasked: vec![(500, 999)],
            longest,
            says: Some("exception 2: illegal data address".to_owned()),
        };
        assert_eq!(
            table_rows(&table(&[(0, 9), (20, 20)], &[(30, 39)], Some(60))),
            [
                "0 to 9, 20; at most 60 registers in one read",
                "not looked into closely: 30 to 39",
                "not asked: 500 to 999"
            ]
        );
        assert_eq!(
            table_rows(&table(&[], &[(0, 1), (3, 4), (6, 7), (9, 9)], None)),
            [
                "nothing readable found (exception 2: illegal data address)",
                "not looked into closely: 7 addresses from 0 to 9",
                "not asked: 500 to 999"
            ]
        );
    }
}
