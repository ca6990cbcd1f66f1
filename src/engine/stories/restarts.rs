//! After a stop or a kill states are as they were: the journal alone rebuilds them.

use super::*;

const HIGH: &str = "kind = \"high\"\nlimit = 90\npriority = \"high\"";

fn tank() -> Arc<Plan> {
    written(HIGH, "")
}

#[test]
fn a_limit_edited_while_the_program_was_stopped_says_so_and_is_judged_anew() {
    let mut play = Play::new(tank());
    play.at(1.0).set("level", 92.0).ack("level/high", 1).told();
    play.restart(written(&HIGH.replace("90", "95"), ""));
    assert_eq!(play.told(), "1s limit-changed level/high (limit now 95 %, was 90 %, by an edit)\n1s link-up plc1\n");
    assert_eq!(play.state("level/high"), "acknowledged");
    play.at(2.0).set("level", 92.0);
    assert_eq!(play.told(), "2s cleared level/high (limit now 95 %, was 90 %, by an edit)\n");
    play.remembers_itself();
    play.restart(written(&HIGH.replace("90", "95"), ""));
    assert_eq!(play.told(), "2s link-up plc1\n", "it is told once");
}

#[test]
fn what_a_person_did_stays_done() {
    let latch = format!("{HIGH}\nlatch = true");
    let both = || written(&latch, HIGH);
    let mut play = Play::new(both());
    play.at(1.0).set("level", 95.0).set("flow", 95.0).set("level", 50.0);
    play.restart(both());
    assert_eq!((play.state("level/high"), play.state("flow/high")), ("latched", "unacknowledged"));
    play.ack("level/high", 1).ack("flow/high", 1).restart(both());
    assert_eq!((play.state("level/high"), play.state("flow/high")), ("latched-acknowledged", "acknowledged"));
    assert_eq!(play.alarm("flow/high").acknowledged.unwrap().0.as_ref(), "op@desk");
    play.act(|by| Command::OutOfService { by, alarm: "flow/high".into(), reason: None }).restart(both());
    assert_eq!(play.state("flow/high"), "out-of-service");
    play.shelve("level/high", 10).restart(both());
    assert_eq!(play.state("level/high"), "shelved");
    play.at(602.0).tick();
    assert_eq!(play.state("level/high"), "latched-acknowledged");
    play.remembers_itself();
}

#[test]
fn a_shelving_that_ended_while_nobody_watched_ends_at_the_start_and_is_loud() {
    let mut play = Play::new(tank());
    play.at(1.0).set("level", 95.0).ack("level/high", 1).shelve("level/high", 10);
    play.now = play.now + Span::from_secs(3_600);
    play.restart(tank()).tick().told();
    assert_eq!(play.state("level/high"), "unacknowledged");
    assert_eq!(play.alarm("level/high").raised, play.now.utc, "nobody heard it before");
    assert_eq!(play.alarm("level/high").why.as_deref(), Some("shelving ended"));
}

#[test]
fn an_unacknowledged_alarm_sounds_after_a_restart_and_an_acknowledged_one_does_not() {
    let mut play = Play::new(tank());
    play.at(1.0).set("level", 95.0).act(|by| Command::Silence { by });
    assert_eq!(play.snapshot().horn, None);
    play.restart(tank());
    assert_eq!(play.snapshot().horn, Some(Priority::High));
    play.ack("level/high", 1).restart(tank());
    assert_eq!(play.snapshot().horn, None);
}

#[test]
fn the_limit_in_force_survives_a_restart_until_its_inputs_have_spoken() {
    let low = "kind = \"low\"\nlimit = 20\npriority = \"high\"\nlimits = [{ when = \"not run\", limit = false }]";
    let mut play = Play::new(written("", low));
    play.at(1.0).scan(&[("run", 0.0), ("flow", 0.0)]).told();
    play.restart(written("", low)).at(2.0).set("flow", 0.0);
    assert_eq!(play.state("flow/low"), "normal", "the pump was off, and nothing says that it is not");
    play.at(3.0).set("run", 1.0);
    assert_eq!(
        play.told(),
        "1s link-up plc1\n3s limit-changed flow/low (limit now 20 %, by state (none of its states))\n\
         3s raised flow/low #1 (limit now 20 %, by state)\n"
    );
    play.remembers_itself();
}

#[test]
fn a_suppression_survives_a_restart_until_its_inputs_have_spoken() {
    let low = "kind = \"low\"\nlimit = 20\npriority = \"high\"\nsuppress-when = \"not run\"";
    let mut play = Play::new(written("", low));
    play.at(1.0).scan(&[("run", 0.0), ("flow", 0.0)]);
    play.restart(written("", low)).at(2.0).set("flow", 0.0);
    assert_eq!(play.state("flow/low"), "suppressed");
    play.at(3.0).set("run", 1.0);
    assert_eq!(play.state("flow/low"), "unacknowledged");
    play.remembers_itself();
}

#[test]
fn the_first_of_a_group_is_marked_after_a_restart_and_no_later_one_takes_the_mark() {
    let both = || {
        let grouped = format!("{HIGH}\ngroup = \"tanks\"");
        let outer = "kind = \"high-high\"\nlimit = 96\npriority = \"high\"\ngroup = \"tanks\"";
        written(&format!("{grouped}\n--\n{outer}"), &grouped)
    };
    let mut play = Play::new(both());
    play.at(1.0).set("level", 95.0).at(2.0).set("flow", 95.0);
    assert_eq!(play.first_out(), ["level/high"]);
    play.restart(both());
    assert_eq!(play.first_out(), ["level/high"]);
    play.at(3.0).set("flow", 95.0).set("level", 97.0);
    assert_eq!(play.first_out(), ["level/high"]);
    // The first one is gone and seen; until the group is normal it was the first all the same.
    play.at(4.0).ack("level/high", 1).set("level", 50.0).ack("level/high-high", 1).restart(both());
    play.at(5.0).set("flow", 95.0).set("level", 95.0);
    assert_eq!(play.first_out(), [""; 0], "it began later than the one that is gone");
    play.remembers_itself();
}

#[test]
fn a_flood_goes_on_after_a_restart() {
    let more: Vec<String> = (0..12)
        .map(|i| {
            format!(
                "[[tag]]\nname = \"t{i}\"\ndevice = \"plc1\"\nregister = \"holding:{}\"\ntype = \"f64\"\n\
                 [[tag.alarm]]\nkind = \"high\"\nlimit = 90\npriority = \"low\"\n",
                20 + 4 * i
            )
        })
        .collect();
    let many = || written_as(1, "", "", &more.concat());
    let mut play = Play::new(many());
    for i in 0..12 {
        play.at(f64::from(i) / 2.0).set(&format!("t{i}"), 95.0);
    }
    assert!(play.snapshot().counts.flood);
    play.restart(many());
    let counts = play.snapshot().counts;
    assert!(counts.flood);
    assert_eq!(counts.annunciated, 12);
}

#[test]
fn a_rate_is_never_found_at_start() {
    let rate = "kind = \"rate\"\nlimit = 0.5\nover = \"10s\"\non-delay = \"5s\"\npriority = \"high\"";
    let mut play = Play::new(written(rate, ""));
    play.restart(written(rate, "")).told();
    play.at(1.0).set("level", 10.0).at(12.0).set("level", 20.0);
    assert_eq!(play.told(), "");
    play.at(17.0).tick();
    assert_eq!(play.told(), "17s raised level/rate #1 (rate 1 %/s)\n", "nobody can know how long it moved before");
}

#[test]
fn a_kill_between_the_entry_and_its_confirmation_leaves_what_the_journal_says() {
    let mut play = Play::new(tank());
    play.at(1.0).set("level", 95.0);
    play.disk = Disk::Stalls;
    play.ack("level/high", 1);
    assert_eq!(play.state("level/high"), "unacknowledged", "not done before it is on disk");
    play.disk = Disk::Writes;
    play.restart(tank());
    assert_eq!(play.state("level/high"), "acknowledged", "and it was on disk");
}
