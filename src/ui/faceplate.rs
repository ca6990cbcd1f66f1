//! The faceplate of the chosen tag: what it is, what to do, what it was in the last hour, and where it comes from.

use super::acts::{Act, Menu, Target};
use super::lasthour::{LastHour, Limit};
use super::panels::journal::beside::Beside;
use super::theme::{RADIUS, STEP, Theme};
use super::tree::heading_ui;
use super::widgets::symbol::Symbol;
use super::widgets::{self, hatch, reading::Reading, text};
use super::words::{self, say};
use super::{Action, Frame, Outbox, fonts, forcing, hand};
use crate::engine::plan::{AlarmPlan, Condition, SourcePlan, TagPlan};
use crate::engine::{AlarmId, AlarmState, LinkState, Quality, TagId, Value};
use crate::project::{DataType, Direction, When};
use crate::time::{Mono, Span};
use eframe::egui::text::{LayoutJob, TextFormat, TextWrapping};
use eframe::egui::{
    Align, Align2, Button, Label, Layout, Popup, Rect, RichText, Role, ScrollArea, Sense, Ui, pos2, vec2,
};
use fonts::size;

/// Width of the faceplate.
pub const WIDTH: f32 = 288.0;
/// Characters of a text that are shown.
const TEXT_CHARS: usize = 800;
/// Neighbours shown.
const NEIGHBOURS: usize = 8;
/// Clicks that follow each other within this are one.
const DOUBLE: Span = Span::from_millis(500);

/// What the faceplate remembers between frames.
#[derive(Debug, Default)]
pub struct FaceplateState {
    hour: LastHour,
    journal: Beside,
    pressed: Option<Mono>,
}

/// The faceplate.
pub fn faceplate_ui(ui: &mut Ui, frame: &Frame<'_>, id: TagId, state: &mut FaceplateState, outbox: &mut Outbox) {
    let (Some(plan), Some(reading)) = (frame.snapshot.plan.tag(id), Reading::new(frame.snapshot, id)) else { return };
    ui.spacing_mut().item_spacing.y = STEP;
    ui.horizontal(|ui| {
        ui.allocate_ui_with_layout(
            vec2(ui.available_width() - 64.0, 22.0),
            Layout::left_to_right(Align::Center),
            |ui| {
                heading_ui(ui, frame, say::FACEPLATE);
            },
        );
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = ui.add(Button::new(say::CLOSE).small()).on_hover_text("Esc");
            widgets::tell(&close, Role::Button, "Close faceplate", String::new);
            if close.clicked() {
                outbox.action(Action::CloseFaceplate);
            }
        });
    });
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let watched = watched(frame, plan);
        if reading.quality.is_made_up() {
            ui.add_space(STEP);
        }
        let head = ui.scope(|ui| head_ui(ui, frame, plan, &reading)).response;
        hand::can_be_taken(&head, id);
        if reading.quality.is_made_up() {
            widgets::forced::frame(ui.painter(), head.rect.expand2(vec2(4.0, STEP)), frame.theme);
            ui.add_space(STEP);
        }
        forcing::faceplate_ui(ui, frame, id, plan, outbox);
        to_do_ui(ui, frame, &watched);
        acts_ui(ui, frame, &watched, state, outbox);
        // Words have no height that a line could show.
        if plan.tag.data_type != DataType::String {
            heading_ui(ui, frame, say::LAST_HOUR);
            let limits: Vec<Limit> = watched.iter().filter_map(|t| Limit::of(frame.snapshot, t.id, t.view)).collect();
            state.hour.ui(ui, frame, id, &limits, outbox);
        }
        open_ui(ui, id, plan, outbox);
        alarms_ui(ui, frame, plan, &watched, outbox);
        facts_ui(ui, frame, plan, &reading);
        forcing::open_ui(ui, id, plan, outbox);
        member_ui(ui, frame, id, plan, outbox);
        state.journal.ui(ui, frame, &plan.name);
        neighbours_ui(ui, frame, id, plan, outbox);
    });
}

/// The tag's alarms, the most urgent limit first, as the plan has them.
fn watched<'a>(frame: &'a Frame<'a>, plan: &TagPlan) -> Vec<Target<'a>> {
    plan.alarms
        .clone()
        .filter_map(|id| {
            let view = frame.snapshot.alarms.iter().find(|view| view.id.0 == id);
            Target::new(frame, AlarmId(id), view)
        })
        .collect()
}

fn head_ui(ui: &mut Ui, frame: &Frame<'_>, plan: &TagPlan, reading: &Reading<'_>) {
    let theme = frame.theme;
    ui.add(Label::new(RichText::new(plan.name.as_ref()).font(fonts::strong(size::TITLE))).wrap().selectable(true));
    if !plan.tag.description.is_empty() {
        ui.add(Label::new(RichText::new(&plan.tag.description).color(theme.muted)).wrap());
    }
    if let Some(Value::Text(text)) = &reading.view.value {
        text_value_ui(ui, frame, plan, reading, text);
        not_good_ui(ui, reading);
        return;
    }
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 52.0), Sense::hover());
    let painter = ui.painter();
    let (shown, ink) = (reading.text_or_dash(), reading.ink(theme));
    let unit_width =
        painter.layout_no_wrap(reading.unit.to_owned(), fonts::regular(size::BODY), theme.muted).size().x.min(90.0);
    let room = rect.width() - 30.0 - unit_width - 3.0 * STEP;
    let number = if reading.is_word() {
        text::line(painter, shown, fonts::regular(size::GREAT), ink, room)
    } else {
        text::number(painter, shown, size::GREAT, ink, room)
    };
    let width = number.size().x;
    let at = pos2(rect.left(), rect.center().y - number.size().y / 2.0);
    if reading.is_bad() {
        let under = Rect::from_min_max(
            pos2(rect.left() - 2.0, rect.top() + 6.0),
            pos2(rect.left() + width + 6.0, rect.bottom() - 6.0),
        );
        hatch::hatch(painter, under, theme.line, 7.0);
    }
    painter.galley(at, number, theme.text);
    let unit = Rect::from_min_max(
        pos2(rect.left() + width + 2.0 * STEP, rect.top()),
        pos2(rect.right() - 30.0, rect.bottom() - 12.0),
    );
    text::paint(painter, unit, Align2::LEFT_BOTTOM, reading.unit, fonts::regular(size::BODY), theme.muted);
    if let Some(alarm) = reading.alarm {
        Symbol::from_tag(alarm).paint(painter, theme, pos2(rect.right() - 14.0, rect.center().y), 18.0, frame.blink_on);
    }
    widgets::tell(&response, Role::Status, &plan.name, || reading.spoken());
    not_good_ui(ui, reading);
}

/// A text in full, wrapped; of one longer than anybody reads its beginning, and how much more there is.
fn text_value_ui(ui: &mut Ui, frame: &Frame<'_>, plan: &TagPlan, reading: &Reading<'_>, text: &str) {
    let theme = frame.theme;
    let (shown, more) = crate::text::bounded(text, TEXT_CHARS);
    let visible = crate::text::visible(shown);
    let shown = if text.is_empty() { "(empty)" } else { visible.as_ref() };
    let mark = if reading.alarm.is_some() { 30.0 } else { 0.0 };
    let mut job = LayoutJob::single_section(
        shown.to_owned(),
        TextFormat::simple(fonts::regular(size::TITLE), reading.ink(theme)),
    );
    job.wrap = TextWrapping { max_width: ui.available_width() - mark, ..TextWrapping::default() };
    job.break_on_newline = false;
    let galley = ui.painter().layout_job(job);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), galley.size().y + 2.0 * STEP), Sense::hover());
    let ink = Rect::from_min_size(rect.min + vec2(0.0, STEP), galley.size());
    if reading.is_bad() {
        hatch::hatch(ui.painter(), ink.expand(2.0).intersect(rect), theme.line, 7.0);
    }
    ui.painter().galley(ink.min, galley, theme.text);
    if let Some(alarm) = reading.alarm {
        let at = pos2(rect.right() - 14.0, rect.top() + 14.0);
        Symbol::from_tag(alarm).paint(ui.painter(), theme, at, 18.0, frame.blink_on);
    }
    widgets::tell(&response, Role::Status, &plan.name, || reading.spoken());
    if more > 0 {
        let words = format!("… and {} characters more", words::count(more as u64));
        ui.add(Label::new(RichText::new(words).color(theme.muted)).wrap());
    }
}

fn not_good_ui(ui: &mut Ui, reading: &Reading<'_>) {
    if !reading.quality.is_good() {
        let age = reading.age.as_deref().map(|age| format!(", {age} old")).unwrap_or_default();
        let words = format!("{}{age}", words::quality_with_detail(reading.view));
        ui.add(Label::new(RichText::new(words).font(fonts::strong(size::BODY))).wrap());
    }
}

/// What the most urgent alarm that is not normal asks for: the response first, then why.
fn to_do_ui(ui: &mut Ui, frame: &Frame<'_>, watched: &[Target<'_>]) {
    let worst = watched
        .iter()
        .filter_map(|t| t.view.filter(|v| !v.state.is_hidden()).map(|v| (t.alarm, v)))
        .min_by_key(|(alarm, view)| (!view.active, alarm.priority, !view.state.needs_acknowledgement()));
    let Some((alarm, _)) = worst else { return };
    heading_ui(ui, frame, say::WHAT_TO_DO);
    let response = alarm.response.as_deref().unwrap_or("No response is written for this alarm");
    ui.add(Label::new(RichText::new(response).font(fonts::strong(size::BODY))).wrap());
    let why = [
        alarm.cause.as_deref().map(|cause| format!("Cause: {cause}")),
        alarm.consequence.as_deref().map(|consequence| format!("Else: {consequence}")),
    ];
    let why: Vec<String> = why.into_iter().flatten().collect();
    if !why.is_empty() {
        ui.add(Label::new(RichText::new(why.join("\n")).color(frame.theme.muted)).wrap());
    }
}

fn facts_ui(ui: &mut Ui, frame: &Frame<'_>, plan: &TagPlan, reading: &Reading<'_>) {
    ui.add_space(STEP);
    let snapshot = frame.snapshot;
    fact_ui(ui, frame.theme, "Quality", &words::quality(reading.quality));
    let age = reading.view.age(snapshot.now.mono);
    let age = match age {
        Some(age) if age < Span::from_secs(2) && reading.quality.is_good() => {
            format!("{:.1} s", age.as_secs_f64().max(0.0))
        }
        Some(age) => words::duration(age),
        None => say::NO_VALUE.to_owned(),
    };
    fact_ui(ui, frame.theme, "Age", &age);
    fact_ui(ui, frame.theme, "Source", &words::source(&plan.tag));
    if let Some(modicon) = words::modicon(&plan.tag) {
        fact_ui(ui, frame.theme, "Modicon", &modicon);
    }
    if let SourcePlan::Fault(why) = &plan.source {
        fact_ui(ui, frame.theme, "Fault", why);
    }
    if !reading.view.raw.bytes().is_empty() {
        fact_ui(ui, frame.theme, "Raw", &reading.view.raw.to_string());
    }
    if let Some([low, high]) = plan.tag.range {
        let unit = if plan.unit.is_empty() { String::new() } else { format!(" {}", plan.unit) };
        fact_ui(
            ui,
            frame.theme,
            "Range",
            &format!("{} – {}{unit}", words::number(low, None), words::number(high, None)),
        );
    }
    if let Some(setpoint) = plan.setpoint.and_then(|id| Reading::new(snapshot, id)) {
        fact_ui(ui, frame.theme, "Setpoint", &setpoint.spoken());
    }
    if let Some(device) = plan.source.device().and_then(|id| snapshot.devices.get(id.index()))
        && let LinkState::NoAnswer(why) = &device.status.state
    {
        let since = words::instant(device.status.since.utc, snapshot.now.utc, frame.zone);
        fact_ui(ui, frame.theme, "Device", &format!("no answer since {since}, {why}"));
    }
    ui.add_space(STEP);
}

/// The tag was found by its topic, and can be forgotten where this program watches the plant.
fn member_ui(ui: &mut Ui, frame: &Frame<'_>, id: TagId, plan: &TagPlan, outbox: &mut Outbox) {
    if !frame.snapshot.plan.is_found(id) {
        return;
    }
    let enabled = frame.about.held_by.is_none() && frame.about.bundle.is_none();
    let forget = ui.add_enabled(enabled, Button::new(say::FORGET_TOPIC).small());
    widgets::tell(&forget, Role::Button, &format!("Forget the topic of {}", plan.name), String::new);
    if forget.on_hover_text("It was found by a message of its topic, and is there until it is forgotten").clicked() {
        outbox.action(Action::Forget(id));
    }
    ui.add_space(STEP);
}

/// A label and what it says, at the two ends of a line; long words go on below.
pub fn fact_ui(ui: &mut Ui, theme: &Theme, label: &str, what: &str) {
    let width = ui.available_width();
    let measured =
        |words: &str| ui.painter().layout_no_wrap(words.to_owned(), fonts::regular(size::BODY), theme.text).size().x;
    let response = if measured(label) + 2.0 * STEP + measured(what) < width {
        let (rect, response) = ui.allocate_exact_size(vec2(width, 19.0), Sense::hover());
        text::paint(ui.painter(), rect, Align2::LEFT_CENTER, label, fonts::regular(size::BODY), theme.muted);
        text::paint(ui.painter(), rect, Align2::RIGHT_CENTER, what, fonts::regular(size::BODY), theme.text);
        response
    } else {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.label(RichText::new(label).color(theme.muted));
            ui.add(Label::new(what).wrap());
        })
        .response
    };
    widgets::tell(&response, Role::Status, label, || what.to_owned());
}

/// The buttons that open the last hour as a trend, and what the device really said.
fn open_ui(ui: &mut Ui, id: TagId, plan: &TagPlan, outbox: &mut Outbox) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = STEP;
        let width = ui.available_width() - STEP;
        if plan.tag.data_type != DataType::String {
            let open = ui.add_sized(vec2(width * 0.45, 26.0), Button::new(say::OPEN_TREND));
            widgets::tell(&open, Role::Button, &format!("Open trend {}", plan.name), String::new);
            if open.on_hover_text("Or a double click on the value, wherever it stands").clicked() {
                outbox.action(Action::OpenTrend(id));
            }
        }
        let open = ui.add_sized(vec2(ui.available_width(), 26.0), Button::new(say::OPEN_FRAMES));
        widgets::tell(&open, Role::Button, &format!("From value to frame {}", plan.name), String::new);
        let hint = "What was asked and answered last, byte by byte, and how it became the value";
        if open.on_hover_text(hint).clicked() {
            outbox.action(Action::OpenFrames(id));
        }
    });
}

fn alarms_ui(ui: &mut Ui, frame: &Frame<'_>, plan: &TagPlan, watched: &[Target<'_>], outbox: &mut Outbox) {
    if watched.is_empty() {
        return;
    }
    ui.add_space(STEP);
    heading_ui(ui, frame, say::ALARMS);
    let theme = frame.theme;
    for target in watched {
        let Target { alarm, view, .. } = *target;
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 23.0), Sense::hover());
        let current = view.map_or(AlarmState::Normal, |v| v.state);
        let normal = current == AlarmState::Normal;
        let ink = if normal { theme.muted } else { theme.text };
        let middle = pos2(rect.left() + 10.0, rect.center().y);
        if normal || current.is_hidden() {
            widgets::symbol::mark(ui.painter(), alarm.priority, middle, 11.0, theme.muted, false);
        } else {
            Symbol::from_state(alarm.priority, current).paint(ui.painter(), theme, middle, 13.0, frame.blink_on);
        }
        let name = Rect::from_min_max(pos2(rect.left() + 26.0, rect.top()), rect.max);
        let words = format!("{}  {}", alarm.short, condition(frame, alarm, plan));
        let named = text::paint(ui.painter(), name, Align2::LEFT_CENTER, words, fonts::regular(size::BODY), ink);
        let said = view.map_or("normal", |v| words::state(v));
        let held = view
            .and_then(|v| v.held_since)
            .map(|since| format!("input bad since {}", words::instant(since, frame.snapshot.now.utc, frame.zone)));
        let menu = Rect::from_min_max(pos2(rect.right() - 24.0, rect.top() + 1.0), rect.max - vec2(0.0, 1.0));
        let state = rect.with_max_x(menu.left() - 1.5 * STEP).with_min_x(named.right() + 2.0 * STEP);
        let words = held.as_deref().unwrap_or(said);
        let font = fonts::regular(size::BODY);
        let width = ui.painter().layout_no_wrap(words.to_owned(), font.clone(), ink).size().x;
        // Beside its limit, or else in the line below: neither is cut for the other.
        let below = width > state.width();
        if !below {
            text::paint(ui.painter(), state, Align2::RIGHT_CENTER, words, font, ink);
        }
        widgets::tell(&response, Role::Status, &alarm.name, || {
            format!("{said}, {}, {}", alarm.priority.word(), condition(frame, alarm, plan))
        });
        response.on_hover_text(alarm.message.as_ref());
        let brush = widgets::Brush { theme, blink_on: frame.blink_on };
        let id = ui.scope_id().with(("menu", target.id.0));
        let button = widgets::button(ui, menu, id, "…", &format!("Menu of {}", alarm.name), &brush);
        let _shown = Popup::menu(&button).show(|ui| target.menu_ui(ui, Menu::Faceplate, button.has_focus(), outbox));
        // What has happened is read here in full, wherever it was cut before.
        if below || (!normal && !alarm.message.is_empty()) {
            ui.horizontal(|ui| {
                ui.add_space(26.0 - ui.spacing().item_spacing.x);
                let message = crate::text::bounded(&alarm.message, TEXT_CHARS).0;
                let message = Some(message.to_owned()).filter(|m| !normal && !m.is_empty());
                let marks = view.map(words::marks).unwrap_or_default();
                let said = below.then(|| words.to_owned());
                let message: Vec<String> = said.into_iter().chain(marks).chain(message).collect();
                ui.add(Label::new(RichText::new(message.join(" · ")).color(theme.muted)).wrap());
            });
        }
        if let Some(reason) = super::banner::refusal(frame.snapshot, &alarm.name) {
            ui.add(Label::new(RichText::new(format!("refused: {reason}")).font(fonts::strong(size::BODY))).wrap());
        }
    }
}

/// What can be done about it, each button saying which alarm it means; above the technical part, within reach. All else is
/// in the menu of each alarm below.
fn acts_ui(ui: &mut Ui, frame: &Frame<'_>, watched: &[Target<'_>], state: &mut FaceplateState, outbox: &mut Outbox) {
    let width = ui.available_width();
    for (target, view) in watched.iter().filter_map(|t| t.view.map(|view| (t, view))) {
        let act = match view.state {
            state if state.needs_acknowledgement() => Act::Acknowledge,
            AlarmState::LatchedAcknowledged => Act::Reset,
            _ => continue,
        };
        let short = &target.alarm.short;
        let words = if view.recording {
            format!("{short}: {}", say::RECORDING)
        } else {
            format!("{} {short}", target.label(act))
        };
        let now = frame.snapshot.now.mono;
        if target.button_ui(ui, act, &words, width).clicked()
            && state.pressed.is_none_or(|before| now - before >= DOUBLE)
        {
            state.pressed = Some(now);
            target.perform(act, None, outbox);
        }
    }
    // The alarm that asks for most is the one to be shelved; any other is in its menu.
    let shown = watched.iter().filter(|t| t.view.is_some_and(|v| !v.state.is_hidden()));
    if let Some(worst) = shown.min_by_key(|t| t.alarm.priority) {
        let words = format!("Shelve {}…", worst.alarm.short);
        if worst.button_ui(ui, Act::Shelve, &words, width).clicked() {
            worst.perform(Act::Shelve, None, outbox);
        }
    }
    if let Some(named) = watched.iter().find(|t| t.view.is_some() && t.alarm.display.is_some())
        && named.button_ui(ui, Act::Display, &named.label(Act::Display), width).clicked()
    {
        named.perform(Act::Display, None, outbox);
    }
}

/// What an alarm watches for, short: the limit in force, its state.
pub fn condition(frame: &Frame<'_>, alarm: &AlarmPlan, plan: &TagPlan) -> String {
    if alarm.condition.limit().is_some() {
        let snapshot = frame.snapshot;
        let limit = snapshot.plan.alarm_id(&alarm.name).and_then(|id| snapshot.limit(id));
        let Some(limit) = limit else { return say::NO_LIMIT_NOW.to_owned() };
        let words = words::limit(limit, &plan.tag);
        return match alarm.condition {
            Condition::Rate { over, direction: Direction::Either, .. } => format!("{words}/s over {over}"),
            Condition::Rate { over, direction, .. } => format!("{words}/s {} over {over}", direction.word()),
            Condition::Deviation { from, .. } => {
                format!("{words} from {}", snapshot.plan.tag(from).map_or("", |tag| &tag.name))
            }
            _ => words,
        };
    }
    match alarm.condition {
        Condition::State(When::Bool(state)) => {
            state_words(i64::from(state), plan, if state { say::ON } else { say::OFF })
        }
        Condition::State(When::Int(state)) => state_words(state, plan, &state.to_string()),
        Condition::Quality => "bad or stale".to_owned(),
        _ => String::new(),
    }
}

fn state_words(state: i64, plan: &TagPlan, otherwise: &str) -> String {
    plan.tag.labels.word(state).unwrap_or(otherwise).to_owned()
}

/// Tags of the same part of the plant: those whose names begin alike.
fn neighbours_ui(ui: &mut Ui, frame: &Frame<'_>, id: TagId, plan: &TagPlan, outbox: &mut Outbox) {
    let Some((stem, _)) = plan.name.rsplit_once('.') else { return };
    // Looked for near the tag alone: neighbours stand together in a project, and a plant may have 100,000 tags.
    let tags = &frame.snapshot.plan.tags;
    let around = id.index().saturating_sub(200)..(id.index() + 200).min(tags.len());
    let near: Vec<usize> = around
        .filter(|i| *i != id.index())
        .filter(|i| tags[*i].name.rsplit_once('.').is_some_and(|(s, _)| s == stem))
        .take(NEIGHBOURS)
        .collect();
    if near.is_empty() {
        return;
    }
    ui.add_space(STEP);
    heading_ui(ui, frame, say::NEIGHBOURS);
    for i in near {
        let other = TagId(i as u32);
        let Some(reading) = Reading::new(frame.snapshot, other) else { continue };
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 23.0), Sense::hover());
        let brush = widgets::Brush { theme: frame.theme, blink_on: frame.blink_on };
        let response = widgets::press(ui, rect, ui.scope_id().with(("neighbour", i)), &brush, f32::from(RADIUS - 2));
        widgets::tell(&response, Role::Button, &format!("Open faceplate {}", reading.name), || reading.spoken());
        let painter = ui.painter();
        let value = reading
            .view
            .value
            .as_ref()
            .map_or_else(|| say::NO_VALUE.to_owned(), |v| words::value_with_unit(v, reading.tag));
        let value = if reading.quality == Quality::STALE { format!("{value}, stale") } else { value };
        let drawn = text::paint(
            painter,
            rect,
            Align2::RIGHT_CENTER,
            value,
            fonts::regular(size::BODY),
            reading.ink(frame.theme),
        );
        if reading.is_bad() {
            hatch::hatch(painter, drawn.expand(2.0), frame.theme.line, 5.0);
            hatch::cross(painter, pos2(drawn.left() - 10.0, rect.center().y), 7.0, frame.theme.muted);
        }
        if reading.quality.is_made_up() {
            widgets::forced::frame(painter, drawn.expand2(vec2(4.0, 1.0)), frame.theme);
        }
        let name = Rect::from_min_max(rect.min, pos2(drawn.left() - 20.0, rect.bottom()));
        text::paint(painter, name, Align2::LEFT_CENTER, reading.name, fonts::regular(size::BODY), frame.theme.muted);
        hand::can_be_taken(&response, other);
        if response.clicked() {
            outbox.action(Action::OpenFaceplate(other));
        }
    }
}
