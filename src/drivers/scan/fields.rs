//! What is in a JSON payload: each value with the path that a project would name it by.

use super::topics::short;
use serde::Serialize;
use serde_json::Value as Json;
use std::fmt::Write as _;

/// The longest path that is kept, in bytes.
const LONGEST_PATH: usize = 300;

/// A value of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its JSONPath: `$.wind.speed`.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// The last one, shortened.
    pub last: String,
}

/// What a value, or a payload, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A number that a tag can be of.
    Number,
    /// True or false.
    Bool,
    /// Words.
    Text,
    /// Nothing.
    Null,
    /// An object or a list, with what is in it.
    Json,
    /// No text at all.
    Binary,
    /// No bytes at all.
    Empty,
}

impl Kind {
    /// As it is said.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Text => "text",
            Self::Null => "null",
            Self::Json => "JSON",
            Self::Binary => "binary",
            Self::Empty => "empty",
        }
    }
}

/// The values of a document, in its order, and how many more than `most` there are.
pub fn fields(document: &Json, most: usize) -> (Vec<Field>, usize) {
    let mut found = Vec::new();
    let mut more = 0;
    walk(document, &mut "$".to_owned(), most, &mut found, &mut more);
    (found, more)
}

/// Its depth is bounded by the parser's.
fn walk(value: &Json, path: &mut String, most: usize, found: &mut Vec<Field>, more: &mut usize) {
    let length = path.len();
    let (kind, last) = match value {
        Json::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                step(path, name);
                walk(member, path, most, found, more);
                path.truncate(length);
            }
            return;
        }
        Json::Array(items) if !items.is_empty() => {
            for (i, item) in items.iter().enumerate() {
                // Writing to a string cannot fail.
                let _written = write!(path, "[{i}]");
                walk(item, path, most, found, more);
                path.truncate(length);
            }
            return;
        }
        Json::Object(_) | Json::Array(_) | Json::Null => (Kind::Null, value.to_string()),
        Json::Bool(on) => (Kind::Bool, on.to_string()),
        Json::Number(number) => (Kind::Number, number.to_string()),
        Json::String(text) => (Kind::Text, short(text)),
    };
    if found.len() < most && path.len() <= LONGEST_PATH {
        found.push(Field { path: path.clone(), kind, last });
    } else {
        *more += 1;
    }
}

/// A member behind the path: `.speed`, or `['wind speed']` where the short form does not serve (RFC 9535, 2.3 and 2.5).
fn step(path: &mut String, name: &str) {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain {
        path.push('.');
        path.push_str(name);
        return;
    }
    path.push_str("['");
    for letter in name.chars() {
        match letter {
            '\'' | '\\' => path.extend(['\\', letter]),
            letter if u32::from(letter) < 0x20 => {
                let _written = write!(path, "\\u{:04x}", u32::from(letter));
            }
            letter => path.push(letter),
        }
    }
    path.push_str("']");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::mqtt::path::Path;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn values_have_the_paths_that_a_project_names_them_by() {
        let document = json!({
            "wind": {"speed": 4.25, "gust from": "NW"}, "ok": true, "list": [1, {"a": null}], "it's": 7, "none": {},
        });
        let (found, more) = fields(&document, 100);
        let lines: Vec<String> = found.iter().map(|f| format!("{} {} {}", f.path, f.kind.word(), f.last)).collect();
        let mut sorted = lines;
        sorted.sort();
        assert_eq!(
            sorted,
            [
                "$.list[0] number 1",
                "$.list[1].a null null",
                "$.none null {}",
                "$.ok bool true",
                "$.wind.speed number 4.25",
                "$.wind['gust from'] text NW",
                "$['it\\'s'] number 7",
            ]
        );
        assert_eq!(more, 0);
        let (found, more) = fields(&json!([1, 2, 3, 4]), 3);
        assert_eq!((found.len(), more), (3, 1));
        assert_eq!(fields(&json!(5), 3).0[0].path, "$");
    }

    fn document() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![any::<i32>().prop_map(Json::from), any::<bool>().prop_map(Json::from)];
        leaf.prop_recursive(3, 30, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..4).prop_map(Json::from),
                proptest::collection::btree_map("[a-z_1]{0,3}|[\u{0}-\u{7f}]{0,4}|\\PC{0,3}", inner, 1..4)
                    .prop_map(|m| Json::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_path_leads_to_its_value(document in document()) {
            for field in fields(&document, 1_000).0 {
                let path = Path::new(&field.path);
                prop_assert!(path.is_ok(), "{:?}", path);
                let found = path.unwrap().first(&document).map(ToString::to_string);
                prop_assert_eq!(found, Some(field.last), "{}", field.path);
            }
        }
    }
}
