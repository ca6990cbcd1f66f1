//! `alarms`: the alarm list. Unacknowledged first, then by priority, then the newest.
//!
//! Invariant: no row moves under the pointer. While the pointer is over the list its order is held: what comes waits
//! above with a count, what goes stays as a row that says so. Invariant: an acknowledgement names the occurrence that
//! its row showed when it was pressed.

mod row;

use super::index::AlarmIndex;
use super::table;
use super::{Aside, Cx, PanelView, grid};
use crate::engine::{AlarmId, AlarmRef, AlarmView, Command, Snapshot};
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::widgets::{Brush, button, tell, text};
use crate::ui::{Frame, Outbox, words};
use eframe::egui::{Align2, Galley, Id, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use std::collections::HashSet;
use std::sync::Arc;

/// A second press within this does nothing: a double click must not acknowledge the row that took its place.
const DOUBLE_PRESS_SECS: f64 = 0.5;
/// Lines of a message told in full.
const MESSAGE_LINES: usize = 6;

/// See the module.
#[derive(Debug, Default)]
pub struct AlarmsPanel {
    list: AlarmList,
}

impl PanelView for AlarmsPanel {
    fn aside(&self, cx: &Cx<'_>) -> Aside {
        Aside::quiet(aside(cx.frame))
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        self.list.ui(ui, cx.rect, cx.frame, cx.alarms, &|_| true, out);
    }
}

/// How many there are and in which order, for the title bar.
pub fn aside(frame: &Frame<'_>) -> String {
    let counts = &frame.snapshot.counts;
    let shown: u32 = counts.shown.iter().sum();
    let waiting: u32 = counts.unacknowledged.iter().sum();
    let mut words = Vec::new();
    if shown > 0 {
        words.push(format!(
            "{} of {} unacknowledged",
            words::count(u64::from(waiting)),
            words::count(u64::from(shown))
        ));
    }
    if counts.hidden > 0 {
        words.push(format!("{} hidden", words::count(u64::from(counts.hidden))));
    }
    words.join("   ")
}

/// What a list remembers from frame to frame.
#[derive(Debug, Default)]
pub struct AlarmList {
    /// The order while the pointer is over the list.
    held: Option<Vec<AlarmId>>,
    /// The chosen row.
    chosen: Option<AlarmId>,
    /// The last frame had something to say below the rows.
    has_foot: bool,
    /// What was acknowledged last, and when, against a double press.
    pressed: Option<(Id, f64)>,
}

impl AlarmList {
    /// Paints the alarms that `wanted` takes into `rect`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        frame: &Frame<'_>,
        index: &AlarmIndex,
        wanted: &dyn Fn(&AlarmView) -> bool,
        out: &mut Outbox,
    ) {
        let snapshot = frame.snapshot;
        let order = self.order(ui, rect, snapshot, wanted);
        if order.is_empty() {
            self.held = None;
            grid::say(ui, rect, &nothing(snapshot), frame.theme);
            return;
        }
        let waiting_above = self.waiting_above(snapshot, wanted);

        let line = size::SMALL * 1.6;
        let columns = row::columns(name_width(ui, snapshot, &order));
        let mut places = table::places(&columns, rect.width() - row::SCROLL_BAR);
        // Buttons stand at the end of the row, whatever column has gone.
        if let Some((left, right)) = &mut places[7] {
            let free = rect.width() - row::SCROLL_BAR - *right;
            (*left, *right) = (*left + free, *right + free);
        }
        let head = Rect::from_min_size(rect.min, vec2(rect.width() - row::SCROLL_BAR, line));
        table::heads(ui.painter(), head, &row::COLUMNS, &places, frame.theme);
        let foot = Rect::from_min_max(
            pos2(rect.left(), (rect.bottom() - if self.has_foot { row::FOOT } else { 0.0 }).max(head.bottom())),
            rect.max,
        );
        // What the chosen row could only begin to say is told in full between the rows and the foot.
        let told = self.told_in_full(ui, rect.width(), frame, index, &places);
        let most = (foot.top() - head.bottom() - row::HEIGHT).max(0.0);
        let told_height = told.as_ref().map_or(0.0, |(_, galley)| (galley.size().y + 2.0 * STEP).min(most));
        let told_at = Rect::from_min_max(pos2(rect.left(), foot.top() - told_height), pos2(rect.right(), foot.top()));
        let body = Rect::from_min_max(pos2(rect.left(), head.bottom()), pos2(rect.right(), told_at.top()));

        // Whole rows only, where there are more than fit: half a row reads like a fault of the picture.
        let body = if order.len() as f32 * row::HEIGHT > body.height() && body.height() > row::HEIGHT {
            body.with_max_y(body.top() + (body.height() / row::HEIGHT).floor() * row::HEIGHT)
        } else {
            body
        };
        let mut visible = Vec::new();
        ui.scope_builder(UiBuilder::new().max_rect(body).id_salt("rows"), |ui| {
            grid::plain_scrolling(ui);
            ScrollArea::vertical().auto_shrink(false).show_rows(ui, row::HEIGHT, order.len(), |ui, rows| {
                for &id in order.get(rows).unwrap_or_default() {
                    let shown =
                        row::Row { id, view: index.get(id), frame, places: &places, chosen: self.chosen == Some(id) };
                    let asked = shown.ui(ui, out);
                    if asked.chosen {
                        self.chosen = Some(id);
                    }
                    if let Some(view) = shown.view.filter(|v| can_acknowledge(v)) {
                        // A row of which half is cut off was not seen.
                        if body.expand(1.0).contains_rect(asked.rect) {
                            visible.extend(alarm_ref(snapshot, view));
                        }
                        if asked.acknowledge {
                            self.acknowledge(ui, asked.button, alarm_ref(snapshot, view), frame, out);
                        }
                    }
                }
            });
        });
        if let Some((name, galley)) = told {
            tell_in_full(ui, told_at, frame, &name, galley);
        }
        self.has_foot = visible.len() > 1 || waiting_above > 0;
        if foot.height() >= row::FOOT - 1.0 {
            self.foot_ui(ui, foot, frame, visible, waiting_above, out);
        } else if self.has_foot {
            ui.ctx().request_repaint();
        }
    }

    /// The rows in order: the snapshot's, or while the pointer is over the list those that were there when it came.
    fn order(&mut self, ui: &Ui, rect: Rect, snapshot: &Snapshot, wanted: &dyn Fn(&AlarmView) -> bool) -> Vec<AlarmId> {
        if !ui.rect_contains_pointer(rect) {
            self.held = None;
        }
        if let Some(held) = &self.held {
            return held.clone();
        }
        let order: Vec<AlarmId> = shown(snapshot, wanted).map(|v| v.id).collect();
        if ui.rect_contains_pointer(rect) {
            self.held = Some(order.clone());
        }
        order
    }

    /// Name and message of the chosen row, laid out in lines, where its column cuts it.
    fn told_in_full(
        &self,
        ui: &Ui,
        width: f32,
        frame: &Frame<'_>,
        index: &AlarmIndex,
        places: &[Option<(f32, f32)>; 8],
    ) -> Option<(String, Arc<Galley>)> {
        let id = self.chosen?;
        let view = Some(index.get(id)?);
        let alarm = frame.snapshot.plan.alarm(id)?;
        let shown = row::Row { id, view, frame, places, chosen: true };
        let message = row::bounded(&shown.message(alarm));
        let font = fonts::regular(size::BODY);
        let line = ui.painter().layout_no_wrap(message.clone(), font, frame.theme.text);
        let galley =
            || text::lines(ui.painter(), &message, size::BODY, frame.theme.text, width - 4.0 * STEP, MESSAGE_LINES);
        shown.cuts(line.size().x).then(|| (alarm.name.to_string(), galley()))
    }

    /// How many alarms came while the order is held.
    fn waiting_above(&self, snapshot: &Snapshot, wanted: &dyn Fn(&AlarmView) -> bool) -> usize {
        let Some(held) = &self.held else { return 0 };
        let held: HashSet<AlarmId> = held.iter().copied().collect();
        shown(snapshot, wanted).filter(|v| !held.contains(&v.id)).count()
    }

    fn acknowledge(&mut self, ui: &Ui, button: Id, alarm: Option<AlarmRef>, frame: &Frame<'_>, out: &mut Outbox) {
        let now = ui.input(|i| i.time);
        if self.pressed.is_some_and(|(id, at)| id == button && now - at < DOUBLE_PRESS_SECS) {
            return;
        }
        self.pressed = Some((button, now));
        if let Some(alarm) = alarm {
            out.commands.push(Command::Acknowledge { by: frame.actor(), alarms: vec![alarm], note: None });
        }
    }

    /// Below the rows: what waits above, and one button for all that is seen.
    fn foot_ui(
        &mut self,
        ui: &Ui,
        rect: Rect,
        frame: &Frame<'_>,
        visible: Vec<AlarmRef>,
        waiting_above: usize,
        out: &mut Outbox,
    ) {
        let mut left = rect;
        if visible.len() > 1 {
            let words = format!("Acknowledge {} visible", words::count(visible.len() as u64));
            let place = Rect::from_min_max(pos2(rect.right() - 160.0, rect.top() + 2.0), rect.max);
            left.max.x = place.left() - STEP;
            let brush = Brush { theme: frame.theme, blink_on: frame.blink_on };
            let response = button(ui, place, ui.scope_id().with("visible"), &words, &words, &brush);
            if response.clicked() {
                let now = ui.input(|i| i.time);
                let again = self.pressed.is_some_and(|(id, at)| id == response.id && now - at < DOUBLE_PRESS_SECS);
                self.pressed = Some((response.id, now));
                if !again {
                    out.commands.push(Command::Acknowledge { by: frame.actor(), alarms: visible, note: None });
                }
            }
        }
        if waiting_above > 0 {
            let words = format!("{} new, shown when the pointer leaves the list", words::count(waiting_above as u64));
            let response = ui.interact(left, ui.scope_id().with("waiting"), eframe::egui::Sense::hover());
            response.widget_info(|| eframe::egui::WidgetInfo::labeled(eframe::egui::Role::Label, true, &words));
            text::paint(ui.painter(), left, Align2::LEFT_CENTER, words, fonts::strong(size::BODY), frame.theme.text);
        }
    }
}

/// The whole message of the chosen row.
fn tell_in_full(ui: &Ui, rect: Rect, frame: &Frame<'_>, name: &str, galley: Arc<Galley>) {
    ui.painter().rect_filled(rect, 2.0, frame.theme.raised);
    let words = galley.text().to_owned();
    ui.painter().with_clip_rect(rect).galley(rect.min + vec2(2.0 * STEP, STEP), galley, frame.theme.text);
    let response = ui.interact(rect, ui.scope_id().with("message"), Sense::hover());
    tell(&response, Role::Status, &format!("Message of {name}"), || words.clone());
}

/// Width of the longest name among the first rows, so that names are whole where there is room for them at all.
fn name_width(ui: &Ui, snapshot: &Snapshot, order: &[AlarmId]) -> f32 {
    let names = order.iter().take(40).filter_map(|id| snapshot.plan.alarm(*id)).map(|a| &a.name);
    let longest = names.max_by_key(|name| name.chars().count());
    let width = |name: &std::sync::Arc<str>| {
        ui.painter()
            .layout_no_wrap(name.to_string(), fonts::strong(size::BODY), eframe::egui::Color32::PLACEHOLDER)
            .size()
            .x
    };
    longest.map_or(0.0, width) + 2.0
}

/// Whether a press may acknowledge it.
fn can_acknowledge(view: &AlarmView) -> bool {
    view.state.needs_acknowledgement() && !view.recording
}

/// The alarm as it is on the screen.
fn alarm_ref(snapshot: &Snapshot, view: &AlarmView) -> Option<AlarmRef> {
    Some(AlarmRef { alarm: snapshot.plan.alarm(view.id)?.name.clone(), occurrence: view.occurrence })
}

fn shown<'a>(snapshot: &'a Snapshot, wanted: &'a dyn Fn(&AlarmView) -> bool) -> impl Iterator<Item = &'a AlarmView> {
    snapshot.alarms.iter().filter(|v| !v.state.is_hidden() && wanted(v))
}

/// The empty list says what is watched, so that quiet is known from blind.
fn nothing(snapshot: &Snapshot) -> String {
    let plan = &snapshot.plan;
    let plural = |n: usize, word: &str| format!("{} {word}{}", words::count(n as u64), if n == 1 { "" } else { "s" });
    let mut watched = format!("{} watched", plural(plan.alarms.len(), "alarm"));
    if !plan.devices.is_empty() {
        watched =
            format!("{watched} on {} and {}", plural(plan.tags.len(), "tag"), plural(plan.devices.len(), "device"));
    }
    let unwatched = (plan.unwatched_alarms > 0).then(|| {
        format!("{} not watched because of faults in the project", plural(plan.unwatched_alarms as usize, "alarm"))
    });
    let hidden =
        (snapshot.counts.hidden > 0).then(|| format!("{} hidden", words::count(u64::from(snapshot.counts.hidden))));
    let lines: Vec<String> =
        [words::say::NO_ALARMS.to_owned(), watched].into_iter().chain(unwatched).chain(hidden).collect();
    lines.join("\n")
}
