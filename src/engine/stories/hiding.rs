//! Shelved, suppressed, out of service: hidden, counted, and never forgotten.

use super::*;

#[test]
fn a_shelving_that_ends_returns_loudly_when_the_condition_holds() {
    let mut play = Play::new(plan(|_| ()));
    let until = Utc(START + 60_000_000);
    let shelve = |by| Command::Shelve { by, alarm: "level/high".into(), until, reason: None };
    play.at(1.0).set("level", 95.0).ack("level/high", 1).at(2.0).act(shelve);
    assert_eq!(play.state("level/high"), "shelved");
    play.at(3.0).set("level", 50.0).at(4.0).set("level", 95.0);
    assert_eq!(play.state("level/high"), "shelved");
    play.remembers_itself();
    play.at(59.0).set("level", 96.0).at(61.0).tick();
    assert_eq!(play.state("level/high"), "unacknowledged");
    assert!(play.told().ends_with(
        "60s unshelved level/high (1 came meanwhile)\n60s raised level/high #3 (shelving ended, 1 came meanwhile)\n"
    ));
    play.remembers_itself();
}

#[test]
fn a_suppressing_formula_hides_and_a_bad_input_never_does() {
    let mut play = Play::new(plan(|p| {
        let formula = Formula::parse("not run", &mut |n| (n == "run").then_some(TagId(1))).unwrap();
        p.alarms[0].suppress_when = Some(Arc::new(formula));
        p.alarms[0].on_delay = Span::from_secs(5);
    }));
    play.at(1.0).set("run", 0.0).set("level", 95.0).at(10.0).set("level", 95.0);
    assert_eq!(play.state("level/high"), "suppressed");
    play.at(11.0).set("run", 1.0);
    play.at(15.0).set("level", 95.0);
    assert_ne!(play.state("level/high"), "unacknowledged", "the on-delay starts anew");
    play.at(17.0).tick();
    assert_eq!(play.state("level/high"), "unacknowledged");
    play.at(18.0).bad("run", Quality::DEVICE_FAULT);
    assert_eq!(play.state("level/high"), "unacknowledged");
    play.remembers_itself();
}

const HIGH: &str = "kind = \"high\"\nlimit = 90\npriority = \"high\"";

#[test]
fn what_came_while_an_alarm_was_hidden_is_counted_and_told_when_it_is_shown_again() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(1.0).shelve("level/high", 10);
    for i in 0..3 {
        play.at(10.0 + f64::from(i)).set("level", 95.0).set("level", 50.0);
    }
    assert_eq!(play.alarm("level/high").came_hidden, 3);
    let counts = play.snapshot().counts;
    assert_eq!((counts.hidden, counts.shelved, counts.annunciated, counts.flood), (1, 1, 0, false));
    play.restart(written(HIGH, "")).at(20.0).set("level", 95.0);
    assert_eq!(play.alarm("level/high").came_hidden, 4, "counted across a restart");
    play.at(700.0).tick();
    assert_eq!(play.alarm("level/high").why.as_deref(), Some("shelving ended, 4 came meanwhile"));
    play.remembers_itself();
}

#[test]
fn each_list_of_hidden_alarms_has_its_own_count() {
    let low = "kind = \"low\"\nlimit = 20\npriority = \"high\"\nsuppress-when = \"not run\"";
    let mut play = Play::new(written(HIGH, &format!("{low}\n--\n{HIGH}")));
    play.at(1.0).scan(&[("run", 0.0), ("level", 50.0), ("flow", 0.0)]).shelve("level/high", 10);
    play.act(|by| Command::OutOfService { by, alarm: "flow/high".into(), reason: Some("cleaned".into()) });
    let counts = play.snapshot().counts;
    assert_eq!((counts.shelved, counts.suppressed, counts.out_of_service, counts.hidden), (1, 1, 1, 3));
    assert_eq!(counts.shown, [0; 4], "none of them is in the alarm list");
}

#[test]
fn a_wall_clock_that_is_stepped_neither_lengthens_nor_shortens_a_shelving_or_a_delay() {
    for step in [-3_600_i64, 3_600] {
        let mut play = Play::new(written(&format!("{HIGH}\non-delay = \"60s\""), ""));
        play.at(0.0).set("level", 95.0).at(61.0).set("level", 95.0).shelve("level/high", 10);
        assert_eq!(play.state("level/high"), "shelved");
        let stepped = |mono: i64| Now { mono: Mono(mono * 1_000_000), utc: Utc(START) + Span::from_secs(mono + step) };
        play.now = stepped(70);
        play.set("level", 50.0).set("level", 95.0);
        play.now = stepped(100);
        play.deploy(written_as(2, &format!("{HIGH}\non-delay = \"60s\"\ncause = \"rain\""), "", ""));
        play.now = stepped(129);
        play.tick();
        assert_eq!(play.alarm("level/high").occurrence, 1);
        play.now = stepped(130);
        play.tick();
        assert_eq!(play.alarm("level/high").occurrence, 2, "60 s after the condition began");
        play.now = stepped(660);
        play.tick();
        assert_eq!(play.state("level/high"), "shelved");
        play.now = stepped(661);
        play.tick();
        assert_eq!(play.state("level/high"), "unacknowledged", "stepped by {step} s");
    }
}

#[test]
fn a_shelving_that_ends_while_its_end_by_hand_is_written_is_told_once() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(0.0).set("level", 95.0).shelve("level/high", 10).at(599.0);
    play.disk = Disk::Stalls;
    play.act(|by| Command::Unshelve { by, alarm: "level/high".into() });
    play.at(601.0).tick();
    let ticket = play.engine.last_ticket;
    play.apply(Input::Durable(ticket));
    assert_eq!(play.alarm("level/high").occurrence, 2, "one new occurrence, not two");
    assert!(!play.alarm("level/high").recording);
    play.remembers_itself();
}

#[test]
fn a_suppression_that_ends_on_a_bad_value_waits_for_a_good_one() {
    let low = "kind = \"low\"\nlimit = 20\non-delay = \"10s\"\npriority = \"high\"\nsuppress-when = \"not run\"";
    let mut play = Play::new(written("", low));
    play.at(1.0).scan(&[("run", 0.0), ("flow", 0.0)]).at(20.0).bad("flow", Quality::DEVICE_FAULT);
    play.at(30.0).set("run", 1.0).at(60.0).tick();
    assert_eq!(play.state("flow/low"), "normal", "its delay stands still");
    play.at(61.0).set("flow", 0.0).at(71.0).tick();
    assert_eq!(play.state("flow/low"), "unacknowledged");
    play.remembers_itself();
}

#[test]
fn a_suppression_that_ends_within_the_deadband_raises_nothing() {
    let high = "kind = \"high\"\nlimit = 90\ndeadband = 2\non-delay = \"5s\"\npriority = \"high\"\nsuppress-when = \"not run\"";
    let mut play = Play::new(written(high, ""));
    play.at(1.0).scan(&[("run", 0.0), ("level", 95.0)]).at(7.0).set("level", 89.0);
    play.at(8.0).set("run", 1.0).at(60.0).tick();
    assert_eq!(play.state("level/high"), "normal", "it stood within its deadband, and would not come there");
    play.remembers_itself();
}

#[test]
fn a_suppression_that_ends_during_the_off_delay_raises_nothing() {
    let high = "kind = \"high\"\nlimit = 90\non-delay = \"5s\"\noff-delay = \"5s\"\npriority = \"high\"\nsuppress-when = \"not run\"";
    let mut play = Play::new(written(high, ""));
    play.at(1.0).scan(&[("run", 0.0), ("level", 95.0)]).at(7.0).scan(&[("run", 1.0), ("level", 50.0)]).at(60.0).tick();
    assert_eq!(play.state("level/high"), "normal");
    play.remembers_itself();
}
