//! A copy of the log for a reader in another process than the recorder: what was committed and is not yet in chunks.

use super::super::columns::Columns;
use super::super::frame;
use super::super::sample::SeriesId;
use rusqlite::{Connection, params};
use std::collections::{BTreeSet, HashMap};

/// The log's samples by tag, in canonical order. Bounded as the log is.
#[derive(Debug, Default)]
pub struct LogCopy {
    samples: HashMap<SeriesId, Columns>,
    /// The log's commits that are in here: the first and the last.
    commits: Option<(i64, i64)>,
    /// Commits that could not be read.
    pub damaged: u64,
}

impl LogCopy {
    /// Takes up what was committed since the last time; where the log was sealed meanwhile, begins anew.
    pub fn refresh(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let transaction = connection.unchecked_transaction()?;
        let ends = transaction.query_row("SELECT min(seq), max(seq) FROM log", [], |r| {
            Ok(r.get::<_, Option<i64>>(0)?.zip(r.get::<_, Option<i64>>(1)?))
        })?;
        let goes_on = self.commits.zip(ends).is_some_and(|(known, now)| known.0 == now.0 && known.1 <= now.1);
        if !goes_on {
            *self = Self::default();
        }
        let known = self.commits.map_or(i64::MIN, |(_, last)| last);
        let mut touched = BTreeSet::new();
        let mut statement = transaction.prepare_cached("SELECT body FROM log WHERE seq > ?1 ORDER BY seq")?;
        let mut rows = statement.query(params![known])?;
        while let Some(row) = rows.next()? {
            let taken = frame::decode(row.get_ref(0)?.as_blob()?, |series, sample| {
                touched.insert(series);
                self.samples.entry(series).or_default().push(sample);
            });
            self.damaged += u64::from(taken.is_err());
        }
        for series in touched {
            if let Some(columns) = self.samples.get_mut(&series) {
                *columns = std::mem::take(columns).into_canonical().0;
            }
        }
        self.commits = ends;
        Ok(())
    }

    /// Of one tag, if there are any.
    pub fn of(&self, series: SeriesId) -> Option<&Columns> {
        self.samples.get(&series)
    }
}
