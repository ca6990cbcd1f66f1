//! How long to wait before a broker is tried again.
//!
//! One that takes a connection and closes it, or is lost right after it was made (a message too long, two clients of one name),
//! must not be tried over and over at full speed: waits double, up to ten seconds. Where nobody answered (nothing listens, the
//! network is cut, the broker hangs), an attempt costs nobody anything, and one that is back is to be found at once: they begin a
//! second apart at most.

use crate::time::Span;
use std::time::Duration;

/// Shortest wait after a lost connection.
const FIRST: Span = Span::from_millis(500);

/// Longest wait. A connection that held as long starts from the shortest again.
const LONGEST: Span = Span::from_secs(10);

/// Longest from one attempt that nobody answered to the next, but for a quarter.
const SOON: Span = Span::from_millis(800);

/// At least so long between the end of such an attempt and the next.
const PAUSE: Span = Span::from_millis(100);

/// A broker that has said nothing for so long hangs; the client library gives up after five seconds.
const HANGS: Span = Span::from_secs(4);

/// What an attempt came to.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// How long it served; zero where it never did.
    pub held: Span,
    /// From its beginning to its end.
    pub took: Span,
    /// There was nobody to connect to.
    pub unreached: bool,
}

/// The wait, growing.
#[derive(Debug)]
pub struct Backoff(Span);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// How long to wait after an attempt: within a quarter of what it should be, so that clients cut off together do not come
    /// back together.
    pub fn after(&mut self, attempt: Attempt) -> Duration {
        let jittered = |wait: Span| Span((wait.0 as f64 * (0.75 + 0.5 * fastrand::f64())) as i64);
        let Attempt { held, took, unreached } = attempt;
        if held == Span::ZERO && (unreached || took >= HANGS) {
            let wait = self.0.min(SOON);
            self.0 = Span(wait.0 * 2).min(SOON);
            return Span(jittered(wait).0 - took.0).max(PAUSE).to_std();
        }
        let wait = if held >= LONGEST { FIRST } else { self.0 };
        self.0 = Span(wait.0 * 2).min(LONGEST);
        jittered(wait).to_std()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits after so many equal attempts, in milliseconds, each checked to be within a quarter of these.
    fn waits(backoff: &mut Backoff, attempt: Attempt, expected: &[f64]) {
        for (at, expected) in expected.iter().enumerate() {
            let wait = backoff.after(attempt).as_secs_f64() * 1e3;
            assert!((expected * 0.75..=expected * 1.25).contains(&wait), "{at}: {wait} is not about {expected}");
        }
    }

    #[test]
    fn a_broker_that_hangs_up_is_tried_ever_more_slowly_and_one_that_is_away_every_second() {
        let none = Attempt { held: Span::ZERO, took: Span::from_millis(2), unreached: false };
        let mut backoff = Backoff::default();
        waits(&mut backoff, none, &[500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0, 10_000.0, 10_000.0]);
        let away = Attempt { unreached: true, ..none };
        waits(&mut backoff, Attempt { took: Span::ZERO, ..away }, &[800.0, 800.0]);
        waits(&mut backoff, Attempt { took: Span::from_secs(5), ..away }, &[100.0, 100.0]);
        waits(&mut backoff, Attempt { took: Span::from_secs(5), ..none }, &[100.0]);
        // It was away, and is no worse for that.
        waits(&mut backoff, none, &[800.0, 1_600.0]);
        let held = Attempt { held: Span::from_secs(10), took: Span::from_secs(11), unreached: false };
        waits(&mut backoff, held, &[500.0, 500.0]);
        let briefly = Attempt { held: Span::from_secs(1), took: Span::from_secs(1), unreached: false };
        waits(&mut backoff, briefly, &[1_000.0, 2_000.0]);
    }
}
