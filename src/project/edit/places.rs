//! From a place in the text to the entity and key that stand there: whom each of many issues is about.

use super::index::entry_of;
use super::tree::{self, Inside};
use super::{Draft, EntityId};
use crate::project::Place;
use std::borrow::Cow;

/// Where the lines of a draft begin, for many questions.
#[derive(Debug)]
pub struct PlaceFinder<'d> {
    draft: &'d Draft,
    lines: Vec<usize>,
}

impl Draft {
    /// What finds places in this version.
    pub fn places(&self) -> PlaceFinder<'_> {
        let ends = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        PlaceFinder { draft: self, lines: [0].into_iter().chain(ends).collect() }
    }

    /// The keys that an entity has, in its order; of a dotted one the first part.
    pub fn keys_of(&self, of: EntityId) -> impl Iterator<Item = Cow<'_, str>> {
        let block = self.index.block(of);
        let entries = block.into_iter().flat_map(|block| block.entries.iter().map(move |entry| (block, entry)));
        entries.filter_map(|(block, entry)| match entry.plain(&self.text, block) {
            Some(plain) => Some(Cow::Borrowed(plain)),
            None => entry.path(&self.text, block).into_iter().next(),
        })
    }

    /// The keys of an entity that have one value, each with that as [`Draft::shown`] tells it.
    pub fn cells_of(&self, of: EntityId) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let block = self.index.block(of);
        let entries = block.into_iter().flat_map(|block| block.entries.iter().map(move |entry| (block, entry)));
        entries.filter_map(|(block, entry)| {
            let raw = self.text.get(entry.value_range(block))?;
            let key = match entry.plain(&self.text, block) {
                Some(plain) => Cow::Borrowed(plain),
                None => {
                    let mut path = entry.path(&self.text, block);
                    path.pop().filter(|_| path.is_empty())?
                }
            };
            Some((key, tree::words(raw).unwrap_or(Cow::Borrowed(raw))))
        })
    }
}

impl PlaceFinder<'_> {
    /// Where each item of a list stands; nothing where there is no list.
    pub fn items_of(&self, of: EntityId, key: &str) -> Vec<Place> {
        let text = self.draft.text();
        let block = self.draft.index.block(of);
        let range = block.and_then(|block| Some(entry_of(text, block, key)?.value_range(block)));
        let Some(range) = range else { return Vec::new() };
        let raw = text.get(range.clone()).unwrap_or("");
        let Some(Inside::List(items)) = tree::value(raw).map(|node| node.inside) else { return Vec::new() };
        items.into_iter().map(|item| self.place(range.start + item.range.start)).collect()
    }

    fn place(&self, at: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= at);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let column = self.draft.text().get(start..at).map_or(0, |before| before.chars().count());
        Place { line: line as u32, column: column as u32 + 1 }
    }

    /// The entity on whose lines a place stands, and its key there; no key where it is the header, or none of its keys.
    pub fn key_at(&self, place: Place) -> Option<(EntityId, Option<String>)> {
        let text = self.draft.text();
        let line = *self.lines.get((place.line as usize).checked_sub(1)?)?;
        let columns = text.get(line..)?.chars().take((place.column as usize).saturating_sub(1));
        let at = line + columns.map(char::len_utf8).sum::<usize>();
        let block = self.draft.index.blocks().get(self.draft.index.at(at))?;
        let holds =
            |entry: &&super::index::Entry| entry.key_range(block).start <= at && at < entry.value_range(block).end;
        let key = block
            .entries
            .iter()
            .find(holds)
            .and_then(|entry| Some(entry.path(text, block).first()?.clone().into_owned()));
        Some((block.id, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_found_by_its_entity_and_key() {
        let text = "watchkeeper = 1\n# é\n[[tag]]\nname = \"a\"  \nunit = 3\n";
        let draft = Draft::open(text.as_bytes()).unwrap();
        let tag = draft.index().blocks()[1].id;
        let places = draft.places();
        let key_at = |line, column| places.key_at(Place { line, column });
        assert_eq!(key_at(5, 8), Some((tag, Some("unit".to_owned()))));
        assert_eq!(key_at(3, 1), Some((tag, None)));
        assert_eq!(key_at(1, 1), Some((EntityId::PROJECT, Some("watchkeeper".to_owned()))));
        assert_eq!((key_at(0, 0), key_at(99, 1)), (None, None));
        assert_eq!(draft.keys_of(tag).collect::<Vec<_>>(), ["name", "unit"]);
    }
}
