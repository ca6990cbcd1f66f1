//! What is whole in a history that was set aside comes back into the one that was begun for it.
//!
//! A file is set aside where its structure is damaged, and then SQLite reads nothing behind the damage. But every chunk says
//! whose it is and has its checksum, so that a thread of its own walks over the pages (see [`super::pages`]), and hands over
//! what fits; the recorder takes it in between its commits, as it takes in what comes late. What is known to have been there
//! and cannot be read is a gap in the data that says so.
//!
//! It is written down in the new file that this is to be done: a start goes on with it from the beginning, and what is
//! taken in twice is there once. The file that was set aside is left as it is.

use super::chunk;
use super::columns::Columns;
use super::mend::gap;
use super::pages::{Cell, Field, Pages, fields};
use super::queue::Shared;
use super::rows::SummaryRow;
use super::runs::{Run, tags_from_bytes};
use super::sample::{Sample, SeriesId};
use super::schema::KIND;
use super::tags::TagRow;
use super::unsealed::Reading;
use crate::engine::Quality;
use crate::time::Utc;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Pieces that wait for the recorder. Full: the walk waits.
const MOST_WAITING: usize = 4;

/// Pages between two looks whether the end was asked for.
const LOOK_EVERY: u32 = 4_096;

/// A piece of a history that was set aside.
#[derive(Debug)]
pub(super) enum Piece {
    /// What its tags were called, and since when, by the numbers that they had there.
    Names(Vec<TagRow>),
    /// Samples of a tag, by the number that it had there.
    Samples(SeriesId, Columns),
    /// There is no more.
    End(Tally),
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Samples that were brought back.
    pub samples: u64,
    /// Chunks and commits of the log that are a gap now.
    pub gaps: u64,
    /// Chunks of which nothing says whose they are; they stay in the file that was set aside.
    pub unknown: u64,
}

/// A chunk that a summary tells of.
#[derive(Debug, Clone, Copy)]
struct Known {
    body: i64,
    series: SeriesId,
    first: i64,
    last: i64,
    found: bool,
}

/// Nobody takes what is found.
struct Unwanted;

struct Walk {
    pages: Pages,
    shared: Arc<Shared>,
    pieces: SyncSender<Piece>,
    tally: Tally,
    /// Rows are gone of which nothing tells: between two chunks of a tag there may have been another.
    untold: bool,
    /// By the chunk's number.
    known: Vec<Known>,
    names: BTreeMap<SeriesId, Vec<TagRow>>,
    /// The log's commits: number, page, and which of the page's rows.
    commits: Vec<(i64, u32, usize)>,
    run: Option<Run>,
    /// When the run that goes on began.
    present: Utc,
}

/// Starts the thread for a file. Whoever drops the receiver ends it. `present`: when the run that goes on began.
pub(super) fn start(path: &Path, shared: Arc<Shared>, present: Utc) -> std::io::Result<Receiver<Piece>> {
    let (pieces, receiver) = sync_channel(MOST_WAITING);
    let pages = Pages::open(path, KIND.page_bytes as usize)?;
    let untold = pages.was_cut();
    let walk = Walk {
        pages,
        shared,
        pieces,
        tally: Tally::default(),
        untold,
        known: Vec::new(),
        names: BTreeMap::new(),
        commits: Vec::new(),
        run: None,
        present,
    };
    let run = move || {
        // Nobody wanted it any more: the next start goes on.
        let _ended = walk.run();
    };
    thread::Builder::new().name("history-salvage".to_owned()).spawn(run)?;
    Ok(receiver)
}

impl Walk {
    fn run(mut self) -> Result<(), Unwanted> {
        self.each_page(|walk, page, cells| {
            walk.index(page, cells);
            Ok(())
        })?;
        self.known.sort_unstable_by_key(|known| known.body);
        self.known.dedup_by_key(|known| known.body);
        let names = self.names.values().flatten().cloned().collect();
        self.hand_over(Piece::Names(names))?;
        self.each_page(|walk, _page, cells| walk.chunks(cells))?;
        for known in std::mem::take(&mut self.known) {
            if !known.found {
                self.gap(known)?;
            }
        }
        self.log()?;
        let tally = self.tally;
        self.hand_over(Piece::End(tally))
    }

    fn each_page(
        &mut self,
        mut work: impl FnMut(&mut Self, u32, &[Cell]) -> Result<(), Unwanted>,
    ) -> Result<(), Unwanted> {
        for page in 1..=self.pages.count() {
            if page % LOOK_EVERY == 0 && self.shared.is_closing() {
                return Err(Unwanted);
            }
            let cells = self.pages.cells(page);
            work(self, page, &cells)?;
        }
        Ok(())
    }

    /// Notes what there is: summaries, names, commits, runs.
    fn index(&mut self, page: u32, cells: &[Cell]) {
        self.untold |= self.pages.is_lost(page);
        for (place, cell) in cells.iter().enumerate() {
            match (cell.rowid, cell.blobs()) {
                (_, None) => {}
                // Commits and chunks are read later.
                (Some(seq), Some(1)) => {
                    self.commits.push((seq, page, place));
                    continue;
                }
                (_, Some(_)) => continue,
            }
            let Some(row) = self.pages.whole(cell) else { continue };
            let Some(row) = fields(&row) else { continue };
            match (cell.rowid, row.as_slice()) {
                (Some(id), [Field::Null, Field::Int(started), Field::Int(alive), ended, Field::Blob(tags)])
                    if self.run.as_ref().is_none_or(|run| run.id < id) =>
                {
                    let ended = ended.int().map(Utc);
                    let tags = tags_from_bytes(tags);
                    self.run = Some(Run { id, started: Utc(*started), alive: Utc(*alive), ended, tags });
                }
                (
                    None,
                    [Field::Int(id), Field::Int(since), Field::Text(name), Field::Text(unit), Field::Text(data_type)],
                ) => {
                    let Ok(series) = u32::try_from(*id).map(SeriesId) else { continue };
                    let (name, unit, data_type) = ((*name).to_owned(), (*unit).to_owned(), (*data_type).to_owned());
                    self.names.entry(series).or_default().push(TagRow {
                        series,
                        since: Utc(*since),
                        name,
                        unit,
                        data_type,
                    });
                }
                (None, columns) => {
                    if let Some((series, row)) = SummaryRow::from_fields(columns)
                        && let Some(body) = row.body
                    {
                        let (first, last) = (row.summary.first, row.summary.last);
                        self.known.push(Known { body, series, first, last, found: false });
                    }
                }
                _ => {}
            }
        }
    }

    /// Hands over the chunks of a page.
    fn chunks(&mut self, cells: &[Cell]) -> Result<(), Unwanted> {
        for cell in cells {
            let (Some(body), Some(2)) = (cell.rowid, cell.blobs()) else { continue };
            let known = self.known.binary_search_by_key(&body, |known| known.body).ok();
            let row = self.pages.whole(cell);
            let row = row.as_deref().and_then(fields);
            let Some([Field::Null, Field::Blob(_), Field::Blob(samples), told @ ..]) = row.as_deref() else { continue };
            let series = told.first().and_then(Field::int).and_then(|tag| u32::try_from(tag).ok()).map(SeriesId);
            let Some(series) = series.or_else(|| known.map(|known| self.known[known].series)) else {
                self.tally.unknown += 1;
                continue;
            };
            if let Ok(mut samples) = chunk::decode(samples) {
                if let Some(last) = samples.last_time().filter(|_| self.untold) {
                    // What held last is not known to have held.
                    samples.push(Sample::bad(Utc(last.saturating_add(1)), Quality::DAMAGED, None));
                }
                if let Some(known) = known {
                    self.known[known].found = true;
                }
                self.samples(series, samples)?;
            }
        }
        Ok(())
    }

    /// Hands over what the log holds, and the marks of what it lost.
    fn log(&mut self) -> Result<(), Unwanted> {
        self.commits.sort_unstable();
        self.commits.dedup_by_key(|commit| commit.0);
        let mut reading = Reading::default();
        for (seq, page, place) in std::mem::take(&mut self.commits) {
            let row = self.pages.cells(page).get(place).and_then(|cell| self.pages.whole(cell));
            let row = row.as_deref().and_then(fields);
            let body = if let Some([Field::Null, Field::Blob(body)]) = row.as_deref() { *body } else { &[] };
            reading.skipped_to(seq);
            // What it lost is among its marks.
            let _marked = reading.take(seq, body);
        }
        let run = self.run.take();
        let (alive, tags) = run.as_ref().map_or((Utc(0), BTreeSet::new()), |run| (run.alive, run.tags.clone()));
        if run.is_some_and(|run| run.ended.is_none() && run.started != self.present) {
            // It was killed, and its end is marked as the next start would have.
            for series in &tags {
                let mut end = Columns::new();
                end.push(Sample::bad(alive, Quality::NOT_RUNNING, None));
                self.hand_over(Piece::Samples(*series, end))?;
            }
        }
        let unsealed = reading.finish(alive);
        self.tally.gaps += unsealed.lost.len() as u64;
        for (series, marks) in unsealed.marks(&tags) {
            self.hand_over(Piece::Samples(series, marks.into_canonical().0))?;
        }
        for (series, samples) in unsealed.samples {
            self.samples(series, samples)?;
        }
        Ok(())
    }

    fn samples(&mut self, series: SeriesId, samples: Columns) -> Result<(), Unwanted> {
        if !self.names.contains_key(&series) {
            self.tally.unknown += 1;
            return Ok(());
        }
        self.tally.samples += samples.len() as u64;
        self.hand_over(Piece::Samples(series, samples))
    }

    fn gap(&mut self, known: Known) -> Result<(), Unwanted> {
        self.tally.gaps += 1;
        self.hand_over(Piece::Samples(known.series, gap(known.first, known.last)))
    }

    fn hand_over(&self, piece: Piece) -> Result<(), Unwanted> {
        self.pieces.send(piece).map_err(|_piece| Unwanted)
    }
}

impl Tally {
    /// In words.
    pub fn told(&self) -> String {
        let Self { samples, gaps, unknown } = self;
        let mut told = format!("{samples} samples were brought back");
        if *gaps > 0 {
            let _written = write!(told, ", {gaps} damaged parts are gaps");
        }
        if *unknown > 0 {
            let _written = write!(told, ", {unknown} parts of tags whose names are lost stay there");
        }
        told
    }
}
