//! Bytes to text, and byte offsets to lines and columns.

use crate::project::{Issue, Place};
use std::borrow::Cow;

/// Characters are counted in steps of this many bytes, so that a place costs the same in a file of one endless line.
const STEP: usize = 64;

/// A text that knows where its lines begin.
#[derive(Debug)]
pub(super) struct Text<'a> {
    text: &'a str,
    /// Byte offset of the start of each line.
    lines: Vec<usize>,
    /// Characters before each [`STEP`]th byte.
    chars: Vec<u32>,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut lines = vec![0];
        lines.extend(bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1));
        let mut chars = Vec::with_capacity(bytes.len() / STEP + 1);
        let mut count = 0_u32;
        for chunk in bytes.chunks(STEP) {
            chars.push(count);
            count += chars_begun_in(chunk);
        }
        Self { text, lines, chars }
    }

    /// The text itself.
    pub(super) const fn str(&self) -> &'a str {
        self.text
    }

    /// What stands in a span; empty where the span is none.
    pub(super) fn slice(&self, span: std::ops::Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or("")
    }

    /// Where lines that begin with a bracket begin, their space left aside: table headers, most of them.
    pub(super) fn headers(&self) -> Vec<usize> {
        let bracket = |start: usize| {
            let line = self.text.get(start..).unwrap_or("");
            let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
            line[blank..].starts_with('[').then_some(start + blank)
        };
        self.lines.iter().filter_map(|start| bracket(*start)).collect()
    }

    /// Where what stands on a line begins, its space left aside; lines count from zero here.
    pub(super) fn line_start(&self, line: usize) -> usize {
        let start = self.lines.get(line).copied().unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or("");
        start + rest.len() - rest.trim_start_matches([' ', '\t']).len()
    }

    /// Line and column of a byte offset; one past the end is the end.
    pub(super) fn place(&self, offset: usize) -> Place {
        let offset = self.text.floor_char_boundary(offset.min(self.text.len()));
        let line = self.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.lines.get(line).copied().unwrap_or(0);
        Place { line: line as u32 + 1, column: self.chars_before(offset) - self.chars_before(start) + 1 }
    }

    fn chars_before(&self, offset: usize) -> u32 {
        let step = offset / STEP;
        match self.chars.get(step) {
            Some(count) => count + chars_begun_in(&self.text.as_bytes()[step * STEP..offset]),
            // Only at the end of a text whose length is a whole number of steps.
            None => self.chars.last().map_or(0, |count| {
                count + chars_begun_in(&self.text.as_bytes()[(step.saturating_sub(1)) * STEP..offset])
            }),
        }
    }
}

/// Characters whose first byte is among these.
fn chars_begun_in(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|b| **b & 0xC0 != 0x80).count() as u32
}

/// Stands for a run of bytes that are no UTF-8.
pub(super) const FOUL: char = char::REPLACEMENT_CHARACTER;

/// Runs of bad bytes that are told; a file in another encoding has one at every letter beyond ASCII.
const MOST_RUNS: usize = 20;

/// The text of a file, and what of it was none.
#[derive(Debug)]
pub(super) struct Decoded<'a> {
    /// Without a byte order mark; every run of bad bytes is one [`FOUL`].
    pub(super) text: Cow<'a, str>,
    /// The runs, the first ones each and then how many.
    pub(super) issues: Vec<Issue>,
    /// Lines with bad bytes, from zero, in order.
    pub(super) lines: Vec<usize>,
}

/// The bytes as text without a byte order mark.
pub(super) fn text_from_bytes(bytes: &[u8]) -> Decoded<'_> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Decoded { text: text.into(), issues: Vec::new(), lines: Vec::new() };
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    let mut runs: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut goes_on = false;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        goes_on &= chunk.valid().is_empty();
        if chunk.invalid().is_empty() {
            continue;
        }
        match runs.last_mut().filter(|_| goes_on) {
            Some((_, run)) => run.extend(chunk.invalid()),
            None => {
                runs.push((text.len(), chunk.invalid().to_vec()));
                text.push(FOUL);
            }
        }
        goes_on = true;
    }
    let index = Text::new(&text);
    let mut lines: Vec<usize> = runs.iter().map(|(at, _)| index.place(*at).line as usize - 1).collect();
    lines.dedup();
    let mut issues: Vec<Issue> = runs.iter().take(MOST_RUNS).map(|(at, run)| foul_run(index.place(*at), run)).collect();
    if let Some((at, _)) = runs.get(MOST_RUNS) {
        let message = format!("and more: the file is not UTF-8 in {} places", runs.len());
        issues.push(Issue::error(index.place(*at), "", message, "save it as UTF-8"));
    }
    drop(index);
    Decoded { text: text.into(), issues, lines }
}

fn foul_run(place: Place, run: &[u8]) -> Issue {
    const MOST: usize = 4;
    let mut shown: Vec<String> = run.iter().take(MOST).map(|byte| format!("0x{byte:02X}")).collect();
    if run.len() > MOST {
        shown.push(format!("… ({} in all)", run.len()));
    }
    let noun = if run.len() == 1 { "byte" } else { "bytes" };
    let message = format!("the file is not UTF-8: {noun} {} cannot stand here", shown.join(" "));
    Issue::error(place, "", message, "save it as UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_may_end_in_crlf() {
        let text = Text::new("a = \"m³/h\" # x\r\nb = 1\n");
        assert_eq!(text.place(0), Place { line: 1, column: 1 });
        let x = text.str().find('x').unwrap();
        assert_eq!(text.place(x), Place { line: 1, column: 14 });
        let b = text.str().find("b = 1").unwrap();
        assert_eq!(text.place(b), Place { line: 2, column: 1 });
        assert_eq!(text.place(10_000), Place { line: 3, column: 1 });
    }

    #[test]
    fn a_place_in_one_endless_line_is_right_at_every_step() {
        let line = "äb".repeat(200);
        let text = Text::new(&line);
        for (nth, (offset, _)) in line.char_indices().enumerate() {
            assert_eq!(text.place(offset).column as usize, nth + 1);
        }
        assert_eq!(text.place(line.len()).column, 401);
        assert_eq!(Text::new("").place(5), Place { line: 1, column: 1 });
        assert_eq!(Text::new(&"a".repeat(64)).place(64), Place { line: 1, column: 65 });
    }

    #[test]
    fn a_byte_that_is_no_utf8_is_told_with_its_place() {
        assert_eq!(text_from_bytes(b"\xEF\xBB\xBFa = 1").text, "a = 1");
        let decoded = text_from_bytes(b"a = 1\nb = \"m\xB3\xB3 \xE9\"\n");
        assert_eq!(decoded.text, "a = 1\nb = \"m\u{FFFD} \u{FFFD}\"\n");
        assert_eq!(decoded.lines, [1]);
        let told: Vec<String> = decoded.issues.iter().map(Issue::to_string).collect();
        assert_eq!(
            told,
            [
                "2:7: error: the file is not UTF-8: bytes 0xB3 0xB3 cannot stand here; save it as UTF-8",
                "2:9: error: the file is not UTF-8: byte 0xE9 cannot stand here; save it as UTF-8"
            ]
        );
    }

    #[test]
    fn a_file_of_bad_bytes_is_told_in_few_lines() {
        let bytes = b"\xFFa\n".repeat(1_000);
        let decoded = text_from_bytes(&bytes);
        assert_eq!((decoded.issues.len(), decoded.lines.len()), (21, 1_000));
        assert!(decoded.issues[20].message.ends_with("in 1000 places"));
        let decoded = text_from_bytes(&[0xFF; 1_000]);
        assert!(decoded.issues.len() == 1 && decoded.issues[0].message.contains("0xFF … (1000 in all)"));
    }
}
