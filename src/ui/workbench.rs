//! The decode workbench: the live registers of a device under every type and order, side by side, and what of them shows
//! what the device's own display shows.
//!
//! The registers are read through the connection that polls, where it has time; see `drivers::monitor::Bench`.

use super::editor::{self, NewPlace, NewTag};
use super::fonts::{self, size};
use super::theme::Theme;
use super::tree::heading_ui;
use super::widgets;
use super::words;
use super::{Action, Frame, Outbox};
use crate::drivers::decode::{Decoding, MOST_READINGS, Reading, Shown, ranked, views};
use crate::drivers::monitor::{BenchView, MOST, Refused, Wanted};
use crate::engine::{DeviceId, LinkState, Value};
use crate::project::{Area, Endpoint, Order};
use crate::time::Span;
use eframe::egui::{
    Align, Button, Color32, ComboBox, DragValue, Grid, Id, Key, Label, Layout, Response, RichText, Role, ScrollArea,
    TextEdit, TextStyle, Ui, WidgetInfo, vec2,
};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// How often registers are read while somebody looks.
const EVERY: Span = Span::from_secs(1);
/// What was read is looked at so often.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A register that was another within this time is marked.
const MOVED: Span = Span::from_secs(5);
/// Runs of registers that the device refuses, told one by one.
const MOST_TOLD: usize = 4;
/// Decodings of a rank that are listed.
const LISTED: usize = 40;
/// Registers that are looked at first.
const FIRST_COUNT: u16 = 20;

/// Columns of registers, and of bits: their heads, and their widths in points; none: as wide as what stands in them.
const HEADS: [(&str, f32); 7] =
    [("", 0.0), ("Address", 0.0), ("Hex", 40.0), ("u16", 44.0), ("i16", 50.0), ("f32", 84.0), ("f32 CDAB", 84.0)];
const BIT_HEADS: [(&str, f32); 3] = [("", 0.0), ("Address", 0.0), ("Bit", 40.0)];
/// Width of what a decoding reads.
const VALUE: f32 = 130.0;

const AREAS: [Area; 4] = [Area::Holding, Area::Input, Area::Coil, Area::Discrete];

/// What the bench remembers.
#[derive(Debug)]
pub struct Workbench {
    device: Option<Arc<str>>,
    area: Area,
    start: u16,
    count: u16,
    /// The register whose decodings stand side by side, behind the first.
    chosen: u16,
    typed: String,
    /// What is wrong with it.
    refused: Option<String>,
    readings: Vec<(String, Reading)>,
    found: Vec<Decoding>,
    view: BenchView,
}

impl Default for Workbench {
    fn default() -> Self {
        Self {
            device: None,
            area: Area::Holding,
            start: 0,
            count: FIRST_COUNT,
            chosen: 0,
            typed: String::new(),
            refused: None,
            readings: Vec::new(),
            found: Vec::new(),
            view: BenchView::default(),
        }
    }
}

impl Workbench {
    /// Looks at another device.
    pub fn open(&mut self, device: Arc<str>) {
        if self.device.as_ref() != Some(&device) {
            self.device = Some(device);
            self.look_elsewhere();
        }
    }

    /// Begins with the first registers of this table.
    pub fn begin_with(&mut self, area: Area) {
        self.area = area;
        self.look_elsewhere();
    }

    /// Other registers: what was typed of the ones before says nothing of these.
    fn look_elsewhere(&mut self) {
        self.chosen = 0;
        self.readings.clear();
        self.found.clear();
        self.refused = None;
        self.view = BenchView::default();
    }

    /// The middle of the window.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, out: &mut Outbox) {
        heading_ui(ui, frame, "Decode workbench");
        let Some(device) = self.device_ui(ui, frame) else { return };
        let now = frame.snapshot.now.mono;
        let wanted = Wanted { area: self.area, start: self.start, count: self.count, every: EVERY };
        let number = frame.snapshot.plan.device_number(device);
        frame.about.monitor.want(number, wanted, now);
        self.view = frame.about.monitor.device(number).bench().view();
        ui.ctx().request_repaint_after(LOOK_EVERY);
        self.state_ui(ui, frame, device);
        ui.separator();
        self.shown_ui(ui, frame);
        ui.separator();
        let Some((_, words)) = self.view.taken.clone() else { return };
        let half = (ui.available_width() * 0.48).clamp(220.0, 500.0);
        let height = ui.available_height();
        ui.horizontal_top(|ui| {
            let down = Layout::top_down(Align::Min);
            ui.allocate_ui_with_layout(vec2(half, height), down, |ui| self.registers_ui(ui, frame, &words));
            ui.separator();
            ui.vertical(|ui| {
                if self.readings.is_empty() {
                    self.side_by_side_ui(ui, frame, &words, out);
                } else {
                    self.found_ui(ui, frame, &words, out);
                }
            });
        });
    }

    /// Which device and which of its registers. `None`: there is none to look at.
    fn device_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>) -> Option<DeviceId> {
        let plan = &frame.snapshot.plan;
        let names: Vec<(DeviceId, &Arc<str>)> = plan
            .devices
            .iter()
            .enumerate()
            .filter(|(_, device)| matches!(device.device.endpoint, Endpoint::Modbus(_)))
            .map(|(index, device)| (DeviceId(index as u32), &device.name))
            .collect();
        if frame.about.bundle.is_some() {
            ui.label(words::say::ONLY_A_BUNDLE);
            return None;
        }
        if let Some(holder) = &frame.about.held_by {
            ui.label(format!("This plant is watched by {holder}: its devices can be looked into there"));
            return None;
        }
        let Some((_, first)) = names.first() else {
            ui.label("The project has no Modbus device yet: F2 adds one, and Look for devices finds some");
            return None;
        };
        let known = self.device.clone().filter(|name| names.iter().any(|(_, other)| *other == name));
        let mut device = known.unwrap_or_else(|| Arc::clone(first));
        let before = (device.clone(), self.area, self.start, self.count);
        ui.horizontal_wrapped(|ui| {
            let list = ComboBox::from_id_salt("bench device").selected_text(device.as_ref()).width(170.0);
            let list = list.show_ui(ui, |ui| {
                for (_, name) in &names {
                    ui.selectable_value(&mut device, Arc::clone(name), name.as_ref());
                }
            });
            list.response.widget_info(|| WidgetInfo {
                current_text_value: Some(device.to_string()),
                ..WidgetInfo::labeled(Role::ComboBox, true, "Device to look into")
            });
            let list = ComboBox::from_id_salt("bench table").selected_text(self.area.word()).width(90.0);
            let list = list.show_ui(ui, |ui| {
                for area in AREAS {
                    ui.selectable_value(&mut self.area, area, area.word());
                }
            });
            list.response.widget_info(|| WidgetInfo {
                current_text_value: Some(self.area.word().to_owned()),
                ..WidgetInfo::labeled(Role::ComboBox, true, "Table")
            });
            ui.label("from");
            let start = ui.add(DragValue::new(&mut self.start).speed(1.0));
            start.widget_info(|| WidgetInfo {
                current_text_value: Some(self.start.to_string()),
                ..WidgetInfo::labeled(Role::SpinButton, true, "First protocol address")
            });
            ui.label("count");
            let count = ui.add(DragValue::new(&mut self.count).range(1..=MOST).speed(0.3));
            count.widget_info(|| WidgetInfo {
                current_text_value: Some(self.count.to_string()),
                ..WidgetInfo::labeled(Role::SpinButton, true, "How many")
            });
            for (label, hint, step) in [("←", "The registers before these", -1_i32), ("→", "The next registers", 1)]
            {
                if ui.button(label).on_hover_text(hint).clicked() {
                    let start = i32::from(self.start) + step * i32::from(self.count);
                    self.start = u16::try_from(start.clamp(0, 65_535)).unwrap_or_default();
                }
            }
        });
        self.count = self.count.clamp(1, MOST);
        if before != (device.clone(), self.area, self.start, self.count) {
            self.look_elsewhere();
        }
        self.device = Some(device.clone());
        names.iter().find(|(_, name)| **name == device).map(|(id, _)| *id)
    }

    /// Whether it is read, and why not.
    fn state_ui(&self, ui: &mut Ui, frame: &Frame<'_>, device: DeviceId) {
        let now = frame.snapshot.now;
        let link = frame.snapshot.devices.get(device.index()).map(|view| &view.status.state);
        let words = match (&self.view.fault, &self.view.taken, link) {
            (Some(why), ..) => format!("Not read: {why}"),
            (None, _, Some(LinkState::NoAnswer(why))) => format!("The device does not answer: {why}"),
            (None, Some((at, _)), _) => {
                let age = words::duration(now.mono - at.mono);
                let took = words::round_trip(self.view.took);
                let reads = match self.view.reads {
                    1 => "once".to_owned(),
                    more => format!("{} times", words::count(more)),
                };
                let refused = self.refused_words().map(|refused| format!(". {refused}")).unwrap_or_default();
                format!(
                    "Read {reads} on the connection that polls, where it has time; the last {age} ago took {took}{refused}"
                )
            }
            (None, None, _) if self.view.requests > 1 => {
                "The device refuses these registers together; they are asked for in smaller parts".to_owned()
            }
            (None, None, _) => "Waiting for a moment in which the line is free".to_owned(),
        };
        ui.horizontal_wrapped(|ui| {
            let strong = self.view.fault.is_some();
            let again = strong || !self.view.refused.is_empty();
            let text = if strong { fonts::bold(words.clone()) } else { RichText::new(&words).color(frame.theme.muted) };
            let label = ui.add(Label::new(text).wrap());
            widgets::tell(&label, Role::Status, "State of the workbench", || words.clone());
            if again && ui.button("Try again").clicked() {
                frame.about.monitor.try_again(frame.snapshot.plan.device_number(device), now.mono);
            }
        });
    }

    /// What of the registers the device refuses, and why. `None`: nothing.
    fn refused_words(&self) -> Option<String> {
        let told = |refused: &Refused| {
            let first = self.address(refused.offset);
            let which = match refused.count {
                1 => first.to_string(),
                count => format!("{first} to {}", self.address(refused.offset + count - 1)),
            };
            format!("{which} ({})", refused.why)
        };
        let mut list: Vec<String> = self.view.refused.iter().take(MOST_TOLD).map(told).collect();
        let more = self.view.refused.len().saturating_sub(MOST_TOLD);
        if more > 0 {
            list.push(format!("{more} more"));
        }
        (!list.is_empty()).then(|| format!("It refuses {}", list.join(", ")))
    }

    /// What the display shows, and what was typed before.
    fn shown_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>) {
        ui.horizontal_wrapped(|ui| {
            ui.label(fonts::bold("The device's display shows"));
            let edit = TextEdit::singleline(&mut self.typed)
                .id(Id::unique("bench shows"))
                .hint_text("e.g. 231.4")
                .desired_width(110.0)
                .char_limit(80);
            let edit = ui.add(edit);
            edit.widget_info(|| WidgetInfo {
                current_text_value: Some(self.typed.clone()),
                ..WidgetInfo::labeled(Role::TextInput, true, "What the display shows")
            });
            let enter = edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            let there = self.view.taken.is_some();
            let add = ui.add_enabled(there, Button::new("Find"));
            let hint = "Finds the decodings of what is read now that show this; a second value, later, leaves fewer";
            if add.on_hover_text(hint).clicked() || (enter && there) {
                self.add_reading();
                ui.memory_mut(|memory| memory.request_focus(Id::unique("bench shows")));
            }
            if !self.readings.is_empty() {
                let told: Vec<&str> = self.readings.iter().map(|(typed, _)| typed.as_str()).collect();
                ui.label(format!("so far {}", told.join(", ")));
                if ui.button("Begin anew").clicked() {
                    self.readings.clear();
                    self.found.clear();
                }
            }
            if let Some(why) = &self.refused {
                ui.label(RichText::new(why).color(frame.theme.text));
            }
        });
    }

    fn add_reading(&mut self) {
        let Some((_, words)) = &self.view.taken else { return };
        match Shown::parse(&self.typed) {
            Ok(shown) => {
                let typed = std::mem::take(&mut self.typed).trim().to_owned();
                if self.readings.len() >= MOST_READINGS {
                    self.readings.remove(0);
                }
                self.readings.push((typed, Reading { words: Arc::clone(words), shown }));
                let readings: Vec<Reading> = self.readings.iter().map(|(_, reading)| reading.clone()).collect();
                self.found = ranked(&readings);
                self.refused = None;
            }
            Err(why) => self.refused = Some(why),
        }
    }

    fn address(&self, offset: u16) -> u16 {
        self.start.saturating_add(offset)
    }

    /// The registers one below the other; pressed, one is taken apart at the right.
    fn registers_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, words: &[Option<u16>]) {
        let now = frame.snapshot.now.mono;
        let theme = frame.theme;
        let bits = self.area.is_bits();
        let heads: &[(&str, f32)] = if bits { &BIT_HEADS } else { &HEADS };
        ScrollArea::vertical().id_salt("bench registers").auto_shrink([false, false]).show(ui, |ui| {
            Grid::new("bench registers").num_columns(heads.len()).striped(true).spacing([10.0, 2.0]).show(ui, |ui| {
                for (head, width) in heads {
                    let head = RichText::new(*head).font(fonts::regular(size::SMALL)).color(theme.muted);
                    match width {
                        0.0 => ui.label(head),
                        width => cell_ui(ui, *width, head),
                    };
                }
                ui.end_row();
                for (offset, word) in words.iter().enumerate() {
                    let offset = offset as u16;
                    let moved = self.view.moved.get(usize::from(offset)).copied().flatten();
                    let moved = moved.is_some_and(|at| now - at < MOVED);
                    ui.label(RichText::new(if moved { "●" } else { "" }).color(theme.select));
                    let address = self.address(offset);
                    let name = format!("{address}  {}", self.area.modicon(address));
                    let absent = if self.view.refusal(offset).is_some() { "refused" } else { "not read yet" };
                    let here = self.chosen == offset;
                    let row = ui.add(Button::selectable(here, name));
                    row.widget_info(|| {
                        let mark = if moved { ", moved" } else { "" };
                        let what = word.map_or_else(|| absent.to_owned(), |word| word.to_string());
                        WidgetInfo::selected(Role::ListItem, true, here, format!("register {address}: {what}{mark}"))
                    });
                    if row.clicked() {
                        self.chosen = offset;
                    }
                    let Some(word) = word else {
                        ui.label(RichText::new(absent).color(theme.muted));
                        ui.end_row();
                        continue;
                    };
                    let said = if bits {
                        vec![RichText::new(if *word == 0 { "0" } else { "1" })]
                    } else {
                        let float = |order| float_words(theme, words, offset, order);
                        vec![
                            RichText::new(format!("{word:04X}")),
                            RichText::new(word.to_string()),
                            RichText::new((*word as i16).to_string()),
                            float(Order::Abcd),
                            float(Order::Cdab),
                        ]
                    };
                    for (said, (_, width)) in said.into_iter().zip(heads.iter().skip(2)) {
                        cell_ui(ui, *width, said);
                    }
                    ui.end_row();
                }
            });
            ui.add(Label::new(RichText::new("● moved within 5 s").color(theme.muted)).wrap());
        });
    }

    /// Every type and order of the chosen register on.
    fn side_by_side_ui(&self, ui: &mut Ui, frame: &Frame<'_>, words: &[Option<u16>], out: &mut Outbox) {
        let address = self.address(self.chosen);
        ui.label(fonts::bold(format!("{} {address} ({}) as", self.area.word(), self.area.modicon(address))));
        if self.area.is_bits() {
            ui.label(match words.get(usize::from(self.chosen)).copied().flatten() {
                Some(0) => "bool: off",
                Some(_) => "bool: on",
                None => "bool: not read",
            });
            return;
        }
        let decodings = views(self.chosen);
        ScrollArea::vertical().id_salt("bench views").auto_shrink([false, false]).show(ui, |ui| {
            Grid::new("bench views").num_columns(3).striped(true).spacing([12.0, 2.0]).show(ui, |ui| {
                for decoding in decodings {
                    self.decoding_ui(ui, frame, decoding, words, out);
                }
            });
        });
    }

    /// What shows what was typed, the likeliest first.
    fn found_ui(&self, ui: &mut Ui, frame: &Frame<'_>, words: &[Option<u16>], out: &mut Outbox) {
        let count = words::count(self.found.len() as u64);
        let told = match (self.found.len(), self.readings.len()) {
            (0, 1) => "Nothing that is read here shows that; it may stand in other registers".to_owned(),
            (0, _) => "Nothing that is read here showed all of that; begin anew, or look at other registers".to_owned(),
            (1, _) => "One decoding shows it".to_owned(),
            (_, 1) => format!("{count} decodings show it, the likeliest first; a second value leaves fewer"),
            _ => format!("{count} decodings show all of it, the likeliest first"),
        };
        let label = ui.add(Label::new(fonts::bold(told.clone())).wrap());
        widgets::tell(&label, Role::Status, "Decodings found", || told.clone());
        ScrollArea::vertical().id_salt("bench found").auto_shrink([false, false]).show(ui, |ui| {
            Grid::new("bench found").num_columns(3).striped(true).spacing([12.0, 2.0]).show(ui, |ui| {
                for decoding in self.found.iter().take(LISTED) {
                    self.decoding_ui(ui, frame, *decoding, words, out);
                }
            });
        });
    }

    /// A decoding, what it reads now, and the button that makes it a tag.
    fn decoding_ui(&self, ui: &mut Ui, frame: &Frame<'_>, decoding: Decoding, words: &[Option<u16>], out: &mut Outbox) {
        let theme: &Theme = frame.theme;
        let address = self.address(decoding.offset);
        let name = format!("{address} {decoding}");
        let (value, ink) = match decoding.value(words) {
            Ok(value) => (value_words(&value), ink(theme, &value)),
            Err(why) => (why, theme.muted),
        };
        let label = ui.label(name.as_str());
        widgets::tell(&label, Role::ListItem, &format!("decoding {name}"), || value.clone());
        cell_ui(ui, VALUE, RichText::new(&value).color(ink));
        let impossible = editor::impossible(frame);
        let button = ui.add_enabled(impossible.is_none(), Button::new("Make tag").small());
        button.widget_info(|| WidgetInfo::labeled(Role::Button, impossible.is_none(), format!("Make tag of {name}")));
        if button.on_disabled_hover_text(impossible.unwrap_or_default()).clicked() {
            out.action(Action::MakeTag(Box::new(self.tag(decoding))));
        }
        ui.end_row();
    }

    fn tag(&self, decoding: Decoding) -> NewTag {
        let device = self.device.as_deref().unwrap_or_default().to_owned();
        let place = NewPlace::Register {
            area: self.area,
            address: self.address(decoding.offset),
            order: decoding.order,
            byte: decoding.byte,
            length: decoding.length,
            scale: decoding.scale(),
        };
        let mut name: String = device.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            name.insert(0, 'd');
        }
        // Writing to a string cannot fail.
        let _written = write!(name, ".r{}", self.address(decoding.offset));
        NewTag { device, name, place, data_type: decoding.data_type }
    }
}

/// One cell of a column that keeps its width, whatever its numbers become: they are read while they change.
fn cell_ui(ui: &mut Ui, width: f32, words: RichText) -> Response {
    let height = ui.text_style_height(&TextStyle::Body);
    let right = Layout::right_to_left(Align::Center);
    let cell = ui.allocate_ui_with_layout(vec2(width, height), right, |ui| {
        ui.set_min_width(width);
        ui.add(Label::new(words).truncate())
    });
    cell.inner
}

fn float_words(theme: &Theme, words: &[Option<u16>], offset: u16, order: Order) -> RichText {
    let all = views(offset);
    let float = all.iter().find(|d| d.data_type == crate::project::DataType::F32 && d.order == order);
    match float.map(|decoding| decoding.value(words)) {
        Some(Ok(value)) => RichText::new(value_words(&value)).color(ink(theme, &value)),
        _ => RichText::new("–").color(theme.muted),
    }
}

/// A float of a size that nobody measures steps back: it is what other registers look like as one.
fn ink(theme: &Theme, value: &Value) -> Color32 {
    match value {
        Value::F64(number) if *number != 0.0 && !(1e-6..1e9).contains(&number.abs()) => theme.muted,
        _ => theme.text,
    }
}

/// A float as short as it can be told; of an odd size by its power of ten.
fn value_words(value: &Value) -> String {
    match value {
        Value::F64(number) if *number != 0.0 && !(1e-4..1e9).contains(&number.abs()) => format!("{number:.4e}"),
        Value::F64(number) => words::number(*number, None),
        Value::Text(text) => crate::text::visible(text).into_owned(),
        other => other.to_string(),
    }
}
