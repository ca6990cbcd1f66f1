//! Watchkeeper: control-room monitoring in one program.
//!
//! One owner, a pure engine, immutable snapshots out, commands back:
//!
//! ```text
//!   field ── drivers ──Report──►┐                         ┌──Snapshot──► ui ──► eyes
//!                               ├► main loop ► ENGINE ────┤   (Arc, at most 20 a second)
//!   person ─ ui ──Command──────►┘   (one thread, owns it) ├──Journal───► historian ──Durable──► back in
//!   clock ──────── Tick ───────►                          └──Reconcile─► sources
//! ```
//!
//! # The map
//!
//! Each floor imports only lower floors; `tests/floors.rs` reads `src/` and fails on a broken one.
//!
//! | floor | module | is |
//! | --- | --- | --- |
//! | 0 | [`time`] | monotonic and UTC instants, durations, the `Clock` that is passed down |
//! | 0 | [`text`] | what cannot be seen in a text from outside, made to be seen |
//! | 0 | [`project`] | the document an engineer writes: text to values, every fault with its place |
//! | 1 | [`secrets`] | where passwords are kept on this computer: environment, private file, key store |
//! | 1 | [`picture`] | pictures beside a project: read within bounds, judged, drawn |
//! | 1 | [`engine`] | the plant as a plain value: plan, quality, staleness, formulas, alarms, snapshots |
//! | 2 | [`link`] | the wire between screen and plant: snapshots one way, commands the other, the past, what devices said |
//! | 2 | [`drivers`] | the field edge: Modbus over TCP and serial lines, MQTT, and the demo plant |
//! | 2 | [`historian`] | the disk edge: the journal, the history of every tag, the lock on the data folder |
//! | 3 | [`runtime`] | the shell around the engine: the thread that owns it, sources, the real clock |
#![cfg_attr(feature = "window", doc = "| 3 | [`ui`] | the window (cargo feature `window`) |")]
#![cfg_attr(not(feature = "window"), doc = "| 3 | `ui` | the window, left out of this build |")]
//! | 4 | [`cli`] | the subcommands that need no window |
//! | 4 | `main.rs` | arguments, logging, wiring; nothing else |
//!
//! # What cannot happen
//!
//! **Invariant:** [`engine`] has no clock, no thread, no disk and no socket. Time and input are arguments, so the same
//! inputs at the same times give the same effects and snapshots, and a two-hour delay is tested in a microsecond.
//!
//! **Invariant:** no value exists without its quality. A reading cannot be made without one, and a number that is not good
//! is never painted, printed or alarmed on like one that is.
//!
//! **Invariant:** no frame mixes instants. All that one frame shows of values, alarms and live ends of trends comes from
//! one [`engine::Snapshot`].
//!
//! **Invariant:** `ui` and [`runtime`] do not know each other. They meet in [`link`] and in `main.rs`; a window that
//! stalls, hides or closes stops no poll, no alarm and no journal.
//!
//! **Invariant:** nothing a person does to the plant is shown as done before it is on disk. A command becomes a journal
//! entry, and only [`engine::Input::Durable`] makes the acknowledgement.
//!
//! **Invariant:** an acknowledgement never reaches further than the eye: it names the occurrence that was on the screen.
//!
//! **Invariant:** compiling a project never fails. What is at fault is an [`project::Issue`]; all the rest runs.
//!
//! **Invariant:** no queue is without a bound. Each says at its field what full means, and counts what it drops.
//!
//! **Invariant:** nothing from outside, be it file, socket, database or click, makes the program panic; and if a driver
//! does, it is a dead source that is shown and started again, not a dead station.
//!
//! **Invariant:** only `runtime::clock` reads a clock, only [`historian`] knows SQLite, only [`drivers`] know a protocol
//! crate, only [`project`] knows the format of a file, only `ui::theme` knows a colour.
//!
//! # Words
//!
//! The trade's own: a *device* is asked or listened to over a *source*; a *tag* is one named value of it, with *unit*,
//! *range* and *quality* (level and reason). A *report* brings *readings* in. An *alarm* has a *limit*, a *deadband*,
//! *delays* and a *priority*; each time its condition comes is an *occurrence*, which is *acknowledged* by a person and
//! *returns* by itself. The *journal* keeps what happened; a *display* is a grid of *panels*; a *faceplate* tells all
//! about one tag. A *plan* is a compiled project; each has a *generation*.
pub mod cli;
pub mod drivers;
pub mod engine;
pub mod historian;
pub mod link;
pub mod picture;
pub mod project;
pub mod runtime;
pub mod secrets;
pub mod text;
pub mod time;
#[cfg(feature = "window")]
pub mod ui;
