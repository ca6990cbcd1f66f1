//! A Modbus server that misbehaves by name. Each register holds its own address; each bit is set where its address
//! divides by three.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// What a server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// One register less than asked for, with lengths that fit.
    Short,
    /// One register more.
    Long,
    /// Lengths that tell of more data than the frame has.
    CountTooGreat,
    /// After this many milliseconds.
    Late(u64),
    /// Every other request this many milliseconds late.
    LateNowAndThen(u64),
    WrongTransaction,
    WrongUnit,
    WrongFunction,
    WrongProtocol,
    /// The length field says 65535.
    HugeLength,
    /// The length field says 0.
    NoLength,
    /// Bytes that mean nothing.
    Garbage,
    /// Half of the reply, and no more.
    Half,
    /// Half of the reply, then the end of the connection.
    HalfAndClose,
    /// 100 kB instead of a reply.
    Flood,
    /// One byte in each segment.
    ByteByByte,
    /// The reply twice, in one segment.
    Twice,
    /// An exception for every read that covers this address.
    Hole(u16, u8),
    /// No reply to a read that covers this address.
    Ignored(u16),
    /// An exception for every read.
    Exception(u8),
    /// Exception 6 this often, then answers.
    Busy(u32),
    /// One unit does not answer.
    SilentUnit(u8),
    /// The gateway says that one unit does not answer.
    GatewayUnit(u8),
    /// The end of the connection after each answer.
    CloseAfter,
    /// The end of the connection instead of an answer.
    CloseInstead,
    /// Nothing at all.
    Silent,
    /// Random bytes, sometimes behind a header that fits.
    Random,
}

/// One request as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub at: Instant,
    pub unit: u8,
    pub start: u16,
    pub count: u16,
}

#[derive(Debug)]
struct Shared {
    fault: Mutex<Fault>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicU32,
}

/// The server; it ends when dropped.
#[derive(Debug)]
pub struct Hostile {
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl Hostile {
    pub async fn start(fault: Fault) -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap(), fault).await
    }

    pub async fn start_at(addr: SocketAddr, fault: Fault) -> Self {
        let listener = TcpListener::bind(addr).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Shared { fault: Mutex::new(fault), seen: Mutex::new(Vec::new()), connections: AtomicU32::new(0) };
        let shared = Arc::new(shared);
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(listener, Arc::clone(&shared)));
        Self { addr, shared, tasks }
    }

    pub fn set(&self, fault: Fault) {
        *self.shared.fault.lock().unwrap() = fault;
    }

    /// Requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.seen.lock().unwrap().clear();
    }

    /// Connections so far.
    pub fn connections(&self) -> u32 {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Closes the port and all connections.
    pub async fn stop(mut self) -> SocketAddr {
        self.tasks.shutdown().await;
        self.addr
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        shared.connections.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // An error is the client's end of the connection.
            let _ended = serve(stream, &shared).await;
        });
    }
}

/// The PDU of a right answer.
pub fn answer(function: u8, start: u16, count: u16) -> Vec<u8> {
    let mut pdu = vec![function, 0];
    if function <= 2 {
        let mut bits = vec![0; usize::from(count).div_ceil(8)];
        for i in 0..count {
            bits[usize::from(i / 8)] |= u8::from(start.wrapping_add(i).is_multiple_of(3)) << (i % 8);
        }
        pdu.extend(bits);
    } else {
        (0..count).for_each(|i| pdu.extend(start.wrapping_add(i).to_be_bytes()));
    }
    pdu[1] = (pdu.len() - 2) as u8;
    pdu
}

fn frame(transaction: [u8; 2], unit: u8, pdu: &[u8]) -> Vec<u8> {
    let [h, l] = (pdu.len() as u16 + 1).to_be_bytes();
    [&[transaction[0], transaction[1], 0, 0, h, l, unit], pdu].concat()
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    loop {
        let mut request = [0; 12];
        stream.read_exact(&mut request).await?;
        let [t1, t0, .., unit, function, s1, s0, c1, c0] = request;
        let (transaction, start, count) = ([t1, t0], u16::from_be_bytes([s1, s0]), u16::from_be_bytes([c1, c0]));
        let number = {
            let mut seen = shared.seen.lock().unwrap();
            seen.push(Seen { at: Instant::now(), unit, start, count });
            seen.len()
        };
        let right = answer(function, start, count);
        let good = frame(transaction, unit, &right);
        let exception = |code| frame(transaction, unit, &[function | 0x80, code]);
        let covers = |address: u16| (start..start + count).contains(&address);
        let fault = *shared.fault.lock().unwrap();
        let other = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            bytes
        };
        let reply = match fault {
            Fault::Short => frame(transaction, unit, &answer(function, start, count - 1)),
            Fault::Long => frame(transaction, unit, &answer(function, start, count + 1)),
            Fault::CountTooGreat => other(8, right[1] + 2),
            Fault::Late(millis) => {
                sleep(Duration::from_millis(millis)).await;
                good
            }
            Fault::LateNowAndThen(millis) => {
                sleep(Duration::from_millis(if number % 2 == 0 { millis } else { 0 })).await;
                good
            }
            Fault::WrongTransaction => other(1, t0.wrapping_sub(1)),
            Fault::WrongUnit => other(6, unit.wrapping_add(1)),
            Fault::WrongFunction => other(7, function ^ 7),
            Fault::WrongProtocol => other(2, 1),
            Fault::HugeLength => [&good[..4], &[0xFF, 0xFF], &good[6..]].concat(),
            Fault::NoLength => [&good[..4], &[0, 0], &good[6..]].concat(),
            Fault::Garbage => b"HTTP/1.1 400 Bad Request\r\nServer: none of yours\r\n\r\n".to_vec(),
            Fault::Half | Fault::HalfAndClose => good[..good.len() / 2].to_vec(),
            Fault::Flood => vec![0x55; 100_000],
            Fault::Twice => [&good[..], &good[..]].concat(),
            Fault::Hole(address, code) => {
                if covers(address) {
                    exception(code)
                } else {
                    good
                }
            }
            Fault::Ignored(address) if covers(address) => continue,
            Fault::Exception(code) => exception(code),
            Fault::Busy(left) => {
                *shared.fault.lock().unwrap() = if left > 1 { Fault::Busy(left - 1) } else { Fault::None };
                exception(6)
            }
            Fault::SilentUnit(silent) if silent == unit => continue,
            Fault::GatewayUnit(silent) => {
                if silent == unit {
                    exception(11)
                } else {
                    good
                }
            }
            Fault::CloseInstead => return Ok(()),
            Fault::Silent => continue,
            // The silent ones, where this request is none of theirs.
            Fault::None | Fault::ByteByByte | Fault::CloseAfter | Fault::Ignored(_) | Fault::SilentUnit(_) => good,
            Fault::Random => {
                let tail: Vec<u8> = (0..fastrand::usize(0..40)).map(|_| fastrand::u8(..)).collect();
                let head = [&good[..8], &[], &good[..7], &good[..5]][fastrand::usize(0..4)];
                [head, &tail].concat()
            }
        };
        if fault == Fault::ByteByByte {
            for byte in reply {
                stream.write_all(&[byte]).await?;
                tokio::task::yield_now().await;
            }
        } else {
            stream.write_all(&reply).await?;
        }
        if matches!(fault, Fault::CloseAfter | Fault::HalfAndClose) {
            return Ok(());
        }
    }
}
