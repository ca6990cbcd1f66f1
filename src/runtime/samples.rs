//! The engine's samples on their way to the historian: from the plan's numbers of tags to the history's own.

use crate::engine::{Entry, Event, HistoryState, Input, Plan, Record};
use crate::historian::history::{HistoryQueue, HistoryRecorder, Retention, Sample, SeriesId, SeriesTag};
use crate::historian::{FileError, Tenure};
use crate::time::{Clock, Utc};
use std::path::Path;
use tokio::sync::mpsc;

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
/// A history that cannot be opened; the plant goes without one. See [`not_recorded`].
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

/// The state of a history that could not be opened: a fault that stands until the next start.
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
