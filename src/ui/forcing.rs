//! Trying out on the real screens: the sheet that forces a value by hand, and the list of what is forced, where each is
//! released, or all at once.

use super::acts;
use super::ask::{REASON_CHARS, note_from};
use super::dialogs;
use super::fonts::{self, size};
use super::theme::STEP;
use super::until;
use super::widgets::{self, reading::Reading};
use super::words::{self, say};
use super::{Action, Frame, Outbox, simulating};
use crate::engine::forcing::value_from;
use crate::engine::plan::TagPlan;
use crate::engine::{Command, ForcedView, TagId, TagView};
use crate::time::{Span, Utc};
use eframe::egui::{Button, Id, Key, Label, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};
use std::sync::Arc;

/// Reasons that are one press away.
const REASONS: [&str; 4] = ["Trying out an alarm", "Loop check", "Being calibrated", "Instrument fault, value known"];

/// For how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    Released,
    Minutes(i64),
    Own,
}

/// The sheet while it is open.
#[derive(Debug)]
pub struct Forcing {
    tag: Arc<str>,
    typed: String,
    bad: bool,
    reason: String,
    length: Length,
    own: String,
    opened: bool,
}

impl Forcing {
    /// Of a tag; nothing is forced yet.
    pub const fn new(tag: Arc<str>) -> Self {
        Self {
            tag,
            typed: String::new(),
            bad: false,
            reason: String::new(),
            length: Length::Released,
            own: String::new(),
            opened: false,
        }
    }

    /// The heading.
    pub fn title(&self) -> String {
        format!("Force {}", self.tag)
    }

    fn until(&self, frame: &Frame<'_>) -> Result<Option<Utc>, String> {
        let now = frame.snapshot.now.utc;
        match self.length {
            Length::Released => Ok(None),
            Length::Minutes(minutes) => Ok(Some(now + Span::from_secs(60 * minutes))),
            Length::Own => until::end_from(&self.own, now, frame.zone).map(Some),
        }
    }

    /// What would be sent, or what is missing for it.
    fn command(&self, frame: &Frame<'_>, plan: &TagPlan) -> Result<Command, String> {
        if let Some(why) = acts::not_here(frame.about) {
            return Err(why);
        }
        let value = match (self.bad, self.typed.trim()) {
            (true, _) => None,
            (false, "") => Some(Err("Type a value first".to_owned())),
            (false, typed) => Some(value_from(plan, typed)),
        };
        let value = value.transpose()?;
        let until = self.until(frame)?;
        let Some(reason) = note_from(&self.reason) else {
            return Err("Say why: press a reason, or write one".to_owned());
        };
        Ok(Command::Force { by: frame.actor(), tag: Arc::clone(&self.tag), value, reason: Some(reason), until })
    }

    /// The sheet's content; `true` once it is done.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, out: &mut Outbox) -> bool {
        let snapshot = frame.snapshot;
        let Some((id, plan)) = snapshot.plan.tag_id(&self.tag).and_then(|id| Some((id, snapshot.plan.tag(id)?))) else {
            ui.label("The project has no such tag any more");
            return false;
        };
        let theme = frame.theme;
        let live = snapshot.forced(id).map(|forced| &forced.live).or_else(|| snapshot.tag(id));
        let says = live.map(|live| live_words(live, plan)).unwrap_or_default();
        let words =
            "Formulas, alarms and screens take this value until it is released; the device itself is not written to";
        ui.add(Label::new(RichText::new(words).color(theme.muted)).wrap());
        ui.add_space(2.0 * STEP);
        let mut enter = self.value_ui(ui, frame, plan, &says);
        ui.add_space(2.0 * STEP);
        enter |= self.length_ui(ui, frame);
        ui.add_space(2.0 * STEP);
        ui.label(fonts::bold("Why"));
        enter |= field_ui(ui, "force reason", "Reason of the force", &mut self.reason, "", f32::INFINITY);
        ui.horizontal_wrapped(|ui| {
            for reason in REASONS {
                if ui.add(Button::selectable(self.reason == reason, reason).frame_when_inactive(true)).clicked() {
                    reason.clone_into(&mut self.reason);
                }
            }
        });
        ui.add_space(3.0 * STEP);
        self.send_ui(ui, frame, plan, enter, out)
    }

    fn value_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, plan: &TagPlan, says: &str) -> bool {
        let theme = frame.theme;
        ui.label(fonts::bold("Value"));
        let mut enter = false;
        ui.horizontal_wrapped(|ui| {
            ui.add_enabled_ui(!self.bad, |ui| {
                enter = field_ui(ui, "force value", "Forced value", &mut self.typed, "", 150.0);
            });
            if !self.opened {
                self.opened = true;
                ui.memory_mut(|memory| memory.request_focus(Id::unique("force value")));
            }
            if !plan.unit.is_empty() {
                ui.label(RichText::new(plan.unit.as_ref()).color(theme.muted));
            }
            let bad = ui.checkbox(&mut self.bad, "Bad quality, no value");
            widgets::tell(&bad, Role::CheckBox, "Force bad quality", String::new);
        });
        ui.horizontal_wrapped(|ui| {
            for (_, word) in plan.tag.labels.0.iter().take(12) {
                let chosen = self.typed.eq_ignore_ascii_case(word);
                if ui.add(Button::selectable(chosen, word).frame_when_inactive(true)).clicked() {
                    self.typed.clone_from(word);
                    self.bad = false;
                }
            }
        });
        let told = ui.add(Label::new(RichText::new(says).color(theme.muted)).wrap());
        widgets::tell(&told, Role::Status, "What the device says", || says.to_owned());
        enter
    }

    fn length_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>) -> bool {
        ui.label(fonts::bold("For how long"));
        let mut enter = false;
        ui.horizontal_wrapped(|ui| {
            for (length, words) in [
                (Length::Released, "Until released"),
                (Length::Minutes(10), "10 min"),
                (Length::Minutes(60), "1 h"),
                (Length::Own, "Other"),
            ] {
                let here = self.length == length;
                let button = ui.add(Button::selectable(here, words).frame_when_inactive(true));
                button.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, here, format!("Force: {words}")));
                if button.clicked() {
                    self.length = length;
                }
            }
            if self.length == Length::Own {
                enter = field_ui(ui, "force time", "Time of the force", &mut self.own, "45 min, 2 h, 16:30", 130.0);
            }
        });
        let now = frame.snapshot.now.utc;
        let words = match self.until(frame) {
            Ok(None) => "It stands until somebody releases it, or the program ends".to_owned(),
            Ok(Some(until)) => {
                let length = words::duration_of_range(until - now);
                format!("Until {}, in {length}; then it is released by itself", words::instant(until, now, frame.zone))
            }
            Err(why) => why,
        };
        ui.add(Label::new(RichText::new(words).color(frame.theme.muted)).wrap());
        enter
    }

    fn send_ui(&self, ui: &mut Ui, frame: &Frame<'_>, plan: &TagPlan, enter: bool, out: &mut Outbox) -> bool {
        let command = self.command(frame, plan);
        let mut done = false;
        ui.horizontal_wrapped(|ui| {
            let button =
                Button::new(RichText::new("Force").font(fonts::strong(size::BODY))).min_size(vec2(120.0, 28.0));
            let response = ui.add_enabled(command.is_ok(), button);
            let name = format!("Confirm: {}", self.title());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, command.is_ok(), &name));
            done = ui.add(Button::new(say::CANCEL).min_size(vec2(90.0, 28.0))).clicked();
            match command {
                Ok(command) if response.clicked() || enter => {
                    out.command(command);
                    done = true;
                }
                Ok(_) => {}
                Err(why) => {
                    ui.add(Label::new(RichText::new(&why).color(frame.theme.muted)).wrap());
                    response.on_disabled_hover_text(why);
                }
            }
        });
        done
    }
}

/// A field of one line; gives back whether Enter was pressed in it.
pub fn field_ui(ui: &mut Ui, id: &'static str, name: &str, text: &mut String, hint: &str, width: f32) -> bool {
    let edit =
        TextEdit::singleline(text).id(Id::unique(id)).hint_text(hint).desired_width(width).char_limit(REASON_CHARS);
    let edit = ui.add(edit);
    edit.widget_info(|| WidgetInfo {
        current_text_value: Some(text.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, name)
    });
    edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter))
}

/// What the device says of a tag that is forced: `The device says 42.0 %, good`.
pub fn live_words(live: &TagView, plan: &TagPlan) -> String {
    let value = live.value.as_ref().map(|value| words::value_with_unit(value, &plan.tag));
    let who = if plan.source.device().is_some() { "The device" } else { "The formula" };
    match (value, live.quality.is_good()) {
        (Some(value), true) => format!("{who} says {value}"),
        (Some(value), false) if !live.quality.is_bad() => {
            format!("{who} says {value}, {}", words::quality(live.quality))
        }
        (Some(value), false) => format!("{who} last said {value}, {}", words::quality_with_detail(live)),
        (None, _) => format!("{who} has said nothing yet, {}", words::quality_with_detail(live)),
    }
}

/// Who forced it, since when, until when and why.
fn hand_words(frame: &Frame<'_>, forced: &ForcedView) -> String {
    let now = frame.snapshot.now.utc;
    let since = words::instant(forced.at, now, frame.zone);
    let until = match forced.until {
        Some(until) => {
            format!("until {}, {}", words::instant(until, now, frame.zone), until::left(until, now))
        }
        None => "until released".to_owned(),
    };
    let why = forced.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("by {} since {since}, {until}{why}", forced.by)
}

fn release(frame: &Frame<'_>, tag: Option<Arc<str>>) -> Command {
    Command::Release { by: frame.actor(), tag }
}

/// What a faceplate says of it: that it is forced and by whom, what the device says, and the button that ends it.
pub fn faceplate_ui(ui: &mut Ui, frame: &Frame<'_>, id: TagId, plan: &TagPlan, out: &mut Outbox) {
    let theme = frame.theme;
    if let Some(why) = super::banner::refusal(frame.snapshot, &plan.name) {
        ui.add(Label::new(RichText::new(format!("refused: {why}")).font(fonts::strong(size::BODY))).wrap());
    }
    let not_here = acts::not_here(frame.about);
    let Some(forced) = frame.snapshot.forced(id) else { return };
    let live = live_words(&forced.live, plan);
    let told = ui.add(Label::new(RichText::new(&live).font(fonts::strong(size::BODY))).wrap());
    widgets::tell(&told, Role::Status, "What the device says", || live.clone());
    ui.add(Label::new(RichText::new(hand_words(frame, forced)).color(theme.muted)).wrap());
    let width = ui.available_width();
    let add = |ui: &mut Ui| ui.add_sized(vec2(width, 26.0), Button::new("Release the forced value"));
    let button = ui.add_enabled_ui(not_here.is_none(), add).inner;
    widgets::tell(&button, Role::Button, &format!("Release {}", plan.name), String::new);
    if button.on_disabled_hover_text(not_here.unwrap_or_default()).clicked() {
        out.command(release(frame, Some(Arc::clone(&plan.name))));
    }
    ui.add_space(STEP);
}

/// The button of a faceplate that opens the sheet.
pub fn open_ui(ui: &mut Ui, id: TagId, plan: &TagPlan, out: &mut Outbox) {
    let button = ui.add(Button::new("Force…").small());
    widgets::tell(&button, Role::Button, &format!("Force {}", plan.name), String::new);
    let hint = "Try out with a value of your own: alarms, formulas and screens take it until it is released";
    if button.on_hover_text(hint).clicked() {
        out.action(Action::Force(id));
    }
}

/// All that is forced, the newest first; each is released by its button, or all by one.
pub fn list_ui(ui: &mut Ui, frame: &Frame<'_>, out: &mut Outbox) {
    let theme = frame.theme;
    let snapshot = frame.snapshot;
    simulating::list_ui(ui, frame, out);
    if snapshot.forced.is_empty() {
        let words = "No value is forced. Force… on a faceplate, or \"force\" and a name in the finder, begins it";
        ui.add(Label::new(RichText::new(words).color(theme.muted)).wrap());
        return;
    }
    let not_here = acts::not_here(frame.about);
    let height = (dialogs::room(ui.ctx()).y - 220.0).max(60.0);
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
        for forced in snapshot.forced.iter() {
            let (Some(plan), Some(reading)) = (snapshot.plan.tag(forced.tag), Reading::new(snapshot, forced.tag))
            else {
                continue;
            };
            ui.horizontal(|ui| {
                let button = ui.add_enabled(not_here.is_none(), Button::new("Release").min_size(vec2(80.0, 26.0)));
                widgets::tell(&button, Role::Button, &format!("Release {}", plan.name), String::new);
                if button.clicked() {
                    out.command(release(frame, Some(Arc::clone(&plan.name))));
                }
                ui.vertical(|ui| {
                    let value = forced_words(&reading);
                    let words = format!("{}  {value}", plan.name);
                    let row = ui.add(Label::new(RichText::new(words).font(fonts::strong(size::BODY))).wrap());
                    let live = live_words(&forced.live, plan);
                    widgets::tell(&row, Role::ListItem, &format!("forced {}", plan.name), || {
                        format!("{value}; {live}")
                    });
                    ui.add(Label::new(live).wrap());
                    ui.add(Label::new(RichText::new(hand_words(frame, forced)).color(theme.muted)).wrap());
                });
            });
            ui.separator();
        }
    });
    ui.add_space(STEP);
    let all = Button::new(RichText::new("Release all").font(fonts::strong(size::BODY)));
    let all = ui.add_enabled_ui(not_here.is_none(), |ui| ui.add_sized(vec2(140.0, 28.0), all)).inner;
    if all.on_disabled_hover_text(not_here.unwrap_or_default()).clicked() {
        out.command(release(frame, None));
    }
}

/// The forced value in words; `bad` where it is forced bad.
fn forced_words(reading: &Reading<'_>) -> String {
    match &reading.view.value {
        Some(value) if !reading.is_bad() => words::value_with_unit(value, reading.tag),
        _ => "bad".to_owned(),
    }
}

/// Their names, for a tooltip.
pub fn spoken(frame: &Frame<'_>) -> String {
    let plan = &frame.snapshot.plan;
    let names = frame.snapshot.forced.iter().filter_map(|forced| plan.tag(forced.tag)).map(|tag| tag.name.as_ref());
    let names: Vec<&str> = names.take(10).collect();
    let more = frame.snapshot.forced.len().saturating_sub(names.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let forced = (!names.is_empty()).then(|| format!("Forced by hand: {}{more}", names.join(", ")));
    let devices: Vec<&str> = frame.snapshot.simulated.iter().map(|simulated| simulated.device.as_ref()).collect();
    let simulated = (!devices.is_empty()).then(|| format!("Simulated: {}", devices.join(", ")));
    [forced, simulated].into_iter().flatten().collect::<Vec<_>>().join("; ")
}
