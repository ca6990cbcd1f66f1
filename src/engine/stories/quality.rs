//! What bad quality, staleness and lost links do to alarms, and what they do not.

use super::*;

#[test]
fn bad_quality_holds_the_alarm_and_pauses_its_delay() {
    let mut play = Play::new(plan(|p| p.alarms[0].on_delay = Span::from_secs(5)));
    play.at(1.0).set("level", 96.0).at(3.0).bad("level", Quality::DEVICE_FAULT).at(9.0).set("level", 96.0);
    play.at(11.9).set("level", 96.0);
    assert_eq!(play.state("level/high"), "normal");
    play.at(12.1).tick();
    assert_eq!(play.told(), "12s raised level/high #1\n", "two seconds before, three after the gap");
    play.at(13.0).bad("level", Quality::DEVICE_FAULT).at(14.0).tick();
    let snapshot = play.engine.snapshot(play.now);
    assert_eq!(snapshot.alarms[0].held_since, Some(Utc(START + 13_000_000)));
    assert_eq!(play.state("level/high"), "unacknowledged");
    play.at(24.0).tick();
    assert_eq!(play.told(), "23s raised level/quality #1\n");
    play.at(25.0).set("level", 50.0);
    assert_eq!(play.told(), "25s returned level/high\n25s returned level/quality\n");
}

#[test]
fn a_device_that_is_gone_raises_one_alarm_and_no_limit_or_quality_alarm() {
    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 50.0).set("run", 1.0).at(2.0).link(LinkState::NoAnswer("connection refused".into()));
    let view = play.view("level");
    assert_eq!((view.value, view.quality), (Some(Value::F64(50.0)), Quality::NO_COMMUNICATION));
    assert_eq!(view.detail.as_deref(), Some("connection refused"));
    assert_eq!(play.view("double").quality, Quality::NO_COMMUNICATION);
    play.at(3.0).link(LinkState::NoAnswer("timeout after 1 s".into()));
    assert_eq!(play.view("level").detail.as_deref(), Some("timeout after 1 s"), "the newest reason is shown");
    play.at(60.0).tick();
    assert_eq!(play.told(), "2s link-down plc1 (connection refused)\n12s raised plc1/no-answer #1\n");
    play.at(61.0).link(LinkState::Connected);
    assert_eq!(play.view("level").quality, Quality::WAITING);
    play.set("level", 51.0);
    assert_eq!(play.view("level").quality, Quality::GOOD);
    assert_eq!(play.told(), "61s link-up plc1\n61s returned plc1/no-answer\n");
}

#[test]
fn a_formula_of_a_device_that_is_gone_adds_no_alarm_to_the_device_s_own() {
    let mut play = Play::new(plan(|p| {
        let first = p.alarms.len() as u32;
        let mut quality = alarm("double/quality", Subject::Tag(TagId(2)), Condition::Quality);
        quality.on_delay = Span::from_secs(10);
        p.alarms.push(quality);
        p.tags[2].alarms = first..first + 1;
    }));
    play.at(1.0).set("level", 50.0).set("run", 1.0).at(2.0).link(LinkState::NoAnswer("connection refused".into()));
    assert_eq!(play.view("double").quality, Quality::NO_COMMUNICATION);
    play.at(60.0).tick();
    assert_eq!(play.told(), "2s link-down plc1 (connection refused)\n12s raised plc1/no-answer #1\n");
    // What the device sends is no value: that is the formula's own trouble.
    play.at(61.0).link(LinkState::Connected).set("level", -9_999.0).set("run", 1.0).at(80.0).tick();
    let told = play.told();
    assert!(told.contains("71s raised double/quality #1"), "{told}");
}

#[test]
fn a_silent_tag_grows_stale_and_a_new_value_makes_it_good_again() {
    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 50.0).at(4.0).set("level", 51.0).at(8.9).tick();
    assert_eq!(play.view("level").quality, Quality::GOOD);
    play.at(9.1).tick();
    let view = play.view("level");
    assert_eq!((view.quality, view.quality_since.utc), (Quality::STALE, Utc(START + 9_000_000)));
    assert_eq!(view.age(play.now.mono), Some(Span::from_millis(5_100)));
    assert_eq!(play.view("double").quality, Quality::STALE);
    play.at(20.0).tick();
    assert_eq!(play.told(), "19s raised level/quality #1\n");
    play.at(21.0).set("level", 52.0);
    assert_eq!(play.view("level").quality, Quality::GOOD);
    assert_eq!(play.told(), "21s returned level/quality\n");
}

#[test]
fn values_are_judged_by_range_validity_and_sentinels() {
    let mut play = Play::new(plan(|p| p.tags[0].scaling = Some(Scaling { scale: 0.1, offset: 0.0 })));
    play.at(1.0).set("level", 500.0);
    assert_eq!(play.view("level").value, Some(Value::F64(50.0)));
    assert_eq!(play.view("double").value, Some(Value::F64(0.0)));
    play.at(2.0).set("level", 1_200.0);
    assert_eq!(play.view("level").quality, Quality::UNCERTAIN_RANGE);
    assert_eq!(play.state("level/high"), "unacknowledged", "out of range is alarmed on");
    play.at(3.0).set("level", 9_000.0);
    let view = play.view("level");
    assert_eq!((view.value, view.quality), (Some(Value::F64(120.0)), Quality::BAD_RANGE));
    play.at(4.0).set("level", -9_999.0);
    assert_eq!(play.view("level").quality, Quality::DEVICE_FAULT);
}

#[test]
fn the_tag_that_a_deviation_compares_with_tells_when_it_is_bad() {
    let deviation = "kind = \"deviation\"\nfrom = \"flow\"\nlimit = 5\npriority = \"critical\"\nresponse = \"Look\"";
    let mut play = Play::new(written(deviation, ""));
    play.at(1.0).scan(&[("level", 10.0), ("flow", 50.0)]).bad("flow", Quality::DEVICE_FAULT).at(12.0).tick();
    assert_eq!(play.state("level/deviation"), "unacknowledged");
    assert!(play.alarm("level/deviation").held_since.is_some());
    assert_eq!(play.state("flow/quality"), "unacknowledged", "no critical alarm is held in silence");
    let rule = play.plan.alarm(play.plan.alarm_id("flow/quality").unwrap()).unwrap();
    assert_eq!(rule.priority, Priority::Critical);
}

#[test]
fn a_device_that_is_gone_raises_one_alarm_for_rates_and_deviations_too() {
    let rate = "kind = \"rate\"\nlimit = 0.5\nover = \"10s\"\npriority = \"high\"";
    let deviation = "kind = \"deviation\"\nfrom = \"level\"\nlimit = 5\npriority = \"high\"";
    let mut play = Play::new(written(rate, deviation));
    play.at(1.0).scan(&[("level", 10.0), ("flow", 10.0)]).link(LinkState::NoAnswer("gone".into())).at(600.0).tick();
    assert_eq!(play.told(), "1s link-down plc1 (gone)\n11s raised plc1/no-answer #1\n");
    play.at(601.0).link(LinkState::Connected).scan(&[("level", 90.0), ("flow", 90.0)]);
    play.at(610.9).scan(&[("level", 90.0), ("flow", 90.0)]).at(640.0).tick();
    assert!(!play.told().contains("rate"), "what it was ten minutes ago is no rate");
}

#[test]
fn a_limit_alarm_of_a_device_that_is_gone_stays_as_it_was_and_is_judged_when_it_is_back() {
    let mut play = Play::new(written("kind = \"high\"\nlimit = 90\npriority = \"high\"", ""));
    play.at(1.0)
        .set("level", 95.0)
        .ack("level/high", 1)
        .at(2.0)
        .link(LinkState::NoAnswer("gone".into()))
        .at(600.0)
        .tick();
    assert_eq!(play.state("level/high"), "acknowledged");
    assert_eq!(play.alarm("level/high").held_since, Some(Utc(START + 2_000_000)), "input bad since");
    play.link(LinkState::Connected).set("level", 50.0);
    assert_eq!(play.state("level/high"), "normal");
}
