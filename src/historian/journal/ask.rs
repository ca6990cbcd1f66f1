//! Questions of the window to the journal, and their answers: readers on threads of their own, each with a connection that
//! cannot write, so that no frame and no acknowledgement waits for a search.
//!
//! A question is asked and its [`Pending`] kept; whoever does not want the answer any more drops it, and a reading under
//! way ends within some thousand entries.

use crate::engine::figures::Figures;
use crate::engine::handover::Handover;
use crate::engine::{Entry, Plan};
use crate::historian::history::ask::Wake;
use crate::historian::place::Place;
use crate::historian::read::{Occurrence, OccurrencesOf, Order, Page};
use crate::historian::search::Search;
use crate::historian::{JOURNAL_FILE, JournalError, JournalReader};
use crate::time::Utc;
use std::collections::VecDeque;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Threads that read. Two, so that figures of a year do not keep a page waiting.
const READERS: usize = 2;

/// Questions that may wait. A screen asks one or two for each panel that it shows; of more, the newest is answered "busy".
const MOST_WAITING: usize = 256;

/// What is answered: `Err` says why it cannot be told.
pub type Answer<T> = Result<T, String>;

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
    /// On paper alone: read by whoever asks, under a lock that nobody else wants.
    paper: Option<Mutex<JournalReader>>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        let mut jobs = self.shared.lock();
        jobs.ended = true;
        jobs.waiting.clear();
        drop(jobs);
        self.shared.more.notify_all();
    }
}

#[derive(Default)]
struct Shared {
    folder: PathBuf,
    /// Questions from any thread to the readers: plain lock, held for moments. Full: see [`MOST_WAITING`].
    jobs: Mutex<Jobs>,
    more: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    ended: bool,
}

struct Job {
    unwanted: Arc<AtomicBool>,
    /// Answers from this reader, or says why there is none.
    work: Box<dyn FnOnce(Reading<'_>) + Send>,
}

/// What a question is answered from: a journal, none yet, or why none can be read.
type Reading<'a> = Result<Option<&'a JournalReader>, String>;

#[derive(Debug)]
struct Slot<T> {
    unwanted: Arc<AtomicBool>,
    answer: Mutex<Option<Answer<T>>>,
}

/// An answer that is on its way. Dropping it cancels the question.
#[derive(Debug)]
pub struct Pending<T>(Arc<Slot<T>>);

impl<T> Pending<T> {
    /// The answer, once, when it is there. Never waits.
    pub fn take(&self) -> Option<Answer<T>> {
        self.0.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.0.unwanted.store(true, Ordering::Relaxed);
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

    /// A journal on paper, of these entries: read by the same code, answered at once. For pictures and tests.
    ///
    /// # Errors
    /// Where SQLite refuses.
    pub fn on_paper(entries: &[Entry]) -> Result<Self, JournalError> {
        let paper = Some(Mutex::new(JournalReader::on_paper(entries)?));
        Ok(Self(Arc::new(Owner { shared: Arc::default(), paper })))
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

    /// Asks what `work` answers; where there is no journal yet, the answer is that of an empty one.
    fn ask<T: Default + Send + 'static>(
        &self,
        wake: Wake,
        work: impl FnOnce(&JournalReader, &AtomicBool) -> Result<Option<T>, JournalError> + Send + 'static,
    ) -> Pending<T> {
        let unwanted = Arc::new(AtomicBool::new(false));
        let slot = Arc::new(Slot { unwanted: unwanted.clone(), answer: Mutex::new(None) });
        let own = slot.clone();
        let answer = move |reading: Reading<'_>| {
            let answer = match reading {
                Ok(Some(reader)) => match work(reader, &own.unwanted) {
                    Ok(Some(answer)) => Ok(answer),
                    // Nobody wants it; what is answered does not matter.
                    Ok(None) => Err("not wanted any more".to_owned()),
                    Err(error) => Err(error.to_string()),
                },
                Ok(None) => Ok(T::default()),
                Err(why) => Err(why),
            };
            *own.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            wake();
        };
        self.hand_over(Job { unwanted, work: Box::new(answer) });
        Pending(slot)
    }

    fn hand_over(&self, job: Job) {
        if let Some(paper) = &self.0.paper {
            return (job.work)(Ok(Some(&paper.lock().unwrap_or_else(PoisonError::into_inner))));
        }
        let mut jobs = self.0.shared.lock();
        jobs.waiting.retain(|job| !job.unwanted.load(Ordering::Relaxed));
        if jobs.waiting.len() >= MOST_WAITING {
            drop(jobs);
            (job.work)(Err("too many questions are waiting for the journal".to_owned()));
        } else {
            jobs.waiting.push_back(job);
            drop(jobs);
            self.0.shared.more.notify_one();
        }
    }
}

impl Shared {
    /// Whoever panicked while holding the lock left whole questions at least.
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next question that is still wanted. `None`: nobody will ask any more.
    fn next(&self) -> Option<Job> {
        let mut jobs = self.lock();
        loop {
            if jobs.ended {
                return None;
            }
            match jobs.waiting.pop_front() {
                Some(job) if job.unwanted.load(Ordering::Relaxed) => {}
                Some(job) => return Some(job),
                None => jobs = self.more.wait(jobs).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// What one thread has open.
struct Desk {
    shared: Arc<Shared>,
    open: Option<(JournalReader, Place)>,
}

impl Desk {
    fn run(&mut self) {
        while let Some(job) = self.shared.next() {
            match self.opened() {
                Ok(()) => (job.work)(Ok(self.open.as_ref().map(|(reader, _)| reader))),
                Err(why) => (job.work)(Err(why)),
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
