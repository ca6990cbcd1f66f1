//! Which block of a changed text is which of the text before: by what each is known by.

use super::index::{Block, EntityId, header_path, root_of, words_of};
use super::kind::EntityKind;
use std::collections::{HashMap, HashSet, VecDeque};

/// Which of the old blocks, known by their signatures, each new one is; what is left over has those that are left over, if
/// `in_order`. `above`: the tag and the display that stand before the new blocks.
pub(super) fn matched<'b>(
    text: &str,
    mut above: [Option<&'b Block>; 2],
    new: &'b [Block],
    old: &[(String, EntityId)],
    in_order: bool,
) -> Vec<Option<EntityId>> {
    let mut by_name: HashMap<&str, VecDeque<EntityId>> = HashMap::new();
    for (signature, id) in old {
        by_name.entry(signature).or_default().push_back(*id);
    }
    let mut found: Vec<Option<EntityId>> = Vec::with_capacity(new.len());
    for block in new {
        let parent = match block.kind {
            EntityKind::Panel => above[1],
            EntityKind::Alarm if root_of(block) == Some(3) => above[0],
            EntityKind::Part => above.into_iter().flatten().max_by_key(|block| block.start),
            _ => None,
        };
        match block.kind {
            EntityKind::Tag => above[0] = Some(block),
            EntityKind::Display => above[1] = Some(block),
            _ => {}
        }
        found.push(by_name.get_mut(signature(text, block, parent).as_str()).and_then(VecDeque::pop_front));
    }
    if in_order {
        let used: HashSet<EntityId> = found.iter().flatten().copied().collect();
        let mut left = old.iter().map(|(_, id)| *id).filter(|id| !used.contains(id));
        found.iter_mut().filter(|found| found.is_none()).for_each(|found| *found = left.next());
    }
    found
}

/// What a block is known by: its kind and name, or what it is where it has none.
pub(super) fn signature(text: &str, block: &Block, parent: Option<&Block>) -> String {
    let above = parent.and_then(|parent| words_of(text, parent, "name")).unwrap_or_default();
    let word = |key: &str| words_of(text, block, key);
    let own = match block.kind {
        EntityKind::Project | EntityKind::History => String::new(),
        EntityKind::Alarm => {
            let tag = if parent.is_some() { above } else { word("tag").unwrap_or_default() };
            format!("{tag}/{}", word("name").or_else(|| word("kind")).unwrap_or_default())
        }
        EntityKind::Panel
        | EntityKind::Part
        | EntityKind::Foreign
        | EntityKind::TemplateAlarm
        | EntityKind::TemplatePanel
        | EntityKind::TemplateItem => {
            let from = (block.start + block.header.start) as usize;
            let until = block.entries.last().map_or(from, |entry| entry.value_range(block).end);
            let own = text.get(from..until).unwrap_or("");
            // What stands in a template is known by itself.
            let alone = block.kind.is_of_template() || header_path(text, block).first() == Some(&"template");
            if alone { own.to_owned() } else { format!("{above}{own}") }
        }
        _ => word("name").unwrap_or_default(),
    };
    format!("{:?} {own}", block.kind)
}
