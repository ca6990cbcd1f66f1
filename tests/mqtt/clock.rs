//! Real time for tests with real sockets.

use tokio::time::Instant;
use watchkeeper::time::{Clock, Mono, Now, Utc};

/// The real clock, as `runtime` makes it.
pub fn clock() -> Clock {
    let start = Instant::now();
    Clock::new(move || Now {
        mono: Mono(start.elapsed().as_micros() as i64),
        utc: Utc(jiff::Timestamp::now().as_microsecond()),
    })
}
