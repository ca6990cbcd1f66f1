//! Acts of people: accepted or refused with the reason, journaled first, in force when the journal is on disk.

use super::alarm::{AlarmMemory, Hand, Hiding};
use super::command::{Actor, AlarmRef, Command, LONGEST_SHELVING};
use super::core::{Due, Engine, REFUSALS_SHOWN};
use super::effect::{Effect, Entry, Event, Ticket};
use super::plan::{AlarmId, AlarmPlan};
use super::snapshot::{AlarmState, Mode, Refusal};
use crate::project::Priority;
use crate::time::{Now, Span, Utc};
use std::sync::Arc;

/// A silenced critical or high alarm that nobody acknowledges sounds again after this (alarms.md).
const RESOUND: Span = Span::from_secs(300);

/// An act on an alarm that waits for the disk.
#[derive(Debug, Clone)]
pub(super) struct Act {
    pub(super) alarm: Arc<str>,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Acknowledge {
        occurrence: u64,
        by: Actor,
        at: Utc,
    },
    Reset {
        occurrence: u64,
    },
    Shelve {
        until: Utc,
        hand: Hand,
    },
    OutOfService(Hand),
    /// End of a shelving or of being out of service; the event says which.
    Show(Event),
}

impl What {
    /// What the act leaves in the alarm's memory, as replaying its entry does.
    fn happen_to(&self, memory: &mut AlarmMemory, now: Utc) {
        match self {
            Self::Acknowledge { occurrence, by, at } if *occurrence == memory.occurrence => {
                memory.acknowledge(by.to_string(), *at);
            }
            Self::Reset { occurrence } if *occurrence == memory.occurrence => memory.open = false,
            // A newer occurrence came while the disk was written.
            Self::Acknowledge { .. } | Self::Reset { .. } => {}
            Self::Shelve { until, hand } => memory.shelve(Some(*until), hand.clone()),
            Self::OutOfService(hand) => memory.take_out_of_service(hand.clone()),
            Self::Show(event) => memory.unhide(hidden_by(*event), now),
        }
    }
}

/// What an alarm was hidden by that this event ends.
const fn hidden_by(event: Event) -> Hiding {
    match event {
        Event::Unshelved => Hiding::Shelved,
        Event::Unsuppressed => Hiding::Suppressed,
        _ => Hiding::OutOfService,
    }
}

impl Engine {
    pub(super) fn take_command(&mut self, now: Now, command: Command, effects: &mut Vec<Effect>) {
        match command {
            Command::Acknowledge { by, alarms, note } => {
                for seen in alarms {
                    self.acknowledge(now, &by, &seen, note.clone(), effects);
                }
            }
            Command::Reset { by, alarm } => self.reset(now, by, &alarm, effects),
            Command::Shelve { by, alarm, until, reason } => self.shelve(now, by, &alarm, until, reason, effects),
            Command::Unshelve { by, alarm } => {
                self.unhide(now, by, &alarm, Event::Unshelved, effects);
            }
            Command::OutOfService { by, alarm, reason } => self.out_of_service(now, by, &alarm, reason, effects),
            Command::InService { by, alarm } => {
                self.unhide(now, by, &alarm, Event::InService, effects);
            }
            Command::Suppress { by, alarm, suppressed } => self.suppress(now, &by, &alarm, suppressed, effects),
            Command::Silence { by } => self.silence(now, by, effects),
            Command::Force { by, tag, value, reason, until } => {
                self.force(now, by, &tag, value, reason, until, effects);
            }
            Command::Release { by, tag } => self.release(now, by, tag.as_ref(), effects),
            Command::Simulate { by, device, reason } => self.simulate(now, by, &device, reason, effects),
            Command::EndSimulation { by, device } => self.end_simulation(now, &by, device.as_ref(), effects),
            Command::Window { by, opened } => {
                let event = if opened { Event::WindowOpened } else { Event::WindowClosed };
                let mut entry = Entry::new(now.utc, event);
                entry.by = Some(by);
                self.write(entry, effects);
            }
        }
    }

    /// The alarm of that name, free for an act, or a refusal.
    fn find(&mut self, now: Now, by: &Actor, name: &Arc<str>, effects: &mut Vec<Effect>) -> Option<AlarmId> {
        let Some(alarm) = self.plan.alarm_id(name) else {
            self.refuse(now, by, name, None, "there is no such alarm", effects);
            return None;
        };
        if self.alarms[alarm.index()].recording {
            let plan = Arc::clone(&self.plan);
            let known = plan.alarm(alarm).map(|rule| (alarm, rule));
            self.refuse(now, by, name, known, "an act on it is being recorded", effects);
            return None;
        }
        Some(alarm)
    }

    fn acknowledge(
        &mut self,
        now: Now,
        by: &Actor,
        seen: &AlarmRef,
        note: Option<Arc<str>>,
        effects: &mut Vec<Effect>,
    ) {
        let plan = Arc::clone(&self.plan);
        let Some(alarm) = self.find(now, by, &seen.alarm, effects) else { return };
        let Some(rule) = plan.alarm(alarm) else { return };
        let cell = &self.alarms[alarm.index()];
        let state = self.state_of(alarm, rule);
        let refusal = if state.is_hidden() {
            Some(format!("it is {}", state.word()))
        } else if seen.occurrence < cell.memory.occurrence {
            Some(format!(
                "a newer occurrence ({}) came after the one that was seen ({})",
                cell.memory.occurrence, seen.occurrence
            ))
        } else if !state.needs_acknowledgement() {
            Some(match &cell.memory.acknowledged_by {
                Some((who, at)) if state != AlarmState::Normal => {
                    format!("already acknowledged by {who} at {}", Utc(*at).to_rfc3339())
                }
                _ => "nothing to acknowledge".to_owned(),
            })
        } else {
            None
        };
        if let Some(reason) = refusal {
            self.refuse(now, by, &rule.name, Some((alarm, rule)), &reason, effects);
            return;
        }
        let mut entry = self.entry_of(now, Event::Acknowledged, alarm, rule);
        entry.by = Some(by.clone());
        entry.note = note;
        let occurrence = self.alarms[alarm.index()].memory.occurrence;
        // The horn is quieted at once, whether or not the disk takes the entry; where it does not, it sounds again.
        self.quiet(now, alarm, rule);
        self.record(alarm, rule, entry, What::Acknowledge { occurrence, by: by.clone(), at: now.utc }, effects);
    }

    /// Writes the entry of an act; it is in force when the entry is on disk, and the row says so meanwhile.
    fn record(&mut self, alarm: AlarmId, rule: &AlarmPlan, entry: Entry, what: What, effects: &mut Vec<Effect>) {
        let ticket = self.write(entry, effects);
        self.alarms[alarm.index()].recording = true;
        self.alarms_view = None;
        self.recording.push_back((ticket, Act { alarm: Arc::clone(&rule.name), what }));
    }

    fn reset(&mut self, now: Now, by: Actor, name: &Arc<str>, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(alarm) = self.find(now, &by, name, effects) else { return };
        let Some(rule) = plan.alarm(alarm) else { return };
        let reason = match self.state_of(alarm, rule) {
            AlarmState::LatchedAcknowledged => None,
            AlarmState::Latched => Some("it is not acknowledged"),
            AlarmState::Unacknowledged | AlarmState::Acknowledged if rule.latch => Some("the condition still holds"),
            _ => Some("it is not latched"),
        };
        if let Some(reason) = reason {
            self.refuse(now, &by, &rule.name, Some((alarm, rule)), reason, effects);
            return;
        }
        let mut entry = self.entry_of(now, Event::Reset, alarm, rule);
        entry.by = Some(by);
        let occurrence = self.alarms[alarm.index()].memory.occurrence;
        self.record(alarm, rule, entry, What::Reset { occurrence }, effects);
    }

    fn shelve(
        &mut self,
        now: Now,
        by: Actor,
        name: &Arc<str>,
        until: Utc,
        reason: Option<Arc<str>>,
        effects: &mut Vec<Effect>,
    ) {
        let plan = Arc::clone(&self.plan);
        let Some(alarm) = self.find(now, &by, name, effects) else { return };
        let Some(rule) = plan.alarm(alarm) else { return };
        let length = until - now.utc;
        if length <= Span::ZERO || length > LONGEST_SHELVING {
            self.refuse(now, &by, &rule.name, Some((alarm, rule)), "shelving takes a time of at most 24 h", effects);
            return;
        }
        if self.state_of(alarm, rule).is_hidden() {
            let word = self.state_of(alarm, rule).word();
            self.refuse(now, &by, &rule.name, Some((alarm, rule)), &format!("it is {word}"), effects);
            return;
        }
        let hand = Hand::new(Some(&by), now.utc, reason.as_deref());
        let mut entry = self.entry_of(now, Event::Shelved, alarm, rule);
        entry.by = Some(by);
        entry.note = reason;
        entry.until = Some(until);
        self.record(alarm, rule, entry, What::Shelve { until, hand }, effects);
    }

    /// A shelving ends by the monotonic clock: however the wall clock was stepped, it lasts as long as was said.
    pub(super) fn shelving_may_end(&mut self, then: Now, alarm: AlarmId, effects: &mut Vec<Effect>) {
        let due = self.alarms.get(alarm.index()).and_then(|c| c.unshelve_at);
        // One that was ended before by hand, and shelved anew, has a later end.
        if due.is_some_and(|due| due <= then.mono) {
            self.end_hiding(then, alarm, Event::Unshelved, effects);
        }
    }

    fn out_of_service(
        &mut self,
        now: Now,
        by: Actor,
        name: &Arc<str>,
        reason: Option<Arc<str>>,
        effects: &mut Vec<Effect>,
    ) {
        let plan = Arc::clone(&self.plan);
        let Some(alarm) = self.find(now, &by, name, effects) else { return };
        let Some(rule) = plan.alarm(alarm) else { return };
        if self.alarms[alarm.index()].memory.out_of_service {
            self.refuse(now, &by, &rule.name, Some((alarm, rule)), "it is out of service already", effects);
            return;
        }
        let hand = Hand::new(Some(&by), now.utc, reason.as_deref());
        let mut entry = self.entry_of(now, Event::OutOfService, alarm, rule);
        entry.by = Some(by);
        entry.note = reason;
        self.record(alarm, rule, entry, What::OutOfService(hand), effects);
    }

    fn unhide(&mut self, now: Now, by: Actor, name: &Arc<str>, event: Event, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(alarm) = self.find(now, &by, name, effects) else { return };
        let Some(rule) = plan.alarm(alarm) else { return };
        let memory = &self.alarms[alarm.index()].memory;
        let (hidden, refusal) = match event {
            Event::Unshelved => (memory.shelved_until.is_some(), "it is not shelved"),
            _ => (memory.out_of_service, "it is in service"),
        };
        if hidden {
            let mut entry = self.entry_of(now, event, alarm, rule);
            entry.by = Some(by);
            entry.note = self.came_meanwhile(alarm).map(Arc::from);
            self.record(alarm, rule, entry, What::Show(event), effects);
        } else {
            self.refuse(now, &by, &rule.name, Some((alarm, rule)), refusal, effects);
        }
    }

    /// One reason to hide an alarm ends by itself: its time, or its formula.
    pub(super) fn end_hiding(&mut self, now: Now, alarm: AlarmId, event: Event, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(rule) = plan.alarm(alarm) else { return };
        let mut entry = self.entry_of(now, event, alarm, rule);
        entry.note = self.came_meanwhile(alarm).map(Arc::from);
        self.write(entry, effects);
        self.show_again(now, alarm, rule, event, effects);
    }

    /// `2 came meanwhile`, of an alarm that is hidden.
    fn came_meanwhile(&self, alarm: AlarmId) -> Option<String> {
        let came = self.alarms.get(alarm.index())?.memory.came_hidden;
        (came > 0).then(|| format!("{came} came meanwhile"))
    }

    /// Where it was the last reason to hide, a condition that holds is a new occurrence, announced; one that is gone
    /// leaves the alarm as it was hidden. After suppression the on-delay starts anew.
    fn show_again(&mut self, now: Now, alarm: AlarmId, rule: &AlarmPlan, event: Event, effects: &mut Vec<Effect>) {
        let came = self.came_meanwhile(alarm);
        let cell = &mut self.alarms[alarm.index()];
        let memory = &mut cell.memory;
        memory.unhide(hidden_by(event), now.utc);
        if event == Event::Unshelved {
            cell.unshelve_at = None;
        }
        let came_back = !memory.is_hidden() && memory.active;
        let began = Now { mono: now.mono + (Utc(memory.began) - now.utc), utc: Utc(memory.began) };
        let ended = match event {
            Event::Unshelved => "shelving ended",
            Event::Unsuppressed => "suppression ended",
            _ => "in service again",
        };
        let why = Some([Some(ended.to_owned()), came].into_iter().flatten().collect::<Vec<_>>().join(", ").into());
        if came_back && event == Event::Unsuppressed && rule.on_delay > Span::ZERO {
            self.restart_on_delay(now, alarm, rule, why, effects);
        } else if came_back {
            self.raise(now, alarm, rule, began, why, effects);
        } else {
            self.alarm_changed(alarm);
        }
    }

    fn suppress(&mut self, now: Now, by: &Actor, name: &Arc<str>, suppressed: bool, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some(alarm) = self.find(now, by, name, effects) else { return };
        let Some(rule) = plan.alarm(alarm) else { return };
        if plan.mode != Mode::Rehearsal {
            self.refuse(now, by, &rule.name, Some((alarm, rule)), "only its formula suppresses an alarm", effects);
        } else if suppressed == self.alarms[alarm.index()].memory.suppressed {
            let reason = if suppressed { "it is suppressed" } else { "it is not suppressed" };
            self.refuse(now, by, &rule.name, Some((alarm, rule)), reason, effects);
        } else if suppressed {
            self.hide_by_design(now, alarm, rule, effects);
        } else {
            self.end_hiding(now, alarm, Event::Unsuppressed, effects);
        }
    }

    fn silence(&mut self, now: Now, by: Actor, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        for alarm in self.standing.clone() {
            let Some(rule) = plan.alarm(alarm) else { continue };
            if !self.state_of(alarm, rule).needs_acknowledgement() || self.alarms[alarm.index()].silenced {
                continue;
            }
            self.quiet(now, alarm, rule);
        }
        let mut entry = Entry::new(now.utc, Event::Silenced);
        entry.by = Some(by);
        self.write(entry, effects);
    }

    /// Stops the sound of an alarm; of an urgent one for a time, unless it is acknowledged.
    fn quiet(&mut self, now: Now, alarm: AlarmId, rule: &AlarmPlan) {
        let cell = &mut self.alarms[alarm.index()];
        cell.silenced = true;
        self.alarms_view = None;
        if rule.priority <= Priority::High {
            cell.resound_at = Some(now.mono + RESOUND);
            self.expect_at(now.mono + RESOUND, Due::Resound(alarm));
        }
    }

    pub(super) fn resound(&mut self, then: Now, alarm: AlarmId) {
        let plan = Arc::clone(&self.plan);
        let Some(rule) = plan.alarm(alarm) else { return };
        let waits = self.state_of(alarm, rule).needs_acknowledgement();
        let cell = &mut self.alarms[alarm.index()];
        // A newer occurrence, or a second silence, has its own time.
        if cell.resound_at.is_none_or(|at| at > then.mono) {
            return;
        }
        cell.resound_at = None;
        if waits {
            cell.silenced = false;
            self.alarms_view = None;
        }
    }

    fn refuse(
        &mut self,
        now: Now,
        by: &Actor,
        name: &Arc<str>,
        known: Option<(AlarmId, &AlarmPlan)>,
        reason: &str,
        effects: &mut Vec<Effect>,
    ) {
        let mut entry = match known {
            Some((alarm, rule)) => self.entry_of(now, Event::Refused, alarm, rule),
            None => Entry::new(now.utc, Event::Refused),
        };
        entry.alarm = Some(Arc::clone(name));
        entry.by = Some(by.clone());
        entry.note = Some(Arc::from(reason));
        self.write(entry, effects);
        self.show_refusal(now, name, reason);
    }

    pub(super) fn show_refusal(&mut self, now: Now, name: &Arc<str>, reason: &str) {
        let refusals = Arc::make_mut(&mut self.refusals);
        if refusals.len() >= REFUSALS_SHOWN {
            refusals.remove(0);
        }
        refusals.push(Refusal { at: now, alarm: Arc::clone(name), reason: Arc::from(reason) });
    }

    /// The alarm has moved on: why an act on it was refused before is no longer so.
    pub(super) fn forget_refusals(&mut self, name: &str) {
        if self.refusals.iter().any(|refusal| refusal.alarm.as_ref() == name) {
            Arc::make_mut(&mut self.refusals).retain(|refusal| refusal.alarm.as_ref() != name);
        }
    }

    /// The journal is on disk up to `ticket`: what waited for it is done.
    pub(super) fn take_durable(&mut self, now: Now, ticket: Ticket, effects: &mut Vec<Effect>) {
        self.forces_are_durable(now, ticket, effects);
        self.simulations_are_durable(now, ticket, effects);
        while self.recording.front().is_some_and(|(t, _)| *t <= ticket) {
            if let Some((_, act)) = self.recording.pop_front() {
                self.complete(now, &act, effects);
            }
        }
    }

    fn complete(&mut self, now: Now, act: &Act, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        let Some((alarm, rule)) = plan.alarm_id(&act.alarm).and_then(|id| plan.alarm(id).map(|rule| (id, rule))) else {
            // An edit took it out of the plan meanwhile; the journal has the act all the same.
            act.what.happen_to(self.memories.entry(Arc::clone(&act.alarm)).or_default(), now.utc);
            return;
        };
        let cell = &mut self.alarms[alarm.index()];
        cell.recording = false;
        if let What::Show(event) = act.what {
            let still_hidden = match event {
                Event::Unshelved => cell.memory.shelved_until.is_some(),
                _ => cell.memory.out_of_service,
            };
            if still_hidden {
                self.show_again(now, alarm, rule, event, effects);
            } else {
                // Its time ended while the disk was written.
                self.alarm_changed(alarm);
            }
            return;
        }
        act.what.happen_to(&mut cell.memory, now.utc);
        match act.what {
            What::Shelve { .. } if cell.unshelve_at.is_none() => {
                let Some(until) = cell.memory.shelved_until else { return };
                let at = now.mono + (Utc(until) - now.utc);
                cell.unshelve_at = Some(at);
                self.expect_at(at, Due::Unshelve(alarm));
            }
            What::Acknowledge { .. } if cell.memory.acknowledged => cell.resound_at = None,
            _ => {}
        }
        if self.state_of(alarm, rule) == AlarmState::Normal {
            self.alarms[alarm.index()].memory.clear(now.utc);
            let entry = self.entry_of(now, Event::Cleared, alarm, rule);
            self.write(entry, effects);
        }
        self.alarm_changed(alarm);
    }

    /// The disk refused an entry: an act that hangs on it did not happen.
    pub(super) fn take_journal_failure(&mut self, now: Now, ticket: Ticket, reason: &str) {
        if self.force_not_recorded(now, ticket, reason) || self.simulation_not_recorded(now, ticket, reason) {
            return;
        }
        let Some(position) = self.recording.iter().position(|(t, _)| *t == ticket) else { return };
        let Some((_, act)) = self.recording.remove(position) else { return };
        let name = act.alarm;
        if let Some(alarm) = self.plan.alarm_id(&name) {
            self.alarms[alarm.index()].recording = false;
            self.alarms_view = None;
        }
        self.show_refusal(now, &name, &format!("it could not be recorded: {reason}"));
    }
}
