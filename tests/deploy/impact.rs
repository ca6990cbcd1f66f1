//! What an edit is said to do to the connections is what happens at the devices.

use super::support::{Modbus, project, until};
use super::{alarm, anna, answers, config, shows, value};
use std::path::Path;
use watchkeeper::engine::AlarmState;
use watchkeeper::runtime::impact::{Impact, LinkFate};
use watchkeeper::runtime::{Station, field_runtime, load};

struct Plant<'a> {
    file: &'a Path,
    station: Station,
    devices: [&'a Modbus; 2],
}

impl Plant<'_> {
    /// Puts a text into force, and holds what was said of the two devices against who connected and who went on.
    fn deploy(&mut self, text: &str) -> Impact {
        std::fs::write(self.file, text).unwrap();
        let version = load(self.file).unwrap();
        let before = self.devices.map(Modbus::connections);
        let impact = self.station.deploy(&version, anna(), "edited").unwrap();
        let link = self.station.link();
        for ((name, device), before) in ["plc1", "plc2"].into_iter().zip(self.devices).zip(before) {
            let fate = impact.devices.iter().find(|(named, _)| named == name).map(|(_, fate)| fate);
            match fate {
                Some(LinkFate::Reconnects(_) | LinkFate::New) => {
                    until(name, || (device.connections() > before).then_some(()));
                }
                Some(LinkFate::Gone) => {
                    let asked = device.requests();
                    until(name, || link.snapshots.borrow().devices.iter().all(|d| d.id.0 == 0).then_some(()));
                    assert!(device.connections() == before && device.requests() <= asked + 2);
                }
                None if link.snapshots.borrow().plan.devices.iter().any(|d| &*d.name == name) => {
                    goes_on(device);
                    assert_eq!(device.connections(), before, "{name} was to go on: {impact:?}");
                }
                Some(LinkFate::AsksOtherwise(_)) => {
                    goes_on(device);
                    assert_eq!(device.connections(), before, "{name} was not to reconnect: {impact:?}");
                }
                None => {}
            }
        }
        impact
    }
}

/// Four requests later.
fn goes_on(device: &Modbus) {
    let asked = device.requests();
    until("requests", || (device.requests() >= asked + 4).then_some(()));
}

#[test]
fn the_devices_that_are_said_to_reconnect_do_and_no_others() {
    let (one, two) = (Modbus::start(10), Modbus::start(10));
    one.set(0, &[200]);
    two.set(0, &[1, 2, 3]);
    let folder = tempfile::tempdir().unwrap();
    let file = project(folder.path(), one.address);
    let text = format!(
        "{}\n[[device]]\nname = \"plc2\"\nprotocol = \"modbus-tcp\"\naddress = \"{}\"\npoll = \"50ms\"\n\
         [[tag]]\nname = \"other\"\ndevice = \"plc2\"\nregister = \"holding:0\"\ntype = \"u16\"\n",
        std::fs::read_to_string(&file).unwrap(),
        two.address
    );
    std::fs::write(&file, &text).unwrap();
    let runtime = field_runtime().unwrap();
    let station = Station::start(config(&file), runtime.handle()).unwrap();
    let link = station.link();
    shows(&link, "other", 1.0);
    until("the alarm", || alarm(&link, "tank1.level/high"));
    let mut plant = Plant { file: &file, station, devices: [&one, &two] };

    // The order of the file is of no account to the plant.
    let blocks: Vec<&str> = text.split("\n[[").collect();
    let reordered: Vec<&str> = blocks[..1].iter().chain(blocks[1..].iter().rev()).copied().collect();
    let moved = reordered.join("\n[[");
    let impact = plant.deploy(&moved);
    assert_eq!(impact.words(), ["no device reconnects", "no alarm is judged anew"], "{moved}");
    assert_eq!(value(&link, "tank1.level"), Some(100.0), "at once");
    plant.deploy(&text);
    // A limit, a text, a note, a display and the retention: no device feels it.
    let display = "[[display]]\nname = \"New\"\n[[display.panel]]\nkind = \"alarms\"\nat = [0, 0, 6, 4]\n[history]\nkeep = \"30d\"\n";
    let text = format!("# note\n{}{display}", text.replace("limit = 95.0", "limit = 94.0"));
    let impact = plant.deploy(&text);
    assert_eq!(
        impact.words(),
        [
            "no device reconnects",
            "judged anew at once; what stands stands until it returns: tank1.level/high (limit)",
            "of [history], counts from the next start on: keep"
        ]
    );
    // A tag by another name: value and alarm are its own.
    let text = text.replace("name = \"tank1.level\"", "name = \"basin.level\"\nwas = \"tank1.level\"");
    let impact = plant.deploy(&text);
    assert_eq!(impact.words()[..2], ["no device reconnects", "renamed, with value, history and alarms: basin.level"]);
    assert_eq!(value(&link, "basin.level"), Some(100.0), "at once");
    assert_eq!(alarm(&link, "basin.level/high").unwrap().state, AlarmState::Unacknowledged);
    one.set(0, &[198]);
    shows(&link, "basin.level", 99.0);
    one.set(0, &[200]);
    shows(&link, "basin.level", 100.0);
    // A device by another name: its connection, its values and its figures are its own.
    let renamed = text
        .replace("name = \"plc2\"", "name = \"east\"\nwas = \"plc2\"")
        .replace("device = \"plc2\"", "device = \"east\"");
    let (before, answers) = (two.connections(), answers(&link, 1));
    let impact = plant.deploy(&renamed);
    let words =
        ["no device reconnects", "renamed, with its figures' history and its alarm: east", "no alarm is judged anew"];
    assert_eq!(impact.words(), words);
    assert_eq!(value(&link, "other"), Some(1.0), "at once");
    two.set(0, &[4]);
    shows(&link, "other", 4.0);
    two.set(0, &[1]);
    shows(&link, "other", 1.0);
    assert!(two.connections() == before && super::answers(&link, 1) >= answers, "and counted on");
    plant.deploy(&text.replace("name = \"plc2\"", "name = \"plc2\"\nwas = \"east\""));
    // A setting of one device, which costs the other nothing.
    let text = text.replace("name = \"plc2\"", "name = \"plc2\"\nunit-id = 3");
    let impact = plant.deploy(&text);
    assert_eq!(
        impact.words()[..3],
        [
            "plc2 is asked otherwise, without reconnecting: unit-id",
            "no device reconnects",
            "waits for a new value, for plc2 is asked in another way: other"
        ]
    );
    // A tag more of it, at the end.
    let tag = "[[tag]]\nname = \"last\"\ndevice = \"plc2\"\nregister = \"holding:1\"\ntype = \"u16\"\n";
    let text = format!("{text}{tag}");
    assert_eq!(plant.deploy(&text).words()[0], "plc2 is asked otherwise, without reconnecting: 1 tag more to be read");
    shows(&link, "last", 2.0);
    // And one before all others.
    let first = "[[tag]]\nname = \"first\"\ndevice = \"plc1\"\nregister = \"holding:0\"\ntype = \"u16\"\n\n[[tag]]\nname = \"basin.level\"";
    let text = text.replacen("[[tag]]\nname = \"basin.level\"", first, 1);
    let impact = plant.deploy(&text);
    assert_eq!(
        impact.words()[..3],
        [
            "plc1 is asked otherwise, without reconnecting: 1 tag more to be read",
            "no device reconnects",
            "new tag: first"
        ]
    );
    // Another address, and that alone.
    let third = Modbus::start(10);
    third.set(0, &[7, 8]);
    let elsewhere = text.replace(&two.address.to_string(), &third.address.to_string());
    std::fs::write(&file, &elsewhere).unwrap();
    let ones = one.connections();
    let impact = plant.station.deploy(&load(&file).unwrap(), anna(), "edited").unwrap();
    assert_eq!(impact.words()[..2], ["plc2 reconnects: address", "no other device reconnects"]);
    shows(&link, "last", 8.0);
    assert_eq!((one.connections(), third.connections()), (ones, 1));
    let impact = plant.deploy(&text);
    assert_eq!(impact.words()[..2], ["plc2 reconnects: address", "no other device reconnects"]);
    shows(&link, "last", 2.0);
    assert_eq!(value(&link, "basin.level"), Some(100.0), "its value is carried over all the same");
    shows(&link, "first", 200.0);
    // The second device goes, and its tags with it.
    let at = text.find("[[device]]\nname = \"plc2\"").unwrap();
    let end = text.find("[[display]]").unwrap();
    let text = format!("{}{}", &text[..at], &text[end..]).replace(tag, "");
    let impact = plant.deploy(&text);
    assert_eq!(impact.words()[..2], ["no longer connected to: plc2", "no other device reconnects"]);
    // Another data folder is refused, and said to be.
    std::fs::write(&file, text.replace("keep = \"30d\"", "keep = \"30d\"\npath = \"elsewhere\"")).unwrap();
    let refused = plant.station.deploy(&load(&file).unwrap(), anna(), "edited").unwrap_err();
    assert!(refused.contains("another data folder"), "{refused}");
    let Plant { station, .. } = plant;
    drop(link);
    assert_eq!(station.stop(), [""; 0]);
}
