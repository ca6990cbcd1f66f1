//! MQTT 5, by `rumqttc`.

use super::library::{LAST_WORD, Library, Subscribe, Told};
use super::words5;
use rumqttc_v5::{
    AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet, PublishOptions, QoS, SubscribeFilter,
};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::time::Duration;

/// A client of MQTT 5. No topic alias is offered, so that each message bears its topic.
pub struct V5 {
    client: AsyncClient,
    events: EventLoop,
    keep_alive: Duration,
}

impl V5 {
    /// A client that has not connected yet.
    ///
    /// # Errors
    /// The options do not go together; in words.
    pub fn new(options: MqttOptions) -> Result<Self, String> {
        let keep_alive = options.keep_alive();
        let (client, events) = AsyncClient::builder(options).try_build().map_err(|e| e.to_string())?;
        Ok(Self { client, events, keep_alive })
    }

    /// The broker may ask for another keep-alive. A shorter one is kept; with a longer one we go on with our own, which a
    /// client is free to, so that a broker that hangs is found out as the project says.
    fn agree_on_keep_alive(&mut self) -> Result<(), ConnectionError> {
        let asked = self.events.options.keep_alive();
        if asked.is_zero() {
            // The library would ping no more, and a link that is dead would count as alive for ever.
            return Err(ConnectionError::Io(io::Error::other(words5::NO_KEEP_ALIVE)));
        }
        if asked > self.keep_alive {
            self.events.options.set_keep_alive(u16::try_from(self.keep_alive.as_secs()).unwrap_or(u16::MAX));
        }
        Ok(())
    }
}

impl fmt::Debug for V5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("V5").finish_non_exhaustive()
    }
}

impl Subscribe for AsyncClient {
    fn subscribe(&self, topics: Vec<(String, u8)>) -> Result<(), String> {
        let filters = topics.into_iter().map(|(name, qos)| SubscribeFilter::new(name, quality(qos)));
        self.try_subscribe_many(filters.collect::<Vec<_>>()).map_err(|e| e.to_string())
    }

    fn unsubscribe(&self, topic: String) -> Result<(), String> {
        self.try_unsubscribe(topic).map_err(|e| e.to_string())
    }
}

impl Library for V5 {
    type Event = Event;
    type Error = ConnectionError;
    type Requests = AsyncClient;

    async fn poll(&mut self) -> Result<Event, ConnectionError> {
        let event = self.events.poll().await?;
        if matches!(event, Event::Incoming(Packet::ConnAck(_))) {
            self.agree_on_keep_alive()?;
        }
        Ok(event)
    }

    fn swap_rest(&mut self, empty: &mut VecDeque<Event>) {
        std::mem::swap(&mut self.events.state.events, empty);
    }

    fn told(event: &Event) -> Told<'_> {
        match event {
            Event::Incoming(Packet::Publish(message)) => {
                Told::Message { topic: &message.topic, payload: &message.payload, retained: message.retain }
            }
            Event::Incoming(Packet::ConnAck(_)) => Told::Accepted,
            Event::Incoming(Packet::SubAck(answer)) => {
                let refusals = answer.return_codes.iter().map(|code| words5::refusal(*code)).collect();
                Told::Subscribed { packet: answer.pkid, refusals }
            }
            Event::Incoming(Packet::PubAck(answer)) => {
                words5::publish_refusal(answer.reason).map_or(Told::Heard, Told::PublishRefused)
            }
            Event::Incoming(Packet::PingResp) => Told::Pong,
            Event::Incoming(_) => Told::Heard,
            Event::Outgoing(Outgoing::PingReq) => Told::PingSent,
            Event::Outgoing(Outgoing::Subscribe(packet)) => Told::SubscribeSent(*packet),
            Event::Outgoing(_) | Event::Auth(_) => Told::Sent,
        }
    }

    fn requests(&self) -> AsyncClient {
        self.client.clone()
    }

    fn publish(&self, topic: &str, payload: &'static str) -> Result<(), String> {
        let options = PublishOptions::new(QoS::AtLeastOnce).retain(true);
        self.client.try_publish(topic, payload, options).map_err(|e| e.to_string())
    }

    async fn part(&mut self) -> Result<(), ConnectionError> {
        if let Err(error) = self.client.try_disconnect_with_timeout(LAST_WORD) {
            return Err(ConnectionError::Io(io::Error::other(error.to_string())));
        }
        loop {
            match self.events.poll().await {
                Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(ConnectionError::RequestsDone) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn take_for_answered(&mut self) {
        if self.events.state.handle_incoming_packet(Packet::PingResp).is_ok() {
            self.events.state.events.clear(); // Nothing but that answer: all before it were taken.
        }
    }

    fn io_error(error: &ConnectionError) -> Option<&io::Error> {
        words5::io_error(error)
    }

    fn loss(error: &ConnectionError, accepted: bool, max_packet_bytes: u32) -> String {
        words5::loss(error, accepted, max_packet_bytes)
    }
}

const fn quality(qos: u8) -> QoS {
    match qos {
        0 => QoS::AtMostOnce,
        1 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    }
}
