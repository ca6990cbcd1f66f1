//! What a scan is asked for. Addresses and settings are read by the project's own reader, so that what can be scanned can
//! be written into a project, and is refused in the same words.

use super::bisect::Range;
use super::snippet::quoted;
use crate::drivers::modbus::reply::Tolerance;
use crate::project::device::{ModbusSettings, Parity, TlsSettings};
use crate::project::{Area, Device, Endpoint, MqttSettings, MqttVersion, Protocol, Severity, Transport, file};
use crate::time::Span;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// All units of a serial line.
pub const UNITS: (u8, u8) = (1, 247);

/// Most topics that are kept unless somebody says otherwise, and at all.
pub const USUAL_TOPICS: usize = 10_000;
/// See [`USUAL_TOPICS`].
pub const MOST_TOPICS: usize = 100_000;

/// What to look for, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Units and what can be read of them.
    Modbus(ModbusRequest),
    /// Topics and what is in them.
    Mqtt(MqttRequest),
}

/// A scan of a Modbus line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModbusRequest {
    /// `192.168.1.10:502`, `/dev/ttyUSB0`, `COM3`.
    pub address: String,
    /// `None`: Modbus RTU where the address is a serial port, else Modbus/TCP.
    pub protocol: Option<Protocol>,
    /// Of a serial port; `None`: as a project that does not say it.
    pub baud: Option<u32>,
    /// Likewise.
    pub parity: Option<Parity>,
    /// Likewise; 1 or 2.
    pub stop_bits: Option<u8>,
    /// Files of `modbus-tls`.
    pub tls: TlsSettings,
    /// What they are relative to; empty: the working folder.
    pub folder: PathBuf,
    /// Quirk: wait after connecting before the first request.
    pub pause_after_connect: Span,
    /// Quirks: what is taken of an answer that is not quite one.
    pub tolerance: Tolerance,
    /// Which units are asked, in order.
    pub units: Vec<u8>,
    /// Which tables are looked into; none: units alone.
    pub tables: Vec<Area>,
    /// Which addresses of them.
    pub registers: Range,
    /// Between an answer and the next request.
    pub pause: Span,
    /// How long an answer may take.
    pub timeout: Span,
    /// Most requests for readable ranges, of all units together.
    pub most_requests: u32,
}

/// A scan of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MqttRequest {
    /// `broker:1883`, `mqtts://broker`, `wss://broker/mqtt`.
    pub address: String,
    /// In which version it is spoken to.
    pub version: MqttVersion,
    /// Who signs in.
    pub user: Option<String>,
    /// Name of the secret that is the password.
    pub password_secret: Option<String>,
    /// Files of TLS.
    pub tls: TlsSettings,
    /// What they are relative to; empty: the working folder.
    pub folder: PathBuf,
    /// What is subscribed.
    pub topics: Vec<String>,
    /// How long it listens.
    pub listen: Span,
    /// Most topics that are kept.
    pub most_topics: usize,
}

impl Request {
    /// A scan of a device of a project, reached as the project says; its files are in `folder`. `None`: it is at fault there.
    pub fn of_device(device: &Device, folder: &Path) -> Option<Self> {
        let folder = folder.to_owned();
        match &device.endpoint {
            Endpoint::Modbus(settings) => {
                Some(Self::Modbus(ModbusRequest { folder, ..ModbusRequest::of_device(&device.address, settings) }))
            }
            Endpoint::Mqtt(settings) => Some(Self::Mqtt(MqttRequest {
                version: settings.version,
                user: settings.user.clone(),
                password_secret: settings.password_secret.clone(),
                tls: settings.tls.clone().unwrap_or_default(),
                folder,
                ..MqttRequest::new(&device.address)
            })),
            Endpoint::Fault(_) => None,
        }
    }
}

impl ModbusRequest {
    /// The one unit of a device.
    fn of_device(address: &str, settings: &ModbusSettings) -> Self {
        let usual = Self::new(address);
        let made = Self {
            units: vec![settings.unit_id],
            pause: settings.pause_between_requests.max(usual.pause),
            timeout: settings.timeout,
            pause_after_connect: settings.pause_after_connect,
            tolerance: Tolerance {
                unit: settings.ignore_unit_mismatch,
                transaction: settings.ignore_transaction_mismatch,
            },
            ..usual
        };
        match &settings.transport {
            Transport::Tcp { .. } => Self { protocol: Some(Protocol::ModbusTcp), ..made },
            Transport::RtuOverTcp { .. } => Self { protocol: Some(Protocol::ModbusRtuOverTcp), ..made },
            Transport::Tls { tls, .. } => Self { protocol: Some(Protocol::ModbusTls), tls: tls.clone(), ..made },
            Transport::Serial(serial) => Self {
                protocol: Some(Protocol::ModbusRtu),
                baud: Some(serial.baud),
                parity: Some(serial.parity),
                stop_bits: Some(serial.stop_bits),
                ..made
            },
        }
    }

    /// Gently, all units and the first ten thousand addresses of each table.
    pub fn new(address: &str) -> Self {
        Self {
            address: address.trim().to_owned(),
            protocol: None,
            baud: None,
            parity: None,
            stop_bits: None,
            tls: TlsSettings::default(),
            folder: PathBuf::new(),
            pause_after_connect: Span::ZERO,
            tolerance: Tolerance::default(),
            units: (UNITS.0..=UNITS.1).collect(),
            tables: vec![Area::Holding, Area::Input, Area::Coil, Area::Discrete],
            registers: (0, 9_999),
            pause: Span::from_millis(20),
            timeout: Span::from_millis(300),
            most_requests: 2_000,
        }
    }

    /// The protocol, where none was said by what the address looks like.
    pub fn protocol(&self) -> Protocol {
        let port = self.address.strip_prefix(r"\\.\").unwrap_or(&self.address);
        let com = port.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("com"))
            && port.get(3..).is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
        self.protocol.unwrap_or(if com || self.address.starts_with('/') {
            Protocol::ModbusRtu
        } else {
            Protocol::ModbusTcp
        })
    }

    /// What stands in a project for the line of this device.
    pub fn lines(&self) -> String {
        let mut lines = format!("protocol = \"{}\"\naddress = {}\n", self.protocol().word(), quoted(&self.address));
        // Writing to a string cannot fail.
        if let Some(baud) = self.baud {
            let _written = writeln!(lines, "baud = {baud}");
        }
        if let Some(parity) = self.parity {
            let word = match parity {
                Parity::None => "none",
                Parity::Even => "even",
                Parity::Odd => "odd",
            };
            let _written = writeln!(lines, "parity = \"{word}\"");
        }
        if let Some(bits) = self.stop_bits {
            let _written = writeln!(lines, "stop-bits = {bits}");
        }
        lines.push_str(&tls_lines(&self.tls));
        if self.pause_after_connect > Span::ZERO {
            let _written = writeln!(lines, "pause-after-connect = \"{}\"", self.pause_after_connect);
        }
        let Tolerance { unit, transaction } = self.tolerance;
        for (key, _) in
            [("ignore-unit-mismatch", unit), ("ignore-transaction-mismatch", transaction)].iter().filter(|(_, on)| *on)
        {
            let _written = writeln!(lines, "{key} = true");
        }
        lines
    }

    /// The line that is meant.
    ///
    /// # Errors
    /// What is wrong with the address, the settings or the units, and what would be right.
    pub fn transport(&self) -> Result<Transport, String> {
        let Endpoint::Modbus(settings) = endpoint(&self.lines())? else {
            return Err(format!("{} is no protocol of Modbus", self.protocol().word()));
        };
        if self.units.is_empty() {
            return Err("no unit is to be asked; write units like 1-247".to_owned());
        }
        if let Some(unit) = self.units.iter().find(|unit| !(UNITS.0..=UNITS.1).contains(unit))
            && !settings.transport.has_transactions()
        {
            return Err(format!("unit {unit} is none that a serial line has; its units are 1 to 247"));
        }
        Ok(settings.transport)
    }
}

impl MqttRequest {
    /// All topics for ten seconds.
    pub fn new(address: &str) -> Self {
        Self {
            address: address.trim().to_owned(),
            version: MqttVersion::V3,
            user: None,
            password_secret: None,
            tls: TlsSettings::default(),
            folder: PathBuf::new(),
            topics: vec!["#".to_owned()],
            listen: Span::from_secs(10),
            most_topics: USUAL_TOPICS,
        }
    }

    /// What stands in a project for this broker.
    pub fn lines(&self) -> String {
        let scheme = if self.address.contains("://") { "" } else { "mqtt://" };
        let mut lines = format!("protocol = \"mqtt\"\naddress = {}\n", quoted(&format!("{scheme}{}", self.address)));
        if self.version == MqttVersion::V5 {
            lines.push_str("mqtt-version = \"5\"\n");
        }
        lines.push_str(&tls_lines(&self.tls));
        if let Some(user) = &self.user {
            let _written = writeln!(lines, "user = {}", quoted(user));
        }
        if let Some(secret) = &self.password_secret {
            let _written = writeln!(lines, "password = {{ secret = {} }}", quoted(secret));
        }
        lines
    }

    /// The broker that is meant.
    ///
    /// # Errors
    /// What is wrong with the address, the settings or the topics, and what would be right.
    pub fn settings(&self) -> Result<MqttSettings, String> {
        let Endpoint::Mqtt(settings) = endpoint(&self.lines())? else {
            return Err("this is no broker".to_owned());
        };
        // MQTT 3.1.1, 3.1.2.9.
        if settings.password_secret.is_some() && settings.user.is_none() && settings.version == MqttVersion::V3 {
            return Err("a password is given and no user; say both, or speak MQTT 5".to_owned());
        }
        if self.topics.is_empty() {
            return Err("no topic is to be listened to; \"#\" is all of them".to_owned());
        }
        if let Some(topic) = self.topics.iter().find(|topic| !is_filter(topic)) {
            return Err(format!("\"{topic}\" is no filter of topics; write it like site/# or site/+/state"));
        }
        Ok(settings)
    }
}

fn tls_lines(tls: &TlsSettings) -> String {
    let identity = tls.identity.as_ref();
    let files =
        [("ca", tls.ca.as_ref()), ("cert", identity.map(|(cert, _)| cert)), ("key", identity.map(|(_, key)| key))];
    let line = |(key, file): (&str, Option<&String>)| Some(format!("{key} = {}\n", quoted(file?)));
    files.into_iter().filter_map(line).collect()
}

/// Whether a broker would take it: `#` is last and alone on its level, `+` alone on its own (MQTT 3.1.1, 4.7.1).
fn is_filter(text: &str) -> bool {
    let levels: Vec<&str> = text.split('/').collect();
    let whole = |(i, level): (usize, &&str)| match *level {
        "#" => i + 1 == levels.len(),
        "+" => true,
        level => !level.contains(['#', '+']),
    };
    !text.is_empty() && text.len() <= 65_535 && !text.contains('\0') && levels.iter().enumerate().all(whole)
}

/// What the project's reader makes of a device with these lines.
fn endpoint(lines: &str) -> Result<Endpoint, String> {
    let text = format!("watchkeeper = {}\nname = \"scan\"\n\n[[device]]\nname = \"device\"\n{lines}", file::FORMAT);
    let (project, issues) = file::read(text.as_bytes());
    if let Some(issue) = issues.iter().find(|issue| issue.severity == Severity::Error) {
        return Err(format!("{}; {}", issue.message, issue.mend));
    }
    let device = project.devices.first().ok_or_else(|| "no address was given".to_owned())?;
    Ok(device.endpoint.clone())
}

/// Units as people write them: `1-247`, `1,3,10-20`.
///
/// # Errors
/// What is none.
pub fn units_from(text: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("\"{text}\" is no list of units; write it like 1-247 or 1,3,10-20");
    let mut units = std::collections::BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let number = |word: &str| word.trim().parse::<u8>().map_err(|_no_number| wrong());
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(wrong());
        }
        units.extend(first..=last);
    }
    Ok(units.into_iter().collect())
}

/// Addresses as people write them: `0-9999`, `40000-40200`.
///
/// # Errors
/// What is none.
pub fn registers_from(text: &str) -> Result<Range, String> {
    let wrong = || format!("\"{text}\" is no range of registers; write it like 0-9999, counted from zero");
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |word: &str| word.trim().parse::<u16>().map_err(|_no_number| wrong());
    let range = (number(first)?, number(last)?);
    if range.0 > range.1 { Err(wrong()) } else { Ok(range) }
}

/// Tables as people write them: `holding,input`.
///
/// # Errors
/// What is none.
pub fn tables_from(text: &str) -> Result<Vec<Area>, String> {
    let all = [Area::Holding, Area::Input, Area::Coil, Area::Discrete];
    if text.trim() == "none" {
        return Ok(Vec::new());
    }
    let mut tables = Vec::new();
    for word in text.split(',').map(str::trim) {
        let area = all.into_iter().find(|area| area.word() == word);
        let area = area.ok_or_else(|| {
            format!("\"{word}\" is no table; write holding, input, coil, discrete, or none for the units alone")
        })?;
        if !tables.contains(&area) {
            tables.push(area);
        }
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_its_protocol() {
        for (address, protocol) in [
            ("192.168.1.10:502", Protocol::ModbusTcp),
            ("com.example:502", Protocol::ModbusTcp),
            ("/dev/ttyUSB0", Protocol::ModbusRtu),
            ("COM3", Protocol::ModbusRtu),
            (r"\\.\com12", Protocol::ModbusRtu),
            ("combox", Protocol::ModbusTcp),
        ] {
            assert_eq!(ModbusRequest::new(address).protocol(), protocol, "{address}");
        }
        let request = ModbusRequest { protocol: Some(Protocol::ModbusRtuOverTcp), ..ModbusRequest::new("host:4001") };
        assert_eq!(request.transport(), Ok(Transport::RtuOverTcp { host: "host".to_owned(), port: 4001 }));
    }

    #[test]
    fn what_is_wrong_is_told_as_in_a_project() {
        let tcp = ModbusRequest::new("192.168.1.300");
        assert!(tcp.transport().unwrap_err().contains("is no address; write host and port"));
        let serial = ModbusRequest { units: vec![1, 250], ..ModbusRequest::new("/dev/ttyS0") };
        assert!(serial.transport().unwrap_err().contains("unit 250"));
        assert!(ModbusRequest { units: vec![0, 255], ..ModbusRequest::new("host") }.transport().is_ok());
        let ca = TlsSettings { ca: Some("ca.pem".to_owned()), ..TlsSettings::default() };
        let tls = ModbusRequest { protocol: Some(Protocol::ModbusTls), tls: ca.clone(), ..ModbusRequest::new("host") };
        assert_eq!(tls.transport(), Ok(Transport::Tls { host: "host".to_owned(), port: 802, tls: ca.clone() }));
        assert!(ModbusRequest { tls: ca, ..ModbusRequest::new("host") }.transport().is_err());
        assert!(ModbusRequest { baud: Some(9_600), ..ModbusRequest::new("host") }.transport().is_err());
        let serial = ModbusRequest { baud: Some(9_600), parity: Some(Parity::Even), ..ModbusRequest::new("COM3") };
        assert!(matches!(serial.transport(), Ok(Transport::Serial(s)) if s.to_string() == "9600 8E1"));
        let mqtt = |address: &str| MqttRequest::new(address).settings();
        assert_eq!(mqtt("broker").map(|s| (s.host, s.port, s.tls.is_some())), Ok(("broker".to_owned(), 1883, false)));
        assert_eq!(mqtt("mqtts://broker").map(|s| (s.port, s.tls.is_some())), Ok((8883, true)));
        assert!(mqtt("http://broker").unwrap_err().contains("no scheme"));
        assert_eq!(mqtt("ws://broker").map(|s| (s.port, s.websocket.is_some())), Ok((80, true)));
        assert!(mqtt("me:secret@broker").is_err());
        let topics = MqttRequest { topics: vec!["a/#/b".to_owned()], ..MqttRequest::new("broker") };
        assert!(topics.settings().unwrap_err().contains("is no filter"));
        let user = MqttRequest { password_secret: Some("site".to_owned()), ..MqttRequest::new("broker") };
        assert!(user.settings().unwrap_err().contains("no user"));
        assert!(MqttRequest { version: MqttVersion::V5, ..user }.settings().is_ok(), "MQTT 5 takes a password alone");
    }

    #[test]
    fn a_device_of_a_project_is_asked_with_its_own_settings() {
        let devices = [
            "protocol = \"modbus-tcp\"\naddress = \"plc\"\nunit-id = 7\ntimeout = \"2s\"\npause-after-connect = \"500ms\"\n\
             pause-between-requests = \"50ms\"\nignore-unit-mismatch = true\nignore-transaction-mismatch = true\n",
            "protocol = \"modbus-tls\"\naddress = \"plc:803\"\nca = \"ca.pem\"\ncert = \"our.pem\"\nkey = \"our.key\"\n",
            "protocol = \"modbus-rtu-over-tcp\"\naddress = \"converter:4001\"\n",
            "protocol = \"modbus-rtu\"\naddress = \"/dev/ttyUSB0\"\nbaud = 9600\nparity = \"even\"\nstop-bits = 2\n",
            "protocol = \"mqtt\"\naddress = \"wss://broker/mqtt\"\nmqtt-version = \"5\"\nca = \"ca.pem\"\nuser = \"me\"\n\
             password = { secret = \"site\" }\n",
        ];
        for lines in devices {
            let text = format!("watchkeeper = 1\nname = \"x\"\n[[device]]\nname = \"d\"\n{lines}");
            let (project, issues) = file::read(text.as_bytes());
            assert!(!issues.iter().any(|issue| issue.severity == Severity::Error), "{issues:?}");
            let device = &project.devices[0];
            let request = Request::of_device(device, Path::new("/plant")).unwrap();
            match (&request, &device.endpoint) {
                (Request::Modbus(request), Endpoint::Modbus(settings)) => {
                    assert_eq!(request.transport().as_ref(), Ok(&settings.transport));
                    assert_eq!((&request.units[..], request.timeout), (&[settings.unit_id][..], settings.timeout));
                    assert_eq!(request.folder, Path::new("/plant"));
                    // What is taken along as a project is reached in the same way.
                    let Ok(Endpoint::Modbus(again)) = endpoint(&request.lines()) else { panic!("{}", request.lines()) };
                    assert_eq!(again.pause_after_connect, settings.pause_after_connect);
                    assert_eq!(again.ignore_unit_mismatch, settings.ignore_unit_mismatch);
                    assert_eq!(again.ignore_transaction_mismatch, settings.ignore_transaction_mismatch);
                }
                (Request::Mqtt(request), Endpoint::Mqtt(settings)) => {
                    assert_eq!(request.settings().as_ref(), Ok(settings));
                    assert_eq!(request.folder, Path::new("/plant"));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn lists_are_read_as_they_are_written() {
        assert_eq!(units_from("1-3,247, 2"), Ok(vec![1, 2, 3, 247]));
        assert_eq!(registers_from("40000-40010"), Ok((40_000, 40_010)));
        assert_eq!(registers_from("7"), Ok((7, 7)));
        assert_eq!(tables_from("input, coil,input"), Ok(vec![Area::Input, Area::Coil]));
        assert_eq!(tables_from("none"), Ok(vec![]));
        for wrong in ["", "3-1", "256", "1..3", "-"] {
            assert!(units_from(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "9-1", "70000", "a-b"] {
            assert!(registers_from(wrong).is_err(), "{wrong}");
        }
        assert!(tables_from("holding;input").unwrap_err().contains("is no table"));
    }
}
