//! The life of an alarm: it comes, is seen, and goes; and what is refused.

use super::*;

#[test]
fn an_alarm_rises_is_acknowledged_and_returns() {
    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 50.0).at(2.0).set("level", 90.0);
    assert_eq!(play.state("level/high"), "unacknowledged");
    play.at(3.0).ack("level/high", 1);
    assert_eq!(play.state("level/high"), "acknowledged");
    play.at(4.0).set("level", 88.0);
    assert_eq!(play.state("level/high"), "acknowledged", "within the deadband it stays");
    play.at(5.0).set("level", 87.9);
    assert_eq!(play.state("level/high"), "normal");
    assert_eq!(play.told(), "2s raised level/high #1\n3s acknowledged level/high\n5s cleared level/high\n");
    play.remembers_itself();
}

#[test]
fn what_returns_before_it_is_seen_waits_for_acknowledgement() {
    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 95.0).at(2.0).set("level", 50.0);
    assert_eq!(play.state("level/high"), "returned");
    let mark = play.view("level").alarm.unwrap();
    assert!(!mark.active && mark.unacknowledged, "the tile's mark is hollow and ringed");
    play.at(3.0).set("level", 95.0);
    assert_eq!(play.state("level/high"), "unacknowledged");
    play.at(4.0).ack("level/high", 1);
    assert_eq!(play.state("level/high"), "unacknowledged", "an older occurrence was acknowledged, not this one");
    play.set("level", 50.0).ack("level/high", 2);
    assert_eq!(play.state("level/high"), "normal");
    assert!(play.told().contains("refused level/high (a newer occurrence (2) came"));
    play.ack("level/high", 2);
    assert!(play.told().contains("nothing to acknowledge"));
    play.remembers_itself();
}

#[test]
fn an_acknowledgement_holds_only_when_it_is_on_disk() {
    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 95.0);
    play.disk = Disk::Stalls;
    play.at(2.0).ack("level/high", 1);
    assert_eq!(play.state("level/high"), "unacknowledged");
    let snapshot = play.engine.snapshot(play.now);
    assert!(snapshot.alarms[0].recording);
    assert_eq!(snapshot.horn, None, "the horn is quiet at once");
    let ticket = play.engine.last_ticket;
    play.apply(Input::Durable(ticket));
    assert_eq!(play.state("level/high"), "acknowledged");

    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 95.0);
    play.disk = Disk::Refuses;
    play.at(2.0).ack("level/high", 1);
    assert_eq!(play.state("level/high"), "unacknowledged");
    let snapshot = play.engine.snapshot(play.now);
    assert!(snapshot.refusals[0].reason.contains("disk full"));
    assert!(!snapshot.alarms[0].recording);
}

#[test]
fn a_short_spike_stays_quiet_and_a_long_one_bears_the_time_at_which_its_delay_ended() {
    let mut play = Play::new(plan(|p| {
        p.alarms[0].on_delay = Span::from_secs(5);
        p.tags[0].stale_after = None;
    }));
    play.at(10.0).set("level", 96.0).at(14.0).set("level", 50.0).at(20.0).tick();
    assert_eq!(play.told(), "");
    play.at(30.0).set("level", 96.0).at(33.0).set("level", 97.0).at(40.0).tick();
    assert_eq!(play.told(), "35s raised level/high #1\n");
    let snapshot = play.engine.snapshot(play.now);
    assert_eq!(snapshot.alarms[0].began, Utc(START + 30_000_000));
    assert_eq!(snapshot.alarms[0].raised, Utc(START + 35_000_000));
}

#[test]
fn a_return_at_the_very_instant_at_which_the_delay_ends_comes_first() {
    let mut play = Play::new(plan(|p| p.alarms[0].on_delay = Span::from_secs(5)));
    play.at(10.0).set("level", 96.0).at(15.0).set("level", 50.0).tick();
    assert_eq!(play.told(), "");
    play.at(20.0).set("level", 96.0).at(25.0).tick();
    assert_eq!(play.told(), "25s raised level/high #1\n");
}

#[test]
fn a_source_clock_ahead_of_ours_is_not_believed_and_an_older_sample_is_not_live() {
    let mut play = Play::new(plan(|_| ()));
    let with_time = |value: f64, time: i64| {
        move |id| Sample { source_time: Some(Utc(START + time)), ..Sample::good(id, Value::F64(value), Raw::NONE) }
    };
    play.at(10.0).sample("level", with_time(50.0, 9_000_000));
    assert_eq!(play.view("level").time, Some(Utc(START + 9_000_000)));
    play.at(11.0).sample("level", with_time(95.0, 5_000_000));
    assert_eq!(play.view("level").value, Some(Value::F64(50.0)));
    assert_eq!(play.state("level/high"), "normal");
    play.at(11.5).set("level", 52.0).at(11.6).sample("level", with_time(53.0, 10_000_000));
    assert_eq!(play.view("level").value, Some(Value::F64(53.0)), "a source that lags is late to itself alone");
    play.at(12.0).sample("level", with_time(60.0, 120_000_000));
    let view = play.view("level");
    assert_eq!((view.quality, view.time), (Quality::CLOCK, Some(Utc(START + 12_000_000))));
}

#[test]
fn a_latch_stays_until_it_is_acknowledged_and_reset() {
    let mut play = Play::new(plan(|p| p.alarms[0].latch = true));
    let reset = |by| Command::Reset { by, alarm: "level/high".into() };
    play.at(1.0).set("level", 95.0).act(reset).at(2.0).set("level", 50.0);
    assert_eq!(play.state("level/high"), "latched");
    play.act(reset).ack("level/high", 1);
    assert_eq!(play.state("level/high"), "latched-acknowledged");
    play.remembers_itself();
    play.act(reset);
    assert_eq!(play.state("level/high"), "normal");
    let told = play.told();
    assert!(told.contains("(the condition still holds)") && told.contains("(it is not acknowledged)"), "{told}");
    play.remembers_itself();
}

#[test]
fn a_refusal_goes_when_the_alarm_moves_on() {
    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 95.0);
    play.disk = Disk::Refuses;
    play.ack("level/high", 1);
    assert_eq!(play.engine.snapshot(play.now).refusals.len(), 1);
    play.disk = Disk::Writes;
    play.at(2.0).ack("level/high", 1);
    assert_eq!(play.state("level/high"), "acknowledged");
    assert!(play.engine.snapshot(play.now).refusals.is_empty());
}

#[test]
fn the_same_inputs_give_the_same_effects() {
    let tell = || {
        let mut play = Play::new(plan(|_| ()));
        for i in 0..200 {
            play.at(f64::from(i)).set("level", f64::from((i * 37) % 120)).set("run", f64::from(i % 3));
        }
        play.remembers_itself();
        play.told()
    };
    assert_eq!(tell(), tell());
}

#[test]
fn a_return_that_was_received_before_the_delay_ended_raises_nothing_however_late_it_is_heard() {
    let mut play = Play::new(plan(|p| p.alarms[0].on_delay = Span::from_secs(5)));
    let late = |play: &mut Play, received: f64, heard: f64, value: f64| {
        let received = Now { mono: Mono(0), utc: Utc(START) } + Span((received * 1e6) as i64);
        let samples = vec![Sample::good(TagId(0), Value::F64(value), Raw::NONE)];
        // A busy program: nobody looked at the clock meanwhile.
        play.now = Now { mono: Mono(0), utc: Utc(START) } + Span((heard * 1e6) as i64);
        play.apply(Input::Report(Report { generation: Generation(1), received, samples }));
    };
    play.at(10.0).set("level", 96.0);
    late(&mut play, 14.9, 15.2, 50.0);
    assert_eq!(play.told(), "");
    play.at(20.0).set("level", 96.0);
    late(&mut play, 24.9, 25.2, 97.0);
    assert_eq!(play.alarm("level/high").raised, Utc(START + 25_000_000), "its delay ended then");
    late(&mut play, 25.1, 25.3, 50.0);
    assert_eq!(play.told(), "25s raised level/high #1\n25s returned level/high\n");
}

#[test]
fn acknowledging_many_is_one_act_and_an_entry_each() {
    let high = "kind = \"high\"\nlimit = 90\npriority = \"high\"";
    let mut play = Play::new(written(high, high));
    play.at(1.0).scan(&[("level", 95.0), ("flow", 95.0)]).told();
    let seen = ["level/high", "flow/high", "nix/high"].map(|alarm| AlarmRef { alarm: alarm.into(), occurrence: 1 });
    play.at(2.0).act(|by| Command::Acknowledge { by, alarms: seen.to_vec(), note: Some("rain".into()) });
    assert_eq!(
        play.told(),
        "2s acknowledged level/high (rain)\n2s acknowledged flow/high (rain)\n2s refused nix/high (there is no such alarm)\n"
    );
}

#[test]
fn a_reset_that_waits_for_the_disk_ends_no_newer_occurrence() {
    let mut play = Play::new(written("kind = \"high\"\nlimit = 90\npriority = \"high\"\nlatch = true", ""));
    play.at(1.0).set("level", 95.0).ack("level/high", 1).set("level", 50.0);
    play.disk = Disk::Stalls;
    play.at(2.0).act(|by| Command::Reset { by, alarm: "level/high".into() });
    play.at(3.0).set("level", 95.0).set("level", 50.0);
    let ticket = play.engine.last_ticket;
    play.apply(Input::Durable(ticket));
    assert_eq!(play.state("level/high"), "latched");
    play.remembers_itself();
}

#[test]
fn a_second_act_on_an_alarm_waits_for_the_first() {
    let mut play = Play::new(written("kind = \"high\"\nlimit = 90\npriority = \"high\"", ""));
    play.at(1.0).set("level", 95.0);
    play.disk = Disk::Stalls;
    play.ack("level/high", 1).told();
    play.shelve("level/high", 10);
    assert_eq!(play.told(), "1s refused level/high (an act on it is being recorded)\n");
}

#[test]
fn a_refusal_says_by_whom_and_when_it_was_acknowledged() {
    let mut play = Play::new(written("kind = \"high\"\nlimit = 90\npriority = \"high\"", ""));
    play.at(1.0).set("level", 95.0).ack("level/high", 1).at(2.0).told();
    play.ack("level/high", 1);
    assert_eq!(play.told(), "2s refused level/high (already acknowledged by op@desk at 2001-09-09T01:46:41.000Z)\n");
}

#[test]
fn a_new_occurrence_tells_its_limit_and_what_was_measured() {
    let rate = "kind = \"rate\"\nlimit = 0.5\nover = \"10s\"\npriority = \"high\"";
    let mut play = Play::new(written(rate, "kind = \"low\"\nlimit = 20\npriority = \"high\""));
    play.at(0.0).set("level", 10.0).at(10.0).scan(&[("level", 18.0), ("flow", 5.0)]);
    let notes: Vec<&str> = play.entries.iter().filter_map(|e| e.note.as_deref()).collect();
    assert!(notes.contains(&"limit 0.5 %/s; rate 0.8 %/s") && notes.contains(&"limit 20 %"), "{notes:?}");
    assert_eq!(play.alarm("level/rate").why.as_deref(), Some("rate 0.8 %/s"));
}
