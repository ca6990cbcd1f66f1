//! Earlier names, told by `was`: whose history, state and connection follow a rename, and what is wrong with those names.
//!
//! Invariant: a name that something bears now was not given up, and nothing follows it.

use super::compile::{Compiler, short};
use super::{AlarmPlan, Condition, DeviceId, DevicePlan, Plan, Subject, TagId, TagPlan};
use crate::project::{Place, Tag};
use std::collections::HashMap;
use std::sync::Arc;

/// What the names of the alarms about certificates begin with.
const CERTIFICATE: &str = "system.certificate";

impl Compiler {
    pub(super) fn earlier_name(&mut self, tag: &Tag) {
        let Some(was) = &tag.was else { return };
        if self.plan.tag_id(was).is_some() {
            self.still_there(tag.places.of("was"), &tag.name, was, "a tag");
        }
    }

    fn still_there(&mut self, place: Place, subject: &str, was: &str, what: &str) {
        let message = format!("was = \"{}\" names {what} that is still there", short(was));
        self.error(place, subject, message, "leave was out: history follows a name that is gone");
    }

    /// Two cannot have been the same one.
    fn was_already(&mut self, place: Place, subject: &str, was: &str, first: &str) {
        let message = format!("\"{}\" was {} already", short(was), short(first));
        self.error(place, subject, message, "leave one of them out");
    }

    /// Once all tags and alarms have their ids.
    pub(super) fn earlier_names(&mut self) {
        let project = Arc::clone(&self.project);
        let mut seen: HashMap<String, &str> = HashMap::new();
        for tag in &project.tags {
            let Some(was) = &tag.was else { continue };
            if let Some(first) = seen.insert(was.to_lowercase(), &tag.name) {
                self.was_already(tag.places.of("was"), &tag.name, was, first);
            }
        }
        seen.clear();
        for device in &project.devices {
            let Some(was) = &device.was else { continue };
            let place = device.places.of("was");
            if self.device_index.contains_key(&was.to_lowercase()) {
                self.still_there(place, &device.name, was, "a device");
            }
            if let Some(first) = seen.insert(was.to_lowercase(), &device.name) {
                self.was_already(place, &device.name, was, first);
            }
        }
        let mut seen: HashMap<String, String> = HashMap::new();
        for alarm in &project.alarms {
            let Some(was) = &alarm.was else { continue };
            let (place, own) = (alarm.places.of("was"), format!("{}/{}", alarm.tag, alarm.name));
            let earlier = format!("{}/{was}", alarm.tag).to_lowercase();
            if self.plan.alarm_index.contains_key(&earlier) {
                self.still_there(place, &own, was, "an alarm of its tag");
            }
            if let Some(first) = seen.insert(earlier, own.clone()) {
                self.was_already(place, &own, was, &first);
            }
        }
    }
}

impl Plan {
    /// The tag that bore this name before, where none bears it now.
    pub fn tag_that_was(&self, name: &str) -> Option<TagId> {
        let name = name.to_lowercase();
        let was = |tag: &TagPlan| tag.tag.was.as_ref().is_some_and(|was| was.to_lowercase() == name);
        let at = self.tags.iter().position(was).filter(|_| self.tag_id(&name).is_none())?;
        Some(TagId(at as u32))
    }

    /// The device that bore this name before, where none bears it now.
    pub fn device_that_was(&self, name: &str) -> Option<DeviceId> {
        let name = name.to_lowercase();
        let was = |device: &DevicePlan| device.device.was.as_ref().is_some_and(|was| was.to_lowercase() == name);
        let at = self.devices.iter().position(was)?;
        let is_borne = self.devices.iter().any(|device| device.name.to_lowercase() == name);
        (!is_borne).then_some(DeviceId(at as u32))
    }

    /// The names that an alarm may have been known by, in lower case, its present one first.
    pub fn names_of(&self, rule: &AlarmPlan) -> Vec<String> {
        let short_was = rule.written.as_ref().and_then(|written| written.was.as_deref());
        let device = |id: DeviceId| self.device(id).map(|d| (&*d.name, d.device.was.as_deref()));
        let own = [Some(&*rule.short), short_was];
        let (subjects, shorts) = match (rule.subject, rule.condition) {
            (Subject::Tag(tag), _) => {
                let tag = self.tag(tag);
                ([tag.map(|t| &*t.name), tag.and_then(|t| t.tag.was.as_deref())], own)
            }
            (Subject::Device(id), _) => {
                let (name, was) = device(id).unzip();
                ([name, was.flatten()], own)
            }
            (Subject::System, Condition::Certificate(id)) => {
                ([Some(CERTIFICATE), None], [None, device(id).and_then(|(_, was)| was)])
            }
            (Subject::System, _) => ([None, None], [None, None]),
        };
        let mut names = vec![rule.name.to_lowercase()];
        for subject in subjects.into_iter().flatten() {
            for short in shorts.into_iter().flatten() {
                let name = format!("{subject}/{short}").to_lowercase();
                if !names.contains(&name) && !self.alarm_index.contains_key(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// For each device of this plan, which of another plan before it is: the one of its name, or of the name that it bore.
    pub fn devices_before(&self, before: &Self) -> Vec<Option<DeviceId>> {
        let index = |plan: &Self| -> HashMap<String, DeviceId> {
            let named = |(at, device): (usize, &DevicePlan)| (device.name.to_lowercase(), DeviceId(at as u32));
            plan.devices.iter().enumerate().rev().map(named).collect()
        };
        let (known, present) = (index(before), index(self));
        let of = |device: &DevicePlan| {
            let earlier = || {
                let was = device.device.was.as_ref()?.to_lowercase();
                known.get(&was).filter(|_| !present.contains_key(&was))
            };
            known.get(&device.name.to_lowercase()).or_else(earlier).copied()
        };
        self.devices.iter().map(of).collect()
    }
}
