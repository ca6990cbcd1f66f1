//! Searching: pages of entries, newest or oldest first.
//!
//! The nearest stretch of entries is looked at one by one: what is often there fills a page from it. What is rarer is
//! proposed by the index beside the journal, where there is one; without it the looking goes on.

use super::JournalReader;
use crate::historian::JournalError;
use crate::historian::journal::index::Index;
use crate::historian::journal::none_where_no_row;
use crate::historian::row::{COLUMNS, Row};
use crate::historian::search::{Search, Wanted};
use rusqlite::{params, params_from_iter};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Entries looked at between two looks whether the answer is still wanted.
const STRETCH: i64 = 5_000;

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

    /// Hands out what is looked for, beyond the entry `beyond` in this order or from the end, until `each` ends it.
    /// `false`: `unwanted` was set meanwhile.
    pub fn find(
        &self,
        search: &Search,
        order: Order,
        beyond: Option<u64>,
        unwanted: &AtomicBool,
        each: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<bool, JournalError> {
        self.walk(&self.wanted(search)?, order, beyond, unwanted, each)
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
        let ended = Walk { reader: self, wanted, order, unwanted }.go(beyond, each).map_err(|e| self.sqlite(e))?;
        Ok(ended != End::Unwanted)
    }
}

/// How a part of a walk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// At its last entry.
    Through,
    /// Whoever walks had enough.
    Enough,
    /// The answer is not wanted any more.
    Unwanted,
}

/// Numbers from the first to the second, both included.
type Range = (i64, i64);

/// One way through the entries.
struct Walk<'a> {
    reader: &'a JournalReader,
    wanted: &'a Wanted,
    order: Order,
    unwanted: &'a AtomicBool,
}

type Each<'a> = &'a mut dyn FnMut(Row) -> ControlFlow<()>;

impl Walk<'_> {
    fn go(&self, beyond: Option<u64>, each: Each<'_>) -> rusqlite::Result<End> {
        let connection = &self.reader.connection;
        let end = |which: &str| {
            connection.query_row(&format!("SELECT {which}(seq) FROM entry"), [], |r| r.get::<_, Option<i64>>(0))
        };
        let (Some(first), Some(last)) = (end("min")?, end("max")?) else { return Ok(End::Through) };
        let beyond = beyond.map(|seq| i64::try_from(seq).unwrap_or(i64::MAX));
        let falling = self.order == Order::NewestFirst;
        let (low, high) = if falling {
            (first, last.min(beyond.map_or(i64::MAX, |b| b.saturating_sub(1))))
        } else {
            (first.max(beyond.map_or(i64::MIN, |b| b.saturating_add(1))), last)
        };
        self.reader.with_index(|index| {
            let Some(index) = index else { return self.scan((low, high), each) };
            let reach = index.reach() as i64;
            let is_bounded = self.wanted.from > i64::MIN || self.wanted.to < i64::MAX;
            let mut ranges = if is_bounded {
                index.stretches(low, high.min(reach), self.wanted.from, self.wanted.to)?
            } else {
                vec![(low, high.min(reach))]
            };
            // What is not in the index yet.
            ranges.push((low.max(reach + 1), high));
            ranges.retain(|(low, high)| low <= high);
            if falling {
                ranges.reverse();
            }
            for range in ranges {
                let end = self.range(index, range, each)?;
                if end != End::Through {
                    return Ok(end);
                }
            }
            Ok(End::Through)
        })
    }

    /// What is often there is found in the first stretch; what is rare, in the index.
    fn range(&self, index: &Index, (low, high): Range, each: Each<'_>) -> rusqlite::Result<End> {
        let falling = self.order == Order::NewestFirst;
        let proposals = if low > index.reach() as i64 { None } else { index.proposals(self.wanted, falling)? };
        let Some((mut proposals, words)) = proposals else { return self.scan((low, high), each) };
        let (near, far) = if falling {
            let cut = high.saturating_sub(STRETCH);
            ((low.max(cut + 1), high), (low, cut))
        } else {
            let cut = low.saturating_add(STRETCH);
            ((low, high.min(cut - 1)), (cut, high))
        };
        let end = self.scan(near, each)?;
        if end != End::Through || far.0 > far.1 {
            return Ok(end);
        }
        let one = format!("SELECT {COLUMNS} FROM entry WHERE seq = ?1");
        let mut entry = self.reader.connection.prepare_cached(&one)?;
        let mut rows = proposals.query(params![words, far.0, far.1])?;
        let mut looked = 0;
        while let Some(proposal) = rows.next()? {
            looked += 1;
            if looked % 256 == 0 && self.unwanted.load(Ordering::Relaxed) {
                return Ok(End::Unwanted);
            }
            let found =
                entry.query_row([proposal.get::<_, i64>(0)?], Row::read).map(Some).or_else(none_where_no_row)?;
            if let Some(row) = found.filter(|row| self.wanted.takes(row))
                && each(row).is_break()
            {
                return Ok(End::Enough);
            }
        }
        Ok(End::Through)
    }

    /// Looks at every entry, a stretch after the other.
    fn scan(&self, (mut low, mut high): Range, each: Each<'_>) -> rusqlite::Result<End> {
        let direction = if self.order == Order::NewestFirst { "DESC" } else { "ASC" };
        let mut statement = self.reader.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM entry WHERE seq BETWEEN ?1 AND ?2 AND +time BETWEEN ?3 AND ?4 {} ORDER BY seq {direction}",
            conditions(self.wanted)
        ))?;
        while low <= high {
            if self.unwanted.load(Ordering::Relaxed) {
                return Ok(End::Unwanted);
            }
            let (from, to) = match self.order {
                Order::NewestFirst => (low.max(high.saturating_sub(STRETCH - 1)), high),
                Order::OldestFirst => (low, high.min(low.saturating_add(STRETCH - 1))),
            };
            let mut rows = statement.query(params![from, to, self.wanted.from, self.wanted.to])?;
            while let Some(row) = rows.next()? {
                let row = Row::read(row)?;
                if self.wanted.takes(&row) && each(row).is_break() {
                    return Ok(End::Enough);
                }
            }
            match self.order {
                Order::NewestFirst => high = from - 1,
                Order::OldestFirst => low = to + 1,
            }
        }
        Ok(End::Through)
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
