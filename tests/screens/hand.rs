//! Tags in the hand: dragged from whatever shows them onto a trend, chosen in the finder, pressed twice.

use crate::stage::{Stage, picture};
use crate::window::{self, Desktop, is_there, press};
use eframe::egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use std::sync::Arc;
use watchkeeper::engine::Mode;
use watchkeeper::link::DeskRequest;
use watchkeeper::project::{Display, Pen, Source, TopicSource};
use watchkeeper::time::Span;
use watchkeeper::ui::sample;
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::Place;
use watchkeeper::ui::theme::ThemeChoice;

const TREND: &str = "trend tank1.level, tank2.level, station.inflow";

fn middle<S>(harness: &Harness<'_, S>, name: &str) -> Pos2 {
    harness.get_all_by_label(name).next().unwrap_or_else(|| panic!("nothing is called {name}")).rect().center()
}

/// Takes hold at one place and brings the pointer to another, in steps as a hand does.
fn carry<S>(harness: &mut Harness<'_, S>, from: Pos2, to: Pos2) {
    harness.hover_at(from);
    harness.run_steps(1);
    harness.drag_at(from);
    harness.run_steps(1);
    for step in 1..=4 {
        harness.hover_at(from + (to - from) * (step as f32 / 4.0));
        harness.run_steps(1);
    }
}

fn drag<S>(harness: &mut Harness<'_, S>, from: Pos2, to: Pos2) {
    carry(harness, from, to);
    harness.drop_at(to);
    harness.run_steps(4);
    harness.hover_at(Pos2::new(2.0, 2.0));
    harness.run_steps(2);
}

fn farm(theme: ThemeChoice) -> Harness<'static, Stage> {
    Stage::new(sample::riverside(), "Tank farm", theme).harness([1280.0, 800.0], 1.0)
}

#[test]
fn a_value_dropped_on_a_trend_is_a_pen_until_it_is_taken_off() {
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut harness = farm(theme);
        // From a tile, from a gauge, from a bar: of a unit that is there, of one that is not.
        for tag in ["station.flow", "pump1.speed", "tank3.level"] {
            let from = middle(&harness, tag);
            let to = harness.get_all_by_label_contains("trend tank1.level").next().unwrap().rect().center();
            drag(&mut harness, from, to);
        }
        let whole = format!("{TREND}, station.flow, pump1.speed, tank3.level");
        let told = harness.get_by_label(&whole).value().unwrap();
        assert_eq!(told, "● live 2 h, 3 pens added");
        assert!(harness.state().out.actions.is_empty(), "a drag is no press: {:?}", harness.state().out.actions);
        picture(&mut harness, &format!("trend-added-{name}"));
        harness.get_by_label("Take off pen pump1.speed").click();
        harness.run_steps(4);
        assert!(harness.query_by_label(&format!("{TREND}, station.flow, tank3.level")).is_some());
        assert!(harness.query_by_label("Take off pen tank1.level").is_none(), "what the project gives it stays");
    }
}

#[test]
fn a_hidden_pen_stays_hidden_when_one_before_it_is_taken_off() {
    let mut harness = farm(ThemeChoice::Dark);
    for tag in ["station.flow", "tank3.level"] {
        let from = middle(&harness, tag);
        let to = harness.get_all_by_label_contains("trend tank1.level").next().unwrap().rect().center();
        drag(&mut harness, from, to);
    }
    harness.get_by_label("Hide pen tank3.level").click();
    harness.run_steps(2);
    harness.get_by_label("Take off pen station.flow").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Show pen tank3.level").is_some());
    assert!(harness.query_by_label("Hide pen station.inflow").is_some());
}

#[test]
fn what_is_no_pen_is_told_before_it_is_dropped_and_adds_nothing() {
    let mut harness = farm(ThemeChoice::Dark);
    let from = middle(&harness, "tank2.level");
    let to = middle(&harness, TREND);
    carry(&mut harness, from, to);
    picture(&mut harness, "trend-drop-refused-dark");
    harness.drop_at(to);
    harness.run_steps(4);
    assert!(harness.query_by_label(TREND).is_some());
}

#[test]
fn a_trend_takes_as_many_pens_as_can_be_told_apart() {
    let mut harness = farm(ThemeChoice::Dark);
    for tag in
        ["station.flow", "pump1.pressure", "rain.rate", "pump3.flow", "pump1.speed", "tank3.level", "tank4.level"]
    {
        let from = middle(&harness, tag);
        let to = harness.get_all_by_label_contains("trend tank1.level").next().unwrap().rect().center();
        drag(&mut harness, from, to);
    }
    let whole = format!("{TREND}, station.flow, pump1.pressure, rain.rate, pump3.flow, pump1.speed");
    assert!(harness.query_by_label(&whole).is_some());
    picture(&mut harness, "trend-eight-pens-dark");
}

#[test]
fn a_legend_row_of_one_trend_becomes_a_pen_of_another() {
    let mut harness = Stage::new(sample::riverside(), "Pump house 1", ThemeChoice::Dark).harness([1280.0, 800.0], 1.0);
    let [from, to] = ["trend pump2.vibration, pump1.running", "trend pump3.flow, station.flow, weather.wind"]
        .map(|name| harness.get_by_label(name).rect());
    // The row of the first pen stands in the table beside its plot.
    let row = harness.get_all_by_label("pump2.vibration").find(|n| n.rect().left() > from.right()).unwrap().rect();
    drag(&mut harness, row.center(), to.center());
    assert!(harness.query_by_label("trend pump3.flow, station.flow, weather.wind, pump2.vibration").is_some());
}

fn desktop(theme: ThemeChoice, place: Place, chosen: Option<&str>, size: [f32; 2]) -> Harness<'static, Desktop> {
    let percent = if size[0] > 2_000.0 { 150 } else { 100 };
    let settings = Settings { theme, text_scale_percent: percent, ..Settings::default() };
    let mut desktop = Desktop::new(sample::riverside(), settings);
    let chosen = chosen.map(|name| desktop.snapshots.borrow().plan.tag_id(name).unwrap());
    desktop.shell.open(place, chosen);
    desktop.harness_of_steps(size, 0.05)
}

/// Presses twice at one place, as fast as a hand can.
fn press_twice(harness: &mut Harness<'_, Desktop>, at: Pos2) {
    harness.hover_at(at);
    harness.run_steps(1);
    for _ in 0..2 {
        for pressed in [true, false] {
            let button = PointerButton::Primary;
            harness.event(Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
            harness.run_steps(1);
        }
        harness.run_steps(1);
    }
    harness.run_steps(3);
}

#[test]
fn a_double_click_on_a_value_opens_its_last_hour() {
    let mut harness = desktop(ThemeChoice::Dark, Place::Display(0), None, [1280.0, 800.0]);
    let at = middle(&harness, "station.flow");
    press_twice(&mut harness, at);
    let told = harness.get_by_label("trend station.flow").value().unwrap();
    assert_eq!(told, "● live 1 h");
    assert!(is_there(&harness, "Open display Trend station.flow"), "it stands in the tree");
}

#[test]
fn the_second_press_means_the_first_ones_tag_whatever_has_come_under_the_pointer() {
    // The faceplate of the gauge at the right edge opens just where the gauge was.
    let mut harness = desktop(ThemeChoice::Dark, Place::Display(0), None, [1440.0, 900.0]);
    for tag in ["pump1.speed", "pump3.flow", "tank5.level"] {
        press(&mut harness, "Open display Tank farm");
        let at = middle(&harness, tag);
        press_twice(&mut harness, at);
        assert!(is_there(&harness, &format!("trend {tag}")), "{tag}");
        assert!(harness.state_mut().commands.try_recv().is_err(), "nothing was acknowledged");
        harness.key_press(Key::Escape);
        harness.run_steps(3);
    }
}

#[test]
fn the_finder_adds_a_pen_by_keys_alone() {
    let mut harness = desktop(ThemeChoice::Dark, Place::Display(0), None, [1280.0, 800.0]);
    press(&mut harness, &format!("Menu of {TREND}"));
    press(&mut harness, "Add a pen…");
    let alarms = |harness: &Harness<'_, Desktop>| harness.get_all_by_label("alarm rain.rate/high").count();
    let before = alarms(&harness);
    harness.event(Event::Text("rain".to_owned()));
    harness.run_steps(3);
    assert_eq!(alarms(&harness), before, "tags alone are found");
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    assert!(is_there(&harness, &format!("{TREND}, rain.rate")));
}

#[test]
fn a_new_trend_is_filled_from_the_faceplate_the_list_and_the_finder() {
    for (theme, size, name) in [
        (ThemeChoice::Dark, [1280.0, 800.0], "dark"),
        (ThemeChoice::Light, [1280.0, 800.0], "light"),
        (ThemeChoice::Dark, [2560.0, 1440.0], "dark-2560"),
        (ThemeChoice::Light, [2560.0, 1440.0], "light-2560"),
    ] {
        let mut harness = desktop(theme, Place::Display(0), Some("tank1.level"), size);
        harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
        harness.run_steps(2);
        harness.event(Event::Text("new trend".to_owned()));
        harness.run_steps(3);
        harness.key_press(Key::Enter);
        harness.run_steps(4);
        let words = "No pens: drag a tag here, and it becomes one";
        assert!(is_there(&harness, words));
        let empty = harness.get_by_label(words).rect().center() + vec2(0.0, 60.0);
        if name == "dark" {
            window::picture(&mut harness, "free-trend-empty-dark");
        }
        // The faceplate's last hour, then its neighbours.
        let from = middle(&harness, "trend tank1.level, last hour");
        carry(&mut harness, from, empty);
        window::picture(&mut harness, &format!("free-trend-drag-{name}"));
        harness.drop_at(empty);
        harness.run_steps(4);
        assert!(is_there(&harness, "trend tank1.level"));
        for tag in ["station.inflow", "pump1.speed", "pump2.vibration", "pump1.running"] {
            harness.get_by_label_contains("Add a pen to Trend").click();
            harness.run_steps(3);
            harness.event(Event::Text(tag.to_owned()));
            harness.run_steps(3);
            harness.key_press(Key::Enter);
            harness.run_steps(4);
        }
        // Out of the finder, which goes away as soon as the hand moves.
        harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
        harness.run_steps(2);
        harness.event(Event::Text("tank2.level".to_owned()));
        harness.run_steps(3);
        let from = middle(&harness, "tag tank2.level");
        drag(&mut harness, from, empty);
        let pens = "trend tank1.level, station.inflow, pump1.speed, pump2.vibration, pump1.running, tank2.level";
        assert!(is_there(&harness, pens));
        assert!(is_there(&harness, "Open display Trend tank1.level +5"), "it stands in the tree");
        window::picture(&mut harness, &format!("free-trend-{name}"));
    }
}

#[test]
fn a_tag_of_the_list_reaches_a_trend_by_way_of_the_tree() {
    let mut harness = desktop(ThemeChoice::Dark, Place::AllTags, None, [1280.0, 800.0]);
    let from = middle(&harness, "rain.rate");
    let row = middle(&harness, "Open display Tank farm");
    carry(&mut harness, from, row);
    // It rests there for a while.
    harness.run_steps(12);
    let to = harness.get_by_label(TREND).rect().center();
    for share in [0.3, 0.6, 1.0] {
        harness.hover_at(row + (to - row) * share);
        harness.run_steps(1);
    }
    harness.drop_at(to);
    harness.run_steps(4);
    assert!(is_there(&harness, &format!("{TREND}, rain.rate")));
}

#[test]
fn escape_lets_go_of_what_is_in_the_hand() {
    let mut harness = desktop(ThemeChoice::Dark, Place::Display(0), None, [1280.0, 800.0]);
    let (from, to) = (middle(&harness, "station.flow"), middle(&harness, TREND));
    carry(&mut harness, from, to);
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    harness.drop_at(to);
    harness.run_steps(4);
    assert!(is_there(&harness, TREND));
}

/// Riverside as a plant of a file.
fn of_a_file(theme: ThemeChoice) -> Harness<'static, Desktop> {
    let mut sample = sample::riverside();
    sample.about.path = Some("/plants/riverside.toml".into());
    let settings = Settings { theme, ..Settings::default() };
    Desktop::new(sample, settings).harness_of_steps([1280.0, 800.0], 0.05)
}

/// The sheet over a trend of the station's flow, with this name in it.
fn sheet(harness: &mut Harness<'_, Desktop>, name: &str) {
    let at = middle(harness, "station.flow");
    press_twice(harness, at);
    press(harness, "Save Trend station.flow");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.event(Event::Text(name.to_owned()));
    harness.run_steps(3);
}

#[test]
fn a_trend_is_saved_as_a_display_and_shown_as_soon_as_the_plan_has_it() {
    for (theme, file) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut harness = of_a_file(theme);
        sheet(&mut harness, "Night watch");
        window::picture(&mut harness, &format!("save-display-{file}"));
        press(&mut harness, "Save as a display");
        let asked = harness.state().asked.clone();
        let [DeskRequest::AddDisplay(asked)] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!((asked.display.name.as_str(), asked.display.parent.as_deref()), ("Night watch", None));
        assert_eq!(asked.display.pens, [Pen { tag: "station.flow".to_owned(), right: false }]);
        assert_eq!(asked.display.span, Span::from_secs(3_600));
        // The answer comes, and then the plan that has it.
        asked.answer.set(Ok("Saved as a display in /plants/riverside.toml".to_owned())).unwrap();
        harness.run_steps(3);
        assert!(is_there(&harness, "Notice"));
        harness.state().publish(|snapshot| {
            let mut plan = (*snapshot.plan).clone();
            let mut display = plan.displays[0].clone();
            display.display = Arc::new(Display { name: "Night watch".to_owned(), ..(*display.display).clone() });
            plan.displays.push(display);
            snapshot.plan = Arc::new(plan);
        });
        harness.run_steps(3);
        assert!(is_there(&harness, TREND), "the display's own panels");
        assert!(is_there(&harness, "Open display Night watch"));
    }
}

#[test]
fn what_hinders_a_save_is_told_in_the_sheet_which_stays() {
    let mut harness = of_a_file(ThemeChoice::Dark);
    sheet(&mut harness, "tank FARM");
    assert!(is_there(&harness, "There is a display \"tank FARM\" already"));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.event(Event::Text("Night".to_owned()));
    harness.run_steps(3);
    press(&mut harness, "Save as a display");
    let asked = harness.state().asked.clone();
    let [DeskRequest::AddDisplay(asked)] = asked.as_slice() else { panic!("{asked:?}") };
    asked.answer.set(Err("/plants/riverside.toml is read-only".to_owned())).unwrap();
    harness.run_steps(3);
    assert!(is_there(&harness, "Not saved: /plants/riverside.toml is read-only"));
    window::picture(&mut harness, "save-display-refused-dark");
}

/// The station's flow, as if its topic had been found.
fn found_flow(harness: &mut Harness<'_, Desktop>) {
    harness.state().publish(|snapshot| {
        let mut plan = (*snapshot.plan).clone();
        let mut project = (*plan.project).clone();
        let index = project.tags.iter().position(|tag| tag.name == "station.flow").unwrap();
        let source = TopicSource { topic: "site/north/flow".to_owned(), ..topic_source() };
        Arc::make_mut(&mut project.tags[index]).source = Source::Topic(Arc::new(source));
        project.found.tags = project.tags.len() - index;
        plan.project = Arc::new(project);
        snapshot.plan = Arc::new(plan);
    });
    harness.run_steps(3);
}

/// As a project reads it.
fn topic_source() -> TopicSource {
    let text = "watchkeeper = 1\n[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://192.0.2.1\"\n\
                [[tag]]\nname = \"a\"\ndevice = \"site\"\ntopic = \"a\"\n";
    let (project, _) = watchkeeper::project::file::read(text.as_bytes());
    let Source::Topic(source) = &project.tags[0].source else { panic!("no topic") };
    (**source).clone()
}

#[test]
fn the_topic_of_a_tag_that_was_found_is_forgotten_from_its_faceplate() {
    for (theme, file) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut harness = of_a_file(theme);
        found_flow(&mut harness);
        press(&mut harness, "station.flow");
        press(&mut harness, "Forget the topic of station.flow");
        assert!(harness.query_by_label_contains("site/north/flow of site, with 1 tag").is_some());
        window::picture(&mut harness, &format!("forget-topic-{file}"));
        press(&mut harness, "Keep");
        assert!(harness.state().asked.is_empty());
        press(&mut harness, "Forget the topic of station.flow");
        press(&mut harness, "Forget");
        let asked = harness.state().asked.clone();
        let [DeskRequest::Forget(asked)] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!(&*asked.tag, "station.flow");
        asked.answer.set(Err("the plant takes nothing now".to_owned())).unwrap();
        harness.run_steps(3);
        assert!(is_there(&harness, "Not forgotten: the plant takes nothing now"));
        press(&mut harness, "Forget");
        let asked = harness.state().asked.clone();
        let [_, DeskRequest::Forget(asked)] = asked.as_slice() else { panic!("{asked:?}") };
        asked.answer.set(Ok("topic site/north/flow of site forgotten".to_owned())).unwrap();
        harness.run_steps(3);
        assert_eq!(harness.get_by_label("Notice").value().unwrap(), "Topic site/north/flow of site forgotten");
    }
}

#[test]
fn a_tag_that_is_written_cannot_be_forgotten() {
    let mut harness = of_a_file(ThemeChoice::Dark);
    press(&mut harness, "station.flow");
    assert!(!is_there(&harness, "Forget the topic of station.flow"));
}

#[test]
fn the_demo_says_that_it_has_no_file_to_save_in() {
    let mut harness = of_a_file(ThemeChoice::Dark);
    harness.state().publish(|snapshot| snapshot.mode = Mode::Demo);
    harness.run_steps(2);
    let at = middle(&harness, "station.flow");
    press_twice(&mut harness, at);
    press(&mut harness, "Save Trend station.flow");
    assert!(harness.query_by_label_contains("The demo plant has no file").is_some());
    assert!(!is_there(&harness, "Save as a display"), "nothing to press");
}
