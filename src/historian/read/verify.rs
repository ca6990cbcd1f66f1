//! Verification of the chain, also against heads of it that were kept elsewhere.

use super::JournalReader;
use crate::engine::Event;
use crate::historian::JournalError;
use crate::historian::chain::{self, Hash};
use crate::historian::journal::keep::{announced, witness};
use crate::historian::journal::none_where_no_row;
use crate::historian::row::{COLUMNS, Row};
use crate::time::Utc;
use std::collections::BTreeMap;
use std::fmt;

/// What verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every entry fits the one before it.
    Whole {
        /// The first that is there; entries before it were cut off by retention, which the journal itself says.
        first: u64,
        /// How many are there.
        entries: u64,
        /// Of the last: what to keep elsewhere as a witness.
        hash: Hash,
        /// Heads kept elsewhere of entries that retention has cut off since.
        unchecked: Vec<u64>,
    },
    /// The first entry that does not fit.
    Broken {
        /// Its number.
        seq: u64,
        /// What does not fit.
        why: String,
    },
}

/// The end of a chain at one time: whoever keeps it elsewhere can later show that all before it is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainHead {
    /// Number of the last entry.
    pub seq: u64,
    /// Its time.
    pub time: Utc,
    /// Its hash.
    pub hash: Hash,
}

/// `1234:9f86… 2026-11-20T14:03:22.125Z`
impl fmt::Display for ChainHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", witness(self.seq, &self.hash), self.time.to_rfc3339())
    }
}

impl JournalReader {
    /// The last entry. `None`: there is none yet.
    pub fn head(&self) -> Result<Option<ChainHead>, JournalError> {
        let read = |r: &rusqlite::Row<'_>| {
            Ok(ChainHead { seq: r.get::<_, i64>(0)? as u64, time: Utc(r.get(1)?), hash: r.get(2)? })
        };
        let found = self.connection.query_row("SELECT seq, time, hash FROM entry ORDER BY seq DESC LIMIT 1", [], read);
        found.map(Some).or_else(none_where_no_row).map_err(|e| self.sqlite(e))
    }

    /// Walks the chain from its first entry and names the first that does not fit.
    pub fn verify(&self) -> Result<Verdict, JournalError> {
        self.verify_against(&[])
    }

    /// The same; `heads`: numbers and hashes of it that were kept elsewhere, each of which must be found again.
    pub fn verify_against(&self, heads: &[(u64, Hash)]) -> Result<Verdict, JournalError> {
        self.walk_chain(heads).map_err(|e| self.sqlite(e))
    }

    fn walk_chain(&self, heads: &[(u64, Hash)]) -> rusqlite::Result<Verdict> {
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
        let anchor = end("anchor")?;
        let mut kept = Kept::new(heads);
        let (mut seq, mut previous) = anchor.unwrap_or((0, chain::FIRST));
        if let Some((seq, hash)) = anchor
            && let Some(why) = kept.meet(seq, &hash)
        {
            return Ok(Verdict::Broken { seq, why });
        }
        let mut told_cut: BTreeMap<u64, Hash> = BTreeMap::new();
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
            if let Some(why) = kept.meet(seq, &own) {
                return broken(&why);
            }
            if content.event.as_ref() == Event::Trimmed.word() {
                told_cut.extend(content.note.as_deref().and_then(announced));
            }
            previous = own;
        }
        drop(rows);
        let first = anchor.map_or(0, |(seq, _)| seq) + 1;
        if let Some((cut, hash)) = anchor.filter(|_| !self.is_slice) {
            // A cut under way has not come to what was told yet.
            let is_told = told_cut.range(cut..).next().is_some_and(|(told, known)| *told > cut || *known == hash);
            if !is_told {
                let why = format!("the {cut} before it are gone, and no entry tells that retention has cut them off");
                return Ok(Verdict::Broken { seq: first, why });
            }
        }
        match end("head")? {
            Some((written, _)) if written > seq => Ok(Verdict::Broken {
                seq: seq + 1,
                why: format!("the journal ends at {seq}, and {written} entries were written"),
            }),
            Some((_, hash)) if hash != previous => {
                Ok(Verdict::Broken { seq, why: "the last entry is not the one that was written last".to_owned() })
            }
            None if seq > 0 => Ok(Verdict::Broken { seq, why: "the record of the last entry is gone".to_owned() }),
            Some(_) | None => Ok(kept.verdict(first, seq, previous)),
        }
    }
}

/// Heads that were kept elsewhere.
struct Kept {
    waiting: BTreeMap<u64, Hash>,
    /// Another hash was kept of the same entry: one of the two at least is of another journal.
    contradiction: Option<u64>,
    met: usize,
}

impl Kept {
    fn new(heads: &[(u64, Hash)]) -> Self {
        let mut kept = Self { waiting: BTreeMap::new(), contradiction: None, met: 0 };
        for (seq, hash) in heads {
            if kept.waiting.insert(*seq, *hash).is_some_and(|other| other != *hash) {
                kept.contradiction = Some(*seq);
            }
        }
        kept
    }

    /// Why this entry is not the one that was kept of its number.
    fn meet(&mut self, seq: u64, hash: &Hash) -> Option<String> {
        if self.contradiction == Some(seq) {
            return Some("two heads of it were kept, and they differ".to_owned());
        }
        let known = self.waiting.remove(&seq)?;
        self.met += 1;
        let why =
            "its hash is not the one that was kept elsewhere: this journal was written anew, from here on or before";
        (known != *hash).then(|| why.to_owned())
    }

    fn verdict(self, first: u64, last: u64, hash: Hash) -> Verdict {
        if let Some((seq, _)) = self.waiting.range(last + 1..).next() {
            let why =
                format!("the journal ends at {last}, and a head of {seq} was kept elsewhere: its end was cut off");
            return Verdict::Broken { seq: last + 1, why };
        }
        let unchecked: Vec<u64> = self.waiting.into_keys().collect();
        match unchecked.last() {
            Some(newest) if self.met == 0 => {
                let why = format!("{newest} was cut off by retention, and no later head was given to check against");
                Verdict::Broken { seq: *newest, why }
            }
            _ => Verdict::Whole { first, entries: last + 1 - first, hash, unchecked },
        }
    }
}
