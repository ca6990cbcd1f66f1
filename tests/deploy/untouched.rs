//! What an edit does not touch does not feel it: no connection is made anew, and no value, age, alarm or force is another.

use super::families::{Site, plant as plant_of, shown, shows, tag as topic};
use super::support::{Modbus, until};
use super::{alarm, anna, config};
use watchkeeper::engine::{AlarmRef, AlarmState, Command, Quality, TagView, Value};
use watchkeeper::link::PlantLink;
use watchkeeper::runtime::{Station, field_runtime, load};

/// A block of the file.
#[derive(Clone, PartialEq)]
struct Block {
    name: String,
    text: String,
}

fn tag(name: &str, device: usize, register: u16, more: &str) -> Block {
    let text = format!(
        "[[tag]]\nname = \"{name}\"\ndevice = \"plc{device}\"\nregister = \"holding:{register}\"\ntype = \"u16\"\n{more}\n"
    );
    Block { name: name.to_owned(), text }
}

/// What register holds what: none the same as another, of either device.
fn held(device: usize, register: u16) -> u16 {
    1_000 * device as u16 + register
}

/// The tags that no edit touches, and what they show for as long as the plant runs.
const KEPT: [(&str, usize, u16); 6] =
    [("a", 1, 0), ("b", 1, 1), ("c", 1, 7), ("d", 2, 0), ("e", 2, 3), ("forced", 2, 4)];

fn view(link: &PlantLink, name: &str) -> TagView {
    let snapshot = link.snapshots.borrow().clone();
    let id = snapshot.plan.tag_id(name).unwrap();
    snapshot.tag(id).unwrap().clone()
}

#[test]
fn random_small_edits_are_felt_by_nothing_that_they_do_not_touch() {
    let devices = [Modbus::start(40), Modbus::start(40)];
    for (index, device) in devices.iter().enumerate() {
        let words: Vec<u16> = (0..40).map(|register| held(index + 1, register)).collect();
        device.set(0, &words);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plant.toml");
    let mut blocks: Vec<Block> = devices
        .iter()
        .enumerate()
        .map(|(index, device)| Block {
            name: format!("plc{}", index + 1),
            text: format!(
                "[[device]]\nname = \"plc{}\"\nprotocol = \"modbus-tcp\"\naddress = \"{}\"\npoll = \"20ms\"\n",
                index + 1,
                device.address
            ),
        })
        .collect();
    let high = "alarm = [{ kind = \"high\", limit = 10, priority = \"high\" }]";
    blocks
        .extend(KEPT.map(|(name, device, register)| tag(name, device, register, if name == "a" { high } else { "" })));
    let kept = blocks.clone();
    let write = |blocks: &[Block]| {
        let text: Vec<&str> = blocks.iter().map(|block| block.text.as_str()).collect();
        std::fs::write(&file, format!("watchkeeper = 1\nname = \"Untouched\"\n{}", text.join("\n"))).unwrap();
    };
    write(&blocks);
    let runtime = field_runtime().unwrap();
    let mut station = Station::start(config(&file), runtime.handle()).unwrap();
    let link = station.link();
    let number = |name: &str| view(&link, name).value.as_ref().and_then(Value::as_f64);
    for (name, device, register) in KEPT {
        until(name, || (number(name) == Some(f64::from(held(device, register)))).then_some(()));
    }
    let raised = until("the alarm", || alarm(&link, "a/high"));
    let seen = AlarmRef { alarm: "a/high".into(), occurrence: raised.occurrence };
    link.commands.try_send(Command::Acknowledge { by: anna(), alarms: vec![seen], note: None }).unwrap();
    let value = Some(Value::U64(5));
    let force = Command::Force { by: anna(), tag: "forced".into(), value, reason: None, until: None };
    link.commands.try_send(force).unwrap();
    until("the force", || (view(&link, "forced").quality == Quality::FORCED).then_some(()));
    let done = |a: &watchkeeper::engine::AlarmView| a.state == AlarmState::Acknowledged && !a.recording;
    let stands = until("acknowledged", || alarm(&link, "a/high").filter(done));
    let since: Vec<_> = KEPT.map(|(name, ..)| view(&link, name).quality_since).to_vec();

    let mut random = fastrand::Rng::with_seed(6);
    for step in 0..14_u16 {
        match random.u8(0..6) {
            0 | 1 => {
                let (device, register) = (random.usize(1..3), random.u16(0..40));
                let at = random.usize(0..=blocks.len());
                blocks.insert(at, tag(&format!("new{step}"), device, register, if step % 2 == 0 { high } else { "" }));
            }
            2 => {
                let at = random.usize(0..blocks.len());
                if !kept.contains(&blocks[at]) {
                    blocks.remove(at);
                }
            }
            3 => random.shuffle(&mut blocks),
            4 => {
                let text = format!("[[display]]\nname = \"D{step}\"\n");
                blocks.insert(random.usize(0..=blocks.len()), Block { name: format!("D{step}"), text });
            }
            _ => {
                // An interval of its own, for one that came later.
                if let Some(block) = blocks.iter_mut().find(|block| block.name.starts_with("new")) {
                    block.text = format!("{}poll = \"{}ms\"\n", block.text.replace("poll", "# poll"), 30 + step);
                }
            }
        }
        write(&blocks);
        station.deploy(&load(&file).unwrap(), anna(), "edited").unwrap();
        let requests = devices.each_ref().map(Modbus::requests);
        until("further rounds", || {
            for ((name, device, register), since) in KEPT.into_iter().zip(&since) {
                let view = view(&link, name);
                let (value, quality) = match name {
                    "forced" => (5, Quality::FORCED),
                    _ => (held(device, register), Quality::GOOD),
                };
                let value = Some(f64::from(value));
                assert_eq!(
                    (view.value.as_ref().and_then(Value::as_f64), view.quality),
                    (value, quality),
                    "{name}, {step}"
                );
                // A force stands since it was given, not since it was on disk.
                let same_since = name == "forced" || view.quality_since == *since;
                assert!(same_since, "{name}, {step}: {:?} {since:?}", view.quality_since);
            }
            let now = alarm(&link, "a/high").unwrap();
            assert_eq!((now.state, now.occurrence, now.raised), (stands.state, stands.occurrence, stands.raised));
            let snapshot = link.snapshots.borrow().clone();
            for block in blocks.iter().filter(|block| block.name.starts_with("new")) {
                let Some(tag) = snapshot.plan.tag_id(&block.name).and_then(|id| snapshot.plan.tag(id)) else {
                    continue;
                };
                let watchkeeper::project::Source::Register(source) = &tag.tag.source else { panic!("no register") };
                let own = f64::from(held(if source.device == "plc1" { 1 } else { 2 }, source.address));
                let value = view(&link, &block.name).value.as_ref().and_then(Value::as_f64);
                assert!(value.is_none_or(|value| value == own), "{}: {value:?} of another register", block.name);
            }
            let now = devices.each_ref().map(Modbus::requests);
            let all_shown = blocks
                .iter()
                .filter(|block| block.name.starts_with("new"))
                .all(|block| snapshot.plan.tag_id(&block.name).is_some() && number(&block.name).is_some());
            (all_shown && now.iter().zip(requests).all(|(now, then)| *now >= then + 3)).then_some(())
        });
        assert_eq!(devices.each_ref().map(Modbus::connections), [1, 1], "step {step}");
    }
    // Told once a second, and counted since the start.
    until("the figures", || {
        let snapshot = link.snapshots.borrow().clone();
        snapshot.devices.iter().all(|d| d.status.answers > 14 * 3).then_some(())
    });
    drop(link);
    assert_eq!(station.stop(), [""; 0]);
}

#[test]
fn a_broker_is_asked_for_what_comes_and_let_go_of_what_goes_over_the_same_connection() {
    let (site, modbus) = (Site::start(), Modbus::start(10));
    let folder = tempfile::tempdir().unwrap();
    site.send("kept", "1", true);
    site.send("later", "7", true);
    let (kept, gone) = (topic("kept", "kept", ""), topic("gone", "gone", ""));
    let file = plant_of(folder.path(), &modbus, &site, &format!("{kept}{gone}"));
    let runtime = field_runtime().unwrap();
    let mut station = Station::start(config(&file), runtime.handle()).unwrap();
    let link = station.link();
    shows(&link, "kept", "1 uncertain:retained");
    site.send_until("gone", "5", || (shown(&link, "gone") == "5 good").then_some(()));
    let since = link.snapshots.borrow().devices[1].status.since;
    let text = std::fs::read_to_string(&file).unwrap().replace(&gone, "");
    let (later, again) = (topic("later", "later", ""), topic("again", "kept", ""));
    let text = text.replace(&kept, &format!("{again}{later}{kept}"));
    std::fs::write(&file, &text).unwrap();
    let impact = station.deploy(&load(&file).unwrap(), anna(), "edited").unwrap();
    let words = impact.words();
    assert_eq!(
        words[..2],
        [
            "site is asked otherwise, without reconnecting: 2 tags more to be read, 1 tag fewer to be read",
            "no device reconnects"
        ]
    );
    assert_eq!(shown(&link, "kept"), "1 uncertain:retained", "at once");
    // What the broker keeps is said to those that come, as to one that has just connected.
    shows(&link, "later", "7 uncertain:retained");
    shows(&link, "again", "1 uncertain:retained");
    site.send("gone", "6", false);
    site.send_until("kept", "2", || (shown(&link, "kept") == "2 good").then_some(()));
    shows(&link, "again", "2 good");
    // Under another name it is the same: its client id is written, and nothing of the connection hangs on the name.
    let renamed = text
        .replace("name = \"site\"", "name = \"east\"\nwas = \"site\"")
        .replace("device = \"site\"", "device = \"east\"");
    std::fs::write(&file, &renamed).unwrap();
    let impact = station.deploy(&load(&file).unwrap(), anna(), "edited").unwrap();
    assert_eq!(
        impact.words(),
        ["no device reconnects", "renamed, with its figures' history and its alarm: east", "no alarm is judged anew"]
    );
    assert_eq!(shown(&link, "kept"), "2 good", "at once");
    site.send_until("kept", "3", || (shown(&link, "kept") == "3 good").then_some(()));
    let status = link.snapshots.borrow().devices[1].status.clone();
    assert_eq!((status.reconnects, status.since, status.bad_payloads), (0, since, 0));
    // One whose client id is made from its name is another client to the broker, and the review says so.
    let derived = renamed.replace("client-id = \"station\"\n", "");
    std::fs::write(&file, &derived).unwrap();
    let impact = station.deploy(&load(&file).unwrap(), anna(), "edited").unwrap();
    assert_eq!(impact.words()[0], "east reconnects: client-id");
    site.send_until("kept", "4", || (shown(&link, "kept") == "4 good").then_some(()));
    let again = derived
        .replace("name = \"east\"\nwas = \"site\"", "name = \"west\"\nwas = \"east\"")
        .replace("device = \"east\"", "device = \"west\"");
    std::fs::write(&file, &again).unwrap();
    let impact = station.deploy(&load(&file).unwrap(), anna(), "edited").unwrap();
    assert_eq!(impact.words()[0], "west reconnects: its name, from which its client id is made");
    drop(link);
    assert_eq!(station.stop(), [""; 0]);
}
