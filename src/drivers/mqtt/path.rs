//! A JSONPath, compiled once, asked for every message.
//!
//! Most paths of real sensors are plain: `$.wind.speed`, `$.values[0]`. Those are found by [`super::scan`], or walked in
//! a parsed document; all others go through the full language of RFC 9535.

use serde_json::Value;
use serde_json_path::JsonPath;

/// A compiled path.
#[derive(Debug, Clone)]
pub struct Path {
    text: Box<str>,
    road: Road,
}

#[derive(Debug, Clone)]
enum Road {
    /// Members and indices alone.
    Plain(Vec<Step>),
    /// Anything else.
    Full(JsonPath),
}

/// A step of a plain path.
#[derive(Debug, Clone)]
pub enum Step {
    /// To a member: letters, digits and underscores alone.
    Member(Box<str>),
    /// To an item.
    Index(usize),
}

impl Path {
    /// Compiles a path.
    ///
    /// # Errors
    /// Says where the text stops being a JSONPath.
    pub fn new(text: &str) -> Result<Self, String> {
        let road = match plain_steps(text) {
            Some(steps) => Road::Plain(steps),
            None => Road::Full(JsonPath::parse(text).map_err(|e| format!("\"{text}\" is no JSONPath: {e}"))?),
        };
        Ok(Self { text: text.into(), road })
    }

    /// The path as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The steps of a plain path; `None` where the full language is needed.
    pub fn steps(&self) -> Option<&[Step]> {
        match &self.road {
            Road::Plain(steps) => Some(steps),
            Road::Full(_) => None,
        }
    }

    /// The first match.
    pub fn first<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        match &self.road {
            Road::Plain(steps) => steps.iter().try_fold(document, |value, step| match step {
                Step::Member(name) => value.as_object()?.get(name.as_ref()),
                Step::Index(index) => value.as_array()?.get(*index),
            }),
            Road::Full(path) => path.query(document).first(),
        }
    }
}

/// The steps of `$.a.b[0]`; `None` where the path needs the full language, or is none.
fn plain_steps(text: &str) -> Option<Vec<Step>> {
    let mut rest = text.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let length = after.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            let (name, tail) = after.split_at(length);
            if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                return None;
            }
            steps.push(Step::Member(name.into()));
            rest = tail;
        } else {
            let (index, tail) = rest.strip_prefix('[')?.split_once(']')?;
            if !index.bytes().all(|b| b.is_ascii_digit()) || (index.len() > 1 && index.starts_with('0')) {
                return None;
            }
            steps.push(Step::Index(index.parse().ok()?));
            rest = tail;
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn plain_paths_take_the_short_road_and_others_the_full_one() {
        for plain in ["$", "$.a", "$.a.b_c.d1", "$.values[0]", "$[3].x", "$._x"] {
            assert!(matches!(Path::new(plain).unwrap().road, Road::Plain(_)), "{plain}");
        }
        for full in ["$..a", "$.*", "$['a b']", "$[-1]", "$[0:2]", "$.a[?@.b>1].c"] {
            assert!(matches!(Path::new(full).unwrap().road, Road::Full(_)), "{full}");
        }
        for none in ["", "a.b", "$.", "$.1a", "$[01]", "$[", "$.a b", "$[99999999999999999999999]"] {
            assert!(Path::new(none).unwrap_err().contains(none), "{none}");
        }
    }

    #[test]
    fn the_first_match_is_the_value() {
        let document = json!({"a": [{"b": 1}, {"b": 2}], "c d": 3});
        assert_eq!(Path::new("$.a[1].b").unwrap().first(&document), Some(&json!(2)));
        assert_eq!(Path::new("$..b").unwrap().first(&document), Some(&json!(1)));
        assert_eq!(Path::new("$['c d']").unwrap().first(&document), Some(&json!(3)));
        assert_eq!(Path::new("$.a.b").unwrap().first(&document), None);
        assert_eq!(Path::new("$.a[2]").unwrap().first(&document), None);
    }

    proptest! {
        #[test]
        fn both_roads_lead_to_the_same_value(steps in proptest::collection::vec(prop_oneof![
            Just(".a".to_owned()), Just(".b".to_owned()), Just("[0]".to_owned()), Just("[1]".to_owned()),
        ], 0..4)) {
            let document = json!({"a": [1, {"b": [2, 3], "a": 4}], "b": {"a": {"b": 5}, "b": [[6], 7]}});
            let text = format!("${}", steps.concat());
            let full = JsonPath::parse(&text).unwrap();
            prop_assert_eq!(Path::new(&text).unwrap().first(&document), full.query(&document).first());
        }
    }
}
