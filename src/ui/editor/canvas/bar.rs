//! Above the canvas: which display, new panels, how several are put in order; and the menu of a panel.

use super::place::Align;
use super::{Canvas, Wish};
use crate::project::PanelKind;
use crate::project::edit::{Draft, EntityId, EntityKind, KeyPath};
use crate::ui::Frame;
use eframe::egui::{Button, ComboBox, Label, RichText, Role, Ui, ViewportCommand, WidgetInfo};

impl Canvas {
    pub(super) fn bar_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, draft: &Draft, wishes: &mut Vec<Wish>) {
        ui.horizontal_wrapped(|ui| {
            self.displays_ui(ui, draft);
            ui.menu_button("New panel", |ui| {
                for (kind, word) in PanelKind::ALL {
                    let button = ui.button(word);
                    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("New {word}")));
                    if button.clicked() {
                        wishes.extend(self.added(kind));
                        ui.close();
                    }
                }
            });
            let several = self.placed().0.len();
            ui.add_enabled_ui(several > 1, |ui| {
                let menu = ui.menu_button("Put in order", |ui| self.order_ui(ui, several, wishes)).response;
                menu.on_disabled_hover_text("Choose several panels: Ctrl+click, or draw a box around them");
            });
        });
        // On a line of its own: what is said changes with what is chosen, and moves nothing beside it.
        let words = match self.chosen.as_slice() {
            [] => "Click a panel or go to it by Tab; drag it, or move it by arrows".to_owned(),
            [one] => self.scene.item(*one).map_or_else(String::new, |item| match item.at {
                Some([x, y, w, h]) => format!("{}: column {x}, row {y}, {w} × {h}", item.name),
                None => format!("{}: no place", item.name),
            }),
            more => format!("{} panels; {} leads", more.len(), self.in_words(&more[more.len() - 1..])),
        };
        let label = ui.add(Label::new(RichText::new(&words).color(frame.theme.muted)).truncate());
        label.widget_info(|| WidgetInfo::labeled(Role::Status, true, words.as_str()));
        let lost: Vec<(EntityId, String)> =
            self.scene.items.iter().filter(|item| item.at.is_none()).map(|item| (item.id, item.name.clone())).collect();
        if lost.is_empty() {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            ui.label("Without a place, and not shown:");
            for (id, name) in lost {
                if ui.selectable_label(self.is_chosen(id), name).clicked() {
                    self.choose_one(id, false);
                }
            }
        });
    }

    /// Which display.
    fn displays_ui(&mut self, ui: &mut Ui, draft: &Draft) {
        let shown = ComboBox::from_id_salt("display of the canvas").selected_text(&self.scene.name).width(150.0);
        let combo = shown.show_ui(ui, |ui| {
            let displays = draft.index().blocks().iter().filter(|block| block.kind == EntityKind::Display);
            let mut to = None;
            for block in displays {
                let name = draft.shown(block.id, &KeyPath::from("name")).unwrap_or_default();
                if ui.selectable_label(self.display == Some(block.id), name).clicked() {
                    to = Some(block.id);
                }
            }
            to
        });
        let name = format!("Display on the canvas: {}", self.scene.name);
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, name.as_str()));
        if let Some(to) = combo.inner.flatten() {
            self.go_to(Some(to));
            self.focus();
        }
    }

    fn order_ui(&self, ui: &mut Ui, several: usize, wishes: &mut Vec<Wish>) {
        for (how, words, least) in Align::ALL {
            if ui.add_enabled(several >= least, Button::new(words)).clicked() {
                wishes.extend(self.align(how));
                ui.close();
            }
        }
    }

    /// What can be done with what is chosen.
    pub(super) fn menu_ui(&self, ui: &mut Ui, draft: &Draft, wishes: &mut Vec<Wish>) {
        let button = |ui: &mut Ui, words: &str, key: &str| {
            let clicked = ui.add(Button::new(words).shortcut_text(key)).clicked();
            if clicked {
                ui.close();
            }
            clicked
        };
        if button(ui, "Duplicate", "Ctrl+D") {
            wishes.extend(self.duplicated(draft));
        }
        if button(ui, "Copy", "Ctrl+C") {
            self.copy(ui.ctx(), draft);
        }
        if button(ui, "Cut", "Ctrl+X") {
            self.cut(ui.ctx(), draft, wishes);
        }
        if button(ui, "Paste", "Ctrl+V") {
            ui.ctx().send_viewport_cmd(ViewportCommand::RequestPaste);
        }
        if button(ui, "Remove", "Delete") {
            wishes.extend(self.removed("Remove"));
        }
        let several = self.placed().0.len();
        if several > 1 {
            ui.separator();
            self.order_ui(ui, several, wishes);
        }
    }
}
