//! A bundle of the plant on the bench, made beside the window that watches it, and opened in the real window.

use crate::bench;
use crate::stage::PATIENCE;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

#[test]
fn a_bundle_shows_its_end_and_asks_no_device() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("bundle", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    device.set(0, &[617]);
    stage.wait_for("tank1.level", "61.7 %", SOON);
    let bundle = stage.home().join("night.bundle.zip");
    let made = [path.to_str().unwrap(), "-o", bundle.to_str().unwrap(), "--last", "1h", "--force"];
    stage.wait_until("the last value in a bundle", PATIENCE, |stage| {
        let run = |arguments: &[&str]| stage.command().args(arguments).output().unwrap();
        assert!(run(&[&["bundle"], &made[..]].concat()).status.success());
        let told = run(&["export", bundle.to_str().unwrap(), "--tag", "tank1.level"]);
        String::from_utf8_lossy(&told.stdout).lines().last().is_some_and(|line| line.contains(",61.7,good"))
    });
    stage.signal("TERM");
    assert!(stage.ended(PATIENCE).success());
    let before = device.connections();
    device.set(0, &[100]);

    stage.open(&[bundle.to_str().unwrap()]);
    stage.wait_for("tank1.level", "61.7 %", PATIENCE);
    stage.wait_for("tank1.level", "uncertain: recorded, not live", SOON);
    let head = stage.wait_for("BUNDLE", "nothing is live", SOON);
    assert!(head.told().contains("BUNDLE of "), "{}", head.told());
    assert!(stage.title().ends_with("- BUNDLE"), "{}", stage.title());
    stage.picture("bundle");
    stage.key("F6");
    stage.wait_for("entry 2", "project put in force", SOON);
    stage.picture("bundle-journal");
    assert_eq!(device.connections(), before, "nothing was asked");
    stage.signal("TERM");
    assert!(stage.ended(PATIENCE).success());
    let left = stage.home().join(".cache/watchkeeper/bundles");
    assert_eq!(std::fs::read_dir(left).map_or(0, Iterator::count), 0, "what was unpacked is gone");
}
