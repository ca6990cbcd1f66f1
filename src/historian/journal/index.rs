//! What makes a search of ten million entries quick: a file beside the journal, made from it alone.
//!
//! `journal-index.sqlite` says which entries hold a word, a name, an event, a priority or a person (full text), and which
//! times lie in each stretch of entries. A thread of its own makes it behind the journal, [`BATCH`] entries at a time, so
//! that no acknowledgement waits for it; what is not in it yet is looked at entry by entry.
//!
//! Invariant: it is never believed over the journal. It proposes entries, and each is read from the journal and held against
//! the search there. Where its last entry is not the journal's entry of that number and hash, or anything about it is
//! damaged or of another version, it is deleted and made anew.

use crate::historian::chain::Hash;
use crate::historian::file;
use crate::historian::journal::none_where_no_row;
use crate::historian::row::{COLUMNS, Row};
use crate::historian::search::{self, Wanted};
use crate::historian::{JournalError, schema};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Statement, TransactionBehavior, params};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Its name in the data folder.
pub const INDEX_FILE: &str = "journal-index.sqlite";

/// Another number for every change of what is written into it.
const VERSION: i64 = 1;

/// "WKJI"
const APPLICATION_ID: i64 = 0x574B_4A49;

/// Entries that are taken in together; fewer wait until there are so many.
pub const BATCH: u64 = 2_000;

/// Entries of which the times are told together.
const STRETCH: u64 = 1_000;

/// Words with the same beginning that are looked for one by one.
const MOST_WORDS: usize = 24;

/// Between two looks whether there is something to take in.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// After a refusal of the disk.
const RETRY: Duration = Duration::from_mins(1);

const TABLES: &str = "
CREATE VIRTUAL TABLE word USING fts5(w, content='', columnsize=0, detail=none, tokenize='ascii');
CREATE TABLE stretch (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, earliest INTEGER NOT NULL, latest INTEGER NOT NULL) STRICT;
CREATE TABLE reach (one INTEGER PRIMARY KEY CHECK (one = 1), first INTEGER NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
";

/// The thread that makes the index of a journal that this process writes. Dropped, it ends after the batch under way.
#[derive(Debug)]
pub struct Indexer {
    /// Closed by the drop: nobody sends anything.
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Indexer {
    /// Starts it for a data folder that this process owns.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start(folder: &Path) -> std::io::Result<Self> {
        let (stop, stopped) = sync_channel(1);
        let folder = folder.to_owned();
        let thread = thread::Builder::new().name("journal-index".to_owned()).spawn(move || run(&folder, &stopped))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A thread that panicked has told so.
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn run(folder: &Path, stop: &Receiver<()>) {
    let mut open: Option<Making> = None;
    let mut told = false;
    let mut pause = LOOK_EVERY;
    while matches!(stop.recv_timeout(pause), Err(RecvTimeoutError::Timeout)) {
        let mut step = || {
            if open.is_none() {
                open = Making::open(folder)?;
            }
            open.as_mut().map_or(Ok(false), Making::step)
        };
        pause = match step() {
            // No faster than the disk and the processor have left over for it.
            Ok(true) => Duration::from_millis(5),
            Ok(false) => LOOK_EVERY,
            Err(error) => {
                if !told {
                    tracing::warn!("searches of the journal may be slow, its index cannot be written: {error}");
                    told = true;
                }
                open = None;
                RETRY
            }
        };
    }
}

/// Makes what is missing of the index of a data folder's journal, for as long as there is a whole batch. For benches, tests
/// and tools; a running plant has its [`Indexer`].
///
/// # Errors
/// Where the journal cannot be read or the index not be written.
pub fn catch_up(folder: &Path) -> Result<(), JournalError> {
    if let Some(mut making) = Making::open(folder)? {
        while making.step()? {}
    }
    Ok(())
}

/// An index on its way.
struct Making {
    journal: Connection,
    index: Connection,
    path: PathBuf,
    reach: Reach,
}

/// How far an index reaches, and at which entry it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reach {
    first: u64,
    seq: u64,
    hash: Hash,
}

impl Making {
    /// `None`: there is no journal yet.
    fn open(folder: &Path) -> Result<Option<Self>, JournalError> {
        let Some((journal, _)) = schema::open_to_read(folder)? else { return Ok(None) };
        let path = folder.join(INDEX_FILE);
        let sqlite = |source| JournalError::Sqlite { path: path.clone(), source };
        let found = read_reach(&path).ok().flatten().filter(|reach| is_of(&journal, reach).unwrap_or(false));
        let made = found.and_then(|reach| Some((open_to_write(&path).ok()?, reach)));
        let (index, reach) = match made {
            Some(made) => made,
            None => {
                delete(&path).map_err(|source| JournalError::Io { path: path.clone(), source })?;
                let first: u64 = first_of(&journal).map_err(sqlite)?;
                let reach = Reach { first, seq: first.saturating_sub(1), hash: Hash::default() };
                (make(&path).map_err(sqlite)?, reach)
            }
        };
        Ok(Some(Self { journal, index, path, reach }))
    }

    /// Takes in one batch. `false`: there is none.
    fn step(&mut self) -> Result<bool, JournalError> {
        let path = self.path.clone();
        self.take_in().map_err(|source| JournalError::Sqlite { path, source })
    }

    fn take_in(&mut self) -> rusqlite::Result<bool> {
        let Some(last) = self.journal.query_row("SELECT max(seq) FROM entry", [], |r| r.get::<_, Option<i64>>(0))?
        else {
            return Ok(false);
        };
        if (last as u64) < self.reach.seq + BATCH {
            return Ok(false);
        }
        let mut reach = self.reach;
        let transaction = self.index.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let select = format!("SELECT {COLUMNS}, hash FROM entry WHERE seq > ?1 ORDER BY seq LIMIT {BATCH}");
            let mut entries = self.journal.prepare_cached(&select)?;
            let mut word = transaction.prepare_cached("INSERT INTO word (rowid, w) VALUES (?1, ?2)")?;
            let mut stretch = transaction.prepare_cached(
                "INSERT INTO stretch VALUES (?1, ?2, ?3, ?3) ON CONFLICT (first) DO UPDATE SET last = ?2, \
                 earliest = min(earliest, ?3), latest = max(latest, ?3)",
            )?;
            let mut rows = entries.query([reach.seq as i64])?;
            let mut tokens = String::new();
            while let Some(row) = rows.next()? {
                reach.hash = row.get(17)?;
                let row = Row::read(row)?;
                reach.seq = row.seq;
                tokens.clear();
                for token in tokens_of(&row) {
                    tokens.extend([&token, " "]);
                }
                word.execute(params![row.seq as i64, tokens])?;
                stretch.execute(params![(row.seq / STRETCH * STRETCH) as i64, row.seq as i64, row.time])?;
            }
            transaction.execute(
                "INSERT OR REPLACE INTO reach (one, first, seq, hash) VALUES (1, ?1, ?2, ?3)",
                params![reach.first as i64, reach.seq as i64, reach.hash],
            )?;
        }
        transaction.commit()?;
        self.reach = reach;
        Ok(true)
    }
}

/// An index, open for reading.
#[derive(Debug)]
pub(in crate::historian) struct Index {
    connection: Connection,
    reach: Reach,
}

impl Index {
    /// The index of this journal. `None`: there is none that can be used.
    pub fn open(folder: &Path, journal: &Connection) -> Option<Self> {
        let path = folder.join(INDEX_FILE);
        let reach = read_reach(&path).ok()??;
        if !is_of(journal, &reach).ok()? {
            return None;
        }
        Some(Self { connection: open_to_read(&path).ok()?, reach })
    }

    /// Whether it is still the one that was opened, further on perhaps. An index that was deleted stays readable to who has
    /// it open, and no longer grows: it is as true as it was.
    pub fn refresh(&mut self) -> Option<()> {
        self.reach = reach_in(&self.connection).ok()??;
        Some(())
    }

    /// The last entry that is in it.
    pub fn reach(&self) -> u64 {
        self.reach.seq
    }

    /// Numbers from `low` to `high` in which entries of this time may lie, in order; what is beyond its reach is not told.
    pub fn stretches(&self, low: i64, high: i64, from: i64, to: i64) -> rusqlite::Result<Vec<(i64, i64)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT first, last FROM stretch WHERE last >= ?1 AND first <= ?2 AND latest >= ?3 AND earliest <= ?4 ORDER BY first",
        )?;
        let mut rows = statement.query([low, high, from, to])?;
        let mut stretches: Vec<(i64, i64)> = Vec::new();
        while let Some(row) = rows.next()? {
            let (first, last) = (row.get::<_, i64>(0)?.max(low), row.get::<_, i64>(1)?.min(high));
            match stretches.last_mut() {
                Some(before) if before.1 + 1 >= first => before.1 = last,
                _ => stretches.push((first, last)),
            }
        }
        Ok(stretches)
    }

    /// A query for the numbers of entries that may be wanted, by falling or rising number: its parameters are the words,
    /// the least and the greatest number. `None`: the search asks for nothing that is in the index.
    pub fn proposals(&self, wanted: &Wanted, falling: bool) -> rusqlite::Result<Option<(Statement<'_>, String)>> {
        let Some(words) = self.expression(wanted)? else { return Ok(None) };
        let order = if falling { "DESC" } else { "ASC" };
        let statement = self.connection.prepare(&format!(
            "SELECT rowid FROM word WHERE word MATCH ?1 AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid {order}"
        ))?;
        Ok(Some((statement, words)))
    }

    /// The search as FTS5 takes it. `None`: there is nothing in it that is indexed.
    fn expression(&self, wanted: &Wanted) -> rusqlite::Result<Option<String>> {
        let any = |tokens: Vec<String>| (!tokens.is_empty()).then(|| format!("({})", tokens.join(" OR ")));
        let mut all: Vec<String> = Vec::new();
        for (lead, words) in [('w', &wanted.text), ('p', &wanted.by)] {
            for word in words {
                all.push(self.beginning(&token(lead, word))?);
            }
        }
        all.extend(any(wanted.names.iter().map(|n| name(n)).collect()));
        all.extend(any(wanted.events.iter().map(|word| token('e', word)).collect()));
        all.extend(any(wanted.priorities.iter().map(|word| token('q', word)).collect()));
        Ok((!all.is_empty()).then(|| all.join(" AND ")))
    }

    /// Every word that begins so, as FTS5 takes it. For the beginning of a word FTS5 gathers all entries of all that begin so
    /// before it gives the first one; several whole words it reads side by side, as far as somebody reads on.
    fn beginning(&self, token: &str) -> rusqlite::Result<String> {
        // The tokens are of letters and digits: 0 is their least, and ~ is beyond them all.
        let mut next = self.connection.prepare_cached("SELECT term FROM term WHERE term BETWEEN ?1 AND ?2 LIMIT 1")?;
        let last = format!("{token}~");
        let mut from = token.to_owned();
        let mut words: Vec<String> = Vec::new();
        while let Some(word) = next.query_row([&from, &last], |r| r.get::<_, String>(0)).optional()? {
            if words.len() == MOST_WORDS {
                return Ok(format!("{token}*"));
            }
            from = format!("{word}0");
            words.push(word);
        }
        // None begins so: then none is to be found.
        Ok(if words.is_empty() { token.to_owned() } else { format!("({})", words.join(" OR ")) })
    }
}

/// What an entry is found by: words led by `w`, words of a person by `p`, event, priority, and names as a number, since a
/// name has more parts than a word may.
fn tokens_of(row: &Row) -> BTreeSet<String> {
    let mut tokens = BTreeSet::new();
    let mut add = |lead: char, fields: &[Option<&str>]| {
        let words = fields.iter().flatten().flat_map(|field| search::words(field));
        tokens.extend(words.map(|word| token(lead, &word)));
    };
    add('w', &search::fields(row));
    add('p', &search::people(row));
    tokens.insert(token('e', &row.event));
    tokens.extend(row.priority.as_deref().map(|priority| token('q', priority)));
    for field in [&row.alarm, &row.subject].into_iter().flatten() {
        let lower = field.to_lowercase();
        let parts = lower.match_indices('/').map(|(at, _)| &lower[..at]);
        tokens.extend(parts.chain([lower.as_str()]).map(name));
    }
    tokens
}

/// A word of ASCII letters and digits alone, whatever it was made of: the beginning of a word gives the beginning of its
/// token.
fn token(lead: char, word: &str) -> String {
    let mut token = String::with_capacity(word.len() + 1);
    token.push(lead);
    for c in word.chars() {
        if c.is_ascii_alphanumeric() {
            token.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ok = write!(token, "0{:06x}", u32::from(c));
        }
    }
    token
}

/// A name as a token (FNV-1a, 64 bits): two names that meet in one only bring an entry more to look at.
fn name(name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("n{hash:016x}")
}

/// Whether the journal's entry where the index ends is the one that it ended with, and most of the index is not of entries
/// that retention has cut off.
fn is_of(journal: &Connection, reach: &Reach) -> rusqlite::Result<bool> {
    let hash: Option<Hash> = journal
        .query_row("SELECT hash FROM entry WHERE seq = ?1", [reach.seq as i64], |r| r.get(0))
        .map(Some)
        .or_else(none_where_no_row)?;
    let first = first_of(journal)?;
    let (cut, kept) = (first.saturating_sub(reach.first), reach.seq.saturating_sub(first));
    Ok(hash == Some(reach.hash) && cut <= kept.max(1_000_000))
}

fn first_of(journal: &Connection) -> rusqlite::Result<u64> {
    let first: Option<i64> = journal.query_row("SELECT min(seq) FROM entry", [], |r| r.get(0))?;
    Ok(first.unwrap_or(1) as u64)
}

/// `None`: nothing was taken in yet.
fn read_reach(path: &Path) -> rusqlite::Result<Option<Reach>> {
    reach_in(&open_to_read(path)?)
}

fn reach_in(connection: &Connection) -> rusqlite::Result<Option<Reach>> {
    let is_ours = |name: &str, number: i64| {
        connection.pragma_query_value(None, name, |r| r.get::<_, i64>(0)).map(|found| found == number)
    };
    if !is_ours("application_id", APPLICATION_ID)? || !is_ours("user_version", VERSION)? {
        return Ok(None);
    }
    let read = |r: &rusqlite::Row<'_>| {
        Ok(Reach { first: r.get::<_, i64>(0)? as u64, seq: r.get::<_, i64>(1)? as u64, hash: r.get(2)? })
    };
    connection.query_row("SELECT first, seq, hash FROM reach", [], read).map(Some).or_else(none_where_no_row)
}

fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(file::BUSY)?;
    // The words alone, in order; it lies in the connection, not in the file.
    connection.execute_batch("CREATE VIRTUAL TABLE temp.term USING fts5vocab(main, word, instance)")?;
    Ok(connection)
}

/// In WAL mode a commit that is not synced may be lost with the power and damages nothing: it is made again.
fn open_to_write(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(file::BUSY)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "journal_size_limit", 4 << 20)?;
    Ok(connection)
}

fn make(path: &Path) -> rusqlite::Result<Connection> {
    let mut connection = open_to_write(path)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(connection)
}

fn delete(path: &Path) -> std::io::Result<()> {
    for suffix in ["-journal", "-wal", "-shm", ""] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_word_gives_the_beginning_of_its_token() {
        for (beginning, word) in [("tan", "tank1"), ("ä", "änn"), ("Ω1", "Ω12"), ("0", "00004b"), ("", "x")] {
            assert!(token('w', word).starts_with(&token('w', beginning)), "{beginning} {word}");
            assert!(token('w', word).chars().all(|c| c.is_ascii_alphanumeric()));
        }
    }
}
