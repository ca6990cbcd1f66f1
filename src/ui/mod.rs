//! The window (egui). Panels get a read-only [`Frame`] and an [`Outbox`]; they read the plant and ask, nothing else.
//!
//! Invariant: nothing of acquisition, alarms, horn or history is computed here; a hidden, stalled or closed window
//! changes nothing in the plant. Invariant: one frame paints one [`Snapshot`].

pub mod fonts;
pub mod panels;
pub mod theme;
pub mod widgets;
pub mod words;

use crate::engine::{Actor, Command, Snapshot, TagId};
use crate::link::About;
use std::path::PathBuf;
use theme::Theme;

/// What one frame may read.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The plant.
    pub snapshot: &'a Snapshot,
    /// What does not change while it runs.
    pub about: &'a About,
    /// Tokens.
    pub theme: &'a Theme,
    /// Zone of the project, for the screen.
    pub zone: &'a jiff::tz::TimeZone,
    /// Half of each second: what blinks is on.
    pub blink_on: bool,
    /// The tag whose faceplate is open.
    pub chosen: Option<TagId>,
}

/// What a panel asks for. Commands reach the plant; actions concern this window alone.
#[derive(Debug, Default)]
pub struct Outbox {
    /// To the plant.
    pub commands: Vec<Command>,
    /// To this window.
    pub actions: Vec<Action>,
}

/// What a click or key does to this window.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Show this display, by index in the plan.
    OpenDisplay(usize),
    /// Open the faceplate of this tag.
    OpenFaceplate(TagId),
    /// Close the faceplate.
    CloseFaceplate,
    /// Show the alarm list over the whole middle.
    OpenAlarmList,
    /// Show the project's faults.
    OpenFaults,
    /// Find anything (Ctrl+K).
    OpenPalette,
    /// Choose a project file in a dialog.
    ChooseProject,
    /// Open this project.
    OpenProject(PathBuf),
    /// Open the demo plant.
    OpenDemo,
    /// Other theme.
    ToggleTheme,
    /// Text larger (+1), smaller (-1), 100 % (0).
    TextScale(i8),
    /// Fill the screen, or no longer.
    ToggleFullScreen,
    /// All shortcuts.
    OpenHelp,
    /// Close the window, after asking while alarms stand.
    Quit,
}

impl Frame<'_> {
    /// Who acts at this desk.
    pub fn actor(&self) -> Actor {
        self.about.actor.clone()
    }
}
