//! A gauge: a pointer on a round scale of three quarters of a turn, with its normal band, limits and setpoint.

use super::symbol;
use super::{Brush, Reading, Scale, forced, hatch, press, scale::Ticks, tell, text};
use crate::ui::fonts::{self, size};
use crate::ui::theme::{STEP, Theme};
use crate::ui::words;
use eframe::egui::epaint::Mesh;
use eframe::egui::{Align2, Color32, Id, Painter, Pos2, Rect, Response, Role, Shape, Stroke, Ui, Vec2, pos2, vec2};
use std::f32::consts::PI;

/// From lower left, over the top, to lower right.
const START: f32 = 0.75 * PI;
const SWEEP: f32 = 1.5 * PI;
/// Least radius; with less room and neighbours a gauge is cut.
const LEAST: f32 = 12.0;

/// A ring's middle, its outer radius and how thick it is.
#[derive(Clone, Copy)]
struct Ring {
    center: Pos2,
    outer: f32,
    inner: f32,
}

/// Paints a gauge into `rect`, which opens the tag's faceplate. One that is `alone` in its panel may reach into the
/// panel's margin where `rect` is too small.
pub fn gauge_ui(
    ui: &Ui,
    rect: Rect,
    id: Id,
    reading: &Reading<'_>,
    scale: &Scale,
    brush: &Brush<'_>,
    alone: bool,
) -> Response {
    let response = press(ui, rect, id, brush, 3.0);
    tell(&response, Role::Button, reading.name, || reading.spoken());
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let theme = brush.theme;
    let below = if scale.setpoint.is_some() || !reading.quality.is_good() { size::BODY * 1.5 } else { 0.0 };
    // The ring's lower quarter is open, so that it needs 0.854 of its diameter in height.
    let radius = ((rect.width() - 16.0) / 2.0).min((rect.height() - below - 10.0) / 1.75);
    // A clip of its own would be one more call to the graphics card for each gauge.
    let painter = if alone || radius >= LEAST { ui.painter().clone() } else { ui.painter_at(rect) };
    let radius = radius.max(LEAST);
    let center = pos2(
        rect.center().x,
        rect.top() + radius + 8.0 + (rect.height() - below - 8.0 - radius * 1.75).max(0.0) * 0.35,
    );
    if reading.is_bad() {
        hatch::dashed_frame(&painter, rect, theme.muted);
    }
    let thick = (radius * 0.13).clamp(3.0, 14.0);
    let ring = Ring { center, outer: radius, inner: radius - thick };

    ring.paint(&painter, 0.0, 1.0, theme.track, radius);
    if let Some([low, high]) = scale.normal {
        ring.paint(&painter, scale.share(low), scale.share(high), theme.band, radius);
        ring.outline(&painter, scale.share(low), scale.share(high), theme.muted.gamma_multiply(0.7));
    }
    let taken = middle(&painter, ring, reading, brush);
    if radius >= 34.0 {
        ticks(&painter, ring, scale, theme, taken);
    }
    for limit in &scale.limits {
        let share = scale.share(limit.value);
        let colour = limit.colour(theme);
        let stroke = Stroke::new(if limit.violated { 2.5 } else { 1.5 }, colour);
        painter.line_segment([ring.at(share, ring.inner - 2.0), ring.at(share, ring.outer + 2.0)], stroke);
        if radius >= 50.0 {
            symbol::limit_mark(&painter, theme, limit.priority, ring.at(share, ring.outer + 7.0), 7.0, limit.violated);
        }
    }
    if let Some((setpoint, _)) = &scale.setpoint {
        let share = scale.share(*setpoint);
        let (tip, along) = (ring.at(share, ring.outer + 1.0), direction(share));
        let across = vec2(-along.y, along.x) * 4.5;
        let base = tip + along * 8.0;
        painter.add(Shape::convex_polygon(vec![tip, base + across, base - across], theme.select, Stroke::NONE));
    }
    if let Some(number) = reading.pointer() {
        let share = scale.share(number);
        let violated = scale.limits.iter().find(|l| l.violated).filter(|_| !reading.is_bad());
        let ink = violated.map_or(reading.ink(theme), |l| theme.priority_words(l.priority));
        let (from, to) = (ring.at(share, ring.inner - 3.0), ring.at(share, ring.outer + 3.0));
        if reading.is_bad() {
            painter.extend(Shape::dashed_line(&[from, to], Stroke::new(1.5, ink), 3.0, 2.0));
        } else {
            painter.line_segment([from, to], Stroke::new((thick * 0.3).max(2.5), ink));
        }
    }
    foot(&painter, rect, ring, scale, reading, theme);
    if reading.quality.is_made_up() {
        forced::gauge(&painter, rect, reading.quality, theme);
    }
    response
}

/// The number in the middle, the unit below it, and over it the glyph of a bad value. Where number and unit stand.
fn middle(painter: &Painter, ring: Ring, reading: &Reading<'_>, brush: &Brush<'_>) -> [Rect; 2] {
    let theme = brush.theme;
    let large = (ring.outer * 0.28).clamp(size::SMALL, size::GREAT);
    let number = reading.text.clone().unwrap_or_else(|| "—".to_owned());
    let room = Rect::from_center_size(ring.center + vec2(0.0, ring.outer * 0.06), vec2(ring.inner * 1.5, large * 1.2));
    let ink = text::paint_number(painter, room, Align2::CENTER_CENTER, &number, large, reading.ink(theme));
    if reading.is_bad() {
        if reading.text.is_some() {
            hatch::hatch(painter, ink.expand2(vec2(4.0, -1.0)), theme.muted.gamma_multiply(0.6), 6.0);
        }
        hatch::cross(painter, pos2(room.center().x, room.top() - 7.0), (large * 0.4).min(9.0), theme.text);
    }
    if ring.outer >= 30.0 && !reading.unit.is_empty() {
        let unit = Rect::from_center_size(
            pos2(room.center().x, room.bottom() + 7.0),
            vec2(ring.inner * 1.3, size::BODY * 1.3),
        );
        let font = fonts::regular(if ring.outer > 60.0 { size::BODY } else { size::SMALL });
        let unit = text::paint(painter, unit, Align2::CENTER_CENTER, reading.unit, font, theme.muted);
        return [ink, unit];
    }
    [ink; 2]
}

/// The setpoint, or why the value is not good.
fn foot(painter: &Painter, rect: Rect, ring: Ring, scale: &Scale, reading: &Reading<'_>, theme: &Theme) {
    let (words, colour) = if !reading.quality.is_good() {
        (reading.reason(), theme.text)
    } else if let Some((_, setpoint)) = &scale.setpoint {
        (format!("setpoint {setpoint}"), theme.muted)
    } else {
        return;
    };
    let top = (ring.center.y + ring.outer * 0.75).min(rect.bottom() - size::BODY * 1.4);
    let at = Rect::from_min_max(pos2(rect.left() + STEP, top), pos2(rect.right() - STEP, top + size::BODY * 1.4));
    let font = fonts::regular(if ring.outer > 60.0 { size::BODY } else { size::SMALL });
    text::paint(painter, at, Align2::CENTER_CENTER, words, font, colour);
}

/// The scale. Its numbers give way to what is `taken`.
fn ticks(painter: &Painter, ring: Ring, scale: &Scale, theme: &Theme, taken: [Rect; 2]) {
    let [low, high] = scale.range;
    let ticks = Ticks::new(low, high, if ring.outer >= 60.0 { 6 } else { 4 });
    // Long numbers would meet in the middle: from ten thousand on they are told in thousands.
    let thousands = low.abs().max(high.abs()) >= 10_000.0;
    for index in 0..=ticks.count {
        let value = ticks.at(index);
        if value < low - 1e-9 || value > high + 1e-9 {
            continue;
        }
        let share = scale.share(value);
        painter.line_segment(
            [ring.at(share, ring.outer - 4.0), ring.at(share, ring.outer)],
            Stroke::new(1.0, theme.muted),
        );
        if ring.outer >= 46.0 {
            let label = if thousands {
                format!("{}k", words::number(value / 1_000.0, None))
            } else {
                words::number(value, Some(ticks.decimals()))
            };
            let galley = text::line(painter, label, fonts::regular(size::SMALL), theme.muted, ring.outer);
            let away = direction(share);
            // The nearer the label's box comes to the ring, the longer it is along that direction.
            let reach = 5.0 + (galley.size().x / 2.0 * away.x.abs()).max(galley.size().y / 2.0 * away.y.abs());
            let center = ring.at(share, ring.inner - reach);
            let place = Rect::from_center_size(center, galley.size());
            if taken.iter().all(|other| !other.intersects(place)) {
                painter.galley(place.min, galley, theme.muted);
            }
        }
    }
}

/// Straight pieces of five points that make an arc.
fn steps(share: f32, radius: f32) -> u32 {
    ((share * SWEEP * radius / 5.0).ceil() as u32).clamp(2, 96)
}

fn direction(share: f32) -> Vec2 {
    Vec2::angled(START + SWEEP * share)
}

impl Ring {
    fn at(self, share: f32, radius: f32) -> Pos2 {
        self.center + direction(share) * radius
    }

    /// A sector as one mesh: two vertices a step and no feathering to compute. 200 gauges a frame are ordinary.
    fn paint(self, painter: &Painter, from: f32, to: f32, colour: Color32, radius: f32) {
        if to <= from {
            return;
        }
        let steps = steps(to - from, radius);
        let feather = 0.5 / painter.pixels_per_point();
        let mut mesh = Mesh::default();
        mesh.reserve_vertices(4 * (steps as usize + 1));
        mesh.reserve_triangles(6 * steps as usize);
        for step in 0..=steps {
            let away = direction(from + (to - from) * step as f32 / steps as f32);
            let (outer, inner) = (self.outer, self.inner);
            mesh.colored_vertex(self.center + away * (outer + feather), Color32::TRANSPARENT);
            mesh.colored_vertex(self.center + away * (outer - feather), colour);
            mesh.colored_vertex(self.center + away * (inner + feather), colour);
            mesh.colored_vertex(self.center + away * (inner - feather), Color32::TRANSPARENT);
            if step > 0 {
                let i = 4 * step;
                for strip in 0..3 {
                    mesh.add_triangle(i - 4 + strip, i - 3 + strip, i + strip);
                    mesh.add_triangle(i - 3 + strip, i + strip, i + 1 + strip);
                }
            }
        }
        painter.add(Shape::mesh(mesh));
    }

    fn outline(self, painter: &Painter, from: f32, to: f32, colour: Color32) {
        if to <= from {
            return;
        }
        let steps = steps(to - from, self.outer);
        let arc = |radius: f32, backwards: bool| {
            (0..=steps).map(move |step| {
                let share = step as f32 / steps as f32;
                let share = if backwards { 1.0 - share } else { share };
                self.at(from + (to - from) * share, radius)
            })
        };
        let points: Vec<Pos2> = arc(self.outer - 0.5, false).chain(arc(self.inner + 0.5, true)).collect();
        painter.add(Shape::closed_line(points, Stroke::new(1.0, colour)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;
    use eframe::egui::epaint::ClippedShape;
    use eframe::egui::{Context, RawInput};

    /// What stands written in a gauge of this size, and where.
    fn written(size: Vec2) -> Vec<(String, Rect)> {
        let ctx = Context::default();
        let theme = Theme::dark();
        theme.install(&ctx);
        let snapshot = sample::riverside().snapshot;
        let id = snapshot.plan.tag_id("pump1.speed").unwrap();
        let reading = Reading::new(&snapshot, id).unwrap();
        let scale = Scale { range: [0.0, 3_000.0], ..Scale::default() };
        let brush = Brush { theme: &theme, blink_on: true };
        let mut shapes: Vec<ClippedShape> = Vec::new();
        for _ in 0..2 {
            let mut output = ctx.run_ui(RawInput::default(), |ui| {
                gauge_ui(
                    ui,
                    Rect::from_min_size(Pos2::ZERO, size),
                    Id::unique("gauge"),
                    &reading,
                    &scale,
                    &brush,
                    true,
                );
            });
            output.textures_delta.clear();
            shapes = output.shapes;
        }
        let texts = shapes.into_iter().filter_map(|clipped| match clipped.shape {
            Shape::Text(text) => Some((text.galley.text().to_owned(), text.galley.rect.translate(text.pos.to_vec2()))),
            _ => None,
        });
        texts.collect()
    }

    #[test]
    fn nothing_stands_over_the_number_or_its_unit_in_a_gauge_of_any_size() {
        let mut shortest = usize::MAX;
        for side in (60..260).step_by(4) {
            let texts = written(vec2(side as f32 * 1.2, side as f32));
            shortest = shortest.min(texts.len());
            for (i, (words, place)) in texts.iter().enumerate() {
                // The boxes of two lines may touch: letters are lower than they.
                let place = place.shrink2(vec2(0.0, 2.0));
                for (other, theirs) in texts.iter().skip(i + 1) {
                    assert!(!place.intersects(*theirs), "{words} and {other} at {side}: {place:?} {theirs:?}");
                }
            }
        }
        assert!(shortest >= 1, "the number is always there");
        let large: Vec<_> = written(vec2(300.0, 250.0)).into_iter().map(|(words, _)| words).collect();
        for expected in ["0", "3 000", "rpm"] {
            assert!(
                large.iter().any(|words| words.replace(['\u{2009}', '\u{202f}'], " ") == expected),
                "{expected}: {large:?}"
            );
        }
    }
}
