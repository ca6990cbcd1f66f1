//! What registers hold, seen under every type and order, and which decodings show what the device's own display shows.
//!
//! Pure: registers in, decodings out. A decoding that is found fits every reading that was typed, so that two or three
//! readings at different values leave few; of those that fit, the likelier stands first: the one that shows exactly what
//! was typed, then the one that fits least often by chance (a float of the right size seldom does), then the usual order
//! of bytes, then the lower register.

use super::modbus::value::{cell, value_from_registers};
use crate::engine::Value;
use crate::project::{Area, ByteHalf, DataType, Order, RegisterSource};
use std::sync::Arc;

/// Readings that are kept; a newer one beyond them takes the place of the oldest.
pub const MOST_READINGS: usize = 16;

/// Longest text that is looked for, in bytes.
const LONGEST_TEXT: usize = 60;

/// Digits that a number may have: more are no number that 64 bits hold exactly.
const MOST_DIGITS: usize = 15;

/// Powers of ten that a raw number is multiplied by, the most usual first.
pub const EXPONENTS: [i8; 8] = [0, -1, -2, -3, 1, 2, 3, -4];

/// Types that numbers may have in registers.
const NUMBERS: [DataType; 13] = [
    DataType::U16,
    DataType::I16,
    DataType::F32,
    DataType::U32,
    DataType::I32,
    DataType::F64,
    DataType::U64,
    DataType::I64,
    DataType::F16,
    DataType::Bcd16,
    DataType::Bcd32,
    DataType::U8,
    DataType::I8,
];

const ORDERS: [Order; 4] = [Order::Abcd, Order::Cdab, Order::Badc, Order::Dcba];

/// What a display shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// A number, and the worth of one of its last digit.
    Number {
        /// The number.
        value: f64,
        /// `0.1` of `231.4`.
        unit: f64,
    },
    /// Words.
    Text(String),
}

impl Shown {
    /// From what a person typed off the display: `231.4`, `-12`, `1 234`, `P-101`. A comma may stand for the point.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(typed: &str) -> Result<Self, String> {
        let typed = typed.trim();
        let bare: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '\'').collect();
        let bare = bare.replace(',', ".");
        let digits = bare.strip_prefix(['-', '+', '−']).unwrap_or(&bare);
        let is_number = digits.chars().all(|c| c.is_ascii_digit() || c == '.')
            && digits.chars().any(|c| c.is_ascii_digit())
            && digits.matches('.').count() <= 1;
        if is_number {
            if digits.chars().filter(char::is_ascii_digit).count() > MOST_DIGITS {
                return Err(format!("at most {MOST_DIGITS} digits"));
            }
            let decimals = digits.split_once('.').map_or(0, |(_, behind)| behind.len());
            let value: f64 =
                bare.replace('−', "-").parse().map_err(|_no_number| "write it as the display shows it".to_owned())?;
            return Ok(Self::Number { value, unit: 1.0 / 10_f64.powi(decimals as i32) });
        }
        match typed.len() {
            0 => Err("write what the device's own display shows, like 231.4".to_owned()),
            1..=LONGEST_TEXT => Ok(Self::Text(typed.to_owned())),
            _ => Err(format!("at most {LONGEST_TEXT} letters")),
        }
    }
}

/// Registers at the instant at which a display was read, from the first one looked at on.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The registers; those that were not read have nothing.
    pub words: Arc<[Option<u16>]>,
    /// What was shown.
    pub shown: Shown,
}

/// How registers become a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoding {
    /// Registers behind the first one looked at.
    pub offset: u16,
    /// The type.
    pub data_type: DataType,
    /// Order of bytes and words.
    pub order: Order,
    /// Which half, of types of eight bits.
    pub byte: Option<ByteHalf>,
    /// Registers of a text.
    pub length: u16,
    /// The raw number times ten to this is the value.
    pub exponent: i8,
}

impl Decoding {
    /// Registers that it takes.
    pub const fn width(self) -> u16 {
        self.data_type.registers(self.length)
    }

    /// `0.1`, as a project's `scale`; `None`: the raw number is the value.
    pub fn scale(self) -> Option<f64> {
        match self.exponent {
            0 => None,
            // Divided, because 0.001 is the number nearest to a thousandth, which 10⁻³ by powers need not be.
            negative @ ..=-1 => Some(1.0 / 10_f64.powi(-i32::from(negative))),
            positive => Some(10_f64.powi(i32::from(positive))),
        }
    }

    /// The raw value in these registers; the reason where they hold none of its type.
    pub fn raw(self, words: &[Option<u16>]) -> Result<Value, String> {
        let start = usize::from(self.offset);
        let width = usize::from(self.width());
        let words = words.get(start..start + width).ok_or_else(|| "beyond what was read".to_owned())?;
        let mut bytes = Vec::with_capacity(words.len() * 2);
        for word in words {
            bytes.extend(word.ok_or_else(|| "not read".to_owned())?.to_be_bytes());
        }
        value_from_registers(cell(&self.source(), self.data_type), &bytes).map_err(std::borrow::Cow::into_owned)
    }

    /// The value, scaled.
    pub fn value(self, words: &[Option<u16>]) -> Result<Value, String> {
        let raw = self.raw(words)?;
        Ok(match (self.exponent, raw.as_f64()) {
            (0, _) | (_, None) => raw,
            (exponent, Some(number)) => Value::F64(times_ten_to(number, exponent)),
        })
    }

    fn source(self) -> RegisterSource {
        RegisterSource {
            device: String::new(),
            area: Area::Holding,
            address: 0,
            order: self.order,
            bit: None,
            byte: self.byte,
            length: self.length,
            poll: None,
        }
    }

    /// How unlikely it is beside others that fit as well; the smaller, the likelier.
    fn cost(self, negative: bool) -> u32 {
        let float = matches!(self.data_type, DataType::F16 | DataType::F32 | DataType::F64);
        let by_type = match self.data_type {
            DataType::F32 | DataType::String => 0,
            DataType::F64 => 3,
            DataType::U16 => 10,
            DataType::I16 => 11,
            DataType::U32 => 13,
            DataType::I32 => 14,
            DataType::U64 | DataType::I64 => 17,
            DataType::F16 => 22,
            DataType::Bcd32 => 24,
            DataType::Bcd16 => 26,
            DataType::U8 | DataType::I8 | DataType::Bool => 30,
        };
        // What was never negative is likelier unsigned, and the other way round.
        let signed = matches!(self.data_type, DataType::I8 | DataType::I16 | DataType::I32 | DataType::I64);
        let by_sign = u32::from(!float && signed != negative);
        let by_order = match self.order {
            Order::Abcd => 0,
            Order::Cdab => 1,
            Order::Badc | Order::Dcba => 3,
        };
        let by_scale = match (float, self.exponent) {
            (true, 0) | (false, -1) => 0,
            (false, 0 | -2) => 1,
            (false, -3) => 2,
            (true, -3 | 3) => 5,
            (false, _) => 6,
            (true, _) => 9,
        };
        by_type + by_sign + by_order + by_scale
    }
}

/// `holding`-less words: `f32 CDAB × 0.1`.
impl std::fmt::Display for Decoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.data_type.word())?;
        match self.byte {
            Some(ByteHalf::High) => f.write_str(" high byte")?,
            Some(ByteHalf::Low) => f.write_str(" low byte")?,
            None => {}
        }
        if self.width() > 1 || self.order != Order::Abcd {
            write!(f, " {}", order_word(self.order))?;
        }
        match self.scale() {
            Some(scale) => write!(f, " × {scale}"),
            None => Ok(()),
        }
    }
}

/// As written in a project.
pub const fn order_word(order: Order) -> &'static str {
    match order {
        Order::Abcd => "ABCD",
        Order::Cdab => "CDAB",
        Order::Badc => "BADC",
        Order::Dcba => "DCBA",
    }
}

fn times_ten_to(number: f64, exponent: i8) -> f64 {
    if exponent < 0 { number / 10_f64.powi(-i32::from(exponent)) } else { number * 10_f64.powi(i32::from(exponent)) }
}

/// Every decoding of one register on, without a scale: what stands side by side.
pub fn views(offset: u16) -> Vec<Decoding> {
    let decoding = |data_type, order, byte| Decoding { offset, data_type, order, byte, length: 0, exponent: 0 };
    let mut all = Vec::new();
    for data_type in NUMBERS {
        let one_byte = matches!(data_type, DataType::U8 | DataType::I8);
        // Of one register only the swap within it counts; of one byte its half says that already.
        let orders: &[Order] = match data_type.registers(0) {
            1 if one_byte => &[Order::Abcd],
            1 => &[Order::Abcd, Order::Badc],
            _ => &ORDERS,
        };
        let halves: &[Option<ByteHalf>] = if one_byte { &[Some(ByteHalf::High), Some(ByteHalf::Low)] } else { &[None] };
        for order in orders {
            all.extend(halves.iter().map(|half| decoding(data_type, *order, *half)));
        }
    }
    all
}

/// The decodings that show what was shown, in every reading; the likeliest first. Readings that look at fewer registers
/// leave those beyond out.
pub fn ranked(readings: &[Reading]) -> Vec<Decoding> {
    let Some(last) = readings.last() else { return Vec::new() };
    if let Shown::Text(_) = last.shown {
        return texts(readings);
    }
    let negative = readings.iter().any(|r| matches!(r.shown, Shown::Number { value, .. } if value < 0.0));
    let mut found: Vec<(usize, u32, Decoding)> = Vec::new();
    for offset in 0..last.words.len().min(usize::from(u16::MAX)) as u16 {
        for view in views(offset) {
            for exponent in EXPONENTS {
                let decoding = Decoding { exponent, ..view };
                if let Some(inexact) = fits(decoding, readings) {
                    found.push((inexact, decoding.cost(negative), decoding));
                }
            }
        }
    }
    found.sort_by_key(|(inexact, cost, decoding)| (*inexact, *cost, decoding.offset));
    found.into_iter().map(|(.., decoding)| decoding).collect()
}

/// In how many readings it is off by more than the display rounds; `None`: it does not fit them all.
fn fits(decoding: Decoding, readings: &[Reading]) -> Option<usize> {
    let mut inexact = 0;
    for reading in readings {
        let Shown::Number { value: shown, unit } = reading.shown else { return None };
        let value = decoding.value(&reading.words).ok()?.as_f64()?;
        let off = (value - shown).abs();
        // A float of 32 bits is not the decimal that it stands for.
        let slack = shown.abs() * 1e-6 + unit * 1e-9;
        // A display may cut instead of rounding, and the value may have moved by a digit since.
        if off > unit + slack {
            return None;
        }
        inexact += usize::from(off > unit / 2.0 + slack);
    }
    Some(inexact)
}

/// Where a text stands, with the order in which it does.
fn texts(readings: &[Reading]) -> Vec<Decoding> {
    let Some(Reading { words, .. }) = readings.last() else { return Vec::new() };
    let mut found = Vec::new();
    for order in [Order::Abcd, Order::Badc] {
        for offset in 0..words.len().min(usize::from(u16::MAX)) as u16 {
            let longest = readings.iter().filter_map(|r| match &r.shown {
                Shown::Text(text) => Some(text.len().div_ceil(2)),
                Shown::Number { .. } => None,
            });
            let Some(length) = longest.max().and_then(|length| u16::try_from(length).ok()) else { continue };
            let decoding = Decoding { offset, data_type: DataType::String, order, byte: None, length, exponent: 0 };
            let fits = readings.iter().all(|reading| match (&reading.shown, decoding.raw(&reading.words)) {
                (Shown::Text(shown), Ok(Value::Text(text))) => text.as_ref() == shown.as_str(),
                _ => false,
            });
            if fits {
                found.push(decoding);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reading(words: &[Option<u16>], shown: &str) -> Reading {
        Reading { words: words.into(), shown: Shown::parse(shown).unwrap() }
    }

    fn words_of(bytes: &[u8]) -> Vec<Option<u16>> {
        bytes.chunks(2).map(|pair| Some(u16::from_be_bytes([pair[0], pair[1]]))).collect()
    }

    fn told(readings: &[Reading]) -> Vec<String> {
        ranked(readings).iter().map(|d| format!("{} {d}", d.offset)).collect()
    }

    #[test]
    fn what_a_display_shows_is_read_as_people_type_it() {
        let number = |value, unit| Ok(Shown::Number { value, unit });
        assert_eq!(Shown::parse(" 231.4 "), number(231.4, 0.1));
        assert_eq!(Shown::parse("-12"), number(-12.0, 1.0));
        assert_eq!(Shown::parse("1 234,50"), number(1234.5, 0.01));
        assert_eq!(Shown::parse("P-101"), Ok(Shown::Text("P-101".to_owned())));
        assert!(Shown::parse("").is_err() && Shown::parse("1234567890123456").is_err());
    }

    #[test]
    fn a_float_of_any_order_comes_before_what_fits_by_chance() {
        let [a, b, c, d] = 231.43_f32.to_be_bytes();
        // 2314 stands there, too, as some counter may.
        let words = words_of(&[0x09, 0x0A, c, d, a, b, 0, 7]);
        let all = told(&[reading(&words, "231.4")]);
        assert_eq!(all[0], "1 f32 CDAB");
        assert!(all.contains(&"0 u16 × 0.1".to_owned()), "{all:?}");
    }

    #[test]
    fn a_second_reading_leaves_what_moved_with_the_display() {
        let first = [2314, 2314, 9, 2314].map(Some);
        let second = [2314, 2298, 9, 2299].map(Some);
        assert_eq!(told(&[reading(&first, "231.4")])[..3], ["0 u16 × 0.1", "1 u16 × 0.1", "3 u16 × 0.1"]);
        let both = [reading(&first, "231.4"), reading(&second, "229.8")];
        let left = told(&both);
        assert_eq!(left[0], "1 u16 × 0.1");
        // One digit off is still possible, and stands behind.
        let exact = left.iter().position(|d| d == "1 i16 × 0.1").unwrap();
        assert!(left.iter().position(|d| d == "3 u16 × 0.1").unwrap() > exact);
        assert!(!left.iter().any(|d| d.starts_with("0 ")));
        assert_eq!(told(&[reading(&first, "77")]), [""; 0]);
    }

    #[test]
    fn a_text_is_found_in_both_orders_of_its_letters() {
        let straight = words_of(b"\0\x01P-101A\0\0");
        assert_eq!(told(&[reading(&straight, "P-101A")]), ["1 string ABCD"]);
        let swapped = words_of(b"\0\x01-P01A1\0\0");
        assert_eq!(told(&[reading(&swapped, "P-101A")]), ["1 string BADC"]);
    }

    #[test]
    fn what_was_not_read_is_no_part_of_any_value() {
        let words = [Some(0x4366), None, Some(2_314)];
        for shown in ["0", "231.4"] {
            let found = ranked(&[reading(&words, shown)]);
            assert!(
                !found.is_empty() && found.iter().all(|d| !(d.offset..d.offset + d.width()).contains(&1)),
                "{shown}"
            );
        }
        let float = views(0).into_iter().find(|decoding| decoding.data_type == DataType::F32).unwrap();
        assert_eq!(float.value(&words), Err("not read".to_owned()));
    }

    #[test]
    fn a_signed_value_that_is_negative_is_taken_for_signed() {
        let all = told(&[reading(&[Some(65_511)], "-2.5")]);
        assert_eq!(all[0], "0 i16 × 0.1");
    }

    /// The bytes of a number in this type and order, as a device sends them.
    fn encoded(number: i64, data_type: DataType, order: Order, half: Option<ByteHalf>) -> Vec<u8> {
        let mut bytes: Vec<u8> = match data_type {
            DataType::U16 => (number as u16).to_be_bytes().to_vec(),
            DataType::I16 => (number as i16).to_be_bytes().to_vec(),
            DataType::U32 | DataType::I32 => (number as i32).to_be_bytes().to_vec(),
            DataType::U64 | DataType::I64 => number.to_be_bytes().to_vec(),
            DataType::F32 => (number as f32).to_be_bytes().to_vec(),
            DataType::F64 => (number as f64).to_be_bytes().to_vec(),
            DataType::Bcd16 => u16::from_str_radix(&number.to_string(), 16).unwrap().to_be_bytes().to_vec(),
            DataType::Bcd32 => u32::from_str_radix(&number.to_string(), 16).unwrap().to_be_bytes().to_vec(),
            DataType::U8 | DataType::I8 if half == Some(ByteHalf::High) => vec![number as u8, 0x5A],
            DataType::U8 | DataType::I8 => vec![0x5A, number as u8],
            DataType::F16 | DataType::Bool | DataType::String => unreachable!(),
        };
        if half.is_none() {
            if order.reverses_words() {
                bytes = bytes.chunks(2).rev().flatten().copied().collect();
            }
            if order.swaps_bytes() {
                bytes.chunks_mut(2).for_each(|pair| pair.swap(0, 1));
            }
        }
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        #[test]
        fn every_value_that_can_be_encoded_is_found_with_its_own_encoding(
            which in 0..1_000_usize,
            exponent in prop::sample::select(&EXPONENTS[..]),
            number in -999_999_i64..=999_999,
            before in prop::collection::vec(any::<Option<u16>>(), 0..6),
            behind in prop::collection::vec(any::<Option<u16>>(), 0..3),
        ) {
            let known: Vec<Decoding> = views(0).into_iter().filter(|d| d.data_type != DataType::F16).collect();
            let view = known[which % known.len()];
            let fitted = match view.data_type {
                DataType::U8 => number.rem_euclid(256),
                DataType::I8 => number % 128,
                DataType::U16 => number.rem_euclid(65_536),
                DataType::I16 => number % 32_768,
                DataType::Bcd16 => number.rem_euclid(10_000),
                DataType::Bcd32 | DataType::U32 | DataType::U64 => number.abs(),
                _ => number,
            };
            let bytes = encoded(fitted, view.data_type, view.order, view.byte);
            let words = [before.clone(), words_of(&bytes), behind].concat();
            let decoding = Decoding { offset: before.len() as u16, exponent, ..view };
            let decimals = usize::from(exponent.min(0).unsigned_abs());
            let shown = format!("{:.decimals$}", decoding.value(&words).unwrap().as_f64().unwrap());
            let all = ranked(&[reading(&words, &shown)]);
            prop_assert!(all.contains(&decoding), "{decoding} shows {shown} in {words:X?}; found {}", all.len());
        }

        #[test]
        fn whatever_registers_hold_is_ranked_without_a_panic(
            words in prop::collection::vec(any::<Option<u16>>(), 0..20),
            shown in "[-+0-9., a-z]{0,12}",
        ) {
            if let Ok(shown) = Shown::parse(&shown) {
                for decoding in ranked(&[Reading { words: words.clone().into(), shown }]) {
                    prop_assert!(decoding.raw(&words).is_ok());
                }
            }
        }
    }
}
