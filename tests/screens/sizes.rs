//! The window at every size and text size: what must stay legible stays whole, and nothing lies over anything else.

use crate::window::{Desktop, is_there, picture, press};
use eframe::egui::{Event, Key, Modifiers, Rect, accesskit, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use watchkeeper::engine::{Command, Mode, Quality, Value};
use watchkeeper::project::DataType;
use watchkeeper::ui::sample;
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::Place;
use watchkeeper::ui::theme::ThemeChoice;

const SIZES: [[f32; 2]; 5] = [[640.0, 400.0], [1024.0, 600.0], [1366.0, 768.0], [1920.0, 1080.0], [1280.0, 800.0]];
const PERCENTS: [u16; 5] = [75, 100, 125, 150, 200];

fn settings(percent: u16, theme: ThemeChoice) -> Settings {
    Settings { theme, text_scale_percent: percent, ..Settings::default() }
}

fn rect(harness: &Harness<'_, Desktop>, name: &str) -> Option<Rect> {
    harness.query_all_by_label(name).next().map(|node| node.rect())
}

#[test]
fn the_worst_alarm_the_counts_and_the_clock_are_whole_at_every_size() {
    for size in SIZES {
        for percent in PERCENTS {
            let desktop = Desktop::new(sample::riverside(), settings(percent, ThemeChoice::Dark));
            desktop.publish(|snapshot| snapshot.mode = Mode::Demo);
            let harness = desktop.harness(size);
            let zoom = f32::from(percent) / 100.0;
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(size[0] / zoom, size[1] / zoom)).expand(0.5);
            let what = format!("{size:?} at {percent} %");
            let mut seen: Vec<(&str, Rect)> = Vec::new();
            for name in [
                "critical",
                "high",
                "medium",
                "low",
                "Menu",
                "alarm tank1.level/high-high",
                "Acknowledge tank1.level/high-high",
                "plant time",
            ] {
                let place = rect(&harness, name).unwrap_or_else(|| panic!("{name} is not there, {what}"));
                assert!(whole.contains_rect(place), "{name} leaves the window, {what}: {place:?}");
                for (other, theirs) in &seen {
                    let common = theirs.intersect(place.shrink(0.5));
                    assert!(!common.is_positive(), "{name} lies over {other}, {what}: {place:?} {theirs:?}");
                }
                seen.push((name, place));
            }
            assert!(is_there(&harness, "DEMO"), "{what}");
            assert!(is_there(&harness, "mode") || is_there(&harness, "Open display Tank farm"), "{what}");
        }
    }
}

#[test]
fn in_the_smallest_window_the_tree_and_a_faceplate_take_the_place_of_the_display() {
    let mut harness = Desktop::new(sample::riverside(), settings(200, ThemeChoice::Dark)).harness([640.0, 400.0]);
    assert!(!is_there(&harness, "Open display Tank farm"));
    press(&mut harness, "Show displays");
    assert!(is_there(&harness, "Open display Tank farm"), "the tree is there");
    picture(&mut harness, "size-640x400-200-tree");
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!is_there(&harness, "Open display Tank farm"), "and folds again");
    press(&mut harness, "alarm tank1.level/high-high");
    assert!(is_there(&harness, "Close faceplate"));
    picture(&mut harness, "size-640x400-200-faceplate");
    press(&mut harness, "Close faceplate");
    assert!(!is_there(&harness, "Close faceplate"));
}

#[test]
fn in_a_usual_window_the_tree_folds_and_comes_back_by_its_key() {
    let mut harness = Desktop::new(sample::riverside(), Settings::default()).harness([1280.0, 800.0]);
    assert!(is_there(&harness, "Open display Tank farm") && !is_there(&harness, "Show displays"));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::B);
    harness.run_steps(3);
    assert!(!is_there(&harness, "Open display Tank farm") && is_there(&harness, "Show displays"));
    press(&mut harness, "Show displays");
    assert!(is_there(&harness, "Open display Tank farm"));
}

#[test]
fn pictures_at_every_size() {
    for (i, size) in SIZES[..4].iter().enumerate() {
        for (j, percent) in PERCENTS.into_iter().enumerate() {
            let theme = if (i + j) % 2 == 0 { ThemeChoice::Dark } else { ThemeChoice::Light };
            let desktop = Desktop::new(sample::riverside(), settings(percent, theme));
            desktop.publish(|snapshot| snapshot.mode = Mode::Demo);
            let mut harness = desktop.harness(*size);
            picture(&mut harness, &format!("size-{}x{}-{percent}", size[0], size[1]));
        }
    }
}

#[test]
fn dialogs_and_lists_at_every_size() {
    for (size, percent) in
        [([640.0, 400.0], 200), ([640.0, 400.0], 100), ([1024.0, 600.0], 150), ([1366.0, 768.0], 125)]
    {
        let name = |what: &str| format!("size-{}x{}-{percent}-{what}", size[0], size[1]);
        let theme = if percent == 100 { ThemeChoice::Light } else { ThemeChoice::Dark };
        let start = |place: Place, chosen: Option<&str>| {
            let mut desktop = Desktop::new(sample::broken(), settings(percent, theme));
            let chosen = chosen.and_then(|tag| desktop.snapshots.borrow().plan.tag_id(tag));
            desktop.shell.open(place, chosen);
            desktop.harness(size)
        };
        for (key, what) in [(Key::K, "finder"), (Key::Comma, "settings")] {
            let mut harness = start(Place::Display(0), None);
            harness.key_press_modifiers(Modifiers::COMMAND, key);
            harness.run_steps(3);
            picture(&mut harness, &name(what));
        }
        let mut harness = start(Place::Display(0), None);
        harness.key_press(Key::F1);
        harness.run_steps(3);
        picture(&mut harness, &name("keys"));
        let mut harness = start(Place::Display(0), None);
        press(&mut harness, "Menu");
        picture(&mut harness, &name("menu"));
        for (place, what) in [
            (Place::Alarms, "alarms"),
            (Place::AllTags, "tags"),
            (Place::Devices, "devices"),
            (Place::Hidden, "hidden"),
        ] {
            let mut harness = start(place, None);
            picture(&mut harness, &name(what));
            if place == Place::Devices {
                for (device, what) in [("device plc1", "device"), ("device site", "broker")] {
                    let mut harness = start(place, None);
                    harness.get_all_by_label(device).last().unwrap().click();
                    harness.run_steps(3);
                    picture(&mut harness, &name(what));
                }
            }
        }
        picture(&mut start(Place::Display(0), Some("tank1.level")), &name("faceplate"));
    }
}

#[test]
fn a_device_and_the_frames_of_a_value_in_both_themes() {
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut desktop = Desktop::new(sample::riverside(), settings(100, theme));
        desktop.shell.open(Place::Devices, None);
        let mut harness = desktop.harness([1280.0, 800.0]);
        for device in ["plc1", "plc2", "site"] {
            press(&mut harness, &format!("device {device}"));
            picture(&mut harness, &format!("device-{device}-{name}"));
        }
        let mut desktop = Desktop::new(sample::riverside(), settings(100, theme));
        let tag = desktop.snapshots.borrow().plan.tag_id("tank1.level");
        desktop.shell.open(Place::Display(0), tag);
        let mut harness = desktop.harness([1280.0, 800.0]);
        press(&mut harness, "From value to frame tank1.level");
        harness.run_steps(8);
        picture(&mut harness, &format!("frames-{name}"));
        for node in ["Last exchange", "data", "exchange 10"] {
            assert!(is_there(&harness, node), "{node}");
        }
        press(&mut harness, "exchange 3");
        assert!(is_there(&harness, "An exchange before"));
        picture(&mut harness, &format!("frames-before-{name}"));
    }
}

/// A message as an engineer in a hurry writes it.
const LONG: &str = "Tank 1 is about to overflow into the yard; close the inlet valve V-101 by hand if it does not answer, \
                    start pump 2, then call the shift leader and write down when the level began to fall again";

fn with_long_message(theme: ThemeChoice, percent: u16, place: Place) -> Desktop {
    let mut desktop = Desktop::new(sample::riverside(), settings(percent, theme));
    desktop.publish(|snapshot| {
        let mut plan = (*snapshot.plan).clone();
        let id = plan.alarm_id("tank1.level/high-high").unwrap();
        plan.alarms[id.index()].message = LONG.into();
        snapshot.plan = plan.into();
    });
    desktop.shell.open(place, None);
    desktop
}

#[test]
fn the_message_of_a_row_chosen_by_key_is_read_in_full() {
    for (size, percent, theme) in [([1280.0, 800.0], 100, ThemeChoice::Dark), ([640.0, 400.0], 100, ThemeChoice::Light)]
    {
        let mut harness = with_long_message(theme, percent, Place::Alarms).harness(size);
        let message = "Message of tank1.level/high-high";
        assert!(!is_there(&harness, message));
        let row = harness.get_all_by_label("alarm tank1.level/high-high").last().unwrap();
        row.focus();
        harness.run_steps(3);
        let told = harness.get_by_label(message).accesskit_node().value().unwrap();
        assert_eq!(told, LONG);
        picture(&mut harness, &format!("message-{}", size[0]));
    }
}

#[test]
fn a_message_that_fits_is_not_told_twice() {
    let mut desktop = Desktop::new(sample::riverside(), Settings::default());
    desktop.shell.open(Place::Alarms, None);
    let mut harness = desktop.harness([1280.0, 800.0]);
    harness.get_all_by_label("alarm feederA.pf/low").last().unwrap().focus();
    harness.run_steps(3);
    assert!(!is_there(&harness, "Message of feederA.pf/low"));
}

#[test]
fn the_faceplate_of_a_text_shows_all_of_it_and_no_empty_chart() {
    let long = format!("{}\u{202e}neddih", "Störung 17: Frequenzumrichter überhitzt, Lüfter prüfen\n".repeat(3));
    for (name, text) in [("text", long.clone()), ("text-endless", "0123456789 ".repeat(10_000))] {
        let mut desktop = Desktop::new(sample::riverside(), Settings::default());
        let id = desktop.snapshots.borrow().plan.tag_id("station.flow").unwrap();
        desktop.publish(|snapshot| {
            let mut plan = (*snapshot.plan).clone();
            std::sync::Arc::make_mut(&mut plan.tags[id.index()].tag).data_type = DataType::String;
            snapshot.plan = plan.into();
            let page = std::sync::Arc::make_mut(&mut snapshot.pages[0]);
            page[id.index()].value = Some(Value::Text(text.as_str().into()));
        });
        desktop.shell.open(Place::Display(0), Some(id));
        let mut harness = desktop.harness([1280.0, 800.0]);
        assert!(!is_there(&harness, "trend station.flow, last hour"));
        let more = "… and 109\u{202f}200 characters more";
        assert_eq!(harness.query_all_by_value(more).next().is_some() || is_there(&harness, more), name != "text");
        picture(&mut harness, &format!("faceplate-{name}"));
    }
}

#[test]
fn a_name_typed_in_the_settings_stands_on_every_acknowledgement() {
    let mut harness = Desktop::new(sample::riverside(), Settings::default()).harness([1280.0, 800.0]);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    harness.run_steps(3);
    harness.get_by_role_and_label(accesskit::Role::TextInput, "Name at this desk").focus();
    harness.run_steps(2);
    harness.event(Event::Text("  Ada\u{202e}".to_owned()));
    harness.run_steps(3);
    assert!(
        harness.get_by_label("Use this name").accesskit_node().is_disabled(),
        "a name with unseen signs is refused"
    );
    picture(&mut harness, "settings-refused");
    harness.key_press(Key::Backspace);
    harness.run_steps(3);
    press(&mut harness, "Use this name");
    picture(&mut harness, "settings");
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert_eq!(harness.state().shell.settings.desk_name.as_deref(), Some("Ada"));
    assert!(harness.get_by_label("desk").accesskit_node().value().unwrap().starts_with("Ada (desk@control1)"));
    press(&mut harness, "Acknowledge tank1.level/high-high");
    let by = loop {
        if let Command::Acknowledge { by, .. } = harness.state_mut().commands.try_recv().unwrap() {
            break by;
        }
    };
    assert_eq!(by.to_string(), "Ada (desk@control1)");
}

#[test]
fn an_old_value_in_a_row_of_alarms_says_that_it_is_old_and_a_bad_one_is_struck() {
    for (quality, said) in [(Quality::STALE, "95.3 %, stale"), (Quality::NO_COMMUNICATION, "95.3 %")] {
        let desktop = Desktop::new(sample::riverside(), settings(100, ThemeChoice::Dark));
        desktop.publish(|snapshot| {
            let id = snapshot.plan.tag_id("tank1.level").unwrap();
            std::sync::Arc::make_mut(&mut snapshot.pages[0])[id.index()].quality = quality;
        });
        let mut harness = desktop.harness([1280.0, 800.0]);
        let row = harness.get_all_by_label("alarm tank1.level/high-high").next().unwrap();
        let value = row.accesskit_node().value().unwrap();
        assert!(value.starts_with(&format!("unacknowledged, critical, {said}, ")), "{value}");
        picture(&mut harness, &format!("alarm-value-{quality}").replace(':', "-"));
    }
}

#[test]
fn the_question_fits_into_the_smallest_window() {
    let mut harness = Desktop::new(sample::riverside(), settings(200, ThemeChoice::Dark)).harness([640.0, 400.0]);
    let desktop = harness.state_mut();
    assert!(!desktop.shell.may_close(&desktop.desk()));
    harness.run_steps(3);
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(320.0, 200.0));
    for name in ["Keep watching", "Stop watching"] {
        let place = rect(&harness, name).unwrap();
        assert!(whole.contains_rect(place), "{name}: {place:?}");
    }
    picture(&mut harness, "size-640x400-200-question");
}
