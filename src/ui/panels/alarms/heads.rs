//! The heads of the columns: a press sorts by one, a second press turns it round, a third gives the order of urgency back.

use super::order::{By, Sort};
use super::row::COLUMNS;
use super::table;
use crate::ui::fonts::{self, size};
use crate::ui::widgets::{self, Brush, text};
use eframe::egui::{Align, Align2, Id, Rect, Role, Ui};

/// What each column sorts by.
const SORTS: [Option<By>; 8] = [
    Some(By::Priority),
    Some(By::Raised),
    None,
    Some(By::Name),
    Some(By::State),
    Some(By::Value),
    Some(By::Message),
    None,
];

/// Paints the heads into `row`; gives back the order that was asked for, if any.
pub fn ui(
    ui: &Ui,
    row: Rect,
    places: &[Option<(f32, f32)>; 8],
    sort: Sort,
    key: Id,
    brush: &Brush<'_>,
) -> Option<Sort> {
    let mut wanted = None;
    for ((column, place), by) in COLUMNS.iter().zip(places).zip(SORTS) {
        let Some(place) = place else { continue };
        let cell = table::cell(row, *place);
        let mut title = column.title.to_owned();
        if let Some(by) = by {
            let here = sort.by == by;
            if here {
                let arrow = if sort.reversed { "▲" } else { "▼" };
                title = if title.is_empty() { arrow.to_owned() } else { format!("{title} {arrow}") };
            }
            let response =
                widgets::press(ui, cell.expand2(eframe::egui::vec2(3.0, 0.0)), key.with(by as u8), brush, 2.0);
            let name = format!("Sort by {}", if column.title.is_empty() { "priority" } else { column.title });
            widgets::tell(&response, Role::ColumnHeader, &name, || match (here, sort.reversed) {
                (true, false) => "sorted by this".to_owned(),
                (true, true) => "sorted by this, the other way round".to_owned(),
                (false, _) => String::new(),
            });
            if response.clicked() {
                wanted = Some(sort.pressed(by));
            }
        }
        let ink = if by == Some(sort.by) { brush.theme.text } else { brush.theme.muted };
        let align = Align2([if column.title.is_empty() { Align::Center } else { column.align }, Align::Center]);
        text::paint(ui.painter(), cell, align, title, fonts::regular(size::SMALL), ink);
    }
    wanted
}
