//! One value of the text as a tree with spans, for edits inside lists and tables in braces.

use std::borrow::Cow;
use std::ops::Range;
use toml_parser::decoder::Encoding;
use toml_parser::parser::{Event, EventKind, RecursionGuard, parse_value};
use toml_parser::{ParseError, Source};

/// Lists and tables within each other; the reader takes no more either.
pub(super) const DEEPEST: u32 = 80;

/// A value and where it stands, counted from where the text begins that was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) range: Range<usize>,
    pub(super) inside: Inside,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Inside {
    /// Words, decoded.
    Text(String),
    /// Any other value without parts.
    Plain,
    List(Vec<Node>),
    Table(Vec<Pair>),
}

/// A key of a table in braces, with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) key: Vec<String>,
    pub(super) key_range: Range<usize>,
    pub(super) value: Node,
}

/// The tree of a text that is one value and nothing else; none where it is not.
pub(super) fn value(text: &str) -> Option<Node> {
    let source = Source::new(text);
    let tokens = source.lex().into_vec();
    let mut events: Vec<Event> = Vec::with_capacity(tokens.len());
    let mut fault: Option<ParseError> = None;
    let mut guard = RecursionGuard::new(&mut events, DEEPEST);
    parse_value(&tokens, &mut guard, &mut fault);
    if fault.is_some() {
        return None;
    }
    let mut walk = Walk { source, events: events.into_iter().peekable() };
    let node = walk.node()?;
    // What stands behind it is none of it, and a list or table may have run over the end.
    walk.next_telling().is_none().then_some(node)
}

struct Walk<'t> {
    source: Source<'t>,
    events: std::iter::Peekable<std::vec::IntoIter<Event>>,
}

impl Walk<'_> {
    /// The next event that is more than space.
    fn next_telling(&mut self) -> Option<Event> {
        self.events.find(|e| !matches!(e.kind(), EventKind::Whitespace | EventKind::Comment | EventKind::Newline))
    }

    fn node(&mut self) -> Option<Node> {
        let first = self.next_telling()?;
        self.node_from(&first)
    }

    fn node_from(&mut self, first: &Event) -> Option<Node> {
        let start = first.span().start();
        match first.kind() {
            EventKind::Scalar => {
                let inside = match first.encoding() {
                    Some(encoding) => {
                        Inside::Text(decoded(self.source, first.span().start()..first.span().end(), encoding)?)
                    }
                    None if is_plain(self.source.input().get(start..first.span().end())?) => Inside::Plain,
                    None => return None,
                };
                Some(Node { range: start..first.span().end(), inside })
            }
            EventKind::ArrayOpen => {
                let mut list = Vec::new();
                loop {
                    let event = self.next_telling()?;
                    match event.kind() {
                        EventKind::ArrayClose => {
                            return Some(Node { range: start..event.span().end(), inside: Inside::List(list) });
                        }
                        EventKind::ValueSep => {}
                        _ => list.push(self.node_from(&event)?),
                    }
                }
            }
            EventKind::InlineTableOpen => {
                let mut pairs: Vec<Pair> = Vec::new();
                let (mut key, mut key_range) = (Vec::new(), 0..0);
                loop {
                    let event = self.next_telling()?;
                    let span = event.span().start()..event.span().end();
                    match event.kind() {
                        EventKind::InlineTableClose => {
                            return Some(Node { range: start..span.end, inside: Inside::Table(pairs) });
                        }
                        EventKind::SimpleKey => {
                            if key.is_empty() {
                                key_range = span.clone();
                            }
                            key_range.end = span.end;
                            key.push(key_decoded(self.source.input().get(span)?)?.into_owned());
                        }
                        EventKind::KeySep | EventKind::ValueSep => {}
                        EventKind::KeyValSep => {
                            let value = self.node()?;
                            pairs.push(Pair { key: std::mem::take(&mut key), key_range: key_range.clone(), value });
                        }
                        _ => return None,
                    }
                }
            }
            _ => None,
        }
    }
}

fn decoded(source: Source<'_>, span: Range<usize>, encoding: Encoding) -> Option<String> {
    let raw = source.input().get(span.clone())?;
    let span = toml_parser::Span::new_unchecked(span.start, span.end);
    let mut text = Cow::Borrowed("");
    let mut fault: Option<ParseError> = None;
    let _kind = toml_parser::Raw::new_unchecked(raw, Some(encoding), span).decode_scalar(&mut text, &mut fault);
    fault.is_none().then(|| text.into_owned())
}

/// A number, a date, `true` or `false`.
fn is_plain(raw: &str) -> bool {
    let span = toml_parser::Span::new_unchecked(0, raw.len());
    let mut text = Cow::Borrowed("");
    let mut fault: Option<ParseError> = None;
    let kind = toml_parser::Raw::new_unchecked(raw, None, span).decode_scalar(&mut text, &mut fault);
    use toml_parser::decoder::ScalarKind as S;
    fault.is_none()
        && match kind {
            S::String => false,
            S::Boolean(_) | S::DateTime => true,
            S::Float => text.parse::<f64>().is_ok(),
            S::Integer(radix) => i128::from_str_radix(&text, radix.value()).is_ok(),
        }
}

/// The words of a value that is words, without its quotes; none of any other value, and where it is no TOML.
pub fn words(raw: &str) -> Option<Cow<'_, str>> {
    let plain = |c: char| c != '"' && c != '\\' && (c == '\t' || !c.is_control());
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        // Nearly all of them: nothing to decode, and tens of thousands are read for one sheet.
        Some(inner) if inner.chars().all(plain) => Some(Cow::Borrowed(inner)),
        _ if !raw.starts_with(['"', '\'']) => None,
        _ => match value(raw)?.inside {
            Inside::Text(text) => Some(Cow::Owned(text)),
            _ => None,
        },
    }
}

/// A key that stands alone: bare, or in quotes.
pub(super) fn key_decoded(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.starts_with(['"', '\'']) {
        return Some(Cow::Borrowed(raw));
    }
    words(raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_the_parser_makes_of_them() {
        for raw in [
            "\"\"",
            "\"a b\"",
            "\"é\\n\"",
            "'c:\\x'",
            "\"\"\"a\nb\"\"\"",
            "\"a\"b\"",
            "\"\u{1}\"",
            "\"",
            "",
            "12",
            "[\"a\"]",
        ] {
            let parsed = value(raw).and_then(|node| match node.inside {
                Inside::Text(text) => Some(text),
                _ => None,
            });
            assert_eq!(words(raw).map(Cow::into_owned), parsed, "{raw:?}");
        }
    }

    #[test]
    fn a_value_is_a_tree_with_spans() {
        let text = "[{ tag = \"a\", axis.x = 1 }, # note\n  'b', [1.5, 0x10]]";
        let node = value(text).unwrap();
        let Inside::List(list) = &node.inside else { panic!("{node:?}") };
        assert_eq!(
            list.iter().map(|n| &text[n.range.clone()]).collect::<Vec<_>>(),
            ["{ tag = \"a\", axis.x = 1 }", "'b'", "[1.5, 0x10]"]
        );
        let Inside::Table(pairs) = &list[0].inside else { panic!("{node:?}") };
        assert_eq!(
            (pairs[0].key.as_slice(), &pairs[0].value.inside),
            (["tag".to_owned()].as_slice(), &Inside::Text("a".into()))
        );
        assert_eq!((pairs[1].key.len(), &text[pairs[1].key_range.clone()]), (2, "axis.x"));
    }

    #[test]
    fn what_is_no_single_value_is_none() {
        for text in
            ["", "1 2", "abc", "[1", "{ a = 1", "\"a", "1\nb = 2", "[a]", "1.2.3", "\"\\q\"", "a = 1", "[[tag]]\nx=1"]
        {
            assert_eq!(value(text), None, "{text:?}");
        }
        for text in ["1", "-1.5e3", "true", "nan", "\"a\"", "'''x\ny'''", "1979-05-27", "[]", "{}", "[1,\n2,]"] {
            assert!(value(text).is_some(), "{text:?}");
        }
        assert_eq!(value(&"[".repeat(100_000)), None);
    }
}
