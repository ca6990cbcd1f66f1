//! The recorder's end of a salvage (see [`super::salvage`]): takes the pieces in between its commits, a little in a turn.

use super::columns::Columns;
use super::queue::Shared;
use super::runs::Run;
use super::salvage::{self, Piece};
use super::sample::SeriesId;
use super::seal::{SealError, take_in};
use super::store::Store;
use crate::time::{Clock, Span, Utc};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How long a turn takes pieces in. Commits are due every second.
const TURN: Span = Span::from_millis(200);

/// How long a turn waits for the next piece.
const PATIENCE: Duration = Duration::from_millis(20);

/// Weight of the pieces that are written in one transaction.
const STEP_WEIGHT: usize = 65_536;

/// Files that were set aside and whose contents are to come back.
#[derive(Debug)]
pub(super) struct Salvage {
    /// The new file may know one that has not been begun with.
    due: bool,
    under_way: Option<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    file: PathBuf,
    pieces: Receiver<Piece>,
    /// The numbers here, by the numbers that tags had there.
    series: BTreeMap<SeriesId, SeriesId>,
    /// Taken from the thread and not yet written.
    waiting: BTreeMap<SeriesId, Columns>,
    end: Option<String>,
}

impl Salvage {
    /// Looks into the file first.
    pub const fn new() -> Self {
        Self { due: true, under_way: None }
    }

    /// Whether there is nothing to do.
    pub const fn is_idle(&self) -> bool {
        !self.due && self.under_way.is_none()
    }

    /// Begins, or takes in some. Returns what to tell when a file is done. After an error the same is tried again.
    pub fn turn(
        &mut self,
        store: &mut Store,
        shared: &Arc<Shared>,
        clock: &Clock,
        run: &Run,
        now: Utc,
    ) -> Result<Option<String>, SealError> {
        if self.under_way.is_none() {
            if !std::mem::take(&mut self.due) {
                return Ok(None);
            }
            let Some(file) = store.to_salvage()? else { return Ok(None) };
            match salvage::start(&file, Arc::clone(shared), run.started) {
                Ok(pieces) => {
                    tracing::info!("what is whole in {} is brought back", file.display());
                    let (series, waiting) = (BTreeMap::new(), BTreeMap::new());
                    self.under_way = Some(UnderWay { file, pieces, series, waiting, end: None });
                }
                Err(error) => {
                    let why =
                        format!("{} could not be read, and nothing of it was brought back: {error}", file.display());
                    store.salvaged(&file, now, &why)?;
                    self.due = true;
                    return Ok(Some(why));
                }
            }
        }
        let Some(work) = &mut self.under_way else { return Ok(None) };
        let begun = clock.now().mono;
        while clock.now().mono - begun < TURN {
            let more = work.gather(shared);
            work.write(store, shared)?;
            if !more {
                break;
            }
        }
        let Some(end) = &work.end else { return Ok(None) };
        let told = format!("{}: {end}", work.file.display());
        store.salvaged(&work.file, now, end)?;
        *self = Self::new();
        Ok(Some(told))
    }
}

impl UnderWay {
    /// Takes pieces from the thread, until there is enough for a transaction. Returns whether there are more at once.
    fn gather(&mut self, shared: &Shared) -> bool {
        let mut weight = self.waiting.values().map(Columns::weight).sum::<usize>();
        while weight < STEP_WEIGHT && self.end.is_none() {
            match self.pieces.recv_timeout(PATIENCE) {
                Ok(Piece::Names(rows)) => self.series = shared.take_over(rows),
                Ok(Piece::Samples(there, columns)) => {
                    // One whose name is lost was not handed over.
                    let Some(here) = self.series.get(&there) else { continue };
                    weight += columns.weight();
                    let known = self.waiting.remove(here).unwrap_or_default();
                    self.waiting.insert(*here, known.merged(&columns).0);
                }
                Ok(Piece::End(tally)) => self.end = Some(tally.told()),
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => {
                    self.end = Some("ended too early; this is a fault of the program".to_owned());
                }
            }
        }
        self.end.is_none()
    }

    fn write(&mut self, store: &mut Store, shared: &Shared) -> Result<(), SealError> {
        if !self.waiting.is_empty() {
            shared.count_lost(take_in(store, &self.waiting)?);
            self.waiting.clear();
        }
        Ok(())
    }
}
