//! What a broker by hand sees of `status-topic`: a last will, `online`, and `offline` before the end.

use super::fake::{Peer, SUBSCRIBE, listen};
use super::listener::{Driver, connection, settings, topic};
use std::time::Duration;
use tokio::time::Instant;
use watchkeeper::drivers::mqtt::Connection;
use watchkeeper::project::{MqttSettings, MqttVersion};

const PUBLISH: u8 = 3;
const DISCONNECT: u8 = 14;
const VERSIONS: [MqttVersion; 2] = [MqttVersion::V3, MqttVersion::V5];

fn present(version: MqttVersion, port: u16) -> Connection {
    let status_topic = Some("wk/room1".to_owned());
    connection(MqttSettings { version, status_topic, ..settings(port) }, &[topic("a")])
}

/// The next client, connected, and its request.
async fn connect(listener: &tokio::net::TcpListener, version: MqttVersion) -> (Peer, Vec<u8>) {
    let (mut peer, request) = Peer::accept(listener).await;
    match version {
        MqttVersion::V3 => peer.connack(0).await,
        MqttVersion::V5 => peer.send(&[0x20, 3, 0, 0, 0]).await,
    }
    (peer, request)
}

/// The next message that the client publishes, its requests to subscribe granted: its number, topic and payload.
async fn published(peer: &mut Peer, version: MqttVersion) -> (u16, String, String) {
    loop {
        let (kind, body) = peer.packet().await.expect("the client is there");
        if kind == SUBSCRIBE {
            let answer = match version {
                MqttVersion::V3 => vec![0x90, 3, body[0], body[1], 0],
                MqttVersion::V5 => vec![0x90, 4, body[0], body[1], 0, 0],
            };
            peer.send(&answer).await;
        }
        if kind != PUBLISH {
            continue;
        }
        let (topic, rest) = body[2..].split_at(usize::from(body[1]));
        let number = u16::from_be_bytes([rest[0], rest[1]]);
        let payload = &rest[if version == MqttVersion::V5 { 3 } else { 2 }..];
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        return (number, text(topic), text(payload));
    }
}

async fn acknowledge(peer: &mut Peer, number: u16) {
    let [high, low] = number.to_be_bytes();
    peer.send(&[0x40, 2, high, low]).await;
}

fn says(published: &(u16, String, String), word: &str) -> bool {
    published.1 == "wk/room1" && published.2 == word
}

#[tokio::test]
async fn a_birth_comes_with_each_connection_and_a_will_and_a_farewell_end_it() {
    for version in VERSIONS {
        let (listener, port) = listen().await;
        let driver = Driver::start(present(version, port));
        for _ in 0..2 {
            let (mut peer, request) = connect(&listener, version).await;
            // Clean, a last will of QoS 1 that is kept; no user, no password.
            assert_eq!(request[7], 0b0010_1110, "{version:?}");
            let will = b"\0\x08wk/room1\0\x07offline";
            assert!(request.ends_with(will), "{request:?}");
            let birth = published(&mut peer, version).await;
            assert!(says(&birth, "online"), "{birth:?}");
            acknowledge(&mut peer, birth.0).await;
        }
        let (mut peer, _) = connect(&listener, version).await;
        let birth = published(&mut peer, version).await;
        acknowledge(&mut peer, birth.0).await;
        let ended = driver.close();
        let farewell = published(&mut peer, version).await;
        assert!(says(&farewell, "offline"), "{farewell:?}");
        acknowledge(&mut peer, farewell.0).await;
        assert_eq!(peer.packet().await.map(|(kind, _)| kind), Some(DISCONNECT));
        assert_eq!(peer.packet().await, None);
        ended.await.unwrap();
    }
}

#[tokio::test]
async fn a_broker_that_acknowledges_nothing_holds_nobody_up() {
    for version in VERSIONS {
        let (listener, port) = listen().await;
        let driver = Driver::start(present(version, port));
        let (mut peer, _) = connect(&listener, version).await;
        published(&mut peer, version).await;
        let began = Instant::now();
        driver.close().await.unwrap();
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
        // Without a DISCONNECT, so that the broker says the last will.
        while let Some((kind, _)) = peer.packet().await {
            assert_ne!(kind, DISCONNECT);
        }
    }
}

#[tokio::test]
async fn the_driver_ends_at_once_where_there_is_no_connection() {
    let (listener, port) = listen().await;
    drop(listener);
    let mut driver = Driver::start(present(MqttVersion::V3, port));
    driver.lost().await;
    driver.close().await.unwrap();
}

#[tokio::test]
async fn values_beside_run_say_nothing_of_presence() {
    let (listener, port) = listen().await;
    let beside = Connection { client_id_suffix: Some("values".to_owned()), ..present(MqttVersion::V3, port) };
    assert!(!beside.has_farewell());
    let _driver = Driver::start(beside);
    let (mut peer, request) = connect(&listener, MqttVersion::V3).await;
    assert_eq!(request[7], 0b0000_0010, "no last will");
    assert_eq!(peer.subscribed(|_| true).await, ["a"]);
}

#[tokio::test]
async fn a_status_that_the_broker_refuses_is_told() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(present(MqttVersion::V5, port));
    let (mut peer, _) = connect(&listener, MqttVersion::V5).await;
    let (number, ..) = published(&mut peer, MqttVersion::V5).await;
    let [high, low] = number.to_be_bytes();
    peer.send(&[0x40, 3, high, low, 0x87]).await;
    let told = Some("status-topic wk/room1 was refused: not authorised");
    driver.link("a refused status", |link| link.last_error.as_deref() == told).await;
}
