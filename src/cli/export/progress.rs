//! How far an export is, on a terminal alone.

use crate::time::{Clock, Mono, Span, Utc};
use std::io::{self, IsTerminal as _, Write as _};

/// Rows between two looks at the clock.
const ROWS_A_LOOK: u64 = 4_096;

/// Time between two pictures.
const PICTURE_EVERY: Span = Span(100_000);

const BAR: usize = 30;

/// A line on standard error that is drawn over and over; nothing where that is no terminal.
#[derive(Debug)]
pub struct Progress {
    clock: Clock,
    shown: bool,
    tags: usize,
    begun: usize,
    extent: Option<(Utc, Utc)>,
    rows: u64,
    next: Mono,
}

impl Progress {
    pub fn new(tags: usize, clock: Clock) -> Self {
        let next = clock.now().mono + PICTURE_EVERY;
        Self { clock, shown: io::stderr().is_terminal(), tags, begun: 0, extent: None, rows: 0, next }
    }

    /// The next tag, and from when to when there is anything of it.
    pub fn begin(&mut self, extent: Option<(Utc, Utc)>) {
        self.begun += 1;
        self.extent = extent;
        self.look(extent.map_or(Utc(0), |(from, _)| from));
    }

    /// A row was written, of this time.
    pub fn row(&mut self, time: Utc) {
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_A_LOOK) {
            self.look(time);
        }
    }

    /// Takes the line away. Returns how many rows there were.
    pub fn finish(self) -> u64 {
        if self.shown {
            let _unseen = write!(io::stderr(), "\r\x1b[K");
        }
        self.rows
    }

    fn look(&mut self, time: Utc) {
        if !self.shown {
            return;
        }
        let now = self.clock.now().mono;
        if now >= self.next {
            self.next = now + PICTURE_EVERY;
            let _unseen = write!(io::stderr(), "\r{}\x1b[K", self.line(time));
        }
    }

    fn line(&self, time: Utc) -> String {
        let of_tag = self.extent.map_or(0.0, |(from, to)| {
            let (done, all) = ((time - from).0 as f64, (to - from).0 as f64);
            if all > 0.0 { (done / all).clamp(0.0, 1.0) } else { 1.0 }
        });
        let share = (self.begun.saturating_sub(1) as f64 + of_tag) / self.tags.max(1) as f64;
        let full = (share * BAR as f64) as usize;
        let bar: String = (0..BAR).map(|i| if i < full { '█' } else { '░' }).collect();
        format!("{bar} {:3.0} %  tag {} of {}, {} rows", share * 100.0, self.begun, self.tags, self.rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Now;

    #[test]
    fn the_bar_grows_with_the_tags_and_with_the_time_within_one() {
        let mut progress = Progress::new(4, Clock::new(Now::default));
        progress.begin(Some((Utc(0), Utc(100))));
        progress.begin(Some((Utc(1_000), Utc(2_000))));
        assert!(progress.line(Utc(1_500)).contains(" 38 %  tag 2 of 4, 0 rows"), "{}", progress.line(Utc(1_500)));
        progress.begin(None);
        assert!(progress.line(Utc(0)).contains(" 50 %"));
        progress.begin(Some((Utc(5), Utc(6))));
        progress.row(Utc(6));
        assert!(progress.line(Utc(6)).starts_with(&"█".repeat(BAR)));
        assert_eq!(progress.finish(), 1);
    }
}
