//! A window without a window: one display of a sample plant, painted and pressed by a test.

use crate::cpu_renderer::CpuRenderer;
use eframe::egui::{self, Color32, Context};
use egui_kittest::Harness;
use egui_kittest::kittest::{Queryable as _, by};
use std::path::PathBuf;
use std::time::Duration;
use watchkeeper::engine::TagId;
use watchkeeper::historian::JournalLink;
use watchkeeper::ui::panels::{Panels, alarm_list_ui, display_ui};
use watchkeeper::ui::past::History;
use watchkeeper::ui::sample::{Archive, Sample};
use watchkeeper::ui::theme::{Theme, ThemeChoice};
use watchkeeper::ui::{Frame, Outbox};

/// What is on the stage.
pub struct Stage {
    pub sample: Sample,
    pub theme: Theme,
    /// `None`: the alarm list over the whole.
    pub display: Option<usize>,
    pub chosen: Option<TagId>,
    pub blink_on: bool,
    pub panels: Panels,
    pub out: Outbox,
    /// What was recorded.
    pub archive: Option<Archive>,
    /// What happened.
    pub journal: Option<JournalLink>,
}

impl Stage {
    pub fn new(sample: Sample, display: &str, theme: ThemeChoice) -> Self {
        let display = sample.snapshot.plan.displays.iter().position(|d| d.display.name == display);
        Self {
            sample,
            theme: theme.theme(),
            display,
            chosen: None,
            blink_on: true,
            panels: Panels::default(),
            out: Outbox::default(),
            archive: None,
            journal: None,
        }
    }

    /// A harness of this size in points, at this zoom.
    pub fn harness(self, size: [f32; 2], zoom: f32) -> Harness<'static, Self> {
        let theme = self.theme.clone();
        let mut harness = Harness::builder()
            .with_size([size[0] / zoom, size[1] / zoom])
            .with_pixels_per_point(zoom)
            .with_step_dt(0.05)
            .with_render_cursor(false)
            .with_context_setup(move |ctx: &Context| theme.install(ctx))
            .renderer(CpuRenderer::default())
            .build_ui_state(|ui, stage: &mut Self| stage.ui(ui), self);
        harness.run_steps(3);
        harness
    }

    fn ui(&mut self, ui: &mut egui::Ui) {
        let Self { sample, theme, display, chosen, blink_on, panels, out, archive, journal } = self;
        let rect = ui.ctx().content_rect();
        ui.painter().rect_filled(rect, 0.0, theme.ground);
        let frame = Frame {
            snapshot: &sample.snapshot,
            about: &sample.about,
            theme,
            zone: &sample.zone,
            blink_on: *blink_on,
            chosen: *chosen,
            desk: None,
            history: archive.as_ref().map(|a| a as &dyn History),
            journal: journal.as_ref(),
        };
        ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| match display {
            Some(display) => display_ui(ui, &frame, *display, panels, out),
            None => alarm_list_ui(ui, &frame, panels, out),
        });
    }
}

/// Paints what is on the stage into `target/screens/NAME.png`.
pub fn picture(harness: &mut Harness<'_, Stage>, name: &str) -> image::RgbaImage {
    let image = harness.render().unwrap();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screens");
    std::fs::create_dir_all(&folder).unwrap();
    image.save(folder.join(format!("{name}.png"))).unwrap();
    image
}

/// How many pixels of a picture have exactly this colour.
pub fn count_of(image: &image::RgbaImage, colour: Color32) -> usize {
    let [r, g, b, _] = colour.to_array();
    image.pixels().filter(|p| p.0[..3] == [r, g, b]).count()
}

/// How many nodes say these words, by name or by value.
pub fn says(harness: &Harness<'_, Stage>, part: &str) -> usize {
    let holds = |words: Option<String>| words.is_some_and(|words| words.contains(part));
    harness.query_all(by().predicate(|node| holds(node.label()) || holds(node.value()))).count()
}

/// Steps until the pictures are there, for a thread reads them.
pub fn settled(mut harness: Harness<'static, Stage>) -> Harness<'static, Stage> {
    for _ in 0..400 {
        harness.run_steps(1);
        if says(&harness, "Reading ") == 0 {
            harness.run_steps(2);
            return harness;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("the picture never came");
}
