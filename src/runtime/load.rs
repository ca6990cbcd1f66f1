//! A project's file, read once: its values, its faults, and the fingerprint that the journal keeps of it.

use crate::project::{self, Issue, Project, Severity};
use sha2::{Digest as _, Sha256};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io, path};

/// A hundred times the largest project; a device file would never end.
const LARGEST_BYTES: u64 = 256 * 1024 * 1024;

/// A project as read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What is not at fault.
    pub project: Arc<Project>,
    /// Faults of the text.
    pub issues: Vec<Issue>,
    /// SHA-256 of the text, as hex: which version of the project was in force.
    pub fingerprint: String,
}

impl Loaded {
    /// From text that is in memory; `path` is where it came from, if anywhere.
    pub fn from_bytes(bytes: &[u8], path: Option<&Path>) -> Self {
        let (project, issues) = match path {
            Some(path) => project::file::read_named(bytes, path.to_owned()),
            None => project::file::read(bytes),
        };
        let fingerprint = crate::historian::chain::hex(&Sha256::digest(bytes));
        Self { project: Arc::new(project), issues, fingerprint }
    }

    /// Whether the file as a whole could not be taken (no text, no TOML, a newer format), so that there is nothing to run.
    pub fn is_empty(&self) -> bool {
        let Project { devices, tags, displays, .. } = self.project.as_ref();
        let nothing = devices.is_empty() && tags.is_empty() && displays.is_empty();
        nothing && self.issues.iter().any(|i| i.severity == Severity::Error)
    }
}

/// Reads a project's file. Only a file that cannot be read is an error; faults in it are issues.
pub fn load(path: &Path) -> io::Result<Loaded> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(io::Error::other("it is larger than 256 MiB, and no project"));
    }
    // Absolute, so that the data folder remembers it whatever the working directory is next time.
    let path = path::absolute(path)?;
    Ok(Loaded::from_bytes(&bytes, Some(&path)))
}
