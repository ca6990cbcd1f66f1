//! `value`: a tag's number, large, with its recent past; several tags side by side.

use super::recent::RecentPast;
use super::{Cx, PanelView, grid, open_faceplate};
use crate::ui::Outbox;
use crate::ui::theme::STEP;
use crate::ui::widgets::value::tile_ui;
use eframe::egui::{Rect, Ui, pos2, vec2};

/// Least width of one tile beside another.
const LEAST_WIDTH: f32 = 118.0;

/// See the module.
#[derive(Debug, Default)]
pub struct ValuePanel {
    /// Sparks, by tile.
    recent: RecentPast,
}

/// Pixel columns of history that are asked for: more than the widest spark has.
const COLUMNS: usize = 256;

impl PanelView for ValuePanel {
    fn bare(&self, cx: &Cx<'_>) -> bool {
        cx.panel.tags.len() <= 1
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        let brush = cx.brush();
        let count = cx.panel.tags.len();
        let single = count == 1;
        self.recent.follow(ui, cx, COLUMNS);
        for ((index, (name, reading, id)), rect) in cx.tags().enumerate().zip(places(cx.rect, count)) {
            let (Some(reading), Some(id)) = (reading, id) else {
                grid::say_no_tag(ui, rect, name, &cx.frame.snapshot.plan, brush.theme);
                continue;
            };
            let recent = self.recent.of(index, id, &reading, cx);
            let title = cx.panel.title.as_deref().filter(|_| single).unwrap_or(name);
            let response = tile_ui(ui, rect, ui.scope_id().with(index), title, &reading, recent, &brush);
            open_faceplate(&response, Some(id), out);
        }
    }
}

/// Places for `count` tiles: in one row where they fit, else in as many rows as it takes.
fn places(rect: Rect, count: usize) -> impl Iterator<Item = Rect> {
    let gap = STEP;
    let across = ((rect.width() / LEAST_WIDTH).floor() as usize).clamp(1, count.max(1));
    let down = count.max(1).div_ceil(across);
    let size = vec2(
        (rect.width() - gap * (across - 1) as f32) / across as f32,
        (rect.height() - gap * (down - 1) as f32) / down as f32,
    );
    (0..count).map(move |i| {
        let (column, row) = (i % across, i / across);
        let min = pos2(rect.left() + (size.x + gap) * column as f32, rect.top() + (size.y + gap) * row as f32);
        Rect::from_min_size(min, size.max(vec2(1.0, 1.0)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_stand_side_by_side_while_they_fit_and_never_overlap() {
        let rect = Rect::from_min_size(pos2(0.0, 0.0), vec2(400.0, 200.0));
        assert_eq!(places(rect, 3).map(|r| r.top()).collect::<Vec<_>>(), [0.0; 3]);
        let places: Vec<Rect> = places(rect, 7).collect();
        for (i, a) in places.iter().enumerate() {
            assert!(rect.expand(0.01).contains_rect(*a));
            assert!(places[i + 1..].iter().all(|b| !a.shrink(0.01).intersects(*b)));
        }
    }
}
