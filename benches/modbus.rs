//! Reads of 125 registers over loopback: checked, decoded and reported, against the bare loop of the same client library.
//!
//! The last lines give the ratio of their rates, measured in turns so that a busy machine slows both alike.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may panic and prints its result")]

#[path = "../tests/modbus/good.rs"]
mod good;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_modbus::client::{Context, Reader as _, tcp};
use tokio_modbus::slave::Slave;
use watchkeeper::drivers::modbus::blocks::{Block, Spot};
use watchkeeper::drivers::modbus::reply::Tolerance;
use watchkeeper::drivers::modbus::value::cell;
use watchkeeper::drivers::modbus::wire::{self, Outcome, Wire};
use watchkeeper::drivers::monitor::Monitor;
use watchkeeper::drivers::{Field, INPUT_QUEUE};
use watchkeeper::engine::{Generation, Input, Report, TagId};
use watchkeeper::project::{Area, DataType, Order, RegisterSource, Transport};
use watchkeeper::time::{Clock, Mono, Now, Span, Utc};

const REGISTERS: u16 = 125;

/// The server has a thread of its own, as a device has a processor of its own.
fn server() -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    let serve = move || {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            good::serve(listener).await;
        });
    };
    std::thread::Builder::new().name("server".into()).spawn(serve).unwrap();
    told.recv().unwrap()
}

/// The library alone.
struct Bare(Context);

impl Bare {
    async fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(tcp::attach_slave(stream, Slave(1)))
    }

    async fn read(&mut self, times: u64) -> Duration {
        let start = Instant::now();
        for _ in 0..times {
            assert_eq!(
                self.0.read_holding_registers(0, REGISTERS).await.unwrap().unwrap().len(),
                usize::from(REGISTERS)
            );
        }
        start.elapsed()
    }
}

/// As the driver reads: under a deadline, every byte looked at, one sample for each register, on the engine's queue.
struct Checked {
    wire: Wire,
    block: Block,
    field: Field,
    inputs: mpsc::Receiver<Input>,
}

impl Checked {
    async fn connect(addr: SocketAddr) -> Self {
        let start = Instant::now();
        let clock = Clock::new(move || {
            let micros = start.elapsed().as_micros() as i64;
            Now { mono: Mono(micros), utc: Utc(micros) }
        });
        let source = RegisterSource {
            device: String::new(),
            area: Area::Holding,
            address: 0,
            order: Order::Abcd,
            bit: None,
            byte: None,
            length: 0,
            poll: None,
        };
        let cell = cell(&source, DataType::U16);
        let spots =
            (0..REGISTERS).map(|offset| Spot { tag: TagId(u32::from(offset)), offset, width: 1, cell }).collect();
        let (sender, inputs) = mpsc::channel(INPUT_QUEUE);
        let tap = wire::tap(clock.clone());
        let transport = Transport::Tcp { host: addr.ip().to_string(), port: addr.port() };
        Self {
            wire: Wire::open(&transport, Span::from_secs(1), tap, None).await.unwrap(),
            block: Block { area: Area::Holding, start: 0, count: REGISTERS, spots },
            field: Field { inputs: sender, clock, generation: Generation(1), monitor: Monitor::default() },
            inputs,
        }
    }

    async fn read(&mut self, times: u64) -> Duration {
        let start = Instant::now();
        for _ in 0..times {
            let outcome = self.wire.ask(1, &self.block, Span::from_secs(1), Tolerance::default()).await;
            let Ok(Outcome::Samples(samples)) = outcome else { panic!("{outcome:?}") };
            let report = Report { generation: self.field.generation, received: self.field.clock.now(), samples };
            assert!(self.field.report(report).await);
            let Ok(Input::Report(report)) = self.inputs.try_recv() else { panic!("a report was sent") };
            assert_eq!(report.samples.len(), usize::from(REGISTERS));
        }
        start.elapsed()
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn reads(criterion: &mut Criterion) {
    let addr = server();
    let runtime = runtime();
    let mut bare = runtime.block_on(Bare::connect(addr));
    let mut checked = runtime.block_on(Checked::connect(addr));
    let mut group = criterion.benchmark_group("125 registers");
    group.throughput(Throughput::Elements(1)).sample_size(20).measurement_time(Duration::from_secs(3));
    group.bench_function("bare", |b| b.iter_custom(|times| runtime.block_on(bare.read(times))));
    group.bench_function("checked", |b| b.iter_custom(|times| runtime.block_on(checked.read(times))));
    group.finish();

    const ROUNDS: usize = 41;
    const TIMES: u64 = 500;
    let mut ratios: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let alone = runtime.block_on(bare.read(TIMES)).as_secs_f64();
            alone / runtime.block_on(checked.read(TIMES)).as_secs_f64()
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!("rate of checked to bare reads, median of {ROUNDS} turns of {TIMES}: {:.2}", ratios[ROUNDS / 2]);
}

criterion_group!(benches, reads);
criterion_main!(benches);
