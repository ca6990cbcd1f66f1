//! Sums up round trips in bounded memory: counts in buckets, over a window that slides in steps.
//!
//! A bucket is at most a sixteenth wider than it begins, and a percentile is told as its middle: exact to a thirtieth,
//! whatever the device. Invariant: memory and work are the same for a device that answers once a minute and for one that
//! answers a thousand times a second.

use crate::engine::roundtrip::{RoundTripPoint, RoundTrips};
use crate::time::{Now, Span};
use std::collections::VecDeque;
use std::sync::Arc;

/// Buckets an octave, as a power of two.
const FINE_BITS: u32 = 4;
/// Round trips below this many microseconds are counted as they are; so far a bucket is a microsecond.
const LINEAR: u64 = 1 << (FINE_BITS + 1);
/// What is longer, about two minutes, counts as this.
const LONGEST: u64 = (1 << 27) - 1;
const BUCKETS: usize = bucket(LONGEST) + 1;

/// Steps that the window has.
const STEPS: usize = (RoundTrips::WINDOW.0 / RoundTrips::STEP.0) as usize;

const fn bucket(micros: u64) -> usize {
    if micros < LINEAR {
        return micros as usize;
    }
    let micros = if micros > LONGEST { LONGEST } else { micros };
    let octave = micros.ilog2() - FINE_BITS;
    (octave as usize) * (1 << FINE_BITS) + (micros >> octave) as usize
}

/// The middle of a bucket.
fn middle(bucket: usize) -> Span {
    let fine = 1 << FINE_BITS;
    if bucket < LINEAR as usize {
        return Span(bucket as i64);
    }
    let octave = bucket / fine - 1;
    let low = ((bucket % fine + fine) as i64) << octave;
    Span(low + (1 << octave) / 2)
}

/// Counts of one step.
#[derive(Debug, Clone)]
struct Step {
    buckets: Box<[u32; BUCKETS]>,
    longest: Span,
}

impl Step {
    fn new() -> Self {
        Self { buckets: Box::new([0; BUCKETS]), longest: Span::ZERO }
    }
}

/// The meter of one device.
#[derive(Debug)]
pub struct RoundTripMeter {
    /// The step under way comes last.
    steps: VecDeque<Step>,
    /// Which step is under way: monotonic time in steps.
    at: i64,
    errors_before: u64,
    history: VecDeque<RoundTripPoint>,
    shared: Arc<[RoundTripPoint]>,
}

impl RoundTripMeter {
    /// Nothing measured yet.
    pub fn new(now: Now) -> Self {
        Self {
            steps: VecDeque::from([Step::new()]),
            at: step_of(now),
            errors_before: 0,
            history: VecDeque::new(),
            shared: Arc::default(),
        }
    }

    /// An answer came after `took`. `errors`: all that were counted up to now.
    pub fn answered(&mut self, now: Now, took: Span, errors: u64) {
        self.slide(now, errors);
        let Some(step) = self.steps.back_mut() else { return };
        let count = &mut step.buckets[bucket(u64::try_from(took.0).unwrap_or(0))];
        *count = count.saturating_add(1);
        step.longest = step.longest.max(took);
    }

    /// What there is to tell now. `errors` as above.
    pub fn sum_up(&mut self, now: Now, errors: u64) -> RoundTrips {
        self.slide(now, errors);
        let mut all = Step::new();
        for step in &self.steps {
            all.longest = all.longest.max(step.longest);
            for (sum, count) in all.buckets.iter_mut().zip(step.buckets.iter()) {
                *sum = sum.saturating_add(*count);
            }
        }
        let (count, p50, p99) = percentiles(&all);
        RoundTrips { count, p50, p99, longest: (count > 0).then_some(all.longest), history: Arc::clone(&self.shared) }
    }

    /// Ends the steps that lie behind.
    fn slide(&mut self, now: Now, errors: u64) {
        let at = step_of(now);
        if at <= self.at {
            return;
        }
        // After a long silence only the newest steps are worth a point.
        let passed = (at - self.at).min(RoundTrips::POINTS as i64 + 1);
        for back in (1..=passed).rev() {
            if let Some(step) = self.steps.back() {
                let (count, p50, p99) = percentiles(step);
                let from = now.utc + Span((at - back) * RoundTrips::STEP.0 - now.mono.0);
                let gone = std::mem::replace(&mut self.errors_before, errors);
                let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
                let errors = small(errors.saturating_sub(gone));
                self.history.push_back(RoundTripPoint { from, answers: small(count), errors, p50, p99 });
            }
            // The oldest step's memory is used again.
            let mut step =
                if self.steps.len() >= STEPS { self.steps.pop_front() } else { None }.unwrap_or_else(Step::new);
            step.buckets.fill(0);
            step.longest = Span::ZERO;
            self.steps.push_back(step);
        }
        while self.history.len() > RoundTrips::POINTS {
            self.history.pop_front();
        }
        self.at = at;
        self.shared = self.history.iter().copied().collect();
    }
}

fn step_of(now: Now) -> i64 {
    now.mono.0.div_euclid(RoundTrips::STEP.0)
}

/// How many, the median, and what 99 of 100 stay within.
fn percentiles(step: &Step) -> (u64, Option<Span>, Option<Span>) {
    let count: u64 = step.buckets.iter().map(|n| u64::from(*n)).sum();
    let at = |percent: u64| {
        let rank = (count * percent).div_ceil(100).max(1);
        let mut sum = 0;
        let found = step.buckets.iter().position(|n| {
            sum += u64::from(*n);
            sum >= rank
        });
        // The middle of the last bucket may lie above all that is in it.
        found.map(|bucket| middle(bucket).min(step.longest))
    };
    (count, at(50), at(99))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Mono, Utc};
    use proptest::prelude::*;

    fn at(secs: i64) -> Now {
        Now { mono: Mono(secs * 1_000_000), utc: Utc(1_000_000_000_000_000 + secs * 1_000_000) }
    }

    #[test]
    fn percentiles_are_those_of_the_answers_within_a_thirtieth() {
        let mut meter = RoundTripMeter::new(at(0));
        for millis in 1..=100 {
            meter.answered(at(1), Span::from_millis(millis), 0);
        }
        let told = meter.sum_up(at(1), 0);
        let near = |span: Option<Span>, millis: f64| (span.unwrap().0 as f64 / 1e3 / millis - 1.0).abs() < 1.0 / 30.0;
        assert!(near(told.p50, 50.0) && near(told.p99, 99.0), "{told:?}");
        assert_eq!((told.count, told.longest), (100, Some(Span::from_millis(100))));
    }

    #[test]
    fn what_lies_five_minutes_back_no_longer_counts_and_is_history() {
        let mut meter = RoundTripMeter::new(at(0));
        meter.answered(at(5), Span::from_secs(1), 0);
        for secs in (30..600).step_by(10) {
            meter.answered(at(secs), Span::from_millis(2), 3);
        }
        let told = meter.sum_up(at(600), 4);
        assert!(told.longest < Some(Span::from_millis(3)), "{told:?}");
        assert_eq!(told.history.len(), 20);
        let first = told.history[0];
        assert_eq!((first.from, first.answers, first.errors), (at(0).utc, 1, 3));
        assert!(first.p99 > Some(Span::from_millis(950)));
        assert_eq!((told.history[19].from, told.history[19].errors), (at(570).utc, 1));
    }

    #[test]
    fn a_device_that_fell_silent_has_no_round_trip_and_bounded_history() {
        let mut meter = RoundTripMeter::new(at(0));
        meter.answered(at(1), Span::from_millis(2), 0);
        let told = meter.sum_up(at(40_000_000), 0);
        assert_eq!((told.count, told.p50, told.p99, told.longest), (0, None, None, None));
        assert_eq!(told.history.len(), RoundTrips::POINTS);
        assert_eq!(meter.steps.len(), STEPS);
    }

    proptest! {
        #[test]
        fn any_round_trip_is_in_a_bucket_near_it(micros in any::<i64>()) {
            let mut meter = RoundTripMeter::new(at(0));
            meter.answered(at(0), Span(micros), 0);
            let told = meter.sum_up(at(0), 0).p99.unwrap();
            if (0..=LONGEST as i64).contains(&micros) {
                prop_assert!((told.0 - micros).abs() <= micros / 30 + 1, "{micros} as {told:?}");
            }
        }
    }
}
