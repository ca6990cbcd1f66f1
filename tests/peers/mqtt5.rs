//! MQTT 5 against mosquitto, and both versions where they must be alike.

use crate::mqtt::plant::Plant;
use crate::mqtt::{Broker, live, missing, program, tag};
use crate::mqtt_tls::{Authority, LONG, ca};
use crate::support::{Running, free_address, until, watchkeeper};
use std::time::Duration;
use watchkeeper::engine::LinkState;
use watchkeeper::secrets::Secret;
use watchkeeper::time::Utc;

const FIVE: &str = "mqtt-version = \"5\"";
const VERSIONS: [&str; 2] = ["mqtt-version = \"3.1.1\"", FIVE];

#[tokio::test]
async fn retained_and_live_messages_times_and_senders_are_as_in_3_1_1() {
    let broker = Broker::start("allow_anonymous true");
    broker.publish("tank/state", r#"{"level": 71.5, "ts": "2026-11-20T14:03:22.125Z"}"#, &["-r"]);
    let availability = "availability = { topic = \"tank/life\", online = \"online\", offline = \"offline\" }";
    let level = tag("tank.level", "tank/state", &format!("path = \"$.level\"\ntime = \"$.ts\"\n{availability}"));
    let mut plant = broker.plant(FIVE, &level);
    plant.shows("tank.level", "71.5 uncertain:retained").await;
    let properties = ["-V", "mqttv5", "-D", "publish", "content-type", "application/json"];
    broker.publish("tank/state", r#"{"level": 72, "ts": "2026-11-20T14:03:23Z"}"#, &properties);
    plant.shows("tank.level", "72 good").await;
    let sent = "2026-11-20T14:03:23Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
    assert_eq!(plant.time("tank.level"), Some(Utc(sent)));
    broker.publish("tank/life", "offline", &["-r"]);
    plant.shows("tank.level", "bad:no-communication: tank/life says offline").await;
    broker.publish("tank/life", "online", &["-r"]);
    broker.publish("tank/state", r#"{"level": 73, "ts": "2026-11-20T14:03:24Z"}"#, &[]);
    plant.shows("tank.level", "73 good").await;
}

/// Each quality of service, in both versions: every message, once, in its order.
#[tokio::test]
async fn every_message_comes_once_with_qos_0_1_and_2() {
    const COUNT: u64 = 50;
    let broker = Broker::start("allow_anonymous true");
    for version in VERSIONS {
        for qos in ["0", "1", "2"] {
            let tags = [tag("a", "a", ""), tag("b", "b", &format!("qos = {qos}"))].concat();
            let mut plant = broker.plant(version, &tags);
            live(&broker, &mut plant, "a", "a").await;
            for i in 1..=COUNT {
                broker.publish("b", &i.to_string(), &["-q", qos]);
            }
            plant.shows("b", &format!("{COUNT} good")).await;
            // Nothing comes twice afterwards either.
            broker.publish("b", "-1", &["-q", qos]);
            plant.shows("b", "-1 good").await;
            let taken = plant.topics().iter().find(|topic| topic.name == "b").map(|topic| topic.messages);
            assert_eq!(taken, Some(COUNT + 1), "{version}, QoS {qos}");
            assert_eq!(plant.link().state, LinkState::Connected);
        }
    }
}

#[tokio::test]
async fn mosquitto_lets_in_by_mqtt_5_who_has_the_password() {
    const PASSWORD: &str = "correct horse";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passwords");
    let made = program("mosquitto_passwd").args(["-b", "-c"]).arg(&file).args(["control-room", PASSWORD]).status();
    assert!(made.unwrap_or_else(|e| missing("mosquitto_passwd", &e)).success());
    let broker = Broker::start(&format!("allow_anonymous false\npassword_file {}", file.display()));
    let a = tag("a", "a", "");
    broker.plant(FIVE, &a).shows("a", "bad:no-communication: not authorised").await;
    let signed = broker.project(&format!("{FIVE}\nuser = \"control-room\"\npassword = {{ secret = \"site\" }}"), &a);
    let secret = |_: &str| Ok(Secret::new(PASSWORD.to_owned()).unwrap());
    let mut known = Plant::open_with(&signed, |connection| connection.secrets = secret);
    known.until("a connection", |plant| plant.link().state == LinkState::Connected).await;
}

#[tokio::test]
async fn a_keep_alive_that_mosquitto_shortens_is_kept() {
    let broker = Broker::start("allow_anonymous true\nmax_keepalive 10");
    let mut plant = broker.plant(&format!("{FIVE}\nkeep-alive = \"1h\""), &tag("a", "a", ""));
    live(&broker, &mut plant, "a", "a").await;
    plant.until("a ping's round trip", |plant| plant.link().round_trip.is_some()).await;
}

/// The broker is told the longest packet: it leaves out a longer one, and the connection stands.
#[tokio::test]
async fn a_message_too_long_is_left_out_by_mosquitto() {
    let broker = Broker::start("allow_anonymous true");
    let tags = [tag("big", "big", ""), tag("a", "a", "")].concat();
    let mut plant = broker.plant(&format!("{FIVE}\nmax-packet = \"20KiB\""), &tags);
    live(&broker, &mut plant, "a", "a").await;
    broker.publish("big", &"1".repeat(50_000), &[]);
    broker.publish("a", "2", &[]);
    plant.shows("a", "2 good").await;
    assert_eq!(plant.tag("big"), "bad:waiting");
    assert_eq!(plant.link().reconnects, 0);
}

/// Mosquitto's own access lists grant every subscription and hold the messages back; its plugin for dynamic security
/// refuses.
#[tokio::test]
async fn a_topic_that_mosquitto_refuses_is_told_in_both_versions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("security.json");
    let security = r#"{
        "defaultACLAccess": {"publishClientSend": true, "publishClientReceive": true, "subscribe": false, "unsubscribe": true},
        "clients": [],
        "groups": [{"groupname": "anonymous", "roles": [{"rolename": "reader"}], "clients": []}],
        "roles": [{"rolename": "reader", "acls": [{"acltype": "subscribePattern", "topic": "open/#", "priority": 1, "allow": true}]}],
        "anonymousGroup": "anonymous"
    }"#;
    std::fs::write(&file, security).unwrap();
    let plugin = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]
        .map(|folder| format!("{folder}/mosquitto_dynamic_security.so"));
    let plugin = plugin.iter().find(|path| std::path::Path::new(path).exists()).unwrap();
    let broker =
        Broker::start(&format!("allow_anonymous true\nplugin {plugin}\nplugin_opt_config_file {}", file.display()));
    let tags = [tag("a", "open/a", ""), tag("secret", "closed/b", "")].concat();
    for (version, reason) in VERSIONS.into_iter().zip(["", ": not authorised"]) {
        let mut plant = broker.plant(version, &tags);
        plant.shows("secret", &format!("bad:device-fault: the broker refused the subscription{reason}")).await;
        live(&broker, &mut plant, "a", "open/a").await;
        plant.until("a counted refusal", |plant| plant.link().refused_topics == 1).await;
        let told = format!("the broker refused the subscription of closed/b{reason}");
        assert_eq!(plant.link().last_error.as_deref(), Some(told.as_str()));
    }
}

#[tokio::test]
async fn values_die_with_mosquitto_and_come_back_with_it_in_mqtt_5() {
    let mut broker = Broker::start("allow_anonymous true");
    let mut plant = broker.plant(FIVE, &tag("a", "a", ""));
    live(&broker, &mut plant, "a", "a").await;
    broker.terminate();
    plant.until("a lost link", |p| matches!(p.link().state, LinkState::NoAnswer(_))).await;
    let refused = LinkState::NoAnswer("connection refused".into());
    plant.until("a refused connection", |p| p.link().state == refused).await;
    broker.up();
    plant.shows("a", "bad:waiting").await;
    live(&broker, &mut plant, "a", "a").await;
    assert_eq!(plant.link().reconnects, 1);
}

/// The program itself: `online` while it runs, `offline` when it has ended in order, and by the broker when it was killed.
#[test]
fn a_status_topic_tells_whether_the_program_is_there() {
    let broker = Broker::start("allow_anonymous true");
    let status = || {
        let mut client = program("mosquitto_sub");
        client.args(["-h", "127.0.0.1", "-p", &broker.port.to_string(), "-t", "wk/room1", "-C", "1", "-W", "2"]);
        let told = client.output().unwrap_or_else(|e| missing("mosquitto_sub", &e)).stdout;
        String::from_utf8(told).unwrap().trim().to_owned()
    };
    let shows = |word: &str| until(word, || (status() == word).then_some(()));
    for version in VERSIONS {
        let folder = tempfile::tempdir().unwrap();
        let plant = folder.path().join("plant.toml");
        let device = format!("{version}\nstatus-topic = \"wk/room1\"");
        std::fs::write(&plant, format!("watchkeeper = 1\n{}", broker.project(&device, &tag("a", "a", "")))).unwrap();
        let run = || {
            let mut command = watchkeeper(&["run"]);
            command.arg(&plant);
            Running::start(command)
        };
        let running = run();
        shows("online");
        let (code, _, error) = running.terminate();
        assert_eq!(code, 0, "{error}");
        assert_eq!(status(), "offline", "it was told before the program ended");
        let running = run();
        shows("online");
        running.kill();
        shows("offline");
    }
}

/// By way of mosquitto's own web server, plain and over TLS.
#[tokio::test]
async fn values_come_over_websockets_in_both_versions() {
    let authority = Authority::new("Plant CA");
    authority.sign("broker", "DNS:localhost", LONG);
    let (plain, web, secure) = (free_address().port(), free_address().port(), free_address().port());
    let config = format!(
        "listener {plain} 127.0.0.1\nlistener {web} 127.0.0.1\nprotocol websockets\nlistener {secure} 127.0.0.1\nprotocol websockets\n\
         certfile {}\nkeyfile {}\npersistence false\nuser root\nallow_anonymous true\n",
        authority.written("broker.pem"),
        authority.written("broker.key")
    );
    let mut broker = Broker::configured(plain, tempfile::tempdir().unwrap(), &config);
    let tags = [tag("big", "big", "path = \"$.v\""), tag("a", "a", "qos = 2")].concat();
    let ca = ca(&authority);
    for version in VERSIONS {
        for (address, device) in
            [(format!("ws://127.0.0.1:{web}"), ""), (format!("wss://localhost:{secure}/mqtt"), &ca)]
        {
            let project = format!(
                "[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"{address}\"\nkeep-alive = \"5s\"\n{version}\n{device}\n{tags}"
            );
            let mut plant = Plant::open(&project);
            live(&broker, &mut plant, "a", "a").await;
            // Mosquitto sends 4 KB each tenth of a second over a websocket.
            broker.publish("big", &format!(r#"{{"fill": "{}", "v": 5}}"#, "x".repeat(40_000)), &[]);
            plant.shows("big", "5 good").await;
            plant.until("a ping's round trip", |plant| plant.link().round_trip.is_some()).await;
            broker.down();
            plant.until("a lost link", |plant| matches!(plant.link().state, LinkState::NoAnswer(_))).await;
            broker.up();
            live(&broker, &mut plant, "a", "a").await;
        }
    }
    // The port of MQTT without a web server.
    let wrong =
        format!("[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"ws://127.0.0.1:{plain}\"\n{tags}");
    let told = "bad:no-communication: the other end closed the connection when it was asked for a websocket: it may be a port \
                of MQTT without one";
    Plant::open(&wrong).shows("a", told).await;
}

/// Two plants in one group: each message reaches one of them, and no message both or none.
#[tokio::test]
async fn a_shared_topic_is_parted_among_its_group_in_both_versions() {
    const COUNT: u64 = 20;
    let broker = Broker::start("allow_anonymous true");
    for version in VERSIONS {
        let shared = [tag("a", "a", ""), tag("weather", "$share/room/site/weather", "qos = 1")].concat();
        let plant = |name: &str| broker.plant(&format!("{version}\nclient-id = \"{name}\""), &shared);
        let mut plants = [plant("one"), plant("two")];
        for plant in &mut plants {
            live(&broker, plant, "a", "a").await;
        }
        for i in 1..=COUNT {
            broker.publish("site/weather", &i.to_string(), &[]);
        }
        let received =
            |plant: &Plant| plant.topics().iter().find(|t| t.name == "site/weather").map_or(0, |t| t.messages);
        for _ in 0..100 {
            for plant in &mut plants {
                plant.run_for(Duration::from_millis(50)).await;
            }
            if plants.iter().map(received).sum::<u64>() >= COUNT {
                break;
            }
        }
        let counts = plants.each_ref().map(received);
        assert_eq!(counts.iter().sum::<u64>(), COUNT, "{counts:?}");
        assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
        let last = plants.each_mut().map(|plant| plant.tag("weather"));
        assert!(last.contains(&format!("{COUNT} good")), "{last:?}");
    }
}
