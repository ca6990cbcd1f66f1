//! What does not stand in the alarm list: shelved, suppressed, out of service; each in a list of its own with its count,
//! who hid it, when, until when and why. A list without an alarm says that it has none.

use super::acts::{self, Act, Target};
use super::panels::table::{self, Column, column, numbers};
use super::theme::STEP;
use super::tree::heading_ui;
use super::until;
use super::widgets::{self, Brush, symbol, text};
use super::words::{self, say};
use super::{Frame, Outbox, fonts};
use crate::engine::{AlarmState, AlarmView};
use crate::time::Span;
use eframe::egui::{Align2, Key, Modifiers, Rect, Role, ScrollArea, Sense, Stroke, Ui, pos2, vec2};
use fonts::size;

/// Height of a row.
const ROW: f32 = 26.0;
/// Height of a row that says on a second line what has no column.
const TALL: f32 = 44.0;
/// Height of a head with its heads of columns.
const HEAD: f32 = 50.0;
/// Below this width the time until is told without its time of the day.
const NARROW: f32 = 560.0;
/// Room for the mark before a name.
const MARK: f32 = 26.0;
/// Room that the scroll bar may take.
const SCROLL_BAR: f32 = 10.0;
/// A shelving that ends so soon is told louder.
const SOON: Span = Span::from_secs(300);

/// The lists, in order.
const LISTS: [(AlarmState, &str, &str); 3] = [
    (AlarmState::Shelved, "Shelved", "by a person, for a time; it comes back by itself"),
    (AlarmState::Suppressed, "Suppressed", "by a formula of the project, while that is true"),
    (AlarmState::OutOfService, "Out of service", "by a person, until somebody puts it back"),
];

/// Columns of each list; the last is for the button.
const COLUMNS: [Column; 8] = [
    column("Alarm", 110.0, 0.0, 100),
    column("Condition", 108.0, 0.0, 70),
    numbers("Value now", 84.0, 50),
    column("Until", 156.0, 0.2, 95),
    column("Why", 130.0, 1.0, 90),
    column("By", 110.0, 0.6, 80),
    column("Since", 74.0, 0.0, 60),
    column("", 132.0, 0.0, 99),
];

/// How many there are in each list, for a tooltip: `2 shelved, 0 suppressed, 1 out of service`.
pub fn counted(frame: &Frame<'_>) -> String {
    let count = |state| frame.snapshot.alarms.iter().filter(|view| view.state == state).count();
    let counts = LISTS.map(|(state, name, _)| format!("{} {}", words::count(count(state) as u64), name.to_lowercase()));
    counts.join(", ")
}

/// A line of the three lists.
enum Line<'a> {
    Head(usize, usize),
    Row(&'a AlarmView),
    None,
}

/// The three lists, one below the other.
pub fn hidden_ui(ui: &mut Ui, frame: &Frame<'_>, outbox: &mut Outbox) {
    heading_ui(ui, frame, say::HIDDEN_ALARMS);
    ui.spacing_mut().item_spacing.y = 0.0;
    ui.spacing_mut().scroll.fade.strength = 0.0;
    let mut lines = Vec::new();
    for (index, (state, ..)) in LISTS.iter().enumerate() {
        let of_it: Vec<&AlarmView> = frame.snapshot.alarms.iter().filter(|view| view.state == *state).collect();
        lines.push(Line::Head(index, of_it.len()));
        let none = of_it.is_empty().then_some(Line::None);
        let mut of_it = of_it;
        // What comes back next stands first.
        of_it.sort_by_key(|view| (view.shelved_until, view.hidden.as_ref().map(|hidden| hidden.at)));
        lines.extend(of_it.into_iter().map(Line::Row).chain(none));
    }
    let names = frame.snapshot.alarms.iter().filter(|view| view.state.is_hidden()).take(200);
    let names = names.filter_map(|view| frame.snapshot.plan.alarm(view.id)).map(|alarm| alarm.name.as_ref());
    let mut columns = COLUMNS;
    if ui.available_width() < NARROW {
        columns[3].width = 96.0;
    }
    let mut places = table::named_places(ui, &columns, ui.available_width() - MARK - SCROLL_BAR, names);
    // Buttons stand at the end of the row, whatever column has gone.
    let end = ui.available_width() - MARK - SCROLL_BAR;
    if let Some((left, right)) = &mut places[7] {
        let free = end - *right;
        (*left, *right) = (*left + free, *right + free);
    }
    ScrollArea::vertical().auto_shrink([false, false]).show_viewport(ui, |ui, viewport| {
        let height = |line: &Line<'_>| match line {
            Line::Head(..) => HEAD,
            Line::Row(_) if places[4].is_none() => TALL,
            Line::Row(_) | Line::None => ROW,
        };
        let total: f32 = lines.iter().map(height).sum();
        let (area, _) = ui.allocate_exact_size(vec2(ui.available_width(), total), Sense::hover());
        let mut top = 0.0;
        for line in &lines {
            let bottom = top + height(line);
            // Only the lines in view are laid out.
            if bottom >= viewport.top() && top <= viewport.bottom() {
                let rect = Rect::from_x_y_ranges(area.x_range(), area.top() + top..=area.top() + bottom);
                match line {
                    Line::Head(index, count) => head_ui(ui, frame, rect, *index, *count, &places),
                    Line::Row(view) => row_ui(ui, frame, rect, view, &places, outbox),
                    Line::None => {
                        let rect = rect.with_min_x(rect.left() + MARK);
                        text::paint(
                            ui.painter(),
                            rect,
                            Align2::LEFT_CENTER,
                            "none",
                            fonts::regular(size::BODY),
                            frame.theme.muted,
                        );
                    }
                }
            }
            top = bottom;
        }
    });
}

fn head_ui(ui: &Ui, frame: &Frame<'_>, rect: Rect, index: usize, count: usize, places: &[Option<(f32, f32)>; 8]) {
    let theme = frame.theme;
    let Some((_, name, what)) = LISTS.get(index) else { return };
    let line = rect.with_max_y(rect.top() + 28.0);
    let words = format!("{name}  {}", words::count(count as u64));
    let drawn = text::paint(ui.painter(), line, Align2::LEFT_BOTTOM, words, fonts::strong(size::TITLE), theme.text);
    let rest = line.with_min_x(drawn.right() + 3.0 * STEP).translate(vec2(0.0, -1.0));
    text::paint(ui.painter(), rest, Align2::LEFT_BOTTOM, *what, fonts::regular(size::BODY), theme.muted);
    let response = ui.interact(drawn, ui.scope_id().with(("hidden head", index)), Sense::hover());
    widgets::tell(&response, Role::Status, name, || words::count(count as u64));
    if count > 0 {
        let heads = Rect::from_min_max(pos2(rect.left() + MARK, line.bottom() + 2.0), rect.max);
        table::heads(ui.painter(), heads, &COLUMNS, places, theme);
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.line));
}

fn row_ui(
    ui: &Ui,
    frame: &Frame<'_>,
    rect: Rect,
    view: &AlarmView,
    places: &[Option<(f32, f32)>; 8],
    outbox: &mut Outbox,
) {
    let Some(target) = Target::new(frame, view.id, Some(view)) else { return };
    let theme = frame.theme;
    let brush = Brush { theme, blink_on: frame.blink_on };
    let key = ui.scope_id().with(("hidden", view.id.0));
    let inner = Rect::from_min_max(pos2(rect.left() + MARK, rect.top()), rect.max - vec2(SCROLL_BAR, 0.0));
    let response = widgets::press(
        ui,
        rect.with_max_x(places[7].map_or(inner.right(), |p| inner.left() + p.0 - STEP)),
        key,
        &brush,
        3.0,
    );
    let told = told(frame, view);
    let spoken = || {
        let said: Vec<&str> = told.iter().map(|(_, words)| words.as_str()).filter(|words| !words.is_empty()).collect();
        format!("{}, {}", words::state(view), said.join(", "))
    };
    widgets::tell(&response, Role::ListItem, &format!("alarm {}", target.alarm.name), spoken);
    let act = if view.state == AlarmState::Shelved { Some(Act::Unshelve) } else { None };
    let act = if view.state == AlarmState::OutOfService { Some(Act::InService) } else { act };
    let by_key = response.has_focus() && acts::keys_are_ours(ui);
    if by_key
        && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::U))
        && let Some(act) = act
    {
        target.perform(act, None, outbox);
    }
    if response.clicked() {
        target.perform(Act::Subject, None, outbox);
    }
    acts::row_menu(ui, &response, &target, acts::Menu::Hidden, outbox);
    let painter = ui.painter();
    painter.hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.line));
    // In no colour of an alarm: it is hidden on purpose. Filled, where its condition holds all the same.
    symbol::mark(
        painter,
        target.alarm.priority,
        pos2(rect.left() + 10.0, rect.top() + ROW / 2.0),
        12.0,
        theme.muted,
        view.active,
    );
    let soon = view.shelved_until.is_some_and(|until| until - frame.snapshot.now.utc < SOON);
    let mut below = Vec::new();
    let first = inner.with_max_y(inner.top() + ROW);
    for (column, words) in told {
        let Some(place) = places[column] else {
            if matches!(column, 4 | 5) {
                below.push(words);
            }
            continue;
        };
        let words = match (column, view.shelved_until) {
            // The time of the day gives way to how long it is.
            (3, Some(until)) if place.1 - place.0 < 140.0 => until::left(until, frame.snapshot.now.utc),
            _ => words,
        };
        let font =
            if column == 0 || (column == 3 && soon) { fonts::strong(size::BODY) } else { fonts::regular(size::BODY) };
        let ink = if matches!(column, 2 | 5 | 6) { theme.muted } else { theme.text };
        text::paint(painter, table::cell(first, place), table::align(&COLUMNS[column]), words, font, ink);
    }
    if places[4].is_none() {
        let second = inner.with_min_y(first.bottom() - STEP);
        let room = second.with_max_x(places[7].map_or(second.right(), |place| inner.left() + place.0 - 2.0 * STEP));
        text::paint(painter, room, Align2::LEFT_CENTER, below.join(" · "), fonts::regular(size::BODY), theme.muted);
    }
    if let (Some(act), Some(place)) = (act, places[7]) {
        let place = table::cell(inner, place);
        let place = Rect::from_center_size(place.center(), vec2(place.width(), ROW - 4.0));
        let label = if view.recording { say::RECORDING.to_owned() } else { target.label(act) };
        let why_not = target.why_not(act);
        let button = widgets::button_or_why(
            ui,
            place,
            key.with("show"),
            [&label, &target.name(act)],
            why_not.as_deref(),
            &brush,
        );
        if button.clicked() {
            target.perform(act, None, outbox);
        }
    }
    let why = view.hidden.as_ref().and_then(|hidden| hidden.reason.as_deref()).unwrap_or_default();
    response.on_hover_text(format!("{}\n{why}", target.alarm.message).trim_end());
}

/// What a row says, by column.
fn told(frame: &Frame<'_>, view: &AlarmView) -> Vec<(usize, String)> {
    let Some(alarm) = frame.snapshot.plan.alarm(view.id) else { return Vec::new() };
    let now = frame.snapshot.now.utc;
    let until = match (view.state, view.shelved_until) {
        (AlarmState::Shelved, Some(until)) => {
            format!("{}, {}", words::instant(until, now, frame.zone), until::left(until, now))
        }
        (AlarmState::OutOfService, _) => "put back in service".to_owned(),
        _ => "the formula is false".to_owned(),
    };
    let by_design = || alarm.written.as_ref().and_then(|written| written.suppress_when.clone());
    let (by, since, why) = match &view.hidden {
        Some(hidden) => (
            hidden.by.as_deref().unwrap_or("by design").to_owned(),
            words::instant(hidden.at, now, frame.zone),
            hidden.reason.as_deref().map(str::to_owned).or_else(by_design),
        ),
        None => (String::new(), String::new(), by_design()),
    };
    let why = match super::banner::refusal(frame.snapshot, &alarm.name) {
        Some(reason) => format!("refused: {reason}"),
        None => why.unwrap_or_else(|| "no reason was given".to_owned()),
    };
    // What it would have said, had it not been hidden.
    let condition = if view.active { "holds" } else { "gone" };
    let condition = match view.came_hidden {
        0 => condition.to_owned(),
        n => format!("{condition}, came {}×", words::count(u64::from(n))),
    };
    vec![
        (0, alarm.name.to_string()),
        (1, condition),
        (2, words::alarm_value(frame.snapshot, alarm).text),
        (3, until),
        (4, why),
        (5, by),
        (6, since),
    ]
}
