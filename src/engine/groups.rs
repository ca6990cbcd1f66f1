//! First-out: of the alarms of one group that come together, the one whose condition began first is marked until the group
//! is normal again. Those of one scan share the mark. Hidden alarms take no part.

use super::core::Engine;
use super::plan::{AlarmId, AlarmPlan};
use super::snapshot::AlarmState;
use crate::time::{Mono, Utc};
use std::sync::Arc;

/// A group with its present episode.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) members: Vec<AlarmId>,
    /// Members that stand in the alarm list.
    standing: usize,
    /// When the first condition of the episode began; `None`: the group is normal.
    first: Option<Mono>,
}

impl AlarmPlan {
    /// The name of its group.
    pub(super) fn group_name(&self) -> &str {
        self.written.as_ref().and_then(|w| w.group.as_deref()).unwrap_or("its group")
    }
}

impl Engine {
    /// Whether a condition that began then is the first of its group; the mark of a later one goes.
    pub(super) fn mark_first_out(&mut self, group: Option<u32>, alarm: AlarmId, began: Mono) -> bool {
        let Some(Group { members, first, .. }) = group.and_then(|g| self.groups.get_mut(g as usize)) else {
            return false;
        };
        let earlier = first.is_none_or(|first| began < first);
        if earlier {
            *first = Some(began);
            for member in members {
                self.alarms[member.index()].first_out = false;
            }
        }
        let is_first = *first == Some(began);
        self.alarms[alarm.index()].first_out = is_first;
        is_first
    }

    /// Counts who of the group stands; when nobody does, its episode is over.
    pub(super) fn follow_episode(&mut self, group: Option<u32>, alarm: AlarmId, state: AlarmState) {
        let Some(group) = group.and_then(|g| self.groups.get_mut(g as usize)) else { return };
        let stands = state != AlarmState::Normal && !state.is_hidden();
        let cell = &mut self.alarms[alarm.index()];
        match (cell.in_episode, stands) {
            (false, true) => group.standing += 1,
            (true, false) => group.standing = group.standing.saturating_sub(1),
            _ => return,
        }
        cell.in_episode = stands;
        if group.standing == 0 {
            group.first = None;
            for member in &group.members {
                self.alarms[member.index()].first_out = false;
            }
        }
    }

    /// Marks the groups that stand as they were before a start or an edit. Of those that were marked, the last one raised
    /// was the first of the present episode, for it took the mark over.
    pub(super) fn resume_episodes(&mut self) {
        let plan = Arc::clone(&self.plan);
        for group in 0..self.groups.len() {
            if self.groups[group].standing == 0 {
                continue;
            }
            let began = |engine: &Self, member: &AlarmId| {
                let cell = &engine.alarms[member.index()];
                cell.raised_mono + (Utc(cell.memory.began) - Utc(cell.memory.raised))
            };
            let members = &self.groups[group].members;
            let marked: Vec<AlarmId> = members
                .iter()
                .filter(|m| {
                    let of = self.alarms[m.index()].memory.first_out_of.as_deref();
                    of.is_some() && of == plan.alarm(**m).map(AlarmPlan::group_name)
                })
                .copied()
                .collect();
            let newest = marked.iter().max_by_key(|m| self.alarms[m.index()].memory.raised);
            let first = newest.map(|m| began(self, m)).or_else(|| {
                // Nobody was marked, as by a version that did not write it down.
                members.iter().filter(|m| self.alarms[m.index()].in_episode).map(|m| began(self, m)).min()
            });
            self.groups[group].first = first;
            for member in marked {
                self.alarms[member.index()].first_out = Some(began(self, &member)) == first;
            }
        }
    }
}
