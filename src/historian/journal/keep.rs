//! Retention: entries older than `journal-keep` go, whole days of them, in steps that nobody feels.
//!
//! What is going to be cut is first told by a `trimmed` entry, which is part of the chain; then it goes, [`STEP`] entries a
//! transaction, and the anchor always names the number and hash of the last one cut, so that verification starts behind it.
//! Invariant: the last checkpoint and what comes after it are never cut: what an alarm remembers outlives its entries.
//! Invariant: nothing is cut by a clock that has just begun to tell, or was just set, see [`Keeper`].

use super::{Journal, JournalError};
use crate::engine::{Entry, Event};
use crate::historian::chain::{Hash, hex};
use crate::historian::journal::none_where_no_row;
use crate::historian::schema;
use crate::time::{Mono, Now, Span, Utc};
use rusqlite::params;

/// Retention where the project says nothing: ten years.
pub const DEFAULT_KEEP: Span = Span::from_secs(10 * 365 * 86_400);

/// Entries that go in one transaction.
pub const STEP: i64 = 500;

const DAY: i64 = 86_400_000_000;

/// How long the clock must have told the time without a jump before it may judge how old an entry is, and how long until
/// it judges again.
const TRUSTED_AFTER: Span = Span::from_secs(3_600);

/// A jump of the wall clock against the monotonic one from which on it is trusted anew.
const JUMP: Span = Span::from_secs(60);

/// When entries may be cut.
#[derive(Debug, Clone, Copy)]
pub struct Keeper {
    keep: Span,
    /// The clock is looked at again then.
    next: Option<Mono>,
    /// Of the wall clock against the monotonic one, when it was trusted last.
    offset: i64,
    /// What was told to be cut and is not gone yet.
    cutting: Option<u64>,
}

impl Keeper {
    /// Keeps entries for so long.
    pub const fn new(keep: Span) -> Self {
        Self { keep, next: None, offset: 0, cutting: None }
    }

    /// Whether the clock may judge now.
    fn may_judge(&mut self, now: Now) -> bool {
        let offset = now.utc.0 - now.mono.0;
        let jumped = (offset - self.offset).abs() > JUMP.0;
        match self.next {
            Some(next) if !jumped && now.mono < next => false,
            Some(_) if !jumped => {
                self.next = Some(now.mono + TRUSTED_AFTER);
                true
            }
            _ => {
                (self.next, self.offset) = (Some(now.mono + TRUSTED_AFTER), offset);
                false
            }
        }
    }
}

impl Journal {
    /// Keeps entries for so long from now on.
    pub fn set_keep(&mut self, keep: Span) {
        self.keeper = Keeper::new(keep);
    }

    /// Cuts one step of what is too old, if anything is, and the clock may judge that.
    pub fn keep_step(&mut self, now: Now) -> Result<(), JournalError> {
        if self.keeper.cutting.is_none() && self.keeper.may_judge(now) {
            self.keeper.cutting = self.announce(now.utc)?;
        }
        if let Some(last) = self.keeper.cutting
            && self.cut(last)?
        {
            self.keeper.cutting = None;
        }
        Ok(())
    }

    /// Cuts everything that is too old at this time, and whoever asks waits. For tests.
    pub fn keep_all(&mut self, now: Utc) -> Result<(), JournalError> {
        if let Some(last) = self.announce(now)? {
            while !self.cut(last)? {}
        }
        Ok(())
    }

    /// Tells in the journal what will be cut, and names its last entry. `None`: nothing is old enough.
    fn announce(&mut self, now: Utc) -> Result<Option<u64>, JournalError> {
        let before = now.0.saturating_sub(self.keeper.keep.0).div_euclid(DAY).saturating_mul(DAY);
        let oldest = "SELECT time FROM entry ORDER BY seq LIMIT 1";
        let oldest: Option<i64> = self
            .connection
            .query_row(oldest, [], |r| r.get(0))
            .map(Some)
            .or_else(none_where_no_row)
            .map_err(|e| self.sqlite(e))?;
        if oldest.is_none_or(|time| time >= before) {
            return Ok(None);
        }
        // Whatever is remembered of an alarm that has not stirred for so long stands behind what is cut.
        self.checkpoint(now)?;
        let Some((last, hash, time)) = self.last_before(before).map_err(|e| self.sqlite(e))? else { return Ok(None) };
        let cut = last - self.anchor;
        let mut entry = Entry::new(now, Event::Trimmed);
        entry.note = Some(
            format!(
                "{cut} {} up to {} were cut off, as journal-keep = {} asks; anchor {}",
                if cut == 1 { "entry" } else { "entries" },
                time.to_rfc3339(),
                self.keeper.keep,
                witness(last, &hash)
            )
            .into(),
        );
        self.append(&[&entry])?;
        Ok(Some(last))
    }

    /// The last entry that is older than `before`, with its hash, among those before the last checkpoint. Found by halving:
    /// entries lie in the order they were written, and one that a wrong clock has dated goes with its neighbours.
    fn last_before(&self, before: i64) -> rusqlite::Result<Option<(u64, Hash, Utc)>> {
        let one = |sql: &str| self.connection.query_row(sql, [], |r| r.get::<_, Option<i64>>(0));
        let first = one("SELECT min(seq) FROM entry")?;
        let checkpoint = one("SELECT max(seq) FROM entry WHERE event = 'checkpoint'")?;
        let (Some(first), Some(checkpoint)) = (first, checkpoint) else { return Ok(None) };
        let mut at = self.connection.prepare_cached("SELECT time, hash FROM entry WHERE seq = ?1")?;
        let mut look = |seq: i64| {
            at.query_row([seq], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, Hash>(1)?)))
                .map(Some)
                .or_else(none_where_no_row)
        };
        let (mut low, mut high, mut found) = (first, checkpoint - 1, None);
        while low <= high {
            let middle = low + (high - low) / 2;
            // A number that is missing was cut out by somebody else, and verification shall go on telling so.
            let Some((time, hash)) = look(middle)? else { return Ok(None) };
            if time < before {
                found = Some((middle as u64, hash, Utc(time)));
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        Ok(found)
    }

    /// Cuts a step of the entries up to `last`. `true`: they are gone.
    fn cut(&mut self, last: u64) -> Result<bool, JournalError> {
        let last = last as i64;
        self.anchor = self.transact(|transaction| {
            let first: Option<i64> = transaction.query_row("SELECT min(seq) FROM entry", [], |r| r.get(0))?;
            let to = first.map_or(last, |first| last.min(first.saturating_add(STEP - 1)));
            let hash: Hash = transaction.query_row("SELECT hash FROM entry WHERE seq = ?1", [to], |r| r.get(0))?;
            // Files of earlier versions refuse every removal.
            transaction.execute_batch(schema::ONLY_CUT_UP_TO_THE_ANCHOR)?;
            transaction.execute(
                "INSERT INTO anchor (one, seq, hash) VALUES (1, ?1, ?2) ON CONFLICT (one) DO UPDATE SET seq = ?1, hash = ?2",
                params![to, hash],
            )?;
            transaction.execute("DELETE FROM entry WHERE seq <= ?1", [to])?;
            Ok(to as u64)
        })?;
        Ok(self.anchor as i64 == last)
    }
}

/// A number and its hash as they are printed, kept elsewhere and read again.
pub fn witness(seq: u64, hash: &Hash) -> String {
    format!("{seq}:{}", hex(hash))
}

/// From what [`witness`] prints.
pub fn witness_from(text: &str) -> Option<(u64, Hash)> {
    let (seq, hash) = text.trim().split_once(':')?;
    let digits = hash.as_bytes();
    let mut bytes = Hash::default();
    if digits.len() != 2 * bytes.len() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some((seq.parse().ok()?, bytes))
}

/// The last entry that a `trimmed` entry said would be cut.
pub(in crate::historian) fn announced(note: &str) -> Option<(u64, Hash)> {
    witness_from(note.rsplit_once("anchor ")?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_judges_only_after_an_hour_without_a_jump() {
        let mut keeper = Keeper::new(DEFAULT_KEEP);
        let at = |minutes: i64, ahead: i64| {
            let mono = Mono(minutes * 60_000_000);
            Now { mono, utc: Utc(1_000_000_000_000_000 + mono.0 + ahead) }
        };
        let judged = [(0, 0), (59, 0), (60, 0), (61, 0), (120, 0)].map(|(m, a)| keeper.may_judge(at(m, a)));
        assert_eq!(judged, [false, false, true, false, true]);
        let year = 31_536_000_000_000;
        let judged = [(181, year), (200, year), (241, year), (302, year)].map(|(m, a)| keeper.may_judge(at(m, a)));
        assert_eq!(judged, [false, false, true, true], "set ahead by a year");
    }

    #[test]
    fn a_witness_reads_as_it_prints() {
        let hash: Hash = std::array::from_fn(|i| i as u8 * 7);
        assert_eq!(witness_from(&format!(" {}\n", witness(12, &hash))), Some((12, hash)));
        for wrong in
            ["", "12", "12:", "12:zz", "a:00", "12:é00000000000000000000000000000000000000000000000000000000000000"]
        {
            assert_eq!(witness_from(wrong), None, "{wrong}");
        }
    }
}
