//! MQTT 3.1.1, by `rumqttc`.

use super::library::{LAST_WORD, Library, Subscribe, Told};
use super::words;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet, PublishOptions, QoS,
    SubscribeFilter, SubscribeReasonCode,
};
use std::collections::VecDeque;
use std::fmt;
use std::io;

/// A client of MQTT 3.1.1.
pub struct V3 {
    client: AsyncClient,
    events: EventLoop,
}

impl V3 {
    /// A client that has not connected yet.
    ///
    /// # Errors
    /// The options do not go together; in words.
    pub fn new(options: MqttOptions) -> Result<Self, String> {
        let (client, events) = AsyncClient::builder(options).try_build().map_err(|e| e.to_string())?;
        Ok(Self { client, events })
    }
}

impl fmt::Debug for V3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("V3").finish_non_exhaustive()
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

impl Library for V3 {
    type Event = Event;
    type Error = ConnectionError;
    type Requests = AsyncClient;

    fn poll(&mut self) -> impl Future<Output = Result<Event, ConnectionError>> + Send {
        self.events.poll()
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
                let refusals = answer.return_codes.iter().map(|code| refusal(*code)).collect();
                Told::Subscribed { packet: answer.pkid, refusals }
            }
            Event::Incoming(Packet::PingResp) => Told::Pong,
            Event::Incoming(_) => Told::Heard,
            Event::Outgoing(Outgoing::PingReq) => Told::PingSent,
            Event::Outgoing(Outgoing::Subscribe(packet)) => Told::SubscribeSent(*packet),
            Event::Outgoing(_) => Told::Sent,
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
        words::io_error(error)
    }

    fn loss(error: &ConnectionError, _accepted: bool, max_packet_bytes: u32) -> String {
        words::loss(error, max_packet_bytes)
    }
}

const fn quality(qos: u8) -> QoS {
    match qos {
        0 => QoS::AtMostOnce,
        1 => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    }
}

/// No reason is given in this version.
const fn refusal(code: SubscribeReasonCode) -> Option<&'static str> {
    match code {
        SubscribeReasonCode::Success(_) => None,
        SubscribeReasonCode::Failure => Some(""),
    }
}
