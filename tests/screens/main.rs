//! The screen, headless: pictures to be read by eye (`target/screens/`), what a screen reader is told, and what presses
//! and keys ask for.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod alarms;
mod bench;
mod bundle;
mod canvas;
mod cpu_renderer;
mod demo;
mod editor;
mod forced;
mod stage;

mod hand;
mod history;
mod horn;
mod importing;
mod journal;
mod layout;
#[path = "../support/meter.rs"]
mod meter;
mod mimic;
mod panels;
mod pictures;
mod playing;
mod scanner;
mod sizes;
mod spark;
mod templates;
mod trying;
mod window;
mod windows;
mod wizard;
