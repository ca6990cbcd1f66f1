//! Finds the values of plain paths in a JSON text: one pass for all of them, no document built, no allocation.
//!
//! Invariant: what is accepted here is JSON, to its last byte, and each place holds the text of the value that a full
//! parser would find there (of a doubled name the last one). Whatever is unusual (escaped code points, deep nesting) or
//! wrong is left to the full parser, which also knows the words for it.

use super::path::Step;

/// Deepest nesting followed; the full parser's own limit lies above it.
const DEEPEST: usize = 100;

/// Start and end of a value's text.
pub type Place = (usize, usize);

/// The paths that are wanted from one topic's messages, as a tree of their steps.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    root: Node,
    count: usize,
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// Where the value's place is noted.
    slot: Option<usize>,
    members: Vec<(Box<str>, Self)>,
    items: Vec<(usize, Self)>,
}

impl Wanted {
    /// Adds a path; the number of its place.
    pub fn add(&mut self, steps: &[Step]) -> usize {
        let node = steps.iter().fold(&mut self.root, Node::child);
        let slot = *node.slot.get_or_insert(self.count);
        self.count = self.count.max(slot + 1);
        slot
    }

    /// Whether there is nothing to look for.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Notes the place of each wanted value, `None` where there is none. `false`: this text is for the full parser.
    pub fn scan(&self, text: &[u8], places: &mut Vec<Option<Place>>) -> bool {
        places.clear();
        places.resize(self.count, None);
        std::str::from_utf8(text).is_ok() && Scanner { text, at: 0, places }.document(&self.root).is_some()
    }
}

impl Node {
    /// The node one step below, made where there is none yet.
    fn child(&mut self, step: &Step) -> &mut Self {
        match step {
            Step::Member(name) => {
                let known = self.members.iter().position(|(n, _)| n == name);
                let index = known.unwrap_or_else(|| {
                    self.members.push((name.clone(), Self::default()));
                    self.members.len() - 1
                });
                &mut self.members[index].1
            }
            Step::Index(item) => {
                let known = self.items.iter().position(|(i, _)| i == item);
                let index = known.unwrap_or_else(|| {
                    self.items.push((*item, Self::default()));
                    self.items.len() - 1
                });
                &mut self.items[index].1
            }
        }
    }

    /// Forgets what was found here and below: a doubled name takes the place of the one before.
    fn forget(&self, places: &mut [Option<Place>]) {
        if let Some(slot) = self.slot {
            places[slot] = None;
        }
        self.members.iter().for_each(|(_, node)| node.forget(places));
        self.items.iter().for_each(|(_, node)| node.forget(places));
    }
}

/// Every step gives `None` where the text is not, or not simply, JSON.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    places: &'a mut [Option<Place>],
}

impl Scanner<'_> {
    fn document(&mut self, root: &Node) -> Option<()> {
        self.blank();
        self.value(Some(root), 0)?;
        self.blank();
        (self.at == self.text.len()).then_some(())
    }

    fn value(&mut self, node: Option<&Node>, depth: usize) -> Option<()> {
        let start = self.at;
        match self.peek()? {
            b'{' => self.object(node, depth)?,
            b'[' => self.list(node, depth)?,
            b'"' => drop(self.string()?),
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => self.number()?,
        }
        if let Some(slot) = node.and_then(|node| node.slot) {
            self.places[slot] = Some((start, self.at));
        }
        Some(())
    }

    fn object(&mut self, node: Option<&Node>, depth: usize) -> Option<()> {
        self.enter(depth)?;
        if self.takes(b'}') {
            return Some(());
        }
        loop {
            let plain = self.string()?;
            let name = &self.text[plain.0..plain.1];
            let member = node.and_then(|node| node.members.iter().find(|(n, _)| n.as_bytes() == name));
            self.blank();
            self.takes(b':').then_some(())?;
            self.blank();
            if let Some((_, member)) = member {
                member.forget(self.places);
            }
            self.value(member.map(|(_, node)| node), depth + 1)?;
            self.blank();
            if self.takes(b'}') {
                return Some(());
            }
            self.takes(b',').then_some(())?;
            self.blank();
        }
    }

    fn list(&mut self, node: Option<&Node>, depth: usize) -> Option<()> {
        self.enter(depth)?;
        if self.takes(b']') {
            return Some(());
        }
        let mut index = 0;
        loop {
            let item = node.and_then(|node| node.items.iter().find(|(i, _)| *i == index));
            self.value(item.map(|(_, node)| node), depth + 1)?;
            index += 1;
            self.blank();
            if self.takes(b']') {
                return Some(());
            }
            self.takes(b',').then_some(())?;
            self.blank();
        }
    }

    /// Past the bracket.
    fn enter(&mut self, depth: usize) -> Option<()> {
        self.at += 1;
        self.blank();
        (depth < DEEPEST).then_some(())
    }

    /// A string's inside, as it stands in the text. A wanted name never holds a backslash, so that one which is written
    /// with an escape could be taken for another: only the simple escapes are passed, and those are in no such name.
    fn string(&mut self) -> Option<Place> {
        self.takes(b'"').then_some(())?;
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some((start, self.at - 1));
                }
                b'\\' => {
                    self.at += 1;
                    matches!(self.peek()?, b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't').then_some(())?;
                    self.at += 1;
                }
                0..=0x1f => return None,
                _ => self.at += 1,
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _signed = self.takes(b'-') || self.takes(b'+');
            self.digits()?;
        }
        Some(())
    }

    /// At least one.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::path::Path;
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    const PATHS: [&str; 6] = ["$", "$.a", "$.a.b", "$.b[1]", "$.a[0].b", "$[0]"];

    fn wanted() -> (Wanted, Vec<Path>) {
        let mut wanted = Wanted::default();
        let paths: Vec<_> = PATHS.iter().map(|p| Path::new(p).unwrap()).collect();
        for (slot, path) in paths.iter().enumerate() {
            assert_eq!(wanted.add(path.steps().unwrap()), slot);
        }
        assert_eq!(wanted.add(paths[2].steps().unwrap()), 2, "the same path has the same place");
        (wanted, paths)
    }

    /// What the scan finds is what the full parser finds, or nothing at all is found.
    fn agrees(text: &[u8]) -> bool {
        let (wanted, paths) = wanted();
        let mut places = Vec::new();
        if !wanted.scan(text, &mut places) {
            return false;
        }
        let document = serde_json::from_slice::<Value>(text);
        let document = match document {
            Ok(document) => document,
            // The grammar of JSON knows no greatest number.
            Err(e) if e.to_string().contains("number out of range") => return true,
            Err(e) => panic!("{e}: {:?}", String::from_utf8_lossy(text)),
        };
        for (path, place) in paths.iter().zip(places) {
            let found = place.map(|(start, end)| serde_json::from_slice::<Value>(&text[start..end]).unwrap());
            assert_eq!(found.as_ref(), path.first(&document), "{} of {:?}", path.text(), String::from_utf8_lossy(text));
        }
        true
    }

    #[test]
    fn plain_json_is_scanned_and_the_unusual_is_left_to_the_parser() {
        for text in [
            r#"{"a": {"b": 1.5e-3, "c": [1, {}, "x\n"]}, "b": [0, -1]}"#,
            r#"{"a": 1, "a": {"b": 2}}"#,
            r#"{"a": {"b": 2}, "a": 1}"#,
            r#"{"a": {"b": 2}, "a": {"c": 1}}"#,
            r#"[{"a": [{"b": null}]}, [], true]"#,
            r#"{"a": [{"b": "é"}], "\"a": 3}"#,
            " 12 ",
            "\"text\"",
        ] {
            assert!(agrees(text.as_bytes()), "{text}");
        }
        for text in [
            "",
            "{",
            "{\"a\":1",
            "{\"a\":1}}",
            "01",
            "1.",
            "+1",
            ".5",
            "nul",
            "[1,]",
            "{\"\\u0061\":1}",
            "\"\t\"",
            "NaN",
        ] {
            assert!(!agrees(text.as_bytes()), "{text}");
        }
        let deep = ["[".repeat(500), "]".repeat(500)].concat();
        assert!(!agrees(deep.as_bytes()));
        assert!(!agrees(b"\"\xff\""));
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("true".to_owned()),
            "-?[0-9]{1,3}(\\.[0-9]{1,2})?(e-?[0-9])?",
            "\"[ab\\\\nu0\"é]{0,4}\"",
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let member = ("[ab]", inner.clone()).prop_map(|(name, value)| format!("\"{name}\" : {value}"));
            prop_oneof![
                proptest::collection::vec(member, 0..4).prop_map(|m| format!("{{{}}}", m.join(","))),
                proptest::collection::vec(inner, 0..4).prop_map(|v| format!("[ {} ]", v.join(" , "))),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_scan_and_the_parser_find_the_same(text in json(), cut in 0_usize..200, other in any::<u8>()) {
            agrees(text.as_bytes());
            let mut bytes = text.into_bytes();
            if let Some(byte) = bytes.get_mut(cut) {
                *byte = other;
                agrees(&bytes);
                bytes.truncate(cut);
                agrees(&bytes);
            }
        }

        #[test]
        fn any_bytes_are_scanned_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            agrees(&bytes);
        }
    }
}
