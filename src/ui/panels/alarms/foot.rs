//! Below the rows: what waits above, the note that goes with an acknowledgement, and a button each for what is chosen and
//! for what is seen. Each says what it acknowledges and how many.

use crate::engine::{AlarmRef, Command};
use crate::ui::ask::{Asked, REASON_CHARS, What, note_from};
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::widgets::{Brush, button_or_why, text};
use crate::ui::{Action, Frame, Outbox, acts, words};
use eframe::egui::{Align2, Id, Key, Rect, Role, Sense, TextEdit, Ui, UiBuilder, WidgetInfo, pos2, vec2};

/// A second press within this does nothing: a double click must not acknowledge the row that took its place.
const DOUBLE_PRESS_SECS: f64 = 0.5;
/// Width of the field for a note.
const NOTE: f32 = 190.0;

/// Presses of this list that were taken, and the note for the next.
#[derive(Debug, Default)]
pub struct Sender {
    pressed: Option<(Id, f64)>,
    /// As it is typed.
    pub note: String,
}

impl Sender {
    /// Acknowledges these, unless the same button was pressed a moment ago. The note goes along, and is used up.
    pub fn acknowledge(&mut self, ui: &Ui, by: Id, alarms: Vec<AlarmRef>, frame: &Frame<'_>, out: &mut Outbox) {
        let now = ui.input(|i| i.time);
        if alarms.is_empty()
            || acts::not_here(frame.about).is_some()
            || self.pressed.is_some_and(|(id, at)| id == by && now - at < DOUBLE_PRESS_SECS)
        {
            return;
        }
        self.pressed = Some((by, now));
        let note = note_from(&std::mem::take(&mut self.note));
        out.command(Command::Acknowledge { by: frame.actor(), alarms, note });
    }
}

/// What stands below the rows.
#[derive(Debug, Default)]
pub struct Foot {
    /// Rows that are chosen, whatever their state.
    pub chosen: usize,
    /// Those of them that can be acknowledged, as they were seen.
    pub of_chosen: Vec<AlarmRef>,
    /// Chosen alarms, as they were seen, for other acts.
    pub all_chosen: Vec<AlarmRef>,
    /// Chosen ones that wait and were not on the screen yet.
    pub unseen: usize,
    /// Rows that are wholly seen and can be acknowledged.
    pub visible: Vec<AlarmRef>,
    /// Alarms that came while the order is held.
    pub waiting_above: usize,
    /// There is room for a note and for acts on what is chosen.
    pub full: bool,
}

impl Foot {
    /// Whether there is anything to say.
    pub fn is_needed(&self) -> bool {
        let least = if self.full { 1 } else { 2 };
        self.visible.len() >= least || self.chosen >= least || self.waiting_above > 0
    }

    /// Paints it into `rect`.
    pub fn ui(self, ui: &mut Ui, rect: Rect, frame: &Frame<'_>, sender: &mut Sender, out: &mut Outbox) {
        let brush = Brush { theme: frame.theme, blink_on: frame.blink_on };
        let why_not = acts::not_here(frame.about);
        let base = ui.scope_id();
        let mut room = rect.with_min_y(rect.top() + 2.0);
        let place_of = |ui: &Ui, words: &str, room: &mut Rect| -> Option<Rect> {
            let font = fonts::regular(size::BODY);
            let width = ui.painter().layout_no_wrap(words.to_owned(), font, frame.theme.text).size().x + 5.0 * STEP;
            (room.width() >= width).then(|| {
                let place = room.with_min_x(room.right() - width);
                room.max.x = place.left() - 1.5 * STEP;
                place
            })
        };
        let several = |n: usize| words::count(n as u64);
        if self.visible.len() > 1 || (self.full && !self.visible.is_empty()) {
            let words = format!("Acknowledge {} visible", several(self.visible.len()));
            if let Some(place) = place_of(ui, &words, &mut room) {
                let id = base.with("visible");
                if button_or_why(ui, place, id, [&words, &words], why_not.as_deref(), &brush).clicked() {
                    sender.acknowledge(ui, id, self.visible, frame, out);
                }
            }
        }
        let mut by_enter = None;
        if self.of_chosen.len() > 1 || (self.full && !self.of_chosen.is_empty()) {
            let words = format!("Acknowledge {} chosen", several(self.of_chosen.len()));
            if let Some(place) = place_of(ui, &words, &mut room) {
                let id = base.with("chosen");
                let button = button_or_why(ui, place, id, [&words, &words], why_not.as_deref(), &brush);
                if button.clicked() {
                    sender.acknowledge(ui, id, self.of_chosen, frame, out);
                } else {
                    by_enter = Some((id, self.of_chosen));
                }
            }
        }
        if self.full && self.all_chosen.len() > 1 {
            let words = format!("Shelve {} chosen…", several(self.all_chosen.len()));
            if let Some(place) = place_of(ui, &words, &mut room) {
                let name = words.trim_end_matches('…');
                let id = base.with("shelve");
                if button_or_why(ui, place, id, [&words, name], why_not.as_deref(), &brush).clicked() {
                    out.action(Action::AskForAct(Asked { what: What::Shelve, alarms: self.all_chosen, because: "" }));
                }
            }
        }
        let something = by_enter.is_some() || !sender.note.is_empty();
        if self.full && something && why_not.is_none() && room.width() > NOTE + 40.0 {
            let place = room.with_min_x(room.right() - NOTE).shrink2(vec2(0.0, 1.0));
            room.max.x = place.left() - 1.5 * STEP;
            let enter = note_ui(ui, place, by_enter.as_ref().map(|(_, alarms)| alarms.len()), &mut sender.note);
            if let (true, Some((id, alarms))) = (enter, by_enter) {
                sender.acknowledge(ui, id, alarms, frame, out);
            }
        }
        let told = if self.waiting_above > 0 {
            let long = format!("{} new, shown when the pointer leaves the list", several(self.waiting_above));
            Some((format!("{} new above", several(self.waiting_above)), long, fonts::strong(size::BODY)))
        } else if self.unseen > 0 {
            let words = format!("{} of the chosen were not seen yet", several(self.unseen));
            Some((words.clone(), words, fonts::strong(size::BODY)))
        } else if self.full && self.chosen > 1 {
            let words = format!("{} chosen", several(self.chosen));
            Some((words.clone(), words, fonts::regular(size::BODY)))
        } else {
            None
        };
        if let Some((short, long, font)) = told {
            let response = ui.interact(room, base.with("waiting"), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &long));
            let wide = ui.painter().layout_no_wrap(long.clone(), font.clone(), frame.theme.text).size().x;
            let words = if wide <= room.width() { long } else { short };
            text::paint(ui.painter(), room, Align2::LEFT_CENTER, words, font, frame.theme.text);
        }
    }
}

/// The field; gives back whether Enter sends.
fn note_ui(ui: &mut Ui, place: Rect, chosen: Option<usize>, note: &mut String) -> bool {
    let name = match chosen {
        Some(n) => format!("Note; Enter acknowledges {n} chosen"),
        None => "Note for the next acknowledgement".to_owned(),
    };
    let id = ui.scope_id().with("note");
    let builder = UiBuilder::new().max_rect(Rect::from_min_max(pos2(place.left(), place.top()), place.max));
    let edit = ui.scope_builder(builder, |ui| {
        ui.add(
            TextEdit::singleline(note)
                .id(id)
                .hint_text("Note")
                .align(Align2::LEFT_CENTER)
                .desired_width(place.width() - 8.0)
                .char_limit(REASON_CHARS),
        )
    });
    let edit = edit.inner;
    edit.widget_info(|| WidgetInfo {
        current_text_value: Some(note.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, &name)
    });
    let enter = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
    edit.on_hover_text(name);
    enter
}
