//! What an editor asks of the disk, done on a thread of its own: texts read and compiled while they are typed, drafts
//! kept, files saved.
//!
//! Invariant: a draft is on the disk two seconds after a change at the latest, and when the window closes.

use super::Loaded;
use super::drafts::{Drafts, Pace};
use super::load::{fingerprint, read};
use super::save::{save, save_as, stands};
use crate::link::{EditAnswer, EditDesk, EditJob, EditLink, EditNext, Opened, ReadAsk, Reading, SaveError, edit_link};
use crate::project::edit::Kept;
use crate::project::file;
use crate::time::Clock;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{io, thread};

/// Starts it; it ends when the window's end is gone.
///
/// # Errors
/// Where the system gives no thread.
pub fn serve(clock: Clock) -> io::Result<EditLink> {
    let (link, desk) = edit_link();
    let mut disk = Disk { clock, pace: Pace::default(), kept: true, drafts: None };
    thread::Builder::new().name("editing".to_owned()).spawn(move || {
        loop {
            let (pace, clock) = (disk.pace, disk.clock.clone());
            match desk.next(|| pace.wait(clock.now().mono)) {
                EditNext::Job(job) => desk.answer_some(disk.job(job)),
                EditNext::Read(ask) => desk.reading(reading(&ask)),
                EditNext::Keep(path, kept) => desk.answer_some(disk.keep(&path, &kept)),
                EditNext::End => return,
            }
        }
    })?;
    Ok(link)
}

trait AnswerSome {
    fn answer_some(&self, answer: Option<EditAnswer>);
}

impl AnswerSome for EditDesk {
    fn answer_some(&self, answer: Option<EditAnswer>) {
        if let Some(answer) = answer {
            self.answer(answer);
        }
    }
}

fn reading(ask: &ReadAsk) -> Reading {
    let loaded = Loaded::from_bytes(ask.text.as_bytes(), ask.path.as_deref());
    Reading { version: ask.version, project: Arc::clone(&loaded.project), issues: loaded.faults() }
}

struct Disk {
    clock: Clock,
    pace: Pace,
    /// Whether the last draft could be kept.
    kept: bool,
    /// Where the draft of a project is kept that was kept last: found by reading its text, once for each save.
    drafts: Option<(PathBuf, Kept, Drafts)>,
}

impl Disk {
    fn job(&self, job: EditJob) -> Option<EditAnswer> {
        Some(match job {
            EditJob::Open(path) => {
                let opened = open(&path);
                EditAnswer::Opened(path, opened)
            }
            EditJob::Save { path, before, after } => {
                let saved = self.save(&path, &before, &after);
                EditAnswer::Saved(path, saved)
            }
            EditJob::SaveAs { path, text } => {
                let saved = save_as(&path, &text);
                EditAnswer::Saved(path, saved)
            }
            EditJob::GiveUp(path) => {
                let drafts = read(&path).ok().and_then(|text| drafts_of(&path, &text));
                let forgotten = drafts.map_or(Ok(()), |drafts| drafts.forget());
                return forgotten.err().map(|error| EditAnswer::NotKept(error.to_string()));
            }
            EditJob::Snapshots(path) => {
                let drafts = read(&path).ok().and_then(|text| drafts_of(&path, &text));
                let all = drafts.map_or_else(|| Ok(Vec::new()), |drafts| drafts.snapshots());
                EditAnswer::Snapshots(all.map_err(|error| format!("the snapshots cannot be read: {error}")))
            }
            EditJob::Snapshot(snapshot) => {
                let text = Drafts::text_of(&snapshot).map_err(|error| format!("the snapshot cannot be read: {error}"));
                EditAnswer::Snapshot(snapshot, text)
            }
        })
    }

    fn save(&self, path: &Path, before: &[u8], after: &[u8]) -> Result<(), SaveError> {
        if before == after {
            return stands(path, before);
        }
        save(path, before, after)?;
        // It is saved; that its past is not kept besides is no reason to call it failed.
        if let Some(drafts) = drafts_of(path, after) {
            let now = self.clock.now().utc;
            let kept = drafts.snapshot(now, before).and_then(|()| drafts.snapshot(now, after));
            if let Err(error) = kept.and_then(|()| drafts.forget()) {
                tracing::warn!("no snapshot was made beside the save: {error}");
            }
        }
        Ok(())
    }

    fn keep(&mut self, path: &Path, draft: &Kept) -> Option<EditAnswer> {
        let now = self.clock.now();
        let due = self.pace.kept(now.mono);
        let known = self.drafts.take().filter(|(of, last, _)| of == path && last.has_base_of(draft));
        let is_first = known.is_none();
        let drafts = known.map_or_else(|| drafts_of(path, &draft.saved_bytes()), |(_, _, drafts)| Some(drafts))?;
        self.drafts = Some((path.to_owned(), draft.clone(), drafts.clone()));
        // What an earlier run left, and nobody wanted just then, is not lost by what is typed now.
        let aside = if is_first { drafts.snapshot_of_left(now.utc) } else { Ok(()) };
        let done = aside
            .and_then(|()| drafts.keep(draft))
            .and_then(|()| if due && draft.is_changed() { drafts.snapshot(now.utc, &draft.bytes()) } else { Ok(()) });
        let was_kept = std::mem::replace(&mut self.kept, done.is_ok());
        let error = done.err().filter(|_| was_kept)?;
        tracing::warn!("the draft cannot be kept: {error}");
        let mend = "save it, or give the data folder room and rights";
        Some(EditAnswer::NotKept(format!("what you edit cannot be kept against a crash: {error}; {mend}")))
    }
}

fn open(path: &Path) -> Result<Opened, String> {
    let text = read(path).map_err(|error| error.to_string())?;
    let draft = match drafts_of(path, &text).map(|drafts| drafts.find(&text)) {
        Some(Ok(draft)) => draft,
        Some(Err(error)) => {
            tracing::warn!("whether a draft of {} was left cannot be seen: {error}", path.display());
            None
        }
        None => None,
    };
    Ok(Opened { fingerprint: fingerprint(&text), text, draft })
}

/// The drafts of the project at this path, by the data folder that its text names.
fn drafts_of(path: &Path, text: &[u8]) -> Option<Drafts> {
    let path = std::path::absolute(path).ok()?;
    file::read_named(text, path).0.data_folder().map(|folder| Drafts::of(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::edit::{Draft, Edit, EntityId, Value};
    use crate::runtime::clock::system_clock;
    use std::fs;
    use std::sync::mpsc::{Receiver, channel};

    const TEXT: &str = "watchkeeper = 1\nname = \"a\"\n[[tag]]\nname = \"a\"\nformula = \"b\"\n";

    fn start() -> (EditLink, Receiver<()>) {
        let link = serve(system_clock()).unwrap();
        let (told, heard) = channel();
        link.when_told(move || {
            let _unheard = told.send(());
        });
        (link, heard)
    }

    fn answer(link: &EditLink, heard: &Receiver<()>) -> EditAnswer {
        loop {
            match link.answer() {
                Some(answer) => return answer,
                None => heard.recv().unwrap(),
            }
        }
    }

    #[test]
    fn a_project_is_opened_edited_kept_and_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plant.toml");
        fs::write(&path, TEXT).unwrap();
        let (link, heard) = start();
        link.ask(EditJob::Open(path.clone())).unwrap();
        let EditAnswer::Opened(_, Ok(opened)) = answer(&link, &heard) else { panic!("it was not opened") };
        assert!(opened.draft.is_none());
        let mut draft = Draft::open(&opened.text).unwrap();
        let edit = Edit::Set { of: EntityId::PROJECT, key: "name".into(), value: Value::Text("b".into()) };
        draft.edit(&[edit]).unwrap();
        link.read(ReadAsk { version: draft.version(), text: Arc::clone(draft.text()), path: Some(path.clone()) });
        let reading = loop {
            heard.recv().unwrap();
            if let Some(reading) = link.reading() {
                break reading;
            }
        };
        assert_eq!((reading.version, reading.project.name.as_str()), (1, "b"));
        assert_eq!(reading.issues[0].message, "there is no tag \"b\"");
        // The window is gone, the draft is there.
        link.keep(path.clone(), draft.kept());
        drop(link);
        while heard.recv().is_ok() {}
        let (link, heard) = start();
        let found = loop {
            link.ask(EditJob::Open(path.clone())).unwrap();
            let EditAnswer::Opened(_, Ok(opened)) = answer(&link, &heard) else { panic!("it was not opened") };
            if let Some(found) = opened.draft {
                break found;
            }
        };
        assert_eq!((found.changes.len(), found.text.clone()), (1, draft.bytes()));
        let draft = Draft::take_up(&found.base, &found.text).unwrap();
        let job = EditJob::Save { path: path.clone(), before: draft.saved_bytes(), after: draft.bytes() };
        link.ask(job.clone()).unwrap();
        assert!(matches!(answer(&link, &heard), EditAnswer::Saved(_, Ok(()))));
        assert_eq!(fs::read(&path).unwrap(), draft.bytes());
        link.ask(job).unwrap();
        assert!(matches!(answer(&link, &heard), EditAnswer::Saved(_, Err(SaveError::Changed(..)))));
        link.ask(EditJob::Snapshots(path.clone())).unwrap();
        let EditAnswer::Snapshots(Ok(all)) = answer(&link, &heard) else { panic!("there are no snapshots") };
        assert_eq!(all.len(), 2);
        link.ask(EditJob::Snapshot(all[1].clone())).unwrap();
        assert!(matches!(answer(&link, &heard), EditAnswer::Snapshot(_, Ok(text)) if text == TEXT.as_bytes()));
        link.ask(EditJob::Open(path)).unwrap();
        assert!(matches!(answer(&link, &heard), EditAnswer::Opened(_, Ok(Opened { draft: None, .. }))));
    }
}
