//! The program's own alarms: faults of the project, samples that cannot be recorded, a disk that fills, a horn that
//! cannot be heard, certificates that expire.

use super::Value;
use super::alarming::Verdict;
use super::core::Engine;
use super::effect::{Effect, Entry, Event};
use super::horn::HornState;
use super::input::CertificateStatus;
use super::plan::{AlarmId, Condition, DeviceId, Subject};
use super::snapshot::HistoryState;
use crate::time::{Now, Span};
use std::sync::Arc;

const GIB: u64 = 1 << 30;
const DAY: Span = Span::from_secs(24 * 3600);

impl HistoryState {
    /// Free space below which a disk counts as filling: a twentieth of it, but no less than 1 GiB and no more than 10 GiB,
    /// and of a small disk no more than a quarter.
    pub fn least_free_bytes(disk_bytes: u64) -> u64 {
        (disk_bytes / 20).clamp(GIB, 10 * GIB).min(disk_bytes / 4)
    }

    /// Whether the disk that history lies on is filling.
    pub fn disk_is_filling(&self) -> bool {
        self.space() == Verdict::Comes
    }

    /// What free space says of the alarm; neither just above the threshold, so that an alarm does not come and go with each file.
    fn space(&self) -> Verdict {
        let (Some(free), Some(disk)) = (self.free_bytes, self.disk_bytes) else { return Verdict::Between };
        let least = Self::least_free_bytes(disk);
        if free < least {
            Verdict::Comes
        } else if free < least + least / 8 {
            Verdict::Between
        } else {
            Verdict::Goes
        }
    }
}

/// The unit of the number that an alarm of the program itself is about.
pub(super) const fn unit(condition: Condition) -> Option<&'static str> {
    match condition {
        Condition::DiskSpace => Some("B"),
        Condition::Recording => Some("samples"),
        Condition::Certificate(_) => Some("d"),
        _ => None,
    }
}

impl Engine {
    /// The historian's condition: its faults are journaled as they begin and end, and are alarms.
    pub(super) fn take_history(&mut self, now: Now, state: HistoryState, effects: &mut Vec<Effect>) {
        let before = self.history.take().unwrap_or_default();
        let entry = match (&before.fault, &state.fault) {
            (None, Some(why)) => {
                self.lost_before_fault = before.lost;
                let mut entry = Entry::new(now.utc, Event::RecordingFault);
                entry.note = Some(Arc::clone(why));
                Some(entry)
            }
            (Some(_), None) => {
                let mut entry = Entry::new(now.utc, Event::RecordingResumed);
                entry.note = Some(match state.lost - self.lost_before_fault.min(state.lost) {
                    0 => "nothing was lost".into(),
                    1 => "1 sample was lost".into(),
                    lost => format!("{lost} samples were lost").into(),
                });
                Some(entry)
            }
            (None, None) | (Some(_), Some(_)) => None,
        };
        if let Some(aside) = state.set_aside.as_ref().filter(|_| state.set_aside != before.set_aside) {
            let mut entry = Entry::new(now.utc, Event::HistorySetAside);
            entry.note = Some(Arc::clone(aside));
            self.write(entry, effects);
        }
        if let Some(salvaged) = state.salvaged.as_ref().filter(|_| state.salvaged != before.salvaged) {
            let mut entry = Entry::new(now.utc, Event::HistorySalvaged);
            entry.note = Some(Arc::clone(salvaged));
            self.write(entry, effects);
        }
        if let Some(damage) = state.damage.as_ref().filter(|_| state.damage != before.damage) {
            let mut entry = Entry::new(now.utc, Event::HistoryDamaged);
            entry.note = Some(Arc::clone(damage));
            self.write(entry, effects);
        }
        self.losing_samples = state.lost > before.lost;
        self.history = Some(state);
        if let Some(entry) = entry {
            self.write(entry, effects);
        }
        self.judge_systems(now, effects);
    }

    /// Judges what is known of the program itself.
    pub(super) fn judge_systems(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let plan = Arc::clone(&self.plan);
        // They stand last; see `Plan::alarms`.
        let own = plan.alarms.iter().enumerate().rev().take_while(|(_, rule)| rule.subject == Subject::System);
        for (index, rule) in own {
            let verdict = match (rule.condition, &self.history) {
                (Condition::ProjectFaults, _) => Verdict::of(plan.unwatched_alarms > 0),
                (Condition::Recording, Some(history)) => Verdict::of(history.fault.is_some() || self.losing_samples),
                (Condition::DiskSpace, Some(history)) => history.space(),
                (Condition::SilentHorn, _) => match &self.horn {
                    HornState::Silent(_) => Verdict::Comes,
                    HornState::Ready { .. } | HornState::Off(_) => Verdict::Goes,
                    HornState::Absent | HornState::Trying => continue,
                },
                (Condition::Certificate(device), _) => match self.certificate(device) {
                    Some(certificate) => Verdict::of(certificate.is_due(now.utc)),
                    None => continue,
                },
                // Nothing is recorded here: what another process's journal says of it stands.
                _ => continue,
            };
            self.decide(now, now, AlarmId(index as u32), rule, verdict, effects);
        }
    }

    fn certificate(&self, device: DeviceId) -> Option<&CertificateStatus> {
        self.devices.get(device.index())?.status.certificate.as_ref()
    }

    /// The number that an alarm of the program itself is about.
    pub(super) fn system_value(&self, now: Now, condition: Condition) -> Option<Value> {
        match condition {
            // Whole days that are left; below 0 it is that long ago.
            Condition::Certificate(device) => {
                self.certificate(device).map(|c| Value::I64((c.until - now.utc).0.div_euclid(DAY.0)))
            }
            Condition::ProjectFaults => Some(Value::U64(u64::from(self.plan.unwatched_alarms))),
            Condition::Recording => self.history.as_ref().filter(|h| h.lost > 0).map(|h| Value::U64(h.lost)),
            Condition::DiskSpace => self.history.as_ref().and_then(|h| h.free_bytes).map(Value::U64),
            _ => None,
        }
    }
}
