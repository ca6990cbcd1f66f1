//! What an operator does with alarms in the real window: shelve, look at what is hidden, put back, filter, and get through
//! a flood; over a kill.

use crate::bench::{self, entries, journal};
use crate::stage::{PATIENCE, Stage, now};
use crate::support::Modbus;
use crate::tree::Node;
use std::fmt::Write as _;
use std::time::Duration;

const ALARM: &str = "tank1.level/high";
const ROW: &str = "alarm tank1.level/high";
const SOON: Duration = Duration::from_secs(8);

/// The row in the list: the banner's stands before it.
fn row(stage: &mut Stage, part: &str) -> Node {
    stage.wait(&format!("the row tells `{part}`"), SOON, |tree| {
        tree.named(ROW).filter(|node| node.told().contains(part)).last().cloned()
    })
}

#[test]
fn a_shelving_outlives_a_kill_and_ends_loudly() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("shelve", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    device.set(0, &[873]);
    stage.wait_for(ROW, "unacknowledged, critical, 87.3 %", SOON);

    // From the faceplate, with a reason that is one press away.
    stage.click(ROW);
    stage.click("Shelve tank1.level/high");
    stage.wait("the dialog", SOON, |tree| tree.named("Shelve for 30 min").next().map(|_| ()));
    stage.picture("shelve-dialog");
    stage.click("Shelve for 1 h");
    stage.click("Being worked on");
    stage.click("Confirm: Shelve tank1.level/high");
    stage.wait("hidden", SOON, |tree| tree.named("Hidden 1").next().map(|_| ()));
    // Whoever reads "hidden" may pull the power: it is on disk.
    stage.signal("KILL");
    stage.ended(Duration::from_secs(5));
    let said = journal(&path);
    let shelved = entries(&said, "shelved", ALARM);
    assert_eq!(shelved.len(), 1, "{said:#?}");
    assert!(shelved[0]["note"] == "Being worked on" && shelved[0]["until"].is_string(), "{}", shelved[0]);

    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "87.3 %", PATIENCE);
    stage.key("F3");
    let hidden = stage.wait_for(ROW, "shelved", SOON);
    let told = hidden.told();
    assert!(told.contains("Being worked on") && told.contains(" left, "), "who, until when and why: {told}");
    assert_eq!(stage.tree().named("Acknowledge tank1.level/high").count(), 0, "it asks for nothing meanwhile");
    stage.picture("shelved-list");

    stage.click("Unshelve tank1.level/high");
    let back = stage.wait_for(ROW, "back from shelving", SOON);
    assert!(back.told().starts_with("unacknowledged, critical"), "{}", back.told());
    stage.key("F7");
    row(&mut stage, "back from shelving");
    stage.picture("back-from-shelving");

    // Acknowledged with what was done about it, from the detail of its row.
    let node = row(&mut stage, "unacknowledged");
    stage.click_with_mouse(&node);
    stage.click("Acknowledge tank1.level/high with a note");
    stage.wait("the dialog", SOON, |tree| tree.named("Note of the acknowledgement").next().map(|_| ()));
    stage.text("closed V-101");
    stage.key("Return");
    row(&mut stage, "acknowledged, critical");
    stage.picture("acknowledged-with-note");
    let said = journal(&path);
    assert_eq!(entries(&said, "raised", ALARM).len(), 2, "a new occurrence: {said:#?}");
    let acknowledged = entries(&said, "acknowledged", ALARM);
    assert!(acknowledged.len() == 1 && acknowledged[0]["note"] == "closed V-101", "{acknowledged:#?}");
    assert_eq!(acknowledged[0]["occurrence"], 2);
}

#[test]
fn a_filter_that_hides_a_critical_alarm_says_so_and_is_cleared_by_one_press() {
    let device = bench::device();
    let (mut stage, path) = bench::stage("filter", &device);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("tank1.level", "50.3 %", PATIENCE);
    device.set(0, &[873]);
    stage.wait_for(ROW, "unacknowledged", SOON);
    stage.key("F7");
    stage.wait("the list", SOON, |tree| tree.named("Show critical").next().map(|_| ()));
    stage.key("ctrl+f");
    stage.text("pump");
    stage.wait_for("Kept by the filter", "1 UNACKNOWLEDGED, 1 OF THEM CRITICAL", SOON);
    assert_eq!(stage.tree().named(ROW).count(), 1, "the banner's row stays");
    stage.picture("filter-hides");
    stage.click("Clear filter “pump”");
    stage.wait("both rows", SOON, |tree| (tree.named(ROW).count() == 2).then_some(()));
}

#[test]
fn a_thousand_alarms_in_a_second_open_the_console_and_none_is_lost() {
    const COUNT: usize = 1_000;
    let device = Modbus::start(COUNT);
    let mut stage = Stage::new("flood");
    let mut text = format!(
        "watchkeeper = 1\nname = \"Flood\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"{}\"\npoll = \"200ms\"\ntimeout = \"2s\"\n",
        device.address
    );
    for i in 0..COUNT {
        write!(
            text,
            "[[tag]]\nname = \"unit{}.sensor{i}\"\ndevice = \"plc1\"\nregister = \"holding:{i}\"\ntype = \"u16\"\nunit = \"bar\"\n\
             alarm = [{{ kind = \"high\", limit = 10, priority = \"medium\" }}]\n",
            i / 100
        )
        .unwrap();
    }
    let path = stage.write("flood.toml", &text);
    stage.open(&[path.to_str().unwrap()]);
    stage.wait_for("device plc1", "connected", PATIENCE);
    stage.key("F7");
    stage.wait("quiet", PATIENCE, |tree| tree.showing("No alarms").next().map(|_| ()));
    let from = now();
    device.set(0, &[20; COUNT]);
    stage.wait_for("Flood console", "≥ 1\u{202f}000 in 10 min", PATIENCE);
    stage.wait_for("medium", "1000 unacknowledged of 1000", PATIENCE);
    println!("a thousand alarms are on the screen {:?} after they came", from.elapsed());
    stage.picture("flood-console");
    let groups = stage.tree().nodes.iter().filter(|node| node.name.starts_with("group ")).count();
    assert_eq!(groups, 1, "folded");
    let pressed = now();
    stage.key("F4");
    stage.wait("one by one", SOON, |tree| {
        tree.nodes.iter().any(|node| node.name.starts_with("alarm unit") && node.role.contains("row")).then_some(())
    });
    println!("the window answered F4 within {:?}, as a screen reader sees it", pressed.elapsed());
    stage.picture("flood-one-by-one");
    let from = now();
    loop {
        let raised = journal(&path).iter().filter(|entry| entry["event"] == "raised").count();
        if raised == COUNT {
            break;
        }
        assert!(raised < COUNT && from.elapsed() < PATIENCE, "{raised} in the journal");
        std::thread::sleep(Duration::from_millis(200));
    }
}
