//! Journal entries as lines of the log, for those who run without a window.
//!
//! What happened is told as it happens. What a person did and the engine lets count only when it is on disk is told by the
//! writer, when it is, or as refused: a log that said "acknowledged" of what the journal then refused would be believed.

use crate::engine::{Entry, Event};

/// Whether this is an act that the engine lets count only when it is on disk.
pub fn is_act(entry: &Entry) -> bool {
    entry.event.counts_when_durable() && entry.by.is_some()
}

/// Tells an entry that is handed to the journal, unless it is an act.
pub fn log_handed_over(entry: &Entry) {
    if !is_act(entry) {
        log(entry);
    }
}

/// Tells an act: on disk, or as it was refused.
pub(super) fn log_act(entry: &Entry) {
    log(entry);
}

fn log(entry: &Entry) {
    let mut line = String::new();
    for part in [entry.alarm.as_deref(), entry.subject.as_deref(), Some(entry.event.word())].into_iter().flatten() {
        line.push_str(if line.is_empty() { "" } else { " " });
        line.push_str(part);
    }
    if let Some(value) = &entry.value {
        line.extend([" at ", &value.to_string()]);
        if let Some(unit) = entry.unit.as_deref().filter(|unit| !unit.is_empty()) {
            line.extend([" ", unit]);
        }
    }
    if let Some(by) = &entry.by {
        line.extend([" by ", &by.to_string()]);
    }
    if let Some(note) = &entry.note {
        line.extend([": ", note]);
    }
    match entry.event {
        Event::Raised
        | Event::LinkDown
        | Event::Gap
        | Event::ClockStepped
        | Event::RecordingFault
        | Event::Refused
        | Event::HistorySetAside
        | Event::HistoryDamaged
        | Event::HornSilent
        | Event::HornOff => tracing::warn!("{line}"),
        _ => tracing::info!("{line}"),
    }
}
