//! What was done, and back again.
//!
//! Invariant: bounded in steps and in bytes. What is dropped is the oldest; the newest step is kept whatever its size.

use super::index::EntityId;
use super::splice::Change;
use super::told::Tally;
use std::collections::{HashSet, VecDeque};

/// Steps that can be taken back.
pub const MOST_STEPS: usize = 1_000;

/// Bytes that they may take in all.
const MOST_BYTES: usize = 64 << 20;

/// Edits that were made to one state of the text, at once.
#[derive(Debug, Clone)]
pub(super) struct Round {
    pub(super) change: Change,
    /// The first block that it touches, and how many there are from there, before and after.
    pub(super) first: usize,
    pub(super) count_before: usize,
    pub(super) count_after: usize,
    /// What they are called before and after, where that is not the same.
    pub(super) ids: Option<Box<(Vec<EntityId>, Vec<EntityId>)>>,
    /// No entity and no key came or went.
    pub(super) of_values: bool,
}

impl Round {
    fn bytes(&self) -> usize {
        let ids = self.ids.as_ref().map_or(0, |ids| ids.0.len() + ids.1.len());
        self.change.bytes() + ids * size_of::<EntityId>() + size_of::<Self>()
    }

    /// What is new in it.
    pub(super) fn new_ids(&self) -> Vec<EntityId> {
        let Some(ids) = &self.ids else { return Vec::new() };
        let before: HashSet<EntityId> = ids.0.iter().copied().collect();
        ids.1.iter().copied().filter(|id| !before.contains(id)).collect()
    }

    pub(super) fn inverse(&self) -> Self {
        let Self { change, first, count_before, count_after, ids, of_values } = self;
        let ids = ids.as_ref().map(|ids| Box::new((ids.1.clone(), ids.0.clone())));
        let (count_before, count_after) = (*count_after, *count_before);
        Self { change: change.inverse(), first: *first, count_before, count_after, ids, of_values: *of_values }
    }
}

/// One step, as a person takes it back.
#[derive(Debug, Clone)]
pub(super) struct UndoStep {
    pub(super) name: String,
    pub(super) rounds: Vec<Round>,
    pub(super) tally: Tally,
    /// More of the same belongs to it: what is typed into one field.
    pub(super) group: Option<u64>,
}

impl UndoStep {
    /// More that belongs to it. What is typed over what was just typed makes it no longer.
    pub(super) fn more(&mut self, rounds: Vec<Round>) {
        for round in rounds {
            let joined =
                self.rounds.last().and_then(|last| last.change.joined(&round.change).filter(|_| round.ids.is_none()));
            match (joined, self.rounds.last_mut()) {
                (Some(change), Some(last)) => {
                    last.change = change;
                    last.of_values &= round.of_values;
                }
                _ => self.rounds.push(round),
            }
            if self.rounds.last().is_some_and(|last| last.change.is_nothing() && last.ids.is_none()) {
                self.rounds.pop();
            }
        }
    }

    /// How much text it reaches over, from its first change to its last.
    pub(super) fn reach(&self) -> usize {
        self.rounds.iter().map(|round| round.change.reach()).sum()
    }

    fn bytes(&self) -> usize {
        self.name.len() + size_of::<Self>() + self.rounds.iter().map(Round::bytes).sum::<usize>()
    }
}

/// The steps that were taken, and those that were taken back.
#[derive(Debug, Clone, Default)]
pub(super) struct Steps {
    done: VecDeque<UndoStep>,
    undone: Vec<UndoStep>,
    bytes: usize,
}

impl Steps {
    /// One more, which makes those that were taken back unreachable.
    pub(super) fn push(&mut self, step: UndoStep) {
        self.bytes -= self.undone.drain(..).map(|step| step.bytes()).sum::<usize>();
        self.bytes += step.bytes();
        self.done.push_back(step);
        self.bound();
    }

    /// The step that more of this group belongs to, taken out.
    pub(super) fn open(&mut self, group: u64) -> Option<UndoStep> {
        if !self.undone.is_empty() || self.done.back()?.group != Some(group) {
            return None;
        }
        let step = self.done.pop_back()?;
        self.bytes -= step.bytes();
        Some(step)
    }

    /// Nothing more belongs to the last step.
    pub(super) fn close(&mut self) {
        if let Some(last) = self.done.back_mut() {
            last.group = None;
        }
    }

    pub(super) fn undo(&mut self) -> Option<&UndoStep> {
        self.undone.push(self.done.pop_back()?);
        self.undone.last()
    }

    pub(super) fn redo(&mut self) -> Option<&UndoStep> {
        self.done.push_back(self.undone.pop()?);
        self.done.back()
    }

    pub(super) fn done(&self) -> impl DoubleEndedIterator<Item = &UndoStep> {
        self.done.iter()
    }

    pub(super) fn undone(&self) -> impl Iterator<Item = &UndoStep> {
        self.undone.iter().rev()
    }

    fn bound(&mut self) {
        while self.done.len() > MOST_STEPS || (self.bytes > MOST_BYTES && self.done.len() > 1) {
            let Some(oldest) = self.done.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }
}
