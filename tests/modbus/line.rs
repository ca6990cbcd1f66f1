//! A serial line behind a converter that misbehaves by name: frames of Modbus RTU over TCP, one line for all connections,
//! one answer after another in the order of the requests. What is late goes to whoever is connected then. Each register
//! holds its own address; each bit is set where its address divides by three.

#![allow(dead_code, reason = "shared by tests and a bench that use different parts of it")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use watchkeeper::drivers::modbus::rtu::check_sum;

/// What is wrong with the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Nothing,
    /// Every answer comes after this many milliseconds.
    Late(u64),
    /// Some come up to so much later, at random.
    LateNowAndThen(u64),
    /// Each answer twice, in one segment.
    Twice,
    /// Bytes that mean nothing before each answer, as a line gives them whose direction turns.
    GarbageBefore,
    GarbageAfter,
    /// The request is heard before its answer.
    Echo,
    /// A whole answer of another unit before the right one.
    AnotherBefore,
    ByteByByte,
    /// One bit is turned over.
    CheckSum,
    Unit,
    Function,
    Half,
    Silent,
    SilentUnit(u8),
    /// Exception 2 for every read of this register.
    Hole(u16),
    /// One of the above, each time another.
    Mixed,
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
    wrong: Mutex<Wrong>,
    seen: Mutex<Vec<Seen>>,
    connections: Mutex<u32>,
    listener: AsyncMutex<Option<OwnedWriteHalf>>,
    /// How long the line takes for each byte, both ways.
    byte: Duration,
}

/// The converter; it ends when dropped.
#[derive(Debug)]
pub struct Line {
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Line {
    pub async fn start(wrong: Wrong) -> Self {
        Self::start_at_speed(wrong, Duration::ZERO).await
    }

    /// With so much time for each byte.
    pub async fn start_at_speed(wrong: Wrong, byte: Duration) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = socket.local_addr().unwrap();
        let shared = Arc::new(Shared {
            wrong: Mutex::new(wrong),
            seen: Mutex::default(),
            connections: Mutex::default(),
            listener: AsyncMutex::default(),
            byte,
        });
        let (requests, on_line) = mpsc::channel(100);
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(on_line, Arc::clone(&shared)));
        tasks.spawn(accept(socket, requests, Arc::clone(&shared)));
        Self { addr, shared, _tasks: tasks }
    }

    pub fn set(&self, wrong: Wrong) {
        *self.shared.wrong.lock().unwrap() = wrong;
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub fn connections(&self) -> u32 {
        *self.shared.connections.lock().unwrap()
    }
}

async fn accept(socket: TcpListener, requests: mpsc::Sender<[u8; 8]>, shared: Arc<Shared>) {
    let mut readers = JoinSet::new();
    while let Ok((stream, _)) = socket.accept().await {
        stream.set_nodelay(true).unwrap();
        *shared.connections.lock().unwrap() += 1;
        let (mut read, write) = stream.into_split();
        *shared.listener.lock().await = Some(write);
        let requests = requests.clone();
        readers.spawn(async move {
            let mut request = [0; 8];
            while read.read_exact(&mut request).await.is_ok() && requests.send(request).await.is_ok() {}
        });
    }
}

async fn serve(mut requests: mpsc::Receiver<[u8; 8]>, shared: Arc<Shared>) {
    while let Some(request) = requests.recv().await {
        let [unit, _, s1, s0, c1, c0, sum @ ..] = request;
        assert_eq!(sum, check_sum(&request[..6]), "a request with a wrong check sum");
        let seen =
            Seen { at: Instant::now(), unit, start: u16::from_be_bytes([s1, s0]), count: u16::from_be_bytes([c1, c0]) };
        shared.seen.lock().unwrap().push(seen);
        let mut wrong = *shared.wrong.lock().unwrap();
        if wrong == Wrong::Mixed {
            wrong = MIXED[fastrand::usize(..MIXED.len())];
        }
        let reply = reply(request, wrong);
        let late = match wrong {
            Wrong::Late(millis) => millis,
            Wrong::LateNowAndThen(millis) if fastrand::bool() => fastrand::u64(..=millis),
            _ => 0,
        };
        sleep(Duration::from_millis(late) + shared.byte * (8 + reply.len()) as u32).await;
        let pieces: Vec<&[u8]> = if wrong == Wrong::ByteByByte { reply.chunks(1).collect() } else { vec![&reply] };
        for piece in pieces {
            if let Some(listener) = &mut *shared.listener.lock().await {
                // Nobody may be there any more, and what is said is lost.
                let _written = listener.write_all(piece).await;
            }
            tokio::task::yield_now().await;
        }
    }
}

const MIXED: [Wrong; 16] = [
    Wrong::Nothing,
    Wrong::Nothing,
    Wrong::Nothing,
    Wrong::LateNowAndThen(180),
    Wrong::LateNowAndThen(60),
    Wrong::Twice,
    Wrong::GarbageBefore,
    Wrong::GarbageAfter,
    Wrong::Echo,
    Wrong::AnotherBefore,
    Wrong::ByteByByte,
    Wrong::CheckSum,
    Wrong::Unit,
    Wrong::Function,
    Wrong::Half,
    Wrong::Silent,
];

fn framed(body: &[u8]) -> Vec<u8> {
    [body, &check_sum(body)].concat()
}

fn reply(request: [u8; 8], wrong: Wrong) -> Vec<u8> {
    let [unit, function, s1, s0, c1, c0, ..] = request;
    let (start, count) = (u16::from_be_bytes([s1, s0]), u16::from_be_bytes([c1, c0]));
    let answer = super::hostile::answer(function, start, count);
    let of = |unit: u8, answer: &[u8]| framed(&[&[unit], answer].concat());
    let right = of(unit, &answer);
    match wrong {
        Wrong::Twice => [&right[..], &right[..]].concat(),
        Wrong::GarbageBefore => [&[0, 0xFF, 0x7F, unit, 0x80][..fastrand::usize(1..6)], &right[..]].concat(),
        Wrong::GarbageAfter => [&right[..], &[0xFF, 0][..fastrand::usize(1..3)]].concat(),
        Wrong::Echo => [&request[..], &right[..]].concat(),
        Wrong::AnotherBefore => {
            [of(unit.wrapping_add(1), &super::hostile::answer(function, start + 1, count)), right].concat()
        }
        Wrong::CheckSum => {
            let mut bytes = right;
            let at = fastrand::usize(3..bytes.len());
            bytes[at] ^= 1 << fastrand::u8(..8);
            bytes
        }
        Wrong::Unit => of(unit.wrapping_add(1), &answer),
        Wrong::Function => of(unit, &super::hostile::answer(function ^ 7, start, count)),
        Wrong::Half => right[..right.len() / 2].to_vec(),
        Wrong::Silent => Vec::new(),
        Wrong::SilentUnit(silent) if silent == unit => Vec::new(),
        Wrong::Hole(hole) if (start..start + count).contains(&hole) => of(unit, &[function | 0x80, 2]),
        _ => right,
    }
}
