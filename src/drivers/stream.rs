//! A stream that counts its bytes and keeps the last of them, raw: the answer to "what did the device really say".
//!
//! [`Tapped`] goes between a socket and a protocol library; the [`Tap`] beside it is read by the driver and by screens.
//! Invariant: bounded. The oldest frames give way, and nothing on this road waits for a reader.

use super::trace::{Ends, Trace, TracedStream};
use crate::time::{Clock, Now};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From us to the device.
    Sent,
    /// From the device to us.
    Received,
}

/// Bytes that went one way without a turn, up to the tap's frame size; what is longer fills several frames.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Which way.
    pub direction: Direction,
    /// When the first of them went.
    pub at: Now,
    /// The bytes, as they were on the wire.
    pub bytes: Vec<u8>,
}

/// Direction, then bytes in hex: `> 00 01 00 00 00 06 01 03 00 64 00 02`.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.direction {
            Direction::Sent => ">",
            Direction::Received => "<",
        })?;
        self.bytes.iter().try_for_each(|byte| write!(f, " {byte:02X}"))
    }
}

/// How much a tap keeps: the newest `frames`, of at most `frame_bytes` each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapLimits {
    /// Most frames.
    pub frames: usize,
    /// Most bytes of one frame.
    pub frame_bytes: usize,
}

/// What is known of the bytes of one connection, or of several one after another.
pub struct Tap {
    clock: Clock,
    limits: TapLimits,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    ended: AtomicBool,
    /// Taken for the copy of one chunk at a time and never across an await, so that a plain lock does.
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    frames: VecDeque<Frame>,
    /// The next byte begins a frame, whatever its direction: it belongs to another stream.
    parted: bool,
    /// Where every byte is written too, and the stream's part in it.
    trace: Option<Trace>,
    traced: Option<TracedStream>,
}

impl Tap {
    /// A tap that has seen nothing.
    pub fn new(clock: Clock, limits: TapLimits) -> Arc<Self> {
        let limits = TapLimits { frames: limits.frames.max(2), frame_bytes: limits.frame_bytes.max(1) };
        Arc::new(Self {
            clock,
            limits,
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            kept: Mutex::default(),
        })
    }

    /// What it tells the time by.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Bytes received so far.
    pub fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// Bytes sent so far.
    pub fn bytes_out(&self) -> u64 {
        self.bytes_out.load(Ordering::Relaxed)
    }

    /// Whether the other side has closed its end of the newest stream.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// The frames kept, oldest first.
    pub fn frames(&self) -> Vec<Frame> {
        self.lock().frames.iter().cloned().collect()
    }

    /// Drops the frames kept so far: a sign-in holds a password, which is nobody's to read. The figures go on.
    pub fn forget(&self) {
        self.lock().frames.clear();
    }

    /// Has the bytes of all streams from now on written to a file, too.
    pub fn trace_to(&self, trace: Option<Trace>) {
        self.lock().trace = trace;
    }

    /// The newest stream has these ends, if they are known. `signs_in`: the first that is sent may hold a password.
    pub fn opened(&self, ends: io::Result<Ends>, signs_in: bool) {
        let mut kept = self.lock();
        kept.traced = None;
        if let (Some(trace), Ok(ends)) = (kept.trace.clone(), ends) {
            kept.traced = Some(TracedStream::opened(trace, self.clock.now().utc, ends, signs_in));
        }
    }

    /// The answer is whole, or is given up: what comes next is another. A trace of a serial line wants to know.
    pub fn turned(&self) {
        if let Some(traced) = &mut self.lock().traced {
            traced.turned();
        }
    }

    /// Shows the newest sent frame, and the first of what came after it, to `read`: a request and its reply. Both are
    /// empty where there is none, or where it was pushed out by a flood since.
    pub fn with_last_exchange<R>(&self, read: impl FnOnce(&[u8], &[u8]) -> R) -> R {
        let frames = &self.lock().frames;
        let Some(sent) = frames.iter().rposition(|f| f.direction == Direction::Sent) else { return read(&[], &[]) };
        let received = frames.get(sent + 1).map_or(&[][..], |f| &f.bytes);
        read(&frames[sent].bytes, received)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A panic elsewhere cannot leave a half-made frame: each change below is whole before the guard goes.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, direction: Direction, mut bytes: &[u8]) {
        let counter = match direction {
            Direction::Sent => &self.bytes_out,
            Direction::Received => &self.bytes_in,
        };
        counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let mut at = None;
        let mut kept = self.lock();
        if let Some(traced) = &mut kept.traced {
            let at = *at.get_or_insert_with(|| self.clock.now());
            traced.bytes(at.utc, direction, bytes);
        }
        let mut parted = std::mem::take(&mut kept.parted);
        let frames = &mut kept.frames;
        while !bytes.is_empty() {
            let room = match frames.back() {
                Some(last) if last.direction == direction && !std::mem::take(&mut parted) => {
                    self.limits.frame_bytes - last.bytes.len()
                }
                _ => 0,
            };
            if room == 0 {
                // The oldest frame's memory is used again, so that a busy line allocates nothing.
                let full = frames.len() >= self.limits.frames;
                let mut buffer = if full { frames.pop_front().map_or_else(Vec::new, |f| f.bytes) } else { Vec::new() };
                buffer.clear();
                let at = *at.get_or_insert_with(|| self.clock.now());
                frames.push_back(Frame { direction, at, bytes: buffer });
            }
            let Some(last) = frames.back_mut() else { return };
            let (now, later) = bytes.split_at(bytes.len().min(self.limits.frame_bytes - last.bytes.len()));
            last.bytes.extend_from_slice(now);
            bytes = later;
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap")
            .field("bytes_in", &self.bytes_in())
            .field("bytes_out", &self.bytes_out())
            .finish_non_exhaustive()
    }
}

/// A stream under a tap.
#[derive(Debug)]
pub struct Tapped<S> {
    stream: S,
    tap: Arc<Tap>,
}

impl<S> Tapped<S> {
    /// Lets all of `stream` pass `tap`. A tap may serve one stream after another: figures go on, `ended` starts anew.
    pub fn new(stream: S, tap: Arc<Tap>) -> Self {
        tap.ended.store(false, Ordering::Relaxed);
        tap.lock().parted = true;
        Self { stream, tap }
    }

    /// What is known of its bytes.
    pub fn tap(&self) -> &Arc<Tap> {
        &self.tap
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let room = buffer.remaining();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        if !read.is_empty() {
            self.tap.keep(Direction::Received, read);
        } else if room > 0 {
            self.tap.ended.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.tap.keep(Direction::Sent, bytes.get(..written).unwrap_or(bytes));
        Poll::Ready(Ok(written))
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
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    fn tap(frames: usize, frame_bytes: usize) -> Arc<Tap> {
        Tap::new(Clock::new(Now::default), TapLimits { frames, frame_bytes })
    }

    #[test]
    fn bytes_of_one_direction_are_one_frame_and_a_turn_begins_the_next() {
        let tap = tap(8, 16);
        tap.keep(Direction::Sent, &[1, 2]);
        tap.keep(Direction::Received, &[3]);
        tap.keep(Direction::Received, &[4, 5]);
        assert_eq!(tap.frames().iter().map(ToString::to_string).collect::<Vec<_>>(), ["> 01 02", "< 03 04 05"]);
        assert_eq!((tap.bytes_out(), tap.bytes_in()), (2, 3));
        tap.with_last_exchange(|sent, received| assert_eq!((sent, received), (&[1, 2][..], &[3, 4, 5][..])));
        tap.keep(Direction::Sent, &[6]);
        tap.with_last_exchange(|sent, received| assert_eq!((sent, received), (&[6][..], &[][..])));
    }

    #[test]
    fn a_flood_pushes_the_oldest_out_and_is_counted_in_full() {
        let tap = tap(2, 4);
        tap.keep(Direction::Sent, &[9]);
        tap.keep(Direction::Received, &[0; 10]);
        let kept = tap.frames();
        assert_eq!(kept.iter().map(|f| f.bytes.len()).collect::<Vec<_>>(), [4, 2]);
        assert_eq!(tap.bytes_in(), 10);
        tap.with_last_exchange(|sent, received| assert!(sent.is_empty() && received.is_empty()));
    }

    #[test]
    fn what_was_sent_on_another_stream_is_no_part_of_this_request() {
        let tap = tap(8, 16);
        let _first = Tapped::new((), Arc::clone(&tap));
        tap.keep(Direction::Sent, &[1, 2]);
        let _second = Tapped::new((), Arc::clone(&tap));
        tap.keep(Direction::Sent, &[3]);
        tap.keep(Direction::Received, &[4]);
        tap.with_last_exchange(|sent, received| assert_eq!((sent, received), (&[3][..], &[4][..])));
        assert_eq!(tap.frames().len(), 3);
    }

    #[tokio::test]
    async fn a_stream_passes_its_bytes_on_and_tells_when_the_other_side_closed() {
        let (near, mut far) = tokio::io::duplex(64);
        let mut near = Tapped::new(near, tap(4, 64));
        near.write_all(b"ask").await.unwrap();
        far.write_all(b"answer").await.unwrap();
        let mut answer = [0; 6];
        near.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"answer");
        assert!(!near.tap().ended());
        drop(far);
        assert_eq!(near.read(&mut answer).await.unwrap(), 0);
        assert!(near.tap().ended());
        assert_eq!((near.tap().bytes_out(), near.tap().bytes_in()), (3, 6));
    }
}
