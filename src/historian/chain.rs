//! The hash chain: each entry's hash covers its canonical bytes and the hash of the entry before it.
//!
//! `hash = SHA-256("watchkeeper journal 1\n" ‖ previous hash ‖ canonical bytes)`; the first entry's previous hash is 32
//! zero bytes. The canonical bytes are the fields in the order of [`canonical`], each optional one led by a byte 0 (none)
//! or 1; numbers are big-endian, texts are UTF-8 led by their length in bytes as u32. docs/journal-format.md says the
//! same for those who verify without this program; a test holds both to a known answer.

use super::row::Row;
use crate::engine::Value;
use sha2::{Digest as _, Sha256};

/// SHA-256.
pub type Hash = [u8; 32];

/// What the first entry follows.
pub const FIRST: Hash = [0; 32];

const DOMAIN: &[u8] = b"watchkeeper journal 1\n";

/// Hash of a row that follows `previous`.
pub fn hash(previous: &Hash, row: &Row) -> Hash {
    let mut digest = Sha256::new();
    digest.update(DOMAIN);
    digest.update(previous);
    digest.update(canonical(row));
    digest.finalize().into()
}

/// The bytes that are hashed.
pub fn canonical(row: &Row) -> Vec<u8> {
    let Row {
        seq,
        time,
        event,
        alarm,
        occurrence,
        priority,
        value,
        quality,
        unit,
        user,
        computer,
        desk,
        note,
        began,
        until,
        subject,
    } = row;
    let mut bytes = Vec::with_capacity(256);
    bytes.extend(seq.to_be_bytes());
    bytes.extend(time.to_be_bytes());
    text(&mut bytes, event);
    optional(&mut bytes, alarm.as_deref(), text);
    optional(&mut bytes, *occurrence, |b, v| b.extend(v.to_be_bytes()));
    optional(&mut bytes, priority.as_deref(), text);
    optional(&mut bytes, value.as_ref(), typed);
    optional(&mut bytes, *quality, |b, v| b.extend(v.to_be_bytes()));
    for field in [unit, user, computer, desk, note] {
        optional(&mut bytes, field.as_deref(), text);
    }
    optional(&mut bytes, *began, |b, v| b.extend(v.to_be_bytes()));
    optional(&mut bytes, *until, |b, v| b.extend(v.to_be_bytes()));
    optional(&mut bytes, subject.as_deref(), text);
    bytes
}

fn optional<T>(bytes: &mut Vec<u8>, field: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    bytes.push(u8::from(field.is_some()));
    if let Some(field) = field {
        put(bytes, field);
    }
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u32).to_be_bytes());
    bytes.extend(text.as_bytes());
}

/// A byte for the type, then the value.
fn typed(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::F64(v) => {
            bytes.push(1);
            bytes.extend(v.to_bits().to_be_bytes());
        }
        Value::I64(v) => {
            bytes.push(2);
            bytes.extend(v.to_be_bytes());
        }
        Value::U64(v) => {
            bytes.push(3);
            bytes.extend(v.to_be_bytes());
        }
        Value::Bool(v) => bytes.extend([4, u8::from(*v)]),
        Value::Text(v) => {
            bytes.push(5);
            text(bytes, v);
        }
    }
}

/// In lower-case hex, as printed.
pub fn hex(hash: &[u8]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold(String::with_capacity(2 * hash.len()), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ok = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Entry, Event};
    use crate::time::Utc;

    #[test]
    fn the_canonical_bytes_are_those_of_the_document() {
        let mut entry = Entry::new(Utc(1_000_000), Event::Raised);
        entry.alarm = Some("a/high".into());
        entry.value = Some(Value::Bool(true));
        let row = Row::from_entry(1, &entry);
        let expected: Vec<u8> = [
            &[0, 0, 0, 0, 0, 0, 0, 1][..],      // seq
            &[0, 0, 0, 0, 0, 0x0f, 0x42, 0x40], // time
            &[0, 0, 0, 6],                      // event
            b"raised",
            &[1, 0, 0, 0, 6], // alarm
            b"a/high",
            &[0],       // occurrence
            &[0],       // priority
            &[1, 4, 1], // value: bool, true
            &[0; 9],    // quality, unit, user, computer, desk, note, began, until, subject
        ]
        .concat();
        assert_eq!(canonical(&row), expected);
        // SHA-256 of the domain, 32 zero bytes and the bytes above, computed with Python's hashlib.
        assert_eq!(hex(&hash(&FIRST, &row)), "615dc7ae5fe82366250f6b1235c2ed4a85f771d34279d2c315c1f95e4bc0c2ad");
    }

    #[test]
    fn moving_a_letter_from_one_field_to_the_next_changes_the_hash() {
        let mut one = Entry::new(Utc(1), Event::Raised);
        (one.unit, one.note) = (Some("ab".into()), Some("c".into()));
        let mut two = one.clone();
        (two.unit, two.note) = (Some("a".into()), Some("bc".into()));
        assert_ne!(hash(&FIRST, &Row::from_entry(1, &one)), hash(&FIRST, &Row::from_entry(1, &two)));
    }
}
