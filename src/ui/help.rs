//! The menu and the page of keys, both made from the one table of [`actions`].

use super::dialogs;
use super::theme::STEP;
use super::{Frame, Outbox, actions, fonts};
use eframe::egui::containers::menu::MenuButton;
use eframe::egui::{Button, Grid, Label, RichText, ScrollArea, Ui, Vec2};
use fonts::size;

/// The menu's button, as large as it is told to be.
pub fn menu_ui(ui: &mut Ui, button_size: Vec2, outbox: &mut Outbox) {
    MenuButton::from_button(Button::new("Menu").min_size(button_size)).ui(ui, |ui| {
        ui.set_min_width(250.0);
        // In a low window the rest of the menu is scrolled to.
        let height = (dialogs::room(ui.ctx()).y - 70.0).max(80.0);
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).show(ui, |ui| {
            for entry in actions::all() {
                if entry.group_start {
                    ui.separator();
                }
                let keys = entry.keys.first().copied().map(actions::key_text).unwrap_or_default();
                let button = Button::new(entry.text).shortcut_text(keys).frame(false);
                let response = ui.add(button.min_size(Vec2::new(238.0, 6.0 * STEP)));
                if response.on_hover_text(entry.explanation).clicked() {
                    outbox.action(entry.action);
                    ui.close();
                }
            }
        });
    });
}

/// Every key and what it does.
pub fn help_ui(ui: &mut Ui, frame: &Frame<'_>) {
    let muted = frame.theme.muted;
    let height = dialogs::room(ui.ctx()).y * 0.7;
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
        Grid::new("keys").num_columns(2).spacing([6.0 * STEP, 2.0 * STEP]).show(ui, |ui| {
            for entry in actions::all().into_iter().filter(|e| !e.keys.is_empty()) {
                let keys: Vec<String> = entry.keys.iter().take(1).copied().map(actions::key_text).collect();
                ui.label(RichText::new(keys.join(", ")).font(fonts::strong(size::BODY)));
                ui.add(Label::new(format!("{}: {}", entry.text, entry.explanation)).wrap());
                ui.end_row();
            }
            for (keys, what) in actions::LOCAL_KEYS {
                ui.label(RichText::new(keys).font(fonts::strong(size::BODY)));
                ui.add(Label::new(what).wrap());
                ui.end_row();
            }
        });
        ui.add_space(2.0 * STEP);
        let version = concat!("Watchkeeper ", env!("CARGO_PKG_VERSION"));
        ui.label(RichText::new(version).color(muted));
    });
}
