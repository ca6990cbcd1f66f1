//! How the horn fares, in the status bar and in the settings; what is chosen there, and what its test answers.

use crate::window::{Desktop, is_there, picture};
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use watchkeeper::engine::{HornState, Snapshot};
use watchkeeper::link::{About, HornChoice, HornLink, HornTest};
use watchkeeper::project::Priority;
use watchkeeper::ui::horn::{HornDesk, horn_words};
use watchkeeper::ui::sample;
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::theme::ThemeChoice;

const SIZE: [f32; 2] = [1280.0, 800.0];
const BOTH: [(ThemeChoice, &str); 2] = [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")];

#[test]
fn the_status_bar_tells_whether_alarms_can_be_heard() {
    let silent = || HornState::Silent("aplay: main:831: audio open error: No such file or directory".into());
    let off = || HornState::Off("switched off in the settings by anna@desk-1".into());
    type Change = Box<dyn Fn(&mut Snapshot)>;
    let changes: [(&str, &str, Change); 5] = [
        ("sounds", "sounds for critical, played by pw-play", Box::new(|_| {})),
        ("silenced", "silenced until the next alarm", Box::new(|s| s.horn = None)),
        ("silent", "it cannot be heard: aplay: main:831", Box::new(move |s| s.horn_state = silent())),
        ("off", "off, switched off in the settings by anna@desk-1", Box::new(move |s| s.horn_state = off())),
        ("trying", "it is being tried", Box::new(|s| s.horn_state = HornState::Trying)),
    ];
    for (state, told, change) in changes {
        for (theme, name) in BOTH {
            let desktop = Desktop::new(sample::riverside(), Settings { theme, ..Settings::default() });
            desktop.publish(&change);
            let mut harness = desktop.harness([1_920.0, 500.0]);
            picture(&mut harness, &format!("horn-{state}-{name}"));
            let item = harness.get_by_label("horn").accesskit_node().value().unwrap();
            assert!(item.contains(told), "{state}: {item}");
        }
    }
}

#[test]
fn each_state_of_the_horn_has_its_own_words() {
    let mut snapshot = sample::quiet().snapshot;
    let here = About::default();
    let short = |snapshot: &Snapshot, about: &About| {
        let words = horn_words(snapshot, about);
        (words.short, words.loud)
    };
    assert_eq!(short(&snapshot, &here), ("Horn ready".to_owned(), false));
    let held = About { held_by: Some("process 7 of anna on desk-1".to_owned()), ..About::default() };
    assert_eq!(short(&snapshot, &held), ("Horn elsewhere".to_owned(), false));
    snapshot.horn_state = HornState::Silent("no soundcards found...".into());
    assert_eq!(short(&snapshot, &here), ("Horn silent: no soundcards found...".to_owned(), true));
    snapshot.horn_state = HornState::Off("run with --silent".into());
    assert_eq!(short(&snapshot, &here), ("Horn off".to_owned(), true));
    snapshot.horn_state = HornState::Ready { player: "aplay".into() };
    snapshot.horn = Some(Priority::Low);
    assert_eq!(short(&snapshot, &here), ("Horn sounded".to_owned(), false), "a low one sounds once");
}

/// A window with a horn of the test's own.
fn with_horn(theme: ThemeChoice) -> (Harness<'static, Desktop>, watch::Receiver<HornChoice>, mpsc::Receiver<HornTest>) {
    let (choice, chosen) = watch::channel(HornChoice::default());
    let (tests, asked) = mpsc::channel(1);
    let mut desktop = Desktop::new(sample::riverside(), Settings { theme, ..Settings::default() });
    desktop.shell.horn = HornDesk::new(Some(HornLink { choice, tests }));
    desktop.shell.notes_fault = Some("org.freedesktop.DBus.Error.ServiceUnknown: no such service".to_owned());
    let mut harness = desktop.harness(SIZE);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Comma);
    harness.run_steps(3);
    (harness, chosen, asked)
}

#[test]
fn the_settings_test_the_horn_and_say_who_played_it_or_why_not() {
    for (theme, name) in BOTH {
        let (mut harness, _chosen, mut asked) = with_horn(theme);
        harness.get_by_label("Test the horn").click();
        harness.run_steps(2);
        picture(&mut harness, &format!("settings-horn-{name}"));
        let test = asked.try_recv().unwrap();
        harness.get_by_label("Test the horn").click();
        harness.run_steps(2);
        asked.try_recv().unwrap().answer(Err("aplay: no soundcards found...".to_owned()));
        test.answer(Ok(Arc::from("pw-play")));
        harness.run_steps(3);
        assert!(
            is_there(&harness, "The test tone could not be heard: aplay: no soundcards found..."),
            "the newest counts"
        );
        picture(&mut harness, &format!("settings-horn-fault-{name}"));
    }
}

#[test]
fn the_horn_is_switched_off_and_given_another_player_in_the_settings_by_name() {
    let (mut harness, mut chosen, _asked) = with_horn(ThemeChoice::Dark);
    harness.get_by_label("Sound alarms on this computer").click();
    harness.run_steps(3);
    let off = chosen.borrow_and_update().off.clone().unwrap();
    assert_eq!(off.as_ref(), "switched off in the settings by desk@control1");
    assert!(!harness.state().shell.settings.horn);
    harness.get_by_label("Sound alarms on this computer").click();
    harness.run_steps(3);
    assert_eq!(chosen.borrow_and_update().off, None);

    harness.get_by_label("Player of the horn").focus();
    harness.run_steps(2);
    harness.get_by_label("Player of the horn").type_text("  play \"{}\" ");
    harness.run_steps(3);
    harness.get_by_label("Use this player").click();
    harness.run_steps(3);
    assert_eq!(chosen.borrow_and_update().player.as_deref(), Some("play \"{}\""));
    harness.get_by_label("Use the system's").click();
    harness.run_steps(3);
    assert_eq!(chosen.borrow_and_update().player, None);
    assert_eq!(harness.state().shell.settings.player, None);

    assert!(!chosen.has_changed().unwrap());
    harness.get_by_label("Tell new critical and high alarms while this window is not in front").click();
    harness.run_steps(3);
    assert!(!harness.state().shell.settings.notifications);
    assert!(!chosen.has_changed().unwrap(), "the horn is not tried anew for that");
}
