//! Parquet's encodings that fit samples: runs of bits for what repeats, differences for times, plain bytes for the rest.

use super::thrift::{put_varint, zigzag};

/// Numbers below `1 << bits` as runs of one number and groups of eight packed side by side, without a length before them.
pub fn hybrid(numbers: &[u32], bits: u32, out: &mut Vec<u8>) {
    let mut at = 0;
    let mut loose = 0;
    while at < numbers.len() {
        let run = numbers[at..].iter().take_while(|n| **n == numbers[at]).count();
        // A run may begin only where the numbers packed before it fill their groups of eight.
        let fill = (8 - (at - loose) % 8) % 8;
        if run < fill + 8 {
            at += run;
            continue;
        }
        pack(&numbers[loose..at + fill], bits, out);
        let rest = run - fill;
        put_varint(out, (rest as u64) << 1);
        let width = bits.div_ceil(8) as usize;
        out.extend_from_slice(&numbers[at].to_le_bytes()[..width]);
        at += run;
        loose = at;
    }
    pack(&numbers[loose..], bits, out);
}

/// Groups of eight; the last may be short, and is filled with zeros that the count of values hides.
fn pack(numbers: &[u32], bits: u32, out: &mut Vec<u8>) {
    if numbers.is_empty() {
        return;
    }
    let groups = numbers.len().div_ceil(8);
    put_varint(out, (groups as u64) << 1 | 1);
    let end = out.len() + groups * bits as usize;
    put_bits(numbers.iter().map(|n| u64::from(*n)), bits, out);
    out.resize(end, 0);
}

/// Numbers side by side, the least significant bit first.
fn put_bits(numbers: impl Iterator<Item = u64>, bits: u32, out: &mut Vec<u8>) {
    let (mut word, mut filled) = (0_u128, 0);
    for number in numbers {
        word |= u128::from(number) << filled;
        filled += bits;
        while filled >= 8 {
            out.push(word as u8);
            word >>= 8;
            filled -= 8;
        }
    }
    if filled > 0 {
        out.push(word as u8);
    }
}

const BLOCK: usize = 128;
const PARTS: usize = 4;
const PART: usize = BLOCK / PARTS;

/// Times as differences of differences from the least of each block, `DELTA_BINARY_PACKED`.
pub fn deltas(numbers: &[i64], out: &mut Vec<u8>) {
    put_varint(out, BLOCK as u64);
    put_varint(out, PARTS as u64);
    put_varint(out, numbers.len() as u64);
    put_varint(out, zigzag(numbers.first().copied().unwrap_or(0)));
    let differences: Vec<i64> = numbers.windows(2).map(|w| w[1].wrapping_sub(w[0])).collect();
    for block in differences.chunks(BLOCK) {
        let least = block.iter().copied().min().unwrap_or(0);
        put_varint(out, zigzag(least));
        let above = |part: &[i64]| part.iter().map(|d| d.wrapping_sub(least) as u64).collect::<Vec<u64>>();
        let parts: Vec<Vec<u64>> = block.chunks(PART).map(above).collect();
        let widths: Vec<u32> =
            parts.iter().map(|p| p.iter().map(|d| 64 - d.leading_zeros()).max().unwrap_or(0)).collect();
        out.extend((0..PARTS).map(|i| widths.get(i).map_or(0, |w| *w as u8)));
        for (part, width) in parts.iter().zip(widths) {
            let end = out.len() + PART * width as usize / 8;
            put_bits(part.iter().copied(), width, out);
            out.resize(end, 0);
        }
    }
}

/// Bits needed for numbers up to `most`.
pub const fn bits_for(most: u32) -> u32 {
    32 - most.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Bytes<'a>(&'a [u8]);

    impl Bytes<'_> {
        fn varint(&mut self) -> u64 {
            let mut value = 0;
            for shift in (0..).step_by(7) {
                let byte = self.0[0];
                self.0 = &self.0[1..];
                value |= u64::from(byte & 0x7F) << shift;
                if byte < 0x80 {
                    break;
                }
            }
            value
        }

        fn signed(&mut self) -> i64 {
            let value = self.varint();
            (value >> 1) as i64 ^ -((value & 1) as i64)
        }

        fn bits(&mut self, count: usize, width: u32) -> Vec<u64> {
            let bytes = (count * width as usize).div_ceil(8);
            let (taken, rest) = self.0.split_at(bytes);
            self.0 = rest;
            let bit = |i: usize| u64::from(taken[i / 8] >> (i % 8) & 1);
            (0..count).map(|n| (0..width as usize).map(|b| bit(n * width as usize + b) << b).sum()).collect()
        }
    }

    fn read_hybrid(bytes: &[u8], bits: u32, count: usize) -> Vec<u32> {
        let (mut bytes, mut numbers) = (Bytes(bytes), Vec::new());
        while numbers.len() < count {
            let header = bytes.varint();
            if header & 1 == 1 {
                numbers.extend(bytes.bits((header >> 1) as usize * 8, bits).into_iter().map(|n| n as u32));
            } else {
                let number = bytes.bits(bits.div_ceil(8) as usize, 8).iter().rev().fold(0, |n, b| n << 8 | *b as u32);
                numbers.extend(std::iter::repeat_n(number, (header >> 1) as usize));
            }
        }
        assert!(bytes.0.is_empty(), "bytes are left");
        numbers.truncate(count);
        numbers
    }

    fn read_deltas(bytes: &[u8]) -> Vec<i64> {
        let mut bytes = Bytes(bytes);
        let (block, parts, count) = (bytes.varint() as usize, bytes.varint() as usize, bytes.varint() as usize);
        let mut numbers = vec![bytes.signed()];
        while numbers.len() < count {
            let least = bytes.signed();
            let (widths, rest) = bytes.0.split_at(parts);
            bytes.0 = rest;
            for width in widths {
                if numbers.len() < count || *width > 0 {
                    for above in bytes.bits(block / parts, u32::from(*width)) {
                        numbers.push(numbers[numbers.len() - 1].wrapping_add(least).wrapping_add(above as i64));
                    }
                }
            }
        }
        numbers.truncate(count);
        numbers
    }

    proptest! {
        #[test]
        fn runs_and_groups_read_back(
            runs in prop::collection::vec((0_u32..1 << 17, 1_usize..40), 0..40), bits in 1_u32..18,
        ) {
            let numbers: Vec<u32> =
                runs.iter().flat_map(|(n, count)| std::iter::repeat_n(n & ((1 << bits) - 1), *count)).collect();
            let mut bytes = Vec::new();
            hybrid(&numbers, bits, &mut bytes);
            prop_assert_eq!(read_hybrid(&bytes, bits, numbers.len()), numbers);
        }

        #[test]
        fn differences_read_back(
            mut numbers in prop::collection::vec(any::<i64>(), 0..300), regular in prop::collection::vec(0_i64..1 << 40, 0..600),
        ) {
            numbers.extend(regular);
            prop_assume!(!numbers.is_empty());
            let mut bytes = Vec::new();
            deltas(&numbers, &mut bytes);
            prop_assert_eq!(read_deltas(&bytes), numbers);
        }
    }

    #[test]
    fn a_second_that_repeats_costs_next_to_nothing() {
        let mut bytes = Vec::new();
        deltas(&(0..100_000).map(|i| i * 1_000_000).collect::<Vec<_>>(), &mut bytes);
        assert!(bytes.len() < 8_000, "{}", bytes.len());
        let mut bytes = Vec::new();
        hybrid(&vec![3; 100_000], 4, &mut bytes);
        assert_eq!(bytes.len(), 4);
    }
}
