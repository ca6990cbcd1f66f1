//! The plant as a value: time and inputs in, effects and snapshots out. No clock, no I/O, no threads.
//!
//! Invariant: the same inputs at the same times give the same effects and snapshots. Live plant, rehearsal and back-test
//! use this one engine; none has a second copy of alarm or tag logic.

mod acts;
mod adopting;
pub mod alarm;
mod alarming;
mod calm;
pub mod coming;
pub mod command;
pub mod core;
mod deploying;
pub mod devicefigure;
pub mod effect;
pub mod figures;
pub mod forcing;
pub mod formula;
mod groups;
pub mod handover;
mod horn;
pub mod impact;
pub mod input;
mod judging;
pub mod load;
pub mod plan;
mod publish;
pub mod quality;
mod rate;
mod readings;
mod recording;
pub mod rehearsal;
pub mod roundtrip;
mod settling;
pub mod shift;
mod simulating;
pub mod snapshot;
mod steering;
#[cfg(test)]
mod stories;
mod system;
pub mod tail;
pub mod trial;
pub mod value;

pub use self::core::{Engine, EngineOptions};
pub use alarm::{AlarmMemory, Limit};
pub use command::{Actor, AlarmRef, Command};
pub use effect::{Effect, Entry, Event, EventKind, Record, Ticket};
pub use forcing::ForcedView;
pub use formula::{Formula, FormulaFault};
pub use horn::{Annunciation, HornState};
pub use input::{CertificateStatus, DeviceStatus, Input, LineUse, LinkState, Report, Sample};
pub use plan::{AlarmId, DeviceId, Generation, Plan, TagId};
pub use quality::{Level, Quality};
pub use readings::{Power, judge};
pub use simulating::SimulatedView;
pub use snapshot::{AlarmState, AlarmView, Counts, DeviceView, HistoryState, JournalState, Mode, Snapshot, TagView};
pub use tail::{Point, TailView};
pub use value::{Raw, Value};
