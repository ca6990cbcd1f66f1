//! A device that dies and comes back, and an alarm from its rise to its acknowledgement, over a kill.

use crate::bench::{self, entries, journal};
use crate::stage::{PATIENCE, now};
use std::time::Duration;

const ALARM: &str = "tank1.level/high";
const ROW: &str = "alarm tank1.level/high";
const ACKNOWLEDGE: &str = "Acknowledge tank1.level/high";

#[test]
fn a_device_that_dies_takes_its_values_along_and_brings_them_back() {
    let mut device = bench::device();
    let (mut stage, path) = bench::stage("device-dies", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    stage.wait_for("pump1.running", "Running", PATIENCE);
    stage.wait_for("device plc1", "connected", PATIENCE);
    stage.picture("device-well");

    device.set(0, &[617]);
    stage.wait_for("tank1.level", "61.7 %", Duration::from_secs(5));

    device.pull_the_plug();
    let pulled = now();
    let node = stage.wait_for("tank1.level", "bad: no communication", Duration::from_secs(6));
    let took = pulled.elapsed();
    assert!(node.told().starts_with("61.7 %"), "the last good value stands with it: {}", node.told());
    assert!(took < Duration::from_secs(5), "seen to die after {took:?}");
    stage.wait_for("device plc1", "no answer since", Duration::from_secs(3));
    std::thread::sleep(Duration::from_secs(3));
    let node = stage.wait_for("tank1.level", "bad: no communication", Duration::from_secs(1));
    assert!(node.told().ends_with("s old"), "its age runs: {}", node.told());
    stage.picture("device-dead");
    // One alarm for the device, after the ten seconds of the default; none for each of its tags.
    stage.wait("the device's alarm", Duration::from_secs(15), |tree| {
        tree.named("alarm plc1/no-answer").any(|node| node.told().contains("unacknowledged, high")).then_some(())
    });
    assert_eq!(stage.tree().named("alarm tank1.level/quality").count(), 0, "it stands for those of its tags");
    stage.picture("device-alarm");

    device.set(0, &[555]);
    device.plug_in();
    // Back-off may have grown to some seconds by now.
    let node = stage.wait("good again by itself", PATIENCE, |tree| {
        tree.named("tank1.level")
            .find(|node| node.told().starts_with("55.5 %") && !node.told().contains("bad"))
            .cloned()
    });
    assert!(!node.told().contains("uncertain"), "{}", node.told());
    stage.wait_for("device plc1", "connected", Duration::from_secs(3));
    stage.picture("device-back");
}

#[test]
fn an_acknowledgement_is_on_disk_and_outlives_a_kill() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("acknowledge", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);

    device.set(0, &[873]);
    let risen = now();
    stage.wait_for(ROW, "unacknowledged, critical, 87.3 %", Duration::from_secs(5));
    let took = risen.elapsed();
    assert!(took < Duration::from_secs(3), "on the screen after {took:?}");
    stage.picture("alarm-new");

    stage.click(ACKNOWLEDGE);
    stage.wait("acknowledged", Duration::from_secs(5), |tree| {
        tree.named(ROW).any(|node| node.told().starts_with("acknowledged, critical")).then_some(())
    });
    stage.picture("alarm-acknowledged");
    // Whoever reads "acknowledged" may pull the power: it is on disk.
    stage.signal("KILL");
    stage.ended(Duration::from_secs(5));
    let said = journal(&path);
    assert_eq!(entries(&said, "raised", ALARM).len(), 1, "{said:#?}");
    let acknowledged = entries(&said, "acknowledged", ALARM);
    assert_eq!(acknowledged.len(), 1, "{said:#?}");
    assert!(acknowledged[0]["by"].as_str().is_some_and(|by| !by.is_empty()), "{}", acknowledged[0]);
    assert_eq!(acknowledged[0]["occurrence"], entries(&said, "raised", ALARM)[0]["occurrence"]);

    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "87.3 %", PATIENCE);
    stage.wait("still acknowledged", PATIENCE, |tree| {
        tree.named(ROW).any(|node| node.told().starts_with("acknowledged, critical")).then_some(())
    });
    assert_eq!(stage.tree().named(ACKNOWLEDGE).count(), 0, "nothing is left to acknowledge");
    assert_eq!(entries(&journal(&path), "raised", ALARM).len(), 1, "it was not raised a second time");

    device.set(0, &[400]);
    stage.wait("the alarm is gone", Duration::from_secs(5), |tree| {
        let row = tree.named(ROW).any(|node| !node.told().starts_with("normal"));
        (!row).then_some(())
    });
    stage.signal("TERM");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
    assert_eq!(entries(&journal(&path), "cleared", ALARM).len(), 1);
}

#[test]
fn an_alarm_is_acknowledged_by_the_mouse_and_what_returned_says_so() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("mouse", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    device.set(0, &[900]);
    stage.wait_for(ROW, "unacknowledged", Duration::from_secs(5));
    device.set(0, &[500]);
    stage.wait("returned, and still asks", Duration::from_secs(5), |tree| {
        tree.named(ROW).any(|node| node.told().starts_with("returned")).then_some(())
    });
    stage.picture("alarm-returned");
    let button = stage.wait("the button", PATIENCE, |tree| tree.named(ACKNOWLEDGE).next().cloned());
    stage.click_with_mouse(&button);
    stage.wait("the journal's answer", Duration::from_secs(5), |tree| {
        (!tree.named(ROW).any(|node| node.told().starts_with("returned"))).then_some(())
    });
    assert_eq!(entries(&journal(&path), "acknowledged", ALARM).len(), 1);
}
