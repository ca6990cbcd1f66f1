//! Sparks: the recent past of several tags, a row each.

use crate::stage::{Stage, picture};
use eframe::egui::Rect;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use watchkeeper::ui::Action;
use watchkeeper::ui::sample::{self, Sample};
use watchkeeper::ui::theme::ThemeChoice;

const TAGS: [&str; 7] =
    ["tank1.level", "station.inflow", "pump3.flow", "weather.wind", "pump1.running", "feederA.energy", "lab.turbidity"];

fn sparks() -> Sample {
    sample::riverside_with(
        r#"
[[display]]
name = "Recent"
panel = [
  { kind = "spark", at = [0, 0, 12, 8], title = "Station", span = "2h", tags = ["tank1.level", "station.inflow", "pump3.flow", "weather.wind", "pump1.running", "feederA.energy", "lab.turbidity"] },
  { kind = "spark", at = [12, 0, 6, 8], title = "Narrow", tags = ["tank1.level", "pump3.flow", "no.such.tag", "weather.text"] },
  { kind = "spark", at = [18, 0, 6, 2], tag = "pump3.flow" },
  { kind = "spark", at = [18, 2, 6, 2], tag = "rain.rate" },
  { kind = "spark", at = [18, 4, 6, 4], tag = "tank2.level" },
  { kind = "spark", at = [0, 8, 12, 3], title = "Low rows", tags = ["tank1.level", "station.inflow", "pump3.flow", "tank2.level"] },
]
"#,
    )
}

fn show(theme: ThemeChoice) -> Harness<'static, Stage> {
    Stage::new(sparks(), "Recent", theme).harness([1280.0, 800.0], 1.0)
}

#[test]
fn sparks_are_painted_in_both_themes() {
    let sample = sparks();
    assert!(sample.about.issues.iter().all(|i| i.message.contains("no.such.tag")), "{:?}", sample.about.issues);
    for (theme, name) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        picture(&mut show(theme), &format!("spark-{name}"));
        let mut large = Stage::new(sample.clone(), "Recent", theme).harness([2560.0, 1440.0], 1.5);
        picture(&mut large, &format!("spark-{name}-2560"));
    }
}

#[test]
fn a_row_tells_its_tag_with_quality_and_age_and_opens_the_faceplate() {
    let mut harness = show(ThemeChoice::Dark);
    let told = |harness: &Harness<'_, Stage>, tag: &str| harness.get_all_by_label(tag).next().unwrap().value().unwrap();
    assert_eq!(told(&harness, "tank1.level"), "95.3 %");
    assert_eq!(told(&harness, "pump3.flow"), "87.6 m³/h, bad: no communication, 1 m 44 s old");
    assert_eq!(told(&harness, "weather.wind"), "5.2 m/s, uncertain: stale, 50 s old");
    assert_eq!(told(&harness, "lab.turbidity"), "no value, bad: waiting for the first value");
    assert!(harness.query_by_label("no tag \"no.such.tag\" in the project").is_some());
    harness.get_all_by_label("station.inflow").next().unwrap().click();
    harness.run_steps(2);
    let id = harness.state().sample.snapshot.plan.tag_id("station.inflow").unwrap();
    assert!(harness.state().out.actions.contains(&Action::OpenFaceplate(id)));
}

#[test]
fn every_tag_has_a_row_of_its_own() {
    let harness = show(ThemeChoice::Dark);
    let rows: Vec<Rect> = TAGS.map(|tag| harness.get_all_by_label(tag).next().unwrap().rect()).into();
    assert!(rows.windows(2).all(|pair| pair[0].bottom() <= pair[1].top() + 0.5), "{rows:?}");
}
