//! Values as they are written in the file: the one place that makes TOML of what a person or a program means.

use crate::project::file::keys;
use crate::time::Span;
use std::fmt::Write as _;

/// What a key is given.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Words, written in quotes.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number; written with its point where what stood there had one.
    Number(f64),
    /// `true` or `false`.
    Flag(bool),
    /// A list.
    List(Vec<Self>),
    /// A table in braces, in this order.
    Table(Vec<(String, Self)>),
    /// TOML as it is to stand; refused where it is not one value.
    Raw(String),
}

impl Value {
    /// What a person typed into the field of a key: words for a key of words, else a number, list or table where it is
    /// one. What is neither is written as words, so that the reader tells what is wrong with it.
    pub fn typed(table: &keys::Table, key: &str, text: &str) -> Self {
        let bare = text.trim();
        if is_of_words(table, key) || super::tree::value(bare).is_none() {
            return Self::Text(text.to_owned());
        }
        Self::Raw(bare.to_owned())
    }

    /// Whether it is one value of TOML, as everything is but what stands in [`Self::Raw`] as it likes.
    pub fn is_one(&self) -> bool {
        super::tree::value(&self.to_toml()).is_some()
    }

    /// As TOML.
    pub fn to_toml(&self) -> String {
        self.written(None)
    }

    /// As TOML. `before`: what stands there now, whose form a number keeps.
    pub(super) fn written(&self, before: Option<&str>) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Whole(n) => n.to_string(),
            Self::Number(x) => number(*x, before),
            Self::Flag(flag) => flag.to_string(),
            Self::List(list) => {
                let list: Vec<String> = list.iter().map(|value| value.written(None)).collect();
                format!("[{}]", list.join(", "))
            }
            Self::Table(pairs) if pairs.is_empty() => "{}".to_owned(),
            Self::Table(pairs) => {
                let pair = |(key, value): &(String, Self)| format!("{} = {}", key_written(key), value.written(None));
                format!("{{ {} }}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
            }
            Self::Raw(raw) => raw.trim().to_owned(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Keys whose values are no words, by the header of their table.
const NO_WORDS: [(&str, &[&str]); 12] = [
    ("", &["watchkeeper"]),
    (
        "[[device]]",
        &[
            "no-answer",
            "unit-id",
            "retries",
            "first-address",
            "max-registers",
            "max-gap",
            "close-after-poll",
            "one-request-per-tag",
            "ignore-unit-mismatch",
            "ignore-transaction-mismatch",
            "baud",
            "data-bits",
            "stop-bits",
            "password",
        ],
    ),
    (
        "[[tag]]",
        &[
            "bit",
            "length",
            "repeat",
            "qos",
            "availability",
            "scale",
            "offset",
            "raw",
            "bad-values",
            "range",
            "valid",
            "normal",
            "labels",
            "decimals",
            "record-deadband",
        ],
    ),
    ("repeat", &["from", "to", "step"]),
    ("[[alarm]]", &["limit", "limits", "when", "deadband", "latch"]),
    ("limits", &["limit"]),
    ("[[display]]", &["columns", "use"]),
    ("[[display.panel]]", &["at", "tags", "pens", "item", "use"]),
    ("[[display.panel.item]]", &["at", "points", "on"]),
    ("[[template]]", &["parameters", "defaults"]),
    ("[history]", &[]),
    ("[[shift]]", &[]),
];

fn is_of_words(table: &keys::Table, key: &str) -> bool {
    !NO_WORDS.iter().any(|(header, names)| *header == table.header && names.contains(&key))
}

/// A basic string of TOML.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            letter if letter.is_control() => {
                // Writing to a string cannot fail.
                let _written = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// A key, in quotes where it must be.
pub(super) fn key_written(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if bare { key.to_owned() } else { quoted(key) }
}

/// A duration in the greatest unit that says it whole; a second at least, which is the least that the file takes of a trend.
pub fn span_text(span: Span) -> String {
    let secs = (span.0 / 1_000_000).max(1);
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let (length, unit) = units.into_iter().find(|(length, _)| secs % length == 0).unwrap_or((1, "s"));
    format!("{}{unit}", secs / length)
}

/// A number as short as it is exact. A whole one has a point only where what stood there is no whole number.
fn number(x: f64, before: Option<&str>) -> String {
    if x.is_nan() {
        return "nan".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let was_whole =
        before.is_some_and(|b| !b.is_empty() && b.bytes().all(|b| b.is_ascii_digit() || b"+-_".contains(&b)));
    if was_whole && x.fract() == 0.0 && x.abs() < 9e15 {
        return format!("{}", x as i64);
    }
    let text = format!("{x:?}");
    // `1e-7` is a number to TOML as well.
    if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_a_person_would() {
        let list = Value::List(vec![Value::Number(0.0), Value::Number(1.5), Value::Whole(3)]);
        assert_eq!(list.written(None), "[0.0, 1.5, 3]");
        let table = Value::Table(vec![
            ("topic".into(), "a/b".into()),
            ("0".into(), "off".into()),
            ("a b".into(), Value::Flag(true)),
        ]);
        assert_eq!(table.written(None), "{ topic = \"a/b\", 0 = \"off\", \"a b\" = true }");
        assert_eq!(Value::Number(90.0).written(Some("85")), "90");
        assert_eq!(Value::Number(90.5).written(Some("85")), "90.5");
        assert_eq!(Value::Number(90.0).written(Some("85.5")), "90.0");
        assert_eq!(quoted("say \"no\"\\\n\u{1b}"), "\"say \\\"no\\\"\\\\\\n\\u001B\"");
    }

    #[test]
    fn what_is_typed_becomes_what_its_key_takes() {
        let typed = |table, key, text| Value::typed(table, key, text).written(None);
        assert_eq!(typed(&keys::TAG, "unit", "5"), "\"5\"");
        assert_eq!(typed(&keys::TAG, "range", " [0, 10] "), "[0, 10]");
        assert_eq!(typed(&keys::ALARM, "limit", "95.0"), "95.0");
        assert_eq!(typed(&keys::ALARM, "limit", "ninety"), "\"ninety\"");
        assert_eq!(typed(&keys::ALARM, "deadband", "2%"), "\"2%\"");
        assert_eq!(typed(&keys::ALARM, "when", "true"), "true");
        assert_eq!(typed(&keys::ITEM, "on", "true"), "true");
        assert_eq!(typed(&keys::ITEM, "at", "[100, 50]"), "[100, 50]");
        assert_eq!(typed(&keys::LIMITS_ROW, "when", "true"), "\"true\"");
    }

    #[test]
    fn every_key_that_takes_no_words_is_a_key() {
        for (header, names) in NO_WORDS {
            let table = keys::TABLES.iter().find(|table| table.header == header).unwrap();
            assert!(names.iter().all(|name| table.keys.iter().any(|key| key.name == *name)), "{header}");
        }
    }
}
