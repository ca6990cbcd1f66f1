//! One walk through a tag's history in order of time: unsealed samples, chunks, digests and coarser summaries, as coarse as
//! the walker can use them.
//!
//! Invariant: a part that stands for several samples is no longer than the walker allows, lies within the range, and holds
//! no unsealed sample; where one of these fails, what is below it is read, down to the samples.

use super::super::chunk;
use super::super::columns::Columns;
use super::super::digest::{self, Block};
use super::super::mend::{self, Spot};
use super::super::recent::Recent;
use super::super::rows::{self, CHUNK_LEVEL, HIGHEST_LEVEL, SummaryRow};
use super::super::sample::{Sample, SeriesId};
use super::super::summary::Summary;
use super::cache::{ChunkCache, Page, PageKey, PageRow};
use super::picture::Run;
use super::steps;
use crate::engine::{Level, Point, Quality};
use crate::time::Utc;
use rusqlite::Connection;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows read in one piece.
const ROWS_AT_ONCE: usize = 256;

/// Chunks read in one piece, and in one transaction, where all samples are wanted; at first fewer, because a reader may
/// want a single one.
const CHUNKS_AT_ONCE: usize = 16;

/// Chunks that a rough walk decodes for the sake of exact gaps and their reasons.
const MOST_DECODED_FOR_GAPS: u32 = 64;

/// A piece of a tag's history.
#[derive(Debug)]
pub enum Part<'a> {
    /// Several samples, summed up.
    Run(Run),
    /// All of a chunk, summed up.
    Sum(&'a steps::Run),
    /// Samples of these columns.
    Samples(&'a Columns, Range<usize>),
}

type Each<'e> = &'e mut dyn FnMut(Part<'_>) -> ControlFlow<()>;

/// Whether what lies between two instants may be told as one.
type Sums<'s> = &'s mut dyn FnMut(i64, i64) -> bool;

/// What a chunk is told as.
#[derive(Debug)]
enum Piece {
    Sum(steps::Run),
    Samples(Arc<Columns>),
}

/// What a step of the walk came to: broken off by whoever takes the parts, or by the flag.
type Walked = rusqlite::Result<ControlFlow<()>>;

/// A walk under way.
#[derive(Debug)]
pub struct Walk<'a> {
    /// Where the chunks are.
    pub connection: &'a Connection,
    /// Which tag.
    pub series: SeriesId,
    /// Its unsealed samples, copied before the chunks are looked at.
    pub recent: Columns,
    /// Chunks decoded before, and summaries.
    pub cache: &'a ChunkCache,
    /// Which version of the file's chunks the caller's transaction sees; `None`: summaries are read from the file.
    pub version: Option<u64>,
    /// Set when nobody wants it any more.
    pub stop: &'a AtomicBool,
    /// Chunks that could not be read; a gap stands for each.
    pub damaged: u64,
    /// Who mends what is found damaged, where that is in this process.
    pub mender: Option<&'a Recent>,
    /// The next of `recent`.
    at: usize,
    decodes_left: u32,
}

impl<'a> Walk<'a> {
    /// A walk that has not begun.
    pub fn new(
        connection: &'a Connection,
        series: SeriesId,
        recent: Columns,
        cache: &'a ChunkCache,
        version: Option<u64>,
        stop: &'a AtomicBool,
    ) -> Self {
        Self {
            connection,
            series,
            recent,
            cache,
            version,
            stop,
            damaged: 0,
            mender: None,
            at: 0,
            decodes_left: MOST_DECODED_FOR_GAPS,
        }
    }

    /// The last sample in chunks before `time`.
    pub fn sealed_before(&mut self, time: i64) -> rusqlite::Result<Option<Sample>> {
        let Some(before) = time.checked_sub(1) else { return Ok(None) };
        let rows = rows::some_summaries(self.connection, self.series, CHUNK_LEVEL, before, time, 1)?;
        let Some(row) = rows.first() else { return Ok(None) };
        let columns = self.chunk(row)?;
        Ok(columns.range(i64::MIN, time).last().map(|i| columns.sample(i)))
    }

    /// All samples of `from..to`. Reads in short transactions, so that it may take its time. Where `sums` takes a chunk that
    /// holds from the first of these instants to the last as one, and nothing else lies there, it is handed out so.
    pub fn samples(&mut self, from: i64, to: i64, sums: Sums<'_>, each: Each<'_>) -> Walked {
        self.skip_recent(from);
        let mut cursor = from;
        let mut most = 2;
        while cursor < to {
            let transaction = self.connection.unchecked_transaction()?;
            let rows = rows::some_summaries(&transaction, self.series, CHUNK_LEVEL, cursor, to, most)?;
            let more = rows.len() == most;
            most = (most * 2).min(CHUNKS_AT_ONCE);
            let reaches = |row: &&SummaryRow| !row.is_sound() || row.summary.last >= cursor;
            let ahead: Vec<&SummaryRow> = rows.iter().filter(reaches).collect();
            let piece = |row: &&SummaryRow| self.piece(row, sums);
            let pieces = ahead.iter().map(piece).collect::<rusqlite::Result<Vec<_>>>()?;
            drop(transaction);
            for (row, piece) in ahead.into_iter().zip(pieces) {
                let (walked, last) = match piece {
                    Piece::Samples(columns) => (self.chunk_samples(&columns, cursor, to, each), last_of(row, &columns)),
                    Piece::Sum(run) => (self.sum(&run, each), run.to),
                };
                if walked.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                cursor = cursor.max(last.saturating_add(1));
            }
            if !more {
                break;
            }
        }
        Ok(self.recent_before(to, each))
    }

    /// A chunk as one, where that is taken and its summary tells all; else its samples.
    fn piece(&mut self, row: &SummaryRow, sums: Sums<'_>) -> rusqlite::Result<Piece> {
        let Summary { first, last, .. } = row.summary;
        if !row.is_sound() || self.recent_within(first, last) || !sums(first, last) {
            return Ok(Piece::Samples(self.chunk(row)?));
        }
        // Its bytes are held against their checksum, and not decoded.
        let bytes = rows::chunk_bytes(self.connection, row.body.unwrap_or_default())?.unwrap_or_default();
        let run = chunk::kind(&bytes).ok().flatten().and_then(|kind| steps::Run::of(&row.summary, kind));
        Ok(match run {
            Some(run) => Piece::Sum(run),
            None => Piece::Samples(self.chunk(row)?),
        })
    }

    fn sum(&mut self, run: &steps::Run, each: Each<'_>) -> ControlFlow<()> {
        if self.stopped() {
            return ControlFlow::Break(());
        }
        self.recent_before(run.from, each)?;
        each(Part::Sum(run))
    }

    /// What there is in `from..to`, in parts no longer than `width` microseconds. Within the caller's transaction.
    pub fn rough(&mut self, from: i64, to: i64, width: i64, each: Each<'_>) -> Walked {
        self.skip_recent(from);
        if self.level(HIGHEST_LEVEL, from, to, &Range { start: from, end: to }, width, each)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        Ok(self.recent_before(to, each))
    }

    fn level(&mut self, level: u8, from: i64, to: i64, range: &Range<i64>, width: i64, each: Each<'_>) -> Walked {
        let mut cursor = from;
        while cursor < to {
            let page = self.page(level, cursor, to)?;
            let reaches = |page: &&PageRow| !page.row.is_sound() || page.row.summary.last >= from;
            for PageRow { row, after_unsummed } in page.rows.iter().filter(reaches) {
                let Summary { first, mut last, .. } = row.summary;
                let mut by_samples = None;
                if !row.is_sound() {
                    self.suspect(level, row);
                    if level > CHUNK_LEVEL {
                        // As if there were none: the level below tells.
                        continue;
                    }
                    let columns = self.chunk(row)?;
                    last = last_of(row, &columns);
                    by_samples = Some(columns);
                }
                if last < cursor {
                    continue;
                }
                // Behind a row there is hardly ever anything that no row of this level sums up.
                let unsummed = first > cursor && level > CHUNK_LEVEL && (cursor == from || *after_unsummed);
                if unsummed && self.level(level - 1, cursor, first, range, width, each)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                if let Some(columns) = by_samples {
                    if self.chunk_samples(&columns, range.start, range.end, each).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                    cursor = last.saturating_add(1);
                    continue;
                }
                let walked = match run_of_summary(&row.summary).filter(|_| self.serves(first, last, range, width)) {
                    Some(run) => self.run(run, each),
                    None if level > CHUNK_LEVEL => {
                        let end = last.saturating_add(1).min(to);
                        self.level(level - 1, first.max(cursor), end, range, width, each)?
                    }
                    None => self.digest(row, range, width, each)?,
                };
                if walked.is_break() || self.stopped() {
                    return Ok(ControlFlow::Break(()));
                }
                cursor = last.saturating_add(1);
            }
            if !page.more {
                break;
            }
        }
        if cursor < to && level > CHUNK_LEVEL {
            return self.level(level - 1, cursor, to, range, width, each);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Rows of a level, see [`PageKey`].
    fn page(&self, level: u8, from: i64, to: i64) -> rusqlite::Result<Arc<Page>> {
        let key = PageKey { series: self.series, level, from, to };
        if let Some(page) = self.version.and_then(|version| self.cache.page(key, version)) {
            return Ok(page);
        }
        let found = rows::some_summaries(self.connection, self.series, level, from, to, ROWS_AT_ONCE)?;
        let more = found.len() == ROWS_AT_ONCE;
        let mut cursor = from;
        let mut rows = Vec::with_capacity(found.len());
        for row in found {
            let Summary { first, last, .. } = row.summary;
            // To ask for the first chunk between two rows costs a fraction of asking each level below.
            let after_unsummed = level > CHUNK_LEVEL
                && first > cursor
                && rows::any_chunk_begins(self.connection, self.series, cursor, first)?;
            rows.push(PageRow { row, after_unsummed });
            // One that does not fit its checksum counts as if it were not there.
            if row.is_sound() {
                cursor = cursor.max(last.saturating_add(1));
            }
        }
        let page = Arc::new(Page { rows, more });
        if let Some(version) = self.version {
            self.cache.keep_page(key, version, &page);
        }
        Ok(page)
    }

    /// A chunk by its blocks, or by its samples where those are too coarse.
    fn digest(&mut self, row: &SummaryRow, range: &Range<i64>, width: i64, each: Each<'_>) -> Walked {
        let Summary { first, last, count, .. } = row.summary;
        let length = i128::from(last) - i128::from(first);
        let too_coarse = length * digest::BLOCK as i128 > i128::from(width) * i128::from(count);
        let blocks = if too_coarse { Arc::default() } else { self.blocks(row)? };
        let total: usize = blocks.iter().map(|b| b.count as usize).sum();
        if too_coarse || total != count as usize {
            let columns = self.chunk(row)?;
            return Ok(self.chunk_samples(&columns, range.start, range.end, each));
        }
        let mut decoded: Option<Arc<Columns>> = None;
        let mut index = 0;
        for block in blocks.iter() {
            let samples = index..index + block.count as usize;
            index = samples.end;
            if block.last < range.start || block.first >= range.end {
                continue;
            }
            // Gaps are told exactly as long as that is not too dear.
            let for_gap = block.flags.any_bad && (decoded.is_some() || self.decodes_left > 0);
            let walked = if self.serves(block.first, block.last, range, width) && !for_gap {
                self.run(run_of_block(block), each)
            } else {
                let columns = match &decoded {
                    Some(columns) => columns.clone(),
                    None => {
                        self.decodes_left = self.decodes_left.saturating_sub(u32::from(for_gap));
                        decoded.insert(self.chunk(row)?).clone()
                    }
                };
                let within = columns.slice(samples.start.min(columns.len())..samples.end.min(columns.len()));
                self.chunk_samples(&within, range.start, range.end, each)
            };
            if walked.is_break() {
                return Ok(walked);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether a part of this length can be told as one.
    fn serves(&self, first: i64, last: i64, range: &Range<i64>, width: i64) -> bool {
        let within = first >= range.start && last < range.end;
        last.saturating_sub(first) <= width && within && !self.recent_within(first, last)
    }

    /// Whether unsealed samples that were not handed out yet lie there.
    fn recent_within(&self, first: i64, last: i64) -> bool {
        let unsealed = self.recent.times().get(self.at..).unwrap_or_default();
        unsealed[unsealed.partition_point(|t| *t < first)..].first().is_some_and(|t| *t <= last)
    }

    fn run(&mut self, run: Run, each: Each<'_>) -> ControlFlow<()> {
        self.recent_before(run.first.time.0, each)?;
        each(Part::Run(run))
    }

    /// Samples of a chunk in `from..to`, and the unsealed ones before and among them.
    fn chunk_samples(&mut self, columns: &Columns, from: i64, to: i64, each: Each<'_>) -> ControlFlow<()> {
        if self.stopped() {
            return ControlFlow::Break(());
        }
        let range = columns.range(from, to);
        let times = columns.times().get(range.clone()).unwrap_or_default();
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return ControlFlow::Continue(()) };
        self.recent_before(*first, each)?;
        let among = self.recent.range(i64::MIN, last.saturating_add(1)).end.max(self.at);
        if among == self.at {
            return each(Part::Samples(columns, range));
        }
        let merged = columns.slice(range).merged(&self.recent.slice(self.at..among)).0;
        self.at = among;
        each(Part::Samples(&merged, 0..merged.len()))
    }

    /// Unsealed samples up to before `time`.
    fn recent_before(&mut self, time: i64, each: Each<'_>) -> ControlFlow<()> {
        let end = self.recent.range(i64::MIN, time).end;
        if end <= self.at {
            return ControlFlow::Continue(());
        }
        let range = self.at..end;
        self.at = end;
        each(Part::Samples(&self.recent, range))
    }

    fn skip_recent(&mut self, from: i64) {
        self.at = self.recent.range(i64::MIN, from).end;
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// A chunk's samples. One that is damaged is a gap from its first to its last time, with that reason.
    fn chunk(&mut self, row: &SummaryRow) -> rusqlite::Result<Arc<Columns>> {
        // A row that does not fit its checksum may name the chunk of another tag.
        let cached = row.body.filter(|_| row.is_sound()).and_then(|body| self.cache.chunk(body));
        if let Some(columns) = cached {
            return Ok(columns);
        }
        if let Some(columns) = mend::readable(self.connection, self.series, row)? {
            let columns = Arc::new(columns);
            self.cache.keep_chunk(row.body.unwrap_or_default(), &columns);
            return Ok(columns);
        }
        self.damaged += 1;
        self.suspect(CHUNK_LEVEL, row);
        let first = row.summary.first;
        Ok(Arc::new(mend::gap(first, if row.is_sound() { row.summary.last } else { first })))
    }

    /// A chunk's blocks; none where its digest is damaged.
    fn blocks(&self, row: &SummaryRow) -> rusqlite::Result<Arc<[Block]>> {
        let body = row.body.unwrap_or_default();
        if let Some(blocks) = self.cache.digest(body) {
            return Ok(blocks);
        }
        let bytes = rows::digest_bytes(self.connection, body)?.unwrap_or_default();
        let Ok(blocks) = digest::decode(&bytes) else {
            self.suspect(CHUNK_LEVEL, row);
            return Ok(Arc::default());
        };
        let blocks: Arc<[Block]> = blocks.into();
        self.cache.keep_digest(body, &blocks);
        Ok(blocks)
    }

    fn suspect(&self, level: u8, row: &SummaryRow) {
        if let Some(mender) = self.mender {
            mender.suspect(Spot { series: self.series, level, first: row.summary.first });
        }
    }
}

/// Where a chunk ends. A row that does not fit its checksum does not know.
fn last_of(row: &SummaryRow, samples: &Columns) -> i64 {
    if row.is_sound() { row.summary.last } else { samples.last_time().unwrap_or(row.summary.first) }
}

/// A run of values without a gap and of one level of trust; anything else is told by what is below it.
fn run_of_summary(summary: &Summary) -> Option<Run> {
    let all_good = summary.worst.level() == Level::Good;
    let all_doubtful = summary.bad == 0 && summary.good == 0 && summary.first_quality.level() == Level::Uncertain;
    let quality = if all_good {
        summary.worst
    } else if all_doubtful {
        summary.first_quality
    } else {
        return None;
    };
    Some(Run {
        worst: quality,
        first: Point { time: Utc(summary.first), value: summary.first_value, quality },
        last: Point { time: Utc(summary.last), value: summary.last_value, quality },
        min: summary.min,
        max: summary.max,
        min_first: None,
    })
}

/// A block that is doubtful anywhere is drawn as doubtful: it is narrower than a pixel.
fn run_of_block(block: &Block) -> Run {
    let of_values = if block.worst.is_bad() { Quality::GOOD } else { block.worst };
    let end = |time, bad, value| {
        let quality = if bad { block.worst } else { of_values };
        Point { time: Utc(time), value: if bad { f64::NAN } else { value }, quality }
    };
    Run {
        worst: block.worst,
        first: end(block.first, block.flags.begins_bad, block.first_value),
        last: end(block.last, block.flags.ends_bad, block.last_value),
        min: block.min,
        max: block.max,
        min_first: Some(block.flags.min_first),
    }
}
