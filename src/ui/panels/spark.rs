//! `spark`: the recent past of tags, a row each, with the value of now beside.

use super::recent::RecentPast;
use super::{Aside, Cx, PanelView, grid, open_faceplate};
use crate::ui::widgets::spark::{Columns, GREATEST_ROW, LEAST_ROW, row_ui};
use crate::ui::{Outbox, words};
use eframe::egui::{Rect, ScrollArea, Sense, Ui, UiBuilder, vec2};

/// See the module.
#[derive(Debug, Default)]
pub struct SparkPanel {
    recent: RecentPast,
}

impl PanelView for SparkPanel {
    /// How far back the lines reach.
    fn aside(&self, cx: &Cx<'_>) -> Aside {
        Aside::quiet(words::duration_of_range(cx.panel.span))
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        let brush = cx.brush();
        let count = cx.panel.tags.len();
        let height = (cx.rect.height() / count.max(1) as f32).clamp(LEAST_ROW, GREATEST_ROW);
        let columns = (cx.rect.width() * ui.pixels_per_point()).max(1.0) as usize;
        self.recent.follow(ui, cx, columns);
        // The panel's title names the only tag.
        let named = |name| if count == 1 { "" } else { name };
        let units: Vec<&str> = cx.tags().filter_map(|(_, reading, _)| Some(reading?.unit)).collect();
        let columns = Columns::of(ui.painter(), cx.tags().map(|(name, ..)| named(name)), units.into_iter());
        ui.scope_builder(UiBuilder::new().max_rect(cx.rect), |ui| {
            grid::plain_scrolling(ui);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                for (index, (name, reading, id)) in cx.tags().enumerate() {
                    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
                    let (Some(reading), Some(id)) = (reading, id) else {
                        let inner = Rect::from_min_size(rect.min, rect.size() - vec2(0.0, 2.0));
                        grid::say_no_tag(ui, inner, name, &cx.frame.snapshot.plan, brush.theme);
                        continue;
                    };
                    if index > 0 {
                        ui.painter().hline(rect.x_range(), rect.top(), brush.theme.border());
                    }
                    let recent = self.recent.of(index, id, &reading, cx);
                    let id_of_row = ui.scope_id().with(index);
                    let response = row_ui(ui, rect, id_of_row, named(name), &reading, columns, recent, &brush);
                    open_faceplate(&response, Some(id), out);
                }
            });
        });
    }
}
