//! Every key of the project file, once: the reader knows no others, and the user's document is tested against this list.

/// A key of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As written.
    pub name: &'static str,
    /// What its value may be. The reader asks for no other: a debug build stops where it does.
    pub shape: Shape,
    /// Where it belongs: protocols of a device, sources of a tag, kinds of an alarm or panel. Empty: everywhere.
    pub only: &'static [&'static str],
}

/// What the value of a key may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The number of the format.
    Format,
    /// Text, which may be empty.
    Text,
    /// Text with at least one letter in it.
    Filled,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// A number, or `false` for none.
    NumberOrNone,
    /// A whole number, from the first to the second.
    Whole(i64, i64),
    /// Two numbers.
    Pair,
    /// Numbers.
    Numbers,
    /// Texts.
    Texts,
    /// `"5s"`.
    Duration,
    /// `"1MiB"`.
    Size,
    /// `"06:00"`.
    TimeOfDay,
    /// `"holding:100"`, `"40101"`.
    Register,
    /// `true`, `false` or a whole number.
    State,
    /// A number, or `"2%"`.
    Deadband,
    /// Words for states.
    Labels,
    /// Column, row, width and height.
    At,
    /// A table with these keys.
    Table(&'static Table),
    /// Any number of tables with these keys.
    Tables(&'static Table),
    /// Texts, numbers and truths under any names.
    Values,
    /// Any number of such tables, each of which may also say by how much it is moved.
    With,
}

use Shape::{
    At, Deadband, Duration, Filled, Flag, Format, Labels, Number, NumberOrNone, Numbers, Pair, Register, Size, State,
    Tables, Text, Texts, TimeOfDay, Whole, Word,
};

/// The keys of one table of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// As its header is written: `[[tag]]`; empty for the file itself.
    pub header: &'static str,
    /// What one of it is called in a message.
    pub noun: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

const fn any(name: &'static str, shape: Shape) -> Key {
    Key { name, shape, only: &[] }
}

const fn only(name: &'static str, shape: Shape, only: &'static [&'static str]) -> Key {
    Key { name, shape, only }
}

const MODBUS: &[&str] = &["modbus-tcp", "modbus-tls", "modbus-rtu-over-tcp", "modbus-rtu"];
const SECURE: &[&str] = &["mqtt", "modbus-tls"];
const SERIAL: &[&str] = &["modbus-rtu"];
const MQTT: &[&str] = &["mqtt"];
const REGISTER: &[&str] = &["register"];
const TOPIC: &[&str] = &["topic"];
const FIELD: &[&str] = &["register", "topic"];
const LIMITS: &[&str] = &["high-high", "high", "low", "low-low", "rate", "deviation"];
const TAGGED: &[&str] = &["value", "gauge", "bar", "tank", "lamp", "spark"];
const SIDE_BY_SIDE: &[&str] = &["value", "bar", "tank", "lamp", "spark"];

const PLACED: &[&str] = &["value", "bar", "tank", "lamp", "valve", "pump"];
const SWITCHED: &[&str] = &["lamp", "valve", "pump", "pipe"];

const PROTOCOLS: &[&str] = &["modbus-tcp", "modbus-tls", "modbus-rtu-over-tcp", "modbus-rtu", "mqtt"];
const ORDERS: &[&str] = &["ABCD", "CDAB", "BADC", "DCBA"];
const PRIORITIES: &[&str] = &["critical", "high", "medium", "low"];
const TYPES: &[&str] =
    &["bool", "u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "f16", "f32", "f64", "bcd16", "bcd32", "string"];
const ALARM_KINDS: &[&str] = &["high-high", "high", "low", "low-low", "rate", "deviation", "state", "quality"];
const PANEL_KINDS: &[&str] = &[
    "value", "gauge", "bar", "tank", "lamp", "spark", "trend", "alarms", "journal", "devices", "text", "image", "mimic",
];

/// The file itself.
pub const PROJECT: Table = Table {
    header: "",
    noun: "the project",
    keys: &[
        any("watchkeeper", Format),
        any("name", Filled),
        any("time-zone", Filled),
        any("history", Shape::Table(&HISTORY)),
        any("shift", Tables(&SHIFT)),
        any("device", Tables(&DEVICE)),
        any("tag", Tables(&TAG)),
        any("alarm", Tables(&ALARM)),
        any("display", Tables(&DISPLAY)),
        any("template", Tables(&TEMPLATE)),
        any("use", Tables(&USE)),
    ],
};

/// `[history]`.
pub const HISTORY: Table = Table {
    header: "[history]",
    noun: "history",
    keys: &[any("path", Filled), any("keep", Duration), any("max-size", Size), any("journal-keep", Duration)],
};

/// `[[shift]]`.
pub const SHIFT: Table =
    Table { header: "[[shift]]", noun: "a shift", keys: &[any("name", Filled), any("start", TimeOfDay)] };

/// `[[device]]`.
pub const DEVICE: Table = Table {
    header: "[[device]]",
    noun: "a device",
    keys: &[
        any("name", Filled),
        any("was", Filled),
        any("protocol", Word(PROTOCOLS)),
        any("address", Filled),
        any("no-answer", Shape::Table(&NO_ANSWER)),
        only("unit-id", Whole(0, 255), MODBUS),
        only("poll", Duration, MODBUS),
        only("timeout", Duration, MODBUS),
        only("retries", Whole(0, 20), MODBUS),
        only("order", Word(ORDERS), MODBUS),
        only("first-address", Whole(0, 1), MODBUS),
        only("max-registers", Whole(1, 125), MODBUS),
        only("max-gap", Whole(0, 124), MODBUS),
        only("pause-after-connect", Duration, MODBUS),
        only("pause-between-requests", Duration, MODBUS),
        only("close-after-poll", Flag, MODBUS),
        only("one-request-per-tag", Flag, MODBUS),
        only("ignore-unit-mismatch", Flag, MODBUS),
        only("ignore-transaction-mismatch", Flag, MODBUS),
        only("baud", Whole(50, 4_000_000), SERIAL),
        only("data-bits", Whole(5, 8), SERIAL),
        only("parity", Word(&["none", "even", "odd"]), SERIAL),
        only("stop-bits", Whole(1, 2), SERIAL),
        only("mqtt-version", Word(&["3.1.1", "5"]), MQTT),
        only("client-id", Filled, MQTT),
        only("user", Filled, MQTT),
        only("password", Shape::Table(&PASSWORD), MQTT),
        only("ca", Filled, SECURE),
        only("cert", Filled, SECURE),
        only("key", Filled, SECURE),
        only("keep-alive", Duration, MQTT),
        only("max-packet", Size, MQTT),
        only("status-topic", Filled, MQTT),
    ],
};

/// `no-answer = { … }` of a device.
pub const NO_ANSWER: Table = Table {
    header: "no-answer",
    noun: "no-answer",
    keys: &[
        any("priority", Word(PRIORITIES)),
        any("on-delay", Duration),
        any("off-delay", Duration),
        any("message", Filled),
        any("cause", Filled),
        any("response", Filled),
        any("display", Filled),
    ],
};

/// `password = { … }` of a device.
pub const PASSWORD: Table = Table { header: "password", noun: "password", keys: &[any("secret", Filled)] };

/// `[[tag]]`.
pub const TAG: Table = Table {
    header: "[[tag]]",
    noun: "a tag",
    keys: &[
        any("name", Filled),
        any("was", Filled),
        any("description", Text),
        only("device", Filled, FIELD),
        only("register", Register, REGISTER),
        only("topic", Filled, TOPIC),
        only("formula", Filled, &["formula"]),
        any("type", Word(TYPES)),
        only("order", Word(ORDERS), REGISTER),
        only("bit", Whole(0, 15), REGISTER),
        only("byte", Word(&["high", "low"]), REGISTER),
        only("length", Whole(1, 125), REGISTER),
        only("repeat", Shape::Table(&REPEAT), REGISTER),
        only("poll", Duration, REGISTER),
        only("qos", Whole(0, 2), TOPIC),
        only("path", Filled, TOPIC),
        only("missing", Word(&["bad", "keep"]), TOPIC),
        only("retained", Word(&["uncertain", "good", "ignore"]), TOPIC),
        only("availability", Shape::Table(&AVAILABILITY), TOPIC),
        only("time", Filled, TOPIC),
        only("scale", Number, FIELD),
        only("offset", Number, FIELD),
        only("raw", Pair, FIELD),
        only("scale-register", Register, REGISTER),
        only("bad-values", Numbers, FIELD),
        any("unit", Text),
        any("range", Pair),
        any("valid", Pair),
        any("normal", Pair),
        any("setpoint", Filled),
        any("labels", Labels),
        any("decimals", Whole(0, 9)),
        any("stale-after", Duration),
        any("record", Word(&["change", "always", "never"])),
        any("record-deadband", Number),
        any("record-interval", Duration),
        any("keep", Duration),
        any("alarm", Tables(&ALARM)),
    ],
};

/// `repeat = { … }` of a tag.
pub const REPEAT: Table = Table {
    header: "repeat",
    noun: "an array of tags",
    keys: &[any("from", Whole(0, 65_535)), any("to", Whole(0, 65_535)), any("step", Whole(1, 65_535))],
};

/// `availability = { … }` of a tag.
pub const AVAILABILITY: Table = Table {
    header: "availability",
    noun: "availability",
    keys: &[any("topic", Filled), any("online", Text), any("offline", Text)],
};

/// `[[alarm]]` and `[[tag.alarm]]`.
pub const ALARM: Table = Table {
    header: "[[alarm]]",
    noun: "an alarm",
    keys: &[
        any("tag", Filled),
        any("name", Filled),
        any("was", Filled),
        any("kind", Word(ALARM_KINDS)),
        only("limit", Number, LIMITS),
        only("limits", Tables(&LIMITS_ROW), LIMITS),
        only("when", State, &["state"]),
        only("over", Duration, &["rate"]),
        only("direction", Word(&["rising", "falling", "either"]), &["rate"]),
        only("from", Filled, &["deviation"]),
        only("deadband", Deadband, LIMITS),
        any("on-delay", Duration),
        any("off-delay", Duration),
        any("priority", Word(PRIORITIES)),
        any("latch", Flag),
        any("group", Filled),
        any("suppress-when", Filled),
        any("message", Filled),
        any("cause", Filled),
        any("consequence", Filled),
        any("response", Filled),
        any("display", Filled),
    ],
};

/// A row of `limits = [{ when, limit }]` of an alarm.
pub const LIMITS_ROW: Table =
    Table { header: "limits", noun: "a row of limits", keys: &[any("when", Filled), any("limit", NumberOrNone)] };

/// `[[display]]`.
pub const DISPLAY: Table = Table {
    header: "[[display]]",
    noun: "a display",
    keys: &[
        any("name", Filled),
        any("was", Filled),
        any("parent", Filled),
        any("columns", Whole(1, 240)),
        any("panel", Tables(&PANEL)),
        any("use", Tables(&USE)),
    ],
};

/// `[[display.panel]]`.
pub const PANEL: Table = Table {
    header: "[[display.panel]]",
    noun: "a panel",
    keys: &[
        any("kind", Word(PANEL_KINDS)),
        any("at", At),
        any("title", Text),
        only("tag", Filled, TAGGED),
        only("tags", Texts, SIDE_BY_SIDE),
        only("span", Duration, &["trend", "spark"]),
        only("pens", Tables(&PEN), &["trend"]),
        only("text", Text, &["text"]),
        only("file", Filled, &["image"]),
        only("fit", Word(&["contain", "cover"]), &["image"]),
        only("colours", Word(&["theme", "own"]), &["image", "mimic"]),
        only("drawing", Filled, &["mimic"]),
        only("item", Tables(&ITEM), &["mimic"]),
        only("use", Tables(&USE), &["mimic"]),
    ],
};

/// `[[display.panel.item]]` of a mimic.
pub const ITEM: Table = Table {
    header: "[[display.panel.item]]",
    noun: "an item",
    keys: &[
        any("kind", Word(&["value", "bar", "tank", "lamp", "valve", "pump", "pipe"])),
        any("tag", Filled),
        any("element", Filled),
        only("at", Numbers, PLACED),
        only("points", Numbers, &["pipe"]),
        any("title", Text),
        only("on", State, SWITCHED),
        only("facing", Word(&["right", "left", "up", "down"]), &["pump"]),
    ],
};

/// A pen of `pens`.
pub const PEN: Table =
    Table { header: "pens", noun: "a pen", keys: &[any("tag", Filled), any("axis", Word(&["left", "right"]))] };

/// `[[template]]`.
pub const TEMPLATE: Table = Table {
    header: "[[template]]",
    noun: "a template",
    keys: &[
        any("name", Filled),
        any("parameters", Texts),
        any("defaults", Shape::Values),
        any("tag", Tables(&TAG)),
        any("alarm", Tables(&ALARM)),
        any("panel", Tables(&PANEL)),
        any("item", Tables(&ITEM)),
    ],
};

/// `[[use]]`, `[[display.use]]` and `[[display.panel.use]]`.
pub const USE: Table =
    Table { header: "[[use]]", noun: "a use", keys: &[any("template", Filled), any("with", Shape::With)] };

/// Every table, in the document's order.
pub const TABLES: [Table; 17] = [
    PROJECT,
    HISTORY,
    SHIFT,
    DEVICE,
    NO_ANSWER,
    PASSWORD,
    TAG,
    REPEAT,
    AVAILABILITY,
    ALARM,
    LIMITS_ROW,
    DISPLAY,
    PANEL,
    ITEM,
    PEN,
    TEMPLATE,
    USE,
];

impl Table {
    /// The key of this name.
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|k| k.name == name)
    }
}
