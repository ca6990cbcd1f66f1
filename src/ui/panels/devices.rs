//! `devices`: every device's link and figures, a row each; all about the one that is pressed.

mod detail;

use super::table::{self, Column, column, numbers};
use super::{Aside, Cx, PanelView, grid};
use crate::engine::plan::DevicePlan;
use crate::engine::{DeviceId, DeviceStatus, LinkState, Snapshot};
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::widgets::symbol::Symbol;
use crate::ui::widgets::{hatch, press, tell, text};
use crate::ui::{Outbox, words};
use detail::Detail;
use eframe::egui::{Key, Modifiers, Painter, Rect, Role, ScrollArea, Sense, Stroke, Ui, UiBuilder, pos2, vec2};
use std::sync::Arc;

/// Height of a row.
const ROW: f32 = 26.0;
/// Height that the detail wants; in a panel lower than twice that it takes the place of the rows.
const DETAIL: f32 = 250.0;

const COLUMNS: [Column; 14] = [
    column("", 20.0, 0.0, 100),
    column("Device", 70.0, 0.5, 100),
    column("Address", 150.0, 0.4, 30),
    column("State", 84.0, 0.0, 99),
    column("Since", 66.0, 0.0, 95),
    numbers("Round trip", 66.0, 90),
    numbers("Requests", 66.0, 60),
    numbers("Received", 66.0, 50),
    numbers("Exceptions", 62.0, 70),
    numbers("Timeouts", 56.0, 72),
    numbers("Rejected", 60.0, 40),
    numbers("Reconnects", 66.0, 65),
    numbers("Traffic", 70.0, 35),
    column("Last error", 120.0, 2.0, 97),
];

/// See the module.
#[derive(Debug, Default)]
pub struct DevicesPanel {
    /// The device whose detail is open: by name, so that it stays open over another plan.
    open: Option<Arc<str>>,
    detail: Detail,
}

impl DevicesPanel {
    /// Opens the detail of a device.
    pub fn open(&mut self, name: Arc<str>) {
        self.open = Some(name);
    }
}

impl PanelView for DevicesPanel {
    fn aside(&self, cx: &Cx<'_>) -> Aside {
        let devices = &cx.frame.snapshot.devices;
        let connected = devices.iter().filter(|d| d.status.state == LinkState::Connected).count();
        Aside::quiet(if devices.is_empty() {
            String::new()
        } else {
            format!("{connected} of {} connected", devices.len())
        })
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        let snapshot = cx.frame.snapshot;
        if snapshot.devices.is_empty() {
            grid::say(ui, cx.rect, "this project has no devices", cx.frame.theme);
            return;
        }
        let named = |name: &Arc<str>| snapshot.plan.devices.iter().position(|d| d.name == *name);
        let open = self.open.as_ref().and_then(named).and_then(|i| snapshot.devices.get(i));
        if open.is_some() && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape)) {
            self.open = None;
            return self.rows_ui(ui, cx, cx.rect);
        }
        let Some((view, plan)) = open.and_then(|view| Some((view, snapshot.plan.device(view.id)?))) else {
            return self.rows_ui(ui, cx, cx.rect);
        };
        let mut place = cx.rect;
        if place.height() >= 2.0 * DETAIL {
            let wanted = size::SMALL * 1.6 + ROW * snapshot.devices.len() as f32;
            let rows = place.with_max_y(place.top() + wanted.min(place.height() - DETAIL));
            self.rows_ui(ui, cx, rows);
            place.min.y = rows.bottom() + 3.0 * STEP;
        }
        if !self.detail.ui(ui, place, cx.frame, view.id, plan, &view.status, out) {
            self.open = None;
        }
    }
}

impl DevicesPanel {
    fn rows_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, rect: Rect) {
        let (snapshot, theme) = (cx.frame.snapshot, cx.frame.theme);
        let places = table::places(&COLUMNS, rect.width() - 10.0);
        let head = Rect::from_min_size(rect.min, vec2(rect.width(), size::SMALL * 1.6));
        table::heads(ui.painter(), head, &COLUMNS, &places, theme);
        let below = Rect::from_min_max(pos2(rect.left(), head.bottom()), rect.max);
        let brush = cx.brush();
        ui.scope_builder(UiBuilder::new().max_rect(below), |ui| {
            grid::plain_scrolling(ui);
            ScrollArea::vertical().auto_shrink(false).show_rows(ui, ROW, snapshot.devices.len(), |ui, rows| {
                for view in snapshot.devices.get(rows).unwrap_or_default() {
                    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
                    let Some(plan) = snapshot.plan.device(view.id) else { continue };
                    let status = &view.status;
                    if self.open.as_ref() == Some(&plan.name) {
                        ui.painter().rect_filled(rect, 0.0, theme.raised);
                    }
                    let DeviceId(number) = view.id;
                    let response = press(ui, rect, ui.scope_id().with(("device", number)), &brush, 0.0);
                    tell(&response, Role::Row, &format!("device {}", plan.name), || {
                        words::spoken_device(status, snapshot.now, cx.frame.zone)
                    });
                    if response.clicked() {
                        let shut = self.open.as_ref() == Some(&plan.name);
                        self.open = (!shut).then(|| Arc::clone(&plan.name));
                    }
                    row(ui.painter(), rect, &places, plan, status, cx, snapshot);
                }
            });
        });
    }
}

/// The state in a word or two, and what there is to say of it: while it answers, the last error.
fn state(status: &DeviceStatus) -> (&'static str, Option<&str>) {
    match &status.state {
        LinkState::Connecting => (words::say::CONNECTING, None),
        LinkState::Connected => ("connected", status.last_error.as_deref()),
        LinkState::NoAnswer(why) => ("no answer", Some(why)),
        LinkState::Held(who) => ("asked elsewhere", Some(who)),
        LinkState::Unserved(why) => ("not served", Some(why)),
    }
}

const fn is_abnormal(status: &DeviceStatus) -> bool {
    !matches!(status.state, LinkState::Connected | LinkState::Connecting)
}

fn is_mqtt(plan: &DevicePlan) -> bool {
    use crate::project::Endpoint;
    matches!(plan.device.endpoint, Endpoint::Mqtt(_))
}

fn row(
    painter: &Painter,
    rect: Rect,
    places: &[Option<(f32, f32)>; 14],
    plan: &DevicePlan,
    status: &DeviceStatus,
    cx: &Cx<'_>,
    snapshot: &Snapshot,
) {
    let theme = cx.frame.theme;
    painter.hline(rect.x_range(), rect.bottom() - 0.5, theme.border());
    let at = |column: usize| places[column].map(|p| table::cell(rect, p));
    let alarm =
        snapshot.plan.alarm(plan.no_answer).zip(cx.alarms.get(plan.no_answer)).filter(|(_, v)| !v.state.is_hidden());
    if let Some(cell) = at(0) {
        let center = pos2(cell.left() + 10.0, cell.center().y);
        match (&alarm, &status.state) {
            (Some((alarm, view)), _) => {
                Symbol::from_state(alarm.priority, view.state).paint(painter, theme, center, 12.0, cx.frame.blink_on);
            }
            (None, LinkState::Connected) => {
                painter.circle_filled(center, 4.0, theme.normal);
            }
            (None, LinkState::Connecting) => {
                painter.circle_stroke(center, 4.0, Stroke::new(1.0, theme.muted));
            }
            (None, LinkState::NoAnswer(_) | LinkState::Held(_) | LinkState::Unserved(_)) => {
                hatch::cross(painter, center, 8.0, theme.text);
            }
        }
    }
    let (state, why) = state(status);
    let abnormal = is_abnormal(status);
    let is_mqtt = is_mqtt(plan);
    let (asked, answered) = if is_mqtt { (None, status.messages) } else { (Some(status.requests), status.answers) };
    let faults = if is_mqtt { status.bad_payloads } else { status.mismatches };
    let quiet = |n: u64| (words::count(n), if n == 0 { theme.muted } else { theme.text });
    let round_trip = status.round_trip.filter(|_| !abnormal).map_or_else(|| "—".to_owned(), words::round_trip);
    let plain = |s: String| (s, theme.text);
    let dim = |s: String| (s, theme.muted);
    let cells: [(usize, (String, eframe::egui::Color32)); 13] = [
        (1, plain(plan.name.to_string())),
        (2, dim(plan.device.address.clone())),
        (3, if abnormal { plain(state.to_owned()) } else { dim(state.to_owned()) }),
        (4, dim(words::instant(status.since.utc, snapshot.now.utc, cx.frame.zone))),
        (5, plain(round_trip)),
        (6, asked.map_or_else(|| dim("—".to_owned()), |n| dim(words::count(n)))),
        (7, dim(words::count(answered))),
        (8, quiet(status.exceptions)),
        (9, quiet(status.timeouts)),
        (10, quiet(faults)),
        (11, quiet(status.reconnects)),
        (12, dim(words::bytes(status.bytes_in + status.bytes_out))),
        (
            13,
            if abnormal { plain(why.unwrap_or_default().to_owned()) } else { dim(why.unwrap_or_default().to_owned()) },
        ),
    ];
    for (index, (words, colour)) in cells {
        if let Some(cell) = at(index) {
            let align = table::align(&COLUMNS[index]);
            match index {
                1 => text::paint(painter, cell, align, words, fonts::strong(size::BODY), colour),
                4..=12 => text::paint_number(painter, cell, align, &words, size::BODY, colour),
                _ => text::paint(painter, cell, align, words, fonts::regular(size::BODY), colour),
            };
        }
    }
}
