//! The sheet that looks for devices: what to look for, how far it is, and what was found, to be copied as the beginning of a
//! project. The scan runs behind the wire; it only reads.

use super::dialogs;
use super::fonts::{self, size};
use super::panels::table::{self, Column, column, numbers};
use super::theme::{STEP, Theme};
use super::widgets::{self, text};
use crate::drivers::modbus::guest::Door;
use crate::drivers::monitor::Monitor;
use crate::drivers::scan::Request;
use crate::drivers::scan::snippet::snippet;
use crate::drivers::scan::told::{Rows, first_rows, rows, summary};
use crate::link::{ScanLink, Scanning};
use crate::project::Project;
use eframe::egui::{Button, Label, ProgressBar, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use std::fmt::Write as _;
use std::time::Duration;
use typed::{Sort, Typed};

mod typed;

/// The heading.
pub const TITLE: &str = "Look for devices";

/// A scan that goes on is looked at so often.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Topics that are shown; the copies have all.
const TOPICS_SHOWN: usize = 300;
/// Height of a row.
const ROW: f32 = 20.0;
/// Height of a line of words.
const LINE: f32 = 17.0;
/// Room for the unit's number and for what was asked of it.
const UNIT: f32 = 34.0;
const WHAT: f32 = 70.0;

const TOPICS: [Column; 4] = [
    column("Topic, path", 200.0, 1.0, 100),
    numbers("Messages", 68.0, 60),
    column("Kind", 56.0, 0.0, 70),
    column("Last", 120.0, 1.0, 90),
];

/// The sheet; what was found stays when it is closed.
#[derive(Debug, Default)]
pub struct Scanner {
    link: Option<ScanLink>,
    typed: Typed,
    /// What was asked for last, and how it goes.
    asked: Option<(Request, Scanning)>,
    refused: Option<String>,
    /// What is shown, and when it was made, in seconds of the window.
    shown: Option<(f64, Shown)>,
}

/// What is shown of a picture.
#[derive(Debug, Default)]
struct Shown {
    rows: Rows,
    summary: String,
    phase: String,
    share: f32,
    end: Option<String>,
    /// More may come.
    goes_on: bool,
}

impl Scanner {
    /// With the program's way to devices, where it has one.
    pub fn new(link: Option<ScanLink>) -> Self {
        Self { link, ..Self::default() }
    }

    /// Ends the scan that goes on; what was found stays.
    pub fn stop(&mut self) {
        if let Some((_, scanning)) = &mut self.asked {
            scanning.stop();
        }
        self.shown = None;
    }

    fn goes_on(&self) -> bool {
        self.asked.as_ref().is_some_and(|(_, scanning)| scanning.goes_on())
    }

    fn begin(&mut self, door: Option<Door>) {
        self.shown = None;
        self.refused = None;
        let begun = self.typed.request().and_then(|request| {
            let link = self.link.as_ref().ok_or_else(|| "this program cannot look for devices".to_owned())?;
            Ok((request.clone(), link.begin_through(request, door)?))
        });
        match begun {
            Ok(asked) => self.asked = Some(asked),
            Err(why) => self.refused = Some(why),
        }
    }

    /// What there is to be shown; looked at now and then, for it may be much.
    fn look(&mut self, now: f64) {
        let fresh =
            self.shown.as_ref().is_some_and(|(at, shown)| !shown.goes_on || now - at < LOOK_EVERY.as_secs_f64());
        if fresh {
            return;
        }
        let goes_on = self.goes_on();
        self.shown = self.asked.as_ref().map(|(_, scanning)| {
            let shown = scanning.with(|picture| Shown {
                rows: first_rows(picture, TOPICS_SHOWN),
                summary: summary(picture),
                phase: picture.phase.clone(),
                share: if picture.of > 0 { (picture.done as f32 / picture.of as f32).min(1.0) } else { 0.0 },
                end: picture.end.as_ref().map(|end| end.words().unwrap_or_else(|| "done".to_owned())),
                goes_on,
            });
            (now, shown)
        });
    }

    /// The sheet's content. The devices of `project` can be looked into with their own settings.
    pub fn ui(&mut self, ui: &mut Ui, theme: &Theme, project: &Project, monitor: &Monitor) {
        let goes_on = self.goes_on();
        self.look(ui.input(|i| i.time));
        if goes_on {
            ui.ctx().request_repaint_after(LOOK_EVERY);
        }
        ui.add_enabled_ui(!goes_on, |ui| self.typed.ui(ui, project));
        let door = self.typed.door(monitor);
        let words = match self.typed.sort {
            Sort::Modbus if door.is_some() => {
                "The plant polls this line: it is asked through that connection and with its settings, in the time that polls leave. It only reads"
            }
            Sort::Modbus if self.typed.is_polled(project) => {
                "The project's own devices are on this port, which one program alone can open: scan it by \"watchkeeper scan modbus\" while nobody watches the plant"
            }
            Sort::Modbus => {
                "It only reads, one request at a time. A small PLC that is being polled may hang up on one of two connections"
            }
            Sort::Mqtt => "It only listens, as a client of its own, and publishes nothing",
        };
        ui.add(Label::new(RichText::new(words).color(theme.muted)).wrap());
        ui.add_space(STEP);
        self.start_ui(ui, theme, goes_on, door);
        ui.add_space(STEP);
        self.found_ui(ui, theme);
    }

    fn start_ui(&mut self, ui: &mut Ui, theme: &Theme, goes_on: bool, door: Option<Door>) {
        let mut pressed = false;
        ui.horizontal(|ui| {
            let words = if goes_on { "Stop" } else { "Start" };
            let button = ui.add_enabled(self.link.is_some(), Button::new(words).min_size(vec2(70.0, 26.0)));
            button.widget_info(|| {
                WidgetInfo::labeled(Role::Button, self.link.is_some(), format!("{words} looking for devices"))
            });
            pressed = button.clicked();
            if let Some((_, shown)) = &self.shown {
                let state = match &shown.end {
                    _ if shown.goes_on => shown.phase.clone(),
                    Some(end) => end.clone(),
                    None => "stopped".to_owned(),
                };
                let mut words = state;
                if !shown.summary.is_empty() {
                    let _written = write!(words, ": {}", shown.summary);
                }
                if shown.goes_on {
                    let bar =
                        ProgressBar::new(shown.share).desired_width(110.0).desired_height(10.0).fill(theme.select);
                    ui.add(bar);
                }
                let label = ui.add(Label::new(words.as_str()).wrap());
                widgets::tell(&label, Role::Status, "Looking for devices", || words.clone());
            }
        });
        if pressed && goes_on {
            self.stop();
        } else if pressed {
            self.begin(door);
            ui.ctx().request_repaint();
        }
        if let Some(why) = &self.refused {
            let label = ui.add(Label::new(fonts::bold(why.clone())).wrap());
            widgets::tell(&label, Role::Alert, "Not begun", || why.clone());
        }
    }

    fn found_ui(&self, ui: &mut Ui, theme: &Theme) {
        let (Some((request, scanning)), Some((_, shown))) = (&self.asked, &self.shown) else { return };
        let Rows { rows: found, notes, heads, right } = &shown.rows;
        let height = (dialogs::room(ui.ctx()).y - 330.0).max(90.0);
        let scroll = ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]);
        match request {
            Request::Modbus(_) => {
                scroll.show(ui, |ui| found.iter().for_each(|row| unit_ui(ui, theme, row)));
            }
            Request::Mqtt(_) => {
                let places = table::places(&TOPICS, ui.available_width() - 10.0);
                let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
                table::heads(ui.painter(), head, &TOPICS, &places, theme);
                ui.spacing_mut().item_spacing.y = 0.0;
                scroll.show_rows(ui, ROW, found.len(), |ui, range| {
                    for row in found.get(range).unwrap_or_default() {
                        topic_ui(ui, theme, row, &places);
                    }
                });
            }
        }
        for note in notes {
            ui.add(Label::new(RichText::new(note).color(theme.muted)).wrap());
        }
        ui.add_space(STEP);
        ui.horizontal_wrapped(|ui| {
            let project = ui.add_enabled(!found.is_empty(), Button::new("Copy as a project"));
            if project.on_hover_text("Devices and tags, as a project file begins with").clicked() {
                ui.ctx().copy_text(scanning.with(|picture| snippet(request, picture)));
            }
            if ui.add_enabled(!found.is_empty(), Button::new("Copy the table")).clicked() {
                let all = scanning.with(rows);
                ui.ctx().copy_text(table_text(heads, right, &all.rows));
            }
        });
    }
}

/// Unit, what was asked, what was found: as many lines as it takes.
fn unit_ui(ui: &mut Ui, theme: &Theme, row: &[String]) {
    let [unit, what, found] = row else { return };
    if !unit.is_empty() {
        ui.separator();
    }
    let response = ui
        .horizontal_top(|ui| {
            let (place, _) = ui.allocate_exact_size(vec2(UNIT, LINE), Sense::hover());
            let font = fonts::strong(size::BODY);
            text::paint(ui.painter(), place, eframe::egui::Align2::LEFT_CENTER, unit.as_str(), font, theme.text);
            let (place, _) = ui.allocate_exact_size(vec2(WHAT, LINE), Sense::hover());
            let font = fonts::regular(size::BODY);
            text::paint(ui.painter(), place, eframe::egui::Align2::LEFT_CENTER, what.as_str(), font, theme.muted);
            ui.add(Label::new(RichText::new(found).color(theme.text)).wrap().selectable(true));
        })
        .response;
    let name = if unit.is_empty() { what.clone() } else { format!("unit {unit}, {what}") };
    widgets::tell(&response, Role::Row, &name, || found.clone());
}

/// A topic, or a value of one.
fn topic_ui(ui: &mut Ui, theme: &Theme, row: &[String], places: &[Option<(f32, f32)>; 4]) {
    let [topic, messages, _, retained, _, kind, last] = row else { return };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let retained = if retained.is_empty() { "" } else { ", retained" };
    widgets::tell(&response, Role::Row, topic.trim(), || format!("{messages} {kind}{retained}, {last}"));
    let is_topic = !messages.is_empty();
    for (index, words) in [topic, messages, kind, last].into_iter().enumerate() {
        let Some(place) = places[index] else { continue };
        let font = if is_topic && index == 0 { fonts::strong(size::BODY) } else { fonts::regular(size::BODY) };
        let ink = if index == 2 { theme.muted } else { theme.text };
        let cell = table::cell(rect, place);
        text::paint(ui.painter(), cell, table::align(&TOPICS[index]), words.as_str(), font, ink);
    }
    response.on_hover_text(format!("{}\n{last}{retained}", topic.trim()));
}

/// A table for a mail or a spreadsheet: its cells parted by tabs.
fn table_text(heads: &[&str], right: &[bool], rows: &[Vec<String>]) -> String {
    debug_assert_eq!(heads.len(), right.len(), "one for each column");
    let mut text = heads.join("\t");
    for row in rows {
        text.push('\n');
        text.push_str(&row.join("\t"));
    }
    text.push('\n');
    text
}
