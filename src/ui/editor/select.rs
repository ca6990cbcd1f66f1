//! Which cells of a sheet are chosen, and where the keys go: the part of a spreadsheet that is no picture.

/// A cell by row and column, as they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct At {
    /// From above, from zero.
    pub row: usize,
    /// From the left, from zero.
    pub column: usize,
}

/// A way from cell to cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many rows down, or up.
    Rows(isize),
    /// So many columns to the right, or left.
    Columns(isize),
    /// To the first column.
    RowStart,
    /// To the last column.
    RowEnd,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
}

/// What is chosen: a rectangle between the cell that was chosen first and the one that has the keys.
///
/// Invariant: both lie in the sheet, where it has a cell at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// Where the keys go.
    pub cursor: At,
    /// The opposite corner.
    pub anchor: At,
}

impl Selection {
    /// One cell.
    pub const fn one(at: At) -> Self {
        Self { cursor: at, anchor: at }
    }

    /// The same in a sheet of so many rows and columns.
    #[must_use]
    pub fn within(self, rows: usize, columns: usize) -> Self {
        let clip =
            |at: At| At { row: at.row.min(rows.saturating_sub(1)), column: at.column.min(columns.saturating_sub(1)) };
        Self { cursor: clip(self.cursor), anchor: clip(self.anchor) }
    }

    /// After a step; `extends`: the anchor stays.
    #[must_use]
    pub fn moved(self, step: Step, extends: bool, rows: usize, columns: usize) -> Self {
        let At { row, column } = self.cursor;
        let cursor = match step {
            Step::Rows(by) => At { row: row.saturating_add_signed(by), column },
            Step::Columns(by) => At { row, column: column.saturating_add_signed(by) },
            Step::RowStart => At { row, column: 0 },
            Step::RowEnd => At { row, column: columns },
            Step::Top => At { row: 0, column },
            Step::Bottom => At { row: rows, column },
        };
        let anchor = if extends { self.anchor } else { cursor };
        Self { cursor, anchor }.within(rows, columns)
    }

    /// Everything.
    pub const fn all(rows: usize, columns: usize) -> Self {
        Self {
            cursor: At { row: 0, column: 0 },
            anchor: At { row: rows.saturating_sub(1), column: columns.saturating_sub(1) },
        }
    }

    /// Rows from the first to the last.
    pub fn rows(&self) -> std::ops::RangeInclusive<usize> {
        self.cursor.row.min(self.anchor.row)..=self.cursor.row.max(self.anchor.row)
    }

    /// Columns from the first to the last.
    pub fn columns(&self) -> std::ops::RangeInclusive<usize> {
        self.cursor.column.min(self.anchor.column)..=self.cursor.column.max(self.anchor.column)
    }

    /// Whether a cell is in it.
    pub fn has(&self, at: At) -> bool {
        self.rows().contains(&at.row) && self.columns().contains(&at.column)
    }

    /// Whether it is more than one cell.
    pub fn is_many(&self) -> bool {
        self.cursor != self.anchor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_at_the_edges_and_extend_from_where_they_began() {
        let first = Selection::one(At { row: 1, column: 1 });
        let down = first.moved(Step::Rows(5), true, 4, 3);
        assert_eq!((down.cursor, down.anchor), (At { row: 3, column: 1 }, At { row: 1, column: 1 }));
        assert_eq!(down.rows(), 1..=3);
        assert_eq!(down.moved(Step::Columns(-9), false, 4, 3), Selection::one(At { row: 3, column: 0 }));
        assert_eq!(first.moved(Step::RowEnd, false, 4, 3).cursor, At { row: 1, column: 2 });
        assert_eq!(first.moved(Step::Bottom, false, 0, 0), Selection::default());
        assert!(Selection::all(4, 3).has(At { row: 3, column: 2 }));
    }

    #[test]
    fn a_sheet_that_has_shrunk_leaves_the_keys_on_its_last_row() {
        let far = Selection::one(At { row: 90, column: 7 });
        assert_eq!(far.within(10, 3), Selection::one(At { row: 9, column: 2 }));
    }
}
