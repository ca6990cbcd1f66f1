//! Messages told as stories: what each makes of the tags.

use super::*;
use crate::engine::Value;
use crate::project::Missing;
use crate::time::{Mono, Utc};

const AT: Now = Now { mono: Mono(0), utc: Utc(0) };

fn later(seconds: i64) -> Now {
    AT + crate::time::Span::from_secs(seconds)
}

fn source(topic: &str) -> TopicSource {
    TopicSource {
        device: "site".to_owned(),
        topic: topic.to_owned(),
        qos: 0,
        path: None,
        missing: Missing::Bad,
        retained: Retained::Uncertain,
        availability: None,
        time: None,
    }
}

fn with_lwt(topic: &str) -> TopicSource {
    let availability = Availability { topic: "lwt".into(), online: "online".into(), offline: "offline".into() };
    TopicSource { availability: Some(availability), ..source(topic) }
}

/// Topics with one tag each, numbered in order.
fn topics(sources: &[TopicSource]) -> Topics {
    let mut topics = Topics::default();
    for (tag, source) in sources.iter().enumerate() {
        topics.add(TagId(tag as u32), DataType::F64, source);
    }
    topics
}

/// A message in, a line for each sample out: `0=21.5 good @3`.
fn play(topics: &mut Topics, name: &str, payload: &str, retained: bool, seconds: i64) -> Vec<String> {
    let mut reports = Reports::new(Generation(1));
    drop(topics.message(
        name.as_bytes(),
        payload.as_bytes(),
        retained,
        later(seconds),
        &mut reports,
        &DeviceLog::default(),
    ));
    let tell = |report: Report| {
        let seconds = (report.received.mono - AT.mono).0 / 1_000_000;
        report.samples.into_iter().map(move |s| {
            let value = s.value.map_or_else(|| "-".to_owned(), |v: Value| v.to_string());
            format!("{}={value} {} @{seconds}", s.tag.0, s.quality)
        })
    };
    reports.take().into_iter().flat_map(tell).collect()
}

#[test]
fn one_message_feeds_all_tags_of_its_topic_in_one_report() {
    let path = |p: &str| TopicSource { path: Some(p.to_owned()), ..source("a") };
    let mut topics = topics(&[path("$.x"), path("$.y"), source("b"), path("$.z")]);
    let mut reports = Reports::new(Generation(1));
    let result = topics.message(b"a", br#"{"x": 1, "y": 2.5}"#, false, AT, &mut reports, &DeviceLog::default());
    assert_eq!(result.unwrap_err().as_ref(), "no value at $.z");
    let reports = reports.take();
    assert_eq!(reports.len(), 1);
    let told: Vec<_> = reports[0].samples.iter().map(|s| (s.tag.0, s.value.clone(), s.quality)).collect();
    assert_eq!(
        told,
        [
            (0, Some(Value::F64(1.0)), Quality::GOOD),
            (1, Some(Value::F64(2.5)), Quality::GOOD),
            (3, None, Quality::PAYLOAD)
        ]
    );
}

#[test]
fn a_retained_message_is_doubted_until_a_live_one_comes() {
    let mut t = topics(&[source("a")]);
    assert_eq!(play(&mut t, "a", "1", true, 1), ["0=1 uncertain:retained @1"]);
    assert_eq!(play(&mut t, "a", "2", false, 2), ["0=2 good @2"]);
    assert_eq!(play(&mut t, "a", "1", true, 3), [""; 0], "a retained message overtaken by a live one");
    t.connected();
    assert_eq!(play(&mut t, "a", "2", true, 4), ["0=2 uncertain:retained @4"]);
}

#[test]
fn a_retained_message_can_be_trusted_or_ignored_by_the_project() {
    let mut good = topics(&[TopicSource { retained: Retained::Good, ..source("a") }]);
    assert_eq!(play(&mut good, "a", "1", true, 1), ["0=1 good @1"]);
    let mut ignore = topics(&[TopicSource { retained: Retained::Ignore, ..source("a") }]);
    assert_eq!(play(&mut ignore, "a", "1", true, 1), [""; 0]);
    assert_eq!(play(&mut ignore, "a", "1", false, 1), ["0=1 good @1"]);
}

#[test]
fn a_sender_that_is_offline_has_no_values_until_it_is_online_and_sends() {
    let mut t = topics(&[with_lwt("a"), with_lwt("b"), source("c")]);
    assert_eq!(play(&mut t, "a", "1", false, 1), ["0=1 good @1"]);
    assert_eq!(
        play(&mut t, "lwt", "offline", false, 2),
        ["0=- bad:no-communication @2", "1=- bad:no-communication @2"]
    );
    assert_eq!(play(&mut t, "lwt", "offline", false, 3), [""; 0]);
    assert_eq!(play(&mut t, "c", "9", false, 3), ["2=9 good @3"], "another sender is not concerned");
    assert_eq!(play(&mut t, "a", "7", false, 4), [""; 0], "held");
    assert_eq!(play(&mut t, "a", "8", false, 5), [""; 0], "held");
    assert_eq!(play(&mut t, "lwt", "online", false, 6), ["0=8 good @5", "1=- bad:waiting @6"]);
    assert_eq!(play(&mut t, "b", "3", false, 7), ["1=3 good @7"]);
    play(&mut t, "lwt", "offline", false, 8);
    let back = play(&mut t, "lwt", "online", false, 9);
    assert_eq!(back, ["0=- bad:waiting @9", "1=- bad:waiting @9"], "what was held once is not taken twice");
}

#[test]
fn a_retained_value_of_an_offline_sender_stays_dark() {
    let mut t = topics(&[with_lwt("a")]);
    assert_eq!(play(&mut t, "lwt", "offline", true, 1), ["0=- bad:no-communication @1"]);
    assert_eq!(play(&mut t, "a", "5", true, 1), [""; 0]);
    assert_eq!(play(&mut t, "lwt", "online", false, 9), ["0=5 uncertain:retained @1"]);
}

#[test]
fn availability_comes_as_a_word_or_as_json() {
    let mut t = topics(&[with_lwt("a")]);
    assert_eq!(play(&mut t, "lwt", r#"{"state":"offline"}"#, true, 1), ["0=- bad:no-communication @1"]);
    assert_eq!(play(&mut t, "lwt", "sleeping", true, 2), [""; 0]);
    assert_eq!(play(&mut t, "lwt", " online\n", true, 3), ["0=- bad:waiting @3"]);
    let mut reports = Reports::new(Generation(1));
    let told = t.message(b"lwt", b"\xff", false, AT, &mut reports, &DeviceLog::default()).unwrap_err();
    assert_eq!(told.as_ref(), "lwt says neither \"online\" nor \"offline\"");
}

#[test]
fn a_new_connection_knows_nothing_of_senders() {
    let mut t = topics(&[with_lwt("a")]);
    play(&mut t, "lwt", "offline", false, 1);
    play(&mut t, "a", "1", false, 2);
    t.connected();
    assert_eq!(play(&mut t, "a", "2", false, 3), ["0=2 good @3"]);
    assert_eq!(play(&mut t, "lwt", "online", false, 4), [""; 0]);
}

#[test]
fn availability_is_subscribed_first_and_each_topic_once() {
    let t = topics(&[source("a"), TopicSource { qos: 1, ..source("a") }, with_lwt("b"), with_lwt("c")]);
    let names: Vec<_> = t.order().into_iter().filter_map(|i| t.filter(i)).collect();
    assert_eq!(names, [("lwt", 0), ("a", 1), ("b", 0), ("c", 0)]);
}

#[test]
fn a_topic_that_cannot_be_subscribed_is_a_fault_of_its_tag_alone() {
    let bad_path = TopicSource { path: Some("wind".to_owned()), ..source("a") };
    let t = topics(&[source("a/+"), source(""), bad_path, source("good")]);
    let faults: Vec<_> = t.faults().iter().map(|(tag, why)| (tag.0, why.split(':').next().unwrap())).collect();
    assert_eq!(
        faults,
        [(0, "the topic \"a/+\" has a wildcard"), (1, "the topic \"\" is empty"), (2, "\"wind\" is no JSONPath")]
    );
    assert_eq!(t.len(), 1);
}

#[test]
fn in_a_crowd_the_log_leaves_out_what_follows_at_once_counts_it_and_keeps_every_fault() {
    let mut topics = topics(&[source("a"), source("b")]);
    let log = DeviceLog::default();
    let mut reports = Reports::new(Generation(1));
    let mut say = |name: &str, payload: &str, micros: i64| {
        let at = Now { mono: AT.mono + Span(micros), utc: AT.utc };
        let _understood = topics.message(name.as_bytes(), payload.as_bytes(), false, at, &mut reports, &log).is_ok();
    };
    for i in 0..i64::from(CROWD) {
        say("a", &i.to_string(), i * 10);
    }
    let kept = |name: &str| log.topics().messages(name).into_iter().map(|m| String::from_utf8(m.head).unwrap());
    assert_eq!(kept("a").last().as_deref(), Some("4999"), "not yet a crowd: each is kept");
    say("a", "7", 50_001);
    say("a", "no number", 50_002);
    say("b", "1", 50_003);
    say("a", "1", 50_004);
    say("a", "2", 100_001);
    assert_eq!(kept("a").collect::<Vec<_>>()[8..], ["4999", "no number"]);
    say("a", "3", 100_002);
    assert_eq!(kept("a").last().as_deref(), Some("3"), "50 ms after the last one");
    assert_eq!(kept("b").collect::<Vec<_>>(), ["1"]);
    let told = log.topics().list();
    assert_eq!(told.iter().map(|t| t.messages).collect::<Vec<_>>(), [5_005, 1]);
}

#[test]
fn a_message_of_a_shared_topic_bears_the_topic_alone() {
    let mut topics = topics(&[source("$share/room/site/weather"), source("plain")]);
    let filters: Vec<_> = topics.order().into_iter().filter_map(|topic| topics.filter(topic)).collect();
    assert_eq!(filters, [("$share/room/site/weather", 0), ("plain", 0)]);
    assert_eq!(play(&mut topics, "site/weather", "21.5", false, 1), ["0=21.5 good @1"]);
    assert_eq!(play(&mut topics, "$share/room/site/weather", "21.5", false, 2), [""; 0]);
}

#[test]
fn a_topic_is_subscribed_in_one_way_and_a_shared_one_names_its_group() {
    let shared =
        ["a", "$share/one/a", "$share/two/b", "b", "$share/two/b", "$share//c", "$share/c", "$share/g/", "$share/+/d"];
    let topics = topics(&shared.map(source));
    let faults: Vec<_> = topics.faults().iter().map(|(tag, why)| (tag.0, why.as_ref())).collect();
    let faulty = [
        (1, "the messages of \"$share/one/a\" are those of \"a\", which is subscribed already"),
        (3, "the messages of \"b\" are those of \"$share/two/b\", which is subscribed already"),
        (5, "the topic \"$share//c\" names no group, or no topic in it"),
        (6, "the topic \"$share/c\" names no group, or no topic in it"),
        (7, "the topic \"$share/g/\" names no group, or no topic in it"),
        (8, "the topic \"$share/+/d\" has a wildcard"),
    ];
    assert_eq!(faults, faulty);
    assert_eq!(topics.len(), 2);
}
