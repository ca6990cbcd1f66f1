//! What a paste, a fill or an empty hand puts into which cells.

use super::super::clipboard;
use super::super::select::{At, Selection};
use super::{MOST_PASTED, Sheet, Wish};

/// A wish by its cells, where it puts something into some; and what is chosen after it.
pub fn resolved(sheet: &impl Sheet, wish: Wish) -> (Wish, Option<Selection>) {
    match wish {
        Wish::Fill(chosen, text) => (Wish::Put(everywhere(sheet, chosen, &text)), None),
        Wish::FillDown(chosen) => (Wish::Put(down(sheet, chosen)), None),
        Wish::Paste(chosen, pasted) => match paste(sheet, chosen, &pasted) {
            Ok((cells, after)) => (Wish::Put(cells), Some(after)),
            Err(why) => (Wish::Refused(why), None),
        },
        other => (other, None),
    }
}

impl Wish {
    /// How many cells or rows it changes at most.
    pub fn reach(&self) -> usize {
        let of = |chosen: &Selection| {
            let (rows, columns) = (chosen.rows(), chosen.columns());
            (rows.end() - rows.start() + 1).saturating_mul(columns.end() - columns.start() + 1)
        };
        match self {
            Self::Put(cells) => cells.len(),
            Self::Fill(chosen, _) | Self::FillDown(chosen) => of(chosen),
            Self::Paste(chosen, pasted) => {
                let cells = pasted.bytes().filter(|byte| matches!(byte, b'\t' | b'\n')).count() + 1;
                if cells == 1 { of(chosen) } else { cells }
            }
            Self::Duplicate(rows) | Self::Remove(rows) => rows.len(),
            Self::Add(_) => 1,
            Self::Sort(_) | Self::Refused(_) => 0,
        }
    }
}

/// One text for every cell that is chosen.
fn everywhere(sheet: &impl Sheet, chosen: Selection, text: &str) -> Vec<(At, String)> {
    let rows = chosen.rows().take_while(|row| *row < sheet.rows());
    let cells = rows.flat_map(|row| chosen.columns().map(move |column| At { row, column }));
    let put = cells.filter(|at| sheet.locked(*at).is_none() && sheet.cell(*at) != text);
    put.map(|at| (at, text.to_owned())).collect()
}

/// The first row of what is chosen, in all its rows.
fn down(sheet: &impl Sheet, chosen: Selection) -> Vec<(At, String)> {
    let rows = chosen.rows();
    let top = *rows.start();
    let below = rows.skip(1).take_while(|row| *row < sheet.rows());
    let cells = below.flat_map(|row| chosen.columns().map(move |column| At { row, column }));
    cells
        .filter(|at| sheet.locked(*at).is_none())
        .map(|at| (at, sheet.cell(At { row: top, ..at }).into_owned()))
        .filter(|(at, text)| sheet.cell(*at) != text.as_str())
        .collect()
}

/// The cells that a paste changes, and what is chosen after it.
fn paste(sheet: &impl Sheet, chosen: Selection, pasted: &str) -> Result<(Vec<(At, String)>, Selection), String> {
    let cells = clipboard::cells(pasted);
    if let [row] = cells.as_slice()
        && let [cell] = row.as_slice()
        && chosen.is_many()
    {
        return Ok((everywhere(sheet, chosen, cell), chosen));
    }
    if cells.iter().map(Vec::len).sum::<usize>() > MOST_PASTED {
        return Err(format!("more than {MOST_PASTED} cells cannot be pasted at once"));
    }
    let (top, left) = (*chosen.rows().start(), *chosen.columns().start());
    let columns = sheet.columns().len();
    let (mut put, mut last) = (Vec::new(), chosen.cursor);
    for (down, row) in cells.into_iter().enumerate() {
        for (right, cell) in row.into_iter().enumerate() {
            let at = At { row: top + down, column: left + right };
            if at.column >= columns {
                let why = "what is pasted has more columns than there are from here on; nothing was changed";
                return Err(why.to_owned());
            }
            let is_new = at.row >= sheet.rows();
            if is_new || (sheet.locked(at).is_none() && sheet.cell(at) != cell) {
                put.push((at, cell));
            }
            last = At { row: last.row.max(at.row), column: last.column.max(at.column) };
        }
    }
    Ok((put, Selection { cursor: last, anchor: At { row: top, column: left } }))
}
