//! `lamp`: states, a row each.

use super::{Cx, PanelView, grid, open_faceplate};
use crate::ui::Outbox;
use crate::ui::widgets::lamp::{GREATEST_ROW, LEAST_ROW, lamp_ui};
use eframe::egui::{Rect, ScrollArea, Sense, Ui, vec2};

/// See the module.
#[derive(Debug)]
pub struct LampPanel;

impl PanelView for LampPanel {
    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        let brush = cx.brush();
        let count = cx.panel.tags.len().max(1) as f32;
        let row = (cx.rect.height() / count).clamp(LEAST_ROW, GREATEST_ROW);
        ui.scope_builder(eframe::egui::UiBuilder::new().max_rect(cx.rect), |ui| {
            grid::plain_scrolling(ui);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                for (index, (name, reading, id)) in cx.tags().enumerate() {
                    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), row), Sense::hover());
                    let Some(reading) = reading else {
                        grid::say_no_tag(
                            ui,
                            Rect::from_min_size(rect.min, rect.size() - vec2(0.0, 2.0)),
                            name,
                            &cx.frame.snapshot.plan,
                            brush.theme,
                        );
                        continue;
                    };
                    let title = cx.panel.title.as_deref().filter(|_| cx.panel.tags.len() == 1).map_or(name, |_| "");
                    let response = lamp_ui(ui, rect, ui.scope_id().with(index), title, &reading, &brush);
                    open_faceplate(&response, id, out);
                }
            });
        });
    }
}
