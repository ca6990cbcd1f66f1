//! The few words of Thrift's compact protocol that Parquet's headers are written in.

/// A list of small numbers, which is how the protocol knows its types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 32 bits, zigzag.
    I32 = 5,
    /// Bytes or text.
    Binary = 8,
    /// A structure.
    Struct = 12,
}

const BYTE: u8 = 3;
const I64: u8 = 6;
const LIST: u8 = 9;

/// Writes one structure into bytes; nested ones stand in between.
#[derive(Debug, Default)]
pub struct Compact {
    bytes: Vec<u8>,
    /// The number of the last field of each structure that is open.
    last_field: Vec<u8>,
}

impl Compact {
    /// Begins the outermost structure.
    pub fn new() -> Self {
        Self { bytes: Vec::new(), last_field: vec![0] }
    }

    /// Ends the outermost structure.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }

    fn field(&mut self, number: u8, kind: u8) {
        // Every structure here numbers its fields upwards and by less than fifteen.
        if let Some(last) = self.last_field.last_mut() {
            self.bytes.push((number - *last) << 4 | kind);
            *last = number;
        }
    }

    /// A number of 32 bits, or of an enumeration.
    pub fn i32(&mut self, field: u8, value: i32) {
        self.field(field, Kind::I32 as u8);
        put_varint(&mut self.bytes, zigzag(i64::from(value)));
    }

    /// A number of 64 bits.
    pub fn i64(&mut self, field: u8, value: i64) {
        self.field(field, I64);
        put_varint(&mut self.bytes, zigzag(value));
    }

    /// A number of 8 bits.
    pub fn i8(&mut self, field: u8, value: i8) {
        self.field(field, BYTE);
        self.bytes.push(value as u8);
    }

    /// True or false.
    pub fn bool(&mut self, field: u8, value: bool) {
        self.field(field, if value { 1 } else { 2 });
    }

    /// Bytes or text.
    pub fn binary(&mut self, field: u8, value: &[u8]) {
        self.field(field, Kind::Binary as u8);
        self.put_binary(value);
    }

    /// A structure inside this one.
    pub fn structure(&mut self, field: u8, fill: impl FnOnce(&mut Self)) {
        self.field(field, Kind::Struct as u8);
        self.nested(fill);
    }

    /// A list of structures.
    pub fn structures<T>(&mut self, field: u8, items: &[T], mut fill: impl FnMut(&mut Self, &T)) {
        self.list(field, Kind::Struct, items.len());
        for item in items {
            self.nested(|out| fill(out, item));
        }
    }

    /// A list of numbers of 32 bits.
    pub fn i32s(&mut self, field: u8, items: &[i32]) {
        self.list(field, Kind::I32, items.len());
        for item in items {
            put_varint(&mut self.bytes, zigzag(i64::from(*item)));
        }
    }

    /// A list of texts.
    pub fn texts(&mut self, field: u8, items: &[&str]) {
        self.list(field, Kind::Binary, items.len());
        for item in items {
            self.put_binary(item.as_bytes());
        }
    }

    fn nested(&mut self, fill: impl FnOnce(&mut Self)) {
        self.last_field.push(0);
        fill(self);
        self.last_field.pop();
        self.bytes.push(0);
    }

    fn list(&mut self, field: u8, kind: Kind, length: usize) {
        self.field(field, LIST);
        if length < 15 {
            self.bytes.push((length as u8) << 4 | kind as u8);
        } else {
            self.bytes.push(0xF0 | kind as u8);
            put_varint(&mut self.bytes, length as u64);
        }
    }

    fn put_binary(&mut self, value: &[u8]) {
        put_varint(&mut self.bytes, value.len() as u64);
        self.bytes.extend_from_slice(value);
    }
}

/// Small numbers of either sign as small numbers without one.
pub const fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// Seven bits a byte, the least significant first.
pub fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_are_written_as_the_protocol_says() {
        let mut out = Compact::new();
        out.i32(1, -3);
        out.binary(4, b"ab");
        out.structure(5, |inner| inner.bool(1, true));
        out.i32s(6, &[1, 300]);
        out.i64(7, i64::MIN);
        let expected = [
            0x15, 0x05, 0x38, 0x02, b'a', b'b', 0x1C, 0x11, 0x00, 0x19, 0x25, 0x02, 0xD8, 0x04, 0x16, 0xFF, 0xFF, 0xFF,
            0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x00,
        ];
        assert_eq!(out.finish(), expected);
    }
}
