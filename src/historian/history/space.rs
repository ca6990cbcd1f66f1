//! Room on a disk.

use std::path::Path;

/// Room on the disk where a file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that this user may still write.
    pub free: u64,
    /// Bytes of the whole disk.
    pub size: u64,
}

/// Where this file lies. `None`: not known, as on systems that tell it in another way.
#[cfg(unix)]
pub fn of(path: &Path) -> Option<Space> {
    let told = rustix::fs::statvfs(path).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
    Some(Space { free: bytes(told.f_bavail), size: bytes(told.f_blocks) })
}

/// Where this file lies. `None`: not known, as on systems that tell it in another way.
#[cfg(not(unix))]
pub fn of(_path: &Path) -> Option<Space> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_disk_has_a_size_and_a_missing_file_lies_on_none() {
        let folder = tempfile::tempdir().unwrap();
        let space = of(folder.path()).unwrap();
        assert!(space.size > 0 && space.free <= space.size);
        assert_eq!(of(&folder.path().join("missing")), None);
    }
}
