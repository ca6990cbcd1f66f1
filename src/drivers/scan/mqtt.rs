//! Which topics a broker has: a client of its own subscribes, listens for its time, and goes.
//!
//! It asks for the quality of service 0 and a clean session, so that the broker keeps nothing for it, and publishes
//! nothing. `$SYS/#` is not in `#`: it is heard only where it is asked for.

use super::asked::MqttRequest;
use super::found::{End, Found, Picture};
use super::topics::Topics;
use crate::drivers::mqtt::session::BATCH;
use crate::drivers::mqtt::socket::{self, Line, Road};
use crate::drivers::mqtt::words;
use crate::drivers::stream::{Tap, TapLimits};
use crate::drivers::tls::{Peer, Tls};
use crate::project::MqttSettings;
use crate::secrets::{self, Secret};
use crate::time::{Clock, Span};
use rumqttc::{
    AsyncClient, Broker, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS, SubscribeFilter,
    SubscribeReasonCode,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// The longest message that is taken; a longer one ends the connection.
const LONGEST_PACKET: usize = 16 << 20;
/// Raw bytes kept of the connection, for nobody.
const KEPT: TapLimits = TapLimits { frames: 2, frame_bytes: 256 };
/// In which the broker has to take the connection and the subscription.
const BEGUN_WITHIN: Duration = Duration::from_secs(10);
/// Requests that may wait in the library.
const REQUESTS: usize = 8;

/// Scans a broker.
pub(super) async fn scan(request: &MqttRequest, clock: &Clock, picture: &watch::Sender<Picture>) -> End {
    picture.send_modify(|picture| {
        picture.phase = format!("connecting to {}", request.address);
        picture.found = Found::Mqtt(Topics::new(request.most_topics));
    });
    let settings = match request.settings() {
        Ok(settings) => settings,
        Err(why) => return End::Unreachable(why),
    };
    let password = match password(settings.password_secret.clone()).await {
        Ok(password) => password,
        Err(why) => return End::Unreachable(why),
    };
    let tls = settings.tls.clone().map(|settings| Tls::new(settings, PathBuf::new(), Peer::Broker));
    let (client, events) = match client(request, &settings, tls.as_ref(), password.as_ref(), clock) {
        Ok(client) => client,
        Err(why) => return End::Unreachable(why),
    };
    let mut listener = Listener { request, settings, tls, clock, client, events, picture, until: None };
    listener.listen().await
}

/// The password, where one is named; a disk or a key store may take its time.
async fn password(name: Option<String>) -> Result<Option<Secret>, String> {
    let Some(name) = name else { return Ok(None) };
    tokio::task::spawn_blocking(move || secrets::find(&name)).await.map_err(|e| e.to_string())?.map(Some)
}

fn client(
    request: &MqttRequest,
    settings: &MqttSettings,
    tls: Option<&Tls>,
    password: Option<&Secret>,
    clock: &Clock,
) -> Result<(AsyncClient, EventLoop), String> {
    // Letters and digits, at most 23, which every broker has to take (MQTT 3.1.1, 3.1.3.1), and nobody else's.
    let id = format!("watchkeeper{:012x}", fastrand::u64(..) >> 16);
    let mut options = MqttOptions::new(id, Broker::tcp(settings.host.clone(), settings.port));
    // Longer than it listens: a broker that floods is not left for the answer to a ping that waits behind it.
    let keep_alive_secs = request.listen.0 / 1_000_000 + 60;
    options
        .set_keep_alive(keep_alive_secs.clamp(1, u16::MAX.into()) as u16)
        .set_max_packet_size(LONGEST_PACKET, LONGEST_PACKET)
        .set_read_batch_size(BATCH)
        .set_request_channel_capacity(REQUESTS);
    match (&settings.user, password) {
        (Some(user), Some(password)) => options.set_credentials(user, password.expose().to_owned()),
        (Some(user), None) => options.set_username(user),
        (None, _) => &mut options,
    };
    let (host, port) = (settings.host.clone(), settings.port);
    let (tap, breathe) = (Tap::new(clock.clone(), KEPT), Arc::new(AtomicBool::new(false)));
    let (tls, clock) = (tls.cloned(), clock.clone());
    options.set_socket_connector(move |_, _| {
        let (host, tap, breathe) = (host.clone(), Arc::clone(&tap), Arc::clone(&breathe));
        let (tls, clock) = (tls.clone(), clock.clone());
        async move {
            let stream = socket::connect(socket::ask_system, &host, port).await?;
            Ok(Line::new(Road::over(stream, &host, tls.as_ref().map(|tls| (tls, &clock))).await?, tap, breathe))
        }
    });
    AsyncClient::builder(options).try_build().map_err(|e| e.to_string())
}

struct Listener<'a> {
    request: &'a MqttRequest,
    settings: MqttSettings,
    tls: Option<Tls>,
    clock: &'a Clock,
    client: AsyncClient,
    events: EventLoop,
    picture: &'a watch::Sender<Picture>,
    /// It listens, until then.
    until: Option<Instant>,
}

impl Listener<'_> {
    async fn listen(&mut self) -> End {
        let begun_until = Instant::now() + BEGUN_WITHIN;
        loop {
            let until = self.until.unwrap_or(begun_until);
            let polled = timeout_at(until, self.events.poll()).await;
            let (mut first, lost) = match polled {
                Ok(Ok(event)) => (Some(event), None),
                Ok(Err(error)) => (None, Some(self.loss(&error))),
                Err(_elapsed) => (None, None),
            };
            // What was read together with it, and also what was read before an error.
            while let Some(event) = first.take().or_else(|| self.events.state.events.pop_front()) {
                if let Some(end) = self.take(&event) {
                    return end;
                }
            }
            self.progress();
            match lost {
                Some(why) if self.until.is_some() => return End::Lost(why),
                Some(why) => return End::Unreachable(why),
                None => {}
            }
            // A broker that sends without pause leaves no time to be looked at otherwise.
            if Instant::now() >= until {
                return match self.until {
                    Some(_) => End::Done,
                    None => End::Unreachable("the broker does not answer a request to subscribe".to_owned()),
                };
            }
        }
    }

    fn take(&mut self, event: &Event) -> Option<End> {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                let filter = |topic: &String| SubscribeFilter::new(topic.clone(), QoS::AtMostOnce);
                let filters: Vec<_> = self.request.topics.iter().map(filter).collect();
                if let Err(error) = self.client.try_subscribe_many(filters) {
                    return Some(End::Unreachable(error.to_string()));
                }
            }
            Event::Incoming(Packet::SubAck(answer)) => {
                let answers = self.request.topics.iter().zip(&answer.return_codes);
                let refused: Vec<&str> = answers
                    .filter(|(_, code)| **code == SubscribeReasonCode::Failure)
                    .map(|(topic, _)| topic.as_str())
                    .collect();
                if refused.len() == self.request.topics.len() {
                    return Some(End::Unreachable(format!("the broker refuses {}", refused.join(", "))));
                }
                let note = (!refused.is_empty()).then(|| format!("the broker refuses {}", refused.join(", ")));
                self.topics(|topics| topics.notes.extend(note));
                self.begin();
            }
            Event::Incoming(Packet::Publish(message)) => {
                let now = self.clock.now().mono;
                self.topics(|topics| topics.message(&message.topic, &message.payload, message.retain, now));
            }
            Event::Incoming(_) | Event::Outgoing(_) => {}
        }
        None
    }

    fn begin(&mut self) {
        let now = self.clock.now().mono;
        self.until = Some(Instant::now() + self.request.listen.to_std());
        self.topics(|topics| topics.heard = Some((now, now)));
        self.picture.send_modify(|picture| {
            "listening".clone_into(&mut picture.phase);
            picture.of = self.request.listen.as_millis().unsigned_abs();
        });
    }

    fn progress(&self) {
        let now = self.clock.now().mono;
        let mut listened = Span::ZERO;
        self.topics(|topics| {
            if let Some((_, to)) = &mut topics.heard {
                *to = now;
            }
            listened = topics.listened();
        });
        self.picture.send_if_modified(|picture| {
            picture.done = listened.as_millis().unsigned_abs().min(picture.of);
            false
        });
    }

    fn topics(&self, change: impl FnOnce(&mut Topics)) {
        self.picture.send_if_modified(|picture| {
            if let Found::Mqtt(topics) = &mut picture.found {
                change(topics);
            }
            false
        });
    }

    /// Why the connection was lost, in words.
    fn loss(&self, error: &ConnectionError) -> String {
        let of_tls = words::io_error(error).and_then(|error| self.tls.as_ref()?.told(error, &self.settings.host));
        of_tls.unwrap_or_else(|| words::loss(error, LONGEST_PACKET as u32))
    }
}
