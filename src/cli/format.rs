//! How values and texts are written on a terminal and in CSV.

use crate::engine::Value;
use crate::project::Tag;
use crate::text::{rounded, visible, visible_lines};
use std::borrow::Cow;
use std::io::{self, Write};

/// A value for people: with its label, or rounded as its tag says.
pub fn value_words(value: &Value, tag: &Tag) -> String {
    if let Some(word) = value.as_state().and_then(|state| tag.labels.word(state)) {
        return format!("{word} ({})", plain_words(value, tag));
    }
    plain_words(value, tag)
}

fn plain_words(value: &Value, tag: &Tag) -> String {
    match value {
        Value::F64(v) => rounded(*v, tag.decimals),
        other => other.to_string(),
    }
}

/// One line of CSV after RFC 4180, ended by a line feed. What cannot be seen is escaped, but for line breaks and tabs,
/// which quotes hold.
pub fn csv_line(out: &mut impl Write, fields: &[&str]) -> io::Result<()> {
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        let field = visible_lines(field);
        if field.contains([',', '"', '\n', '\r']) {
            write!(out, "\"{}\"", field.replace('"', "\"\""))?;
        } else {
            out.write_all(field.as_bytes())?;
        }
    }
    out.write_all(b"\n")
}

/// Rows of a table in aligned columns, nothing in them unseen; `right` says which are numbers.
pub fn table(out: &mut impl Write, right: &[bool], rows: &[Vec<String>]) -> io::Result<()> {
    let widths: Vec<usize> = (0..right.len())
        .map(|c| rows.iter().filter_map(|r| r.get(c)).map(|f| visible(f).chars().count()).max().unwrap_or(0))
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
        let field: Cow<'_, str> = visible(field);
        let pad = " ".repeat(width.saturating_sub(field.chars().count()));
        if !line.is_empty() {
            line.push_str("  ");
        }
        let (before, after) = if *right { (pad.as_str(), "") } else { ("", pad.as_str()) };
        line.push_str(before);
        line.push_str(&field);
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
    fn a_device_cannot_move_the_cursor_or_turn_the_order_of_what_is_read() {
        let row = vec!["a\u{1b}[2Jb".to_owned(), "x\u{202e}y".to_owned()];
        let mut out = Vec::new();
        table(&mut out, &[false, true], &[row.clone(), vec!["tag".into(), "v".into()]]).unwrap();
        let lines = "a\\u{1B}[2Jb  x\\u{202E}y\ntag                   v\n";
        assert_eq!(String::from_utf8(out).unwrap(), lines);
        let mut out = Vec::new();
        csv_line(&mut out, &row.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a\\u{1B}[2Jb,x\\u{202E}y\n");
    }

    #[test]
    fn columns_line_up() {
        let mut out = Vec::new();
        let rows = [vec!["tag".into(), "value".into()], vec!["pump1.flow".into(), "5".into()]];
        table(&mut out, &[false, true], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "tag         value\npump1.flow      5\n");
    }
}
