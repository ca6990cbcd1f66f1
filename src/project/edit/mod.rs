//! The text under the editor: a project's file as it stands, and every change that is made to it as an edit of its text.
//!
//! A [`Draft`] holds the text byte for byte, knows where every entity and key stands in it, and turns what is meant
//! ([`Edit`]) into the smallest change of the text. It has no rules of its own: what is wrong is told by the ordinary
//! reader ([`file::read`]), and by whoever compiles what that reads.
//!
//! ```text
//!   Edit ──plan──► splices ──► text ──► index (where everything stands)
//!                     │          └─ file::read ──► Project, Issues
//!                     └──► undo: the same splices, turned round
//! ```
//!
//! Invariant: what is not touched stays byte for byte: comments, order, layout, line ends, the mark of byte order.
//! Invariant: undo gives the same bytes as were there before, and redo those that were there after.
//! Invariant: an edit is made whole or not at all; what cannot be made is refused with its line and a mend.

mod canonical;
mod entities;
mod find;
mod glance;
mod index;
mod kind;
mod lines;
mod meant;
mod merge;
mod path;
mod places;
mod plan;
mod references;
mod same;
mod shown;
mod splice;
mod told;
mod tree;
mod undo;
mod value;

use super::file;
use super::{Issue, Place, Project};
pub use canonical::canonical;
pub use find::{Hit, Search};
pub use glance::Glanced;
use index::Ids;
pub use index::{Block, EntityId, Index};
pub use kind::EntityKind;
pub use meant::{Edit, Refusal, Spot};
pub use merge::{Conflict, Merge, Side, merge};
pub use path::{KeyPath, Step};
pub use places::PlaceFinder;
use plan::{Placed, Planner};
pub use references::{Reference, names_in_formula};
pub use shown::Shown;
use splice::{Change, Splice};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use told::Tally;
pub use tree::words;
pub use undo::MOST_STEPS;
use undo::{Round, Steps, UndoStep};
pub use value::{Value, quoted, span_text};

/// What an edit did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// The entities that are new, in the text's order.
    pub added: Vec<EntityId>,
}

/// A project's text while it is edited.
///
/// **Limitations:** an entity that is written inside a list (`tag = [{ … }]`) has no block of its own: it is reached as a
/// value of what holds it (`tag[0].unit`), and is found and renamed like any other. `was` holds one name: a tag that is
/// renamed twice before any plant has run by it keeps the name that was in force when the draft was opened.
#[derive(Clone)]
pub struct Draft {
    /// Whether the file begins with a mark of byte order, which is no part of the text.
    marked: bool,
    text: Arc<str>,
    index: Index,
    steps: Steps,
    /// The text as it is in the file.
    saved: Arc<str>,
    /// Names of tags and displays, and their earlier ones, as the plant in force has them.
    in_force: HashMap<EntityId, (String, Option<String>)>,
    version: u64,
    /// The version in which entities or keys came or went last.
    shape: u64,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { text, index, version, .. } = self;
        f.debug_struct("Draft")
            .field("bytes", &text.len())
            .field("blocks", &index.blocks().len())
            .field("version", version)
            .finish()
    }
}

/// What is kept of a draft against a crash; cheap to make.
#[derive(Clone)]
pub struct Kept {
    marked: bool,
    text: Arc<str>,
    saved: Arc<str>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl Kept {
    /// The text, as it would stand in the file.
    pub fn bytes(&self) -> Vec<u8> {
        as_file(self.marked, &self.text)
    }

    /// The text that it was made from.
    pub fn saved_bytes(&self) -> Vec<u8> {
        as_file(self.marked, &self.saved)
    }

    /// Whether it differs from what it was made from.
    pub fn is_changed(&self) -> bool {
        self.text != self.saved
    }

    /// Whether both were made from one and the same text.
    pub fn has_base_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.saved, &other.saved)
    }
}

fn as_file(marked: bool, text: &str) -> Vec<u8> {
    [if marked { MARK } else { "" }, text].concat().into_bytes()
}

/// The text of a file, and whether it begins with a mark of byte order.
fn text_of(bytes: &[u8]) -> Result<(bool, &str), Refusal> {
    let whole = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).and_then(|before| std::str::from_utf8(before).ok());
        let line = before.map_or(1, |before| lines::line_number(before, before.len()));
        Refusal {
            line,
            what: "the file is not UTF-8 here".to_owned(),
            mend: "save it as UTF-8 with a text editor".to_owned(),
        }
    })?;
    let (marked, text) = whole.strip_prefix(MARK).map_or((false, whole), |text| (true, text));
    if u32::try_from(text.len()).is_err() {
        let what = "the file is larger than can be edited".to_owned();
        return Err(Refusal { line: 1, what, mend: "part it into several projects".to_owned() });
    }
    Ok((marked, text))
}

const MARK: &str = "\u{feff}";

impl Draft {
    /// A draft of a file's bytes.
    ///
    /// # Errors
    /// Where they are no text, or more of it than can be edited.
    pub fn open(bytes: &[u8]) -> Result<Self, Refusal> {
        let (marked, text) = text_of(bytes)?;
        let text: Arc<str> = text.into();
        let (index, saved, steps) = (Index::of(&text), Arc::clone(&text), Steps::default());
        let in_force = references::names_in_force(&text, &index);
        Ok(Self { marked, text, index, steps, saved, in_force, version: 0, shape: 0 })
    }

    /// The text, without a mark of byte order.
    pub const fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// As it is to stand in the file.
    pub fn bytes(&self) -> Vec<u8> {
        as_file(self.marked, &self.text)
    }

    /// Whether it says what this text says, but for a mark of byte order.
    pub fn says(&self, text: &str) -> bool {
        *self.text == *text.strip_prefix(MARK).unwrap_or(text)
    }

    /// As it stood in the file when it was read or saved last.
    pub fn saved_bytes(&self) -> Vec<u8> {
        as_file(self.marked, &self.saved)
    }

    /// What is to be kept of it against a crash.
    pub fn kept(&self) -> Kept {
        Kept { marked: self.marked, text: Arc::clone(&self.text), saved: Arc::clone(&self.saved) }
    }

    /// A draft that was kept, as it was, with one step that takes it back. `base`: the text that it was made from.
    ///
    /// # Errors
    /// Where one of the two is no text.
    pub fn take_up(base: &[u8], text: &[u8]) -> Result<Self, Refusal> {
        let text = Self::open(text)?;
        let mut draft = Self::open(base)?;
        draft.become_text("Take up the draft that was not saved", &text.text);
        Ok(draft)
    }

    /// Where everything stands.
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// Another after every change, undo and redo: what was worked out of an older one is late.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Another after every change in which entities or keys came or went; of one of values alone it stays.
    pub const fn shape(&self) -> u64 {
        self.shape
    }

    /// What the ordinary reader makes of it, and all that is wrong with it.
    pub fn read(&self) -> (Project, Vec<Issue>) {
        file::read(self.text.as_bytes())
    }

    /// A key's value as it is written; none where it is not there.
    pub fn get(&self, of: EntityId, key: &KeyPath) -> Option<&str> {
        self.planner().get(of, key)
    }

    /// A key's value as a person reads it: words without their quotes, all else as written.
    pub fn shown(&self, of: EntityId, key: &KeyPath) -> Option<String> {
        let raw = self.get(of, key)?;
        Some(tree::words(raw).map_or_else(|| raw.to_owned(), Cow::into_owned))
    }

    /// The lines of an entity and of all that stands below it, with its comments.
    pub fn text_of(&self, of: EntityId) -> String {
        self.planner().text_of(of, true)
    }

    /// Where an entity's header stands.
    pub fn place_of(&self, of: EntityId) -> Option<Place> {
        let at = self.index.block(of)?.header_range().start;
        let column = self.text.get(lines::line_start(&self.text, at)..at)?.chars().count();
        Some(Place { line: lines::line_number(&self.text, at), column: column as u32 + 1 })
    }

    /// The entity on whose lines a place stands: whom an issue is about.
    pub fn entity_at(&self, place: Place) -> Option<EntityId> {
        let start =
            self.text.split_inclusive('\n').take((place.line as usize).saturating_sub(1)).map(str::len).sum::<usize>();
        self.index.blocks().get(self.index.at(start)).map(|block| block.id)
    }

    /// The entity of a kind that has this name, upper and lower case alike; of several the first.
    pub fn named(&self, kind: EntityKind, name: &str) -> Option<EntityId> {
        let mut blocks = self.index.blocks().iter().filter(|block| block.kind == kind);
        let named =
            |block: &&Block| index::words_of(&self.text, block, "name").is_some_and(|n| n.eq_ignore_ascii_case(name));
        blocks.find(named).map(|block| block.id)
    }

    fn planner(&self) -> Planner<'_> {
        Planner { text: &self.text, index: &self.index }
    }

    // ── edits ────────────────────────────────────────────────────────────────────────────────

    /// Makes edits as one step, which has its name from them.
    ///
    /// # Errors
    /// Where one of them cannot be made; then none is.
    pub fn edit(&mut self, edits: &[Edit]) -> Result<Done, Refusal> {
        self.edit_as(None, None, edits)
    }

    /// Makes edits as one step with a name, or as more of the step before where that has the same `group`: what is typed
    /// into one field, letter by letter, is one step, and so is what a wizard does in several.
    ///
    /// # Errors
    /// Where one of them cannot be made; then none is.
    pub fn edit_as(&mut self, name: Option<&str>, group: Option<u64>, edits: &[Edit]) -> Result<Done, Refusal> {
        let before = Arc::clone(&self.text);
        let mut tally = Tally::default();
        let mut rounds: Vec<Round> = Vec::new();
        let mut done = Done::default();
        let mut rest = edits;
        while !rest.is_empty() {
            match self.round(rest, &mut tally) {
                Ok((round, taken)) => {
                    rest = rest.get(taken..).unwrap_or_default();
                    if let Some(round) = round {
                        done.added.extend(round.new_ids());
                        rounds.push(round);
                    }
                }
                Err(refusal) => {
                    // As if nothing had been.
                    let back: Vec<Round> = rounds.iter().rev().map(Round::inverse).collect();
                    self.replay(&back);
                    return Err(refusal);
                }
            }
        }
        if before == self.text {
            // Nothing came of it: what was moved stands where it stood.
            let back: Vec<Round> = rounds.iter().rev().map(Round::inverse).collect();
            self.replay(&back);
            return Ok(Done::default());
        }
        done.added.retain(|id| self.index.place(*id).is_some());
        self.version += 1;
        let step = match group.and_then(|group| self.steps.open(group)) {
            Some(mut step) => {
                step.more(rounds);
                step.tally.join(tally);
                step
            }
            None => UndoStep { name: String::new(), rounds, tally, group },
        };
        if step.rounds.is_empty() {
            return Ok(done);
        }
        let name = name.map_or_else(|| step.tally.name(), str::to_owned);
        self.steps.push(UndoStep { name, ..step });
        Ok(done)
    }

    /// What is typed next is a step of its own.
    pub fn end_group(&mut self) {
        self.steps.close();
    }

    /// Makes as many edits as can be made at once, and says how many that were.
    fn round(&mut self, edits: &[Edit], tally: &mut Tally) -> Result<(Option<Round>, usize), Refusal> {
        let planner = self.planner();
        let mut taken = 0;
        let mut placed: Vec<Placed> = Vec::new();
        let mut busy = Busy::default();
        for edit in edits {
            let more = match planner.plan(edit) {
                Ok(more) => more,
                // What stands in its way may be one of those before it, which are made first.
                Err(_) if taken > 0 && !placed.is_empty() => break,
                Err(refusal) => return Err(refusal),
            };
            if !busy.takes(edit, &more) {
                break;
            }
            tally.count(&self.text, &self.index, edit);
            taken += 1;
            placed.extend(more);
        }
        let made = edits.get(..taken).unwrap_or_default();
        let is_structural = made.iter().any(|edit| !matches!(edit, Edit::Set { .. } | Edit::Unset { .. }));
        let in_order = made.iter().all(|edit| matches!(edit, Edit::Text { .. }));
        if placed.is_empty() {
            return Ok((None, taken));
        }
        // Keys before entities where both are at one place; else in the order in which they were asked for.
        placed.sort_by_key(|(splice, order)| (splice.at, !splice.old.is_empty(), *order));
        if let Some([_, (second, _)]) = placed.array_windows().find(|[(a, _), (b, _)]| a.end() > b.at) {
            let line = lines::line_number(&self.text, second.at);
            let (what, mend) =
                ("two changes are over each other here".to_owned(), "make one after the other".to_owned());
            return Err(Refusal { line, what, mend });
        }
        let change = Change::of(placed.into_iter().map(|(splice, _)| splice).collect());
        Ok((Some(self.make(change, is_structural.then_some(in_order))), taken))
    }

    /// Changes the text, and finds what stands where. `blocks`: where others come or go, whether they may be told by their
    /// order.
    fn make(&mut self, change: Change, blocks: Option<bool>) -> Round {
        let (Some(from), Some(to)) = (change.splices().first(), change.splices().last()) else {
            return Round { change, first: 0, count_before: 0, count_after: 0, ids: None, of_values: true };
        };
        let count = self.index.blocks().len();
        let run = match blocks {
            // A text that is written anew may be part of the block before, or swallow any that follow.
            Some(true) => 0..count,
            Some(false) => {
                self.index.at(from.at.saturating_sub(1)).saturating_sub(1)..(self.index.at(to.end()) + 2).min(count)
            }
            None => self.index.at(from.at.saturating_sub(1))..self.index.at(to.end()) + 1,
        };
        self.make_in(run, change, blocks)
    }

    /// The same, for a change that touches the blocks of a run alone.
    fn make_in(&mut self, run: Range<usize>, change: Change, blocks: Option<bool>) -> Round {
        let Range { start: first, end: last } = run;
        let count = self.index.blocks().len();
        let before = self.index.ids(first..last);
        let signatures = if blocks.is_some() { self.index.signatures(&self.text, first..last) } else { Vec::new() };
        let start = self.index.extent(first).start;
        let end = (self.index.extent(last.saturating_sub(1)).end as i64 + change.growth()) as usize;
        let text = change.applied(&self.text);
        let ids = match blocks {
            Some(in_order) => Ids::Like { signatures: &signatures, in_order },
            None => Ids::Are(&before),
        };
        self.index.renew(&text, first..last, start..end, change.growth(), ids);
        self.text = text.into();
        let count_before = last - first;
        let count_after = (self.index.blocks().len() + count_before).saturating_sub(count);
        let after = self.index.ids(first..first + count_after);
        let ids = (before != after).then(|| Box::new((before, after)));
        let of_values = blocks.is_none() && ids.is_none() && change.is_of_values();
        let round = Round { change, first, count_before, count_after, ids, of_values };
        self.reshape(&round);
        round
    }

    /// Where entities or keys came or went, the version that is to come has another shape.
    const fn reshape(&mut self, round: &Round) {
        if !round.of_values {
            self.shape = self.version + 1;
        }
    }

    /// Makes it another text, as one step: a merge, an earlier snapshot, the canonical layout.
    pub fn become_text(&mut self, name: &str, text: &str) {
        let text = text.strip_prefix(MARK).unwrap_or(text);
        let (old, new) = (self.text.as_bytes(), text.as_bytes());
        let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let same = self.text.floor_char_boundary(same);
        let rest = old.len().min(new.len()) - same;
        let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        let tail = old.len() - self.text.ceil_char_boundary(old.len() - tail);
        let part = |text: &str| -> Box<str> { text.get(same..text.len() - tail).unwrap_or("").into() };
        let splice = Splice { at: same, old: part(&self.text), new: part(text) };
        if splice.old == splice.new {
            return;
        }
        let all = 0..self.index.blocks().len();
        let round = self.make_in(all, Change::of(vec![splice]), Some(false));
        self.version += 1;
        self.steps.push(UndoStep { name: name.to_owned(), rounds: vec![round], tally: Tally::default(), group: None });
    }

    // ── undo ─────────────────────────────────────────────────────────────────────────────────

    /// Takes the last step back, and says which it was.
    pub fn undo(&mut self) -> Option<String> {
        let step = self.steps.undo()?;
        let name = step.name.clone();
        let rounds: Vec<Round> = step.rounds.iter().rev().map(Round::inverse).collect();
        self.replay(&rounds);
        Some(name)
    }

    /// Makes the step again that was taken back last, and says which it was.
    pub fn redo(&mut self) -> Option<String> {
        let step = self.steps.redo()?;
        let (name, rounds) = (step.name.clone(), step.rounds.clone());
        self.replay(&rounds);
        Some(name)
    }

    fn replay(&mut self, rounds: &[Round]) {
        for round in rounds {
            let Round { change, first, count_before, ids, .. } = round;
            let (first, last) = (*first, first + count_before);
            let start = self.index.extent(first).start;
            let end = (self.index.extent(last.saturating_sub(1)).end as i64 + change.growth()) as usize;
            let text = change.applied(&self.text);
            let own = ids.as_ref().map_or_else(|| self.index.ids(first..last), |ids| ids.1.clone());
            self.index.renew(&text, first..last, start..end, change.growth(), Ids::Are(&own));
            self.text = text.into();
            self.reshape(round);
        }
        self.version += 1;
        self.steps.close();
    }

    /// How much text is read anew by the next [`Self::undo`], and by the next [`Self::redo`]: so long they take.
    pub fn reach_of_steps(&self) -> (usize, usize) {
        let of = |step: Option<&UndoStep>| step.map_or(0, UndoStep::reach);
        (of(self.steps.done().next_back()), of(self.steps.undone().next()))
    }

    /// Names of the steps that can be taken back, the next one first.
    pub fn undo_names(&self) -> impl Iterator<Item = &str> {
        self.steps.done().rev().map(|step| step.name.as_str())
    }

    /// Names of the steps that can be made again, the next one first.
    pub fn redo_names(&self) -> impl Iterator<Item = &str> {
        self.steps.undone().map(|step| step.name.as_str())
    }

    // ── the file ─────────────────────────────────────────────────────────────────────────────

    /// Whether it differs from the file.
    pub fn is_changed(&self) -> bool {
        !Arc::ptr_eq(&self.text, &self.saved) && self.text != self.saved
    }

    /// This stands in the file now; what was typed since does not. Steps can be taken back all the same.
    pub fn mark_saved(&mut self, written: &Kept) {
        self.saved = Arc::clone(&written.text);
        self.steps.close();
    }

    /// The plant runs by it as it is now: from here on a renamed tag was called what it is called now.
    pub fn mark_in_force(&mut self) {
        self.in_force = references::names_in_force(&self.text, &self.index);
    }

    /// What this draft and the file as somebody else wrote it meanwhile come to.
    ///
    /// # Errors
    /// Where the file is no text any more.
    pub fn merged(&self, theirs: &[u8]) -> Result<Merge, Refusal> {
        Ok(merge(&self.saved, &self.text, text_of(theirs)?.1))
    }

    /// Takes over a merge, with an answer to each of its conflicts, as one step. `theirs` is what stands in the file now.
    ///
    /// # Errors
    /// Where the file is no text any more.
    pub fn take_merge(&mut self, merge: &Merge, answers: &[Side], theirs: &[u8]) -> Result<(), Refusal> {
        let (marked, file) = text_of(theirs)?;
        self.become_text("Merge with the changed file", &merge.text(answers));
        (self.saved, self.marked) = (file.into(), marked);
        Ok(())
    }
}

/// What the edits of a round have changed, so that another over it waits for the next.
#[derive(Debug, Default)]
struct Busy {
    /// Keys, and whole entities as an empty one.
    keys: HashMap<EntityId, Vec<String>>,
    /// Ranges changed, by where they begin.
    cut: BTreeMap<usize, usize>,
}

impl Busy {
    fn takes(&mut self, edit: &Edit, placed: &[Placed]) -> bool {
        let (of, key) = match edit {
            Edit::Set { of, key, .. } | Edit::Unset { of, key } => (Some(*of), key.key()),
            Edit::Remove { of } | Edit::Move { of, .. } | Edit::Duplicate { of, .. } | Edit::Text { of, .. } => {
                (Some(*of), "")
            }
            Edit::Add { .. } | Edit::Insert { .. } => (None, ""),
        };
        let known = of.and_then(|of| self.keys.get(&of));
        if known.is_some_and(|keys| key.is_empty() || keys.iter().any(|k| k == key || k.is_empty())) {
            return false;
        }
        let free = |splice: &splice::Splice| {
            let before = self.cut.range(..splice.at).next_back().is_none_or(|(_, end)| *end <= splice.at);
            before && self.cut.range(splice.at..).next().is_none_or(|(start, _)| splice.end() <= *start)
        };
        if !placed.iter().all(|(splice, _)| free(splice)) {
            return false;
        }
        if let Some(of) = of {
            self.keys.entry(of).or_default().push(key.to_owned());
        }
        for (splice, _) in placed {
            let end = self.cut.entry(splice.at).or_default();
            *end = (*end).max(splice.end());
        }
        true
    }
}

#[cfg(test)]
mod tests;
