//! The filter on the screen: its fields above the list, a chip for each part in force, and how much it hides.

use super::filter::{Clause, Filter, Standing};
use super::order::{Fold, Kept};
use super::parts::{Part, Parts};
use crate::engine::Snapshot;
use crate::project::Priority;
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::widgets::symbol::{self, Symbol};
use crate::ui::widgets::text;
use crate::ui::{Frame, words};
use eframe::egui::containers::menu::MenuButton;
use eframe::egui::{
    Align, Align2, Button, Id, Key, Layout, Modifiers, Rect, Role, ScrollArea, Sense, TextEdit, Ui, UiBuilder, Vec2,
    WidgetInfo, vec2,
};
use std::collections::BTreeMap;

/// Height of each of its lines.
pub const LINE: f32 = 28.0;
/// Below this width all fields but the text lie behind one button.
const COMPACT: f32 = 700.0;

/// What the bar may change.
#[derive(Debug)]
pub struct Choices<'a> {
    /// What is looked for.
    pub filter: &'a mut Filter,
    /// Into what rows are folded.
    pub fold: &'a mut Fold,
    /// To what alarms belong.
    pub parts: &'a Parts,
}

/// The fields.
pub fn fields_ui(ui: &mut Ui, rect: Rect, frame: &Frame<'_>, choices: &mut Choices<'_>) {
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(rect).layout(layout).id_salt("filter"), |ui| {
        ui.spacing_mut().item_spacing.x = 1.5 * STEP;
        let width = rect.width();
        if width < COMPACT {
            MenuButton::from_button(Button::new("Filter ▼")).ui(ui, |ui| {
                let height = (ui.ctx().content_rect().height() - 60.0).max(60.0);
                ScrollArea::vertical().max_height(height).show(ui, |ui| {
                    ui.horizontal(|ui| priorities_ui(ui, frame, choices.filter));
                    states_ui(ui, choices.filter);
                    ui.separator();
                    parts_ui(ui, frame.snapshot, choices, Clause::Device);
                    ui.separator();
                    parts_ui(ui, frame.snapshot, choices, Clause::Display);
                });
            });
        } else {
            priorities_ui(ui, frame, choices.filter);
            ui.add_space(STEP);
            menu(ui, "State", |ui| states_ui(ui, choices.filter));
            menu(ui, "Device", |ui| parts_ui(ui, frame.snapshot, choices, Clause::Device));
            menu(ui, "Display", |ui| parts_ui(ui, frame.snapshot, choices, Clause::Display));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            fold_ui(ui, choices.fold);
            let room = ui.available_width().clamp(40.0, 260.0);
            search_ui(ui, room, &mut choices.filter.text);
        });
    });
}

fn menu(ui: &mut Ui, words: &str, content: impl FnOnce(&mut Ui)) {
    let button = MenuButton::from_button(Button::new(format!("{words} ▼")));
    let (response, _) = button.ui(ui, |ui| {
        let height = (ui.ctx().content_rect().height() - 60.0).max(60.0);
        ScrollArea::vertical().max_height(height).show(ui, content);
    });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Filter by {}", words.to_lowercase())));
}

/// Four symbols; a press takes a priority out of the list, or back in.
fn priorities_ui(ui: &mut Ui, frame: &Frame<'_>, filter: &mut Filter) {
    let theme = frame.theme;
    for priority in Priority::ALL {
        let out = filter.without[priority as usize];
        let (rect, response) = ui.allocate_exact_size(vec2(30.0, 22.0), Sense::click());
        let edge = if response.has_focus() { theme.select } else { theme.line };
        let fill = if out { theme.track } else { theme.raised };
        let stroke = eframe::egui::Stroke::new(if response.has_focus() { 2.0 } else { 1.0 }, edge);
        ui.painter().rect(rect, 4.0, fill, stroke, eframe::egui::StrokeKind::Inside);
        if out {
            symbol::mark(ui.painter(), priority, rect.center(), 11.0, theme.muted, false);
            ui.painter().line_segment(
                [rect.left_bottom() + vec2(6.0, -5.0), rect.right_top() + vec2(-6.0, 5.0)],
                eframe::egui::Stroke::new(1.5, theme.text),
            );
        } else {
            Symbol::new(priority).paint(ui.painter(), theme, rect.center(), 12.0, true);
        }
        let name = format!("Show {}", priority.word());
        response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, !out, &name));
        let hint = format!("{} {}", if out { "Left out:" } else { "Shown:" }, priority.word());
        if response.on_hover_text(hint).clicked() {
            filter.without[priority as usize] = !out;
        }
    }
}

fn entry(ui: &mut Ui, here: bool, words: &str) -> bool {
    let button = Button::selectable(here, words).min_size(Vec2::new(180.0, 6.0 * STEP));
    let pressed = ui.add(button).clicked();
    if pressed {
        ui.close();
    }
    pressed
}

fn states_ui(ui: &mut Ui, filter: &mut Filter) {
    if entry(ui, filter.state.is_none(), "any state") {
        filter.state = None;
    }
    for state in Standing::ALL {
        if entry(ui, filter.state == Some(state), state.word()) {
            filter.state = Some(state);
        }
    }
}

/// The parts that have alarms now, with how many.
fn parts_ui(ui: &mut Ui, snapshot: &Snapshot, choices: &mut Choices<'_>, clause: Clause) {
    let of_device = clause == Clause::Device;
    let mut counts: BTreeMap<Part, u64> = BTreeMap::new();
    for view in snapshot.alarms.iter().filter(|view| !view.state.is_hidden()) {
        let part = if of_device { choices.parts.device(view.id) } else { choices.parts.display(view.id) };
        *counts.entry(part).or_default() += 1;
    }
    let chosen = if of_device { &mut choices.filter.device } else { &mut choices.filter.display };
    counts.extend(chosen.filter(|part| !counts.contains_key(part)).map(|part| (part, 0)));
    if entry(ui, chosen.is_none(), if of_device { "any device" } else { "any display" }) {
        *chosen = None;
    }
    for (part, count) in counts {
        let words = format!("{}   {}", part.name(&snapshot.plan), words::count(count));
        if entry(ui, *chosen == Some(part), &words) {
            *chosen = Some(part);
        }
    }
}

fn search_ui(ui: &mut Ui, width: f32, text: &mut String) {
    let id = ui.scope_id().with("text");
    let edit = TextEdit::singleline(text)
        .id(id)
        .hint_text("Search  Ctrl+F")
        .align(Align2::LEFT_CENTER)
        .desired_width(width - 8.0)
        .char_limit(200);
    let edit = ui.add(edit);
    edit.widget_info(|| WidgetInfo {
        current_text_value: Some(text.clone()),
        ..WidgetInfo::labeled(Role::TextInput, true, "Search in the list of alarms")
    });
    if ui.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::F)) {
        edit.request_focus();
    }
}

fn fold_ui(ui: &mut Ui, fold: &mut Fold) {
    let words = Fold::ALL.iter().find(|(f, _)| f == fold).map_or("", |(_, words)| *words);
    let (response, _) = MenuButton::from_button(Button::new(format!("{words} ▼"))).ui(ui, |ui| {
        for (other, words) in Fold::ALL {
            if entry(ui, *fold == other, words) {
                *fold = other;
            }
        }
    });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Fold alarms, now {words}")));
}

/// The chips of what is in force, and how much it hides: loud where that waits for a person. One press clears each.
pub fn chips_ui(ui: &mut Ui, rect: Rect, frame: &Frame<'_>, filter: &mut Filter, kept: Kept) {
    let theme = frame.theme;
    let critical = kept.critical > 0;
    let told = kept_words(kept);
    let inner = if critical {
        ui.painter().rect_filled(rect.shrink2(vec2(0.0, 2.0)), 3.0, theme.priority(Priority::Critical));
        rect.shrink2(vec2(2.0 * STEP, 0.0))
    } else {
        rect
    };
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout).id_salt("chips"), |ui| {
        ui.spacing_mut().item_spacing.x = 1.5 * STEP;
        if ui.add(Button::new("Show all")).on_hover_text("Clears the whole filter").clicked() {
            *filter = Filter::default();
            return;
        }
        for clause in filter.clauses() {
            let words = filter.words(clause, &frame.snapshot.plan);
            let room = (ui.available_width() - 160.0).clamp(60.0, 260.0);
            let response = ui.scope(|ui| {
                ui.set_max_width(room);
                ui.add(Button::new(format!("{words} ✗")).truncate())
            });
            let response = response.inner;
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Clear filter {words}")));
            if response.on_hover_text("Clears this part of the filter").clicked() {
                filter.clear(clause);
            }
        }
        let ink = if critical { theme.inverse } else { theme.text };
        let font = if kept.unacknowledged > 0 { fonts::strong(size::BODY) } else { fonts::regular(size::BODY) };
        let room = ui.available_rect_before_wrap();
        let room = room.with_min_x(room.left() + STEP);
        let width = |words: &str| ui.painter().layout_no_wrap(words.to_owned(), font.clone(), ink).size().x;
        let shown = told.iter().find(|words| width(words) <= room.width()).or(told.last());
        let shown = shown.map_or("", String::as_str);
        text::paint(ui.painter(), room, Align2::LEFT_CENTER, shown, font, ink);
        let response = ui.interact(room, Id::unique("kept by the filter"), Sense::hover());
        let role = if kept.unacknowledged > 0 { Role::Alert } else { Role::Status };
        crate::ui::widgets::tell(&response, role, "Kept by the filter", || told.first().cloned().unwrap_or_default());
    });
}

/// What is hidden, in full and in fewer and fewer words: what matters most is never cut.
fn kept_words(kept: Kept) -> Vec<String> {
    let number = |n: u32| words::count(u64::from(n));
    let alarms = |n: u32| format!("{} {}", number(n), if n == 1 { "alarm" } else { "alarms" });
    match kept {
        Kept { alarms: 0, .. } => vec!["the filter hides nothing now".to_owned(), "hides nothing".to_owned()],
        Kept { critical: 0, unacknowledged: 0, alarms: n } => {
            vec![format!("the filter hides {}", alarms(n)), format!("hides {}", number(n))]
        }
        Kept { critical: 0, unacknowledged, alarms: n } => vec![
            format!("the filter hides {}, {} unacknowledged", alarms(n), number(unacknowledged)),
            format!("hides {}, {} unacknowledged", number(n), number(unacknowledged)),
            format!("hides {}", number(n)),
        ],
        Kept { critical, unacknowledged, alarms: n } => vec![
            format!(
                "the filter hides {}: {} UNACKNOWLEDGED, {} OF THEM CRITICAL",
                alarms(n),
                number(unacknowledged),
                number(critical)
            ),
            format!("hides {}: {} CRITICAL UNACKNOWLEDGED", number(n), number(critical)),
            format!("hides {} CRITICAL", number(critical)),
        ],
    }
}
