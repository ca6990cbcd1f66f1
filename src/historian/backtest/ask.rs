//! Back-tests for a window: each on a thread of its own, so that no frame waits, and taken back by dropping it.

use super::{Backtest, backtest};
use crate::engine::trial::Settings;
use crate::historian::JournalReader;
use crate::historian::history::ask::HistoryLink;
use crate::historian::history::query::HistoryReader;
use crate::historian::questions::{Pending, Reply, Wake};
use crate::project::Project;
use crate::time::Utc;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
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

/// A back-test under way. Dropping it breaks it off.
pub type PendingBacktest = Pending<Answer>;

impl HistoryLink {
    /// Starts a back-test; `wake` is told from its thread when it is done. Who asks anew drops the one before.
    pub fn backtest(&self, trying: Trying, wake: Wake) -> PendingBacktest {
        let (reply, pending) = Reply::new(wake);
        let reply = Arc::new(reply);
        let (link, own) = (self.clone(), Arc::clone(&reply));
        let work = move || own.give(link.verdict(&trying, own.unwanted()));
        if let Err(error) = thread::Builder::new().name("backtest".to_owned()).spawn(work) {
            reply.give(Err(format!("could not start: {error}")));
        }
        pending
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
