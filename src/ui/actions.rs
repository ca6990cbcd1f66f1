//! What can be done in this window, in one table: its words, its explanation and its key. The menu, the keys, the finder
//! and the help page are all made from it, so that none can tell another story.

use super::Action;
use crate::engine::plan::{Condition, DeviceId, Plan};
use eframe::egui::{Context, Key, KeyboardShortcut, Modifiers};
use std::sync::Arc;

/// One thing that can be done.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it does.
    pub action: Action,
    /// As a menu says it.
    pub text: &'static str,
    /// One sentence more.
    pub explanation: &'static str,
    /// Its keys; the first is the one shown.
    pub keys: &'static [KeyboardShortcut],
    /// A line stands above it in the menu.
    pub group_start: bool,
}

const fn key(modifiers: Modifiers, key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(modifiers, key)
}

const FIND: &[KeyboardShortcut] = &[key(Modifiers::COMMAND, Key::K)];
const OPEN: &[KeyboardShortcut] = &[key(Modifiers::COMMAND, Key::O)];
const NEW: &[KeyboardShortcut] = &[key(Modifiers::COMMAND, Key::N)];
const LARGER: &[KeyboardShortcut] = &[key(Modifiers::COMMAND, Key::Plus), key(Modifiers::COMMAND, Key::Equals)];
const SMALLER: &[KeyboardShortcut] = &[key(Modifiers::COMMAND, Key::Minus)];
const USUAL: &[KeyboardShortcut] = &[key(Modifiers::COMMAND, Key::Num0)];
const FULL: &[KeyboardShortcut] = &[key(Modifiers::NONE, Key::F11)];
const HELP: &[KeyboardShortcut] = &[key(Modifiers::NONE, Key::F1)];
const EDIT: &[KeyboardShortcut] = &[key(Modifiers::NONE, Key::F2)];
const REVIEW: &[KeyboardShortcut] = &[key(Modifiers::NONE, Key::F5)];
const ALARMS: &[KeyboardShortcut] = &[key(Modifiers::NONE, Key::F7)];
const HIDDEN: &[KeyboardShortcut] = &[key(Modifiers::NONE, Key::F3)];
const FLOOD: &[KeyboardShortcut] = &[key(Modifiers::NONE, Key::F4)];
const JOURNAL: &[KeyboardShortcut] = &[key(Modifiers::NONE, Key::F6)];
const TREE: &[KeyboardShortcut] = &[key(Modifiers::COMMAND, Key::B)];
const WINDOW: &[KeyboardShortcut] = &[key(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::N)];
const SETTINGS: &[KeyboardShortcut] = &[key(Modifiers::COMMAND, Key::Comma)];
const QUIT: &[KeyboardShortcut] = &[key(Modifiers::COMMAND, Key::Q)];

/// Keys that act where the focus is, rather than in the whole window: for the help page.
pub const LOCAL_KEYS: [(&str, &str); 30] = [
    ("Tab, Shift+Tab", "Go to the next or the previous thing that can be pressed"),
    ("Enter or Space", "Press what has the focus"),
    ("Space", "In a list of alarms: acknowledge the chosen rows that are on the screen"),
    ("Up, Down", "In a list: choose the row above or below; with Shift one more; Home, End, Page Up, Page Down"),
    ("Ctrl+A", "In a list of alarms: choose all rows that are on the screen; Ctrl+click one more or less"),
    ("Enter", "In the alarm list: all about the chosen alarm; Right and Left open and fold a group"),
    ("Menu, Shift+F10", "In a list of alarms: what can be done about the chosen one, as by a right click"),
    ("S, G, Ctrl+F", "In the alarm list: shelve what is chosen; fold by device, by display; search"),
    ("U", "In the list of hidden alarms: unshelve the one that has the focus, or put it back in service"),
    ("F9", "In the alarm list: shelve the most urgent alarm that chatters for 30 min; asks first if it is critical"),
    ("Double click", "On a value, wherever it stands: open its last hour as a trend"),
    (
        "Drag a value",
        "Onto a trend: it becomes a pen; Esc lets it go. Without a pointer: Add a pen… in the trend's menu",
    ),
    ("1 to 9", "On a trend: show a minute, 10 minutes, an hour, 8 hours, a day, a week, 30 days, a year, 5 years"),
    ("Wheel, drag", "On a trend: zoom at the pointer; pan"),
    ("Home, Esc, double click", "On a trend: back to live, over the time that the project says"),
    ("Left, Right", "On a trend that has the focus: pan by a tenth"),
    ("Page Up, Page Down", "On a trend: pan by all that is seen; + and - zoom where it has the focus"),
    (
        "Shift+click, M",
        "On a trend: set a cursor, then a second; the table tells change, rate, extremes and mean between them",
    ),
    (
        "Right click",
        "On a trend: its menu, to compare with an earlier time, to take its picture, to save what it shows",
    ),
    ("Right button, drag", "On a trend: set both cursors"),
    (
        "Shift+Left, Shift+Right",
        "On a trend that has the focus: move the reading cursor; Delete or Esc takes cursors away",
    ),
    (
        "Enter, or any letter",
        "In a sheet of the editor: type into the cell; Enter goes down, Tab right, Esc takes it back",
    ),
    ("Ctrl+C, X, V, D", "In a sheet: copy, cut, paste as with a spreadsheet; fill down what the first chosen row says"),
    ("Insert, Ctrl+Delete", "In a sheet: a new row below; without the chosen rows. Delete empties the chosen cells"),
    (
        "Ctrl+Z, Y, H, S, Enter",
        "In the editor: undo, redo, replace, save; review what changes in the plant, and apply it",
    ),
    ("F9", "In the editor: roll back what the last save wrote, with a review before anything is written"),
    (
        "Arrows, Shift+arrows",
        "On the editor's canvas: move what is chosen by a cell, make it larger or smaller; Tab goes from panel to panel",
    ),
    (
        "Ctrl+A, D, C, X, V, Delete",
        "On the canvas: choose all, once more, copy, cut, paste, without; Enter goes to the fields, Esc chooses nothing",
    ),
    ("Ctrl+Enter, Esc", "In a new project: the next page, the page before; Enter in a field tries the connection"),
    ("Esc", "Close the dialog, the finder, the list or the faceplate on top"),
];

/// Everything that can be done, in the menu's order.
pub fn all() -> Vec<Entry> {
    let entry = |action, text, explanation, keys| Entry { action, text, explanation, keys, group_start: false };
    let group = |action, text, explanation, keys| Entry { action, text, explanation, keys, group_start: true };
    vec![
        entry(Action::OpenPalette, "Find…", "Any tag, display, alarm or command, by a part of its name", FIND),
        entry(Action::OpenAlarmList, "All alarms", "Every alarm that is not normal, most urgent first", ALARMS),
        entry(
            Action::OpenHidden,
            "Hidden alarms",
            "Shelved, suppressed and out of service, each with its reason",
            HIDDEN,
        ),
        entry(
            Action::ToggleFlood,
            "Flood console",
            "What came first, what is new, what chatters, and the list folded; or one by one again",
            FLOOD,
        ),
        entry(Action::OpenJournal, "Journal", "What happened and what people did, the newest first", JOURNAL),
        entry(
            Action::OpenFigures,
            "Figures of alarms",
            "Rates, floods, the most frequent, chattering and stale ones, each beside its target",
            &[],
        ),
        entry(
            Action::OpenHandover,
            "Hand-over",
            "What the next shift has to know, since the shift began; as a page to print",
            &[],
        ),
        entry(
            Action::SilenceHorn,
            "Silence horn",
            "Quiets what sounds now, and journals it; the next new alarm sounds again",
            &[],
        ),
        entry(
            Action::ChooseForced,
            "Force a value…",
            "Try out with a value given by hand: screens, formulas and alarms take it; the device is not written to",
            &[],
        ),
        entry(
            Action::OpenForced,
            "Forced values",
            "What is forced by hand, by whom and why; released one by one, or all at once",
            &[],
        ),
        entry(
            Action::OpenPlay,
            "Play a scenario…",
            "A scenario of rehearse on these displays, at any speed and not live; or back to the play that waits",
            &[],
        ),
        entry(
            Action::SaveScenario,
            "Save as a scenario…",
            "A stretch of what was recorded, of the tags that you choose, as a scenario to be played",
            &[],
        ),
        entry(Action::TestHorn, "Test the horn", "Plays a tone, and says by which program, or why not", &[]),
        group(Action::ToggleTree, "Displays", "Shows the tree of displays, or folds it away", TREE),
        entry(
            Action::OpenWindow(None),
            "Display in a window",
            "The display that is shown, in a window of its own; any other by Ctrl+K or a right click in the tree",
            WINDOW,
        ),
        entry(Action::OpenDevices, "Devices", "Every device's link with its figures", &[]),
        entry(Action::OpenAllTags, "All tags", "Every tag with its value, quality and age", &[]),
        entry(Action::NewTrend, "New trend", "An empty trend; a tag that is dropped on it becomes a pen", &[]),
        entry(
            Action::OpenFaults,
            "Faults of the project",
            "What is wrong in the project file, with line and mend",
            &[],
        ),
        entry(
            Action::ToggleEdit,
            "Edit the project",
            "Devices, tags, alarms and displays in sheets like a spreadsheet's, while the plant runs; or back to it",
            EDIT,
        ),
        entry(
            Action::ReviewFile,
            "Review and apply…",
            "What the project's file says and the plant does not do yet, whoever wrote it, and putting that into force",
            REVIEW,
        ),
        entry(
            Action::OpenWorkbench(None),
            "Decode workbench",
            "A device's registers under every type and order, and what of them shows what its own display shows",
            &[],
        ),
        entry(
            Action::OpenExplorer(None),
            "Topic explorer",
            "A broker's topics as a tree, live; a value of a payload becomes a tag, a pattern of topics a family",
            &[],
        ),
        entry(
            Action::OpenScan,
            "Look for devices…",
            "Asks a Modbus line who answers and what can be read, or listens to a broker's topics; it only reads",
            &[],
        ),
        group(
            Action::NewProject,
            "New project…",
            "A device on the table becomes a plant in a few steps, seen live before anything is written",
            NEW,
        ),
        entry(Action::OpenExamples, "Examples…", "Projects to look at, to copy and to change", &[]),
        entry(
            Action::Import(None),
            "Import…",
            "Devices and tags of a file of Home Assistant, Telegraf or SunSpec, or a table of a spreadsheet",
            &[],
        ),
        entry(Action::ChooseProject, "Open project…", "Stops watching this one and opens another, or a bundle", OPEN),
        entry(
            Action::ShareBundle,
            "Share a bundle…",
            "One file for a colleague: the project, its pictures, and what was recorded lately; no passwords",
            &[],
        ),
        entry(
            Action::OpenDemo,
            "Open the demo plant",
            "A pumping station that runs in this program; not a real plant",
            &[],
        ),
        group(
            Action::OpenSettings,
            "Settings…",
            "Your name at this desk, horn, notices on the desktop, theme, size of text",
            SETTINGS,
        ),
        entry(Action::ToggleTheme, "Other theme", "Dark for dimmed rooms, light for daylight", &[]),
        entry(Action::TextScale(1), "Larger text", "Up to 200 %", LARGER),
        entry(Action::TextScale(-1), "Smaller text", "Down to 75 %", SMALLER),
        entry(Action::TextScale(0), "Usual text", "100 %", USUAL),
        entry(Action::ToggleFullScreen, "Full screen", "Fills the screen, or no longer", FULL),
        group(Action::OpenHelp, "Keys", "Every key of this window", HELP),
        entry(Action::Quit, "Stop watching", "Closes the window; asks first while alarms stand", QUIT),
    ]
}

/// Whether an action concerns the program rather than one of its windows: then the main window does it.
pub const fn is_of_program(action: &Action) -> bool {
    matches!(
        action,
        Action::ToggleEdit
            | Action::ReviewFile
            | Action::AskDesk(_)
            | Action::OpenScan
            | Action::OpenWorkbench(_)
            | Action::OpenExplorer(_)
            | Action::MakeTag(_)
            | Action::SaveDisplay(_)
            | Action::Forget(_)
            | Action::NewProject
            | Action::OpenExamples
            | Action::Import(_)
            | Action::PutImport(_)
            | Action::ChooseProject
            | Action::OpenProject(_)
            | Action::ShareBundle
            | Action::CopyProject
            | Action::OpenDemo
            | Action::OpenPlay
            | Action::PlayScenario(_)
            | Action::SaveScenario
            | Action::OpenSettings
            | Action::SetDeskName(_)
            | Action::TestHorn
            | Action::SetHorn(_)
            | Action::SetPlayer(_)
            | Action::SetNotifications(_)
            | Action::ToggleTheme
            | Action::TextScale(_)
            | Action::OpenWindow(_)
            | Action::Quit
    )
}

/// Whether the main window has to be seen for it.
pub const fn is_answered_in_the_main_window(action: &Action) -> bool {
    !matches!(action, Action::ToggleTheme | Action::TextScale(_) | Action::OpenWindow(_) | Action::AskDesk(_))
}

/// All about a device.
pub fn of_device(plan: &Plan, device: DeviceId) -> Action {
    plan.device(device).map_or(Action::OpenDevices, |device| Action::OpenDevice(Arc::clone(&device.name)))
}

/// A key as people write it: `Ctrl+K`.
pub fn key_text(shortcut: KeyboardShortcut) -> String {
    let mut text = String::new();
    let modifiers = shortcut.modifiers;
    for (pressed, name) in [
        (modifiers.command || modifiers.ctrl, if cfg!(target_os = "macos") { "Cmd" } else { "Ctrl" }),
        (modifiers.alt, "Alt"),
        (modifiers.shift, "Shift"),
    ] {
        if pressed {
            text.push_str(name);
            text.push('+');
        }
    }
    text.push_str(match shortcut.logical_key {
        Key::Plus => "+",
        Key::Minus => "-",
        Key::Comma => ",",
        Key::Num0 => "0",
        other => other.name(),
    });
    text
}

/// Actions whose keys were pressed in this frame. None of them is a bare letter, so that none acts while a text field
/// has the focus and a word is typed.
pub fn pressed(ctx: &Context) -> Vec<Action> {
    let entries = all();
    ctx.input_mut(|input| {
        entries.into_iter().filter(|e| e.keys.iter().any(|k| input.consume_shortcut(k))).map(|e| e.action).collect()
    })
}

/// What pressing an alarm of the program itself opens.
pub const fn of_system(condition: Condition) -> Action {
    match condition {
        Condition::ProjectFaults => Action::OpenFaults,
        // Its row in the list says what, why and what to do.
        _ => Action::OpenAlarmList,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things_and_no_bare_letter_does_any() {
        let mut seen = Vec::new();
        for entry in all() {
            for key in entry.keys {
                assert!(!seen.contains(key), "{} twice", key_text(*key));
                seen.push(*key);
                let bare = key.modifiers == Modifiers::NONE;
                assert!(!bare || key.logical_key.name().starts_with('F'), "{} is a bare key", key_text(*key));
            }
        }
    }

    #[test]
    fn keys_are_written_as_people_write_them() {
        assert_eq!(key_text(FIND[0]), if cfg!(target_os = "macos") { "Cmd+K" } else { "Ctrl+K" });
        assert_eq!(key_text(FULL[0]), "F11");
        assert!(key_text(SMALLER[0]).ends_with("+-"));
    }
}
