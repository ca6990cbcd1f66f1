//! What a session needs of a client library, whichever version of MQTT it speaks.
//!
//! Which one is decided once a connection, and the compiler makes a [`super::session::Session`] of each: a message takes
//! no road that the other version would need.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// Longest wait for the acknowledgement of the last message when a connection ends in order.
pub const LAST_WORD: Duration = Duration::from_secs(1);

/// Queues requests to subscribe, and to do so no more.
pub trait Subscribe {
    /// Queues one for these topics, each with its `QoS`.
    ///
    /// # Errors
    /// The queue is full, or a topic is none; in words.
    fn subscribe(&self, topics: Vec<(String, u8)>) -> Result<(), String>;

    /// Queues one to let a topic go.
    ///
    /// # Errors
    /// As above.
    fn unsubscribe(&self, topic: String) -> Result<(), String>;
}

/// One connection's client, not connected yet or connected.
pub trait Library: Send {
    /// What it tells.
    type Event: Send + Sync;
    /// How it fails.
    type Error: Send;
    /// Where requests are queued.
    type Requests: Subscribe + Send + Sync;

    /// Connects where there is no connection yet, receives, sends what waits, and tells what happened.
    ///
    /// # Errors
    /// The connection is gone, or could not be made.
    fn poll(&mut self) -> impl Future<Output = Result<Self::Event, Self::Error>> + Send;

    /// What was read together with the last event, or before an error, for a queue that is empty. As a whole, since an event
    /// is some hundred bytes, and moving each costs a tenth of what reading it does.
    fn swap_rest(&mut self, empty: &mut VecDeque<Self::Event>);

    /// What an event says.
    fn told(event: &Self::Event) -> Told<'_>;

    /// What requests go through, while [`Library::poll`] is waited for too.
    fn requests(&self) -> Self::Requests;

    /// Queues a message, to be kept by the broker and to be acknowledged (`QoS` 1).
    ///
    /// # Errors
    /// The queue is full, or the topic is none; in words.
    fn publish(&self, topic: &str, payload: &'static str) -> Result<(), String>;

    /// Sends what waits, waits until the broker has acknowledged it, though not for ever, and ends the connection in order.
    ///
    /// # Errors
    /// The connection was lost before.
    fn part(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Takes the ping that was sent last for answered.
    fn take_for_answered(&mut self);

    /// The failure of the stream that a connection ended with.
    fn io_error(error: &Self::Error) -> Option<&io::Error>;

    /// What a connection ended with, in words. `accepted`: the broker had taken the connection; `max_packet_bytes` is named
    /// where a message was too long for it.
    fn loss(error: &Self::Error, accepted: bool, max_packet_bytes: u32) -> String;
}

/// What an event says, as far as a session wants to know.
#[derive(Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// A message came.
    Message {
        /// Its topic.
        topic: &'a [u8],
        /// What it says.
        payload: &'a [u8],
        /// Whether the broker had kept it.
        retained: bool,
    },
    /// The broker takes the connection.
    Accepted,
    /// The broker answered a request to subscribe.
    Subscribed {
        /// The request's number.
        packet: u16,
        /// For each of its topics, in their order: `None`, or why it was refused, empty where no reason is given.
        refusals: Vec<Option<&'static str>>,
    },
    /// The broker refused a message of ours; why.
    PublishRefused(&'static str),
    /// The broker answered a ping.
    Pong,
    /// Something else came.
    Heard,
    /// A ping was sent.
    PingSent,
    /// A request to subscribe was sent, under this number.
    SubscribeSent(u16),
    /// Something else was sent.
    Sent,
}

impl Told<'_> {
    /// Whether it came from the broker.
    pub const fn is_heard(&self) -> bool {
        !matches!(self, Self::PingSent | Self::SubscribeSent(_) | Self::Sent)
    }
}
