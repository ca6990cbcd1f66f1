//! Cells as spreadsheets exchange them: columns parted by tabs, rows by line ends; a cell that has either, or a quote at its
//! beginning, stands in quotes with those inside it doubled, as Excel and `LibreOffice` write it.

/// The cells of a text from the clipboard, row by row. A line end behind the last row makes no further one.
pub fn cells(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut rest = text;
    loop {
        let (cell, behind) = cell(rest);
        row.push(cell);
        rest = behind;
        if let Some(next) = rest.strip_prefix('\t') {
            rest = next;
            continue;
        }
        rows.push(std::mem::take(&mut row));
        rest = match rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r'])) {
            Some(next) if !next.is_empty() => next,
            _ => break,
        };
    }
    rows
}

/// The first cell of a text, and what stands behind it.
fn cell(text: &str) -> (String, &str) {
    const ENDS: [char; 3] = ['\t', '\n', '\r'];
    if let Some(inside) = text.strip_prefix('"') {
        let mut cell = String::new();
        let mut rest = inside;
        while let Some((before, behind)) = rest.split_once('"') {
            cell.push_str(before);
            if let Some(next) = behind.strip_prefix('"') {
                cell.push('"');
                rest = next;
                continue;
            }
            if behind.is_empty() || behind.starts_with(ENDS) {
                return (cell, behind);
            }
            break;
        }
        // A quote that does not end as one: it is a part of the cell.
    }
    let end = text.find(ENDS).unwrap_or(text.len());
    let (cell, rest) = text.split_at(end);
    (cell.to_owned(), rest)
}

/// The same as text.
pub fn text<'a>(rows: impl Iterator<Item = Vec<std::borrow::Cow<'a, str>>>) -> String {
    let mut text = String::new();
    for row in rows {
        for (i, cell) in row.iter().enumerate() {
            if i > 0 {
                text.push('\t');
            }
            if cell.contains(['\t', '\n', '\r']) || cell.starts_with('"') {
                text.push('"');
                text.push_str(&cell.replace('"', "\"\""));
                text.push('"');
            } else {
                text.push_str(cell);
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::borrow::Cow;

    #[test]
    fn what_spreadsheets_write_is_read() {
        assert_eq!(cells("a\tb\r\nc\td\r\n"), [["a", "b"], ["c", "d"]]);
        assert_eq!(cells("\"two\nlines\"\t\"say \"\"no\"\"\"\n"), [["two\nlines", "say \"no\""]]);
        assert_eq!(cells("5\" pipe\tx"), [["5\" pipe", "x"]]);
        assert_eq!(cells("\"open\tx"), [["\"open", "x"]]);
        assert_eq!(cells("a\n\nb"), [vec!["a"], vec![""], vec!["b"]]);
        assert_eq!(cells(""), [[""]]);
    }

    proptest! {
        #[test]
        fn cells_survive_the_way_there_and_back(
            rows in prop::collection::vec(prop::collection::vec("[a-c\"\\t\\n\\r ;,é]{0,6}", 3), 1..5)
        ) {
            let lines = rows.iter().map(|row| row.iter().map(|cell| Cow::Borrowed(cell.as_str())).collect());
            prop_assert_eq!(cells(&text(lines)), rows);
        }
    }
}
