//! `mimic`: a drawing of the plant with live items on it.
//!
//! The drawing is a picture like any other; the items are painted over it, where its units or its elements say. What is
//! not good looks so on a drawing as in a tile: dimmed, hatched, framed with dashes, told in words. Saturated colour is
//! for what is abnormal alone.

mod shapes;

use super::{Cx, PanelView, grid, image, open_faceplate};
use crate::engine::TagId;
use crate::project::{Item, ItemKind, Spot, When};
use crate::ui::Outbox;
use crate::ui::pictures::{Ask, Picture, Shown};
use crate::ui::wake::DATA_INTERVAL;
use crate::ui::widgets::{Reading, press, tell};
use eframe::egui::{self, Id, Pos2, Rect, Role, Ui, Vec2, pos2, vec2};
use shapes::Sketch;

/// Least side of what can be pressed.
const LEAST: f32 = 14.0;

/// See the module.
#[derive(Debug, Default)]
pub struct MimicPanel {
    picture: Picture,
}

impl PanelView for MimicPanel {
    fn bare(&self, cx: &Cx<'_>) -> bool {
        cx.panel.title.as_deref().is_none_or(str::is_empty)
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        let name = cx.panel.picture.as_deref().unwrap_or("");
        let room = if self.bare(cx) { cx.rect.shrink(4.0) } else { cx.rect };
        if name.is_empty() {
            grid::say(ui, room.shrink(8.0), "No drawing is chosen yet: drawing = \"plant.svg\"", cx.frame.theme);
            return;
        }
        let ask = Ask::new(ui.ctx(), cx.panel, cx.frame, room.size().into(), false);
        match self.picture.follow(ui.ctx(), ask) {
            None => grid::say(ui, room.shrink(8.0), &format!("Reading {name} …"), cx.frame.theme),
            Some(Err(fault)) => {
                let below = image::say_fault(ui, room.with_max_y(room.top() + 64.0), &fault.to_string(), cx);
                without_drawing(ui, room.with_min_y(below), cx, out);
            }
            Some(Ok(shown)) => {
                let (rect, uv) = image::place(room, shown.size.into(), false);
                egui::Image::new(&shown.texture).uv(uv).paint_at(ui, rect);
                image::words_ui(ui, shown, rect, room, cx);
                Mimic { shown, rect }.items(ui, cx, out);
            }
        }
    }
}

/// Values do not hang on a drawing: without it they are told as rows.
fn without_drawing(ui: &Ui, room: Rect, cx: &Cx<'_>, out: &mut Outbox) {
    let row = crate::ui::widgets::lamp::LEAST_ROW + 4.0;
    for (index, (item, id)) in items(cx).enumerate() {
        let rect = Rect::from_min_size(room.min + vec2(0.0, row * index as f32), vec2(room.width(), row));
        if rect.bottom() > room.bottom() {
            break;
        }
        let Some(reading) = id.and_then(|id| Reading::new(cx.frame.snapshot, id)) else { continue };
        let id_of = ui.scope_id().with(("row", index));
        let response = crate::ui::widgets::lamp::lamp_ui(ui, rect, id_of, &item.tag, &reading, &cx.brush());
        open_faceplate(&response, id, out);
    }
}

fn items<'a>(cx: &Cx<'a>) -> impl Iterator<Item = (&'a Item, Option<TagId>)> + 'a {
    let plan = cx.plan;
    cx.panel.items.iter().enumerate().map(|(nth, item)| (item, plan.items.get(nth).copied().flatten()))
}

/// A drawing in its place.
struct Mimic<'a> {
    shown: &'a Shown,
    rect: Rect,
}

/// Where an item lies on the screen.
enum Lies {
    In(Rect),
    Along(Vec<Pos2>),
}

impl Mimic<'_> {
    fn items(&self, ui: &Ui, cx: &Cx<'_>, out: &mut Outbox) {
        let mut lost = Vec::new();
        let mut flows = false;
        // Pipes lie beneath what they lead to.
        let is_pipe = |item: &Item| item.kind == ItemKind::Pipe;
        let order = items(cx).enumerate().filter(|(_, (i, _))| is_pipe(i));
        let order = order.chain(items(cx).enumerate().filter(|(_, (i, _))| !is_pipe(i)));
        for (nth, (item, id)) in order {
            let Some(lies) = self.lies(item) else {
                if item.spot != Spot::Nowhere {
                    lost.push(item.spot.words());
                }
                continue;
            };
            let id_of = ui.scope_id().with(("item", nth));
            match id.and_then(|id| Some((id, Reading::new(cx.frame.snapshot, id)?))) {
                Some((id, reading)) => flows |= self.item(ui, cx, id_of, item, id, &reading, &lies, out),
                None => {
                    let at = match lies {
                        Lies::In(rect) => rect,
                        Lies::Along(points) => middle(&points),
                    };
                    let rect = Rect::from_center_size(at.center(), at.size().max(vec2(90.0, 40.0)));
                    grid::say_no_tag(ui, rect, &item.tag, &cx.frame.snapshot.plan, cx.frame.theme);
                }
            }
        }
        if flows {
            // Not more often than data is painted.
            ui.ctx().request_repaint_after(DATA_INTERVAL.to_std());
        }
        if !lost.is_empty() {
            let words = format!("Not in {}: {}", cx.panel.picture.as_deref().unwrap_or("the drawing"), lost.join(", "));
            let inner = cx.rect.shrink2(vec2(8.0, 4.0));
            let line = inner.with_min_y(inner.bottom() - 20.0);
            grid::say(ui, line, &words, cx.frame.theme);
        }
    }

    /// Whether something flows in it.
    fn item(
        &self,
        ui: &Ui,
        cx: &Cx<'_>,
        id_of: Id,
        item: &Item,
        id: TagId,
        reading: &Reading<'_>,
        lies: &Lies,
        out: &mut Outbox,
    ) -> bool {
        let brush = cx.brush();
        let on = is_on(item, reading);
        let hit = match lies {
            Lies::In(rect) => Rect::from_center_size(rect.center(), rect.size().max(Vec2::splat(LEAST))),
            Lies::Along(points) => middle(points),
        };
        let response = press(ui, hit, id_of, &brush, 3.0);
        let words = spoken(item, reading, on);
        tell(&response, Role::Button, reading.name, || words.clone());
        let scale = cx.alarms.scale(cx.frame.snapshot, id);
        let sketch = Sketch { painter: ui.painter(), brush, item, reading, on, scale: &scale, unit: self.unit() };
        match lies {
            Lies::In(rect) => sketch.paint(*rect),
            Lies::Along(points) => {
                let quarter = (ui.input(|input| input.time) * 4.0).floor();
                sketch.pipe(points, quarter);
            }
        }
        let title = item.title.as_deref().filter(|title| !title.is_empty()).unwrap_or(reading.name);
        let response = response.on_hover_text(format!("{title}: {words}"));
        open_faceplate(&response, Some(id), out);
        matches!(lies, Lies::Along(_)) && on && !reading.is_bad()
    }

    /// Points for one unit of the drawing.
    fn unit(&self) -> f32 {
        let own = self.shown.drawing.as_ref().map_or(1.0, |drawing| drawing.length(1.0));
        self.rect.width() / self.shown.size[0].max(0.001) * own
    }

    fn lies(&self, item: &Item) -> Option<Lies> {
        let to_screen = |[x, y]: [f32; 2]| {
            let share = vec2(x / self.shown.size[0].max(0.001), y / self.shown.size[1].max(0.001));
            self.rect.min + share * self.rect.size()
        };
        let drawing = self.shown.drawing.as_deref();
        // A PNG has pixels for units.
        let own = |[x, y]: [f64; 2]| {
            let point = [x as f32, y as f32];
            to_screen(drawing.map_or(point, |drawing| drawing.point(point)))
        };
        let lies = match &item.spot {
            Spot::Element(id) if item.kind == ItemKind::Pipe => {
                Lies::Along(drawing?.way(id)?.into_iter().map(to_screen).collect())
            }
            Spot::Element(id) => {
                let [left, top, right, bottom] = drawing?.element(id)?;
                Lies::In(Rect::from_min_max(to_screen([left, top]), to_screen([right, bottom])))
            }
            Spot::Point(point) => Lies::In(Rect::from_center_size(own(*point), own_size(item.kind) * self.unit())),
            Spot::Box([x, y, width, height]) => {
                Lies::In(Rect::from_min_max(own([*x, *y]), own([x + width, y + height])))
            }
            Spot::Way(points) => Lies::Along(points.iter().copied().map(own).collect()),
            Spot::Nowhere => return None,
        };
        let finite = match &lies {
            Lies::In(rect) => rect.is_finite(),
            Lies::Along(points) => points.iter().all(|p| p.x.is_finite() && p.y.is_finite()),
        };
        finite.then_some(lies)
    }
}

/// Size of an item that lies around a point, in the drawing's units.
fn own_size(kind: ItemKind) -> Vec2 {
    match kind {
        ItemKind::Value => vec2(90.0, 26.0),
        ItemKind::Bar => vec2(16.0, 90.0),
        ItemKind::Tank => vec2(70.0, 110.0),
        ItemKind::Lamp => vec2(16.0, 16.0),
        ItemKind::Valve => vec2(36.0, 24.0),
        ItemKind::Pump | ItemKind::Pipe => vec2(44.0, 44.0),
    }
}

/// Around the longest piece of a pipe: where it is pressed, and bears its marks.
fn middle(points: &[Pos2]) -> Rect {
    let pieces = points.windows(2).filter_map(|pair| <[Pos2; 2]>::try_from(pair).ok());
    let longest = pieces.max_by(|[a, b], [c, d]| a.distance(*b).total_cmp(&c.distance(*d)));
    let [from, to] = longest.unwrap_or([pos2(0.0, 0.0); 2]);
    Rect::from_two_pos(from, to).expand(LEAST / 2.0)
}

/// Whether it runs, is open, lit or flows.
fn is_on(item: &Item, reading: &Reading<'_>) -> bool {
    let Some(number) = reading.number else { return false };
    match item.on {
        None => number != 0.0,
        Some(When::Bool(state)) => (number != 0.0) == state,
        Some(When::Int(state)) => number == state as f64,
    }
}

/// As a screen reader tells it: the value, and what the item makes of it where the value does not say that itself.
fn spoken(item: &Item, reading: &Reading<'_>, on: bool) -> String {
    let value = reading.spoken();
    let state = match (item.kind, on) {
        _ if reading.is_bad() || reading.is_word() => return value,
        (ItemKind::Pipe, true) => "flows",
        (ItemKind::Pipe, false) => "does not flow",
        (ItemKind::Valve, true) => "open",
        (ItemKind::Valve, false) => "closed",
        (ItemKind::Pump, true) => "running",
        (ItemKind::Pump, false) => "stopped",
        _ => return value,
    };
    format!("{value}, {state}")
}
