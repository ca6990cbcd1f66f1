//! The real window under a real X server: driven by mouse and keys, read as a screen reader reads it.
//!
//! Needs an X server, a window manager and a screen reader's road into programs (AT-SPI); `tests/all.sh` provides them. What is missing fails, never
//! skips. Pictures of every story lie in `target/desktop/` to be looked at.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod alarms;
mod begin;
mod bench;
mod build;
mod bundle;
mod demo;
mod dialogs;
mod edit;
mod faults;
mod hand;
mod history;
mod horn;
mod keys;
mod life;
#[path = "../support/meter.rs"]
mod meter;
mod plant;
mod play;
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod tree;
mod windows;
