//! One fault after another at random, over TCP and in the frames of a serial line, as long as one likes: no good value is ever
//! another than the address of its register, and all are back when it ends.

#![expect(clippy::print_stdout, reason = "a test prints its seed and what it saw")]

use super::fault::Fault;
use super::hostile::Hostile;
use super::line::Line;
use super::plant::Plant;
use super::registers::{device, is_its_address, line_device, tags};
use std::time::Duration;
use tokio::time::Instant;

const NAMES: &str = "h0 h1 h50 h51 h52 h300 i7 i8 i300 c3 c4 c64 c65 c66 d8 d9";

/// What the server over TCP does for a while; mixtures most often.
const FAULTS: [Fault; 20] = [
    Fault::None,
    Fault::Mixed,
    Fault::Mixed,
    Fault::Mixed,
    Fault::Mixed,
    Fault::Mixed,
    Fault::Mixed,
    Fault::Mixed,
    Fault::LateNowAndThen(150),
    Fault::Late(110),
    Fault::Slow(2),
    Fault::Coalesced,
    Fault::Flood,
    Fault::HalfAndClose,
    Fault::CloseAfter,
    Fault::CloseInstead,
    Fault::CorruptsNext(300),
    Fault::Tires(3),
    Fault::Refusing,
    Fault::Silent,
];

/// What was seen.
pub struct Seen {
    pub good: u64,
    pub errors: u64,
    pub reconnects: u64,
}

/// Runs it for so long. The seed gives the same faults again; what the machine's own time adds it does not.
pub async fn run(long: Duration, seed: u64) -> Seen {
    println!("mixed faults for {long:?}, seed {seed} (WATCHKEEPER_TEST_SEED)");
    let mut random = fastrand::Rng::with_seed(seed);
    let server = Hostile::start(Fault::None).await;
    let line = Line::start(Fault::None).await;
    server.seed(random.u64(..));
    line.seed(random.u64(..));
    let mut project = String::new();
    let mut names = Vec::new();
    // Two units each, so that the next request is often another unit's.
    for unit in 1..=2 {
        let settings = format!("unit-id = {unit}\nretries = {unit}");
        for (name, text) in [
            (format!("t{unit}"), device(&format!("t{unit}"), server.addr, &settings)),
            (format!("l{unit}"), line_device(&format!("l{unit}"), line.addr, &settings)),
        ] {
            project.push_str(&text);
            project.push_str(&tags(&name, NAMES));
            names.extend(NAMES.split(' ').map(|tag| format!("{name}.{tag}")));
        }
    }
    let mut plant = Plant::start(&project, is_its_address);
    let all = |p: &Plant, than: &[u32]| names.iter().zip(than).all(|(name, than)| p.good(name) > *than);
    plant.until("good values", |p| all(p, &vec![0; names.len()])).await;
    let end = Instant::now() + long;
    while Instant::now() < end {
        server.set(FAULTS[random.usize(..FAULTS.len())]);
        line.set(if random.u8(..5) == 0 { Fault::Silent } else { Fault::Mixed });
        plant.watch(random.u64(20..600)).await;
    }
    server.set(Fault::None);
    line.set(Fault::None);
    let before: Vec<u32> = names.iter().map(|name| plant.good(name)).collect();
    // What a line owes may have to be waited for.
    plant.until_within(Duration::from_secs(20), "all values again", |p| all(p, &before)).await;
    let sum = |of: fn(&watchkeeper::engine::DeviceStatus) -> u64| plant.status.iter().map(of).sum();
    let seen = Seen {
        good: plant.good.values().map(|count| u64::from(*count)).sum(),
        errors: sum(watchkeeper::engine::DeviceStatus::errors),
        reconnects: sum(|status| status.reconnects),
    };
    plant.stop().await;
    println!(
        "{} good values, each its register's; {} errors, {} reconnections, all values back",
        seen.good, seen.errors, seen.reconnects
    );
    seen
}

/// That of the environment, or any.
pub fn seed() -> u64 {
    std::env::var("WATCHKEEPER_TEST_SEED").map_or_else(|_| fastrand::u64(..1_000_000), |text| text.parse().unwrap())
}
