//! Finds which addresses of a table can be read, by reads of pieces: a piece that is refused is halved until what is
//! refused is one register.
//!
//! What costs requests is what is not there, for a device refuses a read of a hundred registers for one that it lacks. So at
//! first two registers of each cell are asked for ([`REGISTERS_A_CELL`]); one that is refused stands for its cell. Where something
//! can be read, what lies beside it comes before all else: there the range ends, and halving finds where. What is left is
//! looked into from the low addresses up, where most devices have most of what they have. Where the number of requests is
//! bounded, what is left over is known to the end: [`Search::unasked`] was never asked for, [`Search::unclear`] not
//! closely.
//! Invariant: an address is readable only where a read that covers it was answered with data.

use std::collections::BTreeMap;

/// First and last address, both in it.
pub type Range = (u16, u16);

/// Between the first registers that are asked for: devices begin their ranges at round numbers.
pub const REGISTERS_A_CELL: u16 = 100;
/// The same of bits.
pub const BITS_A_CELL: u16 = 500;

/// What is asked for of each cell: both registers of a number that has two, which some devices do not part.
const SEED: u32 = 2;

/// Addresses below this are looked into first, from here on those below its double, and so on.
const LOW: u32 = 128;
/// The same of what lies behind a range that can be read.
const NEAR: u32 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    start: u32,
    count: u32,
    depth: u32,
    /// First and last address of the refused piece that it is a half of.
    whole: Option<(u32, u32)>,
}

impl Piece {
    const fn end(self) -> u32 {
        self.start + self.count - 1
    }

    /// Parts it at an even address, for values of two registers begin at one as a rule.
    const fn halves(self) -> [Self; 2] {
        let middle = self.start + self.count / 2;
        let even = middle + middle % 2;
        let middle = if self.count > 2 && even <= self.end() { even } else { middle };
        let (depth, whole) = (self.depth + 1, Some((self.start, self.end())));
        let left = Self { start: self.start, count: middle - self.start, depth, whole };
        [left, Self { start: middle, count: self.start + self.count - middle, depth, whole }]
    }
}

/// One table of one unit.
#[derive(Debug, Clone)]
pub struct Search {
    last: u32,
    cell: u32,
    /// The longest piece; shorter once the device was found to give less.
    longest: u32,
    learned: Option<u16>,
    /// From here on nothing was asked for.
    next: u32,
    asked: Option<Piece>,
    /// Not asked for as they are.
    waiting: Vec<Piece>,
    readable: BTreeMap<u32, u32>,
}

impl Search {
    /// Of the addresses `range`, in cells of so many, and in reads of at most `longest`.
    pub fn new(range: Range, cell: u16, longest: u16) -> Self {
        Self {
            last: u32::from(range.1),
            cell: u32::from(cell.max(1)),
            longest: u32::from(longest.max(1)),
            learned: None,
            next: u32::from(range.0),
            asked: None,
            waiting: Vec::new(),
            readable: BTreeMap::new(),
        }
    }

    /// The next read, by its first address and count, to be answered by [`Search::told`]. `None`: all is known.
    pub fn next_read(&mut self) -> Option<(u16, u16)> {
        let piece = match self.asked.take() {
            Some(piece) => piece,
            None => self.take(true).or_else(|| self.fresh()).or_else(|| self.take(false))?,
        };
        self.asked = Some(piece);
        Some((piece.start as u16, piece.count as u16))
    }

    /// Whether it was answered with data.
    pub fn told(&mut self, readable: bool) {
        let Some(piece) = self.asked.take() else { return };
        if readable {
            self.add(piece);
            if let Some((start, end)) = piece.whole
                && self.readable.range(..=start).next_back().is_some_and(|(_, last)| *last >= end)
            {
                // Both halves could be read, and not the whole of them.
                self.learn(piece.count.max(end - start + 1 - piece.count));
            }
        } else if piece.count > 1 {
            self.waiting.extend(piece.halves());
        }
    }

    /// The first of a cell that was never asked for; where what is before it can be read, as much as one read holds.
    fn fresh(&mut self) -> Option<Piece> {
        if self.next > self.last {
            return None;
        }
        let (start, left) = (self.next, self.last - self.next + 1);
        if self.ends_before(start) {
            let count = self.longest.min(left);
            // The next one begins at an even address, too.
            let odd = (start + count) % 2;
            let count = if count > odd && count < left { count - odd } else { count };
            self.next += count;
            return Some(Piece { start, count, depth: 0, whole: None });
        }
        let cell = (self.cell - start % self.cell).min(left);
        let count = SEED.min(self.longest).min(cell);
        if cell > count {
            self.waiting.push(Piece { start: start + count, count: cell - count, depth: 1, whole: None });
        }
        self.next += cell;
        Some(Piece { start, count, depth: 0, whole: None })
    }

    /// What is most promising of what was not asked for yet; `beside`: only where it lies beside what can be read.
    fn take(&mut self, beside: bool) -> Option<Piece> {
        loop {
            let is_beside = |p: &Piece| self.ends_before(p.start) || self.readable.contains_key(&(p.end() + 1));
            let pieces = self.waiting.iter().enumerate().filter(|(_, p)| !beside || is_beside(p));
            let (index, _) = pieces.min_by_key(|(_, p)| (p.depth + self.distance(p.start), p.start))?;
            let piece = self.waiting.swap_remove(index);
            if piece.count <= self.longest {
                return Some(piece);
            }
            self.waiting.extend(piece.halves().map(|half| Piece { whole: None, ..half }));
        }
    }

    /// How far an address is from where something is to be expected: from zero, or from a range before it, by its order of
    /// magnitude.
    fn distance(&self, start: u32) -> u32 {
        let before = self.readable.range(..start).next_back();
        let gap = before.map_or(u32::MAX, |(_, end)| start - end);
        (1 + start / LOW).ilog2().min((1 + gap / NEAR).ilog2())
    }

    /// Whether a range that can be read ends right before `start`.
    fn ends_before(&self, start: u32) -> bool {
        self.readable.range(..start).next_back().is_some_and(|(_, end)| end + 1 == start)
    }

    fn learn(&mut self, count: u32) {
        if count < self.longest {
            self.longest = count.max(1);
            self.learned = Some(self.longest as u16);
        }
    }

    fn add(&mut self, piece: Piece) {
        let (mut start, mut end) = (piece.start, piece.end());
        if let Some((&before, &its_end)) = self.readable.range(..=start).next_back()
            && its_end + 1 >= start
        {
            self.readable.remove(&before);
            (start, end) = (before, end.max(its_end));
        }
        while let Some((&after, &its_end)) = self.readable.range(start..=end + 1).next() {
            self.readable.remove(&after);
            end = end.max(its_end);
        }
        self.readable.insert(start, end);
    }

    /// What can be read, in order.
    pub fn readable(&self) -> Vec<Range> {
        self.readable.iter().map(|(start, end)| (*start as u16, *end as u16)).collect()
    }

    /// What was not looked into closely: others of its cell were asked for, or it was refused as a whole.
    pub fn unclear(&self) -> Vec<Range> {
        let mut pieces: Vec<Piece> = self.waiting.iter().chain(&self.asked).copied().collect();
        pieces.sort_by_key(|p| p.start);
        joined(pieces.into_iter().map(|p| (p.start as u16, p.end() as u16)))
    }

    /// What was never asked for.
    pub fn unasked(&self) -> Vec<Range> {
        if self.next > self.last { Vec::new() } else { vec![(self.next as u16, self.last as u16)] }
    }

    /// The longest read that this device answers, where that is less than was tried.
    pub const fn learned(&self) -> Option<u16> {
        self.learned
    }
}

/// Ranges that follow one another, in order, as one.
fn joined(ranges: impl Iterator<Item = Range>) -> Vec<Range> {
    let mut all: Vec<Range> = Vec::new();
    for (start, end) in ranges {
        match all.last_mut() {
            Some(last) if u32::from(last.1) + 1 >= u32::from(start) => last.1 = last.1.max(end),
            _ => all.push((start, end)),
        }
    }
    all
}

/// `0 to 99, 205, 300 to 310`; after `most` of them how many more there are.
pub fn ranges_text(ranges: &[Range], most: usize) -> String {
    let text = |&(start, end): &Range| if start == end { start.to_string() } else { format!("{start} to {end}") };
    let mut parts: Vec<String> = ranges.iter().take(most).map(text).collect();
    if ranges.len() > most {
        parts.push(format!("and {} ranges more", ranges.len() - most));
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A device that answers a read where it has all of it, and no more than `most`.
    struct Device {
        has: Vec<Range>,
        most: u16,
    }

    impl Device {
        fn answers(&self, start: u16, count: u16) -> bool {
            let end = u32::from(start) + u32::from(count) - 1;
            let has = |(first, last): &Range| *first <= start && end <= u32::from(*last);
            count <= self.most && self.has.iter().any(has)
        }

        /// The search after at most so many requests, and how many there were.
        fn searched(&self, range: Range, longest: u16, most: usize) -> (Search, usize) {
            let mut search = Search::new(range, REGISTERS_A_CELL, longest);
            let mut requests = 0;
            while requests < most {
                let Some((start, count)) = search.next_read() else { break };
                assert!((1..=longest).contains(&count) && start >= range.0);
                assert!(u32::from(start) + u32::from(count) - 1 <= u32::from(range.1));
                requests += 1;
                search.told(self.answers(start, count));
            }
            (search, requests)
        }
    }

    fn device(has: &[Range]) -> Device {
        Device { has: has.to_vec(), most: 125 }
    }

    #[test]
    fn a_table_with_a_hole_is_found_exactly() {
        let device = device(&[(0, 99), (200, 249)]);
        let (search, requests) = device.searched((0, 499), 125, usize::MAX);
        assert_eq!(search.readable(), [(0, 99), (200, 249)]);
        assert_eq!((search.unclear(), search.unasked(), search.learned()), (vec![], vec![], None));
        assert!(requests < 900, "{requests}");
    }

    #[test]
    fn what_a_device_has_is_known_long_before_all_that_it_has_not() {
        for (has, requests) in [
            (&[(0, 99), (200, 249)][..], 140),
            (&[(0, 27)], 120),
            (&[(0, 46), (100, 114), (120, 134), (200, 204), (300, 307)], 300),
            (&[(1_000, 1_300), (7_000, 7_001)], 140),
            (&[(0, 9_999)], 90),
        ] {
            assert_eq!(device(has).searched((0, 9_999), 125, requests).0.readable(), has);
        }
    }

    #[test]
    fn what_the_bound_left_over_is_known() {
        let (search, _) = device(&[(0, 99)]).searched((0, 999), 125, 4);
        assert_eq!(search.readable(), [(0, 99)]);
        assert_eq!(search.unasked(), [(224, 999)]);
        assert_eq!(search.unclear(), [(100, 223)], "{search:?}");
        let mut search = Search::new((0, 10), 100, 125);
        assert_eq!(search.next_read(), Some((0, 2)));
        assert_eq!(search.unclear(), [(0, 10)], "asked, and not answered yet");
    }

    #[test]
    fn a_device_that_gives_less_in_one_read_is_known_by_its_refusals() {
        let device = Device { has: vec![(0, 399)], most: 20 };
        let (search, requests) = device.searched((0, 399), 125, usize::MAX);
        assert_eq!(search.readable(), [(0, 399)]);
        let learned = search.learned().unwrap();
        assert!((8..=20).contains(&learned) && requests < 80, "{learned} {requests}");
    }

    #[test]
    fn the_last_address_is_read_too() {
        let (search, _) = device(&[(65_000, 65_535)]).searched((64_000, 65_535), 125, usize::MAX);
        assert_eq!(search.readable(), [(65_000, 65_535)]);
        let (search, requests) = device(&[(7, 7)]).searched((7, 7), 125, usize::MAX);
        assert_eq!((search.readable(), requests), (vec![(7, 7)], 1));
    }

    #[test]
    fn ranges_read_as_people_say_them() {
        assert_eq!(ranges_text(&[(0, 99), (205, 205)], 9), "0 to 99, 205");
        assert_eq!(ranges_text(&[(0, 1), (3, 4), (6, 7)], 1), "0 to 1, and 2 ranges more");
        assert_eq!(ranges_text(&[], 9), "");
    }

    proptest! {
        #[test]
        fn whatever_a_device_has_is_found_exactly(
            parts in proptest::collection::vec((1_u16..80, 1_u16..80), 0..12),
            from in 0_u16..40, longest in 1_u16..=125, most in 1_u16..=125, cut in 0_usize..300,
        ) {
            let mut has = Vec::new();
            let mut at = 0;
            for (gap, length) in parts {
                at += gap;
                has.push((at, at + length - 1));
                at += length;
            }
            let range = (from, at + 50);
            let inside: Vec<Range> =
                has.iter().filter(|r| r.1 >= from).map(|r| (r.0.max(from), r.1)).collect();
            let device = Device { has, most };
            let (search, requests) = device.searched(range, longest, 20_000);
            prop_assert!(requests < 20_000);
            prop_assert_eq!(search.readable(), inside.clone());
            prop_assert!(search.unclear().is_empty() && search.unasked().is_empty());
            // Cut off anywhere: what is called readable is, and nothing is lost between the three answers.
            let (search, _) = device.searched(range, longest, cut);
            for (first, last) in search.readable() {
                prop_assert!(inside.iter().any(|r| r.0 <= first && last <= r.1));
            }
            let told = [search.readable(), search.unclear(), search.unasked()].concat();
            for address in inside.iter().flat_map(|r| r.0..=r.1) {
                prop_assert!(told.iter().any(|r| (r.0..=r.1).contains(&address)), "{} in {:?}", address, told);
            }
        }
    }
}
