//! A soak: whether anything grows that should not, in `run` over real sockets for an hour, and in the engine over 72 hours of
//! plant time on a clock that is passed in.
//!
//! `cargo bench --bench soak -- [FOLDER] [sockets|engine]` (Linux, with mosquitto; an hour and some minutes): samples as CSV and
//! curves as SVG are put into the folder, `target/soak` unless told. `WATCHKEEPER_SOAK_MINUTES` and `WATCHKEEPER_SOAK_HOURS` make
//! either half shorter or longer. To reach: memory flat, descriptors flat, and all is well again at the end.
//!
//! The hour is one of trouble: in turn the device is pulled for three seconds, the broker killed for two, the device pulled for a
//! tenth of a second and the broker killed and started at once, while another device misbehaves by all the names that a Modbus
//! server can.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

#[path = "parts/curve.rs"]
#[expect(dead_code, reason = "its parts are used by another kind of curve")]
mod curve;
#[path = "../tests/modbus/fault.rs"]
mod fault;
#[path = "../tests/modbus/hostile.rs"]
#[expect(clippy::unwrap_used, reason = "made for tests, which may panic; so may a measurement")]
mod hostile;
#[path = "parts/mosquitto.rs"]
mod mosquitto;
#[path = "parts/soak_engine.rs"]
mod soak_engine;
#[path = "parts/strip.rs"]
mod strip;
#[path = "../tests/support/mod.rs"]
#[expect(clippy::unwrap_used, reason = "made for tests, which may panic; so may a measurement")]
mod support;

use fault::Fault;
use hostile::Hostile;
use mosquitto::Broker;
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use strip::Strip;
use support::{Modbus, Running, ended, free_address, metric, until, watchkeeper};

/// Of the page of metrics.
const BAD: &str = "tags{quality=\"bad\"}";
const REGISTERS: usize = 1_000;
const TOPICS: u32 = 200;
const SAMPLED_EVERY: Duration = Duration::from_secs(10);
/// Each disturbance is over nine seconds before the next sample.
const DISTURBED_EVERY: Duration = Duration::from_secs(20);
const FIRST_DISTURBANCE: Duration = Duration::from_secs(11);
/// Ticks a second in /proc/PID/stat; the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;
/// What the misbehaving device does, a moment each.
const FAULTS: [Fault; 16] = [
    Fault::None,
    Fault::Short,
    Fault::Long,
    Fault::Late(150),
    Fault::WrongTransaction,
    Fault::WrongUnit,
    Fault::WrongFunction,
    Fault::HugeLength,
    Fault::Garbage,
    Fault::HalfAndClose,
    Fault::Flood,
    Fault::ByteByByte,
    Fault::Duplicated,
    Fault::Exception(4),
    Fault::CloseInstead,
    Fault::Silent,
];

fn setting(name: &str, usual: u32) -> u32 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().expect("a whole number"))
}

fn main() {
    let (mut folder, mut half) = (PathBuf::from("target/soak"), None);
    for argument in std::env::args().skip(1).filter(|argument| !argument.starts_with('-')) {
        match argument.as_str() {
            "sockets" | "engine" => half = Some(argument),
            _ => folder = argument.into(),
        }
    }
    fs::create_dir_all(&folder).expect("a folder");
    if half.as_deref() != Some("sockets") {
        engine(&folder);
    }
    if half.as_deref() != Some("engine") {
        sockets(&folder);
    }
}

fn engine(folder: &Path) {
    let count = setting("WATCHKEEPER_SOAK_HOURS", 72);
    let started = Instant::now();
    let mut csv = "hour,bytes,allocations,samples,raised,journaled\n".to_owned();
    let mut strip = Strip::new("hours of plant time");
    let hours = soak_engine::hours(count, |number, hour| {
        writeln!(
            csv,
            "{number},{},{},{},{},{}",
            hour.bytes, hour.allocations, hour.samples, hour.raised, hour.journaled
        )
        .expect("writing to a string");
        strip.add("the engine's memory with one snapshot, MB", f64::from(number), hour.bytes as f64 / 1e6);
        strip.add("allocations, thousands", f64::from(number), hour.allocations as f64 / 1e3);
    });
    fs::write(folder.join("engine.csv"), csv).expect("a place for the samples");
    fs::write(folder.join("engine.svg"), strip.svg()).expect("a place for the picture");
    let megabytes = |number: u32| hours[number.min(count) as usize - 1].bytes as f64 / 1e6;
    let last = &hours[count as usize - 1];
    println!(
        "engine, {count} hours of plant time in {:.0} s: {} million samples, {} alarms raised, {} journal entries; memory {:.2} MB after 1 hour, {:.2} MB after {}, {:.2} MB at the end, at most {:.2} MB (to reach: flat)",
        started.elapsed().as_secs_f64(),
        last.samples / 1_000_000,
        last.raised,
        last.journaled,
        megabytes(1),
        megabytes(24),
        count.min(24),
        megabytes(count),
        hours.iter().map(|hour| hour.bytes).max().unwrap_or_default() as f64 / 1e6
    );
    // A shift's figures look a day back; what is kept of a day is full after one.
    let most = |hours: &[soak_engine::Hour]| hours.iter().map(|hour| hour.bytes).max().unwrap_or_default() as f64;
    if let Some((first, rest)) = hours.get(24..).and_then(|full| full.split_at_checked(full.len() / 2)) {
        assert!(most(rest) <= most(first) * 1.02, "memory grows: {} bytes, then {}", most(first), most(rest));
    }
}

/// The process as it was once.
struct Row {
    at: Duration,
    resident_megabytes: f64,
    descriptors: usize,
    threads: usize,
    /// Since the row before, of one core.
    percent: f64,
    disturbances: u32,
}

fn sockets(folder: &Path) {
    let long = Duration::from_secs(60 * u64::from(setting("WATCHKEEPER_SOAK_MINUTES", 60)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let home = tempfile::tempdir().expect("a folder");
    let mut device = Modbus::start(REGISTERS);
    let odd = runtime.block_on(Hostile::start(Fault::None));
    let mut broker = Broker::start();
    broker.publish(TOPICS, Duration::from_millis(10));
    let plant = project(home.path(), &device, odd.addr, &broker);
    let metrics = free_address();
    let mut command = watchkeeper(&["run", "--silent", "--metrics", &metrics.to_string()]);
    command.arg(&plant).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut running = Running::start(command);
    let id = running.child().id();
    until("every tag good before the trouble", || (metric(metrics, BAD)? == 0.0).then_some(()));

    let started = Instant::now();
    let (mut sampled_at, mut disturbed_at) = (Duration::ZERO, FIRST_DISTURBANCE);
    let mut ticks = cpu_ticks(id);
    let mut disturbances = 0;
    let mut word = 0;
    let mut rows: Vec<Row> = Vec::new();
    let mut csv = "seconds,resident_mb,descriptors,threads,cpu_percent,disturbances\n".to_owned();
    while sampled_at <= long {
        word = (word + 1) % 4_000;
        device.set(0, &[word; REGISTERS]);
        odd.set(FAULTS[fastrand::usize(..FAULTS.len())]);
        if started.elapsed() >= sampled_at {
            let now = cpu_ticks(id);
            let since = rows.last().map_or(started.elapsed(), |row| started.elapsed().saturating_sub(row.at));
            let row = Row {
                at: started.elapsed(),
                resident_megabytes: resident_megabytes(id),
                descriptors: entries(id, "fd"),
                threads: entries(id, "task"),
                percent: (now - ticks) / TICKS / since.as_secs_f64().max(0.01) * 100.0,
                disturbances,
            };
            (ticks, sampled_at) = (now, sampled_at + SAMPLED_EVERY);
            writeln!(
                csv,
                "{:.1},{:.2},{},{},{:.2},{}",
                row.at.as_secs_f64(),
                row.resident_megabytes,
                row.descriptors,
                row.threads,
                row.percent,
                row.disturbances
            )
            .expect("writing to a string");
            fs::write(folder.join("sockets.csv"), &csv).expect("a place for the samples");
            rows.push(row);
        }
        if started.elapsed() >= disturbed_at {
            disturb(disturbances, &mut device, &mut broker);
            (disturbances, disturbed_at) = (disturbances + 1, disturbed_at + DISTURBED_EVERY);
        }
        let ended = running.child().try_wait().expect("a child");
        assert!(ended.is_none(), "the program ended: {ended:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
    fs::write(folder.join("sockets.svg"), drawn(&rows)).expect("a place for the picture");
    tell(&rows);

    odd.set(Fault::None);
    until("every tag good after all the trouble", || (metric(metrics, BAD)? == 0.0).then_some(()));
    let (code, _, why) = running.terminate();
    assert_eq!(code, 0, "{why}");
    let (code, said, why) = ended(&["journal", plant.to_str().expect("a path in letters"), "--verify"]);
    assert_eq!(code, 0, "the chain of the journal is broken: {said}{why}");
    println!("every tag was good again, the program ended in order, the journal verifies");
}

fn disturb(number: u32, device: &mut Modbus, broker: &mut Broker) {
    let long = match number % 4 {
        0 => 3_000,
        1 => 2_000,
        2 => 100,
        _ => 0,
    };
    if number.is_multiple_of(2) {
        device.pull_the_plug();
    } else {
        broker.kill();
    }
    std::thread::sleep(Duration::from_millis(long));
    if number.is_multiple_of(2) {
        device.plug_in();
    } else {
        broker.up();
    }
}

fn tell(rows: &[Row]) {
    // The first minutes are those in which the log is filled and sealed for the first times.
    let half = &rows[rows.len() / 2..];
    let descriptors = |rows: &[Row]| {
        let of = |row: &Row| row.descriptors;
        (rows.iter().map(of).min().unwrap_or_default(), rows.iter().map(of).max().unwrap_or_default())
    };
    let quarter = rows.len().div_ceil(4);
    let (early, late) = (descriptors(&rows[..quarter]), descriptors(&rows[rows.len() - quarter..]));
    let (first, last) = (&rows[0], &rows[rows.len() - 1]);
    let minute = rows.iter().find(|row| row.at >= Duration::from_mins(1)).unwrap_or(last);
    let most = rows.iter().map(|row| row.resident_megabytes).fold(0.0, f64::max);
    println!(
        "run, {:.0} minutes, {} disturbances: RSS {:.1} MB after a minute, {:.1} MB at half, {:.1} MB at the end, at most {most:.1} MB, in the second half {:+.2} MB an hour (to reach: flat)",
        last.at.as_secs_f64() / 60.0,
        last.disturbances,
        minute.resident_megabytes,
        half[0].resident_megabytes,
        last.resident_megabytes,
        slope(half)
    );
    println!(
        "descriptors {} to {} in the first quarter, {} to {} in the last; threads {} and {}; {:.2} % of one core (to reach: flat)",
        early.0,
        early.1,
        late.0,
        late.1,
        first.threads,
        last.threads,
        rows[1..].iter().map(|row| row.percent).sum::<f64>() / (rows.len() - 1).max(1) as f64
    );
    // Two connections come and go, and a file of the history while it is sealed.
    assert!(late.1 <= early.1 + 2, "descriptors are left open: {early:?}, then {late:?}");
    assert!(last.threads <= first.threads + 2, "threads are left: {}, then {}", first.threads, last.threads);
}

/// Of the memory, in MB an hour: the straight line that lies nearest to all samples.
fn slope(rows: &[Row]) -> f64 {
    let points: Vec<(f64, f64)> =
        rows.iter().map(|row| (row.at.as_secs_f64() / 3_600.0, row.resident_megabytes)).collect();
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let (above, below) = points.iter().fold((0.0, 0.0), |(above, below), point| {
        (above + (point.0 - x) * (point.1 - y), below + (point.0 - x) * (point.0 - x))
    });
    if below > 0.0 { above / below } else { 0.0 }
}

fn drawn(rows: &[Row]) -> String {
    let mut strip = Strip::new("minutes");
    for row in rows {
        let minutes = row.at.as_secs_f64() / 60.0;
        strip.add("resident memory, MB", minutes, row.resident_megabytes);
        strip.add("open descriptors", minutes, row.descriptors as f64);
        strip.add("threads", minutes, row.threads as f64);
        strip.add("% of one core", minutes, row.percent);
    }
    strip.svg()
}

fn project(folder: &Path, device: &Modbus, odd: SocketAddr, broker: &Broker) -> PathBuf {
    let mut text = format!(
        "watchkeeper = 1\nname = \"Soak\"\n\
         [[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"{}\"\npoll = \"1s\"\n\
         [[device]]\nname = \"odd\"\nprotocol = \"modbus-tcp\"\naddress = \"{odd}\"\npoll = \"100ms\"\ntimeout = \"100ms\"\n\
         [[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://{}\"\nkeep-alive = \"5s\"\n",
        device.address, broker.address
    );
    text.push_str(
        "[[tag]]\nname = \"odd.t{n}\"\ndevice = \"odd\"\nregister = \"holding:0\"\ntype = \"u16\"\nrepeat = { from = 1, to = 20 }\n",
    );
    for i in 0..REGISTERS {
        write!(
            text,
            "[[tag]]\nname = \"t{i}\"\ndevice = \"plc1\"\nregister = \"holding:{i}\"\ntype = \"u16\"\nscale = 0.1\n"
        )
        .expect("writing to a string");
        if i < 20 {
            // Comes and goes with the value, which rises by 0.1 twice a second, to 400.
            writeln!(text, "[[tag.alarm]]\nkind = \"high\"\nlimit = {}\npriority = \"low\"", 10 + i * 20)
                .expect("writing to a string");
        }
    }
    for i in 0..TOPICS {
        writeln!(text, "[[tag]]\nname = \"m{i}\"\ndevice = \"site\"\ntopic = \"soak/{i}\"\npath = \"$.v\"")
            .expect("writing to a string");
    }
    let path = folder.join("soak.toml");
    fs::write(&path, text).expect("a project file");
    path
}

fn resident_megabytes(id: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("the program runs");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    resident.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}

/// How many descriptors (`fd`) or threads (`task`) it has.
fn entries(id: u32, what: &str) -> usize {
    fs::read_dir(format!("/proc/{id}/{what}")).expect("the program runs").count()
}

/// User and system time.
fn cpu_ticks(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("the program runs");
    let after_name = stat.rsplit(')').next().expect("a name in brackets");
    after_name.split_whitespace().skip(11).take(2).map(|t| t.parse::<f64>().expect("a number")).sum()
}
