//! Which samples of each tag are recorded, and what of its record keys does not suit the tag.

use super::compile::Compiler;
use super::{RecordPlan, SourcePlan};
use crate::project::{DataType, RecordRule, Tag};
use crate::time::Span;
use std::sync::Arc;

/// The interval of a tag that bears its source's times, and may have late data, unless it is written.
const SOURCE_TIMED_INTERVAL: Span = Span::from_secs(60);

impl Compiler {
    /// Once the sources are known: a formula may have turned out to be a bool.
    pub(super) fn recording(&mut self) {
        for index in 0..self.plan.tags.len() {
            let Some(plan) = self.plan.tags.get(index) else { continue };
            let tag = Arc::clone(&plan.tag);
            let poll = match &plan.source {
                SourcePlan::Register { poll, .. } => Some(*poll),
                SourcePlan::Topic { .. }
                | SourcePlan::Figure { .. }
                | SourcePlan::Formula(_)
                | SourcePlan::Fault(_) => None,
            };
            // Among samples that are left out a late one would seem to stand for long.
            let late = match &plan.source {
                SourcePlan::Topic { source, .. } if source.time.is_some() => Some(SOURCE_TIMED_INTERVAL),
                _ => None,
            };
            let deadband = self.deadband(&tag);
            self.without_effect(&tag);
            if let (Some(interval), Some(poll)) = (tag.record_interval, poll)
                && tag.record == RecordRule::Change
                && interval < poll
            {
                let message = format!("record-interval = \"{interval}\" is shorter than the poll, \"{poll}\"");
                let mend = format!("write \"{poll}\" or more; record = \"always\" records every poll");
                self.warning(tag.places.of("record-interval"), &tag.name, message, mend);
            }
            let record = match tag.record {
                RecordRule::Never => RecordPlan::Never,
                RecordRule::Always => RecordPlan::Always,
                RecordRule::Change => RecordPlan::Change { deadband, interval: tag.record_interval.or(late) },
            };
            if let Some(plan) = self.plan.tags.get_mut(index) {
                plan.record = record;
            }
        }
    }

    /// The deadband in units; 0 where there is none, or none that suits.
    pub(super) fn deadband(&mut self, tag: &Tag) -> f64 {
        let Some(deadband) = tag.record_deadband else { return 0.0 };
        if matches!(tag.data_type, DataType::Bool | DataType::String) {
            let message = format!("type {} has no record-deadband: every change is recorded", tag.data_type.word());
            self.error(tag.places.of("record-deadband"), &tag.name, message, "leave it out");
            return 0.0;
        }
        if let Some([low, high]) = tag.range
            && deadband >= high - low
        {
            let message = format!("record-deadband = {deadband} is as wide as the range, {low} to {high}");
            let mend = "write how far the value must move to be worth recording, in units";
            self.warning(tag.places.of("record-deadband"), &tag.name, message, mend);
        }
        deadband
    }

    /// Keys that the rule leaves without effect.
    pub(super) fn without_effect(&mut self, tag: &Tag) {
        let (keys, why): (&[&'static str], _) = match tag.record {
            RecordRule::Change => return,
            RecordRule::Always => (&["record-deadband", "record-interval"], "record = \"always\" records every sample"),
            RecordRule::Never => (&["record-deadband", "record-interval", "keep"], "record = \"never\" records none"),
        };
        for key in keys {
            if tag.places.keys.iter().any(|(written, _)| written == key) {
                let message = format!("{key} has no effect: {why}");
                self.warning(tag.places.of(key), &tag.name, message, "leave one of the two out");
            }
        }
    }
}
