//! Verification of the chain.

use super::JournalReader;
use crate::historian::JournalError;
use crate::historian::chain::{self, Hash};
use crate::historian::journal::none_where_no_row;
use crate::historian::row::{COLUMNS, Row};

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every entry fits the one before it; the last one's hash is what to keep elsewhere as a witness.
    Whole {
        /// How many entries.
        entries: u64,
        /// Of the last.
        hash: Hash,
    },
    /// The first entry that does not fit.
    Broken {
        /// Its number.
        seq: u64,
        /// What does not fit.
        why: String,
    },
}

impl JournalReader {
    /// Walks the chain from its first entry and names the first that does not fit.
    pub fn verify(&self) -> Result<Verdict, JournalError> {
        self.walk_chain().map_err(|e| self.sqlite(e))
    }

    fn walk_chain(&self) -> rusqlite::Result<Verdict> {
        // One read transaction, so that entries written meanwhile do not make the head look too far on.
        let transaction = self.connection.unchecked_transaction()?;
        let end = |table: &str| {
            transaction
                .query_row(&format!("SELECT seq, hash FROM {table}"), [], |r| {
                    Ok((r.get::<_, i64>(0)? as u64, r.get::<_, Hash>(1)?))
                })
                .map(Some)
                .or_else(none_where_no_row)
        };
        let (mut seq, mut previous) = end("anchor")?.unwrap_or((0, chain::FIRST));
        let mut statement =
            transaction.prepare(&format!("SELECT {COLUMNS}, hash, previous FROM entry ORDER BY seq"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let found = row.get::<_, i64>(0)? as u64;
            if found != seq + 1 {
                let why = format!("entry {} is missing; {found} follows {seq}", seq + 1);
                return Ok(Verdict::Broken { seq: seq + 1, why });
            }
            seq = found;
            let broken = |why: &str| Ok(Verdict::Broken { seq, why: why.to_owned() });
            let (Ok(content), Ok(own), Ok(before)) = (Row::read(row), row.get::<_, Hash>(17), row.get::<_, Hash>(18))
            else {
                return broken("a column holds what the journal never writes there");
            };
            if before != previous {
                return broken("it does not name the hash of the entry before it");
            }
            if chain::hash(&previous, &content) != own {
                return broken("its content does not fit its hash");
            }
            previous = own;
        }
        drop(rows);
        match end("head")? {
            Some((written, _)) if written > seq => Ok(Verdict::Broken {
                seq: seq + 1,
                why: format!("the journal ends at {seq}, and {written} entries were written"),
            }),
            Some((_, hash)) if hash != previous => {
                Ok(Verdict::Broken { seq, why: "the last entry is not the one that was written last".to_owned() })
            }
            None if seq > 0 => Ok(Verdict::Broken { seq, why: "the record of the last entry is gone".to_owned() }),
            Some(_) | None => Ok(Verdict::Whole { entries: seq, hash: previous }),
        }
    }
}
