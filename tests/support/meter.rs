//! A three-phase meter on a free port of loopback, as its manual has it: unit 1, floats in input registers, a name.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::Builder;

/// What it measures: its first register, and the value.
const VALUES: [(u16, f32); 13] = [
    (0, 231.4),
    (2, 230.9),
    (4, 232.0),
    (6, 4.1),
    (8, 3.9),
    (10, 4.4),
    (12, 948.7),
    (14, 900.5),
    (16, 1_020.8),
    (52, 2_870.0),
    (70, 50.02),
    (72, 1_234.5),
    (74, 0.0),
];

/// The last register that it has.
const LAST: usize = 80;

/// See the module. It answers until it is dropped.
pub struct Meter {
    pub address: SocketAddr,
    gone: Arc<AtomicBool>,
    requests: Arc<AtomicU64>,
}

impl Meter {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (gone, requests) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (ends, counts) = (Arc::clone(&gone), Arc::clone(&requests));
        let answer = move || {
            for stream in listener.incoming().flatten() {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let counts = Arc::clone(&counts);
                // Its end is that of the connection.
                let serve = move || drop(serve(stream, &counts));
                drop(Builder::new().name("meter-line".to_owned()).spawn(serve).unwrap());
            }
        };
        drop(Builder::new().name("meter".to_owned()).spawn(answer).unwrap());
        Self { address, gone, requests }
    }

    /// Requests answered so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
    }
}

fn registers() -> [u16; LAST + 1] {
    let mut registers = [0; LAST + 1];
    for (at, value) in VALUES {
        let [a, b, c, d] = value.to_be_bytes();
        registers[usize::from(at)] = u16::from_be_bytes([a, b]);
        registers[usize::from(at) + 1] = u16::from_be_bytes([c, d]);
    }
    registers
}

fn serve(mut stream: TcpStream, requests: &AtomicU64) -> std::io::Result<()> {
    let registers = registers();
    loop {
        let mut head = [0; 7];
        stream.read_exact(&mut head)?;
        let mut body = vec![0; usize::from(u16::from_be_bytes([head[4], head[5]])) - 1];
        stream.read_exact(&mut body)?;
        if head[6] != 1 {
            // Nobody is there.
            continue;
        }
        requests.fetch_add(1, Ordering::Relaxed);
        let answer = match body[0] {
            4 => {
                let at = usize::from(u16::from_be_bytes([body[1], body[2]]));
                let count = usize::from(u16::from_be_bytes([body[3], body[4]]));
                match registers.get(at..at + count) {
                    Some(words) => {
                        [vec![4, 2 * count as u8], words.iter().flat_map(|w| w.to_be_bytes()).collect()].concat()
                    }
                    None => vec![0x84, 2],
                }
            }
            0x2B => {
                let mut answer = vec![0x2B, 0x0E, 1, 1, 0, 0, 3];
                for (id, words) in [(0, "Eastron"), (1, "SDM630"), (2, "1.24")] {
                    answer.extend([id, words.len() as u8]);
                    answer.extend(words.as_bytes());
                }
                answer
            }
            function => vec![function | 0x80, 1],
        };
        let length = (answer.len() as u16 + 1).to_be_bytes();
        stream.write_all(&[&head[..4], &length, &head[6..], &answer].concat())?;
    }
}
