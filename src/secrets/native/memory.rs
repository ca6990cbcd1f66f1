//! A store in memory, for tests on systems that have neither of the others.

use keyring_core::{CredentialStore, Result, mock};
use std::sync::{Arc, OnceLock};

pub(super) const HOW_KEPT: [(&str, &str); 0] = [];

pub(super) const OURS: [(&str, &str); 1] = [("service", super::SERVICE)];

/// The same each time.
pub(super) fn store() -> Result<Arc<CredentialStore>> {
    static STORE: OnceLock<Arc<CredentialStore>> = OnceLock::new();
    if STORE.get().is_none() {
        let _another_was_faster = STORE.set(mock::Store::new()?);
    }
    STORE.get().cloned().ok_or(keyring_core::Error::NoDefaultStore)
}
