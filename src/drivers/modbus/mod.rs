//! Modbus/TCP: one task for each address, which polls all units behind it.
//!
//! [`blocks`] plans which registers are read together, [`reply`] decides whether bytes are an answer, [`value`] decodes them
//! (these three know no socket); [`wire`] carries one request and its reply, [`connection`] keeps rhythm, patience and score.

pub mod blocks;
pub mod connection;
mod poll;
pub mod reply;
mod score;
pub mod value;
pub mod wire;

pub use connection::{Connection, connections, run};
