//! From rows to what is to change: each row is held against the tag or alarm of its name.

use super::{Fault, Grid, Kind, NOTHING, TEMPLATE, cell, made, written};
use crate::project::file::WrittenOut;
use crate::project::file::keys::Key;
use crate::project::file::nearest::near;
use std::collections::{HashMap, HashSet};

/// Faults that are told; of more a person reads none.
const MOST_FAULTS: usize = 100;

/// What a value is worth in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worth {
    /// Words, to be written in quotes.
    Words(String),
    /// TOML as it is to stand.
    Toml(String),
    /// The key goes.
    Nothing,
}

/// A tag or alarm that a table wants otherwise than it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it is.
    pub kind: Kind,
    /// Its name, as the project writes it; of a new one as the table does.
    pub name: String,
    /// Whether the project has none of this name.
    pub new: bool,
    /// Keys that change: what each says now, as a cell shows it, and what it is to say. In the table's order.
    pub keys: Vec<(&'static str, Option<String>, Worth)>,
    /// The row, for messages: `tags.csv, row 12`.
    pub row: usize,
}

/// What a table asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// What is to change, in the table's order.
    pub wanted: Vec<Wanted>,
    /// Rows of what templates make, which are left to them.
    pub made: usize,
}

/// What a table wants of a project's text: its kind comes from its first heading. Rows that say what is there already want
/// nothing, and neither do those of what a template makes.
///
/// # Errors
/// All that is wrong in its cells, in their order: then nothing is to be changed.
pub fn wanted(grid: &Grid, text: &str) -> Result<Asked, Vec<Fault>> {
    let Some(heading) = grid.rows.first() else {
        return Err(vec![grid.fault((0, 0), "the table is empty", "export one first, and change that")]);
    };
    let (kind, columns) = columns(grid, heading)?;
    let known = written(kind, text).map_err(|line| {
        let what = format!("the project has a fault of syntax in line {line}");
        vec![grid.fault((0, 0), what, "mend that first: watchkeeper check tells all of them")]
    })?;
    let by_name: HashMap<String, &super::Written> =
        known.iter().rev().map(|one| (one.name.to_lowercase(), one)).collect();
    let made = made(kind, text);
    let made_by_name: HashMap<String, &WrittenOut> =
        made.iter().rev().map(|one| (one.name.to_lowercase(), one)).collect();
    let mark = heading.iter().position(|name| name.trim() == TEMPLATE);
    let (mut asked, mut faults) = (Asked::default(), Vec::new());
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (number, row) in grid.rows.iter().enumerate().skip(1) {
        if faults.len() >= MOST_FAULTS {
            break;
        }
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if let Some((column, _)) = row.iter().enumerate().skip(heading.len()).find(|(_, cell)| !cell.trim().is_empty())
        {
            let mend = "put a text with the sign that parts columns in quotes, or give the column a heading";
            faults.push(grid.fault((number, column), "this cell has no column", mend));
        }
        let name = row.first().map(|cell| cell::unguarded(cell).trim()).unwrap_or_default();
        if name.is_empty() {
            let what = format!("the row has no {}", kind.heading());
            faults.push(grid.fault((number, 0), what, "write its name"));
            continue;
        }
        if let Some(first) = seen.insert(name.to_lowercase(), number) {
            let what = format!("\"{name}\" has a row already, {}", first + grid.above + 1);
            faults.push(grid.fault((number, 0), what, "keep one of the two"));
            continue;
        }
        let present = by_name.get(&name.to_lowercase()).copied();
        if present.is_none() {
            let is_marked = mark.and_then(|mark| row.get(mark)).is_some_and(|cell| !cell.trim().is_empty());
            let one = made_by_name.get(&name.to_lowercase());
            if let Some(one) = one {
                faults.extend(otherwise(grid, &columns, (number, row), one));
            }
            if one.is_some() || is_marked {
                asked.made += 1;
                continue;
            }
        }
        if present.is_none() && kind == Kind::Alarms && !is_alarm_name(name) {
            let what = format!("\"{name}\" is no name of an alarm");
            faults.push(grid.fault((number, 0), what, "write the tag, a stroke and its own name: tank1.level/high"));
            continue;
        }
        let mut keys = Vec::new();
        for (column, key) in &columns {
            let Some(cell) = row.get(*column).filter(|cell| !cell.trim().is_empty()) else { continue };
            let (takes_out, cell) = (cell.trim() == NOTHING, cell::unguarded(cell));
            let now = present.and_then(|one| one.keys.get(key.name)).cloned();
            // A key that is at fault in the text is at fault there, and no matter of a table that leaves it so.
            if now.as_deref() == Some(cell) && !takes_out {
                continue;
            }
            if takes_out {
                if now.is_some() {
                    keys.push((key.name, now, Worth::Nothing));
                }
                continue;
            }
            match cell::worth(key, cell) {
                Ok(worth) if says_the_same(now.as_deref(), &worth) => {}
                Ok(worth) => keys.push((key.name, now, worth)),
                Err((what, mend)) => faults.push(grid.fault((number, *column), what, mend)),
            }
        }
        if present.is_none() || !keys.is_empty() {
            let (name, new) = (present.map_or(name, |one| one.name.as_str()).to_owned(), present.is_none());
            asked.wanted.push(Wanted { kind, name, new, keys, row: number + grid.above + 1 });
        }
    }
    if faults.is_empty() { Ok(asked) } else { Err(faults) }
}

/// The cells that want something that a template makes otherwise than it does.
fn otherwise(grid: &Grid, columns: &Columns, (number, row): (usize, &[String]), made: &WrittenOut) -> Vec<Fault> {
    let wants = |(column, key): &(usize, &'static Key)| {
        let cell = row.get(*column).filter(|cell| !cell.trim().is_empty())?;
        let (takes_out, cell, now) = (cell.trim() == NOTHING, cell::unguarded(cell), made.said(key.name));
        let same = if takes_out {
            now.is_none()
        } else {
            now == Some(cell) || cell::worth(key, cell).is_ok_and(|worth| says_the_same(now, &worth))
        };
        let what = format!("{} comes from template {}, and no table changes that", made.name, made.origin.words());
        let mend = "change the template or its use in the project, or take the row out";
        (!same).then(|| grid.fault((number, *column), what, mend))
    };
    columns.iter().filter_map(wants).collect()
}

/// `tank1.level/high`: neither part is empty.
fn is_alarm_name(name: &str) -> bool {
    name.split_once('/').is_some_and(|(tag, own)| !tag.trim().is_empty() && !own.trim().is_empty())
}

/// Whether a value reads otherwise and is the same: `1E+05` and `100000.0`.
fn says_the_same(now: Option<&str>, worth: &Worth) -> bool {
    let Some(now) = now else { return false };
    match worth {
        Worth::Nothing => false,
        Worth::Words(words) => words == now,
        Worth::Toml(text) => {
            let whole = |text: &str| text.replace('_', "").parse::<i128>().ok();
            let number = |text: &str| text.replace('_', "").parse::<f64>().ok();
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            // Integers are exact beyond what a float tells apart.
            if let (Some(one), Some(other)) = (whole(text), whole(now)) {
                return one == other;
            }
            match (number(text), number(now)) {
                (Some(one), Some(other)) => one == other,
                // Spaces in words of labels count; outside of them they do not.
                _ => !text.contains('"') && bare(text) == bare(now),
            }
        }
    }
}

type Columns = Vec<(usize, &'static Key)>;

/// The kind of a table, and the key of each of its columns.
fn columns(grid: &Grid, heading: &[String]) -> Result<(Kind, Columns), Vec<Fault>> {
    let first = heading.first().map(|cell| cell.trim()).unwrap_or_default();
    let Some(kind) = [Kind::Tags, Kind::Alarms].into_iter().find(|kind| kind.heading() == first) else {
        let mend = "the first column is tag or alarm: the name by which a row is matched";
        return Err(vec![grid.fault((0, 0), format!("\"{first}\" is no such column"), mend)]);
    };
    let (mut columns, mut faults, mut seen) = (Columns::new(), Vec::new(), HashSet::new());
    for (column, name) in heading.iter().enumerate().skip(1) {
        let name = name.trim();
        if name.is_empty() {
            let used = grid.rows.iter().any(|row| row.get(column).is_some_and(|cell| !cell.trim().is_empty()));
            if used {
                faults.push(grid.fault((0, column), "this column has no heading", "write the key that it is of"));
            }
            continue;
        }
        if name == TEMPLATE {
            continue;
        }
        match kind.keys().find(|key| key.name == name) {
            Some(key) if seen.insert(name) => columns.push((column, key)),
            Some(_) => faults.push(grid.fault((0, column), "there is such a column already", "leave one of them out")),
            None => {
                let mend = near(name, kind.keys().map(|key| key.name)).map_or_else(
                    || format!("its columns are {}", kind.keys().map(|key| key.name).collect::<Vec<_>>().join(", ")),
                    |key| format!("did you mean \"{key}\"?"),
                );
                let what = format!("\"{name}\" is no key of {}", kind.heading());
                faults.push(grid.fault((0, column), what, mend));
            }
        }
    }
    if faults.is_empty() { Ok((kind, columns)) } else { Err(faults) }
}
