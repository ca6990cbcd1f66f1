//! A display in a window of its own, and what it leaves to the main one.

use crate::window::{Desktop, is_there, picture, press};
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use watchkeeper::engine::Mode;
use watchkeeper::ui::Action;
use watchkeeper::ui::sample;
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::{Place, Shell};
use watchkeeper::ui::theme::ThemeChoice;

fn beside(theme: ThemeChoice, size: [f32; 2], mode: Mode) -> Harness<'static, Desktop> {
    let mut sample = sample::riverside();
    sample.snapshot.mode = mode;
    let settings = Settings { theme, ..Settings::default() };
    let mut desktop = Desktop::new(sample, settings.clone());
    desktop.shell = Shell::beside(settings, "Tank farm".to_owned());
    let mut harness = desktop.harness(size);
    // Its style is the main window's.
    theme.theme().apply(&harness.ctx);
    harness.run_steps(2);
    harness
}

#[test]
fn a_window_of_its_own_has_what_an_operator_must_see_always() {
    for (theme, shade) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut harness = beside(theme, [1000.0, 700.0], Mode::Demo);
        for name in ["DEMO", "alarm tank1.level/high-high", "Acknowledge tank1.level/high-high", "plant time"] {
            assert!(is_there(&harness, name), "nothing is called {name}");
        }
        assert!(!is_there(&harness, "Open display Network"), "its tree is folded");
        picture(&mut harness, &format!("beside-{shade}"));
    }
}

#[test]
fn esc_closes_no_window_of_its_own_and_leads_back_to_its_display() {
    let mut harness = beside(ThemeChoice::Dark, [1000.0, 700.0], Mode::Live);
    assert_eq!(harness.state().shell.shown_display(), Some("Tank farm"));
    for key in [Key::F7, Key::Escape, Key::Escape, Key::Escape] {
        harness.key_press_modifiers(Modifiers::NONE, key);
        harness.run_steps(2);
    }
    assert_eq!(harness.state().shell.shown_display(), Some("Tank farm"));
    assert!(!harness.state().closed());
    press(&mut harness, "Show displays");
    press(&mut harness, "Open display Network");
    harness.key_press(Key::F7);
    harness.run_steps(2);
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(harness.state().shell.shown_display(), Some("Network"), "that is its own now");
}

#[test]
fn what_concerns_the_program_is_left_to_the_main_window() {
    let mut harness = beside(ThemeChoice::Dark, [1000.0, 700.0], Mode::Live);
    for (modifiers, key) in [(Modifiers::NONE, Key::F2), (Modifiers::COMMAND, Key::Q), (Modifiers::COMMAND, Key::Comma)]
    {
        harness.key_press_modifiers(modifiers, key);
        harness.run_steps(2);
    }
    let desktop = harness.state();
    assert_eq!(desktop.for_main, [Action::ToggleEdit, Action::Quit, Action::OpenSettings]);
    assert!(!desktop.closed());
}

#[test]
fn a_display_is_sent_to_a_window_by_key_and_by_the_finder() {
    let mut desktop = Desktop::new(sample::riverside(), Settings::default());
    desktop.shell.open(Place::Display(0), None);
    let mut harness = desktop.harness([1280.0, 800.0]);
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::N);
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_steps(2);
    harness.event(eframe::egui::Event::Text("house in a window".to_owned()));
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().windows, ["Tank farm", "Pump house 1"]);
}
