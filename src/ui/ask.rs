//! The dialogs of acts that need words: shelving with its time and reason, out of service with its reason, a note beside
//! an acknowledgement.
//!
//! A reason is asked for and not left out: one press on a common one, or a few words. Who comes next has to know why an
//! alarm is silent, and nobody else can tell.

use super::acts;
use super::dialogs;
use super::dialogs::sheet_ui;
use super::fonts::{self, size};
use super::theme::STEP;
use super::until;
use super::words::{self, say};
use super::{Frame, Outbox};
use crate::engine::{AlarmRef, Command};
use crate::time::{Span, Utc};
use eframe::egui::{Button, Id, Key, Label, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};
use std::sync::Arc;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A note beside an acknowledgement.
    Acknowledge,
    /// Time and reason of a shelving.
    Shelve,
    /// The reason to take it out of service.
    OutOfService,
}

/// An act on these alarms, as they were seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Which act.
    pub what: What,
    /// On which; not empty.
    pub alarms: Vec<AlarmRef>,
    /// A reason that is written already.
    pub because: &'static str,
}

/// Alarms that are shelved or taken out of service at once: an act each, and no more than the plant takes at a time.
pub const MOST: usize = 100;
/// Characters of a reason or note.
pub const REASON_CHARS: usize = 200;
/// Names that are listed.
const NAMED: usize = 5;

/// Reasons that are one press away.
const SHELVE_REASONS: [&str; 4] = ["Chattering", "Instrument fault", "Being worked on", "Known, nothing to do now"];
const SERVICE_REASONS: [&str; 4] = ["Maintenance", "Instrument removed", "Being replaced", "Plant part shut down"];

/// For how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Minutes(i64),
    /// To the end of the shift.
    Shift,
    /// As typed.
    Own,
}

/// The dialog while it is open.
#[derive(Debug)]
pub struct Ask {
    asked: Asked,
    words: String,
    length: Length,
    own: String,
    opened: bool,
}

impl Ask {
    /// With nothing written yet, for half an hour.
    pub fn new(asked: Asked) -> Self {
        let words = asked.because.to_owned();
        Self { asked, words, length: Length::Minutes(30), own: String::new(), opened: false }
    }

    fn title(&self) -> String {
        let object = match self.asked.alarms.as_slice() {
            [one] => one.alarm.to_string(),
            many => format!("{} alarms", words::count(many.len() as u64)),
        };
        match self.asked.what {
            What::Acknowledge => format!("{} {object}", say::ACKNOWLEDGE),
            What::Shelve => format!("Shelve {object}"),
            What::OutOfService => format!("Take {object} out of service"),
        }
    }

    /// The end of the shelving, or why there is none yet.
    fn until(&self, frame: &Frame<'_>) -> Result<Utc, String> {
        let now = frame.snapshot.now.utc;
        match self.length {
            Length::Minutes(minutes) => Ok(now + Span::from_secs(60 * minutes)),
            Length::Shift => shift_end(frame).map(|(_, at)| at),
            Length::Own => until::end_from(&self.own, now, frame.zone),
        }
    }

    /// What would be sent, or what is missing for it.
    fn commands(&self, frame: &Frame<'_>) -> Result<Vec<Command>, String> {
        if let Some(why) = acts::not_here(frame.about) {
            return Err(why);
        }
        let by = frame.actor();
        let note = note_from(&self.words);
        let each = |command: &dyn Fn(Arc<str>) -> Command| {
            self.asked.alarms.iter().map(|seen| command(seen.alarm.clone())).collect()
        };
        match self.asked.what {
            What::Acknowledge => Ok(vec![Command::Acknowledge { by, alarms: self.asked.alarms.clone(), note }]),
            _ if self.asked.alarms.len() > MOST => Err(format!("At most {MOST} at once")),
            _ if note.is_none() => Err("Say why: press a reason, or write one".to_owned()),
            What::Shelve => {
                let until = self.until(frame)?;
                Ok(each(&|alarm| Command::Shelve { by: by.clone(), alarm, until, reason: note.clone() }))
            }
            What::OutOfService => {
                Ok(each(&|alarm| Command::OutOfService { by: by.clone(), alarm, reason: note.clone() }))
            }
        }
    }
}

/// A reason or note as it may stand in the journal; `None`: nothing was written. What cannot be seen is left out.
pub fn note_from(typed: &str) -> Option<Arc<str>> {
    let seen: String = typed.chars().filter(|c| !crate::text::is_unseen(*c)).take(REASON_CHARS).collect();
    let seen = seen.trim();
    (!seen.is_empty()).then(|| seen.into())
}

/// The end of the shift that is on: the name of the next one, and when it begins. Within 24 h, as any shelving.
fn shift_end(frame: &Frame<'_>) -> Result<(String, Utc), String> {
    let now = frame.snapshot.now.utc;
    let shifts = &frame.snapshot.plan.project.shifts;
    let next = until::next_shift(shifts, now, frame.zone).ok_or("The project has no [[shift]]")?;
    if next.1 - now > crate::engine::command::LONGEST_SHELVING {
        return Err("The shift lasts longer than a shelving may".to_owned());
    }
    Ok(next)
}

/// The dialog; `false` once it is closed.
pub fn ask_ui(ui: &Ui, frame: &Frame<'_>, ask: &mut Ask, out: &mut Outbox) -> bool {
    let mut done = false;
    let title = ask.title();
    let open = sheet_ui(ui, frame.theme, &title, |ui| {
        let height = (dialogs::room(ui.ctx()).y - 150.0).max(40.0);
        let enter = ScrollArea::vertical()
            .max_height(height)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                about_ui(ui, frame, ask);
                if ask.asked.what == What::Shelve {
                    length_ui(ui, frame, ask);
                }
                words_ui(ui, frame, ask)
            })
            .inner;
        ui.add_space(3.0 * STEP);
        done = send_ui(ui, frame, ask, enter, out);
    });
    open && !done
}

/// What it concerns: of one alarm its message, of several their names.
fn about_ui(ui: &mut Ui, frame: &Frame<'_>, ask: &Ask) {
    let plan = &frame.snapshot.plan;
    let words = match ask.asked.alarms.as_slice() {
        [one] => plan.alarm_id(&one.alarm).and_then(|id| plan.alarm(id)).map(|a| a.message.to_string()),
        many => {
            let named: Vec<&str> = many.iter().take(NAMED).map(|seen| seen.alarm.as_ref()).collect();
            let more = many.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            Some(format!("{}{more}", named.join(", ")))
        }
    };
    ui.add(Label::new(RichText::new(words.unwrap_or_default()).color(frame.theme.muted)).wrap());
    ui.add_space(2.0 * STEP);
}

fn length_ui(ui: &mut Ui, frame: &Frame<'_>, ask: &mut Ask) {
    ui.label(fonts::bold("For how long"));
    let shift = shift_end(frame);
    ui.horizontal_wrapped(|ui| {
        for (length, words) in
            [(Length::Minutes(10), "10 min"), (Length::Minutes(30), "30 min"), (Length::Minutes(60), "1 h")]
        {
            choice_ui(ui, ask, length, words, &format!("Shelve for {words}"), None);
        }
        let words = match &shift {
            Ok((name, at)) => {
                format!("To the end of the shift ({name} at {})", words::hour_minute(*at, frame.zone))
            }
            Err(_) => "To the end of the shift".to_owned(),
        };
        choice_ui(ui, ask, Length::Shift, &words, "Shelve to the end of the shift", shift.as_ref().err());
        choice_ui(ui, ask, Length::Own, "Other", "Shelve for another time", None);
        if ask.length == Length::Own {
            let edit = TextEdit::singleline(&mut ask.own)
                .id(Id::unique("shelving time"))
                .hint_text("45 min, 2 h, 16:30")
                .desired_width(130.0)
                .char_limit(40);
            let edit = ui.add(edit);
            edit.widget_info(|| WidgetInfo {
                current_text_value: Some(ask.own.clone()),
                ..WidgetInfo::labeled(Role::TextInput, true, "Time of the shelving")
            });
        }
    });
    let now = frame.snapshot.now.utc;
    let (words, ink) = match ask.until(frame) {
        Ok(until) => {
            let length = words::duration_of_range(until - now);
            (
                format!("until {}, in {length}; then it comes back by itself", words::instant(until, now, frame.zone)),
                frame.theme.muted,
            )
        }
        Err(why) => (why, frame.theme.text),
    };
    let told = ui.add(Label::new(RichText::new(&words).color(ink)).wrap());
    told.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    ui.add_space(2.0 * STEP);
}

fn choice_ui(ui: &mut Ui, ask: &mut Ask, length: Length, words: &str, name: &str, why_not: Option<&String>) {
    let button = Button::selectable(ask.length == length, words).frame_when_inactive(true);
    let response = ui.add_enabled(why_not.is_none(), button);
    let here = ask.length == length;
    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, why_not.is_none(), here, name));
    if response.clicked() {
        ask.length = length;
        if length == Length::Own {
            ui.memory_mut(|m| m.request_focus(Id::unique("shelving time")));
        }
    }
    if let Some(why) = why_not {
        response.on_disabled_hover_text(why);
    }
}

/// The field and the common reasons; gives back whether Enter was pressed in a field.
fn words_ui(ui: &mut Ui, frame: &Frame<'_>, ask: &mut Ask) -> bool {
    let (head, name, reasons): (_, _, &[&str]) = match ask.asked.what {
        What::Acknowledge => ("Note", "Note of the acknowledgement", &[]),
        What::Shelve => ("Why", "Reason of the shelving", &SHELVE_REASONS),
        What::OutOfService => ("Why", "Reason to take it out of service", &SERVICE_REASONS),
    };
    ui.label(fonts::bold(head));
    let id = Id::unique("reason");
    let edit = TextEdit::singleline(&mut ask.words).id(id).desired_width(f32::INFINITY).char_limit(REASON_CHARS);
    let edit = ui.add(edit);
    edit.widget_info(|| WidgetInfo {
        current_text_value: Some(ask.words.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, name)
    });
    if !std::mem::replace(&mut ask.opened, true) {
        edit.request_focus();
    }
    ui.horizontal_wrapped(|ui| {
        for reason in reasons {
            if ui.add(Button::selectable(ask.words == *reason, *reason).frame_when_inactive(true)).clicked() {
                (*reason).clone_into(&mut ask.words);
            }
        }
    });
    if ask.asked.what == What::OutOfService {
        ui.add_space(STEP);
        let words = "It stays silent until somebody puts it back; it stands in the list of hidden alarms meanwhile";
        ui.add(Label::new(RichText::new(words).color(frame.theme.muted)).wrap());
    }
    let left = |id: Id| ui.memory(|m| m.has_focus(id)) || ui.response().lost_focus();
    let in_field = edit.lost_focus() || left(Id::unique("shelving time"));
    in_field && ui.input(|i| i.key_pressed(Key::Enter))
}

fn send_ui(ui: &mut Ui, frame: &Frame<'_>, ask: &Ask, enter: bool, out: &mut Outbox) -> bool {
    let commands = ask.commands(frame);
    let label = match (ask.asked.what, ask.until(frame)) {
        (What::Shelve, Ok(until)) => {
            format!("Shelve until {}", words::instant(until, frame.snapshot.now.utc, frame.zone))
        }
        (What::Shelve, Err(_)) => "Shelve".to_owned(),
        (What::OutOfService, _) => "Take out of service".to_owned(),
        (What::Acknowledge, _) => say::ACKNOWLEDGE.to_owned(),
    };
    let mut done = false;
    ui.horizontal_wrapped(|ui| {
        let button = Button::new(RichText::new(label).font(fonts::strong(size::BODY))).min_size(vec2(150.0, 28.0));
        let response = ui.add_enabled(commands.is_ok(), button);
        let name = ask.title();
        response.widget_info(|| WidgetInfo::labeled(Role::Button, commands.is_ok(), format!("Confirm: {name}")));
        if ui.add(Button::new(say::CANCEL).min_size(vec2(90.0, 28.0))).clicked() {
            done = true;
        }
        match commands {
            Ok(commands) if response.clicked() || enter => {
                out.commands.extend(commands);
                done = true;
            }
            Ok(_) => {}
            Err(why) => {
                ui.label(RichText::new(&why).color(frame.theme.muted));
                response.on_disabled_hover_text(why);
            }
        }
    });
    done
}
