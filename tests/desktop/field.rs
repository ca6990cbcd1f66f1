//! A Modbus device that the story holds in its hand: registers that it sets, a plug that it pulls.

use std::future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_modbus::prelude::{ExceptionCode, Request, Response};
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::{Server, accept_tcp_connection};

type Registers = Arc<Mutex<Vec<u16>>>;

/// The device; it answers reads of holding registers.
pub struct Device {
    address: SocketAddr,
    registers: Registers,
    /// All its sockets live in here; dropping it is pulling the plug.
    running: Option<Runtime>,
}

#[derive(Clone)]
struct Answers(Registers);

impl Service for Answers {
    type Request = Request<'static>;
    type Response = Response;
    type Exception = ExceptionCode;
    type Future = future::Ready<Result<Response, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        let Request::ReadHoldingRegisters(first, count) = request else {
            return future::ready(Err(ExceptionCode::IllegalFunction));
        };
        let registers = self.0.lock().unwrap();
        let words = registers.get(usize::from(first)..usize::from(first) + usize::from(count));
        let answer = words.map(|words| Response::ReadHoldingRegisters(words.to_vec()));
        future::ready(answer.ok_or(ExceptionCode::IllegalDataAddress))
    }
}

impl Device {
    /// Plugs a device in at a free port of the loopback.
    pub fn new(registers: &[u16]) -> Self {
        let mut device = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            registers: Arc::new(Mutex::new(registers.to_vec())),
            running: None,
        };
        device.plug_in();
        device
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets one register.
    pub fn set(&self, register: usize, value: u16) {
        self.registers.lock().unwrap()[register] = value;
    }

    /// Starts to answer, at the same port as before.
    pub fn plug_in(&mut self) {
        let running = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = running.block_on(TcpListener::bind(self.address)).expect("the port of before is still free");
        self.address = listener.local_addr().unwrap();
        let answers = Answers(self.registers.clone());
        running.spawn(async move {
            let server = Server::new(listener);
            let connected = |stream, address| {
                let answers = answers.clone();
                async move { accept_tcp_connection(stream, address, |_| Ok(Some(answers.clone()))) }
            };
            server.serve(&connected, drop).await
        });
        self.running = Some(running);
    }

    /// Closes every connection and refuses new ones.
    pub fn pull_the_plug(&mut self) {
        if let Some(running) = self.running.take() {
            running.shutdown_timeout(std::time::Duration::from_secs(5));
        }
    }
}
