//! Steps of time with what a tag was in each: first, least, greatest, time-weighted mean, last, worst quality.
//!
//! A value holds until the next sample, so what held when a step began counts in it like a sample at its beginning: a tag
//! that is recorded by change alone has a mean in every step, not only in those in which it changed. Invariant: the mean
//! of a step lies between its least and its greatest value, and counts each value for as long as it held.

use super::super::chunk::Kind;
use super::super::summary::{Summary, Total};
use super::grid::Grid;
use crate::engine::{Quality, Value};
use crate::time::Utc;
use std::ops::{ControlFlow, Range};

/// What a tag was in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its beginning on the grid.
    pub from: Utc,
    /// Its end on the grid, which belongs to the next.
    pub to: Utc,
    /// Samples recorded in it; none where a value only held.
    pub count: u64,
    /// The first value.
    pub first: Option<Value>,
    /// The least value; of numbers and states alone.
    pub min: Option<Value>,
    /// The greatest value; of numbers and states alone.
    pub max: Option<Value>,
    /// The mean of what held, weighted by how long; of a state the share of time in which it was true.
    pub mean: Option<f64>,
    /// The last value.
    pub last: Option<Value>,
    /// The worst quality in it; of equally bad ones the first.
    pub quality: Quality,
    /// The share of what was asked for of this step in which the value was good, 0 to 1.
    pub good: f64,
}

/// Several samples in a row as one: what a step wants to know of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Time of the first.
    pub from: i64,
    /// Time of the last.
    pub to: i64,
    count: u64,
    first: Value,
    min: Value,
    max: Value,
    last: Value,
    last_quality: Quality,
    worst: Quality,
    good: i64,
    known: i64,
    integral: f64,
}

impl Run {
    /// What a summary tells of samples whose values are of one kind. `None`: it does not tell all that a step wants to know
    /// to the last digit.
    pub fn of(summary: &Summary, kind: Kind) -> Option<Self> {
        let Summary { first, last, count, last_quality, worst, good, uncertain, integral, .. } = *summary;
        if last_quality.is_bad() || !integral.is_finite() {
            // What stood last before the gap is not in it.
            return None;
        }
        Some(Self {
            from: first,
            to: last,
            count,
            first: kind.value(summary.first_value)?,
            min: kind.value(summary.min)?,
            max: kind.value(summary.max)?,
            last: kind.value(summary.last_value)?,
            last_quality,
            worst,
            good,
            known: good.checked_add(uncertain)?,
            integral,
        })
    }
}

/// Makes steps of samples in order of time.
#[derive(Debug)]
pub struct Stepper {
    grid: Grid,
    from: i64,
    to: i64,
    /// What holds, and up to when it has been counted.
    held: Option<(Option<Value>, Quality)>,
    counted: i64,
    step: Option<Open>,
}

/// A step that is being filled.
#[derive(Debug)]
struct Open {
    from: i64,
    to: i64,
    count: u64,
    first: Option<Value>,
    min: Option<Value>,
    max: Option<Value>,
    last: Option<Value>,
    quality: Option<Quality>,
    good: i64,
    /// How long it had a number, and the sum of the numbers' distance from `base`, each times how long: a value that
    /// stands still has itself as its mean, to the last bit.
    known: i64,
    base: f64,
    sum: Total,
}

impl Stepper {
    /// Steps of `from..to`. The first and the last may be parts of theirs: what lies outside does not count.
    pub fn new(grid: Grid, from: Utc, to: Utc) -> Self {
        Self { grid, from: from.0, to: to.0, held: None, counted: from.0, step: None }
    }

    /// Takes up a sample; `each` gets the steps that are complete by it. The last sample before the range may be given
    /// first, as what held when it began; samples behind the range are not looked at.
    pub fn sample(
        &mut self,
        time: Utc,
        value: Option<&Value>,
        quality: Quality,
        each: &mut impl FnMut(Step) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let value = if quality.is_bad() { None } else { value.cloned() };
        if time.0 < self.from {
            self.held = Some((value, quality));
            return ControlFlow::Continue(());
        }
        if time.0 >= self.to {
            return self.advance(self.to, each);
        }
        self.advance(time.0, each)?;
        let step = self.step_at(time.0);
        step.count += 1;
        step.touch(value.as_ref(), quality);
        self.held = Some((value, quality));
        ControlFlow::Continue(())
    }

    /// Whether samples between these two instants lie in one step, all of them asked for.
    pub fn holds(grid: &mut Grid, range: &Range<Utc>, first: i64, last: i64) -> bool {
        range.start.0 <= first && last < range.end.0 && last < grid.around(Utc(first)).1.0
    }

    /// Takes up several samples at once, which lie in one step: see [`Self::holds`].
    pub fn run(&mut self, run: &Run, each: &mut impl FnMut(Step) -> ControlFlow<()>) -> ControlFlow<()> {
        self.advance(run.from, each)?;
        self.step_at(run.from).take(run);
        self.held = Some((Some(run.last.clone()), run.last_quality));
        self.counted = run.to;
        ControlFlow::Continue(())
    }

    /// The rest: what held last holds until `until`, which is how far is recorded.
    pub fn finish(mut self, until: Utc, each: &mut impl FnMut(Step) -> ControlFlow<()>) -> ControlFlow<()> {
        let until = until.0.min(self.to);
        self.advance(until, each)?;
        let end = until.max(self.counted);
        match self.step.take() {
            Some(step) => each(step.close(self.from, end)),
            None => ControlFlow::Continue(()),
        }
    }

    /// Lets what holds count up to `time`.
    fn advance(&mut self, time: i64, each: &mut impl FnMut(Step) -> ControlFlow<()>) -> ControlFlow<()> {
        while self.counted < time {
            if self.held.is_none() && self.step.is_none() {
                // Nothing is known before the first sample: no steps of it.
                self.counted = time;
                break;
            }
            let at = self.counted;
            let held = self.held.clone();
            let step = self.step_at(at);
            let (step_from, step_to) = (step.from, step.to);
            let end = step_to.min(time);
            if let Some((value, quality)) = &held {
                step.hold(value.as_ref(), *quality, end.saturating_sub(at));
            }
            self.counted = end;
            if end == step_to
                && let Some(step) = self.step.take()
            {
                // A step of which nothing was known cannot be: it was opened by a sample or by what held.
                each(step.close(self.from.max(step_from), end))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn step_at(&mut self, time: i64) -> &mut Open {
        let grid = &mut self.grid;
        self.step.get_or_insert_with(|| {
            let (from, to) = grid.around(Utc(time));
            Open::new(from.0, to.0)
        })
    }
}

impl Open {
    fn new(from: i64, to: i64) -> Self {
        Self {
            from,
            to,
            count: 0,
            first: None,
            min: None,
            max: None,
            last: None,
            quality: None,
            good: 0,
            known: 0,
            base: 0.0,
            sum: Total::default(),
        }
    }

    fn hold(&mut self, value: Option<&Value>, quality: Quality, micros: i64) {
        self.touch(value, quality);
        if quality.is_good() {
            self.good += micros;
        }
        if let Some(number) = value.and_then(Value::as_f64) {
            if self.known == 0 {
                self.base = number;
            }
            self.known += micros;
            self.sum.add((number - self.base) * micros as f64);
        }
    }

    fn take(&mut self, run: &Run) {
        let Run { count, first, min, max, last, worst, good, known, integral, .. } = run;
        self.count += count;
        for value in [first, min, max, last] {
            self.touch(Some(value), *worst);
        }
        self.good += good;
        if *known > 0 {
            if self.known == 0 {
                self.base = first.as_f64().unwrap_or_default();
            }
            self.known += known;
            self.sum.add(*integral);
            self.sum.add(-self.base * *known as f64);
        }
    }

    fn touch(&mut self, value: Option<&Value>, quality: Quality) {
        self.quality = Some(self.quality.map_or(quality, |worst| worst.worst(quality)));
        let Some(value) = value else { return };
        if self.first.is_none() {
            self.first = Some(value.clone());
        }
        self.last = Some(value.clone());
        if !matches!(value, Value::Text(_)) {
            if self.min.as_ref().is_none_or(|min| is_less(value, min)) {
                self.min = Some(value.clone());
            }
            if self.max.as_ref().is_none_or(|max| is_less(max, value)) {
                self.max = Some(value.clone());
            }
        }
    }

    fn mean(&self) -> Option<f64> {
        let (least, greatest) = (self.min.as_ref()?.as_f64()?, self.max.as_ref()?.as_f64()?);
        if self.known == 0 {
            // Nothing held for any time: the last is the best that is known.
            return self.last.as_ref()?.as_f64();
        }
        // Numbers near the largest that there are may have a sum beyond it: then no mean is told rather than a wrong one.
        let mean = self.base + self.sum.sum() / self.known as f64;
        mean.is_finite().then(|| mean.clamp(least, greatest))
    }

    /// `from` and `end`: what of the step was asked for.
    fn close(self, from: i64, end: i64) -> Step {
        let length = end.saturating_sub(from.max(self.from));
        let mean = self.mean();
        let quality = self.quality.unwrap_or(Quality::BAD);
        let good = if length > 0 { self.good as f64 / length as f64 } else { f64::from(u8::from(quality.is_good())) };
        let Self { from, to, count, first, min, max, last, .. } = self;
        Step { from: Utc(from), to: Utc(to), count, first, min, max, mean, last, quality, good }
    }
}

/// Exact within a kind; numbers of different kinds (a tag's type was changed) by their size.
fn is_less(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::I64(a), Value::I64(b)) => a < b,
        (Value::U64(a), Value::U64(b)) => a < b,
        _ => one.as_f64() < other.as_f64(),
    }
}

#[cfg(test)]
#[path = "steps_tests.rs"]
mod tests;
