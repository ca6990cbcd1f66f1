//! The first page: what is on the table.

use super::fields::large_button;
use super::place::Sort;
use crate::ui::fonts::{self, size};
use crate::ui::theme::{STEP, Theme};
use eframe::egui::{RichText, ScrollArea, Ui};

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    /// A device of this sort.
    Device(Sort),
    /// A file of another program.
    Import,
    /// An example.
    Examples,
}

const CHOICES: [(Chosen, &str, &str); 7] = [
    (
        Chosen::Device(Sort::Tcp),
        "Modbus over the network",
        "A meter, controller, inverter or gateway with an address like 192.168.1.50",
    ),
    (
        Chosen::Device(Sort::Tls),
        "Modbus over TLS",
        "Modbus/TCP Security: a device or gateway that wants to see a certificate, on port 802",
    ),
    (
        Chosen::Device(Sort::Serial),
        "Modbus on a serial port of this computer",
        "RS-485 or RS-232, by an adapter: /dev/ttyUSB0, COM3",
    ),
    (
        Chosen::Device(Sort::RtuOverTcp),
        "Modbus RTU through a serial converter on the network",
        "One that passes the serial line on as it is, and does not translate to Modbus TCP",
    ),
    (
        Chosen::Device(Sort::Mqtt),
        "An MQTT broker",
        "Sensors and gateways that publish: Zigbee2MQTT, Shelly, a controller",
    ),
    (
        Chosen::Import,
        "A file of another program",
        "Registers that Home Assistant or Telegraf reads already, or a model of SunSpec",
    ),
    (
        Chosen::Examples,
        "An example",
        "A meter, a pump with its alarms, Zigbee sensors, the pumping station: a copy to change",
    ),
];

/// The page; what was pressed, if anything.
pub fn ui(ui: &mut Ui, theme: &Theme, is_new: bool) -> Option<Chosen> {
    let mut chosen = None;
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.set_max_width(640.0);
        ui.label(RichText::new("What is on the table?").font(fonts::strong(size::VALUE)));
        ui.add_space(2.0 * STEP);
        for (nth, (choice, title, words)) in CHOICES.into_iter().enumerate() {
            let button = large_button(ui, theme, title, words);
            if nth == 0 && is_new {
                button.request_focus();
            }
            if button.clicked() {
                chosen = Some(choice);
            }
            ui.add_space(STEP);
        }
    });
    chosen
}
