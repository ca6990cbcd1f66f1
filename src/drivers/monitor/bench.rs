//! What somebody at the workbench wants to see of a device's registers, and what was read for it.
//!
//! A wish lives for as long as it is repeated: a window that is closed, or stalls, asks for nothing any more. The device's
//! own line serves it where it has time (see `modbus::connection`); no second connection is made.
//!
//! Registers that a device refuses together are asked for in halves, as polls do it, until those that it does not know are
//! found. That is remembered, and told: what is refused is not asked for again before ten minutes are over, unless somebody
//! wants it. Invariant: a register that was not read has no value here.

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

/// Parts that one look may fall into. Of more, what is refused is refused together: a device that knows every other register
/// would cost its line a request for each.
const MOST_PARTS: usize = 32;

/// What a device refused is asked for again after this, as polls do.
const WHOLE_AGAIN: Span = Span::from_secs(600);

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

/// Registers that a device refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The first, behind the first one looked at.
    pub offset: u16,
    /// How many.
    pub count: u16,
    /// What the device said.
    pub why: Arc<str>,
}

/// What was read.
#[derive(Debug, Clone, Default)]
pub struct BenchView {
    /// The registers as they were read last (bits are 0 and 1), and when the one was that has waited longest; `None`: not yet.
    /// A register that was not read yet, or is refused, has nothing.
    pub taken: Option<(Now, Arc<[Option<u16>]>)>,
    /// What of them the device refuses, in order.
    pub refused: Vec<Refused>,
    /// When each of them was last another than before.
    pub moved: Vec<Option<Mono>>,
    /// How often they were read.
    pub reads: u64,
    /// How many requests that takes.
    pub requests: usize,
    /// How long the last request took.
    pub took: Span,
    /// Why the last one brought nothing.
    pub fault: Option<Arc<str>>,
}

impl BenchView {
    /// What the device says of a register that it refuses.
    pub fn refusal(&self, offset: u16) -> Option<&Refused> {
        self.refused.iter().find(|refused| (refused.offset..refused.offset + refused.count).contains(&offset))
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct Bench {
    wanted: Option<Wanted>,
    until: Mono,
    next: Mono,
    /// When the look that is under way began.
    began: Option<Mono>,
    /// What is asked for one after the other, in order and without gaps; never none where something is wanted.
    parts: Vec<Part>,
    /// Which of them is next.
    at: usize,
    /// When something was last parted.
    parted: Option<Mono>,
    /// No part of it was answered either: parting it again would only multiply requests.
    refused_whole: bool,
    view: BenchView,
}

/// Registers that are asked for together.
#[derive(Debug, Clone)]
struct Part {
    offset: u16,
    count: u16,
    /// When they were read.
    taken: Option<Now>,
    /// What the device says instead.
    refused: Option<Arc<str>>,
}

impl Part {
    fn new(offset: u16, count: u16) -> Self {
        Self { offset, count, taken: None, refused: None }
    }
}

impl Bench {
    /// Wants this from now on, or still. `true`: it is new, and the line is to be told.
    pub(super) fn want(&mut self, wanted: Wanted, now: Mono) -> bool {
        // None goes beyond the last register that there can be.
        let there_are = u16::MAX - wanted.start;
        let count = wanted.count.clamp(1, MOST).min(there_are.saturating_add(1));
        let wanted = Wanted { count, every: wanted.every.max(SHORTEST), ..wanted };
        let is_new = self.wanted != Some(wanted) || now > self.until;
        if self.wanted != Some(wanted) {
            *self = Self { wanted: Some(wanted), next: now, parts: vec![Part::new(0, count)], ..Self::default() };
        }
        self.until = now + KEPT;
        is_new
    }

    /// What was refused is tried again at once, and whole.
    pub fn try_again(&mut self, now: Mono) {
        self.next = self.next.min(now);
        if self.parted.is_some() || self.refused_whole {
            self.refused_whole = false;
            self.whole_again();
        }
    }

    /// What is to be read next, and from when on.
    pub fn due(&self, now: Mono) -> Option<(Mono, Wanted)> {
        let wanted = self.wanted.filter(|_| now <= self.until)?;
        let part = self.parts.get(self.at)?;
        Some((self.next, Wanted { start: wanted.start.saturating_add(part.offset), count: part.count, ..wanted }))
    }

    /// That was read; fewer words than were due where the device gives no more in one answer.
    pub fn read(&mut self, asked: Now, took: Span, words: &[u16]) {
        let (Some(wanted), Some(part)) = (self.wanted, self.parts.get_mut(self.at)) else { return };
        let words = words.get(..usize::from(part.count)).unwrap_or(words);
        let (offset, count, given) = (part.offset, part.count, words.len() as u16);
        if given == 0 {
            return;
        }
        (part.count, part.taken, part.refused) = (given, Some(asked), None);
        if given < count {
            self.parts.insert(self.at + 1, Part::new(offset + given, count - given));
        }
        self.refused_whole = false;
        let Self { view, .. } = self;
        let mut shown = view.taken.take().map_or_else(Vec::new, |(_, before)| before.to_vec());
        shown.resize(usize::from(wanted.count), None);
        view.moved.resize(shown.len(), None);
        let places = shown.iter_mut().zip(&mut view.moved).skip(usize::from(offset));
        for ((place, moved), word) in places.zip(words) {
            if place.replace(*word).is_some_and(|before| before != *word) {
                *moved = Some(asked.mono);
            }
        }
        let oldest = self.parts.iter().filter_map(|part| part.taken).min_by_key(|taken| taken.mono);
        view.taken = Some((oldest.unwrap_or(asked), shown.into()));
        view.took = took;
        view.fault = None;
        self.advance(asked.mono, asked.mono + took);
    }

    /// The device refused that with this exception.
    pub fn refused(&mut self, now: Mono, code: u8, why: &str) {
        let room = self.parts.len() < MOST_PARTS && !self.refused_whole;
        let Some(part) = self.parts.get_mut(self.at) else { return };
        // An address or a quantity that it does not know; which one, smaller requests will tell.
        if matches!(code, 2 | 3) && part.count > 1 && room {
            let half = part.count.div_ceil(2);
            let (behind, rest) = (part.offset + half, part.count - half);
            *part = Part::new(part.offset, half);
            self.parts.insert(self.at + 1, Part::new(behind, rest));
            self.view.fault = None;
            self.parted = Some(now);
            self.next = now;
            self.began.get_or_insert(now);
            return self.tell_parts();
        }
        if !matches!(code, 2 | 3) {
            // Of the device and not of these registers.
            return self.failed(now, why, true);
        }
        (part.taken, part.refused) = (None, Some(why.into()));
        let (offset, count) = (part.offset, part.count);
        if let Some((_, shown)) = &mut self.view.taken {
            let gone = usize::from(offset)..usize::from(offset + count);
            *shown = shown.iter().enumerate().map(|(i, word)| word.filter(|_| !gone.contains(&i))).collect();
        }
        self.join_refused();
        if self.parts.iter().all(|part| part.refused.is_some()) {
            self.refused_whole |= self.parted.is_some();
            self.whole_again();
            return self.failed(now, why, true);
        }
        self.advance(now, now);
    }

    /// Nothing came of it. `answered`: the device said so itself.
    pub fn failed(&mut self, now: Mono, why: &str, answered: bool) {
        self.view.fault = Some(why.into());
        self.next = now + if answered { AFTER_REFUSAL } else { AFTER_SILENCE };
        self.begin_look();
    }

    /// What was read.
    pub fn view(&self) -> BenchView {
        self.view.clone()
    }

    /// Goes on to the next part that is not known to be refused; after the last one this look is done.
    fn advance(&mut self, asked: Mono, now: Mono) {
        let began = *self.began.get_or_insert(asked);
        self.next = now;
        match self.parts.iter().skip(self.at + 1).position(|part| part.refused.is_none()) {
            Some(ahead) => self.at += 1 + ahead,
            None => {
                self.view.reads += 1;
                self.next = self.wanted.map_or(now, |wanted| now.max(began + wanted.every));
                if self.parted.is_some_and(|at| now - at >= WHOLE_AGAIN) {
                    self.whole_again();
                }
                self.begin_look();
            }
        }
        self.tell_parts();
    }

    /// Neighbours that are refused for one reason are one part: only where a hole begins and ends makes parts.
    fn join_refused(&mut self) {
        let here = self.parts.get(self.at).map_or(0, |part| part.offset);
        self.parts.dedup_by(|part, before| {
            let joins = part.refused.is_some() && part.refused == before.refused;
            if joins {
                before.count += part.count;
            }
            joins
        });
        self.at = self.parts.iter().rposition(|part| part.offset <= here).unwrap_or(0);
    }

    fn begin_look(&mut self) {
        self.began = None;
        self.at = self.parts.iter().position(|part| part.refused.is_none()).unwrap_or(0);
    }

    /// What was parted is one again.
    fn whole_again(&mut self) {
        self.parts = self.wanted.map(|wanted| Part::new(0, wanted.count)).into_iter().collect();
        self.parted = None;
        self.begin_look();
        self.tell_parts();
    }

    fn tell_parts(&mut self) {
        let refused = |Part { offset, count, refused, .. }: &Part| {
            Some(Refused { offset: *offset, count: *count, why: refused.clone()? })
        };
        self.view.refused = self.parts.iter().filter_map(refused).collect();
        self.view.requests = self.parts.len() - self.view.refused.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Utc;

    fn at(millis: i64) -> Mono {
        Mono(millis * 1_000)
    }

    const WANTED: Wanted = Wanted { area: Area::Holding, start: 10, count: 3, every: Span::from_millis(1) };

    fn read(bench: &mut Bench, millis: i64, words: &[u16]) {
        bench.read(Now { mono: at(millis), utc: Utc(0) }, Span::from_millis(4), words);
    }

    #[test]
    fn a_wish_lives_while_it_is_repeated_and_marks_what_moved() {
        let mut bench = Bench::default();
        assert!(bench.due(at(0)).is_none());
        assert!(bench.want(WANTED, at(0)), "the line is to be told");
        assert!(!bench.want(WANTED, at(1_000)), "it knows");
        read(&mut bench, 1_000, &[1, 2, 3]);
        assert_eq!(bench.due(at(1_001)).unwrap().0, at(1_250), "no more often than four times a second");
        read(&mut bench, 1_250, &[1, 5, 3]);
        assert_eq!(bench.view().moved, [None, Some(at(1_250)), None]);
        assert!(bench.due(at(4_001)).is_none(), "nobody looks any more");
        assert!(bench.want(WANTED, at(9_000)), "again");
        assert_eq!(bench.view().reads, 2);
        bench.failed(at(9_000), "illegal data address", true);
        assert_eq!(bench.due(at(9_100)).unwrap().0, at(14_000));
        bench.try_again(at(9_100));
        assert_eq!(bench.due(at(9_100)).unwrap().0, at(9_100));
        assert!(bench.want(Wanted { start: 11, ..WANTED }, at(9_200)));
        assert!(bench.view().taken.is_none() && bench.view().fault.is_none(), "other registers");
    }

    /// A device that gives at most so many registers, and knows those that are no hole; each holds its own address. Returns how
    /// many requests it had until this look was done, or nothing came of it.
    fn look(bench: &mut Bench, millis: i64, most: u16, is_hole: impl Fn(u16) -> bool) -> usize {
        let reads = bench.view().reads;
        for requests in 1.. {
            bench.want(Wanted { count: 20, ..WANTED }, at(millis));
            let (next, due) = bench.due(at(millis)).unwrap();
            assert!(requests > 1 || next <= at(millis), "it is not due yet");
            if (due.start..due.start + due.count.min(most)).any(&is_hole) {
                bench.refused(at(millis), 2, "exception 2");
            } else {
                read(bench, millis, &(due.start..due.start + due.count.min(most)).collect::<Vec<_>>());
            }
            if bench.view().reads > reads || bench.view().fault.is_some() {
                return requests;
            }
        }
        unreachable!("it has an end");
    }

    fn known(bench: &Bench) -> Vec<u16> {
        bench.view().taken.unwrap().1.iter().copied().flatten().collect()
    }

    #[test]
    fn registers_that_are_refused_are_found_by_halves_remembered_told_and_tried_again_later() {
        let mut bench = Bench::default();
        bench.want(Wanted { count: 20, ..WANTED }, at(0));
        let hole = |register| register == 17 || register == 18;
        assert_eq!(look(&mut bench, 0, 125, hole), 11);
        let all_but = |bench: &Bench| assert_eq!(known(bench), (10..17).chain(19..30).collect::<Vec<_>>());
        all_but(&bench);
        let view = bench.view();
        assert_eq!(view.refused, [Refused { offset: 7, count: 2, why: "exception 2".into() }]);
        assert_eq!((view.taken.unwrap().1[7], view.requests), (None, 4));
        assert_eq!(look(&mut bench, 1_000, 125, hole), 4, "they are not asked for again");
        all_but(&bench);
        // The device was mended meanwhile.
        assert_eq!(look(&mut bench, 700_000, 125, |_| false), 4);
        assert_eq!(look(&mut bench, 701_000, 125, |_| false), 1);
        assert_eq!((known(&bench).len(), bench.view().refused.len()), (20, 0));
    }

    #[test]
    fn a_device_that_refuses_all_is_asked_for_parts_once_and_one_of_many_holes_within_a_bound() {
        let mut bench = Bench::default();
        bench.want(Wanted { count: 20, ..WANTED }, at(0));
        assert_eq!(look(&mut bench, 0, 125, |_| true), 39);
        assert!(bench.view().taken.is_none() && bench.view().fault.is_some());
        assert_eq!(look(&mut bench, 5_000, 125, |_| true), 1, "and then for all of them together");
        bench.try_again(at(5_100));
        assert!(look(&mut bench, 5_100, 125, |register| register == 10) > 1, "somebody wants to know");
        assert_eq!(known(&bench), (11..30).collect::<Vec<_>>());

        let all = Wanted { count: MOST, ..WANTED };
        bench.want(all, at(6_000));
        let mut requests = 0;
        while bench.view().reads == 0 {
            requests += 1;
            let (_, due) = bench.due(at(6_000)).unwrap();
            if due.count > 1 || due.start % 2 == 0 {
                bench.refused(at(6_000), 2, "exception 2");
            } else {
                read(&mut bench, 6_000, &[due.start]);
            }
        }
        assert!(requests <= 3 * MOST_PARTS, "{requests}");
        assert!(bench.view().refused.iter().any(|refused| refused.count > 1), "told together");
    }

    #[test]
    fn a_device_that_gives_few_registers_at_once_is_asked_as_often_as_that_takes() {
        let mut bench = Bench::default();
        bench.want(Wanted { count: 20, ..WANTED }, at(0));
        assert_eq!(look(&mut bench, 0, 8, |_| false), 3);
        assert_eq!(known(&bench), (10..30).collect::<Vec<_>>());
        assert_eq!((look(&mut bench, 1_000, 8, |_| false), bench.view().requests), (3, 3));
    }

    #[test]
    fn a_register_that_is_refused_later_has_no_value_any_more() {
        let mut bench = Bench::default();
        bench.want(Wanted { count: 1, start: u16::MAX, ..WANTED }, at(0));
        read(&mut bench, 0, &[7]);
        bench.refused(at(1_000), 2, "exception 2");
        let view = bench.view();
        assert_eq!((view.taken.unwrap().1.to_vec(), view.fault.as_deref()), (vec![None], Some("exception 2")));
    }
}
