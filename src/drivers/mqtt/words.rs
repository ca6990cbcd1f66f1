//! Why a broker of MQTT 3.1.1 cannot be had, in the words of the person who has to mend it.

use rumqttc::{ConnectReturnCode, ConnectionError, StateError, mqttbytes};
use std::io;

/// What a connection ended with. `max_packet_bytes` is named where a message was too long for it.
pub fn loss(error: &ConnectionError, max_packet_bytes: u32) -> String {
    match error {
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => "no answer within 5 s".to_owned(),
        ConnectionError::ConnectionRefused(code) => refusal(*code).to_owned(),
        ConnectionError::Io(e) => io_loss(e),
        ConnectionError::NotConnAck(_) => "the other end sent what is no answer to an MQTT connect".to_owned(),
        ConnectionError::SessionStateMismatch { .. } => {
            "the broker resumed a session that was asked to be clean".to_owned()
        }
        ConnectionError::MqttState(e) => state_loss(e, max_packet_bytes),
        other => other.to_string(),
    }
}

/// The failure of the stream that a connection ended with.
pub const fn io_error(error: &ConnectionError) -> Option<&io::Error> {
    match error {
        ConnectionError::Io(e)
        | ConnectionError::MqttState(StateError::Io(e) | StateError::Deserialization(mqttbytes::Error::Io(e))) => {
            Some(e)
        }
        _ => None,
    }
}

const fn refusal(code: ConnectReturnCode) -> &'static str {
    match code {
        ConnectReturnCode::NotAuthorized => "not authorised",
        ConnectReturnCode::BadUserNamePassword => "not authorised: user or password is wrong",
        ConnectReturnCode::BadClientId => "the broker refused the client id",
        ConnectReturnCode::ServiceUnavailable => "the broker is not available",
        ConnectReturnCode::RefusedProtocolVersion => "the broker does not speak MQTT 3.1.1",
        ConnectReturnCode::Success => "the broker refused the connection",
    }
}

fn state_loss(error: &StateError, max_packet_bytes: u32) -> String {
    match error {
        StateError::ConnectionAborted => CLOSED.to_owned(),
        StateError::Io(e) | StateError::Deserialization(mqttbytes::Error::Io(e)) => io_loss(e),
        StateError::AwaitPingResp => "the broker does not answer".to_owned(),
        // The library looks at the length before the rest and ends its stream there (`mqttbytes::check`): it cannot pass
        // over such a message, and so the connection has to be made anew.
        StateError::Deserialization(mqttbytes::Error::PayloadSizeLimitExceeded(size)) => {
            format!("a message of {size} bytes is longer than max-packet allows ({max_packet_bytes} bytes)")
        }
        StateError::Deserialization(e) => format!("the other end sent what is no MQTT: {}", lower(&e.to_string())),
        other => format!("the other end broke the MQTT protocol: {}", lower(&other.to_string())),
    }
}

/// The end of a connection that says no more.
pub const CLOSED: &str = "the broker closed the connection";

/// A failure of the socket.
pub fn io_loss(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::BrokenPipe => CLOSED.to_owned(),
        io::ErrorKind::TimedOut => "no answer within 5 s".to_owned(),
        io::ErrorKind::HostUnreachable => "no route to the host".to_owned(),
        io::ErrorKind::NetworkUnreachable => "no route to the network".to_owned(),
        _ => lower(&error.to_string()),
    }
}

/// What happened, and why where a reason is given.
pub fn with_reason(what: impl Into<String>, why: &str) -> String {
    let what = what.into();
    if why.is_empty() { what } else { format!("{what}: {why}") }
}

/// Without a capital at the front.
pub fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_in_plain_words() {
        let io = |kind: io::ErrorKind| ConnectionError::Io(kind.into());
        let sent = |e| ConnectionError::MqttState(StateError::Deserialization(e));
        for (error, words) in [
            (io(io::ErrorKind::ConnectionRefused), "connection refused"),
            (io(io::ErrorKind::ConnectionReset), "the broker closed the connection"),
            (ConnectionError::NetworkTimeout, "no answer within 5 s"),
            (ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized), "not authorised"),
            (ConnectionError::MqttState(StateError::ConnectionAborted), "the broker closed the connection"),
            (ConnectionError::MqttState(StateError::AwaitPingResp), "the broker does not answer"),
            (
                sent(mqttbytes::Error::PayloadSizeLimitExceeded(2_000_000)),
                "a message of 2000000 bytes is longer than max-packet allows (1048576 bytes)",
            ),
            (sent(mqttbytes::Error::MalformedPacket), "the other end sent what is no MQTT: malformed packet"),
        ] {
            assert_eq!(loss(&error, 1_048_576), words);
        }
    }
}
