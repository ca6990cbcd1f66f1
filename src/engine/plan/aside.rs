//! What does not run: its faults are told like those of the rest.

use super::alarms::full_name;
use super::compile::{Compiler, Noun};
use crate::project::{Alarm, Source};
use std::sync::Arc;

impl Compiler {
    /// Tells what is wrong in all that was set aside while reading. After the rest, which comes first where the number of
    /// suggestions is bounded.
    pub(super) fn aside(&mut self) {
        let project = Arc::clone(&self.project);
        let aside = &project.aside;
        for device in &aside.devices {
            let subject = format!("{}/no-answer", device.name);
            self.display(device.no_answer.display.as_deref(), device.places.of("no-answer"), &subject);
        }
        self.aside_tags();
        for alarm in &aside.alarms {
            self.priority_written(alarm);
            let known = self.plan.tag_id(&alarm.tag).and_then(|id| self.plan.tag(id)).map(|t| Arc::clone(&t.tag));
            match known {
                Some(tag) => drop(self.condition(alarm, &tag)),
                // Below a tag it names none.
                None if !alarm.tag.is_empty() && alarm.places.keys.iter().any(|(key, _)| *key == "tag") => {
                    let (message, mend) = self.no_such(Noun::Tag, &alarm.tag);
                    self.error(alarm.places.of("tag"), &full_name(alarm), message, mend);
                }
                None => {}
            }
            self.hangs_on(alarm, &full_name(alarm));
            self.limits(alarm, &full_name(alarm));
        }
        for display in &aside.displays {
            self.display(display.parent.as_deref(), display.places.of("parent"), &display.name);
            for panel in &display.panels {
                self.panel(&display.name, panel);
            }
            self.overlaps(display);
        }
        for (display, panel) in &aside.panels {
            self.panel(display, panel);
        }
    }

    fn aside_tags(&mut self) {
        let project = Arc::clone(&self.project);
        for unread in &project.aside.sources {
            let tag = &unread.tag;
            match (&tag.source, &unread.device) {
                (Source::Formula(text), _) => drop(self.formula(text, &tag.name, &tag.places, "formula")),
                (Source::Register(_) | Source::Topic(_), _) => drop(self.source(tag)),
                (Source::Fault(_), Some(device)) if !self.device_index.contains_key(&device.to_lowercase()) => {
                    let (message, mend) = self.no_such(Noun::Device, device);
                    self.error(tag.places.of("device"), &tag.name, message, mend);
                }
                (Source::Fault(_) | Source::Figure(_), _) => {}
            }
        }
        for (tag, alarms) in &project.aside.tags {
            self.setpoint(tag);
            self.earlier_name(tag);
            self.deadband(tag);
            self.without_effect(tag);
            let mut judged: Vec<&Arc<Alarm>> = Vec::with_capacity(alarms.len());
            for alarm in alarms {
                self.priority_written(alarm);
                if self.condition(alarm, tag).is_some() {
                    judged.push(alarm);
                }
                self.hangs_on(alarm, &full_name(alarm));
                self.limits(alarm, &full_name(alarm));
            }
            self.limits_in_order(&judged);
            self.limits_in_range(&judged, tag);
        }
    }
}
