//! What somebody at the workbench wants to see of a device's registers, and what was read for it.
//!
//! A wish lives for as long as it is repeated: a window that is closed, or stalls, asks for nothing any more. The device's
//! own line serves it where it has time (see `modbus::connection`); no second connection is made.

use crate::project::Area;
use crate::time::{Mono, Now, Span};
use std::sync::Arc;

/// A wish that is not repeated ends after this.
const KEPT: Span = Span::from_secs(3);

/// Nothing is read more often.
pub const SHORTEST: Span = Span::from_millis(250);

/// So long a read that was refused is not tried again; one that was not answered costs the line its patience.
const AFTER_REFUSAL: Span = Span::from_secs(5);
const AFTER_SILENCE: Span = Span::from_secs(30);

/// Most registers that are looked at: as many as one answer holds.
pub const MOST: u16 = 125;

/// Which registers or bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Which table.
    pub area: Area,
    /// First protocol address.
    pub start: u16,
    /// How many; at most [`MOST`].
    pub count: u16,
    /// How often, where the line has time.
    pub every: Span,
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct BenchView {
    /// The registers as they were read last (bits are 0 and 1), and when; `None`: not yet.
    pub taken: Option<(Now, Arc<[u16]>)>,
    /// When each of them was last another than before.
    pub moved: Vec<Option<Mono>>,
    /// How often they were read.
    pub reads: u64,
    /// How long the last read took.
    pub took: Span,
    /// Why the last one brought nothing.
    pub fault: Option<Arc<str>>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Bench {
    wanted: Option<Wanted>,
    until: Mono,
    next: Mono,
    view: BenchView,
}

impl Bench {
    /// Wants this from now on, or still. `true`: it is new, and the line is to be told.
    pub(super) fn want(&mut self, wanted: Wanted, now: Mono) -> bool {
        let (count, every) = (wanted.count.clamp(1, MOST), wanted.every.max(SHORTEST));
        let wanted = Wanted { count, every, ..wanted };
        let is_new = self.wanted != Some(wanted) || now > self.until;
        if self.wanted != Some(wanted) {
            *self = Self { wanted: Some(wanted), next: now, ..Self::default() };
        }
        self.until = now + KEPT;
        is_new
    }

    /// A read that was refused is tried again at once.
    pub fn try_again(&mut self, now: Mono) {
        self.next = self.next.min(now);
    }

    /// What is to be read, and from when on.
    pub fn due(&self, now: Mono) -> Option<(Mono, Wanted)> {
        self.wanted.filter(|_| now <= self.until).map(|wanted| (self.next, wanted))
    }

    /// It was read.
    pub fn read(&mut self, asked: Now, took: Span, words: Arc<[u16]>) {
        let Some(wanted) = self.wanted else { return };
        let Self { view, next, .. } = self;
        let at = asked.mono;
        let before = view.taken.take().filter(|(_, before)| before.len() == words.len());
        view.moved.resize(words.len(), None);
        if let Some((_, before)) = before {
            let pairs = before.iter().zip(words.iter()).zip(&mut view.moved);
            pairs.filter(|((old, new), _)| old != new).for_each(|(_, moved)| *moved = Some(at));
        }
        view.taken = Some((asked, words));
        view.reads += 1;
        view.took = took;
        view.fault = None;
        *next = at + wanted.every;
    }

    /// Nothing came of it. `answered`: the device said so itself.
    pub fn failed(&mut self, now: Mono, why: &str, answered: bool) {
        self.view.fault = Some(why.into());
        self.next = now + if answered { AFTER_REFUSAL } else { AFTER_SILENCE };
    }

    /// What was read.
    pub fn view(&self) -> BenchView {
        self.view.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Utc;

    fn at(millis: i64) -> Mono {
        Mono(millis * 1_000)
    }

    #[test]
    fn a_wish_lives_while_it_is_repeated_and_marks_what_moved() {
        let wanted = Wanted { area: Area::Holding, start: 10, count: 3, every: Span::from_millis(1) };
        let mut bench = Bench::default();
        assert!(bench.due(at(0)).is_none());
        assert!(bench.want(wanted, at(0)), "the line is to be told");
        assert!(!bench.want(wanted, at(1_000)), "it knows");
        let read = |bench: &mut Bench, millis, words: [u16; 3]| {
            let asked = Now { mono: at(millis), utc: Utc(0) };
            bench.read(asked, Span::from_millis(4), words.as_slice().into());
        };
        read(&mut bench, 1_000, [1, 2, 3]);
        assert_eq!(bench.due(at(1_001)).unwrap().0, at(1_250), "no more often than four times a second");
        read(&mut bench, 1_250, [1, 5, 3]);
        assert_eq!(bench.view().moved, [None, Some(at(1_250)), None]);
        assert!(bench.due(at(4_001)).is_none(), "nobody looks any more");
        assert!(bench.want(wanted, at(9_000)), "again");
        assert_eq!(bench.view().reads, 2);
        bench.failed(at(9_000), "illegal data address", true);
        assert_eq!(bench.due(at(9_100)).unwrap().0, at(14_000));
        bench.try_again(at(9_100));
        assert_eq!(bench.due(at(9_100)).unwrap().0, at(9_100));
        assert!(bench.want(Wanted { start: 11, ..wanted }, at(9_200)));
        assert!(bench.view().taken.is_none() && bench.view().fault.is_none(), "other registers");
    }
}
