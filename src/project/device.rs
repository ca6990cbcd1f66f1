//! A device: who answers, over which wire, and how patiently it is asked.

use super::{Places, Priority};
use crate::time::Span;

/// `[[device]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Unique without regard to case.
    pub name: String,
    /// The protocol and its settings.
    pub endpoint: Endpoint,
    /// As written, for people: `192.168.1.10:502`.
    pub address: String,
    /// The alarm `NAME/no-answer`.
    pub no_answer: NoAnswer,
    /// Where it was written.
    pub places: Places,
}

/// Protocols of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Modbus/TCP.
    ModbusTcp,
    /// Modbus RTU frames over TCP; not served yet.
    ModbusRtuOverTcp,
    /// Modbus RTU on a serial line; not served yet.
    ModbusRtu,
    /// MQTT 3.1.1.
    Mqtt,
}

impl Protocol {
    /// As written in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ModbusTcp => "modbus-tcp",
            Self::ModbusRtuOverTcp => "modbus-rtu-over-tcp",
            Self::ModbusRtu => "modbus-rtu",
            Self::Mqtt => "mqtt",
        }
    }
}

/// What a driver needs to know of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Modbus/TCP.
    ModbusTcp(ModbusSettings),
    /// MQTT over TCP, or over TLS.
    Mqtt(MqttSettings),
    /// Written in the contract and not served by this version: its tags are `bad:configuration`.
    Unserved(Protocol),
    /// At fault in the project; why, in words. It is not asked, and its tags are `bad:configuration`.
    Fault(String),
}

/// Settings of one Modbus unit. Units of one `host` and `port` share one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModbusSettings {
    /// Host name or address.
    pub host: String,
    /// TCP port; 502 where none was written.
    pub port: u16,
    /// Unit identifier, 0 to 255; default 1.
    pub unit_id: u8,
    /// Default poll interval of its tags; default 1 s.
    pub poll: Span,
    /// Time an answer may take; default 1 s.
    pub timeout: Span,
    /// Repetitions of a request before the device counts as gone; default 1.
    pub retries: u8,
    /// Most registers in one read, 1 to 125; bits are limited to sixteen times this, at most 2000.
    pub max_registers: u16,
    /// Unconfigured registers that one read may bridge; default 0.
    pub max_gap: u16,
    /// Quirk: wait after connecting before the first request.
    pub pause_after_connect: Span,
    /// Quirk: wait between requests.
    pub pause_between_requests: Span,
    /// Quirk: close the connection after each poll.
    pub close_after_poll: bool,
    /// Quirk: accept answers of another unit id.
    pub ignore_unit_mismatch: bool,
    /// Quirk: accept answers with another transaction id.
    pub ignore_transaction_mismatch: bool,
}

/// Settings of one MQTT connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MqttSettings {
    /// Host name or address.
    pub host: String,
    /// TCP port; 1883, or over TLS 8883, where none was written.
    pub port: u16,
    /// Over TLS (`mqtts://`), and how.
    pub tls: Option<TlsSettings>,
    /// As written; `None`: made from project, device and computer, and kept stable.
    pub client_id: Option<String>,
    /// User name.
    pub user: Option<String>,
    /// Name of the secret that holds the password; never the password.
    pub password_secret: Option<String>,
    /// Keep-alive; default 10 s.
    pub keep_alive: Span,
    /// Greatest packet taken, in bytes; default 1 MiB.
    pub max_packet_bytes: u32,
}

/// Who is believed, and who we are, on a connection over TLS. Files are PEM, their paths relative to the project's file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TlsSettings {
    /// The authorities that are believed; `None`: those of this computer.
    pub ca: Option<String>,
    /// Our own certificate and its key.
    pub identity: Option<(String, String)>,
}

/// The one alarm of a device that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    /// Default high.
    pub priority: Priority,
    /// Default 10 s.
    pub on_delay: Span,
    /// Default none.
    pub off_delay: Span,
    /// What to do, for the operator.
    pub response: Option<String>,
    /// What it means; default: `NAME does not answer`.
    pub message: Option<String>,
    /// Why it usually happens.
    pub cause: Option<String>,
    /// Where one click takes the operator.
    pub display: Option<String>,
}

impl Default for NoAnswer {
    fn default() -> Self {
        Self {
            priority: Priority::High,
            on_delay: Span::from_secs(10),
            off_delay: Span::ZERO,
            response: None,
            message: None,
            cause: None,
            display: None,
        }
    }
}
