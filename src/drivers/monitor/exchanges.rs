//! The last exchanges with one Modbus unit, by what was asked for.

use crate::project::Area;
use crate::time::{Now, Span};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Different requests that are remembered; beyond them the one that was asked longest ago goes. A project's own are far
/// fewer: more come only where blocks are parted again and again.
const MOST_REQUESTS: usize = 512;
/// Exchanges of a request that are remembered.
pub(super) const EXCHANGES: usize = 10;
/// Bytes of one frame that are remembered; the longest has 260.
const FRAME: usize = 512;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// Which table.
    pub area: Area,
    /// First protocol address.
    pub start: u16,
    /// Registers or bits.
    pub count: u16,
}

impl Request {
    /// Whether it asks for these registers or bits whole.
    pub fn covers(self, area: Area, address: u16, width: u16) -> bool {
        let end = |start: u16, count: u16| u32::from(start) + u32::from(count);
        self.area == area && self.start <= address && end(address, width) <= end(self.start, self.count)
    }
}

/// How an exchange ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With the registers or bits asked for.
    Answered,
    /// With an exception of this code.
    Exception(u8),
    /// Without an answer; why, in words.
    Failed(Arc<str>),
}

/// A request and what came after it, as on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// When it was asked.
    pub asked: Now,
    /// How long it took, or was waited for.
    pub took: Span,
    /// The bytes sent; empty: none could be.
    pub sent: Vec<u8>,
    /// The bytes received; empty: none came.
    pub received: Vec<u8>,
    /// How it ended.
    pub outcome: Outcome,
}

#[derive(Debug, Default)]
struct Kept {
    last: VecDeque<Exchange>,
    exception: Option<Exchange>,
    /// Which of all exchanges its last one was.
    number: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct ExchangeLog {
    requests: BTreeMap<Request, Kept>,
    count: u64,
}

impl ExchangeLog {
    /// An exchange took place.
    pub fn exchanged(
        &mut self,
        request: Request,
        (asked, took): (Now, Span),
        (sent, received): (&[u8], &[u8]),
        outcome: Outcome,
    ) {
        self.count += 1;
        if !self.requests.contains_key(&request) && self.requests.len() >= MOST_REQUESTS {
            let oldest = self.requests.iter().min_by_key(|(_, kept)| kept.number).map(|(request, _)| *request);
            oldest.map(|oldest| self.requests.remove(&oldest));
        }
        let kept = self.requests.entry(request).or_default();
        kept.number = self.count;
        // The oldest exchange's memory is used again.
        let oldest = if kept.last.len() >= EXCHANGES { kept.last.pop_front() } else { None };
        let (mut out, mut back) = oldest.map_or_else(Default::default, |e| (e.sent, e.received));
        for (buffer, bytes) in [(&mut out, sent), (&mut back, received)] {
            buffer.clear();
            buffer.extend_from_slice(bytes.get(..FRAME).unwrap_or(bytes));
        }
        let exchange = Exchange { asked, took, sent: out, received: back, outcome };
        if matches!(exchange.outcome, Outcome::Exception(_)) {
            kept.exception = Some(exchange.clone());
        }
        kept.last.push_back(exchange);
    }

    /// The last exchanges that asked for these registers or bits, oldest first.
    pub fn of(&self, area: Area, address: u16, width: u16) -> Vec<(Request, Exchange)> {
        let mut found: Vec<_> = self
            .covering(area, address, width)
            .flat_map(|(request, kept)| kept.last.iter().map(|e| (*request, e.clone())))
            .collect();
        found.sort_by_key(|(_, exchange)| exchange.asked.mono);
        found.split_off(found.len().saturating_sub(EXCHANGES))
    }

    /// The last exception that answered a request for them.
    pub fn last_exception(&self, area: Area, address: u16, width: u16) -> Option<(Request, Exchange)> {
        self.covering(area, address, width)
            .filter_map(|(request, kept)| Some((*request, kept.exception.clone()?)))
            .max_by_key(|(_, exchange)| exchange.asked.mono)
    }

    fn covering(&self, area: Area, address: u16, width: u16) -> impl Iterator<Item = (&Request, &Kept)> {
        self.requests.iter().filter(move |(request, _)| request.covers(area, address, width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Mono, Utc};

    fn at(secs: i64) -> (Now, Span) {
        (Now { mono: Mono(secs), utc: Utc(secs) }, Span(1))
    }

    const fn block(start: u16, count: u16) -> Request {
        Request { area: Area::Holding, start, count }
    }

    #[test]
    fn the_last_ten_exchanges_of_a_register_are_found_whatever_block_it_lay_in() {
        let mut log = ExchangeLog::default();
        for i in 0..30 {
            log.exchanged(block(0, 10), at(3 * i), (&[1], &[i as u8]), Outcome::Answered);
            log.exchanged(block(4, 2), at(3 * i + 1), (&[2], &[i as u8]), Outcome::Answered);
            log.exchanged(block(6, 4), at(3 * i + 2), (&[3], &[i as u8]), Outcome::Answered);
        }
        let of = log.of(Area::Holding, 4, 2);
        assert_eq!(of.len(), EXCHANGES);
        assert_eq!(of.iter().map(|(_, e)| e.sent[0]).collect::<Vec<_>>(), [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
        assert_eq!(of.last().map(|(_, e)| e.received[0]), Some(29));
        assert!(log.of(Area::Holding, 5, 2).iter().all(|(request, _)| *request == block(0, 10)));
        assert!(log.of(Area::Holding, 9, 2).is_empty() && log.of(Area::Input, 4, 1).is_empty());
    }

    #[test]
    fn the_last_exception_outlives_the_answers_that_came_since() {
        let mut log = ExchangeLog::default();
        log.exchanged(block(0, 2), at(0), (&[1], &[0x83, 2]), Outcome::Exception(2));
        for i in 1..20 {
            log.exchanged(block(0, 2), at(i), (&[1], &[]), Outcome::Failed("timeout after 1 s".into()));
        }
        assert_eq!(log.last_exception(Area::Holding, 1, 1).map(|(_, e)| e.outcome), Some(Outcome::Exception(2)));
        assert!(log.of(Area::Holding, 1, 1).iter().all(|(_, e)| matches!(e.outcome, Outcome::Failed(_))));
    }

    #[test]
    fn blocks_that_are_parted_over_and_over_do_not_fill_the_memory() {
        let mut log = ExchangeLog::default();
        for i in 0..2_000 {
            log.exchanged(block(i, 1), at(i64::from(i)), (&[0; 600], &[]), Outcome::Answered);
        }
        assert_eq!(log.requests.len(), MOST_REQUESTS);
        assert!(log.of(Area::Holding, 0, 1).is_empty());
        assert_eq!(log.of(Area::Holding, 1_999, 1)[0].1.sent.len(), FRAME);
    }
}
