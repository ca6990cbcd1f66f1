//! The last messages of each topic of one broker.

use crate::time::Now;
use foldhash::fast::RandomState;
use std::collections::HashMap;
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

/// Messages lie in a ring that is written over in place: a broker may send tens of thousands a second.
#[derive(Debug, Default)]
struct Topic {
    messages: u64,
    refused: bool,
    ring: Vec<Message>,
    /// Where the next one goes; the oldest, once the ring is full.
    next: usize,
}

impl Topic {
    fn last(&self) -> Option<&Message> {
        let before = self.next.checked_sub(1).unwrap_or(MESSAGES - 1);
        self.ring.get(before)
    }

    /// Oldest first.
    fn in_order(&self) -> impl Iterator<Item = &Message> {
        let (newer, older) = self.ring.split_at(self.next.min(self.ring.len()));
        older.iter().chain(newer)
    }
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
    /// Where in the list a topic is.
    places: HashMap<Box<[u8]>, usize, RandomState>,
    topics: Vec<Topic>,
    left_out: u64,
}

impl TopicLog {
    /// A message came. `messages`: how many of the topic came since the last that was told, itself among them.
    pub fn message(
        &mut self,
        topic: &[u8],
        payload: &[u8],
        retained: bool,
        at: Now,
        fault: Option<Arc<str>>,
        messages: u64,
    ) {
        let Some(topic) = self.topic(topic) else {
            self.left_out += messages;
            return;
        };
        topic.messages += messages;
        topic.refused = false;
        let head = payload.get(..HEAD).unwrap_or(payload);
        if let Some(oldest) = topic.ring.get_mut(topic.next) {
            (oldest.at, oldest.retained, oldest.bytes, oldest.fault) = (at, retained, payload.len(), fault);
            oldest.head.clear();
            oldest.head.extend_from_slice(head);
        } else {
            topic.ring.push(Message { at, retained, head: head.to_vec(), bytes: payload.len(), fault });
        }
        topic.next = (topic.next + 1) % MESSAGES;
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
            .places
            .iter()
            .filter_map(|(name, place)| Some((name, self.topics.get(*place)?)))
            .map(|(name, topic)| TopicView {
                name: String::from_utf8_lossy(name).into_owned(),
                messages: topic.messages,
                refused: topic.refused,
                last: topic.last().cloned(),
            })
            .collect();
        list.sort_by(|a, b| (!a.refused, &a.name).cmp(&(!b.refused, &b.name)));
        list
    }

    /// The last messages of a topic, oldest first.
    pub fn messages(&self, topic: &str) -> Vec<Message> {
        let found = self.places.get(topic.as_bytes()).and_then(|place| self.topics.get(*place));
        found.map_or_else(Vec::new, |topic| topic.in_order().cloned().collect())
    }

    /// Messages of topics for which there was no room.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    fn topic(&mut self, name: &[u8]) -> Option<&mut Topic> {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None if self.topics.len() >= MOST_TOPICS => return None,
            None => {
                self.places.insert(name.into(), self.topics.len());
                self.topics.push(Topic::default());
                self.topics.len() - 1
            }
        };
        self.topics.get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ten_messages_of_a_topic_are_kept_and_no_payload_in_full() {
        let mut log = TopicLog::default();
        for i in 0..12_u8 {
            log.message(b"a/b", &vec![i; 600], i == 0, Now::default(), None, 1);
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
        log.message(b"a", b"1", false, Now::default(), None, 1);
        log.refused("z");
        let names = |log: &TopicLog| log.list().into_iter().map(|t| (t.name, t.refused)).collect::<Vec<_>>();
        assert_eq!(names(&log), [("z".to_owned(), true), ("a".to_owned(), false)]);
        log.message(b"z", b"1", false, Now::default(), None, 1);
        assert_eq!(names(&log), [("a".to_owned(), false), ("z".to_owned(), false)]);
    }

    #[test]
    fn a_broker_with_more_topics_than_there_is_room_for_is_counted() {
        let mut log = TopicLog::default();
        for i in 0..MOST_TOPICS + 5 {
            log.message(i.to_string().as_bytes(), b"", false, Now::default(), None, 1);
        }
        log.message(b"0", b"", false, Now::default(), None, 1);
        assert_eq!((log.list().len(), log.left_out()), (MOST_TOPICS, 5));
    }
}
