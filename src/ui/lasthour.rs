//! The last hour of one tag with the limits of its alarms: on the faceplate and beside a chosen alarm.

use super::past::{Need, Past};
use super::theme::{LINE, PEN};
use super::widgets::pen::{Trace, View};
use super::widgets::scale::span_of;
use super::widgets::{self, hatch, reading::Reading, symbol};
use super::words::{self, say};
use super::{Action, Frame, Outbox, fonts, hand};
use crate::engine::{AlarmId, AlarmView, Snapshot, TagId};
use crate::project::{DataType, Priority};
use crate::time::Span;
use eframe::egui::{Align2, Rect, Role, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};
use fonts::size;

/// Height, with the times below.
const HEIGHT: f32 = 108.0;
/// Room right of the curve for the symbols of limits.
const MARKS: f32 = 12.0;

/// A limit to be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// In the tag's unit.
    pub value: f64,
    /// Of its alarm.
    pub priority: Priority,
    /// Its condition holds.
    pub violated: bool,
}

impl Limit {
    /// The limit in force of an alarm, where it has one that lies on the value's axis.
    pub fn of(snapshot: &Snapshot, id: AlarmId, view: Option<&AlarmView>) -> Option<Self> {
        let alarm = snapshot.plan.alarm(id).filter(|alarm| alarm.condition.is_of_value())?;
        Some(Self {
            value: snapshot.limit(id)?,
            priority: alarm.priority,
            violated: view.is_some_and(|v| v.active && !v.state.is_hidden()),
        })
    }
}

/// What is remembered between frames.
#[derive(Debug, Default)]
pub struct LastHour {
    trace: Trace,
    past: Past,
}

impl LastHour {
    /// Paints it as wide as there is room; a gap stays a gap. It can be dragged onto a trend, and pressed twice it opens as
    /// one.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, id: TagId, limits: &[Limit], outbox: &mut Outbox) {
        let Some(plan) = frame.snapshot.plan.tag(id) else { return };
        let Self { trace, past } = self;
        let theme = frame.theme;
        let now = frame.snapshot.now.utc;
        let from = now + Span::from_secs(-3_600);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click());
        hand::can_be_taken(&response, id);
        if response.double_clicked() {
            outbox.action(Action::OpenTrend(id));
        }
        let plot = Rect::from_min_max(rect.min, pos2(rect.right(), rect.bottom() - 18.0));
        let painter = ui.painter();
        painter.rect(plot, 2.0, theme.track, Stroke::new(LINE, theme.line), StrokeKind::Inside);
        let plot = plot.shrink(2.0);
        let plot = if limits.is_empty() { plot } else { plot.with_max_x(plot.right() - MARKS) };
        let small = fonts::regular(size::SMALL);
        for (at, align, time) in [
            (rect.left_bottom(), Align2::LEFT_BOTTOM, from),
            (pos2(plot.right(), rect.bottom()), Align2::RIGHT_BOTTOM, now),
        ] {
            painter.text(at, align, words::hour_minute(time, frame.zone), small.clone(), theme.muted);
        }
        let tail = frame.snapshot.tails.get(&id);
        let columns = (plot.width() * ui.pixels_per_point()) as usize;
        let pens = [(plan.name.as_ref(), tail.map(|t| &**t))];
        past.follow(ui.ctx(), frame.history, &Need { pens: &pens, from, to: now, columns, now });
        let known = past.known(0, tail, from);
        let [low, high] = plan.tag.range.unwrap_or_else(|| {
            let points = known.within(from, now).filter(|p| !p.quality.is_bad()).map(|p| p.value);
            span_of(points.chain(limits.iter().map(|l| l.value)))
        });
        let view = View { rect: plot, from, to: now, low, high };
        for limit in limits {
            let ink = if limit.violated { theme.priority_words(limit.priority) } else { theme.muted };
            let y = view.y(limit.value);
            if plot.y_range().contains(y) {
                let line = [pos2(plot.left(), y), pos2(plot.right(), y)];
                painter.extend(Shape::dashed_line(&line, Stroke::new(LINE, ink), 2.0, 3.0));
                let mark = pos2(plot.right() + MARKS / 2.0, y.clamp(plot.top() + 4.0, plot.bottom() - 4.0));
                symbol::limit_mark(painter, theme, limit.priority, mark, 8.0, limit.violated);
            }
        }
        if known.first().is_some() {
            let steps = plan.tag.data_type == DataType::Bool || !plan.tag.labels.0.is_empty();
            trace.follow(&known, &view, now, steps);
            for gap in &trace.gaps {
                let (left, right) = (view.x(gap.from).max(plot.left()), view.x(gap.to).min(plot.right()));
                let lane = Rect::from_x_y_ranges(left..=right, plot.bottom() - 8.0..=plot.bottom());
                hatch::hatch(painter, lane, theme.muted, 4.0);
            }
            trace.paint(painter, &view, Stroke::new(PEN, theme.text));
        } else {
            let words = if past.is_asked() { say::READING } else { "Nothing recorded yet" };
            painter.text(plot.center(), Align2::CENTER_CENTER, words, small, theme.muted);
        }
        widgets::tell(&response, Role::Image, &format!("trend {}, last hour", plan.name), || {
            Reading::new(frame.snapshot, id).map(|r| r.spoken()).unwrap_or_default()
        });
    }
}
