//! Whole numbers and texts as bytes, shared by the log's frames and the chunks: LEB128 varints, zigzag for signed ones,
//! texts and sections led by their length, a CRC-32 at the end.
//!
//! Invariant: reading checks every length against what is there; no bytes make it panic or allocate more than they are.

/// Bytes that are not what was written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Damage(pub &'static str);

const ENDS_EARLY: Damage = Damage("it ends too early");

/// Bytes of the checksum at the end.
const CRC_BYTES: usize = 4;

/// Appends an unsigned number.
pub fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Appends a signed number; small ones either side of zero stay short.
pub fn put_signed(bytes: &mut Vec<u8>, number: i64) {
    put(bytes, ((number << 1) ^ (number >> 63)) as u64);
}

/// Appends bytes led by their length.
pub fn put_section(bytes: &mut Vec<u8>, section: &[u8]) {
    put(bytes, section.len() as u64);
    bytes.extend_from_slice(section);
}

/// Appends the checksum of all that stands there.
pub fn seal(bytes: &mut Vec<u8>) {
    let crc = crc32fast::hash(bytes);
    bytes.extend(crc.to_le_bytes());
}

/// What was sealed, without its checksum.
pub fn unseal(bytes: &[u8]) -> Result<&[u8], Damage> {
    let (content, crc) = bytes.split_last_chunk::<CRC_BYTES>().ok_or(ENDS_EARLY)?;
    if crc32fast::hash(content) == u32::from_le_bytes(*crc) {
        Ok(content)
    } else {
        Err(Damage("its checksum does not fit"))
    }
}

/// Bytes from front to back.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// From the first on.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many are left.
    pub fn left(&self) -> usize {
        self.0.len()
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, Damage> {
        let (first, rest) = self.0.split_first().ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(*first)
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Damage> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next eight bytes.
    pub fn eight(&mut self) -> Result<[u8; 8], Damage> {
        let (taken, rest) = self.0.split_first_chunk::<8>().ok_or(ENDS_EARLY)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// An unsigned number.
    pub fn number(&mut self) -> Result<u64, Damage> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Damage("a number does not end"))
    }

    /// A signed number.
    pub fn signed(&mut self) -> Result<i64, Damage> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A count that may not be greater than `most`.
    pub fn count(&mut self, most: usize) -> Result<usize, Damage> {
        let count = self.number()?;
        usize::try_from(count).ok().filter(|c| *c <= most).ok_or(Damage("a count is greater than can be"))
    }

    /// Bytes led by their length.
    pub fn section(&mut self) -> Result<&'a [u8], Damage> {
        let length = self.count(self.left())?;
        self.take(length)
    }

    /// A text led by its length.
    pub fn text(&mut self) -> Result<&'a str, Damage> {
        std::str::from_utf8(self.section()?).map_err(|_e| Damage("a text is not UTF-8"))
    }

    /// Nothing may be left.
    pub fn end(&self) -> Result<(), Damage> {
        if self.0.is_empty() { Ok(()) } else { Err(Damage("it goes on after its end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(unsigned: u64, signed: i64, section: Vec<u8>, text: String) {
            let mut bytes = Vec::new();
            put(&mut bytes, unsigned);
            put_signed(&mut bytes, signed);
            put_section(&mut bytes, &section);
            put_section(&mut bytes, text.as_bytes());
            seal(&mut bytes);
            let mut reader = Reader::new(unseal(&bytes).unwrap());
            prop_assert_eq!(reader.number(), Ok(unsigned));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.section(), Ok(section.as_slice()));
            prop_assert_eq!(reader.text(), Ok(text.as_str()));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn one_changed_bit_is_noticed(content in proptest::collection::vec(any::<u8>(), 0..100), bit in 0_usize..800) {
            let mut bytes = content;
            seal(&mut bytes);
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(unseal(&bytes).is_err());
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_damage_and_no_allocation() {
        let mut bytes = Vec::new();
        put(&mut bytes, u64::MAX);
        assert!(Reader::new(&bytes).section().is_err());
        assert!(Reader::new(&[0xFF; 20]).number().is_err());
        assert!(Reader::new(&[]).byte().is_err());
    }
}
