//! What the recorder's thread owns, and one turn of its work: commit, seal, tidy, tell.

use super::super::file::{FileError, is_damage};
use super::block::Block;
use super::bring_back::Salvage;
use super::columns::Columns;
use super::commit::{frames, listed, told_of_lost};
use super::mend::{self, Mended};
use super::queue::Shared;
use super::recent::Recent;
use super::recorder::{Pace, Retention};
use super::retention::Trimming;
use super::runs::Run;
use super::sample::{Sample, SeriesId};
use super::seal::{SealError, Sealing};
use super::store::{Found, Store};
use super::unsealed::LostCommit;
use super::{schema, space};
use crate::engine::{HistoryState, Input, Quality};
use crate::time::{Clock, Mono, Now, Span, Utc};
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// Between two commits, and between two tries while the disk refuses.
pub(super) const COMMIT_EVERY: Duration = Duration::from_secs(1);

/// Where nothing is to be recorded, at least so often is written down that the program runs: a disk wears with every commit.
const ALIVE_EVERY: Span = Span::from_secs(5);

/// Tries at the end, as far apart as commits, before what waits is given up.
const LAST_TRIES: u32 = 3;

/// The log is sealed when it weighs so much, or when its oldest sample has waited so long. Twice as much would cost six megabytes.
pub(super) const SEAL_WEIGHT: usize = 250_000;
const SEAL_AFTER: Span = Span::from_secs(3_600);

/// Of many tags more is sealed at a time, so that each brings so much on average: adding a few samples to its last chunk costs as
/// much as adding a few dozen. Up to so many times what is usual, since it lies in memory until then.
const SEAL_WEIGHT_OF_A_TAG: usize = 30;
const SEALED_TIMES: usize = 6;

/// How long sealing goes on in one turn.
const SEALING_TURN: Span = Span::from_millis(400);

/// How long it goes on at the end. What is in the log then is on the disk all the same, and is sealed after the next start:
/// nobody waits for fifty thousand tags at a stop.
const SEALING_AT_END: Span = Span::from_secs(2);

/// Where the log weighs so many times what it is sealed at, sealing goes on without regard to time; and where it weighs so
/// many times that because it cannot be sealed, samples wait, and are dropped.
const PRESSING_TIMES: usize = 2;
const MOST_TIMES: usize = 4;

/// Between two looks at space and age.
const TIDY_EVERY: Span = Span::from_secs(10);

/// Spots mended in one turn, and those of them that are told one by one.
const MENDED_IN_A_TURN: usize = 16;
const MOST_TOLD: usize = 4;

/// A source's clock may be ahead of ours by so much.
const BELIEVED_AHEAD: Span = Span::from_secs(60);

/// Free pages given back to the disk in one turn, and at the end.
const PAGES_A_TURN: u32 = 256;
const PAGES_AT_END: u32 = 65_536;

/// What the thread owns.
pub(super) struct Desk {
    /// `None` after a file could neither be read nor set aside; tried again every turn.
    store: Option<Store>,
    path: PathBuf,
    shared: Arc<Shared>,
    recent: Arc<Recent>,
    clock: Clock,
    answers: mpsc::Sender<Input>,
    pace: Pace,
    run: Run,
    /// Samples to be committed before all others: marks of the last run's end, what a new file takes over.
    carried: BTreeMap<SeriesId, Columns>,
    /// Commits of the log that could not be read: their marks are among what is carried, and then they go.
    unreadable: Vec<LostCommit>,
    /// The last run, to be written down as ended.
    last_run: Option<Run>,
    /// The newest sample of each tag that this run recorded and that is in chunks, or about to be.
    newest: HashMap<SeriesId, i64, RandomState>,
    committed: Option<Mono>,
    sealing: Option<Sealing>,
    salvage: Salvage,
    unsealed_since: Option<Mono>,
    trimming: Trimming,
    tidied: Option<Mono>,
    state: HistoryState,
    told: Option<HistoryState>,
}

impl Desk {
    /// Takes over what the log holds, and prepares the marks of a last run that did not end in order.
    pub fn new(
        store: Store,
        found: Found,
        shared: Arc<Shared>,
        recent: Arc<Recent>,
        retention: Retention,
        clock: Clock,
        answers: mpsc::Sender<Input>,
        pace: Pace,
    ) -> Self {
        let now = clock.now();
        let Found { unsealed, last_run, suspect, .. } = found;
        recent.add(unsealed.samples.iter().map(|(series, columns)| (*series, columns)));
        suspect.map(|spot| recent.suspect(spot));
        let recorded = last_run.as_ref().map(|run| run.tags.clone()).unwrap_or_default();
        let run = Run::next(last_run.as_ref(), now.utc);
        let mut desk = Self {
            path: store.path().to_owned(),
            store: Some(store),
            shared,
            recent,
            clock,
            answers,
            pace,
            run,
            carried: unsealed.marks(&recorded),
            unreadable: unsealed.lost,
            last_run: None,
            newest: HashMap::default(),
            committed: None,
            sealing: None,
            salvage: Salvage::new(),
            unsealed_since: (!unsealed.samples.is_empty()).then_some(now.mono),
            trimming: Trimming::new(retention, now, last_run.as_ref().map(|run| run.alive)),
            tidied: None,
            state: HistoryState::default(),
            told: None,
        };
        if let Some(last) = last_run {
            if last.ended.is_none() {
                for series in &last.tags {
                    let newest = desk.recent.newest(*series);
                    let carried = desk.carried.entry(*series).or_default();
                    marks_of_end(last.alive, newest).for_each(|mark| carried.push(mark));
                }
            }
            // Its tags have served; a list of thousands is not kept for each start.
            desk.last_run = Some(Run { ended: last.ended.or(Some(last.alive)), tags: BTreeSet::new(), ..last });
        }
        desk
    }

    /// Until closed. Returns how many samples could not be written.
    pub fn run(mut self) -> u64 {
        let mut last_tries = LAST_TRIES;
        loop {
            let failing = self.state.fault.is_some();
            let closing = if failing && self.shared.is_closing() {
                std::thread::sleep(self.pace.commit_every);
                true
            } else if failing {
                // Even though much has come: trying again at once would not help.
                self.shared.wait_for_end(self.pace.commit_every)
            } else {
                self.shared.wait(self.pace.commit_every)
            };
            self.turn(closing);
            if !closing {
                continue;
            }
            if self.state.fault.is_none() {
                return 0;
            }
            last_tries -= 1;
            if last_tries == 0 {
                let left = self.shared.counts().0;
                tracing::error!(samples = left, "the history ends without what could not be recorded");
                return left;
            }
        }
    }

    /// Commits what waits, seals and tidies as far as there is time, and tells how it went.
    pub fn turn(&mut self, closing: bool) {
        let now = self.clock.now();
        let outcome = self.work(now, closing);
        if let Err(Trouble::Damaged(why)) = &outcome {
            self.begin_anew(why, now.utc);
        }
        let fault: Option<Arc<str>> = outcome.err().map(|trouble| match trouble {
            Trouble::Refused(why) => why.into(),
            Trouble::Damaged(why) => format!("the history is damaged: {why}").into(),
        });
        if fault != self.state.fault {
            match &fault {
                Some(why) => tracing::error!("could not record: {why}"),
                None => tracing::info!("samples are recorded again"),
            }
        }
        if fault.is_some() {
            // A disk that filled between two looks says so itself.
            self.look_at_space();
        }
        self.state.fault = fault;
        self.report();
    }

    fn work(&mut self, now: Now, closing: bool) -> Result<(), Trouble> {
        if self.store.is_none() {
            let folder = self.path.parent().unwrap_or(&self.path);
            let store = Store::open(folder, now.utc).map_err(|e| trouble(&e))?;
            self.state.set_aside = store.set_aside().map(told_aside).or(self.state.set_aside.take());
            self.store = Some(store);
        }
        if let Some(store) = &mut self.store {
            // Before any finding of damage: what is gone is not set aside, and no new file is begun in a folder whose lock
            // was given up with it.
            match store.check_place() {
                Ok(()) => {}
                Err(FileError::Gone { .. }) => self.renew(now)?,
                Err(error) => return Err(trouble(&error)),
            }
        }
        if let Some(why) = self.shared.take_damage(self.recent.file()) {
            return Err(Trouble::Damaged(why));
        }
        if self.recent.weight() > MOST_TIMES * self.seal_weight() {
            // Memory has a bound: nothing is added to the log before some of it is in chunks.
            self.seal(now, false)?;
        }
        self.commit(now, closing)?;
        self.mend(now)?;
        self.seal(now, closing)?;
        self.tidy(now, closing)?;
        if closing { Ok(()) } else { self.bring_back(now) }
    }

    /// Takes in what is whole in a file that was set aside, as long as the disk has room.
    fn bring_back(&mut self, now: Now) -> Result<(), Trouble> {
        let wanted = !self.salvage.is_idle() && !self.state.disk_is_filling();
        let Some(store) = self.store.as_mut().filter(|_| wanted) else { return Ok(()) };
        let changing = self.recent.changing_chunks();
        let turned = self.salvage.turn(store, &self.shared, &self.clock, &self.run, now.utc);
        drop(changing);
        match turned {
            Ok(None) => {}
            Ok(Some(told)) => {
                tracing::info!("the history that was set aside is looked through: {told}");
                self.state.salvaged = Some(told.into());
            }
            Err(SealError::File(error)) => return Err(trouble(&error)),
            Err(SealError::Damaged(spot)) => drop(self.recent.suspect(spot)),
        }
        Ok(())
    }

    /// Mends what readers, the scan and the start found damaged, a little in a turn, and says what is lost by it.
    fn mend(&mut self, now: Now) -> Result<(), Trouble> {
        let told = self.told.as_ref().is_some_and(|told| told.damage == self.state.damage);
        let Some(store) = self.store.as_mut().filter(|_| told || self.state.damage.is_none()) else { return Ok(()) };
        let mut news = Vec::new();
        if !self.unreadable.is_empty() {
            store.lay_aside(&self.unreadable, now.utc).map_err(|e| trouble(&e))?;
            self.state.damaged += self.unreadable.len() as u64;
            for LostCommit { at, .. } in self.unreadable.drain(..) {
                news.push(format!("a commit of all tags at {}", at.to_rfc3339()));
            }
        }
        for _ in 0..MENDED_IN_A_TURN {
            let Some(spot) = self.recent.next_suspect() else { break };
            let changing = self.recent.changing_chunks();
            let mended = mend::mend(store, spot, now.utc).map_err(|error| {
                self.recent.suspect(spot);
                trouble(&error)
            })?;
            drop(changing);
            let name = || self.shared.name_of(spot.series);
            match mended {
                Mended::Whole => {}
                Mended::Computed => news.push(format!("a summary of {}, which was computed again", name())),
                Mended::Lost(first, last) => {
                    self.state.damaged += 1;
                    news.push(format!("{} from {} to {}", name(), first.to_rfc3339(), last.to_rfc3339()));
                }
            }
        }
        if !news.is_empty() {
            let more = news.len().saturating_sub(MOST_TOLD);
            news.truncate(MOST_TOLD);
            let and_more = if more > 0 { format!("; and {more} more") } else { String::new() };
            let why = format!("damaged on the disk: {}{and_more}", news.join("; "));
            tracing::error!("a part of the history is {why}");
            self.state.damage = Some(why.into());
        }
        Ok(())
    }

    fn commit(&mut self, now: Now, closing: bool) -> Result<(), Trouble> {
        let Some(store) = &mut self.store else { return Ok(()) };
        let begun = self.last_run.is_none() && self.carried.is_empty();
        if self.state.fault.is_some() && begun {
            // Asked with a few bytes first, so that a million samples are not sorted every second for nothing. Not before
            // the last run's end is marked: a row of this run would hide that it is not.
            store.commit(&[], &[], &[&self.run]).map_err(|e| trouble(&e))?;
        }
        let batch = self.shared.take();
        let names = self.shared.name_changes();
        let nothing = begun && batch.samples.is_empty() && batch.lost.is_empty() && names.is_empty();
        let alive = self.committed.is_some_and(|last| now.mono - last < ALIVE_EVERY);
        if nothing && alive && !closing && self.state.fault.is_none() {
            self.state.recorded_to = Some(now.utc);
            return Ok(());
        }
        let mut block = Block::default();
        block.extend(batch.samples.iter().cloned());
        let before = (self.run.alive, self.run.ended);
        (self.run.alive, self.run.ended) = (now.utc, closing.then_some(now.utc));
        let mut first_of = not_among(&self.run.tags, block.groups().map(|group| group.series));
        first_of.extend(not_among(&self.run.tags, batch.lost.keys().copied()));
        self.run.tags.extend(&first_of);
        let (told, found) = told_of_lost(&block, &batch, self.state.fault.as_deref());
        block.extend(told.into_iter().chain(listed(&self.carried)));
        if closing {
            let newest = |tag| self.newest.get(&tag).copied().max(self.recent.newest(tag));
            block.extend(ends_of_all(now.utc, &self.run, newest, &block).into_iter());
        }
        let frames = frames(&block);
        let runs: Vec<&Run> = self.last_run.iter().chain([&self.run]).collect();
        if let Err(error) = store.commit(&names, &frames, &runs) {
            (self.run.alive, self.run.ended) = before;
            self.run.tags.retain(|series| !first_of.contains(series));
            self.shared.put_back(batch);
            return Err(trouble(&error));
        }
        drop(frames);
        self.shared.names_written(names.len());
        let any = !block.is_empty();
        self.recent.add_block(block);
        self.shared.count_found(found);
        self.state.samples += batch.samples.len() as u64 + found;
        self.state.recorded_to = Some(now.utc);
        if self.unsealed_since.is_none() && any {
            self.unsealed_since = Some(now.mono);
        }
        self.committed = Some(now.mono);
        (self.last_run, self.carried) = (None, BTreeMap::new());
        self.shared.recycle(batch);
        Ok(())
    }

    /// Weight of the log at which it is sealed.
    fn seal_weight(&self) -> usize {
        seal_weight(self.pace.seal_weight, self.recent.tags())
    }

    fn seal(&mut self, now: Now, closing: bool) -> Result<(), Trouble> {
        let seal_weight = self.seal_weight();
        let Some(store) = &mut self.store else { return Ok(()) };
        let aged = self.unsealed_since.is_some_and(|since| now.mono - since >= SEAL_AFTER);
        loop {
            if self.sealing.is_none() {
                let due = aged || self.recent.weight() >= seal_weight || closing && self.recent.weight() > 0;
                if !due || self.unsealed_since.is_none() {
                    return Ok(());
                }
                self.recent.each_newest(|series, last| {
                    let newest = self.newest.entry(series).or_insert(last);
                    *newest = last.max(*newest);
                });
                self.sealing = Some(Sealing::begin(store, &self.recent));
                self.unsealed_since = None;
            }
            let Some(sealing) = &mut self.sealing else { return Ok(()) };
            let done = match sealing.step(store, &self.recent) {
                Ok(done) => done,
                Err(SealError::File(error)) => return Err(trouble(&error)),
                Err(SealError::Damaged(spot)) => {
                    // Mended in the next turn, and then this step is done again.
                    self.recent.suspect(spot);
                    return self.mend(now);
                }
            };
            if done {
                self.shared.count_lost(sealing.left_out());
                self.sealing = None;
                if self.recent.weight() > 0 {
                    self.unsealed_since = Some(now.mono);
                }
            }
            let took = self.clock.now().mono - now.mono;
            let pressing = self.recent.weight() > PRESSING_TIMES * seal_weight;
            let enough = if closing { took >= SEALING_AT_END } else { !pressing && (done || took >= SEALING_TURN) };
            if enough {
                return Ok(());
            }
        }
    }

    fn tidy(&mut self, now: Now, closing: bool) -> Result<(), Trouble> {
        let Some(store) = &mut self.store else { return Ok(()) };
        if closing {
            store.give_back(PAGES_AT_END).map_err(|e| trouble(&e))?;
            return store.checkpoint().map_err(|e| trouble(&e));
        }
        if self.trimming.is_under_way() || self.tidied.is_none_or(|last| now.mono - last >= TIDY_EVERY) {
            self.tidied = Some(now.mono);
            store.shorten_wal().map_err(|e| trouble(&e))?;
            self.trimming.step(store, &self.recent, &self.shared, now).map_err(|e| trouble(&e))?;
            store.give_back(PAGES_A_TURN).map_err(|e| trouble(&e))?;
            self.look_at_space();
        }
        Ok(())
    }

    fn look_at_space(&mut self) {
        let space = space::of(&self.path);
        (self.state.free_bytes, self.state.disk_bytes) = (space.map(|s| s.free), space.map(|s| s.size));
    }

    /// Sets the file aside and begins a new one with all that is known of tags and not yet in chunks.
    fn begin_anew(&mut self, why: &str, now: Utc) {
        let Some(store) = self.store.take() else { return };
        tracing::error!("the history is damaged ({why}); it is set aside and a new one begun");
        self.carry_over(BTreeMap::new());
        match store.begin_anew(why, now) {
            Ok(store) => {
                self.state.set_aside = store.set_aside().map(told_aside);
                self.store = Some(store);
            }
            Err(error) => tracing::error!("could not set {} aside: {error}", schema::HISTORY_FILE),
        }
    }

    /// Goes on in a folder that was made anew, with all that is known of tags and not yet in chunks, and with what each was last.
    fn renew(&mut self, now: Now) -> Result<(), Trouble> {
        let Some(store) = &mut self.store else { return Ok(()) };
        let (mut new, last) = store.renewed(&self.shared.known(), now).map_err(|e| trouble(&e))?;
        let Found { tags, last_run, unsealed, .. } = new.take_found();
        if !self.shared.agrees_with(&tags) {
            // Somebody put another plant's in its place.
            let why =
                "the data folder was moved, and the one in its place holds another history; stop and start the program";
            return Err(Trouble::Refused(why.to_owned()));
        }
        self.carry_over(last);
        if let Some(run) = last_run {
            // An earlier state of ours: what came since is not in it.
            for series in run.tags {
                let mark = Sample::bad(run.alive, Quality::NOT_RECORDED, Some("the data folder was moved".into()));
                self.carried.entry(series).or_default().push(mark);
            }
            self.run.id = run.id + 1;
        }
        self.recent.add(unsealed.samples.iter().map(|(series, columns)| (*series, columns)));
        self.store = Some(new);
        Ok(())
    }

    /// Into a new file: what is in memory alone, after `before`.
    fn carry_over(&mut self, before: BTreeMap<SeriesId, Columns>) {
        for (series, columns) in self.recent.move_to_new_file().into_iter().chain(before) {
            let carried = self.carried.remove(&series).unwrap_or_default();
            self.carried.insert(series, columns.merged(&carried.into_canonical().0).0);
        }
        self.sealing = None;
        self.salvage = Salvage::new();
        self.unsealed_since = None;
        self.unreadable.clear();
        self.shared.write_names_again();
    }

    /// Says how recording fares, where that changed.
    fn report(&mut self) {
        (self.state.waiting, self.state.lost) = self.shared.counts();
        self.state.bytes = self.store.as_ref().map_or(0, Store::bytes);
        if self.told.as_ref() == Some(&self.state) {
            return;
        }
        // Never waits: the engine may be waiting for the end. What finds no room is told in the next turn.
        match self.answers.try_send(Input::History(self.state.clone())) {
            Ok(()) | Err(TrySendError::Closed(_)) => self.told = Some(self.state.clone()),
            Err(TrySendError::Full(_)) => {}
        }
    }
}

/// Why a turn came to its end.
enum Trouble {
    /// The disk refused; tried again.
    Refused(String),
    /// The file is damaged, and set aside.
    Damaged(String),
}

fn trouble(error: &FileError) -> Trouble {
    match error {
        FileError::Sqlite { source, .. } if is_damage(source) => Trouble::Damaged(source.to_string()),
        _ => Trouble::Refused(error.to_string()),
    }
}

/// A file that was set aside, in words.
fn told_aside((path, why): (&Path, &str)) -> Arc<str> {
    format!("{} ({why})", path.display()).into()
}

/// The samples that say that the program did not run from here on. They come after everything that was recorded, even where a
/// source's clock was a little ahead; where ours had been ahead by more than that, one stands where the program ended, too.
fn marks_of_end(time: Utc, newest: Option<i64>) -> impl Iterator<Item = Sample> {
    let after = newest.map_or(time, |newest| time.max(Utc(newest.saturating_add(1))));
    let here = (after - time > BELIEVED_AHEAD).then_some(time);
    here.into_iter().chain([after]).map(|time| Sample::bad(time, Quality::NOT_RUNNING, None))
}

/// Which of these, in their order, a run has not recorded yet. A walk along both: the tags of each second are tens of thousands,
/// and new ones among them are rare.
fn not_among(tags: &BTreeSet<SeriesId>, these: impl Iterator<Item = SeriesId>) -> BTreeSet<SeriesId> {
    let mut known = tags.iter().peekable();
    these
        .filter(|series| {
            while known.next_if(|tag| *tag < series).is_some() {}
            known.peek() != Some(&series)
        })
        .collect()
}

/// Those of all tags of a run. `newest`: of what was committed before.
fn ends_of_all(
    now: Utc,
    run: &Run,
    newest: impl Fn(SeriesId) -> Option<i64>,
    block: &Block,
) -> Vec<(SeriesId, Sample)> {
    let mut ends = Vec::with_capacity(run.tags.len());
    for series in &run.tags {
        let newest = newest(*series).max(block.of(*series).last_time());
        ends.extend(marks_of_end(now, newest).map(|mark| (*series, mark)));
    }
    ends
}

/// Weight of the log at which it is sealed, `least` or more, where so many tags are in it.
fn seal_weight(least: usize, tags: usize) -> usize {
    tags.saturating_mul(SEAL_WEIGHT_OF_A_TAG).clamp(least, least.saturating_mul(SEALED_TIMES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_sealed_at_a_time_of_many_tags_and_never_without_bound() {
        let weights = [0, 1_000, 10_000, 50_000, 1_000_000].map(|tags| seal_weight(SEAL_WEIGHT, tags));
        assert_eq!(weights, [250_000, 250_000, 300_000, 1_500_000, 1_500_000]);
    }
}
