//! What is another between two versions of a project, in plain words: for the journal, so that whoever reads it a year later
//! knows that the limit was another one then.

use super::{Alarm, Deadband, Device, Display, Places, Project, Tag};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// Names that are told of what was added or removed; of more the number.
const MOST_NAMES: usize = 5;

/// What changed, the most telling first: alarms, tags, devices, displays, the rest. Empty where nothing did.
pub fn changes(before: &Project, after: &Project) -> Vec<String> {
    let mut said = Vec::new();
    compare(
        &mut said,
        ("alarm", "alarms"),
        &by_name(&before.alarms, |a| format!("{}/{}", a.tag, a.name)),
        &by_name(&after.alarms, |a| format!("{}/{}", a.tag, a.name)),
        |name| renamed_alarm(after, name),
        alarm,
    );
    compare(
        &mut said,
        ("tag", "tags"),
        &by_name(&before.tags, |t| t.name.clone()),
        &by_name(&after.tags, |t| t.name.clone()),
        |name| was_tag(after, name),
        tag,
    );
    compare(
        &mut said,
        ("device", "devices"),
        &by_name(&before.devices, |d| d.name.clone()),
        &by_name(&after.devices, |d| d.name.clone()),
        |_| None,
        device,
    );
    compare(
        &mut said,
        ("display", "displays"),
        &by_name(&before.displays, |d| d.name.clone()),
        &by_name(&after.displays, |d| d.name.clone()),
        |name| after.displays.iter().find(|d| d.name == name)?.was.clone(),
        display,
    );
    let mut plant = Fields::new(&mut said, "the project");
    plant.both("name", &before.name, &after.name);
    plant.both(
        "time zone",
        before.time_zone.as_deref().unwrap_or("none"),
        after.time_zone.as_deref().unwrap_or("none"),
    );
    plant.whether("[history]", before.history == after.history);
    plant.whether("shifts", before.shifts == after.shifts);
    said
}

/// The same as one text of at most about `longest` bytes; what does not fit is counted.
pub fn in_short(changes: &[String], longest: usize) -> String {
    let mut text = String::new();
    for (told, change) in changes.iter().enumerate() {
        if text.len() + change.len() > longest && told > 0 {
            // Writing to a string cannot fail.
            let _ok = write!(text, "; and {} more", changes.len() - told);
            break;
        }
        text.push_str(if told == 0 { "" } else { "; " });
        if change.len() > longest {
            text.extend(change.chars().take(longest / 4).chain(['…']));
        } else {
            text.push_str(change);
        }
    }
    text
}

/// By name in lower case; of two of one name, which is a fault of the project, the last.
fn by_name<T>(list: &[Arc<T>], name: impl Fn(&T) -> String) -> BTreeMap<String, (String, Arc<T>)> {
    list.iter()
        .map(|item| {
            let name = name(item);
            (name.to_lowercase(), (name, item.clone()))
        })
        .collect()
}

fn was_tag(project: &Project, name: &str) -> Option<String> {
    project.tags.iter().find(|t| t.name == name)?.was.clone()
}

fn renamed_alarm(project: &Project, name: &str) -> Option<String> {
    let (tag, short) = name.split_once('/')?;
    Some(format!("{}/{short}", was_tag(project, tag)?))
}

type ByName<T> = BTreeMap<String, (String, Arc<T>)>;

fn compare<T>(
    said: &mut Vec<String>,
    (one, many): (&str, &str),
    before: &ByName<T>,
    after: &ByName<T>,
    was: impl Fn(&str) -> Option<String>,
    fields: impl Fn(&mut Fields<'_>, &T, &T),
) {
    let mut gone: BTreeSet<&String> = before.keys().collect();
    let (mut added, mut renamed) = (Vec::new(), Vec::new());
    for (key, (name, item)) in after {
        let earlier = before.get(key).map(|found| (key.clone(), found)).or_else(|| {
            let earlier = was(name)?.to_lowercase();
            let found = before.get(&earlier).filter(|_| !after.contains_key(&earlier))?;
            Some((earlier, found))
        });
        let Some((key, (before_name, before_item))) = earlier else {
            added.push(name.as_str());
            continue;
        };
        gone.remove(&key);
        if before_name != name {
            renamed.push(format!("{one} {before_name} is now {name}"));
        }
        fields(&mut Fields::new(said, name), before_item, item);
    }
    let removed: Vec<&str> = gone.iter().filter_map(|key| before.get(*key)).map(|(name, _)| name.as_str()).collect();
    for (names, verb) in [(added, "added"), (removed, "removed")] {
        if !names.is_empty() {
            let listed = names.iter().take(MOST_NAMES).copied().collect::<Vec<_>>().join(", ");
            let more = names.len().saturating_sub(MOST_NAMES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let noun = if names.len() == 1 { one } else { many };
            said.push(format!("{} {noun} {verb}: {listed}{more}", names.len()));
        }
    }
    said.extend(renamed);
}

/// Tells what is another of one thing.
struct Fields<'a> {
    said: &'a mut Vec<String>,
    of: &'a str,
    before: usize,
}

impl<'a> Fields<'a> {
    fn new(said: &'a mut Vec<String>, of: &'a str) -> Self {
        let before = said.len();
        Self { said, of, before }
    }

    /// With both values.
    fn both(
        &mut self,
        what: &str,
        before: &(impl std::fmt::Display + PartialEq + ?Sized),
        after: &(impl std::fmt::Display + ?Sized),
    ) {
        let (before, after) = (before.to_string(), after.to_string());
        if before != after {
            self.said.push(format!("{what} of {} {} → {}", self.of, or_none(&before), or_none(&after)));
        }
    }

    /// Too long to be told twice.
    fn whether(&mut self, what: &str, same: bool) {
        if !same {
            self.said.push(format!("{what} of {} changed", self.of));
        }
    }

    /// What has no words of its own, where nothing else was told.
    fn rest(&mut self, what: &str, same: bool) {
        if !same && self.said.len() == self.before {
            self.said.push(format!("{what} of {} changed", self.of));
        }
    }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn some<T: ToString>(value: Option<&T>) -> String {
    value.map(T::to_string).unwrap_or_default()
}

fn pair(value: Option<[f64; 2]>) -> String {
    value.map(|[low, high]| format!("{low} to {high}")).unwrap_or_default()
}

fn alarm(fields: &mut Fields<'_>, a: &Alarm, b: &Alarm) {
    let deadband = |alarm: &Alarm| match alarm.deadband {
        Deadband::Units(units) => units.to_string(),
        Deadband::Percent(percent) => format!("{percent}%"),
    };
    fields.both("kind", a.kind.word(), b.kind.word());
    fields.both("limit", &some(a.kind.limit().as_ref()), &some(b.kind.limit().as_ref()));
    fields.both("deadband", &deadband(a), &deadband(b));
    fields.both("on-delay", &a.on_delay, &b.on_delay);
    fields.both("off-delay", &a.off_delay, &b.off_delay);
    fields.both("priority", a.priority.word(), b.priority.word());
    fields.both("latch", &a.latch, &b.latch);
    fields.both("group", a.group.as_deref().unwrap_or(""), b.group.as_deref().unwrap_or(""));
    fields.both("suppress-when", a.suppress_when.as_deref().unwrap_or(""), b.suppress_when.as_deref().unwrap_or(""));
    fields.whether("message", a.message == b.message);
    fields.whether("cause", a.cause == b.cause);
    fields.whether("consequence", a.consequence == b.consequence);
    fields.whether("response", a.response == b.response);
    // The name of a tag is told once, where it is another.
    let plain = |alarm: &Alarm| Alarm { places: Places::default(), tag: String::new(), ..alarm.clone() };
    fields.rest("condition", plain(a) == plain(b));
}

fn tag(fields: &mut Fields<'_>, a: &Tag, b: &Tag) {
    fields.whether("source", a.source == b.source);
    fields.both("type", a.data_type.word(), b.data_type.word());
    fields.both("scale", &some(a.scale.as_ref()), &some(b.scale.as_ref()));
    fields.both("offset", &some(a.offset.as_ref()), &some(b.offset.as_ref()));
    fields.both("raw", &pair(a.raw), &pair(b.raw));
    fields.both("unit", &a.unit, &b.unit);
    fields.both("range", &pair(a.range), &pair(b.range));
    fields.both("valid", &pair(a.valid), &pair(b.valid));
    fields.both("normal", &pair(a.normal), &pair(b.normal));
    fields.both("stale-after", &some(a.stale_after.as_ref()), &some(b.stale_after.as_ref()));
    fields.both("keep", &some(a.keep.as_ref()), &some(b.keep.as_ref()));
    let plain = |tag: &Tag| Tag { places: Places::default(), name: String::new(), was: None, ..tag.clone() };
    fields.rest("settings", plain(a) == plain(b));
}

fn device(fields: &mut Fields<'_>, a: &Device, b: &Device) {
    fields.both("address", &a.address, &b.address);
    fields.whether("no-answer alarm", a.no_answer == b.no_answer);
    let plain = |device: &Device| Device { places: Places::default(), ..device.clone() };
    fields.rest("settings", plain(a) == plain(b));
}

fn display(fields: &mut Fields<'_>, a: &Display, b: &Display) {
    let plain = |display: &Display| {
        let mut plain = Display { places: Places::default(), name: String::new(), was: None, ..display.clone() };
        plain.panels.iter_mut().for_each(|panel| panel.places = Places::default());
        plain
    };
    fields.rest("panels", plain(a) == plain(b));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::file;

    const BEFORE: &str = r#"
watchkeeper = 1
name = "Riverside"
[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "192.0.2.10:502"
[[tag]]
name = "tank1.level"
device = "plc1"
register = "holding:0"
type = "u16"
unit = "%"
range = [0.0, 100.0]
[[tag.alarm]]
kind = "high"
limit = 85.0
priority = "high"
message = "Tank 1 is nearly full"
[[tag]]
name = "tank2.level"
device = "plc1"
register = "holding:1"
type = "u16"
[[display]]
name = "Tanks"
[[display.panel]]
kind = "value"
at = [0, 0, 4, 4]
tag = "tank1.level"
"#;

    fn between(before: &str, after: &str) -> Vec<String> {
        let read = |text: &str| file::read(text.as_bytes()).0;
        changes(&read(before), &read(after))
    }

    #[test]
    fn what_an_engineer_changed_is_told_in_words() {
        for (from, to, told) in [
            ("limit = 85.0", "limit = 90.5", "limit of tank1.level/high 85 → 90.5"),
            (
                "priority = \"high\"",
                "priority = \"low\"\non-delay = \"5s\"",
                "on-delay of tank1.level/high 0ms → 5s; priority of tank1.level/high high → low",
            ),
            ("nearly full", "almost full", "message of tank1.level/high changed"),
            ("unit = \"%\"", "", "unit of tank1.level % → none"),
            ("100.0]", "120.0]", "range of tank1.level 0 to 100 → 0 to 120"),
            ("holding:1", "holding:7", "source of tank2.level changed"),
            ("192.0.2.10", "192.0.2.11", "address of plc1 192.0.2.10:502 → 192.0.2.11:502"),
            ("at = [0, 0, 4, 4]", "at = [0, 0, 5, 4]", "panels of Tanks changed"),
            ("\"Riverside\"", "\"Lakeside\"", "name of the project Riverside → Lakeside"),
            ("register = \"holding:1\"", "register = \"holding:1\"\ndecimals = 2", "settings of tank2.level changed"),
            (
                "name = \"tank2.level\"",
                "name = \"Basin.level\"\nwas = \"tank2.level\"",
                "tag tank2.level is now Basin.level",
            ),
        ] {
            assert!(BEFORE.contains(from));
            assert_eq!(between(BEFORE, &BEFORE.replacen(from, to, 1)).join("; "), told);
        }
        assert_eq!(between(BEFORE, &format!("# a comment\n\n{BEFORE}")), Vec::<String>::new(), "places are no change");
    }

    #[test]
    fn alarms_follow_a_tag_that_is_renamed() {
        let after = BEFORE
            .replace("name = \"tank1.level\"", "name = \"t1.level\"\nwas = \"tank1.level\"")
            .replace("tag = \"tank1.level\"", "tag = \"t1.level\"");
        let told = between(BEFORE, &after);
        assert_eq!(
            told,
            [
                "alarm tank1.level/high is now t1.level/high",
                "tag tank1.level is now t1.level",
                "panels of Tanks changed"
            ]
        );
    }

    #[test]
    fn many_that_were_added_are_counted_and_the_text_is_bounded() {
        let mut after = String::from(BEFORE);
        for i in 0..12 {
            write!(
                after,
                "[[tag]]\nname = \"new.t{i:02}\"\ndevice = \"plc1\"\nregister = \"holding:{i}\"\ntype = \"u16\"\n"
            )
            .unwrap();
        }
        let told = between(BEFORE, &after);
        assert_eq!(told, ["12 tags added: new.t00, new.t01, new.t02, new.t03, new.t04 and 7 more"]);
        assert_eq!(
            between(&after, BEFORE),
            ["12 tags removed: new.t00, new.t01, new.t02, new.t03, new.t04 and 7 more"]
        );
        let many: Vec<String> = (0..100).map(|i| format!("change {i}")).collect();
        let short = in_short(&many, 100);
        assert!(short.len() < 130 && short.ends_with("; and 90 more"), "{short}");
        assert_eq!(in_short(&many[..2], 100), "change 0; change 1");
    }
}
