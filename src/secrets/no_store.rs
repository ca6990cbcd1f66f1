//! No key store: a gateway's build on Linux speaks to none.

use super::Secret;

const WHY: &str = "this build of the program speaks to no key store";

pub(super) fn find(_name: &str) -> Result<Option<Secret>, String> {
    Err(WHY.to_owned())
}

pub(super) fn set(_name: &str, _secret: &Secret) -> Result<(), String> {
    Err(WHY.to_owned())
}

pub(super) fn list() -> Result<Vec<String>, String> {
    Err(WHY.to_owned())
}

/// Where nothing is kept there is nothing to remove, and that is no fault.
#[expect(clippy::unnecessary_wraps, reason = "as the store that there is")]
pub(super) fn remove(_name: &str) -> Result<bool, String> {
    Ok(false)
}
