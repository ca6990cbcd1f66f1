//! Lines of the text around a place: where they begin and end, how they are indented and ended.

use super::index::{Block, Entry, Index};
use crate::project::file::keys;
use std::ops::Range;

/// Where the line begins on which a byte stands.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
}

/// Where the next line begins; at the text's end there.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|behind| behind.find('\n')).map_or(text.len(), |end| at + end + 1)
}

/// The number of the line on which a byte stands, from one.
pub(super) fn line_number(text: &str, at: usize) -> u32 {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() as u32 + 1
}

/// The space with which the line begins on which a byte stands.
pub(super) fn indent(text: &str, at: usize) -> &str {
    let line = text.get(line_start(text, at)..).unwrap_or("");
    let end = line.find(|c| c != ' ' && c != '\t').unwrap_or(0);
    line.get(..end).unwrap_or("")
}

/// How the line ends on which a byte stands; where it is the last, as the first one does.
pub(super) fn line_break(text: &str, at: usize) -> &'static str {
    let line = text
        .get(..line_end(text, at))
        .filter(|line| line.ends_with('\n'))
        .or_else(|| text.split_inclusive('\n').next());
    if line.is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" }
}

/// The keys that a block may have, in the order in which a person writes them.
pub(super) fn table_of(text: &str, block: &Block) -> Option<keys::Table> {
    let header = text.get(block.header_range()).unwrap_or("");
    let path = super::index::header_path(text, block);
    let known = |wanted: &str| keys::TABLES.into_iter().find(|table| table.header == wanted);
    match path.as_slice() {
        [] if block.header.is_empty() => Some(keys::PROJECT),
        ["tag" | "template", "alarm"] | ["template", "tag", "alarm"] => Some(keys::ALARM),
        ["display", "panel", "item"] | ["template", "item"] => Some(keys::ITEM),
        ["template", "tag"] => Some(keys::TAG),
        ["template", "panel"] => Some(keys::PANEL),
        ["display", "use"] | ["display", "panel", "use"] => Some(keys::USE),
        [_] | ["display", "panel"] => known(&header.replace([' ', '\t'], "")),
        [.., last] => known(last),
        [] => None,
    }
}

/// Which of its table's keys one is; one that is none comes last.
pub(super) fn rank(table: Option<&keys::Table>, key: &str) -> usize {
    table.and_then(|table| table.keys.iter().position(|known| known.name == key)).unwrap_or(usize::MAX)
}

/// The lines of an entry, with what is behind its value.
pub(super) fn entry_lines(text: &str, block: &Block, entry: &Entry) -> Range<usize> {
    line_start(text, entry.key_range(block).start)..line_end(text, entry.value_range(block).end)
}

/// Where the content of a block ends: behind the line of its last key, and the comments directly below that.
pub(super) fn content_end(text: &str, index: &Index, place: usize) -> usize {
    let Some(block) = index.blocks().get(place) else { return text.len() };
    let extent = index.extent(place);
    if block.torn.is_some() {
        let part = text.get(extent.clone()).unwrap_or("");
        return line_end(text, extent.start + part.trim_end().len()).min(extent.end);
    }
    let last = block.entries.last().map_or(block.header_range().end, |entry| entry.value_range(block).end);
    let mut end = if place == 0 && block.entries.is_empty() { 0 } else { line_end(text, last) };
    while end < extent.end && text.get(end..line_end(text, end)).is_some_and(|line| line.trim_start().starts_with('#'))
    {
        end = line_end(text, end);
    }
    end.min(extent.end)
}

/// Behind the empty lines that follow.
pub(super) fn behind_blank(text: &str, mut at: usize) -> usize {
    while at < text.len() {
        let end = line_end(text, at);
        if text.get(at..end).is_some_and(|line| !line.trim().is_empty()) {
            break;
        }
        at = end;
    }
    at
}

/// Before the empty lines that come before.
pub(super) fn before_blank(text: &str, mut at: usize) -> usize {
    while at > 0 {
        let start = line_start(text, at - 1);
        if text.get(start..at).is_some_and(|line| !line.trim().is_empty()) {
            break;
        }
        at = start;
    }
    at
}
