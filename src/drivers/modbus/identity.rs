//! What a device says of itself: read device identification, function 43 with type 14 (MODBUS Application Protocol
//! V1.1b3, 6.21). Its frames, and what they hold; no socket.

use super::reply::Mismatch;
use super::rtu::check_sum;

/// Function and type.
const FUNCTION: u8 = 0x2B;
const TYPE: u8 = 0x0E;

/// Header of Modbus/TCP, and the greatest value of its length field.
const HEADER: usize = 7;
const MAX_LENGTH: usize = 254;

/// Unit, function, type, code, conformity, more, next, count: before the first object of a serial line's frame.
const BEFORE_OBJECTS: usize = 8;

/// One part of what a device says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// Objects by their number: 0 vendor, 1 product, 2 revision.
    pub objects: Vec<(u8, Vec<u8>)>,
    /// More is to be had from this object on.
    pub next: Option<u8>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identified {
    /// A part of it.
    Part(Part),
    /// The device's exception code; 1: it does not know this question.
    Exception(u8),
}

/// A request for the basic objects from `object` on, over Modbus/TCP.
pub fn request(transaction: u16, unit: u8, object: u8) -> Vec<u8> {
    let [high, low] = transaction.to_be_bytes();
    vec![high, low, 0, 0, 0, 5, unit, FUNCTION, TYPE, 1, object]
}

/// The same in a frame of a serial line.
pub fn rtu_request(unit: u8, object: u8) -> Vec<u8> {
    let mut frame = vec![unit, FUNCTION, TYPE, 1, object];
    let sum = check_sum(&frame);
    frame.extend(sum);
    frame
}

/// Looks for the answer to `sent` in all that came, behind those to earlier requests. With it comes where it ends.
///
/// # Errors
/// What is there instead. After [`Mismatch::Incomplete`] and [`Mismatch::Transaction`], more bytes may bring it yet.
pub fn find(sent: &[u8], received: &[u8]) -> Result<(Identified, usize), Mismatch> {
    let &[t1, t0, _, _, _, _, unit, ..] = sent else { return Err(Mismatch::Request) };
    let transaction = u16::from_be_bytes([t1, t0]);
    let mut at = 0;
    let mut late = None;
    loop {
        let rest = received.get(at..).unwrap_or_default();
        let Some((&[r1, r0, p1, p0, l1, l0, reply_unit], body)) = rest.split_first_chunk::<HEADER>() else {
            return Err(late.filter(|_| rest.is_empty()).unwrap_or(Mismatch::Incomplete(rest.len(), None)));
        };
        let length = usize::from(u16::from_be_bytes([l1, l0]));
        let protocol = u16::from_be_bytes([p1, p0]);
        if protocol != 0 {
            return Err(Mismatch::Protocol(protocol));
        }
        if !(3..=MAX_LENGTH).contains(&length) {
            return Err(Mismatch::Length(length));
        }
        let Some(pdu) = body.get(..length - 1) else {
            return Err(Mismatch::Incomplete(rest.len(), Some(length + HEADER - 1)));
        };
        let end = at + length + HEADER - 1;
        let got = u16::from_be_bytes([r1, r0]);
        if got != transaction {
            late = Some(Mismatch::Transaction(got, transaction));
            at = end;
            continue;
        }
        if reply_unit != unit {
            return Err(Mismatch::Unit(reply_unit, unit));
        }
        return match *pdu {
            [code, exception] if code == FUNCTION | 0x80 => Ok((Identified::Exception(exception), end)),
            [FUNCTION, ref data @ ..] => {
                part(data).map(|(part, _)| (Identified::Part(part), end)).ok_or(Mismatch::Length(length))
            }
            [code, ..] => Err(Mismatch::Function(code, FUNCTION)),
            [] => Err(Mismatch::Length(length)),
        };
    }
}

/// The same in frames of a serial line, where only a check sum that fits makes bytes an answer.
///
/// # Errors
/// What is there instead. More bytes may bring the answer yet.
pub fn rtu_find(sent: &[u8], received: &[u8]) -> Result<(Identified, usize), Mismatch> {
    let &[unit, ..] = sent else { return Err(Mismatch::Request) };
    let whole = |frame: &[u8]| frame.split_last_chunk::<2>().is_some_and(|(body, sum)| check_sum(body) == *sum);
    let mut at = 0;
    let mut found = None;
    while let Some(rest) = received.get(at..).filter(|rest| !rest.is_empty()) {
        // Both halves of a line may be heard at one end.
        if rest.starts_with(sent) {
            at += sent.len();
            continue;
        }
        match *rest {
            [reply_unit, code, exception, ..] if reply_unit == unit && code == FUNCTION | 0x80 => match rest.get(..5) {
                None => return Err(Mismatch::Incomplete(rest.len(), Some(5))),
                Some(frame) if whole(frame) => return Ok((Identified::Exception(exception), received.len())),
                Some(_) => found = Some(Mismatch::CheckSum),
            },
            [reply_unit, FUNCTION, TYPE, ..] if reply_unit == unit => {
                let Some(length) = rtu_length(rest) else { return Err(Mismatch::Incomplete(rest.len(), None)) };
                match rest.get(..length) {
                    None => return Err(Mismatch::Incomplete(rest.len(), Some(length))),
                    Some(frame) if whole(frame) => {
                        if let Some((part, _)) = frame.get(2..length - 2).and_then(part) {
                            return Ok((Identified::Part(part), received.len()));
                        }
                        found = Some(Mismatch::Length(length));
                    }
                    Some(_) => found = Some(Mismatch::CheckSum),
                }
            }
            _ => {}
        }
        at += 1;
    }
    Err(found.unwrap_or(if received.len() < 5 {
        Mismatch::Incomplete(received.len(), None)
    } else {
        Mismatch::CheckSum
    }))
}

/// How long the frame is that begins here; `None`: it is not known yet.
fn rtu_length(frame: &[u8]) -> Option<usize> {
    let count = *frame.get(BEFORE_OBJECTS - 1)?;
    let mut at = BEFORE_OBJECTS;
    for _ in 0..count {
        at += 2 + usize::from(*frame.get(at + 1)?);
    }
    Some(at + 2)
}

/// Type, code, conformity, more, next, count, and so many objects; with where they end.
fn part(data: &[u8]) -> Option<(Part, usize)> {
    let &[TYPE, _code, _conformity, more, next, count, ..] = data else { return None };
    let mut objects = Vec::new();
    let mut at = 6;
    for _ in 0..count {
        let (&id, &length) = (data.get(at)?, data.get(at + 1)?);
        at += 2;
        objects.push((id, data.get(at..at + usize::from(length))?.to_vec()));
        at += usize::from(length);
    }
    Some((Part { objects, next: (more == 0xFF).then_some(next) }, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OBJECTS: [u8; 12] = [TYPE, 1, 1, 0, 0, 2, 0, 2, b'A', b'B', 1, 0];

    fn tcp(transaction: u16, unit: u8, pdu: &[u8]) -> Vec<u8> {
        let [t1, t0] = transaction.to_be_bytes();
        [&[t1, t0, 0, 0, 0, pdu.len() as u8 + 1, unit][..], pdu].concat()
    }

    fn rtu(body: &[u8]) -> Vec<u8> {
        [body, &check_sum(body)].concat()
    }

    fn expected() -> Identified {
        Identified::Part(Part { objects: vec![(0, b"AB".to_vec()), (1, Vec::new())], next: None })
    }

    #[test]
    fn an_answer_is_found_behind_late_ones() {
        let sent = request(7, 3, 0);
        let good = tcp(7, 3, &[&[FUNCTION][..], &OBJECTS].concat());
        assert_eq!(find(&sent, &good), Ok((expected(), good.len())));
        let late = [tcp(6, 3, &[3, 2, 0, 1]), good].concat();
        assert_eq!(find(&sent, &late).unwrap().0, expected());
        assert_eq!(find(&sent, &tcp(6, 3, &[3, 2, 0, 1])), Err(Mismatch::Transaction(6, 7)));
        assert_eq!(find(&sent, &tcp(7, 4, &[3, 2, 0, 1])), Err(Mismatch::Unit(4, 3)));
        assert_eq!(find(&sent, &tcp(7, 3, &[0xAB, 1])), Ok((Identified::Exception(1), 9)));
        assert_eq!(find(&sent, &[]), Err(Mismatch::Incomplete(0, None)));
    }

    #[test]
    fn on_a_serial_line_a_check_sum_decides() {
        let sent = rtu_request(3, 0);
        let good = rtu(&[&[3, FUNCTION][..], &OBJECTS].concat());
        assert_eq!(rtu_find(&sent, &good).unwrap().0, expected());
        let echoed = [sent.clone(), vec![0xFF], good.clone()].concat();
        assert_eq!(rtu_find(&sent, &echoed).unwrap().0, expected());
        for cut in 0..good.len() {
            assert!(rtu_find(&sent, &good[..cut]).is_err(), "{cut}");
        }
        let mut wrong = good;
        wrong[9] ^= 1;
        assert!(rtu_find(&sent, &wrong).is_err());
        assert_eq!(rtu_find(&sent, &rtu(&[3, 0xAB, 2])).unwrap().0, Identified::Exception(2));
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_at_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _found = find(&request(0, 3, 0), &bytes);
            let _found = rtu_find(&rtu_request(3, 0), &[&[3, FUNCTION, TYPE][..], &bytes].concat());
            let head = tcp(0, 3, &[&[FUNCTION, TYPE][..], bytes.get(..100).unwrap_or(&bytes)].concat());
            let _found = find(&request(0, 3, 0), &head);
        }
    }
}
