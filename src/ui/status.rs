//! The status bar: the plant's clock and zone, every device's link, the journal, faults, the horn, who sits here.

use super::theme::STEP;
use super::widgets::symbol::Symbol;
use super::widgets::{self, Brush};
use super::words;
use super::{Action, Frame, Outbox, fonts};
use crate::engine::{DeviceView, LinkState};
use crate::project::Severity;
use eframe::egui::text::{LayoutJob, TextFormat};
use eframe::egui::{Align, Color32, FontId, Layout, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use fonts::size;
use std::fmt::Write as _;

/// Height of the bar.
pub const HEIGHT: f32 = 26.0;

/// Most of a project's name that is shown; the rest must not take the place of clock and links.
const PROJECT_CHARS: usize = 36;

/// The bar.
pub fn status_ui(ui: &mut Ui, frame: &Frame<'_>, outbox: &mut Outbox) {
    let whole = ui.max_rect();
    let snapshot = frame.snapshot;
    let (text_ink, muted) = (frame.theme.text, frame.theme.muted);
    // The right end first: it keeps its place, and what is left scrolls sideways where many devices stand.
    let mut right_edge = whole.right();
    let mut right = ui.new_child(UiBuilder::new().max_rect(whole).layout(Layout::right_to_left(Align::Center)));
    right.spacing_mut().item_spacing.x = 4.0 * STEP;
    let project = &snapshot.plan.project.name;
    if whole.width() > 760.0 {
        let shown = elided(project, PROJECT_CHARS);
        item_ui(&mut right, frame, "project", &[(&shown, muted, false)], project, None, None);
    }
    let actor = frame.about.actor.to_string();
    if whole.width() > 1_150.0 && !frame.about.actor.user.is_empty() {
        item_ui(&mut right, frame, "desk", &[(&actor, muted, false)], &format!("{actor}, not verified"), None, None);
    }
    // The engine says when a horn should sound; nothing in this version makes a sound, and the screen must not say so.
    let symbol = snapshot.horn.map(Symbol::new);
    item_ui(&mut right, frame, "horn", &[("No horn yet", muted, false)], "this version makes no sound", symbol, None);
    right_edge = right_edge.min(right.min_rect().left());

    let left = Rect::from_min_max(whole.min, pos2(right_edge - 4.0 * STEP, whole.bottom()));
    let mut left = ui.new_child(UiBuilder::new().max_rect(left).layout(Layout::left_to_right(Align::Center)));
    left.set_clip_rect(left.max_rect().intersect(ui.clip_rect()));
    ScrollArea::horizontal()
        .scroll_bar_visibility(eframe::egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
        .auto_shrink([false, false])
        .show(&mut left, |ui| {
            ui.spacing_mut().item_spacing.x = if whole.width() < 1_400.0 { 3.5 * STEP } else { 5.0 * STEP };
            let now = words::date_and_time(snapshot.now.utc, frame.zone);
            item_ui(ui, frame, "plant time", &[(&now, text_ink, true)], &now, None, None);
            if whole.width() > 900.0 {
                let zone = words::zone_name(snapshot.now.utc, frame.zone);
                item_ui(ui, frame, "time zone", &[(&zone, muted, false)], &zone, None, None);
            }
            // In a narrow window what cannot be seen without scrolling is what matters least.
            let narrow = whole.width() < 900.0;
            if narrow {
                devices_ui(ui, frame, if narrow { 0 } else { SINGLE }, outbox);
            }
            faults_ui(ui, frame, outbox);
            journal_ui(ui, frame);
            if !narrow {
                devices_ui(ui, frame, if narrow { 0 } else { SINGLE }, outbox);
            }
        });
}

/// The chip that leads to the list of faults.
fn faults_ui(ui: &mut Ui, frame: &Frame<'_>, outbox: &mut Outbox) {
    let errors = frame.about.issues.iter().filter(|i| i.severity == Severity::Error).count();
    let warnings = frame.about.issues.len() - errors;
    if errors + warnings == 0 {
        return;
    }
    let (words, ink) = if errors > 0 {
        (format!("⚠ {errors} {} in the project", if errors == 1 { "fault" } else { "faults" }), frame.theme.text)
    } else {
        (format!("{warnings} {} in the project", if warnings == 1 { "warning" } else { "warnings" }), frame.theme.muted)
    };
    let spoken = format!("{errors} faults, {warnings} warnings");
    item_ui(
        ui,
        frame,
        "Open faults of the project",
        &[(&words, ink, errors > 0)],
        &spoken,
        None,
        Some((Action::OpenFaults, outbox)),
    );
}

/// Devices told one by one; of more than these, those that do not answer and the number of the others.
const SINGLE: usize = 6;

fn devices_ui(ui: &mut Ui, frame: &Frame<'_>, single: usize, outbox: &mut Outbox) {
    let devices = &frame.snapshot.devices;
    let answers = |view: &&DeviceView| view.status.state == LinkState::Connected;
    if devices.len() <= single {
        for view in devices.iter() {
            device_ui(ui, frame, view, outbox);
        }
        return;
    }
    let connected = devices.iter().filter(answers).count();
    for view in devices.iter().filter(|view| !answers(view)).take(SINGLE) {
        device_ui(ui, frame, view, outbox);
    }
    let words = format!("{connected} of {} devices answer", devices.len());
    let parts = [(words.as_str(), frame.theme.muted, false)];
    item_ui(ui, frame, "devices", &parts, &words, None, Some((Action::OpenDevices, outbox)));
}

fn device_ui(ui: &mut Ui, frame: &Frame<'_>, view: &DeviceView, outbox: &mut Outbox) {
    let snapshot = frame.snapshot;
    let (text_ink, muted) = (frame.theme.text, frame.theme.muted);
    let Some(device) = snapshot.plan.device(view.id) else { return };
    let status = &view.status;
    let mut symbol = None;
    let (words, ink) = match &status.state {
        LinkState::Connected => (status.round_trip.map_or_else(|| "connected".to_owned(), words::round_trip), muted),
        LinkState::Connecting => (words::say::CONNECTING.to_owned(), muted),
        LinkState::NoAnswer(_) => {
            let alarm = snapshot.alarms.iter().find(|a| a.id == device.no_answer && !a.state.is_hidden());
            symbol =
                alarm.and_then(|a| snapshot.plan.alarm(a.id).map(|plan| Symbol::from_state(plan.priority, a.state)));
            let since = words::instant(status.since.utc, snapshot.now.utc, frame.zone);
            (format!("no answer since {since}"), text_ink)
        }
        LinkState::Unserved(_) => ("not served".to_owned(), text_ink),
    };
    // A cross beside the words while no alarm bears a symbol yet: told by shape, not by a shade of grey.
    let cross = matches!(status.state, LinkState::NoAnswer(_) | LinkState::Unserved(_)) && symbol.is_none();
    let words = format!(" {words}");
    let name = device.name.as_ref();
    let mut parts = vec![(name, text_ink, true), (words.as_str(), ink, false)];
    if cross {
        parts.insert(0, ("✗ ", text_ink, true));
    }
    let spoken = words::spoken_device(status, snapshot.now, frame.zone);
    item_ui(ui, frame, &format!("device {name}"), &parts, &spoken, symbol, Some((Action::OpenDevices, outbox)));
}

fn journal_ui(ui: &mut Ui, frame: &Frame<'_>) {
    let journal = &frame.snapshot.journal;
    let entries = words::count(journal.entries);
    let mut words = match &journal.fault {
        Some(_) => " cannot write".to_owned(),
        None => format!(" {entries}"),
    };
    // A few entries are always on their way to the disk; only what stays is worth a word.
    if journal.waiting > 20 || (journal.fault.is_some() && journal.waiting > 0) {
        let _written = write!(words, ", {} wait", words::count(journal.waiting));
    }
    if journal.lost > 0 {
        let _written = write!(words, ", {} lost", words::count(journal.lost));
    }
    let mut spoken = format!("{entries} entries, {} waiting, {} lost", journal.waiting, journal.lost);
    if let Some(fault) = &journal.fault {
        spoken.push_str(", ");
        spoken.push_str(fault);
    }
    let loud = journal.fault.is_some() || journal.lost > 0;
    let ink = if loud { frame.theme.text } else { frame.theme.muted };
    let head = if loud { "⚠ Journal" } else { "Journal" };
    item_ui(ui, frame, "journal", &[(head, frame.theme.text, true), (&words, ink, loud)], &spoken, None, None);
}

/// A text of at most so many characters, told as cut.
fn elided(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// One item: words in their weights, perhaps a symbol before them, perhaps something it opens.
fn item_ui(
    ui: &mut Ui,
    frame: &Frame<'_>,
    name: &str,
    parts: &[(&str, Color32, bool)],
    spoken: &str,
    symbol: Option<Symbol>,
    opens: Option<(Action, &mut Outbox)>,
) {
    let mut job = LayoutJob::default();
    for (words, ink, strong) in parts {
        let font: FontId = if *strong { fonts::strong(size::BODY - 1.0) } else { fonts::regular(size::BODY - 1.0) };
        job.append(words, 0.0, TextFormat::simple(font, *ink));
    }
    let galley = ui.painter().layout_job(job);
    let before = if symbol.is_some() { 22.0 } else { 0.0 };
    let (rect, _) = ui.allocate_exact_size(vec2(galley.size().x + before, HEIGHT - STEP), Sense::hover());
    let id = ui.scope_id().with(("item", name));
    let response = if opens.is_some() {
        widgets::press(
            ui,
            rect.expand2(vec2(STEP, 0.0)),
            id,
            &Brush { theme: frame.theme, blink_on: frame.blink_on },
            3.0,
        )
    } else {
        ui.interact(rect, id, Sense::hover())
    };
    let role = if opens.is_some() { Role::Button } else { Role::Status };
    widgets::tell(&response, role, name, || spoken.to_owned());
    let response = response.on_hover_text(spoken);
    if let Some(symbol) = symbol {
        symbol.paint(ui.painter(), frame.theme, pos2(rect.left() + 9.0, rect.center().y), 12.0, frame.blink_on);
    }
    let at = pos2(rect.left() + before, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, frame.theme.text);
    if let Some((action, outbox)) = opens
        && response.clicked()
    {
        outbox.action(action);
    }
}
