//! The program's own alarms.

use super::*;

#[test]
fn faults_of_the_project_are_an_alarm_of_the_system() {
    let mut play = Play::new(plan(|p| p.unwatched_alarms = 3));
    assert_eq!(play.state("system.project/faults"), "unacknowledged");
}

/// The plan with the program's own two alarms of its history.
fn with_history(p: &mut Plan) {
    let mut recording = alarm("system.history/recording", Subject::System, Condition::Recording);
    recording.off_delay = Span::from_secs(10);
    // The level's quality would be told beside.
    p.alarms[1].on_delay = Span::from_secs(3_600);
    p.alarms.insert(4, recording);
    p.alarms.insert(5, alarm("system.history/disk-space", Subject::System, Condition::DiskSpace));
}

#[test]
fn samples_that_cannot_be_recorded_are_journaled_and_an_alarm_until_it_goes_well_for_a_while() {
    let mut play = Play::new(plan(with_history));
    let state =
        |fault: Option<&str>, lost| HistoryState { fault: fault.map(Arc::from), lost, ..HistoryState::default() };
    play.at(1.0).apply(Input::History(state(None, 0)));
    play.at(2.0).apply(Input::History(state(Some("disk full"), 0)));
    assert_eq!(play.state("system.history/recording"), "unacknowledged");
    play.at(3.0).apply(Input::History(state(Some("disk full"), 7)));
    play.at(4.0).apply(Input::History(state(None, 7)));
    play.at(20.0).tick();
    let told = "2s recording-fault - (disk full)\n2s raised system.history/recording #1\n\
                4s recording-resumed - (7 samples were lost)\n14s returned system.history/recording\n";
    assert_eq!(play.told(), told);
    play.ack("system.history/recording", 1).at(30.0).apply(Input::History(state(None, 8)));
    assert_eq!(
        play.state("system.history/recording"),
        "unacknowledged",
        "one lost without a fault of the disk counts too"
    );
    play.at(31.0).apply(Input::History(state(None, 8)));
    play.at(50.0).tick();
    assert_eq!(play.state("system.history/recording"), "returned");
    play.remembers_itself();
}

#[test]
fn a_disk_that_fills_is_an_alarm_before_it_is_full() {
    let mut play = Play::new(plan(with_history));
    let gib = 1_u64 << 30;
    let mut space = |second: f64, free: u64| {
        let state = HistoryState { free_bytes: Some(free), disk_bytes: Some(100 * gib), ..HistoryState::default() };
        play.at(second).apply(Input::History(state));
        play.state("system.history/disk-space")
    };
    assert_eq!(space(1.0, 6 * gib), "normal");
    assert_eq!(space(2.0, 5 * gib - 1), "unacknowledged");
    assert_eq!(space(3.0, 5 * gib + 1), "unacknowledged", "neither does it come and go with each file");
    assert_eq!(space(4.0, 6 * gib), "returned");
    let raised = play.entries.iter().find(|e| e.event == Event::Raised).unwrap();
    assert_eq!((&raised.value, raised.unit.as_deref()), (&Some(Value::U64(5 * gib - 1)), Some("B")));
    play.apply(Input::History(HistoryState::default()));
    assert_eq!(play.state("system.history/disk-space"), "returned", "what is not known changes nothing");
    for (disk_gib, least_mib) in [(1, 256), (8, 1_024), (100, 5_120), (4_000, 10_240)] {
        assert_eq!(HistoryState::least_free_bytes(disk_gib * gib), least_mib << 20, "{disk_gib} GiB");
    }
}

#[test]
fn a_horn_that_cannot_be_heard_is_journaled_once_and_an_alarm_until_it_is_heard_for_a_while() {
    let mut play = Play::new(plan(|p| {
        let mut silent = alarm("system.horn/silent", Subject::System, Condition::SilentHorn);
        silent.off_delay = Span::from_secs(10);
        p.alarms[1].on_delay = Span::from_secs(3_600);
        p.alarms.insert(4, silent);
    }));
    let ready = || Input::Horn(HornState::Ready { player: "aplay".into() });
    let silent = |why: &str| Input::Horn(HornState::Silent(why.into()));
    play.at(1.0).apply(Input::Horn(HornState::Trying));
    play.at(2.0).apply(ready());
    play.at(3.0).apply(silent("no soundcards found"));
    play.at(4.0).apply(silent("it did not end within 3 s"));
    assert_eq!(play.state("system.horn/silent"), "unacknowledged");
    play.at(5.0).apply(ready());
    play.at(20.0).tick();
    let told = "3s horn-silent - (no soundcards found)\n3s raised system.horn/silent #1\n\
                5s horn-ready - (played by aplay)\n15s returned system.horn/silent\n";
    assert_eq!(play.told(), told);
    play.ack("system.horn/silent", 1).at(30.0).apply(silent("gone"));
    play.at(31.0).apply(Input::Horn(HornState::Off("by anna@desk-1".into())));
    play.at(50.0).tick();
    assert_eq!(play.state("system.horn/silent"), "returned", "a horn that was switched off is no fault");
    assert_eq!(play.entries.iter().filter(|e| e.event == Event::HornOff).count(), 1);
    play.remembers_itself();
}
