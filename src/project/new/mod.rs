//! A project that is begun: one device with its tags, a first display, and an alarm, as the text of a file.
//!
//! The window's wizard and the command `new` make the same text of it. It has no rules of its own: what is wrong with it is told
//! by the ordinary reader of that text, and [`Written::part_at`] says whose fault it is.
//! Invariant: the text is in its canonical layout, and says nothing that was not asked for: an alarm has the limit that a
//! person typed, or is not there.

mod examples;
mod maps;
mod overview;

use super::edit::Value;
use super::file::{FORMAT, keys};
pub use examples::{DEMO, EXAMPLES, Example};
pub use maps::{MAPS, Map, keys_from_lines};
use std::fmt::Write as _;
use std::ops::Range;

/// Keys of an entity, in the order in which they are written.
pub type Keys = Vec<(String, Value)>;

/// What a project begins with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewProject {
    /// What the plant is called.
    pub name: String,
    /// Lines of comment at the head: where its registers come from.
    pub notes: Vec<String>,
    /// Its device.
    pub device: NewEntity,
    /// Its tags.
    pub tags: Vec<NewEntity>,
    /// Members of its families that are known already: the first display shows them. They are not written.
    pub members: Vec<NewEntity>,
    /// Its alarms.
    pub alarms: Vec<NewAlarm>,
}

/// A device or a tag.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewEntity {
    /// What it is called.
    pub name: String,
    /// Its other keys; of a tag without `device`.
    pub keys: Keys,
}

/// An alarm on a limit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewAlarm {
    /// Name of its tag.
    pub tag: String,
    /// `high` or `low`, as written.
    pub kind: String,
    /// As typed.
    pub limit: String,
    /// As typed; empty: at once.
    pub on_delay: String,
    /// As written; empty: medium.
    pub priority: String,
    /// Empty: none.
    pub response: String,
}

/// What a line of the text is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The project itself.
    Head,
    /// Its device.
    Device,
    /// The tag of this index.
    Tag(usize),
    /// The alarm of this index.
    Alarm(usize),
    /// The display.
    Display,
}

/// The text, and what each line of it is of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// As it is to stand in the file.
    pub text: String,
    parts: Vec<(Range<u32>, Part)>,
}

impl Written {
    /// What the line of this number, from one, is of.
    pub fn part_at(&self, line: u32) -> Part {
        self.parts.iter().find(|(lines, _)| lines.contains(&line)).map_or(Part::Head, |(_, part)| *part)
    }
}

impl NewEntity {
    /// A key's value, as written.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.keys.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// A key's value as a person reads it.
    pub fn shown(&self, key: &str) -> Option<String> {
        let raw = match self.get(key)? {
            Value::Text(text) => return Some(text.clone()),
            other => other.to_toml(),
        };
        Some(super::edit::words(&raw).map(std::borrow::Cow::into_owned).unwrap_or_else(|| raw.clone()))
    }

    /// Gives a key a value; an empty text takes the key out.
    pub fn set(&mut self, key: &str, value: Value) {
        let empty = matches!(&value, Value::Text(text) if text.trim().is_empty());
        match self.keys.iter().position(|(name, _)| name == key) {
            Some(at) if empty => drop(self.keys.remove(at)),
            Some(at) => {
                if let Some((_, old)) = self.keys.get_mut(at) {
                    *old = value;
                }
            }
            None if empty => {}
            None => self.keys.push((key.to_owned(), value)),
        }
    }
}

impl NewProject {
    /// As it is to stand in the file.
    pub fn written(&self) -> Written {
        let mut page = Page::default();
        for note in &self.notes {
            page.line(format!("# {note}").trim_end());
        }
        if !self.notes.is_empty() {
            page.line("");
        }
        page.line(&format!("watchkeeper = {FORMAT}"));
        page.key("name", &Value::Text(self.name.clone()), "");
        page.entity(Part::Device, "[[device]]", "", &named(&self.device));
        for (index, tag) in self.tags.iter().enumerate() {
            let mut all = named(tag);
            let device = ("device".to_owned(), Value::Text(self.device.name.clone()));
            all.insert(usize::from(tag.get("description").is_some()) + 1, device);
            page.entity(Part::Tag(index), "[[tag]]", "", &all);
            for (index, alarm) in self.alarms.iter().enumerate() {
                if alarm.tag.eq_ignore_ascii_case(&tag.name) {
                    page.entity(Part::Alarm(index), "[[tag.alarm]]", "  ", &alarm.keys());
                }
            }
        }
        // One whose tag is not there is written all the same: the reader says so.
        for (index, alarm) in self.alarms.iter().enumerate() {
            if !self.tags.iter().any(|tag| alarm.tag.eq_ignore_ascii_case(&tag.name)) {
                let tag = ("tag".to_owned(), Value::Text(alarm.tag.clone()));
                page.entity(Part::Alarm(index), "[[alarm]]", "", &[vec![tag], alarm.keys()].concat());
            }
        }
        if !self.tags.is_empty() {
            let name = ("name".to_owned(), Value::from(overview::NAME));
            page.entity(Part::Display, "[[display]]", "", &[name]);
            for panel in overview::panels(&self.shown()) {
                page.entity(Part::Display, "[[display.panel]]", "", &panel);
            }
        }
        Written { text: page.text, parts: page.parts }
    }
}

impl NewProject {
    /// What its first display can show: a family has no value, its members have.
    fn shown(&self) -> Vec<NewEntity> {
        let tags = self.tags.iter().filter(|tag| !tag.name.contains('{'));
        tags.chain(&self.members).cloned().collect()
    }
}

impl NewAlarm {
    fn keys(&self) -> Keys {
        let typed = |key: &str, text: &str| (key.to_owned(), Value::typed(&keys::ALARM, key, text.trim()));
        let mut all = vec![typed("kind", &self.kind), typed("limit", &self.limit)];
        for (key, text) in [("on-delay", &self.on_delay), ("priority", &self.priority), ("response", &self.response)] {
            if !text.trim().is_empty() {
                all.push(typed(key, text));
            }
        }
        all
    }
}

/// The keys of an entity, its name first, its description behind that.
fn named(entity: &NewEntity) -> Keys {
    let mut all = vec![("name".to_owned(), Value::Text(entity.name.clone()))];
    let (description, rest): (Keys, Keys) = entity.keys.iter().cloned().partition(|(key, _)| key == "description");
    all.extend(description);
    all.extend(rest);
    all
}

/// A text while it is written.
#[derive(Default)]
struct Page {
    text: String,
    lines: u32,
    parts: Vec<(Range<u32>, Part)>,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.lines += 1;
    }

    fn key(&mut self, key: &str, value: &Value, indent: &str) {
        self.line(&format!("{indent}{key} = {}", value.to_toml()));
    }

    fn entity(&mut self, part: Part, header: &str, indent: &str, keys: &[(String, Value)]) {
        self.line("");
        let from = self.lines + 1;
        self.line(&format!("{indent}{header}"));
        for (key, value) in keys {
            self.key(key, value, indent);
        }
        self.parts.push((from..self.lines + 1, part));
    }
}

/// The first part of the names of a device's tags: letters, digits and `_`, as a name may have.
pub fn name_part(device: &str) -> String {
    let mut part = String::new();
    for letter in device.trim().chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() || letter == '_' => part.push(letter),
            _ if !part.ends_with('_') => part.push('_'),
            _ => {}
        }
    }
    let part = part.trim_matches('_');
    let begins_well = part.starts_with(|c: char| c.is_ascii_alphabetic());
    // These are the program's own.
    let is_ours = ["device", "system"].iter().any(|own| part.eq_ignore_ascii_case(own));
    match (part.is_empty(), begins_well) {
        (true, _) => "plant".to_owned(),
        (_, false) => format!("d{part}"),
        _ if is_ours => format!("{part}1"),
        _ => part.to_owned(),
    }
}

/// A name for the file of a plant: `river_meter.toml`.
pub fn file_name(plant: &str) -> String {
    let mut name = name_part(plant).to_ascii_lowercase();
    name.truncate(60);
    // Writing to a string cannot fail.
    let _written = write!(name, ".toml");
    name
}

/// A tag of what a person says in one word: `l1.voltage=input:0,f32,V` of a Modbus device, `NAME=TOPIC,PATH,UNIT` of a broker.
///
/// # Errors
/// What would be right.
pub fn tag_from(text: &str, is_topic: bool) -> Result<NewEntity, String> {
    let example = if is_topic {
        "NAME=TOPIC[,PATH[,UNIT]], like wind=site/weather,$.wind,m/s"
    } else {
        "NAME=REGISTER[,TYPE[,UNIT]], like l1.voltage=input:0,f32,V"
    };
    let wrong = || format!("\"{text}\" is no tag; write {example}");
    let (name, rest) = text.split_once('=').ok_or_else(wrong)?;
    let parts: Vec<&str> = rest.split(',').map(str::trim).collect();
    let (name, place) = (name.trim(), parts.first().copied().unwrap_or_default());
    if name.is_empty() || place.is_empty() || parts.len() > 3 {
        return Err(wrong());
    }
    let key_names = if is_topic { ["topic", "path", "unit"] } else { ["register", "type", "unit"] };
    let mut tag = NewEntity { name: name.to_owned(), keys: Keys::new() };
    for (key, word) in key_names.into_iter().zip(parts) {
        tag.set(key, Value::from(word));
    }
    Ok(tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Severity, edit, file};

    pub(super) fn meter() -> NewProject {
        let map = Map::named("sdm630").unwrap();
        let device = NewEntity {
            name: "main meter".to_owned(),
            keys: vec![
                ("protocol".to_owned(), Value::from("modbus-tcp")),
                ("address".to_owned(), Value::from("10.0.0.9:502")),
                ("unit-id".to_owned(), Value::Whole(7)),
            ],
        };
        let mut new = NewProject { name: "Riverside \"north\"".to_owned(), device, ..NewProject::default() };
        map.put_into(&mut new, &map.tags("main meter", 0, None));
        new
    }

    #[test]
    fn a_meter_with_an_alarm_is_a_project_without_a_fault_in_its_canonical_layout() {
        let mut new = meter();
        new.alarms.push(NewAlarm {
            tag: "main_meter.l1.voltage".to_owned(),
            kind: "high".to_owned(),
            limit: "253".to_owned(),
            on_delay: "5s".to_owned(),
            priority: "high".to_owned(),
            response: "Compare the three phases".to_owned(),
        });
        let written = new.written();
        let (project, issues) = file::read(written.text.as_bytes());
        assert!(issues.is_empty(), "{issues:?}\n{}", written.text);
        assert_eq!(edit::canonical(written.text.as_bytes()).unwrap(), written.text);
        assert_eq!(project.tags.len(), 13);
        assert_eq!(project.alarms.len(), 1);
        assert_eq!(project.tags[0].name, "main_meter.l1.voltage");
        assert!(written.text.contains("  [[tag.alarm]]\n  kind = \"high\"\n  limit = 253\n  on-delay = \"5s\"\n"));
        assert!(written.text.contains("unit-id = 7\npoll = \"1s\"\nmax-registers = 80\n"), "{}", written.text);
        assert!(written.text.starts_with("# Three-phase energy meter"), "{}", written.text);
    }

    #[test]
    fn a_fault_is_told_at_the_part_that_it_is_of() {
        let mut new = meter();
        new.device.set("unit-id", Value::Whole(700));
        new.tags[3].set("type", Value::from("f33"));
        new.alarms.push(NewAlarm {
            tag: "main_meter.power".to_owned(),
            kind: "high".to_owned(),
            limit: "much".to_owned(),
            ..NewAlarm::default()
        });
        let written = new.written();
        let (_, issues) = file::read(written.text.as_bytes());
        let errors = issues.iter().filter(|issue| issue.severity == Severity::Error);
        let parts: Vec<Part> = errors.map(|issue| written.part_at(issue.place.line)).collect();
        assert_eq!(parts, [Part::Device, Part::Tag(3), Part::Alarm(0)], "{issues:?}");
        assert_eq!(written.part_at(1), Part::Head);
    }

    #[test]
    fn a_device_may_be_called_anything_and_its_tags_have_names_all_the_same() {
        for (device, part) in [
            ("meter", "meter"),
            ("Main meter (north)", "Main_meter_north"),
            ("1st", "d1st"),
            ("system", "system1"),
            ("ü", "plant"),
            ("", "plant"),
        ] {
            assert_eq!(name_part(device), part);
        }
        assert_eq!(file_name("River – Side"), "river_side.toml");
    }

    #[test]
    fn a_tag_is_said_in_one_word() {
        let tag = tag_from("l1.voltage = input:0, f32,V", false).unwrap();
        assert_eq!((tag.name.as_str(), tag.shown("register").as_deref()), ("l1.voltage", Some("input:0")));
        assert_eq!((tag.shown("type").as_deref(), tag.shown("unit").as_deref()), (Some("f32"), Some("V")));
        let tag = tag_from("wind=site/weather,,m/s", true).unwrap();
        assert_eq!((tag.shown("path"), tag.shown("unit").as_deref()), (None, Some("m/s")));
        for wrong in ["", "a", "=input:0", "a=", "a=b,c,d,e"] {
            assert!(tag_from(wrong, false).unwrap_err().contains("l1.voltage=input:0,f32,V"), "{wrong}");
        }
    }
}
