//! When the horn sounds, and when it is quiet. What plays it is elsewhere.

use super::*;

const HIGH: &str = "kind = \"high\"\nlimit = 90\npriority = \"high\"";
const MEDIUM: &str = "kind = \"high\"\nlimit = 90\npriority = \"medium\"";

fn silence(play: &mut Play) -> Option<Priority> {
    play.act(|by| Command::Silence { by });
    play.snapshot().horn
}

#[test]
fn the_horn_sounds_by_the_most_urgent_that_nobody_has_silenced_or_seen() {
    let mut play = Play::new(written(HIGH, MEDIUM));
    play.at(1.0).set("flow", 95.0);
    assert_eq!(play.snapshot().horn, Some(Priority::Medium));
    play.at(2.0).set("level", 95.0);
    assert_eq!(play.snapshot().horn, Some(Priority::High));
    play.at(3.0).ack("level/high", 1);
    assert_eq!(play.snapshot().horn, Some(Priority::Medium));
    play.at(4.0).set("flow", 50.0);
    assert_eq!(play.snapshot().horn, Some(Priority::Medium), "it returned, and nobody has seen it");
    play.ack("flow/high", 1);
    assert_eq!(play.snapshot().horn, None);
}

#[test]
fn silence_is_for_what_is_there_now_and_the_next_new_alarm_sounds() {
    let mut play = Play::new(written(HIGH, MEDIUM));
    play.at(1.0).set("flow", 95.0);
    assert_eq!(silence(&mut play), None);
    assert!(play.alarm("flow/high").silenced);
    assert_eq!(play.state("flow/high"), "unacknowledged");
    play.at(2.0).set("level", 95.0);
    assert_eq!(play.snapshot().horn, Some(Priority::High));
    assert_eq!(silence(&mut play), None);
    play.at(3.0).set("flow", 50.0).set("flow", 95.0);
    assert_eq!(play.snapshot().horn, Some(Priority::Medium), "the same alarm, come again");
}

#[test]
fn a_silenced_high_alarm_that_nobody_acknowledges_sounds_again_after_five_minutes_and_a_medium_one_does_not() {
    let mut play = Play::new(written(HIGH, MEDIUM));
    play.at(1.0).set("level", 95.0).set("flow", 95.0);
    silence(&mut play);
    play.at(300.9).tick();
    assert_eq!(play.snapshot().horn, None);
    play.at(301.0).tick();
    assert_eq!(play.snapshot().horn, Some(Priority::High));
    play.ack("level/high", 1).at(2_000.0).tick();
    assert_eq!(play.snapshot().horn, None);
}

#[test]
fn a_second_silence_has_five_minutes_of_its_own() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(0.0).set("level", 95.0);
    silence(&mut play);
    play.at(100.0).set("level", 50.0).set("level", 95.0);
    assert_eq!(silence(&mut play), None);
    play.at(399.0).tick();
    assert_eq!(play.snapshot().horn, None);
    play.at(400.0).tick();
    assert_eq!(play.snapshot().horn, Some(Priority::High));
}

#[test]
fn an_edit_makes_no_silence_last_for_ever() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(0.0).set("level", 95.0);
    silence(&mut play);
    play.at(10.0).deploy(written_as(2, &format!("{HIGH}\nresponse = \"Drain it\""), "", ""));
    assert_eq!(play.snapshot().horn, None, "an edit is no new alarm");
    play.at(300.0).tick();
    assert_eq!(play.snapshot().horn, Some(Priority::High));
}

#[test]
fn an_acknowledgement_that_the_disk_refused_quiets_the_horn_for_five_minutes_alone() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(0.0).set("level", 95.0);
    play.disk = Disk::Refuses;
    play.ack("level/high", 1);
    assert_eq!(play.snapshot().horn, None);
    assert_eq!(play.state("level/high"), "unacknowledged");
    play.at(300.0).tick();
    assert_eq!(play.snapshot().horn, Some(Priority::High));
}

#[test]
fn what_is_hidden_makes_no_sound() {
    let mut play = Play::new(written(HIGH, ""));
    play.at(0.0).shelve("level/high", 10).set("level", 95.0);
    assert_eq!(play.snapshot().horn, None);
    play.at(600.0).tick();
    assert_eq!(play.snapshot().horn, Some(Priority::High));
}

#[test]
fn the_newest_of_each_priority_that_nobody_silenced_wants_to_be_heard() {
    let mut play = Play::new(plan(|p| {
        p.alarms[0].on_delay = Span::ZERO;
        p.alarms[2].priority = Priority::Low;
    }));
    let heard = |play: &Play| play.engine.annunciation().newest.map(|at| at.map(|at| at.0 as f64 / 1e6));
    assert_eq!((heard(&play), play.engine.annunciation().most_urgent()), ([None; 4], None));
    play.at(1.0).sample("run", |id| Sample::good(id, Value::Bool(false), Raw::NONE));
    play.at(2.0).set("level", 95.0);
    let high = play.plan.alarms[0].priority;
    assert_eq!(play.engine.annunciation().most_urgent(), Some(high));
    let mut expected = [None; 4];
    expected[high as usize] = Some(2.0);
    expected[Priority::Low as usize] = Some(1.0);
    assert_eq!(heard(&play), expected);
    play.at(3.0).act(|by| Command::Silence { by });
    assert_eq!(heard(&play), [None; 4], "silenced, though nobody acknowledged");
    play.at(4.0).set("level", 50.0).at(5.0).set("level", 95.0);
    expected[Priority::Low as usize] = None;
    expected[high as usize] = Some(5.0);
    assert_eq!(heard(&play), expected, "what comes new is heard; the rest stays quiet");
    play.ack("level/high", 2);
    assert_eq!(heard(&play), [None; 4]);
}
