//! One row of the alarm list.

use super::table::{self, Column, column, numbers};
use crate::engine::plan::{AlarmPlan, Subject};
use crate::engine::{AlarmId, AlarmState, AlarmView};
use crate::project::Priority;
use crate::time::Span;
use crate::ui::fonts::{self, size};
use crate::ui::widgets::symbol::Symbol;
use crate::ui::widgets::{Brush, button, hatch, tell, text};
use crate::ui::{Action, Frame, Outbox, words};
use eframe::egui::{Align2, Color32, Id, Key, Modifiers, Painter, Rect, Role, Sense, Stroke, StrokeKind, Ui, vec2};

/// Height of a row.
pub const HEIGHT: f32 = 26.0;
/// Height of the line below the rows.
pub const FOOT: f32 = 24.0;
/// Room that the scroll bar may take.
pub const SCROLL_BAR: f32 = 10.0;
/// A refusal stands in its row this long.
const REFUSAL: Span = Span::from_secs(30);

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
}

/// What was asked of a row.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Where it is.
    pub rect: Rect,
    /// It was pressed, or got the focus.
    pub chosen: bool,
    /// Acknowledge it.
    pub acknowledge: bool,
    /// What was pressed for that.
    pub button: Id,
}

impl Row<'_> {
    /// Allocates, interacts, paints.
    pub fn ui(&self, ui: &mut Ui, out: &mut Outbox) -> Asked {
        let frame = self.frame;
        let (snapshot, theme) = (frame.snapshot, frame.theme);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
        let id = ui.scope_id().with(("alarm", self.id.0));
        let mut asked = Asked { rect, chosen: false, acknowledge: false, button: id };
        let Some(alarm) = snapshot.plan.alarm(self.id) else { return asked };

        let response = ui.interact(rect, id, Sense::click());
        let state = self.view.map_or(AlarmState::Normal, |v| v.state);
        tell(&response, Role::Row, &format!("alarm {}", alarm.name), || {
            self.view.map_or_else(|| "normal".to_owned(), |v| words::spoken_alarm(snapshot, v, frame.zone))
        });
        // Space acknowledges; egui would take it for a click on what has the focus.
        let space = response.has_focus() && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Space));
        let can = self.view.is_some_and(super::can_acknowledge);
        asked.acknowledge = space && can;
        if response.clicked() && !space {
            response.request_focus();
            asked.chosen = true;
            if let Subject::Tag(tag) = alarm.subject {
                out.actions.push(Action::OpenFaceplate(tag));
            }
        }
        asked.chosen |= response.gained_focus();
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
        if response.has_focus() {
            let colour = if inverse { theme.inverse } else { theme.select };
            ui.painter().rect_stroke(rect, 2.0, Stroke::new(2.0, colour), StrokeKind::Inside);
        }
        self.paint(ui.painter(), rect, alarm, &message, state, inverse, &ink);

        if let (true, Some(place)) = (can, self.places[7]) {
            let place = table::cell(rect, place).shrink2(vec2(0.0, 2.0));
            let name = format!("{} {}", words::say::ACKNOWLEDGE, alarm.name);
            let brush = Brush { theme, blink_on: frame.blink_on };
            let button = button(ui, place, id.with("acknowledge"), words::say::ACKNOWLEDGE, &name, &brush);
            if button.clicked() {
                asked.acknowledge = true;
                asked.chosen = true;
                asked.button = button.id;
            }
        }
        asked
    }

    fn paint(
        &self,
        painter: &Painter,
        rect: Rect,
        alarm: &AlarmPlan,
        message: &str,
        state: AlarmState,
        inverse: bool,
        ink: &Ink,
    ) {
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
        put(3, alarm.name.to_string(), name_font, ink.plain);
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
        // A row that needs no button lends its room to the message.
        if let Some(mut place) = at(6) {
            if !self.view.is_some_and(super::can_acknowledge)
                && let Some((_, right)) = self.places[7]
            {
                place.max.x = rect.left() + right;
            }
            text::paint(painter, place, Align2::LEFT_CENTER, bounded(message), regular(), ink.plain);
        }
    }

    /// Whether its column is too narrow for a message of this width.
    pub fn cuts(&self, width: f32) -> bool {
        let Some((left, mut right)) = self.places[6] else { return true };
        if let (false, Some((_, end))) = (self.view.is_some_and(super::can_acknowledge), self.places[7]) {
            right = end;
        }
        width > right - left
    }

    /// What there is to say: a refusal before all, then that the alarm is held, then what has happened.
    pub fn message(&self, alarm: &AlarmPlan) -> String {
        let snapshot = self.frame.snapshot;
        let refused = snapshot.refusals.iter().rev().find(|r| r.alarm == alarm.name);
        if let Some(refusal) = refused.filter(|r| snapshot.now.mono - r.at.mono < REFUSAL) {
            return format!("refused: {}", refusal.reason);
        }
        let Some(view) = self.view else { return alarm.message.to_string() };
        let held = view
            .held_since
            .map(|since| format!("input bad since {}", words::instant(since, snapshot.now.utc, self.frame.zone)));
        let first_out = view.first_out.then(|| "first out".to_owned());
        let chattering = view.chattering.then(|| "chattering".to_owned());
        let parts: Vec<String> =
            held.into_iter().chain(first_out).chain(chattering).chain([alarm.message.to_string()]).collect();
        parts.join(" · ")
    }
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
