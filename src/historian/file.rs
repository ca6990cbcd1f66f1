//! What the journal's file and the history's have in common: opened with the settings that durability hangs on, known by
//! their application id, refused untouched where a later version made them, set aside dated where they are damaged.

use crate::time::Utc;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// SQLite before 3.51.3 could corrupt a WAL file when two connections reset it at the same time.
pub const LEAST_SQLITE: i32 = 3_051_003;

/// How long a statement waits for another connection.
pub const BUSY: Duration = Duration::from_secs(2);

/// A kind of file in the data folder.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// `journal` or `history`.
    pub word: &'static str,
    /// Its name in the data folder; what is set aside keeps the part before the dot.
    pub file: &'static str,
    /// `PRAGMA application_id`.
    pub application_id: i64,
    /// `PRAGMA user_version` of this version's files. A newer one is refused and left untouched.
    pub format: i64,
    /// Statements that make its tables.
    pub tables: &'static str,
    /// From each earlier format to the next, the first from 1 to 2.
    pub upgrades: &'static [Upgrade],
    /// `PRAGMA page_size` of a new file, in bytes.
    pub page_bytes: i64,
    /// Whether pages that came free can be given back to the disk in small steps.
    pub shrinks: bool,
    /// The write-ahead log is cut to this after a checkpoint, in bytes.
    pub wal_bytes: i64,
}

/// From one format to the next.
#[derive(Debug, Clone, Copy)]
pub struct Upgrade {
    /// Statements that turn a file into the next format, in one transaction. They cost moments however large it is.
    pub write: &'static str,
    /// Statements for a connection that reads alone and finds the earlier format: temporary views that look like the next.
    pub read: &'static str,
}

/// Why a journal or a history could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A later version of the program made it. Nothing was touched.
    #[error(
        "{} has {kind} format {found}, this version knows {known}; open it with the version that made it, or choose another data folder",
        path.display()
    )]
    Newer {
        /// `journal` or `history`.
        kind: &'static str,
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The SQLite library is older than the one whose fixes these files rely on.
    #[error(
        "this program was built with SQLite {found}, and its files need {needed}; build it again with the bundled library"
    )]
    OldLibrary {
        /// `sqlite3_libversion_number()`.
        found: i32,
        /// Least number.
        needed: i32,
    },
    /// A setting that durability hangs on was not taken by SQLite.
    #[error("SQLite did not take {setting} on {}; the folder may lie on a file system that cannot hold a database safely", path.display())]
    Setting {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// SQLite refused.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
    /// The files that are written are no longer those in the folder.
    #[error("the data folder {} was deleted or moved while it was in use", folder.display())]
    Gone {
        /// The folder.
        folder: PathBuf,
    },
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}

/// What is wrong with a file that exists.
#[derive(Debug)]
pub enum Fault {
    /// It is left as it is.
    Refused(FileError),
    /// It is set aside; why.
    Damaged(String),
}

impl Fault {
    /// Whether SQLite's refusal means damage.
    pub fn from_sqlite(path: &Path, source: rusqlite::Error) -> Self {
        if is_damage(&source) {
            Self::Damaged(source.to_string())
        } else {
            Self::Refused(FileError::Sqlite { path: path.to_owned(), source })
        }
    }
}

/// Whether this refusal means that the file is damaged, or no database.
pub fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt))
}

/// An open file, and what had to be done for it.
#[derive(Debug)]
pub struct OpenedFile {
    /// For writing.
    pub connection: Connection,
    /// The file.
    pub path: PathBuf,
    /// A damaged one was set aside under this name, and a new one begun: why.
    pub set_aside: Option<(PathBuf, String)>,
}

impl Kind {
    /// Opens a data folder's file for writing, or begins it. `examine` looks further into one that is of this kind and
    /// format, without changing it.
    pub fn open(
        &self,
        folder: &Path,
        now: Utc,
        examine: impl FnOnce(&Connection, &Path) -> Result<(), Fault>,
    ) -> Result<OpenedFile, FileError> {
        check_library()?;
        let path = folder.join(self.file);
        let mut set_aside = None;
        if fs::metadata(&path).is_ok_and(|m| m.len() > 0) {
            roll_back(&path);
        }
        if fs::metadata(&path).is_ok_and(|m| m.len() > 0) {
            match self.examine(&path, examine) {
                Ok(()) => {}
                Err(Fault::Refused(error)) => return Err(error),
                Err(Fault::Damaged(why)) => set_aside = Some((self.move_aside(&path, now)?, why)),
            }
        }
        let connection = self.connect(&path)?;
        Ok(OpenedFile { connection, path, set_aside })
    }

    /// Opens a file for reading beside its writer. `None`: there is none yet.
    pub fn open_to_read(&self, folder: &Path) -> Result<Option<(Connection, PathBuf)>, FileError> {
        check_library()?;
        let path = folder.join(self.file);
        if !path.exists() {
            return Ok(None);
        }
        let sqlite = |source| FileError::Sqlite { path: path.clone(), source };
        let connection = read_only(&path).map_err(sqlite)?;
        let found = version(&connection).map_err(sqlite)?;
        match found {
            // Its writer is just making it.
            0 => Ok(None),
            _ if self.knows(found) => {
                for upgrade in self.upgrades_from(found) {
                    connection.execute_batch(upgrade.read).map_err(sqlite)?;
                }
                Ok(Some((connection, path)))
            }
            _ => Err(FileError::Newer { kind: self.word, path, found, known: self.format }),
        }
    }

    /// Whether a file that came from elsewhere has the tables of this kind and format, and nothing else: no view and no
    /// trigger that would be run by who reads it.
    pub fn check_foreign(&self, path: &Path) -> Result<(), String> {
        let told = |error: rusqlite::Error| error.to_string();
        let schema = |connection: &Connection| -> rusqlite::Result<Vec<(String, Option<String>)>> {
            let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        let connection = read_only(path).map_err(told)?;
        let found = version(&connection).map_err(told)?;
        if found > self.format {
            return Err(format!("it has {} format {found}, this version knows {}", self.word, self.format));
        }
        let ours = Connection::open_in_memory().map_err(told)?;
        ours.execute_batch(self.tables).map_err(told)?;
        let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(told)?;
        if id != self.application_id || schema(&connection).map_err(told)? != schema(&ours).map_err(told)? {
            return Err(format!("it is no {} of this program", self.word));
        }
        Ok(())
    }

    fn examine(&self, path: &Path, examine: impl FnOnce(&Connection, &Path) -> Result<(), Fault>) -> Result<(), Fault> {
        let sort = |source| Fault::from_sqlite(path, source);
        let connection = read_only(path).map_err(sort)?;
        let found = version(&connection).map_err(sort)?;
        if found > self.format {
            let (kind, path, known) = (self.word, path.to_owned(), self.format);
            return Err(Fault::Refused(FileError::Newer { kind, path, found, known }));
        }
        let ours: i64 = connection.pragma_query_value(None, "application_id", |r| r.get(0)).map_err(sort)?;
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).map_err(sort)?;
        if found == 0 && tables == 0 {
            return Ok(()); // made, and killed before its tables were committed
        }
        if !self.knows(found) || ours != self.application_id {
            return Err(Fault::Damaged(format!("it is a database, but no {} of this program", self.word)));
        }
        examine(&connection, path)
    }

    /// Renames a damaged file and its companions, dated, so that it can be looked into; nothing is deleted.
    pub fn move_aside(&self, path: &Path, now: Utc) -> Result<PathBuf, FileError> {
        let stamp: String = now.to_rfc3339().chars().filter(char::is_ascii_alphanumeric).collect();
        let name = |suffix: &str| path.with_file_name(format!("{}.damaged-{stamp}.sqlite{suffix}", self.word));
        for suffix in ["-journal", "-wal", "-shm", ""] {
            let mut from = path.as_os_str().to_owned();
            from.push(suffix);
            match fs::rename(&from, name(suffix)) {
                Ok(()) => {}
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(source) => return Err(FileError::Io { path: PathBuf::from(from), source }),
            }
        }
        Ok(name(""))
    }

    /// Opens it for writing and makes what is missing of it.
    pub fn connect(&self, path: &Path) -> Result<Connection, FileError> {
        let sqlite = |source| FileError::Sqlite { path: path.to_owned(), source };
        let is_new = fs::metadata(path).map_or(0, |m| m.len()) == 0;
        let mut connection = Connection::open(path).map_err(sqlite)?;
        // Before every other statement: what a new file is made of, its mode, and what a commit means. Nothing is left to
        // defaults. A file that exists is not asked to become what it is: that would write, and a full disk refuses it.
        if is_new {
            connection.pragma_update(None, "page_size", self.page_bytes).map_err(sqlite)?;
        }
        if is_new && self.shrinks {
            connection.pragma_update(None, "auto_vacuum", "incremental").map_err(sqlite)?;
        }
        keep_plans(&connection).map_err(sqlite)?;
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "wal", |r| r.get(0)).map_err(sqlite)?;
        connection.pragma_update(None, "synchronous", "full").map_err(sqlite)?;
        connection.pragma_update(None, "fullfsync", true).map_err(sqlite)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true).map_err(sqlite)?;
        connection.pragma_update(None, "journal_size_limit", self.wal_bytes).map_err(sqlite)?;
        connection.pragma_update(None, "trusted_schema", false).map_err(sqlite)?;
        connection.busy_timeout(BUSY).map_err(sqlite)?;
        let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |r| r.get(0)).map_err(sqlite)?;
        if mode != "wal" {
            return Err(FileError::Setting { setting: "journal_mode = WAL", path: path.to_owned() });
        }
        if synchronous != 2 {
            return Err(FileError::Setting { setting: "synchronous = FULL", path: path.to_owned() });
        }
        let found = version(&connection).map_err(sqlite)?;
        if found != self.format {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
            if found == 0 {
                transaction.execute_batch(self.tables).map_err(sqlite)?;
                transaction.pragma_update(None, "application_id", self.application_id).map_err(sqlite)?;
            }
            for upgrade in self.upgrades_from(found) {
                transaction.execute_batch(upgrade.write).map_err(sqlite)?;
            }
            transaction.pragma_update(None, "user_version", self.format).map_err(sqlite)?;
            transaction.commit().map_err(sqlite)?;
        }
        Ok(connection)
    }

    /// Whether this is a format that this version reads and brings up to its own.
    const fn knows(&self, format: i64) -> bool {
        1 <= format && format <= self.format
    }

    /// What brings a file of this format up to ours; nothing for one that is only being made.
    fn upgrades_from(&self, format: i64) -> &'static [Upgrade] {
        let skipped = usize::try_from(format - 1).unwrap_or(self.upgrades.len());
        self.upgrades.get(skipped..).unwrap_or_default()
    }
}

/// Refuses a library whose faults these files cannot live with.
pub fn check_library() -> Result<(), FileError> {
    check_version(rusqlite::version_number())
}

fn check_version(found: i32) -> Result<(), FileError> {
    if found >= LEAST_SQLITE { Ok(()) } else { Err(FileError::OldLibrary { found, needed: LEAST_SQLITE }) }
}

/// Does `work` in a transaction: all of it is on disk when this returns, or nothing of it. Writing is asked for at once,
/// because a transaction that reads first and writes then is refused without waiting where another wrote meanwhile.
pub fn transact<T>(
    connection: &mut Connection,
    path: &Path,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, FileError>,
) -> Result<T, FileError> {
    let sqlite = |source| FileError::Sqlite { path: path.to_owned(), source };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    let result = work(&transaction)?;
    transaction.commit().map_err(sqlite)?;
    Ok(result)
}

/// Size on disk, the write-ahead log included.
pub fn bytes_on_disk(path: &Path) -> u64 {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    let size = |path: &Path| fs::metadata(path).map_or(0, |m| m.len());
    size(path) + size(Path::new(&wal))
}

/// A power cut or a kill while a file was made leaves it half made, beside a rollback journal that says how to undo that:
/// only the first statements of all, before the mode is WAL, have one. Who reads alone cannot undo it and is refused, at
/// this start and at every later one. What ails the file otherwise is told by whoever looks into it next.
fn roll_back(path: &Path) {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-journal");
    if !Path::new(&journal).exists() {
        return;
    }
    let undone = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .and_then(|connection| connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())));
    if let Err(error) = undone {
        tracing::warn!("{}: what was half made could not be undone: {error}", path.display());
    }
}

/// A statement is planned once, whatever it is asked for: else SQLite compiles one with a bound `LIMIT` anew each time, which
/// takes longer than the reading.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    keep_plans(&connection)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |r| r.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_with_the_fault_of_the_write_ahead_log_is_refused_and_ours_is_not() {
        assert!(check_version(LEAST_SQLITE).is_ok() && check_library().is_ok());
        let refused = check_version(3_051_002).unwrap_err().to_string();
        assert!(refused.contains("3051002") && refused.contains("bundled"), "{refused}");
    }
}
