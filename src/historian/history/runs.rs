//! Runs of the program: from when to when it recorded, and which tags, so that a time in which it did not run is told in
//! the data of every tag.

use super::bytes::{Reader, put};
use super::sample::SeriesId;
use crate::time::Utc;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeSet;

/// A row of `run`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its number, from one.
    pub id: i64,
    /// When it began.
    pub started: Utc,
    /// When it last committed.
    pub alive: Utc,
    /// When it ended in order, or, after a kill, when the next one wrote down that it had ended.
    pub ended: Option<Utc>,
    /// Which tags it recorded.
    pub tags: BTreeSet<SeriesId>,
}

impl Run {
    /// The first, or the next one.
    pub fn next(last: Option<&Self>, now: Utc) -> Self {
        let id = last.map_or(1, |last| last.id.saturating_add(1));
        Self { id, started: now, alive: now, ended: None, tags: BTreeSet::new() }
    }

    /// The last one.
    pub fn last(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        connection
            .query_row("SELECT id, started, alive, ended, tags FROM run ORDER BY id DESC LIMIT 1", [], |r| {
                Ok(Self {
                    id: r.get(0)?,
                    started: Utc(r.get(1)?),
                    alive: Utc(r.get(2)?),
                    ended: r.get::<_, Option<i64>>(3)?.map(Utc),
                    tags: tags_from_bytes(r.get_ref(4)?.as_blob()?),
                })
            })
            .optional()
    }

    /// Writes it, new or again.
    pub fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let Self { id, started, alive, ended, tags } = self;
        connection
            .prepare_cached("INSERT OR REPLACE INTO run (id, started, alive, ended, tags) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![id, started.0, alive.0, ended.map(|t| t.0), bytes_from_tags(tags)])?;
        Ok(())
    }
}

/// Each number as its distance from the one before.
fn bytes_from_tags(tags: &BTreeSet<SeriesId>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(tags.len());
    let mut before = 0;
    for tag in tags {
        put(&mut bytes, u64::from(tag.0 - before));
        before = tag.0;
    }
    bytes
}

/// As [`Run::write`] has them.
pub(super) fn tags_from_bytes(bytes: &[u8]) -> BTreeSet<SeriesId> {
    let mut reader = Reader::new(bytes);
    let mut before = 0_u32;
    let mut tags = BTreeSet::new();
    while let Ok(distance) = reader.count(u32::MAX as usize) {
        before = before.wrapping_add(distance as u32);
        tags.insert(SeriesId(before));
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_comes_back_with_its_tags() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(super::super::schema::KIND.tables).unwrap();
        assert_eq!(Run::last(&connection).unwrap(), None);
        let mut run = Run::next(None, Utc(5));
        run.tags = [1, 2, 300, u32::MAX].map(SeriesId).into();
        run.write(&connection).unwrap();
        (run.alive, run.ended) = (Utc(6), Some(Utc(7)));
        run.write(&connection).unwrap();
        assert_eq!(Run::last(&connection).unwrap().as_ref(), Some(&run));
        assert_eq!(Run::next(Some(&run), Utc(8)).id, 2);
    }
}
