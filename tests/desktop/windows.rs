//! Displays edited and shown with a real pointer, in real windows.

use crate::bench;
use crate::stage::{PATIENCE, Stage};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

const DISPLAYS: &str = r#"
[[display]]
name = "Pump"

[[display.panel]]
kind = "value"
at = [0, 0, 6, 2]
tag = "pump1.pressure"
"#;

/// The bench with displays.
fn stage(name: &str, device: &crate::support::Modbus) -> (Stage, PathBuf) {
    let (stage, path) = bench::stage(name, device);
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str(DISPLAYS);
    fs::write(&path, text).unwrap();
    (stage, path)
}

#[test]
fn a_panel_is_dragged_and_the_file_differs_by_one_line() {
    let device = bench::device();
    let (mut stage, path) = stage("canvas", &device);
    let before = fs::read_to_string(&path).unwrap();
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    stage.click("Open display Pump");
    // Its trend is of the display before: what comes next is of this one.
    stage.wait("the display", SOON, |tree| (!tree.nodes.iter().any(|n| n.name.starts_with("trend "))).then_some(()));
    stage.key("F2");
    stage.wait("the sheets", PATIENCE, |tree| tree.named("Canvas").next().map(|_| ()));
    stage.click("Canvas");
    let panel = stage.wait_for("panel value pump1.pressure", "column 0, row 0, 6 wide, 2 high", SOON);
    stage.click("New panel");
    stage.click("New text");
    let other = stage.wait_for("panel text Text", "column 6, row 0, 6 wide, 1 high", SOON);
    stage.key("Delete");
    stage.drag_with_mouse(&panel, &other, |stage| stage.picture("canvas-drag"));
    stage.wait_for("panel value pump1.pressure", "chosen", SOON);
    stage.key("ctrl+s");
    stage.wait("the file", SOON, |tree| tree.showing("Saved, not in force").next().map(|_| ()));
    stage.picture("canvas");
    let after = fs::read_to_string(&path).unwrap();
    let differs: Vec<(&str, &str)> = before.lines().zip(after.lines()).filter(|(a, b)| a != b).collect();
    assert_eq!(differs.len(), 1, "{differs:?}");
    assert_eq!(before.lines().count(), after.lines().count());
    assert!(matches!(differs[..], [("at = [0, 0, 6, 2]", new)] if new.starts_with("at = [6, ")), "{differs:?}");
}

#[test]
fn a_window_of_its_own_opens_and_is_there_again_after_a_restart() {
    let device = bench::device();
    let (mut stage, path) = stage("windows", &device);
    let file = path.to_str().unwrap().to_owned();
    stage.open(&[&file]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    assert_eq!(stage.windows().len(), 1);
    stage.key("ctrl+k");
    stage.wait("the finder", SOON, |tree| tree.named("Find").next().map(|_| ()));
    stage.text("pump in a window");
    stage.key("Return");
    stage.wait_until("a second window", SOON, |stage| stage.windows().len() == 2);
    let named = |stage: &Stage| stage.windows().into_iter().find(|(_, title)| title.starts_with("Pump - "));
    stage.wait_until("its title", SOON, |stage| named(stage).is_some());
    stage.wait_for("pump1.pressure", "4.12 bar", SOON);
    // Esc closes nothing; closing it ends nothing.
    let (second, _) = named(&stage).unwrap();
    stage.tool("xdotool", &["windowactivate", &second, "sleep", "1", "key", "Escape"]);
    // It is kept when it stands still.
    let kept = stage.home().join(".config/watchkeeper/window.json");
    stage.wait_until("its place is kept", SOON, |_| {
        fs::read_to_string(&kept).is_ok_and(|text| text.contains("\"Pump\""))
    });
    stage.picture("windows");
    assert_eq!(stage.windows().len(), 2);
    stage.signal("TERM");
    assert!(stage.ended(PATIENCE).success());
    stage.open(&[&file]);
    stage.wait_until("both windows", SOON, |stage| stage.windows().len() == 2 && named(stage).is_some());
    stage.wait_for("pump1.pressure", "4.12 bar", SOON);
    let (second, _) = named(&stage).unwrap();
    stage.picture("windows-again");
    stage.tool("xdotool", &["windowactivate", &second, "sleep", "1", "key", "alt+F4"]);
    stage.wait_until("one window", SOON, |stage| stage.windows().len() == 1);
    assert!(stage.runs());
}
