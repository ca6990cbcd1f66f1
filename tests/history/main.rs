//! The history on a real disk: what any order of arrival, any crash and any fault of the disk make of it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod beside;
mod crash;
mod damage;
mod faults;
mod keep;
mod order;
mod support;
