//! What is wrong in a draft, and with whom: the issues of the ordinary reader and compiler, which read it aside while it is
//! typed. The editor has no rules of its own.

use crate::link::Reading;
use crate::project::edit::{Draft, EntityId};
use crate::project::{Issue, Severity};
use std::collections::BTreeMap;

/// What was found in one version of a draft.
#[derive(Debug, Default)]
pub struct Judged {
    /// All that is wrong, by its place.
    pub issues: Vec<Issue>,
    /// Of which version; none yet.
    version: Option<u64>,
    /// The issues of each entity: their numbers, each with the key that it is about.
    by_entity: BTreeMap<EntityId, Vec<(usize, String)>>,
}

impl Judged {
    /// Takes over a reading of this very version; one of an older one is late, and what was known stays.
    pub fn follow(&mut self, draft: &Draft, reading: &Reading) {
        if reading.version != draft.version() || self.version == Some(reading.version) {
            return;
        }
        let mut by_entity: BTreeMap<EntityId, Vec<(usize, String)>> = BTreeMap::new();
        let places = draft.places();
        for (nth, issue) in reading.issues.iter().enumerate() {
            if let Some((id, key)) = places.key_at(issue.place) {
                by_entity.entry(id).or_default().push((nth, key.unwrap_or_default()));
            }
        }
        *self = Self { issues: reading.issues.clone(), version: Some(reading.version), by_entity };
    }

    /// Errors, and warnings.
    pub fn counts(&self) -> (usize, usize) {
        let errors = self.issues.iter().filter(|issue| issue.severity == Severity::Error).count();
        (errors, self.issues.len() - errors)
    }

    /// What is wrong with a key of an entity.
    pub fn fault(&self, id: EntityId, key: &str) -> Option<String> {
        let (nth, _) = self.by_entity.get(&id)?.iter().find(|(_, of)| of == key)?;
        self.issues.get(*nth).map(words)
    }

    /// What is wrong with an entity, all of it.
    pub fn faults(&self, id: EntityId) -> Option<String> {
        let told: Vec<String> =
            self.by_entity.get(&id)?.iter().filter_map(|(nth, _)| self.issues.get(*nth)).map(words).collect();
        (!told.is_empty()).then(|| told.join("\n"))
    }

    /// Of which entity an issue is.
    pub fn entity_of(&self, nth: usize) -> Option<(EntityId, &str)> {
        let mut all = self.by_entity.iter();
        all.find_map(|(id, list)| Some((*id, list.iter().find(|(other, _)| *other == nth)?.1.as_str())))
    }
}

/// As it stands beside a field.
fn words(issue: &Issue) -> String {
    if issue.mend.is_empty() { issue.message.clone() } else { format!("{}; {}", issue.message, issue.mend) }
}
