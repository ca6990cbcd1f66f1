//! Alarm limits of a trend: dotted lines with the symbols of their alarms, in colour only while violated.

use super::super::Cx;
use super::Pen;
use super::axes::Axes;
use crate::ui::fonts::{self, size};
use crate::ui::widgets::pen::View;
use crate::ui::widgets::symbol::{self, Symbol};
use crate::ui::widgets::{LimitMark, text};
use crate::ui::words;
use eframe::egui::{Align2, Painter, Rect, pos2, vec2};

/// A limit that is shown.
pub struct Limit<'a> {
    /// Where, on the screen.
    pub y: f32,
    /// Short name of its alarm.
    pub name: &'a str,
    /// Where it stands and how.
    pub mark: LimitMark,
    /// Of which pen.
    pub pen: usize,
}

/// Limits of the first pen, of the chosen tag, and of whatever is violated.
pub fn of<'a>(cx: &Cx<'a>, pens: &[Pen<'_>], axes: &Axes, view: &View) -> Vec<Limit<'a>> {
    let mut shown = Vec::new();
    for (index, pen) in pens.iter().enumerate() {
        let Some(id) = pen.id.filter(|_| !pen.hidden) else { continue };
        let focus = pen.index == 0 || cx.frame.chosen == Some(id);
        let [low, high] = axes.span(pen.axis);
        let view = View { low, high, ..*view };
        for (name, mark) in cx.alarms.named_limits(cx.frame.snapshot, id) {
            if (focus || mark.violated) && mark.value >= low && mark.value <= high {
                shown.push(Limit { y: view.y(mark.value), name, mark, pen: index });
            }
        }
    }
    shown
}

/// The symbols and words of limits, and the mark of the worst alarm.
pub fn paint(painter: &Painter, plot: Rect, limits: &[Limit<'_>], cx: &Cx<'_>, pens: &[Pen<'_>]) {
    let mut labels: Vec<f32> = Vec::new();
    for limit in limits {
        if let Some(pen) = pens.get(limit.pen) {
            paint_limit(painter, plot, limit, pen, cx, &mut labels);
        }
    }
    // The mark of a pen in alarm stands at the live edge, where the eye looks for now.
    let worst = pens.iter().filter_map(|p| p.reading.as_ref()?.alarm).min_by_key(|a| (a.priority, !a.unacknowledged));
    if let Some(alarm) = worst {
        let center = pos2(plot.right() - 8.0, plot.top() - 7.0);
        let symbol = Symbol { unacknowledged: false, ..Symbol::from_tag(alarm) };
        symbol.paint(painter, cx.frame.theme, center, 12.0, cx.frame.blink_on);
    }
}

/// A symbol in colour only while violated.
fn paint_limit(painter: &Painter, plot: Rect, limit: &Limit<'_>, pen: &Pen<'_>, cx: &Cx<'_>, labels: &mut Vec<f32>) {
    let theme = cx.frame.theme;
    let Limit { y, name, mark: limit, .. } = *limit;
    let above = pos2(plot.left() + 9.0, y - 8.0);
    // Two limits closer than a line of text share the place of one label.
    if above.y < plot.top() + 4.0 || labels.iter().any(|l| (l - y).abs() < 13.0) {
        symbol::limit_mark(painter, theme, limit.priority, pos2(plot.right() - 5.0, y), 7.0, limit.violated);
        return;
    }
    labels.push(y);
    if limit.violated {
        Symbol::new(limit.priority).paint(painter, theme, above, 11.0, cx.frame.blink_on);
    } else {
        symbol::limit_mark(painter, theme, limit.priority, above, 8.0, false);
    }
    let words = format!("{name} {}", words::number(limit.value, None));
    // The number is never cut: in a narrow plot the pen's name goes first.
    let named = if pen.index == 0 { words.clone() } else { format!("{} {words}", pen.name) };
    let fits = text::line(painter, named.as_str(), fonts::regular(size::SMALL), theme.muted, f32::INFINITY).size().x
        <= plot.width() * 0.6;
    let words = if fits { named } else { words };
    let place = Rect::from_min_size(pos2(above.x + 10.0, above.y - 7.0), vec2(plot.width() * 0.6, 14.0));
    text::paint(painter, place, Align2::LEFT_CENTER, words, fonts::regular(size::SMALL), theme.muted);
}
