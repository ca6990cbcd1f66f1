//! The editor: cells and keys, what is undone, what is at fault, what is asked of the program around it.

use crate::window::{Desktop, is_there, picture, press};
use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use watchkeeper::engine::Mode;
use watchkeeper::link::{DeployAsk, DeployPlan, DeskRequest};
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::editing;
use watchkeeper::runtime::load::fingerprint;
use watchkeeper::time::Span;
use watchkeeper::ui::sample;
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::Place;
use watchkeeper::ui::theme::ThemeChoice;

pub type Window = Harness<'static, Desktop>;

const TEXT: &str = include_str!("../../projects/demo.toml");

/// A project on a disk.
pub struct Plant {
    _folder: TempDir,
    pub path: PathBuf,
}

impl Plant {
    pub fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("riverside.toml");
        fs::write(&path, text).unwrap();
        // The demo's drawing lies beside it.
        fs::write(folder.path().join("pumping.svg"), include_str!("../../projects/pumping.svg")).unwrap();
        Self { _folder: folder, path }
    }

    pub fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    /// The editor of it, with its own way to the disk.
    pub fn edit(&self, theme: ThemeChoice, size: [f32; 2], percent: u16) -> Window {
        self.edit_over(None, theme, size, percent)
    }

    /// The same, where another version runs.
    fn edit_over(&self, in_force: Option<&str>, theme: ThemeChoice, size: [f32; 2], percent: u16) -> Window {
        let mut sample = sample::riverside();
        sample.about.in_force = in_force.map(str::to_owned);
        sample.about.file_now = in_force.map(|_| fingerprint(self.text().as_bytes()));
        sample.about.path = Some(self.path.clone());
        sample.snapshot.mode = Mode::Live;
        let settings = Settings { theme, text_scale_percent: percent, ..Settings::default() };
        let mut desktop = Desktop::new(sample, settings);
        desktop.shell.set_editing(Some(editing::serve(system_clock()).unwrap()));
        desktop.shell.open(Place::Edit, None);
        let mut harness = desktop.harness(size);
        until(&mut harness, "the file", |h| is_there(h, "Tags") || is_there(h, "Edit the kept draft"));
        // A dialog is measured in its first frame, and seen in the next.
        harness.run_steps(3);
        harness
    }
}

fn open(text: &str) -> (Plant, Window) {
    let plant = Plant::new(text);
    let window = plant.edit(ThemeChoice::Dark, [1280.0, 800.0], 100);
    (plant, window)
}

/// What was asked of the plant.
fn ask(harness: &mut Window) -> DeployAsk {
    let mut asked = std::mem::take(&mut harness.state_mut().asked).into_iter();
    match (asked.next(), asked.next()) {
        (Some(DeskRequest::Deploy(asked)), None) => *asked,
        other => panic!("{other:?}"),
    }
}

pub fn keys(harness: &mut Window, keys: &[(Modifiers, Key)]) {
    for (modifiers, key) in keys {
        harness.key_press_modifiers(*modifiers, *key);
        harness.run_steps(2);
    }
}

pub fn text(harness: &mut Window, typed: &str) {
    harness.event(Event::Text(typed.to_owned()));
    harness.run_steps(2);
}

/// What a cell, or a field, says.
pub fn said(harness: &Window, name: &str) -> String {
    harness.get_by_label(name).accesskit_node().value().unwrap_or_default()
}

/// With what is told of its fault.
pub fn described(harness: &Window, name: &str) -> String {
    harness.get_by_label(name).accesskit_node().description().unwrap_or_default()
}

/// The judge is a thread of its own: waits for what it says, a frame at a time.
pub fn until(harness: &mut Window, what: &str, mut is: impl FnMut(&mut Window) -> bool) {
    let (clock, patience) = (system_clock(), Span::from_secs(20));
    let begun = clock.now().mono;
    while !is(harness) {
        assert!(clock.now().mono - begun < patience, "{what}");
        std::thread::yield_now();
        harness.run_steps(1);
    }
}

pub const NONE: Modifiers = Modifiers::NONE;
pub const CTRL: Modifiers = Modifiers::COMMAND;

#[test]
fn the_editor_is_painted_in_both_themes_and_sizes() {
    for (theme, shade) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        for (size, percent, what) in
            [([1280.0, 800.0], 100, ""), ([2560.0, 1440.0], 150, "-2560"), ([1280.0, 800.0], 150, "-150")]
        {
            let plant = Plant::new(TEXT);
            let mut harness = plant.edit(theme, size, percent);
            picture(&mut harness, &format!("editor-tags-{shade}{what}"));
            press(&mut harness, "Alarms");
            picture(&mut harness, &format!("editor-alarms-{shade}{what}"));
        }
    }
}

#[test]
fn a_cell_is_typed_into_by_keys_alone_and_taken_back_by_its_name() {
    let (_plant, mut harness) = open(TEXT);
    press(&mut harness, "Tags");
    assert_eq!(said(&harness, "cell description of station.flow"), "All pumps together");
    keys(&mut harness, &[(NONE, Key::ArrowDown), (NONE, Key::ArrowRight)]);
    text(&mut harness, "S");
    text(&mut harness, "um");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    assert_eq!(said(&harness, "cell description of station.flow"), "Sum");
    assert!(is_there(&harness, "Undo: Change description of station.flow"));
    keys(&mut harness, &[(CTRL, Key::Z)]);
    assert_eq!(said(&harness, "cell description of station.flow"), "All pumps together");
    keys(&mut harness, &[(CTRL, Key::Y)]);
    assert_eq!(said(&harness, "cell description of station.flow"), "Sum");
}

#[test]
fn a_paste_of_many_rows_is_worked_out_aside_and_what_is_typed_behind_it_comes_behind_it() {
    let (_plant, mut harness) = open("watchkeeper = 1\n");
    press(&mut harness, "Tags");
    let rows = (0..600).map(|n| format!("t{n}\n")).collect::<Vec<_>>().concat();
    harness.event(Event::Paste(rows));
    harness.run_steps(1);
    keys(&mut harness, &[(CTRL, Key::Home)]);
    text(&mut harness, "first");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    until(&mut harness, "the new name", |h| is_there(h, "cell name of first"));
    assert!(is_there(&harness, "cell name of t1") && !is_there(&harness, "cell name of t0"));
    // Two presses are two steps, though the first takes a while.
    keys(&mut harness, &[(CTRL, Key::Z), (CTRL, Key::Z)]);
    until(&mut harness, "no row", |h| is_there(h, "As in the file"));
    assert!(!is_there(&harness, "cell name of t1"));
    keys(&mut harness, &[(CTRL, Key::Y), (CTRL, Key::Y)]);
    until(&mut harness, "all again", |h| is_there(h, "cell name of first"));
    keys(&mut harness, &[(CTRL, Key::A), (CTRL, Key::Delete)]);
    until(&mut harness, "no row", |h| h.query_by_label_contains("No tags yet").is_some());
}

#[test]
fn what_is_typed_into_fields_within_one_frame_comes_into_each_of_them() {
    let (_plant, mut harness) = open(TEXT);
    press(&mut harness, "Devices");
    harness.get_by_role_and_label(Role::TextInput, "unit-id of plc1").focus();
    harness.run_steps(2);
    let key = |key| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: NONE };
    let typed = |text: &str| Event::Text(text.to_owned());
    let events = [typed("6"), key(Key::Tab), typed("7"), key(Key::Tab), typed("8")];
    harness.input_mut().events.extend(events);
    harness.run_steps(6);
    let fields: Vec<(String, String)> = harness
        .query_all_by_role(Role::TextInput)
        .map(|node| node.accesskit_node())
        .map(|node| (node.label().unwrap_or_default(), node.value().unwrap_or_default()))
        .filter(|(name, _)| name.ends_with(" of plc1"))
        .collect();
    let at = fields.iter().position(|(name, _)| name == "unit-id of plc1").unwrap();
    let ends: Vec<bool> =
        ["6", "7", "8"].iter().zip(&fields[at..]).map(|(end, (_, said))| said.ends_with(end)).collect();
    assert_eq!(ends, [true; 3], "{fields:?}");
}

#[test]
fn a_hand_that_is_faster_than_a_frame_loses_no_letter() {
    let (_plant, mut harness) = open(TEXT);
    press(&mut harness, "Tags");
    keys(&mut harness, &[(NONE, Key::ArrowRight)]);
    let key = |key| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: NONE };
    let typed = |text: &str| Event::Text(text.to_owned());
    let events = [typed("4"), typed("6"), key(Key::Backspace), typed("5"), key(Key::Enter), typed("7"), key(Key::Tab)];
    harness.input_mut().events.extend(events);
    harness.run_steps(3);
    assert_eq!(said(&harness, "cell description of station.inflow"), "45");
    assert_eq!(said(&harness, "cell description of station.flow"), "7");
    // And when the field of a cell has the keys already.
    press(&mut harness, "Devices");
    text(&mut harness, "d");
    let events = [typed("x"), key(Key::Tab), key(Key::Tab), typed("1"), typed("2"), key(Key::Enter), typed("3")];
    harness.input_mut().events.extend(events);
    harness.run_steps(3);
    text(&mut harness, "4");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    assert_eq!(
        (said(&harness, "cell name of dx"), said(&harness, "cell address of dx")),
        ("dx".to_owned(), "12".to_owned())
    );
    assert_eq!(said(&harness, "cell address of plc2"), "34", "the field keeps the keys");
}

#[test]
fn rows_from_a_spreadsheet_become_tags_and_one_undo_takes_them_all_away() {
    let (_plant, mut harness) = open("watchkeeper = 1\n\n[[tag]]\nname = \"a\"\nformula = \"1\"\n");
    press(&mut harness, "Tags");
    let rows = "b\t\"Pump \"\"2\"\"\"\r\nc\tThird\r\n";
    keys(&mut harness, &[(NONE, Key::ArrowUp)]);
    harness.event(Event::Paste(format!("a\tFirst\r\n{rows}")));
    harness.run_steps(3);
    assert_eq!(said(&harness, "cell description of a"), "First");
    assert_eq!(said(&harness, "cell description of b"), "Pump \"2\"");
    assert_eq!(said(&harness, "cell description of c"), "Third");
    keys(&mut harness, &[(CTRL, Key::Z)]);
    assert!(!is_there(&harness, "cell description of b"));
    assert_eq!(said(&harness, "cell description of a"), "");
}

#[test]
fn what_is_wrong_stands_beside_the_cell_and_leads_there() {
    let (_plant, mut harness) = open(TEXT);
    press(&mut harness, "Tags");
    keys(&mut harness, &[(NONE, Key::ArrowRight), (NONE, Key::ArrowRight), (NONE, Key::ArrowRight)]);
    text(&mut harness, "nonsense");
    keys(&mut harness, &[(NONE, Key::Tab)]);
    until(&mut harness, "a fault", |h| described(h, "cell register of station.inflow").contains("fault: "));
    let told = described(&harness, "cell register of station.inflow");
    assert!(told.starts_with("nonsense, fault: \"nonsense\" is no register; write holding:100"), "{told}");
    until(&mut harness, "the count", |h| is_there(h, "Faults of the draft: 1 fault"));
    picture(&mut harness, "editor-fault-dark");
    press(&mut harness, "Devices");
    press(&mut harness, "Faults of the draft: 1 fault");
    picture(&mut harness, "editor-faults-dark");
    let line = TEXT.lines().position(|line| line.contains("input:42")).unwrap() + 1;
    press(&mut harness, &format!("fault, line {line}: \"nonsense\" is no register"));
    assert!(is_there(&harness, "cell register of station.inflow"), "the sheet of tags, with the cursor on the cell");
}

#[test]
fn a_change_is_reviewed_then_written_as_one_line_and_put_into_force() {
    let (plant, mut harness) = open(TEXT);
    press(&mut harness, "Tags");
    keys(&mut harness, &[(NONE, Key::ArrowRight)]);
    text(&mut harness, "Into the well");
    keys(&mut harness, &[(NONE, Key::Enter), (CTRL, Key::Enter)]);
    let asked = ask(&mut harness);
    assert!(!asked.apply);
    let after = TEXT.replacen("\"Inflow to the wet well, FT-001\"", "\"Into the well\"", 1);
    assert_eq!(std::str::from_utf8(&asked.text).unwrap(), after);
    let plan = DeployPlan {
        summary: "1 description".to_owned(),
        impact: vec!["no device reconnects".to_owned()],
        changes: vec!["description of station.inflow".to_owned()],
        refused: None,
    };
    let plan = Arc::new(plan);
    asked.answer.set(Ok(Arc::clone(&plan))).unwrap();
    harness.run_steps(3);
    assert!(is_there(&harness, "no device reconnects"));
    picture(&mut harness, "editor-review-dark");
    assert_eq!(plant.text(), TEXT, "nothing is written before it was seen");
    keys(&mut harness, &[(CTRL, Key::Z)]);
    press(&mut harness, "Write and apply");
    until(&mut harness, "the file", |h| !h.state().asked.is_empty());
    assert_eq!(plant.text(), after);
    let asked = ask(&mut harness);
    assert!(asked.apply && *asked.text == *after.as_bytes());
    asked.answer.set(Ok(plan)).unwrap();
    until(&mut harness, "its end", |h| is_there(h, "As in the file") && !is_there(h, "Write and apply"));
    // What was saved can be taken back all the same.
    press(&mut harness, "Undo: Change description of station.inflow");
    assert!(is_there(&harness, "Not saved"));
}

#[test]
fn a_file_that_was_written_by_hand_is_reviewed_and_applied_without_a_change_here() {
    let plant = Plant::new(TEXT);
    let mut window = plant.edit_over(Some("of before"), ThemeChoice::Dark, [1280.0, 800.0], 100);
    assert!(is_there(&window, "Saved, not in force") && is_there(&window, "Review and apply"));
    keys(&mut window, &[(Modifiers::NONE, Key::F5)]);
    let told = ask(&mut window);
    assert!(!told.apply && *told.text == *TEXT.as_bytes());
    let plan = DeployPlan { summary: "3 limits".to_owned(), ..DeployPlan::default() };
    told.answer.set(Ok(Arc::new(plan.clone()))).unwrap();
    until(&mut window, "the plan", |h| is_there(h, "3 limits"));
    picture(&mut window, "editor-review-by-hand-dark");
    // Somebody writes it again before it is applied: both sides are shown, and nothing comes into force.
    fs::write(&plant.path, format!("# once more\n{TEXT}")).unwrap();
    press(&mut window, "Write and apply");
    until(&mut window, "both sides", |h| is_there(h, "Take both into the draft"));
    press(&mut window, "Take both into the draft");
    window.run_steps(3);
    assert!(window.state_mut().asked.is_empty());
    keys(&mut window, &[(Modifiers::NONE, Key::F5)]);
    let told = ask(&mut window);
    assert!(told.text.starts_with(b"# once more\n"));
    told.answer.set(Ok(Arc::new(plan.clone()))).unwrap();
    until(&mut window, "the plan", |h| is_there(h, "3 limits"));
    press(&mut window, "Write and apply");
    until(&mut window, "what is put into force", |h| !h.state().asked.is_empty());
    let applied = ask(&mut window);
    assert!(applied.apply && applied.text == told.text);
    applied.answer.set(Ok(Arc::new(plan))).unwrap();
    until(&mut window, "the end", |h| is_there(h, "As in the file"));
    // Nothing is left to be reviewed.
    keys(&mut window, &[(Modifiers::NONE, Key::F5)]);
    assert!(is_there(&window, "Nothing differs: what the file says is what runs"));
}

#[test]
fn a_plant_that_refuses_is_told_and_the_file_says_what_counts_at_the_next_start() {
    let (plant, mut harness) = open(TEXT);
    press(&mut harness, "Tags");
    keys(&mut harness, &[(NONE, Key::ArrowRight)]);
    text(&mut harness, "Into the well");
    keys(&mut harness, &[(NONE, Key::Enter), (CTRL, Key::S)]);
    until(&mut harness, "the file", |h| is_there(h, "Saved, not in force"));
    assert!(plant.text().contains("Into the well"));
    keys(&mut harness, &[(CTRL, Key::Enter)]);
    let refused = "another holds it".to_owned();
    let plan = DeployPlan { refused: Some(refused), ..DeployPlan::default() };
    ask(&mut harness).answer.set(Ok(Arc::new(plan))).unwrap();
    harness.run_steps(3);
    assert!(is_there(&harness, "It cannot be put into force while the plant runs: another holds it"));
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_taken_in_and_what_clashes_is_asked() {
    let before = "watchkeeper = 1\n\n[[tag]]\nname = \"a\"\nformula = \"1\"\nunit = \"m\"\ndescription = \"old\"\n";
    let (plant, mut harness) = open(before);
    press(&mut harness, "Tags");
    keys(&mut harness, &[(NONE, Key::ArrowRight)]);
    text(&mut harness, "mine");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    let theirs = before.replace("\"old\"", "\"theirs\"").replace("\"m\"", "\"km\"");
    fs::write(&plant.path, &theirs).unwrap();
    keys(&mut harness, &[(CTRL, Key::S)]);
    until(&mut harness, "the question", |h| is_there(h, "Take what is chosen into the draft"));
    picture(&mut harness, "editor-changed-dark");
    assert_eq!(plant.text(), theirs, "nothing was written over it");
    press(&mut harness, "Take what is chosen into the draft");
    assert_eq!(said(&harness, "cell description of a"), "mine");
    assert_eq!(said(&harness, "unit of a"), "km", "beside the sheet, where there is no room in it");
    keys(&mut harness, &[(CTRL, Key::S)]);
    until(&mut harness, "the file", |h| is_there(h, "Saved, not in force"));
    assert_eq!(plant.text(), theirs.replace("\"theirs\"", "\"mine\""));
}

#[test]
fn a_draft_that_was_not_saved_is_offered_with_what_it_changes() {
    let (plant, mut harness) = open(TEXT);
    press(&mut harness, "Tags");
    keys(&mut harness, &[(NONE, Key::ArrowRight)]);
    text(&mut harness, "Into the well");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    // The program ends. What is waited for is kept before the disk's thread does.
    drop(harness);
    let draft = plant.path.with_file_name("riverside.data").join("drafts").join("draft.toml");
    let (clock, patience) = (system_clock(), Span::from_secs(20));
    let begun = clock.now().mono;
    while !fs::read_to_string(&draft).is_ok_and(|text| text.contains("Into the well")) {
        assert!(clock.now().mono - begun < patience, "{}", draft.display());
        std::thread::yield_now();
    }
    let mut harness = plant.edit(ThemeChoice::Light, [1280.0, 800.0], 100);
    picture(&mut harness, "editor-found-light");
    press(&mut harness, "Edit the kept draft");
    press(&mut harness, "Tags");
    assert_eq!(said(&harness, "cell description of station.inflow"), "Into the well");
    keys(&mut harness, &[(CTRL, Key::Z)]);
    assert_eq!(said(&harness, "cell description of station.inflow"), "Inflow to the wet well, FT-001");
    assert_eq!(plant.text(), TEXT);
}

#[test]
fn a_draft_that_is_left_for_later_is_a_snapshot_when_something_else_is_edited() {
    let plant = Plant::new(TEXT);
    let drafts = plant.path.with_file_name("riverside.data").join("drafts");
    fs::create_dir_all(&drafts).unwrap();
    fs::write(drafts.join("draft.toml"), TEXT.replace("All pumps together", "Left")).unwrap();
    let mut harness = plant.edit(ThemeChoice::Dark, [1280.0, 800.0], 100);
    press(&mut harness, "Not now");
    press(&mut harness, "Tags");
    keys(&mut harness, &[(NONE, Key::ArrowRight)]);
    text(&mut harness, "Into the well");
    keys(&mut harness, &[(NONE, Key::Enter)]);
    let has = |words: &str, snapshot: bool| {
        let files = fs::read_dir(&drafts).unwrap().map(|file| file.unwrap().path());
        let is = |path: &PathBuf| path.file_name().is_some_and(|name| (name != "draft.toml") == snapshot);
        files.filter(is).any(|path| fs::read_to_string(path).is_ok_and(|text| text.contains(words)))
    };
    until(&mut harness, "the new draft", |_| has("Into the well", false));
    assert!(has("\"Left\"", true));
}

#[test]
fn a_name_that_changes_takes_whoever_bears_it_along() {
    let (plant, mut harness) = open(
        "watchkeeper = 1\n\n[[tag]]\nname = \"a\"\nformula = \"1\"\n\n[[tag]]\nname = \"b\"\nformula = \"a + 1\"\n",
    );
    press(&mut harness, "Tags");
    keys(&mut harness, &[(NONE, Key::ArrowUp)]);
    text(&mut harness, "well");
    keys(&mut harness, &[(NONE, Key::Enter), (CTRL, Key::S)]);
    until(&mut harness, "the file", |h| is_there(h, "Saved, not in force"));
    let after = plant.text();
    assert!(
        after.contains("name = \"well\"") && after.contains("was = \"a\"") && after.contains("\"well + 1\""),
        "{after}"
    );
}

#[test]
fn everything_is_replaced_only_after_it_was_seen() {
    let (_plant, mut harness) = open(TEXT);
    press(&mut harness, "Tags");
    keys(&mut harness, &[(CTRL, Key::H)]);
    text(&mut harness, "wet well");
    harness.get_by_role_and_label(Role::TextInput, "Replace by").focus();
    harness.run_steps(2);
    text(&mut harness, "sump");
    picture(&mut harness, "editor-replace-dark");
    assert_eq!(said(&harness, "cell description of station.inflow"), "Inflow to the wet well, FT-001");
    let button = harness.get_all_by_label_contains("Replace in").next().unwrap().accesskit_node().label().unwrap();
    press(&mut harness, &button);
    assert_eq!(said(&harness, "cell description of station.inflow"), "Inflow to the sump, FT-001");
    keys(&mut harness, &[(CTRL, Key::Z)]);
    assert_eq!(said(&harness, "cell description of station.inflow"), "Inflow to the wet well, FT-001");
}

#[test]
fn one_key_rolls_back_what_the_last_save_wrote_and_shows_what_that_changes_first() {
    let (plant, mut harness) = open(
        "watchkeeper = 1 # mine\n\n[[tag]]\nname = \"a\"\nformula = \"1\"\n\n[[tag]]\nname = \"b\"\nformula = \"a + 1\"\n",
    );
    let before = plant.text();
    keys(&mut harness, &[(NONE, Key::F9)]);
    until(&mut harness, "no text", |h| is_there(h, "There is no earlier text: the first save makes the first"));
    press(&mut harness, "Tags");
    keys(&mut harness, &[(NONE, Key::ArrowRight)]);
    text(&mut harness, "One");
    keys(&mut harness, &[(NONE, Key::Enter), (CTRL, Key::S)]);
    until(&mut harness, "the file", |h| is_there(h, "Saved, not in force"));
    let after = plant.text();
    assert_ne!(after, before);
    // What is asked of the plant is the text before; nothing is written yet.
    keys(&mut harness, &[(NONE, Key::F9)]);
    until(&mut harness, "the review", |h| is_there(h, "Review and apply"));
    assert_eq!((&*ask(&mut harness).text, plant.text().as_str()), (before.as_bytes(), after.as_str()));
    press(&mut harness, "Go on editing");
    press(&mut harness, "Tags");
    keys(&mut harness, &[(CTRL, Key::Z)]);
    assert!(is_there(&harness, "Saved, not in force"), "taken back, the draft is what the file says");
    // By hand, from the list.
    press(&mut harness, "Earlier texts…");
    until(&mut harness, "the list", |h| h.query_all_by_label_contains("Take the text of").count() == 2);
    harness.run_steps(2);
    picture(&mut harness, "editor-earlier");
    harness.query_all_by_label_contains("Take the text of").last().unwrap().click();
    until(&mut harness, "the review", |h| is_there(h, "Review and apply"));
    assert_eq!(&*ask(&mut harness).text, before.as_bytes());
    press(&mut harness, "Go on editing");
    keys(&mut harness, &[(CTRL, Key::S)]);
    until(&mut harness, "the file", |h| is_there(h, "Saved, not in force"));
    assert_eq!(plant.text(), before);
}

#[test]
fn every_field_of_the_form_is_as_wide_as_the_others() {
    let plant = Plant::new(TEXT);
    // At larger text the smaller window has no room for the form.
    for (percent, width) in [(100, 1280.0), (150, 1920.0)] {
        let mut harness = plant.edit(ThemeChoice::Dark, [width, 1080.0], percent);
        press(&mut harness, "Devices");
        harness.run_steps(3);
        let rect = |name: &str| harness.get_by_label(name).rect();
        let (plain, chosen) = (rect("address of plc1"), rect("protocol of plc1"));
        let button = rect("Choose protocol of plc1");
        assert!((plain.left() - chosen.left()).abs() < 0.6, "{percent} %: {plain:?} {chosen:?}");
        assert!((plain.right() - button.right()).abs() < 0.6, "{percent} %: {plain:?} {button:?}");
        assert!(plain.right() <= width, "{percent} %: {plain:?}");
    }
}
