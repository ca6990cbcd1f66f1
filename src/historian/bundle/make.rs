//! Writes a bundle. The plant may be running, here or in another process: history and journal are read beside it.
//!
//! Invariant: the file is there whole under its name or not at all; a kill at any moment leaves what was there before.
//! Invariant: memory does not grow with what is packed.

use super::beside::beside;
use super::manifest::{self, LeftOut, Manifest, PartRow};
use super::scratch::Scratch;
use super::zip::Writer;
use crate::historian::chain::hex;
use crate::historian::history::HISTORY_FILE;
use crate::historian::history::query::HistoryReader;
use crate::historian::history::slice::{Slice, Sliced};
use crate::historian::members::MEMBERS_FILE;
use crate::historian::{FileError, JOURNAL_FILE, JournalReader};
use crate::project::{Issue, Project, Severity};
use crate::text::visible;
use crate::time::{Span, Utc};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// From this time.
    Time(Utc),
    /// So long before the end.
    Last(Span),
}

/// What is to go into a bundle, and where it goes.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The project's text, byte for byte.
    pub text: &'a [u8],
    /// What it says.
    pub project: &'a Project,
    /// What is wrong with it.
    pub issues: &'a [Issue],
    /// Name of its file.
    pub name: &'a str,
    /// Where history and journal lie.
    pub data_folder: &'a Path,
    /// From when on.
    pub since: Since,
    /// Up to before this time, as far as is recorded; `None`: all that is.
    pub to: Option<Utc>,
    /// Where it goes.
    pub output: &'a Path,
    /// Whether a file that is there already may go.
    pub replace: bool,
    /// The time now.
    pub now: Utc,
}

/// How far it is, for whoever waits; and whether to go on.
#[derive(Debug, Default)]
pub struct Working {
    /// Tags that are done.
    pub tags: AtomicU64,
    /// Of so many.
    pub of: AtomicU64,
    /// Samples that are done.
    pub samples: AtomicU64,
    /// To be ended; nothing is left of it then.
    pub stop: AtomicBool,
}

/// A bundle that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What is in it.
    pub manifest: Manifest,
    /// How large it is.
    pub bytes: u64,
    /// Parts of the history that are damaged; each is a gap.
    pub damaged: u64,
}

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// It was to stop.
    #[error("stopped; no bundle was made")]
    Stopped,
    /// The call is at fault: what, and what would be right.
    #[error("{0}")]
    Asked(String),
    /// Its place is taken, by a file that may not go unasked.
    #[error("{0} is there already; choose another name")]
    There(String),
    /// The project's text may hold a password.
    #[error("{0}")]
    Secret(String),
    /// Nothing was recorded, or not then.
    #[error("{0}")]
    Nothing(String),
    /// History or journal cannot be read, or their slices not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The disk refuses.
    #[error("{} could not be written: {source}; make room, or choose another place", path.display())]
    Disk {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Makes it. For a thread that may wait for a disk.
///
/// # Errors
/// Why there is none; nothing is left of it.
pub fn make(wanted: &Wanted<'_>, working: &Working) -> Result<Made, MakeError> {
    check_text(wanted)?;
    check_place(wanted)?;
    let nothing = |why: String| Err(MakeError::Nothing(why));
    let folder = wanted.data_folder.display();
    let Some(history) = HistoryReader::open(wanted.data_folder, None)? else {
        return nothing(format!("there is no history in {folder} yet; run the project first"));
    };
    let Some(recorded) = history.recorded_to()? else {
        return nothing(format!("nothing is recorded in {folder} yet; run the project first"));
    };
    // Where all is wanted, the last instant is in it too.
    let to = wanted.to.map_or(recorded, |to| to.min(recorded));
    let until = wanted.to.filter(|to| *to <= recorded).unwrap_or(Utc(recorded.0.saturating_add(1)));
    let from = match wanted.since {
        Since::Time(from) => from,
        Since::Last(span) => to + Span(-span.0),
    };
    if from >= to {
        let (from, recorded) = (from.to_rfc3339(), recorded.to_rfc3339());
        return nothing(format!("nothing is recorded from {from} on; what is recorded ends at {recorded}"));
    }
    let refused = |path: &Path, source| MakeError::Disk { path: path.to_owned(), source };
    let scratch = Scratch::new().map_err(|error| refused(Path::new("the folder for temporary files"), error))?;
    let told = &mut |tags: u64, of: u64, samples: u64| {
        for (place, number) in [(&working.tags, tags), (&working.of, of), (&working.samples, samples)] {
            place.store(number, Ordering::Relaxed);
        }
    };
    let slice = Slice { range: from..until, to };
    let sliced = slice.write(&history, scratch.path(), &working.stop, told)?.ok_or(MakeError::Stopped)?;
    drop(history);
    let entries = match JournalReader::open(wanted.data_folder)? {
        Some(journal) => journal.slice(from, to, scratch.path(), &working.stop)?.ok_or(MakeError::Stopped)?,
        None => 0,
    };
    let mut place = Place::beside(wanted.output).map_err(|error| refused(wanted.output, error))?;
    let manifest = Packing { wanted, working, scratch: scratch.path(), sliced, entries, from, to };
    let (manifest, bytes) = manifest.pack(&mut place.file).map_err(|error| {
        let stopped = working.stop.load(Ordering::Relaxed);
        if stopped { MakeError::Stopped } else { refused(wanted.output, error) }
    })?;
    place.keep().map_err(|error| refused(wanted.output, error))?;
    Ok(Made { manifest, bytes, damaged: sliced.damaged })
}

/// A text that may hold a password goes nowhere.
fn check_text(wanted: &Wanted<'_>) -> Result<(), MakeError> {
    let tells = |issue: &&Issue| {
        issue.severity == Severity::Error
            && [&issue.message, &issue.mend].iter().any(|words| words.contains("password"))
    };
    let Some(issue) = wanted.issues.iter().find(tells) else { return Ok(()) };
    let (line, what) = (issue.place.line, &issue.message);
    let mend = "take it out of the text before it is given away; \"watchkeeper secret set\" keeps it on this computer";
    Err(MakeError::Secret(format!("a password may stand in line {line} of the project ({what}); {mend}")))
}

/// What is there already goes only where that was said, and never what belongs to the plant.
fn check_place(wanted: &Wanted<'_>) -> Result<(), MakeError> {
    let shown = visible(&wanted.output.display().to_string()).into_owned();
    let asked = |why: &str| Err(MakeError::Asked(format!("{shown} {why}")));
    let Ok(found) = fs::symlink_metadata(wanted.output) else { return Ok(()) };
    let whole = |path: &Path| fs::canonicalize(path).ok();
    let there = whole(wanted.output);
    let in_data = there.as_deref().and_then(Path::parent).map(Path::to_owned) == whole(wanted.data_folder);
    let is_project = wanted.project.path.as_deref().and_then(whole) == there;
    match () {
        () if wanted.output.is_dir() => asked("is a folder; name a file in it"),
        () if !found.is_file() => asked("is no file; choose another name"),
        () if there.is_some() && (in_data || is_project) => {
            asked("belongs to the project and is not replaced; choose another name")
        }
        () if !wanted.replace => Err(MakeError::There(shown)),
        () => Ok(()),
    }
}

/// All that goes in.
struct Packing<'a> {
    wanted: &'a Wanted<'a>,
    working: &'a Working,
    scratch: &'a Path,
    sliced: Sliced,
    entries: u64,
    from: Utc,
    to: Utc,
}

impl Packing<'_> {
    fn pack(&self, file: &mut File) -> io::Result<(Manifest, u64)> {
        let Wanted { text, project, name, now, .. } = *self.wanted;
        let mut zip = Zip { writer: Writer::new(BufWriter::new(file), now), parts: Vec::new(), working: self.working };
        let plant = if project.name.is_empty() { name.to_owned() } else { project.name.clone() };
        let (from, to) = (self.from.to_rfc3339_exact(), self.to.to_rfc3339_exact());
        zip.bytes(manifest::README, readme(&plant, &from, &to).as_bytes())?;
        let main = format!("{}{name}", manifest::PROJECT_FOLDER);
        zip.bytes(&main, text)?;
        // Two ways to write one name are one file.
        let mut known = BTreeSet::from([main.clone()]);
        let left_out: Vec<LeftOut> = beside(project, |(name, bytes)| {
            let name = format!("{}{name}", manifest::PROJECT_FOLDER);
            if known.insert(name.clone()) { zip.bytes(&name, &bytes) } else { Ok(()) }
        })?;
        zip.file(manifest::HISTORY, &self.scratch.join(HISTORY_FILE))?;
        if self.entries > 0 {
            zip.file(manifest::JOURNAL, &self.scratch.join(JOURNAL_FILE))?;
        }
        let members = self.wanted.data_folder.join(MEMBERS_FILE);
        if !project.families.is_empty() && members.is_file() {
            zip.file(manifest::MEMBERS, &members)?;
        }
        let manifest = Manifest {
            watchkeeper_bundle: manifest::FORMAT,
            made_by: format!("watchkeeper {}", env!("CARGO_PKG_VERSION")),
            made: now.to_rfc3339(),
            plant,
            from,
            to,
            project: main,
            tags: self.sliced.tags,
            samples: self.sliced.samples,
            entries: self.entries,
            parts: std::mem::take(&mut zip.parts),
            left_out,
        };
        let mut bytes = serde_json::to_vec_pretty(&manifest)?;
        bytes.push(b'\n');
        zip.bytes(manifest::MANIFEST, &bytes)?;
        let file = zip.writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        let bytes = file.metadata()?.len();
        Ok((manifest, bytes))
    }
}

struct Zip<'a> {
    writer: Writer<BufWriter<&'a mut File>>,
    parts: Vec<PartRow>,
    working: &'a Working,
}

impl Zip<'_> {
    fn bytes(&mut self, name: &str, mut bytes: &[u8]) -> io::Result<()> {
        self.add(name, bytes.len() as u64, &mut bytes)
    }

    fn file(&mut self, name: &str, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        self.add(name, bytes, &mut BufReader::new(file))
    }

    fn add(&mut self, name: &str, bytes: u64, from: &mut dyn io::Read) -> io::Result<()> {
        let go_on = &mut || {
            let stop = self.working.stop.load(Ordering::Relaxed);
            if stop { Err(io::Error::other("stopped")) } else { Ok(()) }
        };
        let sha256 = hex(&self.writer.add(name, bytes, from, go_on)?);
        self.parts.push(PartRow { name: name.to_owned(), bytes, sha256 });
        Ok(())
    }
}

fn readme(plant: &str, from: &str, to: &str) -> String {
    format!(
        "This is a bundle of {plant}, recorded by Watchkeeper from {from} to {to}.\n\n\
         watchkeeper FILE opens it to look at: displays, trends, journal. Nothing is asked of any device.\n\n\
         project/        the project's text, and the pictures beside it\n\
         history.sqlite  recorded samples, an SQLite database; watchkeeper export FILE writes them as CSV\n\
         journal.sqlite  alarms and what people did, an SQLite database\n\
         manifest.json   what is in here, with the SHA-256 of each part\n\n\
         To make a project of it again, unpack this file and open the text in the folder project.\n"
    )
}

/// A file under another name, until it is whole. Dropped before, it goes.
struct Place {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Place {
    fn beside(path: &Path) -> io::Result<Self> {
        let Some(name) = path.file_name() else { return Err(io::ErrorKind::InvalidFilename.into()) };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.part", std::process::id()));
        let temporary = path.with_file_name(hidden);
        let file = File::create(&temporary)?;
        Ok(Self { file, temporary, path: path.to_owned(), kept: false })
    }

    fn keep(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.kept {
            // A leftover under a temporary name is no more than litter.
            drop(fs::remove_file(&self.temporary));
        }
    }
}
