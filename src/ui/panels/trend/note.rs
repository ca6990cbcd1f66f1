//! Words in the plot: where there are no lines, why; since when there is a record; that an answer is late.

use super::super::{Cx, grid};
use super::Pen;
use crate::ui::fonts::{self, size};
use crate::ui::past::Past;
use crate::ui::theme::STEP;
use crate::ui::widgets::pen::{Trace, View};
use crate::ui::widgets::text;
use crate::ui::words::{self, say};
use eframe::egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

/// What there is to say of the history of this view.
pub fn ui(ui: &Ui, view: &View, cx: &Cx<'_>, pens: &[Pen<'_>], traces: &[Trace], past: &Past) {
    let plot = view.rect;
    let now = cx.frame.snapshot.now.utc;
    let since = pens.iter().filter_map(|p| p.known.first()).min();
    // What is only kept for the screen is lost with this run: that is no recording.
    let recorded = pens.iter().any(|p| !p.known.points.is_empty());
    let record = if recorded { "recording since" } else { "seen by this window since" };
    let seen = traces.iter().any(|t| !t.is_empty());
    // Where history was not asked, or has answered, what is not there was not recorded.
    let known = cx.frame.history.is_none() || past.covers(view.from);
    if let Some((pen, why)) = past.fault() {
        let name = pens.get(pen).map_or("", |p| p.name);
        below(ui, plot, cx, plot.left(), &format!("history of {name} cannot be read: {why}"), Align2::LEFT_CENTER);
    } else if past.is_reading(ui.ctx()) {
        below(ui, plot, cx, plot.left(), say::READING, Align2::LEFT_CENTER);
    }
    match (seen, since) {
        (false, None) if past.is_asked() => {}
        (false, None) if cx.frame.history.is_some() && past.covers(view.from) => {
            grid::say(ui, middle(plot), "nothing was recorded in this time", cx.frame.theme);
        }
        (false, None) => grid::say(ui, middle(plot), "nothing recorded yet", cx.frame.theme),
        (false, Some(since)) if known => {
            let since = words::instant(since, now, cx.frame.zone);
            let bad = traces.iter().any(|t| !t.gaps.is_empty());
            let what = if bad { "nothing good in this time" } else { "nothing was recorded in this time" };
            let words = if bad { format!("{record} {since}, {what}") } else { what.to_owned() };
            grid::say(ui, middle(plot), &words, cx.frame.theme);
        }
        (true, Some(since)) if known && past.fault().is_none() => {
            let x = view.x(since);
            if x - STEP - plot.left() > 60.0 {
                let words = format!("{record} {}", words::instant(since, now, cx.frame.zone));
                below(ui, plot, cx, x - STEP, &words, Align2::RIGHT_CENTER);
            }
        }
        _ => {}
    }
}

/// A line of words along the lower edge, from or up to `x`. Read by screen readers too.
fn below(ui: &Ui, plot: Rect, cx: &Cx<'_>, x: f32, words: &str, align: Align2) {
    let row = Rect::from_min_max(pos2(plot.left() + STEP, plot.bottom() - 18.0), plot.max - vec2(STEP, 2.0));
    let row = if align == Align2::RIGHT_CENTER { row.with_max_x(x.min(row.right())) } else { row.with_min_x(x + STEP) };
    let response = ui.interact(row, ui.scope_id().with(("note", words)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    text::paint(ui.painter(), row, align, words, fonts::regular(size::SMALL), cx.frame.theme.muted);
}

/// Where words stand in an empty plot: clear of the labels of limits.
fn middle(plot: Rect) -> Rect {
    let width = plot.width().min(280.0) - 4.0;
    Rect::from_center_size(plot.center(), vec2(width, plot.height().min(40.0)))
}
