//! A spark: the recent past of one tag in a thumb's breadth, without axes. Its scale is its own least and greatest value.

use super::hatch;
use super::pen::{Trace, View};
use crate::time::{Span, Utc};
use crate::ui::past::Known;
use crate::ui::theme::Theme;
use eframe::egui::{Painter, Rect, Stroke};

/// The recent past that a spark shows.
#[derive(Debug)]
pub struct Recent<'a> {
    /// Its points.
    pub known: Known<'a>,
    /// The instant of the picture.
    pub now: Utc,
    /// How far back.
    pub span: Span,
    /// States are held level.
    pub steps: bool,
    /// The instrument's span: what counts as much and as little.
    pub range: Option<[f64; 2]>,
    /// Kept from frame to frame.
    pub trace: &'a mut Trace,
}

/// Paints the last `span` before `now` into `rect`; gaps are hatched where they lie.
pub fn paint(painter: &Painter, rect: Rect, theme: &Theme, recent: Recent<'_>) {
    let Recent { known, now, span, steps, range, trace } = recent;
    if rect.width() < 12.0 || rect.height() < 6.0 {
        return;
    }
    // A record younger than the span fills the width, down to a twelfth of it, or the first hour shows nothing.
    let begin = now + Span(-span.0.max(12));
    let first = known.first().unwrap_or(begin);
    let from = first.min(now + Span(-span.0.max(12) / 12)).max(begin);
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for point in known.within(from, now).filter(|p| !p.quality.is_bad() && p.value.is_finite()) {
        low = low.min(point.value);
        high = high.max(point.value);
    }
    // A value that hardly moves is a level line: noise of a hundredth must not look like a storm.
    let of_range = range.map_or(0.0, |[a, b]| (b - a).abs() * 0.15);
    let least = (low.abs().max(high.abs()) * 0.05).max(of_range).max(1e-9);
    if low <= high && high - low < least {
        let middle = f64::midpoint(low, high);
        (low, high) = (middle - least / 2.0, middle + least / 2.0);
    }
    let view = View { rect, from, to: now, low, high };
    trace.follow(&known, &view, now, steps);
    for gap in &trace.gaps {
        let across = Rect::from_x_y_ranges(view.x(gap.from.max(from))..=view.x(gap.to.min(now)), rect.y_range());
        hatch::hatch(painter, across, theme.muted.gamma_multiply(0.55), 5.0);
    }
    trace.paint(painter, &view, Stroke::new(1.25, theme.normal));
}
