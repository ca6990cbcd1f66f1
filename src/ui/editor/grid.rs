//! A spreadsheet: cells that are chosen, typed into, copied, pasted and filled by keyboard or pointer. It holds no rows: what
//! is in a cell, and what a change of it means, is its [`Sheet`]'s to say.
//!
//! Only what is in view is laid out; ten thousand rows cost what thirty do.

mod keys;
mod put;

use super::select::{At, Selection, Step};
use crate::ui::fonts::{self, size};
use crate::ui::theme::{LINE, Theme};
use crate::ui::widgets::text;
use eframe::egui::{
    Align2, Color32, EventFilter, FontId, Id, Key, LayerId, Margin, Order, Rect, Response, Role, ScrollArea, Sense,
    Stroke, StrokeKind, TextEdit, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};
pub use put::resolved;
use std::borrow::Cow;
use std::ops::Range;

/// Height of a row.
const ROW: f32 = 24.0;
/// Height of the heads.
const HEAD: f32 = 26.0;
/// Left and right of the words in a cell.
const PAD: f32 = 6.0;
/// Room for the mark of a row that is at fault.
const MARK: f32 = 18.0;
/// Most cells that one paste may change.
pub const MOST_PASTED: usize = 1_000_000;

/// A column of a sheet.
#[derive(Debug, Clone, PartialEq)]
pub struct GridColumn {
    /// Its head.
    pub title: Cow<'static, str>,
    /// In points.
    pub width: f32,
    /// Of numbers, which stand at the right.
    pub is_of_numbers: bool,
}

/// What a grid shows.
pub trait Sheet {
    /// How many rows.
    fn rows(&self) -> usize;
    /// Its columns; the first stays where it is while the others scroll.
    fn columns(&self) -> &[GridColumn];
    /// What is written in a cell; empty where nothing is.
    fn cell(&self, at: At) -> Cow<'_, str>;
    /// What a row is about, as people call it.
    fn name(&self, row: usize) -> Cow<'_, str>;
    /// What is wrong with a cell.
    fn fault(&self, at: At) -> Option<Cow<'_, str>>;
    /// What is wrong in a row, in any of its cells or in none.
    fn row_fault(&self, row: usize) -> Option<Cow<'_, str>>;
    /// Why a cell cannot be changed here.
    fn locked(&self, at: At) -> Option<Cow<'_, str>>;
    /// Where a row comes from that is not written as it stands.
    fn origin(&self, row: usize) -> Option<Cow<'_, str>>;
    /// What would be wrong with a cell if it said this.
    fn typed_fault(&self, at: At, text: &str) -> Option<String>;
    /// Which way the rows are sorted: by which column, and whether the greatest is first.
    fn sorted(&self) -> Option<(usize, bool)>;
}

/// What a person wants of the sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// These cells become this; a row behind the last is a new one. Empty: the cell is to have nothing.
    Put(Vec<(At, String)>),
    /// This text in every cell that is chosen.
    Fill(Selection, String),
    /// The first row of what is chosen in all its rows.
    FillDown(Selection),
    /// What comes from a spreadsheet, from the upper left of what is chosen on; one cell fills all that is chosen.
    Paste(Selection, String),
    /// New rows behind this one.
    Add(usize),
    /// These rows once more.
    Duplicate(Range<usize>),
    /// Without these rows.
    Remove(Range<usize>),
    /// Sort by this column, or the other way round.
    Sort(usize),
    /// It cannot be done; why.
    Refused(String),
}

/// What a grid remembers.
#[derive(Debug, Default)]
pub struct Grid {
    /// What is chosen.
    pub selection: Selection,
    editing: Option<Typing>,
    /// The keys are to come here.
    wants_focus: bool,
    /// They were here in the last frame.
    had_focus: bool,
    /// The cursor is to be seen.
    reveal: bool,
    drags: bool,
}

/// A cell that is typed into.
#[derive(Debug, Clone)]
struct Typing {
    at: At,
    text: String,
    /// Frames since it began: the field takes the keys in its first.
    is_new: bool,
    /// What would be wrong with it as it stands here, of the text that was looked at last.
    fault: Option<(String, Option<String>)>,
}

/// What one frame paints with.
struct Brush<'a> {
    theme: &'a Theme,
    font: FontId,
}

impl Grid {
    /// Takes the keys, with the cursor in sight.
    pub fn focus(&mut self) {
        self.wants_focus = true;
        self.reveal = true;
    }

    /// Puts the cursor on a cell and shows it.
    pub fn go_to(&mut self, at: At) {
        self.selection = Selection::one(at);
        self.focus();
    }

    /// The sheet over the whole of `ui`.
    pub fn ui(&mut self, ui: &mut Ui, theme: &Theme, id: Id, sheet: &impl Sheet) -> Vec<Wish> {
        let mut wishes = Vec::new();
        let brush = Brush { theme, font: fonts::regular(size::BODY) };
        let (rows, columns) = (sheet.rows(), sheet.columns().len());
        self.selection = self.selection.within(rows, columns);
        let area = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(area);
        let body = Rect::from_min_max(pos2(area.left(), area.top() + HEAD), area.max);
        let focus = ui.interact(body, id, Sense::click());
        focus.widget_info(|| WidgetInfo::labeled(Role::Table, true, "Sheet"));
        let wanted = std::mem::take(&mut self.wants_focus) || focus.clicked();
        let are_here = (wanted || self.had_focus) && self.editing.is_none();
        let by_tab = are_here && ui.input(|i| i.key_pressed(Key::Tab) && !i.modifiers.shift);
        if by_tab {
            // It may have come before egui was told that Tab is the sheet's: what would get the keys for it is here.
            let _next = ui.interact(Rect::NOTHING, id.with("next"), Sense::focusable_noninteractive());
        }
        if wanted || by_tab {
            focus.request_focus();
        }
        self.had_focus = focus.has_focus();
        if focus.has_focus() && self.editing.is_none() {
            let filter = EventFilter { tab: true, horizontal_arrows: true, vertical_arrows: true, escape: false };
            ui.memory_mut(|m| m.set_focus_lock_filter(id, filter));
            self.keys(ui, sheet, body.height(), &mut wishes);
        } else if self.editing.as_ref().is_some_and(|typing| !typing.is_new)
            && ui.memory(|m| m.has_focus(id.with("field")))
            && keys::are_of_the_sheet(ui)
        {
            // What is taken here is not for the field as well, nor for what comes behind it by Tab.
            focus.request_focus();
            self.keys(ui, sheet, body.height(), &mut wishes);
        }
        let lefts = lefts(sheet.columns());
        let first = MARK + sheet.columns().first().map_or(0.0, |c| c.width);
        let width = MARK + lefts.last().copied().unwrap_or_default();
        let mut child = ui.new_child(UiBuilder::new().max_rect(body).id_salt(id));
        child.spacing_mut().item_spacing = Vec2::ZERO;
        let mut scroll = ScrollArea::both().id_salt(id.with("scroll")).auto_shrink([false, false]);
        if std::mem::take(&mut self.reveal) {
            let state = eframe::egui::scroll_area::State::load(&child, child.make_persistent_id(id.with("scroll")));
            let offset = state.map_or(Vec2::ZERO, |state| state.clamped_offset());
            scroll = scroll.scroll_offset(self.revealed(offset, body.size(), first, &lefts));
        }
        let output = scroll.show_viewport(&mut child, |ui, view| {
            ui.set_min_size(vec2(width, rows as f32 * ROW));
            let origin = ui.min_rect().min;
            let seen = (view.top() / ROW).floor().max(0.0) as usize
                ..((view.bottom() / ROW).ceil().max(0.0) as usize).min(rows);
            let clip = ui.clip_rect();
            // Those that scroll, then the first over them.
            ui.set_clip_rect(Rect::from_min_max(pos2(clip.left() + first, clip.top()), clip.max).intersect(clip));
            for row in seen.clone() {
                for column in 1..columns {
                    let (left, right) = (lefts[column] + MARK, lefts[column + 1] + MARK);
                    if right > view.left() + first && left < view.right() {
                        let at = At { row, column };
                        let rect = Rect::from_min_max(
                            pos2(origin.x + left, origin.y + row as f32 * ROW),
                            pos2(origin.x + right, origin.y + (row + 1) as f32 * ROW),
                        );
                        self.cell_ui(ui, &brush, id, sheet, at, rect, &mut wishes);
                    }
                }
            }
            ui.set_clip_rect(clip);
            let fixed = clip.left().max(origin.x);
            for row in seen {
                let top = origin.y + row as f32 * ROW;
                let rect = Rect::from_min_max(pos2(fixed, top), pos2(fixed + first, top + ROW));
                ui.painter().rect_filled(rect, 0.0, theme.panel);
                self.mark_ui(ui, &brush, id, sheet, row, rect);
                let rect = Rect::from_min_max(pos2(fixed + MARK, top), rect.max);
                self.cell_ui(ui, &brush, id, sheet, At { row, column: 0 }, rect, &mut wishes);
            }
            ui.painter().vline(fixed + first - 0.5, clip.y_range(), Stroke::new(LINE, theme.muted));
            origin
        });
        self.heads_ui(ui, &brush, id, sheet, area, output.inner.x, first, &lefts, &mut wishes);
        if focus.has_focus() && self.editing.is_none() {
            ui.painter().rect_stroke(body.shrink(0.5), 0.0, Stroke::new(LINE, theme.select), StrokeKind::Inside);
        }
        wishes
    }

    /// Where to scroll so that the cursor is in sight.
    fn revealed(&self, offset: Vec2, size: Vec2, first: f32, lefts: &[f32]) -> Vec2 {
        let At { row, column } = self.selection.cursor;
        let (top, bottom) = (row as f32 * ROW, (row + 1) as f32 * ROW);
        // The bars of the scroll area lie over its edge.
        let room = size - vec2(14.0, 14.0);
        let y = offset.y.min(top).max(bottom - room.y).max(0.0);
        let x = match (column, lefts.get(column), lefts.get(column + 1)) {
            (1.., Some(left), Some(right)) => offset.x.min(left + MARK - first).max(right + MARK - room.x).max(0.0),
            _ => offset.x,
        };
        vec2(x, y)
    }

    #[expect(clippy::too_many_arguments, reason = "what a picture of the heads is made of")]
    fn heads_ui(
        &self,
        ui: &Ui,
        brush: &Brush<'_>,
        id: Id,
        sheet: &impl Sheet,
        area: Rect,
        origin: f32,
        first: f32,
        lefts: &[f32],
        wishes: &mut Vec<Wish>,
    ) {
        let row = Rect::from_min_max(area.min, pos2(area.right(), area.top() + HEAD));
        let behind = Rect::from_min_max(pos2(row.left() + first, row.top()), row.max);
        for (column, shown) in sheet.columns().iter().enumerate() {
            let from = if column == 0 { row.left() } else { origin };
            let rect =
                Rect::from_x_y_ranges(from + MARK + lefts[column]..=from + MARK + lefts[column + 1], row.y_range());
            let clip = if column == 0 { row } else { behind };
            let seen = rect.intersect(clip);
            if !seen.is_positive() {
                continue;
            }
            let response = ui.interact(seen, id.with(("head", column)), Sense::CLICK);
            let name = format!("Sort by {}", shown.title);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name.as_str()));
            let painter = ui.painter().with_clip_rect(seen);
            let sorted = match sheet.sorted() {
                Some((by, descends)) if by == column => {
                    if descends {
                        " ▼"
                    } else {
                        " ▲"
                    }
                }
                _ => "",
            };
            let ink = if self.selection.columns().contains(&column) { brush.theme.text } else { brush.theme.muted };
            let align = if shown.is_of_numbers { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
            let words = format!("{}{sorted}", shown.title);
            text::paint(&painter, rect.shrink2(vec2(PAD, 0.0)), align, words, fonts::strong(size::SMALL), ink);
            if response.clicked() {
                wishes.push(Wish::Sort(column));
            }
        }
        ui.painter().hline(row.x_range(), row.bottom() - 0.5, Stroke::new(LINE, brush.theme.muted));
    }

    /// Before a row: whether something in it is at fault.
    fn mark_ui(&self, ui: &Ui, brush: &Brush<'_>, id: Id, sheet: &impl Sheet, row: usize, rect: Rect) {
        let rect = Rect::from_min_size(rect.min, vec2(MARK, rect.height()));
        if self.selection.rows().contains(&row) {
            ui.painter().rect_filled(rect, 0.0, brush.theme.raised);
        }
        let Some(fault) = sheet.row_fault(row) else {
            if let Some(origin) = sheet.origin(row) {
                // One over another: one of many that are made alike.
                let response = ui.interact(rect, id.with(("mark", row)), Sense::hover());
                let stroke = Stroke::new(LINE, brush.theme.muted);
                for by in [vec2(1.5, 1.5), vec2(-1.5, -1.5)] {
                    let sheet = Rect::from_center_size(rect.center() + by, vec2(6.0, 6.0));
                    ui.painter().rect(sheet, 0.0, brush.theme.panel, stroke, StrokeKind::Inside);
                }
                let name = format!("Origin of {}", sheet.name(row));
                crate::ui::widgets::tell(&response, Role::Image, &name, || origin.clone().into_owned());
                response.on_hover_text(origin.as_ref());
            }
            return;
        };
        let response = ui.interact(rect, id.with(("mark", row)), Sense::hover());
        let name = format!("Fault of {}", sheet.name(row));
        crate::ui::widgets::tell(&response, Role::Image, &name, || fault.clone().into_owned());
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, "!", fonts::strong(size::BODY), brush.theme.text);
        response.on_hover_text(fault.as_ref());
    }

    #[expect(clippy::too_many_arguments, reason = "what a picture of a cell is made of")]
    fn cell_ui(
        &mut self,
        ui: &mut Ui,
        brush: &Brush<'_>,
        id: Id,
        sheet: &impl Sheet,
        at: At,
        rect: Rect,
        wishes: &mut Vec<Wish>,
    ) {
        let theme = brush.theme;
        let Some(column) = sheet.columns().get(at.column) else { return };
        let is_cursor = self.selection.cursor == at;
        if is_cursor && self.editing.as_ref().is_some_and(|typing| typing.at == at) {
            self.field_ui(ui, brush, id, sheet, at, rect, wishes);
            return;
        }
        let response = ui.interact(rect, id.with((at.row, at.column)), Sense::CLICK | Sense::DRAG);
        self.pointer(ui, id, sheet, at, &response, wishes);
        let written = sheet.cell(at);
        let fault = sheet.fault(at);
        let name = || format!("cell {} of {}", column.title, sheet.name(at.row));
        response.widget_info(|| WidgetInfo {
            current_text_value: Some(written.clone().into_owned()),
            selected: Some(self.selection.has(at)),
            ..WidgetInfo::labeled(Role::Cell, true, name())
        });
        response.ctx.accesskit_node_builder(response.id, |node| {
            let fault = fault.as_ref().map(|fault| format!(", fault: {fault}")).unwrap_or_default();
            let origin = sheet.origin(at.row).map(|origin| format!(", {origin}")).unwrap_or_default();
            node.set_description(format!("{written}{origin}{fault}"));
        });
        let painter = ui.painter();
        if self.selection.has(at) && (self.selection.is_many() || is_cursor) {
            painter.rect_filled(rect, 0.0, theme.raised);
        }
        painter.hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(LINE, theme.line));
        painter.vline(rect.right() - 0.5, rect.y_range(), Stroke::new(LINE, theme.line));
        let align = if column.is_of_numbers { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
        let ink = if sheet.locked(at).is_some() { theme.muted } else { theme.text };
        let font = if at.column == 0 { fonts::strong(size::BODY) } else { brush.font.clone() };
        let drawn = text::paint(painter, rect.shrink2(vec2(PAD, 0.0)), align, written.as_ref(), font, ink);
        if let Some(fault) = fault {
            // Dashes, and words on the pointer; colour is for alarms.
            let line = if drawn.is_positive() { drawn.x_range() } else { rect.shrink(PAD).x_range() };
            dashes(painter, line.min, line.max, rect.bottom() - 4.0, theme.text);
            response.on_hover_text(fault.as_ref());
        }
        if is_cursor {
            painter.rect_stroke(rect, 0.0, Stroke::new(2.0, theme.select), StrokeKind::Inside);
        }
    }

    fn pointer(&mut self, ui: &Ui, id: Id, sheet: &impl Sheet, at: At, response: &Response, wishes: &mut Vec<Wish>) {
        if response.double_clicked() {
            self.begin(sheet, at, None, wishes);
        } else if response.clicked() || response.drag_started() {
            let extends = ui.input(|i| i.modifiers.shift);
            let anchor = if extends { self.selection.anchor } else { at };
            self.selection = Selection { cursor: at, anchor };
            self.drags = response.drag_started();
            ui.memory_mut(|m| m.request_focus(id));
        }
        // While it is dragged, the pointer is over another cell than the one that it was pressed on.
        if self.drags && ui.input(|i| i.pointer.primary_down()) {
            let over = ui.input(|i| i.pointer.interact_pos()).is_some_and(|pos| response.rect.contains(pos));
            if over && ui.clip_rect().intersects(response.rect) {
                self.selection.cursor = at;
            }
        } else if self.drags && !ui.input(|i| i.pointer.any_down()) {
            self.drags = false;
        }
    }

    /// The cell that is typed into.
    #[expect(clippy::too_many_arguments, reason = "what a picture of a cell is made of")]
    fn field_ui(
        &mut self,
        ui: &mut Ui,
        brush: &Brush<'_>,
        id: Id,
        sheet: &impl Sheet,
        at: At,
        rect: Rect,
        wishes: &mut Vec<Wish>,
    ) {
        let Some(typing) = &mut self.editing else { return };
        let title = sheet.columns().get(at.column).map_or(Cow::Borrowed(""), |c| c.title.clone());
        let name = format!("cell {title} of {}", sheet.name(at.row));
        let field_id = id.with("field");
        let field = TextEdit::singleline(&mut typing.text)
            .id(field_id)
            .font(brush.font.clone())
            .margin(Margin::symmetric(PAD as i8 - 1, 2))
            .desired_width(rect.width().max(160.0));
        // Wider than a narrow cell, so that what is typed is seen.
        let room = Rect::from_min_size(rect.min, vec2(rect.width().max(160.0), rect.height()));
        let mut over = ui.new_child(UiBuilder::new().max_rect(room).layer_id(ui.layer_id()));
        over.painter().rect_filled(room, 0.0, brush.theme.ground);
        let response = over.put(room, field);
        response.widget_info(|| WidgetInfo {
            current_text_value: Some(typing.text.clone()),
            ..WidgetInfo::labeled(Role::TextInput, true, name.as_str())
        });
        // What stood there has been judged; what is typed is looked at as it is typed.
        let is_typed = typing.text != sheet.cell(at);
        if typing.fault.as_ref().is_none_or(|(of, _)| *of != typing.text) {
            let fault = if is_typed { sheet.typed_fault(at, &typing.text) } else { None };
            typing.fault = Some((typing.text.clone(), fault));
        }
        if let Some((_, Some(fault))) = &typing.fault {
            fault_ui(ui, brush, id.with("typed"), &name, fault, room);
        }
        if std::mem::take(&mut typing.is_new) {
            response.request_focus();
            // The end of what stands there, or of the letter that began it.
            if let Some(mut state) = eframe::egui::text_edit::TextEditState::load(ui.ctx(), field_id) {
                let end = eframe::egui::text::CCursor::new(typing.text.chars().count());
                state.cursor.set_char_range(Some(eframe::egui::text::CCursorRange::one(end)));
                state.store(ui.ctx(), field_id);
            }
            return;
        }
        let (enter, tab, back, escape, up, down) = ui.input(|i| {
            (
                i.key_pressed(Key::Enter),
                i.key_pressed(Key::Tab) && !i.modifiers.shift,
                i.key_pressed(Key::Tab) && i.modifiers.shift,
                i.key_pressed(Key::Escape),
                i.key_pressed(Key::ArrowUp),
                i.key_pressed(Key::ArrowDown),
            )
        });
        if !(response.lost_focus() || up || down) {
            return;
        }
        let step = match (enter || down, up, tab, back) {
            (true, ..) => Some(Step::Rows(1)),
            (_, true, ..) => Some(Step::Rows(-1)),
            (_, _, true, _) => Some(Step::Columns(1)),
            (_, _, _, true) => Some(Step::Columns(-1)),
            _ => None,
        };
        if escape {
            self.editing = None;
            self.focus();
        } else {
            self.leave(sheet, step, wishes);
        }
    }
}

/// What is wrong with what is typed, below its field.
fn fault_ui(ui: &Ui, brush: &Brush<'_>, id: Id, name: &str, fault: &str, field: Rect) {
    let ink = brush.theme.text;
    let clip = ui.clip_rect();
    let wrap = (clip.right() - field.left() - 2.0 * PAD).clamp(80.0, 420.0);
    let galley = ui.painter().layout(fault.to_owned(), fonts::regular(size::SMALL), ink, wrap);
    let size = galley.size() + vec2(2.0 * PAD, PAD);
    // Below the field, or above it where there is no room.
    let below = field.bottom() + size.y <= clip.bottom();
    let top = if below { field.bottom() } else { field.top() - size.y };
    let rect = Rect::from_min_size(pos2(field.left(), top), size);
    let layer = LayerId::new(Order::Foreground, id);
    let painter = ui.ctx().layer_painter(layer).with_clip_rect(clip);
    painter.rect(rect, 0.0, brush.theme.raised, Stroke::new(LINE, brush.theme.muted), StrokeKind::Inside);
    painter.galley(rect.min + vec2(PAD, PAD / 2.0), galley, ink);
    let response = ui.interact(rect, id, Sense::hover());
    crate::ui::widgets::tell(&response, Role::Alert, &format!("Fault of {name}"), || fault.to_owned());
}

/// Where each column begins, behind the mark, and where the last one ends.
fn lefts(columns: &[GridColumn]) -> Vec<f32> {
    let mut x = 0.0;
    let mut lefts = vec![x];
    for column in columns {
        x += column.width;
        lefts.push(x);
    }
    lefts
}

fn dashes(painter: &eframe::egui::Painter, left: f32, right: f32, y: f32, ink: Color32) {
    let mut x = left;
    while x < right {
        painter.hline(x..=(x + 4.0).min(right), y, Stroke::new(1.5, ink));
        x += 7.0;
    }
}
