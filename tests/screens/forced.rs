//! Values forced by hand: the sheet, the marks on every panel, the count in the bar, the list where they are released.

use crate::stage::{self, Stage};
use crate::window::{Desktop, is_there, picture, press};
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use watchkeeper::engine::{Command, Value};
use watchkeeper::ui::sample;
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::Place;
use watchkeeper::ui::theme::ThemeChoice;

fn desktop(theme: ThemeChoice, chosen: Option<&str>) -> Harness<'static, Desktop> {
    let mut desktop = Desktop::new(sample::forced(), Settings { theme, ..Settings::default() });
    let chosen = chosen.map(|name| desktop.snapshots.borrow().plan.tag_id(name).unwrap());
    desktop.shell.open(Place::Display(0), chosen);
    desktop.harness([1280.0, 800.0])
}

fn commands(harness: &mut Harness<'_, Desktop>) -> Vec<Command> {
    std::iter::from_fn(|| harness.state_mut().commands.try_recv().ok()).collect()
}

#[test]
fn what_is_forced_is_marked_and_counted_and_released_from_the_list() {
    let mut harness = desktop(ThemeChoice::Dark, None);
    let bar = harness.get_by_label("forced values");
    let told = bar.value().unwrap();
    assert_eq!(told, "Forced by hand: pump1.speed, station.flow, pump3.running, tank1.level; Simulated: plc2");
    picture(&mut harness, "forced-dark");
    harness.get_by_label("forced values").click();
    harness.run_steps(4);
    let row = harness.get_by_label("forced tank1.level").value().unwrap();
    assert!(row.starts_with("97 %; The device says ") || row.starts_with("97.0 %; The device says "), "{row}");
    assert!(harness.get_by_label("forced station.flow").value().unwrap().starts_with("bad; The device says "));
    picture(&mut harness, "forced-list-dark");
    harness.get_by_label("Release tank1.level").click();
    harness.run_steps(2);
    harness.get_by_label("Release all").click();
    harness.run_steps(2);
    let asked: Vec<Option<String>> = commands(&mut harness)
        .into_iter()
        .map(|command| match command {
            Command::Release { tag, .. } => tag.map(|tag| tag.to_string()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(asked, [Some("tank1.level".to_owned()), None]);
}

#[test]
fn a_device_is_simulated_from_its_detail_and_ended_from_there_and_from_the_list() {
    for (theme, shade) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut harness = desktop(theme, None);
        press(&mut harness, "device plc1");
        harness.run_steps(2);
        harness.get_by_label("Simulate it…").click();
        harness.run_steps(4);
        assert!(harness.get_by_label("Confirm: Simulate plc1").accesskit_node().is_disabled());
        harness.get_by_label("Not delivered yet").click();
        harness.run_steps(3);
        picture(&mut harness, &format!("simulate-sheet-{shade}"));
        harness.get_by_label("Confirm: Simulate plc1").click();
        harness.run_steps(3);
        let asked = commands(&mut harness);
        let [Command::Simulate { device, reason, .. }] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!((device.as_ref(), reason.as_deref()), ("plc1", Some("Not delivered yet")));
        press(&mut harness, "device plc2");
        harness.run_steps(2);
        picture(&mut harness, &format!("simulated-device-{shade}"));
        harness.get_by_label("End the simulation of plc2").click();
        harness.run_steps(2);
        assert!(
            matches!(&commands(&mut harness)[..], [Command::EndSimulation { device: Some(device), .. }] if device.as_ref() == "plc2")
        );
    }
}

#[test]
fn every_panel_of_a_display_frames_what_is_forced() {
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        for display in ["Tank farm", "Pump house 1"] {
            let mut harness = Stage::new(sample::forced(), display, theme).harness([1280.0, 800.0], 1.0);
            stage::picture(&mut harness, &format!("forced-{}-{name}", display.replace(' ', "-").to_lowercase()));
        }
    }
}

#[test]
fn a_faceplate_shows_both_values_and_releases_one() {
    let mut harness = desktop(ThemeChoice::Light, Some("tank1.level"));
    let says = harness.get_by_label("What the device says").value().unwrap();
    assert!(says.starts_with("The device says "), "{says}");
    picture(&mut harness, "forced-faceplate-light");
    harness.get_by_label("Release tank1.level").click();
    harness.run_steps(2);
    assert!(
        matches!(&commands(&mut harness)[..], [Command::Release { tag: Some(tag), .. }] if tag.as_ref() == "tank1.level")
    );
}

#[test]
fn a_value_is_forced_by_the_keyboard_alone_and_not_without_a_reason() {
    let mut harness = desktop(ThemeChoice::Dark, None);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_steps(2);
    harness.get_by_label("Find").type_text("force tank2.lev");
    harness.run_steps(3);
    assert!(is_there(&harness, "force Force tank2.level…"));
    harness.key_press(Key::Enter);
    harness.run_steps(4);
    harness.get_by_label("Forced value").type_text("ninety");
    harness.run_steps(2);
    assert!(is_there(&harness, "write a number"));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(1);
    harness.get_by_label("Forced value").type_text("91.5");
    harness.run_steps(2);
    assert!(is_there(&harness, "Say why: press a reason, or write one"));
    assert!(harness.get_by_label("Confirm: Force tank2.level").accesskit_node().is_disabled());
    harness.get_by_label("Force: 10 min").click();
    harness.get_by_label("Loop check").click();
    harness.run_steps(3);
    picture(&mut harness, "force-sheet-dark");
    harness.get_by_label("Confirm: Force tank2.level").click();
    harness.run_steps(2);
    let now = harness.state().snapshots.borrow().now.utc;
    let asked = commands(&mut harness);
    let [Command::Force { tag, value, reason, until, .. }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!((tag.as_ref(), value, reason.as_deref()), ("tank2.level", &Some(Value::F64(91.5)), Some("Loop check")));
    assert_eq!((until.unwrap() - now).as_secs_f64(), 600.0);
    assert!(!is_there(&harness, "Forced value"), "the sheet is closed");
    assert!(is_there(&harness, "Close faceplate"), "what comes of it is read there");
}
