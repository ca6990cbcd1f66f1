//! A history on paper: answers from lists of samples as the historian would, at once or when it is told to.

use crate::engine::Quality;
use crate::engine::Value;
use crate::engine::trial::Trial;
use crate::historian::backtest::Backtest;
use crate::historian::history::query::Picture;
use crate::historian::history::query::picture::Sketch;
use crate::time::Utc;
use crate::ui::past::{Answer, History, Pending, PendingTrial, Question, Trying, Verdict, Wake};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// A sample that was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When.
    pub time: Utc,
    /// What; NaN while bad.
    pub value: f64,
    /// How far to be trusted.
    pub quality: Quality,
    /// Why not further.
    pub detail: Option<Arc<str>>,
}

/// See the module. Clones are the same archive.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    /// Samples by tag, in order of time. A tag that is not there has none.
    pub tags: BTreeMap<String, Arc<Vec<Recorded>>>,
    /// What is on disk.
    pub recorded_to: Utc,
    /// Why nothing can be read.
    pub fault: Option<String>,
    /// Answers are kept back.
    pub late: Arc<AtomicBool>,
    /// Everything that was asked so far.
    pub asked: Arc<Mutex<Vec<Question>>>,
    /// Questions that were neither answered nor taken back.
    pub open: Arc<AtomicUsize>,
}

impl Archive {
    /// A good sample.
    pub fn good(time: Utc, value: f64) -> Recorded {
        Recorded { time, value, quality: Quality::GOOD, detail: None }
    }

    /// A stretch without a value begins.
    pub fn bad(time: Utc, quality: Quality, detail: &str) -> Recorded {
        let detail = (!detail.is_empty()).then(|| Arc::from(detail));
        Recorded { time, value: f64::NAN, quality, detail }
    }

    /// Everything that was asked so far.
    pub fn questions(&self) -> Vec<Question> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Questions that were neither answered nor taken back.
    pub fn open_questions(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    fn answer(&self, question: &Question) -> Answer {
        let pens = question.pens.iter().map(|name| match &self.fault {
            Some(fault) => Err(fault.clone()),
            None => Ok(self.picture(name, question)),
        });
        Answer { pens: pens.collect(), recorded_to: Some(self.recorded_to), from: question.from, to: question.to }
    }

    fn verdict(&self, trying: &Trying) -> Verdict {
        let Trying { project, alarm, settings, range } = trying;
        let mut trial = Trial::new(project, alarm, settings).map_err(|e| e.to_string())?;
        let inputs = trial.inputs().to_vec();
        let Some((tag, name)) = inputs.first() else { return Err("no tag".to_owned()) };
        let samples = self.tags.get(name.as_ref()).map(|s| s.as_slice()).unwrap_or_default();
        for sample in samples.iter().filter(|s| range.contains(&s.time)) {
            let value = Some(Value::F64(sample.value)).filter(|_| !sample.quality.is_bad());
            trial.sample(*tag, sample.time, value, sample.quality);
        }
        let outcome = trial.finish(range.end.min(self.recorded_to));
        let count = samples.len() as u64;
        let range = range.clone();
        Ok(Backtest { range, outcome, acted_on: Vec::new(), samples: count, unrecorded: Vec::new(), damaged: 0 })
    }

    fn picture(&self, name: &str, question: &Question) -> Picture {
        let mut sketch = Sketch::new(question.from, question.to, question.columns);
        let samples = self.tags.get(name).map(|s| s.as_slice()).unwrap_or_default();
        let first = samples.partition_point(|s| s.time <= question.from).saturating_sub(1);
        for sample in samples.get(first..).unwrap_or_default() {
            sketch.sample(sample.time, sample.value, sample.quality, sample.detail.as_ref());
            if sample.time >= question.to {
                break;
            }
        }
        sketch.finish(self.recorded_to)
    }
}

impl History for Archive {
    fn ask(&self, question: Question, wake: Wake) -> Box<dyn Pending> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(question.clone());
        self.open.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = sync_channel(1);
        // There is room for one.
        if sender.send(self.answer(&question)).is_ok() {
            wake();
        }
        Box::new(Under { receiver, late: self.late.clone(), open: self.open.clone() })
    }

    fn backtest(&self, trying: Trying, wake: Wake) -> Box<dyn PendingTrial> {
        let verdict = self.verdict(&trying);
        wake();
        Box::new(Tried(Some(verdict)))
    }
}

/// A verdict that is there at once.
#[derive(Debug)]
struct Tried(Option<Verdict>);

impl PendingTrial for Tried {
    fn take(&mut self) -> Option<Verdict> {
        self.0.take()
    }
}

#[derive(Debug)]
struct Under {
    receiver: Receiver<Answer>,
    late: Arc<AtomicBool>,
    open: Arc<AtomicUsize>,
}

impl Pending for Under {
    fn take(&mut self) -> Option<Answer> {
        if self.late.load(Ordering::Relaxed) {
            return None;
        }
        self.receiver.try_recv().ok()
    }
}

impl Drop for Under {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}
