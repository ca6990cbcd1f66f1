//! What comes in one answer of a device is judged as one.

use super::*;

const LOW_FLOW: &str =
    "kind = \"low\"\nlimit = 20\npriority = \"high\"\nlimits = [{ when = \"not run\", limit = false }]";

#[test]
fn a_pump_that_stops_and_a_flow_that_ends_in_one_answer_raise_nothing_whichever_stands_first() {
    for order in [[("flow", 0.0), ("run", 0.0)], [("run", 0.0), ("flow", 0.0)]] {
        let mut play = Play::new(written("", LOW_FLOW));
        play.at(1.0).scan(&[("run", 1.0), ("flow", 50.0)]).at(2.0).scan(&order);
        assert_eq!(play.state("flow/low"), "normal");
        assert!(!play.told().contains("raised"), "{order:?}");
        play.at(3.0).scan(&[("flow", 0.0), ("run", 1.0)]);
        assert_eq!(play.state("flow/low"), "unacknowledged");
        play.remembers_itself();
    }
}

#[test]
fn a_formula_that_suppresses_is_asked_before_the_alarm() {
    let low = "kind = \"low\"\nlimit = 20\npriority = \"high\"\nsuppress-when = \"off\"";
    let off = "[[tag]]\nname = \"off\"\nformula = \"not run\"\n";
    let mut play = Play::new(written_as(1, "", low, off));
    play.at(1.0).scan(&[("run", 1.0), ("flow", 50.0)]).at(2.0).scan(&[("flow", 0.0), ("run", 0.0)]);
    assert_eq!(play.told(), "2s suppressed flow/low\n2s raised flow/low #1 (while suppressed)\n");
    play.remembers_itself();
}

#[test]
fn a_suppression_that_ends_as_the_condition_goes_raises_nothing() {
    let low = "kind = \"low\"\nlimit = 20\npriority = \"high\"\nsuppress-when = \"not run\"";
    let mut play = Play::new(written("", low));
    play.at(1.0).scan(&[("run", 0.0), ("flow", 0.0)]).at(2.0).scan(&[("run", 1.0), ("flow", 50.0)]);
    assert_eq!(play.state("flow/low"), "normal");
    assert!(play.told().ends_with("2s cleared flow/low\n2s unsuppressed flow/low (1 came meanwhile)\n"));
    play.remembers_itself();
}

#[test]
fn a_value_and_its_setpoint_that_move_together_never_lie_apart() {
    let deviation = "kind = \"deviation\"\nfrom = \"flow\"\nlimit = 5\npriority = \"high\"";
    for order in [[("level", 60.0), ("flow", 60.0)], [("flow", 60.0), ("level", 60.0)]] {
        let mut play = Play::new(written(deviation, ""));
        play.at(1.0).scan(&[("level", 10.0), ("flow", 10.0)]).at(2.0).scan(&order);
        assert_eq!(play.told(), "");
        play.at(3.0).set("flow", 70.0);
        assert_eq!(play.told(), "3s raised level/deviation #1 (deviation -10 %)\n");
    }
}

#[test]
fn two_values_of_one_tag_in_one_answer_are_both_judged() {
    let mut play = Play::new(written("kind = \"high\"\nlimit = 90\npriority = \"high\"", ""));
    play.at(1.0).scan(&[("level", 50.0), ("level", 95.0), ("level", 50.0)]);
    assert_eq!(play.told(), "1s raised level/high #1\n1s returned level/high\n", "a spike is seen however short it is");
}

#[test]
fn an_alarm_that_a_limit_moves_has_its_sample_recorded() {
    let plan = written("", LOW_FLOW);
    let mut engine = Engine::new(EngineOptions { record: true, ..EngineOptions::default() }, BTreeMap::new());
    let mut effects = Vec::new();
    let now = Now { mono: Mono(0), utc: Utc(START) };
    engine.apply(now, Input::Deploy(Arc::clone(&plan)), &mut effects);
    let status = DeviceStatus { state: LinkState::Connected, ..DeviceStatus::new(now) };
    engine.apply(
        now,
        Input::Link { generation: Generation(1), device: DeviceId(0), status: Box::new(status) },
        &mut effects,
    );
    let mut report = |second: i64, values: &[(&str, f64)]| {
        let now = now + Span::from_secs(second);
        let sample = |(name, v): &(&str, f64)| Sample::good(plan.tag_id(name).unwrap(), Value::F64(*v), Raw::NONE);
        let samples = values.iter().map(sample).collect();
        let mut effects = Vec::new();
        engine.apply(now, Input::Report(Report { generation: Generation(1), received: now, samples }), &mut effects);
        let flow = plan.tag_id("flow").unwrap();
        effects.iter().filter(|e| matches!(e, Effect::Record(r) if r.tag == flow)).count()
    };
    assert_eq!(report(1, &[("run", 0.0), ("flow", 5.0)]), 1);
    assert_eq!(report(2, &[("flow", 5.0)]), 0, "the same again is left out");
    assert_eq!(report(3, &[("run", 1.0)]), 1, "it is in alarm now, and the record has the value of then");
}
