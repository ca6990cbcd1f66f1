//! All about one device: its link and why it is as it is, how fast it answers, what went wrong and how often, and of a
//! broker what came of each topic.

use super::is_mqtt;
use crate::drivers::modbus::budget::{self, Budget};
use crate::drivers::modbus::reply::exception_words;
use crate::drivers::monitor::{Message, TopicView};
use crate::engine::plan::DevicePlan;
use crate::engine::roundtrip::RoundTrips;
use crate::engine::{DeviceId, DeviceStatus, LinkState, Plan};
use crate::project::Endpoint;
use crate::text::{bounded, visible};
use crate::time::Mono;
use crate::ui::faceplate::fact_ui;
use crate::ui::fonts::{self, size};
use crate::ui::panels::table::{self, Column, column, numbers};
use crate::ui::theme::{LINE, STEP, Theme};
use crate::ui::tree::heading_ui;
use crate::ui::widgets::{self, hatch, text};
use crate::ui::words::{self, say};
use crate::ui::{Action, Frame, Outbox, simulating};
use eframe::egui::{
    Align, Align2, Button, Label, Layout, Painter, Rect, RichText, Role, ScrollArea, Sense, Stroke, Ui, UiBuilder,
    pos2, vec2,
};
use std::sync::Arc;

/// Least width of a column of facts.
const COLUMN: f32 = 230.0;
/// Height of a topic.
const ROW: f32 = 22.0;
/// Characters of a payload that are shown.
const PAYLOAD_CHARS: usize = 120;
/// Room for the marks of errors, below the picture.
const ERRORS: f32 = 11.0;
/// Other devices of its line that are named for the time they take.
const MOST_TAKERS: usize = 3;
/// The topics are asked for again when the picture is another, but no more often than this, in microseconds.
const LOOK_AGAIN: i64 = 500_000;

const TOPICS: [Column; 4] = [
    column("Topic", 120.0, 1.0, 100),
    numbers("Messages", 66.0, 60),
    numbers("Last", 66.0, 90),
    column("Payload", 100.0, 1.4, 80),
];

/// What is remembered from frame to frame.
#[derive(Debug, Default)]
pub(super) struct Detail {
    topics: Vec<TopicView>,
    left_out: u64,
    looked: Option<(DeviceId, Mono)>,
    /// What its line costs, of the device and the plan that it was worked out for.
    budget: Option<(DeviceId, Arc<Plan>, Option<Budget>)>,
}

/// What an engineer looks into it with.
fn open_ui(ui: &mut Ui, frame: &Frame<'_>, plan: &DevicePlan, out: &mut Outbox) {
    let name = || Some(Arc::clone(&plan.name));
    let (label, hint, action) = match plan.device.endpoint {
        Endpoint::Modbus(_) => (
            "Look into its registers",
            "Live, under every type and order, through the connection that polls",
            Action::OpenWorkbench(name()),
        ),
        Endpoint::Mqtt(_) => {
            ("Explore its topics", "As a tree, live, by a connection of its own", Action::OpenExplorer(name()))
        }
        Endpoint::Fault(_) => return,
    };
    ui.horizontal_wrapped(|ui| {
        if ui.button(label).on_hover_text(hint).clicked() {
            out.action(action);
        }
        simulating::device_ui(ui, frame, &plan.name, out);
    });
    ui.add_space(STEP);
}

impl Detail {
    /// Paints it into `rect`; `false`: it was closed.
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        frame: &Frame<'_>,
        id: DeviceId,
        plan: &DevicePlan,
        status: &DeviceStatus,
        out: &mut Outbox,
    ) -> bool {
        self.look(frame, id, is_mqtt(plan));
        let mut open = true;
        ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt("detail"), |ui| {
            ui.spacing_mut().item_spacing = vec2(2.0 * STEP, STEP);
            ui.spacing_mut().scroll.fade.strength = 0.0;
            ui.horizontal(|ui| {
                let room = vec2(ui.available_width() - 64.0, 24.0);
                ui.allocate_ui_with_layout(room, Layout::left_to_right(Align::Center), |ui| {
                    let name = RichText::new(plan.name.as_ref()).font(fonts::strong(size::TITLE));
                    ui.add(Label::new(name).truncate());
                    state_ui(ui, frame, plan, status);
                });
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let close = ui.add(Button::new(say::CLOSE).small()).on_hover_text("Esc");
                    widgets::tell(&close, Role::Button, "Close detail of the device", String::new);
                    open = !close.clicked();
                });
            });
            ScrollArea::vertical().auto_shrink(false).id_salt("about the device").show(ui, |ui| {
                open_ui(ui, frame, plan, out);
                let width = ui.available_width();
                let columns = ((width / COLUMN) as usize).clamp(1, 3);
                ui.spacing_mut().item_spacing.x = 6.0 * STEP;
                ui.columns(columns, |columns| {
                    let last = columns.len() - 1;
                    link_ui(&mut columns[0], frame, plan, status);
                    if let Some((_, _, Some(budget))) = &self.budget {
                        line_ui(&mut columns[0], frame, plan, status, budget);
                    }
                    trips_ui(&mut columns[last.min(1)], frame, plan, status);
                    counts_ui(&mut columns[last], frame, plan, status);
                });
                if is_mqtt(plan) {
                    self.topics_ui(ui, frame);
                }
            });
        });
        open
    }

    /// Copies the topics out of the driver's hands, now and then.
    fn look(&mut self, frame: &Frame<'_>, id: DeviceId, mqtt: bool) {
        let now = frame.snapshot.now.mono;
        let fresh = self.looked.is_some_and(|(of, at)| of == id && (0..LOOK_AGAIN).contains(&(now - at).0));
        if fresh {
            return;
        }
        let known =
            self.budget.as_ref().is_some_and(|(of, plan, _)| *of == id && Arc::ptr_eq(plan, &frame.snapshot.plan));
        if !known {
            let plan = Arc::clone(&frame.snapshot.plan);
            self.budget = Some((id, Arc::clone(&plan), budget::of_device(&plan, id)));
        }
        self.looked = Some((id, now));
        self.topics.clear();
        self.left_out = 0;
        if mqtt {
            let log = frame.about.monitor.device(frame.snapshot.plan.device_number(id));
            let log = log.topics();
            (self.topics, self.left_out) = (log.list(), log.left_out());
        }
    }

    fn topics_ui(&self, ui: &mut Ui, frame: &Frame<'_>) {
        let theme = frame.theme;
        ui.add_space(2.0 * STEP);
        heading_ui(ui, frame, "Topics");
        if self.topics.is_empty() {
            ui.label(RichText::new("no message has come yet").color(theme.muted));
            return;
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        let places = table::places(&TOPICS, ui.available_width() - 10.0);
        let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::SMALL * 1.6), Sense::hover());
        table::heads(ui.painter(), head, &TOPICS, &places, theme);
        for topic in &self.topics {
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
            let last = topic.last.as_ref();
            let age = last.map_or_else(|| "never".to_owned(), |m| ago(frame, m));
            let payload = match (topic.refused, last) {
                (true, _) => "the broker refused the subscription".to_owned(),
                (false, Some(message)) => payload_words(message),
                (false, None) => String::new(),
            };
            let name = visible(&topic.name);
            widgets::tell(&response, Role::Row, &format!("topic {name}"), || {
                format!("{} messages, last {age}, {payload}", words::count(topic.messages))
            });
            if !ui.is_rect_visible(rect) {
                continue;
            }
            let painter = ui.painter();
            painter.hline(rect.x_range(), rect.bottom() - 0.5, theme.border());
            let fault = topic.refused || last.is_some_and(|m| m.fault.is_some());
            let ink = if fault { theme.text } else { theme.muted };
            for (index, (words, ink)) in [
                (name.into_owned(), theme.text),
                (words::count(topic.messages), theme.muted),
                (age, theme.muted),
                (payload, ink),
            ]
            .into_iter()
            .enumerate()
            {
                let Some(place) = places[index] else { continue };
                let (cell, align) = (table::cell(rect, place), table::align(&TOPICS[index]));
                text::paint(painter, cell, align, words, fonts::regular(size::BODY), ink);
            }
        }
        if self.left_out > 0 {
            let words = format!("{} messages of more topics are not listed", words::count(self.left_out));
            ui.label(RichText::new(words).color(theme.muted));
        }
    }
}

/// How long ago a message came.
fn ago(frame: &Frame<'_>, message: &Message) -> String {
    words::duration(frame.snapshot.now.mono - message.at.mono)
}

/// A payload for a line: what is wrong with it before what it says.
fn payload_words(message: &Message) -> String {
    let said = String::from_utf8_lossy(&message.head);
    let (shown, more) = bounded(&said, PAYLOAD_CHARS);
    let cut = if more > 0 || message.bytes > message.head.len() { "…" } else { "" };
    let fault = message.fault.as_ref().map(|why| format!("{why}: ")).unwrap_or_default();
    let kept = if message.retained { "retained: " } else { "" };
    format!("{kept}{fault}{}{cut}", visible(shown))
}

/// The state, for how long, and why.
fn state_ui(ui: &mut Ui, frame: &Frame<'_>, plan: &DevicePlan, status: &DeviceStatus) {
    let now = frame.snapshot.now;
    let (state, why) = super::state(status);
    let since = words::instant(status.since.utc, now.utc, frame.zone);
    let said = format!("{state} since {since}, for {}", words::duration(now.mono - status.since.mono));
    let why = why.filter(|_| super::is_abnormal(status)).map(|why| format!(": {}", visible(why))).unwrap_or_default();
    let said = format!("{said}{why}");
    let ink = if super::is_abnormal(status) { frame.theme.text } else { frame.theme.muted };
    let label = ui.add(Label::new(RichText::new(&said).color(ink)).truncate()).on_hover_text(&said);
    widgets::tell(&label, Role::Status, &format!("State of {}", plan.name), || said.clone());
}

fn link_ui(ui: &mut Ui, frame: &Frame<'_>, plan: &DevicePlan, status: &DeviceStatus) {
    let (theme, now) = (frame.theme, frame.snapshot.now);
    heading_ui(ui, frame, "Link");
    fact_ui(ui, theme, "Address", &plan.device.address);
    let answer = status.last_answer.map_or_else(
        || "never".to_owned(),
        |at| match words::duration(now.mono - at.mono) {
            age if age == "0 s" => "just now".to_owned(),
            age => format!("{age} ago"),
        },
    );
    fact_ui(ui, theme, "Last answer", &answer);
    fact_ui(ui, theme, "Reconnects", &words::count(status.reconnects));
    fact_ui(ui, theme, "Received", &words::bytes(status.bytes_in));
    fact_ui(ui, theme, "Sent", &words::bytes(status.bytes_out));
    if let Some(certificate) = &status.certificate {
        let until = words::date_and_time(certificate.until, frame.zone);
        fact_ui(ui, theme, "Certificate until", &format!("{until}, {}", visible(&certificate.which)));
    }
    if let Some(error) = &status.last_error {
        let label = if status.state == LinkState::Connected { "Last error, since mended" } else { "Last error" };
        fact_ui(ui, theme, label, &visible(error));
    }
}

/// What its line costs, before it runs and while it does.
fn line_ui(ui: &mut Ui, frame: &Frame<'_>, plan: &DevicePlan, status: &DeviceStatus, budget: &Budget) {
    let theme = frame.theme;
    ui.add_space(2.0 * STEP);
    heading_ui(ui, frame, "Line");
    fact_ui(ui, theme, "Costs", &budget.to_string());
    if let Some(silent) = budget.silent_words() {
        fact_ui(ui, theme, "At worst", &silent);
    }
    let Some(line) = &status.line else {
        fact_ui(ui, theme, "In use", "not measured yet");
        return;
    };
    let percent = |thousandths: u16| format!("{:.1} %", f64::from(thousandths) / 10.0);
    let cycle = line.cycle.map_or_else(|| "—".to_owned(), words::round_trip);
    fact_ui(ui, theme, "Asked in fact every", &format!("{cycle}; wanted every {}", words::round_trip(line.asked)));
    fact_ui(ui, theme, "In use", &format!("{} of its time", percent(line.load)));
    fact_ui(ui, theme, "By this device", &percent(line.share));
    let Some(own) = modbus_line(plan) else { return };
    let devices = frame.snapshot.plan.devices.iter().zip(frame.snapshot.devices.iter());
    let mut others: Vec<(u16, &str)> = devices
        .filter(|(other, _)| other.name != plan.name && modbus_line(other).as_ref() == Some(&own))
        .filter_map(|(other, view)| Some((view.status.line?.share, other.name.as_ref())))
        .filter(|(share, _)| *share > 0)
        .collect();
    others.sort_by_key(|&(share, name)| (std::cmp::Reverse(share), name));
    if !others.is_empty() {
        let most = others.iter().take(MOST_TAKERS).map(|(share, name)| format!("{name} {}", percent(*share)));
        fact_ui(ui, theme, "By others most", &most.collect::<Vec<_>>().join(", "));
    }
}

/// The line that a Modbus device is on.
fn modbus_line(plan: &DevicePlan) -> Option<String> {
    match &plan.device.endpoint {
        Endpoint::Modbus(settings) => Some(settings.transport.line()),
        Endpoint::Mqtt(_) | Endpoint::Fault(_) => None,
    }
}

fn counts_ui(ui: &mut Ui, frame: &Frame<'_>, plan: &DevicePlan, status: &DeviceStatus) {
    let theme = frame.theme;
    heading_ui(ui, frame, "Since the start");
    let mut fact = |label: &str, count: u64| fact_ui(ui, theme, label, &words::count(count));
    if is_mqtt(plan) {
        fact("Messages", status.messages);
        fact("Not understood", status.bad_payloads);
        fact("Topics refused", status.refused_topics);
    } else {
        fact("Requests", status.requests);
        fact("Answers", status.answers);
        fact("Timeouts", status.timeouts);
        fact("Rejected", status.mismatches);
        fact("Exceptions", status.exceptions);
        for (code, count) in &status.exceptions_by_code {
            let words = exception_words(*code);
            let words = words.strip_prefix("exception ").unwrap_or(&words);
            fact(&format!("   {words}"), *count);
        }
    }
    if status.dropped > 0 {
        fact("Dropped", status.dropped);
    }
}

fn trips_ui(ui: &mut Ui, frame: &Frame<'_>, plan: &DevicePlan, status: &DeviceStatus) {
    let (theme, trips) = (frame.theme, &status.round_trips);
    heading_ui(ui, frame, if is_mqtt(plan) { "Round trip of pings" } else { "Round trip" });
    let span = |span: Option<_>| span.map_or_else(|| "—".to_owned(), words::round_trip);
    fact_ui(ui, theme, "Half within", &span(trips.p50));
    fact_ui(ui, theme, "99 of 100 within", &span(trips.p99));
    fact_ui(ui, theme, "Slowest", &span(trips.longest));
    let minutes = RoundTrips::WINDOW.0 / 60_000_000;
    let answers = if trips.count == 1 { "answer" } else { "answers" };
    let note = format!("of {} {answers} in the last {minutes} minutes", words::count(trips.count));
    ui.label(RichText::new(note).color(theme.muted).font(fonts::regular(size::SMALL)));
    if !trips.history.is_empty() {
        history_ui(ui, frame, plan, trips);
    }
}

/// What the marks of the picture are, at its right top.
fn legend(painter: &Painter, theme: &Theme, whole: Rect) {
    let font = fonts::regular(size::SMALL);
    let mut right = whole.right();
    for (words, ink) in
        [("errors", None), ("99 of 100", Some(theme.muted.gamma_multiply(0.5))), ("half", Some(theme.normal))]
    {
        let drawn = painter.text(pos2(right, whole.top()), Align2::RIGHT_TOP, words, font.clone(), theme.muted);
        let mark = Rect::from_center_size(pos2(drawn.left() - 8.0, drawn.center().y), vec2(7.0, 7.0));
        match ink {
            Some(ink) => drop(painter.rect_filled(mark, 0.0, ink)),
            None => hatch::cross(painter, mark.center(), 5.0, theme.text),
        }
        right = mark.left() - 3.0 * STEP;
    }
}

/// The last half-hour in steps: up to what 99 of 100 took, and within it what half took; hatched where nothing was
/// answered, a cross where there were errors.
fn history_ui(ui: &mut Ui, frame: &Frame<'_>, plan: &DevicePlan, trips: &RoundTrips) {
    let theme = frame.theme;
    let (whole, response) = ui.allocate_exact_size(vec2(ui.available_width(), 118.0), Sense::hover());
    let (words_top, words_below) = (size::SMALL * 1.5, size::SMALL * 1.3 + ERRORS);
    let rect = Rect::from_min_max(whole.min + vec2(0.0, words_top), whole.max - vec2(0.0, words_below));
    let step = rect.width() / RoundTrips::POINTS as f32;
    let most = trips.history.iter().filter_map(|p| p.p99).max().map_or(1, |span| span.0.max(1));
    let painter = ui.painter();
    painter.hline(rect.x_range(), rect.bottom(), Stroke::new(LINE, theme.line));
    let first = RoundTrips::POINTS - trips.history.len().min(RoundTrips::POINTS);
    let left = |index: usize| rect.left() + (first + index) as f32 * step;
    let height = |micros: i64| rect.height() * micros as f32 / most as f32;
    let mut silent: Option<f32> = None;
    for (index, point) in trips.history.iter().enumerate() {
        let (from, to) = (left(index), left(index + 1));
        if let (Some(p50), Some(p99)) = (point.p50, point.p99) {
            if let Some(began) = silent.take() {
                hatch::hatch(painter, Rect::from_x_y_ranges(began..=from, rect.y_range()), theme.line, 5.0);
            }
            let bar = |micros: i64| {
                let top = rect.bottom() - height(micros).max(1.0);
                Rect::from_min_max(pos2(from, top), pos2((to - 1.0).max(from + 0.5), rect.bottom()))
            };
            painter.rect_filled(bar(p99.0), 0.0, theme.muted.gamma_multiply(0.5));
            painter.rect_filled(bar(p50.0), 0.0, theme.normal);
        } else {
            silent.get_or_insert(from);
        }
        if point.errors > 0 {
            hatch::cross(painter, pos2(f32::midpoint(from, to), rect.bottom() + ERRORS / 2.0), 5.0, theme.text);
        }
    }
    if let Some(began) = silent {
        hatch::hatch(painter, rect.with_min_x(began), theme.line, 5.0);
    }
    let small = |at, align, words: &str| painter.text(at, align, words, fonts::regular(size::SMALL), theme.muted);
    small(whole.left_top(), Align2::LEFT_TOP, &words::round_trip(crate::time::Span(most)));
    let minutes = RoundTrips::STEP.0 * RoundTrips::POINTS as i64 / 60_000_000;
    legend(painter, theme, whole);
    small(whole.left_bottom(), Align2::LEFT_BOTTOM, &format!("{minutes} min ago"));
    small(whole.right_bottom(), Align2::RIGHT_BOTTOM, "now");
    let name = format!("round trip {}", plan.name);
    widgets::tell(&response, Role::Image, &name, || {
        let span = |span: Option<_>| span.map_or_else(|| "unknown".to_owned(), words::round_trip);
        format!("half within {}, 99 of 100 within {}", span(trips.p50), span(trips.p99))
    });
    let pointed = response.hover_pos().and_then(|at| {
        let index = ((at.x - left(0)) / step).floor();
        (index >= 0.0).then(|| trips.history.get(index as usize)).flatten()
    });
    if let Some(point) = pointed {
        let from = words::time_of_day(point.from, frame.zone);
        let trips = match (point.p50, point.p99) {
            (Some(p50), Some(p99)) => {
                format!("half within {}, 99 of 100 within {}", words::round_trip(p50), words::round_trip(p99))
            }
            _ => "no answer".to_owned(),
        };
        let errors = if point.errors > 0 { format!(", {} errors", point.errors) } else { String::new() };
        response.on_hover_text_at_pointer(format!("{from}, 30 s: {trips}, {} answers{errors}", point.answers));
    }
}
