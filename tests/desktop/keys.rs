//! Hands on the keyboard: finder, help, full screen, text size, theme.

use crate::bench;
use crate::stage::PATIENCE;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

#[test]
fn ctrl_k_finds_a_tag_and_opens_its_faceplate() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("finder", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("pump1.pressure", "4.12 bar", PATIENCE);

    stage.key("ctrl+k");
    stage.wait("the finder", SOON, |tree| tree.named("Find").next().map(|_| ()));
    stage.text("press");
    stage.wait("the hit", SOON, |tree| tree.named("tag pump1.pressure").next().map(|_| ()));
    stage.picture("finder");
    stage.key("Return");
    stage.wait("the faceplate", SOON, |tree| tree.named("Close faceplate").next().map(|_| ()));
    stage.wait("its source", SOON, |tree| tree.showing("holding:2").next().map(|_| ()));
    stage.picture("faceplate");
    stage.key("Escape");
    stage.wait("closed again", SOON, |tree| tree.named("Close faceplate").next().is_none().then_some(()));
}

#[test]
fn f1_lists_the_keys_and_f11_fills_the_screen() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("help", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);

    stage.key("F1");
    for key in ["Ctrl+K", "F11", "F1"] {
        stage.wait(&format!("{key} in the list"), SOON, |tree| tree.showing(key).next().map(|_| ()));
    }
    stage.picture("help");
    stage.key("Escape");
    stage.wait("the list is closed", SOON, |tree| tree.showing("Shift+Tab").next().is_none().then_some(()));

    assert!(!stage.fills_the_screen());
    stage.key("F11");
    stage.wait_until("full screen", SOON, |stage| stage.fills_the_screen());
    stage.key("F11");
    stage.wait_until("a window again", SOON, |stage| !stage.fills_the_screen());
}

#[test]
fn text_grows_and_shrinks_and_is_remembered() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("text-size", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    let height = |stage: &mut crate::stage::Stage| {
        stage.wait("the display's entry in the tree", PATIENCE, |tree| {
            tree.named("Open display Tank").find_map(|node| node.place).map(|[_, _, _, height]| height)
        })
    };
    let usual = height(&mut stage);

    for _ in 0..10 {
        stage.key("ctrl+equal");
    }
    stage.wait_until("twice as high", SOON, |stage| (height(stage) - 2 * usual).abs() <= 2);
    stage.wait_for("tank1.level", "50.3 %", SOON);
    stage.picture("text-200");
    for _ in 0..20 {
        stage.key("ctrl+minus");
    }
    stage.wait_until("three quarters", SOON, |stage| (height(stage) * 4 - usual * 3).abs() <= 6);
    stage.picture("text-75");

    stage.signal("TERM");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    stage.wait_until("as it was left", SOON, |stage| (height(stage) * 4 - usual * 3).abs() <= 6);
    stage.key("ctrl+0");
    stage.wait_until("usual again", SOON, |stage| height(stage) == usual);
}
