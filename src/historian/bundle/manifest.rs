//! What is in a bundle: `manifest.json`, its last part.

use crate::time::Utc;
use serde::{Deserialize, Serialize};

/// Its name in the bundle.
pub const MANIFEST: &str = "manifest.json";
/// The history.
pub const HISTORY: &str = "history.sqlite";
/// The journal.
pub const JOURNAL: &str = "journal.sqlite";
/// Topics that were found and make tags by a name pattern, where the project has any.
pub const MEMBERS: &str = "members.txt";
/// Words for who opens it with something else.
pub const README: &str = "README.txt";
/// The folder of the project and of what lies beside it.
pub const PROJECT_FOLDER: &str = "project/";

/// The format that this version writes. A newer one is refused.
pub const FORMAT: u32 = 1;

/// Larger than every manifest.
pub const MOST_BYTES: u64 = 1 << 20;

/// What is in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// Number of the format.
    pub watchkeeper_bundle: u32,
    /// The program that made it, with its version.
    pub made_by: String,
    /// When, RFC 3339.
    pub made: String,
    /// What the plant is called.
    pub plant: String,
    /// The samples and entries are from this time on, RFC 3339.
    pub from: String,
    /// And up to here: later than this nothing is known.
    pub to: String,
    /// The part that is the project's text.
    pub project: String,
    /// Tags of which samples are in it.
    pub tags: u64,
    /// How many samples.
    pub samples: u64,
    /// How many entries of the journal.
    pub entries: u64,
    /// All parts but this one.
    pub parts: Vec<PartRow>,
    /// What the project's text names and is not in it.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

/// A part of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRow {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of it, in hex.
    pub sha256: String,
}

/// A file that is not in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// As the text names it.
    pub file: String,
    /// Why.
    pub why: String,
}

impl Manifest {
    /// From when.
    pub fn from(&self) -> Option<Utc> {
        Utc::parse_rfc3339(&self.from)
    }

    /// Up to when.
    pub fn to(&self) -> Option<Utc> {
        Utc::parse_rfc3339(&self.to)
    }
}
