//! One serial line with 32 units, one of them dead: what its silence costs the others.
//!
//! `cargo bench --bench line` (three minutes: bytes take the time that they take at 19,200 baud). To reach: the others keep their
//! cycle within 5 %, and the dead unit is asked at least every 30 s.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
#![expect(clippy::unwrap_used, reason = "made of parts for tests, which may panic; so may a measurement")]

#[path = "../tests/modbus/fault.rs"]
mod fault;
#[path = "../tests/modbus/hostile.rs"]
mod hostile;
#[path = "../tests/modbus/line.rs"]
mod line;
#[path = "../tests/modbus/plant.rs"]
mod plant;

use fault::Fault;
use line::Line;
use plant::Plant;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

const UNITS: u8 = 32;
const DEAD: u8 = 17;
/// Ten bits, at 19,200 of them a second.
const BYTE: Duration = Duration::from_micros(521);
/// The first probes follow one another soon; after this they are as slow as they get.
const SETTLED: Duration = Duration::from_mins(1);
const WATCHED: Duration = Duration::from_mins(2);

#[tokio::main]
async fn main() {
    let dead = Fault::SilentUnit(DEAD);
    let (slow, slow_dead, fast, fast_dead) =
        tokio::join!(cycles(Fault::None, "1s"), cycles(dead, "1s"), cycles(Fault::None, "10ms"), cycles(dead, "10ms"));
    for (words, all, one_dead) in
        [("asked every second", slow, slow_dead), ("asked as fast as the line goes", fast, fast_dead)]
    {
        println!(
            "{UNITS} units of 10 registers at 19200 8N1, {words}: the others' cycle {:.1} ms with all alive, {:.1} ms with one dead, {:+.2} % (to reach: 5 %); worst unit {:+.2} %, longest wait of one value {:.0} ms and {:.0} ms",
            all.mean,
            one_dead.mean,
            (one_dead.mean / all.mean - 1.0) * 100.0,
            one_dead.worst_against(&all),
            all.longest,
            one_dead.longest
        );
        println!(
            "  the dead unit was asked {} times in {} s, at most {:.1} s apart (to reach: 30 s)",
            one_dead.probes,
            WATCHED.as_secs(),
            one_dead.longest_between_probes
        );
    }
}

/// What was seen of a line once it had settled; times in milliseconds, but for the probes', in seconds.
struct Cycles {
    mean: f64,
    units: BTreeMap<u8, f64>,
    longest: f64,
    probes: usize,
    longest_between_probes: f64,
}

impl Cycles {
    fn worst_against(&self, other: &Self) -> f64 {
        self.units.iter().map(|(unit, cycle)| (cycle / other.units[unit] - 1.0) * 100.0).fold(f64::MIN, f64::max)
    }
}

async fn cycles(fault: Fault, poll: &str) -> Cycles {
    let line = Line::start_at_speed(fault, BYTE).await;
    let mut project = String::new();
    for unit in 1..=UNITS {
        write!(
            project,
            "[[device]]\nname = \"u{unit}\"\nprotocol = \"modbus-rtu-over-tcp\"\naddress = \"{}\"\nunit-id = {unit}\npoll = \"{poll}\"\n",
            line.addr
        )
        .unwrap();
        for register in 0..10 {
            write!(
                project,
                "[[tag]]\nname = \"u{unit}.h{register}\"\ndevice = \"u{unit}\"\nregister = \"holding:{register}\"\ntype = \"u16\"\n"
            )
            .unwrap();
        }
    }
    let came: Arc<Mutex<BTreeMap<u8, Vec<Instant>>>> = Arc::default();
    let seen = Arc::clone(&came);
    let mut plant = Plant::start(&project, move |tag, sample| {
        let unit = tag.name.strip_suffix(".h0").and_then(|u| u[1..].parse().ok());
        if let Some(unit) = unit.filter(|unit| *unit != DEAD && sample.quality.is_good()) {
            seen.lock().unwrap().entry(unit).or_default().push(Instant::now());
        }
    });
    plant.watch(SETTLED.as_millis() as u64).await;
    came.lock().unwrap().clear();
    let asked_before = line.seen().len();
    plant.watch(WATCHED.as_millis() as u64).await;
    let came = came.lock().unwrap().clone();
    let probes: Vec<Instant> =
        line.seen()[asked_before..].iter().filter(|seen| seen.unit == DEAD).map(|seen| seen.at).collect();
    plant.stop().await;
    let gaps = |times: &[Instant]| times.windows(2).map(|w| (w[1] - w[0]).as_secs_f64()).collect::<Vec<_>>();
    let units: BTreeMap<u8, f64> = came
        .iter()
        .map(|(unit, times)| (*unit, gaps(times).iter().sum::<f64>() * 1e3 / (times.len() - 1) as f64))
        .collect();
    assert_eq!(units.len(), usize::from(UNITS) - 1, "a unit gave nothing");
    Cycles {
        mean: units.values().sum::<f64>() / units.len() as f64,
        longest: came.values().flat_map(|times| gaps(times)).fold(0.0, f64::max) * 1e3,
        units,
        probes: probes.len(),
        longest_between_probes: gaps(&probes).into_iter().fold(0.0, f64::max),
    }
}
