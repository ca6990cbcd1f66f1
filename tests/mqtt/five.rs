//! MQTT 5 against a broker by hand.

use super::fake::{PINGREQ, Peer, SUBSCRIBE, listen};
use super::listener::{Driver, connection, settings, topic};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;
use watchkeeper::drivers::mqtt::Connection;
use watchkeeper::engine::LinkState;
use watchkeeper::project::{MqttSettings, MqttVersion, TopicSource};
use watchkeeper::secrets::Secret;
use watchkeeper::time::Span;

fn five(port: u16, sources: &[TopicSource]) -> Connection {
    connection(MqttSettings { version: MqttVersion::V5, ..settings(port) }, sources)
}

/// A CONNACK with these properties.
fn connack(code: u8, properties: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x20, (3 + properties.len()) as u8, 0, code, properties.len() as u8];
    packet.extend(properties);
    packet
}

/// The next client, connected, and what it asked for.
async fn connect(listener: &TcpListener, properties: &[u8]) -> (Peer, Vec<u8>) {
    let (mut peer, request) = Peer::accept(listener).await;
    peer.send(&connack(0, properties)).await;
    (peer, request)
}

/// Answers one SUBSCRIBE, each topic with its code; the topics.
async fn subscribed(peer: &mut Peer, code: impl Fn(&str) -> u8) -> Vec<String> {
    let (kind, body) = peer.packet().await.unwrap();
    assert_eq!((kind, body[2]), (SUBSCRIBE, 0), "a SUBSCRIBE without properties");
    let mut topics = Vec::new();
    let mut rest = &body[3..];
    while let [high, low, tail @ ..] = rest {
        let (topic, after) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        topics.push(String::from_utf8(topic.to_vec()).unwrap());
        rest = &after[1..];
    }
    let mut answer = vec![0x90, (3 + topics.len()) as u8, body[0], body[1], 0];
    answer.extend(topics.iter().map(|topic| code(topic)));
    peer.send(&answer).await;
    topics
}

/// The next client, connected and subscribed.
async fn serve(listener: &TcpListener) -> Peer {
    let (mut peer, _) = connect(listener, &[]).await;
    subscribed(&mut peer, |_| 0).await;
    peer
}

/// A PUBLISH of one byte's length, quality 0, not retained.
fn publish(topic: &str, properties: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = 3 + topic.len() + properties.len() + payload.len();
    let mut packet = vec![0x30, u8::try_from(length).unwrap(), 0, topic.len() as u8];
    packet.extend(topic.as_bytes());
    packet.push(properties.len() as u8);
    packet.extend(properties);
    packet.extend(payload);
    packet
}

#[tokio::test]
async fn the_broker_is_told_the_version_and_the_longest_packet_and_no_alias_is_offered() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(five(port, &[topic("a")]));
    let (mut peer, request) = connect(&listener, &[]).await;
    assert_eq!(&request[..8], b"\0\x04MQTT\x05\x02", "clean start, and nothing else");
    assert_eq!(request[8..10], [0, 10], "keep-alive");
    assert_eq!(request[10..16], [5, 0x27, 0, 0x10, 0, 0], "a longest packet of 1 MiB, and no other property");
    subscribed(&mut peer, |_| 0).await;
    // Of the properties of a message none is ours: a format, a time to live, a content type, one of the user.
    let properties = [&[1, 1][..], &[2, 0, 0, 0, 9], &[3, 0, 1, b'j'], &[38, 0, 1, b'k', 0, 1, b'v']].concat();
    peer.send(&publish("a", &properties, b"7.5")).await;
    assert_eq!(driver.told(0).await, "7.5 good");
    driver.connected().await;
}

#[tokio::test]
async fn a_message_longer_than_allowed_names_the_limit() {
    let (listener, port) = listen().await;
    let small = MqttSettings { max_packet_bytes: 128, version: MqttVersion::V5, ..settings(port) };
    let mut driver = Driver::start(connection(small, &[topic("a")]));
    let mut peer = serve(&listener).await;
    peer.send(&[&publish("a", &[], b"1")[..], &[0x30, 0x80, 0x01]].concat()).await;
    assert_eq!(driver.told(0).await, "1 good");
    assert_eq!(driver.lost().await, "a message of 131 bytes is longer than max-packet allows (128 bytes)");
}

#[tokio::test]
async fn a_refused_connection_is_told_in_words() {
    for (answer, words) in [
        (connack(0x87, &[]), "not authorised"),
        (connack(0x86, &[]), "not authorised: user or password is wrong"),
        (connack(0x8a, &[]), "not authorised: the broker has banned this client"),
        (connack(0x85, &[]), "the broker refused the client id"),
        (connack(0x88, &[]), "the broker is not available"),
        (connack(0x9d, &[]), "the broker says that it has moved to another server"),
        (connack(0x84, &[]), "the broker does not speak MQTT 5: use mqtt-version = \"3.1.1\""),
        // As brokers of MQTT 3.1.1 have it.
        (vec![0x20, 2, 0, 1], "the broker does not speak MQTT 5: use mqtt-version = \"3.1.1\""),
    ] {
        let (listener, port) = listen().await;
        let mut driver = Driver::start(five(port, &[topic("a")]));
        let (mut peer, _) = Peer::accept(&listener).await;
        peer.send(&answer).await;
        assert_eq!(driver.lost().await, words, "{answer:?}");
    }
    let (listener, port) = listen().await;
    let mut driver = Driver::start(five(port, &[topic("a")]));
    drop(Peer::accept(&listener).await);
    assert_eq!(driver.lost().await, "the broker closed the connection at once; it may not speak MQTT 5");
}

#[tokio::test]
async fn a_broker_that_hangs_up_says_why_and_what_it_sent_before_is_not_lost() {
    for (end, words) in [
        (
            &[0xe0, 1, 0x8e][..],
            "another client with our client id has signed in, and the broker closed this connection: each needs a client-id of its own",
        ),
        (&[0xe0, 2, 0x8b, 0], "the broker is shutting down"),
        (
            &[0xe0, 8, 0x98, 6, 0x1f, 0, 3, b'o', b'f', b'f'],
            "the broker closed the connection: somebody had it closed (it says: off)",
        ),
        (&[0xe0, 0], "the broker closed the connection"),
        (&[], "the broker closed the connection"),
    ] {
        let (listener, port) = listen().await;
        let mut driver = Driver::start(five(port, &[topic("a")]));
        let mut peer = serve(&listener).await;
        let last: Vec<u8> =
            (0..100).flat_map(|i| publish("a", &[], i.to_string().as_bytes())).chain(end.to_vec()).collect();
        peer.send(&last).await;
        drop(peer);
        for i in 0..100 {
            assert_eq!(driver.told(0).await, format!("{i} good"), "{end:?}");
        }
        assert_eq!(driver.lost().await, words);
    }
}

#[tokio::test]
async fn garbage_after_messages_is_a_lost_link_and_the_messages_are_not_lost() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(five(port, &[topic("a")]));
    let mut peer = serve(&listener).await;
    let last: Vec<u8> = (0..100).flat_map(|i| publish("a", &[], i.to_string().as_bytes())).chain([0; 9]).collect();
    peer.send(&last).await;
    for i in 0..100 {
        assert_eq!(driver.told(0).await, format!("{i} good"));
    }
    let why = driver.lost().await;
    assert!(why.starts_with("the other end sent what is no MQTT 5"), "{why}");
}

#[tokio::test]
async fn a_refused_topic_says_why_and_the_others_live() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(five(port, &[topic("secret"), topic("open"), topic("odd")]));
    let (mut peer, _) = connect(&listener, &[]).await;
    let codes = |topic: &str| match topic {
        "secret" => 0x87,
        "odd" => 0x80,
        _ => 0,
    };
    assert_eq!(subscribed(&mut peer, codes).await, ["secret", "open", "odd"]);
    peer.send(&publish("open", &[], b"1")).await;
    assert_eq!(driver.told(0).await, "- bad:device-fault: the broker refused the subscription: not authorised");
    assert_eq!(driver.told(1).await, "1 good");
    assert_eq!(driver.told(2).await, "- bad:device-fault: the broker refused the subscription");
    let link = driver.link("counted refusals", |link| link.refused_topics == 2).await;
    assert_eq!(link.last_error.as_deref(), Some("the broker refused the subscription of secret: not authorised"));
}

#[tokio::test]
async fn the_broker_s_keep_alive_is_kept_where_it_is_shorter_and_ours_where_it_is_not() {
    for (ours, theirs) in [(600, 1_u16), (1, 600)] {
        let (listener, port) = listen().await;
        let lively = MqttSettings { keep_alive: Span::from_secs(ours), version: MqttVersion::V5, ..settings(port) };
        let mut driver = Driver::start(connection(lively, &[topic("a")]));
        let [high, low] = theirs.to_be_bytes();
        let (mut peer, _) = connect(&listener, &[0x13, high, low]).await;
        subscribed(&mut peer, |_| 0).await;
        assert_eq!(peer.packet().await.unwrap().0, PINGREQ);
        peer.send(&[0xd0, 0]).await;
        driver.link("a round trip", |link| link.round_trip.is_some()).await;
        let began = Instant::now();
        assert_eq!(driver.lost().await, "the broker does not answer");
        assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_broker_that_wants_no_sign_of_life_is_refused() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(five(port, &[topic("a")]));
    let _peer = connect(&listener, &[0x13, 0, 0]).await;
    let why = driver.lost().await;
    assert!(why.starts_with("the broker turns the keep-alive off"), "{why}");
}

#[tokio::test]
async fn a_broker_of_short_packets_is_told() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(five(port, &[topic("a/topic/that/is/longer/than/all/that")]));
    let _peer = connect(&listener, &[0x27, 0, 0, 0, 30]).await;
    let why = driver.lost().await;
    assert!(why.starts_with("the broker takes packets of 30 bytes at most, and one of ours has "), "{why}");
}

#[tokio::test]
async fn a_password_needs_no_user() {
    let (listener, port) = listen().await;
    let token = MqttSettings { password_secret: Some("token".to_owned()), version: MqttVersion::V5, ..settings(port) };
    let known = |_: &str| Ok(Secret::new("abcdefgh".to_owned()).unwrap());
    let _driver = Driver::start(Connection { secrets: known, ..connection(token, &[topic("a")]) });
    let (_, request) = Peer::accept(&listener).await;
    assert!(request.ends_with(b"\0\x08abcdefgh"), "{request:?}");
}

#[tokio::test]
async fn every_connection_subscribes_anew() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(five(port, &[topic("a")]));
    for round in 0..3 {
        let mut peer = serve(&listener).await;
        assert_eq!(driver.connected().await.state, LinkState::Connected);
        peer.send(&publish("a", &[], round.to_string().as_bytes())).await;
        assert_eq!(driver.told(0).await, format!("{round} good"));
        drop(peer);
        assert_eq!(driver.lost().await, "the broker closed the connection");
    }
}
