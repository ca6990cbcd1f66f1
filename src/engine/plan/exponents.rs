//! Scale registers (`sunssf` of `SunSpec`): each becomes a tag of its own, after those that are written, which the tags that are scaled by it
//! name as their exponent.

use super::compile::Compiler;
use super::{DeviceId, RecordPlan, SourcePlan, TagId, TagPlan};
use crate::project::{Area, DataType, Labels, Order, RecordRule, RegisterSource, Source, Tag};
use crate::time::Span;
use std::collections::HashMap;
use std::sync::Arc;

/// Exponents that a device may tell (`SunSpec` Device Information Model Specification V1.1, "sunssf"); −32768, "not
/// implemented", lies outside of it.
const EXPONENTS: [f64; 2] = [-10.0, 10.0];

impl Compiler {
    /// Makes the tags of all scale registers, one for each register that is named, read as often as who is scaled by it.
    pub(super) fn exponents(&mut self) {
        let mut known: HashMap<(DeviceId, Area, u16, Span), TagId> = HashMap::new();
        for index in 0..self.plan.tags.len() {
            let Some(scaled) = self.plan.tags.get(index) else { continue };
            let SourcePlan::Register { device, poll, source } = &scaled.source else { continue };
            let Some((area, address)) = scaled.tag.scale_register else { continue };
            let key = (*device, area, address, *poll);
            let next = TagId(self.plan.tags.len() as u32);
            let id = *known.entry(key).or_insert(next);
            if id == next {
                let source = RegisterSource {
                    area,
                    address,
                    order: Order::Abcd,
                    bit: None,
                    byte: None,
                    length: 0,
                    ..source.clone()
                };
                let exponent = self.exponent(*device, &Arc::clone(&scaled.tag), source, *poll);
                self.plan.tags.push(exponent);
                self.plan.has_exponents = true;
            }
            if let Some(scaled) = self.plan.tags.get_mut(index) {
                scaled.exponent = Some(id);
            }
        }
    }

    fn exponent(&mut self, device: DeviceId, scaled: &Tag, source: RegisterSource, poll: Span) -> TagPlan {
        let place = format!("{}:{}", source.area.word(), source.address);
        let stem = format!("{}.scale.{}_{}", self.figures_of(device), source.area.word(), source.address);
        // The same register read at two paces.
        let names = std::iter::once(stem.clone()).chain((2..).map(|n| format!("{stem}_{n}")));
        let name = names.into_iter().find(|name| self.plan.tag_id(name).is_none()).unwrap_or(stem);
        let was = self.figures_were_of(device).map(|was| name.replacen(&self.figures_of(device), &was, 1));
        let id = TagId(self.plan.tags.len() as u32);
        self.plan.tag_index.insert(name.to_lowercase(), id);
        if let Some(device) = self.plan.devices.get_mut(device.index()) {
            device.tags.push(id);
        }
        let plan_source = SourcePlan::Register { device, poll, source: source.clone() };
        let stale_after = self.default_stale_after(&plan_source);
        let tag = Tag {
            name,
            was,
            description: format!("power of ten by which {} is scaled, and whatever else names {place}", scaled.name),
            source: Source::Register(source),
            data_type: DataType::I16,
            scale: None,
            offset: None,
            raw: None,
            scale_register: None,
            unit: String::new(),
            range: None,
            valid: Some(EXPONENTS),
            bad_values: Vec::new(),
            normal: None,
            setpoint: None,
            labels: Labels::default(),
            decimals: Some(0),
            stale_after: None,
            record: RecordRule::Change,
            record_deadband: None,
            record_interval: None,
            keep: None,
            places: scaled.places.clone(),
        };
        TagPlan {
            name: tag.name.as_str().into(),
            unit: Arc::from(""),
            source: plan_source,
            scaling: None,
            exponent: None,
            is_exponent: true,
            stale_after,
            alarms: 0..0,
            dependents: Vec::new(),
            setpoint: None,
            record: RecordPlan::default(),
            tag: Arc::new(tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::plan::SourcePlan;
    use crate::engine::{Engine, EngineOptions, Generation, Input, Mode, Plan, Quality, Raw, Report, Sample, Value};
    use crate::project::family::expand;
    use crate::project::{self, Member, Severity};
    use crate::time::{Mono, Now, Utc};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    /// A meter as `SunSpec` has it: values, and behind them the powers of ten by which they are scaled.
    const METER: &str = "watchkeeper = 1\n[[device]]\nname = \"Meter 1\"\nprotocol = \"modbus-tcp\"\naddress = \"192.0.2.1\"\n\
        first-address = 1\n\
        [[tag]]\nname = \"m.power\"\ndevice = \"Meter 1\"\nregister = \"holding:84\"\ntype = \"i16\"\n\
        scale-register = \"holding:88\"\nbad-values = [-32768]\nunit = \"W\"\n\
        [[tag]]\nname = \"m.reactive\"\ndevice = \"Meter 1\"\nregister = \"holding:85\"\ntype = \"i16\"\n\
        scale-register = \"holding:88\"\nscale = -1\n\
        [[tag]]\nname = \"m.energy\"\ndevice = \"Meter 1\"\nregister = \"holding:89\"\ntype = \"u32\"\n\
        scale-register = \"holding:88\"\npoll = \"10s\"\n";

    fn plan() -> Arc<Plan> {
        let (project, mut issues) = project::file::read(METER.as_bytes());
        let (plan, compiled) = Plan::compile(Arc::new(project), Generation(1), Mode::Live);
        issues.extend(compiled);
        issues.retain(|issue| issue.severity == Severity::Error);
        assert!(issues.is_empty(), "{issues:?}");
        Arc::new(plan)
    }

    struct Play {
        engine: Engine,
        plan: Arc<Plan>,
        seconds: i64,
    }

    impl Play {
        fn new() -> Self {
            let plan = plan();
            let mut play = Self { engine: Engine::new(EngineOptions::default(), BTreeMap::new()), plan, seconds: 0 };
            play.apply(Input::Deploy(Arc::clone(&play.plan)));
            play
        }

        fn now(&self) -> Now {
            Now { mono: Mono(self.seconds * 1_000_000), utc: Utc(self.seconds * 1_000_000) }
        }

        fn apply(&mut self, input: Input) {
            self.engine.apply(self.now(), input, &mut Vec::new());
        }

        /// One answer of the device.
        fn report(&mut self, values: &[(&str, i64)]) {
            self.seconds += 1;
            let sample = |(name, value): &(&str, i64)| {
                Sample::good(self.plan.tag_id(name).unwrap(), Value::I64(*value), Raw::NONE)
            };
            let samples = values.iter().map(sample).collect();
            let received = self.now();
            self.apply(Input::Report(Report { generation: Generation(1), received, samples }));
        }

        fn shown(&mut self, name: &str) -> (Option<f64>, Quality) {
            let snapshot = self.engine.snapshot(self.now());
            let view = snapshot.tag(self.plan.tag_id(name).unwrap()).unwrap();
            (view.value.as_ref().and_then(Value::as_f64), view.quality)
        }
    }

    const POWER_OF_TEN: &str = "device.Meter_1.scale.holding_87";

    #[test]
    fn a_scale_register_is_one_tag_for_all_that_it_scales_at_one_pace() {
        let plan = plan();
        let names: Vec<&str> = plan.tags.iter().map(|tag| &*tag.name).collect();
        assert_eq!(names[3..], [POWER_OF_TEN, "device.Meter_1.scale.holding_87_2"]);
        assert_eq!(plan.tags[0].exponent, plan.tags[1].exponent);
        assert_eq!(plan.devices[0].tags.len(), 5, "they are asked for like any other");
    }

    #[test]
    fn a_topic_that_is_found_numbers_no_scale_register_anew() {
        let text = format!(
            "{METER}[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://192.0.2.1\"\n\
             [[tag]]\nname = \"{{1}}.wind\"\ndevice = \"site\"\ntopic = \"site/+\"\nsetpoint = \"{{1}}.wanted\"\n\
             [[tag]]\nname = \"{{1}}.wanted\"\ndevice = \"site\"\ntopic = \"wanted/+\"\n\
             [[tag]]\nname = \"sum\"\nformula = \"a.wind + b.wind + device.site.messages\"\n"
        );
        let (written, _) = project::file::read(text.as_bytes());
        let compiled = |topics: &[&str], generation| {
            let member = |topic: &&str| Member { device: "site".into(), topic: (*topic).into() };
            let (project, _) = expand(&written, &topics.iter().map(member).collect::<Vec<_>>());
            Plan::compile(Arc::new(project), Generation(generation), Mode::Live).0
        };
        let before = compiled(&["site/a"], 1);
        let mut after = compiled(&["site/a", "site/b", "wanted/b"], 2);
        after.follow(&before);
        for name in ["m.power", POWER_OF_TEN, "device.Meter_1.scale.holding_87_2", "sum", "a.wind"] {
            let id = before.tag_id(name).unwrap();
            assert_eq!(after.tag_id(name), Some(id), "{name}");
            let read = before.tag(id).unwrap().source.device().map(|_| id);
            assert_eq!(read.and_then(|id| after.tag_numbered(Generation(1), id)), read, "{name}");
        }
        let of = |name: &str| after.tag_id(name).unwrap();
        for name in ["a.wind", "b.wind", "b.wanted"] {
            assert!(after.is_found(of(name)), "{name}");
            assert!(after.devices[1].tags.contains(&of(name)), "{name}");
        }
        assert!(!after.is_found(of("sum")) && !after.is_found(of(POWER_OF_TEN)));
        assert_eq!(after.tag(of("b.wind")).unwrap().setpoint, Some(of("b.wanted")), "of one that comes later");
        let SourcePlan::Formula(sum) = &after.tag(of("sum")).unwrap().source else { panic!("no formula") };
        let inputs = sum.inputs();
        assert!(inputs.contains(&of("b.wind")) && inputs.contains(&of("device.site.messages")));
    }

    #[test]
    fn the_power_of_ten_that_came_with_a_value_counts_for_it_wherever_it_stands() {
        let mut play = Play::new();
        play.report(&[("m.power", 2_314)]);
        assert_eq!(play.shown("m.power"), (None, Quality::WAITING), "its power of ten is not known yet");
        play.report(&[("m.power", 2_314), ("m.reactive", 5), (POWER_OF_TEN, -1)]);
        assert_eq!(play.shown("m.power"), (Some(231.4), Quality::GOOD));
        assert_eq!(play.shown("m.reactive"), (Some(-0.5), Quality::GOOD), "scale comes after");
        // The device changes its range.
        play.report(&[("m.power", 2_314), ("m.reactive", 5), (POWER_OF_TEN, 2)]);
        assert_eq!(play.shown("m.power"), (Some(231_400.0), Quality::GOOD));
        assert_eq!(play.shown("m.energy"), (None, Quality::WAITING));
    }

    #[test]
    fn what_is_no_power_of_ten_makes_no_value_good_and_raw_sentinels_are_told_before_it() {
        let mut play = Play::new();
        play.report(&[("m.power", 100), (POWER_OF_TEN, -2)]);
        assert_eq!(play.shown("m.power"), (Some(1.0), Quality::GOOD));
        for wrong in [-32_768, 11, 200] {
            play.report(&[("m.power", 100), (POWER_OF_TEN, wrong)]);
            assert_eq!(play.shown("m.power").1, Quality::BAD_RANGE, "{wrong}");
        }
        play.report(&[("m.power", -32_768), (POWER_OF_TEN, -2)]);
        assert_eq!(play.shown("m.power").1, Quality::DEVICE_FAULT, "not implemented");
        play.report(&[("m.power", 7), (POWER_OF_TEN, -2)]);
        assert_eq!(play.shown("m.power"), (Some(0.07), Quality::GOOD));
    }
}
