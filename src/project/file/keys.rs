//! Every key of the project file, once: the reader knows no others, and the user's document is tested against this list.

/// A key of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As written.
    pub name: &'static str,
    /// Where it belongs: protocols of a device, sources of a tag, kinds of an alarm or panel. Empty: everywhere.
    pub only: &'static [&'static str],
}

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

const fn any(name: &'static str) -> Key {
    Key { name, only: &[] }
}

const fn only(name: &'static str, only: &'static [&'static str]) -> Key {
    Key { name, only }
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

/// The file itself.
pub const PROJECT: Table = Table {
    header: "",
    noun: "the project",
    keys: &[
        any("watchkeeper"),
        any("name"),
        any("time-zone"),
        any("history"),
        any("shift"),
        any("device"),
        any("tag"),
        any("alarm"),
        any("display"),
    ],
};

/// `[history]`.
pub const HISTORY: Table = Table {
    header: "[history]",
    noun: "history",
    keys: &[any("path"), any("keep"), any("max-size"), any("journal-keep")],
};

/// `[[shift]]`.
pub const SHIFT: Table = Table { header: "[[shift]]", noun: "a shift", keys: &[any("name"), any("start")] };

/// `[[device]]`.
pub const DEVICE: Table = Table {
    header: "[[device]]",
    noun: "a device",
    keys: &[
        any("name"),
        any("protocol"),
        any("address"),
        any("no-answer"),
        only("unit-id", MODBUS),
        only("poll", MODBUS),
        only("timeout", MODBUS),
        only("retries", MODBUS),
        only("order", MODBUS),
        only("first-address", MODBUS),
        only("max-registers", MODBUS),
        only("max-gap", MODBUS),
        only("pause-after-connect", MODBUS),
        only("pause-between-requests", MODBUS),
        only("close-after-poll", MODBUS),
        only("one-request-per-tag", MODBUS),
        only("ignore-unit-mismatch", MODBUS),
        only("ignore-transaction-mismatch", MODBUS),
        only("baud", SERIAL),
        only("data-bits", SERIAL),
        only("parity", SERIAL),
        only("stop-bits", SERIAL),
        only("mqtt-version", MQTT),
        only("client-id", MQTT),
        only("user", MQTT),
        only("password", MQTT),
        only("ca", SECURE),
        only("cert", SECURE),
        only("key", SECURE),
        only("keep-alive", MQTT),
        only("max-packet", MQTT),
        only("status-topic", MQTT),
    ],
};

/// `no-answer = { … }` of a device.
pub const NO_ANSWER: Table = Table {
    header: "no-answer",
    noun: "no-answer",
    keys: &[
        any("priority"),
        any("on-delay"),
        any("off-delay"),
        any("message"),
        any("cause"),
        any("response"),
        any("display"),
    ],
};

/// `password = { … }` of a device.
pub const PASSWORD: Table = Table { header: "password", noun: "password", keys: &[any("secret")] };

/// `[[tag]]`.
pub const TAG: Table = Table {
    header: "[[tag]]",
    noun: "a tag",
    keys: &[
        any("name"),
        any("was"),
        any("description"),
        only("device", FIELD),
        only("register", REGISTER),
        only("topic", TOPIC),
        only("formula", &["formula"]),
        any("type"),
        only("order", REGISTER),
        only("bit", REGISTER),
        only("byte", REGISTER),
        only("length", REGISTER),
        only("repeat", REGISTER),
        only("poll", REGISTER),
        only("qos", TOPIC),
        only("path", TOPIC),
        only("missing", TOPIC),
        only("retained", TOPIC),
        only("availability", TOPIC),
        only("time", TOPIC),
        only("scale", FIELD),
        only("offset", FIELD),
        only("raw", FIELD),
        only("scale-register", REGISTER),
        only("bad-values", FIELD),
        any("unit"),
        any("range"),
        any("valid"),
        any("normal"),
        any("setpoint"),
        any("labels"),
        any("decimals"),
        any("stale-after"),
        any("record"),
        any("record-deadband"),
        any("record-interval"),
        any("keep"),
        any("alarm"),
    ],
};

/// `repeat = { … }` of a tag.
pub const REPEAT: Table =
    Table { header: "repeat", noun: "an array of tags", keys: &[any("from"), any("to"), any("step")] };

/// `availability = { … }` of a tag.
pub const AVAILABILITY: Table =
    Table { header: "availability", noun: "availability", keys: &[any("topic"), any("online"), any("offline")] };

/// `[[alarm]]` and `[[tag.alarm]]`.
pub const ALARM: Table = Table {
    header: "[[alarm]]",
    noun: "an alarm",
    keys: &[
        any("tag"),
        any("name"),
        any("kind"),
        only("limit", LIMITS),
        only("limits", LIMITS),
        only("when", &["state"]),
        only("over", &["rate"]),
        only("direction", &["rate"]),
        only("from", &["deviation"]),
        only("deadband", LIMITS),
        any("on-delay"),
        any("off-delay"),
        any("priority"),
        any("latch"),
        any("group"),
        any("suppress-when"),
        any("message"),
        any("cause"),
        any("consequence"),
        any("response"),
        any("display"),
    ],
};

/// A row of `limits = [{ when, limit }]` of an alarm.
pub const LIMITS_ROW: Table = Table { header: "limits", noun: "a row of limits", keys: &[any("when"), any("limit")] };

/// `[[display]]`.
pub const DISPLAY: Table = Table {
    header: "[[display]]",
    noun: "a display",
    keys: &[any("name"), any("was"), any("parent"), any("columns"), any("panel")],
};

/// `[[display.panel]]`.
pub const PANEL: Table = Table {
    header: "[[display.panel]]",
    noun: "a panel",
    keys: &[
        any("kind"),
        any("at"),
        any("title"),
        only("tag", TAGGED),
        only("tags", SIDE_BY_SIDE),
        only("span", &["trend", "spark"]),
        only("pens", &["trend"]),
        only("text", &["text"]),
    ],
};

/// A pen of `pens`.
pub const PEN: Table = Table { header: "pens", noun: "a pen", keys: &[any("tag"), any("axis")] };

/// Every table, in the document's order.
pub const TABLES: [Table; 14] = [
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
    PEN,
];

impl Table {
    /// The key of this name.
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|k| k.name == name)
    }
}
