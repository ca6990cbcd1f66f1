//! Bytes to text, and byte offsets to lines and columns.

use crate::project::Place;

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

/// The bytes as text without a byte order mark, or the offset and the value of the first byte that is no UTF-8.
pub(super) fn text_from_bytes(bytes: &[u8]) -> Result<&str, (Place, u8)> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| {
        let at = e.valid_up_to();
        let valid = std::str::from_utf8(&bytes[..at]).unwrap_or("");
        (Text::new(valid).place(at), bytes.get(at).copied().unwrap_or(0))
    })
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
        assert_eq!(text_from_bytes(b"\xEF\xBB\xBFa = 1"), Ok("a = 1"));
        assert_eq!(text_from_bytes(b"a = 1\nb = \"m\xB3\""), Err((Place { line: 2, column: 7 }, 0xB3)));
    }
}
