//! A scenario on the real screens: played by its buttons, acted on by an operator's hand, and left by Esc.

use crate::bench::{self, entries, journal};
use crate::dialogs;
use crate::stage::PATIENCE;
use std::fs;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

const SCENARIO: &str = "at,do,target,value
0s,set,tank1.level,50
2s,set,tank1.level,96
4s,expect,tank1.level/high,acknowledged
60s,set,tank1.level,50
61s,expect,tank1.level/high,normal
";

#[test]
fn a_scenario_is_played_on_the_displays_and_nothing_of_it_is_the_plants() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("play", &device);
    let scenario = stage.write("high.rehearsal.csv", SCENARIO);
    stage.open(&["rehearse", path.to_str().unwrap(), scenario.to_str().unwrap(), "--window"]);
    stage.wait_for("NOT LIVE", "not a real plant", PATIENCE);
    assert!(stage.title().contains("NOT LIVE"), "the title says `{}`", stage.title());
    // The play stops by itself where an expectation is not kept.
    stage.wait_for("Last line", "not kept: tank1.level/high is unacknowledged, expected acknowledged", PATIENCE);
    stage.wait_for("tank1.level", "96.0 %, uncertain: simulated", SOON);
    stage.picture("play-not-kept");
    stage.click("Acknowledge tank1.level/high");
    stage.wait_for("alarm tank1.level/high", "acknowledged", SOON);
    stage.click("Speed ×600");
    stage.click("Play the scenario");
    stage.wait_for("Why it stands", "the scenario has ended", SOON);
    stage.wait_for("Expectations", "1 kept, 1 not kept", SOON);
    stage.key("F6");
    stage.wait("what the operator did", SOON, |tree| tree.showing("acknowledged").next().map(|_| ()));
    stage.picture("play-ended");
    stage.click("Restart the scenario");
    stage.wait_for("Time of the play", "0 of 5 lines played", SOON);
    stage.key("Escape");
    stage.wait("the start", SOON, |tree| tree.named("Open project…").next().map(|_| ()));
    assert!(!stage.title().contains("NOT LIVE"));
    assert!(!path.with_extension("data").exists(), "nothing was written beside the project");
    assert_eq!(device.requests(), 0, "the device was not asked");
    stage.signal("TERM");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
}

#[test]
fn a_scenario_played_over_a_plant_that_runs_leaves_it_as_it_was_and_tells_its_alarms() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("play-over", &device);
    let scenario = stage.write("high.rehearsal.csv", SCENARIO);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    dialogs::find(&mut stage, "Play a scenario");
    dialogs::close(&mut stage);
    assert!(!stage.title().contains("NOT LIVE"), "nothing was chosen");
    dialogs::find(&mut stage, "Play a scenario");
    dialogs::choose(&mut stage, &scenario);
    stage.wait_for("NOT LIVE", "not a real plant", SOON);
    assert!(stage.title().contains("NOT LIVE"), "the title says `{}`", stage.title());
    stage.wait_for("The plant behind this", "no alarm of it waits", SOON);
    stage.click("Play the scenario");
    stage.wait_for("tank1.level", "96.0 %, uncertain: simulated", SOON);
    // The plant goes on behind it, and is told.
    let before = device.requests();
    device.set(0, &[900]);
    stage.wait_for("The plant behind this", "1 unacknowledged alarm, critical: go back", SOON);
    assert!(device.requests() > before, "it is asked as ever");
    stage.wait_for("tank1.level", "96.0 %", SOON);
    stage.picture("play-over");
    stage.click("Acknowledge tank1.level/high");
    stage.wait_for("alarm tank1.level/high", "acknowledged", SOON);
    stage.click("End the play");
    stage.wait_for("alarm tank1.level/high", "unacknowledged, critical, 90.0 %", SOON);
    stage.wait_for("tank1.level", "90.0 %", SOON);
    assert!(!stage.title().contains("NOT LIVE"), "the title says `{}`", stage.title());
    stage.picture("play-over-ended");
    stage.signal("TERM");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
    let said = journal(&path);
    assert_eq!(entries(&said, "raised", "tank1.level/high").len(), 1, "{said:#?}");
    assert_eq!(entries(&said, "acknowledged", "tank1.level/high").len(), 0, "that was the play's");
}

#[test]
fn what_was_recorded_is_saved_as_a_scenario_by_the_dialog_and_played() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("play-save", &device);
    let scenario = stage.home().join("storm.rehearsal.csv");
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    device.set(0, &[960]);
    stage.wait_for("alarm tank1.level/high", "unacknowledged, critical, 96.0 %", SOON);
    device.set(0, &[503]);
    stage.wait_for("tank1.level", "50.3 %", SOON);
    stage.wait_until("it is recorded", PATIENCE, |stage| {
        let export = stage.command().args(["export", path.to_str().unwrap(), "--tag", "tank1.level"]).output().unwrap();
        String::from_utf8_lossy(&export.stdout).lines().last().is_some_and(|line| line.contains(",50.3"))
    });
    dialogs::find(&mut stage, "Save as a scenario");
    stage.click("Save the scenario…");
    dialogs::close(&mut stage);
    stage.wait("it can be asked for again", SOON, |tree| tree.named("Save the scenario…").next().map(|_| ()));
    stage.click("Those of the display that is shown");
    stage.click("Save the scenario…");
    dialogs::choose(&mut stage, &scenario);
    stage.wait("it is told", SOON, |tree| tree.showing("storm.rehearsal.csv: ").next().map(|_| ()));
    stage.picture("play-save");
    let text = fs::read_to_string(&scenario).unwrap();
    // As an export spells it: no decimals where there are none.
    assert!(text.contains(",set,tank1.level,96\n") && text.contains(",set,pump1.pressure,4.12\n"), "{text}");
    let played = stage.command().args(["rehearse", path.to_str().unwrap(), scenario.to_str().unwrap()]).output();
    let played = played.unwrap();
    let said = String::from_utf8_lossy(&played.stdout).into_owned();
    assert!(played.status.success() && said.contains("\"event\":\"raised\",\"alarm\":\"tank1.level/high\""), "{said}");
    stage.click("Play it");
    stage.wait_for("NOT LIVE", "not a real plant", SOON);
    stage.click("Speed ×10");
    stage.click("Play the scenario");
    stage.wait_for("alarm tank1.level/high", "returned", PATIENCE);
    stage.wait_for("Why it stands", "the scenario has ended", PATIENCE);
}
