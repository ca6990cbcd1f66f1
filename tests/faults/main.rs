//! The historian and a power cut, a disk that is full, fails or cannot be written, and a clock that steps; the drivers and a
//! network that drops every packet: with real processes on real file systems and real wires. Needs root (to mount small disks
//! and make namespaces), strace, libfaketime, mosquitto, iproute2 and nftables; `tests/all.sh` sees to all. What is missing fails,
//! never skips.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(target_os = "linux")]

mod clock;
mod disk;
mod errors;
#[path = "../modbus/fault.rs"]
mod fault;
#[path = "../modbus/hostile.rs"]
mod hostile;
mod network;
mod power;
#[path = "../support/mod.rs"]
mod program;
#[path = "../history/support.rs"]
#[expect(dead_code, reason = "each test takes what it needs")]
mod support;
