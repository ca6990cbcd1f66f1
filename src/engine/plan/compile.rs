//! [`Project`] to [`Plan`]: names become ids, defaults become numbers, what is at fault is told and set aside.

use super::{DeviceId, DevicePlan, Generation, Plan, Scaling, SourcePlan, TagId, TagPlan};
use crate::engine::snapshot::Mode;
use crate::project::device::ModbusSettings;
use crate::project::file::nearest::near;
use crate::project::{DataType, Device, Endpoint, Issue, Origin, Place, Project, Source, Tag, TopicSource};
use crate::time::Span;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Missing names that get a "did you mean"; each costs a look at every name there is.
const SUGGESTIONS: usize = 20;

/// The shortest time after which a polled value is stale by default.
const LEAST_STALE_AFTER: Span = Span::from_secs(5);

/// What is gathered on the way to a plan.
pub(super) struct Compiler {
    pub(super) project: Arc<Project>,
    pub(super) plan: Plan,
    pub(super) issues: Vec<Issue>,
    /// Of issues of something on a display that a template makes: their places in `issues`, and the uses.
    pub(super) of_uses: Vec<(usize, Arc<Origin>)>,
    suggestions_left: usize,
    /// What is said of tags that are to be found yet: no fault.
    awaited: HashSet<String>,
    pub(super) device_index: HashMap<String, DeviceId>,
    /// Index of each display by name in lower case.
    pub(super) display_index: HashMap<String, usize>,
    /// How each topic of a device is subscribed, by the name that its messages bear.
    subscribed: HashMap<(DeviceId, String), String>,
}

/// What a name stands for, in messages.
#[derive(Debug, Clone, Copy)]
pub(super) enum Noun {
    Tag,
    Device,
    Display,
}

pub(super) fn compile(project: Arc<Project>, generation: Generation, mode: Mode) -> (Plan, Vec<Issue>) {
    let index = |names: &mut dyn Iterator<Item = &str>| -> HashMap<String, usize> {
        let mut index = HashMap::new();
        for (i, name) in names.enumerate() {
            index.entry(name.to_lowercase()).or_insert(i);
        }
        index
    };
    let devices = index(&mut project.devices.iter().map(|d| d.name.as_str()));
    let read = Arc::clone(&project);
    let (written, members) = read.tags.split_at(read.tags.len().saturating_sub(read.found.tags));
    let tags = index(&mut written.iter().map(|t| t.name.as_str()));
    let mut compiler = Compiler {
        device_index: devices.into_iter().map(|(name, i)| (name, DeviceId(i as u32))).collect(),
        display_index: index(&mut project.displays.iter().map(|d| d.name.as_str())),
        plan: Plan {
            generation,
            mode,
            project: Arc::clone(&project),
            tag_index: tags.into_iter().map(|(name, i)| (name, TagId(i as u32))).collect(),
            ..Plan::default()
        },
        issues: Vec::new(),
        of_uses: Vec::new(),
        subscribed: HashMap::new(),
        suggestions_left: SUGGESTIONS,
        awaited: HashSet::new(),
        project,
    };
    compiler.devices();
    // Whatever is polled comes first, so that a topic that is found numbers none of it anew.
    compiler.tags(written);
    compiler.exponents();
    let figures = compiler.figures_named();
    compiler.figures(figures);
    compiler.tags(members);
    compiler.setpoints();
    compiler.formulas();
    compiler.recording();
    compiler.alarms();
    compiler.earlier_names();
    compiler.practice();
    compiler.displays();
    compiler.aside();
    compiler.told_of_uses();
    let mut issues = compiler.issues;
    issues.sort_by(|a, b| (a.place, a.severity, &a.message).cmp(&(b.place, b.severity, &b.message)));
    (compiler.plan, issues)
}

impl Compiler {
    pub(super) fn error(&mut self, place: Place, subject: &str, message: impl Into<String>, mend: impl Into<String>) {
        let message = message.into();
        if self.awaited.contains(&message) {
            return self.warning(place, subject, message, mend);
        }
        self.issues.push(Issue::error(place, subject, message, mend));
    }

    pub(super) fn warning(&mut self, place: Place, subject: &str, message: impl Into<String>, mend: impl Into<String>) {
        self.issues.push(Issue::warning(place, subject, message, mend));
    }

    /// What to say of a name that is not there.
    pub(super) fn no_such(&mut self, noun: Noun, name: &str) -> (String, String) {
        if let Some(told) = self.no_such_figure(name).filter(|_| matches!(noun, Noun::Tag)) {
            return told;
        }
        if let Some(told) = self.awaits(name).filter(|_| matches!(noun, Noun::Tag)) {
            return told;
        }
        let word = match noun {
            Noun::Tag => "tag",
            Noun::Device => "device",
            Noun::Display => "display",
        };
        let mut mend = format!("write the name of a {word} of this project");
        if self.suggestions_left > 0 {
            self.suggestions_left -= 1;
            let project = Arc::clone(&self.project);
            let near = match noun {
                Noun::Tag => near(name, project.tags.iter().map(|t| t.name.as_str())),
                Noun::Device => near(name, project.devices.iter().map(|d| d.name.as_str())),
                Noun::Display => near(name, project.displays.iter().map(|d| d.name.as_str())),
            };
            if let Some(near) = near {
                mend = format!("did you mean \"{near}\"?");
            }
        }
        (format!("there is no {word} \"{}\"", short(name)), mend)
    }

    /// What to say of a tag that will be there when a message of its topic has come.
    fn awaits(&mut self, name: &str) -> Option<(String, String)> {
        let project = Arc::clone(&self.project);
        let topic = &project.awaits(name)?.source()?.topic;
        let message = format!("waits for \"{}\": no message of its topic, {}, has come yet", short(name), short(topic));
        self.awaited.insert(message.clone());
        Some((message, "right where one will come".to_owned()))
    }

    fn devices(&mut self) {
        let project = Arc::clone(&self.project);
        self.plan.devices = project
            .devices
            .iter()
            .map(|device| DevicePlan {
                device: Arc::clone(device),
                name: device.name.as_str().into(),
                tags: Vec::new(),
                figures: Vec::new(),
                // Set when the alarms are numbered.
                no_answer: super::AlarmId(0),
            })
            .collect();
    }

    fn tags(&mut self, tags: &[Arc<Tag>]) {
        let mut units: HashMap<&str, Arc<str>> = HashMap::new();
        self.plan.tags.reserve_exact(tags.len());
        for tag in tags {
            let id = TagId(self.plan.tags.len() as u32);
            self.plan.tag_index.entry(tag.name.to_lowercase()).or_insert(id);
            let source = self.source(tag);
            if let Some(device) = source.device()
                && let Some(device) = self.plan.devices.get_mut(device.index())
            {
                device.tags.push(id);
            }
            let unit = units.entry(tag.unit.as_str()).or_insert_with(|| tag.unit.as_str().into());
            self.plan.tags.push(TagPlan {
                name: tag.name.as_str().into(),
                unit: Arc::clone(unit),
                scaling: scaling(tag),
                exponent: None,
                is_exponent: false,
                stale_after: tag.stale_after.or_else(|| self.default_stale_after(&source)),
                source,
                alarms: 0..0,
                dependents: Vec::new(),
                setpoint: None,
                record: super::RecordPlan::default(),
                tag: Arc::clone(tag),
            });
        }
    }

    /// Once all tags have their ids.
    fn setpoints(&mut self) {
        for index in 0..self.plan.tags.len() {
            let Some(tag) = self.plan.tags.get(index).map(|plan| Arc::clone(&plan.tag)) else { continue };
            let setpoint = self.setpoint(&tag);
            self.earlier_name(&tag);
            if let Some(plan) = self.plan.tags.get_mut(index) {
                plan.setpoint = setpoint;
            }
        }
    }

    pub(super) fn setpoint(&mut self, tag: &Tag) -> Option<TagId> {
        let name = tag.setpoint.as_deref()?;
        let found = self.plan.tag_id(name);
        if found.is_none() {
            let (message, mend) = self.no_such(Noun::Tag, name);
            self.error(tag.places.of("setpoint"), &tag.name, message, mend);
        }
        found
    }

    pub(super) fn source(&mut self, tag: &Arc<Tag>) -> SourcePlan {
        match &tag.source {
            Source::Register(source) => {
                let wanted = |device: &Device| match &device.endpoint {
                    Endpoint::Modbus(settings) => Ok(source.poll.unwrap_or(settings.poll)),
                    other => Err(unusable(device, other, "register")),
                };
                match self.device(tag, &source.device, wanted) {
                    Ok((device, poll)) => SourcePlan::Register { device, poll, source: source.clone() },
                    Err(fault) => SourcePlan::Fault(fault),
                }
            }
            Source::Topic(source) => {
                let wanted = |device: &Device| match &device.endpoint {
                    Endpoint::Mqtt(_) => Ok(()),
                    other => Err(unusable(device, other, "topic")),
                };
                match self.device(tag, &source.device, wanted) {
                    Ok((device, ())) => match self.subscribed_otherwise(tag, device, source) {
                        None => SourcePlan::Topic { device, source: source.clone() },
                        Some(fault) => SourcePlan::Fault(fault),
                    },
                    Err(fault) => SourcePlan::Fault(fault),
                }
            }
            // Stands in no file.
            Source::Figure(_) => SourcePlan::Fault("not written in a project".into()),
            // Compiled once all tags have their ids.
            Source::Formula(_) => SourcePlan::Fault("not compiled".into()),
            Source::Fault(reason) => SourcePlan::Fault(reason.as_str().into()),
        }
    }

    /// Whether a topic is subscribed by itself, or in another group, too: its messages could not be told apart.
    fn subscribed_otherwise(&mut self, tag: &Tag, device: DeviceId, source: &TopicSource) -> Option<Arc<str>> {
        let topics = source.availability.iter().map(|a| &a.topic).chain([&source.topic]);
        let mut fault = None;
        for topic in topics {
            let key = (device, TopicSource::bare(topic).to_owned());
            let known = self.subscribed.entry(key).or_insert_with(|| topic.clone());
            if known != topic {
                let (topic, known) = (short(topic), short(known));
                fault =
                    Some(format!("the messages of \"{topic}\" are those of \"{known}\", which is subscribed already"));
            }
        }
        let fault = fault?;
        let mend = "write the topic in the same way for all tags of a device";
        self.error(tag.places.of("topic"), &tag.name, fault.clone(), mend);
        Some(fault.into())
    }

    /// The device of a tag, if it is one that the source can use.
    fn device<T>(
        &mut self,
        tag: &Tag,
        name: &str,
        wanted: impl FnOnce(&Device) -> Result<T, Unusable>,
    ) -> Result<(DeviceId, T), Arc<str>> {
        let Some(id) = self.device_index.get(&name.to_lowercase()).copied() else {
            let (message, mend) = self.no_such(Noun::Device, name);
            self.error(tag.places.of("device"), &tag.name, message.as_str(), mend);
            return Err(message.into());
        };
        let device = self.plan.devices.get(id.index()).map(|d| Arc::clone(&d.device)).ok_or_else(|| Arc::from(""))?;
        match wanted(&device) {
            Ok(found) => Ok((id, found)),
            Err(Unusable { message, mend }) => {
                // What is wrong with the device itself was told there.
                if let Some(mend) = mend {
                    self.error(tag.places.of("device"), &tag.name, message.as_str(), mend);
                }
                Err(message.into())
            }
        }
    }

    /// The greatest of five seconds, three polls, and one poll with all its repetitions; MQTT and formulas have none.
    pub(super) fn default_stale_after(&self, source: &SourcePlan) -> Option<Span> {
        let SourcePlan::Register { device, poll, .. } = source else { return None };
        let Some(Endpoint::Modbus(ModbusSettings { timeout, retries, .. })) =
            self.plan.device(*device).map(|d| &d.device.endpoint)
        else {
            return None;
        };
        let three_polls = poll.0.saturating_mul(3);
        let one_poll = poll.0.saturating_add(timeout.0.saturating_mul(i64::from(*retries) + 1));
        Some(Span(three_polls.max(one_poll)).max(LEAST_STALE_AFTER))
    }
}

/// Why a device cannot give a tag its value; without a mend where that was told at the device.
struct Unusable {
    message: String,
    mend: Option<&'static str>,
}

fn unusable(device: &Device, endpoint: &Endpoint, source: &str) -> Unusable {
    let name = short(&device.name);
    match endpoint {
        Endpoint::Fault(why) => Unusable { message: format!("device {name} is at fault: {why}"), mend: None },
        Endpoint::Modbus(_) | Endpoint::Mqtt(_) => Unusable {
            message: format!("device \"{name}\" has no {source}s"),
            mend: Some(if source == "register" {
                "name a modbus device, or write topic = \"…\""
            } else {
                "name an mqtt device, or write register = \"…\""
            }),
        },
    }
}

fn scaling(tag: &Tag) -> Option<Scaling> {
    if matches!(tag.data_type, DataType::Bool | DataType::String) {
        return None;
    }
    if let (Some([raw_low, raw_high]), Some([low, high])) = (tag.raw, tag.range) {
        let scale = (high - low) / (raw_high - raw_low);
        return Some(Scaling { scale, offset: low - raw_low * scale });
    }
    match (tag.scale, tag.offset) {
        (None, None) => None,
        (scale, offset) => Some(Scaling { scale: scale.unwrap_or(1.0), offset: offset.unwrap_or(0.0) }),
    }
}

/// A name for a message; what stands in a file may be long.
pub(super) fn short(name: &str) -> String {
    if name.chars().nth(80).is_none() { name.to_owned() } else { name.chars().take(80).chain(['…']).collect() }
}
