//! When the window is painted: data at most four times a second, a new alarm at once, and nothing for a plant that does
//! not change but its clock, once a second.
//!
//! Measured without a GPU a frame costs about 30 ms, so the number of frames is what the window costs.

use crate::engine::Snapshot;
use crate::engine::snapshot::TagView;
use crate::historian::history::ask::Wake;
use crate::time::{Clock, Mono, Now, Span};
use eframe::egui::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Least time between two frames that show new data.
pub const DATA_INTERVAL: Span = Span::from_millis(250);

/// How soon a newer picture has to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Nothing that is shown differs.
    Never,
    /// With the next frame for data.
    Soon,
    /// At once.
    Now,
}

/// When the last frame was painted, shared between the frame and the watcher.
#[derive(Debug, Clone)]
pub struct Pace {
    clock: Clock,
    /// Microseconds of the monotonic clock.
    painted: Arc<AtomicI64>,
}

impl Pace {
    /// Nothing was painted yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, painted: Arc::new(AtomicI64::new(i64::MIN / 2)) }
    }

    /// A frame is painted now.
    pub fn painted(&self) -> Now {
        let now = self.clock.now();
        self.painted.store(now.mono.0, Ordering::Relaxed);
        now
    }

    /// How long to wait with the next frame. Never zero: egui paints twice for that.
    pub fn delay(&self, urgency: Urgency) -> Option<Duration> {
        let least = Duration::from_millis(1);
        match urgency {
            Urgency::Never => None,
            Urgency::Now => Some(least),
            Urgency::Soon => {
                let due = Mono(self.painted.load(Ordering::Relaxed)) + DATA_INTERVAL;
                Some((due - self.clock.now().mono).to_std().max(least))
            }
        }
    }
}

/// How long until what the clock alone changes: the next second, or the next half while something blinks.
pub fn until_tick(now: Now, blinking: bool) -> Duration {
    let period = if blinking { 500_000 } else { 1_000_000 };
    let left = period - now.utc.0.rem_euclid(period);
    // A little late rather than early: early would paint the old second once more.
    Duration::from_micros(left as u64) + Duration::from_millis(20)
}

/// Asks for a frame when an answer is there, from whichever thread gives it. One: egui paints twice for one that is asked
/// for at once.
pub fn on_answer(ctx: &Context) -> Wake {
    let ctx = ctx.clone();
    Arc::new(move || ctx.request_repaint_after(Duration::from_millis(1)))
}

/// Whether `new` shows anything that `old` does not. Ages are the clock's; counters of devices wait for it.
pub fn urgency(old: &Snapshot, new: &Snapshot) -> Urgency {
    if !Arc::ptr_eq(&old.plan, &new.plan) || news_of_alarms(old, new) || old.mode != new.mode {
        return Urgency::Now;
    }
    let same = old.horn == new.horn
        && old.horn_state == new.horn_state
        && old.counts == new.counts
        && old.journal.fault == new.journal.fault
        && old.journal.lost == new.journal.lost
        && same_recording(old, new)
        && (Arc::ptr_eq(&old.refusals, &new.refusals) || old.refusals == new.refusals)
        && (Arc::ptr_eq(&old.alarms, &new.alarms) || old.alarms == new.alarms)
        && (Arc::ptr_eq(&old.devices, &new.devices) || same_links(old, new))
        && same_values(old, new);
    if same { Urgency::Never } else { Urgency::Soon }
}

/// A new occurrence, an acknowledgement answered, or a refusal: what a person waits for.
fn news_of_alarms(old: &Snapshot, new: &Snapshot) -> bool {
    if Arc::ptr_eq(&old.alarms, &new.alarms) && old.refusals.len() == new.refusals.len() {
        return false;
    }
    old.counts.unacknowledged != new.counts.unacknowledged
        || old.refusals.last() != new.refusals.last()
        || old.alarms.len() != new.alarms.len()
        || old
            .alarms
            .iter()
            .zip(new.alarms.iter())
            .any(|(a, b)| (a.id, a.occurrence, a.state, a.recording) != (b.id, b.occurrence, b.state, b.recording))
}

/// What ails the recording; its figures grow every second and wait for the clock.
fn same_recording(old: &Snapshot, new: &Snapshot) -> bool {
    let ails = |snapshot: &Snapshot| snapshot.history.as_ref().map(|h| (h.fault.clone(), h.lost, h.disk_is_filling()));
    ails(old) == ails(new)
}

fn same_links(old: &Snapshot, new: &Snapshot) -> bool {
    old.devices.len() == new.devices.len()
        && old.devices.iter().zip(new.devices.iter()).all(|(a, b)| a.status.state == b.status.state)
}

fn same_values(old: &Snapshot, new: &Snapshot) -> bool {
    let same = |a: &TagView, b: &TagView| a.quality == b.quality && a.value == b.value && a.alarm == b.alarm;
    old.pages.len() == new.pages.len()
        && old
            .pages
            .iter()
            .zip(&new.pages)
            .all(|(a, b)| Arc::ptr_eq(a, b) || (a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| same(a, b))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Utc;

    fn now(micros: i64) -> Now {
        Now { mono: Mono(micros), utc: Utc(micros) }
    }

    #[test]
    fn data_is_painted_at_most_four_times_a_second_and_an_alarm_at_once() {
        let clock = Clock::new(|| now(10_000_000));
        let pace = Pace::new(clock);
        assert_eq!(pace.delay(Urgency::Soon), Some(Duration::from_millis(1)), "the first data wait for nothing");
        pace.painted();
        assert_eq!(pace.delay(Urgency::Soon), Some(Duration::from_millis(250)));
        assert_eq!(pace.delay(Urgency::Now), Some(Duration::from_millis(1)));
        assert_eq!(pace.delay(Urgency::Never), None);
    }

    #[test]
    fn the_clock_asks_for_one_frame_a_second_and_for_two_while_something_blinks() {
        assert_eq!(until_tick(now(5_250_000), false), Duration::from_millis(770));
        assert_eq!(until_tick(now(5_250_000), true), Duration::from_millis(270));
        assert_eq!(until_tick(now(5_000_000), false), Duration::from_millis(1_020));
        assert_eq!(until_tick(now(-250_000), false), Duration::from_millis(270));
    }
}
