//! The historian and a power cut, a disk that is full, fails or cannot be written, and a clock that steps: with real processes
//! on real file systems. Needs root (to mount small disks), strace and libfaketime; `tests/all.sh` sees to all. What is
//! missing fails, never skips.
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(target_os = "linux")]

mod clock;
mod disk;
mod errors;
mod power;
#[path = "../support/mod.rs"]
mod program;
#[path = "../history/support.rs"]
#[expect(dead_code, reason = "each test takes what it needs")]
mod support;
