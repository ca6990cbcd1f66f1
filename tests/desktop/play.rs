//! A scenario on the real screens: played by its buttons, acted on by an operator's hand, and left by Esc.

use crate::bench;
use crate::stage::PATIENCE;
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
    stage.wait_for("tank1.level", "96 %, uncertain: simulated", SOON);
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
