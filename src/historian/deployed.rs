//! The text of the project that was put into force last, kept in the data folder: what the next start compares with, so that
//! the journal can say in words what changed between them.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

/// Its name in the data folder.
pub const DEPLOYED_FILE: &str = "deployed.toml";

/// The text. `None`: there is none, or it cannot be read.
pub fn read(folder: &Path) -> Option<Vec<u8>> {
    fs::read(folder.join(DEPLOYED_FILE)).ok()
}

/// Keeps another text, whole or not at all.
///
/// # Errors
/// Where the disk refuses; what was kept before is still there.
pub fn write(folder: &Path, text: &[u8]) -> std::io::Result<()> {
    let (path, temporary) = (folder.join(DEPLOYED_FILE), folder.join(format!("{DEPLOYED_FILE}-new")));
    let mut file = File::create(&temporary)?;
    file.write_all(text)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, &path)
}
