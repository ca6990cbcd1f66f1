//! Restarts and edits: states are as they were, and another limit is told and judged anew.

use super::*;

#[test]
fn states_are_as_they_were_after_a_restart_and_what_came_meanwhile_is_found_at_start() {
    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 95.0).ack("level/high", 1).set("run", 1.0);
    let memories = play.engine.memories();
    let mut again = Play::restarted(plan(|_| ()), memories);
    assert_eq!(again.state("level/high"), "acknowledged");
    assert!(again.engine.snapshot(again.now).alarms[0].held_since.is_some());
    again.at(1.0).set("level", 96.0).set("run", 0.0);
    assert_eq!(again.state("level/high"), "acknowledged");
    assert_eq!(again.told(), "1s raised run/state #1 (found at start)\n");
    again.at(2.0).set("level", 50.0);
    assert_eq!(again.state("level/high"), "normal");
}

#[test]
fn what_came_while_the_program_was_down_is_found_at_start_even_where_no_alarm_was_ever_raised() {
    let delayed = || plan(|p| p.alarms[0].on_delay = Span::from_secs(5));
    let mut again = Play::restarted(delayed(), BTreeMap::new());
    again.at(1.0).set("level", 95.0);
    assert_eq!(again.told(), "1s raised level/high #1 (found at start)\n");
    let mut first = Play::new(delayed());
    first.at(1.0).set("level", 95.0);
    assert_eq!(first.told(), "", "a plant that was never watched has its on-delay");
}

#[test]
fn an_edit_carries_values_and_occurrences_over_and_judges_by_the_new_limit() {
    let mut play = Play::new(plan(|_| ()));
    play.at(1.0).set("level", 85.0).at(2.0);
    let edited = plan(|p| {
        p.generation = Generation(2);
        p.alarms[0].condition = Condition::AtOrAbove { limit: 80.0, deadband: 0.0 };
    });
    play.plan = Arc::clone(&edited);
    play.apply(Input::Deploy(edited));
    assert_eq!(play.view("level").value, Some(Value::F64(85.0)));
    assert_eq!(play.state("level/high"), "unacknowledged");
    let old = Report {
        generation: Generation(1),
        received: play.now,
        samples: vec![Sample::good(TagId(0), Value::F64(1.0), Raw::NONE)],
    };
    play.apply(Input::Report(old));
    assert_eq!(play.view("level").value, Some(Value::F64(85.0)), "what an older plan's driver read is dropped");
    assert_eq!(play.engine.snapshot(play.now).dropped_inputs, 1);
}

const HIGH: &str = "kind = \"high\"\nlimit = 90\npriority = \"high\"\non-delay = \"10s\"";

#[test]
fn an_edit_of_a_text_touches_no_occurrence_and_no_delay_that_runs() {
    let mut play = Play::new(written(HIGH, HIGH));
    play.at(1.0).set("level", 95.0).at(11.5).ack("level/high", 1).at(15.0).set("flow", 95.0);
    let before = play.alarm("level/high");
    play.told();
    play.at(20.0).deploy(written_as(
        2,
        &format!("{HIGH}\nresponse = \"Drain it\""),
        &format!("{HIGH}\ncause = \"rain\""),
        "",
    ));
    assert_eq!(play.alarm("level/high"), AlarmView { id: play.alarm("level/high").id, ..before });
    play.at(24.9).tick();
    assert_eq!(play.told(), "20s deployed Told\n");
    play.at(25.0).tick();
    assert_eq!(play.told(), "25s raised flow/high #1\n", "ten seconds after the condition began");
    play.remembers_itself();
}

#[test]
fn an_edited_limit_says_so_and_is_judged_anew() {
    let high = HIGH.replace("on-delay = \"10s\"", "");
    let mut play = Play::new(written(&high, ""));
    play.at(1.0).set("level", 85.0).told();
    play.at(2.0).deploy(written_as(2, &high.replace("90", "80"), "", ""));
    assert_eq!(
        play.told(),
        "2s limit-changed level/high (limit now 80 %, was 90 %, by an edit)\n\
         2s raised level/high #1 (limit now 80 %, was 90 %, by an edit)\n2s deployed Told\n"
    );
    play.at(3.0).ack("level/high", 1).deploy(written_as(3, &high, "", ""));
    assert_eq!(play.state("level/high"), "normal");
    let entry = play.entries.iter().rev().find(|e| e.event == Event::LimitChanged).unwrap();
    assert_eq!((&entry.value, entry.unit.as_deref()), (&Some(Value::F64(90.0)), Some("%")));
    play.remembers_itself();
}

#[test]
fn an_edited_delay_counts_from_when_the_condition_began() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(10.0).set("level", 95.0).at(13.0).deploy(written_as(2, &HIGH.replace("10s", "5s"), "", ""));
    play.at(20.0).tick().told();
    assert_eq!(play.alarm("level/high").raised, Utc(START + 15_000_000));
    let mut play = Play::new(written(HIGH, ""));
    play.at(10.0).set("level", 95.0).at(13.0).deploy(written_as(2, &HIGH.replace("10s", "2s"), "", "")).at(14.0).tick();
    assert_eq!(play.state("level/high"), "unacknowledged", "longer than the new delay already");
}

#[test]
fn an_alarm_that_an_edit_adds_has_its_on_delay_also_after_a_restart() {
    let mut play = Play::new(written("", ""));
    play.restart(written("", "")).at(1.0).set("level", 95.0).told();
    play.at(2.0).deploy(written_as(2, HIGH, "", ""));
    assert_eq!(play.told(), "2s deployed Told\n");
    play.at(12.0).tick();
    assert_eq!(play.told(), "12s raised level/high #1\n");
}

#[test]
fn an_alarm_that_an_edit_takes_away_is_named_loses_its_mark_and_comes_back_as_it_was() {
    let high = HIGH.replace("on-delay = \"10s\"", "");
    let mut play = Play::new(written(&high, ""));
    play.at(1.0).set("level", 95.0);
    assert!(play.view("level").alarm.is_some());
    play.told();
    play.at(2.0).deploy(written_as(2, "", "", ""));
    assert_eq!(play.told(), "2s deployed Told (no longer watched, though it stood: level/high)\n");
    assert_eq!(play.view("level").alarm, None);
    assert_eq!(play.snapshot().horn, None);
    play.at(3.0).deploy(written_as(3, &high, "", ""));
    assert_eq!(play.state("level/high"), "unacknowledged");
    assert_eq!(play.alarm("level/high").occurrence, 1);
    play.remembers_itself();
}

#[test]
fn a_name_in_other_letters_is_the_same_alarm_and_a_new_name_follows_its_was() {
    let high = HIGH.replace("on-delay = \"10s\"", "");
    let tank = |generation, head: &str| {
        let text = format!(
            "[[tag]]\n{head}\ndevice = \"plc1\"\nregister = \"holding:9\"\ntype = \"f64\"\n[[tag.alarm]]\n{high}\n"
        );
        written_as(generation, "", "", &text)
    };
    let mut play = Play::new(tank(1, "name = \"tank\""));
    play.at(1.0).set("tank", 95.0).ack("tank/high", 1);
    play.deploy(tank(2, "name = \"Tank\""));
    assert_eq!(play.state("Tank/high"), "acknowledged");
    play.deploy(tank(3, "name = \"vessel\"\nwas = \"tank\""));
    assert_eq!(play.state("vessel/high"), "acknowledged");
}

#[test]
fn an_alarm_that_is_renamed_keeps_its_state_whatever_its_tag_is_called() {
    let tank = |generation, head: &str, alarms: &str| {
        let text = format!("[[tag]]\n{head}\ndevice = \"plc1\"\nregister = \"holding:9\"\ntype = \"f64\"\n{alarms}");
        written_as(generation, "", "", &text)
    };
    let high = |head: &str| format!("[[tag.alarm]]\n{head}\nkind = \"high\"\nlimit = 90\npriority = \"high\"\n");
    let mut play = Play::new(tank(1, "name = \"tank\"", &high("")));
    play.at(1.0).set("tank", 95.0).ack("tank/high", 1).at(2.0).told();
    let before = play.alarm("tank/high");
    play.deploy(tank(2, "name = \"tank\"", &high("name = \"full\"\nwas = \"high\"")));
    assert_eq!(play.told(), "2s deployed Told\n", "nothing is raised, and nothing gone");
    let now = play.alarm("tank/full");
    assert_eq!((now.state, now.occurrence, now.raised), (before.state, before.occurrence, before.raised));
    // Both at once.
    play.deploy(tank(3, "name = \"vessel\"\nwas = \"tank\"", &high("name = \"brim\"\nwas = \"full\"")));
    assert_eq!((play.state("vessel/brim"), play.alarm("vessel/brim").occurrence), ("acknowledged", 1));
}

#[test]
fn an_act_that_waits_for_the_disk_follows_its_alarm_through_an_edit() {
    let high = HIGH.replace("on-delay = \"10s\"", "");
    let tank = |generation, head: &str| {
        let text = format!(
            "[[tag]]\n{head}\ndevice = \"plc1\"\nregister = \"holding:9\"\ntype = \"f64\"\n[[tag.alarm]]\n{high}\n"
        );
        written_as(generation, "", "", &text)
    };
    let mut play = Play::new(tank(1, "name = \"tank\""));
    play.at(1.0).set("tank", 95.0);
    play.disk = Disk::Stalls;
    play.ack("tank/high", 1).deploy(tank(2, "name = \"vessel\"\nwas = \"tank\""));
    assert!(play.alarm("vessel/high").recording);
    let ticket = play.engine.last_ticket;
    play.apply(Input::Durable(ticket));
    assert_eq!(play.state("vessel/high"), "acknowledged");
    assert!(!play.alarm("vessel/high").recording);
    // And one whose alarm is gone meanwhile is remembered with the alarm.
    play.act(|by| Command::OutOfService { by, alarm: "vessel/high".into(), reason: None })
        .deploy(written_as(3, "", "", ""));
    let ticket = play.engine.last_ticket;
    play.apply(Input::Durable(ticket));
    play.deploy(tank(4, "name = \"vessel\""));
    assert_eq!(play.state("vessel/high"), "out-of-service");
}

#[test]
fn a_suppression_whose_formula_is_edited_away_ends_loudly_and_in_the_journal() {
    let low = "kind = \"low\"\nlimit = 20\npriority = \"high\"";
    let mut play = Play::new(written("", &format!("{low}\nsuppress-when = \"not run\"")));
    play.at(1.0).scan(&[("run", 0.0), ("flow", 0.0)]).told();
    play.at(2.0).deploy(written_as(2, "", low, ""));
    assert_eq!(
        play.told(),
        "2s unsuppressed flow/low (1 came meanwhile)\n2s raised flow/low #2 (suppression ended, 1 came meanwhile)\n2s deployed Told\n"
    );
    play.remembers_itself();
}

#[test]
fn another_table_of_limits_is_another_limit() {
    let low = |rows: &str| format!("kind = \"low\"\nlimit = 20\npriority = \"high\"\nlimits = [{rows}]");
    let mut play = Play::new(written("", &low("{ when = \"run\", limit = 40 }")));
    play.at(1.0).scan(&[("run", 1.0), ("flow", 50.0)]).told();
    play.at(2.0).deploy(written_as(2, "", &low("{ when = \"run\", limit = 60 }"), ""));
    assert_eq!(play.state("flow/low"), "unacknowledged");
    let told = play.told();
    assert!(told.contains("limit now 60 %, by state (run)"), "{told}");
    play.remembers_itself();
}

#[test]
fn the_limit_in_force_is_in_the_snapshot() {
    let low = "kind = \"low\"\nlimit = 20\npriority = \"high\"\nlimits = [{ when = \"not run\", limit = false }, { when = \"level > 50\", limit = 40 }]";
    let mut play = Play::new(written(HIGH, low));
    let limits = |play: &mut Play| {
        let snapshot = play.snapshot();
        ["flow/low", "level/high", "flow/quality"].map(|name| snapshot.limit(snapshot.plan.alarm_id(name).unwrap()))
    };
    assert_eq!(limits(&mut play), [Some(20.0), Some(90.0), None], "as written, before anything is known");
    play.at(1.0).scan(&[("run", 1.0), ("level", 60.0), ("flow", 50.0)]);
    assert_eq!(limits(&mut play), [Some(40.0), Some(90.0), None]);
    play.at(2.0).set("run", 0.0);
    assert_eq!(limits(&mut play), [None, Some(90.0), None]);
    play.at(3.0).bad("run", Quality::DEVICE_FAULT);
    assert_eq!(limits(&mut play), [None, Some(90.0), None]);
    assert_eq!(
        play.told(),
        "1s limit-changed flow/low (limit now 40 %, by state (level > 50))\n2s limit-changed flow/low (no limit now, by state (not run))\n"
    );
    play.remembers_itself();
}

#[test]
fn the_past_of_a_rate_survives_an_edit_that_leaves_its_values_alone() {
    let rate = |keys: &str| format!("kind = \"rate\"\nlimit = 0.5\nover = \"60s\"\npriority = \"high\"\n{keys}");
    let mut play = Play::new(written(&rate(""), ""));
    play.at(0.0).set("level", 10.0).at(50.0).deploy(written_as(2, &rate("cause = \"rain\""), "", ""));
    play.at(60.0).set("level", 60.0);
    assert_eq!(play.state("level/rate"), "unacknowledged");
    // A longer time has less of the past.
    play.at(61.0).deploy(written_as(3, &rate("").replace("60s", "120s"), "", "")).ack("level/rate", 1);
    play.at(100.0).set("level", 100.0);
    assert!(play.alarm("level/rate").held_since.is_some(), "there is no rate yet, and the alarm stays where it is");
}
