//! A fleet: `run` on 200 devices over loopback, each on a connection of its own, 50,000 registers in all read every second; then
//! what outages cost it, and how soon it is back.
//!
//! `cargo bench --bench fleet` (Linux: it reads /proc, and gives each device an address of its own; three minutes). To reach: under a
//! tenth of a core and every read made; a device misses at most one poll for an outage of 100 ms (2 s between two reads); each is
//! read again within one poll plus one second, so 2 s, after a longer one.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

#[path = "../tests/support/mod.rs"]
#[expect(clippy::unwrap_used, reason = "made for tests, which may panic; so may a measurement")]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::{Running, watchkeeper};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

const DEVICES: u8 = 200;
const REGISTERS: u16 = 250;
/// Of 125 registers each.
const READS_A_POLL: u64 = 2;
const POLL: Duration = Duration::from_secs(1);
/// Ticks a second in /proc/PID/stat; the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;
const SETTLED: Duration = Duration::from_secs(5);
const WATCHED: Duration = Duration::from_secs(20);
/// Where all change: so many samples are sealed every twenty seconds.
const WATCHED_ALL: Duration = Duration::from_secs(75);

/// How the devices can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Up,
    /// Connections are closed, and new ones refused.
    Refused,
    /// Connections stand, and nothing is answered.
    Silent,
}

/// All devices: one port on 200 addresses of this computer.
struct Fleet {
    port: u16,
    shared: Arc<Shared>,
    _runtime: Runtime,
}

struct Shared {
    link: watch::Sender<Link>,
    /// Grows from poll to poll.
    word: AtomicU16,
    /// A register changes when the word has grown so often.
    one_in: AtomicU16,
    reads: AtomicU64,
    /// By device, when its first block was answered.
    answered: Mutex<Vec<Vec<Instant>>>,
}

impl Fleet {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let listener = runtime.block_on(async { listen(SocketAddr::from(([0, 0, 0, 0], 0))) });
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            link: watch::Sender::new(Link::Up),
            word: AtomicU16::new(0),
            one_in: AtomicU16::new(1),
            reads: AtomicU64::new(0),
            answered: Mutex::new(vec![Vec::new(); usize::from(DEVICES)]),
        });
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Self { port, shared, _runtime: runtime }
    }

    fn set(&self, link: Link) {
        self.shared.link.send_replace(link);
    }

    fn answered(&self) -> Vec<Vec<Instant>> {
        self.shared.answered.lock().expect("no panic").clone()
    }

    /// Takes the link away for so long. Returns when that began and when it ended.
    fn outage(&self, link: Link, long: Duration) -> (Instant, Instant) {
        let began = Instant::now();
        self.set(link);
        std::thread::sleep(long);
        let ended = Instant::now();
        self.set(Link::Up);
        (began, ended)
    }
}

/// With room for all of them at once: a full queue would hold their first packets up for a second.
fn listen(address: SocketAddr) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("a socket that takes the port up again");
    socket.bind(address).expect("a free port");
    socket.listen(1_024).expect("a listener")
}

async fn accept(mut listener: TcpListener, shared: Arc<Shared>) {
    let address = listener.local_addr().expect("an address");
    let mut link = shared.link.subscribe();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                connections.spawn(serve(stream, Arc::clone(&shared)));
            }
            () = becomes(&mut link, |link| link == Link::Refused) => {
                drop(listener);
                connections.shutdown().await;
                becomes(&mut link, |link| link != Link::Refused).await;
                listener = listen(address);
            }
        }
    }
}

async fn becomes(link: &mut watch::Receiver<Link>, wanted: impl Fn(Link) -> bool) {
    // An error is the end of all.
    let _ended = link.wait_for(|link| wanted(*link)).await.map(drop);
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let (Ok(()), Ok(address)) = (stream.set_nodelay(true), stream.local_addr()) else { return };
    let IpAddr::V4(address) = address.ip() else { return };
    let device = usize::from(address.octets()[3] - 1);
    let mut request = [0; 12];
    while stream.read_exact(&mut request).await.is_ok() {
        if *shared.link.borrow() == Link::Silent {
            continue;
        }
        let [t1, t0, .., unit, function, s1, s0, c1, c0] = request;
        let (start, count) = (u16::from_be_bytes([s1, s0]), u16::from_be_bytes([c1, c0]));
        let (word, one_in) = (shared.word.load(Ordering::Relaxed), shared.one_in.load(Ordering::Relaxed));
        let [l1, l0] = (count * 2 + 3).to_be_bytes();
        let mut reply = vec![t1, t0, 0, 0, l1, l0, unit, function, count as u8 * 2];
        for register in start..start + count {
            // Each register changes in its turn.
            reply.extend((word.wrapping_add(register) / one_in).to_be_bytes());
        }
        shared.reads.fetch_add(1, Ordering::Relaxed);
        if start == 0 {
            shared.answered.lock().expect("no panic")[device].push(Instant::now());
        }
        if stream.write_all(&reply).await.is_err() {
            return;
        }
    }
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let fleet = Fleet::start();
    let plant = project(folder.path(), fleet.port);
    let mut command = watchkeeper(&["run", "--silent"]);
    let log = folder.path().join("log");
    command.arg(&plant).stdout(Stdio::null()).stderr(fs::File::create(&log).expect("a log"));
    let mut running = Running::start(command);
    let id = running.child().id();
    std::thread::sleep(SETTLED);
    for (one_in, watched, words) in
        [(10, WATCHED, "a tenth of them changing from poll to poll"), (1, WATCHED_ALL, "all changing")]
    {
        fleet.shared.one_in.store(one_in, Ordering::Relaxed);
        load(&fleet, id, watched, words);
    }
    fleet.shared.one_in.store(10, Ordering::Relaxed);
    for link in [Link::Refused, Link::Silent] {
        short_outages(&fleet, link);
    }
    for link in [Link::Refused, Link::Silent] {
        long_outages(&fleet, link);
    }
    let asked = Instant::now();
    let (code, ..) = running.terminate();
    let log = fs::read_to_string(log).unwrap_or_default();
    let last = log.lines().last().unwrap_or_default();
    println!("asked to stop it took {:.1} s, and ended with {code}: {last}", asked.elapsed().as_secs_f64());
}

fn load(fleet: &Fleet, id: u32, watched: Duration, words: &str) {
    let (before, asked, start) = (cpu_ticks(id), fleet.shared.reads.load(Ordering::Relaxed), Instant::now());
    let mut most = 0.0_f64;
    while start.elapsed() < watched {
        fleet.shared.word.fetch_add(1, Ordering::Relaxed);
        std::thread::sleep(POLL / 2);
        most = most.max(resident_megabytes(id));
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "run, {DEVICES} devices, {} registers at 1 s, {words}: {:.1} of {} asked reads a second, {:.2} % of one core, RSS {most:.1} MB (to reach: all, 10 %)",
        u32::from(DEVICES) * u32::from(REGISTERS),
        (fleet.shared.reads.load(Ordering::Relaxed) - asked) as f64 / seconds,
        u64::from(DEVICES) * READS_A_POLL,
        (cpu_ticks(id) - before) / TICKS / seconds * 100.0
    );
}

/// Ten of them, at any instant of the poll.
fn short_outages(fleet: &Fleet, link: Link) {
    let mut longest = Vec::new();
    for _ in 0..10 {
        let (began, ended) = fleet.outage(link, Duration::from_millis(100));
        std::thread::sleep(POLL * 3 + Duration::from_millis(fastrand::u64(0..1_000)));
        for times in fleet.answered() {
            let around = times.windows(2).filter(|pair| pair[1] > began && pair[0] < ended + POLL);
            longest.push(around.map(|pair| pair[1] - pair[0]).max().unwrap_or(POLL * 4));
        }
    }
    longest.sort();
    println!(
        "10 outages of 100 ms, {link:?}: the longest time between two reads of a device {:.2} s, median {:.2} s (to reach: 2 s, one poll missed)",
        longest[longest.len() - 1].as_secs_f64(),
        longest[longest.len() / 2].as_secs_f64()
    );
}

/// Three of them, of ten seconds and some.
fn long_outages(fleet: &Fleet, link: Link) {
    let mut back = Vec::new();
    for _ in 0..3 {
        let (_, ended) = fleet.outage(link, Duration::from_millis(fastrand::u64(10_000..11_000)));
        std::thread::sleep(POLL * 8);
        for times in fleet.answered() {
            let first = times.iter().find(|at| **at >= ended);
            back.push(first.map_or(POLL * 8, |at| *at - ended));
        }
    }
    back.sort();
    println!(
        "3 outages of 10 s, {link:?}: a device is read again after {:.2} s at most, median {:.2} s (to reach: 2 s, one poll plus one second)",
        back[back.len() - 1].as_secs_f64(),
        back[back.len() / 2].as_secs_f64()
    );
}

fn project(folder: &Path, port: u16) -> PathBuf {
    let mut text = "watchkeeper = 1\nname = \"Fleet\"\n".to_owned();
    for device in 1..=DEVICES {
        let address = Ipv4Addr::new(127, 0, 1, device);
        write!(
            text,
            "[[device]]\nname = \"d{device}\"\nprotocol = \"modbus-tcp\"\naddress = \"{address}:{port}\"\npoll = \"1s\"\n\
             [[tag]]\nname = \"d{device}.t{{n}}\"\ndevice = \"d{device}\"\nregister = \"holding:0\"\ntype = \"u16\"\n\
             repeat = {{ from = 1, to = {REGISTERS} }}\n"
        )
        .expect("writing to a string");
    }
    let path = folder.join("fleet.toml");
    fs::write(&path, text).expect("a project file");
    path
}

fn resident_megabytes(id: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("the program runs");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    resident.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}

/// User and system time.
fn cpu_ticks(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("the program runs");
    let after_name = stat.rsplit(')').next().expect("a name in brackets");
    after_name.split_whitespace().skip(11).take(2).map(|t| t.parse::<f64>().expect("a number")).sum()
}
