//! The last words of a broker of MQTT 5, so that they are heard.
//!
//! The library forgets what it has read together with an error and not told yet: the messages that came just before a
//! DISCONNECT, the end of the stream, or a packet that is none. And it waits for more where a DISCONNECT is a reason alone,
//! which is the usual kind, and where a CONNACK is one of MQTT 3.1.1, by which old brokers refuse. [`LastWords`] holds such
//! an end back until all before it was told, and gives it the empty list of properties that the library misses.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The first byte of a DISCONNECT.
const DISCONNECT: u8 = 14 << 4;
/// The first byte of a CONNACK.
const CONNACK: u8 = 2 << 4;
/// Length bytes of a packet of seven bits each, four at most.
const MORE: u8 = 0x80;
const LAST_SHIFT: u32 = 21;

/// A stream of MQTT 5 from a broker, and to it.
#[derive(Debug)]
pub struct LastWords<S> {
    stream: S,
    /// Longest packet that the library takes, its header counted.
    longest: u32,
    place: Place,
    end: End,
    /// What stands at the end, not given to the library yet.
    held: Vec<u8>,
    error: Option<io::Error>,
}

/// Where in a packet the broker's next byte is.
#[derive(Debug, Clone, Copy)]
enum Place {
    First,
    Length { so_far: u32, shift: u32 },
    Inside { left: u32 },
}

/// Whether the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    /// It is held back once.
    Seen,
    /// What was held may have to be mended yet.
    Told,
    /// Everything goes through.
    Through,
}

impl<S> LastWords<S> {
    /// Around a connection that was just made. `longest`: the longest packet that the library takes, in bytes.
    pub const fn new(stream: S, longest: u32) -> Self {
        Self { stream, longest, place: Place::First, end: End::NotYet, held: Vec::new(), error: None }
    }

    /// Follows the packets. `Some`: from here on stands what the library ends with.
    fn follow(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            self.place = match self.place {
                Place::First if matches!(byte >> 4, 0 | 14) => return Some(at),
                Place::First if byte == CONNACK && bytes.get(at + 1) == Some(&2) => return Some(at),
                Place::First => Place::Length { so_far: 0, shift: 0 },
                Place::Length { so_far, shift } => {
                    let length = so_far | u32::from(byte & !MORE) << shift;
                    match byte & MORE {
                        0 if length + 2 + shift / 7 > self.longest => return Some(at),
                        0 if length == 0 => Place::First,
                        0 => Place::Inside { left: length },
                        _ if shift == LAST_SHIFT => return Some(at),
                        _ => Place::Length { so_far: length, shift: shift + 7 },
                    }
                }
                Place::Inside { left } => {
                    let here = left.min(u32::try_from(bytes.len() - at).unwrap_or(u32::MAX));
                    at += here as usize;
                    self.place = if here == left { Place::First } else { Place::Inside { left: left - here } };
                    continue;
                }
            };
            at += 1;
        }
        None
    }

    /// Whether more has to be known of the packet that is held.
    fn is_short(&self) -> bool {
        matches!(self.held.as_slice(), [DISCONNECT] | [DISCONNECT, 1] | [CONNACK, 2] | [CONNACK, 2, _])
    }

    /// Gives a packet without properties its empty list of them.
    fn mend(&mut self) {
        match self.held.as_mut_slice() {
            [DISCONNECT, length @ 1, _, ..] => {
                *length = 2;
                self.held.insert(3, 0);
            }
            [CONNACK, length @ 2, _, _, ..] => {
                *length = 3;
                self.held.insert(4, 0);
            }
            _ => {}
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LastWords<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match this.end {
                End::NotYet => {
                    let before = buffer.filled().len();
                    match ready!(Pin::new(&mut this.stream).poll_read(context, buffer)) {
                        Err(error) => this.error = Some(error),
                        Ok(()) if buffer.filled().len() > before => {
                            let Some(at) = this.follow(&buffer.filled()[before..]) else { return Poll::Ready(Ok(())) };
                            this.held.extend_from_slice(&buffer.filled()[before + at..]);
                            buffer.set_filled(before + at);
                        }
                        Ok(()) if buffer.remaining() == 0 => return Poll::Ready(Ok(())),
                        Ok(()) => {}
                    }
                    this.end = End::Seen;
                    if buffer.filled().len() > before {
                        return Poll::Ready(Ok(()));
                    }
                }
                End::Seen => {
                    this.end = End::Told;
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                End::Told => {
                    while this.is_short() && this.error.is_none() {
                        let mut more = [0; 64];
                        let mut more = ReadBuf::new(&mut more);
                        match ready!(Pin::new(&mut this.stream).poll_read(context, &mut more)) {
                            Ok(()) if more.filled().is_empty() => break,
                            Ok(()) => this.held.extend_from_slice(more.filled()),
                            Err(error) => this.error = Some(error),
                        }
                    }
                    this.mend();
                    this.end = End::Through;
                }
                End::Through if !this.held.is_empty() => {
                    let count = this.held.len().min(buffer.remaining());
                    buffer.put_slice(&this.held[..count]);
                    this.held.drain(..count);
                    return Poll::Ready(Ok(()));
                }
                End::Through => {
                    return match this.error.take() {
                        Some(error) => Poll::Ready(Err(error)),
                        None => Pin::new(&mut this.stream).poll_read(context, buffer),
                    };
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for LastWords<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::task::Waker;

    /// A broker whose bytes come in these pieces, and then the end.
    struct Pieces(Vec<Vec<u8>>);

    impl AsyncRead for Pieces {
        fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            if let Some(piece) = self.0.first_mut() {
                let count = piece.len().min(buffer.remaining());
                buffer.put_slice(&piece[..count]);
                piece.drain(..count);
                if piece.is_empty() {
                    self.0.remove(0);
                }
            }
            Poll::Ready(Ok(()))
        }
    }

    /// All that is read, each part between two pauses by itself.
    fn read(pieces: Vec<Vec<u8>>, room: usize) -> Vec<Vec<u8>> {
        let mut stream = LastWords::new(Pieces(pieces), 303);
        let mut context = Context::from_waker(Waker::noop());
        let mut parts = vec![Vec::new()];
        loop {
            let mut bytes = vec![0; room];
            let mut buffer = ReadBuf::new(&mut bytes);
            match Pin::new(&mut stream).poll_read(&mut context, &mut buffer) {
                Poll::Pending => parts.push(Vec::new()),
                Poll::Ready(read) => {
                    read.unwrap();
                    if buffer.filled().is_empty() {
                        return parts;
                    }
                    parts.last_mut().unwrap().extend_from_slice(buffer.filled());
                }
            }
        }
    }

    const PINGRESP: [u8; 2] = [0xd0, 0];

    fn publish(length: usize) -> Vec<u8> {
        [vec![0x30, (length & 0x7f) as u8 | MORE, (length >> 7) as u8], vec![0xe0; length]].concat()
    }

    #[test]
    fn what_came_before_the_end_is_told_first() {
        let message = publish(250);
        for (end, told) in [
            (vec![0xe0, 1, 0x8e], vec![0xe0, 2, 0x8e, 0]),
            (vec![0xe0, 2, 0x8b, 0], vec![0xe0, 2, 0x8b, 0]),
            (vec![0xe0, 0], vec![0xe0, 0]),
            (vec![0xe0], vec![0xe0]),
            (vec![0xe0, 1], vec![0xe0, 1]),
            (vec![0, 7, 8], vec![0, 7, 8]),
            (vec![0xe0, 5, 0x98, 3, 0x1f, 0, 0], vec![0xe0, 5, 0x98, 3, 0x1f, 0, 0]),
            (vec![], vec![]),
        ] {
            let stream = [&message[..], &PINGRESP, &end].concat();
            let parts = read(vec![stream.clone()], 4096);
            assert_eq!(parts, [[&message[..], &PINGRESP].concat(), told.clone()], "{end:?}");
            let bytes = stream.iter().map(|byte| vec![*byte]).collect();
            assert_eq!(read(bytes, 1), parts, "{end:?} byte by byte");
        }
    }

    #[test]
    fn the_answer_of_an_old_broker_is_told() {
        assert_eq!(read(vec![vec![0x20, 2, 0, 1]], 4096).concat(), [0x20, 3, 0, 1, 0]);
        assert_eq!(read(vec![vec![0x20, 2], vec![0], vec![5]], 4096).concat(), [0x20, 3, 0, 5, 0]);
        let accepted = [0x20, 3, 0, 0, 0, 0xd0, 0];
        assert_eq!(read(vec![accepted.to_vec()], 4096), [accepted.to_vec(), vec![]]);
    }

    #[test]
    fn a_packet_too_long_is_held_back_at_the_last_byte_of_its_length() {
        let stream = [&PINGRESP[..], &publish(301)].concat();
        let parts = read(vec![stream.clone()], 4096);
        assert_eq!(parts.concat(), stream);
        assert_eq!(parts[0].len(), 4);
        let endless = [0x30, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(read(vec![endless.to_vec()], 4096), [endless[..4].to_vec(), endless[4..].to_vec()]);
    }

    proptest! {
        #[test]
        fn nothing_but_a_packet_without_properties_is_changed(
            bytes in proptest::collection::vec(prop_oneof![any::<u8>(), Just(0xe0), Just(1), Just(0xd0), Just(0), Just(0x20), Just(2)], 0..200),
            size in 1..50_usize,
            room in 1..50_usize,
        ) {
            let parts = read(bytes.chunks(size).map(<[u8]>::to_vec).collect(), room);
            prop_assert_eq!(parts.len(), 2);
            let all = parts.concat();
            if all != bytes {
                let at = parts[0].len();
                let kept = match bytes[at..at + 2] {
                    [DISCONNECT, 1] => 1,
                    [CONNACK, 2] => 2,
                    ref other => panic!("{other:?} was changed"),
                };
                let mended = [&[bytes[at], bytes[at + 1] + 1], &bytes[at + 2..at + 2 + kept], &[0], &bytes[at + 2 + kept..]];
                prop_assert_eq!(&all[..at], &bytes[..at]);
                prop_assert_eq!(&all[at..], &mended.concat());
            }
        }
    }
}
