//! The grid of a display: panels keep the places that the project gives them; rows stretch to fill the window.

use super::{Aside, Cx, PanelView, Panels};
use crate::engine::Plan;
use crate::project::Severity;
use crate::ui::fonts::{self, size};
use crate::ui::theme::{RADIUS, STEP, Theme};
use crate::ui::widgets::{hatch, text};
use crate::ui::{Frame, Outbox, words};
use eframe::egui::{Align2, Pos2, Rect, ScrollArea, Sense, StrokeKind, Ui, UiBuilder, Vec2, Vec2b, pos2, vec2};

/// Between panels.
pub const GAP: f32 = 10.0;
/// Least height of a cell: a value tile of two cells then holds its name, number and reason.
pub const LEAST_ROW: f32 = 40.0;
/// Greatest height of a cell, so that a display of two rows is no wall of air.
pub const GREATEST_ROW: f32 = 110.0;
/// Least width of a column of cells; below it the display scrolls sideways.
const LEAST_COLUMN: f32 = 30.0;

/// How large the cells of a display are, in points.
#[derive(Debug, Clone, Copy)]
pub struct Cells {
    /// Width and height of one.
    pub size: Vec2,
}

impl Cells {
    /// Where a panel stands: its place on the grid, in a display that begins at `min`.
    pub fn place(self, min: Pos2, at: [u16; 4]) -> Rect {
        let [x, y, width, height] = at.map(f32::from);
        let min = min + Vec2::splat(GAP) + vec2(x, y) * self.size;
        let rect = Rect::from_min_size(min, vec2(width, height) * self.size - Vec2::splat(GAP));
        Rect::from_min_max(rect.min.round(), rect.max.round())
    }

    /// The size of so many columns and rows, with the gap around them.
    pub fn whole(self, columns: f32, rows: f32) -> Vec2 {
        vec2(columns, rows) * self.size + Vec2::splat(GAP)
    }
}

/// Paints a display into the whole of `ui`. An index beyond the plan paints nothing.
pub fn display_ui(ui: &mut Ui, frame: &Frame<'_>, display: usize, panels: &mut Panels, out: &mut Outbox) {
    let plan = &frame.snapshot.plan;
    let Some(shown) = plan.displays.get(display) else { return };
    let Some((views, alarms)) = panels.of(frame, display) else { return };
    if shown.display.panels.is_empty() {
        say(ui, ui.max_rect().shrink(4.0 * STEP), &no_panels(frame), frame.theme);
        return;
    }
    let columns = f32::from(shown.display.columns.max(1));
    let rows =
        shown.display.panels.iter().map(|p| u32::from(p.at[1]) + u32::from(p.at[3])).max().unwrap_or(1).max(1) as f32;
    // A column is as wide as a share of the window, or of 24 where the project asks for so many that none could be read.
    let least_column = LEAST_COLUMN * (24.0 / columns).min(1.0);
    let least = vec2(least_column * columns + GAP, LEAST_ROW * rows + GAP);
    ui.spacing_mut().scroll.fade.strength = 0.0;
    let (room, scrolls) = room(ui.available_size(), least, ui.spacing().scroll.allocated_width());
    let column = ((room.x - GAP) / columns).max(least_column);
    let row = ((room.y - GAP) / rows).clamp(LEAST_ROW, GREATEST_ROW);
    let cells = Cells { size: vec2(column, row) };

    ScrollArea::new(scrolls).id_salt(("display", display)).auto_shrink(false).show(ui, |ui| {
        let (area, _) = ui.allocate_exact_size(cells.whole(columns, rows).max(room), Sense::hover());
        for (index, (panel, view)) in shown.display.panels.iter().zip(views.iter_mut()).enumerate() {
            let rect = cells.place(area.min, panel.at);
            if rect.width() < 8.0 || rect.height() < 8.0 || !ui.is_rect_visible(rect) {
                continue;
            }
            let resolved = shown.panels.get(index);
            let Some(resolved) = resolved else { continue };
            let cx = Cx { frame, panel, plan: resolved, alarms, rect };
            ui.scope_builder(UiBuilder::new().id_salt(("panel", index)).max_rect(rect), |ui| {
                ui.shrink_clip_rect(rect);
                panel_ui(ui, &cx, Some(view.as_mut()), out);
            });
        }
    });
}

/// The room that is left beside the scroll bars, each as wide as `bar`, and whether there is one along x and along y. A bar
/// takes room from the other axis: that alone is no reason for the other bar as long as the least size fits.
fn room(room: Vec2, least: Vec2, bar: f32) -> (Vec2, Vec2b) {
    let tall = least.y > room.y;
    let wide = least.x > room.x - if tall { bar } else { 0.0 };
    let tall = tall || (wide && least.y > room.y - bar);
    let left = room - vec2(if tall { bar } else { 0.0 }, if wide { bar } else { 0.0 });
    (left, Vec2b::new(wide, tall))
}

/// Why a display is empty: nobody is to look at a dark area and think that all is quiet.
fn no_panels(frame: &Frame<'_>) -> String {
    let faults = frame.about.issues.iter().filter(|i| i.severity == Severity::Error).count();
    match faults {
        0 => "This display has no panels".to_owned(),
        _ => format!(
            "This display has no panels\nWhat was left out stands among the faults of the project: press \"⚠ {faults} {} in \
             the project\" at the bottom",
            if faults == 1 { "fault" } else { "faults" }
        ),
    }
}

/// One panel with its frame; without a view, why it shows nothing.
pub fn panel_ui(ui: &mut Ui, cx: &Cx<'_>, view: Option<&mut (dyn PanelView + 'static)>, out: &mut Outbox) {
    let theme = cx.frame.theme;
    let Some(view) = view else {
        let inner = chrome(ui, cx.rect, &cx.title(), &Aside::default(), theme);
        say(ui, inner, "what this panel shows is at fault", theme);
        return;
    };
    if view.bare(cx) {
        frame(ui, cx.rect, theme);
        view.ui(ui, cx, out);
        return;
    }
    let inner = chrome(ui, cx.rect, &cx.title(), &view.aside(cx), theme);
    view.ui(ui, &Cx { rect: inner, ..*cx }, out);
}

/// Rows without air between, and no fading at the edge of a list: a row that is half there is told by being cut.
pub fn plain_scrolling(ui: &mut Ui) {
    let spacing = ui.spacing_mut();
    spacing.item_spacing = vec2(0.0, 0.0);
    spacing.scroll.fade.strength = 0.0;
}

/// The frame of a panel.
pub fn frame(ui: &Ui, rect: Rect, theme: &Theme) {
    ui.painter().rect(rect, f32::from(RADIUS), theme.panel, theme.border(), StrokeKind::Inside);
}

/// Frame and title bar; gives back the room below.
pub fn chrome(ui: &Ui, rect: Rect, title: &str, aside: &Aside, theme: &Theme) -> Rect {
    frame(ui, rect, theme);
    let inner = rect.shrink2(vec2(2.5 * STEP, 2.0 * STEP));
    let line = Rect::from_min_size(inner.min, vec2(inner.width(), size::BODY * 1.35));
    let mut room = line;
    for (words, font, colour) in
        [(&aside.quiet, fonts::regular(size::BODY), theme.muted), (&aside.plain, fonts::strong(size::BODY), theme.text)]
    {
        if !words.is_empty() {
            let ink = text::paint(ui.painter(), room, Align2::RIGHT_CENTER, words.as_str(), font, colour);
            room.max.x = ink.left() - 2.0 * STEP;
        }
    }
    text::paint(ui.painter(), room, Align2::LEFT_CENTER, title, fonts::regular(size::BODY), theme.text);
    Rect::from_min_max(pos2(inner.left(), line.bottom() + STEP), inner.max)
}

/// Words in the place of a picture: why there is nothing to see. Read by screen readers too.
pub fn say(ui: &Ui, rect: Rect, words: &str, theme: &Theme) {
    let response = ui.interact(rect, ui.scope_id().with(("say", words)), Sense::hover());
    response.widget_info(|| eframe::egui::WidgetInfo::labeled(eframe::egui::Role::Label, true, words));
    text::paint_wrapped(ui.painter(), rect, words, fonts::regular(size::BODY), theme.muted);
}

/// A tag that the project does not have, or not yet: told with its name, framed like a value that is bad.
pub fn say_no_tag(ui: &Ui, rect: Rect, name: &str, plan: &Plan, theme: &Theme) {
    ui.painter().rect_stroke(rect, f32::from(RADIUS), eframe::egui::Stroke::new(1.0, theme.panel), StrokeKind::Inside);
    hatch::dashed_frame(ui.painter(), rect, theme.muted);
    let inner = rect.shrink2(vec2(2.0 * STEP, STEP));
    let center = pos2(inner.left() + 4.0, inner.top() + size::BODY * 0.65);
    hatch::cross(ui.painter(), center, 7.0, theme.text);
    say(ui, inner.with_min_x(inner.left() + 13.0), &words::no_tag(name, plan), theme);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tall_display_scrolls_down_alone_and_its_columns_stand_beside_the_bar() {
        let (left, scrolls) = room(vec2(1100.0, 500.0), vec2(730.0, 900.0), 12.0);
        assert_eq!((left, scrolls), (vec2(1088.0, 500.0), Vec2b::new(false, true)));
    }

    #[test]
    fn a_display_wider_than_the_view_scrolls_sideways_and_what_fits_not_at_all() {
        assert_eq!(room(vec2(600.0, 500.0), vec2(730.0, 400.0), 12.0).1, Vec2b::new(true, false));
        assert_eq!(room(vec2(735.0, 500.0), vec2(730.0, 900.0), 12.0).1, Vec2b::new(true, true));
        assert_eq!(room(vec2(730.0, 400.0), vec2(730.0, 400.0), 12.0), (vec2(730.0, 400.0), Vec2b::new(false, false)));
        assert_eq!(room(vec2(600.0, 405.0), vec2(730.0, 400.0), 12.0).1, Vec2b::new(true, true));
    }
}
