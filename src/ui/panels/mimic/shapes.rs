//! How the items of a mimic look: each in its own place, with the marks of its quality and its alarm.

use crate::project::{Facing, Item, ItemKind};
use crate::ui::fonts::{self, size};
use crate::ui::widgets::symbol::{self, Symbol};
use crate::ui::widgets::{Brush, Reading, Scale, forced, hatch, text};
use eframe::egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

/// Between two dashes of what flows, in points; a dash is half as long.
const DASH: f32 = 20.0;

/// Dashes of one pipe.
const MOST_DASHES: usize = 400;

/// One item with all that it is painted with.
pub(super) struct Sketch<'a> {
    pub painter: &'a Painter,
    pub brush: Brush<'a>,
    pub item: &'a Item,
    pub reading: &'a Reading<'a>,
    pub on: bool,
    pub scale: &'a Scale,
    /// Points for one unit of the drawing.
    pub unit: f32,
}

impl Sketch<'_> {
    /// Anything but a pipe.
    pub(super) fn paint(&self, rect: Rect) {
        let inked = match self.item.kind {
            ItemKind::Value => self.value(rect),
            ItemKind::Bar | ItemKind::Tank => self.level(rect),
            ItemKind::Lamp => self.lamp(rect),
            ItemKind::Valve => self.valve(rect),
            ItemKind::Pump | ItemKind::Pipe => self.pump(rect),
        };
        self.marks(inked);
    }

    /// What equipment is filled with: filled while it runs or is open, hollow while not, neither while nobody knows.
    fn body(&self) -> (Color32, Stroke) {
        let theme = self.brush.theme;
        let stale = !self.reading.quality.is_good();
        let edge = Stroke::new(1.5, if stale { theme.muted } else { theme.text });
        match (self.reading.is_bad(), self.on) {
            (true, _) => (theme.track, Stroke::new(1.0, theme.muted)),
            (false, true) => (if stale { theme.normal.gamma_multiply(0.6) } else { theme.normal }, edge),
            (false, false) => (theme.track, edge),
        }
    }

    fn pump(&self, rect: Rect) -> Rect {
        let radius = rect.size().min_elem() / 2.0;
        let center = rect.center();
        let (fill, edge) = self.body();
        self.painter.circle(center, radius, fill, edge);
        let ahead = facing(self.item.facing);
        let side = ahead.rot90();
        let tip = center + ahead * radius * 0.98;
        let back = center - ahead * radius * 0.35;
        let wide = radius * 0.9;
        let ink = Stroke::new(edge.width, edge.color);
        self.painter.add(Shape::line(vec![back + side * wide, tip, back - side * wide], ink));
        let body = Rect::from_center_size(center, Vec2::splat(radius * 2.0));
        self.caption(body)
    }

    fn valve(&self, rect: Rect) -> Rect {
        let (fill, edge) = self.body();
        let upright = rect.height() > rect.width();
        let [a, b, c, d] = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()];
        let center = rect.center();
        let halves = if upright { [[a, b, center], [d, c, center]] } else { [[a, d, center], [b, c, center]] };
        for half in halves {
            self.painter.add(Shape::convex_polygon(half.to_vec(), fill, edge));
        }
        if upright { self.beside(rect) } else { self.caption(rect) }
    }

    fn lamp(&self, rect: Rect) -> Rect {
        let radius = rect.size().min_elem() / 2.0;
        let (fill, edge) = self.body();
        self.painter.circle(rect.center(), radius, fill, edge);
        self.beside(Rect::from_center_size(rect.center(), Vec2::splat(radius * 2.0)))
    }

    /// A number with its unit on a plate of its own, so that no line of the drawing runs through it.
    fn value(&self, rect: Rect) -> Rect {
        let theme = self.brush.theme;
        let most = (rect.height() * 0.72).clamp(size::BODY, size::VALUE);
        let unit = if self.reading.text.is_some() { self.reading.unit } else { "" };
        let number = self.reading.text_or_dash();
        let ink = self.reading.ink(theme);
        let galley = if self.reading.is_word() {
            text::line(self.painter, number, fonts::regular(most.min(size::TITLE)), ink, f32::INFINITY)
        } else {
            text::number(self.painter, number, most, ink, f32::INFINITY)
        };
        let unit = text::line(self.painter, unit, fonts::regular(size::SMALL), theme.muted, f32::INFINITY);
        let gap = if unit.size().x > 0.0 { 5.0 } else { 0.0 };
        let wide = galley.size().x + gap + unit.size().x + 12.0;
        let plate =
            Rect::from_center_size(rect.center(), vec2(wide.max(rect.width()), (most * 1.35).max(rect.height())));
        self.painter.rect(plate, 3.0, theme.panel, theme.border(), StrokeKind::Inside);
        let at = pos2(plate.center().x - (wide - 12.0) / 2.0, plate.center().y - galley.size().y / 2.0);
        let unit_at = pos2(at.x + galley.size().x + gap, plate.center().y - unit.size().y / 2.0 + most * 0.1);
        self.painter.galley(at, galley, ink);
        self.painter.galley(unit_at, unit, theme.muted);
        if let Some(title) = self.title() {
            let line = Rect::from_min_max(
                pos2(plate.left() - 60.0, plate.top() - 16.0),
                pos2(plate.right() + 60.0, plate.top()),
            );
            text::paint(self.painter, line, Align2::CENTER_CENTER, title, fonts::regular(size::SMALL), theme.muted);
        }
        plate
    }

    /// A track with its normal band, its limits and the level in it; of a tank with the number on it.
    fn level(&self, rect: Rect) -> Rect {
        let theme = self.brush.theme;
        let tank = self.item.kind == ItemKind::Tank;
        let y = |value: f64| rect.bottom() - rect.height() * self.scale.share(value);
        self.painter.rect(rect, 0.0, theme.track, theme.border(), StrokeKind::Inside);
        let faded = if self.reading.quality.is_good() { 1.0 } else { 0.6 };
        if let (Some(number), false) = (self.reading.pointer(), self.reading.is_bad()) {
            let full = rect.shrink(1.0).with_min_y(y(number).clamp(rect.top() + 1.0, rect.bottom() - 1.0));
            self.painter.rect_filled(full, 0.0, theme.normal.gamma_multiply(0.5 * faded));
        }
        if let Some([low, high]) = self.scale.normal {
            let band = Rect::from_x_y_ranges(rect.left()..=rect.left() + 5.0, y(high)..=y(low));
            self.painter.rect(
                band,
                0.0,
                theme.band,
                Stroke::new(1.0, theme.muted.gamma_multiply(0.7)),
                StrokeKind::Inside,
            );
        }
        for limit in &self.scale.limits {
            let (at, colour) = (y(limit.value), limit.colour(theme));
            let width = if limit.violated { 2.0 } else { 1.0 };
            self.painter.hline(rect.right() - 8.0..=rect.right(), at, Stroke::new(width, colour));
            if limit.violated {
                symbol::limit_mark(self.painter, theme, limit.priority, pos2(rect.right() - 13.0, at), 7.0, true);
            }
        }
        if let Some(number) = self.reading.pointer() {
            let violated = self.scale.limits.iter().find(|limit| limit.violated).filter(|_| !self.reading.is_bad());
            let ink = violated.map_or(self.reading.ink(theme), |limit| theme.priority_words(limit.priority));
            self.painter.hline(
                rect.x_range(),
                y(number),
                Stroke::new(if self.reading.is_bad() { 1.0 } else { 2.0 }, ink),
            );
        }
        if !tank {
            return self.caption(rect);
        }
        self.plate(rect.center());
        rect
    }

    /// Title and number of a tank, on a ground that its level does not run through.
    fn plate(&self, center: Pos2) {
        let theme = self.brush.theme;
        let words = self.state();
        let number = text::number(self.painter, &words, size::BODY, self.reading.ink(theme), f32::INFINITY);
        let title = self.title().unwrap_or("");
        let title = text::line(self.painter, title, fonts::regular(size::SMALL), theme.muted, f32::INFINITY);
        let above = if self.title().is_some() { title.size().y } else { 0.0 };
        let room = vec2(number.size().x.max(title.size().x) + 10.0, number.size().y + above + 4.0);
        let plate = Rect::from_center_size(center, room);
        self.painter.rect_filled(plate, 3.0, theme.panel.gamma_multiply(0.9));
        if above > 0.0 {
            let at = pos2(center.x - title.size().x / 2.0, plate.top() + 2.0);
            self.painter.galley(at, title, theme.muted);
        }
        let at = pos2(center.x - number.size().x / 2.0, plate.top() + 2.0 + above);
        self.painter.galley(at, number, theme.text);
    }

    fn title(&self) -> Option<&str> {
        self.item.title.as_deref().filter(|title| !title.is_empty())
    }

    /// Title and state below it.
    fn caption(&self, rect: Rect) -> Rect {
        let theme = self.brush.theme;
        let mut line =
            Rect::from_min_size(pos2(rect.center().x - 70.0, rect.bottom() + 2.0), vec2(140.0, size::SMALL * 1.35));
        let small = || fonts::regular(size::SMALL);
        if let Some(title) = self.title() {
            text::paint(self.painter, line, Align2::CENTER_CENTER, title, small(), theme.muted);
            line = line.translate(vec2(0.0, line.height()));
        }
        text::paint(self.painter, line, Align2::CENTER_CENTER, self.state(), small(), self.reading.ink(theme));
        rect.with_max_y(line.bottom())
    }

    /// Title and state at its right.
    fn beside(&self, rect: Rect) -> Rect {
        let theme = self.brush.theme;
        let line = Rect::from_min_size(
            pos2(rect.right() + 5.0, rect.center().y - size::SMALL * 0.7),
            vec2(140.0, size::SMALL * 1.35),
        );
        let small = || fonts::regular(size::SMALL);
        let mut at = line;
        if let Some(title) = self.title() {
            at = line.translate(vec2(0.0, -line.height() / 2.0));
            text::paint(self.painter, at, Align2::LEFT_CENTER, title, small(), theme.muted);
            at = at.translate(vec2(0.0, at.height()));
        }
        text::paint(self.painter, at, Align2::LEFT_CENTER, self.state(), small(), self.reading.ink(theme));
        rect
    }

    fn state(&self) -> String {
        format!("{} {}", self.reading.text_or_dash(), self.reading.unit).trim_end().to_owned()
    }

    /// What is not good, and the alarm: told by shape and words, over whatever lies there.
    fn marks(&self, rect: Rect) {
        let theme = self.brush.theme;
        if self.reading.is_bad() {
            hatch::hatch(self.painter, rect, theme.muted.gamma_multiply(0.6), 6.0);
            hatch::dashed_frame(self.painter, rect.expand(3.0), theme.muted);
            hatch::cross(self.painter, rect.left_top() + vec2(-1.0, -1.0), 8.0, theme.text);
        }
        if self.reading.quality.is_made_up() {
            forced::frame(self.painter, rect.expand(4.0), theme);
        }
        self.why(rect);
        if let Some(alarm) = self.reading.alarm {
            let at = rect.right_top() + vec2(4.0, -6.0);
            Symbol::from_tag(alarm).paint(self.painter, theme, at, 13.0, self.brush.blink_on);
        }
    }

    /// Why it is not good, and since when, as far as there is room beside its neighbours; all of it is told under the pointer.
    fn why(&self, rect: Rect) {
        if self.reading.quality.is_good() {
            return;
        }
        let theme = self.brush.theme;
        let age = self.reading.age.as_ref().map(|age| format!(", {age}")).unwrap_or_default();
        let words = format!("{}{age}", self.reading.reason());
        let room = (rect.width() + 40.0).clamp(96.0, 220.0);
        let galley = text::line(self.painter, words, fonts::regular(size::SMALL), theme.text, room);
        let top = pos2(rect.center().x - galley.size().x / 2.0, rect.bottom() + 5.0);
        let ink = Rect::from_min_size(top, galley.size());
        self.painter.rect_filled(ink.expand2(vec2(3.0, 0.0)), 2.0, theme.panel);
        self.painter.galley(ink.min, galley, theme.text);
    }

    /// A pipe: dashes that go the way it flows while it flows, a step each quarter of a second.
    pub(super) fn pipe(&self, points: &[Pos2], quarter: f64) {
        let theme = self.brush.theme;
        let width = (4.0 * self.unit).clamp(2.0, 8.0);
        let marks = super::middle(points);
        if self.reading.is_bad() {
            self.painter.extend(Shape::dashed_line(points, Stroke::new(1.5, theme.text), 3.0, 5.0));
            hatch::cross(self.painter, marks.center(), 9.0, theme.text);
        } else if self.on {
            let faded = if self.reading.quality.is_good() { 1.0 } else { 0.6 };
            let colour = theme.normal.gamma_multiply(faded);
            self.painter.add(Shape::line(points.to_vec(), Stroke::new(width, colour.gamma_multiply(0.3))));
            let back = self.reading.number.is_some_and(|number| number < 0.0);
            let step = (quarter % 4.0) as f32 / 4.0;
            let offset = if back { 1.0 - step } else { step } * DASH;
            for dash in dashes(points, offset) {
                self.painter.add(Shape::line(dash, Stroke::new(width, colour)));
            }
        }
        if let Some(title) = self.title() {
            let line = Rect::from_center_size(marks.center() - vec2(0.0, 14.0), vec2(200.0, size::SMALL * 1.35));
            text::paint(self.painter, line, Align2::CENTER_CENTER, title, fonts::regular(size::SMALL), theme.muted);
        }
        if self.reading.quality.is_made_up() {
            forced::frame(self.painter, marks.expand(2.0), theme);
        }
        if let Some(alarm) = self.reading.alarm {
            Symbol::from_tag(alarm).paint(self.painter, theme, marks.center(), 13.0, self.brush.blink_on);
        }
    }
}

fn facing(facing: Facing) -> Vec2 {
    match facing {
        Facing::Right => vec2(1.0, 0.0),
        Facing::Left => vec2(-1.0, 0.0),
        Facing::Up => vec2(0.0, -1.0),
        Facing::Down => vec2(0.0, 1.0),
    }
}

/// Dashes along a way, the first `offset` points from its beginning; each goes round corners.
fn dashes(points: &[Pos2], offset: f32) -> Vec<Vec<Pos2>> {
    let lengths: Vec<f32> = points.windows(2).map(|pair| pair[0].distance(pair[1])).collect();
    let whole: f32 = lengths.iter().sum();
    if !whole.is_finite() {
        return Vec::new();
    }
    let count = ((whole - offset) / DASH).ceil().max(0.0) as usize;
    (0..count.min(MOST_DASHES))
        .map(|nth| {
            let from = offset + DASH * nth as f32;
            piece(points, &lengths, from, (from + DASH / 2.0).min(whole))
        })
        .filter(|dash| dash.len() > 1)
        .collect()
}

/// The part of a way between two lengths along it.
fn piece(points: &[Pos2], lengths: &[f32], from: f32, to: f32) -> Vec<Pos2> {
    let mut part = Vec::new();
    let mut at = 0.0;
    for (pair, length) in points.windows(2).zip(lengths) {
        let [start, end] = [pair[0], pair[1]];
        let (first, last) = ((from - at).max(0.0), (to - at).min(*length));
        if *length > 0.0 && first <= *length && last >= first && at < to {
            let on = |distance: f32| start + (end - start) * (distance / length);
            if part.is_empty() {
                part.push(on(first));
            }
            part.push(on(last));
        }
        at += length;
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_go_round_corners_and_end_with_the_way() {
        let way = [pos2(0.0, 0.0), pos2(15.0, 0.0), pos2(15.0, 30.0)];
        let found = dashes(&way, 10.0);
        assert_eq!(found[0], [pos2(10.0, 0.0), pos2(15.0, 0.0), pos2(15.0, 5.0)]);
        assert_eq!(found[1], [pos2(15.0, 15.0), pos2(15.0, 25.0)]);
        assert_eq!(found.len(), 2);
        assert!(dashes(&[], 0.0).is_empty());
        assert!(dashes(&[pos2(0.0, 0.0), pos2(f32::INFINITY, 0.0)], 0.0).is_empty());
        assert_eq!(dashes(&[pos2(0.0, 0.0), pos2(1e6, 0.0)], 0.0).len(), MOST_DASHES);
    }
}
