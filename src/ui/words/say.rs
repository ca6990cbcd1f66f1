//! The fixed sentences and names of the screen. Sentence case, no full stop after one sentence, `…` where more is asked.

/// The program.
pub const PROGRAM: &str = "Watchkeeper";
/// Every window and picture of the demo plant says this.
pub const DEMO: &str = "DEMO";
/// Every window of a rehearsal says this.
pub const NOT_LIVE: &str = "NOT LIVE";
/// Every window of a bundle says this.
pub const BUNDLE: &str = "BUNDLE";
/// Why nothing is done to it.
pub const ONLY_A_BUNDLE: &str = "This is a bundle, to be looked at: nothing can be done to the plant from here";
/// A value that a person has forced says this.
pub const FORCED: &str = "FORCED";
/// A value of a device that is simulated says this.
pub const SIMULATED: &str = "SIMULATED";
/// In the place of a number that never was.
pub const NO_VALUE: &str = "no value";
/// In the place of a limit, where by the state of the plant there is none.
pub const NO_LIMIT_NOW: &str = "no limit in this state";
/// In the place of an instant that no calendar has.
pub const NO_TIME: &str = "--:--:--";
/// A boolean without words of its own.
pub const ON: &str = "On";
/// A boolean without words of its own.
pub const OFF: &str = "Off";
/// An acknowledgement waits for the disk.
pub const RECORDING: &str = "being recorded";
/// A device nobody has reached yet.
pub const CONNECTING: &str = "connecting";

/// The verb on every acknowledge button; its object is in the name for screen readers.
pub const ACKNOWLEDGE: &str = "Acknowledge";
/// Ends a latch, on the faceplate.
pub const RESET: &str = "Reset";
/// Quiets the horn.
pub const SILENCE: &str = "Silence horn";
/// The same where there is little room.
pub const SILENCE_SHORT: &str = "Silence";
/// Opens the alarm list.
pub const ALL_ALARMS: &str = "All alarms";
/// Opens the list of what is shelved, suppressed or out of service.
pub const HIDDEN: &str = "Hidden";
/// The banner when nothing waits.
pub const ALL_ACKNOWLEDGED: &str = "Nothing waits for acknowledgement";
/// The banner when nothing is wrong.
pub const NO_ALARMS: &str = "No alarms";
/// More than ten alarms in ten minutes.
pub const FLOOD: &str = "Alarm flood";

/// Head of the tree.
pub const DISPLAYS: &str = "Displays";
/// Head of the finder's entry in the tree.
pub const GO_TO: &str = "Go to";
/// The finder's entry.
pub const FIND: &str = "Tag, display…";
/// Name of the display that is made where the project has none.
pub const ALL_TAGS: &str = "All tags";
/// Name of the display that lists devices.
pub const DEVICES: &str = "Devices";
/// Name of the display that lists alarms.
pub const ALARMS: &str = "Alarms";
/// Name of the list of hidden alarms.
pub const HIDDEN_ALARMS: &str = "Hidden alarms";
/// Name of a trend that a person has opened and that has no pens yet.
pub const NEW_TREND: &str = "New trend";
/// What is no project of a file cannot be saved.
pub const NO_FILE: &str =
    "The demo plant has no file: nothing can be saved in it. A project of your own takes displays";
/// Opens a tag's last hour as a trend.
pub const OPEN_TREND: &str = "Open as a trend";
/// Opens the last exchange of a tag, on the faceplate.
pub const OPEN_FRAMES: &str = "From value to frame";
/// Name of the list of what happened.
pub const JOURNAL: &str = "Journal";
/// Name of the figures of alarms.
pub const FIGURES: &str = "Figures of alarms";
/// Name of the hand-over.
pub const HANDOVER: &str = "Hand-over";
/// The demo plant cannot be edited.
pub const NO_FILE_TO_EDIT: &str =
    "The demo plant has no file to edit. Open a project of your own; projects/demo.toml is this plant, to be copied";
/// The project, to be changed.
pub const EDIT: &str = "Edit the project";
/// Name of the list of faults.
pub const FAULTS: &str = "Faults of the project";

/// Head of the faceplate.
pub const FACEPLATE: &str = "Faceplate";
/// The most urgent alarm's response.
pub const WHAT_TO_DO: &str = "What to do";
/// The trend of the faceplate.
pub const LAST_HOUR: &str = "Last hour";
/// An answer of the historian is under way.
pub const READING: &str = "Reading history…";
/// The tags beside the chosen one.
pub const NEIGHBOURS: &str = "Beside it";

/// Button of dialogs.
pub const CANCEL: &str = "Cancel";
/// Button of dialogs.
pub const CLOSE: &str = "Close";
/// Asks whether a topic that was found is to be forgotten, on the faceplate.
pub const FORGET_TOPIC: &str = "Forget its topic…";
/// Forgets it.
pub const FORGET: &str = "Forget";
/// Does not.
pub const KEEP: &str = "Keep";
/// Ends the program.
pub const STOP_WATCHING: &str = "Stop watching";
/// Keeps it running.
pub const KEEP_WATCHING: &str = "Keep watching";
