//! Pictures of every display, to be read by eye, and a few compared with approved ones.

use crate::stage::{Stage, count_of, picture};
use std::path::PathBuf;
use watchkeeper::ui::sample;
use watchkeeper::ui::theme::{Theme, ThemeChoice};

const SIZE: [f32; 2] = [1280.0, 800.0];
const DISPLAYS: [(&str, &str); 5] = [
    ("Tank farm", "tank-farm"),
    ("Pump house 1", "pump-house"),
    ("Network", "network"),
    ("Broken", "broken"),
    ("", "alarm-list"),
];

fn all_displays(theme: ThemeChoice, name: &str) {
    let sample = sample::broken();
    for (display, file) in DISPLAYS {
        let mut harness = Stage::new(sample.clone(), display, theme).harness(SIZE, 1.0);
        let image = picture(&mut harness, &format!("{file}-{name}"));
        assert_eq!((image.width(), image.height()), (1280, 800));
        approve(&image, &format!("{file}-{name}"));
    }
}

#[test]
fn every_display_is_painted_in_the_dark_theme() {
    all_displays(ThemeChoice::Dark, "dark");
}

#[test]
fn every_display_is_painted_in_the_light_theme() {
    all_displays(ThemeChoice::Light, "light");
}

#[test]
fn displays_are_painted_at_other_sizes_of_window_and_text() {
    let sample = sample::riverside();
    let sizes =
        [([2560.0, 1440.0], 1.0, "2560"), (SIZE, 1.5, "150"), (SIZE, 2.0, "200"), ([1024.0, 640.0], 0.75, "75")];
    for (size, zoom, name) in sizes {
        let mut harness = Stage::new(sample.clone(), "Tank farm", ThemeChoice::Dark).harness(size, zoom);
        let image = picture(&mut harness, &format!("tank-farm-dark-{name}"));
        assert_eq!((image.width() as f32, image.height() as f32), (size[0], size[1]));
    }
}

#[test]
fn a_plant_that_is_well_shows_no_colour_of_an_alarm() {
    for (theme, name) in [(ThemeChoice::Dark, "quiet-dark"), (ThemeChoice::Light, "quiet-light")] {
        let mut harness = Stage::new(sample::quiet(), "Tank farm", theme).harness(SIZE, 1.0);
        let image = picture(&mut harness, name);
        for colour in theme.theme().priorities {
            assert_eq!(count_of(&image, colour), 0, "{name}: {colour:?}");
        }
    }
}

#[test]
fn critical_and_unacknowledged_is_the_loudest_thing_on_the_screen() {
    let theme = Theme::dark();
    let mut harness = Stage::new(sample::riverside(), "Tank farm", ThemeChoice::Dark).harness(SIZE, 1.0);
    let image = picture(&mut harness, "tank-farm-dark");
    let [critical, others @ ..] = theme.priorities.map(|colour| count_of(&image, colour));
    assert!(others.iter().all(|other| critical > 8 * other), "{critical} against {others:?}");
}

#[test]
fn the_first_second_is_words_and_never_an_empty_grey() {
    let mut harness = Stage::new(sample::starting(), "Tank farm", ThemeChoice::Dark).harness(SIZE, 1.0);
    picture(&mut harness, "starting-dark");
}

/// Pictures that are compared with what a person has looked at and approved, at half their size so that the files stay
/// small. The others are for the eye alone.
const APPROVED: [&str; 2] = ["tank-farm-dark", "pump-house-light"];

/// Compares a picture with the approved one. After a change that is meant, look at the new picture, then
/// `APPROVE=1 cargo test --test screens pictures` takes it.
fn approve(image: &image::RgbaImage, name: &str) {
    if !APPROVED.contains(&name) {
        return;
    }
    let half = image::imageops::FilterType::Triangle;
    let small = image::imageops::resize(image, image.width() / 2, image.height() / 2, half);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/screens/approved").join(format!("{name}.png"));
    if std::env::var_os("APPROVE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        small.save(&path).unwrap();
    }
    let wanted = image::open(&path).unwrap().to_rgba8();
    let differs = |(a, b): (&image::Rgba<u8>, &image::Rgba<u8>)| a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > 24);
    let different = small.pixels().zip(wanted.pixels()).filter(|p| differs(*p)).count();
    assert!(
        small.dimensions() == wanted.dimensions() && different <= small.pixels().len() / 500,
        "{different} of {} pixels differ from {}; see target/screens/{name}.png",
        small.pixels().len(),
        path.display()
    );
}
