//! Secrets in files: one each, in a folder of the user's configuration, which their owner alone can read.
//!
//! Invariant: a file that others could have read is refused, not used: its secret may be none any more.

use super::{LONGEST_BYTES, Secret, check_name};
use crate::text::visible;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Files that are looked at; a folder that is none of ours may hold a million.
const MOST_ENTRIES: usize = 10_000;

/// The value in a file; `None`: there is no such file.
///
/// # Errors
/// Others can read it, or it cannot be read; with what to do.
pub fn read(folder: &Path, name: &str) -> Result<Option<Secret>, String> {
    let path = folder.join(name);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&path, &error)),
    };
    let about = file.metadata().map_err(|error| unreadable(&path, &error))?;
    if !about.is_file() {
        return Err(format!("{} is no file, and no secret", shown(&path)));
    }
    #[cfg(unix)]
    private(&path, &about)?;
    let mut bytes = Vec::new();
    // One more than is taken, so that a longer one is found out.
    file.take(LONGEST_BYTES as u64 + 3).read_to_end(&mut bytes).map_err(|error| unreadable(&path, &error))?;
    Secret::from_bytes(bytes).map(Some).map_err(|why| format!("the secret in {} {why}", shown(&path)))
}

/// Whether its owner alone can read it, and that is us (or the system's administrator, who reads everything).
#[cfg(unix)]
fn private(path: &Path, about: &fs::Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    let path = shown(path);
    let (us, owner, mode) = (rustix::process::geteuid().as_raw(), about.uid(), about.mode() & 0o777);
    if owner != us && owner != 0 {
        return Err(format!("{path} belongs to another user, who can change it; let it be yours (chown)"));
    }
    if mode & 0o077 != 0 {
        return Err(format!(
            "others can read {path} (mode {mode:03o}), so that it is no secret; run \"chmod 600 {path}\", and change the password if they may have"
        ));
    }
    Ok(())
}

/// Writes a value: whole or not at all, and never for a moment readable by others.
///
/// # Errors
/// The disk refuses, in words.
pub fn write(folder: &Path, name: &str, secret: &Secret) -> Result<(), String> {
    let path = folder.join(name);
    let told = |error: &io::Error| format!("{} could not be written: {error}", shown(&path));
    make_folder(folder).map_err(|e| told(&e))?;
    let beside = folder.join(format!(".{name}.{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = (|| {
        let mut file = options.open(&beside)?;
        file.write_all(secret.expose().as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    })();
    written.map_err(|error| {
        // What is half written is nobody's.
        let _gone_or_never_there = fs::remove_file(&beside);
        told(&error)
    })
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Removes a value; whether there was one.
///
/// # Errors
/// The disk refuses, in words.
pub fn remove(folder: &Path, name: &str) -> Result<bool, String> {
    let path = folder.join(name);
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(format!("{} could not be removed: {error}", shown(&path))),
    }
}

/// Names of all values, sorted.
///
/// # Errors
/// The folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<String>, String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let names =
        entries.take(MOST_ENTRIES).filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| check_name(name).is_ok()).collect();
    names.sort();
    Ok(names)
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("{} could not be read: {error}", shown(path))
}

fn shown(path: &Path) -> String {
    let path: PathBuf = path.to_owned();
    visible(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_way_to_mend_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let within = folder.path().join("deep").join("secrets");
        write(&within, "site", &Secret::new("correct horse".to_owned()).unwrap()).unwrap();
        let path = within.join("site");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&within).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(read(&within, "site").unwrap().unwrap().expose(), "correct horse");
        for mode in [0o644, 0o640, 0o606, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let why = read(&within, "site").unwrap_err();
            let path = path.display();
            let words =
                format!("others can read {path} (mode {mode:03o}), so that it is no secret; run \"chmod 600 {path}\"");
            assert!(why.starts_with(&words), "{why}");
            assert!(!why.contains("correct horse"));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(read(&within, "site").unwrap().is_some());
        // A new value is private again, whatever the old file was, and nothing is left beside it.
        write(&within, "site", &Secret::new("new".to_owned()).unwrap()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(list(&within).unwrap(), ["site"]);
        assert_eq!(fs::read_dir(&within).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_value_is_told_and_what_is_not_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path(), "site").unwrap(), None);
        assert_eq!(list(&folder.path().join("nowhere")).unwrap(), [""; 0]);
        fs::create_dir(folder.path().join("site")).unwrap();
        assert!(read(folder.path(), "site").unwrap_err().ends_with("is no file, and no secret"));
    }
}
