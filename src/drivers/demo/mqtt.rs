//! The plant's MQTT side: a broker on loopback and the publishers around the site, each a client like any other.
//!
//! The broker keeps everything in memory and within bounds; it writes no file. Payloads are made in [`super::messages`].

use super::Scene;
use super::messages::{Message, Publisher};
use crate::time::Clock;
use mqtt5::broker::client_handler::ClientHandler;
use mqtt5::broker::resource_monitor::{ResourceLimits, ResourceMonitor};
use mqtt5::broker::router::MessageRouter;
use mqtt5::broker::storage::QueueLimits;
use mqtt5::broker::sys_topics::BrokerStats;
use mqtt5::broker::transport::BrokerTransport;
use mqtt5::broker::{AllowAllAuthProvider, AuthProvider, BrokerConfig};
use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, PublishOptions, QoS};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;

/// Messages of one publisher that may wait for its connection; what is more is not sent: the next round comes soon.
const QUEUE: usize = 64;
/// Connections to the broker at a time.
const MOST_CLIENTS: usize = 64;
/// How long a session is kept for a client that went.
const SESSION_KEPT: Duration = Duration::from_mins(1);
/// Before the next client is taken in after one could not be.
const AFTER_A_REFUSAL: Duration = Duration::from_millis(100);

/// What all connections to the broker share.
struct Broker {
    config: Arc<BrokerConfig>,
    router: Arc<MessageRouter>,
    auth: Arc<dyn AuthProvider>,
    stats: Arc<BrokerStats>,
    limits: Arc<ResourceMonitor>,
    /// Held, since a connection ends when nobody could tell it to.
    goodbye: broadcast::Sender<()>,
}

impl Broker {
    /// Anonymous, in memory, and bounded in every direction.
    ///
    /// It is put together from the library's own parts around a listener of ours. The library's ready-made server brings
    /// bridges, tokens fetched over HTTP, files and reloads with it, which make a program larger by more than a megabyte.
    fn new() -> Self {
        let config = BrokerConfig {
            max_clients: MOST_CLIENTS,
            session_expiry_interval: SESSION_KEPT,
            max_packet_size: 1 << 20,
            max_subscriptions_per_client: 10_000,
            client_channel_capacity: 1_000,
            sys_topics_enabled: false,
            ..BrokerConfig::default()
        };
        let router = MessageRouter::new()
            .with_fallback_queue_limits(QueueLimits { max_messages: 1_000, max_bytes: 1 << 20 })
            .with_retained_limits(1_000, 64 << 10);
        // As fast as the person who tries it out wants to publish; what counts are the bounds above.
        let limits = ResourceLimits {
            max_connections: MOST_CLIENTS,
            max_connections_per_ip: MOST_CLIENTS,
            max_message_rate_per_client: 0,
            max_bandwidth_per_client: 0,
            ..ResourceLimits::default()
        };
        Self {
            config: Arc::new(config),
            router: Arc::new(router),
            auth: Arc::new(AllowAllAuthProvider),
            stats: Arc::new(BrokerStats::new()),
            limits: Arc::new(ResourceMonitor::new(limits)),
            goodbye: broadcast::channel(1).0,
        }
    }

    /// What serves one connection.
    fn client(&self, stream: TcpStream, peer: SocketAddr) -> ClientHandler {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a demo client's messages may wait for each other");
        }
        ClientHandler::new(
            BrokerTransport::tcp(stream),
            peer,
            Arc::clone(&self.config),
            Arc::clone(&self.router),
            Arc::clone(&self.auth),
            None,
            Arc::clone(&self.stats),
            Arc::clone(&self.limits),
            self.goodbye.subscribe(),
        )
    }
}

/// Serves MQTT 3.1.1 and 5 until it is dropped, and hangs up on everyone then.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let broker = Broker::new();
    let (mut clients, mut is_full) = (JoinSet::new(), false);
    let mut sweep = tokio::time::interval(SESSION_KEPT);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) if clients.len() < MOST_CLIENTS => {
                    is_full = false;
                    clients.spawn(broker.client(stream, peer).run());
                }
                // Once, however often they try again.
                Ok((_, peer)) => if !std::mem::replace(&mut is_full, true) {
                    tracing::warn!(%peer, "the demo broker hangs up on clients: it has as many as it takes");
                },
                // A client that went while it waited, or no descriptor free: the next one may come in.
                Err(error) => {
                    tracing::debug!(%error, "the demo broker could not take a client in");
                    tokio::time::sleep(AFTER_A_REFUSAL).await;
                }
            },
            Some(ended) = clients.join_next() => match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a client of the demo broker was cut off"),
                Err(error) => tracing::error!(%error, "a connection of the demo broker died"),
            },
            _ = sweep.tick() => {
                broker.router.sweep_sessions().await;
                broker.limits.cleanup_expired_windows().await;
            }
        }
    }
}

/// Publishes for as long as there are scenes; connects again whenever the connection breaks.
pub async fn publish(
    publisher: Publisher,
    broker: SocketAddr,
    mut scenes: watch::Receiver<Arc<Scene>>,
    clock: Clock,
) -> io::Result<()> {
    loop {
        if scenes.wait_for(|s| !publisher.is_offline(&s.plant)).await.is_err() {
            return Ok(());
        }
        let mut options = MqttOptions::new(publisher.client_id(), (broker.ip().to_string(), broker.port()));
        options.set_keep_alive(10);
        if let Some((topic, payload)) = publisher.last_will() {
            options.set_last_will(LastWill::new(topic, payload, QoS::AtLeastOnce, true));
        }
        let (client, events) = AsyncClient::builder(options).capacity(QUEUE).build();
        let (connected, is_connected) = watch::channel(false);
        // Losing the radio link is done as in the field: the socket goes away without a farewell.
        tokio::select! {
            () = poll(events, &connected) => tokio::time::sleep(Duration::from_millis(500)).await,
            () = rounds(publisher, client, is_connected, scenes.clone(), &clock) => return Ok(()),
            alive = async { scenes.clone().wait_for(|s| publisher.is_offline(&s.plant)).await.is_ok() } => {
                if !alive {
                    return Ok(());
                }
            }
        }
    }
}

/// Keeps the connection going; ends when it breaks.
async fn poll(mut events: EventLoop, connected: &watch::Sender<bool>) {
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                connected.send_replace(true);
            }
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(%error, "a demo publisher lost its broker");
                return;
            }
        }
    }
}

/// Says hello once connected, then one round after another; ends with the plant.
async fn rounds(
    publisher: Publisher,
    client: AsyncClient,
    mut connected: watch::Receiver<bool>,
    scenes: watch::Receiver<Arc<Scene>>,
    clock: &Clock,
) {
    if connected.wait_for(|c| *c).await.is_err() {
        return;
    }
    send(&client, publisher.greetings());
    let mut beat = tokio::time::interval(Duration::from_secs(publisher.interval_secs()));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        beat.tick().await;
        if scenes.has_changed().is_err() {
            return;
        }
        let scene = Arc::clone(&scenes.borrow());
        send(&client, publisher.round(&scene.plant, clock.now().utc));
    }
}

fn send(client: &AsyncClient, messages: Vec<Message>) {
    for message in messages {
        let options =
            if message.retain { PublishOptions::at_least_once().retained() } else { PublishOptions::at_most_once() };
        if let Err(error) = client.try_publish(message.topic, message.payload, options) {
            tracing::debug!(topic = message.topic, %error, "a demo publisher skipped a message");
        }
    }
}
