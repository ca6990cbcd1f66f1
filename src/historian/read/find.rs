//! Searching: pages of entries, newest or oldest first.

use super::JournalReader;
use crate::historian::JournalError;
use crate::historian::row::{COLUMNS, Row};
use crate::historian::search::{Search, Wanted};
use rusqlite::{params, params_from_iter};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Entries looked at between two looks whether the answer is still wanted.
const STRETCH: u64 = 5_000;

/// Entries of one page at most.
pub const MOST_OF_A_PAGE: usize = 1_000;

/// Which end is wanted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// By falling number.
    #[default]
    NewestFirst,
    /// By rising number.
    OldestFirst,
}

/// Some entries in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// What was found.
    pub rows: Vec<Row>,
    /// The page after this one begins beyond this number. `None`: there is no more.
    pub beyond: Option<u64>,
}

impl JournalReader {
    /// A page of at most `most` entries (no more than [`MOST_OF_A_PAGE`]), beyond the entry `beyond` in this order, or from
    /// the end. `None`: `unwanted` was set meanwhile.
    pub fn page(
        &self,
        search: &Search,
        order: Order,
        beyond: Option<u64>,
        most: usize,
        unwanted: &AtomicBool,
    ) -> Result<Option<Page>, JournalError> {
        let most = most.clamp(1, MOST_OF_A_PAGE);
        let wanted = self.wanted(search)?;
        let mut page = Page::default();
        let whole = self.walk(&wanted, order, beyond, unwanted, &mut |row| {
            if page.rows.len() == most {
                page.beyond = page.rows.last().map(|row: &Row| row.seq);
                return ControlFlow::Break(());
            }
            page.rows.push(row);
            ControlFlow::Continue(())
        })?;
        Ok(whole.then_some(page))
    }

    /// A search with the earlier names of what it names.
    pub(super) fn wanted(&self, search: &Search) -> Result<Wanted, JournalError> {
        let mut names: Vec<String> = search.names.iter().map(|name| name.to_lowercase()).collect();
        if !names.is_empty() {
            let earlier = self.names_of_the_same(&names).map_err(|e| self.sqlite(e))?;
            names.extend(earlier);
            names.sort();
            names.dedup();
        }
        Ok(Wanted::new(search, names))
    }

    /// All names, in lower case, that what bears one of these names has or had.
    fn names_of_the_same(&self, names: &[String]) -> rusqlite::Result<Vec<String>> {
        let marks = vec!["?"; names.len()].join(",");
        let mut statement = self.connection.prepare(&format!(
            "SELECT DISTINCT lower(other.name) FROM identity one JOIN identity other \
             ON one.kind = other.kind AND one.id = other.id WHERE lower(one.name) IN ({marks})"
        ))?;
        statement.query_map(params_from_iter(names), |row| row.get(0))?.collect()
    }

    /// Hands out what is wanted in this order until `each` ends it. `false`: `unwanted` was set meanwhile.
    pub(super) fn walk(
        &self,
        wanted: &Wanted,
        order: Order,
        beyond: Option<u64>,
        unwanted: &AtomicBool,
        each: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<bool, JournalError> {
        self.scan(wanted, order, beyond, unwanted, each).map_err(|e| self.sqlite(e))
    }

    /// Looks at every entry, a stretch after the other.
    fn scan(
        &self,
        wanted: &Wanted,
        order: Order,
        beyond: Option<u64>,
        unwanted: &AtomicBool,
        each: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> rusqlite::Result<bool> {
        let end = |which: &str| {
            self.connection.query_row(&format!("SELECT {which}(seq) FROM entry"), [], |r| r.get::<_, Option<i64>>(0))
        };
        let (Some(first), Some(last)) = (end("min")?, end("max")?) else { return Ok(true) };
        let beyond = beyond.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let (mut low, mut high) = match order {
            Order::NewestFirst => (first, last.min(beyond.map_or(i64::MAX, |b| b.saturating_sub(1)))),
            Order::OldestFirst => (first.max(beyond.map_or(i64::MIN, |b| b.saturating_add(1))), last),
        };
        let direction = if order == Order::NewestFirst { "DESC" } else { "ASC" };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM entry WHERE seq BETWEEN ?1 AND ?2 AND time BETWEEN ?3 AND ?4 {} ORDER BY seq {direction}",
            conditions(wanted)
        ))?;
        while low <= high {
            if unwanted.load(Ordering::Relaxed) {
                return Ok(false);
            }
            let stretch = STRETCH as i64 - 1;
            let (from, to) = match order {
                Order::NewestFirst => (low.max(high.saturating_sub(stretch)), high),
                Order::OldestFirst => (low, high.min(low.saturating_add(stretch))),
            };
            let mut rows = statement.query(params![from, to, wanted.from, wanted.to])?;
            while let Some(row) = rows.next()? {
                let row = Row::read(row)?;
                if wanted.takes(&row) && each(row).is_break() {
                    return Ok(true);
                }
            }
            match order {
                Order::NewestFirst => high = from - 1,
                Order::OldestFirst => low = to + 1,
            }
        }
        Ok(true)
    }
}

/// What SQLite can leave out by itself. The words are the program's own.
fn conditions(wanted: &Wanted) -> String {
    let mut conditions = String::new();
    for (column, words) in [("event", &wanted.events), ("priority", &wanted.priorities)] {
        if !words.is_empty() {
            conditions.extend(["AND ", column, " IN ('", &words.join("','"), "') "]);
        }
    }
    conditions
}
