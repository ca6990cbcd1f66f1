//! What tests of the running program share: a Modbus server of their own, and the program as a child process.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::future;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_modbus::server::tcp::{Server, accept_tcp_connection};
use tokio_modbus::{ExceptionCode, Request, Response};

/// An address of loopback where nobody listens yet, for a server that is started with it. Below the ports that systems give to
/// connections that go out: one of another test could take it before that server does.
pub fn free_address() -> SocketAddr {
    let somewhere = || SocketAddr::from(([127, 0, 0, 1], fastrand::u16(12_000..32_000)));
    std::iter::repeat_with(somewhere).find(|address| std::net::TcpListener::bind(address).is_ok()).unwrap()
}

/// Holding registers on a free port of loopback, served until the plug is pulled or it is dropped.
pub struct Modbus {
    pub address: SocketAddr,
    registers: Arc<Mutex<Vec<u16>>>,
    requests: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
    /// All its sockets live in here.
    running: Option<Runtime>,
}

struct Service(Arc<Mutex<Vec<u16>>>, Arc<AtomicU64>);

impl tokio_modbus::server::Service for Service {
    type Request = Request<'static>;
    type Response = Response;
    type Exception = ExceptionCode;
    type Future = future::Ready<Result<Response, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        self.1.fetch_add(1, Ordering::Relaxed);
        future::ready(match request {
            Request::ReadHoldingRegisters(address, count) => {
                let registers = self.0.lock().unwrap();
                let range = usize::from(address)..usize::from(address) + usize::from(count);
                registers
                    .get(range)
                    .map(|r| Response::ReadHoldingRegisters(r.to_vec()))
                    .ok_or(ExceptionCode::IllegalDataAddress)
            }
            _ => Err(ExceptionCode::IllegalFunction),
        })
    }
}

impl Modbus {
    pub fn start(count: usize) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let registers = Arc::new(Mutex::new(vec![0; count]));
        let mut device =
            Self { address, registers, requests: Arc::default(), connections: Arc::default(), running: None };
        device.plug_in();
        device
    }

    /// Answers again, at the same port as before.
    pub fn plug_in(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(self.address)).unwrap();
        self.address = listener.local_addr().unwrap();
        let served = (self.registers.clone(), self.requests.clone());
        let connections = self.connections.clone();
        runtime.spawn(async move {
            let server = Server::new(listener);
            let connected = |stream, from| {
                let (registers, requests) = served.clone();
                connections.fetch_add(1, Ordering::Relaxed);
                async move {
                    accept_tcp_connection(stream, from, move |_| Ok(Some(Service(registers.clone(), requests.clone()))))
                }
            };
            server.serve(&connected, |_error| {}).await
        });
        self.running = Some(runtime);
    }

    /// Closes every connection and refuses new ones.
    pub fn pull_the_plug(&mut self) {
        if let Some(runtime) = self.running.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }

    /// Requests answered so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Connections made so far.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    pub fn set(&self, address: usize, words: &[u16]) {
        self.registers.lock().unwrap()[address..address + words.len()].copy_from_slice(words);
    }
}

/// A level with a high alarm in register 0, an exact 64-bit counter in 1 to 4, a register the device does not have.
pub fn project(folder: &Path, modbus: SocketAddr) -> PathBuf {
    let text = format!(
        r#"watchkeeper = 1
name = "Test plant"

[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "{modbus}"
poll = "50ms"
timeout = "500ms"

[[tag]]
name = "tank1.level"
device = "plc1"
register = "holding:0"
type = "u16"
scale = 0.5
unit = "%"
range = [0.0, 100.0]

  [[tag.alarm]]
  kind = "high"
  limit = 95.0
  priority = "critical"
  response = "Close V-101"
  message = "Tank 1 is about to overflow"

[[tag]]
name = "meter.energy"
device = "plc1"
register = "holding:1"
type = "u64"
unit = "Wh"
"#
    );
    let path = folder.join("plant.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// The program, with no display; `WATCHKEEPER_PROGRAM` names another build of it to measure.
pub fn watchkeeper(arguments: &[&str]) -> Command {
    let program = std::env::var_os("WATCHKEEPER_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_watchkeeper").into());
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A player that plays nothing, so that no test is heard.
    command.env("WATCHKEEPER_PLAYER", if cfg!(windows) { "cmd /c rem" } else { "true" });
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "WATCHKEEPER_LOG"] {
        command.env_remove(name);
    }
    command
}

/// Runs it to its end: exit code, standard output, standard error.
pub fn ended(arguments: &[&str]) -> (i32, String, String) {
    told(watchkeeper(arguments).output().unwrap())
}

pub fn told(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A child that does not outlive its test.
pub struct Running(Option<Child>);

impl Running {
    pub fn start(mut command: Command) -> Self {
        Self(Some(command.spawn().unwrap()))
    }

    /// None.
    pub const fn none() -> Self {
        Self(None)
    }

    pub fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    /// As a service manager does.
    pub fn terminate(mut self) -> (i32, String, String) {
        let child = self.0.take().unwrap();
        let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        told(child.wait_with_output().unwrap())
    }

    /// As a power cut does.
    pub fn kill(mut self) -> ExitStatus {
        let mut child = self.0.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Asks until it holds; a test that waits in vain fails with what it waited for.
#[expect(clippy::disallowed_methods, reason = "the patience of a test with real processes")]
pub fn until<T>(what: &str, mut asked: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = asked() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A figure of the page that `run --metrics` serves: `tags{quality="bad"}`. `None`: it is not there.
pub fn metric(page: SocketAddr, figure: &str) -> Option<f64> {
    let mut socket = TcpStream::connect(page).ok()?;
    socket.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").ok()?;
    let mut text = String::new();
    socket.read_to_string(&mut text).ok()?;
    figure_of(&text, figure)
}

/// A figure of that page's text.
pub fn figure_of(page: &str, figure: &str) -> Option<f64> {
    let line = page.lines().find_map(|line| line.strip_prefix("watchkeeper_")?.strip_prefix(figure)?.strip_prefix(' '));
    line?.trim().parse().ok()
}
