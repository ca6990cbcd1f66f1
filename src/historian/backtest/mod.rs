//! Back-test of an alarm on what was recorded: history in, an engine's verdict out, beside what the journal says that people did.
//!
//! The rules are the engine's own ([`crate::engine::trial`]); here lies only the way from the disk to it.

pub mod ask;
pub mod told;

use super::history::query::HistoryReader;
use super::history::{Sample, SeriesId};
use super::{FileError, JournalReader};
use crate::engine::trial::{Outcome, Settings, Trial, TrialError};
use crate::engine::{Event, TagId};
use crate::project::Project;
use crate::time::{Span, Utc};
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What one reading covers at first, and the bounds that it is kept within: long enough that asking costs nothing beside the
/// samples, short enough that they fit in a few megabytes.
const FIRST_WINDOW: Span = Span::from_secs(3_600);
const LONGEST_WINDOW: Span = Span::from_secs(100 * 86_400);
const FEW_SAMPLES: usize = 10_000;
const MANY_SAMPLES: usize = 100_000;

/// Occurrences acted on that are told one by one; of more, the first.
const MOST_ACTED_ON: usize = 10_000;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    /// It cannot be tried.
    #[error(transparent)]
    Trial(#[from] TrialError),
    /// The disk.
    #[error(transparent)]
    File(#[from] FileError),
    /// Of the alarm's own tag nothing lies in the time asked for.
    #[error("nothing was recorded of {0} in this time")]
    NothingRecorded(Arc<str>),
}

/// An occurrence that really was, and that somebody acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActedOn {
    /// Its number.
    pub occurrence: u64,
    /// When it was raised.
    pub raised: Utc,
    /// By whom it was acknowledged.
    pub by: Arc<str>,
    /// When, with the settings tried, it would have been raised; `None`: it would not have come.
    pub trial: Option<Utc>,
}

/// A verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    /// What was asked about: the time that could be played.
    pub range: Range<Utc>,
    /// What the rules did.
    pub outcome: Outcome,
    /// What people acted on in this time.
    pub acted_on: Vec<ActedOn>,
    /// Samples played.
    pub samples: u64,
    /// Tags that the alarm's formulas read, and that are not recorded.
    pub unrecorded: Vec<Arc<str>>,
    /// Parts of the history that could not be read; a gap stands for each.
    pub damaged: u64,
}

/// Plays a time. `None`: broken off by `stop`.
pub fn backtest(
    history: &HistoryReader,
    journal: Option<&JournalReader>,
    project: &Project,
    alarm: &str,
    settings: &Settings,
    range: Range<Utc>,
    stop: &AtomicBool,
) -> Result<Option<Backtest>, BacktestError> {
    let mut trial = Trial::new(project, alarm, settings)?;
    let mut unrecorded = trial.unrecorded().to_vec();
    let known = history.tags()?;
    let mut inputs = Vec::new();
    for (place, (tag, name)) in trial.inputs().iter().enumerate() {
        let bears = |other: &String| other.eq_ignore_ascii_case(name);
        let found =
            known.iter().rfind(|t| bears(&t.name)).or_else(|| known.iter().rfind(|t| t.earlier.iter().any(bears)));
        match found {
            Some(found) => inputs.push((*tag, found.series)),
            None if place == 0 => return Err(BacktestError::NothingRecorded(Arc::clone(name))),
            None => unrecorded.push(Arc::clone(name)),
        }
    }
    let Some((_, own)) = inputs.first() else { return Ok(None) };
    let nothing = || BacktestError::NothingRecorded(trial_name(&trial));
    let (first, last) = history.extent(*own)?.ok_or_else(nothing)?;
    // A value that was recorded last held until recording stopped.
    let until = history.recorded_to()?.unwrap_or(last).max(last);
    let range = range.start.max(first)..range.end.min(until);
    if range.start >= range.end {
        return Err(nothing());
    }
    let mut player = Player { trial: &mut trial, history, inputs: &inputs, stop, samples: 0, damaged: 0 };
    if !player.play(range.clone())? {
        return Ok(None);
    }
    let (samples, damaged) = (player.samples, player.damaged);
    let outcome = trial.finish(range.end);
    let acted_on = match journal {
        Some(journal) => acted_on(journal, alarm, range.clone(), &outcome)?,
        None => Vec::new(),
    };
    Ok(Some(Backtest { range, outcome, acted_on, samples, unrecorded, damaged }))
}

fn trial_name(trial: &Trial) -> Arc<str> {
    trial.inputs().first().map_or_else(|| "".into(), |(_, name)| Arc::clone(name))
}

struct Player<'a> {
    trial: &'a mut Trial,
    history: &'a HistoryReader,
    inputs: &'a [(TagId, SeriesId)],
    stop: &'a AtomicBool,
    samples: u64,
    damaged: u64,
}

impl Player<'_> {
    /// Whether it came to its end.
    fn play(&mut self, range: Range<Utc>) -> Result<bool, FileError> {
        for (tag, series) in self.inputs {
            // What held when the time began.
            if let Some(held) = self.history.before(*series, range.start)? {
                self.trial.sample(*tag, range.start, held.value, held.quality);
            }
        }
        let (mut from, mut window) = (range.start, FIRST_WINDOW);
        let mut batch: Vec<(TagId, Sample)> = Vec::new();
        while from < range.end {
            let to = Utc(from.0.saturating_add(window.0)).min(range.end);
            batch.clear();
            for (tag, series) in self.inputs {
                let outcome = self.history.samples(*series, from..to, self.stop, |sample| {
                    batch.push((*tag, sample.clone()));
                    ControlFlow::Continue(())
                })?;
                self.damaged += outcome.damaged;
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok(false);
            }
            if self.inputs.len() > 1 {
                batch.sort_by_key(|(_, sample)| sample.time);
            }
            self.samples += batch.len() as u64;
            match batch.len() {
                few if few < FEW_SAMPLES => window = Span((window.0 * 2).min(LONGEST_WINDOW.0)),
                many if many > MANY_SAMPLES => window = Span((window.0 / 2).max(1_000_000)),
                _ => {}
            }
            for (tag, sample) in batch.drain(..) {
                self.trial.sample(tag, sample.time, sample.value, sample.quality);
            }
            from = to;
        }
        Ok(true)
    }
}

/// What the journal says that people acknowledged, each beside the occurrence of the replay that stood at the same time.
fn acted_on(
    journal: &JournalReader,
    alarm: &str,
    range: Range<Utc>,
    outcome: &Outcome,
) -> Result<Vec<ActedOn>, FileError> {
    struct Real {
        occurrence: u64,
        raised: Utc,
        ended: Option<Utc>,
        by: Option<Arc<str>>,
    }
    let mut real: Vec<Real> = Vec::new();
    journal.read(Some(range.start), Some(range.end), |row| {
        if !row.alarm.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(alarm)) {
            return ControlFlow::Continue(());
        }
        let Some(entry) = row.to_entry() else { return ControlFlow::Continue(()) };
        let own = |real: &&mut Real| Some(real.occurrence) == entry.occurrence;
        match entry.event {
            Event::Raised => {
                // Whoever raises a million in a month is told by their number.
                if real.len() == MOST_ACTED_ON {
                    real.retain(|r| r.by.is_some());
                }
                if real.len() < MOST_ACTED_ON {
                    let occurrence = entry.occurrence.unwrap_or_default();
                    real.push(Real { occurrence, raised: entry.time, ended: None, by: None });
                }
            }
            Event::Acknowledged => {
                if let Some(real) = real.iter_mut().rev().find(own) {
                    real.by = entry.by.as_ref().map(|by| by.to_string().into());
                }
            }
            Event::Returned | Event::Cleared => {
                if let Some(real) = real.iter_mut().rev().find(own) {
                    real.ended.get_or_insert(entry.time);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    })?;
    let acted_on = real.into_iter().filter_map(|real| {
        let end = real.ended.unwrap_or(range.end);
        let stood = |o: &&crate::engine::trial::Occurrence| o.raised <= end && o.ended.is_none_or(|e| e >= real.raised);
        let trial = outcome.trial.occurrences.iter().find(stood).map(|o| o.raised);
        Some(ActedOn { occurrence: real.occurrence, raised: real.raised, by: real.by?, trial })
    });
    Ok(acted_on.collect())
}
