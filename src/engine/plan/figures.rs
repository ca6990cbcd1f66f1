//! Figures of devices that the project names: each becomes a tag, after those that are written and their scale registers.

use super::compile::{Compiler, short};
use super::{DeviceId, RecordPlan, SourcePlan, TagId, TagPlan};
use crate::engine::devicefigure::{DeviceFigure, FIGURES};
use crate::project::file::nearest::near;
use crate::project::{Alarm, AlarmKind, Device, Project, Source, Tag};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What the names of figures begin with.
const HEAD: &str = "device.";

/// A figure that is named somewhere.
pub(super) struct Named {
    device: DeviceId,
    figure: DeviceFigure,
    name: String,
}

impl Compiler {
    /// Numbers the figures that the project names, so that their names are found like those of its tags.
    pub(super) fn figures_named(&mut self) -> Vec<Named> {
        let project = Arc::clone(&self.project);
        let mut names = Vec::new();
        every_reference(&project, &mut |name| names.push(name.to_owned()));
        let mut known: HashMap<String, TagId> = HashMap::new();
        let mut figures = Vec::new();
        let mut seen = BTreeSet::new();
        for name in names {
            if !seen.insert(name.to_lowercase()) {
                continue;
            }
            let Some((device, figure)) = self.figure(&name) else { continue };
            let Some(of) = project.devices.get(device.index()) else { continue };
            let own = format!("{HEAD}{}.{}", self.part(of), figure.word());
            let next = TagId((self.plan.tags.len() + figures.len()) as u32);
            let id = *known.entry(own.to_lowercase()).or_insert(next);
            self.plan.tag_index.insert(name.to_lowercase(), id);
            if id == next {
                self.plan.tag_index.insert(own.to_lowercase(), id);
                figures.push(Named { device, figure, name: own });
            }
        }
        figures
    }

    /// Makes them tags. What is read from devices stands before them, but for the tags of topics that were found.
    pub(super) fn figures(&mut self, figures: Vec<Named>) {
        let project = Arc::clone(&self.project);
        for Named { device, figure, name } in figures {
            let id = TagId(self.plan.tags.len() as u32);
            let (Some(of), Some(plan)) =
                (project.devices.get(device.index()), self.plan.devices.get_mut(device.index()))
            else {
                continue;
            };
            plan.figures.push((id, figure));
            let mut tag = figure.tag(name, of);
            tag.was = of.was.as_deref().map(|was| format!("{HEAD}{}.{}", letters(was), figure.word()));
            let tag = Arc::new(tag);
            self.plan.tags.push(TagPlan {
                name: tag.name.as_str().into(),
                unit: tag.unit.as_str().into(),
                source: SourcePlan::Figure { device },
                scaling: None,
                exponent: None,
                is_exponent: false,
                stale_after: None,
                alarms: 0..0,
                dependents: Vec::new(),
                setpoint: None,
                record: RecordPlan::default(),
                tag,
            });
        }
    }

    /// Which figure of which device a name stands for.
    fn figure(&self, name: &str) -> Option<(DeviceId, DeviceFigure)> {
        let (device, figure) = parts(name)?;
        Some((self.device_named(device)?, DeviceFigure::parse(figure)?))
    }

    /// The device of this name, or the only one whose name reads like this in a tag's letters.
    fn device_named(&self, name: &str) -> Option<DeviceId> {
        if let Some(id) = self.device_index.get(&name.to_lowercase()) {
            return Some(*id);
        }
        let mut alike =
            self.project.devices.iter().enumerate().filter(|(_, d)| letters(&d.name).eq_ignore_ascii_case(name));
        match (alike.next(), alike.next()) {
            (Some((index, _)), None) => Some(DeviceId(index as u32)),
            _ => None,
        }
    }

    /// What the names of a device's own tags begin with: `device.plc1`.
    pub(super) fn figures_of(&self, device: DeviceId) -> String {
        let part = self.project.devices.get(device.index()).map(|device| self.part(device));
        format!("{HEAD}{}", part.unwrap_or_default())
    }

    /// What they began with under the name that the device bore.
    pub(super) fn figures_were_of(&self, device: DeviceId) -> Option<String> {
        let was = self.project.devices.get(device.index())?.was.as_deref()?;
        Some(format!("{HEAD}{}", letters(was)))
    }

    /// The part of a tag's name that stands for a device: its letters, where no other device has the same.
    fn part(&self, device: &Device) -> String {
        let letters = letters(&device.name);
        match self.device_named(&letters).and_then(|id| self.project.devices.get(id.index())) {
            Some(found) if found.name == device.name => letters,
            _ => device.name.clone(),
        }
    }

    /// What to say of a name in the devices' own part that stands for nothing; none where it is no such name.
    pub(super) fn no_such_figure(&self, name: &str) -> Option<(String, String)> {
        let (device, figure) = parts(name)?;
        let project = &self.project;
        let Some(id) = self.device_named(device) else {
            let near = near(device, project.devices.iter().map(|d| d.name.as_str()));
            let mend = near.map_or_else(
                || format!("write {HEAD}NAME.{} with the name of a device of this project", short(figure)),
                |near| format!("did you mean \"{near}\"?"),
            );
            return Some((format!("there is no device \"{}\"", short(device)), mend));
        };
        let device = self.plan.device(id).map_or("", |d| &d.name);
        let words = FIGURES.iter().map(|row| row.0);
        let mend = match near(figure, words.clone()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("write one of {}", words.collect::<Vec<_>>().join(", ")),
        };
        Some((format!("device {} has no figure \"{}\"", short(device), short(figure)), mend))
    }
}

/// Device and figure of `device.plc1.timeouts`.
fn parts(name: &str) -> Option<(&str, &str)> {
    let head = name.get(..HEAD.len())?;
    let rest = name.get(HEAD.len()..)?;
    if head.eq_ignore_ascii_case(HEAD) { rest.rsplit_once('.') } else { None }
}

/// A device's name in letters that a tag's name may have: `Pump house-1` is `Pump_house_1`.
fn letters(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// Every name of a tag that stands somewhere in a project, if it may be one of a figure.
fn every_reference(project: &Project, told: &mut dyn FnMut(&str)) {
    let mut name = |name: &str| {
        if parts(name).is_some() {
            told(name);
        }
    };
    let aside = &project.aside;
    let tags = project.tags.iter().chain(aside.sources.iter().map(|s| &s.tag)).chain(aside.tags.iter().map(|(t, _)| t));
    for tag in tags {
        in_tag(tag, &mut name);
    }
    let below = aside.tags.iter().flat_map(|(_, alarms)| alarms);
    for alarm in project.alarms.iter().chain(&aside.alarms).chain(below) {
        in_alarm(alarm, &mut name);
    }
    let displays = project.displays.iter().chain(&aside.displays).flat_map(|display| &display.panels);
    for panel in displays.chain(aside.panels.iter().map(|(_, panel)| panel)) {
        panel.tags.iter().for_each(|tag| name(tag));
        panel.pens.iter().for_each(|pen| name(&pen.tag));
        panel.items.iter().for_each(|item| name(&item.tag));
    }
}

fn in_tag(tag: &Tag, name: &mut dyn FnMut(&str)) {
    tag.setpoint.iter().for_each(|setpoint| name(setpoint));
    if let Source::Formula(text) = &tag.source {
        in_formula(text, name);
    }
}

fn in_alarm(alarm: &Alarm, name: &mut dyn FnMut(&str)) {
    name(&alarm.tag);
    if let AlarmKind::Deviation { from, .. } = &alarm.kind {
        name(from);
    }
    for text in alarm.suppress_when.iter().chain(alarm.limits.iter().map(|row| &row.when)) {
        in_formula(text, name);
    }
}

/// The words of a formula, whether or not they are names in it.
fn in_formula(text: &str, name: &mut dyn FnMut(&str)) {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))).for_each(name);
}

#[cfg(test)]
mod tests {
    use crate::engine::plan::Condition;
    use crate::engine::{
        AlarmState, DeviceId, DeviceStatus, Engine, EngineOptions, Generation, Input, LinkState, Mode, Plan, Quality,
        Value,
    };
    use crate::project::{self, Issue, Severity};
    use crate::time::{Mono, Now, Span, Utc};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    const TEXT: &str = "watchkeeper = 1\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.1:502\"\n\
        [[device]]\nname = \"Pump house-2\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.2:502\"\n\
        [[tag]]\nname = \"level\"\ndevice = \"plc1\"\nregister = \"input:0\"\ntype = \"u16\"\n";

    fn plan(more: &str) -> (Arc<Plan>, Vec<Issue>) {
        let (project, mut issues) = project::file::read(format!("{TEXT}{more}").as_bytes());
        let (plan, compiled) = Plan::compile(Arc::new(project), Generation(1), Mode::Live);
        issues.extend(compiled);
        issues.retain(|issue| issue.severity == Severity::Error);
        (Arc::new(plan), issues)
    }

    fn names(plan: &Plan) -> Vec<&str> {
        plan.tags.iter().map(|tag| tag.name.as_ref()).collect()
    }

    #[test]
    fn a_project_that_names_no_figure_has_none() {
        assert_eq!(names(&plan("").0), ["level"]);
    }

    #[test]
    fn figures_are_tags_wherever_they_are_named_and_each_once() {
        let (plan, issues) = plan(
            "[[tag]]\nname = \"bad\"\nformula = \"not device.Pump_house_2.connected or device.plc1.EXCEPTION_2 > 3\"\n\
             [[alarm]]\ntag = \"device.plc1.round_trip_p99\"\nkind = \"high\"\nlimit = 250\npriority = \"low\"\n\
             suppress-when = \"not device.plc1.connected\"\n\
             [[display]]\nname = \"Net\"\n[[display.panel]]\nkind = \"trend\"\nat = [0, 0, 6, 4]\n\
             pens = [{ tag = \"device.Pump house-2.connected\" }, { tag = \"device.plc1.round_trip_p99\" }]\n\
             [[display.panel]]\nkind = \"value\"\nat = [6, 0, 6, 4]\ntag = \"device.plc1.bytes_in\"\n",
        );
        assert_eq!(issues, []);
        let figures = [
            "device.Pump_house_2.connected",
            "device.plc1.exception_2",
            "device.plc1.round_trip_p99",
            "device.plc1.connected",
            "device.plc1.bytes_in",
        ];
        assert_eq!(names(&plan)[2..], figures);
        assert_eq!(plan.tag_id("device.pump house-2.connected"), plan.tag_id("device.pump_house_2.CONNECTED"));
        assert_eq!(plan.devices[0].figures.len(), 4);
        let alarm = plan.alarm(plan.alarm_id("device.plc1.round_trip_p99/high").unwrap()).unwrap();
        assert_eq!(alarm.condition, Condition::AtOrAbove { limit: 250.0, deadband: 0.0 });
        assert!(plan.displays[0].panels.iter().flat_map(|p| p.tags.iter().chain(&p.pens)).all(Option::is_some));
        assert!(
            !plan.devices[0].tags.contains(&plan.tag_id("device.plc1.connected").unwrap()),
            "the driver asks for none"
        );
    }

    #[test]
    fn a_figure_that_is_none_is_told_with_the_nearest() {
        let (_, issues) = plan(
            "[[tag]]\nname = \"a\"\nformula = \"device.plc1.timeout + 1\"\n\
             [[alarm]]\ntag = \"device.plc2.connected\"\nkind = \"state\"\nwhen = false\npriority = \"low\"\n",
        );
        let told: Vec<_> = issues.iter().map(|i| (i.message.as_str(), i.mend.as_str())).collect();
        assert_eq!(
            told,
            [
                ("device plc1 has no figure \"timeout\"", "did you mean \"timeouts\"?"),
                ("there is no device \"plc2\"", "did you mean \"plc1\"?"),
            ]
        );
    }

    #[test]
    fn a_slow_device_raises_the_alarm_on_its_figure_and_a_silent_one_has_no_round_trip() {
        let (plan, _) = plan(
            "[[alarm]]\ntag = \"device.plc1.round_trip_p99\"\nkind = \"high\"\nlimit = 250\npriority = \"low\"\n\
             [[tag]]\nname = \"double\"\nformula = \"device.plc1.round_trip_p99 * 2\"\n",
        );
        let now = |secs: i64| Now { mono: Mono(secs * 1_000_000), utc: Utc(secs * 1_000_000) };
        let mut engine = Engine::new(EngineOptions { record: true, ..EngineOptions::default() }, BTreeMap::new());
        let mut effects = Vec::new();
        engine.apply(now(1), Input::Deploy(Arc::clone(&plan)), &mut effects);
        let mut tell = |secs, state, p99| {
            let mut status = DeviceStatus { state, ..DeviceStatus::new(now(secs)) };
            status.round_trips.p99 = p99;
            let link = Input::Link { generation: Generation(1), device: DeviceId(0), status: Box::new(status) };
            engine.apply(now(secs), link, &mut effects);
            engine.snapshot(now(secs))
        };
        let (p99, double) = (plan.tag_id("device.plc1.round_trip_p99").unwrap(), plan.tag_id("double").unwrap());
        let snapshot = tell(2, LinkState::Connected, Some(Span::from_millis(300)));
        assert_eq!(snapshot.tag(p99).unwrap().value, Some(Value::F64(300.0)));
        assert_eq!(snapshot.tag(double).unwrap().value, Some(Value::F64(600.0)));
        let alarm = plan.alarm_id("device.plc1.round_trip_p99/high").unwrap();
        let state = |s: &crate::engine::Snapshot| s.alarms.iter().find(|a| a.id == alarm).map(|a| a.state);
        assert_eq!(state(&snapshot), Some(AlarmState::Unacknowledged));
        let snapshot = tell(3, LinkState::Connected, Some(Span::from_millis(20)));
        assert_eq!(state(&snapshot), Some(AlarmState::Returned));
        let snapshot = tell(4, LinkState::NoAnswer("gone".into()), None);
        assert_eq!(snapshot.tag(p99).unwrap().quality, Quality::NO_COMMUNICATION);
        let recorded =
            |tag| effects.iter().filter(|e| matches!(e, crate::engine::Effect::Record(r) if r.tag == tag)).count();
        assert!(recorded(p99) >= 3, "what is named is recorded");
    }
}
