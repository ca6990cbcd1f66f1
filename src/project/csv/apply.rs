//! What a table wants, as edits of the project's text.

use super::{Kind, Wanted, Worth};
use crate::project::edit::{Draft, Edit, EntityId, EntityKind, KeyPath, Spot, Value};
use std::collections::HashMap;

/// The edits that make what is wanted of a draft's text, in the table's order.
///
/// # Errors
/// Which of them is none of the draft's: it is written in braces, or has come or gone since.
pub fn edits(draft: &Draft, wanted: &[Wanted]) -> Result<Vec<Edit>, String> {
    let known = Known::of(draft);
    let mut edits = Vec::new();
    for one in wanted {
        let name = one.name.to_lowercase();
        let (known_of_kind, kind) = match one.kind {
            Kind::Tags => (&known.tags, EntityKind::Tag),
            Kind::Alarms => (&known.alarms, EntityKind::Alarm),
        };
        if one.new {
            edits.push(added(one, kind, &known));
            continue;
        }
        let Some(of) = known_of_kind.get(&name).copied() else {
            return Err(format!("{} is written in braces, and is to be changed by hand", one.name));
        };
        for (key, _, worth) in &one.keys {
            let key = KeyPath::from(*key);
            edits.push(match value(worth) {
                Some(value) => Edit::Set { of, key, value },
                None => Edit::Unset { of, key },
            });
        }
    }
    Ok(edits)
}

fn value(worth: &Worth) -> Option<Value> {
    match worth {
        Worth::Words(words) => Some(Value::Text(words.clone())),
        Worth::Toml(toml) => Some(Value::Raw(toml.clone())),
        Worth::Nothing => None,
    }
}

/// A new one, with its keys in the document's order: a tag behind the others, an alarm below its tag.
fn added(one: &Wanted, kind: EntityKind, known: &Known) -> Edit {
    let said = |key: &str| one.keys.iter().find(|(k, ..)| *k == key).and_then(|(.., worth)| value(worth));
    let mut keys = Vec::new();
    let mut spot = Spot::Last;
    match one.kind {
        Kind::Tags => keys.push(("name".to_owned(), Value::Text(one.name.clone()))),
        Kind::Alarms => {
            let (tag, own) = one.name.split_once('/').unwrap_or((&one.name, ""));
            match known.tags.get(&tag.to_lowercase()) {
                Some(above) => spot = Spot::Below(*above),
                None => keys.push(("tag".to_owned(), Value::Text(tag.to_owned()))),
            }
            // One that is called as its kind needs no name.
            if said("kind") != Some(Value::Text(own.to_owned())) {
                keys.push(("name".to_owned(), Value::Text(own.to_owned())));
            }
        }
    }
    keys.extend(one.kind.keys().filter_map(|key| Some((key.name.to_owned(), said(key.name)?))));
    Edit::Add { kind, spot, keys }
}

/// Tags and alarms of a draft by their names in lower case.
struct Known {
    tags: HashMap<String, EntityId>,
    alarms: HashMap<String, EntityId>,
}

impl Known {
    fn of(draft: &Draft) -> Self {
        let said = |of: EntityId, key: &str| draft.shown(of, &KeyPath::from(key));
        let (mut tags, mut alarms) = (HashMap::new(), HashMap::new());
        for block in draft.index().blocks() {
            match block.kind {
                EntityKind::Tag => {
                    let name = said(block.id, "name").unwrap_or_default();
                    tags.entry(name.to_lowercase()).or_insert(block.id);
                }
                EntityKind::Alarm => {
                    let above = block.parent.and_then(|tag| said(tag, "name"));
                    let tag = above.or_else(|| said(block.id, "tag")).unwrap_or_default();
                    let own = said(block.id, "name").or_else(|| said(block.id, "kind")).unwrap_or_default();
                    alarms.entry(format!("{tag}/{own}").to_lowercase()).or_insert(block.id);
                }
                _ => {}
            }
        }
        Self { tags, alarms }
    }
}
