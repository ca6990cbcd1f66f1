//! A player: the same journal at any speed, and what a person's hand on it does.

use super::*;
use crate::engine::{Actor, AlarmRef, AlarmState, Command, Quality, Snapshot};
use crate::time::{Mono, Span};

/// Real time of these tests.
struct Show {
    player: Player,
    real: Mono,
    journal: Vec<Entry>,
}

impl Show {
    fn new(scenario: &str) -> Self {
        let (project, issues) = crate::project::file::read(PROJECT.as_bytes());
        assert!(issues.is_empty());
        Self::of(project, scenario)
    }

    fn of(project: Project, scenario: &str) -> Self {
        let player = Player::new(Arc::new(project), scenario).unwrap();
        Self { player, real: Mono(7_777), journal: Vec::new() }
    }

    fn control(&mut self, control: Control) {
        self.player.control(control, self.real);
    }

    /// So much real time goes by, seen in so many looks.
    fn wait(&mut self, span: Span, looks: i64) {
        for _ in 0..looks {
            self.real = self.real + Span(span.0 / looks);
            self.compute();
        }
    }

    fn compute(&mut self) {
        while self.player.turn(self.real, 3) {}
        self.journal.extend(self.player.take_journal());
    }

    fn at(&self) -> Span {
        self.player.standing().at
    }

    fn snapshot(&mut self) -> Snapshot {
        self.player.snapshot()
    }

    fn state(&mut self, alarm: &str) -> AlarmState {
        let snapshot = self.snapshot();
        let id = snapshot.plan.alarm_id(alarm);
        snapshot.alarms.iter().find(|a| Some(a.id) == id).map_or(AlarmState::Normal, |a| a.state)
    }
}

const STEP: Span = Span::from_millis(250);

/// Plays to the end, through whatever is not kept.
fn all_of(show: &mut Show, speed: u32) {
    show.control(Control::Speed(speed));
    for _ in 0..100_000 {
        let standing = show.player.standing();
        if standing.next == standing.lines.len() {
            return;
        }
        if standing.course == Course::Paused {
            show.control(Control::Play);
        }
        show.wait(STEP, 1);
    }
    panic!("it never ended: {:?}", show.player.standing());
}

#[test]
fn every_story_makes_the_same_journal_whether_played_at_once_or_before_an_audience() {
    let mut played = 0;
    let plants = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories")).unwrap();
    for plant in plants.map(|entry| entry.unwrap().path()) {
        let project = clean(&plant.join("plant.toml"));
        for story in files(&plant, "csv") {
            let text = fs::read_to_string(&story).unwrap();
            let at_once = json_lines(&play(project.clone(), &text).journal);
            // A prime, so that looks fall between the scenario's own seconds.
            let mut show = Show::of(project.clone(), &text);
            all_of(&mut show, 3_457);
            assert_eq!(json_lines(&show.journal), at_once, "{}", story.display());
            assert!(show.player.standing().judged.iter().all(|judged| judged.kept), "{}", story.display());
            played += 1;
        }
    }
    assert!(played >= 60, "{played}");
}

#[test]
fn time_runs_at_its_speed_and_stands_while_paused() {
    let mut show = Show::new(CONTRACT);
    show.wait(Span::from_secs(5), 4);
    assert_eq!(show.at(), Span::from_secs(0), "it stands at its start");
    show.control(Control::Play);
    show.wait(Span::from_secs(2), 8);
    assert_eq!(show.at(), Span::from_secs(2));
    show.control(Control::Speed(10));
    show.wait(Span::from_millis(500), 2);
    assert_eq!(show.at(), Span::from_secs(7));
    show.control(Control::Pause);
    show.wait(Span::from_secs(60), 4);
    assert_eq!(show.at(), Span::from_secs(7));
    show.control(Control::Play);
    show.wait(Span::from_millis(900), 3);
    assert_eq!((show.at(), show.state("tank1.level/high")), (Span::from_secs(16), AlarmState::Unacknowledged));
    let standing = show.player.standing();
    assert_eq!((standing.next, standing.judged.len()), (4, 2));
    assert_eq!(&*standing.judged[1].words, "tank1.level/high is unacknowledged");
}

#[test]
fn a_step_goes_to_the_next_line_or_to_what_happens_before_it() {
    let mut show = Show::new(CONTRACT);
    let mut stood = Vec::new();
    for _ in 0..6 {
        show.control(Control::Step);
        show.compute();
        stood.push((show.at().as_secs_f64(), show.player.standing().next, show.journal.len()));
    }
    assert_eq!(stood, [(0.0, 1, 0), (10.0, 2, 0), (14.0, 3, 0), (15.0, 3, 1), (16.0, 4, 1), (20.0, 5, 2)]);
}

#[test]
fn a_jump_back_is_a_new_play_from_the_start_and_forgets_nothing_of_the_lines_before() {
    let mut show = Show::new(CONTRACT);
    show.control(Control::Jump(8));
    show.compute();
    assert_eq!((show.at(), show.player.standing().start), (Span::from_secs(40), 1));
    show.control(Control::Jump(4));
    show.compute();
    let standing = show.player.standing();
    assert_eq!((standing.at, standing.start, standing.next), (Span::from_secs(16), 2, 4));
    assert_eq!(standing.judged.len(), 2, "what was expected before is judged again");
    assert_eq!(show.state("tank1.level/high"), AlarmState::Unacknowledged);
    show.control(Control::Restart);
    let standing = show.player.standing();
    assert_eq!((standing.at, standing.next, standing.judged.len()), (Span::from_secs(0), 0, 0));
}

#[test]
fn what_is_not_kept_stops_the_play_in_the_words_of_the_command_and_it_goes_on_when_told_to() {
    let text = "at,do,target,value\n0s,set,tank1.level,96\n4s,expect,tank1.level/high,unacknowledged\n5s,fly,x,\n9s,expect,tank1.level/high,unacknowledged\n";
    let at_once = rehearse(text).fault.unwrap();
    let mut show = Show::new(text);
    show.control(Control::Play);
    show.wait(Span::from_secs(20), 80);
    let standing = show.player.standing();
    assert_eq!((standing.course, standing.at, standing.next), (Course::Paused, Span::from_secs(4), 2));
    let judged = &standing.judged[0];
    assert!(!judged.kept);
    assert_eq!((standing.lines[judged.line].number, judged.words.to_string()), at_once);
    show.control(Control::Play);
    show.wait(Span::from_secs(20), 80);
    assert!(show.player.standing().judged[1].words.contains("no verb"), "a line at fault is told, too");
    show.control(Control::Play);
    show.wait(Span::from_secs(20), 80);
    let standing = show.player.standing();
    assert_eq!(standing.judged.iter().map(|j| j.kept).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(standing.why.as_deref(), Some("the scenario has ended"));
}

#[test]
fn a_person_acts_on_the_play_and_its_journal_says_so() {
    let mut show = Show::new(CONTRACT);
    show.control(Control::Jump(4));
    show.compute();
    let by = Actor { user: "anna".into(), ..Actor::default() };
    let alarms = vec![AlarmRef { alarm: "tank1.level/high".into(), occurrence: 1 }];
    show.player.command(Command::Acknowledge { by, alarms, note: None });
    show.compute();
    assert_eq!(show.state("tank1.level/high"), AlarmState::Acknowledged);
    show.journal.extend(show.player.take_journal());
    assert!(json_lines(&show.journal).contains("anna"));
}

#[test]
fn no_value_of_a_play_passes_for_a_devices() {
    let mut show = Show::new("at,do,target,value\n0s,set,tank1.level,50\n1s,quality,tank1.level,bad:device-fault\n");
    let quality = |snapshot: Snapshot| snapshot.tag(snapshot.plan.tag_id("tank1.level").unwrap()).unwrap().quality;
    show.control(Control::Jump(1));
    show.compute();
    let (first, second) = (show.snapshot(), show.snapshot());
    assert!(Arc::ptr_eq(&first.pages[0], &second.pages[0]), "what has not changed is not made anew");
    assert_eq!(quality(first), Quality::SIMULATED);
    show.control(Control::Jump(2));
    show.compute();
    assert_eq!(quality(show.snapshot()), Quality::DEVICE_FAULT, "bad stays bad");
}
