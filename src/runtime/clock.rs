//! The computer's clocks, read here and nowhere else; everything below is handed a [`Clock`].

use crate::time::{Clock, Mono, Now, Utc};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The real clock. Its monotonic side counts from this call.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clocks")]
pub fn system_clock() -> Clock {
    let start = Instant::now();
    Clock::new(move || Now {
        mono: Mono(i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX)),
        utc: utc_from_system(SystemTime::now()),
    })
}

/// A wall clock before 1970 is a negative number.
fn utc_from_system(time: SystemTime) -> Utc {
    let micros = |d: std::time::Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
    Utc(match time.duration_since(UNIX_EPOCH) {
        Ok(since) => micros(since),
        Err(before) => -micros(before.duration()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_wall_clock_before_1970_is_negative_and_not_a_panic() {
        assert_eq!(utc_from_system(UNIX_EPOCH + Duration::from_millis(1_500)), Utc(1_500_000));
        assert_eq!(utc_from_system(UNIX_EPOCH - Duration::from_secs(2)), Utc(-2_000_000));
    }

    #[test]
    fn the_monotonic_side_never_steps_back() {
        let clock = system_clock();
        let mut last = clock.now().mono;
        for _ in 0..1_000 {
            let now = clock.now().mono;
            assert!(now >= last);
            last = now;
        }
    }
}
