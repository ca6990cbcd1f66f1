//! The topic explorer: a broker's topics as a tree, live, with their rates and last payloads; a value of a payload becomes a
//! tag, and a pattern of topics a family of tags.
//!
//! It listens by a connection of its own, under a name of its own, publishes nothing, and ends when the view is left. What
//! is kept is bounded (see `drivers::scan::topics`); what does not fit is counted and told.

pub(super) mod pick;
mod tree;

use super::editor::{self, NewPlace, NewTag};
use super::fonts::{self, size};
use super::panels::table::{self, Column, column, numbers};
use super::theme::STEP;
use super::tree::heading_ui;
use super::widgets::{self, Brush, text};
use super::words;
use super::{Action, Frame, Outbox};
use crate::drivers::scan::fields::Kind;
use crate::drivers::scan::topics::Topic;
use crate::drivers::scan::{Found, Request};
use crate::drivers::tls::files;
use crate::link::{ScanLink, Scanning};
use crate::project::{DataType, Device, Endpoint};
use crate::time::Span;
use eframe::egui::{
    Button, ComboBox, Label, Panel, Rect, RichText, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2,
};
use pick::Pick;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tree::{Counted, Row, counted, rows};

/// It ends by itself after this: nobody looks at a tree of topics for longer.
const LONGEST: Span = Span::from_secs(4 * 3_600);
/// Topics that are kept.
const MOST_TOPICS: usize = 10_000;
/// The picture is looked at so often, in seconds.
const LOOK_EVERY: f64 = 0.5;
/// Height of a row, and how far a level is indented.
const ROW: f32 = 21.0;
const INDENT: f32 = 16.0;
/// Height of what makes a tag, below the tree.
const FOOT: f32 = 92.0;

const COLUMNS: [Column; 5] = [
    column("Topic", 220.0, 1.0, 100),
    numbers("Messages/s", 76.0, 80),
    column("Kept", 44.0, 0.0, 60),
    numbers("Bytes", 56.0, 50),
    column("Last", 180.0, 1.0, 90),
];

/// What the explorer remembers.
#[derive(Debug, Default)]
pub struct Explorer {
    link: Option<ScanLink>,
    device: Option<Arc<str>>,
    /// Of which device, and how it goes.
    listening: Option<(Arc<str>, Scanning)>,
    refused: Option<String>,
    open: BTreeSet<String>,
    filter: String,
    looked: Option<f64>,
    shown: Shown,
    before: HashMap<String, Counted>,
    pick: Option<Pick>,
}

/// What is shown of the picture.
#[derive(Debug, Default)]
struct Shown {
    rows: Vec<Row>,
    summary: String,
    end: Option<String>,
    /// Topics that the pattern of what is picked matches.
    matching: usize,
}

impl Explorer {
    /// With the program's way to brokers, where it has one.
    pub fn new(link: Option<ScanLink>) -> Self {
        Self { link, ..Self::default() }
    }

    /// Looks at another broker.
    pub fn open(&mut self, device: Arc<str>) {
        self.device = Some(device);
    }

    /// Ends the connection; what was heard stays until another broker is listened to.
    pub fn stop(&mut self) {
        if let Some((_, scanning)) = &mut self.listening {
            scanning.stop();
        }
    }

    /// The middle of the window.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, out: &mut Outbox) {
        heading_ui(ui, frame, "Topic explorer");
        let project = &frame.snapshot.plan.project;
        let brokers: Vec<&Device> = project
            .devices
            .iter()
            .map(AsRef::as_ref)
            .filter(|device: &&Device| matches!(device.endpoint, Endpoint::Mqtt(_)))
            .collect();
        let Some(first) = brokers.first() else {
            ui.label("The project has no MQTT device yet: F2 adds one");
            return;
        };
        let known = self.device.clone().filter(|name| brokers.iter().any(|b| b.name == name.as_ref()));
        let device = known.unwrap_or_else(|| Arc::from(first.name.as_str()));
        self.device = Some(Arc::clone(&device));
        self.tools_ui(ui, frame, &brokers, &device);
        self.look(ui.input(|i| i.time));
        if self.goes_on() {
            ui.ctx().request_repaint_after(Duration::from_secs_f32(LOOK_EVERY as f32));
        }
        let words = self.state();
        let label = ui.add(Label::new(RichText::new(&words).color(frame.theme.muted)).wrap());
        widgets::tell(&label, Role::Status, "State of the explorer", || words.clone());
        let foot = eframe::egui::Frame::new();
        Panel::bottom("explorer foot").frame(foot).exact_size(FOOT).show(ui, |ui| self.pick_ui(ui, frame, out));
        match self.nothing_yet(&device) {
            Some(why) => drop(ui.add(Label::new(fonts::bold(why)).wrap())),
            None => self.tree_ui(ui, frame),
        }
    }

    /// Why no topic is there to be shown.
    fn nothing_yet(&self, device: &str) -> Option<String> {
        if !self.shown.rows.is_empty() {
            return None;
        }
        Some(match (&self.listening, self.goes_on()) {
            (None, _) => format!("Press Listen to hear what {device} sends"),
            (Some(_), _) if !self.filter.is_empty() => "No topic that was heard matches the filter".to_owned(),
            (Some(_), true) => "Nothing was heard yet".to_owned(),
            (Some(_), false) => "Nothing was heard".to_owned(),
        })
    }

    fn goes_on(&self) -> bool {
        self.listening.as_ref().is_some_and(|(_, scanning)| scanning.goes_on())
    }

    fn state(&self) -> String {
        match (&self.refused, &self.shown.end, &self.listening) {
            (Some(why), ..) => format!("Not listening: {why}"),
            (None, Some(end), _) => format!("{end}. {}", self.shown.summary),
            (None, None, Some(_)) => self.shown.summary.clone(),
            (None, None, None) => {
                "It only listens, by a connection of its own, publishes nothing, and ends when this view is left"
                    .to_owned()
            }
        }
    }

    fn tools_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, brokers: &[&Device], device: &Arc<str>) {
        ui.horizontal_wrapped(|ui| {
            let list = ComboBox::from_id_salt("explored broker").selected_text(device.as_ref()).width(170.0);
            let list = list.show_ui(ui, |ui| {
                for broker in brokers {
                    if ui.selectable_label(broker.name == device.as_ref(), &broker.name).clicked() {
                        self.device = Some(broker.name.as_str().into());
                    }
                }
            });
            list.response.widget_info(|| WidgetInfo {
                current_text_value: Some(device.to_string()),
                ..WidgetInfo::labeled(Role::ComboBox, true, "Broker to listen to")
            });
            let here = self.listening.as_ref().is_some_and(|(name, scanning)| name == device && scanning.goes_on());
            if here {
                if ui.button("Stop listening").clicked() {
                    self.stop();
                }
            } else if ui.button("Listen").on_hover_text("Subscribes to #, by a connection of its own").clicked() {
                self.listen(frame, device);
            }
            let filter = TextEdit::singleline(&mut self.filter).hint_text("Filter topics").desired_width(180.0);
            let filter = ui.add(filter.char_limit(200));
            filter.widget_info(|| WidgetInfo {
                current_text_value: Some(self.filter.clone()),
                ..WidgetInfo::labeled(Role::TextInput, true, "Filter topics")
            });
            if filter.changed() {
                self.looked = None;
            }
        });
    }

    fn listen(&mut self, frame: &Frame<'_>, device: &Arc<str>) {
        let project = &frame.snapshot.plan.project;
        let of_device = project.devices.iter().find(|d| d.name == device.as_ref());
        let request = of_device.and_then(|d| Request::of_device(d, &files::folder(project)));
        let Some(Request::Mqtt(mut request)) = request else {
            self.refused = Some("the project is at fault there".to_owned());
            return;
        };
        request.listen = LONGEST;
        request.most_topics = MOST_TOPICS;
        // The one before is dropped first: only one scan is carried out at a time.
        self.listening = None;
        (self.shown, self.before, self.pick, self.looked) = (Shown::default(), HashMap::new(), None, None);
        let begun = self.link.as_ref().ok_or_else(|| "this program cannot listen to a broker by itself".to_owned());
        match begun.and_then(|link| link.begin(Request::Mqtt(request))) {
            Ok(scanning) => {
                self.listening = Some((Arc::clone(device), scanning));
                self.refused = None;
            }
            Err(why) => self.refused = Some(why),
        }
    }

    /// Takes up what was heard since the last look.
    fn look(&mut self, now: f64) {
        if self.looked.is_some_and(|at| now - at < LOOK_EVERY) {
            return;
        }
        self.looked = Some(now);
        let Some((_, scanning)) = &self.listening else { return };
        let (open, filter, pick) = (&self.open, self.filter.trim(), self.pick.as_ref());
        self.shown = scanning.with(|picture| {
            let Found::Mqtt(topics) = &picture.found else { return Shown::default() };
            let known = topics.topics.iter().map(|(name, topic)| (name.as_str(), topic));
            let shown: Vec<(&str, &Topic)> =
                known.filter(|(name, _)| filter.is_empty() || name.contains(filter)).collect();
            let left_out = match topics.left_out {
                0 => String::new(),
                n => format!("; {} messages of more topics are counted and not kept", words::count(n)),
            };
            let notes = topics.notes.iter().flat_map(|note| ["; ", note]).collect::<String>();
            let summary = format!(
                "{}: {} topics, {} messages, {}{left_out}{notes}",
                picture.phase,
                words::count(topics.topics.len() as u64),
                words::count(topics.messages),
                words::bytes(topics.bytes),
            );
            let end = picture.end.as_ref().map(|end| end.words().unwrap_or_else(|| "Done".to_owned()));
            let matching = pick.map_or(0, |pick| topics.topics.keys().filter(|name| pick.matches(name)).count());
            Shown { rows: rows(&shown, open), summary, end, matching }
        });
        let before = std::mem::take(&mut self.before);
        for row in &self.shown.rows {
            self.before.insert(row.key.clone(), counted(before.get(&row.key), row.messages, now));
        }
    }

    fn tree_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>) {
        let theme = frame.theme;
        ui.spacing_mut().item_spacing.y = 0.0;
        let places = table::places(&COLUMNS, ui.available_width() - 12.0);
        let (heads, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
        table::heads(ui.painter(), heads, &COLUMNS, &places, theme);
        let mut pressed = None;
        let (rows, before, pick) = (&self.shown.rows, &self.before, self.pick.as_ref());
        ScrollArea::vertical().id_salt("explorer tree").auto_shrink([false, false]).show_rows(
            ui,
            ROW,
            rows.len(),
            |ui, range| {
                for row in rows.get(range).unwrap_or_default() {
                    let rate = before.get(&row.key).and_then(|counted| counted.rate);
                    if row_ui(ui, frame, row, rate, &places, is_picked(pick, row)) {
                        pressed = Some(row.clone());
                    }
                }
            },
        );
        let Some(row) = pressed else { return };
        if row.open.is_some() && !self.open.remove(&row.key) {
            self.open.insert(row.key.clone());
        }
        if let Some((topic, path, kind)) = row.pick {
            self.pick = Some(Pick::new(topic, path, type_of(kind)));
        }
        self.looked = None;
        ui.ctx().request_repaint();
    }

    /// What was picked, whose levels may stand for any, and the button that makes it a tag or a family.
    fn pick_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, out: &mut Outbox) {
        ui.add_space(STEP);
        let Some(pick) = &mut self.pick else {
            if !self.shown.rows.is_empty() {
                let words = "Press a topic or a value of its payload to make it a tag";
                ui.label(RichText::new(words).color(frame.theme.muted));
            }
            return;
        };
        if pick.levels_ui(ui) {
            self.looked = None;
        }
        let family = pick.is_family();
        let device = self.listening.as_ref().map_or_else(String::new, |(name, _)| name.to_string());
        let tag = tag_of(pick, device);
        let NewPlace::Topic { topic, path } = &tag.place else { return };
        let path = path.as_deref().map(|path| format!(", {path}")).unwrap_or_default();
        let matches = if family {
            format!("; {} topics match so far", words::count(self.shown.matching as u64))
        } else {
            String::new()
        };
        let words = format!("{} from {topic}{path}, {}{matches}", tag.name, tag.data_type.word());
        let label = ui.add(Label::new(crate::text::visible(&words).into_owned()).wrap());
        widgets::tell(&label, Role::Status, "What is picked", || words.clone());
        let impossible = editor::impossible(frame);
        let button = Button::new(if family { "Make family of tags" } else { "Make tag" });
        let button = ui.add_enabled(impossible.is_none(), button);
        if button.on_disabled_hover_text(impossible.unwrap_or_default()).clicked() {
            out.action(Action::MakeTag(Box::new(tag)));
        }
    }
}

/// The tag, or the family where a level stands for any.
fn tag_of(pick: &Pick, device: String) -> NewTag {
    let place = NewPlace::Topic { topic: pick.pattern(), path: pick.path.clone() };
    NewTag { device, name: pick.name(), place, data_type: pick.data_type }
}

/// What a value of a payload is in a project.
const fn type_of(kind: Kind) -> DataType {
    match kind {
        Kind::Bool => DataType::Bool,
        Kind::Text => DataType::String,
        Kind::Number | Kind::Null | Kind::Json | Kind::Binary | Kind::Empty => DataType::F64,
    }
}

fn is_picked(pick: Option<&Pick>, row: &Row) -> bool {
    match (pick, &row.pick) {
        (Some(pick), Some((topic, path, _))) => pick.topic == *topic && pick.path == *path,
        _ => false,
    }
}

/// A line; whether it was pressed.
fn row_ui(
    ui: &mut Ui,
    frame: &Frame<'_>,
    row: &Row,
    rate: Option<f64>,
    places: &[Option<(f32, f32)>; 5],
    picked: bool,
) -> bool {
    let theme = frame.theme;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    if picked {
        ui.painter().rect_filled(rect, 3.0, theme.raised);
    }
    let brush = Brush { theme, blink_on: frame.blink_on };
    let response = widgets::press(ui, rect, ui.scope_id().with(&row.key), &brush, 3.0);
    let rate = rate.map(|rate| words::number(rate, Some(u8::from(rate < 10.0)))).unwrap_or_default();
    widgets::tell(&response, Role::TreeItem, &row.key.replace('\u{0}', " "), || {
        let state = match row.open {
            Some(true) => "open, ",
            Some(false) => "closed, ",
            None => "",
        };
        format!("{state}{rate} a second, {}", row.last)
    });
    let painter = ui.painter();
    let put = |index: usize, words: &str, ink| {
        if let Some(place) = places[index] {
            let cell = table::cell(rect, place);
            text::paint(painter, cell, table::align(&COLUMNS[index]), words, fonts::regular(size::BODY), ink);
        }
    };
    if let Some(place) = places[0] {
        let cell = table::cell(rect, place);
        let left = (cell.left() + INDENT * row.depth as f32).min(cell.right() - 40.0);
        let mark = match row.open {
            Some(true) => "▼",
            Some(false) => "→",
            None => "",
        };
        let at = Rect::from_min_max(pos2(left, cell.top()), pos2(left + INDENT, cell.bottom()));
        text::paint(painter, at, table::align(&COLUMNS[0]), mark, fonts::regular(size::SMALL), theme.muted);
        let at = Rect::from_min_max(pos2(left + INDENT, cell.top()), cell.max);
        let ink = if row.pick.is_some() { theme.text } else { theme.muted };
        text::paint(painter, at, table::align(&COLUMNS[0]), row.label.as_str(), fonts::regular(size::BODY), ink);
    }
    put(1, &rate, theme.text);
    put(2, if row.retained { "yes" } else { "" }, theme.muted);
    put(3, &row.bytes.map(|bytes| words::count(bytes as u64)).unwrap_or_default(), theme.muted);
    put(4, &row.last, theme.text);
    response.clicked()
}
