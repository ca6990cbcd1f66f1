//! A folder for what is not to last: it goes when its value is dropped, and when the program was killed, as soon as another
//! asks for one.
//!
//! Beside each folder lies a lock that its maker holds; one that can be taken is nobody's any more.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Tries to find a name that nobody has.
const TRIES: u32 = 16;

/// Folders that are looked at in one sweep.
const MOST_SWEPT: usize = 1_000;

/// A folder of our own.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    lock: PathBuf,
    held: Option<File>,
}

impl Scratch {
    /// A new folder where this user's programs keep what can be made again.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn new() -> io::Result<Self> {
        Self::below(&place())
    }

    /// A new folder in this one. Those that a killed program left there go first.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn below(place: &Path) -> io::Result<Self> {
        own_folders().recursive(true).create(place)?;
        sweep(place);
        let mut refused = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..TRIES {
            let name = format!("{}-{:016x}", std::process::id(), fastrand::u64(..));
            let (folder, lock) = (place.join(&name), place.join(format!("{name}.lock")));
            let held = OpenOptions::new().write(true).create_new(true).open(&lock)?;
            // Whoever sweeps may have been faster; then it takes it away.
            if held.try_lock().is_err() {
                continue;
            }
            match own_folders().create(&folder) {
                Ok(()) => return Ok(Self { folder, lock, held: Some(held) }),
                Err(error) => refused = error,
            }
            drop(held);
            // A lock that nobody holds goes with the next sweep.
            drop(fs::remove_file(&lock));
        }
        Err(refused)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!("{} is left to the next start: {error}", self.folder.display());
            return;
        }
        drop(self.held.take());
        // As above.
        drop(fs::remove_file(&self.lock));
    }
}

/// Takes away what killed programs left.
pub fn sweep_place() {
    sweep(&place());
}

fn place() -> PathBuf {
    directories::ProjectDirs::from("", "", "Watchkeeper")
        .map_or_else(|| std::env::temp_dir().join("watchkeeper"), |dirs| dirs.cache_dir().to_owned())
        .join("bundles")
}

fn sweep(place: &Path) {
    let entries = fs::read_dir(place).into_iter().flatten().take(MOST_SWEPT).filter_map(Result::ok);
    for lock in entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "lock")) {
        let Ok(held) = OpenOptions::new().write(true).open(&lock) else { continue };
        if held.try_lock().is_err() {
            continue;
        }
        let folder = lock.with_extension("");
        // A link is taken away itself, never what it leads to.
        let gone = match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&folder).is_ok(),
            Ok(_) => fs::remove_file(&folder).is_ok(),
            Err(_) => true,
        };
        drop(held);
        if gone {
            drop(fs::remove_file(&lock));
        }
    }
}

/// Folders that nobody else may look into.
fn own_folders() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "rights are those of the user's own folder"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_its_value_and_one_of_a_killed_program_with_the_next() {
        let place = tempfile::tempdir().unwrap();
        let first = Scratch::below(place.path()).unwrap();
        fs::write(first.path().join("x"), "x").unwrap();
        // As a killed program leaves it: a folder, and a lock that nobody holds.
        let left = place.path().join("1-left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("x"), "x").unwrap();
        fs::write(place.path().join("1-left.lock"), "").unwrap();
        let second = Scratch::below(place.path()).unwrap();
        assert!(!left.exists(), "swept");
        assert!(first.path().join("x").exists(), "somebody has it");
        drop((first, second));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_sweep_follows_no_link_and_a_folder_is_nobody_elses() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let (place, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(other.path().join("precious"), "x").unwrap();
        symlink(other.path(), place.path().join("1-left")).unwrap();
        fs::write(place.path().join("1-left.lock"), "").unwrap();
        let folder = Scratch::below(place.path()).unwrap();
        assert!(other.path().join("precious").exists() && !place.path().join("1-left").exists());
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
