//! The last messages of each topic of one broker.

use crate::time::Now;
use foldhash::fast::RandomState;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Topics that are remembered; messages of more are counted as left out.
const MOST_TOPICS: usize = 1_000;
/// Messages of a topic that are remembered.
pub(super) const MESSAGES: usize = 10;
/// Bytes of a payload that are remembered.
const HEAD: usize = 512;

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub at: Now,
    /// Whether the broker had kept it.
    pub retained: bool,
    /// The beginning of the payload, at most 512 bytes.
    pub head: Vec<u8>,
    /// Bytes of the whole payload.
    pub bytes: usize,
    /// What of it was not understood, in words.
    pub fault: Option<Arc<str>>,
}

#[derive(Debug, Default)]
struct Topic {
    messages: u64,
    refused: bool,
    last: VecDeque<Message>,
}

/// A topic in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicView {
    /// Its name; what is no UTF-8 in it is replaced.
    pub name: String,
    /// Messages since the start.
    pub messages: u64,
    /// The broker refused it, and nothing came since.
    pub refused: bool,
    /// The last message.
    pub last: Option<Message>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct TopicLog {
    topics: HashMap<Box<[u8]>, Topic, RandomState>,
    left_out: u64,
}

impl TopicLog {
    /// A message came.
    pub fn message(&mut self, topic: &[u8], payload: &[u8], retained: bool, at: Now, fault: Option<Arc<str>>) {
        let Some(topic) = self.topic(topic) else { return };
        topic.messages += 1;
        topic.refused = false;
        // The oldest message's memory is used again.
        let oldest = if topic.last.len() >= MESSAGES { topic.last.pop_front() } else { None };
        let mut head = oldest.map_or_else(Vec::new, |message| message.head);
        head.clear();
        head.extend_from_slice(payload.get(..HEAD).unwrap_or(payload));
        topic.last.push_back(Message { at, retained, head, bytes: payload.len(), fault });
    }

    /// The broker refused a topic.
    pub fn refused(&mut self, topic: &str) {
        if let Some(topic) = self.topic(topic.as_bytes()) {
            topic.refused = true;
        }
    }

    /// The topics: those refused first, then by name.
    pub fn list(&self) -> Vec<TopicView> {
        let mut list: Vec<_> = self
            .topics
            .iter()
            .map(|(name, topic)| TopicView {
                name: String::from_utf8_lossy(name).into_owned(),
                messages: topic.messages,
                refused: topic.refused,
                last: topic.last.back().cloned(),
            })
            .collect();
        list.sort_by(|a, b| (!a.refused, &a.name).cmp(&(!b.refused, &b.name)));
        list
    }

    /// The last messages of a topic, oldest first.
    pub fn messages(&self, topic: &str) -> Vec<Message> {
        self.topics.get(topic.as_bytes()).map_or_else(Vec::new, |topic| topic.last.iter().cloned().collect())
    }

    /// Messages of topics for which there was no room.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    fn topic(&mut self, name: &[u8]) -> Option<&mut Topic> {
        if !self.topics.contains_key(name) {
            if self.topics.len() >= MOST_TOPICS {
                self.left_out += 1;
                return None;
            }
            self.topics.insert(name.into(), Topic::default());
        }
        self.topics.get_mut(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ten_messages_of_a_topic_are_kept_and_no_payload_in_full() {
        let mut log = TopicLog::default();
        for i in 0..12_u8 {
            log.message(b"a/b", &vec![i; 600], i == 0, Now::default(), None);
        }
        let kept = log.messages("a/b");
        assert_eq!(kept.iter().map(|m| m.head[0]).collect::<Vec<_>>(), (2..12).collect::<Vec<_>>());
        assert!(kept.iter().all(|m| m.head.len() == HEAD && m.bytes == 600 && !m.retained));
        assert_eq!(log.list()[0].messages, 12);
        assert!(log.messages("a/c").is_empty());
    }

    #[test]
    fn a_refused_topic_comes_first_until_something_comes_of_it() {
        let mut log = TopicLog::default();
        log.message(b"a", b"1", false, Now::default(), None);
        log.refused("z");
        let names = |log: &TopicLog| log.list().into_iter().map(|t| (t.name, t.refused)).collect::<Vec<_>>();
        assert_eq!(names(&log), [("z".to_owned(), true), ("a".to_owned(), false)]);
        log.message(b"z", b"1", false, Now::default(), None);
        assert_eq!(names(&log), [("a".to_owned(), false), ("z".to_owned(), false)]);
    }

    #[test]
    fn a_broker_with_more_topics_than_there_is_room_for_is_counted() {
        let mut log = TopicLog::default();
        for i in 0..MOST_TOPICS + 5 {
            log.message(i.to_string().as_bytes(), b"", false, Now::default(), None);
        }
        log.message(b"0", b"", false, Now::default(), None);
        assert_eq!((log.list().len(), log.left_out()), (MOST_TOPICS, 5));
    }
}
