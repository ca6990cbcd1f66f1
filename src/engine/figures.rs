//! The figures of ISA-18.2 §16 and EEMUA 191 over a period, counted from journal entries in their order.
//!
//! What counts is an annunciation: an occurrence that is raised while nothing hides its alarm. Rates are counted in 600 s
//! blocks from 1970 on, empty ones too. Chattering is three annunciations of one alarm within 60 s; a flood begins when
//! more than ten come in ten minutes, and ends when there are fewer than five; fleeting is what was gone within
//! [`FLEETING`] and was neither acknowledged nor chattering; stale is what stands, unhidden, for more than 24 h.
//! Invariant: memory is bounded by the number of alarms and of blocks, whatever the period brought.

use super::alarm::AlarmMemory;
use super::effect::{Entry, Event};
use crate::project::Priority;
use crate::time::{Span, Utc};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// Length of a block.
pub const BLOCK: Span = Span::from_secs(600);
/// Gone sooner than this: nobody could have acted on it.
pub const FLEETING: Span = Span::from_secs(10);
/// Standing longer than this is stale.
pub const STALE: Span = Span::from_secs(24 * 3_600);
/// Entries from so long before the period on say whether it begins in a flood.
pub const LEAD_IN: Span = Span::from_secs(3_600);
/// More in ten minutes than one person can follow.
pub const FLOOD_ABOVE: u32 = 10;
/// Below this in ten minutes a flood has ended.
pub const FLOOD_ENDS_BELOW: usize = 5;
/// A shorter period says little: the standard asks for a month.
pub const ENOUGH: Span = Span::from_secs(30 * 86_400);
/// Names told of each kind; of more the number.
pub const MOST_NAMES: usize = 10;

const CHATTER: i64 = 60_000_000;
/// Blocks of a period at most: a hundred years.
const MOST_BLOCKS: i64 = 100 * 366 * 144;
/// Alarms told apart; those beyond count in all sums and bear no name.
const MOST_ALARMS: usize = 200_000;
/// Annunciations of ten minutes that are remembered; more are as many as these.
const MOST_OF_TEN_MINUTES: usize = 100_000;
/// Times of standing too long that are remembered, for how many stood so at once.
const MOST_STALE: usize = 1_000_000;

/// An alarm and a number of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Its full name.
    pub alarm: Arc<str>,
    /// How many.
    pub count: u64,
}

/// Alarms of one kind: the first by their number, and how many there are in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// At most [`MOST_NAMES`], the most frequent first.
    pub first: Vec<Counted>,
    /// All of them.
    pub all: u64,
}

/// The figures of a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// First instant.
    pub from: Utc,
    /// Up to before this one.
    pub to: Utc,
    /// Annunciations in all.
    pub annunciated: u64,
    /// By priority, most urgent first; what bears none is left out.
    pub priorities: [u64; 4],
    /// Beginning of the first block; the period begins within it.
    pub first_block: Utc,
    /// Annunciations of each block, empty ones too.
    pub blocks: Vec<u32>,
    /// Most within any ten minutes, wherever they begin.
    pub most_in_ten_minutes: u64,
    /// Time in flood within the period.
    pub flood: Span,
    /// The longest of them.
    pub longest_flood: Span,
    /// How many floods there were.
    pub floods: u64,
    /// The period ends in one.
    pub flooding: bool,
    /// The most frequent alarms.
    pub top: Named,
    /// Chattering alarms, by how often they did.
    pub chattering: Named,
    /// Fleeting alarms, by how often they were.
    pub fleeting: Named,
    /// Stale at the end, the count in whole hours.
    pub stale: Named,
    /// Most that were stale at one time.
    pub stale_at_once: u64,
    /// Shelved, suppressed and out of service at the end.
    pub hidden: [u64; 3],
}

impl Figures {
    /// Length of the period.
    pub fn length(&self) -> Span {
        self.to - self.from
    }

    /// Annunciations in a time of this length, on the average.
    pub fn average_in(&self, length: Span) -> f64 {
        let whole = self.length().0;
        if whole > 0 { self.annunciated as f64 * length.0 as f64 / whole as f64 } else { 0.0 }
    }

    /// Share of the blocks with more annunciations than one person can follow.
    pub fn blocks_above(&self) -> f64 {
        share(self.blocks.iter().filter(|n| **n > FLOOD_ABOVE).count() as u64, self.blocks.len() as u64)
    }

    /// Share of the time that was flood.
    pub fn time_in_flood(&self) -> f64 {
        share(self.flood.0.max(0) as u64, self.length().0.max(0) as u64)
    }

    /// Share of all annunciations that the ten most frequent alarms made.
    pub fn top_share(&self) -> f64 {
        share(self.top.first.iter().map(|counted| counted.count).sum(), self.annunciated)
    }

    /// Share of a priority.
    pub fn priority_share(&self, priority: Priority) -> f64 {
        share(self.priorities[priority as usize], self.priorities.iter().sum())
    }

    /// Each figure beside its target, in the order in which they are shown.
    pub fn measures(&self) -> Vec<Measure> {
        let day = Span::from_secs(86_400);
        let rate = |name, length, target, limit| Measure {
            name,
            value: self.average_in(length),
            percent: false,
            target: Some(target),
            limit: Some(limit),
        };
        let number = |name, value: u64, target| Measure {
            name,
            value: value as f64,
            percent: false,
            target: Some(target),
            limit: None,
        };
        let percent = |name, value, target| Measure { name, value, percent: true, target: Some(target), limit: None };
        let plain = |name, value: u64| Measure { name, value: value as f64, percent: false, target: None, limit: None };
        let spread = Priority::ALL.map(|priority| {
            let target = [0.01, 0.05, 0.15, 0.80][priority as usize];
            let name = ["Critical", "High", "Medium", "Low"][priority as usize];
            percent(name, self.priority_share(priority), target)
        });
        let mut measures = vec![
            rate("Alarms in 10 minutes, average", BLOCK, 1.0, 2.0),
            rate("Alarms in an hour, average", Span::from_secs(3_600), 6.0, 12.0),
            rate("Alarms in a day, average", day, 150.0, 300.0),
            number("Most alarms in any 10 minutes", self.most_in_ten_minutes, 10.0),
            percent("10-minute blocks above 10", self.blocks_above(), 0.01),
            percent("Time in flood", self.time_in_flood(), 0.01),
            percent("Share of the ten most frequent", self.top_share(), 0.05),
            number("Chattering alarms", self.chattering.all, 0.0),
            number("Fleeting alarms", self.fleeting.all, 0.0),
            number("Stale alarms, most at one time", self.stale_at_once, 4.0),
            number("Stale alarms now", self.stale.all, 4.0),
        ];
        measures.extend(spread);
        measures.extend([
            plain("Shelved now", self.hidden[0]),
            plain("Suppressed now", self.hidden[1]),
            plain("Out of service now", self.hidden[2]),
        ]);
        measures
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole > 0 { part as f64 / whole as f64 } else { 0.0 }
}

/// One figure beside its target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// What it is.
    pub name: &'static str,
    /// A number, or a share of one.
    pub value: f64,
    /// Whether it is a share, shown in percent.
    pub percent: bool,
    /// At most this is wanted; of the priority low, about this. `None`: there is no target.
    pub target: Option<f64>,
    /// At most this can be managed.
    pub limit: Option<f64>,
}

/// How a figure stands to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is none, or none that a number alone can miss.
    Told,
    /// As wanted.
    Met,
    /// More than wanted, and to be managed.
    Manageable,
    /// More than that.
    Missed,
}

impl Measure {
    /// How it stands. A spread is missed by what is too urgent, never by the low ones being many.
    pub fn standing(&self) -> Standing {
        match (self.target, self.limit) {
            (None, _) => Standing::Told,
            (Some(_), _) if self.name == "Low" => Standing::Told,
            (Some(target), _) if self.value <= target => Standing::Met,
            (_, Some(limit)) if self.value <= limit => Standing::Manageable,
            _ => Standing::Missed,
        }
    }
}

/// What is known of one alarm while it is counted.
#[derive(Debug, Clone, Default)]
struct Cell {
    shelved: bool,
    suppressed: bool,
    out_of_service: bool,
    /// Raised then, and neither gone nor hidden since.
    standing: Option<i64>,
    acknowledged: bool,
    /// The last two annunciations.
    last: [Option<i64>; 2],
    count: u64,
    chattered: u64,
    fled: u64,
}

impl Cell {
    const fn is_hidden(&self) -> bool {
        self.shelved || self.suppressed || self.out_of_service
    }
}

/// Counts a period. Entries come in the order of the journal, from [`LEAD_IN`] before the period on.
#[derive(Debug)]
pub struct Counting {
    figures: Figures,
    cells: HashMap<Arc<str>, Cell>,
    /// Annunciations of the last ten minutes.
    recent: VecDeque<i64>,
    last: i64,
    flood_since: Option<i64>,
    /// Beginning and end of standing too long.
    stale: Vec<(i64, i64)>,
}

impl Counting {
    /// Begins a period from `from` up to before `to`; `memories`: what the alarms remembered where the entries begin.
    pub fn new(from: Utc, to: Utc, memories: &BTreeMap<Arc<str>, AlarmMemory>) -> Self {
        let to = to.max(from);
        let first = from.0.div_euclid(BLOCK.0);
        let blocks = to.0.saturating_sub(1).div_euclid(BLOCK.0).saturating_sub(first).saturating_add(1);
        let blocks = if to > from { blocks.clamp(1, MOST_BLOCKS) } else { 0 };
        let cells = memories.iter().take(MOST_ALARMS).map(|(name, memory)| {
            let mut cell = Cell {
                shelved: memory.shelved_until.is_some(),
                suppressed: memory.suppressed,
                out_of_service: memory.out_of_service,
                acknowledged: memory.acknowledged,
                ..Cell::default()
            };
            cell.standing = (memory.active && !cell.is_hidden()).then_some(memory.raised);
            (name.clone(), cell)
        });
        Self {
            cells: cells.collect(),
            figures: Figures {
                from,
                to,
                first_block: Utc(first.saturating_mul(BLOCK.0)),
                blocks: vec![0; blocks as usize],
                ..Figures::default()
            },
            recent: VecDeque::new(),
            last: i64::MIN,
            flood_since: None,
            stale: Vec::new(),
        }
    }

    /// Takes the next entry.
    pub fn take(&mut self, entry: &Entry) {
        let Some(name) = &entry.alarm else { return };
        let at = entry.time.0;
        if at >= self.figures.to.0 {
            return;
        }
        if !self.cells.contains_key(name) && self.cells.len() >= MOST_ALARMS {
            if entry.event == Event::Raised {
                self.annunciate(at, entry.priority);
            }
            return;
        }
        let within = at >= self.figures.from.0;
        let cell = self.cells.entry(name.clone()).or_default();
        let was = cell.standing;
        let mut annunciated = false;
        match entry.event {
            Event::Raised => {
                cell.acknowledged = false;
                annunciated = !cell.is_hidden();
            }
            Event::Acknowledged => cell.acknowledged = true,
            Event::Returned | Event::Cleared => {
                cell.standing = None;
                let flees = was.is_some_and(|raised| (0..FLEETING.0).contains(&(at - raised))) && !cell.acknowledged;
                cell.fled += u64::from(within && flees);
            }
            Event::Shelved => cell.shelved = true,
            Event::Unshelved => cell.shelved = false,
            Event::Suppressed => cell.suppressed = true,
            Event::Unsuppressed => cell.suppressed = false,
            Event::OutOfService => cell.out_of_service = true,
            Event::InService => cell.out_of_service = false,
            _ => return,
        }
        if annunciated {
            cell.standing = Some(at);
            let chatters = cell.last[0].is_some_and(|third| (0..=CHATTER).contains(&(at - third)));
            cell.last = [cell.last[1], Some(at)];
            cell.count += u64::from(within);
            cell.chattered += u64::from(within && chatters);
        }
        if cell.is_hidden() {
            cell.standing = None;
        }
        let ended = was.filter(|_| cell.standing != was);
        if annunciated {
            self.annunciate(at, entry.priority);
        }
        if let Some(raised) = ended {
            self.stood(raised, at);
        }
    }

    /// The figures.
    pub fn finish(mut self) -> Figures {
        let to = self.figures.to.0;
        self.end_flood(to);
        if let Some(since) = self.flood_since {
            self.figures.flooding = true;
            self.add_flood(since, to);
        }
        let mut stale = Vec::new();
        let standing: Vec<(Arc<str>, i64)> =
            self.cells.iter().filter_map(|(name, cell)| Some((name.clone(), cell.standing?))).collect();
        for (alarm, raised) in standing {
            if to - raised > STALE.0 {
                stale.push(Counted { alarm, count: ((to - raised) / 3_600_000_000) as u64 });
            }
            self.stood(raised, to);
        }
        let named = |of: fn(&Cell) -> u64| {
            let counted = self.cells.iter().map(|(alarm, cell)| Counted { alarm: alarm.clone(), count: of(cell) });
            named(counted.filter(|counted| counted.count > 0).collect())
        };
        self.figures.top = named(|cell| cell.count);
        self.figures.chattering = named(|cell| cell.chattered);
        self.figures.fleeting = named(|cell| if cell.chattered > 0 { 0 } else { cell.fled });
        self.figures.stale = self::named(stale);
        self.figures.stale_at_once = at_once(&self.stale);
        #[expect(clippy::iter_over_hash_type, reason = "a sum is the same in any order")]
        for cell in self.cells.values() {
            // As they are shown: out of service before suppressed before shelved.
            let [shelved, suppressed, out_of_service] = &mut self.figures.hidden;
            if cell.out_of_service {
                *out_of_service += 1;
            } else if cell.suppressed {
                *suppressed += 1;
            } else if cell.shelved {
                *shelved += 1;
            }
        }
        self.figures
    }

    fn annunciate(&mut self, at: i64, priority: Option<Priority>) {
        if at < self.last {
            // The clock was set back: what it told before says nothing of these ten minutes.
            let last = self.last;
            self.end_flood(last);
            if let Some(since) = self.flood_since.take() {
                self.add_flood(since, last);
            }
            self.recent.clear();
        }
        self.last = at;
        self.end_flood(at);
        while self.recent.front().is_some_and(|first| at - first >= BLOCK.0) || self.recent.len() >= MOST_OF_TEN_MINUTES
        {
            self.recent.pop_front();
        }
        self.recent.push_back(at);
        if self.recent.len() > FLOOD_ABOVE as usize && self.flood_since.is_none() {
            self.flood_since = Some(at);
        }
        if at < self.figures.from.0 {
            return;
        }
        self.figures.annunciated += 1;
        if let Some(priority) = priority {
            self.figures.priorities[priority as usize] += 1;
        }
        self.figures.most_in_ten_minutes = self.figures.most_in_ten_minutes.max(self.recent.len() as u64);
        let block = (at - self.figures.first_block.0).div_euclid(BLOCK.0);
        if let Some(block) = usize::try_from(block).ok().and_then(|block| self.figures.blocks.get_mut(block)) {
            *block = block.saturating_add(1);
        }
    }

    /// Ends a flood that has ended by `at`: when the fifth last annunciation was ten minutes ago.
    fn end_flood(&mut self, at: i64) {
        let Some(since) = self.flood_since else { return };
        let decisive = self.recent.len().checked_sub(FLOOD_ENDS_BELOW).and_then(|index| self.recent.get(index));
        let end = decisive.map_or(self.last, |decisive| decisive + BLOCK.0);
        if end <= at {
            self.flood_since = None;
            self.add_flood(since, end);
        }
    }

    fn add_flood(&mut self, since: i64, end: i64) {
        let (since, end) = (since.max(self.figures.from.0), end.min(self.figures.to.0));
        if end > since {
            let length = Span(end - since);
            self.figures.flood.0 += length.0;
            self.figures.longest_flood = self.figures.longest_flood.max(length);
            self.figures.floods += 1;
        }
    }

    /// An occurrence stood from `raised` to `end`.
    fn stood(&mut self, raised: i64, end: i64) {
        let (begin, end) = ((raised.saturating_add(STALE.0)).max(self.figures.from.0), end.min(self.figures.to.0));
        if end > begin && self.stale.len() < MOST_STALE {
            self.stale.push((begin, end));
        }
    }
}

fn named(mut counted: Vec<Counted>) -> Named {
    let all = counted.len() as u64;
    counted.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.alarm.cmp(&b.alarm)));
    counted.truncate(MOST_NAMES);
    Named { first: counted, all }
}

/// How many of these times overlap at most.
fn at_once(times: &[(i64, i64)]) -> u64 {
    let mut steps: Vec<(i64, i64)> = times.iter().flat_map(|(begin, end)| [(*begin, 1), (*end, -1)]).collect();
    // An end comes before a beginning of the same instant.
    steps.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, step) in steps {
        now += step;
        most = most.max(now);
    }
    most as u64
}

#[cfg(test)]
mod tests;
