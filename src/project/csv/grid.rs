//! Cells in rows, as spreadsheets write and read them: commas, semicolons or tabs, quotes, line breaks in cells, a mark of
//! byte order, `sep=;` in the first line.

use crate::text::{bounded, visible};
use std::fmt;

/// Rows that are read; a spreadsheet has no more.
const MOST_ROWS: usize = 1_048_576;

/// Columns that are read.
const MOST_COLUMNS: usize = 500;

/// Letters of a cell; a spreadsheet has no more.
const LONGEST_CELL: usize = 32_767;

/// A table of cells; the first row is its heading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grid {
    /// Cells by row.
    pub rows: Vec<Vec<String>>,
    /// Rows of the spreadsheet above the first.
    pub above: usize,
}

/// What is wrong in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which, as a spreadsheet calls it: `C12`.
    pub cell: String,
    /// The row's name and the column's: `unit of tank1.level`. Empty where there is none.
    pub of: String,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub mend: String,
}

/// `C12 (unit of tank1.level): error: what; mend`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.of.is_empty() { String::new() } else { format!(" ({})", self.of) };
        write!(f, "{}{of}: error: {}; {}", self.cell, self.what, self.mend)
    }
}

/// What a spreadsheet calls a cell; both from zero.
pub fn a1(row: usize, column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    format!("{}{}", letters.iter().rev().collect::<String>(), row + 1)
}

impl Grid {
    /// Reads what a spreadsheet has saved.
    ///
    /// # Errors
    /// Where it is no text, or its quotes do not close.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let fault = |cell: String, what: &str, mend: &str| Fault {
            cell,
            of: String::new(),
            what: what.to_owned(),
            mend: mend.to_owned(),
        };
        let save = "save it as \"CSV UTF-8\"";
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || bytes.contains(&0) {
            return Err(fault(a1(0, 0), "this is text of two bytes a letter, or a workbook", save));
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let row = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
            fault(a1(row, 0), "letters of this row are not UTF-8", save)
        })?;
        let (text, told, above) = match text.strip_prefix("sep=").and_then(|rest| rest.split_once('\n')) {
            Some((sign, rest)) => (rest, sign.trim_end_matches('\r').chars().next(), 1),
            None => (text, None, 0),
        };
        let separator = told.unwrap_or_else(|| separator_of(text));
        let mut rows = Self { rows: Vec::new(), above };
        let mut reading = Reading::new(text, separator);
        while let Some(row) = reading.row(rows.rows.len() + above)? {
            if rows.rows.len() == MOST_ROWS {
                return Err(fault(a1(MOST_ROWS, 0), "there are more rows than a spreadsheet has", "part the file"));
            }
            rows.rows.push(row);
        }
        while rows.rows.last().is_some_and(|row| row.iter().all(String::is_empty)) {
            rows.rows.pop();
        }
        Ok(rows)
    }

    /// As a file for every spreadsheet: UTF-8 with a mark of byte order, without which some take it for another encoding, and
    /// CRLF. `separator`: a semicolon where decimals have commas.
    pub fn written(&self, separator: char) -> String {
        let mut text = String::from("\u{feff}");
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    text.push(separator);
                }
                let quoted = cell.contains([separator, '"', '\n', '\r', ',', ';', '\t']) || cell.trim() != cell;
                if quoted {
                    text.extend(["\"", &cell.replace('"', "\"\""), "\""]);
                } else {
                    text.push_str(cell);
                }
            }
            text.push_str("\r\n");
        }
        text
    }

    /// A fault of a cell; row and column from zero, the heading being row 0.
    pub(super) fn fault(
        &self,
        (row, column): (usize, usize),
        what: impl Into<String>,
        mend: impl Into<String>,
    ) -> Fault {
        let cell = |row: usize, column: usize| self.rows.get(row).and_then(|cells| cells.get(column));
        let shown = |text: &String| visible(bounded(text, 80).0).into_owned();
        let of = match (cell(0, column), cell(row, 0)) {
            (Some(heading), Some(name)) if row > 0 && column > 0 => format!("{} of {}", shown(heading), shown(name)),
            (Some(heading), _) => shown(heading),
            _ => String::new(),
        };
        let (what, mend) = (visible(&what.into()).into_owned(), mend.into());
        Fault { cell: a1(row + self.above, column), of, what, mend }
    }
}

impl Grid {
    /// A fault that the reader found in what a row came to: of the cell of its key, where it has one. `row` as the spreadsheet
    /// counts it.
    pub fn fault_of(&self, row: Option<usize>, key: &str, what: &str, mend: &str) -> Fault {
        let column = self.rows.first().and_then(|heading| heading.iter().position(|name| name.trim() == key));
        let mend = if mend.is_empty() { "change it, or leave the row out" } else { mend };
        match row {
            Some(row) => self.fault((row.saturating_sub(1 + self.above), column.unwrap_or(0)), what, mend),
            None => self.fault((0, column.unwrap_or(0)), what, mend),
        }
    }
}

/// The sign that parts most in the first line.
fn separator_of(text: &str) -> char {
    let heading = text.lines().next().unwrap_or_default();
    let count = |sign: char| heading.matches(sign).count();
    [',', ';', '\t'].into_iter().rev().max_by_key(|sign| count(*sign)).filter(|sign| count(*sign) > 0).unwrap_or(',')
}

/// A text while its rows are read.
struct Reading<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    separator: char,
}

impl<'t> Reading<'t> {
    fn new(text: &'t str, separator: char) -> Self {
        Self { rest: text.chars().peekable(), separator }
    }

    /// The next row; `number`: which it is in the spreadsheet, from zero.
    fn row(&mut self, number: usize) -> Result<Option<Vec<String>>, Fault> {
        if self.rest.peek().is_none() {
            return Ok(None);
        }
        let mut cells = vec![String::new()];
        let mut quoted = false;
        while let Some(letter) = self.rest.next() {
            let column = cells.len() - 1;
            let Some(cell) = cells.last_mut() else { break };
            match letter {
                '"' if quoted && self.rest.peek() == Some(&'"') => {
                    self.rest.next();
                    cell.push('"');
                }
                '"' if quoted => quoted = false,
                // In the midst of a cell it is a letter, as spreadsheets take it.
                '"' if cell.is_empty() => quoted = true,
                '\r' if !quoted && self.rest.peek() == Some(&'\n') => {}
                '\n' | '\r' if !quoted => return Ok(Some(cells)),
                sign if sign == self.separator && !quoted => cells.push(String::new()),
                letter => cell.push(letter),
            }
            let told = |what: &str, mend: &str| {
                let (what, mend) = (what.to_owned(), mend.to_owned());
                Fault { cell: a1(number, column), of: String::new(), what, mend }
            };
            if cells.last().is_some_and(|cell| cell.len() > LONGEST_CELL) {
                return Err(told(
                    "the cell is longer than one of a spreadsheet",
                    "look for a quote that does not close",
                ));
            }
            if cells.len() > MOST_COLUMNS {
                return Err(told("there are more columns than a project has keys", "part the file"));
            }
        }
        if quoted {
            let cell = a1(number, cells.len() - 1);
            let (what, mend) =
                ("its quote does not close".to_owned(), "write \" at its end, and \"\" for one inside".to_owned());
            return Err(Fault { cell, of: String::new(), what, mend });
        }
        Ok(Some(cells))
    }
}
