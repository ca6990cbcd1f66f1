//! What a person may do about an alarm, and why not: one table for the menu of a row, the detail pane, the hidden lists
//! and the faceplate, so that none offers what another refuses.
//!
//! Invariant: what this window cannot do is disabled with the reason, and never only refused after the press.

use super::ask::{Asked, What};
use super::theme::STEP;
use super::words::say;
use super::{Action, Frame, Outbox, fonts, trying};
use crate::engine::plan::{AlarmPlan, Plan, Subject};
use crate::engine::{AlarmId, AlarmRef, AlarmState, AlarmView, Command};
use crate::link::About;
use eframe::egui::{
    Button, EventFilter, Id, Key, Memory, Modifiers, Popup, Response, Role, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};
use std::sync::Arc;

/// Something to be done about an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Seen.
    Acknowledge,
    /// Seen, with a note.
    Note,
    /// Ends a latch.
    Reset,
    /// Hides it for a time.
    Shelve,
    /// Ends that.
    Unshelve,
    /// Takes it out of service.
    OutOfService,
    /// Puts it back.
    InService,
    /// Opens the faceplate of its tag, or the list of devices.
    Subject,
    /// Tries other settings on what was recorded.
    Try,
    /// Opens the display that shows it.
    Display,
}

/// Where a menu of acts is opened: keys that act there are told in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Menu {
    /// On a row of an alarm list.
    List,
    /// On a row of what is hidden.
    Hidden,
    /// On the faceplate.
    Faceplate,
}

/// An alarm that something may be done about.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The plant and the tokens.
    pub frame: &'a Frame<'a>,
    /// Which.
    pub id: AlarmId,
    /// As planned.
    pub alarm: &'a AlarmPlan,
    /// Its picture; `None`: it is normal.
    pub view: Option<&'a AlarmView>,
}

/// Why nothing can be done to the plant from this window; `None`: it can.
pub fn not_here(about: &About) -> Option<String> {
    if about.bundle.is_some() {
        return Some(say::ONLY_A_BUNDLE.to_owned());
    }
    let holder = about.held_by.as_ref()?;
    Some(format!("The plant is watched by {holder}: this can be done there alone"))
}

/// The alarm as it is on the screen.
pub fn seen(plan: &Plan, view: &AlarmView) -> Option<AlarmRef> {
    Some(AlarmRef { alarm: plan.alarm(view.id)?.name.clone(), occurrence: view.occurrence })
}

/// Whether a press may acknowledge it.
pub const fn can_acknowledge(view: &AlarmView) -> bool {
    view.state.needs_acknowledgement() && !view.recording
}

/// The display to go to for an alarm: the one that it names, else the one that shows the fewest alarms, and it among them.
pub fn display_of(plan: &Plan, id: AlarmId) -> Option<usize> {
    let named = plan.alarm(id)?.display;
    let showing = || {
        let all = plan.displays.iter().enumerate().filter(|(_, d)| d.alarms.binary_search(&id).is_ok());
        all.min_by_key(|(_, d)| d.alarms.len()).map(|(i, _)| i)
    };
    named.or_else(showing)
}

/// Whether keys are for the window itself: no dialog lies over it and no menu is open.
pub fn keys_are_ours(ui: &Ui) -> bool {
    ui.memory(|m| m.top_modal_layer().is_none()) && !Popup::is_any_open(ui.ctx())
}

/// The menu of a row: by the right button at the pointer, by key below the row.
pub fn row_menu(ui: &Ui, response: &Response, target: &Target<'_>, place: Menu, out: &mut Outbox) {
    let _shown = response.context_menu(|ui| target.menu_ui(ui, place, false, out));
    let keyed = response.has_focus()
        && keys_are_ours(ui)
        && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Menu) || i.consume_key(Modifiers::SHIFT, Key::F10));
    let id = response.id.with("menu by key");
    if keyed {
        Popup::open_id(ui.ctx(), id);
    }
    if Popup::is_id_open(ui.ctx(), id) {
        let _shown = Popup::menu(response).id(id).open_memory(None).show(|ui| target.menu_ui(ui, place, true, out));
    }
}

impl<'a> Target<'a> {
    /// Of an alarm of the plan in force.
    pub fn new(frame: &'a Frame<'a>, id: AlarmId, view: Option<&'a AlarmView>) -> Option<Self> {
        Some(Self { frame, id, alarm: frame.snapshot.plan.alarm(id)?, view })
    }

    fn state(&self) -> AlarmState {
        self.view.map_or(AlarmState::Normal, |view| view.state)
    }

    /// What there is to be done in its state, most wanted first.
    pub fn offered(&self) -> Vec<Act> {
        let state = self.state();
        let mut acts = Vec::new();
        if state.needs_acknowledgement() {
            acts.extend([Act::Acknowledge, Act::Note]);
        }
        if self.alarm.latch && state.stands() {
            acts.push(Act::Reset);
        }
        if state.is_hidden() {
            if self.view.is_some_and(|view| view.shelved_until.is_some()) {
                acts.push(Act::Unshelve);
            }
            acts.push(if state == AlarmState::OutOfService { Act::InService } else { Act::OutOfService });
        } else {
            acts.extend([Act::Shelve, Act::OutOfService]);
        }
        if self.alarm.subject != Subject::System {
            acts.push(Act::Subject);
        }
        if trying::can_be_tried(self.alarm) {
            acts.push(Act::Try);
        }
        if display_of(&self.frame.snapshot.plan, self.id).is_some() {
            acts.push(Act::Display);
        }
        acts
    }

    /// Why this cannot be done now; `None`: it can.
    pub fn why_not(&self, act: Act) -> Option<String> {
        if matches!(act, Act::Subject | Act::Try | Act::Display) {
            return None;
        }
        if let Some(why) = not_here(self.frame.about) {
            return Some(why);
        }
        let view = self.view?;
        if view.recording {
            return Some("An act on it is being recorded".to_owned());
        }
        match act {
            Act::Reset if view.state == AlarmState::LatchedAcknowledged => None,
            Act::Reset if view.state == AlarmState::Latched => Some("It is not acknowledged".to_owned()),
            Act::Reset => Some("The condition still holds".to_owned()),
            _ => None,
        }
    }

    /// As a button says it; beside an alarm that is named already.
    pub fn label(&self, act: Act) -> String {
        let plan = &self.frame.snapshot.plan;
        match act {
            Act::Acknowledge => say::ACKNOWLEDGE.to_owned(),
            Act::Note => format!("{} with a note…", say::ACKNOWLEDGE),
            Act::Reset => say::RESET.to_owned(),
            Act::Shelve => "Shelve…".to_owned(),
            Act::Unshelve => "Unshelve".to_owned(),
            Act::OutOfService => "Take out of service…".to_owned(),
            Act::InService => "Put back in service".to_owned(),
            Act::Try => "Try settings…".to_owned(),
            Act::Subject => match self.alarm.subject {
                Subject::Tag(tag) => format!("Open {}", plan.tag(tag).map_or("", |t| &t.name)),
                Subject::Device(_) | Subject::System => "Open devices".to_owned(),
            },
            Act::Display => {
                let display = display_of(plan, self.id).and_then(|i| plan.displays.get(i));
                format!("Open display {}", display.map_or("", |d| d.display.name.as_str()))
            }
        }
    }

    /// As a screen reader says it: the verb and its object.
    pub fn name(&self, act: Act) -> String {
        let alarm = &self.alarm.name;
        match act {
            Act::Subject | Act::Display => self.label(act),
            Act::Note => format!("{} {alarm} with a note", say::ACKNOWLEDGE),
            Act::Try => format!("Try settings of {alarm}"),
            Act::OutOfService => format!("Take {alarm} out of service"),
            Act::InService => format!("Put {alarm} back in service"),
            _ => format!("{} {alarm}", self.label(act).trim_end_matches('…')),
        }
    }

    /// The key that does it where its menu was opened.
    const fn key(act: Act, place: Menu) -> &'static str {
        match (act, place) {
            (Act::Acknowledge, Menu::List) => "Space",
            (Act::Shelve, Menu::List) => "S",
            (Act::Unshelve | Act::InService, Menu::Hidden) => "U",
            _ => "",
        }
    }

    /// Does it, or asks for what it needs. `note`: what is written beside an acknowledgement.
    pub fn perform(&self, act: Act, note: Option<Arc<str>>, out: &mut Outbox) {
        if self.why_not(act).is_some() {
            return;
        }
        let (by, alarm) = (self.frame.actor(), self.alarm.name.clone());
        let seen = AlarmRef { alarm: alarm.clone(), occurrence: self.view.map_or(0, |view| view.occurrence) };
        let ask = |what: What| Action::AskForAct(Asked { what, alarms: vec![seen.clone()], because: "" });
        match act {
            Act::Acknowledge => {
                if self.view.is_some_and(can_acknowledge) {
                    out.command(Command::Acknowledge { by, alarms: vec![seen], note });
                }
            }
            Act::Note => out.action(ask(What::Acknowledge)),
            Act::Reset => out.command(Command::Reset { by, alarm }),
            Act::Shelve => out.action(ask(What::Shelve)),
            Act::Unshelve => out.command(Command::Unshelve { by, alarm }),
            Act::OutOfService => out.action(ask(What::OutOfService)),
            Act::InService => out.command(Command::InService { by, alarm }),
            Act::Subject => match self.alarm.subject {
                Subject::Tag(tag) => out.action(Action::OpenFaceplate(tag)),
                Subject::Device(device) => out.action(super::actions::of_device(&self.frame.snapshot.plan, device)),
                Subject::System => {}
            },
            Act::Try => out.action(Action::TrySettings(alarm)),
            Act::Display => {
                if let Some(display) = display_of(&self.frame.snapshot.plan, self.id) {
                    out.action(Action::OpenDisplay(display));
                }
            }
        }
    }

    /// A button for it, as wide as it is told to be; disabled with the reason where it cannot be done.
    pub fn button_ui(&self, ui: &mut Ui, act: Act, label: &str, width: f32) -> Response {
        let why_not = self.why_not(act);
        let button = Button::new(label).truncate();
        let enabled = why_not.is_none();
        let response = ui.add_enabled_ui(enabled, |ui| ui.add_sized(vec2(width, 6.5 * STEP), button)).inner;
        self.told(response, act, why_not)
    }

    fn told(&self, response: Response, act: Act, why_not: Option<String>) -> Response {
        let name = self.name(act);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, why_not.is_none(), &name));
        match why_not {
            Some(why) => {
                response.ctx.accesskit_node_builder(response.id, |node| node.set_description(why.clone()));
                response.on_disabled_hover_text(why)
            }
            None => response,
        }
    }

    /// All that can be done, as the entries of a menu; the first takes the focus where a key opened it.
    pub fn menu_ui(&self, ui: &mut Ui, place: Menu, by_key: bool, out: &mut Outbox) {
        ui.set_min_width(230.0);
        ui.set_max_width(300.0);
        ui.label(fonts::bold(self.alarm.name.as_ref()));
        let mut entries: Vec<Id> = Vec::new();
        for act in self.offered() {
            if act == Act::Subject {
                ui.separator();
            }
            let why_not = self.why_not(act);
            let button = Button::new(self.label(act)).shortcut_text(Self::key(act, place)).frame_when_inactive(false);
            let enabled = why_not.is_none();
            let response = ui.add_enabled(enabled, button.min_size(vec2(ui.available_width(), 6.0 * STEP)));
            let response = self.told(response, act, why_not);
            if enabled {
                entries.push(response.id);
            }
            if response.has_focus() {
                let stroke = Stroke::new(2.0, self.frame.theme.select);
                ui.painter().rect_stroke(response.rect, 3.0, stroke, StrokeKind::Inside);
            }
            if response.clicked() {
                self.perform(act, None, out);
                ui.close();
            }
        }
        focus_by_keys(ui, &entries, by_key);
    }
}

/// Up and down go from entry to entry of a menu; the first has the focus as soon as a key has opened it.
fn focus_by_keys(ui: &Ui, entries: &[Id], by_key: bool) {
    let focused = ui.memory(Memory::focused).and_then(|id| entries.iter().position(|entry| *entry == id));
    let Some(at) = focused else {
        if let (true, Some(first)) = (by_key, entries.first()) {
            ui.memory_mut(|m| m.request_focus(*first));
        }
        return;
    };
    let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|m| m.set_focus_lock_filter(entries[at], filter));
    let step = ui.input_mut(|i| {
        i32::from(i.consume_key(Modifiers::NONE, Key::ArrowDown))
            - i32::from(i.consume_key(Modifiers::NONE, Key::ArrowUp))
    });
    let to = (at as i32 + step).rem_euclid(entries.len() as i32) as usize;
    if step != 0 {
        ui.memory_mut(|m| m.request_focus(entries[to]));
    }
}
