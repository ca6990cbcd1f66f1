//! Text from outside on its way to a person: what cannot be seen is made to be seen.
//!
//! A device, a broker, a file or its name may bring characters that move a terminal's cursor, clear it, or turn the
//! order of what follows (U+202E), so that what is read is not what is there. They are shown as escapes in ASCII.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character changes what is seen without being seen itself: a control character, a line separator, a mark of
/// direction, a joiner or a space of no width.
pub const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1F}'
            | '\u{7F}'..='\u{9F}'
            | '\u{AD}'
            | '\u{61C}'
            | '\u{180E}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

/// A character as an escape: `\\n`, `\\t`, `\\u{202E}`.
pub fn escaped(c: char) -> String {
    match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        other => format!("\\u{{{:X}}}", u32::from(other)),
    }
}

/// The text with everything unseen escaped; itself where there is nothing of the kind.
pub fn visible(text: &str) -> Cow<'_, str> {
    visible_but(text, |_| false)
}

/// The same with line breaks and tabs left as they are: for text of several lines.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    visible_but(text, |c| matches!(c, '\n' | '\r' | '\t'))
}

/// The same with the characters left as they are for which `stays`.
pub fn visible_but(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hides = |c: char| is_unseen(c) && !stays(c);
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hides(c) { out.push_str(&escaped(c)) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// JSON with the unseen characters of its texts as `\\uXXXX`: the same values to every reader, and nothing that a
/// terminal would obey.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    let hides = |c: char| is_unseen(c) && !matches!(c, '\n' | '\r' | '\t');
    if !json.chars().any(hides) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    let mut units = [0; 2];
    for c in json.chars() {
        if hides(c) {
            for unit in c.encode_utf16(&mut units) {
                // Writing to a string cannot fail.
                let _written = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The first so many characters, and how many more there are: what is shown of a text without a bound.
pub fn bounded(text: &str, most: usize) -> (&str, usize) {
    match text.char_indices().nth(most) {
        None => (text, 0),
        Some((end, _)) => (&text[..end], text[end..].chars().count()),
    }
}

/// A number for reading: digits after the point as asked for, else as many as it needs, at most three. Never a negative
/// zero; and what is not zero reads as 0 only where the digits were asked for: without, it has three significant ones,
/// and below a millionth a power of ten (`-2.5e-10`).
pub fn rounded(value: f64, decimals: Option<u8>) -> String {
    let trimmed = |text: String| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    let text = match decimals {
        Some(decimals) => format!("{value:.*}", usize::from(decimals.min(9))),
        None => trimmed(format!("{value:.3}")),
    };
    if !text.bytes().all(|b| matches!(b, b'-' | b'0' | b'.')) {
        return text;
    }
    if decimals.is_some() || value == 0.0 {
        return text.replace('-', "");
    }
    if value.abs() < 1e-6 {
        let text = format!("{value:.2e}");
        return match text.split_once('e') {
            Some((digits, power)) => format!("{}e{power}", trimmed(digits.to_owned())),
            None => text,
        };
    }
    // From 0.000001 to 0.0005: the first digit is the fourth to the sixth behind the point, and two more follow.
    let first = (-value.abs().log10().floor()) as usize;
    trimmed(format!("{value:.*}", first + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_move_a_cursor_or_turn_the_order_is_shown_as_an_escape() {
        assert_eq!(visible("a\u{1b}[2Jb"), "a\\u{1B}[2Jb");
        assert_eq!(visible("invoice\u{202e}gpj.exe"), "invoice\\u{202E}gpj.exe");
        assert_eq!(visible("two\nlines\tand\u{85}"), "two\\nlines\\tand\\u{85}");
        assert_eq!(visible_lines("two\nlines\u{200b}"), "two\nlines\\u{200B}");
        assert!(matches!(visible("läuft · 12,5 m³/h"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_keeps_its_values() {
        let text = "a\u{202e}b\u{E0001}c\u{7f}";
        let json = serde_json::to_string(&serde_json::json!({ "v": text })).unwrap();
        let shown = visible_json(&json);
        assert!(shown.chars().all(|c| !is_unseen(c)), "{shown}");
        let back: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(back["v"], text);
    }

    #[test]
    fn a_text_is_bounded_at_a_character() {
        assert_eq!(bounded("äöü", 3), ("äöü", 0));
        assert_eq!(bounded("äöü", 1), ("ä", 2));
        assert_eq!(bounded("", 0), ("", 0));
    }

    #[test]
    fn a_number_that_is_not_zero_never_reads_as_zero_unasked() {
        for (value, text) in [
            (-2.5e-10, "-2.5e-10"),
            (1e-300, "1e-300"),
            (0.000_4, "0.0004"),
            (-0.000_012_345, "-0.0000123"),
            (0.000_499_9, "0.0005"),
            (9.999e-7, "1e-6"),
            (0.001_4, "0.001"),
            (0.0, "0"),
            (-0.0, "0"),
            (100.0, "100"),
            (-1.5, "-1.5"),
        ] {
            assert_eq!(rounded(value, None), text);
        }
        assert_eq!(rounded(-2.5e-10, Some(2)), "0.00");
        assert_eq!(rounded(-0.0, Some(0)), "0");
        assert_eq!(rounded(1.256, Some(2)), "1.26");
    }
}
