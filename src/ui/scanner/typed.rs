//! What is typed into the sheet that looks for devices, and the request that it makes.

use crate::drivers::modbus::guest::Door;
use crate::drivers::modbus::reply::Tolerance;
use crate::drivers::monitor::Monitor;
use crate::drivers::scan::asked::{registers_from, units_from};
use crate::drivers::scan::{ModbusRequest, MqttRequest, Request};
use crate::drivers::tls::files;
use crate::project::device::Parity;
use crate::project::{Device, Endpoint, MqttVersion, Project, Protocol, TlsSettings};
use crate::time::Span;
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::wizard::fields::tls_from;
use eframe::egui::{Button, ComboBox, Key, RichText, Role, TextEdit, Ui, WidgetInfo, vec2};
use std::path::{Path, PathBuf};

const PROTOCOLS: [(Option<Protocol>, &str); 5] = [
    (None, "By the address"),
    (Some(Protocol::ModbusTcp), "modbus-tcp"),
    (Some(Protocol::ModbusTls), "modbus-tls"),
    (Some(Protocol::ModbusRtuOverTcp), "modbus-rtu-over-tcp"),
    (Some(Protocol::ModbusRtu), "modbus-rtu"),
];

const PARITIES: [(Parity, &str); 3] = [(Parity::None, "none"), (Parity::Even, "even"), (Parity::Odd, "odd")];

const STOP_BITS: [(u8, &str); 2] = [(1, "1"), (2, "2")];

const VERSIONS: [(MqttVersion, &str); 2] = [(MqttVersion::V3, "3.1.1"), (MqttVersion::V5, "5")];

/// Instead of a device's name: what is typed is none of the project.
const NO_DEVICE: &str = "None of the project";

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sort {
    #[default]
    Modbus,
    Mqtt,
}

/// What is typed.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) sort: Sort,
    /// Name of the project's device that this began with.
    device: Option<String>,
    /// Its quirks, which have no field.
    pause_after_connect: Span,
    tolerance: Tolerance,
    /// What the files of TLS are relative to: the folder of the project that is open.
    folder: PathBuf,
    address: String,
    protocol: Option<Protocol>,
    units: String,
    registers: String,
    timeout: String,
    pause: String,
    baud: String,
    parity: Parity,
    stop_bits: u8,
    version: MqttVersion,
    topics: String,
    listen: String,
    user: String,
    secret: String,
    ca: String,
    cert: String,
    key: String,
}

impl Default for Typed {
    fn default() -> Self {
        let usual = ModbusRequest::new("");
        Self {
            sort: Sort::Modbus,
            device: None,
            pause_after_connect: usual.pause_after_connect,
            tolerance: usual.tolerance,
            folder: PathBuf::new(),
            address: String::new(),
            protocol: None,
            units: "1-247".to_owned(),
            registers: "0-9999".to_owned(),
            timeout: usual.timeout.to_string(),
            pause: usual.pause.to_string(),
            baud: "19200".to_owned(),
            parity: Parity::None,
            stop_bits: 1,
            version: MqttVersion::V3,
            topics: "#".to_owned(),
            listen: "10s".to_owned(),
            user: String::new(),
            secret: String::new(),
            ca: String::new(),
            cert: String::new(),
            key: String::new(),
        }
    }
}

impl Typed {
    /// What it asks for.
    pub(super) fn request(&self) -> Result<Request, String> {
        if self.address.trim().is_empty() {
            return Err("Say where to look".to_owned());
        }
        match self.sort {
            Sort::Modbus => {
                let mut request = ModbusRequest {
                    protocol: self.protocol,
                    folder: self.folder.clone(),
                    units: units_from(self.units.trim())?,
                    registers: registers_from(self.registers.trim())?,
                    timeout: within("An answer may take", &self.timeout, Span::from_millis(10), Span::from_secs(60))?,
                    pause: within("A pause lasts", &self.pause, Span::ZERO, Span::from_secs(60))?,
                    pause_after_connect: self.pause_after_connect,
                    tolerance: self.tolerance,
                    ..ModbusRequest::new(&self.address)
                };
                match request.protocol() {
                    Protocol::ModbusRtu => {
                        let baud = self.baud.trim();
                        let number =
                            baud.parse().map_err(|_no_number| format!("\"{baud}\" is no number of bits a second"));
                        request.baud = Some(number?);
                        request.parity = Some(self.parity);
                        request.stop_bits = Some(self.stop_bits);
                    }
                    Protocol::ModbusTls => request.tls = self.tls()?,
                    _ => {}
                }
                request.transport()?;
                Ok(Request::Modbus(request))
            }
            Sort::Mqtt => {
                let request = MqttRequest {
                    version: self.version,
                    user: some(&self.user),
                    password_secret: some(&self.secret),
                    tls: if self.is_over_tls() { self.tls()? } else { TlsSettings::default() },
                    folder: self.folder.clone(),
                    topics: self.topics.split_whitespace().map(str::to_owned).collect(),
                    listen: within(
                        "It can be listened for",
                        &self.listen,
                        Span::from_millis(100),
                        Span::from_secs(3_600),
                    )?,
                    ..MqttRequest::new(&self.address)
                };
                request.settings()?;
                Ok(Request::Mqtt(request))
            }
        }
    }

    fn tls(&self) -> Result<TlsSettings, String> {
        tls_from(&self.ca, &self.cert, &self.key)
    }

    /// Whether the fields of certificates mean anything.
    fn is_over_tls(&self) -> bool {
        match self.sort {
            Sort::Modbus => self.protocol == Some(Protocol::ModbusTls),
            Sort::Mqtt => ["mqtts://", "wss://"].iter().any(|scheme| {
                self.address.trim().get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
            }),
        }
    }

    fn is_serial(&self) -> bool {
        let request = ModbusRequest { protocol: self.protocol, ..ModbusRequest::new(&self.address) };
        request.protocol() == Protocol::ModbusRtu
    }

    /// It is a serial port that the project's own devices are on: nobody else can open it while they are asked.
    pub(super) fn is_polled(&self, project: &Project) -> bool {
        if self.sort == Sort::Mqtt || !self.is_serial() {
            return false;
        }
        let typed = ModbusRequest { protocol: self.protocol, ..ModbusRequest::new(&self.address) };
        let Ok(line) = typed.transport().map(|transport| transport.line()) else { return false };
        project
            .devices
            .iter()
            .any(|device| matches!(&device.endpoint, Endpoint::Modbus(settings) if settings.transport.line() == line))
    }

    /// The way through the line of the plant that polls there, if one does.
    pub(super) fn door(&self, monitor: &Monitor) -> Option<Door> {
        let typed = ModbusRequest { protocol: self.protocol, ..ModbusRequest::new(&self.address) };
        let is_line = self.sort == Sort::Modbus && !self.address.trim().is_empty();
        is_line.then(|| monitor.door(&typed.transport().ok()?))?
    }

    /// Takes a device's settings into the fields; what is listened to and which registers are asked for stays as it is.
    fn take(&mut self, device: &Device, folder: &Path) {
        let tls = match Request::of_device(device, folder) {
            Some(Request::Modbus(request)) => {
                self.sort = Sort::Modbus;
                self.address = request.address;
                self.protocol = request.protocol;
                self.units = request.units.iter().map(u8::to_string).collect::<Vec<_>>().join(",");
                self.timeout = request.timeout.to_string();
                self.pause = request.pause.to_string();
                self.baud = request.baud.map_or_else(|| std::mem::take(&mut self.baud), |baud| baud.to_string());
                self.parity = request.parity.unwrap_or(self.parity);
                self.stop_bits = request.stop_bits.unwrap_or(self.stop_bits);
                self.pause_after_connect = request.pause_after_connect;
                self.tolerance = request.tolerance;
                request.tls
            }
            Some(Request::Mqtt(request)) => {
                self.sort = Sort::Mqtt;
                self.address = request.address;
                self.version = request.version;
                self.user = request.user.unwrap_or_default();
                self.secret = request.password_secret.unwrap_or_default();
                request.tls
            }
            None => return,
        };
        self.device = Some(device.name.clone());
        self.ca = tls.ca.unwrap_or_default();
        (self.cert, self.key) = tls.identity.unwrap_or_default();
    }

    /// What is typed is no device of the project any more; its quirks were its own.
    fn no_device(&mut self) {
        let Self { pause_after_connect, tolerance, .. } = Self::default();
        (self.device, self.pause_after_connect, self.tolerance) = (None, pause_after_connect, tolerance);
    }

    /// The fields.
    pub(super) fn ui(&mut self, ui: &mut Ui, project: &Project) {
        self.folder = files::folder(project);
        ui.horizontal_wrapped(|ui| {
            for (sort, words) in [(Sort::Modbus, "Modbus"), (Sort::Mqtt, "MQTT")] {
                let here = self.sort == sort;
                let button = ui.add(Button::selectable(here, words));
                button.widget_info(|| {
                    WidgetInfo::selected(Role::RadioButton, true, here, format!("Look for {words} devices"))
                });
                if button.clicked() && !here {
                    self.sort = sort;
                    self.no_device();
                }
            }
            self.device_ui(ui, project);
        });
        match self.sort {
            Sort::Modbus => self.modbus_ui(ui),
            Sort::Mqtt => self.mqtt_ui(ui),
        }
        if self.is_over_tls() {
            row(ui, |ui| {
                field(ui, "Authority's file", &mut self.ca, "those of this computer", 190.0);
                field(ui, "Our certificate's file", &mut self.cert, "none", 160.0);
                field(ui, "Its key's file", &mut self.key, "none", 160.0);
            });
        }
    }

    /// Which device of the project is looked into with its own settings.
    fn device_ui(&mut self, ui: &mut Ui, project: &Project) {
        let devices = project
            .devices
            .iter()
            .map(AsRef::as_ref)
            .filter(|device: &&Device| !matches!(device.endpoint, Endpoint::Fault(_)));
        let devices: Vec<&Device> = devices.collect();
        if devices.is_empty() {
            return;
        }
        ui.add_space(STEP);
        ui.label(RichText::new("Settings of").font(fonts::regular(size::SMALL)));
        let shown = self.device.clone().unwrap_or_else(|| NO_DEVICE.to_owned());
        let enabled = ui.is_enabled();
        let list = ComboBox::from_id_salt("device").selected_text(shown.as_str()).width(170.0);
        let response = list.show_ui(ui, |ui| {
            if ui.selectable_label(self.device.is_none(), NO_DEVICE).clicked() {
                *self = Self { sort: self.sort, ..Self::default() };
            }
            for device in devices {
                let here = self.device.as_deref() == Some(device.name.as_str());
                if ui.selectable_label(here, &device.name).on_hover_text(&device.address).clicked() {
                    self.take(device, &files::folder(project));
                }
            }
        });
        response.response.widget_info(|| WidgetInfo {
            current_text_value: Some(shown.clone()),
            ..WidgetInfo::labeled(Role::ComboBox, enabled, "Device whose settings are taken")
        });
    }

    fn modbus_ui(&mut self, ui: &mut Ui) {
        row(ui, |ui| {
            field(ui, "Address", &mut self.address, "192.168.1.10:502 or /dev/ttyUSB0", 230.0);
            labelled(ui, "Protocol", 150.0, |ui| choice(ui, "Protocol", &mut self.protocol, &PROTOCOLS));
            field(ui, "Units", &mut self.units, "1-247", 86.0);
            field(ui, "Registers", &mut self.registers, "0-9999", 86.0);
        });
        row(ui, |ui| {
            field(ui, "Answer within", &mut self.timeout, "300ms", 86.0);
            field(ui, "Pause", &mut self.pause, "20ms", 76.0);
            if self.is_serial() {
                field(ui, "Baud", &mut self.baud, "19200", 76.0);
                labelled(ui, "Parity", 76.0, |ui| choice(ui, "Parity", &mut self.parity, &PARITIES));
                labelled(ui, "Stop bits", 66.0, |ui| choice(ui, "Stop bits", &mut self.stop_bits, &STOP_BITS));
            }
        });
    }

    fn mqtt_ui(&mut self, ui: &mut Ui) {
        row(ui, |ui| {
            field(ui, "Address", &mut self.address, "broker:1883, mqtts://broker, wss://…", 240.0);
            labelled(ui, "MQTT", 76.0, |ui| choice(ui, "Version", &mut self.version, &VERSIONS));
            field(ui, "Topics", &mut self.topics, "#", 130.0);
            field(ui, "For", &mut self.listen, "10s", 60.0);
        });
        row(ui, |ui| {
            field(ui, "User", &mut self.user, "", 150.0);
            field(ui, "Secret of the password", &mut self.secret, "name", 200.0);
        });
    }
}

/// Fields beside each other. What has its name above it does not wrap by itself.
fn row(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing = vec2(3.0 * STEP, STEP);
        content(ui);
    });
}

fn some(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn within(what: &str, text: &str, least: Span, most: Span) -> Result<Span, String> {
    let span = Span::parse(text.trim())?;
    if (least..=most).contains(&span) { Ok(span) } else { Err(format!("{what} {least} to {most}")) }
}

/// A field with its name above it.
fn field(ui: &mut Ui, name: &str, words: &mut String, hint: &str, width: f32) {
    labelled(ui, name, width, |ui| {
        let edit = ui.add(TextEdit::singleline(words).hint_text(hint).desired_width(width - 8.0).char_limit(300));
        edit.widget_info(|| WidgetInfo {
            current_text_value: Some(words.clone()),
            ..WidgetInfo::labeled(Role::TextInput, ui.is_enabled(), format!("{name} to look for devices"))
        });
        if edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
            // Starting is the button's alone: a device is asked when a person says so.
            edit.surrender_focus();
        }
    });
}

fn labelled(ui: &mut Ui, name: &str, width: f32, content: impl FnOnce(&mut Ui)) {
    ui.vertical(|ui| {
        ui.set_width(width);
        ui.label(RichText::new(name).font(fonts::regular(size::SMALL)));
        content(ui);
    });
}

fn choice<T: Copy + PartialEq>(ui: &mut Ui, name: &str, chosen: &mut T, all: &[(T, &str)]) {
    let shown = all.iter().find(|(one, _)| one == chosen).map_or("", |(_, words)| words);
    let list = ComboBox::from_id_salt(name).selected_text(shown).width(ui.available_width() - 8.0);
    let enabled = ui.is_enabled();
    let response = list.show_ui(ui, |ui| {
        for (one, words) in all {
            ui.selectable_value(chosen, *one, *words);
        }
    });
    response.response.widget_info(|| WidgetInfo {
        current_text_value: Some(shown.to_owned()),
        ..WidgetInfo::labeled(Role::ComboBox, enabled, format!("{name} to look for devices"))
    });
}
