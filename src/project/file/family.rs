//! Tags whose topic has `+`: what their names must have, and their way out of the list of tags.

use super::section::Section;
use crate::project::family::{Family, MOST_LEVELS, wildcards};
use crate::project::{Device, Endpoint, Project, Source, Tag};
use std::collections::HashMap;
use std::sync::Arc;

/// How many `+` the topic of a tag has that stand for a level each; none where it has no topic, or one at fault.
pub(super) fn levels(section: &Section<'_, '_, '_>) -> usize {
    let topic = section.item("topic").and_then(|item| item.get_ref().as_str());
    topic.and_then(wildcards).filter(|count| *count <= MOST_LEVELS).unwrap_or(0)
}

/// Tells where not every `+` of the topic is in the name.
pub(super) fn check_name(section: &mut Section<'_, '_, '_>, name: &str) {
    let missing = (1..=levels(section)).find(|n| !name.contains(&format!("{{{n}}}")));
    let Some(n) = missing else { return };
    let message = format!("the topic stands for many, and {{{n}}} is not in the name: several would have the same");
    let all: Vec<String> = (1..=levels(section)).map(|n| format!("{{{n}}}")).collect();
    section.error("name", message, format!("write it with {}: name = \"{}.value\"", all.join(" and "), all.join(".")));
}

/// Takes the families out of the tags, and their alarms along. One that cannot run, because its device is at fault or none,
/// stays among the tags and is told there.
pub(super) fn set_apart(project: &mut Project) {
    let device = |d: &Arc<Device>| (d.name.to_lowercase(), matches!(d.endpoint, Endpoint::Mqtt(_)));
    let devices: HashMap<String, bool> = project.devices.iter().map(device).collect();
    let is_family = |tag: &Tag| match &tag.source {
        Source::Topic(source) => {
            source.topic.contains('+') && devices.get(&source.device.to_lowercase()) == Some(&true)
        }
        _ => false,
    };
    let (families, tags) = std::mem::take(&mut project.tags).into_iter().partition(|tag| is_family(tag));
    project.tags = tags;
    for tag in families as Vec<Arc<Tag>> {
        let (own, others) = std::mem::take(&mut project.alarms)
            .into_iter()
            .partition(|alarm| alarm.tag.eq_ignore_ascii_case(&tag.name));
        project.alarms = others;
        project.families.push(Arc::new(Family { tag, alarms: own }));
    }
}
