//! Pictures of the demo's own displays, six minutes after it began: what a new user sees.

#[path = "../demo_watch/mod.rs"]
mod demo_watch;

use crate::stage::{Stage, picture, settled};
use demo_watch::Watch;
use watchkeeper::drivers::demo::plant::Plant;
use watchkeeper::engine::Level;
use watchkeeper::link::About;
use watchkeeper::ui::sample::Sample;
use watchkeeper::ui::theme::ThemeChoice;

/// What a window of 1280 by 800 leaves for a display.
const SIZE: [f32; 2] = [1_080.0, 690.0];

#[test]
fn every_display_of_the_demo_is_painted_while_things_go_wrong() {
    let mut watch = Watch::over(Plant::new(1));
    for _ in 0..375 {
        watch.second(1.0);
    }
    assert!(watch.raised.iter().any(|(_, name)| name == "tank1.level/high-high"), "{:?}", watch.raised);
    assert!(watch.tags_at(Level::Bad).contains_key("wetwell.ph"), "the analyser is being cleaned");
    let sample = Sample {
        snapshot: watch.snapshot(),
        about: About::default(),
        zone: jiff::tz::TimeZone::UTC,
        journal: Vec::new(),
    };
    let every = std::env::var_os("EVERY").is_some();
    for display in &watch.plan.displays {
        let name = &display.display.name;
        let file = name.to_lowercase().replace(' ', "-");
        let mut harness = settled(Stage::new(sample.clone(), name, ThemeChoice::Dark).harness(SIZE, 1.0));
        picture(&mut harness, &format!("demo-{file}-dark"));
        if every {
            let stage = Stage::new(sample.clone(), name, ThemeChoice::Light);
            let mut harness = settled(stage.harness([2_300.0, 1_300.0], 1.5));
            picture(&mut harness, &format!("demo-{file}-light-2560"));
        }
    }
}
