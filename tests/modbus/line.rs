//! A serial line behind a converter that misbehaves by name: frames of Modbus RTU over TCP, one line for all connections,
//! one answer after another in the order of the requests. What is late goes to whoever is connected then. See
//! [`super::fault`] for what may be wrong with it.

#![allow(dead_code, reason = "shared by tests and a bench that use different parts of it")]

use super::fault::{Fault, Memory, Request};
pub use super::hostile::Seen;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::sleep;

#[derive(Debug)]
struct Shared {
    memory: Mutex<Memory>,
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
    pub async fn start(fault: Fault) -> Self {
        Self::start_at_speed(fault, Duration::ZERO).await
    }

    /// With so much time for each byte.
    pub async fn start_at_speed(fault: Fault, byte: Duration) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = socket.local_addr().unwrap();
        let shared = Arc::new(Shared {
            memory: Mutex::new(Memory::new(fault)),
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

    pub fn set(&self, fault: Fault) {
        self.shared.memory.lock().unwrap().fault = fault;
    }

    /// Makes what is left to chance the same again.
    pub fn seed(&self, seed: u64) {
        self.shared.memory.lock().unwrap().random.seed(seed);
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
        let request = Request::rtu(request);
        shared.seen.lock().unwrap().push(Seen::now(&request));
        let said = shared.memory.lock().unwrap().said(&request);
        sleep(said.wait + shared.byte * (8 + said.bytes.len()) as u32).await;
        let pieces: Vec<&[u8]> = if said.apart.is_some() { said.bytes.chunks(1).collect() } else { vec![&said.bytes] };
        for piece in pieces {
            if let Some(listener) = &mut *shared.listener.lock().await {
                // Nobody may be there any more, and what is said is lost.
                let _written = listener.write_all(piece).await;
            }
            match said.apart {
                Some(apart) if !apart.is_zero() => sleep(apart).await,
                _ => tokio::task::yield_now().await,
            }
        }
    }
}
