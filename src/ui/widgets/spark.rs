//! A spark: the recent past of one tag in a thumb's breadth, without axes. Its scale is its own least and greatest value.
//!
//! A row of a `spark` panel is a name, its spark with the two ends of that scale, and the value with unit, quality and age.

use super::pen::{Trace, View, is_told, runs_of};
use super::symbol::Symbol;
use super::{Brush, Reading, forced, hatch, press, tell, text};
use crate::time::{Span, Utc};
use crate::ui::fonts::{self, size};
use crate::ui::past::Known;
use crate::ui::theme::{STEP, Theme};
use crate::ui::words;
use eframe::egui::{Align2, Id, Painter, Rect, Response, Role, Stroke, Ui, pos2, vec2};

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
    for gap in runs_of(&trace.gaps).filter(|run| is_told(run)).flatten() {
        let across = Rect::from_x_y_ranges(view.x(gap.from.max(from))..=view.x(gap.to.min(now)), rect.y_range());
        hatch::hatch(painter, across, theme.muted.gamma_multiply(0.55), 5.0);
    }
    trace.paint(painter, &view, Stroke::new(1.25, theme.normal));
}

/// Least height of a row.
pub const LEAST_ROW: f32 = 26.0;
/// Greatest height of a row.
pub const GREATEST_ROW: f32 = 72.0;

/// From this height on a row has two lines of words.
const TALL: f32 = 38.0;
/// In a row of two lines below this width, name and value stand above the spark.
const NARROW: f32 = 250.0;
/// Room for the mark of an alarm, kept in every row so that numbers line up.
const MARK: f32 = 20.0;
/// Room for the glyph of a bad value.
const GLYPH: f32 = 13.0;
/// Greatest room for the two ends of the scale.
const ENDS: f32 = 62.0;

/// Columns that all rows of a panel share, so that sparks and numbers line up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Columns {
    /// Room for the names; 0 where the panel's own title names the only tag.
    pub name: f32,
    /// Room for the units.
    pub unit: f32,
}

impl Columns {
    /// Wide enough for these names (none: the panel's title names the only tag) and units.
    pub fn of<'a>(
        painter: &Painter,
        names: impl Iterator<Item = &'a str>,
        units: impl Iterator<Item = &'a str>,
    ) -> Self {
        let width = |text: &str, size: f32| {
            painter
                .layout_no_wrap(text.to_owned(), fonts::regular(size), eframe::egui::Color32::PLACEHOLDER)
                .size()
                .x
                .ceil()
        };
        let widest = |widths: &mut dyn Iterator<Item = f32>| widths.fold(0.0_f32, f32::max);
        let name = widest(&mut names.map(|name| width(name, size::BODY)));
        let unit = widest(&mut units.map(|unit| width(unit, size::SMALL)));
        Self { name: if name > 0.0 { name + GLYPH + 2.0 } else { 0.0 }, unit }
    }
}

/// Paints a row. `title` is empty where the panel's own title names the only tag.
pub fn row_ui(
    ui: &Ui,
    rect: Rect,
    id: Id,
    title: &str,
    reading: &Reading<'_>,
    columns: Columns,
    recent: Option<Recent<'_>>,
    brush: &Brush<'_>,
) -> Response {
    let response = press(ui, rect, id, brush, 3.0);
    tell(&response, Role::Button, reading.name, || reading.spoken());
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let painter = ui.painter_at(rect);
    let mut inner = rect.shrink2(vec2(STEP, 2.0));
    if let Some(alarm) = reading.alarm {
        let center = pos2(inner.right() - 8.0, inner.center().y);
        Symbol::from_tag(alarm).paint(&painter, brush.theme, center, 13.0, brush.blink_on);
    }
    inner.max.x -= MARK;
    let tall = inner.height() >= TALL;
    let value = inner.with_min_x(inner.right() - columns.unit - (inner.width() * 0.2).clamp(56.0, 130.0));
    let mut name = inner.with_max_x(inner.left() + columns.name.min(inner.width() * 0.45));
    let mut spark = inner.with_min_x(name.right() + 2.0 * STEP).with_max_x(value.left() - 2.0 * STEP);
    let line = size::BODY * 1.35;
    let why = why(reading);
    let small = fonts::regular(size::SMALL);
    if tall && inner.width() < NARROW && columns.name > 0.0 {
        let below = inner.with_min_y(inner.top() + line + 1.0);
        name.max.y = below.top();
        value_of(&painter, value.with_max_y(below.top()), reading, columns, brush);
        let ink = words_below(&painter, below, &why, brush);
        spark = below.with_max_y(ink.top());
    } else {
        value_of(&painter, value, reading, columns, brush);
        if tall {
            // The words stand below name and spark, so that none of them is cut for want of a column.
            let ink = words_below(&painter, inner.with_max_x(spark.right()), &why, brush);
            (name.max.y, spark.max.y) = (ink.top(), ink.top());
        } else if !why.is_empty() {
            // In a low row the reason takes room from the spark: it is what has to be read.
            let fits =
                |words: &str| text::line(&painter, words, small.clone(), brush.theme.text, f32::INFINITY).size().x;
            let words = if fits(&why) <= spark.width() * 0.8 { why } else { reading.reason() };
            let ink = text::paint(&painter, spark, Align2::RIGHT_CENTER, words, small, brush.theme.text);
            spark.max.x = ink.left() - 2.0 * STEP;
        }
    }
    if reading.is_bad() {
        hatch::cross(&painter, pos2(name.left() + 4.0, name.center().y), 7.0, brush.theme.text);
        name.min.x += GLYPH;
        spark.min.x = spark.min.x.max(name.min.x);
    }
    text::paint(&painter, name, Align2::LEFT_CENTER, title, fonts::regular(size::BODY), brush.theme.text);
    past(&painter, spark, reading, recent, brush);
    if reading.quality.is_made_up() {
        forced::frame(&painter, rect, brush.theme);
    }
    response
}

/// Why a value is not good, on a line at the foot. Gives back the room of that line: none where there is nothing to say.
fn words_below(painter: &Painter, at: Rect, why: &str, brush: &Brush<'_>) -> Rect {
    if why.is_empty() {
        return at.with_min_y(at.bottom());
    }
    let at = at.with_min_y(at.bottom() - size::SMALL * 1.3);
    let small = fonts::regular(size::SMALL);
    let whole = text::line(painter, why, small.clone(), brush.theme.text, f32::INFINITY).size().x <= at.width();
    // The age goes where it has no room: a length of time that is cut is another one.
    let words = if whole { why } else { why.rsplit_once(", ").map_or(why, |(reason, _)| reason) };
    text::paint(painter, at, Align2::LEFT_CENTER, words, small, brush.theme.text);
    at
}

/// Why it is not good, and how old.
fn why(reading: &Reading<'_>) -> String {
    let age = reading.age.as_deref().unwrap_or_default();
    match (reading.quality.is_good(), age.is_empty()) {
        (true, _) => age.to_owned(),
        (false, true) => reading.reason(),
        (false, false) => format!("{}, {age}", reading.reason()),
    }
}

/// The value with its unit; hatched while bad.
fn value_of(painter: &Painter, at: Rect, reading: &Reading<'_>, columns: Columns, brush: &Brush<'_>) {
    let theme = brush.theme;
    let shown = reading.text.as_deref().unwrap_or("—");
    let ink = reading.ink(theme);
    let drawn = if reading.is_word() {
        text::paint(painter, at, Align2::RIGHT_CENTER, shown, fonts::regular(size::BODY), ink)
    } else {
        let unit = at.with_min_x(at.right() - columns.unit);
        if reading.text.is_some() {
            text::paint(painter, unit, Align2::LEFT_CENTER, reading.unit, fonts::regular(size::SMALL), theme.muted);
        }
        let room = at.with_max_x(unit.left() - STEP);
        let number_size = if at.height() >= TALL { size::TITLE } else { size::BODY };
        text::paint_number(painter, room, Align2::RIGHT_CENTER, shown, number_size, ink)
    };
    if reading.is_bad() && reading.text.is_some() {
        hatch::hatch(painter, drawn.expand2(vec2(2.0, 0.0)), theme.muted.gamma_multiply(0.6), 6.0);
    }
}

/// The spark, with the ends of what it shows beside it where there is room for both in full.
fn past(painter: &Painter, at: Rect, reading: &Reading<'_>, recent: Option<Recent<'_>>, brush: &Brush<'_>) {
    let Some(recent) = recent else { return };
    let mut at = at;
    let extent = recent.known.extent(recent.now + Span(-recent.span.0), recent.now);
    if let (Some([least, greatest]), false) = (extent, recent.steps)
        && at.height() >= 2.0 * size::SMALL
    {
        let galley = |value: f64| {
            let number = words::number(value, reading.tag.decimals);
            painter.layout_no_wrap(number, fonts::regular(size::SMALL), brush.theme.muted)
        };
        let ends = [galley(greatest), galley(least)];
        let width = ends.iter().map(|end| end.size().x).fold(0.0, f32::max);
        if width <= ENDS && at.width() >= 3.0 * width {
            let tops = [at.top(), at.bottom() - ends[1].size().y];
            for (end, top) in ends.into_iter().zip(tops) {
                painter.galley(pos2(at.right() - end.size().x, top), end, brush.theme.muted);
            }
            at.max.x -= width.max(ENDS * 0.5) + STEP;
        }
    }
    paint(painter, at.shrink2(vec2(0.0, 3.0)), brush.theme, recent);
}
