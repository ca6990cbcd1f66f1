//! The first start: no project, and a live plant on the screen that nobody can take for a real one.

use crate::stage::{PATIENCE, Stage};
use std::collections::BTreeMap;
use std::time::Duration;

#[test]
fn the_demo_says_demo_and_lives_within_seconds() {
    let mut stage = Stage::new("demo");
    stage.open(&["--theme", "dark"]);
    stage.wait_for("DEMO", "not a real plant", PATIENCE);
    assert!(stage.title().contains("DEMO"), "the title says `{}`", stage.title());

    // Values of several devices, none of them bad.
    stage.wait("ten tags with good values", PATIENCE, |tree| {
        let good = tree.nodes.iter().filter(|node| {
            node.name.contains('.') && node.told().starts_with(|c: char| c.is_ascii_digit()) && !bad(node.told())
        });
        (good.count() >= 10).then_some(())
    });
    stage.picture("demo-dark");

    // And they live: some of them change while one looks.
    let before = shown(&mut stage);
    stage.wait("values change", PATIENCE, |tree| {
        let changed = tree.nodes.iter().filter(|node| before.get(&node.name).is_some_and(|told| told != node.told()));
        (changed.count() >= 3).then_some(())
    });

    // Every display opens, and none of them is empty; nothing may be wrong yet.
    let displays: Vec<String> = stage
        .tree()
        .nodes
        .iter()
        .filter(|node| node.name.starts_with("Open display ") && !node.actions.is_empty())
        .filter(|node| !["Alarms", "Devices"].iter().any(|list| node.name.ends_with(list)))
        .map(|node| node.name.clone())
        .collect();
    assert!(displays.len() >= 2, "{displays:?}");
    for (index, display) in displays.iter().enumerate() {
        stage.click(display);
        std::thread::sleep(Duration::from_millis(1500));
        stage.picture(&format!("demo-display-{index}"));
        let tags = shown(&mut stage).len();
        assert!(tags > 0, "{display} shows no tag");
    }

    stage.signal("TERM");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
}

#[test]
fn the_light_theme_shows_the_same_plant() {
    let mut stage = Stage::new("demo-light");
    stage.open(&["--theme", "light"]);
    stage.wait_for("DEMO", "not a real plant", PATIENCE);
    stage.wait("values", PATIENCE, |tree| {
        tree.nodes.iter().any(|n| n.name == "station.flow" && !bad(n.told())).then_some(())
    });
    std::thread::sleep(Duration::from_secs(3));
    stage.picture("demo-light");
    stage.signal("TERM");
    assert_eq!(stage.ended(Duration::from_secs(10)).code(), Some(0));
}

fn bad(told: &str) -> bool {
    told.contains("bad:") || told.contains("no value")
}

fn shown(stage: &mut Stage) -> BTreeMap<String, String> {
    let nodes = stage.tree().nodes.into_iter();
    let tags = nodes.filter(|node| node.name.contains('.') && !node.name.contains(' ') && !node.told().is_empty());
    tags.map(|node| (node.name.clone(), node.told().to_owned())).collect()
}
