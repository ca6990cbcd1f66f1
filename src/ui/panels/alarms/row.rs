//! One row of the alarm list.

use super::table::{self, Column, column, numbers};
use crate::engine::plan::AlarmPlan;
use crate::engine::{AlarmId, AlarmState, AlarmView};
use crate::project::Priority;
use crate::ui::fonts::{self, size};
use crate::ui::widgets::symbol::Symbol;
use crate::ui::widgets::{Brush, button_or_why, hatch, text};
use crate::ui::{Frame, acts, banner, words};
use eframe::egui::{
    Align2, Color32, EventFilter, FontId, Id, Key, Modifiers, Painter, PointerButton, Rect, Response, Role, Sense,
    Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

/// Height of a row.
pub const HEIGHT: f32 = 26.0;
/// Height of the line below the rows.
pub const FOOT: f32 = 24.0;
/// Room that the scroll bar may take.
pub const SCROLL_BAR: f32 = 10.0;
/// Columns of the list.
pub const COLUMNS: [Column; 8] = [
    column("", 24.0, 0.0, 100),
    column("Raised", 62.0, 0.0, 80),
    column("For", 62.0, 0.0, 40),
    column("Alarm", 128.0, 0.0, 99),
    column("State", 106.0, 0.0, 70),
    numbers("Value now", 84.0, 60),
    column("Message", 130.0, 1.0, 75),
    column("", 90.0, 0.0, 95),
];

/// The columns, with this room for the names of alarms.
pub fn columns(name_width: f32) -> [Column; 8] {
    let mut columns = COLUMNS;
    columns[3].width = name_width.clamp(COLUMNS[3].width, 260.0);
    columns
}

/// A row to be painted.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// Which alarm.
    pub id: AlarmId,
    /// Its picture; `None`: it went normal while the order is held.
    pub view: Option<&'a AlarmView>,
    /// The plant and the tokens.
    pub frame: &'a Frame<'a>,
    /// Where the columns lie.
    pub places: &'a [Option<(f32, f32)>; 8],
    /// Chosen by a press or by key.
    pub chosen: bool,
    /// For screen readers and the focus.
    pub key: Id,
}

/// What was asked of a row.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where it is.
    pub rect: Rect,
    /// It was pressed, or got the focus.
    pub chosen: bool,
    /// It was pressed with the pointer or with Enter.
    pub pressed: bool,
    /// By a key or a double click: all about it is wanted.
    pub opens: bool,
    /// Acknowledge what is chosen: by Space.
    pub space: bool,
    /// Acknowledge it: by its button.
    pub acknowledge: Option<Id>,
    /// For its menu.
    pub response: Option<Response>,
}

impl Row<'_> {
    /// Allocates, interacts, paints.
    pub fn ui(&self, ui: &mut Ui) -> Asked {
        let frame = self.frame;
        let (snapshot, theme) = (frame.snapshot, frame.theme);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
        let id = self.key;
        let mut asked = Asked {
            rect,
            chosen: false,
            pressed: false,
            opens: false,
            space: false,
            acknowledge: None,
            response: None,
        };
        let Some(alarm) = snapshot.plan.alarm(self.id) else { return asked };

        let response = ui.interact(rect, id, Sense::click());
        let state = self.view.map_or(AlarmState::Normal, |v| v.state);
        let name = format!("alarm {}", alarm.name);
        let refusal = banner::refusal(snapshot, &alarm.name).map(|why| format!(", refused: {why}")).unwrap_or_default();
        let spoken = || {
            let said = self.view.map_or_else(|| "normal".to_owned(), |v| words::spoken_alarm(snapshot, v, frame.zone));
            format!("{said}{refusal}")
        };
        response.widget_info(|| WidgetInfo {
            current_text_value: Some(spoken()),
            ..WidgetInfo::selected(Role::Row, true, self.chosen, &name)
        });
        response.ctx.accesskit_node_builder(id, |node| node.set_description(spoken()));
        focus_stays(ui, id);
        // Space acknowledges; egui would take it for a click on what has the focus.
        asked.space = response.has_focus() && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Space));
        if response.clicked() && !asked.space {
            response.request_focus();
            asked.pressed = true;
            asked.opens = response.double_clicked() || !response.clicked_by(PointerButton::Primary);
        }
        asked.chosen = asked.pressed || response.gained_focus() || response.secondary_clicked();
        let can = self.view.is_some_and(acts::can_acknowledge);
        let message = self.message(alarm);
        let response = response.on_hover_text(bounded(&message));

        // The loudest thing on the screen: what is wrong now and nobody has seen. What went by itself is hollow.
        let inverse = alarm.priority == Priority::Critical && state == AlarmState::Unacknowledged;
        let ink = Ink::new(self, inverse, state);
        if inverse {
            ui.painter().rect_filled(rect.shrink2(vec2(0.0, 0.5)), 2.0, theme.priority(Priority::Critical));
        } else if self.chosen || response.hovered() {
            ui.painter().rect_filled(rect.shrink2(vec2(0.0, 0.5)), 2.0, theme.raised);
        }
        if !inverse {
            ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, theme.border());
        }
        if self.chosen {
            // Told by a bar at its end as well, for on a filled row no shade tells what is chosen.
            let colour = if inverse { theme.inverse } else { theme.select };
            ui.painter().rect_filled(rect.with_max_x(rect.left() + 3.0).shrink2(vec2(0.0, 2.0)), 1.0, colour);
        }
        if response.has_focus() {
            let colour = if inverse { theme.inverse } else { theme.select };
            ui.painter().rect_stroke(rect, 2.0, Stroke::new(2.0, colour), StrokeKind::Inside);
        }
        self.paint(ui.painter(), rect, alarm, state, inverse, &ink);

        if let (true, Some(place)) = (can, self.places[7]) {
            let place = table::cell(rect, place).shrink2(vec2(0.0, 2.0));
            let name = format!("{} {}", words::say::ACKNOWLEDGE, alarm.name);
            let brush = Brush { theme, blink_on: frame.blink_on };
            let why_not = acts::not_here(frame.about);
            let button = button_or_why(
                ui,
                place,
                id.with("acknowledge"),
                [words::say::ACKNOWLEDGE, &name],
                why_not.as_deref(),
                &brush,
            );
            if button.clicked() {
                asked.acknowledge = Some(button.id);
                asked.chosen = true;
            }
        }
        asked.response = Some(response);
        asked
    }

    fn paint(&self, painter: &Painter, rect: Rect, alarm: &AlarmPlan, state: AlarmState, inverse: bool, ink: &Ink) {
        let frame = self.frame;
        let (snapshot, theme) = (frame.snapshot, frame.theme);
        let at = |column: usize| self.places[column].map(|p| table::cell(rect, p));
        if let Some(cell) = at(0) {
            let symbol = Symbol::from_state(alarm.priority, state);
            let symbol = if inverse { symbol.on_critical() } else { symbol };
            symbol.paint(painter, theme, cell.center(), 13.0, frame.blink_on);
        }
        let now = snapshot.now;
        let regular = || fonts::regular(size::BODY);
        let put = |column: usize, words: String, font, colour| {
            let place = at(column)?;
            Some(text::paint(painter, place, table::align(&COLUMNS[column]), words, font, colour))
        };
        if let Some(view) = self.view {
            put(1, words::instant(view.raised, now.utc, frame.zone), regular(), ink.plain);
            put(2, words::duration(now.mono - view.raised_mono), regular(), ink.dim);
        }
        let name_font = if state.needs_acknowledgement() { fonts::strong(size::BODY) } else { regular() };
        let name = put(3, alarm.name.to_string(), name_font, ink.plain);
        // Where there is no room for a message, there is still some for what came back.
        if let (None, Some(cell), Some(name), Some(mark)) =
            (self.places[6], at(3), name, self.marks().into_iter().next().filter(|_| self.came_back()))
        {
            paint_mark(painter, cell.with_min_x(name.right() + 2.0 * MARK_AIR), &mark, ink.plain);
        }
        let said = self.view.map_or("normal", words::state);
        put(4, said.to_owned(), regular(), if state.needs_acknowledgement() { ink.plain } else { ink.dim });
        let value = words::alarm_value(snapshot, alarm);
        if !value.text.is_empty() {
            let colour = if value.good { ink.plain } else { ink.dim };
            if let Some(place) = at(5) {
                let placed = text::paint_number(painter, place, Align2::RIGHT_CENTER, &value.text, size::BODY, colour);
                if value.bad {
                    hatch::hatch(painter, placed, colour.gamma_multiply(0.6), 5.0);
                }
            }
        }
        if let Some(place) = self.message_place(rect) {
            let mut rest = place;
            for mark in self.marks() {
                rest = paint_mark(painter, rest, &mark, ink.plain);
            }
            text::paint(painter, rest, Align2::LEFT_CENTER, bounded(&self.said(alarm)), regular(), ink.plain);
        }
    }

    /// A row that needs no button lends its room to the message.
    fn message_place(&self, rect: Rect) -> Option<Rect> {
        let mut place = table::cell(rect, self.places[6]?);
        if !self.view.is_some_and(acts::can_acknowledge)
            && let Some((_, right)) = self.places[7]
        {
            place.max.x = rect.left() + right;
        }
        Some(place)
    }

    /// Whether its column is too narrow for what there is to say.
    pub fn cuts(&self, painter: &Painter, alarm: &AlarmPlan) -> bool {
        let row = Rect::from_min_size(eframe::egui::Pos2::ZERO, vec2(0.0, HEIGHT));
        let Some(place) = self.message_place(row) else { return true };
        let width = |words: &str, font| painter.layout_no_wrap(words.to_owned(), font, Color32::PLACEHOLDER).size().x;
        let marks: f32 =
            self.marks().into_iter().map(|mark| width(&mark, mark_font()) + 2.0 * MARK_AIR + MARK_GAP).sum();
        marks + width(&bounded(&self.said(alarm)), fonts::regular(size::BODY)) > place.width()
    }

    fn came_back(&self) -> bool {
        self.view.is_some_and(|view| view.back.is_some())
    }

    fn marks(&self) -> Vec<String> {
        self.view.map(words::marks).unwrap_or_default()
    }

    /// What there is to say: a refusal before all, then that the alarm is held, then what has happened.
    fn said(&self, alarm: &AlarmPlan) -> String {
        let snapshot = self.frame.snapshot;
        if let Some(reason) = banner::refusal(snapshot, &alarm.name) {
            return format!("refused: {reason}");
        }
        match self.view.and_then(|view| view.held_since) {
            Some(since) => {
                let since = words::instant(since, snapshot.now.utc, self.frame.zone);
                format!("input bad since {since} · {}", alarm.message)
            }
            None => alarm.message.to_string(),
        }
    }

    /// The same with the marks before it, for a place of its own.
    pub fn message(&self, alarm: &AlarmPlan) -> String {
        let parts: Vec<String> = self.marks().into_iter().chain([self.said(alarm)]).collect();
        parts.join(" · ")
    }
}

/// Around the words of a mark, and behind it.
const MARK_AIR: f32 = 5.0;
const MARK_GAP: f32 = 6.0;

fn mark_font() -> FontId {
    fonts::strong(size::SMALL)
}

/// A mark in a frame of its own; gives back the room behind it. It is whole or not there.
pub fn paint_mark(painter: &Painter, room: Rect, words: &str, ink: Color32) -> Rect {
    let galley = painter.layout_no_wrap(words.to_owned(), mark_font(), ink);
    if galley.size().x + 2.0 * MARK_AIR > room.width() {
        return room;
    }
    let frame = Rect::from_min_size(
        pos2(room.left(), room.center().y - galley.size().y / 2.0 - 1.0),
        galley.size() + vec2(2.0 * MARK_AIR, 2.0),
    );
    painter.rect_stroke(frame, 3.0, Stroke::new(1.0, ink), StrokeKind::Inside);
    let width = frame.width();
    painter.galley(frame.min + vec2(MARK_AIR, 1.0), galley, ink);
    room.with_min_x((room.left() + width + MARK_GAP).min(room.right()))
}

/// Arrow keys choose rows, and do not wander to whatever lies in their direction.
pub fn focus_stays(ui: &Ui, id: Id) {
    let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|m| m.set_focus_lock_filter(id, filter));
}

/// A message as it is shown: an engineer may write a book.
pub fn bounded(message: &str) -> String {
    const MOST: usize = 600;
    match crate::text::bounded(message, MOST) {
        (whole, 0) => whole.to_owned(),
        (start, more) => format!("{start}… ({} characters more)", words::count(more as u64)),
    }
}

/// Colours of a row's words.
struct Ink {
    plain: Color32,
    dim: Color32,
}

impl Ink {
    fn new(row: &Row<'_>, inverse: bool, state: AlarmState) -> Self {
        let theme = row.frame.theme;
        if inverse {
            Self { plain: theme.inverse, dim: theme.inverse }
        } else if state == AlarmState::Normal {
            Self { plain: theme.muted, dim: theme.muted }
        } else {
            Self { plain: theme.text, dim: theme.muted }
        }
    }
}
