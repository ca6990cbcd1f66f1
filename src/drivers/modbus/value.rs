//! From registers and bits as they came to a value of the project's type, or to the reason why there is none.
//!
//! Integers stay exact to 64 bits; scaling is the engine's.
//! Invariant: bytes that are no value of the type give a bad quality, never a number.

use super::blocks::{Block, Spot};
use crate::engine::{Quality, Raw, Sample, Value};
use crate::project::{ByteHalf, DataType, RegisterSource};
use std::borrow::Cow;
use std::sync::Arc;

/// How a tag's registers become its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// What they hold.
    pub data_type: DataType,
    /// The bytes of each register come low byte first.
    pub swap_bytes: bool,
    /// The registers come least significant first.
    pub reverse_words: bool,
    /// The bit of a word that a boolean is; `None`: any bit makes it true.
    pub bit: Option<u8>,
    /// The half of a word that a `u8` or `i8` is.
    pub half: ByteHalf,
}

/// The cell of a tag. The order of words counts for 32 and 64 bits alone (see [`crate::project::Order`]).
pub fn cell(source: &RegisterSource, data_type: DataType) -> Cell {
    Cell {
        data_type,
        swap_bytes: source.order.swaps_bytes(),
        reverse_words: source.order.reverses_words() && data_type != DataType::String,
        bit: source.bit,
        half: source.byte.unwrap_or(ByteHalf::Low),
    }
}

/// One sample for each tag of `block` from the bytes of its answer, which the caller has found to be as many as asked.
pub fn samples(block: &Block, bytes: &[u8]) -> Vec<Sample> {
    let bits = block.area.is_bits();
    block.spots.iter().map(|spot| if bits { bit_sample(spot, bytes) } else { register_sample(spot, bytes) }).collect()
}

fn bit_sample(spot: &Spot, bytes: &[u8]) -> Sample {
    let offset = usize::from(spot.offset);
    match bytes.get(offset / 8) {
        Some(byte) => {
            let on = byte >> (offset % 8) & 1 == 1;
            Sample::good(spot.tag, Value::Bool(on), Raw::new(&[u8::from(on)]))
        }
        None => Sample::bad(spot.tag, Quality::PAYLOAD, Some("answer too short".into())),
    }
}

fn register_sample(spot: &Spot, bytes: &[u8]) -> Sample {
    let start = usize::from(spot.offset) * 2;
    let Some(bytes) = bytes.get(start..start + usize::from(spot.width) * 2) else {
        return Sample::bad(spot.tag, Quality::PAYLOAD, Some("answer too short".into()));
    };
    let raw = Raw::new(bytes);
    match value_from_registers(spot.cell, bytes) {
        Ok(value) => Sample::good(spot.tag, value, raw),
        Err(why) => Sample { raw, ..Sample::bad(spot.tag, Quality::PAYLOAD, Some(Arc::from(why.as_ref()))) },
    }
}

/// The value of one cell from its bytes in wire order: two for each register, high byte first.
///
/// # Errors
/// The reason in words why these bytes are no value of this type.
pub fn value_from_registers(cell: Cell, bytes: &[u8]) -> Result<Value, Cow<'static, str>> {
    if cell.data_type == DataType::String {
        return text(cell, bytes).map(|text| Value::Text(text.into()));
    }
    let word = number(cell, bytes);
    Ok(match cell.data_type {
        DataType::Bool => Value::Bool(match cell.bit {
            Some(bit) => word.checked_shr(u32::from(bit)).unwrap_or(0) & 1 == 1,
            None => word != 0,
        }),
        DataType::U8 => Value::U64(u64::from(half(cell, word))),
        DataType::I8 => Value::I64(i64::from(half(cell, word) as i8)),
        DataType::U16 | DataType::U32 | DataType::U64 => Value::U64(word),
        DataType::I16 => Value::I64(i64::from(word as u16 as i16)),
        DataType::I32 => Value::I64(i64::from(word as u32 as i32)),
        DataType::I64 => Value::I64(word as i64),
        DataType::F16 => finite(f64_from_half(word as u16))?,
        DataType::F32 => finite(f64::from(f32::from_bits(word as u32)))?,
        DataType::F64 => finite(f64::from_bits(word))?,
        DataType::Bcd16 => Value::U64(decimal(word, 4)?),
        DataType::Bcd32 => Value::U64(decimal(word, 8)?),
        DataType::String => return Err("not a number".into()),
    })
}

/// Up to four registers as one number, the first the most significant unless the cell says otherwise.
fn number(cell: Cell, bytes: &[u8]) -> u64 {
    let (words, _) = bytes.as_chunks::<2>();
    let word = |&pair: &[u8; 2]| if cell.swap_bytes { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) };
    let append = |number: u64, pair: &[u8; 2]| number << 16 | u64::from(word(pair));
    if cell.reverse_words { words.iter().rev().fold(0, append) } else { words.iter().fold(0, append) }
}

/// The bytes of a cell, the most significant first; of a text in the order of its letters.
pub fn in_order(cell: Cell, bytes: &[u8]) -> Vec<u8> {
    let mut words: Vec<Vec<u8>> = bytes.chunks(2).map(<[u8]>::to_vec).collect();
    if cell.swap_bytes {
        for word in &mut words {
            word.reverse();
        }
    }
    if cell.reverse_words {
        words.reverse();
    }
    words.concat()
}

fn half(cell: Cell, word: u64) -> u8 {
    match cell.half {
        ByteHalf::High => (word >> 8) as u8,
        ByteHalf::Low => word as u8,
    }
}

fn finite(number: f64) -> Result<Value, Cow<'static, str>> {
    if number.is_finite() {
        Ok(Value::F64(number))
    } else {
        Err(if number.is_nan() { "not a number" } else { "an infinite number" }.into())
    }
}

/// IEEE 754 binary16, exactly.
fn f64_from_half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1F), f64::from(bits & 0x3FF));
    sign * match exponent {
        0 => fraction * 2_f64.powi(-24),
        0x1F if fraction == 0.0 => f64::INFINITY,
        0x1F => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    }
}

/// Binary coded decimal: each nibble is one digit.
fn decimal(word: u64, digits: u32) -> Result<u64, Cow<'static, str>> {
    (0..digits).rev().try_fold(0, |number, place| match word >> (4 * place) & 0xF {
        digit @ 0..=9 => Ok(number * 10 + digit),
        _ => Err(format!("not a decimal: {word:0width$X}", width = digits as usize).into()),
    })
}

/// UTF-8, without the NULs and spaces around it.
fn text(cell: Cell, bytes: &[u8]) -> Result<String, Cow<'static, str>> {
    let mut bytes = bytes.to_vec();
    if cell.swap_bytes {
        bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|pair| pair.swap(0, 1));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(text.trim_matches(['\0', ' ']).to_owned()),
        Err(_) => Err("not UTF-8 text".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::TagId;
    use crate::project::{Area, Order};
    use DataType::*;
    use Order::*;
    use proptest::prelude::*;

    fn plain(data_type: DataType, order: Order) -> Cell {
        let source = RegisterSource {
            device: std::string::String::new(),
            area: Area::Holding,
            address: 0,
            order,
            bit: None,
            byte: None,
            length: 0,
            poll: None,
        };
        cell(&source, data_type)
    }

    #[test]
    fn numbers_of_every_type_and_order_come_out_exact() {
        let f = Value::F64;
        let u = Value::U64;
        let i = Value::I64;
        let table: Vec<(DataType, Order, &[u8], Value)> = vec![
            (U16, Abcd, &[0x12, 0x34], u(0x1234)),
            (U16, Cdab, &[0x12, 0x34], u(0x1234)),
            (U16, Badc, &[0x34, 0x12], u(0x1234)),
            (U16, Dcba, &[0x34, 0x12], u(0x1234)),
            (I16, Abcd, &[0xFF, 0xFE], i(-2)),
            (U8, Abcd, &[0x12, 0x34], u(0x34)),
            (I8, Abcd, &[0x12, 0xFF], i(-1)),
            (U32, Abcd, &[0x12, 0x34, 0x56, 0x78], u(0x1234_5678)),
            (U32, Cdab, &[0x56, 0x78, 0x12, 0x34], u(0x1234_5678)),
            (U32, Badc, &[0x34, 0x12, 0x78, 0x56], u(0x1234_5678)),
            (U32, Dcba, &[0x78, 0x56, 0x34, 0x12], u(0x1234_5678)),
            (I32, Abcd, &[0xFF, 0xFF, 0xFF, 0xFE], i(-2)),
            (U64, Abcd, &[0xFF; 8], u(u64::MAX)),
            (U64, Abcd, &[1, 2, 3, 4, 5, 6, 7, 8], u(0x0102_0304_0506_0708)),
            (U64, Cdab, &[7, 8, 5, 6, 3, 4, 1, 2], u(0x0102_0304_0506_0708)),
            (U64, Badc, &[2, 1, 4, 3, 6, 5, 8, 7], u(0x0102_0304_0506_0708)),
            (U64, Dcba, &[8, 7, 6, 5, 4, 3, 2, 1], u(0x0102_0304_0506_0708)),
            (I64, Abcd, &[0x80, 0, 0, 0, 0, 0, 0, 1], i(i64::MIN + 1)),
            (U64, Abcd, &[0, 0x20, 0, 0, 0, 0, 0, 1], u(9_007_199_254_740_993)),
            (F32, Abcd, &[0x42, 0xF6, 0xE9, 0x79], f(f64::from(123.456_f32))),
            (F32, Cdab, &[0xE9, 0x79, 0x42, 0xF6], f(f64::from(123.456_f32))),
            (F64, Abcd, &[0x40, 0x5E, 0xDD, 0x2F, 0x1A, 0x9F, 0xBE, 0x77], f(123.456)),
            (F64, Dcba, &[0x77, 0xBE, 0x9F, 0x1A, 0x2F, 0xDD, 0x5E, 0x40], f(123.456)),
            (F16, Abcd, &[0x3C, 0x00], f(1.0)),
            (F16, Badc, &[0x00, 0xC0], f(-2.0)),
            (F16, Abcd, &[0x7B, 0xFF], f(65504.0)),
            (F16, Abcd, &[0x00, 0x01], f(2_f64.powi(-24))),
            (F16, Abcd, &[0x04, 0x00], f(2_f64.powi(-14))),
            (F16, Abcd, &[0x35, 0x55], f(0.333_251_953_125)),
            (Bcd16, Abcd, &[0x12, 0x34], u(1234)),
            (Bcd16, Dcba, &[0x34, 0x12], u(1234)),
            (Bcd32, Abcd, &[0x12, 0x34, 0x56, 0x78], u(12_345_678)),
            (Bcd32, Cdab, &[0x56, 0x78, 0x12, 0x34], u(12_345_678)),
            (Bcd32, Abcd, &[0x99, 0x99, 0x99, 0x99], u(99_999_999)),
            (Bool, Abcd, &[0x00, 0x00], Value::Bool(false)),
            (Bool, Abcd, &[0x80, 0x00], Value::Bool(true)),
        ];
        for (data_type, order, bytes, value) in table {
            assert_eq!(
                value_from_registers(plain(data_type, order), bytes),
                Ok(value),
                "{data_type:?} {order:?} {bytes:02X?}"
            );
        }
    }

    #[test]
    fn bits_and_halves_count_after_the_order() {
        for (bit, order, on) in
            [(0, Abcd, true), (8, Abcd, false), (15, Abcd, true), (0, Badc, false), (7, Badc, true), (8, Badc, true)]
        {
            let cell = Cell { bit: Some(bit), ..plain(Bool, order) };
            assert_eq!(value_from_registers(cell, &[0x80, 0x01]), Ok(Value::Bool(on)), "bit {bit} {order:?}");
        }
        let never = Cell { bit: Some(200), ..plain(Bool, Abcd) };
        assert_eq!(value_from_registers(never, &[0xFF, 0xFF]), Ok(Value::Bool(false)));
        for (half, order, value) in [
            (ByteHalf::High, Abcd, 0x12),
            (ByteHalf::Low, Abcd, 0x34),
            (ByteHalf::High, Badc, 0x34),
            (ByteHalf::Low, Dcba, 0x12),
        ] {
            let cell = Cell { half, ..plain(U8, order) };
            assert_eq!(value_from_registers(cell, &[0x12, 0x34]), Ok(Value::U64(value)));
        }
    }

    #[test]
    fn text_is_trimmed_and_only_its_bytes_are_swapped() {
        for (order, bytes, text) in [
            (Abcd, &b"PUMP 1\0\0"[..], "PUMP 1"),
            (Abcd, b"  PUMP \0", "PUMP"),
            (Cdab, b"PUMP 1  ", "PUMP 1"),
            (Badc, b"UPPM1 \0\0", "PUMP 1"),
            (Dcba, b"UPPM1 \0\0", "PUMP 1"),
            (Abcd, "m³/h\0".as_bytes(), "m³/h"),
            (Abcd, b"\0\0\0\0", ""),
        ] {
            assert_eq!(value_from_registers(plain(String, order), bytes), Ok(Value::Text(text.into())));
        }
    }

    #[test]
    fn bytes_that_are_no_value_are_bad_with_their_reason() {
        let table: Vec<(DataType, &[u8], &str)> = vec![
            (F32, &[0x7F, 0xC0, 0, 0], "not a number"),
            (F32, &[0xFF, 0x80, 0, 0], "an infinite number"),
            (F64, &[0x7F, 0xF8, 0, 0, 0, 0, 0, 1], "not a number"),
            (F64, &[0x7F, 0xF0, 0, 0, 0, 0, 0, 0], "an infinite number"),
            (F16, &[0x7E, 0x00], "not a number"),
            (F16, &[0xFC, 0x00], "an infinite number"),
            (Bcd16, &[0x12, 0x3A], "not a decimal: 123A"),
            (Bcd32, &[0x00, 0x00, 0xF0, 0x00], "not a decimal: 0000F000"),
            (String, &[0xFF, 0xFE], "not UTF-8 text"),
        ];
        for (data_type, bytes, why) in table {
            let spot = Spot { tag: TagId(3), offset: 0, width: (bytes.len() / 2) as u16, cell: plain(data_type, Abcd) };
            let block = Block { area: Area::Holding, start: 0, count: spot.width, spots: vec![spot] };
            let [sample] = &samples(&block, bytes)[..] else { panic!("one tag, one sample") };
            assert_eq!((sample.tag, sample.quality, sample.detail.as_deref()), (TagId(3), Quality::PAYLOAD, Some(why)));
            assert_eq!((&sample.value, sample.raw.bytes()), (&None, bytes));
        }
    }

    #[test]
    fn bits_of_coils_are_taken_from_the_least_significant_up() {
        let spots =
            (0..10).map(|i| Spot { tag: TagId(i), offset: i as u16, width: 1, cell: plain(Bool, Abcd) }).collect();
        let block = Block { area: Area::Coil, start: 0, count: 10, spots };
        let on: Vec<_> =
            samples(&block, &[0b0000_0101, 0b10]).into_iter().map(|s| s.value == Some(Value::Bool(true))).collect();
        assert_eq!(on, [true, false, true, false, false, false, false, false, false, true]);
    }

    #[test]
    fn bytes_in_their_order_are_the_number_that_is_decoded() {
        let bytes = [0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE, 0xF0];
        for order in [Abcd, Cdab, Badc, Dcba] {
            for (data_type, width) in [(U16, 2), (U32, 4), (U64, 8)] {
                let (cell, bytes) = (plain(data_type, order), &bytes[..width]);
                let shown = in_order(cell, bytes).iter().fold(0, |n, b| n << 8 | u64::from(*b));
                assert_eq!(shown, number(cell, bytes), "{data_type:?} {order:?}");
            }
        }
    }

    fn fits(value: &Value, data_type: DataType) -> bool {
        match (value, data_type) {
            (Value::Bool(_), Bool) | (Value::U64(_), U64) | (Value::I64(_), I64) | (Value::Text(_), String) => true,
            (Value::F64(v), F16 | F32 | F64) => v.is_finite(),
            (Value::U64(v), U8) => *v <= 0xFF,
            (Value::U64(v), U16) => *v <= 0xFFFF,
            (Value::U64(v), U32) => *v <= 0xFFFF_FFFF,
            (Value::U64(v), Bcd16) => *v <= 9999,
            (Value::U64(v), Bcd32) => *v <= 99_999_999,
            (Value::I64(v), I8) => i8::try_from(*v).is_ok(),
            (Value::I64(v), I16) => i16::try_from(*v).is_ok(),
            (Value::I64(v), I32) => i32::try_from(*v).is_ok(),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_value_of_the_type_or_none(
            kind in 0_usize..15,
            order in prop::sample::select(vec![Abcd, Cdab, Badc, Dcba]),
            bit in prop::option::of(any::<u8>()),
            length in 1_u16..6,
            offset in 0_u16..4,
            coil in any::<bool>(),
            bytes in prop::collection::vec(any::<u8>(), 0..24),
        ) {
            let data_type = if coil { Bool } else { DataType::ALL[kind].0 };
            let spot = Spot { tag: TagId(0), offset, width: data_type.registers(length), cell: Cell { bit, ..plain(data_type, order) } };
            let area = if coil { Area::Coil } else { Area::Input };
            let block = Block { area, start: 0, count: spot.offset + spot.width, spots: vec![spot] };
            for sample in samples(&block, &bytes) {
                match &sample.value {
                    Some(value) => prop_assert!(sample.quality.is_good() && fits(value, data_type), "{value:?} as {data_type:?}"),
                    None => prop_assert!(sample.quality.is_bad() && sample.detail.is_some()),
                }
            }
        }
    }
}
