//! Assembling a snapshot: shares what has not changed since the last one.

use super::alarm::AlarmMemory;
use super::core::Engine;
use super::plan::{AlarmId, TagId};
use super::snapshot::{AlarmState, AlarmView, Counts, HiddenBy, Snapshot};
use crate::project::Priority;
use crate::time::{Now, Span, Utc};
use std::sync::Arc;

/// Live ends of trends are handed on at most this often: four times a second, as the screen paints.
const TAIL_INTERVAL: Span = Span::from_millis(250);

impl Engine {
    /// What a screen may see at `now`.
    pub fn snapshot(&mut self, now: Now) -> Snapshot {
        let alarms = self.alarms_view.clone().unwrap_or_else(|| Arc::new(self.view_alarms(now)));
        self.alarms_view = Some(Arc::clone(&alarms));
        let devices = Arc::clone(self.devices_view.get_or_insert_with(|| Arc::new(self.devices.clone())));
        if self.tails_viewed.is_none_or(|at| now.mono - at >= TAIL_INTERVAL) {
            self.view_tails();
            self.tails_viewed = Some(now.mono);
        }
        let counts = self.count(now, &alarms);
        let limits_by_state = self.view_limits();
        let forced = self.view_forces();
        let simulated = self.view_simulations();
        Snapshot {
            now,
            plan: Arc::clone(&self.plan),
            pages: self.pages.clone(),
            alarms,
            counts,
            limits_by_state,
            forced,
            simulated,
            devices,
            tails: Arc::clone(&self.tail_views),
            horn: self.annunciation().most_urgent(),
            horn_state: self.horn.clone(),
            journal: self.journal.clone(),
            history: self.history.clone(),
            mode: self.plan.mode,
            refusals: Arc::clone(&self.refusals),
            dropped_inputs: self.dropped_inputs,
        }
    }

    fn view_tails(&mut self) {
        if !self.tails.iter().any(|t| t.changed) {
            return;
        }
        let views = Arc::make_mut(&mut self.tail_views);
        for (index, tail) in self.tails.iter_mut().enumerate() {
            if tail.changed {
                views.insert(TagId(index as u32), Arc::new(tail.view()));
            }
        }
    }

    /// Unacknowledged first, then by priority, then newest.
    fn view_alarms(&self, now: Now) -> Vec<AlarmView> {
        let mut views: Vec<(Priority, AlarmView)> = self
            .standing
            .iter()
            .filter_map(|alarm| self.plan.alarm(*alarm).map(|rule| (rule.priority, self.view_alarm(now, *alarm, rule))))
            .collect();
        views.sort_by_key(|(priority, view)| {
            (!view.state.needs_acknowledgement(), *priority, std::cmp::Reverse((view.raised, view.id)))
        });
        views.into_iter().map(|(_, view)| view).collect()
    }

    fn view_alarm(&self, now: Now, alarm: AlarmId, rule: &super::plan::AlarmPlan) -> AlarmView {
        let cell = &self.alarms[alarm.index()];
        let memory = &cell.memory;
        AlarmView {
            id: alarm,
            state: memory.state(rule.latch),
            occurrence: memory.occurrence,
            raised: Utc(memory.raised),
            raised_mono: cell.raised_mono,
            began: Utc(memory.began),
            value: cell.value.clone(),
            active: memory.active,
            held_since: cell.held_since.filter(|_| memory.active),
            acknowledged: memory.acknowledged_by.as_ref().map(|(who, at)| (Arc::from(who.as_str()), Utc(*at))),
            recording: cell.recording,
            first_out: cell.first_out,
            chattering: cell.bout.is_chattering(now.mono),
            chatter: cell.bout.count(now.mono),
            shelved_until: memory.shelved_until.map(Utc),
            hidden: hidden_by(memory),
            back: memory.back.map(|back| back.from),
            returned: Some(Utc(memory.returned)).filter(|_| !memory.active && memory.returned != 0),
            why: memory.why.as_deref().map(Arc::from),
            came_hidden: memory.came_hidden,
            silenced: cell.silenced,
        }
    }

    fn count(&self, now: Now, alarms: &[AlarmView]) -> Counts {
        let mut counts = Counts {
            flood: self.load.flood_since.is_some(),
            flood_since: self.load.flood_since,
            annunciated: self.load.annunciated(now.mono),
            ..Counts::default()
        };
        for view in alarms {
            let Some(rule) = self.plan.alarm(view.id) else { continue };
            if view.state.is_hidden() {
                counts.hidden += 1;
                match view.state {
                    AlarmState::Shelved => counts.shelved += 1,
                    AlarmState::Suppressed => counts.suppressed += 1,
                    _ => counts.out_of_service += 1,
                }
                continue;
            }
            counts.chattering += u32::from(view.chattering);
            counts.stale += u32::from(view.is_stale(now.mono));
            let slot = rule.priority as usize;
            counts.shown[slot] += 1;
            if view.state.needs_acknowledgement() {
                counts.unacknowledged[slot] += 1;
            }
        }
        counts
    }
}

/// Of the reason to hide it that its state names.
fn hidden_by(memory: &AlarmMemory) -> Option<HiddenBy> {
    let hand = if memory.out_of_service {
        memory.out_of_service_by.as_ref()
    } else if memory.suppressed {
        let at = Utc(memory.suppressed_since?);
        return Some(HiddenBy { by: None, at, reason: None });
    } else {
        memory.shelved_by.as_ref()
    };
    let hand = hand?;
    Some(HiddenBy {
        by: Some(Arc::from(hand.by.as_str())),
        at: Utc(hand.at),
        reason: hand.reason.as_deref().map(Arc::from),
    })
}
