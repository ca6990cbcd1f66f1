//! A scenario on the real screens: pictures of it, what is told of the plant behind it, and that nothing reaches that.

use crate::window::{Desktop, is_there, picture, press};
use eframe::egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use watchkeeper::engine::rehearsal::{Control, Player, Standing};
use watchkeeper::engine::{AlarmState, Command, Snapshot};
use watchkeeper::historian::JournalLink;
use watchkeeper::link::{About, Desk, PlantLink, PlayAsk, PlayLink, PlayOf, PlaysLink};
use watchkeeper::time::Mono;
use watchkeeper::ui::Action;
use watchkeeper::ui::sample;
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::theme::ThemeChoice;

const SCENARIO: &str = "at,do,target,value
0s,set,tank1.level,50
0s,set,pump3.flow,87
10s,set,tank1.level,96
14s,expect,tank1.level/high-high,unacknowledged
30s,expect,tank1.level/high-high,acknowledged
40s,set,tank1.level,50
60s,expect,tank1.level/high-high,normal
";

/// Plays on the thread of the test, when it is told to.
struct Theatre {
    asks: mpsc::Receiver<PlayAsk>,
    on: Option<On>,
}

struct On {
    player: Player,
    snapshots: watch::Sender<Arc<Snapshot>>,
    standing: watch::Sender<Arc<Standing>>,
    _desk: watch::Sender<Desk>,
    controls: mpsc::Receiver<Control>,
    commands: mpsc::Receiver<Command>,
    journal: JournalLink,
    real: Mono,
}

impl Theatre {
    fn new() -> (Self, PlaysLink) {
        let (asks, asked) = mpsc::channel(1);
        (Self { asks: asked, on: None }, PlaysLink { asks })
    }

    /// Answers what was asked.
    fn begin(&mut self) {
        let ask = self.asks.try_recv().unwrap();
        let PlayOf::Running(project) = ask.of else { panic!("of the plan that runs") };
        let mut player = Player::new(project, SCENARIO).unwrap();
        let journal = JournalLink::on_paper(&[]).unwrap();
        let (snapshots, seen) = watch::channel(Arc::new(player.snapshot()));
        let (commands, asked) = mpsc::channel(16);
        let plant = PlantLink {
            snapshots: seen,
            commands,
            history: None,
            journal: Some(journal.clone()),
            about: Arc::new(About { actor: ask.actor, ..About::default() }),
            refused: None,
        };
        let (desk, shown) = watch::channel(Desk::Plant(plant));
        let (standing, known) = watch::channel(Arc::new(player.standing()));
        let (controls, hand) = mpsc::channel(16);
        let link = PlayLink { name: "storm.rehearsal.csv".into(), desk: shown, standing: known, controls };
        ask.answer.set(Ok(link)).unwrap();
        self.on = Some(On {
            player,
            snapshots,
            standing,
            _desk: desk,
            controls: hand,
            commands: asked,
            journal,
            real: Mono(0),
        });
    }

    /// Does what was pressed, and shows it; gives back the acts that came.
    fn go(&mut self) -> usize {
        let on = self.on.as_mut().unwrap();
        let mut acts = 0;
        while let Ok(control) = on.controls.try_recv() {
            on.player.control(control, on.real);
        }
        while let Ok(command) = on.commands.try_recv() {
            on.player.command(command);
            acts += 1;
        }
        while on.player.turn(on.real, 100) {}
        let count = on.journal.write_on_paper(&on.player.take_journal()).unwrap();
        on.player.journaled(count);
        on.snapshots.send_replace(Arc::new(on.player.snapshot()));
        on.standing.send_replace(Arc::new(on.player.standing()));
        acts
    }

    fn standing(&self) -> Standing {
        self.on.as_ref().unwrap().player.standing()
    }

    fn state(&self, alarm: &str) -> AlarmState {
        let snapshot = self.on.as_ref().unwrap().snapshots.borrow();
        let id = snapshot.plan.alarm_id(alarm);
        snapshot.alarms.iter().find(|a| Some(a.id) == id).map_or(AlarmState::Normal, |a| a.state)
    }
}

fn play(theme: ThemeChoice, size: [f32; 2], percent: u16) -> (Harness<'static, Desktop>, Theatre) {
    let (mut theatre, link) = Theatre::new();
    let settings = Settings { theme, text_scale_percent: percent, ..Settings::default() };
    let mut desktop = Desktop::new(sample::riverside(), settings);
    desktop.shell.set_plays(Some(link));
    desktop.shell.ask(vec![Action::PlayScenario("storm.rehearsal.csv".into())]);
    let mut harness = desktop.harness(size);
    theatre.begin();
    harness.run_steps(3);
    (harness, theatre)
}

fn said(harness: &Harness<'_, Desktop>, name: &str) -> String {
    let node = harness.query_all_by_label(name).next();
    node.and_then(|node| node.accesskit_node().value()).unwrap_or_else(|| panic!("nothing is called {name}"))
}

#[test]
fn a_play_is_not_live_and_tells_of_the_plant_behind_it() {
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        for (size, percent) in [([1280.0, 800.0], 100), ([2560.0, 1440.0], 150)] {
            let (mut harness, mut theatre) = play(theme, size, percent);
            press(&mut harness, "All lines of the scenario");
            press(&mut harness, "Go to line 7");
            theatre.go();
            harness.run_steps(3);
            for there in ["NOT LIVE", "Back to the plant", "alarm tank1.level/high-high", "Time of the play"] {
                assert!(is_there(&harness, there), "nothing is called {there}");
            }
            let behind = said(&harness, "The plant behind this");
            assert!(behind.contains("unacknowledged alarms") && behind.ends_with("go back"), "{behind}");
            assert_eq!(said(&harness, "Expectations"), "1 kept, 1 not kept");
            assert_eq!(
                said(&harness, "Last line"),
                "Line 6: 30s expect tank1.level/high-high acknowledged – not kept: tank1.level/high-high is unacknowledged, expected acknowledged"
            );
            picture(&mut harness, &format!("play-{name}-{}-{percent}", size[0]));
            let tiles = harness.query_all_by_label("tank1.level").filter_map(|node| node.accesskit_node().value());
            let tiles: Vec<String> = tiles.collect();
            assert!(tiles.iter().any(|tile| tile.contains("96.0 %, uncertain: simulated")), "{tiles:?}");
        }
    }
}

#[test]
fn what_a_person_does_in_a_play_is_the_plays_alone() {
    let (mut harness, mut theatre) = play(ThemeChoice::Dark, [1280.0, 800.0], 100);
    press(&mut harness, "All lines of the scenario");
    press(&mut harness, "Go to line 6");
    theatre.go();
    harness.run_steps(2);
    assert_eq!(theatre.state("tank1.level/high-high"), AlarmState::Unacknowledged);
    press(&mut harness, "Acknowledge tank1.level/high-high");
    assert_eq!(theatre.go(), 1);
    assert_eq!(theatre.state("tank1.level/high-high"), AlarmState::Acknowledged);
    press(&mut harness, "Silence horn");
    assert_eq!(theatre.go(), 1, "it silences the play, which makes no sound");
    press(&mut harness, "Step to the next event");
    theatre.go();
    harness.run_steps(2);
    assert!(said(&harness, "Last line").ends_with("– kept"), "what was expected of an operator was done by one");
    assert!(harness.state_mut().commands.try_recv().is_err(), "nothing reaches the plant");
    harness.key_press(Key::F6);
    harness.run_steps(4);
    let rows: Vec<String> = harness
        .get_all_by(|node| node.role() == eframe::egui::accesskit::Role::Row)
        .filter_map(|node| node.accesskit_node().value())
        .collect();
    assert!(rows.iter().any(|row| row.contains("acknowledged") && row.contains("desk")), "{rows:?}");
}

#[test]
fn esc_leads_back_to_the_plant_at_once_and_the_play_waits() {
    let (mut harness, mut theatre) = play(ThemeChoice::Dark, [1280.0, 800.0], 100);
    press(&mut harness, "Play the scenario");
    theatre.go();
    harness.run_steps(2);
    picture(&mut harness, "play-runs");
    assert!(is_there(&harness, "Pause the scenario"), "{:?}", theatre.standing());
    // A faceplate is open: it does not stand between an operator and the plant.
    press(&mut harness, "pump3.flow");
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!is_there(&harness, "Back to the plant") && !is_there(&harness, "NOT LIVE"), "that is the plant");
    theatre.go();
    assert!(!theatre.on.as_ref().unwrap().player.is_running(), "it stands while nobody looks");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_steps(2);
    harness.event(Event::Text("play a scen".to_owned()));
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert!(is_there(&harness, "Back to the plant"), "and is there again");
    press(&mut harness, "End the play");
    assert!(!is_there(&harness, "Back to the plant"));
    assert!(theatre.on.as_ref().unwrap().controls.is_closed(), "its thread ends");
}

#[test]
fn what_concerns_the_program_is_done_in_the_plants_window_and_what_changes_the_project_is_refused() {
    let (mut harness, mut theatre) = play(ThemeChoice::Dark, [1280.0, 800.0], 100);
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::N);
    harness.run_steps(3);
    assert!(said(&harness, "Notice").contains("go back first"));
    assert!(harness.state().windows.is_empty());
    let before = harness.state().shell.settings.theme;
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_steps(2);
    harness.event(Event::Text("other theme".to_owned()));
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert_ne!(harness.state().shell.settings.theme, before, "chosen once, for all windows");
    assert!(is_there(&harness, "Back to the plant"));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Q);
    harness.run_steps(3);
    assert!(is_there(&harness, "Keep watching"), "asked over the plant whose alarms stand");
    assert!(!harness.state().closed());
    theatre.go();
}

#[test]
fn a_scenario_that_cannot_be_played_says_why_and_the_plant_goes_on() {
    let (mut theatre, link) = Theatre::new();
    let mut desktop = Desktop::new(sample::riverside(), Settings::default());
    desktop.shell.set_plays(Some(link));
    desktop.shell.ask(vec![Action::PlayScenario("storm.rehearsal.csv".into())]);
    let mut harness = desktop.harness([1280.0, 800.0]);
    let why = "storm.rehearsal.csv:3: error: \"5\" has no unit";
    theatre.asks.try_recv().unwrap().answer.set(Err(why.to_owned())).unwrap();
    harness.run_steps(3);
    assert!(is_there(&harness, why), "{why}");
    assert!(!is_there(&harness, "Back to the plant"));
}
