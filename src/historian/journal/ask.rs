//! Questions of the window to the journal, and their answers: readers on threads of their own, each with a connection that
//! cannot write, so that no frame and no acknowledgement waits for a search.
//!
//! A question is asked and its [`Pending`] kept; whoever does not want the answer any more drops it, and a reading under
//! way ends within some thousand entries.

use super::Head;
use crate::engine::figures::Figures;
use crate::engine::handover::Handover;
use crate::engine::{Entry, Plan};
use crate::historian::place::Place;
use crate::historian::questions::{self, Queue, Reply, Wake};
use crate::historian::read::{Occurrence, OccurrencesOf, Order, Page};
use crate::historian::search::Search;
use crate::historian::{JOURNAL_FILE, JournalError, JournalReader};
use crate::time::Utc;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Threads that read. Two, so that figures of a year do not keep a page waiting.
const READERS: usize = 2;

/// What is answered: `Err` says why it cannot be told.
pub type Answer<T> = Result<T, String>;

/// An answer that is on its way. Dropping it cancels the question.
pub type Pending<T> = questions::Pending<Answer<T>>;

/// The window's end of a journal. Cheap to clone; when the last one is dropped, the readers end.
#[derive(Clone)]
pub struct JournalLink(Arc<Owner>);

impl fmt::Debug for JournalLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JournalLink").field(&self.0.shared.folder).finish()
    }
}

/// Ends the readers.
struct Owner {
    shared: Arc<Shared>,
    /// On paper alone: read by whoever asks, under a lock that is held for as long as a page takes to be read or written.
    paper: Option<Mutex<Paper>>,
}

/// A journal in memory, and its last entry.
struct Paper {
    reader: JournalReader,
    head: Head,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.jobs.end();
    }
}

#[derive(Default)]
struct Shared {
    folder: PathBuf,
    jobs: Queue<Job>,
}

/// What a question is answered from: a journal, none yet, or why none can be read.
type Reading<'a> = Result<Option<&'a JournalReader>, String>;

/// A question, with the kind of its answer left out.
struct Job(Box<dyn Work>);

/// Answers from a reader, or says why there is none.
trait Work: Send {
    fn answer(self: Box<Self>, reading: Reading<'_>);
    fn is_wanted(&self) -> bool;
}

impl questions::Job for Job {
    fn is_wanted(&self) -> bool {
        self.0.is_wanted()
    }
}

struct Asked<T, F> {
    reply: Reply<Answer<T>>,
    read: F,
}

impl<T, F> Work for Asked<T, F>
where
    T: Default + Send,
    F: FnOnce(&JournalReader, &AtomicBool) -> Result<Option<T>, JournalError> + Send,
{
    fn answer(self: Box<Self>, reading: Reading<'_>) {
        let Self { reply, read } = *self;
        reply.give(match reading {
            Ok(Some(reader)) => match read(reader, reply.unwanted()) {
                Ok(Some(answer)) => Ok(answer),
                // Nobody wants it; what is answered does not matter.
                Ok(None) => Err("not wanted any more".to_owned()),
                Err(error) => Err(error.to_string()),
            },
            Ok(None) => Ok(T::default()),
            Err(why) => Err(why),
        });
    }

    fn is_wanted(&self) -> bool {
        !self.reply.unwanted().load(Ordering::Relaxed)
    }
}

impl JournalLink {
    /// Starts the readers of a data folder's journal.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start(folder: &Path) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { folder: folder.to_owned(), ..Shared::default() });
        let owner = Owner { shared: shared.clone(), paper: None };
        for number in 1..=READERS {
            let mut desk = Desk { shared: shared.clone(), open: None };
            thread::Builder::new().name(format!("journal-reader-{number}")).spawn(move || desk.run())?;
        }
        Ok(Self(Arc::new(owner)))
    }

    /// A journal on paper, of these entries: read by the same code, answered at once. For plays, pictures and tests.
    ///
    /// # Errors
    /// Where SQLite refuses.
    pub fn on_paper(entries: &[Entry]) -> Result<Self, JournalError> {
        let paper = Some(Mutex::new(Paper { reader: JournalReader::on_paper()?, head: Head::default() }));
        let link = Self(Arc::new(Owner { shared: Arc::default(), paper }));
        link.write_on_paper(entries)?;
        Ok(link)
    }

    /// Writes more on paper, and tells how many entries stand there. What is on a disk has its own writer.
    ///
    /// # Errors
    /// Where SQLite refuses; then none of them was written.
    pub fn write_on_paper(&self, entries: &[Entry]) -> Result<u64, JournalError> {
        let Some(paper) = &self.0.paper else { return Ok(0) };
        let mut paper = paper.lock().unwrap_or_else(PoisonError::into_inner);
        let before = paper.head;
        paper.head = paper.reader.append_on_paper(before, entries)?;
        Ok(paper.head.seq)
    }

    /// A page of entries; see [`JournalReader::page`]. `wake` is told from a reader's thread when the answer is there. Never
    /// waits.
    pub fn entries(&self, search: Search, order: Order, beyond: Option<u64>, most: usize, wake: Wake) -> Pending<Page> {
        self.ask(wake, move |reader, unwanted| reader.page(&search, order, beyond, most, unwanted))
    }

    /// Occurrences of alarms, newest first; see [`JournalReader::occurrences`].
    pub fn occurrences(&self, of: OccurrencesOf, wake: Wake) -> Pending<Vec<Occurrence>> {
        self.ask(wake, move |reader, unwanted| reader.occurrences(&of, unwanted))
    }

    /// The figures of a period; see [`JournalReader::figures`].
    pub fn figures(&self, from: Utc, to: Utc, wake: Wake) -> Pending<Figures> {
        self.ask(wake, move |reader, unwanted| reader.figures(from, to, unwanted))
    }

    /// A hand-over; see [`JournalReader::handover`].
    pub fn handover(&self, since: Utc, until: Utc, plan: Arc<Plan>, wake: Wake) -> Pending<Handover> {
        self.ask(wake, move |reader, unwanted| reader.handover(since, until, &plan, unwanted))
    }

    /// Asks what `read` finds; where there is no journal yet, the answer is that of an empty one.
    fn ask<T: Default + Send + 'static>(
        &self,
        wake: Wake,
        read: impl FnOnce(&JournalReader, &AtomicBool) -> Result<Option<T>, JournalError> + Send + 'static,
    ) -> Pending<T> {
        let (reply, pending) = Reply::new(wake);
        let job = Job(Box::new(Asked { reply, read }));
        if let Some(paper) = &self.0.paper {
            job.0.answer(Ok(Some(&paper.lock().unwrap_or_else(PoisonError::into_inner).reader)));
        } else if let Err(job) = self.0.shared.jobs.push(job) {
            job.0.answer(Err("too many questions are waiting for the journal".to_owned()));
        }
        pending
    }
}

/// What one thread has open.
struct Desk {
    shared: Arc<Shared>,
    open: Option<(JournalReader, Place)>,
}

impl Desk {
    fn run(&mut self) {
        while let Some(Job(work)) = self.shared.jobs.next() {
            match self.opened() {
                Ok(()) => work.answer(Ok(self.open.as_ref().map(|(reader, _)| reader))),
                Err(why) => work.answer(Err(why)),
            }
        }
    }

    /// Opens the present file: a damaged one may have been set aside, and a new one begun, by whoever writes it.
    fn opened(&mut self) -> Result<(), String> {
        if self.open.as_mut().is_some_and(|(_, place)| place.check().is_err()) {
            self.open = None;
        }
        if self.open.is_none() {
            let folder = &self.shared.folder;
            let reader = JournalReader::open(folder).map_err(|e| e.to_string())?;
            self.open = reader.map(|reader| (reader, Place::of(&folder.join(JOURNAL_FILE))));
        }
        Ok(())
    }
}
