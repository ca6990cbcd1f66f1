//! Forgetting topics that were found, while nobody watches the plant.

use super::force::forgotten_words;
use super::ground::{Ground, prepare};
use super::{Loaded, StartError, WhenHeld};
use crate::engine::{Actor, Entry, Event, Generation, Mode, Plan};
use crate::historian::members;
use crate::project::family::{expand, member_named};
use crate::time::Clock;

/// Why nothing was forgotten.
#[derive(Debug, thiserror::Error)]
pub enum ForgetError {
    /// There is no such topic; what would be right.
    #[error("{0}")]
    Unknown(String),
    /// The data folder or its journal cannot be had.
    #[error(transparent)]
    Folder(#[from] StartError),
    /// The disk refuses.
    #[error("could not be kept: {0}")]
    Disk(#[from] std::io::Error),
}

/// Forgets topics, each by its name or that of a tag of it, in a project's data folder that no other process holds; and
/// writes into the journal what has gone, which it tells in words. All of them, or none.
///
/// # Errors
/// See [`ForgetError`].
pub fn forget(loaded: &Loaded, names: &[String], actor: &Actor, clock: &Clock) -> Result<Vec<String>, ForgetError> {
    let folder = loaded.project.data_folder().unwrap_or_default();
    let (all, _damaged) = members::read(&folder)?;
    let project = expand(&loaded.project, &all).0;
    let mut gone = Vec::new();
    for name in names {
        let member = member_named(&project, &all, name).map_err(ForgetError::Unknown)?;
        if !gone.contains(member) {
            gone.push(member.clone());
        }
    }
    let (plan, _told_by_check) = Plan::compile(project.into(), Generation(1), Mode::Live);
    let path = loaded.project.path.as_deref();
    let ground = prepare(&folder, path, &plan, actor, clock, WhenHeld::Refuse)?;
    let Ground::Owned(folder, mut journal, _told_at_start) = ground else {
        return Err(ForgetError::Unknown("the data folder is another's".to_owned()));
    };
    let now = clock.now().utc;
    let entry = |event: Event, note: &str| {
        let mut entry = Entry::new(now, event);
        entry.by = Some(actor.clone());
        entry.note = Some(note.into());
        entry
    };
    let words: Vec<String> = gone.iter().map(|member| forgotten_words(&plan.project, member)).collect();
    // As of a run that does nothing else: the next one sees that the one before it ended in order.
    let mut entries = vec![entry(Event::Started, "to forget topics, watching nothing")];
    entries.extend(words.iter().map(|words| entry(Event::Deployed, words)));
    entries.push(entry(Event::Stopped, "topics are forgotten"));
    journal.append(&entries.iter().collect::<Vec<_>>()).map_err(StartError::from)?;
    // Whoever held the folder until a moment ago may have found more.
    let left: Vec<_> = members::read(folder.path())?.0.into_iter().filter(|member| !gone.contains(member)).collect();
    members::write(folder.path(), &left)?;
    Ok(words)
}
