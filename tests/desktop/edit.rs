//! An engineer at the keyboard: a limit and a name are changed while the plant runs, reviewed, written and put into force.

use crate::bench;
use crate::stage::PATIENCE;
use std::fs;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

#[test]
fn a_limit_is_changed_by_keys_alone_and_the_plant_judges_by_it_at_once() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("edit", &device);
    let before = fs::read_to_string(&path).unwrap();
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("pump1.pressure", "4.12 bar", PATIENCE);
    stage.key("F2");
    stage.wait("the sheets", PATIENCE, |tree| tree.named("Alarms").next().map(|_| ()));
    stage.click("Alarms");
    stage.wait_for("cell limit of tank1.level/high", "80.0", SOON);
    // tag, kind, limit.
    stage.key("Right");
    stage.key("Right");
    stage.text("45");
    stage.key("Return");
    stage.wait_for("cell limit of tank1.level/high", "45", SOON);
    stage.key("ctrl+z");
    stage.wait_for("cell limit of tank1.level/high", "80.0", SOON);
    stage.key("ctrl+y");
    stage.wait_for("cell limit of tank1.level/high", "45", SOON);
    stage.picture("edit-cell");
    stage.key("ctrl+Return");
    stage.wait("what it does", SOON, |tree| tree.named("no device reconnects").next().map(|_| ()));
    stage.picture("edit-review");
    assert_eq!(fs::read_to_string(&path).unwrap(), before, "nothing is written before it was seen");
    stage.click("Write and apply");
    // 50.3 % is above the new limit.
    stage.wait("the alarm", SOON, |tree| tree.named("Acknowledge tank1.level/high").next().map(|_| ()));
    stage.wait("the file", SOON, |tree| tree.showing("As in the file").next().map(|_| ()));
    assert_eq!(fs::read_to_string(&path).unwrap(), before.replacen("limit = 80.0", "limit = 45", 1));
    stage.key("F2");
    stage.wait_for("pump1.pressure", "4.12 bar", SOON);
    stage.picture("edit-done");
}
