//! The text of a scenario: `at,do,target,value`, as spreadsheets write it.

use crate::time::Span;

/// A line and what is wrong with it.
pub type Fault = (usize, String);

/// One line of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its place in the file, from one.
    pub number: usize,
    /// When, from the scenario's start.
    pub at: Span,
    /// What is done: `set`, `expect`.
    pub verb: String,
    /// To which tag or alarm.
    pub target: String,
    /// The value, note, time or state.
    pub value: String,
}

impl Line {
    /// As a person reads it: `16s expect tank1.level/high unacknowledged`.
    pub fn words(&self) -> String {
        let Self { number: _, at, verb, target, value } = self;
        // Zero has no unit of its own.
        let mut words = if at.0 == 0 { format!("0s {verb}") } else { format!("{at} {verb}") };
        for more in [target.as_str(), value.trim()] {
            if !more.is_empty() {
                words.push(' ');
                words.push_str(more);
            }
        }
        words
    }
}

/// Splits a scenario into lines: `at,do,target,value`, quoted as spreadsheets do. A semicolon serves where the heading has
/// one (spreadsheets of countries with a decimal comma).
///
/// # Errors
/// The first line that is none, and what is wrong with it.
pub fn lines(text: &str) -> Result<Vec<Line>, Fault> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = text.lines().enumerate();
    let heading = rows.next().map(|(_, h)| h.trim()).unwrap_or_default();
    let separator = if heading.contains(';') { ';' } else { ',' };
    if fields(heading, separator).iter().map(|f| f.trim()).ne(["at", "do", "target", "value"]) {
        return Err((1, "the first line is to be at,do,target,value".to_owned()));
    }
    let mut lines = Vec::new();
    for (index, row) in rows {
        let number = index + 1;
        if row.trim().is_empty() || row.trim_start().starts_with('#') {
            continue;
        }
        let mut columns = fields(row, separator).into_iter();
        let mut next = || columns.next().unwrap_or_default();
        let (at, verb, target, value) = (next(), next(), next(), next());
        let at = Span::parse(&at).map_err(|message| (number, message))?;
        if columns.any(|c| !c.trim().is_empty()) {
            return Err((number, "more than four columns; put a text with a comma in quotes".to_owned()));
        }
        lines.push(Line { number, at, verb: verb.trim().to_owned(), target: target.trim().to_owned(), value });
    }
    Ok(lines)
}

fn fields(row: &str, separator: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = row.trim_end_matches('\r').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                if let Some(field) = fields.last_mut() {
                    field.push('"');
                }
            }
            '"' => quoted = !quoted,
            c if c == separator && !quoted => fields.push(String::new()),
            c => {
                if let Some(field) = fields.last_mut() {
                    field.push(c);
                }
            }
        }
    }
    fields
}
