//! Alarms: those written, side by side by their tags, and those that the program adds.

use super::compile::{Compiler, Noun, short};
use super::{AlarmId, AlarmPlan, Condition, LimitRowPlan, SourcePlan, Subject, TagId};
use crate::engine::alarm::Limit;
use crate::engine::formula::Formula;
use crate::project::{Alarm, AlarmKind, DataType, Deadband, Endpoint, Place, Priority, Tag, When};
use crate::time::Span;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Bad or stale this long before a tag's `quality` alarm comes, unless it is written out with a delay of its own.
const QUALITY_ON_DELAY: Span = Span::from_secs(10);

/// The alarm that tells of all the others that are not watched.
const PROJECT_FAULTS: &str = "system.project/faults";

/// Samples cannot be recorded, or were lost.
const RECORDING: &str = "system.history/recording";

/// The disk that history lies on is filling.
const DISK_SPACE: &str = "system.history/disk-space";

/// The horn cannot be heard.
const SILENT_HORN: &str = "system.horn/silent";

/// The horn must be heard for this long before the alarm returns: a player that fails now and then is one fault.
const HORN_OFF_DELAY: Span = Span::from_secs(10);

/// Recording must go well for this long before the alarm returns: a disk that fails now and then is one fault.
const RECORDING_OFF_DELAY: Span = Span::from_secs(10);

impl Compiler {
    pub(super) fn alarms(&mut self) {
        let project = Arc::clone(&self.project);
        self.plan.unwatched_alarms = project.unread_alarms;
        let mut by_tag: Vec<Vec<&Arc<Alarm>>> = vec![Vec::new(); self.plan.tags.len()];
        for alarm in &project.alarms {
            self.priority_written(alarm);
            match self.plan.tag_id(&alarm.tag) {
                Some(id) => by_tag[id.index()].push(alarm),
                None => {
                    let (message, mend) = self.no_such(Noun::Tag, &alarm.tag);
                    self.error(alarm.places.of("tag"), &full_name(alarm), message, mend);
                    self.hangs_on(alarm, &full_name(alarm));
                    self.plan.unwatched_alarms += 1;
                }
            }
        }
        // A device's own alarm keeps its name, whatever a tag of the device's name has.
        let mut names: HashSet<String> =
            project.devices.iter().map(|d| format!("{}/no-answer", d.name).to_lowercase()).collect();
        names.extend([RECORDING, DISK_SPACE, PROJECT_FAULTS].map(str::to_owned));
        let mut groups: HashMap<String, u32> = HashMap::new();
        let compared = self.compared_with(&project.alarms);
        for (index, written) in by_tag.iter().enumerate() {
            let first = self.plan.alarms.len() as u32;
            let compared = compared.get(&TagId(index as u32)).copied();
            if !written.is_empty() || compared.is_some() {
                self.alarms_of(TagId(index as u32), written, compared, &mut names, &mut groups);
            }
            let last = self.plan.alarms.len() as u32;
            if let Some(tag) = self.plan.tags.get_mut(index) {
                tag.alarms = first..last;
            }
        }
        self.no_answers();
        self.own_alarms();
        self.certificates();
        self.project_faults();
        let index = self.plan.alarms.iter().enumerate();
        self.plan.alarm_index = index.map(|(i, a)| (a.name.to_lowercase(), AlarmId(i as u32))).collect();
    }

    pub(super) fn priority_written(&mut self, alarm: &Alarm) {
        if !alarm.places.keys.iter().any(|(key, _)| *key == "priority") {
            let mend = "write priority = \"critical\", \"high\", \"medium\" or \"low\"";
            self.warning(
                alarm.places.own,
                &full_name(alarm),
                "this alarm has no priority, and is taken as medium",
                mend,
            );
        }
    }

    /// Tags that deviation alarms of others compare with, with the highest priority of those.
    fn compared_with(&self, alarms: &[Arc<Alarm>]) -> HashMap<TagId, Priority> {
        let mut compared: HashMap<TagId, Priority> = HashMap::new();
        for alarm in alarms {
            let AlarmKind::Deviation { from, .. } = &alarm.kind else { continue };
            let (Some(from), Some(_)) = (self.plan.tag_id(from), self.plan.tag_id(&alarm.tag)) else { continue };
            let highest = compared.entry(from).or_insert(alarm.priority);
            *highest = alarm.priority.min(*highest);
        }
        compared
    }

    /// The alarms of one tag, the added `quality` among them. `compared`: the highest priority of deviation alarms that
    /// compare others with it.
    fn alarms_of(
        &mut self,
        id: TagId,
        written: &[&Arc<Alarm>],
        compared: Option<Priority>,
        names: &mut HashSet<String>,
        groups: &mut HashMap<String, u32>,
    ) {
        let Some(plan) = self.plan.tag(id) else { return };
        let (tag, name) = (Arc::clone(&plan.tag), Arc::clone(&plan.name));
        let at_fault = matches!(plan.source, SourcePlan::Fault(_));
        if matches!(plan.source, SourcePlan::Topic { .. }) && plan.stale_after.is_none() && !written.is_empty() {
            let message = "this tag has an alarm and no stale-after: when the topic falls silent, nobody is told";
            self.warning(
                tag.places.own,
                &tag.name,
                message,
                "write stale-after = \"60s\", longer than it ever is silent",
            );
        }
        let (mut kept, mut judged): (Vec<&Arc<Alarm>>, Vec<&Arc<Alarm>>) = (Vec::new(), Vec::new());
        for alarm in written {
            let condition = self.condition(alarm, &tag);
            let full = format!("{name}/{}", alarm.name);
            if condition.is_none() || at_fault {
                self.plan.unwatched_alarms += 1;
            }
            let (display, suppress_when) = self.hangs_on(alarm, &full);
            let limits = self.limits(alarm, &full);
            let Some(condition) = condition else { continue };
            judged.push(alarm);
            if !names.insert(full.to_lowercase()) {
                let message = format!("there is an alarm \"{}\" already", short(&full));
                self.error(alarm.places.of("name"), &full, message, "give it a name of its own: name = \"…\"");
                self.plan.unwatched_alarms += u32::from(!at_fault);
                continue;
            }
            let next_group = groups.len() as u32;
            let group = alarm.group.as_ref().map(|g| *groups.entry(g.clone()).or_insert(next_group));
            let on_delay = match alarm.kind {
                AlarmKind::Quality if !alarm.places.keys.iter().any(|(k, _)| *k == "on-delay") => QUALITY_ON_DELAY,
                _ => alarm.on_delay,
            };
            kept.push(alarm);
            self.plan.alarms.push(AlarmPlan {
                name: full.into(),
                short: alarm.name.as_str().into(),
                subject: Subject::Tag(id),
                condition,
                kind: alarm.kind.word(),
                on_delay,
                off_delay: alarm.off_delay,
                priority: alarm.priority,
                latch: alarm.latch,
                group,
                limits,
                suppress_when,
                message: alarm.message.as_str().into(),
                cause: alarm.cause.as_deref().map(Arc::from),
                consequence: alarm.consequence.as_deref().map(Arc::from),
                response: alarm.response.as_deref().map(Arc::from),
                display,
                written: Some(Arc::clone(alarm)),
            });
        }
        self.limits_in_order(&judged);
        self.limits_in_range(&judged, &tag);
        self.practice_of_tag(&judged, &tag);
        self.add_quality(id, &kept, compared, &tag, names);
    }

    /// The limits by state. A row whose formula is at fault is told and left out.
    pub(super) fn limits(&mut self, alarm: &Alarm, full: &str) -> Arc<[LimitRowPlan]> {
        let mut rows = Vec::with_capacity(alarm.limits.len());
        for row in &alarm.limits {
            let Ok(when) = self.formula(&row.when, full, &row.places, "when") else { continue };
            rows.push(LimitRowPlan { when, text: row.when.trim().into(), limit: Limit::of(row.limit) });
        }
        rows.into()
    }

    /// The display and the formula that it names.
    pub(super) fn hangs_on(&mut self, alarm: &Alarm, full: &str) -> (Option<usize>, Option<Arc<Formula>>) {
        let display = self.display(alarm.display.as_deref(), alarm.places.of("display"), full);
        let suppress_when = alarm.suppress_when.as_deref().and_then(|text| {
            // An alarm that cannot be suppressed is watched all the same.
            self.formula(text, full, &alarm.places, "suppress-when").ok().map(Arc::new)
        });
        (display, suppress_when)
    }

    /// What must hold; none where the alarm cannot be watched, which was told.
    pub(super) fn condition(&mut self, alarm: &Alarm, tag: &Tag) -> Option<Condition> {
        let full = full_name(alarm);
        let deadband = match (alarm.deadband, tag.range) {
            (Deadband::Units(units), _) => units,
            (Deadband::Percent(_), _) if matches!(alarm.kind, AlarmKind::Rate { .. }) => {
                let message = "a rate has no range that a deadband could be a percentage of";
                self.error(alarm.places.of("deadband"), &full, message, "write it in units per second");
                0.0
            }
            (Deadband::Percent(percent), Some([low, high])) => (high - low) * percent / 100.0,
            (Deadband::Percent(_), None) => {
                let message = "a deadband in percent is of the tag's range, and the tag has none";
                let mend = "write range at the tag, or the deadband in units";
                self.error(alarm.places.of("deadband"), &full, message, mend);
                0.0
            }
        };
        if alarm.kind.limit().is_some() && matches!(tag.data_type, DataType::Bool | DataType::String) {
            let message = format!("a tag of type {} has no limits", tag.data_type.word());
            self.error(alarm.places.of("kind"), &full, message, "write kind = \"state\" with when, or \"quality\"");
            return None;
        }
        match &alarm.kind {
            &(AlarmKind::HighHigh(limit) | AlarmKind::High(limit)) => Some(Condition::AtOrAbove { limit, deadband }),
            &(AlarmKind::Low(limit) | AlarmKind::LowLow(limit)) => Some(Condition::AtOrBelow { limit, deadband }),
            &AlarmKind::Rate { limit, over, direction } => Some(Condition::Rate { limit, deadband, over, direction }),
            AlarmKind::Deviation { limit, from } => {
                let from = self.compared_tag(alarm, from, &full)?;
                Some(Condition::Deviation { limit: *limit, deadband, from })
            }
            AlarmKind::Quality => Some(Condition::Quality),
            &AlarmKind::State(when) => {
                let mend = match (when, tag.data_type) {
                    (_, DataType::String) => "state alarms are of numbers and bools",
                    (When::Int(_), DataType::Bool) => "write when = true or when = false",
                    (When::Bool(_), t) if t != DataType::Bool => "write the number of the state: when = 3",
                    _ => return Some(Condition::State(when)),
                };
                let message = format!("when does not suit a tag of type {}", tag.data_type.word());
                self.error(alarm.places.of("when"), &full, message, mend);
                None
            }
        }
    }

    /// The tag that a deviation is measured from.
    fn compared_tag(&mut self, alarm: &Alarm, from: &str, full: &str) -> Option<TagId> {
        let place = alarm.places.of("from");
        let Some(id) = self.plan.tag_id(from) else {
            let (message, mend) = self.no_such(Noun::Tag, from);
            self.error(place, full, message, mend);
            return None;
        };
        if from.eq_ignore_ascii_case(&alarm.tag) {
            self.error(place, full, "a tag lies never far from itself", "name the tag to compare with");
            return None;
        }
        let data_type = self.plan.tag(id).map(|t| t.tag.data_type).unwrap_or_default();
        if matches!(data_type, DataType::Bool | DataType::String) {
            let message = format!("{from} is of type {}, and no number to compare with", data_type.word());
            self.error(place, full, message, "name a tag that is a number");
            return None;
        }
        Some(id)
    }

    pub(super) fn display(&mut self, name: Option<&str>, place: Place, subject: &str) -> Option<usize> {
        let name = name?;
        let found = self.display_index.get(&name.to_lowercase()).copied();
        if found.is_none() {
            let (message, mend) = self.no_such(Noun::Display, name);
            self.error(place, subject, message, mend);
        }
        found
    }

    /// Low-low < low < high < high-high, else each alarm would hide what the next should tell.
    pub(super) fn limits_in_order(&mut self, alarms: &[&Arc<Alarm>]) {
        let rank = |kind: &AlarmKind| match kind {
            AlarmKind::LowLow(limit) => Some((0, *limit)),
            AlarmKind::Low(limit) => Some((1, *limit)),
            AlarmKind::High(limit) => Some((2, *limit)),
            AlarmKind::HighHigh(limit) => Some((3, *limit)),
            _ => None,
        };
        for (i, alarm) in alarms.iter().enumerate() {
            let Some((mine, limit)) = rank(&alarm.kind) else { continue };
            // Told once of a pair, at the one that was written later.
            let wrong = alarms[..i].iter().find(|other| match rank(&other.kind) {
                Some((theirs, other)) => (theirs < mine && other >= limit) || (theirs > mine && other <= limit),
                None => false,
            });
            let Some(other) = wrong else { continue };
            let (below, above) = if rank(&other.kind).is_some_and(|(theirs, _)| theirs < mine) {
                (other, alarm)
            } else {
                (alarm, other)
            };
            let limit_of = |alarm: &Alarm| alarm.kind.limit().unwrap_or_default();
            let message = format!(
                "limits are out of order: {} = {} is not below {} = {}",
                below.kind.word(),
                limit_of(below),
                above.kind.word(),
                limit_of(above)
            );
            let mend = "they must rise: low-low, low, high, high-high";
            self.error(alarm.places.of("limit"), &full_name(alarm), message, mend);
        }
    }

    pub(super) fn limits_in_range(&mut self, alarms: &[&Arc<Alarm>], tag: &Tag) {
        let Some([low, high]) = tag.range else { return };
        for alarm in alarms {
            if !alarm.kind.is_of_value() {
                continue;
            }
            let rows = alarm.limits.iter().filter_map(|row| row.limit.map(|limit| (limit, row.limit_place())));
            let own = alarm.kind.limit().map(|limit| (limit, alarm.places.of("limit")));
            for (limit, place) in own.into_iter().chain(rows) {
                if limit < low || limit > high {
                    let message = format!("the limit {limit} lies outside the tag's range, {low} to {high}");
                    self.warning(place, &full_name(alarm), message, "check limit and range");
                }
            }
        }
    }

    /// A tag with a limit alarm, and one that others are compared with, tells when it cannot be trusted, so that no alarm is
    /// ever held in silence.
    fn add_quality(
        &mut self,
        id: TagId,
        written: &[&Arc<Alarm>],
        compared: Option<Priority>,
        tag: &Tag,
        names: &mut HashSet<String>,
    ) {
        let watched = compared.is_some() || written.iter().any(|a| a.kind.limit().is_some());
        if !watched || written.iter().any(|a| a.kind == AlarmKind::Quality) {
            return;
        }
        let highest = written.iter().min_by_key(|a| a.priority);
        let Some(priority) = highest.map(|a| a.priority).into_iter().chain(compared).min() else { return };
        // The name may be taken by an alarm of another kind.
        let free = ["quality", "bad-quality", "no-quality"]
            .into_iter()
            .find(|n| names.insert(format!("{}/{n}", tag.name).to_lowercase()));
        let Some(short) = free else { return };
        let what = if tag.description.is_empty() { &tag.name } else { &tag.description };
        let display =
            highest.and_then(|a| a.display.as_deref()).and_then(|d| self.display_index.get(&d.to_lowercase()).copied());
        self.plan.alarms.push(AlarmPlan {
            name: format!("{}/{short}", tag.name).into(),
            short: short.into(),
            subject: Subject::Tag(id),
            condition: Condition::Quality,
            kind: "quality",
            on_delay: QUALITY_ON_DELAY,
            off_delay: Span::ZERO,
            priority,
            latch: false,
            group: None,
            limits: Arc::default(),
            suppress_when: None,
            message: format!("{what}: no value to be trusted").into(),
            cause: None,
            consequence: Some("the alarms that hang on it are held where they are".into()),
            response: None,
            display,
            written: None,
        });
    }

    fn no_answers(&mut self) {
        let project = Arc::clone(&self.project);
        for (index, device) in project.devices.iter().enumerate() {
            let id = AlarmId(self.plan.alarms.len() as u32);
            let Some(plan) = self.plan.devices.get_mut(index) else { continue };
            plan.no_answer = id;
            let alarm = &device.no_answer;
            let name = format!("{}/no-answer", device.name);
            let served = matches!(device.endpoint, Endpoint::Modbus(_) | Endpoint::Mqtt(_));
            if !served && device.places.keys.iter().any(|(key, _)| *key == "no-answer") {
                self.plan.unwatched_alarms += 1;
            }
            let display = self.display(alarm.display.as_deref(), device.places.of("no-answer"), &name);
            let message = alarm.message.clone().unwrap_or_else(|| format!("{} does not answer", device.name));
            self.plan.alarms.push(AlarmPlan {
                name: name.into(),
                short: "no-answer".into(),
                subject: Subject::Device(super::DeviceId(index as u32)),
                condition: Condition::NoAnswer,
                kind: "no-answer",
                on_delay: alarm.on_delay,
                off_delay: alarm.off_delay,
                priority: alarm.priority,
                latch: false,
                group: None,
                limits: Arc::default(),
                suppress_when: None,
                message: message.into(),
                cause: alarm.cause.as_deref().map(Arc::from),
                consequence: None,
                response: alarm.response.as_deref().map(Arc::from),
                display,
                written: None,
            });
        }
    }

    fn own_alarms(&mut self) {
        let system = |name: &'static str, condition, priority, off_delay, words: [&'static str; 4]| {
            let short = name.rsplit('/').next().unwrap_or(name);
            let [message, cause, consequence, response] = words;
            AlarmPlan {
                name: name.into(),
                short: short.into(),
                subject: Subject::System,
                condition,
                kind: short,
                on_delay: Span::ZERO,
                off_delay,
                priority,
                latch: false,
                group: None,
                limits: Arc::default(),
                suppress_when: None,
                message: message.into(),
                cause: Some(cause.into()),
                consequence: Some(consequence.into()),
                response: Some(response.into()),
                display: None,
                written: None,
            }
        };
        self.plan.alarms.push(system(
            RECORDING,
            Condition::Recording,
            Priority::High,
            RECORDING_OFF_DELAY,
            [
                "samples cannot be recorded",
                "the disk is full, gone, slow or damaged",
                "trends will have a gap, which says so; values and alarms go on",
                "see what the status bar and the journal say, and give the disk room",
            ],
        ));
        self.plan.alarms.push(system(
            DISK_SPACE,
            Condition::DiskSpace,
            Priority::Medium,
            Span::ZERO,
            [
                "the disk that samples are recorded on is nearly full",
                "history grows, or something else fills the disk",
                "when it is full, samples and journal entries are lost",
                "make room on it, or limit [history] with keep or max-size",
            ],
        ));
        self.plan.alarms.push(system(
            SILENT_HORN,
            Condition::SilentHorn,
            Priority::Medium,
            HORN_OFF_DELAY,
            [
                "the horn cannot be heard on this computer",
                "there is no sound device, or no program that plays a sound on it",
                "a new alarm is seen only by who looks at the screen",
                "look at the screen; see why in the status bar, mend it, and press \"Test the horn\"",
            ],
        ));
    }

    /// One for each connection over TLS.
    fn certificates(&mut self) {
        let project = Arc::clone(&self.project);
        for (index, device) in project.devices.iter().enumerate() {
            if device.endpoint.tls().is_none() {
                continue;
            }
            self.plan.alarms.push(AlarmPlan {
                name: format!("system.certificate/{}", device.name).into(),
                short: device.name.as_str().into(),
                subject: Subject::System,
                condition: Condition::Certificate(super::DeviceId(index as u32)),
                kind: "certificate",
                on_delay: Span::ZERO,
                off_delay: Span::ZERO,
                priority: Priority::Medium,
                latch: false,
                group: None,
                limits: Arc::default(),
                suppress_when: None,
                message: format!(
                    "a certificate of the connection to {} expires within 30 days, or has expired",
                    device.name
                )
                .into(),
                cause: Some("certificates are made for a time, and nobody has renewed this one yet".into()),
                consequence: Some("from that day on the device is not connected any more".into()),
                response: Some("have it renewed; the program's log says which it is".into()),
                display: None,
                written: None,
            });
        }
    }

    fn project_faults(&mut self) {
        let message = match self.plan.unwatched_alarms {
            0 => "all alarms of the project are watched".to_owned(),
            1 => "1 alarm of the project is not watched, because of a fault in it".to_owned(),
            n => format!("{n} alarms of the project are not watched, because of faults in it"),
        };
        self.plan.alarms.push(AlarmPlan {
            name: PROJECT_FAULTS.into(),
            short: "faults".into(),
            subject: Subject::System,
            condition: Condition::ProjectFaults,
            kind: "faults",
            on_delay: Span::ZERO,
            off_delay: Span::ZERO,
            priority: Priority::High,
            latch: false,
            group: None,
            limits: Arc::default(),
            suppress_when: None,
            message: message.into(),
            cause: Some("the project file is at fault, or asks for what this version does not serve".into()),
            consequence: Some("nobody is told when what they watch goes wrong".into()),
            response: Some("open the list of faults, and mend the project file".into()),
            display: None,
            written: None,
        });
    }
}

pub(super) fn full_name(alarm: &Alarm) -> String {
    format!("{}/{}", alarm.tag, alarm.name)
}
