//! Why a broker of MQTT 5 cannot be had, in the words of the person who has to mend it.

use super::words::{CLOSED, io_loss, lower};
use rumqttc_v5::{
    ConnectReturnCode, ConnectionError, DisconnectReasonCode, PubAckReason, StateError, SubscribeReasonCode, mqttbytes,
};
use std::io;

/// A broker that wants no sign of life from us.
pub const NO_KEEP_ALIVE: &str =
    "the broker turns the keep-alive off, so that a dead link would not be noticed: use mqtt-version = \"3.1.1\"";

/// Most letters of a broker's own words.
const LONGEST_REASON: usize = 200;

/// What a connection ended with. `accepted`: the broker had taken the connection; `max_packet_bytes` is named where a
/// message was too long for it.
pub fn loss(error: &ConnectionError, accepted: bool, max_packet_bytes: u32) -> String {
    match error {
        ConnectionError::Timeout(_) => "no answer within 5 s".to_owned(),
        ConnectionError::ConnectionRefused(code) => connect_refusal(*code).to_owned(),
        ConnectionError::Io(e) => io_loss(e),
        ConnectionError::NotConnAck(_) => "the other end sent what is no answer to an MQTT connect".to_owned(),
        ConnectionError::SessionStateMismatch { .. } => {
            "the broker resumed a session that was asked to be clean".to_owned()
        }
        ConnectionError::MqttState(e) => state_loss(e, accepted, max_packet_bytes),
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

const fn connect_refusal(code: ConnectReturnCode) -> &'static str {
    match code {
        ConnectReturnCode::NotAuthorized => "not authorised",
        ConnectReturnCode::BadUserNamePassword => "not authorised: user or password is wrong",
        ConnectReturnCode::Banned => "not authorised: the broker has banned this client",
        ConnectReturnCode::BadAuthenticationMethod => "not authorised: the broker wants another way of signing in",
        ConnectReturnCode::ClientIdentifierNotValid | ConnectReturnCode::BadClientId => {
            "the broker refused the client id"
        }
        ConnectReturnCode::ServerUnavailable | ConnectReturnCode::ServiceUnavailable => "the broker is not available",
        ConnectReturnCode::ServerBusy => "the broker is busy",
        ConnectReturnCode::UnsupportedProtocolVersion | ConnectReturnCode::RefusedProtocolVersion => NO_MQTT_5,
        ConnectReturnCode::QuotaExceeded => "the broker refused the connection: a quota is used up",
        ConnectReturnCode::ConnectionRateExceeded => "the broker refused the connection: too many in too short a time",
        ConnectReturnCode::UseAnotherServer => "the broker says that another server is to be used for now",
        ConnectReturnCode::ServerMoved => "the broker says that it has moved to another server",
        ConnectReturnCode::PacketTooLarge => "the broker refused the connection: the request was too long for it",
        ConnectReturnCode::TopicNameInvalid => "the broker refused the name of status-topic",
        ConnectReturnCode::RetainNotSupported => {
            "the broker keeps no messages, and what status-topic says has to be kept"
        }
        ConnectReturnCode::QoSNotSupported => "the broker does not serve QoS 1, which status-topic needs",
        ConnectReturnCode::PayloadFormatInvalid => "the broker refused what status-topic says",
        ConnectReturnCode::MalformedPacket | ConnectReturnCode::ProtocolError => {
            "the broker says that our request to connect breaks the MQTT protocol"
        }
        ConnectReturnCode::Success
        | ConnectReturnCode::UnspecifiedError
        | ConnectReturnCode::ImplementationSpecificError => "the broker refused the connection",
    }
}

const NO_MQTT_5: &str = "the broker does not speak MQTT 5: use mqtt-version = \"3.1.1\"";

fn state_loss(error: &StateError, accepted: bool, max_packet_bytes: u32) -> String {
    match error {
        // Old brokers hang up where they are asked for a version that they do not know.
        StateError::ConnectionAborted if !accepted => format!("{CLOSED} at once; it may not speak MQTT 5"),
        StateError::ConnectionAborted => CLOSED.to_owned(),
        StateError::Io(e) | StateError::Deserialization(mqttbytes::Error::Io(e)) => io_loss(e),
        StateError::AwaitPingResp => "the broker does not answer".to_owned(),
        StateError::ServerDisconnect { reason_code, reason_string } => hung_up(*reason_code, reason_string.as_deref()),
        // An answer as MQTT 3.1.1 has it.
        StateError::Deserialization(mqttbytes::Error::InvalidConnectReturnCode(1..=5)) if !accepted => {
            NO_MQTT_5.to_owned()
        }
        StateError::Deserialization(mqttbytes::Error::PayloadSizeLimitExceeded { pkt_size, .. }) => {
            format!("a message of {pkt_size} bytes is longer than max-packet allows ({max_packet_bytes} bytes)")
        }
        StateError::OutgoingPacketTooLarge { pkt_size, max }
        | StateError::Deserialization(mqttbytes::Error::OutgoingPacketTooLarge { pkt_size, max }) => {
            format!("the broker takes packets of {max} bytes at most, and one of ours has {pkt_size}")
        }
        StateError::Deserialization(e) => format!("the other end sent what is no MQTT 5: {}", lower(&e.to_string())),
        other => format!("the other end broke the MQTT protocol: {}", lower(&other.to_string())),
    }
}

/// The broker said that it hangs up; with its own words, where it has any.
fn hung_up(code: DisconnectReasonCode, reason: Option<&str>) -> String {
    let why = disconnection(code);
    let reason = reason.map(|words| words.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect::<String>());
    match reason {
        Some(words) if !words.trim().is_empty() => format!("{why} (it says: {})", words.trim()),
        _ => why.to_owned(),
    }
}

const fn disconnection(code: DisconnectReasonCode) -> &'static str {
    match code {
        DisconnectReasonCode::SessionTakenOver => {
            "another client with our client id has signed in, and the broker closed this connection: each needs a client-id of its own"
        }
        DisconnectReasonCode::ServerShuttingDown => "the broker is shutting down",
        DisconnectReasonCode::KeepAliveTimeout => {
            "the broker closed the connection: it heard nothing of us for too long"
        }
        DisconnectReasonCode::NotAuthorized => "the broker closed the connection: not authorised",
        DisconnectReasonCode::ServerBusy => "the broker closed the connection: it is busy",
        DisconnectReasonCode::AdministrativeAction => "the broker closed the connection: somebody had it closed",
        DisconnectReasonCode::PacketTooLarge => "the broker closed the connection: a packet was too long for it",
        DisconnectReasonCode::ReceiveMaximumExceeded => {
            "the broker closed the connection: too many messages were on their way to it"
        }
        DisconnectReasonCode::MessageRateTooHigh => "the broker closed the connection: too many messages a second",
        DisconnectReasonCode::QuotaExceeded => "the broker closed the connection: a quota is used up",
        DisconnectReasonCode::ConnectionRateExceeded => {
            "the broker closed the connection: too many connections in too short a time"
        }
        DisconnectReasonCode::MaximumConnectTime => {
            "the broker closed the connection: none may last longer than this one did"
        }
        DisconnectReasonCode::UseAnotherServer => {
            "the broker closed the connection: another server is to be used for now"
        }
        DisconnectReasonCode::ServerMoved => "the broker closed the connection: it has moved to another server",
        DisconnectReasonCode::TopicFilterInvalid | DisconnectReasonCode::TopicNameInvalid => {
            "the broker closed the connection: a topic's name is not allowed"
        }
        DisconnectReasonCode::SharedSubscriptionNotSupported => {
            "the broker closed the connection: it serves no shared subscriptions"
        }
        DisconnectReasonCode::WildcardSubscriptionsNotSupported => {
            "the broker closed the connection: it serves no topics with wildcards"
        }
        DisconnectReasonCode::RetainNotSupported => "the broker closed the connection: it keeps no messages",
        DisconnectReasonCode::QoSNotSupported => "the broker closed the connection: it does not serve this QoS",
        DisconnectReasonCode::MalformedPacket
        | DisconnectReasonCode::ProtocolError
        | DisconnectReasonCode::TopicAliasInvalid
        | DisconnectReasonCode::PayloadFormatInvalid
        | DisconnectReasonCode::SubscriptionIdentifiersNotSupported => {
            "the broker closed the connection: it says that we broke the MQTT protocol"
        }
        DisconnectReasonCode::NormalDisconnection
        | DisconnectReasonCode::DisconnectWithWillMessage
        | DisconnectReasonCode::UnspecifiedError
        | DisconnectReasonCode::ImplementationSpecificError => CLOSED,
    }
}

/// Why a topic was refused, empty where no reason is given; `None`: it was not refused.
pub const fn refusal(code: SubscribeReasonCode) -> Option<&'static str> {
    Some(match code {
        SubscribeReasonCode::Success(_) => return None,
        SubscribeReasonCode::NotAuthorized => "not authorised",
        SubscribeReasonCode::TopicFilterInvalid => "the topic's name is not allowed",
        SubscribeReasonCode::QuotaExceeded => "a quota is used up",
        SubscribeReasonCode::SharedSubscriptionsNotSupported => "it serves no shared subscriptions",
        SubscribeReasonCode::WildcardSubscriptionsNotSupported => "it serves no topics with wildcards",
        SubscribeReasonCode::Failure
        | SubscribeReasonCode::Unspecified
        | SubscribeReasonCode::ImplementationSpecific
        | SubscribeReasonCode::PkidInUse
        | SubscribeReasonCode::SubscriptionIdNotSupported => "",
    })
}

/// Why a message of ours was refused; `None`: it was not.
pub const fn publish_refusal(code: PubAckReason) -> Option<&'static str> {
    Some(match code {
        PubAckReason::Success | PubAckReason::NoMatchingSubscribers => return None,
        PubAckReason::NotAuthorized => "not authorised",
        PubAckReason::TopicNameInvalid => "the topic's name is not allowed",
        PubAckReason::QuotaExceeded => "a quota is used up",
        PubAckReason::UnspecifiedError
        | PubAckReason::ImplementationSpecificError
        | PubAckReason::PacketIdentifierInUse
        | PubAckReason::PayloadFormatInvalid => "no reason was given",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_in_plain_words() {
        let sent = |e| ConnectionError::MqttState(StateError::Deserialization(e));
        let hung_up = |reason_code, reason: Option<&str>| {
            let reason_string = reason.map(str::to_owned);
            ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, reason_string })
        };
        let aborted = || ConnectionError::MqttState(StateError::ConnectionAborted);
        assert_eq!(loss(&aborted(), true, 1), "the broker closed the connection");
        assert_eq!(loss(&aborted(), false, 1), "the broker closed the connection at once; it may not speak MQTT 5");
        let old = sent(mqttbytes::Error::InvalidConnectReturnCode(1));
        assert_eq!(loss(&old, false, 1), "the broker does not speak MQTT 5: use mqtt-version = \"3.1.1\"");
        for (error, words) in [
            (ConnectionError::Io(io::ErrorKind::ConnectionRefused.into()), "connection refused"),
            (ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized), "not authorised"),
            (ConnectionError::ConnectionRefused(ConnectReturnCode::ServerBusy), "the broker is busy"),
            (ConnectionError::MqttState(StateError::AwaitPingResp), "the broker does not answer"),
            (hung_up(DisconnectReasonCode::ServerShuttingDown, None), "the broker is shutting down"),
            (hung_up(DisconnectReasonCode::ServerShuttingDown, Some(" \n")), "the broker is shutting down"),
            (
                hung_up(DisconnectReasonCode::NotAuthorized, Some("off\nhours")),
                "the broker closed the connection: not authorised (it says: offhours)",
            ),
            (
                sent(mqttbytes::Error::PayloadSizeLimitExceeded { pkt_size: 2_000_000, max: 1_048_576 }),
                "a message of 2000000 bytes is longer than max-packet allows (1048576 bytes)",
            ),
            (
                ConnectionError::MqttState(StateError::OutgoingPacketTooLarge { pkt_size: 300, max: 200 }),
                "the broker takes packets of 200 bytes at most, and one of ours has 300",
            ),
            (sent(mqttbytes::Error::MalformedPacket), "the other end sent what is no MQTT 5: packet is malformed"),
        ] {
            assert_eq!(loss(&error, true, 1_048_576), words);
        }
        let long = "x".repeat(10_000);
        assert!(loss(&hung_up(DisconnectReasonCode::ServerBusy, Some(&long)), true, 1).len() < 300);
    }

    #[test]
    fn a_refused_topic_says_why() {
        assert_eq!(refusal(SubscribeReasonCode::Success(rumqttc_v5::QoS::AtMostOnce)), None);
        assert_eq!(refusal(SubscribeReasonCode::NotAuthorized), Some("not authorised"));
        assert_eq!(refusal(SubscribeReasonCode::Unspecified), Some(""));
        assert_eq!(publish_refusal(PubAckReason::NotAuthorized), Some("not authorised"));
        assert_eq!(publish_refusal(PubAckReason::NoMatchingSubscribers), None);
    }
}
