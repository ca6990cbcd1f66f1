//! One wire, be it TCP or serial: a request, its reply within its time, and the check that the one belongs to the other.
//!
//! Frames are our own, for all three transports: a client library that pairs a late reply with the next request, waits
//! without end and leaves counts unchecked would have to be checked byte by byte anyway, and for serial lines, where no
//! number tells replies apart, that is all there is to a client. What bytes mean, [`reply`] and [`rtu`] decide; here they
//! are waited for.
//!
//! Invariant: a serial line is silent for its time, and the buffer empty, before a request goes out.

use super::blocks::Block;
use super::identity::{self, Identified};
use super::poll::LONGEST;
use super::port::{self, Port, io_words, words};
use super::reply::{self, Answer, Mismatch, Tolerance};
use super::{rtu, value};
use crate::drivers::stream::{Tap, TapLimits, Tapped};
use crate::drivers::tls::Tls;
use crate::engine::Sample;
use crate::project::{Area, Transport};
use crate::time::{Clock, Span};
use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

/// The last eight exchanges or so; the longest frame has 260 bytes, and one frame has to hold it whole.
const TAP_LIMITS: TapLimits = TapLimits { frames: 32, frame_bytes: 512 };

/// Most bytes that are looked at for one reply: some late ones may stand before it.
const MOST_BYTES: usize = 4096;

/// The longest frame of a serial line.
const LONGEST_FRAME: u32 = 256;

/// The silence between two frames over TCP, where the converter keeps that of its line: enough for what was sent together
/// to arrive together.
const TCP_SILENCE: Duration = Duration::from_millis(2);

/// A line that is noisy for so long is at fault.
const LONGEST_NOISE: Duration = Duration::from_millis(500);

/// What came back in time and passed the check.
#[derive(Debug)]
pub enum Outcome {
    /// One sample for each tag of the block.
    Samples(Vec<Sample>),
    /// The device's exception code.
    Exception(u8),
}

/// Why there is no outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No whole reply within this time; what there is of one.
    Timeout(Span, Option<Mismatch>),
    /// A reply, and not to this request.
    Mismatch(Mismatch),
    /// The device closed the connection instead of answering.
    Closed,
    /// The serial port went away.
    Unplugged,
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
            Self::Unplugged => f.write_str("the serial port went away: is the adapter plugged in?"),
            Self::Io(why) => f.write_str(why),
        }
    }
}

/// A tap for all wires that one connection has, one after another.
pub fn tap(clock: Clock) -> Arc<Tap> {
    Tap::new(clock, TAP_LIMITS)
}

/// How frames are made and told apart.
#[derive(Debug, Clone, Copy)]
enum Framing {
    /// By the number of the last request.
    Tcp(u16),
    /// By what was asked and a check sum, with this much silence between them.
    Rtu(Duration),
}

/// An open connection.
pub struct Wire {
    port: Tapped<Box<dyn Port>>,
    transport: Transport,
    tls: Option<Tls>,
    framing: Framing,
    /// What came and belongs to no reply yet.
    received: Vec<u8>,
    last_byte: Instant,
    /// Whether it has carried an answer: then a close is an idle device's habit, not a fault.
    pub answered: bool,
    /// Requests since the last answer.
    pub unanswered: u32,
    /// The next request may go out here, whatever became of the last.
    in_step: bool,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("transport", &self.transport)
            .field("in_step", &self.in_step)
            .finish_non_exhaustive()
    }
}

impl Wire {
    /// Opens a line within `patience`; `tls` is what one over TLS is opened with.
    ///
    /// # Errors
    /// The reason in words: `connection refused`.
    pub async fn open(transport: &Transport, patience: Span, tap: Arc<Tap>, tls: Option<&Tls>) -> Result<Self, String> {
        let port = Tapped::new(port::open(transport, patience, &tap, tls).await?, tap);
        let framing = match transport {
            // A number that no reply has which a gateway may still hold.
            Transport::Tcp { .. } | Transport::Tls { .. } => Framing::Tcp(fastrand::u16(..)),
            Transport::RtuOverTcp { .. } => Framing::Rtu(TCP_SILENCE),
            Transport::Serial(settings) => Framing::Rtu(settings.silence().to_std()),
        };
        Ok(Self {
            port,
            transport: transport.clone(),
            tls: tls.cloned(),
            framing,
            received: Vec::new(),
            last_byte: Instant::now(),
            answered: false,
            unanswered: 0,
            in_step: true,
        })
    }

    /// Whether the next request may go out on this wire after a fault: no late reply can be taken for its answer, and there
    /// is no sign that the wire itself is at fault. A serial port is not opened anew for a device that is silent: its
    /// control lines would fall and rise, which resets some devices.
    pub fn is_of_use(&self, shared: bool) -> bool {
        let serial = matches!(self.transport, Transport::Serial(_));
        self.in_step && (serial || shared && self.answered && self.unanswered < 2)
    }

    /// Asks `unit` for `block`. On a serial line the time that the bytes take is added to `patience`.
    ///
    /// # Errors
    /// After a fault, [`Wire::is_of_use`] tells whether the wire must be dropped.
    pub async fn ask(
        &mut self,
        unit: u8,
        block: &Block,
        patience: Span,
        tolerance: Tolerance,
    ) -> Result<Outcome, Fault> {
        let outcome = self.exchange(unit, block, patience, tolerance).await;
        self.took(&outcome, tolerance);
        outcome
    }

    /// Asks `unit` who it is, from `object` on. On a serial line the time that the bytes take is added to `patience`.
    ///
    /// # Errors
    /// As of [`Wire::ask`].
    pub async fn identify(&mut self, unit: u8, object: u8, patience: Span) -> Result<Identified, Fault> {
        let tolerance = Tolerance::default();
        let outcome = self.identification(unit, object, patience).await;
        self.took(&outcome, tolerance);
        outcome
    }

    /// Whether the next request may go out on this wire: what is late can be told from its answer.
    pub const fn is_in_step(&self) -> bool {
        self.in_step
    }

    /// What an exchange says of the wire.
    fn took<T>(&mut self, outcome: &Result<T, Fault>, tolerance: Tolerance) {
        self.port.tap().turned();
        match outcome {
            Ok(_) => {
                self.answered = true;
                self.unanswered = 0;
            }
            Err(fault) => {
                self.unanswered = self.unanswered.saturating_add(1);
                self.in_step = match (fault, self.framing) {
                    (Fault::Timeout(..) | Fault::Mismatch(_), Framing::Rtu(_)) => true,
                    // Late, it will bear its number.
                    (Fault::Timeout(_, None), Framing::Tcp(_)) => !tolerance.transaction,
                    _ => false,
                };
            }
        }
    }

    async fn exchange(
        &mut self,
        unit: u8,
        block: &Block,
        patience: Span,
        tolerance: Tolerance,
    ) -> Result<Outcome, Fault> {
        self.settle(tolerance).await?;
        let function = match block.area {
            Area::Coil => 1,
            Area::Discrete => 2,
            Area::Holding => 3,
            Area::Input => 4,
        };
        let mut sent = [0; 12];
        let length = match &mut self.framing {
            Framing::Tcp(transaction) => {
                *transaction = transaction.wrapping_add(1);
                sent = reply::request(*transaction, unit, function, block.start, block.count);
                sent.len()
            }
            Framing::Rtu(_) => {
                sent[..rtu::REQUEST].copy_from_slice(&rtu::request(unit, function, block.start, block.count));
                rtu::REQUEST
            }
        };
        let sent = sent.get(..length).unwrap_or_default();
        let patience = Span(patience.0.saturating_add(time_on_line(&self.transport, block).0));
        let framing = self.framing;
        let find = |received: &[u8]| {
            let (answer, end) = match framing {
                Framing::Tcp(_) => reply::find(sent, received, tolerance)?,
                Framing::Rtu(_) => (rtu::find(sent, received, tolerance)?, received.len()),
            };
            let outcome = match answer {
                Answer::Data(bytes) => Outcome::Samples(value::samples(block, bytes)),
                Answer::Exception(code) => Outcome::Exception(code),
            };
            Ok((outcome, end))
        };
        self.converse(sent, patience, find).await
    }

    async fn identification(&mut self, unit: u8, object: u8, patience: Span) -> Result<Identified, Fault> {
        self.settle(Tolerance::default()).await?;
        let sent = match &mut self.framing {
            Framing::Tcp(transaction) => {
                *transaction = transaction.wrapping_add(1);
                identity::request(*transaction, unit, object)
            }
            Framing::Rtu(_) => identity::rtu_request(unit, object),
        };
        let on_line = match &self.transport {
            Transport::Serial(settings) => settings.time_of(sent.len() as u32 + LONGEST_FRAME),
            Transport::Tcp { .. } | Transport::Tls { .. } | Transport::RtuOverTcp { .. } => Span::ZERO,
        };
        let framing = self.framing;
        let find = |received: &[u8]| match framing {
            Framing::Tcp(_) => identity::find(&sent, received),
            Framing::Rtu(_) => identity::rtu_find(&sent, received),
        };
        self.converse(&sent, Span(patience.0.saturating_add(on_line.0)), find).await
    }

    /// Sends a request, and waits until `find` finds its answer in what came: with it, where it ends.
    async fn converse<T>(
        &mut self,
        sent: &[u8],
        patience: Span,
        find: impl Fn(&[u8]) -> Result<(T, usize), Mismatch>,
    ) -> Result<T, Fault> {
        let deadline = Instant::now() + patience.to_std().min(LONGEST);
        match timeout_at(deadline, async {
            self.port.write_all(sent).await?;
            self.port.flush().await
        })
        .await
        {
            Ok(Ok(())) => {}
            Ok(Err(why)) => return Err(self.fault(&why)),
            Err(_elapsed) => return Err(Fault::Io("the line takes no bytes".to_owned())),
        }
        loop {
            let mismatch = match find(&self.received) {
                Ok((outcome, end)) => {
                    self.received.drain(..end);
                    return Ok(outcome);
                }
                Err(mismatch) => mismatch,
            };
            let may_come = match self.framing {
                Framing::Tcp(_) => matches!(mismatch, Mismatch::Incomplete(..) | Mismatch::Transaction(..)),
                Framing::Rtu(_) => true,
            };
            if !may_come {
                return Err(Fault::Mismatch(mismatch));
            }
            if self.received.len() >= MOST_BYTES {
                return Err(Fault::Mismatch(Mismatch::Request));
            }
            let nothing = self.received.is_empty();
            match timeout_at(deadline, self.read()).await {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => return Err(if nothing { fault } else { Fault::Mismatch(mismatch) }),
                Err(_elapsed) if nothing => return Err(Fault::Timeout(patience, None)),
                Err(_elapsed) => {
                    return Err(match mismatch {
                        Mismatch::Incomplete(..) => Fault::Timeout(patience, Some(mismatch)),
                        mismatch => Fault::Mismatch(mismatch),
                    });
                }
            }
        }
    }

    /// Makes the wire ready for a request. Where late replies bear no number, what came is thrown away, until the line has
    /// been silent.
    async fn settle(&mut self, tolerance: Tolerance) -> Result<(), Fault> {
        let silence = match self.framing {
            Framing::Tcp(_) if !tolerance.transaction => return Ok(()),
            Framing::Tcp(_) => Duration::ZERO,
            Framing::Rtu(silence) => silence,
        };
        let give_up = Instant::now() + silence + LONGEST_NOISE;
        loop {
            self.received.clear();
            // Whatever has come already is taken even where the silence is over.
            match timeout_at(self.last_byte + silence, self.read()).await {
                Err(_elapsed) => return Ok(()),
                Ok(Err(fault)) => return Err(fault),
                Ok(Ok(())) if Instant::now() >= give_up => return Err(Fault::Mismatch(Mismatch::Request)),
                Ok(Ok(())) => {}
            }
        }
    }

    /// Takes what there is, and waits for it.
    async fn read(&mut self) -> Result<(), Fault> {
        let read = self.port.read_buf(&mut self.received).await;
        self.last_byte = Instant::now();
        match read {
            Ok(0) => Err(self.ended()),
            Ok(_) => Ok(()),
            Err(why) => Err(self.fault(&why)),
        }
    }

    fn ended(&self) -> Fault {
        if matches!(self.transport, Transport::Serial(_)) { Fault::Unplugged } else { Fault::Closed }
    }

    fn fault(&self, why: &io::Error) -> Fault {
        if let (Some(tls), Transport::Tls { host, .. }) = (&self.tls, &self.transport)
            && let Some(told) = tls.told(why, host)
        {
            return Fault::Io(told);
        }
        // A serial port gives but one reason for an end: there is nothing behind it any more.
        let serial = matches!(self.transport, Transport::Serial(_)) && why.kind() != ErrorKind::PermissionDenied;
        if serial || closes(why.kind()) { self.ended() } else { Fault::Io(io_words(why)) }
    }
}

/// How long request and answer are on a serial line.
pub(super) fn time_on_line(transport: &Transport, block: &Block) -> Span {
    let Transport::Serial(settings) = transport else { return Span::ZERO };
    settings.time_of((rtu::REQUEST + rtu::OVERHEAD) as u32 + u32::from(block.bytes()))
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
