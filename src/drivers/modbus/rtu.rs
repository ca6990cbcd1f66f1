//! Frames of a serial line: unit, function, data, check sum. They bear no transaction number and no length, so that an
//! answer is told by what was asked: its unit, its function, as many bytes as were asked for, and a check sum that fits.
//!
//! Gaps between bytes tell nothing here: a USB adapter hands on what came in steps of 16 ms, and a network as it likes.

use super::reply::{Answer, Mismatch, Tolerance};

/// Unit, function, exception code, check sum: no frame is shorter.
const SHORTEST: usize = 5;

/// Bytes of a read request.
pub const REQUEST: usize = 8;

/// Bytes of an answer beside its data.
pub const OVERHEAD: usize = 5;

/// The check sum of the bytes before it (MODBUS over Serial Line V1.02, 6.2.2), as it is sent: low byte first.
pub fn check_sum(bytes: &[u8]) -> [u8; 2] {
    let sum = bytes.iter().fold(0xFFFF_u16, |sum, byte| {
        (0..8).fold(sum ^ u16::from(*byte), |sum, _bit| if sum & 1 == 1 { sum >> 1 ^ 0xA001 } else { sum >> 1 })
    });
    sum.to_le_bytes()
}

/// Whether these bytes end in the check sum of those before.
fn is_whole(frame: &[u8]) -> bool {
    frame.split_last_chunk::<2>().is_some_and(|(body, sum)| check_sum(body) == *sum)
}

/// A read request.
pub fn request(unit: u8, function: u8, start: u16, count: u16) -> [u8; REQUEST] {
    let ([s1, s0], [c1, c0]) = (start.to_be_bytes(), count.to_be_bytes());
    let [low, high] = check_sum(&[unit, function, s1, s0, c1, c0]);
    [unit, function, s1, s0, c1, c0, low, high]
}

/// Looks for the answer to the read request `sent` in all that came after it. What stands before or after it (an echo,
/// noise from the turn of a line's direction, the late answer of another unit) is passed over, and only a check sum that
/// fits makes bytes an answer.
///
/// # Errors
/// What is there instead. More bytes may bring the answer yet.
pub fn find<'a>(sent: &[u8], received: &'a [u8], tolerance: Tolerance) -> Result<Answer<'a>, Mismatch> {
    let &[unit, function @ 1..=4, _, _, c1, c0, _, _] = sent else { return Err(Mismatch::Request) };
    let count = usize::from(u16::from_be_bytes([c1, c0]));
    let data = if function <= 2 { count.div_ceil(8) } else { count * 2 };
    let mut at = 0;
    let mut found = None;
    while let Some(rest) = received.get(at..).filter(|rest| !rest.is_empty()) {
        // Both halves of a line may be heard at one end: then the request comes before its answer.
        if rest.starts_with(sent) {
            at += sent.len();
            continue;
        }
        let ours = |reply_unit: u8| reply_unit == unit || tolerance.unit;
        match *rest {
            [reply_unit, code, said, ..] if ours(reply_unit) && code == function && usize::from(said) == data => {
                let Some(frame) = rest.get(..OVERHEAD + data) else {
                    return Err(Mismatch::Incomplete(rest.len(), Some(OVERHEAD + data)));
                };
                if is_whole(frame) {
                    return Ok(Answer::Data(frame.get(3..3 + data).unwrap_or_default()));
                }
                found.get_or_insert(Mismatch::CheckSum);
            }
            [reply_unit, code, exception, ..] if ours(reply_unit) && code == function | 0x80 => {
                let Some(frame) = rest.get(..SHORTEST) else {
                    return Err(Mismatch::Incomplete(rest.len(), Some(SHORTEST)));
                };
                if is_whole(frame) {
                    return Ok(Answer::Exception(exception));
                }
                found.get_or_insert(Mismatch::CheckSum);
            }
            _ => {}
        }
        if let Some((length, mismatch)) = other(rest, unit, function, data) {
            found = Some(mismatch);
            at += length;
        } else {
            at += 1;
        }
    }
    Err(match found {
        Some(mismatch) => mismatch,
        None if received.len() < SHORTEST => Mismatch::Incomplete(received.len(), None),
        None => Mismatch::CheckSum,
    })
}

/// A whole frame that answers another request than ours, with its length: it is passed over as one, so that nothing
/// inside it is taken for a frame.
fn other(rest: &[u8], unit: u8, function: u8, data: usize) -> Option<(usize, Mismatch)> {
    let &[reply_unit, code, said, ..] = rest else { return None };
    let length = match code {
        1..=4 => OVERHEAD + usize::from(said),
        0x81.. => SHORTEST,
        _ => return None,
    };
    is_whole(rest.get(..length)?).then_some(())?;
    Some((
        length,
        if reply_unit != unit {
            Mismatch::Unit(reply_unit, unit)
        } else if code & 0x7F != function {
            Mismatch::Function(code, function)
        } else {
            Mismatch::Count(usize::from(said), data)
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(body: &[u8]) -> Vec<u8> {
        [body, &check_sum(body)].concat()
    }

    fn found(received: &[u8]) -> Result<Vec<u8>, String> {
        found_with(received, Tolerance::default())
    }

    /// What is taken for the answer to "unit 3, holding registers 100 and 101".
    fn found_with(received: &[u8], tolerance: Tolerance) -> Result<Vec<u8>, String> {
        match find(&request(3, 3, 100, 2), received, tolerance) {
            Ok(Answer::Data(data)) => Ok(data.to_vec()),
            Ok(Answer::Exception(code)) => Ok(vec![code]),
            Err(mismatch) => Err(mismatch.to_string()),
        }
    }

    #[test]
    fn check_sums_are_those_of_the_standard() {
        // MODBUS over Serial Line V1.02, 6.2.2: 02 07 gives 41 12.
        assert_eq!(check_sum(&[0x02, 0x07]), [0x41, 0x12]);
        assert_eq!(request(1, 3, 0, 10), [0x01, 0x03, 0x00, 0x00, 0x00, 0x0A, 0xC5, 0xCD]);
    }

    #[test]
    fn an_answer_is_found_among_what_else_came() {
        let answer = frame(&[3, 3, 4, 0, 100, 0, 101]);
        let data = Ok(vec![0, 100, 0, 101]);
        let echo = request(3, 3, 100, 2).to_vec();
        let late = frame(&[4, 3, 4, 0, 1, 0, 2]);
        for before in
            [vec![], vec![0], vec![0xFF, 0], vec![3, 3, 4], vec![3], vec![3, 0x83], echo, late, frame(&[3, 0x84, 2])]
        {
            for after in [vec![], vec![0], answer.clone()] {
                assert_eq!(found(&[before.clone(), answer.clone(), after].concat()), data, "{before:02x?}");
            }
        }
        assert_eq!(found(&frame(&[3, 0x83, 2])), Ok(vec![2]));
    }

    #[test]
    fn an_answer_is_waited_for_byte_by_byte() {
        let answer = frame(&[3, 3, 4, 0, 100, 0, 101]);
        for length in 0..answer.len() {
            assert!(found(&answer[..length]).unwrap_err().starts_with("incomplete reply"), "{length}");
        }
        assert!(found(&answer).is_ok());
    }

    #[test]
    fn what_is_no_answer_says_why() {
        let mut wrong = frame(&[3, 3, 4, 0, 100, 0, 101]);
        wrong[4] ^= 1;
        for (received, why) in [
            (wrong, "reply with a wrong check sum"),
            (b"Hello World".to_vec(), "reply with a wrong check sum"),
            (frame(&[4, 3, 4, 0, 100, 0, 101]), "reply of unit 4 instead of 3"),
            (frame(&[3, 4, 4, 0, 100, 0, 101]), "reply of function 4 instead of 3"),
            (frame(&[3, 3, 2, 0, 100]), "reply of 2 data bytes instead of 4"),
            (frame(&[3, 0x84, 2]), "reply of function 132 instead of 3"),
        ] {
            assert_eq!(found(&received), Err(why.to_owned()));
        }
        let tolerance = Tolerance { unit: true, transaction: false };
        assert_eq!(found_with(&frame(&[4, 3, 4, 0, 9, 0, 8]), tolerance), Ok(vec![0, 9, 0, 8]));
    }

    #[test]
    fn a_frame_inside_the_data_of_another_is_no_answer() {
        let inner = frame(&[3, 3, 4, 0, 100, 0, 101]);
        let outer = frame(&[&[4, 3, inner.len() as u8][..], &inner].concat());
        assert_eq!(found(&outer), Err("reply of unit 4 instead of 3".to_owned()));
    }

    proptest! {
        #[test]
        fn nothing_but_an_answer_is_taken_and_nothing_panics(
            head in prop::collection::vec(any::<u8>(), 0..40),
            tail in prop::collection::vec(any::<u8>(), 0..40),
            whole in any::<bool>(),
        ) {
            let answer = frame(&[3, 3, 4, 0, 100, 0, 101]);
            let received = if whole { [head, answer, tail].concat() } else { [head, tail].concat() };
            let found = find(&request(3, 3, 100, 2), &received, Tolerance::default());
            match found {
                Ok(Answer::Data(data)) => prop_assert!(whole && data == [0, 100, 0, 101]),
                Ok(Answer::Exception(code)) => prop_assert!(false, "exception {code} of nobody"),
                Err(_) => prop_assert!(!whole),
            }
        }
    }
}
