//! A device that is not there, simulated: the sheet that begins it, and the lines that end it.

use super::acts;
use super::ask::note_from;
use super::fonts::{self, size};
use super::forcing::field_ui;
use super::theme::STEP;
use super::widgets;
use super::words::{self, say};
use super::{Action, Frame, Outbox};
use crate::engine::Command;
use crate::engine::snapshot::Snapshot;
use eframe::egui::{Button, Id, Label, RichText, Role, Ui, WidgetInfo, vec2};
use std::sync::Arc;

/// Reasons that are one press away.
const REASONS: [&str; 3] = ["Not delivered yet", "Trying out screens", "Training"];

/// The sheet while it is open.
#[derive(Debug)]
pub struct Simulating {
    device: Arc<str>,
    reason: String,
    opened: bool,
}

impl Simulating {
    /// Of a device; nothing is simulated yet.
    pub const fn new(device: Arc<str>) -> Self {
        Self { device, reason: String::new(), opened: false }
    }

    /// The heading.
    pub fn title(&self) -> String {
        format!("Simulate {}", self.device)
    }

    /// The sheet's content; `true` once it is done.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, out: &mut Outbox) -> bool {
        let words = "Its tags get values that look like them: numbers swing within their normal band, counters rise, switches change now and then. Screens, formulas and alarms take them, and the record marks them as simulated. What the device itself says goes on beneath. A restart ends it";
        ui.add(Label::new(RichText::new(words).color(frame.theme.muted)).wrap());
        ui.add_space(2.0 * STEP);
        ui.label(fonts::bold("Why"));
        let enter = field_ui(ui, "simulation reason", "Reason of the simulation", &mut self.reason, "", f32::INFINITY);
        if !std::mem::replace(&mut self.opened, true) {
            ui.memory_mut(|memory| memory.request_focus(Id::unique("simulation reason")));
        }
        ui.horizontal_wrapped(|ui| {
            for reason in REASONS {
                if ui.add(Button::selectable(self.reason == reason, reason).frame_when_inactive(true)).clicked() {
                    reason.clone_into(&mut self.reason);
                }
            }
        });
        ui.add_space(3.0 * STEP);
        let command = match (acts::not_here(frame.about), note_from(&self.reason)) {
            (Some(why), _) => Err(why),
            (None, None) => Err("Say why: press a reason, or write one".to_owned()),
            (None, reason) => Ok(Command::Simulate { by: frame.actor(), device: Arc::clone(&self.device), reason }),
        };
        let mut done = false;
        ui.horizontal_wrapped(|ui| {
            let button = Button::new(RichText::new("Simulate").font(fonts::strong(size::BODY)));
            let button = ui.add_enabled(command.is_ok(), button.min_size(vec2(120.0, 28.0)));
            let name = format!("Confirm: {}", self.title());
            button.widget_info(|| WidgetInfo::labeled(Role::Button, command.is_ok(), &name));
            done = ui.add(Button::new(say::CANCEL).min_size(vec2(90.0, 28.0))).clicked();
            match command {
                Ok(command) if button.clicked() || enter => {
                    out.command(command);
                    done = true;
                }
                Ok(_) => {}
                Err(why) => drop(ui.add(Label::new(RichText::new(why).color(frame.theme.muted)).wrap())),
            }
        });
        done
    }
}

/// What the detail of a device says of it: the button that begins it, or by whom it was begun and the button that ends it.
pub fn device_ui(ui: &mut Ui, frame: &Frame<'_>, device: &Arc<str>, out: &mut Outbox) {
    if let Some(why) = super::banner::refusal(frame.snapshot, device) {
        ui.add(Label::new(RichText::new(format!("refused: {why}")).font(fonts::strong(size::BODY))).wrap());
    }
    if frame.snapshot.simulated(device).is_some() {
        line_ui(ui, frame, device, out);
    } else if ui.button("Simulate it…").on_hover_text("Plausible values while it is not there; loudly marked").clicked()
    {
        out.action(Action::Simulate(Arc::clone(device)));
    }
}

/// Who began a simulation, since when and why, and the button that ends it.
fn line_ui(ui: &mut Ui, frame: &Frame<'_>, device: &Arc<str>, out: &mut Outbox) {
    let Some(simulated) = frame.snapshot.simulated(device) else { return };
    let not_here = acts::not_here(frame.about);
    let since = words::instant(simulated.at, frame.snapshot.now.utc, frame.zone);
    let why = simulated.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
    ui.horizontal(|ui| {
        let button = ui.add_enabled(not_here.is_none(), Button::new("End").min_size(vec2(80.0, 26.0)));
        widgets::tell(&button, Role::Button, &format!("End the simulation of {device}"), String::new);
        if button.clicked() {
            out.command(Command::EndSimulation { by: frame.actor(), device: Some(Arc::clone(device)) });
        }
        let words = format!("{device} is simulated by {} since {since}{why}", simulated.by);
        let row = ui.add(Label::new(RichText::new(&words).font(fonts::strong(size::BODY))).wrap());
        widgets::tell(&row, Role::ListItem, &format!("simulated {device}"), || words.clone());
    });
}

/// All that are simulated, for the list of what is made up.
pub fn list_ui(ui: &mut Ui, frame: &Frame<'_>, out: &mut Outbox) {
    for simulated in frame.snapshot.simulated.iter() {
        line_ui(ui, frame, &simulated.device, out);
        ui.separator();
    }
}

/// `2 forced, 1 device simulated`; `None`: all values are the plant's own.
pub fn counted(snapshot: &Snapshot) -> Option<String> {
    let (forced, simulated) = (snapshot.forced.len(), snapshot.simulated.len());
    let devices = if simulated == 1 { "device" } else { "devices" };
    match (forced, simulated) {
        (0, 0) => None,
        (forced, 0) => Some(format!("{forced} forced")),
        (0, simulated) => Some(format!("{simulated} {devices} simulated")),
        (forced, simulated) => Some(format!("{forced} forced, {simulated} {devices} simulated")),
    }
}
