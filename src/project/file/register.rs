//! `register = …`: the notations of Modbus addresses, and what a type asks of its place.

use super::section::{Section, shortened};
use super::{Context, device::DeviceDefaults, device::ORDERS, nearest::near};
use crate::project::{Area, ByteHalf, DataType, Order, RegisterSource};
use crate::time::Span;

/// Reads a register source and checks that the type can live there. `None`: at fault, and told.
pub(super) fn read(
    section: &mut Section<'_, '_, '_>,
    context: &Context,
    device: String,
    data_type: Option<DataType>,
) -> Option<(RegisterSource, DataType)> {
    let defaults = context.device_defaults.get(&device.to_lowercase()).copied().unwrap_or_default();
    let place = section.text("register").and_then(|text| match place_from(&text, defaults.first_address) {
        Ok(place) => Some(place),
        Err((message, mend)) => {
            section.error("register", message, mend);
            None
        }
    });
    let order = section.word("order", &ORDERS);
    let bit = section.whole("bit", 0..=15).map(|b| b as u8);
    let byte = section.word("byte", &[(ByteHalf::High, "high"), (ByteHalf::Low, "low")]);
    let length = section.whole("length", 1..=125).map(|l| l as u16);
    let poll = section.duration("poll", Span::from_millis(1));
    let (area, address) = place?;
    let data_type = match data_type {
        Some(t) => t,
        None if area.is_bits() => DataType::Bool,
        None => {
            if !section.has("type") {
                section.missing("type", "write what the registers hold: type = \"u16\", \"f32\", …");
            }
            return None;
        }
    };
    let width = if area.is_bits() { 1 } else { data_type.registers(length.unwrap_or(0)) };
    let shift = context.repeat.map_or(0, |repeat| repeat.shift(width));
    let Ok(address) = u16::try_from(u32::from(address).saturating_add(shift)) else {
        let message =
            format!("the array reaches over the last register, {}", 65_535 + u32::from(defaults.first_address));
        section.error("repeat", message, "write a smaller step, or fewer of them");
        return None;
    };
    fits(section, area, address, data_type, length, defaults);
    // Of 16 bits and strings only the swap within a register counts, and only where the tag itself says so.
    let wide = data_type.registers(0) > 1;
    let order = order.unwrap_or(if wide { defaults.order } else { Order::Abcd });
    let source = RegisterSource { device, area, address, order, bit, byte, length: length.unwrap_or(0), poll };
    Some((source, data_type))
}

/// Reads `scale-register`.
pub(super) fn scale(section: &mut Section<'_, '_, '_>, context: &Context) -> Option<(Area, u16)> {
    let text = section.text("scale-register")?;
    let device = section.text("device").unwrap_or_default();
    let defaults = context.device_defaults.get(&device.to_lowercase()).copied().unwrap_or_default();
    match place_from(&text, defaults.first_address) {
        Ok((area, _)) if area.is_bits() => {
            let message = format!("a {} holds no power of ten", area.word());
            section.error("scale-register", message, "write holding:84 or input:84");
        }
        Ok(place) => return Some(place),
        Err((message, mend)) => section.error("scale-register", message, mend),
    }
    None
}

fn fits(
    section: &mut Section<'_, '_, '_>,
    area: Area,
    address: u16,
    data_type: DataType,
    length: Option<u16>,
    defaults: DeviceDefaults,
) {
    let word = data_type.word();
    if area.is_bits() {
        if data_type != DataType::Bool {
            let message = format!("type {word} cannot be read from a {}, which is one bit", area.word());
            section.error("type", message, "write type = \"bool\", or read an input: or holding: register");
        }
        for key in ["bit", "byte", "length", "order"] {
            if section.has(key) {
                section.error(key, format!("a {} has no {key}", area.word()), "leave it out");
            }
        }
        return;
    }
    if section.has("bit") && data_type != DataType::Bool {
        section.error("bit", format!("type {word} is no single bit"), "write type = \"bool\", or leave bit out");
    }
    if section.has("byte") && !matches!(data_type, DataType::U8 | DataType::I8) {
        section.error(
            "byte",
            format!("type {word} is no half of a register"),
            "write type = \"u8\" or \"i8\", or leave byte out",
        );
    }
    if section.has("length") && data_type != DataType::String {
        section.error(
            "length",
            format!("type {word} has a length of its own"),
            "leave length out, or write type = \"string\"",
        );
    }
    let length = match (data_type, length) {
        (DataType::String, None) => {
            if !section.has("length") {
                section.missing("length", "write how many registers the string takes: length = 8");
            }
            return;
        }
        (_, length) => length.unwrap_or(0),
    };
    let count = data_type.registers(length);
    let last = u32::from(address) + u32::from(count) - 1;
    if last > 65_535 {
        let message = format!(
            "{count} registers from {} end behind the last one, 65535",
            u32::from(address) + u32::from(defaults.first_address)
        );
        section.error("register", message, "write a lower address, or a shorter type");
    }
    if let Some(most) = defaults.max_registers
        && count > most
    {
        let key = if data_type == DataType::String { "length" } else { "type" };
        let message = format!("{count} registers do not fit into one read: the device's max-registers is {most}");
        section.error(key, message, "raise max-registers, if the device knows more");
    }
}

const AREAS: [(Area, &str); 4] =
    [(Area::Coil, "coil"), (Area::Discrete, "discrete"), (Area::Input, "input"), (Area::Holding, "holding")];

type Fault = (String, String);

/// `holding:100`, `input:0x34`, or Modicon's number with 5 or 6 digits.
fn place_from(text: &str, first_address: u16) -> Result<(Area, u16), Fault> {
    let mend = "write holding:100, input:0x64, coil:3, discrete:3, or \"40101\"".to_owned();
    let text = text.trim();
    let Some((area, number)) = text.split_once(':') else {
        return modicon(text).ok_or_else(|| (format!("\"{}\" is no register", shortened(text)), mend));
    };
    let (area, number) = (area.trim(), number.trim());
    let Some((area, _)) = AREAS.iter().find(|(_, word)| *word == area) else {
        let mend = near(area, AREAS.iter().map(|(_, w)| *w))
            .map_or(mend, |w| format!("did you mean {w}:{}?", shortened(number)));
        return Err((format!("\"{}\" is no table of registers", shortened(area)), mend));
    };
    let digits = number.strip_prefix("0x").or_else(|| number.strip_prefix("0X"));
    let (digits, radix) = digits.map_or((number, 10), |digits| (digits, 16));
    let parsed = if digits.starts_with(['+', '-']) { None } else { u32::from_str_radix(digits, radix).ok() };
    let Some(number) = parsed else {
        return Err((format!("\"{}\" is no address of a register", shortened(number)), mend));
    };
    let first = u32::from(first_address);
    if number < first {
        let mend = "write 1 or more, or first-address = 0 at the device".to_owned();
        return Err(("address 0 lies before the first: this device counts registers from 1".to_owned(), mend));
    }
    let address = u16::try_from(number - first)
        .map_err(|_e| (format!("address {number} is out of range"), format!("write {first} to {}", 65_535 + first)))?;
    Ok((*area, address))
}

fn modicon(text: &str) -> Option<(Area, u16)> {
    if !matches!(text.len(), 5 | 6) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let area = match text.as_bytes().first()? {
        b'0' => Area::Coil,
        b'1' => Area::Discrete,
        b'3' => Area::Input,
        b'4' => Area::Holding,
        _ => return None,
    };
    let number: u32 = text.get(1..)?.parse().ok()?;
    u16::try_from(number.checked_sub(1)?).ok().map(|address| (area, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_of_a_register_comes_to_the_same_place() {
        for text in ["holding:100", "holding:0x64", " holding: 100 ", "40101", "400101"] {
            assert_eq!(place_from(text, 0), Ok((Area::Holding, 100)), "{text}");
        }
        assert_eq!(place_from("holding:100", 1), Ok((Area::Holding, 99)));
        assert_eq!(
            place_from("40101", 1),
            Ok((Area::Holding, 100)),
            "Modicon counts from one whatever the manual does"
        );
        assert_eq!(place_from("00001", 0), Ok((Area::Coil, 0)));
        assert_eq!(place_from("165536", 0), Ok((Area::Discrete, 65_535)));
        assert_eq!(place_from("39999", 0), Ok((Area::Input, 9_998)));
        assert_eq!(place_from("holding:65536", 1), Ok((Area::Holding, 65_535)));
        for wrong in ["holding:0", "holding:65537"] {
            assert!(place_from(wrong, 1).is_err(), "{wrong}");
        }
        for wrong in [
            "",
            "holding",
            "holding:",
            "holding:-1",
            "holding:+1",
            "holding:65536",
            "20001",
            "40000",
            "465537",
            "4010",
            "holdin:1",
            "4010a",
            "holding:0x",
        ] {
            assert!(place_from(wrong, 0).is_err(), "{wrong}");
        }
    }
}
