//! One owner of a data folder: an operating-system lock, taken before anything else in the folder is opened.
//!
//! The lock is on `watchkeeper.lock`, which stays empty; who holds it is written beside it in `watchkeeper.owner`,
//! because a locked file cannot be read by others on every system. The operating system lets the lock go when the
//! process ends, however it ends; a stale owner file then says nothing, because the lock decides.

use super::place::Place;
use crate::time::Utc;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) const LOCK_FILE: &str = "watchkeeper.lock";
const OWNER_FILE: &str = "watchkeeper.owner";
const PROJECT_FILE: &str = "watchkeeper.project";

/// Longer than [`is_free`] holds a lock.
const LOOK: Duration = Duration::from_millis(20);

/// Who holds a data folder.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Operating system's user.
    pub user: String,
    /// Computer's name; matters where the folder lies on a network drive.
    pub computer: String,
    /// When it took the folder, RFC 3339.
    pub since: String,
}

impl Holder {
    /// This process.
    pub fn this_process(user: &str, computer: &str, now: Utc) -> Self {
        Self { pid: std::process::id(), user: user.to_owned(), computer: computer.to_owned(), since: now.to_rfc3339() }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} of {} on {}, since {}", self.pid, self.user, self.computer, self.since)
    }
}

/// Why a data folder could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it: who, in words.
    #[error("the data folder is held by {0}")]
    HeldBy(String),
    /// The file system refused.
    #[error("could not take the data folder {}: {source}; choose a folder that can be written in [history] path", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}

/// A data folder that this process owns until the value is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// Another project that this folder belonged to before, where it still exists: two projects must not share one.
    earlier_project: Option<PathBuf>,
    /// Whether it is still ours; another may have taken one that was made anew.
    place: Place,
    holder: Holder,
    project: Option<PathBuf>,
    /// The disk it lies on.
    disk: Option<u64>,
    /// Held for its lock alone.
    _lock: File,
}

impl DataFolder {
    /// Makes the folder where there is none, takes its lock, and writes down who holds it and for which project.
    pub fn take(path: &Path, holder: &Holder, project: Option<&Path>) -> Result<Self, LockError> {
        let refused = |source| LockError::Io { folder: path.to_owned(), source };
        fs::create_dir_all(path).map_err(refused)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK_FILE)).map_err(refused)?;
        // Who only looks whether it is free holds it for an instant: asked once more before it counts as held.
        let tried = lock.try_lock().or_else(|_| {
            std::thread::sleep(LOOK);
            lock.try_lock()
        });
        match tried {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::HeldBy(held_by(path))),
            Err(TryLockError::Error(source)) => return Err(refused(source)),
        }
        let earlier_project =
            remembered_project(path).filter(|earlier| Some(earlier.as_path()) != project && earlier.exists());
        let owner = serde_json::to_string(holder).map_err(|e| refused(e.into()))?;
        replace(&path.join(OWNER_FILE), owner.as_bytes()).map_err(refused)?;
        if let Some(project) = project {
            replace(&path.join(PROJECT_FILE), project.to_string_lossy().as_bytes()).map_err(refused)?;
        }
        let place = Place::of(&path.join(LOCK_FILE));
        let (holder, project, disk) = (holder.clone(), project.map(Path::to_owned), disk_of(path));
        Ok(Self { path: path.to_owned(), earlier_project, place, holder, project, disk, _lock: lock })
    }

    /// Whether it is still where it was, with its lock.
    pub fn is_ours(&mut self) -> bool {
        self.place.check().is_ok()
    }

    /// Makes and takes a folder in the place of one that is gone. On the disk where it was alone: where a drive was pulled out,
    /// what is under its place is another.
    pub fn taken_again(&self, now: Utc) -> Result<Self, LockError> {
        let there = if self.path.exists() { Some(self.path.as_path()) } else { self.path.parent() };
        if there.is_none_or(|there| disk_of(there) != self.disk) {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, "the disk that it lay on is gone");
            return Err(LockError::Io { folder: self.path.clone(), source });
        }
        let holder = Holder { since: now.to_rfc3339(), ..self.holder.clone() };
        Self::take(&self.path, &holder, self.project.as_deref())
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Another project, still there, that used this folder before.
    pub fn earlier_project(&self) -> Option<&Path> {
        self.earlier_project.as_deref()
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        if self.place.check().is_err() {
            return; // What lies there now is another's.
        }
        // The lock goes with the file handle; a leftover owner file is harmless, so a failure is not told.
        drop(fs::remove_file(self.path.join(OWNER_FILE)));
    }
}

/// The disk on which a folder lies. `None`: not known.
#[cfg(unix)]
fn disk_of(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|folder| folder.dev())
}

/// The disk on which a folder lies. `None`: not known.
#[cfg(not(unix))]
const fn disk_of(_path: &Path) -> Option<u64> {
    None
}

/// Whether a data folder that was held is so no longer. A folder that is not there counts as held: whoever has it open
/// has to end first, see [`Place`].
pub fn is_free(folder: &Path) -> bool {
    // Shared, so that two who look do not take each other for the owner.
    OpenOptions::new().read(true).open(folder.join(LOCK_FILE)).is_ok_and(|lock| lock.try_lock_shared().is_ok())
}

/// The project that a data folder was last used for.
pub fn remembered_project(folder: &Path) -> Option<PathBuf> {
    let text = fs::read_to_string(folder.join(PROJECT_FILE)).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| PathBuf::from(text))
}

/// Data folders beside `folder` whose project is no longer there, with that project: what a renamed or moved project may
/// want back. In order of their names.
pub fn orphans(folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    let beside = folder.parent().and_then(|parent| fs::read_dir(parent).ok());
    let others =
        beside.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path != folder);
    let mut orphans: Vec<_> = others
        .filter_map(|path| remembered_project(&path).map(|project| (path, project)))
        .filter(|(_, project)| !project.exists())
        .collect();
    orphans.sort();
    orphans
}

/// Who holds it, in words. The holder may be between taking the lock and writing its name.
fn held_by(folder: &Path) -> String {
    fs::read_to_string(folder.join(OWNER_FILE))
        .ok()
        .and_then(|text| serde_json::from_str::<Holder>(&text).ok())
        .map_or_else(|| "another process".to_owned(), |holder| holder.to_string())
}

/// Writes a small file whole or not at all.
fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let temporary = path.with_extension(format!("{}-new", path.extension().unwrap_or_default().to_string_lossy()));
    let mut file = File::create(&temporary)?;
    file.write_all(content)?;
    file.write_all(b"\n")?;
    drop(file);
    fs::rename(&temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder() -> Holder {
        Holder::this_process("anna", "control-room-1", Utc(1_795_356_202_125_000))
    }

    #[test]
    fn a_second_taker_is_told_who_holds_the_folder() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("a").join("b.data");
        let first = DataFolder::take(&folder, &holder(), None).unwrap();
        let Err(LockError::HeldBy(who)) = DataFolder::take(&folder, &holder(), None) else { panic!("taken twice") };
        assert_eq!(
            who,
            format!("process {} of anna on control-room-1, since 2026-11-22T14:03:22.125Z", std::process::id())
        );
        assert!(!is_free(&folder));
        drop(first);
        assert!(is_free(&folder) && is_free(&folder), "looking takes nothing");
        assert!(!is_free(&folder.join("none")));
        assert!(DataFolder::take(&folder, &holder(), None).is_ok(), "free again after its owner is gone");
    }

    #[test]
    fn the_folder_remembers_its_project_and_tells_of_another_that_used_it() {
        let temporary = tempfile::tempdir().unwrap();
        let (one, two) = (temporary.path().join("one.toml"), temporary.path().join("two.toml"));
        fs::write(&one, "").unwrap();
        drop(DataFolder::take(temporary.path(), &holder(), Some(&one)).unwrap());
        assert_eq!(remembered_project(temporary.path()), Some(one.clone()));
        let folder = DataFolder::take(temporary.path(), &holder(), Some(&two)).unwrap();
        assert_eq!(folder.earlier_project(), Some(one.as_path()));
        assert_eq!(remembered_project(temporary.path()), Some(two));
    }

    #[test]
    fn the_folder_of_a_project_that_was_renamed_is_found() {
        let temporary = tempfile::tempdir().unwrap();
        let [old, kept, new] = ["old.data", "kept.data", "new.data"].map(|name| temporary.path().join(name));
        let [gone, here] = ["gone.toml", "here.toml"].map(|name| temporary.path().join(name));
        fs::write(&here, "").unwrap();
        drop(DataFolder::take(&old, &holder(), Some(&gone)).unwrap());
        drop(DataFolder::take(&kept, &holder(), Some(&here)).unwrap());
        drop(DataFolder::take(&new, &holder(), None).unwrap());
        assert_eq!(orphans(&new), [(old, gone)]);
    }

    #[test]
    fn a_folder_that_cannot_be_made_says_where_and_what_to_do() {
        let temporary = tempfile::tempdir().unwrap();
        let file = temporary.path().join("file");
        fs::write(&file, "").unwrap();
        let error = DataFolder::take(&file.join("below"), &holder(), None).unwrap_err().to_string();
        assert!(error.contains("below") && error.contains("[history] path"), "{error}");
    }
}
