//! The digest of a chunk: what each few samples of it come to, read without decoding them.
//!
//! A block ends after [`BLOCK`] samples, and where bad quality begins or ends, as long as that does not make too many: a
//! block then either has a value throughout or a gap throughout.

use super::bytes::{Damage, Reader, put, put_signed, seal, unseal};
use super::columns::Columns;
use crate::engine::Quality;

/// Samples in a block, at most.
pub const BLOCK: usize = 256;

/// Blocks of a chunk that changes between good and bad all the time: as many times more than of a quiet one.
const MOST_BLOCKS_TIMES: usize = 4;

/// What a run of samples comes to. Times are microseconds since 1970 UTC; numbers are NaN where there are none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// How many samples.
    pub count: u32,
    /// Time of the first.
    pub first: i64,
    /// Time of the last.
    pub last: i64,
    /// Number of the first sample that has one.
    pub first_value: f64,
    /// Number of the last sample that has one.
    pub last_value: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// The worst quality; of equally bad ones the first.
    pub worst: Quality,
    /// What else is to be known.
    pub flags: Flags,
}

/// What is to be known of a block beside its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// At least one sample is bad.
    pub any_bad: bool,
    /// The first sample is bad.
    pub begins_bad: bool,
    /// The last sample is bad: a gap goes on from here.
    pub ends_bad: bool,
    /// The least number comes before the greatest.
    pub min_first: bool,
}

impl Flags {
    fn number(self) -> u8 {
        u8::from(self.any_bad)
            | u8::from(self.begins_bad) << 1
            | u8::from(self.ends_bad) << 2
            | u8::from(self.min_first) << 3
    }

    fn from_number(number: u8) -> Self {
        let bit = |i: u8| number >> i & 1 == 1;
        Self { any_bad: bit(0), begins_bad: bit(1), ends_bad: bit(2), min_first: bit(3) }
    }
}

/// The blocks of these samples, which are in order.
pub fn blocks(columns: &Columns) -> Vec<Block> {
    let numbers = columns.numbers();
    let (times, qualities) = (columns.times(), columns.qualities());
    let mut spare = columns.len() / BLOCK * (MOST_BLOCKS_TIMES - 1) + 2 * MOST_BLOCKS_TIMES;
    let mut blocks: Vec<Block> = Vec::with_capacity(columns.len() / BLOCK + 1);
    let mut open: Option<Block> = None;
    for (i, (&time, &quality)) in times.iter().zip(qualities).enumerate() {
        let (number, bad) = (numbers[i], quality.is_bad());
        let block = match &mut open {
            Some(block) if (block.count as usize) < BLOCK => {
                if block.flags.ends_bad != bad && spare > 0 {
                    spare -= 1;
                    blocks.push(*block);
                    open.insert(empty(time, quality))
                } else {
                    block
                }
            }
            open => {
                blocks.extend(open.take());
                open.insert(empty(time, quality))
            }
        };
        block.count += 1;
        block.last = time;
        block.worst = block.worst.worst(quality);
        block.flags.any_bad |= bad;
        block.flags.ends_bad = bad;
        if number.is_nan() {
            continue;
        }
        if block.first_value.is_nan() {
            block.first_value = number;
        }
        block.last_value = number;
        // Of equal extremes the first counts; a NaN is no extreme.
        if block.min.is_nan() || number < block.min {
            block.min = number;
            block.flags.min_first = false;
        }
        if block.max.is_nan() || number > block.max {
            block.max = number;
            block.flags.min_first = block.min < number;
        }
    }
    blocks.extend(open);
    blocks
}

fn empty(time: i64, quality: Quality) -> Block {
    let bad = quality.is_bad();
    Block {
        count: 0,
        first: time,
        last: time,
        first_value: f64::NAN,
        last_value: f64::NAN,
        min: f64::NAN,
        max: f64::NAN,
        worst: quality,
        flags: Flags { begins_bad: bad, ends_bad: bad, ..Flags::default() },
    }
}

const FORMAT: u8 = 1;

/// How numbers lie: as bits, or as whole numbers times a power of ten.
const AS_BITS: u8 = 0xFF;
const MOST_DECIMALS: u8 = 9;

/// As bytes, with a checksum.
pub fn encode(blocks: &[Block]) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    put(&mut bytes, blocks.len() as u64);
    let unit = time_unit(blocks);
    bytes.push(unit);
    let unit = 10_i64.pow(u32::from(unit));
    let decimals = (0..=MOST_DECIMALS).find(|d| blocks.iter().flat_map(numbers).all(|v| whole(v, *d).is_some()));
    bytes.push(decimals.unwrap_or(AS_BITS));
    let (mut time, mut near) = (0, 0.0);
    for block in blocks {
        put(&mut bytes, u64::from(block.count));
        put_signed(&mut bytes, (block.first / unit).wrapping_sub(time));
        put_signed(&mut bytes, (block.last / unit).wrapping_sub(block.first / unit));
        time = block.last / unit;
        put(&mut bytes, u64::from(block.worst.number()));
        let has_numbers = !block.min.is_nan();
        bytes.push(block.flags.number() | u8::from(has_numbers) << 7);
        if !has_numbers {
            continue;
        }
        for number in numbers(block) {
            match decimals {
                Some(d) => {
                    let whole = |v| whole(v, d).unwrap_or_default();
                    put_signed(&mut bytes, whole(number).wrapping_sub(whole(near)));
                }
                None => bytes.extend(number.to_bits().to_le_bytes()),
            }
            near = number;
        }
    }
    seal(&mut bytes);
    bytes
}

/// From its bytes.
pub fn decode(bytes: &[u8]) -> Result<Vec<Block>, Damage> {
    let mut reader = Reader::new(unseal(bytes)?);
    if reader.byte()? != FORMAT {
        return Err(Damage("a digest of a format that is not known"));
    }
    let count = reader.count(reader.left())?;
    let unit = 10_i64.checked_pow(u32::from(reader.byte()?)).ok_or(Damage("a unit of time beyond all"))?;
    let decimals = match reader.byte()? {
        AS_BITS => None,
        d if d <= MOST_DECIMALS => Some(d),
        _ => return Err(Damage("numbers in a way that is not known")),
    };
    let mut blocks = Vec::with_capacity(count);
    let (mut time, mut near) = (0_i64, 0_i64);
    for _ in 0..count {
        let count = reader.count(u32::MAX as usize)? as u32;
        let first = time.wrapping_add(reader.signed()?);
        time = first.wrapping_add(reader.signed()?);
        let quality = reader.count(usize::from(u16::MAX))? as u16;
        let flags = reader.byte()?;
        let mut block = empty(first.wrapping_mul(unit), Quality::from_number(quality));
        (block.count, block.last, block.flags) = (count, time.wrapping_mul(unit), Flags::from_number(flags));
        if flags >> 7 == 1 {
            let mut next = || {
                Ok(match decimals {
                    Some(d) => {
                        near = near.wrapping_add(reader.signed()?);
                        decimal(near, d)
                    }
                    None => f64::from_le_bytes(reader.eight()?),
                })
            };
            (block.first_value, block.min, block.max, block.last_value) = (next()?, next()?, next()?, next()?);
        }
        blocks.push(block);
    }
    reader.end()?;
    Ok(blocks)
}

/// In the order in which they lie: neighbours are near each other.
fn numbers(block: &Block) -> impl Iterator<Item = f64> + use<> {
    let numbers = [block.first_value, block.min, block.max, block.last_value];
    numbers.into_iter().filter(|v| !v.is_nan())
}

fn power_of_ten(decimals: u8) -> f64 {
    10_f64.powi(i32::from(decimals))
}

/// The number as a whole one of so many decimals, where dividing gives the same bits back.
pub(super) fn whole(number: f64, decimals: u8) -> Option<i64> {
    let scaled = (number * power_of_ten(decimals)).round();
    let fits = scaled.abs() < 9e15 && (scaled / power_of_ten(decimals)).to_bits() == number.to_bits();
    // A negative zero has no whole number of its own.
    (fits && (scaled as i64 != 0 || number.to_bits() == 0)).then_some(scaled as i64)
}

/// The number that a whole one of so many decimals stands for.
pub(super) fn decimal(whole: i64, decimals: u8) -> f64 {
    whole as f64 / power_of_ten(decimals)
}

/// The greatest power of ten that divides all times.
fn time_unit(blocks: &[Block]) -> u8 {
    let divides = |unit: i64| blocks.iter().all(|b| b.first % unit == 0 && b.last % unit == 0);
    (1..=9).take_while(|exponent| divides(10_i64.pow(*exponent))).last().unwrap_or(0) as u8
}

#[cfg(test)]
mod tests {
    use super::super::columns::tests::any_columns;
    use super::super::sample::Sample;
    use super::*;
    use crate::time::Utc;
    use proptest::prelude::*;

    fn told(blocks: &[Block]) -> String {
        format!("{blocks:?}")
    }

    proptest! {
        #[test]
        fn blocks_come_back_to_the_last_bit(columns in any_columns(600)) {
            let blocks = blocks(&columns.into_canonical().0);
            prop_assert_eq!(told(&decode(&encode(&blocks)).unwrap()), told(&blocks));
        }

        #[test]
        fn no_spike_and_no_sample_is_left_out(columns in any_columns(600)) {
            let columns = columns.into_canonical().0;
            let blocks = blocks(&columns);
            prop_assert_eq!(blocks.iter().map(|b| b.count as usize).sum::<usize>(), columns.len());
            let numbers = columns.numbers();
            let least = |all: &mut dyn Iterator<Item = f64>| all.fold(f64::NAN, f64::min);
            let greatest = |all: &mut dyn Iterator<Item = f64>| all.fold(f64::NAN, f64::max);
            let same = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
            prop_assert!(same(least(&mut blocks.iter().map(|b| b.min)), least(&mut numbers.iter().copied())));
            prop_assert!(same(greatest(&mut blocks.iter().map(|b| b.max)), greatest(&mut numbers.iter().copied())));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let mut sealed = bytes;
            seal(&mut sealed);
            drop(decode(&sealed));
        }
    }

    #[test]
    fn a_gap_is_a_block_of_its_own() {
        let good = |t| Sample::good(Utc(t), 1.5);
        let bad = |t| Sample::bad(Utc(t), Quality::NO_COMMUNICATION, None);
        let columns: Columns = [good(1), good(2), bad(3), good(4)].into_iter().collect();
        let blocks = blocks(&columns);
        let shape: Vec<_> = blocks.iter().map(|b| (b.first, b.last, b.flags.any_bad)).collect();
        assert_eq!(shape, [(1, 2, false), (3, 3, true), (4, 4, false)]);
        assert_eq!(blocks[1].worst, Quality::NO_COMMUNICATION);
        assert!(blocks[1].min.is_nan());
    }

    #[test]
    fn what_flaps_all_the_time_makes_a_bounded_number_of_blocks() {
        let flap =
            |t: i64| if t % 2 == 0 { Sample::good(Utc(t), 1.0) } else { Sample::bad(Utc(t), Quality::BAD, None) };
        let columns: Columns = (0..8_192).map(flap).collect();
        let blocks = blocks(&columns);
        assert!(blocks.len() <= MOST_BLOCKS_TIMES * (8_192 / BLOCK + 2), "{}", blocks.len());
        assert!(blocks.last().unwrap().flags.any_bad);
    }

    #[test]
    fn decimals_take_little_room() {
        let columns: Columns =
            (0..8_192_i64).map(|i| Sample::good(Utc(i * 1_000_000), (i % 77) as f64 / 10.0)).collect();
        let bytes = encode(&blocks(&columns));
        assert!(bytes.len() < 32 * 14, "{}", bytes.len());
    }
}
