//! Pictures of every display, to be read by eye.

use crate::stage::{Stage, picture};
use watchkeeper::ui::sample;
use watchkeeper::ui::theme::ThemeChoice;

const SIZE: [f32; 2] = [1280.0, 800.0];

fn all_displays(theme: ThemeChoice, name: &str) {
    for (display, file) in
        [("Tank farm", "tank-farm"), ("Pump house 1", "pump-house"), ("Network", "network"), ("", "alarm-list")]
    {
        let mut harness = Stage::new(sample::riverside(), display, theme).harness(SIZE, 1.0);
        let image = picture(&mut harness, &format!("{file}-{name}"));
        assert_eq!((image.width(), image.height()), (1280, 800));
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
