//! A project's file, read once: its values, its faults, and the fingerprint that the journal keeps of it.

use super::clock::system_clock;
use crate::drivers::modbus::budget;
use crate::engine::{Generation, Mode, Plan};
use crate::historian::bundle::{self, Opened, Unpacking};
use crate::historian::members;
use crate::project::family::expand;
use crate::project::file::nearest::near;
use crate::project::{self, Issue, Project, Severity};
use crate::text::visible;
use crate::time::Utc;
use sha2::{Digest as _, Sha256};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io, path};

/// A hundred times the largest project; a device file would never end.
const LARGEST_BYTES: u64 = 256 * 1024 * 1024;

/// Which version of a project a text is: its SHA-256, as hex.
pub fn fingerprint(text: &[u8]) -> String {
    crate::historian::chain::hex(&Sha256::digest(text))
}

/// A project as read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What is not at fault.
    pub project: Arc<Project>,
    /// Faults of the text, and of the files that it names.
    pub issues: Vec<Issue>,
    /// SHA-256 of the text, as hex: which version of the project was in force.
    pub fingerprint: String,
    /// The text.
    pub text: Arc<[u8]>,
    /// The bundle that it came in; `None`: it is a project of its own.
    pub bundle: Option<Arc<Opened>>,
}

impl Loaded {
    /// From text that is in memory; `path` is where it came from, if anywhere.
    pub fn from_bytes(bytes: &[u8], path: Option<&Path>) -> Self {
        let (project, mut issues) = match path {
            Some(path) => project::file::read_named(bytes, path.to_owned()),
            None => project::file::read(bytes),
        };
        if path.is_some() {
            issues.extend(crate::drivers::tls::files::check(&project));
            issues.extend(crate::picture::check(&project));
        }
        let fingerprint = fingerprint(bytes);
        Self { project: Arc::new(project), issues, fingerprint, text: bytes.into(), bundle: None }
    }

    /// All faults, those of its text and those of its plan, in the order of their places.
    pub fn faults(&self) -> Vec<Issue> {
        let (plan, more) = Plan::compile(Arc::clone(&self.project), Generation(0), Mode::Live);
        let mut issues = self.issues.clone();
        issues.extend(if self.project.families.is_empty() { more } else { Plan::issues(&self.project, Mode::Live) });
        issues.extend(budget::warnings(&plan));
        issues.sort_by(|a, b| (a.place, a.severity, &a.message).cmp(&(b.place, b.severity, &b.message)));
        // Of an array of tags, what is wrong with each stands in one place.
        issues.dedup_by(|a, b| (a.place, a.severity, &a.message) == (b.place, b.severity, &b.message));
        issues
    }

    /// With the tags of topics that were found in earlier runs, as far as its data folder tells of them. A plant takes them up
    /// by itself when it starts.
    #[must_use]
    pub fn with_members(mut self) -> Self {
        let folder = self.project.data_folder().filter(|_| !self.project.families.is_empty());
        if let Some(Ok((members, _damaged))) = folder.map(|folder| members::read(&folder)) {
            self.project = Arc::new(expand(&self.project, &members).0);
        }
        self
    }

    /// The time now; in a bundle that of its end.
    pub fn now(&self) -> Utc {
        self.bundle.as_ref().map_or_else(|| system_clock().now().utc, |bundle| bundle.to)
    }

    /// Whether the file as a whole could not be taken (no text, no TOML, a newer format), so that there is nothing to run.
    pub fn is_empty(&self) -> bool {
        let Project { devices, tags, displays, .. } = self.project.as_ref();
        let nothing = devices.is_empty() && tags.is_empty() && displays.is_empty();
        nothing && self.issues.iter().any(|i| i.severity == Severity::Error)
    }
}

/// Names told of a folder that holds other projects.
const MOST_NAMES: usize = 5;

/// Entries of a folder that are looked at; one may hold a million pictures.
const MOST_ENTRIES: usize = 10_000;

/// Why a project's file could not be read at all, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {mend}")]
pub struct LoadError {
    /// What is missing or refused, and where.
    pub what: String,
    /// What to do.
    pub mend: String,
    /// The name is at fault (no such file, a folder) rather than the disk.
    pub by_name: bool,
}

/// Reads a project's file. Only a file that cannot be read is an error; faults in it are issues.
///
/// # Errors
/// Where there is no such file, or it cannot be read, with what to do.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    if bundle::is_bundle(path) {
        let what = format!("{} is a bundle, to be looked at", shown(path));
        let mend = "open it with watchkeeper FILE, or unpack it and take the project in it";
        return Err(LoadError { what, mend: mend.to_owned(), by_name: true });
    }
    let bytes = read(path)?;
    // Absolute, so that the data folder remembers it whatever the working directory is next time.
    let path = path::absolute(path).map_err(|error| refusal(path, &error))?;
    Ok(Loaded::from_bytes(&bytes, Some(&path)))
}

/// Reads a project's file, or a bundle with all that it tells. Of a bundle the parts are there for as long as the value is.
///
/// # Errors
/// As [`load`], and where a bundle cannot be taken apart.
pub fn load_recorded(path: &Path) -> Result<Loaded, LoadError> {
    load_watched(path, &Unpacking::default())
}

/// The same, for somebody who sees how far it is, and may stop it.
///
/// # Errors
/// As [`load_recorded`].
pub fn load_watched(path: &Path, unpacking: &Unpacking) -> Result<Loaded, LoadError> {
    if !bundle::is_bundle(path) {
        return load(path);
    }
    let damaged = |error: bundle::OpenError| LoadError { what: error.what, mend: error.mend, by_name: false };
    let path = path::absolute(path).map_err(|error| refusal(path, &error))?;
    let opened = bundle::open(&path, unpacking).map_err(damaged)?;
    let bytes = read(&opened.project)?;
    // Without the files of connections, which are not made from here.
    let (mut project, mut issues) = project::file::read_named(&bytes, opened.project.clone());
    issues.extend(crate::picture::check(&project));
    // Wherever the text says that it lies, it is not looked for there.
    project.history.path = Some(opened.data_folder.to_string_lossy().into_owned());
    let loaded = Loaded { project: Arc::new(project), issues, ..Loaded::from_bytes(&bytes, None) };
    Ok(Loaded { bundle: Some(Arc::new(opened)), ..loaded })
}

/// The bytes of a project's file.
///
/// # Errors
/// As [`load`].
pub fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let told = |error: io::Error| refusal(path, &error);
    if path.is_dir() {
        return Err(told(io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(told)?.take(LARGEST_BYTES + 1).read_to_end(&mut bytes).map_err(told)?;
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(told(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

/// From the system's words to what is missing, where, and what to do.
fn refusal(path: &Path, error: &io::Error) -> LoadError {
    let whole = path::absolute(path).unwrap_or_else(|_e| path.to_owned());
    let name = path.file_name().map_or_else(|| shown(path), |name| shown(Path::new(name)));
    let folder = whole.parent().unwrap_or_else(|| Path::new("."));
    let (what, mend, by_name) = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory if !folder.is_dir() => {
            let there = folder.ancestors().skip(1).find(|above| above.is_dir()).unwrap_or_else(|| Path::new("/"));
            let mend = format!("check the path; {} is there", shown(there));
            (format!("there is no folder {}", shown(folder)), mend, true)
        }
        io::ErrorKind::NotFound => {
            (format!("there is no file \"{name}\" in {}", shown(folder)), others(folder, &name), true)
        }
        io::ErrorKind::IsADirectory => {
            (format!("{} is a folder, and a project is one file", shown(&whole)), others(&whole, ""), true)
        }
        io::ErrorKind::PermissionDenied => {
            let mend = "ask its owner for the right to read it, or watch as a user who has it".to_owned();
            (format!("this user may not read {}", shown(&whole)), mend, false)
        }
        io::ErrorKind::FileTooLarge => {
            let mend = "choose a project's own file (*.toml)".to_owned();
            (format!("{} is larger than 256 MiB, and no project", shown(&whole)), mend, true)
        }
        _ => {
            let mend = "check the disk, or copy the file elsewhere and open it there".to_owned();
            (format!("{} could not be read: {error}", shown(&whole)), mend, false)
        }
    };
    LoadError { what, mend, by_name }
}

/// The projects of a folder as a mend, the one first that was probably meant.
fn others(folder: &Path, name: &str) -> String {
    let entries = fs::read_dir(folder).into_iter().flatten().take(MOST_ENTRIES).filter_map(Result::ok);
    let mut names: Vec<String> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) && path.is_file())
        .filter_map(|path| path.file_name().map(|name| shown(Path::new(name))))
        .collect();
    names.sort();
    if names.is_empty() {
        return "no project (*.toml) is in that folder; check the path".to_owned();
    }
    let meant = near(name, names.iter().map(String::as_str)).map(str::to_owned);
    if let Some(meant) = &meant {
        names.retain(|other| other != meant);
        names.insert(0, meant.clone());
    }
    let more = names.len().saturating_sub(MOST_NAMES);
    let listed: Vec<String> = names.iter().take(MOST_NAMES).map(|name| format!("\"{name}\"")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let listed = format!("that folder holds {}{more}", listed.join(", "));
    meant.map_or_else(|| listed.clone(), |meant| format!("did you mean \"{meant}\"? {listed}"))
}

/// A path as people read it.
fn shown(path: &Path) -> String {
    visible(&path.display().to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &Path) -> String {
        load(path).unwrap_err().to_string()
    }

    #[test]
    fn a_missing_project_is_told_with_the_folder_and_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        let missing = folder.path().join("pant.toml");
        let nothing = "no project (*.toml) is in that folder; check the path";
        assert_eq!(told(&missing), format!("there is no file \"pant.toml\" in {at}; {nothing}"));
        for name in ["energy.toml", "plant.toml", "notes.txt", "a.toml", "b.toml", "c.toml", "d.toml"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let listed = "that folder holds \"plant.toml\", \"a.toml\", \"b.toml\", \"c.toml\", \"d.toml\" and 1 more";
        assert_eq!(
            told(&missing),
            format!("there is no file \"pant.toml\" in {at}; did you mean \"plant.toml\"? {listed}")
        );
        assert!(load(&missing).unwrap_err().by_name);
    }

    #[test]
    fn a_folder_is_no_project_and_a_path_that_leads_nowhere_says_how_far_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display().to_string();
        fs::write(folder.path().join("plant.toml"), "").unwrap();
        let mend = "that folder holds \"plant.toml\"";
        assert_eq!(told(folder.path()), format!("{at} is a folder, and a project is one file; {mend}"));
        let nowhere = folder.path().join("x").join("y").join("plant.toml");
        let below = folder.path().join("x").join("y");
        assert_eq!(told(&nowhere), format!("there is no folder {}; check the path; {at} is there", below.display()));
        let behind_file = folder.path().join("plant.toml").join("z.toml");
        assert!(told(&behind_file).starts_with("there is no folder"), "{}", told(&behind_file));
    }

    #[test]
    fn what_the_system_refuses_has_a_mend_and_is_not_the_name_at_fault() {
        let path = Path::new("/plants/riverside.toml");
        let denied = refusal(path, &io::ErrorKind::PermissionDenied.into());
        assert!(denied.to_string().starts_with("this user may not read /plants/riverside.toml; ask its owner"));
        let broken = refusal(path, &io::Error::other("input/output error"));
        assert!(broken.to_string().contains("input/output error; check the disk"));
        assert!(!denied.by_name && !broken.by_name);
    }

    #[test]
    fn a_name_that_would_move_the_cursor_is_shown_escaped() {
        let folder = tempfile::tempdir().unwrap();
        let told = told(&folder.path().join("a\u{1b}[2J\u{202e}.toml"));
        assert!(told.contains("\"a\\u{1B}[2J\\u{202E}.toml\""), "{told}");
    }
}
