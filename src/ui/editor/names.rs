//! The names of a draft's tags, looked up anew when it changes: for completion, and for the list beside the canvas.

use super::made::Made;
use super::sheets::SheetKind;
use crate::project::edit::{Draft, EntityKind, KeyPath};
use std::collections::HashSet;

/// See the module.
#[derive(Debug, Default)]
pub struct Names {
    version: Option<(u64, u64)>,
    /// In the file's order; those that templates make behind the others.
    list: Vec<String>,
    /// In small letters.
    known: HashSet<String>,
}

impl Names {
    /// Another after every change.
    pub const fn version(&self) -> Option<(u64, u64)> {
        self.version
    }

    /// Follows the draft, and what its templates make.
    pub fn follow(&mut self, draft: &Draft, made: &Made) {
        let version = Some((draft.version(), made.turn()));
        if self.version == version {
            return;
        }
        self.version = version;
        let name = KeyPath::from("name");
        let tags = draft.index().blocks().iter().filter(|block| block.kind == EntityKind::Tag);
        let made = made.of(SheetKind::Tags).iter().map(|made| made.written.name.clone());
        self.list = tags.filter_map(|block| draft.shown(block.id, &name)).chain(made).collect();
        self.known = self.list.iter().map(|name| name.to_lowercase()).collect();
    }

    /// Whether a tag is called so.
    pub fn has(&self, name: &str) -> bool {
        self.known.contains(&name.trim().to_lowercase())
    }

    /// Names with all these words in them, those that begin with the first before the others.
    pub fn like(&self, words: &str) -> impl Iterator<Item = &str> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let begins = words.first().cloned().unwrap_or_default();
        let has = move |name: &&String| {
            let small = name.to_lowercase();
            words.iter().all(|word| small.contains(word.as_str()))
        };
        let first = move |name: &String, begin: &str| name.to_lowercase().starts_with(begin);
        let (begin, other) = (begins.clone(), begins);
        let front = self.list.iter().filter(has.clone()).filter(move |name| first(name, &begin));
        let rest = self.list.iter().filter(has).filter(move |name| !first(name, &other));
        front.chain(rest).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_their_parts_and_those_that_begin_so_first() {
        let text =
            "[[tag]]\nname = \"oldpump.flow\"\n[[tag]]\nname = \"pump1.flow\"\n[[tag]]\nname = \"tank1.level\"\n";
        let mut names = Names::default();
        names.follow(&Draft::open(text.as_bytes()).unwrap(), &Made::default());
        assert_eq!(names.like("Pump").collect::<Vec<_>>(), ["pump1.flow", "oldpump.flow"]);
        assert_eq!(names.like("flow pump1").collect::<Vec<_>>(), ["pump1.flow"]);
        assert_eq!(names.like("").count(), 3);
        assert!(names.has("Tank1.Level") && !names.has("tank1"));
    }
}
