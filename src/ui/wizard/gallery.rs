//! The examples: what each is, a drawing of its first display, and a copy to look at and to change.

use super::Surroundings;
use super::fields::remark;
use super::target::Target;
use crate::link::BeginLink;
use crate::project::new::{EXAMPLES, Example};
use crate::project::{Display, PanelKind, file};
use crate::ui::fonts::{self, size};
use crate::ui::theme::{RADIUS, STEP, Theme};
use crate::ui::{Action, Outbox};
use eframe::egui::{
    Button, Label, Painter, Pos2, Rect, RichText, Role, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};
use std::path::PathBuf;
use std::sync::Arc;

/// Size of a drawing.
const DRAWING: [f32; 2] = [230.0, 136.0];

/// See the module.
#[derive(Debug, Default)]
pub struct Gallery {
    /// The first display of each.
    displays: Option<Vec<Option<Arc<Display>>>>,
    /// Which is to be copied.
    chosen: Option<usize>,
    target: Target,
}

impl Gallery {
    /// The file that was written, once.
    pub fn written(&mut self) -> Option<PathBuf> {
        self.target.written()
    }

    /// The page.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        around: Surroundings<'_>,
        begin: Option<&BeginLink>,
        is_new: bool,
        out: &mut Outbox,
    ) {
        let displays = self.displays.get_or_insert_with(|| EXAMPLES.iter().map(first_display).collect()).clone();
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(820.0);
            remark(
                ui,
                around.theme,
                "A copy is written where you say, and opened; the examples themselves stay as they are",
            );
            ui.add_space(2.0 * STEP);
            for (index, (example, display)) in EXAMPLES.iter().zip(displays).enumerate() {
                around.theme.panel_frame().show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    ui.horizontal_top(|ui| {
                        let [width, height] = DRAWING;
                        let (rect, drawing) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
                        let name = format!("Drawing of {}", example.title);
                        drawing.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
                        draw(ui.painter(), rect, display.as_deref(), around.theme);
                        ui.add_space(3.0 * STEP);
                        ui.vertical(|ui| self.words_ui(ui, around, example, index, is_new, begin, out));
                    });
                });
                ui.add_space(2.0 * STEP);
            }
        });
    }

    fn words_ui(
        &mut self,
        ui: &mut Ui,
        around: Surroundings<'_>,
        example: &Example,
        index: usize,
        is_new: bool,
        begin: Option<&BeginLink>,
        out: &mut Outbox,
    ) {
        ui.label(RichText::new(example.title).font(fonts::strong(size::TITLE)));
        for line in example.words {
            ui.add(Label::new(RichText::new(line).color(around.theme.muted)).wrap());
        }
        ui.add_space(STEP);
        if self.chosen != Some(index) {
            ui.horizontal(|ui| {
                let button = ui.add(Button::new("Look at it").min_size(vec2(110.0, 28.0)));
                let name = format!("Look at {}", example.title);
                button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
                if index == 0 && is_new {
                    button.request_focus();
                }
                if button.clicked() {
                    self.chosen = Some(index);
                    self.target = Target::default();
                }
                if example.id == "demo" && ui.button("Open the demo plant").clicked() {
                    out.action(Action::OpenDemo);
                }
            });
            return;
        }
        let proposed = format!("{}.toml", example.id);
        self.target.ui(ui, around, example.title, &proposed, 420.0);
        let save = Button::new(fonts::bold("Save and open")).min_size(vec2(110.0, 28.0));
        if ui.add_enabled(!self.target.waits(), save).clicked() {
            let path = self.target.path(around.folder, &proposed);
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.target.write(begin, path, example.copy(&name), example.beside);
        }
        if !example.beside.is_empty() {
            let names: Vec<&str> = example.beside.iter().map(|(name, _)| *name).collect();
            remark(ui, around.theme, &format!("Beside it: {}", names.join(", ")));
        }
    }
}

fn first_display(example: &Example) -> Option<Arc<Display>> {
    let (project, _) = file::read(example.text.as_bytes());
    project.displays.first().cloned()
}

/// A display as a plan of its panels.
fn draw(painter: &Painter, rect: Rect, display: Option<&Display>, theme: &Theme) {
    painter.rect(rect, f32::from(RADIUS), theme.ground, theme.border(), StrokeKind::Inside);
    let Some(display) = display else { return };
    let rows = display.panels.iter().map(|panel| panel.at[1].saturating_add(panel.at[3])).max().unwrap_or(1).max(1);
    let inner = rect.shrink(4.0);
    let cell = vec2(inner.width() / f32::from(display.columns.max(1)), inner.height() / f32::from(rows));
    for panel in &display.panels {
        let [x, y, w, h] = panel.at.map(f32::from);
        let place = Rect::from_min_size(inner.min + vec2(x * cell.x, y * cell.y), vec2(w * cell.x, h * cell.y));
        let place = place.intersect(inner).shrink(1.0);
        painter.rect(place, 2.0, theme.panel, theme.border(), StrokeKind::Inside);
        sign(painter, place.shrink2(vec2(4.0, 3.0)), panel.kind, theme);
    }
}

/// What a panel of this kind looks like from afar.
fn sign(painter: &Painter, place: Rect, kind: PanelKind, theme: &Theme) {
    if !place.is_positive() {
        return;
    }
    let stroke = Stroke::new(1.0, theme.normal);
    let at = |x: f32, y: f32| -> Pos2 { pos2(place.left() + x * place.width(), place.top() + y * place.height()) };
    match kind {
        PanelKind::Trend | PanelKind::Spark => {
            let points: Vec<Pos2> = [0.55, 0.4, 0.5, 0.25, 0.35, 0.7, 0.5, 0.6]
                .iter()
                .enumerate()
                .map(|(n, y)| at(n as f32 / 7.0, *y))
                .collect();
            painter.add(Shape::line(points, stroke));
        }
        PanelKind::Gauge => {
            let radius = (place.width().min(place.height()) / 2.0).max(1.0);
            painter.circle_stroke(place.center(), radius, stroke);
            painter.line_segment([place.center(), place.center() + vec2(radius * 0.6, -radius * 0.6)], stroke);
        }
        PanelKind::Bar | PanelKind::Tank => {
            painter.rect_filled(Rect::from_min_max(at(0.3, 0.35), at(0.7, 1.0)), 1.0, theme.normal);
        }
        PanelKind::Lamp => {
            painter.circle_filled(at(0.2, 0.5), (place.height() / 4.0).clamp(1.0, 4.0), theme.normal);
        }
        PanelKind::Alarms | PanelKind::Journal | PanelKind::Devices => {
            for row in 0_u8..4 {
                let y = 0.15 + f32::from(row) * 0.23;
                painter.line_segment([at(0.0, y), at(0.9, y)], Stroke::new(1.0, theme.line));
            }
        }
        PanelKind::Mimic | PanelKind::Image => {
            painter.rect_stroke(Rect::from_min_max(at(0.1, 0.2), at(0.35, 0.9)), 1.0, stroke, StrokeKind::Inside);
            painter.line_segment([at(0.35, 0.7), at(0.75, 0.7)], stroke);
            painter.circle_stroke(at(0.82, 0.7), (place.height() / 8.0).max(1.0), stroke);
        }
        PanelKind::Value | PanelKind::Text => {
            painter.line_segment([at(0.1, 0.5), at(0.6, 0.5)], Stroke::new(2.0, theme.normal));
        }
    }
}
