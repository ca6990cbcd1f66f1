//! A display that a person saves, in the project's file.
//!
//! Invariant: the file is the old one or the new one, whole, at every moment; and what somebody else has written into it
//! since it was read is never lost.

use super::Loaded;
use super::load::read;
use crate::project::NewDisplay;
use crate::project::file::append::with_display;
use crate::text::visible;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Adds the display at the end of the project's file, which still has to be the one that was loaded. Gives back the
/// project as it is now.
///
/// # Errors
/// Why nothing was written, in words for the screen.
pub fn add_display(path: &Path, fingerprint: &str, display: &NewDisplay) -> Result<Loaded, String> {
    let shown = || visible(&path.display().to_string()).into_owned();
    let told = |error: &io::Error| format!("{} cannot be written: {error}", shown());
    // Behind a link lies the file itself; a rename would put another in the place of the link.
    let real = fs::canonicalize(path).map_err(|e| told(&e))?;
    let about = fs::metadata(&real).map_err(|e| told(&e))?;
    // Whoever may write the folder may put another file there, and still may not mean to.
    if about.permissions().readonly() || OpenOptions::new().append(true).open(&real).is_err() {
        return Err(format!("{} is read-only; ask its owner, or have the right to write it given", shown()));
    }
    let unchanged = || {
        let bytes = read(&real).map_err(|e| e.to_string())?;
        if Loaded::from_bytes(&bytes, Some(path)).fingerprint == fingerprint {
            return Ok(bytes);
        }
        Err(format!("{} was changed since it was opened; open it anew, then save", shown()))
    };
    let bytes = with_display(&unchanged()?, display)?;
    let temporary = Temporary::beside(&real);
    temporary.write(&bytes, &about).map_err(|e| told(&e))?;
    unchanged()?;
    temporary.put_in_place(&real).map_err(|e| told(&e))?;
    Ok(Loaded::from_bytes(&bytes, Some(path)))
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

    /// On disk, with the rights and the owner of the file that it replaces.
    fn write(&self, bytes: &[u8], like: &fs::Metadata) -> io::Result<()> {
        let mut file = File::create(&self.0)?;
        file.set_permissions(like.permissions())?;
        keep_owner(&file, &self.0, like)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn put_in_place(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)?;
        // The name is on disk when its folder is; where a folder cannot be opened, the system does without.
        match path.parent().map(File::open) {
            Some(Ok(folder)) => folder.sync_all().or(Ok(())),
            _ => Ok(()),
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
}
