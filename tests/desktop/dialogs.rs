//! Files that a person chooses in the desktop's own dialog: `zenity`, in the real window beside ours, by its keys.

use crate::bench;
use crate::stage::{PATIENCE, Stage};
use std::fs;
use std::path::Path;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

/// Waits for the dialog, and gives back its X number.
fn dialog(stage: &mut Stage) -> String {
    let mut found = String::new();
    stage.wait_until("the dialog for files", PATIENCE, |stage| {
        stage.tool("xdotool", &["search", "--onlyvisible", "--class", "zenity"]).trim().clone_into(&mut found);
        !found.is_empty() && stage.focused() == found
    });
    // GTK shows it before it takes keys.
    stage.tool("xdotool", &["sleep", "0.5"]);
    found
}

fn gone(stage: &mut Stage) {
    stage.wait_until("the dialog is closed", SOON, |stage| {
        stage.tool("xdotool", &["search", "--onlyvisible", "--class", "zenity"]).trim().is_empty()
    });
}

/// Types this path into the dialog, once it is there.
pub fn choose(stage: &mut Stage, path: &Path) {
    dialog(stage);
    stage.keys(&["ctrl+l", "ctrl+a"]);
    stage.tool("xdotool", &["sleep", "0.3"]);
    stage.text(path.to_str().unwrap());
    stage.tool("xdotool", &["sleep", "0.3"]);
    stage.picture("dialog");
    stage.key("Return");
    gone(stage);
}

/// Closes the dialog without a choice.
pub fn close(stage: &mut Stage) {
    dialog(stage);
    stage.key("Escape");
    gone(stage);
}

/// Does what the finder calls so, with `…` behind it: no keyboard has that.
pub fn find(stage: &mut Stage, words: &str) {
    stage.key("ctrl+k");
    stage.wait("the finder", SOON, |tree| tree.named("Find").next().map(|_| ()));
    stage.text(words);
    let found = format!("command {words}…");
    stage.wait(&found, SOON, |tree| tree.named(&found).next().map(|_| ()));
    stage.key("Return");
}

#[test]
fn a_project_is_opened_by_the_dialog_and_a_closed_dialog_changes_nothing() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("dialog-open", &device);
    stage.open(&[]);
    stage.wait("the demo plant", PATIENCE, |tree| tree.named("Open display Overview").next().map(|_| ()));
    let title = stage.title();
    stage.key("ctrl+o");
    close(&mut stage);
    stage.wait("the demo goes on", SOON, |tree| tree.named("Open display Overview").next().map(|_| ()));
    assert_eq!(stage.title(), title);
    assert_eq!(stage.tree().showing("This desktop showed no dialog").count(), 0, "a person closed it");
    stage.key("ctrl+o");
    choose(&mut stage, &path);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    assert!(stage.title().starts_with("Bench"), "{}", stage.title());
}

#[test]
fn a_bundle_is_shared_opened_and_its_project_copied_by_dialogs() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("dialog-share", &device);
    let (bundle, mine) = (stage.home().join("night.bundle.zip"), stage.home().join("mine"));
    fs::create_dir(&mine).unwrap();
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    stage.wait_until("it is recorded", PATIENCE, |stage| {
        let export = stage.command().args(["export", path.to_str().unwrap()]).output().unwrap();
        String::from_utf8_lossy(&export.stdout).contains("tank1.level")
    });
    find(&mut stage, "Share a bundle");
    stage.click("Make the bundle…");
    close(&mut stage);
    stage.wait("it can be asked for again", SOON, |tree| tree.named("Make the bundle…").next().map(|_| ()));
    assert!(!bundle.exists());
    stage.click("Make the bundle…");
    choose(&mut stage, &bundle);
    stage.wait("it is told", PATIENCE, |tree| tree.showing("night.bundle.zip").next().map(|_| ()));
    stage.picture("dialog-shared");
    stage.signal("TERM");
    assert!(stage.ended(PATIENCE).success());

    stage.open(&[bundle.to_str().unwrap()]);
    stage.wait_for("BUNDLE", "nothing is live", PATIENCE);
    stage.click("Copy its project…");
    close(&mut stage);
    assert_eq!(fs::read_dir(&mine).unwrap().count(), 0);
    stage.click("Copy its project…");
    choose(&mut stage, &mine);
    stage.wait("the copy is told", SOON, |tree| tree.showing("Copied: open ").next().map(|_| ()));
    assert_eq!(fs::read(mine.join("bench.toml")).unwrap(), fs::read(&path).unwrap());
    stage.picture("dialog-copied");
}

#[test]
fn a_desktop_without_a_dialog_is_told_with_what_to_do_instead() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("dialog-none", &device);
    stage.hide_programs();
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    let told = |stage: &mut Stage, what: &str| {
        stage.wait(what, SOON, |tree| {
            let mut nodes = tree.showing("This desktop showed no dialog for files");
            nodes.find(|node| node.name.contains(what) || node.told().contains(what)).map(|_| ())
        });
    };
    stage.key("ctrl+o");
    told(&mut stage, "watchkeeper FILE");
    find(&mut stage, "Play a scenario");
    told(&mut stage, "watchkeeper rehearse");
    find(&mut stage, "Share a bundle");
    stage.click("Make the bundle…");
    told(&mut stage, "watchkeeper bundle");
    stage.picture("dialog-none");
    // It has waited for nothing.
    device.set(0, &[617]);
    stage.key("Escape");
    stage.wait_for("tank1.level", "61.7 %", SOON);
}
