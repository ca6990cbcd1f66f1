//! Back-tests for a window: each on a thread of its own, so that no frame waits, and taken back by dropping it.

use super::{Backtest, backtest};
use crate::engine::trial::Settings;
use crate::historian::JournalReader;
use crate::historian::history::ask::{HistoryLink, Wake};
use crate::historian::history::query::HistoryReader;
use crate::project::Project;
use crate::time::Utc;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What is to be tried.
#[derive(Debug, Clone)]
pub struct Trying {
    /// The project whose alarm it is.
    pub project: Arc<Project>,
    /// `tank1.level/high`.
    pub alarm: Arc<str>,
    /// The settings to try.
    pub settings: Settings,
    /// On which time.
    pub range: Range<Utc>,
}

/// A verdict, or why there is none.
pub type Answer = Result<Backtest, String>;

#[derive(Debug, Default)]
struct Slot {
    unwanted: AtomicBool,
    answer: Mutex<Option<Answer>>,
}

/// A back-test under way. Dropping it breaks it off.
#[derive(Debug)]
pub struct PendingBacktest(Arc<Slot>);

impl PendingBacktest {
    /// The verdict, once, when it is there. Never waits.
    pub fn take(&self) -> Option<Answer> {
        self.0.answer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for PendingBacktest {
    fn drop(&mut self) {
        self.0.unwanted.store(true, Ordering::Relaxed);
    }
}

impl HistoryLink {
    /// Starts a back-test; `wake` is told from its thread when it is done. Who asks anew drops the one before.
    pub fn backtest(&self, trying: Trying, wake: Wake) -> PendingBacktest {
        let slot = Arc::new(Slot::default());
        let (link, own) = (self.clone(), Arc::clone(&slot));
        let work = move || {
            let answer = link.verdict(&trying, &own.unwanted);
            own.give(answer);
            wake();
        };
        if let Err(error) = thread::Builder::new().name("backtest".to_owned()).spawn(work) {
            slot.give(Err(format!("could not start: {error}")));
        }
        PendingBacktest(slot)
    }

    fn verdict(&self, trying: &Trying, stop: &AtomicBool) -> Answer {
        let Trying { project, alarm, settings, range } = trying;
        let history = HistoryReader::open(self.folder(), self.recent()).map_err(|e| e.to_string())?;
        let history = history.ok_or("nothing is recorded yet")?;
        let journal = JournalReader::open(self.folder()).map_err(|e| e.to_string())?;
        let found = backtest(&history, journal.as_ref(), project, alarm, settings, range.clone(), stop);
        found.map_err(|e| e.to_string())?.ok_or_else(|| "not wanted any more".to_owned())
    }
}

impl Slot {
    fn give(&self, answer: Answer) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }
}
