//! What another version of a project will do to the plant that runs, told before it is put into force: from the very rules
//! by which [`Sources`](super::sources::Sources) and the engine change over then.

use super::force::wants;
use super::sources::{Wants, going_on};
use crate::engine::impact::{Affected, AlarmFate, Impact as EngineImpact, TagFate};
use crate::engine::plan::DevicePlan;
use crate::engine::{DeviceId, Plan};
use crate::project::diff::{self, Change, Of, What};
use crate::project::{DataType, HistorySettings, Project, Source};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Names that one line tells; of more the number.
const MOST_NAMES: usize = 10;

/// What putting a plan into force will do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Impact {
    /// Why it would be refused: nothing of the rest happens then.
    pub refused: Option<&'static str>,
    /// Devices that do not simply go on, in the order of the new plan; those that are gone behind them.
    pub devices: Vec<(String, LinkFate)>,
    /// How many devices go on as they are, without a gap.
    pub undisturbed: usize,
    /// Tags that do not simply go on.
    pub tags: Vec<Affected<TagFate>>,
    /// Alarms that do not simply go on.
    pub alarms: Vec<Affected<AlarmFate>>,
    /// Devices that bear another name: their figures' history and the states of their alarms follow.
    pub renamed: Vec<String>,
    /// Keys that count from the next start on.
    pub next_start: Vec<&'static str>,
}

/// What becomes of the connection of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkFate {
    /// It is made anew. Why.
    Reconnects(String),
    /// It stands, and what goes over it becomes another between two requests. Why.
    AsksOtherwise(String),
    /// There was none.
    New,
    /// It is closed.
    Gone,
}

/// Why a version of a project cannot be put into force where another is.
pub(super) fn refusal(before: &Project, after: &Project) -> Option<&'static str> {
    (after.data_folder() != before.data_folder())
        .then_some("it has another data folder, which a plant takes at its start alone")
}

impl Impact {
    /// Of `after` in the place of `before`, which is in force, and which it [follows](Plan::follow).
    pub fn of(before: &Plan, after: &Plan) -> Self {
        let changes = diff::compare(&before.project, &after.project);
        let EngineImpact { tags, alarms } = EngineImpact::of(before, after, &changes);
        let (devices, undisturbed) = links(before, after, &changes);
        let next_start = next_start(&before.project.history, &after.project.history);
        let refused = refusal(&before.project, &after.project);
        let renamed = |change: &&Change| change.of == Of::Device && matches!(change.what, What::Renamed(_));
        let renamed = changes.iter().filter(renamed).map(|change| change.name.clone()).collect();
        Self { refused, devices, undisturbed, tags, alarms, renamed, next_start }
    }

    /// In words, a line for each kind of consequence.
    pub fn words(&self) -> Vec<String> {
        if let Some(why) = self.refused {
            return vec![format!("it is refused: {why}; stop the plant, and start it with this version")];
        }
        let mut said = Vec::new();
        let reasons = |of: &dyn Fn(&LinkFate) -> Option<&String>| -> Vec<(String, Vec<&str>)> {
            let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
            for (name, fate) in &self.devices {
                let Some(why) = of(fate) else { continue };
                match reasons.iter_mut().find(|(known, _)| known == why) {
                    Some((_, names)) => names.push(name),
                    None => reasons.push((why.clone(), vec![name])),
                }
            }
            reasons
        };
        let reconnecting = reasons(&|fate| match fate {
            LinkFate::Reconnects(why) => Some(why),
            _ => None,
        });
        for (why, names) in &reconnecting {
            let verb = if names.len() == 1 { "reconnects" } else { "reconnect" };
            said.push(format!("{} {verb}: {why}", listed(names)));
        }
        let otherwise = reasons(&|fate| match fate {
            LinkFate::AsksOtherwise(why) => Some(why),
            _ => None,
        });
        for (why, names) in &otherwise {
            let verb = if names.len() == 1 { "is" } else { "are" };
            said.push(format!("{} {verb} asked otherwise, without reconnecting: {why}", listed(names)));
        }
        let devices = |fate: LinkFate| -> Vec<&str> {
            self.devices.iter().filter(|(_, f)| *f == fate).map(|(name, _)| name.as_str()).collect()
        };
        list(&mut said, "connected to for the first time", &devices(LinkFate::New));
        list(&mut said, "no longer connected to", &devices(LinkFate::Gone));
        let stand = |(_, fate): &&(String, LinkFate)| matches!(fate, LinkFate::AsksOtherwise(_));
        let standing = self.devices.iter().filter(stand).count();
        said.push(match (self.devices.len() == standing, self.undisturbed + standing) {
            (true, _) => "no device reconnects".to_owned(),
            (false, 0) => "no other device goes on without a gap".to_owned(),
            (false, _) => "no other device reconnects".to_owned(),
        });
        list(&mut said, "renamed, with its figures' history and its alarm", &self.renamed);
        self.tag_words(&mut said);
        self.alarm_words(&mut said);
        list(&mut said, "of [history], counts from the next start on", &self.next_start);
        said
    }

    fn tag_words(&self, said: &mut Vec<String>) {
        let of = |is: &dyn Fn(&Affected<TagFate>) -> bool| -> Vec<&str> {
            self.tags.iter().filter(|tag| is(tag)).map(|tag| tag.name.as_ref()).collect()
        };
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for tag in &self.tags {
            let TagFate::Anew(why) = &tag.fate else { continue };
            match reasons.iter_mut().find(|(known, _)| known == why) {
                Some((_, names)) => names.push(&tag.name),
                None => reasons.push((why, vec![&tag.name])),
            }
        }
        let was = of(&|tag| tag.was.is_some());
        list(said, "renamed, with value, history and alarms", &was);
        for (why, names) in &reasons {
            list(said, &format!("waits for a new value, for {why}"), names);
        }
        list(said, "computed anew at once", &of(&|tag| tag.fate == TagFate::Recomputed));
        list(said, "at fault, and without a value", &of(&|tag| matches!(tag.fate, TagFate::Stops(_))));
        list(said, "new tag", &of(&|tag| tag.fate == TagFate::New));
        list(said, "tag that is gone, its history kept", &of(&|tag| tag.fate == TagFate::Gone));
    }

    fn alarm_words(&self, said: &mut Vec<String>) {
        let of = |is: &dyn Fn(&AlarmFate) -> bool| -> Vec<&str> {
            self.alarms.iter().filter(|alarm| is(&alarm.fate)).map(|alarm| alarm.name.as_ref()).collect()
        };
        let anew = self.alarms.iter().filter_map(|alarm| match &alarm.fate {
            AlarmFate::Anew(keys) => Some(format!("{} ({})", alarm.name, keys.join(", "))),
            _ => None,
        });
        let anew: Vec<String> = anew.collect();
        if anew.is_empty() {
            said.push("no alarm is judged anew".to_owned());
        } else {
            list(said, "judged anew at once; what stands stands until it returns", &anew);
        }
        list(said, "new alarm", &of(&|fate| *fate == AlarmFate::New));
        list(said, "alarm that is no longer watched", &of(&|fate| *fate == AlarmFate::Gone));
    }
}

/// `what: name, name and 3 more`, where there are names.
fn list<T: AsRef<str>>(said: &mut Vec<String>, what: &str, names: &[T]) {
    if !names.is_empty() {
        said.push(format!("{what}: {}", listed(names)));
    }
}

fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let told: Vec<&str> = names.iter().take(MOST_NAMES).map(AsRef::as_ref).collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", told.join(", "))
}

/// What becomes of the connections, and how many devices go on.
fn links(before: &Plan, after: &Plan, changes: &[Change]) -> (Vec<(String, LinkFate)>, usize) {
    let (old, new) = (wants(before), wants(after));
    let running: Vec<&Wants> = old.iter().map(|(_, wants)| wants).collect();
    let wanted: Vec<&Wants> = new.iter().map(|(_, wants)| wants).collect();
    let going_on = going_on(&running, &wanted);
    let own = |plan: &Plan, number: &DeviceId| plan.device_numbered(plan.generation, *number);
    let name = |plan: &Plan, id: DeviceId| plan.device(id).map(|device| device.name.to_string()).unwrap_or_default();
    let asked: HashSet<DeviceId> =
        old.iter().flat_map(|(numbers, _)| numbers).filter_map(|number| own(before, number)).collect();
    // Which device of before each is, where that one was asked.
    let was: Vec<Option<DeviceId>> =
        after.devices_before(before).into_iter().map(|id| id.filter(|id| asked.contains(id))).collect();
    let old_of = |id: DeviceId| was.get(id.index()).copied().flatten();
    let mut fates: Vec<(DeviceId, LinkFate)> = Vec::new();
    let (mut undisturbed, mut goes_on_as) = (0, HashSet::new());
    for ((numbers, wants), same) in new.iter().zip(&going_on) {
        let ids: Vec<DeviceId> = numbers.iter().filter_map(|number| own(after, number)).collect();
        goes_on_as.extend(ids.iter().filter_map(|id| old_of(*id)));
        let stands = same.and_then(|same| running.get(same));
        if stands.is_some_and(|running| running.are(wants)) {
            undisturbed += ids.len();
            continue;
        }
        let others = ids.iter().filter(|id| why_itself(before, after, old_of(**id), **id, changes).is_some());
        let others: Vec<String> = others.map(|id| name(after, *id)).collect();
        for id in ids {
            let why = why_itself(before, after, old_of(id), id, changes);
            let fate = match (old_of(id).is_some(), stands.is_some(), why) {
                (false, ..) => LinkFate::New,
                (true, true, Some(why)) => LinkFate::AsksOtherwise(why),
                (true, true, None) => {
                    undisturbed += 1;
                    continue;
                }
                (true, false, why) => {
                    let why = names(before, after, old_of(id), id, wants).or(why);
                    LinkFate::Reconnects(why.unwrap_or_else(|| match others.as_slice() {
                        [] => "what is found by its topics".to_owned(),
                        others => format!("it shares its line with {}", listed(others)),
                    }))
                }
            };
            fates.push((id, fate));
        }
    }
    fates.sort_by_key(|(id, _)| *id);
    let mut fates: Vec<(String, LinkFate)> = fates.into_iter().map(|(id, fate)| (name(after, id), fate)).collect();
    let gone = old.iter().flat_map(|(numbers, _)| numbers).filter_map(|number| own(before, number));
    let gone = gone.filter(|id| !goes_on_as.contains(id)).map(|id| name(before, id));
    fates.extend(gone.map(|name| (name, LinkFate::Gone)));
    (fates, undisturbed)
}

/// Why the connection of a device is made anew, as far as it is for its own sake.
fn why_itself(before: &Plan, after: &Plan, was: Option<DeviceId>, id: DeviceId, changes: &[Change]) -> Option<String> {
    let device = after.device(id)?;
    let Some(old) = was.and_then(|id| before.device(id)) else {
        return Some("it is new".to_owned());
    };
    if old.device.endpoint != device.device.endpoint {
        let of_it = |change: &&Change| change.of == Of::Device && change.name.eq_ignore_ascii_case(&device.name);
        let keys = changes.iter().filter(of_it).filter_map(|change| match change.what {
            What::Key { key, .. } if key != "was" && !key.starts_with("no-answer") => Some(key),
            _ => None,
        });
        let keys: Vec<&str> = keys.collect();
        return Some(if keys.is_empty() { "its settings".to_owned() } else { keys.join(", ") });
    }
    let one = read_of(before, old, &HashMap::new());
    let other = read_of(after, device, &one);
    let more = other.keys().filter(|name| !one.contains_key(*name)).count();
    let otherwise = other.iter().filter(|(name, how)| one.get(*name).is_some_and(|before| before != *how)).count();
    let fewer = one.keys().filter(|name| !other.contains_key(*name)).count();
    let said = [(more, "more to be read"), (fewer, "fewer to be read"), (otherwise, "to be read otherwise")];
    let said: Vec<String> = said
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} tag{} {what}", if count == 1 { "" } else { "s" }))
        .collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// Why a connection is made anew that stood but for a name.
fn names(before: &Plan, after: &Plan, was: Option<DeviceId>, id: DeviceId, wants: &Wants) -> Option<String> {
    let Wants::Mqtt(connection, _) = wants else { return None };
    let (old, device) = (before.device(was?)?, after.device(id)?);
    if old.device.endpoint != device.device.endpoint {
        return None;
    }
    let whose = match (old.name != device.name, before.project.name != after.project.name) {
        (true, _) => "its name",
        (false, true) => "the project's name",
        (false, false) => return None,
    };
    Some(format!("{whose}, {}", connection.is_bound_to_names()?))
}

/// What is read of a device, by the names of tags in lower case; of one that was renamed by the name of before.
type Read = HashMap<String, (Source, DataType)>;

fn read_of(plan: &Plan, device: &DevicePlan, before: &Read) -> Read {
    let tags = device.tags.iter().filter_map(|id| plan.tag(*id));
    tags.map(|tag| {
        let was = tag.tag.was.as_ref().map(|was| was.to_lowercase()).filter(|was| before.contains_key(was));
        let own = tag.name.to_lowercase();
        let name = if before.contains_key(&own) { own } else { was.unwrap_or(own) };
        let mut source = tag.tag.source.clone();
        // Whatever the device is called.
        match &mut source {
            Source::Register(source) => source.device.clear(),
            Source::Topic(source) => Arc::make_mut(source).device.clear(),
            Source::Formula(_) | Source::Figure(_) | Source::Fault(_) => {}
        }
        (name, (source, tag.tag.data_type))
    })
    .collect()
}

fn next_start(before: &HistorySettings, after: &HistorySettings) -> Vec<&'static str> {
    // Another path is refused.
    let HistorySettings { path: _, keep, max_size_bytes, journal_keep } = before;
    let differs = [
        ("keep", *keep != after.keep),
        ("max-size", *max_size_bytes != after.max_size_bytes),
        ("journal-keep", *journal_keep != after.journal_keep),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(key, _)| key).collect()
}
