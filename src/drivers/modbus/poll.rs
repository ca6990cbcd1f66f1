//! The rhythm of one poll interval, and what is remembered of its blocks: which were parted, and which a device ignores.

use super::blocks::{Block, Group};
use crate::project::Area;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// A block that was parted is tried whole again after this: the device may have been mended, or been starting.
const WHOLE_AGAIN: Duration = Duration::from_mins(10);

/// No interval, pause or patience is longer: a project may ask for a thousand years, and instants end before that.
pub(super) const LONGEST: Duration = Duration::from_hours(24 * 366);

/// Waits that double, from half a second to the longest that is asked for; each a little shortened at random, so that many
/// devices that went together do not all come back in the same instant.
#[derive(Debug, Clone)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(500);

    pub(super) const fn new() -> Self {
        Self { next: Self::FIRST }
    }

    pub(super) fn step(&mut self, longest: Duration) -> Duration {
        let wait = self.next.min(longest);
        self.next = wait * 2;
        wait.mul_f64(0.8 + 0.2 * fastrand::f64())
    }
}

/// A block as it is asked for now.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) block: Block,
    /// It was this one that the device did not answer when it was last taken for gone.
    pub(super) suspect: bool,
    /// The device answers others and not this one: until when it is let be.
    pub(super) mute: Option<(Instant, Backoff)>,
    /// "Busy" so often in a row.
    pub(super) busy: u32,
    /// Answered with an exception this time.
    pub(super) refused: bool,
}

impl Part {
    fn new(block: Block) -> Self {
        Self { block, suspect: false, mute: None, busy: 0, refused: false }
    }
}

/// A planned block and the parts that it has fallen into, which are one where all is well.
#[derive(Debug)]
struct Read {
    whole: Block,
    parts: Vec<Part>,
    /// When it was last parted in vain or for good.
    parted: Option<Instant>,
    /// No part of it was answered either: parting it again would only multiply requests.
    refused_whole: bool,
}

impl Read {
    fn new(whole: Block) -> Self {
        Self { parts: vec![Part::new(whole.clone())], whole, parted: None, refused_whole: false }
    }

    fn begin(&mut self, now: Instant) {
        if self.parted.is_some_and(|at| now.duration_since(at) >= WHOLE_AGAIN) {
            *self = Self::new(self.whole.clone());
        }
        self.parts.iter_mut().for_each(|part| part.refused = false);
    }

    fn settle(&mut self) {
        let all_refused = self.parts.iter().all(|part| part.refused);
        if self.parts.len() > 1 && all_refused {
            self.parts = vec![Part::new(self.whole.clone())];
            self.refused_whole = true;
        } else if !all_refused {
            self.refused_whole = false;
        }
    }
}

/// All blocks of one interval, and where among them this round is.
#[derive(Debug)]
pub(super) struct Poll {
    pub(super) interval: Duration,
    /// When this round, or its next request, should be.
    pub(super) due: Instant,
    base: Instant,
    reads: Vec<Read>,
    at: (usize, usize),
    /// When the last round ended, and how far apart they end, smoothed.
    ended: Option<Instant>,
    cycle: Option<Duration>,
}

impl Poll {
    /// Never without a block.
    pub(super) fn new(group: Group, now: Instant) -> Option<Self> {
        let reads: Vec<_> = group.blocks.into_iter().map(Read::new).collect();
        let interval = group.interval.to_std().min(LONGEST);
        (!reads.is_empty()).then_some(Self {
            interval,
            due: now,
            base: now,
            reads,
            at: (0, 0),
            ended: None,
            cycle: None,
        })
    }

    /// The same rhythm with other blocks: those that are as they were stay as they are. One that is new is read at once, and
    /// the round with it begun anew.
    pub(super) fn replan(self, group: Group, now: Instant) -> Option<Self> {
        let mut before: HashMap<(Area, u16), Vec<Read>> = HashMap::new();
        for read in self.reads {
            before.entry((read.whole.area, read.whole.start)).or_default().push(read);
        }
        let mut is_new = false;
        let mut take = |block: Block| {
            let there = before.get_mut(&(block.area, block.start));
            let known = there.and_then(|there| {
                let at = there.iter().position(|read| read.whole == block)?;
                Some(there.swap_remove(at))
            });
            is_new |= known.is_none();
            known.unwrap_or_else(|| Read::new(block))
        };
        let reads: Vec<Read> = group.blocks.into_iter().map(&mut take).collect();
        let begins_anew = is_new || self.at != (0, 0);
        let due = if begins_anew { self.due.min(now) } else { self.due };
        let mut poll = Self { due, reads, at: (0, 0), ..self };
        poll.begin(now);
        (!poll.reads.is_empty()).then_some(poll)
    }

    /// When the next round should have begun: of several that are late, the one with the earliest goes first.
    pub(super) fn deadline(&self) -> Instant {
        self.due + self.interval
    }

    /// How far apart its rounds are, smoothed over about ten.
    pub(super) const fn cycle(&self) -> Option<Duration> {
        self.cycle
    }

    /// The block to ask for.
    pub(super) fn current(&mut self) -> Option<&mut Part> {
        self.reads.get_mut(self.at.0)?.parts.get_mut(self.at.1)
    }

    /// Goes on to the next block. `true`: the round is done, and the next one waits for its slot: slots lie on a grid
    /// from the start on, so that nothing drifts, and those that were missed are left out, so that nothing bursts.
    pub(super) fn advance(&mut self, now: Instant) -> bool {
        self.at.1 += 1;
        let Some(read) = self.reads.get_mut(self.at.0) else { return true };
        if self.at.1 < read.parts.len() {
            return false;
        }
        read.settle();
        self.at = (self.at.0 + 1, 0);
        if self.at.0 < self.reads.len() {
            self.begin(now);
            return false;
        }
        self.at = (0, 0);
        if let Some(ended) = self.ended.replace(now) {
            let took = now.duration_since(ended);
            self.cycle = Some(self.cycle.map_or(took, |smooth| (smooth * 9 + took) / 10));
        }
        self.begin(now);
        let slots = now.duration_since(self.base).as_nanos() / self.interval.as_nanos().max(1) + 1;
        self.due = self.base + nanos(self.interval.as_nanos().saturating_mul(slots));
        true
    }

    /// Begins a round at once.
    pub(super) fn restart(&mut self, now: Instant) {
        (self.ended, self.cycle) = (None, None);
        self.at = (0, 0);
        self.due = now;
        self.begin(now);
    }

    fn begin(&mut self, now: Instant) {
        if let Some(read) = self.reads.get_mut(self.at.0) {
            read.begin(now);
        }
    }

    /// Parts the current block, which the device refused. `false`: there is nothing to part.
    pub(super) fn part(&mut self, now: Instant) -> bool {
        let Some(read) = self.reads.get_mut(self.at.0) else { return false };
        let halves = read.parts.get(self.at.1).and_then(|part| part.block.halves());
        let Some((left, right)) = halves.filter(|_| !read.refused_whole) else { return false };
        read.parts.splice(self.at.1..=self.at.1, [Part::new(left), Part::new(right)]);
        read.parted = Some(now);
        true
    }

    /// Makes another block the current one: a device that answers none of one block may answer another.
    pub(super) fn turn_to_next(&mut self, now: Instant) -> bool {
        let done = self.advance(now);
        self.due = now;
        done
    }
}

fn nanos(nanos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::blocks::Spot;
    use super::super::value;
    use super::*;
    use crate::engine::TagId;
    use crate::project::{Area, DataType, Order, RegisterSource};
    use crate::time::Span;

    fn block(start: u16, count: u16) -> Block {
        let source = RegisterSource {
            device: String::new(),
            area: Area::Holding,
            address: 0,
            order: Order::Abcd,
            bit: None,
            byte: None,
            length: 0,
            poll: None,
        };
        let cell = value::cell(&source, DataType::U16);
        let spots = (0..count).map(|i| Spot { tag: TagId(u32::from(i)), offset: i, width: 1, cell }).collect();
        Block { area: Area::Holding, start, count, spots }
    }

    fn poll(blocks: Vec<Block>, now: Instant) -> Poll {
        Poll::new(Group { interval: Span::from_secs(1), blocks }, now).unwrap()
    }

    fn parts(poll: &Poll) -> Vec<String> {
        poll.reads.iter().flat_map(|r| &r.parts).map(|p| p.block.to_string()).collect()
    }

    #[test]
    fn rounds_keep_to_the_grid_and_missed_ones_are_left_out() {
        let start = Instant::now();
        let mut poll = poll(vec![block(0, 1)], start);
        let mut dues = vec![];
        for millis in [1, 1_900, 2_001, 7_500, 8_000] {
            assert!(poll.advance(start + Duration::from_millis(millis)));
            dues.push((poll.due - start).as_millis());
        }
        assert_eq!(dues, [1_000, 2_000, 3_000, 8_000, 9_000]);
    }

    #[test]
    fn a_bad_register_is_found_and_remembered_and_the_block_tried_whole_again_later() {
        let start = Instant::now();
        let mut poll = poll(vec![block(0, 8)], start);
        // Register 5 is the one that the device does not know.
        let round = |poll: &mut Poll, now| {
            let mut requests = 0;
            loop {
                requests += 1;
                let part = poll.current().unwrap();
                let range = part.block.start..part.block.start + part.block.count;
                if range.contains(&5) {
                    if poll.part(now) {
                        continue;
                    }
                    poll.current().unwrap().refused = true;
                }
                if poll.advance(now) {
                    return requests;
                }
            }
        };
        assert_eq!(round(&mut poll, start), 7);
        assert_eq!(parts(&poll), ["holding 0 to 3", "holding 4", "holding 5", "holding 6 to 7"]);
        assert_eq!(round(&mut poll, start + Duration::from_secs(1)), 4);
        assert_eq!(round(&mut poll, start + WHOLE_AGAIN), 4);
        assert_eq!(parts(&poll), ["holding 0 to 7"]);
    }

    #[test]
    fn a_device_that_refuses_everything_is_not_asked_for_each_register_for_ever() {
        let now = Instant::now();
        let mut poll = poll(vec![block(0, 4)], now);
        let round = |poll: &mut Poll| {
            let mut requests = 0;
            loop {
                requests += 1;
                if poll.part(now) {
                    continue;
                }
                poll.current().unwrap().refused = true;
                if poll.advance(now) {
                    return requests;
                }
            }
        };
        assert_eq!(round(&mut poll), 7);
        assert_eq!(round(&mut poll), 1);
        assert_eq!(parts(&poll), ["holding 0 to 3"]);
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::new();
        let three = Duration::from_secs(3);
        let mut waits: Vec<f64> = (0..5).map(|_| backoff.step(three).as_secs_f64()).collect();
        // Nobody else answers any more.
        waits.push(backoff.step(Duration::from_secs(1)).as_secs_f64());
        for (wait, most) in waits.iter().zip([0.5, 1.0, 2.0, 3.0, 3.0, 1.0]) {
            assert!((most * 0.8..=most).contains(wait), "{waits:?}");
        }
        assert!(Backoff::new().step(three) <= Duration::from_millis(500));
    }
}
