//! The desktop's own dialog for files, for a thread that may wait: what a person chose, or that there was no dialog at all.
//!
//! On Linux it is the desktop's portal that shows one, or `zenity` where there is no portal. Who has neither sees nothing, and
//! would wait for a dialog that never comes: that is told apart from a dialog that was closed.

use std::path::{Path, PathBuf};

/// What came of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// This file or folder.
    File(PathBuf),
    /// It was closed, and nothing is to be done.
    Closed,
    /// This desktop has none.
    NoDialog,
}

/// A dialog that is to be shown.
#[derive(Debug, Default)]
#[must_use]
pub struct Chooser {
    dialog: rfd::FileDialog,
    folder: Option<PathBuf>,
    name: String,
}

impl Chooser {
    /// With these words above it.
    pub fn new(title: &str) -> Self {
        Self { dialog: rfd::FileDialog::new().set_title(title), ..Self::default() }
    }

    /// Shows files of these endings; the first kind that is named is the usual one.
    pub fn kind(self, words: &str, endings: &[&str]) -> Self {
        Self { dialog: self.dialog.add_filter(words, endings), ..self }
    }

    /// Begins in this folder, where it is one.
    pub fn begin_in(self, folder: Option<&Path>) -> Self {
        let Some(folder) = folder.filter(|folder| folder.is_dir()) else { return self };
        Self { dialog: self.dialog.set_directory(folder), folder: Some(folder.to_owned()), ..self }
    }

    /// Offers this name for a new file.
    pub fn name(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// Asks for a file that is there.
    pub fn file(self) -> Chosen {
        self.show(rfd::FileDialog::pick_file)
    }

    /// Asks for a folder.
    pub fn folder(self) -> Chosen {
        self.show(rfd::FileDialog::pick_folder)
    }

    /// Asks where a new file is to be; whoever chooses one that is there has been asked by the dialog.
    pub fn place(self) -> Chosen {
        self.show(rfd::FileDialog::save_file)
    }

    fn show(self, ask: fn(rfd::FileDialog) -> Option<PathBuf>) -> Chosen {
        let Self { mut dialog, folder, name } = self;
        let shown_by = desktop::shown_by();
        let offered = match (shown_by, folder) {
            (ShownBy::Nobody, _) => return Chosen::NoDialog,
            // It knows no folder, only the path of a file; a folder's ends with a slash.
            (ShownBy::Zenity, Some(folder)) => folder.join(&name).to_string_lossy().into_owned(),
            _ => name,
        };
        if !offered.is_empty() {
            dialog = dialog.set_file_name(offered);
        }
        ask(dialog).map_or(Chosen::Closed, Chosen::File)
    }
}

/// Where a desktop has no dialog: what is to be said, with what to do instead.
pub fn no_dialog(instead: &str) -> String {
    format!("This desktop showed no dialog for files (on Debian: apt-get install zenity); {instead}")
}

/// Who shows dialogs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ShownBy {
    /// The system, or the desktop's portal.
    Desktop,
    /// A program.
    #[cfg_attr(not(all(unix, not(target_os = "macos"))), expect(dead_code, reason = "other systems have their own"))]
    Zenity,
    /// Nobody.
    #[cfg_attr(not(all(unix, not(target_os = "macos"))), expect(dead_code, reason = "other systems have their own"))]
    Nobody,
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
mod desktop {
    use super::ShownBy;

    /// The system has dialogs.
    pub fn shown_by() -> ShownBy {
        ShownBy::Desktop
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
mod desktop {
    use super::ShownBy;
    use std::ffi::OsStr;
    use std::time::Duration;
    use zbus::blocking::connection::Builder;

    const PORTAL: &str = "org.freedesktop.portal.Desktop";
    const PATH: &str = "/org/freedesktop/portal/desktop";

    /// A portal that is not there yet is started by the first question.
    const PATIENCE: Duration = Duration::from_secs(5);

    pub fn shown_by() -> ShownBy {
        // Its part for files is there only where some part of the desktop shows the dialog.
        let portal = || -> zbus::Result<()> {
            let bus = Builder::session()?.method_timeout(PATIENCE).build()?;
            let asked = ("org.freedesktop.portal.FileChooser", "version");
            bus.call_method(Some(PORTAL), PATH, Some("org.freedesktop.DBus.Properties"), "Get", &asked).map(drop)
        };
        if portal().is_ok() {
            return ShownBy::Desktop;
        }
        if is_on(&std::env::var_os("PATH").unwrap_or_default(), "zenity") { ShownBy::Zenity } else { ShownBy::Nobody }
    }

    /// Whether a program is in one of these folders.
    pub fn is_on(path: &OsStr, program: &str) -> bool {
        std::env::split_paths(path).any(|folder| folder.join(program).is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn a_program_is_found_where_it_lies_on_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = std::env::join_paths([Path::new("/no/such/folder"), folder.path()]).unwrap();
        assert!(!desktop::is_on(&path, "zenity"));
        std::fs::create_dir(folder.path().join("zenity")).unwrap();
        assert!(!desktop::is_on(&path, "zenity"), "a folder is no program");
        std::fs::write(folder.path().join("kdialog"), "").unwrap();
        assert!(desktop::is_on(&path, "kdialog"));
    }

    #[test]
    fn a_folder_that_is_gone_is_not_begun_in() {
        assert_eq!(Chooser::new("Open").begin_in(Some(Path::new("/no/such/folder"))).folder, None);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Chooser::new("Open").begin_in(Some(folder.path())).folder.as_deref(), Some(folder.path()));
    }
}
