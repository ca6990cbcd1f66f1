//! `gauge`: a tag on a round scale.

use super::{Aside, Cx, PanelView, grid, open_faceplate};
use crate::ui::Outbox;
use crate::ui::widgets::gauge::gauge_ui;
use crate::ui::widgets::symbol::Symbol;
use eframe::egui::{Rect, Ui, pos2};

/// See the module.
#[derive(Debug)]
pub struct GaugePanel;

impl PanelView for GaugePanel {
    fn aside(&self, cx: &Cx<'_>) -> Aside {
        // The mark of the tag's alarm stands there instead.
        Aside::quiet(
            cx.tags().find_map(|(_, reading, _)| reading.filter(|r| r.alarm.is_none())?.age).unwrap_or_default(),
        )
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        let brush = cx.brush();
        let count = cx.panel.tags.len().max(1) as f32;
        let width = cx.rect.width() / count;
        for (index, (name, reading, id)) in cx.tags().enumerate() {
            let left = cx.rect.left() + width * index as f32;
            let rect = Rect::from_min_max(pos2(left, cx.rect.top()), pos2(left + width, cx.rect.bottom()));
            let (Some(reading), Some(id)) = (reading, id) else {
                grid::say_no_tag(ui, rect, name, &cx.frame.snapshot.plan, brush.theme);
                continue;
            };
            let scale = cx.alarms.scale(cx.frame.snapshot, id);
            let response = gauge_ui(ui, rect, ui.scope_id().with(index), &reading, &scale, &brush, count == 1.0);
            if let Some(alarm) = reading.alarm {
                let center =
                    pos2(rect.right() - 10.0, rect.top() + if index == 0 && count == 1.0 { -9.0 } else { 8.0 });
                Symbol::from_tag(alarm).paint(ui.painter(), brush.theme, center, 13.0, brush.blink_on);
            }
            open_faceplate(&response, Some(id), out);
        }
    }
}
