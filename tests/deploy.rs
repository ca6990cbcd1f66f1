//! Another version of a project comes into force while the plant runs: what it leaves as it was goes on without a gap.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "deploy/editing.rs"]
mod editing;
#[path = "deploy/families.rs"]
mod families;
#[path = "deploy/impact.rs"]
mod impact;
mod support;
#[path = "deploy/untouched.rs"]
mod untouched;

use std::path::Path;
use std::sync::Arc;
use support::{Modbus, ended, until};
use watchkeeper::engine::{Actor, AlarmRef, AlarmState, AlarmView, Command, LinkState, Mode, Quality, Value};
use watchkeeper::link::PlantLink;
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::{Station, StationConfig, WhenHeld, field_runtime, load};

fn config(plant: &Path) -> StationConfig {
    StationConfig {
        loaded: load(plant).unwrap(),
        mode: Mode::Live,
        data_folder: None,
        record: true,
        when_held: WhenHeld::Show,
        tail_points: 10_000,
        client_id_suffix: None,
        actor: anna(),
        clock: system_clock(),
    }
}

fn anna() -> Actor {
    Actor { user: "anna".into(), computer: "desk-1".into(), desk: None }
}

fn value(link: &PlantLink, tag: &str) -> Option<f64> {
    let snapshot = link.snapshots.borrow().clone();
    let view = snapshot.tag(snapshot.plan.tag_id(tag)?)?;
    view.value.as_ref().filter(|_| view.quality == Quality::GOOD).and_then(Value::as_f64)
}

fn shows(link: &PlantLink, tag: &str, wanted: f64) {
    until(tag, || value(link, tag).filter(|value| (value - wanted).abs() < 1e-9));
}

fn alarm(link: &PlantLink, name: &str) -> Option<AlarmView> {
    let snapshot = link.snapshots.borrow().clone();
    let id = snapshot.plan.alarm_id(name)?;
    snapshot.alarms.iter().find(|a| a.id == id).cloned()
}

fn reconnects(link: &PlantLink, device: usize) -> (LinkState, u64) {
    let status = link.snapshots.borrow().devices[device].status.clone();
    (status.state.clone(), status.reconnects)
}

fn answers(link: &PlantLink, device: usize) -> u64 {
    link.snapshots.borrow().devices[device].status.answers
}

/// Rows of an export of one tag: value and quality.
fn recorded(plant: &Path, tag: &str) -> Vec<String> {
    let (code, out, err) = ended(&["export", plant.to_str().unwrap(), "--tag", tag, "--format", "csv"]);
    assert_eq!(code, 0, "{err}");
    let words = |line: &str| line.splitn(3, ',').nth(2).map(str::to_owned);
    out.lines().skip(1).filter_map(words).collect()
}

#[test]
fn another_version_comes_into_force_and_what_it_leaves_as_it_was_goes_on() {
    let (one, two) = (Modbus::start(10), Modbus::start(10));
    one.set(0, &[200]);
    two.set(0, &[1, 2, 3]);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), one.address);
    let more = |tags: &str| {
        format!(
            "\n[[device]]\nname = \"plc2\"\nprotocol = \"modbus-tcp\"\naddress = \"{}\"\npoll = \"50ms\"\n{tags}",
            two.address
        )
    };
    let tag = |n: u32| {
        format!("\n[[tag]]\nname = \"other{n}\"\ndevice = \"plc2\"\nregister = \"holding:{n}\"\ntype = \"u16\"\n")
    };
    let first = std::fs::read_to_string(&plant).unwrap();
    let text = format!("{first}{}", more(&tag(0)));
    std::fs::write(&plant, &text).unwrap();
    let runtime = field_runtime().unwrap();
    let mut station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    shows(&link, "other0", 1.0);
    shows(&link, "tank1.level", 100.0);
    let raised = until("the alarm", || alarm(&link, "tank1.level/high"));
    let seen = AlarmRef { alarm: "tank1.level/high".into(), occurrence: raised.occurrence };
    let acknowledge = Command::Acknowledge { by: anna(), alarms: vec![seen], note: None };
    link.commands.try_send(acknowledge).unwrap();
    let done = |a: &AlarmView| a.state == AlarmState::Acknowledged && !a.recording;
    let before = until("acknowledged", || alarm(&link, "tank1.level/high").filter(done));
    let links = (reconnects(&link, 0), answers(&link, 0));

    // Two more tags of the second device, a changed text, and a line that moves all others.
    let later = format!("# a note\n{}{}{}", text.replace("Close V-101", "Close V-102"), tag(1), tag(2));
    std::fs::write(&plant, &later).unwrap();
    let version = load(&plant).unwrap();
    station.deploy(&version, anna(), "edited").unwrap();
    assert_eq!(station.fingerprint(), version.fingerprint);
    shows(&link, "other1", 2.0);
    shows(&link, "other2", 3.0);
    shows(&link, "other0", 1.0);
    let after = alarm(&link, "tank1.level/high").unwrap();
    assert_eq!(
        (after.state, after.occurrence, after.raised, after.acknowledged),
        (before.state, before.occurrence, before.raised, before.acknowledged)
    );
    let snapshot = link.snapshots.borrow().clone();
    let rule = snapshot.plan.alarm(after.id).unwrap();
    assert_eq!(rule.response.as_deref(), Some("Close V-102"));
    assert_eq!(reconnects(&link, 0), links.0);
    until("answers that go on", || (answers(&link, 0) > links.1).then_some(()));
    one.set(0, &[196]);
    shows(&link, "tank1.level", 98.0);
    let level = snapshot.plan.tag_id("tank1.level").unwrap();
    let tail = link.snapshots.borrow().tails[&level].clone();
    assert!(tail.points().filter(|p| p.quality == Quality::GOOD).count() >= 2, "what was there before, and after");

    // A tag less at the same device: the others take its place in the device's answers, not in each other's values.
    let fewer = later.replace(&tag(1), "");
    std::fs::write(&plant, &fewer).unwrap();
    station.deploy(&load(&plant).unwrap(), anna(), "edited").unwrap();
    until("a tag less", || link.snapshots.borrow().plan.tag_id("other1").is_none().then_some(()));
    shows(&link, "other2", 3.0);
    assert_eq!(reconnects(&link, 0), links.0);

    // What cannot come into force is refused, and the plant goes on.
    let elsewhere = format!("{fewer}\n[history]\npath = \"elsewhere\"\n");
    std::fs::write(&plant, elsewhere).unwrap();
    let refused = station.deploy(&load(&plant).unwrap(), anna(), "edited").unwrap_err();
    assert!(refused.contains("another data folder"), "{refused}");
    std::fs::write(&plant, "no toml [").unwrap();
    assert!(station.deploy(&load(&plant).unwrap(), anna(), "edited").is_err());
    one.set(0, &[194]);
    shows(&link, "tank1.level", 97.0);
    std::fs::write(&plant, &fewer).unwrap();
    drop(Arc::new(link));
    assert_eq!(station.stop(), [""; 0]);

    let level = recorded(&plant, "tank1.level");
    let mut values: Vec<&str> = level.iter().map(String::as_str).filter(|row| row.ends_with(",good")).collect();
    // A plateau has a first sample and a last.
    values.dedup();
    assert_eq!(values, ["100,good", "98,good", "97,good"], "{level:?}");
    assert_eq!(level.iter().filter(|row| row.contains("bad:waiting")).count(), 1, "the start alone: {level:?}");
    let other = recorded(&plant, "other2");
    assert!(other.iter().all(|row| row.starts_with("3,") || row.starts_with(",bad:")), "{other:?}");
    assert!(other.contains(&"3,good".to_owned()), "{other:?}");
    let gone = recorded(&plant, "other1");
    assert!(gone.iter().any(|row| row == "2,good") && gone.iter().any(|row| row == ",bad:not-recorded"), "{gone:?}");
    let (code, out, _) = ended(&["journal", plant.to_str().unwrap(), "--format", "jsonl"]);
    assert_eq!(code, 0);
    let deployed: Vec<&str> = out.lines().filter(|line| line.contains("\"event\":\"deployed\"")).collect();
    assert_eq!(deployed.len(), 3, "the start and two edits: {out}");
    assert!(deployed[1].contains("other1") && deployed[1].contains("anna"), "{}", deployed[1]);
}

#[test]
fn the_history_of_a_devices_figures_follows_it_to_another_name() {
    let device = Modbus::start(10);
    device.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), device.address);
    let first = std::fs::read_to_string(&plant).unwrap();
    let load_tag = "\n[[tag]]\nname = \"load\"\nformula = \"device.plc1.requests\"\n";
    std::fs::write(&plant, format!("{first}{load_tag}")).unwrap();
    let runtime = field_runtime().unwrap();
    let mut station = Station::start(config(&plant), runtime.handle()).unwrap();
    let link = station.link();
    let before = until("requests", || value(&link, "device.plc1.requests").filter(|count| *count > 0.0));
    let renamed = format!("{first}{load_tag}")
        .replacen("name = \"plc1\"", "name = \"east\"\nwas = \"plc1\"", 1)
        .replace("device = \"plc1\"", "device = \"east\"")
        .replace("device.plc1.", "device.east.");
    std::fs::write(&plant, &renamed).unwrap();
    station.deploy(&load(&plant).unwrap(), anna(), "renamed").unwrap();
    let after = until("more requests", || value(&link, "device.east.requests").filter(|count| *count > before));
    drop(link);
    assert_eq!(station.stop(), [""; 0]);
    // One history, under the name that it has now: from before, and since.
    let rows = recorded(&plant, "device.east.requests");
    let good = rows.iter().filter_map(|row| row.strip_suffix(",good")?.parse::<f64>().ok());
    let counts: Vec<f64> = good.collect();
    assert!(counts.first().is_some_and(|first| *first <= before) && counts.last() >= Some(&after), "{rows:?}");
    assert!(counts.is_sorted(), "counted on, and not begun anew: {rows:?}");
    assert!(!rows.iter().any(|row| row.contains("not-recorded")), "no gap where it was renamed: {rows:?}");
}
