//! What a Modbus device says of its line and of itself.

use super::Context;
use super::device::{DeviceDefaults, ORDERS, host_and_port};
use super::section::{Section, shortened};
use super::tls;
use crate::project::device::{ModbusSettings, Parity, SerialSettings};
use crate::project::{Endpoint, Protocol, TlsSettings, Transport};
use crate::time::Span;

const SHORTEST: Span = Span::from_millis(1);

/// What all units of one line must agree on, with the name of the first that said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    device: String,
    protocol: Protocol,
    baud: u32,
    parity: Parity,
    stop_bits: u8,
    tls: TlsSettings,
    pause_after_connect: Span,
    pause_between_requests: Span,
    close_after_poll: bool,
}

/// Reads the settings of a Modbus device. A device that is not `known`, for it has no name of its own, does not run:
/// others on its line need not agree with it.
pub(super) fn read(
    section: &mut Section<'_, '_, '_>,
    protocol: Option<Protocol>,
    address: Option<&str>,
    defaults: &mut DeviceDefaults,
    context: &mut Context,
    known: bool,
) -> Option<Endpoint> {
    let protocol = protocol?;
    let unit_id = unit_id(section, protocol);
    let poll = section.duration("poll", SHORTEST).unwrap_or(Span::from_secs(1));
    let timeout = section.duration("timeout", SHORTEST).unwrap_or(Span::from_secs(1));
    let retries = section.whole("retries", 0..=20).unwrap_or(1) as u8;
    let max_registers = section.whole("max-registers", 1..=125).unwrap_or(125) as u16;
    let max_gap = section.whole("max-gap", 0..=124).unwrap_or(0) as u16;
    defaults.order = section.word("order", &ORDERS).unwrap_or_default();
    defaults.first_address = section.whole("first-address", 0..=1).unwrap_or(0) as u16;
    defaults.max_registers = Some(max_registers);
    let mut line = Line {
        device: section.subject.clone(),
        protocol,
        baud: 19_200,
        parity: Parity::None,
        stop_bits: 1,
        tls: TlsSettings::default(),
        pause_after_connect: section.duration("pause-after-connect", Span::ZERO).unwrap_or_default(),
        pause_between_requests: section.duration("pause-between-requests", Span::ZERO).unwrap_or_default(),
        close_after_poll: section.flag("close-after-poll").unwrap_or(false),
    };
    let one_request_per_tag = section.flag("one-request-per-tag").unwrap_or(false);
    let ignore_unit_mismatch = section.flag("ignore-unit-mismatch").unwrap_or(false);
    let ignore_transaction_mismatch = section.flag("ignore-transaction-mismatch").unwrap_or(false);
    if protocol == Protocol::ModbusRtu {
        serial(section, &mut line);
    }
    if protocol == Protocol::ModbusTls {
        line.tls = tls::read(section);
    }
    let transport = transport(section, address?, &line)?;
    agree(section, context, &transport.line(), &line, known);
    Some(Endpoint::Modbus(ModbusSettings {
        transport,
        unit_id,
        poll,
        timeout,
        retries,
        max_registers,
        max_gap,
        pause_after_connect: line.pause_after_connect,
        pause_between_requests: line.pause_between_requests,
        close_after_poll: line.close_after_poll,
        one_request_per_tag,
        ignore_unit_mismatch,
        ignore_transaction_mismatch,
    }))
}

/// The unit. On a serial line 0 is everybody, who does not answer, and 248 to 255 are nobody's; over Modbus/TCP a device
/// that has its address for itself may bear any.
fn unit_id(section: &mut Section<'_, '_, '_>, protocol: Protocol) -> u8 {
    let unit_id = section.whole("unit-id", 0..=255).unwrap_or(1) as u8;
    if !matches!(protocol, Protocol::ModbusTcp | Protocol::ModbusTls) && !(1..=247).contains(&unit_id) {
        let message = if unit_id == 0 {
            "unit 0 is all units of the line at once, and none of them answers".to_owned()
        } else {
            format!("unit {unit_id} is none that a serial line has")
        };
        section.error("unit-id", message, "write the number that is set at the device, 1 to 247");
    }
    unit_id
}

/// How the port is set.
fn serial(section: &mut Section<'_, '_, '_>, line: &mut Line) {
    line.baud = section.whole("baud", 50..=4_000_000).map_or(line.baud, |baud| baud as u32);
    let parities = [(Parity::None, "none"), (Parity::Even, "even"), (Parity::Odd, "odd")];
    line.parity = section.word("parity", &parities).unwrap_or_default();
    line.stop_bits = section.whole("stop-bits", 1..=2).map_or(line.stop_bits, |bits| bits as u8);
    if let Some(bits @ 5..=7) = section.whole("data-bits", 5..=8) {
        let message = format!("{bits} data bits cannot carry Modbus RTU, whose frames are whole bytes");
        section.error("data-bits", message, "write 8, or leave it out; Modbus ASCII, which has 7, is not served");
    }
}

fn transport(section: &mut Section<'_, '_, '_>, address: &str, line: &Line) -> Option<Transport> {
    let found = match line.protocol {
        Protocol::ModbusRtu => serial_port(address).map(|path| {
            let Line { baud, parity, stop_bits, .. } = *line;
            Transport::Serial(SerialSettings { path, baud, parity, stop_bits })
        }),
        Protocol::ModbusRtuOverTcp => {
            host_and_port(address, 502).map(|(host, port)| Transport::RtuOverTcp { host, port })
        }
        // The port that is registered for it (mbap-s).
        Protocol::ModbusTls => {
            let tls = line.tls.clone();
            host_and_port(address, 802).map(|(host, port)| Transport::Tls { host, port, tls })
        }
        Protocol::ModbusTcp | Protocol::Mqtt => {
            host_and_port(address, 502).map(|(host, port)| Transport::Tcp { host, port })
        }
    };
    if found.is_none() {
        let (what, mend) = if line.protocol == Protocol::ModbusRtu {
            let mend = "write address = \"/dev/ttyUSB0\" or \"COM3\"; a converter in the network has \
                        protocol = \"modbus-rtu-over-tcp\"";
            ("serial port", mend)
        } else {
            ("address", "write host and port: address = \"192.168.1.10:502\"")
        };
        section.error("address", format!("\"{}\" is no {what}", shortened(address)), mend);
    }
    found
}

/// The port as its system names it; whether it is there, only the computer knows that runs the project.
fn serial_port(address: &str) -> Option<String> {
    if address.starts_with('/') {
        return (address.len() > 1).then(|| address.to_owned());
    }
    let port = address.strip_prefix(r"\\.\").unwrap_or(address).to_ascii_uppercase();
    let number = port.strip_prefix("COM").filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    number.parse::<u8>().is_ok_and(|n| n > 0).then_some(port)
}

/// Units of one line share one connection; what concerns the connection cannot differ between them.
fn agree(section: &mut Section<'_, '_, '_>, context: &mut Context, address: &str, line: &Line, known: bool) {
    let Some(first) = context.lines.get(address) else {
        if known {
            context.lines.insert(address.to_owned(), line.clone());
        }
        return;
    };
    let differing = [
        ("protocol", first.protocol != line.protocol),
        ("baud", first.baud != line.baud),
        ("parity", first.parity != line.parity),
        ("stop-bits", first.stop_bits != line.stop_bits),
        ("ca", first.tls.ca != line.tls.ca),
        ("cert", first.tls.identity != line.tls.identity),
        ("pause-after-connect", first.pause_after_connect != line.pause_after_connect),
        ("pause-between-requests", first.pause_between_requests != line.pause_between_requests),
        ("close-after-poll", first.close_after_poll != line.close_after_poll),
    ];
    for (key, differs) in differing {
        if differs {
            let message = format!("{key} differs from that of \"{}\", which shares the connection", first.device);
            section.error(key, message, "write the same in both");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_files_or_numbers() {
        for (address, port) in [
            ("/dev/ttyUSB0", Some("/dev/ttyUSB0")),
            ("/dev/serial/by-id/usb-FTDI-if00-port0", Some("/dev/serial/by-id/usb-FTDI-if00-port0")),
            ("COM3", Some("COM3")),
            ("com12", Some("COM12")),
            (r"\\.\COM12", Some("COM12")),
            ("COM0", None),
            ("COM", None),
            ("COM+1", None),
            ("ttyUSB0", None),
            ("/", None),
            ("192.168.1.10:502", None),
        ] {
            assert_eq!(serial_port(address).as_deref(), port, "{address}");
        }
    }

    #[test]
    fn a_line_knows_its_bytes_and_its_silence() {
        let line = |baud, parity, stop_bits| SerialSettings { path: "/dev/ttyUSB0".into(), baud, parity, stop_bits };
        let slow = line(9_600, Parity::None, 1);
        assert_eq!((slow.to_string().as_str(), slow.bits_per_byte()), ("9600 8N1", 10));
        // 125 registers: unit, function, count, 250 bytes, check sum.
        assert_eq!(slow.time_of(255), Span(265_625));
        assert_eq!(slow.silence(), Span(3_646));
        let even = line(19_200, Parity::Even, 1);
        assert_eq!((even.to_string().as_str(), even.bits_per_byte()), ("19200 8E1", 11));
        assert_eq!(even.silence(), Span(2_006));
        assert_eq!(line(115_200, Parity::Odd, 2).silence(), Span(1_750));
    }
}
