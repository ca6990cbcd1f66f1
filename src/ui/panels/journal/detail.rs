//! Everything about one entry, below the list.

use super::row;
use crate::engine::{Quality, TagId};
use crate::historian::Row;
use crate::text::visible;
use crate::time::Utc;
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::{Action, Frame, Outbox, widgets, words};
use eframe::egui::{Button, Grid, Label, Rect, RichText, Role, ScrollArea, Ui, UiBuilder};

/// Its height, where there is room.
pub const HEIGHT: f32 = 148.0;

/// What is known of an entry, as name and words; empty ones are left out.
fn facts(frame: &Frame<'_>, row: &Row) -> Vec<(&'static str, String)> {
    let time = |utc: Utc| {
        format!(
            "{}.{:03}",
            words::instant(utc, frame.snapshot.now.utc, frame.zone),
            utc.0.rem_euclid(1_000_000) / 1_000
        )
    };
    let quality = row.quality.map(|quality| words::quality(Quality::from_number(quality))).unwrap_or_default();
    let priority = row.priority.as_deref().unwrap_or_default();
    let alarm = match (&row.alarm, row.occurrence) {
        (Some(alarm), Some(occurrence)) => format!("{alarm}, occurrence {}", words::count(occurrence)),
        (Some(alarm), None) => alarm.to_string(),
        (None, _) => String::new(),
    };
    let facts = [
        ("Entry", words::count(row.seq)),
        ("Time", time(Utc(row.time))),
        ("Event", row::event_words(row).into_owned()),
        ("Alarm", alarm),
        ("Priority", priority.to_owned()),
        ("Of", row.subject.as_deref().unwrap_or_default().to_owned()),
        ("Value", row::value_words(frame, row)),
        ("Quality", quality),
        ("Condition began", row.began.map(|t| time(Utc(t))).unwrap_or_default()),
        ("Until", row.until.map(|t| time(Utc(t))).unwrap_or_default()),
        ("At the desk", row.desk.as_deref().unwrap_or_default().to_owned()),
        ("User", row.user.as_deref().unwrap_or_default().to_owned()),
        ("Computer", row.computer.as_deref().unwrap_or_default().to_owned()),
    ];
    facts.into_iter().filter(|(_, words)| !words.is_empty()).collect()
}

/// The tag of an entry, where the plan has it.
fn tag(frame: &Frame<'_>, row: &Row) -> Option<TagId> {
    frame.snapshot.plan.tag_id(row.alarm.as_deref()?.split_once('/')?.0)
}

/// Paints it into `rect`.
pub fn ui(ui: &mut Ui, rect: Rect, frame: &Frame<'_>, row: &Row, out: &mut Outbox) {
    let theme = frame.theme;
    ui.painter().hline(rect.x_range(), rect.top(), theme.border());
    let inner = rect.with_min_y(rect.top() + 1.5 * STEP);
    ui.scope_builder(UiBuilder::new().max_rect(inner).id_salt("entry"), |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing = eframe::egui::vec2(2.0 * STEP, 2.0);
            let facts = facts(frame, row);
            let columns = if rect.width() > 640.0 { 3 } else { 2 };
            Grid::new("facts").num_columns(2 * columns).spacing([2.0 * STEP, 2.0]).show(ui, |ui| {
                for line in facts.chunks(columns) {
                    for (name, words) in line {
                        ui.label(RichText::new(*name).color(theme.muted));
                        let shown = visible(words);
                        let room = (rect.width() / columns as f32 - 110.0).max(60.0);
                        ui.scope(|ui| {
                            ui.set_max_width(room);
                            let label = ui.add(Label::new(shown.as_ref()).truncate()).on_hover_text(shown.as_ref());
                            widgets::tell(&label, Role::Status, name, || words.clone());
                        });
                    }
                    ui.end_row();
                }
            });
            if let Some(note) = &row.note {
                ui.add(
                    Label::new(RichText::new(visible(note)).font(fonts::regular(size::BODY))).wrap().selectable(true),
                );
            }
            if let Some(tag) = tag(frame, row) {
                let name = frame.snapshot.plan.tag(tag).map(|tag| tag.name.to_string()).unwrap_or_default();
                if ui.add(Button::new(format!("Open {name}"))).clicked() {
                    out.action(Action::OpenFaceplate(tag));
                }
            }
        });
    });
}
