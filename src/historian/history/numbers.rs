//! Columns of numbers of 64 bits: times, and values that are numbers.
//!
//! Very many of the chunks of a plant with tens of thousands of tags are short ones at a tag's end, written again before long.
//! There the effort of a compressor is spent on a few dozen numbers over and over; how far each lies from the one before tells
//! them in fewer bytes, and in a hundredth of the time.

use super::bytes::{Damage, Reader, put_signed};
use super::{codes, digest};
use pco::data_types::Number;
use pco::standalone::simple_compress;
use pco::{ChunkConfig, DeltaSpec, ModeSpec};

/// Of fewer numbers it is told how far they lie apart; more are compressed.
const FEW: usize = 128;

/// Up to so many are compressed in haste: to look for the best way to lay out a few hundred numbers takes ten times as long as
/// laying them out.
const HASTY: usize = 512;

/// How well more are compressed, of 12 levels. Level 8 takes three times as long for up to 0.7 % less.
const LEVEL: usize = 6;

/// Decimals that are looked for in haste.
const MOST_DECIMALS: u8 = 4;

/// How a column lies.
const PLAIN: u8 = 0;
const COMPRESSED: u8 = 1;
const DISTANCES: u8 = 2;

/// A kind of numbers of 64 bits.
pub(super) trait Bits: Number + Default {
    const IS_FLOAT: bool;
    fn eight(self) -> [u8; 8];
    fn from_eight(bytes: [u8; 8]) -> Self;
    /// As a whole number of so many decimals. `None`: it is none.
    fn whole(self, decimals: u8) -> Option<i64>;
    fn from_whole(whole: i64, decimals: u8) -> Self;
    /// Decimals that all of these have, at most. `None`: they are no decimal numbers.
    fn decimals(numbers: &[Self]) -> Option<u8>;
}

macro_rules! integers {
    ($($number:ty),*) => {$(
        impl Bits for $number {
            const IS_FLOAT: bool = false;
            fn eight(self) -> [u8; 8] {
                self.to_le_bytes()
            }
            fn from_eight(bytes: [u8; 8]) -> Self {
                Self::from_le_bytes(bytes)
            }
            fn whole(self, _decimals: u8) -> Option<i64> {
                Some(i64::from_le_bytes(self.to_le_bytes()))
            }
            fn from_whole(whole: i64, _decimals: u8) -> Self {
                Self::from_le_bytes(whole.to_le_bytes())
            }
            fn decimals(_numbers: &[Self]) -> Option<u8> {
                Some(0)
            }
        }
    )*};
}
integers!(i64, u64);

impl Bits for f64 {
    const IS_FLOAT: bool = true;

    fn eight(self) -> [u8; 8] {
        self.to_le_bytes()
    }

    fn from_eight(bytes: [u8; 8]) -> Self {
        Self::from_le_bytes(bytes)
    }

    fn whole(self, decimals: u8) -> Option<i64> {
        digest::whole(self, decimals)
    }

    fn from_whole(whole: i64, decimals: u8) -> Self {
        digest::decimal(whole, decimals)
    }

    fn decimals(numbers: &[Self]) -> Option<u8> {
        (0..=MOST_DECIMALS).find(|decimals| numbers.iter().all(|number| number.whole(*decimals).is_some()))
    }
}

/// As bytes.
pub(super) fn encode<T: Bits>(numbers: &[T], mode: ModeSpec) -> Vec<u8> {
    let plain = std::mem::size_of_val(numbers);
    let decimals = if numbers.len() < HASTY { T::decimals(numbers) } else { None };
    if numbers.len() < FEW
        && let Some(bytes) = decimals.and_then(|decimals| distances(numbers, decimals)).filter(|b| b.len() <= plain)
    {
        return bytes;
    }
    match simple_compress(numbers, &layout::<T>(numbers.len(), mode, decimals)) {
        Ok(compressed) if compressed.len() < plain => {
            let mut bytes = vec![COMPRESSED];
            bytes.extend(compressed);
            bytes
        }
        Ok(_) | Err(_) => {
            let mut bytes = vec![PLAIN];
            bytes.extend(numbers.iter().flat_map(|number| number.eight()));
            bytes
        }
    }
}

/// From their bytes; `count` is how many there are.
pub(super) fn decode<T: Bits>(bytes: &[u8], count: usize) -> Result<Vec<T>, Damage> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        PLAIN => {
            let numbers = (0..count).map(|_| reader.eight().map(T::from_eight)).collect::<Result<_, _>>()?;
            reader.end()?;
            Ok(numbers)
        }
        COMPRESSED => {
            let mut numbers = vec![T::default(); count];
            codes::decompress(reader.take(reader.left())?, &mut numbers)?;
            Ok(numbers)
        }
        DISTANCES => from_distances(reader, count),
        _ => Err(Damage("a column of a way that is not known")),
    }
}

/// How so many numbers are laid out; `mode`: where nothing better is known of them.
fn layout<T: Bits>(count: usize, mode: ModeSpec, decimals: Option<u8>) -> ChunkConfig {
    let config = ChunkConfig::default();
    if count >= HASTY {
        return config.with_compression_level(LEVEL);
    }
    let mode = match decimals {
        // Of a few floats the decimals tell at once what is looked for with much effort among many.
        Some(decimals) if T::IS_FLOAT => ModeSpec::TryFloatMult(10_f64.powi(-i32::from(decimals))),
        _ => mode,
    };
    config.with_compression_level(4).with_mode_spec(mode).with_delta_spec(DeltaSpec::TryConsecutive(1))
}

/// Each as its distance from the one before; or the distances so, where they are even, as times are. `None`: not all are whole
/// numbers of so many decimals.
fn distances<T: Bits>(numbers: &[T], decimals: u8) -> Option<Vec<u8>> {
    let written = |order: u8| {
        let mut bytes = Vec::with_capacity(16 + 3 * numbers.len());
        bytes.extend([DISTANCES, order, decimals]);
        let (mut before, mut distance_before) = (0_i64, 0_i64);
        for number in numbers {
            let whole = number.whole(decimals)?;
            let distance = whole.wrapping_sub(before);
            put_signed(&mut bytes, if order == 1 { distance } else { distance.wrapping_sub(distance_before) });
            (before, distance_before) = (whole, distance);
        }
        Some(bytes)
    };
    let (one, other) = (written(1)?, written(2)?);
    Some(if other.len() < one.len() { other } else { one })
}

fn from_distances<T: Bits>(mut reader: Reader<'_>, count: usize) -> Result<Vec<T>, Damage> {
    let (order, decimals) = (reader.byte()?, reader.byte()?);
    if !matches!(order, 1 | 2) || decimals > MOST_DECIMALS {
        return Err(Damage("distances of a way that is not known"));
    }
    let (mut whole, mut distance) = (0_i64, 0_i64);
    let mut numbers = Vec::with_capacity(count.min(reader.left()));
    for _ in 0..count {
        let step = reader.signed()?;
        distance = if order == 1 { step } else { distance.wrapping_add(step) };
        whole = whole.wrapping_add(distance);
        numbers.push(T::from_whole(whole, decimals));
    }
    reader.end()?;
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn come_back<T: Bits>(numbers: &[T]) -> Result<(), TestCaseError> {
        let bytes = encode(numbers, ModeSpec::Auto);
        prop_assert!(bytes.len() <= 1 + std::mem::size_of_val(numbers));
        let back: Vec<T> = decode(&bytes, numbers.len()).unwrap();
        prop_assert!(back.iter().map(|n| n.eight()).eq(numbers.iter().map(|n| n.eight())));
        prop_assert!(decode::<T>(&bytes, numbers.len() + 1).is_err());
        Ok(())
    }

    proptest! {
        #[test]
        fn numbers_come_back_to_the_last_bit(
            any in proptest::collection::vec(any::<i64>(), 0..2 * FEW),
            near in proptest::collection::vec(-300_i64..300, 0..2 * FEW),
            floats in proptest::collection::vec(any::<f64>(), 0..40),
            decimals in 0_u8..6,
        ) {
            come_back(&any)?;
            come_back(&any.iter().map(|n| *n as u64).collect::<Vec<_>>())?;
            come_back(&near)?;
            come_back(&floats)?;
            come_back(&near.iter().map(|n| digest::decimal(*n, decimals)).collect::<Vec<_>>())?;
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, way in 0_u8..4, count in 0_usize..1_000_000) {
            let bytes: Vec<u8> = std::iter::once(way).chain(bytes).collect();
            // What pco makes of nonsense is its own tests' matter, but for how much room it takes.
            drop(decode::<f64>(&bytes, if way == COMPRESSED { count % 1_000 } else { count }));
            drop(decode::<i64>(&bytes, if way == COMPRESSED { count % 1_000 } else { count }));
        }
    }

    #[test]
    fn a_few_numbers_take_little_room() {
        let mut random = fastrand::Rng::with_seed(42);
        let times: Vec<i64> =
            (0..30).map(|i| 1_800_000_000_000_000 + i * 1_000_000 + random.i64(-1_500..1_500)).collect();
        let values: Vec<f64> = (0..30).map(|i| (500 + i % 7) as f64 / 10.0).collect();
        let taken = (encode(&times, ModeSpec::Classic).len(), encode(&values, ModeSpec::Auto).len());
        assert!(taken.0 < 80 && taken.1 < 36, "{taken:?}");
    }
}
