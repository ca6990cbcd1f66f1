//! An engineer with a device and an empty file: a whole project by keys and by what a screen reader can press, saved twice,
//! put into force, opened anew.

use crate::bench;
use crate::stage::{PATIENCE, Stage};
use crate::support;
use crate::tree::Node;
use std::fs;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

/// A new row in a sheet, called `new` by the sheet: these cells are typed from left to right with Tab between them, then these
/// fields of the form beside it.
fn row(stage: &mut Stage, sheet: &str, new: &str, cells: &[(&str, &str)], fields: &[(&str, &str)]) {
    stage.click(sheet);
    keys_at(stage, "Sheet");
    stage.keys(&["Insert", "Home"]);
    let mut order: Vec<(i64, String)> = stage.wait(&format!("the row {new}"), SOON, |tree| {
        let of = format!(" of {new}");
        let key = |node: &Node| node.name.strip_prefix("cell ")?.strip_suffix(&of).map(str::to_owned);
        let found: Vec<_> = tree.nodes.iter().filter_map(|node| Some((node.place?[0], key(node)?))).collect();
        (!found.is_empty()).then_some(found)
    });
    order.sort_unstable();
    let order: Vec<String> = order.into_iter().map(|(_, key)| key).collect();
    type_in(stage, &order, cells);
    let name = cells.iter().find(|(key, _)| *key == "name").map_or(new, |(_, name)| name);
    if let (Some((key, text)), []) = (cells.last(), fields) {
        stage.wait_for(&format!("cell {key} of {name}"), text, SOON);
    }
    for (key, text) in fields {
        let field = format!("{key} of {name}");
        stage.focus(&field);
        keys_at(stage, &field);
        stage.text(text);
    }
    if let Some((last, text)) = fields.last() {
        stage.key("Return");
        stage.wait_for(&format!("{last} of {name}"), text, SOON);
    }
}

/// Types into the cells of a row, from its first on; the sheet takes keys that come faster than its frames.
fn type_in(stage: &Stage, order: &[String], typed: &[(&str, &str)]) {
    let mut at = 0;
    for (key, text) in typed {
        let to = order.iter().position(|other| other == key).unwrap_or_else(|| panic!("{key}: {order:?}"));
        stage.keys(&vec!["Tab"; to - at]);
        stage.text(text);
        at = to;
    }
    stage.key("Return");
}

/// Waits until the keys are there: a screen reader's press and a key go different ways into a program.
fn keys_at(stage: &mut Stage, name: &str) {
    stage.wait(&format!("`{name}` has the keys"), SOON, |tree| tree.named(name).any(|node| node.focused).then_some(()));
}

#[test]
fn a_whole_project_is_built_by_keys_and_screen_reader_alone() {
    let device = bench::device();
    let mut stage = Stage::new("build");
    let path = stage.write("site.toml", "watchkeeper = 1\n");
    stage.open(&[path.to_str().unwrap()]);
    stage.wait("the empty project", PATIENCE, |tree| tree.named("Menu").next().map(|_| ()));
    stage.picture("build-empty");
    stage.key("F2");
    let address = device.address.to_string();
    row(&mut stage, "Devices", "device1", &[("name", "plc1"), ("address", &address)], &[("poll", "200ms")]);
    let run = [("name", "pump1.running"), ("device", "plc1"), ("register", "holding:1")];
    row(&mut stage, "Tags", "tag1", &run, &[("type", "u16")]);
    let pressure = [("name", "pump1.pressure"), ("device", "plc1"), ("register", "holding:2")];
    let scaled = [("type", "u16"), ("scale", "0.01"), ("unit", "bar"), ("range", "[0.0, 10.0]")];
    row(&mut stage, "Tags", "tag1", &pressure, &scaled);
    let level = [("name", "tank1.level"), ("device", "plc1"), ("register", "holding:0")];
    let scaled = [("type", "u16"), ("scale", "0.1"), ("unit", "%"), ("range", "[0.0, 100.0]")];
    row(&mut stage, "Tags", "tag1", &level, &scaled);
    stage.picture("build-tags");
    // It stands below the last tag.
    row(&mut stage, "Alarms", "tank1.level/high", &[("limit", "45"), ("priority", "critical")], &[]);
    row(&mut stage, "Displays", "display1", &[("name", "Overview")], &[]);
    stage.click("Canvas");
    stage.wait("the canvas", SOON, |tree| tree.named("Canvas of Overview").next().map(|_| ()));
    stage.click("tag tank1.level");
    stage.wait("its tank", SOON, |tree| tree.named("panel tank tank1.level").next().map(|_| ()));
    stage.click("tag pump1.pressure");
    stage.wait("its gauge", SOON, |tree| tree.named("panel gauge pump1.pressure").next().map(|_| ()));
    stage.click("New panel");
    stage.click("New trend");
    for pen in ["tank1.level", "pump1.pressure"] {
        stage.focus("One more pen");
        keys_at(&mut stage, "One more pen");
        stage.text(pen);
        stage.key("Return");
        stage.wait(&format!("the pen {pen}"), SOON, |tree| tree.named(&format!("Remove pen {pen}")).next().map(|_| ()));
    }
    stage.picture("build-canvas");

    stage.key("ctrl+s");
    stage.wait("the first save", SOON, |tree| tree.showing("Saved, not in force").next().map(|_| ()));
    let saved = fs::read_to_string(&path).unwrap();
    let (code, told, why) = support::ended(&["check", path.to_str().unwrap()]);
    assert_eq!(code, 0, "{told}{why}");
    stage.key("ctrl+s");
    // A change that is taken back is none.
    stage.click("Displays");
    keys_at(&mut stage, "Sheet");
    stage.key("Insert");
    stage.wait("one more display", SOON, |tree| tree.named("cell name of display1").next().map(|_| ()));
    stage.key("ctrl+z");
    stage.wait("none", SOON, |tree| tree.named("cell name of display1").next().is_none().then_some(()));
    stage.key("ctrl+s");
    stage.wait("nothing to save", SOON, |tree| tree.showing("Saved, not in force").next().map(|_| ()));
    assert_eq!(fs::read_to_string(&path).unwrap(), saved, "saved twice with no difference");

    stage.key("ctrl+Return");
    stage.click("Write and apply");
    stage.wait("the alarm", SOON, |tree| tree.named("Acknowledge tank1.level/high").next().map(|_| ()));
    stage.signal("TERM");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
    assert_eq!(fs::read_to_string(&path).unwrap(), saved);

    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    stage.wait_for("pump1.pressure", "4.12 bar", SOON);
    stage.wait("the trend", SOON, |tree| {
        tree.nodes.iter().any(|n| n.name.starts_with("trend tank1.level, pump1.pressure")).then_some(())
    });
    stage.click("Acknowledge tank1.level/high");
    stage.wait("nothing waits", SOON, |tree| tree.named("Acknowledge tank1.level/high").next().is_none().then_some(()));
    assert_eq!(bench::entries(&bench::journal(&path), "acknowledged", "tank1.level/high").len(), 1);
    stage.picture("build-runs");
}
