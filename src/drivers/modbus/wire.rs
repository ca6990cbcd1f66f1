//! One TCP connection: a request, its reply within its time, and the check that the one belongs to the other.
//!
//! `tokio-modbus` frames and carries. It pairs a late reply with the next request for ever, waits without end, and leaves
//! counts unchecked; so each call has a deadline, each reply passes [`reply::check`], and whoever gets a [`Fault`] drops
//! the wire.

use super::blocks::Block;
use super::poll::LONGEST;
use super::reply::{self, Answer, Mismatch, Tolerance};
use super::value;
use crate::drivers::stream::{Tap, TapLimits, Tapped};
use crate::drivers::trace::Ends;
use crate::engine::Sample;
use crate::project::Area;
use crate::time::{Clock, Span};
use socket2::{SockRef, TcpKeepalive};
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_modbus::client::{Client as _, Context, tcp};
use tokio_modbus::slave::{Slave, SlaveContext as _};
use tokio_modbus::{Error, Request};

/// The last eight exchanges or so; the longest frame has 260 bytes, and one frame has to hold it whole.
const TAP_LIMITS: TapLimits = TapLimits { frames: 32, frame_bytes: 512 };

/// Unanswered keep-alive probes: after 10 s of quiet, every 5 s.
const KEEP_ALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(10)).with_interval(Duration::from_secs(5));

/// What came back in time and passed the check.
#[derive(Debug)]
pub enum Outcome {
    /// One sample for each tag of the block.
    Samples(Vec<Sample>),
    /// The device's exception code.
    Exception(u8),
}

/// Why there is no outcome. The wire is out of step after any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No whole reply within this time; what there is of one.
    Timeout(Span, Option<Mismatch>),
    /// A reply, and not to this request.
    Mismatch(Mismatch),
    /// The device closed the connection instead of answering.
    Closed,
    /// The operating system's reason.
    Io(String),
}

/// In words for an operator.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(span, None) => write!(f, "timeout after {}", words(*span)),
            Self::Timeout(span, Some(mismatch)) => write!(f, "timeout after {}, {mismatch}", words(*span)),
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::Closed => f.write_str("connection closed by the device"),
            Self::Io(why) => f.write_str(why),
        }
    }
}

/// `250 ms`, `1 s`: a span as people write it.
fn words(span: Span) -> String {
    let text = span.to_string();
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    format!("{} {}", &text[..unit], &text[unit..])
}

/// A tap for all wires that one connection has, one after another.
pub fn tap(clock: Clock) -> Arc<Tap> {
    Tap::new(clock, TAP_LIMITS)
}

/// An open connection.
pub struct Wire {
    context: Context,
    tap: Arc<Tap>,
    /// Whether it has carried an answer: then a close is an idle device's habit, not a fault.
    pub answered: bool,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("tap", &self.tap).field("answered", &self.answered).finish_non_exhaustive()
    }
}

impl Wire {
    /// Connects within `patience`, trying each address of the name.
    ///
    /// # Errors
    /// The reason in words: `connection refused`.
    pub async fn connect(host: &str, port: u16, patience: Span, tap: Arc<Tap>) -> Result<Self, String> {
        let deadline = Instant::now() + patience.to_std().min(LONGEST);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let late = || format!("no connection within {}", words(patience));
        let addresses = timeout_at(deadline, lookup_host((host, port))).await.map_err(|_elapsed| late())?;
        let addresses: Vec<_> = addresses.map_err(|why| format!("host name \"{host}\" not found: {why}"))?.collect();
        let mut why = format!("host name \"{host}\" has no address");
        for (i, address) in addresses.iter().enumerate() {
            // Each address gets its share of what is left, so that a dead one does not eat the live one's time.
            let share = deadline.saturating_duration_since(Instant::now()) / (addresses.len() - i) as u32;
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    tune(&stream, patience).map_err(|why| io_words(&why))?;
                    tap.opened(Ends::of(&stream), false);
                    let context = tcp::attach_slave(Tapped::new(stream, Arc::clone(&tap)), Slave(0));
                    return Ok(Self { context, tap, answered: false });
                }
                Ok(Err(error)) => why = io_words(&error),
                Err(_elapsed) => why = late(),
            }
        }
        Err(why)
    }

    /// Asks `unit` for `block`.
    ///
    /// # Errors
    /// After a fault the wire must be dropped: a late reply would be taken for the answer to a later request.
    pub async fn ask(
        &mut self,
        unit: u8,
        block: &Block,
        patience: Span,
        tolerance: Tolerance,
    ) -> Result<Outcome, Fault> {
        let request = match block.area {
            Area::Coil => Request::ReadCoils(block.start, block.count),
            Area::Discrete => Request::ReadDiscreteInputs(block.start, block.count),
            Area::Input => Request::ReadInputRegisters(block.start, block.count),
            Area::Holding => Request::ReadHoldingRegisters(block.start, block.count),
        };
        let before = (self.tap.bytes_in(), self.tap.bytes_out());
        self.context.set_slave(Slave(unit));
        let called = timeout(patience.to_std(), self.context.call(request)).await;
        // Only bytes of this exchange count; were none sent, the tap would still show the one before.
        let sent = self.tap.bytes_out() > before.1;
        let received = sent && self.tap.bytes_in() > before.0;
        match called {
            // Whatever the library makes of it, the bytes decide. Its own refusals are looked at again because the
            // quirks forgive some of them.
            Ok(Ok(_) | Err(Error::Protocol(_))) if received => {
                let outcome = self.tap.with_last_exchange(|sent, received| {
                    Ok(match reply::check(sent, received, tolerance)? {
                        Answer::Data(bytes) => Outcome::Samples(value::samples(block, bytes)),
                        Answer::Exception(code) => Outcome::Exception(code),
                    })
                });
                self.answered |= outcome.is_ok();
                outcome.map_err(Fault::Mismatch)
            }
            Ok(Ok(_) | Err(Error::Protocol(_))) => Err(Fault::Mismatch(Mismatch::Request)),
            Ok(Err(Error::Transport(_))) if received => {
                Err(Fault::Mismatch(self.mismatch().unwrap_or(Mismatch::Request)))
            }
            Ok(Err(Error::Transport(why))) => {
                Err(if self.tap.ended() || closes(why.kind()) { Fault::Closed } else { Fault::Io(io_words(&why)) })
            }
            Err(_elapsed) => Err(match received.then(|| self.mismatch()).flatten() {
                Some(part @ Mismatch::Incomplete(..)) => Fault::Timeout(patience, Some(part)),
                // The library waits for the rest of what cannot be a reply.
                Some(mismatch) => Fault::Mismatch(mismatch),
                None => Fault::Timeout(patience, None),
            }),
        }
    }

    fn mismatch(&self) -> Option<Mismatch> {
        self.tap.with_last_exchange(|sent, received| reply::check(sent, received, Tolerance::default()).err())
    }
}

/// Small requests go out at once, and the system notices a dead peer even while nothing is asked.
fn tune(stream: &TcpStream, patience: Span) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&KEEP_ALIVE)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(patience.to_std().max(Duration::from_secs(5))))?;
    #[cfg(not(target_os = "linux"))]
    let _unused = patience;
    Ok(())
}

const fn closes(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::NotConnected
            | ErrorKind::UnexpectedEof
    )
}

fn io_words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::HostUnreachable => "host unreachable".to_owned(),
        ErrorKind::NetworkUnreachable => "network unreachable".to_owned(),
        ErrorKind::ConnectionReset => "connection reset by the device".to_owned(),
        ErrorKind::TimedOut => "the connection timed out".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_read_as_sentences_for_an_operator() {
        for (fault, text) in [
            (Fault::Timeout(Span::from_secs(1), None), "timeout after 1 s"),
            (
                Fault::Timeout(Span::from_millis(250), Some(Mismatch::Incomplete(5, Some(13)))),
                "timeout after 250 ms, incomplete reply: 5 of 13 bytes",
            ),
            (Fault::Mismatch(Mismatch::Unit(4, 1)), "reply of unit 4 instead of 1"),
            (Fault::Closed, "connection closed by the device"),
        ] {
            assert_eq!(fault.to_string(), text);
        }
    }
}
