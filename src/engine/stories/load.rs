//! First-out, chattering, floods, stale and fleeting alarms, and the horn.

use super::*;

#[test]
fn the_first_out_of_a_group_is_the_one_whose_condition_began_first() {
    let mut play = Play::new(plan(|p| {
        p.alarms[0].group = Some(0);
        p.alarms[2].group = Some(0);
        p.alarms[0].on_delay = Span::from_secs(5);
    }));
    play.at(1.0).set("run", 1.0).at(2.0).set("level", 95.0).at(3.0).set("run", 0.0);
    let first = |play: &mut Play| {
        let snapshot = play.engine.snapshot(play.now);
        let names =
            snapshot.alarms.iter().filter(|a| a.first_out).map(|a| snapshot.plan.alarm(a.id).unwrap().name.to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(first(&mut play), ["run/state"]);
    play.at(6.0).set("level", 95.0).at(8.0).tick();
    assert_eq!(first(&mut play), ["level/high"], "its condition began a second earlier");
}

#[test]
fn three_occurrences_in_a_minute_are_chattering_and_eleven_alarms_in_ten_minutes_a_flood() {
    let mut play = Play::new(plan(|_| ()));
    for i in 0..11 {
        let second = 1.0 + f64::from(i) * 4.0;
        play.at(second).set("level", 95.0).at(second + 2.0).set("level", 50.0);
    }
    let snapshot = play.engine.snapshot(play.now);
    assert!(
        snapshot
            .alarms
            .iter()
            .find(|a| snapshot.plan.alarm(a.id).unwrap().name.as_ref() == "level/high")
            .unwrap()
            .chattering
    );
    assert!(snapshot.counts.flood);
    play.at(660.0).set("level", 50.0).tick();
    let snapshot = play.engine.snapshot(play.now);
    assert!(!snapshot.counts.flood);
    assert!(!snapshot.alarms.iter().any(|a| a.chattering));
}

fn tanks(keys: &str) -> Arc<Plan> {
    let high = format!("kind = \"high\"\nlimit = 90\npriority = \"high\"\ngroup = \"tanks\"\n{keys}");
    written(&high, &high)
}

#[test]
fn those_of_one_answer_share_the_mark_of_first_out() {
    let mut play = Play::new(tanks(""));
    play.at(1.0).scan(&[("level", 95.0), ("flow", 95.0)]);
    assert_eq!(play.first_out(), ["flow/high", "level/high"]);
    play.restart(tanks(""));
    assert_eq!(play.first_out(), ["flow/high", "level/high"]);
}

#[test]
fn the_mark_of_first_out_stays_until_the_group_is_normal_and_then_begins_anew() {
    let mut play = Play::new(tanks(""));
    play.at(1.0).set("level", 95.0).at(2.0).set("flow", 95.0);
    assert_eq!(play.first_out(), ["level/high"]);
    // The first is seen and gone, and comes again: it is not the first any more, and the other never was.
    play.at(3.0).ack("level/high", 1).set("level", 50.0).at(4.0).set("level", 95.0);
    assert_eq!(play.first_out(), [""; 0]);
    play.at(5.0).ack("level/high", 2).ack("flow/high", 1).scan(&[("level", 50.0), ("flow", 50.0)]);
    play.at(6.0).set("flow", 95.0).at(7.0).set("level", 95.0);
    assert_eq!(play.first_out(), ["flow/high"]);
    assert_eq!(
        play.entries.iter().filter(|e| e.note.as_deref().is_some_and(|n| n.contains("first out of tanks"))).count(),
        2
    );
    play.remembers_itself();
}

#[test]
fn an_edit_leaves_the_mark_of_first_out_where_it_is() {
    let mut play = Play::new(tanks(""));
    play.at(1.0).set("level", 95.0).deploy({
        let high = "kind = \"high\"\nlimit = 90\npriority = \"high\"\ngroup = \"tanks\"\ncause = \"rain\"";
        written_as(2, high, high, "")
    });
    assert_eq!(play.first_out(), ["level/high"]);
    play.at(2.0).set("flow", 95.0);
    assert_eq!(play.first_out(), ["level/high"]);
}

#[test]
fn a_wall_clock_that_is_set_back_makes_no_later_one_the_first() {
    let mut play = Play::new(tanks(""));
    play.at(1.0).set("level", 95.0);
    play.now = Now { mono: Mono(2_000_000), utc: Utc(START - 3_600_000_000) };
    play.set("flow", 95.0);
    assert_eq!(play.first_out(), ["level/high"]);
}

#[test]
fn what_is_hidden_is_the_first_of_nothing() {
    let mut play = Play::new(tanks(""));
    play.at(1.0).shelve("level/high", 10).set("level", 95.0).at(2.0).set("flow", 95.0);
    assert_eq!(play.first_out(), ["flow/high"]);
    play.at(3.0).ack("flow/high", 1).set("flow", 50.0).at(4.0).set("flow", 95.0);
    assert_eq!(play.first_out(), ["flow/high"], "one that is shelved keeps no group from being normal");
}

#[test]
fn chattering_is_three_in_sixty_seconds_and_its_count_goes_up() {
    let mut play = Play::new(tanks(""));
    let mut come = |second: f64| {
        play.at(second).set("level", 95.0);
        let view = play.alarm("level/high");
        play.set("level", 50.0);
        (view.chattering, view.chatter)
    };
    assert_eq!([come(0.0), come(30.0)], [(false, 0), (false, 0)]);
    assert_eq!(come(60.1), (false, 0), "the third came too late");
    assert_eq!(come(85.0), (true, 3), "at 30, 60.1 and 85");
    assert_eq!(come(90.0), (true, 4));
    play.at(151.0).tick();
    let view = play.alarm("level/high");
    assert!(!view.chattering && view.chatter == 0);
    assert_eq!(play.snapshot().counts.chattering, 0);
}

#[test]
fn a_flood_begins_above_ten_and_ends_under_five() {
    let mut play = Play::new(tanks(""));
    play.set("flow", 50.0);
    for i in 0..11 {
        let counts = play.snapshot().counts;
        assert!(!counts.flood, "{i} annunciated");
        assert_eq!(counts.annunciated, i);
        play.at(f64::from(i) * 10.0).set("level", 95.0).set("level", 50.0);
    }
    let counts = play.snapshot().counts;
    assert!(counts.flood);
    assert_eq!(counts.flood_since.unwrap().utc, Utc(START + 100_000_000));
    play.at(659.9).tick();
    assert!(play.snapshot().counts.flood, "those of 60 to 100 are five");
    play.at(660.0).tick();
    let counts = play.snapshot().counts;
    assert_eq!((counts.flood, counts.flood_since, counts.annunciated), (false, None, 4));
}

#[test]
fn an_alarm_is_stale_after_a_day_and_not_before() {
    let mut play = Play::new(tanks(""));
    play.at(0.0).set("level", 95.0).ack("level/high", 1);
    play.at(86_400.0).set("level", 95.0);
    assert!(!play.alarm("level/high").is_stale(play.now.mono));
    play.at(86_401.0).tick();
    assert!(play.alarm("level/high").is_stale(play.now.mono));
    assert_eq!(play.snapshot().counts.stale, 1);
    play.restart(tanks(""));
    assert_eq!(play.snapshot().counts.stale, 1, "also after a restart");
}

#[test]
fn an_alarm_that_comes_and_goes_within_seconds_is_fleeting() {
    let mut play = Play::new(tanks(""));
    play.at(0.0).scan(&[("level", 95.0), ("flow", 95.0)]);
    play.at(9.0).set("level", 50.0).at(10.0).set("flow", 50.0);
    assert!(play.alarm("level/high").is_fleeting());
    assert!(!play.alarm("flow/high").is_fleeting());
    assert_eq!(play.alarm("flow/high").returned, Some(Utc(START + 10_000_000)));
}
