//! What is painted of a display that is edited: its grid, its panels as they run, what is chosen; and the pointer on it.

use super::place::{At, Edges, covers, moved, resized, rows};
use super::scene::{Item, MadeItem};
use super::tags::DraftTag;
use super::{Canvas, Wish, ground_id, item_id};
use crate::project::edit::{Draft, EntityId, EntityKind};
use crate::ui::editor::judge::Judged;
use crate::ui::fonts::{self, size};
use crate::ui::panels::Cx;
use crate::ui::panels::grid::{Cells, GAP, GREATEST_ROW, LEAST_ROW, panel_ui};
use crate::ui::theme::{LINE, RADIUS, STEP, Theme};
use crate::ui::widgets::{hatch, tell, text};
use crate::ui::{Frame, Outbox};
use eframe::egui::containers::scroll_area::{DragScroll, ScrollSource};
use eframe::egui::{
    Align2, CursorIcon, DragAndDrop, LayerId, Order, Painter, PointerButton, Pos2, Rect, Response, Role, ScrollArea,
    Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, vec2,
};

/// Empty rows below what is there, to move something to.
const SPARE_ROWS: u32 = 4;
/// Least width of a column: narrower than where a display is read, so that more of it is seen beside the fields.
const LEAST_COLUMN: f32 = 20.0;
/// Side of a handle, and of the place where it is taken.
const HANDLE: f32 = 7.0;
const REACH: f32 = 13.0;

/// What is in the hand.
#[derive(Debug)]
pub struct Grab {
    what: Hold,
    /// Where it was taken, from the corner of the grid.
    from: Vec2,
    ids: Vec<EntityId>,
    places: Vec<At>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// Panels.
    Panels,
    /// Their edges.
    Edges(Edges),
    /// A corner of a box that is drawn around panels.
    Corner,
}

/// What one frame paints with.
#[derive(Clone, Copy)]
struct Brush<'a> {
    cells: Cells,
    area: Rect,
    theme: &'a Theme,
    painter: &'a Painter,
}

impl Canvas {
    pub(super) fn area_ui(
        &mut self,
        ui: &mut Ui,
        frame: &Frame<'_>,
        draft: &Draft,
        judged: &Judged,
        wishes: &mut Vec<Wish>,
    ) {
        let columns = f32::from(self.scene.columns.max(1));
        let taken = rows(self.scene.places().into_iter());
        let cells = self.cells(ui.available_size() - Vec2::splat(ui.spacing().scroll.allocated_width()), taken);
        let spare = taken.max(6) + SPARE_ROWS;
        ui.spacing_mut().scroll.fade.strength = 0.0;
        let source = ScrollSource { scroll_bar: true, drag: DragScroll::Never, mouse_wheel: true };
        let scroll = ScrollArea::both().id_salt(("canvas", self.display)).scroll_source(source).auto_shrink(false);
        scroll.show(ui, |ui| {
            let whole = cells.whole(columns, spare as f32);
            let (area, _) = ui.allocate_exact_size(whole.max(ui.available_size()), Sense::hover());
            let grid = Rect::from_min_size(area.min, whole);
            paint_grid(ui.painter(), grid, cells, frame.theme);
            self.panels_ui(ui, frame, area.min, cells);
            self.pointer_ui(ui, frame, draft, judged, area, cells, wishes);
        });
        self.take_focus(ui.ctx());
    }

    /// How large the cells are: as where the display is read, as far as there is room.
    fn cells(&mut self, room: Vec2, taken: u32) -> Cells {
        let columns = f32::from(self.scene.columns.max(1));
        let least = LEAST_COLUMN * (24.0 / columns).min(1.0);
        let column = ((room.x - GAP) / columns).max(least);
        let of = self.display.map(|display| (display, [room.x as i32, room.y as i32]));
        let kept = self.row.filter(|(for_what, _)| Some(*for_what) == of).map(|(_, row)| row);
        let row = kept.unwrap_or_else(|| ((room.y - GAP) / taken.max(6) as f32).clamp(LEAST_ROW, GREATEST_ROW));
        self.row = of.map(|of| (of, row));
        Cells { size: vec2(column, row) }
    }

    /// The panels with what is true now. They take no press: whatever they would ask for is dropped.
    fn panels_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, min: Pos2, cells: Cells) {
        let mut nowhere = Outbox::default();
        let plan = &frame.snapshot.plan;
        let made = self.scene.made.iter_mut().map(|made| &mut made.item);
        for (nth, item) in made.chain(&mut self.scene.items).enumerate() {
            let Some(rect) = item.at.map(|at| cells.place(min, at)) else { continue };
            if rect.width() < 8.0 || rect.height() < 8.0 || !ui.is_rect_visible(rect) {
                continue;
            }
            let resolved = item.resolved(plan);
            let cx = Cx { frame, panel: &item.panel, plan: &resolved, alarms: &self.alarms, rect };
            let view = item.view.as_deref_mut();
            ui.scope_builder(UiBuilder::new().id_salt(("panel", nth, item.id)).max_rect(rect), |ui| {
                // Not to be pressed, and as clear as ever.
                ui.visuals_mut().disabled_alpha = 1.0;
                ui.disable();
                ui.shrink_clip_rect(rect);
                panel_ui(ui, &cx, view, &mut nowhere);
            });
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what one frame of the canvas is made of")]
    fn pointer_ui(
        &mut self,
        ui: &Ui,
        frame: &Frame<'_>,
        draft: &Draft,
        judged: &Judged,
        area: Rect,
        cells: Cells,
        wishes: &mut Vec<Wish>,
    ) {
        let brush = Brush { cells, area, theme: frame.theme, painter: ui.painter() };
        let more = ui.input(|i| i.modifiers.command || i.modifiers.shift);
        let ground = ui.interact(area, ground_id(), Sense::click_and_drag());
        let name = format!("Canvas of {}", self.scene.name);
        tell(&ground, Role::Pane, &name, || format!("{} panels", self.scene.items.len()));
        if ground.clicked() {
            self.chosen.clear();
            self.focus();
        }
        if ground.drag_started_by(PointerButton::Primary) {
            if !more {
                self.chosen.clear();
            }
            self.take(ui, area, Hold::Corner, &[]);
        }
        ground.context_menu(|ui| self.menu_ui(ui, draft, wishes));
        self.made_ui(ui, frame, &brush, judged, wishes);
        let items: Vec<(EntityId, At)> = self.scene.items.iter().filter_map(|i| Some((i.id, i.at?))).collect();
        let mut focused = None;
        for (id, at) in items {
            let rect = cells.place(area.min, at);
            let response = ui.interact(rect, item_id(id), Sense::click_and_drag());
            self.tell_item(&response, id, judged);
            if ui.memory(|m| m.has_focus(response.id)) {
                focused = Some(id);
            }
            self.press(ui, &response, id, more, area);
            let is_chosen = self.is_chosen(id);
            response.context_menu(|ui| self.menu_ui(ui, draft, wishes));
            self.mark(&brush, id, rect, frame, draft, judged);
            if is_chosen {
                brush.frame(rect, self.chosen.last() == Some(&id));
                self.handles_ui(ui, &brush, id, rect);
            }
        }
        // Whoever comes here by Tab chooses what they come to.
        if focused != self.focused && !self.wants_focus {
            if let Some(id) = focused {
                self.choose_one(id, false);
                if let Some(at) = self.scene.item(id).and_then(|item| item.at) {
                    ui.scroll_to_rect(cells.place(area.min, at), None);
                }
            }
            self.focused = focused;
        }
        self.hold_ui(ui, &brush, wishes);
        self.tag_ui(ui, &brush, draft, wishes);
    }

    /// What templates make: told where it comes from, and not to be moved.
    fn made_ui(&mut self, ui: &Ui, frame: &Frame<'_>, brush: &Brush<'_>, judged: &Judged, wishes: &mut Vec<Wish>) {
        let mut is_pressed = false;
        for (nth, MadeItem { item, origin }) in self.scene.made.iter().enumerate() {
            let Some(rect) = item.at.map(|at| brush.place(at)) else { continue };
            let response = ui.interact(rect, ground_id().with(("made", nth)), Sense::click());
            let from = format!("from template {}", origin.words());
            tell(&response, Role::ListItem, &format!("panel {} {from}", item.name), || {
                let [x, y, w, h] = item.at.unwrap_or_default();
                format!("column {x}, row {y}, {w} wide, {h} high")
            });
            let is_made = |name: &str| judged.made.has_tag(name);
            if let Some(words) = absent_words(item, frame, is_made) {
                brush.note(rect, &words);
            }
            if response.hovered() || response.has_focus() {
                brush.dashed(rect);
            }
            if response.double_clicked() {
                wishes.push(Wish::Use(item.id, origin.of.to_string()));
            } else if response.clicked() {
                is_pressed = true;
                let words = format!("{} comes {from}: change it there, or what {} gives it", item.name, origin.of);
                wishes.push(Wish::Say(words));
            }
        }
        if is_pressed {
            self.chosen.clear();
            self.focus();
        }
    }

    /// A tag that is held over the canvas: what it would become, and that it does when it is let go.
    fn tag_ui(&self, ui: &Ui, brush: &Brush<'_>, draft: &Draft, wishes: &mut Vec<Wish>) {
        let Some(tag) = DragAndDrop::payload::<DraftTag>(ui.ctx()) else { return };
        let Some(at) = ui.input(|i| i.pointer.interact_pos()) else { return };
        if ui.clip_rect().contains(at) {
            let is_let_go = ui.input(|i| i.pointer.any_released());
            let items = self.scene.items.iter().filter_map(|item| Some((item.id, brush.place(item.at?))));
            // Of two that lie over each other the upper one is meant: it was painted last.
            if let Some((id, rect)) = items.rev().find(|(_, rect)| rect.contains(at)) {
                brush.frame(rect, true);
                if is_let_go {
                    wishes.extend(self.tag_dropped(draft, &tag.0, id));
                }
            } else {
                let cell = ((at - brush.area.min) / brush.cells.size).floor();
                let cell = [cell.x.max(0.0) as u16, cell.y.max(0.0) as u16];
                let (_, becomes) = self.tag_becomes(draft, &tag.0, Some(cell));
                let over = self.scene.places().iter().any(|other| covers(becomes, *other));
                brush.ghost(becomes, over);
                if is_let_go {
                    wishes.extend(self.tag_added(draft, &tag.0, Some(cell)));
                }
            }
        }
        let painter = ui.ctx().layer_painter(LayerId::new(Order::Tooltip, ground_id().with("tag")));
        Brush { painter: &painter, ..*brush }.plate(at + vec2(14.0, 10.0), &tag.0, f32::INFINITY);
    }

    fn press(&mut self, ui: &Ui, response: &Response, id: EntityId, more: bool, area: Rect) {
        if response.clicked() || (response.secondary_clicked() && !self.is_chosen(id)) {
            self.choose_one(id, more);
            self.focus();
        }
        if response.drag_started_by(PointerButton::Primary) {
            if !self.is_chosen(id) {
                self.choose_one(id, more);
            }
            self.focus();
            let chosen = self.placed().0;
            self.take(ui, area, Hold::Panels, &chosen);
        }
        if response.hovered() {
            ui.ctx().set_cursor_icon(CursorIcon::Grab);
        }
    }

    /// Takes something into the hand, where the pointer was pressed.
    fn take(&mut self, ui: &Ui, area: Rect, what: Hold, ids: &[EntityId]) {
        let Some(from) = ui.input(|i| i.pointer.press_origin()) else { return };
        let (ids, places) = ids.iter().filter_map(|id| Some((*id, self.scene.item(*id)?.at?))).unzip();
        self.grab = Some(Grab { what, from: from - area.min, ids, places });
    }

    fn handles_ui(&mut self, ui: &Ui, brush: &Brush<'_>, id: EntityId, rect: Rect) {
        for edges in Edges::ALL {
            let along = |edge: i8| f32::midpoint(f32::from(edge), 1.0);
            let center = rect.lerp_inside(vec2(along(edges.x), along(edges.y)));
            let place = Rect::from_center_size(center, Vec2::splat(REACH));
            let response = ui.interact(place, item_id(id).with(edges), Sense::DRAG);
            if response.hovered() || response.dragged() {
                ui.ctx().set_cursor_icon(edges.cursor());
            }
            if response.drag_started_by(PointerButton::Primary) {
                let chosen = self.placed().0;
                self.take(ui, brush.area, Hold::Edges(edges), &chosen);
            }
            let mark = Rect::from_center_size(center, Vec2::splat(HANDLE));
            let ring = Stroke::new(LINE, brush.theme.select);
            brush.painter.rect(mark, 1.0, brush.theme.panel, ring, StrokeKind::Inside);
        }
    }

    /// What is in the hand: where it would come to, and that it does when it is let go.
    fn hold_ui(&mut self, ui: &Ui, brush: &Brush<'_>, wishes: &mut Vec<Wish>) {
        let Some(grab) = &self.grab else { return };
        let Some(at) = ui.input(|i| i.pointer.interact_pos()) else {
            // The pointer left the window.
            self.grab = None;
            return;
        };
        let by = at - brush.area.min - grab.from;
        let step = (by / brush.cells.size).round();
        let step = [step.x as i32, step.y as i32];
        let columns = self.scene.columns;
        let is_let_go = !ui.input(|i| i.pointer.primary_down());
        let (verb, places) = match grab.what {
            Hold::Panels => ("Move", moved(&grab.places, step, columns)),
            Hold::Edges(edges) => ("Resize", resized(&grab.places, edges, step, columns)),
            Hold::Corner => {
                let drawn = Rect::from_two_pos(brush.area.min + grab.from, at);
                let ring = Stroke::new(LINE, brush.theme.select);
                brush.painter.rect(drawn, 0.0, brush.theme.select.gamma_multiply(0.12), ring, StrokeKind::Inside);
                if is_let_go {
                    let items = self.scene.items.iter();
                    let met = items.filter(|i| i.at.is_some_and(|at| brush.place(at).intersects(drawn)));
                    let met: Vec<EntityId> = met.map(|item| item.id).filter(|id| !self.is_chosen(*id)).collect();
                    self.chosen.extend(met);
                    self.grab = None;
                    self.focus();
                }
                return;
            }
        };
        let others = self.scene.items.iter().filter(|item| !grab.ids.contains(&item.id)).filter_map(|item| item.at);
        let others: Vec<At> = others.chain(self.scene.made_places()).collect();
        for at in &places {
            brush.ghost(*at, others.iter().any(|other| covers(*at, *other)));
        }
        ui.ctx().set_cursor_icon(match grab.what {
            Hold::Edges(edges) => edges.cursor(),
            Hold::Panels | Hold::Corner => CursorIcon::Grabbing,
        });
        // What is dragged over the edge of the view brings on what lies there.
        ui.scroll_to_rect(Rect::from_center_size(at, Vec2::splat(2.0 * GAP)), None);
        if is_let_go {
            wishes.extend(self.put(verb, &grab.ids, &places, false));
            self.grab = None;
        }
    }

    fn tell_item(&self, response: &Response, id: EntityId, judged: &Judged) {
        let Some(item) = self.scene.item(id) else { return };
        let [x, y, w, h] = item.at.unwrap_or_default();
        let chosen = if self.is_chosen(id) { ", chosen" } else { "" };
        let fault = judged.faults(id).map(|fault| format!(", fault: {fault}")).unwrap_or_default();
        tell(response, Role::ListItem, &format!("panel {}", item.name), || {
            format!("column {x}, row {y}, {w} wide, {h} high{chosen}{fault}")
        });
    }

    /// What the reader says of a panel is to be seen on it, and what the running plant cannot show of it yet.
    fn mark(&self, brush: &Brush<'_>, id: EntityId, rect: Rect, frame: &Frame<'_>, draft: &Draft, judged: &Judged) {
        let is_drafted = |name: &str| draft.named(EntityKind::Tag, name).is_some() || judged.made.has_tag(name);
        let absent = || self.scene.item(id).and_then(|item| absent_words(item, frame, is_drafted));
        let Some(words) = judged.faults(id).or_else(absent) else { return };
        hatch::dashed_frame(brush.painter, rect, brush.theme.text);
        brush.note(rect, &words);
    }
}

/// Tags that the running plant does not have: nothing of them can be shown yet.
fn absent_words(item: &Item, frame: &Frame<'_>, is_drafted: impl Fn(&str) -> bool) -> Option<String> {
    let drafted: Vec<&str> = item.absent(&frame.snapshot.plan).filter(|name| is_drafted(name)).collect();
    match drafted[..] {
        [] => None,
        [one] => Some(format!("{one} is in the draft only: no value before it is applied")),
        _ => Some(format!("{} are in the draft only: no values before they are applied", drafted.join(", "))),
    }
}

impl Edges {
    const fn cursor(self) -> CursorIcon {
        match (self.x, self.y) {
            (0, _) => CursorIcon::ResizeVertical,
            (_, 0) => CursorIcon::ResizeHorizontal,
            (-1, -1) | (1, 1) => CursorIcon::ResizeNwSe,
            _ => CursorIcon::ResizeNeSw,
        }
    }
}

impl Brush<'_> {
    fn place(&self, at: At) -> Rect {
        self.cells.place(self.area.min, at)
    }

    /// Around what is chosen; the one that leads is bolder.
    fn frame(&self, rect: Rect, leads: bool) {
        let stroke = Stroke::new(if leads { 2.0 } else { 1.0 }, self.theme.select);
        self.painter.rect_stroke(rect, f32::from(RADIUS), stroke, StrokeKind::Inside);
    }

    /// Around what is not taken into the hand.
    fn dashed(&self, rect: Rect) {
        hatch::dashed_frame(self.painter, rect, self.theme.muted);
    }

    /// Where a panel would come to.
    fn ghost(&self, at: At, over_another: bool) {
        let rect = self.place(at);
        let fill = self.theme.select.gamma_multiply(0.18);
        let ring = Stroke::new(2.0, self.theme.select);
        self.painter.rect(rect, f32::from(RADIUS), fill, ring, StrokeKind::Inside);
        let [x, y, w, h] = at;
        let over = if over_another { ", over another" } else { "" };
        self.plate(rect.min + Vec2::splat(2.0), &format!("{w} × {h} at {x}, {y}{over}"), f32::INFINITY);
    }

    /// Words at the bottom of a panel, with a mark before them.
    fn note(&self, rect: Rect, words: &str) {
        let size = vec2(rect.width() - 4.0, 18.0);
        let place = Rect::from_min_size(rect.left_bottom() + vec2(2.0, -size.y - 2.0), size);
        self.painter.rect_filled(place, f32::from(RADIUS) - 2.0, self.theme.raised);
        let center = place.left_center() + vec2(9.0, 0.0);
        hatch::cross(self.painter, center, 6.0, self.theme.text);
        let room = place.with_min_x(center.x + 9.0);
        let first = words.lines().next().unwrap_or_default();
        text::paint(self.painter, room, Align2::LEFT_CENTER, first, fonts::regular(size::SMALL), self.theme.text);
    }

    fn plate(&self, at: Pos2, words: &str, room: f32) {
        let galley = text::line(self.painter, words, fonts::regular(size::SMALL), self.theme.text, room);
        let rect = Rect::from_min_size(at, galley.size() + vec2(2.0 * STEP, 2.0));
        self.painter.rect_filled(rect, f32::from(RADIUS) - 2.0, self.theme.raised);
        self.painter.galley(rect.min + vec2(STEP, 1.0), galley, self.theme.text);
    }
}

/// The lines between cells.
fn paint_grid(painter: &Painter, grid: Rect, cells: Cells, theme: &Theme) {
    let origin = grid.min + Vec2::splat(GAP / 2.0);
    let stroke = Stroke::new(LINE, theme.line.gamma_multiply(0.6));
    let until = grid.max - Vec2::splat(GAP / 2.0);
    let mut x = origin.x;
    while x < until.x + 1.0 {
        painter.vline(x.round(), origin.y..=until.y, stroke);
        x += cells.size.x;
    }
    let mut y = origin.y;
    while y < until.y + 1.0 {
        painter.hline(origin.x..=until.x, y.round(), stroke);
        y += cells.size.y;
    }
}
