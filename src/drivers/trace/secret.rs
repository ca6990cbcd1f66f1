//! Takes the password out of an MQTT CONNECT (MQTT 3.1.1 and 5.0, 3.1), and leaves the rest in its place.

/// What stands in its place.
const MASK: u8 = b'*';

/// Masks the password of a CONNECT that begins at the first of `bytes`; of what is no such packet, or not `first` on its
/// connection, everything.
pub(super) fn mask(bytes: &mut [u8], first: bool) {
    let open = if first { open(bytes).unwrap_or(0) } else { 0 };
    bytes.get_mut(open..).into_iter().flatten().for_each(|byte| *byte = MASK);
}

/// How much of it from the front is no secret: up to the password, which comes last. `None`: this cannot be read.
fn open(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    if *bytes.first()? != 0x10 {
        return None;
    }
    at += 1;
    variable(bytes, &mut at)?;
    text(bytes, &mut at)?;
    let version = *bytes.get(at)?;
    let flags = *bytes.get(at + 1)?;
    at += 4;
    if version >= 5 {
        properties(bytes, &mut at)?;
    }
    text(bytes, &mut at)?;
    if flags & 0x04 != 0 {
        if version >= 5 {
            properties(bytes, &mut at)?;
        }
        text(bytes, &mut at)?;
        text(bytes, &mut at)?;
    }
    if flags & 0x80 != 0 {
        text(bytes, &mut at)?;
    }
    if flags & 0x40 == 0 {
        return (at == bytes.len()).then_some(at);
    }
    // Its length may be seen.
    bytes.get(at..at + 2)?;
    Some(at + 2)
}

fn variable(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut value = 0;
    for shift in (0..28).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn properties(bytes: &[u8], at: &mut usize) -> Option<()> {
    let length = variable(bytes, at)?;
    bytes.get(*at..*at + length)?;
    *at += length;
    Some(())
}

/// Bytes with their length in two bytes before them.
fn text(bytes: &[u8], at: &mut usize) -> Option<()> {
    let length = usize::from(u16::from_be_bytes([*bytes.get(*at)?, *bytes.get(*at + 1)?]));
    *at += 2;
    bytes.get(*at..*at + length)?;
    *at += length;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masked(bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        mask(&mut bytes, true);
        bytes
    }

    #[test]
    fn only_the_password_is_masked_in_either_version() {
        let connect = b"\x10\x1e\x00\x04MQTT\x04\xc2\x00\x0a\x00\x02id\x00\x04user\x00\x06secret";
        assert_eq!(masked(connect), b"\x10\x1e\x00\x04MQTT\x04\xc2\x00\x0a\x00\x02id\x00\x04user\x00\x06******");
        let five = b"\x10\x2a\x00\x04MQTT\x05\xc6\x00\x0a\x03\x21\x00\x10\x00\x02id\x00\x00\x01t\x00\x01w\x00\x04user\x00\x03key";
        assert!(masked(five).ends_with(b"\x00\x01w\x00\x04user\x00\x03***"));
        let without = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x0a\x00\x04abcd";
        assert_eq!(masked(without), without);
    }

    #[test]
    fn what_cannot_be_read_is_masked_whole() {
        for bytes in [&b"\x16\x03\x01secret"[..], b"\x10\x1e\x00\x04MQTT\x04\xc2\x00\x0a\x00\xffid", b""] {
            assert!(masked(bytes).iter().all(|b| *b == MASK), "{}", bytes.escape_ascii());
        }
        let mut later = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x0a\x00\x04abcd".to_vec();
        mask(&mut later, false);
        assert!(later.iter().all(|b| *b == MASK));
    }

    proptest! {
        #[test]
        fn any_bytes_are_masked_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert_eq!(masked(&bytes).len(), bytes.len());
        }
    }
}
