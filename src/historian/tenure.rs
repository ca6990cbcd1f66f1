//! A data folder as all who write in it share it. Where it is deleted or moved under them, it is made and taken again, so
//! that a plant is recorded on; where another process has taken it meanwhile, it is not.
//!
//! Invariant: whoever goes on writing does so in files that were opened under the lock that this process holds now.

use super::lock::{DataFolder, LockError};
use super::{Journal, JournalError, writer};
use crate::engine::{Entry, Event, Plan};
use crate::time::{Clock, Mono, Now, Span, Utc};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Before a folder that is gone is made anew: time for somebody who moved it to put another in its place.
const PATIENCE: Span = Span::from_secs(15);

/// Why a folder that is gone is not ours again.
#[derive(Debug, thiserror::Error)]
pub enum NotRenewed {
    /// It went a moment ago.
    #[error("the data folder {} was deleted or moved while it was in use; nothing is recorded until it is made anew, in some seconds", .0.display())]
    Waiting(PathBuf),
    /// It cannot be made or taken.
    #[error("the data folder {} was deleted or moved while it was in use, and could not be made anew: {why}", folder.display())]
    Refused {
        /// Where it was.
        folder: PathBuf,
        /// Why.
        why: String,
    },
}

/// A data folder that is ours. Cheap to clone; the last one gives it back.
#[derive(Debug, Clone)]
pub struct Tenure(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// A plain lock, held while the folder is taken again.
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    folder: DataFolder,
    gone_since: Option<Mono>,
}

impl Tenure {
    /// Of a folder that was taken.
    pub fn new(folder: DataFolder) -> Self {
        let path = folder.path().to_owned();
        Self(Arc::new(Shared { path, inner: Mutex::new(Inner { folder, gone_since: None }) }))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Sees to it that the folder is ours: called by whoever found its file gone, who opens it again after that.
    ///
    /// # Errors
    /// As long as it is not. To be asked again, once a second.
    pub fn renew(&self, now: Now) -> Result<(), NotRenewed> {
        // Whoever panicked while it was taken left a folder that is ours, or one that is gone.
        let mut inner = self.0.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.folder.is_ours() {
            inner.gone_since = None;
            return Ok(());
        }
        let since = *inner.gone_since.get_or_insert(now.mono);
        if now.mono - since < PATIENCE {
            return Err(NotRenewed::Waiting(self.0.path.clone()));
        }
        let refused = |error: &LockError| NotRenewed::Refused { folder: self.0.path.clone(), why: error.to_string() };
        inner.folder = inner.folder.taken_again(now.utc).map_err(|error| refused(&error))?;
        inner.gone_since = None;
        tracing::warn!("the data folder {} was made anew; what it held before is not in it", self.0.path.display());
        Ok(())
    }
}

/// A journal that goes on in a folder that was made anew.
#[derive(Debug)]
pub struct Kept {
    journal: Journal,
    tenure: Tenure,
    plan: Arc<Plan>,
    clock: Clock,
}

impl Kept {
    /// Of a folder that is ours.
    pub const fn new(journal: Journal, tenure: Tenure, plan: Arc<Plan>, clock: Clock) -> Self {
        Self { journal, tenure, plan, clock }
    }

    fn renew(&mut self) -> Result<(), String> {
        let now = self.clock.now();
        self.tenure.renew(now).map_err(|e| e.to_string())?;
        let go_on = || -> Result<Journal, JournalError> {
            let mut journal = Journal::open(self.tenure.path(), now.utc)?;
            journal.adopt(&self.plan, now.utc)?;
            let mut gap = Entry::new(now.utc, Event::Gap);
            gap.note = Some(
                "the data folder was deleted or moved while it was in use; what was written before is not here".into(),
            );
            journal.go_on_from(&gap, self.journal.memories().clone(), now.utc)?;
            Ok(journal)
        };
        self.journal = go_on().map_err(|e| e.to_string())?;
        Ok(())
    }
}

impl writer::Store for Kept {
    fn check_place(&mut self) -> Result<(), String> {
        match self.journal.check_place() {
            Ok(()) => Ok(()),
            Err(JournalError::Gone { .. }) => self.renew(),
            Err(error) => Err(error.to_string()),
        }
    }

    fn append(&mut self, entries: &[&Entry]) -> Result<(), String> {
        writer::Store::append(&mut self.journal, entries)
    }

    fn checkpoint(&mut self, now: Utc, closing: bool) -> Result<(), String> {
        writer::Store::checkpoint(&mut self.journal, now, closing)
    }

    fn adopt(&mut self, plan: &Arc<Plan>, now: Utc) -> Result<(), String> {
        self.plan = Arc::clone(plan);
        writer::Store::adopt(&mut self.journal, plan, now)
    }

    fn entries(&self) -> u64 {
        self.journal.entries()
    }

    fn bytes(&self) -> u64 {
        self.journal.bytes()
    }
}
