//! The editor of a window and the disk: it asks and goes on, and takes up what was done when it paints next.
//!
//! Nothing is waited for on either side. Of texts to be read and drafts to be kept the newest alone counts; everything
//! else is done in turn.

use crate::project::edit::{Draft, Kept};
use crate::project::file::WrittenOut;
use crate::project::{Issue, Project};
use crate::time::Utc;
use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Jobs that may wait; another is refused at the button.
pub const JOB_QUEUE: usize = 8;

/// Answers that may lie there; a window that never looks loses the oldest.
const ANSWER_QUEUE: usize = 32;

/// What an editor asks for, one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditJob {
    /// Reads a project's file, and the draft that an earlier run left of it.
    Open(PathBuf),
    /// Writes the text in the place of `before`, which still has to stand in the file; makes a snapshot of both.
    Save {
        /// The project's file.
        path: PathBuf,
        /// What is to stand in it now.
        before: Vec<u8>,
        /// What is to stand in it then.
        after: Vec<u8>,
    },
    /// Writes the text into a file that is not there yet.
    SaveAs {
        /// The new file.
        path: PathBuf,
        /// What is to stand in it.
        text: Vec<u8>,
    },
    /// Forgets the draft of a project.
    GiveUp(PathBuf),
    /// Which snapshots there are of a project, newest first.
    Snapshots(PathBuf),
    /// Reads a snapshot.
    Snapshot(EarlierText),
}

/// What became of it.
#[derive(Debug, Clone)]
pub enum EditAnswer {
    /// Of [`EditJob::Open`].
    Opened(PathBuf, Result<Opened, String>),
    /// Of [`EditJob::Save`] and [`EditJob::SaveAs`].
    Saved(PathBuf, Result<(), SaveError>),
    /// Of [`EditJob::Snapshots`].
    Snapshots(Result<Vec<EarlierText>, String>),
    /// Of [`EditJob::Snapshot`]: its text.
    Snapshot(EarlierText, Result<Vec<u8>, String>),
    /// Another program edits the project, too: what that means, in words.
    Beside(String),
    /// The draft cannot be kept, and would be lost with the program: why. Told once, until it can be again.
    NotKept(String),
}

/// A project's file, to be edited.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What stands in it.
    pub text: Vec<u8>,
    /// Which version that is.
    pub fingerprint: String,
    /// That as a draft: where everything stands is found aside, and no frame waits for it.
    pub edited: Box<Draft>,
    /// What an earlier run has edited and not saved.
    pub draft: Option<FoundDraft>,
    /// Another program edits it, too: what that means, in words.
    pub beside: Option<String>,
}

/// A draft that was not saved: the program ended before, or was ended.
#[derive(Debug, Clone)]
pub struct FoundDraft {
    /// Its text.
    pub text: Vec<u8>,
    /// The text of the file that it was made from.
    pub base: Vec<u8>,
    /// Whether the file is another one by now: then the two are to be merged.
    pub file_changed: bool,
    /// By what it differs from the file, in words; empty where only comments or layout do.
    pub changes: Vec<String>,
}

/// A project's text as it was once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierText {
    /// When.
    pub time: Utc,
    /// Where it lies.
    pub path: PathBuf,
    /// How large it is.
    pub bytes: u64,
}

/// Why nothing was written, in words for the screen.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    /// Somebody else has written the file since it was read: what stands in it now, to be merged with.
    #[error("{0} was changed since it was opened; open it anew, then save")]
    Changed(String, Vec<u8>),
    /// A file is there already where a new one was to be written.
    #[error("{0} is there already; choose another name")]
    Exists(String),
    /// This user may not write it.
    #[error("{0} is read-only; ask its owner, or have the right to write it given")]
    ReadOnly(String),
    /// It is not there any more.
    #[error("{0} is not there any more; save it as a new file")]
    Gone(String),
    /// The disk refuses.
    #[error("{path} cannot be written: {why}; what is edited is kept, try again or save it elsewhere")]
    Disk {
        /// Which file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// What was to be written cannot be made of what stands there.
    #[error("{0}")]
    Refused(String),
}

/// Without the megabytes that stand in the file.
impl fmt::Debug for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What one version of a text says.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The version of the draft.
    pub version: u64,
    /// What is not at fault.
    pub project: Arc<Project>,
    /// All that is wrong with it, as `check` tells it.
    pub issues: Vec<Issue>,
    /// The tags and alarms that its templates make, written out.
    pub made: Vec<Arc<WrittenOut>>,
}

/// A text that is to be read.
#[derive(Debug, Clone)]
pub struct ReadAsk {
    /// The version of the draft.
    pub version: u64,
    /// Its text.
    pub text: Arc<str>,
    /// The project's file.
    pub path: Option<PathBuf>,
}

/// What is to be done next.
#[derive(Debug)]
pub enum EditNext {
    /// A job.
    Job(EditJob),
    /// A text is to be read.
    Read(ReadAsk),
    /// The draft of this project is to be kept.
    Keep(PathBuf, Kept),
    /// The window is gone.
    End,
}

#[derive(Default)]
struct Lying {
    jobs: VecDeque<EditJob>,
    read: Option<ReadAsk>,
    keep: Option<(PathBuf, Kept)>,
    answers: VecDeque<EditAnswer>,
    reading: Option<Arc<Reading>>,
    told: Option<Arc<dyn Fn() + Send + Sync>>,
    end: bool,
}

/// What lies between the two ends. The lock is held for as long as it takes to put something down or take it up.
#[derive(Default)]
struct Table {
    lying: Mutex<Lying>,
    wake: Condvar,
}

impl Table {
    fn lying(&self) -> MutexGuard<'_, Lying> {
        self.lying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, put: impl FnOnce(&mut Lying)) {
        put(&mut self.lying());
        self.wake.notify_one();
    }
}

/// The window's end. When the last copy of it is dropped, what is waited for is kept, and the other end closes.
#[derive(Clone)]
pub struct EditLink(Arc<Window>);

struct Window(Arc<Table>);

impl Drop for Window {
    fn drop(&mut self) {
        self.0.put(|lying| (lying.end, lying.told) = (true, None));
    }
}

/// The end that does what is asked.
pub struct EditDesk(Arc<Table>);

impl fmt::Debug for EditLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EditLink").finish_non_exhaustive()
    }
}

impl fmt::Debug for EditDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EditDesk").finish_non_exhaustive()
    }
}

/// Both ends.
pub fn edit_link() -> (EditLink, EditDesk) {
    let table = Arc::new(Table::default());
    (EditLink(Arc::new(Window(Arc::clone(&table)))), EditDesk(table))
}

impl EditLink {
    /// Asks for a job.
    ///
    /// # Errors
    /// Where too many wait, in words for the screen.
    pub fn ask(&self, job: EditJob) -> Result<(), String> {
        let mut lying = self.0.0.lying();
        if lying.jobs.len() >= JOB_QUEUE {
            return Err("the disk is busy; try again".to_owned());
        }
        lying.jobs.push_back(job);
        drop(lying);
        self.0.0.wake.notify_one();
        Ok(())
    }

    /// Asks what a text says; one that was asked for before and is not begun is not read.
    pub fn read(&self, ask: ReadAsk) {
        self.0.0.put(|lying| lying.read = Some(ask));
    }

    /// Has the draft of the project at `path` kept, soon.
    pub fn keep(&self, path: PathBuf, kept: Kept) {
        self.0.0.put(|lying| lying.keep = Some((path, kept)));
    }

    /// The newest reading, if there is one.
    pub fn reading(&self) -> Option<Arc<Reading>> {
        self.0.0.lying().reading.clone()
    }

    /// The next answer that lies there.
    pub fn answer(&self) -> Option<EditAnswer> {
        self.0.0.lying().answers.pop_front()
    }

    /// Calls this whenever there is something new: to paint it.
    pub fn when_told(&self, told: impl Fn() + Send + Sync + 'static) {
        self.0.0.lying().told = Some(Arc::new(told));
    }
}

impl EditDesk {
    /// What is to be done next. A draft is handed out when it has lain for `keep_after`; at the end at once.
    pub fn next(&self, mut keep_after: impl FnMut() -> Duration) -> EditNext {
        let mut lying = self.0.lying();
        loop {
            if let Some(job) = lying.jobs.pop_front() {
                return EditNext::Job(job);
            }
            let wait = lying.keep.as_ref().map(|_| if lying.end { Duration::ZERO } else { keep_after() });
            if wait == Some(Duration::ZERO)
                && let Some((path, kept)) = lying.keep.take()
            {
                return EditNext::Keep(path, kept);
            }
            if lying.end {
                return EditNext::End;
            }
            if let Some(ask) = lying.read.take() {
                return EditNext::Read(ask);
            }
            lying = match wait {
                Some(wait) => self.0.wake.wait_timeout(lying, wait).unwrap_or_else(PoisonError::into_inner).0,
                None => self.0.wake.wait(lying).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Lays an answer down.
    pub fn answer(&self, answer: EditAnswer) {
        let mut lying = self.0.lying();
        if lying.answers.len() >= ANSWER_QUEUE {
            lying.answers.pop_front();
        }
        lying.answers.push_back(answer);
        tell(lying);
    }

    /// Lays a reading down, in the place of an older one.
    pub fn reading(&self, reading: Reading) {
        let mut lying = self.0.lying();
        lying.reading = Some(Arc::new(reading));
        tell(lying);
    }
}

/// Tells the window, without the lock: it may look at once, or hold one of its own.
fn tell(lying: MutexGuard<'_, Lying>) {
    let told = lying.told.clone();
    drop(lying);
    if let Some(told) = told {
        told();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(version: u64) -> ReadAsk {
        ReadAsk { version, text: "".into(), path: None }
    }

    #[test]
    fn jobs_come_in_turn_and_of_texts_the_newest_alone() {
        let (link, desk) = edit_link();
        (1..=3).for_each(|version| link.read(read(version)));
        for nth in 0..JOB_QUEUE {
            link.ask(EditJob::Open(nth.to_string().into())).unwrap();
        }
        assert!(link.ask(EditJob::Open("more".into())).is_err());
        for nth in 0..JOB_QUEUE {
            assert!(
                matches!(desk.next(|| Duration::ZERO), EditNext::Job(EditJob::Open(path)) if path == *nth.to_string())
            );
        }
        assert!(matches!(desk.next(|| Duration::ZERO), EditNext::Read(ReadAsk { version: 3, .. })));
        link.read(read(4));
        drop(link);
        assert!(matches!(desk.next(|| Duration::ZERO), EditNext::End), "nobody would read it");
    }

    #[test]
    fn answers_that_nobody_takes_up_are_bounded() {
        let (link, desk) = edit_link();
        for nth in 0..100 {
            desk.answer(EditAnswer::NotKept(nth.to_string()));
        }
        assert!(matches!(link.answer(), Some(EditAnswer::NotKept(nth)) if nth == "68"));
        assert_eq!(std::iter::from_fn(|| link.answer()).count(), ANSWER_QUEUE - 1);
    }
}
