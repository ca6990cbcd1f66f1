//! All about the alarm that is chosen: what has happened, what to do, what can be done here, its value and last hour, how
//! it is set, and what became of it before.

use super::before::Before;
use crate::engine::plan::{AlarmPlan, Condition, Subject, TagPlan};
use crate::engine::{AlarmId, AlarmState, AlarmView, TagId};
use crate::time::Span;
use crate::ui::acts::{Act, Target};
use crate::ui::faceplate::{condition, fact_ui};
use crate::ui::fonts::{self, size};
use crate::ui::lasthour::{LastHour, Limit};
use crate::ui::theme::{LINE, STEP};
use crate::ui::tree::heading_ui;
use crate::ui::widgets::symbol::symbol_ui;
use crate::ui::widgets::{self, hatch, reading::Reading, symbol::Symbol};
use crate::ui::words::{self, say};
use crate::ui::{Frame, Outbox, banner};
use eframe::egui::{Align, Button, Label, Layout, Rect, RichText, Role, ScrollArea, Stroke, Ui, UiBuilder, vec2};

/// Width beside the list.
pub const WIDTH: f32 = 316.0;

/// What is remembered from frame to frame.
#[derive(Debug, Default)]
pub struct Detail {
    hour: LastHour,
    before: Before,
    /// Of which tag the hour is.
    tag: Option<TagId>,
}

impl Detail {
    /// Paints it into `rect`; `false`: it was closed.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        frame: &Frame<'_>,
        id: AlarmId,
        view: Option<&AlarmView>,
        out: &mut Outbox,
    ) -> bool {
        let Some(target) = Target::new(frame, id, view) else { return false };
        ui.painter().vline(rect.left(), rect.y_range(), Stroke::new(LINE, frame.theme.line));
        let inner = rect.with_min_x(rect.left() + 3.0 * STEP);
        let mut open = true;
        ui.scope_builder(UiBuilder::new().max_rect(inner).id_salt("detail"), |ui| {
            ui.spacing_mut().item_spacing = vec2(2.0 * STEP, STEP);
            ui.spacing_mut().scroll.fade.strength = 0.0;
            ui.horizontal(|ui| {
                let heading = vec2(ui.available_width() - 64.0, 22.0);
                ui.allocate_ui_with_layout(heading, Layout::left_to_right(Align::Center), |ui| {
                    heading_ui(ui, frame, "Alarm");
                });
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let close = ui.add(Button::new(say::CLOSE).small()).on_hover_text("Esc");
                    widgets::tell(&close, Role::Button, "Close detail of the alarm", String::new);
                    open = !close.clicked();
                });
            });
            ScrollArea::vertical().auto_shrink([false, false]).id_salt("about the alarm").show(ui, |ui| {
                head_ui(ui, frame, target.alarm, view);
                to_do_ui(ui, frame, target.alarm);
                acts_ui(ui, &target, out);
                if let Subject::Tag(tag) = target.alarm.subject {
                    self.value_ui(ui, frame, tag, &target, out);
                }
                occurrence_ui(ui, frame, target.alarm, view);
                self.before.ui(ui, frame, target.alarm, view);
                facts_ui(ui, frame, target.alarm);
            });
        });
        open
    }

    fn value_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, tag: TagId, target: &Target<'_>, out: &mut Outbox) {
        let Some(reading) = Reading::new(frame.snapshot, tag) else { return };
        heading_ui(ui, frame, "Value now");
        now_ui(ui, frame, &reading);
        if reading.tag.data_type == crate::project::DataType::String {
            return;
        }
        if self.tag != Some(tag) {
            (self.tag, self.hour) = (Some(tag), LastHour::default());
        }
        heading_ui(ui, frame, say::LAST_HOUR);
        let limits: Vec<Limit> = Limit::of(frame.snapshot, target.id, target.view).into_iter().collect();
        self.hour.ui(ui, frame, tag, &limits, out);
    }
}

/// Name, state, marks, message; a refusal before all.
fn head_ui(ui: &mut Ui, frame: &Frame<'_>, alarm: &AlarmPlan, view: Option<&AlarmView>) {
    let theme = frame.theme;
    let now = frame.snapshot.now;
    let state = view.map_or(AlarmState::Normal, |v| v.state);
    ui.horizontal(|ui| {
        symbol_ui(ui, theme, Symbol::from_state(alarm.priority, state), 14.0, frame.blink_on);
        let name = RichText::new(alarm.name.as_ref()).font(fonts::strong(size::TITLE));
        ui.add(Label::new(name).wrap().selectable(true));
    });
    let mut said = vec![view.map_or("normal", words::state).to_owned(), alarm.priority.word().to_owned()];
    said.extend(view.map(|v| {
        format!("{} for {}", words::instant(v.raised, now.utc, frame.zone), words::duration(now.mono - v.raised_mono))
    }));
    let response = ui.add(Label::new(RichText::new(said.join(" · ")).color(theme.muted)).wrap());
    widgets::tell(&response, Role::Status, &format!("State of {}", alarm.name), || said.join(", "));
    let marks = view.map(words::marks).unwrap_or_default();
    if !marks.is_empty() {
        ui.add(Label::new(fonts::bold(marks.join(" · "))).wrap());
    }
    if let Some(reason) = banner::refusal(frame.snapshot, &alarm.name) {
        let label = ui.add(Label::new(fonts::bold(format!("refused: {reason}"))).wrap());
        widgets::tell(&label, Role::Alert, &format!("Refusal of {}", alarm.name), || reason.clone());
    }
    if !alarm.message.is_empty() {
        ui.add(Label::new(super::row::bounded(&alarm.message)).wrap().selectable(true));
    }
    if let Some(since) = view.and_then(|v| v.held_since) {
        let words = format!("input bad since {}: held where it is", words::instant(since, now.utc, frame.zone));
        ui.add(Label::new(fonts::bold(words)).wrap());
    }
}

/// What to do stands above everything technical.
fn to_do_ui(ui: &mut Ui, frame: &Frame<'_>, alarm: &AlarmPlan) {
    heading_ui(ui, frame, say::WHAT_TO_DO);
    let response = alarm.response.as_deref().unwrap_or("No response is written for this alarm");
    ui.add(Label::new(fonts::bold(response)).wrap());
    for (word, what) in [("Cause", &alarm.cause), ("Else", &alarm.consequence)] {
        if let Some(what) = what {
            ui.add(Label::new(RichText::new(format!("{word}: {what}")).color(frame.theme.muted)).wrap());
        }
    }
}

/// Every act in its state: the first alone in its line, the others two by two.
fn acts_ui(ui: &mut Ui, target: &Target<'_>, out: &mut Outbox) {
    ui.add_space(STEP);
    let mut acts = target.offered();
    if acts.first() == Some(&Act::Acknowledge) {
        acts.remove(0);
        let label = format!("{} {}", say::ACKNOWLEDGE, target.alarm.short);
        if target.button_ui(ui, Act::Acknowledge, &label, ui.available_width()).clicked() {
            target.perform(Act::Acknowledge, None, out);
        }
    }
    let goes_to_display = acts.last() == Some(&Act::Display) && acts.pop().is_some();
    let half = (ui.available_width() - 2.0 * STEP) / 2.0;
    for pair in acts.chunks(2) {
        ui.horizontal(|ui| {
            for act in pair {
                let label = match act {
                    Act::Note => "With a note…".to_owned(),
                    Act::OutOfService => "Out of service…".to_owned(),
                    Act::Subject if matches!(target.alarm.subject, Subject::Tag(_)) => say::FACEPLATE.to_owned(),
                    act => target.label(*act),
                };
                let pressed = ui
                    .scope(|ui| {
                        ui.set_max_width(half);
                        target.button_ui(ui, *act, &label, half).clicked()
                    })
                    .inner;
                if pressed {
                    target.perform(*act, None, out);
                }
            }
        });
    }
    if goes_to_display {
        let label = target.label(Act::Display);
        if target.button_ui(ui, Act::Display, &label, ui.available_width()).clicked() {
            target.perform(Act::Display, None, out);
        }
    }
}

/// The value with its quality and age; the last good one of a bad one is struck.
fn now_ui(ui: &mut Ui, frame: &Frame<'_>, reading: &Reading<'_>) {
    let theme = frame.theme;
    let unit = if reading.unit.is_empty() { String::new() } else { format!(" {}", reading.unit) };
    let words = format!("{}{unit}", reading.text_or_dash());
    let label =
        ui.add(Label::new(RichText::new(words).font(fonts::strong(size::TITLE)).color(reading.ink(theme))).wrap());
    if reading.is_bad() {
        hatch::hatch(ui.painter(), label.rect.expand(2.0), theme.line, 6.0);
    }
    widgets::tell(&label, Role::Status, reading.name, || reading.spoken());
    let age = reading.view.age(frame.snapshot.now.mono).filter(|age| *age >= Span::from_secs(1)).map(words::duration);
    let age = age.map(|age| format!(", {age} old")).unwrap_or_default();
    let words = format!("{}{age}", words::quality_with_detail(reading.view));
    let ink = if reading.quality.is_good() { theme.muted } else { theme.text };
    ui.add(Label::new(RichText::new(words).color(ink)).wrap());
}

/// What is known of this occurrence.
fn occurrence_ui(ui: &mut Ui, frame: &Frame<'_>, alarm: &AlarmPlan, view: Option<&AlarmView>) {
    let theme = frame.theme;
    let time = |at| words::instant(at, frame.snapshot.now.utc, frame.zone);
    if let Some(view) = view {
        heading_ui(ui, frame, "This occurrence");
        let mut fact = |label: &str, what: &str| fact_ui(ui, theme, label, what);
        fact("Number", &words::count(view.occurrence));
        fact("Condition began", &time(view.began));
        fact("Raised", &time(view.raised));
        if let (Some(value), Some(tag)) = (&view.value, tag_of(frame, alarm)) {
            fact("Value then", &words::value_with_unit(value, &tag.tag));
        }
        if let Some(why) = &view.why {
            fact("Came", why);
        }
        match view.returned.filter(|_| !view.active) {
            Some(returned) => fact("Condition", &format!("gone since {}", time(returned))),
            None => fact("Condition", if view.active { "holds" } else { "gone" }),
        }
        if let Some((who, at)) = &view.acknowledged {
            fact("Acknowledged by", &format!("{who}, {}", time(*at)));
        }
        if let Some(hidden) = &view.hidden {
            let by = hidden.by.as_deref().unwrap_or("its formula, by design");
            fact("Hidden by", &format!("{by}, {}", time(hidden.at)));
            fact("Why", hidden.reason.as_deref().unwrap_or("no reason was given"));
        }
        if view.hidden.is_some() && view.came_hidden > 0 {
            fact("Came meanwhile", &words::count(u64::from(view.came_hidden)));
        }
        if let Some(until) = view.shelved_until {
            fact("Shelved until", &time(until));
        }
    }
}

/// How it is set.
fn facts_ui(ui: &mut Ui, frame: &Frame<'_>, alarm: &AlarmPlan) {
    let theme = frame.theme;
    heading_ui(ui, frame, "How it is set");
    let mut fact = |label: &str, what: &str| fact_ui(ui, theme, label, what);
    fact("Kind", alarm.kind);
    if let Some(tag) = tag_of(frame, alarm) {
        fact("Limit", &condition(frame, alarm, tag));
        match alarm.condition {
            Condition::AtOrAbove { deadband, .. }
            | Condition::AtOrBelow { deadband, .. }
            | Condition::Deviation { deadband, .. } => fact("Deadband", &words::limit(deadband, &tag.tag)),
            Condition::Rate { deadband, .. } => fact("Deadband", &format!("{}/s", words::limit(deadband, &tag.tag))),
            _ => {}
        }
    }
    for row in alarm.limits.iter() {
        let limit = match (row.limit.number(), tag_of(frame, alarm)) {
            (Some(limit), Some(tag)) => words::limit(limit, &tag.tag),
            _ => "no limit".to_owned(),
        };
        fact(&format!("While {}", row.text), &limit);
    }
    fact("On-delay", &words::duration_of_range(alarm.on_delay));
    fact("Off-delay", &words::duration_of_range(alarm.off_delay));
    if alarm.latch {
        fact("Latch", "until reset");
    }
    if let Some(written) = &alarm.written {
        if let Some(group) = &written.group {
            let first = first_out(frame, alarm);
            fact("Group", &first.map_or_else(|| group.clone(), |first| format!("{group}, first out {first}")));
        }
        if let Some(formula) = &written.suppress_when {
            fact("Suppressed when", formula);
        }
    }
}

fn tag_of<'a>(frame: &Frame<'a>, alarm: &AlarmPlan) -> Option<&'a TagPlan> {
    match alarm.subject {
        Subject::Tag(id) => frame.snapshot.plan.tag(id),
        Subject::Device(_) | Subject::System => None,
    }
}

/// Which of its group came first, while the group is not normal.
fn first_out(frame: &Frame<'_>, alarm: &AlarmPlan) -> Option<String> {
    let group = alarm.group?;
    let plan = &frame.snapshot.plan;
    let mut marked = frame.snapshot.alarms.iter().filter(|view| view.first_out).filter_map(|view| plan.alarm(view.id));
    marked.find(|other| other.group == Some(group)).map(|other| other.name.to_string())
}
