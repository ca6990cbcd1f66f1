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

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let modbus = Modbus::start(10_000);
    let second = Duration::from_secs(1);
    let (percent, megabytes, reads) = run_load(&project(folder.path(), &modbus, 10_000, second), &modbus, second);
    println!(
        "run, 10,000 registers at 1 s, {reads:.0} reads a second: {percent:.2} % of one core, RSS {megabytes:.1} MB (to reach: 3 %, 60 MB)"
    );
    let tenth = Duration::from_millis(100);
    let (percent, megabytes, reads) = run_load(&project(folder.path(), &modbus, 1_000, tenth), &modbus, tenth);
    println!(
        "run, 1,000 registers at 100 ms, {reads:.0} of 80 asked reads a second: {percent:.2} % of one core, RSS {megabytes:.1} MB (to reach: all, 9 %, 130 MB)"
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

/// Percent of one core, resident megabytes and reads a second, with every register changing between polls.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn run_load(plant: &Path, modbus: &Modbus, poll: Duration) -> (f64, f64, f64) {
    let mut command = watchkeeper(&["run"]);
    command.arg(plant);
    let mut running = Running::start(command);
    let id = running.child().id();
    std::thread::sleep(SETTLED);
    let (before, asked, start) = (cpu_ticks(id), modbus.requests(), Instant::now());
    let mut word = 0;
    while start.elapsed() < WATCHED {
        word += 1;
        modbus.set(0, &vec![word; 10_000]);
        std::thread::sleep(poll / 2);
    }
    let reads = (modbus.requests() - asked) as f64 / start.elapsed().as_secs_f64();
    let percent = (cpu_ticks(id) - before) / TICKS / start.elapsed().as_secs_f64() * 100.0;
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("the program runs");
    let resident = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).expect("VmRSS");
    let kilobytes: f64 = resident.trim().trim_end_matches(" kB").parse().expect("a number");
    running.terminate();
    (percent, kilobytes / 1024.0, reads)
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
