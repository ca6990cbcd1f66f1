//! The login keychain.

use keyring_core::{CredentialStore, Result};
use std::sync::Arc;

/// Nothing needs to be said.
pub(super) const HOW_KEPT: [(&str, &str); 0] = [];

/// What finds our items.
pub(super) const OURS: [(&str, &str); 1] = [("service", super::SERVICE)];

pub(super) fn store() -> Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}
