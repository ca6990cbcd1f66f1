//! `image`: a picture beside the project, with its proportions.

use super::{Cx, PanelView, grid};
use crate::project::{Colours, Fit};
use crate::ui::Outbox;
use crate::ui::fonts;
use crate::ui::pictures::{Ask, Picture, Shown};
use crate::ui::theme::of_picture;
use crate::ui::widgets::{tell, text};
use eframe::egui::{self, Rect, Role, Sense, Ui, Vec2, pos2, vec2};

/// See the module.
#[derive(Debug, Default)]
pub struct ImagePanel {
    picture: Picture,
}

impl PanelView for ImagePanel {
    /// A picture that has no title says by itself what it is.
    fn bare(&self, cx: &Cx<'_>) -> bool {
        cx.panel.title.as_deref().is_none_or(str::is_empty)
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, _out: &mut Outbox) {
        let name = cx.panel.picture.as_deref().unwrap_or("");
        let title = cx.panel.title.as_deref().filter(|title| !title.is_empty()).unwrap_or(name);
        let room = if self.bare(cx) { cx.rect.shrink(1.0) } else { cx.rect };
        let cover = cx.panel.fit == Fit::Cover;
        if name.is_empty() {
            grid::say(ui, room.shrink(8.0), "No picture is chosen yet: file = \"plan.png\"", cx.frame.theme);
            return;
        }
        let ask = Ask::new(ui.ctx(), cx.panel, cx.frame, room.size().into(), cover);
        match self.picture.follow(ui.ctx(), ask) {
            None => grid::say(ui, room.shrink(8.0), &format!("Reading {name} …"), cx.frame.theme),
            Some(Err(fault)) => {
                say_fault(ui, room, &fault.to_string(), cx);
            }
            Some(Ok(shown)) => {
                let (rect, uv) = place(room, shown.size.into(), cover);
                egui::Image::new(&shown.texture).uv(uv).paint_at(ui, rect);
                let whole = Rect::from_center_size(rect.center(), rect.size() / uv.size());
                words_ui(ui, shown, whole, room, cx);
                let response = ui.interact(rect, ui.scope_id().with("image"), Sense::hover());
                tell(&response, Role::Image, title, || format!("picture {name}"));
            }
        }
    }
}

/// Why there is no picture, framed like a value that is bad. Gives back where that ends.
pub(super) fn say_fault(ui: &Ui, rect: Rect, words: &str, cx: &Cx<'_>) -> f32 {
    let inner = rect.shrink(6.0);
    crate::ui::widgets::hatch::dashed_frame(ui.painter(), inner, cx.frame.theme.muted);
    grid::say(ui, inner.shrink(8.0), words, cx.frame.theme);
    rect.bottom()
}

/// The words of a drawing, in the window's type: `whole` is where all of the drawing would lie, `room` what is seen of it.
pub(super) fn words_ui(ui: &Ui, shown: &Shown, whole: Rect, room: Rect, cx: &Cx<'_>) {
    let Some(drawing) = shown.drawing.as_deref() else { return };
    let scale = whole.width() / shown.size[0].max(0.001);
    let painter = ui.painter_at(room);
    for (nth, line) in drawing.lines().iter().enumerate() {
        // Too small to be read, or too large for letters of the window.
        let size = drawing.length(line.height) * scale;
        if !(4.0..=400.0).contains(&size) {
            continue;
        }
        // Words are to be read: in a theme they have the ink that its contrast was proved for.
        let own = cx.panel.colours == Some(Colours::Own);
        let colour = if own { of_picture(line.colour) } else { cx.frame.theme.muted };
        let galley = text::line(&painter, line.words.as_str(), fonts::regular(size), colour, f32::INFINITY);
        let [x, y] = drawing.point(line.at);
        let at = whole.min + vec2(x, y) * scale;
        let rise =
            galley.rows.first().and_then(|row| row.glyphs.first().map(|glyph| glyph.pos.y)).unwrap_or(size * 0.8);
        let rect = Rect::from_min_size(at - vec2(galley.size().x * line.left, rise), galley.size());
        if !rect.is_finite() || !room.intersects(rect) {
            continue;
        }
        painter.galley(rect.min, galley, colour);
        let response = ui.interact(rect.intersect(room), ui.scope_id().with(("words", nth)), Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(Role::Label, true, line.words.as_str()));
    }
}

/// Where a picture lies in its room, and which part of it is seen.
pub(super) fn place(room: Rect, size: Vec2, cover: bool) -> (Rect, Rect) {
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    let scale = room.size() / size.max(Vec2::splat(0.001));
    if cover {
        let seen = room.size() / (size * scale.max_elem());
        return (room, Rect::from_center_size(whole.center(), seen.min(Vec2::splat(1.0))));
    }
    (Rect::from_center_size(room.center(), size * scale.min_elem()), whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::vec2;

    #[test]
    fn a_picture_keeps_its_proportions_whole_or_cut() {
        let room = Rect::from_min_size(pos2(10.0, 20.0), vec2(200.0, 100.0));
        let (rect, uv) = place(room, vec2(50.0, 50.0), false);
        assert_eq!((rect, uv.size()), (Rect::from_center_size(room.center(), vec2(100.0, 100.0)), vec2(1.0, 1.0)));
        let (rect, uv) = place(room, vec2(50.0, 50.0), true);
        assert_eq!((rect, uv), (room, Rect::from_min_max(pos2(0.0, 0.25), pos2(1.0, 0.75))));
        assert!(place(room, vec2(0.0, 0.0), false).0.is_finite());
    }
}
