//! The recorder: a named thread that owns a history, commits once a second what was handed over, seals in between, and
//! says how it fares.
//!
//! When the disk refuses, samples wait in memory, and are tried again every second; what finds no room is counted, told,
//! and marked in the data of its tag when recording resumes.

use super::super::file::FileError;
use super::super::tenure::Tenure;
use super::desk::{COMMIT_EVERY, Desk, SEAL_WEIGHT};
use super::queue::{HistoryQueue, MOST_WAITING, Shared};
use super::recent::Recent;
use super::sample::SeriesId;
use super::scrub;
use super::store::Store;
use super::tags::{Registry, SeriesTag};
use crate::engine::Input;
use crate::time::{Clock, Span};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;

/// After the start, so that the scan does not stand in its way.
const FIRST_SCAN: Duration = Duration::from_mins(1);

/// How long a recorder that is dropped without [`HistoryRecorder::close`] is waited for, so that nobody opens its history
/// meanwhile.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// What the project says about its history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// How long samples are kept; `None`: for ever.
    pub keep: Option<Span>,
    /// How large the history may become, in bytes; `None`: as large as the disk.
    pub most_bytes: Option<u64>,
}

/// How often is committed, and how much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Between two commits, and between two tries while the disk refuses.
    pub commit_every: Duration,
    /// Weight of the samples that may wait, see [`super::Sample::weight`]; of more, the oldest are dropped.
    pub most_waiting: usize,
    /// Weight of the log at which it is sealed, where it is not of very many tags.
    pub seal_weight: usize,
    /// From the start to the first scan for damage; later ones are a day apart.
    pub scan_after: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            commit_every: COMMIT_EVERY,
            most_waiting: MOST_WAITING,
            seal_weight: SEAL_WEIGHT,
            scan_after: FIRST_SCAN,
        }
    }
}

/// The recorder's thread.
#[derive(Debug)]
pub struct HistoryRecorder {
    queue: HistoryQueue,
    recent: Arc<Recent>,
    series: Vec<SeriesId>,
    set_aside: Option<(PathBuf, String)>,
    ended: Receiver<u64>,
}

impl HistoryRecorder {
    /// Opens the history of a data folder that is owned, and starts the thread. How
    /// recording fares is told on `answers` when it changes; a closed receiver is no fault, and a full one is told later.
    pub fn start(
        folder: &Tenure,
        tags: &[SeriesTag],
        retention: Retention,
        clock: Clock,
        answers: mpsc::Sender<Input>,
    ) -> Result<Self, FileError> {
        let store = Store::open(folder.path(), clock.now().utc)?.with_tenure(folder.clone());
        Self::start_on(store, tags, retention, clock, answers, Pace::default())
    }

    /// The same on a store that is open, at another pace.
    pub fn start_on(
        mut store: Store,
        tags: &[SeriesTag],
        retention: Retention,
        clock: Clock,
        answers: mpsc::Sender<Input>,
        pace: Pace,
    ) -> Result<Self, FileError> {
        let path = store.path().to_owned();
        let set_aside = store.set_aside().map(|(path, why)| (path.to_owned(), why.to_owned()));
        let mut found = store.take_found();
        let registry = Registry::new(std::mem::take(&mut found.tags));
        let shared = Arc::new(Shared::new(registry, pace.most_waiting));
        let queue = HistoryQueue(Arc::clone(&shared));
        let series = queue.adopt(tags, clock.now().utc);
        let recent = Arc::new(Recent::default());
        let folder = path.parent().unwrap_or(&path).to_owned();
        let desk = Desk::new(store, found, Arc::clone(&shared), Arc::clone(&recent), retention, clock, answers, pace);
        let (end, ended) = sync_channel(1);
        let run = move || {
            let left = desk.run();
            // Nobody may be waiting for the end any more.
            let _unheard = end.send(left);
        };
        let thread = thread::Builder::new().name("history".to_owned()).spawn(run);
        let scan = |_| scrub::start(folder, shared, Arc::clone(&recent), pace.scan_after);
        thread.and_then(scan).map_err(|source| FileError::Io { path, source })?;
        Ok(Self { queue, recent, series, set_aside, ended })
    }

    /// For whoever hands samples over.
    pub fn queue(&self) -> HistoryQueue {
        self.queue.clone()
    }

    /// For readers: what is not yet in chunks.
    pub fn recent(&self) -> Arc<Recent> {
        Arc::clone(&self.recent)
    }

    /// The permanent numbers of the tags it was started with, in their order.
    pub fn series(&self) -> &[SeriesId] {
        &self.series
    }

    /// A damaged history that was set aside at the start: its new name, and what was wrong with it.
    pub fn set_aside(&self) -> Option<(&Path, &str)> {
        self.set_aside.as_ref().map(|(path, why)| (path.as_path(), why.as_str()))
    }

    /// Writes what waits, marks the end in the data of every tag that was recorded, seals the log as far as two seconds go, and
    /// ends. `Err` says how many samples could not be written, or that it did not end within `patience`.
    pub fn close(self, patience: Duration) -> Result<(), String> {
        self.end(patience)
    }

    fn end(&self, patience: Duration) -> Result<(), String> {
        if self.queue.0.close() {
            return Ok(());
        }
        match self.ended.recv_timeout(patience) {
            Ok(0) => Ok(()),
            Ok(left) => Err(format!("{left} samples could not be recorded")),
            Err(RecvTimeoutError::Timeout) => Err(format!("the history did not end within {} s", patience.as_secs())),
            Err(RecvTimeoutError::Disconnected) => Err("the history's recorder had ended before".to_owned()),
        }
    }
}

impl Drop for HistoryRecorder {
    fn drop(&mut self) {
        if let Err(why) = self.end(LAST_PATIENCE) {
            tracing::error!("{why}");
        }
    }
}
