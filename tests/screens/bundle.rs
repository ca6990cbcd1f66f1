//! A bundle on the screen: what says that nothing is live, and that nothing can be done to the plant.

use crate::window::{Desktop, is_there, picture, press};
use eframe::egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _, by};
use std::sync::Arc;
use watchkeeper::engine::{Counts, Mode, Quality};
use watchkeeper::link::BundleShown;
use watchkeeper::time::Span;
use watchkeeper::ui::sample::{self, Sample};
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::{Place, Shell};
use watchkeeper::ui::theme::ThemeChoice;

/// Riverside as a bundle shows it.
fn bundled() -> Sample {
    let mut sample = sample::riverside();
    let snapshot = &mut sample.snapshot;
    snapshot.mode = Mode::Bundle;
    for view in snapshot.pages.iter_mut().flat_map(Arc::make_mut) {
        if view.quality.is_good() {
            view.quality = Quality::RECORDED;
        }
    }
    let (from, to) = (snapshot.now.utc + Span::from_secs(-8 * 3_600), snapshot.now.utc);
    let file = "/home/anna/night.bundle.zip".into();
    sample.about.bundle = Some(Arc::new(BundleShown { file, from, to }));
    sample
}

fn window(theme: ThemeChoice, size: [f32; 2], place: Place) -> Harness<'static, Desktop> {
    let mut desktop = Desktop::new(bundled(), Settings { theme, ..Settings::default() });
    desktop.shell.open(place, None);
    desktop.harness(size)
}

/// What stands over the whole of it.
fn head(harness: &Harness<'_, Desktop>) -> String {
    let nodes = harness.query_all_by_label("BUNDLE").filter_map(|node| node.value());
    nodes.into_iter().find(|value| value.starts_with("BUNDLE of")).unwrap_or_default()
}

#[test]
fn every_picture_of_a_bundle_says_what_it_is_and_of_when() {
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut harness = window(theme, [1280.0, 800.0], Place::Display(0));
        picture(&mut harness, &format!("bundle-{name}"));
        assert_eq!(
            head(&harness),
            "BUNDLE of Riverside pumping station, recorded from 20 Nov 2026 06:03 to 20 Nov 2026 14:03. Values are those of its end; nothing is live"
        );
        let mut harness = window(theme, [640.0, 480.0], Place::Alarms);
        picture(&mut harness, &format!("bundle-small-{name}"));
        assert!(!head(&harness).is_empty(), "in a small window too");
    }
    assert!(Shell::title(&Desktop::new(bundled(), Settings::default()).desk()).ends_with("- BUNDLE"));
}

/// By its name in the finder.
fn find(harness: &mut Harness<'_, Desktop>, name: &str) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_steps(2);
    harness.event(Event::Text(name.to_owned()));
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
}

#[test]
fn the_sheet_makes_a_bundle_of_what_is_on_the_disk_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut sample = sample::riverside();
        sample.about.data_folder = folder.path().to_owned();
        let mut harness = Desktop::new(sample, Settings { theme, ..Settings::default() }).harness([1280.0, 800.0]);
        find(&mut harness, "share a bundle");
        press(&mut harness, "Last day");
        assert!(is_there(&harness, "Make the bundle…"));
        picture(&mut harness, &format!("share-{name}"));
    }
    let mut desktop = Desktop::new(bundled(), Settings::default());
    desktop.shell.open(Place::Display(0), None);
    let mut harness = desktop.harness([1280.0, 800.0]);
    find(&mut harness, "share a bundle");
    assert!(!is_there(&harness, "Make the bundle…"));
    let already = harness.query_all_by_label_contains("This is a bundle already: /home/anna/night.bundle.zip").next();
    assert!(already.is_some());
}

#[test]
fn an_empty_list_of_alarms_says_of_when_it_is_and_where_nothing_is_known_that() {
    for (entries, words) in [
        (7, "No alarm stood at the end of this bundle"),
        (0, "This bundle has no journal: which alarms stood is not known"),
    ] {
        let mut sample = bundled();
        sample.snapshot.journal.entries = entries;
        sample.snapshot.alarms = Arc::default();
        sample.snapshot.counts = Counts::default();
        let mut desktop = Desktop::new(sample, Settings::default());
        desktop.shell.open(Place::Alarms, None);
        let harness = desktop.harness([1280.0, 800.0]);
        let says = |part: Option<String>| part.is_some_and(|part| part.contains(words));
        let told = harness.query_all(by().predicate(|node| says(node.label()) || says(node.value()))).next();
        assert!(told.is_some(), "{words}");
    }
}

#[test]
fn the_time_of_a_bundle_stands_still_and_nothing_blinks() {
    let mut harness = window(ThemeChoice::Dark, [1280.0, 800.0], Place::Display(0));
    let before = harness.render().unwrap();
    harness.run_steps(20);
    assert!(before == harness.render().unwrap(), "five seconds later");
    assert!(!Shell::blinks(&bundled().snapshot));
}

#[test]
fn what_makes_no_sense_in_a_bundle_is_not_offered_or_refused_with_words() {
    let mut harness = window(ThemeChoice::Dark, [1280.0, 800.0], Place::Alarms);
    let only = "This is a bundle, to be looked at: nothing can be done to the plant from here";
    for acknowledge in harness.query_all_by_label_contains("Acknowledge") {
        assert!(acknowledge.accesskit_node().is_disabled(), "{:?}", acknowledge.accesskit_node().label());
    }
    harness.key_press(Key::F2);
    harness.run_steps(3);
    assert!(harness.query_all_by_label_contains(only).next().is_some(), "edited");
    let mut harness = window(ThemeChoice::Dark, [1280.0, 800.0], Place::Alarms);
    for name in ["Topic explorer", "Look for devices", "Decode workbench"] {
        let mut harness = window(ThemeChoice::Dark, [1280.0, 800.0], Place::Display(0));
        find(&mut harness, name);
        let told = harness.query_all(by().predicate(|node| node.value().is_some_and(|words| words == only))).next();
        assert!(told.is_some(), "{name}");
    }
    let silence = harness.get_all_by_label("Silence horn").next().unwrap();
    assert!(silence.accesskit_node().is_disabled(), "the horn");
    assert!(harness.state_mut().commands.try_recv().is_err(), "nothing was asked of a plant");
}
