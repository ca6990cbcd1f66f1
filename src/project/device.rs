//! A device: who answers, over which wire, and how patiently it is asked.

use super::{Places, Priority};
use crate::time::Span;

/// `[[device]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Unique without regard to case.
    pub name: String,
    /// Its name before this one: its figures' history and the states of its alarms follow.
    pub was: Option<String>,
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
    /// Modbus/TCP Security: Modbus/TCP over TLS.
    ModbusTls,
    /// Modbus RTU frames over TCP, by way of a serial device server.
    ModbusRtuOverTcp,
    /// Modbus RTU on a serial line.
    ModbusRtu,
    /// MQTT.
    Mqtt,
}

impl Protocol {
    /// As written in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ModbusTcp => "modbus-tcp",
            Self::ModbusTls => "modbus-tls",
            Self::ModbusRtuOverTcp => "modbus-rtu-over-tcp",
            Self::ModbusRtu => "modbus-rtu",
            Self::Mqtt => "mqtt",
        }
    }
}

/// What a driver needs to know of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Modbus, over whichever line.
    Modbus(ModbusSettings),
    /// MQTT over TCP, TLS or websockets.
    Mqtt(MqttSettings),
    /// At fault in the project; why, in words. It is not asked, and its tags are `bad:configuration`.
    Fault(String),
}

impl Endpoint {
    /// Over TLS: how.
    pub const fn tls(&self) -> Option<&TlsSettings> {
        match self {
            Self::Modbus(ModbusSettings { transport: Transport::Tls { tls, .. }, .. }) => Some(tls),
            Self::Mqtt(settings) => settings.tls.as_ref(),
            Self::Modbus(_) | Self::Fault(_) => None,
        }
    }
}

/// Over what Modbus goes, and so how its frames are told from one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// Modbus/TCP: frames with a transaction number and a length.
    Tcp {
        /// Host name or address.
        host: String,
        /// TCP port; 502 where none was written.
        port: u16,
    },
    /// Modbus/TCP Security: the same frames over TLS (MODBUS/TCP Security Protocol Specification, V3.6).
    Tls {
        /// Host name or address, as the other end's certificate bears it.
        host: String,
        /// TCP port; 802 where none was written.
        port: u16,
        /// Who is believed, and who we are.
        tls: TlsSettings,
    },
    /// Frames of a serial line, carried by TCP: no transaction number, and a check sum.
    RtuOverTcp {
        /// Host name or address.
        host: String,
        /// TCP port; 502 where none was written.
        port: u16,
    },
    /// A serial line of this computer.
    Serial(SerialSettings),
}

impl Transport {
    /// What two devices that share one line have in common, and no others: `192.168.1.10:502`, `/dev/ttyUSB0`.
    pub fn line(&self) -> String {
        match self {
            Self::Tcp { host, port } | Self::Tls { host, port, .. } | Self::RtuOverTcp { host, port } => {
                format!("{}:{port}", host.to_lowercase())
            }
            // COM3 and com3 are one port; in a folder, case tells files apart.
            Self::Serial(serial) if serial.path.starts_with('/') => serial.path.clone(),
            Self::Serial(serial) => serial.path.to_uppercase(),
        }
    }

    /// Whether frames bear a transaction number.
    pub const fn has_transactions(&self) -> bool {
        matches!(self, Self::Tcp { .. } | Self::Tls { .. })
    }
}

/// As a person writes it: `192.168.1.10:502`, `/dev/ttyUSB0`.
impl std::fmt::Display for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp { host, port } | Self::Tls { host, port, .. } | Self::RtuOverTcp { host, port } => {
                write!(f, "{host}:{port}")
            }
            Self::Serial(serial) => f.write_str(&serial.path),
        }
    }
}

/// A serial port and how it is set. Data bits are always eight: frames of Modbus RTU are whole bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialSettings {
    /// `/dev/ttyUSB0` or `COM3`.
    pub path: String,
    /// Bits a second, 50 to 4,000,000; default 19,200.
    pub baud: u32,
    /// Default none.
    pub parity: Parity,
    /// 1 or 2; default 1.
    pub stop_bits: u8,
}

impl SerialSettings {
    /// Bits that one byte takes: a start bit, eight of data, the parity and the stop bits.
    pub const fn bits_per_byte(&self) -> u32 {
        9 + self.stop_bits as u32 + if matches!(self.parity, Parity::None) { 0 } else { 1 }
    }

    /// How long `bytes` are on the line.
    pub const fn time_of(&self, bytes: u32) -> Span {
        let bits = bytes as u64 * self.bits_per_byte() as u64;
        Span((bits * 1_000_000).div_ceil(if self.baud == 0 { 1 } else { self.baud as u64 }) as i64)
    }

    /// The quiet that parts two frames: 3.5 bytes, and 1.75 ms above 19,200 baud (MODBUS over Serial Line V1.02, 2.5.1.1).
    pub const fn silence(&self) -> Span {
        if self.baud > 19_200 { Span(1_750) } else { Span((self.time_of(7).0 + 1) / 2) }
    }
}

/// `19200 8E1`, as it is said of serial lines.
impl std::fmt::Display for SerialSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} 8{}{}", self.baud, self.parity.letter(), self.stop_bits)
    }
}

/// The parity bit of a serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Parity {
    /// There is none.
    #[default]
    None,
    /// An even number of ones.
    Even,
    /// An odd number of ones.
    Odd,
}

impl Parity {
    /// As it is written between data and stop bits: N, E, O.
    pub const fn letter(self) -> char {
        match self {
            Self::None => 'N',
            Self::Even => 'E',
            Self::Odd => 'O',
        }
    }
}

/// Settings of one Modbus unit. Units of one line share one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModbusSettings {
    /// The line it is on.
    pub transport: Transport,
    /// Unit identifier; default 1. 0 to 255 over TCP, 1 to 247 where frames are a serial line's.
    pub unit_id: u8,
    /// Default poll interval of its tags; default 1 s.
    pub poll: Span,
    /// Time an answer may take, that of its bytes on a serial line not counted; default 1 s.
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
    /// Quirk: ask for each tag by itself.
    pub one_request_per_tag: bool,
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
    /// TCP port; 1883, or over TLS 8883, where none was written; for websockets 80 or 443.
    pub port: u16,
    /// Over TLS (`mqtts://`, `wss://`), and how.
    pub tls: Option<TlsSettings>,
    /// By way of a web server (`ws://`, `wss://`): the path there.
    pub websocket: Option<String>,
    /// Default 3.1.1, which every broker speaks.
    pub version: MqttVersion,
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
    /// Where it is told whether this program is connected; `None`: nowhere.
    pub status_topic: Option<String>,
}

/// The version of MQTT that is spoken with a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MqttVersion {
    /// 3.1.1.
    #[default]
    V3,
    /// 5.0.
    V5,
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
