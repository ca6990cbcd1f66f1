//! The plan in force, the drivers that run for it, and how another project comes into force while they do.
//!
//! Order: the engine is told of the plan before any driver runs for it, so that nothing is reported under a number that the
//! engine does not know yet.

use super::sources::{Connection, Parting, Run, Sources, Wants};
use crate::drivers::mqtt::families::Finds;
use crate::drivers::{self, Field};
use crate::engine::{DeviceId, DeviceStatus, Entry, Generation, Input, LinkState, Plan};
use crate::project::family::{LeftOut, expand, member_named, tags_of};
use crate::project::{Endpoint, Member, Project, Source, Tag};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

/// How drivers of this process run, whatever the plan.
#[derive(Debug, Clone)]
pub struct Terms {
    /// What they run on.
    pub runtime: Handle,
    /// Added to every MQTT client id.
    pub client_id_suffix: Option<String>,
    /// Another process asks the devices: who.
    pub held_by: Option<String>,
    /// Ask those devices alone that this tag's value comes from.
    pub only_for: Option<String>,
    /// Where topics are told that make tags.
    pub finds: Finds,
}

/// See the module.
#[derive(Debug)]
pub struct Force {
    terms: Terms,
    plan: Arc<Plan>,
    field: Field,
    /// To the engine, where what is told is heard before the field.
    answers: mpsc::Sender<Input>,
    sources: Sources,
    /// Topics that make tags, in the order in which they were found.
    members: Vec<Member>,
}

/// What came of topics that were found.
#[derive(Debug, Default)]
pub struct Growth {
    /// Tags that are there now.
    pub tags: Vec<Arc<Tag>>,
    /// Topics that make none.
    pub left_out: Vec<LeftOut>,
}

impl Force {
    /// Starts the drivers of a plan that the engine was told of, and that has the tags of these members.
    pub fn start(
        terms: Terms,
        plan: Arc<Plan>,
        members: Vec<Member>,
        field: Field,
        answers: mpsc::Sender<Input>,
    ) -> Self {
        let sources = Sources::start(&terms.runtime, connections(&plan, &terms), &field);
        Self { terms, plan, field, answers, sources, members }
    }

    /// The plan in force.
    pub const fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Puts displays into force, where they are all that is another.
    ///
    /// # Errors
    /// Why not, in words.
    pub fn redraw(&mut self, project: &Project, entry: Entry) -> Result<(), String> {
        let project = Arc::new(expand(project, &self.members).0);
        let (mut plan, _told_before) = Plan::compile(project, self.plan.generation, self.plan.mode);
        if !plan.watches_the_same(&self.plan) {
            return Err("more than its displays has changed".to_owned());
        }
        plan.follow(&self.plan);
        let plan = Arc::new(plan);
        self.tell(Input::Redraw(Arc::clone(&plan), Box::new(entry)))?;
        self.plan = plan;
        Ok(())
    }

    /// Puts a project into force. What it says as before goes on as before: values, alarms, recording, and every connection
    /// whose devices and tags it leaves as they are.
    ///
    /// # Errors
    /// Why not, in words; the plan before stays in force.
    pub fn replace(&mut self, project: &Project, entry: Entry) -> Result<(), String> {
        self.put_in_force(expand(project, &self.members).0, entry)
    }

    /// Makes tags of topics that were found. `entry` is told what they are called.
    ///
    /// # Errors
    /// Why not, in words; nothing is taken up then.
    pub fn grow(&mut self, found: &[Member], mut entry: Entry) -> Result<Growth, String> {
        let project = Arc::clone(&self.plan.project);
        let mut members = self.members.clone();
        let known: HashSet<&Member> = self.members.iter().collect();
        members.extend(found.iter().filter(|member| !known.contains(*member)).cloned());
        let (expanded, mut left_out) = expand(&project, &members);
        let tags = expanded.tags.get(project.tags.len()..).unwrap_or_default().to_vec();
        left_out.retain(|one| found.contains(&one.member));
        if !tags.is_empty() {
            let of = |tag: &Arc<Tag>| match &tag.source {
                Source::Topic(source) => Some((source.device.to_lowercase(), source.topic.clone())),
                _ => None,
            };
            let with: HashSet<(String, String)> = tags.iter().filter_map(of).collect();
            let has = |member: &Member| with.contains(&(member.device.to_lowercase(), member.topic.to_string()));
            members.truncate(self.members.len());
            members.extend(found.iter().filter(|member| !known.contains(*member) && has(member)).cloned());
            entry.note = Some(found_words(&tags).into());
            self.put_in_force(expanded, entry)?;
            self.members = members;
        }
        Ok(Growth { tags, left_out })
    }

    /// Forgets a topic that was found, by its name or that of a tag of it, and tells in words what goes. It is found again by
    /// its next message. `entry` is told the same.
    ///
    /// # Errors
    /// Why not, in words; everything is as before then.
    pub fn forget(&mut self, name: &str, mut entry: Entry) -> Result<String, String> {
        let project = &self.plan.project;
        let member = member_named(project, &self.members, name)?;
        let words = forgotten_words(project, member);
        let left: Vec<Member> = self.members.iter().filter(|one| *one != member).cloned().collect();
        entry.note = Some(words.as_str().into());
        self.put_in_force(expand(project, &left).0, entry)?;
        self.members = left;
        Ok(words)
    }

    /// Topics that make tags, in the order in which they were found.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The plan that a project would be, put into force now.
    pub fn plan_of(&self, project: &Project) -> Plan {
        self.next(expand(project, &self.members).0)
    }

    fn next(&self, project: Project) -> Plan {
        let generation = Generation(self.plan.generation.0 + 1);
        let (mut plan, _told_elsewhere) = Plan::compile(Arc::new(project), generation, self.plan.mode);
        plan.follow(&self.plan);
        plan
    }

    fn put_in_force(&mut self, project: Project, entry: Entry) -> Result<(), String> {
        let plan = Arc::new(self.next(project));
        let generation = plan.generation;
        self.tell(Input::Replace(Arc::clone(&plan), Box::new(entry)))?;
        let before = std::mem::replace(&mut self.plan, plan);
        let plan = &self.plan;
        let numbers = (0..before.devices.len() as u32).map(|device| before.device_number(DeviceId(device)));
        let gone = numbers.filter(|number| plan.device_numbered(before.generation, *number).is_none());
        gone.for_each(|number| self.field.monitor.forget(number));
        self.field.generation = generation;
        self.tell_unasked(before.generation);
        let wanted = connections(&self.plan, &self.terms);
        self.sources.change(&self.terms.runtime, wanted, &self.field);
        Ok(())
    }

    /// Stops the drivers, but those that have something to say when the queue of their inputs is closed.
    #[must_use = "dropped, they say nothing"]
    pub fn stop(&mut self) -> Parting {
        self.sources.stop()
    }

    fn tell(&self, input: Input) -> Result<(), String> {
        self.answers.try_send(input).map_err(|_busy| "the plant takes nothing now".to_owned())
    }

    /// Devices that are others than in the plan of a generation before, and that nobody asks.
    fn tell_unasked(&self, before: Generation) {
        let unasked = unasked(&self.plan, self.terms.held_by.as_deref()).into_iter();
        let numbered = unasked.map(|(device, state)| (self.plan.device_number(device), state));
        let news: Vec<_> =
            numbered.filter(|(number, _)| self.plan.device_numbered(before, *number).is_none()).collect();
        if news.is_empty() {
            return;
        }
        let field = self.field.clone();
        self.terms.runtime.spawn(async move {
            for (device, state) in news {
                let status = DeviceStatus { state, ..DeviceStatus::new(field.clock.now()) };
                if !field.link(device, status).await {
                    return;
                }
            }
        });
    }
}

/// Devices that this process does not ask, and why.
pub fn unasked(plan: &Plan, held_by: Option<&str>) -> Vec<(DeviceId, LinkState)> {
    let state = |endpoint: &Endpoint| match (endpoint, held_by) {
        (Endpoint::Fault(why), _) => Some(LinkState::Unserved(why.as_str().into())),
        (_, Some(who)) => Some(LinkState::Held(who.into())),
        (Endpoint::Modbus(_) | Endpoint::Mqtt(_), None) => None,
    };
    let devices = plan.devices.iter().enumerate();
    devices.filter_map(|(i, d)| Some((DeviceId(i as u32), state(&d.device.endpoint)?))).collect()
}

/// Where a tag will come from that is to be found yet.
fn awaited(plan: &Plan, tag: &str) -> BTreeSet<DeviceId> {
    let device = plan.project.awaits(tag).and_then(|family| family.source()).map(|source| &source.device);
    let devices = plan.devices.iter().enumerate();
    let is = |name: &str| device.is_some_and(|device| device.eq_ignore_ascii_case(name));
    devices.filter(|(_, d)| is(&d.name)).map(|(index, _)| DeviceId(index as u32)).collect()
}

/// `3 tags found: a.wind, b.wind, c.wind`.
pub fn found_words(tags: &[Arc<Tag>]) -> String {
    let names: Vec<&str> = tags.iter().map(|tag| tag.name.as_str()).collect();
    tags_in_words(&names, "found")
}

/// `topic site/a/state of site forgotten; 2 tags gone: a.wind, a.rain`.
pub fn forgotten_words(project: &Project, member: &Member) -> String {
    let names: Vec<&str> = tags_of(project, member).iter().map(|tag| tag.name.as_str()).collect();
    let gone = tags_in_words(&names, "gone");
    format!("topic {} of {} forgotten; {gone}", member.topic, member.device)
}

fn tags_in_words(names: &[&str], what: &str) -> String {
    /// Names that are told; more would not be read.
    const MOST: usize = 10;
    let plural = if names.len() == 1 { "" } else { "s" };
    let told = names.get(..MOST).unwrap_or(names).join(", ");
    let more = names.len().saturating_sub(MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let colon = if told.is_empty() { "" } else { ": " };
    format!("{} tag{plural} {what}{colon}{told}{more}", names.len())
}

/// What the connections of a plan do, with the devices that each serves, by their numbers: what another plan is compared with before it is put
/// into force.
pub(super) fn wants(plan: &Plan) -> Vec<(Vec<DeviceId>, Wants)> {
    let mqtt = drivers::mqtt::connections(plan).into_iter();
    let mqtt =
        mqtt.map(|connection| (vec![connection.device], Wants::Mqtt(Arc::new(connection), watch::Sender::new(None))));
    let modbus = drivers::modbus::connections(plan).into_iter();
    let modbus = modbus.map(|connection| {
        let devices = connection.devices().collect();
        (devices, Wants::Modbus(Arc::new(connection), watch::Sender::new(None)))
    });
    modbus.chain(mqtt).collect()
}

/// Every connection that the plan's devices need, and this process makes.
fn connections(plan: &Plan, terms: &Terms) -> Vec<Connection> {
    if terms.held_by.is_some() {
        return Vec::new();
    }
    let mqtt = drivers::mqtt::connections(plan).into_iter().map(|mut connection| {
        connection.client_id_suffix.clone_from(&terms.client_id_suffix);
        let (growth, grown) = watch::channel(None);
        connection.topics.grow_by(terms.finds.finder(Arc::clone(&connection.name)), grown);
        let (name, devices) = (format!("mqtt {}", connection.name), vec![connection.device]);
        let has_farewell = connection.has_farewell();
        let wants = Wants::Mqtt(Arc::new(connection.clone()), growth);
        let run = Box::new(move |field| -> Run { Box::pin(drivers::mqtt::run(connection.clone(), field)) });
        Connection { name, devices, has_farewell, wants, run }
    });
    let modbus = drivers::modbus::connections(plan).into_iter().map(|mut connection| {
        let (name, devices) = (format!("modbus {}", connection.address()), connection.devices().collect());
        let (changes, told) = watch::channel(None);
        connection.change_by(told);
        let wants = Wants::Modbus(Arc::new(connection.clone()), changes);
        let run = Box::new(move |field| -> Run { Box::pin(drivers::modbus::run(connection.clone(), field)) });
        Connection { name, devices, has_farewell: false, wants, run }
    });
    let mut all: Vec<Connection> = modbus.chain(mqtt).collect();
    if let Some(tag) = &terms.only_for {
        let devices = plan.tag_id(tag).map_or_else(|| awaited(plan, tag), |id| plan.devices_of(id));
        let numbers: BTreeSet<DeviceId> = devices.into_iter().map(|device| plan.device_number(device)).collect();
        all.retain(|connection| connection.devices.iter().any(|device| numbers.contains(device)));
    }
    all
}
