//! Whether open files are still the ones that their paths name.
//!
//! A file that is deleted or moved while it is open goes on taking what is written, and nobody will ever read it: SQLite
//! and the operating system call that success. So whoever writes asks here, before and after each commit and once a
//! second while nothing is written.
//!
//! Invariant: what was found gone stays gone for whoever has it open. Another process may have taken the folder meanwhile,
//! and its lock was given up with the file, so going on would be two owners; see [`super::tenure`] for what is done.

use super::file::FileError;
use std::path::{Path, PathBuf};

/// Files that must stay where they are.
#[derive(Debug)]
pub struct Place {
    files: Vec<(PathBuf, Option<Identity>)>,
    gone: bool,
}

/// What makes a file this file: device and inode.
#[cfg(unix)]
type Identity = (u64, u64);
/// Elsewhere an open file cannot be deleted or moved; that its path names something is all that is asked.
#[cfg(not(unix))]
type Identity = ();

impl Place {
    /// The files of a data folder as they are now: `file`, and the folder's lock where it has one, because without it
    /// another process may open the folder.
    pub fn of(file: &Path) -> Self {
        let lock = file.with_file_name(super::lock::LOCK_FILE);
        let lock = identity(&lock).map(|known| (lock, Some(known)));
        Self { files: std::iter::once((file.to_owned(), identity(file))).chain(lock).collect(), gone: false }
    }

    /// Whether all are where they were. Costs a look at each path; what it could not look at counts as gone only where
    /// nothing is there.
    ///
    /// # Errors
    /// [`FileError::Gone`], from the first time on that a path named nothing or another file.
    pub fn check(&mut self) -> Result<(), FileError> {
        self.gone = self.gone || self.files.iter().any(|(path, known)| is_gone(path, *known));
        let Some((path, _)) = self.files.first().filter(|_| self.gone) else { return Ok(()) };
        Err(FileError::Gone { folder: path.parent().unwrap_or(path).to_owned() })
    }
}

fn is_gone(path: &Path, known: Option<Identity>) -> bool {
    match path.try_exists() {
        Ok(false) => true,
        // The file system answers with an error, as a network drive does for a while: writing says so itself.
        Err(_) => false,
        Ok(true) => known.is_some() && identity(path).is_some_and(|now| Some(now) != known),
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    path.exists().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    #[cfg_attr(not(unix), ignore = "an open file cannot be replaced here")]
    fn a_file_that_another_took_the_place_of_is_gone_and_stays_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, aside) = (folder.path().join("file"), folder.path().join("aside"));
        fs::write(&file, "one").unwrap();
        let mut place = Place::of(&file);
        place.check().unwrap();
        fs::write(&file, "written further, the same file").unwrap();
        place.check().unwrap();
        fs::rename(&file, &aside).unwrap();
        fs::write(&file, "two").unwrap();
        let why = place.check().unwrap_err().to_string();
        assert!(why.contains("was deleted or moved while it was in use"), "{why}");
        fs::rename(&aside, &file).unwrap();
        assert!(place.check().is_err(), "its lock may be another's by now");
    }

    #[test]
    #[cfg_attr(not(unix), ignore = "an open file cannot be deleted here")]
    fn a_folder_whose_lock_is_gone_is_no_longer_ours() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        fs::write(folder.path().join(super::super::lock::LOCK_FILE), "").unwrap();
        let mut place = Place::of(&file);
        place.check().unwrap();
        fs::remove_file(folder.path().join(super::super::lock::LOCK_FILE)).unwrap();
        assert!(place.check().is_err());
    }
}
