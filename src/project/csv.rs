//! Tags and alarms as tables for a spreadsheet, there and back without loss.
//!
//! A cell holds what the project says: words without their quotes, all else as it is written (`0x10`, `[0.0, 100.0]`). The first
//! column is the name, by which rows are matched; a table may have any of the other columns and any of the rows. An empty cell
//! leaves a key as it is, and [`NOTHING`] takes it out.
//!
//! Invariant: nothing is guessed. What a spreadsheet may have made of a value (a decimal comma, a date, a lost quote) is a
//! [`Fault`] that names its cell.

pub mod apply;
mod cell;
mod grid;
mod wanted;

use super::file::keys::{ALARM, Key, Shape, TAG, Table};
use super::file::{self, WrittenOut};
pub use grid::{Fault, Grid, a1};
use std::collections::HashMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
pub use wanted::{Asked, Wanted, Worth, wanted};

/// A cell that takes its key out.
pub const NOTHING: &str = "<none>";

/// The last column, where templates make some of the rows: which, and for what. An import leaves these rows to them.
pub const TEMPLATE: &str = "template";

/// What a table is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Tags, by their names.
    Tags,
    /// Alarms, by the names of their tags and their own: `tank1.level/high`.
    Alarms,
}

impl Kind {
    /// The heading of the first column.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Tags => "tag",
            Self::Alarms => "alarm",
        }
    }

    /// The keys that may be columns, in the document's order.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        // Those that the name says, and tables below the entity's own.
        let left_out: &[&str] = match self {
            Self::Tags => &["name", "alarm"],
            Self::Alarms => &["tag", "name"],
        };
        self.table().keys.iter().filter(move |key| !left_out.contains(&key.name))
    }

    const fn table(self) -> Table {
        match self {
            Self::Tags => TAG,
            Self::Alarms => ALARM,
        }
    }
}

/// A tag or alarm as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    name: String,
    /// What each key says, as a cell shows it.
    keys: HashMap<String, String>,
}

/// All of a kind, in the text's order. `Err`: a fault of syntax, which may hide some; its line.
fn written(kind: Kind, text: &str) -> Result<Vec<Written>, usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (document, faults) = DeTable::parse_recoverable(text);
    if let Some(fault) = faults.first() {
        let at = fault.span().map_or(0, |span| span.start.min(text.len()));
        return Err(text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1);
    }
    let tables = |table: &'_ DeTable<'_>, key: &str| -> Vec<(Written, Vec<Written>)> {
        let list = table.get(key).and_then(|item| item.get_ref().as_array());
        let tables = list.into_iter().flatten().filter_map(|item| item.get_ref().as_table());
        tables.map(|table| (entry(text, table), below(text, table))).collect()
    };
    let document = document.get_ref();
    let named = |alarm: Written, tag: Option<&str>| {
        let said = |key: &str| alarm.keys.get(key).map(String::as_str);
        let name = said("name").or_else(|| said("kind")).unwrap_or_default();
        Written { name: format!("{}/{name}", tag.or_else(|| said("tag")).unwrap_or_default()), ..alarm }
    };
    Ok(match kind {
        Kind::Tags => tables(document, "tag").into_iter().map(|(tag, _)| tag).collect(),
        Kind::Alarms => {
            let below = tables(document, "tag").into_iter();
            let below =
                below.flat_map(|(tag, alarms)| alarms.into_iter().map(move |alarm| named(alarm, Some(&tag.name))));
            below.chain(tables(document, "alarm").into_iter().map(|(alarm, _)| named(alarm, None))).collect()
        }
    })
}

fn entry(text: &str, table: &DeTable<'_>) -> Written {
    let keys: HashMap<String, String> =
        table.iter().map(|(key, item)| (key.get_ref().clone().into_owned(), shown(text, item))).collect();
    Written { name: keys.get("name").cloned().unwrap_or_default(), keys }
}

fn below(text: &str, table: &DeTable<'_>) -> Vec<Written> {
    let list = table.get("alarm").and_then(|item| item.get_ref().as_array());
    list.into_iter().flatten().filter_map(|item| item.get_ref().as_table()).map(|table| entry(text, table)).collect()
}

/// A value as a cell shows it.
fn shown(text: &str, item: &Spanned<DeValue<'_>>) -> String {
    match item.get_ref() {
        DeValue::String(words) => words.clone().into_owned(),
        _ => text.get(item.span()).unwrap_or_default().to_owned(),
    }
}

/// Those that templates make, behind what is written.
fn made(kind: Kind, text: &str) -> Vec<WrittenOut> {
    file::made(text.as_bytes()).into_iter().filter(|made| made.is_alarm == (kind == Kind::Alarms)).collect()
}

/// All tags or alarms of a project as a table, with a column for each key that one of them has. Those that templates make stand
/// behind the others, with a column of their own that says so.
///
/// # Errors
/// The line of a fault of syntax: what stands behind it could be missing.
pub fn export(kind: Kind, text: &str) -> Result<Grid, usize> {
    let written = written(kind, text)?;
    let made = made(kind, text);
    let has = |key: &str| {
        written.iter().any(|one| one.keys.contains_key(key)) || made.iter().any(|one| one.said(key).is_some())
    };
    let columns: Vec<&Key> = kind.keys().filter(|key| has(key.name)).collect();
    let mark = (!made.is_empty()).then_some(TEMPLATE);
    let heading = std::iter::once(kind.heading()).chain(columns.iter().map(|key| key.name)).chain(mark);
    let guarded = |value: Option<&str>| value.map_or_else(String::new, cell::guarded);
    let own = |one: &Written| -> Vec<String> {
        let cells = columns.iter().map(|key| guarded(one.keys.get(key.name).map(String::as_str)));
        std::iter::once(cell::guarded(&one.name)).chain(cells).chain(mark.map(|_| String::new())).collect()
    };
    let of_template = |one: &WrittenOut| -> Vec<String> {
        let cells = columns.iter().map(|key| guarded(one.said(key.name)));
        let origin = cell::guarded(&one.origin.words());
        std::iter::once(cell::guarded(&one.name)).chain(cells).chain([origin]).collect()
    };
    let rows = written.iter().map(own).chain(made.iter().map(of_template));
    let rows = std::iter::once(heading.map(str::to_owned).collect()).chain(rows).collect();
    Ok(Grid { rows, ..Grid::default() })
}

/// Whether a value of this shape is words, in quotes in the text.
const fn is_words(shape: Shape) -> bool {
    matches!(
        shape,
        Shape::Text
            | Shape::Filled
            | Shape::Word(_)
            | Shape::Duration
            | Shape::Size
            | Shape::TimeOfDay
            | Shape::Register
    )
}

#[cfg(test)]
mod tests;
