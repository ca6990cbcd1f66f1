//! A project's text on its way to the disk.
//!
//! Invariant: the file is the old one or the new one, whole, at every moment; and what somebody else has written into it
//! since it was read is never lost: it is given back, to be merged.

use super::Loaded;
use super::load::read;
use crate::link::SaveError;
use crate::project::NewDisplay;
use crate::project::file::append::with_display;
use crate::text::visible;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Writes a project's text in the place of `before`, which still has to stand in the file.
///
/// # Errors
/// Why nothing was written.
pub fn save(path: &Path, before: &[u8], after: &[u8]) -> Result<(), SaveError> {
    replace(path, |now| now == before, |_now| Ok(after.to_vec())).map(|_written| ())
}

/// Whether this text stands in a project's file.
///
/// # Errors
/// Where another does, or it cannot be read.
pub fn stands(path: &Path, text: &[u8]) -> Result<(), SaveError> {
    match read(path) {
        Ok(now) if now == text => Ok(()),
        Ok(now) => Err(SaveError::Changed(shown(path), now)),
        Err(error) => Err(SaveError::Refused(error.to_string())),
    }
}

/// Writes a project's text into a file that is not there yet.
///
/// # Errors
/// Why nothing was written.
pub fn save_as(path: &Path, text: &[u8]) -> Result<(), SaveError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(SaveError::Exists(shown(path)));
    }
    let told = |error: &io::Error| SaveError::Disk { path: shown(path), why: error.to_string() };
    let temporary = Temporary::beside(path);
    temporary.write(text, None).map_err(|e| told(&e))?;
    temporary.put_in_place(path).map_err(|e| told(&e))
}

/// Adds the display at the end of the project's file, which still has to be the one that was loaded. Gives back the
/// project as it is now.
///
/// # Errors
/// Why nothing was written, in words for the screen.
pub fn add_display(path: &Path, fingerprint: &str, display: &NewDisplay) -> Result<Loaded, String> {
    let is_loaded = |now: &[u8]| Loaded::from_bytes(now, Some(path)).fingerprint == fingerprint;
    let written = replace(path, is_loaded, |now| with_display(now, display).map_err(SaveError::Refused));
    written.map(|bytes| Loaded::from_bytes(&bytes, Some(path))).map_err(|error| error.to_string())
}

fn shown(path: &Path) -> String {
    visible(&path.display().to_string()).into_owned()
}

/// Writes what is made of a file in its place, where it is the one that is meant, before and after that was made.
fn replace(
    path: &Path,
    is_meant: impl Fn(&[u8]) -> bool,
    make: impl FnOnce(&[u8]) -> Result<Vec<u8>, SaveError>,
) -> Result<Vec<u8>, SaveError> {
    let told = |error: &io::Error| match error.kind() {
        io::ErrorKind::NotFound => SaveError::Gone(shown(path)),
        _ => SaveError::Disk { path: shown(path), why: error.to_string() },
    };
    // Behind a link lies the file itself; a rename would put another in the place of the link.
    let real = fs::canonicalize(path).map_err(|e| told(&e))?;
    let about = fs::metadata(&real).map_err(|e| told(&e))?;
    // Whoever may write the folder may put another file there, and still may not mean to.
    if about.permissions().readonly() || OpenOptions::new().append(true).open(&real).is_err() {
        return Err(SaveError::ReadOnly(shown(path)));
    }
    let meant = || match read(&real) {
        Ok(now) if is_meant(&now) => Ok(now),
        Ok(now) => Err(SaveError::Changed(shown(path), now)),
        Err(error) => Err(SaveError::Refused(error.to_string())),
    };
    let bytes = make(&meant()?)?;
    let temporary = Temporary::beside(&real);
    temporary.write(&bytes, Some(&about)).map_err(|e| told(&e))?;
    meant()?;
    temporary.put_in_place(&real).map_err(|e| told(&e))?;
    Ok(bytes)
}

/// Writes a file of the program's own, whole or not at all.
pub(super) fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = Temporary::beside(path);
    temporary.write(bytes, None)?;
    temporary.put_in_place(path)
}

/// A file that is on its way; deleted where it does not arrive.
struct Temporary(PathBuf);

impl Temporary {
    fn beside(path: &Path) -> Self {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}.new", std::process::id()));
        Self(path.with_file_name(name))
    }

    /// On disk, with the rights and the owner of the file that it replaces, if any.
    fn write(&self, bytes: &[u8], like: Option<&fs::Metadata>) -> io::Result<()> {
        let mut file = File::create(&self.0)?;
        if let Some(like) = like {
            file.set_permissions(like.permissions())?;
            keep_owner(&file, &self.0, like)?;
        }
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn put_in_place(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)?;
        sweep(path);
        // The name is on disk when its folder is; where a folder cannot be opened, the system does without.
        match path.parent().map(File::open) {
            Some(Ok(folder)) => folder.sync_all().or(Ok(())),
            _ => Ok(()),
        }
    }
}

/// Entries of a folder that are looked at for what was left; one may hold a million pictures.
const MOST_ENTRIES: usize = 10_000;

/// A file on its way that has lain for so long was left by a program that was ended in the middle of a save.
const LEFT: Duration = Duration::from_mins(10);

/// Takes away what saves of this very file have left that were ended before they could. Whoever saves beside this program is
/// quicker than that, and no other file is called so.
fn sweep(path: &Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else { return };
    let (Ok(now), Ok(entries)) = (fs::metadata(path).and_then(|about| about.modified()), fs::read_dir(folder)) else {
        return;
    };
    for entry in entries.take(MOST_ENTRIES).flatten() {
        let file = entry.file_name();
        let number = file
            .to_str()
            .and_then(|file| file.strip_prefix('.')?.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(".new"));
        if number.is_none_or(|number| number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit())) {
            continue;
        }
        let about = entry.metadata().ok().filter(fs::Metadata::is_file);
        let age = about.and_then(|about| now.duration_since(about.modified().ok()?).ok());
        if age.is_some_and(|age| age > LEFT) {
            // It is in nobody's way; the next save tries again.
            let _gone = fs::remove_file(entry.path());
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the rename there is none.
        let _gone = fs::remove_file(&self.0);
    }
}

/// A file that changed hands by being saved would be one that its owner can no longer write.
#[cfg(unix)]
fn keep_owner(file: &File, path: &Path, like: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let made = file.metadata()?;
    if (made.uid(), made.gid()) == (like.uid(), like.gid()) {
        return Ok(());
    }
    chown(path, Some(like.uid()), Some(like.gid()))
        .map_err(|e| io::Error::new(e.kind(), format!("its owner could not be kept ({e})")))
}

#[cfg(not(unix))]
fn keep_owner(_file: &File, _path: &Path, _like: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Pen;
    use crate::runtime::load;
    use crate::time::Span;

    const TEXT: &str = "watchkeeper = 1\n\n[[tag]]\nname = \"a\"\nformula = \"1\"   # one\n";

    fn display(name: &str) -> NewDisplay {
        let pens = vec![Pen { tag: "a".to_owned(), right: false }];
        NewDisplay { name: name.to_owned(), parent: None, span: Span::from_secs(3_600), pens }
    }

    fn project() -> (tempfile::TempDir, PathBuf, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plant.toml");
        fs::write(&path, TEXT).unwrap();
        let fingerprint = load(&path).unwrap().fingerprint;
        (folder, path, fingerprint)
    }

    #[test]
    fn one_display_after_another_is_added_and_nothing_is_left_beside_the_file() {
        let (folder, path, fingerprint) = project();
        let first = add_display(&path, &fingerprint, &display("One")).unwrap();
        let second = add_display(&path, &first.fingerprint, &display("Two")).unwrap();
        let names: Vec<&str> = second.project.displays.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, ["One", "Two"]);
        assert!(fs::read_to_string(&path).unwrap().starts_with(TEXT));
        assert_eq!(load(&path).unwrap().fingerprint, second.fingerprint);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_somebody_else_wrote_meanwhile_is_not_overwritten() {
        let (_folder, path, fingerprint) = project();
        let theirs = format!("{TEXT}# a note\n");
        fs::write(&path, &theirs).unwrap();
        let why = add_display(&path, &fingerprint, &display("One")).unwrap_err();
        assert!(why.ends_with("was changed since it was opened; open it anew, then save"), "{why}");
        assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
    }

    #[test]
    fn a_file_that_is_read_only_stays_as_it_is() {
        let (folder, path, fingerprint) = project();
        let mut rights = fs::metadata(&path).unwrap().permissions();
        rights.set_readonly(true);
        fs::set_permissions(&path, rights).unwrap();
        let why = add_display(&path, &fingerprint, &display("One")).unwrap_err();
        assert!(why.contains("is read-only; ask its owner"), "{why}");
        assert_eq!(fs::read_to_string(&path).unwrap(), TEXT);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_the_file_keeps_its_rights() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, path, fingerprint) = project();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        let link = folder.path().join("link.toml");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        add_display(&link, &fingerprint, &display("One")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(fs::read_to_string(&path).unwrap().contains("name = \"One\""));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o664);
    }

    #[test]
    fn what_is_edited_takes_the_place_of_what_was_read_and_of_nothing_else() {
        let (folder, path, _) = project();
        let edited = TEXT.replace("\"1\"", "\"2\"");
        save(&path, TEXT.as_bytes(), edited.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), edited);
        let error = save(&path, TEXT.as_bytes(), b"").unwrap_err();
        assert_eq!(error, SaveError::Changed(shown(&path), edited.clone().into_bytes()), "what is there is given back");
        assert_eq!(fs::read_to_string(&path).unwrap(), edited);
        assert_eq!(save_as(&path, b""), Err(SaveError::Exists(shown(&path))));
        let other = folder.path().join("other.toml");
        save_as(&other, TEXT.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&other).unwrap(), TEXT);
        fs::remove_file(&path).unwrap();
        assert_eq!(save(&path, edited.as_bytes(), b""), Err(SaveError::Gone(shown(&path))));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// The other process of the test below: saves one version after another until it is killed.
    #[test]
    fn saves_until_it_is_killed() {
        let Some(path) = std::env::var_os("WATCHKEEPER_TEST_SAVES").map(PathBuf::from) else { return };
        let mut before = fs::read(&path).unwrap();
        for _ in 0..1_000_000 {
            let first = String::from_utf8(before.clone()).unwrap().lines().next().unwrap().to_owned();
            let after = version(first.trim_start_matches("# ").parse::<u64>().unwrap() + 1);
            save(&path, &before, &after).unwrap();
            before = after;
        }
    }

    /// A text that says by itself whether it is whole.
    fn version(nth: u64) -> Vec<u8> {
        let line = format!("# {nth}\n");
        [line.repeat(20_000 + nth as usize % 100), "# whole\n".to_owned()].concat().into_bytes()
    }

    #[cfg(unix)]
    #[test]
    fn a_save_that_is_killed_leaves_the_old_file_or_the_new_one_whole() {
        let (folder, path, _) = project();
        fs::write(&path, version(0)).unwrap();
        let mut seen = std::collections::HashSet::new();
        for nth in 0..12_u64 {
            let mut process = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "runtime::save::tests::saves_until_it_is_killed", "--test-threads=1"])
                .env("WATCHKEEPER_TEST_SAVES", &path)
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap();
            // Not before it has saved something, and then at any instant.
            let start = fs::read(&path).unwrap();
            while fs::read(&path).unwrap() == start {
                assert!(process.try_wait().unwrap().is_none(), "it has ended by itself");
            }
            std::thread::sleep(std::time::Duration::from_micros(nth * 977));
            process.kill().unwrap();
            process.wait().unwrap();
            let text = String::from_utf8(fs::read(&path).unwrap()).unwrap();
            assert!(text.ends_with("# whole\n"), "it is torn");
            let first = text.lines().next().unwrap().to_owned();
            assert!(text.lines().rev().skip(1).all(|line| line == first), "two versions are mixed");
            seen.insert(first);
        }
        assert!(seen.len() > 1);
        // What was on its way is left beside it at most, and the next save takes its name.
        assert!(fs::read_dir(folder.path()).unwrap().count() <= 13);
    }

    #[test]
    fn a_save_takes_away_what_a_killed_one_left_and_nothing_else() {
        let (folder, path, _) = project();
        let old = |name: &str| {
            let left = folder.path().join(name);
            let file = File::create(&left).unwrap();
            let now = file.metadata().unwrap().modified().unwrap();
            file.set_modified(now - 2 * LEFT).unwrap();
            left
        };
        let left = old(".plant.toml.4711.new");
        let others = [".plant.toml.4711.new.bak", ".plant.toml.x.new", ".other.toml.4711.new", "plant.toml.4711.new"];
        let others = others.map(old);
        let fresh = folder.path().join(".plant.toml.4712.new");
        fs::write(&fresh, "somebody saves beside").unwrap();
        save(&path, TEXT.as_bytes(), b"watchkeeper = 1\n").unwrap();
        assert!(!left.exists());
        assert!(fresh.exists() && others.iter().all(|other| other.exists()), "those are nobody's of ours");
    }
}
