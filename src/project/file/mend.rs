//! Faults of syntax: each is told, and its line set aside, so that one torn line costs one entity and not the file.
//!
//! The TOML parser goes on after a fault, but what it then takes for keys and tables is often swallowed. So the lines at
//! fault are mended where it is plain what was meant (a header without its brackets, an open quote, a word without quotes)
//! and emptied where not, and the text is parsed again. Lines keep their numbers; what is mended stands at the line's end.
//! A mended entity still counts as torn and does not run: it is only known by its name.

use super::section::shortened;
use super::text::Text;
use crate::project::Issue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::de::{DeTable, Error};

/// Faults of syntax that are told; behind a torn quote every line can be one.
const MOST_FAULTS: usize = 200;

/// Times that a text is mended and parsed again; each line is given up after three.
const MOST_ROUNDS: usize = 8;

/// Tables that may be written many times.
const LISTS: [&str; 7] = ["shift", "device", "tag", "tag.alarm", "alarm", "display", "display.panel"];

/// A text that can be parsed, and what was wrong with it.
pub(super) struct Mended {
    pub(super) text: String,
    pub(super) issues: Vec<Issue>,
    /// Lines at fault, from zero.
    pub(super) torn_lines: Vec<usize>,
}

/// Finds the faults of syntax and mends the text around them.
pub(super) fn mend(text: &str) -> Mended {
    let mut lines: Vec<Cow<'_, str>> = text.split('\n').map(Cow::Borrowed).collect();
    let mut issues: BTreeMap<usize, Issue> = BTreeMap::new();
    let mut tries: BTreeMap<usize, usize> = BTreeMap::new();
    close_what_is_open(&mut lines, &mut issues);
    for _ in 0..MOST_ROUNDS {
        let joined = lines.join("\n");
        let found = faults(&joined);
        if found.is_empty() {
            break;
        }
        let index = Text::new(&joined);
        let mut mended: Option<usize> = None;
        for fault in found {
            let span = fault.span().unwrap_or_else(|| deepest_line(&joined));
            let place = index.place(span.start);
            let line = (place.line as usize).saturating_sub(1);
            issues.entry(line).or_insert_with(|| told(&index, &span, fault.message()));
            if mended.replace(line) != Some(line)
                && let Some(text) = lines.get_mut(line)
            {
                let nth = tries.entry(line).or_insert(0);
                *text = Cow::Owned(line_mended(text, *nth, fault.message()));
                *nth += 1;
            }
        }
    }
    let text = lines.join("\n");
    let torn_lines = issues.keys().copied().collect();
    let mut issues: Vec<Issue> = issues.into_values().collect();
    if issues.len() > MOST_FAULTS {
        let all = issues.len();
        let place = issues[MOST_FAULTS].place;
        issues.truncate(MOST_FAULTS);
        issues.push(Issue::error(
            place,
            "",
            format!("and more: {all} faults of syntax in all"),
            "mend the first ones first",
        ));
    }
    Mended { text, issues, torn_lines }
}

/// In order of place.
fn faults(text: &str) -> Vec<Error> {
    let (_document, mut faults) = DeTable::parse_recoverable(text);
    faults.sort_by_key(|f| f.span().map_or(0, |s| s.start));
    faults
}

/// The line that nests deepest: the parser gives no place where it gave up because of that.
fn deepest_line(text: &str) -> Range<usize> {
    let mut start = 0;
    let mut deepest = (0, 0..0);
    for line in text.split_inclusive('\n') {
        let depth = line.bytes().filter(|b| matches!(b, b'.' | b'[' | b'{')).count();
        if depth > deepest.0 {
            deepest = (depth, start..start + line.len());
        }
        start += line.len();
    }
    deepest.1
}

/// What the parser found, in our words.
fn told(text: &Text<'_>, span: &Range<usize>, message: &str) -> Issue {
    let place = text.place(span.start);
    if message == "duplicate key" {
        let key = shortened(text.slice(span.clone()));
        let mend = if LISTS.contains(&key.as_str()) {
            format!("keep one, or write [[{key}]] with two brackets")
        } else {
            "keep one".to_owned()
        };
        return Issue::error(place, "", format!("the key \"{key}\" is written twice"), mend);
    }
    if message.contains("recurs") {
        let mend = "write it as [[tag]], [[alarm]] and so on with keys below; no value of a project is nested so deep";
        return Issue::error(place, "", "lists or tables are nested too deeply to be read", mend);
    }
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let mend = match expected {
        "" if what.starts_with("cannot extend") => {
            "a key that holds a value has no keys below it: give one of the two another name".to_owned()
        }
        "" => "see whether quotes, brackets and = stand where they belong".to_owned(),
        expected => format!("expected {}", expected.replace('`', "\"").replace("\"\"\"", "'\"'")),
    };
    Issue::error(place, "", format!("this is not TOML: {what}"), mend)
}

/// The line as it was most likely meant, the first times; then nothing.
fn line_mended(line: &str, tries: usize, message: &str) -> String {
    let trimmed = line.trim_start();
    let indent = &line[..line.len() - trimmed.len()];
    if let Some(name) = header_meant(trimmed) {
        return match tries {
            // Written twice: what stands below belongs to the first.
            _ if message == "duplicate key" => line.to_owned(),
            0 => format!("{indent}{name}"),
            _ => String::new(),
        };
    }
    // A second value of a key is no reason to lose the line after it, and a first is there already.
    if message == "duplicate key" {
        return String::new();
    }
    let bare = line.trim_end();
    if tries == 0 && bare.matches('"').count() % 2 == 1 {
        return format!("{bare}\"");
    }
    if tries < 2
        && let Some((key, value)) = bare.split_once('=')
        && value.trim().starts_with(|c: char| c.is_ascii_alphabetic())
        && !value.contains(['"', '\'', '#', '[', '{'])
    {
        return format!("{key}= \"{}\"", value.trim());
    }
    String::new()
}

/// The header that a line beginning with a bracket was meant to be.
fn header_meant(line: &str) -> Option<String> {
    let rest = line.strip_prefix('[')?;
    let rest = rest.trim_start_matches(['[', ' ']);
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))).unwrap_or(rest.len());
    let name = &rest[..end];
    if LISTS.contains(&name) {
        return Some(format!("[[{name}]]"));
    }
    (name == "history").then(|| "[history]".to_owned())
}

/// Empties lists, tables and long texts that are still open where the next header stands, and tells them there: else they
/// would swallow what follows. A single `[tag]` among others becomes `[[tag]]`.
fn close_what_is_open(lines: &mut [Cow<'_, str>], issues: &mut BTreeMap<usize, Issue>) {
    let is_header = |line: &str| {
        let line = line.trim();
        header_meant(line).is_some_and(|h| {
            line.strip_prefix(h.as_str()).is_some_and(|r| r.trim_start().is_empty() || r.trim_start().starts_with('#'))
        })
    };
    let mut start = 0;
    while start < lines.len() {
        let next = (start + 1..lines.len()).find(|i| is_header(&lines[*i])).unwrap_or(lines.len());
        if let Some((open, what)) = open_in(&lines[start..next]) {
            let line = start + open;
            let place = crate::project::Place { line: line as u32 + 1, column: 1 };
            let message = format!("{what} that begins here is not closed");
            issues.insert(line, Issue::error(place, "", message, "close it before the next key or header"));
            for line in &mut lines[line..next] {
                *line = Cow::Borrowed("");
            }
        }
        start = next;
    }
    for (i, line) in lines.iter_mut().enumerate() {
        let trimmed = line.trim();
        let single = trimmed.strip_prefix('[').filter(|r| !r.starts_with('[')).and_then(|r| r.strip_suffix(']'));
        if let Some(name) = single.map(str::trim).filter(|n| LISTS.contains(n)) {
            let column = (line.len() - line.trim_start().len()) as u32 + 1;
            let place = crate::project::Place { line: i as u32 + 1, column };
            let message = format!("[{name}] is one table, and there may be many");
            issues.insert(i, Issue::error(place, "", message, format!("write [[{name}]]")));
            *line = Cow::Owned(format!("{}[[{name}]]", " ".repeat(column as usize - 1)));
        }
    }
}

/// The line on which something begins that is still open at the end, and what it is.
fn open_in(lines: &[Cow<'_, str>]) -> Option<(usize, &'static str)> {
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut long: Option<(usize, &'static str)> = None;
    for (nth, line) in lines.iter().enumerate() {
        // In a list a line cannot begin with a key: the list was forgotten to be closed.
        if long.is_none()
            && let Some((at, '[')) = open.last()
            && *at < nth
            && begins_with_key(line)
        {
            return Some((*at, "a list"));
        }
        // A header, whole or torn; the parser tells of it.
        if long.is_none() && open.is_empty() && line.trim_start().starts_with('[') {
            continue;
        }
        let mut rest: &str = line;
        while let Some(c) = rest.chars().next() {
            if let Some((_, quotes)) = long {
                match rest.find(quotes) {
                    Some(end) => {
                        rest = &rest[end + quotes.len()..];
                        long = None;
                    }
                    None => break,
                }
                continue;
            }
            if let Some(quotes) = ["\"\"\"", "'''"].into_iter().find(|q| rest.starts_with(q)) {
                long = Some((nth, quotes));
                rest = &rest[3..];
                continue;
            }
            rest = &rest[c.len_utf8()..];
            match c {
                '#' => break,
                '"' | '\'' => rest = behind_quote(rest, c),
                '[' | '{' => open.push((nth, c)),
                ']' | '}' => drop(open.pop()),
                _ => {}
            }
        }
    }
    match (long, open.first()) {
        (Some((at, _)), _) => Some((at, "a long text")),
        (None, Some((at, '['))) => Some((*at, "a list")),
        (None, Some((at, _))) => Some((*at, "a table")),
        (None, None) => None,
    }
}

fn begins_with_key(line: &str) -> bool {
    let line = line.trim_start();
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))).unwrap_or(line.len());
    end > 0 && line[end..].trim_start().starts_with('=')
}

/// What stands behind the closing quote of a short text; nothing where it is not closed.
fn behind_quote(rest: &str, quote: char) -> &str {
    let mut escaped = false;
    for (i, c) in rest.char_indices() {
        match c {
            '\\' if quote == '"' && !escaped => escaped = true,
            c if c == quote && !escaped => return &rest[i + c.len_utf8()..],
            _ => escaped = false,
        }
    }
    ""
}
