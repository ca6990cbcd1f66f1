//! A project with faults opens, lists them, and runs what is not at fault.

use crate::bench;
use crate::stage::{PATIENCE, Stage};

#[test]
fn a_project_with_faults_opens_and_lists_them_with_their_lines() {
    let device = bench::device();
    let mut stage = Stage::new("faults");
    let mut text = bench::project(&device).replace("decimals = 2", "decimal = 2");
    text.push_str("\n[[tag]]\nname = \"lost.level\"\ndevice = \"plc9\"\nregister = \"holding:7\"\ntype = \"u16\"\n");
    let path = stage.write("faulty.toml", &text);
    let unknown_key = 1 + text.lines().position(|line| line == "decimal = 2").unwrap();
    let lost_device = 1 + text.lines().position(|line| line == "device = \"plc9\"").unwrap();

    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    stage.picture("faults-running");
    stage.click("Open faults of the project");
    for (line, words) in [(unknown_key, "decimal"), (lost_device, "plc9")] {
        let place = format!("{line}:");
        stage.wait(&format!("the fault in line {line}"), PATIENCE, |tree| {
            tree.showing(words).any(|node| node.name.starts_with(&place)).then_some(())
        });
    }
    stage.picture("faults-listed");
}

#[test]
fn a_file_that_is_no_project_is_told_in_the_window() {
    let mut stage = Stage::new("no-project");
    let path = stage.write("letter.toml", "Dear plant,\nhow are you?\n");
    stage.open(&[path.to_str().unwrap()]);
    stage.click("Open faults of the project");
    stage.wait("the fault in the first line", PATIENCE, |tree| {
        tree.showing("error:").any(|node| node.name.starts_with("1:")).then_some(())
    });
    stage.picture("no-project");
}

#[test]
fn a_file_that_is_not_there_is_told_in_the_window() {
    let mut stage = Stage::new("missing-project");
    stage.open(&["nowhere.toml"]);
    stage.wait("the missing file's name", PATIENCE, |tree| tree.showing("nowhere.toml").next().map(|_| ()));
    stage.picture("missing-project");
}
