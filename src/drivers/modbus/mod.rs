//! Modbus over TCP, over serial lines, and over serial lines behind TCP: one task for each line, which polls all its units.
//!
//! [`blocks`] plans which registers are read together, [`reply`] and [`rtu`] decide whether bytes are an answer, [`value`]
//! decodes them (these know no socket); `port` opens a line, [`wire`] carries one request and its reply over it,
//! [`connection`] keeps the rhythm, `unit` patience and score.

pub mod blocks;
pub mod budget;
pub mod connection;
pub mod guest;
pub mod identity;
mod owed;
mod pace;
mod poll;
mod port;
pub mod reply;
pub mod rtu;
mod score;
mod unit;
mod usage;
pub mod value;
pub mod wire;

pub use connection::{Change, Changes, Connection, connections, run};
pub use port::serial_ports;
