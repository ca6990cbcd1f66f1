//! What is heard of the real window, and what the desktop tells while it is not in front.

use crate::bench;
use crate::stage::{PATIENCE, Stage, now};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);
const ROW: &str = "alarm tank1.level/high";

/// A player in the home folder that logs each sound it begins; `mode` beside it says "plays" or "dies".
fn player(stage: &Stage) -> PathBuf {
    let script = "#!/bin/sh\nhere=$(dirname \"$0\")\n[ \"$(cat \"$here/mode\")\" = dies ] && { echo 'no soundcards found...' >&2; exit 1; }\n\
                  basename \"$1\" .wav >> \"$here/sounds\"\n";
    let path = stage.write("player", script);
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    stage.write("mode", "plays");
    path
}

fn sounds(stage: &Stage) -> Vec<String> {
    let text = std::fs::read_to_string(stage.home().join("sounds")).unwrap_or_default();
    text.lines().filter(|name| *name != "probe").map(str::to_owned).collect()
}

#[test]
fn the_window_s_program_sounds_is_silenced_and_sounds_again_after_a_kill() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("horn", &device);
    stage.play_with(&player(&stage));
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    stage.wait_for("horn", "ready, played by player", PATIENCE);
    stage.picture("horn-ready");
    assert_eq!(sounds(&stage), [""; 0]);

    device.set(0, &[873]);
    let risen = now();
    stage.wait_until("the horn sounds", SOON, |stage| !sounds(stage).is_empty());
    let took = risen.elapsed();
    println!("window, sample to the player's start: {took:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(sounds(&stage), ["critical"]);
    stage.wait_for("horn", "sounds for critical", SOON);
    stage.click("Silence horn");
    stage.wait_for("horn", "silenced until the next alarm", SOON);
    stage.picture("horn-silenced");
    let quiet = sounds(&stage).len();
    std::thread::sleep(SOON);
    assert_eq!(sounds(&stage).len(), quiet, "silenced");

    stage.signal("KILL");
    stage.ended(SOON);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_until("unacknowledged ones sound after a restart", PATIENCE, |stage| sounds(stage).len() > quiet);
    stage.wait_for(ROW, "unacknowledged", PATIENCE);
    stage.click("Acknowledge tank1.level/high");
    stage.wait_for("horn", "ready, played by player", SOON);

    stage.write("mode", "dies");
    stage.key("ctrl+comma");
    stage.click("Test the horn");
    stage.wait_for("horn", "it cannot be heard: player: no soundcards found...", SOON);
    stage.wait("the system's alarm", SOON, |tree| {
        tree.named("alarm system.horn/silent").any(|node| node.told().contains("unacknowledged, medium")).then_some(())
    });
    stage.picture("horn-silent");
    stage.signal("TERM");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
}

fn notes(log: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn the_desktop_tells_a_new_alarm_while_the_window_is_not_in_front_and_a_press_brings_it_back() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("notes", &device);
    let (log, press) = (stage.home().join("notes"), stage.home().join("press"));
    stage.serve_notifications(&log, &press);
    stage.wait_until("the notification service", PATIENCE, |_| !notes(&log).is_empty());
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);

    // In front: nothing is told.
    device.set(0, &[873]);
    stage.wait_for(ROW, "unacknowledged", SOON);
    stage.click("Acknowledge tank1.level/high");
    stage.wait_for(ROW, "acknowledged", SOON);
    device.set(0, &[400]);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(notes(&log).len(), 1, "{:?}", notes(&log));

    let window = stage.window();
    stage.cover();
    device.set(0, &[900]);
    stage.wait_until("a note", SOON, |_| notes(&log).len() > 1);
    let note = notes(&log)[1].clone();
    assert_eq!(note["do"], "notify");
    assert_eq!(note["summary"], "Bench: 1 critical alarm");
    assert_eq!(note["body"], "tank1.level/high: Tank 1 is about to overflow");
    assert_eq!(note["urgency"], 2);
    assert_eq!(note["actions"], serde_json::json!(["default", "Open"]));
    assert!(stage.is_urgent(&window), "the taskbar asks for attention");
    // A second one comes in the place of the first.
    device.set(0, &[400]);
    std::thread::sleep(Duration::from_millis(600));
    device.set(0, &[900]);
    stage.wait_until("a second note", Duration::from_secs(10), |_| notes(&log).len() > 2);
    let second = notes(&log)[2].clone();
    assert_eq!((&second["replaces"], &second["summary"]), (&note["id"], &Value::from("Bench: 2 critical alarms")));

    std::fs::write(&press, "").unwrap();
    stage.wait_until("the window is in front again", SOON, |stage| stage.focused() == window);
    stage.wait_until("the note was taken away", SOON, |_| notes(&log).last().is_some_and(|note| note["do"] == "close"));
    assert_eq!(notes(&log).len(), 4);
}
