//! The frames of dialogs, and the question before a plant is watched no longer.

use super::fonts::{self, size};
use super::theme::{STEP, Theme};
use super::words::say;
use super::{Frame, states};
use crate::engine::Mode;
use crate::link::PlantLink;
use eframe::egui::{
    Align, Align2, Button, Context, Frame as Area, Id, Label, LayerId, Layout, Margin, Modal, Order, RichText, Role,
    Sense, Ui, UiBuilder, Vec2, ViewportId, WidgetInfo, vec2,
};

/// The least room that a dialog leaves the banner its own for, in points: a smaller window is all dialog.
const LEAST_ROOM: f32 = 200.0;

/// Says how far down the alarm banner of this window reaches: it is always there, over a dialog too.
pub fn keep_clear(ctx: &Context, bottom: f32) {
    let id = banner_of(ctx.viewport_id());
    ctx.data_mut(|data| data.insert_temp(id, bottom));
}

fn banner_of(window: ViewportId) -> Id {
    Id::unique(("the banner's end", window))
}

/// Points above a dialog that are the banner's.
fn taken(ctx: &Context) -> f32 {
    let id = banner_of(ctx.viewport_id());
    let bottom = ctx.data(|data| data.get_temp(id)).unwrap_or(0.0);
    if ctx.content_rect().height() - bottom < LEAST_ROOM { 0.0 } else { bottom }
}

/// What works and is seen while a dialog is open as well: alarms come then, too.
pub fn over_ui<R>(ui: &mut Ui, theme: &Theme, content: impl FnOnce(&mut Ui) -> R) -> R {
    let ctx = ui.ctx();
    let dialog = ctx.memory(|memory| memory.top_modal_layer().is_some());
    if !dialog || taken(ctx) <= 0.0 {
        return content(ui);
    }
    let (rect, id) = (ui.max_rect(), ui.scope_id().with("over dialogs"));
    let above = UiBuilder::new().max_rect(rect).layer_id(LayerId::new(Order::Tooltip, id));
    ui.scope_builder(above, |ui| {
        ui.painter().rect_filled(rect, 0.0, theme.panel);
        // A press beside its buttons is none beside the dialog, which would close that.
        ui.interact(rect, id, Sense::CLICK | Sense::DRAG);
        content(ui)
    })
    .inner
}

/// Points that a dialog may be high and wide: what the alarm banner leaves of the window.
pub fn room(ctx: &Context) -> Vec2 {
    ctx.content_rect().size() - vec2(0.0, taken(ctx))
}

/// A dialog in the middle of what the alarm banner leaves of the window, over everything.
pub fn modal(ctx: &Context, theme: &Theme, name: &str) -> Modal {
    let id = Id::unique(name);
    let area = Modal::default_area(id).anchor(Align2::CENTER_CENTER, vec2(0.0, taken(ctx) / 2.0));
    Modal::new(id).area(area).backdrop_color(theme.veil)
}

/// A sheet with a heading over everything; `false` once it is closed.
pub fn sheet_ui(ui: &Ui, theme: &Theme, title: &str, content: impl FnOnce(&mut Ui)) -> bool {
    let mut open = true;
    let response = modal(ui.ctx(), theme, "sheet").frame(dialog_frame(ui)).show(ui.ctx(), |ui| {
        ui.set_width((room(ui.ctx()).x - 80.0).clamp(240.0, 640.0));
        ui.horizontal(|ui| {
            ui.label(RichText::new(title).font(fonts::strong(size::TITLE)));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                open = !ui.button(say::CLOSE).on_hover_text("Esc").clicked();
            });
        });
        ui.add_space(2.0 * STEP);
        content(ui);
    });
    open && !response.should_close()
}

/// The frame of a dialog.
fn dialog_frame(ui: &Ui) -> Area {
    Area::popup(ui.style()).inner_margin(Margin::same(18))
}

/// Asks whether to stop watching; "no" is what Enter and Esc mean. `None`: not answered yet.
pub fn question_ui(ui: &Ui, theme: &Theme, frame: &Frame<'_>) -> Option<bool> {
    let snapshot = frame.snapshot;
    let mut answer = None;
    let response = modal(ui.ctx(), theme, "question").frame(dialog_frame(ui)).show(ui.ctx(), |ui| {
        ui.set_width((room(ui.ctx()).x - 80.0).clamp(240.0, 440.0));
        let words = states::standing(&snapshot.plan.project.name, snapshot.counts.shown);
        let label = ui.add(Label::new(RichText::new(&words).font(fonts::strong(size::TITLE))).wrap());
        label.widget_info(|| WidgetInfo::labeled(Role::Alert, true, words.clone()));
        ui.add_space(2.0 * STEP);
        ui.label(RichText::new("Nobody is told of alarms while nothing watches").color(theme.muted));
        ui.add_space(4.0 * STEP);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let large = Vec2::new(130.0_f32.min((ui.available_width() - 2.0 * STEP) / 2.0), 30.0);
            let keep = ui.add(Button::new(say::KEEP_WATCHING).min_size(large));
            if ui.memory(|m| m.focused().is_none()) {
                keep.request_focus();
            }
            if keep.clicked() {
                answer = Some(false);
            }
            if ui.add(Button::new(say::STOP_WATCHING).min_size(large)).clicked() {
                answer = Some(true);
            }
        });
    });
    if response.should_close() {
        answer = Some(false);
    }
    answer
}

/// Whether alarms stand on a real plant that this program watches: nobody is asked before the demo closes, or a window
/// on a plant that another process watches on.
pub fn stands(plant: &PlantLink) -> bool {
    let snapshot = plant.snapshots.borrow();
    plant.about.held_by.is_none() && snapshot.mode == Mode::Live && snapshot.counts.shown.iter().any(|n| *n > 0)
}
