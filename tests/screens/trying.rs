//! Trying other settings of an alarm: the sheet, its verdict and its picture.

use crate::cpu_renderer::CpuRenderer;
use eframe::egui::{Context, Event, Key, Modifiers, UiBuilder, accesskit};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use std::path::PathBuf;
use std::sync::Arc;
use watchkeeper::engine::{Quality, TagId};
use watchkeeper::time::{Span, Utc};
use watchkeeper::ui::Frame;
use watchkeeper::ui::past::History;
use watchkeeper::ui::sample::{self, Archive, Sample};
use watchkeeper::ui::theme::{Theme, ThemeChoice};
use watchkeeper::ui::trying::{Trial, trial_ui};

const ALARM: &str = "tank1.level/high";

struct Sheet {
    sample: Sample,
    archive: Archive,
    theme: Theme,
    trial: Option<Trial>,
}

impl Sheet {
    /// A month in which the level swings over the limit twice a day, and rests for a day without a link.
    fn new(theme: ThemeChoice) -> Self {
        let sample = sample::desk();
        let now = sample.snapshot.now.utc;
        let mut level = Vec::new();
        for minute in 0..30 * 1_440_i64 {
            let time = now + Span::from_secs(60 * (minute - 30 * 1_440));
            let day = minute as f64 / 1_440.0;
            if (12.0..13.0).contains(&day) {
                if minute % 1_440 == 0 {
                    level.push(Archive::bad(time, Quality::NO_COMMUNICATION, "connection refused"));
                }
                continue;
            }
            let swing = (day * 4.0 * std::f64::consts::PI).sin() * 22.0 + (day / 3.0).sin() * 8.0;
            level.push(Archive::good(time, 62.0 + swing));
        }
        let mut archive = Archive { recorded_to: now, ..Archive::default() };
        archive.tags.insert("tank1.level".into(), Arc::new(level));
        Self { sample, archive, theme: theme.theme(), trial: None }
    }

    fn harness(self, size: [f32; 2]) -> Harness<'static, Self> {
        let theme = self.theme.clone();
        let mut harness = Harness::builder()
            .with_size(size)
            .with_step_dt(0.05)
            .with_render_cursor(false)
            .with_context_setup(move |ctx: &Context| theme.install(ctx))
            .renderer(CpuRenderer::default())
            .build_ui_state(|ui, sheet: &mut Self| sheet.ui(ui), self);
        harness.run_steps(4);
        harness
    }

    fn ui(&mut self, ui: &mut eframe::egui::Ui) {
        let Self { sample, archive, theme, trial } = self;
        theme.apply(ui.ctx());
        let rect = ui.ctx().content_rect();
        ui.painter().rect_filled(rect, 0.0, theme.panel);
        let frame = Frame {
            snapshot: &sample.snapshot,
            about: &sample.about,
            theme,
            zone: &sample.zone,
            blink_on: true,
            chosen: None::<TagId>,
            desk: None,
            history: Some(archive as &dyn History),
            journal: None,
        };
        let id = frame.snapshot.plan.alarm_id(ALARM).unwrap();
        let trial = trial.get_or_insert_with(|| Trial::new(&frame, id).unwrap());
        ui.scope_builder(UiBuilder::new().max_rect(rect.shrink(18.0)), |ui| trial_ui(ui, &frame, trial));
    }
}

fn verdict(harness: &Harness<'_, Sheet>) -> String {
    harness.get_by_label(&format!("Verdict on {ALARM}")).accesskit_node().value().unwrap_or_default()
}

fn write(harness: &mut Harness<'_, Sheet>, field: &str, text: &str) {
    harness.get_by_role_and_label(accesskit::Role::TextInput, &format!("{field} of {ALARM} to try")).focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.event(Event::Text(text.to_owned()));
    harness.run_steps(4);
}

#[test]
fn a_limit_is_typed_and_the_verdict_follows() {
    let mut harness = Sheet::new(ThemeChoice::Dark).harness([676.0, 620.0]);
    let first = verdict(&harness);
    let (present, same) = first.split_once(" → ").unwrap();
    assert!(same.starts_with(present), "with its own settings it does what it does: {first}");
    let now = harness.state().sample.snapshot.now.utc;
    assert!(now > Utc(0));
    write(&mut harness, "Limit %", "89");
    let second = verdict(&harness);
    assert!(second != first && second.starts_with(&format!("{present} → ")), "{second}");
    write(&mut harness, "Deadband", "wide");
    assert!(harness.query_by_label("Not tried").is_some(), "what is no deadband is told");
    assert_eq!(verdict(&harness), second, "and the last verdict stays");
}

#[test]
fn pictures_of_the_sheet() {
    for (theme, shade) in [(ThemeChoice::Dark, "dark"), (ThemeChoice::Light, "light")] {
        let mut harness = Sheet::new(theme).harness([676.0, 620.0]);
        write(&mut harness, "Limit %", "88");
        let image = harness.render().unwrap();
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screens");
        std::fs::create_dir_all(&path).unwrap();
        image.save(path.join(format!("trying-{shade}.png"))).unwrap();
    }
}
