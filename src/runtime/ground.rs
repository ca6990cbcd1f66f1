//! What a station stands on: its data folder's lock, its journal, and what the journal has to say first.

use super::station::{StartError, WhenHeld};
use crate::engine::{Actor, Entry, Event, Plan};
use crate::historian::journal::Memories;
use crate::historian::{DataFolder, Holder, Journal, JournalReader, LockError};
use crate::historian::{deployed, lock};
use crate::project::{Project, diff};
use crate::time::Clock;
use std::path::Path;

/// What a station stands on.
pub enum Ground {
    /// Nothing on disk.
    Bare,
    /// Another process's journal, read.
    Held(Memories, String),
    /// A folder and journal of our own, and what is to be told of them.
    Owned(DataFolder, Box<Journal>, Vec<String>),
}

/// Takes the folder and opens its journal, or reads that of whoever holds it.
pub fn prepare(
    folder: &Path,
    project: Option<&Path>,
    plan: &Plan,
    actor: &Actor,
    clock: &Clock,
    when_held: WhenHeld,
) -> Result<Ground, StartError> {
    let now = clock.now().utc;
    let holder = Holder::this_process(&actor.user, &actor.computer, now);
    let folder = match DataFolder::take(folder, &holder, project) {
        Ok(folder) => folder,
        Err(LockError::HeldBy(who)) if when_held == WhenHeld::Show => {
            tracing::warn!("the data folder is held by {who}; nothing is acquired here");
            let memories = JournalReader::open(folder)?.map(|journal| journal.memories()).transpose()?;
            return Ok(Ground::Held(memories.unwrap_or_default(), who));
        }
        Err(error) => return Err(error.into()),
    };
    let mut journal = Journal::open(folder.path(), now)?;
    let notices = notices(&folder, &journal);
    for notice in &notices {
        tracing::warn!("{notice}");
    }
    for rename in journal.adopt(plan, now)? {
        tracing::info!("{} is now {}; its state follows", rename.from, rename.to);
    }
    Ok(Ground::Owned(folder, Box::new(journal), notices))
}

/// What a person should know of a journal before they trust its past.
fn notices(folder: &DataFolder, journal: &Journal) -> Vec<String> {
    /// Folders beside this one that are told; more would not be read.
    const MOST: usize = 3;
    let mut notices = Vec::new();
    if let Some(earlier) = folder.earlier_project() {
        let (folder, earlier) = (folder.path().display(), earlier.display());
        notices.push(format!(
            "The journal in {folder} was used by {earlier} too, which still exists; give each project a path of its own in [history]"
        ));
    }
    if let Some((path, why)) = journal.set_aside() {
        notices.push(format!(
            "The journal was damaged ({why}) and a new one was begun; the old one lies in {}, keep it",
            path.display()
        ));
    }
    if journal.entries() == 0 {
        for (orphan, project) in lock::orphans(folder.path()).into_iter().take(MOST) {
            let name = orphan.file_name().unwrap_or(orphan.as_os_str()).to_string_lossy();
            notices.push(format!(
                "This journal is new, but {} holds the one of {}, which is no longer there; if this is that plant renamed, write [history] path = \"{name}\" in the project and open it again: its alarms and acts then go on",
                orphan.display(),
                project.display()
            ));
        }
    }
    notices
}

/// Names that a notice tells before it says how many more there are.
const MOST_NAMED: usize = 10;

/// What was forced by hand or simulated when the last run ended: the first plan of this one ends it.
pub fn released_at_start(memories: &Memories) -> Option<String> {
    let names: Vec<&str> = memories.iter().filter(|(_, m)| m.forced.is_some()).map(|(name, _)| name.as_ref()).collect();
    let (first, more) = names.split_at(names.len().min(MOST_NAMED));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    (!names.is_empty()).then(|| {
        format!(
            "Forced or simulated when the last run ended, and live again since this start: {}{more}",
            first.join(", ")
        )
    })
}

/// What an entry may say of what changed, in bytes.
pub const LONGEST_CHANGES: usize = 4_000;

/// What the project says otherwise than the one that this folder's plant ran with last, in words; and keeps its text for the
/// next start. `None`: there is none to compare with.
pub fn changes_since_the_last(
    folder: &DataFolder,
    journal: &Journal,
    project: &Project,
    text: &[u8],
) -> Option<String> {
    let before = deployed::read(folder.path());
    if before.as_deref() != Some(text)
        && let Err(error) = deployed::write(folder.path(), text)
    {
        tracing::warn!("the project's text could not be kept for the next start to compare with: {error}");
    }
    // A journal that has just begun knows of no project before, whatever lies beside it.
    let before = before.filter(|_| journal.last_at_open().is_some())?;
    if before == text {
        return Some("as at the last start".to_owned());
    }
    let changes = diff::changes(&crate::project::file::read(&before).0, project);
    if changes.is_empty() {
        return Some("written otherwise than at the last start, to the same effect".to_owned());
    }
    Some(format!("since the last start: {}", diff::in_short(&changes, LONGEST_CHANGES)))
}

/// `started` and `deployed`, with what the next reader of the journal has to know.
pub fn opening_entries(
    journal: &Journal,
    plan: &Plan,
    fingerprint: &str,
    changes: Option<String>,
    actor: &Actor,
    clock: &Clock,
) -> [Entry; 2] {
    let now = clock.now().utc;
    let mut note = format!("watchkeeper {}", env!("CARGO_PKG_VERSION"));
    if let Some((event, time)) = journal.last_at_open()
        && event != Event::Stopped.word()
    {
        note.extend(["; the last run ended without a stop, its last entry is of ", &time.to_rfc3339()]);
    }
    if let Some((path, why)) = journal.set_aside() {
        let aside = path.display().to_string();
        note.extend(["; the journal before was damaged (", why, ") and set aside as ", &aside]);
    }
    let mut started = Entry::new(now, Event::Started);
    started.by = Some(actor.clone());
    started.note = Some(note.into());
    let mut deployed = Entry::new(now, Event::Deployed);
    deployed.by = Some(actor.clone());
    deployed.subject = Some(plan.project.name.as_str().into());
    let mut note = format!("{} tags, {} alarms, sha256 {fingerprint}", plan.tags.len(), plan.alarms.len());
    if let Some(changes) = changes {
        note.extend(["; ", &changes]);
    }
    deployed.note = Some(note.into());
    [started, deployed]
}
