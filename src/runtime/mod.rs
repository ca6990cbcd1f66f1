//! The shell around the engine: what happens, when, and on which thread. It decides nothing about the plant.
//!
//! ```text
//! bundle      a bundle on a screen: one picture, and nothing that runs
//! clock       the only reader of the computer's clocks
//! load        a project's file: bytes to project and faults, with the fingerprint that the journal keeps
//! save        a project's text on its way to the disk: whole or not at all, and over nobody else's work
//! drafts      what is edited and not saved yet, and what was saved lately, kept in the data folder
//! deploying   what another version of the project does to the plant that runs, told or done for a window
//! editing     what an editor asks of the disk: texts read aside, drafts kept, files saved
//! beginning   a plant that is looked at before there is a file of it, and the file
//! main_loop   the named thread that owns the engine: inputs in, journal, samples and snapshots out
//! peek        a look at the plant now and then
//! samples     the engine's samples on their way to the historian
//! ground      what a station stands on: the data folder's lock, and the journal
//! force       the plan in force and its drivers, and how another comes into force while they run
//! impact      what another project will do to the plant that runs, before it is put into force
//! growing     topics that were found become tags
//! forget      and are forgotten, while nobody watches
//! sources     the drivers' tasks: started, caught when they panic, started again, stopped
//! horn        the thread that plays what wants to be heard
//! plays       scenarios that a window plays on its screens, each on a thread of its own
//! scans       what looks for devices, for a window that asks
//! station     one running plant: starts all of the above in order and stops it in order
//! supervisor  the window's end: stops one plant and starts another
//! ```
//! Invariant: one thread owns the engine; nobody else touches it.
//! Invariant: the main loop never waits for a disk, a device or a screen.

pub mod beginning;
pub mod bundle;
pub mod clock;
mod deploying;
pub mod drafts;
pub mod editing;
pub mod force;
pub mod forget;
mod ground;
pub mod growing;
pub mod horn;
pub mod impact;
pub mod load;
pub mod main_loop;
mod peek;
pub mod plays;
pub mod samples;
pub mod save;
pub mod scans;
pub mod sources;
pub mod station;
pub mod supervisor;

use crate::engine::Actor;
use std::io;

pub use load::{LoadError, Loaded, load, load_recorded, load_watched};
pub use peek::Peek;
pub use station::{StartError, Station, StationConfig, WhenHeld, Wiring};
pub use supervisor::Supervisor;

/// The runtime that drivers run on: two threads are enough for thousands of devices, and small.
pub fn field_runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("field").enable_all().build()
}

/// Who acts at this computer: the operating system's user and the computer's name.
pub fn local_actor() -> Actor {
    let known = |name: Result<String, whoami::Error>| {
        name.ok().filter(|n| !n.is_empty()).unwrap_or_else(|| "unknown".to_owned())
    };
    Actor { user: known(whoami::username()).into(), computer: known(whoami::hostname()).into(), desk: None }
}
