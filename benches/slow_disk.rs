//! The program on a disk that syncs 300 times a second: `run` on 1,000 Modbus registers at 1 s and 1,000 MQTT topics that
//! bring 10,000 messages a second, each another value than before, all recorded, while strace holds up every sync for 3.3 ms.
//!
//! `cargo bench --bench slow_disk` (Linux, with strace). To reach: no stall, nothing dropped.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

#[path = "parts/feeder.rs"]
#[expect(dead_code, reason = "each bench takes what it needs")]
mod feeder;
#[path = "../tests/support/mod.rs"]
#[expect(clippy::unwrap_used, reason = "made for tests, which may panic; so may a measurement")]
mod support;

use feeder::{Feeder, Order, TOPICS, name};
use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use support::{Modbus, Running, until, watchkeeper};
use watchkeeper::engine::Quality;
use watchkeeper::historian::history::query::HistoryReader;
use watchkeeper::time::Utc;

const REGISTERS: usize = 1_000;
const A_SECOND: usize = 10_000;
const LONG: Duration = Duration::from_mins(1);
/// A sync takes at least so long: 300 a second.
const SYNC: &str = "fsync,fdatasync:delay_exit=3300";

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let modbus = Modbus::start(REGISTERS);
    let feeder = Feeder::start(8);
    let plant = project(folder.path(), &modbus, feeder.port);
    let trace = folder.path().join("syncs");
    let mut command = Command::new("strace");
    command.args(["-f", "--seccomp-bpf", "-r", "-e", "trace=fsync,fdatasync", "-e"]).arg(format!("inject={SYNC}"));
    command.arg("-o").arg(&trace).arg(watchkeeper(&[]).get_program()).args(["run", "--for", "75s"]).arg(&plant);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Running::start(command);
    let data = plant.with_extension("data");
    let reader = until("a history", || {
        let found = HistoryReader::open(&data, None).ok().flatten()?;
        // Every topic is subscribed to and every register read when their first samples are there.
        let tags = found.tags().ok()?;
        (tags.len() == REGISTERS + TOPICS).then_some(found)
    });
    std::thread::sleep(Duration::from_secs(2));
    let begun = Instant::now();
    let sent = A_SECOND * LONG.as_secs() as usize;
    feeder.orders.send(Order::Pace { count: sent, a_second: A_SECOND }).expect("a feeder");
    let mut commits = Vec::new();
    let mut word = 0;
    let mut changed = Instant::now();
    let late = loop {
        if changed.elapsed() >= Duration::from_millis(500) {
            word += 1;
            changed = Instant::now();
            modbus.set(0, &[word; REGISTERS]);
        }
        let alive = reader.recorded_to().expect("it reads");
        if let Some(alive) = alive.filter(|alive| commits.last().is_none_or(|(_, last)| last != alive)) {
            // The time it bears is that of its beginning; now it is on the disk.
            commits.push((begun.elapsed(), alive));
        }
        if let Ok(late) = feeder.late.try_recv() {
            break late;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let apart = commits.windows(2).map(|w| w[1].0.saturating_sub(w[0].0)).max().unwrap_or_default();
    let child = running.child();
    assert!(child.wait().expect("the program ends by itself").success());
    let (recorded, read, lost) = counted(&data);
    let syncs = fs::read_to_string(&trace).map_or(0, |text| text.lines().filter(|l| l.contains("sync(")).count());
    println!(
        "{sent} MQTT messages in {} s, {recorded} recorded; {read} samples of {REGISTERS} registers; {lost} samples lost (to reach: all, 0)",
        LONG.as_secs()
    );
    println!(
        "{} commits, at most {:.2} s apart; {syncs} syncs of at least 3.3 ms; the latest message left {:.0} ms after its time (to reach: no stall)",
        commits.len(),
        apart.as_secs_f64(),
        late.as_secs_f64() * 1e3
    );
    assert_eq!((recorded, lost), (sent, 0));
}

fn project(folder: &Path, modbus: &Modbus, broker: u16) -> PathBuf {
    let mut text = format!(
        "watchkeeper = 1\nname = \"Slow disk\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"{}\"\npoll = \"1s\"\n\
         [[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://127.0.0.1:{broker}\"\nkeep-alive = \"600s\"\n",
        modbus.address
    );
    for number in 0..REGISTERS {
        let tag = format!(
            "[[tag]]\nname = \"t{number}\"\ndevice = \"plc1\"\nregister = \"holding:{number}\"\ntype = \"u16\"\n"
        );
        text.push_str(&tag);
    }
    for topic in 0..TOPICS {
        let name = name(topic);
        write!(
            text,
            "[[tag]]\nname = \"m{topic}\"\ndevice = \"site\"\ntopic = \"{name}\"\npath = \"$.temperature\"\ntype = \"f64\"\n"
        )
        .expect("writing to a string");
    }
    let path = folder.join("slow.toml");
    fs::write(&path, text).expect("a project file");
    path
}

/// Good samples of topics and of registers, and how many the history says it lost.
fn counted(data: &Path) -> (usize, usize, usize) {
    let reader = HistoryReader::open(data, None).expect("a history").expect("one that is there");
    let (mut recorded, mut read, mut lost) = (0, 0, 0);
    for tag in reader.tags().expect("it reads") {
        let count = if tag.name.starts_with('m') { &mut recorded } else { &mut read };
        let each = |sample: &watchkeeper::historian::history::Sample| {
            *count += usize::from(sample.quality.is_good());
            if sample.quality == Quality::NOT_RECORDED {
                // "12 samples lost: …"
                let told = sample.detail.as_deref().and_then(|detail| detail.split(' ').next()?.parse().ok());
                lost += told.unwrap_or(1);
            }
            ControlFlow::Continue(())
        };
        reader.samples(tag.series, Utc(i64::MIN)..Utc(i64::MAX), &AtomicBool::new(false), each).expect("it reads");
    }
    (recorded, read, lost)
}
