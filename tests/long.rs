//! What takes minutes: the program killed again and again, and a field that fails without pause. See `tests/long.sh`.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "modbus/fault.rs"]
mod fault;
#[path = "modbus/hostile.rs"]
mod hostile;
#[path = "modbus/line.rs"]
mod line;
#[path = "modbus/mixed.rs"]
mod mixed;
#[path = "../benches/parts/mosquitto.rs"]
mod mosquitto;
#[path = "modbus/plant.rs"]
mod plant;
#[path = "modbus/registers.rs"]
mod registers;
#[path = "peers/restarts.rs"]
mod restarts;
mod support;

use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::{Modbus, Running, ended, project, until, watchkeeper};

const ALARM: &str = "tank1.level/high";
/// Raw values with the scale of [`project`]: 50 % and 97 %, below and above the alarm's limit.
const LOW: u16 = 100;
const HIGH: u16 = 194;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().expect("a whole number"))
}

fn running(path: &Path) -> Running {
    let mut command = watchkeeper(&["run", path.to_str().unwrap()]);
    // Nobody reads them here, and a full pipe must not hold the program up.
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    Running::start(command)
}

fn verified(path: &Path) {
    let (code, said, why) = ended(&["journal", path.to_str().unwrap(), "--verify"]);
    assert_eq!(code, 0, "the chain of the journal is broken: {said}{why}");
}

/// Transitions of the alarm, oldest first.
fn transitions(path: &Path) -> Vec<(String, u64)> {
    let (code, said, why) = ended(&["journal", path.to_str().unwrap(), "--format", "jsonl"]);
    assert_eq!(code, 0, "{why}");
    let entries = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_alarm = entries.filter(|entry| entry["alarm"] == ALARM);
    of_alarm.map(|entry| (entry["event"].as_str().unwrap().to_owned(), entry["occurrence"].as_u64().unwrap())).collect()
}

#[expect(clippy::disallowed_methods, reason = "real processes run in real time")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn kills_break_no_chain_and_repeat_no_occurrence() {
    let kills = setting("KILLS", 1_000);
    let folder = tempfile::tempdir().unwrap();
    let device = Modbus::start(16);
    let path = project(folder.path(), device.address);
    let from = now();
    for kill in 0..kills {
        let program = running(&path);
        // Somewhere between the first system call and long after the first poll, with a change on the way or not.
        std::thread::sleep(Duration::from_millis(fastrand::u64(0..250)));
        device.set(0, &[if fastrand::bool() { HIGH } else { LOW }]);
        std::thread::sleep(Duration::from_millis(fastrand::u64(0..250)));
        program.kill();
        if kill % 10 == 9 || kill + 1 == kills {
            verified(&path);
        }
    }
    // Each occurrence was raised once, ended before the next, and none was skipped or counted twice.
    let told = transitions(&path);
    let raised: Vec<u64> = told.iter().filter(|(event, _)| event == "raised").map(|(_, number)| *number).collect();
    assert!(raised.len() > kills as usize / 20, "only {} occurrences in {kills} starts", raised.len());
    for pair in raised.windows(2) {
        assert!(pair[1] > pair[0], "occurrence {} was raised after {}: {told:?}", pair[1], pair[0]);
    }
    // Nobody acknowledged, so that all that ends is a return, and each belongs to the occurrence raised last.
    let mut last = 0;
    for (event, occurrence) in &told {
        if event == "raised" {
            last = *occurrence;
        } else {
            assert_eq!(*occurrence, last, "{event} of an occurrence that was not the last: {told:?}");
        }
    }
    println!(
        "{kills} kills in {} s: {} entries of the alarm, {} occurrences, the chain verifies",
        from.elapsed().as_secs(),
        told.len(),
        raised.len()
    );
}

/// Answers whatever it is asked with bytes that mean nothing.
fn noise() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::Builder::new()
        .name("noise".into())
        .spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut asked = [0; 260];
                while stream.read(&mut asked).is_ok_and(|count| count > 0) {
                    let answer: Vec<u8> =
                        std::iter::repeat_with(|| fastrand::u8(..)).take(fastrand::usize(1..300)).collect();
                    // Sometimes the head is right, so that the rest is looked at.
                    let head = if fastrand::bool() { &asked[..4] } else { &[][..] };
                    if stream.write_all(&[head, &answer].concat()).is_err() {
                        break;
                    }
                }
            }
        })
        .unwrap();
    address
}

fn faulty_project(folder: &Path, device: SocketAddr) -> PathBuf {
    let path = project(folder, device);
    let mut text = std::fs::read_to_string(&path).unwrap();
    write!(
        text,
        "\n[[device]]\nname = \"noise\"\nprotocol = \"modbus-tcp\"\naddress = \"{}\"\npoll = \"50ms\"\ntimeout = \"200ms\"\n\
         [[tag]]\nname = \"noise.level\"\ndevice = \"noise\"\nregister = \"holding:0\"\ntype = \"u16\"\n",
        noise()
    )
    .unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

fn resident_megabytes(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1_024.0
}

#[test]
fn minutes_of_faults_leave_a_program_that_recovers() {
    let minutes = setting("MINUTES", 10);
    let folder = tempfile::tempdir().unwrap();
    let mut device = Modbus::start(16);
    let path = faulty_project(folder.path(), device.address);
    let mut program = running(&path);
    let id = program.child().id();
    let from = now();
    let mut pulls = 0_u32;
    let mut early = 0.0;
    while from.elapsed() < Duration::from_secs(60 * minutes) {
        device.set(0, &[fastrand::u16(..200)]);
        std::thread::sleep(Duration::from_millis(fastrand::u64(10..400)));
        if fastrand::u8(..) < 40 {
            device.pull_the_plug();
            std::thread::sleep(Duration::from_millis(fastrand::u64(10..3_000)));
            device.plug_in();
            pulls += 1;
        }
        if early == 0.0 && from.elapsed() > Duration::from_secs(20) {
            early = resident_megabytes(id);
        }
        assert!(program.child().try_wait().unwrap().is_none(), "the program ended");
    }
    let late = resident_megabytes(id);
    assert!(late < early + 20.0, "from {early:.1} MB to {late:.1} MB");

    // Well again, and seen to be: the alarm comes for a value of now.
    device.set(0, &[LOW]);
    std::thread::sleep(Duration::from_secs(40));
    let before = transitions(&path).len();
    device.set(0, &[HIGH]);
    until("the alarm after all the faults", || (transitions(&path).len() > before).then_some(()));
    verified(&path);
    let (code, _, why) = program.terminate();
    assert_eq!(code, 0, "{why}");
    println!(
        "{minutes} minutes, the plug pulled {pulls} times: RSS {early:.1} MB then {late:.1} MB, recovered, the chain verifies"
    );
}

#[tokio::test]
async fn minutes_of_mixed_faults_give_no_value_that_is_another_registers() {
    let seen = mixed::run(Duration::from_secs(60 * setting("MINUTES", 10)), mixed::seed()).await;
    assert!(seen.good > 1_000 && seen.errors > 100 && seen.reconnects > 10);
}

#[test]
fn a_hundred_restarts_of_the_broker_lose_no_subscription_and_leave_nothing_open() {
    restarts::restart(setting("RESTARTS", 100) as u32);
}
