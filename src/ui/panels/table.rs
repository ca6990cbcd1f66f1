//! Columns of a list: which fit, and where. The least important ones go first when a list is narrow.

use crate::ui::fonts::{self, size};
use crate::ui::theme::Theme;
use crate::ui::widgets::text;
use eframe::egui::{Align, Align2, Color32, Painter, Rect, Ui};

/// A column of a list.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head; empty for one that needs none.
    pub title: &'static str,
    /// Least width, in points.
    pub width: f32,
    /// Share of the room that is left.
    pub grow: f32,
    /// Where its text stands.
    pub align: Align,
    /// The greater, the longer it stays.
    pub keep: u8,
}

/// A column with its text at the left.
pub const fn column(title: &'static str, width: f32, grow: f32, keep: u8) -> Column {
    Column { title, width, grow, align: Align::Min, keep }
}

/// A column of numbers.
pub const fn numbers(title: &'static str, width: f32, keep: u8) -> Column {
    Column { title, width, grow: 0.0, align: Align::Max, keep }
}

/// Between columns.
const GAP: f32 = 8.0;

/// Left and right of each column within `width`, by index; `None` where it does not fit.
pub fn places<const N: usize>(columns: &[Column; N], width: f32) -> [Option<(f32, f32)>; N] {
    let mut shown = [true; N];
    let needed = |shown: &[bool; N]| -> f32 {
        columns.iter().zip(shown).filter(|(_, s)| **s).map(|(c, _)| c.width + GAP).sum::<f32>() - GAP
    };
    while needed(&shown) > width {
        let least = (0..N).filter(|&i| shown[i]).min_by_key(|&i| columns[i].keep);
        match least {
            Some(i) if shown.iter().filter(|s| **s).count() > 1 => shown[i] = false,
            _ => break,
        }
    }
    let spare = (width - needed(&shown)).max(0.0);
    let grow: f32 = columns.iter().zip(shown).filter(|(_, s)| *s).map(|(c, _)| c.grow).sum();
    let mut x = 0.0;
    let mut places = [None; N];
    for (i, column) in columns.iter().enumerate() {
        if shown[i] {
            let extra = if grow > 0.0 { spare * column.grow / grow } else { 0.0 };
            let right = (x + column.width + extra).min(width);
            places[i] = Some((x, right));
            x = right + GAP;
        }
    }
    places
}

/// The same, the first column wide enough for these names as far as half of the row goes.
pub fn named_places<'a, const N: usize>(
    ui: &Ui,
    columns: &[Column; N],
    width: f32,
    names: impl Iterator<Item = &'a str>,
) -> [Option<(f32, f32)>; N] {
    let longest = names.max_by_key(|name| name.chars().count()).unwrap_or_default();
    let font = fonts::strong(size::BODY);
    let longest = ui.painter().layout_no_wrap(longest.to_owned(), font, Color32::PLACEHOLDER).size().x + 2.0;
    let mut columns = *columns;
    columns[0].width = longest.clamp(columns[0].width, (width * 0.5).max(columns[0].width));
    places(&columns, width)
}

/// The cell of a row.
pub fn cell(row: Rect, place: (f32, f32)) -> Rect {
    Rect::from_x_y_ranges(row.left() + place.0..=row.left() + place.1, row.y_range())
}

/// Which way the text of a column stands in its cell.
pub fn align(column: &Column) -> Align2 {
    Align2([column.align, Align::Center])
}

/// Paints the heads of the columns into `row`.
pub fn heads<const N: usize>(
    painter: &Painter,
    row: Rect,
    columns: &[Column; N],
    places: &[Option<(f32, f32)>; N],
    theme: &Theme,
) {
    for (column, place) in columns.iter().zip(places) {
        if let (Some(place), false) = (place, column.title.is_empty()) {
            text::paint(
                painter,
                cell(row, *place),
                align(column),
                column.title,
                fonts::regular(size::SMALL),
                theme.muted,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] =
        [column("name", 100.0, 0.0, 9), numbers("count", 50.0, 1), column("words", 100.0, 1.0, 5)];

    #[test]
    fn the_least_important_column_goes_first() {
        assert!(places(&COLUMNS, 400.0).iter().all(Option::is_some));
        assert_eq!(places(&COLUMNS, 230.0).map(|p| p.is_some()), [true, false, true]);
        assert_eq!(places(&COLUMNS, 120.0).map(|p| p.is_some()), [true, false, false]);
        assert_eq!(places(&COLUMNS, 10.0)[0], Some((0.0, 10.0)));
    }

    #[test]
    fn columns_fill_the_row_and_do_not_overlap() {
        let places = places(&COLUMNS, 400.0).map(Option::unwrap);
        assert_eq!(places[2].1, 400.0);
        assert!(places.windows(2).all(|p| p[0].1 < p[1].0));
    }
}
