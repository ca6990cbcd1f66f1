//! A tag: one named value, where it comes from, and how a raw number becomes it.

use super::Places;
use crate::time::Span;
use std::sync::Arc;

/// `[[tag]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    /// Parts joined by dots; unique without regard to case, which is kept.
    pub name: String,
    /// An earlier name: history and alarm states follow.
    pub was: Option<String>,
    /// What it measures.
    pub description: String,
    /// Where it comes from.
    pub source: Source,
    /// What the raw value is; decides words, display and exactness. Formulas are `f64` unless written.
    pub data_type: DataType,
    /// `value = raw * scale + offset`; `None`: as it came, integers exact.
    pub scale: Option<f64>,
    /// See `scale`.
    pub offset: Option<f64>,
    /// Raw span mapped onto `range`.
    pub raw: Option<[f64; 2]>,
    /// The register of the same device that holds a power of ten, by which the raw value is multiplied before all else.
    pub scale_register: Option<(Area, u16)>,
    /// Unit of the value, as shown.
    pub unit: String,
    /// The instrument's span, in units.
    pub range: Option<[f64; 2]>,
    /// Outside of it a value is `bad:out-of-range`.
    pub valid: Option<[f64; 2]>,
    /// Raw values that mean "no value".
    pub bad_values: Vec<f64>,
    /// The band shown as normal.
    pub normal: Option<[f64; 2]>,
    /// Name of the tag shown beside as setpoint.
    pub setpoint: Option<String>,
    /// Words for states.
    pub labels: Labels,
    /// Digits after the point; `None`: as many as the value needs, at most 3.
    pub decimals: Option<u8>,
    /// As written; the default depends on source and device and is in the plan.
    pub stale_after: Option<Span>,
    /// When a sample is recorded.
    pub record: RecordRule,
    /// In units.
    pub record_deadband: Option<f64>,
    /// Record at the latest after this.
    pub record_interval: Option<Span>,
    /// Retention of its own.
    pub keep: Option<Span>,
    /// Where it was written.
    pub places: Places,
}

/// Where a tag's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A register or bit of a Modbus device.
    Register(RegisterSource),
    /// A field of an MQTT topic.
    Topic(Arc<TopicSource>),
    /// Computed from other tags; the text as written.
    Formula(String),
    /// A figure of the device of this name, which the program itself makes: it stands in no file.
    Figure(String),
    /// At fault, or not served by this version; the reason in words. Such a tag is `bad:configuration`.
    Fault(String),
}

/// A Modbus source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterSource {
    /// Name of the device, as written.
    pub device: String,
    /// Which table.
    pub area: Area,
    /// Protocol address, from zero, `first-address` already taken off.
    pub address: u16,
    /// Order of bytes and words.
    pub order: Order,
    /// One bit of a word, 0 the least significant, after the order.
    pub bit: Option<u8>,
    /// Which half of a word a `u8` or `i8` is, after the order.
    pub byte: Option<ByteHalf>,
    /// Registers of a string.
    pub length: u16,
    /// Poll interval of its own.
    pub poll: Option<Span>,
}

/// A Modbus table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Function 01.
    Coil,
    /// Function 02.
    Discrete,
    /// Function 04.
    Input,
    /// Function 03.
    Holding,
}

impl Area {
    /// As written in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Coil => "coil",
            Self::Discrete => "discrete",
            Self::Input => "input",
            Self::Holding => "holding",
        }
    }

    /// Whether one address is one bit.
    pub const fn is_bits(self) -> bool {
        matches!(self, Self::Coil | Self::Discrete)
    }

    /// The number in Modicon's notation, 5 digits where they suffice: holding 100 is `40101`.
    pub fn modicon(self, address: u16) -> String {
        let head = match self {
            Self::Coil => 0_u32,
            Self::Discrete => 1,
            Self::Input => 3,
            Self::Holding => 4,
        };
        let number = u32::from(address) + 1;
        if number <= 9_999 { format!("{head}{number:04}") } else { format!("{head}{number:05}") }
    }
}

/// An MQTT source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSource {
    /// Name of the device, as written.
    pub device: String,
    /// Topic without wildcards, or `$share/GROUP/TOPIC`.
    pub topic: String,
    /// 0, 1 or 2.
    pub qos: u8,
    /// JSONPath; `None`: the payload is the value.
    pub path: Option<String>,
    /// A payload without the path.
    pub missing: Missing,
    /// A retained message.
    pub retained: Retained,
    /// A topic that says whether the sender lives.
    pub availability: Option<Availability>,
    /// JSONPath of the source time.
    pub time: Option<String>,
}

impl TopicSource {
    /// The topic that the messages of a subscription bear: of `$share/GROUP/TOPIC` the last part.
    pub fn bare(topic: &str) -> &str {
        let shared = topic.strip_prefix(SHARE).and_then(|rest| rest.split_once('/'));
        shared.map_or(topic, |(_, topic)| topic)
    }

    /// What is wrong with a topic that begins as a shared one does; `None`: nothing, or it is not shared.
    pub fn share_fault(topic: &str) -> Option<&'static str> {
        let rest = topic.strip_prefix(SHARE)?;
        match rest.split_once('/') {
            Some((group, topic)) if !group.is_empty() && !topic.is_empty() => None,
            _ => Some("names no group, or no topic in it"),
        }
    }
}

/// What a shared subscription begins with.
const SHARE: &str = "$share/";

/// `missing = …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// `bad:payload`.
    #[default]
    Bad,
    /// The last value stays and its age runs on.
    Keep,
}

/// `retained = …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retained {
    /// `uncertain:retained` until a live message comes.
    #[default]
    Uncertain,
    /// Taken as live.
    Good,
    /// Not taken at all.
    Ignore,
}

/// `availability = { topic, online, offline }`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Availability {
    /// The topic.
    pub topic: String,
    /// Payload that means alive.
    pub online: String,
    /// Payload that means gone.
    pub offline: String,
}

/// Types of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum DataType {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    #[default]
    F64,
    Bcd16,
    Bcd32,
    String,
}

impl DataType {
    /// Every type with its word, in the contract's order.
    pub const ALL: [(Self, &'static str); 15] = [
        (Self::Bool, "bool"),
        (Self::U8, "u8"),
        (Self::I8, "i8"),
        (Self::U16, "u16"),
        (Self::I16, "i16"),
        (Self::U32, "u32"),
        (Self::I32, "i32"),
        (Self::U64, "u64"),
        (Self::I64, "i64"),
        (Self::F16, "f16"),
        (Self::F32, "f32"),
        (Self::F64, "f64"),
        (Self::Bcd16, "bcd16"),
        (Self::Bcd32, "bcd32"),
        (Self::String, "string"),
    ];

    /// As written in the file.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(t, _)| *t == self).map_or("", |(_, word)| word)
    }

    /// Whole registers that one value takes; a string takes its length.
    pub const fn registers(self, string_length: u16) -> u16 {
        match self {
            Self::Bool | Self::U8 | Self::I8 | Self::U16 | Self::I16 | Self::F16 | Self::Bcd16 => 1,
            Self::U32 | Self::I32 | Self::F32 | Self::Bcd32 => 2,
            Self::U64 | Self::I64 | Self::F64 => 4,
            Self::String => string_length,
        }
    }
}

/// Byte orders; the letters name the value's bytes from the most significant, in the order they come over the wire.
/// Of 64 bits `CDAB` is words reversed and `DCBA` all bytes reversed; of 16 bits only the swap within counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// Big-endian, as the standard says.
    #[default]
    Abcd,
    /// Words swapped.
    Cdab,
    /// Bytes swapped within words.
    Badc,
    /// Little-endian.
    Dcba,
}

impl Order {
    /// Whether the bytes within each register are swapped.
    pub const fn swaps_bytes(self) -> bool {
        matches!(self, Self::Badc | Self::Dcba)
    }

    /// Whether the registers come least significant first.
    pub const fn reverses_words(self) -> bool {
        matches!(self, Self::Cdab | Self::Dcba)
    }
}

/// Half of a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByteHalf {
    /// The most significant eight bits.
    High,
    /// The least significant eight bits.
    Low,
}

/// Words for states, in the file's order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels(pub Vec<(i64, String)>);

impl Labels {
    /// The word of a state; `true` is 1, `false` is 0.
    pub fn word(&self, state: i64) -> Option<&str> {
        self.0.iter().find(|(s, _)| *s == state).map(|(_, word)| word.as_str())
    }
}

/// `record = …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordRule {
    /// Where the value or its quality changed.
    #[default]
    Change,
    /// Every sample.
    Always,
    /// None.
    Never,
}
