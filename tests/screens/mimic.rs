//! Panels `image` and `mimic`: what is drawn, what a screen reader is told, and what stands there when there is no picture.

use crate::stage::{Stage, picture, says, settled};
use eframe::egui;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use std::path::Path;
use std::sync::LazyLock;
use watchkeeper::ui::sample::{self, Sample};
use watchkeeper::ui::theme::ThemeChoice;

fn shown(sample: Sample, display: &str, theme: ThemeChoice, size: [f32; 2], zoom: f32) -> Harness<'static, Stage> {
    settled(Stage::new(sample, display, theme).harness(size, zoom))
}

/// A project of pictures in a folder of its own.
fn with_files(folder: &Path, panels: &str) -> Sample {
    let text = format!("watchkeeper = 1\nname = \"Pictures\"\n[[display]]\nname = \"Plan\"\n{panels}");
    let mut sample = sample::of(&text, 1, 1, |_, _| None);
    sample.about.path = Some(folder.join("plant.toml"));
    sample
}

const DRAWING: &str = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 200 100'><rect width='200' height='100' \
                       fill='#fff'/><path d='M 10 50 H 190' stroke='#000' stroke-width='20'/></svg>";

fn png(side: u32) -> Vec<u8> {
    let image = image::RgbaImage::from_fn(side, side, |x, y| image::Rgba([x as u8, y as u8, 200, 255]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn pictures_are_shown_with_their_names_and_what_is_wrong_with_them_in_words() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan.svg"), DRAWING).unwrap();
    std::fs::write(folder.path().join("site.png"), png(64)).unwrap();
    std::fs::write(folder.path().join("notes.png"), "no picture").unwrap();
    std::fs::write(folder.path().join("torn.png"), &png(64)[..200]).unwrap();
    let panels = [
        ("plan.svg", "title = \"Valves\""),
        ("site.png", "fit = \"cover\""),
        ("plan.svg", "colours = \"own\""),
        ("missing.png", ""),
        ("notes.png", ""),
        ("torn.png", ""),
    ]
    .iter()
    .enumerate()
    .map(|(i, (file, more))| {
        let (x, y) = (i % 3 * 8, i / 3 * 6);
        format!("[[display.panel]]\nkind = \"image\"\nat = [{x}, {y}, 8, 6]\nfile = \"{file}\"\n{more}\n")
    })
    .collect::<Vec<String>>()
    .concat();
    for theme in [ThemeChoice::Dark, ThemeChoice::Light] {
        let mut harness = shown(with_files(folder.path(), &panels), "Plan", theme, [1280.0, 800.0], 1.0);
        let valves = harness.get_by_label("Valves");
        assert_eq!(valves.value().as_deref(), Some("picture plan.svg"));
        assert!(harness.query_by_label("site.png").is_some());
        for part in [
            "missing.png; put it there",
            "\"notes.png\" is neither PNG nor SVG; save the picture as one of these",
            "\"torn.png\" is a damaged PNG",
        ] {
            assert_eq!(says(&harness, part), 1, "{part}");
        }
        let image = picture(&mut harness, &format!("image-{theme:?}").to_lowercase());
        let tokens = theme.theme();
        let at = |x: u32, y: u32| {
            let [r, g, b, _] = image.get_pixel(x, y).0;
            [r, g, b]
        };
        let rgb = |colour: egui::Color32| [colour.r(), colour.g(), colour.b()];
        // The drawing's ground is the panel's, its line the theme's; in its own colours both are as they were saved.
        let line = at(213, 213);
        assert_eq!(line, rgb(tokens.muted), "{theme:?}");
        assert_eq!(at(213, 150), rgb(tokens.panel), "{theme:?}");
        assert_eq!((at(1065, 203), at(1065, 150)), ([0, 0, 0], [255, 255, 255]), "{theme:?}");
    }
}

/// The demo's own drawing over the plant of the tests, with all kinds of items and all that a value can be.
const MIMIC: &str = r#"[[display]]
name = "Mimic"
[[display.panel]]
kind = "mimic"
at = [0, 0, 24, 15]
drawing = "pumping.svg"
item = [
  { kind = "pipe", element = "sewer", tag = "station.inflow" },
  { kind = "pipe", element = "rise-1", tag = "pump1.running" },
  { kind = "pipe", element = "rise-3", tag = "pump3.flow" },
  { kind = "pipe", element = "header", tag = "station.flow" },
  { kind = "tank", element = "T-1", tag = "tank1.level", title = "T1" },
  { kind = "tank", element = "T-2", tag = "tank2.level", title = "T2" },
  { kind = "tank", element = "T-3", tag = "tank3.level", title = "T3" },
  { kind = "tank", element = "T-4", tag = "tank4.level", title = "T4" },
  { kind = "tank", element = "T-5", tag = "tank5.level", title = "T5" },
  { kind = "valve", element = "V-101", tag = "valve101.open", title = "V-101" },
  { kind = "pump", element = "P-1", tag = "pump1.running", title = "Pump 1" },
  { kind = "pump", element = "P-2", tag = "pump2.mode", on = 1, title = "Pump 2" },
  { kind = "pump", element = "P-3", tag = "pump3.running", title = "Pump 3" },
  { kind = "bar", at = [24, 380, 16, 140], tag = "pump2.vibration" },
  { kind = "value", at = [430, 218], tag = "pump1.pressure" },
  { kind = "value", at = [430, 484], tag = "pump3.flow" },
  { kind = "value", at = [860, 56], tag = "station.flow", title = "To the tanks" },
  { kind = "value", at = [110, 264], tag = "station.inflow", title = "Inflow" },
  { kind = "value", at = [1090, 548], tag = "weather.wind", title = "Wind" },
  { kind = "value", at = [900, 548], tag = "lab.turbidity" },
  { kind = "lamp", at = [40, 60], tag = "valve101.open" },
  { kind = "value", at = [700, 548], tag = "no.such.tag" },
  { kind = "pump", element = "P-99", tag = "pump1.running" },
]
"#;

/// Played once for all tests.
fn with_mimic() -> Sample {
    static MIMICKED: LazyLock<Sample> = LazyLock::new(|| sample::riverside_with(MIMIC));
    let mut sample = MIMICKED.clone();
    sample.about.path = None;
    sample
}

#[test]
fn items_of_a_mimic_are_told_by_name_and_value_and_open_their_faceplate() {
    let mut harness = shown(with_mimic(), "Mimic", ThemeChoice::Dark, [1280.0, 800.0], 1.0);
    let told = |harness: &Harness<'_, Stage>, name: &str| -> Vec<String> {
        harness.get_all_by_label(name).map(|node| node.value().unwrap_or_default()).collect()
    };
    assert_eq!(told(&harness, "station.flow"), ["415.2 m³/h, flows", "415.2 m³/h"]);
    let lost = told(&harness, "pump3.flow");
    assert!(lost.len() == 2 && lost.iter().all(|value| value.contains("bad: no communication")), "{lost:?}");
    assert!(told(&harness, "tank1.level")[0].starts_with("95.3 %"), "{:?}", told(&harness, "tank1.level"));
    assert_eq!(says(&harness, "no tag \"no.such.tag\""), 1);
    assert_eq!(says(&harness, "Not in pumping.svg: element P-99"), 1);
    let id = harness.state().sample.snapshot.plan.tag_id("tank1.level").unwrap();
    harness.get_by_label("tank1.level").click();
    harness.run_steps(2);
    let asked = &harness.state().out.actions;
    assert!(asked.iter().any(|action| matches!(action, watchkeeper::ui::Action::OpenFaceplate(tag) if *tag == id)));
}

#[test]
fn a_mimic_without_its_drawing_tells_why_and_shows_its_values_as_rows() {
    let mut sample = sample::riverside_with(&MIMIC.replace("pumping.svg", "gone.svg"));
    sample.about.path = None;
    let harness = shown(sample, "Mimic", ThemeChoice::Dark, [1280.0, 800.0], 1.0);
    assert_eq!(says(&harness, "the demo plant has no picture \"gone.svg\"; open a project of your own"), 1);
    assert!(harness.get_all_by_label("tank1.level").count() > 0);
}

#[test]
fn mimics_in_both_themes_and_at_all_sizes() {
    let all = std::env::var_os("EVERY").is_some();
    for theme in [ThemeChoice::Dark, ThemeChoice::Light] {
        for (size, zoom, name) in
            [([1280.0, 800.0], 1.0, "1280"), ([2560.0, 1440.0], 1.0, "2560"), ([1280.0, 800.0], 1.5, "1280-150")]
        {
            // The rest to be looked at: EVERY=1.
            if !all && name != "1280" {
                continue;
            }
            let mut harness = shown(with_mimic(), "Mimic", theme, size, zoom);
            let image = picture(&mut harness, &format!("mimic-{theme:?}-{name}").to_lowercase());
            // Tank 1 is about to overflow.
            assert!(crate::stage::count_of(&image, theme.theme().priorities[0]) > 50, "{name}");
        }
    }
}
