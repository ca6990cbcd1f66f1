//! How long answers take on a line, and so how long a unit that is gone need be waited for: while it is, nobody else of the
//! line is asked.

use crate::time::Span;
use std::time::Duration;

/// No probe is shorter: a USB adapter and a busy machine take as long now and then.
const SHORTEST: Duration = Duration::from_millis(100);

/// A unit that comes back may be slower than all the others: one probe of so many waits as long as the project says.
const WHOLE_EVERY: u32 = 4;

/// The slowest of the answers of late.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pace {
    slowest: Option<Duration>,
}

impl Pace {
    /// An answer came. A slow one is forgotten by and by: a sixty-fourth of it with each that is quicker.
    pub(super) fn answered(&mut self, took: Duration) {
        self.slowest = Some(self.slowest.map_or(took, |slowest| took.max(slowest.saturating_sub(slowest / 64))));
    }

    /// How long the `nth` probe, from zero, of a unit waits that was once as fast as `own`.
    pub(super) fn patience(self, own: Self, nth: u32, timeout: Span) -> Span {
        let Some(slowest) = self.slowest.filter(|_| nth % WHOLE_EVERY != WHOLE_EVERY - 1) else { return timeout };
        let longest = (slowest * 4).max(own.slowest.unwrap_or_default() * 2).max(SHORTEST);
        Span(i64::try_from(longest.as_micros()).unwrap_or(i64::MAX)).min(timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_waits_for_some_times_what_answers_take_and_now_and_then_for_all_that_it_may() {
        let (mut line, mut own) = (Pace::default(), Pace::default());
        let second = Span::from_secs(1);
        let patience = |line: Pace, own, nth| line.patience(own, nth, second).as_millis();
        assert_eq!(patience(line, own, 0), 1_000, "nothing is known yet");
        line.answered(Duration::from_millis(5));
        assert_eq!((0..5).map(|nth| patience(line, own, nth)).collect::<Vec<_>>(), [100, 100, 100, 1_000, 100]);
        line.answered(Duration::from_millis(60));
        assert_eq!(patience(line, own, 0), 240);
        own.answered(Duration::from_millis(300));
        assert_eq!(patience(line, own, 0), 600);
        line.answered(Duration::from_millis(700));
        assert_eq!(patience(line, own, 0), 1_000, "never more than the project says");
        (0..300).for_each(|_| line.answered(Duration::from_millis(5)));
        assert_eq!(patience(line, Pace::default(), 0), 100);
    }
}
