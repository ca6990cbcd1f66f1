//! What a plan that comes after another has in common with it: numbers by which drivers call tags and devices, and that mean
//! the same in both, so that drivers go on while their tags move about in the file, and what they report is still true.
//!
//! A *number* is what a driver calls a tag or a device. In a first plan it is the id itself. In one that follows another, what
//! is read of the same device in the same way keeps its number, wherever it stands and whatever it is called now; all else
//! gets one that was never used before.
//! Invariant: a number never means another register, topic or device than it did. A late answer is the value of its own tag,
//! or is dropped.

use super::{DeviceId, DevicePlan, Generation, Plan, SourcePlan, TagId, TagPlan};
use crate::project::{RegisterSource, Source, TopicSource};
use std::collections::{HashMap, HashSet};

/// The numbers of a plan's tags and devices, and since which generation they mean what they mean. Empty: its ids, since its
/// own.
#[derive(Debug, Clone, Default)]
pub struct Follows {
    tags: Numbers,
    devices: Numbers,
}

#[derive(Debug, Clone, Default)]
struct Numbers {
    /// By id.
    of: Vec<(u32, Generation)>,
    ids: HashMap<u32, u32>,
    /// Never used yet.
    next: u32,
}

impl Numbers {
    /// `same`: for each of these, which of those before it is. `count`: how many there were before.
    fn after(before: &Self, count: usize, own: Generation, since: Generation, same: &[Option<u32>]) -> Self {
        let mut numbers = Self { next: before.next_of(count), ..Self::default() };
        let mut taken = HashSet::new();
        for (id, same) in same.iter().enumerate() {
            let known = same.filter(|same| taken.insert(*same));
            let number = known.map_or((numbers.next, own), |same| before.number(same, since));
            numbers.next += u32::from(known.is_none());
            numbers.ids.insert(number.0, id as u32);
            numbers.of.push(number);
        }
        numbers
    }

    const fn is_plain(&self) -> bool {
        self.of.is_empty() && self.next == 0
    }

    fn next_of(&self, count: usize) -> u32 {
        if self.is_plain() { count as u32 } else { self.next }
    }

    /// `own`: the generation of the plan.
    fn number(&self, id: u32, own: Generation) -> (u32, Generation) {
        self.of.get(id as usize).copied().unwrap_or((id, own))
    }

    fn id(&self, number: u32, count: usize) -> Option<u32> {
        if self.is_plain() {
            return Some(number).filter(|id| (*id as usize) < count);
        }
        self.ids.get(&number).copied()
    }
}

impl Plan {
    /// Says that it comes after `before`: what is read of the same device in the same way keeps its number. Scaling, limits
    /// and all else that the engine does with a value may differ.
    pub fn follow(&mut self, before: &Self) {
        let (own, since) = (self.generation, before.generation);
        let same = self.devices.iter().zip(self.devices_before(before));
        let same =
            same.map(|(device, was)| was.filter(|id| before.device(*id).is_some_and(|b| is_asked_the_same(b, device))));
        let same: Vec<Option<u32>> = same.map(|was| was.map(|id| id.0)).collect();
        self.follows.devices = Numbers::after(&before.follows.devices, before.devices.len(), own, since, &same);
        let device = |plan: &Self, tag: &TagPlan| tag.source.device().map(|device| plan.device_number(device));
        let is_same = |id: &TagId, tag: &TagPlan| {
            before.tag(*id).is_some_and(|old| {
                is_read(old) == is_read(tag) && device(before, old) == device(self, tag) && reads_the_same(old, tag)
            })
        };
        // One that bears its name still comes before one that took it as its earlier one.
        let by_name: Vec<Option<TagId>> = self.tags.iter().map(|tag| before.tag_id(&tag.name)).collect();
        let named: HashSet<TagId> = by_name.iter().flatten().copied().collect();
        let renamed = |tag: &TagPlan| {
            let was = before.tag_id(tag.tag.was.as_deref()?)?;
            Some(was).filter(|was| !named.contains(was))
        };
        let same = self.tags.iter().zip(by_name);
        let same = same.map(|(tag, id)| id.or_else(|| renamed(tag)).filter(|id| is_same(id, tag)).map(|id| id.0));
        let same: Vec<Option<u32>> = same.collect();
        self.follows.tags = Numbers::after(&before.follows.tags, before.tags.len(), own, since, &same);
    }

    /// What drivers call a tag.
    pub fn tag_number(&self, tag: TagId) -> TagId {
        TagId(self.follows.tags.number(tag.0, self.generation).0)
    }

    /// What drivers call a device.
    pub fn device_number(&self, device: DeviceId) -> DeviceId {
        DeviceId(self.follows.devices.number(device.0, self.generation).0)
    }

    /// The tag that a driver means that runs for the plan of a generation; `None`: it is there no more, or is another.
    pub fn tag_numbered(&self, generation: Generation, number: TagId) -> Option<TagId> {
        let id = self.follows.tags.id(number.0, self.tags.len())?;
        let since = self.follows.tags.number(id, self.generation).1;
        (since..=self.generation).contains(&generation).then_some(TagId(id))
    }

    /// The same of a device.
    pub fn device_numbered(&self, generation: Generation, number: DeviceId) -> Option<DeviceId> {
        let id = self.follows.devices.id(number.0, self.devices.len())?;
        let since = self.follows.devices.number(id, self.generation).1;
        (since..=self.generation).contains(&generation).then_some(DeviceId(id))
    }
}

/// Whether a driver reads it.
const fn is_read(tag: &TagPlan) -> bool {
    !matches!(tag.source, SourcePlan::Fault(_))
}

/// Whether a device, which is the one of before by its name or by the name that it bore, is still asked in the same way,
/// whatever alarm it has.
pub fn is_asked_the_same(before: &DevicePlan, device: &DevicePlan) -> bool {
    let bore = |was: &String| was.to_lowercase() == before.name.to_lowercase();
    let is_it =
        before.name.to_lowercase() == device.name.to_lowercase() || device.device.was.as_ref().is_some_and(bore);
    is_it && before.device.endpoint == device.device.endpoint
}

/// Whether two tags take the same raw values from the same place of what may be one device, however often.
pub fn reads_the_same(one: &TagPlan, other: &TagPlan) -> bool {
    let same_place = match (&one.tag.source, &other.tag.source) {
        (Source::Register(one), Source::Register(other)) => {
            let RegisterSource { device: _, area, address, order, bit, byte, length, poll: _ } = one;
            let others = (&other.area, &other.address, &other.order, &other.bit, &other.byte, &other.length);
            (area, address, order, bit, byte, length) == others
        }
        (Source::Topic(one), Source::Topic(other)) => {
            let TopicSource { device: _, topic, qos: _, path, missing, retained, availability, time } = &**one;
            let others = (&other.topic, &other.path, &other.missing, &other.retained, &other.availability, &other.time);
            (topic, path, missing, retained, availability, time) == others
        }
        (one, other) => one == other,
    };
    same_place && one.tag.data_type == other.tag.data_type
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Mode;
    use crate::project;
    use proptest::prelude::*;
    use std::sync::Arc;

    /// Tags in this order, each with its register: `a@7 b@9`.
    fn plan(generation: u32, tags: &str) -> Plan {
        let device =
            "watchkeeper = 1\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.1\"\n";
        let tags = tags.split_whitespace().map(|tag| {
            let (name, register) = tag.split_once('@').unwrap();
            let (name, was) = name.split_once('<').map_or((name, None), |(name, was)| (name, Some(was)));
            let was = was.map(|was| format!("was = \"{was}\"\n")).unwrap_or_default();
            format!("[[tag]]\nname = \"{name}\"\n{was}device = \"plc1\"\nregister = \"holding:{register}\"\ntype = \"u16\"\n")
        });
        let text = format!("{device}{}", tags.collect::<String>());
        let (project, _) = project::file::read(text.as_bytes());
        Plan::compile(Arc::new(project), Generation(generation), Mode::Live).0
    }

    fn after(before: &Plan, tags: &str) -> Plan {
        let mut plan = plan(before.generation.0 + 1, tags);
        plan.follow(before);
        plan
    }

    /// `a=0 b=3`: what drivers call each tag, in the plan's order.
    fn numbers(plan: &Plan) -> String {
        let ids = (0..plan.tags.len() as u32).map(TagId);
        let told = ids.map(|id| format!("{}={}", plan.tags[id.index()].name, plan.tag_number(id).0));
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_tag_keeps_its_number_wherever_it_stands_and_another_never_gets_it() {
        let first = plan(1, "a@1 b@2 c@3");
        let moved = after(&first, "c@3 new@9 a@1 b@2");
        assert_eq!(numbers(&moved), "c=2 new=3 a=0 b=1");
        let fewer = after(&moved, "B@2 c@3");
        assert_eq!(numbers(&fewer), "B=1 c=2");
        let back = after(&fewer, "a@1 b@2 c@30");
        assert_eq!(numbers(&back), "a=4 b=1 c=5", "one that was away, and one that is read from elsewhere");
        let renamed = after(&back, "other<b@2 b@1 a@1");
        assert_eq!(numbers(&renamed), "other=6 b=7 a=4", "the name is another's now, and nobody's value follows");
        assert_eq!(numbers(&after(&back, "other<b@2 a@1")), "other=1 a=4");
        // A driver of the first plan still reads b, and nothing else that is there.
        let known =
            |number| back.tag_numbered(Generation(1), TagId(number)).map(|id| back.tags[id.index()].name.clone());
        assert_eq!((0..6).map(known).collect::<Vec<_>>(), [None, Some("b".into()), None, None, None, None]);
        assert_eq!(back.tag_numbered(Generation(4), TagId(4)), Some(TagId(0)));
        assert_eq!(back.tag_numbered(Generation(5), TagId(4)), None, "no plan that is to come reports");
    }

    proptest! {
        #[test]
        fn a_number_never_means_another_register(
            versions in prop::collection::vec(prop::collection::vec((0..6_u8, 0..2_u8), 0..8), 1..8)
        ) {
            let mut meanings: HashMap<u32, (String, u16)> = HashMap::new();
            let mut before: Option<Plan> = None;
            for (version, mut tags) in versions.into_iter().enumerate() {
                let mut seen = HashSet::new();
                tags.retain(|(name, _)| seen.insert(*name));
                let text: Vec<String> = tags.iter().map(|(name, at)| format!("t{name}@{at}")).collect();
                let text = text.join(" ");
                let plan = before.as_ref().map_or_else(|| plan(version as u32, &text), |before| after(before, &text));
                for (id, (name, at)) in tags.iter().enumerate() {
                    let number = plan.tag_number(TagId(id as u32));
                    let meaning = (format!("t{name}"), u16::from(*at));
                    prop_assert_eq!(meanings.entry(number.0).or_insert_with(|| meaning.clone()), &meaning);
                    prop_assert_eq!(plan.tag_numbered(plan.generation, number), Some(TagId(id as u32)));
                    let known = before.as_ref().and_then(|before| Some((before, before.tag_id(&meaning.0)?)));
                    if let Some((before, id)) = known
                        && before.tag(id).is_some_and(|old| reads_the_same(old, &plan.tags[plan.tag_id(&meaning.0).unwrap().index()]))
                    {
                        prop_assert_eq!(before.tag_number(id), number, "it was not touched");
                    }
                }
                before = Some(plan);
            }
        }
    }
}
