//! A hand on the mouse: a value dragged onto a trend, its last hour, and a trend that becomes a display of the project.

use crate::bench;
use crate::stage::{PATIENCE, Stage};
use crate::tree::Node;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

fn named(stage: &mut Stage, name: &str) -> Node {
    stage.wait(name, PATIENCE, |tree| tree.named(name).find(|node| node.place.is_some()).cloned())
}

#[test]
fn a_value_dragged_onto_a_trend_is_a_pen_of_it() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("hand", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("pump1.pressure", "4.12 bar", PATIENCE);
    let from = named(&mut stage, "pump1.running");
    let to = named(&mut stage, "trend tank1.level, pump1.pressure");
    stage.drag_with_mouse(&from, &to, |stage| {
        std::thread::sleep(Duration::from_millis(300));
        stage.picture("hand-drag");
    });
    named(&mut stage, "trend tank1.level, pump1.pressure, pump1.running");
    assert!(stage.tree().named("Close faceplate").next().is_none(), "a drag is no press");
    stage.picture("hand-dropped");
    stage.click("Take off pen pump1.running");
    named(&mut stage, "trend tank1.level, pump1.pressure");
}

#[test]
fn a_double_click_opens_the_last_hour_and_what_is_made_of_it_is_saved_as_a_display() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("save", &device);
    let before = std::fs::read_to_string(&path).unwrap();
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("pump1.pressure", "4.12 bar", PATIENCE);
    let value = named(&mut stage, "pump1.pressure");
    stage.double_click_with_mouse(&value);
    named(&mut stage, "trend pump1.pressure");
    // The faceplate that the first press opened stays, and is to drag from, too.
    stage.click("Save Trend pump1.pressure");
    named(&mut stage, "Name of the display");
    stage.key("ctrl+a");
    stage.text("Night watch");
    std::thread::sleep(Duration::from_millis(300));
    stage.picture("save-display");
    stage.click("Save as a display");
    named(&mut stage, "Open display Night watch");
    stage.wait("its own trend, from the project", SOON, |tree| {
        let shown = tree.named("trend pump1.pressure").next().is_some();
        (shown && tree.named("Close Trend pump1.pressure").next().is_none()).then_some(())
    });
    let after = std::fs::read_to_string(&path).unwrap();
    let added = after.strip_prefix(before.as_str()).expect("all before it is as it was");
    assert!(added.contains("name = \"Night watch\"") && added.contains("tag = \"pump1.pressure\""), "{added}");
    stage.picture("saved-display");
    // Nothing was stopped for it.
    device.set(2, &[433]);
    stage.wait_for("pump1.pressure", "4.33 bar", SOON);
}
