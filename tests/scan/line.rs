//! A Modbus line of units with maps of their own, over TCP or in frames of a serial line over TCP, with manners to choose.
//! Each register holds its own address, but for those that are said to hold something else.
#![allow(dead_code, reason = "shared by tests that use different parts of it")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use watchkeeper::drivers::modbus::rtu::check_sum;
use watchkeeper::drivers::scan::bisect::Range;
use watchkeeper::project::Area;

/// A unit.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// Readable ranges of each table; one that is not here is answered with exception 1.
    pub tables: BTreeMap<u8, Vec<Range>>,
    /// Registers that do not hold their address.
    pub holds: BTreeMap<u16, u16>,
    /// What it says of itself: vendor, product, revision.
    pub identity: Option<[&'static str; 3]>,
    /// Most registers or bits in one read.
    pub most: Option<u16>,
}

/// How the line behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// Who is not there says nothing.
    #[default]
    Silent,
    /// A gateway says so.
    Gateway,
    /// Every third answer comes so many milliseconds late.
    Late(u64),
    /// The connection ends after each answer.
    Closes,
    /// Every answer comes from unit 99.
    Wrong,
}

#[derive(Debug, Default)]
struct Shared {
    devices: BTreeMap<u8, Device>,
    manner: Manner,
    rtu: bool,
    seen: Mutex<Seen>,
}

/// What came.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Functions.
    pub functions: Vec<u8>,
    pub connections: u32,
    pub open: u32,
    pub most_open: u32,
}

/// The line; it ends when dropped.
#[derive(Debug)]
pub struct Line {
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    _task: JoinSet<()>,
}

pub const fn function(area: Area) -> u8 {
    match area {
        Area::Coil => 1,
        Area::Discrete => 2,
        Area::Holding => 3,
        Area::Input => 4,
    }
}

impl Device {
    pub fn with(mut self, area: Area, ranges: &[Range]) -> Self {
        self.tables.insert(function(area), ranges.to_vec());
        self
    }

    fn answer(&self, pdu: &[u8]) -> Vec<u8> {
        match *pdu {
            [function @ 1..=4, s1, s0, c1, c0] => {
                let (start, count) = (u16::from_be_bytes([s1, s0]), u16::from_be_bytes([c1, c0]));
                let refused = |code| vec![function | 0x80, code];
                let Some(ranges) = self.tables.get(&function) else { return refused(1) };
                if self.most.is_some_and(|most| count > most) {
                    return refused(3);
                }
                let end = u32::from(start) + u32::from(count) - 1;
                if !ranges.iter().any(|(first, last)| *first <= start && end <= u32::from(*last)) {
                    return refused(2);
                }
                let word = |i: u16| self.holds.get(&(start + i)).copied().unwrap_or(start + i);
                let data: Vec<u8> = if function <= 2 {
                    vec![0x55; usize::from(count.div_ceil(8))]
                } else {
                    (0..count).flat_map(|i| word(i).to_be_bytes()).collect()
                };
                [&[function, data.len() as u8][..], &data].concat()
            }
            [0x2B, 0x0E, 1, object] => match self.identity {
                // Each in an answer of its own.
                Some(texts) => {
                    let text = texts[usize::from(object)].as_bytes();
                    let more = if object < 2 { [0xFF, object + 1] } else { [0, 0] };
                    [&[0x2B, 0x0E, 1, 1][..], &more, &[1, object, text.len() as u8], text].concat()
                }
                None => vec![0xAB, 1],
            },
            [function, ..] => vec![function | 0x80, 1],
            [] => vec![0x80, 1],
        }
    }
}

impl Line {
    pub async fn start(devices: impl IntoIterator<Item = (u8, Device)>, manner: Manner, rtu: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { devices: devices.into_iter().collect(), manner, rtu, ..Shared::default() });
        let mut task = JoinSet::new();
        let served = Arc::clone(&shared);
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&served);
                {
                    let mut seen = shared.seen.lock().unwrap();
                    seen.connections += 1;
                    seen.open += 1;
                    seen.most_open = seen.most_open.max(seen.open);
                }
                connections.spawn(async move {
                    // An error is the client's end of the connection.
                    let _ended = serve(stream, &shared).await;
                    shared.seen.lock().unwrap().open -= 1;
                });
            }
        });
        Self { addr, shared, _task: task }
    }

    pub fn seen(&self) -> Seen {
        self.shared.seen.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut number = 0_u32;
    loop {
        let (head, unit, pdu) = if shared.rtu {
            let mut start = [0; 2];
            stream.read_exact(&mut start).await?;
            let [unit, function] = start;
            // Four bytes of a read, three of an identification, and the check sum.
            let mut rest = vec![0; if function == 0x2B { 5 } else { 6 }];
            stream.read_exact(&mut rest).await?;
            rest.truncate(rest.len() - 2);
            (Vec::new(), unit, [&[function][..], &rest].concat())
        } else {
            let mut head = [0; 7];
            stream.read_exact(&mut head).await?;
            let mut pdu = vec![0; usize::from(u16::from_be_bytes([head[4], head[5]])) - 1];
            stream.read_exact(&mut pdu).await?;
            (head[..4].to_vec(), head[6], pdu)
        };
        number += 1;
        shared.seen.lock().unwrap().functions.push(pdu[0]);
        let answer = match (shared.devices.get(&unit), shared.manner) {
            (Some(device), _) => device.answer(&pdu),
            (None, Manner::Gateway) => vec![pdu[0] | 0x80, 11],
            (None, _) => continue,
        };
        if let (Manner::Late(millis), 0) = (shared.manner, number % 3) {
            sleep(Duration::from_millis(millis)).await;
        }
        let from = if shared.manner == Manner::Wrong { 99 } else { unit };
        let body = [&[from][..], &answer].concat();
        let frame = if shared.rtu {
            [&body[..], &check_sum(&body)].concat()
        } else {
            [&head[..], &(body.len() as u16).to_be_bytes(), &body].concat()
        };
        stream.write_all(&frame).await?;
        if shared.manner == Manner::Closes {
            return Ok(());
        }
    }
}
