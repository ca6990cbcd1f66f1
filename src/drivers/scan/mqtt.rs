//! Which topics a broker has: a client of its own subscribes, listens for its time, and goes.
//!
//! It is the client that a project's device would be, over the same roads and in the same versions ([`Connection`]), under
//! another name. It asks for the quality of service 0 and a clean session, so that the broker keeps nothing for it, and publishes
//! nothing. `$SYS/#` is not in `#`: it is heard only where it is asked for.

use super::asked::MqttRequest;
use super::found::{End, Found, Picture};
use super::topics::Topics;
use crate::drivers::mqtt::connection::{Client, Connection};
use crate::drivers::mqtt::library::{Library, Subscribe as _, Told};
use crate::drivers::mqtt::topics::Topics as Subscribed;
use crate::drivers::mqtt::words::with_reason;
use crate::drivers::tls::{Peer, Tls};
use crate::engine::DeviceId;
use crate::project::{MqttSettings, Project};
use crate::time::{Clock, Span};
use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// The longest message that is taken; a longer one ends the connection.
const LONGEST_PACKET: u32 = 16 << 20;
/// In which the broker has to take the connection and the subscription.
const BEGUN_WITHIN: Duration = Duration::from_secs(10);
/// From this on it is pinged as a device's connection is.
const LONG: Span = Span::from_secs(600);
const KEPT_ALIVE: Span = Span::from_secs(30);
/// How far it is, is told so often where nothing comes.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Scans a broker.
pub(super) async fn scan(request: &MqttRequest, clock: &Clock, picture: &watch::Sender<Picture>) -> End {
    picture.send_modify(|picture| {
        picture.phase = format!("connecting to {}", request.address);
        picture.found = Found::Mqtt(Topics::new(request.most_topics));
    });
    let connection = match request.settings() {
        Ok(settings) => connection(request, settings),
        Err(why) => return End::Unreachable(why),
    };
    // A disk or a key store may take its time.
    let client = connection.password().await.and_then(|password| connection.client(password.as_ref(), clock));
    match client {
        Ok(Client::V3(library)) => Listener::new(request, &connection, *library, clock, picture).listen().await,
        Ok(Client::V5(library)) => Listener::new(request, &connection, *library, clock, picture).listen().await,
        Err(why) => End::Unreachable(why),
    }
}

/// The project's own way to this broker, under another name, and for nobody to see.
fn connection(request: &MqttRequest, settings: MqttSettings) -> Connection {
    let settings = MqttSettings {
        // Letters and digits, at most 23, which every broker has to take (MQTT 3.1.1, 3.1.3.1), and nobody else's.
        client_id: Some(format!("watchkeeper{:012x}", fastrand::u64(..) >> 16)),
        keep_alive: keep_alive(request.listen),
        max_packet_bytes: LONGEST_PACKET,
        status_topic: None,
        ..settings
    };
    let tls = settings.tls.clone().map(|tls| Tls::new(tls, request.folder.clone(), Peer::Broker));
    let made = Connection::new(DeviceId(0), "scan".into(), settings, Subscribed::default(), &Project::default());
    Connection { tls, ..made }
}

/// Longer than it listens: a broker that floods is not left for the answer to a ping that waits behind it. Whoever listens
/// for hours wants to hear that nobody is there any more.
fn keep_alive(listen: Span) -> Span {
    if listen > LONG { KEPT_ALIVE } else { Span(listen.0.saturating_add(Span::from_secs(60).0)) }
}

struct Listener<'a, L: Library> {
    request: &'a MqttRequest,
    connection: &'a Connection,
    library: L,
    requests: L::Requests,
    clock: &'a Clock,
    picture: &'a watch::Sender<Picture>,
    /// The broker took the connection.
    accepted: bool,
    /// A ping was sent, and nothing came since.
    pinged: bool,
    /// Something came after a ping.
    heard: bool,
    /// It listens, until then.
    until: Option<Instant>,
}

impl<'a, L: Library> Listener<'a, L> {
    fn new(
        request: &'a MqttRequest,
        connection: &'a Connection,
        library: L,
        clock: &'a Clock,
        picture: &'a watch::Sender<Picture>,
    ) -> Self {
        Self {
            request,
            connection,
            requests: library.requests(),
            library,
            clock,
            picture,
            accepted: false,
            pinged: false,
            heard: false,
            until: None,
        }
    }

    async fn listen(mut self) -> End {
        let begun_until = Instant::now() + BEGUN_WITHIN;
        let mut rest = VecDeque::new();
        loop {
            let until = self.until.unwrap_or(begun_until);
            let polled = {
                let mut poll = pin!(self.library.poll());
                loop {
                    // A quiet broker is listened to all the same, and how far that is can be seen.
                    match timeout_at(until.min(Instant::now() + LOOK_EVERY), &mut poll).await {
                        Err(_elapsed) if Instant::now() < until => progress(self.clock, self.picture),
                        polled => break polled,
                    }
                }
            };
            let (mut first, lost) = match polled {
                Ok(Ok(event)) => (Some(event), None),
                Ok(Err(error)) => (None, Some(self.loss(&error))),
                Err(_elapsed) => (None, None),
            };
            // What was read together with it, and also what was read before an error.
            self.library.swap_rest(&mut rest);
            while let Some(event) = first.take().or_else(|| rest.pop_front()) {
                if let Some(end) = self.take(L::told(&event)) {
                    return end;
                }
            }
            if std::mem::take(&mut self.heard) {
                self.library.take_for_answered();
            }
            progress(self.clock, self.picture);
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

    fn take(&mut self, told: Told<'_>) -> Option<End> {
        // A broker of MQTT 5 may ask for pings that are oftener than ours. Whatever it sends says that it is there, and the
        // answer to a ping stands behind all that was sent before.
        self.heard |= told.is_heard() && std::mem::take(&mut self.pinged);
        match told {
            Told::Accepted => {
                self.accepted = true;
                let topics = self.request.topics.iter().map(|topic| (topic.clone(), 0)).collect();
                if let Err(why) = self.requests.subscribe(topics) {
                    return Some(End::Unreachable(why));
                }
            }
            Told::Subscribed { refusals, .. } => {
                let answers = self.request.topics.iter().zip(&refusals);
                let refused: Vec<String> =
                    answers.filter_map(|(topic, why)| Some(with_reason(topic.clone(), (*why)?))).collect();
                let words = || format!("the broker refuses {}", refused.join(", "));
                if refused.len() == self.request.topics.len() {
                    return Some(End::Unreachable(words()));
                }
                let note = (!refused.is_empty()).then(words);
                self.topics(|topics| topics.notes.extend(note));
                self.begin();
            }
            Told::Message { topic, payload, retained } => {
                let now = self.clock.now().mono;
                self.topics(|topics| topics.message(topic, payload, retained, now));
            }
            Told::PingSent => self.pinged = true,
            _ => {}
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

    fn topics(&self, change: impl FnOnce(&mut Topics)) {
        change_topics(self.picture, change);
    }

    /// Why the connection was lost, in words.
    fn loss(&self, error: &L::Error) -> String {
        let (tls, host) = (self.connection.tls.as_ref(), &self.connection.settings.host);
        let of_tls = L::io_error(error).and_then(|error| tls?.told(error, host));
        of_tls.unwrap_or_else(|| L::loss(error, self.accepted, LONGEST_PACKET))
    }
}

/// Says how far it is.
fn progress(clock: &Clock, picture: &watch::Sender<Picture>) {
    let now = clock.now().mono;
    let mut listened = Span::ZERO;
    change_topics(picture, |topics| {
        if let Some((_, to)) = &mut topics.heard {
            *to = now;
        }
        listened = topics.listened();
    });
    picture.send_if_modified(|picture| {
        picture.done = listened.as_millis().unsigned_abs().min(picture.of);
        false
    });
}

fn change_topics(picture: &watch::Sender<Picture>, change: impl FnOnce(&mut Topics)) {
    picture.send_if_modified(|picture| {
        if let Found::Mqtt(topics) = &mut picture.found {
            change(topics);
        }
        false
    });
}
