//! MQTT against an embedded broker, and against a broker by hand that misbehaves.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "mqtt/clock.rs"]
mod clock;
#[path = "mqtt/fake.rs"]
mod fake;
#[path = "mqtt/five.rs"]
mod five;
#[path = "mqtt/listener.rs"]
mod listener;
#[path = "mqtt/payloads.rs"]
mod payloads;
#[path = "mqtt/plant.rs"]
mod plant;
#[path = "mqtt/presence.rs"]
mod presence;
#[path = "mqtt/web.rs"]
mod web;

use fake::{PINGREQ, Peer, listen, publish};
use listener::{Driver, connection, json, settings, topic};
use mqtt5::broker::config::{StorageBackend, StorageConfig};
use mqtt5::broker::{BrokerConfig, MqttBroker};
use plant::Plant;
use rumqttc::{AsyncClient, MqttOptions, QoS};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep, timeout};
use watchkeeper::drivers::mqtt::Connection;
use watchkeeper::engine::{DeviceId, LinkState, Value};
use watchkeeper::project::{MqttSettings, MqttVersion};
use watchkeeper::secrets::Secret;
use watchkeeper::time::Span;

/// An embedded broker on a free port.
async fn embedded() -> u16 {
    let storage =
        StorageConfig { backend: StorageBackend::Memory, enable_persistence: false, ..StorageConfig::default() };
    let config = BrokerConfig {
        bind_addresses: vec!["127.0.0.1:0".parse().unwrap()],
        storage_config: storage,
        sys_topics_enabled: false,
        ..BrokerConfig::default()
    };
    let mut broker = MqttBroker::with_config(config).await.unwrap();
    let port = broker.local_addr().unwrap().port();
    tokio::spawn(async move { broker.run().await });
    port
}

/// A publisher whose connection is served in the background.
fn publisher(port: u16) -> AsyncClient {
    let mut options = MqttOptions::new("publisher", rumqttc::Broker::tcp("127.0.0.1", port));
    options.set_max_packet_size(1 << 21, 1 << 21);
    let (client, mut events) = AsyncClient::builder(options).capacity(2048).build();
    tokio::spawn(async move { while events.poll().await.is_ok() {} });
    client
}

async fn send(client: &AsyncClient, topic: &str, payload: impl Into<Vec<u8>>, retain: bool) {
    let options = rumqttc::PublishOptions::new(QoS::AtLeastOnce).retain(retain);
    client.publish(topic, payload.into(), options).await.unwrap();
}

/// Publishes until the driver, whose subscription may still be under way, tells of it.
async fn send_until_told(client: &AsyncClient, driver: &mut Driver, topic: &str, payload: &str, tag: u32) -> String {
    for _ in 0..100 {
        send(client, topic, payload, false).await;
        if let Ok(told) = timeout(Duration::from_millis(100), driver.told(tag)).await {
            return told;
        }
    }
    panic!("nothing came of {topic}")
}

#[tokio::test]
async fn tags_of_one_topic_take_their_values_from_one_message() {
    let port = embedded().await;
    let sources = [json("z/kitchen", "$.temperature"), json("z/kitchen", "$.state.battery"), topic("plain")];
    let mut driver = Driver::start(connection(settings(port), &sources));
    driver.connected().await;
    let client = publisher(port);
    let payload = r#"{"temperature": "21.37", "state": {"battery": 97}}"#;
    assert_eq!(send_until_told(&client, &mut driver, "z/kitchen", payload, 0).await, "21.37 good");
    assert_eq!(driver.told(1).await, "97 good");
    send(&client, "plain", "nan", false).await;
    assert_eq!(driver.told(2).await, "- bad:payload: \"nan\" is not finite");
    send(&client, "plain", "4", false).await;
    assert_eq!(driver.told(2).await, "4 good");
    let link = driver.link("a counted bad payload", |link| link.bad_payloads == 1).await;
    assert!(link.messages >= 2 && link.bytes_in >= 90 && link.bytes_out >= 50, "{link:?}");
    assert_eq!(link.last_error.as_deref(), Some("plain: \"nan\" is not finite"));
}

#[tokio::test]
async fn a_retained_message_is_told_as_such_until_a_live_one_comes() {
    let port = embedded().await;
    let client = publisher(port);
    send(&client, "level", "7", true).await;
    let mut driver = Driver::start(connection(settings(port), &[topic("level")]));
    // The publisher may come second; then the first value is live, and the next connection sees it retained.
    let first = driver.told(0).await;
    if first == "7 good" {
        driver = Driver::start(connection(settings(port), &[topic("level")]));
        assert_eq!(driver.told(0).await, "7 uncertain:retained");
    } else {
        assert_eq!(first, "7 uncertain:retained");
    }
    send(&client, "level", "8", true).await;
    assert_eq!(driver.told(0).await, "8 good");
}

/// A broker that this project did not write says why it hangs up.
#[tokio::test]
async fn a_client_id_that_another_takes_is_told_with_mqtt_5() {
    let port = embedded().await;
    let same = MqttSettings { client_id: Some("same".to_owned()), version: MqttVersion::V5, ..settings(port) };
    let mut first = Driver::start(connection(same.clone(), &[topic("a")]));
    first.connected().await;
    let _second = Driver::start(connection(same, &[topic("a")]));
    let why = first.lost().await;
    assert!(why.starts_with("another client with our client id has signed in"), "{why}");
}

#[tokio::test]
async fn more_topics_than_any_queue_holds_are_all_subscribed() {
    const TOPICS: u32 = 1_500;
    let port = embedded().await;
    let names: Vec<_> = (0..TOPICS).map(|i| format!("many/{i}/value")).collect();
    let sources: Vec<_> = names.iter().map(|name| topic(name)).collect();
    let mut driver = Driver::start(connection(settings(port), &sources));
    let client = publisher(port);
    for (tag, name) in names.iter().enumerate() {
        send(&client, name, tag.to_string(), true).await;
    }
    for tag in 0..TOPICS {
        let told = driver.told(tag).await;
        assert_eq!(told.split(' ').next(), Some(tag.to_string().as_str()));
    }
}

#[tokio::test]
async fn a_message_of_300_kb_passes() {
    let port = embedded().await;
    let mut driver = Driver::start(connection(settings(port), &[json("big", "$.v")]));
    driver.connected().await;
    let client = publisher(port);
    let payload = format!(r#"{{"fill": "{}", "v": 5}}"#, "x".repeat(300_000));
    assert_eq!(send_until_told(&client, &mut driver, "big", &payload, 0).await, "5 good");
}

#[tokio::test]
async fn every_connection_subscribes_anew_and_values_come_back() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(connection(settings(port), &[topic("a")]));
    for round in 0..3 {
        let mut peer = Peer::serve(&listener).await;
        driver.connected().await;
        peer.publish("a", round.to_string().as_bytes()).await;
        assert_eq!(driver.told(0).await, format!("{round} good"));
        drop(peer);
        assert_eq!(driver.lost().await, "the broker closed the connection");
    }
    drop(Peer::serve(&listener).await);
    assert_eq!(driver.connected().await.reconnects, 3);
}

#[tokio::test]
async fn what_was_sent_just_before_the_end_is_not_lost() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(connection(settings(port), &[topic("a")]));
    let mut peer = Peer::serve(&listener).await;
    let last_words: Vec<u8> = (0..100).flat_map(|i| publish("a", i.to_string().as_bytes())).chain([0xff; 9]).collect();
    peer.send(&last_words).await;
    for i in 0..100 {
        assert_eq!(driver.told(0).await, format!("{i} good"));
    }
    assert!(driver.lost().await.starts_with("the other end sent what is no MQTT"));
}

#[tokio::test]
async fn a_refused_topic_is_a_fault_of_its_tags_and_the_others_live() {
    let (listener, port) = listen().await;
    let mut driver =
        Driver::start(connection(settings(port), &[topic("secret"), topic("open"), json("secret", "$.x")]));
    let mut peer = Peer::connect(&listener).await;
    assert_eq!(peer.subscribed(|topic| topic != "secret").await, ["secret", "open"]);
    peer.publish("open", b"1").await;
    assert_eq!(driver.told(0).await, "- bad:device-fault: the broker refused the subscription");
    assert_eq!(driver.told(2).await, "- bad:device-fault: the broker refused the subscription");
    assert_eq!(driver.told(1).await, "1 good");
    let link = driver.link("a counted refusal", |link| link.refused_topics == 1).await;
    assert_eq!(link.last_error.as_deref(), Some("the broker refused the subscription of secret"));
    let topics = driver.monitor.device(DeviceId(0)).topics().list();
    let told: Vec<_> = topics.iter().map(|t| (t.name.as_str(), t.refused, t.messages)).collect();
    assert_eq!(told, [("secret", true, 0), ("open", false, 1)]);
    assert_eq!(topics[1].last.as_ref().unwrap().head, b"1");
}

#[tokio::test]
async fn a_refused_connection_is_told_in_words() {
    for (code, words) in [
        (5, "not authorised"),
        (4, "not authorised: user or password is wrong"),
        (2, "the broker refused the client id"),
        (3, "the broker is not available"),
    ] {
        let (listener, port) = listen().await;
        let mut driver = Driver::start(connection(settings(port), &[topic("a")]));
        let (mut peer, _) = Peer::accept(&listener).await;
        peer.connack(code).await;
        assert_eq!(driver.lost().await, words);
    }
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_told_at_the_first_try() {
    let (listener, port) = listen().await;
    drop(listener);
    let mut driver = Driver::start(connection(settings(port), &[topic("a")]));
    assert_eq!(driver.lost().await, "connection refused");
}

#[tokio::test]
async fn a_host_that_has_no_name_is_told_and_taken_up_when_it_gets_one() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let (listener, port) = listen().await;
    let nowhere = MqttSettings { host: "broker.example".to_owned(), ..settings(port) };
    let mut connection = connection(nowhere, &[topic("a")]);
    connection.lookup = |host, port| {
        assert_eq!(host, "broker.example");
        let found = match ASKED.fetch_add(1, Relaxed) {
            0 => Err(std::io::Error::other("Name or service not known")),
            1 => Ok(Vec::new()),
            _ => Ok(vec![([127, 0, 0, 1], port).into()]),
        };
        Box::pin(std::future::ready(found))
    };
    let began = Instant::now();
    let mut driver = Driver::start(connection);
    assert_eq!(driver.lost().await, "host name \"broker.example\" not found: Name or service not known");
    assert_eq!(driver.lost().await, "host name \"broker.example\" has no address");
    let mut peer = Peer::serve(&listener).await;
    // Two waits: 0.5 s and 0.8 s, each less a quarter at most.
    assert!(began.elapsed() > Duration::from_millis(900), "{:?}", began.elapsed());
    assert_eq!(ASKED.load(Relaxed), 3);
    peer.publish("a", b"1").await;
    assert_eq!(driver.told(0).await, "1 good");
}

#[tokio::test]
async fn the_system_knows_no_name_that_ends_in_invalid() {
    let nowhere = MqttSettings { host: "no-such-host.invalid".to_owned(), ..settings(1883) };
    let mut driver = Driver::start(connection(nowhere, &[topic("a")]));
    let why = driver.lost().await;
    assert!(why.starts_with("host name \"no-such-host.invalid\" not found: "), "{why}");
}

#[tokio::test]
async fn a_broker_that_hangs_up_at_once_is_not_retried_at_full_speed() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(connection(settings(port), &[topic("a")]));
    let began = Instant::now();
    for _ in 0..3 {
        drop(Peer::connect(&listener).await);
        assert_eq!(driver.lost().await, "the broker closed the connection");
    }
    // Two waits lie between three attempts: 0.5 s and 1 s, each less a quarter at most.
    assert!(began.elapsed() > Duration::from_millis(1_100), "{:?}", began.elapsed());
    let mut peer = Peer::connect(&listener).await;
    peer.subscribed(|_| true).await;
    assert_eq!(driver.connected().await.reconnects, 0, "the first that served");
}

#[tokio::test]
async fn a_message_longer_than_allowed_names_the_limit() {
    let (listener, port) = listen().await;
    let small = MqttSettings { max_packet_bytes: 1_000, ..settings(port) };
    let mut driver = Driver::start(connection(small, &[topic("a")]));
    let mut peer = Peer::serve(&listener).await;
    peer.publish("a", &[b'1'; 2_000]).await;
    assert_eq!(driver.lost().await, "a message of 2003 bytes is longer than max-packet allows (1000 bytes)");
    let mut peer = Peer::serve(&listener).await;
    peer.publish("a", b"1").await;
    assert_eq!(driver.told(0).await, "1 good");
    let link = driver.connected().await;
    assert!(link.last_error.is_some(), "the last error is kept while connected");
}

#[tokio::test]
async fn garbage_instead_of_mqtt_is_a_lost_link() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(connection(settings(port), &[topic("a")]));
    let (mut peer, _) = Peer::accept(&listener).await;
    peer.send(&[0xff; 9]).await;
    let why = driver.lost().await;
    assert!(why.starts_with("the other end sent what is no MQTT"), "{why}");
}

#[tokio::test]
async fn a_broker_that_falls_silent_is_found_out_within_twice_the_keep_alive() {
    let (listener, port) = listen().await;
    let lively = MqttSettings { keep_alive: Span::from_secs(1), ..settings(port) };
    let mut driver = Driver::start(connection(lively, &[topic("a")]));
    let peer = Peer::serve(&listener).await;
    driver.connected().await;
    let began = Instant::now();
    assert_eq!(driver.lost().await, "the broker does not answer");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    drop(peer);
}

#[tokio::test]
async fn a_ping_measures_the_round_trip() {
    let (listener, port) = listen().await;
    let lively = MqttSettings { keep_alive: Span::from_secs(1), ..settings(port) };
    let mut driver = Driver::start(connection(lively, &[topic("a")]));
    let mut peer = Peer::serve(&listener).await;
    assert_eq!(peer.packet().await.unwrap().0, PINGREQ);
    peer.send(&[0xd0, 0]).await;
    let link = driver.link("a round trip", |link| link.round_trip.is_some()).await;
    assert!((1..1_000_000).contains(&link.round_trip.unwrap().0), "{link:?}");
    assert_eq!((link.round_trips.count, link.round_trips.longest), (1, link.round_trip));
}

/// The queue is full nearly all the time, and the socket never empty: still the broker hears of us in time, and each
/// message arrives, in its order.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_flood_is_held_back_without_losing_a_message_or_a_ping() {
    const ROUND: u64 = 1_000;
    let (listener, port) = listen().await;
    let lively = MqttSettings { keep_alive: Span::from_secs(1), ..settings(port) };
    let mut driver = Driver::start(connection(lively, &[topic("a")]));
    let flood = tokio::spawn(async move {
        let (mut reading, mut writing) = Peer::serve(&listener).await.0.into_split();
        let pinged = Arc::new(AtomicUsize::new(0));
        let pings = Arc::clone(&pinged);
        tokio::spawn(async move {
            let mut buffer = [0; 64];
            while let Ok(read @ 1..) = reading.read(&mut buffer).await {
                for _ in buffer[..read].iter().filter(|byte| **byte == PINGREQ << 4) {
                    pings.fetch_add(1, Relaxed);
                }
            }
        });
        let (mut sent, mut answered, began) = (0_u64, 0, Instant::now());
        let many: Vec<u8> = (0..ROUND).flat_map(|i| publish("a", i.to_string().as_bytes())).collect();
        // Two seconds, and on a busy machine as long as the first ping takes.
        let lasts = |answered| Duration::from_secs(if answered == 0 { 30 } else { 2 });
        while began.elapsed() < lasts(answered) {
            writing.write_all(&many).await.unwrap();
            sent += ROUND;
            while answered < pinged.load(Relaxed) {
                writing.write_all(&[0xd0, 0]).await.unwrap();
                answered += 1;
            }
        }
        writing.write_all(&publish("a", b"-1")).await.unwrap();
        // Kept open until all is read, or the client would see the end before it.
        (sent, answered, writing)
    });
    let mut seen = 0_u64;
    loop {
        match driver.sample(0).await.value {
            Some(Value::F64(-1.0)) => break,
            value => assert_eq!(value, Some(Value::F64((seen % ROUND) as f64))),
        }
        seen += 1;
        if seen.is_multiple_of(2_000) {
            sleep(Duration::from_millis(5)).await;
        }
    }
    let (sent, pings, _writing) = flood.await.unwrap();
    assert_eq!(seen, sent);
    assert!(pings >= 1, "no ping in 30 s and {sent} messages");
}

#[tokio::test]
async fn a_password_comes_from_its_secret_and_a_missing_one_is_named() {
    let (listener, port) = listen().await;
    let secret = MqttSettings {
        user: Some("control-room".to_owned()),
        password_secret: Some("site-broker".to_owned()),
        ..settings(port)
    };
    let known = |_: &str| Ok(Secret::new("hunter2".to_owned()).unwrap());
    let mut driver = Driver::start(Connection { secrets: known, ..connection(secret.clone(), &[topic("a")]) });
    let (mut peer, body) = Peer::accept(&listener).await;
    let has = |word: &str| body.windows(word.len()).any(|part| part == word.as_bytes());
    assert!(has("control-room") && has("hunter2"), "{body:?}");
    peer.connack(0).await;
    peer.subscribed(|_| true).await;
    driver.connected().await;
    let mut without = Driver::start(Connection {
        secrets: |_| Err("secret site-broker is not set".to_owned()),
        ..connection(secret, &[topic("a")])
    });
    assert_eq!(without.lost().await, "secret site-broker is not set");
}

#[tokio::test]
async fn a_fault_of_a_tag_is_told_and_the_rest_runs() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(connection(settings(port), &[topic("a/+/b"), topic("a")]));
    assert_eq!(driver.told(0).await, "- bad:configuration: the topic \"a/+/b\" has a wildcard");
    let mut peer = Peer::serve(&listener).await;
    assert_eq!(driver.told(0).await, "- bad:configuration: the topic \"a/+/b\" has a wildcard");
    peer.publish("a", b"1").await;
    assert_eq!(driver.told(1).await, "1 good");
    let link = driver.connected().await;
    assert_eq!(link.state, LinkState::Connected);
}

/// Messages as zigbee2mqtt sends them: JSON with a time, and availability as JSON or as a word, both retained.
#[tokio::test]
async fn a_plant_of_zigbee_sensors_runs_from_its_text() {
    let port = embedded().await;
    let mut plant = Plant::open(&format!(
        r#"
        [[device]]
        name = "zigbee"
        protocol = "mqtt"
        address = "mqtt://127.0.0.1:{port}"

        [[tag]]
        name = "cellar.temperature"
        device = "zigbee"
        topic = "zigbee2mqtt/cellar"
        path = "$.temperature"
        time = "$.last_seen"
        availability = {{ topic = "zigbee2mqtt/cellar/availability", online = "online", offline = "offline" }}
        stale-after = "1h"

        [[tag]]
        name = "cellar.door"
        device = "zigbee"
        topic = "zigbee2mqtt/cellar"
        path = "$.contact"
        type = "bool"
        missing = "keep"
        stale-after = "1h"
        "#
    ));
    plant.until("a connection", |plant| plant.link().state == LinkState::Connected).await;
    assert_eq!(plant.tag("cellar.temperature"), "bad:waiting");
    let client = publisher(port);
    let (topic, availability) = ("zigbee2mqtt/cellar", "zigbee2mqtt/cellar/availability");
    send(&client, availability, r#"{"state":"online"}"#, true).await;
    for _ in 0..20 {
        let payload = r#"{"battery":97,"contact":true,"last_seen":"2026-11-20T14:03:22.125Z","temperature":11.62}"#;
        send(&client, topic, payload, false).await;
        plant.run_for(Duration::from_millis(50)).await;
    }
    plant.shows("cellar.temperature", "11.62 good").await;
    plant.shows("cellar.door", "true good").await;
    send(&client, topic, r#"{"battery":97,"temperature":11.8}"#, false).await;
    plant.shows("cellar.temperature", "11.8 good").await;
    assert_eq!(plant.tag("cellar.door"), "true good", "kept, as the project says");
    send(&client, availability, "offline", true).await;
    let gone = "bad:no-communication: zigbee2mqtt/cellar/availability says offline";
    plant.shows("cellar.temperature", gone).await;
    assert_eq!(plant.tag("cellar.door"), "true good", "it has no availability of its own");
}
