//! What panels tell a screen reader, and what presses and keys ask for.

use crate::stage::Stage;
use eframe::egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::sync::{Arc, LazyLock};
use watchkeeper::engine::Command;
use watchkeeper::ui::Action;
use watchkeeper::ui::sample::{self, Sample};
use watchkeeper::ui::theme::ThemeChoice;

const SIZE: [f32; 2] = [1280.0, 800.0];

fn show(sample: Sample, display: &str) -> Harness<'static, Stage> {
    Stage::new(sample, display, ThemeChoice::Dark).harness(SIZE, 1.0)
}

/// Riverside, played once for all tests.
fn riverside() -> Sample {
    static RIVERSIDE: LazyLock<Sample> = LazyLock::new(sample::riverside);
    RIVERSIDE.clone()
}

/// Riverside with its broken display, played once for all tests.
fn broken() -> Sample {
    static BROKEN: LazyLock<Sample> = LazyLock::new(sample::broken);
    BROKEN.clone()
}

/// Whether these words stand anywhere as words of their own.
fn says(harness: &Harness<'_, Stage>, words: &str) -> bool {
    harness.query_by_label(words).is_some() || harness.query_by_value(words).is_some()
}

/// What a screen reader is told of what has this name.
fn told(harness: &Harness<'_, Stage>, name: &str) -> String {
    let node = harness.get_all_by_label(name).next().unwrap();
    let value = node.value().unwrap();
    // AT-SPI hands on the value of labels and text fields alone: the description bears it for all others.
    assert_eq!(node.accesskit_node().description().as_deref(), Some(value.as_str()), "{name}");
    value
}

fn acknowledged(command: &Command) -> Vec<(&str, u64)> {
    match command {
        Command::Acknowledge { alarms, .. } => alarms.iter().map(|a| (a.alarm.as_ref(), a.occurrence)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_shown_tag_bears_its_name_and_what_is_seen() {
    let harness = show(riverside(), "Tank farm");
    assert_eq!(told(&harness, "station.flow"), "415.2 m³/h");
    assert_eq!(told(&harness, "pump3.flow"), "87.6 m³/h, bad: no communication, 1 m 44 s old");
    assert_eq!(told(&harness, "pump1.speed"), "1\u{202F}450 rpm");
}

#[test]
fn a_value_that_is_not_good_is_never_told_like_one_that_is() {
    let harness = show(riverside(), "Pump house 1");
    for (tag, words) in [
        ("pump3.running", "Running, bad: no communication, 1 m 44 s old"),
        ("weather.wind", "5.2 m/s, uncertain: stale, 50 s old"),
        ("lab.turbidity", "no value, bad: waiting for the first value"),
    ] {
        assert_eq!(told(&harness, tag), words);
    }
}

#[test]
fn before_the_first_answer_every_tag_says_that_it_waits() {
    let harness = show(sample::starting(), "Tank farm");
    for tag in ["station.flow", "pump1.pressure", "pump3.flow", "tank4.level", "pump1.speed"] {
        assert_eq!(told(&harness, tag), "no value, bad: waiting for the first value");
    }
    assert!(harness.query_by_label("nothing recorded yet").is_some());
}

#[test]
fn the_sample_is_a_project_without_fault() {
    let issues: Vec<String> = riverside().about.issues.iter().map(ToString::to_string).collect();
    assert!(issues.is_empty(), "{issues:#?}");
}

#[test]
fn a_tag_that_is_not_in_the_project_is_named() {
    let harness = show(broken(), "Broken");
    for name in ["no.such.tag", "gone.level", "gone.running", "gone.speed"] {
        let words = format!("no tag \"{name}\" in the project");
        assert!(says(&harness, &words), "{words}");
    }
}

#[test]
fn a_device_tells_its_link_and_its_fault() {
    let harness = show(riverside(), "Network");
    assert_eq!(told(&harness, "device plc1"), "connected, 4 ms, 0 errors");
    assert_eq!(told(&harness, "device plc2"), "no answer since 14:02:10, connection refused");
}

#[test]
fn a_device_that_is_pressed_tells_all_about_itself_and_is_shut_by_key() {
    let mut harness = show(riverside(), "Network");
    harness.get_by_label("device plc2").click();
    harness.run_steps(3);
    let state = told(&harness, "State of plc2");
    assert!(
        state.starts_with("no answer since 14:02:10, for 1 m 4") && state.ends_with("s: connection refused"),
        "{state}"
    );
    for (fact, words) in [
        ("Timeouts", "4"),
        ("   2: illegal data address", "7"),
        ("   6: server device busy", "2"),
        ("99 of 100 within", "—"),
        ("round trip plc2", "half within unknown, 99 of 100 within unknown"),
    ] {
        assert_eq!(told(&harness, fact), words, "{fact}");
    }
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(harness.query_by_label("State of plc2").is_none());
    harness.get_by_label("device site").click();
    harness.run_steps(3);
    assert_eq!(told(&harness, "topic site/private/#"), "0 messages, last never, the broker refused the subscription");
    let broken = told(&harness, "topic site/energy/meter");
    assert!(broken.ends_with("not JSON: it ends too early: {\"power\":"), "{broken}");
    harness.get_by_label("Close detail of the device").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("State of site").is_none() && harness.query_by_label("device site").is_some());
}

#[test]
fn an_alarm_row_tells_state_priority_value_and_time() {
    let harness = show(riverside(), "Tank farm");
    assert_eq!(told(&harness, "alarm tank1.level/high-high"), "unacknowledged, critical, 95.3 %, 14:03:15");
    assert_eq!(told(&harness, "alarm tank1.level/high"), "acknowledged, medium, 95.3 %, 13:48:00");
}

#[test]
fn a_trend_names_its_pens_and_each_pen_its_value() {
    let harness = show(riverside(), "Tank farm");
    assert_eq!(told(&harness, "trend tank1.level, tank2.level, station.inflow"), "● live 2 h");
    assert_eq!(told(&harness, "station.inflow"), "350 m³/h");
}

#[test]
fn the_acknowledge_button_names_the_occurrence_that_its_row_shows() {
    let mut harness = show(riverside(), "Tank farm");
    harness.get_by_label("Acknowledge plc2/no-answer").click();
    harness.run_steps(2);
    let commands = &harness.state().out.commands;
    assert_eq!(commands.iter().map(acknowledged).collect::<Vec<_>>(), [vec![("plc2/no-answer", 1)]]);
}

#[test]
fn two_presses_on_one_button_within_half_a_second_are_one_acknowledgement() {
    let mut harness = show(riverside(), "Tank farm");
    for _ in 0..2 {
        harness.get_by_label("Acknowledge plc2/no-answer").click();
        harness.step();
    }
    assert_eq!(harness.state().out.commands.len(), 1);
}

#[test]
fn acknowledge_visible_takes_the_rows_that_are_wholly_seen_and_no_others() {
    let mut harness = show(sample::flood(300), "All");
    let button = harness.get_by_label_contains("visible");
    let label = button.accesskit_node().label().unwrap();
    button.click();
    harness.run_steps(2);
    let seen = acknowledged(&harness.state().out.commands[0]).len();
    assert_eq!(label, format!("Acknowledge {seen} visible"));
    assert!((10..40).contains(&seen), "{seen}");
}

#[test]
fn space_acknowledges_the_row_that_has_the_focus() {
    let mut harness = show(riverside(), "Tank farm");
    harness.get_by_label("alarm pump2.vibration/high").focus();
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(2);
    let state = harness.state();
    assert_eq!(state.out.commands.iter().map(acknowledged).collect::<Vec<_>>(), [vec![("pump2.vibration/high", 1)]]);
    assert!(state.out.actions.is_empty(), "space is no click: {:?}", state.out.actions);
}

#[test]
fn space_on_an_acknowledged_row_asks_for_nothing() {
    let mut harness = show(riverside(), "Tank farm");
    harness.get_by_label("alarm tank1.level/high").focus();
    harness.run_steps(2);
    harness.key_press(Key::Space);
    harness.run_steps(2);
    assert!(harness.state().out.commands.is_empty());
}

#[test]
fn whatever_shows_a_tag_opens_its_faceplate() {
    for (display, tag) in [
        ("Tank farm", "station.flow"),
        ("Tank farm", "pump1.speed"),
        ("Tank farm", "tank3.level"),
        ("Pump house 1", "pump2.mode"),
    ] {
        let mut harness = show(riverside(), display);
        let id = harness.state().sample.snapshot.plan.tag_id(tag).unwrap();
        harness.get_all_by_label(tag).next().unwrap().click();
        harness.run_steps(2);
        assert!(
            harness.state().out.actions.contains(&Action::OpenFaceplate(id)),
            "{tag}: {:?}",
            harness.state().out.actions
        );
    }
}

#[test]
fn rows_stay_where_they_are_under_the_pointer_and_new_ones_are_counted() {
    let mut harness = show(sample::quiet(), "Tank farm");
    let mut late = riverside();
    // Three of the alarms first, all of them once the pointer is there.
    let all = late.snapshot.alarms.clone();
    late.snapshot.alarms = std::sync::Arc::new(all.iter().skip(2).take(3).cloned().collect());
    harness.state_mut().sample = late;
    harness.run_steps(2);
    let before = harness.get_by_label("alarm pump2.vibration/high").rect();
    harness.hover_at(before.left_center() + eframe::egui::vec2(20.0, 0.0));
    harness.run_steps(2);
    harness.state_mut().sample.snapshot.alarms = all;
    harness.run_steps(2);
    assert_eq!(harness.get_by_label("alarm pump2.vibration/high").rect(), before);
    assert!(harness.query_by_label("alarm tank1.level/high-high").is_none());
    let words = "5 new, shown when the pointer leaves the list";
    assert!(says(&harness, words));
    harness.hover_at(eframe::egui::pos2(2.0, 2.0));
    harness.run_steps(3);
    assert!(harness.query_by_label("alarm tank1.level/high-high").is_some());
}

#[test]
fn an_empty_list_says_what_is_watched() {
    let harness = show(sample::quiet(), "Tank farm");
    let plan = &harness.state().sample.snapshot.plan;
    let words = format!("No alarms\n{} alarms watched on {} tags and 3 devices", plan.alarms.len(), plan.tags.len());
    assert!(says(&harness, &words), "{words}");
}

#[test]
fn ten_thousand_alarms_make_as_many_nodes_as_rows_are_seen() {
    let harness = show(sample::flood(10_000), "All");
    let rows = harness.get_all_by_label_contains("alarm area").count();
    assert!((20..60).contains(&rows), "{rows}");
}

const TREND: &str = "trend tank1.level, tank2.level, station.inflow";

#[test]
fn a_key_chooses_the_range_of_the_trend_under_the_pointer() {
    let mut harness = show(riverside(), "Tank farm");
    harness.hover_at(harness.get_by_label(TREND).rect().center());
    harness.run_steps(1);
    harness.key_press(Key::Num3);
    harness.run_steps(2);
    assert_eq!(told(&harness, TREND), "● live 1 h");
}

#[test]
fn the_wheel_zooms_and_a_double_click_returns_to_what_the_project_says() {
    let mut harness = show(riverside(), "Tank farm");
    let middle = harness.get_by_label(TREND).rect().center();
    harness.hover_at(middle);
    harness.run_steps(1);
    harness.event(eframe::egui::Event::MouseWheel {
        unit: eframe::egui::MouseWheelUnit::Point,
        delta: eframe::egui::vec2(0.0, 120.0),
        phase: eframe::egui::TouchPhase::Move,
        source: eframe::egui::MouseWheelSource::Wheel,
        modifiers: eframe::egui::Modifiers::NONE,
    });
    harness.run_steps(12);
    let zoomed = told(&harness, TREND);
    assert!(zoomed.starts_with("paused at 13:") && zoomed.contains(" 1 h"), "what lay in the middle stays: {zoomed}");
    for _ in 0..2 {
        harness.get_by_label(TREND).click();
    }
    harness.run_steps(6);
    assert_eq!(told(&harness, TREND), "● live 2 h");
}

#[test]
fn a_drag_looks_back_and_says_that_it_is_not_live() {
    let mut harness = show(riverside(), "Tank farm");
    let middle = harness.get_by_label(TREND).rect().center();
    let right = middle + eframe::egui::vec2(100.0, 0.0);
    harness.hover_at(middle);
    harness.drag_at(middle);
    harness.run_steps(2);
    harness.hover_at(right);
    harness.run_steps(2);
    harness.drop_at(right);
    harness.run_steps(2);
    assert!(told(&harness, TREND).starts_with("paused at 13:4"), "{}", told(&harness, TREND));
}

#[test]
fn the_cursor_reads_every_pen_at_one_instant() {
    let mut harness = show(riverside(), "Tank farm");
    let plot = harness.get_by_label("trend tank1.level, tank2.level, station.inflow").rect();
    // 13:33:54 is an hour and a half after the left edge, and in the gap of one pen's device fault at 13:29.
    let in_gap = plot.left() + plot.width() * (1.0 - 2_000.0 / 7_200.0);
    harness.hover_at(eframe::egui::pos2(in_gap, plot.center().y));
    harness.run_steps(2);
    let pens: Vec<String> = harness.get_all_by_label("station.inflow").filter_map(|n| n.value()).collect();
    assert!(pens.iter().any(|p| p == "bad: device fault"), "{pens:?}");
}

#[test]
fn two_titled_lamps_fit_into_two_rows_of_the_smallest_height() {
    let text = "watchkeeper = 1\nname = \"lamps\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"127.0.0.1:502\"\n\
                [[tag]]\nname = \"one\"\ndevice = \"plc1\"\nregister = \"coil:0\"\n[[tag]]\nname = \"two\"\ndevice = \"plc1\"\nregister = \"coil:1\"\n\
                [[display]]\nname = \"d\"\npanel = [{ kind = \"lamp\", at = [0, 0, 12, 2], title = \"Yard\", tags = [\"one\", \"two\"] }]\n";
    let sample = sample::of(text, 10, 1, |_, _| Some(1.0));
    let harness = Stage::new(sample, "d", ThemeChoice::Dark).harness([600.0, 80.0], 1.0);
    let rows = ["one", "two"].map(|name| harness.get_by_label(name).rect());
    assert!(rows[0].bottom() <= rows[1].top());
    // A panel of two cells of 40 points has this much below the top of its first row; more would have to be scrolled.
    assert!(rows[1].bottom() - rows[0].top() <= 32.5, "{rows:?}");
}

#[test]
fn a_display_without_panels_says_what_is_missing() {
    let mut sample = riverside();
    let mut plan = (*sample.snapshot.plan).clone();
    let mut display = (*plan.displays[0].display).clone();
    display.panels.clear();
    plan.displays[0].display = Arc::new(display);
    plan.displays[0].panels.clear();
    sample.snapshot.plan = Arc::new(plan);
    let name = sample.snapshot.plan.displays[0].display.name.clone();
    assert!(says(&show(sample, &name), "This display has no panels"));
}

#[test]
fn tanks_are_painted_in_both_themes_and_tell_what_bars_tell() {
    let displays = r#"
[[display]]
name = "Vessels"
panel = [
  { kind = "tank", at = [0, 0, 12, 9], title = "Tanks", tags = ["tank1.level", "tank2.level", "tank3.level", "tank4.level", "tank5.level"] },
  { kind = "tank", at = [12, 0, 4, 9], tag = "tank1.level" },
  { kind = "tank", at = [16, 0, 4, 5], tag = "lab.turbidity" },
  { kind = "tank", at = [20, 0, 4, 5], tags = ["tank1.level", "tank2.level", "tank3.level", "tank5.level"] },
  { kind = "bar", at = [16, 5, 8, 4], tags = ["tank1.level", "tank5.level", "tank3.level"] },
]
"#;
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let sample = sample::riverside_with(displays);
        let mut harness = Stage::new(sample, "Vessels", theme).harness(SIZE, 1.0);
        crate::stage::picture(&mut harness, &format!("tank-{name}"));
        assert_eq!(told(&harness, "tank1.level"), "95.3 %");
        assert_eq!(told(&harness, "tank5.level"), "66.0 %, bad: no communication, 1 m 44 s old");
        assert_eq!(told(&harness, "lab.turbidity"), "no value, bad: waiting for the first value");
    }
}
