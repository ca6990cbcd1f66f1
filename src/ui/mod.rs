//! The window (egui). Panels get a read-only [`Frame`] and an [`Outbox`]; they read the plant and ask, nothing else.
//!
//! Invariant: nothing of acquisition, alarms, horn or history is computed here; a hidden, stalled or closed window
//! changes nothing in the plant. Invariant: one frame paints one [`Snapshot`].
//!
//! ```text
//! app      eframe, the renderer, when to paint          shell    one window: layout, dialogs, keys, what is open
//! actions  what can be done here, with text and keys    words    every sentence, number and time
//! layout   what folds when the window is small           preferences the sheet that changes the settings
//! theme    every colour; fonts the one family           settings what a person chose, kept between runs
//! trying   other settings of an alarm, on what was recorded    frames   from a tag's value to the bytes it came in
//! banner, tree, status, faceplate, palette, faults, help, states, lists, hidden, dialogs, notlive: the parts of the window
//! horn     what is chosen for it, its test, how it fares    notify  the desktop tells it, where the window is not in front
//! wake     when a frame is worth its price              files    the dialog, on a thread of its own; chooser whose it is
//! widgets  plain data to Response                       panels   what a display's grid is made of
//! acts     what may be done about an alarm, and why not   ask      the dialogs of acts that need words; until: for how long
//! past     history behind the live end, asked beside the frame   keep     tables and pictures to take away
//! scanner  the sheet that looks for devices              editor   the project in sheets, and what a change of it does
//! forcing  a value given by hand, and the list of those that are      simulating  a device that is not there
//! explorer  a broker's topics as a tree, live           wizard   a project that is begun: device, connection, values, file
//! importing a file of another program, into the draft or as a project
//! workbench the registers of a device under every type and order
//! bundle   what is said over a plant that is a bundle        share    the sheet that makes one; stretch that of a scenario
//! hand     a tag that is dragged, and the press that opens its last hour
//! playing  a scenario on the real screens, in the place of the plant
//! windows  displays in windows of their own             opening  how far a bundle is that is being opened
//! memory   what the allocator keeps from frame to frame
//! inturn   what is typed within one slow frame, in its order
//! ```

pub mod actions;
pub mod acts;
pub mod app;
pub mod ask;
pub mod banner;
pub mod bundle;
pub mod chooser;
pub mod dialogs;
pub mod editor;
pub mod explorer;
pub mod faceplate;
pub mod faults;
pub mod figures;
pub mod files;
pub mod fonts;
pub mod forcing;
pub mod frames;
pub mod hand;
pub mod handover;
pub mod help;
pub mod hidden;
pub mod horn;
pub mod importing;
pub mod inturn;
pub mod keep;
pub mod lasthour;
pub mod layout;
pub mod lists;
pub mod memory;
pub mod notify;
pub mod notlive;
pub mod opening;
pub mod palette;
pub mod panels;
pub mod past;
pub mod pictures;
pub mod playing;
pub mod preferences;
#[doc(hidden)]
pub mod sample;
pub mod scanner;
pub mod settings;
pub mod share;
pub mod shell;
pub mod simulating;
pub mod states;
pub mod status;
pub mod stretch;
pub mod theme;
pub mod tree;
pub mod trying;
pub mod until;
pub mod wake;
pub mod widgets;
pub mod windows;
pub mod wizard;
pub mod words;
pub mod workbench;

use crate::engine::{Actor, Command, Snapshot, TagId};
use crate::historian::JournalLink;
use crate::link::About;
use std::path::PathBuf;
use std::sync::Arc;
use theme::Theme;

/// What one frame may read.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The plant. Its `now` is the instant of this frame, so that ages run while nothing new comes.
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
    /// The name typed at this desk, if any.
    pub desk: Option<&'a Arc<str>>,
    /// What was recorded; `None`: this program has no history of the plant that it shows.
    pub history: Option<&'a dyn past::History>,
    /// What happened and what people did; `None`: this program has no journal of the plant that it shows.
    pub journal: Option<&'a JournalLink>,
}

/// What a panel asks for. Commands reach the plant; actions concern this window alone.
#[derive(Debug, Default)]
pub struct Outbox {
    /// To the plant.
    pub commands: Vec<Command>,
    /// To this window.
    pub actions: Vec<Action>,
}

/// What a click or key does to this window. Those that need no data have their text, tooltip and key in [`actions`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Show this display, by index in the plan.
    OpenDisplay(usize),
    /// Show this display in a window of its own; none: the one that is shown.
    OpenWindow(Option<usize>),
    /// Show every tag in one list.
    OpenAllTags,
    /// Show every device in one list.
    OpenDevices,
    /// Show every device, and all about this one.
    OpenDevice(Arc<str>),
    /// Show the last exchange of this tag, field by field.
    OpenFrames(TagId),
    /// Try other settings of this alarm on what was recorded.
    TrySettings(Arc<str>),
    /// Ask for a value that this tag is forced to.
    Force(TagId),
    /// Choose a tag in the finder, to force it.
    ChooseForced,
    /// Ask why this device is to be simulated.
    Simulate(Arc<str>),
    /// Show what is forced by hand.
    OpenForced,
    /// Open the faceplate of this tag.
    OpenFaceplate(TagId),
    /// Close the faceplate.
    CloseFaceplate,
    /// Open the last hour of this tag as a trend over the whole middle.
    OpenTrend(TagId),
    /// Open an empty trend, to drop tags on.
    NewTrend,
    /// Show the trend of this number, which a person has opened before.
    ShowTrend(u32),
    /// Close it.
    CloseTrend(u32),
    /// Ask for a name, and save this trend as a display in the project's file.
    SaveDisplay(Box<crate::project::NewDisplay>),
    /// Ask whether the topic that this tag was found by is to be forgotten.
    Forget(TagId),
    /// Choose a tag in the finder that becomes a pen of the trend with this id.
    ChoosePen(eframe::egui::Id),
    /// Make this tag a pen of the trend with this id.
    AddPen(eframe::egui::Id, TagId),
    /// Show the alarm list over the whole middle.
    OpenAlarmList,
    /// Show what is shelved, suppressed or out of service.
    OpenHidden,
    /// Show what happened and what people did.
    OpenJournal,
    /// Show how the alarms fare beside their targets.
    OpenFigures,
    /// Show what the next shift has to know.
    OpenHandover,
    /// Edit the project, or no longer.
    ToggleEdit,
    /// Show what differs between the project's file and what runs.
    ReviewFile,
    /// Ask the program around the window.
    AskDesk(crate::link::DeskRequest),
    /// Look into the registers of a device.
    OpenWorkbench(Option<Arc<str>>),
    /// Listen to the topics of a broker.
    OpenExplorer(Option<Arc<str>>),
    /// Write this tag into the draft of the project, and show it there.
    MakeTag(Box<editor::NewTag>),
    /// Look for devices that no project has yet.
    OpenScan,
    /// Show the project's faults.
    OpenFaults,
    /// Find anything (Ctrl+K).
    OpenPalette,
    /// Begin a project with a device.
    NewProject,
    /// Show the examples.
    OpenExamples,
    /// Show what becomes of this file of another program; none: ask which.
    Import(Option<PathBuf>),
    /// Put this into the draft of the project.
    PutImport(Box<importing::Import>),
    /// Choose a project file in a dialog.
    ChooseProject,
    /// Open this project.
    OpenProject(PathBuf),
    /// Ask of which time a bundle is to be made.
    ShareBundle,
    /// Copy the project of the bundle that is open.
    CopyProject,
    /// Open the demo plant.
    OpenDemo,
    /// Choose a scenario in a dialog and play it; or back to the play that waits.
    OpenPlay,
    /// Ask which stretch of what was recorded is to be saved as a scenario.
    SaveScenario,
    /// Play this scenario on the displays of the project that runs.
    PlayScenario(PathBuf),
    /// Quiet the horn.
    SilenceHorn,
    /// Play the test tone.
    TestHorn,
    /// Hear alarms on this computer, or not.
    SetHorn(bool),
    /// The program that plays; empty: one that the system brings along.
    SetPlayer(String),
    /// Let the desktop tell new alarms while this window is not in front, or not.
    SetNotifications(bool),
    /// Other theme.
    ToggleTheme,
    /// Text larger (+1), smaller (-1), 100 % (0).
    TextScale(i8),
    /// Fill the screen, or no longer.
    ToggleFullScreen,
    /// Show the tree of displays, or fold it away.
    ToggleTree,
    /// Name at the desk, theme, size of text.
    OpenSettings,
    /// Take this name of the person at the desk; empty: none, the user of the computer alone.
    SetDeskName(String),
    /// Write a table where the person says.
    SaveTable(keep::Table),
    /// Take a picture of a part of this window.
    TakePicture(keep::Picture),
    /// Ask for the words that an act on alarms needs: time and reason of a shelving, a note.
    AskForAct(ask::Asked),
    /// Open the flood console over the alarm list, or leave it where it is open.
    ToggleFlood,
    /// Open the flood console.
    OpenFlood,
    /// All shortcuts.
    OpenHelp,
    /// Close the window, after asking while alarms stand.
    Quit,
}

impl Frame<'_> {
    /// Who acts at this desk.
    pub fn actor(&self) -> Actor {
        Actor { desk: self.desk.cloned(), ..self.about.actor.clone() }
    }
}

impl Outbox {
    /// Asks for an act on the plant.
    pub fn command(&mut self, command: Command) {
        self.commands.push(command);
    }

    /// Asks for something of this window.
    pub fn action(&mut self, action: Action) {
        self.actions.push(action);
    }
}
