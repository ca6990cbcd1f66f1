//! The requests to subscribe of one connection, a few at a time, and the broker's answer to each topic.

use super::topics::Topics;
use crate::time::{Mono, Span};
use rumqttc::{AsyncClient, QoS, SubAck, SubscribeFilter, SubscribeReasonCode};
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
    /// Handed to the library, in order.
    queued: VecDeque<Vec<usize>>,
    /// Sent, by packet number.
    sent: HashMap<u16, Vec<usize>>,
    /// When the last request was answered, or the first one sent.
    progress_at: Mono,
}

impl Subscriptions {
    /// All topics, none asked yet.
    pub fn new(topics: &Topics, now: Mono) -> Self {
        let waiting = topics.order().chunks(TOPICS_A_REQUEST).map(<[usize]>::to_vec).collect();
        Self { waiting, progress_at: now, ..Self::default() }
    }

    /// Asks for as many topics as may be asked for now.
    pub fn send(&mut self, client: &AsyncClient, topics: &Topics) {
        while self.queued.len() + self.sent.len() < IN_FLIGHT {
            let Some(request) = self.waiting.pop_front() else { return };
            let filters = request.iter().filter_map(|topic| topics.filter(*topic));
            let filters: Vec<_> =
                filters.map(|(name, qos)| SubscribeFilter::new(name.to_owned(), quality(qos))).collect();
            if let Err(e) = client.try_subscribe_many(filters) {
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

    /// The broker answered; the topics it refused.
    pub fn answered(&mut self, answer: &SubAck, now: Mono) -> Vec<usize> {
        self.progress_at = now;
        let request = self.sent.remove(&answer.pkid).unwrap_or_default();
        let answers = request.into_iter().zip(&answer.return_codes);
        answers.filter(|(_, code)| **code == SubscribeReasonCode::Failure).map(|(topic, _)| topic).collect()
    }

    /// Whether the broker leaves a request unanswered.
    pub fn overdue(&self, now: Mono) -> bool {
        !(self.queued.is_empty() && self.sent.is_empty()) && now - self.progress_at >= ANSWER_WITHIN
    }
}

const fn quality(qos: u8) -> QoS {
    match qos {
        0 => QoS::AtMostOnce,
        1 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    }
}
