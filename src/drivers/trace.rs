//! `--trace FILE.pcap`: every byte of every connection, written so that Wireshark opens it.
//!
//! Drivers hand bytes to a thread of its own and never wait for the disk. Invariant: bounded. What does not fit the queue
//! is counted and is a gap in the file; a file of [`MOST_BYTES`] is full, and said to be. A password that signs in at a
//! broker is never in it.

mod pcap;
mod secret;

pub use pcap::Ends;
use pcap::{ACK, FIN, PUSH, Packet, Pcap, SEGMENT, SYN};

use super::stream::Direction;
use crate::time::Utc;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// A file is full then.
pub const MOST_BYTES: u64 = 256 << 20;
/// Records that may wait for the disk.
const QUEUE: usize = 8_192;
/// What was written is on the disk within this.
const FLUSH: Duration = Duration::from_millis(500);

/// Something that goes into the file.
#[derive(Debug)]
enum Record {
    Of(Utc, Ends, What),
    /// Nothing more is to be written.
    End,
}

#[derive(Debug)]
enum What {
    Opened,
    Bytes(Packet, Vec<u8>),
    Closed(Packet),
}

/// A file under way. A clone is the same file; it is whole when [`TraceFile::finish`] has returned.
#[derive(Debug, Clone)]
pub struct Trace {
    records: SyncSender<Record>,
    dropped: Arc<AtomicU64>,
}

/// The writing end.
#[derive(Debug)]
pub struct TraceFile {
    records: SyncSender<Record>,
    thread: std::thread::JoinHandle<()>,
    dropped: Arc<AtomicU64>,
}

impl Trace {
    /// Begins a file; one that is there is written over.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn create(path: &Path) -> io::Result<(Self, TraceFile)> {
        Self::with_limit(path, MOST_BYTES)
    }

    fn with_limit(path: &Path, most: u64) -> io::Result<(Self, TraceFile)> {
        let pcap = Pcap::new(BufWriter::new(owned(path)?))?;
        let (records, received) = sync_channel(QUEUE);
        let path = path.to_owned();
        let thread =
            std::thread::Builder::new().name("trace".to_owned()).spawn(move || write(pcap, &received, &path, most))?;
        let dropped = Arc::new(AtomicU64::new(0));
        let file = TraceFile { records: records.clone(), thread, dropped: Arc::clone(&dropped) };
        Ok((Self { records, dropped }, file))
    }

    fn record(&self, record: Record) {
        if self.records.try_send(record).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl TraceFile {
    /// Waits until all is written that was handed over up to now; what comes later goes nowhere. Tells how many records
    /// did not fit.
    pub fn finish(self) -> u64 {
        // Where the thread has ended already, there is nothing to wait for.
        let _ended_before = self.records.send(Record::End);
        // It panics at nothing; were it so, the file ends where it ended.
        let _ended = self.thread.join();
        self.dropped.load(Ordering::Relaxed)
    }
}

/// A file that only its owner can read, where the system knows owners: it holds what went over TLS in the clear.
fn owned(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes until all senders are gone, or the file is full, or the disk refuses.
fn write(mut pcap: Pcap<BufWriter<File>>, records: &Receiver<Record>, path: &Path, most: u64) {
    let shown = crate::text::visible(&path.display().to_string()).into_owned();
    let mut unwritten = false;
    loop {
        let written = match records.recv_timeout(FLUSH) {
            Ok(Record::End) | Err(RecvTimeoutError::Disconnected) => break,
            Ok(Record::Of(at, ends, what)) => {
                unwritten = true;
                put(&mut pcap, at, &ends, &what)
            }
            Err(RecvTimeoutError::Timeout) if unwritten => {
                unwritten = false;
                pcap.flush()
            }
            Err(RecvTimeoutError::Timeout) => Ok(()),
        };
        if let Err(why) = written {
            tracing::error!("{shown}: {why}; nothing more is traced");
            return;
        }
        if pcap.written() >= most {
            tracing::warn!("{shown} is full, {most} bytes: nothing more is traced");
            break;
        }
    }
    if let Err(why) = pcap.flush() {
        tracing::error!("{shown}: {why}");
    }
}

fn put(pcap: &mut Pcap<BufWriter<File>>, at: Utc, ends: &Ends, what: &What) -> io::Result<()> {
    let &Ends::Tcp { local, peer } = ends else {
        return match (ends, what) {
            (Ends::Serial { port, set }, What::Bytes(packet, bytes)) => pcap.serial(at, port, set, packet.sent, bytes),
            // A port is there or not; nothing goes over it for that.
            _ => Ok(()),
        };
    };
    match what {
        What::Opened => {
            let packet = |sent, flags| Packet { sent, flags, before: 0, heard: 0 };
            pcap.packets(at, local, peer, packet(true, SYN), &[])?;
            pcap.packets(at, local, peer, packet(false, SYN | ACK), &[])?;
            pcap.packets(at, local, peer, packet(true, ACK), &[])
        }
        What::Bytes(packet, bytes) => pcap.packets(at, local, peer, *packet, bytes),
        What::Closed(packet) => pcap.packets(at, local, peer, *packet, &[]),
    }
}

/// One connection's part in it.
#[derive(Debug)]
pub struct TracedStream {
    trace: Trace,
    ends: Ends,
    sent: u32,
    received: u32,
    /// What is sent may be a sign-in at a broker, until something was received.
    signing_in: bool,
    /// What came over a serial line and is not known to be whole: it has no numbers by which a reader could put it together.
    /// Empty elsewhere.
    coming: Vec<u8>,
    at: Utc,
}

impl TracedStream {
    /// A connection is open. `signs_in`: the first that is sent to it may hold a password (MQTT).
    pub fn opened(trace: Trace, at: Utc, ends: Ends, signs_in: bool) -> Self {
        trace.record(Record::Of(at, ends.clone(), What::Opened));
        Self { trace, ends, sent: 0, received: 0, signing_in: signs_in, coming: Vec::new(), at }
    }

    /// Bytes went one way.
    pub fn bytes(&mut self, at: Utc, direction: Direction, bytes: &[u8]) {
        if matches!(self.ends, Ends::Serial { .. }) && direction == Direction::Received {
            self.at = at;
            self.coming.extend_from_slice(bytes);
            if self.coming.len() >= SEGMENT {
                self.turned();
            }
            return;
        }
        self.turned();
        self.at = at;
        self.went(direction, bytes.to_vec());
    }

    /// What came is whole, or nothing more will come of it. A late frame bears the time of its last byte.
    pub fn turned(&mut self) {
        if !self.coming.is_empty() {
            let whole = std::mem::take(&mut self.coming);
            self.went(Direction::Received, whole);
        }
    }

    fn went(&mut self, direction: Direction, mut bytes: Vec<u8>) {
        let sent = direction == Direction::Sent;
        if self.signing_in && sent {
            secret::mask(&mut bytes, self.sent == 0);
        }
        self.signing_in &= sent;
        let (before, heard) = if sent { (self.sent, self.received) } else { (self.received, self.sent) };
        let went = if sent { &mut self.sent } else { &mut self.received };
        *went = went.wrapping_add(bytes.len() as u32);
        let packet = Packet { sent, flags: ACK | PUSH, before, heard };
        self.trace.record(Record::Of(self.at, self.ends.clone(), What::Bytes(packet, bytes)));
    }
}

/// The connection is gone, whoever closed it.
impl Drop for TracedStream {
    fn drop(&mut self) {
        self.turned();
        let packet = Packet { sent: true, flags: FIN | ACK, before: self.sent, heard: self.received };
        self.trace.record(Record::Of(self.at, self.ends.clone(), What::Closed(packet)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends() -> Ends {
        Ends::Tcp { local: "127.0.0.1:40000".parse().unwrap(), peer: "127.0.0.1:502".parse().unwrap() }
    }

    #[test]
    fn a_file_ends_when_it_is_full_and_the_drivers_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("full.pcap");
        let (trace, file) = Trace::with_limit(&path, 10_000).unwrap();
        let mut stream = TracedStream::opened(trace.clone(), Utc(0), ends(), false);
        for i in 0..20_000 {
            stream.bytes(Utc(i), Direction::Sent, &[0; 100]);
        }
        drop((trace, stream));
        assert!(file.finish() > 0, "what did not fit is counted");
        let size = std::fs::metadata(&path).unwrap().len();
        assert!((10_000..10_200).contains(&size), "{size}");
    }

    #[test]
    fn what_comes_over_a_serial_line_in_pieces_is_one_frame() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("serial.pcap");
        let (trace, file) = Trace::create(&path).unwrap();
        let ends = Ends::Serial { port: "/dev/ttyUSB0".into(), set: "9600 8E1".into() };
        let mut stream = TracedStream::opened(trace.clone(), Utc(0), ends, false);
        for round in 0..2 {
            stream.bytes(Utc(1), Direction::Sent, b"ask");
            stream.bytes(Utc(2), Direction::Received, b"ans");
            stream.bytes(Utc(3), Direction::Received, b"wer");
            if round == 0 {
                // Of the second one nobody says that it is whole.
                stream.turned();
            }
        }
        drop((trace, stream));
        assert_eq!(file.finish(), 0);
        let bytes = std::fs::read(&path).unwrap();
        let count = |part: &[u8]| bytes.windows(part.len()).filter(|w| *w == part).count();
        assert_eq!((count(b"ask"), count(b"answer")), (2, 2));
    }

    #[test]
    fn a_password_is_not_in_it_and_what_follows_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mqtt.pcap");
        let (trace, file) = Trace::create(&path).unwrap();
        let mut stream = TracedStream::opened(trace.clone(), Utc(0), ends(), true);
        let connect = b"\x10\x1e\x00\x04MQTT\x04\xc2\x00\x0a\x00\x02id\x00\x04user\x00\x06hidden";
        stream.bytes(Utc(1), Direction::Sent, connect);
        stream.bytes(Utc(2), Direction::Sent, b"more hidden");
        stream.bytes(Utc(3), Direction::Received, b"\x20\x02\x00\x00");
        stream.bytes(Utc(4), Direction::Sent, b"topic");
        drop((trace, stream));
        assert_eq!(file.finish(), 0);
        let bytes = std::fs::read(&path).unwrap();
        let has = |part: &[u8]| bytes.windows(part.len()).any(|w| w == part);
        assert!(has(b"MQTT") && has(b"user") && has(b"topic"));
        assert!(!has(b"hidden"));
    }
}
