//! The rows that are chosen, by click and by key, as in any list of files.
//!
//! Invariant: what has no row in the list is not chosen. A row that a filter hides or a fold closes over is chosen no
//! longer, so that no button acts on what cannot be seen.

use super::order::Line;
use crate::engine::AlarmId;
use eframe::egui::Modifiers;
use std::collections::BTreeSet;

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    chosen: BTreeSet<AlarmId>,
    /// Where a range begins.
    anchor: Option<Line>,
    /// Where the next key goes on from.
    lead: Option<Line>,
}

impl Choice {
    /// The chosen alarms.
    pub fn alarms(&self) -> impl Iterator<Item = AlarmId> {
        self.chosen.iter().copied()
    }

    /// How many are chosen.
    pub fn len(&self) -> usize {
        self.chosen.len()
    }

    /// Whether this one is.
    pub fn has(&self, alarm: AlarmId) -> bool {
        self.chosen.contains(&alarm)
    }

    /// The line that was chosen last.
    pub const fn lead(&self) -> Option<Line> {
        self.lead
    }

    /// The alarm to tell all about: the one that was chosen last.
    pub fn told(&self) -> Option<AlarmId> {
        match self.lead {
            Some(Line::Alarm(id)) if self.chosen.contains(&id) => Some(id),
            _ => None,
        }
    }

    /// A press on a line: it alone; with Ctrl as well, or no longer; with Shift all from the last one to it.
    pub fn press(&mut self, line: Line, modifiers: Modifiers, lines: &[Line]) {
        if modifiers.shift {
            self.extend_to(line, lines);
            return;
        }
        self.lead = Some(line);
        self.anchor = Some(line);
        let Line::Alarm(id) = line else {
            self.chosen.clear();
            return;
        };
        if modifiers.command || modifiers.ctrl {
            if !self.chosen.remove(&id) {
                self.chosen.insert(id);
            }
        } else {
            self.chosen = BTreeSet::from([id]);
        }
    }

    /// A key: `by` lines down; with Shift all on the way are chosen. Gives back where it went.
    pub fn step(&mut self, by: isize, extends: bool, lines: &[Line]) -> Option<usize> {
        let last = lines.len().checked_sub(1)?;
        let from = self.lead.and_then(|lead| lines.iter().position(|line| *line == lead));
        let to = match from {
            Some(from) => from.saturating_add_signed(by).min(last),
            None => 0,
        };
        let line = *lines.get(to)?;
        if extends {
            self.extend_to(line, lines);
        } else {
            self.press(line, Modifiers::NONE, lines);
        }
        Some(to)
    }

    /// All of these, and no others.
    pub fn all(&mut self, alarms: impl Iterator<Item = AlarmId>) {
        self.chosen = alarms.collect();
        self.lead = self.lead.filter(|lead| matches!(lead, Line::Alarm(id) if self.chosen.contains(id)));
        self.lead = self.lead.or_else(|| self.chosen.first().map(|id| Line::Alarm(*id)));
        self.anchor = self.lead;
    }

    /// None.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The same choice by the numbers of another plan.
    pub fn renumber(&mut self, now: &impl Fn(AlarmId) -> Option<AlarmId>) {
        self.chosen = self.chosen.iter().filter_map(|id| now(*id)).collect();
        self.anchor = self.anchor.and_then(|line| line.renumbered(now));
        self.lead = self.lead.and_then(|line| line.renumbered(now));
    }

    /// Another list: what has no row in it is chosen no longer.
    pub fn keep(&mut self, lines: &[Line]) {
        if self.lead.is_none() && self.chosen.is_empty() {
            return;
        }
        let shown: BTreeSet<Line> = lines.iter().copied().collect();
        self.chosen.retain(|id| shown.contains(&Line::Alarm(*id)));
        self.lead = self.lead.filter(|line| shown.contains(line));
        self.anchor = self.anchor.filter(|line| shown.contains(line));
    }

    fn extend_to(&mut self, line: Line, lines: &[Line]) {
        let place = |line: Line| lines.iter().position(|other| *other == line);
        let Some(to) = place(line) else { return };
        let from = self.anchor.and_then(place).unwrap_or(to);
        let range = lines.get(from.min(to)..=from.max(to)).unwrap_or_default();
        self.chosen = range
            .iter()
            .filter_map(|line| match line {
                Line::Alarm(id) => Some(*id),
                Line::Group(_) => None,
            })
            .collect();
        self.anchor = self.anchor.or(Some(line));
        self.lead = Some(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(ids: std::ops::Range<u32>) -> Vec<Line> {
        ids.map(|id| Line::Alarm(AlarmId(id))).collect()
    }

    fn row(id: u32) -> Line {
        Line::Alarm(AlarmId(id))
    }

    fn chosen(choice: &Choice) -> Vec<u32> {
        choice.alarms().map(|id| id.0).collect()
    }

    #[test]
    fn by_the_numbers_of_another_plan_the_same_alarms_are_chosen() {
        let (mut choice, lines) = (Choice::default(), lines(0..9));
        choice.press(row(2), Modifiers::NONE, &lines);
        choice.press(row(4), Modifiers::SHIFT, &lines);
        choice.renumber(&|id| (id.0 != 3).then_some(AlarmId(id.0 + 10)));
        assert_eq!(chosen(&choice), [12, 14]);
        assert_eq!((choice.told(), choice.lead()), (Some(AlarmId(14)), Some(row(14))));
        choice.renumber(&|_| None);
        assert_eq!((chosen(&choice).len(), choice.lead()), (0, None));
    }

    #[test]
    fn shift_takes_all_between_and_ctrl_one_more_or_less() {
        let (mut choice, lines) = (Choice::default(), lines(0..9));
        choice.press(row(2), Modifiers::NONE, &lines);
        choice.press(row(5), Modifiers::SHIFT, &lines);
        assert_eq!(chosen(&choice), [2, 3, 4, 5]);
        choice.press(row(1), Modifiers::SHIFT, &lines);
        assert_eq!(chosen(&choice), [1, 2], "the range begins where it began");
        choice.press(row(7), Modifiers::CTRL, &lines);
        choice.press(row(1), Modifiers::CTRL, &lines);
        assert_eq!(chosen(&choice), [2, 7]);
        assert_eq!(choice.told(), None, "what was let go is told of no longer");
        choice.press(row(8), Modifiers::NONE, &lines);
        assert_eq!(chosen(&choice), [8]);
    }

    #[test]
    fn keys_go_on_from_the_last_row_and_stop_at_the_ends() {
        let (mut choice, lines) = (Choice::default(), lines(0..4));
        assert_eq!(choice.step(1, false, &lines), Some(0), "the first key takes the first row");
        assert_eq!(choice.step(2, false, &lines), Some(2));
        assert_eq!(choice.step(1, true, &lines), Some(3));
        assert_eq!(chosen(&choice), [2, 3]);
        assert_eq!(choice.step(5, true, &lines), Some(3));
        assert_eq!(choice.step(-9, false, &lines), Some(0));
        assert_eq!(chosen(&choice), [0]);
        assert_eq!(Choice::default().step(1, false, &[]), None);
    }

    #[test]
    fn what_has_no_row_any_more_is_not_chosen() {
        let (mut choice, all) = (Choice::default(), lines(0..6));
        choice.all((1..5).map(AlarmId));
        choice.keep(&lines(3..6));
        assert_eq!(chosen(&choice), [3, 4]);
        choice.keep(&[]);
        assert_eq!((choice.len(), choice.lead()), (0, None));
        choice.press(row(2), Modifiers::SHIFT, &all);
        assert_eq!(chosen(&choice), [2], "a range without a beginning is one row");
    }
}
