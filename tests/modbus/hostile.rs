//! A Modbus server over TCP that misbehaves by name; see [`super::fault`].

#![allow(dead_code, reason = "shared by tests and benches that use different parts of it")]

use super::fault::{Fault, Memory, Request};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};

/// One request as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub at: Instant,
    pub unit: u8,
    pub start: u16,
    pub count: u16,
}

impl Seen {
    pub fn now(request: &Request) -> Self {
        let &Request { unit, start, count, .. } = request;
        Self { at: Instant::now(), unit, start, count }
    }
}

#[derive(Debug)]
struct Shared {
    memory: Mutex<Memory>,
    /// Whether connections can be made.
    open: watch::Sender<bool>,
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
        let shared = Arc::new(Shared {
            memory: Mutex::new(Memory::new(Fault::None)),
            open: watch::Sender::new(true),
            seen: Mutex::default(),
            connections: AtomicU32::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(listen(listener, Arc::clone(&shared)));
        let server = Self { addr, shared, tasks };
        server.set(fault);
        server
    }

    pub fn set(&self, fault: Fault) {
        self.shared.memory.lock().unwrap().fault = fault;
        self.shared.open.send_replace(fault != Fault::Refusing);
    }

    /// Makes what is left to chance the same again.
    pub fn seed(&self, seed: u64) {
        self.shared.memory.lock().unwrap().random.seed(seed);
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

async fn listen(mut listener: TcpListener, shared: Arc<Shared>) {
    let addr = listener.local_addr().unwrap();
    let mut open = shared.open.subscribe();
    let mut connections = JoinSet::new();
    let mut living: Vec<AbortHandle> = Vec::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closed(&mut open) => {
                drop(listener);
                connections.shutdown().await;
                if open.wait_for(|open| *open).await.is_err() {
                    return;
                }
                listener = TcpListener::bind(addr).await.unwrap();
                continue;
            }
        };
        let Ok((stream, _)) = accepted else { return };
        stream.set_nodelay(true).unwrap();
        shared.connections.fetch_add(1, Ordering::Relaxed);
        living.retain(|connection| !connection.is_finished());
        {
            let mut memory = shared.memory.lock().unwrap();
            memory.connected();
            if matches!(memory.fault, Fault::Evicts(most) if living.len() >= most) {
                living.remove(0).abort();
            }
        }
        let shared = Arc::clone(&shared);
        living.push(connections.spawn(async move {
            // An error is the client's end of the connection.
            let _ended = serve(stream, &shared).await;
        }));
    }
}

async fn closed(open: &mut watch::Receiver<bool>) {
    // An error is the server's own end, which takes this task with it.
    let _ended = open.wait_for(|open| !open).await.map(drop);
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let made = Instant::now();
    let mut answered = (0, made);
    loop {
        let mut request = [0; 12];
        let idle = match shared.memory.lock().unwrap().fault {
            Fault::CloseIdle(millis) => Duration::from_millis(millis),
            _ => Duration::from_hours(1),
        };
        match timeout(idle, stream.read_exact(&mut request)).await {
            Ok(read) => read?,
            Err(_elapsed) => return Ok(()),
        };
        let request = Request::tcp(request);
        shared.seen.lock().unwrap().push(Seen::now(&request));
        let (fault, said) = {
            let mut memory = shared.memory.lock().unwrap();
            (memory.fault, memory.said(&request))
        };
        let deaf = match fault {
            Fault::DeafAfterConnect(millis) => made.elapsed() < Duration::from_millis(millis),
            Fault::DeafAfterAnswer(millis) => answered.0 > 0 && answered.1.elapsed() < Duration::from_millis(millis),
            Fault::Tires(most) => answered.0 >= most,
            _ => false,
        };
        if deaf {
            continue;
        }
        sleep(said.wait).await;
        match said.apart {
            Some(apart) => {
                for byte in said.bytes {
                    stream.write_all(&[byte]).await?;
                    if apart.is_zero() { tokio::task::yield_now().await } else { sleep(apart).await }
                }
            }
            None => stream.write_all(&said.bytes).await?,
        }
        if said.closes {
            return Ok(());
        }
        answered = (answered.0 + 1, Instant::now());
    }
}
