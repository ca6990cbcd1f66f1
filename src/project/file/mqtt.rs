//! The keys of an MQTT device.

use super::device::host_and_port;
use super::keys::PASSWORD;
use super::section::{Section, shortened};
use super::tls;
use crate::project::{Endpoint, MqttSettings, MqttVersion};
use crate::time::Span;

const VERSIONS: [(MqttVersion, &str); 2] = [(MqttVersion::V3, "3.1.1"), (MqttVersion::V5, "5")];

/// Schemes of an address: whether over TLS, whether over websockets, and the port where none is written.
const SCHEMES: [(&str, bool, bool, u16); 4] =
    [("mqtt", false, false, 1883), ("mqtts", true, false, 8883), ("ws", false, true, 80), ("wss", true, true, 443)];

/// The path that most brokers have their websocket at.
const WEBSOCKET_PATH: &str = "/mqtt";

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
    let mend = "write mqtt://host:port, or ws://host:port/path: address = \"mqtt://192.168.1.20:1883\"";
    let Some((scheme, rest)) = address.split_once("://") else {
        section.error("address", format!("\"{}\" does not begin with mqtt://", shortened(address)), mend);
        return None;
    };
    let Some((_, secure, web, default_port)) = SCHEMES.into_iter().find(|(known, ..)| *known == scheme) else {
        section.error("address", format!("\"{}://\" is no scheme of an mqtt device", shortened(scheme)), mend);
        return None;
    };
    let (authority, websocket) = match rest.find('/') {
        Some(at) if web => (&rest[..at], Some(rest[at..].to_owned())),
        _ => (rest, web.then(|| WEBSOCKET_PATH.to_owned())),
    };
    let Some((host, port)) = host_and_port(authority, default_port) else {
        let message = if authority.contains('@') {
            "user and password do not belong into the address".to_owned()
        } else {
            format!("\"{}\" is no address", shortened(address))
        };
        section.error("address", message, mend);
        return None;
    };
    if let Some(path) = websocket.as_deref().filter(|path| !path.chars().all(is_of_a_path)) {
        let message = format!("\"{}\" is no path of a websocket", shortened(path));
        section.error("address", message, "write it as in ws://broker:8080/mqtt; a letter that is not ASCII as %C3%A9");
        return None;
    }
    if !secure && let Some(key) = ["ca", "cert", "key"].into_iter().find(|key| section.has(key)) {
        let message = format!("{key} is of TLS, and {scheme}:// sends everything in the clear");
        section.error(key, message, format!("write {scheme}s:// in address, or leave {key} out"));
    }
    let tls = secure.then_some(files);
    Some(Endpoint::Mqtt(MqttSettings {
        host,
        port,
        tls,
        websocket,
        version,
        client_id,
        user,
        password_secret,
        keep_alive,
        max_packet_bytes,
        status_topic,
    }))
}

/// Whether this may stand in a path and its query (RFC 3986).
const fn is_of_a_path(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '/' | '?'
                | '%'
                | '-'
                | '.'
                | '_'
                | '~'
                | '!'
                | '$'
                | '&'
                | '\''
                | '('
                | ')'
                | '*'
                | '+'
                | ','
                | ';'
                | '='
                | ':'
                | '@'
        )
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
