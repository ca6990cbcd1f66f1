//! The tree of displays: each with the worst priority and the number of alarms on it and beneath it.

use super::shell::Place;
use super::theme::{RADIUS, STEP};
use super::widgets::symbol::Symbol;
use super::widgets::{self, Brush, text};
use super::words::{self, say};
use super::{Action, Frame, Outbox, fonts, hand};
use crate::engine::{AlarmId, AlarmState, Plan, Snapshot};
use crate::project::Priority;
use eframe::egui::{
    Align2, Button, Color32, CornerRadius, Label, Rect, Response, RichText, Role, ScrollArea, Sense, Ui, pos2, vec2,
};
use fonts::size;

/// Height of a row.
const ROW: f32 = 25.0;

/// What is wrong on a display and beneath it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight {
    /// Alarms shown in the list, each once.
    pub alarms: u32,
    /// Of those, how many wait for a person.
    pub unacknowledged: u32,
    /// The most urgent.
    pub worst: Option<Priority>,
    /// Whether one that urgent stands; else all of them went by themselves and wait to be seen.
    pub stands: bool,
}

impl Weight {
    /// Takes up one more alarm.
    fn add(&mut self, priority: Priority, state: AlarmState) {
        self.alarms += 1;
        self.unacknowledged += u32::from(state.needs_acknowledgement());
        match self.worst {
            Some(worst) if worst < priority => {}
            Some(worst) if worst == priority => self.stands |= state.stands(),
            _ => {
                self.worst = Some(priority);
                self.stands = state.stands();
            }
        }
    }

    /// The mark of its display: hollow where the worst went by itself, as in every list.
    fn symbol(self) -> Option<Symbol> {
        self.worst.map(|worst| Symbol {
            returned: !self.stands,
            unacknowledged: self.unacknowledged > 0,
            ..Symbol::new(worst)
        })
    }
}

/// The weight of each display with all beneath it, in the plan's order. An alarm that several displays of a branch show
/// counts once in it.
pub fn weights(snapshot: &Snapshot) -> Vec<Weight> {
    let plan = &snapshot.plan;
    let branches = branches(plan);
    let mut weights = vec![Weight::default(); plan.displays.len()];
    for view in snapshot.alarms.iter().filter(|a| !a.state.is_hidden()) {
        let Some(alarm) = plan.alarm(view.id) else { continue };
        for (weight, branch) in weights.iter_mut().zip(&branches) {
            if branch.iter().any(|i| shows(plan, *i, view.id)) {
                weight.add(alarm.priority, view.state);
            }
        }
    }
    weights
}

fn shows(plan: &Plan, display: usize, alarm: AlarmId) -> bool {
    plan.displays.get(display).is_some_and(|d| d.alarms.binary_search(&alarm).is_ok())
}

/// For each display, itself and all displays beneath it.
fn branches(plan: &Plan) -> Vec<Vec<usize>> {
    let mut branches: Vec<Vec<usize>> = (0..plan.displays.len()).map(|i| vec![i]).collect();
    for i in 0..plan.displays.len() {
        let mut above = plan.displays[i].parent;
        // A parent chain is no longer than there are displays, whatever the project says.
        for _ in 0..plan.displays.len() {
            let Some(parent) = above.filter(|p| *p < branches.len() && *p != i) else { break };
            if branches[parent].contains(&i) {
                break;
            }
            branches[parent].push(i);
            above = plan.displays[parent].parent;
        }
    }
    branches
}

/// Displays as the tree lists them: each under its parent, else in the file's order.
pub fn order(plan: &Plan) -> Vec<usize> {
    let mut out = Vec::with_capacity(plan.displays.len());
    let mut seen = vec![false; plan.displays.len()];
    for i in 0..plan.displays.len() {
        if plan.displays[i].parent.is_none() {
            descend(plan, i, &mut seen, &mut out);
        }
    }
    // What hangs in a circle, or under nothing, is shown all the same.
    for i in 0..plan.displays.len() {
        descend(plan, i, &mut seen, &mut out);
    }
    out
}

fn descend(plan: &Plan, display: usize, seen: &mut [bool], out: &mut Vec<usize>) {
    if std::mem::replace(&mut seen[display], true) {
        return;
    }
    out.push(display);
    for child in 0..plan.displays.len() {
        if plan.displays[child].parent == Some(display) {
            descend(plan, child, seen, out);
        }
    }
}

/// The tree. `trends`: those that a person has opened, with their names.
pub fn tree_ui(ui: &mut Ui, frame: &Frame<'_>, place: Place, trends: &[(u32, String)], outbox: &mut Outbox) {
    let plan = &frame.snapshot.plan;
    ui.spacing_mut().item_spacing.y = 0.0;
    heading_ui(ui, frame, say::DISPLAYS);
    let reserved = 2.0 * ROW + 5.0 * STEP;
    let height = (ui.available_height() - reserved).max(ROW);
    ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
        let weights = weights(frame.snapshot);
        if plan.displays.is_empty() {
            let here = matches!(place, Place::AllTags | Place::Display(_));
            if row_ui(ui, frame, say::ALL_TAGS, 0, here, Weight::default()).0 {
                outbox.action(Action::OpenAllTags);
            }
        }
        for i in order(plan) {
            let display = &plan.displays[i];
            let here = place == Place::Display(i);
            let (pressed, row) = row_ui(ui, frame, &display.display.name, display.depth, here, weights[i]);
            if pressed {
                outbox.action(Action::OpenDisplay(i));
            }
            row.context_menu(|ui| {
                if ui.button("Open in a window of its own").clicked() {
                    outbox.action(Action::OpenWindow(Some(i)));
                    ui.close();
                }
            });
        }
        if row_ui(ui, frame, say::DEVICES, 0, place == Place::Devices, Weight::default()).0 {
            outbox.action(Action::OpenDevices);
        }
        for (number, name) in trends {
            if row_ui(ui, frame, name, 0, place == Place::Trend(*number), Weight::default()).0 {
                outbox.action(Action::ShowTrend(*number));
            }
        }
    });
    ui.add_space(3.0 * STEP);
    heading_ui(ui, frame, say::GO_TO);
    finder_ui(ui, frame, outbox);
}

/// In the place of the tree where it is folded away: its button, and what is shown now.
pub fn folded_ui(ui: &mut Ui, shown: &str, open: bool, outbox: &mut Outbox) {
    ui.horizontal_centered(|ui| {
        let words = if open { "Close" } else { say::DISPLAYS };
        let button = ui.add(Button::new(words)).on_hover_text("Ctrl+B");
        widgets::tell(&button, Role::Button, "Show displays", || (if open { "shown" } else { "folded" }).to_owned());
        if button.clicked() {
            outbox.action(Action::ToggleTree);
        }
        ui.add(Label::new(RichText::new(shown).font(fonts::strong(size::BODY))).truncate());
    });
}

/// A small heading in capitals, as the parts of the window have them.
pub fn heading_ui(ui: &mut Ui, frame: &Frame<'_>, words: &str) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0 * STEP), Sense::hover());
    let font = fonts::strong(size::SMALL - 1.0);
    let words = spaced_capitals(words);
    text::paint(ui.painter(), rect, Align2::LEFT_CENTER, words, font, frame.theme.muted);
}

/// Capitals with a hair of space between, which small capitals need to be read.
pub fn spaced_capitals(words: &str) -> String {
    let mut out = String::with_capacity(words.len() * 4);
    for (i, letter) in words.to_uppercase().chars().enumerate() {
        if i > 0 {
            out.push('\u{200A}');
        }
        out.push(letter);
    }
    out
}

/// One row, and whether it was pressed.
fn row_ui(ui: &mut Ui, frame: &Frame<'_>, name: &str, depth: u16, here: bool, weight: Weight) -> (bool, Response) {
    let theme = frame.theme;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let back = rect.shrink2(vec2(0.0, 0.5)).expand2(vec2(2.0 * STEP, 0.0));
    if here {
        ui.painter().rect_filled(back, RADIUS - 1, theme.raised);
        let bar = Rect::from_min_size(back.min, vec2(3.0, back.height()));
        ui.painter().rect_filled(bar, CornerRadius::same(1), theme.select);
    }
    let id = ui.scope_id().with(("display", name));
    let response = widgets::press(ui, back, id, &Brush { theme, blink_on: frame.blink_on }, f32::from(RADIUS - 1));
    widgets::tell(&response, Role::Button, &format!("Open display {name}"), || match weight.worst {
        Some(worst) => {
            let gone = if weight.stands { "" } else { ", gone by itself" };
            let count = weight.alarms;
            let alarms = if count == 1 { "1 alarm".to_owned() } else { format!("{count} alarms") };
            format!("{alarms}, {} unacknowledged, worst {}{gone}", weight.unacknowledged, worst.word())
        }
        None => "no alarms".to_owned(),
    });
    let right = rect.right();
    let mut until = right;
    if let Some(symbol) = weight.symbol() {
        symbol.paint(ui.painter(), theme, pos2(right - 8.0, rect.center().y), 12.0, frame.blink_on);
        let counted = Rect::from_min_max(pos2(right - 52.0, rect.top()), pos2(right - 22.0, rect.bottom()));
        let number = words::count(weight.alarms.into());
        let font = fonts::regular(size::BODY);
        let drawn = text::paint(ui.painter(), counted, Align2::RIGHT_CENTER, number, font, theme.muted);
        until = drawn.left() - STEP;
    }
    let indent = f32::from(depth.min(6)) * 2.5 * STEP;
    let words = Rect::from_min_max(pos2(rect.left() + indent, rect.top()), pos2(until, rect.bottom()));
    text::paint(ui.painter(), words, Align2::LEFT_CENTER, name, fonts::regular(size::BODY), theme.text);
    (response.clicked() || (!here && hand::rests_on(&response)), response)
}

/// Where Ctrl+K leads, for those who do not know it.
fn finder_ui(ui: &mut Ui, frame: &Frame<'_>, outbox: &mut Outbox) {
    let theme = frame.theme;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let id = ui.scope_id().with("finder");
    let brush = Brush { theme, blink_on: frame.blink_on };
    let response = widgets::press(ui, rect.expand2(vec2(2.0 * STEP, 0.0)), id, &brush, f32::from(RADIUS - 1));
    widgets::tell(&response, Role::Button, "Find tag, display, alarm or command", || "Ctrl+K".to_owned());
    let muted: Color32 = theme.muted;
    text::paint(ui.painter(), rect, Align2::LEFT_CENTER, say::FIND, fonts::regular(size::BODY), muted);
    let keys = if cfg!(target_os = "macos") { "Cmd K" } else { "Ctrl K" };
    text::paint(ui.painter(), rect, Align2::RIGHT_CENTER, keys, fonts::regular(size::BODY), muted);
    if response.clicked() {
        outbox.action(Action::OpenPalette);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::plan::DisplayPlan;
    use crate::project::{Display, Places};
    use std::sync::Arc;

    fn plan(parents: &[Option<usize>]) -> Plan {
        let display = |i: usize| Display {
            name: format!("d{i}"),
            was: None,
            parent: None,
            columns: 24,
            panels: Vec::new(),
            places: Places::default(),
        };
        let displays = parents
            .iter()
            .enumerate()
            .map(|(i, parent)| DisplayPlan {
                display: Arc::new(display(i)),
                parent: *parent,
                depth: 0,
                panels: Vec::new(),
                alarms: Vec::new(),
            })
            .collect();
        Plan { displays, ..Plan::default() }
    }

    #[test]
    fn the_mark_of_a_display_is_hollow_when_its_worst_alarm_went_by_itself() {
        let of = |alarms: &[(Priority, AlarmState)]| {
            let mut weight = Weight::default();
            for (priority, state) in alarms {
                weight.add(*priority, *state);
            }
            weight.symbol().map(|s| (s.priority, s.returned, s.unacknowledged))
        };
        use {AlarmState as State, Priority as Of};
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(Of::High, State::Returned)]), Some((Of::High, true, true)));
        assert_eq!(of(&[(Of::Low, State::Unacknowledged), (Of::High, State::Returned)]), Some((Of::High, true, true)));
        assert_eq!(of(&[(Of::High, State::Returned), (Of::High, State::Acknowledged)]), Some((Of::High, false, true)));
        assert_eq!(
            of(&[(Of::High, State::Acknowledged), (Of::Low, State::Acknowledged)]),
            Some((Of::High, false, false))
        );
        assert_eq!(of(&[(Of::Medium, State::Latched)]), Some((Of::Medium, false, true)));
    }

    #[test]
    fn each_display_stands_under_its_parent() {
        assert_eq!(order(&plan(&[None, None, Some(0), Some(2), Some(0)])), [0, 2, 3, 4, 1]);
    }

    #[test]
    fn displays_in_a_circle_are_shown_once_all_the_same() {
        let plan = plan(&[Some(1), Some(0), Some(7), None]);
        let mut order = order(&plan);
        assert_eq!(order[0], 3);
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2, 3]);
        assert_eq!(branches(&plan).len(), 4);
    }

    #[test]
    fn a_branch_holds_all_that_is_beneath_it() {
        let branches = branches(&plan(&[None, Some(0), Some(1), None]));
        assert_eq!(branches, [vec![0, 1, 2], vec![1, 2], vec![2], vec![3]]);
    }
}
