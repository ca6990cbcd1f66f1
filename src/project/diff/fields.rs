//! An entity as the values of its keys, in the file's words: what two versions of it are compared by.
//!
//! Each entity is taken apart whole, so that a key that is new in the document cannot be forgotten here.

use crate::project::device::{ModbusSettings, Parity, SerialSettings};
use crate::project::{
    Alarm, AlarmKind, Availability, ByteHalf, Colours, Deadband, Device, Display, Endpoint, Facing, Fit,
    HistorySettings, Item, LimitRow, Missing, MqttSettings, MqttVersion, NoAnswer, Order, Panel, Pen, Project,
    RecordRule, RegisterSource, Retained, Shift, Source, Tag, TlsSettings, TopicSource, Transport, When,
};
use std::borrow::Cow;

/// Keys with their values, in the document's order. A key without a value is none.
pub(super) type Fields<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// What gathers them.
#[derive(Default)]
struct Of<'a>(Fields<'a>);

impl<'a> Of<'a> {
    fn text(&mut self, key: &'static str, value: &'a str) {
        if !value.is_empty() {
            self.0.push((key, value.into()));
        }
    }

    fn maybe(&mut self, key: &'static str, value: Option<&'a String>) {
        self.text(key, value.map_or("", String::as_str));
    }

    fn number(&mut self, key: &'static str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.0.push((key, value.to_string().into()));
        }
    }

    fn pair(&mut self, key: &'static str, value: Option<[f64; 2]>) {
        self.number(key, value.map(|[low, high]| format!("{low} to {high}")));
    }

    /// A list; an empty one is none.
    fn list(&mut self, key: &'static str, items: impl IntoIterator<Item = String>) {
        let joined = items.into_iter().collect::<Vec<_>>().join(", ");
        if !joined.is_empty() {
            self.0.push((key, joined.into()));
        }
    }
}

/// Of the file itself.
pub(super) fn project(project: &Project) -> Fields<'_> {
    let Project {
        name,
        time_zone,
        // Compared by themselves, or no part of what is written.
        path: _,
        history: _,
        shifts: _,
        devices: _,
        tags: _,
        alarms: _,
        unread_alarms: _,
        families: _,
        found: _,
        displays: _,
        aside: _,
    } = project;
    let mut of = Of::default();
    of.text("name", name);
    of.maybe("time-zone", time_zone.as_ref());
    of.0
}

/// Of `[history]`.
pub(super) fn history(history: &HistorySettings) -> Fields<'_> {
    let HistorySettings { path, keep, max_size_bytes, journal_keep } = history;
    let mut of = Of::default();
    of.maybe("path", path.as_ref());
    of.number("keep", *keep);
    of.number("max-size", max_size_bytes.map(size));
    of.number("journal-keep", *journal_keep);
    of.0
}

/// Of a shift.
pub(super) fn shift(shift: &Shift) -> Fields<'_> {
    let Shift { name: _, start_minute } = shift;
    let mut of = Of::default();
    of.number("start", Some(format!("{:02}:{:02}", start_minute / 60, start_minute % 60)));
    of.0
}

/// Of a device.
pub(super) fn device(device: &Device) -> Fields<'_> {
    let Device { name: _, was: _, endpoint, address, no_answer, places: _ } = device;
    let mut of = Of::default();
    of.text("protocol", protocol(endpoint));
    of.text("address", address);
    match endpoint {
        Endpoint::Modbus(settings) => modbus(&mut of, settings),
        Endpoint::Mqtt(settings) => mqtt(&mut of, settings),
        Endpoint::Fault(why) => of.text("fault", without_line(why)),
    }
    of.0.extend(self::no_answer(no_answer));
    of.0
}

/// Of the alarm of a device that is gone.
pub(super) fn no_answer(alarm: &NoAnswer) -> Fields<'_> {
    let NoAnswer { priority, on_delay, off_delay, response, message, cause, display } = alarm;
    let mut of = Of::default();
    of.text("no-answer.priority", priority.word());
    of.number("no-answer.on-delay", Some(on_delay));
    of.number("no-answer.off-delay", Some(off_delay));
    of.maybe("no-answer.message", message.as_ref());
    of.maybe("no-answer.cause", cause.as_ref());
    of.maybe("no-answer.response", response.as_ref());
    of.maybe("no-answer.display", display.as_ref());
    of.0
}

const fn protocol(endpoint: &Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Modbus(settings) => match settings.transport {
            Transport::Tcp { .. } => "modbus-tcp",
            Transport::Tls { .. } => "modbus-tls",
            Transport::RtuOverTcp { .. } => "modbus-rtu-over-tcp",
            Transport::Serial(_) => "modbus-rtu",
        },
        Endpoint::Mqtt(_) => "mqtt",
        Endpoint::Fault(_) => "",
    }
}

fn modbus<'a>(of: &mut Of<'a>, settings: &'a ModbusSettings) {
    let ModbusSettings {
        transport,
        unit_id,
        poll,
        timeout,
        retries,
        max_registers,
        max_gap,
        pause_after_connect,
        pause_between_requests,
        close_after_poll,
        one_request_per_tag,
        ignore_unit_mismatch,
        ignore_transaction_mismatch,
    } = settings;
    of.number("unit-id", Some(unit_id));
    of.number("poll", Some(poll));
    of.number("timeout", Some(timeout));
    of.number("retries", Some(retries));
    of.number("max-registers", Some(max_registers));
    of.number("max-gap", Some(max_gap));
    of.number("pause-after-connect", Some(pause_after_connect));
    of.number("pause-between-requests", Some(pause_between_requests));
    of.number("close-after-poll", Some(close_after_poll));
    of.number("one-request-per-tag", Some(one_request_per_tag));
    of.number("ignore-unit-mismatch", Some(ignore_unit_mismatch));
    of.number("ignore-transaction-mismatch", Some(ignore_transaction_mismatch));
    match transport {
        // Host and port are the address.
        Transport::Tcp { host: _, port: _ } | Transport::RtuOverTcp { host: _, port: _ } => {}
        Transport::Tls { host: _, port: _, tls } => secure(of, tls),
        Transport::Serial(SerialSettings { path: _, baud, parity, stop_bits }) => {
            of.number("baud", Some(baud));
            let parity = match parity {
                Parity::None => "none",
                Parity::Even => "even",
                Parity::Odd => "odd",
            };
            of.text("parity", parity);
            of.number("stop-bits", Some(stop_bits));
        }
    }
}

fn mqtt<'a>(of: &mut Of<'a>, settings: &'a MqttSettings) {
    let MqttSettings {
        // The address.
        host: _,
        port: _,
        websocket: _,
        tls,
        version,
        client_id,
        user,
        password_secret,
        keep_alive,
        max_packet_bytes,
        status_topic,
    } = settings;
    let version = match version {
        MqttVersion::V3 => "3.1.1",
        MqttVersion::V5 => "5",
    };
    of.text("mqtt-version", version);
    of.maybe("client-id", client_id.as_ref());
    of.maybe("user", user.as_ref());
    of.maybe("password", password_secret.as_ref());
    if let Some(tls) = tls {
        secure(of, tls);
    }
    of.number("keep-alive", Some(keep_alive));
    of.number("max-packet", Some(size(u64::from(*max_packet_bytes))));
    of.maybe("status-topic", status_topic.as_ref());
}

fn secure<'a>(of: &mut Of<'a>, tls: &'a TlsSettings) {
    let TlsSettings { ca, identity } = tls;
    of.maybe("ca", ca.as_ref());
    of.maybe("cert", identity.as_ref().map(|(cert, _)| cert));
    of.maybe("key", identity.as_ref().map(|(_, key)| key));
}

/// Of a tag.
pub(super) fn tag(tag: &Tag) -> Fields<'_> {
    let Tag {
        name: _,
        was: _,
        description,
        source,
        data_type,
        scale,
        offset,
        raw,
        scale_register,
        unit,
        range,
        valid,
        bad_values,
        normal,
        setpoint,
        labels,
        decimals,
        stale_after,
        record,
        record_deadband,
        record_interval,
        keep,
        places: _,
    } = tag;
    let mut of = Of::default();
    of.text("description", description);
    of.text("type", data_type.word());
    where_from(&mut of, source);
    of.number("scale", *scale);
    of.number("offset", *offset);
    of.pair("raw", *raw);
    of.number("scale-register", scale_register.map(|(area, address)| format!("{}:{address}", area.word())));
    of.list("bad-values", bad_values.iter().map(f64::to_string));
    of.text("unit", unit);
    of.pair("range", *range);
    of.pair("valid", *valid);
    of.pair("normal", *normal);
    of.maybe("setpoint", setpoint.as_ref());
    of.list("labels", labels.0.iter().map(|(state, word)| format!("{state} = {word}")));
    of.number("decimals", *decimals);
    of.number("stale-after", *stale_after);
    let record = match record {
        RecordRule::Change => "change",
        RecordRule::Always => "always",
        RecordRule::Never => "never",
    };
    of.text("record", record);
    of.number("record-deadband", *record_deadband);
    of.number("record-interval", *record_interval);
    of.number("keep", *keep);
    of.0
}

fn where_from<'a>(of: &mut Of<'a>, source: &'a Source) {
    match source {
        Source::Register(RegisterSource { device, area, address, order, bit, byte, length, poll }) => {
            of.text("device", device);
            of.number("register", Some(format!("{}:{address}", area.word())));
            let order = match order {
                Order::Abcd => "ABCD",
                Order::Cdab => "CDAB",
                Order::Badc => "BADC",
                Order::Dcba => "DCBA",
            };
            of.text("order", order);
            of.number("bit", *bit);
            let half = |byte: ByteHalf| match byte {
                ByteHalf::High => "high",
                ByteHalf::Low => "low",
            };
            of.text("byte", byte.map_or("", half));
            of.number("length", Some(*length).filter(|length| *length > 0));
            of.number("poll", *poll);
        }
        Source::Topic(source) => {
            let TopicSource { device, topic, qos, path, missing, retained, availability, time } = &**source;
            of.text("device", device);
            of.text("topic", topic);
            of.number("qos", Some(qos));
            of.maybe("path", path.as_ref());
            let missing = match missing {
                Missing::Bad => "bad",
                Missing::Keep => "keep",
            };
            of.text("missing", missing);
            let retained = match retained {
                Retained::Uncertain => "uncertain",
                Retained::Good => "good",
                Retained::Ignore => "ignore",
            };
            of.text("retained", retained);
            let availability = availability.as_ref();
            let words =
                |Availability { topic, online, offline }: &Availability| format!("{topic}: {online}, {offline}");
            of.number("availability", availability.map(words));
            of.maybe("time", time.as_ref());
        }
        Source::Formula(formula) => of.text("formula", formula),
        Source::Figure(device) => of.text("device", device),
        Source::Fault(why) => of.text("fault", without_line(why)),
    }
}

/// Of an alarm.
pub(super) fn alarm(alarm: &Alarm) -> Fields<'_> {
    let Alarm {
        tag: _,
        name: _,
        was: _,
        kind,
        limits,
        deadband,
        on_delay,
        off_delay,
        priority,
        latch,
        group,
        suppress_when,
        message,
        cause,
        consequence,
        response,
        display,
        places,
    } = alarm;
    let mut of = Of::default();
    of.text("kind", kind.word());
    of.number("limit", kind.limit());
    match kind {
        AlarmKind::State(When::Bool(state)) => of.number("when", Some(state)),
        AlarmKind::State(When::Int(state)) => of.number("when", Some(state)),
        AlarmKind::Rate { limit: _, over, direction } => {
            of.number("over", Some(over));
            of.text("direction", direction.word());
        }
        AlarmKind::Deviation { limit: _, from } => of.text("from", from),
        AlarmKind::HighHigh(_) | AlarmKind::High(_) | AlarmKind::Low(_) | AlarmKind::LowLow(_) | AlarmKind::Quality => {
        }
    }
    let row = |LimitRow { when, limit, places: _ }: &LimitRow| {
        format!("{} when {when}", limit.map_or_else(|| "none".to_owned(), |limit| limit.to_string()))
    };
    of.list("limits", limits.iter().map(row));
    match deadband {
        Deadband::Units(0.0) => {}
        deadband => of.number("deadband", Some(deadband)),
    }
    of.number("on-delay", Some(on_delay));
    of.number("off-delay", Some(off_delay));
    of.text("priority", priority.word());
    of.number("latch", Some(latch));
    of.maybe("group", group.as_ref());
    of.maybe("suppress-when", suppress_when.as_ref());
    // One that nobody wrote is made of the tag's name and the kind.
    if places.keys.iter().any(|(key, _)| *key == "message") {
        of.text("message", message);
    }
    of.maybe("cause", cause.as_ref());
    of.maybe("consequence", consequence.as_ref());
    of.maybe("response", response.as_ref());
    of.maybe("display", display.as_ref());
    of.0
}

/// Of a display, without its panels.
pub(super) fn display(display: &Display) -> Fields<'_> {
    let Display { name: _, was: _, parent, columns, panels: _, places: _ } = display;
    let mut of = Of::default();
    of.maybe("parent", parent.as_ref());
    of.number("columns", Some(columns));
    of.0
}

/// Of a panel, without its pens.
pub(super) fn panel(panel: &Panel) -> Fields<'_> {
    let Panel {
        kind,
        at: [column, row, width, height],
        tags,
        title,
        span,
        pens: _,
        text,
        picture,
        fit,
        colours,
        items: _,
        places: _,
    } = panel;
    let mut of = Of::default();
    of.text("kind", kind.word());
    of.number("at", Some(format!("{column}, {row}, {width}, {height}")));
    of.maybe("title", title.as_ref());
    of.list("tags", tags.iter().cloned());
    of.number("span", Some(span));
    of.text("text", text);
    of.maybe(panel.picture_key(), picture.as_ref());
    if picture.is_some() {
        if *fit != Fit::default() {
            of.text("fit", fit.word());
        }
        of.text("colours", colours.map_or("", Colours::word));
    }
    of.0
}

/// An item of a mimic as it is told, after what it is and of which tag.
pub(super) fn item(item: &Item) -> String {
    let Item { kind: _, tag: _, title, spot, on, facing, places: _ } = item;
    let mut words = spot.words();
    for (key, value) in [
        ("title", title.clone()),
        (
            "on",
            on.map(|on| match on {
                When::Bool(state) => state.to_string(),
                When::Int(state) => state.to_string(),
            }),
        ),
        ("facing", (*facing != Facing::default()).then(|| facing.word().to_owned())),
    ] {
        if let Some(value) = value {
            words.extend([", ", key, " ", &value]);
        }
    }
    words
}

/// A pen as it is told.
pub(super) fn pen(pen: &Pen) -> String {
    let Pen { tag, right } = pen;
    if *right { format!("{tag} (right)") } else { tag.clone() }
}

/// A number of bytes as a person writes it.
fn size(bytes: u64) -> String {
    let units = [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let whole = units.into_iter().find(|(_, unit)| bytes > 0 && bytes.is_multiple_of(*unit));
    whole.map_or_else(|| format!("{bytes}B"), |(name, unit)| format!("{}{name}", bytes / unit))
}

/// Why something is at fault, without the line, which moves with every edit above it.
fn without_line(why: &str) -> &str {
    let rest = why.strip_prefix("line ").and_then(|rest| rest.split_once(": "));
    rest.filter(|(line, _)| line.bytes().all(|b| b.is_ascii_digit())).map_or(why, |(_, rest)| rest)
}
