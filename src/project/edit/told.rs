//! What a step is called: "Change high limit of TT101", "Change unit of 12 tags".

use super::index::{Block, EntityId, Index, header_path, words_of};
use super::kind::EntityKind;
use super::{Edit, KeyPath};
use std::collections::BTreeSet;

/// What one edit does, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Verb {
    Change,
    Clear,
    Add,
    Remove,
    Move,
    Duplicate,
}

impl Verb {
    const fn word(self) -> &'static str {
        match self {
            Self::Change => "Change",
            Self::Clear => "Clear",
            Self::Add => "Add",
            Self::Remove => "Remove",
            Self::Move => "Move",
            Self::Duplicate => "Duplicate",
        }
    }
}

/// Entities that are told apart while they are counted; beyond it is only known that there are many.
const MOST_COUNTED: usize = 100_000;

/// What the edits of one step have in common.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    verbs: BTreeSet<Verb>,
    kinds: BTreeSet<EntityKind>,
    /// The keys changed; two at most are kept.
    keys: Vec<String>,
    /// Entities changed, by id; those that are added count below.
    of: BTreeSet<EntityId>,
    added: usize,
    /// What one of them is called.
    subject: String,
}

impl Tally {
    /// Counts one edit that is about to be made.
    pub(super) fn count(&mut self, text: &str, index: &Index, edit: &Edit) {
        match edit {
            Edit::Set { of, key, .. } => self.key(text, index, Verb::Change, *of, key),
            Edit::Unset { of, key } => self.key(text, index, Verb::Clear, *of, key),
            Edit::Add { kind, keys, .. } => {
                let by_kind = matches!(kind, EntityKind::Alarm | EntityKind::TemplateAlarm);
                let name = keys.iter().find(|(key, _)| key == "name" || (by_kind && key == "kind"));
                let name = name.map_or(String::new(), |(_, value)| match value {
                    super::Value::Text(name) => name.clone(),
                    other => other.written(None),
                });
                self.add(*kind, name);
            }
            Edit::Insert { text, .. } => {
                let put = Index::of(text);
                for block in
                    put.blocks().iter().filter(|block| block.parent.is_none() && block.kind != EntityKind::Project)
                {
                    self.add(block.kind, words_of(text, block, "name").unwrap_or_default());
                }
            }
            Edit::Remove { of } => self.whole(text, index, Verb::Remove, *of),
            Edit::Move { of, .. } => self.whole(text, index, Verb::Move, *of),
            Edit::Duplicate { of, .. } => self.whole(text, index, Verb::Duplicate, *of),
            Edit::Text { of, .. } => self.whole(text, index, Verb::Change, *of),
        }
    }

    /// Those of another as well, which came later.
    pub(super) fn join(&mut self, other: Self) {
        let Self { verbs, kinds, keys, of, added, subject } = other;
        self.verbs.extend(verbs);
        self.kinds.extend(kinds);
        for key in keys {
            if !self.keys.contains(&key) && self.keys.len() < 2 {
                self.keys.push(key);
            }
        }
        self.of.extend(of);
        self.added += added;
        self.subject = subject;
    }

    fn add(&mut self, kind: EntityKind, name: String) {
        self.verbs.insert(Verb::Add);
        self.kinds.insert(kind);
        self.added += 1;
        self.subject = name;
    }

    fn key(&mut self, text: &str, index: &Index, verb: Verb, of: EntityId, key: &KeyPath) {
        let Some(block) = index.block(of) else { return };
        let mut said = key.key().to_owned();
        if key.0.len() > 1 && matches!(key.0.get(1), Some(super::Step::Key(_))) {
            said = key.to_string().replace('.', " ");
        }
        // The limit of a high alarm is a high limit.
        if matches!(block.kind, EntityKind::Alarm | EntityKind::TemplateAlarm) {
            let name = words_of(text, block, "name").or_else(|| words_of(text, block, "kind")).unwrap_or_default();
            said = format!("{name} {said}");
        }
        if !self.keys.contains(&said) && self.keys.len() < 2 {
            self.keys.push(said);
        }
        self.seen(text, index, verb, of, block);
    }

    fn whole(&mut self, text: &str, index: &Index, verb: Verb, of: EntityId) {
        if let Some(block) = index.block(of) {
            self.seen(text, index, verb, of, block);
        }
    }

    fn seen(&mut self, text: &str, index: &Index, verb: Verb, of: EntityId, block: &Block) {
        self.verbs.insert(verb);
        let is_key = matches!(verb, Verb::Change | Verb::Clear) && !self.keys.is_empty();
        // A change of an alarm is told as one of its tag.
        let of_tag = is_key && block.kind == EntityKind::Alarm;
        self.kinds.insert(if of_tag { EntityKind::Tag } else { block.kind });
        if self.of.len() < MOST_COUNTED {
            self.of.insert(if of_tag { block.parent.unwrap_or(of) } else { of });
        }
        self.subject = subject(text, index, block, of_tag);
    }

    /// The name of the step.
    pub(super) fn name(&self) -> String {
        let count = self.of.len() + self.added;
        let [verb] = self.verbs.iter().copied().collect::<Vec<_>>()[..] else {
            return format!("Edit {}", self.subjects(count));
        };
        let word = verb.word();
        match (verb, self.keys.as_slice()) {
            (Verb::Change | Verb::Clear, [key]) => format!("{word} {key} of {}", self.subjects(count)),
            (Verb::Change | Verb::Clear, _) => format!("{word} {}", self.subjects(count)),
            _ => format!("{word} {}", self.subjects_with_noun(count)),
        }
    }

    /// `TT101`, `12 tags`.
    fn subjects(&self, count: usize) -> String {
        let (one, many) = self.noun();
        match count {
            1 if !self.subject.is_empty() => self.subject.clone(),
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        }
    }

    /// `tag TT101`, `12 tags`.
    fn subjects_with_noun(&self, count: usize) -> String {
        let (one, many) = self.noun();
        match count {
            1 if self.subject.starts_with("the ") => self.subject.clone(),
            1 if !self.subject.is_empty() => format!("{one} {}", self.subject),
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        }
    }

    fn noun(&self) -> (&'static str, &'static str) {
        match self.kinds.iter().copied().collect::<Vec<_>>()[..] {
            [kind] => kind.noun(),
            _ => ("entry", "entries"),
        }
    }
}

/// What an entity is called by people.
fn subject(text: &str, index: &Index, block: &Block, of_tag: bool) -> String {
    let name = words_of(text, block, "name");
    let parent = block.parent.and_then(|parent| index.block(parent));
    let above = parent.and_then(|parent| words_of(text, parent, "name"));
    match block.kind {
        EntityKind::Project => "the project".to_owned(),
        EntityKind::History => "the history".to_owned(),
        EntityKind::Alarm | EntityKind::TemplateAlarm => {
            let tag = above.or_else(|| words_of(text, block, "tag")).unwrap_or_default();
            let own = name.or_else(|| words_of(text, block, "kind")).unwrap_or_default();
            if of_tag { tag } else { format!("{tag}/{own}") }
        }
        EntityKind::Panel | EntityKind::TemplatePanel => match (words_of(text, block, "title"), above) {
            (Some(title), _) => title,
            (None, Some(above)) => format!("a panel of {above}"),
            (None, None) => String::new(),
        },
        EntityKind::TemplateItem => {
            words_of(text, block, "title").or_else(|| words_of(text, block, "tag")).unwrap_or_default()
        }
        EntityKind::Part => {
            let part = header_path(text, block).last().copied().unwrap_or("").to_owned();
            above.map_or(part.clone(), |above| format!("{part} of {above}"))
        }
        _ => name.unwrap_or_default(),
    }
}
