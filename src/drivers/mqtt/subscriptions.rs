//! The requests to subscribe of one connection, a few at a time, and the broker's answer to each topic.

use super::library::Subscribe;
use super::topics::Topics;
use crate::time::{Mono, Span};
use std::collections::{HashMap, VecDeque};

/// Topics in one request: as many as the strictest known broker takes.
const TOPICS_A_REQUEST: usize = 8;
/// Requests that may wait for their answers.
const IN_FLIGHT: usize = 16;
/// Room of the library's request queue. Greater than what is ever in flight: a full one would have to be waited for by
/// the very task that empties it.
pub const REQUESTS: usize = 2 * IN_FLIGHT;
/// Time in which the broker has to answer some request.
const ANSWER_WITHIN: Span = Span::from_secs(10);

/// What is still to be asked and to be answered.
///
/// The library numbers a request when it sends it and tells the numbers in the order of the requests.
#[derive(Debug, Default)]
pub struct Subscriptions {
    /// Not asked yet.
    waiting: VecDeque<Vec<usize>>,
    /// Wanted no more, and not said yet.
    leaving: VecDeque<String>,
    /// Handed to the library, in order.
    queued: VecDeque<Vec<usize>>,
    /// Sent, by packet number.
    sent: HashMap<u16, Vec<usize>>,
    /// When the last request was answered, or the first one sent.
    progress_at: Mono,
    /// The broker has taken the connection.
    begun: bool,
}

impl Subscriptions {
    /// All topics, none asked yet.
    pub fn new(topics: &Topics, now: Mono) -> Self {
        let waiting = topics.order().chunks(TOPICS_A_REQUEST).map(<[usize]>::to_vec).collect();
        Self { waiting, progress_at: now, begun: true, ..Self::default() }
    }

    /// These topics too. Before the broker has taken the connection there is nothing to add to: all are asked for then.
    pub fn add(&mut self, topics: &[usize], now: Mono) {
        if self.begun {
            if self.queued.is_empty() && self.sent.is_empty() {
                self.progress_at = now;
            }
            self.waiting.extend(topics.chunks(TOPICS_A_REQUEST).map(<[usize]>::to_vec));
        }
    }

    /// These topics no more. Before the broker has taken the connection none was asked for.
    pub fn leave(&mut self, topics: Vec<String>) {
        if self.begun {
            self.leaving.extend(topics);
        }
    }

    /// Asks for as many topics as may be asked for now, after those that are wanted no more are let go.
    pub fn send(&mut self, requests: &impl Subscribe, topics: &Topics) {
        while let Some(topic) = self.leaving.front() {
            if let Err(e) = requests.unsubscribe(topic.clone()) {
                // The queue is full: said after the next event.
                tracing::debug!("could not queue a request to unsubscribe: {e}");
                return;
            }
            self.leaving.pop_front();
        }
        while self.queued.len() + self.sent.len() < IN_FLIGHT {
            let Some(mut request) = self.waiting.pop_front() else { return };
            request.retain(|topic| topics.is_asked(*topic));
            if request.is_empty() {
                continue;
            }
            let filters = request.iter().filter_map(|topic| topics.filter(*topic));
            if let Err(e) = requests.subscribe(filters.map(|(name, qos)| (name.to_owned(), qos)).collect()) {
                // Cannot be while the queue has its room; asked again after the next event.
                tracing::warn!("could not queue a request to subscribe: {e}");
                self.waiting.push_front(request);
                return;
            }
            self.queued.push_back(request);
        }
    }

    /// The library sent the next request under this number.
    pub fn sent(&mut self, packet: u16) {
        if let Some(request) = self.queued.pop_front() {
            self.sent.insert(packet, request);
        }
    }

    /// The broker answered; the topics it refused, each with its reason.
    pub fn answered(
        &mut self,
        packet: u16,
        refusals: Vec<Option<&'static str>>,
        now: Mono,
    ) -> Vec<(usize, &'static str)> {
        self.progress_at = now;
        let request = self.sent.remove(&packet).unwrap_or_default();
        request.into_iter().zip(refusals).filter_map(|(topic, refusal)| Some((topic, refusal?))).collect()
    }

    /// Whether the broker leaves a request unanswered.
    pub fn overdue(&self, now: Mono) -> bool {
        !(self.queued.is_empty() && self.sent.is_empty()) && now - self.progress_at >= ANSWER_WITHIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::mqtt::library::Library as _;
    use crate::drivers::mqtt::v3::V3;
    use crate::engine::TagId;
    use crate::project::{DataType, Missing, Retained, TopicSource};
    use rumqttc::MqttOptions;

    fn topics(count: u32) -> Topics {
        let mut topics = Topics::default();
        for i in 0..count {
            let source = TopicSource {
                device: "site".to_owned(),
                topic: format!("t/{i}"),
                qos: 1,
                path: None,
                missing: Missing::Bad,
                retained: Retained::Uncertain,
                availability: None,
                time: None,
            };
            topics.add(TagId(i), DataType::F64, &source);
        }
        topics
    }

    fn library() -> V3 {
        let mut options = MqttOptions::new("test", rumqttc::Broker::tcp("localhost", 1883));
        options.set_request_channel_capacity(REQUESTS);
        V3::new(options).unwrap()
    }

    #[test]
    fn a_thousand_topics_are_asked_for_in_turns_that_fit_the_queue() {
        let topics = topics(1_000);
        let library = library();
        let mut subscriptions = Subscriptions::new(&topics, Mono(0));
        subscriptions.send(&library.requests(), &topics);
        assert_eq!(subscriptions.queued.len(), IN_FLIGHT);
        for packet in 1..=IN_FLIGHT as u16 {
            subscriptions.sent(packet);
        }
        assert_eq!(subscriptions.sent.len(), IN_FLIGHT);
        let mut refusals = vec![None; TOPICS_A_REQUEST];
        refusals[1] = Some("no");
        assert_eq!(subscriptions.answered(2, refusals, Mono(5)), [(9, "no")], "the second topic of the second request");
        subscriptions.send(&library.requests(), &topics);
        assert_eq!(subscriptions.queued.len(), 1);
    }

    #[test]
    fn a_request_left_unanswered_is_overdue() {
        let topics = topics(1);
        let library = library();
        let mut subscriptions = Subscriptions::new(&topics, Mono(0));
        assert!(!subscriptions.overdue(Mono(0) + Span::from_secs(99)), "nothing was asked yet");
        subscriptions.send(&library.requests(), &topics);
        assert!(!subscriptions.overdue(Mono(0) + Span::from_secs(9)));
        assert!(subscriptions.overdue(Mono(0) + Span::from_secs(10)));
        subscriptions.sent(1);
        assert!(subscriptions.answered(1, vec![None], Mono(0)).is_empty());
        assert!(!subscriptions.overdue(Mono(0) + Span::from_secs(99)));
    }
}
