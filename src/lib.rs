//! Watchkeeper: control-room monitoring in one program.
pub mod cli;
pub mod drivers;
pub mod engine;
pub mod historian;
pub mod link;
pub mod project;
pub mod runtime;
pub mod time;
#[cfg(feature = "window")]
pub mod ui;
