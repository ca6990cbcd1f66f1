//! Whether bytes that came after a request are its answer. Nothing is taken from a reply that does not pass here.
//!
//! Frames of Modbus/TCP are told apart here, those of serial lines in [`super::rtu`]; both by pure functions of the bytes.

use std::fmt;

/// Transaction, protocol, length, unit: the header of Modbus/TCP (MODBUS Messaging on TCP/IP V1.0b, 3.1.3).
const HEADER: usize = 7;

/// Greatest value of the length field: unit identifier and a PDU of 253 bytes.
const MAX_LENGTH: usize = 254;

/// Quirks of a device that are accepted where the project says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tolerance {
    /// Another unit id.
    pub unit: bool,
    /// Another transaction id.
    pub transaction: bool,
}

/// What a device answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The bytes of the registers or bits asked for, exactly as many.
    Data(&'a [u8]),
    /// An exception, with its code.
    Exception(u8),
}

/// Why bytes are no answer to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// Not the whole reply is there: bytes received, bytes that the reply claims to have (if so much is known).
    Incomplete(usize, Option<usize>),
    /// The length field cannot be.
    Length(usize),
    /// The protocol field is not Modbus'.
    Protocol(u16),
    /// Another transaction: received, expected.
    Transaction(u16, u16),
    /// Another unit: received, expected.
    Unit(u8, u8),
    /// Another function: received, expected.
    Function(u8, u8),
    /// Not as many data bytes as asked for: received, expected.
    Count(usize, usize),
    /// The check sum does not fit, or nothing has one.
    CheckSum,
    /// More bytes than any reply has, or an answer to what was no read request.
    Request,
}

/// In words for an operator.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete(got, None) => write!(f, "incomplete reply: {got} bytes"),
            Self::Incomplete(got, Some(claimed)) => write!(f, "incomplete reply: {got} of {claimed} bytes"),
            Self::Length(length) => write!(f, "reply with an impossible length of {length}"),
            Self::Protocol(protocol) => write!(f, "reply of protocol {protocol}, not Modbus"),
            Self::Transaction(got, expected) => write!(f, "reply to transaction {got} instead of {expected}"),
            Self::Unit(got, expected) => write!(f, "reply of unit {got} instead of {expected}"),
            Self::Function(got, expected) => write!(f, "reply of function {got} instead of {expected}"),
            Self::Count(got, expected) => write!(f, "reply of {got} data bytes instead of {expected}"),
            Self::CheckSum => f.write_str("reply with a wrong check sum"),
            Self::Request => f.write_str("more bytes than any reply has"),
        }
    }
}

/// A read request (MODBUS Messaging on TCP/IP V1.0b, 3.1.3).
pub fn request(transaction: u16, unit: u8, function: u8, start: u16, count: u16) -> [u8; 12] {
    let [[t1, t0], [s1, s0], [c1, c0]] = [transaction, start, count].map(u16::to_be_bytes);
    [t1, t0, 0, 0, 0, 6, unit, function, s1, s0, c1, c0]
}

/// Looks for the reply to `sent` in all that came, behind those to earlier requests, which are late. With the reply comes
/// where it ends.
///
/// # Errors
/// What is there instead. After [`Mismatch::Incomplete`] and [`Mismatch::Transaction`], more bytes may bring it yet.
pub fn find<'a>(sent: &[u8], received: &'a [u8], tolerance: Tolerance) -> Result<(Answer<'a>, usize), Mismatch> {
    let mut at = 0;
    let mut late = None;
    loop {
        let rest = received.get(at..).unwrap_or_default();
        match check(sent, rest, tolerance) {
            Ok(answer) => return Ok((answer, at + frame_length(rest))),
            Err(mismatch @ Mismatch::Transaction(..)) => {
                late = Some(mismatch);
                at += frame_length(rest);
            }
            Err(none @ Mismatch::Incomplete(0, _)) => return Err(late.unwrap_or(none)),
            Err(mismatch) => return Err(mismatch),
        }
    }
}

/// The length of a frame whose header is whole.
fn frame_length(frame: &[u8]) -> usize {
    frame.get(4..6).map_or(frame.len(), |l| usize::from(l[0]) << 8 | usize::from(l[1])) + HEADER - 1
}

/// Checks the first reply in `received` against the read request in `sent`, both as they were on the wire.
///
/// # Errors
/// The first thing found that makes it no answer.
pub fn check<'a>(sent: &[u8], received: &'a [u8], tolerance: Tolerance) -> Result<Answer<'a>, Mismatch> {
    let &[t1, t0, _, _, _, _, unit, function @ 1..=4, _, _, c1, c0] = sent else { return Err(Mismatch::Request) };
    let Some((&[r1, r0, p1, p0, l1, l0, reply_unit], body)) = received.split_first_chunk::<HEADER>() else {
        return Err(Mismatch::Incomplete(received.len(), None));
    };
    let length = usize::from(u16::from_be_bytes([l1, l0]));
    let protocol = u16::from_be_bytes([p1, p0]);
    if protocol != 0 {
        return Err(Mismatch::Protocol(protocol));
    }
    // Unit, function, and a count or an exception's code.
    if !(3..=MAX_LENGTH).contains(&length) {
        return Err(Mismatch::Length(length));
    }
    let Some(pdu) = body.get(..length - 1) else {
        return Err(Mismatch::Incomplete(received.len(), Some(length + HEADER - 1)));
    };
    let (expected, got) = (u16::from_be_bytes([t1, t0]), u16::from_be_bytes([r1, r0]));
    if got != expected && !tolerance.transaction {
        return Err(Mismatch::Transaction(got, expected));
    }
    if reply_unit != unit && !tolerance.unit {
        return Err(Mismatch::Unit(reply_unit, unit));
    }
    let count = usize::from(u16::from_be_bytes([c1, c0]));
    let bytes = if function <= 2 { count.div_ceil(8) } else { count * 2 };
    match *pdu {
        [code, exception] if code == function | 0x80 => Ok(Answer::Exception(exception)),
        [code, said, ref data @ ..] if code == function => {
            // Both what the reply says of itself and what it is.
            if usize::from(said) != bytes {
                Err(Mismatch::Count(usize::from(said), bytes))
            } else if data.len() != bytes {
                Err(Mismatch::Count(data.len(), bytes))
            } else {
                Ok(Answer::Data(data))
            }
        }
        [code, ..] if code == function | 0x80 => Err(Mismatch::Length(length)),
        [code, ..] => Err(Mismatch::Function(code, function)),
        [] => Err(Mismatch::Length(length)),
    }
}

/// An exception in words (MODBUS Application Protocol V1.1b3, 7): `exception 2: illegal data address`.
pub fn exception_words(code: u8) -> String {
    let meaning = match code {
        1 => "illegal function",
        2 => "illegal data address",
        3 => "illegal data value",
        4 => "server device failure",
        5 => "acknowledged, not yet done",
        6 => "server device busy",
        7 => "negative acknowledgement",
        8 => "memory parity error",
        10 => "gateway path unavailable",
        11 => "gateway target did not respond",
        _ => "not in the standard",
    };
    format!("exception {code}: {meaning}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Transaction 7, unit 3, function 3, two registers from 100.
    const SENT: [u8; 12] = [0, 7, 0, 0, 0, 6, 3, 3, 0, 100, 0, 2];
    const GOOD: [u8; 13] = [0, 7, 0, 0, 0, 7, 3, 3, 4, 0, 100, 0, 101];

    fn with(at: usize, byte: u8) -> Vec<u8> {
        let mut reply = GOOD.to_vec();
        reply[at] = byte;
        reply
    }

    #[test]
    fn the_reply_to_the_request_is_its_answer() {
        assert_eq!(check(&SENT, &GOOD, Tolerance::default()), Ok(Answer::Data(&[0, 100, 0, 101])));
        let exception = [0, 7, 0, 0, 0, 3, 3, 0x83, 2];
        assert_eq!(check(&SENT, &exception, Tolerance::default()), Ok(Answer::Exception(2)));
        let coils = [0, 7, 0, 0, 0, 6, 3, 1, 0, 0, 0, 9];
        let reply = [0, 7, 0, 0, 0, 5, 3, 1, 2, 0xFF, 1];
        assert_eq!(check(&coils, &reply, Tolerance::default()), Ok(Answer::Data(&[0xFF, 1])));
        // What follows belongs to nobody and changes nothing.
        let coalesced: Vec<u8> = GOOD.iter().chain(&GOOD).copied().collect();
        assert_eq!(check(&SENT, &coalesced, Tolerance::default()), Ok(Answer::Data(&[0, 100, 0, 101])));
    }

    #[test]
    fn a_reply_is_found_behind_late_ones_and_those_alone() {
        let none = Tolerance::default();
        let late = with(1, 6);
        let both: Vec<u8> = late.iter().chain(&GOOD).chain(&late).copied().collect();
        assert_eq!(find(&SENT, &both, none), Ok((Answer::Data(&[0, 100, 0, 101]), 26)));
        assert_eq!(find(&SENT, &late, none), Err(Mismatch::Transaction(6, 7)));
        assert_eq!(find(&SENT, &both[..20], none), Err(Mismatch::Incomplete(7, Some(13))));
        assert_eq!(find(&SENT, &[], none), Err(Mismatch::Incomplete(0, None)));
        let garbage: Vec<u8> = late.iter().chain(b"Hello World").copied().collect();
        assert_eq!(find(&SENT, &garbage, none), Err(Mismatch::Protocol(0x6C6C)));
        assert_eq!(request(7, 3, 3, 100, 2), SENT);
    }

    #[test]
    fn what_is_no_answer_says_why() {
        use Mismatch::*;
        let none = Tolerance::default();
        for (reply, mismatch) in [
            (with(1, 6), Transaction(6, 7)),
            (with(3, 1), Protocol(1)),
            (with(4, 0xFF), Length(0xFF07)),
            (with(5, 2), Length(2)),
            (with(5, 8), Incomplete(13, Some(14))),
            (with(5, 6), Count(3, 4)),
            (with(6, 4), Unit(4, 3)),
            (with(7, 4), Function(4, 3)),
            (with(7, 0x84), Function(0x84, 3)),
            (with(7, 0x83), Length(7)),
            (with(8, 2), Count(2, 4)),
            (GOOD[..5].to_vec(), Incomplete(5, None)),
            (GOOD[..12].to_vec(), Incomplete(12, Some(13))),
            (vec![0, 7, 0, 0, 0, 5, 3, 3, 2, 0, 100], Count(2, 4)),
            (vec![0, 7, 0, 0, 0, 9, 3, 3, 6, 0, 100, 0, 101, 0, 102], Count(6, 4)),
        ] {
            assert_eq!(check(&SENT, &reply, none), Err(mismatch), "{reply:02X?}");
        }
        assert_eq!(check(&[], &GOOD, none), Err(Request));
        assert_eq!(check(&GOOD, &GOOD, none), Err(Request));
    }

    #[test]
    fn quirks_forgive_what_they_name_and_nothing_else() {
        let unit = Tolerance { unit: true, transaction: false };
        let transaction = Tolerance { unit: false, transaction: true };
        assert!(check(&SENT, &with(6, 4), unit).is_ok());
        assert!(check(&SENT, &with(1, 6), transaction).is_ok());
        assert_eq!(check(&SENT, &with(1, 6), unit), Err(Mismatch::Transaction(6, 7)));
        assert_eq!(check(&SENT, &with(6, 4), transaction), Err(Mismatch::Unit(4, 3)));
        assert_eq!(check(&SENT, &with(8, 2), Tolerance { unit: true, transaction: true }), Err(Mismatch::Count(2, 4)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_or_are_exactly_what_was_asked_for(
            function in 1_u8..=4,
            count in 1_u16..=125,
            head in prop::option::of(Just(())),
            tail in prop::collection::vec(any::<u8>(), 0..300),
            unit in any::<bool>(),
            transaction in any::<bool>(),
        ) {
            let [c1, c0] = count.to_be_bytes();
            let sent = [0, 7, 0, 0, 0, 6, 3, function, 0, 100, c1, c0];
            let bytes = if function <= 2 { usize::from(count).div_ceil(8) } else { usize::from(count) * 2 };
            let mut reply = if head.is_some() { vec![0, 7, 0, 0, 0, (bytes + 3).min(254) as u8, 3, function] } else { vec![] };
            reply.extend(tail);
            if let Ok(Answer::Data(data)) = check(&sent, &reply, Tolerance { unit, transaction }) {
                prop_assert_eq!(data.len(), bytes);
                prop_assert_eq!(reply[7], function);
                prop_assert!(unit || reply[6] == 3);
                prop_assert!(transaction || reply[..2] == [0, 7]);
            }
        }
    }
}
