//! The keys of an MQTT device.

use super::device::host_and_port;
use super::keys::PASSWORD;
use super::section::{Section, shortened};
use super::tls;
use crate::project::{Endpoint, MqttSettings, MqttVersion};
use crate::time::Span;

const VERSIONS: [(MqttVersion, &str); 2] = [(MqttVersion::V3, "3.1.1"), (MqttVersion::V5, "5")];

/// Reads what an MQTT device has besides its name. `None`: at fault, and told.
pub(super) fn read(section: &mut Section<'_, '_, '_>, address: Option<&str>) -> Option<Endpoint> {
    let version = section.word("mqtt-version", &VERSIONS).unwrap_or_default();
    let client_id = section.filled("client-id");
    let user = section.filled("user");
    let password_secret = password(section);
    let keep_alive = section.duration("keep-alive", Span::from_secs(1)).unwrap_or(Span::from_secs(10));
    if keep_alive > Span::from_secs(65_535) {
        section.error("keep-alive", "keep-alive is longer than MQTT can say", "write \"65535s\" or less");
    }
    // 268,435,455 bytes: the longest remaining length that MQTT can say.
    let max_packet_bytes = section.size("max-packet", 128..=268_435_455).unwrap_or(1024 * 1024) as u32;
    let status_topic = section.filled("status-topic");
    if let Some(topic) = &status_topic
        && (topic.contains(['+', '#', '\0']) || topic.starts_with('$') || topic.len() > 65_535)
    {
        let message = format!("\"{}\" is no topic to publish to", shortened(topic));
        section.error("status-topic", message, "write words parted by /, without + and #");
    }
    let files = tls::read(section);
    let address = address?;
    let mend = "write mqtt://host:port: address = \"mqtt://192.168.1.20:1883\"";
    let (secure, rest) = match address.split_once("://") {
        Some(("mqtt", rest)) => (false, rest),
        Some(("mqtts", rest)) => (true, rest),
        Some((scheme, _)) => {
            section.error("address", format!("\"{}://\" is no scheme of an mqtt device", shortened(scheme)), mend);
            return None;
        }
        None => {
            section.error("address", format!("\"{}\" does not begin with mqtt://", shortened(address)), mend);
            return None;
        }
    };
    let Some((host, port)) = host_and_port(rest, if secure { 8883 } else { 1883 }) else {
        let message = if rest.contains('@') {
            "user and password do not belong into the address".to_owned()
        } else {
            format!("\"{}\" is no address", shortened(address))
        };
        section.error("address", message, mend);
        return None;
    };
    if !secure && let Some(key) = ["ca", "cert", "key"].into_iter().find(|key| section.has(key)) {
        let message = format!("{key} is of TLS, and mqtt:// sends everything in the clear");
        section.error(key, message, format!("write mqtts:// in address, or leave {key} out"));
    }
    let tls = secure.then_some(files);
    Some(Endpoint::Mqtt(MqttSettings {
        host,
        port,
        tls,
        version,
        client_id,
        user,
        password_secret,
        keep_alive,
        max_packet_bytes,
        status_topic,
    }))
}

/// The name of a secret. What was written in its place is never repeated: it may be the password.
fn password(section: &mut Section<'_, '_, '_>) -> Option<String> {
    let item = section.item("password")?;
    let mend =
        "write password = { secret = \"site-broker\" }; the password itself stands in the environment or the key store";
    if item.get_ref().is_str() {
        section.error("password", "the password itself must not stand in a project", mend);
        return None;
    }
    let (table, span) = section.table("password", mend)?;
    let mut inner = section.inner(table, PASSWORD, &span);
    let secret = inner.filled("secret");
    if !inner.has("secret") {
        inner.missing("secret", mend);
    }
    let secret = secret?;
    if secret.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Some(secret);
    }
    inner.error("secret", "the name of a secret has letters, digits, - and _ alone", mend);
    None
}
