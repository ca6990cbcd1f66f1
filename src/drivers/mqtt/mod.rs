//! MQTT 3.1.1 and 5: one connection to a broker for each device, and what its messages say of the tags.
//!
//! ```text
//! broker ── socket (tap, breath) ── library ── session ──► topics ──► payload ──► Report ──► field.inputs
//!                                                 └──► subscriptions, status ──► Link
//! ```
//! The library is [`v3`] or [`v5`], as the project says, with [`last_words`] before the latter; [`websocket`] stands between socket and tap.
//! [`payload`], [`path`], [`scan`] and [`topics`] are pure. [`connection::run`] is the task: it makes the connection anew with
//! back-off, and each [`session`] does nothing but receive, decode and hand on.

mod backoff;
pub mod connection;
pub mod families;
pub mod last_words;
pub mod library;
pub mod path;
pub mod payload;
pub mod scan;
pub mod session;
pub mod socket;
pub mod status;
pub mod subscriptions;
pub mod topics;
pub mod v3;
pub mod v5;
pub mod websocket;
pub mod words;
pub mod words5;

pub use connection::{Connection, connections, run};
