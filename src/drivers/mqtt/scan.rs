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
        let mut scanner = Scanner { text, ascii: true, places };
        let found = scanner.document(&self.root).is_some();
        // What lies outside of strings is ASCII by the grammar, and most strings are too.
        found && (scanner.ascii || std::str::from_utf8(text).is_ok())
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

    /// Whether nothing below it is wanted: what is found here takes the place of what was found before.
    const fn is_leaf(&self) -> bool {
        self.members.is_empty() && self.items.is_empty()
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

/// Each step takes where it begins and gives where it ends, `None` where the text is not, or not simply, JSON.
struct Scanner<'a> {
    text: &'a [u8],
    /// No string so far held anything else.
    ascii: bool,
    places: &'a mut [Option<Place>],
}

impl Scanner<'_> {
    fn document(&mut self, root: &Node) -> Option<()> {
        let end = self.value(Some(root), self.blank(0), 0)?;
        (self.blank(end) == self.text.len()).then_some(())
    }

    #[inline]
    fn value(&mut self, node: Option<&Node>, at: usize, depth: usize) -> Option<usize> {
        let end = match *self.text.get(at)? {
            b'"' => self.string(at)?,
            b'-' | b'0'..=b'9' => self.number(at)?,
            b'{' => self.object(node, at, depth)?,
            b'[' => self.list(node, at, depth)?,
            b't' => self.word(at, b"true")?,
            b'f' => self.word(at, b"false")?,
            b'n' => self.word(at, b"null")?,
            _ => return None,
        };
        if let Some(slot) = node.and_then(|node| node.slot) {
            self.places[slot] = Some((at, end));
        }
        Some(end)
    }

    // Apart from `value`, so that the simple ones, which are most, pay nothing for the nested.
    #[inline(never)]
    fn object(&mut self, node: Option<&Node>, at: usize, depth: usize) -> Option<usize> {
        let members = node.map_or(&[][..], |node| &node.members);
        let mut at = self.enter(at, depth)?;
        if self.is(at, b'}') {
            return Some(at + 1);
        }
        loop {
            let end = self.string(at)?;
            let name = self.text.get(at + 1..end - 1)?;
            let member = members.iter().find(|(n, _)| n.as_bytes() == name).map(|(_, node)| node);
            at = self.blank(end);
            if !self.is(at, b':') {
                return None;
            }
            at = self.blank(at + 1);
            if let Some(member) = member.filter(|member| !member.is_leaf()) {
                member.forget(self.places);
            }
            at = self.value(member, at, depth + 1)?;
            at = self.blank(at);
            match *self.text.get(at)? {
                b',' => at = self.blank(at + 1),
                b'}' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    #[inline(never)]
    fn list(&mut self, node: Option<&Node>, at: usize, depth: usize) -> Option<usize> {
        let items = node.map_or(&[][..], |node| &node.items);
        let mut at = self.enter(at, depth)?;
        if self.is(at, b']') {
            return Some(at + 1);
        }
        let mut index = 0;
        loop {
            let item = items.iter().find(|(i, _)| *i == index).map(|(_, node)| node);
            at = self.value(item, at, depth + 1)?;
            index += 1;
            at = self.blank(at);
            match *self.text.get(at)? {
                b',' => at = self.blank(at + 1),
                b']' => return Some(at + 1),
                _ => return None,
            }
        }
    }

    /// Past the bracket.
    fn enter(&self, at: usize, depth: usize) -> Option<usize> {
        (depth < DEEPEST).then(|| self.blank(at + 1))
    }

    /// A string with its quotes. A wanted name never holds a backslash, so that one which is written with an escape could
    /// be taken for another: only the simple escapes are passed, and those are in no such name.
    fn string(&mut self, at: usize) -> Option<usize> {
        let text = self.text;
        if text.get(at) != Some(&b'"') {
            return None;
        }
        let mut at = at + 1;
        loop {
            while let Some(eight) = eight_bytes(text, at) {
                let plain = eight::plain(eight);
                at += plain;
                if plain < 8 {
                    break;
                }
            }
            match *text.get(at)? {
                b'"' => return Some(at + 1),
                b'\\' => {
                    matches!(*text.get(at + 1)?, b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't').then_some(())?;
                    at += 2;
                }
                0..=0x1f => return None,
                byte => {
                    self.ascii &= byte.is_ascii();
                    at += 1;
                }
            }
        }
    }

    fn number(&self, at: usize) -> Option<usize> {
        let at = at + usize::from(self.is(at, b'-'));
        let mut at = if self.is(at, b'0') { at + 1 } else { self.digits(at)? };
        if self.is(at, b'.') {
            at = self.digits(at + 1)?;
        }
        if self.is(at, b'e') || self.is(at, b'E') {
            at += 1;
            at = self.digits(at + usize::from(self.is(at, b'-') || self.is(at, b'+')))?;
        }
        Some(at)
    }

    /// At least one.
    fn digits(&self, start: usize) -> Option<usize> {
        let mut at = start;
        while let Some(eight) = eight_bytes(self.text, at) {
            let digits = eight::digits(eight);
            at += digits;
            if digits < 8 {
                return (at > start).then_some(at);
            }
        }
        while self.text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        (at > start).then_some(at)
    }

    fn word(&self, at: usize, word: &[u8]) -> Option<usize> {
        self.text.get(at..)?.starts_with(word).then(|| at + word.len())
    }

    fn blank(&self, mut at: usize) -> usize {
        while matches!(self.text.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            at += 1;
        }
        at
    }

    fn is(&self, at: usize, byte: u8) -> bool {
        self.text.get(at) == Some(&byte)
    }
}

/// The next eight bytes, the first one lowest.
fn eight_bytes(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Eight bytes looked at together, the first one lowest: most of a message is strings and digits.
///
/// A sum or difference shows in the highest bit of each byte whether it is what is looked for. A carry or borrow may run
/// on into the bytes after that one, so that only the first one found is to be trusted; no other is asked for.
mod eight {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH_BITS: u64 = 0x80 * ONES;

    /// Number of bytes before the first one that a string does not simply hold: its end, an escape, a control character,
    /// anything but ASCII.
    pub const fn plain(eight: u64) -> usize {
        let quote = (eight ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
        let escape = (eight ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
        let control = eight.wrapping_sub(ONES * b' ' as u64);
        first(quote | escape | control | eight)
    }

    /// Number of bytes before the first one that is no digit.
    pub const fn digits(eight: u64) -> usize {
        let from_zero = eight ^ (ONES * b'0' as u64);
        first(from_zero | from_zero.wrapping_add(ONES * (0x80 - 10)))
    }

    const fn first(marked: u64) -> usize {
        (marked & HIGH_BITS).trailing_zeros() as usize / 8
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
            "\"[a-zé ]{6,20}\"",
            "\"[a-z\u{1}\\\\]{6,20}\"",
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
        fn eight_bytes_at_once_are_as_eight_one_by_one(bytes in proptest::array::uniform8(prop_oneof![
            Just(b'"'), Just(b'\\'), Just(0x1f), Just(b' '), b'!'..=b'#', Just(0x7f), Just(0x80),
            b'/'..=b':', b'0'..=b'9', b'0'..=b'9', any::<u8>(),
        ])) {
            let together = u64::from_le_bytes(bytes);
            let count = |is: fn(&u8) -> bool| bytes.iter().take_while(|b| is(b)).count();
            prop_assert_eq!(eight::plain(together), count(|b| matches!(b, 0x20..=0x7f) && !b"\"\\".contains(b)));
            prop_assert_eq!(eight::digits(together), count(u8::is_ascii_digit));
        }

        #[test]
        fn any_bytes_are_scanned_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            agrees(&bytes);
        }
    }
}
