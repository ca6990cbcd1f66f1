//! `trend`: tags over time. The live end comes from the same snapshot as every number on the screen.
//!
//! `egui_plot` draws the plot: its space, grid, axes, limits, pens and cursor. The lanes of gaps, the table and the words
//! around it are this panel's own; so is the ink of dense and of dashed pens, see `ink`.

mod axes;
mod ink;
mod legend;
mod plot;

use super::{Aside, Cx, PanelView, grid};
use crate::engine::{Snapshot, TagId, TailView};
use crate::project::DataType;
use crate::time::{Span, Utc};
use crate::ui::fonts::{self, size};
use crate::ui::theme::{PEN, STEP, Theme};
use crate::ui::widgets::pen::{Trace, View};
use crate::ui::widgets::symbol::{self, Symbol};
use crate::ui::widgets::{LimitMark, Reading, hatch, tell, text};
use crate::ui::{Outbox, words};
use axes::Axes;
use eframe::egui::{Align2, Key, Painter, PointerButton, Rect, Response, Role, Stroke, StrokeKind, Ui, pos2, vec2};
use std::sync::Arc;

/// Shortest and longest time that a wheel can reach, in seconds.
const SHORTEST_SECS: f64 = 10.0;
const LONGEST_SECS: f64 = 400.0 * 86_400.0;
/// Ranges at the keys 1 to 9.
const RANGES_SECS: [i64; 9] = [60, 300, 900, 3_600, 2 * 3_600, 8 * 3_600, 86_400, 7 * 86_400, 30 * 86_400];
/// Height of a lane of gaps.
const LANE: f32 = 15.0;
/// Height of the time axis.
const TIME_AXIS: f32 = 17.0;
/// Lanes at most; further pens with gaps are counted in the last one.
const LANES: usize = 3;

/// See the module.
#[derive(Debug, Default)]
pub struct TrendPanel {
    /// What is shown; `None`: live, over the time of the project.
    window: Option<Window>,
    /// By pen.
    traces: Vec<Trace>,
}

/// A part of time that a person chose.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Window {
    /// Its right edge; `None`: now.
    to: Option<Utc>,
    /// Its length.
    span: Span,
}

/// One pen of this frame.
struct Pen<'a> {
    index: usize,
    name: &'a str,
    id: Option<TagId>,
    reading: Option<Reading<'a>>,
    tail: Option<&'a Arc<TailView>>,
    right: bool,
    steps: bool,
}

impl Pen<'_> {
    /// Its line.
    fn look(&self, theme: &Theme) -> (Stroke, Option<(f32, f32)>) {
        (Stroke::new(PEN, theme.pen(self.index)), Theme::dashes(self.index))
    }
}

impl PanelView for TrendPanel {
    fn aside(&self, cx: &Cx<'_>) -> Aside {
        let span = self.window.map_or(cx.panel.span, |w| w.span);
        match self.window.and_then(|w| w.to) {
            None => Aside { plain: "● live".to_owned(), quiet: words::duration_of_range(span) },
            Some(to) => {
                let now = cx.frame.snapshot.now.utc;
                let plain = format!("paused at {}", words::instant(to, now, cx.frame.zone));
                Aside { plain, quiet: words::duration_of_range(span) }
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        let snapshot = cx.frame.snapshot;
        let theme = cx.frame.theme;
        let pens = pens(cx);
        if pens.is_empty() {
            grid::say(ui, cx.rect, "this trend has no pens", theme);
            return;
        }
        self.traces.resize_with(pens.len(), Trace::default);
        let now = snapshot.now.utc;
        let (from, to) = self.range(cx.panel.span, now);

        let layout = Layout::new(cx.rect, &pens, self.lanes());
        let axes = Axes::new(&pens, snapshot, cx.alarms, from);
        let widths = axes.widths(ui.painter());
        let plot = layout.plot(widths);
        let mut first: Option<Utc> = None;
        for (pen, trace) in pens.iter().zip(&mut self.traces) {
            let [low, high] = axes.span(pen.right);
            let view = View { rect: plot, from, to, low, high };
            match pen.tail {
                Some(tail) => trace.follow(tail, &view, now, pen.steps),
                None => *trace = Trace::default(),
            }
            let (stroke, dashes) = pen.look(theme);
            trace.ink_runs(&view, stroke, dashes, ui.pixels_per_point());
            // `since` may start within the past; the very first point tells since when there is a record at all.
            let start = pen.tail.and_then(|t| t.points().next()).map(|p| p.time);
            first = first.into_iter().chain(start).min();
        }
        let seen = self.traces.iter().any(|t| !t.is_empty());

        let [low, high] = axes.span(false);
        let view = View { rect: plot, from, to, low, high };
        let limits = limits(cx, &pens, &axes, &view);
        let (response, cursor) = plot::ui(ui, &view, &axes, widths, &limits, &pens, &self.traces, cx);
        self.handle(ui, &response, plot, from, to, now, cx.panel.span);

        let painter = ui.painter();
        paint_frame(painter, plot, theme);
        paint_limits(painter, plot, &limits, cx, &pens);
        self.say_empty(ui, plot, cx, seen, first, from);
        paint_lanes(painter, plot, layout.lanes, cx, &pens, &self.traces, from, to);
        if let Some(at) = cursor {
            axes::paint_time(painter, plot, view.x(at), at, cx.frame.zone, theme);
        }
        let name = format!("trend {}", pens.iter().map(|p| p.name).collect::<Vec<_>>().join(", "));
        tell(&response, Role::Canvas, &name, || {
            let Aside { plain, quiet } = self.aside(cx);
            format!("{plain} {quiet}")
        });
        legend::ui(ui, &layout, cx, &pens, cursor, out);
    }
}

impl TrendPanel {
    fn range(&self, span: Span, now: Utc) -> (Utc, Utc) {
        let window = self.window.unwrap_or(Window { to: None, span });
        let to = window.to.unwrap_or(now);
        (to + Span(-window.span.0.max(1_000_000)), to)
    }

    /// Lanes that the last frame's gaps took.
    fn lanes(&self) -> usize {
        self.traces.iter().filter(|t| !t.gaps.is_empty()).count().min(LANES)
    }

    /// Wheel: zoom at the pointer. Drag: pan. Double click: back to live. 1 to 9: ranges.
    fn handle(&mut self, ui: &Ui, response: &Response, plot: Rect, from: Utc, to: Utc, now: Utc, span: Span) {
        let length = (to - from).as_secs_f64();
        let per_point = length / f64::from(plot.width().max(1.0));
        if response.double_clicked() {
            self.window = None;
            return;
        }
        if response.dragged_by(PointerButton::Primary) && response.drag_delta().x != 0.0 {
            let back = Span((f64::from(response.drag_delta().x) * per_point * 1e6) as i64);
            let to = to + Span(-back.0);
            self.window = Some(Window { to: (to < now).then_some(to), span: Span((length * 1e6) as i64) });
        }
        if let Some(pointer) = response.hover_pos() {
            let zoom = ui.input_mut(|i| {
                let scroll = i.smooth_scroll_delta.y;
                // The wheel belongs to what is under the pointer; the grid must not scroll as well.
                i.smooth_scroll_delta.y = 0.0;
                i.zoom_delta() * (scroll / 200.0).exp()
            });
            if (zoom - 1.0).abs() > 1e-3 {
                let live = self.window.is_none_or(|w| w.to.is_none());
                let wanted = (length / f64::from(zoom)).clamp(SHORTEST_SECS, LONGEST_SECS);
                // What lies under the pointer stays there; at the live edge now does.
                let share = if live { 1.0 } else { f64::from((pointer.x - plot.left()) / plot.width().max(1.0)) };
                let at = from.0 as f64 + share * length * 1e6;
                let edge = Utc((at + (1.0 - share) * wanted * 1e6) as i64);
                self.window =
                    Some(Window { to: (!live && edge < now).then_some(edge), span: Span((wanted * 1e6) as i64) });
            }
        }
        if response.hovered() || response.has_focus() {
            const KEYS: [Key; 9] =
                [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
            // No bare key acts while a person types elsewhere.
            let typing = ui.ctx().text_edit_focused();
            let pressed = ui.input(|i| KEYS.iter().position(|k| !typing && i.modifiers.is_none() && i.key_pressed(*k)));
            if let Some(seconds) = pressed.and_then(|i| RANGES_SECS.get(i)) {
                self.window = Some(Window { to: self.window.and_then(|w| w.to), span: Span::from_secs(*seconds) });
            }
        }
        if self.window == Some(Window { to: None, span }) {
            self.window = None;
        }
    }

    /// Words where there are no lines: nothing yet, or nothing before.
    fn say_empty(&self, ui: &Ui, plot: Rect, cx: &Cx<'_>, seen: bool, first: Option<Utc>, from: Utc) {
        let (theme, now) = (cx.frame.theme, cx.frame.snapshot.now.utc);
        let since = |at: Utc| words::instant(at, now, cx.frame.zone);
        match (seen, first) {
            (false, None) => grid::say(ui, middle(plot), "nothing recorded yet", theme),
            (false, Some(first)) => {
                let words = format!("recording since {}, nothing good in this time", since(first));
                grid::say(ui, middle(plot), &words, theme);
            }
            (true, Some(first)) => {
                let x = View { rect: plot, from, to: self.range(cx.panel.span, now).1, low: 0.0, high: 1.0 }.x(first);
                let room =
                    Rect::from_min_max(pos2(plot.left(), plot.bottom() - 18.0), pos2(x - STEP, plot.bottom() - 2.0));
                if room.width() > 60.0 {
                    let words = format!("recording since {}", since(first));
                    text::paint(
                        ui.painter(),
                        room,
                        Align2::RIGHT_CENTER,
                        words,
                        fonts::regular(size::SMALL),
                        theme.muted,
                    );
                }
            }
            (true, None) => {}
        }
    }
}

fn paint_frame(painter: &Painter, plot: Rect, theme: &Theme) {
    painter.rect_stroke(plot, 0.0, Stroke::new(1.0, theme.line), StrokeKind::Middle);
}

/// Where words stand in an empty plot: clear of the labels of limits.
fn middle(plot: Rect) -> Rect {
    let width = plot.width().min(280.0) - 4.0;
    Rect::from_center_size(plot.center(), vec2(width, plot.height().min(40.0)))
}

fn pens<'a>(cx: &Cx<'a>) -> Vec<Pen<'a>> {
    let snapshot: &'a Snapshot = cx.frame.snapshot;
    // A trend written with `tags` alone has them as pens on the left.
    let written = cx.panel.pens.iter().zip(&cx.plan.pens).map(|(pen, id)| (pen.tag.as_str(), *id, pen.right));
    let bare = cx.panel.tags.iter().zip(&cx.plan.tags).map(|(tag, id)| (tag.as_str(), *id, false));
    written
        .chain(bare)
        .enumerate()
        .map(|(index, (name, id, right))| {
            let reading = id.and_then(|id| Reading::new(snapshot, id));
            Pen {
                index,
                name,
                id,
                steps: reading
                    .as_ref()
                    .is_some_and(|r| r.tag.data_type == DataType::Bool || !r.tag.labels.0.is_empty()),
                reading,
                tail: id.and_then(|id| snapshot.tails.get(&id)),
                right,
            }
        })
        .collect()
}

/// Where the parts of the panel lie.
struct Layout {
    rect: Rect,
    /// The table beside the data, or below it in a narrow panel; `None`: no room.
    table: Option<Rect>,
    /// Rows below one another, or one line.
    beside: bool,
    lanes: usize,
}

impl Layout {
    const TABLE: f32 = 178.0;

    fn new(rect: Rect, pens: &[Pen<'_>], lanes: usize) -> Self {
        if rect.width() >= 430.0 {
            let table = Rect::from_min_max(pos2(rect.right() - Self::TABLE, rect.top()), rect.max);
            return Self { rect: rect.with_max_x(table.left() - 3.0 * STEP), table: Some(table), beside: true, lanes };
        }
        let rows = pens.len().div_ceil(2).min(4) as f32 * legend::LINE;
        if rect.height() >= 110.0 + rows {
            let table = Rect::from_min_max(pos2(rect.left(), rect.bottom() - rows), rect.max);
            return Self { rect: rect.with_max_y(table.top() - STEP), table: Some(table), beside: false, lanes };
        }
        Self { rect, table: None, beside: false, lanes }
    }

    /// The plot between axes of these widths.
    fn plot(&self, [left, right]: [f32; 2]) -> Rect {
        let below = TIME_AXIS + self.lanes as f32 * LANE;
        let min = self.rect.min + vec2(left.max(6.0), size::SMALL * 1.4);
        let max = self.rect.max - vec2(right.max(14.0), below);
        Rect::from_min_max(min, max.max(min + vec2(20.0, 20.0))).round_to_pixels(1.0)
    }
}

trait RoundToPixels {
    fn round_to_pixels(self, pixels_per_point: f32) -> Self;
}

impl RoundToPixels for Rect {
    /// On whole points, so that grid lines and frame are sharp.
    fn round_to_pixels(self, pixels_per_point: f32) -> Self {
        let round = |v: f32| (v * pixels_per_point).round() / pixels_per_point;
        Self::from_min_max(pos2(round(self.min.x), round(self.min.y)), pos2(round(self.max.x), round(self.max.y)))
    }
}

/// A limit that is shown.
struct Limit<'a> {
    /// Where, on the screen.
    y: f32,
    name: &'a str,
    mark: LimitMark,
    pen: usize,
}

/// Limits of the first pen, of the chosen tag, and of whatever is violated.
fn limits<'a>(cx: &Cx<'a>, pens: &[Pen<'_>], axes: &Axes, view: &View) -> Vec<Limit<'a>> {
    let mut shown = Vec::new();
    for (index, pen) in pens.iter().enumerate() {
        let Some(id) = pen.id else { continue };
        let focus = pen.index == 0 || cx.frame.chosen == Some(id);
        let [low, high] = axes.span(pen.right);
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
fn paint_limits(painter: &Painter, plot: Rect, limits: &[Limit<'_>], cx: &Cx<'_>, pens: &[Pen<'_>]) {
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

/// Below the time axis: where a pen has no value, why, and how long.
fn paint_lanes(
    painter: &Painter,
    plot: Rect,
    lanes: usize,
    cx: &Cx<'_>,
    pens: &[Pen<'_>],
    traces: &[Trace],
    from: Utc,
    to: Utc,
) {
    let theme = cx.frame.theme;
    let view = View { rect: plot, from, to, low: 0.0, high: 1.0 };
    let with_gaps = pens.iter().zip(traces).filter(|(_, t)| !t.gaps.is_empty());
    let more = with_gaps.clone().count().saturating_sub(LANES);
    for (lane, (pen, trace)) in with_gaps.take(lanes).enumerate() {
        let top = plot.bottom() + TIME_AXIS + LANE * lane as f32;
        let mut end = plot.left();
        for gap in &trace.gaps {
            let (left, right) = (view.x(gap.from).max(plot.left()), view.x(gap.to).min(plot.right()));
            let right = right.max(left + 2.0);
            let mark = Rect::from_x_y_ranges(left..=right, top + 3.0..=top + LANE - 3.0);
            hatch::hatch(painter, mark, theme.pen(pen.index), 4.0);
            painter.rect_stroke(mark, 0.0, Stroke::new(1.0, theme.pen(pen.index)), StrokeKind::Inside);
            end = end.max(right);
        }
        let Some(last) = trace.gaps.last() else { continue };
        let mut words = format!("{}: {}, {}", pen.name, last.quality.words(), words::duration(last.to - last.from));
        if lane + 1 == lanes && more > 0 {
            words = format!("{words}; gaps of {more} more");
        }
        // Behind the last gap, or in front of the first where there is no room.
        let font = fonts::regular(size::SMALL);
        let row = |a: f32, b: f32| Rect::from_x_y_ranges(a..=b.max(a), top..=top + LANE);
        let begin = trace.gaps.first().map_or(plot.left(), |g| view.x(g.from).max(plot.left()));
        let room_after = plot.right() + 40.0 - (end + 6.0);
        if room_after >= 150.0 || room_after > begin - plot.left() {
            text::paint(painter, row(end + 6.0, plot.right() + 40.0), Align2::LEFT_CENTER, words, font, theme.text);
        } else {
            text::paint(painter, row(cx.rect.left(), begin - 6.0), Align2::RIGHT_CENTER, words, font, theme.text);
        }
    }
}
