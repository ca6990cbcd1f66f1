//! Questions that a window asks the files, and answers on their way: what the links of history and journal, and back-tests,
//! have in common.
//!
//! Who asks keeps a [`Pending`]; dropping it takes the question back. Invariant: asking never waits, and what waits is
//! bounded.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Questions that may wait for the readers of one file.
pub(super) const MOST_WAITING: usize = 256;

/// Told when an answer is there.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

#[derive(Debug)]
struct Slot<T> {
    unwanted: AtomicBool,
    answer: Mutex<Option<T>>,
}

/// An answer that is on its way. Dropping it cancels the question.
#[derive(Debug)]
pub struct Pending<T>(Arc<Slot<T>>);

impl<T> Pending<T> {
    /// The answer, once, when it is there. Never waits.
    pub fn take(&self) -> Option<T> {
        self.0.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.0.unwanted.store(true, Ordering::Relaxed);
    }
}

/// Where an answer goes: the other end of a [`Pending`].
pub(super) struct Reply<T> {
    slot: Arc<Slot<T>>,
    wake: Wake,
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("unwanted", &self.slot.unwanted).finish_non_exhaustive()
    }
}

impl<T> Reply<T> {
    /// Both ends; `wake` is told, from whichever thread answers, when the answer is there.
    pub fn new(wake: Wake) -> (Self, Pending<T>) {
        let slot = Arc::new(Slot { unwanted: AtomicBool::new(false), answer: Mutex::new(None) });
        (Self { slot: Arc::clone(&slot), wake }, Pending(slot))
    }

    /// Becomes true where nobody wants the answer any more: who reads breaks off.
    pub fn unwanted(&self) -> &AtomicBool {
        &self.slot.unwanted
    }

    /// Answers.
    pub fn give(&self, answer: T) {
        *self.slot.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        (self.wake)();
    }
}

/// A question in a queue.
pub(super) trait Job {
    /// Whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool;
}

/// Questions from any thread to the readers of a file: a plain lock, held for moments.
#[derive(Debug)]
pub(super) struct Queue<J> {
    jobs: Mutex<Jobs<J>>,
    more: Condvar,
}

#[derive(Debug)]
struct Jobs<J> {
    waiting: VecDeque<J>,
    ended: bool,
}

impl<J> Default for Queue<J> {
    fn default() -> Self {
        Self { jobs: Mutex::new(Jobs { waiting: VecDeque::new(), ended: false }), more: Condvar::new() }
    }
}

impl<J: Job> Queue<J> {
    /// Whoever panicked while holding the lock left whole questions at least.
    fn lock(&self) -> MutexGuard<'_, Jobs<J>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a question wait for a reader. Those that nobody wants any more make room.
    ///
    /// # Errors
    /// Gives it back where [`MOST_WAITING`] wait.
    pub fn push(&self, job: J) -> Result<(), J> {
        let mut jobs = self.lock();
        jobs.waiting.retain(Job::is_wanted);
        if jobs.waiting.len() >= MOST_WAITING {
            return Err(job);
        }
        jobs.waiting.push_back(job);
        drop(jobs);
        self.more.notify_one();
        Ok(())
    }

    /// The next question that is still wanted, waited for. `None`: nobody will ask any more.
    pub fn next(&self) -> Option<J> {
        let mut jobs = self.lock();
        loop {
            if jobs.ended {
                return None;
            }
            match jobs.waiting.pop_front() {
                Some(job) if !job.is_wanted() => {}
                Some(job) => return Some(job),
                None => jobs = self.more.wait(jobs).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Nobody will ask any more: the readers end.
    pub fn end(&self) {
        let mut jobs = self.lock();
        jobs.ended = true;
        jobs.waiting.clear();
        drop(jobs);
        self.more.notify_all();
    }
}
