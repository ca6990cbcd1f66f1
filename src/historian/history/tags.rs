//! The history's own permanent numbers of tags, with the history of their names, units and types.
//!
//! They are given here and not taken from the journal, so that losing one file never mixes up the tags of the other.
//! Invariant: a number is never given twice, and a tag that is renamed keeps its own.

use super::sample::SeriesId;
use crate::engine::Plan;
use crate::time::{Span, Utc};
use rusqlite::{Connection, params};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A tag of the plan, as far as the history is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesTag {
    /// Its name.
    pub name: Arc<str>,
    /// A name that it bore earlier and that no other tag bears now.
    pub was: Option<String>,
    /// Its unit.
    pub unit: Arc<str>,
    /// The project's word for its type: `f32`, `bool`.
    pub data_type: &'static str,
    /// How long its samples are kept; `None`: as long as the project says.
    pub keep: Option<Span>,
}

impl SeriesTag {
    /// Those of a plan, in its order.
    pub fn of_plan(plan: &Plan) -> Vec<Self> {
        let given_up = |was: &String| plan.tag_id(was).is_none();
        let tag = |t: &crate::engine::plan::TagPlan| Self {
            name: t.name.clone(),
            was: t.tag.was.clone().filter(given_up),
            unit: t.unit.clone(),
            data_type: t.tag.data_type.word(),
            keep: t.tag.keep,
        };
        plan.tags.iter().map(tag).collect()
    }
}

/// What a tag was called, and what it measured, from an instant on. A row of `tag`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRow {
    /// Its number.
    pub series: SeriesId,
    /// Since when.
    pub since: Utc,
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// The project's word for its type.
    pub data_type: String,
}

impl TagRow {
    /// Writes it, twice: a page that is lost shall not take the names of all samples along, see `salvage`.
    pub fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        for table in ["tag", "tag_copy"] {
            let query =
                format!("INSERT OR IGNORE INTO {table} (id, since, name, unit, type) VALUES (?1, ?2, ?3, ?4, ?5)");
            let row = params![self.series.0, self.since.0, self.name, self.unit, self.data_type];
            connection.prepare_cached(&query)?.execute(row)?;
        }
        Ok(())
    }
}

/// All rows of `tag`, by number, each tag's oldest first.
pub fn rows(connection: &Connection) -> rusqlite::Result<Vec<TagRow>> {
    let mut statement = connection.prepare("SELECT id, since, name, unit, type FROM tag ORDER BY id, since")?;
    let read = |r: &rusqlite::Row<'_>| {
        let (series, since) = (SeriesId(r.get(0)?), Utc(r.get(1)?));
        Ok(TagRow { series, since, name: r.get(2)?, unit: r.get(3)?, data_type: r.get(4)? })
    };
    statement.query_map([], read)?.collect()
}

/// The numbers of all tags that the history has known.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// What each is now.
    present: BTreeMap<SeriesId, TagRow>,
    /// Who bears a name now, in lower case.
    by_name: HashMap<String, SeriesId>,
}

impl Registry {
    /// From all rows of `tag`, each tag's oldest first.
    pub fn new(rows: impl IntoIterator<Item = TagRow>) -> Self {
        let mut registry = Self::default();
        for row in rows {
            registry.take(row);
        }
        registry
    }

    fn take(&mut self, row: TagRow) {
        let (series, name) = (row.series, row.name.to_lowercase());
        if let Some(before) = self.present.insert(series, row) {
            let before = before.name.to_lowercase();
            if self.by_name.get(&before) == Some(&series) {
                self.by_name.remove(&before);
            }
        }
        self.by_name.insert(name, series);
    }

    /// What each tag is now.
    pub fn present(&self) -> impl Iterator<Item = &TagRow> {
        self.present.values()
    }

    /// The number of whoever bears this name now.
    pub fn find(&self, name: &str) -> Option<SeriesId> {
        self.by_name.get(&name.to_lowercase()).copied()
    }

    /// The number here of a tag that another history knew under these rows, the oldest first; a new one where it is not
    /// known. Also says what has to be written for that: what it was called there, and since when.
    pub fn take_over(&mut self, rows: &[TagRow]) -> Option<(SeriesId, Vec<TagRow>)> {
        let present = rows.last()?;
        let known = self.find(&present.name);
        let next = self.present.last_key_value().map_or(1, |(last, _)| last.0.saturating_add(1));
        let series = known.unwrap_or(SeriesId(next));
        if known.is_none() {
            self.take(TagRow { series, ..present.clone() });
        }
        Some((series, rows.iter().map(|row| TagRow { series, ..row.clone() }).collect()))
    }

    /// Gives every tag its number, in their order: its own by its name, or by the name it bore, or a new one. Also says
    /// what has to be written for that.
    pub fn adopt(&mut self, tags: &[SeriesTag], now: Utc) -> (Vec<SeriesId>, Vec<TagRow>) {
        let mut next = self.present.last_key_value().map_or(1, |(last, _)| last.0.saturating_add(1));
        let mut changes = Vec::new();
        let mut numbers = Vec::with_capacity(tags.len());
        for tag in tags {
            let known = self.find(&tag.name).or_else(|| self.find(tag.was.as_deref()?));
            let series = known.unwrap_or_else(|| {
                next = next.saturating_add(1);
                SeriesId(next - 1)
            });
            let (name, unit, data_type) = (tag.name.to_string(), tag.unit.to_string(), tag.data_type.to_owned());
            let row = TagRow { series, since: now, name, unit, data_type };
            let same = self.present.get(&series).is_some_and(|p| TagRow { since: now, ..p.clone() } == row);
            if !same {
                changes.push(row.clone());
                self.take(row);
            }
            numbers.push(series);
        }
        (numbers, changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(name: &str, was: Option<&str>, unit: &str) -> SeriesTag {
        SeriesTag { name: name.into(), was: was.map(str::to_owned), unit: unit.into(), data_type: "f32", keep: None }
    }

    fn numbers(series: &[SeriesId]) -> Vec<u32> {
        series.iter().map(|s| s.0).collect()
    }

    #[test]
    fn a_tag_keeps_its_number_through_renames_and_changes_of_unit() {
        let mut registry = Registry::default();
        let (series, rows) = registry.adopt(&[tag("a", None, "m"), tag("b", None, "m")], Utc(1));
        assert_eq!((numbers(&series), rows.len()), (vec![1, 2], 2));
        let (series, rows) = registry.adopt(&[tag("A", None, "m"), tag("c", Some("b"), "m")], Utc(2));
        assert_eq!((numbers(&series), rows.len()), (vec![1, 2], 2), "another case is another spelling");
        let (series, rows) = registry.adopt(&[tag("A", None, "cm"), tag("c", Some("b"), "m")], Utc(3));
        assert_eq!((numbers(&series), rows.len()), (vec![1, 2], 1));
        let (series, _) = registry.adopt(&[tag("b", None, "m")], Utc(4));
        assert_eq!(numbers(&series), [3], "a name that was given up begins anew");
        assert_eq!((registry.find("C"), registry.find("b")), (Some(SeriesId(2)), Some(SeriesId(3))));
    }

    #[test]
    fn what_was_written_gives_the_same_numbers_after_a_start() {
        let mut first = Registry::default();
        let (_, mut written) = first.adopt(&[tag("a", None, ""), tag("b", None, "")], Utc(1));
        written.extend(first.adopt(&[tag("x", Some("a"), ""), tag("b", None, "")], Utc(2)).1);
        written.sort_by_key(|row| (row.series, row.since));
        let mut second = Registry::new(written);
        let (series, changes) =
            second.adopt(&[tag("b", None, ""), tag("x", Some("a"), ""), tag("n", None, "")], Utc(3));
        assert_eq!((numbers(&series), changes.len()), (vec![2, 1, 3], 1));
    }
}
