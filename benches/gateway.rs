//! The program as a gateway, measured from outside: `run` on 10,000 registers read every second over loopback and on
//! 1,000 read every 100 ms, and the time from the start to the first value of each of 1,000 tags.
//!
//! `cargo bench --bench gateway` (Linux: it reads /proc). To reach: under 3 % of one core, RSS under 60 MB, 0.3 s; of the
//! asked reads at 100 ms all, under the 9 % of a core and 130 MB that Node-RED 4.1 takes for them.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

#[path = "../tests/support/mod.rs"]
#[expect(clippy::unwrap_used, reason = "made for tests, which may panic; so may a measurement")]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::{Modbus, Running, watchkeeper};

/// Ticks a second in /proc/PID/stat; the same on every Linux that Rust runs on.
const TICKS: f64 = 100.0;
const SETTLED: Duration = Duration::from_secs(3);
const WATCHED: Duration = Duration::from_secs(20);
/// So long that the log is sealed some times over: memory has levelled off.
const WATCHED_LONG: Duration = Duration::from_mins(4);

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let modbus = Modbus::start(10_000);
    let second = Duration::from_secs(1);
    let load = run_load(&project(folder.path(), &modbus, 10_000, second), &modbus, second, WATCHED_LONG);
    println!(
        "run, 10,000 registers at 1 s, {:.0} reads a second: {:.2} % of one core, RSS {:.1} MB after {} s, {:.1} MB at most in {} s (to reach: 3 %, 60 MB)",
        load.reads,
        load.percent,
        load.early_megabytes,
        WATCHED.as_secs(),
        load.most_megabytes,
        WATCHED_LONG.as_secs()
    );
    let tenth = Duration::from_millis(100);
    let load = run_load(&project(folder.path(), &modbus, 1_000, tenth), &modbus, tenth, WATCHED);
    println!(
        "run, 1,000 registers at 100 ms, {:.0} of 80 asked reads a second: {:.2} % of one core, RSS {:.1} MB (to reach: all, 9 %, 130 MB)",
        load.reads, load.percent, load.most_megabytes
    );
    let plant = project(folder.path(), &modbus, 1_000, second);
    let mut times: Vec<f64> = (0..11).map(|_| first_values(&plant)).collect();
    times.sort_by(f64::total_cmp);
    println!("values, 1,000 tags, start to end: median {:.3} s, worst {:.3} s (to reach: 0.3 s)", times[5], times[10]);
}

fn project(folder: &Path, modbus: &Modbus, tags: usize, poll: Duration) -> PathBuf {
    let mut text = format!(
        "watchkeeper = 1\nname = \"Load\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"{}\"\npoll = \"{}ms\"\n",
        modbus.address,
        poll.as_millis()
    );
    for number in 0..tags {
        write!(
            text,
            "[[tag]]\nname = \"t{number}\"\ndevice = \"plc1\"\nregister = \"holding:{number}\"\ntype = \"u16\"\nscale = 0.1\n"
        )
        .expect("writing to a string");
    }
    let path = folder.join(format!("load{tags}-{}.toml", poll.as_millis()));
    fs::write(&path, text).expect("a project file");
    path
}

/// What the program cost.
struct Load {
    /// Of one core.
    percent: f64,
    /// Resident after [`WATCHED`], and at most.
    early_megabytes: f64,
    most_megabytes: f64,
    /// A second.
    reads: f64,
}

/// The program on this plant for so long, with every register changing between polls.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn run_load(plant: &Path, modbus: &Modbus, poll: Duration, watched: Duration) -> Load {
    let mut command = watchkeeper(&["run"]);
    command.arg(plant);
    let mut running = Running::start(command);
    let id = running.child().id();
    std::thread::sleep(SETTLED);
    let (before, asked, start) = (cpu_ticks(id), modbus.requests(), Instant::now());
    let (mut early_megabytes, mut most_megabytes) = (0.0, 0.0_f64);
    let mut word = 0;
    while start.elapsed() < watched {
        word += 1;
        modbus.set(0, &vec![word; 10_000]);
        std::thread::sleep(poll / 2);
        let resident = resident_megabytes(id);
        most_megabytes = most_megabytes.max(resident);
        if start.elapsed() < WATCHED {
            early_megabytes = resident;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let reads = (modbus.requests() - asked) as f64 / seconds;
    let percent = (cpu_ticks(id) - before) / TICKS / seconds * 100.0;
    running.terminate();
    Load { percent, early_megabytes, most_megabytes, reads }
}

fn resident_megabytes(id: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("the program runs");
    let resident = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("VmRSS");
    resident.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") / 1024.0
}

/// User and system time.
fn cpu_ticks(id: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).expect("the program runs");
    let after_name = stat.rsplit(')').next().expect("a name in brackets");
    after_name.split_whitespace().skip(11).take(2).map(|t| t.parse::<f64>().expect("a number")).sum()
}

#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn first_values(plant: &Path) -> f64 {
    let start = Instant::now();
    let output = watchkeeper(&["values", "--format", "csv"]).arg(plant).output().expect("the program runs");
    let took = start.elapsed().as_secs_f64();
    let good = String::from_utf8_lossy(&output.stdout).lines().filter(|l| l.contains(",good,")).count();
    assert_eq!(good, 1_000, "every tag has its first value");
    took
}
