//! Projects that read the registers of servers in which each holds its own address, and the promise that goes with them.

#![allow(dead_code, reason = "shared by tests that use different parts of it")]

use std::fmt::Write as _;
use std::net::SocketAddr;
use watchkeeper::engine::plan::TagPlan;
use watchkeeper::engine::{Sample, Value};
use watchkeeper::project::{Area, Source};

/// A device that polls every 20 ms and is patient for 100 ms, twice, where `settings` do not say otherwise.
pub fn device(name: &str, addr: SocketAddr, settings: &str) -> String {
    let mut text =
        format!("[[device]]\nname = \"{name}\"\nprotocol = \"modbus-tcp\"\naddress = \"{addr}\"\n{settings}\n");
    for line in ["poll = \"20ms\"", "timeout = \"100ms\"", "retries = 1"] {
        let key = line.split(' ').next().unwrap();
        if !settings.lines().any(|l| l.starts_with(key)) {
            writeln!(text, "{line}").unwrap();
        }
    }
    text
}

/// The same on a serial line behind a converter.
pub fn line_device(name: &str, addr: SocketAddr, settings: &str) -> String {
    device(name, addr, settings).replace("\"modbus-tcp\"", "\"modbus-rtu-over-tcp\"")
}

/// Tags `h0`, `i7`, `c3`, `d3` with the registers and bits of those addresses, named after their device if it is not `plc`.
pub fn tags(device: &str, names: &str) -> String {
    let mut text = String::new();
    for name in names.split_whitespace() {
        let (area, kind) = match &name[..1] {
            "h" => ("holding", "u16"),
            "i" => ("input", "u16"),
            "c" => ("coil", "bool"),
            _ => ("discrete", "bool"),
        };
        let prefix = if device == "plc" { String::new() } else { format!("{device}.") };
        writeln!(
            text,
            "[[tag]]\nname = \"{prefix}{name}\"\ndevice = \"{device}\"\nregister = \"{area}:{}\"\ntype = \"{kind}\"",
            &name[1..]
        )
        .unwrap();
    }
    text
}

/// A good sample is the address it was read from.
pub fn is_its_address(tag: &TagPlan, sample: &Sample) {
    let Source::Register(source) = &tag.tag.source else { panic!("no register") };
    if sample.quality.is_good() {
        let value = match source.area {
            Area::Coil | Area::Discrete => Value::Bool(source.address % 3 == 0),
            Area::Input | Area::Holding => Value::U64(u64::from(source.address)),
        };
        assert_eq!(sample.value.as_ref(), Some(&value), "{}", tag.name);
    }
}
