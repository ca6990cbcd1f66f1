//! The steady part of the banner: how many alarms there are of each priority, the horn, the lists, the menu. Side by side
//! with the rows, or on one line above them.

use crate::engine::{Counts, Snapshot};
use crate::link::About;
use crate::project::Priority;
use crate::ui::fonts::{self, size};
use crate::ui::panels::alarms;
use crate::ui::theme::{STEP, Theme};
use crate::ui::widgets::symbol::{self, Symbol};
use crate::ui::widgets::{self, Brush, text};
use crate::ui::words::{self, say};
use crate::ui::{Action, Frame, Outbox, help};
use eframe::egui::{
    Align2, Button, Color32, Direction, Layout, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, pos2,
    vec2,
};

/// What the horn's button says of itself.
const SILENCE_HINT: &str = "Quiets what sounds now, and journals it; the next new alarm sounds again, and so does after 5 minutes a critical or high one that nobody acknowledged";
/// What a flood is, and what a press does.
const FLOOD_HINT: &str = "More than 10 alarms in 10 minutes; opens what came first, what is new and what chatters";

/// The symbol above a count: hollow where all that is left of a priority went by itself and waits to be seen, and
/// without colour where there is none.
fn count_symbol(snapshot: &Snapshot, priority: Priority) -> Option<Symbol> {
    let of_it = |id| snapshot.plan.alarm(id).is_some_and(|alarm| alarm.priority == priority);
    let stands = snapshot.alarms.iter().any(|view| view.state.stands() && of_it(view.id));
    (snapshot.counts.shown[priority as usize] > 0).then(|| Symbol { returned: !stands, ..Symbol::new(priority) })
}

fn paint_symbol(ui: &Ui, frame: &Frame<'_>, priority: Priority, at: eframe::egui::Pos2, size: f32) {
    match count_symbol(frame.snapshot, priority) {
        Some(symbol) => symbol.paint(ui.painter(), frame.theme, at, size, frame.blink_on),
        // Where there is none of a kind its symbol is quiet: no colour while nothing is wrong.
        None => symbol::mark(ui.painter(), priority, at, size - 2.0, frame.theme.line, false),
    }
}

fn tell_count(ui: &Ui, frame: &Frame<'_>, priority: Priority, place: Rect) {
    let i = priority as usize;
    let (waiting, shown) = (frame.snapshot.counts.unacknowledged[i], frame.snapshot.counts.shown[i]);
    let response = ui.interact(place, ui.scope_id().with(("count", i)), Sense::hover());
    widgets::tell(&response, Role::Status, priority.word(), || format!("{waiting} unacknowledged of {shown}"));
    response.on_hover_text(format!("{}: {waiting} unacknowledged of {shown}", priority.word()));
}

/// Everything on one line: counts at the left, and as many buttons as fit at the right, the menu first, for all that
/// has no button is in it.
pub fn line_ui(ui: &mut Ui, frame: &Frame<'_>, rect: Rect, outbox: &mut Outbox) {
    // In a flood the totals give way to horn, hidden and flood.
    let kept = if frame.snapshot.counts.flood { 380.0 } else { 60.0 };
    let right = counts_line_ui(ui, frame, rect.with_max_x((rect.right() - kept).max(rect.left())));
    let mut room = rect.with_min_x(right + STEP);
    let snapshot = frame.snapshot;
    let shown: u32 = snapshot.counts.shown.iter().sum();
    let width = |ui: &Ui, words: &str| {
        let font = fonts::regular(size::BODY);
        ui.painter().layout_no_wrap(words.to_owned(), font, frame.theme.text).size().x + 5.0 * STEP
    };
    let take = |ui: &Ui, words: &str, room: &mut Rect| -> Option<Rect> {
        let width = width(ui, words);
        (room.width() >= width).then(|| {
            let place = room.with_min_x(room.right() - width);
            room.max.x = place.left() - 1.5 * STEP;
            place.shrink2(vec2(0.0, 1.0))
        })
    };
    if let Some(place) = take(ui, "Menu", &mut room) {
        ui.scope_builder(centred(place), |ui| help::menu_ui(ui, place.size(), outbox));
    }
    let all = format!("{} {}", say::ALARMS, words::count(shown.into()));
    if let Some(place) = take(ui, &all, &mut room)
        && put_button(ui, place, &all).on_hover_text(say::ALL_ALARMS).clicked()
    {
        outbox.action(Action::OpenAlarmList);
    }
    // Horn, hidden and flood share what is left: in as many words as leave room for all three.
    let hidden = format!("{} {}", say::HIDDEN, words::count(snapshot.counts.hidden.into()));
    let floods = if snapshot.counts.flood { flood_words(&snapshot.counts).to_vec() } else { vec![String::new()] };
    let choices = floods.iter().flat_map(|flood| [(flood, say::SILENCE), (flood, say::SILENCE_SHORT)]);
    let needed = |flood: &str, silence: &str| {
        let three = [flood, silence, hidden.as_str()].into_iter().filter(|words| !words.is_empty());
        three.map(|words| width(ui, words) + 1.5 * STEP).sum::<f32>()
    };
    let choice = choices.clone().find(|(flood, silence)| needed(flood, silence) <= room.width()).or(choices.last());
    let (flood, silence) = choice.map_or(("", say::SILENCE), |(flood, silence)| (flood.as_str(), silence));
    if !flood.is_empty()
        && let Some(place) = take(ui, flood, &mut room)
    {
        flood_ui(ui, frame, place, outbox);
    }
    if let Some(place) = take(ui, silence, &mut room) {
        silence_ui(ui, frame, place, outbox);
    }
    if let Some(place) = take(ui, &hidden, &mut room)
        && put_button(ui, place, &hidden)
            .on_hover_ui(|ui| {
                ui.label(crate::ui::hidden::counted(frame));
            })
            .clicked()
    {
        outbox.action(Action::OpenHidden);
    }
}

/// The counts, symbol and number beside each other; gives back where they end. Where there are so many that the totals do
/// not fit, only what waits is told.
fn counts_line_ui(ui: &Ui, frame: &Frame<'_>, rect: Rect) -> f32 {
    let theme = frame.theme;
    let counts = frame.snapshot.counts;
    let symbol = 5.0 * STEP;
    let line = |totals: bool| {
        Priority::ALL.map(|priority| {
            let i = priority as usize;
            let (waiting, shown) = (counts.unacknowledged[i], counts.shown[i]);
            let ink = if shown > 0 { theme.text } else { theme.muted };
            let of = if totals { format!("/{}", words::count(shown.into())) } else { String::new() };
            let number =
                text::line(ui.painter(), words::count(waiting.into()), fonts::strong(size::TITLE), ink, rect.width());
            (priority, number, text::line(ui.painter(), of, fonts::regular(size::SMALL), theme.muted, rect.width()))
        })
    };
    let width = |line: &[(Priority, std::sync::Arc<eframe::egui::Galley>, std::sync::Arc<eframe::egui::Galley>); 4]| {
        line.iter().map(|(_, number, of)| symbol + number.size().x + of.size().x + 2.0 * STEP).sum::<f32>()
    };
    let whole = line(true);
    let shown = if width(&whole) <= rect.width() { whole } else { line(false) };
    let mut x = rect.left();
    for (priority, number, of) in shown {
        let place = Rect::from_min_size(
            pos2(x, rect.top()),
            vec2(symbol + number.size().x + of.size().x + STEP, rect.height()),
        );
        paint_symbol(ui, frame, priority, pos2(x + 8.0, rect.center().y), 14.0);
        let base = rect.center().y + number.size().y / 2.0;
        let at = pos2(x + symbol, base - number.size().y);
        let of_at = pos2(at.x + number.size().x, base - of.size().y - 2.0);
        ui.painter().galley(at, number, theme.text);
        ui.painter().galley(of_at, of, theme.muted);
        tell_count(ui, frame, priority, place);
        x = place.right() + STEP;
    }
    x
}

/// Four columns: the symbol, how many wait of how many, the word.
pub fn counts_ui(ui: &Ui, frame: &Frame<'_>, rect: Rect) {
    let Theme { text: ink, muted, .. } = frame.theme;
    let counts = frame.snapshot.counts;
    let width = rect.width() / 4.0;
    let painter = ui.painter();
    let line = |words: String, font, ink| painter.layout_no_wrap(words, font, ink);
    let galleys = Priority::ALL.map(|priority| {
        let (waiting, shown) = (counts.unacknowledged[priority as usize], counts.shown[priority as usize]);
        let ink = if shown > 0 { *ink } else { *muted };
        let number = line(words::count(waiting.into()), fonts::strong(size::TITLE), ink);
        // A number is never cut.
        let number = if number.size().x < width - STEP {
            number
        } else {
            text::number(painter, &words::count(waiting.into()), size::TITLE, ink, width - STEP)
        };
        (number, line(format!("/{}", words::count(shown.into())), fonts::regular(size::SMALL), *muted))
    });
    // Where there are so many that a total would run into its neighbour, only what waits is told.
    let totals = galleys.iter().all(|(number, of)| number.size().x + of.size().x < width - STEP);
    for (priority, (number, of)) in Priority::ALL.into_iter().zip(galleys) {
        let i = priority as usize;
        let column = Rect::from_min_size(pos2(rect.left() + width * i as f32, rect.top()), vec2(width, rect.height()));
        let x = column.center().x;
        paint_symbol(ui, frame, priority, pos2(x, column.top() + 24.0), 16.0);
        let room = if totals { of.size().x } else { 0.0 };
        let start = x - f32::midpoint(number.size().x, room);
        let baseline = column.top() + 40.0;
        let of_at = pos2(start + number.size().x, baseline + number.size().y - of.size().y - 2.0);
        painter.galley(pos2(start, baseline), number, *ink);
        if totals {
            painter.galley(of_at, of, *muted);
        }
        painter.text(
            pos2(x, column.top() + 67.0),
            Align2::CENTER_CENTER,
            priority.word(),
            fonts::regular(size::SMALL),
            *muted,
        );
        tell_count(ui, frame, priority, column);
    }
}

fn width_of(ui: &Ui, words: &str) -> f32 {
    ui.painter().layout_no_wrap(words.to_owned(), fonts::regular(size::BODY), Color32::PLACEHOLDER).size().x
}

/// Horn, lists, menu: two by two.
pub fn buttons_ui(ui: &mut Ui, frame: &Frame<'_>, rect: Rect, outbox: &mut Outbox) {
    let shown: u32 = frame.snapshot.counts.shown.iter().sum();
    let hidden = frame.snapshot.counts.hidden;
    let inner = rect.shrink2(vec2(0.0, 5.0 * STEP));
    let (width, height) = ((inner.width() - 2.0 * STEP - STEP) / 2.0, (inner.height() - 1.5 * STEP) / 2.0);
    let cell = |column: f32, row: f32| {
        Rect::from_min_size(
            pos2(inner.left() + column * (width + 1.5 * STEP), inner.top() + row * (height + 1.5 * STEP)),
            vec2(width, height),
        )
    };
    silence_ui(ui, frame, cell(0.0, 0.0), outbox);
    let flood = frame.snapshot.counts.flood;
    // The number is never cut.
    let all = [say::ALL_ALARMS, say::ALARMS, ""].map(|words| format!("{words} {}", words::count(shown.into())));
    let fits = |words: &String| width_of(ui, words) + 4.0 * STEP <= width;
    let all = all.iter().find(|words| fits(words)).or(all.last()).cloned().unwrap_or_default();
    if put_button(ui, cell(1.0, 0.0), &all).clicked() {
        outbox.action(Action::OpenAlarmList);
    }
    if put_button(ui, cell(0.0, 1.0), &format!("{} {}", say::HIDDEN, words::count(hidden.into())))
        .on_hover_ui(|ui| {
            ui.label(crate::ui::hidden::counted(frame));
        })
        .clicked()
    {
        outbox.action(Action::OpenHidden);
    }
    let menu_cell = cell(1.0, 1.0);
    ui.scope_builder(centred(menu_cell), |ui| help::menu_ui(ui, menu_cell.size(), outbox));
    if flood {
        let at = pos2(rect.left(), rect.top() + 1.0);
        let words = Rect::from_min_size(at, vec2(rect.width() - 2.0 * STEP, 5.0 * STEP - 2.0));
        flood_ui(ui, frame, words, outbox);
    }
}

/// Why the horn cannot be silenced from this window.
pub fn horn_refused(about: &About) -> Option<String> {
    if about.bundle.is_some() {
        return Some(say::ONLY_A_BUNDLE.to_owned());
    }
    let holder = about.held_by.as_ref()?;
    Some(format!("The plant is watched by {holder}: its horn is silenced there"))
}

fn silence_ui(ui: &mut Ui, frame: &Frame<'_>, place: Rect, outbox: &mut Outbox) {
    let refused = horn_refused(frame.about);
    let enabled = frame.snapshot.horn.is_some() && refused.is_none();
    let silence = ui
        .scope_builder(centred(place), |ui| {
            let words = if place.width() < 88.0 { say::SILENCE_SHORT } else { say::SILENCE };
            ui.add_enabled(enabled, Button::new(words).min_size(place.size()))
        })
        .inner;
    widgets::tell(&silence, Role::Button, say::SILENCE, String::new);
    let why_not = refused.unwrap_or_else(|| "The horn is silent".to_owned());
    if silence.on_hover_text(SILENCE_HINT).on_disabled_hover_text(why_not).clicked() {
        outbox.action(Action::SilenceHorn);
    }
}

/// The flood with its rate, in fewer and fewer words.
fn flood_words(counts: &Counts) -> [String; 3] {
    let rate = alarms::flood_rate(counts);
    let short = format!("⚠ {}", words::count(counts.annunciated.into()));
    [format!("⚠ {}: {rate}", say::FLOOD), format!("⚠ Flood: {rate}"), short]
}

/// The flood with its rate; a press opens the console.
fn flood_ui(ui: &Ui, frame: &Frame<'_>, place: Rect, outbox: &mut Outbox) {
    let rate = alarms::flood_rate(&frame.snapshot.counts);
    let font = || fonts::strong(size::BODY);
    let width = |words: &str| ui.painter().layout_no_wrap(words.to_owned(), font(), frame.theme.text).size().x;
    let room = place.width() - 2.0 * STEP;
    let words = flood_words(&frame.snapshot.counts)
        .into_iter()
        .find(|words| width(words) <= room)
        .unwrap_or_else(|| "⚠".to_owned());
    let brush = Brush { theme: frame.theme, blink_on: frame.blink_on };
    let id = ui.scope_id().with("flood");
    let rect = place.with_max_x(place.left() + (width(&words) + 2.0 * STEP).min(place.width()));
    ui.painter().rect(rect, 3.0, frame.theme.raised, Stroke::new(1.0, frame.theme.text), StrokeKind::Inside);
    let response = widgets::press(ui, rect, id, &brush, 3.0);
    text::paint(ui.painter(), rect.shrink2(vec2(STEP, 0.0)), Align2::LEFT_CENTER, words, font(), frame.theme.text);
    widgets::tell(&response, Role::Button, "Open flood console", || format!("{}: {rate}", say::FLOOD));
    if response.on_hover_text(FLOOD_HINT).clicked() {
        outbox.action(Action::OpenFlood);
    }
}

/// Room for one thing, in its middle.
fn centred(rect: Rect) -> UiBuilder {
    UiBuilder::new().max_rect(rect).layout(Layout::centered_and_justified(Direction::TopDown))
}

fn put_button(ui: &mut Ui, rect: Rect, words: &str) -> Response {
    ui.put(rect, Button::new(words).min_size(rect.size()).truncate())
}
