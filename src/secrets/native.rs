//! The key stores of macOS (the login keychain) and Windows (Credential Manager), which `keyring-core` asks in one way.
//!
//! Limitations: macOS asks the person at the screen once whether a program that was changed, by an update too, may read
//! what the one before it kept. Windows keeps 2560 bytes at most; what is longer is kept in a file.
//! On other systems this is built for tests alone, over a store in memory.

#[cfg(target_os = "macos")]
#[path = "native/macos.rs"]
mod platform;
#[cfg(windows)]
#[path = "native/windows.rs"]
mod platform;
#[cfg(not(any(windows, target_os = "macos")))]
#[path = "native/memory.rs"]
mod platform;

use super::Secret;
use keyring_core::{CredentialStore, Entry, Error};
use std::sync::Arc;

/// By which our items are found among all others.
const SERVICE: &str = "watchkeeper";

fn open() -> Result<Arc<CredentialStore>, String> {
    platform::store().map_err(|error| format!("there is none: {error}"))
}

fn entry(name: &str) -> Result<Entry, String> {
    let how = platform::HOW_KEPT.iter().copied().collect();
    Entry::new_in_store_with_modifiers(&open()?, SERVICE, name, &how).map_err(|error| error.to_string())
}

pub(super) fn find(name: &str) -> Result<Option<Secret>, String> {
    match entry(name)?.get_secret() {
        Ok(value) => Secret::from_bytes(value).map(Some).map_err(|why| format!("the secret in it {why}")),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn set(name: &str, secret: &Secret) -> Result<(), String> {
    entry(name)?.set_secret(secret.expose().as_bytes()).map_err(|error| error.to_string())
}

pub(super) fn list() -> Result<Vec<String>, String> {
    let ours = platform::OURS.iter().copied().collect();
    let found = open()?.search(&ours).map_err(|error| error.to_string())?;
    let name = |entry: &Entry| match entry.get_specifiers() {
        Some((service, name)) if service == SERVICE => Some(name),
        _ => None,
    };
    Ok(found.iter().filter_map(name).collect())
}

pub(super) fn remove(name: &str) -> Result<bool, String> {
    match entry(name)?.delete_credential() {
        Ok(()) => Ok(true),
        Err(Error::NoEntry) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

/// Of the store in memory: nobody's keychain is touched.
#[cfg(all(test, not(any(windows, target_os = "macos"))))]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_listed_and_removed_and_nothing_else() {
        let secret = |value: &str| Secret::new(value.to_owned()).unwrap();
        assert_eq!(find("site"), Ok(None));
        assert_eq!(remove("site"), Ok(false));
        set("site", &secret("first")).unwrap();
        set("site", &secret("Correct-Horse ")).unwrap();
        set("other", &secret("x")).unwrap();
        let of_another = Entry::new_in_store(&open().unwrap(), "somebody-else", "theirs").unwrap();
        of_another.set_secret(b"y").unwrap();
        assert_eq!(find("site").unwrap().unwrap().expose(), "Correct-Horse ");
        let mut names = list().unwrap();
        names.sort();
        assert_eq!(names, ["other", "site"]);
        assert_eq!((remove("site"), remove("site"), find("site")), (Ok(true), Ok(false), Ok(None)));
        Entry::new_in_store(&open().unwrap(), SERVICE, "odd").unwrap().set_secret(b"\xff").unwrap();
        assert_eq!(find("odd"), Err("the secret in it is no text (UTF-8)".to_owned()));
    }
}
