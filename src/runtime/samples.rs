//! The engine's samples on their way to the historian: from the plan's numbers of tags to the history's own.

use crate::engine::{Entry, Event, HistoryState, Input, Plan, Quality, Record};
use crate::historian::history::{HistoryQueue, HistoryRecorder, Retention, Sample, SeriesId, SeriesTag};
use crate::historian::line::log_handed_over;
use crate::historian::{FileError, JournalQueue, Tenure};
use crate::time::{Clock, Utc};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Where the engine's samples go. Nothing here waits; what the historian has no room for it drops and counts.
#[derive(Debug)]
pub struct Samples {
    queue: HistoryQueue,
    /// By the plan's [`crate::engine::TagId`].
    series: Vec<SeriesId>,
    /// Gathered, to be handed over together; reused, so that a sample costs no allocation.
    gathered: Vec<(SeriesId, Sample)>,
}

/// So many are handed over without waiting for more.
const MOST_GATHERED: usize = 1_024;

impl Samples {
    /// For the tags that `recorder` was started with.
    pub fn new(recorder: &HistoryRecorder) -> Self {
        Self { queue: recorder.queue(), series: recorder.series().to_vec(), gathered: Vec::new() }
    }

    /// Takes one along.
    pub fn gather(&mut self, record: Record) {
        let Record { tag, time, value, quality, detail } = record;
        if let Some(series) = self.series.get(tag.index()) {
            self.gathered.push((*series, Sample::new(time, value, quality, detail)));
            if self.gathered.len() >= MOST_GATHERED {
                self.hand_over();
            }
        }
    }

    /// Another plan is in force: what is taken along from now on is of its tags. New ones, and new names of those that are
    /// known, are on disk before their first sample is.
    pub fn follow(&mut self, plan: &Plan, now: Utc) {
        self.hand_over();
        let before = std::mem::take(&mut self.series);
        self.series = self.queue.adopt(&SeriesTag::of_plan(plan), now);
        let present: HashSet<SeriesId> = self.series.iter().copied().collect();
        // What is in the plan no more would else seem to hold until the end of the run.
        let gone = before.into_iter().filter(|series| !present.contains(series));
        let why: Arc<str> = "no longer in the project".into();
        let end = |series| (series, Sample::bad(now, Quality::NOT_RECORDED, Some(Arc::clone(&why))));
        self.queue.push_all(gone.map(end));
    }

    /// Hands over what was gathered.
    pub fn hand_over(&mut self) {
        if !self.gathered.is_empty() {
            self.queue.push_all(self.gathered.drain(..));
        }
    }
}

/// Starts the recorder of a plant that is ours.
///
/// # Errors
/// A history that cannot be opened; the plant goes without one. See [`not_recorded`] and [`Opening`].
pub fn start_recorder(
    folder: &Tenure,
    plan: &Plan,
    clock: &Clock,
    answers: mpsc::Sender<Input>,
) -> Result<HistoryRecorder, FileError> {
    let history = &plan.project.history;
    let retention = Retention { keep: history.keep, most_bytes: history.max_size_bytes };
    HistoryRecorder::start(folder, &SeriesTag::of_plan(plan), retention, clock.clone(), answers)
}

/// A history that could not be opened, as on a full disk: tried again until it can be, by a thread of its own.
#[derive(Debug)]
pub struct Opening {
    end: SyncSender<()>,
    opened: JoinHandle<Option<HistoryRecorder>>,
}

impl Opening {
    /// `journal`: where a damaged history that is set aside is told. What is given back comes when samples have a place.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn start(
        folder: Tenure,
        plan: Arc<Plan>,
        clock: Clock,
        answers: mpsc::Sender<Input>,
        journal: JournalQueue,
        again: Duration,
    ) -> std::io::Result<(Self, oneshot::Receiver<Samples>)> {
        let (end, ended) = sync_channel(0);
        let (found, awaited) = oneshot::channel();
        let run = move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(again) {
                let Ok(recorder) = start_recorder(&folder, &plan, &clock, answers.clone()) else { continue };
                if let Some((path, why)) = recorder.set_aside() {
                    let entry = set_aside_entry(path, why, clock.now().utc);
                    log_handed_over(&entry);
                    journal.push(None, entry);
                }
                tracing::info!("the history could be opened at last: samples are recorded from now on");
                // Where the plant has ended meanwhile, nothing comes.
                let _ended = found.send(Samples::new(&recorder));
                return Some(recorder);
            }
            None
        };
        let opened = thread::Builder::new().name("history-opening".to_owned()).spawn(run)?;
        Ok((Self { end, opened }, awaited))
    }

    /// Stops trying. Gives back the recorder, where there is one by now.
    pub fn end(self) -> Option<HistoryRecorder> {
        let Self { end, opened } = self;
        drop(end);
        // A try under way ends by itself; a thread that panicked has no recorder.
        opened.join().ok().flatten()
    }
}

/// The state of a history that could not be opened: a fault that stands until it can be.
pub fn not_recorded(why: &FileError) -> HistoryState {
    HistoryState { fault: Some(why.to_string().into()), ..HistoryState::default() }
}

/// What the journal has to say of a history that was found damaged at the start.
pub fn set_aside_entry(path: &Path, why: &str, now: Utc) -> Entry {
    let mut entry = Entry::new(now, Event::HistorySetAside);
    entry.note = Some(format!("{} ({why})", path.display()).into());
    entry
}

/// The same for the person at the window.
pub fn set_aside_notice(path: &Path, why: &str) -> String {
    format!(
        "The history was damaged ({why}) and a new one was begun; what is whole in the old one comes back by itself, and it lies in {}",
        path.display()
    )
}
