//! `[[device]]`.

use super::keys::{DEVICE, NO_ANSWER};
use super::name::plain_fault;
use super::section::{Reader, Section, shortened};
use super::{Context, PRIORITIES, modbus, mqtt};
use crate::project::{Device, Endpoint, NoAnswer, Order, Protocol};
use crate::time::Span;
use std::ops::Range;
use toml::de::DeTable;

const PROTOCOLS: [(Protocol, &str); 5] = [
    (Protocol::ModbusTcp, "modbus-tcp"),
    (Protocol::ModbusTls, "modbus-tls"),
    (Protocol::ModbusRtuOverTcp, "modbus-rtu-over-tcp"),
    (Protocol::ModbusRtu, "modbus-rtu"),
    (Protocol::Mqtt, "mqtt"),
];

pub(super) const ORDERS: [(Order, &str); 4] =
    [(Order::Abcd, "ABCD"), (Order::Cdab, "CDAB"), (Order::Badc, "BADC"), (Order::Dcba, "DCBA")];

/// What tags need to know of their device while they are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DeviceDefaults {
    pub(super) order: Order,
    pub(super) first_address: u16,
    /// Registers that one read may have; none for a device that is no Modbus.
    pub(super) max_registers: Option<u16>,
}

/// Reads one device into the context.
pub(super) fn read<'i>(reader: &mut Reader<'i>, context: &mut Context, table: &DeTable<'i>, span: &Range<usize>) {
    let before = reader.errors();
    let subject = table.get("name").and_then(|v| v.get_ref().as_str()).unwrap_or("").to_owned();
    let mut section = Section::open(reader, table, DEVICE, span, &subject);
    let name = name(&mut section, context);
    let was = was(&mut section);
    let mut defaults = DeviceDefaults::default();
    let address = section.filled("address");
    let protocol = section.word("protocol", &PROTOCOLS);
    if !section.has("protocol") {
        section.missing("protocol", "write protocol = \"modbus-tcp\", \"modbus-rtu\" or \"mqtt\"");
    }
    if !section.has("address") {
        section.missing("address", "write address = \"192.168.1.10:502\", \"/dev/ttyUSB0\" or \"mqtt://broker:1883\"");
    }
    if let Some(protocol) = protocol {
        section.only(protocol.word(), &format!("a device of protocol {}", protocol.word()));
    }
    let endpoint = match protocol {
        Some(Protocol::Mqtt) => mqtt::read(&mut section, address.as_deref()),
        Some(_) => modbus::read(&mut section, protocol, address.as_deref(), &mut defaults, context, name.is_some()),
        None => {
            // Whichever it is, what its keys say is judged.
            let mut unused = DeviceDefaults::default();
            modbus::read(&mut section, Some(Protocol::ModbusTcp), None, &mut unused, context, false);
            mqtt::read(&mut section, None)
        }
    };
    let torn = section.is_torn();
    let fault = section.reader.fault_since(before);
    let no_answer = no_answer(&mut section, &subject);
    let endpoint = match (fault, endpoint) {
        (Some(fault), _) => Endpoint::Fault(fault),
        (None, Some(endpoint)) if !torn => endpoint,
        (None, _) => Endpoint::Fault(format!("line {}: fault of syntax", section.places.own.line)),
    };
    let places = section.places;
    let known = name.is_some();
    let name = name.unwrap_or(subject);
    let lower = name.to_lowercase();
    let device = Device { name, was, endpoint, address: address.unwrap_or_default(), no_answer, places }.into();
    if known {
        context.device_defaults.insert(lower, defaults);
        context.project.devices.push(device);
    } else {
        context.project.aside.devices.push(device);
    }
}

fn name(section: &mut Section<'_, '_, '_>, context: &mut Context) -> Option<String> {
    let Some(name) = section.text("name") else {
        if !section.has("name") {
            section.missing("name", "write name = \"plc1\"");
        }
        return None;
    };
    if let Some((message, mend)) = plain_fault(&name, true) {
        section.error("name", message, mend);
        return None;
    }
    let place = section.place("name");
    if let Some(first) = context.device_names.get(&name.to_lowercase()) {
        let message = format!("there is a device \"{}\" already, in line {}", shortened(&name), first.line);
        section.error("name", message, "give one of them another name; upper and lower case count as the same");
        return None;
    }
    context.device_names.insert(name.to_lowercase(), place);
    Some(name)
}

/// The name before this one, of a device or an alarm.
pub(super) fn was(section: &mut Section<'_, '_, '_>) -> Option<String> {
    let was = section.filled("was")?;
    if let Some((message, mend)) = plain_fault(&was, true) {
        section.error("was", message, mend);
        return None;
    }
    Some(was)
}

fn no_answer(section: &mut Section<'_, '_, '_>, name: &str) -> NoAnswer {
    let mut alarm = NoAnswer::default();
    let mend = "write no-answer = { priority = \"high\", on-delay = \"10s\" }";
    let Some((table, span)) = section.table("no-answer", mend) else { return alarm };
    let mut inner = section.inner(table, NO_ANSWER, &span);
    inner.subject = format!("{name}/no-answer");
    if let Some(priority) = inner.word("priority", &PRIORITIES) {
        alarm.priority = priority;
    }
    if let Some(delay) = inner.duration("on-delay", Span::ZERO) {
        alarm.on_delay = delay;
    }
    if let Some(delay) = inner.duration("off-delay", Span::ZERO) {
        alarm.off_delay = delay;
    }
    alarm.message = inner.filled("message");
    alarm.cause = inner.filled("cause");
    alarm.response = inner.filled("response");
    alarm.display = inner.filled("display");
    alarm
}

/// `host`, `host:port`, `[v6]:port`, or a bare IPv6 address.
pub(super) fn host_and_port(text: &str, default_port: u16) -> Option<(String, u16)> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if rest.is_empty() => (host, None),
            None => return None,
        }
    } else if text.parse::<std::net::Ipv6Addr>().is_ok() {
        (text, None)
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let port = match port {
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => port.parse().ok().filter(|p| *p > 0)?,
        Some(_) => return None,
        None => default_port,
    };
    let v6 = host.contains(':');
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if host.is_empty() || host.len() > 253 || (!v6 && !host.chars().all(known)) || wrong_v4(host) {
        return None;
    }
    Some((host.to_owned(), port))
}

/// Whether this is four numbers, and no IPv4 address: `192.168.1.300`.
fn wrong_v4(host: &str) -> bool {
    host.chars().all(|c| c.is_ascii_digit() || c == '.') && host.parse::<std::net::Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_hosts_with_ports() {
        let v = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(host_and_port("192.168.1.10:502", 502), v("192.168.1.10", 502));
        assert_eq!(host_and_port("plc-1.local", 502), v("plc-1.local", 502));
        assert_eq!(host_and_port("[::1]:5020", 502), v("::1", 5020));
        assert_eq!(host_and_port("fe80::1", 502), v("fe80::1", 502));
        assert_eq!(host_and_port("broker:1883/", 1883), v("broker", 1883));
        for wrong in [
            "",
            ":502",
            "a b:502",
            "host:port",
            "host:0",
            "host:70000",
            "192.168.1.300",
            "10.0.0:502",
            "u:p@h:1",
            "[::1",
            "h:1:2",
            "h:+5",
        ] {
            assert_eq!(host_and_port(wrong, 502), None, "{wrong}");
        }
    }
}
