//! One entry as a row, and as a person is told of it.

use crate::engine::{Event, Quality, Value};
use crate::historian::Row;
use crate::text::visible;
use crate::time::Utc;
use crate::ui::fonts::{self, size};
use crate::ui::panels::table::{self, Column, column, numbers};
use crate::ui::theme::STEP;
use crate::ui::widgets::{hatch, symbol, text};
use crate::ui::{Frame, words};
use eframe::egui::{Color32, Painter, Rect, pos2};
use std::borrow::Cow;

/// Height of a row.
pub const HEIGHT: f32 = 23.0;

/// Time, mark, event, what it is about, value, who, words.
pub const COLUMNS: [Column; 7] = [
    column("Time", 118.0, 0.0, 100),
    column("", 18.0, 0.0, 70),
    column("Event", 118.0, 0.0, 99),
    column("Of", 120.0, 0.6, 98),
    numbers("Value", 92.0, 60),
    column("By", 96.0, 0.4, 50),
    column("Words", 120.0, 1.6, 80),
];

/// Where the columns lie.
pub type Places = [Option<(f32, f32)>; 7];

/// What happened, as people say it.
pub fn event_words(row: &Row) -> Cow<'static, str> {
    match Event::parse(&row.event) {
        Some(Event::LinkUp) => "link is there".into(),
        Some(Event::LinkDown) => "link lost".into(),
        Some(Event::Deployed) => "project put in force".into(),
        Some(Event::ClockStepped) => "clock was set".into(),
        Some(Event::Gap) => "journal has a gap".into(),
        Some(Event::RecordingFault) => "recording stopped".into(),
        Some(Event::Trimmed) => "old entries cut".into(),
        Some(event) => event.word().replace('-', " ").into(),
        None => visible(&row.event).into_owned().into(),
    }
}

/// The alarm, the device or the project that it is about.
pub fn subject(row: &Row) -> &str {
    row.alarm.as_deref().or(row.subject.as_deref()).unwrap_or_default()
}

/// The value with its unit, and how far it was to be trusted where that is not fully.
pub fn value_words(frame: &Frame<'_>, row: &Row) -> String {
    let (shown, why_not) = value_parts(frame, row);
    why_not.map_or_else(|| shown.clone(), |why| format!("{shown} ({why})"))
}

/// The two of them.
fn value_parts(frame: &Frame<'_>, row: &Row) -> (String, Option<String>) {
    let Some(value) = &row.value else { return (String::new(), None) };
    let plan = &frame.snapshot.plan;
    let tag =
        row.alarm.as_deref().and_then(|alarm| alarm.split_once('/')).and_then(|(tag, _)| plan.tag(plan.tag_id(tag)?));
    let unit = row.unit.as_deref().filter(|unit| !unit.is_empty());
    let number = match (tag, value) {
        (Some(tag), value) => words::value(value, &tag.tag),
        (None, Value::F64(v)) => words::number(*v, None),
        (None, other) => other.to_string(),
    };
    let is_word = tag.is_some_and(|tag| words::is_word(value, &tag.tag));
    let shown = match unit {
        Some(unit) if !is_word => format!("{number} {unit}"),
        Some(_) | None => number,
    };
    let bad = row.quality.map(Quality::from_number).filter(|quality| quality.is_bad());
    (shown, bad.map(words::quality))
}

/// The whole entry in one sentence, for screen readers.
pub fn spoken(frame: &Frame<'_>, row: &Row) -> String {
    let by = row.actor().map(|by| format!("by {by}")).unwrap_or_default();
    let parts = [
        event_words(row).into_owned(),
        subject(row).to_owned(),
        row.priority.as_deref().unwrap_or_default().to_owned(),
        value_words(frame, row),
        words::instant(Utc(row.time), frame.snapshot.now.utc, frame.zone),
        by,
        row.note.as_deref().unwrap_or_default().to_owned(),
    ];
    visible(&parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")).into_owned()
}

/// Paints it. Its marks are in no colour of an alarm: what is past does not ask for anybody.
pub fn paint(painter: &Painter, rect: Rect, frame: &Frame<'_>, row: &Row, places: &Places) {
    let theme = frame.theme;
    let event = Event::parse(&row.event);
    let regular = fonts::regular(size::BODY);
    let put = |index: usize, words: &str, ink: Color32| {
        if let Some(place) = places[index].filter(|_| !words.is_empty()) {
            let cell = table::cell(rect, place);
            text::paint(painter, cell, table::align(&COLUMNS[index]), visible(words), regular.clone(), ink);
        }
    };
    put(0, &words::instant(Utc(row.time), frame.snapshot.now.utc, frame.zone), theme.muted);
    if let (Some(place), Some(priority)) = (places[1], row.priority()) {
        let cell = table::cell(rect, place);
        let center = pos2(cell.left() + 2.0 * STEP, cell.center().y);
        symbol::mark(painter, priority, center, 10.0, theme.muted, event == Some(Event::Raised));
    }
    let telling = matches!(
        event,
        Some(Event::Raised | Event::LinkDown | Event::Gap | Event::RecordingFault | Event::Started | Event::Stopped)
    );
    if let Some(place) = places[2] {
        let font = if telling { fonts::strong(size::BODY) } else { regular.clone() };
        let cell = table::cell(rect, place);
        text::paint(painter, cell, table::align(&COLUMNS[2]), event_words(row), font, theme.text);
    }
    put(3, subject(row), theme.text);
    let (value, why_not) = value_parts(frame, row);
    if let Some(place) = places[4].filter(|_| !value.is_empty()) {
        // Numbers end well before the words beside them begin.
        let cell = table::cell(rect, place);
        let cell = cell.with_max_x(cell.right() - 2.0 * STEP);
        let ink = if why_not.is_some() { theme.muted } else { theme.text };
        let painted = text::paint(painter, cell, table::align(&COLUMNS[4]), value, regular.clone(), ink);
        if why_not.is_some() {
            hatch::hatch(painter, painted, theme.muted.gamma_multiply(0.6), 6.0);
        }
    }
    // The name at the desk says who; the computer's user stands in the detail.
    put(5, row.desk.as_deref().or(row.user.as_deref()).unwrap_or_default(), theme.muted);
    let note = row.note.as_deref().filter(|note| !note.is_empty()).map(str::to_owned);
    // Why a value was not to be trusted stands where there is room for it.
    let said = why_not.into_iter().chain(note).collect::<Vec<_>>().join("; ");
    put(6, &said, if row.user.is_some() { theme.text } else { theme.muted });
}
