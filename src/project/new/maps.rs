//! What is known of devices that many people have: which register, or which topic, is which value.
//!
//! One file a device, in `assets/devices/`: an ordinary project, which `watchkeeper check` reads, with the device's name before the
//! names of its tags. A new one is a new file and a line in [`MAPS`].

use super::{Keys, NewEntity, NewProject, name_part};
use crate::project::edit::Value;

/// What is known of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Map {
    /// Its word on the command line.
    pub id: &'static str,
    /// The file.
    text: &'static str,
    /// The `SunSpec` models that it is of; then its registers count from the model's first one.
    pub models: &'static [u16],
    /// Of topics, those levels that are another in each plant.
    pub topic: Option<&'static str>,
}

macro_rules! map {
    ($id:literal, $models:expr, $topic:expr) => {
        Map {
            id: $id,
            text: include_str!(concat!("../../../assets/devices/", $id, ".toml")),
            models: $models,
            topic: $topic,
        }
    };
}

/// All that are known.
pub const MAPS: [Map; 7] = [
    map!("sdm630", &[], None),
    map!("sdm230", &[], None),
    map!("sdm120", &[], None),
    map!("sunspec-inverter", &[101, 102, 103], None),
    map!("sunspec-meter", &[201, 202, 203, 204], None),
    map!("shelly-3em", &[], Some("shellypro3em")),
    map!("zigbee2mqtt-climate", &[], Some("zigbee2mqtt/sensor")),
];

impl Map {
    /// The one of this word.
    pub fn named(id: &str) -> Option<&'static Self> {
        MAPS.iter().find(|map| map.id.eq_ignore_ascii_case(id))
    }

    /// What the device is called by its maker: `Eastron SDM630`.
    pub fn title(&self) -> String {
        self.blocks().first().map_or_else(String::new, |head| head.name.clone())
    }

    /// What it is, in a sentence.
    pub fn words(&self) -> &'static str {
        self.comments().next().unwrap_or_default()
    }

    fn comments(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.text.lines().map_while(|line| line.strip_prefix("# "))
    }

    /// The tags of a device of this name; its registers count from `start`, and its topics are below `topic`.
    pub fn tags(&self, device: &str, start: u16, topic: Option<&str>) -> Vec<NewEntity> {
        let part = name_part(device);
        let mut tags: Vec<NewEntity> = self.blocks().into_iter().skip(2).collect();
        for tag in &mut tags {
            let own = tag.name.split_once('.').map_or(tag.name.as_str(), |(_, own)| own);
            tag.name = format!("{part}.{own}");
            tag.keys.retain(|(key, _)| key != "device");
            for (key, value) in &mut tag.keys {
                let Value::Text(text) = value else { continue };
                match (key.as_str(), self.topic, topic) {
                    ("register" | "scale-register", ..) => *text = moved(text, start),
                    ("topic", Some(usual), Some(topic)) if !topic.trim().is_empty() => {
                        if let Some(rest) = text.strip_prefix(usual) {
                            *text = format!("{}{rest}", topic.trim().trim_end_matches('/'));
                        }
                    }
                    _ => {}
                }
            }
        }
        tags
    }

    /// Makes a project one of this device, with these of its tags; where the device lies stays as it is there.
    pub fn put_into(&self, new: &mut NewProject, tags: &[NewEntity]) {
        let known = self.blocks().into_iter().nth(1).unwrap_or_default().keys;
        for (key, value) in known {
            let is_place = matches!(key.as_str(), "protocol" | "address" | "unit-id");
            if !is_place && new.device.get(&key).is_none() {
                new.device.keys.push((key, value));
            }
        }
        new.notes = self.comments().filter(|line| !line.contains("registers below")).map(str::to_owned).collect();
        new.tags = tags.to_vec();
    }

    /// Whether it is of a broker.
    pub const fn is_of_topics(&self) -> bool {
        self.topic.is_some()
    }

    /// The tables of the file, in their order: the project itself, its device, its tags. Read line by line: the files are
    /// ours, and a test holds them against the reader.
    fn blocks(&self) -> Vec<NewEntity> {
        let mut blocks = vec![NewEntity::default()];
        for line in self.text.lines() {
            if line.starts_with("[[") {
                blocks.push(NewEntity::default());
            }
            let Some((key, raw)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) else { continue };
            let Some(block) = blocks.last_mut() else { continue };
            match raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) {
                Some(name) if key == "name" => name.clone_into(&mut block.name),
                Some(text) => block.keys.push((key.to_owned(), Value::from(text))),
                None => block.keys.push((key.to_owned(), Value::Raw(raw.to_owned()))),
            }
        }
        blocks
    }
}

/// A register further up by `start`.
fn moved(register: &str, start: u16) -> String {
    let place = register.split_once(':').and_then(|(area, at)| Some((area, at.parse::<u32>().ok()?)));
    place.map_or_else(|| register.to_owned(), |(area, at)| format!("{area}:{}", at + u32::from(start)))
}

/// The keys of a device that lies on a Modbus line or at a broker, from the lines that a project has for it.
pub fn keys_from_lines(lines: &str) -> Keys {
    let pair = |line: &str| {
        let (key, raw) = line.split_once(" = ")?;
        Some((key.trim().to_owned(), Value::Raw(raw.trim().to_owned())))
    };
    lines.lines().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Endpoint, Source, edit, file};

    #[test]
    fn every_map_is_a_project_without_a_fault_and_is_read_as_the_reader_reads_it() {
        for map in MAPS {
            let (project, issues) = file::read(map.text.as_bytes());
            assert!(issues.is_empty(), "{}: {issues:?}", map.id);
            assert_eq!(edit::canonical(map.text.as_bytes()).unwrap(), map.text, "{}", map.id);
            assert_eq!(map.title(), project.name);
            assert!(map.words().ends_with('.') && map.words().len() < 130, "{}", map.id);
            assert!(map.comments().any(|line| line.starts_with("After: ")), "{} says whose document it is", map.id);
            let device = &project.devices[0];
            assert_eq!(matches!(device.endpoint, Endpoint::Mqtt(_)), map.is_of_topics());
            // As it stands in the file, word for word, but for what is another in each plant.
            let tags = map.tags(&device.name, 0, None);
            assert_eq!(tags.len(), project.tags.len(), "{}", map.id);
            for (tag, read) in tags.iter().zip(&project.tags) {
                assert_eq!(tag.name, read.name);
                assert_eq!(tag.shown("unit").unwrap_or_default(), read.unit);
                assert_eq!(tag.shown("description").unwrap_or_default(), read.description);
            }
            let mut new = NewProject { name: "x".to_owned(), ..NewProject::default() };
            new.device.name.clone_from(&device.name);
            new.device.keys = keys_from_lines("protocol = \"modbus-tcp\"\naddress = \"192.0.2.1\"\n");
            if map.is_of_topics() {
                new.device.keys = keys_from_lines("protocol = \"mqtt\"\naddress = \"mqtt://192.0.2.1\"\n");
            }
            map.put_into(&mut new, &tags);
            let text = new.written().text;
            let (made, issues) = file::read(text.as_bytes());
            assert!(issues.is_empty(), "{}: {issues:?}\n{text}", map.id);
            assert_eq!(made.tags.len(), project.tags.len());
        }
    }

    #[test]
    fn a_model_lies_where_the_device_says_and_topics_where_the_plant_has_them() {
        let tags = Map::named("sunspec-meter").unwrap().tags("grid", 40_069, None);
        let power = tags.iter().find(|tag| tag.name == "grid.power").unwrap();
        assert_eq!(power.shown("register").as_deref(), Some("holding:40087"));
        assert_eq!(power.shown("scale-register").as_deref(), Some("holding:40091"));
        let tags = Map::named("Shelly-3EM").unwrap().tags("m", 0, Some("home/em/"));
        assert_eq!(tags[0].shown("topic").as_deref(), Some("home/em/status/em:0"));
        let (project, _) = file::read(MAPS[0].text.as_bytes());
        assert!(matches!(&project.tags[0].source, Source::Register(source) if source.address == 0));
    }
}
