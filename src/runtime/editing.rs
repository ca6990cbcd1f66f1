//! What an editor asks of the disk, done on a thread of its own: texts read and compiled while they are typed, drafts
//! kept, files saved.
//!
//! Invariant: a draft is on the disk two seconds after a change at the latest, and when the window closes.

use super::Loaded;
use super::drafts::{Drafts, Pace, Seat};
use super::load::{fingerprint, read};
use super::save::{save, save_as, stands};
use crate::link::{EditAnswer, EditDesk, EditJob, EditLink, EditNext, Opened, ReadAsk, Reading, SaveError, edit_link};
use crate::project::edit::{Draft, Kept};
use crate::project::file;
use crate::time::Clock;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{io, thread};

/// What whoever edits is told where another program does, too.
const BESIDE: &str =
    "Another program edits this project, too; each keeps a draft of its own, and who saves second is shown both sides";

/// Starts it; it ends when the window's end is gone.
///
/// # Errors
/// Where the system gives no thread.
pub fn serve(clock: Clock) -> io::Result<EditLink> {
    let (link, desk) = edit_link();
    let mut disk = Disk { clock, pace: Pace::default(), kept: true, seat: None };
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
    let made = file::made(ask.text.as_bytes()).into_iter().map(Arc::new).collect();
    Reading { version: ask.version, project: Arc::clone(&loaded.project), issues: loaded.faults(), made }
}

struct Disk {
    clock: Clock,
    pace: Pace,
    /// Whether the last draft could be kept.
    kept: bool,
    /// The place of the draft, and of which project it is as it was kept last: its data folder is found by reading its text,
    /// once for each save.
    seat: Option<(Seat, Option<(PathBuf, Kept)>)>,
}

impl Disk {
    /// The drafts of a project, with the place that is held here.
    fn drafts(&self, path: &Path, text: &[u8]) -> Option<Drafts> {
        let drafts = drafts_of(path, text)?;
        Some(self.seat_of(&drafts).map_or(drafts, |seat| seat.drafts().clone()))
    }

    fn seat_of(&self, drafts: &Drafts) -> Option<&Seat> {
        self.seat.as_ref().map(|(seat, _)| seat).filter(|seat| seat.is_of(drafts))
    }

    /// Forgets the draft whose place is held here; what another program edits is its own.
    fn forget(&self, path: &Path, text: &[u8]) -> io::Result<()> {
        let drafts = drafts_of(path, text);
        let seat = drafts.as_ref().and_then(|drafts| self.seat_of(drafts));
        seat.map_or(Ok(()), |seat| seat.drafts().forget())
    }

    fn job(&mut self, job: EditJob) -> Option<EditAnswer> {
        Some(match job {
            EditJob::Open(path) => {
                let opened = self.open(&path);
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
                let forgotten = read(&path).map_or(Ok(()), |text| self.forget(&path, &text));
                return forgotten.err().map(|error| EditAnswer::NotKept(error.to_string()));
            }
            EditJob::Snapshots(path) => {
                let drafts = read(&path).ok().and_then(|text| self.drafts(&path, &text));
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
        if let Some(drafts) = self.drafts(path, after) {
            let now = self.clock.now().utc;
            let kept = drafts.snapshot(now, before).and_then(|()| drafts.snapshot(now, after));
            if let Err(error) = kept.and_then(|()| self.forget(path, after)) {
                tracing::warn!("no snapshot was made beside the save: {error}");
            }
        }
        Ok(())
    }

    fn keep(&mut self, path: &Path, draft: &Kept) -> Option<EditAnswer> {
        let now = self.clock.now();
        let due = self.pace.kept(now.mono);
        let of_it = |(of, last): &(PathBuf, Kept)| of == path && last.has_base_of(draft);
        let known = self.seat.take_if(|(_, last)| last.as_ref().is_some_and(of_it));
        let is_first = known.is_none();
        let mut beside = false;
        let seat = match known {
            Some((seat, _)) => Ok(seat),
            None => {
                let drafts = drafts_of(path, &draft.saved_bytes())?;
                match self.seat.take_if(|(seat, _)| seat.is_of(&drafts)) {
                    Some((seat, _)) => Ok(seat),
                    // One that says what its file says is none, and needs no place.
                    None if !draft.is_changed() => return None,
                    None => drafts.take_free().inspect(|seat| beside = drafts.are_edited_elsewhere(Some(seat))),
                }
            }
        };
        // What an earlier run left, and nobody wanted just then, is not lost by what is typed now.
        let done = seat.and_then(|seat| {
            let drafts = self.seat.insert((seat, Some((path.to_owned(), draft.clone())))).0.drafts();
            let aside = if is_first { drafts.snapshot_of_left(now.utc) } else { Ok(()) };
            aside.and_then(|()| drafts.keep(draft)).and_then(|()| {
                if due && draft.is_changed() { drafts.snapshot(now.utc, &draft.bytes()) } else { Ok(()) }
            })
        });
        let was_kept = std::mem::replace(&mut self.kept, done.is_ok());
        let Some(error) = done.err().filter(|_| was_kept) else {
            return beside.then(|| EditAnswer::Beside(BESIDE.to_owned()));
        };
        tracing::warn!("the draft cannot be kept: {error}");
        let mend = "save it, or give the data folder room and rights";
        Some(EditAnswer::NotKept(format!("what you edit cannot be kept against a crash: {error}; {mend}")))
    }

    /// Reads a project's file, and the draft that a run left which has ended: its place is held here from then on.
    fn open(&mut self, path: &Path) -> Result<Opened, String> {
        let text = read(path).map_err(|error| error.to_string())?;
        let edited = Box::new(Draft::open(&text).map_err(|refusal| refusal.to_string())?);
        let mut opened = Opened { fingerprint: fingerprint(&text), text, edited, draft: None, beside: None };
        let Some(drafts) = drafts_of(path, &opened.text) else { return Ok(opened) };
        self.seat = self.seat.take().filter(|(seat, _)| seat.is_of(&drafts));
        let left = if self.seat.is_none() { drafts.take_left() } else { Ok(None) };
        let found = left.and_then(|left| {
            self.seat = self.seat.take().or_else(|| Some((left?, None)));
            self.seat_of(&drafts).map_or(Ok(None), |seat| seat.drafts().find(&opened.text))
        });
        match found {
            Ok(draft) => opened.draft = draft,
            Err(error) => tracing::warn!("whether a draft of {} was left cannot be seen: {error}", path.display()),
        }
        opened.beside = drafts.are_edited_elsewhere(self.seat_of(&drafts)).then(|| BESIDE.to_owned());
        Ok(opened)
    }
}

/// The drafts of the project at this path, by the data folder that its text names.
fn drafts_of(path: &Path, text: &[u8]) -> Option<Drafts> {
    let path = std::path::absolute(path).ok()?;
    file::read_named(text, path).0.data_folder().map(|folder| Drafts::of(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::edit::{Edit, EntityId, Value};
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

    /// Opens it, and waits until what is edited has been kept.
    fn open(link: &EditLink, heard: &Receiver<()>, path: &Path) -> Opened {
        link.ask(EditJob::Open(path.to_owned())).unwrap();
        match answer(link, heard) {
            EditAnswer::Opened(_, Ok(opened)) => opened,
            other => panic!("it was not opened: {other:?}"),
        }
    }

    #[test]
    fn two_programs_keep_a_draft_each_and_after_a_crash_each_is_offered() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plant.toml");
        fs::write(&path, TEXT).unwrap();
        let named = |name: &str| {
            let mut draft = Draft::open(TEXT.as_bytes()).unwrap();
            let edit = Edit::Set { of: EntityId::PROJECT, key: "name".into(), value: Value::Text(name.into()) };
            draft.edit(&[edit]).unwrap();
            draft
        };
        let (one, one_heard) = start();
        let (two, two_heard) = start();
        assert!(open(&one, &one_heard, &path).beside.is_none());
        one.keep(path.clone(), named("one").kept());
        let drafts = folder.path().join("plant.data/drafts");
        while !drafts.join("draft.toml").exists() {
            std::thread::yield_now();
        }
        let opened = open(&two, &two_heard, &path);
        assert!(opened.draft.is_none(), "it is edited, and not left");
        assert!(opened.beside.unwrap().contains("Another program"));
        two.keep(path.clone(), named("two").kept());
        assert!(matches!(answer(&two, &two_heard), EditAnswer::Beside(_)));
        // The second gives up: the first's draft stays.
        two.ask(EditJob::GiveUp(path.clone())).unwrap();
        while drafts.join("draft-2.toml").exists() {
            std::thread::yield_now();
        }
        assert!(drafts.join("draft.toml").exists());
        two.keep(path.clone(), named("two").kept());
        drop((one, two));
        while one_heard.recv().is_ok() || two_heard.recv().is_ok() {}
        let (one, one_heard) = start();
        let (two, two_heard) = start();
        // The threads of those that are gone end when they have kept what lay there.
        let found = |link: &EditLink, heard: &Receiver<()>| loop {
            if let Some(found) = open(link, heard, &path).draft {
                return String::from_utf8(found.text).unwrap();
            }
        };
        let mut texts = [found(&one, &one_heard), found(&two, &two_heard)];
        texts.sort();
        assert_eq!(texts, ["one", "two"].map(|name| String::from_utf8(named(name).bytes()).unwrap()));
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
