//! Secrets by name: a project says which, and this finds the value where it is kept on this computer.
//!
//! | asked in this order | is |
//! | --- | --- |
//! | environment | `WATCHKEEPER_SECRET_NAME`, for a service or a container |
//! | [`mod@file`] | a file that its owner alone can read, in the user's configuration |
//! | `store`, `native` | the system's key store: the Secret Service of a Linux desktop (cargo feature `window`), Keychain, Credential Manager |
//!
//! Invariant: a value is in a [`Secret`], which says nothing of itself: no log, title, crash report or journal can show it.

pub mod file;
#[cfg(any(windows, target_os = "macos", test))]
mod native;
#[cfg(all(feature = "window", unix, not(target_os = "macos")))]
mod store;
#[cfg(not(any(windows, target_os = "macos", all(feature = "window", unix))))]
#[path = "no_store.rs"]
mod store;
#[cfg(any(windows, target_os = "macos"))]
use native as store;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// Longest value, in bytes: far more than any password or token has.
pub const LONGEST_BYTES: usize = 64 * 1024;

/// Longest name.
const LONGEST_NAME: usize = 100;

/// A value that is nobody's to read.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value: text, not empty, of at most [`LONGEST_BYTES`].
    ///
    /// # Errors
    /// What is wrong with it, without saying what it is.
    pub fn new(value: String) -> Result<Self, &'static str> {
        if value.is_empty() {
            Err("is empty")
        } else if value.len() > LONGEST_BYTES {
            Err("is longer than 64 KiB")
        } else if value.contains('\0') {
            Err("has a NUL in it")
        } else {
            Ok(Self(value))
        }
    }

    /// The same from bytes as a file or a pipe has them: a line's end behind it is not part of it.
    ///
    /// # Errors
    /// As [`Secret::new`]; or it is no UTF-8.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, &'static str> {
        let mut value = String::from_utf8(bytes).map_err(|_bytes_are_secret| "is no text (UTF-8)")?;
        if value.ends_with('\n') {
            value.pop();
            if value.ends_with('\r') {
                value.pop();
            }
        }
        Self::new(value)
    }

    /// The value, for who must hand it on.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Nothing of it, not even its length.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Where a secret is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The environment of this process.
    Environment,
    /// A file.
    File,
    /// The system's key store.
    KeyStore,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "environment",
            Self::File => "file",
            Self::KeyStore => "key store",
        })
    }
}

/// Names of secrets, each with its place.
pub type Kept = Vec<(String, Place)>;

/// Where secrets are looked for.
#[derive(Debug, Clone)]
pub struct Places {
    /// The value of an environment variable.
    pub environment: fn(&str) -> Option<OsString>,
    /// The folder of files; `None`: this user has none.
    pub folder: Option<PathBuf>,
    /// Whether the key store is asked.
    pub key_store: bool,
}

impl Places {
    /// Those of this user on this computer.
    pub fn of_this_user() -> Self {
        let folder = directories::ProjectDirs::from("", "", "watchkeeper").map(|d| d.config_dir().join("secrets"));
        Self { environment: |name| std::env::var_os(name), folder, key_store: true }
    }

    /// The value of a secret. May wait for the key store, up to some seconds.
    ///
    /// # Errors
    /// Why there is none, and what to do.
    pub fn find(&self, name: &str) -> Result<Secret, String> {
        check_name(name)?;
        let variable = environment_variable(name);
        if let Some(value) = (self.environment)(&variable) {
            let value = value.into_string().map_err(|_value_is_secret| format!("{variable} is no text (UTF-8)"))?;
            return Secret::new(value).map_err(|why| format!("{variable} {why}"));
        }
        if let Some(folder) = &self.folder
            && let Some(secret) = file::read(folder, name)?
        {
            return Ok(secret);
        }
        let mut beside = String::new();
        if self.key_store {
            match store::find(name) {
                Ok(Some(secret)) => return Ok(secret),
                Ok(None) => {}
                Err(why) => beside = format!(" (the key store was not asked: {why})"),
            }
        }
        Err(format!(
            "secret {name} is not set; run \"watchkeeper secret set {name}\", or set the environment variable {variable}{beside}"
        ))
    }

    /// Keeps a secret: in the key store, where there is one that takes it and `file_only` is not asked for, else in a file.
    /// It is then in one of the two alone. Tells where, and why not in the key store.
    ///
    /// # Errors
    /// Why it could not be kept, in words.
    pub fn set(&self, name: &str, secret: &Secret, file_only: bool) -> Result<(Place, Option<String>), String> {
        check_name(name)?;
        let why = if file_only {
            None
        } else if self.key_store {
            match store::set(name, secret) {
                Ok(()) => {
                    // The file would be found first, with the value of before.
                    self.folder.as_deref().map_or(Ok(false), |folder| file::remove(folder, name))?;
                    return Ok((Place::KeyStore, None));
                }
                Err(why) => Some(why),
            }
        } else {
            None
        };
        let folder = self.folder.as_deref().ok_or("this user has no folder for configuration; set HOME")?;
        file::write(folder, name, secret)?;
        if self.key_store {
            // What is there is not asked for any more; that it cannot be reached is no fault of this act.
            let _found_or_not = store::remove(name);
        }
        Ok((Place::File, why))
    }

    /// Names of all secrets that are kept, each with its place; and why the key store could not tell.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> Result<(Kept, Option<String>), String> {
        let files = self.folder.as_deref().map_or_else(|| Ok(Vec::new()), file::list)?;
        let mut all: Kept = files.into_iter().map(|name| (name, Place::File)).collect();
        let mut untold = None;
        if self.key_store {
            match store::list() {
                Ok(names) => all.extend(names.into_iter().map(|name| (name, Place::KeyStore))),
                Err(why) => untold = Some(why),
            }
        }
        all.sort();
        Ok((all, untold))
    }

    /// Forgets a secret; where it was. What stands in the environment is not ours to remove.
    ///
    /// # Errors
    /// Why it could not be removed.
    pub fn remove(&self, name: &str) -> Result<Vec<Place>, String> {
        check_name(name)?;
        let mut places = Vec::new();
        if let Some(folder) = &self.folder
            && file::remove(folder, name)?
        {
            places.push(Place::File);
        }
        if self.key_store && store::remove(name)? {
            places.push(Place::KeyStore);
        }
        Ok(places)
    }
}

/// The value of a secret of this user; see [`Places::find`].
///
/// # Errors
/// Why there is none, and what to do.
pub fn find(name: &str) -> Result<Secret, String> {
    Places::of_this_user().find(name)
}

/// The environment variable of a secret: `site-broker` is in `WATCHKEEPER_SECRET_SITE_BROKER`.
pub fn environment_variable(name: &str) -> String {
    let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("WATCHKEEPER_SECRET_{}", name.chars().map(upper).collect::<String>())
}

/// A name as a project may write it, and a file be called.
fn check_name(name: &str) -> Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(legal) {
        return Ok(());
    }
    Err("the name of a secret has letters, digits, - and _ alone, and at most 100 of them".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(folder: &std::path::Path, environment: fn(&str) -> Option<OsString>) -> Places {
        Places { environment, folder: Some(folder.to_owned()), key_store: false }
    }

    #[test]
    fn the_environment_comes_before_the_file_and_a_missing_one_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let bare = places(folder.path(), |_| None);
        assert_eq!(
            bare.find("site-broker").unwrap_err(),
            "secret site-broker is not set; run \"watchkeeper secret set site-broker\", \
             or set the environment variable WATCHKEEPER_SECRET_SITE_BROKER"
        );
        let kept = Secret::new("of the file".to_owned()).unwrap();
        assert_eq!(bare.set("site-broker", &kept, false).unwrap(), (Place::File, None));
        assert_eq!(bare.find("site-broker").unwrap().expose(), "of the file");
        let set: fn(&str) -> Option<OsString> =
            |name| (name == "WATCHKEEPER_SECRET_SITE_BROKER").then(|| "of the environment".into());
        assert_eq!(places(folder.path(), set).find("site-broker").unwrap().expose(), "of the environment");
        assert_eq!(bare.list().unwrap(), (vec![("site-broker".to_owned(), Place::File)], None));
        assert_eq!(bare.remove("site-broker").unwrap(), [Place::File]);
        assert_eq!(bare.remove("site-broker").unwrap(), []);
        assert!(bare.find("site-broker").is_err());
    }

    #[test]
    fn a_name_never_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let places = places(folder.path(), |_| None);
        for name in ["", "../x", "a/b", "a.b", "ä", &"a".repeat(101)] {
            assert!(places.find(name).unwrap_err().starts_with("the name of a secret has"), "{name}");
            assert!(places.remove(name).is_err());
        }
    }

    #[test]
    fn a_value_is_taken_without_its_line_end_and_never_shown() {
        let secret = Secret::from_bytes(b" correct horse \r\n".to_vec()).unwrap();
        assert_eq!(secret.expose(), " correct horse ");
        assert_eq!(format!("{secret:?}"), "Secret");
        assert_eq!(Secret::from_bytes(b"\n".to_vec()), Err("is empty"));
        assert_eq!(Secret::from_bytes(vec![0xFF]), Err("is no text (UTF-8)"));
        assert_eq!(Secret::from_bytes(b"a\0b".to_vec()), Err("has a NUL in it"));
        assert_eq!(Secret::new("x".repeat(LONGEST_BYTES + 1)), Err("is longer than 64 KiB"));
    }
}
