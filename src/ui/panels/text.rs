//! `text`: words of the engineer for the operator.

use super::{Cx, PanelView};
use crate::ui::Outbox;
use eframe::egui::{RichText, ScrollArea, Ui, UiBuilder};

/// See the module.
#[derive(Debug)]
pub struct TextPanel;

impl PanelView for TextPanel {
    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, _out: &mut Outbox) {
        ui.scope_builder(UiBuilder::new().max_rect(cx.rect), |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                ui.label(RichText::new(&cx.panel.text).color(cx.frame.theme.text));
            });
        });
    }
}
