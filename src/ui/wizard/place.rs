//! The second page: where the device is, and who answers there.

use super::answer::{advice, found_ui, shown};
use super::fields::{choice, entered, fault, field, labelled, name_list, remark, tls_from};
use super::judge::Judged;
use super::{Surroundings, Turn, focus_next};
use crate::drivers::modbus::serial_ports;
use crate::drivers::scan::asked::{UNITS, units_from};
use crate::drivers::scan::found::{Identity, Table};
use crate::drivers::scan::snippet::{Candidate, candidates};
use crate::drivers::scan::told::summary;
use crate::drivers::scan::{End, Found, ModbusRequest, MqttRequest, Request};
use crate::link::{ScanLink, Scanning};
use crate::project::device::Parity;
use crate::project::edit::Value;
use crate::project::new::{NewEntity, Part, keys_from_lines};
use crate::project::{Area, MqttVersion, Protocol, TlsSettings};
use crate::time::Span;
use crate::ui::fonts;
use crate::ui::theme::STEP;
use crate::ui::widgets;
use eframe::egui::text::{CCursor, CCursorRange};
use eframe::egui::{
    Button, ComboBox, Context, Id, Label, ProgressBar, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2,
};
use std::path::PathBuf;
use std::time::Duration;

/// A scan that goes on is looked at so often.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Requests that a first look at a device may take, and the registers that it looks at.
const FEW: u32 = 60;
const REGISTERS: (u16, u16) = (0, 124);

/// What the field says in which the device gets its name.
const NAME: &str = "Name of the device";

/// How long a broker is listened to.
const LISTEN: Span = Span::from_secs(5);

/// What is on the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Modbus TCP.
    #[default]
    Tcp,
    /// Modbus over TLS.
    Tls,
    /// Modbus RTU on a serial port.
    Serial,
    /// Modbus RTU through a converter.
    RtuOverTcp,
    /// A broker.
    Mqtt,
}

/// What is to be asked next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    /// This unit, instead of the one that is typed.
    Unit(u8),
    /// All that a line has.
    All,
}

/// What is typed, and what answered.
#[derive(Debug)]
pub struct Place {
    sort: Sort,
    name: String,
    address: String,
    unit: String,
    baud: String,
    parity: Parity,
    stop_bits: u8,
    version: MqttVersion,
    user: String,
    secret: String,
    ca: String,
    cert: String,
    key: String,
    /// Where the project will lie: what the files of TLS are relative to.
    folder: PathBuf,
    ports: Vec<String>,
    /// What was asked for last, and how it goes.
    tried: Option<(Request, Scanning)>,
    refused: Option<String>,
    /// Its end was seen.
    ended: bool,
    /// Somebody answered.
    answered: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            sort: Sort::Tcp,
            name: String::new(),
            address: String::new(),
            unit: "1".to_owned(),
            baud: "9600".to_owned(),
            parity: Parity::None,
            stop_bits: 1,
            version: MqttVersion::V3,
            user: String::new(),
            secret: String::new(),
            ca: String::new(),
            cert: String::new(),
            key: String::new(),
            folder: PathBuf::new(),
            ports: Vec::new(),
            tried: None,
            refused: None,
            ended: false,
            answered: false,
        }
    }
}

impl Place {
    /// A device of this sort; what was typed of another is no longer it.
    pub fn begin(&mut self, sort: Sort) {
        if self.sort != sort || self.name.is_empty() {
            let name = if sort == Sort::Mqtt { "broker" } else { "meter" };
            *self = Self { sort, name: name.to_owned(), ..Self::default() };
        }
        if sort == Sort::Serial {
            self.ports = serial_ports();
            // An adapter that is plugged in is meant; the ports of the board itself are seldom.
            let adapter =
                self.ports.iter().find(|port| ["USB", "ACM", "COM", "usb"].iter().any(|word| port.contains(word)));
            if let (true, Some(port)) = (self.address.is_empty(), adapter) {
                self.address.clone_from(port);
            }
        }
    }

    /// What is on the table.
    pub const fn sort(&self) -> Sort {
        self.sort
    }

    /// Ends what is being asked; what answered stays.
    pub fn stop(&mut self) {
        if let Some((_, scanning)) = &mut self.tried {
            scanning.stop();
        }
    }

    /// Whether it can be reached as it is typed, for all that is known without asking.
    pub fn is_sound(&self) -> bool {
        self.request().is_ok()
    }

    #[cfg(test)]
    pub fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// What the device is called.
    pub fn name(&self) -> &str {
        self.name.trim()
    }

    /// As it will stand in the project.
    pub fn device(&self) -> NewEntity {
        let mut keys = match self.request() {
            Ok(Request::Modbus(request)) => keys_from_lines(&request.lines()),
            Ok(Request::Mqtt(request)) => keys_from_lines(&request.lines()),
            Err(_) => Vec::new(),
        };
        if let (true, Ok(unit)) = (self.sort != Sort::Mqtt, self.unit.trim().parse::<u8>()) {
            keys.push(("unit-id".to_owned(), Value::Whole(i64::from(unit))));
        }
        NewEntity { name: self.name().to_owned(), keys }
    }

    /// Values of topics that were heard.
    pub fn heard(&self) -> Vec<Candidate> {
        let Some((_, scanning)) = &self.tried else { return Vec::new() };
        scanning.with(|picture| match &picture.found {
            Found::Mqtt(topics) => candidates(topics).0,
            Found::Nothing | Found::Modbus(_) => Vec::new(),
        })
    }

    /// What the unit says of itself, and where its `SunSpec` models begin.
    pub fn told(&self) -> (String, Vec<(u16, u16)>) {
        let (Some((_, scanning)), Ok(unit)) = (&self.tried, self.unit.trim().parse::<u8>()) else {
            return Default::default();
        };
        scanning.with(|picture| {
            let Found::Modbus(line) = &picture.found else { return Default::default() };
            let Some(found) = line.units.iter().find(|found| found.unit == unit) else { return Default::default() };
            let identity = found.identity.as_ref().map(Identity::words).unwrap_or_default();
            let models = found.sunspec.iter().flat_map(|sunspec| &sunspec.models);
            (identity, models.map(|model| (model.id, model.start)).collect())
        })
    }

    /// The table of which most can be read, as far as that was tried.
    pub fn readable(&self) -> Option<Area> {
        let (_, scanning) = self.tried.as_ref()?;
        let unit = self.unit.trim().parse::<u8>().ok()?;
        scanning.with(|picture| {
            let Found::Modbus(line) = &picture.found else { return None };
            let found = line.units.iter().find(|found| found.unit == unit)?;
            let size =
                |table: &&Table| table.readable.iter().map(|(first, last)| u32::from(last - first) + 1).sum::<u32>();
            found.tables.iter().filter(|table| size(table) > 0).max_by_key(size).map(|table| table.table)
        })
    }

    /// What a look at it asks for.
    fn request(&self) -> Result<Request, String> {
        if self.address.trim().is_empty() {
            return Err("Say where it is".to_owned());
        }
        if self.name().is_empty() {
            return Err("Say what the device is called".to_owned());
        }
        let some = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        if self.sort == Sort::Mqtt {
            let request = MqttRequest {
                version: self.version,
                user: some(&self.user),
                password_secret: some(&self.secret),
                tls: if self.is_over_tls() { self.tls()? } else { TlsSettings::default() },
                folder: self.folder.clone(),
                listen: LISTEN,
                ..MqttRequest::new(&self.address)
            };
            request.settings()?;
            return Ok(Request::Mqtt(request));
        }
        let units = units_from(self.unit.trim())?;
        let [_] = units.as_slice() else { return Err("Say which unit it is: a number like 1".to_owned()) };
        let mut request = ModbusRequest {
            protocol: Some(match self.sort {
                Sort::Serial => Protocol::ModbusRtu,
                Sort::RtuOverTcp => Protocol::ModbusRtuOverTcp,
                Sort::Tls => Protocol::ModbusTls,
                Sort::Tcp | Sort::Mqtt => Protocol::ModbusTcp,
            }),
            units,
            tables: vec![Area::Input, Area::Holding],
            registers: REGISTERS,
            timeout: Span::from_secs(1),
            tls: if self.is_over_tls() { self.tls()? } else { TlsSettings::default() },
            folder: self.folder.clone(),
            most_requests: FEW,
            ..ModbusRequest::new(&self.address)
        };
        if self.sort == Sort::Serial {
            let wrong = || format!("\"{}\" is no number of bits a second", self.baud);
            request.baud = Some(self.baud.trim().parse().map_err(|_no_number| wrong())?);
            request.parity = Some(self.parity);
            request.stop_bits = Some(self.stop_bits);
        }
        request.transport()?;
        Ok(Request::Modbus(request))
    }

    fn tls(&self) -> Result<TlsSettings, String> {
        tls_from(&self.ca, &self.cert, &self.key)
    }

    /// Whether the fields of certificates mean anything.
    fn is_over_tls(&self) -> bool {
        let is_url = || ["mqtts:", "wss:"].iter().any(|scheme| self.address.trim().starts_with(scheme));
        match self.sort {
            Sort::Tls => true,
            Sort::Mqtt => is_url(),
            Sort::Tcp | Sort::Serial | Sort::RtuOverTcp => false,
        }
    }

    fn ask(&mut self, scans: Option<&ScanLink>, all_units: bool) {
        self.refused = None;
        self.ended = false;
        self.answered = false;
        // The one before ends first: it may be on the same line.
        self.tried = None;
        let begun = self.request().and_then(|mut request| {
            let link = scans.ok_or_else(|| "this program cannot ask devices".to_owned())?;
            if let (true, Request::Modbus(request)) = (all_units, &mut request) {
                request.units = (UNITS.0..=UNITS.1).collect();
                request.timeout = Span::from_millis(300);
                request.tables = Vec::new();
            }
            Ok((request.clone(), link.begin(request)?))
        });
        match begun {
            Ok(tried) => self.tried = Some(tried),
            Err(why) => self.refused = Some(why),
        }
    }

    /// The page.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        around: Surroundings<'_>,
        scans: Option<&ScanLink>,
        judged: &Judged,
        is_new: bool,
    ) -> Turn {
        let mut turn = Turn::Stay;
        around.folder.clone_into(&mut self.folder);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(760.0);
            let enter = self.fields_ui(ui, is_new);
            if self.is_sound() {
                for words in judged.errors(|part| part == Part::Device) {
                    fault(ui, "the device", &words);
                }
            }
            let words = match self.sort {
                Sort::Mqtt => "It only listens, for five seconds, and publishes nothing",
                _ => "It only reads, one request at a time. Trying is not needed to go on, but it shows at once what is wrong",
            };
            remark(ui, around.theme, words);
            ui.add_space(STEP);
            let asks = self.try_ui(ui);
            if enter && self.answered {
                turn = Turn::Next;
            } else if asks || enter {
                self.ask(scans, false);
            }
            ui.add_space(2.0 * STEP);
            match self.answer_ui(ui, around) {
                Some(Ask::Unit(unit)) => {
                    self.unit = unit.to_string();
                    self.ask(scans, false);
                }
                Some(Ask::All) => self.ask(scans, true),
                None => {}
            }
        });
        turn
    }

    /// By what an answer was reached.
    fn reached_by(&self) -> ([String; 6], Parity, u8) {
        let Self { address, unit, baud, ca, cert, key, .. } = self;
        ([address, unit, baud, ca, cert, key].map(String::clone), self.parity, self.stop_bits)
    }

    /// What is typed; whether Enter was pressed in one of the fields.
    fn fields_ui(&mut self, ui: &mut Ui, is_new: bool) -> bool {
        let before = self.reached_by();
        let mut enter = false;
        let row = |ui: &mut Ui, content: &mut dyn FnMut(&mut Ui)| {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing = vec2(3.0 * STEP, STEP);
                content(ui);
            });
        };
        row(ui, &mut |ui| {
            let (label, hint) = match self.sort {
                Sort::Tcp => ("Address", "192.168.1.50:502"),
                Sort::Tls => ("Address", "plc.example:802, as its certificate names it"),
                Sort::Serial => ("Serial port", "/dev/ttyUSB0 or COM3"),
                Sort::RtuOverTcp => ("Address", "192.168.1.50:4001"),
                Sort::Mqtt => ("Address", "192.168.1.20, mqtts://broker, wss://…"),
            };
            let address = field(ui, label, &mut self.address, hint, 260.0);
            if is_new {
                address.request_focus();
                choose_all(ui.ctx(), address.id, &self.address);
            }
            enter |= entered(ui, &address);
            if self.sort == Sort::Serial && !self.ports.is_empty() {
                labelled(ui, "Found here", 150.0, |ui| {
                    let here = self.ports.contains(&self.address);
                    let shown = if here { self.address.as_str() } else { "Choose" };
                    let list = ComboBox::from_id_salt("ports").selected_text(shown).width(142.0).truncate();
                    let list = list.show_ui(ui, |ui| {
                        for port in &self.ports {
                            ui.selectable_value(&mut self.address, port.clone(), port);
                        }
                    });
                    name_list(&list.response, "Serial ports found here", &self.address);
                });
            }
            if self.sort != Sort::Mqtt {
                let unit = field(ui, "Unit", &mut self.unit, "1", 70.0);
                enter |= entered(ui, &unit);
            }
            if self.sort != Sort::Serial {
                enter |= typed(ui, NAME, &mut self.name, "meter", 180.0);
            }
        });
        match self.sort {
            Sort::Serial => row(ui, &mut |ui| {
                // Beside the list of ports there is no room for it in a small window.
                enter |= typed(ui, NAME, &mut self.name, "meter", 180.0);
                enter |= typed(ui, "Bits a second", &mut self.baud, "9600", 100.0);
                let parities = [(Parity::None, "none"), (Parity::Even, "even"), (Parity::Odd, "odd")];
                choice(ui, "Parity", &mut self.parity, &parities, 100.0);
                choice(ui, "Stop bits", &mut self.stop_bits, &[(1, "1"), (2, "2")], 80.0);
            }),
            Sort::Mqtt => {
                row(ui, &mut |ui| {
                    choice(ui, "MQTT", &mut self.version, &[(MqttVersion::V3, "3.1.1"), (MqttVersion::V5, "5")], 80.0);
                    enter |= typed(ui, "User", &mut self.user, "none", 150.0);
                    enter |= typed(ui, "Secret of the password", &mut self.secret, "its name", 180.0);
                });
            }
            Sort::Tcp | Sort::Tls | Sort::RtuOverTcp => {}
        }
        if self.is_over_tls() {
            row(ui, &mut |ui| {
                enter |= typed(ui, "Authority's file", &mut self.ca, "those of this computer", 180.0);
                enter |= typed(ui, "Our certificate's file", &mut self.cert, "none", 160.0);
                enter |= typed(ui, "Its key's file", &mut self.key, "none", 160.0);
            });
        }
        if before != self.reached_by() {
            // What answered there says nothing of another place.
            self.tried = None;
            self.refused = None;
            self.ended = false;
            self.answered = false;
        }
        if let (false, Err(why)) = (self.address.trim().is_empty(), self.request()) {
            fault(ui, "the connection", &why);
        }
        enter
    }

    fn try_ui(&mut self, ui: &mut Ui) -> bool {
        let goes_on = self.tried.as_ref().is_some_and(|(_, scanning)| scanning.goes_on());
        let mut asks = false;
        ui.horizontal(|ui| {
            let words = match (goes_on, self.sort) {
                (true, _) => "Stop",
                (false, Sort::Mqtt) => "Listen",
                (false, _) => "Try",
            };
            let button = ui.add_enabled(self.is_sound(), Button::new(words).min_size(vec2(90.0, 28.0)));
            button
                .widget_info(|| WidgetInfo::labeled(Role::Button, self.is_sound(), format!("{words} the connection")));
            if button.clicked() && goes_on {
                self.stop();
            } else {
                asks = button.clicked();
            }
            let Some((_, scanning)) = &self.tried else { return };
            if goes_on {
                ui.ctx().request_repaint_after(LOOK_EVERY);
                let (phase, share) = scanning.with(|picture| {
                    let share = if picture.of > 0 { picture.done as f32 / picture.of as f32 } else { 0.0 };
                    (picture.phase.clone(), share)
                });
                ui.add(ProgressBar::new(share.min(1.0)).desired_width(140.0).desired_height(10.0));
                ui.label(phase);
            } else if !self.ended {
                self.ended = true;
                self.answered = scanning.with(|picture| match &picture.found {
                    Found::Modbus(line) => !line.units.is_empty(),
                    Found::Mqtt(topics) => !topics.topics.is_empty(),
                    Found::Nothing => false,
                });
                // Where nobody answered, what is typed is looked at again.
                if self.answered {
                    focus_next(ui.ctx());
                }
            }
        });
        asks
    }

    /// Who answered, or why nobody did. What is to be asked next: a unit, or all of them.
    fn answer_ui(&self, ui: &mut Ui, around: Surroundings<'_>) -> Option<Ask> {
        if let Some(why) = &self.refused {
            fault(ui, "trying it", why);
        }
        let (request, scanning) = self.tried.as_ref()?;
        let goes_on = scanning.goes_on();
        let (end, shown, told, units) = scanning.with(|picture| {
            let units: Vec<u8> = match &picture.found {
                Found::Modbus(line) => line.units.iter().map(|unit| unit.unit).collect(),
                Found::Nothing | Found::Mqtt(_) => Vec::new(),
            };
            (picture.end.clone(), shown(picture), summary(picture), units)
        });
        let words = match (&end, request) {
            (Some(End::Unreachable(why)), _) => format!("Not reached: {why}"),
            (_, _) if goes_on => told,
            (Some(End::Lost(why)), _) => format!("The connection was lost: {why}"),
            (_, Request::Modbus(request)) if units.is_empty() => match request.units.as_slice() {
                [unit] => format!("{} is reached, but unit {unit} does not answer", request.address),
                _ => format!("{} is reached, but no unit answers", request.address),
            },
            (_, Request::Modbus(_)) => match units.as_slice() {
                [unit] => format!("Unit {unit} answers"),
                units => format!("{} units answer", units.len()),
            },
            (_, Request::Mqtt(_)) if shown.rows.is_empty() => {
                "The broker is reached, and sent nothing in five seconds".to_owned()
            }
            (_, Request::Mqtt(_)) => format!("The broker is reached: {told}"),
        };
        let label = ui.add(Label::new(fonts::bold(words.clone())).wrap());
        widgets::tell(&label, Role::Status, "What answered", || words.clone());
        let mut next = None;
        if !goes_on {
            for line in advice(self.sort, end.as_ref(), &units, &shown) {
                remark(ui, around.theme, line);
            }
            ui.horizontal_wrapped(|ui| {
                let Request::Modbus(asked) = request else { return };
                if units.is_empty() && asked.units.len() == 1 && !matches!(end, Some(End::Unreachable(_))) {
                    if ui.button("Ask units 1 to 247").clicked() {
                        next = Some(Ask::All);
                    }
                    return;
                }
                let typed = self.unit.trim().parse::<u8>().ok();
                for unit in units.iter().copied().filter(|unit| Some(*unit) != typed) {
                    if ui.button(format!("Take unit {unit}")).clicked() {
                        next = Some(Ask::Unit(unit));
                    }
                }
            });
        }
        ui.add_space(STEP);
        found_ui(ui, around, &shown);
        next
    }
}

/// What stands in a field is chosen: what is typed takes its place.
fn choose_all(ctx: &Context, field: Id, text: &str) {
    let mut state = TextEdit::load_state(ctx, field).unwrap_or_default();
    let range = CCursorRange::two(CCursor::new(0), CCursor::new(text.chars().count()));
    state.cursor.set_char_range(Some(range));
    state.store(ctx, field);
}

/// A field; whether Enter was pressed in it.
fn typed(ui: &mut Ui, name: &str, text: &mut String, hint: &str, width: f32) -> bool {
    let field = field(ui, name, text, hint, width);
    entered(ui, &field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_over_tls_is_written_with_its_certificates_and_a_half_of_them_is_told() {
        let mut place = Place::default();
        place.begin(Sort::Tls);
        place.address = "plc.example".to_owned();
        place.ca = "ca.pem".to_owned();
        place.cert = "our.pem".to_owned();
        assert!(place.request().unwrap_err().contains("go together"));
        place.key = "our.key".to_owned();
        let device = place.device();
        let said = ["protocol", "address", "ca", "cert", "key", "unit-id"].map(|key| device.shown(key).unwrap());
        assert_eq!(said, ["modbus-tls", "plc.example", "ca.pem", "our.pem", "our.key", "1"]);
        let Ok(Request::Modbus(request)) = place.request() else { panic!("{:?}", place.request()) };
        assert!(matches!(request.transport(), Ok(crate::project::Transport::Tls { port: 802, .. })));
        // What was typed of another kind of place is no part of it.
        place.begin(Sort::Tcp);
        assert!(!place.is_over_tls() && place.ca.is_empty());
    }
}
