//! What one MQTT message costs up to its Report: 1,000 topics, JSON, one JSONPath each, against a bare subscriber of the
//! same client crate in the same run.
//!
//! `cargo bench --bench mqtt`. Both subscribers run alone on a thread of their own against the same feeder, which stands
//! in for a broker and sends ready-made packets. What is measured is the processor time of the subscriber's thread (wall
//! time where the system does not tell that), so that the feeder does not count. At the end stands the ratio, from
//! rounds that take turns, and a paced run that counts what is lost.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may panic, and prints its result")]

#[path = "parts/feeder.rs"]
mod feeder;

use criterion::{Criterion, Throughput};
use feeder::{Feeder, Order, TOPICS, name};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS, SubscribeFilter};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::time::Instant;
use watchkeeper::drivers::monitor::Monitor;
use watchkeeper::drivers::mqtt::topics::Topics;
use watchkeeper::drivers::mqtt::{self, Connection};
use watchkeeper::drivers::{Field, INPUT_QUEUE};
use watchkeeper::engine::{DeviceId, Generation, Input, Quality, TagId, Value};
use watchkeeper::project::{DataType, Missing, MqttSettings, MqttVersion, Project, Retained, TopicSource};
use watchkeeper::time::{Clock, Mono, Now, Span, Utc};

/// Messages a second of the paced run, and how long it lasts.
const RATE: usize = 20_000;
const PACED_FOR: Duration = Duration::from_secs(5);

/// Processor time of this thread so far; wall time where the system does not tell. Linux counts it in steps of its timer,
/// up to 12 ms: what is measured has to be long beside those.
fn thread_time() -> Duration {
    thread_local!(static BEGIN: Instant = Instant::now());
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.as_deref().and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| BEGIN.with(Instant::elapsed), Duration::from_nanos)
}

trait Subscriber {
    fn new() -> Self;
    fn feeder(&self) -> &Feeder;
    /// Takes this many messages; `false`: nothing came for two seconds.
    fn take(&mut self, count: usize) -> bool;

    /// The cost of so many messages sent as fast as they are taken.
    fn cost(&mut self, count: usize) -> Duration {
        let before = thread_time();
        self.feeder().orders.send(Order::Send(count)).unwrap();
        assert!(self.take(count), "messages were lost");
        thread_time().saturating_sub(before)
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// What anybody writes first: subscribe, poll, count.
struct Bare {
    feeder: Feeder,
    runtime: Runtime,
    events: EventLoop,
    _client: AsyncClient,
}

impl Subscriber for Bare {
    fn new() -> Self {
        let feeder = Feeder::start(1);
        let mut options = MqttOptions::new("bare", rumqttc::Broker::tcp("127.0.0.1", feeder.port));
        options.set_keep_alive(600).set_max_packet_size(1 << 20, 1 << 20).set_read_batch_size(128);
        let (client, mut events) = AsyncClient::builder(options).capacity(TOPICS).build();
        let runtime = runtime();
        runtime.block_on(async {
            let mut answers = 0;
            while answers < TOPICS {
                match events.poll().await.unwrap() {
                    Event::Incoming(Packet::ConnAck(_)) => {
                        for topic in 0..TOPICS {
                            client.try_subscribe_many([SubscribeFilter::new(name(topic), QoS::AtMostOnce)]).unwrap();
                        }
                    }
                    Event::Incoming(Packet::SubAck(_)) => answers += 1,
                    _ => {}
                }
            }
        });
        Self { feeder, runtime, events, _client: client }
    }

    fn feeder(&self) -> &Feeder {
        &self.feeder
    }

    fn take(&mut self, count: usize) -> bool {
        let Self { runtime, events, .. } = self;
        let (mut taken, mut bytes) = (0, 0);
        runtime.block_on(async {
            while taken < count {
                let Ok(event) = tokio::time::timeout(Duration::from_secs(2), events.poll()).await else { break };
                if let Event::Incoming(Packet::Publish(message)) = event.unwrap() {
                    taken += 1;
                    bytes += message.payload.len();
                }
                // As many as are there already, without a timer each.
                while let Some(event) = events.state.events.pop_front() {
                    if let Event::Incoming(Packet::Publish(message)) = event {
                        taken += 1;
                        bytes += message.payload.len();
                    }
                }
            }
        });
        std::hint::black_box(bytes);
        taken >= count
    }
}

/// The driver, up to the Report in the plant's queue; `FIVE`: with MQTT 5.
struct Ours<const FIVE: bool> {
    feeder: Feeder,
    runtime: Runtime,
    inputs: tokio::sync::mpsc::Receiver<Input>,
}

impl<const FIVE: bool> Subscriber for Ours<FIVE> {
    fn new() -> Self {
        let feeder = Feeder::start(1);
        let mut topics = Topics::default();
        for topic in 0..TOPICS {
            let source = TopicSource {
                device: "site".to_owned(),
                topic: name(topic),
                qos: 0,
                path: Some("$.temperature".to_owned()),
                missing: Missing::Bad,
                retained: Retained::Uncertain,
                availability: None,
                time: None,
            };
            topics.add(TagId(topic as u32), DataType::F64, &source);
        }
        let settings = MqttSettings {
            host: "127.0.0.1".to_owned(),
            port: feeder.port,
            tls: None,
            version: if FIVE { MqttVersion::V5 } else { MqttVersion::V3 },
            websocket: None,
            client_id: None,
            user: None,
            password_secret: None,
            keep_alive: Span::from_secs(600),
            max_packet_bytes: 1 << 20,
            status_topic: None,
        };
        let connection = Connection::new(DeviceId(0), "site".into(), settings, topics, &Project::default());
        let begin = Instant::now();
        let clock = Clock::new(move || Now {
            mono: Mono(begin.elapsed().as_micros() as i64),
            utc: Utc(jiff::Timestamp::now().as_microsecond()),
        });
        let (sender, inputs) = tokio::sync::mpsc::channel(INPUT_QUEUE);
        let runtime = runtime();
        runtime.spawn(mqtt::run(
            connection,
            Field { inputs: sender, clock, generation: Generation(1), monitor: Monitor::default() },
        ));
        Self { feeder, runtime, inputs }
    }

    fn feeder(&self) -> &Feeder {
        &self.feeder
    }

    fn take(&mut self, count: usize) -> bool {
        let Self { runtime, inputs, .. } = self;
        let (mut taken, mut sum) = (0, 0.0);
        runtime.block_on(async {
            while taken < count {
                let Ok(input) = tokio::time::timeout(Duration::from_secs(2), inputs.recv()).await else { break };
                let Some(Input::Report(report)) = input else { continue };
                for sample in report.samples {
                    assert_eq!(sample.quality, Quality::GOOD);
                    taken += 1;
                    sum += sample.value.as_ref().and_then(Value::as_f64).unwrap();
                }
            }
        });
        std::hint::black_box(sum);
        taken >= count
    }
}

fn compare(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mqtt message");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(2));
    group.warm_up_time(Duration::from_millis(500));
    let (mut bare, mut ours) = (Bare::new(), Ours::<false>::new());
    group.bench_function("bare subscriber", |b| b.iter_custom(|count| bare.cost(count as usize)));
    group.bench_function("watchkeeper", |b| b.iter_custom(|count| ours.cost(count as usize)));
    group.finish();
}

/// The ratio, from rounds that take turns: the median of each.
fn ratio() {
    const ROUNDS: usize = 9;
    const MESSAGES: usize = 1_000_000;
    let (mut bare, mut ours, mut five) = (Bare::new(), Ours::<false>::new(), Ours::<true>::new());
    let mut costs = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        costs[0].push(bare.cost(MESSAGES));
        costs[1].push(ours.cost(MESSAGES));
        costs[2].push(five.cost(MESSAGES));
    }
    let [bare, ours, five] = costs.map(|mut costs| {
        costs.sort();
        costs[ROUNDS / 2].as_nanos() as f64 / MESSAGES as f64
    });
    println!("at full speed: bare {bare:.0} ns, watchkeeper {ours:.0} ns a message: {:.2} times", ours / bare);
    println!("with MQTT 5: watchkeeper {five:.0} ns a message: {:.2} times the bare subscriber of 3.1.1", five / bare);
}

/// What is lost at a steady rate, and what it costs.
fn paced<S: Subscriber>(who: &str) {
    let mut subscriber = S::new();
    subscriber.cost(TOPICS);
    let count = RATE * PACED_FOR.as_secs() as usize;
    let before = thread_time();
    subscriber.feeder().orders.send(Order::Pace { count, a_second: RATE }).unwrap();
    let whole = subscriber.take(count);
    let cost = thread_time().saturating_sub(before);
    let percent = cost.as_secs_f64() / PACED_FOR.as_secs_f64() * 100.0;
    let lost = if whole { "nothing lost" } else { "MESSAGES LOST" };
    let late = subscriber.feeder().late.recv().unwrap();
    println!(
        "at {RATE} messages a second for {PACED_FOR:?}, at most {late:.1?} late: {who} {percent:.1} % of a core, {lost}"
    );
    assert!(whole);
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    compare(&mut criterion);
    criterion.final_summary();
    ratio();
    paced::<Bare>("bare");
    paced::<Ours<false>>("watchkeeper");
    paced::<Ours<true>>("watchkeeper with MQTT 5");
}
