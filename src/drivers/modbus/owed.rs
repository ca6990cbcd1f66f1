//! Answers that are owed: on a line whose frames bear no transaction number, a request that was not answered in time may
//! be answered yet, when another of the same shape has been asked.
//!
//! What is known of a unit: it answers in the order in which it was asked. So where `n` requests of one shape are owed an
//! answer, the first `n` answers to the next one may be theirs, and the one after those is its own. It is asked so often,
//! and only the last answer counts. The debt ends when the unit answers a request of another shape, which it does after
//! all before it, or when it was let be for so long that what was late lies in the buffer, which is emptied before each
//! request.
//!
//! Invariant: no answer that may belong to another register is taken.

use super::blocks::Block;
use crate::project::Area;
use std::time::Duration;
use tokio::time::Instant;

/// So long a unit's requests are repeated; then it is let be for a moment, which ends the debt.
const LONGEST_DOUBT: Duration = Duration::from_secs(30);

/// A unit that owes so many is let be at once.
const MOST: usize = 8;

/// What of a request decides how its answer looks, and where it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Request {
    area: Area,
    start: u16,
    count: u16,
}

impl Request {
    const fn of(block: &Block) -> Self {
        Self { area: block.area, start: block.start, count: block.count }
    }

    /// Whether an answer to the one looks like an answer to the other.
    fn is_like(self, other: Self) -> bool {
        let bytes = |r: Self| if r.area.is_bits() { r.count.div_ceil(8) } else { r.count * 2 };
        self.area == other.area && bytes(self) == bytes(other)
    }
}

/// The answers that one unit owes.
#[derive(Debug, Default)]
pub(super) struct Owed {
    requests: Vec<Request>,
    /// When the oldest of them was asked, and the newest request at all.
    since: Option<Instant>,
    asked: Option<Instant>,
}

impl Owed {
    /// A request goes out now; `patience` is what it may take. If the last one is long ago, what was late has come.
    pub(super) fn asking(&mut self, now: Instant, patience: Duration) {
        if self.asked.is_some_and(|asked| now.duration_since(asked) >= self.rest(patience)) {
            self.requests.clear();
        }
        self.asked = Some(now);
    }

    /// After this long without a request all that is late has come: once more the patience that the request had, and as
    /// much for every other, for a converter may have kept them in a row.
    fn rest(&self, patience: Duration) -> Duration {
        patience * (1 + self.requests.len() as u32)
    }

    /// A request was not answered.
    pub(super) fn missed(&mut self, block: &Block, now: Instant) {
        if self.requests.is_empty() {
            self.since = Some(now);
        }
        if self.requests.len() < 2 * MOST {
            self.requests.push(Request::of(block));
        }
    }

    /// How many answers to this request may be those of others.
    pub(super) fn before(&self, block: &Block, is_exception: bool) -> usize {
        let request = Request::of(block);
        // A late answer to the same request is the register's own, if a little old.
        if self.requests.iter().all(|owed| *owed == request) {
            return 0;
        }
        let like = |owed: &&Request| if is_exception { owed.area == request.area } else { owed.is_like(request) };
        let owed = self.requests.iter().filter(like);
        if !is_exception && owed.clone().all(|owed| *owed == request) { 0 } else { owed.count() }
    }

    /// The request was answered, and the answer is its own: all that looks otherwise was answered before, or never will.
    pub(super) fn answered(&mut self, block: &Block, is_exception: bool) {
        let request = Request::of(block);
        self.requests.retain(|owed| if is_exception { owed.area == request.area } else { owed.is_like(request) });
    }

    /// Until when the unit is to be let be, where it has owed too much or too long.
    pub(super) fn wants_rest(&self, now: Instant, patience: Duration) -> Option<Instant> {
        let long = self.since.is_some_and(|since| now.duration_since(since) >= LONGEST_DOUBT);
        (self.requests.len() >= MOST || long && !self.requests.is_empty()).then(|| now + self.rest(patience))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(area: Area, start: u16, count: u16) -> Block {
        Block { area, start, count, spots: Vec::new() }
    }

    const PATIENCE: Duration = Duration::from_millis(100);

    #[test]
    fn an_answer_that_may_be_another_ones_is_not_the_last_that_counts() {
        let now = Instant::now();
        let (a, b, wide) = (block(Area::Holding, 11, 1), block(Area::Holding, 22, 1), block(Area::Holding, 30, 2));
        let input = block(Area::Input, 11, 1);
        let mut owed = Owed::default();
        assert_eq!(owed.before(&b, false), 0);
        owed.missed(&a, now);
        assert_eq!(owed.before(&a, false), 0, "its own, late");
        assert_eq!(owed.before(&b, false), 1);
        assert_eq!(owed.before(&wide, false), 0, "looks otherwise");
        assert_eq!(owed.before(&wide, true), 1, "an exception looks the same for every count");
        assert_eq!((owed.before(&input, false), owed.before(&input, true)), (0, 0));
        owed.missed(&a, now);
        assert_eq!(owed.before(&b, false), 2);
        owed.answered(&b, false);
        assert_eq!(owed.before(&b, false), 2, "b's own answers are on their way now");
        owed.answered(&wide, true);
        assert_eq!(owed.before(&b, false), 2);
        owed.answered(&wide, false);
        assert_eq!(owed.before(&b, false), 0);
    }

    #[test]
    fn bits_look_alike_by_their_bytes() {
        let mut owed = Owed::default();
        owed.missed(&block(Area::Coil, 0, 3), Instant::now());
        assert_eq!(owed.before(&block(Area::Coil, 8, 8), false), 1);
        assert_eq!(owed.before(&block(Area::Coil, 8, 9), false), 0);
        assert_eq!(owed.before(&block(Area::Discrete, 8, 8), false), 0);
    }

    #[test]
    fn a_debt_ends_by_letting_the_unit_be() {
        let start = Instant::now();
        let (a, b) = (block(Area::Holding, 11, 1), block(Area::Holding, 22, 1));
        let mut owed = Owed::default();
        owed.asking(start, PATIENCE);
        owed.missed(&a, start + PATIENCE);
        owed.asking(start + PATIENCE, PATIENCE);
        owed.asking(start + PATIENCE * 2, PATIENCE);
        assert_eq!(owed.before(&b, false), 1);
        assert_eq!(owed.wants_rest(start + PATIENCE * 2, PATIENCE), None);
        let doubted = start + PATIENCE + LONGEST_DOUBT;
        assert_eq!(owed.wants_rest(doubted, PATIENCE), Some(doubted + PATIENCE * 2));
        owed.asking(start + PATIENCE * 4, PATIENCE);
        assert_eq!(owed.before(&b, false), 0);
        assert_eq!(owed.wants_rest(start + LONGEST_DOUBT * 2, PATIENCE), None);
        (0..8).for_each(|_| owed.missed(&a, start));
        assert_eq!(
            owed.wants_rest(start, PATIENCE),
            Some(start + PATIENCE * 9),
            "so many may stand in a row somewhere"
        );
    }
}
