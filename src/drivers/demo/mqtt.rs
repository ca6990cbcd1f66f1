//! The plant's MQTT side: a broker on loopback and the publishers around the site, each a client like any other.
//!
//! The broker keeps everything in memory and within bounds; it writes no file. Payloads are made in [`super::messages`].

use super::Scene;
use super::messages::{Message, Publisher};
use crate::time::Clock;
use mqtt5::broker::config::{StorageBackend, StorageConfig};
use mqtt5::broker::{BrokerConfig, MqttBroker};
use rumqttc::{AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, PublishOptions, QoS};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Messages of one publisher that may wait for its connection; what is more is not sent: the next round comes soon.
const QUEUE: usize = 64;

/// Opens the broker on `address`, or on a free port of the same host where that is taken.
///
/// # Errors
/// It could not be opened.
pub async fn open(address: SocketAddr) -> io::Result<(MqttBroker, SocketAddr)> {
    let address = match TcpListener::bind(address).await {
        // Tried first, because the broker would complain of a taken port in the log as of a fault.
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && address.port() != 0 => {
            tracing::info!(%address, "the demo broker takes a free port instead: this one is taken");
            SocketAddr::new(address.ip(), 0)
        }
        _ => address,
    };
    let broker = MqttBroker::with_config(config(address)).await.map_err(|e| at_fault(address, &e))?;
    let bound = broker.local_addr().ok_or_else(|| io::Error::other("the demo broker has no address"))?;
    Ok((broker, bound))
}

fn at_fault(address: SocketAddr, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("could not open the demo broker on {address}: {error}"))
}

/// Anonymous, in memory, and bounded in every direction.
fn config(address: SocketAddr) -> BrokerConfig {
    let storage = StorageConfig {
        backend: StorageBackend::Memory,
        enable_persistence: false,
        max_queued_messages_per_client: 1_000,
        max_queued_bytes_per_client: 1 << 20,
        ..StorageConfig::default()
    };
    BrokerConfig {
        bind_addresses: vec![address],
        max_clients: 64,
        session_expiry_interval: Duration::from_mins(1),
        max_packet_size: 1 << 20,
        max_subscriptions_per_client: 10_000,
        max_retained_messages: 1_000,
        max_retained_message_size: 64 << 10,
        client_channel_capacity: 1_000,
        storage_config: storage,
        sys_topics_enabled: false,
        ..BrokerConfig::default()
    }
}

/// Runs the broker until it is dropped.
pub async fn run_broker(mut broker: MqttBroker) -> io::Result<()> {
    broker.run().await.map_err(|e| io::Error::other(format!("the demo broker stopped: {e}")))
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
