//! What is said over a plant that is a bundle, in every window: of which time all is that is shown.

use super::words::{self, say};
use super::{Action, Frame, Outbox, fonts, widgets};
use crate::engine::{Mode, Snapshot};
use crate::link::BundleShown;
use crate::text::visible;
use crate::time::Utc;
use eframe::egui::{Align, Button, Label, Layout, RichText, Role, Ui};
use fonts::size;

/// The line below the banner.
pub fn head_ui(ui: &mut Ui, frame: &Frame<'_>, bundle: &BundleShown, outbox: &mut Outbox) {
    let words = head(frame, bundle);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let copy = ui.add(Button::new("Copy its project…").small());
        let hint = "The project's text and its pictures, into a folder of yours: to make a project of it again";
        if copy.on_hover_text(hint).clicked() {
            outbox.action(Action::CopyProject);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let label = ui.add(Label::new(RichText::new(&words).font(fonts::strong(size::BODY))).wrap());
            widgets::tell(&label, Role::Status, say::BUNDLE, || words.clone());
        });
    });
}

/// What an empty list of alarms says in a bundle, in short and whole; `None`: it is none.
pub fn no_alarms(snapshot: &Snapshot) -> Option<[&'static str; 2]> {
    match (snapshot.mode, snapshot.journal.entries) {
        (Mode::Bundle, 0) => Some(["Alarms not known", "This bundle has no journal: which alarms stood is not known"]),
        (Mode::Bundle, _) => Some([say::NO_ALARMS, "No alarm stood at the end of this bundle"]),
        _ => None,
    }
}

/// `BUNDLE of Riverside, recorded from 27 Nov 2026 22:00 to 28 Nov 2026 06:00. Values are those of its end; nothing is live`
fn head(frame: &Frame<'_>, bundle: &BundleShown) -> String {
    let name = visible(&frame.snapshot.plan.project.name);
    let of = if name.is_empty() { String::new() } else { format!(" of {name}") };
    let at = |time: Utc| {
        let (day, year) = (words::day(time, frame.zone), words::year(time, frame.zone));
        format!("{day} {year} {}", words::hour_minute(time, frame.zone))
    };
    let (from, to) = (at(bundle.from), at(bundle.to));
    format!("{}{of}, recorded from {from} to {to}. Values are those of its end; nothing is live", say::BUNDLE)
}
