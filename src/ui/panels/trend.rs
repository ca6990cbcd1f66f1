//! `trend`: tags over time. The live end comes from the same snapshot as every number on the screen.
//!
//! `egui_plot` draws the plot: its space, grid, axes, limits, pens and cursor. The lanes of gaps, the table and the words
//! around it are this panel's own; so is the ink of dense and of dashed pens, see `ink`.

mod added;
mod axes;
mod between;
mod compare;
mod cursors;
pub mod free;
mod ink;
mod lanes;
mod legend;
mod limits;
mod menu;
mod note;
mod occurrences;
mod plot;
mod range;
mod time_axis;

use super::{Aside, Cx, PanelView, grid};
use crate::engine::{Mode, Snapshot, TagId, TailView};
use crate::project::{self, DataType, NewDisplay};
use crate::time::Span;
use crate::ui::fonts::size;
use crate::ui::past::{Known, Need, Past};
use crate::ui::theme::{PEN, STEP, Theme};
use crate::ui::widgets::pen::{Trace, View};
use crate::ui::widgets::{Reading, tell};
use crate::ui::{Action, Outbox, words};
use added::Added;
use axes::{Axes, HEADS, Widths};
use between::Between;
use compare::Compare;
use cursors::Cursors;
use eframe::egui::{Painter, Rect, Role, Stroke, StrokeKind, Ui, pos2, vec2};
use legend::{Choice, Told};
use occurrences::Occurrences;
use range::Window;
use std::sync::Arc;

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
    /// What lies behind the tails.
    past: Past,
    /// Width of the plot in the last frame.
    width: Option<f32>,
    cursors: Cursors,
    choice: Choice,
    /// Every sample between two cursors that stand, where the picture has extremes alone.
    between: Past,
    compare: Option<Compare>,
    /// By pen: the earlier time that is compared with.
    twins: Vec<Trace>,
    twin_past: Past,
    added: Added,
    occurrences: Occurrences,
}

/// Columns that are asked for between two cursors: as fine as an hour of a second each.
const FINE: usize = 4_096;

/// One pen of this frame.
struct Pen<'a> {
    index: usize,
    name: &'a str,
    id: Option<TagId>,
    reading: Option<Reading<'a>>,
    tail: Option<&'a Arc<TailView>>,
    known: Known<'a>,
    /// What is known of the earlier time that it is compared with, and how far back that lies.
    twin: Option<(Known<'a>, Span)>,
    right: bool,
    /// Which axis, see [`Axes::place`].
    axis: usize,
    /// By a person, not by the project.
    added: bool,
    steps: bool,
    hidden: bool,
    /// Among pens of which one is brought to the front, whether it is this one.
    front: Option<bool>,
}

impl Pen<'_> {
    /// Its line.
    fn look(&self, theme: &Theme) -> (Stroke, Option<(f32, f32)>) {
        let (width, colour) = match self.front {
            None => (PEN, theme.pen(self.index)),
            Some(true) => (PEN * 1.6, theme.pen(self.index)),
            Some(false) => (PEN, theme.pen(self.index).gamma_multiply(0.4)),
        };
        (Stroke::new(width, colour), Theme::dashes(self.index))
    }
}

impl Pen<'_> {
    /// The line of its twin.
    fn pale(&self, theme: &Theme) -> (Stroke, Option<(f32, f32)>) {
        let (stroke, dashes) = self.look(theme);
        (Stroke::new(stroke.width * 0.8, stroke.color.gamma_multiply(0.42)), dashes)
    }
}

impl PanelView for TrendPanel {
    fn aside(&self, cx: &Cx<'_>) -> Aside {
        let span = self.window.map_or(cx.panel.span, |w| w.span);
        let with = self.compare.map(|compare| format!(", with {}", compare.words())).unwrap_or_default();
        let added = match self.added.names().len() {
            0 => String::new(),
            // All pens of a free trend are.
            _ if written(cx) == 0 => String::new(),
            1 => ", a pen added".to_owned(),
            more => format!(", {more} pens added"),
        };
        let quiet = format!("{}{with}{added}", words::duration_of_range(span));
        match self.window.and_then(|w| w.to) {
            None if cx.frame.about.bundle.is_some() => Aside { plain: "to the end".to_owned(), quiet },
            // Nothing of a play is live.
            None if cx.frame.snapshot.mode == Mode::Rehearsal => Aside { plain: "with the play".to_owned(), quiet },
            None => Aside { plain: "● live".to_owned(), quiet },
            Some(to) => {
                let now = cx.frame.snapshot.now.utc;
                let plain = format!("paused at {}", words::instant(to, now, cx.frame.zone));
                Aside { plain, quiet }
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        let snapshot = cx.frame.snapshot;
        let theme = cx.frame.theme;
        if Added::may_come(ui) {
            let before = self.added.names().to_vec();
            self.added.take_ui(ui, cx, &pens(cx, &before));
        }
        let by_hand = self.added.names().to_vec();
        let mut pens = pens(cx, &by_hand);
        if pens.is_empty() {
            let middle = Rect::from_center_size(cx.rect.center(), vec2(290.0_f32.min(cx.rect.width()), 40.0));
            grid::say(ui, middle, "No pens: drag a tag here, and it becomes one", theme);
            Added::landing_ui(ui, cx, &pens);
            return;
        }
        let name = format!("trend {}", pens.iter().map(|p| p.name).collect::<Vec<_>>().join(", "));
        let aside = self.aside(cx);
        let Self {
            window,
            traces,
            past,
            width,
            cursors,
            choice,
            between,
            compare,
            twins,
            twin_past,
            added,
            occurrences,
        } = self;
        traces.resize_with(pens.len(), Trace::default);
        let now = snapshot.now.utc;
        let (from, to) = window.unwrap_or(Window { to: None, span: cx.panel.span }).ends(now);
        let lanes = lanes_of(traces);
        let mut layout = Layout::new(cx.rect, &pens, lanes);

        let columns = (width.unwrap_or(layout.rect.width()) * ui.pixels_per_point()).max(1.0) as usize;
        let wanted: Vec<_> = pens.iter().map(|p| (p.name, p.tail.map(|t| &**t))).collect();
        past.follow(ui.ctx(), cx.frame.history, &Need { pens: &wanted, from, to, columns, now });
        let past = &*past;
        for (index, pen) in pens.iter_mut().enumerate() {
            pen.known = past.known(index, pen.tail, from);
            pen.hidden = choice.hidden.contains(&index);
            pen.front = choice.bright.or(choice.pointed).map(|front| front == index);
        }

        let shift = compare.map(|compare| compare.shift(from, to, cx.frame.zone));
        let earlier = shift.map(|by| [from + Span(-by.0), to + Span(-by.0)]);
        if let (Some([from, to]), Some(by)) = (earlier, shift) {
            twin_past.follow(ui.ctx(), cx.frame.history, &Need { pens: &wanted, from, to, columns, now });
            for (index, pen) in pens.iter_mut().enumerate() {
                pen.twin = Some((twin_past.known(index, pen.tail, from), by));
            }
        }

        let axes = Axes::new(&pens, snapshot, cx.alarms, [from, to], earlier);
        let widths = axes.widths(ui.painter());
        layout.head = if axes.have_heads() { HEADS } else { Layout::HEAD };
        let plot = layout.plot(&widths);
        *width = Some(plot.width());
        for (pen, trace) in pens.iter().zip(&mut *traces) {
            let [low, high] = axes.span(pen.axis);
            let view = View { rect: plot, from, to, low, high };
            if pen.hidden {
                *trace = Trace::default();
                continue;
            }
            trace.follow(&pen.known, &view, now, pen.steps);
            let (stroke, dashes) = pen.look(theme);
            trace.ink_runs(&view, stroke, dashes, ui.pixels_per_point());
        }

        twins.resize_with(if earlier.is_some() { pens.len() } else { 0 }, Trace::default);
        for (pen, trace) in pens.iter().zip(&mut *twins) {
            let (Some((known, _)), Some([from, to]), false) = (&pen.twin, earlier, pen.hidden) else {
                *trace = Trace::default();
                continue;
            };
            let [low, high] = axes.span(pen.axis);
            let view = View { rect: plot, from, to, low, high };
            trace.follow(known, &view, now, pen.steps);
            let (stroke, dashes) = pen.pale(theme);
            trace.ink_runs(&view, stroke, dashes, ui.pixels_per_point());
        }
        if lanes_of(traces) != lanes {
            // The lanes of this frame get their room in the next one.
            ui.ctx().request_repaint();
        }

        let [low, high] = axes.base();
        let view = View { rect: plot, from, to, low, high };
        let limits = limits::of(cx, &pens, &axes, &view);
        let by_keys = cursors.reading(None);
        let (response, cursor) = plot::ui(ui, &view, &axes, &widths, &limits, &pens, [twins, traces], by_keys, cx);
        cursors.handle(ui, &response, &view);
        *window = range::handle(ui, &response, plot, *window, cx.panel.span, now);

        paint_frame(ui.painter(), plot, theme);
        axes.paint_heads(ui.painter(), plot, &widths, theme);
        limits::paint(ui.painter(), plot, &limits, cx, &pens);
        let told = |at| words::instant_within(view.pixel(), at, now, cx.frame.zone);
        // Above the plot there is room for one row of times: while a cursor reads, it is that one's.
        cursors.paint(ui.painter(), &view, theme, |at| if cursor.is_none() { told(at) } else { String::new() });
        occurrences.ui(ui, &view, cx, &pens);
        note::ui(ui, &view, cx, &pens, traces, past);
        lanes::ui(ui, &view, layout.lanes, cx, &pens, traces, cursor);
        let at_cursor = cursor.map(|at| (at, told(at)));
        if let Some((at, words)) = &at_cursor {
            let (galley, place) = time_axis::place_time(ui.painter(), plot, view.x(*at), words.clone(), theme.text);
            ui.painter().galley(place.min, galley, theme.text);
        }
        tell(&response, Role::Canvas, &name, || format!("{} {}", aside.plain, aside.quiet));
        if let Some(at) = cursor {
            let said = pens.iter().zip(&*traces);
            let said = said.filter_map(|(pen, t)| Some(format!("{}: {}", pen.name, lanes::words_at(cx, pen, t, at)?)));
            let said: Vec<String> = said.collect();
            if !said.is_empty() {
                let _shown = response.clone().on_hover_text_at_pointer(said.join("\n"));
            }
        }
        let ends = cursors.between(cursor);
        let fine = ends.filter(|_| cursors.stand()).filter(|[a, b]| pens.iter().any(|p| p.known.is_about(*a, *b)));
        if let Some([from, to]) = fine {
            between.follow(ui.ctx(), cx.frame.history, &Need { pens: &wanted, from, to, columns: FINE, now });
        }
        let list = ends.map(|ends| {
            let of = |(index, pen): (usize, &Pen<'_>)| {
                let finer = fine.map(|[from, _]| between.known(index, pen.tail, from));
                let finer =
                    finer.filter(|known| known.reach.is_some_and(|[a, b]| a <= ends[0] && ends[1].min(now) <= b));
                Between::new(&finer.unwrap_or(pen.known), ends, now)
            };
            pens.iter().enumerate().map(of).collect::<Vec<_>>()
        });
        let told = match (ends, &list, &at_cursor) {
            (Some(ends), Some(list), _) => Told::Between(ends, list),
            (_, _, Some((at, words))) => Told::At(*at, words),
            _ => Told::Now,
        };
        let taken_off = legend::ui(ui, &layout, cx, &pens, told, choice, out);
        let choices = menu::Choices { window, compare, cursors, choice, added };
        menu::ui(ui, &response, &view, cx, &name, &pens, choices, out);
        if let Some(index) = taken_off {
            added.remove(index, written(cx), choice);
        }
        Added::landing_ui(ui, cx, &pens);
    }
}

/// Asks for a display with these pens; hidden ones are part of it.
fn save(cx: &Cx<'_>, pens: &[Pen<'_>], span: Span) -> Action {
    let pens: Vec<project::Pen> =
        pens.iter().map(|pen| project::Pen { tag: pen.name.to_owned(), right: pen.right }).collect();
    let name = match (&cx.panel.title, pens.as_slice()) {
        (Some(title), _) => format!("{title}, trend"),
        (None, [first, ..]) => format!("Trend {}", first.tag),
        (None, []) => String::new(),
    };
    Action::SaveDisplay(Box::new(NewDisplay { name, parent: None, span, pens }))
}

/// How many pens the project gives this trend.
fn written(cx: &Cx<'_>) -> usize {
    cx.panel.pens.len() + cx.panel.tags.len()
}

/// Whether a tag's value is held level until the next one: a state.
fn is_steps(reading: &Reading<'_>) -> bool {
    reading.tag.data_type == DataType::Bool || !reading.tag.labels.0.is_empty()
}

/// How many lanes the gaps take.
fn lanes_of(traces: &[Trace]) -> usize {
    traces.iter().filter(|t| lanes::has_gaps(t)).count().min(LANES)
}

fn paint_frame(painter: &Painter, plot: Rect, theme: &Theme) {
    painter.rect_stroke(plot, 0.0, Stroke::new(1.0, theme.line), StrokeKind::Middle);
}

fn pens<'a>(cx: &Cx<'a>, by_hand: &'a [Arc<str>]) -> Vec<Pen<'a>> {
    let snapshot: &'a Snapshot = cx.frame.snapshot;
    // A trend written with `tags` alone has them as pens on the left.
    let written = cx.panel.pens.iter().zip(&cx.plan.pens).map(|(pen, id)| (pen.tag.as_str(), *id, Some(pen.right)));
    let bare = cx.panel.tags.iter().zip(&cx.plan.tags).map(|(tag, id)| (tag.as_str(), *id, Some(false)));
    let by_hand = by_hand.iter().map(|name| (name.as_ref(), snapshot.plan.tag_id(name), None));
    let mut pens: Vec<Pen<'a>> = Vec::new();
    for (name, id, right) in written.chain(bare).chain(by_hand) {
        let reading = id.and_then(|id| Reading::new(snapshot, id));
        pens.push(Pen {
            index: pens.len(),
            name,
            id,
            steps: reading.as_ref().is_some_and(is_steps),
            right: right.unwrap_or_else(|| reading.as_ref().is_some_and(|r| added::side(&pens, r))),
            reading,
            tail: id.and_then(|id| snapshot.tails.get(&id)),
            known: Known::default(),
            twin: None,
            hidden: false,
            front: None,
            axis: 0,
            added: right.is_none(),
        });
    }
    Axes::place(&mut pens);
    pens
}

/// Where the parts of the panel lie.
struct Layout {
    rect: Rect,
    /// The table beside the data, or below it in a narrow panel; `None`: no room.
    table: Option<Rect>,
    /// Rows below one another, or one line.
    beside: bool,
    lanes: usize,
    /// Room above the plot.
    head: f32,
}

impl Layout {
    const TABLE: f32 = 178.0;
    /// For the time at the cursor and the mark of an alarm.
    const HEAD: f32 = size::SMALL * 1.4;
    /// From this width on the table stands beside the plot.
    const BESIDE: f32 = 430.0;

    fn new(rect: Rect, pens: &[Pen<'_>], lanes: usize) -> Self {
        if rect.width() >= Self::BESIDE {
            // The foot of the table is the menu's.
            let foot = if Self::has_menu(rect) { legend::LINE + STEP } else { 0.0 };
            let table = Rect::from_min_max(pos2(rect.right() - Self::TABLE, rect.top()), rect.max - vec2(0.0, foot));
            return Self {
                rect: rect.with_max_x(table.left() - 3.0 * STEP),
                table: Some(table),
                beside: true,
                lanes,
                head: Self::HEAD,
            };
        }
        let rows = pens.len().div_ceil(2).min(4) as f32 * legend::LINE;
        if rect.height() >= 110.0 + rows {
            let table = Rect::from_min_max(pos2(rect.left(), rect.bottom() - rows), rect.max);
            return Self {
                rect: rect.with_max_y(table.top() - STEP),
                table: Some(table),
                beside: false,
                lanes,
                head: Self::HEAD,
            };
        }
        Self { rect, table: None, beside: false, lanes, head: Self::HEAD }
    }

    /// Whether there is room for the button of the menu; in a small panel a right click has to do.
    fn has_menu(rect: Rect) -> bool {
        rect.width() >= Self::BESIDE && rect.height() >= 120.0
    }

    /// The plot between axes of these widths.
    fn plot(&self, widths: &Widths) -> Rect {
        let below = TIME_AXIS + self.lanes as f32 * LANE;
        let min = self.rect.min + vec2(widths.left.max(6.0), self.head);
        let max = self.rect.max - vec2(widths.right.max(14.0), below);
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
