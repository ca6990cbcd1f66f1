//! Which rows of a sheet are shown, in which order: filtered and sorted, once for each change.

use super::super::grid::GridColumn;
use super::super::made::{Made, MadeRow};
use super::kind::{ABOVE, FROM, SheetKind, width};
use super::{RowOf, cell, made_cell};
use crate::project::edit::{Draft, EntityId};
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// Which rows and columns of a sheet are shown, kept until something changes.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Of which version of the draft.
    version: Option<u64>,
    /// And of which shape of it.
    shape: u64,
    /// Words that a row has to have.
    pub filter: String,
    filtered: String,
    /// By which key, and whether the greatest is first.
    pub sort: Option<(&'static str, bool)>,
    sorted: Option<(&'static str, bool)>,
    /// Which reading of what templates make, and whether that is shown.
    made: (u64, bool),
    /// Rows in their order.
    pub rows: Vec<RowOf>,
    /// How many there are without the filter.
    pub all: usize,
    /// Keys of the columns.
    pub keys: Vec<&'static str>,
    pub(super) columns: Vec<GridColumn>,
}

impl View {
    /// Follows the draft, and what its templates make. Rows that were just added or typed into stay where they are until the
    /// sheet is sorted anew.
    pub fn follow(&mut self, kind: SheetKind, draft: &Draft, made: &Made, shows_made: bool) {
        let list = if shows_made { made.of(kind) } else { &[] };
        let of_made = (made.turn(), shows_made);
        let same_order = self.filtered == self.filter && self.sorted == self.sort;
        // The first time that templates are read is none of typing.
        let is_first = self.made.0 == 0 && made.turn() != 0;
        let is_known = self.version.is_some() && self.made.1 == shows_made && !is_first;
        let same_text = is_known && self.version == Some(draft.version()) && self.made == of_made;
        if same_text && same_order {
            return;
        }
        let needle = self.filter.trim().to_lowercase();
        if same_text && needle.starts_with(&self.filtered.trim().to_lowercase()) {
            // Another letter leaves fewer of those that are there, in their order.
            let mut rows = std::mem::take(&mut self.rows);
            rows.retain(|row| passes(kind, draft, list, &self.keys, &needle, *row));
            if self.sorted != self.sort {
                arrange(kind, draft, list, self.sort, &mut rows);
            }
            self.rows = rows;
            self.filtered.clone_from(&self.filter);
            self.sorted = self.sort;
            return;
        }
        if is_known && same_order && needle.is_empty() && self.made == of_made && self.shape == draft.shape() {
            // The same rows and columns, which say something else.
            self.version = Some(draft.version());
            return;
        }
        let all: Vec<EntityId> =
            draft.index().blocks().iter().filter(|block| block.kind == kind.entity()).map(|block| block.id).collect();
        self.all = all.len() + list.len();
        self.keys = columns_of(kind, draft, &all, list);
        self.columns = self.keys.iter().map(|key| column(kind, key)).collect();
        let typed_only = is_known && same_order;
        let passes = |row: &RowOf| passes(kind, draft, list, &self.keys, &needle, *row);
        let made = list.iter().enumerate().map(|(at, made)| RowOf::Made { at, known_by: made.known_by });
        let all = all.into_iter().map(RowOf::Own).chain(made);
        let mut rows: Vec<RowOf> = if typed_only && (!needle.is_empty() || self.sort.is_some()) {
            // What is typed moves no row away from under the hands that type it.
            let known: HashMap<_, usize> = self.rows.iter().enumerate().map(|(i, row)| (row.known_by(), i)).collect();
            let mut kept: Vec<RowOf> = all.filter(|row| known.contains_key(&row.known_by()) || passes(row)).collect();
            kept.sort_by_key(|row| known.get(&row.known_by()).copied().unwrap_or(usize::MAX));
            kept
        } else {
            all.filter(passes).collect()
        };
        if self.sort.is_some() && !typed_only {
            arrange(kind, draft, list, self.sort, &mut rows);
        }
        self.rows = rows;
        self.version = Some(draft.version());
        self.shape = draft.shape();
        self.filtered.clone_from(&self.filter);
        self.sorted = self.sort;
        self.made = of_made;
    }

    /// Takes over what was worked out of a copy of it; what is typed into the filter stays.
    pub fn take_up(&mut self, worked: Self) {
        let (filter, sort) = (std::mem::take(&mut self.filter), self.sort);
        *self = Self { filter, sort, ..worked };
    }

    /// The entity of a row; none where a template makes it.
    pub fn id(&self, row: usize) -> Option<EntityId> {
        self.rows.get(row)?.id()
    }

    /// The entities of these rows, without those that templates make.
    pub fn ids(&self, rows: std::ops::Range<usize>) -> Vec<EntityId> {
        self.rows.iter().skip(rows.start).take(rows.len()).filter_map(|row| row.id()).collect()
    }

    /// Sorts by the key of a column, then the other way round, then as in the file.
    pub fn sort_by(&mut self, column: usize) {
        let Some(key) = self.keys.get(column).copied() else { return };
        self.sort = match self.sort {
            Some((by, false)) if by == key => Some((key, true)),
            Some((by, true)) if by == key => None,
            _ => Some((key, false)),
        };
    }

    /// The row of an entity.
    pub fn row_of(&self, id: EntityId) -> Option<usize> {
        self.rows.iter().position(|other| other.id() == Some(id))
    }
}

/// What a row says of a key.
fn read(kind: SheetKind, draft: &Draft, made: &[MadeRow], row: RowOf, key: &str) -> String {
    match row {
        RowOf::Own(id) => cell(kind, draft, id, key).unwrap_or_default(),
        RowOf::Made { at, .. } => made.get(at).map(|made| made_cell(kind, made, key)).unwrap_or_default(),
    }
}

/// Whether a row has these words, which are in lower case, in one of its columns.
fn passes(kind: SheetKind, draft: &Draft, made: &[MadeRow], keys: &[&str], needle: &str, row: RowOf) -> bool {
    match row {
        _ if needle.is_empty() => true,
        RowOf::Own(id) => {
            keys.contains(&ABOVE) && has(&read(kind, draft, made, row, ABOVE), needle)
                || draft.cells_of(id).any(|(key, text)| has(&text, needle) && keys.contains(&key.as_ref()))
        }
        RowOf::Made { .. } => keys.iter().any(|key| has(&read(kind, draft, made, row, key), needle)),
    }
}

/// Whether a text has these words, which are in lower case. Of plain letters, as nearly all are, no copy is made.
fn has(text: &str, needle: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(needle);
    }
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    needle.is_empty() || text.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
}

/// Puts rows in the order of a key; those that say the same, and all of them without one, as they stand in the file.
fn arrange(
    kind: SheetKind,
    draft: &Draft,
    made: &[MadeRow],
    sort: Option<(&'static str, bool)>,
    rows: &mut Vec<RowOf>,
) {
    rows.sort_by_cached_key(|row| match row {
        RowOf::Own(id) => (false, draft.index().place(*id).unwrap_or(usize::MAX)),
        RowOf::Made { at, .. } => (true, *at),
    });
    let Some((key, descends)) = sort else { return };
    // Each is read once; what is compared are bytes.
    let mut keyed: Vec<(Sorted, RowOf)> =
        rows.iter().map(|row| (Sorted::of(&read(kind, draft, made, *row, key)), *row)).collect();
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    if descends {
        keyed.reverse();
    }
    *rows = keyed.into_iter().map(|(_, row)| row).collect();
}

/// What a cell is sorted by: numbers by their value, before words by their letters, and what is empty last. Digits inside words
/// count as numbers.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sorted {
    Number(u64),
    /// Small letters; a number among them as [`DIGITS`], how long it is, and its digits.
    Word(Vec<u8>),
    Empty,
}

/// Stands before a number in a word; less than any letter.
const DIGITS: u8 = 1;

impl Sorted {
    fn of(text: &str) -> Self {
        if text.is_empty() {
            return Self::Empty;
        }
        let may_be_number = !text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '[' | '{' | '_'));
        if let Some(number) = text.parse::<f64>().ok().filter(|_| may_be_number) {
            // A total order of numbers: those below zero turned round.
            let bits = number.to_bits();
            return Self::Number(if bits >> 63 == 0 { bits ^ (1 << 63) } else { !bits });
        }
        let mut key = Vec::with_capacity(text.len() + 8);
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let is_digit = |c: char| c.is_ascii_digit();
            let end = rest.find(|c: char| is_digit(c) != is_digit(first)).unwrap_or(rest.len());
            let (part, behind) = rest.split_at(end);
            rest = behind;
            if is_digit(first) {
                let digits = part.trim_start_matches('0');
                key.extend([DIGITS, digits.len().min(255) as u8]);
                key.extend(digits.bytes());
            } else if part.is_ascii() {
                key.extend(part.bytes().map(|byte| byte.to_ascii_lowercase()));
            } else {
                key.extend(part.to_lowercase().bytes());
            }
        }
        Self::Word(key)
    }
}

/// The keys of a sheet's columns: what is always there, and what any row has, in the contract's order.
fn columns_of(kind: SheetKind, draft: &Draft, ids: &[EntityId], made: &[MadeRow]) -> Vec<&'static str> {
    let mut used: BTreeSet<&'static str> = BTreeSet::new();
    let made_keys = made.iter().flat_map(|made| made.written.keys.iter().map(|(key, _)| Cow::Borrowed(key.as_str())));
    for key in ids.iter().flat_map(|id| draft.keys_of(*id)).chain(made_keys) {
        if !used.contains(key.as_ref()) {
            used.extend(kind.table().keys.iter().map(|known| known.name).filter(|known| *known == key));
        }
    }
    let known = kind.table().keys.iter().map(|key| key.name);
    let shown = known.filter(|key| {
        kind.shows(key) && Some(*key) != kind.above() && (kind.always().contains(key) || used.contains(key))
    });
    let from = (!made.is_empty()).then_some(FROM);
    let mut keys: Vec<&'static str> = kind.above().map(|_| ABOVE).into_iter().chain(shown).chain(from).collect();
    // The name before all; `was` tells of the past, and stands last.
    keys.sort_by_key(|key| match *key {
        ABOVE => 0,
        "kind" => 1,
        "name" => 2,
        "was" => 4,
        // Behind all that can be pasted.
        FROM => 5,
        _ => 3,
    });
    keys
}

fn column(kind: SheetKind, key: &'static str) -> GridColumn {
    let title = match key {
        ABOVE => kind.above().unwrap_or_default(),
        FROM => "from template",
        key => key,
    };
    let is_of_numbers = matches!(
        key,
        "limit" | "scale" | "offset" | "decimals" | "unit-id" | "columns" | "deadband" | "bit" | "length" | "retries"
    );
    // Of an alarm, its kind is its name most of the time.
    let width = if kind.like() == SheetKind::Alarms && key == "name" { 96.0 } else { width(key) };
    GridColumn { title: title.into(), width, is_of_numbers }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_takes_no_notice_of_case() {
        for (text, needle, is) in [("Pump-1", "mp-1", true), ("É 1", "é", true), ("", "a", false), ("a", "", true)] {
            assert_eq!(has(text, needle), is, "{text} {needle}");
        }
    }

    #[test]
    fn names_with_numbers_are_sorted_as_people_count() {
        let mut names = ["pump10.flow", "pump2.flow", "", "12.5", "pump", "-3", "Pump1.flow", "1e2", "inf", "pump-a"];
        names.sort_by_cached_key(|name| Sorted::of(name));
        let sorted = ["-3", "12.5", "1e2", "inf", "pump", "Pump1.flow", "pump2.flow", "pump10.flow", "pump-a", ""];
        assert_eq!(names, sorted);
    }
}
