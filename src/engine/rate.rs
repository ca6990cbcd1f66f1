//! How fast a value moves: the value now less the one that held `over` ago, per second.
//!
//! The past is kept as the instants at which the value became another, those of the last `over` and the one before. A
//! value that was bad `over` ago is not known, and so is the rate; before there is that much of it, there is none either.
//! A bad stretch between is bridged: both ends of the difference are known. Memory is bounded: the rate is exact up to
//! [`MOST`] changes within `over`; of more, the value that held is told to 1/[`SLOTS`] of `over`.

use crate::time::{Mono, Span};
use std::collections::VecDeque;

/// Changes that are kept.
const MOST: usize = 256;
/// Where there are more, one is kept of each of so many parts of `over`.
const SLOTS: i64 = 128;

/// The recent past of a value; see the module.
#[derive(Debug, Clone, Default)]
pub(super) struct RateWindow {
    /// In order of time; `None`: bad from then on.
    changes: VecDeque<(Mono, Option<f64>)>,
}

impl RateWindow {
    /// The value from `at` on; `None`: bad. Times do not go back.
    pub(super) fn push(&mut self, at: Mono, value: Option<f64>, over: Span) {
        match self.changes.back_mut() {
            Some((_, last)) if *last == value => return,
            // Of one instant the last counts.
            Some((time, last)) if *time == at => *last = value,
            _ => self.changes.push_back((at, value)),
        }
        self.forget_before(at, over);
        if self.changes.len() > MOST {
            self.thin(over);
        }
    }

    /// In units per second; `None`: not known.
    pub(super) fn rate(&mut self, now: Mono, over: Span) -> Option<f64> {
        self.forget_before(now, over);
        let (since, _) = *self.changes.front()?;
        if now - since < over {
            return None;
        }
        self.newest_rate(over)
    }

    /// The rate as it was last worked out, without regard to how old that is.
    pub(super) fn newest_rate(&self, over: Span) -> Option<f64> {
        let ((_, before), (_, value)) = (self.changes.front()?, self.changes.back()?);
        Some(((*value)? - (*before)?) / (over.0 as f64 / 1e6))
    }

    /// When the value that held `over` ago is another, or known at last, if no new one comes before.
    pub(super) fn next_change(&self, now: Mono, over: Span) -> Option<Mono> {
        self.changes.iter().take(2).map(|(at, _)| *at + over).find(|at| *at > now)
    }

    /// Drops what lies before the value that held `over` ago.
    fn forget_before(&mut self, now: Mono, over: Span) {
        while self.changes.get(1).is_some_and(|(at, _)| now - *at >= over) {
            self.changes.pop_front();
        }
    }

    /// Keeps the last of each slot of time.
    fn thin(&mut self, over: Span) {
        let slot = (over.0 / SLOTS).max(1);
        let mut kept: VecDeque<(Mono, Option<f64>)> = VecDeque::with_capacity(MOST + 1);
        for change in self.changes.drain(..) {
            match kept.back_mut() {
                Some(last) if last.0.0.div_euclid(slot) == change.0.0.div_euclid(slot) => *last = change,
                _ => kept.push_back(change),
            }
        }
        self.changes = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Span = Span::from_secs(60);

    fn second(s: f64) -> Mono {
        Mono((s * 1e6) as i64)
    }

    #[test]
    fn there_is_no_rate_before_there_is_that_much_of_the_value() {
        let mut window = RateWindow::default();
        assert_eq!(window.rate(second(0.0), MINUTE), None);
        window.push(second(10.0), Some(100.0), MINUTE);
        window.push(second(40.0), Some(160.0), MINUTE);
        assert_eq!(window.rate(second(69.9), MINUTE), None);
        assert_eq!(window.rate(second(70.0), MINUTE), Some(1.0));
        assert_eq!(window.next_change(second(70.0), MINUTE), Some(second(100.0)));
        assert_eq!(window.rate(second(100.0), MINUTE), Some(0.0), "the old value has left the window");
        assert_eq!(window.next_change(second(100.0), MINUTE), None, "nothing moves any more");
    }

    #[test]
    fn a_bad_stretch_is_bridged_and_is_no_value_itself() {
        let mut window = RateWindow::default();
        window.push(second(0.0), Some(10.0), MINUTE);
        window.push(second(90.0), None, MINUTE);
        assert_eq!(window.rate(second(95.0), MINUTE), None, "bad now");
        window.push(second(100.0), Some(40.0), MINUTE);
        assert_eq!(window.rate(second(100.0), MINUTE), Some(0.5), "a minute ago it was 10");
        assert_eq!(window.rate(second(155.0), MINUTE), None, "a minute ago it was bad");
        assert_eq!(window.rate(second(160.0), MINUTE), Some(0.0));
    }

    #[test]
    fn a_value_that_changes_all_the_time_takes_bounded_memory_and_keeps_its_rate() {
        let mut window = RateWindow::default();
        for i in 0..1_000_000_i64 {
            let at = Mono(i * 1_000);
            window.push(at, Some(i as f64 / 1_000.0), MINUTE);
            assert!(window.changes.len() <= MOST + 1);
            if i % 1_000 == 0 && i > 61_000 {
                let rate = window.rate(at, MINUTE).unwrap();
                // The value that held is told to a 128th of the minute.
                assert!((1.0..=1.0 + 1.0 / SLOTS as f64 + 1e-9).contains(&rate), "{rate}");
            }
        }
    }

    proptest! {
        /// Against the plainest way to say it: all that ever was, looked through from its end.
        #[test]
        fn the_rate_is_what_the_whole_past_says(
            steps in proptest::collection::vec((0_i64..20_000_000, proptest::option::weighted(0.9, -5_i32..5)), 1..200),
        ) {
            let mut window = RateWindow::default();
            let mut past: Vec<(Mono, Option<f64>)> = Vec::new();
            let mut now = Mono(0);
            for (wait, value) in steps {
                now = now + Span(wait);
                let value = value.map(f64::from);
                window.push(now, value, MINUTE);
                past.push((now, value));
                let held = past.iter().rev().find(|(at, _)| now - *at >= MINUTE).and_then(|(_, v)| *v);
                let expected = value.zip(held).map(|(v, h)| (v - h) / 60.0);
                prop_assert_eq!(window.rate(now, MINUTE), expected);
            }
        }
    }
}
