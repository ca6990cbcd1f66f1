//! The status bar: the plant's clock and zone, every device's link, the journal, the history, faults, the horn, who sits here.

use super::horn::{HornWords, horn_words};
use super::theme::STEP;
use super::widgets::symbol::Symbol;
use super::widgets::{self, Brush};
use super::words;
use super::{Action, Frame, Outbox, fonts, forcing, simulating};
use crate::engine::plan::Condition;
use crate::engine::{DeviceView, LinkState};
use crate::project::Severity;
use eframe::egui::containers::menu::MenuButton;
use eframe::egui::text::{LayoutJob, TextFormat, TextWrapping};
use eframe::egui::{
    Button, Color32, FontId, Galley, Label, Layout, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2,
};
use fonts::size;
use std::fmt::Write as _;
use std::sync::Arc;

/// Height of the bar.
pub const HEIGHT: f32 = 26.0;

/// Most of a project's name that is shown; the rest must not take the place of clock and links.
const PROJECT_CHARS: usize = 36;
/// Room of the button behind which the rest lies.
const MORE: f32 = 46.0;
/// Devices told one by one; of more than these, those that do not answer and the number of the others.
const SINGLE: usize = 6;
/// Below this width everything is said in fewer words.
const BRIEF: f32 = 620.0;

/// Something that the bar says.
struct Item {
    /// For screen readers; a device's begins with "device".
    name: String,
    /// Words with their ink and whether they are strong.
    parts: Vec<(String, Color32, bool)>,
    /// What a screen reader says of it, and the tooltip.
    spoken: String,
    symbol: Option<Symbol>,
    /// What pressing it opens.
    opens: Option<Action>,
    /// The greater, the longer it stays where the window is narrow.
    keep: u8,
    /// Stands at the right end.
    right: bool,
}

impl Item {
    fn new(name: &str, keep: u8, parts: Vec<(String, Color32, bool)>, spoken: impl Into<String>) -> Self {
        Self { name: name.to_owned(), parts, spoken: spoken.into(), symbol: None, opens: None, keep, right: false }
    }

    fn galley(&self, ui: &Ui) -> Arc<Galley> {
        let mut job = LayoutJob::default();
        for (words, ink, strong) in &self.parts {
            let size = size::BODY - 1.0;
            let font: FontId = if *strong { fonts::strong(size) } else { fonts::regular(size) };
            job.append(words, 0.0, TextFormat::simple(font, *ink));
        }
        job.wrap = TextWrapping::truncate_at_width(ui.max_rect().width());
        ui.painter().layout_job(job)
    }

    const fn before(&self) -> f32 {
        if self.symbol.is_some() { 22.0 } else { 0.0 }
    }
}

/// The bar. What does not fit lies behind a button at its end, the least important first; nothing is cut in two.
pub fn status_ui(ui: &mut Ui, frame: &Frame<'_>, mark: Option<&str>, outbox: &mut Outbox) {
    let whole = ui.max_rect();
    let items = items(frame, mark, whole.width());
    let gap = if whole.width() < 1_400.0 { 3.5 * STEP } else { 5.0 * STEP };
    let galleys: Vec<Arc<Galley>> = items.iter().map(|item| item.galley(ui)).collect();
    let widths: Vec<f32> = items.iter().zip(&galleys).map(|(i, g)| i.before() + g.size().x + gap).collect();
    let keeps: Vec<u8> = items.iter().map(|item| item.keep).collect();
    let shown = fitting(&widths, &keeps, whole.width() + gap, MORE + gap);
    let folded: Vec<&Item> = items.iter().zip(&shown).filter(|(_, shown)| !**shown).map(|(item, _)| item).collect();

    let (mut left, mut right) = (whole.left(), whole.right());
    if !folded.is_empty() {
        let place = Rect::from_min_max(pos2(right - MORE, whole.top() + 2.0), pos2(right, whole.bottom() - 2.0));
        more_ui(ui, place, &folded, outbox);
        right -= MORE + gap;
    }
    for (((item, galley), width), _) in items.iter().zip(galleys).zip(&widths).zip(&shown).filter(|(_, shown)| **shown)
    {
        let width = width - gap;
        let x = if item.right { right - width } else { left };
        if item.right {
            right -= width + gap;
        } else {
            left += width + gap;
        }
        let rect = Rect::from_min_size(pos2(x, whole.top() + STEP / 2.0), vec2(width, whole.height() - STEP));
        item_ui(ui, frame, item, galley, rect, outbox);
    }
}

/// Which items fit into a width: all, or without the least important ones and with the button that holds them.
fn fitting(widths: &[f32], keeps: &[u8], room: f32, more: f32) -> Vec<bool> {
    let mut shown = vec![true; widths.len()];
    let sum = |shown: &[bool]| widths.iter().zip(shown).filter(|(_, s)| **s).map(|(w, _)| w).sum::<f32>();
    if sum(&shown) <= room {
        return shown;
    }
    // The last of equals goes first; one stays whatever its width.
    while sum(&shown) + more > room && shown.iter().filter(|s| **s).count() > 1 {
        let least = (0..shown.len()).rev().filter(|i| shown[*i]).min_by_key(|i| keeps[*i]);
        let Some(least) = least else { break };
        shown[least] = false;
    }
    shown
}

/// The button at the end and what lies behind it.
fn more_ui(ui: &mut Ui, place: Rect, folded: &[&Item], outbox: &mut Outbox) {
    let builder =
        UiBuilder::new().max_rect(place).layout(Layout::centered_and_justified(eframe::egui::Direction::TopDown));
    ui.scope_builder(builder, |ui| {
        let words = format!("+{}", folded.len());
        let (button, _) = MenuButton::from_button(Button::new(words).min_size(place.size())).ui(ui, |ui| {
            ui.set_max_width((ui.ctx().content_rect().width() - 40.0).min(420.0));
            let height = (ui.ctx().content_rect().height() - 60.0).max(60.0);
            ScrollArea::vertical().max_height(height).show(ui, |ui| {
                for item in folded {
                    let words = format!("{}: {}", item.name, item.spoken);
                    match &item.opens {
                        Some(action) => {
                            if ui.add(Button::new(&words).wrap()).clicked() {
                                outbox.action(action.clone());
                                ui.close();
                            }
                        }
                        None => drop(ui.add(Label::new(&words).wrap())),
                    }
                }
            });
        });
        widgets::tell(&button, Role::Button, "More of the status bar", || {
            folded.iter().map(|item| format!("{}: {}", item.name, item.spoken)).collect::<Vec<_>>().join("; ")
        });
    });
}

/// All that there is to say, from left to right; what stands at the right end comes last, from the edge inwards.
fn items(frame: &Frame<'_>, mark: Option<&str>, width: f32) -> Vec<Item> {
    let snapshot = frame.snapshot;
    let (ink, muted) = (frame.theme.text, frame.theme.muted);
    let brief = width < BRIEF;
    let mut items = Vec::new();
    if let Some(mark) = mark {
        items.push(Item::new("mode", 110, vec![(mark.to_owned(), ink, true)], format!("{mark}, not a real plant")));
    }
    items.extend(simulating::counted(snapshot).map(|words| {
        // Never behind the button where the rest lies.
        let item = Item::new("forced values", 105, vec![(format!("⚠ {words}"), ink, true)], forcing::spoken(frame));
        Item { opens: Some(Action::OpenForced), ..item }
    }));
    let date = words::date_and_time(snapshot.now.utc, frame.zone);
    let time = if brief { words::time_of_day(snapshot.now.utc, frame.zone) } else { date.clone() };
    items.push(Item::new("plant time", 100, vec![(time, ink, true)], date));
    let zone = words::zone_name(snapshot.now.utc, frame.zone);
    items.push(Item::new("time zone", 20, vec![(zone.clone(), muted, false)], zone));
    devices(frame, brief, &mut items);
    items.extend(faults(frame));
    items.extend(file(frame));
    items.push(journal(frame));
    items.extend(history(frame));

    let project = &snapshot.plan.project.name;
    let end = |item: Item| Item { right: true, ..item };
    items.push(end(Item::new("project", 15, vec![(elided(project, PROJECT_CHARS), muted, false)], project.clone())));
    let actor = frame.actor();
    if !actor.user.is_empty() {
        let desk = elided(actor.desk.as_deref().unwrap_or(&actor.user), PROJECT_CHARS);
        let item = Item::new("desk", 25, vec![(desk, muted, false)], format!("{actor}, not verified"));
        items.push(end(Item { opens: Some(Action::OpenSettings), ..item }));
    }
    items.push(end(horn(frame)));
    items
}

/// How the horn fares. Pressed, it leads to where it is chosen and tested.
fn horn(frame: &Frame<'_>) -> Item {
    let HornWords { short, spoken, loud, sounds } = horn_words(frame.snapshot, frame.about);
    let symbol =
        if loud { alarm_of(frame, |condition| condition == Condition::SilentHorn) } else { sounds.map(Symbol::new) };
    let ink = if loud { frame.theme.text } else { frame.theme.muted };
    let short = if loud && symbol.is_none() { format!("⚠ {short}") } else { short };
    let item = Item::new("horn", if loud { 83 } else { 12 }, vec![(short, ink, loud)], spoken);
    Item { symbol, opens: Some(Action::OpenSettings), ..item }
}

/// The symbol of an alarm of the program itself that stands.
fn alarm_of(frame: &Frame<'_>, ours: impl Fn(Condition) -> bool) -> Option<Symbol> {
    let snapshot = frame.snapshot;
    snapshot.alarms.iter().filter(|a| !a.state.is_hidden()).find_map(|view| {
        let rule = snapshot.plan.alarm(view.id)?;
        ours(rule.condition).then(|| Symbol::from_state(rule.priority, view.state))
    })
}

/// What leads to the list of faults.
fn faults(frame: &Frame<'_>) -> Option<Item> {
    let errors = frame.about.issues.iter().filter(|i| i.severity == Severity::Error).count();
    let warnings = frame.about.issues.len() - errors;
    let notices = frame.about.notices.len();
    if errors + warnings + notices == 0 {
        return None;
    }
    let (words, ink) = if errors > 0 {
        (format!("⚠ {errors} {} in the project", if errors == 1 { "fault" } else { "faults" }), frame.theme.text)
    } else if notices > 0 {
        (format!("⚠ {notices} {} of the journal", if notices == 1 { "notice" } else { "notices" }), frame.theme.text)
    } else {
        (format!("{warnings} {} in the project", if warnings == 1 { "warning" } else { "warnings" }), frame.theme.muted)
    };
    let keep = if errors + notices > 0 { 80 } else { 40 };
    let spoken = format!("{errors} faults, {warnings} warnings");
    let spoken = if notices > 0 { format!("{spoken}, {notices} notices of the journal") } else { spoken };
    let item = Item::new("Open faults of the project", keep, vec![(words, ink, errors > 0)], spoken);
    Some(Item { opens: Some(Action::OpenFaults), ..item })
}

/// The project's file says what does not run: leads to the review of it.
fn file(frame: &Frame<'_>) -> Option<Item> {
    let differs = frame.about.differs_from_the_file();
    let words = "The file differs from what runs";
    let parts = vec![("⚠ ".to_owned(), frame.theme.text, true), (words.to_owned(), frame.theme.text, false)];
    let item =
        Item::new("Review and apply", 78, parts, format!("{words}: review what that changes, and apply it (F5)"));
    differs.then_some(Item { opens: Some(Action::ReviewFile), ..item })
}

fn devices(frame: &Frame<'_>, brief: bool, items: &mut Vec<Item>) {
    let devices = &frame.snapshot.devices;
    let answers = |view: &&DeviceView| view.status.state == LinkState::Connected;
    let single = if brief { 0 } else { SINGLE };
    if devices.len() <= single {
        items.extend(devices.iter().filter_map(|view| device(frame, view, brief)));
        return;
    }
    let connected = devices.iter().filter(answers).count();
    items.extend(
        devices.iter().filter(|view| !answers(view)).take(SINGLE).filter_map(|view| device(frame, view, brief)),
    );
    let words = format!("{connected} of {} devices answer", devices.len());
    let shown = if brief { format!("{connected}/{} devices", devices.len()) } else { words.clone() };
    let item = Item::new("devices", 60, vec![(shown, frame.theme.muted, false)], words);
    items.push(Item { opens: Some(Action::OpenDevices), ..item });
}

fn device(frame: &Frame<'_>, view: &DeviceView, brief: bool) -> Option<Item> {
    let snapshot = frame.snapshot;
    let (ink, muted) = (frame.theme.text, frame.theme.muted);
    let device = snapshot.plan.device(view.id)?;
    let status = &view.status;
    let mut symbol = None;
    let (words, colour) = match &status.state {
        LinkState::Connected => (status.round_trip.map_or_else(|| "connected".to_owned(), words::round_trip), muted),
        LinkState::Connecting => (words::say::CONNECTING.to_owned(), muted),
        LinkState::NoAnswer(_) => {
            let alarm = snapshot.alarms.iter().find(|a| a.id == device.no_answer && !a.state.is_hidden());
            symbol =
                alarm.and_then(|a| snapshot.plan.alarm(a.id).map(|plan| Symbol::from_state(plan.priority, a.state)));
            let since = words::instant(status.since.utc, snapshot.now.utc, frame.zone);
            (if brief { "no answer".to_owned() } else { format!("no answer since {since}") }, ink)
        }
        LinkState::Held(_) => ("asked elsewhere".to_owned(), ink),
        LinkState::Unserved(_) => ("not served".to_owned(), ink),
    };
    // A cross beside the words while no alarm bears a symbol yet: told by shape, not by a shade of grey.
    let silent = matches!(status.state, LinkState::NoAnswer(_) | LinkState::Held(_) | LinkState::Unserved(_));
    let mut parts = vec![(elided(&device.name, PROJECT_CHARS), ink, true), (format!(" {words}"), colour, false)];
    if silent && symbol.is_none() {
        parts.insert(0, ("✗ ".to_owned(), ink, true));
    }
    let spoken = words::spoken_device(status, snapshot.now, frame.zone);
    let item = Item::new(&format!("device {}", device.name), if silent { 90 } else { 50 }, parts, spoken);
    Some(Item { symbol, opens: Some(Action::OpenDevice(Arc::clone(&device.name))), ..item })
}

fn journal(frame: &Frame<'_>) -> Item {
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
    let parts = vec![(head.to_owned(), frame.theme.text, true), (words, ink, loud)];
    Item::new("journal", if loud { 85 } else { 45 }, parts, spoken)
}

/// How recording fares: the size of what there is, or what ails it. Nothing where this program records nothing.
fn history(frame: &Frame<'_>) -> Option<Item> {
    let snapshot = frame.snapshot;
    let history = snapshot.history.as_ref()?;
    let filling = history.free_bytes.filter(|_| history.disk_is_filling());
    let mut words = match (&history.fault, filling) {
        (Some(_), _) => " not recorded".to_owned(),
        (None, Some(free)) => format!(" {} left on the disk", words::bytes(free)),
        (None, None) => format!(" {}", words::bytes(history.bytes)),
    };
    // What came within the last second is always on its way.
    if history.fault.is_some() && history.waiting > 0 {
        let _written = write!(words, ", {} wait", words::count(history.waiting));
    }
    if history.lost > 0 {
        let _written = write!(words, ", {} lost", words::count(history.lost));
    }
    if history.damaged > 0 {
        let _written = write!(words, ", {} damaged", words::count(history.damaged));
    }
    let loud = history.fault.is_some() || filling.is_some() || history.lost > 0 || history.damaged > 0;
    let alarm = alarm_of(frame, |condition| matches!(condition, Condition::Recording | Condition::DiskSpace));
    let ink = if loud { frame.theme.text } else { frame.theme.muted };
    let head = if loud && alarm.is_none() { "⚠ History" } else { "History" };
    let parts = vec![(head.to_owned(), frame.theme.text, true), (words, ink, loud)];
    let spoken = words::spoken_history(history, snapshot.now.utc, frame.zone);
    let item = Item::new("history", if loud { 84 } else { 42 }, parts, spoken);
    Some(Item { symbol: alarm, opens: loud.then_some(Action::OpenAlarmList), ..item })
}

/// A text of at most so many characters, told as cut.
pub(super) fn elided(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most - 1).chain(['…']).collect() }
}

/// One item: words in their weights, perhaps a symbol before them, perhaps something it opens.
fn item_ui(ui: &Ui, frame: &Frame<'_>, item: &Item, galley: Arc<Galley>, rect: Rect, outbox: &mut Outbox) {
    let id = ui.scope_id().with(("item", &item.name));
    let response = if item.opens.is_some() {
        let brush = Brush { theme: frame.theme, blink_on: frame.blink_on };
        widgets::press(ui, rect.expand2(vec2(STEP, 0.0)), id, &brush, 3.0)
    } else {
        ui.interact(rect, id, Sense::hover())
    };
    let role = if item.opens.is_some() { Role::Button } else { Role::Status };
    widgets::tell(&response, role, &item.name, || item.spoken.clone());
    let response = response.on_hover_text(&item.spoken);
    if let Some(symbol) = item.symbol {
        symbol.paint(ui.painter(), frame.theme, pos2(rect.left() + 9.0, rect.center().y), 12.0, frame.blink_on);
    }
    let at = pos2(rect.left() + item.before(), rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, frame.theme.text);
    if let (Some(action), true) = (&item.opens, response.clicked()) {
        outbox.action(action.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_least_goes_first_and_only_where_not_all_fits() {
        let (widths, keeps) = ([100.0, 60.0, 80.0, 40.0], [100, 20, 90, 45]);
        assert_eq!(fitting(&widths, &keeps, 280.0, 30.0), [true; 4]);
        assert_eq!(fitting(&widths, &keeps, 279.0, 30.0), [true, false, true, true]);
        assert_eq!(fitting(&widths, &keeps, 220.0, 30.0), [true, false, true, false]);
        assert_eq!(fitting(&widths, &keeps, 10.0, 30.0), [true, false, false, false], "one stays");
        assert!(fitting(&[], &[], 10.0, 30.0).is_empty());
    }

    #[test]
    fn a_long_name_is_told_as_cut() {
        assert_eq!(elided("Riverside", 9), "Riverside");
        assert_eq!(elided("Riverside", 5), "Rive…");
    }
}
