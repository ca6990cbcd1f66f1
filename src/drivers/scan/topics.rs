//! The topics that were heard, with what was in their messages. Bounded, whatever a broker sends: what does not fit is
//! counted and told.

use super::fields::{Field, Kind, fields};
use crate::text::{bounded, visible};
use crate::time::{Mono, Span};
use serde::Serialize;
use std::collections::BTreeMap;

/// Most letters of a payload that are kept.
const SHOWN_CHARS: usize = 120;
/// Most values of one topic that are kept.
pub const MOST_FIELDS: usize = 64;
/// Most bytes of topics and what is kept of them, together.
pub const MOST_BYTES: usize = 32 << 20;
/// The longest payload that is looked into.
pub const LONGEST_PARSED: usize = 256 << 10;
/// A topic that floods is looked into so often.
const LOOK_EVERY: Span = Span::from_millis(250);

/// What is kept of a topic besides its words.
const OVERHEAD: usize = 200;

/// A broker's topics.
#[derive(Debug, Default)]
pub struct Topics {
    /// In the order of their names.
    pub topics: BTreeMap<String, Topic>,
    /// Messages in all, those of topics left out too.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages of topics that were not kept, for there were too many.
    pub left_out: u64,
    /// Topics at most.
    pub most_topics: usize,
    /// When the first subscription was granted, and until when was listened.
    pub heard: Option<(Mono, Mono)>,
    /// What a person should know, each a sentence.
    pub notes: Vec<String>,
    kept_bytes: usize,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topic {
    /// Messages.
    pub messages: u64,
    /// How many of them the broker had kept from before.
    pub retained: u64,
    /// Bytes of the last payload.
    pub bytes: usize,
    /// What the last payload is.
    pub kind: Kind,
    /// The last payload, shortened, and nothing in it unseen.
    pub last: String,
    /// The values of a JSON payload: all paths that were met with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Values that were not kept.
    #[serde(skip_serializing_if = "is_zero")]
    pub more_fields: usize,
    #[serde(skip)]
    looked: Option<Mono>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Topics {
    /// None yet.
    pub fn new(most_topics: usize) -> Self {
        Self { most_topics, ..Self::default() }
    }

    /// Takes a message.
    pub fn message(&mut self, topic: &[u8], payload: &[u8], retained: bool, now: Mono) {
        self.messages += 1;
        self.bytes += payload.len() as u64;
        let Ok(name) = std::str::from_utf8(topic) else {
            self.left_out += 1;
            return;
        };
        let known = self.topics.contains_key(name);
        if !known && (self.topics.len() >= self.most_topics || self.kept_bytes + name.len() + OVERHEAD > MOST_BYTES) {
            self.left_out += 1;
            return;
        }
        if !known {
            self.kept_bytes += name.len() + OVERHEAD;
        }
        let entry = self.topics.entry(name.to_owned()).or_insert_with(Topic::new);
        entry.messages += 1;
        entry.retained += u64::from(retained);
        entry.bytes = payload.len();
        let fresh = entry.looked.is_some_and(|at| now - at < LOOK_EVERY);
        if !fresh {
            entry.looked = Some(now);
            let before = entry.size();
            entry.look(payload, self.kept_bytes < MOST_BYTES);
            self.kept_bytes = (self.kept_bytes + entry.size()).saturating_sub(before);
        }
    }

    /// How long was listened.
    pub fn listened(&self) -> Span {
        self.heard.map_or(Span::ZERO, |(from, to)| to - from)
    }
}

impl Topic {
    const fn new() -> Self {
        Self {
            messages: 0,
            retained: 0,
            bytes: 0,
            kind: Kind::Empty,
            last: String::new(),
            fields: Vec::new(),
            more_fields: 0,
            looked: None,
        }
    }

    /// Live messages a second.
    pub fn rate(&self, listened: Span) -> f64 {
        let secs = listened.as_secs_f64();
        if secs > 0.0 { self.messages.saturating_sub(self.retained) as f64 / secs } else { 0.0 }
    }

    fn size(&self) -> usize {
        self.last.len() + self.fields.iter().map(|f| f.path.len() + f.last.len() + 64).sum::<usize>()
    }

    /// Looks into a payload; with `room`, values that are new are kept.
    fn look(&mut self, payload: &[u8], room: bool) {
        let text = std::str::from_utf8(payload).ok().filter(|text| {
            // A text has letters and line breaks; other control characters are no text.
            !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        });
        let Some(text) = text else {
            self.kind = Kind::Binary;
            let shown = payload.get(..24).unwrap_or(payload);
            let hex: Vec<String> = shown.iter().map(|byte| format!("{byte:02x}")).collect();
            self.last = hex.join(" ");
            if shown.len() < payload.len() {
                self.last.push_str(" …");
            }
            return;
        };
        self.last = short(text);
        self.kind = kind_of(text);
        if self.kind != Kind::Json {
            return;
        }
        if payload.len() > LONGEST_PARSED {
            self.last = format!("too long to be looked into: {}", self.last);
            return;
        }
        let Ok(document) = serde_json::from_str(text) else {
            self.kind = Kind::Text;
            return;
        };
        let (found, more) = fields(&document, MOST_FIELDS);
        self.more_fields = self.more_fields.max(more);
        for field in found {
            let has_room = room && self.fields.len() < MOST_FIELDS;
            match self.fields.iter_mut().find(|known| known.path == field.path) {
                Some(known) => *known = field,
                None if has_room => self.fields.push(field),
                None => self.more_fields = self.more_fields.max(1),
            }
        }
    }
}

/// What a text is; JSON is not yet looked into.
fn kind_of(text: &str) -> Kind {
    let trimmed = text.trim();
    match trimmed {
        "" => Kind::Empty,
        "true" | "false" => Kind::Bool,
        "null" => Kind::Null,
        _ if trimmed.starts_with(['{', '[']) => Kind::Json,
        _ if trimmed.parse::<f64>().is_ok_and(f64::is_finite) => Kind::Number,
        _ => Kind::Text,
    }
}

/// A text for one cell of a table: its first letters, nothing in it unseen.
pub fn short(text: &str) -> String {
    let (first, more) = bounded(text, SHOWN_CHARS);
    let first = visible(first);
    if more > 0 { format!("{first}…") } else { first.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Mono {
        Mono(0) + Span::from_millis(millis)
    }

    #[test]
    fn payloads_are_known_by_what_they_are() {
        for (payload, kind, last) in [
            (&b"12.5"[..], Kind::Number, "12.5"),
            (b" -3e2\n", Kind::Number, " -3e2\\n"),
            (b"nan", Kind::Text, "nan"),
            (b"ON", Kind::Text, "ON"),
            (b"true", Kind::Bool, "true"),
            (b"{\"a\":1}", Kind::Json, "{\"a\":1}"),
            (b"{broken", Kind::Text, "{broken"),
            (b"", Kind::Empty, ""),
            (b"\x00\x01\xff", Kind::Binary, "00 01 ff"),
            (b"\x1b[2J", Kind::Binary, "1b 5b 32 4a"),
            ("a\u{202e}b".as_bytes(), Kind::Text, "a\\u{202E}b"),
        ] {
            let mut topics = Topics::new(10);
            topics.message(b"t", payload, false, at(0));
            let topic = &topics.topics["t"];
            assert_eq!((topic.kind, topic.last.as_str(), topic.bytes), (kind, last, payload.len()));
        }
    }

    #[test]
    fn a_topic_keeps_all_paths_that_were_met_with_and_its_last_values() {
        let mut topics = Topics::new(10);
        topics.message(b"t", b"{\"a\":1,\"b\":2}", true, at(0));
        topics.message(b"t", b"{\"a\":3,\"c\":4}", false, at(300));
        topics.message(b"t", b"{\"a\":9}", false, at(301));
        let topic = &topics.topics["t"];
        let paths: Vec<_> = topic.fields.iter().map(|f| format!("{}={}", f.path, f.last)).collect();
        assert_eq!(paths, ["$.a=3", "$.b=2", "$.c=4"], "a flood is looked into now and then");
        assert_eq!((topic.messages, topic.retained), (3, 1));
        assert!((topic.rate(Span::from_secs(4)) - 0.5).abs() < 1e-9);
        assert!(topic.rate(Span::ZERO).abs() < 1e-9);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut topics = Topics::new(2);
        for name in ["a", "b", "c", "a", "d"] {
            topics.message(name.as_bytes(), b"1", false, at(0));
        }
        topics.message(b"\xff", b"1", false, at(0));
        assert_eq!((topics.topics.len(), topics.messages, topics.left_out), (2, 6, 3));
        let long = "x".repeat(60_000);
        let mut topics = Topics::new(usize::MAX);
        for i in 0..1_000 {
            topics.message(format!("{long}{i}").as_bytes(), b"1", false, at(i));
        }
        assert!(topics.topics.len() < 600 && topics.left_out > 400, "{}", topics.topics.len());
        let wide: Vec<u32> = (0..1_000).collect();
        topics.message(b"wide", serde_json::to_string(&wide).unwrap().as_bytes(), false, at(0));
    }

    proptest! {
        #[test]
        fn any_message_is_taken_and_little_of_it_kept(
            messages in proptest::collection::vec((proptest::collection::vec(any::<u8>(), 0..6),
                proptest::collection::vec(any::<u8>(), 0..400)), 0..20),
        ) {
            let mut topics = Topics::new(8);
            for (i, (topic, payload)) in messages.iter().enumerate() {
                topics.message(topic, payload, i % 2 == 0, at(i as i64 * 100));
            }
            prop_assert!(topics.topics.len() <= 8);
            prop_assert_eq!(topics.messages, messages.len() as u64);
            for topic in topics.topics.values() {
                prop_assert!(topic.last.chars().count() < 12 * SHOWN_CHARS);
                prop_assert!(topic.last.chars().all(|c| !crate::text::is_unseen(c)));
            }
        }
    }
}
