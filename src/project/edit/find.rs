//! Find and replace, shown before it is done.

use super::index::EntityId;
use super::kind::EntityKind;
use super::lines::line_number;
use super::path::{KeyPath, Step};
use super::tree::{self, Inside, Node};
use super::{Draft, Edit, Refusal, Value};
use std::collections::BTreeSet;

/// What is looked for, and where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// The letters.
    pub find: String,
    /// In which keys; in all where none is named.
    pub keys: Vec<String>,
    /// In entities of which kinds; in all where none is named.
    pub kinds: Vec<EntityKind>,
    /// The whole value has to be it.
    pub whole: bool,
    /// Upper and lower case are told apart.
    pub match_case: bool,
}

/// A value in which it was found, and what it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Whose value.
    pub of: EntityId,
    /// Which.
    pub key: KeyPath,
    /// Where in the text.
    pub line: u32,
    /// As it stands.
    pub before: String,
    /// As it would stand.
    pub after: String,
    words: bool,
}

impl Draft {
    /// The values in which it is found, and what replacing it would make of each.
    pub fn find(&self, search: &Search, replace: &str) -> Vec<Hit> {
        let mut hits = Vec::new();
        if search.find.is_empty() {
            return hits;
        }
        let mut line = (0, 1);
        for block in self.index.blocks() {
            if !search.kinds.is_empty() && !search.kinds.contains(&block.kind) {
                continue;
            }
            for entry in &block.entries {
                let names = entry.path(&self.text, block);
                let key = names.first().map_or("", AsRef::as_ref);
                if !search.keys.is_empty() && !search.keys.iter().any(|wanted| wanted == key) {
                    continue;
                }
                let range = entry.value_range(block);
                let Some(raw) = self.text.get(range.clone()) else { continue };
                let Some(node) = tree::value(raw) else { continue };
                let path = KeyPath(names.iter().map(|name| Step::Key(name.clone().into_owned())).collect());
                leaves(&node, path, &mut |node, path| {
                    let (before, words) = match &node.inside {
                        Inside::Text(words) => (words.as_str(), true),
                        _ => (raw.get(node.range.clone()).unwrap_or(""), false),
                    };
                    let Some(after) = replaced(before, search, replace) else { return };
                    let at = range.start + node.range.start;
                    line.1 += line_number(self.text.get(line.0..).unwrap_or(""), at.saturating_sub(line.0)) - 1;
                    line.0 = at;
                    hits.push(Hit { of: block.id, key: path, line: line.1, before: before.to_owned(), after, words });
                });
            }
        }
        hits
    }

    /// Makes the changes that were shown, or those of them that were kept, as one step. A name that changes is a rename:
    /// whoever names it follows.
    ///
    /// # Errors
    /// Where one of them cannot be made; then none is.
    pub fn replace(&mut self, hits: &[Hit]) -> Result<(), Refusal> {
        let is_name = |hit: &&Hit| {
            let kind = self.index.block(hit.of).map(|block| block.kind);
            hit.key == KeyPath::from("name")
                && matches!(
                    kind,
                    Some(
                        EntityKind::Tag
                            | EntityKind::Device
                            | EntityKind::Alarm
                            | EntityKind::Display
                            | EntityKind::Template
                    )
                )
        };
        let names: Vec<(EntityId, String)> =
            hits.iter().filter(is_name).map(|hit| (hit.of, hit.after.clone())).collect();
        let own: BTreeSet<(EntityId, &KeyPath)> = hits.iter().map(|hit| (hit.of, &hit.key)).collect();
        let follow = self.rename_edits(&names)?.into_iter().filter(|edit| match edit {
            Edit::Set { of, key, .. } | Edit::Unset { of, key } => !own.contains(&(*of, key)),
            _ => true,
        });
        let set = hits.iter().map(|hit| {
            let value = if hit.words { Value::Text(hit.after.clone()) } else { Value::Raw(hit.after.clone()) };
            Edit::Set { of: hit.of, key: hit.key.clone(), value }
        });
        let edits: Vec<Edit> = set.chain(follow).collect();
        let places = if hits.len() == 1 { "1 place".to_owned() } else { format!("{} places", hits.len()) };
        self.edit_as(Some(&format!("Replace in {places}")), None, &edits).map(|_done| ())
    }
}

fn leaves(node: &Node, path: KeyPath, f: &mut dyn FnMut(&Node, KeyPath)) {
    match &node.inside {
        Inside::List(list) => list.iter().enumerate().for_each(|(nth, item)| leaves(item, path.to(Step::Nth(nth)), f)),
        Inside::Table(pairs) => {
            for pair in pairs {
                let inner = pair.key.iter().fold(path.clone(), |path, key| path.to(Step::Key(key.clone())));
                leaves(&pair.value, inner, f);
            }
        }
        Inside::Text(_) | Inside::Plain => f(node, path),
    }
}

/// A value with every place replaced; none where there is none, or nothing changes.
fn replaced(value: &str, search: &Search, replace: &str) -> Option<String> {
    let same = |a: &str| if search.match_case { a == search.find } else { a.eq_ignore_ascii_case(&search.find) };
    if search.whole {
        return (same(value) && value != replace).then(|| replace.to_owned());
    }
    let mut after = String::with_capacity(value.len());
    let mut at = 0;
    while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
        match rest.get(..search.find.len()).filter(|head| same(head)) {
            Some(head) => {
                after.push_str(replace);
                at += head.len();
            }
            None => {
                let letter = rest.chars().next()?;
                after.push(letter);
                at += letter.len_utf8();
            }
        }
    }
    (after != value).then_some(after)
}
