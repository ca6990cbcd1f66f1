//! Credential Manager, where ours are called `NAME@watchkeeper`.

use keyring_core::{CredentialStore, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// On this computer alone: a profile that roams would bring a password of this plant to others.
pub(super) const HOW_KEPT: [(&str, &str); 1] = [("persistence", "Local")];

/// What finds our items: a regular expression for what they are called.
pub(super) const OURS: [(&str, &str); 1] = [("pattern", "@watchkeeper$")];

pub(super) fn store() -> Result<Arc<CredentialStore>> {
    let called = HashMap::from([("divider", "@")]);
    Ok(windows_native_keyring_store::Store::new_with_configuration(&called)?)
}
