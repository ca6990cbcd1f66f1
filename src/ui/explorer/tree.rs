//! The lines of the explorer's tree: a level of the topics each, and below a document its values.

use crate::drivers::scan::fields::Kind;
use crate::drivers::scan::topics::{Topic, short};
use crate::ui::words;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of the tree.
const MOST_ROWS: usize = 20_000;

/// Levels of the tree. A topic may have 65,535: what is deeper stands on one line, and no walk goes deeper than this.
const DEEPEST: usize = 60;

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The topic, or its beginning; of a value the topic and its path.
    pub key: String,
    /// How deep.
    pub depth: usize,
    /// As it is shown.
    pub label: String,
    /// What is below it is shown; `None`: there is nothing below.
    pub open: Option<bool>,
    /// Messages of it, and of all that is below.
    pub messages: u64,
    /// The broker has kept a message of it.
    pub retained: bool,
    /// Of the last payload.
    pub bytes: Option<usize>,
    /// The last payload, or value.
    pub last: String,
    /// What becomes of it when it is picked.
    pub pick: Option<(String, Option<String>, Kind)>,
}

/// A topic or part of one, as it was counted at the last look.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    messages: u64,
    at: f64,
    /// Messages a second; `None`: it is looked at for the first time.
    pub rate: Option<f64>,
}

/// A level of the tree.
#[derive(Debug, Default)]
struct Node<'a> {
    below: BTreeMap<&'a str, Self>,
    topic: Option<&'a Topic>,
    topics: u64,
    messages: u64,
}

/// The rate since the last look, smoothed over some of them; none at the first.
pub fn counted(before: Option<&Counted>, messages: u64, now: f64) -> Counted {
    let rate = before.and_then(|before| {
        let secs = now - before.at;
        if secs <= 0.0 {
            return before.rate;
        }
        let fresh = messages.saturating_sub(before.messages) as f64 / secs;
        Some(before.rate.map_or(fresh, |rate| rate * 0.7 + fresh * 0.3))
    });
    Counted { messages, at: now, rate }
}

/// The lines of the tree: what is open, and below it.
pub fn rows(topics: &[(&str, &Topic)], open: &BTreeSet<String>) -> Vec<Row> {
    let mut root = Node::default();
    for (name, topic) in topics {
        let mut node = &mut root;
        for level in name.splitn(DEEPEST, '/') {
            node = node.below.entry(level).or_default();
            node.topics += 1;
            node.messages += topic.messages;
        }
        node.topic = Some(topic);
    }
    let mut rows = Vec::new();
    for (level, node) in &root.below {
        add(level, level, 0, node, open, &mut rows);
    }
    rows
}

fn topics_words(count: u64) -> String {
    if count == 1 { "1 topic".to_owned() } else { format!("{} topics", words::count(count)) }
}

fn add(level: &str, key: &str, depth: usize, node: &Node<'_>, open: &BTreeSet<String>, rows: &mut Vec<Row>) {
    if rows.len() >= MOST_ROWS {
        return;
    }
    let fields = node.topic.map(|topic| topic.fields.as_slice()).unwrap_or_default();
    let has_below = !node.below.is_empty() || !fields.is_empty();
    let is_open = has_below && open.contains(key);
    let label = short(if level.is_empty() { "(empty)" } else { level });
    let label = if node.below.is_empty() { label } else { format!("{label}/  ({})", topics_words(node.topics)) };
    rows.push(Row {
        depth,
        label,
        open: has_below.then_some(is_open),
        messages: node.messages,
        retained: node.topic.is_some_and(|topic| topic.retained > 0),
        bytes: node.topic.map(|topic| topic.bytes),
        last: node.topic.map(|topic| topic.last.clone()).unwrap_or_default(),
        // Of a document one of its values is picked.
        pick: node.topic.filter(|_| fields.is_empty()).map(|topic| (key.to_owned(), None, topic.kind)),
        key: key.to_owned(),
    });
    if !is_open {
        return;
    }
    for field in fields {
        rows.push(Row {
            key: format!("{key}\u{0}{}", field.path),
            depth: depth + 1,
            label: field.path.clone(),
            open: None,
            messages: node.topic.map_or(0, |topic| topic.messages),
            retained: false,
            bytes: None,
            last: field.last.clone(),
            pick: Some((key.to_owned(), Some(field.path.clone()), field.kind)),
        });
    }
    for (level, below) in &node.below {
        add(level, &format!("{key}/{level}"), depth + 1, below, open, rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::scan::topics::Topics;
    use crate::time::Mono;

    fn told(topics: &Topics, open: &[&str]) -> Vec<String> {
        let topics: Vec<(&str, &Topic)> = topics.topics.iter().map(|(name, topic)| (name.as_str(), topic)).collect();
        let open: BTreeSet<String> = open.iter().map(|key| (*key).to_owned()).collect();
        rows(&topics, &open).iter().map(|row| format!("{}{}", "  ".repeat(row.depth), row.label)).collect()
    }

    #[test]
    fn topics_are_a_tree_and_a_document_opens_into_its_values() {
        let mut topics = Topics::new(100);
        for (topic, payload) in
            [("site/a/state", "{\"wind\":{\"speed\":3}}"), ("site/a", "on"), ("site/b/state", "1"), ("site-2", "5")]
        {
            topics.message(topic.as_bytes(), payload.as_bytes(), true, Mono(0));
        }
        topics.message("/".repeat(60_000).as_bytes(), b"1", false, Mono(0));
        let deep = "/".repeat(100);
        assert!(told(&topics, &[&deep]).len() < 70, "as deep as a broker likes");
        topics.topics.pop_first();
        assert_eq!(told(&topics, &[]), ["site/  (3 topics)", "site-2"]);
        let open = ["site", "site/a", "site/a/state"];
        assert_eq!(
            told(&topics, &open),
            ["site/  (3 topics)", "  a/  (2 topics)", "    state", "      $.wind.speed", "  b/  (1 topic)", "site-2"]
        );
    }

    #[test]
    fn a_rate_is_of_the_last_looks() {
        let first = counted(None, 100, 10.0);
        assert_eq!(first.rate, None);
        let second = counted(Some(&first), 110, 11.0);
        assert_eq!(second.rate, Some(10.0));
        let third = counted(Some(&second), 110, 12.0);
        assert_eq!(third.rate, Some(7.0));
    }
}
