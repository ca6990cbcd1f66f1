//! The life of one connection: subscribe, receive, hand on, until it is lost.
//!
//! A full input queue makes this task wait, and with it the broker by TCP: nothing is dropped here. The queue would have
//! to stand still for longer than the keep-alive before the broker hangs up.

use super::library::{Library, Told};
use super::status::Status;
use super::subscriptions::Subscriptions;
use super::topics::{Reports, Topics};
use super::words;
use crate::drivers::Field;
use crate::drivers::tls::Tls;
use crate::project::{MqttSettings, TopicSource};
use crate::time::{Mono, Now, Span};
use std::collections::VecDeque;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Most packets read from the socket at once, and so most messages in one report.
pub const BATCH: usize = 128;
/// Shortest time between two breaths; see [`super::socket::Breathing`].
const BREATHE_EVERY: Span = Span::from_millis(100);
/// Shortest time between two log lines about payloads.
const LOG_EVERY: Span = Span::from_secs(10);

/// What the topic `status-topic` says while this program is connected, and where it is not.
pub const ONLINE: &str = "online";
/// See [`ONLINE`]. The broker says it in our place where we go without a word.
pub const OFFLINE: &str = "offline";
/// Longest time that the end of a connection may take when the plant stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why a session came to its end.
#[derive(Debug)]
pub enum End {
    /// The connection is gone, or was never there.
    Lost {
        /// Why, in words.
        why: String,
        /// How long it served; zero where it never did.
        held: Span,
    },
    /// The plant is gone.
    Stopped,
}

/// One connection.
pub struct Session<'a, L: Library> {
    name: Arc<str>,
    library: L,
    requests: L::Requests,
    field: &'a Field,
    breathe: &'a AtomicBool,
    max_packet_bytes: u32,
    host: &'a str,
    tls: Option<&'a Tls>,
    status_topic: Option<&'a str>,
    subscriptions: Subscriptions,
    /// The broker took the connection.
    accepted: bool,
    connected_at: Option<Mono>,
    breathed_at: Mono,
    payload_faults: PayloadFaults,
    ping: Ping,
}

/// Whether the broker owes an answer to a ping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ping {
    Answered,
    Waiting,
    /// Something came since it was sent.
    Heard,
}

/// Payloads not understood since they were last logged.
#[derive(Debug, Default)]
struct PayloadFaults {
    count: u64,
    logged_at: Option<Mono>,
}

impl<'a, L: Library> Session<'a, L> {
    /// A session that has not been started.
    pub fn new(
        name: Arc<str>,
        library: L,
        field: &'a Field,
        breathe: &'a AtomicBool,
        settings: &'a MqttSettings,
        tls: Option<&'a Tls>,
        status_topic: Option<&'a str>,
    ) -> Self {
        Self {
            name,
            requests: library.requests(),
            library,
            field,
            breathe,
            max_packet_bytes: settings.max_packet_bytes,
            host: &settings.host,
            tls,
            status_topic,
            subscriptions: Subscriptions::default(),
            accepted: false,
            connected_at: None,
            breathed_at: field.clock.now().mono,
            payload_faults: PayloadFaults::default(),
            ping: Ping::Answered,
        }
    }

    /// Connects and receives until the connection or the plant is gone.
    pub async fn run(mut self, topics: &mut Topics, status: &mut Status) -> End {
        let end = self.receive(topics, status).await;
        if matches!(end, End::Stopped) {
            self.part().await;
        }
        end
    }

    async fn receive(&mut self, topics: &mut Topics, status: &mut Status) -> End {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut reports = Reports::new(topics.generation().unwrap_or(self.field.generation));
        let mut batch = VecDeque::new();
        loop {
            let polled = {
                let mut poll = pin!(self.library.poll());
                loop {
                    tokio::select! {
                        biased;
                        polled = &mut poll => break polled.map(Some),
                        () = self.field.inputs.closed(), if self.status_topic.is_some() => return End::Stopped,
                        () = topics.grown() => {
                            let now = self.field.clock.now();
                            let turn = topics.grow(now, &mut reports);
                            self.name = topics.called().unwrap_or_else(|| Arc::clone(&self.name));
                            self.subscriptions.leave(turn.leave);
                            self.subscriptions.add(&turn.ask, now.mono);
                            if !hand_on(&mut reports, self.field).await {
                                return End::Stopped;
                            }
                            self.subscriptions.send(&self.requests, topics);
                        }
                        _ = tick.tick() => {
                            let now = self.field.clock.now();
                            if let Some(words) = topics.told_of_finds() {
                                status.figures_mut().last_error = Some(words);
                            }
                            if !status.tell_figures(now).await {
                                return End::Stopped;
                            }
                            if self.subscriptions.overdue(now.mono) {
                                break Ok(None);
                            }
                        }
                    }
                }
            };
            let now = self.field.clock.now();
            let (first, lost) = match polled {
                Ok(None) => (None, Some("the broker does not answer a request to subscribe".to_owned())),
                Ok(event) => (event, None),
                Err(error) => (None, Some(self.loss(&error))),
            };
            // What was read together with it, and also what was read before an error: nothing of it is lost.
            self.library.swap_rest(&mut batch);
            for event in first.iter().chain(&batch) {
                let told = L::told(event);
                if told.is_heard() {
                    self.heard(now, status);
                }
                if self.connected_at.is_none() && !self.link_up(&told, now, topics, status, &mut reports).await {
                    return End::Stopped;
                }
                if let Told::Message { topic, payload, retained } = told {
                    self.message(topic, payload, retained, now, topics, status, &mut reports);
                } else {
                    self.take(told, now, topics, status, &mut reports);
                }
            }
            batch.clear();
            if !hand_on(&mut reports, self.field).await {
                return End::Stopped;
            }
            self.hear();
            if let Some(why) = lost {
                return End::Lost { why, held: self.connected_at.map_or(Span::ZERO, |at| now.mono - at) };
            }
            self.subscriptions.send(&self.requests, topics);
            if now.mono - self.breathed_at >= BREATHE_EVERY {
                self.breathed_at = now.mono;
                self.breathe.store(true, Ordering::Relaxed);
            }
            if !status.tell_figures(now).await {
                return End::Stopped;
            }
        }
    }

    /// The plant stops: says so to who listens to the status topic, and ends the connection in order.
    async fn part(&mut self) {
        let Some(topic) = self.status_topic.filter(|_| self.accepted) else { return };
        if let Err(why) = self.library.publish(topic, OFFLINE) {
            return tracing::warn!(device = %self.name, topic, %why, "nobody was told that this program goes");
        }
        let why = match tokio::time::timeout(FAREWELL, self.library.part()).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => self.loss(&error),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(device = %self.name, topic, %why, "the broker has to tell that this program is gone");
    }

    /// The broker took the connection: tells who listens to the status topic.
    fn announce(&self, status: &mut Status) {
        let Some(topic) = self.status_topic else { return };
        if let Err(why) = self.library.publish(topic, ONLINE) {
            self.status_refused(&why, status);
        }
    }

    /// What the status topic is to say was not taken.
    fn status_refused(&self, why: &str, status: &mut Status) {
        let topic = self.status_topic.unwrap_or_default();
        tracing::warn!(device = %self.name, topic, why, "status refused");
        status.figures_mut().last_error = Some(format!("status-topic {topic} was refused: {why}").into());
    }

    /// Why the connection was lost, in words.
    fn loss(&self, error: &L::Error) -> String {
        let of_tls = L::io_error(error).and_then(|error| self.tls?.told(error, self.host));
        of_tls.unwrap_or_else(|| L::loss(error, self.accepted, self.max_packet_bytes))
    }

    /// Whatever a broker sends is a sign of life. The answer to a ping stands behind all that was sent before, and the
    /// library alone would take a busy broker for a dead one.
    fn hear(&mut self) {
        if self.ping == Ping::Heard {
            self.ping = Ping::Answered;
            self.library.take_for_answered();
        }
    }

    /// Something came.
    fn heard(&mut self, now: Now, status: &mut Status) {
        status.figures_mut().last_answer = Some(now);
        if self.ping == Ping::Waiting {
            self.ping = Ping::Heard;
        }
    }

    /// The link is up when the broker serves: with its first answer to a request to subscribe, or the first message. One that
    /// takes the connection and closes it at once is not there. `false`: the plant is gone.
    async fn link_up(
        &mut self,
        told: &Told<'_>,
        now: Now,
        topics: &mut Topics,
        status: &mut Status,
        reports: &mut Reports,
    ) -> bool {
        let serves = match told {
            Told::Subscribed { .. } | Told::Message { .. } => true,
            // Nothing will be asked for.
            Told::Accepted => topics.is_empty(),
            _ => false,
        };
        if !serves {
            return true;
        }
        tracing::info!(device = %self.name, topics = topics.len(), "connected");
        self.connected_at = Some(now.mono);
        topics.connected();
        topics.tell_faults(now, reports);
        status.connected().await
    }

    /// Takes a message.
    fn message(
        &mut self,
        topic: &[u8],
        payload: &[u8],
        retained: bool,
        now: Now,
        topics: &mut Topics,
        status: &mut Status,
        reports: &mut Reports,
    ) {
        status.figures_mut().messages += 1;
        let result = topics.message(topic, payload, retained, now, reports, status.log());
        if let Err(why) = result {
            self.payload_faults.tell(&self.name, topic, &why, now.mono, status);
        }
    }

    /// Takes what the library tells and is no message.
    fn take(&mut self, told: Told<'_>, now: Now, topics: &Topics, status: &mut Status, reports: &mut Reports) {
        match told {
            Told::Accepted => {
                self.accepted = true;
                status.forget_sign_in();
                self.subscriptions = Subscriptions::new(topics, now.mono);
                self.announce(status);
            }
            Told::PublishRefused(why) => self.status_refused(why, status),
            Told::Subscribed { packet, refusals } => {
                let refused = self.subscriptions.answered(packet, refusals, now.mono);
                self.refused(&refused, now, topics, status, reports);
            }
            Told::Pong => status.ping_answered(now),
            Told::PingSent => {
                self.ping = Ping::Waiting;
                status.ping_sent(now);
            }
            Told::SubscribeSent(packet) => self.subscriptions.sent(packet),
            Told::Message { .. } | Told::Heard | Told::Sent => {}
        }
    }

    fn refused(
        &self,
        refused: &[(usize, &'static str)],
        now: Now,
        topics: &Topics,
        status: &mut Status,
        reports: &mut Reports,
    ) {
        let Some(&(first, why)) = refused.first() else { return };
        for (topic, why) in refused {
            topics.refused(*topic, why, now, reports);
            if let Some((name, _)) = topics.filter(*topic) {
                status.log().topics().refused(TopicSource::bare(name));
            }
        }
        let first = topics.filter(first).map_or("", |(name, _)| name);
        tracing::warn!(device = %self.name, topics = refused.len(), first, why, "subscription refused");
        status.refused(refused.iter().map(|(topic, _)| *topic));
        let told = words::with_reason(format!("the broker refused the subscription of {first}"), why);
        status.figures_mut().last_error = Some(told.into());
    }
}

impl<L: Library> fmt::Debug for Session<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("name", &self.name)
            .field("connected_at", &self.connected_at)
            .finish_non_exhaustive()
    }
}

impl PayloadFaults {
    fn tell(&mut self, device: &str, topic: &[u8], why: &str, now: Mono, status: &mut Status) {
        let topic = String::from_utf8_lossy(topic);
        status.figures_mut().bad_payloads += 1;
        status.figures_mut().last_error = Some(format!("{topic}: {why}").into());
        self.count += 1;
        if self.logged_at.is_none_or(|at| now - at >= LOG_EVERY) {
            tracing::warn!(%device, %topic, %why, payloads = self.count, "payload not understood");
            *self = Self { count: 0, logged_at: Some(now) };
        }
    }
}

/// Hands reports on, in their order, waiting while the queue is full. `false`: the plant is gone.
pub async fn hand_on(reports: &mut Reports, field: &Field) -> bool {
    for report in reports.take() {
        if !field.report(report).await {
            return false;
        }
    }
    true
}
