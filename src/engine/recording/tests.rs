use super::Effect;
use crate::engine::{
    DeviceId, DeviceStatus, Engine, EngineOptions, Generation, Input, LinkState, Mode, Plan, Quality, Raw, Record,
    Report, Sample, TagId, Value,
};
use crate::project::file;
use crate::time::{Mono, Now, Span, Utc};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const START: i64 = 1_000_000_000_000_000;

/// `level` with the keys given, high at 90 with a deadband of 2, and `double`, a formula of it.
fn plan(keys: &str) -> Arc<Plan> {
    let text = format!(
        "watchkeeper = 1\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"127.0.0.1:502\"\n\
         [[tag]]\nname = \"level\"\ndevice = \"plc1\"\nregister = \"holding:0\"\ntype = \"f64\"\nvalid = [-500, 500]\nstale-after = \"5s\"\n{keys}\n\
         [[tag.alarm]]\nkind = \"high\"\nlimit = 90\ndeadband = 2\non-delay = \"{}\"\npriority = \"low\"\n\
         [[tag]]\nname = \"double\"\nformula = \"level * 2\"\nrecord = \"{}\"\n",
        if keys.contains("at once") { "0s" } else { "30s" },
        if keys.contains("formula") { "change" } else { "never" }
    );
    let (project, issues) = file::read(text.as_bytes());
    assert_eq!(issues, []);
    let (plan, issues) = Plan::compile(Arc::new(project), Generation(1), Mode::Live);
    assert_eq!(issues, []);
    Arc::new(plan)
}

struct Play {
    engine: Engine,
    now: Now,
    records: Vec<Record>,
}

impl Play {
    /// Deployed and connected at second 0; what that records is put away.
    fn new(keys: &str) -> Self {
        let mut play = Self::deployed(keys);
        play.link(LinkState::Connected);
        play.told();
        play
    }

    fn deployed(keys: &str) -> Self {
        let engine = Engine::new(EngineOptions { tail_points: 0, record: true, restarted: false }, BTreeMap::new());
        let mut play = Self { engine, now: Now { mono: Mono(0), utc: Utc(START) }, records: Vec::new() };
        play.apply(Input::Deploy(plan(keys)));
        play
    }

    fn apply(&mut self, input: Input) {
        let mut effects = Vec::new();
        self.engine.apply(self.now, input, &mut effects);
        self.take(effects);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        self.records.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Record(record) => Some(record),
            Effect::Journal(..) => None,
        }));
    }

    fn at(&mut self, second: f64) -> &mut Self {
        let then = Now { mono: Mono(0), utc: Utc(START) } + Span((second * 1e6) as i64);
        while let Some(due) = self.engine.next_deadline().filter(|due| *due < then.mono) {
            self.now = Now { mono: due, utc: Utc(START) + (due - Mono(0)) };
            self.apply(Input::Tick);
        }
        self.now = then;
        self
    }

    fn report(&mut self, samples: Vec<Sample>) -> &mut Self {
        self.apply(Input::Report(Report { generation: Generation(1), received: self.now, samples }));
        self
    }

    fn set(&mut self, value: f64) -> &mut Self {
        self.report(vec![Sample::good(TagId(0), Value::F64(value), Raw::NONE)])
    }

    /// With a time of the device's own.
    fn told_at(&mut self, second: f64, value: f64) -> &mut Self {
        let source_time = Some(Utc(START + (second * 1e6) as i64));
        self.report(vec![Sample { source_time, ..Sample::good(TagId(0), Value::F64(value), Raw::NONE) }])
    }

    fn bad(&mut self, detail: &str) -> &mut Self {
        self.report(vec![Sample::bad(TagId(0), Quality::DEVICE_FAULT, Some(detail.into()))])
    }

    fn link(&mut self, state: LinkState) -> &mut Self {
        let status = Box::new(DeviceStatus { state, ..DeviceStatus::new(self.now) });
        self.apply(Input::Link { generation: Generation(1), device: DeviceId(0), status });
        self
    }

    fn finish(&mut self) -> &mut Self {
        let mut effects = Vec::new();
        self.engine.finish(&mut effects);
        self.take(effects);
        self
    }

    /// What was recorded since the last look, in the order in which it was: `second value` or `second quality(detail)`.
    fn told(&mut self) -> String {
        let line = |record: &Record| {
            let second = (record.time.0 - START) as f64 / 1e6;
            let formula = if record.tag == TagId(1) { "double " } else { "" };
            let value = record.value.as_ref().map(ToString::to_string);
            assert_eq!(value.is_none(), record.quality.is_bad(), "{record:?}");
            let quality = (!record.quality.is_good()).then(|| record.quality.to_string());
            let detail = record.detail.as_ref().map(|d| format!("({d})"));
            let parts: Vec<String> = [value, quality, detail].into_iter().flatten().collect();
            format!("{formula}{second} {}", parts.join(" "))
        };
        self.records.drain(..).map(|record| line(&record)).collect::<Vec<_>>().join("; ")
    }
}

#[test]
fn a_start_leaves_its_mark_in_every_tag() {
    let mut play = Play::deployed("# formula");
    assert_eq!(play.told(), "0 bad:waiting; double 0 bad:waiting");
    play.at(1.0).link(LinkState::NoAnswer("connection refused".into()));
    assert_eq!(play.told(), "1 bad:no-communication (connection refused); double 1 bad:no-communication");
}

#[test]
fn a_change_is_recorded_after_the_last_of_the_plateau_before_it() {
    let mut play = Play::new("");
    play.at(1.0).set(5.0).at(2.0).set(5.0).at(3.0).set(5.0).at(4.0).set(6.0).at(5.0).set(7.0);
    assert_eq!(play.told(), "1 5; 3 5; 4 6; 5 7");
    play.at(6.0).set(7.0).at(7.0).set(7.0).finish();
    assert_eq!(play.told(), "7 7", "the end of the run tells that it stood until then");
    play.finish();
    assert_eq!(play.told(), "", "once");
}

#[test]
fn within_the_deadband_nothing_is_recorded_and_by_exactly_it_a_value_has_moved() {
    let mut play = Play::new("record-deadband = 1");
    play.at(1.0).set(50.0).at(2.0).set(50.9).at(3.0).set(49.1).at(4.0).set(50.5);
    assert_eq!(play.told(), "1 50");
    play.at(5.0).set(51.0);
    assert_eq!(play.told(), "4 50.5; 5 51");
    play.at(6.0).set(51.9).at(7.0).set(80.0).at(8.0).set(51.9).at(9.0).set(51.9);
    assert_eq!(play.told(), "6 51.9; 7 80; 8 51.9", "the slope up to the spike stays a slope");
}

#[test]
fn a_deadband_hides_no_alarm() {
    let mut play = Play::new("record-deadband = 20");
    play.at(1.0).set(85.0).at(2.0).set(89.0).at(3.0).set(91.0);
    assert_eq!(play.told(), "1 85; 2 89; 3 91", "its condition came, though its delay has only begun");
    play.at(4.0).set(92.0).at(5.0).set(89.0).at(6.0).set(91.0);
    assert_eq!(play.told(), "4 92; 5 89; 6 91", "gone before the delay ended, and come again");
    for second in 7..=40 {
        play.at(f64::from(second)).set(91.0);
    }
    assert_eq!(play.told(), "", "it was raised, and no value moved");
    play.at(41.0).set(88.5).at(42.0).set(87.9);
    assert_eq!(play.told(), "41 88.5; 42 87.9", "within the alarm's own deadband it had not gone");
}

#[test]
fn every_change_of_quality_is_recorded_with_its_reason() {
    let mut play = Play::new("record-deadband = 10");
    play.at(1.0)
        .set(50.0)
        .at(2.0)
        .set(51.0)
        .at(3.0)
        .bad("exception 2")
        .at(4.0)
        .bad("exception 4")
        .at(5.0)
        .bad("exception 4");
    assert_eq!(play.told(), "1 50; 2 51; 3 bad:device-fault (exception 2)");
    play.at(6.0).set(51.0);
    assert_eq!(play.told(), "4 bad:device-fault (exception 4); 6 51", "the gap tells its newest reason, too");
    play.at(6.5).set(51.5).at(7.0).link(LinkState::NoAnswer("timeout".into())).at(8.0).link(LinkState::Connected);
    assert_eq!(play.told(), "6.5 51.5; 7 bad:no-communication (timeout); 8 bad:waiting");
    play.at(9.0).set(51.0).at(10.0).set(51.0).at(20.0).set(51.0);
    assert_eq!(play.told(), "9 51; 10 51; 15 51 uncertain:stale; 20 51", "silence tells from when on it was stale");
    play.at(21.0).set(9_999.0);
    assert_eq!(play.told(), "21 bad:out-of-range (9999 is outside the valid -500 to 500)");
}

#[test]
fn what_does_not_move_is_recorded_after_the_interval_where_it_still_answers() {
    let mut play = Play::new("record-deadband = 1\nrecord-interval = \"10s\"\n");
    for second in 1..=25 {
        play.at(f64::from(second)).set(50.0 + f64::from(second % 2) * 0.5);
    }
    assert_eq!(play.told(), "1 50.5; 11 50.5; 21 50.5");
    play.at(29.0).set(50.5).at(31.0).set(70.0);
    assert_eq!(play.told(), "29 50.5; 31 70", "a jump is one, whenever it comes");
}

#[test]
fn always_is_every_sample_and_never_is_none() {
    let mut play = Play::new("record = \"always\"");
    play.at(1.0).set(5.0).at(2.0).set(5.0).at(3.0).bad("x").at(4.0).bad("x").finish();
    assert_eq!(play.told(), "1 5; 2 5; 3 bad:device-fault (x); 4 bad:device-fault (x)");
    let mut play = Play::deployed("record = \"never\"");
    play.link(LinkState::Connected).at(1.0).set(5.0).told_at(0.5, 4.0).told_at(0.2, 4.0).at(20.0).bad("x").finish();
    assert_eq!(play.told(), "");
}

#[test]
fn late_data_is_recorded_in_its_place_and_moves_nothing() {
    let mut play = Play::new("record-deadband = 10");
    play.at(10.0).told_at(9.0, 50.0).told_at(3.0, 50.0).told_at(2.0, 51.0).told_at(4.0, 9_999.0);
    assert_eq!(play.told(), "9 50; 3 50; 2 51; 4 bad:out-of-range (9999 is outside the valid -500 to 500)");
    let view = play.engine.snapshot(play.now).tag(TagId(0)).unwrap().clone();
    assert_eq!((view.value, view.quality), (Some(Value::F64(50.0)), Quality::GOOD), "late is late, a bad value too");
    play.at(11.0).told_at(10.0, 55.0).at(12.0).told_at(11.0, 70.0);
    assert_eq!(play.told(), "10 55; 11 70", "measured against what was live");
}

#[test]
fn what_is_late_does_not_seem_to_have_stood_since() {
    let mut play = Play::new("record-deadband = 10");
    for second in 1..=5 {
        play.at(f64::from(second)).told_at(f64::from(second), 50.0);
    }
    assert_eq!(play.told(), "1 50");
    play.told_at(3.0, 80.0);
    assert_eq!(play.told(), "5 50; 3 80", "the newest that was left out ends it");
    play.at(6.0).told_at(6.0, 50.0).at(7.0).told_at(7.0, 50.0);
    assert_eq!(play.told(), "6 50", "and so does the next");
    play.told_at(2.0, 80.0);
    assert_eq!(play.told(), "2 80", "among those recorded nothing is held back");
}

#[test]
fn a_source_whose_clock_lags_leaves_no_gap_that_is_none() {
    let mut play = Play::new("record-deadband = 10");
    play.at(10.0)
        .told_at(4.0, 50.0)
        .at(11.0)
        .link(LinkState::NoAnswer("gone".into()))
        .at(12.0)
        .link(LinkState::Connected);
    assert_eq!(play.told(), "4 50; 11 bad:no-communication (gone); 12 bad:waiting");
    play.at(13.0)
        .told_at(7.0, 50.0)
        .at(14.0)
        .told_at(8.0, 50.0)
        .at(18.0)
        .told_at(12.5, 50.0)
        .at(19.0)
        .told_at(13.5, 50.0);
    assert_eq!(play.told(), "7 50; 8 50; 12.5 50", "the last word is the value, not the gap");
}

#[test]
fn a_source_whose_clock_is_ahead_does_not_hide_that_it_died() {
    let mut play = Play::new("");
    play.at(10.0)
        .told_at(40.0, 50.0)
        .at(11.0)
        .link(LinkState::NoAnswer("gone".into()))
        .at(12.0)
        .link(LinkState::Connected);
    assert_eq!(play.told(), "40 50; 40.000001 bad:no-communication (gone); 40.000002 bad:waiting");
    play.at(13.0).told_at(43.0, 50.0).at(14.0).bad("exception 4");
    assert_eq!(play.told(), "43 50; 43.000001 bad:device-fault (exception 4)");
    play.at(44.0).told_at(500.0, 51.0);
    assert_eq!(play.told(), "44 51 uncertain:clock", "beyond belief it is our time that counts");
}

#[test]
fn two_values_that_a_device_gives_one_time_are_both_kept_and_the_next_tells_which_stood() {
    let mut play = Play::new("record-deadband = 10");
    play.at(1.0).told_at(1.0, 70.0).told_at(1.0, 50.0).at(2.0).told_at(2.0, 50.0).at(3.0).told_at(3.0, 50.0);
    assert_eq!(play.told(), "1 70; 1 50; 2 50");
}

#[test]
fn two_results_of_one_instant_keep_their_order() {
    let mut play = Play::new("# formula");
    play.at(1.0).set(5.0).set(4.0).at(2.0).set(4.0);
    assert_eq!(play.told(), "1 5; double 1 10; 1.000001 4; double 1.000001 8");
}

#[test]
fn a_wall_clock_that_steps_back_loses_nothing_thins_nothing_and_hides_no_dead_link() {
    let mut play = Play::new("record-deadband = 10");
    play.at(3_600.0).set(50.0).at(3_601.0).set(51.0);
    play.told();
    let back = |play: &mut Play, second: i64| {
        play.now = Now { mono: Mono((second + 3_600) * 1_000_000), utc: Utc(START + second * 1_000_000) };
    };
    for second in 2..5_i64 {
        back(&mut play, second);
        play.set(51.0);
    }
    assert_eq!(play.told(), "2 51; 3 51; 4 51");
    // In its place, and after all that the clock of before had recorded: there it is what holds.
    play.link(LinkState::NoAnswer("gone".into()));
    let gone = "bad:no-communication (gone)";
    assert_eq!(play.told(), format!("4.000001 {gone}; 3601 51; 3601.000001 {gone}"));
    back(&mut play, 7);
    play.link(LinkState::Connected);
    play.set(70.0);
    assert!(play.told().ends_with("7 70; 3601.000003 70"));
    // The clock has caught up: as ever.
    back(&mut play, 3_602);
    play.set(71.0);
    back(&mut play, 3_603);
    play.set(72.0);
    assert_eq!(play.told(), "12 70 uncertain:stale; 3601.000004 70 uncertain:stale; 3602 71");
}

#[test]
fn a_clock_that_leaps_a_year_ahead_and_back_is_told_and_thinned_as_ever() {
    const YEAR: i64 = 31_536_000;
    let mut play = Play::new("record-deadband = 10");
    let mono = std::cell::Cell::new(0);
    let wall = |play: &mut Play, second: i64| {
        mono.set(mono.get() + 1);
        play.now = Now { mono: Mono(mono.get() * 1_000_000), utc: Utc(START + second * 1_000_000) };
    };
    wall(&mut play, 1);
    play.set(50.0);
    assert_eq!(play.told(), "1 50");
    for (second, value) in [(2, 50.0), (3, 70.0), (4, 71.0)] {
        wall(&mut play, YEAR + second);
        play.set(value);
    }
    assert_eq!(play.told(), "31536002 50; 31536003 70");
    // Back: what was recorded ahead ends in a mark, and the rule begins anew where nothing is recorded yet.
    for (second, value) in [(5, 71.0), (6, 72.0), (7, 73.0), (8, 90.0)] {
        wall(&mut play, second);
        play.set(value);
    }
    let mark = "31536004.000001 bad (the computer's clock had been ahead, and was set back here)";
    assert_eq!(play.told(), format!("31536004 71; {mark}; 5 71; 7 73; 8 90"));
    wall(&mut play, 9);
    play.link(LinkState::NoAnswer("gone".into()));
    assert_eq!(play.told(), "9 bad:no-communication (gone)", "once, and where it happened");
    play.link(LinkState::Connected);
    // Ahead and back a second time, into what is left of the hole.
    wall(&mut play, YEAR + 60);
    play.set(20.0);
    wall(&mut play, 12);
    play.set(21.0);
    let told = play.told();
    assert!(told.contains("; 31536060 20; 31536060.000001 bad") && told.ends_with("; 12 21"), "{told}");
    wall(&mut play, 13);
    play.set(22.0);
    assert_eq!(play.told(), "");
    // A year later nothing but the second that the clock was ahead is between.
    for second in [YEAR - 7_300, YEAR - 3_650, YEAR] {
        wall(&mut play, second);
        play.set(23.0);
    }
    play.told();
    wall(&mut play, YEAR + 3);
    play.set(24.0);
    wall(&mut play, YEAR + 61);
    play.set(24.0);
    wall(&mut play, YEAR + 62);
    play.set(25.0);
    let told = play.told();
    assert!(told.ends_with("31536003 24; 31536060.000002 24; 31536061 24"), "{told}");
}

#[test]
fn a_source_whose_clock_leapt_with_ours_is_live_again_when_both_are_back() {
    let mut play = Play::new("record = \"always\"");
    play.at(1.0).told_at(1.0, 5.0).at(9_000.0).told_at(9_000.0, 6.0);
    play.now.utc = Utc(START + 2_000_000);
    play.told_at(2.0, 7.0);
    assert_eq!(play.engine.snapshot(play.now).tag(TagId(0)).unwrap().value, Some(Value::F64(7.0)));
}

#[test]
fn an_edit_goes_on_from_what_was_recorded() {
    let mut play = Play::new("record-deadband = 10");
    play.at(1.0).set(50.0).at(2.0).set(51.0);
    play.told();
    play.apply(Input::Deploy(plan("record-deadband = 2")));
    assert_eq!(play.told(), "");
    play.at(3.0).set(51.5).at(4.0).set(52.5);
    assert_eq!(play.told(), "3 51.5; 4 52.5");
}

#[test]
fn an_engine_that_records_nothing_asks_for_nothing() {
    let mut engine = Engine::new(EngineOptions::default(), BTreeMap::new());
    let now = Now { mono: Mono(0), utc: Utc(START) };
    let mut effects = Vec::new();
    engine.apply(now, Input::Deploy(plan("record = \"always\"")), &mut effects);
    let samples = vec![Sample::good(TagId(0), Value::F64(1.0), Raw::NONE)];
    engine.apply(now, Input::Report(Report { generation: Generation(1), received: now, samples }), &mut effects);
    engine.finish(&mut effects);
    assert_eq!(effects, []);
}

#[test]
fn an_effect_is_no_larger_than_a_record() {
    assert_eq!(size_of::<Effect>(), size_of::<Record>());
    assert!(size_of::<Record>() <= 56);
}

/// What happens to the tag in one step: a value (or none, the device's fault), how long after the step before, and how far
/// behind ours the source's clock is, where it has one.
#[derive(Debug, Clone)]
struct Step {
    after_millis: u32,
    value: Option<f64>,
    lag_millis: Option<u32>,
}

fn step() -> impl Strategy<Value = Step> {
    let value = prop_oneof![6 => (0_i32..1_200).prop_map(|v| Some(f64::from(v) / 10.0)), 1 => Just(None)];
    let lag = prop_oneof![3 => Just(None), 1 => (0_u32..20_000).prop_map(Some)];
    // No two of one instant: whichever of them is left out, the other bears a time of its own.
    (2_u32..4_000, value, lag).prop_map(|(after_millis, value, lag_millis)| Step { after_millis, value, lag_millis })
}

/// What is recorded of these steps, in the order in which it is.
fn recorded(keys: &str, steps: &[Step]) -> Vec<Record> {
    let mut play = Play::new(keys);
    let mut second = 1.0;
    for step in steps {
        second += f64::from(step.after_millis) / 1e3;
        play.at(second);
        match (step.value, step.lag_millis) {
            (Some(value), Some(lag)) => play.told_at(second - f64::from(lag) / 1e3, value),
            (Some(value), None) => play.set(value),
            (None, _) => play.bad("x"),
        };
    }
    play.finish();
    play.records
}

fn is_in(records: &[Record], sample: &Record) -> bool {
    records.iter().any(|r| r.time == sample.time && r.value == sample.value && r.quality == sample.quality)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Beside an engine that records everything: each sample is recorded, or differs from the last one recorded before it by
    /// less than the deadband, with the same quality and on the same side of the limit. So every extreme is kept to within
    /// the deadband, and every change of quality and every crossing to the sample.
    #[test]
    fn thinning_keeps_every_extreme_every_change_of_quality_and_every_crossing(
        steps in proptest::collection::vec(step(), 1..200),
        deadband in 0_u32..300,
    ) {
        let deadband = f64::from(deadband) / 10.0;
        let steps: Vec<Step> = steps.into_iter().map(|step| Step { lag_millis: None, ..step }).collect();
        let thinned = recorded(&format!("record-deadband = {deadband:?} # at once"), &steps);
        let whole = recorded("record = \"always\"", &steps);
        let number = |r: &Record| r.value.as_ref().and_then(Value::as_f64);
        let mut above = false;
        let mut side = |r: &Record| {
            above = match number(r) {
                Some(v) if v >= 90.0 => true,
                Some(v) if v < 88.0 => false,
                _ => above,
            };
            above
        };
        let sides: Vec<bool> = whole.iter().map(&mut side).collect();
        for (i, sample) in whole.iter().enumerate() {
            let Some(before) = thinned.iter().rev().find(|r| r.time <= sample.time) else {
                return Err(TestCaseError::fail(format!("{sample:?} stands before all")));
            };
            let stands_for = before.quality == sample.quality && match (number(before), number(sample)) {
                (Some(b), Some(s)) => b == s || (b - s).abs() < deadband,
                (b, s) => b == s,
            };
            prop_assert!(stands_for, "{sample:?} is left out after {before:?}");
            let crossed = i > 0 && sides[i - 1] != sides[i];
            prop_assert!(!crossed || is_in(&thinned, sample), "{sample:?} crossed the limit");
        }
        prop_assert!(thinned.windows(2).all(|w| w[0].time < w[1].time), "in order of time, and no time twice");
        prop_assert_eq!(thinned.last().map(|r| r.time), whole.iter().rfind(|r| !r.quality.is_bad() || is_in(&thinned, r)).map(|r| r.time));
    }

    /// What comes late is never thinned, and is not taken for what stands.
    #[test]
    fn what_comes_late_is_recorded_to_the_sample(
        steps in proptest::collection::vec(step(), 1..100),
        deadband in 0_u32..300,
    ) {
        let thinned = recorded(&format!("record-deadband = {}", f64::from(deadband) / 10.0), &steps);
        let whole = recorded("record = \"always\"", &steps);
        let mut newest = Utc(i64::MIN);
        for sample in &whole {
            prop_assert!(sample.time >= newest || sample.quality.is_bad() || is_in(&thinned, sample), "{sample:?} came late");
            // A bad one that says what the one before it said is no sample of its own that another could be late behind.
            if !sample.quality.is_bad() || is_in(&thinned, sample) {
                newest = newest.max(sample.time);
            }
        }
    }
}
