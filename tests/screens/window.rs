//! The whole window: its pictures, its names for screen readers, its keys, and what its buttons ask of the plant.

use crate::cpu_renderer::CpuRenderer;
use eframe::egui::{Event, Key, Modifiers, UiBuilder, accesskit};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use watchkeeper::engine::{AlarmState, Command, HistoryState, Mode, Snapshot};
use watchkeeper::historian::JournalLink;
use watchkeeper::link::{Desk, PlantLink};
use watchkeeper::time::{Clock, Now, Span};
use watchkeeper::ui::sample::{self, Sample};
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::{Place, Shell, Wishes};
use watchkeeper::ui::theme::ThemeChoice;

/// A window before an audience.
pub struct Desktop {
    pub shell: Shell,
    desk: Desk,
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    pub commands: mpsc::Receiver<Command>,
    now: Now,
    /// Tells the time of each frame; `None`: it stands still, at that of the sample.
    pub clock: Option<Clock>,
    /// What was asked of the program around it, in all frames so far.
    closed: bool,
    pub asked: Vec<watchkeeper::link::DeskRequest>,
    /// Displays that are to have windows of their own, and what is left to the main window.
    pub windows: Vec<String>,
    pub for_main: Vec<watchkeeper::ui::Action>,
}

impl Desktop {
    pub fn new(sample: Sample, settings: Settings) -> Self {
        let now = sample.snapshot.now;
        let (snapshots, pictures) = watch::channel(Arc::new(sample.snapshot));
        let (sender, commands) = mpsc::channel(16);
        let link = PlantLink {
            snapshots: pictures,
            commands: sender,
            history: None,
            journal: JournalLink::on_paper(&sample.journal).ok(),
            about: Arc::new(sample.about),
            refused: None,
        };
        let shell = Shell::new(settings);
        Self {
            shell,
            desk: Desk::Plant(link),
            snapshots,
            commands,
            now,
            clock: None,
            closed: false,
            asked: Vec::new(),
            windows: Vec::new(),
            for_main: Vec::new(),
        }
    }

    /// A window of `size` pixels; the larger its text, the fewer points it has.
    pub fn harness(self, size: [f32; 2]) -> Harness<'static, Self> {
        self.harness_of_steps(size, 0.25)
    }

    /// The same, with so many seconds from frame to frame.
    pub fn harness_of_steps(self, size: [f32; 2], step_secs: f32) -> Harness<'static, Self> {
        let settings = self.shell.settings.clone();
        let zoom = settings.zoom();
        let mut harness = Harness::builder()
            .with_size([size[0] / zoom, size[1] / zoom])
            .with_max_steps(12)
            .with_step_dt(step_secs)
            .with_render_cursor(false)
            .with_context_setup(move |ctx| Shell::new(settings).install(ctx))
            .renderer(CpuRenderer::default())
            .build_ui_state(
                |ui, desktop: &mut Self| {
                    // The harness leaves a margin around its ui; a window has none.
                    let whole = ui.ctx().content_rect();
                    let mut ui = ui.new_child(UiBuilder::new().max_rect(whole));
                    let Wishes { request, close, windows, for_main, .. } = desktop.shell.ui(
                        &mut ui,
                        &desktop.desk,
                        desktop.clock.as_ref().map_or(desktop.now, Clock::now),
                    );
                    desktop.asked.extend(request);
                    desktop.closed |= close;
                    desktop.windows.extend(windows);
                    desktop.for_main.extend(for_main);
                },
                self,
            );
        harness.run_steps(4);
        harness
    }

    /// Another journal than the sample's.
    pub fn set_journal(&mut self, journal: Option<JournalLink>) {
        if let Desk::Plant(plant) = &mut self.desk {
            plant.journal = journal;
        }
    }

    /// Whether it was asked to close.
    pub const fn closed(&self) -> bool {
        self.closed
    }

    pub fn desk(&self) -> Desk {
        self.desk.clone()
    }

    /// Publishes the picture changed by `change`.
    pub fn publish(&self, change: impl FnOnce(&mut Snapshot)) {
        let mut snapshot = (**self.snapshots.borrow()).clone();
        change(&mut snapshot);
        self.snapshots.send_replace(Arc::new(snapshot));
    }

    fn acknowledged(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Acknowledge { alarms, .. } = command {
                names.extend(alarms.iter().map(|a| format!("{} {}", a.alarm, a.occurrence)));
            }
        }
        names
    }
}

fn riverside() -> Harness<'static, Desktop> {
    Desktop::new(sample::riverside(), Settings::default()).harness([1280.0, 800.0])
}

pub fn picture(harness: &mut Harness<'_, Desktop>, name: &str) {
    let image = harness.render().unwrap();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screens");
    std::fs::create_dir_all(&folder).unwrap();
    image.save(folder.join(format!("{name}.png"))).unwrap();
}

/// The first button of this name: the banner's, which stands before those of the lists.
pub fn press(harness: &mut Harness<'_, Desktop>, name: &str) {
    harness.get_all_by_label(name).next().unwrap().click();
    harness.run_steps(3);
}

pub fn is_there(harness: &Harness<'_, Desktop>, name: &str) -> bool {
    harness.query_all_by_label(name).next().is_some()
}

#[test]
fn the_window_is_painted_in_both_themes_and_sizes() {
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        for (size, percent) in [([1280.0, 800.0], 100), ([1280.0, 800.0], 200), ([2560.0, 1440.0], 125)] {
            let settings = Settings { theme, text_scale_percent: percent, ..Settings::default() };
            let mut desktop = Desktop::new(sample::riverside(), settings);
            let chosen = desktop.snapshots.borrow().plan.tag_id("tank1.level");
            desktop.shell.open(Place::Display(0), chosen);
            let mut harness = desktop.harness(size);
            picture(&mut harness, &format!("window-{name}-{}-{percent}", size[0]));
        }
    }
}

#[test]
fn every_part_has_its_name_for_screen_readers() {
    let harness = riverside();
    for name in [
        "alarm tank1.level/high-high",
        "Acknowledge tank1.level/high-high",
        "Silence horn",
        "Open display Tank farm",
        "device plc2",
        "tank1.level",
        "plant time",
        "journal",
        "Find tag, display, alarm or command",
    ] {
        assert!(is_there(&harness, name), "nothing is called {name}");
    }
    let row = harness.get_all_by_label("alarm tank1.level/high-high").next().unwrap();
    let value = row.accesskit_node().value().unwrap();
    assert!(value.starts_with("unacknowledged, critical, 95.3 %, "), "{value}");
    let device = harness.get_all_by_label("device plc2").next().unwrap().accesskit_node().value().unwrap();
    assert_eq!(device, "no answer since 14:02:10, connection refused");
}

#[test]
fn an_acknowledgement_names_the_occurrence_and_a_second_click_at_once_does_nothing() {
    let mut harness = riverside();
    press(&mut harness, "Acknowledge tank1.level/high-high");
    assert_eq!(harness.state_mut().acknowledged(), ["tank1.level/high-high 1"]);
    harness.state_mut().now = harness.state().now + Span::from_millis(300);
    press(&mut harness, "Acknowledge tank1.level/high-high");
    assert!(harness.state_mut().acknowledged().is_empty(), "a double click is one click");
    harness.state_mut().now = harness.state().now + Span::from_millis(300);
    press(&mut harness, "Acknowledge tank1.level/high-high");
    assert_eq!(harness.state_mut().acknowledged().len(), 1);
}

#[test]
fn a_latched_alarm_that_was_acknowledged_is_reset_from_its_faceplate() {
    let mut desktop = Desktop::new(sample::riverside(), Settings::default());
    let name = "tank1.level/high-high";
    desktop.publish(|snapshot| {
        let id = snapshot.plan.alarm_id(name).unwrap();
        let alarms = Arc::make_mut(&mut snapshot.alarms);
        alarms.iter_mut().find(|a| a.id == id).unwrap().state = AlarmState::LatchedAcknowledged;
    });
    let chosen = desktop.snapshots.borrow().plan.tag_id("tank1.level");
    desktop.shell.open(Place::Display(0), chosen);
    let mut harness = desktop.harness([1280.0, 800.0]);
    press(&mut harness, "Reset tank1.level/high-high");
    let sent = harness.state_mut().commands.try_recv().unwrap();
    assert!(matches!(sent, Command::Reset { alarm, .. } if alarm.as_ref() == name));
}

#[test]
fn an_acknowledged_row_keeps_its_place_until_the_pointer_leaves() {
    let mut harness = riverside();
    let top = |harness: &Harness<'_, Desktop>| {
        let rows = harness.get_all_by_role(accesskit::Role::ListItem);
        rows.filter(|row| row.rect().top() < 90.0).filter_map(|row| row.accesskit_node().label()).collect::<Vec<_>>()
    };
    let before = top(&harness);
    assert_eq!(before[0], "alarm tank1.level/high-high");
    press(&mut harness, "Acknowledge tank1.level/high-high");
    harness.state_mut().publish(|snapshot| {
        let alarms: Vec<_> = snapshot.alarms.iter().cloned().collect();
        let mut alarms = alarms;
        alarms[0].state = AlarmState::Acknowledged;
        alarms.sort_by_key(|a| !a.state.needs_acknowledgement());
        snapshot.alarms = Arc::new(alarms);
    });
    harness.run_steps(2);
    assert_eq!(top(&harness), before, "nothing moves under the pointer");
    assert_eq!(
        harness.get_all_by_label(&before[0]).next().unwrap().rect().top(),
        harness.get_all_by_label("alarm tank1.level/high-high").next().unwrap().rect().top()
    );
    harness.hover_at(eframe::egui::pos2(640.0, 500.0));
    harness.run_steps(3);
    assert_ne!(top(&harness)[0], before[0], "the rows are the most urgent again");
}

#[test]
fn ctrl_k_finds_a_tag_and_escape_closes_what_lies_on_top() {
    let mut harness = riverside();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_steps(2);
    harness.event(Event::Text("pump3.fl".to_owned()));
    harness.run_steps(2);
    assert!(is_there(&harness, "tag pump3.flow"));
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert!(is_there(&harness, "Close faceplate"), "the faceplate is open");
    assert!(!is_there(&harness, "Find"), "the finder is closed");
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(!is_there(&harness, "Close faceplate"));
}

#[test]
fn what_is_typed_while_the_finder_opens_is_not_lost() {
    let mut harness = riverside();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.step();
    harness.event(Event::Text("rain.rate".to_owned()));
    harness.run_steps(3);
    assert!(is_there(&harness, "tag rain.rate"));
    assert!(!is_there(&harness, "tag pump3.flow"));
}

#[test]
fn f1_lists_every_key() {
    let mut harness = riverside();
    harness.key_press(Key::F1);
    harness.run_steps(3);
    for key in ["Ctrl+K", "Ctrl+O", "F11", "F1"] {
        assert!(is_there(&harness, key), "{key} is not listed");
    }
    picture(&mut harness, "keys");
}

#[test]
fn closing_asks_while_alarms_stand_and_no_is_the_default() {
    let mut harness = riverside();
    let desktop = harness.state_mut();
    assert!(!desktop.shell.may_close(&desktop.desk.clone()));
    harness.run_steps(3);
    assert!(is_there(&harness, "Stop watching Riverside pumping station? 1 critical, 3 high, 3 medium, 1 low stand"));
    picture(&mut harness, "question");
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert!(!harness.state().closed, "Enter keeps watching");
    assert!(!is_there(&harness, "Keep watching"), "the question is gone");
    let desktop = harness.state_mut();
    assert!(!desktop.shell.may_close(&desktop.desk.clone()));
    harness.run_steps(3);
    press(&mut harness, "Stop watching");
    assert!(harness.state().closed);
}

#[test]
fn a_quiet_plant_and_a_demo_close_without_a_question() {
    let mut quiet = Desktop::new(sample::quiet(), Settings::default());
    assert!(quiet.shell.may_close(&quiet.desk.clone()));
    let mut demo = Desktop::new(sample::riverside(), Settings::default());
    demo.publish(|snapshot| snapshot.mode = Mode::Demo);
    assert!(demo.shell.may_close(&demo.desk.clone()));
}

#[test]
fn a_plant_that_another_process_watches_says_so_and_closes_without_a_question() {
    let mut sample = sample::riverside();
    sample.about.held_by = Some("process 4711 of ops on control1".to_owned());
    let mut desktop = Desktop::new(sample, Settings::default());
    assert!(desktop.shell.may_close(&desktop.desk.clone()));
    let harness = desktop.harness([1280.0, 800.0]);
    let words = "This window acquires nothing: the plant is watched by process 4711 of ops on control1";
    assert!(harness.query_all_by_value(words).next().is_some() || is_there(&harness, words));
    let silence = harness.get_by_label("Silence horn");
    assert!(silence.accesskit_node().is_disabled(), "its horn is silenced where it is watched");
}

#[test]
fn a_plant_whose_watcher_ended_and_that_could_not_be_taken_over_says_that_nobody_watches_it() {
    let mut sample = sample::riverside();
    sample.about.held_by = Some("process 4711".to_owned());
    sample.about.unwatched = Some("process 4711 has ended, and so on".to_owned());
    let harness = Desktop::new(sample, Settings::default()).harness([1280.0, 800.0]);
    let words = "⚠ Nobody watches this plant: process 4711 has ended, and so on";
    assert!(harness.query_all_by_value(words).next().is_some() || is_there(&harness, words));
}

#[test]
fn a_demo_says_so_in_the_window_and_in_its_title() {
    let desktop = Desktop::new(sample::quiet(), Settings::default());
    desktop.publish(|snapshot| snapshot.mode = Mode::Demo);
    assert_eq!(Shell::title(&desktop.desk), "Riverside pumping station - Watchkeeper - DEMO");
    let mut harness = desktop.harness([1280.0, 800.0]);
    assert!(is_there(&harness, "DEMO"));
    picture(&mut harness, "window-demo");
    assert_eq!(Shell::title(&riverside().state().desk), "Riverside pumping station - Watchkeeper");
}

#[test]
fn the_text_scales_from_75_to_200_percent_and_the_banner_stays_whole() {
    for percent in [75, 100, 160, 200] {
        let settings = Settings { text_scale_percent: percent, ..Settings::default() };
        let harness = Desktop::new(sample::riverside(), settings.clone()).harness([1280.0, 800.0]);
        for name in ["Silence horn", "Menu", "Acknowledge tank1.level/high-high", "alarm tank1.level/high-high"] {
            let rect = harness.get_all_by_label(name).next().unwrap().rect();
            let right = 1280.0 / settings.zoom();
            assert!(rect.left() >= 0.0 && rect.right() <= right + 0.5, "{name} at {percent} %: {rect:?}");
            assert!(rect.bottom() <= 100.0, "{name} at {percent} %: {rect:?}");
        }
    }
}

#[test]
fn each_state_without_a_plant_has_its_own_words() {
    for (desk, words, name) in [
        (Desk::Empty, "Nothing is being watched", "nothing"),
        (Desk::Opening("riverside.toml".to_owned()), "Opening riverside.toml", "opening"),
        (
            Desk::Failed { what: "/plants/riverside.toml".to_owned(), why: "no such file".to_owned() },
            "It could not be opened",
            "failed",
        ),
    ] {
        let mut desktop = Desktop::new(sample::quiet(), Settings::default());
        desktop.desk = desk;
        desktop.shell.settings.remember("/plants/energy.toml".into());
        let mut harness = desktop.harness([1280.0, 800.0]);
        assert!(is_there(&harness, words), "{words}");
        picture(&mut harness, &format!("start-{name}"));
        if name != "opening" {
            press(&mut harness, "Open project /plants/energy.toml");
            assert_eq!(harness.state().asked.len(), 1);
        }
    }
}

#[test]
fn a_journal_that_cannot_write_is_told_with_what_it_means_first() {
    let desktop = Desktop::new(sample::riverside(), Settings::default());
    desktop.publish(|snapshot| {
        snapshot.journal.fault = Some("no space left on device".into());
        snapshot.journal.waiting = 12;
    });
    let mut harness = desktop.harness([1280.0, 800.0]);
    let fault = harness.get_by_label("Journal fault").accesskit_node().value().unwrap();
    assert!(fault.starts_with("Acknowledging is refused"), "{fault}");
    assert!(fault.contains("no space left on device") && fault.contains("12 entries wait"), "{fault}");
    picture(&mut harness, "journal-fault");
}

/// Every button that acknowledges, with its place.
fn acknowledge_buttons(harness: &Harness<'_, Desktop>) -> Vec<(String, eframe::egui::Rect)> {
    let buttons = harness.get_all_by_role(accesskit::Role::Button);
    let named = buttons.filter_map(|b| Some((b.accesskit_node().label()?, b.rect())));
    named.filter(|(name, _)| name.starts_with("Acknowledge")).collect()
}

#[test]
fn no_acknowledge_button_moves_because_a_notice_comes_or_goes() {
    for (name, size, shown) in [
        ("wide", [1280.0, 800.0], Place::Alarms),
        ("stacked", [1000.0, 700.0], Place::Display(0)),
        ("stacked-list", [760.0, 470.0], Place::Alarms),
        ("smallest", [480.0, 300.0], Place::Alarms),
    ] {
        let mut desktop = Desktop::new(sample::riverside(), Settings::default());
        desktop.shell.open(shown, None);
        let mut harness = desktop.harness(size);
        harness.run_steps(3);
        let before = acknowledge_buttons(&harness);
        assert!(!before.is_empty(), "{name}");
        harness.state_mut().publish(|snapshot| snapshot.journal.fault = Some("no space left on device".into()));
        drop_files(&mut harness, &["/plants/picture.png"]);
        harness.run_steps(3);
        assert!(is_there(&harness, "Journal fault") && is_there(&harness, "Notice"), "{name}");
        let during = acknowledge_buttons(&harness);
        for (button, place) in &during {
            assert!(before.contains(&(button.clone(), *place)), "{name}: {button} moved to {place}");
        }
        assert!(during.len() + 2 >= before.len(), "{name}: at most the places of two rows are taken");
        picture(&mut harness, &format!("notice-{name}"));
        harness.state_mut().publish(|snapshot| snapshot.journal.fault = None);
        harness.run_steps(3);
        for (button, place) in acknowledge_buttons(&harness) {
            assert!(before.contains(&(button.clone(), place)), "{name}: {button} moved back to {place}");
        }
    }
}

#[test]
fn where_a_notice_goes_under_the_pointer_no_button_comes_up() {
    let desktop = Desktop::new(sample::riverside(), Settings::default());
    desktop.publish(|snapshot| snapshot.journal.fault = Some("no space left on device".into()));
    let mut harness = desktop.harness([1280.0, 800.0]);
    harness.run_steps(2);
    let count = acknowledge_buttons(&harness).len();
    let line = harness.get_by_label("Journal fault").rect();
    harness.hover_at(line.center());
    harness.run_steps(2);
    harness.state_mut().publish(|snapshot| snapshot.journal.fault = None);
    harness.run_steps(2);
    assert!(!is_there(&harness, "Journal fault"));
    assert_eq!(acknowledge_buttons(&harness).len(), count, "the place stays empty under the pointer");
    harness.hover_at(eframe::egui::pos2(640.0, 700.0));
    harness.run_steps(3);
    assert_eq!(acknowledge_buttons(&harness).len(), count + 1);
}

#[test]
fn what_ails_the_recording_is_told_in_the_status_bar() {
    let told = |name: &str, change: fn(&mut HistoryState)| {
        let desktop = Desktop::new(sample::quiet(), Settings::default());
        desktop.publish(|snapshot| change(snapshot.history.as_mut().unwrap()));
        let mut harness = desktop.harness([1280.0, 800.0]);
        picture(&mut harness, name);
        let item = harness.get_all_by_label("history").next().unwrap().accesskit_node();
        (format!("{:?}", item.role()), item.value().unwrap())
    };
    let (role, value) = told("history", |_| {});
    assert!(role == "Status" && value.contains("0 lost; 94.3 MB on disk, 41.2 GB of 116.6 GB free"), "{role} {value}");
    let (role, value) = told("history-fault", |history| {
        (history.fault, history.waiting, history.lost) = (Some("disk full".into()), 5_000, 70);
    });
    assert!(role == "Button" && value.contains("70 lost") && value.ends_with("; disk full"), "{role} {value}");
    let (role, value) = told("history-filling", |history| history.free_bytes = Some(800_000_000));
    assert!(role == "Button" && value.contains("800.0 MB of 116.6 GB free"), "{role} {value}");
}

/// A file that is dropped on the window.
#[derive(Debug)]
struct Dropped(PathBuf);

impl eframe::egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("the window reads no file itself".to_owned())
    }
}

pub fn drop_files(harness: &mut Harness<'_, Desktop>, names: &[&str]) {
    for name in names {
        harness.input_mut().dropped_files.push(Arc::new(Dropped(PathBuf::from(name))));
    }
    harness.run_steps(3);
}

#[test]
fn a_project_dropped_on_the_window_is_opened_and_anything_else_is_told() {
    let mut desktop = Desktop::new(sample::quiet(), Settings::default());
    let plant = std::mem::replace(&mut desktop.desk, Desk::Empty);
    for (desk, name) in [(Desk::Empty, "start"), (plant, "plant")] {
        desktop.desk = desk;
        let mut harness = desktop.harness([1280.0, 800.0]);
        drop_files(&mut harness, &["/plants/picture.png"]);
        assert!(harness.state().asked.is_empty(), "nothing is opened");
        let told = "picture.png was not opened: a project is a file *.toml, a bundle one *.zip, \
                    and *.yaml, *.conf, *.json and *.csv are imported";
        let notice = harness.query_all_by_label("Notice").next().and_then(|n| n.accesskit_node().value());
        assert!(
            notice.as_deref() == Some(told) || harness.query_all_by_value(told).next().is_some(),
            "{name}: {notice:?}"
        );
        picture(&mut harness, &format!("dropped-picture-{name}"));
        drop_files(&mut harness, &["/plants/a.toml", "/plants/b.toml"]);
        assert!(harness.state().asked.is_empty(), "nothing is opened on a guess");
        drop_files(&mut harness, &["/plants/energy.toml", "/plants/notes.txt"]);
        assert_eq!(harness.state().asked, [watchkeeper::link::DeskRequest::Open("/plants/energy.toml".into())]);
        desktop = Desktop::new(sample::quiet(), Settings::default());
    }
}

#[test]
fn a_project_that_cannot_be_opened_is_told_over_the_plant_that_goes_on() {
    let mut desktop = Desktop::new(sample::riverside(), Settings::default());
    let Desk::Plant(link) = &mut desktop.desk else { panic!("no plant") };
    link.refused = Some(Arc::new(watchkeeper::link::Refused {
        what: "/plants/pant.toml".to_owned(),
        why: "there is no file \"pant.toml\" in /plants; did you mean \"plant.toml\"? that folder holds \"plant.toml\""
            .to_owned(),
    }));
    let mut harness = desktop.harness([1280.0, 800.0]);
    assert!(is_there(&harness, "It could not be opened") && is_there(&harness, "alarm tank1.level/high-high"));
    picture(&mut harness, "refused");
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!is_there(&harness, "It could not be opened"), "told once");
}

#[test]
fn what_lies_beside_a_new_journal_is_told_until_it_is_closed_and_stays_among_the_faults() {
    let mut sample = sample::quiet();
    sample.about.notices = vec![
        "This journal is new, but /plants/river.data holds the one of /plants/river.toml, which is no longer there; if this is that plant renamed, write [history] path = \"river.data\" in the project and open it again: its alarms and acts then go on".to_owned(),
    ];
    let mut harness = Desktop::new(sample.clone(), Settings::default()).harness([1280.0, 800.0]);
    assert!(is_there(&harness, "Notice of the journal"));
    picture(&mut harness, "notice");
    press(&mut harness, "Close notices");
    assert!(!is_there(&harness, "Notice of the journal"));
    press(&mut harness, "Open faults of the project");
    picture(&mut harness, "notice-faults");
    let small = Settings { text_scale_percent: 200, ..Settings::default() };
    picture(&mut Desktop::new(sample, small).harness([640.0, 400.0]), "notice-small");
}
