//! What was recorded before a program ended is on the trend of the next one, and so is the time in which none ran.

use crate::bench;
use crate::stage::PATIENCE;
use std::time::Duration;

#[test]
fn a_trend_shows_what_was_recorded_before_a_kill_and_why_there_is_a_gap() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("history", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    for level in [540, 580, 620, 660, 700] {
        device.set(0, &[level]);
        std::thread::sleep(Duration::from_secs(1));
    }
    std::thread::sleep(Duration::from_secs(2));
    stage.signal("KILL");
    stage.ended(Duration::from_secs(5));
    std::thread::sleep(Duration::from_secs(4));
    device.set(0, &[650]);

    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "65.0 %", PATIENCE);
    let gap = stage.wait("the gap with its reason", PATIENCE, |tree| {
        tree.named("gaps of tank1.level").find(|node| node.told().starts_with("the program was not running ")).cloned()
    });
    println!("the lane of gaps says: {}", gap.told());
    std::thread::sleep(Duration::from_secs(3));
    stage.picture("history-after-kill");
}

#[test]
fn a_picture_of_a_trend_reaches_the_clipboard() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("picture", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    stage.click("Menu of trend tank1.level, pump1.pressure");
    stage.click("Copy picture");
    stage.wait_for("Notice", "The picture is in the clipboard", PATIENCE);
    stage.picture("trend-picture");
}
