//! How values and texts are written on a terminal and in CSV.

use crate::engine::Value;
use crate::project::Tag;
use std::borrow::Cow;
use std::io::{self, Write};

/// A value for people: with its label, or rounded as its tag says.
pub fn value_words(value: &Value, tag: &Tag) -> String {
    if let Some(word) = value.as_state().and_then(|state| tag.labels.word(state)) {
        return format!("{word} ({value})");
    }
    match (value, tag.decimals) {
        (Value::F64(v), Some(decimals)) => format!("{v:.*}", usize::from(decimals)),
        (Value::F64(v), None) => {
            let rounded = format!("{v:.3}");
            rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        (Value::Text(text), _) => printable(text).into_owned(),
        (other, _) => other.to_string(),
    }
}

/// Text from a device or a person, without what would move a terminal's cursor.
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// One line of CSV after RFC 4180, ended by a line feed.
pub fn csv_line(out: &mut impl Write, fields: &[&str]) -> io::Result<()> {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        if field.contains([',', '"', '\n', '\r']) {
            write!(out, "\"{}\"", field.replace('"', "\"\""))?;
        } else {
            out.write_all(field.as_bytes())?;
        }
    }
    out.write_all(b"\n")
}

/// Rows of a table in aligned columns; `right` says which are numbers.
pub fn table(out: &mut impl Write, right: &[bool], rows: &[Vec<String>]) -> io::Result<()> {
    let widths: Vec<usize> = (0..right.len())
        .map(|c| rows.iter().filter_map(|r| r.get(c)).map(|f| f.chars().count()).max().unwrap_or(0))
        .collect();
    for row in rows {
        writeln!(out, "{}", line(row, right, &widths))?;
    }
    Ok(())
}

/// One row in columns of these widths.
pub fn line(row: &[String], right: &[bool], widths: &[usize]) -> String {
    let mut line = String::new();
    for ((field, right), width) in row.iter().zip(right).zip(widths) {
        let pad = " ".repeat(width.saturating_sub(field.chars().count()));
        if !line.is_empty() {
            line.push_str("  ");
        }
        let (before, after) = if *right { (pad.as_str(), "") } else { ("", pad.as_str()) };
        line.push_str(before);
        line.push_str(field);
        line.push_str(after);
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_what_must_be_quoted() {
        let mut out = Vec::new();
        csv_line(&mut out, &["a", "b,c", "say \"hi\"", "two\nlines", ""]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a,\"b,c\",\"say \"\"hi\"\"\",\"two\nlines\",\n");
    }

    #[test]
    fn a_device_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\u{FFFD}[2Jb");
        assert_eq!(printable("plain ä"), "plain ä");
    }

    #[test]
    fn columns_line_up() {
        let mut out = Vec::new();
        let rows = [vec!["tag".into(), "value".into()], vec!["pump1.flow".into(), "5".into()]];
        table(&mut out, &[false, true], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "tag         value\npump1.flow      5\n");
    }
}
