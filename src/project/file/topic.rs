//! `topic = …`: what an MQTT tag takes from which message.

use super::keys::AVAILABILITY;
use super::section::{Section, shortened};
use crate::project::family::{MOST_LEVELS, wildcards};
use crate::project::{Availability, Missing, Retained, TopicSource};
use serde_json_path::JsonPath;

/// Reads a topic source. `None`: at fault, and told.
pub(super) fn read(section: &mut Section<'_, '_, '_>, device: String) -> Option<TopicSource> {
    let topic = section.filled("topic");
    if let Some((message, mend)) = topic.as_deref().and_then(|topic| topic_fault(topic).or_else(|| plus_fault(topic))) {
        section.error("topic", message, mend);
    }
    let qos = section.whole("qos", 0..=2).unwrap_or(0) as u8;
    let path = json_path(section, "path");
    let time = json_path(section, "time");
    let missing = section.word("missing", &[(Missing::Bad, "bad"), (Missing::Keep, "keep")]).unwrap_or_default();
    let retained = section
        .word("retained", &[(Retained::Uncertain, "uncertain"), (Retained::Good, "good"), (Retained::Ignore, "ignore")])
        .unwrap_or_default();
    let availability = availability(section);
    Some(TopicSource { device, topic: topic?, qos, path, missing, retained, availability, time })
}

fn topic_fault(topic: &str) -> Option<(String, String)> {
    if topic.contains('#') {
        let mend = "write the whole topic, or + for one of its levels";
        return Some(("a tag has one topic, and # stands for many".to_owned(), mend.to_owned()));
    }
    if let Some(fault) = TopicSource::share_fault(topic) {
        let message = format!("\"{}\" {fault}", shortened(topic));
        return Some((message, "write topic = \"$share/GROUP/TOPIC\"".to_owned()));
    }
    if topic.contains('\0') || topic.len() > 65_535 {
        return Some((format!("\"{}\" is no topic", shortened(topic)), "write words parted by /".to_owned()));
    }
    None
}

fn plus_fault(topic: &str) -> Option<(String, String)> {
    match wildcards(topic) {
        None => {
            let message = format!("+ stands for a whole level of a topic, and in \"{}\" not", shortened(topic));
            Some((message, "write it alone between two /: \"site/+/state\"".to_owned()))
        }
        Some(count) if count > MOST_LEVELS => {
            let message = format!("{count} levels of the topic are +");
            Some((message, format!("write {MOST_LEVELS} at most")))
        }
        Some(_) => None,
    }
}

fn json_path(section: &mut Section<'_, '_, '_>, key: &'static str) -> Option<String> {
    let text = section.filled(key)?;
    match JsonPath::parse(&text) {
        Ok(_) => Some(text),
        Err(why) => {
            let mend = if text.starts_with('$') {
                "write it like \"$.wind.speed\" or \"$['wind speed'][0]\" (RFC 9535)".to_owned()
            } else {
                format!("a path begins with $: \"$.{}\"", shortened(&text))
            };
            section.error(
                key,
                format!("{key} = \"{}\" is no JSONPath: {}", shortened(&text), shortened(&why.to_string())),
                mend,
            );
            None
        }
    }
}

fn availability(section: &mut Section<'_, '_, '_>) -> Option<Availability> {
    let mend = "write availability = { topic = \"…\", online = \"online\", offline = \"offline\" }";
    let (table, span) = section.table("availability", mend)?;
    let mut inner = section.inner(table, AVAILABILITY, &span);
    let topic = inner.filled("topic");
    if !inner.has("topic") {
        inner.missing("topic", mend);
    }
    if let Some((message, mend)) = topic.as_deref().and_then(|t| {
        if t.contains('+') {
            let mend = "write the whole topic, with {1} where that of the tag has its first +";
            Some(("availability is of one topic, and + stands for many".to_owned(), mend.to_owned()))
        } else if t.starts_with("$share/") {
            let message = "what a sender says of its life is for every member of a group";
            Some((message.to_owned(), "write the topic without $share/GROUP/".to_owned()))
        } else {
            topic_fault(t)
        }
    }) {
        inner.error("topic", message, mend);
    }
    let online = inner.text("online").unwrap_or_else(|| "online".to_owned());
    let offline = inner.text("offline").unwrap_or_else(|| "offline".to_owned());
    if online == offline {
        inner.error(
            "offline",
            "online and offline are the same words",
            "write what the sender publishes when it is gone",
        );
    }
    Some(Availability { topic: topic?, online, offline })
}
