//! One cell: from what a spreadsheet shows to what the project says.

use super::{NOTHING, Worth, is_words};
use crate::project::file::keys::{Key, Shape};
use toml::de::DeTable;

/// What a spreadsheet takes for a formula when a text begins with it.
const CALCULATES: [char; 5] = ['=', '+', '-', '@', '\''];

/// A text as it is exported: one that a spreadsheet would calculate has an apostrophe before it, as one writes it there.
pub(super) fn guarded(value: &str) -> String {
    let is_number = value.parse::<f64>().is_ok();
    if value == NOTHING || value.starts_with(CALCULATES) && !is_number { format!("'{value}") } else { value.to_owned() }
}

/// The same on the way back.
pub(super) fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| *rest == NOTHING || rest.starts_with(CALCULATES)).unwrap_or(cell)
}

/// What a cell says of a key; `Err`: what is wrong, and what would be right.
pub(super) fn worth(key: &Key, cell: &str) -> Result<Worth, (String, String)> {
    if is_words(key.shape) {
        return words(key, cell);
    }
    let cell = cell.trim();
    match key.shape {
        // A spreadsheet writes them in capitals.
        Shape::Flag | Shape::State | Shape::NumberOrNone if is_flag(cell) => Ok(Worth::Toml(cell.to_ascii_lowercase())),
        Shape::Flag => Err((format!("\"{cell}\" is neither true nor false"), "write true or false".to_owned())),
        Shape::Deadband if cell.ends_with('%') => {
            let percent = cell.trim_end_matches('%').trim();
            number(percent).map(|_| Worth::Words(format!("{percent}%")))
        }
        Shape::Number | Shape::NumberOrNone | Shape::Deadband => number(cell).map(Worth::Toml),
        Shape::Whole(least, most) => whole(cell, least, most),
        Shape::State => whole(cell, i64::MIN, i64::MAX),
        _ => value(cell).map(Worth::Toml),
    }
}

fn is_flag(cell: &str) -> bool {
    cell.eq_ignore_ascii_case("true") || cell.eq_ignore_ascii_case("false")
}

fn words(key: &Key, cell: &str) -> Result<Worth, (String, String)> {
    if let Shape::Word(known) = key.shape
        && !known.contains(&cell)
    {
        return Err((format!("\"{cell}\" is no {}", key.name), format!("write one of {}", known.join(", "))));
    }
    Ok(Worth::Words(cell.to_owned()))
}

/// A number as TOML has it.
fn number(cell: &str) -> Result<String, (String, String)> {
    let mend = "write it with a point, and without signs between thousands: 1234.5".to_owned();
    if cell.contains(',') {
        return Err((format!("\"{cell}\" has a comma, which may be of decimals or of thousands"), mend));
    }
    if let Some(number) = cell.parse::<f64>().ok().filter(|number| number.is_finite()) {
        // TOML wants digits on both sides of a point.
        return Ok(if value(cell).is_ok() { cell.to_owned() } else { number.to_string() });
    }
    // As the file has them: 0x10, 1_000.
    match value(cell) {
        Ok(text) if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-')) => Ok(text),
        _ => Err((format!("\"{cell}\" is no number"), mend)),
    }
}

fn whole(cell: &str, least: i64, most: i64) -> Result<Worth, (String, String)> {
    let mend = || {
        if least == i64::MIN {
            "write a whole number".to_owned()
        } else {
            format!("write a whole number from {least} to {most}")
        }
    };
    let text = number(cell).map_err(|(what, _)| (what, mend()))?;
    let decimal = text.parse::<i64>().ok();
    let in_range = |number: i64| (least..=most).contains(&number);
    match decimal {
        Some(number) if in_range(number) => Ok(Worth::Toml(text)),
        Some(_) => Err((format!("{cell} is out of range"), mend())),
        // What is not decimal the reader judges.
        None if text.starts_with("0x") || text.contains('_') => Ok(Worth::Toml(text)),
        None => Err((format!("{cell} is no whole number"), mend())),
    }
}

/// One value of TOML as it is to stand.
fn value(cell: &str) -> Result<String, (String, String)> {
    let mend = "write it as in the project's file: [0.0, 100.0], or { 0 = \"Off\", 1 = \"On\" }".to_owned();
    let wrong = || (format!("\"{}\" is no value of this key", crate::text::bounded(cell, 80).0), mend.clone());
    let one = format!("a = {cell}\n");
    let (read, faults) = DeTable::parse_recoverable(&one);
    // The whole of it: no remark behind, and no other line.
    let whole = read.get_ref().get("a").is_some_and(|item| item.span() == (4..4 + cell.len()));
    let alone = whole && faults.is_empty() && read.get_ref().len() == 1;
    if alone { Ok(cell.to_owned()) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::csv::Kind;

    fn told(kind: Kind, key: &str, cell: &str) -> Result<Worth, String> {
        let key = kind.keys().find(|known| known.name == key).unwrap();
        worth(key, cell).map_err(|(what, mend)| format!("{what}; {mend}"))
    }

    #[test]
    fn what_a_spreadsheet_may_have_changed_is_told_and_never_guessed() {
        let toml = |text: &str| Ok(Worth::Toml(text.to_owned()));
        let words = |text: &str| Ok(Worth::Words(text.to_owned()));
        assert_eq!(told(Kind::Tags, "scale", "0.5"), toml("0.5"));
        assert_eq!(told(Kind::Tags, "scale", " 1E+05 "), toml("1E+05"));
        assert_eq!(told(Kind::Tags, "scale", ".5"), toml("0.5"));
        assert!(told(Kind::Tags, "scale", "0,5").unwrap_err().starts_with("\"0,5\" has a comma"));
        assert!(told(Kind::Tags, "scale", "1,234.5").unwrap_err().contains("1234.5"));
        assert!(told(Kind::Tags, "scale", "1 234").is_err() && told(Kind::Tags, "scale", "#REF!").is_err());
        assert!(told(Kind::Tags, "scale", "nan").is_err() && told(Kind::Tags, "scale", "1 # x").is_err());
        assert_eq!(told(Kind::Tags, "decimals", "3"), toml("3"));
        assert!(told(Kind::Tags, "decimals", "3.5").unwrap_err().ends_with("write a whole number from 0 to 9"));
        assert!(told(Kind::Tags, "decimals", "12").unwrap_err().starts_with("12 is out of range"));
        assert_eq!(told(Kind::Tags, "range", "[0.0, 100.0]"), toml("[0.0, 100.0]"));
        assert!(
            told(Kind::Tags, "range", "0 - 100").is_err() && told(Kind::Tags, "range", "[0]\nname = \"x\"").is_err()
        );
        assert_eq!(told(Kind::Tags, "register", "40101"), words("40101"));
        assert!(told(Kind::Tags, "type", "F32").unwrap_err().starts_with("\"F32\" is no type; write one of bool, u8"));
        assert_eq!(told(Kind::Alarms, "latch", "TRUE"), toml("true"));
        assert!(told(Kind::Alarms, "latch", "yes").is_err());
        assert_eq!(told(Kind::Alarms, "deadband", "2 %"), words("2%"));
        assert_eq!(told(Kind::Alarms, "deadband", "2.5"), toml("2.5"));
        assert_eq!(told(Kind::Alarms, "when", "FALSE"), toml("false"));
        assert_eq!(told(Kind::Alarms, "when", "3"), toml("3"));
    }

    #[test]
    fn a_text_that_a_spreadsheet_would_calculate_comes_back_as_it_was() {
        for text in ["=1+1", "+x", "-", "@home", "'quoted'", "-5", "5", "", "plain", "'", NOTHING] {
            assert_eq!(unguarded(&guarded(text)), text);
        }
        assert_eq!((guarded("=1+1").as_str(), guarded("-5").as_str()), ("'=1+1", "-5"));
    }
}
