//! What a line's time goes to while it runs: how much of it is in use, and for which unit.

use std::time::Duration;
use tokio::time::Instant;

/// Between this and twice as much of the past counts.
const WINDOW: Duration = Duration::from_secs(10);

/// The time that exchanges took, pauses and silences before them and timeouts among it.
#[derive(Debug)]
pub(super) struct Usage {
    /// When the present window began.
    began: Instant,
    present: Vec<Duration>,
    /// The window before, with how long it was.
    before: Option<(Duration, Vec<Duration>)>,
}

impl Usage {
    pub(super) fn new(units: usize, now: Instant) -> Self {
        Self { began: now, present: vec![Duration::ZERO; units], before: None }
    }

    /// The line was in use for `unit` from `since` on.
    pub(super) fn used(&mut self, unit: usize, since: Instant, now: Instant) {
        if let Some(busy) = self.present.get_mut(unit) {
            *busy += now.duration_since(since);
        }
        let long = now.duration_since(self.began);
        if long >= WINDOW {
            let none = vec![Duration::ZERO; self.present.len()];
            self.before = Some((long, std::mem::replace(&mut self.present, none)));
            self.began = now;
        }
    }

    /// Thousandths of the line's time that all units took, and that this one took. `None`: too early to tell.
    pub(super) fn thousandths(&self, unit: usize, now: Instant) -> Option<(u16, u16)> {
        let present = now.duration_since(self.began);
        let (before, busy_before) = match &self.before {
            Some((long, busy)) => (*long, busy.as_slice()),
            None if present >= Duration::from_secs(1) => (Duration::ZERO, &[][..]),
            None => return None,
        };
        let whole = (before + present).as_secs_f64();
        let part = |busy: Duration| (busy.as_secs_f64() / whole * 1000.0).round().clamp(0.0, 1000.0) as u16;
        let of = |list: &[Duration]| list.get(unit).copied().unwrap_or_default();
        let all = self.present.iter().chain(busy_before).sum::<Duration>();
        Some((part(all), part(of(&self.present) + of(busy_before))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lines_time_is_told_as_it_was_spent_of_late() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut usage = Usage::new(2, start);
        assert_eq!(usage.thousandths(0, at(999)), None);
        usage.used(0, at(0), at(300));
        usage.used(1, at(500), at(600));
        assert_eq!(usage.thousandths(0, at(1_000)), Some((400, 300)));
        assert_eq!(usage.thousandths(1, at(2_000)), Some((200, 50)));
        usage.used(1, at(9_000), at(10_000));
        // The window before still counts, until the present one has taken its place.
        usage.used(0, at(10_000), at(15_000));
        assert_eq!(usage.thousandths(0, at(20_000)), Some((320, 265)));
        usage.used(0, at(20_000), at(20_000));
        usage.used(0, at(30_000), at(30_000));
        assert_eq!(usage.thousandths(0, at(30_000)), Some((0, 0)));
    }
}
