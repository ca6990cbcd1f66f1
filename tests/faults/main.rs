//! The historian and a power cut, and a disk that is full or fails: with real processes on real file systems. Needs root
//! (to mount small disks) and strace; `tests/all.sh` sees to both. What is missing fails, never skips.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(target_os = "linux")]

mod disk;
mod power;
#[path = "../support/mod.rs"]
mod program;
#[path = "../history/support.rs"]
#[expect(dead_code, reason = "each test takes what it needs")]
mod support;
