//! What is wrong in a draft, and with whom: the issues of the ordinary reader and compiler, which read it aside while it is
//! typed. The editor has no rules of its own.

use super::made::{Made, MadeRow};
use crate::link::Reading;
use crate::project::edit::{Draft, Edit, EntityId, Glanced, KeyPath, Step};
use crate::project::{Issue, Place, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// What was found in one version of a draft.
#[derive(Debug, Clone, Default)]
pub struct Judged {
    /// All that is wrong, by its place.
    pub issues: Vec<Issue>,
    /// Of which version; none yet.
    version: Option<u64>,
    /// The issues of each entity: their numbers, each with the key that it is about.
    by_entity: BTreeMap<EntityId, Vec<(usize, String)>>,
    /// The same of what templates make, by where it stands in its template, where the fault is one of a use.
    in_templates: BTreeMap<EntityId, Vec<(usize, String)>>,
    /// What templates make.
    pub made: Made,
    /// Of what was edited since: what a glance at it has found, and which keys that were, until all is read.
    glanced: BTreeMap<EntityId, At>,
}

/// What a glance at one entity has found.
#[derive(Debug, Clone, Default)]
struct At {
    /// Keys that were edited: what was known of them counts no more.
    edited: BTreeSet<String>,
    /// Their faults, each with its key.
    faults: Vec<(String, Issue)>,
}

/// Entities that are looked at after one edit; of more, a paste of thousands, the reading tells.
const MOST_GLANCED: usize = 4;

impl Judged {
    /// Takes over a reading of this very version; one of an older one is late, and what was known stays.
    pub fn follow(&mut self, draft: &Draft, reading: &Reading) {
        if reading.version != draft.version() || self.version == Some(reading.version) {
            return;
        }
        let mut by_entity: BTreeMap<EntityId, Vec<(usize, String)>> = BTreeMap::new();
        // Where lines begin is found only for those who ask: of a project without a fault, nobody.
        let is_asked = !reading.issues.is_empty() || !reading.made.is_empty();
        let places = is_asked.then(|| draft.places());
        let mut in_templates = BTreeMap::new();
        let mut uses: BTreeMap<EntityId, Vec<Place>> = BTreeMap::new();
        for (nth, issue) in reading.issues.iter().enumerate() {
            let Some(places) = &places else { continue };
            if let Some((id, key)) = places.key_at(issue.place) {
                let mut key = key.unwrap_or_default();
                if key == WITH {
                    let items = uses.entry(id).or_insert_with(|| places.items_of(id, WITH));
                    // Of a list on one line, too: the last that begins before it.
                    let at = items.partition_point(|item| *item <= issue.place).checked_sub(1);
                    key = at.map_or(key, |at| of_use(at).to_string());
                }
                by_entity.entry(id).or_default().push((nth, key));
            }
            if let Some((id, key)) = issue.in_template.and_then(|place| places.key_at(place)) {
                in_templates.entry(id).or_insert_with(Vec::new).push((nth, key.unwrap_or_default()));
            }
        }
        let made = std::mem::take(&mut self.made).followed(&reading.made, places.as_ref());
        let (issues, version) = (reading.issues.clone(), Some(reading.version));
        *self = Self { issues, version, by_entity, in_templates, made, glanced: BTreeMap::new() };
    }

    /// Looks at what was just edited, so that its faults stand beside it before all is read.
    pub fn glance(&mut self, draft: &Draft, edits: &[Edit]) {
        let mut keys: BTreeMap<EntityId, BTreeSet<String>> = BTreeMap::new();
        for edit in edits {
            let (Edit::Set { of, key, .. } | Edit::Unset { of, key }) = edit else { return };
            keys.entry(*of).or_default().insert(key.key().to_owned());
            if keys.len() > MOST_GLANCED {
                return;
            }
        }
        for (of, edited) in keys {
            let found = draft.glance(of, &[]).unwrap_or_default();
            let at = self.glanced.entry(of).or_default();
            at.edited.extend(edited);
            let own = |glanced: Glanced| {
                let key = glanced.key.unwrap_or_default();
                (glanced.of == of).then_some((key, glanced.issue))
            };
            at.faults = found.into_iter().filter_map(own).collect();
        }
    }

    /// The issues of an entity, each with its key: those of the last reading, and of what was edited since those that a glance
    /// has found.
    fn told(&self, id: EntityId) -> impl Iterator<Item = (&str, &Issue)> {
        let at = self.glanced.get(&id);
        let known = self.by_entity.get(&id).into_iter().flatten();
        let known = known.filter_map(|(nth, key)| Some((key.as_str(), self.issues.get(*nth)?)));
        let counts = move |(key, issue): &(&str, &Issue)| {
            at.is_none_or(|at| {
                let again = at.faults.iter().any(|(_, other)| other.message == issue.message);
                !at.edited.contains(*key) && !again
            })
        };
        let new = at.into_iter().flat_map(|at| at.faults.iter().map(|(key, issue)| (key.as_str(), issue)));
        new.chain(known.filter(counts))
    }

    /// What is wrong with something that a template makes: with a key of it, or with any.
    pub fn fault_of_made(&self, made: &MadeRow, key: Option<&str>) -> Option<String> {
        let is_of = |subject: &str| {
            let tag = made.written.name.rsplit_once('/').map_or(made.written.name.as_str(), |(tag, _)| tag);
            subject.eq_ignore_ascii_case(&made.written.name)
                || made.written.is_alarm && subject.eq_ignore_ascii_case(tag)
        };
        let at = made.at?;
        let of_uses = self.in_templates.get(&at).into_iter().flatten();
        let of_uses = of_uses.filter_map(|(nth, key)| Some((key.as_str(), self.issues.get(*nth)?)));
        let own = self.told(at).chain(of_uses).filter(|(of, issue)| {
            key.is_none_or(|key| *of == key) && (is_of(&issue.subject) || issue.also.iter().any(|other| is_of(other)))
        });
        let told: Vec<String> = own.map(|(_, issue)| words(issue)).collect();
        (!told.is_empty()).then(|| told.join("\n"))
    }

    /// Errors, and warnings.
    pub fn counts(&self) -> (usize, usize) {
        let errors = self.issues.iter().filter(|issue| issue.severity == Severity::Error).count();
        (errors, self.issues.len() - errors)
    }

    /// What is wrong with a key of an entity.
    pub fn fault(&self, id: EntityId, key: &str) -> Option<String> {
        self.told(id).find(|(of, _)| *of == key).map(|(_, issue)| words(issue))
    }

    /// What is wrong with an entity, all of it.
    pub fn faults(&self, id: EntityId) -> Option<String> {
        let told: Vec<String> = self.told(id).map(|(_, issue)| words(issue)).collect();
        (!told.is_empty()).then(|| told.join("\n"))
    }

    /// What is wrong with one time that a template is used: with its values, and with the use as a whole.
    pub fn faults_of_use(&self, id: EntityId, nth: usize) -> Option<String> {
        let own = of_use(nth).to_string();
        let told = self.told(id).filter(|(key, _)| !key.starts_with(WITH) || *key == own || *key == WITH);
        let told: Vec<String> = told.map(|(_, issue)| words(issue)).collect();
        (!told.is_empty()).then(|| told.join("\n"))
    }

    /// Of which entity an issue is.
    pub fn entity_of(&self, nth: usize) -> Option<(EntityId, &str)> {
        let mut all = self.by_entity.iter();
        all.find_map(|(id, list)| Some((*id, list.iter().find(|(other, _)| *other == nth)?.1.as_str())))
    }
}

/// The list of what a template is used for.
const WITH: &str = "with";

/// The way to one time that a template is used.
fn of_use(nth: usize) -> KeyPath {
    KeyPath::from(WITH).to(Step::Nth(nth))
}

/// As it stands beside a field.
pub fn words(issue: &Issue) -> String {
    if issue.mend.is_empty() { issue.message.clone() } else { format!("{}; {}", issue.message, issue.mend) }
}
